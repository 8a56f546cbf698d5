"""Which shapes touch which, in lots; what areas cover together; cells are sought only where rings are possible."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from drawings.deadline import Deadline
from drawings.shapes import cells as cell_module
from drawings.shapes import pairs as pair_module
from drawings.shapes.cells import cells
from drawings.shapes.lobes import lobes
from drawings.shapes.pairs import (
    area_beyond,
    array,
    meetings,
    nearest_around,
    overlapping,
    pairs,
    together,
    united,
)

LONG = Deadline(600)
place = st.integers(0, 60).map(lambda v: v / 4)
squares = st.lists(st.tuples(place, place, st.integers(1, 8)), min_size=1, max_size=40)
lines = st.lists(
    st.lists(st.tuples(place, place), min_size=2, max_size=4, unique=True), min_size=2, max_size=12
)


@pytest.fixture(autouse=True)
def _small_lots() -> Iterator[None]:
    before = pair_module._PAIRS_AT_ONCE
    pair_module._PAIRS_AT_ONCE = 25
    yield
    pair_module._PAIRS_AT_ONCE = before


@given(squares, st.sampled_from([None, "intersects", "dwithin"]))
@settings(deadline=None, max_examples=60)
def test_lots_find_every_pair_once(found, predicate):
    shapes = array([box(x, y, x + size, y + size) for x, y, size in found])
    tree = shapely.STRtree(shapes)
    more = {"distance": 1.5} if predicate == "dwithin" else {}
    lots = list(pairs(shapes, tree, predicate, LONG, **more))
    got = sorted((int(a), int(b)) for left, right in lots for a, b in zip(left, right, strict=True))
    left, right = tree.query(shapes, predicate=predicate, **more)
    assert got == sorted(zip(left.tolist(), right.tolist(), strict=True))


@given(squares)
@settings(deadline=None, max_examples=60)
def test_areas_together(found):
    shapes = array([box(x, y, x + size, y + size) for x, y, size in found])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_module, "_UNITED", 3)
        every = united(shapes, LONG)
        assert together([*shapes], LONG).equals(every)
    assert every.is_valid
    assert shapely.symmetric_difference(every, shapely.union_all(shapes)).area == pytest.approx(0, abs=1e-9)


@given(lines)
@settings(deadline=None, max_examples=150)
def test_lines_left_out_enclose_nothing(found):
    drawn = [LineString(points) for points in found]

    def everywhere() -> list[tuple[float, tuple[int, ...]]]:
        return sorted((round(c.ring.area, 6), c.members) for c in cells(drawn, 0.3, 1e-6, LONG) or [])

    with_choice = everywhere()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cell_module, "_in_company", lambda lines, *_: np.arange(len(lines)))
        patch.setattr(cell_module, "_may_enclose", lambda lines, *_: np.full(len(lines), True))
        assert with_choice == everywhere()


def test_a_tree_symbol_is_not_cut():
    crosses = [LineString([(x - 1, 0), (x + 1, 0)]) for x in range(0, 400, 4)]
    crosses += [LineString([(x, -1), (x, 1)]) for x in range(0, 400, 4)]
    every = array(crosses)
    met = meetings(every, LONG)
    assert met is not None and len(met[0]) == 100
    assert not cell_module._may_enclose(every, met, 0.5, LONG).any()


@given(lines, st.sampled_from([(0.0, 0.0, 1.0), (388_000.1, 3_120_000.7, 0.1), (1e9, -1e9, 1 / 3)]))
@settings(deadline=None, max_examples=150)
def test_lines_meet_where_segments_touch(found, frame):
    east, north, size = frame
    drawn = array([LineString([(east + size * x, north + size * y) for x, y in points]) for points in found])
    segments = [
        (number, LineString(two))
        for number, line in enumerate(drawn)
        for two in itertools.pairwise(line.coords)
    ]
    wanted = [(a, b) for (a, one), (b, other) in itertools.combinations(segments, 2) if one.intersects(other)]
    met = meetings(drawn, LONG)
    assert met is not None
    assert sorted(zip(*(numbers.tolist() for numbers in met), strict=True)) == sorted(wanted)


def test_too_many_meetings_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_module, "_CROSSINGS", 0)
    grid = [LineString([(x, -1), (x, 60)]) for x in range(50)]
    grid += [LineString([(-1, y), (60, y)]) for y in range(50)]
    assert meetings(array(grid), LONG) is None
    assert meetings(array(grid[:50]), LONG) is not None


@given(squares, squares)
@settings(deadline=None, max_examples=60)
def test_areas_beyond_another(found, around):
    shapes = array([box(x, y, x + size, y + size) for x, y, size in found])
    area = shapely.union_all([box(x, y, x + size, y + size) for x, y, size in around])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_module, "_CORNERS", 8)
        beyond = area_beyond(shapes, area, LONG)
    assert beyond.tolist() == pytest.approx(shapely.area(shapely.difference(shapes, area)).tolist(), abs=1e-9)


@pytest.mark.parametrize("many", [20_000, 0], ids=["few", "many"])
@given(st.lists(st.tuples(place, place, st.integers(1, 8), st.booleans()), max_size=40), st.integers(2, 12))
@settings(deadline=None, max_examples=60)
def test_the_nearest_shape_around_each(many, found, corners):
    drawn = [box(x, y, x + s, y + s) if square else LineString([(x, y), (x + s, y), (x, y + s), (x, y)]).convex_hull
             for x, y, s, square in found]  # fmt: skip
    shapes = array(sorted(drawn, key=lambda g: -g.area))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_module, "_CORNERS_AT_ONCE", corners)
        patch.setattr(pair_module, "_MANY", many)
        nearest = nearest_around(shapes, LONG).tolist()
    assert nearest == [
        max((o for o in range(i) if shapes[o].contains(shapes[i])), default=-1) for i in range(len(shapes))
    ]


@pytest.mark.parametrize("many", [20_000, 0], ids=["few", "many"])
@given(
    st.lists(
        st.tuples(place, place, st.integers(1, 8), st.sampled_from(["", "square", "round"])), max_size=40
    )
)
@settings(deadline=None, max_examples=60)
def test_areas_that_overlap_whatever_holes_they_have(many, found):
    def holed(x: float, y: float, size: int, hole: str) -> BaseGeometry:
        middle = shapely.Point(x + size / 2, y + size / 2)
        cut = middle.buffer(size * 0.45, cap_style="square" if hole == "square" else "round")
        return box(x, y, x + size, y + size).difference(cut) if hole else box(x, y, x + size, y + size)

    areas = array([holed(*one) for one in found])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_module, "_MANY", many)
        lots = overlapping(areas, LONG)
        got = [(int(a), int(b)) for left, right in lots for a, b in zip(left, right, strict=True)]
    meet = [(i, j) for i, j in itertools.combinations(range(len(areas)), 2) if areas[i].intersects(areas[j])]
    assert set(got) <= set(meet) and got == sorted(got)
    assert {(i, j) for i, j in meet if areas[i].intersection(areas[j]).area > 0} <= set(got)


crossing = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)) | st.tuples(place, place), min_size=4, max_size=9
)


@given(st.lists(crossing, min_size=1, max_size=4))
@settings(deadline=None, max_examples=150)
def test_what_rings_that_cross_themselves_enclose(rings):
    drawn = [Polygon(points) for points in rings if len(set(points)) >= 3]
    crossed = array([p for p in drawn if not p.is_valid])
    for shape, polygon in zip(lobes(crossed, LONG), crossed, strict=True):
        area = shapely.make_valid(polygon).area
        assert (shape.area if shape is not None else 0.0) == pytest.approx(area, abs=1e-9)
        assert shape is None or shape.is_valid
