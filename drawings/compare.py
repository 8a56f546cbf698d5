"""Comparing two revisions of drawings 图纸比对: what was added, removed, moved, reshaped, and what says something else.

Pure: models in, differences out. Shapes are matched inside a file and role, the surest pairs first: the same outline,
the same handle, the same identity (楼号 …), the greatest overlap, the nearest congruent outline. The result is the
mirror image when the revisions are swapped. Coordinates and distances are metres, areas ㎡.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import shapely
from pydantic import BaseModel, ConfigDict, Field
from shapely import affinity
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel, RoleShape
from drawings.reading import CATALOGUE
from drawings.standards import roles
from project_box.kernel.catalogue import parse
from project_box.kernel.plain import to_plain


class CompareSettings(BaseModel):
    """Tolerances of comparing, from ``catalogue/compare.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    same_m: float = Field(gt=0)
    overlap_share: float = Field(gt=0, le=1)
    pairs: int = Field(gt=0)
    identity: dict[str, tuple[str, ...]] = {}


@lru_cache
def compare_settings() -> CompareSettings:
    """The settings in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(CompareSettings, CATALOGUE / "compare.yaml")


class Change(StrEnum):
    """What happened to a shape."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    RESHAPED = "reshaped"
    ATTRIBUTE = "attribute"
    UNCHANGED = "unchanged"

    @property
    def zh(self) -> str:
        """Chinese word."""
        return {"added": "新增", "removed": "删除", "moved": "移动", "reshaped": "改形", "attribute": "改属性",
                "unchanged": "未变"}[self.value]  # fmt: skip


_REVERSE = {Change.ADDED: Change.REMOVED, Change.REMOVED: Change.ADDED}


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One attribute that says something else; None where it is absent."""

    key: str
    before: str | float | None
    after: str | float | None


@dataclass(frozen=True, slots=True)
class ShapeChange:
    """One difference.

    Attributes:
        change: the greatest of what happened (a moved shape may have changed attributes too).
        file, file_before: position of the file in the later and in the earlier revision; None where it is absent.
        before, after: the shape in either revision.
        vector: (east, north) in metres of a moved shape.
        deviation_m: greatest distance between the two outlines, metres.
        area_delta: ㎡, after minus before; None for lines and points.
    """

    change: Change
    role: str
    file_before: int | None
    file: int | None
    before: RoleShape | None
    after: RoleShape | None
    vector: tuple[float, float] | None = None
    deviation_m: float | None = None
    area_delta: float | None = None
    attributes: tuple[AttributeChange, ...] = ()

    @property
    def shape(self) -> RoleShape:
        """The shape as it is now, or as it was if it is gone."""
        found = self.after or self.before
        assert found is not None
        return found

    def mirrored(self) -> ShapeChange:
        """The same difference seen from the other side."""
        return ShapeChange(
            _REVERSE.get(self.change, self.change),
            self.role,
            self.file,
            self.file_before,
            self.after,
            self.before,
            (-self.vector[0], -self.vector[1]) if self.vector else None,
            self.deviation_m,
            -self.area_delta if self.area_delta is not None else None,
            tuple(AttributeChange(a.key, a.after, a.before) for a in self.attributes),
        )


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file in both revisions or in one of them: names, positions and counts of changes."""

    name_before: str | None
    name: str | None
    file_before: int | None
    file: int | None
    kind: str
    identical: bool
    counts: dict[str, int] = field(default_factory=dict)
    attributes: tuple[AttributeChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleDelta:
    """Totals of a role in both revisions; areas ㎡, None for roles without area."""

    role: str
    count_before: int
    count_after: int
    area_before: float | None
    area_after: float | None

    @property
    def area_delta(self) -> float | None:
        """㎡, after minus before."""
        if self.area_before is None and self.area_after is None:
            return None
        return round((self.area_after or 0.0) - (self.area_before or 0.0), 4)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences between two revisions; ``changes`` leaves out what is unchanged."""

    files: tuple[FileChange, ...]
    changes: tuple[ShapeChange, ...]
    roles: tuple[RoleDelta, ...]
    counts: dict[str, int]

    @property
    def empty(self) -> bool:
        """True if nothing differs."""
        return not self.changes and not any(
            f.attributes or f.name is None or f.name_before is None for f in self.files
        )


def compare(
    before: Sequence[tuple[int, DrawingModel]],
    after: Sequence[tuple[int, DrawingModel]],
    *,
    settings: CompareSettings | None = None,
    tolerance_m: float | None = None,
) -> Comparison:
    """Compare two sets of drawings.

    Args:
        before, after: (file position, drawing) of the earlier and the later revision.
        settings: the catalogue's if left out.
        tolerance_m: outlines nearer than this count as the same (规划核实 allows more than comparing drawings does).
    """
    rules = settings or compare_settings()
    if tolerance_m is not None:
        rules = rules.model_copy(update={"same_m": tolerance_m})
    files: list[FileChange] = []
    changes: list[ShapeChange] = []
    total: Counter[str] = Counter()
    for old, new in _pair_files(before, after):
        found = _compare_files(old, new, rules)
        counts = Counter(c.change.value for c in found)
        total += counts
        changes += [c for c in found if c.change is not Change.UNCHANGED]
        model = (new or old or (0, None))[1]
        assert model is not None
        files.append(
            FileChange(
                old[1].name if old else None,
                new[1].name if new else None,
                old[0] if old else None,
                new[0] if new else None,
                model.kind,
                bool(old and new and old[1].sha256 == new[1].sha256),
                {c.value: counts.get(c.value, 0) for c in Change},
                _attribute_changes(old[1].attributes, new[1].attributes) if old and new else (),
            )
        )
    return Comparison(
        tuple(files),
        tuple(changes),
        _role_deltas([m for _, m in before], [m for _, m in after]),
        {c.value: total.get(c.value, 0) for c in Change},
    )


# --- files -------------------------------------------------------------------------------------------

_File = tuple[int, DrawingModel]


def _pair_files(before: Sequence[_File], after: Sequence[_File]) -> list[tuple[_File | None, _File | None]]:
    """The same name; then the same content; then the only ones left of their kind."""
    old, new = list(before), list(after)
    pairs: list[tuple[_File | None, _File | None]] = []
    keys: tuple[Callable[[_File], Hashable], ...] = (
        lambda f: f[1].name.casefold().rsplit(".", 1)[0],
        lambda f: f[1].sha256,
        lambda f: f[1].kind,
    )
    for key in keys:
        mine, theirs = _unique(old, key), _unique(new, key)
        for name in mine.keys() & theirs.keys():
            pairs.append((mine[name], theirs[name]))
            old.remove(mine[name])
            new.remove(theirs[name])
    pairs += [(f, None) for f in old]
    pairs += [(None, f) for f in new]
    return sorted(pairs, key=lambda p: (p[1] is None, (p[1] or p[0] or (0,))[0]))


def _unique(items: Iterable[Any], key: Callable[[Any], Hashable]) -> dict[Hashable, Any]:
    """Items by key, those whose key is not shared."""
    groups: dict[Hashable, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return {k: v[0] for k, v in groups.items() if len(v) == 1 and k not in ("", ())}


def _compare_files(old: _File | None, new: _File | None, rules: CompareSettings) -> list[ShapeChange]:
    mine = _by_role(old[1].shapes if old else ())
    theirs = _by_role(new[1].shapes if new else ())
    was, now = old[0] if old else None, new[0] if new else None
    out: list[ShapeChange] = []
    for role in [*mine, *(r for r in theirs if r not in mine)]:
        a, b = mine.get(role, []), theirs.get(role, [])
        pairs = _match(role, a, b, rules)
        out += [_difference(role, was, now, a[i], b[j], rules) for i, j in pairs]
        matched_a, matched_b = {i for i, _ in pairs}, {j for _, j in pairs}
        out += [
            ShapeChange(Change.REMOVED, role, was, None, s, None, area_delta=_negative(s.area_m2))
            for i, s in enumerate(a)
            if i not in matched_a
        ]
        out += [
            ShapeChange(Change.ADDED, role, None, now, None, s, area_delta=_rounded(s.area_m2))
            for j, s in enumerate(b)
            if j not in matched_b
        ]
    return out


def _rounded(area: float | None) -> float | None:
    return round(area, 4) if area is not None else None


def _negative(area: float | None) -> float | None:
    return -round(area, 4) if area is not None else None


def _by_role(shapes: Iterable[RoleShape]) -> dict[str, list[RoleShape]]:
    out: dict[str, list[RoleShape]] = defaultdict(list)
    for shape in shapes:
        out[shape.role].append(shape)
    return out


# --- matching shapes of one role ------------------------------------------------------------------------

_Pair = tuple[int, int]


def _same(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> bool:
    if a.is_empty or b.is_empty:
        return bool(a.is_empty and b.is_empty)
    if any(abs(x - y) > tolerance for x, y in zip(a.bounds, b.bounds, strict=True)):
        return False
    return _deviation(a, b) <= tolerance


def _deviation(a: BaseGeometry, b: BaseGeometry) -> float:
    """Greatest distance from a vertex of one outline to the other outline."""
    return max(float(shapely.hausdorff_distance(a, b)), float(shapely.hausdorff_distance(b, a)))


def _vector(a: BaseGeometry, b: BaseGeometry) -> tuple[float, float]:
    """From the middle of a to the middle of b, by their boxes (exact for congruent outlines)."""
    p, q = a.bounds, b.bounds
    return (q[0] + q[2] - p[0] - p[2]) / 2, (q[1] + q[3] - p[1] - p[3]) / 2


def _congruent(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> bool:
    """True if b is a moved in parallel."""
    if a.is_empty or b.is_empty or a.geom_type != b.geom_type:
        return False
    p, q = a.bounds, b.bounds
    if (
        abs((p[2] - p[0]) - (q[2] - q[0])) > 2 * tolerance
        or abs((p[3] - p[1]) - (q[3] - q[1])) > 2 * tolerance
    ):
        return False
    return _same(affinity.translate(a, *_vector(a, b)), b, tolerance)


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


def _match(role: str, a: Sequence[RoleShape], b: Sequence[RoleShape], rules: CompareSettings) -> list[_Pair]:
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
        mine = _unique(sorted(free_a), lambda i: key(a[i]))
        theirs = _unique(sorted(free_b), lambda j: key(b[j]))
        return [(mine[k], theirs[k]) for k in mine.keys() & theirs.keys()]

    take(
        (0.0 if a[i].handle == b[j].handle else 1.0, i, j)
        for i, j in touching()
        if _same(a[i].geometry, b[j].geometry, rules.same_m)
    )
    for i, j in keyed(lambda s: s.handle):
        first, second = a[i].geometry, b[j].geometry
        if (
            _common(first, second, rules.same_m) >= rules.overlap_share
            or _congruent(first, second, rules.same_m)
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
        return [(0.0, i, j) for i, j in rows if _congruent(a[i].geometry, b[j].geometry, rules.same_m)]
    return [
        (round(math.hypot(*_vector(a[i].geometry, b[j].geometry)), 6), i, j)
        for i, others in near.items()
        for j in others
        if _congruent(a[i].geometry, b[j].geometry, rules.same_m)
    ]


# --- what differs ------------------------------------------------------------------------------------------


def _difference(
    role: str, was: int | None, now: int | None, a: RoleShape, b: RoleShape, rules: CompareSettings
) -> ShapeChange:
    attributes = _attribute_changes(
        {**a.attributes, "图层": a.layer, "文字": a.text}, {**b.attributes, "图层": b.layer, "文字": b.text}
    )
    delta = round((b.area_m2 or 0.0) - (a.area_m2 or 0.0), 4) if a.area_m2 is not None else None
    if _same(a.geometry, b.geometry, rules.same_m):
        change = Change.ATTRIBUTE if attributes else Change.UNCHANGED
        return ShapeChange(change, role, was, now, a, b, None, None, delta, attributes)
    deviation = round(_deviation(a.geometry, b.geometry), 4)
    if _congruent(a.geometry, b.geometry, rules.same_m):
        dx, dy = _vector(a.geometry, b.geometry)
        vector = (round(dx, 4), round(dy, 4))
        return ShapeChange(Change.MOVED, role, was, now, a, b, vector, deviation, delta, attributes)
    return ShapeChange(Change.RESHAPED, role, was, now, a, b, None, deviation, delta, attributes)


def _attribute_changes(
    before: Mapping[str, str | float], after: Mapping[str, str | float]
) -> tuple[AttributeChange, ...]:
    keys = sorted({*before, *after})
    return tuple(
        AttributeChange(k, before.get(k), after.get(k))
        for k in keys
        if (before.get(k) or None) != (after.get(k) or None)
    )


def _role_deltas(before: Sequence[DrawingModel], after: Sequence[DrawingModel]) -> tuple[RoleDelta, ...]:
    def totals(models: Sequence[DrawingModel]) -> tuple[Counter[str], dict[str, float]]:
        counts: Counter[str] = Counter()
        areas: dict[str, list[float]] = defaultdict(list)
        for model in models:
            for shape in model.shapes:
                counts[shape.role] += 1
                if shape.area_m2 is not None:
                    areas[shape.role].append(shape.area_m2)
        return counts, {role: round(math.fsum(v), 4) for role, v in areas.items()}

    (n0, a0), (n1, a1) = totals(before), totals(after)
    order = [r for r in roles().roles if r in n0 or r in n1]
    return tuple(RoleDelta(r, n0[r], n1[r], a0.get(r), a1.get(r)) for r in order)


# --- plain forms -------------------------------------------------------------------------------------------


def comparison_to_plain(found: Comparison) -> dict[str, Any]:
    """JSON form without geometries; file numbers count from 1."""
    names = roles().roles
    return {
        "empty": found.empty,
        "counts": found.counts,
        "files": [
            {
                **to_plain(f),
                "n_before": f.file_before + 1 if f.file_before is not None else None,
                "n": f.file + 1 if f.file is not None else None,
            }
            for f in found.files
        ],
        "roles": [
            {
                **to_plain(r),
                "name": names[r.role].zh,
                "name_en": names[r.role].en,
                "area_delta": r.area_delta,
                "count_delta": r.count_after - r.count_before,
                "causes": _causes(found.changes, r.role),
            }
            for r in found.roles
        ],
        "changes": [
            {
                "id": index,
                "change": c.change.value,
                "change_name": c.change.zh,
                "role": c.role,
                "role_name": names[c.role].zh,
                "role_name_en": names[c.role].en,
                "n_before": c.file_before + 1 if c.file_before is not None else None,
                "n": c.file + 1 if c.file is not None else None,
                "handle_before": c.before.handle if c.before else None,
                "handle": c.after.handle if c.after else None,
                "layer": c.shape.layer,
                "label": _label(c.shape),
                "area_before": _rounded(c.before.area_m2) if c.before else None,
                "area_after": _rounded(c.after.area_m2) if c.after else None,
                "area_delta": c.area_delta,
                "vector": list(c.vector) if c.vector else None,
                "distance_m": round(math.hypot(*c.vector), 4) if c.vector else None,
                "deviation_m": c.deviation_m,
                "attributes": to_plain(list(c.attributes)),
            }
            for index, c in enumerate(found.changes, 1)
        ],
    }


def _causes(changes: Sequence[ShapeChange], role: str) -> list[dict[str, Any]]:
    """The changes behind the difference of a role's totals, the greatest first; the others are left out."""
    own = [
        {
            "id": index,
            "change": c.change.value,
            "handle": c.shape.handle,
            "label": _label(c.shape),
            "area_delta": c.area_delta,
            "count_delta": int(c.change is Change.ADDED) - int(c.change is Change.REMOVED),
        }
        for index, c in enumerate(changes, 1)
        if c.role == role and (c.change in _REVERSE or abs(c.area_delta or 0.0) >= 0.005)
    ]
    return sorted(own, key=lambda c: -abs(c["area_delta"] or 0.0))


def _label(shape: RoleShape) -> str:
    for keys in (("楼号", "层名"), ("层名",), ("户号",), ("起止层",), ("用途",)):
        words = [str(shape.attributes[k]) for k in keys if shape.attributes.get(k)]
        if words:
            return " ".join(words)
    return ""


def overlay_geojson(
    found: Comparison, *, file: int | None, file_before: int | None, metres_per_unit: float
) -> dict[str, Any]:
    """The differences of one file in the drawing units of the sheet they are shown on.

    Args:
        file, file_before: positions of the file in the later and the earlier revision; None where it is absent.
        metres_per_unit: of the sheet.

    Returns:
        FeatureCollection; properties ``id, change, when (before|after), role, handle``. A moved or reshaped shape has
        two features.
    """
    features: list[dict[str, Any]] = []
    for index, c in enumerate(found.changes, 1):
        here = c.file is not None and c.file == file
        there = c.file_before is not None and c.file_before == file_before
        if not here and not there:
            continue
        for when, shape in (("before", c.before), ("after", c.after)):
            if shape is None or shape.geometry.is_empty:
                continue
            if when == "before" and c.change is Change.ATTRIBUTE:
                continue
            geometry = shapely.transform(shape.geometry, lambda xy: (xy / metres_per_unit).round(6))
            features.append(
                {
                    "type": "Feature",
                    "properties": {
                        "id": index,
                        "change": c.change.value,
                        "when": when,
                        "role": c.role,
                        "handle": shape.handle,
                    },
                    "geometry": to_plain(mapping(geometry)),
                }
            )
    return {"type": "FeatureCollection", "features": features}
