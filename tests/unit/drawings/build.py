"""Tiny drawings for the tests, made with ezdxf."""

from __future__ import annotations

import io

from ezdxf.document import Drawing
from ezdxf.filemanagement import new as new_drawing

from drawings.cad import CadFile, read
from drawings.drawing import DrawingModel
from drawings.interpreting.interpret import interpret
from drawings.standards.standards import get_standard

X, Y = 388_000.0, 3_120_000.0  # somewhere in EPSG:4547


def new(version: str = "R2010", unit: int = 6) -> Drawing:
    """An empty drawing."""
    return new_drawing(version, units=unit)


def ring(doc, layer, points, **kw):
    """A closed polyline."""
    return doc.modelspace().add_lwpolyline(
        points, close=kw.pop("close", True), format=kw.pop("format", "xy"), dxfattribs={"layer": layer, **kw}
    )


def box(doc, layer, x, y, w, h, **kw):
    """A closed rectangle."""
    return ring(doc, layer, [(x, y), (x + w, y), (x + w, y + h), (x, y + h)], **kw)


def text(doc, layer, content, x, y, height=1.0, **kw):
    """A text."""
    return doc.modelspace().add_text(
        content, height=height, dxfattribs={"layer": layer, "insert": (x, y), **kw}
    )


def data(doc: Drawing, *, binary: bool = False, encoding: str | None = None) -> bytes:
    """The bytes of a drawing."""
    if binary:
        stream = io.BytesIO()
        doc.write(stream, fmt="bin")
        return stream.getvalue()
    if encoding is not None:
        doc.encoding = encoding
    stream_text = io.StringIO()
    doc.write(stream_text)
    return stream_text.getvalue().encode(encoding or doc.output_encoding, errors="dxfreplace")


def cad_of(doc: Drawing, name: str = "测试-总平图.dxf", **kw) -> CadFile:
    """The drawing as read."""
    return read(data(doc), name, **kw)


def model_of(doc: Drawing, name: str = "测试-总平图.dxf", standard: str | None = None, **kw) -> DrawingModel:
    """The drawing as interpreted."""
    return interpret(cad_of(doc, name), get_standard(standard) if standard else None, **kw)


def codes(model) -> list[str]:
    """Issue codes in order."""
    return [i.code for i in model.issues]


def site_plan() -> Drawing:
    """A good site plan in the platform's own standard."""
    doc = new()
    box(doc, "用地红线", X, Y, 200, 150)
    text(doc, "用地红线", "申报用地面积=30000.00", X + 5, Y + 3)
    box(doc, "建筑基底", X + 20, Y + 20, 40, 15)
    text(doc, "建筑基底", "楼号=1#", X + 25, Y + 25)
    text(doc, "建筑基底", "建筑高度=54.3m;层数=18", X + 25, Y + 28)
    box(doc, "建筑基底", X + 100, Y + 20, 40, 15).set_xdata(
        "PROJECT_BOX", [(1000, "楼号=2#"), (1000, "层数=6")]
    )
    text(doc, "建筑基底", "楼号=9#", X + 105, Y + 25)
    box(doc, "绿地", X + 20, Y + 60, 50, 30)
    block = doc.blocks.new("CAR")
    block.add_lwpolyline([(0, 0), (2.5, 0), (2.5, 5.3), (0, 5.3)], close=True)
    block.add_line((0, 0), (2.5, 5.3))
    for i in range(10):
        doc.modelspace().add_blockref("CAR", (X + 100 + 2.5 * i, Y + 100), dxfattribs={"layer": "机动车位"})
    return doc
