"""More drawings as firms abroad draw them (India, Korea, Russia, German-speaking, English-speaking, Japan)."""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.unit.drawings.strangers import FOOT, Pen, Point, Truth


def draw_plans(pen: Pen, layer: str, plans: tuple[tuple[str, float], ...], depth: float = 10) -> None:
    """Floor plans side by side with their titles below."""
    for number, (title, width) in enumerate(plans):
        pen.box(layer, 50 * number, 0, width, depth)
        pen.text("TITLES", title, 50 * number + 3, -3, 0.6)


def edcr_house() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("PLOT_BOUNDARY", 0, 0, 20, 25)
    pen.box("BLK_1_LVL_0_BLDG_FOOT_PRINT", 3, 4.5, 12, 14)
    pen.box("BLK_1_BSMNT_FOOT_PRINT", 3, 4.5, 12, 14)
    pen.ring("BLK_1_LVL_0_FRONT_SETBACK", [(3, 0), (15, 0), (15, 4.5), (3, 4.5)])
    pen.box("BLK_1_COVERED_AREA", 3, 4.5, 12, 14)
    pen.box("BLK_1_COVERED_AREA_DEDUCT", 5, 6, 2, 3)
    pen.box("BLK_1_FLR_0_BLT_UP_AREA", 40, 0, 12, 14)
    pen.box("BLK_1_FLR_0_M_1_BLT_UP_AREA", 60, 0, 5, 6)
    pen.box("BLK_1_FLR_1_BLT_UP_AREA", 80, 0, 12, 15)
    pen.box("BLK_1_FLR_1_BLT_UP_AREA_DEDUCT", 81, 1, 3, 2)
    pen.text("BLK_1_FLR_1_BLT_UP_AREA", "TYPICAL_FLOOR=1,2,3", 81, 20)
    pen.box("BLK_1_FLR_0_OPEN_PARKING", 16, 1, 2.5, 5)
    pen.box("DA_PARKING", 16, 7, 3.6, 5)
    pen.text("PLAN_INFO", "PLOT_AREA_M2=500", 120, 20)
    faces = {"front": 4.5, "rear": 6.5, "left": 3.0, "right": 5.0}
    floors = {"1": 168, "0_M_1": 30, "2-4": 174 * 3}
    cars = {None: 1, "无障碍": 1}
    declared = {"申报用地面积": 500}
    return pen, Truth("m", False, 500, {"1": 168}, {}, faces, cars, declared, floors, coverage=162)


def predcr_list_of_floors() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("_Plot", 0, 0, 30, 40)
    for x, title, area in ((60, "GROUND FLOOR", 300), (110, "TYPICAL FLOOR PLAN (2ND,3RD & 4TH)", 320)):
        pen.box("_Floor", x - 2, -4, 30, 30)
        pen.text("_Floor", title, x, -3, 0.5)
        pen.box("_CommFSI" if area == 300 else "_ResiFSI", x, 0, area / 16, 16)
    return pen, Truth("m", False, 1200, floors={"1": 300, "3-5": 960})


def indian_city() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("SITE", 0, 0, 25, 40)
    pen.box("BUILDING FOOTPRINT", 4, 6, 16, 24)
    pen.box("ROAD", -10, -9, 45, 9)
    pen.box("PARKING - 4W", 4, 32, 2.5, 5, 4)
    pen.box("PARKING - 2W", 15, 32, 1, 2, 6)
    pen.box("OSR AREA", 21, 2, 3, 30)
    pen.text("T", "No. of floors: G+5", 8, 20)
    pen.text("T", "Plot extent = 1000.00 Sq.m", 40, 30)
    pen.text("T", "Ground coverage: 38.4%", 40, 26)
    faces = {"front": 6.0, "rear": 10.0, "left": 4.0, "right": 5.0}
    declared = {"申报用地面积": 1000, "建筑密度": 38.4}
    return pen, Truth("m", False, 1000, {"": 384}, {"": 6}, faces, {None: 4}, declared)


def deductions() -> tuple[Pen, Truth]:
    pen = Pen(6)
    draw_plans(pen, "BUA_LINE", (("STILT FLOOR PLAN", 30), ("TYPICAL FLOOR PLAN (1ST TO 4TH FLOOR)", 28)), 20)
    pen.box("DEDUCTION_LIFT_STAIR", 5, 5, 20, 3)
    pen.box("DEDUCTION_LIFT_STAIR", 55, 5, 2, 3)
    return pen, Truth("m", floors={"1": 540, "2-5": 554 * 4})


def korean_office() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000, version="R2007")
    pen.box("부지경계", 0, 0, 40, 32)
    pen.box("신축건물", 6, 6, 22, 14)
    pen.path("전면도로", (-10, -5), (60, -5))
    pen.box("주차라인", 8, 24, 2.5, 5, 5)
    pen.text("TXT", "층수 : 지하2층, 지상12층", 8, 14)
    pen.text("TXT", "다세대주택", 8, 12)
    pen.text("TXT", "대지면적 1,280.00㎡(387.2평)", 70, 20)
    faces = {"front": 6.0, "rear": 12.0, "left": 6.0, "right": 12.0}
    declared = {"申报用地面积": 1280}
    return pen, Truth("mm", False, 1280, {"": 308}, {"": 12}, faces, {None: 5}, declared)


def korean_floors() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000, version="R2007")
    plans = (("지하1층", 30.0), ("지상1층", 25.0), ("지상2층 ~ 지상5층", 24.0), ("옥탑1층", 6.0))
    draw_plans(pen, "바닥면적산정선", plans)
    return pen, Truth("mm", floors={"-1": 300, "1": 250, "2-5": 960, "옥탑1층": 60})


def russian_list() -> tuple[Pen, Truth]:
    pen = Pen(6, at=(2205000, 391000))
    pen.box("Граница отвода", 0, 0, 110, 80)
    for number, (x, y, w, h, floors) in enumerate(((10, 10, 40, 16, "9"), (60, 10, 36, 16, "5")), 1):
        pen.box("Проектируемые здания", x, y, w, h)
        pen.text("Позиции", f"Поз. {number}", x + 10, y + 8)
        pen.text("Позиции", f"Дом, {floors} этажей", x + 10, y + 5)
    rows = [("Поз.", "Наименование", "Площадь застройки"), ("1", "Дом", "640,00"), ("2", "Дом", "576,00")]
    pen.cells(rows, 130, 80, (8, 24))
    figures = [("Площадь участка", "м²", "8 800,00"), ("Площадь застройки", "м²", "1 216,00")]
    pen.cells(figures, 130, 40, (34, 8))
    declared = {"申报用地面积": 8800, "建筑基底面积": 1216}
    feet = {"Поз. 1": 640.0, "Поз. 2": 576.0}
    return pen, Truth("m", False, 8800, feet, {"Поз. 1": 9, "Поз. 2": 5}, declared=declared)


def russian_in_latin() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("GRANICA_UCHASTKA", 0, 0, 40, 60)
    pen.box("PYATNO_ZASTROIKI", 8, 12, 20, 16)
    pen.path("PROEZZHAYA_CHAST", (-10, -4), (60, -4))
    pen.box("PARKOVKA", 30, 5, 2.5, 5.3, 3)
    pen.text("TEXT", "двухэтажный", 15, 20)
    faces = {"front": 12.0, "rear": 32.0, "left": 8.0, "right": 12.0}
    return pen, Truth("m", False, 2400, {"": 320}, {"": 2}, faces, {None: 3})


def russian_floors() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000)
    plans = (("План подвала", 30), ("Первый этаж", 28), ("Типовой этаж 2-5", 26), ("Технический этаж", 20))
    draw_plans(pen, "Контур этажа", plans)
    return pen, Truth("mm", floors={"-1": 300, "1": 280, "2-5": 1040, "Технический этаж": 200})


def german_cadastre() -> tuple[Pen, Truth]:
    pen = Pen(6, at=(32565000, 5935000))
    pen.box("01_Flurstücke", 0, 0, 24, 40)
    pen.box("10_Neubau", 5, 9, 12, 11)
    pen.box("03_Verkehrsfläche", -30, -8, 90, 8)
    pen.text("30_Beschriftung", "Neubau EFH, zweigeschossig", 7, 16)
    pen.text("30_Beschriftung", "TH = 6,15 m / FH = 9,40 m", 7, 13)
    pen.text("30_Beschriftung", "Grundstück: 960 m²", 60, 30)
    faces = {"front": 9.0, "rear": 20.0, "left": 5.0, "right": 7.0}
    declared = {"申报用地面积": 960}
    return pen, Truth("m", False, 960, {"": 132}, {"": 2}, faces, declared=declared, placed=False)


def austrian_floors() -> tuple[Pen, Truth]:
    pen = Pen(0, 100)
    plans = (("Kellergeschoß", 12.0), ("Erdgeschoß", 12.0), ("Obergeschoß", 12.0), ("2. OG", 9.0))
    for number, (title, width) in enumerate(plans):
        pen.box("BGF", 25 * number, 0, width, 8)
        pen.text("Text", title, 25 * number + 1, -1.5, 0.35)
    return pen, Truth("cm", True, floors={"-1": 96, "1": 96, "2": 96, "3": 72})


def british_levels() -> tuple[Pen, Truth]:
    pen = Pen(6)
    plans = (
        ("LOWER GROUND FLOOR", 20.0), ("UPPER GROUND FLOOR", 20.0), ("LEVEL 1", 18.0), ("LEVELS 2-4", 18.0),
    )  # fmt: skip
    draw_plans(pen, "GIA", plans)
    return pen, Truth("m", floors={"-1": 200, "1": 200, "2": 180, "3-5": 540})


def british_flats() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000)
    pen.box("Red Line Boundary", 0, 0, 30, 40)
    pen.box("Blue Line Boundary", -30, 0, 30, 40)
    pen.box("PROPOSED APARTMENT BLOCK", 6, 10, 18, 15)
    pen.box("EXISTING TERRACE", -20, 5, 15, 20)
    pen.path("HIGHWAY BOUNDARY", (-40, 0), (60, 0))
    pen.text("NOTES", "3 STOREY APARTMENT BLOCK (12 No. FLATS)", 8, 18)
    faces = {"front": 10.0, "rear": 15.0, "left": 6.0, "right": 6.0}
    return pen, Truth("mm", False, 1200, {"": 270}, {"": 3}, faces)


def american_survey() -> tuple[Pen, Truth]:
    foot = 1200 / 3937
    pen = Pen(21)
    corners: list[Point] = [(0, 0), (120, 0), (120, 200), (0, 200)]
    pen.ring("V-PROP-LINE", corners)
    pen.box("C-BLDG", 30, 40, 50, 60)
    pen.path("V-ROAD-RWAY", (-50, 0), (200, 0))
    pen.text("C-ANNO", "PROPOSED 2-STORY OFFICE", 40, 70, 4)
    pen.text("C-ANNO", "LOT AREA = 24,000 SF (0.55 AC)", 150, 100, 4)
    faces = {"front": 40 * foot, "rear": 100 * foot, "left": 30 * foot, "right": 40 * foot}
    declared = {"申报用地面积": 24000 * FOOT**2}
    site = 24000 * foot**2
    return pen, Truth("us-ft", False, site, {"": 3000 * foot**2}, {"": 2}, faces, declared=declared)


def japanese_house() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000, version="R2007")
    pen.ring("敷地境界線", [(0, 0), (12.5, 0), (12, 18), (0, 18)])
    pen.box("計画建物", 1.2, 2.5, 8.5, 10.4)
    pen.path("道路中心線", (-5, -3), (20, -3))
    pen.box("駐車スペース", 9.9, 1, 2.4, 5)
    pen.text("文字", "鉄骨造3階建", 3, 8)
    pen.text("文字", "敷地面積：220.50㎡", 30, 8)
    site = 12.25 * 18
    front = {"front": 2.5, "rear": 18 - 12.9, "left": 1.2}
    slant = (12.5 - 9.7) - 12.9 * 0.5 / 18  # to the slanting side, measured across
    front["right"] = slant / math.hypot(1, 0.5 / 18)
    return pen, Truth("mm", False, site, {"": 88.4}, {"": 3}, front, {None: 1}, {"申报用地面积": 220.5})


ABROAD: dict[str, Callable[[], tuple[Pen, Truth]]] = {
    f.__name__: f
    for f in (
        edcr_house, predcr_list_of_floors, indian_city, deductions, korean_office, korean_floors, russian_list,
        russian_in_latin, russian_floors, german_cadastre, austrian_floors, british_levels, british_flats,
        american_survey, japanese_house,
    )
}  # fmt: skip
