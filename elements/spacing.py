"""How two buildings face each other: projected overlap, gap across it, and which one stands to the south."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

#: an overlap shorter than this (m) is a touch of corners
LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Facing:
    """Facing of two outlines, X east and Y north.

    Attributes:
        relation: 南北相对, 东西相对, 错开 (projections overlap in neither direction), 重叠 (touching or overlapping).
        overlap: length m of the projected overlap; ``gap``: least distance m across it, None when 错开.
        south: 1 or 2: which of them stands to the south when 南北相对, else 0.
    """

    relation: str
    overlap: float
    gap: float | None
    south: int


def facing(one: BaseGeometry, other: BaseGeometry) -> Facing:
    """How ``one`` and ``other`` face each other.

    Overlap east–west means that they face each other north–south, and the other way round; where both hold (an angled
    building), the direction with the smaller gap decides.
    """
    if one.intersects(other):
        return Facing("重叠", 0.0, 0.0, 0)
    found: list[tuple[float, str, float]] = []
    for relation, axis in (("南北相对", 0), ("东西相对", 1)):
        low = max(one.bounds[axis], other.bounds[axis])
        high = min(one.bounds[axis + 2], other.bounds[axis + 2])
        if high - low > LEAST:
            gap = _across(one, other, axis, low, high)
            if gap is not None:
                found.append((gap, relation, high - low))
    if not found:
        return Facing("错开", 0.0, None, 0)
    gap, relation, overlap = min(found)
    south = 0
    if relation == "南北相对":
        south = 1 if one.centroid.y < other.centroid.y else 2
    return Facing(relation, overlap, gap, south)


def _across(one: BaseGeometry, other: BaseGeometry, axis: int, low: float, high: float) -> float | None:
    """Least distance along the facing direction within the strip of overlap: where vertices of either meet the other.

    Between neighbouring vertices of the two outlines the distance along the direction is linear, so that its least
    value stands at one of them.
    """
    stations = {low, high}
    for shape in (one, other):
        stations |= {p[axis] for p in shapely.get_coordinates(shape) if low <= p[axis] <= high}
    bounds = shapely.union_all([one, other]).bounds
    gaps = []
    for station in stations:
        ends = (
            [(station, bounds[1]), (station, bounds[3])]
            if axis == 0
            else [(bounds[0], station), (bounds[2], station)]
        )
        probe = LineString(ends)
        first, second = one.intersection(probe), other.intersection(probe)
        if not first.is_empty and not second.is_empty:
            gaps.append(float(first.distance(second)))
    return min(gaps, default=None)
