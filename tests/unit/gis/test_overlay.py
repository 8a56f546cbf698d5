"""Overlap areas by compiled sums, against shapely; reports from parts made beforehand."""

import datetime as dt
import struct

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from gis.check.canonical import hundredths, millionths
from gis.check.conflict import LayerFacts, LoadedVersion, Overlap
from gis.check.judging import Settled, judge
from gis.check.overlay import Layers, Pieces, overlay
from gis.layers.layer import layer_catalogue
from gis.layers.pieces import boxes_over
from project_box.kernel.plain import canonical_json

ORIGIN = (485_000.0, 3_115_000.0)


def star(rng, middle, radius, vertices):
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    radii = radius * (1 + 0.3 * rng.uniform(-1, 1, vertices))
    return Polygon(np.add(middle, radii[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])))


def pieces_of(shapes, fids=None, site=0):
    blobs = [shapely.to_wkb(shapely.set_srid(s, 4547), include_srid=True) for s in shapes]
    fids = fids or range(1, len(blobs) + 1)
    return Pieces.of([(site, n, 1, fid) for n, fid in enumerate(fids, start=1)], blobs)


def around(site, shapes, fids=None, tolerance=0.05):
    (found,) = overlay([site], pieces_of(shapes, fids), Layers.of({1: (tolerance, True)}))
    return found


def near(site, shapes, tolerance=0.05):
    """Overlay of single features 1, 2, …: {fid: area}."""
    parts = [(part, n) for n, s in enumerate(shapes, start=1) for part in shapely.get_parts(s)]
    found = around(site, [p for p, _ in parts], [n for _, n in parts], tolerance)
    return {f.fid: f for f in found.near.get(1, [])}


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


def test_a_site_has_the_same_sums_whatever_comes_with_it_and_in_what_order():
    rng = np.random.default_rng(5)
    sites = [star(rng, ORIGIN, 100, 50), translate(star(rng, ORIGIN, 90, 30), 40, 10)]
    shapes = [star(rng, ORIGIN, 40, 9) for _ in range(20)]
    layers = Layers.of({1: (0.0, False)})
    rows = [(0, n, 1, 7) for n in range(20)] + [(1, n, 1, 7) for n in range(20)]
    blobs = [shapely.to_wkb(s) for s in shapes] * 2
    both = overlay(sites, Pieces.of(rows, blobs), layers)
    (alone,) = overlay(sites[:1], Pieces.of(rows[:20][::-1] * 2, blobs[:20][::-1] * 2), layers)
    assert both[0].near[1][0].area == alone.near[1][0].area  # a piece met in two boxes counts once, too
    (other,) = overlay(sites[:1], Pieces.of(rows[:20], blobs[:20]), Layers.of({2: (0.0, False)}))
    assert other.near == {}  # of a version nobody asked for


def test_pieces_copied_out_of_the_database_are_read():
    shapes = [shapely.to_wkb(shapely.set_srid(box(0, 0, n, 2), 4547), include_srid=True) for n in (3, 4)]
    rows = [(0, 2**40 + n, 7, n) for n in range(2)]
    data = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for (request, number, version, fid), blob in zip(rows, shapes, strict=True):
        data += struct.pack("!hiiiqiqii", 5, 4, request, 8, number, 8, version, 4, fid)
        data += struct.pack("!i", len(blob)) + blob
    found = Pieces.copied(data + b"\xff\xff")
    assert found.numbers.tolist() == [list(r) for r in rows]
    (there,) = overlay([box(1, 1, 9, 9)], found, Layers.of({7: (0.0, False)}))
    assert [n.area for n in there.near[7]] == [pytest.approx(2), pytest.approx(3)]
    assert len(Pieces.copied(b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff").numbers) == 0


def test_pieces_packed_by_the_server_are_read():
    site = MultiPolygon([box(1, 1, 9, 9), box(20, 0, 22, 2)])
    shapes = [box(0, 0, 3, 2), box(0, 0, 4, 2), box(21, 0, 29, 2)]
    blobs = [shapely.to_wkb(shapely.set_srid(s, 4547), include_srid=True) for s in shapes]
    data = b"".join(struct.pack("!qqi", 2**40 + n, 7, n) + blob for n, blob in enumerate(blobs))
    found = Pieces.packed(0, data)
    assert found.numbers.tolist() == [[0, 2**40 + n, 7, n] for n in range(3)]
    (there,) = overlay([site], found, Layers.of({7: (0.0, False)}))
    assert [n.area for n in there.near[7]] == [pytest.approx(2), pytest.approx(3), pytest.approx(2)]
    assert [float(shapely.area(n.common(site)).sum()) for n in there.near[7]] == [2, 3, 2]
    assert len(Pieces.packed(0, b"").starts) == 0


def test_area_under_overlapping_features_is_counted_once():
    site = box(0, 0, 100, 100)
    apart = around(site, [box(0, 0, 50, 100), box(50, 0, 100, 100)])
    across = around(site, [box(0, 0, 50, 100), box(49, 0, 100, 100)])
    assert apart.once == {}
    assert across.once == {1: pytest.approx(10_000)}
    third = around(site, [box(0, 0, 50, 50), box(40, 0, 100, 50), box(0, 60, 100, 200)])
    assert third.once == {1: pytest.approx(9_000)}
    outside = around(site, [box(0, 0, 150, 100), box(100, 0, 200, 100)])
    assert outside.once == {}  # what they have in common lies outside the site


def test_area_counted_once_of_many_shapes_is_that_of_geos():
    rng = np.random.default_rng(9)
    hole = box(-90, -80, 90, 80).difference(star(rng, (5, 0), 40, 15))
    parts = MultiPolygon([box(-90, -90, -10, 90), box(10, -90, 90, 90)])
    for site in [star(rng, (0, 0), 100, n) for n in (4, 30, 300)] + [hole, parts]:
        for _ in range(20):
            shapes = [star(rng, rng.uniform(-90, 90, 2), rng.uniform(20, 150), n) for n in (3, 9, 40, 90)]
            shapes = [shapely.buffer(s, 0) for s in shapes] + [box(-70, -200, 0, 200), box(0, -200, 70, 200)]
            fids = [1, 2, 3, 4, 5, 5]  # the last two are one feature, cut upright through the site
            moved = [translate(s, *ORIGIN) for s in shapes]
            there = translate(site, *ORIGIN)
            true = shapely.union_all(shapely.intersection(moved, there)).area
            assert around(there, moved, fids).once[1] == pytest.approx(true, abs=1e-4)


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
    assert ready.report().payload() == plain.report().payload()
    head = {"site": 3, "repaired": False}
    for judged in (plain, ready, plain):  # from fragments that are new, ready, and met before
        assert settled.fragments.report(judged, head) == canonical_json(head | judged.report().payload())


def test_reports_put_together_from_fragments_are_the_canonical_ones():
    catalogue, day = layer_catalogue(), dt.date(2026, 6, 1)
    settled = Settled(catalogue, {})
    rng = np.random.default_rng(1)
    for turn in range(30):
        name = ("v0", "v1", "v2", 'a\ufdd0"\ufdd3')[
            turn % 4
        ]  # the last one has the signs that stand for values
        versions = {c: LoadedVersion(n, name, day, 4547) for n, c in enumerate(catalogue.layers)}
        facts = {}
        for code, version in versions.items():
            overlaps = tuple(
                Overlap(
                    n, f'甲"{n}', float(rng.uniform(0, 90)), 30.0, {"b": None, "a": "é\n", "JB": n}, marker
                )
                for n, marker in enumerate((None, {"type": "Point", "coordinates": (1.0, 2.5)}))
            )
            facts[code] = LayerFacts(version, overlaps[: int(rng.integers(0, 3))], 90.0)
        judged = judge(8000.0, 4547, facts, catalogue, on=day)
        assert settled.fragments.report(judged, {"site": turn}) == canonical_json(
            {"site": turn} | judged.report().payload()
        )


@settings(deadline=None, max_examples=300)
@given(
    st.floats(0, 1e20)
    | st.floats(0, 1e-3)
    | st.integers(0, 10**9).map(lambda n: n / 200)  # halves of a hundredth
    | st.integers(0, 10**9).map(lambda n: n / 2e6)
)
def test_numbers_are_written_as_rounded_ones(value):
    assert hundredths(value) == repr(round(value, 2))
    assert millionths(value) == repr(round(value, 6))
