"""What the tags of one entity say, by group code: numbers and facts, whatever they mean for its kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from drawings.cad.fast.columns import (
    ABSENT,
    ATTRIB,
    BYBLOCK,
    BYLAYER,
    HANDLE0,
    HANDLE1,
    HATCH,
    LAYER0,
    LAYER1,
    NAME0,
    NAME1,
    ODDKIND,
    TEXT0,
    TEXT1,
    XDATA0,
)
from drawings.cad.fast.jit import helper
from drawings.cad.fast.vertices import hex_value, sane, whole

# numbers by group code: points with their y and z (210 is the normal of the plane), then single ones
(X10, Y10, Z10, X11, Y11, Z11, X12, Y12, Z12, X13, Y13, Z13, X210, Y210, Z210,
 V38, V40, V41, V42, V44, V45, V50, V51, V60, V62, V66, V67, V70, V71, V72, V73, V74) = range(32)  # fmt: skip
NUMBERS = 32
# facts: which points and heights are given, subclass marks so far, a text in parts, an embedded object, who owns it
HAS10, HAS11, HAS12, HAS13, HAS38, MARKS, IN_PARTS, EMBEDDED, OWNER, TRUE_COLOR = range(10)
FACTS = 10
# the plane an entity is drawn in
FLAT, MIRRORED, TILTED = range(3)

_SLOTS = np.full(100, -1)
for _code, _slot in (
    (38, V38), (40, V40), (41, V41), (42, V42), (44, V44), (45, V45), (50, V50), (51, V51), (60, V60), (62, V62),
    (66, V66), (67, V67), (70, V70), (71, V71), (72, V72), (73, V73), (74, V74),
):  # fmt: skip
    _SLOTS[_code] = _slot
_BLANK = np.zeros(NUMBERS)
_BLANK[[V40, V41, V42, V44, V45, V51]] = ABSENT
_BLANK[Z210], _BLANK[V62] = 1.0, 256.0


@helper
def read_groups(
    buffer: Any, codes: Any, starts: Any, ends: Any, numbers: Any, t0: Any, t1: Any, kind: Any, r12: Any,
    row: Any, v: Any, facts: Any,
) -> None:  # fmt: skip
    """Fill ``v`` and ``facts`` from tags t0 to t1, and of the row where handle, layer, texts and XDATA stand."""
    v[:] = _BLANK
    facts[:] = 0
    facts[OWNER] = facts[TRUE_COLOR] = -1
    row[XDATA0] = -1
    inside = False  # of a group in braces
    t = t0 + 1
    while t < t1:
        code = codes[t]
        if inside:
            inside = code != 102 or buffer[starts[t]] != 125  # }
        elif 10 <= code <= 13:
            if _counts(code, kind, r12, facts):
                _point(codes, numbers, t, code + 20, v, 3 * (code - 10))
                facts[HAS10 + code - 10] = 1
            t += 1
        elif code < 10:
            _words(code, starts[t], ends[t], kind, r12, row, facts)
        elif code < 100:
            if _SLOTS[code] >= 0 and _counts(code, kind, r12, facts):
                v[_SLOTS[code]] = numbers[t]
                if code == 38:
                    facts[HAS38] = 1
        elif code == 100:
            facts[MARKS] += 1
        elif code == 101:
            facts[EMBEDDED] = 1
            break
        elif code == 102:
            inside = ends[t] > starts[t] and buffer[starts[t]] == 123  # {
        elif code == 210:
            if _counts(code, kind, r12, facts):
                _point(codes, numbers, t, 230, v, X210)
        elif code == 330:
            if facts[MARKS] == 0 and facts[OWNER] < 0:
                facts[OWNER] = hex_value(buffer, starts[t], ends[t])
        elif code == 420:
            if sane(numbers[t]):
                facts[TRUE_COLOR] = whole(numbers[t]) & 0xFFFFFF
        elif code == 1001:
            row[XDATA0] = t
            break
        t += 1
    if facts[EMBEDDED] and row[XDATA0] < 0:
        for t in range(t1 - 1, t0, -1):
            if codes[t] == 1001:
                row[XDATA0] = t


@helper
def _counts(code: Any, kind: Any, r12: Any, facts: Any) -> bool:
    """False for the paths of a hatch, and for groups of an attribute that stand under another subclass mark."""
    if kind == HATCH:
        return bool(code != 10 or facts[HAS10] == 0)
    if kind != ATTRIB or r12:
        return True
    if code == 70:
        return bool(facts[MARKS] == 3)
    if code == 10 or code == 11 or code == 50 or code == 72 or code == 210:
        return bool(facts[MARKS] == 2)
    return True


@helper
def _point(codes: Any, numbers: Any, t: Any, z_code: Any, v: Any, slot: Any) -> None:
    """A point whose x is at tag t; its z may be missing."""
    v[slot] = numbers[t]
    v[slot + 1] = numbers[t + 1]
    v[slot + 2] = numbers[t + 2] if codes[t + 2] == z_code else 0.0


@helper
def _words(code: Any, start: Any, end: Any, kind: Any, r12: Any, row: Any, facts: Any) -> None:
    """Where layer, handle, text and name stand."""
    marks = facts[MARKS]
    if code == 8:
        row[LAYER0], row[LAYER1] = start, end
    elif code == 5:
        if marks == 0 or r12:
            row[HANDLE0], row[HANDLE1] = start, end
    elif code == 1:
        if kind != ATTRIB or r12 or marks == 2:
            row[TEXT0], row[TEXT1] = start, end
    elif code == 2:
        # of a dimension or a table the first name is its block
        if (r12 or marks == 3) if kind == ATTRIB else (kind != ODDKIND or row[NAME1] == 0):
            row[NAME0], row[NAME1] = start, end
    elif code == 3:
        facts[IN_PARTS] = 1


@helper
def plane_of(v: Any) -> Any:
    """Which plane the normal stands on: the drawing's, the same seen from below, or another."""
    ex, ey, ez = v[X210], v[Y210], v[Z210]
    if abs(ex) <= 1e-12 and abs(ey) <= 1e-12 and abs(ez - 1.0) <= 1e-9:
        return FLAT
    return MIRRORED if ex == 0.0 and ey == 0.0 and ez < 0.0 else TILTED


@helper
def color_of(v: Any, facts: Any, aci: Any) -> Any:
    """RGB number, or that of its layer or block."""
    if facts[TRUE_COLOR] >= 0:
        return facts[TRUE_COLOR]
    color = whole(v[V62]) if sane(v[V62]) else 256
    if color == 256:
        return BYLAYER
    if color == 0:
        return BYBLOCK
    return aci[abs(color)] if -256 < color < 256 else aci[7]
