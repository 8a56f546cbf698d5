"""One site in every format an office or a web map may hand out: same CRS, same area."""

from __future__ import annotations

import io
import json
import math
import zipfile

import geopandas
import pytest
import shapely
from pyproj import Transformer
from shapely.affinity import translate
from shapely.geometry import Polygon, box, mapping

from gis.boundaries.boundary import load_file, read_boundary
from gis.source_crs import gcj02_to_bd09, grids, parse_crs, wgs84_to_gcj02

SITE = Polygon(
    box(485_900, 3_115_000, 486_000, 3_115_080).exterior,
    [box(485_940, 3_115_030, 485_950, 3_115_040).exterior.coords],
)
RINGS = [[list(c) for c in ring.coords] for ring in (SITE.exterior, *SITE.interiors)]
CLOCKWISE = [ring[::-1] for ring in RINGS]
_TURN = Transformer.from_crs(4547, 4490, always_xy=True).transform
DEGREES = shapely.transform(SITE, lambda c: shapely.get_coordinates(shapely.points(*_TURN(c[:, 0], c[:, 1]))))


def codes(reading):
    return {i.code for i in reading.issues}


def gml(shape, srs, *, north_first):
    def ring(line):
        return " ".join(f"{y:.11f} {x:.11f}" if north_first else f"{x:.11f} {y:.11f}" for x, y in line.coords)

    hole = f"<gml:LinearRing><gml:posList>{ring(shape.interiors[0])}</gml:posList></gml:LinearRing>"
    return (
        '<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:a="http://a">'
        f'<gml:featureMember><a:s><a:g><gml:Polygon srsName="{srs}"><gml:exterior><gml:LinearRing><gml:posList>'
        f"{ring(shape.exterior)}</gml:posList></gml:LinearRing></gml:exterior><gml:interior>{hole}</gml:interior>"
        "</gml:Polygon></a:g></a:s>"
        "</gml:featureMember></gml:FeatureCollection>"
    ).encode()


def feature(shape):
    return json.dumps({"type": "Feature", "properties": {}, "geometry": mapping(shape)}).encode()


TEXTS = {
    "GML, urn, north first": (gml(SITE, "urn:ogc:def:crs:EPSG::4547", north_first=True), None, 4547),
    "GML, short name, east first": (gml(SITE, "EPSG:4547", north_first=False), None, 4547),
    "GML, degrees, latitude first": (gml(DEGREES, "urn:ogc:def:crs:EPSG::4490", north_first=True), None, 4490),
    "GeoJSON, old crs member": (
        json.dumps({"type": "Feature", "crs": {"type": "EPSG", "properties": {"code": 4547}},
                    "geometry": mapping(SITE)}).encode(),
        None, 4547,
    ),
    "GeoJSON, a line each": (b"\n".join([feature(DEGREES), feature(translate(DEGREES, 1e-2))]), 4490, 4490),
    "GeoJSON, record separators": (b"\x1e" + feature(DEGREES) + b"\n", 4490, 4490),
    "Esri JSON": (
        json.dumps({"geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4547},
                    "features": [{"attributes": {}, "geometry": {"rings": CLOCKWISE}}]}).encode(),
        None, 4547,
    ),
    "TopoJSON": (
        json.dumps({"type": "Topology", "objects": {"a": {"type": "Polygon", "arcs": [[0], [1]]}},
                    "arcs": RINGS}).encode(),
        4547, 4547,
    ),
    "WKT": (SITE.wkt.encode(), 4547, 4547),
    "EWKT": (f"SRID=4547;{SITE.wkt}".encode(), None, 4547),
    "EWKT with heights": (f"SRID=4547;{shapely.force_3d(SITE, 30.0).wkt}".encode(), None, 4547),
    "hexadecimal EWKB": (
        shapely.to_wkb(shapely.set_srid(SITE, 4547), hex=True, include_srid=True).encode(), None, 4547,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "stated", "crs"), TEXTS.values(), ids=TEXTS)
def test_text_formats(data, stated, crs):
    reading = read_boundary("site", data, crs=stated)
    assert reading.ok, reading.issues
    assert reading.crs == crs and "AXIS-SWAPPED" not in codes(reading)
    assert reading.area_m2 == pytest.approx(7900 * reading.parts, abs=0.5)
    assert reading.holes == reading.parts


FILES = {
    "site.fgb": {"driver": "FlatGeobuf"},
    "site.gdb": {"driver": "OpenFileGDB"},
    "site.mif": {"driver": "MapInfo File"},
    "site.sqlite": {"driver": "SQLite"},
    "site.gpkg": {"driver": "GPKG"},
}


@pytest.mark.parametrize(("name", "options"), FILES.items(), ids=FILES)
def test_files_through_gdal_on_disk_and_zipped(tmp_path, name, options):
    geopandas.GeoDataFrame({"MC": ["甲"]}, geometry=[SITE], crs=4547).to_file(tmp_path / name, **options)
    stated = 4547 if name.endswith("mif") else None
    reading = read_boundary(name, load_file(tmp_path / name), crs=stated)
    assert reading.ok, reading.issues
    assert (reading.crs, reading.area_m2, reading.holes) == (4547, 7900, 1)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(tmp_path.rglob("*")):
            if path.is_file():
                archive.write(path, f"资料/{path.relative_to(tmp_path)}")
    assert read_boundary("a.zip", buffer.getvalue(), crs=stated).area_m2 == 7900


def test_a_red_line_layer_is_found_by_its_name(tmp_path):
    for layer, shape in (("用地红线", SITE), ("DLTB", SITE.buffer(50))):
        frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[shape], crs=4547)
        frame.to_file(tmp_path / "a.gpkg", layer=layer)
        frame.to_file(tmp_path / f"{layer}.shp")
    assert read_boundary("a.gpkg", (tmp_path / "a.gpkg").read_bytes()).area_m2 == 7900
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in [p for p in sorted(tmp_path.iterdir()) if p.suffix != ".gpkg"]:
            archive.write(path, path.name)
    assert read_boundary("a.zip", buffer.getvalue()).area_m2 == 7900


def test_a_projection_of_its_own_in_a_prj_is_followed(tmp_path):
    own = "+proj=tmerc +lat_0=0 +lon_0=113.5 +k=1 +x_0=500000 +y_0=0 +datum=WGS84 +units=m"
    geopandas.GeoDataFrame({"a": [1]}, geometry=[SITE], crs=own).to_file(tmp_path / "a.shp")
    reading = read_boundary("a.shp", load_file(tmp_path / "a.shp"))
    assert reading.ok and codes(reading) == {"CRS-CONVERTED"}
    corners = Transformer.from_crs(own, 4326, always_xy=True).transform(
        [485_900, 486_000], [3_115_000, 3_115_000]
    )
    there = {(round(x, 7), round(y, 7)) for x, y in shapely.get_coordinates(reading.geometry)}
    assert {(round(x, 7), round(y, 7)) for x, y in zip(*corners, strict=True)} <= there


def test_bd09_must_be_declared_and_is_undone():
    grid = grids()["bd09"]
    assert grid.gcj02 is not None and grid.bd09 is not None
    shift, turn = grid.gcj02, grid.bd09
    there = shapely.transform(DEGREES, lambda c: gcj02_to_bd09(wgs84_to_gcj02(c, shift), turn))
    assert there.distance(DEGREES) > 0.005  # about a kilometre away
    reading = read_boundary("a.geojson", feature(there), crs=parse_crs("百度坐标"))
    assert reading.ok and codes(reading) == {"CRS-GCJ02"}
    assert reading.geometry.normalize().equals_exact(shapely.MultiPolygon([DEGREES]).normalize(), 1e-9)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PAR1" + bytes(60), "FILE-TYPE"),
        (b"!table\n!version 300\n", "FILE-TYPE"),
        (SITE.wkt[:-6].encode(), "WKT-BROKEN"),
        (b"CURVEPOLYGON(CIRCULARSTRING(0 0, 1 1))", "WKT-BROKEN"),
        (b"SRID=999999;" + SITE.wkt.encode(), "CRS-UNKNOWN"),
        (b"<gpx><trk><trkseg><trkpt lat='28.1' lon='113.1'/><trkpt lat='28.2' lon='113.2'/></trkseg></trk></gpx>",
         "LINE-NOT-CLOSED"),
        (b"<OGRVRTDataSource><!-- <kml xmlns='http://www.opengis.net/kml/2.2'> --></OGRVRTDataSource>", "FILE-TYPE"),
        (b"<kml xmlns='http://www.opengis.net/kml/2.2'><!-- <OGRVRTDataSource> --></kml>", "FILE-TYPE"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><gpx xmlns='http://www.topografix.com/GPX/1/1'/>", "XML-ENTITY"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_to_do(data, code):
    reading = read_boundary("site", data)
    assert code in codes(reading)
    assert all(i.remedy for i in reading.issues if i.level == "error")


def test_an_arc_keeps_its_area():
    circle = "485950 3115050 486000 3115100 486050 3115050 486000 3115000 485950 3115050"
    text = (
        '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:a="http://a"><gml:featureMember><a:s>'
        '<a:g><gml:Polygon srsName="EPSG:4547"><gml:exterior><gml:Ring><gml:curveMember><gml:Curve><gml:segments>'
        f"<gml:ArcString><gml:posList>{circle}</gml:posList></gml:ArcString></gml:segments></gml:Curve>"
        "</gml:curveMember></gml:Ring></gml:exterior></gml:Polygon></a:g></a:s></gml:featureMember>"
        "</gml:FeatureCollection>"
    )
    reading = read_boundary("a.gml", text.encode())
    assert reading.ok, reading.issues
    assert reading.area_m2 == pytest.approx(math.pi * 2500, rel=2e-5)


def test_lines_that_meet_end_to_end_are_a_red_line():
    corners = [(485_900, 3_115_000), (486_000, 3_115_000), (486_000, 3_115_080), (485_900, 3_115_080)]

    def drawing(pairs):
        lines = "".join(
            f"0\nLINE\n8\nYDHX\n10\n{a[0]}\n20\n{a[1]}\n11\n{b[0]}\n21\n{b[1]}\n" for a, b in pairs
        )
        return f"0\nSECTION\n2\nENTITIES\n{lines}0\nENDSEC\n0\nEOF\n".encode()

    pairs = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    reading = read_boundary("a.dxf", drawing(pairs), crs=4547)
    assert reading.ok and codes(reading) == {"LINE-AS-AREA"} and reading.area_m2 == 8000
    assert codes(read_boundary("a.dxf", drawing(pairs[:3]), crs=4547)) == {"DXF-NOT-CLOSED"}
