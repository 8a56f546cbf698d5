"""Protection distances 保护距离: features widened when pieces are made, and true distances of what a check meets.

Features of a layer with distances may come as areas (then they are the zone) or as lines and points. Those are widened
by the distance their attributes call for, in the metres of the check CRS, and marked in their attributes
(:data:`ORIGIN`), so that a check can measure the distance to the line itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from gis import crs as crs_module
from gis.layers.layer import LayerDefinition
from gis.layers.obstacle import fine_segments, obstacle_rules
from gis.layers.pieces import Geometries

#: attribute that says how a widened feature was delivered: line or point
ORIGIN = "_origin"
_POINTS = (0, 4)
_LINES = (1, 2, 5)


def origins(geometries: Geometries, definition: LayerDefinition) -> list[str | None]:
    """How each feature was delivered, for layers that widen lines and points: line, point, or None for an area."""
    if not definition.widens or definition.buffer_m:
        return [None] * len(geometries)
    kinds = shapely.get_type_id(geometries).tolist()
    return ["point" if k in _POINTS else "line" if k in _LINES else None for k in kinds]


def reach(definition: LayerDefinition, attributes: Mapping[str, Any]) -> float:
    """How far a line or point of the layer matters, m."""
    if definition.height is not None and definition.height.runways:
        return obstacle_rules().reach
    if definition.buffer is not None:
        distance = definition.buffer.of(attributes)
        return definition.buffer.unknown_m if distance is None else distance
    return definition.buffer_m


def widened(
    geometries: Geometries, attributes: Sequence[Mapping[str, Any]], definition: LayerDefinition, crs: int
) -> Geometries:
    """Features as areas that matter, in the check CRS ``crs``."""
    unit = crs_module.unit_factor(crs)
    if definition.buffer_m:
        distance = definition.buffer_m
        return np.asarray(
            shapely.buffer(geometries, distance / unit, quad_segs=fine_segments(distance)), dtype=object
        )
    if not definition.widens:
        return geometries
    made = geometries.copy()
    for position, origin in enumerate(origins(geometries, definition)):
        if origin is not None:
            distance = reach(definition, attributes[position])
            made[position] = shapely.buffer(
                geometries[position], distance / unit, quad_segs=fine_segments(distance)
            )
    return made
