"""Streets, blocks and plots of the sample city.

The street grid is straight around the sample sites and bends towards river and hills; blocks are what the
road surfaces leave, plots are blocks split across their longer side until they have a believable size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from web.seed import sites
from web.seed.terrain import Array, Field, polygons, tidy


@dataclass(frozen=True, slots=True)
class Road:
    """One road: name, class (主干路 次干路 支路 快速路), width between its red lines (m), centre line."""

    name: str
    grade: str
    width: float
    line: LineString


@dataclass(frozen=True, slots=True)
class Plot:
    """A piece of a block; ``block`` numbers the block it lies in, ``fixed`` names a sample site."""

    block: int
    shape: Polygon
    fixed: str = ""


def _positions(rng: np.random.Generator, low: float, high: float, fixed: tuple[float, ...]) -> list[float]:
    """Centre lines from ``low`` to ``high``, 300–430 m apart, through every fixed one."""
    out = list(fixed)
    while out[0] - low > 330:
        out.insert(0, out[0] - float(rng.integers(300, 430)))
    while high - out[-1] > 330:
        out.append(out[-1] + float(rng.integers(300, 430)))
    return out


def _bend(x: Array, y: Array, noise_x: Field, noise_y: Field) -> tuple[Array, Array]:
    """Displace points by smooth noise that vanishes around the sample sites."""
    distance = np.hypot(x - sites.CORE[0], y - sites.CORE[1])
    weight = np.clip((distance - sites.CORE_RADIUS) / 1800.0, 0.0, 1.0)
    weight = weight * weight * (3 - 2 * weight)
    return x + 95.0 * weight * noise_x(x, y), y + 80.0 * weight * noise_y(x, y)


_EAST_WEST = (
    "滨江", "望江", "清源", "文昌", "书院", "岳秀", "银杏", "杜鹃", "桃源",
    "云麓", "松山", "北岭", "听涛", "兰亭", "栖霞",
)  # fmt: skip
_NORTH_SOUTH = (
    "西环", "金桥", "梅溪", "枫林", "桂花", "湘涟", "玉泉", "星火", "黎明", "和平",
    "解放", "建设", "样例", "科创", "创新",
    "智谷", "东方红", "高铁", "物流", "麓景", "东环", "白云", "紫薇", "长风", "启航",
)  # fmt: skip


def lay_roads(rng: np.random.Generator, noise_x: Field, noise_y: Field) -> list[Road]:
    """All roads: the bent grid, the oblique boulevard, the western expressway and four country roads."""
    xs = _positions(rng, 482_500.0, 490_300.0, sites.X_FIXED)
    ys = _positions(rng, 3_113_350.0, 3_118_250.0, sites.Y_FIXED)
    # widths the sample sites are drawn against: 24 m west and east, 30 m south, 20 m north
    x_width = dict.fromkeys(sites.X_FIXED, 24.0)
    y_width = {sites.Y_FIXED[0]: 30.0, sites.Y_FIXED[1]: 20.0, sites.Y_FIXED[2]: 24.0}
    roads = [Road("西环快速路", "快速路", sites.EXPRESSWAY_WIDTH, _vertical(sites.EXPRESSWAY_X))]
    for i, x in enumerate(xs):
        width = x_width.get(x) or (42.0 if i % 5 == 2 else 26.0 if i % 2 else 18.0)
        y = np.arange(ys[0], ys[-1] + 1, 30.0)
        y = np.append(y[:-1], ys[-1])
        line = LineString(np.column_stack(_bend(np.full_like(y, x), y, noise_x, noise_y)))
        roads.append(Road(f"{_NORTH_SOUTH[i % len(_NORTH_SOUTH)]}路", _grade(width), width, line))
    for i, y0 in enumerate(ys):
        width = y_width.get(y0) or (44.0 if i % 4 == 1 else 28.0 if i % 2 else 20.0)
        x_line = np.arange(xs[0], xs[-1] + 1, 30.0)
        x_line = np.append(x_line[:-1], xs[-1])
        line = LineString(np.column_stack(_bend(x_line, np.full_like(x_line, y0), noise_x, noise_y)))
        roads.append(Road(f"{_EAST_WEST[i % len(_EAST_WEST)]}街", _grade(width), width, line))
    start, direction, length, width = sites.BOULEVARD
    end = (start[0] + direction[0] * length, start[1] + direction[1] * length)
    roads.append(Road("样例大道", "主干路", width, LineString([start, end])))
    roads += _country_roads(rng)
    return roads


def _grade(width: float) -> str:
    return "主干路" if width >= 36 else "次干路" if width >= 24 else "支路"


def _vertical(x: float) -> LineString:
    """A straight road from the southern to the northern edge of the map."""
    return LineString([(x, sites.EXTENT[1]), (x, sites.EXTENT[3])])


def _country_roads(rng: np.random.Generator) -> list[Road]:
    """County and township roads: gently winding lines from edge to edge."""
    xmin, ymin, xmax, ymax = sites.EXTENT
    roads = []
    for name, y0, width in (("样浏公路", ymin + 900, 24.0), ("南岭乡道", ymin + 1_700, 12.0)):
        x = np.arange(xmin, xmax + 1, 60.0)
        y = y0 + 160 * np.sin(x / 1500 + rng.uniform(0, 6)) + 60 * np.sin(x / 520 + rng.uniform(0, 6))
        roads.append(Road(name, "公路", width, LineString(np.column_stack([x, y]))))
    for name, x0, width in (("青竹乡道", xmin + 700, 12.0), ("东岭公路", xmax - 900, 20.0)):
        y = np.arange(ymin, ymax + 1, 60.0)
        x = x0 + 120 * np.sin(y / 1300 + rng.uniform(0, 6)) + 40 * np.sin(y / 470 + rng.uniform(0, 6))
        roads.append(Road(name, "公路", width, LineString(np.column_stack([x, y]))))
    return roads


def road_surfaces(roads: list[Road], extent: Polygon, fixed: BaseGeometry) -> list[tuple[Road, MultiPolygon]]:
    """Surface between the red lines of every road; at a crossing it belongs to the wider road, so none overlap.

    Surfaces share their vertices with the ``fixed`` sites beside them, so that both edges are the same line.
    """
    taken: BaseGeometry = Polygon()
    out = []
    for road in sorted(roads, key=lambda r: (-r.width, r.name)):
        band = road.line.buffer(road.width / 2, cap_style="flat", join_style="mitre").intersection(extent)
        own = tidy(shapely.difference(tidy(band), taken, grid_size=0.001))
        if shapely.dwithin(own, fixed, 0.01):
            own = tidy(shapely.snap(own, fixed, 0.005))
        own = MultiPolygon([p for p in polygons(own) if p.area > 1.0])
        if not own.is_empty:
            out.append((road, own))
            taken = shapely.union(taken, own, grid_size=0.001)
    return out


def rounded_corners(surface: BaseGeometry, keep_free: BaseGeometry, radius: float = 14.0) -> list[Polygon]:
    """What rounding the street corners adds to the road surface (turning curves), outside ``keep_free``."""
    closed = surface.buffer(radius, quad_segs=6).buffer(-radius, quad_segs=6)
    extra = shapely.difference(closed, shapely.union(surface, keep_free))
    return [p for p in polygons(tidy(extra)) if 4.0 < p.area < 900.0]


def blocks(road_surface: BaseGeometry, roads: list[Road], taken: BaseGeometry) -> list[Polygon]:
    """Land enclosed by the street grid, without roads and ``taken`` (river, hills), in a fixed order."""
    grid = [r for r in roads if r.grade not in ("公路", "快速路")]
    enclosed = shapely.union_all(polygons(shapely.polygonize([r.line for r in _noded(grid)])))
    land = shapely.difference(enclosed, shapely.union(road_surface, taken), grid_size=0.001)
    land = land.buffer(-4).buffer(4, join_style="mitre").intersection(land)  # no needles
    found = [p for p in polygons(tidy(land)) if p.area > 2_500]
    return sorted(found, key=lambda p: (round(p.centroid.y, -2), p.centroid.x))


def _noded(roads: list[Road]) -> list[Road]:
    """The same centre lines cut at every crossing (what polygonize needs)."""
    merged = shapely.union_all([r.line for r in roads])
    return [Road("", "", 0, part) for part in shapely.get_parts(merged)]


def plots(rng: np.random.Generator, land: list[Polygon], fixed: dict[str, Polygon]) -> list[Plot]:
    """Blocks split into plots; a sample site is a plot of its own and its neighbours go around it."""
    tree = STRtree(list(fixed.values()))
    names = list(fixed)
    out: list[Plot] = []
    for number, block in enumerate(land, start=1):
        rest: list[Polygon] = [block]
        for index in tree.query(block, predicate="intersects"):
            site = list(fixed.values())[index]
            if shapely.intersection(block, site).area < 1:
                continue
            out.append(Plot(number, site, names[index]))
            rest = _cut_around(rest, site)
        target = float(rng.choice([14_000, 22_000, 30_000, 45_000]))
        for piece in rest:
            out += [Plot(number, p) for p in _split(rng, piece, target)]
    return out


def _cut_around(pieces: list[Polygon], site: Polygon) -> list[Polygon]:
    """Land around a site, cut along the site's longer sides so that no plot wraps around it."""
    rest = shapely.difference(shapely.union_all(pieces), site, grid_size=0.001)
    ring = shapely.get_coordinates(site.minimum_rotated_rectangle)
    cuts = []
    for a, b in ((ring[0], ring[1]), (ring[2], ring[3])):
        way = (b - a) / np.hypot(*(b - a))
        cuts.append(LineString([a - 1000 * way, b + 1000 * way]))
    lines = shapely.union_all([rest.boundary, *[c.intersection(rest) for c in cuts]], grid_size=0.001)
    faces = polygons(shapely.polygonize(list(shapely.get_parts(lines))))
    return [f for f in faces if rest.contains(f.representative_point()) and f.area > 400]


def _split(rng: np.random.Generator, piece: Polygon, target: float) -> list[Polygon]:
    """Halve across the longer side (40–60 %) until the piece is at most 1.6 × ``target``."""
    if piece.area <= 1.6 * target:
        return [piece] if piece.area > 400 else []
    ring = shapely.get_coordinates(piece.minimum_rotated_rectangle)
    a, b, c = ring[0], ring[1], ring[2]
    if np.hypot(*(b - a)) < np.hypot(*(c - b)):
        a, b, c = b, c, ring[3]
    share = float(rng.uniform(0.4, 0.6))
    foot = a + share * (b - a)
    across = c - b
    cut = LineString([foot - 0.2 * across, foot + 1.2 * across])
    lines = shapely.union_all([piece.boundary, cut.intersection(piece)], grid_size=0.001)
    parts = polygons(shapely.polygonize(list(shapely.get_parts(lines))))
    parts = [p for p in parts if piece.contains(p.representative_point())]
    if len(parts) < 2:
        return [piece]
    parts.sort(key=lambda p: (round(p.centroid.x, 1), round(p.centroid.y, 1)))
    return [q for p in parts for q in _split(rng, p, target)]
