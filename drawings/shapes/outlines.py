"""How far two outlines are from each other, and what they have in common. Pure; metres."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry


def same(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> bool:
    """True if no vertex of either lies further than ``tolerance`` from the other."""
    if a.is_empty or b.is_empty:
        return bool(a.is_empty and b.is_empty)
    if any(abs(x - y) > tolerance for x, y in zip(a.bounds, b.bounds, strict=True)):
        return False
    return deviation(a, b) <= tolerance


def all_same(
    a: npt.NDArray[np.object_], b: npt.NDArray[np.object_], tolerance: float
) -> npt.NDArray[np.bool_]:
    """:func:`same` of many pairs at once."""
    found = shapely.is_empty(a) & shapely.is_empty(b)
    apart = np.abs(shapely.bounds(a) - shapely.bounds(b)).max(axis=1)
    near = np.flatnonzero(apart <= tolerance)  # an empty one has no bounds and is near to nothing
    first, second = a[near], b[near]
    way, back = shapely.hausdorff_distance(first, second), shapely.hausdorff_distance(second, first)
    found[near] = np.maximum(way, back) <= tolerance
    return np.asarray(found, dtype=np.bool_)


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


def common(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> float:
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
