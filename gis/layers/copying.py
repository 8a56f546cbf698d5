"""Features and pieces into the database by COPY in PostgreSQL's binary form: nothing is written as text and parsed.

Values stay in columns, each of them one block of bytes, until a compiled kernel (:mod:`gis.layers.row_kernel`) writes
the rows. Geometry is little-endian WKB, and gets its SRID on the way: outlines kept as they were delivered are never
made anew, and pieces that are whole features are the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import shapely

from gis import crs as crs_module
from gis import dateline
from gis.layers.pieces import Geometries

Numbers = npt.NDArray[np.int64]
#: how far a picture may lie beside the feature; a unit of the finest tiles is a centimetre
_DRAWN_WITHIN_M = 0.001
#: bytes sent at a time: all rows of a batch, as between two portions other threads keep this one waiting
_CHUNK = 1 << 25
_HEAD, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
#: what a field has besides its value: its length, and of a geometry the SRID
_LENGTH, _SRID = 4, 4
_AREAS = (3, 6)


@dataclass(frozen=True, slots=True)
class Column:
    """One field of many rows.

    Attributes:
        data: a block of bytes, not to be changed.
        starts, lengths: where the value of each row begins in it, and its bytes; -1 where it is NULL.
        srid: of little-endian WKB, which gets it when it is written; None of other values.
    """

    data: npt.NDArray[np.uint8]
    starts: Numbers
    lengths: Numbers
    srid: int | None = None

    @classmethod
    def of(cls, values: Sequence[bytes | None], srid: int | None = None) -> Self:
        """Values one after the other."""
        sizes = np.fromiter((-1 if v is None else len(v) for v in values), np.int64, len(values))
        data = np.frombuffer(b"".join(filter(None, values)), np.uint8)
        return cls(data, np.cumsum(np.maximum(sizes, 0)) - np.maximum(sizes, 0), sizes, srid)

    @classmethod
    def numbers(cls, values: Any, form: str) -> Self:
        """Numbers in one of numpy's big-endian forms."""
        data = np.asarray(values).astype(form)
        starts = np.arange(len(data), dtype=np.int64) * data.itemsize
        return cls(np.frombuffer(data.tobytes(), np.uint8), starts, np.full(len(data), data.itemsize))

    @classmethod
    def shapes(cls, geometries: Geometries, srid: int, delivered: Sequence[bytes | None] = ()) -> Self:
        """Geometries, None among them; ``delivered``: their little-endian WKB, where it is known already."""
        made = list(delivered) or [None] * len(geometries)
        unknown = [n for n, blob in enumerate(made) if blob is None]
        for n, blob in zip(unknown, shapely.to_wkb(geometries[unknown], byte_order=1), strict=True):
            made[n] = blob
        return cls.of(made, srid)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: Any) -> Self:
        """The same values in another order, or some of them."""
        return type(self)(self.data, self.starts[rows], self.lengths[rows], self.srid)

    def followed_by(self, others: Self) -> Self:
        """These values and then others."""
        return type(self)(
            _kept(np.concatenate([self.data, others.data])),
            np.concatenate([self.starts, others.starts + len(self.data)]),
            np.concatenate([self.lengths, others.lengths]),
            self.srid,
        )

    def with_coordinates(self, points: npt.NDArray[np.float64], srid: int) -> Self:
        """The same Polygons and MultiPolygons, lying one after the other, elsewhere."""
        from gis.layers import row_kernel

        data = self.data.copy()
        row_kernel.put_coordinates(data, self.starts, points)
        return type(self)(_kept(data), self.starts, self.lengths, srid)


def _kept(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    data.flags.writeable = False
    return data


def pictures(geometries: Geometries, originals: Column, crs: int) -> Column:
    """Geometries in EPSG:3857, to be drawn in tiles; NULL where Web Mercator cannot show them.

    Args:
        originals: their column.
    """
    if np.isin(shapely.get_type_id(geometries), _AREAS).all():
        moved = _drawn(shapely.get_coordinates(geometries), crs)
        if np.isfinite(moved).all() and not dateline.wide(moved, dateline.METRES):
            return originals.with_coordinates(moved, crs_module.WEB_MERCATOR)
    shapes = np.array(shapely.transform(geometries, lambda points: _drawn(points, crs)), dtype=object)
    shapes = dateline.cut_at_dateline(shapes, dateline.METRES)
    shapes[~np.isfinite(shapely.bounds(shapes)).all(axis=1)] = None
    return Column.shapes(shapes, crs_module.WEB_MERCATOR)


def _drawn(points: npt.NDArray[np.float64], crs: int) -> npt.NDArray[np.float64]:
    return crs_module.transform_nearly(points, crs, crs_module.WEB_MERCATOR, _DRAWN_WITHIN_M)


def feature_rows(
    version_id: int,
    *,
    numbers: Any,
    labels: Iterable[str],
    classes: Iterable[str | None],
    documents: Iterable[bytes],
    originals: Column,
    pictures: Column,
    areas: Any,
    repaired: Any,
) -> bytes:
    """Rows of ``gis.feature``; ``documents``: their attributes as JSON."""
    return _rows(
        Column.numbers(np.full(len(originals), version_id), ">i8"),
        Column.numbers(numbers, ">i4"),
        Column.of([label.encode() for label in labels]),
        Column.of([None if key is None else key.encode() for key in classes]),
        Column.of([b"\x01" + document for document in documents]),  # jsonb, version 1
        originals,
        pictures,
        Column.numbers(areas, ">f8"),
        Column.numbers(repaired, "?"),
    )


def piece_rows(version_id: int, numbers: Any, shapes: Column) -> bytes:
    """Rows of ``gis.piece``; ``numbers``: of the features."""
    versions = np.full(len(shapes), version_id)
    return _rows(Column.numbers(versions, ">i8"), Column.numbers(numbers, ">i4"), shapes)


def _rows(*columns: Column) -> bytes:
    """What COPY takes."""
    from gis.layers import row_kernel

    starts = np.stack([column.starts for column in columns])
    lengths = np.stack([column.lengths for column in columns])
    srids = np.array([-1 if column.srid is None else column.srid for column in columns])
    fields = starts.size * _LENGTH + int(np.count_nonzero(lengths[srids >= 0] >= 0)) * _SRID
    body = int(np.maximum(lengths, 0).sum()) + fields + 2 * starts.shape[1]
    out = np.empty(len(_HEAD) + body + len(_END), np.uint8)
    out[: len(_HEAD)] = np.frombuffer(_HEAD, np.uint8)
    end = row_kernel.write(out, len(_HEAD), tuple(c.data for c in columns), starts, lengths, srids)
    out[end:] = np.frombuffer(_END, np.uint8)
    return out.tobytes()


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
