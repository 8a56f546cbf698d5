"""Obstacle limitation surfaces 障碍物限制面 of a runway: how high anything on a site may reach. Pure.

Inner horizontal 内水平面, conical 锥形面, approach 进近面, transitional 过渡面 and take-off climb 起飞爬升面
from the centre line of a runway, the elevations of its ends and of the aerodrome, and the dated table
``catalogue/obstacle.yaml``. All but the conical one are planes, so the lowest point over a part of a site lies at a
corner of it; the conical one rises with the distance. Lengths m in a metric CRS, elevations m in the datum of the
layer. Both ends are taken to be used for take-off, straight ahead and without clearway.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import shapely
from pydantic import BaseModel, ConfigDict, Field
from shapely.affinity import affine_transform
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge, nearest_points

from gis.rules import CATALOGUE
from project_box.kernel.catalogue import parse

_STRICT = ConfigDict(extra="forbid", frozen=True)
Approach = Literal["non_instrument", "non_precision", "precision"]
#: sagitta allowed where a circle is drawn as a polygon, m
_SAGITTA = 0.01


class Section(BaseModel):
    """One stretch of an approach surface; slope in %."""

    model_config = _STRICT

    length: float = Field(gt=0)
    slope: float = Field(ge=0)


class RunwayClass(BaseModel):
    """Dimensions of one class of runway; slopes and spread in %, lengths in m."""

    model_config = _STRICT

    codes: tuple[str, ...]
    approach: Approach
    radius: float = Field(gt=0)
    conical_slope: float = Field(gt=0)
    conical_height: float = Field(gt=0)
    edge: float = Field(gt=0)
    before: float = Field(gt=0)
    spread: float = Field(gt=0)
    transitional: float = Field(gt=0)
    sections: tuple[Section, ...] = Field(min_length=1)

    @property
    def reach(self) -> float:
        """Beyond this distance from the runway no surface of the class lies."""
        length = sum(s.length for s in self.sections) + self.before
        wide = self.edge / 2 + self.spread / 100 * length
        return max(math.hypot(length, wide), self.radius + 100 * self.conical_height / self.conical_slope)


class TakeOff(BaseModel):
    """Take-off climb surface of a runway code number: lengths m, spread (each side) and slope in %.

    ``edge`` is its width at the inner edge, ``before`` m beyond the runway's end, ``width`` the final one.
    """

    model_config = _STRICT

    codes: tuple[str, ...]
    edge: float = Field(gt=0)
    before: float = Field(gt=0)
    spread: float = Field(gt=0)
    width: float = Field(gt=0)
    length: float = Field(gt=0)
    slope: float = Field(gt=0)

    @property
    def reach(self) -> float:
        """Beyond this distance from the runway the surface does not lie."""
        return math.hypot(self.before + self.length, self.width / 2)


class RunwayFields(BaseModel):
    """Attributes of a runway: code number, kind of approach, elevation of both ends and of the aerodrome."""

    model_config = _STRICT

    code: str
    approach: str
    first: str
    last: str
    aerodrome: str


class ObstacleRules(BaseModel):
    """``catalogue/obstacle.yaml``."""

    model_config = _STRICT

    doc_no: str
    clause: str
    clause_en: str
    verified: bool
    effective_from: dt.date
    fields: RunwayFields
    names: dict[Approach, tuple[str, ...]]
    inner_horizontal_m: float = Field(gt=0)
    runways: tuple[RunwayClass, ...] = Field(min_length=1)
    take_off: tuple[TakeOff, ...] = Field(min_length=1)

    @property
    def reach(self) -> float:
        """Distance from any runway beyond which no surface lies, m."""
        return max(*(r.reach for r in self.runways), *(t.reach for t in self.take_off))

    def climb(self, code: str) -> TakeOff | None:
        """The take-off climb surface of a runway, by code number (``4`` or ``4E``)."""
        return next((t for t in self.take_off if code[:1] in t.codes), None)

    def find(self, code: str, approach: str) -> RunwayClass | None:
        """The class of a runway, by code number (``4`` or ``4E``) and kind of approach as delivered."""
        kind = next((k for k, words in self.names.items() if approach in (k, *words)), None)
        return next((r for r in self.runways if r.approach == kind and code[:1] in r.codes), None)


@lru_cache
def obstacle_rules() -> ObstacleRules:
    """The table in force.

    Raises:
        CatalogueError: the file is wrong; names line and field.
    """
    return parse(ObstacleRules, CATALOGUE / "obstacle.yaml")


@dataclass(frozen=True, slots=True)
class Runway:
    """A runway: its ends (east, north; m), their elevations, the aerodrome's, and its class."""

    first: tuple[float, float]
    last: tuple[float, float]
    first_m: float
    last_m: float
    aerodrome_m: float
    type: RunwayClass
    inner_m: float
    climb: TakeOff | None = None

    @property
    def length(self) -> float:
        """Length in m."""
        return math.dist(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Limit:
    """The lowest limit over a site: elevation m, the surface that sets it, and where (east, north)."""

    elevation_m: float
    surface: str
    surface_en: str
    at: tuple[float, float]


def runway_of(
    line: BaseGeometry, attributes: Mapping[str, Any], rules: ObstacleRules
) -> tuple[Runway | None, str]:
    """A runway from its delivered centre line, or None and what is missing (Chinese)."""
    merged = linemerge(line) if isinstance(line, MultiLineString) else line
    if not isinstance(merged, LineString) or merged.length <= 0:
        return None, "跑道中心线不是一条线"
    names = rules.fields
    missing = [
        word
        for word, name in (
            ("飞行区指标", names.code), ("跑道类型", names.approach), ("首端高程", names.first),
            ("末端高程", names.last), ("机场标高", names.aerodrome),
        )
        if not str(attributes.get(name) if attributes.get(name) is not None else "").strip()
    ]  # fmt: skip
    if missing:
        return None, f"缺少{'、'.join(missing)}"
    try:
        first_m, last_m, aerodrome_m = (
            float(str(attributes[n]).strip()) for n in (names.first, names.last, names.aerodrome)
        )
    except ValueError:
        return None, "跑道或机场高程不是数字"
    if not all(map(math.isfinite, (first_m, last_m, aerodrome_m))):
        return None, "跑道或机场高程不是数字"
    kind = rules.find(str(attributes[names.code]).strip(), str(attributes[names.approach]).strip())
    if kind is None:
        return None, f"没有飞行区指标 {attributes[names.code]}、{attributes[names.approach]}跑道的限制面参数"
    (x0, y0), (x1, y1) = merged.coords[0][:2], merged.coords[-1][:2]
    inner = aerodrome_m + rules.inner_horizontal_m
    climb = rules.climb(str(attributes[names.code]).strip())
    return Runway((x0, y0), (x1, y1), first_m, last_m, aerodrome_m, kind, inner, climb), ""


def lowest_limit(runway: Runway, site: BaseGeometry) -> Limit | None:
    """The lowest limit over a site in the runway's CRS; None where no surface lies above it."""
    to_local, to_world = _frames(runway)
    local = affine_transform(site, to_local)
    found = list(_limits(runway, local))
    if not found:
        return None
    best = min(found, key=lambda f: round(f.elevation_m, 6))
    point = affine_transform(shapely.Point(best.at), to_world)
    return Limit(best.elevation_m, best.surface, best.surface_en, (point.x, point.y))


def _frames(runway: Runway) -> tuple[list[float], list[float]]:
    """Affine matrices into the frame of the runway (s along it from its first end, t to its left) and back."""
    (x, y), length = runway.first, runway.length
    c, s = (runway.last[0] - x) / length, (runway.last[1] - y) / length
    return [c, s, -s, c, -c * x - s * y, s * x - c * y], [c, -s, s, c, x, y]


def _limits(runway: Runway, site: BaseGeometry) -> Iterator[Limit]:
    yield from _round(runway, site)
    strip = runway.type.edge / 2
    low, high = -runway.type.before, runway.length + runway.type.before
    yield from _lowest(
        site, shapely.box(low, -strip, high, strip), lambda s, t: _along(runway, s), "升降带", "strip"
    )
    for side in (1, -1):
        yield from _transitional(runway, site, side, low, high, (strip, strip), lambda s: _along(runway, s))
    for end in (0, 1):
        yield from _approach(runway, site, end)
    for end in (0, 1):
        yield from _take_off(runway, site, end)


def _along(runway: Runway, s: float) -> float:
    """Elevation of the strip abeam station ``s``: between the ends, level beyond them."""
    share = min(max(s / runway.length, 0.0), 1.0)
    return runway.first_m + share * (runway.last_m - runway.first_m)


def _round(runway: Runway, site: BaseGeometry) -> Iterator[Limit]:
    """Inner horizontal and conical surface: they depend on the distance to the centre line only."""
    line = LineString([(0, 0), (runway.length, 0)])
    kind = runway.type
    near = nearest_points(site, line)[0]
    distance = near.distance(line)
    outer = kind.radius + 100 * kind.conical_height / kind.conical_slope
    if distance <= kind.radius:
        yield Limit(runway.inner_m, "内水平面", "inner horizontal", (near.x, near.y))
    elif distance <= outer:
        rise = (distance - kind.radius) * kind.conical_slope / 100
        yield Limit(runway.inner_m + rise, "锥形面", "conical", (near.x, near.y))


def _lowest(
    site: BaseGeometry, footprint: Polygon, height: Callable[[float, float], float], name: str, name_en: str
) -> Iterator[Limit]:
    """The lowest point of a plane over the part of a site below it."""
    part = site.intersection(footprint)
    if part.is_empty:
        return
    corners = shapely.get_coordinates(part).tolist()
    s, t = min(corners, key=lambda c: height(c[0], c[1]))
    yield Limit(height(s, t), name, name_en, (s, t))


def _approach(runway: Runway, site: BaseGeometry, end: int) -> Iterator[Limit]:
    """Approach surface of one end in its sections, and the transitional surfaces along it."""
    kind = runway.type

    def station(d: float) -> float:
        """Station of a point ``d`` m before the inner edge."""
        return -kind.before - d if end == 0 else runway.length + kind.before + d

    def half(d: float) -> float:
        return kind.edge / 2 + kind.spread / 100 * d

    base, start = (runway.first_m if end == 0 else runway.last_m), 0.0
    for section in kind.sections:
        stop, slope = start + section.length, section.slope / 100
        near, far = (station(start), half(start)), (station(stop), half(stop))
        ring = [near, far, (far[0], -far[1]), (near[0], -near[1])]

        def rising(s: float, base: float = base, start: float = start, slope: float = slope) -> float:
            return base + slope * (abs(s - station(0)) - start)

        def plane(s: float, t: float, rising: Callable[[float], float] = rising) -> float:
            return rising(s)

        yield from _lowest(site, Polygon(ring), plane, "进近面", "approach")
        for side in (1, -1):
            yield from _transitional(
                runway, site, side, station(start), station(stop), (half(start), half(stop)), rising
            )
        base, start = base + slope * section.length, stop


def _take_off(runway: Runway, site: BaseGeometry, end: int) -> Iterator[Limit]:
    """Take-off climb surface beyond one end: it widens to its final width and rises evenly."""
    climb = runway.climb
    if climb is None:
        return
    base = runway.first_m if end == 0 else runway.last_m
    start = -climb.before if end == 0 else runway.length + climb.before
    outward = -1.0 if end == 0 else 1.0
    widened = min((climb.width - climb.edge) / 2 / (climb.spread / 100), climb.length)
    final = climb.edge / 2 + widened * climb.spread / 100
    upper = [(0.0, climb.edge / 2), (widened, final), (climb.length, final)]
    ring = [(start + outward * d, h) for d, h in upper]
    ring += [(s, -h) for s, h in reversed(ring)]

    def rising(s: float, t: float) -> float:
        return base + climb.slope / 100 * abs(s - start)

    yield from _lowest(site, Polygon(ring), rising, "起飞爬升面", "take-off climb")


def _transitional(
    runway: Runway,
    site: BaseGeometry,
    side: int,
    low: float,
    high: float,
    edges: tuple[float, float],
    base: Callable[[float], float],
) -> Iterator[Limit]:
    """Transitional surface along one side between two stations, up to the inner horizontal surface.

    ``edges``: distance of its lower edge from the centre line at both stations; ``base``: its elevation there.
    """
    slope = runway.type.transitional / 100
    # where the strip's slope changes (its ends) the plane changes too
    cuts = sorted({low, high, *(c for c in (0.0, runway.length) if min(low, high) < c < max(low, high))})
    if low > high:
        cuts.reverse()
    for a, b in pairwise(cuts):
        ends = [(s, edges[0] + (edges[1] - edges[0]) * (s - low) / (high - low)) for s in (a, b)]
        rises = [runway.inner_m - base(s) for s, _ in ends]
        if max(rises) <= 0:
            continue
        if min(rises) < 0:  # the lower edge passes through the inner horizontal surface on the way
            share = rises[0] / (rises[0] - rises[1])
            (s0, e0), (s1, e1) = ends
            middle = (s0 + share * (s1 - s0), e0 + share * (e1 - e0))
            ends = [ends[0], middle] if rises[0] > 0 else [middle, ends[1]]
            rises = [max(rises[0], 0.0), 0.0] if rises[0] > 0 else [0.0, rises[1]]
        lower = [(s, side * e) for s, e in ends]
        upper = [(s, side * (e + r / slope)) for (s, e), r in zip(ends, rises, strict=True)]
        (s0, e0), (s1, e1) = ends

        def height(
            s: float, t: float, s0: float = s0, e0: float = e0, s1: float = s1, e1: float = e1
        ) -> float:
            edge = e0 + (e1 - e0) * (s - s0) / (s1 - s0) if s1 != s0 else e0
            return base(s) + slope * (abs(t) - edge)

        yield from _lowest(site, Polygon([*lower, *reversed(upper)]), height, "过渡面", "transitional")


def fine_segments(radius: float) -> int:
    """Segments of a quarter circle so that a polygon leaves it by a centimetre at most."""
    if radius <= _SAGITTA:
        return 1
    return min(256, max(8, math.ceil(math.pi / 4 / math.acos(1 - _SAGITTA / radius))))
