"""Pieces 切片: features cut into parts of at most 128 vertices, in Hilbert order.

A check on small pieces touches only the part of a long red line that lies near the site. Measured: a quadtree of
``clip_by_rect`` halves is 18 to 45 times faster than ST_Subdivide and keeps the area to 1e-15.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

MAX_VERTICES = 128
_DEEPEST = 60
_POLYGON = 3
#: a box no larger than this is not worth being divided
_SMALL_M2 = 250_000
#: halvings of the whole extent that the order of pieces tells apart
_HILBERT_LEVELS = 16

Geometries = npt.NDArray[np.object_]


def polygonal(geometry: BaseGeometry) -> BaseGeometry | None:
    """The areas of a geometry as Polygon or MultiPolygon, or None when it has none."""
    if geometry.is_empty:
        return None
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return geometry
    parts = [p for p in shapely.get_parts(geometry) if p.geom_type in ("Polygon", "MultiPolygon")]
    areas = [p for part in parts for p in shapely.get_parts(part) if not p.is_empty]
    return shapely.MultiPolygon(areas) if areas else None


def dissolved(geometry: BaseGeometry) -> BaseGeometry:
    """``geometry``, its parts that share an edge joined to one: parcels side by side are no valid MultiPolygon.

    Anything else, parts that overlap among it, stays as it is.
    """
    if geometry.geom_type != "MultiPolygon" or geometry.is_valid:
        return geometry
    parts = shapely.get_parts(geometry)
    if not shapely.is_valid(parts).all():
        return geometry
    joined = shapely.union_all(parts)
    whole = float(shapely.area(parts).sum())
    return joined if abs(joined.area - whole) <= 1e-9 * whole else geometry


def repair(geometry: BaseGeometry) -> BaseGeometry | None:
    """A valid geometry covering the same area as meant (GEOS "structure" repair); None when no area is left."""
    return polygonal(shapely.make_valid(geometry, method="structure", keep_collapsed=False))


def subdivide(geometry: BaseGeometry, most: int = MAX_VERTICES) -> list[BaseGeometry]:
    """Polygons of at most ``most`` vertices that together cover ``geometry``, without overlapping."""
    parts = shapely.get_parts(geometry)
    return list(_halved(parts, np.zeros(len(parts), dtype=np.int64), most)[0])


def _halved(
    parts: Geometries, owners: npt.NDArray[np.int64], most: int
) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Polygons cut in halves until they have at most ``most`` vertices, all together one level after the other.

    A ring that stays above the limit after 60 halvings (thousands of vertices in a millimetre) is kept as it is.
    """
    done: list[Geometries] = []
    whose: list[npt.NDArray[np.int64]] = []
    for _ in range(_DEEPEST):
        large = shapely.get_num_coordinates(parts) > most
        done.append(parts[~large])
        whose.append(owners[~large])
        parts, owners = parts[large], owners[large]
        if not len(parts):
            break
        halves = [
            shapely.clip_by_rect(part, *half)
            for part, box in zip(parts, shapely.bounds(parts).tolist(), strict=True)
            for half in _halves(*box)
        ]
        parts, index = shapely.get_parts(np.array(halves, dtype=object), return_index=True)
        owners = np.repeat(owners, 2)[index]
        areas = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
        parts, owners = parts[areas], owners[areas]
    return np.concatenate([*done, parts]), np.concatenate([*whose, owners])


def boxes_over(
    geometry: BaseGeometry, margin: float, most: int = 64
) -> list[tuple[float, float, float, float]]:
    """Boxes that together hold everything within ``margin`` of a geometry: one where it fills its own, else several.

    A road of 30 km has a box as large as a city; in a quadtree of its halves only what lies along it is looked at.
    """
    west, south, east, north = geometry.bounds
    if (east - west) * (north - south) <= max(_SMALL_M2, 3 * geometry.area):
        return [(west - margin, south - margin, east + margin, north + margin)]
    done: list[BaseGeometry] = []
    waiting = deque([geometry])
    while waiting:
        part = waiting.popleft()
        west, south, east, north = part.bounds
        box = (east - west) * (north - south)
        if box <= max(_SMALL_M2, 3 * part.area) or len(done) + len(waiting) + 2 > most:
            done.append(part)
            continue
        for half in _halves(west, south, east, north):
            piece = shapely.clip_by_rect(part, *half)
            if not piece.is_empty:
                waiting.append(piece)
    boxes = shapely.bounds(np.array(done, dtype=object)) + np.array([-margin, -margin, margin, margin])
    return [(float(a), float(b), float(c), float(d)) for a, b, c, d in boxes]


def _halves(
    west: float, south: float, east: float, north: float
) -> tuple[tuple[float, float, float, float], tuple[float, float, float, float]]:
    """A box cut in two across its longer side."""
    if east - west >= north - south:
        middle = (west + east) / 2
        return (west, south, middle, north), (middle, south, east, north)
    middle = (south + north) / 2
    return (west, south, east, middle), (west, middle, east, north)


def cut(
    geometries: Geometries, numbers: npt.NDArray[np.int64], most: int = MAX_VERTICES
) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Pieces of many features in Hilbert order, with the feature number of each.

    Args:
        geometries: valid Polygons or MultiPolygons.
        numbers: feature number of each geometry.
        most: vertices of a piece.
    """
    shapes, who = cut_up(geometries, numbers, most)
    order = hilbert_order(shapely.bounds(shapes))
    return shapes[order], who[order]


def cut_up(
    geometries: Geometries, numbers: npt.NDArray[np.int64], most: int = MAX_VERTICES
) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Pieces of many features in no particular order, with the feature number of each."""
    parts, index = shapely.get_parts(geometries, return_index=True)
    owners = numbers[index]
    large = shapely.get_num_coordinates(parts) > most
    halved, halved_owners = _halved(parts[large], owners[large], most)
    shapes = np.concatenate([parts[~large], halved])
    who = np.concatenate([owners[~large], halved_owners])
    # what was not cut is as valid as it came
    broken = np.count_nonzero(~large) + np.flatnonzero(~shapely.is_valid(halved))
    extra: list[tuple[BaseGeometry, int]] = []
    for position in broken:
        mended = repair(shapes[position])
        again = list(shapely.get_parts(mended)) if mended is not None else []
        shapes[position] = again[0] if again else None
        extra += [(g, int(who[position])) for g in again[1:]]
    if extra:
        shapes = np.concatenate([shapes, np.array([g for g, _ in extra], dtype=object)])
        who = np.concatenate([who, np.array([n for _, n in extra], dtype=np.int64)])
    kept = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return shapes[kept], who[kept]


def hilbert_order(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Order in which boxes (west, south, east, north) follow one another on a Hilbert curve through their middles."""
    if not len(boxes):
        return np.empty(0, dtype=np.int64)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    least, most = middles.min(axis=0), middles.max(axis=0)
    cells = (middles - least) / np.maximum(most - least, 1e-9) * ((1 << _HILBERT_LEVELS) - 1)
    x, y = cells.astype(np.int64).T
    along = np.zeros(len(boxes), dtype=np.int64)
    for level in range(_HILBERT_LEVELS - 1, -1, -1):
        side = np.int64(1) << level
        right, upper = (x & side) > 0, (y & side) > 0
        along += side * side * ((3 * right) ^ upper)
        turned, flipped = ~upper, ~upper & right
        x, y = (
            np.where(flipped, side - 1 - x, x) & (side - 1),
            np.where(flipped, side - 1 - y, y) & (side - 1),
        )
        x, y = np.where(turned, y, x), np.where(turned, x, y)
    return np.argsort(along, kind="stable")
