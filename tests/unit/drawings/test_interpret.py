"""From layers to shapes: rings, every audit code, and real drawings."""

from __future__ import annotations

import math

import pytest

from drawings.cad import read
from drawings.drawing import model_from_plain, model_to_plain
from drawings.interpreting.interpret import interpret
from drawings.issues import issue
from drawings.report import drawing_report
from project_box.kernel.finding import Level
from tests.unit.drawings.build import X, Y, box, codes, data, model_of, new, ring, site_plan, text


def issues_of(model, code):
    return [i for i in model.issues if i.code == code]


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
