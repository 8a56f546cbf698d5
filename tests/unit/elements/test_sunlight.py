"""The sunlight check: standards, bounds, conclusions, drawings in and engine inputs out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from typing import Any

import pyproj
import pytest
from shapely.geometry import Polygon, box

from drawings.drawing import DrawingModel, RoleShape
from elements.engine.engine import Evaluation, evaluate, load_catalogue
from elements.engine.values import ElementValue, Undecided
from elements.places import with_settings
from elements.sunlight.check import Subject, check, subject_of_facades
from elements.sunlight.drawing import read_situation
from elements.sunlight.hours import CONTIGUOUS, CUMULATIVE, Counting
from elements.sunlight.report import hours_text
from elements.sunlight.rules import CITIES, ZONES, SunRules, sun_rules
from elements.sunlight.scene import (
    Block,
    Scene,
    Site,
    Window,
    facades,
    main_direction,
    side_name,
    site_at,
    windows_along,
)
from elements.sunlight.sunlight import analyse, central_green, element_values, findings, sunlight_values
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome
from project_box.kernel.plain import canonical_json

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()
SITE = Site(28.2, 112.94)
X, Y = 540_000.0, 3_120_000.0
EPSG = 4547


def rules(
    zone: str | None = "Ⅲ",
    city: str | None = "50万以上",
    case: str | None = "住宅",
    counting: Counting | None = CUMULATIVE,
) -> SunRules:
    return sun_rules(CATALOGUE.tariffs, "样例新区", AT, zone=zone, city=city, case=case, counting=counting)


def shape(role: str, plan: Polygon, handle: str, **attributes: str | float) -> RoleShape:
    return RoleShape(role, plan, dict(attributes), handle, "JZJD")


def house(name: str, x: float, y: float, width: float = 40, depth: float = 13, **more: Any) -> RoleShape:
    attributes: dict[str, str | float] = {"楼号": name, "用途": "住宅", **more}
    plan = box(X + x, Y + y, X + x + width, Y + y + 13)
    return RoleShape("footprint", plan, attributes, name, "JZJD")


def neighbour(name: str, x: float, y: float, width: float = 40, **more: Any) -> RoleShape:
    return dataclasses.replace(house(name, x, y, width, **more), role="adjacent", layer="XLJZ")


def plan(*shapes: RoleShape) -> list[DrawingModel]:
    return [DrawingModel("总平图.dxf", "a" * 64, "project-box", "site_plan", {}, shapes=tuple(shapes))]


def engine(values: list[ElementValue], **given: str) -> Evaluation:
    inputs = {v.code: v for v in values} | {k: ElementValue(k, v) for k, v in given.items()}
    return evaluate(CATALOGUE, with_settings(CATALOGUE, inputs, AT), AT, CATALOGUE.codes_of("sunlight", AT))


# ---------------------------------------------------------------- standards


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("zone", ZONES)
def test_standards_of_every_zone(zone: str, city: str) -> None:
    found = rules(zone, city).standards
    large = city == "50万以上"
    if zone in "ⅠⅡⅢⅦ":
        expected = ("大寒日", 2.0 if large else 3.0)
    elif zone == "Ⅳ":
        expected = ("大寒日", 3.0) if large else ("冬至日", 1.0)
    else:
        expected = ("冬至日", 1.0)
    assert (found["住宅"].day, found["住宅"].hours) == expected
    assert (found["老年人居住建筑"].day, found["老年人居住建筑"].hours) == ("冬至日", 2.0)
    assert (found["旧区改建"].day, found["旧区改建"].hours) == ("大寒日", 1.0)


def test_recalled_standards_are_not_verified() -> None:
    assert not rules().verified
    assert "GB 50180-2018(全国)" in rules().documents


def test_uses() -> None:
    made = rules(case="旧区改建")
    assert made.case_of("高层住宅", own=True) == "旧区改建"
    assert made.case_of("高层住宅", own=False) == "住宅"
    assert made.case_of("老年公寓", own=True) == "老年人居住建筑"
    assert made.case_of("非住宅", own=True) == ""
    assert made.case_of("地下车库", own=True) == ""
    assert made.case_of(None, own=True) is None
    assert made.case_of("幼儿园", own=True) == "托儿所、幼儿园"


def test_before_the_standard_there_is_no_rule() -> None:
    with pytest.raises(Undecided):
        sun_rules(CATALOGUE.tariffs, "样例新区", dt.date(2010, 1, 1))


def test_days_have_dates_and_clock_times() -> None:
    report = check(Scene(SITE, ()), [], rules())
    cold, solstice = report.days
    assert (cold.name, cold.date, cold.start, cold.end) == ("大寒日", dt.date(2001, 1, 20), 8.0, 16.0)
    assert (solstice.name, solstice.date) == ("冬至日", dt.date(2001, 12, 22))
    assert cold.clock == ("08:39:10", "16:39:16")  # 8 and 16 h true solar time at 112.94° E
    assert cold.declination == pytest.approx(-20.11, abs=0.01)
    assert solstice.declination == pytest.approx(-23.44, abs=0.01)


# ---------------------------------------------------------------- place and north


@pytest.mark.parametrize("x", [410_000.0, 500_000.0, 560_000.0, 640_000.0])
def test_convergence_by_finite_difference(x: float) -> None:
    """γ from PROJ's factors against a step to the north measured on the grid."""
    site = site_at(x, Y, EPSG)
    geodetic = pyproj.Transformer.from_crs(4490, EPSG, always_xy=True)
    x1, y1 = geodetic.transform(site.longitude, site.latitude)
    x2, y2 = geodetic.transform(site.longitude, site.latitude + 1e-4)
    assert (x1, y1) == pytest.approx((x, Y), abs=1e-3)
    # true north has grid azimuth -γ
    assert math.degrees(math.atan2(x2 - x1, y2 - y1)) == pytest.approx(-site.convergence, abs=1e-4)
    assert site.convergence == pytest.approx(
        (site.longitude - 114) * math.sin(math.radians(site.latitude)), abs=2e-3
    )
    ground = pyproj.Geod(ellps="GRS80").inv(
        site.longitude, site.latitude, site.longitude, site.latitude + 1e-4
    )[2]
    assert math.hypot(x2 - x1, y2 - y1) / ground == pytest.approx(site.scale, abs=1e-6)


def test_places_that_cannot_be_told() -> None:
    with pytest.raises(Undecided, match="没有坐标系"):
        site_at(X, Y, None)
    with pytest.raises(Undecided, match="不在 EPSG:4547"):
        site_at(12.0, 7.0, EPSG)
    with pytest.raises(BadInput, match="geographic"):
        site_at(114.0, 28.0, 4490)


def test_facades_and_windows() -> None:
    walls = facades("1", box(0, 0, 40, 12), SITE)
    assert sorted((f.name, f.azimuth, f.length) for f in walls) == [
        ("东立面", 90.0, 12.0), ("北立面", 0.0, 40.0), ("南立面", 180.0, 40.0), ("西立面", 270.0, 12.0),
    ]  # fmt: skip
    south = next(f for f in walls if f.name == "南立面")
    spots = windows_along(south, SITE, 3.0, 0.9)
    assert len(spots) == 14
    assert {round(w.y, 6) for w in spots} == {-0.01}
    assert sorted(w.x for w in spots)[0] == pytest.approx(40 / 28)
    joined = Polygon([(0, 0), (10, 0), (20, 0), (20, 9), (0, 9)])
    assert len(facades("1", joined, SITE)) == 4
    yard = Polygon(box(-30, -30, 30, 30).exterior, [box(-10, -10, 10, 10).exterior])
    inner = [f for f in facades("1", yard, SITE) if f.courtyard]
    assert {(f.azimuth, f.start[1] == f.end[1] == 10) for f in inner} >= {(180.0, True)}
    assert side_name(200) == "南"
    assert side_name(350) == "北"
    with pytest.raises(BadInput):
        windows_along(south, SITE, 0, 0.9)


def test_true_azimuth_of_a_wall_uses_the_convergence() -> None:
    turned = facades("1", box(0, 0, 40, 12), Site(28.2, convergence=1.2))
    assert sorted(round(f.azimuth, 6) for f in turned) == [1.2, 91.2, 181.2, 271.2]


def test_main_direction() -> None:
    assert main_direction(box(0, 0, 40, 12), SITE) == pytest.approx(180.0)
    assert main_direction(box(0, 0, 12, 40), SITE) == pytest.approx(90.0)
    assert main_direction(box(0, 0, 20, 20), SITE) == pytest.approx(180.0)


# ---------------------------------------------------------------- dwellings and windows


def wall_scene(distance: float = 30.0) -> Scene:
    wall = Block("前", box(-1e4, -distance - 10, 1e4, -distance), 0, 30)
    return Scene(SITE, (wall, Block("后", box(-20, 0.01, 20, 12), 0, 18)))


def test_a_dwelling_needs_one_room_in_the_sun() -> None:
    scene = Scene(SITE, (Block("后", box(-20, 0.01, 20, 12), 0, 18),))
    windows = (
        Window(0, 0, 0.9, 180.0, building="后", dwelling="101"),
        Window(0, 12.02, 0.9, 0.0, building="后", dwelling="101"),
        Window(9, 12.02, 0.9, 0.0, building="后", dwelling="102"),
    )
    day = check(scene, [Subject("后", True, "住宅", windows)], rules()).day("大寒日")
    outcomes = {u.name: (u.outcome, u.low) for u in day.units}
    assert outcomes["后 101"][0] is Outcome.PASS
    assert outcomes["后 101"][1] == pytest.approx(8.0)
    assert outcomes["后 102"] == (Outcome.FAIL, 0.0)
    assert {s.building for s in day.windows[1].shades} == {"后", "背向"}


def test_who_shades_and_when() -> None:
    windows = (Window(0, 0, 0.9, 180.0, building="后", dwelling="101"),)
    day = check(wall_scene(), [Subject("后", True, "住宅", windows)], rules()).day("大寒日")
    (unit,) = day.units
    assert unit.outcome is Outcome.FAIL
    assert unit.shaded_by == ("前",)
    (sun,) = day.windows
    dark = [s for s in sun.shades if s.building == "前"]
    assert sun.low == sun.high == pytest.approx(8.0 - sum(s.end - s.start for s in dark), abs=1e-3)
    assert "不符合" in unit.message
    assert "标准 ≥2 h" in unit.message


def two_gleams() -> tuple[Scene, tuple[Window, ...]]:
    """A tower due south: a stretch of sun before noon and one after, each below two hours, together above."""
    blocks = (
        Block("塔", box(-16, -60, 16, -40), 0, 200),
        Block("西", box(-400, -60, -38, -40), 0, 200),
        Block("东", box(38, -60, 400, -40), 0, 200),
    )
    return Scene(SITE, blocks), (Window(0, 0, 0.9, 180.0, building="后", dwelling="101"),)


def test_counting_decides_or_leaves_open() -> None:
    scene, windows = two_gleams()

    def unit(counting: Counting | None, zone: str = "Ⅴ"):
        report = check(scene, [Subject("后", True, "住宅", windows)], rules(zone, counting=counting))
        return next(u for u in report.day("冬至日").units)

    total, longest = unit(CUMULATIVE).low, unit(CONTIGUOUS).low
    assert longest < 1.0 <= total
    assert unit(CUMULATIVE).outcome is Outcome.PASS
    assert unit(CONTIGUOUS).outcome is Outcome.FAIL
    open_unit = unit(None)
    assert open_unit.outcome is Outcome.UNDECIDED
    assert [m.code for m in open_unit.missing] == ["table:sunlight-counting"]
    assert (open_unit.low, open_unit.high) == pytest.approx((longest, total))


def test_counting_that_does_not_matter_is_not_asked_for() -> None:
    windows = (Window(0, 0, 0.9, 180.0, building="后", dwelling="101"),)
    near = check(wall_scene(20), [Subject("后", True, "住宅", windows)], rules(counting=None))
    far = check(wall_scene(300), [Subject("后", True, "住宅", windows)], rules(counting=None))
    assert near.day("大寒日").units[0].outcome is Outcome.FAIL
    assert far.day("大寒日").units[0].outcome is Outcome.PASS


def test_a_missing_height_matters_or_not() -> None:
    windows = (Window(0, 0, 0.9, 180.0, building="后", dwelling="101"),)
    blocks = wall_scene().blocks
    open_scene = Scene(SITE, blocks, frozenset({"前"}))
    unit = check(open_scene, [Subject("后", True, "住宅", windows)], rules()).day("大寒日").units[0]
    assert unit.outcome is Outcome.UNDECIDED
    assert [m.code for m in unit.missing] == ["前.建筑高度"]
    assert "前 未注建筑高度" in unit.message
    behind = Block("北", box(-50, 40, 50, 50), 0, 0)
    harmless = Scene(SITE, (blocks[1], behind), frozenset({"北"}))
    assert check(harmless, [Subject("后", True, "住宅", windows)], rules()).day("大寒日").units[
        0
    ].outcome is (Outcome.PASS)
    hopeless = Scene(SITE, (*wall_scene(15).blocks, behind), frozenset({"北"}))
    assert check(hopeless, [Subject("后", True, "住宅", windows)], rules()).day("大寒日").units[
        0
    ].outcome is (Outcome.FAIL)


def test_a_window_inside_a_building_is_no_failure() -> None:
    windows = (Window(0, 5, 0.9, 180.0, building="后", dwelling="101"),)
    unit = check(wall_scene(300), [Subject("后", True, "住宅", windows)], rules()).day("大寒日").units[0]
    assert unit.outcome is Outcome.UNDECIDED
    assert "建筑物内部" in unit.message


def test_by_facade() -> None:
    """All of the main facade → 符合; no point at all → 不符合; part of it → windows are needed."""

    def unit(front: Polygon, height: float):
        scene = Scene(SITE, (Block("前", front, 0, height), Block("后", box(0, 0, 60, 12), 0, 18)))
        subject = subject_of_facades("后", box(0, 0, 60, 12), SITE, 0.9, spacing=2.0)
        day = check(scene, [subject], rules()).day("大寒日")
        return day.units[0], day

    free, _ = unit(box(0, -100, 60, -88), 10)
    assert free.outcome is Outcome.PASS
    assert free.basis == "facade"
    shut, _ = unit(box(-300, -12, 400, -6), 90)
    assert shut.outcome is Outcome.FAIL
    partly, day = unit(box(-30, -30, 30, -18), 90)
    assert partly.outcome is Outcome.UNDECIDED
    assert [m.code for m in partly.missing] == ["后.窗位"]
    south = next(f for f in day.facades if f.facade.name == "南立面")
    ((start, end),) = south.short
    assert start == 0.0
    assert 0 < end < 60


# ---------------------------------------------------------------- from drawings to conclusions


def test_a_site_plan_with_neighbour() -> None:
    models = plan(
        house("1#", 0, 0, 建筑高度=54.0),
        house("2#", 0, 60, 建筑高度=54.0),
        house("S1", 60, 0, 建筑高度=9.0, 用途="商业"),
        neighbour("邻1", 0, 130, 建筑高度=18.0),
    )
    report = analyse(models, EPSG, rules())
    units = {u.name: u for u in report.day("大寒日").units}
    assert set(units) == {"1#", "2#", "邻1"}
    assert units["1#"].low == pytest.approx(8.0)
    assert units["2#"].shaded_by == ("1#",)
    assert units["邻1"].affected is True
    assert report.site.latitude == pytest.approx(28.19, abs=0.01)
    assert json.loads(canonical_json(report))["days"][0]["name"] == "大寒日"
    made = findings(report)
    assert {f.outcome for f in made} <= {Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED}
    assert all(f.marker is not None and f.marker_crs == EPSG for f in made)
    assert all(f.clause == "GB 50180-2018 表 4.0.9" for f in made)

    outcome = engine(sunlight_values(models, EPSG, rules()), RZ_ZONE="Ⅲ", RZ_CITY="50万以上", RZ_CASE="住宅")
    assert outcome["JL_RZ"].outcome is units["2#"].outcome
    assert float(str(outcome["RZ"].value)) == pytest.approx(units["2#"].low, abs=1e-5)
    assert outcome["JL_RZ"].verified is False
    assert outcome["RZ_XL_COUNT"].value == 1
    assert outcome["JL_RZ_LN"].outcome is Outcome.PASS  # none is planned


def test_a_neighbour_out_of_reach_is_left_alone() -> None:
    adjacent = neighbour("邻1", 0, -90, 建筑高度=18.0)
    models = plan(house("1#", 0, 0, 建筑高度=54.0), adjacent)
    unit = next(u for u in analyse(models, EPSG, rules()).day("大寒日").units if not u.own)
    assert unit.affected is False
    assert unit.outcome is Outcome.PASS
    assert "未减少其日照" in unit.message
    values = {v.code: v.value for v in sunlight_values(models, EPSG, rules())}
    assert values["RZ_XL_COUNT"] == 0


def test_a_neighbour_below_the_standard_before_must_not_lose_more() -> None:
    shading = neighbour("邻0", -200, 88, 440, 建筑高度=60.0, 用途="厂房")
    dark = neighbour("邻1", 0, 110, 建筑高度=18.0)
    models = plan(house("1#", 0, 0, 建筑高度=30.0), shading, dark)
    unit = next(u for u in analyse(models, EPSG, rules()).day("大寒日").units if u.name == "邻1")
    assert unit.high < 2.0
    assert unit.affected is False
    assert unit.outcome is Outcome.PASS


def test_what_a_drawing_leaves_out_is_named() -> None:
    no_use = plan(
        RoleShape("footprint", box(X, Y, X + 40, Y + 12), {"楼号": "1#", "建筑高度": 54.0}, "1", "JZJD")
    )
    (unit,) = analyse(no_use, EPSG, rules()).day("大寒日").units
    assert unit.outcome is Outcome.UNDECIDED
    assert "用途" in unit.message
    no_case = analyse(plan(house("1#", 0, 0, 建筑高度=54.0)), EPSG, rules(case=None)).day("大寒日").units[0]
    assert [m.code for m in no_case.missing] == ["RZ_CASE"]
    no_zone = analyse(plan(house("1#", 0, 0, 建筑高度=54.0)), EPSG, rules(zone=None)).day("大寒日").units[0]
    assert [m.code for m in no_zone.missing] == ["RZ_ZONE"]
    for models, epsg, words in (
        ([], EPSG, "没有总平面图"),
        (plan(), EPSG, "没有建筑基底"),
        (plan(house("1#", 0, 0, 建筑高度=54.0)), None, "没有坐标系"),
        (plan(dataclasses.replace(house("1#", 0, 0), valid=False)), EPSG, "自相交"),
    ):
        values = sunlight_values(models, epsg, rules())
        assert all(v.value is None for v in values)
        assert words in values[0].missing[0].reason
        assert engine(values)["JL_RZ"].outcome is Outcome.UNDECIDED


def test_latitude_in_place_of_a_crs() -> None:
    local = plan(
        RoleShape(
            "footprint", box(0, 0, 40, 12), {"楼号": "1#", "建筑高度": 54.0, "用途": "住宅"}, "1", "JZJD"
        )
    )
    assert analyse(local, None, rules(), latitude=28.2).day("大寒日").units[0].outcome is Outcome.PASS


def test_given_windows() -> None:
    models = plan(house("1#", 0, 0, 建筑高度=54.0))
    spot = Window(X + 20, Y + 13.01, 0.9, 0.0, building="1#", dwelling="101")
    day = analyse(models, EPSG, rules(), windows={"1#": [spot]}).day("大寒日")
    assert [(u.name, u.outcome) for u in day.units] == [("1# 101", Outcome.FAIL)]
    with pytest.raises(BadInput, match="7#"):
        analyse(models, EPSG, rules(), windows={"7#": [spot]})


def test_an_element_value_only_when_it_is_certain() -> None:
    models = plan(house("1#", 0, 0, 建筑高度=54.0), house("2#", 0, 60, 建筑高度=54.0))
    values = {v.code: v for v in sunlight_values(models, EPSG, rules())}
    open_models = plan(house("1#", -150, 0, width=340), house("2#", 0, 60, 建筑高度=54.0))
    open_values = {v.code: v for v in sunlight_values(open_models, EPSG, rules())}
    assert open_values["RZ_DAHAN"].value is None
    assert [m.code for m in open_values["RZ_DAHAN"].missing] == ["1#.建筑高度"]
    assert open_values["RZ_DONGZHI"].missing == () or open_values["RZ_DONGZHI"].value is None
    assert values["RZ_DAHAN"].verified is False
    found = engine(list(open_values.values()), RZ_ZONE="Ⅲ", RZ_CITY="50万以上", RZ_CASE="住宅")
    assert found["JL_RZ"].outcome is Outcome.UNDECIDED
    assert "1# 未注建筑高度" in found["JL_RZ"].text


def test_ground_levels_and_floor_height() -> None:
    def worst(front: dict[str, Any], back: dict[str, Any]) -> tuple[float, tuple[str, ...]]:
        models = plan(
            house("1#", -150, 0, 340, 建筑高度=30.0, **front), house("2#", 0, 54, 建筑高度=30.0, **back)
        )
        report = analyse(models, EPSG, rules())
        return next(u.low for u in report.day("大寒日").units if u.name == "2#"), report.assumptions

    flat, assumptions = worst({}, {})
    assert any("水平面" in a for a in assumptions)
    raised = {"室内外高差": 0.45}
    assert worst(raised, raised)[0] > flat
    level = {"室外地坪标高": 62.3}
    assert worst(level, level)[0] == pytest.approx(flat, abs=1e-6)
    uphill, assumptions = worst({"室外地坪标高": 60.0}, {"室外地坪标高": 66.0})
    assert uphill > flat
    assert not any("水平面" in a for a in assumptions)


def test_pitched_roof_from_attributes() -> None:
    models = plan(house("1#", 0, 0, 檐口高度="12.0m", 屋脊高度=16.0), house("2#", 0, 30, 建筑高度=30.0))
    situation = read_situation(models, EPSG)
    assert situation.buildings[0].block.summit == 16.0
    assert len(situation.buildings[0].block.roof) == 6


def test_outlines_join_their_building() -> None:
    balcony = RoleShape("outline", box(X, Y - 1.5, X + 40, Y + 13), {"楼号": "1#"}, "O1", "JZLK")
    situation = read_situation(plan(house("1#", 0, 0, 建筑高度=30.0), balcony), EPSG)
    assert len(situation.buildings) == 1
    assert situation.buildings[0].block.footprint.area == pytest.approx(40 * 14.5)


def test_central_green() -> None:
    def greens(y: float, **more: Any) -> list[DrawingModel]:
        green = shape("green", box(X, Y + y, X + 40, Y + y + 20), "G1", 类型="集中绿地")
        return plan(house("1#", -150, 0, 340, 建筑高度=54.0), house("2#", 0, 120, **more), green)

    sunny = central_green(read_situation(greens(-40, 建筑高度=54.0), EPSG), rules())
    assert sunny is not None
    assert sunny.outcome is Outcome.PASS
    shady = central_green(read_situation(greens(14, 建筑高度=54.0), EPSG), rules())
    assert shady is not None
    assert shady.outcome is Outcome.FAIL
    assert central_green(read_situation(greens(-40), EPSG), rules()) is not None  # 2# cannot reach it
    assert central_green(read_situation(plan(house("1#", 0, 0, 建筑高度=54.0)), EPSG), rules()) is None
    with pytest.raises(Undecided):
        central_green(read_situation(greens(14, 建筑高度=54.0), EPSG), rules(zone=None))
    values = {v.code: v for v in sunlight_values(greens(14, 建筑高度=54.0), EPSG, rules())}
    assert engine(list(values.values()))["JL_RZ_LD"].outcome is Outcome.FAIL


def test_a_crowded_plan_fails_in_the_engine_too() -> None:
    models = plan(house("1#", -150, 0, width=340, 建筑高度=80.0), house("2#", 0, 22, 建筑高度=54.0))
    report = analyse(models, EPSG, rules(counting=None))
    unit = next(u for u in report.day("大寒日").units if u.name == "2#")
    assert unit.outcome is Outcome.FAIL
    found = engine(element_values(report), RZ_ZONE="Ⅲ", RZ_CITY="50万以上", RZ_CASE="住宅")
    assert found["JL_RZ"].outcome is Outcome.FAIL
    assert found["RZ"].evidence


def test_words() -> None:
    assert hours_text(1.9999) == "1 h 59 min"
    assert hours_text(2.0 - 1e-9) == "2 h 00 min"
