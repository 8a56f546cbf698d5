"""SQL of vector tiles and their overviews. Plan layers only: who may see one is decided by the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.orm import Session

from gis.models import LayerVersion, Overview
from gis.tiles.mvt import Features

#: gives the row a statement with named parameters finds
Reader = Callable[[str, dict[str, int]], Sequence[Any]]

#: tile units drawn beyond the edge, for a tile of 4096: outlines are cut where nobody sees them
_MARGIN = 64 / 4096
#: between texts of one column, and for a text that is missing
_BETWEEN, _MISSING = "\x1f", "\x1e"


def version(session: Session, code: str, number: int) -> LayerVersion | None:
    """A version of a layer by number, current or not."""
    return session.scalars(
        select(LayerVersion).where(LayerVersion.layer_code == code, LayerVersion.id == number)
    ).one_or_none()


def session_reader(session: Session) -> Reader:
    """Reads in a session's transaction."""
    return lambda statement, values: session.execute(text(statement), values).one()


_ENVELOPE = (
    "ST_TileEnvelope(CAST(:z AS integer), CAST(:x AS integer), CAST(:y AS integer), margin => {margin})"
)
_FEATURES = """
WITH tile AS MATERIALIZED (SELECT {envelope} AS edge)
SELECT string_agg(int4send(coalesce(f.fid, -1)), ''), {labels},
       string_agg(coalesce(f.class_key, chr(30)), chr(31)), string_agg(ST_AsBinary({shape}, 'NDR'), '')
FROM tile JOIN gis.{table} f ON f.{geom} && tile.edge
WHERE f.version_id = CAST(:version AS bigint) {only}
"""
#: what crosses the edge is cut there; a line or point in which an area touches it is none of it
_SHAPE = """
CASE WHEN {geom} @ tile.edge THEN {geom}
     ELSE ST_CollectionExtract(ST_ClipByBox2D({geom}, CAST(tile.edge AS box2d)), ST_Dimension({geom}) + 1) END
"""


def _read(read: Reader, version: int, z: int, x: int, y: int, words: dict[str, str]) -> Features | None:
    statement = _FEATURES.format(envelope=_ENVELOPE.format(margin=_MARGIN), **words)
    numbers, labels, classes, geometry = read(statement, {"z": z, "x": x, "y": y, "version": version})
    if numbers is None:
        return None
    return Features(
        numbers=np.frombuffer(numbers, ">i4").astype(np.int64),
        labels=labels.split(_BETWEEN) if labels is not None else (),
        classes=[None if key == _MISSING else key for key in classes.split(_BETWEEN)],
        geometry=bytes(geometry),
    )


def delivered(
    read: Reader, version: int, z: int, x: int, y: int, *, smallest: float = 0.0, labels: bool = True
) -> Features | None:
    """What a tile shows of the features as delivered; None when there is nothing.

    Polygons smaller than ``smallest`` ㎡ are left out, and outlines are then rounded to a fraction of its side.
    """
    geom, only = "f.geom_3857", ""
    if smallest:
        only = f"AND (f.area_m2 >= {smallest:.6f} OR ST_Dimension(f.geom_3857) < 2)"
        geom = f"ST_SnapToGrid(f.geom_3857, {smallest**0.5 / 32:.6f})"
    return _read(
        read, version, z, x, y,
        {
            "table": "feature", "geom": "geom_3857", "only": only, "shape": _SHAPE.format(geom=geom),
            "labels": "string_agg(translate(f.label, chr(31), ' '), chr(31))" if labels else "NULL",
        },
    )  # fmt: skip


def overview(read: Reader, version: int, level: int, z: int, x: int, y: int) -> Features | None:
    """What a tile shows of an overview; None when there is nothing."""
    return _read(
        read, version, z, x, y,
        {
            "table": "overview", "geom": "geom", "only": f"AND f.zoom = {int(level)}", "labels": "NULL",
            "shape": _SHAPE.format(geom="f.geom"),
        },
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
