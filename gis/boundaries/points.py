"""界址点: the numbered vertices of a boundary, as the exchange text file writes them and people speak of them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

_BETWEEN = r"[,;\uff0c\uff1b\s]+"
_LABEL = re.compile(rf"[Jj]?0*(\d{{1,7}})(?:{_BETWEEN}0*(\d{{1,6}}))?", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class BoundaryPoint:
    """One 界址点.

    Attributes:
        label: ``J1``, ``J2`` … ; the numbers begin anew in every ring.
        ring: 圈号, counted through all parts and holes from 1.
        hole: True on an inner ring.
        north: X of the trade, m, in the boundary's CRS.
        east: Y of the trade, m.
    """

    label: str
    ring: int
    hole: bool
    north: float
    east: float


def boundary_points(geometry: BaseGeometry) -> list[BoundaryPoint]:
    """Every vertex of a Polygon or MultiPolygon, once: outer rings clockwise, holes counter-clockwise, each ring from
    its north-westernmost vertex."""
    polygons = [geometry] if isinstance(geometry, Polygon) else list(getattr(geometry, "geoms", []))
    out: list[BoundaryPoint] = []
    ring_number = 0
    for polygon in polygons:
        oriented = orient(polygon, -1.0)
        for place, ring in enumerate((oriented.exterior, *oriented.interiors)):
            ring_number += 1
            points = list(ring.coords)[:-1]
            start = max(range(len(points)), key=lambda n: (points[n][1] - points[n][0], -n))
            out += [
                BoundaryPoint(f"J{n}", ring_number, place > 0, p[1], p[0])
                for n, p in enumerate(points[start:] + points[:start], start=1)
            ]
    return out


def find_points(points: Sequence[BoundaryPoint], text: str) -> list[BoundaryPoint]:
    """The points a correction speaks of.

    Args:
        points: of the boundary, from :func:`boundary_points`.
        text: ``J5`` (also ``5``, ``J05``), in every ring that has one; ``J5,2`` in ring 2 only; or two coordinates
            in either order, for the nearest point.

    Returns:
        the points; empty when there is none or the text is neither a label nor coordinates.
    """
    wanted = text.strip()
    label = _LABEL.fullmatch(wanted)
    if label is not None:
        name, ring = f"J{label[1]}", int(label[2]) if label[2] else None
        found = [p for p in points if p.label == name and ring in (None, p.ring)]
        if found:
            return found
    pair = re.split(_BETWEEN, wanted)
    if len(pair) != 2 or not points or not all(_NUMBER.fullmatch(part) for part in pair):
        return []
    a, b = float(pair[0]), float(pair[1])
    return [
        min(
            points,
            key=lambda p: min(math.hypot(p.east - a, p.north - b), math.hypot(p.east - b, p.north - a)),
        )
    ]
