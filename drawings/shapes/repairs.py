"""Repairs 修复: what was done, or could be done, to make rings of what was drawn.

A repair is a proposal with its geometry before and after. It is applied only when it is accepted: by a rule (the
catalogue's tolerances, or a standard that widens them), or by a person who names its id. Who accepted it stays with it.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import shapely
from shapely.geometry import LineString, MultiLineString, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry

from drawings.cad.curve import Point
from drawings.issues import issue
from project_box.kernel.plain import to_plain

#: kinds of repairs, with the issue code that tells of each
KINDS = {
    "close_ends": "DXF-CLOSED-BY-ENDS",
    "chain": "DXF-CHAINED",
    "duplicate": "DXF-DUPLICATE",
    "gap": "DXF-NOT-CLOSED",
    "overshoot": "DXF-OVERSHOOT",
    "undershoot": "DXF-UNDERSHOOT",
    "cells": "DXF-BRANCH",
}


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair.

    Attributes:
        id: the same for the same drawing content and kind, so that an acceptance holds for a file read again.
        kind: of ``KINDS``. role, layer: of the ring. handles: of the entities it touches.
        at: where, drawing units. size_m: widest gap closed or longest end cut, metres.
        before: what was drawn (lines, or for duplicates the second ring), metres, drawing coordinates.
        after: what comes out: the ring, or what is left; None if nothing is (a duplicate).
        area_before_m2, area_after_m2: of the role's shape without and with the repair; None where there is no area.
        accepted: whether it is applied. by: ``rule:…`` or ``person:…``; None while it is only proposed.
    """

    id: str
    kind: str
    role: str
    layer: str
    handles: tuple[str, ...]
    at: Point | None
    size_m: float
    before: BaseGeometry | None
    after: BaseGeometry | None
    area_before_m2: float | None
    area_after_m2: float | None
    accepted: bool
    by: str | None

    @property
    def effect_m2(self) -> float:
        """Change of area it brings, ㎡."""
        return (self.area_after_m2 or 0.0) - (self.area_before_m2 or 0.0)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a person accepted: ids of repairs, kinds (all of a kind) or ``all``; ``who`` is kept with each repair."""

    wanted: frozenset[str] = frozenset()
    who: str = "person"

    def of(self, repair: Repair) -> str | None:
        """Who accepts this repair, None if nobody does."""
        if self.wanted & {"all", repair.kind, repair.id}:
            return f"person:{self.who}"
        return None


def repair_id(kind: str, handles: Collection[str], after: BaseGeometry | None) -> str:
    """Id of a repair: kind, handles and (for several rings of the same entities) where the ring lies."""
    text = kind + "|" + "|".join(sorted(handles))
    if after is not None and not after.is_empty:
        text += "|" + "|".join(f"{v:.3f}" for v in after.bounds)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


class Ledger:
    """Gathers the repairs of one interpretation and says which are applied.

    Attributes:
        items: up to ``limit`` of each kind, and all that a person accepted. left_out: how many more there are, by kind.
    """

    def __init__(self, acceptance: Acceptance | None = None, limit: int = 2000) -> None:
        self.acceptance = acceptance or Acceptance()
        self.limit = limit
        self.items: list[Repair] = []
        self.left_out: Counter[str] = Counter()
        self._listed: Counter[str] = Counter()

    def passed(self, kind: str, rule: str | None) -> bool | None:
        """Count a further repair of a kind of which enough are listed, without it being worked out.

        Returns:
            whether it is to be applied; None if it has to be worked out and entered.
        """
        if self._listed[kind] < self.limit or (rule is None and self.acceptance.wanted):
            return None
        self.left_out[kind] += 1
        return rule is not None

    def enter(
        self,
        kind: str,
        *,
        role: str,
        layer: str,
        handles: Sequence[str],
        at: Point | None,
        size_m: float,
        before: BaseGeometry | None,
        after: BaseGeometry | None,
        area_before: float | None,
        area_after: float | None,
        rule: str | None,
    ) -> bool:
        """Record a repair; True if it is to be applied. ``rule``: what accepts it, None if no rule does."""
        found = Repair(
            repair_id(kind, handles, after or before),
            kind,
            role,
            layer,
            tuple(dict.fromkeys(handles)),
            at,
            size_m,
            before,
            after,
            area_before,
            area_after,
            False,
            None,
        )
        by = f"rule:{rule}" if rule is not None else self.acceptance.of(found)
        if self._listed[kind] >= self.limit and (rule is not None or by is None):
            self.left_out[kind] += 1
            return by is not None
        self._listed[kind] += 1
        self.items.append(replace(found, accepted=by is not None, by=by))
        return by is not None


def repair_to_plain(repair: Repair) -> dict[str, Any]:
    """JSON form with texts in both languages; geometries as GeoJSON in metres, drawing coordinates."""
    told = issue(
        "DXF-REPAIR",
        handle=repair.handles[0] if repair.handles else None,
        layer=repair.layer,
        at=repair.at,
        kind=_NAMES[repair.kind][0],
        kind_en=_NAMES[repair.kind][1],
        size=f"{repair.size_m:.3f}",
        effect=f"{repair.effect_m2:+.2f}",
    )
    return {
        "id": repair.id,
        "kind": repair.kind,
        "issue": KINDS[repair.kind],
        "role": repair.role,
        "layer": repair.layer,
        "handles": list(repair.handles),
        "at": to_plain(repair.at),
        "size_m": round(repair.size_m, 6),
        "before": _geojson(repair.before),
        "after": _geojson(repair.after),
        "area_before_m2": _rounded(repair.area_before_m2),
        "area_after_m2": _rounded(repair.area_after_m2),
        "effect_m2": round(repair.effect_m2, 4),
        "accepted": repair.accepted,
        "by": repair.by,
        "message": told.message,
        "message_en": told.message_en,
    }


def repair_lines(plain: Mapping[str, Any], metres_per_unit: float) -> list[list[Point]]:
    """Outlines of what a repair (its JSON form) would leave, else of what it drops, in drawing units."""
    geometry = shape(plain["after"] or plain["before"]) if plain["after"] or plain["before"] else None
    if geometry is None:
        return []
    parts: list[BaseGeometry] = []
    for part in shapely.get_parts(geometry):
        parts += [part.exterior, *part.interiors] if isinstance(part, Polygon) else [part]
    return [[(x / metres_per_unit, y / metres_per_unit) for x, y, *_ in line.coords] for line in parts]


_NAMES: Mapping[str, tuple[str, str]] = {
    "close_ends": ("首尾点重合，按闭合处理", "first and last vertex coincide, taken as closed"),
    "chain": ("首尾相接的线连成闭合线框", "lines that meet end to end are joined into a ring"),
    "duplicate": ("重复绘制的图形只计一次", "a shape drawn twice counts once"),
    "gap": ("用直线补上缺口", "the gap is closed by a straight line"),
    "overshoot": ("剪去出头的线", "ends that run on are cut"),
    "undershoot": ("把线延伸到相邻的线", "a line is led on to its neighbour"),
    "cells": ("取相交线围成的格子", "the cells between crossing lines are taken"),
}


def repair_names(kind: str) -> tuple[str, str]:
    """What a kind of repair does, in Chinese and English."""
    return _NAMES[kind]


def _rounded(value: float | None) -> float | None:
    return round(value, 4) if value is not None and math.isfinite(value) else None


def _geojson(geometry: BaseGeometry | None) -> Any:
    if geometry is None or geometry.is_empty:
        return None
    if isinstance(geometry, Polygon):
        rings = [geometry.exterior, *geometry.interiors]
        return {"type": "Polygon", "coordinates": [_points(ring) for ring in rings]}
    if isinstance(geometry, LineString):
        return {"type": "LineString", "coordinates": _points(geometry)}
    if isinstance(geometry, MultiLineString):
        return {"type": "MultiLineString", "coordinates": [_points(line) for line in geometry.geoms]}
    return to_plain(mapping(geometry))


def _points(line: BaseGeometry) -> Any:
    return shapely.get_coordinates(line, include_z=line.has_z).tolist()
