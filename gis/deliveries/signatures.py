"""Files that are something else than data this platform reads, by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Foreign:
    """A kind of file that is refused: what it is, and what to hand in instead."""

    signature: bytes
    zh: str
    en: str
    remedy: str
    remedy_en: str


_ZIP_INSTEAD = ("请解开后改用 zip 压缩", "unpack it and zip it instead")
_NO_IMAGE = ("请提供矢量数据，不是图片", "hand in vector data, not an image")
_FOREIGN = (
    Foreign(b"%PDF", "PDF", "a PDF", "请提供矢量文件（如 TXT、DXF、SHP、GPKG），不是 PDF", "hand in a vector file"),
    Foreign(b"AC10", "DWG", "a DWG drawing", "请在 CAD 中另存为 DXF 后上传", "save it as DXF in CAD"),
    Foreign(b"\x89PNG", "PNG 图片", "a PNG image", *_NO_IMAGE),
    Foreign(b"\xff\xd8\xff", "JPEG 图片", "a JPEG image", *_NO_IMAGE),
    Foreign(b"II*\x00", "TIFF 图片", "a TIFF image", *_NO_IMAGE),
    Foreign(b"MM\x00*", "TIFF 图片", "a TIFF image", *_NO_IMAGE),
    Foreign(b"GIF8", "GIF 图片", "a GIF image", *_NO_IMAGE),
    Foreign(b"Rar!", "RAR 压缩包", "a RAR archive", *_ZIP_INSTEAD),
    Foreign(b"7z\xbc\xaf", "7z 压缩包", "a 7z archive", *_ZIP_INSTEAD),
    Foreign(b"\x1f\x8b", "gzip 压缩文件", "a gzip file", *_ZIP_INSTEAD),
    Foreign(
        b"\xd0\xcf\x11\xe0", "旧版 Office 文件（.xls、.doc）", "an old Office file",
        "坐标表请用 Excel 另存为 .xlsx", "save a table of points as .xlsx",
    ),
)  # fmt: skip
_PARTS = (
    Foreign(b"PAR1", "GeoParquet", "GeoParquet", "请用 QGIS 或 ogr2ogr 另存为 GPKG", "convert it to GPKG"),
    Foreign(b"\x08\x09\xfe", "DGN", "a DGN drawing", "请在 MicroStation 中另存为 DXF", "save it as DXF"),
    Foreign(
        b"\x00\x00\x27\x0a", "单独的 .shp", "a .shp alone",
        "请把 .shp、.shx、.dbf、.prj 一起压缩成 zip 上传", "zip .shp, .shx, .dbf and .prj together",
    ),
    Foreign(
        b"!table", "单独的 .tab", "a .tab alone",
        "请把 .tab、.dat、.map、.id 一起压缩成 zip 上传", "zip .tab, .dat, .map and .id together",
    ),
)  # fmt: skip


def foreign(head: bytes, *, alone: bool = False) -> Foreign | None:
    """What a file really is when it is none of the formats read here, else None.

    Args:
        head: its first bytes.
        alone: a boundary in one file: parts of a set are none, nor are drawings whose red line cannot be told.
    """
    kinds = (*_FOREIGN, *_PARTS) if alone else _FOREIGN
    return next((kind for kind in kinds if head.startswith(kind.signature)), None)
