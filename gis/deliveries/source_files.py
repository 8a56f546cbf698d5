"""What is done to a delivery before GDAL opens it: unpacked, recognised, put where GDAL writes nothing beside it."""

from __future__ import annotations

import glob
import re
import struct
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gis.deliveries import parquet
from gis.deliveries.dxf_text import BINARY, as_text
from gis.deliveries.kml import plain_kml
from gis.deliveries.personal import is_access, to_geopackage
from gis.deliveries.signatures import foreign
from gis.deliveries.source_place import note
from gis.deliveries.tables import (
    CODECS,
    WORKBOOKS,
    decodes,
    gunzip,
    in_utf8,
    readable_csv,
    workbook_as_csv,
)
from gis.deliveries.whole import ALL
from gis.rules import boundary_rules
from project_box.kernel.archive import UNREADABLE, Budget, UnpacksTooLarge, members
from project_box.kernel.errors import BadInput

_DATA_SUFFIXES = {
    ".shp", ".gpkg", ".geojson", ".json", ".topojson", ".gml", ".xml", ".kml", ".kmz", ".fgb", ".tab", ".mif",
    ".csv", ".dxf", ".dgn", ".osm", ".pbf", ".jml", ".mdb", ".accdb", ".sqlite", ".geojsonl", ".geojsons", ".ndjson",
    ".tsv", ".xlsx", ".ods", ".parquet", ".geoparquet",
}  # fmt: skip
#: texts that GDAL reads in UTF-8 only
_TEXTS = (".json", ".geojson", ".topojson", ".geojsonl", ".geojsons", ".ndjson", ".gml", ".xml", ".kml")
#: marks of files that hold no data but say where GDAL is to find some
DESCRIPTIONS = (b"OGRVRTDataSource", b"OGRWFSDataSource", b"gdal_streamed_alg", b"<OGRVRT")
#: records of a .dbf, and bytes of a MapInfo file, that are looked at to tell the encoding
_RECORDS, _SAMPLE = 20_000, 8 << 20
#: language drivers of a .dbf that say nothing: none, ANSI (GDAL's own default) and Windows ANSI
_UNSAID = (0x00, 0x03, 0x57)
#: Western European code pages as a .cpg names them
_LATIN = re.compile(r"^(iso|latin)[-_ ]?(8859[-_]?1|1)$|^8859-?1$|1252$|^88591$|^ansi$")
#: a code page in words that GDAL does not know (``OEM 936``)
_CODE_PAGE = re.compile(r"^(?:oem|ansi)[-_ ]?(\d{3,5})$")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
#: the character set a MapInfo file names
_CHARSET = re.compile(rb'charset\s+"?(\w+)', re.IGNORECASE)


class Prepared(NamedTuple):
    """The file GDAL is to open, the name of the layer in it that is still to be chosen, what the report says, and the
    CRS the delivery states where GDAL does not look."""

    path: Path
    layer: str | None
    notes: tuple[dict[str, Any], ...] = ()
    crs: str | None = None


def prepare(path: Path, folder: Path, layer: str | None) -> Prepared:
    """What GDAL is to open of a delivery.

    Args:
        path: the delivery: a file, a zip of one, or a folder (.gdb).
        folder: temporary; what is unpacked or rewritten goes here.
        layer: the layer asked for. In a zip of several files it may name the file.

    Raises:
        BadInput: a format that is refused or needs a program that is not there.
    """
    if path.is_file() and path.suffix.lower() == ".gz":
        path = gunzip(path, folder)
    if path.is_file() and zipfile.is_zipfile(path) and path.suffix.lower() not in (".kmz", *WORKBOOKS):
        path, layer = _choose_member(_unzip(path, folder), path.name, layer)
    if path.is_dir():
        return Prepared(path, layer)
    if path.suffix.lower() in WORKBOOKS and zipfile.is_zipfile(path):
        table = workbook_as_csv(path, folder, layer)
        return Prepared(table.path, None, crs=table.crs)
    if path.suffix.lower() in _TEXTS:
        path = in_utf8(path, folder)  # before it is judged, so that nothing hides in another encoding
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(parquet.MAGIC):
        return Prepared(parquet.to_geopackage(path, folder), layer)
    if is_access(head):
        return _personal(path, folder, layer)
    _refuse(path, head)
    if path.suffix.lower() in (".csv", ".tsv"):
        table = readable_csv(path, folder)
        return Prepared(table.path, layer, crs=table.crs)
    if head.startswith(BINARY) or (path.suffix.lower() == ".dxf" and b"\x00" in head[:64]):
        return Prepared(_plain_dxf(path, folder), layer)
    if path.suffix.lower() in (".kml", ".kmz"):
        return _kml(path, folder, layer)
    if b"<" in head[:200] and path.suffix.lower() in (".gml", ".xml"):
        # GDAL keeps notes (.gfs) beside a GML file: not beside somebody's own file
        linked = folder / f"linked-{path.stem}.gml"
        linked.symlink_to(path.resolve())
        return Prepared(linked, layer)
    return Prepared(path, layer)


def _kml(path: Path, folder: Path, layer: str | None) -> Prepared:
    found = plain_kml(path, folder)
    if not found.pictures:
        return Prepared(path, layer)
    zh = f"{found.pictures} 幅贴图不是图形要素，未导入"
    en = f"{found.pictures} pictures on the ground are no features and were left out"
    return Prepared(found.path, layer, (note("KML-OVERLAYS", zh, en),))


def _personal(path: Path, folder: Path, layer: str | None) -> Prepared:
    """A personal geodatabase as the GeoPackage GDAL reads."""
    target = folder / "personal.gpkg"
    classes = to_geopackage(path, target, path.name, only=None if layer == ALL else layer)
    notes = []
    for found in classes:
        if found.arcs or found.flattened:
            zh = f"要素类 {found.name} 中的圆弧、曲线已按折线近似"
            notes.append(note("CURVES", zh, f"arcs and curves of {found.name} were replaced by short lines"))
        if found.unreadable:
            numbers = "、".join(map(str, found.unreadable[:10]))
            zh = f"要素类 {found.name} 有 {len(found.unreadable)} 个要素的图形读不了（第 {numbers} 个）"
            notes.append(
                note("SHAPE-UNREADABLE", zh, f"{len(found.unreadable)} shapes of {found.name} are unreadable")
            )
    return Prepared(target, layer, tuple(notes))


def _plain_dxf(path: Path, folder: Path) -> Path:
    """A binary DXF, or one in UTF-16, as the text GDAL reads."""
    target = folder / f"text-{path.stem}.dxf"
    try:
        target.write_bytes(as_text(path.read_bytes()))
    except ValueError as error:
        raise BadInput(
            f"二进制 DXF {path.name} 损坏或不完整",
            f"{path.name}: {error}",
            code="unreadable_layer",
            place=path.name,
            remedy="用 CAD 打开并另存为文本（ASCII）DXF",
            remedy_en="open it in CAD and save it as ASCII DXF",
        ) from error
    return target


def _refuse(path: Path, head: bytes) -> None:
    """Formats that cannot be read here, and descriptions that would make GDAL read other files."""
    other = foreign(head)
    if other is not None:
        raise BadInput(
            f"{path.name} 是{other.zh}，不能作为图层直接读取",
            f"{path.name} is {other.en}",
            code="unreadable_layer",
            place=path.name,
            remedy=other.remedy,
            remedy_en=other.remedy_en,
        )
    for mark in DESCRIPTIONS:
        if mark in head:
            raise BadInput(
                f"{path.name} 不是数据，而是指向别处数据的描述文件，不予读取",
                f"{path.name} describes data elsewhere; it is not opened",
                code="unreadable_layer",
                place=path.name,
                remedy="导入数据文件本身，例如 GPKG",
                remedy_en="import the data file itself, such as a GPKG",
            )


def _unzip(path: Path, folder: Path) -> list[Path]:
    """The data files inside a zip (shapefile sets, FileGDB folders, single files), on disk."""
    found: list[Path] = []
    budget = Budget(boundary_rules().limits.layer_unpacked_bytes)
    try:
        with zipfile.ZipFile(path) as archive:
            for entry, name in members(archive):
                parts = [p for p in name.split("/") if p not in ("", ".", "..")]
                if not parts:
                    continue
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as out:
                    out.writelines(budget.take(archive, entry))
                database = next((n for n, p in enumerate(parts) if p.lower().endswith(".gdb")), None)
                if database is not None:
                    found.append(folder.joinpath(*parts[: database + 1]))
                elif target.suffix.lower() in _DATA_SUFFIXES and not target.name.lower().endswith(".shp.xml"):
                    found.append(target)
    except UnpacksTooLarge as error:
        raise BadInput(
            f"压缩包 {path.name} 解开后过大",
            f"{path.name} unpacks to too much",
            code="ZIP-BOMB",
            place=path.name,
            remedy="解开后直接导入其中的数据文件，例如 GPKG",
            remedy_en="unpack it and import the data file in it, such as a GPKG",
        ) from error
    except UNREADABLE as error:
        raise BadInput(
            f"压缩包 {path.name} 损坏或有密码，无法解开",
            f"cannot unpack {path.name}: {error}",
            code="ZIP-BROKEN",
            place=path.name,
            remedy="重新压缩，不设密码",
            remedy_en="pack it again without a password",
        ) from error
    choices = list(dict.fromkeys(found))
    geometry = [p for p in choices if p.suffix.lower() not in (".csv", ".xml", *WORKBOOKS)]
    return sorted(geometry or choices)


def _choose_member(found: Sequence[Path], name: str, layer: str | None) -> tuple[Path, str | None]:
    """One data file of a zip; ``layer`` may name it, and then names no layer inside it any more."""
    if len(found) == 1:
        return found[0], layer if layer != found[0].stem or found[0].suffix.lower() != ".shp" else None
    named = [p for p in found if layer is not None and layer in (p.stem, p.name)]
    if len(named) == 1:
        return named[0], None
    listed = "、".join(p.stem for p in found[:20])
    raise BadInput(
        f"压缩包 {name} 里有 {len(found)} 份矢量数据（{listed}），请指明一份"
        if found
        else f"压缩包 {name} 里没有矢量数据",
        f"{len(found)} data sets in {name}, one expected",
        code="several_layers" if found else "no_data",
        place=name,
        remedy=(
            "在“文件里的图层名”（命令行 --layer）指明一个"
            if found
            else "压缩 SHP(含 .shp .shx .dbf .prj)、GPKG、.gdb 等数据"
        ),
        remedy_en="name the layer in the file (--layer on the command line)"
        if found
        else "zip a shapefile (.shp .shx .dbf .prj), a GPKG, a .gdb or the like",
        details={"layers": [p.stem for p in found]},
    )


# --- encodings -------------------------------------------------------------------------------------------------------


def text_encoding(path: Path) -> str | None:
    """Encoding of the attributes where nothing true states it, by their bytes; None when GDAL may decide."""
    suffix = path.suffix.lower()
    if suffix == ".shp":
        return dbf_encoding(path)
    return _mapinfo_encoding(path) if suffix in (".tab", ".mif") else None


def dbf_encoding(shp: Path) -> str | None:
    """Encoding of a shapefile's attributes where nothing true states it: UTF-8 if the bytes are, else GB 18030.

    Read field by field, since a field of fixed width may end in the middle of a character. A .cpg is believed unless
    the bytes say otherwise. None when GDAL may decide.
    """
    if shp.suffix.lower() != ".shp":
        return None
    siblings = _siblings(shp)
    if ".dbf" not in siblings:
        return None
    with siblings[".dbf"].open("rb") as stream:
        head = stream.read(32)
    if len(head) < 32 or (".cpg" not in siblings and head[29] not in _UNSAID):
        return None
    words = _words_of(siblings[".dbf"])
    fitting = _fitting(words)
    if fitting is None:
        return None
    if ".cpg" not in siblings:
        return fitting.upper()
    stated = siblings[".cpg"].read_bytes()[:40].decode("ascii", "ignore").strip().lower()
    if stated.replace("-", "") in ("utf8", "65001"):
        return "GB18030" if fitting != "utf-8" else None
    if _LATIN.search(stated):
        # programs write Latin by default; bytes that are UTF-8 or pairs of Chinese throughout are nothing else
        return "UTF-8" if fitting == "utf-8" else "GB18030" if _all_pairs(words) else None
    page = _CODE_PAGE.search(stated)
    return f"CP{page[1]}" if page is not None else None


def _all_pairs(words: Sequence[bytes]) -> bool:
    """Whether every run of bytes beyond ASCII is one of pairs as GB 2312 has them, some longer than one pair: in
    Latin text letters with accents hardly stand side by side."""
    runs = [run for word in words for run in _BEYOND_ASCII.findall(word)]
    pairs = all(len(run) % 2 == 0 and min(run) >= 0xA1 for run in runs)
    return pairs and any(len(run) > 2 for run in runs)


def _mapinfo_encoding(path: Path) -> str | None:
    """Of a MapInfo table or exchange file that names no character set (``Neutral``)."""
    stated = _CHARSET.search(path.read_bytes()[:4096])
    if stated is not None and stated[1].lower() != b"neutral":
        return None
    siblings = _siblings(path)
    if ".dat" in siblings:
        fitting = _fitting(_words_of(siblings[".dat"]))
    elif ".mid" in siblings:
        with siblings[".mid"].open("rb") as stream:
            lines = stream.readlines(_SAMPLE)
        fitting = _fitting([line for line in lines if not line.isascii()])
    else:
        return None
    return fitting.upper() if fitting is not None else None


def stated_beside(path: Path) -> str | None:
    """The CRS text of a shapefile's .prj, in a spelling that GDAL's driver may not read (WKT2)."""
    prj = _siblings(path).get(".prj") if path.suffix.lower() == ".shp" else None
    return prj.read_bytes()[:65_536].decode("utf-8", "replace").strip() if prj is not None else None


def _siblings(path: Path) -> dict[str, Path]:
    """The files of a delivery in several parts, by suffix."""
    return {p.suffix.lower(): p for p in path.parent.glob(f"{glob.escape(path.stem)}.*")}


def _fitting(words: Sequence[bytes]) -> str | None:
    """The encoding all words are in; None without any, or when there is none."""
    return next((c for c in CODECS if all(decodes(w, c) for w in words)), None) if words else None


def _words_of(table: Path) -> list[bytes]:
    """Texts of a .dbf (or MapInfo's .dat, which is one) that are not plain ASCII."""
    with table.open("rb") as stream:
        head = stream.read(32)
        if len(head) < 32:
            return []
        fields = stream.read(max(struct.unpack("<H", head[8:10])[0] - 32, 0))
        return list(_dbf_words(head, fields, stream.read))


def _dbf_words(head: bytes, fields: bytes, read: object) -> Iterator[bytes]:
    """Texts of a .dbf that are not plain ASCII: field names and contents of the first records."""
    assert callable(read)
    size = struct.unpack("<H", head[10:12])[0]
    columns: list[tuple[int, int]] = []
    at = 1
    for start in range(0, len(fields) - 31, 32):
        entry = fields[start : start + 32]
        if entry[0] == 0x0D:
            break
        name = entry[:11].split(b"\0")[0]
        if not name.isascii():
            yield name
        if entry[11:12] == b"C":
            columns.append((at, at + entry[16]))
        at += entry[16]
    for _ in range(_RECORDS):
        record = read(size)
        if len(record) < size or size == 0:
            return
        for first, last in columns:
            word = record[first:last].rstrip(b" \0")
            if not word.isascii():
                yield word


def cad_text(value: str) -> str:
    """Text of a DXF, which GDAL was told to hand over byte by byte."""
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        return value
    for codec in CODECS:
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return value
