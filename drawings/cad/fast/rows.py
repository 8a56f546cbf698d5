"""Entities as rows of columns: what the tags of BLOCKS and ENTITIES say, without a Python object per entity.

A *row* is one entity (sequence ends and the vertices of old polylines are folded into their owners). Common kinds are
read here completely; what is rare or looks odd gets the flag ``ODD`` and is read by ezdxf from its own tags (see
:mod:`drawings.cad.fast.skeleton`); kinds nobody computes with get ``UNSUPPORTED``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drawings.cad.fast.curves import BULGED, CLOSED, MAX_CHORDS, put_flat
from drawings.cad.fast.jit import helper, kernel
from drawings.cad.fast.tags import Bytes, Floats, Ints, Longs, Tags

# kinds the kernels know; others are numbered from FIRST_NAMED on
(LINE, LWPOLYLINE, POLYLINE, VERTEX, SEQEND, ARC, CIRCLE, ELLIPSE, TEXT, MTEXT, ATTRIB, INSERT, HATCH, POINT, SOLID,
 TRACE, FACE3D, SILENT, ODDKIND, BLOCK, ENDBLK, OTHER) = range(22)  # fmt: skip
KNOWN = {
    "LINE": LINE, "LWPOLYLINE": LWPOLYLINE, "POLYLINE": POLYLINE, "VERTEX": VERTEX, "SEQEND": SEQEND, "ARC": ARC,
    "CIRCLE": CIRCLE, "ELLIPSE": ELLIPSE, "TEXT": TEXT, "MTEXT": MTEXT, "ATTRIB": ATTRIB, "INSERT": INSERT,
    "HATCH": HATCH, "POINT": POINT, "SOLID": SOLID, "TRACE": TRACE, "3DFACE": FACE3D, "BLOCK": BLOCK, "ENDBLK": ENDBLK,
}  # fmt: skip

# flags of a row
EMIT, AT, WORDS, REFERENCE, ODD, FILLED, PARTED, HIDDEN, MEMBER, UNSUPPORTED = (1 << i for i in range(10))
# integer columns of a row
(KIND, TAG0, TAG1, PLACE, HANDLE0, HANDLE1, LAYER0, LAYER1, COLOR, TEXT0, TEXT1, NAME0, NAME1, FLAGS, CURVE0, CURVE1,
 XDATA0, ENTRY) = range(18)  # fmt: skip
INT_COLUMNS = 18
BYTE0, BYTE1 = TAG0, TAG1  # once the tags are not needed any more (see ``release``)
# float columns of a row
X, Y, Z, HEIGHT, ROTATION = range(5)
FLOAT_COLUMNS = 5
# columns of a reference (INSERT)
PX, PY, SX, SY, ANGLE, COLUMNS, ROWS, ACROSS, UP, MIRROR = range(10)
REFERENCE_COLUMNS = 10

BYLAYER, BYBLOCK = -1, -2  # colours that are not a number
NOWHERE, MODEL, PAPER = -1, 0, 1  # places; block k is place FIRST_BLOCK + k
FIRST_BLOCK = 2

# what collect reports
(GOOD, BROKEN_SEQUENCE, BROKEN_HANDLE, BROKEN_BLOCKS) = range(4)

_FAR = 1e60  # numbers beyond this go to the careful reader
_ABSENT = 1.625e308  # stands for a group that is not there (it is far, but not NaN)
_TOLERANCE = 2e-5  # of an ellipse's size
ELLIPSE_ROOM = 2 * MAX_CHORDS + 16


@dataclass(slots=True)
class Rows:
    """The columns.

    Attributes:
        ints, floats: one line per row, columns as named above.
        references: placement of the INSERT rows (row column ENTRY points here).
        curve_start: first vertex of every curve and one more; curve_flags: CLOSED, BULGED.
        x, y, bulge: vertices of all curves.
        blocks: tag index of every BLOCK entity.
    """

    ints: Ints
    floats: Floats
    references: Floats
    curve_start: Ints
    curve_flags: Bytes
    x: Floats
    y: Floats
    bulge: Floats
    blocks: Ints


@helper
def _grown(old, need):  # type: ignore[no-untyped-def]  # numba infers it
    if need <= old.size:
        return old
    new = np.empty(max(need, 2 * old.size), old.dtype)
    new[: old.size] = old
    return new


@helper
def _sane(value: float) -> bool:
    return -_FAR < value < _FAR  # False for NaN too


@helper
def _whole(value):  # type: ignore[no-untyped-def]  # numba infers it
    return np.int64(value) if -5e9 < value < 5e9 else 0


@helper
def _hex(buffer, a, e):  # type: ignore[no-untyped-def]  # numba infers it
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
def _put(xs, ys, bs, n, x, y, b):  # type: ignore[no-untyped-def]  # numba infers it
    xs[n] = x
    ys[n] = y
    bs[n] = b
    return n + 1


@helper
def _put_turn(xs, ys, bs, n, cx, cy, r, start, end):  # type: ignore[no-untyped-def]  # numba infers it
    """Counter-clockwise arc in two halves (three vertices); angles in radians."""
    whole = 2 * np.pi
    sweep = (end - start) % whole
    if sweep == 0.0:
        sweep = whole
    bulge = np.tan(sweep / 8)
    n = _put(xs, ys, bs, n, cx + r * np.cos(start), cy + r * np.sin(start), bulge)
    middle = start + sweep / 2
    n = _put(xs, ys, bs, n, cx + r * np.cos(middle), cy + r * np.sin(middle), bulge)
    return _put(xs, ys, bs, n, cx + r * np.cos(start + sweep), cy + r * np.sin(start + sweep), 0.0)


@helper
def _turn_around(xs, ys, bs, start, end):  # type: ignore[no-untyped-def]  # numba infers it
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


@kernel
def _collect(  # type: ignore[no-untyped-def]  # numba infers it
    buffer, codes, starts, ends, numbers, entries, closes, kinds, sections, r12, model_owner, paper_owner, aci,
    ints, floats, references, curve_start, curve_flags, xs, ys, bs, blocks, out,
):  # fmt: skip
    """Fill the columns from the entities at tag indexes ``entries``; sections: 0 for BLOCKS, 1 for ENTITIES.

    ``out``: rows, references, curves, vertices, blocks, status, tag where it went wrong.
    """
    rows = refs = curves = n = count_blocks = 0
    place = -1
    block_place = -1
    owner = -1  # row of the INSERT or POLYLINE that takes the following entities
    owner_kind = -1
    flags70 = 0
    has_bulge = False
    clean = True
    lead_z = 0.0
    head_z = 0.0
    head_given = False
    mirrored = False
    for k in range(entries.size):
        t0, t1 = entries[k], closes[k]
        kind = kinds[k]
        in_entities = sections[k] == 1
        # --- room for all that this entity can add
        room = n + 3 * (t1 - t0) + (ELLIPSE_ROOM if kind == ELLIPSE else 16)
        if room > xs.size:
            xs, ys, bs = _grown(xs, room), _grown(ys, room), _grown(bs, room)
        room = curves + (t1 - t0) + 4
        if room > curve_flags.size:
            curve_start, curve_flags = _grown(curve_start, room), _grown(curve_flags, room)
        # --- sequences: what follows an INSERT with attributes or a POLYLINE belongs to it until SEQEND
        if owner >= 0:
            if kind == SEQEND:
                if owner_kind == POLYLINE:
                    count = n - curve_start[curves]
                    if not clean:
                        ints[owner, FLAGS] |= ODD
                        n = curve_start[curves]
                    elif ints[owner, FLAGS] & (ODD | HIDDEN):
                        n = curve_start[curves]
                    elif count > 0:
                        z = head_z if head_given and not flags70 & 8 else lead_z
                        if mirrored and not flags70 & 8:
                            for i in range(n - count, n):
                                xs[i] = -xs[i]
                                bs[i] = -bs[i]
                            z = -z
                        floats[owner, X] = xs[n - count]
                        floats[owner, Y] = ys[n - count]
                        floats[owner, Z] = z
                        curve_flags[curves] = (CLOSED if flags70 & 1 else 0) | (
                            BULGED if has_bulge and not flags70 & 8 else 0
                        )
                        ints[owner, CURVE0] = curves
                        curves += 1
                        curve_start[curves] = n
                        ints[owner, CURVE1] = curves
                        ints[owner, FLAGS] |= EMIT | AT
                ints[owner, TAG1] = t1
                owner = -1
                continue
            if (owner_kind == POLYLINE and kind != VERTEX) or (owner_kind == INSERT and kind != ATTRIB):
                out[5] = BROKEN_SEQUENCE
                out[6] = t0
                break
        if kind == VERTEX and owner >= 0:
            vx = vy = vz = vb = 0.0
            vflags = 0
            located = False
            for t in range(t0 + 1, t1):
                code = codes[t]
                if code == 10:
                    vx = numbers[t]
                    vy = numbers[t + 1]
                    vz = numbers[t + 2] if codes[t + 2] == 30 else 0.0
                    located = True
                elif code == 42:
                    vb = numbers[t]
                elif code == 5:
                    if _hex(buffer, starts[t], ends[t]) < 0:
                        clean = False
                elif code == 70:
                    vflags = _whole(numbers[t])
                elif code == 1001:
                    break
            if not (located and _sane(vx) and _sane(vy) and _sane(vz) and _sane(vb)):
                clean = False
            elif not vflags & 16:
                if n == curve_start[curves]:
                    _lead_x, _lead_y, lead_z = vx, vy, vz
                n = _put(xs, ys, bs, n, vx, vy, vb)
                if vb != 0.0:
                    has_bulge = True
            ints[owner, TAG1] = t1
            continue
        # --- blocks
        if kind == BLOCK and not in_entities:
            if block_place >= 0:
                out[5] = BROKEN_BLOCKS
                out[6] = t0
                break
            blocks = _grown(blocks, count_blocks + 1)
            blocks[count_blocks] = t0
            block_place = FIRST_BLOCK + count_blocks
            count_blocks += 1
            continue
        if kind == ENDBLK and not in_entities:
            if block_place < 0:
                out[5] = BROKEN_BLOCKS
                out[6] = t0
                break
            block_place = -1
            continue
        # --- what every entity has
        row = rows
        rows += 1
        handle0 = handle1 = layer0 = layer1 = text0 = text1 = name0 = name1 = 0
        xdata0 = -1
        color = 256
        true_color = -1
        invisible = False
        paper = -1
        own = np.int64(-1)
        x10 = y10 = z10 = x11 = y11 = z11 = x12 = y12 = z12 = x13 = y13 = z13 = 0.0
        ex, ey, ez = 0.0, 0.0, 1.0
        has10 = has11 = has12 = has13 = has38 = False
        v38 = v50 = 0.0
        v40 = v41 = v42 = v44 = v45 = v51 = _ABSENT
        v66 = v70 = v71 = v72 = v73 = v74 = 0.0
        has70 = has71 = False
        parted = False
        group = False
        markers = 0
        embedded = False
        t = t0 + 1
        while t < t1:
            code = codes[t]
            if group:
                if code == 102 and buffer[starts[t]] == 125:  # }
                    group = False
                t += 1
                continue
            if code < 10:
                if code == 8:
                    layer0, layer1 = starts[t], ends[t]
                elif code == 5:
                    if markers == 0 or r12:
                        handle0, handle1 = starts[t], ends[t]
                elif code == 1:
                    if kind != ATTRIB or r12 or markers == 2:
                        text0, text1 = starts[t], ends[t]
                elif code == 2:
                    if kind == ATTRIB:
                        if r12 or markers == 3:
                            name0, name1 = starts[t], ends[t]
                    elif (
                        kind != ODDKIND or name1 == 0
                    ):  # of a dimension or a table the first one is its block
                        name0, name1 = starts[t], ends[t]
                elif code == 3:
                    parted = True
            elif code == 10:
                if (kind != HATCH or not has10) and (kind != ATTRIB or r12 or markers == 2):
                    x10, y10 = numbers[t], numbers[t + 1]
                    z10 = numbers[t + 2] if codes[t + 2] == 30 else 0.0
                    has10 = True
                t += 1
            elif code == 11:
                if kind != ATTRIB or r12 or markers == 2:
                    x11, y11 = numbers[t], numbers[t + 1]
                    z11 = numbers[t + 2] if codes[t + 2] == 31 else 0.0
                    has11 = True
                t += 1
            elif code == 12:
                x12, y12 = numbers[t], numbers[t + 1]
                z12 = numbers[t + 2] if codes[t + 2] == 32 else 0.0
                has12 = True
                t += 1
            elif code == 13:
                x13, y13 = numbers[t], numbers[t + 1]
                z13 = numbers[t + 2] if codes[t + 2] == 33 else 0.0
                has13 = True
                t += 1
            elif code < 60:
                if code == 40:
                    v40 = numbers[t]
                elif code == 41:
                    v41 = numbers[t]
                elif code == 42:
                    v42 = numbers[t]
                elif code == 50:
                    if kind != ATTRIB or r12 or markers == 2:
                        v50 = numbers[t]
                elif code == 51:
                    v51 = numbers[t]
                elif code == 38:
                    v38 = numbers[t]
                    has38 = True
                elif code == 44:
                    v44 = numbers[t]
                elif code == 45:
                    v45 = numbers[t]
            elif code < 100:
                value = numbers[t]
                if code == 62:
                    color = _whole(value) if _sane(value) else 256
                elif code == 60:
                    invisible = value != 0
                elif code == 67:
                    paper = 1 if value != 0 else 0
                elif code == 66:
                    v66 = value
                elif code == 70:
                    if kind != ATTRIB or r12 or markers == 3:
                        v70 = value
                        has70 = True
                elif code == 71:
                    v71 = value
                    has71 = True
                elif code == 72:
                    if kind != ATTRIB or r12 or markers == 2:
                        v72 = value
                elif code == 73:
                    v73 = value
                elif code == 74:
                    v74 = value
            elif code == 100:
                markers += 1
            elif code == 101:
                embedded = True
                break
            elif code == 102:
                group = ends[t] > starts[t] and buffer[starts[t]] == 123  # {
            elif code == 210:
                if kind != ATTRIB or r12 or markers == 2:
                    ex, ey = numbers[t], numbers[t + 1]
                    ez = numbers[t + 2] if codes[t + 2] == 230 else 0.0
            elif code == 330:
                if markers == 0 and own < 0:
                    own = _hex(buffer, starts[t], ends[t])
            elif code == 420:
                if _sane(numbers[t]):
                    true_color = _whole(numbers[t]) & 0xFFFFFF
            elif code == 1001:
                xdata0 = t
                break
            t += 1
        if handle1 > handle0 and _hex(buffer, handle0, handle1) < 0:
            out[5] = BROKEN_HANDLE
            out[6] = t0
            break
        if embedded and xdata0 < 0:
            for t in range(t1 - 1, t0, -1):
                if codes[t] == 1001:
                    xdata0 = t
        if in_entities:
            place = MODEL
            if own >= 0 and own == model_owner:
                place = MODEL
            elif (own >= 0 and own == paper_owner) or paper == 1:
                place = PAPER
        else:
            place = block_place if block_place >= 0 else NOWHERE
        if true_color >= 0:
            color = true_color
        elif color == 256:
            color = BYLAYER
        elif color == 0:
            color = BYBLOCK
        else:
            color = aci[abs(color)] if -256 < color < 256 else aci[7]
        ints[row, KIND] = kind
        ints[row, TAG0], ints[row, TAG1] = t0, t1
        ints[row, PLACE] = place
        ints[row, HANDLE0], ints[row, HANDLE1] = handle0, handle1
        ints[row, LAYER0], ints[row, LAYER1] = layer0, layer1
        ints[row, COLOR] = color
        ints[row, TEXT0], ints[row, TEXT1] = text0, text1
        ints[row, NAME0], ints[row, NAME1] = name0, name1
        ints[row, CURVE0] = ints[row, CURVE1] = curves
        ints[row, XDATA0] = xdata0
        ints[row, ENTRY] = -1
        flags = 0
        floats[row, X] = x10
        floats[row, Y] = y10
        floats[row, Z] = z10
        floats[row, HEIGHT] = 0.0
        floats[row, ROTATION] = 0.0
        # --- the plane the entity is drawn in
        tilted = False
        mirror = False
        if not (ex == 0.0 and ey == 0.0 and ez == 1.0):
            if abs(ex) <= 1e-12 and abs(ey) <= 1e-12 and abs(ez - 1.0) <= 1e-9:
                pass
            elif ex == 0.0 and ey == 0.0 and ez < 0.0:
                mirror = True
            else:
                tilted = True
        plain = _sane(x10) and _sane(y10) and _sane(z10)
        # --- kind by kind
        if kind in (SILENT, SEQEND) or (invisible and not (kind == ATTRIB and owner >= 0)):
            flags = HIDDEN
        elif kind in (OTHER, VERTEX, BLOCK, ENDBLK):
            flags = UNSUPPORTED
        elif kind == ODDKIND or not plain or (r12 and has38):
            flags = ODD
        elif kind == LINE:
            if not (_sane(x11) and _sane(y11)):
                flags = ODD
            else:
                n = _put(xs, ys, bs, n, x10, y10, 0.0)
                n = _put(xs, ys, bs, n, x11, y11, 0.0)
                curve_flags[curves] = 0
                curves += 1
                flags = EMIT | AT
        elif kind == POINT:
            flags = EMIT | AT
        elif kind in (CIRCLE, ARC):
            radius = 1.0 if v40 == _ABSENT else v40
            start = v50
            end = 360.0 if v51 == _ABSENT else v51
            if tilted or not has10 or v40 == _ABSENT or not (_sane(radius) and _sane(start) and _sane(end)):
                flags = ODD
            else:
                first = n
                if kind == CIRCLE:
                    n = _put(xs, ys, bs, n, x10 - radius, y10, 1.0)
                    n = _put(xs, ys, bs, n, x10 + radius, y10, 1.0)
                    curve_flags[curves] = CLOSED | BULGED
                else:
                    n = _put_turn(xs, ys, bs, n, x10, y10, radius, np.radians(start), np.radians(end))
                    curve_flags[curves] = BULGED
                if mirror:
                    for i in range(first, n):
                        xs[i] = -xs[i]
                        bs[i] = -bs[i]
                    floats[row, Z] = -z10
                floats[row, X] = xs[first]
                floats[row, Y] = ys[first]
                curves += 1
                flags = EMIT | AT
        elif kind == ELLIPSE:
            ratio = v40
            start = 0.0 if v41 == _ABSENT else v41
            end = 2 * np.pi if v42 == _ABSENT else v42
            size = np.hypot(np.hypot(x11, y11), z11)
            if (
                tilted or not has10 or not has11 or not (1e-6 <= ratio <= 1.0) or not _sane(start) or not _sane(end)
                or not _sane(size) or size == 0.0 or abs(z11) > 1e-12 * size
            ):  # fmt: skip
                flags = ODD
            else:
                turn = -1.0 if mirror else 1.0
                minor_x, minor_y = -y11 * ratio * turn, x11 * ratio * turn
                length = np.hypot(x11, y11)
                minor = np.hypot(minor_x, minor_y)
                unit = (max(size, size * ratio) * _TOLERANCE) / max(length, minor)
                sweep = (end - start) % (2 * np.pi)
                closed = sweep < 1e-9 or abs(sweep - 2 * np.pi) < 1e-9
                ux, uy, ub = np.empty(3), np.empty(3), np.empty(3)
                if closed:
                    m = _put(ux, uy, ub, 0, -1.0, 0.0, 1.0)
                    m = _put(ux, uy, ub, m, 1.0, 0.0, 1.0)
                else:
                    m = _put_turn(ux, uy, ub, 0, 0.0, 0.0, 1.0, start, end)
                first = n
                n = put_flat(ux, uy, ub, 0, m, closed, unit, xs, ys, n)
                for i in range(first, n):
                    px, py = xs[i], ys[i]
                    xs[i] = x11 * px + minor_x * py + x10
                    ys[i] = y11 * px + minor_y * py + y10
                    bs[i] = 0.0
                curve_flags[curves] = CLOSED if closed else 0
                curves += 1
                floats[row, X] = xs[first]
                floats[row, Y] = ys[first]
                flags = EMIT | AT
        elif kind == LWPOLYLINE:
            if tilted or markers != 2 or r12 or not _sane(v38) or not _sane(v70):
                flags = ODD
            else:
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
                        fine = fine and _sane(x) and _sane(y)
                        n = _put(xs, ys, bs, n, x, y, 0.0)
                        t += 1
                    elif code == 42 and n > first:
                        fine = fine and _sane(numbers[t])
                        bs[n - 1] = numbers[t]
                        if numbers[t] != 0.0:
                            any_bulge = True
                    elif code == 102:
                        group = ends[t] > starts[t] and buffer[starts[t]] == 123
                    elif code == 1001:
                        break
                    t += 1
                if not fine:
                    n = first
                    flags = ODD
                else:
                    floats[row, Z] = v38
                    flags = EMIT
                    if n > first:
                        if mirror:
                            for i in range(first, n):
                                xs[i] = -xs[i]
                                bs[i] = -bs[i]
                            floats[row, Z] = -v38
                        floats[row, X] = xs[first]
                        floats[row, Y] = ys[first]
                        curve_flags[curves] = (CLOSED if _whole(v70) & 1 else 0) | (
                            BULGED if any_bulge else 0
                        )
                        curves += 1
                        flags = EMIT | AT
        elif kind == POLYLINE:
            flags70 = _whole(v70)
            if flags70 & 80 or (tilted and not flags70 & 8):  # polygon or polyface mesh
                flags = ODD
            has_bulge = False
            clean = True
            lead_z = 0.0
            head_z = z10
            head_given = has10
            mirrored = mirror
        elif kind in (TEXT, ATTRIB):
            valign = v73 if kind == TEXT else v74
            aligned = (v72 != 0.0 or valign != 0.0) and has11
            height = 1.0 if v40 == _ABSENT else v40
            x, y, z = (x11, y11, z11) if aligned else (x10, y10, z10)
            if (
                tilted or embedded or (parted and kind == TEXT) or not has10 or not _sane(height) or not _sane(v50)
                or not _sane(x) or not _sane(y) or not _sane(z) or (kind == ATTRIB and r12 == (markers > 0))
            ):  # fmt: skip
                flags = ODD
            else:
                floats[row, X] = -x if mirror else x
                floats[row, Y] = y
                floats[row, Z] = -z if mirror else z
                floats[row, HEIGHT] = height
                floats[row, ROTATION] = v50
                flags = EMIT | AT | WORDS
                if kind == ATTRIB and owner >= 0 and _whole(v70) & 1:
                    flags |= HIDDEN
        elif kind == MTEXT:
            height = 1.0 if v40 == _ABSENT else v40
            rotation = np.degrees(np.arctan2(y11, x11)) if has11 else v50
            if embedded or markers != 2 or r12 or not has10 or not _sane(height) or not _sane(rotation):
                flags = ODD
            else:
                floats[row, HEIGHT] = height
                floats[row, ROTATION] = rotation
                flags = EMIT | AT | WORDS | (PARTED if parted else 0)
        elif kind in (SOLID, TRACE, FACE3D):
            if (
                not (has10 and has11 and has12)
                or (tilted and kind != FACE3D)
                or not (
                    _sane(x11)
                    and _sane(y11)
                    and _sane(z11)
                    and _sane(x12)
                    and _sane(y12)
                    and _sane(z12)
                    and _sane(x13)
                    and _sane(y13)
                    and _sane(z13)
                )
                or not has13
            ):
                flags = ODD
            else:
                first = n
                same = (
                    abs(x13 - x12) <= max(1e-9 * max(abs(x13), abs(x12)), 1e-12)
                    and abs(y13 - y12) <= max(1e-9 * max(abs(y13), abs(y12)), 1e-12)
                    and abs(z13 - z12) <= max(1e-9 * max(abs(z13), abs(z12)), 1e-12)
                )
                n = _put(xs, ys, bs, n, x10, y10, 0.0)
                n = _put(xs, ys, bs, n, x11, y11, 0.0)
                if same:
                    n = _put(xs, ys, bs, n, x12, y12, 0.0)
                elif kind == FACE3D:
                    n = _put(xs, ys, bs, n, x12, y12, 0.0)
                    n = _put(xs, ys, bs, n, x13, y13, 0.0)
                else:  # SOLID and TRACE run 0, 1, 3, 2
                    n = _put(xs, ys, bs, n, x13, y13, 0.0)
                    n = _put(xs, ys, bs, n, x12, y12, 0.0)
                if mirror and kind != FACE3D:
                    for i in range(first, n):
                        xs[i] = -xs[i]
                    floats[row, X] = -x10
                    floats[row, Z] = -z10
                curve_flags[curves] = CLOSED
                curves += 1
                flags = EMIT | AT | FILLED
        elif kind == INSERT:
            sx = 1.0 if v41 == _ABSENT else v41
            sy = 1.0 if v42 == _ABSENT else v42
            across = 0.0 if v44 == _ABSENT else v44
            up = 0.0 if v45 == _ABSENT else v45
            if (
                tilted or not has10 or name1 <= name0 or not _sane(sx) or not _sane(sy) or not _sane(v50)
                or not _sane(across) or not _sane(up) or not _sane(v70) or not _sane(v71)
            ):  # fmt: skip
                flags = ODD | REFERENCE
            else:
                references[refs, PX], references[refs, PY] = x10, y10
                references[refs, SX], references[refs, SY] = sx, sy
                references[refs, ANGLE] = np.radians(v50)
                references[refs, COLUMNS] = max(1.0, np.trunc(v70)) if has70 else 1.0
                references[refs, ROWS] = max(1.0, np.trunc(v71)) if has71 else 1.0
                references[refs, ACROSS], references[refs, UP] = across, up
                references[refs, MIRROR] = 1.0 if mirror else 0.0
                ints[row, ENTRY] = refs
                refs += 1
                if mirror:
                    floats[row, X] = -x10
                    floats[row, Z] = -z10
                flags = EMIT | AT | REFERENCE
        elif kind == HATCH:
            if tilted or markers != 2 or r12:
                flags = ODD
            else:
                first, first_curve = n, curves
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
                        polyline = (_whole(numbers[t]) & 2) != 0
                        fine = fine and _sane(numbers[t])
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
                            fine = fine and _sane(x) and _sane(y)
                            n = _put(xs, ys, bs, n, x, y, 0.0)
                            t += 2
                            continue
                        if code == 42:
                            if n == curve_start[curves] or not _sane(numbers[t]):
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
                            12 <= code <= 13
                            or code == 42
                            or code == 74
                            or 93 <= code <= 96
                            or 30 <= code <= 33
                        ):
                            break
                        t += 1
                    if edge == 1.0:
                        if not (_sane(ax) and _sane(ay) and _sane(bx) and _sane(by)):
                            fine = False
                            break
                    elif not (_sane(ax) and _sane(ay) and _sane(radius) and _sane(start) and _sane(end)):
                        fine = False
                        break
                    # write the edge behind the others, then see which way round it and the first one go
                    if pieces > 0:
                        last_x, last_y = xs[n - 1], ys[n - 1]
                    fresh = n
                    if edge == 1.0:
                        n = _put(xs, ys, bs, n, ax, ay, 0.0)
                        n = _put(xs, ys, bs, n, bx, by, 0.0)
                    elif ccw:
                        n = _put_turn(xs, ys, bs, n, ax, ay, radius, np.radians(start), np.radians(end))
                    else:
                        n = _put_turn(
                            xs, ys, bs, n, ax, ay, radius, np.radians(360.0 - end), np.radians(360.0 - start)
                        )
                        _turn_around(xs, ys, bs, fresh, n)
                    if pieces > 0:
                        to_start = np.hypot(last_x - xs[fresh], last_y - ys[fresh])
                        to_end = np.hypot(last_x - xs[n - 1], last_y - ys[n - 1])
                        if to_start > to_end:
                            _turn_around(xs, ys, bs, fresh, n)
                        elif pieces == 1:
                            from_start = np.hypot(xs[piece_start] - xs[fresh], ys[piece_start] - ys[fresh])
                            if from_start < to_start:
                                _turn_around(xs, ys, bs, piece_start, fresh)
                        # joined: the earlier end vertex gives way to this start
                        for i in range(fresh, n):
                            xs[i - 1], ys[i - 1], bs[i - 1] = xs[i], ys[i], bs[i]
                        n -= 1
                        piece_start = fresh - 1
                    else:
                        piece_start = fresh
                    pieces += 1
                if not fine:
                    n, curves = first, first_curve
                    flags = ODD
                elif curves > first_curve:
                    floats[row, X] = xs[first]
                    floats[row, Y] = ys[first]
                    if mirror:
                        for i in range(first, n):
                            xs[i] = -xs[i]
                            bs[i] = -bs[i]
                        floats[row, X] = xs[first]
                        floats[row, Z] = -z10
                    flags = EMIT | AT | FILLED
        curve_start[curves] = n
        ints[row, CURVE1] = curves
        if kind == ATTRIB and owner >= 0:
            flags |= MEMBER
            ints[row, PLACE] = NOWHERE
            ints[owner, TAG1] = t1
            if flags & ODD:
                ints[owner, FLAGS] |= ODD
        ints[row, FLAGS] = flags
        if kind == POLYLINE or (kind == INSERT and v66 != 0.0):
            owner = row
            owner_kind = kind
    out[0], out[1], out[2], out[3], out[4] = rows, refs, curves, n, count_blocks
    if owner >= 0 and out[5] == GOOD:
        out[5] = BROKEN_SEQUENCE
        out[6] = closes[closes.size - 1]
    return curve_start, curve_flags, xs, ys, bs, blocks


def collect(
    tags: Tags,
    entries: Longs,
    closes: Longs,
    kinds: Ints,
    sections: npt.NDArray[np.uint8],
    *,
    r12: bool,
    owners: tuple[int, int],
    aci: Ints,
) -> tuple[Rows, int, int]:
    """Read the entities whose tags run from indexes ``entries`` to ``closes``.

    Args:
        kinds: kind of every entity. sections: 0 if it stands in BLOCKS, 1 in ENTITIES.
        r12: the version knows no subclasses. owners: handles of model and paper space, -1 if unknown.
        aci: RGB number of the 256 indexed colours.

    Returns:
        the rows, a status (GOOD or what is broken) and the tag where it is broken.
    """
    size = entries.size
    points = int(np.count_nonzero(tags.codes == 10)) + 2 * int(
        np.count_nonzero((kinds == LINE) | (kinds == ARC) | (kinds == CIRCLE))
    )
    room = points + points // 8 + 64
    curves = int(np.count_nonzero((kinds != VERTEX) & (kinds != SEQEND) & (kinds != INSERT))) + 64
    ints = np.zeros((size + 1, INT_COLUMNS), np.int32)
    floats = np.zeros((size + 1, FLOAT_COLUMNS))
    references = np.zeros((int(np.count_nonzero(kinds == INSERT)) + 1, REFERENCE_COLUMNS))
    out = np.zeros(8, np.int64)
    start, flags, x, y, bulge, blocks = _collect(
        tags.buffer, tags.codes, tags.starts, tags.ends, tags.numbers, entries, closes, kinds, sections, r12, owners[0],
        owners[1], aci, ints, floats, references, np.zeros(curves + 2, np.int32), np.zeros(curves + 2, np.uint8),
        np.empty(room), np.empty(room), np.empty(room), np.zeros(64, np.int32), out,
    )  # fmt: skip
    rows, refs, curves, n, count_blocks, status, where = (int(v) for v in out[:7])
    return (
        Rows(
            ints[:rows], floats[:rows], references[:refs], start[: curves + 1], flags[:curves], x[:n], y[:n],
            bulge[:n], blocks[:count_blocks],
        ),
        status,
        where,
    )  # fmt: skip


def release(rows: Rows, tags: Tags) -> None:
    """Turn tag indexes in the columns into byte positions, so that the tags can be forgotten.

    TAG0 and XDATA0 become the start of the tag's value, TAG1 the end of the last tag's; rows without tags stay.
    """
    ints = rows.ints
    own = ints[:, KIND] >= 0
    for column, values, shift in ((TAG0, tags.starts, 0), (TAG1, tags.ends, -1)):
        ints[own, column] = values[ints[own, column] + shift]
    extended = np.flatnonzero(own & (ints[:, XDATA0] >= 0))
    ints[extended, XDATA0] = tags.starts[ints[extended, XDATA0]]
    rows.x = rows.y = rows.bulge = np.empty(0)
    rows.curve_start, rows.curve_flags = np.zeros(1, np.int32), np.zeros(0, np.uint8)
    rows.references = np.empty((0, REFERENCE_COLUMNS))
