"""Site boundaries 界址 / 红线: one entrance for every format, one validator.

>>> reading = read_boundary("site.txt", data)          # doctest: +SKIP
>>> reading.ok, reading.crs, reading.area_m2           # doctest: +SKIP

The format is decided by the bytes, never by the name; a CRS is never guessed (``CRS-UNKNOWN`` asks for it). Bad files
give coded issues, never an exception; only an EPSG code that does not exist raises ``BadInput``.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gis import crs as crs_module
from gis.archive import open_zip
from gis.boundary_formats import read_file, read_geojson, read_geojson_document, read_shapefile
from gis.boundary_text import decode_text
from gis.boundary_txt import read_txt
from gis.boundary_txt_write import write_txt
from gis.reading import BoundaryReading, Declared, error, failed
from gis.rules import boundary_rules

__all__ = ["BoundaryReading", "Declared", "load_file", "read_boundary", "read_drawn", "summary", "write_txt"]

_NOT_OURS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "PDF", "请提供 TXT、DXF、SHP(压缩包)、GPKG、KML 或 GeoJSON 格式的界址文件"),
    (b"AC10", "DWG", "请在 CAD 中另存为 DXF 后上传"),
    (b"\x89PNG", "PNG 图片", "请提供界址坐标文件,不是图片"),
    (b"\xff\xd8\xff", "JPEG 图片", "请提供界址坐标文件,不是图片"),
    (b"II*\x00", "TIFF 图片", "请提供界址坐标文件,不是图片"),
    (b"GIF8", "GIF 图片", "请提供界址坐标文件,不是图片"),
    (b"Rar!", "RAR 压缩包", "请改用 zip 压缩"),
    (b"7z\xbc\xaf", "7z 压缩包", "请改用 zip 压缩"),
    (b"\x1f\x8b", "gzip 压缩文件", "请改用 zip 压缩"),
    (b"\xd0\xcf\x11\xe0", "旧版 Office 文件", "请导出为 TXT"),
    (b"\x00\x00\x27\x0a", "单独的 .shp", "请把 .shp、.shx、.dbf、.prj 一起压缩成 zip 上传"),
    (b"AutoCAD Binary DXF", "二进制 DXF", "请另存为文本(ASCII)DXF"),
)


def read_boundary(name: str, data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Read a boundary file.

    Args:
        name: file name, for messages only.
        data: its bytes: TXT, GeoJSON, zipped SHP (or a zip with one of the other formats), GPKG, KML, DXF.
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
    """Bytes of a boundary file on disk; a bare ``.shp`` is packed with the files beside it, as a zip would be.

    Raises:
        OSError: it cannot be read.
    """
    if path.suffix.lower() != ".shp":
        return path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part in sorted(path.parent.iterdir()):
            if part.stem == path.stem and part.suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                archive.write(part, part.name)
    return buffer.getvalue()


def _read_plain(name: str, data: bytes, crs: int | None) -> BoundaryReading:
    head = data[:4096]
    for signature, what, remedy in _NOT_OURS:
        if head.startswith(signature):
            return failed(
                "",
                error(
                    "FILE-TYPE",
                    f"“{name[-60:]}”其实是{what},不是界址文件",
                    f"the file is {what}",
                    remedy,
                    "hand in TXT, DXF, zipped SHP, GPKG, KML or GeoJSON",
                ),
            )
    if head.startswith(b"SQLite format 3\x00"):
        return read_file(data, "GPKG", crs=crs)
    decoded = decode_text(data)
    if decoded is None:
        return failed(
            "",
            error(
                "FILE-BINARY",
                "文件不是可识别的界址文件(内容为二进制数据)",
                "binary data of no known format",
                "请提供 TXT、DXF、SHP(压缩包)、GPKG、KML 或 GeoJSON",
                "hand in a known format",
            ),
        )
    text = decoded[0].lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        return read_geojson(data, crs=crs)
    if text.startswith("<"):
        if "<kml" in text[:8192].lower() or "opengis.net/kml" in text[:8192]:
            return read_file(data, "KML", crs=crs)
        return failed(
            "",
            error(
                "FILE-TYPE",
                "XML/HTML 文件不是可识别的界址文件",
                "XML of no known format",
                "请提供 TXT、DXF、SHP(压缩包)、GPKG、KML 或 GeoJSON",
                "hand in a known format",
            ),
        )
    if _is_dxf(text):
        return read_file(data, "DXF", crs=crs)
    return read_txt(data, crs=crs)


def _is_dxf(text: str) -> bool:
    lines = [line.strip() for line in text[:20_000].splitlines() if line.strip()]
    while len(lines) > 1 and lines[0] == "999":  # comments
        lines = lines[2:]
    return len(lines) > 1 and lines[0] == "0" and lines[1] == "SECTION"


def _read_zip(data: bytes, crs: int | None) -> BoundaryReading:
    archive = open_zip(data)
    if archive.issue is not None:
        return failed("ZIP", archive.issue)
    members = archive.members
    if any(name.lower().endswith(".shp") for name in members):
        return read_shapefile(members, crs=crs)
    if "[Content_Types].xml" in members:
        return failed(
            "",
            error(
                "FILE-TYPE",
                "这是 Office 文档,不是界址文件",
                "an Office document",
                "请导出为 TXT",
                "export as TXT",
            ),
        )
    known = [
        n for n in members if n.lower().rsplit(".", 1)[-1] in ("txt", "geojson", "json", "gpkg", "kml", "dxf")
    ]
    if len(known) == 1:
        if members[known[0]][:2] == b"PK":
            return failed(
                "ZIP", error("ZIP-NESTED", "压缩包里还有压缩包", "a zip within a zip", "只压缩一层")
            )
        return read_boundary(known[0], members[known[0]], crs=crs)
    return failed(
        "ZIP",
        error(
            "ZIP-NO-BOUNDARY" if not known else "FILE-SEVERAL",
            "压缩包里没有界址文件" if not known else f"压缩包里有 {len(known)} 个文件,不知道哪个是红线",
            "no boundary in the zip" if not known else "several files in the zip",
            "压缩包里放一套 SHP 或一个界址文件",
            "put one boundary into the zip",
        ),
    )


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
        "area_crs": reading.area_crs,
        "area_difference": reading.area_difference if reading.ok else None,
        "declared_crs": reading.attributes.get("declared_crs"),
        "parts": reading.parts,
        "holes": reading.holes,
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
