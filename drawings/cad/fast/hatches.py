"""Boundary paths of hatches: polylines, and chains of lines and arcs put end to end."""

from __future__ import annotations

from typing import Any

import numpy as np

from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.jit import helper
from drawings.cad.fast.vertices import put, put_turn, sane, turn_around, whole


@helper
def hatch_paths(
    codes: Any,
    numbers: Any,
    t0: Any,
    t1: Any,
    curve_start: Any,
    curve_flags: Any,
    xs: Any,
    ys: Any,
    bs: Any,
    n: Any,
    curves: Any,
) -> Any:
    """Write the paths of the HATCH at tags t0 to t1 from vertex n on: whether that worked, vertices, curves.

    Edges of ellipses and splines are left to ezdxf.
    """
    fine = True
    t = t0 + 1
    while t < t1 and codes[t] != 91:
        t += 1
    if t == t1:
        fine = False
    t += 1
    polyline = False
    open_path = False
    any_bulge = False
    pieces = 0  # edges of this path so far
    piece_start = n  # first vertex of the last edge
    while fine and t <= t1:
        code = codes[t] if t < t1 else -1
        in_path = (
            10 <= code <= 13 or code == 40 or code == 42 or code == 50 or code == 51 or 72 <= code <= 74
            or 92 <= code <= 97 or code == 330 or 20 <= code <= 23 or 30 <= code <= 33
        )  # fmt: skip
        if (not in_path or code == 92) and open_path:  # the path is complete
            if polyline:
                if n - curve_start[curves] >= 2:
                    curve_flags[curves] = CLOSED | (BULGED if any_bulge else 0)
                    curves += 1
                    curve_start[curves] = n
                else:
                    n = curve_start[curves]
            elif pieces > 0:
                n -= 1  # the last end is the first start
                if n - curve_start[curves] >= 1:
                    curve_flags[curves] = CLOSED | BULGED
                    curves += 1
                    curve_start[curves] = n
                else:
                    fine = False
            open_path = False
        if not in_path:
            break
        if code == 92:
            polyline = (whole(numbers[t]) & 2) != 0
            fine = fine and sane(numbers[t])
            open_path = True
            any_bulge = False
            pieces = 0
            piece_start = n
            t += 1
            continue
        if not open_path:
            t += 1
            continue
        if polyline:
            if code == 10:
                x, y = numbers[t], numbers[t + 1]
                fine = fine and sane(x) and sane(y)
                n = put(xs, ys, bs, n, x, y, 0.0)
                t += 2
                continue
            if code == 42:
                if n == curve_start[curves] or not sane(numbers[t]):
                    fine = False
                    break
                bs[n - 1] = numbers[t]
                if numbers[t] != 0.0:
                    any_bulge = True
            t += 1
            continue
        if code != 72:
            t += 1
            continue
        edge = numbers[t]
        if edge != 1.0 and edge != 2.0:  # ellipses and splines
            fine = False
            break
        ax = ay = bx = by = 0.0
        radius, start, end = 1.0, 0.0, 0.0
        ccw = True
        t += 1
        while t < t1:
            code = codes[t]
            if code == 10:
                ax, ay = numbers[t], numbers[t + 1]
                t += 1
            elif code == 11:
                bx, by = numbers[t], numbers[t + 1]
                t += 1
            elif code == 40:
                radius = numbers[t]
            elif code == 50:
                start = numbers[t]
            elif code == 51:
                end = numbers[t]
            elif code == 73:
                ccw = numbers[t] != 0
            elif code == 72 or not (
                12 <= code <= 13 or code == 42 or code == 74 or 93 <= code <= 96 or 30 <= code <= 33
            ):
                break
            t += 1
        if edge == 1.0:
            if not (sane(ax) and sane(ay) and sane(bx) and sane(by)):
                fine = False
                break
        elif not (sane(ax) and sane(ay) and sane(radius) and sane(start) and sane(end)):
            fine = False
            break
        # write the edge behind the others, then see which way round it and the first one go
        if pieces > 0:
            last_x, last_y = xs[n - 1], ys[n - 1]
        fresh = n
        if edge == 1.0:
            n = put(xs, ys, bs, n, ax, ay, 0.0)
            n = put(xs, ys, bs, n, bx, by, 0.0)
        elif ccw:
            n = put_turn(xs, ys, bs, n, ax, ay, radius, np.radians(start), np.radians(end))
        else:
            n = put_turn(xs, ys, bs, n, ax, ay, radius, np.radians(360.0 - end), np.radians(360.0 - start))
            turn_around(xs, ys, bs, fresh, n)
        if pieces > 0:
            to_start = np.hypot(last_x - xs[fresh], last_y - ys[fresh])
            to_end = np.hypot(last_x - xs[n - 1], last_y - ys[n - 1])
            if to_start > to_end:
                turn_around(xs, ys, bs, fresh, n)
            elif pieces == 1:
                from_start = np.hypot(xs[piece_start] - xs[fresh], ys[piece_start] - ys[fresh])
                if from_start < to_start:
                    turn_around(xs, ys, bs, piece_start, fresh)
            # joined: the earlier end vertex gives way to this start
            for i in range(fresh, n):
                xs[i - 1], ys[i - 1], bs[i - 1] = xs[i], ys[i], bs[i]
            n -= 1
            piece_start = fresh - 1
        else:
            piece_start = fresh
        pieces += 1
    return fine, n, curves
