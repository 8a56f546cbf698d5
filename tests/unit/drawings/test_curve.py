"""Exact areas of arcs, and chords that keep them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from drawings.cad.curve import Curve, apply, arc, circle, compose, ellipse, is_similarity, join, segment_area

finite = st.floats(-1e4, 1e4, allow_nan=False, allow_infinity=False)
bulge = st.floats(-3, 3, allow_nan=False).filter(lambda b: b == 0 or abs(b) > 1e-9)


@st.composite
def rings(draw):
    """A star-shaped ring with gentle arcs, far from the origin as real coordinates are."""
    count = draw(st.integers(3, 9))
    centre = draw(st.sampled_from([(0.0, 0.0), (388_000.0, 3_120_000.0)]))
    radii = [draw(st.floats(5, 50)) for _ in range(count)]
    points = tuple(
        (
            centre[0] + r * math.cos(2 * math.pi * i / count),
            centre[1] + r * math.sin(2 * math.pi * i / count),
        )
        for i, r in enumerate(radii)
    )
    bulges = tuple(draw(st.floats(-0.4, 0.4)) for _ in range(count))
    return Curve(points, bulges, closed=True)


def test_circle_and_half_disc() -> None:
    assert circle((388_000, 3_120_000), 10).area() == pytest.approx(math.pi * 100, rel=1e-12)
    half = Curve(((0, 0), (20, 0)), (1.0, 0.0), closed=True)
    assert half.area() == pytest.approx(math.pi * 50)
    assert half.length() == pytest.approx(math.pi * 10 + 20)


@given(rings())
def test_flattened_ring_keeps_the_exact_area(ring: Curve) -> None:
    flat = Polygon(ring.flatten(0.001))
    assert abs(flat.area) == pytest.approx(abs(ring.area()), rel=1e-9, abs=1e-6)


@given(st.floats(0.5, 500), st.floats(0.05, 2 * math.pi), st.floats(1e-3, 0.1))
def test_chords_stay_within_the_tolerance(radius: float, sweep: float, tolerance: float) -> None:
    curve = arc((0, 0), radius, 0.3, 0.3 + sweep)
    line = LineString(curve.flatten(tolerance))
    for k in range(40):
        t = 0.3 + sweep * k / 39
        true = (radius * math.cos(t), radius * math.sin(t))
        assert line.distance(_point(true)) <= tolerance * 1.01 + 1e-9
    for x, y in curve.flatten(tolerance):
        assert abs(math.hypot(x, y) - radius) <= tolerance * 1.01 + 1e-9


def _point(xy: tuple[float, float]):
    from shapely.geometry import Point

    return Point(xy)


@given(rings())
def test_reversing_turns_the_sign_and_keeps_the_length(ring: Curve) -> None:
    assert ring.reversed().area() == pytest.approx(-ring.area(), rel=1e-9, abs=1e-6)
    assert ring.reversed().length() == pytest.approx(ring.length(), rel=1e-9)


@given(
    rings(),
    st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3)).filter(
        lambda m: abs(m[0] * m[3] - m[1] * m[2]) > 0.05
    ),
)
def test_area_under_an_affine_map_scales_with_the_determinant(ring: Curve, m) -> None:
    ring = ring.transformed((1, 0, 0, 1, -ring.points[0][0], -ring.points[0][1]))
    moved = ring.transformed((m[0], m[1], m[2], m[3], 7.0, -3.0))
    determinant = m[0] * m[3] - m[1] * m[2]
    assert moved.area() == pytest.approx(ring.area() * determinant, rel=1e-6, abs=1e-4)


def test_similarities_keep_arcs_and_mirrors_turn_them() -> None:
    ring = Curve(((0, 0), (10, 0), (10, 10)), (0.5, 0.0, 0.0), closed=True)
    mirrored = ring.transformed((-2, 0, 0, 2, 0, 0))
    assert mirrored.bulges == (-0.5, -0.0, -0.0) and is_similarity((-2, 0, 0, 2, 0, 0))
    assert mirrored.area() == pytest.approx(-4 * ring.area())
    assert not is_similarity((2, 0, 0, 1, 0, 0)) and ring.transformed((2, 0, 0, 1, 0, 0)).bulges is None


def test_ellipse_area_is_exact() -> None:
    full = ellipse((1, 1), (5, 0), (0, 2), 0, 2 * math.pi, 0.01)
    assert full.closed and full.area() == pytest.approx(math.pi * 10, rel=1e-12)
    quarter = ellipse((0, 0), (5, 0), (0, 2), 0, math.pi / 2, 0.01)
    assert quarter.area() == pytest.approx(math.pi * 10 / 4 - 5, rel=1e-9)


@given(st.floats(0.001, 100), st.floats(1e-9, 5))
def test_segment_area_is_odd_and_smooth(chord: float, b: float) -> None:
    assert segment_area(chord, -b) == pytest.approx(-segment_area(chord, b))
    if b < 1e-3:
        assert segment_area(chord, b) == pytest.approx(chord * chord * b / 3, rel=1e-3)


def test_maps_compose_inner_first() -> None:
    turn, shift = (0.0, 1.0, -1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 1.0, 5.0, 0.0)
    assert apply(compose(shift, turn), (1.0, 0.0)) == (5.0, 1.0)


def test_joined_halves_make_the_circle() -> None:
    upper, lower = arc((0, 0), 3, 0, math.pi), arc((0, 0), 3, math.pi, 2 * math.pi)
    assert join([upper, lower], closed=True).area() == pytest.approx(math.pi * 9)
