"""Boundary files other than TXT: GeoJSON (parsed here), and SHP, GPKG, KML and DXF through GDAL.

GDAL only ever sees a file whose signature has been recognised, under a name of ours in a temporary folder, so that a
file cannot make it open something else.
"""

from __future__ import annotations

import fnmatch
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.boundary_text import decode_text
from gis.gdal import quietly
from gis.reading import BoundaryReading, Parcel, crs_unknown, error, failed, finish, info, warning
from gis.rules import boundary_rules
from gis.source import dbf_encoding
from gis.topology import Ring, Vertex
from project_box.kernel.finding import Issue, Level

_GDAL_ERRORS = (
    DataSourceError,
    DataLayerError,
    ValueError,
    RuntimeError,
    UnicodeDecodeError,
    shapely.errors.GEOSException,
)
_AREA_FIELDS = ("地块面积", "申报用地面积", "DKMJ", "PFMMJ")


# --- GeoJSON ---------------------------------------------------------------------------------------------------------


def read_geojson(data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Read GeoJSON. Its CRS is ``crs``, else the (2008) ``crs`` member, else WGS 84 where the numbers are lon/lat.

    A file without CRS member whose numbers are not longitude and latitude is asked about (``CRS-UNKNOWN``); one whose
    numbers are gets the default of RFC 7946 with a warning.
    """
    decoded = decode_text(data)
    try:
        document = json.loads(decoded[0]) if decoded else None
    except json.JSONDecodeError as problem:
        return failed(
            "GeoJSON",
            error(
                "JSON-BROKEN",
                f"JSON 在第 {problem.lineno} 行第 {problem.colno} 列出错,文件可能不完整",
                f"broken JSON: {problem.msg}",
                "重新导出文件",
                "export the file again",
                line=problem.lineno,
            ),
        )
    except RecursionError:
        return failed("GeoJSON", error("JSON-BROKEN", "JSON 嵌套过深", "the JSON is nested too deeply"))
    if not isinstance(document, dict):
        return failed(
            "GeoJSON", error("JSON-NOT-GEOJSON", "不是 GeoJSON", "not GeoJSON", "提供 GeoJSON 面要素")
        )
    return read_geojson_document(document, crs=crs)


def read_geojson_document(document: Mapping[str, Any], *, crs: int | None = None) -> BoundaryReading:
    """Like :func:`read_geojson`, of a parsed document."""
    issues: list[Issue] = []
    parcels: list[Parcel] = []
    properties: dict[str, Any] = {}
    for geometry, attributes in _geometries(document):
        if not properties and attributes:
            properties = {str(k): v for k, v in attributes.items() if isinstance(v, (str, int, float, bool))}
        parcels += _parcels_of_geojson(geometry, issues)
    if not parcels:
        if not any(i.level is Level.ERROR for i in issues):
            issues.append(
                error(
                    "NO-AREA", "文件里没有面要素", "the file holds no area", "提供闭合的面", "hand in an area"
                )
            )
        return failed("GeoJSON", *issues)
    found = crs if crs is not None else _crs_member(document, issues)
    if crs is not None:
        crs_module.crs(crs)
    if found is None and not any(i.code == "CRS-UNKNOWN" for i in issues):
        numbers = [c for p in parcels for r in p.rings for v in r.vertices for c in v.at]
        if numbers and all(map(_finite, numbers)) and _all_lonlat(parcels):
            found = crs_module.WGS84
            issues.append(
                warning(
                    "CRS-ASSUMED-WGS84",
                    "文件没有写坐标系,按 GeoJSON 标准(RFC 7946)视为 WGS 84 经纬度",
                    "no CRS stated; read as WGS 84 as RFC 7946 says",
                    "若不是 WGS 84(例如 GCJ-02 或 CGCS2000),请指明坐标系",
                    "state the CRS if it is another",
                )
            )
        else:
            issues.append(crs_unknown("坐标值不是经纬度", "the numbers are not longitude and latitude"))
    return finish(parcels, found, issues, format_name="GeoJSON", attributes={"properties": properties})


def _finite(value: float) -> bool:
    return bool(np.isfinite(value))


def _all_lonlat(parcels: Sequence[Parcel]) -> bool:
    return all(abs(v.x) <= 180 and abs(v.y) <= 90 for p in parcels for r in p.rings for v in r.vertices)


def _geometries(node: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    kind = node.get("type")
    if kind == "FeatureCollection":
        features = node.get("features")
        for feature in features if isinstance(features, list) else []:
            if isinstance(feature, dict):
                yield from _geometries(feature)
    elif kind == "Feature":
        geometry = node.get("geometry")
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
            return [_grouped([_points(ring) for ring in coordinates or ()])]
        if kind == "MultiPolygon":
            return [_grouped([_points(ring) for ring in polygon]) for polygon in coordinates or ()]
        if kind in ("LineString", "MultiLineString"):
            lines = [coordinates] if kind == "LineString" else list(coordinates or ())
            closed = [p for p in map(_points, lines) if len(p) > 3 and p[0] == p[-1]]
            if closed:
                issues.append(warning("LINE-AS-AREA", "闭合线按面读取", "closed lines were read as areas"))
            return [Parcel([_ring(p)]) for p in closed]
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


def _ring(points: Sequence[tuple[float, float]], *, hole: bool | None = None) -> Ring:
    return Ring([Vertex(x, y) for x, y in points], hole=hole)


def _grouped(rings: Sequence[Sequence[tuple[float, float]]]) -> Parcel:
    return Parcel([_ring(points, hole=number > 0) for number, points in enumerate(rings)], grouped=True)


def _crs_member(document: Mapping[str, Any], issues: list[Issue]) -> int | None:
    member = document.get("crs")
    if not isinstance(member, dict):
        return None
    properties = member.get("properties")
    text = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    found = crs_module.identify(text) if text else None
    if found is None and text:
        issues.append(crs_unknown(f"“{text[:60]}”不是可识别的坐标系", f"cannot identify {text[:60]}"))
    return found


# --- through GDAL ----------------------------------------------------------------------------------------------------


def read_shapefile(members: Mapping[str, bytes], *, crs: int | None = None) -> BoundaryReading:
    """Read the one polygon shapefile among the members of a zip."""
    shapes = [name for name in members if name.lower().endswith(".shp")]
    if len(shapes) > 1:
        areas = [n for n in shapes if len(members[n]) >= 36 and members[n][32] in (5, 15, 25)]
        if len(areas) != 1:
            names = "、".join(sorted(s.rsplit("/", 1)[-1] for s in shapes)[:10])
            return failed(
                "SHP",
                error(
                    "FILE-SEVERAL",
                    f"压缩包里有 {len(shapes)} 个图层({names}),不知道哪个是红线",
                    "several shapefiles in the zip",
                    "只保留红线图层",
                    "keep the boundary only",
                ),
            )
        shapes = areas
    stem = shapes[0][:-4]
    issues: list[Issue] = []
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        found_parts = set()
        for name, content in members.items():
            base, dot, extension = name.rpartition(".")
            if (
                dot
                and base.lower() == stem.lower()
                and extension.lower() in ("shp", "shx", "dbf", "prj", "cpg")
            ):
                (Path(folder) / f"site.{extension.lower()}").write_bytes(content)
                found_parts.add(extension.lower())
        prj = Path(folder) / "site.prj"
        text = prj.read_bytes().decode("utf-8", errors="replace") if prj.exists() else ""
        if "shx" not in found_parts:
            issues.append(
                warning(
                    "SHP-NO-SHX",
                    "缺少 .shx 文件,已由 .shp 重建索引",
                    "the .shx is missing and was rebuilt",
                    "压缩时带上 .shx",
                    "include the .shx",
                )
            )
        return _read_gdal(Path(folder) / "site.shp", "SHP", crs=crs, issues=issues, wkt=text)


def read_file(data: bytes, format_name: str, *, crs: int | None = None) -> BoundaryReading:
    """Read GPKG, KML or DXF bytes (``format_name`` as recognised by the signature)."""
    if format_name == "KML" and re.search(rb"<!(DOCTYPE|ENTITY)", data[:65536], re.IGNORECASE):
        return failed(
            "KML",
            error("XML-ENTITY", "KML 含有实体声明,拒绝读取", "the KML declares entities", "重新导出 KML"),
        )
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        path = Path(folder) / {"GPKG": "site.gpkg", "KML": "site.kml", "DXF": "site.dxf"}[format_name]
        path.write_bytes(data)
        if format_name == "DXF":
            return _read_dxf(path, data, crs=crs)
        return _read_gdal(path, format_name, crs=crs, issues=[])


def _open(
    path: Path, layer: str | None
) -> tuple[dict[str, Any], Sequence[BaseGeometry | None], list[dict[str, Any]]]:
    """(meta, geometries, attributes of each) of one layer."""
    meta, _, geometries, columns = pyogrio.raw.read(
        path, layer=layer, encoding=dbf_encoding(path), force_2d=True
    )
    fields = [str(f) for f in meta["fields"]]
    rows = [
        {name: _value(column[n]) for name, column in zip(fields, columns, strict=True)}
        for n in range(len(geometries))
    ]
    shapes = [None if g is None else shapely.from_wkb(g, on_invalid="fix") for g in geometries]
    return dict(meta), shapes, rows


def _value(value: Any) -> Any:
    if value is None:
        return None
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return None
    return plain if isinstance(plain, (str, int, float, bool)) else str(plain)


def _read_gdal(
    path: Path,
    format_name: str,
    *,
    crs: int | None,
    issues: list[Issue],
    wkt: str = "",
) -> BoundaryReading:
    try:
        with quietly():
            layer, names = _area_layer(path)
        if layer is None and len(names) > 1:
            return failed(
                format_name,
                error(
                    "FILE-SEVERAL",
                    f"文件里有多个面图层({'、'.join(names[:10])}),不知道哪个是红线",
                    "several area layers in the file",
                    "只保留红线图层",
                    "keep the boundary only",
                ),
            )
        if layer is None and not names and format_name != "SHP":
            return failed(
                format_name,
                error(
                    "NO-AREA", "文件里没有面要素", "the file holds no area", "提供闭合的面", "hand in an area"
                ),
            )
        with quietly():
            meta, geometries, rows = _open(path, layer)
    except _GDAL_ERRORS as problem:
        return failed(
            format_name,
            error(
                "FILE-BROKEN",
                f"{format_name} 文件损坏或不完整,无法读取",
                f"GDAL cannot read it: {problem}",
                "重新导出文件",
                "export the file again",
            ),
        )
    parcels, properties = _parcels(geometries, rows, issues)
    if not parcels:
        issues.append(
            error("NO-AREA", "文件里没有面要素", "the file holds no area", "提供闭合的面", "hand in an area")
        )
        return failed(format_name, *issues)
    found = _crs_of_source(crs, meta.get("crs"), wkt, issues)
    return finish(
        parcels,
        found,
        issues,
        format_name=format_name,
        attributes={"layer": layer, "properties": properties, "features": len(geometries)},
    )


def _area_layer(path: Path) -> tuple[str | None, list[str]]:
    """(name of the one layer that can hold areas or None, all candidate names)."""
    layers = [(str(name), str(kind) if kind is not None else "") for name, kind in pyogrio.list_layers(path)]
    candidates = [
        name for name, kind in layers if "Polygon" in kind or kind in ("Unknown", "GeometryCollection", "")
    ]
    polygons = [name for name, kind in layers if "Polygon" in kind]
    if not candidates:
        candidates = [name for name, kind in layers if "LineString" in kind]
    filled = [
        n
        for n in (polygons or candidates)
        if pyogrio.read_info(path, layer=n, force_feature_count=True)["features"]
    ]
    if len(filled) == 1:
        return filled[0], filled
    return None, filled


def _crs_of_source(stated: int | None, gdal: str | None, wkt: str, issues: list[Issue]) -> int | None:
    own = crs_module.identify(gdal) if gdal else None
    if own is None and wkt.strip():
        own = crs_module.identify(wkt)
    if stated is not None:
        crs_module.crs(stated)
        if own is not None and own != stated:
            issues.append(
                warning(
                    "CRS-OVERRIDDEN",
                    f"文件本身是 EPSG:{own},按指定的 EPSG:{stated} 读取",
                    f"the file says EPSG:{own}; read as EPSG:{stated} as stated",
                    "核对指定的坐标系",
                )
            )
        return stated
    if own is not None:
        return own
    if gdal or wkt.strip():
        issues.append(
            crs_unknown("文件写的坐标系没有对应的 EPSG 代码,可能是独立坐标系", "its CRS has no EPSG code")
        )
    else:
        issues.append(crs_unknown())
    return None


def _parcels(
    geometries: Sequence[BaseGeometry | None], rows: Sequence[Mapping[str, Any]], issues: list[Issue]
) -> tuple[list[Parcel], dict[str, Any]]:
    parcels: list[Parcel] = []
    properties: dict[str, Any] = {}
    lines = 0
    for geometry, row in zip(geometries, rows, strict=True):
        if geometry is None or geometry.is_empty:
            continue
        mine: list[Parcel] = []
        for part in _flatten(geometry):
            if part.geom_type == "Polygon":
                rings = [part.exterior, *part.interiors]
                mine.append(_grouped([[(c[0], c[1]) for c in r.coords] for r in rings]))
            elif part.geom_type == "LineString" and part.is_ring:
                lines += 1
                mine.append(Parcel([_ring([(c[0], c[1]) for c in part.coords])]))
        if mine and not properties:
            properties = {k: v for k, v in row.items() if v is not None}
        if len(mine) == 1 and len(geometries) == 1:
            mine[0].declared = next((str(row[f]) for f in _AREA_FIELDS if row.get(f) is not None), None)
        parcels += mine
    if lines:
        issues.append(warning("LINE-AS-AREA", f"{lines} 条闭合线按面读取", "closed lines were read as areas"))
    return parcels, properties


def _flatten(geometry: BaseGeometry) -> Iterator[Any]:
    if hasattr(geometry, "geoms"):
        for part in geometry.geoms:
            yield from _flatten(part)
    else:
        yield geometry


# --- DXF -------------------------------------------------------------------------------------------------------------


def _read_dxf(path: Path, data: bytes, *, crs: int | None) -> BoundaryReading:
    """Closed lines on a red line layer; without such a layer, the one closed line of the drawing."""
    issues: list[Issue] = []
    try:
        with quietly():
            _, geometries, rows = _open(path, None)
    except _GDAL_ERRORS as problem:
        return failed(
            "DXF",
            error(
                "FILE-BROKEN",
                "DXF 文件损坏或不完整,无法读取",
                f"GDAL cannot read it: {problem}",
                "用 CAD 打开并另存为 DXF",
                "open it in CAD and save it as DXF again",
            ),
        )
    by_layer: dict[str, list[list[tuple[float, float]]]] = {}
    open_lines: dict[str, int] = {}
    for geometry, row in zip(geometries, rows, strict=True):
        layer = _layer_name(str(row.get("Layer") or "0"))
        for part in _flatten(geometry) if geometry is not None and not geometry.is_empty else ():
            if part.geom_type == "Polygon":
                by_layer.setdefault(layer, []).append([(c[0], c[1]) for c in part.exterior.coords])
            elif part.geom_type == "LineString" and len(part.coords) > 3 and part.is_closed:
                by_layer.setdefault(layer, []).append([(c[0], c[1]) for c in part.coords])
            elif part.geom_type == "LineString":
                open_lines[layer] = open_lines.get(layer, 0) + 1
    chosen = _red_line_layer(list(by_layer), issues)
    if chosen is None:
        rings = [r for found in by_layer.values() for r in found]
        unclosed = _red_line_layer(list(open_lines), [])
        if unclosed is not None:
            return failed(
                "DXF",
                error(
                    "DXF-NOT-CLOSED",
                    f"图层“{unclosed}”上的红线没有闭合",
                    "the red line is not closed",
                    "在 CAD 中闭合红线(PEDIT - 闭合)",
                    "close the polyline",
                    layer=unclosed,
                ),
            )
        if len(rings) != 1:
            names = "、".join(sorted(by_layer)[:8])
            return failed(
                "DXF",
                error(
                    "DXF-NO-RED-LINE",
                    f"找不到红线:没有“用地红线”图层,闭合线有 {len(rings)} 条{f'(图层 {names})' if names else ''}",
                    "no red line layer and not exactly one closed line",
                    "把红线放在“用地红线”(YDHX / A-REDL)图层并闭合",
                    "draw the red line on layer 用地红线 and close it",
                ),
            )
        chosen = next(iter(by_layer))
        issues.append(
            info("DXF-ONLY-RING", f"没有红线图层,采用唯一的闭合线(图层“{chosen}”)", "the only closed line")
        )
    if open_lines.get(chosen):
        issues.append(
            warning(
                "DXF-NOT-CLOSED",
                f"图层“{chosen}”上另有 {open_lines[chosen]} 条未闭合的线,未采用",
                "open lines on the red line layer were left out",
                "核对红线是否完整",
                layer=chosen,
            )
        )
    parcel = Parcel([_ring(points) for points in by_layer[chosen]])
    units = _dxf_units(data)
    if units in (4, 5):
        factor, word = (0.001, "毫米") if units == 4 else (0.01, "厘米")
        west, south, east, north = shapely.MultiPoint([v.at for r in parcel.rings for v in r.vertices]).bounds
        straight = (
            crs is not None and crs_module.fit((west, south, east, north), crs) is not crs_module.Fit.OUTSIDE
        )
        scaled = (west * factor, south * factor, east * factor, north * factor)
        if not straight and crs is not None and crs_module.fit(scaled, crs) is not crs_module.Fit.OUTSIDE:
            for ring in parcel.rings:
                ring.vertices = [Vertex(v.x * factor, v.y * factor) for v in ring.vertices]
            issues.append(
                warning(
                    "DXF-UNITS", f"图形单位为{word},已换算为米", f"drawing units scaled by {factor} to metres"
                )
            )
    if crs is None:
        issues.append(crs_unknown("DXF 不记录坐标系", "DXF does not state a CRS"))
    else:
        crs_module.crs(crs)
    return finish([parcel], crs, issues, format_name="DXF", attributes={"layer": chosen})


def _layer_name(text: str) -> str:
    """A layer name as its author wrote it; GDAL was told to hand out the raw bytes as Latin-1.

    The code page a drawing states is often wrong, so UTF-8 is tried, then GBK; ``\\U+7528`` escapes are resolved.
    """
    for encoding in ("utf-8", "gb18030"):
        try:
            text = text.encode("latin-1").decode(encoding)
            break
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
    return re.sub(r"\\U\+([0-9A-Fa-f]{4})", lambda m: chr(int(m.group(1), 16)), text)


def _red_line_layer(layers: Sequence[str], issues: list[Issue]) -> str | None:
    for pattern in boundary_rules().dxf_red_line_layers:
        found = [n for n in layers if fnmatch.fnmatchcase(n.casefold(), pattern.casefold())]
        if pattern == "*红线*":
            found = [n for n in found if "道路" not in n]
        if found:
            if len(found) > 1:
                issues.append(
                    warning(
                        "DXF-SEVERAL-LAYERS",
                        f"有多个红线图层({'、'.join(found)}),采用“{found[0]}”",
                        "several red line layers; the first was taken",
                    )
                )
            return found[0]
    return None


def _dxf_units(data: bytes) -> int | None:
    match = re.search(rb"\$INSUNITS\s+70\s+(\d+)", data[:200_000])
    return int(match.group(1)) if match else None
