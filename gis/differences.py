"""差异图斑: where two plan layers contradict each other, and what a new version of a layer changed.

Pure: judges shapes and features that the repository has found. Areas in ㎡ of the CRS the shapes come in.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

#: a vertex that moved by less is the same vertex (m; the rounding of deliveries)
SAME_VERTEX_M = 0.001
#: (m) on which outlines are rounded for their codes
CODE_GRID_M = 0.01


class Relation(StrEnum):
    """What counts as a difference between layers A and B."""

    OVERLAP = "overlap"
    OUTSIDE = "outside"
    MISMATCH = "mismatch"

    @property
    def zh(self) -> str:
        """Chinese words on the screen."""
        return {"overlap": "重叠", "outside": "超出范围", "mismatch": "用途不一致"}[self.value]

    @property
    def en(self) -> str:
        """English words on the screen."""
        return {"overlap": "Overlap", "outside": "Outside", "mismatch": "Different class"}[self.value]


@dataclass(frozen=True, slots=True)
class Member:
    """A feature of a layer as far as differences need it."""

    fid: int
    label: str
    class_key: str | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One 差异图斑: a connected area where the layers contradict.

    Attributes:
        code: stable as long as the area and its features stay the same.
        area_m2: 2 decimals.
        geometry: Polygon in the CRS of layer A's pieces.
        b: None for :attr:`Relation.OUTSIDE`.
    """

    code: str
    a: Member
    b: Member | None
    area_m2: float
    geometry: BaseGeometry


def differences(
    found: Iterable[tuple[int, int | None, BaseGeometry]],
    a: Mapping[int, Member],
    b: Mapping[int, Member],
    *,
    minimum_m2: float,
    tolerance_m: float,
    mismatch: bool = False,
    scope: str = "",
) -> tuple[list[Difference], list[Difference]]:
    """Connected areas worth a person's look, and the slivers: under ``minimum_m2``, or no wider than ``tolerance_m``.

    The mean width is 2 × area / perimeter, as in the site check: two surveys of one line are no contradiction.
    Sorted by area, largest first, then by feature numbers.

    Args:
        mismatch: only pairs whose classes differ.
        scope: what is compared; part of each code, so that one shape found by two comparisons has two codes.
    """
    kept: list[Difference] = []
    slivers: list[Difference] = []
    for fid_a, fid_b, shape in found:
        other = b[fid_b] if fid_b is not None else None
        if mismatch and other is not None and a[fid_a].class_key == other.class_key:
            continue
        for part in _polygons(shape):
            area = float(part.area)
            if area <= 0:
                continue
            small = area < minimum_m2 or 2 * area <= tolerance_m * part.length
            code = shape_code(part, scope)
            (slivers if small else kept).append(Difference(code, a[fid_a], other, round(area, 2), part))
    return _numbered(kept), _numbered(slivers)


def _numbered(found: list[Difference]) -> list[Difference]:
    """Sorted; where several features share one shape their codes get a number, in order."""
    ordered = sorted(found, key=lambda d: (-d.area_m2, d.code, d.a.label, d.b.label if d.b else "", d.a.fid))
    seen: Counter[str] = Counter()
    result = []
    for each in ordered:
        seen[each.code] += 1
        nth = seen[each.code]
        result.append(each if nth == 1 else replace(each, code=f"{each.code}-{nth}"))
    return result


def shape_code(shape: BaseGeometry, scope: str) -> str:
    """A word for a shape that stays the same from run to run: its outline on the centimetre, without needless points.

    Neither the numbers of the features nor the way their pieces were cut is part of it.
    """
    plain = shapely.normalize(shapely.set_precision(shapely.simplify(shape, SAME_VERTEX_M), CODE_GRID_M))
    return hashlib.sha256(scope.encode() + shapely.to_wkb(plain)).hexdigest()[:12]


def _polygons(shape: BaseGeometry) -> list[BaseGeometry]:
    parts = [shape]
    found = []
    while parts:
        part = parts.pop()
        if part.geom_type == "Polygon" and not part.is_empty:
            found.append(part)
        elif hasattr(part, "geoms"):
            parts += list(part.geoms)
    return found


def by_class(
    found: Sequence[Difference], words_a: Mapping[str, str], words_b: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Number and area of differences by the classes of both layers, largest area first."""
    totals: dict[tuple[str | None, str | None], list[float]] = defaultdict(list)
    for each in found:
        totals[(each.a.class_key, each.b.class_key if each.b else None)].append(each.area_m2)
    rows = [
        {
            "class_a": key_a,
            "class_a_name": words_a.get(key_a or ""),
            "class_b": key_b,
            "class_b_name": words_b.get(key_b or ""),
            "count": len(areas),
            "area_m2": round(sum(areas), 2),
        }
        for (key_a, key_b), areas in totals.items()
    ]
    return sorted(rows, key=lambda r: (-r["area_m2"], str(r["class_a"]), str(r["class_b"])))


def matches(member: Member, pattern: str | None, field: str | None) -> bool:
    """Whether a feature belongs to the classes asked for: ``07*`` on the class field, or any of ``07*,08*``."""
    if not pattern:
        return True
    value = str(member.attributes.get(field, "") if field else member.class_key or "")
    return any(fnmatch.fnmatchcase(value, each.strip()) for each in pattern.split(",") if each.strip())


@dataclass(frozen=True, slots=True)
class Row:
    """A feature of a version: geometry as delivered."""

    fid: int
    label: str
    attributes: Mapping[str, Any]
    area_m2: float
    geometry: BaseGeometry


@dataclass(frozen=True, slots=True)
class Change:
    """A feature that two versions do not share; ``fields`` lists attributes as (name, old, new)."""

    kind: str
    label: str
    old: Row | None
    new: Row | None
    fields: tuple[tuple[str, Any, Any], ...] = ()

    @property
    def code(self) -> str:
        """A word for the change, unique in a comparison: kind and feature number."""
        row = self.new or self.old
        return f"{self.kind}-{row.fid if row is not None else 0}"


def moved(change: Change) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    """What a change added to the layer's outline and what it took away; None where nothing."""
    old = change.old.geometry if change.old else None
    new = change.new.geometry if change.new else None
    if old is None or new is None:
        return new, old
    return _rest(new, old), _rest(old, new)


def _rest(whole: BaseGeometry, without: BaseGeometry) -> BaseGeometry | None:
    rest = shapely.difference(whole, without)
    parts = _polygons(rest)
    return shapely.union_all(np.array(parts, dtype=object)) if parts else None


def changes(old: Sequence[Row], new: Sequence[Row], *, key: str | None, degrees: bool) -> list[Change]:
    """What changed between two versions: ``added``, ``removed``, ``geometry``, ``attributes`` or ``both``.

    Features are the same when they carry the same key (the field ``key``, unique on both sides), else when their
    shapes are the same to the millimetre. Without either they count as removed and added.
    """
    scale = 111_320.0 if degrees else 1.0
    before, after = _signatures(old, scale), _signatures(new, scale)
    pairs: list[tuple[int, int]] = []
    left, right = set(range(len(old))), set(range(len(new)))
    for words_old, words_new in ((_keys(old, key), _keys(new, key)), (before, after)):
        where: dict[str, list[int]] = defaultdict(list)
        for index in sorted(right):
            if words_new[index]:
                where[words_new[index]].append(index)
        for index in sorted(left):
            waiting = where.get(words_old[index]) if words_old[index] else None
            if waiting:
                partner = waiting.pop(0)
                pairs.append((index, partner))
                left.discard(index)
                right.discard(partner)
    found = []
    for i, j in pairs:
        moved = before[i] != after[j]
        names = sorted(set(old[i].attributes) | set(new[j].attributes))
        fields = tuple(
            (n, old[i].attributes.get(n), new[j].attributes.get(n))
            for n in names
            if old[i].attributes.get(n) != new[j].attributes.get(n)
        )
        if moved or fields:
            kind = "both" if moved and fields else "geometry" if moved else "attributes"
            found.append(Change(kind, new[j].label, old[i], new[j], fields))
    found += [Change("removed", old[i].label, old[i], None) for i in left]
    found += [Change("added", new[j].label, None, new[j]) for j in right]
    order = {"removed": 0, "added": 1, "both": 2, "geometry": 3, "attributes": 4}
    return sorted(found, key=lambda c: (order[c.kind], (c.old or c.new or old[0]).fid))


def _signatures(rows: Sequence[Row], scale: float) -> list[str]:
    """A word for each shape that ignores start point, direction and anything under a millimetre."""
    if not rows:
        return []
    shapes = np.array([r.geometry for r in rows], dtype=object)
    step = SAME_VERTEX_M / scale
    rounded = shapely.transform(shapes, lambda c: np.round(c / step))
    return [hashlib.sha256(blob).hexdigest() for blob in shapely.to_wkb(shapely.normalize(rounded))]


def _keys(rows: Sequence[Row], key: str | None) -> list[str]:
    if key is None:
        return [""] * len(rows)
    words = [json.dumps(r.attributes.get(key), ensure_ascii=False) for r in rows]
    words = ["" if w in ("null", '""') else w for w in words]
    counted = Counter(words)
    many = {w for w, n in counted.items() if n > 1}
    return ["" if w in many else w for w in words]
