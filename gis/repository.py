"""SQL of the GIS room; what a check looks up is in :mod:`gis.check.lookup`.

Plan layers are public to everyone who is signed in; projects are limited by the box.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from gis import models
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


def retire_others(session: Session, keep: LayerVersion) -> None:
    """Make ``keep``, whose pieces are new, the layer's only current version; pieces of the others go."""
    others = (
        select(LayerVersion.id)
        .where(LayerVersion.layer_code == keep.layer_code, LayerVersion.id != keep.id)
        .scalar_subquery()
    )
    session.execute(delete(models.Piece).where(models.Piece.version_id.in_(others)))
    session.execute(
        update(LayerVersion)
        .where(LayerVersion.layer_code == keep.layer_code, LayerVersion.id != keep.id)
        .values(current=False)
    )
    session.execute(
        update(LayerVersion)
        .where(LayerVersion.id == keep.id)
        .values(current=True, pieces_key=func.gen_random_uuid())
    )
    session.refresh(keep)


_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_NULL = struct.pack("!i", -1)


def _copy(session: Session, table: str, columns: str, rows: Iterable[bytes]) -> None:
    """COPY in PostgreSQL's binary form: no number or geometry is written as text and parsed again."""
    cursor = session.connection().connection.cursor()
    try:
        buffer = io.BytesIO(b"".join((_COPY_HEAD, *rows, _COPY_END)))
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)", buffer)
    finally:
        cursor.close()


def _field(value: bytes | None) -> bytes:
    return _NULL if value is None else struct.pack("!i", len(value)) + value


def _text(value: str | None) -> bytes:
    return _field(None if value is None else value.encode())


def _ewkb(geometries: Geometries, srid: int) -> list[bytes | None]:
    stamped = shapely.set_srid(geometries, srid)
    return list(shapely.to_wkb(stamped, include_srid=True))


def copy_features(
    session: Session,
    version_id: int,
    *,
    numbers: Sequence[int],
    labels: Sequence[str],
    classes: Sequence[str | None],
    attributes: Sequence[dict[str, Any]],
    geometries: Geometries,
    crs: int,
    tiles: Geometries,
    areas: npt.NDArray[np.float64],
    repaired: Sequence[bool],
) -> None:
    """Write features by COPY; ``tiles`` are the geometries in EPSG:3857 (None where they cannot be shown)."""
    originals, pictures = _ewkb(geometries, crs), _ewkb(tiles, 3857)
    head, tail = struct.Struct("!hiqii"), struct.Struct("!idi?")
    rows = (
        head.pack(9, 8, version_id, 4, n)
        + _text(label)
        + _text(key)
        + _field(b"\x01" + json.dumps(values, ensure_ascii=False).encode())  # jsonb, version 1
        + _field(original)
        + _field(picture)
        + tail.pack(8, area, 1, mended)
        for n, label, key, values, original, picture, area, mended in zip(
            numbers,
            labels,
            classes,
            attributes,
            originals,
            pictures,
            areas.tolist(),
            repaired,
            strict=True,
        )
    )
    columns = "version_id, fid, label, class_key, attributes, geom, geom_3857, area_m2, repaired"
    _copy(session, "gis.feature", columns, rows)


def copy_pieces(
    session: Session, version_id: int, geometries: Geometries, numbers: npt.NDArray[np.int64], crs: int
) -> None:
    """Write pieces by COPY, in the order given."""
    head = struct.Struct("!hiqii")
    rows = (
        head.pack(3, 8, version_id, 4, n) + _field(blob)
        for n, blob in zip(numbers.tolist(), _ewkb(geometries, crs), strict=True)
    )
    _copy(session, "gis.piece", "version_id, fid, geom", rows)


def analyze(session: Session, added: int) -> None:
    """Fresh statistics when an import has changed the tables by a fifth; smaller changes are left to autovacuum."""
    known = session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'gis.piece'::regclass")) or 0.0
    if known < 0 or added * 5 > known:
        session.execute(text("ANALYZE gis.piece"))
        session.execute(text("ANALYZE gis.feature"))


def features(session: Session, version_id: int, numbers: Sequence[int] | None = None) -> Sequence[Feature]:
    """Features of a version, all or some."""
    statement = select(Feature).where(Feature.version_id == version_id).order_by(Feature.fid)
    if numbers is not None:
        statement = statement.where(Feature.fid.in_(numbers))
    return session.scalars(statement).all()


def feature_geometries(session: Session, version_id: int) -> tuple[Geometries, npt.NDArray[np.int64]]:
    """Geometries as delivered, and their numbers (to make pieces again)."""
    rows = session.execute(
        text("SELECT fid, ST_AsBinary(geom) FROM gis.feature WHERE version_id = :v ORDER BY fid"),
        {"v": version_id},
    ).all()
    blobs = np.array([bytes(r[1]) for r in rows], dtype=object)
    return np.asarray(shapely.from_wkb(blobs), dtype=object), np.array([r[0] for r in rows], dtype=np.int64)


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
