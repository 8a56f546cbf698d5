"""Which shapes touch, hold or overlap which: found through a tree, lot by lot, so that memory and time stay bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.deadline import Deadline

Geometries: TypeAlias = npt.NDArray[np.object_]
Longs: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Predicate: TypeAlias = Literal["intersects", "contains", "covers", "within", "dwithin"] | None
_LOT = 8192  # shapes asked about at once, at most
_PAIRS_AT_ONCE = 2_000_000  # boxes that may meet in one lot
_QUICK_CORNERS = 8  # of shapes that are compared as quickly as boxes
_OFTEN = 4  # a shape asked about as often is worth preparing
_CORNERS_AT_ONCE = 2_000_000  # of shapes compared between two looks at the clock
_SEGMENTS = 400_000
_CROSSINGS = 200_000  # beyond what neighbours share
_TESTED = 131_072  # two segments each, tested at once
_ROUNDING = 1e-15  # of a difference of two products: Shewchuk's bound is a third of it
_UNITED = 2000  # shapes united in one go
_CORNERS = 256  # of a piece of a subdivided area
_MANY = 20_000  # shapes for which loading compiled code pays
_SHARES = (0.5, 0.7, 0.9)  # of a hole's box that may lie in the hole


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


def nearest_around(shapes: Geometries, deadline: Deadline) -> Longs:
    """Of the shapes, ordered by falling area: the last one before each that holds it; -1 where none does.

    Raises:
        OutOfTimeError: the time is over.
    """
    out = np.full(len(shapes), -1, np.int64)
    if len(shapes) > _MANY:
        _nearest_of_many(shapes, out, deadline)
        return out
    boxes = shapely.bounds(shapes)
    for inner, outer in pairs(shapes, shapely.STRtree(shapes), None, deadline):
        a, b = boxes[inner], boxes[outer]
        maybe = (outer < inner) & (b[:, :2] <= a[:, :2]).all(axis=1) & (b[:, 2:] >= a[:, 2:]).all(axis=1)
        inner, outer = inner[maybe], outer[maybe]
        while inner.size:
            deadline.check()
            first = np.flatnonzero(np.concatenate(([True], inner[1:] != inner[:-1])))
            last = np.maximum.reduceat(outer, first)
            within = _hold(shapes, last, inner[first], deadline)
            out[inner[first[within]]] = last[within]
            sizes = np.diff(np.concatenate((first, [inner.size])))
            again = np.repeat(~within, sizes)  # another one may hold what this one does not
            again &= outer < np.repeat(last, sizes)
            inner, outer = inner[again], outer[again]
    return out


def _nearest_of_many(shapes: Geometries, out: Longs, deadline: Deadline) -> None:
    """:func:`nearest_around` where thousands may lie in each other: only the closest boxes are looked at."""
    from drawings.cad.fast.nesting import BoxTree  # compiled, which takes a while to load

    tree = BoxTree(shapely.bounds(shapes))
    for first in range(0, len(shapes), _LOT):
        inner = before = np.arange(first, min(first + _LOT, len(shapes)))
        while inner.size:
            deadline.check()
            outer = tree.around(inner, before)
            inner, outer = inner[outer >= 0], outer[outer >= 0]
            if not inner.size:
                break
            within = _hold(shapes, outer, inner, deadline)
            out[inner[within]] = outer[within]
            inner, before = inner[~within], outer[~within]


def overlapping(areas: Geometries, deadline: Deadline) -> Iterator[tuple[Longs, Longs]]:
    """Pairs (first, later one) of areas that touch or overlap, in lots, in order.

    Of many areas with holes those that lie in one another's holes need no comparing.

    Raises:
        OutOfTimeError: the time is over.
    """
    holed = np.flatnonzero(shapely.get_num_interior_rings(areas))
    if len(areas) <= _MANY or not holed.size:
        for left, right in pairs(areas, shapely.STRtree(areas), "intersects", deadline):
            once = left < right
            order = np.lexsort((right[once], left[once]))
            yield left[once][order], right[once][order]
        return
    from drawings.cad.fast.nesting import BoxTree  # compiled, which takes a while to load

    tree, clear = BoxTree(shapely.bounds(areas)), _clear(areas, holed)
    for first in range(0, len(areas), _LOT):
        left, right = tree.meeting(np.arange(first, min(first + _LOT, len(areas))), clear)
        met = np.zeros(left.size, np.bool_)
        for begin in range(0, left.size, _TESTED):
            deadline.check()
            chosen = slice(begin, begin + _TESTED)
            often = np.unique(left[chosen])
            shapely.prepare(areas[often])
            met[chosen] = shapely.intersects(areas[left[chosen]], areas[right[chosen]])
            shapely.destroy_prepared(areas[often])
        order = np.lexsort((right[met], left[met]))
        yield left[met][order], right[met][order]


def _clear(areas: Geometries, holed: Longs) -> Floats:
    """Of every area a box in its first hole; NaN where it has none."""
    clear = np.full((len(areas), 4), np.nan)
    holes = shapely.polygons(shapely.get_interior_ring(areas[holed], 0))
    boxes = shapely.bounds(holes)
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    for share in (*_SHARES, 1.0):
        tried = np.concatenate((middle - share * half, middle + share * half), axis=1)
        tried = boxes if share == 1.0 else tried
        inside = shapely.covers(holes, shapely.box(*tried.T))
        clear[holed[inside]] = tried[inside]
    return clear


def _hold(shapes: Geometries, outer: Longs, inner: Longs, deadline: Deadline) -> npt.NDArray[np.bool_]:
    """Which of the outer shapes hold their inner ones, at most as many corners at once as a moment allows."""
    names, times = np.unique(outer, return_counts=True)
    often = shapes[names[times >= _OFTEN]]
    shapely.prepare(often)  # those of one lot: of all shapes at once it would take gigabytes
    corners = np.cumsum(
        shapely.get_num_coordinates(shapes[outer]) + shapely.get_num_coordinates(shapes[inner])
    )
    out = np.zeros(len(outer), np.bool_)
    lots = np.searchsorted(corners, np.arange(_CORNERS_AT_ONCE, corners[-1], _CORNERS_AT_ONCE))
    for chosen in np.split(np.arange(len(outer)), np.unique(lots)):
        deadline.check()
        out[chosen] = shapely.contains(shapes[outer[chosen]], shapes[inner[chosen]])
    shapely.destroy_prepared(often)
    return out


def pairs(
    asked: Geometries, tree: shapely.STRtree, predicate: Predicate, deadline: Deadline, **more: Any
) -> Iterator[tuple[Longs, Longs]]:
    """(index of the one asked, index in the tree) in lots, those asked in order; ``more``: ``distance``.

    Raises:
        OutOfTimeError: the time is over.
    """
    if not len(asked) or not len(tree):
        return
    corners = (
        1.0 if predicate is None else shapely.get_num_coordinates(tree.geometries).mean() / _QUICK_CORNERS
    )
    for first, last in _lots(asked, tree, float(more.get("distance", 0.0)), max(1.0, corners)):
        deadline.check()
        left, right = tree.query(asked[first:last], predicate=predicate, **more)
        yield left + first, right


def _lots(asked: Geometries, tree: shapely.STRtree, reach: float, effort: float) -> Iterator[tuple[int, int]]:
    """Ranges of those asked, each of so few that the boxes that may meet in it fit into memory, and that looking at
    what is in them, which takes ``effort`` times as long as looking at boxes, is a matter of a second or so."""
    boxes, others = shapely.bounds(asked), shapely.bounds(tree.geometries)
    others = others[~np.isnan(others).any(axis=1)]
    most = np.full(len(asked), len(others), np.int64)
    for low, high in ((0, 2), (1, 3)):  # as many as meet it along x; along y
        begun = np.searchsorted(np.sort(others[:, low]), boxes[:, high] + reach, side="right")
        ended = np.searchsorted(np.sort(others[:, high]), boxes[:, low] - reach, side="left")
        most = np.minimum(most, begun - ended)
    so_far = np.cumsum(np.maximum(most, 1) * effort)
    first = 0
    while first < len(asked):
        room = (so_far[first - 1] if first else 0) + _PAIRS_AT_ONCE
        last = int(np.searchsorted(so_far, room, side="right"))
        last = min(max(last, first + 1), first + _LOT, len(asked))
        yield first, last
        first = last


def crosses_little(lines: Geometries, deadline: Deadline) -> bool:
    """True if cutting these lines at all their crossings stays within memory and time."""
    return meetings(lines, deadline) is not None


def meetings(lines: Geometries, deadline: Deadline) -> tuple[Longs, Longs] | None:
    """Which lines meet, by each two of their segments that touch, (first, second): a line meets itself where they
    follow each other. None if there are so many that cutting the lines there would not stay within memory and time.

    Raises:
        OutOfTimeError: the time is over.
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    if np.count_nonzero(same) > _SEGMENTS:
        return None
    start, end, owner = xy[:-1][same], xy[1:][same], line[1:][same]
    segments = straight(start, end)
    allowed = _CROSSINGS + 7 * len(
        segments
    )  # each touches itself and, mostly, the one before and the one after
    found: list[tuple[Longs, Longs]] = []
    for left, right in pairs(segments, shapely.STRtree(segments), None, deadline):
        once = np.flatnonzero(left < right)
        for begin in range(0, once.size, _TESTED):
            chosen = once[begin : begin + _TESTED]
            a, b = left[chosen], right[chosen]
            touching = _segments_touch(start[a], end[a], start[b], end[b])
            allowed -= 2 * int(np.count_nonzero(touching))
            if allowed < 0:
                return None
            found.append((owner[a[touching]], owner[b[touching]]))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _segments_touch(a: Floats, b: Floats, c: Floats, d: Floats) -> npt.NDArray[np.bool_]:
    """Whether segments a-b and c-d touch: by the side on which ends lie; where rounding leaves that open, GEOS says."""
    sides = [_side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)]
    apart = (sides[0] * sides[1] > 0) | (sides[2] * sides[3] > 0)
    touching: npt.NDArray[np.bool_] = (sides[0] * sides[1] < 0) & (sides[2] * sides[3] < 0)
    for one in (a, b):
        for other in (c, d):
            touching |= (one == other).all(axis=1)
    open_ = np.flatnonzero(~apart & ~touching)
    touching[open_] = shapely.intersects(straight(a[open_], b[open_]), straight(c[open_], d[open_]))
    return touching


def _side(a: Floats, b: Floats, spot: Floats) -> Floats:
    """1 where a point lies to the left of a-b, -1 to the right, 0 where rounding leaves it open."""
    one = (a[:, 0] - spot[:, 0]) * (b[:, 1] - spot[:, 1])
    other = (a[:, 1] - spot[:, 1]) * (b[:, 0] - spot[:, 0])
    difference = one - other
    sure = np.abs(difference) > _ROUNDING * (np.abs(one) + np.abs(other))
    return np.where(sure, np.sign(difference), 0.0)


def united(shapes: Geometries, deadline: Deadline) -> BaseGeometry:
    """What (valid) areas cover together; those that touch no other are taken as they are.

    Raises:
        OutOfTimeError: the time is over.
    """
    parts = shapely.get_parts(shapes)
    group = np.arange(len(parts))
    for left, right in pairs(parts, shapely.STRtree(parts), "intersects", deadline):
        group = joined(group, left, right)
    size = np.bincount(group, minlength=len(parts))
    alone = size[group] == 1
    out = [*parts[alone]]
    order = np.argsort(group[~alone], kind="stable")
    crowd, names = parts[~alone][order], group[~alone][order]
    for several in np.split(crowd, np.flatnonzero(np.diff(names)) + 1):
        if len(several):
            out += shapely.get_parts(_united_crowd(several, deadline)).tolist()
    areas = [p for p in out if isinstance(p, Polygon)]
    return areas[0] if len(areas) == 1 else MultiPolygon(areas)


def _united_crowd(shapes: Geometries, deadline: Deadline) -> BaseGeometry:
    while len(shapes) > _UNITED:
        lots: list[BaseGeometry] = []
        for first in range(0, len(shapes), _UNITED):
            deadline.check()
            lots.append(shapely.union_all(shapes[first : first + _UNITED]))
        shapes = array(lots)
    deadline.check()
    return shapely.union_all(shapes)


def together(shapes: Sequence[BaseGeometry], deadline: Deadline) -> BaseGeometry:
    """What (valid) shapes cover together, cheaply: of thousands areas only.

    Raises:
        OutOfTimeError: the time is over.
    """
    deadline.check()
    return united(array(shapes), deadline) if len(shapes) > _UNITED else shapely.union_all(shapes)


def joined(group: Longs, left: Longs, right: Longs) -> Longs:
    """Groups (of every member the first one of its group) once these pairs of members belong together."""
    label = group.copy()
    while True:
        a, b = label[left], label[right]
        apart = a != b
        if not apart.any():
            return label
        left, right = left[apart], right[apart]
        np.minimum.at(label, np.maximum(a, b)[apart], np.minimum(a, b)[apart])
        while not np.array_equal(first := label[label], label):
            label = first


def subdivided(area: BaseGeometry) -> Geometries:
    """Pieces of an area without common interior, each of few corners, so that one piece at a time is quickly cut."""
    out: list[BaseGeometry] = []
    waiting = [(part, 0) for part in shapely.get_parts(area)]
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
    shapely.prepare(pieces)
    for left, right in pairs(shapes, shapely.STRtree(pieces), "intersects", deadline):
        held_by_one = shapely.covers(pieces[right], shapes[left])
        beyond[left[held_by_one]] = 0.0
        cut = beyond[left] > 0
        left, right = left[cut], right[cut]
        np.subtract.at(beyond, left, shapely.area(shapely.intersection(shapes[left], pieces[right])))
    return beyond
