"""Where an attribute comes from, by the standard's order of trust: every order of the five sources."""

from __future__ import annotations

import io
import itertools

import pytest
from openpyxl import Workbook

from drawings.interpreting.interpret import interpret
from drawings.interpreting.table import read_table
from drawings.standards.standards import LayerRule, Standard, get_standard
from tests.unit.drawings import build

SAYS = {"xdata": 1.0, "block": 2.0, "text": 3.0, "layer": 4.0, "table": 5.0}


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def standard(order: tuple[str, ...]) -> Standard:
    own = get_standard("project-box")
    attributes = own.attributes.model_copy(update={"order": order})
    rule = LayerRule(regex=r"GEB_(?P<层数>\d+)", role="footprint")
    site = LayerRule(names=("SITE",), role="site_boundary")
    return own.model_copy(update={"attributes": attributes, "layers": (rule, site)})


def drawing(without: tuple[str, ...] = ()):
    """A building as a block, which says its storeys differently in each of four places."""
    doc = build.new()
    build.box(doc, "SITE", 0, 0, 100, 100)
    block = doc.blocks.new("HAUS")
    block.add_lwpolyline([(0, 0), (20, 0), (20, 10), (0, 10)], close=True, dxfattribs={"layer": "0"})
    for tag in ("楼号", "层数"):
        block.add_attdef(tag, (1, 1), dxfattribs={"height": 0.5})
    insert = doc.modelspace().add_blockref("HAUS", (10, 10), dxfattribs={"layer": "GEB_4"})
    insert.add_auto_attribs({"楼号": "A", **({"层数": "2"} if "block" not in without else {})})
    if "xdata" not in without:
        insert.set_xdata("PROJECT_BOX", [(1000, "层数=1")])
    if "text" not in without:
        build.text(doc, "TEXT", "层数=3", 15, 15)
    return build.cad_of(doc)


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, str]]:
    return read_table("属性表.xlsx", workbook([["楼号", "层数"], ["A", 5]]))


def storeys(cad, order: tuple[str, ...], table) -> tuple[str | float, str]:
    shape = interpret(cad, standard(order), table=table).by_role("footprint")[0]
    return shape.attributes["层数"], shape.sources["层数"]


def test_the_first_source_of_every_order_is_believed(table) -> None:
    cad = drawing()
    for order in itertools.permutations(SAYS):
        assert storeys(cad, order, table) == (SAYS[order[0]], order[0]), order


def test_a_source_that_says_nothing_leaves_it_to_the_next(table) -> None:
    order = ("xdata", "block", "text", "layer", "table")
    for silent in range(4):  # the layer's name cannot be silent without being another layer
        assert storeys(drawing(without=order[:silent]), order, table)[1] == order[silent]


def test_disagreeing_sources_are_told_with_both_values(table) -> None:
    model = interpret(drawing(), standard(("xdata", "block", "text", "layer", "table")), table=table)
    told = [i for i in model.issues if i.code == "DXF-ATTRIBUTE-CONFLICT"]
    assert len(told) == 4 and all("层数" in i.message for i in told)


def test_the_table_is_joined_by_handle_by_floor_or_by_building() -> None:
    doc = build.new()
    frames = []
    for k, floor in enumerate(("一层", "二层")):
        frame = build.box(doc, "楼层框", 60 * k, 0, 50, 40)
        build.text(doc, "楼层框", f"楼号=1#;层名={floor}", 60 * k + 1, 38)
        frames.append(frame.dxf.handle)
    rows = [
        ["句柄", "楼号", "层名", "起止层", "用途"],
        [frames[0], "", "", "1", ""],
        ["", "1#", "二层", "2-6", "住宅"],
        ["", "1#", "", "", "商业"],
    ]
    model = interpret(build.cad_of(doc), table=read_table("t.xlsx", workbook(rows)))
    found = {s.attributes["层名"]: s.attributes for s in model.by_role("floor_frame")}
    assert found["一层"]["起止层"] == "1" and found["二层"]["起止层"] == "2-6"
    assert found["二层"]["用途"] == "住宅"
    assert found["一层"]["用途"] == "商业"  # what its own row leaves open, the building's row says
