"""Whether a drawing lies elsewhere as a whole: moved, turned or mirrored between two revisions. Pure; metres.

Only outlines that are alone of their kind (role, length, corners) in both revisions are asked, the largest first: each
offers the ways it can be laid onto its counterpart, and the way that brings most of the others home is the drawing's.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from shapely.geometry.base import BaseGeometry

from drawings.drawing import RoleShape
from drawings.shapes.outlines import deviation, same
from drawings.shapes.shape_match import CompareSettings, unique
from drawings.shapes.similarity import Similarity, corners, similarities

_Pairs = list[tuple[BaseGeometry, BaseGeometry]]
#: outlines that are asked, and outlines that offer a way
_MOST, _OFFER = 400, 8


def whole_placement(
    before: Sequence[RoleShape], after: Sequence[RoleShape], rules: CompareSettings
) -> Similarity | None:
    """How a drawing as a whole was laid elsewhere; None where most of it stayed, or there is no one way."""
    pairs = _counterparts(before, after, rules)
    if len(pairs) < rules.placed.least:
        return None
    needed = max(rules.placed.least, math.ceil(rules.placed.share * len(pairs)))
    stayed = sum(same(a, b, rules.same_m) for a, b in pairs)
    if stayed >= rules.placed.least or stayed > len(pairs) - needed:
        return None
    best: tuple[int, Similarity] | None = None
    for a, b in pairs[:_OFFER]:
        for way in similarities(a, b, rules.same_m):
            if way.scaled:
                continue
            finer = _fitted(way, _home(way, pairs, 50 * rules.placed.apart_m), rules.same_m)
            home = len(_home(finer, pairs, rules.placed.apart_m))
            if best is None or home > best[0]:
                best = home, finer
    return best[1] if best is not None and best[0] >= needed else None


def _counterparts(before: Iterable[RoleShape], after: Iterable[RoleShape], rules: CompareSettings) -> _Pairs:
    def kind(shape: RoleShape) -> Hashable:
        found = corners(shape.geometry, rules.same_m)
        if found is None or len(found[0]) < 3:
            return ()
        return shape.role, round(shape.geometry.length / (20 * rules.same_m)), len(found[0])

    mine, theirs = unique(before, kind), unique(after, kind)
    pairs = [(mine[k].geometry, theirs[k].geometry) for k in mine.keys() & theirs.keys()]
    return sorted(pairs, key=lambda p: -p[0].length)[:_MOST]


def _home(way: Similarity, pairs: _Pairs, near: float) -> _Pairs:
    """Pairs the way brings together; what lies far from the outline it was found on is brought there less exactly."""
    return [(a, b) for a, b in pairs if _close(way.apply(a), b, near)]


def _close(a: BaseGeometry, b: BaseGeometry, near: float) -> bool:
    apart = max(abs(x - y) for x, y in zip(a.bounds, b.bounds, strict=True))
    return apart <= near and deviation(a, b) <= near


def _fitted(way: Similarity, home: _Pairs, tolerance: float) -> Similarity:
    """The same way, fitted to all corners it brings home; of the same length."""
    mine: list[Any] = []
    theirs: list[Any] = []
    for a, b in home:
        p, q = corners(a, tolerance), corners(b, tolerance)
        if p is None or q is None:
            continue
        nearest = np.abs(way.image(p[0])[:, None] - q[0][None, :]).argmin(axis=1)
        mine.append(p[0])
        theirs.append(q[0][nearest])
    if not mine:
        return way
    old, new = np.concatenate(mine), np.concatenate(theirs)
    start, end = complex(old.mean()), complex(new.mean())
    own = (old - start).conj() if way.mirrored else old - start
    turn = complex((own.conj() * (new - end)).sum())
    turn = turn / abs(turn) if turn else way.turn
    if not way.mirrored and abs(turn - 1) * float(np.abs(own).max()) <= tolerance:
        turn = complex(1)
    return Similarity(turn, start, end, way.mirrored)


def laid(shapes: Iterable[RoleShape], way: Similarity) -> tuple[RoleShape, ...]:
    """Shapes as the drawing as a whole lies now."""
    return tuple(replace(s, geometry=way.apply(s.geometry)) for s in shapes)
