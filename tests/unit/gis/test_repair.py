"""拓扑修复: what is proposed, what accepting it gives, and that nothing happens unasked."""

from __future__ import annotations

import json

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box, mapping

from gis.boundaries.boundary import read_boundary
from gis.boundaries.reading import BoundaryReading
from gis.boundaries.repair import proposals, repair
from project_box.kernel.errors import BadInput

EAST, NORTH = 500_000.0, 3_100_000.0


def rect(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return box(EAST + x0, NORTH + y0, EAST + x1, NORTH + y1)


def read(*parts: Polygon) -> BoundaryReading:
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}},
        "features": [{"type": "Feature", "properties": {}, "geometry": mapping(MultiPolygon(parts))}],
    }
    return read_boundary("site.geojson", json.dumps(document).encode())


def codes(reading: BoundaryReading) -> list[str]:
    return [i.code for i in reading.issues]


def test_a_clean_site_has_no_proposals() -> None:
    reading = read(rect(0, 0, 100, 100), rect(100, 0, 200, 100), rect(300, 0, 400, 50))
    assert reading.ok and codes(reading) == [] and proposals(reading) == []


def test_a_crossing_ring_is_untangled_into_its_areas() -> None:
    bow = Polygon([(EAST, NORTH), (EAST + 100, NORTH + 100), (EAST + 100, NORTH), (EAST, NORTH + 100)])
    reading = read(bow)
    assert codes(reading) == ["RING-SELF-CROSSING"]
    (proposal,) = proposals(reading)
    assert proposal.kind == "UNTANGLE" and proposal.at == (EAST + 50, NORTH + 50)
    assert proposal.after.area == pytest.approx(5000)
    assert not reading.ok, "proposing changes nothing"
    mended = repair(reading, [proposal.id])
    assert mended.ok and mended.area_m2 == 5000.0 and mended.parts == 2
    assert mended.attributes["repairs"][0]["id"] == proposal.id
    assert codes(mended) == ["REPAIR-ACCEPTED"]


def test_a_gap_is_closed_towards_the_larger_part() -> None:
    reading = read(rect(0, 0, 100, 100), rect(100.02, 0, 160, 100))
    assert reading.ok and codes(reading) == ["BOUNDARY-GAP"]
    (proposal,) = proposals(reading)
    assert proposal.kind == "CLOSE-GAP" and proposal.area_change_m2 == pytest.approx(2.0, abs=0.01)
    mended = repair(reading, ["all"])
    assert mended.area_m2 == pytest.approx(16_000.0, abs=0.01)
    assert codes(mended) == ["REPAIR-ACCEPTED"] and mended.parts == 2 and proposals(mended) == []


def test_an_overlap_is_counted_once() -> None:
    reading = read(rect(0, 0, 100, 100), rect(99.9, 0, 200, 100))
    assert codes(reading) == ["PARTS-OVERLAP"]
    mended = repair(reading, ["all"])
    assert mended.ok and mended.area_m2 == 20_000.0 and mended.parts == 2


def test_a_part_inside_another_is_a_question_with_two_answers() -> None:
    reading = read(rect(0, 0, 100, 100), rect(20, 20, 40, 40))
    once, hole = proposals(reading)
    assert (once.kind, hole.kind) == ("CUT-OVERLAP", "CUT-HOLE")
    assert not once.recommended and not hole.recommended
    assert not repair(reading, ["all"]).ok, "nobody but a person decides this"
    assert repair(reading, [once.id]).area_m2 == 10_000.0
    cut = repair(reading, [hole.id])
    assert cut.area_m2 == 9_600.0 and cut.holes == 1
    with pytest.raises(BadInput, match="no repair proposal"):
        repair(reading, [once.id, hole.id])


def test_slivers_spikes_and_near_points() -> None:
    reading = read(rect(0, 0, 100, 100), rect(150, 0, 150.05, 400))
    assert codes(reading) == ["BOUNDARY-SLIVER"]
    assert repair(reading, ["all"]).area_m2 == 10_000.0
    corners = [
        (0.0, 0.0),
        (100.0, 0.0),
        (100.0, 50.0),
        (300.0, 50.2),
        (100.0, 50.4),
        (100.0, 100.0),
        (0.0, 100.0),
    ]
    spiked = Polygon([(EAST + x, NORTH + y) for x, y in corners])
    mended = repair(read(spiked), ["all"])
    assert mended.area_m2 == 10_000.0 and "RING-SPIKE" not in codes(mended)
    corners = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (99.99, 100.0), (0.0, 100.0)]
    near = Polygon([(EAST + x, NORTH + y) for x, y in corners])
    reading = read(near)
    assert codes(reading) == ["RING-NEAR-POINTS"]
    assert [p.kind for p in proposals(reading)] == ["MERGE-POINTS"]
    assert codes(repair(reading, ["all"])) == ["REPAIR-ACCEPTED"]


def test_what_a_repair_cannot_mend_is_still_an_error() -> None:
    header = ["[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "带号=38", "计量单位=米", "[地块坐标]"]
    bow = [(3100000, 38500000), (3100100, 38500100), (3100000, 38500100), (3100100, 38500000)]
    points = [f"J{n},1,{north},{east}" for n, (north, east) in enumerate([*bow, bow[0]], 1)]
    text = "\n".join([*header, "4,1.0000,1,一,面,,,,@", *points])
    reading = read_boundary("a.txt", text.encode("gbk"))
    mended = repair(reading, ["all"])
    assert "AREA-MISMATCH" in codes(mended) and not mended.ok
    assert mended.declared_area_m2 == 10_000.0 and mended.area_m2 == 5_000.0


def test_unknown_ids_are_named() -> None:
    with pytest.raises(BadInput) as refused:
        repair(read(rect(0, 0, 10, 10)), ["UNTANGLE-00000000"])
    assert "UNTANGLE-00000000" in refused.value.zh and refused.value.code == "repair_unknown"


@given(
    st.lists(st.tuples(st.floats(0, 200), st.floats(0, 200)), min_size=4, max_size=9).filter(
        lambda points: len({(round(x, 2), round(y, 2)) for x, y in points}) == len(points)
    )
)
@settings(max_examples=60, deadline=None)
def test_accepting_everything_ends_in_valid_geometry_or_an_error(points: list[tuple[float, float]]) -> None:
    reading = read(Polygon([(EAST + x, NORTH + y) for x, y in points]))
    mended = repair(reading, ["all"])
    if mended.geometry is not None and not any("CROSSING" in c or "INVALID" in c for c in codes(mended)):
        parts = list(mended.geometry.geoms)
        assert all(p.is_valid for p in parts)
        assert shapely.union_all(parts).area == pytest.approx(sum(p.area for p in parts), rel=1e-6)
    again = repair(reading, ["all"])
    assert again.attributes.get("repairs") == mended.attributes.get("repairs"), (
        "the same file, the same repairs"
    )


def test_a_part_given_twice_counts_once() -> None:
    mended = repair(read(rect(0, 0, 100, 80), rect(0, 0, 100, 80)), ["all"])
    assert mended.ok and (mended.parts, mended.area_m2) == (1, 8000.0)


def test_a_repair_that_leaves_nothing_is_an_error() -> None:
    nothing = repair(
        read(Polygon(rect(0, 0, 100, 80).exterior, [rect(0, 0, 100, 80).exterior.coords])), ["all"]
    )
    assert not nothing.ok and "NO-AREA" in codes(nothing)


def test_a_sliver_hole_is_filled() -> None:
    reading = read(Polygon(rect(0, 0, 100, 100).exterior, [rect(20, 50, 80, 50.05).exterior.coords]))
    (proposal,) = proposals(reading)
    assert (proposal.kind, proposal.area_change_m2) == ("DROP-SLIVER", 3.0)
    mended = repair(reading, ["all"])
    assert (mended.area_m2, mended.holes, codes(mended)) == (10_000.0, 0, ["REPAIR-ACCEPTED"])


def test_three_parts_over_one_another_count_once() -> None:
    mended = repair(read(rect(0, 0, 100, 100), rect(50, 0, 150, 100), rect(75, 0, 175, 100)), ["all"])
    assert mended.ok and mended.area_m2 == 17_500.0
    within = repair(read(rect(0, 0, 100, 100), rect(90, 0, 190, 100), rect(20, 20, 30, 30)), ["all"])
    assert not within.ok, "a part inside another may be meant as a hole: that stays a question"


def test_an_inner_ring_outside_of_the_outer_one_is_a_question() -> None:
    reading = read(Polygon(rect(0, 0, 100, 100).exterior, [rect(200, 0, 210, 10).exterior.coords]))
    found = {p.kind: p for p in proposals(reading)}
    assert {kind: p.area_change_m2 for kind, p in found.items()} == {"DROP-HOLE": 0.0, "HOLE-TO-PART": 100.0}
    assert repair(reading, ["all"]) is not None and not repair(reading, ["all"]).ok
    areas = {kind: repair(reading, [p.id]).area_m2 for kind, p in found.items()}
    assert areas == {"DROP-HOLE": 10_000.0, "HOLE-TO-PART": 10_100.0}


def corners(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(EAST + x, NORTH + y) for x, y in points]


@pytest.mark.parametrize(
    ("parts", "kinds", "area"),
    [
        # a hole across the outline takes away what lies inside
        ([Polygon(rect(0, 0, 100, 100).exterior, [rect(80, 40, 120, 60).exterior.coords])], {"UNTANGLE"}, 9_600),
        # holes that overlap take away once
        ([Polygon(rect(0, 0, 100, 100).exterior,
                  [rect(20, 20, 50, 50).exterior.coords, rect(40, 20, 70, 50).exterior.coords])], {"UNTANGLE"}, 8_500),
        # lines that cross at a hundredth of a degree: an overlap below, a gap above
        ([rect(0, 0, 100, 100), Polygon(corners((99.96, 0), (200, 0), (200, 100), (100.04, 100)))],
         {"CUT-OVERLAP", "CLOSE-GAP"}, 20_000),
        # a part that fits the hole of another but for 5 cm all around
        ([Polygon(rect(0, 0, 100, 100).exterior, [rect(40, 40, 60, 60).exterior.coords]),
          rect(40.05, 40.05, 59.95, 59.95)], {"CLOSE-GAP"}, 10_000),
        # a loop at a corner, a spike and two points too near in three parts
        ([Polygon(corners((0, 0), (100, 0), (100, 110), (110, 100), (0, 100))),
          Polygon(corners((300, 0), (400, 0), (400, 50), (450, 50.05), (400, 50.1), (400, 100), (300, 100))),
          Polygon(corners((600, 0), (700, 0), (700, 100), (699.99, 100), (600, 100)))],
         {"UNTANGLE", "DROP-SPIKE", "MERGE-POINTS"}, 30_050),
    ],
)  # fmt: skip
def test_areas_worked_out_by_hand(parts: list[Polygon], kinds: set[str], area: float) -> None:
    mended = repair(read(*parts), ["all"])
    assert mended.ok, mended.issues
    assert {r["kind"] for r in mended.attributes["repairs"]} == kinds
    assert mended.area_m2 == pytest.approx(area, abs=0.011)
