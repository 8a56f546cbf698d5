"""Where a drawing lies and how large its unit is: everything that speaks for it is weighed."""

from __future__ import annotations

import math

import pytest

from drawings.cad import CadFile, read
from drawings.interpreting.georeference import fit, locate, parse_pairs
from drawings.interpreting.interpret import interpret
from drawings.reading import reading
from drawings.standards.standards import get_standard
from project_box.kernel.errors import BadInput
from tests.unit.drawings.build import box, cad_of, codes, data, new, text

# --- units ------------------------------------------------------------------------------------------------


def test_a_possible_but_lying_header_is_outvoted_by_a_stated_area_and_a_scale() -> None:
    doc = new(unit=5)  # centimetres: 400 x 300 units could be a house
    box(doc, "用地红线", 0, 0, 400, 300)
    text(doc, "图纸信息", "总用地面积：120000㎡", 10, 290, 4)
    text(doc, "标注", "比例 1:1000", 300, 10, 4)
    cad = cad_of(doc)
    assert cad.units.unit == "m" and cad.units.header == "cm" and "DXF-UNITS-DOUBTFUL" in codes(cad)
    assert {v.sort for v in cad.units.votes if v.says == "m" and v.weight > 0} >= {
        "stated_area",
        "scale",
        "size",
    }
    assert interpret(cad).by_role("site_boundary")[0].area_m2 == pytest.approx(120_000)


def test_an_inch_header_over_millimetres_is_outvoted_by_dimensions_and_area() -> None:
    doc = new(unit=1)
    box(doc, "用地红线", 0, 0, 60_000, 40_000)
    text(doc, "标注", "用地面积 2400.00平方米", 100, 100, 500)
    for i in range(3):
        doc.modelspace().add_linear_dim(base=(0, -2000 - 900 * i), p1=(0, 0), p2=(60_000, 0)).render()
    cad = cad_of(doc)
    assert (cad.units.unit, cad.units.source) == ("mm", "extents") and cad.units.confidence > 0.9


def test_a_header_that_the_drawing_half_contradicts_is_kept_and_asked_about() -> None:
    doc = new(unit=1)
    box(doc, "用地红线", 0, 0, 160, 150)  # 6 m in inches, 220 m in metres
    text(doc, "标注", "入口", 10, 10, 2.0)  # 5 cm high in inches
    cad = cad_of(doc)
    assert cad.units.unit == "in" and "DXF-UNITS-CONFIRM" in codes(cad) and cad.units.confidence < 0.85


def test_the_report_says_why() -> None:
    doc = new()
    box(doc, "用地红线", 0, 0, 200, 150)
    units = interpret(cad_of(doc)).units
    assert units["confidence"] > 0.9 and {w["evidence"] for w in units["why"]} >= {"header", "size"}
    assert units["evidence"][0] == "文件头写的是 m" and units["evidence_en"][0] == "the header says m"


# --- place ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "note", "kind", "epsg", "swapped"),
    [
        (39_500_000.0, 3_400_000.0, "", "national", 4527, False),
        (20_500_000.0, 3_400_000.0, "", "national", 4498, False),
        (500_000.0, 3_400_000.0, "", "national", None, False),
        (500_000.0, 3_400_000.0, "CGCS2000 中央子午线114°", "national", 4547, False),
        (500_000.0, 3_400_000.0, "EPSG:4549", "national", 4549, False),
        (3_400_000.0, 500_000.0, "", "national", None, True),
        (100.0, 100.0, "", "local", None, False),
    ],
)
def test_the_place_is_told_from_the_coordinates(x, y, note, kind, epsg, swapped) -> None:
    doc = new()
    box(doc, "用地红线", x, y, 100, 80)
    if note:
        text(doc, "标注", note, x, y)
    cad = cad_of(doc)
    found = locate(cad)
    assert (found["kind"], found["epsg"], found["axis_swapped"]) == (kind, epsg, swapped)
    assert ("DXF-AXES-SWAPPED" in codes(interpret(cad))) == swapped


def test_a_fit_of_two_points_has_scale_and_rotation() -> None:
    found = fit(parse_pairs("0,0=500000,3400000;1000,0=500000,3400001"), 0.001)
    assert found.scale == pytest.approx(0.001) and found.rotation == pytest.approx(90)
    assert found.unit_ratio == pytest.approx(1) and found.greatest == pytest.approx(0, abs=1e-9)
    assert found.place((0.0, 1000.0)) == pytest.approx((499_999.0, 3_400_000.0))


def test_three_points_leave_residuals() -> None:
    turn = math.radians(30)
    pairs = [
        (
            (x, y),
            (
                500_000 + x * math.cos(turn) - y * math.sin(turn),
                3e6 + x * math.sin(turn) + y * math.cos(turn),
            ),
        )
        for x, y in ((0.0, 0.0), (100.0, 0.0), (0.0, 100.0))
    ]
    exact = fit(pairs)
    assert exact.greatest < 1e-6 and exact.rotation == pytest.approx(30)
    (here, (e, n)) = pairs[2]
    off = fit([*pairs[:2], (here, (e + 1.0, n))])
    assert 0.1 < off.greatest < 1.0 and off.rms <= off.greatest


@pytest.mark.parametrize(
    ("layer", "kind"),
    [("用地红线", "national"), ("YDHX", "national"), ("敷地境界線", "local"), ("LINDERO PARCELA", "local"),
     ("Limite de propriété", "local"), ("Flurstück", "local"), ("site boundary", "national")],
)  # fmt: skip
def test_a_drawing_in_another_language_lies_in_no_chinese_system(layer: str, kind: str) -> None:
    doc = new()
    box(doc, layer, 441000, 4475000, 30, 40)
    assert locate(cad_of(doc))["kind"] == kind


@pytest.mark.parametrize("written", ["PLOT AREA 12917 SQ.FT", "LOT 0.29654 ACRES", "363.0평", "0,12 га"])
def test_an_area_in_another_unit_settles_the_unit(written: str) -> None:
    doc = new()
    box(doc, "SITE", 0, 0, 30 / 0.3048, 40 / 0.3048)
    text(doc, "T", written, 1, 1)
    cad = cad_of(doc)
    assert cad.units.unit == "ft" and "DXF-UNITS-DOUBTFUL" in {i.code for i in cad.issues}


@pytest.mark.parametrize(
    "pairs", ["0,0=1,1", "0,0=1,1;0,0=2,2", "a,b=c,d;1,1=2,2", "1,2,3=4,5;1,1=2,2", "nan,0=1,1;2,2=3,3"]
)
def test_bad_pairs_are_refused(pairs: str) -> None:
    with pytest.raises(BadInput):
        fit(parse_pairs(pairs))


_METRES = {"m": 1.0, "mm": 0.001, "cm": 0.01, "in": 0.0254, "ft": 0.3048}
_HEADER = {"m": 6, "mm": 4, "cm": 5, "in": 1, "ft": 2, None: 0}


def _drawn_in(unit: str, header: str | None, *, scale: bool = False) -> bytes:
    """A plot of 150 by 120 m with a building of 120 ㎡, drawn in one unit, the header claiming another."""
    factor = 1 / _METRES[unit]
    doc = new("R2010", _HEADER[header])
    for layer, (x, y, w, h) in {"用地红线": (0, 0, 150, 120), "建筑基底": (5, 5, 15, 8)}.items():
        box(doc, layer, *(v * factor for v in (x, y, w, h)))
    if scale:
        text(doc, "文字", "比例 1:500", 40 * factor, 8 * factor, 1.5 * factor)
        text(doc, "文字", "总平面图", 40 * factor, 5 * factor, 1.5 * factor)
    else:
        text(doc, "文字", "建筑面积 120.00㎡", 10 * factor, 8 * factor, 0.5 * factor)
    return data(doc)


@pytest.mark.parametrize("header", list(_HEADER))
@pytest.mark.parametrize("unit", list(_METRES))
def test_a_written_area_settles_the_unit_whatever_the_header_claims(unit: str, header: str | None) -> None:
    cad = read(_drawn_in(unit, header), "图.dxf")
    told = [i.code for i in cad.issues if i.code.startswith("DXF-UNITS")]
    assert cad.units.unit == unit
    if header == unit:
        assert told == []
    else:
        assert told == ["DXF-UNITS-ASSUMED" if header is None else "DXF-UNITS-DOUBTFUL"]


@pytest.mark.parametrize(("unit", "header"), [("m", None), ("mm", None), ("m", "mm"), ("mm", "m")])
def test_the_scale_of_the_title_block_and_its_text_heights_tell_the_unit(
    unit: str, header: str | None
) -> None:
    cad = read(_drawn_in(unit, header, scale=True), "图.dxf")
    assert cad.units.unit == unit and any(i.code.startswith("DXF-UNITS") for i in cad.issues)


@pytest.mark.parametrize(
    ("written", "epsg"),
    [
        ("中央子午线 114°", 4547),
        ("中央子午线：114°00′", 4547),
        ("L0=114°", 4547),
        ("CGCS2000 / 3-degree Gauss-Kruger CM 114E", 4547),
        ("中央子午线：114°30′", None),
        ("中央经线 114.5 度", None),
        ("中央子午线 115°", None),
    ],
)
def test_a_central_meridian_between_the_zones_is_no_national_system(written: str, epsg: int | None) -> None:
    doc = new("R2010", 6)
    box(doc, "用地红线", 500_000, 2_545_000, 100, 80)
    text(doc, "文字", written, 500_005, 2_545_005)
    place = locate(read(data(doc), "图.dxf"))
    assert place["kind"] == "national" and place["epsg"] == epsg


_HEADERS = {"m": 6, "mm": 4, "cm": 5, "ft": 2, "in": 1, None: 0}


def _plan_in(unit: str, header: str | None, bays: int) -> CadFile:
    """A site of 61 × 47 m with a building, drawn in a unit under a header that may say another one."""
    k = 1 / reading().units.metres[unit]
    doc = new(unit=_HEADERS[header])
    box(doc, "SITE BOUNDARY", 0, 0, 61 * k, 47 * k)
    box(doc, "BUILDING", 9 * k, 11 * k, 32 * k, 14 * k)
    for n in range(bays):
        box(doc, "CAR PARKING", (9 + 2.5 * n) * k, 33 * k, 2.5 * k, 5 * k)
    return cad_of(doc)


@pytest.mark.parametrize("header", ["m", "mm", "cm", "ft", "in", None])
@pytest.mark.parametrize("unit", ["m", "mm", "cm", "ft", "in"])
def test_parking_bays_tell_the_unit_whatever_the_header_says(unit: str, header: str | None) -> None:
    cad = _plan_in(unit, header, 6)
    assert cad.units.unit == unit
    assert any(c.startswith("DXF-UNITS") for c in codes(cad)) == (unit != header)


@pytest.mark.parametrize("unit", ["m", "mm", "cm", "ft", "in"])
@pytest.mark.parametrize("header", ["m", "mm", "cm", "ft", "in", None])
def test_a_header_nothing_bears_out_is_never_believed_in_silence(unit: str, header: str | None) -> None:
    assert any(c.startswith("DXF-UNITS") for c in codes(_plan_in(unit, header, 0)))


def test_door_swings_tell_the_unit_of_a_floor_plan() -> None:
    doc = new(unit=6)
    box(doc, "WALLS", 0, 0, 12_340, 9_870)
    for n in range(5):
        arc = {"layer": "A-DOOR"}
        doc.modelspace().add_arc((2000 * n, 3000), 900, 0, 90, dxfattribs=arc)
    assert cad_of(doc).units.unit == "mm"


def test_dimensions_in_feet_are_compared_in_feet() -> None:
    doc = new(unit=2)
    box(doc, "PLOT", 0, 0, 40, 60)
    for text_, far in (("40'-0\"", 40), ("38'-0\"", 40)):
        shown = doc.modelspace().add_aligned_dim((0, 0), (far, 0), distance=3, text=text_)
        shown.render()
    model = interpret(cad_of(doc), get_standard("kerala-edcr"))
    assert [d.edited for d in model.dimensions] == [False, True]
