"""Layers of another country, in degrees: the workbench opens where they lie and measures in their own zone."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import geopandas
import numpy as np
import pytest
import shapely

from gis import crs, service

pytestmark = pytest.mark.integration

LON, LAT = -71.11, 42.37


@pytest.fixture
def elsewhere(database, tmp_path, empty_layers):
    """Two parcels in Massachusetts, EPSG:4326; the second crosses itself."""
    crossed = shapely.Polygon([(0, 0), (0.001, 0.001), (0.001, 0), (0, 0.001)])
    shapes = [
        shapely.box(LON, LAT, LON + 0.001, LAT + 0.001),
        shapely.affinity.translate(crossed, LON + 0.002, LAT),
    ]
    path = tmp_path / "parcels.geojson"
    geopandas.GeoDataFrame({"ZDDM": ["1", "2"]}, geometry=shapes, crs=4326).to_file(path)
    with database.transaction() as session:
        service.import_layer(session, "ZD", path, version="1", valid_from=dt.date(2026, 1, 1))


def test_the_workbench_opens_where_the_layers_are(client, sign_in, elsewhere):
    headers = sign_in(client, "handler")
    opened = client.get("/api/v1/map", headers=headers).json()["map"]
    assert opened["crs"]["epsg"] == 32619
    west, _, _, north = opened["extent"]
    assert west == pytest.approx(LON, abs=1e-5) and north == pytest.approx(LAT + 0.001, abs=1e-5)
    stated = client.get("/api/v1/map", params={"crs": 2249}, headers=headers).json()["map"]
    assert stated["crs"]["metres"] == pytest.approx(0.3048, abs=1e-4)  # feet are told, not taken for metres
    assert stated["extent"] == opened["extent"]  # no layer is kept in feet: those that lie there are shown
    assert {4547, 32619} <= {c["epsg"] for c in stated["crs_offered"]}
    refused = client.get("/api/v1/map", params={"crs": 4326}, headers=headers)
    assert refused.status_code == 422 and refused.json()["error"]["code"] == "map_crs"


def test_the_page_says_what_is_wrong_with_a_coordinate_system_and_stays(client, sign_in, elsewhere):
    client.post("/login", data={"username": "handler", "password": "demo-handler"})
    page = client.get("/map", params={"crs": "4326"})
    assert page.status_code == 422
    assert 'href="#crs"' in page.text and 'value="4326"' in page.text and "<plan-map" in page.text
    assert client.get("/map", params={"crs": "EPSG:26986"}).status_code == 200


def test_a_repaired_parcel_has_its_area_in_square_metres_and_a_way_to_it(client, sign_in, elsewhere):
    client.post("/login", data={"username": "handler", "password": "demo-handler"})
    (issue,) = [i for i in client.get("/api/v1/layers/ZD").json()["issues"] if i["action"] == "repaired"]
    # two triangles, each a quarter of a rectangle of 82.39 m by 111.08 m
    assert issue["area_after"] == pytest.approx(82.39 * 111.08 / 2, rel=0.002)
    look = (
        client.get("/layers/ZD")
        .text.split('aria-label="在图上看图斑 2"')[0]
        .rsplit('href="', 1)[1]
        .split('"')[0]
    )
    asked = parse_qs(urlsplit(look.replace("&amp;", "&")).query)
    assert asked["crs"] == ["32619"] and asked["l"] == ["ZD"]
    lon, lat = map(float, asked["p"][0].split(","))
    assert (lon, lat) == pytest.approx((LON + 0.0025, LAT + 0.0005), abs=1e-6)


@pytest.fixture
def islands(database, tmp_path, empty_layers):
    """Reserves on both sides of the 180° meridian and one across it, in Fiji's own grid."""
    squares = [shapely.box(lon, -16.8, lon + 0.03, -16.77) for lon in (179.90, 179.985, 180.05)]
    there = [
        shapely.transform(
            s, lambda c: np.array([crs.transform_point((x + 180) % 360 - 180, y, 4326, 3460) for x, y in c])
        )
        for s in squares
    ]
    path = tmp_path / "reserves.gpkg"
    geopandas.GeoDataFrame({"DKBH": ["W", "M", "E"]}, geometry=there, crs=3460).to_file(path)
    with database.transaction() as session:
        service.import_layer(session, "KG_DK", path, version="fj", valid_from=dt.date(2026, 1, 1))


def test_layers_across_the_dateline_are_served_in_two_parts_and_drawn_where_they_are(client, islands):
    items = "/ogc/collections/KG_DK/items"
    features = {f["properties"]["DKBH"]: f["geometry"] for f in client.get(items).json()["features"]}
    middle = shapely.geometry.shape(features["M"])
    assert features["W"]["type"] == features["E"]["type"] == "Polygon" and middle.geom_type == "MultiPolygon"
    assert sorted(round(p.bounds[0], 3) for p in shapely.get_parts(middle)) == [-180, 179.985]
    for box, found in (
        ("179.8,-17,180,-16", {"W", "M"}), ("-180,-17,-179.9,-16", {"M", "E"}), ("0,-17,10,-16", set()),
        ("179.8,-17,-179.8,-16", {"W", "M", "E"}), ("179.8,-17,179.95,-16", {"W"}),
    ):  # fmt: skip
        got = client.get(items, params={"bbox": box}).json()["features"]
        assert {f["properties"]["DKBH"] for f in got} == found, box
    tiles = "/ogc/collections/KG_DK/tiles/WebMercatorQuad/10"
    row = 560  # of latitude -16.8
    assert client.get(f"{tiles}/{row}/1023").status_code == client.get(f"{tiles}/{row}/0").status_code == 200
    assert client.get(f"{tiles}/{row}/512").status_code == 204  # no band around the Earth
