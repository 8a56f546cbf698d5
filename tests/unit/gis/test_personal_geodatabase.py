"""Personal geodatabases (.mdb): written by tests/jet4.py with shapes of known area, read as boundaries."""

import math
import random
import shutil
import struct

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from gis.boundaries.boundary import load_file, read_boundary, summary
from gis.deliveries.esri_shape import UnreadableShapeError, read_shape
from tests.jet4 import Table, database, geodatabase, ring_shape

needs_mdbtools = pytest.mark.skipif(
    shutil.which("mdb-json") is None, reason="mdbtools is not installed (make test installs it)"
)
EAST, NORTH = 500_000.0, 3_100_000.0
CURVES, HEIGHTS = 0x20000000, 0x80000000
#: Esri's own spelling of EPSG:4547
ESRI = pyproj.CRS(4547).to_wkt("WKT1_ESRI")


def ring(*corners):
    return [(EAST + x, NORTH + y) for x, y in (*corners, corners[0])]


SQUARE = ring((0, 0), (0, 100), (100, 100), (100, 0))  # clockwise: an outline
HOLE = ring((10, 10), (20, 10), (20, 20), (10, 20))
OTHER = ring((200, 0), (200, 50), (250, 50), (250, 0))


def curve(point, kind, numbers, bits=None):
    tail = struct.pack(f"<III{len(numbers)}d", 1, point, kind, *numbers)
    return tail if bits is None else tail + struct.pack("<I", bits)


#: the east side of the square as each kind of curve, and the area it gives
HALF_DISC = math.pi * 50**2 / 2
EAST_SIDES = {
    "arc by a point on it": (curve(2, 1, (EAST + 150, NORTH + 50), 0x80), 10_000 + HALF_DISC),
    "arc to the right around its centre": (curve(2, 1, (EAST + 100, NORTH + 50), 0), 10_000 + HALF_DISC),
    "arc to the left around its centre": (curve(2, 1, (EAST + 100, NORTH + 50), 8), 10_000 - HALF_DISC),
    "Bézier": (curve(2, 4, (EAST + 150, NORTH + 100, EAST + 150, NORTH)), 13_000),
    "half an ellipse": (
        curve(2, 5, (EAST + 100, NORTH + 50, math.pi / 2, 50, 0.5), 0),
        10_000 + HALF_DISC / 2,
    ),
    "a line after all": (curve(2, 1, (0, 0), 0x20), 10_000),
}


def site(shapes, definition=ESRI, name="红线"):
    rows = [(number, shape) for number, shape in enumerate(shapes, 1)]
    return geodatabase({name: (4, definition, Table({"OBJECTID": "long", "Shape": "ole"}, rows))})


def area(shape):
    """Of a shape as GDAL would hand it out, with arcs of half a degree."""
    wkb = shape.wkb
    if shape.arcs:
        pyogrio.raw.write(
            "/vsimem/arc.gpkg", np.array([wkb], dtype=object), [], np.array([]), driver="GPKG",
            geometry_type="MultiPolygon", layer="a", crs="EPSG:4547",
        )  # fmt: skip
        wkb = pyogrio.raw.read("/vsimem/arc.gpkg")[2][0]
        pyogrio.vsi_unlink("/vsimem/arc.gpkg")
    return shapely.from_wkb(wkb).area


@pytest.mark.filterwarnings("ignore:A geometry of type", "ignore:layer")
@pytest.mark.parametrize("side", EAST_SIDES)
@pytest.mark.parametrize("heights", [False, True])
def test_every_kind_of_curve(side, heights):
    tail, expected = EAST_SIDES[side]
    before = struct.pack("<7d", 0, 1, 1, 2, 3, 4, 5) if heights else b""
    data = ring_shape([SQUARE], kind=51 | CURVES | (HEIGHTS if heights else 0), tail=before + tail)
    assert area(read_shape(data)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.filterwarnings("ignore:A geometry of type", "ignore:layer")
def test_a_circle_and_an_ellipse_without_corners():
    start = [(EAST, NORTH), (EAST, NORTH)]
    circle = ring_shape([start], kind=51 | CURVES, tail=curve(0, 1, (EAST + 80, NORTH), 0x80))
    assert area(read_shape(circle)) == pytest.approx(math.pi * 40**2, rel=2e-5)
    whole = ring_shape([start], kind=51 | CURVES, tail=curve(0, 5, (EAST + 60, NORTH, 0, 60, 0.5), 0x2000))
    shape = read_shape(whole)
    assert shape.flattened
    assert not shape.arcs
    assert area(shape) == pytest.approx(math.pi * 60 * 30, rel=1e-5)


def test_holes_and_parts_by_direction_and_place():
    two = shapely.from_wkb(read_shape(ring_shape([SQUARE, HOLE, OTHER])).wkb)
    assert (len(two.geoms), len(two.geoms[0].interiors), two.area) == (2, 1, 10_000 - 100 + 2_500)
    # drawn the wrong way round: a hole outside of every outline is an outline
    astray = shapely.from_wkb(read_shape(ring_shape([SQUARE, OTHER[::-1]])).wkb)
    assert (len(astray.geoms), astray.area) == (2, 12_500)


def test_other_shapes():
    point = shapely.from_wkb(read_shape(struct.pack("<I4d", 11, EAST, NORTH, 5, 6)).wkb)
    assert (point.x, point.y, point.has_z) == (EAST, NORTH, False)
    several = struct.pack("<I4dI4d", 8, 0, 0, 1, 1, 2, 0, 0, 1, 1)
    assert shapely.from_wkb(read_shape(several).wkb) == shapely.MultiPoint([(0, 0), (1, 1)])
    line = shapely.from_wkb(read_shape(ring_shape([SQUARE[:3], HOLE[:2]], kind=3)).wkb)
    assert (line.geom_type, line.length) == ("MultiLineString", 210)
    assert read_shape(struct.pack("<I", 0)).wkb is None
    with pytest.raises(UnreadableShapeError, match="kind 32"):
        read_shape(struct.pack("<I", 32) + bytes(60))  # a multipatch


def test_damaged_shapes_are_told_or_read_but_never_break():
    chance = random.Random(4)
    whole = ring_shape([SQUARE, HOLE], kind=51 | CURVES, tail=EAST_SIDES["Bézier"][0])
    for _ in range(3_000):
        data = bytearray(whole[: chance.randrange(len(whole) + 1)])
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            read_shape(bytes(data))
        except UnreadableShapeError:
            continue


# --- as boundaries ---------------------------------------------------------------------------------------------------


@needs_mdbtools
def test_boundary_with_hole_and_parts():
    reading = read_boundary("site.mdb", site([ring_shape([SQUARE, HOLE, OTHER])]))
    found = summary(reading)
    assert (found["format"], found["ok"], found["crs"]) == ("MDB", True, 4547)
    assert (found["area_m2"], found["parts"], found["holes"]) == (12_400.0, 2, 1)


@needs_mdbtools
def test_boundary_with_an_arc_tells_the_exact_area():
    shape = ring_shape([SQUARE], kind=51 | CURVES, tail=EAST_SIDES["arc by a point on it"][0])
    reading = read_boundary("site.mdb", site([shape]))
    assert reading.attributes["exact_area_m2"] == pytest.approx(10_000 + HALF_DISC, abs=0.005)
    assert [i.code for i in reading.issues] == ["ARC-APPROXIMATED"]


@needs_mdbtools
def test_boundary_among_other_classes_and_tables():
    rows = [(1, "甲", ring_shape([SQUARE]))]
    classes = {
        "道路": (
            3,
            ESRI,
            Table({"OBJECTID": "long", "Shape": "ole"}, [(1, ring_shape([SQUARE[:3]], kind=3))]),
        ),
        "用地红线": (4, ESRI, Table({"OBJECTID": "long", "名称": "text", "Shape": "ole"}, rows)),
        "建筑": (4, ESRI, Table({"OBJECTID": "long", "Shape": "ole"}, [(1, ring_shape([HOLE[::-1]]))])),
    }
    reading = read_boundary("site.mdb", geodatabase(classes))
    assert (reading.area_m2, reading.attributes["layer"]) == (10_000.0, "用地红线")
    assert reading.attributes["properties"]["名称"] == "甲"


@needs_mdbtools
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (site([ring_shape([SQUARE])], ""), "CRS-UNKNOWN"),
        (site([ring_shape([SQUARE]), b"\x05\0\0\0cut"]), "SHAPE-UNREADABLE"),
        (database({"points": Table({"x": "double"}, [(1.0,)])}), "MDB-NO-SHAPES"),
        (site([ring_shape([SQUARE])])[:9_000], "MDB-UNREADABLE"),
    ],
)
def test_what_is_missing_is_told(data, code):
    reading = read_boundary("site.mdb", data)
    assert not reading.ok
    assert code in [i.code for i in reading.issues]


def test_without_mdbtools_the_remedy_names_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)
    (issue,) = read_boundary("site.mdb", site([ring_shape([SQUARE])])).issues
    assert issue.code == "MDB-NO-PROGRAM"
    assert "mdbtools" in issue.remedy
    assert "mdbtools" in issue.remedy_en


@pytest.mark.filterwarnings("ignore")
def test_arcs_of_a_file_geodatabase_are_told_too(tmp_path):
    data = ring_shape([SQUARE], kind=51 | CURVES, tail=EAST_SIDES["arc by a point on it"][0])
    pyogrio.raw.write(
        tmp_path / "a.gdb", np.array([read_shape(data).wkb], dtype=object), [np.array([1])], np.array(["n"]),
        driver="OpenFileGDB", geometry_type="MultiPolygon", layer="red", crs="EPSG:4547",
    )  # fmt: skip
    reading = read_boundary("a.zip", load_file(tmp_path / "a.gdb"))
    assert reading.attributes["exact_area_m2"] == pytest.approx(10_000 + HALF_DISC, abs=0.005)
    assert [i.code for i in reading.issues] == ["ARC-APPROXIMATED"]
