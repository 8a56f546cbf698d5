"""What rings that cross themselves enclose, many at a time."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.deadline import Deadline
from drawings.shapes.pairs import Geometries, array, crosses_little

_REPAIRABLE = 5000  # corners of a ring that crosses itself
_FEW = 300  # corners, with which a ring cannot cross itself too often
_SAME_LENGTH = 1e-9  # of a ring that is cut at its crossings and loses nothing
_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def lobes(polygons: Geometries, deadline: Deadline) -> Geometries:
    """The areas that invalid polygons without holes enclose; None where that is nothing, or too much to find out.

    Raises:
        OutOfTimeError: the time is over.
    """
    out: Geometries = np.full(len(polygons), None, object)
    sizes = shapely.get_num_coordinates(polygons)
    fit = sizes <= _REPAIRABLE
    for number in np.flatnonzero(fit & (sizes > _FEW)).tolist():
        fit[number] = crosses_little(array([polygons[number].exterior]), deadline)
    numbers = np.flatnonzero(fit)
    out[numbers] = _by_turns(polygons[numbers])
    numbers = numbers[[shape is None for shape in out[numbers]]]
    repaired = shapely.make_valid(polygons[numbers])
    plain = np.isin(shapely.get_type_id(repaired), _AREAS)
    out[numbers[plain]] = repaired[plain]
    for number, mixed in zip(numbers[~plain].tolist(), repaired[~plain], strict=True):
        out[number] = _areas_of(mixed)
    return out


def _by_turns(polygons: Geometries) -> Geometries:
    """As ``make_valid``, several times faster, of rings that only cross themselves: inside is what a line from outside
    reaches after an odd number of crossings. None of rings that run along themselves, and where anything is amiss."""
    rings = shapely.get_exterior_ring(polygons)
    noded = shapely.node(rings)
    faces, owner = shapely.get_parts(shapely.polygonize(noded[:, None]), return_index=True)
    odd = shapely.contains(polygons[owner], shapely.point_on_surface(faces))
    out: Geometries = np.full(len(polygons), None, object)
    shapely.multipolygons(faces[odd], indices=owner[odd], out=out)
    along = shapely.length(rings)
    sure = (np.abs(shapely.length(noded) - along) <= _SAME_LENGTH * along) & shapely.is_valid(out)
    out[~sure] = None
    return out


def _areas_of(mixed: BaseGeometry) -> BaseGeometry | None:
    """The areas among points, lines and areas."""
    areas = [part for part in shapely.get_parts(mixed) if isinstance(part, (Polygon, MultiPolygon))]
    return shapely.union_all(areas) if areas else None
