"""差异图斑: where two plan layers contradict each other.

Pure: judges pieces that the repository has found, many at once. Areas in ㎡ of the CRS the pieces come in.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.layers.pieces import Geometries

#: a vertex that moved by less is the same vertex (m; the rounding of deliveries)
SAME_VERTEX_M = 0.001
#: (m) on which outlines are rounded for their codes
CODE_GRID_M = 0.01

Numbers = npt.NDArray[np.int64]


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
class Pieces:
    """Pieces of one layer: feature number, legend class and shape of each."""

    fids: Numbers
    classes: npt.NDArray[np.object_]
    shapes: Geometries

    def __len__(self) -> int:
        return len(self.shapes)


@dataclass(frozen=True, slots=True)
class Parts:
    """What pieces have in common, or what is left of them: features (0 where there is no second) and Polygons."""

    fids_a: Numbers
    fids_b: Numbers
    shapes: Geometries


def polygons(shapes: Geometries) -> tuple[Geometries, Numbers]:
    """The polygons of geometries of any kind with an area, and which geometry each comes from."""
    parts, whose = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        whose = whose[inner]
    kept = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0)
    return parts[kept], whose[kept].astype(np.int64)


def common(a: Pieces, b: Pieces, *, mismatch: bool) -> Parts:
    """Areas that a piece of A and a piece of B both cover; with ``mismatch`` only where their classes differ."""
    mine, other = shapely.STRtree(b.shapes).query(a.shapes, predicate="intersects")
    if mismatch:
        differ = a.classes[mine] != b.classes[other]
        mine, other = mine[differ], other[differ]
    found, whose = polygons(shapely.intersection(a.shapes[mine], b.shapes[other]))
    return Parts(a.fids[mine[whose]], b.fids[other[whose]], found)


def remainder(a: Pieces, b: Pieces) -> Pieces:
    """What is left of the pieces of A without those of B; pieces of which nothing is left are gone."""
    mine, other = shapely.STRtree(b.shapes).query(a.shapes, predicate="intersects")
    covered = np.zeros(len(a), dtype=bool)
    covered[mine[shapely.covers(b.shapes[other], a.shapes[mine])]] = True
    rest = a.shapes.copy()
    needed = ~covered[mine]
    mine, other = mine[needed], other[needed]
    for begin, end in _stretches(mine):
        index = mine[begin]
        rest[index] = shapely.difference(rest[index], shapely.union_all(b.shapes[other[begin:end]]))
    shapes, whose = polygons(np.asarray(rest[~covered], dtype=object))
    kept = np.flatnonzero(~covered)[whose]
    return Pieces(a.fids[kept], a.classes[kept], shapes)


def joined(parts: Iterable[Parts]) -> Parts:
    """Parts of the same two features put together across the cuts between pieces."""
    every = list(parts)
    fids_a = np.concatenate([p.fids_a for p in every]) if every else np.array([], dtype=np.int64)
    fids_b = np.concatenate([p.fids_b for p in every]) if every else np.array([], dtype=np.int64)
    shapes: Geometries = np.concatenate([p.shapes for p in every]) if every else np.array([], dtype=object)
    order = np.lexsort((fids_b, fids_a))
    fids_a, fids_b, shapes = fids_a[order], fids_b[order], shapes[order]
    stretches = _stretches(fids_a, fids_b)
    starts = np.array([begin for begin, _ in stretches], dtype=np.int64)
    whole = np.empty(len(stretches), dtype=object)
    for index, (begin, end) in enumerate(stretches):
        whole[index] = shapes[begin] if end - begin == 1 else shapely.union_all(shapes[begin:end])
    found, whose = polygons(whole)
    return Parts(fids_a[starts[whose]], fids_b[starts[whose]], found)


def _stretches(*keys: Numbers) -> list[tuple[int, int]]:
    """(begin, end) of each stretch of equal keys in sorted arrays."""
    size = len(keys[0])
    if not size:
        return []
    new = np.zeros(size, dtype=bool)
    new[0] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(new).tolist()
    return list(zip(starts, [*starts[1:], size], strict=True))


def slivers(
    shapes: Geometries, *, minimum_m2: float, tolerance_m: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """(areas ㎡ on 2 decimals, which are no contradiction: under ``minimum_m2``, or no wider than ``tolerance_m``).

    The mean width is 2 × area / perimeter, as in the site check: two surveys of one line are no contradiction.
    """
    areas = shapely.area(shapes)
    small = (areas < minimum_m2) | (2 * areas <= tolerance_m * shapely.length(shapes))
    return np.round(areas, 2), small


def shape_codes(shapes: Geometries, scope: str) -> list[str]:
    """A word for each shape that stays the same from run to run: its outline on the centimetre, no needless points.

    Neither the numbers of the features nor the way their pieces were cut is part of it.

    Args:
        scope: what is compared; part of each code, so that one shape found by two comparisons has two codes.
    """
    plain = shapely.normalize(shapely.set_precision(shapely.simplify(shapes, SAME_VERTEX_M), CODE_GRID_M))
    head = scope.encode()
    return [hashlib.sha256(head + blob).hexdigest()[:12] for blob in shapely.to_wkb(plain)]


def class_matches(value: str | None, pattern: str | None) -> bool:
    """Whether a class belongs to those asked for: ``07*``, or any of ``07*,08*``; no pattern means every class."""
    if not pattern:
        return True
    return any(fnmatch.fnmatchcase(value or "", each.strip()) for each in pattern.split(",") if each.strip())


def named_classes(
    rows: Iterable[tuple[str | None, str | None, int, float]],
    words_a: Mapping[str, str],
    words_b: Mapping[str, str],
) -> list[dict[str, Any]]:
    """(class of A, class of B, count, ㎡) as lines with names, largest area first."""
    lines = [
        {
            "class_a": a,
            "class_a_name": words_a.get(a or ""),
            "class_b": b,
            "class_b_name": words_b.get(b or ""),
            "count": count,
            "area_m2": round(area, 2),
        }
        for a, b, count, area in rows
    ]
    return sorted(lines, key=lambda r: (-r["area_m2"], str(r["class_a"]), str(r["class_b"])))


def as_shape(blob: bytes | memoryview) -> BaseGeometry:
    """A stored shape."""
    return shapely.from_wkb(bytes(blob))
