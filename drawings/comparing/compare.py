"""Comparing two revisions of drawings 图纸比对: what was added, removed, moved, reshaped, and what says something else.

Pure: models in, differences out. Shapes are matched inside a file and role (:mod:`drawings.shapes.shape_match`): the
same outline, the same handle, the same identity (楼号 …), the greatest overlap, the nearest congruent outline. The
result is the mirror image when the revisions are swapped. Coordinates and distances are metres, areas ㎡.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from drawings.comparing.placement import laid, whole_placement
from drawings.drawing import DrawingModel, RoleShape
from drawings.shapes.outlines import congruent, deviation, same, vector
from drawings.shapes.shape_match import CompareSettings, compare_settings, match, unique
from drawings.shapes.similarity import Similarity, similarity
from drawings.standards.standards import roles


class Change(StrEnum):
    """What happened to a shape."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    TURNED = "turned"
    MIRRORED = "mirrored"
    RESHAPED = "reshaped"
    ATTRIBUTE = "attribute"
    UNCHANGED = "unchanged"

    @property
    def zh(self) -> str:
        """Chinese word."""
        return {"added": "新增", "removed": "删除", "moved": "移动", "turned": "旋转", "mirrored": "镜像",
                "reshaped": "改形", "attribute": "改属性", "unchanged": "未变"}[self.value]  # fmt: skip


REVERSE = {Change.ADDED: Change.REMOVED, Change.REMOVED: Change.ADDED}


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
        vector: (east, north) in metres of what was moved, turned, mirrored or scaled, from middle to middle.
        laid: how the outline as it was lies on the outline as it is; None where no similarity does it, and for what
            was only moved.
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
    laid: Similarity | None = None
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
            REVERSE.get(self.change, self.change),
            self.role,
            self.file,
            self.file_before,
            self.after,
            self.before,
            (-self.vector[0], -self.vector[1]) if self.vector else None,
            self.laid.inverse() if self.laid else None,
            self.deviation_m,
            -self.area_delta if self.area_delta is not None else None,
            tuple(AttributeChange(a.key, a.after, a.before) for a in self.attributes),
        )


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file in both revisions or in one of them: names, positions and counts of changes.

    ``placed``: how the drawing as a whole was laid elsewhere; its shapes are compared as they lie then.
    ``layers``: layers that have another name now; that is said here once and of none of their shapes.
    """

    name_before: str | None
    name: str | None
    file_before: int | None
    file: int | None
    kind: str
    identical: bool
    counts: dict[str, int] = field(default_factory=dict)
    attributes: tuple[AttributeChange, ...] = ()
    placed: Similarity | None = None
    layers: tuple[tuple[str, str], ...] = ()


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
            f.attributes or f.placed or f.layers or f.name is None or f.name_before is None
            for f in self.files
        )


def compare(
    before: Sequence[tuple[int, DrawingModel]],
    after: Sequence[tuple[int, DrawingModel]],
    *,
    settings: CompareSettings | None = None,
    tolerance_m: float | None = None,
    in_place: bool = False,
) -> Comparison:
    """Compare two sets of drawings.

    Args:
        before, after: (file position, drawing) of the earlier and the later revision.
        settings: the catalogue's if left out.
        tolerance_m: outlines nearer than this count as the same (规划核实 allows more than comparing drawings does).
        in_place: coordinates count (规划核实): a drawing laid elsewhere as a whole has moved shape by shape.
    """
    rules = settings or compare_settings()
    if tolerance_m is not None:
        rules = rules.model_copy(update={"same_m": tolerance_m})
    files: list[FileChange] = []
    changes: list[ShapeChange] = []
    total: Counter[str] = Counter()
    for old, new in _pair_files(before, after):
        placed = (
            whole_placement(old[1].shapes, new[1].shapes, rules) if old and new and not in_place else None
        )
        found, renamed = _compare_files(old, new, rules, placed)
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
                placed,
                tuple(renamed.items()),
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
        mine, theirs = unique(old, key), unique(new, key)
        for name in mine.keys() & theirs.keys():
            pairs.append((mine[name], theirs[name]))
            old.remove(mine[name])
            new.remove(theirs[name])
    pairs += [(f, None) for f in old]
    pairs += [(None, f) for f in new]
    return sorted(pairs, key=lambda p: (p[1] is None, (p[1] or p[0] or (0,))[0]))


def _compare_files(
    old: _File | None, new: _File | None, rules: CompareSettings, placed: Similarity | None
) -> tuple[list[ShapeChange], dict[str, str]]:
    """Differences of all shapes, the unchanged among them; and the layers that have another name now."""
    before = old[1].shapes if old else ()
    mine = _by_role(before if placed is None else laid(before, placed))
    theirs = _by_role(new[1].shapes if new else ())
    was, now = old[0] if old else None, new[0] if new else None
    matched: dict[str, _Matched] = {}
    for role in [*mine, *(r for r in theirs if r not in mine)]:
        a, b = mine.get(role, []), theirs.get(role, [])
        matched[role] = _Matched(a, b, match(role, a, b, rules))
    renamed = _renamed_layers(matched.values())
    out: list[ShapeChange] = []
    for role, found in matched.items():
        out += [_difference(role, was, now, a, b, rules, renamed) for a, b in found.both]
        out += [
            ShapeChange(Change.REMOVED, role, was, None, s, None, area_delta=_negative(s.area_m2))
            for s in found.gone
        ]
        out += [
            ShapeChange(Change.ADDED, role, None, now, None, s, area_delta=rounded(s.area_m2))
            for s in found.come
        ]
    return out, renamed


class _Matched:
    """Shapes of one role: those in both revisions as pairs, those that are gone, those that have come."""

    def __init__(
        self, a: Sequence[RoleShape], b: Sequence[RoleShape], pairs: Sequence[tuple[int, int]]
    ) -> None:
        in_a, in_b = {i for i, _ in pairs}, {j for _, j in pairs}
        self.both = [(a[i], b[j]) for i, j in pairs]
        self.gone = [s for i, s in enumerate(a) if i not in in_a]
        self.come = [s for j, s in enumerate(b) if j not in in_b]


def _renamed_layers(matched: Iterable[_Matched]) -> dict[str, str]:
    """Earlier → later name of layers that are gone and whose shapes all lie on one layer that is new with them."""
    old, new = set[str](), set[str]()
    went, came = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for found in matched:
        old |= {a.layer for a, _ in found.both} | {s.layer for s in found.gone}
        new |= {b.layer for _, b in found.both} | {s.layer for s in found.come}
        for a, b in found.both:
            went[a.layer].add(b.layer)
            came[b.layer].add(a.layer)
    alone = {name: next(iter(to)) for name, to in went.items() if len(to) == 1 and name not in new}
    return {name: to for name, to in alone.items() if to not in old and came[to] == {name}}


def rounded(area: float | None) -> float | None:
    return round(area, 4) if area is not None else None


def _negative(area: float | None) -> float | None:
    return -round(area, 4) if area is not None else None


def _by_role(shapes: Iterable[RoleShape]) -> dict[str, list[RoleShape]]:
    out: dict[str, list[RoleShape]] = defaultdict(list)
    for shape in shapes:
        out[shape.role].append(shape)
    return out


def _difference(
    role: str,
    was: int | None,
    now: int | None,
    a: RoleShape,
    b: RoleShape,
    rules: CompareSettings,
    renamed: Mapping[str, str],
) -> ShapeChange:
    attributes = _attribute_changes(
        {**a.attributes, "图层": renamed.get(a.layer, a.layer), "文字": a.text},
        {**b.attributes, "图层": b.layer, "文字": b.text},
    )
    delta = round((b.area_m2 or 0.0) - (a.area_m2 or 0.0), 4) if a.area_m2 is not None else None
    if same(a.geometry, b.geometry, rules.same_m):
        change = Change.ATTRIBUTE if attributes else Change.UNCHANGED
        return ShapeChange(change, role, was, now, a, b, area_delta=delta, attributes=attributes)
    apart = round(deviation(a.geometry, b.geometry), 4)
    if congruent(a.geometry, b.geometry, rules.same_m):
        moved = vector(a.geometry, b.geometry)
        return ShapeChange(Change.MOVED, role, was, now, a, b, _short(moved), None, apart, delta, attributes)
    way = similarity(a.geometry, b.geometry, rules.same_m)
    if way is None:
        return ShapeChange(Change.RESHAPED, role, was, now, a, b, None, None, apart, delta, attributes)
    kind = Change.RESHAPED if way.scaled else Change.MIRRORED if way.mirrored else Change.TURNED
    p, q = a.geometry.centroid, b.geometry.centroid
    moved = (q.x - p.x, q.y - p.y)
    return ShapeChange(kind, role, was, now, a, b, _short(moved), way, apart, delta, attributes)


def _short(moved: tuple[float, float]) -> tuple[float, float]:
    return round(moved[0], 4), round(moved[1], 4)


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
