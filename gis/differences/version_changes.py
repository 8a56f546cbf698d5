"""What a new version of a layer changed: features added, removed, reshaped, renamed.

Pure: compares the features that the repository has found. Areas in ㎡.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.differences.differences import SAME_VERTEX_M, polygons


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
    parts, _ = polygons(np.array([rest], dtype=object))
    return shapely.union_all(parts) if len(parts) else None


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
