"""What the shapes of one drawing give without any rule: setbacks per side, spacings, heights, floors, counts by kind.

Plain measuring for the report of a drawing; what a rule makes of it is the elements room's.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.deadline import Deadline, OutOfTimeError
from drawings.drawing import DrawingModel, RoleShape
from drawings.interpreting.estimate import buildings_of, estimate
from drawings.interpreting.floors import building_of, drawn_floors, text_at
from drawings.interpreting.frontage import FRONT, Frontage, frontage
from drawings.interpreting.spaces import ROLES, spaces_of
from drawings.issues import issue
from drawings.reading import Reading, reading
from drawings.shapes.pairs import array, together
from drawings.standards.multiplicity import BadRange, is_once, parse_floors
from project_box.kernel.finding import Issue

_WORDS = (
    ("东", "E"),
    ("东北", "NE"),
    ("北", "N"),
    ("西北", "NW"),
    ("西", "W"),
    ("西南", "SW"),
    ("南", "S"),
    ("东南", "SE"),
)
_CORNER = 20.0  # degrees: sides of the site meet where its outline turns by more
_HALF_ROUND = 45.0  # degrees that a rounded corner has turned at its middle
_STRAIGHT = 0.1  # of a ring's length: a straight side
_LINES = ("control_line", "road_red_line", "green_line", "blue_line", "adjacent")
_MOST = 400  # buildings and sides looked at pair by pair
_EACH = 20  # sides, and lines, that one building is measured to
_PARTS = {"setbacks": "退让", "spacings": "间距", "estimate": "估算"}
_T = TypeVar("_T")


def measures(model: DrawingModel) -> dict[str, Any]:
    """As :func:`measured`, without what is told."""
    return measured(model)[0]


def measured(
    model: DrawingModel, settings: Reading | None = None
) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """``frontage, setbacks, spacings, heights, floors, parking, green, estimate``: m and ㎡, empty where not drawn.

    ``frontage`` tells which side is the front and why, or why that cannot be told; None without site and buildings.
    What measuring took too long for is empty, and told.
    """
    deadline = Deadline((settings or reading()).limits.measure_seconds)
    late: list[str] = []

    def in_time(part: str, work: Callable[[], _T], without: _T) -> _T:
        try:
            deadline.check()
            return work()
        except OutOfTimeError:
            late.append(part)
            return without

    drawn = [s for s in buildings_of(model) if s.valid]  # footprints; where none is drawn, outlines
    buildings = drawn[:_MOST]
    none: list[dict[str, Any]] = []
    nothing: tuple[dict[str, Any] | None, list[dict[str, Any]]] = (None, [])
    front, setbacks = in_time("setbacks", lambda: _setbacks(model, buildings, deadline), nothing)
    found = {
        "frontage": front,
        "setbacks": setbacks,
        "spacings": in_time("spacings", lambda: _spacings(buildings, deadline), none),
        "heights": _heights(model),
        "floors": _floors(model),
        "parking": _counted(model.by_role("parking_car", "parking_bike")),
        "green": _counted(model.by_role("green", "roof_green")),
        "estimate": in_time("estimate", lambda: estimate(model, drawn, deadline), None),
    }
    if not late:
        return found, ()
    return found, (
        issue(
            "DXF-MEASURES-BOUND",
            file=model.name,
            seconds=math.ceil(deadline.seconds),
            parts="、".join(_PARTS[part] for part in late),
            parts_en=", ".join(late),
        ),
    )


def _label(shape: RoleShape) -> str:
    return str(shape.attributes.get("楼号") or shape.handle)


def sides(site: BaseGeometry) -> list[tuple[tuple[str, str], LineString]]:
    """Sides of a site's outer rings, split at corners (rounded ones in their middle), with where they face."""
    out: list[tuple[tuple[str, str], LineString]] = []
    for part in shapely.get_parts(site):
        if not isinstance(part, Polygon):
            continue
        ring = shapely.geometry.polygon.orient(part).exterior
        points = [(x, y) for x, y, *_ in ring.coords][:-1]
        turns = [
            i
            for i in range(len(points))
            if _turn(points[i - 1], points[i], points[(i + 1) % len(points)]) > _CORNER
        ]
        starts = _rounded(points, turns) or [0]
        for k, first in enumerate(starts):
            last = starts[(k + 1) % len(starts)]
            count = (last - first) % len(points) or len(points)
            run = [points[(first + j) % len(points)] for j in range(count + 1)]
            (x0, y0), (x1, y1) = run[0], run[-1]
            # counter-clockwise: the outside is to the right of the way along
            angle = math.degrees(math.atan2(x0 - x1, y1 - y0)) % 360
            out.append((_WORDS[round(angle / 45) % 8], LineString(run)))
    return out


def _rounded(points: Sequence[tuple[float, float]], corners: Sequence[int]) -> list[int]:
    """Corners of a ring, and the middles of rounded ones: between two corners, where it turns by half of a right angle
    and by every further right angle. A ring without any corner and without a straight side has none."""
    count = len(points)
    lengths = [math.dist(points[i], points[(i + 1) % count]) for i in range(count)]
    start = corners[0] if corners else max(range(count), key=lambda i: lengths[i])
    if not corners and lengths[start] < _STRAIGHT * sum(lengths):
        return []
    sharp, out, turned, due = set(corners), [start], 0.0, _HALF_ROUND
    for step in range(1, count):
        i = (start + step) % count
        if i in sharp:
            out.append(i)
            turned, due = 0.0, _HALF_ROUND
            continue
        turned += _signed(points[i - 1], points[i], points[(i + 1) % count])
        if turned >= due - 1e-6:
            out.append(i)
            due += 2 * _HALF_ROUND
    if not corners:
        out = out[1:]  # the longest side goes on before the point it was begun with
    return sorted(out)


def _signed(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Degrees that a way turns to the left at b."""
    before, after = math.atan2(b[1] - a[1], b[0] - a[0]), math.atan2(c[1] - b[1], c[0] - b[0])
    return math.degrees((after - before + math.pi) % (2 * math.pi) - math.pi)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return abs(_signed(a, b, c))


def _setbacks(
    model: DrawingModel, buildings: Sequence[RoleShape], deadline: Deadline
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The front of the site; every building against every side of the site it stands on, and against drawn lines."""
    sites = [s.geometry for s in model.by_role("site_boundary") if s.valid]
    if not sites or not buildings:
        return None, []
    site = together(sites, deadline)
    shapely.prepare(site)
    found: list[tuple[tuple[str, str], LineString]] = []
    for part in shapely.get_parts(site):
        if len(found) < _MOST:
            found += sides(part)
    front = frontage(model, [line for _, line in found], site, deadline)
    side_boxes = shapely.bounds(array([line for _, line in found]))
    lines = [s for s in model.by_role(*_LINES) if s.valid]
    boxes = shapely.bounds(array([s.geometry for s in lines]))
    rows: list[dict[str, Any]] = []
    for building in buildings:
        deadline.check()
        if not site.intersects(building.geometry):
            continue
        inside = bool(site.covers(building.geometry.buffer(-1e-6)))
        for number, (word, line) in _nearest(building, found, side_boxes):
            rows.append(
                _row(
                    building,
                    "site_boundary",
                    line,
                    side=word[0],
                    side_en=word[1],
                    number=number,
                    position=front.position(line),
                    inside=inside,
                )
            )
        for _, other in _nearest(building, lines, boxes):
            geometry = (
                other.geometry.boundary if other.role == "control_line" and other.area_m2 else other.geometry
            )
            rows.append(_row(building, other.role, geometry, handle_of=other.handle))
    return _front_plain(front, found), rows


def _front_plain(front: Frontage, found: Sequence[tuple[tuple[str, str], LineString]]) -> dict[str, Any]:
    numbers = [n for n, (_, line) in enumerate(found, 1) if front.position(line) == FRONT]
    word = next((w for n, (w, _) in enumerate(found, 1) if n in numbers and n in front.numbers), None)
    word = word or next((w for n, (w, _) in enumerate(found, 1) if n in numbers), None)
    return {
        "known": front.heading is not None,
        "side": word[0] if word else None,
        "side_en": word[1] if word else None,
        "numbers": numbers,
        "along_roads": list(front.numbers),
        "handles": list(front.handles),
        "why": front.why[0],
        "why_en": front.why[1],
        "remedy": front.remedy[0],
        "remedy_en": front.remedy[1],
    }


def _nearest(
    building: RoleShape, things: Sequence[_T], boxes: npt.NDArray[np.float64]
) -> list[tuple[int, _T]]:
    """Things with their numbers (from 1), in order; of many those whose boxes are nearest to a building."""
    chosen = np.arange(len(things))
    if len(things) > _EACH:
        x0, y0, x1, y1 = building.geometry.bounds
        across = np.maximum(0.0, np.maximum(boxes[:, 0] - x1, x0 - boxes[:, 2]))
        up = np.maximum(0.0, np.maximum(boxes[:, 1] - y1, y0 - boxes[:, 3]))
        away = np.hypot(across, up)
        near = np.flatnonzero(~(away > np.partition(away, _EACH - 1)[_EACH - 1]))  # NaN comes last
        chosen = np.sort(near[np.argsort(away[near], kind="stable")[:_EACH]])
    return [(k + 1, things[k]) for k in chosen.tolist()]


def _row(building: RoleShape, to: str, line: BaseGeometry, **more: Any) -> dict[str, Any]:
    nearest = shapely.shortest_line(building.geometry, line)
    ends = [[round(x, 4), round(y, 4)] for x, y, *_ in nearest.coords]
    return {"building": _label(building), "handle": building.handle, "to": to,
            "distance_m": round(float(nearest.length), 4), "between_m": ends, **more}  # fmt: skip


def _spacings(buildings: Sequence[RoleShape], deadline: Deadline) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for i, one in enumerate(buildings):
        for other in buildings[i + 1 :]:
            if len(out) >= 5000:
                return out
            deadline.check()
            row = _row(one, "building", other.geometry)
            out.append(row | {"other": _label(other), "other_handle": other.handle})
    return out


def _heights(model: DrawingModel) -> list[dict[str, Any]]:
    """Heights as attributes say and as height marks measure."""
    out: list[dict[str, Any]] = []
    for shape in model.shapes:
        stated = shape.attributes.get("建筑高度")
        if isinstance(stated, float):
            out.append(
                {"building": _label(shape), "height_m": stated, "source": "attribute", "handle": shape.handle}
            )
        if shape.role == "height_mark" and stated is None:
            measured = shape.attributes.get("测量值")
            length = float(measured) if measured is not None else shape.geometry.length
            building = text_at(shape, "楼号") or building_of(model)
            out.append({"building": building or None, "height_m": round(length, 4),
                        "source": "measured", "handle": shape.handle})  # fmt: skip
    return out


def _floors(model: DrawingModel) -> list[dict[str, Any]]:
    """Floors with how many storeys they stand for and what is drawn in them, once and times the storeys."""
    out: list[dict[str, Any]] = []
    for floor in drawn_floors(model):
        text = text_at(floor.shape, "起止层")
        floors = _storeys(text)
        areas: dict[str, float] = defaultdict(float)
        for shape in floor.inside:
            if shape.area_m2 is not None:
                areas[shape.role] += shape.area_m2
        times = len(floors) if floors else (1 if is_once(text) else None)
        out.append(
            {
                "handle": floor.shape.handle,
                "framed": floor.framed,
                "building": floor.attributes.get("楼号") or None,
                "name": floor.attributes.get("层名"),
                "floors": text or None,
                "storeys": times,
                "storey_height_m": floor.attributes.get("层高"),
                "area_m2": {role: round(area, 4) for role, area in areas.items()},
                "total_m2": {role: round(area * times, 4) for role, area in areas.items()} if times else None,
            }
        )
    return out


def _storeys(text: str) -> tuple[int, ...]:
    try:
        return parse_floors(text)
    except BadRange:
        return ()


def _counted(shapes: Sequence[RoleShape]) -> list[dict[str, Any]]:
    """Numbers and areas by role and kind; ``count`` None where an area does not say how many spaces it holds."""
    groups: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}
    parking = all(s.role in ROLES for s in shapes)
    spaces = spaces_of(shapes) if parking else [1] * len(shapes)
    for shape, number in zip(shapes, spaces, strict=True):
        kind = _own(shape.attributes, "类型") or _own(shape.attributes, "名称")
        place = _own(shape.attributes, "位置")
        entry = groups.setdefault(
            (shape.role, kind, place),
            {"role": shape.role, "kind": kind, "place": place, "shapes": 0, "count": 0, "area_m2": 0.0},
        )
        entry["shapes"] += 1
        entry["count"] = None if number is None or entry["count"] is None else entry["count"] + number
        entry["area_m2"] = round(entry["area_m2"] + (shape.area_m2 or 0.0), 4)
    return list(groups.values())


def _own(attributes: Mapping[str, Any], key: str) -> str | None:
    value = attributes.get(key)
    return str(value) if value is not None else None
