"""Boundaries 用地红线 of projects: read, refused or put into the box, exported. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis.boundaries import export as boundary_export
from gis.boundaries.boundary import BoundaryReading, read_boundary, read_drawn, summary
from gis.boundaries.repair import proposals, repair
from gis.events import BoundaryRecorded
from gis.layers.pieces import dissolved
from gis.markers import rounded_geojson
from gis.remarks import spot_text
from gis.source_crs import SourceCrs, parse_crs
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor
from project_box.models import Result, StoredFile
from project_box.service import now
from project_box.stage import Stage

MEDIA_TYPES = {
    "TXT": "text/plain",
    "GeoJSON": "application/geo+json",
    "SHP": "application/zip",
    "GPKG": "application/geopackage+sqlite3",
    "KML": "application/vnd.google-earth.kml+xml",
    "DXF": "image/vnd.dxf",
}
_PREVIEW_VERTICES = 20_000
#: repair proposals shown at once
MAX_PROPOSALS = 50


def refuse(reading: BoundaryReading, name: str = "") -> None:
    """Raise for a reading (of the file ``name``) that cannot be used.

    Raises:
        BadInput: ``details.issues`` lists every issue; the first error is the sentence.
    """
    if reading.ok:
        return
    plain = summary(reading)
    first = plain["issues"][0]
    more = sum(1 for i in plain["issues"] if i["level"] == "error") - 1
    place = _place(first, name)
    raise BadInput(
        f"红线不能使用：{first['message']}" + (f"(另有 {more} 处错误)" if more > 0 else ""),
        f"the boundary cannot be used: {first['message_en']}" + (f" (+{more} errors)" if more > 0 else ""),
        code=first["code"],
        place=place[0],
        place_en=place[1],
        remedy=first["remedy"] or None,
        remedy_en=first["remedy_en"] or None,
        details={
            "issues": plain["issues"],
            "reading": {k: v for k, v in plain.items() if k != "issues"},
            "preview": _preview(reading),
            "repairs": [p.plain() for p in proposals(reading, most=MAX_PROPOSALS)],
        },
    )


def _place(issue: Mapping[str, Any], name: str) -> tuple[str | None, str | None]:
    """Where an issue is, Chinese and English: its line, its coordinates, its layer, or the file as a whole."""
    if issue["line"]:
        return f"第 {issue['line']} 行", f"line {issue['line']}"
    if issue["at"]:
        x, y = issue["at"]
        return spot_text(x, y), spot_text(x, y)
    if issue["layer"]:
        return f"图层“{issue['layer']}”", f"layer {issue['layer']}"
    return (f"文件“{name[-60:]}”", f"file {name[-60:]}") if name else (None, None)


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
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    name: str,
    data: bytes,
    crs: int | None = None,
    *,
    accept: Sequence[str] = (),
) -> Result:
    """Read a boundary file and put it into the box as Result ``boundary``.

    Longitude and latitude are projected into the zone the area is measured in; everything else keeps its own CRS.
    ``accept`` names the repair proposals this person accepts; the file is kept as handed in, the Result says what was
    repaired and who accepted it.

    Raises:
        Forbidden: not the project's own 建设单位.
        BadInput: the boundary has errors (``details.repairs`` proposes what could mend them), or ``accept`` names no
            proposal of it; nothing is stored.
    """
    box.get_own_project(session, actor, project_id)
    reading = repair(read_boundary(name, data, crs=crs), accept)
    refuse(reading, name)
    stored = box.put_file(
        session, actor, project_id, name, data, MEDIA_TYPES.get(reading.format, "application/octet-stream")
    )
    return _record_file(session, actor, project_id, reading, stored, crs)


def keep_attempt(session: Session, actor: Actor, project_id: uuid.UUID, name: str, data: bytes) -> StoredFile:
    """Keep a file that was refused, so that its repairs can be accepted without handing it in again."""
    box.get_own_project(session, actor, project_id)
    return box.put_file(session, actor, project_id, name, data, "application/octet-stream")


def record_repaired(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    file_id: uuid.UUID,
    crs: int | None,
    accept: Sequence[str],
) -> Result:
    """Record a boundary from a file handed in before, with the accepted repairs.

    Raises:
        NotFound: no such file of this project.
        BadInput: as of :func:`record_boundary`.
    """
    box.get_own_project(session, actor, project_id)
    stored = box.get_file(session, actor, file_id)
    if stored.project_id != project_id:
        raise NotFound("这个项目没有这个文件", "no such file of this project")
    reading = repair(read_boundary(stored.name, box.read_file(session, actor, file_id), crs=crs), accept)
    refuse(reading, stored.name)
    return _record_file(session, actor, project_id, reading, stored, crs)


def boundary_repairs(session: Session, actor: Actor, result: Result) -> list[dict[str, Any]]:
    """Repair proposals for the file a recorded boundary came from; empty for a drawn or a repaired one."""
    if not result.files or result.payload.get("repairs"):
        return []
    stated = result.source.get("stated_crs")
    crs = parse_crs(str(stated)) if stated else None
    return file_repairs(session, actor, uuid.UUID(result.files[0]["id"]), crs)[0]


def file_repairs(
    session: Session, actor: Actor, file_id: uuid.UUID, crs: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    """Repair proposals for a file handed in before, and the CRS of their coordinates."""
    stored = box.get_file(session, actor, file_id)
    reading = read_boundary(stored.name, box.read_file(session, actor, file_id), crs=crs)
    return [p.plain() for p in proposals(reading, most=MAX_PROPOSALS)], reading.crs


def _record_file(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    reading: BoundaryReading,
    stored: StoredFile,
    crs: int | None,
) -> Result:
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
    geometry = projected = dissolved(projected)
    if isinstance(projected, MultiPolygon) and len(projected.geoms) == 1:
        geometry = projected.geoms[0]
    result = box.put_result(
        session,
        actor,
        project_id,
        kind="boundary",
        stage=Stage.PLANNING_LAND,
        title=f"用地红线（{source_name}）",
        payload=_payload(reading, actor, source_name, geometry, target),
        geometry=geometry,
        crs=target,
        files=files,
        source=source,
        trust="D",
    )
    publish(session, BoundaryRecorded(project_id, result.id, result.version))
    return result


def _payload(
    reading: BoundaryReading, actor: Actor, source_name: str, geometry: BaseGeometry, target: int
) -> dict[str, Any]:
    """What the box keeps of a reading, with who accepted its repairs and when."""
    plain = summary(reading)
    return {
        "area_m2": reading.area_m2,
        "ellipsoidal_area_m2": reading.ellipsoidal_area_m2,
        "exact_area_m2": plain["exact_area_m2"],
        "crs": target,
        "crs_name": crs_module.name(target),
        "crs_name_en": crs_module.name_en(target),
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
        "repairs": [
            r | {"accepted_by": actor.name, "accepted_at": now().isoformat()}
            for r in reading.attributes.get("repairs", [])
        ],
        "geometry_geojson": rounded_geojson(geometry, target),
    }


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


def as_surveyed(boundary: Result, geometry: BaseGeometry) -> tuple[BaseGeometry, int]:
    """A recorded boundary and its CRS; that of the survey where areas are told in a plane in feet that has no twin in
    metres and so is not the CRS it is kept in."""
    assert boundary.crs is not None
    surveyed = boundary.payload.get("source_crs")
    if not isinstance(surveyed, int) or surveyed == boundary.crs or crs_module.unit_factor(surveyed) == 1.0:
        return geometry, boundary.crs
    moved = crs_module.transform(geometry, boundary.crs, surveyed)
    return (moved, surveyed) if crs_module.own_plane(moved, surveyed) else (geometry, boundary.crs)


def present_boundary(session: Session, actor: Actor, project_id: uuid.UUID) -> tuple[Result, BaseGeometry]:
    """The newest boundary of a visible project and its geometry.

    Raises:
        NotFound: the project is not visible, or has no boundary.
    """
    found = latest_boundary(session, actor, project_id)
    if found is None:
        raise NotFound(
            "还没有用地红线",
            "no boundary yet",
            code="no_boundary",
            remedy="上传或绘制用地红线",
            remedy_en="upload or draw the boundary",
        )
    return found


def needed_boundary(
    session: Session, actor: Actor, project_id: uuid.UUID, what: str, what_en: str
) -> tuple[Result, BaseGeometry]:
    """The newest boundary of a visible project and its geometry, for ``what`` cannot be done without one.

    Raises:
        NotFound: the project is not visible. Conflict: it has no boundary.
    """
    found = latest_boundary(session, actor, project_id)
    if found is None:
        raise Conflict(
            f"还没有用地红线，不能{what}",
            f"the project has no boundary yet; {what_en} needs one",
            code="no_boundary",
            remedy="先在“用地红线”页上传或绘制红线",
            remedy_en="upload or draw the boundary on the page of the site first",
        )
    return found


def export_boundary(
    session: Session, actor: Actor, project_id: uuid.UUID, format_name: str
) -> boundary_export.Export:
    """The newest boundary of a visible project as a file.

    Raises:
        NotFound: the project is not visible, or has no boundary.
        BadInput: no such format, or the boundary's CRS has no place in it.
    """
    result, geometry = present_boundary(session, actor, project_id)
    project = box.get_project(session, actor, project_id)
    return boundary_export.export_boundary(
        geometry, result.crs or 0, format_name, name=project.name, code=project.code
    )
