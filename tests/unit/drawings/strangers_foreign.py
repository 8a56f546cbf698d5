"""Drawings from abroad in which figures stand beside their limits, sites beside other parcels or in pieces, and storeys
are named in many languages."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from tests.unit.drawings.strangers import FOOT, Pen, Truth
from tests.unit.drawings.strangers_abroad import draw_plans


def japanese_site_in_pieces() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000, version="R2007")
    pen.path("隣地境界線", (15, 0), (15, 18), (0, 18), (0, 0))
    pen.path("道路境界線", (-10, 0), (30, 0))  # runs on beyond the site
    pen.path("道路中心線", (-10, -3), (30, -3))
    pen.box("建物外形線", 2, 3, 9, 11)
    pen.text("文字", "木造平屋建", 4, 8)
    rows = [
        ("敷地面積", "270.00㎡"),
        ("建蔽率", "36.67% ≦ 60%"),
        ("指定容積率", "200%"),
        ("容積率", "68.50%"),
    ]
    pen.cells(rows, 25, 18, (14,))
    faces = {"front": 3.0, "rear": 4.0, "left": 2.0, "right": 4.0}
    declared = {"申报用地面积": 270, "建筑密度": 36.67, "容积率": 0.685}
    codes = ("DXF-SITE-PIECES",)
    return pen, Truth("mm", False, 270, {"": 99}, {"": 1}, faces, {}, declared, codes=codes)


def german_parcels() -> tuple[Pen, Truth]:
    pen = Pen(6, at=(391200, 5820100))
    for x in (0, 20, 40):
        pen.box("AX_Flurstueck", x, 0, 20, 35)
    pen.box("AX_Gebaeude", 4, 8, 10, 10)
    pen.box("Neubau_Wohnhaus", 24, 9, 12, 11)
    pen.path("Strassenbegrenzungslinie", (-20, 0), (90, 0))
    pen.text("Text", "WH II+D", 28, 14)
    rows = [
        ("", "zul.", "vorh."), ("Grundstücksfläche", "", "700,00 m²"), ("GRZ", "0,4", "0,19"), ("GFZ", "0,8", "0,38"),
    ]  # fmt: skip
    pen.cells(rows, 70, 30, (20, 8))
    faces = {"front": 9.0, "rear": 15.0, "left": 4.0, "right": 4.0}
    declared = {"申报用地面积": 700, "建筑密度": 19, "容积率": 0.38}
    codes = ("DXF-SITE-PARCELS",)
    return pen, Truth("m", False, 700, {"": 132}, {"": 2}, faces, {}, declared, codes=codes)


def russian_neighbours() -> tuple[Pen, Truth]:
    pen = Pen(6, at=(2190000, 480000))
    for x, y in ((0, 0), (25, 0), (0, 40)):
        pen.box("Кадастр_участки", x, y, 25, 40)
    pen.box("Коттедж", 6, 8, 12, 11)
    pen.box("Дом_соседа", 32, 10, 10, 9)
    pen.path("Красная_линия", (-20, 0), (70, 0))
    pen.text("Текст", "Коттедж, 2 эт.", 8, 13)
    pen.text("Текст", "Площадь участка 1000 м2", 60, 20)
    pen.text("Текст", "Предельный процент застройки 30%", 60, 16)
    faces = {"front": 8.0, "rear": 21.0, "left": 6.0, "right": 7.0}
    return pen, Truth(
        "m",
        False,
        1000,
        {"": 132},
        {"": 2},
        faces,
        declared={"申报用地面积": 1000},
        without=("DXF-DECLARED",),
    )


def korean_review_table() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000, version="R2007")
    pen.box("대지경계(지적)", 0, 0, 32, 28)
    pen.box("건물외벽선", 5, 5, 20, 13)
    pen.box("기존교사동", 40, 5, 20, 10)
    pen.path("도로경계", (-10, 0), (50, 0))
    pen.text("문자", "한옥형 청사 지상1층", 8, 12)
    rows = [
        ("구 분", "법 정", "계 획"),
        ("대지면적", "", "896.00㎡"),
        ("건폐율", "60.00%", "29.02%"),
        ("주차대수", "5대", "6대"),
    ]
    pen.cells(rows, 70, 30, (12, 10))
    faces = {"front": 5.0, "rear": 10.0, "left": 5.0, "right": 7.0}
    declared = {"申报用地面积": 896, "建筑密度": 29.02, "机动车位数": 6}
    return pen, Truth("mm", False, 896, {"": 260}, {"": 1}, faces, {}, declared)


def indian_statement() -> tuple[Pen, Truth]:
    pen = Pen(2)
    pen.box("PLOT_BOUNDARY", 0, 0, 40, 60)
    pen.box("PROP_BUILT_UP", 4, 10, 32, 38)  # the only ring of the building there is
    pen.box("EX_ROAD_40FT", -20, -40, 80, 40)
    pen.text("TEXT", "PROPOSED GROUP HOUSING, S+4 FLOORS", 6, 30)
    rows = [
        ("DETAILS", "PERMISSIBLE", "PROPOSED"), ("EXTENT OF PLOT", "", "266.67 SQ.YDS"),
        ("COVERAGE", "65 %", "50.67 %"),
    ]  # fmt: skip
    pen.cells(rows, 60, 50, (22, 16))
    faces = {"front": 10 * FOOT, "rear": 12 * FOOT, "left": 4 * FOOT, "right": 4 * FOOT}
    declared = {"申报用地面积": 266.67 * 0.83612736, "建筑密度": 50.67}
    site = 2400 * FOOT**2
    return pen, Truth("ft", False, site, {"": 1216 * FOOT**2}, {"": 5}, faces, {}, declared)


def american_corner() -> tuple[Pen, Truth]:
    pen = Pen(2)
    bulge = math.tan(math.pi / 8)
    ring = pen.space.add_lwpolyline(
        [(0, 0, 0), (100, 0, bulge), (125, 25, 0), (125, 160, 0), (0, 160, 0)],
        format="xyb", dxfattribs={"layer": "C-PROP-LINE"},
    )  # fmt: skip
    ring.closed = True
    pen.box("A-BLDG-FTPT", 20, 35, 60, 70)
    pen.path("C-ROAD-CNTR", (-60, -30), (200, -30))
    pen.text("C-ANNO", "NEW 1-STORY CLINIC", 30, 70, 2)
    pen.cells([("LOT AREA", "19,866 SF"), ("F.A.R. ALLOWED", "0.50"), ("F.A.R.", "0.21")], 160, 150, (40,))
    site = (125 * 160 - 625 * (1 - math.pi / 4)) * FOOT**2
    faces = {"front": 35 * FOOT, "rear": 55 * FOOT, "left": 20 * FOOT, "right": 45 * FOOT}
    declared = {"申报用地面积": 19866 * FOOT**2, "容积率": 0.21}
    return pen, Truth("ft", False, site, {"": 4200 * FOOT**2}, {"": 1}, faces, {}, declared)


def french_plot() -> tuple[Pen, Truth]:
    pen = Pen(6, at=(1652000, 8174000))
    pen.box("LIMITE_DE_PROPRIETE", 0, 0, 24, 37)
    pen.box("Bâtiment projeté", 4, 6, 12, 10)
    pen.box("Bâtiment existant", 30, 6, 12, 10)
    pen.box("Voirie publique", -10, -8, 60, 8)
    pen.box("Places de stationnement", 17, 1, 2.5, 5, 2)
    pen.text("Textes", "Rez-de-chaussée + 1 étage", 5, 11, 0.4)
    rows = [("Superficie du terrain", "888,00 m²"), ("CES maximum", "0,40"), ("CES projet", "0,14")]
    pen.cells(rows, 50, 30, (22,))
    faces = {"front": 6.0, "rear": 21.0, "left": 4.0, "right": 8.0}
    declared = {"申报用地面积": 888, "建筑密度": 14}
    return pen, Truth(
        "m",
        False,
        888,
        {"": 120},
        {"": 2},
        faces,
        {None: 2},
        declared,
        placed=False,
        without=("DXF-DECLARED",),
    )


def turkish_plot() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("PARSEL SINIRI", 0, 0, 28, 35)
    pen.box("BİNA OTURUMU", 5, 5, 16, 15)
    pen.box("YOL", -10, -10, 60, 10)
    pen.text("YAZI", "ZEMİN + 4 KAT", 8, 12)
    pen.cells([("PARSEL ALANI", "980.00 m2"), ("TAKS", "0.24"), ("KAKS", "1.22")], 40, 30, (14,))
    faces = {"front": 5.0, "rear": 15.0, "left": 5.0, "right": 7.0}
    declared = {"申报用地面积": 980, "建筑密度": 24, "容积率": 1.22}
    return pen, Truth("m", False, 980, {"": 240}, {"": 5}, faces, {}, declared)


def polish_plot() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("granica działki", 0, 0, 24, 36)
    pen.box("budynek projektowany", 5, 8, 13, 11)
    pen.box("budynek istniejący", 30, 8, 10, 10)
    pen.path("droga", (-20, -2), (50, -2))
    pen.text("opisy", "bud. mieszkalny, 2 kondygnacje", 6, 14, 0.4)
    rows = [("Powierzchnia działki", "864,00 m²"), ("Wskaźnik intensywności zabudowy", "0,29")]
    pen.cells(rows, 60, 30, (30,))
    faces = {"front": 8.0, "rear": 17.0, "left": 5.0, "right": 6.0}
    declared = {"申报用地面积": 864, "容积率": 0.29}
    return pen, Truth("m", False, 864, {"": 143}, {"": 2}, faces, {}, declared)


def american_lot_of_lines() -> tuple[Pen, Truth]:
    """Neither header nor dimensions say feet; an area written in square feet is the one that the lines enclose."""
    pen = Pen(0)
    corners = [(0, 0), (75.5, 0), (75.5, 110), (0, 110)]
    for a, b in pairwise([*corners, corners[0]]):
        pen.space.add_line(a, b, dxfattribs={"layer": "V-PROP-LINE"})
    pen.box("HOUSE", 12, 25, 48, 38)
    pen.path("EDGE OF PAVEMENT", (-30, -10), (120, -10))
    pen.text("TEXT", "1 STORY FRAME DWELLING, 1,824 SF", 18, 45, 1.6)
    pen.text("TEXT", "LOT 14, AREA = 8,305 SQ. FT.", 20, 90, 2)
    faces = {"front": 25 * FOOT, "rear": 47 * FOOT, "left": 12 * FOOT, "right": 15.5 * FOOT}
    return pen, Truth("ft", True, 8305 * FOOT**2, {"": 1824 * FOOT**2}, {"": 1}, faces)


def _floors(layer: str, *named: tuple[str, float, str, int]) -> tuple[Pen, Truth]:
    """Plans of given widths with their titles; what storeys each is, and how many."""
    pen = Pen(4, 1000, version="R2007")
    draw_plans(pen, layer, tuple((title, width) for title, width, _, _ in named))
    return pen, Truth("mm", floors={floors: width * 10 * count for _, width, floors, count in named})


def indian_stilts() -> tuple[Pen, Truth]:
    return _floors(
        "BUILT_UP_AREA", ("STILT FLOOR PLAN", 20, "1", 1), ("GROUND FLOOR PLAN", 18, "2", 1),
        ("FIRST AND THIRD FLOOR PLAN", 16, "3,5", 2), ("MUMTY PLAN", 4, "MUMTY PLAN", 1),
    )  # fmt: skip


def french_floors() -> tuple[Pen, Truth]:
    return _floors(
        "Surface de plancher", ("Plan du sous-sol", 20, "-1", 1), ("Plan du rez-de-chaussée", 20, "1", 1),
        ("Plan R+1", 18, "2", 1), ("Plan étages 2 à 4", 17, "3-5", 3),
    )  # fmt: skip


def spanish_floors() -> tuple[Pen, Truth]:
    return _floors(
        "SUPERFICIE CONSTRUIDA", ("PLANTA SÓTANO", 20, "-1", 1), ("PLANTA BAJA", 20, "1", 1),
        ("PLANTA PRIMERA", 18, "2", 1), ("PLANTAS 2ª A 5ª", 17, "3-6", 4),
    )  # fmt: skip


def dutch_floors() -> tuple[Pen, Truth]:
    return _floors(
        "BVO", ("Kelder", 20, "-1", 1), ("Begane grond", 20, "1", 1), ("1e verdieping", 18, "2", 1),
        ("2e t/m 4e verdieping", 17, "3-5", 3),
    )  # fmt: skip


def russian_pairs() -> tuple[Pen, Truth]:
    return _floors(
        "Общая площадь этажа", ("План цокольного этажа", 30, "-1", 1), ("План 1-го этажа", 30, "1", 1),
        ("План 2-го и 4-го этажей", 28, "2,4", 2), ("План типового этажа (5-9 эт.)", 26, "5-9", 5),
    )  # fmt: skip


def korean_sheets() -> tuple[Pen, Truth]:
    return _floors(
        "AR-바닥면적", ("B1F PLAN (지하1층)", 20, "-1", 1), ("1F PLAN (1층)", 18, "1", 1),
        ("2F~4F PLAN (2층~4층)", 17, "2-4", 3),
    )  # fmt: skip


FOREIGN: dict[str, Callable[[], tuple[Pen, Truth]]] = {
    f.__name__: f
    for f in (
        japanese_site_in_pieces, german_parcels, russian_neighbours, korean_review_table, indian_statement,
        american_corner, french_plot, turkish_plot, indian_stilts, french_floors, spanish_floors, dutch_floors,
        russian_pairs, korean_sheets, polish_plot, american_lot_of_lines,
    )
}  # fmt: skip
