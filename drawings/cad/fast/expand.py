"""Placing rows in the world: blocks are drawn where they are inserted, depth first, within stated bounds.

The outcome are *instances*: one per entity as :class:`drawings.cad.model.CadEntity` counts them, in drawing order, with
world vertices. Rules of layer 0, BYLAYER and BYBLOCK are those of the careful reader (``drawings.cad.dxf``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from drawings.cad.curve import MAX_BULGE
from drawings.cad.fast.columns import (
    ACROSS,
    ANGLE,
    AT,
    BYBLOCK,
    BYLAYER,
    COLOR,
    COLUMNS,
    CURVE0,
    CURVE1,
    EMIT,
    ENTRY,
    FLAGS,
    HEIGHT,
    HIDDEN,
    MEMBER,
    MIRROR,
    PX,
    PY,
    REFERENCE,
    ROTATION,
    ROWS,
    SX,
    SY,
    UP,
    WORDS,
    Rows,
    X,
    Y,
)
from drawings.cad.fast.curves import CLOSED, flat_size, has_arcs, keeps_circles, put_flat, reach_box
from drawings.cad.fast.instances import (
    FIRST,
    INSTANCE_COLUMNS,
    LAST,
    LAYER,
    PATH,
    ROW,
    TINT,
    WHITE,
    Instances,
)
from drawings.cad.fast.jit import helper, kernel
from drawings.cad.fast.tags import Floats, Ints, Longs
from drawings.cad.fast.vertices import grown

# what happened on the way: codes of events
(RECURSION, DEEP, MISSING, NONFINITE, TOO_MANY, TOO_MANY_VERTICES, TOO_LONG) = range(7)
EVENT_CODES = 7
EVENTS_KEPT = 64  # of one code; the others are counted
_RELATIVE = 1e-5  # tolerance of arcs that a map turns into ellipses, of their size


@helper
def _note(events: Any, kept: Any, code: Any, what: Any, path: Any, layer: Any) -> None:
    k = events[code]
    if k < EVENTS_KEPT:
        line = code * EVENTS_KEPT + k
        kept[line, 0], kept[line, 1], kept[line, 2], kept[line, 3] = code, what, path, layer
    events[code] += 1


@helper
def _tint(color: Any, layer: Any, inherited: Any, layer_colors: Any) -> Any:
    if color == BYBLOCK:
        return inherited if inherited >= 0 else WHITE
    if color == BYLAYER:
        return layer_colors[layer]
    return color


@helper
def _wide(old: Any, need: Any) -> Any:
    if need <= old.shape[0]:
        return old
    new = np.empty((max(need, 2 * old.shape[0]), old.shape[1]), old.dtype)
    new[: old.shape[0]] = old
    return new


@kernel
def _expand(
    rows_i: Any, rows_f: Any, refs: Any, row_layer: Any, row_name: Any, curve_start: Any, curve_flags: Any,
    sx: Any, sy: Any, sb: Any, place_start: Any, place_rows: Any, block_of_name: Any, base: Any,
    matrices: Any, matrix_start: Any, matrix_end: Any, layer_colors: Any, max_entities: Any,
    max_vertices: Any, max_depth: Any, max_steps: Any, model_rows: Any, reference_vertices: Any,
    name_count: Any,
) -> Any:  # fmt: skip
    inst = np.empty((model_rows + model_rows // 8 + 64, INSTANCE_COLUMNS), np.int32)
    room = inst.shape[0]
    ax, ay, ah, ar = np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    wstart = np.empty(room, np.int32)
    wflags = np.empty(room, np.uint8)
    room = reference_vertices + reference_vertices // 8 + 64
    wx, wy, wb = np.empty(room), np.empty(room), np.empty(room)
    paths = np.empty((64, 2), np.int32)
    uses = np.zeros(name_count + 1, np.int64)
    visited = np.zeros((base.shape[0] + 1, 5), np.int64)
    told_missing = np.zeros(name_count + 1, np.uint8)
    told_recursion = np.zeros(name_count + 1, np.uint8)
    events = np.zeros(EVENT_CODES, np.int64)
    kept = np.zeros((EVENT_CODES * EVENTS_KEPT, 4), np.int64)
    n = curves = verts = n_paths = visits = 0
    wstart[0] = 0
    # the stack: where we are in which block, under which map
    levels = max_depth + 3
    s_place = np.zeros(levels, np.int64)
    s_next = np.zeros(levels, np.int64)
    s_row = np.full(levels, -1, np.int64)
    s_copy = np.zeros(levels, np.int64)
    s_copies = np.zeros(levels, np.int64)
    s_layer = np.full(levels, -1, np.int64)
    s_color = np.full(levels, -1, np.int64)
    s_path = np.full(levels, -1, np.int64)
    s_name = np.full(levels, -1, np.int64)
    s_map = np.zeros((levels, 6))
    s_outer = np.zeros((levels, 6))
    s_map[0, 0] = s_map[0, 3] = 1.0
    s_place[0] = 1  # model space
    s_next[0] = place_start[1]
    depth = 0
    steps = 0
    stop = False
    while depth >= 0 and not stop:
        place = s_place[depth]
        if s_next[depth] >= place_start[place + 1]:
            # this copy of the block is drawn; on to the next copy, or back
            s_copy[depth] += 1
            if depth == 0 or s_copy[depth] >= s_copies[depth]:
                depth -= 1
                continue
            s_next[depth] = place_start[place]
            _copy_map(
                refs, matrices, matrix_start, rows_i, base, s_outer, s_map, depth, s_row[depth], s_copy[depth],
                place - 3,
            )  # fmt: skip
            steps += 1
            if steps > max_steps:
                _note(events, kept, TOO_LONG, 0, -1, 0)
                break
            continue
        row = place_rows[s_next[depth]]
        s_next[depth] += 1
        layer, color, path = s_layer[depth], s_color[depth], s_path[depth]
        flags = rows_i[row, FLAGS]
        own_layer = layer if layer >= 0 and row_layer[row] == 0 else row_layer[row]
        own_color = _tint(rows_i[row, COLOR], own_layer, color, layer_colors)
        # the entity itself, then (of an INSERT) its attributes
        member = row
        while True:
            steps += 1
            if steps > max_steps:
                _note(events, kept, TOO_LONG, 0, -1, 0)
                stop = True
                break
            member_flags = rows_i[member, FLAGS]
            if member_flags & EMIT and not (member != row and member_flags & HIDDEN):
                if n >= max_entities:
                    _note(events, kept, TOO_MANY, 0, -1, 0)
                    stop = True
                    break
                if member == row:
                    m_layer, m_color = own_layer, own_color
                else:
                    m_layer = own_layer if row_layer[member] == 0 else row_layer[member]
                    m_color = _tint(rows_i[member, COLOR], m_layer, own_color, layer_colors)
                good, x, y, height, rotation = _anchor(rows_f, member, member_flags, s_map, depth)
                first_curve, first_vertex = curves, verts
                for k in range(rows_i[member, CURVE0], rows_i[member, CURVE1]):
                    i0, i1, closed = curve_start[k], curve_start[k + 1], curve_flags[k] & CLOSED
                    fine, bent, verts, wx, wy, wb = _world_curve(
                        sx, sy, sb, i0, i1, closed, s_map, depth, wx, wy, wb, verts, first_vertex + max_vertices
                    )  # fmt: skip
                    good = good and fine
                    curves += 1
                    wstart, wflags = grown(wstart, curves + 2), grown(wflags, curves + 2)
                    wflags[curves - 1] = curve_flags[k] if bent else closed
                    wstart[curves] = verts
                if not good:
                    _note(events, kept, NONFINITE, member, path, m_layer)
                    curves, verts = first_curve, first_vertex
                elif verts > max_vertices:
                    _note(events, kept, TOO_MANY_VERTICES, 0, -1, 0)
                    curves, verts = first_curve, first_vertex
                    stop = True
                    break
                else:
                    if n >= inst.shape[0]:
                        inst = _wide(inst, n + 1)
                        ax, ay, ah, ar = (
                            grown(ax, n + 1),
                            grown(ay, n + 1),
                            grown(ah, n + 1),
                            grown(ar, n + 1),
                        )
                    inst[n, ROW], inst[n, PATH], inst[n, LAYER], inst[n, TINT] = (
                        member,
                        path,
                        m_layer,
                        m_color,
                    )
                    inst[n, FIRST], inst[n, LAST] = first_curve, curves
                    ax[n], ay[n], ah[n], ar[n] = x, y, height, rotation
                    n += 1
            if not flags & REFERENCE:
                break
            member += 1
            if member >= rows_i.shape[0] or not rows_i[member, FLAGS] & MEMBER:
                break
        if stop:
            break
        if not flags & REFERENCE:
            continue
        # the content of the block
        name = row_name[row]
        block, why = _block_to_draw(
            name, block_of_name[name], s_name, depth, max_depth, told_recursion, told_missing
        )
        if why >= 0:
            _note(events, kept, why, row, path, own_layer)
        if block < 0:
            continue
        if visited[block, 0] == 0:
            visits += 1
            visited[block, 0], visited[block, 1], visited[block, 2] = row + 1, path, own_layer
            visited[block, 3], visited[block, 4] = place_rows[s_next[0] - 1], visits
        inner = block + 3
        copies = _copies_of(refs, rows_i[row, ENTRY], matrix_end[row] - matrix_start[row])
        if place_start[inner] == place_start[inner + 1] or copies < 0:
            continue
        uses[name] += copies
        paths = _wide(paths, n_paths + 1)
        paths[n_paths, 0], paths[n_paths, 1] = path, row
        depth += 1
        s_place[depth] = inner
        s_next[depth] = place_start[inner]
        s_row[depth] = row
        s_copy[depth] = 0
        s_copies[depth] = copies
        s_layer[depth] = own_layer
        s_color[depth] = own_color
        s_path[depth] = n_paths
        s_name[depth] = name
        n_paths += 1
        for i in range(6):
            s_outer[depth, i] = s_map[depth - 1, i]
        _copy_map(refs, matrices, matrix_start, rows_i, base, s_outer, s_map, depth, row, 0, block)
    return (
        inst[:n], ax[:n], ay[:n], ah[:n], ar[:n], wstart[: curves + 1], wflags[:curves], wx[:verts], wy[:verts],
        wb[:verts], paths[:n_paths], uses, visited, events, kept,
    )  # fmt: skip


@helper
def _anchor(rows_f: Any, row: Any, flags: Any, s_map: Any, depth: Any) -> Any:
    """Where a row stands in the world: whether all is finite, x, y, height, rotation."""
    a, b, c, d = s_map[depth, 0], s_map[depth, 1], s_map[depth, 2], s_map[depth, 3]
    e, f = s_map[depth, 4], s_map[depth, 5]
    identity = a == 1.0 and b == 0.0 and c == 0.0 and d == 1.0 and e == 0.0 and f == 0.0
    good = True
    x = y = np.nan
    height, rotation = rows_f[row, HEIGHT], rows_f[row, ROTATION]
    if flags & AT:
        x, y = rows_f[row, X], rows_f[row, Y]
        if not identity:
            x, y = a * x + c * y + e, b * x + d * y + f
        good = np.isfinite(x) and np.isfinite(y)
    if flags & WORDS and not identity:
        height *= np.sqrt(abs(a * d - b * c))
        rotation += np.degrees(np.arctan2(b, a))
    return good and np.isfinite(height) and np.isfinite(rotation), x, y, height, rotation


@helper
def _world_curve(
    sx: Any, sy: Any, sb: Any, i0: Any, i1: Any, closed: Any, s_map: Any, depth: Any, wx: Any, wy: Any, wb: Any,
    verts: Any, most: Any,
) -> Any:  # fmt: skip
    """Append a curve under a map; arcs that it turns into ellipses become chords.

    Returns:
        whether all is finite and fits, whether arcs are arcs still, the number of vertices, and the columns.
    """
    a, b, c, d = s_map[depth, 0], s_map[depth, 1], s_map[depth, 2], s_map[depth, 3]
    e, f = s_map[depth, 4], s_map[depth, 5]
    good = True
    if a == 1.0 and b == 0.0 and c == 0.0 and d == 1.0 and e == 0.0 and f == 0.0:
        need = verts + i1 - i0
        wx, wy, wb = grown(wx, need), grown(wy, need), grown(wb, need)
        for i in range(i0, i1):
            wx[verts], wy[verts], wb[verts] = sx[i], sy[i], sb[i]
            good = good and np.isfinite(sx[i]) and np.isfinite(sy[i]) and abs(sb[i]) <= MAX_BULGE
            verts += 1
        return good, True, verts, wx, wy, wb
    arcs = has_arcs(sb, i0, i1)
    if not arcs or keeps_circles(a, b, c, d):
        need = verts + i1 - i0
        wx, wy, wb = grown(wx, need), grown(wy, need), grown(wb, need)
        turn = -1.0 if a * d - b * c < 0 and arcs else 1.0
        for i in range(i0, i1):
            px, py = a * sx[i] + c * sy[i] + e, b * sx[i] + d * sy[i] + f
            wx[verts], wy[verts], wb[verts] = px, py, turn * sb[i]
            good = good and np.isfinite(px) and np.isfinite(py) and abs(sb[i]) <= MAX_BULGE
            verts += 1
        return good, True, verts, wx, wy, wb
    x0, y0, x1, y1 = reach_box(sx, sy, sb, i0, i1, closed)
    tolerance = max(np.hypot(x1 - x0, y1 - y0) * _RELATIVE, 1e-12)
    need = flat_size(sx, sy, sb, i0, i1, closed, tolerance)
    if verts + need > most:
        return False, False, verts, wx, wy, wb
    wx, wy, wb = grown(wx, verts + need), grown(wy, verts + need), grown(wb, verts + need)
    put_flat(sx, sy, sb, i0, i1, closed, tolerance, wx, wy, verts)
    for _ in range(need):
        px, py = a * wx[verts] + c * wy[verts] + e, b * wx[verts] + d * wy[verts] + f
        wx[verts], wy[verts], wb[verts] = px, py, 0.0
        good = good and np.isfinite(px) and np.isfinite(py)
        verts += 1
    return good, False, verts, wx, wy, wb


@helper
def _block_to_draw(
    name: Any, block: Any, s_name: Any, depth: Any, max_depth: Any, told_recursion: Any, told_missing: Any
) -> Any:
    """The block a reference draws, -1 if none; what is to be told about it (each once by name, depth always), or -1."""
    for level in range(1, depth + 1):
        if s_name[level] == name:
            if told_recursion[name]:
                return -1, -1
            told_recursion[name] = 1
            return -1, RECURSION
    if depth >= max_depth:
        return -1, DEEP
    if block < 0:
        if told_missing[name]:
            return -1, -1
        told_missing[name] = 1
        return -1, MISSING
    return block, -1


@helper
def _copies_of(refs: Any, entry: Any, matrices: Any) -> Any:
    """How often a reference draws its block, -1 if it has no placement."""
    if matrices > 0:
        return np.int64(matrices)
    return np.int64(refs[entry, COLUMNS] * refs[entry, ROWS]) if entry >= 0 else np.int64(-1)


@helper
def _copy_map(
    refs: Any,
    matrices: Any,
    matrix_start: Any,
    rows_i: Any,
    base: Any,
    s_outer: Any,
    s_map: Any,
    depth: Any,
    row: Any,
    copy: Any,
    block: Any,
) -> None:
    """Map of one copy of a block into the world: s_map[depth] = s_outer[depth] ∘ (the reference's own map)."""
    entry = rows_i[row, ENTRY]
    if entry < 0:
        line = matrix_start[row] + copy
        g, h, i, j, k, m = (
            matrices[line, 0], matrices[line, 1], matrices[line, 2], matrices[line, 3], matrices[line, 4],
            matrices[line, 5],
        )  # fmt: skip
    else:
        columns = np.int64(refs[entry, COLUMNS])
        across = (copy % columns) * refs[entry, ACROSS]
        up = (copy // columns) * refs[entry, UP]
        cosine, sine = np.cos(refs[entry, ANGLE]), np.sin(refs[entry, ANGLE])
        g, h = cosine * refs[entry, SX], sine * refs[entry, SX]
        i, j = -sine * refs[entry, SY], cosine * refs[entry, SY]
        ox, oy = -base[block, 0], -base[block, 1]
        k, m = g * ox + i * oy, h * ox + j * oy
        k += refs[entry, PX] + cosine * across - sine * up
        m += refs[entry, PY] + sine * across + cosine * up
        if refs[entry, MIRROR] != 0.0:
            g, i, k = -g, -i, -k
    a, b, c, d, e, f = (
        s_outer[depth, 0], s_outer[depth, 1], s_outer[depth, 2], s_outer[depth, 3], s_outer[depth, 4],
        s_outer[depth, 5],
    )  # fmt: skip
    s_map[depth, 0], s_map[depth, 1] = a * g + c * h, b * g + d * h
    s_map[depth, 2], s_map[depth, 3] = a * i + c * j, b * i + d * j
    s_map[depth, 4], s_map[depth, 5] = a * k + c * m + e, b * k + d * m + f


def expand(
    rows: Rows,
    *,
    row_layer: Ints,
    row_name: Ints,
    place_start: Longs,
    place_rows: Ints,
    block_of_name: Ints,
    base: Floats,
    matrices: Floats,
    matrix_start: Ints,
    matrix_end: Ints,
    layer_colors: Ints,
    max_entities: int,
    max_vertices: int,
    max_depth: int,
) -> Instances:
    """Draw model space.

    Args:
        row_layer: layer number of every row (0 is layer "0"). row_name: block name number of every INSERT row.
        place_start, place_rows: rows of place k (see rows.MODEL …, shifted by one) in drawing order.
        block_of_name: block number of a block name, -1 if there is no such block. base: base points of the blocks.
        matrices, matrix_start, matrix_end: maps of the references that another reader has worked out, by row.
        layer_colors: RGB of every layer.
    """
    model = place_rows[place_start[1] : place_start[2]]
    return Instances(
        *_expand(
            rows.ints, rows.floats, rows.references, row_layer, row_name, rows.curve_start, rows.curve_flags, rows.x,
            rows.y, rows.bulge, place_start, place_rows, block_of_name, base, matrices, matrix_start, matrix_end,
            layer_colors, max_entities, max_vertices, max_depth, 8 * max_entities + 1_000_000, int(model.size),
            int(rows.x.size), int(block_of_name.size),
        )
    )  # fmt: skip
