"""Heritage, safety distances and corridors."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from web.seed import sites
from web.seed.city.ground import (
    AIRPORT,
    AIRPORT_ELEVATION,
    MAP,
    OLD_TOWN,
    City,
    Ground,
    around,
    minus,
    within,
)
from web.seed.terrain import Array, bump, region, tidy, waves


def heritage(city: City, g: Ground) -> None:
    """ZX, WWBH, JKDD in the old town; DXWW by the river terrace and on the northern hill foot."""
    old = around(Point(OLD_TOWN), 640)
    purple = city.layer("ZX", "紫线")
    streets_old = [p.shape for p in g.plots if old.contains(p.shape) and not p.fixed]
    core = minus(shapely.union_all([around(p, 6) for p in streets_old]).buffer(-6), g.road_surface)
    for i, part in enumerate(sorted(core.geoms, key=lambda p: -p.area)):
        if part.area > 4_000:
            purple.add(part, MC=f"样例古城历史文化街区{i + 1}片", JB="省级", MJ=round(part.area, 2))
    kept, zone = city.layer("WWBH", "文物保护范围"), city.layer("JKDD", "建设控制地带")
    named = (
        "文昌阁",
        "样江书院",
        "城隍庙",
        "古码头",
        "节孝坊",
        "明城墙遗址",
        "万寿宫",
        "红军标语墙",
        "龙王庙",
        "石拱桥",
    )
    candidates = sorted(g.plots, key=lambda p: p.shape.centroid.distance(Point(OLD_TOWN)))
    chosen = [p for i, p in enumerate(candidates[:60]) if i % 6 == 2 and not p.fixed]
    ranges: list[tuple[str, BaseGeometry]] = []
    for name, plot in zip(named, chosen, strict=False):
        spot = plot.shape.representative_point()
        size = float(g.rng.uniform(16, 34))
        ring = [
            (spot.x + size * r * np.cos(a), spot.y + 0.7 * size * r * np.sin(a))
            for a, r in zip(
                np.linspace(0.2, 6.2, 9, endpoint=False), g.rng.uniform(0.8, 1.25, 9), strict=True
            )
        ]
        ranges.append((name, tidy(shapely.convex_hull(Polygon(ring)))))
    every = shapely.union_all([r for _, r in ranges])
    for name, shape in ranges:
        level = "省级" if name in ("文昌阁", "样江书院", "明城墙遗址") else "市级"
        kept.add(shape, MC=name, JB=level, GBH=f"样文保〔2019〕{len(kept.features) + 1}号")
        limit = 12.0 if level == "省级" else 18.0
        zone.add(minus(around(shape, 55), every), MC=f"{name}建设控制地带", XG=limit, JB=level)
    relics = city.layer("DXWW", "地下文物埋藏区")
    noise = waves(g.rng, 10, 500, 1500)

    def likely(x: Array, y: Array) -> Array:
        found = bump(x, y, 484_500, 3_113_600, 700, 420) + bump(x, y, 488_100, 3_114_050, 520, 300)
        found += bump(x, y, 485_200, 3_118_050, 380, 300) + bump(x, y, 481_000, 3_113_800, 420, 380)
        total: Array = found + 0.1 * noise(x, y)
        return total

    known = ("石溪遗址", "古城遗址", "北岭墓群", "样江东汉墓群", "窑址群")
    found = region(likely, 0.55, sites.EXTENT, smallest=40_000)
    for i, part in enumerate(sorted(found.geoms, key=lambda p: p.centroid.x)):
        relics.add(part, MC=known[i % 5], DJ="地下文物埋藏区", MJ=round(part.area, 2))


def corridors(city: City, g: Ground) -> None:
    """GYZL, GDBH, DZDL, JCJK, YFK: lines with a width, rings around the airport, ore bodies."""
    power = city.layer("GYZL", "高压走廊")
    for name, points, half in (
        (
            "500千伏西湘线",
            [(480_000, 3_113_050), (482_050, 3_113_000), (482_150, 3_118_900), (484_000, 3_120_000)],
            35.0,
        ),
        (
            "220千伏东环线",
            [(490_550, 3_110_000), (490_620, 3_114_000), (490_500, 3_117_500), (491_300, 3_120_000)],
            25.0,
        ),
        ("110千伏样例变出线", [(482_140, 3_118_560), (485_200, 3_118_640), (490_540, 3_118_480)], 15.0),
    ):
        band = within(LineString(points).buffer(half, join_style="mitre"), MAP)
        power.add(band, MC=name, DYDJ=name[:5], ZLKD=2 * half)
    rail = city.layer("GDBH", "轨道交通保护区")
    line1 = LineString(
        [(481_900, 3_114_700), (483_400, 3_114_760), (484_600, 3_115_050), (486_000, 3_115_080),
         (487_300, 3_115_100), (488_700, 3_115_500), (490_200, 3_115_560)]
    )  # fmt: skip
    line2 = LineString(
        [(487_160, 3_112_700), (487_180, 3_114_200), (487_100, 3_115_600), (487_150, 3_116_700), (487_500, 3_118_600)]
    )  # fmt: skip
    for name, line in (("轨道交通1号线", _rounded(line1)), ("轨道交通2号线(规划)", _rounded(line2))):
        special = tidy(line.buffer(10))
        rail.add(minus(line.buffer(50), special), MC=f"{name}控制保护区", FW="控制保护区")
        rail.add(special, MC=f"{name}特别保护区", FW="特别保护区")
    fault = city.layer("DZDL", "地震断裂带避让")
    crack = _rounded(
        LineString([(480_000, 3_118_000), (482_600, 3_118_700),
                    (485_000, 3_118_900), (488_000, 3_119_500), (492_000, 3_119_300)])
    )  # fmt: skip
    near = within(crack.buffer(100), MAP)
    fault.add(near, MC="北岭断裂", BRJL=100.0, DJ="避让")
    fault.add(minus(within(crack.buffer(200), MAP), near), MC="北岭断裂", BRJL=200.0, DJ="限制")
    _airport(city)
    ore = city.layer("YFK", "压覆矿产")
    noise = waves(g.rng, 10, 700, 2600)

    def body(x: Array, y: Array) -> Array:
        z = bump(x, y, 486_200, 3_116_700, 620, 520) + bump(x, y, 481_300, 3_115_200, 620, 500)
        z += bump(x, y, 490_300, 3_118_200, 700, 420) + bump(x, y, 483_900, 3_110_800, 800, 300)
        total: Array = z + 0.08 * noise(x, y)
        return total

    found = region(body, 0.55, sites.EXTENT, smallest=40_000)
    for i, part in enumerate(sorted(found.geoms, key=lambda p: p.centroid.x)):
        ore.add(part, MC=("西山煤矿区", "南岭石灰岩矿区", "样例地热水勘查区", "东岭高岭土矿区", "北岭矿区")[i % 5],
                KZ=("煤", "水泥用灰岩", "地热水", "高岭土", "萤石")[i % 5], MJ=round(part.area, 2))  # fmt: skip


def _rounded(line: LineString) -> LineString:
    """A line with its corners cut three times, so that it bends like a track."""
    points = shapely.get_coordinates(line)
    for _ in range(3):
        a, b = points[:-1], points[1:]
        cut = np.empty((2 * len(a), 2))
        cut[0::2], cut[1::2] = 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b
        points = np.vstack([points[:1], cut, points[-1:]])
    return LineString(points)


def _airport(city: City) -> None:
    """JCJK: inner horizontal surface (45 m above the aerodrome), conical surface in five steps, approach fans.

    XG_GC is the limiting elevation in metres above sea level; of a sloping surface, that of its lowest edge.
    """
    layer = city.layer("JCJK", "机场净空")
    runway = LineString([(AIRPORT[0] - 900, AIRPORT[1] - 300), (AIRPORT[0] + 900, AIRPORT[1] + 300)])
    name = "样例通用机场"
    strip = runway.buffer(150, cap_style="square")
    layer.add(within(strip, MAP), JG=name, ZKM="升降带", XG_GC=AIRPORT_ELEVATION)
    inner = runway.buffer(2_500, quad_segs=24)
    layer.add(minus(within(inner, MAP), strip), JG=name, ZKM="内水平面", XG_GC=AIRPORT_ELEVATION + 45)
    previous: BaseGeometry = inner
    for step in range(5):
        outer = runway.buffer(2_500 + 320 * (step + 1), quad_segs=24)
        ring = minus(within(outer, MAP), previous)
        layer.add(ring, JG=name, ZKM=f"锥形面{step + 1}", XG_GC=AIRPORT_ELEVATION + 45 + 16 * step)
        previous = outer
