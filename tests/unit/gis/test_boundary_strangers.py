"""Boundaries as strangers send them: every file here is the same site, or names what is wrong and where."""

from __future__ import annotations

import io
import json
import math
import sqlite3
import struct
from contextlib import closing

import geopandas
import openpyxl
import pytest
import shapely

from gis import crs as systems
from gis.boundaries.boundary import read_boundary, summary
from gis.boundaries.export import export_boundary
from gis.boundaries.recording import refuse
from gis.boundaries.repair import proposals, repair
from project_box.kernel.errors import BadInput

E, N = 512_345.678, 2_934_567.891
SITE = [(0, 123.456), (210.5, 140.25), (305.125, 60), (250, -33.333), (90.75, -61.2), (-20.5, 10)]
CORNERS = [(round(E + x, 3), round(N + y, 3)) for x, y in SITE]
AREA = 48_237.49
HEAD = ("坐标系=2000国家大地坐标系", "几度分带=3", "计量单位=米", "带号=38")
SQUARE = [(E, N), (E + 120, N), (E + 120, N + 80), (E, N + 80)]


def rows(form="{name},{ring},{n:.3f},{e:.3f}", *, corners=CORNERS, prefix=38_000_000):
    return [
        form.format(name=f"J{k % len(corners) + 1}", ring=1, n=n, e=e + prefix)
        for k, (e, n) in enumerate([*corners, corners[0]])
    ]


def text(body, *, head=HEAD, section="[地块坐标]", parcel="7,4.8237,,甲,面,,,@"):
    return "\r\n".join(["[属性描述]", *head, section, parcel, *body, ""])


def read(content, **options):
    return read_boundary(
        "site", content if isinstance(content, bytes) else content.encode("gb18030"), **options
    )


def codes(reading):
    return {i.code for i in reading.issues}


def put(line, at=3):
    listed = rows()
    listed.insert(at, line)
    return text(listed)


def broken(change, at=2):
    listed = rows()
    listed[at] = change(listed[at])
    return text(listed)


SAME = {
    "padded with zero bytes": text(rows()).encode("gb18030") + bytes(40),
    "line ends mixed": "".join(
        line + ("\n", "\r\n", "\r")[n % 3] for n, line in enumerate(text(rows()).split("\r\n"))
    ),
    "decimal comma, semicolons": text([r.replace(",", ";").replace(".", ",") for r in rows()]),
    "decimal comma, tabs": text([r.replace(",", "\t").replace(".", ",") for r in rows()]),
    "decimal comma, commas": text([r.replace(".", ",") for r in rows()]),
    "scientific": text(rows("{name},{ring},{n:.12E},{e:.12e}")),
    "bars": text(rows("{name}|{ring}|{n:.3f}|{e:.3f}")),
    "comma missing between north and east": broken(lambda r: r.replace(",385", " 385")),
    "comma missing behind the name": broken(lambda r: r.replace(",", " ", 1)),
    "a comma too many": broken(lambda r: r.replace(",1,", ",1,,")),
    "ring number missing in the last row": broken(lambda r: r.replace(",1,", ",,"), 6),
    "row numbers first": text([f"{n},{row}" for n, row in enumerate(rows(), start=1)]),
    "labelled": text(rows("{name} X:{n:.3f} Y:{e:.3f}")),
    "@ behind every row": text([f"{row},@" for row in rows()]),
    "three columns, odd section": text(rows("{name},{n:.3f},{e:.3f}"), section="[DKZB]"),
    "three columns, section without brackets": text(rows("{name},{n:.3f},{e:.3f}"), section="地块坐标"),
    "remark with #": put("# 2025年6月测量 12 点"),
    "remark with //": put("// 复核 2025"),
    "remark with REM": put("REM 2025"),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_the_same_site_without_a_remark(content):
    reading = read(content)
    assert reading.ok, reading.issues
    assert (reading.crs, reading.area_m2, reading.parts, reading.declared_area_m2) == (4526, AREA, 1, 48237)
    assert codes(reading) == set()


@pytest.mark.parametrize(
    "line",
    ["制表日期 2025年6月1日", "合计 4.8237 公顷", "合计,7,4.8237", "周长 812.35米", "第1页 共1页", "2025-06-01",
     "J1-J2 距离 211.17", "制表 20250601"],
)  # fmt: skip
def test_text_behind_the_points_is_skipped_with_a_warning(line):
    reading = read(text([*rows(), line]))
    assert reading.ok and reading.area_m2 == AREA
    assert [(i.code, i.line) for i in reading.issues] == [("TXT-ROW-UNKNOWN", 15)]


def swapped_zone(row):
    name, ring, north, east = row.split(",")
    return f"{name},{ring},38{north},{east[2:]}"


WRONG = {
    "two zones": (
        text(rows(prefix=0)) + text(rows(prefix=0), head=[*HEAD[:3], "带号=37"]), "TXT-HEADER-DIFFERS", 19, "37",
    ),
    "two datums": (
        text(rows()) + text(rows(), head=["坐标系=1980西安坐标系", *HEAD[1:]]), "TXT-HEADER-DIFFERS", 16, "西安",
    ),
    "parcel without points": (text([*rows(), "5,0.8000,,乙,面,,,@"]), "TXT-PARCEL-EMPTY", 15, "乙"),
    "zone before the north": (text([swapped_zone(r) for r in rows()]), "COORD-HUGE", 8, "带号 38"),
    "zone twice": (text(rows("{name},{ring},{n:.3f},38{e:.3f}")), "COORD-HUGE", 8, "写了两次"),
    "millimetres": (
        text([f"J{n},1,{y * 1000:.0f},{x * 1000:.0f}" for n, (x, y) in enumerate(CORNERS)]), "COORD-HUGE", 8, "毫米",
    ),
    "north missing": (broken(lambda r: ",".join(r.split(",")[:3])), "TXT-ROW-SHORT", 10, "点号"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "line", "word"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_line(content, code, line, word):
    reading = read(content)
    assert not reading.ok
    first = next(i for i in reading.issues if i.code == code)
    assert {i.code for i in reading.issues if i.level == "error"} <= {code, "PARTS-OVERLAP"}
    assert (first.code, first.line) == (code, line) and word in first.message
    assert first.remedy and first.remedy_en and first.message_en
    assert len(reading.issues) <= 12


def test_a_wrong_unit_in_the_header_is_told():
    reading = read(text(rows(), head=[*HEAD[:2], "计量单位=公里", HEAD[3]]))
    assert reading.ok and [(i.code, i.line) for i in reading.issues] == [("TXT-UNIT", 4)]


def test_a_ring_written_twice_counts_once():
    reading = read(text([*rows(), *rows()], parcel=",4.8237,,甲,面,,,@"))
    assert reading.ok and reading.area_m2 == AREA and codes(reading) == {"RING-REPEATED"}


def entity(kind, *pairs):
    return "".join(f"{code}\n{value}\n" for code, value in ((0, kind), *pairs))


def polyline(points, layer="YDHX", *, closed=True, more=()):
    listed = [pair for x, y, *bulge in points for pair in ((10, x), (20, y), *((42, b) for b in bulge))]
    head = (
        (8, layer),
        (100, "AcDbEntity"),
        *more,
        (100, "AcDbPolyline"),
        (90, len(points)),
        (70, int(closed)),
    )
    return entity("LWPOLYLINE", *head, *listed)


def drawing(*entities, units=6, blocks=""):
    head = f"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n9\n$INSUNITS\n70\n{units}\n0\nENDSEC\n"
    body = f"0\nSECTION\n2\nBLOCKS\n{blocks}0\nENDSEC\n0\nSECTION\n2\nENTITIES\n{''.join(entities)}0\nENDSEC\n0\nEOF\n"
    return (head + body).encode()


HALF = [(E, N, 0), (E + 120, N, 1.0), (E + 120, N + 80, 0), (E, N + 80, 0)]
STADIUM = (
    entity("LINE", (8, "YDHX"), (10, E), (20, N), (11, E + 100), (21, N)),
    entity("ARC", (8, "YDHX"), (10, E + 100), (20, N + 30), (40, 30), (50, 270), (51, 90)),
    entity("LINE", (8, "YDHX"), (10, E + 100), (20, N + 60), (11, E), (21, N + 60)),
    entity("ARC", (8, "YDHX"), (10, E), (20, N + 30), (40, 30), (50, 90), (51, 270)),
)
ELLIPSE = entity(
    "ELLIPSE", (8, "YDHX"), (100, "AcDbEntity"), (100, "AcDbEllipse"),
    (10, E), (20, N), (11, 60), (21, 20), (40, 0.5), (41, 0), (42, math.tau),
)  # fmt: skip
BLOCK = (
    f"{entity('BLOCK', (2, 'HX'), (10, 0), (20, 0))}"
    f"{polyline([(x - E, y - N, b) for x, y, b in HALF])}{entity('ENDBLK')}"
)
CURVE = (
    "CURVEPOLYGON(COMPOUNDCURVE((512000 2934000,512100 2934000),CIRCULARSTRING(512100 2934000,512130 2934030,"
    "512100 2934060),(512100 2934060,512000 2934060,512000 2934000)))"
)
ARCS = {
    "bulge": (drawing(polyline(HALF)), 9600 + math.pi * 800),
    "bulge inwards": (drawing(polyline([(*HALF[0][:2], -0.3), *HALF[1:]])), None),
    "circle": (drawing(entity("CIRCLE", (8, "YDHX"), (10, E), (20, N), (40, 55.5))), math.pi * 55.5**2),
    "lines and arcs end to end": (drawing(*STADIUM), 6000 + math.pi * 900),
    "in a block": (
        drawing(entity("INSERT", (8, "0"), (2, "HX"), (10, E), (20, N)), blocks=BLOCK), 9600 + math.pi * 800,
    ),
    "ellipse": (
        drawing(ELLIPSE),
        math.pi * 4000 * 0.5,
    ),
    "WKT": (CURVE.encode(), 6000 + math.pi * 450),
}  # fmt: skip


@pytest.mark.parametrize(("data", "area"), ARCS.values(), ids=ARCS)
def test_arcs_are_told_with_their_chord_and_exact_area(data, area):
    reading = read(data, crs=4547)
    assert reading.ok, reading.issues
    told = next(i for i in reading.issues if i.code == "ARC-APPROXIMATED")
    assert "毫米" in told.message and " mm " in told.message_en
    if area is None:  # a chord of 120 m with bulge 0.3, taken away from the half circle's site
        angle = 4 * math.atan(0.3)
        radius = 60 / math.sin(angle / 2)
        area = 9600 + math.pi * 800 - radius**2 / 2 * (angle - math.sin(angle))
    assert reading.attributes["exact_area_m2"] == pytest.approx(area, abs=0.006)
    assert reading.area_m2 == pytest.approx(area, rel=3e-5)
    assert "RING-DUPLICATE-POINT" not in codes(reading)


def test_arcs_of_a_geopackage(tmp_path):
    path = tmp_path / "site.gpkg"
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[shapely.box(E, N, E + 50, N + 50)], crs=4547)
    frame.to_file(path, layer="site", SPATIAL_INDEX="NO")
    ring = [E, N, E + 25, N + 25, E + 50, N, E + 25, N - 25, E, N]
    curve = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 5) + struct.pack("<10d", *ring)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA writable_schema=ON")
        base.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'POLYGON', 'CURVEPOLYGON') WHERE name = 'site'"
        )
        base.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
        base.execute("UPDATE site SET geom = ?", (b"GP\0\1" + struct.pack("<i", 4547) + curve,))
    reading = read(path.read_bytes())
    assert reading.ok and codes(reading) == {"ARC-APPROXIMATED"}
    assert reading.attributes["exact_area_m2"] == pytest.approx(math.pi * 625, abs=0.006)


def test_straight_lines_of_a_drawing_are_no_arcs():
    corners = [
        (E + 300 * math.cos(k / 400 * math.tau), N + 300 * math.sin(k / 400 * math.tau)) for k in range(400)
    ]
    reading = read(drawing(polyline(corners)), crs=4547)
    assert reading.ok and codes(reading) == set()


def test_model_space_counts_and_paper_space_does_not():
    frame = polyline([(0, 0), (420, 0), (420, 297), (0, 297)], more=[(67, 1)])
    assert read(drawing(polyline(SQUARE), frame), crs=4547).area_m2 == 9600
    assert codes(read(drawing(frame), crs=4547)) == {"DXF-PAPER-SPACE"}


def test_a_hatched_area_keeps_its_hole():
    inner = [(E + 40, N + 30), (E + 60, N + 30), (E + 60, N + 50), (E + 40, N + 50)]
    paths = [
        pair
        for kind, ring in ((3, SQUARE), (2, inner))
        for pair in (
            (92, kind),
            (72, 0),
            (73, 1),
            (93, 4),
            *((c, v) for p in ring for c, v in zip((10, 20), p, strict=True)),
        )
    ]
    hatch = entity(
        "HATCH", (8, "YDHX"), (100, "AcDbEntity"), (100, "AcDbHatch"), (10, 0), (20, 0), (2, "SOLID"), (70, 1),
        (71, 0), (91, 2), *paths, (75, 0), (76, 1), (98, 0),
    )  # fmt: skip
    reading = read(drawing(hatch), crs=4547)
    assert (reading.area_m2, reading.holes) == (9600 - 400, 1), reading.issues


def test_symbols_of_points_and_a_line_drawn_twice():
    circles = [entity("CIRCLE", (8, "YDHX"), (10, x), (20, y), (40, 0.5)) for x, y in SQUARE]
    reading = read(drawing(polyline(SQUARE), *circles), crs=4547)
    assert reading.ok and reading.area_m2 == 9600 and codes(reading) == {"DXF-POINT-SYMBOLS"}
    assert codes(read(drawing(polyline(SQUARE), polyline(SQUARE)), crs=4547)) == {"RING-REPEATED"}


def test_an_open_red_line_says_where():
    reading = read(drawing(polyline([*SQUARE, (E + 0.5, N)], closed=False)), crs=4547)
    assert "0.500" in reading.issues[0].message and reading.issues[0].code == "DXF-NOT-CLOSED"
    nearly = read(drawing(polyline([*SQUARE, (E + 0.0004, N)], closed=False)), crs=4547)
    assert nearly.ok and nearly.area_m2 == pytest.approx(9600, abs=0.05)


@pytest.mark.parametrize(("units", "ok"), [(0, True), (4, True), (6, False)])
def test_millimetres_by_unit(units, ok):
    reading = read(drawing(polyline([(x * 1000, y * 1000) for x, y in SQUARE]), units=units), crs=4547)
    assert reading.ok is ok and "DXF-UNITS" in codes(reading)
    if ok:
        assert reading.area_m2 == 9600


def test_coordinates_far_from_their_system_are_refused_without_nonsense():
    reading = read(drawing(polyline([(x + 38_000_000, y) for x, y in SQUARE])), crs=4547)
    assert not reading.ok and "EPSG:4526" in reading.issues[0].message
    json.dumps(summary(reading), allow_nan=False)


def test_other_texts():
    ring = shapely.Polygon(SQUARE)
    degrees = [(113.1, 28.1), (113.101, 28.1), (113.101, 28.101), (113.1, 28.101)]
    line = " ".join(f"{x},{y}" for x, y in [*degrees, degrees[0]])
    kml = (
        '<?xml version="1.0" encoding="GBK"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark>'
        f"<name>红线</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{line}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark><Placemark><Point><coordinates>113,28</coordinates></Point>"
        "</Placemark></Document></kml>"
    )
    reading = read(kml.encode("gbk"))
    assert reading.ok and codes(reading) == {"POINTS-UNUSED"}
    binary = shapely.to_wkb(shapely.set_srid(ring, 4547), include_srid=True)
    assert read(binary).area_m2 == 9600
    assert read(f'"{ring.wkt}"', crs=4547).area_m2 == 9600
    named = f'{{"type":"Feature","crs":"EPSG:4547","geometry":{shapely.to_geojson(ring)}}}'
    assert (read(named).crs, read(named).area_m2) == (4547, 9600)


def test_a_sheet_without_headings():
    book = openpyxl.Workbook()
    for number, (x, y) in enumerate(SQUARE, start=1):
        book.active.append([f"J{number}", y, x])
    buffer = io.BytesIO()
    book.save(buffer)
    reading = read(buffer.getvalue(), crs=4547)
    assert (reading.ok, reading.format, reading.area_m2) == (True, "XLSX", 9600)


@pytest.mark.parametrize("crs", [27700, 2056, 5514, 31467])
def test_kml_comes_back_to_the_micrometre_from_datums_with_seven_parameters(crs):
    bounds = systems.lonlat_bounds(crs)
    assert bounds is not None
    west, south, east, north = bounds
    x, y = systems.transform_point((west + east) / 2, (south + north) / 2, 4326, crs)
    site = shapely.box(x, y, x + 100, y + 80)
    reading = read(export_boundary(site, crs, "kml").data)
    back = systems.transform(reading.geometry, reading.crs, crs)
    assert back.hausdorff_distance(site) < 2e-6


def test_many_points_too_near_one_another_are_one_repair():
    circle = [
        (E + 20 * math.cos(k / 9000 * math.tau), N + 20 * math.sin(k / 9000 * math.tau)) for k in range(9000)
    ]
    reading = read(shapely.Polygon(circle).wkt, crs=4547)
    found = proposals(reading)
    assert [p.kind for p in found] == ["MERGE-POINTS"]
    mended = repair(reading, [found[0].id])
    assert mended.ok and "RING-NEAR-POINTS" not in codes(mended)
    assert mended.area_m2 == pytest.approx(reading.area_m2, rel=1e-5)


REFUSED = {
    "line": (WRONG["north missing"][0], None, "第 10 行", "line 10"),
    "spot": (shapely.Polygon([CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[4]]).wkt, 4547, "(5125", "(5125"),
    "layer": (
        drawing(polyline(SQUARE[:3], closed=False), polyline(SQUARE[1:3], closed=False)),
        4547, "图层“YDHX”", "layer YDHX",
    ),
    "file": (shapely.Polygon(SQUARE).wkt, None, "文件“甲.wkt”", "file 甲.wkt"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "crs", "place", "place_en"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_names_its_place_and_remedy_in_both_languages(content, crs, place, place_en):
    with pytest.raises(BadInput) as refused:
        refuse(read(content, crs=crs), "甲.wkt")
    told = refused.value
    assert told.place is not None and told.place_en is not None
    assert told.place.startswith(place) and told.place_en.startswith(place_en)
    assert told.remedy and told.remedy_en


def test_the_zone_of_unnamed_coordinates_is_offered():
    for ring in (SQUARE, [(y, x) for x, y in SQUARE]):
        shifted = [(x + 38_000_000 if x < y else x, y + 38_000_000 if y < x else y) for x, y in ring]
        assert "EPSG:4526" in read(shapely.Polygon(shifted).wkt).issues[0].message


def test_what_gdal_says_names_no_folder():
    told = read(b"0\nSECTION\n2\nENTITIES\n0\nLWPOLYLINE\n8\nYDHX\nx\n").issues[0]
    assert told.code == "FILE-BROKEN" and "/" not in told.message_en
