"""Which shapes touch which, in lots; what areas cover together; cells are sought only where rings are possible."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from drawings.deadline import Deadline
from drawings.shapes import cells as cell_module
from drawings.shapes import pairs as pair_module
from drawings.shapes.cells import cells
from drawings.shapes.pairs import array, pairs, united

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
    together = united(shapes, LONG)
    assert together.is_valid
    assert shapely.symmetric_difference(together, shapely.union_all(shapes)).area == pytest.approx(
        0, abs=1e-9
    )


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
    assert not cell_module._may_enclose(array(crosses), 0.5, LONG).any()
