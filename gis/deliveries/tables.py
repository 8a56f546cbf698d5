"""Texts and tables before GDAL opens them: compressed, in other encodings, shapes in cells of a CSV or workbook."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from gis.rules import boundary_rules
from project_box.kernel.errors import BadInput

CODECS = ("utf-8", "gb18030")
#: what the column with the shapes is called in the CSV GDAL gets
GEOMETRY_COLUMN = "WKT"
#: workbooks whose sheets may hold shapes as WKT
WORKBOOKS = (".xlsx", ".ods")
#: rows of a table among which one must have a shape
_LOOK_AT = 1000
#: bytes of a text that are looked at to tell the encoding
_SAMPLE = 8 << 20
_CHUNK = 1 << 20
_XML_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)")
_DECLARATION = re.compile(r"^(\s*<\?xml[^>]*?encoding\s*=\s*[\"'])[\w.-]+")
_TEXT_BEGINS = re.compile(r"[\s\ufeff\x1e]*[{\[<]")
_HEX = re.compile(r"0[01][0-9a-fA-F]{16,}")
_WKT = ("POLYGON", "MULTIPOLYGON", "GEOMETRYCOLLECTION", "CURVEPOLYGON", "MULTISURFACE", "SRID=")
_SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)


class Table(NamedTuple):
    """A CSV that GDAL reads, and the CRS its shapes state (``EPSG:4547``)."""

    path: Path
    crs: str | None


def decodes(word: bytes, codec: str) -> bool:
    """Whether bytes are text of this encoding; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder(codec)().decode(word, final=False)
    except UnicodeDecodeError:
        return False
    return True


def text_codec(sample: bytes) -> str:
    """UTF-16 by its mark, UTF-8 (with or without one) or GB 18030, by the bytes."""
    if sample[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    return "utf-8-sig" if decodes(sample, "utf-8") else "gb18030"


def gunzip(path: Path, folder: Path) -> Path:
    """The one file in a .gz.

    Raises:
        BadInput: damaged, or it unpacks to too much.
    """
    target = folder / path.stem
    left = boundary_rules().limits.layer_unpacked_bytes
    try:
        with gzip.open(path) as packed, target.open("wb") as out:
            while chunk := packed.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise _refused(path, "ZIP-BOMB", "解开后过大", "unpacks to too much")
                out.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise _refused(path, "ZIP-BROKEN", "损坏，无法解开", f"cannot be unpacked: {error}") from error
    return target


def _refused(path: Path, code: str, zh: str, en: str) -> BadInput:
    return BadInput(
        f"压缩文件 {path.name} {zh}",
        f"{path.name} {en}",
        code=code,
        place=path.name,
        remedy="解开后直接导入其中的数据文件，例如 GPKG",
        remedy_en="unpack it and import the data file in it, such as a GPKG",
    )


def in_utf8(path: Path, folder: Path) -> Path:
    """A JSON or XML as GDAL reads it: itself, or a copy in UTF-8 where it is in UTF-16 or a Chinese code page."""
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE)
    declared = _XML_ENCODING.match(sample)
    codec = text_codec(sample)
    if not _TEXT_BEGINS.match(sample[:256].decode(codec, errors="replace")):
        return path  # something else under such a name
    if declared is not None and declared[1].lower().startswith(b"gb"):
        codec = "gb18030"
    elif codec == "utf-8-sig" or (declared is not None and declared[1].lower() not in (b"utf-8", b"utf8")):
        return path
    target = folder / f"{path.stem}-utf8{path.suffix}"
    with path.open(encoding=codec, errors="replace") as source, target.open("w", encoding="utf-8") as out:
        out.write(_DECLARATION.sub(r"\1UTF-8", source.read(_CHUNK), count=1))
        while chunk := source.read(_CHUNK):
            out.write(chunk)
    return target


def readable_csv(path: Path, folder: Path) -> Table:
    """A CSV GDAL reads: UTF-8, its column of WKT called ``WKT``; row by row, whatever its size.

    Raises:
        BadInput: no column holds WKT.
    """
    with path.open("rb") as stream:
        codec = text_codec(stream.read(_SAMPLE))
    csv.field_size_limit(min(sys.maxsize, 1 << 30))
    try:
        with path.open(encoding=codec, newline="") as source:
            first = source.readline()
            source.seek(0)
            delimiter = max(",;\t|", key=first.count)
            rows = csv.reader(source, delimiter=delimiter)
            return _written(next(rows, []), rows, path, folder)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            f"{path.name} 不是 UTF-8 或 GBK 编码的 CSV",
            f"{path.name} is not a CSV in UTF-8 or GBK: {error}",
            code="unreadable_layer",
            place=path.name,
            remedy="另存为 UTF-8 编码的 CSV",
            remedy_en="save it as CSV in UTF-8",
        ) from error


def workbook_as_csv(path: Path, folder: Path, sheet: str | None) -> Table:
    """The sheet of a workbook (.xlsx, .ods) that has shapes in a column, as a CSV without titles above its headings.

    Raises:
        BadInput: no sheet has such a column, or the workbook cannot be read.
    """
    try:
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
        for name in [n for n in names if sheet in (None, n)]:
            _, _, _, columns = pyogrio.raw.read(path, layer=name, read_geometry=False)
            rows = [["" if v is None else str(v) for v in row] for row in zip(*columns, strict=True)]
            first = next((n for n, row in enumerate(rows) if any(map(_is_shape, row))), 0)
            if first:
                return _written(rows[first - 1], rows[first:], path, folder)
    except (DataSourceError, DataLayerError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"工作簿 {path.name} 损坏或不完整",
            f"{path.name}: {error}",
            code="unreadable_layer",
            place=path.name,
            remedy="用表格软件打开并另存为 .xlsx",
            remedy_en="open it in a spreadsheet program and save it as .xlsx again",
        ) from error
    raise _no_shapes(path)


def _written(header: Sequence[str], rows: Iterable[list[str]], path: Path, folder: Path) -> Table:
    """A CSV of these rows, and the CRS all of the first shapes state."""
    left: Iterator[list[str]] = iter(rows)
    first_rows = list(islice(left, _LOOK_AT))
    shape = next((n for row in first_rows for n, v in enumerate(row) if _is_shape(v)), None)
    if shape is None or shape >= len(header):
        raise _no_shapes(path)
    stated = {_srid(row[shape]) for row in first_rows if shape < len(row) and _is_shape(row[shape])}
    target = folder / f"{path.stem}-utf8.csv"
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([GEOMETRY_COLUMN if n == shape else h for n, h in enumerate(header)])
        for row in chain(first_rows, left):
            if shape < len(row):
                row[shape] = _as_wkt(row[shape])
            writer.writerow(row)
    srid = stated.pop() if len(stated) == 1 else None
    return Table(target, f"EPSG:{srid}" if srid else None)


def _no_shapes(path: Path) -> BadInput:
    return BadInput(
        f"{path.name} 里没有 WKT 图形列",
        f"no column of {path.name} holds WKT",
        code="no_data",
        place=path.name,
        remedy="图形写成一列 WKT，例如 POLYGON((…))，列名任意",
        remedy_en="write geometries in one column as WKT, such as POLYGON((…)), of any name",
    )


def _is_shape(cell: str) -> bool:
    return (cell.lstrip().upper().startswith(_WKT) and "(" in cell) or _HEX.fullmatch(
        cell.strip()
    ) is not None


def _srid(cell: str) -> int | None:
    """The EPSG code in an EWKT or EWKB."""
    written = _SRID.match(cell)
    if written is not None:
        return int(written[1])
    shape = _from_wkb(cell)
    return int(shapely.get_srid(shape)) or None if shape is not None else None


def _as_wkt(cell: str) -> str:
    """WKT of a cell that holds it, with an SRID or as hexadecimal WKB; anything else as it came."""
    if cell.lstrip().upper().startswith("SRID="):
        return cell.split(";", 1)[-1]
    shape = _from_wkb(cell)
    return cell if shape is None else str(shape.wkt)


def _from_wkb(cell: str) -> Any:
    """The shape of a cell of hexadecimal WKB; None where nothing can be read."""
    if _HEX.fullmatch(cell.strip()) is None:
        return None
    try:
        return shapely.from_wkb(cell.strip(), on_invalid="fix")
    except (
        shapely.errors.GEOSException,
        NotImplementedError,  # what shapely says of curves, which it does not know
    ):
        return None
