"""Site boundaries through GDAL: SHP, GPKG, KML, GML and whatever else it reads by a signature known here.

GDAL only ever sees a file whose signature has been recognised, under a name of ours in a temporary folder, so that a
file cannot make it open something else.
"""

from __future__ import annotations

import fnmatch
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry.base import BaseGeometry

from gis.boundaries.arcs import with_arcs
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.shapes import crs_of_source, has_lines, no_area, open_line, parcels_of, several
from gis.deliveries.gdal import quietly
from gis.deliveries.kml import without_pictures
from gis.deliveries.source_files import DESCRIPTIONS, dbf_encoding
from gis.remarks import error, info, warning
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue

GDAL_ERRORS = (
    DataSourceError,
    DataLayerError,
    ValueError,
    RuntimeError,
    UnicodeDecodeError,
    shapely.errors.GEOSException,
)


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
            format_name, *issues, open_line(geometries) if has_lines(geometries) else no_area(points)
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
