"""Projections in feet: the same projection in metres, where the registry has it."""

from __future__ import annotations

from functools import lru_cache

import pyproj
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from gis.crs.systems import crs, unit_factor


@lru_cache(maxsize=256)
def metre_twin(epsg: int) -> int | None:
    """EPSG code of the CRS in metres with the same datum and projection (2263, New York in feet: 32118).

    Areas in it are those of the plane in feet, times the square of the foot. None where the registry has no such CRS.
    """
    given = crs(epsg)
    area = given.area_of_use
    if area is None or given.coordinate_operation is None:
        return None
    around = AreaOfInterest(area.west, area.south, area.east, area.north)
    for info in query_crs_info("EPSG", [PJType.PROJECTED_CRS], around, contains=True):
        code = int(info.code)
        if (
            not info.deprecated
            and _same_projection(given, pyproj.CRS.from_epsg(code))
            and unit_factor(code) == 1.0
        ):
            return code
    return None


def _same_projection(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    ours, theirs = one.coordinate_operation, other.coordinate_operation
    if ours is None or theirs is None or ours.method_code != theirs.method_code:
        return False
    if one.geodetic_crs != other.geodetic_crs:
        return False
    mine, its = _parameters(one), _parameters(other)
    return mine.keys() == its.keys() and all(abs(mine[k][0] - its[k][0]) <= mine[k][1] for k in mine)


def _parameters(which: pyproj.CRS) -> dict[str, tuple[float, float]]:
    """Value in metres, radians or as it is, and how near another counts as the same, of each parameter by its code."""
    operation = which.coordinate_operation
    assert operation is not None
    return {
        str(p.code): (
            float(p.value) * p.unit_conversion_factor,
            0.001 if p.unit_category == "linear" else 1e-12,
        )
        for p in operation.params
    }
