"""Every kernel of the fast reader run once on a tiny drawing, so that all are compiled and in the cache."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drawings.cad.fast.nesting import BoxTree
from drawings.cad.fast.reader import read_fast
from drawings.cad.fast.splines import spline_curve
from drawings.cad.fast.table import EntityTable
from drawings.cad.fast.tags import scan
from drawings.reading import reading


def warm_up() -> None:
    """Run every kernel once on a tiny drawing, so that all are compiled and in the cache."""
    points = (10, 0, 20, 0, 30, 0, 10, 1, 20, 2, 30, 0, 10, 3, 20, 0, 30, 0)
    tags = (
        *(0, "SECTION", 2, "HEADER", 9, "$ACADVER", 1, "AC1009", 0, "ENDSEC"),
        *(0, "SECTION", 2, "ENTITIES", 0, "CIRCLE", 5, "A", 8, "0", 10, 0, 20, 0, 40, 5),
        *(0, "LINE", 5, "B", 8, "0", 10, 0, 20, 0, 11, 9, 21, 9, 0, "RAY", 5, "C", 8, "0"),
        *(0, "TEXT", 5, "D", 8, "0", 10, 0, 20, 0, 40, 1, 1, "é", 0, "ENDSEC", 0, "EOF"),
    )
    spline = (
        *(0, "SPLINE", 100, "AcDbEntity", 100, "AcDbSpline", 70, 8, 71, 2),
        *(v for knot in (0, 0, 0, 1, 1, 1) for v in (40, knot)),
        *(*points, 0, "EOF"),
    )
    read = read_fast(_lines(tags), "warm-up.dxf", reading(), None)
    found = scan(_lines(spline))
    curve = spline_curve(found, 0, found.count - 1)
    if read is None or not isinstance(read.entities, EntityTable) or curve is None:
        raise RuntimeError("the fast reader does not read its own sample")
    read.entities.geometries(0.01)
    tree = BoxTree(np.array([(0.0, 0.0, 2.0, 2.0), (0.0, 0.0, 1.0, 1.0)]))
    tree.around(np.arange(2), np.arange(2))
    tree.meeting(np.arange(2), np.full((2, 4), np.nan))


def _lines(tags: Sequence[object]) -> bytes:
    return "".join(f"{tag}\n" for tag in tags).encode()
