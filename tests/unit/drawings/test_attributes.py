"""What texts, extended data, blocks, names of layers and side tables say of shapes, and which of them goes first."""

from __future__ import annotations

import pytest

from drawings.standards.attributes import parse_xdata
from drawings.standards.vocabulary import vocabulary
from project_box.kernel.finding import Level
from tests.unit.drawings.build import X, Y, box, codes, model_of, new, site_plan, text


def test_pairs_of_a_text() -> None:
    pairs, rest = vocabulary().pairs("楼号=1#;建筑高度\uff1a54.3\n层数:18\n3#住宅\n比例 1:500")
    assert pairs == {"楼号": ["1#"], "建筑高度": ["54.3"], "层数": ["18"]}
    assert rest == "3#住宅\n比例 1:500"
    assert vocabulary().pairs("PLOT_AREA_M2=405.00")[0] == {"申报用地面积": ["405.00"]}


def test_xdata_as_pairs_or_in_turn() -> None:
    assert parse_xdata(["楼号=1#", "H=30"]) == {"楼号": "1#", "建筑高度": "30"}
    assert parse_xdata(["楼号", "1#", "层高", "3.0"]) == {"楼号": "1#", "层高": "3.0"}


@pytest.mark.parametrize(
    ("written", "unit", "number"),
    [("54.3", "m", 54.3), ("54300mm", "m", 54.3), ("1.2公顷", "㎡", 12000.0), ("43,000.00㎡", "㎡", 43000.0),
     ("18层", "层", 18.0), ("-1", "", -1.0), ("±0.45", "m", 0.45), ("约30", "m", None), ("", "m", None)],
)  # fmt: skip
def test_numbers_with_units(written: str, unit: str, number: float | None) -> None:
    assert vocabulary().number(written, unit) == number


def test_precedence_is_xdata_block_text_layer() -> None:
    doc = new()
    box(doc, "用地红线", X, Y, 100, 100)
    shape = box(doc, "建筑基底", X + 10, Y + 10, 30, 20)
    shape.set_xdata("PROJECT_BOX", [(1000, "楼号=X")])
    block = doc.blocks.new("ATT")
    block.add_attdef("楼号", (0, 0))
    block.add_attdef("层数", (0, 1))
    doc.modelspace().add_blockref("ATT", (X + 12, Y + 12), dxfattribs={"layer": "建筑基底"}).add_auto_attribs(
        {"楼号": "B", "层数": "18"}
    )
    text(doc, "建筑基底", "楼号=T", X + 15, Y + 15)
    text(doc, "建筑基底", "层数=17", X + 15, Y + 17)
    text(doc, "建筑基底", "用途=住宅", X + 15, Y + 19)
    model = model_of(doc)
    footprint = model.by_role("footprint")[0]
    assert footprint.attributes == {"楼号": "X", "层数": 18.0, "用途": "住宅"}
    assert footprint.sources == {"楼号": "xdata", "层数": "block", "用途": "text"}
    assert codes(model).count("DXF-ATTRIBUTE-CONFLICT") == 3


def test_text_on_another_layer_goes_to_the_smallest_ring_that_takes_the_key() -> None:
    doc = new()
    box(doc, "用地红线", X, Y, 100, 100)
    box(doc, "建筑轮廓", X + 10, Y + 10, 30, 20)
    box(doc, "建筑基底", X + 10, Y + 10, 30, 20)
    text(doc, "标注", "楼号=7#", X + 12, Y + 12)
    text(doc, "标注", "项目名称=样例", X + 12, Y + 14)
    model = model_of(doc)
    assert model.by_role("footprint")[0].attributes["楼号"] == "7#"
    assert model.by_role("outline")[0].attributes["楼号"] == "7#"
    assert model.by_role("site_boundary")[0].attributes["项目名称"] == "样例"


def test_floor_frames_take_ranges_and_area_lines_know_their_frame() -> None:
    doc = new()
    for i, floors in enumerate(["-1", "1", "2-17"]):
        box(doc, "楼层框", 60 * i, 0, 50, 40)
        text(doc, "楼层框", f"起止层={floors};层高=2.9", 60 * i + 2, 2)
        box(doc, "MJX_全", 60 * i + 10, 10, 20, 10)
    model = model_of(doc, "测试-1#-单体图.dxf")
    frames = model.by_role("floor_frame")
    assert model.kind == "building" and [f.attributes["起止层"] for f in frames] == ["-1", "1", "2-17"]
    assert [s.parent for s in model.by_role("area_full")] == [f.handle for f in frames]
    assert not [i for i in model.issues if i.level is not Level.INFO]


def test_a_print_frame_reads_its_bare_range() -> None:
    doc = new()
    box(doc, "打印图框", 0, 0, 100, 80)
    box(doc, "面积-计容-住宅-1", 10, 10, 20, 20)
    box(doc, "面积-计容-住宅--1", 12, 12, 5, 5)
    text(doc, "0", "2-16,18-33,35-45", 50, 5, height=3)
    for n in range(1, 8):
        text(doc, "0", str(n), 5 * n, 70)  # axis numbers
    model = model_of(doc, "1#.dxf")
    assert model.standard == "area-coefficient"
    assert model.by_role("floor_frame")[0].attributes["起止层"] == "2-16,18-33,35-45"
    assert model.by_role("area_deduct")[0].attributes["系数"] == -1.0


def test_a_frame_without_attributes_reads_its_title() -> None:
    doc = new()
    box(doc, "楼层框", 0, 0, 50, 40)
    text(doc, "文字", "二至十七层平面图 1:100", 10, 2)
    text(doc, "文字", "3600", 10, 30)
    assert model_of(doc, "1#-单体图.dxf").by_role("floor_frame")[0].attributes["起止层"] == "2-17"


def test_parking_blocks_count_once_each() -> None:
    model = model_of(site_plan())
    assert len(model.by_role("parking_car")) == 10
    assert all(s.area_m2 == pytest.approx(13.25) for s in model.by_role("parking_car"))


def test_a_side_table_is_the_last_source() -> None:
    table = {"1#": {"用途": "住宅", "层数": "99"}}
    model = model_of(site_plan(), table=table)
    assert model.by_role("footprint")[0].attributes["用途"] == "住宅"
    assert model.by_role("footprint")[0].attributes["层数"] == 18.0
