"""How many parking spaces a shape stands for: what is written, else one if it is as large as one; an area is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel, RoleShape
from drawings.interpreting.ring_notes import COUNT
from drawings.issues import Collector
from drawings.shapes.pairs import array
from drawings.standards.shared_words import attribute_words
from drawings.standards.standards import roles

ROLES = ("parking_car", "parking_bike")
#: of a space for coaches or lorries, metres: short and long side, from and to
_LARGE = ((3.0, 4.6), (9.0, 20.0))
_SLACK = 1e-3


def spaces_of(shapes: Sequence[RoleShape]) -> list[int | None]:
    """The spaces of each shape; None for an area of which the drawing does not say how many it holds.

    An area around spaces of its sort that are drawn one by one holds these and counts none itself.
    """
    counts = [_own(shape) for shape in shapes]
    open_ = [n for n, count in enumerate(counts) if count is None]
    if open_:
        geometries = array([s.geometry for s in shapes])
        spots = shapely.point_on_surface(geometries)
        tree = shapely.STRtree(spots)
        for number in open_:
            held = tree.query(shapes[number].geometry, predicate="contains").tolist()
            if any(n != number and counts[n] and shapes[n].role == shapes[number].role for n in held):
                counts[number] = 0
    return counts


def _own(shape: RoleShape) -> int | None:
    number = shape.attributes.get(COUNT)
    if isinstance(number, float) and number >= 0:
        return int(number)
    most = attribute_words().bays.area.get(shape.role, (0.0, 0.0))[1]
    if shape.area_m2 is None or shape.area_m2 <= most + _SLACK or _large(shape.geometry):
        return 1
    return None


def _large(geometry: BaseGeometry) -> bool:
    """A rectangle of the size of a space for a coach or a lorry."""
    if not isinstance(geometry, Polygon) or len(geometry.exterior.coords) > 6:
        return False
    corners = shapely.get_coordinates(geometry.minimum_rotated_rectangle)
    if len(corners) < 4:
        return False
    short, long = sorted(math.dist(corners[k], corners[k + 1]) for k in (0, 1))
    return _LARGE[0][0] <= short <= _LARGE[0][1] and _LARGE[1][0] <= long <= _LARGE[1][1]


def tell_areas(model: DrawingModel, issues: Collector) -> None:
    """Tell (``DXF-PARKING-AREA``) areas of parking of which nothing says how many spaces they hold."""
    shapes = model.by_role(*ROLES)
    scale = model.units["metres_per_unit"]
    for shape, count in zip(shapes, spaces_of(shapes), strict=True):
        if count is None:
            role, spot = roles().roles[shape.role], shape.geometry.representative_point()
            issues.add(
                "DXF-PARKING-AREA",
                handle=shape.handle,
                layer=shape.layer,
                at=(spot.x / scale, spot.y / scale),
                role=role.zh,
                role_en=role.en,
                area=f"{shape.area_m2 or 0.0:.2f}",
            )
