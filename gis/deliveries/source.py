"""Opening layer data: any vector file GDAL opens; its features are read by :mod:`gis.deliveries.batches`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from gis import crs as crs_module
from gis.crs_text import identify
from gis.deliveries.gdal import quietly
from gis.deliveries.source_files import (
    Prepared,
    cad_text,
    prepare,
    stated_beside,
    text_encoding,
)
from gis.deliveries.source_place import note
from gis.deliveries.tables import GEOMETRY_COLUMN
from gis.deliveries.whole import ALL, as_one
from gis.layers.pieces import Geometries
from gis.source_crs import SourceCrs, parse_crs
from project_box.kernel.errors import BadInput

#: drivers that can jump to a feature; others read the file from the start, some of them all of it
_RANDOM_ACCESS = ("GPKG", "ESRI Shapefile", "OpenFileGDB", "FlatGeobuf", "SQLite")
#: those of them that count their way there, but find a feature by its number at once
_BY_NUMBER = ("GPKG", "SQLite")
#: kinds of geometry with arcs, in GDAL's words
_CURVED = "('CIRCULARSTRING', 'COMPOUNDCURVE', 'CURVEPOLYGON', 'MULTICURVE', 'MULTISURFACE')"
#: what pyogrio raises when a file cannot be read
FAILURES = (DataSourceError, DataLayerError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Source:
    """A layer in a file, opened.

    Attributes:
        path: what GDAL opens; ``layer`` the layer in it, ``where`` a part of that (a layer of a CAD drawing).
        crs: EPSG the coordinates are in (once they are converted, see ``declared``).
        count: number of features.
        columns: attribute names as delivered.
        in_batches: the driver can jump to a feature, so large files need not be read at once.
        numbered: the column of numbers by which the driver jumps faster than by counting.
        encoding: of the attributes, where the file does not say (shapefiles without .cpg).
        declared: the system without EPSG code the coordinates are converted from.
        cad: texts come byte by byte (DXF).
        notes: what the import report says about the whole delivery.
        name: as the person knows the file.
        bytes: of the file, as far as one is read.
    """

    path: Path
    layer: str
    crs: int
    count: int
    columns: tuple[str, ...]
    in_batches: bool
    encoding: str | None = None
    numbered: str | None = None
    where: str | None = None
    declared: SourceCrs | None = None
    cad: bool = False
    notes: tuple[dict[str, Any], ...] = ()
    name: str = ""
    bytes: int = 0


@contextmanager
def open_source(path: Path, *, crs: int | None = None, layer: str | None = None) -> Iterator[Source]:
    """Open layer data: GPKG, SHP (or a zip of one), GeoJSON, TopoJSON, GML, XPlanung, KML, FileGDB, MDB, CSV, DXF …

    Args:
        crs: EPSG, or a declared system (:func:`gis.source_crs.parse_crs`), when the file does not say or is to be
            overruled.
        layer: which layer of the file (or file of the zip, or layer of the drawing), ``*`` for all of them as one;
            needed only where several hold areas.

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
        prepared = prepare(path, Path(folder), layer)
        if layer == ALL and prepared.path.suffix.lower() != ".dxf":
            prepared = _whole(prepared, Path(folder), path.name)
        yield _describe(prepared, path.name, crs)


def _whole(prepared: Prepared, folder: Path, name: str) -> Prepared:
    try:
        return prepared._replace(path=as_one(prepared.path, folder, name), layer=None)
    except FAILURES as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> BadInput:
    return BadInput(
        f"读不了 {name}：不是可识别的矢量数据或文件损坏",
        f"cannot read {name}: {error}",
        code="unreadable_layer",
        place=name,
        remedy="用 GIS 软件另存为 GPKG 后再导入",
        remedy_en="save it as GPKG by a GIS program and import that",
    )


def _describe(prepared: Prepared, name: str, crs: int | None) -> Source:
    path, layer, notes = prepared.path, prepared.layer, list(prepared.notes)
    try:
        layers = [(str(n), str(k) if k is not None else "") for n, k in pyogrio.list_layers(path)]
        cad = layers == [("entities", "Unknown")]
        where = _cad_layer(path, layer, name) if cad else None
        chosen = "entities" if cad else _choose(layers, layer, name)
        encoding = text_encoding(path)
        info = pyogrio.read_info(path, layer=chosen, encoding=encoding, force_feature_count=True)
    except FAILURES as error:
        raise _unreadable(name, error) from error
    if info["geometry_type"] is None:
        raise _no_shapes(name)
    info = {**info, "crs": info.get("crs") or prepared.crs or stated_beside(path)}
    crs = crs if crs is not None else _own_definition(info)
    declared = crs if isinstance(crs, SourceCrs) else None
    if encoding is not None:
        notes.append(
            note("ENCODING", f"属性按内容判定为 {encoding} 编码", f"attributes are {encoding}, by content")
        )
    notes += _curves(path, chosen, info)
    return Source(
        path,
        chosen,
        _crs_of(info, crs, name),
        int(info["features"]),
        tuple(str(f) for f in info["fields"] if not (path.suffix == ".csv" and f == GEOMETRY_COLUMN)),
        info["driver"] in _RANDOM_ACCESS and where is None,
        encoding,
        info["fid_column"] if info["driver"] in _BY_NUMBER and info["fid_column"].isidentifier() else None,
        where,
        declared,
        cad,
        tuple(notes),
        name,
        path.stat().st_size if path.is_file() else 0,
    )


def _curves(path: Path, layer: str, info: dict[str, Any]) -> list[dict[str, Any]]:
    """That arcs are read as short chords; a FileGDB, and a GPKG of any geometry, say so of each feature only."""
    kind = str(info["geometry_type"])
    if "Curve" in kind or "Surface" in kind:
        return [note("CURVES", "圆弧已按折线近似", "arcs were replaced by short straight lines")]
    kind_of_each = {
        "OpenFileGDB": "OGR_GEOMETRY",
        "GPKG": f'ST_GeometryType("{info.get("geometry_name", "")}")' if kind == "Unknown" else None,
    }.get(info["driver"])
    if kind_of_each is None:
        return []
    quoted = layer.replace('"', '""' if info["driver"] == "GPKG" else '\\"')
    _, _, _, ((curved,),) = pyogrio.raw.read(
        path, sql=f'SELECT COUNT(*) FROM "{quoted}" WHERE {kind_of_each} IN {_CURVED}', read_geometry=False
    )
    if not curved:
        return []
    return [
        note(
            "CURVES",
            f"{curved} 个要素带圆弧，已按折线近似",
            f"{curved} features have arcs, which were replaced by short straight lines",
        )
    ]


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
            f"文件的坐标系没有 EPSG 代码（{str(info['crs'])[:60]}）"
            if info.get("crs")
            else "文件没有写明坐标系"
        )
        raise BadInput(
            f"{name}：{said}",
            f"{name} has no CRS with an EPSG code",
            code="CRS-UNKNOWN",
            place=name,
            remedy="在“坐标系”（命令行 --crs）指明，例如 4547",
            remedy_en="name the coordinate system (--crs on the command line), such as 4547",
        )
    crs_module.crs(chosen)
    return chosen


def outlines_as_areas(shapes: Geometries) -> Geometries:
    """Shapes of a drawing, whose closed lines (circles, splines) are the areas they enclose."""
    lines = np.flatnonzero((shapely.get_type_id(shapes) == 1) & (shapely.get_num_coordinates(shapes) > 3))
    closed = lines[shapely.is_closed(shapes[lines])]
    made = shapes.copy()
    made[closed] = [shapely.Polygon(line.coords) for line in shapes[closed]]
    return made


def _cad_layer(path: Path, wanted: str | None, name: str) -> str | None:
    """Filter for one layer of a drawing; None when only one holds closed outlines."""
    _, _, blobs, columns = pyogrio.raw.read(path, layer="entities", columns=["Layer"], force_2d=True)
    shapes = np.asarray(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)
    areas = np.isin(shapely.get_type_id(outlines_as_areas(shapes)), (3, 6))
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
        raise _several(name, candidates, whole=True)
    if not candidates:
        raise _no_shapes(name)
    return candidates[0]


def _no_shapes(name: str) -> BadInput:
    return BadInput(
        f"{name} 里没有图形",
        f"{name} has no layer with geometry",
        code="no_data",
        place=name,
        remedy="核对文件，导入含面图形的数据",
        remedy_en="check the file; import data with areas",
    )


def _several(name: str, layers: list[str], *, whole: bool = False) -> BadInput:
    """The question which layer is meant; ``whole``: all of them can be taken as one."""
    return BadInput(
        f"{name} 里有 {len(layers)} 个图层（{'、'.join(layers[:20])}），请指明一个",
        f"{name} has {len(layers)} layers with geometry",
        code="several_layers",
        place=name,
        remedy="在“文件里的图层名”（命令行 --layer）指明一个" + ("，或写 * 全部合并导入" if whole else ""),
        remedy_en="name the layer in the file (--layer on the command line)"
        + (", or * for all of them as one" if whole else ""),
        details={"layers": layers, "whole": whole},
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
