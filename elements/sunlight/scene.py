"""The scene of a sunlight check: place and north, blocks that cast shadows, windows that ask for sun.

Coordinates are metres in the project's projected CRS (x = grid east, y = grid north), heights metres above one common
zero. Directions people read are azimuths in degrees clockwise from *true* north; the grid's north differs from it by
the meridian convergence 子午线收敛角 (at the edge of a 3° Gauss-Krüger zone 1.5° × sin φ), which :class:`Site` carries.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyproj
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from elements.engine.values import Missing, Undecided
from gis import crs as grids
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import EntityRef

Triangle = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

#: windows stand this far (m) off the wall they belong to, so that the wall itself is in front of or behind them
OFF_WALL = 0.01
#: walls whose direction differs by less than this (degrees) are one facade
SAME_WALL = 1.0
_SIDES = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")


@dataclass(frozen=True, slots=True)
class Site:
    """A place on the globe and how its grid lies there.

    Attributes:
        latitude, longitude: degrees, north and east positive.
        convergence: meridian convergence γ in degrees: azimuth of grid north, clockwise from true north. In the
            northern hemisphere it is positive east of the central meridian. True azimuth = grid azimuth + γ.
        scale: point scale of the projection: grid distance / ground distance (heights are not scaled).
        epsg: the projected CRS, None when the site was given by latitude alone.
    """

    latitude: float
    longitude: float = 120.0
    convergence: float = 0.0
    scale: float = 1.0
    epsg: int | None = None

    def __post_init__(self) -> None:
        if not (abs(self.latitude) <= 90.0 and abs(self.longitude) <= 360.0 and self.scale > 0.0):
            raise BadInput(
                f"经纬度超出范围：{self.latitude}, {self.longitude}",
                "latitude or longitude out of range",
                place="latitude",
            )

    def true_azimuth(self, dx: float, dy: float) -> float:
        """Azimuth [0, 360) of a grid vector, clockwise from true north."""
        return (math.degrees(math.atan2(dx, dy)) + self.convergence) % 360.0

    def grid_vector(self, azimuth: float) -> tuple[float, float]:
        """Unit grid vector (x, y) of a true azimuth."""
        angle = math.radians(azimuth - self.convergence)
        return math.sin(angle), math.cos(angle)


def side_name(azimuth: float) -> str:
    """Name of the side a wall faces, by the nearest of eight directions: 180 → 南."""
    return _SIDES[round(azimuth / 45.0) % 8]


def site_at(x: float, y: float, epsg: int | None) -> Site:
    """Latitude, longitude, convergence and scale of a point of a projected CRS (by PROJ).

    Raises:
        Undecided: no CRS, or the coordinates cannot be of this CRS (local drawing coordinates): latitude is missing.
        BadInput: the CRS is geographic or unknown.
    """
    if epsg is None:
        raise Undecided(
            Missing("LATITUDE", "纬度", "没有坐标系，无法得出纬度", "no CRS: the latitude is not known")
        )
    if grids.is_geographic(epsg):
        raise BadInput(
            f"EPSG:{epsg} 是经纬度坐标系，日照分析需要投影坐标系",
            f"EPSG:{epsg} is geographic; a projected CRS is needed",
            place="crs",
        )
    if grids.fit((x, y, x, y), epsg) is grids.Fit.OUTSIDE:
        raise Undecided(
            Missing(
                "LATITUDE",
                "纬度",
                f"图纸坐标（{x:.0f}, {y:.0f}）不在 EPSG:{epsg} 范围内，无法得出纬度",
                f"coordinates ({x:.0f}, {y:.0f}) are not of EPSG:{epsg}: the latitude is not known",
            )
        )
    projection = pyproj.Proj(grids.crs(epsg))
    longitude, latitude = projection(x, y, inverse=True)
    factors = projection.get_factors(longitude, latitude)
    return Site(
        latitude=latitude,
        longitude=longitude,
        convergence=factors.meridian_convergence,
        scale=factors.meridional_scale,
        epsg=epsg,
    )


@dataclass(frozen=True, slots=True)
class Block:
    """Something that casts a shadow: a footprint extruded from ``base`` to ``top``, with an optional roof above.

    Attributes:
        name: building number 楼号.
        footprint: polygon(s), holes are courtyards.
        base, top: m. ``base`` above the windows makes a bridge, slab or balcony that sun may pass under.
        roof: triangles (x, y, z) of pitched roofs above ``top``, gables included; see :func:`gable_roof`.
        refs: drawing entities it was read from.
    """

    name: str
    footprint: Polygon | MultiPolygon
    base: float
    top: float
    roof: tuple[Triangle, ...] = ()
    refs: tuple[EntityRef, ...] = ()

    def __post_init__(self) -> None:
        heights = [self.base, self.top, *(z for face in self.roof for _, _, z in face)]
        if not all(map(math.isfinite, heights)) or self.top < self.base:
            raise BadInput(
                f"{self.name}：顶标高 {self.top} 低于底标高 {self.base}",
                f"{self.name}: top {self.top} lies below base {self.base}",
                place=self.name,
            )
        if not isinstance(self.footprint, (Polygon, MultiPolygon)):
            raise BadInput(
                f"{self.name}：建筑轮廓不是闭合图形", f"{self.name}: footprint is no polygon", place=self.name
            )

    @property
    def summit(self) -> float:
        """Highest point, roof included, m."""
        return max([self.top, *(z for face in self.roof for _, _, z in face)])

    def polygons(self) -> Iterator[Polygon]:
        """Parts with exterior counter-clockwise and holes clockwise: the inside is left of every edge."""
        yield from oriented_polygons(self.footprint)


def oriented_polygons(geometry: BaseGeometry) -> Iterator[Polygon]:
    """Polygon parts of a geometry, exteriors counter-clockwise; lines, points and empty parts are left out."""
    for part in shapely.get_parts(geometry):
        if isinstance(part, Polygon) and not part.is_empty:
            yield shapely.orient_polygons(part)


def rings_of(polygon: Polygon) -> list[list[tuple[float, float]]]:
    """Open rings of a polygon (exterior first) without repeated points."""
    out = []
    for ring in (polygon.exterior, *polygon.interiors):
        points = [(float(c[0]), float(c[1])) for c in ring.coords[:-1]]
        out.append([p for i, p in enumerate(points) if p != points[i - 1]])
    return out


def gable_roof(footprint: Polygon, eaves: float, ridge: float) -> tuple[Triangle, ...]:
    """Triangles of a gable roof 双坡屋面 over the least rectangle around a footprint, ridge along its long side.

    Args:
        footprint: the building's outline; meant for near-rectangles.
        eaves, ridge: heights in m.

    Returns:
        two slopes and two gable triangles (six triangles).

    Raises:
        BadInput: the ridge lies below the eaves.
    """
    if ridge < eaves:
        raise BadInput(f"屋脊 {ridge} m 低于檐口 {eaves} m", "ridge below eaves", place="roof")
    rectangle = shapely.minimum_rotated_rectangle(footprint)
    if not isinstance(rectangle, Polygon):
        raise BadInput("建筑轮廓没有面积", "footprint without area", place="footprint")
    corners = [(float(x), float(y)) for x, y in rectangle.exterior.coords[:4]]
    if math.dist(corners[0], corners[1]) < math.dist(corners[1], corners[2]):
        corners = [*corners[1:], corners[0]]
    a, b, c, d = ((x, y, eaves) for x, y in corners)  # a-b and c-d are the long sides
    m = ((a[0] + d[0]) / 2, (a[1] + d[1]) / 2, ridge)
    n = ((b[0] + c[0]) / 2, (b[1] + c[1]) / 2, ridge)
    return ((a, b, n), (a, n, m), (c, d, m), (c, m, n), (a, m, d), (b, c, n))


@dataclass(frozen=True, slots=True)
class Window:
    """A place that asks for sun, at the window sill 窗台面.

    Attributes:
        x, y: on the outside of the wall; z: height of the sill, m.
        facing: true azimuth the wall faces, degrees; None for a point in the open that sees all around.
        building, facade, dwelling, room: what it belongs to; empty when not known.
        width: m; with a width both ends of the sill must be in the sun (满窗日照), without it the point alone.
        station: metres from the facade's start to the window.
    """

    x: float
    y: float
    z: float
    facing: float | None = None
    building: str = ""
    facade: str = ""
    dwelling: str = ""
    room: str = ""
    width: float = 0.0
    station: float = 0.0


@dataclass(frozen=True, slots=True)
class Facade:
    """A straight stretch of outer wall.

    Attributes:
        name: ``南立面`` and so on, numbered where a building has several on one side.
        building: building number.
        azimuth: where it looks, degrees clockwise from true north.
        start, end: ends in grid coordinates, the building on the left going from start to end.
        courtyard: it looks into a courtyard.
    """

    name: str
    building: str
    azimuth: float
    start: tuple[float, float]
    end: tuple[float, float]
    courtyard: bool = False

    @property
    def length(self) -> float:
        """Metres on the grid."""
        return math.dist(self.start, self.end)

    @property
    def line(self) -> LineString:
        """As a geometry, for the map."""
        return LineString([self.start, self.end])


def facades(building: str, footprint: BaseGeometry, site: Site, *, shortest: float = 0.5) -> list[Facade]:
    """Facades of a footprint, courtyards too; walls in one line are joined, those below ``shortest`` m left out."""
    found: list[tuple[float, tuple[float, float], tuple[float, float], bool]] = []
    for polygon in oriented_polygons(footprint):
        for number, ring in enumerate(rings_of(polygon)):
            for start, end in _straight(ring):
                dx, dy = end[0] - start[0], end[1] - start[1]
                if math.hypot(dx, dy) >= shortest:
                    found.append((site.true_azimuth(dy, -dx), start, end, number > 0))
    sides = [side_name(azimuth) for azimuth, *_ in found]
    counts: dict[str, int] = {}
    out = []
    for side, (azimuth, start, end, courtyard) in zip(sides, found, strict=True):
        counts[side] = counts.get(side, 0) + 1
        number_text = str(counts[side]) if sides.count(side) > 1 else ""
        out.append(Facade(f"{side}立面{number_text}", building, azimuth, start, end, courtyard))
    return out


def _straight(ring: list[tuple[float, float]]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Edges of a ring, consecutive ones joined while they keep the direction of the first."""
    count = len(ring)

    def heading(i: int) -> float:
        (x1, y1), (x2, y2) = ring[i % count], ring[(i + 1) % count]
        return math.atan2(y2 - y1, x2 - x1)

    def turn(a: float, b: float) -> float:
        return abs(math.degrees((b - a + math.pi) % (2 * math.pi) - math.pi))

    corners = [i for i in range(count) if turn(heading(i - 1), heading(i)) > SAME_WALL] or [0]
    edges = []
    for n, corner in enumerate(corners):
        stop = corners[n + 1] if n + 1 < len(corners) else corners[0] + count
        begin, direction = corner, heading(corner)
        for i in range(corner + 1, stop + 1):
            if i == stop or turn(direction, heading(i)) > SAME_WALL:
                edges.append((ring[begin % count], ring[i % count]))
                begin, direction = i, heading(i)
    return edges


def windows_along(facade: Facade, site: Site, spacing: float, height: float) -> list[Window]:
    """Window points along a facade: the middles of equal stretches no longer than ``spacing`` m, at ``height`` m.

    Raises:
        BadInput: spacing not positive.
    """
    if not spacing > 0:
        raise BadInput(f"采样间距应大于 0:{spacing}", "spacing must be positive", place="spacing")
    count = max(1, math.ceil(facade.length / spacing - 1e-9))
    (x1, y1), (x2, y2) = facade.start, facade.end
    out_x, out_y = site.grid_vector(facade.azimuth)
    out = []
    for i in range(count):
        share = (i + 0.5) / count
        out.append(
            Window(
                x=x1 + (x2 - x1) * share + out_x * OFF_WALL,
                y=y1 + (y2 - y1) * share + out_y * OFF_WALL,
                z=height,
                facing=facade.azimuth,
                building=facade.building,
                facade=facade.name,
                station=facade.length * share,
            )
        )
    return out


def main_direction(footprint: BaseGeometry, site: Site) -> float:
    """Main facade direction 主朝向 of a building: of the two long sides of the least rectangle the more southerly one.

    True azimuth in degrees; of two sides equally southerly (due east and west) the eastern. A platform convention for
    drawings without windows, not a rule of a standard.
    """
    rectangle = shapely.minimum_rotated_rectangle(footprint)
    if not isinstance(rectangle, Polygon):
        raise BadInput("建筑轮廓没有面积", "footprint without area", place="footprint")
    lengths: list[tuple[float, float]] = []
    for polygon in oriented_polygons(rectangle):
        ring = rings_of(polygon)[0]
        for start, end in zip(ring, [*ring[1:], ring[0]], strict=True):
            dx, dy = end[0] - start[0], end[1] - start[1]
            lengths.append((math.hypot(dx, dy), site.true_azimuth(dy, -dx)))
    longest = max(length for length, _ in lengths)
    long_sides = [azimuth for length, azimuth in lengths if length >= longest * 0.95]
    return min(long_sides, key=lambda azimuth: (round(abs(azimuth - 180.0), 6), azimuth))


@dataclass(frozen=True, slots=True)
class Scene:
    """All blocks of a situation, with what is not known about them.

    Attributes:
        blocks: own and adjacent buildings.
        unknown: names of buildings of ``blocks`` whose height is not known (their ``top`` is without meaning).
    """

    site: Site
    blocks: tuple[Block, ...]
    unknown: frozenset[str] = field(default_factory=frozenset)

    def without(self, names: Iterable[str]) -> Scene:
        """The scene without some buildings."""
        gone = set(names)
        return Scene(self.site, tuple(b for b in self.blocks if b.name not in gone), self.unknown - gone)

    def raised(self, names: Iterable[str], height: float) -> Scene:
        """The scene with some buildings made ``height`` m tall and no longer unknown."""
        tall = set(names)
        blocks = tuple(
            Block(b.name, b.footprint, b.base, b.base + height, refs=b.refs) if b.name in tall else b
            for b in self.blocks
        )
        return Scene(self.site, blocks, self.unknown - tall)
