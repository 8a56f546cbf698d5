"""World curves as boxes and as chords."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from drawings.cad.curve import MIN_BULGE
from drawings.cad.fast.curves import BULGED, CLOSED, flat_size, put_flat, reach_box
from drawings.cad.fast.instances import Instances
from drawings.cad.fast.jit import kernel
from drawings.cad.fast.tags import Floats, Longs

MOST_POINTS = 30_000_000  # points of one lot of flattened curves


@kernel
def _boxes(start: Any, flags: Any, xs: Any, ys: Any, bs: Any, out: Any) -> None:
    for k in range(flags.size):
        out[k, 0], out[k, 1], out[k, 2], out[k, 3] = reach_box(
            xs, ys, bs, start[k], start[k + 1], flags[k] & CLOSED
        )


def boxes(instances: Instances) -> Floats:
    """Bounds of every world curve as ``Curve.bounds`` gives them: x0, y0, x1, y1."""
    out = np.empty((instances.curve_flags.size, 4))
    _boxes(
        instances.curve_start, instances.curve_flags, instances.vx, instances.vy, instances.bulge, out
    )  # fmt: skip
    return out


@kernel
def _flatten(
    start: Any, flags: Any, xs: Any, ys: Any, bs: Any, tolerance: Any, chosen: Any, repeat: Any
) -> Any:
    sizes = np.empty(chosen.size + 1, np.int64)
    sizes[0] = 0
    for j in range(chosen.size):
        k = chosen[j]
        closed = flags[k] & CLOSED
        if flags[k] & BULGED:
            size = flat_size(xs, ys, bs, start[k], start[k + 1], closed, tolerance)
        else:
            size = start[k + 1] - start[k]
        sizes[j + 1] = sizes[j] + size + repeat
    bend = sizes[chosen.size] <= MOST_POINTS
    if not bend:  # absurdly many chords: the vertices have to do
        for j in range(chosen.size):
            sizes[j + 1] = sizes[j] + start[chosen[j] + 1] - start[chosen[j]] + repeat
    points = np.empty((sizes[chosen.size], 2))
    px, py = points[:, 0], points[:, 1]
    n = 0
    for j in range(chosen.size):
        k = chosen[j]
        first = n
        if bend and flags[k] & BULGED:
            n = put_flat(xs, ys, bs, start[k], start[k + 1], flags[k] & CLOSED, tolerance, px, py, n)
        else:
            for i in range(start[k], start[k + 1]):
                px[n], py[n] = xs[i], ys[i]
                n += 1
        if repeat:
            px[n], py[n] = px[first], py[first]
            n += 1
    return sizes, points


def flatten(instances: Instances, tolerance: float, chosen: Longs, *, repeat: bool) -> tuple[Longs, Floats]:
    """Some world curves with arcs as chords: first point of every curve (and one more), points.

    Args:
        tolerance: greatest distance between arc and chord. chosen: numbers of the curves.
        repeat: write the first point of every curve again at its end.
    """
    sizes, points = _flatten(
        instances.curve_start, instances.curve_flags, instances.vx, instances.vy, instances.bulge, tolerance,
        np.ascontiguousarray(chosen, np.int64), int(repeat),
    )  # fmt: skip
    return sizes, points


def flattened(
    start: Longs, xy: Floats, bulge: Floats, closed: npt.NDArray[np.bool_], tolerance: float
) -> tuple[Longs, Floats]:
    """Curves in columns with arcs as chords: first point of every curve (and one more), points.

    Args:
        start: first vertex of every curve, one more than curves. bulge: of every vertex, 0 at the end of an open curve.
        tolerance: greatest distance between arc and chord.
    """
    so_far = np.concatenate(([0], np.cumsum(np.abs(bulge) >= MIN_BULGE)))
    bent = so_far[start[1:]] > so_far[start[:-1]]
    flags = (closed * np.uint8(CLOSED)).astype(np.uint8) | (bent * np.uint8(BULGED)).astype(np.uint8)
    x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
    sizes, points = _flatten(start, flags, x, y, bulge, tolerance, np.arange(len(start) - 1), 0)
    return sizes, points
