"""Reading features in batches, with broken geometry repaired and reported."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import shapely

from gis import crs as crs_module
from gis.deliveries import arrow
from gis.deliveries.arrow import Part
from gis.deliveries.columns import Columns, plain_column
from gis.deliveries.source import FAILURES, Source, outlines_as_areas
from gis.deliveries.source_files import cad_text
from gis.deliveries.source_place import Placement, note, place, strays
from gis.layers.pieces import Geometries, polygonal, repair
from project_box.kernel.errors import BadInput

#: bytes of geometry a batch should have, and features it has at most; the first is small, so that writing begins early
BATCH_BYTES, BATCH, FIRST_BATCH = 8 << 20, 20_000, 500
#: a file is read in no fewer batches, so that one is read while the one before is written
LEAST_BATCHES = 8
#: features that are checked together
AT_ONCE = 5_000
#: features, and bytes of the file, for drivers that read from the start again for every batch
SLOW_BATCH, SLOW_BATCH_BYTES = 100_000, 256 << 20
#: at most this many repaired or dropped features are listed one by one
LISTED = 200
_POLYGON, _MULTIPOLYGON = 3, 6
#: how little-endian WKB of a Polygon or MultiPolygon without heights begins
_PLAIN = (b"\x01\x03\0\0\0", b"\x01\x06\0\0\0")


@dataclass(slots=True)
class Batch:
    """Some features: valid areas, their attributes, and what had to be done to them.

    Attributes:
        first, read: number of features read before, and with it.
        geometries: what is kept.
        delivered: little-endian WKB of those that are kept just as they were read, None of others.
        columns: attributes, under the names of the delivery.
        numbers: of the features in the delivery, from 1.
    """

    first: int
    read: int
    geometries: Geometries
    delivered: list[bytes | None]
    columns: Columns
    numbers: npt.NDArray[np.int64]
    repaired: npt.NDArray[np.bool_]
    issues: list[dict[str, Any]] = field(default_factory=list)
    repaired_count: int = 0
    dropped_count: int = 0


def read_batches(source: Source, *, buffered: bool) -> Iterator[Batch]:
    """Features in order; ``buffered`` layers may hold lines and points, others areas only.

    Raises:
        BadInput: the file breaks off while being read, or its coordinates do not lie where the CRS is used.
    """
    reader, first = _Reader(source, buffered), 0
    streamed = arrow.parts(source, _even_step(source))
    parts = _parts(source, 0) if streamed is None else _to_the_end(source, streamed)
    while (part := _next(parts, source, first)) is not None:
        for here in _slices(len(part.blobs), FIRST_BATCH if first == 0 else AT_ONCE):
            columns = [column[here] for column in part.columns]
            yield reader.batch(first + here.start, part.names, part.blobs[here], columns)
        first += len(part.blobs)


def _slices(count: int, size: int) -> Iterator[slice]:
    """Features that are checked together, ``size`` of them at first."""
    start = 0
    while start < count:
        yield slice(start, start + size)
        start, size = start + size, AT_ONCE


def _next(parts: Iterator[Part], source: Source, first: int) -> Part | None:
    """The next features, when ``first`` have been read; None at the end."""
    try:
        return next(parts, None)
    except FAILURES as error:
        raise BadInput(
            f"读到第 {first + 1} 个要素附近出错，文件可能损坏",
            f"reading failed near feature {first + 1}: {error}",
            code="unreadable_layer",
            place=source.name,
            remedy="用 GIS 软件打开核对，另存为 GPKG 后再导入",
            remedy_en="open it in a GIS program, save it as GPKG and import that",
        ) from error


def _even_step(source: Source) -> int:
    """Features of each batch, by their mean size in the file."""
    fitting = source.count * BATCH_BYTES // max(source.bytes, 1)
    return max(min(fitting, _fair_step(source), AT_ONCE), 1)


def _to_the_end(source: Source, streamed: Iterator[Part]) -> Iterator[Part]:
    """A stream and what comes after it: at a damage it ends without a word, where reading by features tells."""
    first = 0
    for part in streamed:
        yield part
        first += len(part.blobs)
    yield from _parts(source, first)


def _parts(source: Source, first: int) -> Iterator[Part]:
    """All features from ``first`` on, a few at first, then as many at a time as memory allows."""
    step, last = _first_step(source), None
    while True:
        part, last = _read(source, first, step, last)
        yield part
        first += len(part.blobs)
        if len(part.blobs) < step:  # the number a file states of itself may be out of date
            return
        if source.in_batches:
            step = _next_step(source, step, sum(map(len, filter(None, part.blobs))))


def _first_step(source: Source) -> int:
    """Features of the first batch, by their mean size in the file."""
    if source.in_batches:
        return max(min(FIRST_BATCH, source.count * BATCH_BYTES // max(source.bytes, 1)), 1)
    fitting = source.count * SLOW_BATCH_BYTES // max(source.bytes, 1)
    return max(min(source.count + 1, SLOW_BATCH, max(fitting, source.count // 20)), 1)


def _next_step(source: Source, step: int, size: int) -> int:
    """Features of the next batch, when ``step`` of them had ``size`` bytes; growing carefully, as some are larger."""
    fitting = BATCH_BYTES * step // max(size, 1)
    return max(min(fitting, _fair_step(source), BATCH, 4 * step), 1)


def _fair_step(source: Source) -> int:
    return max(source.count // LEAST_BATCHES, 1_000)


def _read(source: Source, first: int, step: int, last: int | None) -> tuple[Part, int | None]:
    """Features after number ``last``, else from ``first`` on, and the number of the last one."""
    after = None if last is None or source.numbered is None else f'"{source.numbered}" > {last}'
    meta, numbers, blobs, columns = pyogrio.raw.read(
        source.path,
        layer=source.layer,
        encoding=source.encoding,
        columns=list(source.columns) if source.path.suffix == ".csv" else None,
        where=after or source.where,
        skip_features=0 if after else first,
        max_features=step,
        return_fids=source.numbered is not None,
    )
    gc.collect(0)  # pyogrio leaves all it has read in a circle of references
    known = int(numbers[-1]) if source.numbered is not None and len(numbers) else None
    return Part([str(f) for f in meta["fields"]], blobs, list(columns)), known


class _Reader:
    """Turns raw features into a :class:`Batch`; remembers what was said about the whole delivery."""

    def __init__(self, source: Source, buffered: bool) -> None:
        self.source = source
        self.buffered = buffered
        self.placement: Placement | None = None
        self.flat_said = False

    def batch(self, first: int, names: list[str], blobs: Any, columns: Sequence[Any]) -> Batch:
        none = np.empty(0, dtype=object)
        result = Batch(first, len(blobs), none, [], {}, np.empty(0, np.int64), np.empty(0, np.bool_))
        read = np.asarray(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)
        closed = _close_open_rings(read, blobs)
        if self.source.cad and not self.buffered:
            read = outlines_as_areas(read)
        shapes = self._placed(self._flat(read, result), result)
        as_read = shapes is read
        lost, valid = strays(shapes, self.source.crs), shapely.is_valid(shapes)
        good = valid & ~lost & ~closed & _areas(shapes)
        kept, mended = good.copy(), np.zeros(len(shapes), dtype=bool)
        for position in np.flatnonzero(~good).tolist():
            shape, number = shapes[position], first + position + 1
            area = _usable(result, number, shape, bool(valid[position]), bool(lost[position]), self.buffered)
            if area is None:
                continue
            kept[position] = True
            if closed[position] or (area is not shape and not valid[position]):
                mended[position] = True
                if len(result.issues) < LISTED:
                    result.issues.append(_repaired(number, shape, area, self.source.crs))
            shapes[position] = area
        result.geometries = shapes[kept]
        result.delivered = [
            blob if fine and as_read and blob[:5] in _PLAIN else None
            for blob, fine in zip(blobs[kept].tolist(), good[kept].tolist(), strict=True)
        ]
        result.numbers = first + 1 + np.flatnonzero(kept)
        result.repaired = mended[kept]
        result.repaired_count = int(mended.sum())
        for name, column in zip(names, columns, strict=True):
            values = plain_column(column[kept])
            if self.source.cad:
                values = [cad_text(v) if isinstance(v, str) else v for v in values]
            result.columns[name] = values
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


def _areas(shapes: Geometries) -> npt.NDArray[np.bool_]:
    """Which are Polygons or MultiPolygons of some size."""
    kinds = np.isin(shapely.get_type_id(shapes), (_POLYGON, _MULTIPOLYGON))
    with np.errstate(invalid="ignore"):
        found: npt.NDArray[np.bool_] = kinds & (shapely.area(shapes) > 0)
    return found & np.isfinite(shapely.bounds(shapes)).all(axis=1)


def _close_open_rings(shapes: Geometries, blobs: Any) -> npt.NDArray[np.bool_]:
    """Read what breaks off for rings that do not close, with the rings closed; tells which these are."""
    closed = np.zeros(len(shapes), dtype=bool)
    for position in np.flatnonzero(shapely.is_missing(shapes)):
        if blobs[position]:
            shapes[position] = shapely.from_wkb(blobs[position], on_invalid="fix")
            closed[position] = shapes[position] is not None
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
    if buffered and shape.geom_type not in ("Polygon", "MultiPolygon"):
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


def _repaired(number: int, before: Any, after: Any, crs: int) -> dict[str, Any]:
    """What a repair did; areas in ㎡, also of a delivery in degrees or feet."""
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
        "area_before": crs_module.planar_area(before, crs),
        "area_after": crs_module.planar_area(after, crs),
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
