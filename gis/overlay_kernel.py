"""Compiled overlap areas: one site against many polygons straight from their EWKB, without building a geometry.

The area of P ∩ Q is the sum over all pairs of an edge of P and an edge of Q of ± the area under the lower of the two
over their common x-range: for every x, the indicator of a polygon is a signed sum of half lines below its edges. There
is no topology in it, so shared edges, equal vertices and touching corners need no care, and the error is that of a sum
of floats. The edges of the site lie in bins along x, so an edge of a piece meets only the few above or below it.

Importing this module loads numba (half a second); :mod:`gis.overlay` does so on the first use.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])
_SRID_FLAG = 0x20000000


def _compiled(function: _Function) -> _Function:
    """Compile on the first call, without the GIL; kept on disk where a folder can be written."""
    njit: Any = importlib.import_module("numba").njit
    try:
        made: _Function = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # nowhere to keep machine code
        made = njit(nogil=True, error_model="numpy")(function)
    return made


@_compiled
def _number(data: Any, at: int) -> int:
    """Unsigned 32-bit little-endian number."""
    value = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | np.int64(data[at + 3]) << 24
    return int(value)


@_compiled
def unpack(data: Any, starts: Any) -> Any:
    """Rings of little-endian (E)WKB Polygons that lie one after the other in ``data``.

    Returns:
        coordinates (n, 2); first coordinate of each ring, with the end; polygon of each ring; +1 or -1 of each ring, so
        that outer rings count positive and holes negative whatever way they run.
    """
    rings = 0
    points = 0
    for piece in range(len(starts) - 1):
        at = starts[piece]
        if data[at] != 1 or (_number(data, at + 1) & 0xFF) != 3:
            raise ValueError("not a little-endian polygon")
        at += 9 if _number(data, at + 1) & _SRID_FLAG else 5
        parts = _number(data, at)
        at += 4
        rings += parts
        for _ in range(parts):
            count = _number(data, at)
            points += count
            at += 4 + 16 * count
    coordinates = np.empty((points, 2), np.float64)
    raw = coordinates.reshape(-1).view(np.uint8)
    first = np.empty(rings + 1, np.int64)
    owner = np.empty(rings, np.int64)
    sign = np.empty(rings, np.float64)
    ring = 0
    point = 0
    for piece in range(len(starts) - 1):
        at = starts[piece]
        at += 9 if _number(data, at + 1) & _SRID_FLAG else 5
        parts = _number(data, at)
        at += 4
        for part in range(parts):
            count = _number(data, at)
            at += 4
            raw[16 * point : 16 * (point + count)] = data[at : at + 16 * count]
            at += 16 * count
            first[ring] = point
            owner[ring] = piece
            twice = 0.0
            for k in range(point + 1, point + count - 1):
                twice += (coordinates[k, 0] - coordinates[point, 0]) * (
                    coordinates[k + 1, 1] - coordinates[point, 1]
                ) - (coordinates[k + 1, 0] - coordinates[point, 0]) * (
                    coordinates[k, 1] - coordinates[point, 1]
                )
            sign[ring] = (1.0 if part == 0 else -1.0) * (1.0 if twice >= 0 else -1.0)
            point += count
            ring += 1
    first[ring] = point
    return coordinates, first, owner, sign


@_compiled
def edges_in_bins(coordinates: Any, first: Any, sign: Any, count: int) -> Any:
    """Edges of a site and, for ``count`` bins of equal width along x, which edges lie over each.

    Returns:
        edges (n, 5): x and y of the left end, x and y of the right end, sign (0 for an upright edge); number of the
        first entry of each bin, with the end; edges of the bins; west end and width of the bins; y all heights are
        taken from.
    """
    total = 0
    for ring in range(len(first) - 1):
        total += max(first[ring + 1] - first[ring] - 1, 0)
    edges = np.empty((total, 5), np.float64)
    n = 0
    for ring in range(len(first) - 1):
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay, bx, by = (
                coordinates[k, 0],
                coordinates[k, 1],
                coordinates[k + 1, 0],
                coordinates[k + 1, 1],
            )
            # a ring that runs counter-clockwise has its upper edges from right to left
            if ax <= bx:
                edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3] = ax, ay, bx, by
                edges[n, 4] = -sign[ring] if ax < bx else 0.0
            else:
                edges[n, 0], edges[n, 1], edges[n, 2], edges[n, 3] = bx, by, ax, ay
                edges[n, 4] = sign[ring]
            n += 1
    west = coordinates[:, 0].min()
    width = (coordinates[:, 0].max() - west) / count
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
    return edges, ends, entries, west, width, coordinates[:, 1].min()


@_compiled
def _bin(x: float, west: float, width: float, count: int) -> int:
    return min(max(int((x - west) / width), 0), count - 1)


@_compiled
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


@_compiled
def areas(coordinates: Any, first: Any, owner: Any, sign: Any, pieces: int, site: Any) -> Any:
    """Area each polygon has in common with the site, and the length of its outline."""
    edges, ends, entries, west, width, base = site
    count = len(ends) - 1
    east = west + width * count
    out = np.zeros(pieces, np.float64)
    lengths = np.zeros(pieces, np.float64)
    for ring in range(len(first) - 1):
        total = 0.0
        for k in range(first[ring], first[ring + 1] - 1):
            ax, ay, bx, by = (
                coordinates[k, 0],
                coordinates[k, 1],
                coordinates[k + 1, 0],
                coordinates[k + 1, 1],
            )
            lengths[owner[ring]] += math.hypot(bx - ax, by - ay)
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
                left, right = (
                    max(ax, west + width * b),
                    min(bx, west + width * (b + 1) if b < count - 1 else bx),
                )
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
        out[owner[ring]] += total
    return out, lengths


@_compiled
def _apart(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Squared distance of a point from a segment."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    t = 0.0 if length == 0 else min(max(((px - ax) * dx + (py - ay) * dy) / length, 0.0), 1.0)
    ex, ey = px - ax - t * dx, py - ay - t * dy
    return ex * ex + ey * ey


@_compiled
def near(coordinates: Any, first: Any, owner: Any, wanted: Any, tolerances: Any, site: Any) -> Any:
    """Whether the outline of each wanted polygon comes within its tolerance of the site's outline."""
    edges, ends, entries, west, width, _ = site
    count = len(ends) - 1
    out = np.zeros(len(wanted), np.bool_)
    for ring in range(len(first) - 1):
        piece = owner[ring]
        limit = tolerances[piece]
        for k in range(first[ring], first[ring + 1] - 1):
            if out[piece] or not wanted[piece]:
                break
            ax, ay, bx, by = (
                coordinates[k, 0],
                coordinates[k, 1],
                coordinates[k + 1, 0],
                coordinates[k + 1, 1],
            )
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
                        out[piece] = True
    return out


@_compiled
def common(coordinates: Any, first: Any, owner: Any, sign: Any, groups: Any, nothing: float) -> Any:
    """Area that polygons of different groups have in common with each other, and which have more than ``nothing``.

    Rings of one polygon lie together.
    """
    pieces = len(groups)
    start = np.zeros(pieces + 1, np.int64)
    for ring in range(len(owner)):
        start[owner[ring] + 1] = ring + 1
    boxes = np.empty((pieces, 4), np.float64)
    for piece in range(pieces):
        part = coordinates[first[start[piece]] : first[start[piece + 1]]]
        boxes[piece, 0], boxes[piece, 1] = part[:, 0].min(), part[:, 1].min()
        boxes[piece, 2], boxes[piece, 3] = part[:, 0].max(), part[:, 1].max()
    total = 0.0
    shared = np.zeros(pieces, np.bool_)
    for a in range(pieces):
        rings = first[start[a] : start[a + 1] + 1]
        site = edges_in_bins(
            coordinates[rings[0] : rings[-1]],
            rings - rings[0],
            sign[start[a] : start[a + 1]],
            max(len(rings) * 4, 16),
        )
        for b in range(a + 1, pieces):
            if groups[a] == groups[b] or not (
                boxes[a, 0] < boxes[b, 2]
                and boxes[b, 0] < boxes[a, 2]
                and boxes[a, 1] < boxes[b, 3]
                and boxes[b, 1] < boxes[a, 3]
            ):
                continue
            other = first[start[b] : start[b + 1] + 1]
            found, _ = areas(
                coordinates[other[0] : other[-1]],
                other - other[0],
                np.zeros(len(other) - 1, np.int64),
                sign[start[b] : start[b + 1]],
                1,
                site,
            )
            if found[0] > nothing:
                total += found[0]
                shared[a] = True
                shared[b] = True
    return total, shared
