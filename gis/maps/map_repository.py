"""SQL of the map workbench: what a sheet shows, names on the map, sites of projects. Plan layers are public to everyone
who is signed in; projects only as far as the actor may see them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import String, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from gis.layers.name_store import Box, pattern
from gis.models import LayerVersion
from project_box.kernel.identity import Actor
from project_box.models import Project, Result
from project_box.repository import visible_projects


def features_in(
    session: Session, version_id: int, box_3857: Box, smallest_m2: float, limit: int
) -> list[tuple[str | None, str, bytes]]:
    """(legend key, label, geometry as delivered in WKB) of what meets a box, the largest first; at most ``limit``."""
    rows = session.execute(
        text(
            "SELECT class_key, label, ST_AsBinary(geom) FROM gis.feature "
            "WHERE version_id = :v AND geom_3857 && ST_MakeEnvelope(:w, :s, :e, :n, 3857) "
            "AND (area_m2 >= :smallest OR ST_Dimension(geom) < 2) ORDER BY area_m2 DESC, fid LIMIT :limit"
        ),
        {
            "v": version_id,
            "w": box_3857[0],
            "s": box_3857[1],
            "e": box_3857[2],
            "n": box_3857[3],
            "smallest": smallest_m2,
            "limit": limit,
        },
    ).all()
    return [(key, label, bytes(blob)) for key, label, blob in rows]


def versions_named(session: Session, numbers: Sequence[int]) -> dict[int, LayerVersion]:
    """Layer versions by number."""
    rows = session.scalars(select(LayerVersion).where(LayerVersion.id.in_(numbers))).all()
    return {row.id: row for row in rows}


def feature(session: Session, version_id: int, fid: int) -> tuple[str, dict[str, Any], BaseGeometry] | None:
    """(label, attributes, geometry as delivered) of one feature."""
    row = session.execute(
        text(
            "SELECT label, attributes, ST_AsBinary(geom) FROM gis.feature WHERE version_id = :v AND fid = :f"
        ),
        {"v": version_id, "f": fid},
    ).one_or_none()
    return (row[0], row[1], shapely.from_wkb(bytes(row[2]))) if row is not None else None


def projects_named(session: Session, actor: Actor, words: str, limit: int) -> Sequence[Project]:
    """Visible projects whose code or name holds ``words``."""
    like = pattern(words)
    return session.scalars(
        visible_projects(actor)
        .where(
            or_(cast(Project.code, String).ilike(like, escape="\\"), Project.name.ilike(like, escape="\\"))
        )
        .order_by(Project.code)
        .limit(limit)
    ).all()


def newest_boundaries(
    session: Session, actor: Actor, project_ids: Sequence[uuid.UUID] | None = None
) -> Sequence[Result]:
    """The newest boundary of every visible project (or of some of them)."""
    visible = visible_projects(actor).with_only_columns(Project.id)
    statement = select(Result).where(Result.kind == "boundary", Result.project_id.in_(visible))
    if project_ids is not None:
        statement = statement.where(Result.project_id.in_(project_ids))
    return session.scalars(
        statement.ext(distinct_on(Result.project_id)).order_by(Result.project_id, Result.version.desc())
    ).all()


def boundaries_at(session: Session, actor: Actor, places: dict[int, BaseGeometry]) -> list[Result]:
    """Newest boundaries of visible projects that meet a place, given in each CRS boundaries may have."""
    found: list[Result] = []
    visible = visible_projects(actor).with_only_columns(Project.id)
    for epsg, place in places.items():
        shape = func.ST_GeomFromWKB(shapely.to_wkb(place), epsg)
        statement = select(Result).where(
            Result.kind == "boundary",
            Result.project_id.in_(visible),
            Result.crs == epsg,
            Result.geometry.op("&&")(shape),
            func.ST_Intersects(Result.geometry, shape),
        )
        found += session.scalars(statement).all()
    newest = (
        {r.id for r in newest_boundaries(session, actor, [r.project_id for r in found])} if found else set()
    )
    return [r for r in found if r.id in newest]


def boundary_systems(session: Session) -> list[int]:
    """The coordinate systems boundaries are kept in."""
    rows = session.scalars(
        select(Result.crs).where(Result.kind == "boundary", Result.crs.is_not(None)).distinct()
    )
    return [int(r) for r in rows if r is not None]


def projects_by_id(session: Session, actor: Actor, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Project]:
    """Visible projects by id."""
    rows = session.scalars(visible_projects(actor).where(Project.id.in_(ids))).all() if ids else []
    return {row.id: row for row in rows}
