"""Protection distances and runway surfaces of features delivered as lines and points."""

from __future__ import annotations

import pytest
from shapely.geometry import LineString, MultiPolygon, Point

from gis import service
from gis.check.conflict import Intent

from .conftest import X, Y, rectangle

pytestmark = pytest.mark.integration
SITE = rectangle(0, 0, 100, 80)


def line_of(session, code, site=SITE, **options):
    report = service.check_geometry(session, site, 4547, **options)
    return next(entry for entry in report.layers if entry.code == code)


def wire(distance, voltage):
    return (
        LineString([(X - 200, Y + 80 + distance), (X + 300, Y + 80 + distance)]),
        {"MC": "线", "DYDJ": voltage},
    )


@pytest.mark.parametrize(
    ("distance", "voltage", "status", "outcome"),
    [
        (9, "110kV", "hit", "note"),
        (10.0, "110kV", "touch", "note"),
        (10.2, "110kV", "clear", "pass"),
        (14, "220千伏", "hit", "note"),
        (16, "220千伏", "clear", "pass"),
        (19.8, "500", "hit", "note"),
        (40, "±800kV", "hit", "undecided"),  # no distance in the table
        (60, "不详", "clear", "pass"),
    ],
)
def test_power_lines_by_voltage(session, load, distance, voltage, status, outcome):
    load("GYZL", [wire(distance, voltage)])
    entry = line_of(session, "GYZL")
    assert (entry.status, entry.outcome) == (status, outcome)
    if status == "hit":
        assert entry.features[0].detail["distance_m"] == pytest.approx(distance, abs=1e-3)
        assert "_origin" not in entry.features[0].attributes


def test_an_area_is_the_corridor_itself(session, load):
    load("GYZL", [(rectangle(-50, 81, 200, 90), {"DYDJ": "500kV"})])
    assert line_of(session, "GYZL").status == "clear"


def test_a_point_states_its_own_distance_and_the_circle_is_round(session, load):
    load("LX", [(Point(X + 130, Y + 110), {"MC": "井", "BHJL": 42.40})])  # the corner lies 42.43 m away
    assert line_of(session, "LX").status == "touch"
    load("LX", [(Point(X + 130, Y + 110), {"MC": "井", "BHJL": 45})], version="2")
    entry = line_of(session, "LX")
    assert entry.outcome == "fail" and entry.features[0].detail["distance_m"] == pytest.approx(
        42.426, abs=1e-3
    )


def test_an_older_version_is_widened_again(session, actors, load):
    load("GYZL", [wire(9, "110kV")])
    load("GYZL", [wire(300, "110kV")], version="2")
    assert line_of(session, "GYZL").status == "clear"
    service.activate_version(session, actors["admin"], "GYZL", "2026.1")
    assert line_of(session, "GYZL").status == "hit"


def test_runway_surfaces_limit_the_top_of_a_building(session, load):
    runway = LineString([(X + 5000, Y + 40), (X + 8000, Y + 40)])
    values = {"JG": "样例机场", "FXDJ": "4E", "PDLX": "精密进近", "RKGC1": 60, "RKGC2": 60, "JCGC": 60}
    load("JCJK", [(runway, values)])
    # the site's east edge is 4,840 m before the inner edge: 3,000 m at 2 %, 1,840 m at 2.5 %
    entry = line_of(session, "JCJK")
    assert entry.features[0].detail["surface"] == "锥形面" or entry.features[0].detail["surface"] == "进近面"
    assert entry.features[0].detail["limit_m"] == pytest.approx(
        min(60 + 60 + 46, 60 + 45 + 0.05 * 900), abs=0.02
    )
    assert entry.outcome == "undecided"
    limit = entry.features[0].detail["limit_m"]
    fits = Intent(building_m=80.0, ground_m=limit - 80)
    assert line_of(session, "JCJK", intent=fits).outcome == "pass"
    assert line_of(session, "JCJK", intent=Intent(building_m=80.002, ground_m=limit - 80)).outcome == "fail"


def test_parts_and_holes(session, load):
    load("YJJBNT", [(rectangle(30, 30, 50, 50), {"DLMC": "水田"})])
    around = SITE - rectangle(30, 30, 50, 50)
    assert line_of(session, "YJJBNT", around).status == "touch"  # it lies in the hole, edge on edge
    parts = MultiPolygon([rectangle(200, 0, 220, 20), rectangle(45, 45, 60, 60)])
    entry = line_of(session, "YJJBNT", parts)
    assert (entry.status, entry.overlap_m2) == ("hit", 25.0)
