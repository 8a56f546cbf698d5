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
from gis.check.buffers import ORIGIN, origins, widened
from gis.check.conflict import Period
from gis.deliveries.fields import Values, field_notes, match_fields
from gis.deliveries.source import LISTED, open_source, read_batches
from gis.events import LayerImported
from gis.layers.browsing import named_version
from gis.layers.layer import LayerCatalogue, layer_catalogue
from gis.layers.pieces import Geometries, cut, polygonal, repair
from gis.models import LayerVersion
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor

#: vertices whose pieces are put in order together
PART_VERTICES = 5_000_000
#: called with (features done, features in all)
Progress = Callable[[int, int], None]


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
    progress: Progress | None = None,
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
        progress: called with (features done, features in all).

    Raises:
        NotFound: no such layer in the catalogue.
        Conflict: the version exists.
        BadInput: unreadable data, no CRS, or no usable feature; nothing is stored.
    """
    with session.begin_nested():  # what failed leaves nothing behind, whatever the caller does next
        return _import(
            session, code, path, version, Period(version, valid_from, valid_to), crs, layer, fields, progress,
            actor, catalogue,
        )  # fmt: skip


def _import(
    session: Session,
    code: str,
    path: Path,
    version: str,
    period: Period,
    crs: int | None,
    layer: str | None,
    fields: Mapping[str, str] | None,
    progress: Progress | None,
    actor: Actor | None,
    catalogue: LayerCatalogue | None,
) -> LayerVersion:
    """The import itself; see :func:`import_layer`."""
    catalogue = catalogue or layer_catalogue()
    definition = catalogue.get(code)
    name = version.strip()
    if not name or len(name) > 60:
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
    repository.lock_layer(session, definition.code)
    if repository.version(session, definition.code, name) is not None:
        raise Conflict(
            f"{definition.name}的版本 {name} 已经导入",
            f"{definition.code} version {name} exists",
            code="version_exists",
            remedy="换一个版本名",
            remedy_en="choose another name of the version",
        )
    with open_source(path, crs=crs, layer=layer) as source:
        row = LayerVersion(
            layer_code=definition.code,
            version=name,
            valid_from=period.valid_from,
            valid_to=period.valid_to,
            source_name=path.name,
            source_crs=source.crs,
            check_crs=source.crs,
            extent_lonlat=[],
            issues=[],
            imported_at=box.now(),
        )
        session.add(row)
        session.flush()
        matched = match_fields(definition, source.columns, fields)
        in_our_words = Values(definition, matched)
        pieces = _PieceWriter(session, row)
        bounds: list[tuple[float, float, float, float]] = []
        issues = field_notes(definition, matched)
        for batch in read_batches(source, buffered=definition.widens):
            issues += batch.issues[: LISTED - len(issues)]
            row.repaired_count += batch.repaired_count
            row.dropped_count += batch.dropped_count
            if len(batch.geometries):
                if not bounds:
                    row.check_crs = check_crs_for(batch.geometries, source.crs, catalogue)
                west, south, east, north = (float(b) for b in shapely.total_bounds(batch.geometries))
                bounds.append((west, south, east, north))
                attributes = [in_our_words(values) for values in batch.attributes]
                checked = _to(batch.geometries, source.crs, row.check_crs)
                for values, origin in zip(attributes, origins(checked, definition), strict=True):
                    if origin is not None:
                        values[ORIGIN] = origin
                checked = widened(checked, attributes, definition, row.check_crs)
                areas = shapely.area(checked)
                repository.copy_features(
                    session,
                    row.id,
                    numbers=batch.numbers,
                    labels=[definition.label_of(a) for a in attributes],
                    classes=[definition.class_of(a) for a in attributes],
                    attributes=attributes,
                    geometries=batch.geometries,
                    crs=source.crs,
                    tiles=_tiles(batch.geometries, source.crs),
                    areas=areas,
                    repaired=batch.repaired,
                )
                row.feature_count += len(batch.numbers)
                row.area_m2 += float(areas.sum())
                pieces.add(checked, np.array(batch.numbers, dtype=np.int64))
            if progress is not None:
                progress(
                    min(batch.first + len(batch.numbers) + batch.dropped_count, source.count), source.count
                )
    if row.feature_count == 0:
        raise BadInput(
            f"{path.name} 里没有可用的面" if not definition.widens else f"{path.name} 里没有可用的图形",
            f"{path.name} holds no usable feature",
            code="no_data",
            place=path.name,
            details={"issues": issues[:20]},
        )
    pieces.write()
    row.issues = issues + in_our_words.notes(definition)
    row.extent_lonlat = _lonlat_extent(bounds, source.crs)
    session.flush()
    repository.retire_others(session, row)
    repository.analyze(session, row.piece_count)
    box.record_audit(
        session,
        actor,
        "gis.layer.imported",
        f"layer:{definition.code}",
        {
            "version": name,
            "features": row.feature_count,
            "repaired": row.repaired_count,
            "dropped": row.dropped_count,
            "source": path.name,
        },
    )
    publish(session, LayerImported(definition.code, row.id))
    return row


class _PieceWriter:
    """Cuts the features of a version and writes the pieces.

    They are in Hilbert order as far as memory allows: a layer of more than ``PART_VERTICES`` is written in parts, which
    are what lay together in the delivery.
    """

    def __init__(self, session: Session, row: LayerVersion) -> None:
        self._session, self._row = session, row
        self._waiting: list[tuple[Geometries, np.ndarray[Any, Any]]] = []
        self._vertices = 0
        row.piece_count = 0

    def add(self, shapes: Geometries, numbers: np.ndarray[Any, Any]) -> None:
        """Features (in the check CRS) and their numbers."""
        self._waiting.append((shapes, numbers))
        self._vertices += int(shapely.get_num_coordinates(shapes).sum())
        if self._vertices >= PART_VERTICES:
            self.write()

    def write(self) -> None:
        """Write what is waiting."""
        if not self._waiting:
            return
        shapes = np.concatenate([g for g, _ in self._waiting])
        pieces, owners = cut(shapes, np.concatenate([n for _, n in self._waiting]))
        for start in range(0, len(pieces), 50_000):
            part = slice(start, start + 50_000)
            repository.copy_pieces(
                self._session, self._row.id, pieces[part], owners[part], self._row.check_crs
            )
        self._row.piece_count += len(pieces)
        self._waiting, self._vertices = [], 0


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


def _to(geometries: Geometries, source: int, target: int) -> Geometries:
    """Geometries in another CRS, valid after the move."""
    if source == target:
        return geometries
    shift = crs_module.same_grid(source, target)
    if shift is not None:
        moved = np.array(shapely.transform(geometries, lambda c: c + np.array([shift, 0.0])), dtype=object)
        return _valid(moved)
    moved = crs_module.transform_array(geometries, source, target)
    if shapely.is_missing(moved).any():
        raise BadInput(
            f"有要素的坐标超出 EPSG:{target} 的可用范围",
            f"features cannot be expressed in EPSG:{target}",
            code="CRS-OUT-OF-RANGE",
            remedy="检查图层的坐标系",
            remedy_en="check the coordinate system of the layer",
        )
    return _valid(moved)


def _valid(shapes: Geometries) -> Geometries:
    for position in np.flatnonzero(~shapely.is_valid(shapes)):
        shape = shapes[position]
        mended = repair(shape) if polygonal(shape) is not None else shape
        shapes[position] = mended if mended is not None else shape
    return shapes


def _tiles(geometries: Geometries, source: int) -> Geometries:
    """Geometries in EPSG:3857 for tiles; None where Web Mercator cannot show them."""
    return crs_module.transform_array(geometries, source, crs_module.WEB_MERCATOR)


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


def activate_version(
    session: Session, actor: Actor | None, code: str, version: str, *, reason: str = ""
) -> LayerVersion:
    """Make an older version current again (its pieces are made anew); ``reason`` goes into the audit chain.

    Raises:
        NotFound: no such version.
    """
    definition = layer_catalogue().get(code)
    repository.lock_layer(session, definition.code)
    row = named_version(session, definition, version)
    if not row.current:
        geometries, numbers = repository.feature_geometries(session, row.id)
        attributes = [values for _, _, _, values in repository.members(session, row.id)]
        checked = widened(
            _to(geometries, row.source_crs, row.check_crs), attributes, definition, row.check_crs
        )
        pieces = _PieceWriter(session, row)
        pieces.add(checked, numbers)
        pieces.write()
        session.flush()
        repository.retire_others(session, row)
        repository.analyze(session, row.piece_count)
        why = {"reason": reason} if reason else {}
        box.record_audit(
            session, actor, "gis.layer.activated", f"layer:{definition.code}", {"version": version} | why
        )
        publish(session, LayerImported(definition.code, row.id))
    return row
