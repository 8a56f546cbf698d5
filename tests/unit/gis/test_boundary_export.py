"""Every format a boundary is written in reads back to the millimetre."""

import io
import math
import zipfile

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from gis import crs as crs_module
from gis.boundaries.boundary import read_boundary
from gis.boundaries.export import FORMATS, export_boundary, format_of
from project_box.kernel.errors import BadInput

CRS = 4547
HOLED = box(485_900, 3_115_000, 486_000, 3_115_080).difference(box(485_940, 3_115_030, 485_950, 3_115_040))
assert isinstance(HOLED, Polygon)
TWO = MultiPolygon([HOLED, box(486_100, 3_115_000, 486_140.123, 3_115_020.456)])


def star(x, y, radii):
    """A polygon whose corners lie around a middle, so that it never crosses itself."""
    step = 2 * math.pi / len(radii)
    return Polygon([(x + r * math.cos(n * step), y + r * math.sin(n * step)) for n, r in enumerate(radii)])


RADII = st.lists(st.floats(40, 180), min_size=3, max_size=60)


@st.composite
def boundaries(draw):
    """One to three parts far from each other, each with or without a hole."""
    parts: list[Polygon] = []
    for number in range(draw(st.integers(1, 3))):
        x = draw(st.floats(450_000, 550_000)) if number == 0 else parts[0].centroid.x + 1000 * number
        y = draw(st.floats(2_400_000, 4_900_000)) if number == 0 else parts[0].centroid.y
        radii = draw(RADII)
        if len(radii) < 5:
            radii = [*radii, *([90.0] * 3)]
        outer = star(x, y, radii)
        hole = star(x, y, [5.0, 6.0, 5.5, 7.25])
        parts.append(Polygon(outer.exterior, [hole.exterior]) if draw(st.booleans()) else outer)
    return MultiPolygon(parts)


def read_back(written, crs=CRS):
    reading = read_boundary(
        f"a.{written.extension}", written.data, crs=crs if written.format == "DXF" else None
    )
    assert reading.ok, [(i.code, i.message) for i in reading.issues]
    assert reading.geometry is not None and reading.crs is not None
    return reading, crs_module.transform_unchecked(reading.geometry, reading.crs, crs)


def same(reading, geometry, expected):
    assert (reading.parts, reading.holes) == (
        len(expected.geoms),
        sum(len(p.interiors) for p in expected.geoms),
    )
    assert shapely.hausdorff_distance(geometry, expected) < 0.001
    assert shapely.hausdorff_distance(expected, geometry) < 0.001


@pytest.mark.parametrize("format_name", FORMATS)
@given(boundaries())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_reads_back_to_the_millimetre(format_name, expected):
    reading, geometry = read_back(export_boundary(expected, CRS, format_name, name="甲地块", code="01"))
    same(reading, geometry, expected)


@pytest.mark.parametrize("crs", [4547, 4526, 4509, 4498, 2379, 2431])
@pytest.mark.parametrize("format_name", [f for f in FORMATS if f != "kml"])
def test_keeps_the_crs(format_name, crs):
    zone = crs_module.gauss_kruger(crs)
    moved = shapely.transform(TWO, lambda c: c + np.array([zone.false_easting - 500_000, 0]))
    written = export_boundary(moved, crs, format_name)
    reading, geometry = read_back(written, crs)
    assert reading.crs == crs
    same(reading, geometry, moved)


def test_kml_is_refused_where_the_datum_cannot_be_moved():
    with pytest.raises(BadInput) as refused:
        export_boundary(TWO, 2382, "kml")
    assert refused.value.code == "CRS-NO-TRANSFORM"


def test_dxf_has_closed_polylines_on_the_red_line_layer():
    ezdxf = pytest.importorskip("ezdxf")
    data = export_boundary(TWO, CRS, "dxf").data
    drawing = ezdxf.read(io.StringIO(data.decode("gb18030")))
    assert drawing.dxfversion == "AC1018" and drawing.encoding == "gbk"
    assert not drawing.audit().errors
    lines = list(drawing.modelspace())
    assert [(e.dxftype(), e.dxf.layer, e.closed) for e in lines] == [("LWPOLYLINE", "用地红线", True)] * 3


def test_shapefile_parts_and_same_bytes():
    first = export_boundary(TWO, CRS, "zip", name="甲").data
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {n.rsplit(".", 1)[1] for n in archive.namelist()} == {"shp", "shx", "dbf", "prj", "cpg"}
    assert read_boundary("a.zip", first).attributes["properties"]["DKMC"] == "甲"


def test_what_cannot_be_written(tmp_path):
    for geometry, crs, format_name, code in (
        (TWO, CRS, "pdf", "EXPORT-FORMAT"),
        (shapely.Point(1, 2), CRS, "gpkg", "EXPORT-NOT-AREA"),
        (box(113, 28, 113.1, 28.1), 4490, "dxf", "EXPORT-CRS"),
        (box(113, 28, 113.1, 28.1), 4490, "txt", "TXT-CRS"),
    ):
        with pytest.raises(BadInput) as refused:
            export_boundary(geometry, crs, format_name)
        assert refused.value.code == code
    assert format_of(tmp_path / "a.ZIP") == "zip"
