"""Named functions of 权籍调查: boundary points, areas, edges, neighbours, accuracy.

Coordinates in m of the parcel's own projected CRS (``x`` north, ``y`` east, as boundary tables write them).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from elements.engine.functions import function
from elements.engine.rounding import measured, round_to
from elements.engine.trace import Rows, num, verdict
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import comparable, number_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_ZERO = Decimal(0)

#: how far apart two boundaries may run and still be the same line, m
_TOUCH = 0.05


def _points(rows: Rows, what: str = "界址点") -> list[tuple[str, Decimal, Decimal]]:
    out = [
        (str(r.get("no") or i), number_of(r, "x", what), number_of(r, "y", what))
        for i, r in enumerate(rows, 1)
    ]
    if len(out) > 1 and out[0][1:] == out[-1][1:]:
        out.pop()
    if len(out) < 3:
        raise Undecided(Missing(what, what, f"{what}不足 3 个", "fewer than three boundary points"))
    return out


def _ring(points: Sequence[tuple[str, Decimal, Decimal]]) -> tuple[BaseGeometry, str]:
    """The polygon (x east, y north) and, where it crosses itself, in what way."""
    from shapely import Polygon  # late: most businesses measure nothing
    from shapely.validation import explain_validity

    polygon = Polygon([(float(y), float(x)) for _, x, y in points])
    return polygon, "" if polygon.is_valid else str(explain_validity(polygon))


def _polygon(rows: Rows, what: str = "界址点") -> BaseGeometry:
    polygon, why = _ring(_points(rows, what))
    if why:
        raise Undecided(Missing(what, what, f"{what}围成的图形自相交（{why}）", "invalid ring"))
    return polygon


def _edges(rows: Rows) -> list[tuple[str, Decimal]]:
    points = _points(rows)
    with localcontext() as context:
        context.prec = 40
        return [
            (f"{a[0]}–{b[0]}", ((a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2).sqrt())
            for a, b in zip(points, points[1:] + points[:1], strict=True)
        ]


def _twice_signed(points: Sequence[tuple[str, Decimal, Decimal]]) -> Decimal:
    """Twice the signed area with y east, x north; negative when the points run clockwise."""
    turned = points[1:] + points[:1] if isinstance(points, list) else [*points[1:], *points[:1]]
    return sum((a[2] * b[1] - b[2] * a[1] for a, b in zip(points, turned, strict=True)), _ZERO)


@function("cadastre.area", "S = ½|Σ(yᵢ·xᵢ₊₁ − yᵢ₊₁·xᵢ)|")
def cadastre_area(points: Rows) -> Computed:
    """Area ㎡ from boundary points ``{no, x, y}``, exact in decimals; a ring that crosses itself is 无法判定."""
    _polygon(points)
    own = _points(points)
    return Computed(abs(_twice_signed(own)) / 2, substituted=f"{len(own)} 个界址点坐标解析计算")


@function("cadastre.perimeter", "Σ 界址边长")
def cadastre_perimeter(points: Rows) -> Computed:
    """Perimeter m from boundary points."""
    edges = _edges(points)
    return Computed(
        sum((d for _, d in edges), _ZERO),
        substituted=" + ".join(num(round_to(d, 2)) for _, d in edges[:60]),
        steps=tuple(Step(name, "坐标反算", num(round_to(d, 3))) for name, d in edges[:200]),
    )


@function("cadastre.shortest", "min(界址边长)")
def cadastre_shortest(points: Rows) -> Computed:
    """Shortest boundary edge m."""
    name, length = min(_edges(points), key=lambda e: e[1])
    return Computed(length, substituted=f"{name}:{num(round_to(length, 3))}")


@function("cadastre.point_count", "界址点个数（首尾重复点计一次）")
def cadastre_count(points: Rows) -> Computed:
    """Number of boundary points."""
    return Computed(Decimal(len(_points(points))), substituted=f"{len(_points(points))} 点")


@function("cadastre.sound", "界址线闭合、不自相交、无重复点")
def cadastre_sound(points: Rows) -> Computed:
    """Whether the points form one simple ring without double points."""
    own = _points(points)
    often = Counter((x, y) for _, x, y in own)
    double = [n for n, x, y in own if often[x, y] > 1]
    why = f"重复点 {'、'.join(double)}" if double else _ring(own)[1]
    if not why and _twice_signed(own) == 0:
        why = "各点在一直线上"
    return Computed(verdict(not why), substituted=why or f"{len(own)} 点围成简单多边形")


@function("cadastre.clockwise", "界址点顺时针编号")
def cadastre_clockwise(points: Rows) -> Computed:
    """Whether the points run clockwise (x north, y east)."""
    ok = _twice_signed(_points(points)) < 0
    return Computed(verdict(ok), substituted="顺时针" if ok else "逆时针")


@function("cadastre.numbering", "点号 J1、J2 … 连续")
def cadastre_numbering(points: Rows) -> Computed:
    """Whether point numbers run without gap: a common letter prefix and consecutive numbers."""
    numbers = [n for n, _, _ in _points(points)]
    found = [re.fullmatch(r"([A-Za-z]*)0*(\d+)", n) for n in numbers]
    ok = all(found) and len({m.group(1) for m in found if m}) == 1
    if ok:
        values = [int(m.group(2)) for m in found if m]
        ok = values == list(range(values[0], values[0] + len(values)))
    return Computed(verdict(bool(ok)), substituted=f"{numbers[0]} … {numbers[-1]}")


@function("cadastre.edge_gap", "max |坐标反算边长 − 丈量边长|")
def cadastre_edge_gap(points: Rows) -> Computed:
    """Greatest difference m between the edge from coordinates and the taped one (``edge``: to the next point)."""
    stated = [r.get("edge") for r in points][: len(_points(points))]
    edges = _edges(points)
    if any(s is None for s in stated):
        raise Undecided(Missing("edge", "丈量边长", "有界址边没有丈量边长", "an edge was not taped"))
    gaps = [(n, abs(d - Decimal(str(s)))) for (n, d), s in zip(edges, stated, strict=True)]
    worst = max(gaps, key=lambda g: g[1])
    return Computed(worst[1], substituted=f"{worst[0]}:{num(round_to(worst[1], 4))} m")


def _differences(checks: Rows) -> list[tuple[str, Decimal]]:
    if not checks:
        raise Undecided(Missing("checks", "检测界址点", "没有检测界址点", "no check points"))
    out = []
    with localcontext() as context:
        context.prec = 40
        for row in checks:
            dx = number_of(row, "x2", "检测点") - number_of(row, "x", "检测点")
            dy = number_of(row, "y2", "检测点") - number_of(row, "y", "检测点")
            out.append((str(row.get("no")), (dx * dx + dy * dy).sqrt()))
    return out


@function("cadastre.point_rms", "M = √(ΣΔ² ÷ n)(高精度检测)或 √(ΣΔ² ÷ 2n)(同精度检测)")
def cadastre_rms(checks: Rows, manner: str) -> Computed:
    """点位中误差 m of re-measured points ``{no, x, y, x2, y2}``; ``manner`` 高精度 or 同精度."""
    gaps = _differences(checks)
    divisor = {"高精度": 1, "同精度": 2}[manner] * len(gaps)
    with localcontext() as context:
        context.prec = 40
        total = sum((g * g for _, g in gaps), _ZERO)
        value = (total / divisor).sqrt()
    return Computed(
        value,
        substituted=f"√({num(total)} ÷ {divisor})",
        steps=tuple(Step(n, "点位较差", num(round_to(g, 4))) for n, g in gaps[:100]),
    )


@function("cadastre.worst_point", "max(界址点检测较差)")
def cadastre_worst(checks: Rows) -> Computed:
    """Greatest displacement m of a re-measured point."""
    name, gap = max(_differences(checks), key=lambda g: g[1])
    return Computed(gap, substituted=f"{name}:{num(round_to(gap, 4))} m")


@function("cadastre.overlap", "Σ 与其他宗地的重叠面积")
def cadastre_overlap(points: Rows, others: Rows, least: Decimal = Decimal("0.01")) -> Computed:
    """Area ㎡ shared with other parcels (records ``{name, ring: [{x, y} …]}``); below ``least`` they only touch."""
    own = _polygon(points)
    steps = []
    total = _ZERO
    for row in others:
        area = measured(own.intersection(_polygon(row.get("ring") or [], str(row.get("name")))).area)
        if area >= least:
            total += area
            steps.append(Step(str(row.get("name")), "重叠", f"{num(round_to(area, 2))} ㎡"))
    return Computed(
        total, substituted=";".join(f"{s.name} {s.value}" for s in steps) or "无重叠", steps=tuple(steps)
    )


@function("cadastre.outside", "宗地超出批准范围的面积")
def cadastre_outside(points: Rows, approved: Rows) -> Computed:
    """Area ㎡ of the parcel outside the approved boundary."""
    area = measured(_polygon(points).difference(_polygon(approved, "批准范围")).area)
    return Computed(area, substituted=f"{num(round_to(area, 4))} ㎡")


def _sides(points: Rows, neighbours: Rows) -> dict[str, list[str]]:
    """Names of neighbours by the side of the parcel their shared line lies on (or, without one, they lie on)."""
    own = _polygon(points)
    centre = own.centroid
    sides: dict[str, list[str]] = {"东": [], "南": [], "西": [], "北": []}
    west, south, east, north = own.bounds
    for row in neighbours:
        other = _polygon(row.get("ring") or [], str(row.get("name")))
        shared = own.boundary.intersection(other.buffer(_TOUCH))
        place = shared.centroid if not shared.is_empty and shared.length > 0 else other.centroid
        dx = (place.x - centre.x) / max(east - west, 1e-9)
        dy = (place.y - centre.y) / max(north - south, 1e-9)
        side = ("东" if dx > 0 else "西") if abs(dx) >= abs(dy) else ("北" if dy > 0 else "南")
        sides[side].append(str(row.get("name")))
    return sides


@function("cadastre.sides", "按图形方位得出的四至")
def cadastre_sides(points: Rows, neighbours: Rows) -> Computed:
    """四至 found on the map: neighbours ``{name, ring}`` by side; a side without one stays empty."""
    sides = _sides(points, neighbours)
    return Computed(
        {k: "、".join(v) or "—" for k, v in sides.items()}, substituted=f"{len(neighbours)} 个邻宗"
    )


@function("cadastre.sides_agree", "记载四至与图形方位一致")
def cadastre_sides_agree(
    points: Rows, neighbours: Rows, east: str, south: str, west: str, north: str
) -> Computed:
    """Whether every neighbour found on the map is named on its side of the recorded 四至."""
    stated = {"东": east, "南": south, "西": west, "北": north}
    faults = [
        f"{side}侧邻宗“{name}”，记载为“{stated[side]}”"
        for side, names in _sides(points, neighbours).items()
        for name in names
        if comparable(name) not in comparable(stated[side])
    ]
    return Computed(verdict(not faults), substituted=";".join(faults) or "四至与图形方位一致")


def _shared_length(own: BaseGeometry, other: BaseGeometry) -> Decimal:
    """Length m of ``own``'s boundary along ``other``; the overhang of the tolerance at both ends is taken off."""
    found = own.boundary.intersection(other.buffer(_TOUCH))
    lines = [g for g in getattr(found, "geoms", [found]) if g.geom_type == "LineString"]
    if not lines:
        return _ZERO
    from shapely import MultiLineString, line_merge

    merged = line_merge(MultiLineString(lines))
    pieces = list(getattr(merged, "geoms", [merged]))
    kept = [p.length if p.is_ring else max(p.length - 2 * _TOUCH, 0.0) for p in pieces]
    return measured(sum(kept))


@function("cadastre.shared_line", "Σ 与邻宗相接的界址线长")
def cadastre_shared_line(points: Rows, neighbours: Rows) -> Computed:
    """Length m of the parcel's boundary that runs along neighbours ``{name, ring}`` (within 0.05 m)."""
    own = _polygon(points)
    parts = [
        (str(r.get("name")), _shared_length(own, _polygon(r.get("ring") or [], str(r.get("name")))))
        for r in neighbours
    ]
    return Computed(
        sum((v for _, v in parts), _ZERO),
        substituted=" + ".join(f"{n} {num(round_to(v, 3))}" for n, v in parts) or "0",
    )


@function("cadastre.spacing_limit", "界址点间距允许误差")
def cadastre_spacing_limit(length: Decimal, limits: Rows) -> Computed:
    """Permitted difference m of an edge: the grade's ``spacing``; below 50 m ``m + 0.02·m·D`` if smaller."""
    row = limits[0]
    cap, rms = Decimal(row["spacing"]), Decimal(row["rms"])
    value = min(cap, rms + Decimal("0.02") * rms * length) if length < 50 else cap
    return Computed(value, substituted=f"边长 {num(round_to(length, 3))} m → {num(value)} m")


@function("cadastre.area_error", "m_S = (m ÷ √2) × √(Σ Dᵢ²) ÷ 2,Dᵢ 为 i−1 至 i+1 点的距离")
def cadastre_area_error(points: Rows, rms: Decimal) -> Computed:
    """Standard error ㎡ of a coordinate area when every point has 点位中误差 ``rms`` m (equal in x and y)."""
    own = _points(points)
    count_ = len(own)
    total = _ZERO
    for i in range(count_):
        a, b = own[i - 1], own[(i + 1) % count_]
        total += (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
    with localcontext() as context:
        context.prec = 40
        value = rms / Decimal(2).sqrt() * total.sqrt() / 2
    return Computed(value, substituted=f"({num(rms)} ÷ √2) × √{num(total)} ÷ 2")
