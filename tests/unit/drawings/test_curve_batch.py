"""Many curves at once give what each gives by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from drawings.cad.curve import Curve, arc, circle
from drawings.cad.curve_batch import CurveBatch

X0 = np.array([388_000.0, 3_120_000.0])
number = st.floats(-50, 50, allow_nan=False)
bulge = st.one_of(st.just(0.0), st.floats(-2, 2, allow_nan=False))


@st.composite
def curves(draw: st.DrawFn) -> Curve:
    count = draw(st.integers(1, 6))
    x0, y0 = draw(st.sampled_from([(0.0, 0.0), (388_000.0, 3_120_000.0)]))
    points = tuple((x0 + draw(number), y0 + draw(number)) for _ in range(count))
    bulges = tuple(draw(bulge) for _ in range(count)) if draw(st.booleans()) else None
    return Curve(points, bulges, draw(st.booleans()))


@given(st.lists(curves(), max_size=8))
def test_batch_equals_curve_by_curve(found: list[Curve]) -> None:
    batch = CurveBatch(found)
    flat = batch.flatten(0.001)
    assert len(flat.start) == len(found) + 1
    for k, curve in enumerate(found):
        assert batch.areas()[k] == pytest.approx(curve.area(), rel=1e-9, abs=1e-6)
        assert batch.lengths()[k] == pytest.approx(curve.length(), rel=1e-9, abs=1e-9)
        own = np.asarray(curve.flatten(0.001))
        assert np.allclose(flat.xy[flat.start[k] : flat.start[k + 1]], own, rtol=0, atol=1e-7)


def test_many_arcs_at_once_become_the_same_chords(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    found = [
        Curve(
            tuple((float(x), float(y)) for x, y in rng.uniform(-50, 50, (size, 2)) + X0),
            tuple(rng.choice([0.0, 1e-14, 0.3, -1.7, 8.0], size).tolist()),
            bool(size % 2),
        )
        for size in rng.integers(1, 7, 60).tolist()
    ]
    found += [Curve(()), circle((0, 0), 9.0)]
    batch = CurveBatch(found)
    few = batch.flatten(0.001)
    arcs = sum(bool(abs(b) >= 1e-9) and p != q for c in found for p, q, b in c.segments())
    assert batch.chords(0.001) == len(few.xy) - len(batch.xy) + arcs
    monkeypatch.setattr("drawings.cad.curve_batch._MANY_ARCS", 1)
    many = batch.flatten(0.001)
    assert (many.start == few.start).all()
    assert np.allclose(many.xy, few.xy, rtol=0, atol=1e-8)


def test_polygons_and_lines_in_metres() -> None:
    square = Curve(((0, 0), (1000, 0), (1000, 1000), (0, 1000)), None, True)
    twice = Curve(((0, 0), (0, 0), (1000, 0), (1000, 1000), (0, 0)), None, True)
    dot = Curve(((5, 5),))
    batch = CurveBatch([square, twice, dot, circle((0, 0), 2000), arc((0, 0), 1000, 0, math.pi)])
    polygons = batch.polygons(1.0, 0.001)
    assert polygons[0].equals(Polygon([(0, 0), (1, 0), (1, 1), (0, 1)]))
    assert len(polygons[1].exterior.coords) == 4 and polygons[2] is None
    assert polygons[3].area == pytest.approx(math.pi * 4, rel=1e-12)
    lines = batch.lines(1.0, 0.001)
    assert lines[0].equals(LineString([(0, 0), (1, 0), (1, 1), (0, 1)])) and lines[2] is None
    assert shapely.length(lines[4]) == pytest.approx(math.pi, rel=1e-3)
    assert len(CurveBatch([]).polygons(1.0, 1.0)) == 0
