"""All SQL of the GIS room. Plan layers are public to everyone who is signed in; projects are limited by the box."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from gis.models import Feature, LayerVersion, Piece
from gis.pieces import Geometries

#: tile coordinates per tile edge, and margin drawn around it
EXTENT, MARGIN = 4096, 64
_WORLD = 40_075_016.685578488


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
    """Make ``keep`` the layer's only current version; pieces of the others go (they can be made again)."""
    others = (
        select(LayerVersion.id)
        .where(LayerVersion.layer_code == keep.layer_code, LayerVersion.id != keep.id)
        .scalar_subquery()
    )
    session.execute(delete(Piece).where(Piece.version_id.in_(others)))
    session.execute(
        update(LayerVersion)
        .where(LayerVersion.layer_code == keep.layer_code, LayerVersion.id != keep.id)
        .values(current=False)
    )
    session.execute(update(LayerVersion).where(LayerVersion.id == keep.id).values(current=True))
    session.refresh(keep)


def _copy(session: Session, statement: str, rows: Iterable[str]) -> None:
    buffer = io.StringIO("".join(rows))
    cursor = session.connection().connection.cursor()
    try:
        cursor.copy_expert(statement, buffer)
    finally:
        cursor.close()


def _escaped(value: str | None) -> str:
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _ewkb(geometries: Geometries, srid: int) -> list[str]:
    stamped = shapely.set_srid(geometries, srid)
    return list(shapely.to_wkb(stamped, hex=True, include_srid=True))


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
    rows = (
        "\t".join(
            (
                str(version_id),
                str(n),
                _escaped(label),
                _escaped(key),
                _escaped(json.dumps(values, ensure_ascii=False)),
                original,
                picture or "\\N",
                repr(float(area)),
                "t" if mended else "f",
            )
        )
        + "\n"
        for n, label, key, values, original, picture, area, mended in zip(
            numbers, labels, classes, attributes, originals, pictures, areas, repaired, strict=True
        )
    )
    _copy(
        session,
        "COPY gis.feature (version_id, fid, label, class_key, attributes, geom, geom_3857, area_m2, repaired) "
        "FROM STDIN",
        rows,
    )


def copy_pieces(
    session: Session, version_id: int, geometries: Geometries, numbers: npt.NDArray[np.int64], crs: int
) -> None:
    """Write pieces by COPY, in the order given."""
    _copy(
        session,
        "COPY gis.piece (version_id, fid, geom) FROM STDIN",
        (f"{version_id}\t{n}\t{wkb}\n" for n, wkb in zip(numbers, _ewkb(geometries, crs), strict=True)),
    )


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


_OVERLAPS = """
SELECT p.version_id, p.fid, sum(ST_Area({shape}) ORDER BY p.id) AS area,
  sum(ST_Perimeter({shape}) ORDER BY p.id) AS perimeter
FROM gis.piece p
CROSS JOIN LATERAL (SELECT ST_Intersection(p.geom, ST_GeomFromEWKB(:site)) AS x) i
WHERE p.version_id = ANY(:versions) AND ST_Intersects(p.geom, ST_GeomFromEWKB(:wide))
GROUP BY p.version_id, p.fid ORDER BY p.version_id, p.fid
"""


def overlaps(
    session: Session,
    versions: Sequence[int],
    site: BaseGeometry,
    wide: BaseGeometry,
    crs: int,
    *,
    measure_in: int | None = None,
) -> list[tuple[int, int, float, float]]:
    """(version, feature, overlap ㎡, perimeter m) of every feature that meets ``wide``.

    Args:
        site, wide: the site and the site grown by the touch tolerance, in the check CRS ``crs``.
        measure_in: CRS to measure in when it is another grid than ``crs``.
    """
    shape = "i.x" if measure_in is None else f"ST_Transform(i.x, {int(measure_in)})"
    rows = session.execute(
        text(_OVERLAPS.format(shape=shape)),
        {"site": _bytes(site, crs), "wide": _bytes(wide, crs), "versions": list(versions)},
    ).all()
    return [(int(v), int(f), float(a), float(p)) for v, f, a, p in rows]


def _bytes(geometry: BaseGeometry, srid: int) -> bytes:
    return bytes(shapely.to_wkb(shapely.set_srid(geometry, srid), include_srid=True))


def clipped(
    session: Session, pairs: Sequence[tuple[int, int]], within: BaseGeometry, crs: int
) -> dict[tuple[int, int], BaseGeometry]:
    """The part of each (version, feature) inside ``within`` (check CRS), pieces joined again."""
    if not pairs:
        return {}
    rows = session.execute(
        text(
            "SELECT p.version_id, p.fid, ST_AsBinary(ST_Union(ST_Intersection(p.geom, ST_GeomFromEWKB(:within)))) "
            # the place decides first (OFFSET 0): a layer has far more pieces than a site has neighbours
            "FROM (SELECT version_id, fid, geom FROM gis.piece "
            "WHERE ST_Intersects(geom, ST_GeomFromEWKB(:within)) ORDER BY id OFFSET 0) p "
            "JOIN unnest(CAST(:v AS bigint[]), CAST(:f AS int[])) AS w(v, f) "
            "ON p.version_id = w.v AND p.fid = w.f GROUP BY 1, 2"
        ),
        {"within": _bytes(within, crs), "v": [v for v, _ in pairs], "f": [f for _, f in pairs]},
    ).all()
    return {(int(v), int(f)): shapely.from_wkb(bytes(blob)) for v, f, blob in rows if blob is not None}


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


_OVERLAP_PAIRS = """
SELECT a.fid, b.fid, ST_AsBinary(ST_Union(ST_CollectionExtract(ST_Intersection(a.geom, {there}), 3)))
FROM gis.piece a JOIN gis.piece b ON ST_Intersects(b.geom, {here})
WHERE a.version_id = :a AND b.version_id = :b AND a.fid = ANY(:fids_a) AND b.fid = ANY(:fids_b)
GROUP BY a.fid, b.fid ORDER BY a.fid, b.fid
"""
_OUTSIDE = """
SELECT fid, ST_AsBinary(ST_Union(rest)) FROM (
  SELECT a.fid, ST_CollectionExtract(CASE WHEN n.geom IS NULL THEN a.geom ELSE ST_Difference(a.geom, n.geom) END, 3)
    AS rest
  FROM gis.piece a CROSS JOIN LATERAL (
    SELECT ST_Union({there}) AS geom FROM gis.piece b
    WHERE b.version_id = :b AND b.fid = ANY(:fids_b) AND ST_Intersects(b.geom, {here})
  ) n
  WHERE a.version_id = :a AND a.fid = ANY(:fids_a)
) r WHERE NOT ST_IsEmpty(rest) GROUP BY fid ORDER BY fid
"""


def contradictions(
    session: Session,
    a: LayerVersion,
    b: LayerVersion,
    fids_a: Sequence[int],
    fids_b: Sequence[int],
    *,
    outside: bool,
) -> list[tuple[int, int | None, BaseGeometry]]:
    """(feature of A, feature of B, shape): where they overlap, or what of A lies outside all of B.

    Shapes in the check CRS of A; runs on the pieces of both versions.
    """
    same = a.check_crs == b.check_crs
    words = {
        "here": "a.geom" if same else f"ST_Transform(a.geom, {int(b.check_crs)})",
        "there": "b.geom" if same else f"ST_Transform(b.geom, {int(a.check_crs)})",
    }
    rows = session.execute(
        text((_OUTSIDE if outside else _OVERLAP_PAIRS).format(**words)),
        {"a": a.id, "b": b.id, "fids_a": list(fids_a), "fids_b": list(fids_b)},
    ).all()
    if outside:
        return [(int(f), None, shapely.from_wkb(bytes(g))) for f, g in rows if g is not None]
    return [(int(f), int(o), shapely.from_wkb(bytes(g))) for f, o, g in rows if g is not None]


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


_TILE = """
SELECT ST_AsMVT(t, :name, 4096, 'geom', 'fid') FROM (
  SELECT f.fid, f.label, f.class_key AS class,
         ST_AsMVTGeom({shape}, ST_TileEnvelope(:z, :x, :y), 4096, 64, true) AS geom
  FROM gis.feature f
  WHERE f.version_id = :version AND f.geom_3857 && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
    AND f.area_m2 >= :smallest
) t WHERE t.geom IS NOT NULL
"""


def tile(session: Session, version_id: int, name: str, z: int, x: int, y: int) -> bytes:
    """One vector tile (MVT). Below zoom 15 lines are thinned to half a tile unit and sub-pixel features left out."""
    unit = _WORLD / (2**z * EXTENT)
    if z >= 15:
        shape, smallest = "f.geom_3857", 0.0
    else:
        shape, smallest = "ST_Simplify(f.geom_3857, :unit, true)", (unit * EXTENT / 512) ** 2
    blob = session.scalar(
        text(_TILE.format(shape=shape)),
        {"name": name, "z": z, "x": x, "y": y, "version": version_id, "smallest": smallest, "unit": unit},
    )
    return bytes(blob) if blob else b""
