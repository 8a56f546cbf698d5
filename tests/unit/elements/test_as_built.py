"""规划核实: areas by tier sets, positions by a tolerance, what is missing stays undecided."""

from __future__ import annotations

from decimal import Decimal

import pytest
from shapely.geometry import box

from drawings.areas.area_table import AreaLine, AreaTable, BuildingTable, FloorTable
from drawings.comparing.compare import compare
from drawings.drawing import DrawingModel, RoleShape
from elements.calculators.as_built import TierSet, judge
from project_box.kernel.finding import Outcome

FLAT = TierSet(
    "T1", ({"up_to": 1000, "rate": 3}, {"up_to": None, "rate": 2}), "flat_by_total", None, "某市", False
)


def table(total: str | None) -> AreaTable:
    value = Decimal(total) if total is not None else None
    building = BuildingTable("1#", "a.dxf", (), value, Decimal(0), value)
    return AreaTable((building,), value, Decimal(0), value, {}, (), "—", "—", False)


def model(x: float) -> DrawingModel:
    shape = RoleShape("footprint", box(x, 0, x + 20, 10), {"楼号": "1#"}, "2A", area_m2=200.0)
    return DrawingModel("a.dxf", str(x), None, "site_plan", {}, shapes=(shape,))


def moved(by: float):
    return compare([(0, model(0))], [(0, model(by))])


@pytest.mark.parametrize(
    ("built", "outcome"), [("1030.00", Outcome.PASS), ("2000.01", Outcome.FAIL), (None, Outcome.UNDECIDED)]
)
def test_areas_are_judged_by_the_tier_set(built, outcome) -> None:
    found = judge(table("1000.00"), table(built), moved(0), FLAT, None)
    assert found.lines[0].outcome is outcome
    assert found.outcome is outcome


def test_the_limit_itself_is_allowed_and_a_cent_more_is_not() -> None:
    assert judge(table("1000"), table("1030.00"), moved(0), FLAT, None).outcome is Outcome.PASS
    assert judge(table("1000"), table("1030.01"), moved(0), FLAT, None).outcome is Outcome.FAIL
    assert judge(table("1000"), table("970.00"), moved(0), FLAT, None).outcome is Outcome.PASS


def test_without_tolerances_a_difference_is_undecided() -> None:
    found = judge(table("1000"), table("1000.50"), moved(0.05), None, None)
    assert found.outcome is Outcome.UNDECIDED
    assert "没有指定允许误差分档" in found.text and "没有给出位置允许偏差" in found.text
    assert judge(table("1000"), table("1000"), moved(0), None, None).outcome is Outcome.PASS


def test_what_no_tolerance_covers_is_not_passed_over() -> None:
    def site(height: float, spaces: int) -> DrawingModel:
        building = RoleShape(
            "footprint", box(0, 0, 20, 10), {"楼号": "1#", "建筑高度": height}, "2A", area_m2=200.0
        )
        parked = [
            RoleShape("parking_car", box(3 * i, 20, 3 * i + 2.5, 25), {}, f"P{i}") for i in range(spaces)
        ]
        return DrawingModel("a.dxf", f"{height}{spaces}", None, "site_plan", {}, shapes=(building, *parked))

    changes = compare([(0, site(54.3, 4))], [(0, site(55.1, 3))])
    found = judge(table("1000"), table("1000"), changes, FLAT, Decimal("0.05"))
    assert found.outcome is Outcome.UNDECIDED
    differing = {line.name: line.difference for line in found.lines if line.outcome is Outcome.UNDECIDED}
    assert differing == {"1# 建筑高度": Decimal("0.8"), "机动车位个数": Decimal(-1)}
    assert "审定 54.3 m，竣工 55.1 m，相差 0.8 m，没有给出这一项的允许偏差" in found.text
    assert "approved 4 pcs, built 3 pcs" in found.text_en


def test_positions_are_judged_by_the_tolerance_handed_in() -> None:
    assert judge(table("1000"), table("1000"), moved(0.05), FLAT, Decimal("0.05")).outcome is Outcome.PASS
    late = judge(table("1000"), table("1000"), moved(0.3), FLAT, Decimal("0.05"))
    assert late.outcome is Outcome.FAIL
    line = next(x for x in late.lines if x.unit == "m")
    assert (line.difference, line.allowed, line.handle) == (Decimal("0.300"), Decimal("0.05"), "2A")
    assert "相差 0.300 m" in late.text


def used(*uses: tuple[str, str]) -> AreaTable:
    lines = tuple(
        AreaLine(
            use,
            "",
            "area_full",
            Decimal(area),
            Decimal(1),
            Decimal(area),
            Decimal(area),
            "",
            "",
            (f"H{use}",),
        )
        for use, area in uses
    )
    floor = FloorTable("首层", "1", 1, "above", "", "F1", lines, Decimal(100))
    building = BuildingTable("1#", "a.dxf", (floor,), Decimal(100), Decimal(0), Decimal(100))
    return AreaTable((building,), Decimal(100), Decimal(0), Decimal(100), {}, (), "—", "—", False)


def test_a_floor_used_otherwise_does_not_conform() -> None:
    found = judge(used(("住宅", "100")), used(("住宅", "60"), ("商业", "40")), moved(0), FLAT, None)
    assert found.outcome is Outcome.FAIL
    assert [(u.building, u.floor) for u in found.uses] == [("1#", "首层")]
    assert "审定 住宅 100 ㎡；竣工 住宅 60 ㎡、商业 40 ㎡" in found.text
    same = judge(used(("住宅", "100")), used(("住宅", "99")), moved(0), FLAT, None)
    assert same.uses == ()
