"""The sample city 样例新区: plan layers with believable shapes, made from one fixed seed.

``build_city()`` returns every layer in memory, ``write_city(folder)`` writes one GeoPackage per layer code.
CRS EPSG:4547 (CGCS2000, 3° zone, central meridian 114° E, no zone prefix); all coordinates on the millimetre.
Nothing here is a real place. Rules the layers keep (checked by ``tests/unit/seed``): geometries are valid; road
surfaces do not overlap each other or plots; farmland lies outside the built area, the river and the roads;
DLTB covers the whole map without gaps or overlaps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from web.seed import sites, streets
from web.seed.terrain import GRID, Array, Field, bump, meanders, polygons, region, ribbon, tidy, waves

SEED = 20_260_101
VERSION = "2026.1"
VALID_FROM = "2026-01-01"
#: codes of all layers, as in the layer catalogue
CODES = (
    "KG_DK", "DLHX", "LVX", "HX", "CZKFBJ", "STBHHX", "ZRBHD", "LINDI", "DZZH", "STBC", "LX", "HLFX", "YYSY", "DLTB",
    "YJJBNT", "ZD", "ZX", "WWBH", "JKDD", "DXWW", "GYZL", "GDBH", "DZDL", "JCJK", "YFK", "JZDJ", "QYPG", "PDFJ",
    "ZGYT",
)  # fmt: skip
XMIN, YMIN, XMAX, YMAX = sites.EXTENT
MAP = Polygon([(XMIN, YMIN), (XMAX, YMIN), (XMAX, YMAX), (XMIN, YMAX)])
CENTRE = (485_900.0, 3_115_300.0)
OLD_TOWN = (483_900.0, 3_114_000.0)
AIRPORT = (491_300.0, 3_110_900.0)
AIRPORT_ELEVATION = 62.0


@dataclass(slots=True)
class Layer:
    """One plan layer: code, Chinese name, and its features as (polygon or multipolygon, attributes)."""

    code: str
    name: str
    features: list[tuple[BaseGeometry, dict[str, Any]]] = field(default_factory=list)

    def add(self, shape: BaseGeometry, **attributes: Any) -> None:
        """Add a feature (nothing when the shape has no area); ``BSM`` numbers features from 1."""
        parts = [p for p in polygons(shape) if p.area > 0.5]
        if parts:
            self.features.append((MultiPolygon(parts), {"BSM": len(self.features) + 1, **attributes}))

    def union(self) -> BaseGeometry:
        """All of it as one shape."""
        return shapely.union_all([g for g, _ in self.features], grid_size=GRID)

    def digest(self) -> str:
        """SHA-256 over geometry bytes and attributes, in order."""
        total = hashlib.sha256(self.code.encode())
        for shape, attributes in self.features:
            total.update(shapely.to_wkb(shape, byte_order=1))
            total.update(repr(sorted(attributes.items())).encode())
        return total.hexdigest()


@dataclass(slots=True)
class City:
    """All layers by code."""

    layers: dict[str, Layer] = field(default_factory=dict)

    def layer(self, code: str, name: str) -> Layer:
        """A new, empty layer."""
        self.layers[code] = Layer(code, name)
        return self.layers[code]

    def __getitem__(self, code: str) -> Layer:
        return self.layers[code]


def _around(shape: BaseGeometry, distance: float) -> BaseGeometry:
    return shape.buffer(distance, quad_segs=6)


def _minus(shape: BaseGeometry, *others: BaseGeometry) -> MultiPolygon:
    for other in others:
        shape = shapely.difference(shape, other, grid_size=GRID)
    return tidy(shape)


def _within(shape: BaseGeometry, other: BaseGeometry) -> MultiPolygon:
    return tidy(shapely.intersection(shape, other, grid_size=GRID))


@dataclass(slots=True)
class _Ground:
    """What every layer is drawn from: fields, river, roads, blocks, plots."""

    rng: np.random.Generator
    hills: Field
    river: MultiPolygon
    brook: MultiPolygon
    water: BaseGeometry
    roads: list[tuple[streets.Road, MultiPolygon]]
    corners: list[Polygon]
    road_surface: BaseGeometry
    forest: MultiPolygon
    blocks: list[Polygon]
    plots: list[streets.Plot]
    built: BaseGeometry
    river_line: LineString


def _hill_field(rng: np.random.Generator) -> Field:
    """Height-like field: mountains in the north and west, a lower range in the south, flat where the city is."""
    noise = waves(rng, 24, 700, 3600)

    def hills(x: Array, y: Array) -> Array:
        z = 1.25 / (1 + np.exp(-(y - 3_119_150 - 180 * np.sin(x / 1400)) / 330))
        z = z + bump(x, y, 480_500, 3_117_300, 900, 1_300, 1.25)
        z += bump(x, y, 490_900, 3_118_600, 1_300, 900, 0.8)
        z += bump(x, y, 484_000, 3_110_000, 2_300, 520, 1.05)
        z += bump(x, y, 488_900, 3_110_200, 900, 420, 0.75)
        flat = bump(x, y, 486_300, 3_115_700, 2_500, 1_500, 0.9)
        total: Array = z + 0.17 * noise(x, y) - flat
        return total

    return hills


def _ground() -> _Ground:
    rng = np.random.default_rng(SEED)
    hills = _hill_field(rng)
    river_line = meanders(rng, (XMIN - 300, 3_112_850), XMAX + 300, wavelength=3_900, swing=0.85)
    phase = rng.uniform(0, 6, 3)

    def width(s: float) -> float:
        return 118 + 26 * float(np.sin(s / 610 + phase[0])) + 12 * float(np.sin(s / 240 + phase[1]))

    river = _within(ribbon(river_line, width), MAP)
    mouth = river_line.interpolate(4_600)
    way = np.linspace(0, 1, 60)
    brook_line = LineString(
        np.column_stack(
            [
                481_250 + (mouth.x - 481_250) * way**1.6 + 75 * np.sin(way * 19 + phase[2]) * (1 - way),
                3_119_900 + (mouth.y - 3_119_900) * way + 40 * np.sin(way * 31) * way * (1 - way) * 4,
            ]
        )
    )
    brook = _minus(_within(ribbon(brook_line, lambda s: 13 + s / 420), MAP), river)
    water = shapely.union(river, brook, grid_size=GRID)
    roads = streets.lay_roads(rng, waves(rng, 10, 1500, 4200), waves(rng, 10, 1500, 4200))
    fixed = {
        "A": Polygon(sites.A_FRAME.ring(sites.A_SITE)),
        "A-HX": Polygon(sites.A_FRAME.ring([(220, 170), (240, 170), (240, 180), (220, 180)])),
        "C": Polygon(sites.C_FRAME.ring(sites.C_SITE)),
    }
    surfaces = streets.road_surfaces(roads, MAP, shapely.union_all(list(fixed.values())))
    surface = shapely.union_all([g for _, g in surfaces], grid_size=GRID)
    keep = shapely.union_all([*fixed.values(), Polygon(sites.B_FRAME.ring(sites.B_SITE))])
    corners = streets.rounded_corners(surface, keep)
    surface = shapely.union_all([surface, *corners], grid_size=GRID)
    forest = _minus(region(hills, 0.62, sites.EXTENT, step=80), _around(water, 12), _around(surface, 4))
    forest = MultiPolygon([p for p in forest.geoms if p.area > 8_000])
    land = streets.blocks(surface, roads, shapely.union(_around(river, 42), _around(brook, 8)))
    parcels = streets.plots(rng, land, fixed)
    built = shapely.union_all([p.shape for p in parcels], grid_size=GRID)
    forest = _minus(forest, _around(built, 1.0))
    return _Ground(
        rng, hills, river, brook, water, surfaces, corners, surface, forest, land, parcels, built, river_line
    )


# ── detailed plan ────────────────────────────────────────────────────────────────────────────────────────────

_HOME, _SHOP, _WORKS = "机动车≥1.0车位/户", "机动车≥0.8车位/100㎡", "机动车≥0.3车位/100㎡"
_SCHOOL, _OFFICE, _CLINIC = "机动车≥0.5车位/100㎡", "机动车≥1.0车位/100㎡", "机动车≥1.2车位/100㎡"

#: 用地用海分类(自然资发〔2023〕234号): code → (name, FAR, density %, green %, height m, parking, compatible uses);
#: the numbers are the sample city's own plan, not a national rule
_USES: dict[str, tuple[str, list[float], list[int], list[int], list[int], str, str]] = {
    "070102": ("二类城镇住宅用地", [1.8, 2.0, 2.2, 2.5, 2.8], [20, 22, 25], [35], [54, 60, 80], _HOME, "0702;0901"),
    "0702": ("城镇社区服务设施用地", [1.2, 1.5], [35, 40], [30], [24], _SHOP, ""),
    "0801": ("机关团体用地", [1.5, 2.0], [30, 35], [35], [45], _OFFICE, "0802"),
    "0803": ("文化用地", [1.2, 1.5], [35, 40], [35], [30], _SHOP, "0805"),
    "080403": ("中小学用地", [0.8, 1.0], [25, 30], [35], [24], _SCHOOL, ""),
    "080404": ("幼儿园用地", [0.7, 0.8], [30], [35], [15], _SCHOOL, ""),
    "080601": ("医院用地", [1.8, 2.2], [28, 30], [35], [60], _CLINIC, ""),
    "0901": ("商业用地", [2.0, 2.5, 3.0, 3.5], [40, 45, 50], [20, 25], [50, 60, 80], _SHOP, "0902;0903"),
    "0902": ("商务金融用地", [2.5, 3.0, 3.5, 4.5], [35, 40, 45], [25, 30], [60, 80, 100, 120], _SHOP, "0901"),
    "100101": ("一类工业用地", [1.2, 1.5, 2.0], [40, 45, 50], [10, 15], [24, 30, 36], _WORKS, "110101"),
    "110101": ("一类物流仓储用地", [1.0, 1.5], [45, 50], [10, 15], [24], _WORKS, ""),
    "1302": ("排水用地", [0.5], [30], [30], [15], "", ""),
    "1303": ("供电用地", [0.8], [40], [20], [15], "", ""),
    "1208": ("交通场站用地", [0.8], [40], [15], [24], "", ""),
    "1401": ("公园绿地", [0.1], [5], [75], [9], "", ""),
    "1402": ("防护绿地", [0.0], [0], [90], [0], "", ""),
    "1403": ("广场用地", [0.2], [10], [35], [9], "", ""),
}  # fmt: skip

#: plots of the sample projects: use, FAR max and min, density, green, height, parking, compatible uses, number
_FIXED: dict[str, dict[str, Any]] = {
    "A": {"DKBH": "YL-03-05", "YDDM": "070102", "YDMC": "二类城镇住宅用地", "RJL_MAX": 2.2, "RJL_MIN": 1.0,
          "JZMD_MAX": 22.0, "LDL_MIN": 35.0, "XG_MAX": 54.0, "TCW_ZB": _HOME, "JRYT": "0702;0901"},
    "A-HX": {"DKBH": "YL-03-06", "YDDM": "1303", "YDMC": "供电用地", "RJL_MAX": 0.8, "RJL_MIN": 0.0,
             "JZMD_MAX": 40.0, "LDL_MIN": 20.0, "XG_MAX": 15.0, "TCW_ZB": "", "JRYT": ""},
    "C": {"DKBH": "YL-04-02", "YDDM": "0902", "YDMC": "商务金融用地", "RJL_MAX": 2.5, "RJL_MIN": 1.0,
          "JZMD_MAX": 40.0, "LDL_MIN": 30.0, "XG_MAX": 60.0, "TCW_ZB": _SHOP, "JRYT": "0901"},
}  # fmt: skip


def _use_of(rng: np.random.Generator, plot: Polygon, river: BaseGeometry, noise: Field) -> str:
    """A land use that fits the place: offices in the centre, industry in the east, parks along the river."""
    x, y = plot.centroid.x, plot.centroid.y
    centre = float(np.hypot(x - CENTRE[0], (y - CENTRE[1]) * 1.2))
    mood = float(noise(np.array(x), np.array(y)))
    luck = float(rng.random())
    thin = 4 * np.pi * plot.area / plot.length**2
    if thin < 0.33 or plot.area < 2_200:
        return "1402" if luck < 0.75 else "1403"
    if plot.distance(river) < 110 and luck < 0.72:
        return "1401"
    if x > 488_900 or (x > 488_300 and mood > 0.4):
        return "1208" if luck < 0.03 else "110101" if luck < 0.22 else "1303" if luck < 0.26 else "100101"
    if luck < 0.05:
        return "080403" if plot.area > 15_000 else "080404"
    if luck < 0.075:
        return "080601" if plot.area > 14_000 else "0702"
    if luck < 0.10:
        return "0801" if mood > 0 else "0803"
    if luck < 0.115:
        return "1303" if mood > 0 else "1302"
    if luck < 0.16:
        return "1401"
    if centre < 900 + 260 * mood:
        return "0902" if luck < 0.6 else "0901"
    if centre < 1_700 and luck > 0.82:
        return "0901"
    return "0702" if luck > 0.965 else "070102"


_MASTER_USES = {
    "07": "居住用地", "08": "公共管理与公共服务用地", "09": "商业服务业用地", "10": "工矿用地", "11": "仓储用地",
    "12": "交通运输用地", "13": "公用设施用地", "14": "绿地与开敞空间用地", "15": "特殊用地", "16": "留白用地",
}  # fmt: skip


def _master_plan(city: City) -> None:
    """ZGYT: the plots' uses by class; every fortieth plot, where residential, is commercial in the master plan."""
    by_class: dict[str, list[BaseGeometry]] = {}
    for number, (shape, row) in enumerate(city["KG_DK"].features):
        use = str(row["YDDM"])[:2]
        by_class.setdefault("09" if use == "07" and number % 40 == 39 else use, []).append(shape)
    master = city.layer("ZGYT", "总体规划用途")
    for use, shapes in sorted(by_class.items()):
        for part in tidy(shapely.union_all(shapes, grid_size=GRID)).geoms:
            master.add(part, YDDM=use, YDMC=_MASTER_USES.get(use, "其他用地"), MJ=round(part.area, 2))


def _plan(city: City, g: _Ground) -> None:
    """KG_DK, DLHX, LVX, HX from blocks and roads."""
    noise = waves(g.rng, 10, 1200, 4000)
    plan = city.layer("KG_DK", "控规地块")
    green, yellow = city.layer("LVX", "绿线"), city.layer("HX", "黄线")
    count: dict[int, int] = {}
    taken: set[str] = {str(f["DKBH"]) for f in _FIXED.values()}
    for plot in g.plots:
        if plot.fixed:
            row = dict(_FIXED[plot.fixed])
        else:
            use = _use_of(g.rng, plot.shape, g.river, noise)
            name, far, density, greenery, height, parking, compatible = _USES[use]
            count[plot.block] = count.get(plot.block, 0) + 1
            number = f"{'LC' if plot.shape.centroid.x < 484_700 else 'XQ'}-{plot.block:02d}-{count[plot.block]:02d}"
            top = float(g.rng.choice(far))
            row = {
                "DKBH": number, "YDDM": use, "YDMC": name, "RJL_MAX": top,
                "RJL_MIN": round(top * 0.5, 1) if use in ("070102", "0902", "100101") else 0.0,
                "JZMD_MAX": float(g.rng.choice(density)), "LDL_MIN": float(g.rng.choice(greenery)),
                "XG_MAX": float(g.rng.choice(height)), "TCW_ZB": parking, "JRYT": compatible,
            }  # fmt: skip
            if number in taken:
                raise AssertionError(f"two plots are called {number}")
            taken.add(number)
        plan.add(plot.shape, **row, MJ=round(plot.shape.area, 2), GHMC="样例新区控制性详细规划(2026年版)")
        if row["YDDM"] in ("1401", "1402"):
            green.add(
                plot.shape, MC=f"{row['YDMC']} {row['DKBH']}", LXDM=row["YDDM"], MJ=round(plot.shape.area, 2)
            )
        if row["YDDM"] in ("1302", "1303", "1208"):
            yellow.add(plot.shape, MC=f"{row['YDMC']} {row['DKBH']}", SSLX=row["YDMC"], DKBH=row["DKBH"])
    _master_plan(city)
    # the green belt on both banks, between river and plots
    belt = _minus(_within(_around(g.river, 40), MAP), g.water, g.road_surface, g.built)
    for part in belt.geoms:
        if part.area > 1_500:
            green.add(part, MC="样江滨水绿带", LXDM="1402", MJ=round(part.area, 2))
    lines = city.layer("DLHX", "道路红线")
    for road, surface in g.roads:
        for part in surface.geoms:
            lines.add(part, DLMC=road.name, DLDJ=road.grade, HXKD=road.width)
    for corner in g.corners:
        lines.add(corner, DLMC="交叉口转弯", DLDJ="交叉口", HXKD=0.0)


# ── bottom lines and nature ──────────────────────────────────────────────────────────────────────────────────


def _boundary(city: City, g: _Ground) -> BaseGeometry:
    """CZKFBJ: 集中建设区 around the blocks, 弹性发展区 in the east, 特别用途区 along the river."""
    layer = city.layer("CZKFBJ", "城镇开发边界")
    wide = (
        shapely.union_all([_around(b, 60) for b in g.blocks])
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
    core = _minus(Polygon(out + centre), g.river)
    layer.add(core, GHFQDM="01", GHFQMC="城镇集中建设区", XZQMC="样例新区")
    east = _within(_around(Point(490_700, 3_115_900), 1_100), MAP)
    layer.add(_minus(east, core, g.water), GHFQDM="02", GHFQMC="城镇弹性发展区", XZQMC="样例新区")
    strip = _minus(_within(_around(g.river, 130), _around(core, 120)), core, east, g.river)
    bank = _minus(strip.buffer(-35).buffer(35), core, east, g.river)
    bank = MultiPolygon([p for p in bank.geoms if p.area > 6_000])
    layer.add(bank, GHFQDM="03", GHFQMC="特别用途区", XZQMC="样例新区")
    return layer.union()


def _nature(city: City, g: _Ground, urban: BaseGeometry) -> None:
    """STBHHX, ZRBHD, LINDI, STBC, DZZH from the hills; LX, HLFX, YYSY from the water."""
    red = city.layer("STBHHX", "生态保护红线")
    ridge = _minus(region(g.hills, 0.74, sites.EXTENT), urban, _around(g.built, 30))
    names = {"N": "北岭水源涵养区", "W": "西山生物多样性维护区", "S": "南岭水土保持区", "E": "东岭水土保持区"}
    for part in sorted(ridge.geoms, key=lambda p: -p.area):
        if part.area > 60_000:
            x, y = part.centroid.x, part.centroid.y
            side = "S" if y < 3_112_000 else "W" if x < 482_300 else "E" if x > 489_500 else "N"
            red.add(part, HXMC=names[side], LHLX="生态功能极重要区", XZQMC="样例新区", MJ=round(part.area, 2))
    wetland = _minus(_within(_around(g.river, 85), shapely.box(487_900, YMIN, XMAX, 3_114_200)), urban)
    red.add(wetland, HXMC="样江湿地", LHLX="生态环境极敏感区", XZQMC="样例新区", MJ=round(wetland.area, 2))
    reserve = city.layer("ZRBHD", "自然保护地")
    peaks = region(g.hills, 1.12, sites.EXTENT, smallest=80_000)
    for i, part in enumerate(sorted(peaks.geoms, key=lambda p: -p.area)):
        name = f"样例山森林公园{'一二三四五六七八九十'[i % 10]}区"
        reserve.add(_minus(part, urban), MC=name, JB="省级", GNQ="一般控制区")
    forest = city.layer("LINDI", "林地")
    kinds = (
        ("0301", "乔木林地", "国家二级公益林"),
        ("0302", "竹林地", "商品林"),
        ("0305", "灌木林地", "商品林"),
    )
    for shape in _cells(g.rng, g.forest, 420.0):
        code, name, kind = kinds[int(g.rng.choice(3, p=[0.62, 0.18, 0.20]))]
        forest.add(shape, DLBM=code, DLMC=name, LMSYQ="集体", GYLDJ=kind, MJ=round(shape.area, 2))
    _hazards(city, g)
    water = city.layer("LX", "蓝线")
    water.add(_within(_around(g.river, 25), MAP), MC="样江蓝线", SXLX="河流")
    water.add(_minus(_within(_around(g.brook, 10), MAP), _around(g.river, 25)), MC="石溪蓝线", SXLX="河流")
    flood = city.layer("HLFX", "洪涝风险控制线")
    inner: BaseGeometry = Polygon()
    noise = waves(g.rng, 10, 500, 1800)
    for level, reach in (("高", 60.0), ("中", 150.0), ("低", 260.0)):
        outer = _flood_reach(g, reach, noise)
        ring = _minus(outer, inner) if not inner.is_empty else outer
        for part in ring.geoms:
            if part.area > 2_000:
                flood.add(part, FXDJ=level, CXQ={"高": "10年一遇", "中": "20年一遇", "低": "50年一遇"}[level])
        inner = shapely.union(inner, outer, grid_size=GRID)
    intake = g.river_line.interpolate(1_650)
    source = city.layer("YYSY", "饮用水水源保护区")
    first = _within(_around(Point(intake), 420), _around(g.river, 50))
    second = _minus(_within(_around(Point(intake), 1_150), _around(g.river, 130)), first)
    source.add(first, MC="样江水厂一级保护区", JB="一级")
    source.add(second, MC="样江水厂二级保护区", JB="二级")


def _flood_reach(g: _Ground, reach: float, noise: Field) -> MultiPolygon:
    """Land within about ``reach`` metres of the river, here more and there less."""
    bank = g.river.simplify(4)
    shapely.prepare(bank)

    def depth(x: Array, y: Array) -> Array:
        out: Array = reach * (1 + 0.35 * noise(x, y)) - shapely.distance(shapely.points(x, y), bank)
        return out

    _, ymin, _, ymax = bank.bounds
    around = (XMIN, max(YMIN, ymin - 2 * reach), XMAX, min(YMAX, ymax + 2 * reach))
    return tidy(shapely.union(region(depth, 0.0, around, step=40, smallest=4_000), g.river, grid_size=GRID))


def _hazards(city: City, g: _Ground) -> None:
    """DZZH and STBC: foothills and slopes. Both reach down to the plot of sample project A."""
    slope_noise = waves(g.rng, 14, 600, 2400)

    def slope(x: Array, y: Array) -> Array:
        tongue = bump(x, y, 486_080, 3_116_620, 330, 400, 1.62)
        clear = bump(x, y, 486_720, 3_116_740, 240, 260, 1.3)
        return g.hills(x, y) + 0.08 * slope_noise(x, y) + tongue - clear

    hazard = city.layer("DZZH", "地质灾害易发区")
    high = region(g.hills, 0.95, sites.EXTENT)
    middle = _minus(region(slope, 0.34, sites.EXTENT), high)
    low = _minus(region(slope, 0.02, sites.EXTENT), high, middle)
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
    for grade, shape in ((1, _minus(MAP, high, middle, low)), (2, low), (3, middle), (4, high)):
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


# ── present use: a tessellation ──────────────────────────────────────────────────────────────────────────────


def _cells(rng: np.random.Generator, area: BaseGeometry, spacing: float) -> list[Polygon]:
    """``area`` cut into irregular cells about ``spacing`` metres wide (Voronoi of a jittered grid)."""
    xs, ys = np.meshgrid(
        np.arange(XMIN, XMAX + spacing, spacing), np.arange(YMIN, YMAX + spacing, spacing * 0.7)
    )
    points = np.column_stack([xs.ravel(), ys.ravel()])
    points += rng.uniform(-0.38, 0.38, points.shape) * (spacing, spacing * 0.7)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=MAP, ordered=True)
    )
    cells = shapely.set_precision(cells, GRID)
    tree = STRtree(cells)
    shapely.prepare(area)
    out: list[Polygon] = []
    for i in sorted(tree.query(area, predicate="intersects")):
        cell = cells[i]
        piece = cell if area.contains(cell) else shapely.intersection(area, cell, grid_size=GRID)
        out += [p for p in polygons(piece) if p.area > 120]
    return out


def _faces(parts: Iterable[BaseGeometry]) -> list[Polygon]:
    """Faces of the drawing made by all boundaries together, slivers joined to the neighbour they touch most."""
    lines = shapely.union_all([MAP.boundary, *[p.boundary for p in parts]], grid_size=GRID)
    faces = [f for f in polygons(shapely.polygonize(list(shapely.get_parts(lines)))) if f.area > 0]
    faces.sort(key=lambda f: (round(f.centroid.y, 2), round(f.centroid.x, 2)))
    for _ in range(6):
        thin = [
            i
            for i, f in enumerate(faces)
            if f.area < 90 or (f.area < 1500 and 4 * np.pi * f.area / f.length**2 < 0.012)
        ]
        if not thin:
            break
        tree = STRtree(faces)
        gone: set[int] = set()
        for i in thin:
            if i in gone:
                continue
            best, longest = -1, 0.0
            for j in tree.query(faces[i], predicate="intersects"):
                if j == i or j in gone:
                    continue
                shared = shapely.intersection(faces[i].boundary, faces[j].boundary).length
                if shared > longest:
                    best, longest = int(j), shared
            if best >= 0:
                merged = shapely.union(faces[best], faces[i])
                if isinstance(merged, Polygon):
                    faces[best] = merged
                    gone.add(i)
        faces = [f for i, f in enumerate(faces) if i not in gone]
        if not gone:
            break
    return faces


#: 三调工作分类 names of present uses (scheme named in field DLBZ: 0601 is industry here, a farm road in 234号文)
_DLBM = {
    "0101": "水田", "0103": "旱地", "0201": "果园", "0202": "茶园", "0301": "乔木林地", "0305": "灌木林地",
    "0404": "其他草地", "0601": "工业用地", "0701": "城镇住宅用地", "0702": "农村宅基地",
    "05H1": "商业服务业设施用地", "08H1": "机关团体新闻出版用地", "08H2": "科教文卫用地",
    "0809": "公用设施用地", "0810": "公园与绿地", "1003": "公路用地", "1004": "城镇村道路用地",
    "1005": "交通服务场站用地", "1101": "河流水面", "1104": "坑塘水面", "1201": "空闲地",
}  # fmt: skip
_PRESENT = {
    "07": "0701", "08": "08H2", "09": "05H1", "10": "0601", "11": "0601", "12": "1005", "13": "0809", "14": "0810",
}  # fmt: skip


def _crop(height: float, luck: float) -> str:
    """What grows on open land: rice in the plain, dry fields above, orchards, tea and grass on the slopes."""
    if height < 0.18:
        return "0101"
    if height < 0.42:
        return "0103"
    return "0201" if luck < 0.5 else "0202" if luck < 0.7 else "0404"


def _present_use(city: City, g: _Ground) -> None:
    """DLTB over the whole map, YJJBNT from its farmland, ZD from its built plots."""
    settled = shapely.union_all([g.built, g.road_surface, g.water, g.forest], grid_size=GRID)
    open_land = _minus(MAP, settled)
    fields = _cells(g.rng, open_land, 235.0)
    faces = _faces(
        [
            g.road_surface,
            g.water,
            *[p.shape for p in g.plots],
            *[f for f, _ in city["LINDI"].features],
            *fields,
        ]
    )
    uses = {id(p): a for p, (_, a) in zip(g.plots, city["KG_DK"].features, strict=True)}
    plot_tree = STRtree([p.shape for p in g.plots])
    forest_tree = STRtree([f for f, _ in city["LINDI"].features])
    urban = city["CZKFBJ"].union()
    for shape in (g.road_surface, g.water, urban, g.built):
        shapely.prepare(shape)
    mood = waves(g.rng, 10, 400, 1700)
    land, base = city.layer("DLTB", "地类图斑"), city.layer("YJJBNT", "永久基本农田")
    parcels = city.layer("ZD", "宗地")
    b_site = Polygon(sites.B_FRAME.ring(sites.B_SITE))
    for number, face in enumerate(faces, start=1):
        point = face.representative_point()
        x, y = np.array(point.x), np.array(point.y)
        luck = float(g.rng.random())
        in_plot = plot_tree.query(point, predicate="within")
        in_forest = forest_tree.query(point, predicate="within")
        if g.water.contains(point):
            code = "1101"
        elif g.road_surface.contains(point):
            code = "1004" if urban.contains(point) else "1003"
        elif len(in_plot):
            plot = g.plots[int(in_plot[0])]
            attributes = uses[id(plot)]
            done = luck < 0.62 + 0.25 * float(mood(x, y)) and not plot.fixed
            code = _PRESENT[str(attributes["YDDM"])[:2]] if done else "1201"
        elif len(in_forest):
            code = str(city["LINDI"].features[int(in_forest[0])][1]["DLBM"])
            code = "0301" if code == "0302" else code
        elif face.area < 4_200 and luck < 0.35:
            code = "1104"
        elif float(mood(x, y)) > 0.95 and not face.intersects(b_site):
            code = "0702"
        else:
            code = _crop(float(g.hills(x, y)), luck)
        quality = 4 if code == "0101" else 6
        mark = f"{number:05d}"
        state_owned = code[:2] in ("05", "06", "07", "08", "10", "11", "12") and code != "0702"
        land.add(
            face, TBBH=mark, DLBM=code, DLMC=_DLBM[code], DLBZ="三调工作分类",
            QSXZ="20" if state_owned else "30", ZLDWMC="样例新区", TBMJ=round(face.area, 2),
        )  # fmt: skip
        farm = code in ("0101", "0103") and not urban.intersects(face) and face.area > 2_000
        if farm and (luck < 0.8 or face.intersects(b_site)):
            base.add(
                face, YJJBNTTBBH=f"4399010{mark}", DLBM=code, DLMC=_DLBM[code], GDPDJB=str(quality),
                MJ=round(face.area, 2),
            )  # fmt: skip
        if len(in_plot) and code != "1201" and code != "0810":
            district = int(uses[id(g.plots[int(in_plot[0])])]["BSM"]) % 90 + 1
            parcels.add(
                face, ZDDM=f"439901001{district:03d}GB{len(parcels.features) + 1:05d}",
                QLR=_OWNERS[int(g.rng.integers(len(_OWNERS)))], YT=_DLBM[code], MJ=round(face.area, 2),
            )  # fmt: skip


_OWNERS = (
    "样例新区城市建设投资有限公司", "样例新区土地储备中心", "样例置业有限公司",
    "麓景房地产开发有限公司", "样江实业集团有限公司",
    "样例新区教育局", "样例新区第一人民医院", "银杏物业管理有限公司", "科创产业园运营有限公司", "文昌商业管理有限公司",
)  # fmt: skip


# ── heritage, safety, corridors ──────────────────────────────────────────────────────────────────────────────


def _heritage(city: City, g: _Ground) -> None:
    """ZX, WWBH, JKDD in the old town; DXWW by the river terrace and on the northern hill foot."""
    old = _around(Point(OLD_TOWN), 640)
    purple = city.layer("ZX", "紫线")
    streets_old = [p.shape for p in g.plots if old.contains(p.shape) and not p.fixed]
    core = _minus(shapely.union_all([_around(p, 6) for p in streets_old]).buffer(-6), g.road_surface)
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
        zone.add(_minus(_around(shape, 55), every), MC=f"{name}建设控制地带", XG=limit, JB=level)
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


def _corridors(city: City, g: _Ground) -> None:
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
        band = _within(LineString(points).buffer(half, join_style="mitre"), MAP)
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
        rail.add(_minus(line.buffer(50), special), MC=f"{name}控制保护区", FW="控制保护区")
        rail.add(special, MC=f"{name}特别保护区", FW="特别保护区")
    fault = city.layer("DZDL", "地震断裂带避让")
    crack = _rounded(
        LineString([(480_000, 3_118_000), (482_600, 3_118_700),
                    (485_000, 3_118_900), (488_000, 3_119_500), (492_000, 3_119_300)])
    )  # fmt: skip
    near = _within(crack.buffer(100), MAP)
    fault.add(near, MC="北岭断裂", BRJL=100.0, DJ="避让")
    fault.add(_minus(_within(crack.buffer(200), MAP), near), MC="北岭断裂", BRJL=200.0, DJ="限制")
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
    layer.add(_within(strip, MAP), JG=name, ZKM="升降带", XG_GC=AIRPORT_ELEVATION)
    inner = runway.buffer(2_500, quad_segs=24)
    layer.add(_minus(_within(inner, MAP), strip), JG=name, ZKM="内水平面", XG_GC=AIRPORT_ELEVATION + 45)
    previous: BaseGeometry = inner
    for step in range(5):
        outer = runway.buffer(2_500 + 320 * (step + 1), quad_segs=24)
        ring = _minus(_within(outer, MAP), previous)
        layer.add(ring, JG=name, ZKM=f"锥形面{step + 1}", XG_GC=AIRPORT_ELEVATION + 45 + 16 * step)
        previous = outer


# ── prices and shared evaluations ────────────────────────────────────────────────────────────────────────────


def _prices(city: City, g: _Ground) -> None:
    """JZDJ: for each use five nested levels that cover the map; lower level number = dearer land."""
    layer = city.layer("JZDJ", "基准地价级别")
    cuts = {
        "商业服务业": (620, 1_450, 2_500, 4_000), "居住": (900, 2_050, 3_100, 4_600),
        "公共管理与公共服务": (950, 2_050, 3_200, 4_700),
        "工矿": (1_500, 2_600, 3_700, 5_200), "仓储": (1_500, 2_700, 3_800, 5_300),
        "公用设施": (1_100, 2_200, 3_400, 5_000),
    }  # fmt: skip
    for use, limits in cuts.items():
        noise = waves(g.rng, 8, 1500, 5000)

        def near(x: Array, y: Array, noise: Field = noise) -> Array:
            old = np.hypot((x - OLD_TOWN[0]) * 1.1, (y - OLD_TOWN[1]) * 1.3) + 500
            new = np.hypot(x - CENTRE[0], (y - CENTRE[1]) * 1.15)
            soft = -np.log(np.exp(-old / 700) + np.exp(-new / 700)) * 700
            nearness: Array = -(soft + 190 * noise(x, y))
            return nearness

        inner: BaseGeometry = Polygon()
        for level, limit in enumerate(limits, start=1):
            shape = region(near, -float(limit), sites.EXTENT, step=100, smallest=120_000)
            shape = tidy(shapely.union(shape, inner, grid_size=GRID)) if not inner.is_empty else shape
            layer.add(
                _minus(shape, inner) if not inner.is_empty else shape, YT=use, JB=level, JZRQ="2026-01-01"
            )
            inner = shape
        layer.add(_minus(MAP, inner), YT=use, JB=5, JZRQ="2026-01-01")


def _shared(city: City, g: _Ground) -> None:
    """QYPG: evaluations made once for a whole district; one has run out and helps nobody."""
    layer = city.layer("QYPG", "区域评估")
    grid = shapely.union_all([_around(b, 18) for b in g.blocks]).buffer(20).buffer(-25)

    def district(x0: float, y0: float, x1: float, y1: float) -> MultiPolygon:
        return _within(grid, Polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))

    core = district(484_900, 3_115_600, 488_000, 3_118_400)
    east = district(488_300, 3_113_000, 491_000, 3_118_600)
    south = district(483_000, 3_112_500, 488_300, 3_114_600)
    for shape, kind, name, number, until in (
        (core, "YFK", "核心片区压覆矿产资源区域评估", "样自然资评〔2024〕3号", "2029-12-31"),
        (core, "STBC", "核心片区水土保持区域评估(已到期)", "样水保评〔2019〕7号", "2024-12-31"),
        (east, "DZZH", "东部产业园地质灾害危险性区域评估", "样自然资评〔2025〕8号", "2030-06-30"),
        (east, "STBC", "东部产业园水土保持区域评估", "样水保评〔2025〕2号", "2030-06-30"),
        (east, "YFK", "东部产业园压覆矿产资源区域评估", "样自然资评〔2025〕9号", "2030-06-30"),
        (south, "HLFX", "滨江片区洪水影响区域评估", "样水评〔2023〕5号", "2028-12-31"),
        (south, "DXWW", "滨江片区考古勘探区域评估", "样文考〔2025〕1号", "2030-12-31"),
    ):
        layer.add(shape, PGLX=kind, PGMC=name, BGH=number, YXQZ=until)


def build_city() -> City:
    """All layers of the sample city, the same every time."""
    city = City()
    g = _ground()
    _plan(city, g)
    urban = _boundary(city, g)
    _nature(city, g, urban)
    _present_use(city, g)
    _heritage(city, g)
    _corridors(city, g)
    _prices(city, g)
    _shared(city, g)
    return city


def write_city(folder: Path, city: City | None = None) -> dict[str, Path]:
    """Write ``<folder>/<CODE>.gpkg`` for every layer; returns the paths by layer code."""
    city = city or build_city()
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for code, layer in city.layers.items():
        path = folder / f"{code}.gpkg"
        path.unlink(missing_ok=True)
        frame = gpd.GeoDataFrame(
            [attributes for _, attributes in layer.features],
            geometry=[shape for shape, _ in layer.features],
            crs=f"EPSG:{sites.CRS}",
        )
        pyogrio.write_dataframe(frame, path, layer=code, driver="GPKG", geometry_type="MultiPolygon")
        paths[code] = path
    return paths
