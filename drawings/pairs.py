"""Which shapes touch, hold or overlap which: found through a tree, lot by lot, so that memory and time stay bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from drawings.deadline import Deadline

Geometries: TypeAlias = npt.NDArray[np.object_]
Longs: TypeAlias = npt.NDArray[np.int64]
Predicate: TypeAlias = Literal["intersects", "contains", "covers", "within", "dwithin"] | None
_LOT = 512  # shapes asked about at once
_PAIRS_AT_ONCE = 4_000_000  # at most, if everything touched everything
_SEGMENTS = 400_000
_CROSSINGS = 200_000  # beyond what neighbours share
_CORNERS = 256  # of a piece of a subdivided area


def array(geometries: Sequence[BaseGeometry]) -> Geometries:
    """The shapes as an array."""
    out: Geometries = np.empty(len(geometries), object)
    out[:] = geometries
    return out


def straight(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> Geometries:
    """Straight lines between points, (n, 2) each."""
    out: Geometries = np.empty(len(start), object)
    out[:] = shapely.linestrings(np.stack((start, end), axis=1))
    return out


def held(shapes: Geometries, deadline: Deadline) -> Iterator[tuple[Longs, Longs]]:
    """(inner, outer) of the shapes, ordered by falling area, that lie within an earlier one; in lots, inner in order.

    Raises:
        OutOfTimeError: the time is over.
    """
    shapely.prepare(shapes)
    boxes = shapely.bounds(shapes)
    for inner, outer in pairs(shapes, shapely.STRtree(shapes), None, deadline):
        a, b = boxes[inner], boxes[outer]
        maybe = (outer < inner) & (b[:, :2] <= a[:, :2]).all(axis=1) & (b[:, 2:] >= a[:, 2:]).all(axis=1)
        inner, outer = inner[maybe], outer[maybe]
        within = shapely.contains(shapes[outer], shapes[inner])
        yield inner[within], outer[within]


def pairs(
    asked: Geometries, tree: shapely.STRtree, predicate: Predicate, deadline: Deadline, **more: Any
) -> Iterator[tuple[Longs, Longs]]:
    """(index of the one asked, index in the tree) in lots, those asked in order; ``more``: ``distance``.

    Raises:
        OutOfTimeError: the time is over.
    """
    lot = max(8, min(_LOT, _PAIRS_AT_ONCE // max(len(tree), 1)))
    for first in range(0, len(asked), lot):
        deadline.check()
        left, right = tree.query(asked[first : first + lot], predicate=predicate, **more)
        yield left + first, right


def crosses_little(lines: Geometries, deadline: Deadline) -> bool:
    """True if cutting these lines at all their crossings stays within memory and time."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    if np.count_nonzero(same) > _SEGMENTS:
        return False
    segments = straight(xy[:-1][same], xy[1:][same])
    tree = shapely.STRtree(segments)
    allowed = _CROSSINGS + 8 * len(segments)
    for left, _ in pairs(segments, tree, "intersects", deadline):
        allowed -= len(left)
        if allowed < 0:
            return False
    return True


def subdivided(area: BaseGeometry) -> Geometries:
    """Pieces of an area without common interior, each of few corners, so that one piece at a time is quickly cut."""
    out: list[BaseGeometry] = []
    waiting = [(area, 0)]
    while waiting:
        piece, depth = waiting.pop()
        if shapely.get_num_coordinates(piece) <= _CORNERS or depth >= 24:
            out += [p for p in shapely.get_parts(piece) if p.area > 0]
            continue
        x0, y0, x1, y1 = piece.bounds
        if x1 - x0 >= y1 - y0:
            middle = (x0 + x1) / 2
            halves = ((x0, y0, middle, y1), (middle, y0, x1, y1))
        else:
            middle = (y0 + y1) / 2
            halves = ((x0, y0, x1, middle), (x0, middle, x1, y1))
        waiting += [(part, depth + 1) for half in halves if (part := _cut(piece, half)).area > 0]
    return array(out)


def _cut(piece: BaseGeometry, box: tuple[float, float, float, float]) -> BaseGeometry:
    return shapely.intersection(piece, shapely.box(*box))


def area_beyond(shapes: Geometries, area: BaseGeometry, deadline: Deadline) -> npt.NDArray[np.float64]:
    """㎡ of each (valid) shape outside of a (valid) area."""
    pieces = subdivided(area)
    beyond = shapely.area(shapes)
    if not len(pieces):
        return beyond
    shapely.prepare(area)
    inside = shapely.covers(area, shapes)
    beyond[inside] = 0.0
    outer = np.flatnonzero(~inside)
    tree = shapely.STRtree(pieces)
    for left, right in pairs(shapes[outer], tree, "intersects", deadline):
        common = shapely.area(shapely.intersection(shapes[outer[left]], pieces[right]))
        np.subtract.at(beyond, outer[left], common)
    return beyond
