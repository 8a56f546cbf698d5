"""Entities placed in the world, in columns."""

from __future__ import annotations

from dataclasses import dataclass

from drawings.cad.fast.tags import Bytes, Floats, Ints, Longs

# columns of an instance
ROW, PATH, LAYER, TINT, FIRST, LAST = range(6)
INSTANCE_COLUMNS = 6
WHITE = 0xFFFFFF


@dataclass(slots=True)
class Instances:
    """Entities in the world.

    Attributes:
        ints: one line per instance: row, path (chain of inserts, -1 for model space), layer number, colour (RGB),
            first and one past the last curve.
        x, y, height, rotation: anchor and text measures; x is NaN where there is no anchor.
        curve_start, curve_flags, vx, vy, bulge: world curves, as in :class:`drawings.cad.fast.rows.Rows`.
        paths: for every path its parent path and its INSERT row.
        uses: how often every block name was drawn. visited: of every block row + 1,
            path and layer of the reference that drew it first (0: never drawn), the row in model space that led there,
            and a running number.
        events: counts per code; kept: (code, row or name, path, layer) of the first of them.
    """

    ints: Ints
    x: Floats
    y: Floats
    height: Floats
    rotation: Floats
    curve_start: Ints
    curve_flags: Bytes
    vx: Floats
    vy: Floats
    bulge: Floats
    paths: Ints
    uses: Longs
    visited: Longs
    events: Longs
    kept: Longs
