"""Which shape of one revision is which of another, within one role: the surest pairs first. Pure; metres."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry.base import BaseGeometry

from drawings.drawing import RoleShape
from drawings.reading import CATALOGUE
from drawings.shapes.outlines import all_same, common, congruent, vector
from drawings.shapes.similarity import similarity
from project_box.kernel.catalogue import parse


class CauseBounds(BaseModel):
    """How much is computed to say what changed an indicator: changes looked at one by one, seconds in all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    most: int = Field(gt=0)
    seconds: float = Field(gt=0)


class PlacedBounds(BaseModel):
    """When a drawing was laid elsewhere as a whole: shapes that must agree, their share, metres they may be apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    least: int = Field(gt=1)
    share: float = Field(gt=0.5, le=1)
    apart_m: float = Field(gt=0)


class CompareSettings(BaseModel):
    """Tolerances of comparing, from ``catalogue/compare.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    same_m: float = Field(gt=0)
    overlap_share: float = Field(gt=0, le=1)
    pairs: int = Field(gt=0)
    turned: int = Field(gt=0)
    placed: PlacedBounds
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


def match(role: str, a: Sequence[RoleShape], b: Sequence[RoleShape], rules: CompareSettings) -> list[_Pair]:
    """Pairs of indexes; what is not in a pair was added or removed."""
    return _Matching(role, a, b, rules).pairs()


class _Matching:
    """Shapes of one role in both revisions; what is paired is no longer free."""

    def __init__(
        self, role: str, a: Sequence[RoleShape], b: Sequence[RoleShape], rules: CompareSettings
    ) -> None:
        self.role, self.a, self.b, self.rules = role, a, b, rules
        self.free_a, self.free_b = set(range(len(a))), set(range(len(b)))
        self.found: list[_Pair] = []

    def pairs(self) -> list[_Pair]:
        """The surest first: the same outline, handle, identity, overlap, the outline elsewhere, the outline turned."""
        rules = self.rules
        self.take(self.unchanged())
        self.take((0.0, i, j) for i, j in self.keyed(lambda s: s.handle) if self.one(i, j))
        self.take((0.0, i, j) for i, j in self.keyed(lambda s: _identity(self.role, s, rules)))
        shares = ((common(*self.outlines(i, j), rules.same_m), i, j) for i, j in self.touching())
        self.take((-share, i, j) for share, i, j in shares if share >= rules.overlap_share)
        self.take(_moved_candidates(self.a, self.b, sorted(self.free_a), sorted(self.free_b), rules))
        self.take(_turned_candidates(self.a, self.b, sorted(self.free_a), sorted(self.free_b), rules))
        return sorted(self.found)

    def take(self, candidates: Iterable[tuple[float, int, int]]) -> None:
        """Pair what is free, the smallest number first."""
        # the sum and the difference of indexes order equal candidates the same way from both sides
        for _, i, j in sorted(candidates, key=lambda c: (c[0], c[1] + c[2], abs(c[1] - c[2]))):
            if i in self.free_a and j in self.free_b:
                self.free_a.discard(i)
                self.free_b.discard(j)
                self.found.append((i, j))

    def outlines(self, i: int, j: int) -> tuple[BaseGeometry, BaseGeometry]:
        return self.a[i].geometry, self.b[j].geometry

    def touching(self) -> list[_Pair]:
        """Free shapes whose boxes touch."""
        left, right = sorted(self.free_a), sorted(self.free_b)
        if not left or not right:
            return []
        grain = self.rules.same_m
        bounds = shapely.bounds([self.a[i].geometry for i in left]) + np.array([-grain, -grain, grain, grain])
        tree = shapely.STRtree([self.b[j].geometry for j in right])
        rows = tree.query(shapely.box(*bounds.T))
        return [(left[i], right[j]) for i, j in zip(rows[0].tolist(), rows[1].tolist(), strict=True)]

    def unchanged(self) -> list[tuple[float, int, int]]:
        """Candidates drawn in the same place, those of the same handle first."""
        near = self.touching()
        if not near:
            return []
        mine = np.array([None, *(self.a[i].geometry for i, _ in near)], dtype=object)[1:]
        theirs = np.array([None, *(self.b[j].geometry for _, j in near)], dtype=object)[1:]
        alike = all_same(mine, theirs, self.rules.same_m)
        return [
            (0.0 if self.a[i].handle == self.b[j].handle else 1.0, i, j)
            for (i, j), yes in zip(near, alike.tolist(), strict=True)
            if yes
        ]

    def keyed(self, key: Callable[[RoleShape], Hashable]) -> list[_Pair]:
        """Free shapes that alone have a key, on both sides."""
        mine = unique(sorted(self.free_a), lambda i: key(self.a[i]))
        theirs = unique(sorted(self.free_b), lambda j: key(self.b[j]))
        return [(mine[k], theirs[k]) for k in mine.keys() & theirs.keys()]

    def one(self, i: int, j: int) -> bool:
        """Is a shape of the same handle the same shape? Handles may have been given anew."""
        own = _identity(self.role, self.a[i], self.rules)
        if own and own == _identity(self.role, self.b[j], self.rules):
            return True
        first, second = self.outlines(i, j)
        return (
            common(first, second, self.rules.same_m) >= self.rules.overlap_share
            or congruent(first, second, self.rules.same_m)
            or similarity(first, second, self.rules.same_m) is not None
        )


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


def _turned_candidates(
    a: Sequence[RoleShape],
    b: Sequence[RoleShape],
    left: Sequence[int],
    right: Sequence[int],
    rules: CompareSettings,
) -> list[tuple[float, int, int]]:
    """(distance, i, j) of shapes that are each other turned or mirrored, not scaled."""
    grain = max(rules.same_m * 20, 1e-6)
    buckets: dict[int, list[int]] = defaultdict(list)
    for j in right:
        if b[j].geometry.length > 0:
            buckets[round(b[j].geometry.length / grain)].append(j)
    near = [
        (i, j)
        for i in left
        if a[i].geometry.length > 0
        for k in (-1, 0, 1)
        for j in buckets.get(round(a[i].geometry.length / grain) + k, ())
    ]
    if len(near) > rules.turned:
        return []
    out = []
    for i, j in near:
        found = similarity(a[i].geometry, b[j].geometry, rules.same_m)
        if found is not None and not found.scaled:
            out.append((round(math.hypot(*vector(a[i].geometry, b[j].geometry)), 6), i, j))
    return out
