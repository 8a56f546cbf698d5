"""Setbacks per side and spacings pair by pair, measured on the site plan with the points they are measured between."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import LinearRing, LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from drawings.interpreting.frontage import Frontage, frontage
from elements.calculators.spacing import facing
from elements.engine.rounding import measured
from elements.engine.values import ElementValue, union_evidence
from elements.extraction.measuring import (
    OUTSIDE_TOLERANCE,
    Building,
    DrawingSet,
    Shapes,
    crossing,
    drawn,
    local_area,
    millimetres_of,
    refs_of,
    text_of,
)
from project_box.kernel.finding import EntityRef

#: drawn lines a building keeps away from, by role
LINES = {
    "control_line": "建筑控制线",
    "road_red_line": "道路红线",
    "green_line": "绿线",
    "blue_line": "蓝线",
}
_WORDS = ("东", "东北", "北", "西北", "西", "西南", "南", "东南")
#: degrees: a corner is a turn by more than the first; a curve is cut when it has turned by the second
_CORNER, _CURVE = 20.0, 50.0
#: a side runs along a drawn line when this share of it lies within this distance (m) of the line
_ALONG, _NEAR = 0.5, 0.5


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the site: outward compass word, number along its ring, the part of the site it bounds, and the drawn
    line it coincides with (empty without one). ``inner``: the rim of a hole.
    """

    word: str
    number: int
    line: LineString
    land: Polygon
    adjacent: str = ""
    inner: bool = False


def setbacks(
    drawings: DrawingSet, buildings: Sequence[Building], boundaries: Shapes, site: BaseGeometry | None
) -> ElementValue:
    """SETBACKS: every building, and every basement, against every side of the site and every drawn line."""
    if site is None:
        return drawings.nothing("SETBACKS", "退让量测", "用地红线", "site boundary")
    if fault := crossing("SETBACKS", "用地红线", boundaries):
        return fault
    lines = [(role, ref, _as_line(s.geometry)) for role in LINES for ref, s in drawings.on_plan(role)]
    sides = [
        (ref, side)
        for ref, shape in boundaries
        for side in sides_of(shape.geometry, [(LINES[r], g) for r, _, g in lines if r != "control_line"])
    ]
    fronts = _fronts(drawings, sides, site)
    controls = _buildable([s.geometry for _, s in drawings.on_plan("control_line")], site)
    rows: list[dict[str, Any]] = []
    for b in buildings:
        over = _outside(b.foot, site)
        rows += _to_sides(b.label, b.outline, b.refs, sides, "site_boundary", over, fronts)
        for role, ref, line in lines:
            outside = _outside(b.foot, controls) if role == "control_line" and controls is not None else 0.0
            rows.append(_row(role, b.label, LINES[role], b.outline, line, outside, [*b.refs, ref]))
    for ref, shape in drawings.on_plan("basement"):
        if not shape.valid:
            continue
        label = text_of(shape, "楼号") or "地下室"
        over = _outside(shape.geometry, site)
        rows += _to_sides(label, shape.geometry, (ref,), sides, "basement", over, fronts)
        for role, line_ref, line in lines:
            if role != "control_line":
                rows.append(
                    _row(f"basement_{role}", label, LINES[role], shape.geometry, line, 0.0, [ref, line_ref])
                )
    return drawn("SETBACKS", rows, "", union_evidence([refs_of(boundaries), *(b.refs for b in buildings)]))


def _fronts(
    drawings: DrawingSet, sides: Sequence[tuple[EntityRef, Side]], site: BaseGeometry
) -> dict[str, Frontage]:
    """Where the road is, by file."""
    return {
        m.sha256: frontage(
            m, [side.line for ref, side in sides if ref.file == m.sha256 and not side.inner], site
        )
        for m in drawings.plans
    }


def _outside(shape: BaseGeometry, allowed: BaseGeometry) -> float:
    over = local_area(shape.difference(allowed))
    return over if over > OUTSIDE_TOLERANCE else 0.0


def _as_line(geometry: BaseGeometry) -> BaseGeometry:
    return geometry.boundary if isinstance(geometry, (Polygon, MultiPolygon)) else geometry


def _to_sides(
    label: str,
    shape: BaseGeometry,
    refs: Sequence[EntityRef],
    sides: Sequence[tuple[EntityRef, Side]],
    kind: str,
    outside: float,
    fronts: Mapping[str, Frontage],
) -> list[dict[str, Any]]:
    """Rows against the sides of the part of the site the shape lies in (all of them when it lies in none)."""
    own = {side.land.wkb for _, side in sides if side.land.intersects(shape)}
    rows = []
    for ref, side in sides:
        if own and side.land.wkb not in own:
            continue
        name = "内边界" if side.inner else f"{side.word}侧用地红线"
        row = _row(kind, label, f"{name}（第 {side.number} 边）", shape, side.line, outside, [*refs, ref])
        row |= {"side": "内" if side.inner else side.word, "adjacent": side.adjacent}
        front = fronts.get(ref.file)
        if front is not None and not side.inner:
            row |= {"position": front.position(side.line), "front_why": "；".join(filter(None, _told(front)))}
        rows.append(row)
    return rows


def _told(front: Frontage) -> tuple[str, str]:
    return front.why[0], front.remedy[0]


def _row(
    kind: str,
    a: str,
    b: str,
    shape: BaseGeometry,
    line: BaseGeometry,
    outside: float,
    refs: Sequence[EntityRef],
) -> dict[str, Any]:
    return {
        "kind": kind,
        "a": a,
        "b": b,
        "side": b,
        "adjacent": "",
        "distance": measured(shape.distance(line)),
        "outside": measured(outside),
        "nearest": nearest(shape, line),
        "refs": list(refs),
    }


def nearest(one: BaseGeometry, other: BaseGeometry) -> list[list[float]]:
    """The two nearest points, x and y in drawing coordinates (mm)."""
    return [[round(x, 3), round(y, 3)] for x, y in shapely.shortest_line(one, other).coords]


def sides_of(geometry: BaseGeometry, lines: Sequence[tuple[str, BaseGeometry]] = ()) -> list[Side]:
    """Sides of a site: rings cut at corners sharper than 20° and where a curve has turned by 50°.

    Each side has the compass word of its outward direction (X east, Y north) and, when more than half of it runs along
    a drawn line, that line's name. Inner rings are one side each.
    """
    out: list[Side] = []
    parts = [g for g in shapely.get_parts(geometry) if isinstance(g, Polygon)]
    for polygon in parts:
        ring = shapely.geometry.polygon.orient(polygon).exterior
        for number, (word, line) in enumerate(_cut(ring), 1):
            out.append(Side(word, number, line, polygon, _adjacent(line, lines)))
        for number, hole in enumerate(polygon.interiors, 1):
            out.append(Side("内", number, LineString(hole.coords), polygon, inner=True))
    return out


def _adjacent(line: LineString, lines: Sequence[tuple[str, BaseGeometry]]) -> str:
    for name, other in lines:
        if line.length and line.intersection(other.buffer(_NEAR)).length >= _ALONG * line.length:
            return name
    return ""


def _cut(ring: LinearRing) -> list[tuple[str, LineString]]:
    points = list(ring.coords)[:-1]
    count = len(points)
    headings = [_heading(points[i], points[(i + 1) % count]) for i in range(count)]
    turns = [(headings[i] - headings[i - 1] + 180) % 360 - 180 for i in range(count)]
    corners = [i for i in range(count) if abs(turns[i]) > _CORNER]
    if not corners:  # a round site: cut where the outward direction changes its word
        words = [_word(h - 90) for h in headings]
        corners = [i for i in range(count) if words[i] != words[i - 1]] or [0]
    starts: list[int] = []
    for n, start in enumerate(corners):
        end = corners[(n + 1) % len(corners)]
        starts.append(start)
        turned = 0.0
        for step in range(1, (end - start) % count or count):
            turned += turns[(start + step) % count]
            if abs(turned) > _CURVE:
                starts.append((start + step) % count)
                turned = 0.0
    out = []
    for n, start in enumerate(starts):
        span = (starts[(n + 1) % len(starts)] - start) % count or count
        line = LineString([points[(start + k) % count] for k in range(span + 1)])
        first, last = line.coords[0], line.coords[-1]
        outward = _heading(first, last) - 90 if first != last else headings[start] - 90
        out.append((_word(outward), line))
    return out


def _heading(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))


def _word(degrees: float) -> str:
    return _WORDS[round(degrees / 45) % 8]


def _buildable(controls: Sequence[BaseGeometry], site: BaseGeometry) -> BaseGeometry | None:
    """Where control lines allow building.

    Inside any of the closed ones, and on the larger side of every open one that cuts the site; None when no line says.
    """
    closed: list[BaseGeometry] = []
    sides: list[BaseGeometry] = []
    for control in controls:
        if isinstance(control, (Polygon, MultiPolygon)):
            closed.append(control)
        elif isinstance(control, LineString) and control.is_ring:
            closed.append(Polygon(control))
        elif isinstance(control, LineString):
            pieces = [g for g in split(site, control).geoms if isinstance(g, Polygon)]
            if len(pieces) > 1:
                sides.append(max(pieces, key=lambda g: g.area))
    allowed = [shapely.union_all(closed)] if closed else []
    return shapely.intersection_all(allowed + sides) if allowed or sides else None


# ---------------------------------------------------------------- spacings


def spacings(drawings: DrawingSet, buildings: Sequence[Building]) -> ElementValue:
    """SPACINGS: every pair of buildings, and every building against every adjacent one."""
    rows: list[dict[str, Any]] = []
    around = [(ref, s) for ref, s in drawings.on_plan("adjacent") if s.valid]
    for i, one in enumerate(buildings):
        for other in buildings[i + 1 :]:
            rows.append(_pair(one, other.label, other.outline, other.refs, "own", {}))
        for ref, shape in around:
            name = text_of(shape, "楼号") or f"相邻建筑 {ref.handle}"
            known = {
                "b_height_mm": millimetres_of(shape, "建筑高度"),
                "b_fire_height_mm": millimetres_of(shape, "消防高度"),
                "b_fire_class": text_of(shape, "耐火等级") or None,
                "b_usage": text_of(shape, "用途") or None,
            }
            rows.append(_pair(one, name, shape.geometry, (ref,), "adjacent", known))
    return drawn("SPACINGS", rows, "", (r for b in buildings for r in b.refs))


def _pair(
    one: Building,
    name: str,
    other: BaseGeometry,
    refs: Sequence[EntityRef],
    kind: str,
    known: dict[str, Any],
) -> dict[str, Any]:
    seen = facing(one.outline, other)
    return {
        "kind": kind,
        "a": one.label,
        "b": name,
        "distance": measured(one.outline.distance(other)),
        "relation": seen.relation,
        "overlap": measured(seen.overlap),
        "gap": measured(seen.gap) if seen.gap is not None else None,
        "south": {1: one.label, 2: name}.get(seen.south),
        "nearest": nearest(one.outline, other),
        "b_height_mm": None,
        **known,
        "refs": [*one.refs, *refs],
    }
