"""Every layer of the catalogue gives all four answers: hit, touch, clear and not checked."""

from __future__ import annotations

import pytest

from gis import service
from gis.layers.layer import Policy, layer_catalogue
from project_box.kernel.finding import Outcome

from .conftest import rectangle

pytestmark = pytest.mark.integration
AREA = rectangle(0, 0, 1000, 1000)
EVERYWHERE = rectangle(-5000, -5000, 5000, 5000)
EXPECTED_HIT = {
    Policy.FORBID: Outcome.FAIL,
    Policy.CONSULT: Outcome.NOTE,
    Policy.NOTE: Outcome.NOTE,
    Policy.HEIGHT: Outcome.UNDECIDED,
    Policy.INFO: Outcome.NOTE,
    Policy.ATTRIBUTES: Outcome.PASS,
}


def statuses(session, site):
    return {entry.code: entry for entry in service.check_geometry(session, site, 4547).layers}


def test_four_answers(session, load):
    catalogue = layer_catalogue()
    unloaded = statuses(session, rectangle(100, 100, 200, 200))
    for definition in catalogue.layers.values():
        values = {k: 1.0 if f.type == "number" else "1" for k, f in definition.fields.items()}
        load(definition.code, [(EVERYWHERE if definition.covers_area else AREA, values)])
    inside = statuses(session, rectangle(100, 100, 200, 200))
    beside = statuses(session, rectangle(1000, 100, 1100, 200))
    away = statuses(session, rectangle(2000, 100, 2100, 200))
    beyond = statuses(session, rectangle(9000, 100, 9100, 200))
    for code, definition in catalogue.layers.items():
        assert unloaded[code].status == "not_checked", code
        assert unloaded[code].outcome in (Outcome.UNDECIDED, Outcome.NOTE), code
        assert inside[code].version == "2026.1"
        if definition.policy is Policy.WITHIN:
            assert (inside[code].status, beside[code].status, away[code].status) == ("clear", "hit", "hit"), (
                code
            )
            continue
        assert inside[code].status == "hit", code
        assert inside[code].outcome is EXPECTED_HIT[definition.policy], code
        assert inside[code].overlap_m2 == pytest.approx(10_000), code
        if definition.covers_area:
            assert beyond[code].status == "not_checked", code  # a gap in such a layer is missing data
            continue
        assert beside[code].status == "touch", code
        assert away[code].status == "clear", code
