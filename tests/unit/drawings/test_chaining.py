"""Many loose curves at once: what chains, what is drawn twice, which ends meet."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import numpy as np
import pytest

from drawings.cad.curve import Curve, join
from drawings.cad.curve_batch import CurveBatch
from drawings.deadline import Deadline, OutOfTimeError
from drawings.shapes.clusters import clusters
from drawings.shapes.rings import joined_batch, runs, twins


def some_curves(seed: int, count: int, grid: int) -> list[Curve]:
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        size = rng.choice((2, 2, 3, 5))
        points = tuple((float(rng.randrange(grid)), float(rng.randrange(grid))) for _ in range(size))
        bulges = (*(rng.choice((0.0, 0.5, -0.25)) for _ in range(size - 1)), 0.0)
        out.append(Curve(points, bulges if rng.random() < 0.4 else None))
    return out


@pytest.mark.parametrize("seed", range(12))
def test_runs_are_joined_as_curves_are(seed: int) -> None:
    curves = some_curves(seed, (1, 5, 40, 200)[seed % 4], (4, 12, 60)[seed % 3])
    batch = CurveBatch(curves)
    found, tangles = runs(batch.ends(), 0.01)
    members = [m for run in found for m in run.members] + [m for t in tangles for m in t.members]
    assert sorted(members) == list(range(len(curves)))
    joined = joined_batch(batch, found)
    for number, run in enumerate(found):
        sides = [curves[end // 2].reversed() if end % 2 else curves[end // 2] for end in run.ends]
        expected = join(sides, closed=run.closed)
        curve = joined.curve(number)
        assert curve.points == expected.points and curve.closed == expected.closed == run.closed
        assert curve.bulges == (expected.bulges if expected.has_arcs else None)


def test_a_tangle_points_at_its_first_meeting_of_three() -> None:
    lines = [((0, 0), (1, 0)), ((1, 0), (2, 0)), ((1, 0), (1, 1)), ((9, 9), (8, 8))]
    found, tangles = runs(np.array(lines, float), 0.01)
    assert [r.members for r in found] == [(3,)]
    assert [(t.members, t.at) for t in tangles] == [((0, 1, 2), (1.0, 0.0))]


def test_curves_along_the_same_points_in_either_direction_are_twins() -> None:
    a = Curve(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), (0.5, 0.0, 0.0))
    b = Curve(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    c = Curve(((0.0, 0.0), (1.0, 0.0)))
    d = Curve(((0.0, 0.0), (1.0, 0.02)))
    batch = CurveBatch([a, b, c, a.reversed(), b.reversed(), c.reversed(), d])
    assert twins(batch, 0.001).tolist() == [0, 1, 2, 0, 1, 2, 6]


@pytest.mark.parametrize("seed", range(8))
def test_clusters_are_those_of_every_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 12, (80, 2)) + rng.choice((0.0, 0.06, 0.08, -0.05), (80, 2))
    found = clusters(points, 0.1)
    label = list(range(80))
    for _ in range(80):
        for i in range(80):
            for j in range(i):
                if math.dist(points[i], points[j]) <= 0.1:
                    label[i] = label[j] = min(label[i], label[j])
    assert all((found[i] == found[j]) == (label[i] == label[j]) for i in range(80) for j in range(i))


def test_a_crowd_of_points_is_one_place_and_time_is_looked_at() -> None:
    crowd = np.random.default_rng(1).uniform(0, 0.05, (5000, 2))
    assert len(set(clusters(crowd, 0.1).tolist())) == 1
    with pytest.raises(OutOfTimeError):
        clusters(crowd, 0.1, Deadline(-1.0))
    assert clusters(np.zeros((0, 2)), 0.1).size == 0


def test_a_walk_along_a_long_chain() -> None:
    spots = [(math.cos(t / 5000), math.sin(t / 5000)) for t in range(20_000)]
    lines = list(pairwise(spots))
    random.Random(1).shuffle(lines)
    found, tangles = runs(np.array(lines), 1e-6)
    assert len(found) == 1 and not tangles and not found[0].closed and len(found[0].ends) == len(lines)


def test_ends_that_coincide_close_curves() -> None:
    curves = [
        Curve(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.005)), (0.0, 0.3, 0.0, 0.0)),
        Curve(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),
        Curve(((0.0, 0.0), (0.001, 0.0))),
        Curve(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), None, True),
        Curve(()),
    ]
    batch, which = CurveBatch(curves).closed_by_ends(0.01)
    assert which.tolist() == [True, False, False, False, False]
    assert batch.curve(0) == Curve(curves[0].points[:-1], (0.0, 0.3, 0.0), True)
    assert [batch.curve(k).points for k in (1, 2, 3)] == [c.points for c in curves[1:4]]
    assert CurveBatch(curves).long().tolist() == [True, True, True, True, False]
