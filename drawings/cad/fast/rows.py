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
    ARC,
    AT,
    ATTRIB,
    BLOCK,
    BROKEN_BLOCKS,
    BROKEN_HANDLE,
    BROKEN_SEQUENCE,
    CIRCLE,
    COLOR,
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
    HIDDEN,
    INSERT,
    INT_COLUMNS,
    KIND,
    LINE,
    LWPOLYLINE,
    MEMBER,
    MODEL,
    MTEXT,
    NOWHERE,
    ODD,
    ODDKIND,
    OTHER,
    PAPER,
    PLACE,
    POINT,
    POLYLINE,
    REFERENCE_COLUMNS,
    SEQEND,
    SILENT,
    SOLID,
    TAG0,
    TAG1,
    TEXT,
    TRACE,
    UNSUPPORTED,
    VERTEX,
    Rows,
    X,
    Y,
    Z,
)
from drawings.cad.fast.groups import (
    FACTS,
    HAS38,
    MARKS,
    MIRRORED,
    NUMBERS,
    OWNER,
    TILTED,
    V60,
    V66,
    V67,
    V70,
    X10,
    Y10,
    Z10,
    color_of,
    plane_of,
    read_groups,
)
from drawings.cad.fast.hatches import hatch_paths
from drawings.cad.fast.jit import helper, kernel
from drawings.cad.fast.sequences import (
    HEIGHTS,
    ROW,
    SORT,
    STATE,
    add_vertex,
    close_polyline,
    open_sequence,
)
from drawings.cad.fast.shapes import (
    draw_ellipse,
    draw_face,
    draw_line,
    draw_polyline,
    draw_round,
    refer,
    write,
    write_lines,
)
from drawings.cad.fast.tags import Ints, Longs, Tags
from drawings.cad.fast.vertices import grown, hex_value, reflect, sane, whole


@helper
def _place_of(in_entities: Any, block: Any, v: Any, facts: Any, model: Any, paper: Any) -> Any:
    """Model space, paper space, or the block that is open."""
    if not in_entities:
        return block if block >= 0 else NOWHERE
    own = facts[OWNER]
    if own >= 0 and own == model:
        return MODEL
    return PAPER if (own >= 0 and own == paper) or v[V67] != 0.0 else MODEL


@helper
def _beyond(kind: Any, r12: Any, v: Any, facts: Any, is_member: Any) -> Any:
    """Flags of what is not read here whatever its kind; 0 for the rest."""
    if kind in (SILENT, SEQEND) or (v[V60] != 0.0 and not is_member):
        return HIDDEN
    if kind in (OTHER, VERTEX, BLOCK, ENDBLK):
        return UNSUPPORTED
    plain = sane(v[X10]) and sane(v[Y10]) and sane(v[Z10])
    return ODD if kind == ODDKIND or not plain or (r12 and facts[HAS38]) else 0


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
    block = -1
    v, facts = np.empty(NUMBERS), np.empty(FACTS, np.int64)
    state, heights = np.zeros(STATE, np.int64), np.zeros(HEIGHTS)
    state[ROW] = -1
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
        # --- sequences
        owner = state[ROW]
        if owner >= 0:
            if kind == SEQEND:
                n, curve = close_polyline(
                    ints[owner], floats[owner], state, heights, xs, ys, bs, curve_start[curves], n
                )
                if curve >= 0:
                    curve_flags[curves] = curve
                    ints[owner, CURVE0] = curves
                    curves += 1
                    curve_start[curves] = n
                    ints[owner, CURVE1] = curves
                ints[owner, TAG1] = t1
                state[ROW] = -1
                continue
            if kind != (VERTEX if state[SORT] == POLYLINE else ATTRIB):
                out[5], out[6] = BROKEN_SEQUENCE, t0
                break
            ints[owner, TAG1] = t1
            if kind == VERTEX:
                n = add_vertex(
                    buffer,
                    codes,
                    starts,
                    ends,
                    numbers,
                    t0,
                    t1,
                    state,
                    heights,
                    xs,
                    ys,
                    bs,
                    curve_start[curves],
                    n,
                )
                continue
        # --- blocks
        if not in_entities and (kind in (BLOCK, ENDBLK)):
            if (kind == BLOCK) == (block >= 0):
                out[5], out[6] = BROKEN_BLOCKS, t0
                break
            block = -1
            if kind == BLOCK:
                blocks = grown(blocks, count_blocks + 1)
                blocks[count_blocks] = t0
                block = FIRST_BLOCK + count_blocks
                count_blocks += 1
            continue
        # --- what every entity has
        number = rows
        rows += 1
        row, place = ints[number], floats[number]
        read_groups(buffer, codes, starts, ends, numbers, t0, t1, kind, r12, row, v, facts)
        if row[HANDLE1] > row[HANDLE0] and hex_value(buffer, row[HANDLE0], row[HANDLE1]) < 0:
            out[5], out[6] = BROKEN_HANDLE, t0
            break
        row[KIND], row[TAG0], row[TAG1] = kind, t0, t1
        row[PLACE] = _place_of(in_entities, block, v, facts, model_owner, paper_owner)
        row[COLOR] = color_of(v, facts, aci)
        row[CURVE0] = curves
        row[ENTRY] = -1
        place[X], place[Y], place[Z] = v[X10], v[Y10], v[Z10]
        # --- kind by kind
        plane = plane_of(v)
        is_member = kind == ATTRIB and owner >= 0
        first, curve = n, -1
        flags = _beyond(kind, r12, v, facts, is_member)
        if flags:
            pass
        elif kind == LINE:
            flags, n, curve = draw_line(v, xs, ys, bs, n)
        elif kind == POINT:
            flags = EMIT | AT
        elif kind in (CIRCLE, ARC):
            flags, n, curve = draw_round(kind, v, facts, plane, place, xs, ys, bs, n)
        elif kind == ELLIPSE:
            flags, n, curve = draw_ellipse(v, facts, plane, xs, ys, bs, n)
        elif kind == LWPOLYLINE:
            flags, n, curve = draw_polyline(
                buffer, codes, starts, ends, numbers, t0, t1, r12, v, facts, plane, place, xs, ys, bs, n
            )
        elif kind == POLYLINE:
            bits = whole(v[V70])
            flags = ODD if bits & 80 or (plane == TILTED and not bits & 8) else 0  # 80: meshes
        elif kind in (TEXT, ATTRIB):
            flags = write(kind, r12, v, facts, plane, place)
            if is_member and flags & EMIT and whole(v[V70]) & 1:
                flags |= HIDDEN
        elif kind == MTEXT:
            flags = write_lines(r12, v, facts, place)
        elif kind in (SOLID, TRACE, FACE3D):
            flags, n, curve = draw_face(kind, v, facts, plane, place, xs, ys, bs, n)
        elif kind == INSERT:
            flags = refer(row, v, facts, plane, place, references[refs])
            if flags & EMIT:
                row[ENTRY] = refs
                refs += 1
        elif plane == TILTED or facts[MARKS] != 2 or r12:  # a HATCH is what is left
            flags = ODD
        else:
            first_curve = curves
            fine, n, curves = hatch_paths(
                codes, numbers, t0, t1, curve_start, curve_flags, xs, ys, bs, n, curves
            )
            if not fine:
                n, curves = first, first_curve
                flags = ODD
            elif curves > first_curve:
                if plane == MIRRORED:
                    reflect(xs, bs, first, n)
                    place[Z] = -v[Z10]
                flags = EMIT | AT | FILLED
        if curve >= 0:
            curve_flags[curves] = curve
            curves += 1
        if n > first:
            place[X], place[Y] = xs[first], ys[first]
        curve_start[curves] = n
        row[CURVE1] = curves
        if is_member:
            flags |= MEMBER
            row[PLACE] = NOWHERE
            ints[owner, FLAGS] |= flags & ODD
        row[FLAGS] = flags
        if kind == POLYLINE or (kind == INSERT and v[V66] != 0.0):
            open_sequence(number, kind, v, facts, plane, state, heights)
    out[0], out[1], out[2], out[3], out[4] = rows, refs, curves, n, count_blocks
    if state[ROW] >= 0 and out[5] == GOOD:
        out[5], out[6] = BROKEN_SEQUENCE, closes[closes.size - 1]
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
