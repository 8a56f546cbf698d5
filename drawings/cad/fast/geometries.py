"""Shapely geometries of hundreds of thousands of instances, made in bulk."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

from drawings.cad.fast.columns import FILLED
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.flattening import flatten
from drawings.cad.fast.instances import FIRST, LAST, ROW, Instances
from drawings.cad.fast.tags import Ints, Longs

Geometries: TypeAlias = npt.NDArray[np.object_]
_PIECE = 16_384  # curves turned into geometries at once


def geometries(instances: Instances, flags: Ints, tolerance: float) -> Geometries:
    """One geometry per instance (see :meth:`~drawings.cad.fast.table.EntityTable.geometries`).

    Args:
    flags: of the rows.
    """
    counts = np.diff(instances.curve_start)
    closed = (instances.curve_flags & CLOSED).astype(bool)
    # two vertices enclose something only if they are joined by arcs
    ring = closed & ((counts >= 3) | ((counts == 2) & ((instances.curve_flags & BULGED) != 0)))
    curves: Geometries = np.full(counts.size, None, object)
    for mask, build, repeat in ((ring, _polygons, True), (~ring & (counts >= 2), _lines, False)):
        numbers = np.flatnonzero(mask)
        if build is _lines:
            pairs = numbers[(counts[numbers] == 2) & (instances.curve_flags[numbers] & BULGED == 0)]
            for k in range(0, pairs.size, _PIECE):
                piece = pairs[k : k + _PIECE]
                at = instances.curve_start[piece]
                ends = np.stack((at, at + 1), axis=1)
                both = np.stack((instances.vx[ends], instances.vy[ends]), axis=2)
                curves[piece] = shapely.linestrings(both)
            mask[pairs] = False
            numbers = np.flatnonzero(mask)
        for k in range(0, numbers.size, _PIECE):
            piece = numbers[k : k + _PIECE]
            curves[piece] = build(*flatten(instances, tolerance, piece, repeat=repeat))
    dot = np.flatnonzero(counts == 1)
    if dot.size:
        at = instances.curve_start[dot]
        curves[dot] = shapely.points(instances.vx[at], instances.vy[at])
    first, last = instances.ints[:, FIRST], instances.ints[:, LAST]
    out: Geometries = np.full(first.size, None, object)
    single = last - first == 1
    out[single] = curves[first[single]]
    anchored = (last == first) & ~np.isnan(instances.x)
    out[anchored] = shapely.points(instances.x[anchored], instances.y[anchored])
    for k in np.flatnonzero(last - first > 1).tolist():
        parts = curves[first[k] : last[k]]
        filled = flags[instances.ints[k, ROW]] & FILLED
        out[k] = _even_odd(parts) if filled else shapely.geometrycollections(parts)
    return out


def _polygons(sizes: Longs, points: npt.NDArray[np.float64]) -> Geometries:
    short = np.flatnonzero(np.diff(sizes) < 4)  # two vertices whose arcs are straight
    if short.size:
        made: Geometries = np.full(sizes.size - 1, None, object)
        for k in range(sizes.size - 1):
            part = points[sizes[k] : sizes[k + 1]]
            made[k] = _ring_or_line(part)
        return made
    rings = np.arange(sizes.size, dtype=np.int64)
    made = shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, (sizes, rings))
    return made


def _ring_or_line(points: npt.NDArray[np.float64]) -> Any:
    return shapely.Polygon(points) if len(points) > 3 else shapely.LineString(points)


def _lines(sizes: Longs, points: npt.NDArray[np.float64]) -> Any:
    owner = np.repeat(np.arange(sizes.size - 1), np.diff(sizes))
    made: Any = shapely.linestrings(points, indices=owner)
    return made


def _even_odd(parts: Geometries) -> Any:
    """Area covered by an odd number of the rings; a collection if they are no rings."""
    rings = [p for p in parts if p is not None]
    if not all(p.geom_type == "Polygon" for p in rings):
        return shapely.geometrycollections(rings)
    total = rings[0]
    try:
        for ring in rings[1:]:
            total = shapely.symmetric_difference(total, ring)
    except shapely.errors.GEOSException:  # rings that cross themselves
        return shapely.geometrycollections(rings)
    return total
