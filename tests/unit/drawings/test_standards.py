"""Drawing standards: which layers have which role, and which standard fits a drawing."""

from __future__ import annotations

import pytest

from drawings.areas.area_table import area_table
from drawings.issues import templates
from drawings.standards.standards import detect, get_standard, load_standards, normal_layer, roles
from project_box.kernel.errors import NotFound
from project_box.kernel.finding import Level
from tests.unit.drawings.build import box, model_of, new, text


def test_shipped_standards_are_valid_and_the_own_one_is_first() -> None:
    assert next(iter(load_standards())) == "project-box"
    assert set(load_standards()) == {
        "project-box",
        "a-total-plan",
        "area-coefficient",
        "area-frames",
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
