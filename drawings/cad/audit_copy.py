"""A copy of a drawing with its findings drawn into it, on layers of their own that the original does not have.

DXF is copied as it is; a DWG becomes a DXF of what was read of it. Findings drawn by an earlier copy are replaced.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from ezdxf.document import Drawing
from ezdxf.filemanagement import new as new_drawing
from ezdxf.layouts.layout import Modelspace
from ezdxf.lldxf.const import DXFError

from drawings.cad.curve import Curve, Point
from drawings.cad.dxf import load_for_copy
from drawings.cad.model import AUDIT_PREFIX, CadEntity, CadFile
from project_box.kernel.finding import Issue

_LAYERS = {
    "error": (f"{AUDIT_PREFIX}_ERROR", 1),
    "warning": (f"{AUDIT_PREFIX}_WARNING", 30),
    "info": (f"{AUDIT_PREFIX}_INFO", 4),
}
_LINE = 1.8  # from one line of text to the next, in its height
_LONGEST_TEXT = 240  # bytes of one text; some programs cut it at 255, in the middle of a letter
_REPAIR = (f"{AUDIT_PREFIX}_REPAIR", 3)
_HEADER_UNITS = {"in": 1, "ft": 2, "mm": 4, "cm": 5, "m": 6, "km": 7}


def audit_copy(
    data: bytes,
    cad: CadFile,
    issues: Sequence[Issue],
    repairs: Sequence[tuple[str, Sequence[Sequence[Point]]]] = (),
) -> bytes:
    """DXF bytes of the drawing with its findings.

    Args:
        data: the file as handed in.
        cad: the file as read; its entities give the outlines of what a finding is about.
        issues: findings; those with a place are marked there, all are listed beside the drawing.
        repairs: text and lines (drawing units) of each proposed repair.

    Raises:
        ValueError: the file cannot be read, so nothing can be copied.
    """
    if not cad.readable:
        raise ValueError("the drawing cannot be read")
    document = None if cad.format == "dwg" else load_for_copy(data)
    if document is not None:
        try:
            return _written(document, cad, issues, repairs)
        except Exception:  # a damaged document may load and not be written: it is drawn anew
            pass
    return _written(_redrawn(cad), cad, issues, repairs)


def _written(
    document: Drawing,
    cad: CadFile,
    issues: Sequence[Issue],
    repairs: Sequence[tuple[str, Sequence[Sequence[Point]]]],
) -> bytes:
    """The document with the findings drawn into it."""
    space = document.modelspace()
    _remove_earlier(space)
    for name, color in (*_LAYERS.values(), _REPAIR):
        if name not in document.layers:
            document.layers.add(name, color=color)
    size = _text_height(cad)
    _mark(document, cad, issues, size)
    for text, lines in repairs:
        for line in lines:
            if len(line) >= 2:
                _polyline(document, Curve(tuple(line)), _REPAIR[0])
        if lines and lines[0]:
            _text(space, text, lines[0][0], size * 0.8, _REPAIR[0])
    _list(space, cad, issues, size)
    stream = io.StringIO()
    document.write(stream)
    return stream.getvalue().encode(document.output_encoding, errors="dxfreplace")


def _mark(document: Drawing, cad: CadFile, issues: Sequence[Issue], size: float) -> None:
    """Outlines and marks of what the findings are about."""
    space = document.modelspace()
    wanted = {i.handle for i in issues if i.handle}
    outlines = {e.handle: e for e in cad.entities if e.handle in wanted}
    marked: set[tuple[str, str | None]] = set()
    for number, issue in enumerate(issues, 1):
        layer = _LAYERS[issue.level.value][0]
        entity = outlines.get(issue.handle or "")
        if entity is not None and (layer, issue.handle) not in marked:
            marked.add((layer, issue.handle))
            for curve in entity.curves:
                _polyline(document, curve, layer)
        if issue.at is not None:
            space.add_circle(issue.at, radius=size * 1.5, dxfattribs={"layer": layer})
            spot = (issue.at[0] + size * 2, issue.at[1] + size * 0.5)
            _text(space, f"{number} {issue.code}", spot, size, layer)


def _text_height(cad: CadFile) -> float:
    """A height that can be read on the whole sheet and is no bigger than needed: 1/250 of the drawing's diagonal."""
    box = cad.extents or (0.0, 0.0, 1.0, 1.0)
    diagonal = math.hypot(box[2] - box[0], box[3] - box[1])
    least = 0.05 / cad.units.metres_per_unit
    return max(diagonal / 250, least)


def _remove_earlier(space: Modelspace) -> None:
    for entity in list(space):
        # a kind nobody knows may lack even the layer
        layer = entity.dxf.get("layer", "") if entity.dxf.is_supported("layer") else ""
        if str(layer).upper().startswith(AUDIT_PREFIX):
            space.delete_entity(entity)


def _polyline(document: Drawing, curve: Curve, layer: str, **attributes: object) -> None:
    if len(curve.points) < 2:
        return
    bulges = curve.bulges or (0.0,) * len(curve.points)
    rows = [(x, y, b) for (x, y), b in zip(curve.points, bulges, strict=True)]
    space = document.modelspace()
    named = {"layer": layer, **attributes}
    if document.dxfversion <= "AC1009":
        space.add_polyline2d(rows, format="xyb", close=curve.closed, dxfattribs=named)
    else:
        space.add_lwpolyline(rows, format="xyb", close=curve.closed, dxfattribs=named)


def _text(space: Modelspace, text: str, at: Point, height: float, layer: str) -> float:
    """Draw a text, in several lines where it is long; how far down they reach."""
    lines = _cut(text.replace("\n", " "), space.doc.output_encoding)
    for number, line in enumerate(lines):
        spot = (at[0], at[1] - _LINE * height * number)
        space.add_text(line, height=height, dxfattribs={"layer": layer, "insert": spot})
    return _LINE * height * len(lines)


def _cut(text: str, encoding: str) -> list[str]:
    """Pieces no longer than what programs read of one text."""
    out = [""]
    room = _LONGEST_TEXT
    for letter in text:
        size = len(letter.encode(encoding, errors="dxfreplace"))
        if size > room:
            out.append("    ")
            room = _LONGEST_TEXT - 4
        out[-1] += letter
        room -= size
    return out


def _list(space: Modelspace, cad: CadFile, issues: Sequence[Issue], size: float) -> None:
    """All findings, one line each, below the drawing: number, code, place, message, remedy."""
    box = cad.extents or (0.0, 0.0, 1.0, 1.0)
    x, y = box[0], box[1] - 4 * size
    _text(space, f"图纸检查 {cad.name}：{len(issues)} 条", (x, y), size * 1.4, _LAYERS["info"][0])
    y -= _LINE * size
    for number, issue in enumerate(issues, 1):
        place = f"({issue.at[0]:.3f}, {issue.at[1]:.3f})" if issue.at else ""
        parts = [str(number), issue.code, issue.handle or "", place, issue.message]
        if issue.remedy:
            parts.append("→ " + issue.remedy)
        y -= _text(space, "  ".join(p for p in parts if p), (x, y), size, _LAYERS[issue.level.value][0])


def _redrawn(cad: CadFile) -> Drawing:
    """A new drawing of what was read: curves and texts on their layers."""
    document = new_drawing("R2010", units=_HEADER_UNITS.get(cad.units.header or cad.units.unit, 0))
    for name, layer in cad.layers.items():
        if name not in document.layers:
            try:
                made = document.layers.add(name)
            except (DXFError, ValueError):
                continue
            made.rgb = tuple(int(layer.color[k : k + 2], 16) for k in (1, 3, 5))  # type: ignore[assignment]  # three ints
    for entity in cad.entities:
        _redraw(document, entity)
    return document


def _redraw(document: Drawing, entity: CadEntity) -> None:
    for curve in entity.curves:
        _polyline(document, curve, entity.layer)
    if entity.text and entity.at is not None:
        for number, line in enumerate(entity.text.split("\n")):
            height = entity.height or 1.0
            attributes = {
                "layer": entity.layer,
                "insert": (entity.at[0], entity.at[1] - 1.6 * height * number),
            }
            document.modelspace().add_text(
                line, height=height, rotation=entity.rotation, dxfattribs=attributes
            )
