"""The parts of a layer import that know no database: columns, the order of pieces, batches by size, rows of COPY."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.deliveries import batches
from gis.deliveries.columns import documents, plain_column, rows_of
from gis.deliveries.source import Source
from gis.layers import copying
from gis.layers.copying import Column
from gis.layers.loading import pieces_of
from gis.layers.pieces import hilbert_order


def test_documents_are_the_json_of_the_rows() -> None:
    columns = {
        "名称": plain_column(np.array(["样江", None, 'a"b\\%s\x00'], dtype=object)),
        "50%": plain_column(np.array([1.5, np.nan, np.inf])),
        "n": plain_column(np.array([1, 2, 2**60])),
        "flag": plain_column(np.array([True, False, True])),
        "day": plain_column(np.array(["2026-01-01", "NaT", "2026-01-02"], dtype="datetime64[D]")),
    }
    assert [json.loads(d) for d in documents(columns, 3)] == rows_of(columns, 3)
    assert rows_of(columns, 3)[1] == {"名称": None, "50%": None, "n": 2, "flag": False, "day": None}
    assert rows_of(columns, 3)[2]["名称"] == 'a"b\\%s'
    assert documents({}, 2) == [b"{}", b"{}"]


def test_neighbours_on_the_curve_are_neighbours_on_the_ground() -> None:
    x, y = (axis.ravel().astype(float) for axis in np.meshgrid(np.arange(32), np.arange(32)))
    order = hilbert_order(np.column_stack([x, y, x, y]))
    steps = np.abs(np.diff(x[order])) + np.abs(np.diff(y[order]))
    assert sorted(order) == list(range(1024)) and set(steps) == {1.0}
    assert len(hilbert_order(np.empty((0, 4)))) == 0


@pytest.mark.parametrize(("count", "size"), [(300, 300 << 20), (200_000, 200 << 20), (10, 1000)])
def test_batches_are_as_large_as_memory_allows(count: int, size: int) -> None:
    source = Source(Path("a.gpkg"), "a", 4547, count, (), True, bytes=size)
    step = batches._first_step(source)
    for _ in range(6):
        assert 1 <= step <= batches.BATCH and step * size / count <= batches.BATCH_BYTES + size / count
        step = batches._next_step(source, step, step * size // count)


def test_rows_are_what_copy_takes() -> None:
    values = Column.of(["样江".encode(), None, b""])
    points = np.array([shapely.Point(1, 2), shapely.box(0, 0, 1, 1), None], dtype=object)
    rows = copying.piece_rows(7, [1, 2, 2**31 - 1], Column.shapes(points, 4547))
    assert rows[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8) and rows[-2:] == b"\xff\xff"
    at, blobs = 19, shapely.to_wkb(shapely.set_srid(points, 4547), byte_order=1, include_srid=True)
    for number, blob in zip([1, 2, 2**31 - 1], blobs, strict=True):
        head = struct.pack("!hiqii", 3, 8, 7, 4, number)
        own = struct.pack("!i", -1) if blob is None else struct.pack("!i", len(blob)) + blob
        assert rows[at : at + len(head + own)] == head + own
        at += len(head + own)
    assert at == len(rows) - 2
    assert values[[2, 0, 1]].lengths.tolist() == [0, 6, -1]


def test_delivered_bytes_are_kept_and_pieces_cover_the_same() -> None:
    small, ring = shapely.box(0, 0, 1, 1), shapely.Point(5, 5).buffer(3, quad_segs=90)
    many = shapely.union(small, shapely.box(9, 9, 20, 20) - shapely.box(12, 12, 13, 13))
    shapes = np.array([small, ring, many], dtype=object)
    column = Column.shapes(shapes, 4547, [shapely.to_wkb(small, byte_order=1), None, None])
    assert outlines(column) == list(shapely.to_wkb(shapes, byte_order=1))
    moved = column.with_coordinates(shapely.get_coordinates(shapes) + 7.5, 3857)
    assert outlines(moved) == list(shapely.to_wkb(shapely.transform(shapes, lambda c: c + 7.5), byte_order=1))
    assert moved.srid == 3857 and outlines(column) == list(shapely.to_wkb(shapes, byte_order=1))
    made, anew = (pieces_of(shapes, np.array([1, 2, 3]), 4547, known) for known in (column, None))
    assert outlines(made.shapes) == outlines(anew.shapes) and (made.numbers == anew.numbers).all()
    cut, owners = shapely.from_wkb(outlines(made.shapes)), made.numbers
    assert (shapely.get_num_coordinates(cut) <= 128).all()
    for number, shape in enumerate(shapes, start=1):
        assert shapely.area(cut[owners == number]).sum() == pytest.approx(shape.area)


def outlines(column: Column) -> list[bytes]:
    return [column.data[a : a + n].tobytes() for a, n in zip(column.starts, column.lengths, strict=True)]
