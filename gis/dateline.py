"""Shapes that lie across the 180° meridian, cut there. Pure.

Moved into longitude and latitude, or into Web Mercator, such a shape jumps from one end of the world to the other and
would be drawn as a band around the Earth. RFC 7946 (3.1.9) asks for two parts instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

#: half of the world: degrees, and metres of Web Mercator
DEGREES, METRES = 180.0, 20_037_508.342789244
_MULTI: dict[str, Any] = {"Polygon": shapely.MultiPolygon, "LineString": shapely.MultiLineString}


def cut_at_dateline(shapes: npt.NDArray[np.object_], half: float) -> npt.NDArray[np.object_]:
    """Shapes with those that jump cut in two; x runs from ``-half`` to ``half``.

    A shape jumps when it is wider than ``half`` and no longer is once its western part is moved beyond the east.
    """
    bounds = shapely.bounds(shapes)
    wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > half)
    if not len(wide):
        return shapes
    cut = shapes.copy()
    for position in wide.tolist():
        cut[position] = _cut(shapes[position], half)
    return cut


def wide(points: npt.NDArray[np.float64], half: float) -> bool:
    """Whether points lie so far apart that one of their shapes may jump."""
    return len(points) > 0 and bool(points[:, 0].max() - points[:, 0].min() > half)


def _cut(shape: BaseGeometry, half: float) -> BaseGeometry:
    turned = shapely.transform(
        shape, lambda c: np.column_stack([np.where(c[:, 0] < 0, c[:, 0] + 2 * half, c[:, 0]), c[:, 1]])
    )
    west, south, east, north = turned.bounds
    if not (0 < east - west < half):
        return shape  # as wide either way: it spans the world, it does not jump
    if not turned.is_valid:
        turned = shapely.make_valid(turned)
    here = shapely.clip_by_rect(turned, west - 1, south - 1, half, north + 1)
    there = shapely.clip_by_rect(turned, half, south - 1, east + 1, north + 1)
    back = shapely.transform(there, lambda c: c - np.array([2 * half, 0.0]))
    parts = [p for p in shapely.get_parts(shapely.get_parts([here, back])).tolist() if not p.is_empty]
    for kind, together in _MULTI.items():
        alike = [p for p in parts if p.geom_type == kind]
        if alike:
            return together(alike)  # type: ignore[no-any-return] # of a table of classes
    return shape
