"""Names of features: kept apart from them, each once, so that looking for one reads no geometry.

The worker notes the names of a version after its import; until then they are read from the features. Plan layers are
public to everyone who is signed in. Never commits.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from gis.models import FeatureName, LayerVersion

Box = tuple[float, float, float, float]
#: so many names are put in order; a word found more often needs more letters, not more reading
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Named:
    """A name on the map: its layer, how many features bear it, and one of them with its extent in EPSG:3857."""

    layer: str
    label: str
    count: int
    fid: int
    extent: Box | None


def pattern(words: str) -> str:
    """A LIKE pattern that finds ``words`` as they stand anywhere in a text."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


_FIND = text(
    r"""
WITH noted AS (
  SELECT version_id, label, fid, count FROM gis.feature_name WHERE label ILIKE :words ESCAPE '\' LIMIT :most
), current AS (
  SELECT id, layer_code FROM gis.layer_version WHERE current
), unnoted AS (
  SELECT f.version_id, f.label, min(f.fid) AS fid, count(*) AS count FROM gis.feature f
  WHERE f.version_id IN (SELECT id FROM current c WHERE NOT EXISTS
                         (SELECT FROM gis.feature_name n WHERE n.version_id = c.id))
    AND f.label ILIKE :words ESCAPE '\' GROUP BY f.version_id, f.label
), found AS (
  SELECT c.layer_code, n.* FROM (SELECT * FROM noted UNION ALL SELECT * FROM unnoted) n
  JOIN current c ON c.id = n.version_id ORDER BY length(n.label), n.label, c.layer_code LIMIT :limit
)
SELECT n.layer_code, n.label, n.count, n.fid,
       ST_XMin(f.geom_3857), ST_YMin(f.geom_3857), ST_XMax(f.geom_3857), ST_YMax(f.geom_3857)
FROM found n JOIN gis.feature f ON f.version_id = n.version_id AND f.fid = n.fid
ORDER BY length(n.label), n.label, n.layer_code
"""
)


def named(session: Session, words: str, limit: int) -> list[Named]:
    """Names in current versions that hold ``words`` in any case, the shortest first."""
    rows = session.execute(_FIND, {"words": pattern(words), "most": _MOST, "limit": limit}).all()
    return [
        Named(layer, label, count, fid, (west, south, east, north) if west is not None else None)
        for layer, label, count, fid, west, south, east, north in rows
    ]


def note_names(session: Session) -> bool:
    """Note the names of one current version that has none; False when nothing is left to do.

    Names of versions that are no longer current go.
    """
    past = select(LayerVersion.id).where(~LayerVersion.current)
    session.execute(delete(FeatureName).where(FeatureName.version_id.in_(past)))
    number = session.scalar(
        text(
            "SELECT v.id FROM gis.layer_version v WHERE v.current AND v.feature_count > 0 "
            "AND NOT EXISTS (SELECT FROM gis.feature_name n WHERE n.version_id = v.id) "
            "ORDER BY v.id LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
    )
    if number is None:
        return False
    noted = session.connection().execute(
        text(
            "INSERT INTO gis.feature_name (version_id, label, fid, count) "
            "SELECT version_id, label, min(fid), count(*) FROM gis.feature WHERE version_id = :v GROUP BY 1, 2"
        ),
        {"v": number},
    )
    return bool(noted.rowcount)
