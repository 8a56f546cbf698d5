"""What lies around sites: the statements a check asks for pieces and features. Plan layers are public.

A box is one prepared statement: one round trip, planned once. Pieces in many boxes are copied out in PostgreSQL's
binary form, so that no geometry is written as text and read again, and only features that matter are asked for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import Connection

from gis.check.overlay import Key, Pieces
from gis.check.packs import Box, Described

#: features read at once when a whole version is read
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies in some boxes.

    Attributes:
        current: all current layer versions and the keys of their pieces, as :func:`current` tells them.
        pieces: pieces whose box meets one of them.
        features: the features these belong to; None when they were not asked for.
    """

    current: str
    pieces: Pieces
    features: dict[Key, Described] | None


#: a feature as an entry of a JSON list
_DESCRIBED = (
    "'[' || f.version_id || ',' || f.fid || ',' || to_json(f.label) || ',' "
    "|| coalesce(to_json(f.class_key)::text, 'null') || ',' || f.attributes || ']'"
)
#: numbers of the current versions, ascending, each with the key of its pieces
_CURRENT = "SELECT string_agg(id || ':' || pieces_key, ' ' ORDER BY id) FROM gis.layer_version WHERE current"
#: one statement tells the versions, the pieces (one after the other) and the features: one row, one snapshot
_AROUND = f"""
WITH hit AS MATERIALIZED (
  SELECT id, version_id, fid, geom FROM gis.piece WHERE geom && ST_MakeEnvelope($1, $2, $3, $4)
)
SELECT
  ({_CURRENT}),
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
        _prepare(connection, cursor, "gis_around (float8, float8, float8, float8)", _AROUND)
        cursor.execute(  # planned once: planning would take longer than looking
            "SET LOCAL plan_cache_mode = force_generic_plan; EXECUTE gis_around (%s, %s, %s, %s)", box[1]
        )
        ((versions, pieces, features),) = cursor.fetchall()
    finally:
        cursor.close()
    return Surroundings(versions or "", Pieces.packed(box[0], bytes(pieces or b"")), _features(features))


def _prepare(connection: Connection, cursor: Any, name: str, statement: str) -> None:
    """Have the server keep a statement as long as the connection lives, through all transactions."""
    if name not in connection.info:
        cursor.execute(f"PREPARE {name} AS {statement}")
        connection.info[name] = True


def current(connection: Connection) -> str:
    """All current layer versions and the keys of their pieces: ``number:key``, ascending, with spaces between."""
    cursor = connection.connection.cursor()
    try:
        _prepare(connection, cursor, "gis_current", _CURRENT)
        cursor.execute("EXECUTE gis_current")
        ((words,),) = cursor.fetchall()
    finally:
        cursor.close()
    return words or ""


def _features(words: str | None) -> dict[Key, Described]:
    return {(v, f): (label, key, values) for v, f, label, key, values in json.loads(f"[{words or ''}]")}


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
        return Surroundings(current(connection), Pieces.of((), ()), None)
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
    return Surroundings(current(connection), Pieces.copied(buffer.getvalue()), None)


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


def copy_version(connection: Connection, version: int, out: BinaryIO) -> None:
    """All pieces of a version, in the form :meth:`gis.check.overlay.Pieces.copied` reads."""
    cursor = connection.connection.cursor()
    try:
        cursor.copy_expert(
            f"COPY (SELECT 0, id, version_id, fid, geom FROM gis.piece WHERE version_id = {version:d}) "
            "TO STDOUT (FORMAT binary)",
            out,
        )
    finally:
        cursor.close()


def every_described(connection: Connection, version: int) -> Iterator[tuple[int, Described]]:
    """Number, and label, legend key and attributes, of all features of a version, ascending."""
    cursor: Any = connection.connection.cursor(f"gis_described_{version:d}")
    try:
        cursor.itersize = _AT_ONCE
        cursor.execute(
            "SELECT fid, label, class_key, attributes::text FROM gis.feature WHERE version_id = %s ORDER BY fid",
            (version,),
        )
        for fid, label, key, attributes in cursor:
            yield fid, (label, key, json.loads(attributes))
    finally:
        cursor.close()
