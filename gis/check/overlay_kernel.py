"""Compiled overlap areas: a site's edges against those of pieces, without building a geometry.

The area of P ∩ Q is the sum over all pairs of an edge of P and an edge of Q of ± the area under the lower of the two
over their common x-range: for every x, the indicator of a polygon is a signed sum of half lines below its edges. There
is no topology in it, so shared edges, equal vertices and touching corners need no care, and the error is that of a sum
of floats. The edges of the site lie in bins along x, so an edge of a piece meets only the few above or below it.

Importing this module loads numba (half a second).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gis.check.wkb_kernel import compiled


@compiled
def edges_of(coordinates: Any, first: Any, sign: Any, start: int, stop: int, window: Any, count: int) -> Any:
    """Edges of the rings ``start`` to ``stop`` and, for ``count`` bins of equal width along x, which lie over each.

    Of the ``window`` (west, south, east, north) only west and east cut them off; no edge may lie below it or above.

    Returns:
        edges (n, 6): x and y of the left end, x and y of the right end, sign (0 for an upright edge), rise; number of
        the first entry of each bin, with the end; edges of the bins; of each bin the signed area under its edges, and
        their lowest and highest y; west end and width of the bins; lowest y, which all heights are taken from, and
        highest y.
    """
    total = 0
    for ring in range(start, stop):
        total += max(first[ring + 1] - first[ring] - 1, 0)
    edges = np.empty((total, 6), np.float64)
    n = 0
    west, south, east, north = window
    for ring in range(start, stop):
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0], coordinates[k, 1]
            bx, by = coordinates[k + 1, 0], coordinates[k + 1, 1]
            if max(ax, bx) < west or min(ax, bx) > east:
                continue
            # a ring that runs counter-clockwise has its upper edges from right to left
            edges[n, 4] = 0.0 if ax == bx else -sign[ring]
            if ax > bx:
                ax, ay, bx, by = bx, by, ax, ay
                edges[n, 4] = sign[ring]
            rise = (by - ay) / (bx - ax)
            if ax < west:
                ax, ay = west, ay + (west - ax) * rise
            if bx > east:
                bx, by = east, by - (bx - east) * rise
            edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3], edges[n, 5] = ax, ay, bx, by, rise
            n += 1
    edges = edges[:n]
    width = (east - west) / count
    filled = np.zeros(count + 1, np.int64)
    for k in range(n):
        for b in range(_bin(edges[k, 0], west, width, count), _bin(edges[k, 2], west, width, count) + 1):
            filled[b + 1] += 1
    ends = np.cumsum(filled)
    entries = np.empty(ends[count], np.int64)
    free = ends[:-1].copy()
    for k in range(n):
        for b in range(_bin(edges[k, 0], west, width, count), _bin(edges[k, 2], west, width, count) + 1):
            entries[free[b]] = k
            free[b] += 1
    spans = np.zeros((count, 3), np.float64)
    for b in range(count):
        left, right = west + width * b, west + width * (b + 1)
        low, high = np.inf, -np.inf
        for entry in range(ends[b], ends[b + 1]):
            j = entries[entry]
            spans[b, 0] += _under(edges, j, left, right, south)
            low, high = min(low, edges[j, 1], edges[j, 3]), max(high, edges[j, 1], edges[j, 3])
        spans[b, 1], spans[b, 2] = low, high
    return edges, ends, entries, spans, west, width, south, north


@compiled
def _under(edges: Any, j: int, left: float, right: float, base: float) -> float:
    """Signed area between an edge and the height ``base``, from ``left`` to ``right`` as far as the edge goes."""
    xl, xr = max(left, edges[j, 0]), min(right, edges[j, 2])
    if xr <= xl or edges[j, 4] == 0.0:
        return 0.0
    middle = edges[j, 1] - base + ((xl + xr) / 2 - edges[j, 0]) * edges[j, 5]
    return float(edges[j, 4] * middle * (xr - xl))


@compiled
def box_of(coordinates: Any, start: int, stop: int) -> Any:
    """West, south, east and north of some coordinates."""
    west, south = coordinates[start, 0], coordinates[start, 1]
    east, north = west, south
    for k in range(start + 1, stop):
        x, y = coordinates[k, 0], coordinates[k, 1]
        west, east = min(west, x), max(east, x)
        south, north = min(south, y), max(north, y)
    return west, south, east, north


@compiled
def _bin(x: float, west: float, width: float, count: int) -> int:
    return min(max(int((x - west) / width), 0), count - 1)


@compiled
def _under_both(xl: float, xr: float, pl: float, pr: float, ql: float, qr: float) -> float:
    """Area under the lower of two lines between ``xl`` and ``xr``, given their heights there."""
    left, right = pl - ql, pr - qr
    if left <= 0 and right <= 0:
        return (pl + pr) / 2 * (xr - xl)
    if left >= 0 and right >= 0:
        return (ql + qr) / 2 * (xr - xl)
    part = left / (left - right)
    middle = pl + (pr - pl) * part
    if left < 0:
        return ((pl + middle) * part + (middle + qr) * (1 - part)) / 2 * (xr - xl)
    return ((ql + middle) * part + (middle + pr) * (1 - part)) / 2 * (xr - xl)


@compiled
def area_in(coordinates: Any, first: Any, sign: Any, start: int, stop: int, site: Any) -> float:
    """Area that the rings ``start`` to ``stop`` have in common with the site (within its window)."""
    _, ends, _, _, west, width, base, _ = site
    east = west + width * (len(ends) - 1)
    area = 0.0
    for ring in range(start, stop):
        total = 0.0
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0], coordinates[k, 1]
            bx, by = coordinates[k + 1, 0], coordinates[k + 1, 1]
            if max(ax, bx) <= west or min(ax, bx) >= east or (ay <= base and by <= base) or ax == bx:
                continue  # below the whole site the areas under its edges cancel
            if ax < bx:
                total -= sign[ring] * _area_under(ax, ay, bx, by, site)
            else:
                total += sign[ring] * _area_under(bx, by, ax, ay, site)
        area += total
    return area


@compiled
def _area_under(ax: float, ay: float, bx: float, by: float, site: Any) -> float:
    """Area of the site under an edge from left to right (signed as the site's edges are)."""
    edges, ends, entries, spans, west, width, base, _ = site
    count = len(ends) - 1
    slope = (by - ay) / (bx - ax)
    low, high = min(ay, by), max(ay, by)
    total = 0.0
    for b in range(_bin(ax, west, width, count), _bin(bx, west, width, count) + 1):
        if high <= spans[b, 1]:
            continue  # below all edges here
        begin, end = west + width * b, west + width * (b + 1)
        left, right = max(ax, begin), min(bx, end)
        above = low >= spans[b, 2]
        if above and left == begin and right == end:
            total += spans[b, 0]
            continue
        for entry in range(ends[b], ends[b + 1]):
            j = entries[entry]
            if above:
                total += _under(edges, j, left, right, base)
                continue
            xl, xr = max(left, edges[j, 0]), min(right, edges[j, 2])
            if xr <= xl or edges[j, 4] == 0.0:
                continue
            x, y, rise = edges[j, 0], edges[j, 1] - base, edges[j, 5]
            total += edges[j, 4] * _under_both(
                xl,
                xr,
                ay - base + (xl - ax) * slope,
                ay - base + (xr - ax) * slope,
                y + (xl - x) * rise,
                y + (xr - x) * rise,
            )
    return total


@compiled
def length_of(coordinates: Any, first: Any, start: int, stop: int) -> float:
    """Length of the rings ``start`` to ``stop``."""
    total = 0.0
    for ring in range(start, stop):
        for k in range(first[ring], first[ring + 1] - 1):
            dx, dy = coordinates[k + 1, 0] - coordinates[k, 0], coordinates[k + 1, 1] - coordinates[k, 1]
            total += math.sqrt(dx * dx + dy * dy)
    return total


@compiled
def length_in(coordinates: Any, first: Any, start: int, stop: int, box: Any) -> float:
    """Length of the rings ``start`` to ``stop`` inside a box."""
    west, south, east, north = box
    total = 0.0
    for ring in range(start, stop):
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0], coordinates[k, 1]
            dx, dy = coordinates[k + 1, 0] - ax, coordinates[k + 1, 1] - ay
            low, high = 0.0, 1.0
            for at, by, least, most in ((ax, dx, west, east), (ay, dy, south, north)):
                if by == 0:
                    if at < least or at > most:
                        high = -1.0
                else:
                    one, two = (least - at) / by, (most - at) / by
                    low, high = max(low, min(one, two)), min(high, max(one, two))
            if high > low:
                total += (high - low) * math.hypot(dx, dy)
    return total


@compiled
def _apart(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance of a point from a segment."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else min(max(((px - ax) * dx + (py - ay) * dy) / length, 0.0), 1.0)
    ex, ey = px - ax - t * dx, py - ay - t * dy
    return ex * ex + ey * ey


@compiled
def is_near(coordinates: Any, first: Any, start: int, stop: int, limit: float, site: Any) -> bool:
    """Whether the outline of the rings ``start`` to ``stop`` comes within ``limit`` of the site's outline."""
    edges, ends, entries, _, west, width, south, north = site
    count = len(ends) - 1
    east = west + width * count
    for ring in range(start, stop):
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0], coordinates[k, 1]
            bx, by = coordinates[k + 1, 0], coordinates[k + 1, 1]
            left, right = min(ax, bx) - limit, max(ax, bx) + limit
            low, high = min(ay, by) - limit, max(ay, by) + limit
            if right < west or left > east or high < south or low > north:
                continue
            for b in range(_bin(left, west, width, count), _bin(right, west, width, count) + 1):
                for entry in range(ends[b], ends[b + 1]):
                    j = entries[entry]
                    cx, cy, dx, dy = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
                    if cx > right or dx < left or min(cy, dy) > high or max(cy, dy) < low:
                        continue
                    apart = min(
                        _apart(ax, ay, cx, cy, dx, dy),
                        _apart(bx, by, cx, cy, dx, dy),
                        _apart(cx, cy, ax, ay, bx, by),
                        _apart(dx, dy, ax, ay, bx, by),
                    )
                    if math.sqrt(apart) <= limit:
                        return True
    return False
