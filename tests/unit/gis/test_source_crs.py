"""Declared coordinate systems: GCJ-02, local grids by parameters, PROJ text; Web Mercator; areas of use."""

import json
import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box, mapping

from gis import crs as crs_module
from gis.boundaries.boundary import read_boundary, read_drawn, summary, write_txt
from gis.source_crs import (
    Gcj02,
    Grid,
    SevenParameters,
    SourceCrs,
    gcj02_to_wgs84,
    grids,
    parse_crs,
    wgs84_to_gcj02,
)
from project_box.kernel.errors import BadInput

SITE = box(485_900, 3_115_000, 486_000, 3_115_080)
#: the same place as longitude and latitude
PLACE = crs_module.transform_unchecked(SITE, 4547, 4326)


def _ellipsoid() -> Gcj02:
    found = grids()["gcj02"].gcj02
    assert found is not None
    return found


ELLIPSOID = _ellipsoid()
CITY = """
code: demo-city
kind: four
name: 样例市独立坐标系
name_en: Sample city grid
doc_no: test
verified: true
error_m: 0.05
target: 4547
four: {dx: 480000, dy: 3110000, rotation_seconds: 3600, scale_ppm: 12}
"""


def codes(reading):
    return [i.code for i in reading.issues]


def document(geometry):
    return json.dumps({"type": "Feature", "properties": {}, "geometry": mapping(geometry)}).encode()


@given(st.floats(74, 135), st.floats(18, 53))
def test_gcj02_is_inverted_exactly(longitude, latitude):
    there = wgs84_to_gcj02(np.array([[longitude, latitude]]), ELLIPSOID)
    back = gcj02_to_wgs84(there, ELLIPSOID)
    assert np.abs(back - [longitude, latitude]).max() < 1e-9
    moved = pyproj.Geod(ellps="WGS84").inv(longitude, latitude, *there[0])[2]
    assert 20 < moved < 1200


def test_gcj02_must_be_declared_and_says_its_error():
    shifted = shapely.transform(PLACE, lambda c: wgs84_to_gcj02(c, ELLIPSOID))
    silent = read_boundary("a.json", document(shifted))
    assert codes(silent) == ["CRS-ASSUMED-WGS84"]
    reading = read_boundary("a.json", document(shifted), crs=parse_crs("GCJ02"))
    assert reading.ok and codes(reading) == ["CRS-GCJ02"] and reading.crs == 4326
    assert "误差约 5 米" in reading.issues[0].message
    assert shapely.hausdorff_distance(reading.geometry, PLACE) < 1e-9
    assert reading.area_m2 == pytest.approx(8000, abs=0.05)
    assert summary(reading)["declared_crs"] == "gcj02"
    turned = shapely.transform(shifted, lambda c: c[:, ::-1])
    declared = parse_crs("gcj-02")
    assert declared is not None
    assert codes(read_drawn(mapping(turned), declared)) == ["AXIS-SWAPPED", "CRS-GCJ02"]


def test_gcj02_outside_china_is_named():
    reading = read_boundary("a.json", document(box(0.1, 52.2, 0.11, 52.21)), crs=parse_crs("gcj02"))
    assert not reading.ok and "GCJ-02" in reading.issues[0].message
    assert reading.issues[0].code == "CRS-OUTSIDE-AREA"


def test_four_parameters_of_a_city_grid(tmp_path):
    path = tmp_path / "city.yaml"
    path.write_text(CITY, encoding="utf-8")
    chosen = parse_crs(str(path), files=True)
    turn, scale = math.radians(1), 1 + 12e-6

    def to_local(points):
        east, north = (points[:, 0] - 480_000) / scale, (points[:, 1] - 3_110_000) / scale
        return np.column_stack(
            [
                east * math.cos(turn) + north * math.sin(turn),
                -east * math.sin(turn) + north * math.cos(turn),
            ]
        )

    local = shapely.transform(SITE, to_local)
    reading = read_boundary("a.json", document(local), crs=chosen)
    assert reading.ok and codes(reading) == ["CRS-CONVERTED"] and reading.crs == 4547
    assert "误差约 0.05 米" in reading.issues[0].message
    assert shapely.hausdorff_distance(reading.geometry, SITE) < 0.001
    with pytest.raises(BadInput):
        parse_crs(str(path))  # only the command line may name files


def test_seven_parameters_match_proj():
    projection = "+proj=tmerc +lon_0=114 +k=1 +x_0=500000 +ellps=krass +units=m"
    grid = Grid(
        code="b54",
        kind="seven",
        name="地方北京54",
        name_en="local Beijing 54",
        doc_no="test",
        verified=False,
        target=4547,
        projection=projection,
        seven=SevenParameters(
            dx=12.5,
            dy=-100.25,
            dz=-60.5,
            rx=0.4,
            ry=-0.2,
            rz=1.1,
            scale_ppm=2.5,
            convention="coordinate_frame",
        ),
    )
    same = f"{projection} +towgs84=12.5,-100.25,-60.5,-0.4,0.2,-1.1,2.5"
    local = pyproj.Transformer.from_crs(4547, same, always_xy=True)
    moved = shapely.transform(SITE, lambda c: np.column_stack(local.transform(c[:, 0], c[:, 1])))
    assert shapely.hausdorff_distance(moved, SITE) > 20
    for chosen in (SourceCrs(grid), parse_crs(same)):
        reading = read_boundary("a.json", document(moved), crs=chosen)
        assert reading.ok and codes(reading) == ["CRS-CONVERTED"]
        assert reading.geometry is not None and reading.crs is not None
        back = crs_module.transform_unchecked(reading.geometry, reading.crs, 4547)
        assert shapely.hausdorff_distance(back, SITE) < 0.001


def test_a_proj_string_of_the_citys_own_meridian():
    text = "+proj=tmerc +lat_0=0 +lon_0=113.85 +k=1 +x_0=40000 +y_0=-3000000 +datum=WGS84 +units=m"
    local = pyproj.Transformer.from_crs(4326, text, always_xy=True)
    moved = shapely.transform(PLACE, lambda c: np.column_stack(local.transform(c[:, 0], c[:, 1])))
    reading = read_boundary("a.json", document(moved), crs=parse_crs(text))
    assert reading.ok and reading.crs == 4490 and reading.area_crs == 4547
    assert reading.area_m2 == pytest.approx(8000, abs=0.01)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("abc", "CRS-INVALID"),
        ("4547a", "CRS-INVALID"),
        ("+proj=nonsense", "CRS-INVALID"),
        ("+proj=tmerc +lon_0=114 +nadgrids=/etc/passwd", "CRS-INVALID"),
        ("+proj=geocent +datum=WGS84", "CRS-INVALID"),
        ("+proj=tmerc +lon_0=114 +x_0=1 +ellps=krass", "CRS-NO-TRANSFORM"),
        ("city.yaml", "CRS-INVALID"),
    ],
)
def test_what_is_no_crs(text, code):
    with pytest.raises(BadInput) as refused:
        parse_crs(text)
    assert refused.value.code == code


def test_what_is_an_epsg_code():
    assert parse_crs("") is None and parse_crs(None) is None
    assert parse_crs(" epsg:4547 ") == parse_crs("4547") == 4547
    assert parse_crs(pyproj.CRS.from_epsg(4547).to_wkt()) == 4547


@pytest.mark.parametrize("broken", ["kind: seven", "target: 99999", "four: null"])
def test_a_broken_grid_file_is_explained(tmp_path, broken):
    key = broken.split(":")[0]
    lines = [broken if line.startswith(f"{key}:") else line for line in CITY.strip().splitlines()]
    path = tmp_path / "city.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        parse_crs(str(path), files=True)
    assert refused.value.code == "CRS-INVALID" and "city.yaml" in refused.value.zh


def test_web_mercator_is_not_measured_in():
    moved = crs_module.transform_unchecked(SITE, 4547, 3857)
    reading = read_boundary("a.json", document(moved), crs=3857)
    assert reading.ok and codes(reading) == ["CRS-NOT-FOR-AREA"]
    assert reading.area_crs == 4547 and reading.area_m2 == pytest.approx(8000, abs=0.01)
    assert moved.area > 10_000
    utm = crs_module.transform_unchecked(SITE, 4547, 32649)
    assert codes(read_boundary("a.json", document(utm), crs=32649)) == []


def test_coordinates_outside_the_area_of_use_name_it():
    reading = read_boundary("a.json", document(box(600_000, 5_900_000, 600_100, 5_900_100)), crs=27700)
    assert codes(reading) == ["CRS-OUTSIDE-AREA"]
    assert "United Kingdom" in reading.issues[0].message_en
    zone = read_boundary("a.json", document(box(38_485_900, 3_115_000, 38_486_000, 3_115_080)), crs=4547)
    assert "东经 112.5°-115.5°" in zone.issues[0].message


def test_planar_and_ellipsoidal_area_are_explained():
    explained = read_boundary("a.txt", write_txt(SITE, 4547)).area_difference
    assert explained["from_meridian_km"] == pytest.approx(14.1, abs=0.1)
    assert explained["planar_m2"] == pytest.approx(8000, abs=0.01)
    expected = explained["ellipsoidal_m2"] * (explained["scale"] - 1)
    assert explained["difference_m2"] == pytest.approx(expected, abs=0.02)
    assert "中央经线" in explained["text"] and "projection" in explained["text_en"]
