"""Heights by both standards, spacings pair by pair, setbacks per side."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon, box

from elements.calculators import height
from elements.calculators.setbacks import read_setback_limits
from elements.calculators.spacing import facing, fire_kinds
from elements.engine.engine import load_catalogue
from elements.engine.limits import read_limit
from elements.engine.values import Undecided
from elements.extraction.distances import sides_of
from elements.library.setback import setback_check, setback_sides
from elements.library.spacing import fire_spacing, rows_outcome, spacing_matrix
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

AT = dt.date(2026, 6, 3)
TABLES = load_catalogue().tariffs
FIRE = TABLES.find("fire-spacing", {}, "全国", AT).rows
HEIGHTS = TABLES.find("fire-height", {}, "全国", AT).rows
USES = TABLES.find("sunlight-uses", {}, "全国", AT).rows
QUARTER = Decimal(1) / 4


def roof(**levels: Any) -> height.Roof:
    return height.read_roofs([{"building": "A", **levels}])[0]


# ---------------------------------------------------------------- height


def test_pitched_roof_is_the_mean_and_55031_reports_both() -> None:
    pitched = roof(form="坡屋顶", ground="-0.45", eave="9.000", ridge="12.501")
    assert height.planning_height(pitched, QUARTER).millimetres == Decimal("11200.5")
    assert height.edge_height(pitched, QUARTER, "eave").millimetres == 9450
    assert height.edge_height(pitched, QUARTER, "ridge").millimetres == 12951


@pytest.mark.parametrize(("rooms", "expected"), [("100", 30300), ("100.01", 34300)])
def test_rooms_up_to_a_quarter_do_not_count(rooms: str, expected: int) -> None:
    flat = roof(form="平屋顶", ground="-0.3", parapet=30, roof_area=400, rooms_area=rooms, rooms_top=34)
    assert height.planning_height(flat, QUARTER).millimetres == expected


def test_what_is_not_drawn_is_not_guessed() -> None:
    for levels in (
        {"form": "平屋顶", "parapet": 3},
        {"ground": 0, "parapet": 3},
        {"form": "坡屋顶", "ground": 0, "eave": 3},
    ):
        with pytest.raises(Undecided):
            height.planning_height(roof(**levels), QUARTER)
    rooms = roof(form="平屋顶", ground=0, parapet=30, rooms_area=4, rooms_top=33)
    with pytest.raises(Undecided, match="屋面面积"):
        height.planning_height(rooms, QUARTER)


@pytest.mark.parametrize(
    "levels",
    [
        {"form": "坡屋顶", "eave": 5, "ridge": 4},
        {"form": "平屋顶", "ground": 5, "parapet": 4},
        {"form": "圆顶"},
        {"form": "平屋顶", "parapet": "高"},
        {"form": "平屋顶", "colour": "red"},
    ],
)
def test_impossible_roofs_are_refused(levels: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        roof(**levels)


@given(st.integers(0, 90_000), st.integers(0, 9_000))
def test_the_mean_lies_between_eave_and_ridge(eave: int, rise: int) -> None:
    pitched = roof(form="坡屋顶", ground=0, eave=Decimal(eave) / 1000, ridge=Decimal(eave + rise) / 1000)
    assert eave <= height.planning_height(pitched, QUARTER).millimetres <= eave + rise


# ---------------------------------------------------------------- facing and fire


def test_facing_of_two_buildings() -> None:
    south, north = box(0, 0, 40, 12), box(20, 30, 60, 42)
    seen = facing(south, north)
    assert (seen.relation, seen.overlap, seen.gap, seen.south) == ("南北相对", 20, 18, 1)
    assert facing(north, south).south == 2
    assert facing(south, box(50, 0, 60, 12)).relation == "东西相对"
    assert facing(south, box(50, 20, 60, 32)) == facing(box(50, 20, 60, 32), south)
    assert facing(south, box(50, 20, 60, 32)).relation == "错开"
    assert facing(south, box(10, 5, 60, 32)).relation == "重叠"
    slanted = Polygon([(0, 30), (40, 50), (40, 60), (0, 40)])
    assert facing(south, slanted).gap == 18  # at the nearest vertex, not at the middle


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        ({"height_mm": 27000, "usage": "住宅", "fire_class": "二级"}, {"一、二级"}),
        ({"height_mm": 27001, "usage": "住宅", "fire_class": "二级"}, {"高层"}),
        ({"height_mm": 27500, "fire_height_mm": 26500, "usage": "住宅", "fire_class": "一级"}, {"一、二级"}),
        ({"height_mm": 24001, "usage": "办公"}, {"高层"}),
        ({"height_mm": 9000, "usage": "办公", "fire_class": "三级"}, {"三级"}),
        ({"height_mm": 9000, "usage": "办公"}, {"一、二级", "三级", "四级"}),
        ({"height_mm": 25000, "fire_class": "二级"}, {"高层", "一、二级"}),
        ({}, {"高层", "一、二级", "三级", "四级"}),
    ],
)
def test_kinds_a_building_may_be(record: dict[str, Any], kinds: set[str]) -> None:
    assert set(fire_kinds(record, HEIGHTS).kinds) == kinds


def _pair(distance: str, a: dict[str, Any], b: dict[str, Any], **more: Any) -> Any:
    spacing = {"a": "A", "b": "B", "kind": "own", "distance": Decimal(distance), **more}
    buildings = [{"building": "A", "label": "A", **a}, {"building": "B", "label": "B", **b}]
    return [spacing], buildings


HIGH = {"height_mm": 60000, "usage": "住宅", "fire_class": "一级"}
LOW = {"height_mm": 9000, "usage": "办公", "fire_class": "二级"}


@pytest.mark.parametrize(
    ("a", "b", "least"),
    [
        (HIGH, HIGH, 13),
        (HIGH, LOW, 9),
        (HIGH, {**LOW, "fire_class": "三级"}, 11),
        (HIGH, {**LOW, "fire_class": "四级"}, 14),
        (LOW, LOW, 6),
        (LOW, {**LOW, "fire_class": "三级"}, 7),
        ({**LOW, "fire_class": "四级"}, {**LOW, "fire_class": "四级"}, 12),
    ],
)
def test_fire_table(a: dict[str, Any], b: dict[str, Any], least: int) -> None:
    for distance, outcome in ((f"{least}", Outcome.PASS), (f"{least - 1}.999", Outcome.FAIL)):
        found = fire_spacing(*_pair(distance, a, b), FIRE, HEIGHTS)
        assert (found.value, found.limit) == (outcome, f"≥{least}m")


def test_an_unknown_class_only_matters_where_it_decides() -> None:
    unknown = {**LOW, "fire_class": None}
    assert fire_spacing(*_pair("9", LOW, unknown), FIRE, HEIGHTS).value is Outcome.PASS
    assert fire_spacing(*_pair("5", LOW, unknown), FIRE, HEIGHTS).value is Outcome.FAIL
    with pytest.raises(Undecided, match="B 未注耐火等级"):
        fire_spacing(*_pair("8", LOW, unknown), FIRE, HEIGHTS)


def test_needed_is_the_greatest_of_sun_and_fire() -> None:
    south = {"relation": "南北相对", "gap": Decimal("64.8"), "south": "A"}
    pair = _pair("64.8", HIGH, {**HIGH, "height_mm": 30000}, **south)

    def row(factor: str | None) -> dict[str, Any]:
        found = spacing_matrix(*pair, FIRE, HEIGHTS, USES, factor=Decimal(factor) if factor else None)
        return found.value[0]  # type: ignore[return-value] # the records of the pairs

    assert (row("1.08")["needed"], row("1.08")["outcome"]) == (Decimal("64.8"), "pass")
    assert row("1.081")["outcome"] == "fail"
    assert row("0.1")["needed"] == 13  # fire decides
    assert row(None)["outcome"] == "undecided"
    assert "日照间距系数" in row(None)["missing"][0]


def test_no_sun_is_asked_for_by_an_office_or_sideways() -> None:
    south = {"relation": "南北相对", "gap": Decimal(20), "south": "A"}
    for pair in (
        _pair("20", HIGH, {**HIGH, "usage": "办公"}, **south),
        _pair("20", HIGH, HIGH, relation="东西相对", gap=Decimal(20)),
    ):
        found = spacing_matrix(*pair, FIRE, HEIGHTS, USES)
        assert rows_outcome(found.value).value is Outcome.PASS


def test_a_neighbour_speaks_for_itself() -> None:
    pair = _pair("10", HIGH, {}, b_height_mm=60000, b_usage="住宅", b_fire_class="一级")
    pair[0][0]["kind"] = "adjacent"
    assert fire_spacing(*pair, FIRE, HEIGHTS).limit == "≥13m"


# ---------------------------------------------------------------- setbacks


def test_sides_are_named_by_compass_and_line() -> None:
    road = ("道路红线", LineString([(-10, 0.2), (110, 0.2)]))
    found = {s.word: s.adjacent for s in sides_of(box(0, 0, 100, 80), [road])}
    assert found == {"南": "道路红线", "东": "", "北": "", "西": ""}


def test_curved_sides_holes_and_parts() -> None:
    rounded = box(0, 0, 100, 80).union(Point(100, 40).buffer(40, quad_segs=64))
    words = [s.word for s in sides_of(rounded)]
    assert "东" in words
    assert {"南", "北", "西"} <= set(words)
    holed = Polygon(box(0, 0, 100, 80).exterior, [box(40, 40, 50, 50).exterior])
    assert sum(s.inner for s in sides_of(holed)) == 1
    two = box(0, 0, 10, 10).union(box(50, 50, 60, 60))
    assert len(sides_of(two)) == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("东=5,道路红线≥10", [("东", False, "5", ">="), ("道路红线", False, "10", ">=")]),
        ("北侧不小于10m；南侧≥15m", [("北", False, "10", ">="), ("南", False, "15", ">=")]),
        ("东、西侧≥８m", [("东", False, "8", ">="), ("西", False, "8", ">=")]),
        ("临路侧≥12m；后侧≥6m", [("前侧", False, "12", ">="), ("后侧", False, "6", ">=")]),
        ("退让≥8m", [("各边", False, "8", ">=")]),
        ("地下室各边≥3", [("各边", True, "3", ">=")]),
        ("北侧退让道路红线10米以上", [("道路红线", False, "10", ">=")]),
        ("河道蓝线>20m", [("蓝线", False, "20", ">")]),
    ],
)
def test_reading_setbacks(text: str, expected: list[tuple[str, bool, str, str]]) -> None:
    found = read_setback_limits({"operator": "text", "text": text})
    assert [(d.side, d.below, str(d.limit["value"]), d.limit["operator"]) for d in found] == expected


@pytest.mark.parametrize("text", ["按规划", "东侧约五米", "东-5", "东=5个"])
def test_setbacks_that_cannot_be_read(text: str) -> None:
    with pytest.raises(Undecided):
        read_setback_limits({"operator": "text", "text": text})


def _side(
    word: str, distance: str, adjacent: str = "", a: str = "A", kind: str = "site_boundary"
) -> dict[str, Any]:
    return {
        "kind": kind,
        "a": a,
        "b": f"{word}侧用地红线(第 1 边)",
        "side": word,
        "adjacent": adjacent,
        "distance": Decimal(distance),
        "outside": Decimal(0),
    }


def test_the_nearest_building_speaks_for_a_side() -> None:
    rows = [
        _side("东", "9", a="A"),
        _side("东", "5", a="B"),
        _side("北", "12", "道路红线"),
        _side("东", "2", kind="basement"),
    ]
    found = setback_sides(rows).value
    assert [(r["side"], r["a"], r["distance"]) for r in found] == [
        ("东", "B", 5),
        ("北", "A", 12),
    ]
    checks = setback_check(rows, {"东": 5, "道路红线": "≥12.001", "地下室东": 2})
    assert [r["outcome"] for r in checks.value] == ["pass", "fail", "pass"]
    assert rows_outcome(checks.value).value is Outcome.FAIL


def test_a_side_nobody_drew_is_undecided_and_none_is_a_note() -> None:
    rows = [_side("东", "9")]
    with pytest.raises(Undecided, match="蓝线"):
        rows_outcome(setback_check(rows, {"蓝线": 15}).value)
    assert rows_outcome(setback_check(rows, read_limit("不限", "m")).value).value is Outcome.NOTE


def test_a_demand_on_the_front_needs_a_road() -> None:
    row = {
        "kind": "site_boundary",
        "a": "1#",
        "b": "南侧用地红线（第 1 边）",
        "side": "南",
        "distance": Decimal("7.9"),
    }
    limit = {"operator": "text", "text": "临路侧≥8m"}
    known = setback_check([row | {"position": "front"}], limit).value
    assert known[0]["outcome"] == Outcome.FAIL.value
    why = {"position": None, "front_why": "图上没有画道路；请写明临路侧"}
    unknown = setback_check([row | why], limit).value
    assert unknown[0]["outcome"] == Outcome.UNDECIDED.value and "请写明临路侧" in unknown[0]["missing"][0]
