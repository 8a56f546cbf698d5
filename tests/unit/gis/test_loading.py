"""The parts of a layer import that know no database: columns, the order of pieces, batches by size, rows of COPY."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import geopandas
import numpy as np
import pandas
import pytest
import shapely

from gis.deliveries import arrow, batches
from gis.deliveries.columns import documents, plain_column, rows_of
from gis.deliveries.source import Source, open_source
from gis.layers import copying
from gis.layers.copying import Column
from gis.layers.loading import pieces_of
from gis.layers.pieces import hilbert_order
from project_box.kernel.errors import BadInput


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


def test_columns_of_a_geopackage_are_what_reading_by_features_gives(tmp_path: Path) -> None:
    rows = {
        "名称": ["样江", None, "", "a\u0000b", "plain"],
        "plain": ["x", None, "", "longer", "y"],
        "real": [1.5, None, -0.0, 1e300, 7.0],
        "whole": pandas.array([1, None, 3, 2**40, -5], dtype="Int64"),
        "small": pandas.array([1, 2, 3, 4, 5], dtype="int32"),
        "flag": pandas.array([True, None, False, True, True], dtype="boolean"),
    }
    box = shapely.box(0, 0, 1, 1)
    areas = [box, None, shapely.MultiPolygon([box, shapely.box(2, 2, 3, 3)]), shapely.Polygon(), box]
    frame = geopandas.GeoDataFrame(rows, geometry=areas, crs=4547)
    path = tmp_path / "some.gpkg"
    frame.to_file(path, layer="some", geometry_type="MultiPolygon")
    with open_source(path) as source:
        streamed = arrow.parts(source, 2)
        assert streamed is not None
        parts, whole = list(streamed), list(batches._parts(source, 0))
        assert [len(p.blobs) for p in parts] == [2, 2, 1] and {tuple(p.names) for p in parts} == {tuple(rows)}
        assert (
            np.concatenate([p.blobs for p in parts]).tolist()
            == np.concatenate([p.blobs for p in whole]).tolist()
        )
        for n in range(len(rows)):
            mine, theirs = ([v for p in some for v in plain_column(p.columns[n])] for some in (parts, whole))
            assert mine == theirs
    frame.assign(day=pandas.Timestamp("2026-01-01")).to_file(path, layer="some", geometry_type="MultiPolygon")
    with open_source(path) as source:
        assert arrow.parts(source, 2) is None
    frame.to_file(path, layer="any", geometry_type="Unknown")
    with open_source(path, layer="any") as source:
        assert arrow.parts(source, 2) is None


def test_a_damaged_geopackage_is_refused_where_the_stream_of_columns_just_ends(tmp_path: Path) -> None:
    path = tmp_path / "damaged.gpkg"
    areas = [shapely.Point(500_000 + n, 3_000_000).buffer(100) for n in range(1_500)]
    geopandas.GeoDataFrame(geometry=areas, crs=4547).to_file(path, layer="some")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 12_288] = b"\xff" * 12_288
    path.write_bytes(data)
    with open_source(path) as source:
        streamed = arrow.parts(source, 500)
        assert streamed is not None and sum(len(part.blobs) for part in streamed) < source.count
        with pytest.raises(BadInput) as refused:
            list(batches.read_batches(source, buffered=False))
    assert refused.value.code == "unreadable_layer"


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
