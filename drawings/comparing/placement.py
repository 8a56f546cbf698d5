"""Whether a drawing lies elsewhere as a whole: moved, turned or mirrored between two revisions. Pure; metres.

Only outlines that are alone of their kind (role, length, area) in both revisions are asked, or where there are none
those of one handle; the largest first. Each offers the ways it can be laid onto its counterpart, and the way that
brings most of the others home is the drawing's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
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


def _counterparts(before: Sequence[RoleShape], after: Sequence[RoleShape], rules: CompareSettings) -> _Pairs:
    mine, theirs = _kinds(before, rules.same_m), _kinds(after, rules.same_m)
    by_kind = unique(mine, lambda k: k[:3]), unique(theirs, lambda k: k[:3])
    by_handle = unique(mine, lambda k: k[:4]), unique(theirs, lambda k: k[:4])
    pairs: _Pairs = []
    for old, new in (
        by_kind,
        by_handle,
    ):  # where all look alike, as parking spaces do, handles tell which is which
        pairs = [(before[old[k][4]].geometry, after[new[k][4]].geometry) for k in old.keys() & new.keys()]
        if len(pairs) >= rules.placed.least:
            break
    return sorted(pairs, key=lambda p: -p[0].length)[:_MOST]


def _kinds(shapes: Sequence[RoleShape], grain: float) -> list[tuple[str, int, int, str, int]]:
    """(role, length, area, handle, position) of outlines; where an outline lies does not touch the first four."""
    drawn = np.array([None, *(s.geometry for s in shapes)], dtype=object)[1:]
    length, area = shapely.length(drawn), shapely.area(drawn)
    coarse = (np.rint(length / (20 * grain)), np.rint(area / (20 * grain * np.maximum(length, 1))))
    return [
        (s.role, int(a), int(b), s.handle, i)
        for i, (s, a, b) in enumerate(zip(shapes, *(c.tolist() for c in coarse), strict=True))
        if a > 0
    ]


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
