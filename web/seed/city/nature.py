"""Bottom lines and nature: growth boundary, red lines, forest, farmland outside, hazards."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from web.seed import sites
from web.seed.city.ground import (
    MAP,
    XMAX,
    XMIN,
    YMAX,
    YMIN,
    City,
    Ground,
    around,
    cells,
    minus,
    within,
)
from web.seed.terrain import GRID, Array, Field, bump, polygons, region, tidy, waves


def growth_boundary(city: City, g: Ground) -> BaseGeometry:
    """CZKFBJ: 集中建设区 around the blocks, 弹性发展区 in the east, 特别用途区 along the river."""
    layer = city.layer("CZKFBJ", "城镇开发边界")
    wide = (
        shapely.union_all([around(b, 60) for b in g.blocks])
        .buffer(260, quad_segs=4)
        .buffer(-240, quad_segs=4)
    )
    largest = max(polygons(wide), key=lambda p: p.area)
    # the boundary follows fields and ridges, not the streets: let it waver
    ring = shapely.get_coordinates(shapely.segmentize(Polygon(largest.exterior).simplify(25), 120))
    noise = waves(g.rng, 8, 900, 2600)
    centre = np.array([largest.centroid.x, largest.centroid.y])
    out = ring - centre
    out *= (1 + (18 * np.abs(noise(ring[:, 0], ring[:, 1])) / np.hypot(out[:, 0], out[:, 1])))[:, None]
    core = minus(Polygon(out + centre), g.river)
    layer.add(core, GHFQDM="01", GHFQMC="城镇集中建设区", XZQMC="样例新区")
    east = within(around(Point(490_700, 3_115_900), 1_100), MAP)
    layer.add(minus(east, core, g.water), GHFQDM="02", GHFQMC="城镇弹性发展区", XZQMC="样例新区")
    strip = minus(within(around(g.river, 130), around(core, 120)), core, east, g.river)
    bank = minus(strip.buffer(-35).buffer(35), core, east, g.river)
    bank = MultiPolygon([p for p in bank.geoms if p.area > 6_000])
    layer.add(bank, GHFQDM="03", GHFQMC="特别用途区", XZQMC="样例新区")
    return layer.union()


def nature(city: City, g: Ground, urban: BaseGeometry) -> None:
    """STBHHX, ZRBHD, LINDI, STBC, DZZH from the hills; LX, HLFX, YYSY from the water."""
    red = city.layer("STBHHX", "生态保护红线")
    ridge = minus(region(g.hills, 0.74, sites.EXTENT), urban, around(g.built, 30))
    names = {"N": "北岭水源涵养区", "W": "西山生物多样性维护区", "S": "南岭水土保持区", "E": "东岭水土保持区"}
    for part in sorted(ridge.geoms, key=lambda p: -p.area):
        if part.area > 60_000:
            x, y = part.centroid.x, part.centroid.y
            side = "S" if y < 3_112_000 else "W" if x < 482_300 else "E" if x > 489_500 else "N"
            red.add(part, HXMC=names[side], LHLX="生态功能极重要区", XZQMC="样例新区", MJ=round(part.area, 2))
    wetland = minus(within(around(g.river, 85), shapely.box(487_900, YMIN, XMAX, 3_114_200)), urban)
    red.add(wetland, HXMC="样江湿地", LHLX="生态环境极敏感区", XZQMC="样例新区", MJ=round(wetland.area, 2))
    reserve = city.layer("ZRBHD", "自然保护地")
    peaks = region(g.hills, 1.12, sites.EXTENT, smallest=80_000)
    for i, part in enumerate(sorted(peaks.geoms, key=lambda p: -p.area)):
        name = f"样例山森林公园{'一二三四五六七八九十'[i % 10]}区"
        reserve.add(minus(part, urban), MC=name, JB="省级", GNQ="一般控制区")
    forest = city.layer("LINDI", "林地")
    kinds = (
        ("0301", "乔木林地", "国家二级公益林"),
        ("0302", "竹林地", "商品林"),
        ("0305", "灌木林地", "商品林"),
    )
    for shape in cells(g.rng, g.forest, 420.0):
        code, name, kind = kinds[int(g.rng.choice(3, p=[0.62, 0.18, 0.20]))]
        forest.add(shape, DLBM=code, DLMC=name, LMSYQ="集体", GYLDJ=kind, MJ=round(shape.area, 2))
    _hazards(city, g)
    water = city.layer("LX", "蓝线")
    water.add(within(around(g.river, 25), MAP), MC="样江蓝线", SXLX="河流")
    water.add(minus(within(around(g.brook, 10), MAP), around(g.river, 25)), MC="石溪蓝线", SXLX="河流")
    flood = city.layer("HLFX", "洪涝风险控制线")
    inner: BaseGeometry = Polygon()
    noise = waves(g.rng, 10, 500, 1800)
    for level, reach in (("高", 60.0), ("中", 150.0), ("低", 260.0)):
        outer = _flood_reach(g, reach, noise)
        ring = minus(outer, inner) if not inner.is_empty else outer
        for part in ring.geoms:
            if part.area > 2_000:
                flood.add(part, FXDJ=level, CXQ={"高": "10年一遇", "中": "20年一遇", "低": "50年一遇"}[level])
        inner = shapely.union(inner, outer, grid_size=GRID)
    intake = g.river_line.interpolate(1_650)
    source = city.layer("YYSY", "饮用水水源保护区")
    first = within(around(Point(intake), 420), around(g.river, 50))
    second = minus(within(around(Point(intake), 1_150), around(g.river, 130)), first)
    source.add(first, MC="样江水厂一级保护区", JB="一级")
    source.add(second, MC="样江水厂二级保护区", JB="二级")


def _flood_reach(g: Ground, reach: float, noise: Field) -> MultiPolygon:
    """Land within about ``reach`` metres of the river, here more and there less."""
    bank = g.river.simplify(4)
    shapely.prepare(bank)

    def depth(x: Array, y: Array) -> Array:
        out: Array = reach * (1 + 0.35 * noise(x, y)) - shapely.distance(shapely.points(x, y), bank)
        return out

    _, ymin, _, ymax = bank.bounds
    around = (XMIN, max(YMIN, ymin - 2 * reach), XMAX, min(YMAX, ymax + 2 * reach))
    return tidy(shapely.union(region(depth, 0.0, around, step=40, smallest=4_000), g.river, grid_size=GRID))


def _hazards(city: City, g: Ground) -> None:
    """DZZH and STBC: foothills and slopes. Both reach down to the plot of sample project A."""
    slope_noise = waves(g.rng, 14, 600, 2400)

    def slope(x: Array, y: Array) -> Array:
        tongue = bump(x, y, 486_080, 3_116_620, 330, 400, 1.62)
        clear = bump(x, y, 486_720, 3_116_740, 240, 260, 1.3)
        return g.hills(x, y) + 0.08 * slope_noise(x, y) + tongue - clear

    hazard = city.layer("DZZH", "地质灾害易发区")
    high = region(g.hills, 0.95, sites.EXTENT)
    middle = minus(region(slope, 0.34, sites.EXTENT), high)
    low = minus(region(slope, 0.02, sites.EXTENT), high, middle)
    for level, shape in (("高", high), ("中", middle), ("低", low)):
        for part in shape.geoms:
            if part.area > 0.5:
                hazard.add(
                    part,
                    YFCD=level,
                    ZHLX="滑坡、崩塌" if level != "低" else "地面塌陷",
                    MJ=round(part.area, 2),
                )
    slopes = city.layer("PDFJ", "坡度分级")
    for grade, shape in ((1, minus(MAP, high, middle, low)), (2, low), (3, middle), (4, high)):
        for part in shape.geoms:
            if part.area > 0.5:
                slopes.add(part, PDJB=grade, MC="平地" if grade == 1 else "坡地")
    soil = city.layer("STBC", "水土流失重点防治区")
    control_noise = waves(g.rng, 10, 900, 3000)

    def control(x: Array, y: Array) -> Array:
        return g.hills(x, y) + 0.10 * control_noise(x, y) + bump(x, y, 486_080, 3_116_560, 400, 560, 2.1)

    key = region(control, 0.20, sites.EXTENT)
    for part in key.geoms:
        north = part.centroid.y > 3_114_000
        soil.add(
            part, FQMC="北部丘陵水土流失重点治理区" if north else "南部丘陵水土流失重点预防区", JB="省级"
        )
