"""SQL of the GIS room; what a check looks up is in :mod:`gis.check.lookup`.

Plan layers are public to everyone who is signed in; projects are limited by the box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from gis.check.conflict import Period
from gis.layers.pieces import Geometries
from gis.models import Feature, LayerVersion


def versions(session: Session, code: str | None = None) -> Sequence[LayerVersion]:
    """All versions, newest import first."""
    statement = select(LayerVersion).order_by(LayerVersion.layer_code, LayerVersion.id.desc())
    if code is not None:
        statement = statement.where(LayerVersion.layer_code == code)
    return session.scalars(statement).all()


def current_versions(session: Session) -> dict[str, LayerVersion]:
    """The current version of every layer that has one."""
    rows = session.scalars(select(LayerVersion).where(LayerVersion.current)).all()
    return {row.layer_code: row for row in rows}


def periods(session: Session) -> dict[str, dict[int, Period]]:
    """When each version of each layer holds, by layer and id, newest first."""
    columns = (LayerVersion.layer_code, LayerVersion.id, LayerVersion.version)
    rows = session.execute(
        select(*columns, LayerVersion.valid_from, LayerVersion.valid_to).order_by(
            LayerVersion.valid_from.desc(), LayerVersion.id.desc()
        )
    )
    found: dict[str, dict[int, Period]] = {}
    for code, number, name, first, last in rows:
        found.setdefault(code, {})[number] = Period(name, first, last)
    return found


def version(session: Session, code: str, name: str) -> LayerVersion | None:
    """One version by name."""
    return session.scalars(
        select(LayerVersion).where(LayerVersion.layer_code == code, LayerVersion.version == name)
    ).one_or_none()


def current_version(session: Session, code: str) -> LayerVersion | None:
    """The current version of one layer."""
    return session.scalars(
        select(LayerVersion).where(LayerVersion.layer_code == code, LayerVersion.current)
    ).one_or_none()


def lock_layer(session: Session, code: str) -> None:
    """Serialise imports of one layer until the transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('gis.layer:' || :code))"), {"code": code})


def other_versions(session: Session, keep: LayerVersion) -> list[int]:
    """Numbers of the versions of a layer besides one."""
    same = (LayerVersion.layer_code == keep.layer_code, LayerVersion.id != keep.id)
    return list(session.scalars(select(LayerVersion.id).where(*same)).all())


def retire_others(session: Session, keep: LayerVersion) -> None:
    """Make ``keep``, whose pieces are new, the layer's only current version; the others have none any more."""
    others = (LayerVersion.layer_code == keep.layer_code, LayerVersion.id != keep.id)
    session.execute(update(LayerVersion).where(*others).values(current=False))
    session.execute(
        update(LayerVersion)
        .where(LayerVersion.id == keep.id)
        .values(current=True, pieces_key=func.gen_random_uuid())
    )
    session.refresh(keep)


def renew_pieces_key(session: Session, code: str) -> None:
    """Give the pieces of a layer's current version another key, so that whoever keeps something of it reads it anew."""
    session.execute(
        update(LayerVersion)
        .where(LayerVersion.layer_code == code, LayerVersion.current)
        .values(pieces_key=func.gen_random_uuid())
    )


#: detail of the statistics an import waits for: of 3,000 rows; autovacuum takes ten times as many soon after
_FIRST_STATISTICS = 10


def analyze(session: Session, added: int) -> None:
    """Fresh statistics when an import has changed the tables by a fifth; smaller changes are left to autovacuum."""
    known = session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'gis.piece'::regclass")) or 0.0
    if known < 0 or added * 5 > known:
        session.execute(text(f"SET LOCAL default_statistics_target = {_FIRST_STATISTICS}"))
        session.execute(text("ANALYZE gis.piece"))
        session.execute(text("ANALYZE gis.feature"))
        session.execute(text("SET LOCAL default_statistics_target TO DEFAULT"))


def features(session: Session, version_id: int, numbers: Sequence[int] | None = None) -> Sequence[Feature]:
    """Features of a version, all or some."""
    statement = select(Feature).where(Feature.version_id == version_id).order_by(Feature.fid)
    if numbers is not None:
        statement = statement.where(Feature.fid.in_(numbers))
    return session.scalars(statement).all()


#: bytes of geometry that are read at a time
_PART_BYTES = 16 << 20
_PARTS = """
SELECT max(fid) FROM (
  SELECT fid, sum(pg_column_size(geom)) OVER (ORDER BY fid) / :bytes AS part
  FROM gis.feature WHERE version_id = :v
) f GROUP BY part ORDER BY 1
"""


def feature_parts(
    session: Session, version_id: int, *, attributes: bool
) -> Iterator[tuple[npt.NDArray[np.int64], Geometries, list[dict[str, Any]]]]:
    """(numbers, geometries as delivered, attributes if they are asked for) of a version, some megabytes at a time."""
    values = "attributes" if attributes else "NULL"
    after = 0
    for last in session.scalars(text(_PARTS), {"v": version_id, "bytes": _PART_BYTES}).all():
        rows = session.execute(
            text(
                f"SELECT fid, ST_AsBinary(geom), {values} FROM gis.feature "
                "WHERE version_id = :v AND fid > :after AND fid <= :last ORDER BY fid"
            ),
            {"v": version_id, "after": after, "last": last},
        ).all()
        after = last
        shapes = shapely.from_wkb(np.array([bytes(r[1]) for r in rows], dtype=object))
        yield np.array([r[0] for r in rows], dtype=np.int64), np.asarray(shapes), [r[2] for r in rows]


def describe(
    session: Session, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[str, str | None, dict[str, Any]]]:
    """(label, legend key, attributes) of each (version, feature)."""
    if not pairs:
        return {}
    rows = session.execute(
        text(
            "SELECT f.version_id, f.fid, f.label, f.class_key, f.attributes FROM gis.feature f "
            "JOIN unnest(CAST(:v AS bigint[]), CAST(:f AS int[])) AS w(v, f) ON f.version_id = w.v AND f.fid = w.f"
        ),
        {"v": [v for v, _ in pairs], "f": [f for _, f in pairs]},
    ).all()
    return {(int(v), int(f)): (label, key, attributes) for v, f, label, key, attributes in rows}


def shapes_of(
    session: Session, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[BaseGeometry, int]]:
    """(geometry as delivered, its EPSG) of each (version, feature)."""
    if not pairs:
        return {}
    rows = session.execute(
        text(
            "SELECT f.version_id, f.fid, ST_AsBinary(f.geom), ST_SRID(f.geom) FROM gis.feature f "
            "JOIN unnest(CAST(:v AS bigint[]), CAST(:f AS int[])) AS w(v, f) ON f.version_id = w.v AND f.fid = w.f"
        ),
        {"v": [v for v, _ in pairs], "f": [f for _, f in pairs]},
    ).all()
    return {(int(v), int(f)): (shapely.from_wkb(bytes(g)), int(srid)) for v, f, g, srid in rows}


def at_point(
    session: Session, versions: Sequence[int], x: float, y: float, crs: int
) -> list[tuple[int, int]]:
    """(version, feature) of everything at a point of the check CRS."""
    rows = session.execute(
        text(
            "SELECT DISTINCT p.version_id, p.fid FROM gis.piece p "
            "WHERE p.version_id = ANY(:versions) AND ST_Intersects(p.geom, ST_SetSRID(ST_MakePoint(:x, :y), :crs)) "
            "ORDER BY 1, 2 LIMIT 200"
        ),
        {"versions": list(versions), "x": x, "y": y, "crs": crs},
    ).all()
    return [(int(v), int(f)) for v, f in rows]


def members(session: Session, version_id: int) -> list[tuple[int, str, str | None, dict[str, Any]]]:
    """(number, label, legend key, attributes) of every feature of a version, in order."""
    rows = session.execute(
        text("SELECT fid, label, class_key, attributes FROM gis.feature WHERE version_id = :v ORDER BY fid"),
        {"v": version_id},
    ).all()
    return [(int(f), label, key, attributes) for f, label, key, attributes in rows]


def delivered(
    session: Session, version_id: int
) -> list[tuple[int, str, dict[str, Any], float, BaseGeometry]]:
    """(number, label, attributes, area ㎡, geometry as delivered) of every feature of a version."""
    rows = session.execute(
        text(
            "SELECT fid, label, attributes, area_m2, ST_AsBinary(geom) FROM gis.feature "
            "WHERE version_id = :v ORDER BY fid"
        ),
        {"v": version_id},
    ).all()
    return [
        (int(f), label, values, float(m2), shapely.from_wkb(bytes(g))) for f, label, values, m2, g in rows
    ]


def unlike(
    session: Session, version_id: int, other_id: int
) -> list[tuple[int, str, dict[str, Any], float, BaseGeometry]]:
    """(number, label, attributes, area ㎡, geometry as delivered) of features the other version has not just so."""
    rows = session.execute(
        text(
            "SELECT fid, label, attributes, area_m2, ST_AsBinary(geom) FROM ("
            " SELECT fid, label, attributes, area_m2, geom, version_id,"
            "  count(*) FILTER (WHERE version_id = :v) OVER same AS mine,"
            "  count(*) FILTER (WHERE version_id = :other) OVER same AS theirs"
            " FROM gis.feature WHERE version_id IN (:v, :other)"
            " WINDOW same AS (PARTITION BY md5(ST_AsBinary(geom)), md5(attributes::text))"
            ") f WHERE version_id = :v AND mine <> theirs ORDER BY fid"
        ),
        {"v": version_id, "other": other_id},
    ).all()
    return [
        (int(f), label, values, float(m2), shapely.from_wkb(bytes(g))) for f, label, values, m2, g in rows
    ]
