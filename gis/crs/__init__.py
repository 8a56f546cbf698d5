"""Coordinate reference systems 坐标系: Chinese Gauss-Krüger families, transformation, areas.

Coordinates are always (east, north) or (longitude, latitude) in this platform, whatever axis order an authority
gives its CRS. Families and zones: reference 4.2; EPSG registry.
"""

from __future__ import annotations

from gis.crs.fitting import Fit, area_of_use, fit, lonlat_bounds
from gis.crs.measures import (
    CHINA_BOUNDS,
    area_difference,
    area_zone,
    areal_scale,
    ellipsoidal_area,
    in_metres,
    local_to_metres,
    measuring_crs,
    own_plane,
    planar_area,
)
from gis.crs.moving import (
    can_transform,
    same_grid,
    transform,
    transform_array,
    transform_coordinates,
    transform_point,
    transform_unchecked,
)
from gis.crs.nearly import transform_nearly
from gis.crs.systems import (
    CGCS2000_GEOGRAPHIC,
    WEB_MERCATOR,
    WGS84,
    crs,
    family,
    geographic,
    is_geographic,
    name,
    name_en,
    proj4_text,
    unit_factor,
    x_is_east,
)
from gis.crs.zones import (
    SERIES,
    Family,
    GaussKruger,
    Series,
    gauss_kruger,
    zone_epsg,
    zone_of_meridian,
    zone_width,
)

__all__ = [
    "CGCS2000_GEOGRAPHIC",
    "CHINA_BOUNDS",
    "SERIES",
    "WEB_MERCATOR",
    "WGS84",
    "Family",
    "Fit",
    "GaussKruger",
    "Series",
    "area_difference",
    "area_of_use",
    "area_zone",
    "areal_scale",
    "can_transform",
    "crs",
    "ellipsoidal_area",
    "family",
    "fit",
    "gauss_kruger",
    "geographic",
    "in_metres",
    "is_geographic",
    "local_to_metres",
    "lonlat_bounds",
    "measuring_crs",
    "name",
    "name_en",
    "own_plane",
    "planar_area",
    "proj4_text",
    "same_grid",
    "transform",
    "transform_array",
    "transform_coordinates",
    "transform_nearly",
    "transform_point",
    "transform_unchecked",
    "unit_factor",
    "x_is_east",
    "zone_epsg",
    "zone_of_meridian",
    "zone_width",
]
