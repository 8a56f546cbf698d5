"""Compiled encoding of vector tiles (MVT 2): binary geometry to commands on the tile's grid, commands to features.

Importing this module loads numba (half a second).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from project_box.kernel.compiled import KernelSet, helper

KERNELS = KernelSet(Path(__file__).parent, ("mvt_kernel",))
#: what became of a feature: nothing to draw, drawn, or to be mended and given again
NOTHING, DRAWN, MEND = 0, 1, 2
_POINT, _LINE, _POLYGON = 1, 2, 3
_MOVE, _DRAW, _CLOSE = 1, 2, 15


@helper
def _count(data: Any, at: int) -> Any:
    """Unsigned 32-bit little-endian number."""
    low = np.int64(data[at]) | np.int64(data[at + 1]) << 8
    return low | np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24


@helper
def _varint(out: Any, at: int, value: int) -> int:
    while value > 127:
        out[at] = value & 127 | 128
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@helper
def _length(value: int) -> int:
    """Bytes a varint takes."""
    size = 1
    while value > 127:
        value >>= 7
        size += 1
    return size


@helper
def _side(ax: int, ay: int, bx: int, by: int, px: int, py: int) -> int:
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@helper
def _unbent(xs: Any, ys: Any, begin: int, end: int, x: int, y: int) -> int:
    """The end of a path once the points are gone that lie on the way, or beyond it and back, to the next one."""
    while end - begin > 1 and _side(xs[end - 2], ys[end - 2], xs[end - 1], ys[end - 1], x, y) == 0:
        end -= 1
    return end


@helper
def _closed(xs: Any, ys: Any, begin: int, end: int) -> int:
    """The end of a ring once its last point is not the first one again, and neither lies on the way."""
    if end - begin > 1 and xs[end - 1] == xs[begin] and ys[end - 1] == ys[begin]:
        end -= 1
    while end - begin > 2:
        before = end
        end = _unbent(xs, ys, begin, end, xs[begin], ys[begin])
        if end - begin > 2 and (
            _side(xs[end - 1], ys[end - 1], xs[begin], ys[begin], xs[begin + 1], ys[begin + 1]) == 0
        ):
            end -= 1
            xs[begin], ys[begin] = xs[end], ys[end]
        if end == before:
            break
    return end


@helper
def _path(out: Any, at: int, xs: Any, ys: Any, begin: int, end: int, turned: bool, pen: Any) -> int:
    """Moves and strokes along the points from ``begin`` to ``end``, the other way round when ``turned``."""
    x, y = pen[0], pen[1]
    for n in range(end - begin):
        if n == 0:
            at = _varint(out, at, 8 | _MOVE)
        elif n == 1:
            at = _varint(out, at, (end - begin - 1) << 3 | _DRAW)
        k = begin + (0 if n == 0 else end - begin - n if turned else n)
        dx, dy = xs[k] - x, ys[k] - y
        at = _varint(out, at, dx << 1 ^ dx >> 63)
        at = _varint(out, at, dy << 1 ^ dy >> 63)
        x, y = xs[k], ys[k]
    pen[0], pen[1] = x, y
    return at


@helper
def _meet(ax: int, ay: int, bx: int, by: int, cx: int, cy: int, dx: int, dy: int) -> bool:
    """Whether two segments whose boxes meet have a point in common."""
    c, d = _side(ax, ay, bx, by, cx, cy), _side(ax, ay, bx, by, dx, dy)
    if (c > 0 and d > 0) or (c < 0 and d < 0):
        return False
    a, b = _side(cx, cy, dx, dy, ax, ay), _side(cx, cy, dx, dy, bx, by)
    return not ((a > 0 and b > 0) or (a < 0 and b < 0))


@helper
def _apart(xs: Any, ys: Any, first: Any, rings: int, after: Any, order: Any, shelf: Any) -> bool:
    """Whether no two sides of a feature's rings touch but neighbours in their common corner.

    Sides are laid on as many shelves as there are sides, by their western end, so that each meets few others.
    ``after``, ``order`` and ``shelf`` are room to work in.
    """
    total = first[rings]
    left, right = xs[0], xs[0]
    for k in range(total):
        left, right = min(left, xs[k]), max(right, xs[k])
    width = right - left + 1
    shelf[: total + 1] = 0
    for ring in range(rings):
        for k in range(first[ring], first[ring + 1]):
            after[k] = k + 1 if k + 1 < first[ring + 1] else first[ring]
            shelf[(min(xs[k], xs[after[k]]) - left) * total // width] += 1
    filled = 0
    for k in range(total + 1):
        filled += shelf[k]
        shelf[k] = filled
    for k in range(total):  # from here on a shelf's number is its first place
        at = (min(xs[k], xs[after[k]]) - left) * total // width
        shelf[at] -= 1
        order[shelf[at]] = k
    for place in range(total):
        i = order[place]
        j = after[i]
        k = after[j]
        if (
            _side(xs[i], ys[i], xs[j], ys[j], xs[k], ys[k]) == 0
            and (xs[j] - xs[i]) * (xs[k] - xs[j]) + (ys[j] - ys[i]) * (ys[k] - ys[j]) < 0
        ):
            return False  # turns back on itself
        west, east = min(xs[i], xs[j]), max(xs[i], xs[j])
        south, north = min(ys[i], ys[j]), max(ys[i], ys[j])
        for other in range(place + 1, shelf[(east - left) * total // width + 1]):
            m = order[other]
            n = after[m]
            if (
                n == i
                or m == j
                or min(ys[m], ys[n]) > north
                or max(ys[m], ys[n]) < south
                or min(xs[m], xs[n]) > east
                or max(xs[m], xs[n]) < west
            ):
                continue
            if _meet(xs[i], ys[i], xs[j], ys[j], xs[m], ys[m], xs[n], ys[n]):
                return False
    return True


@helper
def _points(
    numbers: Any,
    corners: int,
    dimensions: int,
    frame: Any,
    xs: Any,
    ys: Any,
    points: int,
    ring: bool,
    reach: Any,
) -> int:
    """The corners of a ring, line or point on the grid, after the ``points`` that are there; how many there are then.

    Doubled ones go, of a ring also those on the straight way. ``reach`` is widened by where they lie.
    """
    west, north, across, down = frame
    begin = points
    left, right, low, high = reach[0], reach[1], reach[2], reach[3]
    for corner in range(corners):
        fx = (numbers[corner * dimensions] - west) * across
        fy = (numbers[corner * dimensions + 1] - north) * down
        if not (abs(fx) < 1e9 and abs(fy) < 1e9):
            continue  # an empty point
        left, right = min(left, fx), max(right, fx)
        low, high = min(low, fy), max(high, fy)
        x, y = np.int64(np.rint(fx)), np.int64(np.rint(fy))
        if ring:
            points = _unbent(xs, ys, begin, points, x, y)
        if points > begin and xs[points - 1] == x and ys[points - 1] == y:
            continue
        xs[points], ys[points] = x, y
        points += 1
    reach[0], reach[1], reach[2], reach[3] = left, right, low, high
    return points


@helper
def _area(xs: Any, ys: Any, begin: int, end: int) -> int:
    """Twice the area of a ring; negative the other way round."""
    area = 0
    for k in range(begin + 1, end - 1):
        area += _side(xs[begin], ys[begin], xs[k], ys[k], xs[k + 1], ys[k + 1])
    return area


@helper
def _parts(
    data: Any,
    at: int,
    code: int,
    dimensions: int,
    frame: Any,
    check: bool,
    room: Any,
    rings: int,
    points: int,
    reach: Any,
) -> Any:
    """Rings, line or point of one simple geometry whose WKB goes on at ``at``.

    Returns:
        where its WKB ends, rings (or lines, or points) and corners so far, whether it is tangled.
    """
    numbers, raw, xs, ys, first, shell = room
    parts = 1
    if code == _POLYGON:
        parts = _count(data, at)
        at += 4
    tangled = False
    hollow = False  # the outer ring has gone
    for part in range(parts):
        corners = 1
        if code != _POINT:
            corners = _count(data, at)
            at += 4
        begin = points
        first[rings] = begin
        raw[: 8 * dimensions * corners] = data[at : at + 8 * dimensions * corners]
        at += 8 * dimensions * corners
        points = _points(numbers, corners, dimensions, frame, xs, ys, points, code == _POLYGON, reach)
        if code == _POLYGON:
            points = _closed(xs, ys, begin, points)
            area = _area(xs, ys, begin, points)
            tangled = tangled or (check and area == 0 and points - begin > 3)  # crosses itself
            if part == 0:
                hollow = area == 0
            if area == 0 or hollow:
                points = begin
                continue
            shell[rings] = (area > 0) != (part == 0)  # to be turned round
        elif points - begin < code:
            points = begin
            continue
        rings += 1
    return at, rings, points, tangled


@helper
def _feature(data: Any, at: int, frame: Any, check: bool, room: Any, reach: Any) -> Any:
    """One feature of any kind: where its WKB ends, its kind, rings, corners, whether it is mixed or tangled."""
    rings = 0  # rings, lines, or points
    points = 0
    kind = 0
    mixed = False
    remaining = 1
    while remaining > 0:
        remaining -= 1
        if data[at] != 1:
            raise ValueError("not little-endian")
        code = _count(data, at + 1)
        at += 5
        dimensions = 2 + (0, 1, 1, 2)[code // 1000]
        code %= 1000
        if code > 3:
            remaining += _count(data, at)
            at += 4
            mixed = mixed or code == 7
            continue
        mixed = mixed or kind not in (0, code)
        kind = code
        at, rings, points, tangled = _parts(
            data, at, code, dimensions, frame, check, room, rings, points, reach
        )
        mixed = mixed or tangled
    room[4][rings] = points
    return at, kind, rings, points, mixed


@helper
def _commands(out: Any, written: int, kind: int, rings: int, points: int, room: Any, pen: Any) -> int:
    """The commands of a feature, after what is written; where they end."""
    _, _, xs, ys, first, shell = room
    pen[0] = pen[1] = 0
    if kind == _POINT:
        written = _varint(out, written, points << 3 | _MOVE)
        for k in range(points):
            dx, dy = xs[k] - pen[0], ys[k] - pen[1]
            written = _varint(out, written, dx << 1 ^ dx >> 63)
            written = _varint(out, written, dy << 1 ^ dy >> 63)
            pen[0], pen[1] = xs[k], ys[k]
        return written
    for ring in range(rings):
        turned = kind == _POLYGON and shell[ring]
        written = _path(out, written, xs, ys, first[ring], first[ring + 1], turned, pen)
        if kind == _POLYGON:
            written = _varint(out, written, _CLOSE)
    return written


@KERNELS.kernel
def draw(data: Any, count: int, west: float, north: float, across: float, down: float, check: bool) -> Any:
    """Commands of the features whose WKB follows one another in ``data``.

    A point lies at ``((x - west) * across, (y - north) * down)``, rounded. Outer rings run as the format wants them;
    doubled points, points of a ring on the straight way, spikes and rings without area go, and so do lines and areas
    smaller than half a unit. With ``check``, areas whose sides touch or cross on the grid, and geometry other than
    points, lines or areas alone, are to be mended.

    Returns:
        of each feature: what became of it, its kind (1 point, 2 line, 3 area), where its WKB begins (with the end);
        where its commands begin and end; the commands.
    """
    state = np.zeros(count, np.int64)
    kinds = np.zeros(count, np.int64)
    starts = np.zeros(count + 1, np.int64)
    begins = np.zeros(count, np.int64)
    ends = np.zeros(count, np.int64)
    out = np.empty(len(data) + 16, np.uint8)
    xs = np.empty(len(data) // 16 + 1, np.int64)
    ys = np.empty(len(data) // 16 + 1, np.int64)
    after = np.empty(len(data) // 16 + 1, np.int64)
    order = np.empty(len(data) // 16 + 1, np.int64)
    shelf = np.empty(len(data) // 16 + 2, np.int64)
    first = np.zeros(len(data) // 4 + 2, np.int64)
    shell = np.zeros(len(data) // 4 + 2, np.bool_)
    numbers = np.empty(len(data) // 8 + 1, np.float64)
    room = numbers, numbers.view(np.uint8), xs, ys, first, shell
    frame = west, north, across, down
    reach = np.empty(4, np.float64)  # west, east, north, south ends of a feature
    pen = np.zeros(2, np.int64)
    at = written = 0
    for feature in range(count):
        starts[feature] = at
        begins[feature] = ends[feature] = written
        reach[0] = reach[2] = np.inf
        reach[1] = reach[3] = -np.inf
        at, kind, rings, points, mixed = _feature(data, at, frame, check, room, reach)
        kinds[feature] = kind
        if mixed:
            state[feature] = MEND
            continue
        small = reach[1] - reach[0] < 0.5 and reach[3] - reach[2] < 0.5
        if rings == 0 or (kind != _POINT and check and small):
            continue
        if kind == _POLYGON and check and not _apart(xs, ys, first, rings, after, order, shelf):
            state[feature] = MEND
            continue
        state[feature] = DRAWN
        written = _commands(out, written, kind, rings, points, room, pen)
        ends[feature] = written
    starts[count] = at
    return state, kinds, starts, begins, ends, out[:written]


@KERNELS.kernel
def assemble(
    kinds: Any, begins: Any, ends: Any, commands: Any, numbers: Any, labels: Any, classes: Any
) -> Any:
    """Feature messages, each with its head, as a layer holds them.

    ``labels`` and ``classes`` are indices of values, -1 for none; a number of -1 is none. Key 0 is the label's where
    any feature has one, the class's key follows.
    """
    named = False
    for k in range(len(kinds)):
        named = named or labels[k] >= 0
    room = 0
    for k in range(len(kinds)):
        room += 48 + ends[k] - begins[k]
    out = np.empty(room, np.uint8)
    at = 0
    for k in range(len(kinds)):
        size = ends[k] - begins[k]
        if size == 0:
            continue
        tags = 0
        if labels[k] >= 0:
            tags += 1 + _length(labels[k])
        if classes[k] >= 0:
            tags += 1 + _length(classes[k])
        whole = 2 + 1 + _length(size) + size
        if tags:
            whole += 1 + _length(tags) + tags
        if numbers[k] >= 0:
            whole += 1 + _length(numbers[k])
        out[at] = 0x12
        at = _varint(out, at + 1, whole)
        if numbers[k] >= 0:
            out[at] = 0x08
            at = _varint(out, at + 1, numbers[k])
        if tags:
            out[at] = 0x12
            at = _varint(out, at + 1, tags)
            if labels[k] >= 0:
                out[at] = 0
                at = _varint(out, at + 1, labels[k])
            if classes[k] >= 0:
                out[at] = 1 if named else 0
                at = _varint(out, at + 1, classes[k])
        out[at] = 0x18
        out[at + 1] = kinds[k]
        out[at + 2] = 0x22
        at = _varint(out, at + 3, size)
        out[at : at + size] = commands[begins[k] : ends[k]]
        at += size
    return out[:at]
