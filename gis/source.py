"""Reading layer data: any vector file GDAL opens, in batches, with broken geometry repaired and reported."""

from __future__ import annotations

import glob
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from gis import crs as crs_module
from gis.archive import member_name
from gis.gdal import quietly
from gis.pieces import Geometries, polygonal, repair
from project_box.kernel.errors import BadInput

BATCH = 20_000
#: at most this many repaired or dropped features are listed one by one
LISTED = 200
_DATA_SUFFIXES = {".shp", ".gpkg", ".geojson", ".json", ".topojson", ".gml", ".kml", ".fgb", ".tab", ".mif"}


@dataclass(frozen=True, slots=True)
class Source:
    """A layer in a file, opened.

    Attributes:
        path: what GDAL opens; ``layer`` the layer in it.
        crs: EPSG the coordinates are in.
        count: number of features.
        columns: attribute names as delivered.
        in_batches: the driver can jump to a feature, so large files need not be read at once.
        encoding: of the attributes, where the file does not say (shapefiles without .cpg).
    """

    path: Path
    layer: str
    crs: int
    count: int
    columns: tuple[str, ...]
    in_batches: bool
    encoding: str | None = None


@dataclass(slots=True)
class Batch:
    """Some features: valid areas, their attributes, and what had to be done to them."""

    first: int
    geometries: Geometries
    attributes: list[dict[str, Any]]
    numbers: list[int]
    repaired: list[bool]
    issues: list[dict[str, Any]] = field(default_factory=list)
    repaired_count: int = 0
    dropped_count: int = 0


@contextmanager
def open_source(path: Path, *, crs: int | None = None, layer: str | None = None) -> Iterator[Source]:
    """Open layer data: GPKG, SHP (or a zip of one), GeoJSON, TopoJSON, GML, KML, FileGDB, FlatGeobuf …

    Args:
        crs: EPSG when the file does not say (or is to be overruled).
        layer: which layer of the file; needed only where several hold geometry.

    Raises:
        BadInput: unreadable, several layers, or no CRS.
    """
    if not path.exists():
        raise BadInput(
            f"没有文件 {path.name}", f"no such file: {path}", code="file_unreadable", place=str(path)
        )
    with tempfile.TemporaryDirectory(prefix="layer-") as folder, quietly():
        opened = _unzip(path, Path(folder)) if path.is_file() and zipfile.is_zipfile(path) else path
        yield _describe(opened, path.name, crs, layer)


def _unzip(path: Path, folder: Path) -> Path:
    """The data file inside a zip (a shapefile set, a FileGDB folder, or one file of another format), on disk."""
    found: list[Path] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                parts = [p for p in member_name(entry).split("/") if p not in ("", ".", "..")]
                if entry.is_dir() or not parts or parts[0] == "__MACOSX":
                    continue
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, target.open("wb") as out:
                    shutil.copyfileobj(source, out, 1 << 20)
                database = next((n for n, p in enumerate(parts) if p.lower().endswith(".gdb")), None)
                if database is not None:
                    found.append(folder.joinpath(*parts[: database + 1]))
                elif target.suffix.lower() in _DATA_SUFFIXES:
                    found.append(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise BadInput(
            f"压缩包 {path.name} 损坏或有密码,无法解开",
            f"cannot unpack {path.name}: {error}",
            code="ZIP-BROKEN",
            place=path.name,
        ) from error
    choices = list(dict.fromkeys(found))
    if len(choices) != 1:
        raise BadInput(
            f"压缩包里应有一份矢量数据,实有 {len(choices)} 份",
            f"{len(choices)} data sets in {path.name}, one expected",
            code="no_data" if not choices else "several_layers",
            place=path.name,
        )
    return choices[0]


def _describe(path: Path, name: str, crs: int | None, layer: str | None) -> Source:
    try:
        layers = [(str(n), str(k) if k is not None else "") for n, k in pyogrio.list_layers(path)]
        chosen = _choose(layers, layer, name)
        encoding = dbf_encoding(path)
        info = pyogrio.read_info(
            path, layer=chosen, encoding=encoding, force_feature_count=True, force_total_bounds=True
        )
    except (DataSourceError, DataLayerError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"读不了 {name}:不是可识别的矢量数据或文件损坏",
            f"cannot read {name}: {error}",
            code="unreadable_layer",
            place=name,
            remedy="用 GIS 软件另存为 GPKG 后再导入",
        ) from error
    own = crs_module.identify(info["crs"]) if info.get("crs") else None
    chosen_crs = crs if crs is not None else own
    if chosen_crs is None:
        said = (
            f"文件的坐标系没有 EPSG 代码({str(info['crs'])[:60]})"
            if info.get("crs")
            else "文件没有写明坐标系"
        )
        raise BadInput(
            f"{name}:{said}",
            f"{name} has no CRS with an EPSG code",
            code="CRS-UNKNOWN",
            place=name,
            remedy="用 --crs 指明坐标系,例如 4547",
        )
    crs_module.crs(chosen_crs)
    bounds = info.get("total_bounds")
    count = int(info["features"])
    if count and bounds is not None and crs_module.is_geographic(chosen_crs):
        west, south, east, north = (float(b) for b in bounds)
        if not (-360 <= west <= east <= 360 and south >= -90 and north <= 90):
            raise BadInput(
                f"{name}:坐标值不是经纬度,与 EPSG:{chosen_crs} 不符",
                f"{name}: coordinates are not longitude and latitude",
                code="CRS-UNKNOWN",
                place=name,
                remedy="用 --crs 指明坐标系",
            )
    capabilities = info.get("capabilities", {})
    return Source(
        path,
        chosen,
        chosen_crs,
        count,
        tuple(str(f) for f in info["fields"]),
        bool(capabilities.get("fast_set_next_by_index")),
        encoding,
    )


def dbf_encoding(shp: Path) -> str | None:
    """Encoding of a shapefile's attributes where no .cpg states it: UTF-8 if the bytes are, else GB 18030.

    None when a .cpg (or the code page byte of the .dbf) says it, or nothing needs deciding.
    """
    if shp.suffix.lower() != ".shp":
        return None
    siblings = {p.suffix.lower(): p for p in shp.parent.glob(f"{glob.escape(shp.stem)}.*")}
    if ".cpg" in siblings or ".dbf" not in siblings:
        return None
    data = siblings[".dbf"].read_bytes()
    if len(data) < 33 or data[29] not in (
        0x00,
        0x57,
    ):  # 0x57 is "ANSI", which GDAL itself writes for anything
        return None
    for encoding in ("ascii", "utf-8", "gb18030"):
        try:
            data[32:].decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if encoding == "ascii" else encoding.upper()
    return None


def _choose(layers: Sequence[tuple[str, str]], wanted: str | None, name: str) -> str:
    if wanted is not None:
        if wanted not in [n for n, _ in layers]:
            raise BadInput(
                f"{name} 里没有图层“{wanted}”", f"no layer {wanted} in {name}", code="no_layer", place=name
            )
        return wanted
    spatial = [(n, k) for n, k in layers if k]
    areas = [n for n, k in spatial if "Polygon" in k]
    candidates = areas or [n for n, _ in spatial]
    if len(candidates) != 1:
        names = "、".join(candidates[:10])
        raise BadInput(
            f"{name} 里有 {len(candidates)} 个图层({names}),请指明一个"
            if candidates
            else f"{name} 里没有图形",
            f"{name} has {len(candidates)} layers with geometry",
            code="several_layers" if candidates else "no_data",
            place=name,
            remedy="用 --layer 指明图层名" if candidates else None,
        )
    return candidates[0]


def read_batches(source: Source, *, buffered: bool) -> Iterator[Batch]:
    """Features in order; ``buffered`` layers may hold lines and points, others areas only.

    Raises:
        BadInput: the file breaks off while being read.
    """
    step = BATCH if source.in_batches else max(source.count, 1)
    for first in range(0, max(source.count, 1), step):
        try:
            meta, _, blobs, columns = pyogrio.raw.read(
                source.path,
                layer=source.layer,
                encoding=source.encoding,
                skip_features=first,
                max_features=step,
                force_2d=True,
            )
        except (DataSourceError, DataLayerError, ValueError, RuntimeError) as error:
            raise BadInput(
                f"读到第 {first + 1} 个要素附近出错,文件可能损坏",
                f"reading failed near feature {first + 1}: {error}",
                code="unreadable_layer",
            ) from error
        if len(blobs):
            yield _batch(first, [str(f) for f in meta["fields"]], blobs, columns, buffered)


def _batch(first: int, names: list[str], blobs: Any, columns: Sequence[Any], buffered: bool) -> Batch:
    shapes = np.asarray(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)
    result = Batch(first, np.empty(0, dtype=object), [], [], [])
    valid = shapely.is_valid(shapes)
    kept: list[Any] = []
    for position, shape in enumerate(shapes):
        number = first + position + 1
        mended = False
        if shape is None or shape.is_empty:
            _drop(result, number, "没有图形", "no geometry")
            continue
        if not np.isfinite(shape.bounds).all():
            _drop(result, number, "坐标不是有效数字", "coordinates are not numbers")
            continue
        if not buffered or shape.geom_type in ("Polygon", "MultiPolygon"):
            area = shape if valid[position] else repair(shape)
            if valid[position]:
                area = polygonal(shape)
            if area is None or area.area <= 0:
                reason = "不是面" if valid[position] else "修复后没有面积"
                _drop(
                    result, number, reason, "not an area" if valid[position] else "no area left after repair"
                )
                continue
            if not valid[position]:
                mended = True
                result.repaired_count += 1
                if len(result.issues) < LISTED:
                    result.issues.append(_repaired(number, shape, area))
            shape = area
        elif not valid[position]:
            _drop(result, number, "图形无效", "invalid geometry")
            continue
        kept.append(shape)
        result.numbers.append(number)
        result.repaired.append(mended)
        result.attributes.append(
            {name: plain_value(column[position]) for name, column in zip(names, columns, strict=True)}
        )
    result.geometries = np.array(kept, dtype=object)
    return result


def _repaired(number: int, before: Any, after: Any) -> dict[str, Any]:
    reason = str(shapely.is_valid_reason(before))
    text, _, where = reason.partition("[")
    try:
        at: list[float] | None = [float(v) for v in where.rstrip("]").split()[:2]] if where else None
    except ValueError:
        at = None
    return {
        "fid": number,
        "action": "repaired",
        "message": f"第 {number} 个要素几何无效({text}),已修复",
        "message_en": f"feature {number} was invalid ({text}) and has been repaired",
        "at": at,
        "area_before": float(before.area),
        "area_after": float(after.area),
    }


def _drop(result: Batch, number: int, zh: str, en: str) -> None:
    result.dropped_count += 1
    if len(result.issues) < LISTED:
        result.issues.append(
            {
                "fid": number,
                "action": "dropped",
                "message": f"第 {number} 个要素{zh},未导入",
                "message_en": f"feature {number} was left out: {en}",
            }
        )


def plain_value(value: Any) -> Any:
    """A JSON value for an attribute; NaN and missing become None, times become text."""
    if value is None:
        return None
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else str(value)
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float):
        return plain if np.isfinite(plain) else None
    if isinstance(plain, (bool, int)):
        return plain
    if isinstance(plain, bytes):
        return plain.hex()[:200]
    return str(plain).replace("\x00", "")
