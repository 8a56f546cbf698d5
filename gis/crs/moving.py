"""Coordinates from one system to another, where that can be done honestly."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs.systems import CGCS2000_GEOGRAPHIC, WEB_MERCATOR, WGS84, crs, family, name
from gis.crs.zones import Family, gauss_kruger
from project_box.kernel.errors import BadInput

_WITHOUT_PARAMETERS = frozenset({Family.XIAN80, Family.BEIJING54})
#: datums that agree within about one metre, so that PROJ's null transformation is right for planning purposes
_SAME_WITHIN_METRE = frozenset({Family.CGCS2000, Family.WGS84})


def can_transform(source: int, target: int) -> bool:
    """True when coordinates can be moved between the two honestly.

    西安80 and 北京54 have no published parameters to CGCS2000 or WGS 84 but for a few regions: elsewhere PROJ would
    silently shift nothing (tens of metres of error), so the platform refuses. CGCS2000 and WGS 84 agree within a metre
    and count as the same.
    """
    if source == target:
        return True
    here, there = family(source), family(target)
    if here == there and here is not Family.OTHER:
        return True
    if here in _SAME_WITHIN_METRE and there in _SAME_WITHIN_METRE:
        return True
    if not _WITHOUT_PARAMETERS.isdisjoint((here, there)):
        return False
    return _published(source, target)


@lru_cache(maxsize=256)
def _published(source: int, target: int) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # missing national grids are judged by the accuracy below
        found = pyproj.transformer.TransformerGroup(crs(source), crs(target), always_xy=True)
        return any("Ballpark" not in t.description for t in found.transformers)


@lru_cache(maxsize=256)
def _transformer(source: int, target: int) -> pyproj.Transformer:
    source, target = _on_one_datum(source, target)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # can_transform() has judged the accuracy already
        return pyproj.Transformer.from_crs(crs(source), crs(target), always_xy=True)


def _on_one_datum(source: int, target: int) -> tuple[int, int]:
    """Longitude and latitude of WGS 84 taken as those of CGCS2000, where the other system stands on that.

    The numbers are the same: PROJ shifts nothing between the two, but looks for 60 ms (in every thread) for a way to.
    """
    if source == WGS84 and family(target) is Family.CGCS2000:
        return CGCS2000_GEOGRAPHIC, target
    if target == WGS84 and family(source) is Family.CGCS2000:
        return source, CGCS2000_GEOGRAPHIC
    return source, target


def same_grid(source: int, target: int) -> float | None:
    """Difference of false easting (target - source, metres) when both are the same zone of one datum, else None."""
    if source == target:
        return 0.0
    a, b = gauss_kruger(source), gauss_kruger(target)
    if a is None or b is None or a.family != b.family or a.central_meridian != b.central_meridian:
        return None
    return float(b.false_easting - a.false_easting)


def transform(geometry: BaseGeometry, source: int, target: int) -> BaseGeometry:
    """``geometry`` in another CRS. Zones that differ only by the prefix are shifted exactly.

    Raises:
        BadInput: no honest transformation exists (``CRS-NO-TRANSFORM``) or a coordinate falls outside of it.
    """
    if source == target:
        return geometry
    shift = same_grid(source, target)
    if shift is not None:
        return shapely.transform(geometry, lambda c: c + np.array([shift, 0.0]))
    if not can_transform(source, target):
        raise BadInput(
            f"{name(source)}与{name(target)}之间没有公开的转换参数，不能直接叠加",
            f"no published transformation between EPSG:{source} and EPSG:{target}",
            code="CRS-NO-TRANSFORM",
            remedy="请先用当地转换参数把界址点转换为 2000 国家大地坐标系",
            remedy_en="transform the points to CGCS2000 with the local parameters first",
        )
    return transform_unchecked(geometry, source, target)


def transform_unchecked(geometry: BaseGeometry, source: int, target: int) -> BaseGeometry:
    """Like :func:`transform` without asking whether the datums have published parameters (display only).

    Raises:
        BadInput: a coordinate cannot be expressed in the target CRS.
    """
    if source == target:
        return geometry
    transformer = _transformer(source, target)

    def move(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    moved: BaseGeometry = shapely.transform(geometry, move)
    if not all(map(math.isfinite, moved.bounds)):
        raise BadInput(
            f"坐标超出 EPSG:{target} 的可用范围",
            f"coordinates cannot be expressed in EPSG:{target}",
            code="CRS-OUT-OF-RANGE",
            remedy="检查坐标系与坐标值是否相符",
            remedy_en="check that coordinates and coordinate system belong together",
        )
    return moved


def transform_point(x: float, y: float, source: int, target: int) -> tuple[float, float]:
    """A point in another CRS, by the rules of :func:`transform`."""
    moved = transform(shapely.Point(x, y), source, target)
    west, south, _, _ = moved.bounds
    return west, south


def transform_array(geometries: npt.NDArray[np.object_], source: int, target: int) -> npt.NDArray[np.object_]:
    """Many geometries in another CRS at once; None where one cannot be expressed there. Datums are not asked about."""
    if source == target:
        return geometries
    moved = np.array(
        shapely.transform(geometries, lambda c: transform_coordinates(c, source, target)), dtype=object
    )
    moved[~np.isfinite(shapely.bounds(moved)).all(axis=1)] = None
    return moved


def transform_coordinates(
    points: npt.NDArray[np.float64], source: int, target: int
) -> npt.NDArray[np.float64]:
    """(east, north) or (lon, lat) of many points in another CRS; not finite where there is none."""
    if source == target:
        return points
    if target == WEB_MERCATOR and source != WGS84:
        # what PROJ does, too; but looking for the way takes it as long as moving a hundred thousand points
        points, source = transform_coordinates(points, source, WGS84), WGS84
    x, y = points.T.copy()
    return np.column_stack(_transformer(source, target).transform(x, y, inplace=True))
