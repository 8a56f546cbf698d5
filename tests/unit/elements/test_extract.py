"""What is measured on drawings, and what is said when a drawing does not say enough."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel, RoleShape
from elements.engine.engine import Catalogue, evaluate, load_catalogue
from elements.engine.values import ElementValue
from elements.extraction.extract import ExtractRules, extract
from elements.project_inputs import BoxContents, planning_values

RULES = ExtractRules(
    frozenset({"自然层", "阳台", "凸窗", "半计", "不计", "有柱雨篷", "地下室", "屋顶用房"}),
    {"绿地": (Decimal(1), Decimal(0)), "集中绿地": (Decimal("1.5"), Decimal(1))},
)
EAST, NORTH = 486_000.0, 3_116_400.0


class Sheet:
    """Collects shapes with running handles."""

    def __init__(self, name: str = "例-总平图.dxf", kind: str = "site_plan") -> None:
        self.name, self.kind, self.shapes = name, kind, list[RoleShape]()

    def add(self, role: str, geometry: BaseGeometry, parent: str | None = None, **attributes: Any) -> str:
        handle = f"{len(self.shapes) + 0x10:X}"
        values = {
            k: float(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else v
            for k, v in attributes.items()
        }
        self.shapes.append(
            RoleShape(role, geometry, values, handle, role, parent=parent, valid=geometry.is_valid)
        )
        return handle

    def model(self) -> DrawingModel:
        return DrawingModel(self.name, "a" * 64, "project-box", self.kind, {}, shapes=tuple(self.shapes))


def read(*sheets: Sheet, boundary: dict[str, Any] | None = None) -> dict[str, ElementValue]:
    return {v.code: v for v in extract([s.model() for s in sheets], boundary, RULES)}


def rows(value: ElementValue) -> list[dict[str, Any]]:
    assert isinstance(value.value, list), value.missing
    return value.value


def at(x: float, y: float, w: float, h: float) -> Polygon:
    return box(EAST + x, NORTH + y, EAST + x + w, NORTH + y + h)


def reason(value: ElementValue) -> str:
    assert value.value is None
    return ";".join(m.reason for m in value.missing)


def plan() -> Sheet:
    sheet = Sheet()
    sheet.add("site_boundary", at(0, 0, 100, 80))
    sheet.add("footprint", at(10, 10, 30, 20), 楼号="A", 建筑高度=54.3, 层数=18, 用途="住宅")
    sheet.add("footprint", at(60, 10, 30, 20), 楼号="B", 层数=11)
    return sheet


def test_far_from_the_origin_areas_stay_exact() -> None:
    found = read(plan())
    assert found["YD_DRAWN"].value == Decimal("8000.000000")
    assert [r["area"] for r in rows(found["BUILDINGS"])] == [Decimal("600.000000")] * 2
    assert rows(found["BUILDINGS"])[0]["height_mm"] == 54300
    assert rows(found["SPACINGS"])[0]["distance"] == 20
    sides = {r["b"][:2]: r["distance"] for r in rows(found["SETBACKS"]) if r["a"] == "A"}
    assert sides == {"南侧": 10, "东侧": 60, "北侧": 50, "西侧": 10}


def test_nothing_is_never_zero() -> None:
    nothing = read()
    for code in (
        "YD_BOUNDARY",
        "YD_DRAWN",
        "BUILDINGS",
        "FLOORS",
        "GREENS",
        "PARKING",
        "SETBACKS",
        "SPACINGS",
        "HS_UNITS",
    ):
        assert reason(nothing[code]), code
    bare = Sheet()
    bare.add("site_boundary", at(0, 0, 100, 80))
    found = read(bare)
    assert "建筑基底" in reason(found["BUILDINGS"])
    assert "绿地" in reason(found["GREENS"])
    assert "停车位" in reason(found["PARKING"])
    assert "楼层框" in reason(found["FLOORS"])
    assert found["DZDL"].value == 0  # drawn site plan without dedicated land: none is dedicated


def test_self_crossing_rings_are_not_measured() -> None:
    sheet = Sheet()
    bow = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    handle = sheet.add("site_boundary", bow)
    found = read(sheet)
    assert "自相交" in reason(found["YD_DRAWN"])
    assert found["YD_DRAWN"].evidence[0].handle == handle


def test_two_site_plans_with_a_boundary() -> None:
    one, two = plan(), plan()
    second = DrawingModel("二-总平图.dxf", "b" * 64, "project-box", "site_plan", {}, shapes=tuple(two.shapes))
    found = {v.code: v for v in extract([one.model(), second], None, RULES)}
    assert "2 张" in reason(found["YD_DRAWN"])


def test_outside_the_site_and_the_control_line() -> None:
    sheet = Sheet()
    sheet.add("site_boundary", at(0, 0, 100, 80))
    sheet.add("footprint", at(80, 10, 30, 20), 楼号="A")
    sheet.add("control_line", LineString([(EAST, NORTH + 20), (EAST + 100, NORTH + 20)]))
    found = rows(read(sheet)["SETBACKS"])
    assert {r["outside"] for r in found if r["kind"] == "site_boundary"} == {Decimal("200.000000")}
    over = [r["outside"] for r in found if r["kind"] == "control_line"]
    assert over == [
        Decimal("400.000000")
    ]  # north of the line is the buildable part; what lies south or outside is over


def test_a_plan_with_outlines_only_is_measured_but_covers_no_known_area() -> None:
    sheet = Sheet()
    sheet.add("site_boundary", at(0, 0, 100, 100))
    one = sheet.add("outline", at(10, 10, 40, 20), 楼号="1#", 层数=6)
    sheet.add("outline", at(60, 10, 30, 20), 楼号="2#")
    found = read(sheet)
    assert [(r["building"], r["area"]) for r in rows(found["BUILDINGS"])] == [("1#", None), ("2#", None)]
    assert [r["distance"] for r in rows(found["SPACINGS"])] == [Decimal(10)]
    nearest = min(r["distance"] for r in rows(found["SETBACKS"]) if r["kind"] == "site_boundary")
    assert nearest == Decimal(10)
    estimate = rows(found["GS_BUILDINGS"])
    assert [(r["area"], r["floor_area"], r["why"]) for r in estimate] == [
        (Decimal(800), Decimal(4800), None),
        (Decimal(600), None, "没有注明层数"),
    ]
    assert estimate[0]["ref"].handle == one
    catalogue = load_catalogue()
    codes = ["JDMJ", "JDMJ_GS", "JZMD_GS", "DSJZ_GS"]
    table = evaluate(catalogue, found, dt.date(2026, 1, 1), codes).elements
    assert table["JDMJ"].value is None and "没有绘建筑基底" in table["JDMJ"].missing[0].reason
    assert table["JDMJ_GS"].display == "1400.00" and not table["JDMJ_GS"].verified
    assert table["JZMD_GS"].display == "14.00"
    assert table["DSJZ_GS"].value is None and table["DSJZ_GS"].missing[0].reason == "2# 没有注明层数"
    assert {e.handle for e in table["JDMJ_GS"].evidence} >= {one}


def test_site_with_hole_and_dedicated_land() -> None:
    sheet = Sheet()
    outer = at(0, 0, 100, 80)
    sheet.add("site_boundary", Polygon(outer.exterior, [at(40, 40, 10, 10).exterior]))
    sheet.add("dedicated_road", at(-10, 0, 20, 80))
    found = read(sheet)
    assert found["YD_DRAWN"].value == 7900
    assert found["DZDL"].value == 800


def test_green_loses_the_wall_strip_roads_and_stalls_and_is_split_over_basements() -> None:
    sheet = plan()
    sheet.add("green", at(10, 30, 30, 11), 类型="绿地")  # touches A's north wall along 30 m
    sheet.add("road", at(10, 39, 30, 2))
    sheet.add("parking_car", at(10, 37, 5, 2))
    sheet.add("basement", at(10, 30, 10, 10), 覆土=1.2)
    found = rows(read(sheet)["GREENS"])
    by_kind = {r["kind"]: r for r in found}
    left = 30 * 8 - 5 * 2
    over = 10 * 8 - 5 * 2
    assert by_kind["地下室顶板绿地"]["counted_area"] == over
    assert by_kind["地下室顶板绿地"]["soil_m"] == Decimal("1.2")
    assert by_kind["绿地"]["counted_area"] == left - over


def test_roof_green_and_parking() -> None:
    sheet = plan()
    sheet.add("roof_green", at(12, 12, 5, 5), 覆土=0.3)
    sheet.add("parking_car", at(0, 0, 2.5, 5.3))
    sheet.add("parking_car", at(5, 0, 50, 5.3), 数量=20, 位置="地下")
    sheet.add("parking_bike", at(60, 0, 10, 2), 数量=40)
    found = read(sheet)
    assert rows(found["GREENS"])[0]["kind"] == "屋顶绿化"
    assert sum(r["count"] for r in rows(found["PARKING"]) if r["kind"] == "car") == 21
    sheet.add("parking_car", at(0, 10, 2, 2), 数量=1.5)
    assert "不是整数" in reason(read(sheet)["PARKING"])


def floors_sheet(**frame: Any) -> tuple[Sheet, str]:
    sheet = Sheet("例-A-单体图.dxf", "building")
    handle = sheet.add(
        "floor_frame",
        box(0, 0, 60, 40),
        **{"楼号": "A", "层名": "标准层", "起止层": "2-17", "层高": 3.0, "用途": "住宅", **frame},
    )
    return sheet, handle


def test_floor_parts_never_count_twice() -> None:
    sheet, frame = floors_sheet()
    sheet.add("area_full", box(10, 10, 40, 25), frame)
    sheet.add("area_full", box(10, 10, 20, 15), frame, 用途="商业")  # a shop inside the outline
    sheet.add(
        "balcony", box(38, 10, 42, 12), frame, 位置="主体外", 封闭="否"
    )  # half of it overlaps the outline
    sheet.add("area_none", box(20, 20, 22, 22), frame)
    sheet.add("bay_window", box(10, 25, 12, 25.6), frame, 窗台高差=0.4, 净高=2.1)
    sheet.add("unit_inner", box(11, 16, 20, 20), frame)
    floor = rows(read(sheet)["FLOORS"])[0]
    assert floor["levels"] == list(range(2, 18))
    assert floor["height_mm"] == 3000
    parts = {(p["object"], p["usage"]): p for p in floor["parts"]}
    assert parts["自然层", "商业"]["area"] == 50
    assert parts["自然层", None]["area"] == 450 - 50 - 4 - 4
    assert parts["阳台", None]["area"] == 8
    assert parts["凸窗", None]["sill_mm"] == 400
    assert read(sheet)["HS_UNITS"].value == 16


@pytest.mark.parametrize(
    ("frame", "levels", "roof", "below"),
    [
        ({"起止层": "-1"}, [-1], False, True),
        ({"起止层": "-2--1"}, [-2, -1], False, True),
        ({"起止层": "2-16,18-33"}, [*range(2, 17), *range(18, 34)], False, False),
        ({"起止层": "屋面"}, [], True, False),
        ({"起止层": 5}, [5], False, False),
        ({"起止层": "", "层名": "出屋面机房层"}, [], True, False),
    ],
)
def test_floor_ranges(frame: dict[str, Any], levels: list[int], roof: bool, below: bool) -> None:
    sheet, handle = floors_sheet(**frame)
    sheet.add("area_full", box(10, 10, 20, 20), handle)
    floor = rows(read(sheet)["FLOORS"])[0]
    assert (floor["levels"], floor["roof"]) == (levels, roof)
    assert floor["parts"][0]["object"] == ("地下室" if below else "屋顶用房" if roof else "自然层")


def test_unreadable_floor_range_and_stray_lines_are_named() -> None:
    sheet, handle = floors_sheet(起止层="三楼半")
    sheet.add("area_full", box(10, 10, 20, 20), handle)
    assert "三楼半" in reason(read(sheet)["FLOORS"])
    sheet, _ = floors_sheet()
    sheet.add("area_full", box(100, 10, 120, 20))
    assert "不在任何楼层框内" in reason(read(sheet)["FLOORS"])


def test_basement_exposure_comes_from_the_site_plan() -> None:
    sheet, handle = floors_sheet(起止层="-1")
    sheet.add("area_full", box(10, 10, 20, 20), handle)
    site = plan()
    assert rows(read(sheet, site)["FLOORS"])[0]["exposed_mm"] is None
    site.add("basement", at(10, 10, 50, 30), 顶板高差=0.45)
    assert rows(read(sheet, site)["FLOORS"])[0]["exposed_mm"] == 450


def test_layers_that_carry_the_floor_need_no_frame() -> None:
    sheet = Sheet("kerala.dxf", "building")
    for level in (1, 2):
        sheet.add("area_full", box(0, 0, 10, 10), 楼号="1", 起止层=str(level))
        sheet.add("area_deduct", box(0, 0, 2, 2), 楼号="1", 起止层=str(level), 系数="-1")
    found = rows(read(sheet)["FLOORS"])
    assert [f["levels"] for f in found] == [[1], [2]]
    assert [p["area"] for p in found[0]["parts"] if p["object"] == "自然层"] == [96]


@pytest.mark.parametrize(("share", "left"), [("-1", 80), ("-0.5", 90)])
def test_a_line_to_deduct_beside_its_area_is_taken_off_all_the_same(share: str, left: int) -> None:
    sheet, handle = floors_sheet(起止层="1")
    sheet.add("area_full", box(0, 0, 10, 10), handle, 用途="住宅")
    sheet.add("area_full", box(20, 0, 32, 10), handle, 用途="商业")
    sheet.add("area_deduct", box(0, 20, 5, 24), handle, 系数=float(share), 用途="住宅")
    found = [p for p in rows(read(sheet)["FLOORS"])[0]["parts"] if p["object"] == "自然层"]
    assert {p["usage"]: p["area"] for p in found} == {"住宅": left, "商业": 120}


def test_spaces_for_charging_and_for_the_disabled_are_counted_where_kinds_are_told() -> None:
    sheet = plan()
    for n, kind in enumerate(("充电", "充电", "无障碍", "普通")):
        sheet.add("parking_car", at(60 + 3 * n, 10, 2.5, 5), 类型=kind)
    found = read(sheet)
    assert found["TC_CHARGE_A"].value == 2 and found["TC_ACCESS_A"].value == 1


def test_stated_figures_and_boundary() -> None:
    sheet = Sheet()
    sheet.add("site_boundary", at(0, 0, 100, 80), 申报用地面积=8000.5, 用地性质="070102")
    found = read(sheet, boundary={"area_m2": "8000.00", "declared_area_m2": None, "source_name": "x.txt"})
    assert found["YD_DECLARED"].value == Decimal("8000.5")
    assert found["YDXZ"].value == "070102"
    assert found["YD_BOUNDARY"].value == 8000
    found = read(
        sheet, boundary={"area_m2": "8000.00", "declared_area_m2": "7999.00", "source_name": "x.txt"}
    )
    assert found["YD_DECLARED"].value == 7999  # the boundary file's own declaration comes first


def test_round_sites_are_cut_by_compass() -> None:
    sheet = Sheet()
    sheet.add("site_boundary", Point(EAST, NORTH).buffer(50, quad_segs=64))
    sheet.add("footprint", at(-10, -10, 20, 20), 楼号="A")
    found = rows(read(sheet)["SETBACKS"])
    assert sorted(r["side"] for r in found) == sorted(
        ["东", "东北", "北", "西北", "西", "西南", "南", "东南"]
    )
    assert min(r["distance"] for r in found) == pytest.approx(Decimal("35.8"), abs=Decimal("0.2"))


@given(st.floats(0, 360), st.floats(-1000, 1000), st.floats(-1000, 1000))
@settings(max_examples=40, deadline=None)
def test_measures_do_not_depend_on_place_or_turn(angle: float, dx: float, dy: float) -> None:
    sheet = plan()
    moved = Sheet()
    for shape in sheet.shapes:
        turned = affinity.translate(affinity.rotate(shape.geometry, angle, origin=(EAST, NORTH)), dx, dy)
        moved.shapes.append(RoleShape(shape.role, turned, shape.attributes, shape.handle, shape.layer))
    found = read(moved)
    assert abs(Decimal(str(found["YD_DRAWN"].value)) - 8000) < Decimal("0.00001")
    assert abs(rows(found["SPACINGS"])[0]["distance"] - 20) < Decimal("0.00001")
    assert abs(min(r["distance"] for r in rows(found["SETBACKS"])) - 10) < Decimal("0.00001")


def test_an_older_rule_set_takes_what_it_knows() -> None:
    now = load_catalogue()
    later = {"GS_BUILDINGS", "JDMJ_GS", "JZMD_GS", "DSJZ_GS", "RJL_GS"}
    older = Catalogue(
        [e for e in now.entries if e.spec.code not in later], now.tariffs, now.businesses, "older"
    )
    contents = BoxContents([plan().model()], None, None, None, {})
    day = dt.date(2026, 11, 1)
    values, _ = planning_values(older, contents, {}, day)
    assert {"BUILDINGS", "SETBACKS"} <= set(values) and "GS_BUILDINGS" not in values
    assert evaluate(older, values, day)["JDMJ"].value is not None
