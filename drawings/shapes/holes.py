"""Rings inside each other: those without attributes of their own are holes 洞."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from drawings.shapes.pairs import array, nearest_around
from drawings.shapes.work import Ring, Work


def cut_holes(work: Work, rings: list[Ring]) -> list[Ring]:
    """The rings that stay shapes; of one role and layer, smaller ones inside go to ``holes`` of the one around them."""
    groups: dict[tuple[str, str], list[Ring]] = defaultdict(list)
    for ring in rings:
        if work.role(ring.match).holes and isinstance(ring.geometry, Polygon) and ring.valid:
            groups[ring.role, ring.entity.layer].append(ring)
    gone: set[int] = set()
    for group in groups.values():
        _cut(work, sorted(group, key=lambda r: -r.geometry.area), gone)
    return [r for r in rings if id(r) not in gone]


def _cut(work: Work, ordered: list[Ring], gone: set[int]) -> None:
    """``ordered``: the largest first."""
    if len(ordered) < 2:
        return
    around = nearest_around(array([r.geometry for r in ordered]), work.deadline)
    is_hole = np.zeros(len(ordered), np.bool_)
    for number in np.flatnonzero(around >= 0).tolist():
        ring, holder = ordered[number], int(around[number])
        own = ring.speaks or any(
            source != "layer" and pairs for source, pairs in ring.gathered.values.items()
        )
        if own or is_hole[holder]:  # what lies in a hole is an island
            continue
        is_hole[number] = True
        ordered[holder].holes.append(ring)
        gone.add(id(ring))
        work.tell("DXF-HOLE", ring.match, ring.entity, area=f"{ring.area or 0.0:.2f}")


def with_holes(ring: Ring) -> tuple[BaseGeometry, float | None]:
    """Shape and area of a ring with its holes cut out; holes that overlap or touch its edge are cut all the same."""
    if not ring.holes:
        return ring.geometry, ring.area
    assert isinstance(ring.geometry, Polygon)
    inner = [h.geometry for h in ring.holes if isinstance(h.geometry, Polygon)]
    geometry: BaseGeometry = Polygon(ring.geometry.exterior, [p.exterior for p in inner])
    area = (ring.area or 0.0) - sum(h.area or 0.0 for h in ring.holes)
    if not geometry.is_valid:
        cut = shapely.difference(ring.geometry, shapely.union_all(inner))
        area = (ring.area or 0.0) - (ring.geometry.area - cut.area)
        geometry = cut
    return geometry, area
