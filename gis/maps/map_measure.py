"""Lengths and areas measured on the map: true in the project's CRS, on its plane and on its ellipsoid. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyproj
import shapely

from gis import crs as crs_module
from project_box.kernel.errors import BadInput

#: points of one measured line or area
_MOST_POINTS = 2000
#: grid lines are followed on the ellipsoid in steps of this many metres
_STEP_M = 500.0


def measure(points: Sequence[Sequence[float]], crs: int, *, closed: bool) -> dict[str, Any]:
    """Length of a line, or area and perimeter of a closed one.

    Args:
        points: east, north in ``crs``, in order; a closed line is not repeated at its end.
        crs: EPSG of a projected system.

    Returns:
        lengths in m (mm), areas in ㎡ (2 dp), planar and ellipsoidal; ``segments_m`` planar, in order; ``simple`` is
        False when a closed line crosses itself.

    Raises:
        BadInput: too few or too many points, not finite, or no projected CRS.
    """
    least = 3 if closed else 2
    if not least <= len(points) <= _MOST_POINTS or any(len(p) != 2 for p in points):
        raise BadInput(
            f"量测需要 {least} 到 {_MOST_POINTS} 个点，每点两个坐标",
            f"measuring takes {least} to {_MOST_POINTS} points of two coordinates",
            code="measure_points",
            place="points",
        )
    if crs_module.is_geographic(crs):
        raise BadInput(
            "量测需要投影坐标系",
            f"EPSG:{crs} is not projected",
            code="measure_crs",
            place="crs",
            remedy="选择项目的投影坐标系",
            remedy_en="choose the projected coordinate system of the project",
        )
    coordinates = np.asarray(points, dtype=float)
    if not (np.abs(coordinates) < 1e9).all():
        raise BadInput("坐标不是有效数字", "coordinates are not numbers", code="COORD-NAN", place="points")
    factor = crs_module.unit_factor(crs)
    path = np.vstack([coordinates, coordinates[:1]]) if closed else coordinates
    segments = np.hypot(*np.diff(path, axis=0).T) * factor
    answer: dict[str, Any] = {
        "crs": crs,
        "crs_name": crs_module.name(crs),
        "length_m": round(float(segments.sum()), 3),
        "ellipsoidal_length_m": round(ellipsoidal_length(path.tolist(), crs), 3),
        "segments_m": [round(float(s), 3) for s in segments],
        "area_m2": None,
        "ellipsoidal_area_m2": None,
        "simple": True,
    }
    if closed:
        shape = shapely.Polygon(coordinates)
        answer |= {
            "area_m2": round(shape.area * factor**2, 2),
            "ellipsoidal_area_m2": round(crs_module.ellipsoidal_area(shape, crs), 2),
            "simple": bool(shape.is_valid),
        }
    return answer


def ellipsoidal_length(points: Sequence[Sequence[float]], crs: int) -> float:
    """Length in m along a grid line on the ellipsoid of the CRS's own datum. Not rounded.

    Raises:
        BadInput: the CRS has no ellipsoid, or the line leaves what it can express.
    """
    found = crs_module.crs(crs)
    ellipsoid, geodetic = found.get_geod(), found.geodetic_crs
    if ellipsoid is None or geodetic is None:
        raise BadInput(f"EPSG:{crs} 没有椭球参数", f"EPSG:{crs} has no ellipsoid", code="CRS-INVALID")
    line = shapely.LineString(points)
    step = max(_STEP_M / crs_module.unit_factor(crs), line.length / 2000, 1e-3)
    dense = shapely.get_coordinates(shapely.segmentize(line, step))
    lon, lat = pyproj.Transformer.from_crs(found, geodetic, always_xy=True).transform(
        dense[:, 0], dense[:, 1]
    )
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise BadInput(
            "量测的点超出了坐标系的范围",
            "points lie outside of the CRS",
            code="CRS-OUTSIDE-AREA",
            place="points",
        )
    return float(ellipsoid.line_length(lon, lat))
