"""From the groups of an entity to its row and its vertices, kind by kind.

Every function returns the flags of the row; ``ODD`` leaves the entity to a careful reader. Those that draw return the
number of vertices, too, and the flags of the curve (-1: none was drawn). ``place`` is the row's line of floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from drawings.cad.fast.columns import (
    ABSENT,
    ACROSS,
    ANGLE,
    AT,
    ATTRIB,
    CIRCLE,
    COLUMNS,
    EMIT,
    FACE3D,
    FILLED,
    HEIGHT,
    MIRROR,
    NAME0,
    NAME1,
    ODD,
    PARTED,
    PX,
    PY,
    REFERENCE,
    ROTATION,
    ROWS,
    SX,
    SY,
    TEXT,
    UP,
    WORDS,
    X,
    Y,
    Z,
)
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.groups import (
    EMBEDDED,
    HAS10,
    HAS11,
    HAS12,
    HAS13,
    IN_PARTS,
    MARKS,
    MIRRORED,
    TILTED,
    V38,
    V40,
    V41,
    V42,
    V44,
    V45,
    V50,
    V51,
    V70,
    V71,
    V72,
    V73,
    V74,
    X10,
    X11,
    X12,
    X13,
    Y10,
    Y11,
    Y12,
    Y13,
    Z10,
    Z11,
    Z12,
    Z13,
)
from drawings.cad.fast.jit import helper
from drawings.cad.fast.vertices import put, put_ellipse, put_polyline, put_turn, reflect, sane, whole


@helper
def given(value: Any, default: Any) -> Any:
    """The value of a group, or its default where the group is not there."""
    return default if value == ABSENT else value


@helper
def draw_line(v: Any, xs: Any, ys: Any, bs: Any, n: Any) -> Any:
    """LINE."""
    if not (sane(v[X11]) and sane(v[Y11])):
        return ODD, n, -1
    n = put(xs, ys, bs, n, v[X10], v[Y10], 0.0)
    return EMIT | AT, put(xs, ys, bs, n, v[X11], v[Y11], 0.0), 0


@helper
def draw_round(
    kind: Any, v: Any, facts: Any, plane: Any, place: Any, xs: Any, ys: Any, bs: Any, n: Any
) -> Any:
    """CIRCLE and ARC."""
    radius, start, end = v[V40], v[V50], given(v[V51], 360.0)
    if plane == TILTED or not facts[HAS10] or not (sane(radius) and sane(start) and sane(end)):
        return ODD, n, -1
    first = n
    if kind == CIRCLE:
        n = put(xs, ys, bs, n, v[X10] - radius, v[Y10], 1.0)
        n = put(xs, ys, bs, n, v[X10] + radius, v[Y10], 1.0)
    else:
        n = put_turn(xs, ys, bs, n, v[X10], v[Y10], radius, np.radians(start), np.radians(end))
    if plane == MIRRORED:
        reflect(xs, bs, first, n)
        place[Z] = -v[Z10]
    return EMIT | AT, n, BULGED | (CLOSED if kind == CIRCLE else 0)


@helper
def draw_ellipse(v: Any, facts: Any, plane: Any, xs: Any, ys: Any, bs: Any, n: Any) -> Any:
    """ELLIPSE; its middle and axis are not in the plane's coordinates, only its sense of turning is."""
    x, y, ratio = v[X11], v[Y11], v[V40]
    start, end = given(v[V41], 0.0), given(v[V42], 2 * np.pi)
    size = np.hypot(np.hypot(x, y), v[Z11])
    if plane == TILTED or not (facts[HAS10] and facts[HAS11]) or not 1e-6 <= ratio <= 1.0:
        return ODD, n, -1
    if not (sane(start) and sane(end) and sane(size)) or size == 0.0 or abs(v[Z11]) > 1e-12 * size:
        return ODD, n, -1
    turn = -ratio if plane == MIRRORED else ratio
    closed, n = put_ellipse(
        v[X10], v[Y10], x, y, -y * turn, x * turn, start, end, max(size, size * ratio), xs, ys, bs, n
    )
    return EMIT | AT, n, CLOSED if closed else 0


@helper
def draw_polyline(
    buffer: Any, codes: Any, starts: Any, ends: Any, numbers: Any, t0: Any, t1: Any, r12: Any, v: Any, facts: Any,
    plane: Any, place: Any, xs: Any, ys: Any, bs: Any, n: Any,
) -> Any:  # fmt: skip
    """LWPOLYLINE."""
    if plane == TILTED or facts[MARKS] != 2 or r12 or not sane(v[V38]) or not sane(v[V70]):
        return ODD, n, -1
    first = n
    fine, any_bulge, n = put_polyline(buffer, codes, starts, ends, numbers, t0, t1, xs, ys, bs, n)
    if not fine:
        return ODD, first, -1
    place[Z] = v[V38]
    if n == first:
        return EMIT, n, -1
    if plane == MIRRORED:
        reflect(xs, bs, first, n)
        place[Z] = -v[V38]
    return EMIT | AT, n, (CLOSED if whole(v[V70]) & 1 else 0) | (BULGED if any_bulge else 0)


@helper
def draw_face(
    kind: Any, v: Any, facts: Any, plane: Any, place: Any, xs: Any, ys: Any, bs: Any, n: Any
) -> Any:
    """SOLID, TRACE and 3DFACE: three or four corners; those of the first two run 0, 1, 3, 2."""
    if not (facts[HAS10] and facts[HAS11] and facts[HAS12] and facts[HAS13]):
        return ODD, n, -1
    if plane == TILTED and kind != FACE3D:
        return ODD, n, -1
    for slot in range(X11, Z13 + 1):
        if not sane(v[slot]):
            return ODD, n, -1
    first = n
    n = put(xs, ys, bs, n, v[X10], v[Y10], 0.0)
    n = put(xs, ys, bs, n, v[X11], v[Y11], 0.0)
    if _near(v[X13], v[X12]) and _near(v[Y13], v[Y12]) and _near(v[Z13], v[Z12]):
        n = put(xs, ys, bs, n, v[X12], v[Y12], 0.0)
    elif kind == FACE3D:
        n = put(xs, ys, bs, n, v[X12], v[Y12], 0.0)
        n = put(xs, ys, bs, n, v[X13], v[Y13], 0.0)
    else:
        n = put(xs, ys, bs, n, v[X13], v[Y13], 0.0)
        n = put(xs, ys, bs, n, v[X12], v[Y12], 0.0)
    if plane == MIRRORED and kind != FACE3D:
        reflect(xs, bs, first, n)
        place[Z] = -v[Z10]
    return EMIT | AT | FILLED, n, CLOSED


@helper
def _near(a: Any, b: Any) -> bool:
    return bool(abs(a - b) <= max(1e-9 * max(abs(a), abs(b)), 1e-12))


@helper
def write(kind: Any, r12: Any, v: Any, facts: Any, plane: Any, place: Any) -> Any:
    """TEXT and ATTRIB."""
    aligned = (v[V72] != 0.0 or v[V73 if kind == TEXT else V74] != 0.0) and facts[HAS11]
    at = X11 if aligned else X10
    x, y, z = v[at], v[at + 1], v[at + 2]
    height = given(v[V40], 1.0)
    if plane == TILTED or facts[EMBEDDED] or (facts[IN_PARTS] and kind == TEXT) or not facts[HAS10]:
        return ODD
    if not (sane(height) and sane(v[V50]) and sane(x) and sane(y) and sane(z)):
        return ODD
    if kind == ATTRIB and r12 == (facts[MARKS] > 0):
        return ODD
    place[X], place[Y], place[Z] = x, y, z
    if plane == MIRRORED:
        place[X], place[Z] = -x, -z
    place[HEIGHT], place[ROTATION] = height, v[V50]
    return EMIT | AT | WORDS


@helper
def write_lines(r12: Any, v: Any, facts: Any, place: Any) -> Any:
    """MTEXT."""
    height = given(v[V40], 1.0)
    rotation = np.degrees(np.arctan2(v[Y11], v[X11])) if facts[HAS11] else v[V50]
    if (
        facts[EMBEDDED]
        or facts[MARKS] != 2
        or r12
        or not facts[HAS10]
        or not sane(height)
        or not sane(rotation)
    ):
        return ODD
    place[HEIGHT], place[ROTATION] = height, rotation
    return EMIT | AT | WORDS | (PARTED if facts[IN_PARTS] else 0)


@helper
def refer(row: Any, v: Any, facts: Any, plane: Any, place: Any, reference: Any) -> Any:
    """INSERT: where its block goes, into a line of the references."""
    sx, sy = given(v[V41], 1.0), given(v[V42], 1.0)
    across, up = given(v[V44], 0.0), given(v[V45], 0.0)
    if plane == TILTED or not facts[HAS10] or row[NAME1] <= row[NAME0]:
        return ODD | REFERENCE
    if not (
        sane(sx) and sane(sy) and sane(v[V50]) and sane(across) and sane(up) and sane(v[V70]) and sane(v[V71])
    ):
        return ODD | REFERENCE
    reference[PX], reference[PY] = v[X10], v[Y10]
    reference[SX], reference[SY] = sx, sy
    reference[ANGLE] = np.radians(v[V50])
    reference[COLUMNS], reference[ROWS] = max(1.0, np.trunc(v[V70])), max(1.0, np.trunc(v[V71]))
    reference[ACROSS], reference[UP] = across, up
    reference[MIRROR] = 1.0 if plane == MIRRORED else 0.0
    if plane == MIRRORED:
        place[X], place[Z] = -v[X10], -v[Z10]
    return EMIT | AT | REFERENCE
