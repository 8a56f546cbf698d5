"""Marks written into a copy of the drawing."""

from __future__ import annotations

import pytest

from drawings.cad import read
from drawings.cad.markup import MarkupItem, write_markup
from drawings.interpreting.interpret import interpret
from tests.unit.drawings import build

X, Y = build.X, build.Y
RING = {"type": "Polygon", "coordinates": [[[X, Y], [X + 20, Y], [X + 20, Y + 10], [X, Y + 10], [X, Y]]]}
START = {"type": "Point", "coordinates": [X, Y]}
LINE = {"type": "LineString", "coordinates": [[X, Y], [X + 9, Y]]}
ITEMS = [
    MarkupItem(1, "规划", "point", "mandatory", "退让不足", START, ("mark=1",)),
    MarkupItem(2, "消防", "line", "general", "净宽 {4 m}\n不足", LINE),
    MarkupItem(3, "消防", "area", "advice", "登高场地", RING),
    MarkupItem(4, "消防/人防", "cloud", "advice", "云线", RING),
    MarkupItem(5, "规划", "text", "general", "说明", {"type": "Point", "coordinates": [X + 5, Y]}),
]


@pytest.mark.parametrize("version", ["R12", "R2000", "R2018"])
def test_copy_keeps_the_drawing_and_adds_the_marks(version: str) -> None:
    doc = build.new(version)
    for layer, x, y, w, h in (("用地红线", X, Y, 200, 150), ("建筑基底", X + 20, Y + 20, 40, 15)):
        corners = [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
        doc.modelspace().add_polyline2d(corners, close=True, dxfattribs={"layer": layer})
    original = build.data(doc)
    data, whole = write_markup(original, ITEMS, unit="m", metres_per_unit=1.0)
    before, after = read(original, "a.dxf"), read(data, "a.dxf")
    assert whole and after.readable
    own = [e for e in after.entities if e.layer.startswith("审图_")]
    assert {e.layer for e in own} == {"审图_规划", "审图_消防", "审图_消防_人防"}
    texts = [e.text for e in own if e.text]
    assert texts[0] == "1. 退让不足" and "净宽 {4 m}\n不足" in texts[1] and len(texts) == 5
    assert own[0].xdata["PROJECT_BOX_REVIEW"] == ("mark=1",)
    rest = [e for e in after.entities if not e.layer.startswith("审图_")]
    assert [(e.layer, e.kind, e.curves) for e in rest] == [
        (e.layer, e.kind, e.curves) for e in before.entities
    ]
    shapes = [(s.role, round(s.area_m2 or 0, 6)) for s in interpret(after).shapes]
    assert shapes == [(s.role, round(s.area_m2 or 0, 6)) for s in interpret(before).shapes]


def test_cloud_bulges_outwards() -> None:
    data, _ = write_markup(build.data(build.new()), [ITEMS[3]], unit="m", metres_per_unit=1.0)
    cloud = next(e for e in read(data, "a.dxf").entities if e.curves)
    assert cloud.curves[0].closed and abs(cloud.curves[0].area()) > 200


@pytest.mark.parametrize("source", [b"AC1032" + bytes(100), b"", b"nothing", build.data(build.new())[:900]])
def test_marks_alone_where_the_drawing_cannot_be_copied(source: bytes) -> None:
    data, whole = write_markup(source, ITEMS, unit="mm", metres_per_unit=0.001)
    cad = read(data, "a.dxf")
    assert not whole and cad.readable and cad.units.header == "mm"
    assert sum(e.text is not None for e in cad.entities) == 5
