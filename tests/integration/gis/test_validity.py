"""Versions of a plan layer hold from a first to a last day; the check never relies on one that is not in force."""

from __future__ import annotations

import datetime as dt

import pytest

from gis import service
from gis.differences import decision_service
from project_box.kernel.errors import BadInput, NotFound, PlatformError
from project_box.kernel.finding import Outcome
from project_box.repository import audit_events

from .conftest import rectangle, write_layer

pytestmark = pytest.mark.integration
SITE = rectangle(0, 0, 100, 80)


@pytest.fixture
def plans(session, tmp_path):
    """Two versions: one of 2024 and 2025 that lets the site go, and the current one of 2026, where it overlaps."""

    def load(version, shape, first, last):
        path = write_layer(tmp_path, f"{version}.gpkg", [(shape, {"MC": "样江"})])
        service.import_layer(session, "LX", path, version=version, valid_from=first, valid_to=last)

    load("2024", rectangle(500, 0, 600, 80), dt.date(2024, 1, 1), dt.date(2025, 12, 31))
    load("2026", rectangle(60, 0, 200, 80), dt.date(2026, 1, 1), dt.date(2026, 6, 30))


def judged(session, day):
    report = service.check_geometry(session, SITE, 4547, on=day)
    return next(e for e in report.layers if e.code == "LX")


@pytest.mark.parametrize(
    ("day", "status", "outcome"),
    [
        (dt.date(2026, 1, 1), "hit", Outcome.FAIL),
        (dt.date(2026, 6, 30), "hit", Outcome.FAIL),
        (dt.date(2026, 7, 1), "not_checked", Outcome.UNDECIDED),
        (dt.date(2025, 12, 31), "not_checked", Outcome.UNDECIDED),
    ],
)
def test_only_a_version_in_force_is_checked(session, plans, day, status, outcome):
    entry = judged(session, day)
    assert (entry.status, entry.outcome) == (status, outcome)


def test_the_reason_names_the_end_and_the_version_of_that_day(session, plans):
    ended = judged(session, dt.date(2026, 7, 1))
    assert "2026-06-30" in ended.message and "未核查" in ended.message and "2026-06-30" in ended.message_en
    earlier = judged(session, dt.date(2025, 6, 1))
    assert "版本 2024" in earlier.message and "2024" in earlier.message_en
    service.activate_version(session, None, "LX", "2024")
    assert judged(session, dt.date(2025, 6, 1)).status == "clear"


def test_which_version_was_valid(session, plans):
    assert decision_service.version_on(session, "LX", dt.date(2025, 12, 31))["version"] == "2024"
    found = decision_service.version_on(session, "LX", dt.date(2026, 2, 1))
    assert (found["version"], found["valid_from"], found["valid_to"]) == ("2026", "2026-01-01", "2026-06-30")
    with pytest.raises(NotFound):
        decision_service.version_on(session, "LX", dt.date(2026, 7, 1))


def test_pages_and_api_say_when_a_version_holds(session, plans):
    shown = service.show_layer(session, "LX")
    assert [(v["version"], v["valid_to"]) for v in shown["versions"]] == [
        ("2026", "2026-06-30"),
        ("2024", "2025-12-31"),
    ]
    assert [v["in_force"] for v in shown["versions"]][1] is False


def test_a_period_that_ends_before_it_begins_is_refused(session, tmp_path):
    path = write_layer(tmp_path, "a.gpkg", [(SITE, {"MC": "样江"})])
    with pytest.raises(BadInput) as wrong:
        service.import_layer(
            session, "LX", path, version="1", valid_from=dt.date(2026, 2, 1), valid_to=dt.date(2026, 1, 1)
        )
    assert wrong.value.code == "period_reversed"


def test_an_end_is_set_afterwards_and_checks_notice(session, actors, plans):
    day = dt.date(2026, 5, 1)
    assert judged(session, day).status == "hit"
    row = service.end_version(session, actors["admin"], "LX", "2026", dt.date(2026, 4, 30), reason="规划废止")
    assert row.valid_to == dt.date(2026, 4, 30)
    entry = judged(session, day)
    assert entry.status == "not_checked" and "2026-04-30" in entry.message
    service.end_version(session, None, "LX", "2024", dt.date(2026, 12, 31), reason="延期")
    assert "版本 2024" in judged(session, day).message  # a version that is not current counts too
    service.end_version(session, None, "LX", "2026", None, reason="恢复")
    assert judged(session, dt.date(2030, 1, 1)).status == "hit"
    event = audit_events(session, subject="layer:LX", newest_first=True, limit=5)[2]
    assert (event.kind, event.payload["before"]) == ("gis.layer.ended", "2026-06-30")
    assert event.payload["reason"] == "规划废止"


@pytest.mark.parametrize(
    ("version", "last", "reason", "code"),
    [
        ("2026", dt.date(2025, 1, 1), "早", "period_reversed"),
        ("2026", dt.date(2026, 5, 1), "  ", "required"),
        ("1999", dt.date(2026, 5, 1), "无", "version_not_found"),
    ],
)
def test_an_end_that_cannot_be(session, plans, version, last, reason, code):
    with pytest.raises(PlatformError) as wrong:
        service.end_version(session, None, "LX", version, last, reason=reason)
    assert wrong.value.code == code and wrong.value.remedy_en
