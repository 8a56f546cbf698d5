"""Lines of a drawing (DXF) by layer, as GDAL hands them out: what is closed, what is open, what was curved."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.boundaries.arcs import without_twins
from gis.boundaries.gdal_formats import GDAL_ERRORS, open_layer
from gis.boundaries.shapes import flatten
from gis.deliveries.gdal import quietly
from gis.deliveries.source_files import cad_text
from gis.rules import boundary_rules

Line = list[tuple[float, float]]
_BULGE = re.compile(rb"\n\s*42\r?\n\s*-?\d*\.?0*[1-9]|\n\s*0\r?\n(?:ARC|CIRCLE)\r?\n")
#: a closed line of so many points, all equally far from their middle, was a circle
_CIRCLE_POINTS = 300
_SPLINE = re.compile(rb"(?<=\n)[ \t]*0\r?\nSPLINE\r?\n(?:[ \t]*[1-9]\d*[ \t]*\r?\n[^\n]*\n)*")
_NO_CONTROL_POINTS = re.compile(rb"\n\s*73\r?\n\s*0\s*\r?\n")


@dataclass
class DrawingLines:
    """What a drawing holds in model space, by layer.

    Attributes:
        rings: closed lines; ``lines`` open ones; ``hatches`` outlines of hatched areas.
        circles: full circles as (centre, outline).
        arcs: layers that may have arcs; ``ellipses`` with ellipses, ``splines`` with splines.
        paper: closed lines on layouts (paper space), by layer: left out.
        skipped_splines: splines of fit points only, which cannot be read.
    """

    rings: dict[str, list[Line]] = field(default_factory=dict)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    hatches: dict[str, list[Line]] = field(default_factory=dict)
    circles: dict[str, list[tuple[tuple[float, float], Line]]] = field(default_factory=dict)
    arcs: set[str] = field(default_factory=set)
    ellipses: set[str] = field(default_factory=set)
    splines: set[str] = field(default_factory=set)
    paper: dict[str, int] = field(default_factory=dict)
    skipped_splines: int = 0


def read_lines(data: bytes) -> DrawingLines:
    """The lines of a DXF.

    Raises:
        one of ``GDAL_ERRORS``: it cannot be read.
    """
    skipped = 0
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        path = Path(folder) / "site.dxf"
        path.write_bytes(data)
        try:
            with quietly():
                _, geometries, rows = open_layer(path, None)
        except GDAL_ERRORS:
            plain, skipped = _without_fit_splines(data)
            if not skipped:
                raise
            path.write_bytes(plain)
            with quietly():
                _, geometries, rows = open_layer(path, None)
    return _sorted_by_layer(geometries, rows, bulges=_BULGE.search(data) is not None, skipped=skipped)


def _without_fit_splines(data: bytes) -> tuple[bytes, int]:
    """The file without splines that have fit points only, at one of which GDAL gives up the whole file."""
    count = 0

    def judge(found: re.Match[bytes]) -> bytes:
        nonlocal count
        if _NO_CONTROL_POINTS.search(found[0]) or not re.search(rb"\n\s*73\r?\n", found[0]):
            count += 1
            return b""
        return found[0]

    return _SPLINE.sub(judge, data), count


def _sorted_by_layer(
    geometries: Sequence[BaseGeometry | None], rows: Sequence[dict[str, Any]], *, bulges: bool, skipped: int
) -> DrawingLines:
    found = DrawingLines(skipped_splines=skipped)
    for geometry, row in zip(geometries, rows, strict=True):
        if geometry is None or geometry.is_empty:
            continue
        layer = _layer_name(str(row.get("Layer") or "0"))
        kind = str(row.get("SubClasses") or "")
        if row.get("PaperSpace"):
            found.paper[layer] = found.paper.get(layer, 0) + 1
            continue
        _note_curves(found, layer, kind, bulges)
        for part in flatten(geometry):
            _sort(found, layer, kind, part)
    return found


def _note_curves(found: DrawingLines, layer: str, kind: str, bulges: bool) -> None:
    if "AcDbSpline" in kind:
        found.splines.add(layer)
    elif "AcDbEllipse" in kind:
        found.ellipses.add(layer)
    elif "AcDbCircle" in kind or (bulges and ("olyline" in kind or not kind)):
        found.arcs.add(layer)


def _sort(found: DrawingLines, layer: str, kind: str, part: Any) -> None:
    if part.geom_type == "Polygon":
        for hole in part.interiors:  # of a hatch: containment tells them again
            _sort(found, layer, kind, shapely.LineString(hole))
        line = without_twins([(c[0], c[1]) for c in part.exterior.coords])
    elif part.geom_type == "LineString":
        line = without_twins([(c[0], c[1]) for c in part.coords])
    else:
        return
    closed = len(line) > 3 and math.dist(line[0], line[-1]) <= boundary_rules().duplicate_m
    if "AcDbHatch" in kind:
        found.hatches.setdefault(layer, []).append(line)
    elif not closed:
        found.lines.setdefault(layer, []).append(line)
    elif (middle := _middle_of_circle(line)) is not None:
        found.circles.setdefault(layer, []).append((middle, line))
    else:
        found.rings.setdefault(layer, []).append(line)


def _middle_of_circle(line: Line) -> tuple[float, float] | None:
    """The centre of a line that was a circle (a release before R13 does not name the kind of its entities)."""
    if len(line) < _CIRCLE_POINTS:
        return None
    points = np.array(line[:-1])
    middle = points.mean(axis=0)
    radii = np.hypot(*(points - middle).T)
    if np.ptp(radii) > 1e-6 * radii.max():
        return None
    return float(middle[0]), float(middle[1])


def _layer_name(text: str) -> str:
    """A layer name as its author wrote it, with ``\\U+7528`` escapes resolved."""
    return re.sub(r"\\U\+([0-9A-Fa-f]{4})", lambda m: chr(int(m.group(1), 16)), cad_text(text))
