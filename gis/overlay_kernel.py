"""Compiled overlap areas: sites against the pieces around them straight from their EWKB, without building a geometry.

The area of P ∩ Q is the sum over all pairs of an edge of P and an edge of Q of ± the area under the lower of the two
over their common x-range: for every x, the indicator of a polygon is a signed sum of half lines below its edges. There
is no topology in it, so shared edges, equal vertices and touching corners need no care, and the error is that of a sum
of floats. The edges of the site lie in bins along x, so an edge of a piece meets only the few above or below it.

:func:`measure` is the one entry; whatever a site's sums are, they do not depend on the other sites of the call.

Importing this module loads numba (half a second); :mod:`gis.overlay` does so on the first use.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gis.wkb_kernel import compiled

MOST_BINS = 4096
#: an overlap of two pieces below this is noise of the sums
NOTHING_M2 = 1e-5


@compiled
def _edges_in_bins(coordinates: Any, first: Any, sign: Any, start: int, stop: int, count: int) -> Any:
    """Edges of the rings ``start`` to ``stop`` and, for ``count`` bins of equal width along x, which lie over each.

    Returns:
        edges (n, 5): x and y of the left end, x and y of the right end, sign (0 for an upright edge); number of the
        first entry of each bin, with the end; edges of the bins; west end and width of the bins; y all heights are
        taken from.
    """
    total = 0
    for ring in range(start, stop):
        total += max(first[ring + 1] - first[ring] - 1, 0)
    edges = np.empty((total, 5), np.float64)
    n = 0
    west, south, east, _ = _box(coordinates, first[start], first[stop])
    for ring in range(start, stop):
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0], coordinates[k, 1]
            bx, by = coordinates[k + 1, 0], coordinates[k + 1, 1]
            # a ring that runs counter-clockwise has its upper edges from right to left
            if ax <= bx:
                edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3] = ax, ay, bx, by
                edges[n, 4] = -sign[ring] if ax < bx else 0.0
            else:
                edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3] = bx, by, ax, ay
                edges[n, 4] = sign[ring]
            n += 1
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
    return edges, ends, entries, west, width, south


@compiled
def _box(coordinates: Any, start: int, stop: int) -> Any:
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
def _area(coordinates: Any, first: Any, sign: Any, start: int, stop: int, site: Any) -> float:
    """Area that the rings ``start`` to ``stop`` have in common with the site."""
    edges, ends, entries, west, width, base = site
    count = len(ends) - 1
    east = west + width * count
    area = 0.0
    for ring in range(start, stop):
        total = 0.0
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0], coordinates[k, 1]
            bx, by = coordinates[k + 1, 0], coordinates[k + 1, 1]
            if ax == bx:
                continue
            weight = -sign[ring]
            if ax > bx:
                ax, ay, bx, by = bx, by, ax, ay
                weight = -weight
            if bx <= west or ax >= east:
                continue
            slope = (by - ay) / (bx - ax)
            for b in range(_bin(ax, west, width, count), _bin(bx, west, width, count) + 1):
                left = max(ax, west + width * b)
                right = min(bx, west + width * (b + 1)) if b < count - 1 else bx
                for entry in range(ends[b], ends[b + 1]):
                    j = entries[entry]
                    xl, xr = max(left, edges[j, 0]), min(right, edges[j, 2])
                    if xr <= xl or edges[j, 4] == 0.0:
                        continue
                    rise = (edges[j, 3] - edges[j, 1]) / (edges[j, 2] - edges[j, 0])
                    total += (weight * edges[j, 4]) * _under_both(
                        xl,
                        xr,
                        ay - base + (xl - ax) * slope,
                        ay - base + (xr - ax) * slope,
                        edges[j, 1] - base + (xl - edges[j, 0]) * rise,
                        edges[j, 1] - base + (xr - edges[j, 0]) * rise,
                    )
        area += total
    return area


@compiled
def _length_in(coordinates: Any, first: Any, start: int, stop: int, box: Any) -> float:
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
def _near(coordinates: Any, first: Any, start: int, stop: int, limit: float, site: Any) -> bool:
    """Whether the outline of the rings ``start`` to ``stop`` comes within ``limit`` of the site's outline."""
    edges, ends, entries, west, width, _ = site
    count = len(ends) - 1
    for ring in range(start, stop):
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay = coordinates[k, 0], coordinates[k, 1]
            bx, by = coordinates[k + 1, 0], coordinates[k + 1, 1]
            left, right = min(ax, bx) - limit, max(ax, bx) + limit
            low, high = min(ay, by) - limit, max(ay, by) + limit
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


@compiled
def _common(
    coordinates: Any,
    first: Any,
    begin: Any,
    sign: Any,
    boxes: Any,
    inside: Any,
    features: Any,
    nothing: float,
) -> Any:
    """Area that the pieces ``inside`` of different features have in common, and which have more than ``nothing``."""
    total = 0.0
    shared = np.zeros(len(inside), np.bool_)
    for i in range(len(inside)):
        a = inside[i]
        made = False
        for j in range(i + 1, len(inside)):
            b = inside[j]
            if features[a] == features[b] or not (
                max(boxes[a, 0], boxes[b, 0]) < min(boxes[a, 2], boxes[b, 2])
                and max(boxes[a, 1], boxes[b, 1]) < min(boxes[a, 3], boxes[b, 3])
            ):
                continue
            if not made:
                made = True
                bins = max((first[begin[a + 1]] - first[begin[a]]) // 2, 16)
                other = _edges_in_bins(coordinates, first, sign, begin[a], begin[a + 1], bins)
            found = _area(coordinates, first, sign, begin[b], begin[b + 1], other)
            if found > nothing:
                total += found
                shared[i] = True
                shared[j] = True
    return total, shared


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
        active[kept] = e
        count = kept + 1
        if n + 3 > len(found):
            more = np.empty(2 * len(found), np.float64)
            more[:n] = found[:n]
            found = more
        found[n], found[n + 1] = left, right  # also where only an upright edge reaches into the box
        n += 2
    return np.sort(found[:n])


@compiled
def _covered(coordinates: Any, first: Any, ranges: Any, box: Any) -> float:
    """Area under polygon 0 (rings from, to) that any of the others covers.

    Between two events the covered length of a vertical line changes linearly, so its value in the middle times the
    width is the area.
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
        for a in range(count):  # nearly in order since the last strip
            e = active[a]
            y = _line(edges, e, x)
            b = a
            while b > 0 and heights[b - 1] > y:
                heights[b], active[b] = heights[b - 1], active[b - 1]
                b -= 1
            heights[b], active[b] = y, e
        within[:] = False
        covers = 0
        length = 0.0
        for a in range(count):
            if a and within[0] and covers > 0:
                length += heights[a] - heights[a - 1]
            p = int(edges[active[a], 4])
            within[p] = not within[p]
            if p:
                covers += 1 if within[p] else -1
        total += length * (right - left)
    return total


@compiled
def _once(
    coordinates: Any,
    first: Any,
    begin: Any,
    sign: Any,
    boxes: Any,
    inside: Any,
    features: Any,
    areas: Any,
    rings: Any,
    box: Any,
    enough: float,
    nothing: float,
) -> float:
    """Area of a site (its rings, its box) under the pieces ``inside`` it, counted once.

    NaN if pieces of different features have less than ``enough`` in common.
    """
    total, shared = _common(coordinates, first, begin, sign, boxes, inside, features, nothing)
    if total < enough:
        return np.nan
    once = 0.0
    ranges = np.empty((shared.sum() + 1, 2), np.int64)
    ranges[0, 0], ranges[0, 1] = rings
    n = 1
    for i in range(len(inside)):
        if shared[i]:
            ranges[n, 0], ranges[n, 1] = begin[inside[i]], begin[inside[i] + 1]
            n += 1
        else:
            once += areas[inside[i]]
    covered: float = _covered(coordinates, first, ranges, box)
    return once + covered


@compiled
def measure(
    coordinates: Any,
    first: Any,
    begin: Any,
    sign: Any,
    sites: Any,
    spans: Any,
    features: Any,
    layers: Any,
    limits: Any,
    counted: Any,
    enough: Any,
) -> Any:
    """Every site against the pieces around it.

    Args:
        coordinates, first, begin, sign: polygons as :func:`gis.wkb_kernel.unpack` gives them: first the parts of the
            sites, then the pieces.
        sites: first part of each site, with the end (the first piece).
        spans: first piece of each site, with the end, counted from the first piece; pieces of a layer lie together,
            and in them those of a feature.
        features, layers: number of the feature and the layer of each piece.
        limits: by layer, how near a piece has to be to touch.
        counted: by layer, whether area under several of its features is to be counted once.
        enough: by site, area that features of a layer must have in common for that to matter.

    Returns:
        area in common with the site and most of its outline there, by piece; whether the feature of the piece overlaps
        or touches the site; and, at the first piece of a layer, area under the layer counted once (else NaN).
    """
    away = sites[len(sites) - 1]
    pieces = begin[away:]
    count = len(pieces) - 1
    areas, lengths = np.zeros(count, np.float64), np.zeros(count, np.float64)
    kept = np.zeros(count, np.bool_)
    single = np.full(count, np.nan)
    boxes = np.empty((count, 4), np.float64)
    inside = np.empty(count, np.int64)
    for s in range(len(sites) - 1):
        if spans[s] == spans[s + 1]:
            continue
        rings = begin[sites[s]], begin[sites[s + 1]]
        west, south, east, north = box = _box(coordinates, first[rings[0]], first[rings[1]])
        nothing = max(1e-6, 1e-12 * (east - west) * (north - south))
        bins = min(max(first[rings[1]] - first[rings[0]], 8), MOST_BINS)
        site = _edges_in_bins(coordinates, first, sign, rings[0], rings[1], bins)
        at = spans[s]
        while at < spans[s + 1]:
            layer, layer_from, met, n = layers[at], at, 0, 0
            while at < spans[s + 1] and layers[at] == layer:
                feature, feature_from = features[at], at
                total = 0.0
                while at < spans[s + 1] and layers[at] == layer and features[at] == feature:
                    start, stop = pieces[at], pieces[at + 1]
                    areas[at] = _area(coordinates, first, sign, start, stop, site)
                    total += areas[at]
                    if areas[at] > nothing:
                        lengths[at] = _length_in(coordinates, first, start, stop, box)
                    at += 1
                touches = total > nothing
                if touches:
                    met += 1
                    for k in range(feature_from, at):
                        if areas[k] > nothing:
                            inside[n] = k
                            n += 1
                else:
                    for k in range(feature_from, at):
                        touches |= _near(coordinates, first, pieces[k], pieces[k + 1], limits[layer], site)
                        areas[k] = 0.0
                kept[feature_from:at] = touches
            if met > 1 and counted[layer]:
                for k in range(n):
                    piece = inside[k]
                    w, u, e, o = _box(coordinates, first[pieces[piece]], first[pieces[piece + 1]])
                    boxes[piece, 0], boxes[piece, 1] = max(w, west), max(u, south)
                    boxes[piece, 2], boxes[piece, 3] = min(e, east), min(o, north)
                single[layer_from] = _once(
                    coordinates,
                    first,
                    pieces,
                    sign,
                    boxes,
                    inside[:n],
                    features,
                    areas,
                    rings,
                    box,
                    enough[s],
                    NOTHING_M2,
                )
    return areas, lengths, kept, single
