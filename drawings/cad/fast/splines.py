"""Splines of control points as vertices: the recursion of ezdxf's ``BSpline.flattening``, compiled.

Taken are splines as CAD programs write them: clamped, with as many knots as they need and positive weights. Others (fit
points only, periodic knots, broken ones) are left to ezdxf.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from drawings.cad.curve import Curve
from drawings.cad.fast.jit import helper, kernel
from drawings.cad.fast.tags import Tags

_RELATIVE = 2e-5  # tolerance, of the extent of the control points
_MOST_POINTS = 20_000
_MOST_ORDER = 10
_DEEPEST = 48  # halvings of one piece
_CLOSED = 1  # flag
_UNIT = 1e-12  # numbers nearer than this are one, and a share of 1e-9


@helper
def _evaluate(
    u: Any, order: Any, count: Any, knots: Any, controls: Any, weights: Any, work: Any, out: Any
) -> None:
    """Point at parameter u into ``out`` (x, y, z); ``work``: three lines of scratch, ``order`` wide."""
    last = knots[order + count - 1]
    if abs(u - last) <= max(1e-9 * max(abs(u), abs(last)), 1e-12):
        u = last
    if u >= knots[count]:
        span = count - 1
    else:
        span = order - 1
        while span < count - 1 and knots[span + 1] <= u:
            span += 1
    basis, left, right = work[0], work[1], work[2]
    basis[0] = 1.0
    for j in range(1, order):
        left[j] = u - knots[max(0, span + 1 - j)]
        right[j] = knots[span + j] - u
        saved = 0.0
        for r in range(j):
            share = basis[r] / (right[r + 1] + left[j - r])
            basis[r] = saved + right[r + 1] * share
            saved = left[j - r] * share
        basis[j] = saved
    first = span - order + 1
    if weights.size > 0:
        total = 0.0
        for i in range(order):
            basis[i] *= weights[first + i]
            total += basis[i]
        if total != 0.0:
            for i in range(order):
                basis[i] /= total
    out[0] = out[1] = out[2] = 0.0
    for i in range(order):
        for axis in range(3):
            out[axis] += controls[first + i, axis] * basis[i]


@helper
def _away(m: Any, s: Any, e: Any) -> Any:
    """Distance of m from the line through s and e; 0 if these are one point."""
    same = True
    for axis in range(3):
        a, b = s[axis], e[axis]
        if abs(a - b) > max(1e-9 * max(abs(a), abs(b)), 1e-12):
            same = False
    if same:
        return 0.0
    dx, dy, dz = e[0] - s[0], e[1] - s[1], e[2] - s[2]
    vx, vy, vz = m[0] - s[0], m[1] - s[1], m[2] - s[2]
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    along = (dx * vx + dy * vy + dz * vz) / length
    rest = vx * vx + vy * vy + vz * vz - along * along
    return math.sqrt(rest) if rest > 0.0 else 0.0


@kernel
def _flatten(order: Any, knots: Any, controls: Any, weights: Any, tolerance: Any, points: Any) -> Any:
    """Vertices into ``points``: their number, -1 if there is no room for them."""
    count = controls.shape[0]
    work = np.zeros((3, order))
    ends = np.empty((_DEEPEST + 2, 3))  # ends still to be reached, the nearest last
    ends_t = np.empty(_DEEPEST + 2)
    start, middle = np.empty(3), np.empty(3)
    t = knots[0]
    _evaluate(t, order, count, knots, controls, weights, work, start)
    points[0, 0], points[0, 1] = start[0], start[1]
    n = 1
    for k in range(1, knots.size):
        t1 = knots[k]
        if t1 == knots[k - 1]:
            continue
        delta = (t1 - t) / 4.0
        while t < t1:
            following = t + delta
            if abs(following - t1) <= 1e-8 + 1e-5 * abs(t1) or following <= t:
                following = t1
            depth = 0
            ends_t[0] = following
            _evaluate(following, order, count, knots, controls, weights, work, ends[0])
            while depth >= 0:
                middle_t = (t + ends_t[depth]) * 0.5
                _evaluate(middle_t, order, count, knots, controls, weights, work, middle)
                if depth >= _DEEPEST or _away(middle, start, ends[depth]) < tolerance:
                    if n == points.shape[0]:
                        return -1
                    for axis in range(3):
                        start[axis] = ends[depth, axis]
                    points[n, 0], points[n, 1] = start[0], start[1]
                    n += 1
                    t = ends_t[depth]
                    depth -= 1
                else:
                    depth += 1
                    ends_t[depth] = middle_t
                    for axis in range(3):
                        ends[depth, axis] = middle[axis]
    return n


def spline_curve(tags: Tags, first: int, last: int) -> Curve | None:
    """Curve of the SPLINE at tags ``first`` to ``last``; None if ezdxf has to read it."""
    codes, numbers = tags.codes[first:last], tags.numbers[first:last]
    extended = np.flatnonzero(codes == 1001)
    if extended.size:
        codes, numbers = codes[: extended[0]], numbers[: extended[0]]
    own = np.flatnonzero(codes == 100)
    if own.size != 2:
        return None
    codes, numbers = codes[own[1] :], numbers[own[1] :]
    at = np.flatnonzero(codes == 10)
    given = dict(zip(codes.tolist(), numbers.tolist(), strict=True))
    flags, degree = given.get(70, 0.0), given.get(71, 3.0)
    if not (2 <= at.size <= 5000) or at[-1] + 2 >= codes.size or np.any(codes[at + 2] != 30):
        return None
    controls = np.stack((numbers[at], numbers[at + 1], numbers[at + 2]), axis=1)
    weights = numbers[codes == 41]
    knots = _rounded(numbers[codes == 40], given.get(42, 1e-10))
    if not (0 <= flags < 65536 and 1 <= degree < _MOST_ORDER) or not _usual(
        knots, controls, weights, int(degree)
    ):
        return None
    low, high = controls[:, :2].min(axis=0), controls[:, :2].max(axis=0)
    size = math.hypot(high[0] - low[0], high[1] - low[1])
    if size == 0:
        return None
    points = np.empty((_MOST_POINTS, 2))
    count = _flatten(int(degree) + 1, knots, controls, weights, size * _RELATIVE, points)
    if count < 2:
        return None
    flat = [(x, y) for x, y in points[:count].tolist()]
    gap = math.dist(flat[0], flat[-1])
    closed = bool(int(flags) & _CLOSED) or gap <= size * 1e-9
    if closed and len(flat) > 2 and gap <= size * 1e-6:
        flat.pop()
    return Curve(tuple(flat), None, closed)


def _rounded(knots: npt.NDArray[np.float64], tolerance: float) -> npt.NDArray[np.float64]:
    """Knots to as many digits as the knot tolerance has."""
    digits = -int(math.log10(tolerance)) if 0 < tolerance < math.inf else 0
    if digits <= 0:
        return np.ascontiguousarray(knots)
    return np.array([round(k, digits) for k in knots.tolist()])


def _usual(
    knots: npt.NDArray[np.float64],
    controls: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    degree: int,
) -> bool:
    """True for a clamped spline of finite numbers."""
    order, count = degree + 1, len(controls)
    if count < order or knots.size != count + order or weights.size not in (0, count):
        return False
    finite = np.isfinite(knots).all() and np.isfinite(controls).all() and np.abs(controls).max() < 1e60
    return bool(
        finite
        and np.all(np.diff(knots) >= 0)
        and knots[0] == knots[degree]
        and knots[-1] == knots[count]
        and knots[degree] < knots[degree + 1]
        and knots[count - 1] < knots[count]
        and (not weights.size or np.all((weights > 0) & (weights < 1e60)))
    )
