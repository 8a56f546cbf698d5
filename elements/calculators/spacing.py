"""How two buildings face each other (projected overlap, gap across it, which stands to the south), and fire spacing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from elements.engine.trace import Rows

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


# ---------------------------------------------------------------- fire spacing

HIGH = "高层"
CLASSES = ("一、二级", "三级", "四级")
_CLASS_OF = {"一级": CLASSES[0], "二级": CLASSES[0], "三级": CLASSES[1], "四级": CLASSES[2]}


@dataclass(frozen=True, slots=True)
class FireKinds:
    """What a building may be in the fire spacing table, and what is missing to tell.

    Attributes:
        kinds: 高层 and the classes that are possible; one when everything is known.
        missing: Chinese names of what is not known. by_planning: 高层 was told from the planning height alone.
    """

    kinds: frozenset[str]
    missing: tuple[str, ...] = ()
    by_planning: bool = False


def fire_kinds(record: Mapping[str, Any], heights: Rows) -> FireKinds:
    """Possible kinds of a building from ``fire_height_mm``, ``height_mm``, ``fire_class`` and ``usage``.

    The fire height (to the roof surface) never exceeds the planning height (to the parapet): a planning height below
    the high-rise limit settles it, one above it counts as 高层 when no fire height is given.

    Args:
        heights: rows ``residential, above`` (m) of the table of high-rise limits.
    """
    usage = str(record.get("usage") or "")
    limits = {bool(r["residential"]): int(Decimal(r["above"]) * 1000) for r in heights}
    asked = [limits["住宅" in usage]] if usage else sorted(limits.values())
    fire, planning = record.get("fire_height_mm"), record.get("height_mm")
    known = fire if fire is not None else planning
    stated = str(record.get("fire_class") or "")
    classes = {_CLASS_OF[stated]} if stated in _CLASS_OF else set(CLASSES)
    missing: list[str] = []
    if known is None:
        missing.append("建筑高度")
        kinds = classes | {HIGH}
    else:
        answers = {int(known) > limit for limit in asked}
        if len(answers) > 1:
            missing.append("用途")
        kinds = ({HIGH} if True in answers else set()) | (classes if False in answers else set())
    if len(classes) > 1 and kinds - {HIGH}:
        missing.append("耐火等级")
    return FireKinds(
        frozenset(kinds), tuple(missing), fire is None and planning is not None and HIGH in kinds
    )


def fire_metres(rules: Rows, one: FireKinds, other: FireKinds) -> tuple[Decimal, Decimal, str]:
    """(least, greatest) spacing m over what the two buildings may be, and the clause."""
    table = {frozenset((str(r["a"]), str(r["b"]))): r for r in rules}
    rows = [table[frozenset((a, b))] for a in one.kinds for b in other.kinds]
    values = [Decimal(r["metres"]) for r in rows]
    return min(values), max(values), str(rows[0]["clause"])
