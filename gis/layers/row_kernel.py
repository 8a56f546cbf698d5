"""Compiled writing of rows: PostgreSQL's binary COPY from columns of bytes, and other coordinates put into WKB.

Importing this module loads numba (half a second).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gis.check.wkb_kernel import copy, number_at
from project_box.kernel.compiled import KernelSet

compiled = KernelSet(Path(__file__).parents[1], ("layers/row_kernel", "check/wkb_kernel")).kernel

_SRID_FLAG, _MULTI = 0x20, 6
#: bytes of byte order and type, with which WKB begins, and of the SRID that follows them in EWKB
_TYPED, _SRID = 5, 4


@compiled
def _put_number(out: Any, at: int, value: int) -> int:
    """Write a big-endian 32-bit number; where it ends."""
    for shift in (24, 16, 8, 0):
        out[at] = (value >> shift) & 0xFF
        at += 1
    return at


@compiled
def write(out: Any, at: int, columns: Any, starts: Any, lengths: Any, srids: Any) -> int:
    """Write rows of binary COPY into ``out`` from ``at`` on.

    Args:
        columns: a block of bytes for each.
        starts, lengths: of the values in the block (columns, rows); a length of -1 is NULL.
        srids: of each column; where it is not negative, values are little-endian WKB and get it.

    Returns:
        where the last row ends.
    """
    for row in range(starts.shape[1]):
        out[at], out[at + 1] = 0, len(columns)
        at += 2
        for column in range(len(columns)):
            data, begin = columns[column], starts[column, row]
            length, srid = lengths[column, row], srids[column]
            if length < 0:
                at = _put_number(out, at, -1)
                continue
            at = _put_number(out, at, length + (_SRID if srid >= 0 else 0))
            if srid >= 0:
                copy(out, at, data, begin, _TYPED)
                at += _TYPED
                out[at - 1] |= _SRID_FLAG
                for shift in (0, 8, 16, 24):
                    out[at] = (srid >> shift) & 0xFF
                    at += 1
                begin, length = begin + _TYPED, length - _TYPED
            copy(out, at, data, begin, length)
            at += length
    return at


@compiled
def put_coordinates(data: Any, starts: Any, points: Any) -> None:
    """Give little-endian WKB Polygons and MultiPolygons that begin at ``starts`` other coordinates, one point after the
    other.
    """
    raw = points.reshape(-1).view(data.dtype)
    done = 0
    for at in starts:
        polygons = 1
        if number_at(data, at + 1) == _MULTI:
            polygons = number_at(data, at + _TYPED)
            at += _TYPED + 4
        for _ in range(polygons):
            rings = number_at(data, at + _TYPED)
            at += _TYPED + 4
            for _ in range(rings):
                size = 16 * number_at(data, at)
                copy(data, at + 4, raw, done, size)
                at += 4 + size
                done += size
