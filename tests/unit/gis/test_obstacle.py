"""Obstacle limitation surfaces of a runway, against figures worked out by hand."""

import pytest
from shapely.affinity import rotate, translate
from shapely.geometry import LineString, Point, box

from gis.layers.obstacle import lowest_limit, obstacle_rules, runway_of

RULES = obstacle_rules()
#: 3,000 m along the east axis, both ends and the aerodrome at 100 m, code 4, precision
LINE = LineString([(0, 0), (3000, 0)])
ATTRIBUTES = {"FXDJ": "4E", "PDLX": "精密进近", "RKGC1": 100, "RKGC2": 100, "JCGC": 100}


def limit(site, line=LINE, **changed):
    runway, missing = runway_of(line, ATTRIBUTES | changed, RULES)
    assert runway is not None, missing
    return lowest_limit(runway, site)


@pytest.mark.parametrize(
    ("site", "elevation", "surface"),
    [
        (box(1000, 2000, 1100, 2100), 145, "内水平面"),
        (box(1000, 5000, 1100, 5100), 145 + 0.05 * 1000, "锥形面"),  # 1,000 m beyond the radius of 4,000
        (box(1000, 250, 1100, 300), 100 + 0.143 * 100, "过渡面"),  # 100 m from the edge of the strip
        (box(-1160, -10, -1060, 10), 100 + 0.02 * 1000, "进近面"),  # 1,000 m before the inner edge
        (box(4060, -10, 4160, 10), 100 + 0.02 * 1000, "进近面"),  # the same before the other end
        (box(-10060, -10, -9060, 10), 100 + 60 + 90, "进近面"),  # level from 6,600 m on
        (box(1000, -20, 1100, 20), 100, "升降带"),
        # 6,000 m beyond the inner edge the approach is at 100 + 60 + 75, the climb at 100 + 120
        (box(-6160, -10, -6060, 10), 220, "起飞爬升面"),
        (box(9060, -10, 9160, 10), 220, "起飞爬升面"),
        # there the climb is 1,200 m wide in all: beside it the approach decides
        (box(9060, 610, 9160, 620), 235, "进近面"),
    ],
)
def test_the_lowest_point_decides(site, elevation, surface):
    found = limit(site)
    assert found.elevation_m == pytest.approx(elevation, abs=1e-6)
    assert found.surface == surface
    assert site.buffer(1e-6).contains(Point(found.at))


def test_the_end_of_the_runway_counts_for_its_own_climb():
    # the last end lies 30 m higher: 6,000 m beyond its inner edge the climb is at 130 + 120
    assert limit(box(9060, -10, 9160, 10), RKGC2=130).elevation_m == pytest.approx(250, abs=1e-6)
    assert limit(box(-6160, -10, -6060, 10), RKGC2=130).elevation_m == pytest.approx(220, abs=1e-6)


def test_beyond_every_surface_there_is_no_limit():
    assert limit(box(0, 20_000, 100, 20_100)) is None


def test_approach_beyond_the_strip_has_transitional_sides():
    # 1,000 m out the approach is 300 m wide each side and at 120 m: 50 m beside it 7.15 m more
    assert limit(box(-1061, 350, -1060, 351)).elevation_m == pytest.approx(120 + 0.143 * 50, abs=0.03)


def test_a_turned_and_moved_runway_gives_the_same():
    site = box(-1160, -10, -1060, 10)
    move = lambda g: translate(rotate(g, 37, origin=(0, 0)), 485_000, 3_115_000)  # noqa: E731 - one expression
    assert limit(move(site), move(LINE)).elevation_m == pytest.approx(120, abs=1e-6)


def test_a_site_with_parts_and_holes_is_judged_at_its_worst_point():
    ring = box(1000, 2000, 1400, 2400) - box(1050, 2050, 1350, 2350)
    assert limit(ring | box(1000, 200, 1010, 210)).surface == "过渡面"


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"RKGC1": None}, "首端高程"),
        ({"JCGC": "不详"}, "不是数字"),
        ({"FXDJ": "9"}, "没有飞行区指标"),
        ({"PDLX": "其他"}, "其他"),
    ],
)
def test_what_is_missing_is_named(changed, missing):
    runway, reason = runway_of(LINE, ATTRIBUTES | changed, RULES)
    assert runway is None and missing in reason
