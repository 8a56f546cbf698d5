"""Arcs inside compiled kernels: the same formulas as :mod:`drawings.cad.curve`, on arrays.

A curve is a run of vertices ``x, y, bulge`` in three arrays; see :class:`drawings.cad.curve.Curve` for what they mean.
"""

from __future__ import annotations

import math
from typing import Any

from drawings.cad.fast.jit import helper
from drawings.cad.fast.tags import Floats

MIN_BULGE = 1e-12
MAX_CHORDS = 2048
SERIES_BELOW = 1e-2
CLOSED, BULGED = 1, 2  # curve flags: last vertex joins the first; bulges are given (even if all are 0)


@helper
def _excess(angle: float) -> float:
    """``angle - sin(angle)`` without cancellation for small angles."""
    if abs(angle) < SERIES_BELOW:
        return angle**3 / 6 * (1 - angle**2 / 20 * (1 - angle**2 / 42))
    return angle - math.sin(angle)


@helper
def chords(dx: Any, dy: Any, bulge: Any, tolerance: Any) -> Any:
    """Chords that stand for an arc segment: within the tolerance, 30° at most each; 1 for a straight segment."""
    length = math.hypot(dx, dy)
    if length == 0.0 or not abs(bulge) >= MIN_BULGE:
        return 1
    angle = 4.0 * math.atan(abs(bulge))
    radius = length * (1 + bulge * bulge) / (4 * abs(bulge))
    flat = min(1.0, math.sqrt(0.375 * tolerance / radius))
    wanted = max(2.0, angle / (4 * math.asin(flat)), angle / (math.pi / 6))
    if wanted < MAX_CHORDS:
        return math.ceil(wanted)
    return MAX_CHORDS


@helper
def put_arc(sx: Any, sy: Any, ex: Any, ey: Any, bulge: Any, tolerance: Any, xs: Any, ys: Any, n: Any) -> Any:
    """Write the inner vertices of an arc segment's equal-area chords from n on; returns the new n."""
    dx, dy = ex - sx, ey - sy
    count = chords(dx, dy, bulge, tolerance)
    if count == 1:
        return n
    length = math.hypot(dx, dy)
    angle = 4.0 * math.atan(abs(bulge))
    radius = length * (1 + bulge * bulge) / (4 * abs(bulge))
    step = angle / count
    surplus = _excess(step) / math.sin(step)
    if count == 2:
        growth = surplus
    else:
        x = (count - 2) * count * surplus / (count - 1) ** 2
        growth = (count - 1) * x / ((math.sqrt(1 + x) + 1) * (count - 2))
    half = angle / 2
    ux, uy = dx / length, dy / length
    side = math.copysign(1.0, bulge)
    # sine and cosine of k steps by turning half a step at a time; all differences below are of small numbers
    sine_half, cosine_half = math.sin(half), math.cos(half)
    turn_s, turn_c = math.sin(step / 2), math.cos(step / 2)
    s, c = turn_s, turn_c  # of k half steps
    reach = radius * (1 + growth)
    for _ in range(1, count):
        sine, cosine = 2 * s * c, 1 - 2 * s * s  # of k steps
        across = sine * cosine_half - cosine * sine_half  # sine of the angle from the middle of the arc
        towards = cosine * cosine_half + sine * sine_half
        along = length / 2 + reach * across
        away = side * radius * (2 * s * (sine_half * c - cosine_half * s) + growth * towards)
        xs[n] = sx + ux * along + uy * away
        ys[n] = sy + uy * along - ux * away
        n += 1
        s, c = s * turn_c + c * turn_s, c * turn_c - s * turn_s
    return n


@helper
def has_arcs(bs: Floats, start: int, end: int) -> bool:
    """True if a segment of the run is an arc."""
    for i in range(start, end):  # noqa: SIM110  # kernels know no generators
        if abs(bs[i]) >= MIN_BULGE:
            return True
    return False


@helper
def flat_size(xs: Any, ys: Any, bs: Any, start: Any, end: Any, closed: Any, tolerance: Any) -> Any:
    """Vertices of the flattened run."""
    total = end - start
    last = end if closed else end - 1
    for i in range(start, last):
        j = i + 1 if i + 1 < end else start
        total += chords(xs[j] - xs[i], ys[j] - ys[i], bs[i], tolerance) - 1
    return total


@helper
def put_flat(
    xs: Any, ys: Any, bs: Any, start: Any, end: Any, closed: Any, tolerance: Any, tx: Any, ty: Any, n: Any
) -> Any:
    """Write the flattened run from n on; a closed one does not repeat its first vertex. Returns the new n."""
    last = end if closed else end - 1
    for i in range(start, end):
        tx[n] = xs[i]
        ty[n] = ys[i]
        n += 1
        if i < last:
            j = i + 1 if i + 1 < end else start
            if abs(bs[i]) >= MIN_BULGE:
                n = put_arc(xs[i], ys[i], xs[j], ys[j], bs[i], tolerance, tx, ty, n)
    return n


@helper
def reach_box(xs: Any, ys: Any, bs: Any, start: Any, end: Any, closed: Any) -> Any:
    """Bounds of a run, arcs counted as in ``Curve.bounds``."""
    x0 = x1 = xs[start]
    y0 = y1 = ys[start]
    last = end if closed else end - 1
    for i in range(start, end):
        x, y = xs[i], ys[i]
        x0, x1 = min(x0, x), max(x1, x)
        y0, y1 = min(y0, y), max(y1, y)
        b = abs(bs[i])
        if i < last and b >= MIN_BULGE:
            j = i + 1 if i + 1 < end else start
            mx, my = (x + xs[j]) / 2, (y + ys[j]) / 2
            reach = math.hypot(xs[j] - x, ys[j] - y) * max(0.5, b / 2 + 0.25 / max(b, 0.5))
            x0, x1 = min(x0, mx - reach), max(x1, mx + reach)
            y0, y1 = min(y0, my - reach), max(y1, my + reach)
    return x0, y0, x1, y1


@helper
def keeps_circles(a: float, b: float, c: float, d: float) -> bool:
    """True if circles stay circles under the linear map (a, b, c, d)."""
    size = a * a + b * b
    return abs(a * c + b * d) <= 1e-9 * max(size, 1e-300) and abs(size - (c * c + d * d)) <= 1e-9 * size
