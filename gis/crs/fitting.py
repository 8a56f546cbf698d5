"""Whether coordinates suit a coordinate system: areas of use."""

from __future__ import annotations

import math
from enum import StrEnum

from gis.crs.systems import crs, to_geodetic
from gis.crs.zones import gauss_kruger


def lonlat_bounds(epsg: int) -> tuple[float, float, float, float] | None:
    """Area of use (west, south, east, north in degrees); for Gauss-Krüger zones the zone's own meridians."""
    zone = gauss_kruger(epsg)
    if zone is not None:
        half = zone.width / 2
        return zone.central_meridian - half, 3.0, zone.central_meridian + half, 54.5
    area = crs(epsg).area_of_use
    return (area.west, area.south, area.east, area.north) if area is not None else None


def area_of_use(epsg: int) -> tuple[str, str]:
    """Area of use in words, Chinese and English: the meridians of a zone, or the registry's name and bounds."""
    bounds = lonlat_bounds(epsg)
    if bounds is None:
        return "未注明", "not stated"
    west, south, east, north = bounds
    zone = gauss_kruger(epsg)
    if zone is not None:
        return f"东经 {west:g}°-{east:g}°", f"{west:g}-{east:g} E"
    area = crs(epsg).area_of_use
    named = f"{area.name[:80]} " if area is not None and area.name else ""
    span = f"{west:g}°~{east:g}°, {south:g}°~{north:g}°"
    return f"{named}({span})", f"{named}({span})"


class Fit(StrEnum):
    """How well coordinates suit a CRS."""

    INSIDE = "inside"
    NEAR = "near"
    OUTSIDE = "outside"


def fit(bounds: tuple[float, float, float, float], epsg: int, *, near_degrees: float = 1.0) -> Fit:
    """Whether a bounding box (east/north or lon/lat) lies in, near or far from a CRS's area of use."""
    found = crs(epsg)
    middle_x, middle_y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    if found.is_geographic:
        longitude, latitude = middle_x, middle_y
        if abs(bounds[0]) > 180 or abs(bounds[2]) > 360 or max(abs(bounds[1]), abs(bounds[3])) > 90:
            return Fit.OUTSIDE
    else:
        zone = gauss_kruger(epsg)
        if zone is not None and not abs(middle_x - zone.false_easting) <= 499_000:
            return Fit.OUTSIDE
        geodetic = found.geodetic_crs
        if geodetic is None:
            return Fit.INSIDE
        to_lonlat = to_geodetic(epsg)
        longitude, latitude = to_lonlat.transform(middle_x, middle_y)
        if not (math.isfinite(longitude) and math.isfinite(latitude)):
            return Fit.OUTSIDE
        back_x, back_y = to_lonlat.transform(longitude, latitude, direction="INVERSE")
        if not math.hypot(back_x - middle_x, back_y - middle_y) < 1.0:
            return Fit.OUTSIDE
    area = lonlat_bounds(epsg)
    if area is None:
        return Fit.INSIDE
    west, south, east, north = area
    if east < west:  # crosses the antimeridian
        east += 360
        longitude = longitude + 360 if longitude < west else longitude
    if west <= longitude <= east and south <= latitude <= north:
        return Fit.INSIDE
    if west - near_degrees <= longitude <= east + near_degrees and (
        south - near_degrees <= latitude <= north + near_degrees
    ):
        return Fit.NEAR
    return Fit.OUTSIDE
