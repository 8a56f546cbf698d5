"""Reading layer data: any vector file GDAL opens, in batches, with broken geometry repaired and reported."""

from __future__ import annotations

import tempfile
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
from gis.crs_text import identify
from gis.deliveries.gdal import quietly
from gis.deliveries.source_files import GEOMETRY_COLUMN, cad_text, dbf_encoding, prepare
from gis.deliveries.source_place import Placement, note, place, strays
from gis.layers.pieces import Geometries, polygonal, repair
from gis.source_crs import SourceCrs, parse_crs
from project_box.kernel.errors import BadInput

__all__ = ["LISTED", "Batch", "Source", "dbf_encoding", "open_source", "plain_value", "read_batches"]

BATCH = 20_000
#: for drivers that read from the start again for every batch
SLOW_BATCH = 100_000
#: at most this many repaired or dropped features are listed one by one
LISTED = 200
_FAILURES = (DataSourceError, DataLayerError, ValueError, RuntimeError)
_AREAS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True, slots=True)
class Source:
    """A layer in a file, opened.

    Attributes:
        path: what GDAL opens; ``layer`` the layer in it, ``where`` a part of that (a layer of a CAD drawing).
        crs: EPSG the coordinates are in (once they are converted, see ``declared``).
        count: number of features.
        columns: attribute names as delivered.
        in_batches: the driver can jump to a feature, so large files need not be read at once.
        encoding: of the attributes, where the file does not say (shapefiles without .cpg).
        declared: the system without EPSG code the coordinates are converted from.
        cad: texts come byte by byte (DXF).
        notes: what the import report says about the whole delivery.
        name: as the person knows the file.
    """

    path: Path
    layer: str
    crs: int
    count: int
    columns: tuple[str, ...]
    in_batches: bool
    encoding: str | None = None
    where: str | None = None
    declared: SourceCrs | None = None
    cad: bool = False
    notes: tuple[dict[str, Any], ...] = ()
    name: str = ""


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
    """Open layer data: GPKG, SHP (or a zip of one), GeoJSON, TopoJSON, GML, XPlanung, KML, FileGDB, CSV, DXF …

    Args:
        crs: EPSG, or a declared system (:func:`gis.source_crs.parse_crs`), when the file does not say or is to be
            overruled.
        layer: which layer of the file (or file of the zip, or layer of the drawing); needed only where several hold
            areas.

    Raises:
        BadInput: unreadable, several layers, or no CRS.
    """
    if not path.exists():
        raise BadInput(
            f"没有文件 {path.name}",
            f"no such file: {path}",
            code="file_unreadable",
            place=str(path),
            remedy="核对文件名与所在文件夹",
            remedy_en="check the name of the file and its folder",
        )
    with tempfile.TemporaryDirectory(prefix="layer-") as folder, quietly():
        opened, layer = prepare(path, Path(folder), layer)
        yield _describe(opened, path.name, crs, layer)


def _describe(path: Path, name: str, crs: int | None, layer: str | None) -> Source:
    try:
        layers = [(str(n), str(k) if k is not None else "") for n, k in pyogrio.list_layers(path)]
        cad = layers == [("entities", "Unknown")]
        where = _cad_layer(path, layer, name) if cad else None
        chosen = "entities" if cad else _choose(layers, layer, name)
        encoding = dbf_encoding(path)
        info = pyogrio.read_info(path, layer=chosen, encoding=encoding, force_feature_count=True)
    except _FAILURES as error:
        raise BadInput(
            f"读不了 {name}：不是可识别的矢量数据或文件损坏",
            f"cannot read {name}: {error}",
            code="unreadable_layer",
            place=name,
            remedy="用 GIS 软件另存为 GPKG 后再导入",
            remedy_en="save it as GPKG by a GIS program and import that",
        ) from error
    crs = crs if crs is not None else _own_definition(info)
    declared = crs if isinstance(crs, SourceCrs) else None
    notes = []
    if encoding is not None:
        notes.append(
            note("ENCODING", f"属性按内容判定为 {encoding} 编码", f"attributes are {encoding}, by content")
        )
    if "Curve" in str(info["geometry_type"]) or "Surface" in str(info["geometry_type"]):
        notes.append(note("CURVES", "圆弧已按折线近似", "arcs were replaced by short straight lines"))
    return Source(
        path,
        chosen,
        _crs_of(info, crs, name),
        int(info["features"]),
        tuple(str(f) for f in info["fields"] if not (path.suffix == ".csv" and f == GEOMETRY_COLUMN)),
        bool(info.get("capabilities", {}).get("fast_set_next_by_index")) and where is None,
        encoding,
        where,
        declared,
        cad,
        tuple(notes),
        name,
    )


def _own_definition(info: dict[str, Any]) -> SourceCrs | None:
    """The file's own definition of a projection without EPSG code, when its datum is tied to CGCS2000."""
    written = info.get("crs")
    if not written or identify(written) is not None:
        return None
    try:
        found = parse_crs(written)
    except BadInput:
        return None
    return found if isinstance(found, SourceCrs) else None


def _crs_of(info: dict[str, Any], stated: int | None, name: str) -> int:
    own = identify(info["crs"]) if info.get("crs") else None
    chosen = int(stated) if stated is not None else own
    if chosen is None:
        said = (
            f"文件的坐标系没有 EPSG 代码({str(info['crs'])[:60]})"
            if info.get("crs")
            else "文件没有写明坐标系"
        )
        raise BadInput(
            f"{name}：{said}",
            f"{name} has no CRS with an EPSG code",
            code="CRS-UNKNOWN",
            place=name,
            remedy="用 --crs 指明坐标系，例如 4547",
            remedy_en="name the coordinate system by --crs, such as 4547",
        )
    crs_module.crs(chosen)
    return chosen


def _cad_layer(path: Path, wanted: str | None, name: str) -> str | None:
    """Filter for one layer of a drawing; None when only one holds closed outlines."""
    _, _, blobs, columns = pyogrio.raw.read(path, layer="entities", columns=["Layer"], force_2d=True)
    shapes = np.asarray(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)
    areas = np.isin(shapely.get_type_id(shapes), (3, 6))
    raw = sorted({str(v) for v in np.asarray(columns[0])[areas]})
    shown = {cad_text(v): v for v in raw}
    if wanted is None and len(raw) > 1:
        raise _several(name, list(shown))
    if wanted is not None and wanted not in shown:
        raise _no_layer(name, wanted, list(shown))
    value = shown[wanted] if wanted is not None else (raw[0] if raw else None)
    escaped = value.replace("'", "''") if value is not None else None
    return f"Layer = '{escaped}'" if escaped is not None else None


def _choose(layers: Sequence[tuple[str, str]], wanted: str | None, name: str) -> str:
    names = [n for n, k in layers if k]
    if wanted is not None:
        for same in (wanted, *(n for n in names if n.casefold() == wanted.casefold())):
            if same in [n for n, _ in layers]:
                return same
        raise _no_layer(name, wanted, names)
    areas = [n for n, k in layers if "Polygon" in k or "Surface" in k]
    candidates = areas or names
    if len(candidates) > 1:
        raise _several(name, candidates)
    if not candidates:
        raise BadInput(
            f"{name} 里没有图形",
            f"{name} has no layer with geometry",
            code="no_data",
            place=name,
            remedy="核对文件，导入含面图形的数据",
            remedy_en="check the file; import data with areas",
        )
    return candidates[0]


def _several(name: str, layers: list[str]) -> BadInput:
    return BadInput(
        f"{name} 里有 {len(layers)} 个图层({'、'.join(layers[:20])})，请指明一个",
        f"{name} has {len(layers)} layers with geometry",
        code="several_layers",
        place=name,
        remedy="用 --layer 指明图层名",
        remedy_en="name the layer by --layer",
        details={"layers": layers},
    )


def _no_layer(name: str, wanted: str, layers: list[str]) -> BadInput:
    return BadInput(
        f"{name} 里没有图层“{wanted[:60]}”",
        f"no layer {wanted[:60]} in {name}",
        code="no_layer",
        place=name,
        remedy=f"可用的图层：{'、'.join(layers[:20])}" if layers else "该文件没有含图形的图层",
        remedy_en=f"layers: {', '.join(layers[:20])}" if layers else "the file has no layer with geometries",
        details={"layers": layers},
    )


def read_batches(source: Source, *, buffered: bool) -> Iterator[Batch]:
    """Features in order; ``buffered`` layers may hold lines and points, others areas only.

    Raises:
        BadInput: the file breaks off while being read, or its coordinates do not lie where the CRS is used.
    """
    step = BATCH if source.in_batches else max(min(source.count, SLOW_BATCH), 1)
    reader = _Reader(source, buffered)
    for first in range(0, max(source.count, 1), step):
        try:
            meta, _, blobs, columns = pyogrio.raw.read(
                source.path,
                layer=source.layer,
                encoding=source.encoding,
                columns=list(source.columns) if source.path.suffix == ".csv" else None,
                where=source.where,
                skip_features=first,
                max_features=step,
            )
        except _FAILURES as error:
            raise BadInput(
                f"读到第 {first + 1} 个要素附近出错，文件可能损坏",
                f"reading failed near feature {first + 1}: {error}",
                code="unreadable_layer",
                place=source.name,
                remedy="用 GIS 软件打开核对，另存为 GPKG 后再导入",
                remedy_en="open it in a GIS program, save it as GPKG and import that",
            ) from error
        if len(blobs):
            yield reader.batch(first, [str(f) for f in meta["fields"]], blobs, columns)


class _Reader:
    """Turns raw features into a :class:`Batch`; remembers what was said about the whole delivery."""

    def __init__(self, source: Source, buffered: bool) -> None:
        self.source = source
        self.buffered = buffered
        self.placement: Placement | None = None
        self.flat_said = False

    def batch(self, first: int, names: list[str], blobs: Any, columns: Sequence[Any]) -> Batch:
        result = Batch(first, np.empty(0, dtype=object), [], [], [])
        shapes = np.asarray(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)
        closed = _close_open_rings(shapes, blobs)
        shapes = self._placed(self._flat(shapes, result), result)
        lost = strays(shapes, self.source.crs)
        valid = shapely.is_valid(shapes)
        kept: list[Any] = []
        for position, shape in enumerate(shapes):
            number = first + position + 1
            area = _usable(result, number, shape, bool(valid[position]), bool(lost[position]), self.buffered)
            if area is None:
                continue
            mended = area is not shape and not valid[position]
            if position in closed:
                mended = True
            if mended:
                result.repaired_count += 1
                if len(result.issues) < LISTED:
                    result.issues.append(_repaired(number, shape, area))
            kept.append(area)
            result.numbers.append(number)
            result.repaired.append(mended)
            values = {n: plain_value(c[position]) for n, c in zip(names, columns, strict=True)}
            if self.source.cad:
                values = {n: cad_text(v) if isinstance(v, str) else v for n, v in values.items()}
            result.attributes.append(values)
        result.geometries = np.array(kept, dtype=object)
        return result

    def _flat(self, shapes: Geometries, result: Batch) -> Geometries:
        high = shapely.has_z(shapes) | shapely.has_m(shapes)
        if not high.any():
            return shapes
        if not self.flat_said:
            self.flat_said = True
            result.issues.append(
                note("Z-DROPPED", "图形带有高程（Z）或度量（M），已舍去", "Z and M values were dropped")
            )
        return np.asarray(shapely.force_2d(shapes), dtype=object)

    def _placed(self, shapes: Geometries, result: Batch) -> Geometries:
        if self.placement is None:
            found, notes = place(shapes, self.source.crs, self.source.declared, self.source.name)
            self.placement = found
            result.issues[:0] = [*self.source.notes, *notes]
        return self.placement.apply(shapes)


def _close_open_rings(shapes: Geometries, blobs: Any) -> set[int]:
    """Read what breaks off for rings that do not close, with the rings closed; gives the positions."""
    closed: set[int] = set()
    for position in np.flatnonzero(shapely.is_missing(shapes)):
        if blobs[position]:
            shapes[position] = shapely.from_wkb(blobs[position], on_invalid="fix")
            if shapes[position] is not None:
                closed.add(int(position))
    return closed


def _usable(result: Batch, number: int, shape: Any, valid: bool, lost: bool, buffered: bool) -> Any:
    """The valid area of a feature, or None with the reason in the report."""
    if shape is None or shape.is_empty:
        return _drop(result, number, "没有图形", "no geometry")
    if not np.isfinite(shape.bounds).all():
        return _drop(result, number, "坐标不是有效数字", "coordinates are not numbers")
    if lost:
        return _drop(
            result, number, "坐标超出坐标系的适用范围", "its coordinates lie outside the area of the CRS"
        )
    if buffered and shape.geom_type not in _AREAS:
        return shape if valid else _drop(result, number, "图形无效", "invalid geometry")
    area = polygonal(shape) if valid else repair(shape)
    if area is None or area.area <= 0:
        if valid:
            return _drop(result, number, f"不是面（{shape.geom_type}）", f"{shape.geom_type}, not an area")
        return _drop(result, number, "修复后没有面积", "no area left after repair")
    if valid and area is not shape and len(result.issues) < LISTED:
        result.issues.append(
            {
                "fid": number,
                "action": "note",
                "code": "MIXED",
                "message": f"第 {number} 个要素是混合图形，只取其中的面",
                "message_en": f"feature {number} mixes geometry types; only its areas were taken",
            }
        )
    return area


def _repaired(number: int, before: Any, after: Any) -> dict[str, Any]:
    reason = str(shapely.is_valid_reason(before))
    text, _, where = reason.partition("[")
    if before.is_valid:
        text = "Ring not closed"
    try:
        at: list[float] | None = [float(v) for v in where.rstrip("]").split()[:2]] if where else None
    except ValueError:
        at = None
    return {
        "fid": number,
        "action": "repaired",
        "message": f"第 {number} 个要素几何无效（{text}），已修复",
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
                "message": f"第 {number} 个要素{zh}，未导入",
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
