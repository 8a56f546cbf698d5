"""Use cases of the GIS room: boundaries, layer import, multi-plan check, tiles, identify. Never commits."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import boundary_export, repository
from gis import crs as crs_module
from gis.boundary import BoundaryReading, read_boundary, read_drawn, summary
from gis.conflict import ConflictReport, LayerFacts, LoadedVersion, Overlap, judge
from gis.events import BoundaryRecorded, ConflictChecked
from gis.importing import activate_version, import_layer
from gis.layer import LayerCatalogue, LayerDefinition, Policy, layer_catalogue
from gis.models import LayerVersion
from gis.pieces import polygonal, repair
from gis.source_crs import SourceCrs
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor
from project_box.models import Result
from project_box.stage import Stage

__all__ = [
    "Tile",
    "activate_version",
    "check_geometry",
    "export_boundary",
    "identify",
    "import_layer",
    "latest_boundary",
    "layer_plain",
    "layer_tile",
    "list_layers",
    "record_boundary",
    "record_drawn_boundary",
    "refuse",
    "rounded_geojson",
    "run_conflict_check",
    "show_layer",
    "tile_etag",
    "today",
    "version_plain",
]

MEDIA_TYPES = {
    "TXT": "text/plain",
    "GeoJSON": "application/geo+json",
    "SHP": "application/zip",
    "GPKG": "application/geopackage+sqlite3",
    "KML": "application/vnd.google-earth.kml+xml",
    "DXF": "image/vnd.dxf",
}
CHINA_TIME = dt.timezone(dt.timedelta(hours=8))
#: coordinates of markers are rounded to this many decimals (a millimetre; 9 for degrees)
_METRE_DECIMALS, _DEGREE_DECIMALS = 3, 9
_PREVIEW_VERTICES = 20_000


def today() -> dt.date:
    """The present day in China."""
    return dt.datetime.now(CHINA_TIME).date()


# --- boundaries ------------------------------------------------------------------------------------------------------


def refuse(reading: BoundaryReading) -> None:
    """Raise for a reading that cannot be used.

    Raises:
        BadInput: ``details.issues`` lists every issue; the first error is the sentence.
    """
    if reading.ok:
        return
    plain = summary(reading)
    first = plain["issues"][0]
    more = sum(1 for i in plain["issues"] if i["level"] == "error") - 1
    raise BadInput(
        f"红线不能使用：{first['message']}" + (f"(另有 {more} 处错误)" if more > 0 else ""),
        f"the boundary cannot be used: {first['message_en']}" + (f" (+{more} errors)" if more > 0 else ""),
        code=first["code"],
        place=f"第 {first['line']} 行" if first["line"] else None,
        remedy=first["remedy"] or None,
        details={
            "issues": plain["issues"],
            "reading": {k: v for k, v in plain.items() if k != "issues"},
            "preview": _preview(reading),
        },
    )


def _preview(reading: BoundaryReading) -> dict[str, Any] | None:
    """The geometry as read, so that the places of errors can be shown; None when it is unplaced or very large."""
    if (
        reading.geometry is None
        or reading.crs is None
        or any(i.code == "CRS-OUTSIDE-AREA" for i in reading.issues)
    ):
        return None
    if shapely.get_num_coordinates(reading.geometry) > _PREVIEW_VERTICES:
        return None
    return {"crs": reading.crs, "geometry": rounded_geojson(reading.geometry, reading.crs)}


def record_boundary(
    session: Session, actor: Actor, project_id: uuid.UUID, name: str, data: bytes, crs: int | None = None
) -> Result:
    """Read a boundary file and put it into the box as Result ``boundary``.

    Longitude and latitude are projected into the zone the area is measured in; everything else keeps its own CRS.

    Raises:
        Forbidden: not the project's own 建设单位.
        BadInput: the boundary has errors; nothing is stored.
    """
    box.get_own_project(session, actor, project_id)
    reading = read_boundary(name, data, crs=crs)
    refuse(reading)
    stored = box.put_file(
        session, actor, project_id, name, data, MEDIA_TYPES.get(reading.format, "application/octet-stream")
    )
    source = {
        "file": stored.name,
        "sha256": stored.sha256,
        "format": reading.format,
        "stated_crs": crs.grid.code if isinstance(crs, SourceCrs) else crs,
        "by": actor.name,
    }
    return _record(session, actor, project_id, reading, stored.name, source, [stored])


def record_drawn_boundary(
    session: Session, actor: Actor, project_id: uuid.UUID, geojson: Mapping[str, Any], crs: int
) -> Result:
    """Put a boundary drawn on the map into the box; the same validator and refusals as for files."""
    box.get_own_project(session, actor, project_id)
    reading = read_drawn(geojson, crs)
    refuse(reading)
    return _record(
        session,
        actor,
        project_id,
        reading,
        "在图上绘制",
        {"drawn": True, "stated_crs": crs, "by": actor.name},
        [],
    )


def _record(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    reading: BoundaryReading,
    source_name: str,
    source: dict[str, Any],
    files: Sequence[Any],
) -> Result:
    assert reading.geometry is not None and reading.crs is not None
    projected, target = crs_module.local_to_metres(reading.geometry, reading.crs)
    geometry: BaseGeometry = projected
    if isinstance(projected, MultiPolygon) and len(projected.geoms) == 1:
        geometry = projected.geoms[0]
    plain = summary(reading)
    payload = {
        "area_m2": reading.area_m2,
        "ellipsoidal_area_m2": reading.ellipsoidal_area_m2,
        "crs": target,
        "crs_name": crs_module.name(target),
        "source_crs": reading.crs,
        "area_difference": reading.area_difference,
        "declared_crs": plain["declared_crs"],
        "parts": reading.parts,
        "holes": reading.holes,
        "declared_area_m2": reading.declared_area_m2,
        "declared_text": plain["declared_text"],
        "format": reading.format,
        "issues": plain["issues"],
        "source_name": source_name,
        "geometry_geojson": rounded_geojson(geometry, target),
    }
    result = box.put_result(
        session,
        actor,
        project_id,
        kind="boundary",
        stage=Stage.PLANNING_LAND,
        title=f"用地红线({source_name})",
        payload=payload,
        geometry=geometry,
        crs=target,
        files=files,
        source=source,
        trust="D",
    )
    publish(session, BoundaryRecorded(project_id, result.id, result.version))
    return result


def latest_boundary(
    session: Session, actor: Actor, project_id: uuid.UUID
) -> tuple[Result, BaseGeometry] | None:
    """The newest boundary of a visible project and its geometry, or None.

    Raises:
        NotFound: the project is not visible.
    """
    box.get_project(session, actor, project_id)
    result = box.latest_result(session, actor, project_id, "boundary")
    geometry = box.result_geometry(result) if result is not None else None
    return (result, geometry) if result is not None and geometry is not None else None


def export_boundary(
    session: Session, actor: Actor, project_id: uuid.UUID, format_name: str
) -> boundary_export.Export:
    """The newest boundary of a visible project as a file.

    Raises:
        NotFound: the project is not visible, or has no boundary.
        BadInput: no such format, or the boundary's CRS has no place in it.
    """
    found = latest_boundary(session, actor, project_id)
    if found is None:
        raise NotFound("还没有用地红线", "no boundary yet", code="no_boundary", remedy="上传或绘制用地红线")
    result, geometry = found
    project = box.get_project(session, actor, project_id)
    return boundary_export.export_boundary(
        geometry, result.crs or 0, format_name, name=project.name, code=project.code
    )


def rounded_geojson(geometry: BaseGeometry, crs: int) -> dict[str, Any]:
    """GeoJSON with coordinates on the millimetre (9 decimals for degrees)."""
    decimals = _DEGREE_DECIMALS if crs_module.is_geographic(crs) else _METRE_DECIMALS
    plain: dict[str, Any] = mapping(shapely.transform(geometry, lambda c: np.round(c, decimals)))
    return plain


# --- layers ----------------------------------------------------------------------------------------------------------


def list_layers(session: Session, catalogue: LayerCatalogue | None = None) -> list[dict[str, Any]]:
    """Every layer of the catalogue in tree order, with its current version (None where no data is loaded)."""
    catalogue = catalogue or layer_catalogue()
    current = repository.current_versions(session)
    return [layer_plain(d, current.get(d.code), catalogue) for d in catalogue.layers.values()]


def layer_plain(
    definition: LayerDefinition, row: LayerVersion | None, catalogue: LayerCatalogue
) -> dict[str, Any]:
    """A layer as API and pages show it."""
    family = catalogue.families.families[definition.family]
    return {
        "code": definition.code,
        "name": definition.name,
        "name_en": definition.name_en,
        "family": definition.family,
        "family_name": family.name,
        "family_name_en": family.name_en,
        "policy": definition.policy.value,
        "policy_name": definition.policy.zh,
        "policy_name_en": definition.policy.en,
        "clause": definition.clause.model_dump(),
        "trigger": definition.trigger,
        "symbol": definition.symbol.model_dump(mode="json"),
        "classes": [
            {"key": k, "name": v.name, "name_en": v.name_en, "fill": v.fill}
            for k, v in (definition.classes.values.items() if definition.classes else ())
        ],
        "fields": {
            k: {"name": f.name, "name_en": f.name_en, "unit": f.unit} for k, f in definition.fields.items()
        },
        "version": version_plain(row) if row is not None else None,
    }


def version_plain(row: LayerVersion) -> dict[str, Any]:
    """A layer version as API and pages show it."""
    return {
        "id": row.id,
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "current": row.current,
        "source_name": row.source_name,
        "source_crs": row.source_crs,
        "check_crs": row.check_crs,
        "features": row.feature_count,
        "pieces": row.piece_count,
        "repaired": row.repaired_count,
        "dropped": row.dropped_count,
        "area_m2": round(row.area_m2, 2),
        "extent_lonlat": row.extent_lonlat,
        "imported_at": row.imported_at.isoformat(),
    }


def show_layer(session: Session, code: str) -> dict[str, Any]:
    """One layer with all its versions and the current one's import report.

    Raises:
        NotFound: no such layer.
    """
    catalogue = layer_catalogue()
    definition = catalogue.get(code)
    rows = repository.versions(session, definition.code)
    current = next((r for r in rows if r.current), None)
    plain = layer_plain(definition, current, catalogue)
    plain["versions"] = [version_plain(r) for r in rows]
    plain["issues"] = current.issues if current is not None else []
    return plain


# --- multi-plan check ------------------------------------------------------------------------------------------------


def check_geometry(
    session: Session,
    geom: BaseGeometry,
    crs: int,
    *,
    height_m: float | None = None,
    on: dt.date | None = None,
    markers: bool = True,
    catalogue: LayerCatalogue | None = None,
) -> ConflictReport:
    """Check a site against every plan layer.

    Args:
        geom: valid Polygon or MultiPolygon in ``crs``; longitude/latitude is measured in the zone chosen for it.
        height_m: elevation of the highest point of the buildings, for airport surfaces.
        on: day of the check; today when not given.
        markers: also fetch the geometry of every overlap (else areas, statuses and findings only).

    Raises:
        BadInput: not an area, or an unknown CRS.
    """
    started = time.perf_counter()
    catalogue = catalogue or layer_catalogue()
    shape = polygonal(geom)
    if shape is None or not shape.is_valid:
        raise BadInput("用地范围不是有效的面", "the site is not a valid area", code="POLYGON-INVALID")
    site, site_crs = crs_module.local_to_metres(shape, crs)
    current = repository.current_versions(session)
    groups: dict[int, list[tuple[LayerDefinition, LayerVersion]]] = {}
    facts: dict[str, LayerFacts] = {}
    for definition in catalogue.layers.values():
        row = current.get(definition.code)
        if row is None:
            continue
        if crs_module.can_transform(site_crs, row.check_crs):
            groups.setdefault(row.check_crs, []).append((definition, row))
        else:
            facts[definition.code] = LayerFacts(
                None,
                reason=f"用地与{definition.name}的坐标系之间没有公开的转换参数，未核查",
                reason_en=f"{definition.name_en}: no published transformation to the site's CRS, not checked",
            )
    loaded = time.perf_counter()
    for check_crs, members in groups.items():
        facts |= _facts_of(session, site, site_crs, check_crs, members, catalogue, markers)
    facts = _beyond_data(facts, site.area, catalogue, _layers_around(site, site_crs, current))
    fetched = time.perf_counter()
    report = judge(site.area, site_crs, facts, catalogue, on=on or today(), height_m=height_m)
    timings = {
        "versions_ms": (loaded - started) * 1000,
        "overlap_ms": (fetched - loaded) * 1000,
        "judge_ms": (time.perf_counter() - fetched) * 1000,
        "total_ms": (time.perf_counter() - started) * 1000,
    }
    return replace(report, timings=timings)


def _facts_of(
    session: Session,
    site: BaseGeometry,
    site_crs: int,
    check_crs: int,
    members: Sequence[tuple[LayerDefinition, LayerVersion]],
    catalogue: LayerCatalogue,
    markers: bool,
) -> dict[str, LayerFacts]:
    """Overlaps of the site with all layers kept in one check CRS."""
    moved = crs_module.transform(site, site_crs, check_crs)
    if not moved.is_valid:
        moved = repair(moved) or moved
    widest = max(catalogue.tolerance(d) for d, _ in members)
    wide = moved.buffer(widest, quad_segs=2, join_style="mitre") if widest else moved
    same_plane = crs_module.same_grid(site_crs, check_crs) is not None
    found = repository.overlaps(
        session,
        [row.id for _, row in members],
        moved,
        wide,
        check_crs,
        measure_in=None if same_plane else site_crs,
    )
    found = _within_tolerance(session, found, members, moved, check_crs, widest, catalogue)
    pairs = [(v, f) for v, f, _, _ in found]
    words = repository.describe(session, pairs)
    shapes: dict[tuple[int, int], BaseGeometry] = {}
    if not markers:  # only what may overlap within a layer, to count its area once
        alone = {row.id for d, row in members if d.policy is Policy.NOTE}
        hits = Counter(v for v, _, a, _ in found if a > 0)
        several = [(v, f) for v, f, a, _ in found if a > 0 and hits[v] > 1 and v not in alone]
        shapes = repository.clipped(session, several, moved, check_crs)
        shapes = {k: crs_module.transform(g, check_crs, site_crs) for k, g in shapes.items()}
    else:
        shapes = repository.clipped(session, [(v, f) for v, f, a, _ in found if a > 0], moved, check_crs)
        shapes |= repository.clipped(session, [(v, f) for v, f, a, _ in found if a <= 0], wide, check_crs)
        shapes = {k: crs_module.transform(g, check_crs, site_crs) for k, g in shapes.items()}
    facts: dict[str, LayerFacts] = {}
    for definition, row in members:
        mine = [(f, a, p) for v, f, a, p in found if v == row.id]
        areas = [_areas(shapes.get((row.id, f))) for f, a, _ in mine if a > 0]
        covered = sum(a for _, a, _ in mine)
        outside: dict[str, Any] | None = None
        known = [a for a in areas if a is not None]
        union = shapely.union_all(known) if len(known) > 1 and definition.policy is not Policy.NOTE else None
        if union is not None and abs(union.area - covered) > 1e-6 * max(site.area, 1.0):
            covered = float(union.area)
        if definition.policy is Policy.WITHIN and markers:
            left = site.difference(union if union is not None else known[0]) if known else site
            kept = polygonal(left)
            outside = rounded_geojson(kept, site_crs) if kept is not None else None
        facts[definition.code] = LayerFacts(
            LoadedVersion(row.id, row.version, row.valid_from, row.check_crs),
            tuple(
                Overlap(
                    f,
                    words[(row.id, f)][0],
                    a,
                    p,
                    words[(row.id, f)][2],
                    _marker(shapes.get((row.id, f)), site_crs) if markers else None,
                    words[(row.id, f)][1],
                )
                for f, a, p in mine
            ),
            covered,
            outside,
        )
    return facts


def _layers_around(site: BaseGeometry, crs: int, current: Mapping[str, LayerVersion]) -> set[str]:
    """Layers whose own data lies on all sides of the site: there a gap means 不涉及, not missing data."""
    try:
        west, south, east, north = crs_module.transform_unchecked(site, crs, crs_module.WGS84).bounds
    except BadInput:
        return set()
    return {
        code
        for code, row in current.items()
        if (extent := row.extent_lonlat)
        and extent[0] <= west
        and extent[1] <= south
        and east <= extent[2]
        and north <= extent[3]
    }


def _beyond_data(
    facts: dict[str, LayerFacts], site_area: float, catalogue: LayerCatalogue, around: set[str]
) -> dict[str, LayerFacts]:
    """Outside the area for which plan data is loaded nothing is clear.

    A layer that covers its whole area (``covers_area``) tells where data is loaded. Where it leaves more than a
    thousandth of the site uncovered, every other layer that has no feature there and whose own data does not lie
    ``around`` the site is 未核查: no data is no proof.
    """
    for code, definition in catalogue.layers.items():
        known = facts.get(code)
        if not definition.covers_area or known is None or known.version is None:
            continue
        if known.covered_m2 >= 0.999 * site_area:
            continue
        share = f"{1 - known.covered_m2 / site_area:.1%}"
        reason = f"用地有 {share} 在规划数据范围以外({definition.name}未覆盖),未核查"
        reason_en = f"{share} of the site lies outside the plan data ({definition.name_en}), not checked"
        facts = {
            other: fact
            if other in around or fact.overlaps or fact.version is None
            else LayerFacts(None, reason=reason, reason_en=reason_en)
            for other, fact in facts.items()
        }
    return facts


def _within_tolerance(
    session: Session,
    found: list[tuple[int, int, float, float]],
    members: Sequence[tuple[LayerDefinition, LayerVersion]],
    moved: BaseGeometry,
    check_crs: int,
    widest: float,
    catalogue: LayerCatalogue,
) -> list[tuple[int, int, float, float]]:
    """Leave out what only a layer with a wider touch tolerance would count as touching."""
    narrow = {row.id: catalogue.tolerance(d) for d, row in members if catalogue.tolerance(d) < widest}
    kept = [entry for entry in found if entry[2] > 0 or entry[0] not in narrow]
    doubtful = [entry for entry in found if entry[2] <= 0 and entry[0] in narrow]
    for tolerance in sorted({narrow[e[0]] for e in doubtful}):
        mine = [(e[0], e[1]) for e in doubtful if narrow[e[0]] == tolerance]
        ring = moved.buffer(tolerance, quad_segs=2, join_style="mitre") if tolerance else moved
        near = repository.clipped(session, mine, ring, check_crs)
        kept += [e for e in doubtful if (e[0], e[1]) in near]
    return kept


def _areas(geometry: BaseGeometry | None) -> BaseGeometry | None:
    return polygonal(geometry) if geometry is not None else None


def _marker(geometry: BaseGeometry | None, crs: int) -> dict[str, Any] | None:
    if geometry is None or geometry.is_empty:
        return None
    return rounded_geojson(polygonal(geometry) or geometry, crs)


def run_conflict_check(
    session: Session, actor: Actor, project_id: uuid.UUID, *, height_m: float | None = None
) -> Result:
    """Check a project's boundary and put Results ``conflict_report`` and ``planning_conditions`` into the box.

    Planning conditions that cannot be decided are stored as such (``status: undecided`` with the reason and no
    conditions), so that an older decided version never stands for a new boundary.

    Raises:
        NotFound: the project is not visible.
        Conflict: it has no boundary yet.
    """
    found = latest_boundary(session, actor, project_id)
    if found is None:
        raise Conflict(
            "还没有用地红线，不能做多规检查",
            "the project has no boundary yet",
            code="no_boundary",
            remedy="先在“用地红线”页上传或绘制红线",
        )
    boundary, geometry = found
    assert boundary.crs is not None
    report = check_geometry(session, geometry, boundary.crs, height_m=height_m)
    payload = report.payload() | {
        "boundary_result": {
            "id": str(boundary.id),
            "version": boundary.version,
            "hash": boundary.content_hash,
        },
        "height_m": height_m,
    }
    versions = {line.code: line.version for line in report.layers if line.version}
    source = {"boundary": str(boundary.id), "layer_versions": versions, "by": actor.name}
    result = box.put_result(
        session,
        actor,
        project_id,
        kind="conflict_report",
        stage=Stage.PLANNING_LAND,
        title="多规合一检查报告",
        payload=payload,
        geometry=geometry,
        crs=boundary.crs,
        source=source,
        trust="B",
    )
    planning = payload["planning"]
    if planning is not None:
        box.put_result(
            session,
            actor,
            project_id,
            kind="planning_conditions",
            stage=Stage.PLANNING_LAND,
            title="规划条件",
            payload=planning | {"message": planning["reason"], "conflict_report": str(result.id)},
            source=source,
            trust="B",
        )
    publish(session, ConflictChecked(project_id, result.id, result.version))
    return result


# --- map -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tile:
    """A vector tile and its entity tag (changes with the layer version)."""

    data: bytes
    etag: str


def tile_etag(session: Session, code: str, z: int, x: int, y: int) -> tuple[LayerVersion | None, str]:
    """The version a tile would be drawn from, and the tile's entity tag.

    Raises:
        NotFound: no such layer or tile.
    """
    definition = layer_catalogue().get(code)
    if not (0 <= z <= 22 and 0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFound("没有这个瓦片", "no such tile", code="tile_not_found")
    row = repository.current_version(session, definition.code)
    return row, f'"{definition.code}-{row.id if row else 0}-{z}-{x}-{y}"'


_TILES: dict[str, bytes] = {}
_TILE_CACHE = 4096


def layer_tile(session: Session, code: str, z: int, x: int, y: int) -> Tile:
    """One vector tile of the current version; empty where there is nothing. Kept in memory by version."""
    row, etag = tile_etag(session, code, z, x, y)
    if row is None:
        return Tile(b"", etag)
    key = f"{id(session.get_bind())}:{row.imported_at.timestamp()}:{etag}"
    data = _TILES.get(key)
    if data is None:
        data = repository.tile(session, row.id, row.layer_code, z, x, y)
        if len(_TILES) >= _TILE_CACHE:
            _TILES.pop(next(iter(_TILES)), None)
        _TILES[key] = data
    return Tile(data, etag)


def identify(session: Session, x: float, y: float, crs: int) -> dict[str, Any]:
    """Everything the plan layers hold at a point.

    Raises:
        BadInput: unknown CRS, or coordinates outside of it.
    """
    if not (np.isfinite(x) and np.isfinite(y)):
        raise BadInput("坐标不是有效数字", "coordinates are not numbers", code="COORD-NAN")
    crs_module.crs(crs)
    catalogue = layer_catalogue()
    groups: dict[int, list[LayerVersion]] = {}
    current = repository.current_versions(session)
    for row in current.values():
        if row.layer_code in catalogue.layers and crs_module.can_transform(crs, row.check_crs):
            groups.setdefault(row.check_crs, []).append(row)
    found: dict[str, list[dict[str, Any]]] = {}
    for check_crs, rows in groups.items():
        try:
            spot = crs_module.transform_point(x, y, crs, check_crs)
        except BadInput:
            continue  # the point lies outside of what this check CRS can express: nothing of it is here
        by_id = {row.id: row for row in rows}
        pairs = repository.at_point(session, list(by_id), *spot, check_crs)
        for (version_id, fid), (label, key, attributes) in repository.describe(session, pairs).items():
            found.setdefault(by_id[version_id].layer_code, []).append(
                {"fid": fid, "label": label, "class": key, "attributes": attributes}
            )
    return {
        "x": x,
        "y": y,
        "crs": crs,
        "layers": [
            {
                "code": d.code,
                "name": d.name,
                "name_en": d.name_en,
                "version": current[d.code].version,
                "fields": {k: f.name for k, f in d.fields.items()},
                "features": found[d.code],
            }
            for d in catalogue.layers.values()
            if d.code in found
        ],
    }
