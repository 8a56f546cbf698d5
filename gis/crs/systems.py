"""Coordinate systems by EPSG code: what they are, what they are called, on which datum they stand."""

from __future__ import annotations

import warnings
from functools import lru_cache

import pyproj
from pyproj.exceptions import CRSError

from gis.crs.zones import Family, gauss_kruger
from project_box.kernel.errors import BadInput

CGCS2000_GEOGRAPHIC = 4490
WGS84 = 4326
WEB_MERCATOR = 3857
_GEOGRAPHIC = {4490: Family.CGCS2000, 4610: Family.XIAN80, 4214: Family.BEIJING54, 4326: Family.WGS84}


@lru_cache(maxsize=256)
def crs(epsg: int) -> pyproj.CRS:
    """The CRS of an EPSG code.

    Raises:
        BadInput: no such code, or it is not a horizontal CRS (``CRS-INVALID``).
    """
    try:
        found = pyproj.CRS.from_epsg(epsg)
    except (CRSError, ValueError, OverflowError) as error:
        raise BadInput(
            f"没有 EPSG:{epsg} 这个坐标系",
            f"unknown EPSG code {epsg}",
            code="CRS-INVALID",
            remedy="填写 EPSG 代码，例如 4547（2000国家大地坐标系 3 度带 中央经线 114°）",
            remedy_en="give an EPSG code such as 4547 (CGCS2000, 3-degree zone, central meridian 114°)",
        ) from error
    if not (found.is_geographic or found.is_projected) or len(found.axis_info) < 2:
        raise BadInput(
            f"EPSG:{epsg} 不是平面或经纬度坐标系", f"EPSG:{epsg} is not a horizontal CRS", code="CRS-INVALID"
        )
    return found


def is_geographic(epsg: int) -> bool:
    """True when coordinates are longitude and latitude in degrees."""
    return bool(crs(epsg).is_geographic)


def geographic(which: Family | None) -> int | None:
    """EPSG code of longitude and latitude on a datum of Chinese practice; None for other datums."""
    return next((code for code, family in _GEOGRAPHIC.items() if family is which), None)


def family(epsg: int) -> Family:
    """Datum family of a CRS."""
    zone = gauss_kruger(epsg)
    if zone is not None:
        return zone.family
    found = crs(epsg)
    geodetic = found.geodetic_crs
    code = geodetic.to_epsg() if geodetic is not None else None
    return _GEOGRAPHIC.get(code or 0, Family.OTHER)


def name(epsg: int) -> str:
    """Chinese name: ``2000国家大地坐标系 3°带 38带(带号前缀)`` or the registry's name."""
    zone = gauss_kruger(epsg)
    if zone is None:
        return {4490: "2000国家大地坐标系（经纬度）", 4326: "WGS 84（经纬度）"}.get(epsg) or str(
            crs(epsg).name
        )
    how = f"{zone.zone}带（带号前缀）" if zone.prefixed else f"中央经线{zone.central_meridian}°"
    return f"{zone.family.zh} {zone.width}°带 {how}"


def name_en(epsg: int) -> str:
    """English name: ``CGCS2000, 3° zone 38 (with zone prefix)`` or the registry's name."""
    zone = gauss_kruger(epsg)
    if zone is None:
        return {4490: "CGCS2000 (longitude, latitude)", 4326: "WGS 84 (longitude, latitude)"}.get(
            epsg
        ) or str(crs(epsg).name)
    how = (
        f"zone {zone.zone} (with zone prefix)"
        if zone.prefixed
        else f"zone, meridian {zone.central_meridian}°"
    )
    return f"{zone.family.value}, {zone.width}° {how}"


def x_is_east(epsg: int) -> bool:
    """Whether a column headed X holds eastings: as the registry abbreviates the axes of the CRS, and where it writes
    E and N, as mathematics does (Britain's grid, UTM). In China, Japan, Russia and Poland X is north."""
    found = crs(epsg)
    if found.is_geographic or gauss_kruger(epsg) is not None:
        return False
    directions = {axis.abbrev.upper(): axis.direction.lower() for axis in found.axis_info}
    return directions["X"] == "east" if "X" in directions else "E" in directions


def proj4_text(epsg: int) -> str:
    """The CRS as a PROJ string, as the browser's proj4 library takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # pyproj warns that PROJ strings lose detail; the browser only displays
        return str(crs(epsg).to_proj4())


@lru_cache(maxsize=256)
def unit_factor(epsg: int) -> float:
    """Metres per unit of a projected CRS (1.0 for metres)."""
    return float(crs(epsg).axis_info[0].unit_conversion_factor)


@lru_cache(maxsize=256)
def to_geodetic(epsg: int) -> pyproj.Transformer:
    """Coordinates of a CRS to longitude and latitude of its own datum."""
    found = crs(epsg)
    return pyproj.Transformer.from_crs(found, found.geodetic_crs, always_xy=True)
