"""The three sample project folders: boundary file, site plan, building drawings, expected figures.

``write_projects(folder)`` makes ``<folder>/<key>-<title>/`` with

* ``<title>-界址点.txt``: GBK, CRLF, 国土 boundary format in three of its header variants, with and without zone prefix;
* ``<title>-总平图.dxf`` and ``<title>-<楼号>-单体图.dxf``: see ``docs/reference/drawing-generator.md``;
* ``expected.json``: the figures of :func:`web.seed.programs.expected` and, when a city is given, every overlap with a
  plan layer, clipped by hand (:func:`overlap_area`), not by the geometry library the platform uses.
"""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from math import atan2, degrees
from pathlib import Path
from typing import Any

from shapely.geometry.base import BaseGeometry

from web.seed.city import City
from web.seed.drawing_writer import Drawing, Point, rectangle
from web.seed.programs import PROGRAMS, Building, Floor, Program, Rect, expected
from web.seed.terrain import polygons

FIRM = "样例建筑设计院有限公司"
CLIENT = "样例置业有限公司"
_STALL_WIDTH, _STALL_DEPTH = 2.5, 5.3


# ── boundary file ────────────────────────────────────────────────────────────────────────────────────────────


def boundary_text(program: Program) -> bytes:
    """The 界址点 TXT (GBK, CRLF). Vertices clockwise from the north-west, X = north, Y = east, three decimals."""
    ring = program.ring[::-1]
    start = max(range(len(ring)), key=lambda i: (ring[i][1], -ring[i][0]))
    ring = ring[start:] + ring[:start]
    hectares = f"{Decimal(expected(program)['indicators']['ZYD']) / 10_000:.4f}"
    repeat = program.variant != "D"
    count = len(ring) + (1 if repeat else 0)
    head = {
        "A": f"{count},{hectares},1,{program.title},面,I49G001002,{program.land_use_name},,@",
        "B": f"{count},{hectares},1,{program.title},面,I49G001002,{program.land_use_name},{program.land_use},@",
        "D": f"{count},{hectares}公顷,,{program.title},面,,,@",
    }[program.variant]
    lines = ["[属性描述]"]
    if program.variant != "D":
        lines += ["格式版本号=1.01版本", f"数据产生单位={FIRM}", "数据产生日期=2026-03-12"]
    lines += ["坐标系=2000国家大地坐标系", "几度分带=3", "投影类型=高斯克吕格", "计量单位=米"]
    lines += ["带号=38"]  # also where the coordinates leave the prefix out, as many surveyors do
    if program.variant != "D":
        lines += ["精度=0.001", "转换参数=,,,,,,"]
    lines += ["[地块坐标]", head]
    rows = ring + (ring[:1] if repeat else [])
    for i, (east, north) in enumerate(rows):
        number = i % len(ring) + 1
        name = f"J{number}" if program.variant != "D" else str(number)
        lines.append(f"{name},1,{north:.3f},{'38' if program.zone else ''}{east:.3f}")
    return ("\r\n".join(lines) + "\r\n").encode("gbk")


# ── drawings ─────────────────────────────────────────────────────────────────────────────────────────────────


def _angle(program: Program) -> float:
    return round(degrees(atan2(program.frame.sin, program.frame.cos)), 6)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def site_plan(program: Program) -> bytes:
    """The site plan DXF: 1 unit = 1 m, true EPSG:4547 coordinates without zone prefix."""
    drawing = Drawing(
        version=program.version, naming=program.naming, carrier=program.carrier, angle=_angle(program)
    )
    at = program.frame.at
    figures = expected(program)["indicators"]
    drawing.ring(
        "site_boundary",
        program.ring,
        {"项目名称": program.title, "申报用地面积": figures["ZYD"]},
        note_at=at(3, 3),
        carrier="xdata" if program.carrier == "block" else program.carrier,
    )
    drawing.ring("control_line", program.frame.ring(program.control))
    if program.dedicated_green:
        drawing.ring("dedicated_green", _ring(program, program.dedicated_green))
        drawing.text("text", "代征绿地", at(110, 5), 3)
    if program.basement:
        outline = _ring(program, program.basement)
        where = at(program.basement.u0 + 2, program.basement.v1 - 3)
        drawing.ring("basement", outline, {"顶板高差": "-1.5"}, note_at=where, carrier="xdata")
    for green in program.greens:
        where = at(green.u0 + 2, green.v1 - 3)
        drawing.ring("green", _ring(program, green), {"类型": "绿地"}, note_at=where, carrier=_plain(program))
        drawing.hatch(_ring(program, green))
        _trees(drawing, program, green)
    for building in program.buildings:
        if building.footprint:
            _on_site_plan(drawing, program, building, building.footprint)
    for u, v, count in program.stall_rows:
        for i in range(count):
            drawing.stall(
                at(u + _STALL_WIDTH * i, v), {"位置": "地上"} if program.carrier == "xdata" else None
            )
        drawing.text("text", f"地上停车位 {count} 个", at(u, v + _STALL_DEPTH + 1.2), 2)
    for shed, count in program.bikes:
        where = at(shed.u0 + 1, shed.v1 - 1)
        drawing.ring(
            "parking_bike", _ring(program, shed), {"数量": count}, note_at=where, carrier=_plain(program)
        )
    for start, end in program.roads:
        drawing.segment("road", at(*start), at(*end))
    _surroundings(drawing, program)
    _measures(drawing, program)
    _site_titles(drawing, program, figures)
    return drawing.to_bytes()


def _plain(program: Program) -> Any:
    return "text" if program.carrier == "block" else program.carrier


def _ring(program: Program, rect: Rect) -> list[Point]:
    return program.frame.ring(rect.corners)


def _trees(drawing: Drawing, program: Program, green: Rect) -> None:
    """Trees every 8 m along the middle of a green area."""
    wide = green.u1 - green.u0 >= green.v1 - green.v0
    length = green.u1 - green.u0 if wide else green.v1 - green.v0
    for i in range(int(length // 8)):
        step = 4 + 8 * i
        u, v = (
            (green.u0 + step, (green.v0 + green.v1) / 2)
            if wide
            else ((green.u0 + green.u1) / 2, green.v0 + step)
        )
        drawing.tree(program.frame.at(u, v))


def _on_site_plan(drawing: Drawing, program: Program, building: Building, foot: Rect) -> None:
    at = program.frame.at
    attributes: dict[str, Any] = {
        "楼号": building.number,
        "建筑高度": building.height,
        "层数": building.storeys,
        "用途": building.usage,
        "耐火等级": "一级" if building.storeys > 9 else "二级",
    }
    drawing.ring("footprint", _ring(program, foot), attributes, note_at=at(foot.u0 + 3, foot.v1 - 3))
    outline = _outline(building.floors[0], foot)
    drawing.ring(
        "outline",
        program.frame.ring(outline),
        {"楼号": building.number},
        note_at=at(foot.u1 - 4, foot.v0 + 2),
    )
    label = f"{building.number}楼 {building.storeys}F 高{building.height}m"
    drawing.text("text", label, at((foot.u0 + foot.u1) / 2, (foot.v0 + foot.v1) / 2), 3, centred=True)
    ground = "±0.00=62.30"
    drawing.text("text", ground, at((foot.u0 + foot.u1) / 2, (foot.v0 + foot.v1) / 2 - 4), 2, centred=True)


def _outline(floor: Floor, foot: Rect) -> list[Point]:
    """The building's outline: footprint plus the balconies along its lower side."""
    points: list[Point] = [(foot.u0, foot.v0)]
    for balcony in floor.balconies:
        u0, u1, v0 = foot.u0 + balcony.u0, foot.u0 + balcony.u1, foot.v0 + balcony.v0
        points += [(u0, foot.v0), (u0, v0), (u1, v0), (u1, foot.v0)]
    return [*points, (foot.u1, foot.v0), (foot.u1, foot.v1), (foot.u0, foot.v1)]


def _surroundings(drawing: Drawing, program: Program) -> None:
    """Road red line and centre line outside the plot, and one neighbour's building."""
    at, us = program.frame.at, [u for u, _ in program.site]
    vs = [v for _, v in program.site]
    low, high, bottom = min(us), max(us), min(vs)
    drawing.path("road_red_line", [at(low - 40, bottom - 0.02), at(high + 40, bottom - 0.02)])
    drawing.path("road_red_line", [at(low - 40, bottom - 30), at(high + 40, bottom - 30)])
    drawing.path("centre", [at(low - 40, bottom - 15), at(high + 40, bottom - 15)])
    drawing.text("text", "规划道路", at(low + 20, bottom - 17), 4)
    near = Rect(high + 18, bottom + 30, high + 48, bottom + 46)
    drawing.ring(
        "adjacent",
        _ring(program, near),
        {"楼号": "邻1", "层数": 6},
        note_at=at(high + 20, bottom + 42),
        carrier=_plain(program),
    )


def _measures(drawing: Drawing, program: Program) -> None:
    """Dimensions: sides of the plot, buildings, and distances between neighbours."""
    ring = program.ring
    for start, end in zip(ring, [*ring[1:], ring[0]], strict=True):
        drawing.dimension(start, end, -6)
    for number, (east, north) in enumerate(ring, start=1):
        drawing.text("text", f"X={north:.3f}", (east + 1, north + 3), 1.6)
        drawing.text("text", f"Y={east:.3f}", (east + 1, north + 0.8), 1.6)
        drawing.text("text", f"J{number}", (east - 3, north + 1), 1.8)
    at = program.frame.at
    feet = [b.footprint for b in program.buildings if b.footprint]
    for foot in feet:
        drawing.dimension(at(foot.u0, foot.v1), at(foot.u1, foot.v1), 2)
        drawing.dimension(at(foot.u1, foot.v1), at(foot.u1, foot.v0), 2)
    for first, second in pairwise(feet):
        if first.v0 == second.v0:
            drawing.dimension(at(first.u1, first.v0 + 6), at(second.u0, second.v0 + 6), 0.5)


def _site_titles(drawing: Drawing, program: Program, figures: dict[str, str]) -> None:
    xs, ys = [x for x, _ in program.ring], [y for _, y in program.ring]
    left, bottom, right, top = min(xs) - 70, min(ys) - 90, max(xs) + 90, max(ys) + 40
    drawing.path("frame", rectangle(left, bottom, right, top), close=True)
    drawing.title_block(
        (right - 112, bottom + 2),
        110,
        [
            ("设计单位", FIRM), ("建设单位", CLIENT), ("项目名称", program.title), ("图名", "总平面图"),
            ("比例", "1:1000"), ("坐标系", "2000国家大地坐标系 中央子午线114°"),
            ("图号", "总施-01"), ("日期", "2026.03"),
        ],
    )  # fmt: skip
    table = [
        ("经济技术指标", ""), ("总用地面积(㎡)", figures["ZYD"]), ("净用地面积(㎡)", figures["JYD"]),
        ("总建筑面积(㎡)", figures["ZJZ"]),
        ("地上建筑面积(㎡)", figures["DSJZ"]), ("地下建筑面积(㎡)", figures["DXJZ"]),
        ("计容建筑面积(㎡)", figures["JRJZ"]), ("容积率", figures["RJL"]), ("建筑密度(%)", figures["JZMD"]),
        ("绿地率(%)", figures["LDL"]), ("机动车位(个)", figures["TCW"]),
    ]  # fmt: skip
    drawing.title_block((left + 2, bottom + 2), 80, table)
    facts = {
        "项目名称": program.title,
        "申报用地面积": figures["ZYD"],
        "总建筑面积": figures["ZJZ"],
        "用地代码": program.land_use,
    }
    drawing.info(facts, (left + 90, bottom + 40))
    drawing.north((right - 20, top - 24))
    drawing.text("text", f"{program.title} 总平面图 1:1000", ((left + right) / 2 - 30, top - 14), 6)


def building_plan(program: Program, building: Building) -> bytes:
    """One building's DXF: its floors side by side in local metres, each in a frame with its attributes."""
    drawing = Drawing(version=program.version, naming=program.naming, carrier=program.carrier)
    x = 0.0
    for floor in building.floors:
        x = _floor_plan(drawing, program, building, floor, x) + 20
    if building.footprint:
        _elevation(drawing, building, x)
    drawing.title_block(
        (0, -90),
        110,
        [
            ("设计单位", FIRM), ("建设单位", CLIENT), ("项目名称", program.title),
            ("子项", f"{building.number}楼" if building.footprint else "地下车库"), ("图名", "各层平面图"),
            ("比例", "1:100"), ("图号", f"建施-{building.number}-01"), ("日期", "2026.03"),
        ],
    )  # fmt: skip
    return drawing.to_bytes()


def _floor_plan(drawing: Drawing, program: Program, building: Building, floor: Floor, x: float) -> float:
    """One floor at x; returns the frame's right edge."""
    margin, width, depth = 14.0, floor.area.u1, floor.area.v1
    right, top = x + width + 2 * margin, depth + 2 * margin
    ox, oy = x + margin, margin

    def place(rect: Rect) -> list[Point]:
        return [(ox + u, oy + v) for u, v in rect.corners]

    attributes = {
        "楼号": building.number,
        "层名": floor.name,
        "起止层": floor.levels,
        "层高": floor.height,
        "用途": floor.usage,
        "标准层": floor.standard,
    }
    drawing.ring(
        "floor_frame",
        rectangle(x, 0, right, top),
        attributes,
        note_at=(x + 1, top - 1),
        carrier=_frame_carrier(program),
    )
    for outline in floor.outlines or (floor.area,):
        drawing.ring("area_full", place(outline))
        inner = Rect(outline.u0 + 0.2, outline.v0 + 0.2, outline.u1 - 0.2, outline.v1 - 0.2)
        drawing.path("wall", place(outline), close=True)
        drawing.path("wall", place(inner), close=True)
    small = _plain(program)
    for balcony in floor.balconies:
        drawing.ring(
            "balcony",
            place(balcony),
            {"位置": "主体外", "封闭": "否"},
            note_at=_inside(place(balcony)),
            carrier=small,
        )
    for bay in floor.bays:
        drawing.ring(
            "bay_window",
            place(bay),
            {"窗台高差": "0.6", "净高": "2.2"},
            note_at=_inside(place(bay)),
            carrier="xdata",
        )
    for i, unit in enumerate(floor.units, start=1):
        drawing.ring(
            "unit_inner", place(unit), {"户号": f"{i:02d}"}, note_at=_inside(place(unit)), carrier="xdata"
        )
        _rooms(drawing, place(unit))
    for shared in floor.shared:
        drawing.ring(
            "shared", place(shared), {"名称": "楼电梯间"}, note_at=_inside(place(shared)), carrier="xdata"
        )
    _stalls(drawing, floor, ox, oy)
    _axes(drawing, floor, ox, oy)
    drawing.dimension((ox, oy + depth), (ox + width, oy + depth), 4)
    drawing.dimension((ox + width, oy + depth), (ox + width, oy), 4)
    drawing.text("text", f"{floor.name}平面图 1:100", (x + margin, 3), 3)
    drawing.text("text", f"本层建筑面积 {floor.counted / floor.times:.2f} ㎡", (x + margin + 40, 3), 2)
    return right


def _frame_carrier(program: Program) -> Any:
    return "text" if program.carrier == "text" else "xdata"


def _inside(ring: list[Point]) -> Point:
    """Just inside the upper left corner of a rectangle."""
    (x0, y0), (x1, y1) = ring[0], ring[2]
    return x0 + 0.1 * (x1 - x0), y1 - 0.1 * (y1 - y0)


def _rooms(drawing: Drawing, ring: list[Point]) -> None:
    """Partition walls of a flat: seen by people only."""
    (x0, y0), (x1, y1) = ring[0], ring[2]
    for share in (0.35, 0.65):
        x = x0 + share * (x1 - x0)
        drawing.segment("wall", (x, y0), (x, y1))
    drawing.segment("wall", (x0, y0 + 0.55 * (y1 - y0)), (x1, y0 + 0.55 * (y1 - y0)))
    for text, u, v in (
        ("客厅", 0.5, 0.25),
        ("卧室", 0.17, 0.25),
        ("卧室", 0.83, 0.25),
        ("厨房", 0.17, 0.8),
        ("卫", 0.83, 0.8),
    ):
        drawing.text("text", text, (x0 + u * (x1 - x0), y0 + v * (y1 - y0)), 0.5, centred=True)


def _stalls(drawing: Drawing, floor: Floor, ox: float, oy: float) -> None:
    """Parking stalls of a garage floor: rows back to back with 6 m aisles, as many as the floor has."""
    rows = [v for v in (1.0, 12.6, 18.0, 29.6, 35.0, 45.6) if v + _STALL_DEPTH <= floor.area.v1 - 0.1]
    per_row = int((floor.area.u1 - 2) // _STALL_WIDTH)
    for i in range(floor.stalls):
        row, place = divmod(i, per_row)
        drawing.stall((ox + 1 + _STALL_WIDTH * place, oy + rows[row]), {"位置": "地下"})


def _axes(drawing: Drawing, floor: Floor, ox: float, oy: float) -> None:
    """Structural axes with their numbers."""
    width, depth = floor.area.u1, floor.area.v1
    count = max(2, round(width / 11))
    for i in range(count + 1):
        x = ox + width * i / count
        drawing.segment("axis", (x, oy - 4), (x, oy + depth + 3))
        drawing.text("axis", str(i + 1), (x, oy - 5.5), 1.2, centred=True)
    for i, letter in enumerate("ABC"):
        y = oy + depth * i / 2
        drawing.segment("axis", (ox - 4, y), (ox + width + 3, y))
        drawing.text("axis", letter, (ox - 5.5, y), 1.2, centred=True)


def _elevation(drawing: Drawing, building: Building, x: float) -> None:
    """A plain elevation with storey lines and the height dimension, beside the plans."""
    height, width = float(building.height), building.floors[0].area.u1
    drawing.path("wall", rectangle(x, 0, x + width, height), close=True)
    level = 0.3
    for floor in building.floors:
        if floor.outlines:
            continue
        for _ in range(floor.times):
            drawing.segment("wall", (x, level), (x + width, level))
            level += float(floor.height)
    drawing.dimension((x, 0), (x, height), 6)
    drawing.text("text", f"{building.number}楼立面图 1:100", (x + 4, -6), 3)


# ── folders ──────────────────────────────────────────────────────────────────────────────────────────────────


def project_files(program: Program) -> dict[str, bytes]:
    """File name → bytes of one sample project (without expected.json)."""
    files = {
        f"{program.title}-界址点.txt": boundary_text(program),
        f"{program.title}-总平图.dxf": site_plan(program),
    }
    for building in program.buildings:
        files[f"{program.title}-{building.number}-单体图.dxf"] = building_plan(program, building)
    return files


def folder_name(program: Program) -> str:
    """``A-样例花园``."""
    return f"{program.key}-{program.title}"


def write_projects(folder: Path, city: City | None = None) -> dict[str, Path]:
    """Write the three project folders; returns their paths by key. With a city, overlaps are part of expected.json."""
    out = {}
    for program in PROGRAMS:
        own = folder / folder_name(program)
        own.mkdir(parents=True, exist_ok=True)
        for name, data in project_files(program).items():
            (own / name).write_bytes(data)
        figures = expected_of(program, city)
        (own / "expected.json").write_text(
            json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
        out[program.key] = own
    return out


def expected_of(program: Program, city: City | None = None) -> dict[str, Any]:
    """Everything that must come out for a program."""
    figures = expected(program)
    out: dict[str, Any] = {
        "key": program.key,
        "title": program.title,
        "story": program.story,
        "boundary": {"area_m2": figures["indicators"]["ZYD"], "corners": program.ring},
        "plot": program.plot,
        "indicators": figures["indicators"],
        "limits": {code: {"operator": op, "value": value} for code, (op, value) in program.limits.items()},
    }
    if city is not None:
        out["overlaps"] = overlaps(program, city)
    return out


def overlaps(program: Program, city: City) -> dict[str, str]:
    """Layer code → overlap with the site, ㎡, two decimals; only layers that overlap by more than 0.01 ㎡."""
    out = {}
    for code, layer in city.layers.items():
        if code in ("JZDJ", "QYPG", "GDBH"):  # features of these overlap each other; a sum would mean nothing
            continue
        total = sum(overlap_area(shape, ring) for shape, _ in layer.features for ring in program.convex_rings)
        if total > 0.01:
            out[code] = f"{total:.2f}"
    return out


def overlap_area(shape: BaseGeometry, convex: list[Point]) -> float:
    """Area of ``shape`` inside a convex, counter-clockwise ring: outer rings less holes.

    Sutherland–Hodgman clipping: done by hand, so that it checks the geometry library instead of repeating it.
    """
    xs, ys = [x for x, _ in convex], [y for _, y in convex]
    x0, y0, x1, y1 = shape.bounds
    if x0 > max(xs) or x1 < min(xs) or y0 > max(ys) or y1 < min(ys):
        return 0.0
    total = 0.0
    for part in polygons(shape):
        total += _clipped(list(part.exterior.coords)[:-1], convex)
        for hole in part.interiors:
            total -= _clipped(list(hole.coords)[:-1], convex)
    return total


def _clipped(subject: list[Any], convex: list[Point]) -> float:
    base_x, base_y = convex[0]
    points: list[Point] = [(p[0] - base_x, p[1] - base_y) for p in subject]
    clip = [(x - base_x, y - base_y) for x, y in convex]
    for (ax, ay), (bx, by) in zip(clip, [*clip[1:], clip[0]], strict=True):
        out: list[Point] = []
        for p, q in zip(points, [*points[1:], *points[:1]], strict=True):
            side_p = (bx - ax) * (p[1] - ay) - (by - ay) * (p[0] - ax)
            side_q = (bx - ax) * (q[1] - ay) - (by - ay) * (q[0] - ax)
            if side_p >= 0:
                out.append(p)
            if (side_p >= 0) != (side_q >= 0):
                out.append(_between(p, q, side_p / (side_p - side_q)))
        points = out
        if not points:
            return 0.0
    area = 0.0
    for (px, py), (qx, qy) in zip(points, [*points[1:], points[0]], strict=True):
        area += px * qy - qx * py
    return abs(area) / 2
