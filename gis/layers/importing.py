"""Importing plan layers: a delivery becomes features as they came and pieces to check on. Never commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.check.conflict import Period
from gis.deliveries.batches import LISTED, Batch, read_batches
from gis.deliveries.columns import document, documents, rows_of
from gis.deliveries.fields import Codes, Values, checked_codes, field_notes, match_fields
from gis.deliveries.source import Source, open_source
from gis.events import LayerImported
from gis.layers import copying
from gis.layers.buffers import ORIGIN, origins, widened
from gis.layers.copying import Column
from gis.layers.layer import LayerCatalogue, LayerDefinition, layer_catalogue
from gis.layers.loading import Loading, Prepared, pieces_of
from gis.layers.mapping import kept_mapping
from gis.layers.pieces import Geometries, polygonal, repair
from gis.layers.progress import Progress, Stage, Tell
from gis.models import LayerVersion
from project_box import service as box
from project_box.kernel.catalogue import uncollected
from project_box.kernel.errors import BadInput, Conflict
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor

#: degrees of longitude from the middle of its zone up to which a layer can be checked
_FARTHEST = 45.0


def import_layer(
    session: Session,
    code: str,
    path: Path,
    *,
    version: str,
    valid_from: dt.date,
    valid_to: dt.date | None = None,
    crs: int | None = None,
    layer: str | None = None,
    fields: Mapping[str, str] | None = None,
    codes: Codes | None = None,
    progress: Tell | None = None,
    actor: Actor | None = None,
    catalogue: LayerCatalogue | None = None,
) -> LayerVersion:
    """Import a version of a plan layer and make it current.

    Features are kept as delivered (repaired where invalid, with a report), drawn from EPSG:3857, and checked on pieces
    in the check CRS.

    Args:
        code: layer code or alias.
        path: any vector file GDAL opens, or a zip of one.
        version: name of the version, unique per layer.
        valid_from: the day the plan takes effect; ``valid_to`` the last day it holds, None while no end is known.
        crs: EPSG or a declared system (:func:`gis.source_crs.parse_crs`) when the file does not say.
        layer: which layer of the file.
        fields: field of the layer to column of the file, where the names do not tell.
        codes: by field, what the file writes to what the layer knows.
        progress: told how far the import is; what it raises ends it.

    Raises:
        NotFound: no such layer in the catalogue.
        Conflict: the version exists.
        BadInput: unreadable data, no CRS, or no usable feature; nothing is stored.
    """
    catalogue = catalogue or layer_catalogue()
    definition = catalogue.get(code)
    period = checked_period(Period(version.strip(), valid_from, valid_to))
    with session.begin_nested():  # what failed leaves nothing behind, whatever the caller does next
        repository.lock_layer(session, definition.code)
        _not_there_yet(session, definition, period.version)
        with open_source(path, crs=crs, layer=layer) as source, uncollected():
            row = _new_version(session, definition, period, path.name, source.crs)
            work = _Import(session, row, source, definition, catalogue, fields or {}, codes or {})
            work.run(progress or _untold)
        session.flush()
        repository.retire_others(session, row)
        repository.analyze(session, row.piece_count)
        box.record_audit(
            session,
            actor,
            "gis.layer.imported",
            f"layer:{definition.code}",
            {
                "version": row.version,
                "features": row.feature_count,
                "repaired": row.repaired_count,
                "dropped": row.dropped_count,
                "source": path.name,
            },
        )
        publish(session, LayerImported(definition.code, row.id))
        return row


def _untold(_: Progress) -> None:
    """Nobody waits to be told."""


def checked_period(period: Period) -> Period:
    """The period of a new version.

    Raises:
        BadInput: its name is too short or too long, or it ends before it begins.
    """
    if not 0 < len(period.version) <= 60:
        raise BadInput("版本名应为 1 到 60 个字符", "version must have 1 to 60 characters", place="version")
    if period.valid_to is not None and period.valid_to < period.valid_from:
        raise BadInput(
            f"失效日期 {period.valid_to} 早于生效日期 {period.valid_from}",
            "the version ends before it begins",
            code="period_reversed",
            place="valid_to",
            remedy="核对生效日期与失效日期",
            remedy_en="check both dates of validity",
        )
    return period


def _not_there_yet(session: Session, definition: LayerDefinition, name: str) -> None:
    if repository.version(session, definition.code, name) is not None:
        raise Conflict(
            f"{definition.name}的版本 {name} 已经导入",
            f"{definition.code} version {name} exists",
            code="version_exists",
            remedy="换一个版本名",
            remedy_en="choose another name of the version",
        )


def _new_version(
    session: Session, definition: LayerDefinition, period: Period, source_name: str, crs: int
) -> LayerVersion:
    row = LayerVersion(
        layer_code=definition.code,
        version=period.version,
        valid_from=period.valid_from,
        valid_to=period.valid_to,
        source_name=source_name,
        source_crs=crs,
        check_crs=crs,
        feature_count=0,
        repaired_count=0,
        dropped_count=0,
        extent_lonlat=[],
        issues=[],
        imported_at=box.now(),
    )
    session.add(row)
    session.flush()
    return row


class _Import:
    """One import under way: the delivery's features into a version."""

    def __init__(
        self,
        session: Session,
        row: LayerVersion,
        source: Source,
        definition: LayerDefinition,
        catalogue: LayerCatalogue,
        fields: Mapping[str, str],
        codes: Codes,
    ) -> None:
        matched = match_fields(definition, source.columns, fields)
        row.mapping = kept_mapping(definition, source.columns, fields, checked_codes(definition, codes))
        self.session, self.row, self.source = session, row, source
        self.definition, self.catalogue = definition, catalogue
        self.in_our_words = Values(definition, matched, codes)
        self.issues = field_notes(definition, matched)
        self.bounds: list[tuple[float, float, float, float]] = []

    def run(self, tell: Tell) -> None:
        """Read, repair and write everything; the version then knows what it holds.

        Raises:
            BadInput: no usable feature.
        """
        row, source = self.row, self.source
        read = 0
        with Loading(self.session, self._clear()) as loading:
            for batch in read_batches(source, buffered=self.definition.widens):
                self._count(batch)
                if len(batch.numbers):
                    loading.add(self._prepared(batch, row.id, row.check_crs))
                read = batch.first + batch.read
                tell(self._progress(Stage.READING, read, loading))
            if not row.feature_count:
                raise self._nothing()
            loading.finish(lambda: tell(self._progress(Stage.WRITING, read, loading)))
        tell(self._progress(Stage.CLOSING, read, loading))
        row.area_m2, row.piece_count = loading.area_m2, loading.piece_count
        row.issues = self.issues + self.in_our_words.notes(self.definition)
        row.extent_lonlat = _lonlat_extent(self.bounds, source.crs)

    def _progress(self, stage: Stage, read: int, loading: Loading) -> Progress:
        row, total = self.row, max(self.source.count, read)
        return Progress(stage, total, read, row.repaired_count, row.dropped_count, loading.feature_count)

    def _clear(self) -> Callable[[Any], None]:
        """Takes away the pieces of the version that was current; they are gone for others when all is done."""
        others = repository.other_versions(self.session, self.row)
        return lambda connection: copying.delete_pieces(connection, others)

    def _count(self, batch: Batch) -> None:
        row = self.row
        self.issues += batch.issues[: LISTED - len(self.issues)]
        row.repaired_count += batch.repaired_count
        row.dropped_count += batch.dropped_count
        row.feature_count += len(batch.numbers)
        if len(batch.numbers):
            if not self.bounds:
                row.check_crs = check_crs_for(batch.geometries, self.source.crs, self.catalogue)
            west, south, east, north = (float(b) for b in shapely.total_bounds(batch.geometries))
            self.bounds.append((west, south, east, north))

    def _prepared(self, batch: Batch, version_id: int, check_crs: int) -> Callable[[], Prepared]:
        """What is to be done to a batch while the next one is read; touches neither session, version nor notes."""
        crs, count = self.source.crs, len(batch.numbers)
        columns = self.in_our_words(batch.columns)

        def prepare() -> Prepared:
            written = documents(columns, count)
            checked = to_check_crs(batch.geometries, crs, check_crs)
            if self.definition.widens:
                attributes = rows_of(columns, count)
                for values, origin in zip(attributes, origins(checked, self.definition), strict=True):
                    if origin is not None:
                        values[ORIGIN] = origin
                written = [document(values) for values in attributes]
                checked = widened(checked, attributes, self.definition, check_crs)
            areas = shapely.area(checked)
            originals = Column.shapes(batch.geometries, crs, batch.delivered)
            rows = copying.feature_rows(
                version_id,
                numbers=batch.numbers,
                labels=self.definition.labels_of(columns, count),
                classes=self.definition.classes_of(columns, count),
                documents=written,
                originals=originals,
                pictures=copying.pictures(batch.geometries, originals, crs),
                areas=areas,
                repaired=batch.repaired,
            )
            known = originals if checked is batch.geometries else None
            pieces = pieces_of(checked, batch.numbers, check_crs, known)
            return Prepared(rows, count, float(areas.sum()), pieces.rows(version_id), len(pieces.shapes))

        return prepare

    def _nothing(self) -> BadInput:
        name, areas = self.row.source_name, not self.definition.widens
        return BadInput(
            f"{name} 里没有可用的{'面' if areas else '图形'}",
            f"{name} holds no usable feature",
            code="no_data",
            place=name,
            remedy="核对文件里的图形与坐标",
            remedy_en="check the geometries and coordinates of the file",
            details={"issues": self.issues[:20]},
        )


def check_crs_for(geometries: Geometries, crs: int, catalogue: LayerCatalogue) -> int:
    """The projected CRS a layer is checked in: the city's where the data lies in or near it, else a zone of its own.

    A layer on a datum without published parameters stays in its own CRS; sites on another datum are then not checked.
    """
    city = catalogue.families.check_crs
    west, south, east, north = (float(b) for b in shapely.total_bounds(geometries))
    if not crs_module.can_transform(crs, city):
        if crs_module.is_geographic(crs):
            raise BadInput(
                f"{crs_module.name(crs)}没有到城市坐标系的公开转换参数",
                f"no transformation from EPSG:{crs}",
                code="CRS-NO-TRANSFORM",
                place=f"EPSG:{crs}",
                remedy="先转换为 2000 国家大地坐标系",
                remedy_en="transform to CGCS2000 first",
            )
        return crs_module.in_metres(crs, ((west + east) / 2, (south + north) / 2), crs)
    lon, lat = crs_module.transform_point((west + east) / 2, (south + north) / 2, crs, crs_module.WGS84)
    zone = crs_module.gauss_kruger(city)
    in_china = crs_module.area_zone(lon, lat) < 32600
    if zone is not None and in_china and abs(lon - zone.central_meridian) <= 3:
        return city
    if zone is None and crs_module.same_grid(crs, city) is not None:
        return city
    return crs_module.area_zone(lon, lat)


def to_check_crs(geometries: Geometries, source: int, target: int) -> Geometries:
    """Geometries in another CRS, valid after the move."""
    if source == target:
        return geometries
    shift = crs_module.same_grid(source, target)
    if shift is not None:
        moved = np.array(shapely.transform(geometries, lambda c: c + np.array([shift, 0.0])), dtype=object)
        return _valid(moved)
    moved = crs_module.transform_array(geometries, source, target)
    if shapely.is_missing(moved).any() or _reach(geometries, source, target) > _FARTHEST:
        raise BadInput(
            f"有要素的坐标超出 EPSG:{target} 的可用范围",
            f"features cannot be expressed in EPSG:{target}",
            code="CRS-OUT-OF-RANGE",
            place=f"EPSG:{target}",
            remedy="检查图层的坐标系；范围过大的图层先裁剪到城市周边",
            remedy_en="check the coordinate system of the layer; clip one of half the world to the city's surroundings",
        )
    return _valid(moved)


def _reach(geometries: Geometries, source: int, target: int) -> float:
    """How many degrees of longitude geometries in degrees reach from the middle of a zone; 180 at the poles.

    Far from it a projection still gives numbers, but the areas they enclose are nonsense.
    """
    area = crs_module.lonlat_bounds(target)
    if area is None or not crs_module.is_geographic(source):
        return 0.0
    west, south, east, north = (float(v) for v in shapely.total_bounds(geometries))
    middle = (area[0] + area[2]) / 2
    aside = max(abs((x - middle + 180) % 360 - 180) for x in (west, east))
    return 180.0 if east - west > 180 or north > 89 or south < -89 else aside


def _valid(shapes: Geometries) -> Geometries:
    for position in np.flatnonzero(~shapely.is_valid(shapes)):
        shape = shapes[position]
        mended = repair(shape) if polygonal(shape) is not None else shape
        shapes[position] = mended if mended is not None else shape
    return shapes


def _lonlat_extent(bounds: Sequence[tuple[float, float, float, float]], crs: int) -> list[float]:
    total = shapely.box(
        min(b[0] for b in bounds),
        min(b[1] for b in bounds),
        max(b[2] for b in bounds),
        max(b[3] for b in bounds),
    )
    try:
        extent = crs_module.transform_unchecked(
            shapely.segmentize(total, total.length / 40) if total.length else total, crs, crs_module.WGS84
        )
    except BadInput:
        return []
    return [round(v, 6) for v in extent.bounds]
