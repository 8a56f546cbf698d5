"""Site boundaries through GDAL: SHP, GPKG, KML, GML and whatever else it reads by a signature known here.

GDAL only ever sees a file whose signature has been recognised, under a name of ours in a temporary folder, so that a
file cannot make it open something else.
"""

from __future__ import annotations

import fnmatch
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
from gis.boundaries.arcs import with_arcs
from gis.boundaries.parcel import Parcel, grouped_parcel, ring_of
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.topology import Ring
from gis.crs_text import identify
from gis.deliveries.gdal import quietly
from gis.deliveries.kml import without_pictures
from gis.deliveries.source_files import DESCRIPTIONS, dbf_encoding
from gis.remarks import crs_overridden, crs_unknown, error, info, spot_text, warning
from gis.rules import boundary_rules
from gis.source_crs import SourceCrs, parse_crs
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue

GDAL_ERRORS = (
    DataSourceError,
    DataLayerError,
    ValueError,
    RuntimeError,
    UnicodeDecodeError,
    shapely.errors.GEOSException,
)
_AREA_FIELDS = ("地块面积", "申报用地面积", "DKMJ", "PFMMJ")


#: what a shapefile, a MapInfo table and a MapInfo interchange file consist of; the first one is opened
SETS: Mapping[str, tuple[str, ...]] = {
    "SHP": ("shp", "shx", "dbf", "prj", "cpg"),
    "TAB": ("tab", "dat", "map", "id", "ind"),
    "MIF": ("mif", "mid"),
}
_SUFFIX = {
    "GPKG": "gpkg",
    "SQLite": "sqlite",
    "KML": "kml",
    "GML": "gml",
    "GPX": "gpx",
    "TopoJSON": "topojson",
    "Esri JSON": "json",
    "FlatGeobuf": "fgb",
    "MIF": "mif",
    "DXF": "dxf",
}
_XML = ("KML", "GML", "GPX")
#: what tells that a file holds arcs; GDAL itself hands out their chords
_CURVES = {
    "GML": re.compile(rb"<(?:\w+:)?(?:Arc|Circle)\w*[\s>]"),
    "GPKG": re.compile(rb"CURVEPOLYGON|MULTISURFACE|COMPOUNDCURVE|MULTICURVE"),
}


def read_set(members: Mapping[str, bytes], format_name: str, *, crs: int | None = None) -> BoundaryReading:
    """Read the one shapefile or MapInfo table (``format_name``: a key of :data:`SETS`) among the members of a zip."""
    extensions = SETS[format_name]
    issues: list[Issue] = []
    found = [name for name in members if name.lower().endswith(f".{extensions[0]}")]
    if len(found) > 1 and format_name == "SHP":
        areas = [n for n in found if len(members[n]) >= 36 and members[n][32] in (5, 15, 25)]
        named = red_line_layer([n.rpartition("/")[2][:-4] for n in areas], issues)
        by_name = [n for n in areas if named is not None and n.rpartition("/")[2][:-4] == named]
        found = next((few for few in (areas, by_name) if len(few) == 1), found)
    if len(found) > 1:
        names = "、".join(sorted(s.rsplit("/", 1)[-1] for s in found)[:10])
        return failed(format_name, several(f"压缩包里有 {len(found)} 个图层（{names}）"))
    stem = found[0].rpartition(".")[0]
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        parts = set()
        for name, content in members.items():
            base, dot, extension = name.rpartition(".")
            if dot and base.lower() == stem.lower() and extension.lower() in extensions:
                (Path(folder) / f"site.{extension.lower()}").write_bytes(content)
                parts.add(extension.lower())
        prj = Path(folder) / "site.prj"
        text = prj.read_bytes().decode("utf-8", errors="replace") if prj.exists() else ""
        if format_name == "SHP" and "shx" not in parts:
            issues.append(
                warning(
                    "SHP-NO-SHX",
                    "缺少 .shx 文件，已由 .shp 重建索引",
                    "the .shx is missing and was rebuilt",
                    "压缩时带上 .shx",
                    "include the .shx",
                )
            )
        missing = [e for e in ("dat", "map") if e not in parts] if format_name == "TAB" else []
        if missing:
            return failed(
                format_name,
                error(
                    "FILE-INCOMPLETE",
                    f"MapInfo 表缺少 {'、'.join(f'.{e}' for e in missing)} 文件",
                    f"the MapInfo table lacks {', '.join(f'.{e}' for e in missing)}",
                    "把 .tab、.dat、.map、.id 一起压缩成 zip 上传",
                    "zip .tab, .dat, .map and .id together",
                ),
            )
        return read_source(
            Path(folder) / f"site.{extensions[0]}", format_name, crs=crs, issues=issues, wkt=text
        )


def read_file(data: bytes, format_name: str, *, crs: int | None = None) -> BoundaryReading:
    """Read a single file of a format recognised by its signature (a key of the table of suffixes)."""
    refused = _unsafe(data, format_name)
    if refused is not None:
        return failed(format_name, refused)
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        path = Path(folder) / f"site.{_SUFFIX[format_name]}"
        issues: list[Issue] = []
        if format_name in _XML:
            data = _as_utf8(data)
        if format_name == "KML":
            data = _without_overlays(data, issues)
        path.write_bytes(data)
        reading = read_source(path, format_name, crs=crs, issues=issues)
        curves = _CURVES.get(format_name)
        return with_arcs(reading) if curves is not None and curves.search(data) else reading


def _without_overlays(data: bytes, issues: list[Issue]) -> bytes:
    plain, count = without_pictures(data)
    if count:
        issues.append(
            info(
                "KML-OVERLAYS",
                f"KML 里有 {count} 幅贴图，不是红线，未采用",
                f"{count} pictures on the ground are no boundary and were left out",
            )
        )
    return plain


def _as_utf8(data: bytes) -> bytes:
    """XML in UTF-8: GDAL's parser knows no Chinese code page, and some programs write one without saying so."""
    head = re.match(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)", data[:200])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data
    try:
        if head is None or head[1].lower() in (b"utf-8", b"utf8"):
            data.decode("utf-8")
            return data
        if head[1].lower() not in (b"gbk", b"gb2312", b"gb18030"):
            return data
    except UnicodeDecodeError:
        pass
    text = data.decode("gb18030", errors="replace")
    return re.sub(r"(<\?xml[^>]*?encoding\s*=\s*[\"'])[\w.-]+", r"\1UTF-8", text, count=1).encode()


def _unsafe(data: bytes, format_name: str) -> Issue | None:
    """Content that would make GDAL open something else."""
    if format_name in _XML and re.search(rb"<!(DOCTYPE|ENTITY)", data[:65536], re.IGNORECASE):
        return error(
            "XML-ENTITY",
            f"{format_name} 含有实体声明，拒绝读取",
            f"the {format_name} declares entities",
            f"重新导出 {format_name}",
            "export it again",
        )
    if format_name == "KML" and b"<NetworkLink" in data and b"<coordinates" not in data:
        return error(
            "KML-LINK",
            "KML 里只有指向别处的网络链接，没有图形",
            "the KML holds a link to data elsewhere and no shape",
            "在地图软件中把图形本身另存为 KML",
            "save the shape itself as KML",
        )
    if any(mark in data[:65536] for mark in DESCRIPTIONS):
        return error(
            "FILE-TYPE",
            "文件不是数据，而是指向别处数据的描述，不予读取",
            "the file describes data elsewhere",
            "请提供界址文件本身",
            "hand in the boundary itself",
        )
    return None


def said(problem: Exception) -> str:
    """What GDAL says, without the paths of its sources and of our temporary files."""
    plain = re.sub(r"\S*[/\\]\S+", "", str(problem)).strip(" ,:")
    return " ".join(plain.split())[:200] or type(problem).__name__


def several(what: str) -> Issue:
    """The question for a delivery with several candidates."""
    return error(
        "FILE-SEVERAL",
        f"{what}，不知道哪个是红线",
        "several layers or files could be the boundary",
        "只保留红线图层",
        "keep the boundary only",
    )


def no_area(points: int = 0) -> Issue:
    """The file holds nothing that is an area; of points alone it is not known in which order they are joined."""
    if points > 2:
        return error(
            "NO-AREA",
            f"文件里只有 {points} 个点，没有连成面，连接次序不明",
            f"the file holds {points} points and no area; in which order they are joined is not said",
            "在软件中按界址点次序连成面，或提供按次序排列的坐标表（TXT、Excel）",
            "join them to an area in their order, or hand in a table of points in that order (TXT, Excel)",
        )
    return error("NO-AREA", "文件里没有面要素", "the file holds no area", "提供闭合的面", "hand in an area")


def open_layer(
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


def read_source(
    path: Path,
    format_name: str,
    *,
    crs: int | None,
    issues: list[Issue],
    wkt: str = "",
) -> BoundaryReading:
    """Read the one layer of areas of what GDAL opens; ``wkt`` is a CRS stated beside it."""
    try:
        with quietly():
            layer, names = _area_layer(path, issues)
            if layer is None and len(names) > 1:
                return failed(format_name, several(f"文件里有多个面图层（{'、'.join(names[:10])}）"))
            if layer is None and not names and format_name != "SHP":
                return failed(format_name, no_area(_point_count(path)))
            meta, geometries, rows = open_layer(path, layer)
    except GDAL_ERRORS as problem:
        return failed(
            format_name,
            error(
                "FILE-BROKEN",
                f"{format_name} 文件损坏或不完整，无法读取",
                f"GDAL cannot read it: {said(problem)}",
                "重新导出文件",
                "export the file again",
            ),
        )
    parcels, properties = parcels_of(geometries, rows, issues)
    if not parcels:
        points = sum(g is not None and g.geom_type == "Point" for g in geometries)
        return failed(
            format_name, *issues, _open_line(geometries) if _has_lines(geometries) else no_area(points)
        )
    found = crs_of_source(crs, meta.get("crs"), wkt, issues)
    return finish(
        parcels,
        found,
        issues,
        format_name=format_name,
        attributes={"layer": layer, "properties": properties, "features": len(geometries)},
    )


def _point_count(path: Path) -> int:
    """Points in all layers of a file that holds nothing else."""
    layers = [str(name) for name, kind in pyogrio.list_layers(path) if "Point" in str(kind)]
    return sum(pyogrio.read_info(path, layer=n, force_feature_count=True)["features"] for n in layers)


def _open_line(geometries: Sequence[BaseGeometry | None]) -> Issue:
    """The question for open lines; of a single one it says between which points it is open."""
    lines = [
        part for g in geometries if g is not None for part in flatten(g) if part.geom_type == "LineString"
    ]
    said = said_en = ""
    at = None
    if len(lines) == 1 and len(lines[0].coords) > 2:
        first, last = lines[0].coords[0], lines[0].coords[-1]
        said = f"：起点 {spot_text(*first[:2])} 与终点 {spot_text(*last[:2])} 不是同一点"
        said_en = f": it begins at {spot_text(*first[:2])} and ends at {spot_text(*last[:2])}"
        at = (float(last[0]), float(last[1]))
    return error(
        "LINE-NOT-CLOSED",
        f"文件里只有没有闭合的线，围不成面{said}",
        f"the file holds open lines only{said_en}",
        "闭合红线（末点与起点相同）或提供面",
        "close the line or hand in an area",
        at=at,
    )


def _has_lines(geometries: Sequence[BaseGeometry | None]) -> bool:
    return any(g is not None and not g.is_empty and g.length > 0 for g in geometries)


def _area_layer(path: Path, issues: list[Issue]) -> tuple[str | None, list[str]]:
    """(name of the one layer that can hold areas or None, all candidate names); a red line's name settles it."""
    layers = [(str(name), str(kind) if kind is not None else "") for name, kind in pyogrio.list_layers(path)]
    candidates = [
        name
        for name, kind in layers
        if any(word in kind for word in ("Polygon", "Surface"))
        or kind in ("Unknown", "GeometryCollection", "")
    ]
    polygons = [name for name, kind in layers if "Polygon" in kind or "Surface" in kind]
    if not candidates:
        candidates = [name for name, kind in layers if "LineString" in kind or "Curve" in kind]
    filled = [
        n
        for n in (polygons or candidates)
        if pyogrio.read_info(path, layer=n, force_feature_count=True)["features"]
    ]
    named = red_line_layer(filled, issues) if len(filled) > 1 else None
    if named is not None:
        return named, [named]
    return (filled[0] if len(filled) == 1 else None), filled


def red_line_layer(layers: Sequence[str], issues: list[Issue]) -> str | None:
    """The layer whose name says that it holds the site's red line, by the order of the catalogue."""
    for pattern in boundary_rules().dxf_red_line_layers:
        found = [n for n in layers if fnmatch.fnmatchcase(n.casefold(), pattern.casefold())]
        if pattern == "*红线*":
            found = [n for n in found if "道路" not in n]
        if found:
            if len(found) > 1:
                issues.append(
                    warning(
                        "DXF-SEVERAL-LAYERS",
                        f"有多个红线图层（{'、'.join(found)}），采用“{found[0]}”",
                        "several red line layers; the first was taken",
                        "只保留一个红线图层",
                        "keep one red line layer",
                    )
                )
            return found[0]
    return None


def crs_of_source(stated: int | None, gdal: str | None, wkt: str, issues: list[Issue]) -> int | None:
    """The stated CRS, else the file's own; a definition without EPSG code serves when its datum is tied to CGCS2000."""
    own = identify(gdal) if gdal else None
    if own is None and wkt.strip():
        own = identify(wkt)
    if stated is not None:
        crs_module.crs(stated)
        if own is not None and own != stated:
            issues.append(crs_overridden(own, stated))
        return stated
    if own is not None:
        return own
    written = gdal or wkt.strip()
    if not written:
        issues.append(crs_unknown())
        return None
    try:
        found = parse_crs(written)
    except BadInput:
        found = None
    if not isinstance(found, SourceCrs):
        issues.append(
            crs_unknown("文件写的坐标系没有对应的 EPSG 代码，可能是独立坐标系", "its CRS has no EPSG code")
        )
        return None
    return found


def parcels_of(
    geometries: Sequence[BaseGeometry | None], rows: Sequence[Mapping[str, Any]], issues: list[Issue]
) -> tuple[list[Parcel], dict[str, Any]]:
    parcels: list[Parcel] = []
    properties: dict[str, Any] = {}
    lines = 0
    unused = {"LineString": 0, "Point": 0}
    for geometry, row in zip(geometries, rows, strict=True):
        if geometry is None or geometry.is_empty:
            continue
        mine: list[Parcel] = []
        closed: list[Ring] = []
        for part in flatten(geometry):
            if part.geom_type == "Polygon":
                rings = [part.exterior, *part.interiors]
                mine.append(grouped_parcel([[(c[0], c[1]) for c in r.coords] for r in rings]))
            elif part.geom_type == "LineString" and part.is_ring:
                lines += 1
                closed.append(ring_of([(c[0], c[1]) for c in part.coords]))
            elif part.geom_type in unused:
                unused[part.geom_type] += 1
        if closed:
            mine.append(Parcel(closed))
        if mine and not properties:
            properties = {k: v for k, v in row.items() if v is not None}
        if len(mine) == 1 and len(geometries) == 1:
            mine[0].declared = next((str(row[f]) for f in _AREA_FIELDS if row.get(f) is not None), None)
        parcels += mine
    if lines:
        issues.append(warning("LINE-AS-AREA", f"{lines} 条闭合线按面读取", "closed lines were read as areas"))
    if parcels:
        report_unused(unused["LineString"], unused["Point"], issues)
    return parcels, properties


def report_unused(lines: int, points: int, issues: list[Issue]) -> None:
    """Say what stands beside the areas of a file and is no part of the boundary."""
    if lines:
        issues.append(
            warning(
                "LINES-UNUSED",
                f"另有 {lines} 条未闭合的线，未采用",
                f"{lines} open lines beside the areas were left out",
                "核对红线是否完整",
                "check that the boundary is complete",
            )
        )
    if points:
        issues.append(info("POINTS-UNUSED", f"另有 {points} 个点，未采用", f"{points} points were left out"))


def flatten(geometry: BaseGeometry) -> Iterator[Any]:
    if hasattr(geometry, "geoms"):
        for part in geometry.geoms:
            yield from flatten(part)
    else:
        yield geometry
