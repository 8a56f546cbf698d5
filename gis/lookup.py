"""What lies around sites: the statements a check asks for pieces and features. Plan layers are public.

One site is one prepared statement: one round trip, planned once. Many sites are copied out in PostgreSQL's binary
form, so that no geometry is written as text and read again, and only features that matter are asked for.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gis.overlay import Key, Pieces

#: request number; west, south, east, north in a check CRS
Box = tuple[int, tuple[float, float, float, float]]
#: label, legend key and attributes (JSON) of a feature
Described = tuple[str, str | None, str]


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


#: one statement tells the versions, the pieces and the features: one round trip, one snapshot
_AROUND = """
WITH hit AS MATERIALIZED (
  SELECT b.n, p.id, p.version_id, p.fid, p.geom
  FROM unnest($1::int[], $2::float8[], $3::float8[], $4::float8[], $5::float8[]) AS b(n, w, s, e, r)
  JOIN gis.piece p ON p.geom && ST_MakeEnvelope(b.w, b.s, b.e, b.r)
)
SELECT NULL::int, NULL::bigint, NULL::bigint, NULL::int, NULL::geometry,
  (SELECT string_agg(id::text, ' ' ORDER BY id) FROM gis.layer_version WHERE current), NULL::text, NULL::text
UNION ALL SELECT n, id, version_id, fid, geom, NULL, NULL, NULL FROM hit
UNION ALL SELECT NULL, NULL, d.version_id, d.fid, NULL, f.label, f.class_key, f.attributes
FROM (SELECT DISTINCT version_id, fid FROM hit) d CROSS JOIN LATERAL (
  SELECT label, class_key, attributes::text FROM gis.feature
  WHERE version_id = d.version_id AND fid = d.fid OFFSET 0
) f
"""


def around(session: Session, boxes: Sequence[Box]) -> Surroundings:
    """Everything whose box meets one of a few boxes.

    Pieces of versions in another check CRS may be among them; the caller knows which versions it wants.
    """
    connection = session.connection()
    cursor = connection.connection.cursor()
    try:
        if "gis.around" not in connection.info:  # lives as long as the connection, through all transactions
            cursor.execute(f"PREPARE gis_around AS {_AROUND}")
            connection.info["gis.around"] = True
        cursor.execute(  # planned once: planning would take longer than looking
            "SET LOCAL plan_cache_mode = force_generic_plan; EXECUTE gis_around (%s, %s, %s, %s, %s)",
            ([n for n, _ in boxes], *([box[k] for _, box in boxes] for k in range(4))),
        )
        rows = cursor.fetchall()
    finally:
        cursor.close()
    numbers: list[tuple[int, int, int, int]] = []
    blobs: list[bytes] = []
    features: dict[Key, Described] = {}
    current: tuple[int, ...] = ()
    for request, number, version_id, fid, geom, first, second, third in rows:
        if number is not None:
            numbers.append((request, number, version_id, fid))
            blobs.append(bytes.fromhex(geom))
        elif version_id is not None:
            features[(version_id, fid)] = (first, second, third)
        elif first:
            current = _ids(first)
    return Surroundings(current, Pieces.of(numbers, blobs), features)


def _ids(words: str | None) -> tuple[int, ...]:
    return tuple(int(n) for n in (words or "").split())


_COPY = """
COPY (
  SELECT b.n, p.id, p.version_id, p.fid, p.geom FROM (VALUES {boxes}) AS b(n, w, s, e, r)
  JOIN gis.piece p ON p.geom && ST_MakeEnvelope(b.w, b.s, b.e, b.r)
) TO STDOUT (FORMAT binary)
"""


def around_many(session: Session, boxes: Sequence[Box]) -> Surroundings:
    """Pieces whose box meets one of many boxes; ask :func:`described` for the features that matter.

    The versions are read after the pieces: an import in between is seen by the caller.
    """
    if not boxes:
        return Surroundings(_current(session), Pieces.of((), ()), None)
    buffer = io.BytesIO()
    cursor = session.connection().connection.cursor()
    try:
        values = ",".join(
            f"({n:d}::int,{w!r}::float8,{s!r}::float8,{e!r}::float8,{r!r}::float8)"
            for n, (w, s, e, r) in boxes
        )
        cursor.copy_expert(_COPY.format(boxes=values), buffer)
    finally:
        cursor.close()
    return Surroundings(_current(session), Pieces.copied(buffer.getvalue()), None)


def _current(session: Session) -> tuple[int, ...]:
    words = session.scalar(
        text("SELECT string_agg(id::text, ' ' ORDER BY id) FROM gis.layer_version WHERE current")
    )
    return _ids(words)


def described(session: Session, keys: Collection[Key]) -> dict[Key, Described]:
    """Label, legend key and attributes (JSON) of features by version and number."""
    if not keys:
        return {}
    cursor = session.connection().connection.cursor()
    try:
        cursor.execute(
            "SELECT f.version_id, f.fid, f.label, f.class_key, f.attributes::text "
            "FROM unnest(%s::bigint[], %s::int[]) AS w(v, f) "
            "CROSS JOIN LATERAL (SELECT * FROM gis.feature WHERE version_id = w.v AND fid = w.f OFFSET 0) f",
            ([v for v, _ in keys], [f for _, f in keys]),
        )
        return {(v, f): (label, key, values) for v, f, label, key, values in cursor.fetchall()}
    finally:
        cursor.close()
