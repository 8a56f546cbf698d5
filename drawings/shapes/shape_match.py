"""Which shape of one revision is which of another, within one role: the surest pairs first. Pure; metres."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import shapely
from pydantic import BaseModel, ConfigDict, Field
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from drawings.drawing import RoleShape
from drawings.reading import CATALOGUE
from project_box.kernel.catalogue import parse


class CauseBounds(BaseModel):
    """How much is computed to say what changed an indicator: changes looked at one by one, seconds in all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    most: int = Field(gt=0)
    seconds: float = Field(gt=0)


class CompareSettings(BaseModel):
    """Tolerances of comparing, from ``catalogue/compare.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    same_m: float = Field(gt=0)
    overlap_share: float = Field(gt=0, le=1)
    pairs: int = Field(gt=0)
    causes: CauseBounds
    identity: dict[str, tuple[str, ...]] = {}


@lru_cache
def compare_settings() -> CompareSettings:
    """The settings in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(CompareSettings, CATALOGUE / "compare.yaml")


def unique(items: Iterable[Any], key: Callable[[Any], Hashable]) -> dict[Hashable, Any]:
    """Items by key, those whose key is not shared."""
    groups: dict[Hashable, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return {k: v[0] for k, v in groups.items() if len(v) == 1 and k not in ("", ())}


_Pair = tuple[int, int]


def same(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> bool:
    if a.is_empty or b.is_empty:
        return bool(a.is_empty and b.is_empty)
    if any(abs(x - y) > tolerance for x, y in zip(a.bounds, b.bounds, strict=True)):
        return False
    return deviation(a, b) <= tolerance


def deviation(a: BaseGeometry, b: BaseGeometry) -> float:
    """Greatest distance from a vertex of one outline to the other outline."""
    return max(float(shapely.hausdorff_distance(a, b)), float(shapely.hausdorff_distance(b, a)))


def vector(a: BaseGeometry, b: BaseGeometry) -> tuple[float, float]:
    """From the middle of a to the middle of b, by their boxes (exact for congruent outlines)."""
    p, q = a.bounds, b.bounds
    return (q[0] + q[2] - p[0] - p[2]) / 2, (q[1] + q[3] - p[1] - p[3]) / 2


def congruent(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> bool:
    """True if b is a moved in parallel."""
    if a.is_empty or b.is_empty or a.geom_type != b.geom_type:
        return False
    p, q = a.bounds, b.bounds
    if (
        abs((p[2] - p[0]) - (q[2] - q[0])) > 2 * tolerance
        or abs((p[3] - p[1]) - (q[3] - q[1])) > 2 * tolerance
    ):
        return False
    return same(affinity.translate(a, *vector(a, b)), b, tolerance)


def _common(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> float:
    """Share two shapes have in common, 0 … 1, the same both ways."""
    try:
        if a.area > 0 and b.area > 0:
            inner = (a.intersection(b).area + b.intersection(a).area) / 2
            return round(inner / (a.area + b.area - inner), 9)
        if a.length > 0 and b.length > 0:
            near = 10 * tolerance
            run = a.intersection(b.buffer(near)).length + b.intersection(a.buffer(near)).length
            return round(float(min(1.0, run / (a.length + b.length))), 9)
    except shapely.errors.GEOSException:
        return 0.0
    return 0.0


def match(role: str, a: Sequence[RoleShape], b: Sequence[RoleShape], rules: CompareSettings) -> list[_Pair]:
    """Pairs of indexes; what is not in a pair was added or removed."""
    free_a, free_b = set(range(len(a))), set(range(len(b)))
    pairs: list[_Pair] = []

    def take(candidates: Iterable[tuple[float, int, int]]) -> None:
        # the sum and the difference of indexes order equal candidates the same way from both sides
        for _, i, j in sorted(candidates, key=lambda c: (c[0], c[1] + c[2], abs(c[1] - c[2]))):
            if i in free_a and j in free_b:
                free_a.discard(i)
                free_b.discard(j)
                pairs.append((i, j))

    def touching() -> Iterable[_Pair]:
        left, right = sorted(free_a), sorted(free_b)
        if not left or not right:
            return []
        tree = shapely.STRtree([b[j].geometry for j in right])
        boxes = [a[i].geometry.buffer(rules.same_m) for i in left]
        rows = tree.query(boxes)
        return [(left[i], right[j]) for i, j in zip(rows[0].tolist(), rows[1].tolist(), strict=True)]

    def keyed(key: Callable[[RoleShape], Hashable]) -> list[_Pair]:
        mine = unique(sorted(free_a), lambda i: key(a[i]))
        theirs = unique(sorted(free_b), lambda j: key(b[j]))
        return [(mine[k], theirs[k]) for k in mine.keys() & theirs.keys()]

    take(
        (0.0 if a[i].handle == b[j].handle else 1.0, i, j)
        for i, j in touching()
        if same(a[i].geometry, b[j].geometry, rules.same_m)
    )
    for i, j in keyed(lambda s: s.handle):
        first, second = a[i].geometry, b[j].geometry
        if (
            _common(first, second, rules.same_m) >= rules.overlap_share
            or congruent(first, second, rules.same_m)
            or (_identity(role, a[i], rules) and _identity(role, a[i], rules) == _identity(role, b[j], rules))
        ):
            take([(0.0, i, j)])
    take((0.0, i, j) for i, j in keyed(lambda s: _identity(role, s, rules)))
    scored = [(_common(a[i].geometry, b[j].geometry, rules.same_m), i, j) for i, j in touching()]
    take((-share, i, j) for share, i, j in scored if share >= rules.overlap_share)
    take(_moved_candidates(a, b, sorted(free_a), sorted(free_b), rules))
    return sorted(pairs)


def _identity(role: str, shape: RoleShape, rules: CompareSettings) -> tuple[str, ...]:
    values = tuple(str(shape.attributes.get(key, "")) for key in rules.identity.get(role, ()))
    return values if any(values) else ()


def _moved_candidates(
    a: Sequence[RoleShape],
    b: Sequence[RoleShape],
    left: Sequence[int],
    right: Sequence[int],
    rules: CompareSettings,
) -> list[tuple[float, int, int]]:
    """(distance, i, j) of congruent shapes."""
    if not left or not right:
        return []
    grain = max(rules.same_m * 20, 1e-6)

    def size(shape: RoleShape) -> tuple[int, int]:
        x0, y0, x1, y1 = shape.geometry.bounds
        return round((x1 - x0) / grain), round((y1 - y0) / grain)

    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for j in right:
        if not b[j].geometry.is_empty:
            buckets[size(b[j])].append(j)
    near = {
        i: [
            j
            for w in (-1, 0, 1)
            for h in (-1, 0, 1)
            for j in buckets.get((size(a[i])[0] + w, size(a[i])[1] + h), ())
        ]
        for i in left
        if not a[i].geometry.is_empty
    }
    if sum(len(v) for v in near.values()) > rules.pairs:  # very many alike: row by row

        def place(shape: RoleShape) -> tuple[float, ...]:
            return tuple(shape.geometry.bounds)

        rows = zip(
            sorted(near, key=lambda i: place(a[i])), sorted(right, key=lambda j: place(b[j])), strict=False
        )
        return [(0.0, i, j) for i, j in rows if congruent(a[i].geometry, b[j].geometry, rules.same_m)]
    return [
        (round(math.hypot(*vector(a[i].geometry, b[j].geometry)), 6), i, j)
        for i, others in near.items()
        for j in others
        if congruent(a[i].geometry, b[j].geometry, rules.same_m)
    ]
