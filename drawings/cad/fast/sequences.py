"""What follows an INSERT with attributes or an old POLYLINE belongs to it, until SEQEND."""

from __future__ import annotations

from typing import Any

from drawings.cad.fast.columns import AT, EMIT, FLAGS, HIDDEN, ODD, POLYLINE, X, Y, Z
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.groups import HAS10, MIRRORED, V70, Z10
from drawings.cad.fast.jit import helper
from drawings.cad.fast.vertices import hex_value, put, reflect, sane, whole

# the sequence that is open: its row (-1: none) and kind, flags of the polyline, what its vertices told so far
ROW, SORT, BITS, HAS_BULGE, CLEAN, HEAD_GIVEN, TURNED = range(7)
STATE = 7
# heights: of the first vertex, of the polyline itself
LEAD, HEAD = range(2)
HEIGHTS = 2


@helper
def open_sequence(number: Any, kind: Any, v: Any, facts: Any, plane: Any, state: Any, heights: Any) -> None:
    """The entity in row ``number`` takes what follows."""
    state[ROW], state[SORT] = number, kind
    state[BITS], state[HAS_BULGE], state[CLEAN] = whole(v[V70]), 0, 1
    state[HEAD_GIVEN], state[TURNED] = facts[HAS10], plane == MIRRORED
    heights[LEAD], heights[HEAD] = 0.0, v[Z10]


@helper
def add_vertex(
    buffer: Any, codes: Any, starts: Any, ends: Any, numbers: Any, t0: Any, t1: Any, state: Any, heights: Any,
    xs: Any, ys: Any, bs: Any, first: Any, n: Any,
) -> Any:  # fmt: skip
    """The VERTEX at tags t0 to t1 of the open polyline; the new number of vertices."""
    x = y = z = bulge = 0.0
    bits = 0
    located = False
    for t in range(t0 + 1, t1):
        code = codes[t]
        if code == 10:
            x = numbers[t]
            y = numbers[t + 1]
            z = numbers[t + 2] if codes[t + 2] == 30 else 0.0
            located = True
        elif code == 42:
            bulge = numbers[t]
        elif code == 5:
            if hex_value(buffer, starts[t], ends[t]) < 0:
                state[CLEAN] = 0
        elif code == 70:
            bits = whole(numbers[t])
        elif code == 1001:
            break
    if not (located and sane(x) and sane(y) and sane(z) and sane(bulge)):
        state[CLEAN] = 0
    elif not bits & 16:  # of a frame that only controls the curve
        if n == first:
            heights[LEAD] = z
        n = put(xs, ys, bs, n, x, y, bulge)
        if bulge != 0.0:
            state[HAS_BULGE] = 1
    return n


@helper
def close_polyline(
    row: Any, place: Any, state: Any, heights: Any, xs: Any, ys: Any, bs: Any, first: Any, n: Any
) -> Any:
    """Vertices that stay, and flags of the curve they make (-1: there is none)."""
    if state[SORT] != POLYLINE:
        return n, -1
    if not state[CLEAN]:
        row[FLAGS] |= ODD
    if row[FLAGS] & (ODD | HIDDEN) or n == first:
        return first, -1
    spatial = state[BITS] & 8  # a polyline in space knows no plane and no bulges
    z = heights[HEAD] if state[HEAD_GIVEN] and not spatial else heights[LEAD]
    if state[TURNED] and not spatial:
        reflect(xs, bs, first, n)
        z = -z
    place[X], place[Y], place[Z] = xs[first], ys[first], z
    row[FLAGS] |= EMIT | AT
    closed = CLOSED if state[BITS] & 1 else 0
    return n, closed | (BULGED if state[HAS_BULGE] and not spatial else 0)
