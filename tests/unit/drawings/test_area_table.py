"""建筑面积统计表."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from drawings.areas.area_table import AreaTable, area_rules, area_table, area_table_to_plain
from drawings.areas.area_workbook import area_workbook
from drawings.cad import read
from drawings.interpreting.interpret import interpret
from tests.unit.drawings import build
from web.seed.programs import PROGRAMS, expected
from web.seed.projects import project_files


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda p: p.key)
def sample(request: pytest.FixtureRequest) -> tuple[AreaTable, dict[str, str]]:
    files = project_files(request.param)
    models = [interpret(read(data, name)) for name, data in files.items() if name.endswith(".dxf")]
    return area_table(models), expected(request.param)["indicators"]


def test_totals_of_the_sample_projects_by_pencil(sample: tuple[AreaTable, dict[str, str]]) -> None:
    table, figures = sample
    assert f"{table.total}" == figures["ZJZ"]
    assert f"{table.above}" == figures["DSJZ"] and f"{table.below}" == figures["DXJZ"]
    assert not table.undecided


def test_every_total_is_the_exact_sum(sample: tuple[AreaTable, dict[str, str]]) -> None:
    table, _ = sample
    assert sum(b.total or 0 for b in table.buildings) == table.total == sum(table.by_use.values())
    for building in table.buildings:
        assert sum(f.total or 0 for f in building.floors) == building.total
        for floor in building.floors:
            assert floor.storeys is not None
            for line in floor.lines:
                assert line.coefficient is not None and line.counted is not None
                assert line.counted == (line.area * line.coefficient).quantize(Decimal("0.01"))
                assert line.total == line.counted * floor.storeys


def test_workbook_holds_the_same_figures(sample: tuple[AreaTable, dict[str, str]]) -> None:
    table, _ = sample
    book = load_workbook(io.BytesIO(area_workbook(table, "样例 第 1 版")))
    rows = list(book["分层面积"].iter_rows(values_only=True))
    assert rows[-1][0] == "总计" and Decimal(str(rows[-1][10])) == table.total
    listed = sum(Decimal(str(r[10])) for r in rows[1:] if r[1] not in (None, "", "小计"))
    assert listed == table.total
    assert len(area_table_to_plain(table)["buildings"]) == len(table.buildings)


def building(*draw) -> AreaTable:
    doc = build.new()
    build.box(doc, "楼层框", 0, 0, 50, 40)
    build.text(doc, "楼层框", "楼号=1#;层名=标准层;起止层=2-16,18-33;层高=2.9;用途=住宅", 1, 38)
    build.box(doc, "MJX_全", 5, 5, 30, 20)
    for step in draw:
        step(doc)
    return area_table([build.model_of(doc, "测试-1#-单体图.dxf")])


def test_multiplicity_use_and_half_area_inside() -> None:
    table = building(lambda d: build.box(d, "MJX_半", 5, 5, 4, 5))
    floor = table.buildings[0].floors[0]
    assert (floor.storeys, table.buildings[0].name) == (31, "1#")
    full, half = floor.lines
    assert (full.area, full.use) == (Decimal("580.00"), "住宅")
    assert (half.area, half.counted) == (Decimal("20.00"), Decimal("10.00"))
    assert table.total == 31 * Decimal("590.00") == table.by_use["住宅"]


def test_balcony_without_position_is_undecided() -> None:
    table = building(lambda d: build.box(d, "阳台", 40, 5, 4, 1.5))
    assert table.total is None and "位置" in table.undecided[0] and "句柄" in table.undecided[0]
    assert any(x.total is not None for x in table.buildings[0].floors[0].lines)
    rows = list(load_workbook(io.BytesIO(area_workbook(table, "x")))["分层面积"].iter_rows(values_only=True))
    assert rows[-1][10] == "无法判定"


def test_balcony_and_bay_window_by_the_rule() -> None:
    def outside(doc) -> None:
        build.box(doc, "阳台", 40, 5, 4, 1.5)
        build.text(doc, "阳台", "位置=主体外", 41, 6, 0.2)
        build.box(doc, "飘窗", 40, 15, 2, 0.6)
        build.text(doc, "飘窗", "窗台高差=0.4;净高=2.2", 40.2, 15.2, 0.1)

    lines = {line.role: line for line in building(outside).buildings[0].floors[0].lines}
    assert (lines["balcony"].coefficient, lines["balcony"].counted) == (Decimal("0.5"), Decimal("3.00"))
    assert lines["bay_window"].counted == Decimal("0.60") and lines["bay_window"].clause == "3.0.13"


def test_bad_floor_range_and_loose_lines_are_told() -> None:
    doc = build.new()
    build.box(doc, "楼层框", 0, 0, 50, 40)
    build.text(doc, "楼层框", "楼号=1#;层名=某层;起止层=几层", 1, 38)
    build.box(doc, "MJX_全", 5, 5, 30, 20)
    build.box(doc, "MJX_全", 100, 5, 30, 20)
    table = area_table([build.model_of(doc, "测试-1#-单体图.dxf")])
    assert table.total is None and len(table.undecided) == 2


def test_a_line_to_deduct_counts_once_wherever_it_is_drawn() -> None:
    doc = build.new()
    build.box(doc, "打印图框", 0, 0, 60, 40)
    build.text(doc, "打印图框", "2-16,18-33", 1, 38)
    build.box(doc, "面积-计容-住宅-1", 5, 5, 20, 20)
    build.box(doc, "面积-计容-住宅--1", 10, 10, 3, 3)
    build.box(doc, "面积-计容-住宅--0.5", 15, 10, 2, 3)
    build.box(doc, "面积-不计容-设备-1", 30, 5, 5, 5)
    table = area_table([build.model_of(doc, "甲-1#-单体图.dxf", "area-coefficient")])
    assert table.total == (400 - 9 - 3 + 25) * 31
    assert table.by_kind == {"计容": Decimal((400 - 9 - 3) * 31), "不计容": Decimal(25 * 31)}
    build.box(doc, "面积-计容-住宅--1", 40, 30, 3, 3)
    table = area_table([build.model_of(doc, "甲-1#-单体图.dxf", "area-coefficient")])
    assert table.total == (400 - 9 - 3 + 25 - 9) * 31 and not table.undecided
    lines = [(x.area, x.coefficient, x.counted) for x in table.buildings[0].floors[0].lines]
    assert (Decimal("18.00"), Decimal(-1), Decimal("-18.00")) in [
        (a, c and c.normalize(), n) for a, c, n in lines
    ]


def test_floors_by_use_in_the_workbook() -> None:
    doc = build.new()
    for k, (floors, use) in enumerate((("-1", "车库"), ("1", "商业"), ("2-6", "住宅"))):
        build.box(doc, "楼层框", 60 * k, 0, 50, 40)
        build.text(doc, "楼层框", f"楼号=1#;层名={floors}层;起止层={floors};用途={use}", 60 * k + 1, 38)
        build.box(doc, "面积线_全", 60 * k + 5, 5, 20, 10)
    table = area_table([build.model_of(doc)])
    book = load_workbook(io.BytesIO(area_workbook(table, "样例")))
    rows = list(book["分层汇总"].iter_rows(values_only=True))
    assert rows[0] == (
        "楼号",
        "层名",
        "起止层",
        "层数",
        "车库（㎡）",
        "商业（㎡）",
        "住宅（㎡）",
        "合计（㎡）",
    )
    assert rows[1] == ("1#", "-1层", "-1", 1, 200, None, None, 200)
    assert rows[3] == ("1#", "2-6层", "2-6", 5, None, None, 1000, 1000)
    assert rows[-1][-4:] == (200, 200, 1000, 1400)
    assert area_table_to_plain(table)["by_building_use"] == {
        "1#": {"车库": "200.00", "商业": "200.00", "住宅": "1000.00"}
    }


def test_area_lines_that_name_their_storey_need_no_frame() -> None:
    doc = build.new()
    for k, title in enumerate(("KG", "EG", "2.-4. OG", "DG")):
        build.box(doc, "MJX_全", 30 * k, 0, 20, 10)
        build.text(doc, "TEXT", title, 30 * k + 5, 5)
    table = area_table([build.model_of(doc)])
    floors = {f.floors: (f.storeys, f.part, f.total) for f in table.buildings[0].floors}
    expected: dict[str, tuple[object, ...]] = {
        "-1": (1, "below", 200),
        "1": (1, "above", 200),
        "3-5": (3, "above", 600),
        "DG": (1, "roof", 200),
    }
    assert floors == expected


def test_texts_are_never_formulas() -> None:
    doc = build.new()
    build.box(doc, "楼层框", 0, 0, 50, 40)
    build.text(doc, "楼层框", "楼号=1#;起止层=-1;用途==1+1", 1, 38)
    build.box(doc, "MJX_全", 5, 5, 30, 20)
    book = load_workbook(
        io.BytesIO(area_workbook(area_table([build.model_of(doc, "a-1#-单体图.dxf")]), "=2+2"))
    )
    assert all(c.data_type != "f" for sheet in book for row in sheet.iter_rows() for c in row)


def test_rules_are_catalogue_data() -> None:
    rules = area_rules()
    assert rules.doc_no == "GB/T 50353-2013" and not rules.verified


@pytest.mark.parametrize(
    ("name", "total"), [("test1.dxf", "187.90"), ("Test10.dxf", "194.06"), ("Parking-test.dxf", "480.03")]
)
def test_built_up_area_of_real_permit_drawings(shared_data, name: str, total: str) -> None:
    """Floors named by their layers; what is to be deducted taken off, the sum of the printed lines."""
    table = area_table([interpret(read(shared_data / "drawings" / "kerala" / name))])
    assert f"{table.total}" == total and not table.undecided
