"""GeoJSON of places in results: what findings, boundaries and differences are shown by."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module

#: coordinates of markers are rounded to this many decimals (a millimetre; 9 for degrees)
_METRE_DECIMALS, _DEGREE_DECIMALS = 3, 9


def rounded_geojson(geometry: BaseGeometry, crs: int) -> dict[str, Any]:
    """GeoJSON with coordinates on the millimetre (9 decimals for degrees)."""
    decimals = _DEGREE_DECIMALS if crs_module.is_geographic(crs) else _METRE_DECIMALS
    plain: dict[str, Any] = mapping(shapely.transform(geometry, lambda c: np.round(c, decimals)))
    return plain
