"""Drawings as strangers draw them: written with ezdxf alone, areas and distances known by hand.

``python -m tests.unit.drawings.strangers FOLDER`` writes them as files.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ezdxf.document import Drawing
from ezdxf.filemanagement import new

FOOT = 0.3048
Point = tuple[float, float]


class Pen:
    """Draws in metres (or feet) times ``k``, moved by ``at``."""

    def __init__(self, header: int, k: float = 1.0, at: Point = (0.0, 0.0), version: str = "R2010") -> None:
        self.doc: Drawing = new(version, setup=True)
        self.doc.header["$INSUNITS"] = header
        self.space = self.doc.modelspace()
        self.k, self.at = k, at

    def spot(self, x: float, y: float) -> Point:
        return (x + self.at[0]) * self.k, (y + self.at[1]) * self.k

    def ring(self, layer: str, points: Sequence[Point]) -> None:
        self.space.add_lwpolyline([self.spot(*p) for p in points], close=True, dxfattribs={"layer": layer})

    def box(self, layer: str, x: float, y: float, w: float, h: float, n: int = 1) -> None:
        for x0 in (x + w * i for i in range(n)):
            self.ring(layer, [(x0, y), (x0 + w, y), (x0 + w, y + h), (x0, y + h)])

    def path(self, layer: str, *points: Point) -> None:
        self.space.add_lwpolyline([self.spot(*p) for p in points], dxfattribs={"layer": layer})

    def leader(self, layer: str, text: str, *points: Point) -> None:
        """From the building (first) to the text (last)."""
        self.space.add_leader([self.spot(*p) for p in points], dxfattribs={"layer": layer})
        height = {
            "layer": layer,
            "char_height": self.k,
            "insert": self.spot(points[-1][0] + 0.5, points[-1][1] + 1),
        }
        self.space.add_mtext(text, dxfattribs=height)

    def text(self, layer: str, text: str, x: float, y: float, h: float = 1.0) -> None:
        self.space.add_text(text, height=h * self.k, dxfattribs={"layer": layer}).set_placement(
            self.spot(x, y)
        )

    def cells(
        self,
        rows: Sequence[Sequence[str]],
        x: float,
        y: float,
        widths: Sequence[float],
        *,
        turned: bool = False,
    ) -> None:
        """A table of texts; ``turned``: by a quarter, to be read from the right."""
        for i, row in enumerate(rows):
            for j, word in enumerate(row):
                along, down = sum(widths[:j]), 2.4 * i
                if not turned:
                    self.text("TAB", word, x + along, y - down, 0.9)
                elif word:
                    shown = {"layer": "TAB", "rotation": 90}
                    placed = self.space.add_text(word, height=0.9 * self.k, dxfattribs=shown)
                    placed.set_placement(self.spot(x + down, y + along))

    def dimension(self, a: Point, b: Point, text: str) -> None:
        self.space.add_aligned_dim(self.spot(*a), self.spot(*b), distance=2 * self.k, text=text).render()


@dataclass(frozen=True)
class Truth:
    """What is known of a drawing; what is left empty is not asked."""

    unit: str
    asked: bool = False
    site: float | None = None
    feet: Mapping[str, float] = field(default_factory=dict)
    storeys: Mapping[str, float] = field(default_factory=dict)
    faces: Mapping[str, float] = field(default_factory=dict)
    cars: Mapping[str | None, int | None] = field(default_factory=dict)
    declared: Mapping[str, float] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)
    heights: Mapping[str, float] = field(default_factory=dict)
    green: float | None = None
    whole: Mapping[str, float] = field(default_factory=dict)
    differ: Collection[str] = ()
    without: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    coverage: float | None = None
    placed: bool | None = None  # its coordinates tell a national system


def total_plan() -> tuple[Pen, Truth]:
    pen = Pen(6, at=(382000, 3105000))
    pen.box("用地红线", 0, 0, 126, 88)
    pen.path("道路红线", (-20, 0), (150, 0))
    pen.path("道路中心线", (-20, -12), (150, -12))
    pen.box("拟建建筑", 14, 12, 48, 14.6)
    pen.text("文字标注", "1#楼 11+1F/-1F", 30, 18)
    pen.box("停车位-充电桩", 14, 30, 2.5, 5.3, 5)
    pen.box("停车位-无障碍", 40, 30, 3.7, 5.3, 2)
    faces = {"front": 12.0, "rear": 88 - 26.6, "left": 14.0, "right": 64.0}
    return pen, Truth("m", False, 11088, {"1#楼": 700.8}, {"1#楼": 12}, faces, {"充电": 5, "无障碍": 2})


def leaders() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000)
    pen.box("YDHX", 0, 0, 80, 60)
    pen.box("JZJD", 10, 10, 24, 15)
    pen.box("JZJD", 46, 10, 20, 20)
    pen.leader("BZ", "1#住宅楼\\P地上18层/地下2层\\PH=55.8m", (20, 20), (24, 66), (30, 66))
    pen.path("BZ", (60, 25), (84, 40), (98, 40))
    pen.text("BZ", "2#楼 9F", 86, 40.3)
    return pen, Truth("mm", False, 4800, {"1#": 360, "2#楼": 400}, {"1#": 18, "2#楼": 9})


def indicator_table() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("用地红线", 0, 0, 100, 80)
    pen.box("建筑基底", 10, 10, 50, 20)
    rows = [
        ("总用地面积（㎡）", "8010.00"),
        ("总建筑面积", "12,500.50", "㎡"),
        ("容积率", "1.25"),
        ("绿地率", "35.0%"),
    ]
    pen.cells([("经济技术指标",), *rows], 110, 80, (20, 14))
    declared = {"申报用地面积": 8010, "总建筑面积": 12500.5, "容积率": 1.25, "绿地率": 35}
    return pen, Truth("m", False, 8000, declared=declared, codes=("DXF-AREA-DECLARED",))


def three_sheets() -> tuple[Pen, Truth]:
    pen = Pen(6)
    for number, x in enumerate((0, 300, 600)):
        pen.box("用地红线", x, 0, 90, 60)
        if number:
            pen.box("建筑基底", x + 10, 10, 40, 15)
            pen.text("建筑基底", "1#楼", x + 20, 15)
    pen.box("绿地", 310, 40, 60, 15)
    return pen, Truth("m", True, 5400, {"1#楼": 600}, codes=("DXF-SHEET-REPEAT",))


def area_layers() -> tuple[Pen, Truth]:
    pen = Pen(4)  # says millimetres
    for x, storeys, width in ((0, "1", 40), (70, "2-16,18-33", 30), (140, "-2--1", 50)):
        pen.box("打印图框", x, 0, 60, 40)
        pen.text("打印图框", storeys, x + 2, 2)
        pen.box("面积-计容-住宅-1", x + 5, 5, width, 20)
    pen.box("面积-计容-住宅-0.5", 105, 5, 2, 6)
    pen.box("面积-计容-住宅--1", 20, 30, 5, 4)  # beside its area
    floors = {"1": 780, "2-16,18-33": 606 * 31, "-2--1": 2000}
    return pen, Truth("m", True, floors=floors)


def plans_with_titles() -> tuple[Pen, Truth]:
    pen = Pen(0, 1000)
    plans = (
        ("地下一层平面图 1:100", 40, 30),
        ("一层平面图 1:100", 36, 20),
        ("一层夹层平面图", 20, 10),
        ("二~六层平面图", 36, 18),
    )
    for number, (title, w, h) in enumerate(plans):
        pen.box("面积线", 60 * number, 0, w, h)
        pen.text("图名", title, 60 * number + w / 3, -6)
    return pen, Truth("mm", True, floors={"-1": 1200, "1": 720, "一层夹层平面图": 200, "2-6": 648 * 5})


def plot_in_feet() -> tuple[Pen, Truth]:
    pen = Pen(6)  # says metres
    pen.box("PLOT BOUNDARY", 0, 0, 40, 60)
    pen.box("PROPOSED BUILDING", 5, 10, 28, 35)
    pen.text("TEXT", "STILT+3 FLOORS", 8, 25)
    pen.box("ROAD", -20, -30, 90, 30)
    pen.dimension((15, 0), (15, 10), "10'-0\"")
    pen.dimension((33, 20), (40, 20), "7'-0\"")
    faces = {"front": 10 * FOOT, "rear": 15 * FOOT, "left": 5 * FOOT, "right": 7 * FOOT}
    return pen, Truth("ft", True, 2400 * FOOT**2, {"": 980 * FOOT**2}, {"": 4}, faces)


def predcr_floors() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("_Plot", 0, 0, 30, 40)
    for x, title, h in (
        (60, "STILT FLOOR", 0),
        (90, "FIRST FLOOR", 19),
        (120, "TYPICAL FLOOR (2ND TO 5TH)", 18),
        (150, "TERRACE FLOOR", 0),
    ):
        pen.box("_Floor", x - 2, -2, 24, 26)
        pen.text("_Floor", title, x, -1, 0.5)
        if h:
            pen.box("_ResiFSI", x, 2, 18, h)
    return pen, Truth("m", False, 1200, floors={"2": 342, "3-6": 324 * 4})


def korean_plan() -> tuple[Pen, Truth]:
    pen = Pen(4, 1000, version="R2007")
    pen.box("대지경계선", 0, 0, 50, 40)
    pen.path("도로경계선", (50, -10), (50, 60))
    pen.box("건물", 6, 5, 24, 18)
    pen.text("글자", "101동", 12, 12)
    pen.text("글자", "지하2층/지상15층", 12, 10)
    pen.box("주차-일반", 8, 30, 2.5, 5, 6)
    pen.box("주차-장애인", 24, 30, 3.3, 5)
    pen.cells([("대지면적", "2,000.00㎡"), ("건폐율", "21.60%"), ("용적률", "120.88%")], 70, 30, (10,))
    faces = {"front": 20.0, "rear": 6.0, "left": 5.0, "right": 17.0}
    declared = {"申报用地面积": 2000, "建筑密度": 21.6, "容积率": 1.2088}
    return pen, Truth(
        "mm", False, 2000, {"101동": 432}, {"101동": 15}, faces, {"普通": 6, "无障碍": 1}, declared
    )


def russian_plan() -> tuple[Pen, Truth]:
    pen = Pen(1)  # says inches
    pen.box("Граница участка по ГПЗУ", 0, 0, 90, 70)
    pen.box("ГП_Здания проектируемые", 10, 10, 50, 20)
    pen.text("Подписи", "Жилой дом поз. 1", 20, 20)
    pen.text("Подписи", "12 этажей", 20, 17)
    rows = [
        ("1", "Площадь участка в границах ГПЗУ", "м²", "6300,00"),
        ("3", "Общая площадь здания", "м²", "11 250,5"),
    ]
    pen.cells(rows, 110, 70, (4, 30, 8))
    declared = {"申报用地面积": 6300, "总建筑面积": 11250.5}
    return pen, Truth("m", True, 6300, {"поз. 1": 1000}, {"поз. 1": 12}, declared=declared)


def german_plan() -> tuple[Pen, Truth]:
    pen = Pen(6, at=(389000, 5817000))
    pen.ring("AX_Flurstueck", [(0, 0), (32, 3), (30, 41), (-2, 38)])
    pen.path("Strassenbegrenzungslinie", (-30, -2.8125), (60, 5.625))
    pen.box("Gebaeude_geplant", 8, 9, 12, 10)
    pen.text("Beschriftung", "I", 12, 13)
    front = (9 - 20 * 3 / 32) / math.hypot(1, 3 / 32)  # from the nearer corner
    pen.cells([("Grundstücksfläche", "1.222,00 m²"), ("GRZ", "0,10")], 50, 40, (14,))
    return pen, Truth(
        "m",
        False,
        1222,
        {"": 120},
        {"": 1},
        {"front": front},
        declared={"建筑密度": 10, "申报用地面积": 1222},
    )


def german_floors() -> tuple[Pen, Truth]:
    pen = Pen(0, 100)
    for number, (title, w) in enumerate(
        (("Kellergeschoss", 14), ("EG", 14), ("1. - 2. OG", 13), ("Dachgeschoss", 8))
    ):
        pen.box("BGF_R", 30 * number, 0, w, 10)
        pen.text("Plantitel", f"{title}  M 1:100", 30 * number + 2, -3, 0.35)
    pen.box("BGF_S", 44, 2, 3, 4)
    pen.text("BGF_S", "Terrasse Faktor 0,5", 44.2, 4, 0.25)
    return pen, Truth("cm", True, floors={"-1": 140, "1": 146, "2-3": 260, "Dachgeschoss  M 1:100": 80})


ALL: dict[str, Callable[[], tuple[Pen, Truth]]] = {
    f.__name__: f
    for f in (
        total_plan, leaders, indicator_table, three_sheets, area_layers, plans_with_titles, plot_in_feet, predcr_floors,
        korean_plan, russian_plan, german_plan, german_floors,
    )
}  # fmt: skip


if __name__ == "__main__":
    for name, drawing in ALL.items():
        drawing()[0].doc.saveas(Path(sys.argv[1]) / f"{name}.dxf")
