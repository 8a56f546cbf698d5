"""Entities as rows of columns: what the columns are called, and what stands in them.

A *row* is one entity (sequence ends and the vertices of old polylines are folded into their owners).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawings.cad.fast.curves import MAX_CHORDS
from drawings.cad.fast.tags import Bytes, Floats, Ints, Tags

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

FAR = 1e60  # numbers beyond this go to the careful reader
ABSENT = 1.625e308  # stands for a group that is not there (it is far, but not NaN)
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
