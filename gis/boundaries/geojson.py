"""Site boundaries as GeoJSON, parsed here: from files, and as they are drawn on the map."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gis import crs as crs_module
from gis.boundaries.esri_curves import straightened
from gis.boundaries.parcel import Parcel, grouped_parcel, ring_of
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.shapes import no_area, report_unused
from gis.boundaries.text import decode_text
from gis.crs_text import identify
from gis.remarks import crs_unknown, error, warning
from project_box.kernel.finding import Issue, Level


def read_geojson(data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Read GeoJSON. Its CRS is ``crs``, else the (2008) ``crs`` member, else WGS 84 where the numbers are lon/lat.

    A file without CRS member whose numbers are not longitude and latitude is asked about (``CRS-UNKNOWN``); one whose
    numbers are gets the default of RFC 7946 with a warning.
    """
    decoded = decode_text(data)
    try:
        document = _document(decoded[0]) if decoded else None
    except json.JSONDecodeError as problem:
        return failed(
            "GeoJSON",
            error(
                "JSON-BROKEN",
                f"JSON 在第 {problem.lineno} 行第 {problem.colno} 列出错，文件可能不完整",
                f"broken JSON: {problem.msg}",
                "重新导出文件",
                "export the file again",
                line=problem.lineno,
            ),
        )
    except RecursionError:
        return failed("GeoJSON", error("JSON-BROKEN", "JSON 嵌套过深", "the JSON is nested too deeply"))
    if isinstance(document, list) and document and all(isinstance(f, dict) and "type" in f for f in document):
        document = {"type": "FeatureCollection", "features": document}
    if not isinstance(document, dict):
        return failed(
            "GeoJSON", error("JSON-NOT-GEOJSON", "不是 GeoJSON", "not GeoJSON", "提供 GeoJSON 面要素")
        )
    return read_geojson_document(document, crs=crs)


def _document(text: str) -> Any:
    """The JSON; newline-delimited features (with or without record separators) become one collection.

    Raises:
        json.JSONDecodeError: it is neither.
    """
    plain = text.lstrip("\ufeff").replace("\x1e", "\n").strip()
    try:
        return json.loads(plain)
    except json.JSONDecodeError as problem:
        if problem.msg != "Extra data":
            raise
    try:
        return {
            "type": "FeatureCollection",
            "features": [json.loads(line) for line in plain.splitlines() if line.strip()],
        }
    except json.JSONDecodeError:
        return json.loads(plain)  # tell where the whole text breaks, not a line of it


def esri_features(text: str) -> tuple[bytes, bool]:
    """Esri JSON as a set of features, and whether it holds curves, which become points along them; a geometry alone
    (``{"rings": …}``) becomes one feature."""
    try:
        document = json.loads(text)
        curved = straightened(document)
    except (json.JSONDecodeError, RecursionError, ValueError, TypeError, LookupError):
        return text.encode(), False  # GDAL says what is wrong
    if isinstance(document, dict) and "rings" in document:
        document = {
            "geometryType": "esriGeometryPolygon",
            "spatialReference": document.get("spatialReference") or {},
            "features": [{"attributes": {}, "geometry": document}],
        }
    return json.dumps(document, ensure_ascii=False).encode(), curved


def read_geojson_document(document: Mapping[str, Any], *, crs: int | None = None) -> BoundaryReading:
    """Like :func:`read_geojson`, of a parsed document."""
    issues: list[Issue] = []
    parcels: list[Parcel] = []
    properties: dict[str, Any] = {}
    unused = {"line": 0, "point": 0, "other": 0}
    for geometry, attributes in _geometries(document):
        if not properties and attributes:
            properties = {str(k): v for k, v in attributes.items() if isinstance(v, (str, int, float, bool))}
        mine = _parcels_of_geojson(geometry, issues)
        kind = str(geometry.get("type"))
        if not mine:
            unused["line" if "Line" in kind else "point" if "Point" in kind else "other"] += 1
        parcels += mine
    if parcels:
        report_unused(unused["line"], unused["point"], issues)
    else:
        if not any(i.level is Level.ERROR for i in issues):
            issues.append(no_area(unused["point"]))
        return failed("GeoJSON", *issues)
    found = crs if crs is not None else _crs_member(document, issues)
    if crs is not None:
        crs_module.crs(crs)
    if found is None and not any(i.code == "CRS-UNKNOWN" for i in issues):
        numbers = [c for p in parcels for r in p.rings for v in r.vertices for c in v.at]
        if not all(map(_finite, numbers)):
            pass  # finish() names the coordinates that are no numbers
        elif numbers and _all_lonlat(parcels):  # in either order: finish() turns what only fits turned
            found = crs_module.WGS84
            issues.append(
                warning(
                    "CRS-ASSUMED-WGS84",
                    "文件没有写坐标系，按 GeoJSON 标准（RFC 7946）视为 WGS 84 经纬度",
                    "no CRS stated; read as WGS 84 as RFC 7946 says",
                    "若不是 WGS 84（例如 GCJ-02 或 CGCS2000），请指明坐标系",
                    "state the CRS if it is another",
                )
            )
        else:
            issues.append(crs_unknown("坐标值不是经纬度", "the numbers are not longitude and latitude"))
    return finish(parcels, found, issues, format_name="GeoJSON", attributes={"properties": properties})


def _finite(value: float) -> bool:
    return bool(np.isfinite(value))


def _all_lonlat(parcels: Sequence[Parcel]) -> bool:
    points = [v for p in parcels for r in p.rings for v in r.vertices]
    straight = all(abs(v.x) <= 180 and abs(v.y) <= 90 for v in points)
    return straight or all(abs(v.x) <= 90 < abs(v.y) <= 180 for v in points)


def _geometries(node: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    kind = node.get("type")
    if kind == "FeatureCollection":
        features = node.get("features")
        for feature in features if isinstance(features, list) else []:
            if isinstance(feature, dict):
                yield from _geometries(feature)
    elif kind == "Feature":
        geometry = node.get("place") or node.get("geometry")  # place: JSON-FG, in the CRS of coordRefSys
        attributes = node.get("properties")
        if isinstance(geometry, dict):
            for each, _ in _geometries(geometry):
                yield each, attributes if isinstance(attributes, dict) else {}
    elif kind == "GeometryCollection":
        members = node.get("geometries")
        for member in members if isinstance(members, list) else []:
            if isinstance(member, dict):
                yield from _geometries(member)
    elif isinstance(kind, str):
        yield node, {}


def _parcels_of_geojson(geometry: Mapping[str, Any], issues: list[Issue]) -> list[Parcel]:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    try:
        if kind == "Polygon":
            return [grouped_parcel([_points(ring) for ring in coordinates])] if coordinates else []
        if kind == "MultiPolygon":
            return [
                grouped_parcel([_points(ring) for ring in polygon])
                for polygon in coordinates or ()
                if polygon
            ]
        if kind in ("LineString", "MultiLineString"):
            lines = [coordinates] if kind == "LineString" else list(coordinates or ())
            closed = [p for p in map(_points, lines) if len(p) > 3 and p[0] == p[-1]]
            if closed:
                issues.append(warning("LINE-AS-AREA", "闭合线按面读取", "closed lines were read as areas"))
            return [Parcel([ring_of(p) for p in closed])] if closed else []
    except (TypeError, ValueError, IndexError, KeyError):
        issues.append(
            error(
                "JSON-COORDINATES",
                "GeoJSON 的坐标结构不对",
                "malformed coordinates",
                "重新导出文件",
                "export the file again",
            )
        )
        return []
    return []


def _points(ring: Any) -> list[tuple[float, float]]:
    points = []
    for position in ring:
        if isinstance(position[0], (bool, str)) or isinstance(position[1], (bool, str)):
            raise ValueError("a coordinate is not a number")
        points.append((float(position[0]), float(position[1])))
    return points


def _crs_member(document: Mapping[str, Any], issues: list[Issue]) -> int | None:
    member = document.get("crs") or document.get("coordRefSys")
    if isinstance(member, str):  # not the standard's way, but it says which; JSON-FG writes it so
        text = member
    elif isinstance(member, dict):
        properties = member.get("properties")
        stated = properties if isinstance(properties, dict) else {}
        text = str(stated.get("name") or (f"EPSG:{stated['code']}" if "code" in stated else ""))
    else:
        return None
    found = identify(text) if text else None
    if found is None and text:
        issues.append(crs_unknown(f"“{text[:60]}”不是可识别的坐标系", f"cannot identify {text[:60]}"))
    return found
