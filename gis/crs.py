"""Coordinate reference systems 坐标系: Chinese Gauss-Krüger families, transformation, areas.

Coordinates are always (east, north) or (longitude, latitude) in this platform, whatever axis order an authority
gives its CRS. Families and zones: reference 4.2; EPSG registry.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from gis.rules import boundary_rules
from project_box.kernel.errors import BadInput

#: longitudes and latitudes within which a place is treated as in China when a zone has to be chosen for lon/lat input
CHINA_BOUNDS = (73.0, 3.0, 136.0, 54.5)
CGCS2000_GEOGRAPHIC = 4490
WGS84 = 4326
WEB_MERCATOR = 3857


class Family(StrEnum):
    """Geodetic datum of a CRS, as far as Chinese practice tells them apart."""

    CGCS2000 = "CGCS2000"
    XIAN80 = "Xian80"
    BEIJING54 = "Beijing54"
    WGS84 = "WGS84"
    OTHER = "other"

    @property
    def zh(self) -> str:
        """Chinese name."""
        return {
            "CGCS2000": "2000国家大地坐标系",
            "Xian80": "1980西安坐标系",
            "Beijing54": "1954北京坐标系",
            "WGS84": "WGS 84",
            "other": "其他坐标系",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Series:
    """A run of EPSG codes of one family of Gauss-Krüger zones."""

    family: Family
    width: int
    prefixed: bool
    first_epsg: int
    first_zone: int
    last_zone: int


SERIES = (
    Series(Family.CGCS2000, 6, True, 4491, 13, 23),
    Series(Family.CGCS2000, 6, False, 4502, 13, 23),
    Series(Family.CGCS2000, 3, True, 4513, 25, 45),
    Series(Family.CGCS2000, 3, False, 4534, 25, 45),
    Series(Family.XIAN80, 6, True, 2327, 13, 23),
    Series(Family.XIAN80, 6, False, 2338, 13, 23),
    Series(Family.XIAN80, 3, True, 2349, 25, 45),
    Series(Family.XIAN80, 3, False, 2370, 25, 45),
    Series(Family.BEIJING54, 6, True, 21413, 13, 23),
    Series(Family.BEIJING54, 6, False, 21453, 13, 23),
    Series(Family.BEIJING54, 3, True, 2401, 25, 45),
    Series(Family.BEIJING54, 3, False, 2422, 25, 45),
)
_GEOGRAPHIC = {4490: Family.CGCS2000, 4610: Family.XIAN80, 4214: Family.BEIJING54, 4326: Family.WGS84}
_WITHOUT_PARAMETERS = frozenset({Family.XIAN80, Family.BEIJING54})
#: datums that agree within about one metre, so that PROJ's null transformation is right for planning purposes
_SAME_WITHIN_METRE = frozenset({Family.CGCS2000, Family.WGS84})


@dataclass(frozen=True, slots=True)
class GaussKruger:
    """One Gauss-Krüger zone: EPSG code, datum family, zone width (3 or 6 degrees), zone number, prefix in easting."""

    epsg: int
    family: Family
    width: int
    zone: int
    prefixed: bool

    @property
    def central_meridian(self) -> int:
        """Central meridian in degrees east: 3 x zone (3°) or 6 x zone - 3 (6°)."""
        return 3 * self.zone if self.width == 3 else 6 * self.zone - 3

    @property
    def false_easting(self) -> int:
        """500 000 m, with the zone number before it where the easting carries a prefix."""
        return 500_000 + (self.zone * 1_000_000 if self.prefixed else 0)


def gauss_kruger(epsg: int) -> GaussKruger | None:
    """The zone behind an EPSG code, or None when the code is not one of the Chinese Gauss-Krüger families."""
    for series in SERIES:
        zone = epsg - series.first_epsg + series.first_zone
        if series.first_zone <= zone <= series.last_zone:
            return GaussKruger(epsg, series.family, series.width, zone, series.prefixed)
    return None


def zone_epsg(family: Family, zone: int, *, width: int, prefixed: bool) -> int | None:
    """EPSG code of a zone, or None when the family has no such zone.

    >>> zone_epsg(Family.CGCS2000, 38, width=3, prefixed=True)
    4526
    """
    for series in SERIES:
        same = (series.family, series.width, series.prefixed) == (family, width, prefixed)
        if same and series.first_zone <= zone <= series.last_zone:
            return series.first_epsg + zone - series.first_zone
    return None


def zone_width(zone: int) -> int | None:
    """3 or 6: in China 3° zones are 25-45 (24 excluded), 6° zones 13-23, so the number alone tells the width."""
    if 25 <= zone <= 45:
        return 3
    return 6 if 13 <= zone <= 23 else None


def zone_of_meridian(meridian: int, width: int) -> int | None:
    """Zone number of a central meridian (degrees), or None when no zone of that width has it."""
    if width == 3:
        return meridian // 3 if meridian % 3 == 0 else None
    return (meridian + 3) // 6 if (meridian + 3) % 6 == 0 else None


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


def proj4_text(epsg: int) -> str:
    """The CRS as a PROJ string, as the browser's proj4 library takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # pyproj warns that PROJ strings lose detail; the browser only displays
        return str(crs(epsg).to_proj4())


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # can_transform() has judged the accuracy already
        return pyproj.Transformer.from_crs(crs(source), crs(target), always_xy=True)


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
    transformer = _transformer(source, target)

    def move(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    moved = np.array(shapely.transform(geometries, move), dtype=object)
    moved[~np.isfinite(shapely.bounds(moved)).all(axis=1)] = None
    return moved


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
    longitude, latitude = _to_geodetic(epsg).transform(*middle)
    return area_zone(longitude, latitude)


def areal_scale(x: float, y: float, epsg: int) -> float | None:
    """How many ㎡ of the map one ㎡ of the ellipsoid becomes at a place; None where that cannot be told."""
    if is_geographic(epsg):
        return None
    longitude, latitude = _to_geodetic(epsg).transform(x, y)
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
    where = f"离中央经线约 {away:g} 公里," if away is not None else ""
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


@lru_cache(maxsize=256)
def unit_factor(epsg: int) -> float:
    """Metres per unit of a projected CRS (1.0 for metres)."""
    return float(crs(epsg).axis_info[0].unit_conversion_factor)


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
        to_lonlat = _to_geodetic(epsg)
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


@lru_cache(maxsize=256)
def _to_geodetic(epsg: int) -> pyproj.Transformer:
    found = crs(epsg)
    return pyproj.Transformer.from_crs(found, found.geodetic_crs, always_xy=True)


def local_to_metres(geometry: BaseGeometry, epsg: int) -> tuple[BaseGeometry, int]:
    """``geometry`` in a projected CRS in metres, and that CRS: itself where it already is."""
    west, south, east, north = geometry.bounds
    target = in_metres(measuring_crs(geometry, epsg), ((west + east) / 2, (south + north) / 2), epsg)
    return transform_unchecked(geometry, epsg, target), target


def in_metres(epsg: int, place: tuple[float, float], place_epsg: int) -> int:
    """The CRS itself when its unit is the metre, else :func:`area_zone` of a place (of ``place_epsg``): for feet."""
    if unit_factor(epsg) == 1.0:
        return epsg
    return area_zone(*_to_geodetic(place_epsg).transform(*place))
