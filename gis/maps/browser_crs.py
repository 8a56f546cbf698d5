"""A coordinate system as the browser's proj4 library takes it, with its datum's way to WGS 84. Pure.

A PROJ string names an ellipsoid, not how a datum lies on the Earth; a browser that only has the string would show
places on older datums (OSGB36, DHDN, Amersfoort, Tokyo) up to hundreds of metres away from where the server has them.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyproj

from gis import crs as crs_module
from gis.crs.systems import to_geodetic
from project_box.kernel.errors import BadInput

#: the shift is fitted around the middle of the map over at least this many degrees
_LEAST_DEGREES = 0.2
#: points along each side of that window
_POINTS = 5
#: a shift smaller than this, m, is none
_NONE = 0.001
_SECOND = np.pi / 180 / 3600
Points = npt.NDArray[np.float64]


def browser_text(epsg: int, extent: tuple[float, float, float, float] | None = None) -> str:
    """PROJ string of a CRS, with ``+towgs84`` where its datum does not coincide with WGS 84.

    Args:
        extent: west, south, east, north in degrees of what the map shows; the middle of the CRS's own area without
            one, or where the map lies elsewhere.

    The seven parameters are fitted to the platform's own transformation around that place, so that browser and server
    agree to a centimetre there, whether PROJ moves the datum by parameters or by a grid.
    """
    return _text(epsg, *_window(epsg, extent))


@lru_cache(maxsize=512)
def _text(epsg: int, west: float, south: float, east: float, north: float) -> str:
    text = crs_module.proj4_text(epsg)
    found = _both_datums(epsg, west, south, east, north)
    if found is None:
        return text
    own, wgs84 = found
    if float(np.abs(own - wgs84).max()) < _NONE:
        return text
    parameters = ",".join(f"{value:.10g}" for value in helmert(own, wgs84))
    plain = " ".join(part for part in text.split() if not part.startswith("+datum="))
    if plain != text:
        plain += f" +ellps={_ellipsoid(epsg)}"
    return f"{plain} +towgs84={parameters}"


def _ellipsoid(epsg: int) -> str:
    """The ellipsoid of a datum that the PROJ string names as one word."""
    parts = dict(p.lstrip("+").partition("=")[::2] for p in crs_module.proj4_text(epsg).split())
    return {"NAD83": "GRS80", "NAD27": "clrk66"}.get(parts.get("datum", ""), "WGS84")


def _window(epsg: int, extent: tuple[float, float, float, float] | None) -> tuple[float, float, float, float]:
    area = crs_module.lonlat_bounds(epsg) or (73.0, 18.0, 135.0, 54.0)
    if extent is not None:  # a map of another place: the shift is fitted where the system is used
        x, y = (extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2
        if not (area[0] > area[2] or (area[0] - 3 <= x <= area[2] + 3 and area[1] - 3 <= y <= area[3] + 3)):
            extent = None
    west, south, east, north = extent or area
    east += 360 if west > east else 0  # across the 180° meridian
    x, y = (west + east) / 2, (south + north) / 2
    # on a coarse grid, so that neighbouring maps share a fit
    half = max(_LEAST_DEGREES, min(round(max(east - west, north - south), 1), 5.0)) / 2
    x, y = round(x, 1), max(min(round(y, 1), 89.0), -89.0)
    return x - half, max(y - half, -89.5), x + half, min(y + half, 89.5)


def _both_datums(
    epsg: int, west: float, south: float, east: float, north: float
) -> tuple[Points, Points] | None:
    """Geocentric coordinates of a grid of points, on the CRS's own datum and on WGS 84; None if it has no way there."""
    found = crs_module.crs(epsg)
    geodetic = found.geodetic_crs
    if geodetic is None:
        return None
    xs, ys = np.meshgrid(np.linspace(west, east, _POINTS), np.linspace(south, north, _POINTS))
    wgs84 = np.column_stack([xs.ravel(), ys.ravel()])
    try:
        flat = np.array([crs_module.transform_point(x, y, crs_module.WGS84, epsg) for x, y in wgs84.tolist()])
    except BadInput:
        return None
    lonlat = np.column_stack(to_geodetic(epsg).transform(flat[:, 0], flat[:, 1]))
    if not np.isfinite(lonlat).all():
        return None
    return _geocentric(lonlat, geodetic), _geocentric(wgs84, crs_module.crs(crs_module.WGS84))


def _geocentric(lonlat: Points, datum: pyproj.CRS) -> Points:
    ellipsoid = datum.ellipsoid
    assert ellipsoid is not None, "a geodetic system has an ellipsoid"
    a, b = ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre
    prime = datum.prime_meridian
    unit = float(datum.axis_info[0].unit_conversion_factor)  # radians: a degree, or a grad
    lon = lonlat[:, 0] * unit + (
        float(prime.longitude) * float(prime.unit_conversion_factor) if prime else 0.0
    )
    lat = lonlat[:, 1] * unit
    n = a * a / np.sqrt((a * np.cos(lat)) ** 2 + (b * np.sin(lat)) ** 2)
    return np.column_stack(
        [n * np.cos(lat) * np.cos(lon), n * np.cos(lat) * np.sin(lon), n * (b / a) ** 2 * np.sin(lat)]
    )


def helmert(own: Points, wgs84: Points) -> list[float]:
    """Translation (m), rotation (seconds of arc, position vector) and scale (ppm) that bring ``own`` to ``wgs84``."""
    x, y, z = own.T
    none, one = np.zeros_like(x), np.ones_like(x)
    rows = np.concatenate(
        [
            np.column_stack([one, none, none, none, z, -y, x]),
            np.column_stack([none, one, none, -z, none, x, y]),
            np.column_stack([none, none, one, y, -x, none, z]),
        ]
    )
    size = np.abs(rows).max(axis=0)
    solved = np.linalg.lstsq(rows / size, (wgs84 - own).T.ravel(), rcond=None)[0] / size
    dx, dy, dz, rx, ry, rz, scale = (float(v) for v in solved)
    return [dx, dy, dz, rx / _SECOND, ry / _SECOND, rz / _SECOND, scale * 1e6]
