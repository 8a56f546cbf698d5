"""Cells: rings among lines that cross, run on or stop short (a grid of parking spaces, a carelessly drawn outline)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.deadline import Deadline
from drawings.shapes.pairs import Geometries, Longs, array, joined, meetings, pairs, straight

_ON_M = 1e-6  # an end nearer than this to a line lies on it
_ALONG_M = 1e-4  # a line nearer than this to a cell's outline is part of it
_LEAST_SHARED_M = 1e-3
_NEIGHBOURS = 200_000  # pairs of lines looked at, beyond some for each line


@dataclass(frozen=True, slots=True)
class Cell:
    """A ring found among lines that cross or nearly meet: what was cut off, what was added, both as lines."""

    ring: Polygon
    members: tuple[int, ...]
    cut: BaseGeometry
    added: BaseGeometry
    size: float


def cells(lines: Sequence[LineString], reach: float, least: float, deadline: Deadline) -> list[Cell] | None:
    """Rings among lines that overshoot (cross and run on) or undershoot (stop short of another line).

    Ends within ``reach`` of another line are led onto it; pieces that hang loose and are no longer than ``reach`` are
    cut. Metres; every line has a length.

    Returns:
        one cell per face larger than ``least`` ㎡; ``members`` are the lines along its outline. None if the lines are
        too many or cross too often to be looked at.

    Raises:
        OutOfTimeError: the time is over.
    """
    whole = array(lines)
    numbers = _in_company(whole, reach, deadline)
    if not numbers.size:
        return []
    every = whole[numbers]
    met = meetings(every, deadline)
    if met is None:
        return None
    numbers = numbers[_may_enclose(every, met, reach, deadline)]
    if not numbers.size:
        return []
    every = whole[numbers]
    tree = shapely.STRtree(every)
    bridges = _bridges(every, tree, reach, deadline)
    noded = shapely.union_all([*every, *bridges])
    deadline.check()
    noded = shapely.union_all(shapely.set_precision(noded, 1e-6))
    deadline.check()
    found, _cuts, dangles, _invalid = shapely.polygonize_full([noded])
    faces = [p for p in shapely.get_parts(found) if isinstance(p, Polygon) and p.area > least]
    outlines = shapely.get_exterior_ring(array(faces))
    members = _members(outlines, every, tree, deadline)
    cut = _touching(outlines, shapely.get_parts(dangles), deadline)
    added = _touching(outlines, shapely.get_parts(shapely.union_all(bridges)), deadline)
    out: list[Cell] = []
    corner = reach * math.sqrt(2)
    for k, face in enumerate(faces):
        if added[k] and math.hypot(*np.subtract(face.bounds[2:], face.bounds[:2])) <= corner:
            continue  # between two ends that were led to each other's line
        pieces = [*cut[k], *added[k]]
        longest = max((float(p.length) for p in pieces), default=0.0)
        out.append(
            Cell(
                face,
                tuple(numbers[sorted(members[k])].tolist()),
                MultiLineString(cut[k]),
                MultiLineString(added[k]),
                longest,
            )
        )
    return out


def _in_company(lines: Geometries, reach: float, deadline: Deadline) -> Longs:
    """Numbers of the lines that cross themselves or have another one within reach."""
    near = ~shapely.is_simple(lines)
    allowed = _NEIGHBOURS + 8 * len(lines)
    for left, right in pairs(lines, shapely.STRtree(lines), "dwithin", deadline, distance=reach):
        near[left[left != right]] = True
        allowed -= len(left)
        if allowed < 0:  # a thicket
            return np.arange(len(lines))
    return np.flatnonzero(near)


def _may_enclose(
    lines: Geometries, met: tuple[Longs, Longs], reach: float, deadline: Deadline
) -> npt.NDArray[np.bool_]:
    """Which lines may be part of a ring; most are not and need not be cut.

    Those are in groups that meet at least as often as they have lines, or of which one crosses itself. Lines meet where
    segments of them touch (``met``) and where an end of one comes near the other.
    """
    apart = met[0] != met[1]
    a, b = met[0][apart], met[1][apart]
    count = np.bincount(a, minlength=len(lines))
    group = joined(np.arange(len(lines)), a, b)
    tree = shapely.STRtree(lines)
    tips = [shapely.get_point(lines, 0), shapely.get_point(lines, -1)]
    spots = [shapely.get_coordinates(tip) for tip in tips]
    for ends, spot in zip(tips, spots, strict=True):
        for end, other in pairs(ends, tree, "dwithin", deadline, distance=reach):
            further = end != other
            for one in spots:  # ends that coincide are among those that touch
                further &= (spot[end] != one[other]).any(axis=1)
            count += np.bincount(end[further], minlength=len(lines))
            group = joined(group, end[further], other[further])
    enough = np.bincount(group, count, len(lines)) >= np.bincount(group, minlength=len(lines))
    enough[group[~shapely.is_simple(lines)]] = True
    enclosing: npt.NDArray[np.bool_] = enough[group]
    return enclosing


def _members(
    outlines: Geometries, lines: Geometries, tree: shapely.STRtree, deadline: Deadline
) -> dict[int, list[int]]:
    """Lines along each outline."""
    out: dict[int, list[int]] = defaultdict(list)
    near = shapely.buffer(outlines, _ALONG_M)
    for face, line in pairs(outlines, tree, "dwithin", deadline, distance=_ALONG_M):
        shared = shapely.length(shapely.intersection(lines[line], near[face]))
        for k in np.flatnonzero(shared > _LEAST_SHARED_M).tolist():
            out[int(face[k])].append(int(line[k]))
    return out


def _touching(outlines: Geometries, pieces: Geometries, deadline: Deadline) -> dict[int, list[LineString]]:
    """Pieces of line that touch each outline."""
    out: dict[int, list[LineString]] = defaultdict(list)
    wanted = array([p for p in pieces if isinstance(p, LineString) and not p.is_empty])
    if not len(wanted):
        return out
    for face, piece in pairs(outlines, shapely.STRtree(wanted), "dwithin", deadline, distance=_ALONG_M):
        for f, p in sorted(zip(face.tolist(), piece.tolist(), strict=True)):
            out[f].append(wanted[p])
    return out


def _bridges(lines: Geometries, tree: shapely.STRtree, reach: float, deadline: Deadline) -> list[LineString]:
    """Short lines from ends to the nearest other line; none from an end that lies on one or runs over it and on."""
    ends = np.empty(2 * len(lines), object)
    ends[0::2], ends[1::2] = shapely.get_point(lines, 0), shapely.get_point(lines, -1)
    blocked = np.zeros(len(ends), bool)
    best = np.full(len(ends), np.inf)
    target: Longs = np.full(len(ends), -1, np.int64)
    for end, other in pairs(ends, tree, "dwithin", deadline, distance=reach):
        foreign = other != end // 2
        end, other = end[foreign], other[foreign]
        away = shapely.distance(lines[other], ends[end])
        common = shapely.intersection(lines[end // 2], lines[other])
        blocked[end[(away <= _ON_M) | (shapely.distance(common, ends[end]) <= reach)]] = True
        order = np.lexsort((other, away, end))
        first = order[np.unique(end[order], return_index=True)[1]]
        best[end[first]], target[end[first]] = away[first], other[first]
    numbers = np.flatnonzero(~blocked & (target >= 0))
    spots, onto = ends[numbers], lines[target[numbers]]
    feet = shapely.line_interpolate_point(onto, shapely.line_locate_point(onto, spots))
    from_xy, to_xy = shapely.get_coordinates(spots), shapely.get_coordinates(feet)
    beyond = to_xy + (to_xy - from_xy) * 1e-4  # so that they surely cross
    return list(straight(from_xy, beyond))
