"""Vector tiles as they are written, read back by GDAL."""

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.tiles.mvt import Features, Grid, encode

#: a tile of 1000 m whose unit is a metre
GRID = Grid(west=5000.0, north=9000.0, size=1000.0, extent=1000)


def tile(shapes, numbers=None, labels=(), classes=None):
    count = len(shapes)
    return encode(
        "plots",
        Features(
            np.array(numbers if numbers is not None else range(1, count + 1), np.int64),
            list(labels),
            list(classes) if classes is not None else [None] * count,
            b"".join(shapely.to_wkb(shapes, byte_order=1, flavor="iso")),
        ),
        GRID,
    )


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Reads a tile; shapes come back in metres of the plan."""
    place = tmp_path_factory.mktemp("tiles") / "tile.mvt"

    def reader(data):
        place.write_bytes(data)
        frame = pyogrio.read_dataframe(place)  # y grows downwards in a tile, and GDAL turns it
        shapes = shapely.transform(frame.geometry.values, lambda c: np.add(c, (5000, 8000)))
        return frame.assign(geometry=shapes)

    return reader


def place(x, y):
    return 5000 + x, 8000 + y


def area(*corners):
    return shapely.Polygon([place(*c) for c in corners])


def test_areas_lines_and_points_come_back_where_they_were(read):
    square = area((10, 10), (60, 10), (60, 60), (10, 60))
    ring = square.difference(square.buffer(-10, join_style="mitre"))
    shapes = [
        square,
        ring,
        shapely.MultiPolygon([square, area((200, 200), (260, 200), (230, 290))]),
        shapely.LineString([place(0, 0), place(50, 70), place(90, 20)]),
        shapely.MultiLineString([[place(0, 0), place(9, 9)], [place(20, 20), place(30, 20), place(30, 40)]]),
        shapely.Point(place(5, 7)),
        shapely.MultiPoint([place(5, 7), place(900, 30)]),
        shapely.from_wkt("POLYGON Z ((5010 8010 3, 5090 8010 4, 5090 8070 5, 5010 8010 3))"),
    ]
    found = read(tile(shapes))
    assert found["mvt_id"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    for drawn, meant in zip(found.geometry, shapely.force_2d(shapes), strict=True):
        assert shapely.equals(drawn, meant), (drawn, meant)


def test_what_a_feature_is_called(read):
    square = area((10, 10), (60, 10), (60, 60))
    long = "很长的名称" * 60
    found = read(tile([square] * 4, [7, -1, 9, 2**40], ["甲", "甲", long, ""], ["0701", None, "0701", "甲"]))
    assert found["mvt_id"].fillna(-1).tolist() == [7, -1, 9, 2**40]
    assert found["label"].tolist() == ["甲", "甲", long, ""]
    assert found["class"].fillna("").tolist() == ["0701", "", "0701", "甲"]
    assert "label" not in read(tile([square], classes=["0701"])).columns
    assert list(read(tile([square])).columns) == ["mvt_id", "geometry"]


def test_what_shrinks_to_nothing_is_left_out(read):
    speck = area((10.1, 10.1), (10.3, 10.1), (10.3, 10.3))
    flat = area((10, 10), (90, 10.2), (50, 10.1))
    nothing = [speck, flat, shapely.from_wkt("POLYGON EMPTY"), shapely.from_wkt("POINT EMPTY")]
    assert tile(nothing) == b"" and tile([]) == b""
    holed = shapely.Polygon(
        [place(10, 10), place(60, 10), place(60, 60), place(10, 60)],
        [[place(30, 30), place(30.2, 30), place(30, 30.2)]],
    )
    assert read(tile([speck, holed])).geometry[0].equals(area((10, 10), (60, 10), (60, 60), (10, 60)))


def test_spikes_go_and_tangles_are_mended(read):
    spike = area((10, 10), (60, 10), (60, 30), (200, 30.2), (60, 30.4), (60, 60), (10, 60))
    (drawn,) = read(tile([spike])).geometry
    assert drawn.equals(area((10, 10), (60, 10), (60, 60), (10, 60))) and len(drawn.exterior.coords) == 5
    waist = area((10, 10), (50, 50), (90, 10), (90, 90), (50, 50.3), (10, 90))  # its sides meet on the grid
    bow = area((10, 10), (90, 90), (90, 10), (10, 90))  # crosses itself as delivered
    mixed = shapely.GeometryCollection([shapely.Point(place(3, 3)), shapely.MultiPolygon([waist, spike])])
    assert {read(tile([shape])).geometry[0].geom_type for shape in (waist, bow)} == {"MultiPolygon"}
    for shape in (waist, bow, mixed):
        (drawn,) = read(tile([shape])).geometry
        assert drawn.is_valid
        meant = shapely.union_all([p for p in shapely.get_parts(shapely.make_valid(shape)) if p.area])
        assert drawn.symmetric_difference(meant).area < 0.5 * shape.length


coordinate = st.floats(0, 40, allow_nan=False)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12), st.integers(0, 3))
def test_areas_are_valid_and_where_they_were_however_tangled(read, corners, hole):
    shape = shapely.make_valid(area(*corners))
    if hole:
        shape = shape.difference(shapely.Point(shape.centroid).buffer(hole, quad_segs=3))
    shape = shapely.MultiPolygon([p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"])
    data = tile([shape])
    drawn = read(data).geometry[0] if data else shapely.MultiPolygon()
    assert drawn.is_valid, shapely.is_valid_reason(drawn)
    assert drawn.symmetric_difference(shape).area <= 0.75 * shape.length + 0.5
