"""Compiled search in packed pieces: trees of boxes, and the bytes of what is found.

Importing this module loads numba (half a second).
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from gis.check.packs import FAN
from gis.check.wkb_kernel import compiled, copy, number_at, size

_numba: Any = importlib.import_module("numba")
_carray = _numba.carray
#: bytes before the coordinates of a Polygon with an SRID: byte order, type, SRID, number of rings and of points
_HEAD = 17


def _to_pointer(_: Any, address: Any) -> Any:
    """An address as a pointer, so that one call reads columns of any number of packs."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return _numba.types.voidptr(address), code


_pointer = _numba.extending.intrinsic(_to_pointer)


@compiled
def search(tree: Any, levels: Any, boxes: Any) -> Any:
    """Which entries' boxes meet each of some boxes (west, south, east, north; touching is meeting).

    Args:
        tree: boxes of the entries, then of the nodes of each level above.
        levels: where each level begins in ``tree``, with the end.

    Returns:
        row of ``boxes`` and entry of each meeting (n, 2).
    """
    found = np.empty((64, 2), np.int64)
    n = 0
    top = len(levels) - 2
    waiting = np.empty((FAN * (top + 2), 2), np.int64)
    for b in range(len(boxes)):
        west, south, east, north = boxes[b, 0], boxes[b, 1], boxes[b, 2], boxes[b, 3]
        waiting[0, 0], waiting[0, 1] = top + 1, 0  # above the highest level, which has one node or none
        depth = 1
        while depth:
            depth -= 1
            level, k = waiting[depth, 0] - 1, waiting[depth, 1]
            begin = levels[level]
            for child in range(FAN * k, min(FAN * (k + 1), levels[level + 1] - begin)):
                row = begin + child
                if (
                    (tree[row, 0] > east)
                    | (tree[row, 2] < west)
                    | (tree[row, 1] > north)
                    | (tree[row, 3] < south)
                ):
                    continue
                if level:
                    waiting[depth, 0], waiting[depth, 1] = level, child
                    depth += 1
                    continue
                if n == len(found):
                    more = np.empty((2 * n, 2), np.int64)
                    more[:n] = found
                    found = more
                found[n, 0], found[n, 1] = b, child
                n += 1
    return found[:n]


@compiled
def around(packs: Any, requests: Any, boxes: Any) -> Any:
    """Pieces of all packs that meet some boxes.

    Args:
        packs: a row for each: version, entries, levels, and the addresses of its columns (tree, levels, ids, fids,
            starts, data).
        requests: what each of the boxes is asked for.

    Returns:
        request, number, version and feature of each piece (n, 4); where its EWKB begins; the bytes.
    """
    found = [search(_tree(packs[p])[0], _tree(packs[p])[1], boxes) for p in range(len(packs))]
    n, used = 0, 0
    for p in range(len(packs)):
        begins = _carray(_pointer(packs[p, 7]), (packs[p, 1] + 1,), np.int64)
        n += len(found[p])
        for k in range(len(found[p])):
            used += begins[found[p][k, 1] + 1] - begins[found[p][k, 1]]
    numbers, starts, data = np.empty((n, 4), np.int64), np.empty(n, np.int64), np.empty(used, np.uint8)
    n, used = 0, 0
    for p in range(len(packs)):
        count = packs[p, 1]
        ids = _carray(_pointer(packs[p, 5]), (count,), np.int64)
        fids = _carray(_pointer(packs[p, 6]), (count,), np.int32)
        begins = _carray(_pointer(packs[p, 7]), (count + 1,), np.int64)
        blob = _carray(_pointer(packs[p, 8]), (begins[count],), np.uint8)
        for k in range(len(found[p])):
            entry = found[p][k, 1]
            start, length = begins[entry], begins[entry + 1] - begins[entry]
            numbers[n, 0], numbers[n, 1] = requests[found[p][k, 0]], ids[entry]
            numbers[n, 2], numbers[n, 3] = packs[p, 0], fids[entry]
            starts[n] = used
            copy(data, used, blob, start, length)
            n += 1
            used += length
    return numbers, starts, data


@compiled
def _tree(pack: Any) -> Any:
    """The tree of a pack and where its levels begin."""
    levels = _carray(_pointer(pack[4]), (pack[2],), np.int64)
    return _carray(_pointer(pack[3]), (levels[pack[2] - 1], 4), np.float32), levels


@compiled
def outlines(data: Any, starts: Any) -> Any:
    """Of EWKB Polygons with an SRID: the box of each outline (n, 4), and how many bytes it has."""
    boxes = np.empty((len(starts), 4), np.float64)
    sizes = np.empty(len(starts), np.int64)
    point = np.empty(2, np.float64)
    raw = point.view(np.uint8)
    for k in range(len(starts)):
        at = starts[k] + _HEAD
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for p in range(number_at(data, at - 4)):
            raw[:] = data[at + 16 * p : at + 16 * (p + 1)]
            west, east = min(west, point[0]), max(east, point[0])
            south, north = min(south, point[1]), max(north, point[1])
        boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3] = west, south, east, north
        sizes[k] = size(data, starts[k])
    return boxes, sizes


@compiled
def put(data: Any, starts: Any, begins: Any, out: Any) -> None:
    """Put what begins at ``starts`` in ``data`` one after the other, from ``begins[k]`` to ``begins[k + 1]``."""
    for k in range(len(starts)):
        length = begins[k + 1] - begins[k]
        copy(out, begins[k], data, starts[k], length)
