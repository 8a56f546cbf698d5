"""Compiled reading of binary geometry: (E)WKB polygons, and rows of PostgreSQL's binary COPY that hold them.

Importing this module loads numba (half a second).
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from project_box.kernel.compiled import KernelSet

_SRID_FLAG, _MULTI = 0x20000000, 6
#: the compiled modules of the check, as one set
compiled = KernelSet(
    Path(__file__).parent, ("wkb_kernel", "overlay_kernel", "once_kernel", "around_kernel", "pack_kernel")
).kernel


def _to_copy(_: Any, to: Any, source: Any, length: Any) -> Any:
    """Bytes copied from one address to another by the machine's own routine; a loop took as long as all areas."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte = _numba.core.cgutils.voidptr_t
        out, data = (builder.inttoptr(address, byte) for address in arguments[:2])
        _numba.core.cgutils.raw_memcpy(builder, out, data, arguments[2], 1)
        return context.get_dummy_value()

    return _numba.types.none(to, source, length), code


_numba: Any = importlib.import_module("numba")
_copied = _numba.extending.intrinsic(_to_copy)


@compiled
def copy(out: Any, to: int, data: Any, start: int, length: int) -> None:
    """Copy bytes of one array into another one."""
    _copied(out.ctypes.data + to, data.ctypes.data + start, length)


@compiled
def number_at(data: Any, at: int) -> int:
    """Unsigned 32-bit little-endian number."""
    value = data[at] | data[at + 1] << 8 | data[at + 2] << 16 | np.int64(data[at + 3]) << 24
    return int(value)


@compiled
def unpack(sources: Any) -> Any:
    """Rings of little-endian (E)WKB Polygons.

    Args:
        sources: pairs of bytes and of where the polygons begin in them; polygons of all are counted in this order.

    Returns:
        coordinates (n, 2); first coordinate of each ring, with the end; first ring of each polygon, with the end; +1 or
        -1 of each ring, so that outer rings count positive and holes negative whatever way they run.
    """
    polygons, rings, points = 0, 0, 0
    for data, starts in sources:
        polygons += len(starts)
        for start in starts:
            if data[start] != 1 or (number_at(data, start + 1) & 0xFF) != 3:
                raise ValueError("not a little-endian polygon")
            parts, at = _parts(data, start)
            rings += parts
            for _ in range(parts):
                count = number_at(data, at)
                points += count
                at += 4 + 16 * count
    coordinates = np.empty((points, 2), np.float64)
    raw = coordinates.reshape(-1).view(np.uint8)
    first = np.empty(rings + 1, np.int64)
    begin = np.empty(polygons + 1, np.int64)
    sign = np.empty(rings, np.float64)
    polygon, ring, point = 0, 0, 0
    for data, starts in sources:
        for start in starts:
            begin[polygon] = ring
            polygon += 1
            parts, at = _parts(data, start)
            for part in range(parts):
                count = number_at(data, at)
                copy(raw, 16 * point, data, at + 4, 16 * count)
                at += 4 + 16 * count
                first[ring] = point
                ahead = _runs_ahead(coordinates, point, point + count)
                sign[ring] = 1.0 if ahead == (part == 0) else -1.0
                point += count
                ring += 1
    first[ring] = point
    begin[polygon] = ring
    return coordinates, first, begin, sign


@compiled
def _runs_ahead(coordinates: Any, start: int, stop: int) -> bool:
    """Whether a ring runs against the clock."""
    x, y = coordinates[start, 0], coordinates[start, 1]
    twice = 0.0
    for k in range(start + 1, stop - 1):
        twice += (coordinates[k, 0] - x) * (coordinates[k + 1, 1] - y) - (coordinates[k + 1, 0] - x) * (
            coordinates[k, 1] - y
        )
    return twice >= 0


@compiled
def size(data: Any, start: int) -> int:
    """Bytes of the (E)WKB Polygon that begins at ``start``."""
    parts, at = _parts(data, start)
    for _ in range(parts):
        at += 4 + 16 * number_at(data, at)
    return int(at - start)


@compiled
def areas_at(data: Any, starts: Any) -> Any:
    """Where the polygons of (E)WKB Polygons and MultiPolygons begin, and the first one of each, with the end."""
    first = np.zeros(len(starts) + 1, np.int64)
    for k in range(len(starts)):
        first[k + 1] = first[k] + (_parts(data, starts[k])[0] if _kind(data, starts[k]) == _MULTI else 1)
    found = np.empty(first[len(starts)], np.int64)
    for k in range(len(starts)):
        at = starts[k]
        if _kind(data, at) == _MULTI:
            at = _parts(data, at)[1]
        for part in range(first[k], first[k + 1]):
            found[part] = at
            at += size(data, at)
    return found, first


@compiled
def _kind(data: Any, at: int) -> int:
    return int(number_at(data, at + 1) & 0xFF)


@compiled
def _parts(data: Any, start: int) -> Any:
    """How many parts or rings a geometry has, and where the first one begins."""
    at = start + (9 if number_at(data, start + 1) & _SRID_FLAG else 5)
    return number_at(data, at), at + 4


@compiled
def packed(data: Any, request: int) -> Any:
    """Rows of number (int8), version (int8) and feature (int4), highest byte first, and EWKB Polygon.

    Returns:
        ``request`` and the three numbers of each row (n, 4), and where its EWKB begins.
    """
    numbers = np.empty((len(data) // 20, 4), np.int64)
    starts = np.empty(len(numbers), np.int64)
    at, row = 0, 0
    while at < len(data):
        numbers[row, 0] = request
        for k, width in ((1, 8), (2, 8), (3, 4)):
            numbers[row, k] = _big(data, at, width)
            at += width
        starts[row] = at
        at += size(data, at)
        row += 1
    return numbers[:row], starts[:row]


@compiled
def copied(data: Any) -> Any:
    """Rows of PostgreSQL's binary COPY with five fields: int4, int8, int8, int4, bytes.

    Returns:
        the four numbers of each row (n, 4), and where its bytes begin.
    """
    most = len(data) // 46  # bytes before the geometry of a row
    numbers = np.empty((most, 4), np.int64)
    starts = np.empty(most, np.int64)
    at = 19 + _big(data, 15, 4)  # signature, flags and an extension to be skipped
    row = 0
    while _big(data, at, 2) == 5:
        at += 2
        for k in range(4):
            size = _big(data, at, 4)
            numbers[row, k] = _big(data, at + 4, size)
            at += 4 + size
        starts[row] = at + 4
        at += 4 + _big(data, at, 4)
        row += 1
    return numbers[:row], starts[:row]


@compiled
def _big(data: Any, at: int, size: int) -> int:
    """Unsigned number, the highest byte first."""
    value = np.int64(0)
    for k in range(size):
        value = value << 8 | np.int64(data[at + k])
    return int(value)
