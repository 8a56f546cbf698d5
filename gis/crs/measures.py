"""Areas on the plane and on the ellipsoid, in which projection they are taken, and why the two differ."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from gis.crs.feet import metre_twin
from gis.crs.moving import transform_unchecked
from gis.crs.systems import crs, is_geographic, to_geodetic, unit_factor
from gis.crs.zones import Family, gauss_kruger, zone_epsg
from gis.rules import boundary_rules
from project_box.kernel.errors import BadInput

#: longitudes and latitudes within which a place is treated as in China when a zone has to be chosen for lon/lat input
CHINA_BOUNDS = (73.0, 3.0, 136.0, 54.5)


def area_zone(longitude: float, latitude: float) -> int:
    """EPSG of the projected CRS in which the area of lon/lat input is measured.

    In China the 3° CGCS2000 zone (no prefix) whose central meridian is nearest, elsewhere the UTM zone (WGS 84).
    """
    west, south, east, north = CHINA_BOUNDS
    if west <= longitude <= east and south <= latitude <= north:
        zone = min(max(round(longitude / 3), 25), 45)
        epsg = zone_epsg(Family.CGCS2000, zone, width=3, prefixed=False)
        if epsg is not None:
            return epsg
    number = min(int((longitude + 180) // 6) + 1, 60)
    return (32600 if latitude >= 0 else 32700) + number


def measuring_crs(geometry: BaseGeometry, epsg: int) -> int:
    """The projected CRS in which ``geometry`` is measured.

    Its own, or :func:`area_zone` of its middle for lon/lat and for projections that are no measure of area there
    (:func:`areal_scale`: Web Mercator makes a site in Changsha 28 % larger).
    """
    if gauss_kruger(epsg) is not None:
        return epsg
    west, south, east, north = geometry.bounds
    middle = ((west + east) / 2, (south + north) / 2)
    if is_geographic(epsg):
        return area_zone(*middle)
    scale = areal_scale(*middle, epsg)
    if scale is None or abs(scale - 1) <= boundary_rules().areal_scale_limit:
        return epsg
    longitude, latitude = to_geodetic(epsg).transform(*middle)
    return area_zone(longitude, latitude)


def areal_scale(x: float, y: float, epsg: int) -> float | None:
    """How many ㎡ of the map one ㎡ of the ellipsoid becomes at a place; None where that cannot be told."""
    if is_geographic(epsg):
        return None
    longitude, latitude = to_geodetic(epsg).transform(x, y)
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        return None
    try:
        scale = float(_projection(epsg).get_factors(longitude, latitude).areal_scale)
    except ProjError:
        return None
    return scale if math.isfinite(scale) and scale > 0 else None


@lru_cache(maxsize=256)
def _projection(epsg: int) -> pyproj.Proj:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a PROJ string loses the datum, which a scale does not need
        return pyproj.Proj(crs(epsg))


def area_difference(geometry: BaseGeometry, epsg: int) -> dict[str, float | int | str | None]:
    """Why the area on the plane differs from the area on the ellipsoid, in numbers and a sentence.

    The plane enlarges by the projection's areal scale: 1 on the central meridian, more with the square of the distance
    from it. ``difference_m2`` = planar - ellipsoidal, ``scale`` = areal scale in the middle of the site.
    """
    target = measuring_crs(geometry, epsg)
    moved = transform_unchecked(geometry, epsg, target)
    planar, real = planar_area(geometry, epsg), ellipsoidal_area(geometry, epsg)
    west, south, east, north = moved.bounds
    middle = ((west + east) / 2, (south + north) / 2)
    scale = areal_scale(*middle, target)
    zone = gauss_kruger(target)
    away = round(abs(middle[0] - zone.false_easting) / 1000, 1) if zone is not None else None
    share = (planar - real) / real * 100 if real else 0.0
    where = f"离中央经线约 {away:g} 公里，" if away is not None else ""
    where_en = f"about {away:g} km from the central meridian, " if away is not None else ""
    factor = f"{scale:.6f}" if scale is not None else "—"
    return {
        "planar_m2": round(planar, 2),
        "ellipsoidal_m2": round(real, 2),
        "difference_m2": round(planar - real, 2),
        "share_percent": round(share, 4),
        "scale": round(scale, 8) if scale is not None else None,
        "from_meridian_km": away,
        "crs": target,
        "text": f"{where}投影面积放大系数为 {factor}，平面面积比椭球面积{'大' if share >= 0 else '小'}"
        f" {abs(planar - real):.2f} ㎡（{share:+.4f}%），属投影变形，不是测量误差",
        "text_en": f"{where_en}areal scale {factor}: the planar area is {planar - real:+.2f} m2 ({share:+.4f} %) "
        "against the ellipsoidal one; this is the projection, not a survey error",
    }


def planar_area(geometry: BaseGeometry, epsg: int) -> float:
    """Area in ㎡ on the plane of the CRS itself, or of :func:`measuring_crs` for lon/lat. Not rounded."""
    target = measuring_crs(geometry, epsg)
    return float(transform_unchecked(geometry, epsg, target).area) * unit_factor(target) ** 2


def ellipsoidal_area(geometry: BaseGeometry, epsg: int) -> float:
    """Area in ㎡ on the ellipsoid of the CRS's own datum. Edges are cut at 500 m so that grid lines are followed."""
    if geometry.is_empty:
        return 0.0
    found = crs(epsg)
    geodetic = found.geodetic_crs
    ellipsoid = found.get_geod()
    if geodetic is None or ellipsoid is None:
        raise BadInput(f"EPSG:{epsg} 没有椭球参数", f"EPSG:{epsg} has no ellipsoid", code="CRS-INVALID")
    dense: BaseGeometry = geometry
    if not found.is_geographic:
        longest = max(geometry.bounds[2] - geometry.bounds[0], geometry.bounds[3] - geometry.bounds[1])
        dense = shapely.segmentize(geometry, max(500.0, longest / 2000))
    to_lonlat = pyproj.Transformer.from_crs(found, geodetic, always_xy=True)

    def move(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_lonlat.transform(coordinates[:, 0], coordinates[:, 1]))

    total = 0.0
    for part in shapely.get_parts(shapely.transform(dense, move)):
        if part.geom_type != "Polygon":
            continue
        total += abs(ellipsoid.geometry_area_perimeter(shapely.Polygon(part.exterior))[0])
        total -= sum(abs(ellipsoid.geometry_area_perimeter(shapely.Polygon(h))[0]) for h in part.interiors)
    return float(total)


def local_to_metres(geometry: BaseGeometry, epsg: int) -> tuple[BaseGeometry, int]:
    """``geometry`` in a projected CRS in metres, and that CRS: itself where it already is."""
    west, south, east, north = geometry.bounds
    target = in_metres(measuring_crs(geometry, epsg), ((west + east) / 2, (south + north) / 2), epsg)
    return transform_unchecked(geometry, epsg, target), target


def own_plane(geometry: BaseGeometry, epsg: int) -> int | None:
    """The CRS itself where areas are to be told in its own plane although the geometry is worked on in another one:
    its unit is a foot and the registry has no twin of it in metres (NAD27). Else None."""
    if is_geographic(epsg) or unit_factor(epsg) == 1.0 or metre_twin(epsg) is not None:
        return None
    return epsg if measuring_crs(geometry, epsg) == epsg else None


def in_metres(epsg: int, place: tuple[float, float], place_epsg: int) -> int:
    """The CRS itself when its unit is the metre, else its twin in metres, or :func:`area_zone` of a place (of
    ``place_epsg``) where it has none."""
    if unit_factor(epsg) == 1.0:
        return epsg
    return metre_twin(epsg) or area_zone(*to_geodetic(place_epsg).transform(*place))
