"""What lies around sites: the statements a check asks for pieces and features. Plan layers are public.

A box is one prepared statement: one round trip, planned once. Pieces in many boxes are copied out in PostgreSQL's
binary form, so that no geometry is written as text and read again, and only features that matter are asked for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from gis.check.overlay import Key, Pieces

#: request number; west, south, east, north in a check CRS
Box = tuple[int, tuple[float, float, float, float]]
#: label, legend key and attributes of a feature
Described = tuple[str, str | None, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies in some boxes.

    Attributes:
        current: numbers of all current layer versions, ascending.
        pieces: pieces whose box meets one of them.
        features: the features these belong to; None when they were not asked for.
    """

    current: tuple[int, ...]
    pieces: Pieces
    features: dict[Key, Described] | None


#: a feature as an entry of a JSON list
_DESCRIBED = (
    "'[' || f.version_id || ',' || f.fid || ',' || to_json(f.label) || ',' "
    "|| coalesce(to_json(f.class_key)::text, 'null') || ',' || f.attributes || ']'"
)
#: one statement tells the versions, the pieces (one after the other) and the features: one row, one snapshot
_AROUND = f"""
WITH hit AS MATERIALIZED (
  SELECT id, version_id, fid, geom FROM gis.piece WHERE geom && ST_MakeEnvelope($1, $2, $3, $4)
)
SELECT
  (SELECT string_agg(id::text, ' ') FROM gis.layer_version WHERE current),
  (SELECT string_agg(int8send(id) || int8send(version_id) || int4send(fid) || geom::bytea, ''::bytea) FROM hit),
  (SELECT string_agg({_DESCRIBED}, ',')
   FROM (SELECT DISTINCT version_id, fid FROM hit) d CROSS JOIN LATERAL (
     SELECT * FROM gis.feature WHERE version_id = d.version_id AND fid = d.fid OFFSET 0
   ) f)
"""


def around(connection: Connection, box: Box) -> Surroundings:
    """Everything whose box meets this one.

    Pieces of versions in another check CRS may be among them; the caller knows which versions it wants.
    """
    cursor = connection.connection.cursor()
    try:
        if "gis.around" not in connection.info:  # lives as long as the connection, through all transactions
            cursor.execute(f"PREPARE gis_around (float8, float8, float8, float8) AS {_AROUND}")
            connection.info["gis.around"] = True
        cursor.execute(  # planned once: planning would take longer than looking
            "SET LOCAL plan_cache_mode = force_generic_plan; EXECUTE gis_around (%s, %s, %s, %s)", box[1]
        )
        ((current, pieces, features),) = cursor.fetchall()
    finally:
        cursor.close()
    return Surroundings(_ids(current), Pieces.packed(box[0], bytes(pieces or b"")), _features(features))


def _features(words: str | None) -> dict[Key, Described]:
    return {(v, f): (label, key, values) for v, f, label, key, values in json.loads(f"[{words or ''}]")}


def _ids(words: str | None) -> tuple[int, ...]:
    return tuple(sorted(map(int, (words or "").split())))


_COPY = """
COPY (
  SELECT b.n, p.id, p.version_id, p.fid, p.geom FROM (VALUES {boxes}) AS b(n, w, s, e, r)
  JOIN gis.piece p ON p.geom && ST_MakeEnvelope(b.w, b.s, b.e, b.r)
) TO STDOUT (FORMAT binary)
"""


def around_many(connection: Connection, boxes: Sequence[Box]) -> Surroundings:
    """Pieces whose box meets one of many boxes; ask :func:`described` for the features that matter.

    The versions are read after the pieces: an import in between is seen by the caller.
    """
    if not boxes:
        return Surroundings(_current(connection), Pieces.of((), ()), None)
    buffer = io.BytesIO()
    cursor = connection.connection.cursor()
    try:
        values = ",".join(
            f"({n:d}::int,{w!r}::float8,{s!r}::float8,{e!r}::float8,{r!r}::float8)"
            for n, (w, s, e, r) in boxes
        )
        cursor.copy_expert(_COPY.format(boxes=values), buffer)
    finally:
        cursor.close()
    return Surroundings(_current(connection), Pieces.copied(buffer.getvalue()), None)


def _current(connection: Connection) -> tuple[int, ...]:
    words = connection.scalar(text("SELECT string_agg(id::text, ' ') FROM gis.layer_version WHERE current"))
    return _ids(words)


def described(connection: Connection, keys: Collection[Key]) -> dict[Key, Described]:
    """Label, legend key and attributes of features by version and number."""
    if not keys:
        return {}
    cursor = connection.connection.cursor()
    try:
        cursor.execute(
            f"SELECT string_agg({_DESCRIBED}, ',') FROM unnest(%s::bigint[], %s::int[]) AS w(v, f) "
            "CROSS JOIN LATERAL (SELECT * FROM gis.feature WHERE version_id = w.v AND fid = w.f OFFSET 0) f",
            ([v for v, _ in keys], [f for _, f in keys]),
        )
        ((words,),) = cursor.fetchall()
    finally:
        cursor.close()
    return _features(words)
