"""SQL of vector tiles and their overviews. Plan layers only: who may see one is decided by the caller."""

from __future__ import annotations

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.orm import Session

from gis.models import LayerVersion, Overview

#: tile units drawn beyond the edge, for a tile of 4096: outlines are cut where nobody sees them
_MARGIN = 64 / 4096


def version(session: Session, code: str, number: int) -> LayerVersion | None:
    """A version of a layer by number, current or not."""
    return session.scalars(
        select(LayerVersion).where(LayerVersion.layer_code == code, LayerVersion.id == number)
    ).one_or_none()


_TILE = """
SELECT ST_AsMVT(t, :name, {extent}, 'geom', 'fid') FROM (
  SELECT f.fid, {label} f.class_key AS class,
         ST_AsMVTGeom(f.{geom}, ST_TileEnvelope(:z, :x, :y), {extent}, {margin}, true) AS geom
  FROM gis.{table} f
  WHERE f.version_id = :version AND f.{geom} && ST_TileEnvelope(:z, :x, :y, margin => {share}) {only}
) t WHERE t.geom IS NOT NULL
"""


def _tile(session: Session, row: LayerVersion, z: int, x: int, y: int, extent: int, **words: object) -> bytes:
    statement = _TILE.format(extent=extent, margin=int(extent * _MARGIN), share=_MARGIN, **words)
    found = session.scalar(
        text(statement), {"name": row.layer_code, "z": z, "x": x, "y": y, "version": row.id}
    )
    return bytes(found or b"")


def feature_tile(
    session: Session, row: LayerVersion, z: int, x: int, y: int, *, extent: int, smallest: float, labels: bool
) -> bytes:
    """A tile from the features as delivered; ``smallest`` is the least area in ㎡ of a polygon that is drawn."""
    return _tile(
        session, row, z, x, y, extent,
        table="feature", geom="geom_3857", label="f.label," if labels else "",
        only=f"AND (f.area_m2 >= {smallest:.6f} OR ST_Dimension(f.geom_3857) < 2)" if smallest else "",
    )  # fmt: skip


def overview_tile(
    session: Session, row: LayerVersion, level: int, z: int, x: int, y: int, *, extent: int
) -> bytes:
    """A tile from an overview."""
    return _tile(
        session, row, z, x, y, extent, table="overview", geom="geom", label="", only=f"AND f.zoom = {int(level)}"
    )  # fmt: skip


_BUILD = """
WITH source AS (
  SELECT fid, class_key, {geom} AS geom, ST_Area({geom}) AS area, ST_Dimension({geom}) AS dimension
  FROM gis.{table} WHERE version_id = :version AND {geom} IS NOT NULL {only}
), cells AS (
  SELECT floor(ST_X(c) / :cell) AS i, floor(ST_Y(c) / :cell) AS j, class_key, sum(area) AS area
  FROM (SELECT class_key, area, ST_Centroid(ST_Envelope(geom)) AS c FROM source
        WHERE dimension = 2 AND area < :cell * :cell) small
  GROUP BY 1, 2, 3
), merged AS (
  SELECT DISTINCT ON (i, j) i, j, class_key, sum(area) OVER (PARTITION BY i, j) AS area
  FROM cells ORDER BY i, j, cells.area DESC, class_key
)
INSERT INTO gis.overview (version_id, zoom, fid, class_key, geom)
SELECT :version, {level}, fid, class_key, thin FROM (
  SELECT fid, class_key, CASE WHEN dimension = 2 THEN ST_SimplifyVW(geom, :fine * :fine)
                              WHEN dimension = 1 THEN ST_Simplify(geom, :fine, true) ELSE geom END AS thin
  FROM source WHERE dimension < 2 OR area >= :cell * :cell
) large WHERE thin IS NOT NULL AND NOT ST_IsEmpty(thin)
UNION ALL
SELECT :version, {level}, NULL, class_key,
       ST_MakeEnvelope(i * :cell, j * :cell, (i + 1) * :cell, (j + 1) * :cell, 3857)
FROM merged WHERE area >= :cell * :cell / 2
"""


def build_level(session: Session, row: LayerVersion, level: int, finer: int | None, *, pixel: float) -> None:
    """Write one overview from the finer one (None: from the features).

    Outlines are thinned by Visvalingam's rule to a quarter of a ``pixel`` (metres): it looks at three neighbouring
    vertices only, so that a border shared by two features stays shared. Polygons smaller than two by two pixels are
    merged by cells of that size, and a cell is drawn where they cover half of it.
    """
    if finer is None:
        words = {"table": "feature", "geom": "geom_3857", "only": ""}
    else:
        words = {"table": "overview", "geom": "geom", "only": f"AND zoom = {int(finer)}"}
    session.execute(
        text(_BUILD.format(level=int(level), **words)),
        {"version": row.id, "cell": 2 * pixel, "fine": pixel / 4},
    )


def without_overviews(session: Session, larger_than: int) -> LayerVersion | None:
    """A current version with more features than this and no overviews; locked against other workers."""
    return session.scalars(
        select(LayerVersion)
        .where(LayerVersion.current, ~LayerVersion.overviews, LayerVersion.feature_count > larger_than)
        .order_by(LayerVersion.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()


def drop_stale_overviews(session: Session) -> None:
    """Overviews of versions that are no longer current."""
    stale = select(LayerVersion.id).where(~LayerVersion.current, LayerVersion.overviews)
    if not session.scalar(select(exists(stale))):
        return
    session.execute(delete(Overview).where(Overview.version_id.in_(stale)))
    session.execute(
        update(LayerVersion).where(~LayerVersion.current, LayerVersion.overviews).values(overviews=False)
    )
