"""Boundaries by other writers: angles of every spelling, binary drawings, XML without a common schema, LandXML."""

import io
import json
import math
import struct
import zipfile

import geopandas
import pytest

from gis.boundaries.boundary import read_boundary
from gis.boundaries.text import number
from gis.deliveries.dxf_text import as_text
from tests.unit.gis.test_boundary_other_formats import DEGREES, SITE, codes

OUTER, HOLE = (list(ring.coords)[:-1] for ring in (SITE.exterior, *SITE.interiors))
AREA = 7_900.0


def packed(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("written", "degrees"),
    [
        ("28°9′8.5″", 28 + 9 / 60 + 8.5 / 3600),
        ("北纬28度9分8.5秒", 28 + 9 / 60 + 8.5 / 3600),
        ("东经114度7分", 114 + 7 / 60),
        ("N28-9-8.5", 28 + 9 / 60 + 8.5 / 3600),
        ("28:09:08.5", 28 + 9 / 60 + 8.5 / 3600),
        ("28 09 08.5", 28 + 9 / 60 + 8.5 / 3600),
        ("28°9.25′N", 28 + 9.25 / 60),
        ("-33.5°", None),
        ("33.5°S", -33.5),
        ("W 71-30-00", -71.5),
        ("28.5N", 28.5),
        ("E114.25", 114.25),
        ("28°61′0″", None),
        ("12-3-45", None),  # a number of a parcel
        ("3 115 000.5", 3_115_000.5),
    ],
)
def test_angles(written, degrees):
    assert number(written) == (pytest.approx(degrees, abs=1e-12) if degrees is not None else None)


def test_degrees_under_a_header_that_names_the_datum():
    rows = "".join(f"J{n},{y:.10f},{x:.10f}\n" for n, (x, y) in enumerate(DEGREES.exterior.coords[:-1], 1))
    reading = read_boundary("a.txt", f"坐标系=2000国家大地坐标系\n{rows}".encode())
    assert reading.crs == 4490
    assert reading.area_m2 == pytest.approx(8_000, abs=0.1)
    assert "CRS-UNKNOWN" in codes(read_boundary("a.txt", rows.encode()))


@pytest.mark.parametrize("form", ["P{},{:.10f}N,{:.10f}E", "P{} {:.10f}°N {:.10f}°E"])
def test_degrees_with_their_side_under_a_title(form):
    points = enumerate(DEGREES.exterior.coords[:-1], 1)
    rows = "\n".join(form.format(n, y, x) for n, (x, y) in points)
    reading = read_boundary("a.txt", f"WGS 84\n{rows}\n".encode())
    assert reading.crs == 4326
    assert reading.area_m2 == pytest.approx(8_000, abs=0.2)


def test_angles_with_colons_are_no_header():
    def angle(v):
        whole, minutes = int(v), v % 1 * 60
        return f"{whole}:{int(minutes):02d}:{minutes % 1 * 60:09.6f}"

    rows = "".join(
        f"J{n} {angle(y)} {angle(x)}\n" for n, (x, y) in enumerate(DEGREES.exterior.coords[:-1], 1)
    )
    assert read_boundary("a.txt", f"CGCS2000\n{rows}".encode()).area_m2 == pytest.approx(8_000, abs=0.2)


def test_a_ring_in_one_line():
    line = " ".join(f"{y:.3f},{x + 38e6:.3f}" for x, y in OUTER)
    assert read_boundary("a.txt", f"坐标系=2000国家大地坐标系\n{line}\n".encode()).area_m2 == 8_000


# --- drawings --------------------------------------------------------------------------------------------------------


def drawing(points, bulge=0.0):
    """Tags of a drawing with one closed line on the red line layer."""
    tags: list[tuple[int, object]] = [
        (0, "SECTION"),
        (2, "HEADER"),
        (9, "$ACADVER"),
        (1, "AC1009"),
        (0, "ENDSEC"),
    ]
    tags += [(0, "SECTION"), (2, "ENTITIES"), (0, "POLYLINE"), (8, "YDHX"), (66, 1), (70, 1)]
    for n, (x, y) in enumerate(points):
        tags += [(0, "VERTEX"), (8, "YDHX"), (10, x), (20, y), (42, bulge if n == 1 else 0.0)]
    return [*tags, (0, "SEQEND"), (0, "ENDSEC"), (0, "EOF")]


def binary(tags, *, narrow):
    def value(v):
        if isinstance(v, str):
            return v.encode() + b"\0"
        return struct.pack("<d" if isinstance(v, float) else "<h", v)

    head = b"AutoCAD Binary DXF\r\n\x1a\x00"
    return head + b"".join(struct.pack("<B" if narrow else "<H", code) + value(v) for code, v in tags)


@pytest.mark.parametrize("narrow", [True, False])
def test_binary_drawing(narrow):
    square = [(5e5, 3.1e6), (5e5 + 100, 3.1e6), (5e5 + 100, 3.1e6 + 100), (5e5, 3.1e6 + 100)]
    reading = read_boundary("a.dxf", binary(drawing(square, bulge=1.0), narrow=narrow), crs=4547)
    assert reading.attributes["exact_area_m2"] == pytest.approx(10_000 + math.pi * 1250, abs=0.005)
    cut = binary(drawing(square), narrow=narrow)[:-30]
    assert codes(read_boundary("a.dxf", cut, crs=4547)) == {"FILE-BROKEN"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_drawing_in_utf16(encoding):
    text = "".join(f"{code}\n{value}\n" for code, value in drawing(OUTER))
    assert read_boundary("a.dxf", text.encode(encoding), crs=4547).area_m2 == 8_000


def test_plain_drawings_stay_as_they_are():
    assert as_text(b"  0\nSECTION\n") == b"  0\nSECTION\n"


# --- XML -------------------------------------------------------------------------------------------------------------


def test_points_in_xml_of_an_office():
    def ring(points):
        rows = (
            f"<界址点><点号>J{n}</点号><X>{y}</X><Y>{x + 38e6}</Y></界址点>"
            for n, (x, y) in enumerate(points, 1)
        )
        return f"<圈>{''.join(rows)}</圈>"

    body = f"<坐标系>2000国家大地坐标系</坐标系><面积>0.79公顷</面积><地块>{ring(OUTER)}{ring(HOLE)}</地块>"
    text = f'<?xml version="1.0" encoding="GBK"?><勘测定界>{body}</勘测定界>'
    reading = read_boundary("a.xml", text.encode("gbk"))
    assert reading.ok, reading.issues
    assert (reading.area_m2, reading.holes, reading.crs) == (AREA, 1, 4526)
    assert reading.declared_area_m2 == AREA


def test_points_as_attributes_of_two_parcels():
    def parcel(shift):
        rows = (f'<p id="{n}" x="{y}" y="{x + shift}"/>' for n, (x, y) in enumerate(OUTER, 1))
        return f"<parcel><ring>{''.join(rows)}</ring></parcel>"

    reading = read_boundary("a.xml", f"<site>{parcel(0)}{parcel(500)}</site>".encode(), crs=4547)
    assert (reading.area_m2, reading.parts) == (16_000, 2)


LANDXML = """<LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2"><CoordinateSystem epsgCode="4547"/>
<CgPoints><CgPoint name="1">3100000 500000</CgPoint><CgPoint name="2">3100000 500100</CgPoint></CgPoints>
<Parcels><Parcel name="A" area="13926.99"><CoordGeom><Line><Start pntRef="1"/><End pntRef="2"/></Line>
<Curve rot="{}"><Start pntRef="2"/><Center>3100050 500100</Center><End>3100100 500100</End></Curve>
<Line><Start>3100100 500100</Start><End>3100100 500000</End></Line>
<Line><Start>3100100 500000</Start><End pntRef="1"/></Line></CoordGeom></Parcel></Parcels></LandXML>"""


@pytest.mark.parametrize(("turn", "sign"), [("ccw", 1), ("cw", -1)])
def test_landxml_with_a_curve(turn, sign):
    reading = read_boundary("a.xml", LANDXML.format(turn).encode())
    assert reading.crs == 4547
    assert reading.attributes["exact_area_m2"] == pytest.approx(10_000 + sign * math.pi * 1250, abs=0.005)
    assert ("AREA-MISMATCH" in codes(reading)) == (sign < 0)


def test_landxml_without_parcels_and_xml_with_entities():
    assert codes(read_boundary("a.xml", b"<LandXML><Surfaces/></LandXML>")) == {"NO-AREA"}
    text = b'<!DOCTYPE a [<!ENTITY x "1">]><a><p><x>&x;</x><y>2</y></p></a>'
    assert codes(read_boundary("a.xml", text)) == {"FILE-TYPE"}


# --- other wrappings -------------------------------------------------------------------------------------------------


def test_json_of_other_programs():
    rings = [[list(c) for c in ring.coords] for ring in (SITE.exterior, *SITE.interiors)]
    lines = {"type": "MultiLineString", "coordinates": rings}
    assert read_boundary("a.json", json.dumps(lines).encode(), crs=4547).area_m2 == AREA
    esri = {"rings": [r[::-1] for r in rings], "spatialReference": {"wkid": 4547}}
    assert read_boundary("a.json", json.dumps(esri).encode()).area_m2 == AREA
    degrees = [[y, x] for x, y in DEGREES.exterior.coords]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [degrees]}}
    listed = read_boundary("a.json", json.dumps([feature]).encode())
    assert (listed.crs, "AXIS-SWAPPED" in codes(listed)) == (4326, True)
    assert listed.area_m2 == pytest.approx(8_000, abs=0.2)


def test_a_zip_in_a_zip_and_a_geodatabase_without_its_folder(tmp_path):
    geopandas.GeoDataFrame(geometry=[SITE], crs=4547).to_file(
        tmp_path / "a.gdb", driver="OpenFileGDB", layer="a"
    )
    flat = packed({f.name: f.read_bytes() for f in (tmp_path / "a.gdb").iterdir()})
    assert read_boundary("a.zip", flat).area_m2 == AREA
    assert read_boundary("a.zip", packed({"project/site.zip": flat, "readme.txt": b"x"})).area_m2 == AREA
    twice = packed({"b.zip": packed({"a.zip": flat})})
    assert codes(read_boundary("a.zip", twice)) == {"ZIP-NO-BOUNDARY"}


def test_points_alone_are_not_joined_by_guess():
    points = {"type": "MultiPoint", "coordinates": [list(p) for p in OUTER]}
    collection = [{"type": "Point", "coordinates": list(p)} for p in OUTER]
    for geometry in (points, {"type": "GeometryCollection", "geometries": collection}):
        (issue,) = read_boundary("a.json", json.dumps(geometry).encode(), crs=4547).issues
        assert issue.code == "NO-AREA"
    assert "4 个点" in issue.message


# --- what stands around the points -----------------------------------------------------------------------------------


def test_a_title_names_the_system_and_a_header_says_it_better():
    rows = "".join(f"J{n} {y:.3f} {x:.3f}\n" for n, (x, y) in enumerate(OUTER, 1))
    assert read_boundary("a.txt", f"2000国家大地坐标系 中央子午线114度\n{rows}".encode()).crs == 4547
    both = f"由1980西安坐标系转换\n坐标系=2000国家大地坐标系\n带号=38\n{rows}"
    reading = read_boundary("a.txt", both.encode())
    assert reading.crs == 4547
    assert "TXT-HEADER-DIFFERS" not in codes(reading)


@pytest.mark.parametrize(
    ("title", "crs"),
    [
        ("1980西安坐标系 带号38", 2362),
        ("由1980西安坐标系转换为2000国家大地坐标系", 4526),
        ("坐标由西安80转换而来", 4526),
    ],
)
def test_a_title_that_names_where_coordinates_come_from(title, crs):
    rows = "".join(f"J{n},{y:.3f},{x + 38e6:.3f}\n" for n, (x, y) in enumerate(OUTER, 1))
    reading = read_boundary("a.txt", f"{title}\n{rows}".encode())
    assert reading.crs == crs
    assert ("CRS-DATUM-ASSUMED" in codes(reading)) == ("而来" in title)


def test_points_in_brackets():
    rows = "".join(f"({y:.3f}, {x + 38e6:.3f})\n" for x, y in OUTER)
    assert read_boundary("a.txt", f"坐标系=2000国家大地坐标系\n{rows}".encode()).area_m2 == 8_000


@pytest.mark.parametrize("heads", ["DH,XZB,YZB", "点号,ZZB,HZB", "Punkt;Hochwert;Rechtswert"])
def test_headings_in_pinyin_and_german(heads):
    rows = "".join(f"{n},{y},{x}\n" for n, (x, y) in enumerate(OUTER, 1))
    text = f"{heads}\n{rows.replace(',', ';') if ';' in heads else rows}"
    assert read_boundary("a.csv", text.encode(), crs=4547).area_m2 == 8_000


def test_wkt_in_quotes_between_semicolons():
    for text in (f'"id";"WKT"\n1;"{SITE.wkt}"\n', f'geometry\n"{SITE.wkt}"\n'):
        assert read_boundary("a.csv", text.encode(), crs=4547).area_m2 == AREA


def test_kmz_whose_main_file_links_to_its_layers():
    ring = " ".join(f"{x},{y}" for x, y in DEGREES.exterior.coords)
    layer = (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>'
        f"{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
    )
    link = '<kml xmlns="http://www.opengis.net/kml/2.2"><NetworkLink><Link><href>layers/a.kml</href></Link></NetworkLink></kml>'
    reading = read_boundary("a.kmz", packed({"doc.kml": link, "layers/a.kml": layer}))
    assert reading.area_m2 == pytest.approx(8_000, abs=0.2)


def lines_of(points, layer):
    tags: list[tuple[int, object]] = [(0, "SECTION"), (2, "ENTITIES")]
    for (x, y), (u, v) in zip(points, [*points[1:], points[0]], strict=True):
        tags += [(0, "LINE"), (8, layer), (10, x), (20, y), (11, u), (21, v)]
    return "".join(f"{code}\n{value}\n" for code, value in [*tags, (0, "ENDSEC"), (0, "EOF")])


def test_open_lines_that_join_to_the_one_ring_of_a_drawing():
    reading = read_boundary("a.dxf", lines_of(OUTER, "0").encode(), crs=4547)
    assert reading.area_m2 == 8_000
    assert "LINE-AS-AREA" in codes(reading)
    assert not read_boundary(
        "a.dxf", lines_of(OUTER[:3], "0").replace("LINE", "POINT", 1).encode(), crs=4547
    ).ok
