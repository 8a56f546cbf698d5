"""Which side of a site faces the road: from it follow the front, rear, left and right setbacks.

The applicant's word goes first (临路侧 on the drawing), then setbacks the applicant has drawn as front ones, then the
roads drawn outside the site. Without any of them, or with two roads of which none is the wider, it is 无法判定.
Left and right are as seen from the road, looking at the site.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.deadline import Deadline
from drawings.drawing import DrawingModel, RoleShape
from drawings.shapes.pairs import array
from drawings.standards.shared_words import attribute_words

STATED = "临路侧"
_ROADS = ("road_red_line", "road", "dedicated_road")
#: metres beyond a side within which a road counts as its road; a road that runs along the boundary is as near as this
_REACH, _ON = 30.0, 0.5
#: share of a side that has to lie along the road
_ALONG = 0.4
#: a road is the wider one when it is wider by this share
_WIDER = 1.1
_MOST = 1_000_000  # sides times roads that are compared
_TURN = 45.0  # degrees: sides that face less far away from the front are front sides too
FRONT, REAR, LEFT, RIGHT = "front", "rear", "left", "right"


@dataclass(frozen=True, slots=True)
class Frontage:
    """Where the road is.

    Attributes:
        heading: degrees of the front's outward direction (X east, anticlockwise); None where it cannot be told.
        handles: of what it was told from. numbers: sides (from 1) along a road.
        why, remedy: in Chinese and English; the remedy is empty where the front is known.
    """

    heading: float | None
    why: tuple[str, str]
    remedy: tuple[str, str] = ("", "")
    handles: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    def position(self, line: LineString) -> str | None:
        """``front, rear, left`` or ``right`` of a side of a counter-clockwise ring; None where the front is unknown."""
        if self.heading is None or line.is_ring:
            return None
        away = (_outward(line) - self.heading + 180) % 360 - 180
        if abs(away) <= _TURN + 1e-6:
            return FRONT
        if abs(away) >= 180 - _TURN - 1e-6:
            return REAR
        return RIGHT if away > 0 else LEFT


@dataclass(frozen=True, slots=True)
class _Met:
    """A road along a side."""

    number: int
    line: LineString
    shape: RoleShape
    distance: float
    width: float | None


_REMEDY = (
    "在用地红线内写“临路侧=南”（或东、北、西），或画出相邻道路的道路红线",
    "write FRONT=S (or E, N, W) inside the site boundary, or draw the red line of the road beside it",
)


def frontage(
    model: DrawingModel, sides: Sequence[LineString], site: BaseGeometry, deadline: Deadline | None = None
) -> Frontage:
    """The front of a site.

    Args:
        sides: of the outer rings, counter-clockwise, in their order.
        deadline: by when it has to be known; no bound if left out.

    Raises:
        OutOfTimeError: the time is over.
    """
    deadline = deadline or Deadline(math.inf)
    return _stated(model) or _of_setbacks(model, sides) or _of_roads(model, sides, site, deadline)


def _stated(model: DrawingModel) -> Frontage | None:
    said = [
        (s.handle, s.attributes[STATED]) for s in model.by_role("site_boundary") if STATED in s.attributes
    ]
    said += [("", model.attributes[STATED])] if STATED in model.attributes else []
    for handle, value in said:
        heading = attribute_words().compass.get(
            str(value).strip().casefold().removesuffix("侧").removesuffix("面")
        )
        if heading is not None:
            why = (f"图上写明临路侧为{value}", f"the drawing states the front: {value}")
            return Frontage(heading, why, handles=(handle,) if handle else ())
    return None


def _of_setbacks(model: DrawingModel, sides: Sequence[LineString]) -> Frontage | None:
    """The side next to the setbacks that the applicant has drawn as front ones."""
    drawn = [s for s in model.by_role("setback") if "FRONT" in str(s.attributes.get("类型", "")).upper()]
    if not drawn or not sides:
        return None
    shape = min(drawn, key=lambda s: min(line.distance(s.geometry) for line in sides))
    near = min(
        sides, key=lambda line: (round(line.distance(shape.geometry), 3), -_shared(line, shape.geometry))
    )
    if near.distance(shape.geometry) > _ON:
        return None
    why = (f"申请人画的前退让（图层 {shape.layer}）", f"the front setback as drawn (layer {shape.layer})")
    return Frontage(_outward(near), why, handles=(shape.handle,), numbers=(list(sides).index(near) + 1,))


def _shared(line: LineString, other: BaseGeometry) -> float:
    return float(line.intersection(other.buffer(_ON)).length)


def _of_roads(
    model: DrawingModel, sides: Sequence[LineString], site: BaseGeometry, deadline: Deadline
) -> Frontage:
    shapes = [s for s in model.by_role(*_ROADS) if s.valid and not s.geometry.is_empty]
    if not shapes:
        return Frontage(
            None, ("图上没有画道路，不知道哪一侧临路", "no road is drawn, the front is not known"), _REMEDY
        )
    if len(sides) * len(shapes) > _MOST or shapely.get_num_coordinates(site) * len(shapes) > 20 * _MOST:
        zh, en = (
            f"用地边界有 {len(sides)} 条边，图上有 {len(shapes)} 条道路，太多，不逐一比对",
            f"{len(sides)} sides of sites and {len(shapes)} roads are too many to be compared one by one",
        )
        return Frontage(None, (zh, en), _REMEDY)
    inner = site.buffer(-_ON)
    every = array([s.geometry for s in shapes])
    near = sorted(shapely.STRtree(every).query(site, predicate="dwithin", distance=_REACH).tolist())
    roads = _Roads([shapes[n] for n in near], shapely.difference(every[near], inner))
    met = [m for k, line in enumerate(sides, 1) if (m := _along(k, line, roads, inner, deadline)) is not None]
    if not met:
        zh, en = (
            f"道路离用地超过 {_REACH:g} m，或不与任何一边相邻",
            f"the roads are more than {_REACH:g} m away or along no side",
        )
        return Frontage(None, (zh, en), _REMEDY)
    chosen, why = _main(met)
    if chosen is None:
        return Frontage(None, why, _REMEDY, numbers=tuple(m.number for m in met))
    return Frontage(
        _outward(chosen.line), why, handles=(chosen.shape.handle,), numbers=tuple(m.number for m in met)
    )


class _Roads:
    """Roads near the site, without what of them lies in it."""

    def __init__(self, shapes: Sequence[RoleShape], outside: npt.NDArray[np.object_]) -> None:
        self.shapes, self.outside = shapes, outside
        self.tree = shapely.STRtree(outside)

    def within(self, strip: BaseGeometry) -> list[tuple[RoleShape, BaseGeometry]]:
        """Roads that lie in a strip, in drawing order."""
        found = sorted(self.tree.query(strip, predicate="intersects").tolist())
        return [(self.shapes[n], self.outside[n]) for n in found]


def _along(
    number: int, line: LineString, near: _Roads, inner: BaseGeometry, deadline: Deadline
) -> _Met | None:
    """The nearest road that enough of a side lies along, within reach outside it."""
    deadline.check()
    (x0, y0), (x1, y1) = line.coords[0][:2], line.coords[-1][:2]
    length = math.hypot(x1 - x0, y1 - y0)
    if length <= 0:
        return None
    along = ((x1 - x0) / length, (y1 - y0) / length)
    out = (along[1], -along[0])

    def at(t: float, d: float) -> tuple[float, float]:
        return x0 + along[0] * t + out[0] * d, y0 + along[1] * t + out[1] * d

    ahead = Polygon([at(0, -_ON), at(length, -_ON), at(length, _REACH), at(0, _REACH)])
    strip = ahead.difference(inner)
    roads = near.within(strip)
    best: _Met | None = None
    for shape, part in roads:
        here = part.intersection(strip)
        if here.is_empty:
            continue
        steps = [(x - x0) * along[0] + (y - y0) * along[1] for x, y in shapely.get_coordinates(here)]
        if max(steps) - min(steps) < _ALONG * length:
            continue
        found = _Met(number, line, shape, float(line.distance(here)), _width(shape, along))
        if best is None or (found.distance, -(found.width or 0)) < (best.distance, -(best.width or 0)):
            best = found
    if (
        best is not None and best.width is None
    ):  # the red line is nearer, the carriageway beyond it has the width
        widths = [w for s, _ in roads if (w := _width(s, along)) is not None]
        best = replace(best, width=max(widths, default=None))
    return best


def _width(shape: RoleShape, along: tuple[float, float]) -> float | None:
    """Width of a road drawn as an area, across a direction; None of lines and of areas that are no strips."""
    if not isinstance(shape.geometry, (Polygon, MultiPolygon)):
        return None
    points = shapely.get_coordinates(shape.geometry)
    lengths = points[:, 0] * along[0] + points[:, 1] * along[1]
    run = float(lengths.max() - lengths.min())
    return shape.geometry.area / run if run > 0 else None


def _main(met: Sequence[_Met]) -> tuple[_Met | None, tuple[str, str]]:
    """The road that makes the front, with the reason."""
    first = min(met, key=lambda m: (m.distance, -m.line.length))
    others = [m for m in met if abs((_outward(m.line) - _outward(first.line) + 180) % 360 - 180) > _TURN]
    if not others:
        return first, (
            f"临{_name(first, True)}（第 {first.number} 边）",
            f"{_name(first, False)} (side {first.number})",
        )
    ranked = sorted(met, key=lambda m: -(m.width or 0))
    widest = ranked[0]
    rest = [m for m in ranked if abs((_outward(m.line) - _outward(widest.line) + 180) % 360 - 180) > _TURN]
    if all(m.width for m in met) and all((widest.width or 0) > _WIDER * (m.width or 0) for m in rest):
        zh = f"多侧临路，取较宽的{_name(widest, True)}（宽约 {widest.width:.1f} m，第 {widest.number} 边）"
        en = f"several roads; the widest counts: {_name(widest, False)} ({widest.width:.1f} m, side {widest.number})"
        return widest, (zh, en)
    sides = "、".join(f"第 {m.number} 边" for m in met)
    numbers = ", ".join(str(m.number) for m in met)
    return None, (
        f"多侧临路（{sides}），不知道哪条是主路",
        f"roads along sides {numbers}; which is the main one is not known",
    )


def _name(met: _Met, chinese: bool) -> str:
    word = met.shape.text.split("\n")[0].strip()[:30] if met.shape.text else ""
    if chinese:
        return word or f"“{met.shape.layer}”上的道路"
    return word or f"the road on layer {met.shape.layer}"


def _outward(line: LineString) -> float:
    """Degrees of the outward direction of a side of a counter-clockwise ring."""
    (x0, y0), (x1, y1) = line.coords[0][:2], line.coords[-1][:2]
    return math.degrees(math.atan2(x0 - x1, y1 - y0)) % 360
