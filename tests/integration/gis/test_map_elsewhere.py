"""Layers of another country, in degrees: the workbench opens where they lie and measures in their own zone."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import geopandas
import pytest
import shapely

from gis import service

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
