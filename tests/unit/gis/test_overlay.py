"""Overlap areas by compiled sums, against shapely."""

import datetime as dt

import numpy as np
import pytest
import shapely
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from gis.conflict import LayerFacts, LoadedVersion, Overlap
from gis.judging import Settled, judge
from gis.layer import layer_catalogue
from gis.overlay import Piece, Site, covered_once
from gis.pieces import boxes_over
from project_box.kernel.plain import canonical_json

ORIGIN = (485_000.0, 3_115_000.0)


def star(rng, middle, radius, vertices):
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radii = radius * (1 + 0.3 * rng.uniform(-1, 1, vertices))
    return Polygon(np.add(middle, radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])))


def near(site, shapes, tolerance=0.05):
    """Overlay of single features 1, 2, …: {fid: area}."""
    pieces = [
        Piece(n, 1, n, shapely.to_wkb(shapely.set_srid(s, 4547), include_srid=True))
        for n, s in enumerate(shapes, start=1)
    ]
    return {f.fid: f for f in Site(site).overlay(pieces, {1: tolerance})}


def test_areas_of_many_shapes_are_those_of_geos():
    rng = np.random.default_rng(3)
    holes = [star(rng, (0, 0), 120, 40).difference(star(rng, (5, 0), 40, 15)) for _ in range(5)]
    parts = [MultiPolygon([box(-90, -90, -10, 90), box(10, -90, 90, 90)])]
    sites = [star(rng, (0, 0), 100, n) for n in (4, 30, 200, 3000)] + holes + parts
    shapes = [star(rng, rng.uniform(-150, 150, 2), rng.uniform(10, 150), n) for n in range(3, 120)] + holes
    for site in (translate(s, *ORIGIN) for s in sites if s.is_valid):
        moved = [translate(s, *ORIGIN) for s in shapes if s.is_valid]
        found = near(site, moved)
        for number, shape in enumerate(moved, start=1):
            assert (number in found) == (shape.distance(site) <= 0.05)
            area = found[number].area if number in found else 0.0
            assert area == pytest.approx(shape.intersection(site).area, abs=1e-5)
            if number in found:
                assert found[number].perimeter_most >= shape.intersection(site).length - 1e-6


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (box(0, 0, 10, 10), 100),  # the same outline
        (box(10, 0, 20, 10), 0),  # shares an edge
        (box(10, 10, 20, 20), 0),  # shares a corner
        (box(10.04, 0, 20, 10), 0),  # within the tolerance
        (box(10.06, 0, 20, 10), None),  # beyond it
        (box(2, 2, 4, 4), 4),  # inside
        (box(-9, -9, 99, 99), 100),  # around
        (box(-9, -9, 99, 99).difference(box(-1, -1, 11, 11)), None),  # around, with a hole about the site
        (box(-9, -9, 99, 99).difference(box(0, 0, 10, 10)), 0),  # the hole is the site
        (box(0, 5, 10, 15), 50),  # shares parts of edges
        (Polygon([(0, 0), (10, 10), (0, 10)]), 50),  # from corner to corner
        (shapely.reverse(box(5, 0, 15, 10)), 50),  # runs the other way round
    ],
)
def test_shared_edges_and_corners(shape, area):
    site = translate(box(0, 0, 10, 10), *ORIGIN)
    found = near(site, [translate(shape, *ORIGIN)])
    assert [f.area for f in found.values()] == ([] if area is None else [pytest.approx(area, abs=1e-6)])


def test_pieces_of_a_feature_are_summed_in_their_own_order():
    rng = np.random.default_rng(5)
    site = star(rng, ORIGIN, 100, 50)
    blobs = [shapely.to_wkb(star(rng, ORIGIN, 40, 9)) for _ in range(20)]
    pieces = [Piece(n, 1, 7, b) for n, b in enumerate(blobs)]
    (one,) = Site(site).overlay(pieces, {1: 0.0})
    (other,) = Site(site).overlay(pieces[::-1], {1: 0.0})
    assert one.area == other.area
    assert Site(site).overlay(pieces, {2: 0.0}) == []  # of a version nobody asked for


def test_area_under_overlapping_features_is_counted_once():
    site = box(0, 0, 100, 100)
    apart = near(site, [box(0, 0, 50, 100), box(50, 0, 100, 100)])
    across = near(site, [box(0, 0, 50, 100), box(49, 0, 100, 100)])
    assert covered_once(list(apart.values()), site, 0.01) is None
    assert covered_once(list(across.values()), site, 0.01) == pytest.approx(10_000)
    third = near(site, [box(0, 0, 50, 50), box(40, 0, 100, 50), box(0, 60, 100, 200)])
    assert covered_once(list(third.values()), site, 0.01) == pytest.approx(9_000)


def test_a_long_road_is_looked_at_in_parts():
    road = LineString([(0, 0), (20_000, 18_000)]).buffer(15, cap_style="flat")
    boxes = boxes_over(road, 1.0)
    assert 8 < len(boxes) <= 64
    assert shapely.union_all([box(*b) for b in boxes]).covers(road.buffer(0.5, join_style="mitre"))
    assert sum((b[2] - b[0]) * (b[3] - b[1]) for b in boxes) < 0.1 * 20_000 * 18_000
    assert len(boxes_over(box(0, 0, 500, 400), 1.0)) == 1


def test_lines_made_beforehand_change_nothing():
    catalogue, day = layer_catalogue(), dt.date(2026, 6, 1)
    versions = {c: LoadedVersion(n, f"v{n}", day, 4547) for n, c in enumerate(list(catalogue.layers)[::2])}
    facts = {c: LayerFacts(v) for c, v in versions.items()}
    facts["YJJBNT"] = LayerFacts(LoadedVersion(99, "x", day, 4547), (Overlap(1, "甲", 50.0, 30.0, {}),), 50.0)
    settled = Settled(catalogue, versions)
    plain = judge(8000.0, 4547, facts, catalogue, on=day)
    ready = judge(8000.0, 4547, facts, catalogue, on=day, settled=settled)
    assert ready.payload() == plain.payload()
    head = {"site": 3, "repaired": False}
    assert ready.canonical(head, settled.texts).encode() == canonical_json(head | plain.payload())
