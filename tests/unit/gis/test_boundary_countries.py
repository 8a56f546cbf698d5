"""Boundaries as surveyors of several countries and their programs write them; areas are known by hand."""

import json
import math

import pytest

from gis import crs as crs_module
from gis.boundaries.boundary import read_boundary
from gis.source_crs import parse_crs
from tests.unit.gis.test_boundary_other_formats import codes

#: north and east of a plot of 50 m by 80 m
PLOT = (
    (3_100_000.125, 485_900.5),
    (3_100_000.125, 485_980.5),
    (3_100_050.125, 485_980.5),
    (3_100_050.125, 485_900.5),
)
#: latitude and longitude of a square of six seconds, in degrees, minutes and seconds
SIDES = ((15.5, 3.25), (21.5, 3.25), (21.5, 9.25), (15.5, 9.25))
DMS = tuple((28, 9, south, 113, 51, east) for south, east in SIDES)
BOUNDS = (113 + 51 / 60 + 3.25 / 3600, 28 + 9 / 60 + 15.5 / 3600)
#: a plane of Moscow's kind: X is north, both numbers have the digits of a Chinese grid the other way round
MOSCOW = (
    "+proj=tmerc +lat_0=55.6666666667 +lon_0=37.5 +k=1 +x_0=2200000 +y_0=470000 "
    "+ellps=bessel +towgs84=0,0,0 +units=m"
)


def lines(*rows):
    return "\n".join(rows).encode()


ANGLES = {
    "three columns each": lines(
        "点号,北纬度,北纬分,北纬秒,东经度,东经分,东经秒",
        *(f"J{n},{','.join(map(str, row))}" for n, row in enumerate(DMS)),
    ),
    "merged headings above": lines(
        "点号,北纬,,,东经,,", ",度,分,秒,度,分,秒", *(f"J{n},{','.join(map(str, row))}" for n, row in enumerate(DMS))
    ),
    "English headings": lines(
        "Point,Lat D,Lat M,Lat S,Lon D,Lon M,Lon S",
        *(f"J{n},{','.join(map(str, row))}" for n, row in enumerate(DMS)),
    ),
    "packed, said in the header": lines(
        "坐标系=2000国家大地坐标系",
        "坐标格式=dd.mmssss",
        *(f"{n},1,{a}.{b:02}{c * 100:04.0f},{d}.{e:02}{f * 100:04.0f}" for n, (a, b, c, d, e, f) in enumerate(DMS)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("data", ANGLES.values(), ids=ANGLES)
def test_degrees_minutes_and_seconds_apart_or_packed(data):
    reading = read_boundary("a.csv", data, crs=4490)
    assert reading.ok, reading.issues
    assert reading.geometry.bounds[:2] == pytest.approx(BOUNDS, abs=1e-9)


def test_packed_angles_that_are_none():
    data = ANGLES["packed, said in the header"].replace(b"28.0915", b"28.0975")
    assert "ANGLES-NOT-PACKED" in codes(read_boundary("a.txt", data))


@pytest.mark.parametrize(
    ("crs", "heading", "first"),
    [
        ("27700", "Point,X,Y", (430_000, 310_000)),
        ("27700", "Point,Northing,Easting", (310_000, 430_000)),
        ("6677", "測点名,X座標,Y座標", (-35_000, -7_000)),
        (MOSCOW, "Номер точки\tX\tY", (472_300, 2_204_100)),
    ],
)
def test_x_is_what_the_country_calls_so(crs, heading, first):
    a, b = first
    comma = "\t" if "\t" in heading else ","
    corners = ((a, b), (a, b + 30), (a + 40, b + 30), (a + 40, b))
    rows = [comma.join((f"н{n}", f"{x}.25", f"{y}.5")) for n, (x, y) in enumerate(corners)]
    stated = parse_crs(crs)
    assert stated is not None
    reading = read_boundary("a.csv", lines(heading, *rows), crs=stated)
    assert reading.area_m2 == pytest.approx(1200, abs=0.5)
    moved = reading.geometry
    if int(stated) == crs_module.WGS84:
        assert moved.bounds[:2] == pytest.approx((37.566, 55.686), abs=1e-2)
    else:
        xs, ys = min(float(f"{x}.25") for x, _ in corners), min(float(f"{y}.5") for _, y in corners)
        east_first = crs_module.x_is_east(stated) and "X" in heading
        east, north = (xs, ys) if east_first else (ys, xs)
        assert moved.bounds[:2] == (east, north)


@pytest.mark.parametrize(("heading", "told"), [((), True), (("point north east",), False)])
def test_an_order_of_columns_that_nobody_states_is_assumed_aloud(heading, told):
    rows = [
        f"P{n} {north} {east}"
        for n, (north, east) in enumerate(((310_000, 430_000), (310_000, 430_040), (310_030, 430_040)))
    ]
    reading = read_boundary("a.txt", lines(*heading, *rows), crs=27700)
    assert reading.geometry.bounds[0] == 430_000 and ("AXIS-ASSUMED" in codes(reading)) == told


SENTENCE = (
    "该地块坐标为："
    + "；".join(f"J{n} X={x} Y=38{y}" for n, (x, y) in enumerate(PLOT))
    + "。（2000国家大地坐标系）"
)
PAGE = (
    "<html><body><table><tr><th colspan=3>2000国家大地坐标系</th></tr><tr><td>点号</td><td>X</td><td>Y</td></tr>"
    + "".join(f"<tr><td>J{n}</td><td>{x}</td><td>38{y}</td></tr>" for n, (x, y) in enumerate(PLOT))
    + "</table></body></html>"
)
WORKBOOK = (
    '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="1"><Table>'
    "<Row><Cell><Data>点号</Data></Cell><Cell ss:Index=\"3\"><Data>X</Data></Cell><Cell><Data>Y</Data></Cell></Row>"
    + "".join(
        f'<Row><Cell><Data>J{n}</Data></Cell><Cell ss:Index="3"><Data>{x}</Data></Cell>'
        f"<Cell><Data>38{y}</Data></Cell></Row>"
        for n, (x, y) in enumerate(PLOT)
    )
    + "</Table></Worksheet></Workbook>"
)  # fmt: skip


@pytest.mark.parametrize(
    "text", [SENTENCE, PAGE, WORKBOOK], ids=["sentence", "HTML as .xls", "Excel 2003 XML"]
)
def test_points_in_prose_and_markup(text):
    reading = read_boundary("a.xls", text.encode("gb18030" if text is not WORKBOOK else "utf-8"))
    assert (reading.ok, reading.crs, reading.area_m2) == (True, 4526, 4000.0), reading.issues


def test_sima():
    text = lines(
        "G00,01,site,", "A00,", "A01,1,K1,-35000.000,-7000.000,,", "A01,2,K2,-35000.000,-6920.000,,",
        "A01,3,K3,-34950.000,-6920.000,,", "A01,4,K4,-34950.000,-7000.000,,", "A99,",
        "D00,1,1-1,1,", *(f"B01,{n},K{n}," for n in range(1, 5)), "D99,",
    )  # fmt: skip
    assert codes(read_boundary("a.sim", text)) == {"CRS-UNKNOWN"}
    reading = read_boundary("a.sim", text, crs=6677)
    assert (reading.ok, reading.area_m2, reading.geometry.bounds) == (
        True,
        4000.0,
        (-7000, -35000, -6920, -34950),
    )
    assert "SIMA-NO-POINT" in codes(read_boundary("a.sim", text.replace(b"B01,3,", b"B01,9,"), crs=6677))


@pytest.mark.parametrize(
    ("curve", "beyond"),
    [
        ({"c": [[500100, 3100000], [500050, 3100050]]}, math.pi * 1250),
        ({"a": [[500100, 3100000], [500050, 3100000], 0, 1]}, math.pi * 1250),
        ({"b": [[500100, 3100000], [500020, 3100030], [500080, 3100030]]}, None),
    ],
)
def test_curves_of_esri(curve, beyond):
    ring = [[500000, 3100000], curve, [500100, 3099900], [500000, 3099900], [500000, 3100000]]
    text = json.dumps({"curveRings": [ring], "spatialReference": {"wkid": 4547}})
    reading = read_boundary("a.json", text.encode())
    assert (reading.ok, reading.crs) == (True, 4547)
    if beyond is None:
        assert reading.area_m2 == pytest.approx(10_000 + bezier_area(), abs=2)
    else:
        assert reading.attributes["exact_area_m2"] == pytest.approx(10_000 + beyond, abs=0.01)


def bezier_area():
    """∫ y dx of the curve from (0, 0) over (20, 30) and (80, 30) to (100, 0), by its polynomials."""
    steps = [n / 20_000 for n in range(20_001)]
    xs = [60 * t * (1 - t) ** 2 + 240 * t * t * (1 - t) + 100 * t**3 for t in steps]
    ys = [90 * t * (1 - t) ** 2 + 90 * t * t * (1 - t) for t in steps]
    return sum((xs[n + 1] - xs[n]) * (ys[n] + ys[n + 1]) / 2 for n in range(20_000))


@pytest.mark.parametrize(
    ("unit", "declared"),
    [("squareMeter", 10_000), ("hectare", 1), ("squareFoot", 10_000 / 0.3048**2), ("rood", None)],
)
def test_landxml_areas_and_irregular_lines(unit, declared):
    text = f"""<LandXML xmlns="http://www.landxml.org/schema/LandXML-1.2"><Units><Metric areaUnit="{unit}"/></Units>
<CoordinateSystem epsgCode="4547"/><CgPoints><CgPoint name="a">3100000 500000</CgPoint><CgPoint name="b">3100000 500100
</CgPoint></CgPoints><Parcels><Parcel name="1" area="{declared or 7}"><CoordGeom><Chain>a b</Chain><IrregularLine>
<Start>3100000 500100</Start><End>3100100 500000</End><PntList3D>3100000 500100 9 3100100 500100 9 3100100 500000 9
</PntList3D></IrregularLine></CoordGeom></Parcel></Parcels></LandXML>"""
    reading = read_boundary("a.xml", text.encode())
    assert (reading.ok, reading.area_m2) == (True, 10_000.0), reading.issues
    assert reading.declared_area_m2 == (None if declared is None else pytest.approx(10_000, abs=0.01))
    spiral = text.replace("IrregularLine", "Spiral")
    assert "LANDXML-SPIRAL" in codes(read_boundary("a.xml", spiral.encode()))


def test_metres_lost_to_an_exponent():
    rows = [f"J{n},1,{x:.5E},3.8{y / 1e5:.6f}E+07" for n, (x, y) in enumerate(PLOT)]
    (issue,) = (i for i in read_boundary("a.txt", lines(*rows)).issues if i.code == "COORD-ROUNDED")
    assert issue.line == 1


def paged(repeat):
    """A table of points on two pages with lengths between the points and sums at the foot of each."""
    names = [*enumerate(PLOT), (0, PLOT[0])]
    pages = names[:2], names[1 if repeat else 2 :]
    rows = []
    for number, page in enumerate(pages, start=1):
        rows += [f"第{number}页,,,,共 2 页", "点号,X坐标（m）,Y坐标（m）,界址线长（m）,备注"]
        for n, (x, y) in page:
            rows += [f"J{n + 1},{x},38{y},,", ",,,50.00,"]
        rows += ["界线总长,,260.0,,界址点总数：4", "地块面积(㎡),,4000.0,公顷,0.4"]
    return lines("界址点坐标成果表（2000国家大地坐标系）", *rows)


@pytest.mark.parametrize("repeat", [True, False])
def test_a_table_on_two_pages(repeat):
    reading = read_boundary("a.csv", paged(repeat))
    assert (reading.ok, reading.parts, reading.area_m2) == (True, 1, 4000.0), reading.issues
    assert reading.declared_area_m2 == 4000.0


def test_a_ring_closed_twice():
    rows = [f"J{n + 1},1,{x},38{y}" for n, (x, y) in [*enumerate(PLOT), (0, PLOT[0]), (0, PLOT[0])]]
    reading = read_boundary(
        "a.txt", lines("坐标系=2000国家大地坐标系", "[地块坐标]", "6,0.4,1,x,面,,,,@", *rows)
    )
    assert (reading.ok, reading.area_m2) == (True, 4000.0) and "RING-CLOSED-TWICE" in codes(reading)


def test_pictures_on_the_ground_are_no_boundary():
    picture = "<GroundOverlay><LatLonBox><north>28</north><south>27</south><east>115</east><west>114</west></LatLonBox>"
    corners = " ".join(f"{x},{y},0" for x, y in ((114, 29), (114.001, 29), (114.001, 29.001), (114, 29)))
    ring = f"<outerBoundaryIs><LinearRing><coordinates>{corners}</coordinates></LinearRing></outerBoundaryIs>"
    text = f"<kml><Document>{picture}</GroundOverlay><Placemark><Polygon>{ring}</Polygon></Placemark></Document></kml>"
    reading = read_boundary("a.kml", text.encode())
    assert (reading.ok, reading.parts) == (True, 1) and "KML-OVERLAYS" in codes(reading)


def test_name_north_east_height_and_remark():
    rows = [
        f"{n},{y:.3f},{x:.3f},12.5,IP"
        for n, (x, y) in enumerate(((985e3, 2e5), (9853e2, 2e5), (9853e2, 2005e2)))
    ]
    reading = read_boundary("a.csv", lines("PNEZD", *rows), crs=2263)
    assert reading.geometry.bounds == (985_000, 200_000, 985_300, 200_500)
    assert reading.area_m2 == pytest.approx(75_000 * (1200 / 3937) ** 2, abs=0.01)


def test_an_outer_ring_written_as_a_hole():
    outer = [[500000, 3100000], [500100, 3100000], [500100, 3100100], [500000, 3100100], [500000, 3100000]]
    inner = [[500020, 3100020], [500030, 3100020], [500030, 3100030], [500020, 3100030], [500020, 3100020]]
    text = json.dumps({"type": "Polygon", "coordinates": [inner, outer]})
    reading = read_boundary("a.json", text.encode(), crs=4547)
    assert (reading.ok, reading.area_m2, reading.holes, codes(reading)) == (
        True,
        9900.0,
        1,
        {"RINGS-EXCHANGED"},
    )
