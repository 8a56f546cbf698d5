"""Site boundaries 界址 / 红线: one entrance for every format, one validator.

>>> reading = read_boundary("site.txt", data)          # doctest: +SKIP
>>> reading.ok, reading.crs, reading.area_m2           # doctest: +SKIP

The format is decided by the bytes, never by the name; a CRS is never guessed (``CRS-UNKNOWN`` asks for it). Bad files
give coded issues, never an exception; only an EPSG code that does not exist raises ``BadInput``.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gis import crs as crs_module
from gis.boundaries.arcs import with_arcs
from gis.boundaries.declared_area import Declared
from gis.boundaries.dxf import read_dxf
from gis.boundaries.gdal_formats import SETS, read_file, read_set
from gis.boundaries.geodatabases import read_geodatabase, read_personal
from gis.boundaries.geojson import esri_features, read_geojson, read_geojson_document
from gis.boundaries.markup_table import rows_of_markup
from gis.boundaries.reading import BoundaryReading, failed, sorted_issues
from gis.boundaries.shapes import several
from gis.boundaries.sima import is_sima, read_sima
from gis.boundaries.table import has_headings, read_tables, read_workbook, rows_of_text
from gis.boundaries.text import decode_text, rounded_number
from gis.boundaries.txt import read_txt
from gis.boundaries.txt_write import write_txt
from gis.boundaries.wkt import is_wkb, is_wkt, read_wkt
from gis.boundaries.xml_points import read_xml_points
from gis.deliveries.archive import open_zip
from gis.deliveries.dxf_text import BINARY, is_dxf
from gis.deliveries.personal import is_access
from gis.deliveries.signatures import foreign
from gis.remarks import error, warning
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue

__all__ = ["BoundaryReading", "Declared", "load_file", "read_boundary", "read_drawn", "summary", "write_txt"]

_FORMATS = "TXT、Excel 坐标表、DXF、SHP（压缩包）、GPKG、KML、GeoJSON、GML、MapInfo 或 WKT"
_FORMATS_EN = (
    "hand in TXT, an Excel table of points, DXF, zipped SHP, GPKG, KML, GeoJSON, GML, MapInfo or WKT"
)
#: root elements of XML, by local name and part of the namespace; the local name alone where there is no namespace
_ROOTS: tuple[tuple[str, str, str], ...] = (
    ("kml", "/kml/", "KML"),
    ("gpx", "/GPX/", "GPX"),
    ("", "opengis.net/gml", "GML"),
    ("", "opengis.net/wfs", "GML"),
    ("", "xplanung.de", "GML"),
    ("FeatureCollection", "", "GML"),
)
_READABLE = (
    "txt", "csv", "xlsx", "xlsm", "geojson", "json", "topojson", "gpkg", "sqlite", "kml", "gml", "xml", "gpx", "dxf",
    "fgb", "wkt", "mdb", "accdb",
)  # fmt: skip


def read_boundary(name: str, data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Read a boundary file.

    Args:
        name: file name, for messages only.
        data: its bytes: TXT, a table of points (XLSX, CSV), GeoJSON, zipped SHP (or a zip with one of the other
            formats), GPKG, KML, KMZ, GML, GPX, DXF, MapInfo, FileGDB, TopoJSON, FlatGeobuf, WKT.
        crs: EPSG stated by whoever hands it in, for files that do not say (or to overrule them, with a warning); a
            :class:`gis.source_crs.SourceCrs` for GCJ-02, a local grid or a definition without EPSG code.

    Returns:
        the reading with its issues; ``ok`` tells whether it can be used.

    Raises:
        BadInput: ``crs`` is not an EPSG code of a horizontal CRS.
    """
    if crs is not None:
        crs_module.crs(crs)
    limit = boundary_rules().limits.file_bytes
    if not data.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        return failed(
            "", error("FILE-EMPTY", "文件是空的", "the file is empty", "重新导出文件", "export it again")
        )
    if len(data) > limit:
        return failed(
            "",
            error(
                "FILE-TOO-LARGE",
                f"文件超过 {limit // 1048576} MB",
                "the file is too large",
                "只保留红线图形",
                "keep the boundary only",
            ),
        )
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _read_zip(data, crs)
    return _read_plain(name, data, crs)


def load_file(path: Path) -> bytes:
    """Bytes of a boundary file on disk; one of several that belong together (``.shp``, ``.tab``, ``.mif``) is packed
    with the others, and a ``.gdb`` folder with what is in it, as a zip would be.

    Raises:
        OSError: it cannot be read.
    """
    suffix = path.suffix.lower().removeprefix(".")
    extensions = next((e for e in SETS.values() if e[0] == suffix), None)
    if path.is_dir() and suffix == "gdb":
        parts = {f"site.gdb/{part.name}": part for part in sorted(path.iterdir()) if part.is_file()}
    elif extensions is not None:
        beside = [p for p in sorted(path.parent.iterdir()) if p.stem == path.stem]
        parts = {p.name: p for p in beside if p.suffix.lower().removeprefix(".") in extensions}
    else:
        return path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.write(part, name)
    return buffer.getvalue()


def _read_plain(name: str, data: bytes, crs: int | None) -> BoundaryReading:
    other = foreign(data, alone=True)
    if other is not None:
        return failed(
            "",
            error(
                "FILE-TYPE",
                f"“{name[-60:]}”其实是{other.zh}，不是界址文件",
                f"the file is {other.en}",
                other.remedy,
                other.remedy_en,
            ),
        )
    if data.startswith(b"SQLite format 3\x00"):
        return read_file(data, "GPKG" if data[68:72] in (b"GPKG", b"GP10", b"GP11") else "SQLite", crs=crs)
    if is_access(data[:32]):
        return read_personal(name, data, crs=crs)
    if data.startswith(b"fgb\x03"):
        return read_file(data, "FlatGeobuf", crs=crs)
    if data.startswith(BINARY):
        return read_dxf(data, crs=crs)
    decoded = decode_text(data)
    if decoded is None and is_wkb(data):
        return read_wkt(data.hex(), crs=crs)
    if decoded is None:
        return failed(
            "",
            error(
                "FILE-BINARY",
                "文件不是可识别的界址文件（内容为二进制数据）",
                "binary data of no known format",
                f"请提供 {_FORMATS}",
                _FORMATS_EN,
            ),
        )
    reading = _read_text(data, decoded[0].lstrip("\ufeff \t\r\n\x1e"), crs)
    more = [_damaged(decoded[0])] if "\ufffd" in decoded[0] else []
    if reading.format in ("TXT", "CSV") and (rounded := rounded_number(decoded[0])) is not None:
        more.append(_rounded(*rounded))
    return replace(reading, issues=sorted_issues([*reading.issues, *more])) if more else reading


def _rounded(written: str, line: int) -> Issue:
    return error(
        "COORD-ROUNDED",
        f"第 {line} 行的坐标写成科学计数法“{written}”，米以下的位数已丢失",
        f"the coordinate {written} in line {line} has lost its metres to an exponent",
        "在 Excel 中把坐标列设为“数值，3 位小数”后重新导出",
        "format the columns as numbers with three decimals in the spreadsheet and export again",
        line=line,
    )


def _damaged(text: str) -> Issue:
    """What is said of characters that no encoding explains; coordinates among them are told where they are read."""
    count = text.count("\ufffd")
    line = len(re.split(r"\r\n|\r|\n", text[: text.index("\ufffd")]))
    return warning(
        "TEXT-DAMAGED",
        f"文件里有 {count} 处文字已损坏，第一处在第 {line} 行；其余照常读取",
        f"{count} characters are damaged, the first in line {line}; everything else was read",
        "核对损坏的名称，或重新导出文件",
        "check the damaged names, or export the file again",
        line=line,
    )


def _read_text(data: bytes, text: str, crs: int | None) -> BoundaryReading:
    """A text file, by what it begins with."""
    if text.startswith(("{", "[{")):
        return _read_json(data, text, crs)
    if text.startswith("<"):
        format_name = _xml_kind(text)
        reading = read_xml_points(text, crs=crs) if format_name is None else None
        if reading is not None:
            return reading
        rows = rows_of_markup(text) if format_name is None else []
        if has_headings(rows):
            return read_tables([("", rows)], "HTML" if "<td" in text.lower() else "XML", crs=crs)
        if format_name is None:
            zh = "XML/HTML 文件不是可识别的界址文件"
            return failed("", _not_a_boundary(zh, "XML of no known format", f"请提供 {_FORMATS}"))
        return read_file(data, format_name, crs=crs)
    if is_sima(text):
        return read_sima(text, crs=crs)
    if is_dxf(text):
        return read_dxf(data, crs=crs)
    if is_wkt(text):
        return read_wkt(text, crs=crs)
    if re.match(r"VERSION\s+\d+\s+CHARSET\s", text, re.IGNORECASE):
        return read_file(data, "MIF", crs=crs)
    if not re.search(r"^\s*[\[\u3010]\s*[^\]\u3011\n]{1,20}[\]\u3011]|@\s*$", text[:20_000], re.MULTILINE):
        rows = rows_of_text(text)
        shapes = "\n".join(cell for _, cells in rows for cell in cells if is_wkt(cell))
        if shapes and rows[0][0] and not is_wkt(rows[0][1][0]):
            return read_wkt(shapes, crs=crs)
        if has_headings(rows):
            return read_tables([("", rows)], "CSV", crs=crs)
    return read_txt(data, crs=crs)


def _read_json(data: bytes, text: str, crs: int | None) -> BoundaryReading:
    kind = _json_kind(text)
    if kind is None:
        return read_geojson(data, crs=crs)
    data, curved = esri_features(text) if kind == "Esri JSON" else (data, False)
    reading = read_file(data, kind, crs=crs)
    return with_arcs(reading) if curved else reading


def _not_a_boundary(zh: str, en: str, remedy: str) -> Issue:
    return error("FILE-TYPE", zh, en, remedy, _FORMATS_EN)


def _json_kind(text: str) -> str | None:
    """JSON that GDAL reads better than we do: TopoJSON and Esri's; None for GeoJSON."""
    if re.search(r'"type"\s*:\s*"Topology"', text[:1_000_000]):
        return "TopoJSON"
    return (
        "Esri JSON"
        if re.search(r'"(?:curveR|r)ings"\s*:\s*\[|"esriGeometryPolygon"', text[:1_000_000])
        else None
    )


def _xml_kind(text: str) -> str | None:
    """The format of an XML document by its root element; None for anything else."""
    root = re.search(
        r"<(?![?!])(?:([\w.-]+):)?([\w.-]+)([^>]*)>",
        re.sub(r"<!--.*?-->", "", text[:65_536], flags=re.DOTALL),
    )
    if root is None:
        return None
    local, attributes = root[2], root[3]
    for name, namespace, format_name in _ROOTS:
        if name in ("", local) and namespace in attributes:
            return format_name
    return {"kml": "KML", "gpx": "GPX"}.get(local)


def _read_zip(data: bytes, crs: int | None, *, within: bool = False) -> BoundaryReading:
    """The one boundary in a zip, or in the one zip in it (``within``)."""
    archive = open_zip(data)
    if archive.issue is not None:
        return failed("ZIP", archive.issue)
    members = archive.members
    if "[Content_Types].xml" in members or "content.xml" in members:
        if "xl/workbook.xml" in members:
            return read_workbook(data, crs=crs)
        zh = "这是文字处理文档或其他 Office 文档，不是界址文件"
        return failed(
            "", _not_a_boundary(zh, "an Office document", "坐标表请另存为 Excel 的 .xlsx，或导出为 TXT")
        )
    for format_name, extensions in SETS.items():
        if any(name.lower().endswith(f".{extensions[0]}") for name in members):
            return read_set(members, format_name, crs=crs)
    if any(name.lower().endswith(".gdbtable") for name in members):
        return read_geodatabase(members, crs=crs)
    known, packed = _candidates(members, crs)
    if not known and len(packed) == 1 and not within:
        return _read_zip(members[packed[0]], crs, within=True)
    if len(known) > 1:
        return failed("ZIP", several(f"压缩包里有 {len(known)} 个文件"))
    if known:
        inner = members[known[0]]
        if inner[:2] == b"PK" and not known[0].lower().endswith((".xlsx", ".xlsm")):
            return failed(
                "ZIP",
                error(
                    "ZIP-NESTED", "压缩包里还有压缩包", "a zip within a zip", "只压缩一层", "zip it once only"
                ),
            )
        return read_boundary(known[0], inner, crs=crs)
    return failed(
        "ZIP",
        error(
            "ZIP-NO-BOUNDARY",
            "压缩包里没有界址文件",
            "no boundary in the zip",
            "压缩包里放一套 SHP 或一个界址文件",
            "put one boundary into the zip",
        ),
    )


def _candidates(members: Mapping[str, bytes], crs: int | None) -> tuple[list[str], list[str]]:
    """Members of a zip that may hold the boundary, and those that are zips themselves."""
    known = [n for n in members if n.lower().rsplit(".", 1)[-1] in _READABLE]
    with_shapes = [n for n in known if n.lower().endswith(".kml") and b"<coordinates" in members[n]]
    if len(with_shapes) == 1:  # a KMZ whose main file only links to its layers
        known = [n for n in known if not n.lower().endswith(".kml") or n in with_shapes]
    packed = [n for n in members if n.lower().endswith((".zip", ".kmz"))]
    if len(known) + len(packed) > 1:  # a text beside the data may say what it is, no more
        texts = [n for n in known if n.lower().endswith((".txt", ".csv", ".xml", ".json"))]
        silent = {n for n in texts if read_boundary(n, members[n], crs=crs).geometry is None}
        known = [n for n in known if n not in silent] or (known if not packed else [])
    return known, packed


def read_drawn(geojson: Mapping[str, Any], crs: int) -> BoundaryReading:
    """A boundary drawn on the map, as GeoJSON in ``crs``; the same validator as for files.

    Raises:
        BadInput: unknown ``crs``.
    """
    reading = read_geojson_document(geojson, crs=crs)
    return replace(reading, format="drawn")


def summary(reading: BoundaryReading) -> dict[str, Any]:
    """The reading as ``project-box site --json`` prints it."""
    declared = reading.declared
    return {
        "area_m2": reading.area_m2,
        "ellipsoidal_area_m2": reading.ellipsoidal_area_m2,
        "crs": reading.crs,
        "crs_name": crs_module.name(reading.crs) if reading.crs is not None else None,
        "crs_name_en": crs_module.name_en(reading.crs) if reading.crs is not None else None,
        "area_crs": reading.area_crs,
        "area_difference": reading.area_difference if reading.ok else None,
        "declared_crs": reading.attributes.get("declared_crs"),
        "parts": reading.parts,
        "holes": reading.holes,
        "exact_area_m2": reading.attributes.get("exact_area_m2"),
        "declared": reading.declared_area_m2,
        "declared_text": "; ".join(d.text for d in declared) or None,
        "declared_unit": declared[0].unit if declared else None,
        "format": reading.format,
        "ok": reading.ok,
        "issues": [
            {
                "code": i.code,
                "level": i.level.value,
                "line": i.line,
                "message": i.message,
                "message_en": i.message_en,
                "remedy": i.remedy,
                "remedy_en": i.remedy_en,
                "at": list(i.at) if i.at else None,
                "layer": i.layer,
            }
            for i in reading.issues
        ],
    }
