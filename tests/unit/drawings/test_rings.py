"""Joining lines into rings."""

from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawings.cad.curve import Curve, arc
from drawings.cad.curve_batch import CurveBatch
from drawings.shapes.rings import Run, Tangle, joined_batch, runs


def line(*points):
    return Curve(tuple(points))


def chain(curves: list[Curve], tolerance: float) -> tuple[list[tuple[Run, Curve]], list[Tangle]]:
    """Runs with the curve of each, and tangles."""
    batch = CurveBatch(curves)
    found, tangles = runs(batch.ends(), tolerance)
    joined = joined_batch(batch, found)
    return [(run, joined.curve(k)) for k, run in enumerate(found)], tangles


@given(st.integers(3, 40), st.randoms(use_true_random=False), st.floats(0, 0.004))
def test_shuffled_turned_and_shaken_sides_become_the_ring_again(
    count: int, rand: random.Random, shake: float
) -> None:
    import math

    corners = [
        (388_000 + 50 * math.cos(2 * math.pi * i / count), 50 * math.sin(2 * math.pi * i / count))
        for i in range(count)
    ]

    def near(p):
        return (p[0] + rand.uniform(-shake, shake), p[1] + rand.uniform(-shake, shake))

    sides = [line(near(corners[i]), near(corners[(i + 1) % count])) for i in range(count)]
    sides = [s if rand.random() < 0.5 else s.reversed() for s in sides]
    rand.shuffle(sides)
    chains, tangles = chain(sides, 0.02)
    assert not tangles and len(chains) == 1
    run, curve = chains[0]
    assert curve.closed and sorted(run.members) == list(range(count))
    expected = 0.5 * count * 2500 * math.sin(2 * math.pi / count)
    assert abs(chains[0][1].area()) == pytest.approx(expected, abs=2.0)


def test_arcs_in_a_chain_keep_their_exact_area() -> None:
    import math

    chains, _ = chain([line((-5, 0), (5, 0)), arc((0, 0), 5, 0, math.pi)], 0.01)
    assert abs(chains[0][1].area()) == pytest.approx(math.pi * 12.5, rel=1e-12)


def test_an_open_chain_stays_open() -> None:
    chains, _ = chain([line((0, 0), (10, 0)), line((10, 0), (10, 10)), line((10, 10), (0, 0.3))], 0.02)
    ((run, curve),) = chains
    assert not run.closed and not curve.closed and math.dist(curve.start, curve.end) == pytest.approx(0.3)


def test_three_ends_in_one_place_are_a_tangle() -> None:
    chains, tangles = chain([line((0, 0), (1, 0)), line((1, 0), (2, 0)), line((1, 0), (1, 1))], 0.01)
    assert not chains and tangles[0].members == (0, 1, 2)
    assert tangles[0].at == (1, 0)


def test_a_heap_of_ends_and_a_long_chain_take_time_in_proportion() -> None:
    star = [Curve(((0.0, 0.0), (math.cos(k), math.sin(k)))) for k in range(20_000)]
    line = [Curve(((float(k), 0.0), (k + 1.0, 0.0))) for k in range(20_000)]
    start = time.process_time()
    _, tangles = chain(star, 1e-6)
    chains, _ = chain(line, 1e-6)
    assert len(tangles) == 1 and len(chains) == 1 and len(chains[0][0].members) == 20_000
    assert time.process_time() - start < 5
