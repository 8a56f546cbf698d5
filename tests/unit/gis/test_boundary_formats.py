"""GeoJSON, SHP, GPKG, KML, DXF and files that are something else."""

import io
import json
import zipfile

import geopandas
import numpy as np
import pytest
from shapely.geometry import LineString, Point, box, mapping

from gis.boundaries.boundary import load_file, read_boundary, read_drawn, summary
from gis.rules import BoundaryRules, boundary_rules
from project_box.kernel.catalogue import parse
from project_box.kernel.errors import BadInput, CatalogueError

SITE = box(485_900, 3_115_000, 486_000, 3_115_080).difference(box(485_940, 3_115_030, 485_950, 3_115_040))


def codes(reading):
    return [i.code for i in reading.issues]


def frame(geometries=(SITE,), crs=4547, **columns):
    return geopandas.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def written(tmp_path, name, data, **options):
    path = tmp_path / name
    data.to_file(path, **options)
    return path


def zipped(tmp_path, *, leave_out=(), folder="", **options):
    written(tmp_path, "红线.shp", frame(名称=["甲"]), encoding="utf-8", **options)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(tmp_path.glob("红线.*")):
            if path.suffix not in leave_out:
                archive.write(path, folder + path.name)
    return buffer.getvalue()


def geojson(geometry, **extra):
    return json.dumps(
        {"type": "Feature", "properties": {"name": "甲"}, "geometry": mapping(geometry), **extra}
    ).encode()


# --- GeoJSON ---------------------------------------------------------------------------------------------------------


def test_geojson_with_crs_member():
    member = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    reading = read_boundary("a.json", geojson(SITE, crs=member))
    assert reading.ok and codes(reading) == []
    assert (reading.crs, reading.area_m2, reading.holes) == (4547, 7900, 1)


def test_geojson_in_metres_without_crs_is_asked_about():
    reading = read_boundary("a.json", geojson(SITE))
    assert codes(reading) == ["CRS-UNKNOWN"]
    assert reading.crs is None and not reading.ok
    assert read_boundary("a.json", geojson(SITE), crs=4547).ok


def test_geojson_in_degrees_is_wgs84_with_a_warning():
    site = box(113.85, 28.15, 113.851, 28.151)
    reading = read_boundary("a.json", geojson(site))
    assert codes(reading) == ["CRS-ASSUMED-WGS84"]
    assert reading.ok and (reading.crs, reading.area_crs) == (4326, 4547)
    assert codes(read_boundary("a.json", geojson(site), crs=4490)) == []


def test_geojson_swapped_axes_are_told():
    site = box(3_115_000, 485_900, 3_115_080, 486_000)
    reading = read_boundary("a.json", geojson(site), crs=4547)
    assert codes(reading) == ["AXIS-SWAPPED"]
    assert reading.geometry.bounds == (485_900, 3_115_000, 486_000, 3_115_080)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"type": "Polygon", "coordinates": [[[1,2],[3', "JSON-BROKEN"),
        (b'{"type": "Point", "coordinates": [1, 2]}', "NO-AREA"),
        (b'{"type": "FeatureCollection", "features": []}', "NO-AREA"),
        (b'{"type": "FeatureCollection", "features": 7}', "NO-AREA"),
        (b'{"a": 1}', "NO-AREA"),
        (b'{"type": "Polygon", "coordinates": [[["a", 2], [3, 4], [5, 6], ["a", 2]]]}', "JSON-COORDINATES"),
        (b'{"type": "Polygon", "coordinates": 5}', "JSON-COORDINATES"),
        (b'{"type": "Polygon", "coordinates": [[[NaN, 2], [3, 4], [5, 6], [1, 2]]]}', "COORD-NAN"),
        (b'{"type": "Polygon", "coordinates": [[[1e300, 2], [3, 4], [5, 6], [1e300, 2]]]}', "COORD-HUGE"),
        (b'{"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [1, 2]]]}', "RING-TOO-SHORT"),
        (
            b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}',
            "RING-SELF-CROSSING",
        ),
        (
            b'{"type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1],[0,1],[0,0]],[[5,5],[6,5],[6,6],[5,5]]]}',
            "HOLE-OUTSIDE",
        ),
        (b'{"type":' + b'{"type":' * 200_000, "JSON-BROKEN"),
    ],
)
def test_bad_geojson(content, code):
    reading = read_boundary("a.json", content)
    assert not reading.ok
    assert code in codes(reading)


def test_drawn_boundary_goes_through_the_same_checks():
    assert read_drawn(mapping(SITE), 4547).ok
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    assert "RING-SELF-CROSSING" in codes(read_drawn(bow, 4326))
    with pytest.raises(BadInput):
        read_drawn(mapping(SITE), 123)


# --- SHP, GPKG, KML --------------------------------------------------------------------------------------------------


def test_zipped_shapefile(tmp_path):
    reading = read_boundary("a.zip", zipped(tmp_path, folder="项目/"))
    assert reading.ok, reading.issues
    assert (reading.format, reading.crs, reading.area_m2, reading.holes) == ("SHP", 4547, 7900, 1)
    assert reading.attributes["properties"] == {"名称": "甲"}


def test_shapefile_without_prj_is_asked_about(tmp_path):
    data = zipped(tmp_path, leave_out=(".prj", ".cpg"))
    assert codes(read_boundary("a.zip", data)) == ["CRS-UNKNOWN"]
    assert read_boundary("a.zip", data, crs=4547).ok


def test_shapefile_without_shx_is_rebuilt(tmp_path):
    reading = read_boundary("a.zip", zipped(tmp_path, leave_out=(".shx",)))
    assert reading.ok, reading.issues
    assert codes(reading) == ["SHP-NO-SHX"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_shapefile_attributes_without_cpg(tmp_path, encoding):
    written(tmp_path, "a.shp", frame(名称=["甲地块"]), encoding=encoding)
    (tmp_path / "a.cpg").unlink()
    reading = read_boundary("a.shp", load_file(tmp_path / "a.shp"))
    assert reading.ok, reading.issues
    assert reading.attributes["properties"] == {"名称": "甲地块"}


def test_bare_shp_and_cut_shp(tmp_path):
    path = written(tmp_path, "a.shp", frame())
    assert codes(read_boundary("a.shp", path.read_bytes())) == ["FILE-TYPE"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.shp", path.read_bytes()[:130])
    assert not read_boundary("a.zip", buffer.getvalue()).ok


def test_geopackage(tmp_path):
    reading = read_boundary("a.gpkg", written(tmp_path, "a.gpkg", frame(地块面积=[0.79])).read_bytes())
    assert reading.ok, reading.issues
    assert (reading.crs, reading.area_m2, reading.declared_area_m2) == (4547, 7900, 7900)


def test_geopackage_with_two_area_layers_is_ambiguous(tmp_path):
    written(tmp_path, "a.gpkg", frame(), layer="one")
    path = written(tmp_path, "a.gpkg", frame(), layer="two")
    assert codes(read_boundary("a.gpkg", path.read_bytes())) == ["FILE-SEVERAL"]


def test_geopackage_without_areas(tmp_path):
    path = written(tmp_path, "a.gpkg", frame([Point(1, 1)]))
    assert codes(read_boundary("a.gpkg", path.read_bytes())) == ["NO-AREA"]


def test_cut_geopackage(tmp_path):
    data = written(tmp_path, "a.gpkg", frame()).read_bytes()
    assert not read_boundary("a.gpkg", data[:5000]).ok


def test_kml(tmp_path):
    path = written(tmp_path, "a.kml", frame([box(113.85, 28.15, 113.851, 28.151)], 4326), driver="KML")
    reading = read_boundary("a.kml", path.read_bytes())
    assert reading.ok, reading.issues
    assert (reading.format, reading.crs, reading.area_crs) == ("KML", 4326, 4547)


def test_kml_with_entities_is_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaa">]><kml>&a;</kml>'
    assert codes(read_boundary("a.kml", bomb)) == ["XML-ENTITY"]


# --- DXF -------------------------------------------------------------------------------------------------------------


def dxf(*entities, units=6, version="AC1021", encoding="utf-8"):
    body = "".join(entities)
    return (
        f"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\n{version}\n9\n$INSUNITS\n70\n{units}\n0\nENDSEC\n"
        f"0\nSECTION\n2\nENTITIES\n{body}0\nENDSEC\n0\nEOF\n"
    ).encode(encoding)


def polyline(points, layer, closed=1):
    vertices = "".join(f"10\n{x}\n20\n{y}\n" for x, y in points)
    return (
        f"0\nLWPOLYLINE\n5\n2F\n100\nAcDbEntity\n8\n{layer}\n100\nAcDbPolyline\n90\n{len(points)}\n70\n{closed}\n"
        + vertices
    )


RECTANGLE = [(485_900, 3_115_000), (486_000, 3_115_000), (486_000, 3_115_080), (485_900, 3_115_080)]
INNER = [(485_940, 3_115_030), (485_950, 3_115_030), (485_950, 3_115_040), (485_940, 3_115_040)]


@pytest.mark.parametrize("layer", ["YDHX", "A-REDL", "项目用地红线", "ydhx", r"\U+7528\U+5730\U+7EA2\U+7EBF"])
def test_dxf_red_line_layer(layer):
    reading = read_boundary("a.dxf", dxf(polyline(RECTANGLE, layer), polyline(INNER, "JZJD")), crs=4547)
    assert reading.ok, reading.issues
    assert (reading.format, reading.area_m2, reading.attributes["layer"]) == (
        "DXF",
        8000,
        "用地红线" if "+" in layer else layer,
    )


def test_dxf_in_gbk_without_code_page():
    data = dxf(polyline(RECTANGLE, "用地红线"), polyline(INNER, "JZJD"), version="AC1015", encoding="gbk")
    reading = read_boundary("a.dxf", data, crs=4547)
    assert reading.attributes["layer"] == "用地红线"


def test_dxf_hole_on_the_red_line_layer():
    reading = read_boundary("a.dxf", dxf(polyline(RECTANGLE, "YDHX"), polyline(INNER, "YDHX")), crs=4547)
    assert (reading.area_m2, reading.holes) == (7900, 1)


def test_dxf_needs_a_crs():
    reading = read_boundary("a.dxf", dxf(polyline(RECTANGLE, "YDHX")))
    assert codes(reading) == ["CRS-UNKNOWN"]


def test_dxf_with_one_closed_line_on_any_layer():
    reading = read_boundary("a.dxf", dxf(polyline(RECTANGLE, "0")), crs=4547)
    assert reading.ok
    assert codes(reading) == ["DXF-ONLY-RING"]


def test_dxf_without_red_line():
    reading = read_boundary("a.dxf", dxf(polyline(RECTANGLE, "0"), polyline(INNER, "1")), crs=4547)
    assert codes(reading) == ["DXF-NO-RED-LINE"]
    reading = read_boundary(
        "a.dxf", dxf(polyline(RECTANGLE, "DLHX-道路红线"), polyline(INNER, "1")), crs=4547
    )
    assert codes(reading) == ["DXF-NO-RED-LINE"]


def test_dxf_open_red_line():
    reading = read_boundary("a.dxf", dxf(polyline(RECTANGLE, "YDHX", closed=0)), crs=4547)
    assert codes(reading) == ["DXF-NOT-CLOSED"]


def test_dxf_in_millimetres_is_scaled_and_says_so():
    points = [(x * 1000, y * 1000) for x, y in RECTANGLE]
    reading = read_boundary("a.dxf", dxf(polyline(points, "YDHX"), units=4), crs=4547)
    assert codes(reading) == ["DXF-UNITS"]
    assert reading.area_m2 == 8000


def test_dxf_garbage():
    reading = read_boundary(
        "a.dxf", b"0\nSECTION\n2\nENTITIES\n0\nLWPOLYLINE\n8\nYDHX\n10\nabc\n20\n", crs=4547
    )
    assert not reading.ok


# --- things that are not boundaries ----------------------------------------------------------------------------------


def bomb(members=1, size=300 * 1024 * 1024):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(members):
            with archive.open(f"{n}.txt", "w", force_zip64=True) as stream:
                for _ in range(max(size // (1 << 20), 1)):
                    stream.write(bytes(1 << 20) if size else b"")
    return buffer.getvalue()


def test_zip_bombs():
    assert codes(read_boundary("a.zip", bomb())) == ["ZIP-BOMB"]
    assert codes(read_boundary("a.zip", bomb(size=20 * 1024 * 1024))) == ["ZIP-BOMB"]
    assert codes(read_boundary("a.zip", bomb(members=2001, size=0))) == ["ZIP-BOMB"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FILE-EMPTY"),
        (b"\r\n \r\n", "FILE-EMPTY"),
        (b"%PDF-1.7 ...", "FILE-TYPE"),
        (b"AC1032\x00\x00", "FILE-TYPE"),
        (b"\x89PNG\r\n\x1a\n", "FILE-TYPE"),
        (b"<html><body></body></html>", "FILE-TYPE"),
        (b"PK\x03\x04garbage", "ZIP-BROKEN"),
        (np.random.default_rng(1).bytes(4000), "FILE-BINARY"),
    ],
)
def test_something_else(data, code):
    reading = read_boundary("红线.dxf", data)
    assert codes(reading) == [code]
    assert reading.issues[0].remedy


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"a.docx": b"", "[Content_Types].xml": b""}, "FILE-TYPE"),
        ({"readme.md": b"x"}, "ZIP-NO-BOUNDARY"),
        ({"a.txt": b"x", "b.txt": b"y"}, "FILE-SEVERAL"),
        ({"a.txt": b"PK\x03\x04"}, "ZIP-NESTED"),
        ({"../../a.txt": b"x"}, "TXT-NO-POINTS"),
    ],
)
def test_zips_of_something_else(members, code):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert codes(read_boundary("a.zip", buffer.getvalue()))[0] == code


def test_line_features_are_read_as_areas_with_a_warning(tmp_path):
    path = written(tmp_path, "a.gpkg", frame([LineString([*RECTANGLE, RECTANGLE[0]])]))
    reading = read_boundary("a.gpkg", path.read_bytes())
    assert reading.ok, reading.issues
    assert codes(reading) == ["LINE-AS-AREA"]


# --- real files ------------------------------------------------------------------------------------------------------


def test_real_boundaries(shared_data):
    folder = shared_data / "boundaries"
    declared = read_boundary("44120000072.txt", (folder / "44120000072.txt").read_bytes())
    assert declared.ok and codes(declared) == []
    assert (declared.crs, declared.area_m2, declared.declared_area_m2) == (4526, 12247.10, 12247.0)
    assert declared.ellipsoidal_area_m2 == 12242.97
    blank = read_boundary("plot_000.txt", (folder / "plot_000.txt").read_bytes())
    assert blank.geometry.equals(declared.geometry)
    assert codes(blank) == ["AREA-BLANK"]
    metres = (folder / "SiteLocation.geojson").read_bytes()
    assert codes(read_boundary("a", metres)) == ["CRS-UNKNOWN"]
    british = read_boundary("a", metres, crs=27700)
    assert british.ok and british.area_m2 == 598.69
    degrees = read_boundary("b", (folder / "SiteLocationWGS84.geojson").read_bytes())
    assert degrees.area_crs == 32630
    assert degrees.ellipsoidal_area_m2 == british.ellipsoidal_area_m2 == 598.91


def test_summary_has_the_promised_keys():
    plain = summary(read_boundary("a.json", geojson(SITE), crs=4547))
    assert {"area_m2", "ellipsoidal_area_m2", "crs", "parts", "holes", "declared", "issues"} <= set(plain)
    assert plain["area_m2"] == 7900
    empty = summary(read_boundary("a.txt", b""))
    assert empty["area_m2"] is None
    assert {"code", "level", "line", "message", "remedy"} <= set(empty["issues"][0])


def test_rules_file_is_checked(tmp_path):
    assert boundary_rules().limits.zip_ratio > 1
    path = tmp_path / "boundary.yaml"
    path.write_text("doc_no: x\nverified: true\narea_minimum_m2: -1\n")
    with pytest.raises(CatalogueError):
        parse(BoundaryRules, path)
