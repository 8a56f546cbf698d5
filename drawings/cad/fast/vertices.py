"""Small parts of the kernels: numbers that are sane, room in arrays, vertices of arcs."""

from __future__ import annotations

from typing import Any

import numpy as np

from drawings.cad.fast.columns import FAR
from drawings.cad.fast.curves import put_flat
from drawings.cad.fast.jit import helper

_TOLERANCE = 2e-5  # of an ellipse's size


@helper
def grown(old: Any, need: Any) -> Any:
    """The array, or a larger one with its content."""
    if need <= old.size:
        return old
    new = np.empty(max(need, 2 * old.size), old.dtype)
    new[: old.size] = old
    return new


@helper
def sane(value: float) -> bool:
    """True for numbers that coordinates can be."""
    return -FAR < value < FAR  # False for NaN too


@helper
def whole(value: Any) -> Any:
    """A number as an integer, 0 if it is absurd."""
    return np.int64(value) if -5e9 < value < 5e9 else 0


@helper
def hex_value(buffer: Any, a: Any, e: Any) -> Any:
    """Value of hexadecimal digits, -1 if they are none."""
    value = 0
    for i in range(a, e):
        c = buffer[i]
        if 48 <= c <= 57:
            value = value * 16 + int(c) - 48
        elif 65 <= c <= 70:
            value = value * 16 + int(c) - 55
        elif 97 <= c <= 102:
            value = value * 16 + int(c) - 87
        elif c != 32:
            return -1
        if value > 1 << 58:
            return -1
    return value


@helper
def put(xs: Any, ys: Any, bs: Any, n: Any, x: Any, y: Any, b: Any) -> Any:
    """Write one vertex; the new number of vertices."""
    xs[n] = x
    ys[n] = y
    bs[n] = b
    return n + 1


@helper
def reflect(xs: Any, bs: Any, first: Any, n: Any) -> None:
    """Mirror the vertices from ``first`` on at the y axis."""
    for i in range(first, n):
        xs[i] = -xs[i]
        bs[i] = -bs[i]


@helper
def put_turn(xs: Any, ys: Any, bs: Any, n: Any, cx: Any, cy: Any, r: Any, start: Any, end: Any) -> Any:
    """Counter-clockwise arc in two halves (three vertices); angles in radians."""
    whole = 2 * np.pi
    sweep = (end - start) % whole
    if sweep == 0.0:
        sweep = whole
    bulge = np.tan(sweep / 8)
    n = put(xs, ys, bs, n, cx + r * np.cos(start), cy + r * np.sin(start), bulge)
    middle = start + sweep / 2
    n = put(xs, ys, bs, n, cx + r * np.cos(middle), cy + r * np.sin(middle), bulge)
    return put(xs, ys, bs, n, cx + r * np.cos(start + sweep), cy + r * np.sin(start + sweep), 0.0)


@helper
def turn_around(xs: Any, ys: Any, bs: Any, start: Any, end: Any) -> None:
    """Reverse an open run in place."""
    i, j = start, end - 1
    while i < j:
        xs[i], xs[j] = xs[j], xs[i]
        ys[i], ys[j] = ys[j], ys[i]
        i += 1
        j -= 1
    i, j = start, end - 2  # the last bulge belongs to no segment
    while i < j:
        bs[i], bs[j] = -bs[j], -bs[i]
        i += 1
        j -= 1
    if i == j:
        bs[i] = -bs[i]


@helper
def put_polyline(
    buffer: Any,
    codes: Any,
    starts: Any,
    ends: Any,
    numbers: Any,
    t0: Any,
    t1: Any,
    xs: Any,
    ys: Any,
    bs: Any,
    n: Any,
) -> Any:
    """Write the vertices of the LWPOLYLINE at tags t0 to t1: whether that worked, whether one has a bulge, vertices."""
    first = n
    any_bulge = False
    fine = True
    t = t0 + 1
    group = False
    while t < t1:
        code = codes[t]
        if group:
            if code == 102 and buffer[starts[t]] == 125:
                group = False
        elif code == 10:
            x, y = numbers[t], numbers[t + 1]
            fine = fine and sane(x) and sane(y)
            n = put(xs, ys, bs, n, x, y, 0.0)
            t += 1
        elif code == 42 and n > first:
            fine = fine and sane(numbers[t])
            bs[n - 1] = numbers[t]
            if numbers[t] != 0.0:
                any_bulge = True
        elif code == 102:
            group = ends[t] > starts[t] and buffer[starts[t]] == 123
        elif code == 1001:
            break
        t += 1
    return fine, any_bulge, n


@helper
def put_ellipse(
    x10: Any,
    y10: Any,
    x11: Any,
    y11: Any,
    minor_x: Any,
    minor_y: Any,
    start: Any,
    end: Any,
    size: Any,
    xs: Any,
    ys: Any,
    bs: Any,
    n: Any,
) -> Any:
    """Write an elliptical arc (middle, half axes, parameters) as chords: whether it is closed, vertices."""
    length = np.hypot(x11, y11)
    minor = np.hypot(minor_x, minor_y)
    unit = (size * _TOLERANCE) / max(length, minor)
    sweep = (end - start) % (2 * np.pi)
    closed = sweep < 1e-9 or abs(sweep - 2 * np.pi) < 1e-9
    ux, uy, ub = np.empty(3), np.empty(3), np.empty(3)
    if closed:
        m = put(ux, uy, ub, 0, -1.0, 0.0, 1.0)
        m = put(ux, uy, ub, m, 1.0, 0.0, 1.0)
    else:
        m = put_turn(ux, uy, ub, 0, 0.0, 0.0, 1.0, start, end)
    first = n
    n = put_flat(ux, uy, ub, 0, m, closed, unit, xs, ys, n)
    for i in range(first, n):
        px, py = xs[i], ys[i]
        xs[i] = x11 * px + minor_x * py + x10
        ys[i] = y11 * px + minor_y * py + y10
        bs[i] = 0.0
    return closed, n
