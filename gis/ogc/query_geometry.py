"""CRS by reference and geometries in queries: URIs, axis order, boxes and shapes moved into a storage CRS."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from project_box.kernel.errors import BadInput

#: vertices a shape in a query may have
MAX_VERTICES = 20_000
_URI = re.compile(
    r"(?:https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/|urn:ogc:def:crs:EPSG:[0-9.]*:|EPSG:)(\d{4,6})", re.I
)
_CRS84_NAMES = frozenset(
    {
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "https://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "OGC:CRS84",
        "CRS84",
    }
)


@dataclass(frozen=True, slots=True)
class Crs:
    """A CRS as named in a request: EPSG for the transformation, and whether its first axis points north."""

    uri: str
    epsg: int
    north_first: bool


CRS84 = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", crs_module.WGS84, False)


def uri_of(epsg: int) -> str:
    """The URI of an EPSG code."""
    return f"http://www.opengis.net/def/crs/EPSG/0/{epsg}"


@lru_cache(maxsize=512)
def by_epsg(epsg: int) -> Crs:
    """An EPSG CRS with the axis order its authority gives it."""
    axes = crs_module.crs(epsg).axis_info
    return Crs(uri_of(epsg), epsg, bool(axes) and axes[0].direction.lower() in ("north", "south"))


def crs_of(uri: str | None, *, place: str) -> Crs:
    """The CRS a parameter names; CRS84 when it is not there.

    Raises:
        BadInput: no CRS that is known.
    """
    if uri is None or uri in _CRS84_NAMES:
        return CRS84
    found = _URI.fullmatch(uri.strip())
    try:
        if found is not None:
            return by_epsg(int(found[1]))
    except BadInput:
        pass
    raise BadInput(
        f"不支持的坐标系：{uri[:120]}", f"unknown CRS {uri[:120]}", code="crs_unknown", place=place,
        remedy="使用该图层 crs 列出的 URI",
        remedy_en="use a URI the collection lists under crs",
    )  # fmt: skip


def _refuse(zh: str, en: str, place: str) -> BadInput:
    return BadInput(zh, en, code="geometry_invalid", place=place)


def literal(node: Any, given: Crs, storage: int) -> BaseGeometry:
    """A GeoJSON geometry or ``{"bbox": […]}`` of a filter, in the storage CRS.

    Raises:
        BadInput: no valid geometry, too many vertices, or a CRS without an honest transformation.
    """
    if isinstance(node, dict) and "bbox" in node:
        return box(node["bbox"], given, storage, place="filter")
    if not isinstance(node, dict) or not isinstance(node.get("type"), str):
        raise _refuse("这里应是一个几何图形", "a geometry is expected here", "filter")
    try:
        shape = shapely.from_geojson(json.dumps(node, allow_nan=False))
    except (shapely.GEOSException, ValueError, TypeError, RecursionError) as error:
        raise _refuse("几何图形无效", f"invalid geometry: {error}"[:200], "filter") from error
    if shape.is_empty:
        raise _refuse("几何图形是空的", "the geometry is empty", "filter")
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        raise _refuse(f"几何图形超过 {MAX_VERTICES} 个顶点", f"more than {MAX_VERTICES} vertices", "filter")
    shape = shapely.force_2d(shape)
    if given.north_first:
        shape = swapped(shape)
    return _stored(shape, given, storage, "filter")


def box(values: Any, given: Crs, storage: int, *, place: str) -> BaseGeometry:
    """A bounding box (4 numbers, or 6 with heights, which are ignored) in the storage CRS.

    A box in degrees whose west is greater than its east crosses the 180° meridian. Empty where the box lies outside of
    what the storage CRS is made for.

    Raises:
        BadInput: no box.
    """
    listed = list(values) if isinstance(values, (list, tuple)) else []
    numbers = [
        float(v) for v in listed if isinstance(v, (int, float)) and not isinstance(v, bool) and _finite(v)
    ]
    if len(numbers) != len(listed) or len(numbers) not in (4, 6):
        raise _refuse("bbox 应为 4 个或 6 个数值", "bbox has 4 or 6 numbers", place)
    half = len(numbers) // 2
    low, high = numbers[:2], numbers[half : half + 2]
    if given.north_first:
        low, high = low[::-1], high[::-1]
    if low[1] > high[1] or (low[0] > high[0] and not crs_module.is_geographic(given.epsg)):
        raise _refuse("bbox 的最小值大于最大值", "bbox: a minimum exceeds its maximum", place)
    if low[0] > high[0]:
        shape: BaseGeometry = shapely.MultiPolygon(
            [shapely.box(low[0], low[1], 180, high[1]), shapely.box(-180, low[1], high[0], high[1])]
        )
    else:
        shape = shapely.box(low[0], low[1], high[0], high[1])
    return _stored(shape, given, storage, place)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _stored(shape: BaseGeometry, given: Crs, storage: int, place: str) -> BaseGeometry:
    if given.epsg == storage:
        return shape
    if not crs_module.can_transform(given.epsg, storage):
        raise BadInput(
            f"EPSG:{given.epsg} 与图层的坐标系之间没有公开转换参数",
            f"no transformation from EPSG:{given.epsg} to EPSG:{storage}",
            code="CRS-NO-TRANSFORM", place=place, remedy=f"使用 EPSG:{storage} 的坐标",
            remedy_en=f"use coordinates of EPSG:{storage}",
        )  # fmt: skip
    if not crs_module.is_geographic(given.epsg):
        shape = _moved(_segmented(shape), given.epsg, crs_module.WGS84, place)
    area = crs_module.lonlat_bounds(storage)
    if area is not None and not _room(area, 0.0).contains(shape):
        room = _room(area, 3.0)
        if not room.contains(shape):
            shape = shapely.intersection(shapely.make_valid(shape), room)
    if shape.is_empty or crs_module.is_geographic(storage):
        return shape
    return _moved(_segmented(shape), crs_module.WGS84, storage, place)


def _room(area: tuple[float, float, float, float], more: float) -> BaseGeometry:
    """The area a CRS is meant for and some degrees more; in two parts where it lies across the 180° meridian."""
    west, south, east, north = (
        area[0] - more,
        max(area[1] - more, -89),
        area[2] + more,
        min(area[3] + more, 89),
    )
    if area[0] <= area[2]:
        return shapely.box(west, south, east, north)
    return shapely.MultiPolygon([shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)])


def _segmented(shape: BaseGeometry) -> BaseGeometry:
    """With vertices close enough together that straight lines stay where they are in another projection."""
    west, south, east, north = shape.bounds
    longest = max(east - west, north - south)
    if longest <= 0 or shapely.get_num_coordinates(shape) > 2_000:
        return shape
    return shapely.segmentize(shape, longest / 64)


def _moved(shape: BaseGeometry, source: int, target: int, place: str) -> BaseGeometry:
    moved = crs_module.transform_array(np.array([shape], dtype=object), source, target)[0]
    if moved is None:
        raise _refuse("坐标超出坐标系的范围", "coordinates are outside of the CRS", place)
    return moved  # type: ignore[no-any-return] # an element of an object array


def picture_box(shape: BaseGeometry, storage: int) -> tuple[float, float, float, float] | None:
    """Bounds in EPSG:3857, a little larger; None where Web Mercator cannot hold them."""
    if shape.is_empty:
        return (0.0, 0.0, 0.0, 0.0)
    moved = crs_module.transform_array(np.array([_segmented(shape)], dtype=object), storage, 3857)[0]
    if moved is None:
        return None
    west, south, east, north = (float(v) for v in moved.bounds)
    room = 1.0 + 0.002 * max(east - west, north - south)
    return west - room, south - room, east + room, north + room


def swapped(shape: BaseGeometry) -> BaseGeometry:
    """With its two axes exchanged."""
    return shapely.transform(shape, lambda c: c[:, ::-1])


def wkb(shape: BaseGeometry) -> bytes:
    """Well-known binary."""
    return bytes(shapely.to_wkb(shape))
