"""Entities as rows of columns: what the tags of BLOCKS and ENTITIES say, without a Python object per entity.

Common kinds are read here completely; what is rare or looks odd gets the flag ``ODD`` and is read from its own tags by
:mod:`drawings.cad.fast.direct` or by ezdxf (:mod:`drawings.cad.fast.skeleton`); kinds nobody computes with get
``UNSUPPORTED``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from drawings.cad.fast.columns import (
    ABSENT,
    ACROSS,
    ANGLE,
    ARC,
    AT,
    ATTRIB,
    BLOCK,
    BROKEN_BLOCKS,
    BROKEN_HANDLE,
    BROKEN_SEQUENCE,
    BYBLOCK,
    BYLAYER,
    CIRCLE,
    COLOR,
    COLUMNS,
    CURVE0,
    CURVE1,
    ELLIPSE,
    ELLIPSE_ROOM,
    EMIT,
    ENDBLK,
    ENTRY,
    FACE3D,
    FILLED,
    FIRST_BLOCK,
    FLAGS,
    FLOAT_COLUMNS,
    GOOD,
    HANDLE0,
    HANDLE1,
    HATCH,
    HEIGHT,
    HIDDEN,
    INSERT,
    INT_COLUMNS,
    KIND,
    LAYER0,
    LAYER1,
    LINE,
    LWPOLYLINE,
    MEMBER,
    MIRROR,
    MODEL,
    MTEXT,
    NAME0,
    NAME1,
    NOWHERE,
    ODD,
    ODDKIND,
    OTHER,
    PAPER,
    PARTED,
    PLACE,
    POINT,
    POLYLINE,
    PX,
    PY,
    REFERENCE,
    REFERENCE_COLUMNS,
    ROTATION,
    ROWS,
    SEQEND,
    SILENT,
    SOLID,
    SX,
    SY,
    TAG0,
    TAG1,
    TEXT,
    TEXT0,
    TEXT1,
    TRACE,
    UNSUPPORTED,
    UP,
    VERTEX,
    WORDS,
    XDATA0,
    Rows,
    X,
    Y,
    Z,
)
from drawings.cad.fast.curves import BULGED, CLOSED
from drawings.cad.fast.hatches import hatch_paths
from drawings.cad.fast.jit import kernel
from drawings.cad.fast.tags import Ints, Longs, Tags
from drawings.cad.fast.vertices import grown, hex_value, put, put_ellipse, put_polyline, put_turn, sane, whole


@kernel
def _collect(
    buffer: Any, codes: Any, starts: Any, ends: Any, numbers: Any, entries: Any, closes: Any, kinds: Any,
    sections: Any, r12: Any, model_owner: Any, paper_owner: Any, aci: Any, ints: Any, floats: Any,
    references: Any, curve_start: Any, curve_flags: Any, xs: Any, ys: Any, bs: Any, blocks: Any, out: Any,
) -> Any:  # fmt: skip
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
            xs, ys, bs = grown(xs, room), grown(ys, room), grown(bs, room)
        room = curves + (t1 - t0) + 4
        if room > curve_flags.size:
            curve_start, curve_flags = grown(curve_start, room), grown(curve_flags, room)
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
                    if hex_value(buffer, starts[t], ends[t]) < 0:
                        clean = False
                elif code == 70:
                    vflags = whole(numbers[t])
                elif code == 1001:
                    break
            if not (located and sane(vx) and sane(vy) and sane(vz) and sane(vb)):
                clean = False
            elif not vflags & 16:
                if n == curve_start[curves]:
                    _lead_x, _lead_y, lead_z = vx, vy, vz
                n = put(xs, ys, bs, n, vx, vy, vb)
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
            blocks = grown(blocks, count_blocks + 1)
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
        v40 = v41 = v42 = v44 = v45 = v51 = ABSENT
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
                    color = whole(value) if sane(value) else 256
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
                    own = hex_value(buffer, starts[t], ends[t])
            elif code == 420:
                if sane(numbers[t]):
                    true_color = whole(numbers[t]) & 0xFFFFFF
            elif code == 1001:
                xdata0 = t
                break
            t += 1
        if handle1 > handle0 and hex_value(buffer, handle0, handle1) < 0:
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
        plain = sane(x10) and sane(y10) and sane(z10)
        # --- kind by kind
        if kind in (SILENT, SEQEND) or (invisible and not (kind == ATTRIB and owner >= 0)):
            flags = HIDDEN
        elif kind in (OTHER, VERTEX, BLOCK, ENDBLK):
            flags = UNSUPPORTED
        elif kind == ODDKIND or not plain or (r12 and has38):
            flags = ODD
        elif kind == LINE:
            if not (sane(x11) and sane(y11)):
                flags = ODD
            else:
                n = put(xs, ys, bs, n, x10, y10, 0.0)
                n = put(xs, ys, bs, n, x11, y11, 0.0)
                curve_flags[curves] = 0
                curves += 1
                flags = EMIT | AT
        elif kind == POINT:
            flags = EMIT | AT
        elif kind in (CIRCLE, ARC):
            radius = 1.0 if v40 == ABSENT else v40
            start = v50
            end = 360.0 if v51 == ABSENT else v51
            if tilted or not has10 or v40 == ABSENT or not (sane(radius) and sane(start) and sane(end)):
                flags = ODD
            else:
                first = n
                if kind == CIRCLE:
                    n = put(xs, ys, bs, n, x10 - radius, y10, 1.0)
                    n = put(xs, ys, bs, n, x10 + radius, y10, 1.0)
                    curve_flags[curves] = CLOSED | BULGED
                else:
                    n = put_turn(xs, ys, bs, n, x10, y10, radius, np.radians(start), np.radians(end))
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
            start = 0.0 if v41 == ABSENT else v41
            end = 2 * np.pi if v42 == ABSENT else v42
            size = np.hypot(np.hypot(x11, y11), z11)
            if (
                tilted or not has10 or not has11 or not (1e-6 <= ratio <= 1.0) or not sane(start) or not sane(end)
                or not sane(size) or size == 0.0 or abs(z11) > 1e-12 * size
            ):  # fmt: skip
                flags = ODD
            else:
                turn = -1.0 if mirror else 1.0
                minor_x, minor_y = -y11 * ratio * turn, x11 * ratio * turn
                first = n
                closed, n = put_ellipse(
                    x10, y10, x11, y11, minor_x, minor_y, start, end, max(size, size * ratio), xs, ys, bs, n
                )
                curve_flags[curves] = CLOSED if closed else 0
                curves += 1
                floats[row, X] = xs[first]
                floats[row, Y] = ys[first]
                flags = EMIT | AT
        elif kind == LWPOLYLINE:
            if tilted or markers != 2 or r12 or not sane(v38) or not sane(v70):
                flags = ODD
            else:
                first = n
                fine, any_bulge, n = put_polyline(buffer, codes, starts, ends, numbers, t0, t1, xs, ys, bs, n)
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
                        curve_flags[curves] = (CLOSED if whole(v70) & 1 else 0) | (BULGED if any_bulge else 0)
                        curves += 1
                        flags = EMIT | AT
        elif kind == POLYLINE:
            flags70 = whole(v70)
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
            height = 1.0 if v40 == ABSENT else v40
            x, y, z = (x11, y11, z11) if aligned else (x10, y10, z10)
            if (
                tilted or embedded or (parted and kind == TEXT) or not has10 or not sane(height) or not sane(v50)
                or not sane(x) or not sane(y) or not sane(z) or (kind == ATTRIB and r12 == (markers > 0))
            ):  # fmt: skip
                flags = ODD
            else:
                floats[row, X] = -x if mirror else x
                floats[row, Y] = y
                floats[row, Z] = -z if mirror else z
                floats[row, HEIGHT] = height
                floats[row, ROTATION] = v50
                flags = EMIT | AT | WORDS
                if kind == ATTRIB and owner >= 0 and whole(v70) & 1:
                    flags |= HIDDEN
        elif kind == MTEXT:
            height = 1.0 if v40 == ABSENT else v40
            rotation = np.degrees(np.arctan2(y11, x11)) if has11 else v50
            if embedded or markers != 2 or r12 or not has10 or not sane(height) or not sane(rotation):
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
                    sane(x11)
                    and sane(y11)
                    and sane(z11)
                    and sane(x12)
                    and sane(y12)
                    and sane(z12)
                    and sane(x13)
                    and sane(y13)
                    and sane(z13)
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
                n = put(xs, ys, bs, n, x10, y10, 0.0)
                n = put(xs, ys, bs, n, x11, y11, 0.0)
                if same:
                    n = put(xs, ys, bs, n, x12, y12, 0.0)
                elif kind == FACE3D:
                    n = put(xs, ys, bs, n, x12, y12, 0.0)
                    n = put(xs, ys, bs, n, x13, y13, 0.0)
                else:  # SOLID and TRACE run 0, 1, 3, 2
                    n = put(xs, ys, bs, n, x13, y13, 0.0)
                    n = put(xs, ys, bs, n, x12, y12, 0.0)
                if mirror and kind != FACE3D:
                    for i in range(first, n):
                        xs[i] = -xs[i]
                    floats[row, X] = -x10
                    floats[row, Z] = -z10
                curve_flags[curves] = CLOSED
                curves += 1
                flags = EMIT | AT | FILLED
        elif kind == INSERT:
            sx = 1.0 if v41 == ABSENT else v41
            sy = 1.0 if v42 == ABSENT else v42
            across = 0.0 if v44 == ABSENT else v44
            up = 0.0 if v45 == ABSENT else v45
            if (
                tilted or not has10 or name1 <= name0 or not sane(sx) or not sane(sy) or not sane(v50)
                or not sane(across) or not sane(up) or not sane(v70) or not sane(v71)
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
                fine, n, curves = hatch_paths(
                    codes, numbers, t0, t1, curve_start, curve_flags, xs, ys, bs, n, curves
                )
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
