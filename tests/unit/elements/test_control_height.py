"""The airport surface the multi-plan check found decides about the highest point of the roofs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from elements.engine.engine import evaluate
from elements.engine.loading import load_catalogue
from elements.project_inputs import BoxContents, control_values, planning_values
from elements.service import BUSINESS
from project_box.kernel.finding import Outcome

DAY = dt.date(2026, 6, 3)
ROOFS = [{"form": "平屋顶", "ground": "45.2", "top": "104.35"}]


@pytest.mark.parametrize(
    ("zones", "inputs", "outcome"),
    [
        ({"airport_control": True, "airport_limit_m": 104.35}, {"GD_ROOFS": ROOFS}, "pass"),
        ({"airport_control": True, "airport_limit_m": 104.349}, {"GD_ROOFS": ROOFS}, "fail"),
        ({"airport_control": True, "airport_limit_m": None}, {"GD_ROOFS": ROOFS}, "undecided"),
        ({"airport_control": False, "airport_limit_m": None}, {"GD_ROOFS": ROOFS}, "note"),
        (None, {"GD_ROOFS": ROOFS}, "note"),
        (None, {"GD_ROOFS": ROOFS, "GD_CONTROL": "是", "GD_LIMIT_ABS": "100"}, "fail"),
    ],
)
def test_height_in_a_control_area(zones: dict[str, Any] | None, inputs: dict[str, Any], outcome: str) -> None:
    catalogue = load_catalogue()
    values, _ = planning_values(catalogue, BoxContents([], None, None, None, {}, zones), inputs, DAY)
    found = evaluate(catalogue, values, DAY, catalogue.codes_of(BUSINESS, DAY))
    judged = found["JL_GD_CONTROL"]
    assert judged.outcome is Outcome(outcome), judged


def test_the_limit_comes_with_its_source() -> None:
    found = control_values({"airport_control": True, "airport_limit_m": 131.5})
    assert found["GD_CONTROL"].value is True and found["GD_CONTROL"].source == "layer"
    assert found["GD_LIMIT_ABS"].value == Decimal("131.5") and found["GD_LIMIT_ABS"].unit == "m"
    assert control_values({"airport_checked": False, "airport_control": None}) == {}
