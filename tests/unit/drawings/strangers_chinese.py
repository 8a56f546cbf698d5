"""Chinese plans as design firms of different habits draw them; areas, distances and counts known by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

from ezdxf.entities.insert import Insert

from tests.unit.drawings.strangers import Pen, Truth


def survey_base() -> tuple[Pen, Truth]:
    """A plan on CASS layers with a zone in the easting: the boundary lies on JZD."""
    pen = Pen(6, at=(39456000, 3120000))
    pen.path("DGX", (0, -50), (200, -48))
    pen.box("JZD", 0, 0, 100, 90)
    for number, y in ((1, 20), (2, 55)):
        pen.box("厂房", 20, y, 50, 18)
        pen.text("文字", f"{number}#生产车间 {4 - number}F H={14 - number}.6m", 30, y + 8)
    return pen, Truth(
        "m",
        site=9000,
        feet={"1#": 900, "2#": 900},
        storeys={"1#": 3, "2#": 2},
        heights={"1#": 13.6, "2#": 12.6},
    )


def towers_on_a_podium() -> tuple[Pen, Truth]:
    """Towers lie in the outline of their podium, on its layer, and are no courtyards."""
    pen = Pen(4, 1000)
    pen.box("用地红线", 0, 0, 150, 120)
    pen.box("建筑轮廓", 20, 20, 100, 60)
    pen.text("文字", "裙房 4F", 60, 50)
    pen.box("建筑轮廓", 25, 25, 25, 25)
    pen.text("文字", "T1塔楼 28F/99.8m", 27, 35)
    pen.box("建筑轮廓", 80, 30, 30, 30)
    pen.text("文字", "T2塔楼 20F H=79.50m", 82, 45)
    heights = {"T1塔楼": 99.8, "T2塔楼": 79.5}
    return pen, Truth("mm", site=18000, storeys={"T1塔楼": 28, "T2塔楼": 20}, heights=heights)


def notes_in_rows() -> tuple[Pen, Truth]:
    """Rows of parking with how many and of what kind written in them; a legend with samples on the same layers."""
    pen = Pen(6)
    pen.box("用地红线", 0, 0, 100, 80)
    pen.box("建筑轮廓", 10, 55, 40, 15)
    pen.text("文字", "1#楼 6F", 20, 60)
    pen.box("机动车位", 10, 10, 30, 5.3)
    pen.text("机动车位", "×12", 20, 12)
    pen.box("机动车位", 50, 10, 25, 5.3)
    pen.text("文字", "10辆", 60, 12)
    pen.box("机动车位", 10, 25, 12.5, 5.3)
    pen.text("文字", "5个车位（充电）", 12, 27)
    pen.box("绿地", 60, 30, 30, 20)
    pen.text("文字", "图例", 130, 70, 2)
    pen.box("机动车位", 130, 60, 2.5, 5)
    pen.box("绿地", 130, 50, 8, 4)
    return pen, Truth("m", site=8000, cars={None: 22, "充电": 5}, green=600, codes=("DXF-LEGEND",))


def own_tags() -> tuple[Pen, Truth]:
    """Label blocks with tags of the firm's own; layers named by nobody else."""
    pen = Pen(4, 1000)
    pen.ring("T-用地红线", [(0, 0), (140, 0), (140, 95), (0, 95)])
    pen.path("T-道路红线-南", (-30, -6), (170, -6))
    block = pen.doc.blocks.new("楼座标注")
    for number, tag in enumerate(("BLDG", "LC", "GD")):
        block.add_attdef(tag, (0, -2000 * number), height=1200)
    for x, number in ((12, 1), (58, 2)):
        pen.box("QW01", x, 20, 24, 14)
        label: Insert = pen.space.add_blockref(
            "楼座标注", pen.spot(x + 6, 30), dxfattribs={"layer": "T-标注"}
        )
        label.add_auto_attribs(
            {"BLDG": f"{number}#楼", "LC": f"{30 + number}F", "GD": f"H={90 + number}.50m"}
        )
        pen.text("T-标注", f"{number}#楼", x + 8, 27)
    return pen, Truth(
        "mm", site=13300, feet={"1#楼": 336}, storeys={"1#楼": 31, "2#楼": 32}, heights={"2#楼": 92.5}
    )


def list_in_a_text() -> tuple[Pen, Truth]:
    """The table of figures as one MTEXT with numbered lines and a raised 2."""
    pen = Pen(6)
    pen.box("用地红线", 0, 0, 100, 75)
    pen.box("建筑基底", 20, 20, 40, 15)
    pen.text("文字", "1#楼 18F", 25, 25)
    said = (
        "{\\fSimSun|b0;经济技术指标}\\P1、总用地面积：7500.00m{\\H0.7x;\\S2^;}\\P2、总建筑面积：2.25万㎡"
        "\\P3、容积率：1.44\\P4、绿地率：≥35%\\P5、机动车位：120个"
    )
    pen.space.add_mtext(said, dxfattribs={"layer": "文字", "char_height": 1.5, "insert": pen.spot(130, 75)})
    declared = {"申报用地面积": 7500, "总建筑面积": 22500, "容积率": 1.44, "机动车位数": 120}
    return pen, Truth("m", site=7500, declared=declared, without=("DXF-AREA-DECLARED", "DXF-DECLARED"))


def _figures(rows: list[tuple[str, ...]]) -> Pen:
    pen = Pen(6)
    pen.box("用地红线", 0, 0, 100, 80)
    pen.box("建筑基底", 10, 55, 40, 15)
    pen.text("文字", "1#楼 6F H=18.9m", 20, 60)
    pen.box("绿地", 10, 10, 40, 30)
    pen.box("机动车位", 60, 10, 2.5, 5, 8)
    pen.cells([("指标", "数值"), *rows], 120, 80, (25,))
    return pen


def figures_as_drawn() -> tuple[Pen, Truth]:
    rows = [
        ("总用地面积", "8000㎡"), ("建筑基底面积", "600㎡"), ("建筑密度", "7.5%"), ("绿地率", "15%"),
        ("机动车停车位", "8个"), ("建筑高度", "18.9m"),
        ("地上建筑面积", "3700"), ("地下建筑面积", "500"), ("总建筑面积", "4200"),
    ]  # fmt: skip
    return _figures(list(rows)), Truth("m", without=("DXF-AREA-DECLARED", "DXF-DECLARED", "DXF-DECLARED-SUM"))


def figures_over_the_net_site() -> tuple[Pen, Truth]:
    """Ratios over the site less the road that is given up; car spaces of which some are below ground."""
    rows = [
        ("总用地面积", "8000㎡"), ("净用地面积", "7500㎡"), ("建筑密度", "8.0%"), ("绿地率", "16%"),
        ("计容建筑面积", "3600"), ("容积率", "0.48"), ("机动车停车位", "60个"), ("地上停车位", "8个"),
    ]  # fmt: skip
    declared = {"净用地面积": 7500, "机动车位数": 60, "地上机动车位数": 8}
    return _figures(list(rows)), Truth("m", declared=declared, without=("DXF-DECLARED", "DXF-DECLARED-SUM"))


def figures_that_differ() -> tuple[Pen, Truth]:
    rows = [
        ("总用地面积", "8000㎡"), ("建筑基底面积", "650㎡"), ("建筑密度", "8.5%"), ("绿地率", "20%"),
        ("机动车停车位", "12个"), ("建筑高度", "20.9m"),
        ("地上建筑面积", "3700"), ("地下建筑面积", "500"), ("总建筑面积", "4300"),
    ]  # fmt: skip
    told = {"建筑基底面积", "建筑密度", "绿地率", "机动车位数", "建筑高度"}
    return _figures(list(rows)), Truth("m", codes=("DXF-DECLARED", "DXF-DECLARED-SUM"), differ=told)


def plans_of_two_buildings() -> tuple[Pen, Truth]:
    """Titles that name building and storeys, under plans without frames."""
    pen = Pen(4, 1000)
    plans = (
        ("1#楼一层平面图", 30, 15), ("1#楼二至六层平面图", 30, 14),
        ("2#楼首层平面图", 25, 12), ("2#楼2F~3F平面图", 25, 11),
    )  # fmt: skip
    for number, (title, w, h) in enumerate(plans):
        pen.box("JZMJX", 60 * number, 0, w, h)
        pen.text("图名", title, 60 * number + 5, -4, 0.8)
    pen.box("JZMJX", 240, 0, 28, 10)
    pen.text("图名", "2#楼3～9层（奇数层）平面图", 245, -4, 0.8)
    whole = {"1#楼": 450 + 5 * 420, "2#楼": 300 + 2 * 275 + 4 * 280}
    return pen, Truth("mm", asked=True, whole=whole)


def coefficients() -> tuple[Pen, Truth]:
    """面积- layers with halves, none and negative ones, in frames with titles, above and below ground."""
    pen = Pen(6)
    sheets = (
        "地下二层~地下一层平面图",
        "首层平面图",
        "2~16、18~33层平面图",
        "17层（避难层）平面图",
        "出屋面机房层平面图",
    )
    for number, title in enumerate(sheets):
        x = 80 * number
        pen.box("打印图框", x, 0, 60, 50)
        pen.text("图名", title, x + 15, 2, 2)
        kind = "面积-不计容-车库-1" if number == 0 else "面积-计容-住宅-1"
        pen.box(kind, x + 10, 10, 20 if number < 4 else 4, 20)
        if number == 2:
            pen.box("面积-计容-住宅-0.5", x + 30, 10, 2, 6)
            pen.box("面积-计容-住宅--1", x + 12, 12, 3, 4)
    floors = {
        "-2--1": 800.0,
        "1": 400.0,
        "2-16,18-33": 31 * (400 + 6 - 12),
        "17": 400.0,
        "出屋面机房层平面图": 80.0,
    }
    return pen, Truth("m", floors=floors)


def frame_of_the_sheet() -> tuple[Pen, Truth]:
    """An A1 frame at 1:500 in a drawing in metres whose header says millimetres."""
    pen = Pen(4)
    pen.box("图框", -60, -40, 420.5, 297)
    pen.box("用地红线", 0, 0, 180, 120)
    pen.box("建筑轮廓", 20, 20, 60, 16)
    return pen, Truth("m", True, site=21600, codes=("DXF-UNITS-DOUBTFUL",))


def two_lobes() -> tuple[Pen, Truth]:
    """A ring that crosses itself so that its lobes cancel out; a gap between the ends of one chain."""
    pen = Pen(6)
    pen.box("用地红线", 0, 0, 100, 80)
    pen.ring("建筑基底", [(10, 10), (50, 25), (50, 10), (10, 25)])
    for a, b in (((70, 20), (90, 20)), ((90, 20), (90, 40)), ((90, 40), (70, 40)), ((70, 40), (70, 20.3))):
        pen.space.add_line(pen.spot(*a), pen.spot(*b), dxfattribs={"layer": "建筑基底"})
    return pen, Truth("m", site=8000, codes=("DXF-SELF-CROSSING", "DXF-NOT-CLOSED"))


def round_corners() -> tuple[Pen, Truth]:
    pen = Pen(6)
    pen.box("红线", 0, 0, 120, 90)
    quarter = math.tan(math.pi / 8)
    corners = [(30, 20), (60, 20), (70, 30), (70, 50), (60, 60), (30, 60), (20, 50), (20, 30)]
    points = [(*p, quarter if n % 2 else 0.0) for n, p in enumerate(corners)]
    pen.space.add_lwpolyline(points, format="xyb", close=True, dxfattribs={"layer": "塔楼外轮廓"})
    pen.text("文字", "办公塔楼1#楼 38F H=168.5m", 30, 40)
    feet = {"1#楼": 50 * 40 - (4 - math.pi) * 100}
    return pen, Truth("m", site=10800, feet=feet, storeys={"1#楼": 38}, heights={"1#楼": 168.5})


def everything_on_one_layer() -> tuple[Pen, Truth]:
    """All on layer 0: the site by its declared area, greens by theirs, buildings by labels, bays by their size."""
    pen = Pen(6, at=(512300, 3112000))
    pen.box("0", 0, 0, 120, 90)
    for number, y in ((1, 12), (2, 50)):
        pen.box("0", 15, y, 40, 14)
        pen.text("0", f"{number}#楼", 20, y + 8)
        pen.text("0", "6F H=18.9m", 20, y + 4)
    pen.box("0", 70, 60, 40, 18)
    pen.text("0", "集中绿地", 80, 68)
    pen.box("0", 60, 6, 2.5, 5.3, 8)
    pen.text("0", "用地面积：10800.00㎡", 140, 80)
    pen.text("0", "绿地面积：720.00㎡", 140, 76)
    storeys = {"1#楼": 6, "2#楼": 6}
    return pen, Truth("m", site=10800, storeys=storeys, cars={None: 8}, green=720, declared={"绿地面积": 720})


def legend_by_colour() -> tuple[Pen, Truth]:
    """All on layer 0: the legend says what the colours mean, and its samples are none of the plan."""
    pen = Pen(4, 1000)
    drawn = ((1, 0, 0, 100, 70), (4, 15, 15, 30, 12), (3, 55, 15, 30, 40))
    samples = tuple((color, 120, 53 - 5 * n, 8, 3) for n, (color, *_) in enumerate(drawn))
    for color, x, y, w, h in (*drawn, *samples):
        pen.box("0", x, y, w, h)
        pen.space[-1].dxf.color = color
    pen.text("0", "图例", 120, 60, 2)
    for n, word in enumerate(("用地红线", "新建建筑", "绿地")):
        pen.text("0", word, 131, 54 - 5 * n)
    pen.text("0", "1#楼 7F", 18, 20)
    return pen, Truth("mm", site=7000, feet={"1#楼": 360}, storeys={"1#楼": 7}, green=1200)


def floors_by_their_areas() -> tuple[Pen, Truth]:
    """Floors on a layer whose name says nothing, known by the areas written below them."""
    pen = Pen(4, 1000)
    for number, (title, w, h) in enumerate((("一层", 30, 16), ("二层", 28, 16), ("三至八层", 28, 15))):
        pen.box("图层3", 60 * number, 0, w, h)
        pen.text("图层5", f"{title}平面图", 60 * number + 8, -4, 1.5)
        pen.text("图层5", f"本层建筑面积 {w * h:.2f} m2", 60 * number + 8, -7)
        pen.box("WALL", 60 * number + 2, 2, 10, 6)
    return pen, Truth("mm", floors={"1": 480, "2": 448, "3-8": 2520})


def lists_of_buildings() -> tuple[Pen, Truth]:
    """Storeys and heights stand in a list in columns and in a line that names several buildings."""
    pen = Pen(6)
    pen.box("总图-项目用地四至线", 0, 0, 160, 110)
    for number, x, y in ((1, 15, 20), (2, 60, 20), (3, 105, 20), (5, 15, 65)):
        pen.box("总图-拟建单体投影线", x, y, 34, 13)
        pen.text("楼号", f"{number}#", x + 10, y + 6)
    pen.text("说明", "1~3#楼：18F H=53.9m", 170, 90)
    pen.cells([("建筑名称", "层数", "建筑高度(m)"), ("5#楼", "11", "33.0")], 170, 80, (14, 12))
    storeys = {"1#": 18, "2#": 18, "3#": 18, "5#": 11}
    return pen, Truth("m", site=17600, storeys=storeys, heights={"3#": 53.9, "5#": 33.0})


def areas_of_parking() -> tuple[Pen, Truth]:
    """An area of parking counts what is written in it, else nothing; blocks on layer 0 count by their name."""
    pen = Pen(6)
    pen.box("用地红线", 0, 0, 100, 100)
    pen.box("建筑轮廓", 20, 60, 50, 20)
    pen.text("标注", "1#厂房 5F", 30, 70)
    pen.box("停车场", 10, 10, 40, 16)
    pen.text("标注", "车位45个", 15, 15)
    pen.box("停车场-充电", 60, 10, 25, 10.6)
    block = pen.doc.blocks.new("无障碍车位")
    block.add_lwpolyline([(0, 0), (3.7, 0), (3.7, 5.3), (0, 5.3)], close=True)
    for number in range(3):
        pen.space.add_blockref("无障碍车位", pen.spot(10 + 3.7 * number, 40), dxfattribs={"layer": "0"})
    cars = {None: 45, "充电": None, "无障碍": 3}
    return pen, Truth("m", site=10000, cars=cars, codes=("DXF-PARKING-AREA",))


def areas_met_twice() -> tuple[Pen, Truth]:
    """Layers without meaning; a building has by chance the area declared for the greens."""
    pen = Pen(6)
    pen.box("L1", 0, 0, 90, 70)
    for label, x, y, w, h in (("A栋办公 5F", 15, 10, 25, 12), ("B栋食堂 2F", 55, 15, 20, 30)):
        pen.box("L2", x, y, w, h)
        pen.text("L9", label, x + 3, y + 6)
    pen.box("L3", 12, 38, 30, 20)
    for row, text in enumerate(
        ("用地面积：6300.00平方米", "建筑占地面积：900.00平方米", "绿化面积：600.00平方米")
    ):
        pen.text("L9", text, 110, 60 - 5 * row)
    return pen, Truth("m", site=6300, feet={"A栋": 300, "B栋": 600}, green=600)


def turned_table_of_phases() -> tuple[Pen, Truth]:
    """A table turned by a quarter, with a column for each phase and one for all; layers and labels of a hospital."""
    pen = Pen(6)
    pen.box("Z_0_LTMT(用地红线)", 0, 0, 160, 120)
    pen.box("P-BULD-BMAX", 20, 30, 60, 40)
    for line, text in enumerate(("1#门急诊医技住院综合楼", "10F/-2F", "43.5m")):
        pen.text("文字", text, 25, 60 - 3 * line, 1.5)
    pen.box("JMD", 170, 0, 20, 10)
    rows = [
        ("项目", "一期", "二期", "合计"),
        ("用地面积(㎡)", "10000", "9200", "19200"),
        ("总建筑面积(㎡)", "20000", "18000", "38000"),
        ("其中：地上", "16000", "15000", "31000"),
        ("地下", "4000", "3000", "7000"),
        ("停车位", "200", "180", "380"),
    ]
    pen.cells(rows, 200, 10, (14, 8, 8, 8), turned=True)
    declared = {"申报用地面积": 19200, "总建筑面积": 38000, "地上建筑面积": 31000, "地下建筑面积": 7000}
    return pen, Truth(
        "m",
        site=19200,
        feet={"1#": 2400},
        storeys={"1#": 10},
        heights={"1#": 43.5},
        declared=declared | {"机动车位数": 380},
    )


def units_in_titles() -> tuple[Pen, Truth]:
    """Figures in 万㎡ as the table's title says; codes of buildings on lines of their own; a site beside a road."""
    pen = Pen(6)
    pen.box("地块红线", 0, 0, 100, 100)
    pen.box("地块红线", 130, 0, 100, 100)
    for code, x in (("A1", 20), ("B1", 150)):
        pen.box("商业轮廓线", x, 30, 50, 40)
        for line, text in enumerate((code, "5F", "23.9m")):
            pen.text("文字", text, x + 5, 60 - 4 * line, 2)
    rows = [
        ("经济技术指标（单位：万㎡）", ""),
        ("总用地面积", "2.00"),
        ("总建筑面积", "2.90"),
        ("容积率", "1.00"),
    ]
    pen.cells(rows, 250, 90, (16, 8))
    declared = {"申报用地面积": 20000, "总建筑面积": 29000, "容积率": 1}
    return pen, Truth("m", site=20000, feet={"A1": 2000}, storeys={"B1": 5}, declared=declared)


def figures_in_a_sentence() -> tuple[Pen, Truth]:
    """Prose gives figures; a label stands in a roof garden; the greens are as large as all buildings by chance."""
    pen = Pen(6)
    pen.box("更新单元范围", 0, 0, 100, 80)
    pen.box("L2", 10, 20, 40, 30)
    pen.box("屋面绿化", 20, 30, 20, 10)
    pen.text("文字", "1栋 12F", 22, 34)
    pen.box("L3", 60, 20, 30, 40)
    pen.text("文字", "集中绿地", 70, 40)
    said = "1、本项目总用地面积8000.00平方米，建筑占地面积1200.00平方米。\\P2、容积率1.80，绿地率35%。"
    pen.space.add_mtext(said, dxfattribs={"layer": "说明", "char_height": 1, "insert": (110, 70)})
    declared = {"申报用地面积": 8000, "建筑基底面积": 1200, "容积率": 1.8, "绿地率": 35}
    return pen, Truth("m", site=8000, feet={"1栋": 1200}, green=1200, declared=declared)


def site_by_its_share() -> tuple[Pen, Truth]:
    """No name and no area of the site: ground covered and coverage tell it, with the buildings in it."""
    pen = Pen(6)
    pen.ring("LINE-01", [(0, 0), (100, 0), (100, 70), (50, 90), (0, 70)])
    for number, x in ((1, 10), (2, 55)):
        pen.box("LINE-02", x, 20, 30, 20)
        pen.text("文字", f"{number}#楼 6F H=19.8m", x + 3, 30)
    pen.cells([("建筑基底面积", "1200.00", "㎡"), ("建筑密度", "15.00", "%")], 120, 60, (14, 8))
    return pen, Truth("m", site=8000, feet={"1#楼": 600}, heights={"2#楼": 19.8})


def area_frames() -> tuple[Pen, Truth]:
    """Layers that give use, coefficients and storeys, as the published tool that sums them up in its own test."""
    pen = Pen(4, 1000)
    pen.box("用地_规划净用地_500__V2.2", 0, 0, 100, 50)
    pen.box("车场车位_室外车场_露天车场_小型汽车_2__V2.2", 10, 40, 2.5, 5, 10)
    pen.box("单体基底_1_1#_住宅_10_1_____是__V2.2", 10, 10, 20, 10)
    for number, (storeys, more) in enumerate((("1", True), ("2", False), ("3^9", False), ("10", False))):
        x = 150 + 50 * number
        pen.box(f"住宅构件_套内_1.0_1.0_A_HT1_c{storeys}__V2.2", x, 0, 20, 10)
        pen.box(f"住宅构件_阳台_0.5_0.5_HT1_c{storeys}__V2.2", x, 11, 10, 2)
        pen.box(f"住宅构件_飘窗_0.5_0.0_HT1_c{storeys}_V2.2", x, 14, 10, 2)
        if more:
            pen.box(f"住宅构件_其他构件_0.5_0.0_HT1_c{storeys}_V2.2", x, 17, 10, 2)
            pen.box(f"住宅构件_其他构件_0.5_0.5_HT1_c{storeys}_V2.2", x, 20, 20, 2)
    pen.box("住宅构件_套内_1.0_0.0_A_HT1_c-1__V2.2", 350, 0, 20, 10)
    pen.box("单体楼顶间_住宅_1.0_1.0_V2.2", 400, 0, 5, 4)
    return pen, Truth("mm", site=5000, feet={"1#": 200}, cars={None: 20}, whole={"1#": 2450})


CHINESE: dict[str, Callable[[], tuple[Pen, Truth]]] = {
    f.__name__: f
    for f in (
        survey_base, towers_on_a_podium, notes_in_rows, own_tags, list_in_a_text, figures_as_drawn,
        figures_over_the_net_site,
        figures_that_differ, plans_of_two_buildings, coefficients, frame_of_the_sheet, two_lobes, round_corners,
        everything_on_one_layer, legend_by_colour, floors_by_their_areas, lists_of_buildings, areas_of_parking,
        areas_met_twice, turned_table_of_phases, units_in_titles, figures_in_a_sentence,
        area_frames, site_by_its_share,
    )
}  # fmt: skip
