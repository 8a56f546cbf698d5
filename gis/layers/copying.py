"""Features and pieces into the database by COPY in PostgreSQL's binary form: nothing is written as text and parsed.

Geometry is EWKB throughout: WKB with the SRID after its type. What is in that form already is stamped, not made anew.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis import crs as crs_module
from gis import dateline
from gis.layers.pieces import Geometries

Blobs = list[bytes | None]
_SRID_FLAG = 0x20
#: how far a picture may lie beside the feature; a unit of the finest tiles is a centimetre
_DRAWN_WITHIN_M = 0.001
#: bytes sent at a time: all rows of a batch, as between two portions other threads keep this one waiting
_CHUNK = 1 << 25
_HEAD, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
#: up to the number of points, WKB of a Polygon with one ring and without heights
_ONE_RING = b"\x01\x03\0\0\0\x01\0\0\0"
_COORDINATES_AT = 13


# --- EWKB ------------------------------------------------------------------------------------------------------------


def stamp(head: bytes, srid: int) -> bytes:
    """The first five bytes of little-endian WKB with an SRID after them."""
    return head[:4] + bytes([head[4] | _SRID_FLAG]) + srid.to_bytes(4, "little")


def ewkb(geometries: Geometries, srid: int, delivered: Sequence[bytes | None] = ()) -> Blobs:
    """EWKB of geometries; ``delivered``: their WKB, where it is known already."""
    if len(delivered):
        made = list(delivered)
        for position in [n for n, blob in enumerate(made) if blob is None]:
            made[position] = shapely.to_wkb(geometries[position], byte_order=1)
    else:
        made = list(shapely.to_wkb(geometries, byte_order=1))
    stamps = {head: stamp(head, srid) for head in {blob[:5] for blob in made if blob is not None}}
    return [None if blob is None else stamps[blob[:5]] + blob[5:] for blob in made]


def pictures(geometries: Geometries, delivered: Sequence[bytes | None], crs: int) -> Blobs:
    """EWKB in EPSG:3857, to be drawn in tiles; None where Web Mercator cannot show a feature."""
    simple = np.array([b is not None and b[:9] == _ONE_RING for b in delivered], dtype=bool)
    moved = _drawn(shapely.get_coordinates(geometries[simple]), crs)
    if dateline.wide(moved, dateline.METRES):
        simple[:] = False
    made = np.full(len(geometries), None, dtype=object)
    if simple.any():
        blobs = [b for b, s in zip(delivered, simple, strict=True) if b and s]
        made[simple] = _simple_pictures(geometries[simple], blobs, moved)
    others = np.array(
        shapely.transform(geometries[~simple], lambda points: _drawn(points, crs)), dtype=object
    )
    others = dateline.cut_at_dateline(others, dateline.METRES)
    others[~np.isfinite(shapely.bounds(others)).all(axis=1)] = None
    made[~simple] = ewkb(others, crs_module.WEB_MERCATOR)
    return list(made)


def _drawn(points: npt.NDArray[np.float64], crs: int) -> npt.NDArray[np.float64]:
    return crs_module.transform_nearly(points, crs, crs_module.WEB_MERCATOR, _DRAWN_WITHIN_M)


def _simple_pictures(geometries: Geometries, blobs: Sequence[bytes], moved: npt.NDArray[np.float64]) -> Any:
    """Of Polygons with one ring: only the coordinates of their WKB are others, those in ``moved``."""
    ends = np.cumsum(shapely.get_num_coordinates(geometries))
    finite = np.isfinite(moved).all(axis=1)
    shown = np.ones(len(blobs), dtype=bool)
    if not finite.all():
        shown[np.unique(np.searchsorted(ends, np.flatnonzero(~finite), side="right"))] = False
    head = stamp(_ONE_RING[:5], crs_module.WEB_MERCATOR) + _ONE_RING[5:]
    data = moved.tobytes()
    found = np.empty(len(blobs), dtype=object)
    start = 0
    for n, (blob, end, fine) in enumerate(zip(blobs, (ends * 16).tolist(), shown.tolist(), strict=True)):
        found[n] = b"".join((head, blob[9:_COORDINATES_AT], data[start:end])) if fine else None
        start = end
    return found


# --- COPY ------------------------------------------------------------------------------------------------------------


def feature_rows(
    version_id: int,
    *,
    numbers: Sequence[int],
    labels: Sequence[str],
    classes: Sequence[str | None],
    documents: Sequence[bytes],
    originals: Blobs,
    pictures: Blobs,
    areas: Sequence[float],
    repaired: Sequence[bool],
) -> bytes:
    """Rows of ``gis.feature``; ``documents``: their attributes as JSON, ``originals`` and ``pictures``: EWKB."""
    head, tail = struct.Struct("!hiqii").pack, struct.Struct("!idi?").pack
    return _joined(
        [head(9, 8, version_id, 4, n) for n in numbers],
        *_fields([label.encode() for label in labels]),
        *_fields([None if key is None else key.encode() for key in classes]),
        *_fields([b"\x01" + document for document in documents]),  # jsonb, version 1
        *_fields(originals),
        *_fields(pictures),
        [tail(8, area, 1, mended) for area, mended in zip(areas, repaired, strict=True)],
    )


def piece_rows(version_id: int, numbers: Iterable[int], shapes: Sequence[bytes | None]) -> bytes:
    """Rows of ``gis.piece``; ``shapes``: EWKB."""
    head = struct.Struct("!hiqii").pack
    return _joined([head(3, 8, version_id, 4, n) for n in numbers], *_fields(shapes))


def copy_features(connection: Any, rows: bytes) -> None:
    """Write :func:`feature_rows` over a DBAPI connection."""
    columns = "version_id, fid, label, class_key, attributes, geom, geom_3857, area_m2, repaired"
    _copy(connection, f"gis.feature ({columns})", rows)


def copy_pieces(connection: Any, rows: bytes) -> None:
    """Write :func:`piece_rows` over a DBAPI connection, in the order given."""
    _copy(connection, "gis.piece (version_id, fid, geom)", rows)


def delete_pieces(connection: Any, versions: Iterable[int]) -> None:
    """Delete the pieces of versions over a DBAPI connection.

    One at a time: of several the server does not know how few they are, and would read every piece of all layers.
    """
    with connection.cursor() as cursor:
        for number in versions:
            cursor.execute("DELETE FROM gis.piece WHERE version_id = %s", (number,))


def _copy(connection: Any, into: str, rows: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {into} FROM STDIN (FORMAT binary)", io.BytesIO(rows), _CHUNK)


def _joined(*columns: Sequence[bytes]) -> bytes:
    """What COPY takes, from the fields of all rows column by column."""
    return b"".join(chain((_HEAD,), chain.from_iterable(zip(*columns, strict=True)), (_END,)))


def _fields(values: Sequence[bytes | None]) -> tuple[list[bytes], list[bytes]]:
    """The length of each value, and the value."""
    length = struct.Struct("!i").pack
    return [length(-1 if v is None else len(v)) for v in values], [v or b"" for v in values]
