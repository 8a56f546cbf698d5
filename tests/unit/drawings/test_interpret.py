"""From layers to roles: standards, rings, attributes, and every audit code."""

from __future__ import annotations

import math

import pytest

from drawings.areas.area_table import area_table
from drawings.cad import read
from drawings.drawing import model_from_plain, model_to_plain
from drawings.interpreting.interpret import interpret
from drawings.issues import issue, templates
from drawings.report import drawing_report
from drawings.standards.attributes import parse_xdata
from drawings.standards.standards import detect, get_standard, load_standards, normal_layer, roles
from drawings.standards.vocabulary import vocabulary
from project_box.kernel.errors import NotFound
from project_box.kernel.finding import Level
from tests.unit.drawings.build import X, Y, box, codes, data, model_of, new, ring, site_plan, text


def issues_of(model, code):
    return [i for i in model.issues if i.code == code]


# --- standards --------------------------------------------------------------------------------------------------------


def test_shipped_standards_are_valid_and_the_own_one_is_first() -> None:
    assert next(iter(load_standards())) == "project-box"
    assert set(load_standards()) == {
        "project-box",
        "a-total-plan",
        "area-coefficient",
        "kerala-edcr",
        "predcr",
    }
    with pytest.raises(NotFound):
        get_standard("nope")


@pytest.mark.parametrize(
    ("layer", "role"),
    [
        ("用地红线", "site_boundary"), ("YDHX", "site_boundary"), ("a-redl", "site_boundary"),
        ("道路红线", "road_red_line"), ("DLHX", "road_red_line"), ("A-ROAD-RED", "road_red_line"),
        ("建筑控制线", "control_line"), ("JZKZX", "control_line"), ("A-REDL-ARCH", "control_line"),
        ("建筑基底", "footprint"), ("JZJD", "footprint"), ("JZLK", "outline"), ("A-MAST-ROOF", "outline"),
        ("DXS", "basement"), ("LD", "green"), ("WDLH", "roof_green"), ("JDCW", "parking_car"),
        ("FJDCW", "parking_bike"), ("DZDL", "dedicated_road"), ("DZLD", "dedicated_green"), ("XLJZ", "adjacent"),
        ("DL", "road"), ("LCK", "floor_frame"), ("面积线", "area_full"), ("MJX_全", "area_full"),
        ("MJX_半", "area_half"), ("MJX_不计", "area_none"), ("YT", "balcony"), ("PC", "bay_window"),
        ("TN", "unit_inner"), ("GY", "shared"), ("xref$0$用地红线", "site_boundary"), ("总图|LD", "green"),
        ("A-ANNO-TEXT", "reference"), ("不认识", None),
    ],
)  # fmt: skip
def test_platform_layers(layer: str, role: str | None) -> None:
    match = get_standard("project-box").match(layer)
    assert (match.role if match else None) == role


@pytest.mark.parametrize(
    ("layer", "role", "attributes"),
    [
        ("面积-计容-住宅-1", "area_full", {"类别": "计容", "用途": "住宅", "系数": "1"}),
        ("面积-计容-阳台-0.5", "area_half", {"类别": "计容", "用途": "阳台", "系数": "0.5"}),
        ("面积-计容-天井--1", "area_deduct", {"类别": "计容", "用途": "天井", "系数": "-1"}),
        ("面积-不计容-架空层-0", "area_none", {"类别": "不计容", "用途": "架空层", "系数": "0"}),
        ("面积-免计容-社区用房-1", "area_full", {"类别": "免计容", "用途": "社区用房", "系数": "1"}),
        ("面积-计容-层高超限-2", "area_full", {"类别": "计容", "用途": "层高超限", "系数": "2"}),
        ("面积-基底-住宅-1", "footprint", {"类别": "基底", "用途": "住宅", "系数": "1"}),
    ],
)
def test_coefficient_layers(layer: str, role: str, attributes: dict[str, str]) -> None:
    match = get_standard("area-coefficient").match(layer)
    assert match is not None and match.role == role and dict(match.attributes) == attributes


def test_kerala_layers_carry_block_and_floor() -> None:
    standard = get_standard("kerala-edcr")
    match = standard.match("BLK_2_FLR_-1_BLT_UP_AREA_DEDUCT")
    assert match is not None and match.role == "area_deduct" and match.attributes["楼号"] == "2"
    assert standard.match("BLK_1_LVL_0_BLDG_FOOT_PRINT").role == "footprint"
    assert standard.match("PLOT_BOUNDARY").role == "site_boundary"


def test_detection_by_coverage() -> None:
    assert detect(["用地红线", "建筑基底", "0"]).code == "project-box"
    assert detect(["A-REDL", "A-MAST-ROOF", "A-ROAD", "A-ANNO-TEXT"]).code == "a-total-plan"
    assert detect(["面积-计容-住宅-1", "打印图框"]).code == "area-coefficient"
    assert detect(["0", "图框", "图名", "面积-计容-住宅-1", "TEXT", "DIM"]).code == "area-coefficient", (
        "any one role is enough"
    )
    assert detect(["PLOT_BOUNDARY", "BLK_1_COVERED_AREA"]).code == "kerala-edcr"
    assert detect(["0", "Layer1"]) is None


def test_every_role_and_issue_has_both_languages() -> None:
    assert all(r.zh and r.en for r in roles().roles.values())
    for code, template in templates().items():
        assert template.zh and template.en and (template.remedy == "") == (template.remedy_en == ""), code
        if template.level is Level.ERROR:
            assert template.remedy, code


def test_an_indian_predcr_drawing() -> None:
    doc = new("R2007")
    box(doc, "_Plot", 0, 0, 30, 40)
    box(doc, "_PropWork", 5, 5, 20, 25)
    text(doc, "_PropWork", "BLDG A (RESI)", 10, 10)
    for k, (title, width) in enumerate(
        (("GROUND FLOOR PLAN", 18), ("TYPICAL 1ST TO 4TH FLOOR PLAN", 20), ("TERRACE FLOOR PLAN", 5))
    ):
        box(doc, "_Floor", 100 + 40 * k, 0, 35, 40)
        text(doc, "_Floor", title, 102 + 40 * k, 38, 0.5)
        box(doc, "_ResiFSI", 103 + 40 * k, 5, width, 25)
        box(doc, "_VentilationShaft", 104 + 40 * k, 10, 2, 2)
    model = model_of(doc)
    assert model.standard == "predcr" and model.kind == "site_plan"
    assert model.by_role("footprint")[0].attributes["楼号"] == "BLDG A (RESI)"
    # the first floor lies above the ground floor
    assert [f.attributes["起止层"] for f in model.by_role("floor_frame")][:2] == ["1", "2-5"]
    table = area_table([model])
    assert f"{table.total}" == f"{18 * 25 - 4 + 4 * (20 * 25 - 4) + 5 * 25 - 4}.00"
    assert set(table.by_use) == {"住宅", "未注用途"}


def test_layer_names_are_compared_without_case_width_and_prefix() -> None:
    assert normal_layer(" \uff21-redl ") == "A-REDL" == normal_layer("plan$0$A-Redl")


# --- attributes -------------------------------------------------------------------------------------------------------


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


# --- rings ------------------------------------------------------------------------------------------------------------


def plot(doc=None):
    doc = doc or new()
    box(doc, "用地红线", X, Y, 200, 200)
    return doc


def test_arcs_in_rings_are_exact_in_both_area_and_geometry() -> None:
    doc = plot()
    ring(doc, "绿地", [(X + 50, Y + 50, 1), (X + 90, Y + 50, 1)], format="xyb")
    doc.modelspace().add_circle((X + 150, Y + 150), 10, dxfattribs={"layer": "绿地"})
    greens = model_of(doc).by_role("green")
    assert sorted(s.area_m2 or 0 for s in greens) == pytest.approx([math.pi * 100, math.pi * 400], rel=1e-12)
    for s in greens:
        assert s.geometry.area == pytest.approx(s.area_m2, rel=1e-8)


def test_coinciding_ends_are_closed_and_told() -> None:
    doc = plot()
    points = [(X + 10, Y + 10), (X + 40, Y + 10), (X + 40, Y + 40), (X + 10, Y + 40), (X + 10, Y + 10)]
    handle = ring(doc, "建筑基底", points, close=False).dxf.handle
    model = model_of(doc)
    told = issues_of(model, "DXF-CLOSED-BY-ENDS")
    assert [i.handle for i in told] == [handle] and told[0].level is Level.INFO
    assert model.by_role("footprint")[0].area_m2 == pytest.approx(900)


def test_an_open_ring_is_an_error_with_the_gap_and_its_place() -> None:
    doc = plot()
    points = [(X + 10, Y + 10), (X + 40, Y + 10), (X + 40, Y + 40), (X + 10, Y + 40), (X + 10, Y + 12)]
    ring(doc, "建筑基底", points, close=False)
    model = model_of(doc)
    found = issues_of(model, "DXF-NOT-CLOSED")[0]
    assert found.level is Level.ERROR and "2.000" in found.message and found.at == (X + 10, Y + 11)
    assert not model.by_role("footprint")


def test_lines_and_arcs_are_chained() -> None:
    doc = plot()
    space, attribs = doc.modelspace(), {"layer": "绿地"}
    space.add_line((X + 10, Y + 10), (X + 30, Y + 10), dxfattribs=attribs)
    space.add_line((X + 10, Y + 20), (X + 10, Y + 10), dxfattribs=attribs)
    space.add_arc((X + 30, Y + 15), 5, 270, 90, dxfattribs=attribs)
    space.add_line((X + 30, Y + 20), (X + 10, Y + 20), dxfattribs=attribs)
    model = model_of(doc)
    green = model.by_role("green")[0]
    assert green.area_m2 == pytest.approx(200 + math.pi * 12.5, rel=1e-9) and len(green.members) == 4
    assert "DXF-CHAINED" in codes(model)


def test_a_grid_of_lines_becomes_its_cells() -> None:
    doc = plot()
    for i in range(4):
        doc.modelspace().add_line(
            (X + 10 + 3 * i, Y + 10), (X + 10 + 3 * i, Y + 16), dxfattribs={"layer": "JDCW"}
        )
    for j in range(2):
        for i in range(3):
            doc.modelspace().add_line(
                (X + 10 + 3 * i, Y + 10 + 6 * j),
                (X + 13 + 3 * i, Y + 10 + 6 * j),
                dxfattribs={"layer": "JDCW"},
            )
    model = model_of(doc)
    assert len(model.by_role("parking_car")) == 3 and "DXF-BRANCH" in codes(model)


def test_self_crossing_duplicate_hole_and_degenerate() -> None:
    doc = plot()
    cross = ring(doc, "绿地", [(X + 10, Y + 10), (X + 30, Y + 30), (X + 30, Y + 10), (X + 10, Y + 31)])
    box(doc, "地下室轮廓", X + 50, Y + 50, 40, 40)
    twice = box(doc, "地下室轮廓", X + 50, Y + 50, 40, 40)
    box(doc, "地下室轮廓", X + 60, Y + 60, 10, 10)
    ring(doc, "绿地", [(X + 1, Y + 1), (X + 5, Y + 1)])
    model = model_of(doc)
    assert issues_of(model, "DXF-SELF-CROSSING")[0].handle == cross.dxf.handle
    assert not next(s for s in model.by_role("green") if s.handle == cross.dxf.handle).valid
    assert issues_of(model, "DXF-DUPLICATE")[0].handle == twice.dxf.handle
    assert model.by_role("basement")[0].area_m2 == pytest.approx(1500)
    assert model.by_role("basement")[0].geometry.area == pytest.approx(1500)
    assert {"DXF-HOLE", "DXF-DEGENERATE"} <= set(codes(model))


def test_hatches_count_only_where_no_outline_does() -> None:
    doc = plot()
    box(doc, "绿地", X + 10, Y + 10, 20, 20)
    for x in (10, 60):
        hatch = doc.modelspace().add_hatch(dxfattribs={"layer": "绿地"})
        hatch.paths.add_polyline_path(
            [(X + x, Y + 10), (X + x + 20, Y + 10), (X + x + 20, Y + 30), (X + x, Y + 30)]
        )
    assert sorted(s.area_m2 or 0 for s in model_of(doc).by_role("green")) == pytest.approx([400, 400])


def test_overlaps_outside_elevation_and_blocks_are_told() -> None:
    doc = plot()
    first = box(doc, "建筑基底", X + 10, Y + 10, 30, 20, elevation=12.0)
    box(doc, "建筑基底", X + 30, Y + 10, 30, 20)
    out = box(doc, "建筑基底", X + 190, Y + 100, 30, 20)
    block = doc.blocks.new("HOUSE")
    block.add_lwpolyline([(0, 0), (10, 0), (10, 10), (0, 10)], close=True, dxfattribs={"layer": "建筑基底"})
    doc.modelspace().add_blockref("HOUSE", (X + 100, Y + 150))
    model = model_of(doc)
    overlap = issues_of(model, "DXF-OVERLAP")[0]
    assert overlap.handle == first.dxf.handle and "200.00" in overlap.message and overlap.level is Level.ERROR
    outside = issues_of(model, "DXF-OUTSIDE-PLOT")[0]
    assert outside.handle == out.dxf.handle and "400.00" in outside.message
    assert issues_of(model, "DXF-ELEVATION")[0].handle == first.dxf.handle
    assert issues_of(model, "DXF-IN-BLOCK")[0].level is Level.INFO
    assert next(s for s in model.by_role("footprint") if "/" in s.handle).area_m2 == pytest.approx(100)


def test_texts_and_rings_that_do_not_find_each_other() -> None:
    doc = plot()
    box(doc, "建筑基底", X + 10, Y + 10, 30, 20)
    text(doc, "建筑基底", "楼号=1#", X + 100, Y + 100)
    second = box(doc, "建筑基底", X + 60, Y + 10, 30, 20)
    text(doc, "建筑基底", "楼号=2#", X + 65, Y + 15)
    text(doc, "建筑基底", "楼号=3#", X + 65, Y + 18)
    text(doc, "建筑基底", "建筑高度=很高", X + 65, Y + 20)
    model = model_of(doc)
    assert {"DXF-TEXT-NO-RING", "DXF-RING-NO-TEXT"} <= set(codes(model))
    assert issues_of(model, "DXF-TWO-LABELS")[0].handle == second.dxf.handle
    assert issues_of(model, "DXF-ATTRIBUTE-VALUE")[0].handle == second.dxf.handle


def test_missing_layers_unknown_standard_and_hidden_layers() -> None:
    doc = new()
    box(doc, "绿地", X, Y, 20, 20)
    doc.layers.get("绿地") if "绿地" in doc.layers else doc.layers.add("绿地").off()
    model = model_of(doc)
    assert codes(model).count("DXF-LAYER-MISSING") == 2 and "DXF-LAYER-OFF" in codes(model)
    strange = new()
    box(strange, "whatever", 0, 0, 20, 20)
    assert codes(model_of(strange)) == ["DXF-STANDARD-UNKNOWN"]


def test_a_malformed_floor_range_is_an_error() -> None:
    doc = new()
    box(doc, "楼层框", 0, 0, 50, 40)
    text(doc, "楼层框", "起止层=17-2", 2, 2)
    assert issues_of(model_of(doc), "DXF-MULTIPLICITY")[0].level is Level.ERROR


@pytest.mark.parametrize(
    ("declared", "level"),
    [("40000", None), ("40000.03", Level.INFO), ("39800", Level.WARNING), ("35000", Level.ERROR)],
)
def test_declared_against_drawn_area(declared: str, level: Level | None) -> None:
    doc = plot()
    box(doc, "建筑基底", X + 10, Y + 10, 30, 20)
    text(doc, "用地红线", f"申报用地面积={declared}", X + 5, Y + 5)
    found = issues_of(model_of(doc), "DXF-AREA-DECLARED")
    assert [i.level for i in found] == ([level] if level else [])


def test_edited_dimensions() -> None:
    doc = plot()
    space = doc.modelspace()
    right = ["", "<>", "40.00", "40", "40000", "40m", "见详图", "39.99"]
    cases = {**dict.fromkeys(right, False), "48": True, "40.5": True}
    for i, written in enumerate(cases):
        space.add_aligned_dim((X + 10, Y + 10 + i), (X + 50, Y + 10 + i), 2, text=written or "<>").render()
    dimensions = model_of(doc).dimensions
    assert [d.edited for d in dimensions] == list(cases.values())
    assert all(d.measured_m == pytest.approx(40) for d in dimensions)
    assert codes(model_of(doc)).count("DXF-DIM-EDITED") == 2


def test_a_drawing_in_millimetres_is_converted_and_told() -> None:
    doc = new(unit=4)
    box(doc, "楼层框", 0, 0, 50_000, 40_000)
    text(doc, "楼层框", "起止层=1", 2000, 2000)
    box(doc, "MJX_全", 10_000, 10_000, 20_000, 10_000)
    model = model_of(doc, "1#-单体图.dxf")
    assert model.by_role("area_full")[0].area_m2 == pytest.approx(200)
    assert model.by_role("area_full")[0].geometry.bounds == pytest.approx((10, 10, 30, 20))
    assert "DXF-UNITS-STANDARD" in codes(model)


# --- forms of the model -----------------------------------------------------------------------------------------------


def test_model_survives_json_and_is_deterministic() -> None:
    raw = data(site_plan())
    model = interpret(read(raw, "a.dxf"))
    again = model_from_plain(model_to_plain(model))
    assert model_to_plain(again) == model_to_plain(model) == model_to_plain(interpret(read(raw, "a.dxf")))
    assert again.by_role("footprint")[0].geometry.equals(model.by_role("footprint")[0].geometry)


def test_report_of_a_drawing() -> None:
    report = drawing_report(model_of(site_plan()))
    assert report["roles"]["footprint"]["area_m2"] == 1200.0 and report["roles"]["parking_car"]["count"] == 10
    assert {"units", "sheets", "layers", "roles", "areas", "dimensions", "issues"} <= report.keys()


def test_further_issues_of_one_code_are_counted() -> None:
    doc = plot()
    for i in range(80):
        ring(doc, "绿地", [(X + i, Y + 1), (X + i + 0.5, Y + 1), (X + i, Y + 2)], close=False)
    model = model_of(doc)
    assert codes(model).count("DXF-NOT-CLOSED") == 50
    assert "30" in issues_of(model, "DXF-MANY")[0].message
    assert issue("DXF-EMPTY").message_en


# --- real drawings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "declared", "drawn"),
    [("test1.dxf", 405.0, 461.31), ("Test10.dxf", 829.35, 829.36), ("Parking-test.dxf", 320.0, 321.94)],
)
def test_real_plots(shared_data, name: str, declared: float, drawn: float) -> None:
    model = interpret(read(shared_data / "drawings" / "kerala" / name))
    assert round(sum(s.area_m2 or 0 for s in model.by_role("site_boundary")), 2) == drawn
    assert float(model.attributes["申报用地面积"]) == declared
    found = issues_of(model, "DXF-AREA-DECLARED")[0]
    assert f"{declared:.2f}" in found.message and f"{drawn:.2f}" in found.message


def test_real_edited_dimensions(shared_data) -> None:
    model = interpret(read(shared_data / "drawings" / "kerala" / "Dimensions.dxf"))
    edited = {(d.shown, round(d.measured or 0, 2)) for d in model.dimensions if d.edited}
    assert {(48.0, 40.75), (50.0, 61.25), (54.0, 78.33)} <= edited


@pytest.mark.parametrize(("name", "line"), [("1layer.dxf", 1173), ("footprint.dxf", 1563)])
def test_real_malformed_files(shared_data, name: str, line: int) -> None:
    cad = read(shared_data / "drawings" / "kerala" / name)
    assert not cad.readable and [(i.code, i.line) for i in cad.issues] == [("DXF-BAD-TAG", line)]


def test_a_header_that_lies_about_its_unit(shared_data) -> None:
    model = interpret(read(shared_data / "drawings" / "kerala" / "eDcr_Phase02_layers.dxf"))
    assert model.units["header"] == "mm" and model.units["unit"] == "m"
    assert "DXF-UNITS-DOUBTFUL" in codes(model)


def test_every_real_drawing_ends_in_a_model(shared_data) -> None:
    for path in sorted((shared_data / "drawings").rglob("*.d*")):
        model = interpret(read(path))
        assert model.readable or any(i.level is Level.ERROR and i.remedy for i in model.issues), path.name


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("S=612.00㎡", True),
        ("建筑面积：600.00 m²", False),
        ("600.3㎡", False),
        ("12.5㎡", False),
        ("S=612", False),
    ],
)
def test_an_area_written_inside_a_ring_is_compared_with_it(label: str, told: bool) -> None:
    doc = new()
    box(doc, "用地红线", X, Y, 100, 80)
    box(doc, "建筑基底", X + 10, Y + 10, 30, 20)
    text(doc, "文字", label, X + 20, Y + 20)
    assert ("DXF-AREA-LABEL" in codes(model_of(doc))) == told
