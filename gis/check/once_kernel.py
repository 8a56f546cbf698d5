"""Compiled area under a layer counted once, where its features overlap each other.

A vertical line's covered length changes linearly between the x at which edges begin, end or cross, so its value in the
middle of each strip times the width is the area.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gis.check.overlay_kernel import area_in, box_of, edges_of
from gis.check.wkb_kernel import compiled

#: an overlap of two pieces below this is noise of the sums
NOTHING_M2 = 1e-5
#: of the part of a piece that another one may overlap
_BINS = 16


@compiled
def _common(
    coordinates: Any,
    first: Any,
    begin: Any,
    sign: Any,
    boxes: Any,
    inside: Any,
    features: Any,
) -> Any:
    """Area that the pieces ``inside`` of different features have in common, which have more than nothing, and where."""
    total = 0.0
    shared = np.zeros(len(inside), np.bool_)
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for i in range(len(inside)):
        a = inside[i]
        _, lowest, _, highest = box_of(coordinates, first[begin[a]], first[begin[a + 1]])
        for j in range(i + 1, len(inside)):
            b = inside[j]
            left, right = max(boxes[a, 0], boxes[b, 0]), min(boxes[a, 2], boxes[b, 2])
            low, high = max(boxes[a, 1], boxes[b, 1]), min(boxes[a, 3], boxes[b, 3])
            if features[a] == features[b] or left >= right or low >= high:
                continue
            other = edges_of(
                coordinates, first, sign, begin[a], begin[a + 1], (left, lowest, right, highest), _BINS
            )
            found = area_in(coordinates, first, sign, begin[b], begin[b + 1], other)
            if found > NOTHING_M2:
                total += found
                shared[i] = True
                shared[j] = True
                west, south, east, north = (
                    min(west, left),
                    min(south, low),
                    max(east, right),
                    max(north, high),
                )
    return total, shared, (west, south, east, north)


@compiled
def _line(edges: Any, j: int, x: float) -> float:
    """Height of an edge (left x, left y, right x, slope) at ``x``."""
    height: float = edges[j, 1] + (x - edges[j, 0]) * edges[j, 3]
    return height


@compiled
def _sorted_edges(coordinates: Any, first: Any, ranges: Any, box: Any) -> Any:
    """Edges of several polygons over the x-range of a box, from left to right, and which polygon each belongs to."""
    west, south, east, _ = box
    total = 0
    for p in range(len(ranges)):
        total += first[ranges[p, 1]] - first[ranges[p, 0]]
    edges = np.empty((total, 5), np.float64)
    n = 0
    for p in range(len(ranges)):
        for ring in range(ranges[p, 0], ranges[p, 1]):
            for k in range(first[ring], first[ring + 1] - 1):
                ax, ay = coordinates[k, 0], coordinates[k, 1] - south
                bx, by = coordinates[k + 1, 0], coordinates[k + 1, 1] - south
                if ax > bx:
                    ax, ay, bx, by = bx, by, ax, ay
                if ax < bx and ax < east and bx > west:
                    edges[n, 0], edges[n, 1], edges[n, 2] = ax, ay, bx
                    edges[n, 3] = (by - ay) / (bx - ax)
                    edges[n, 4] = p
                    n += 1
    edges = edges[:n]
    return edges[np.argsort(edges[:, 0], kind="mergesort")]


@compiled
def _events(edges: Any, box: Any) -> Any:
    """Ascending x inside a box at which lines begin, end or cross each other."""
    west, south, east, north = box
    found = np.empty(2 * len(edges) + 64, np.float64)
    found[0], found[1] = west, east
    n = 2
    active = np.empty(len(edges), np.int64)
    count = 0
    for e in range(len(edges)):
        left, right = max(edges[e, 0], west), min(edges[e, 2], east)
        kept = 0
        low, high = (
            min(_line(edges, e, left), _line(edges, e, right)),
            max(_line(edges, e, left), _line(edges, e, right)),
        )
        seen = high >= 0 and low <= north - south
        for a in range(count):
            o = active[a]
            if edges[o, 2] <= edges[e, 0]:
                continue
            active[kept] = o
            kept += 1
            if not seen or edges[o, 4] == edges[e, 4] or edges[o, 3] == edges[e, 3]:
                continue
            end = min(right, edges[o, 2])
            before = _line(edges, e, left) - _line(edges, o, left)
            after = _line(edges, e, end) - _line(edges, o, end)
            if (before < 0) != (after < 0):
                if n + 3 > len(found):
                    more = np.empty(2 * len(found), np.float64)
                    more[:n] = found[:n]
                    found = more
                found[n] = left + (end - left) * (before / (before - after))
                n += 1
        count = kept
        if seen:  # others cross nothing inside the box
            active[count] = e
            count += 1
        if n + 3 > len(found):
            more = np.empty(2 * len(found), np.float64)
            more[:n] = found[:n]
            found = more
        found[n], found[n + 1] = left, right  # also where only an upright edge reaches into the box
        n += 2
    return np.sort(found[:n])


@compiled
def _overcounted(coordinates: Any, first: Any, ranges: Any, box: Any) -> float:
    """Area of polygon 0 (rings from, to) under the others, less that counted once; they overlap inside ``box`` only.

    Between two events the lengths of a vertical line that lie under several polygons change linearly, so their value in
    the middle times the width is the area.
    """
    edges = _sorted_edges(coordinates, first, ranges, box)
    events = _events(edges, box)
    total = 0.0
    active = np.empty(len(edges), np.int64)
    heights = np.empty(len(edges), np.float64)
    within = np.zeros(len(ranges), np.bool_)
    count, fresh = 0, 0
    for k in range(len(events) - 1):
        left, right = events[k], events[k + 1]
        if right <= left:
            continue
        x = (left + right) / 2
        kept = 0
        for a in range(count):
            if edges[active[a], 2] > x:
                active[kept] = active[a]
                kept += 1
        count = kept
        while fresh < len(edges) and edges[fresh, 0] <= x:
            if edges[fresh, 2] > x:
                active[count] = fresh
                count += 1
            fresh += 1
        _put_in_order(edges, active, heights, count, x)
        total += _twice_or_more(edges, active, heights, within, count) * (right - left)
    return total


@compiled
def _put_in_order(edges: Any, active: Any, heights: Any, count: int, x: float) -> None:
    """Heights of the active edges at ``x``, from below; they are nearly in order since the last strip."""
    for a in range(count):
        e = active[a]
        y = _line(edges, e, x)
        b = a
        while b > 0 and heights[b - 1] > y:
            heights[b], active[b] = heights[b - 1], active[b - 1]
            b -= 1
        heights[b], active[b] = y, e


@compiled
def _twice_or_more(edges: Any, active: Any, heights: Any, within: Any, count: int) -> float:
    """Length of a vertical line inside polygon 0 under each of the others, less that under any of them."""
    within[:] = False
    covers = 0
    length = 0.0
    for a in range(count):
        if covers > 1 and within[0]:
            length += (covers - 1) * (heights[a] - heights[a - 1])
        p = int(edges[active[a], 4])
        within[p] = not within[p]
        if p:
            covers += 1 if within[p] else -1
    return length


@compiled
def area_once(
    coordinates: Any,
    first: Any,
    begin: Any,
    sign: Any,
    boxes: Any,
    inside: Any,
    features: Any,
    areas: Any,
    rings: Any,
    enough: float,
) -> float:
    """Area of a site (its rings) under the pieces ``inside`` it, counted once.

    NaN if pieces of different features have less than ``enough`` in common.
    """
    total, shared, box = _common(coordinates, first, begin, sign, boxes, inside, features)
    if total < enough:
        return np.nan
    once = 0.0
    ranges = np.empty((shared.sum() + 1, 2), np.int64)
    ranges[0, 0], ranges[0, 1] = rings
    n = 1
    for i in range(len(inside)):
        once += areas[inside[i]]
        if shared[i]:
            ranges[n, 0], ranges[n, 1] = begin[inside[i]], begin[inside[i] + 1]
            n += 1
    return float(once - _overcounted(coordinates, first, ranges, box))
