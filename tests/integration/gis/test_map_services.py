"""OGC API – Features and vector tiles on a small town, read by HTTP and by GDAL as GIS programs do."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from gis import crs as crs_module
from gis import repository, service
from gis.ogc import ogc_features, ogc_store
from gis.tiles import tile_store, tiles
from project_box.kernel import embedded
from project_box.kernel.db import Database
from tests.conftest import REPOSITORY, TEST_VAR
from web.app import create_app
from web.migrate import upgrade
from web.seed.people import seed_people

pytestmark = pytest.mark.integration

X, Y = 440000.0, 3120000.0


def epsg(code):
    return f"http://www.opengis.net/def/crs/EPSG/0/{code}"


def made(folder, code, features):
    """A delivery of (shape, attributes) in EPSG:4547."""
    place = folder / f"{code}.gpkg"
    columns = {k: [a.get(k) for _, a in features] for k in features[0][1]}
    geopandas.GeoDataFrame(columns, geometry=[g for g, _ in features], crs=4547).to_file(place)
    return place


def plots_of_town():
    """Forty plots between roads: every use, some without a limit, one of two parts, one with a hole."""
    uses = ["0701", "0702", "0901", "1001", "1401"]
    for n in range(40):
        x, y = X + 130 * (n % 8), Y + 130 * (n // 8)
        shape: BaseGeometry = shapely.box(x, y, x + 100, y + 110 - n)
        if n == 7:
            shape = shape.difference(shapely.box(x + 20, y + 20, x + 50, y + 50))
        if n == 8:
            shape = shapely.union(shape, shapely.box(x, y + 700, x + 30, y + 730))
        limit = None if n % 9 == 4 else 1 + n % 5 * 0.5
        yield (
            shape,
            {
                "DKBH": f"{'Aa'[n % 2]}-{n:02}",
                "YDDM": uses[n % 5],
                "YDMC": "用地",
                "RJL_MAX": limit,
                "RJL_MIN": None,
            },
        )


def land_cover():
    """60 by 60 fields of 20 m without gaps."""
    for n in range(3600):
        x, y = X + 20 * (n % 60), Y + 20 * (n // 60)
        yield shapely.box(x, y, x + 20, y + 20), {"DLBM": ["0101", "0301", "0702"][n % 7 % 3], "DLMC": "地"}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A database with the demo people and three layers, of which one is public."""
    folder = tmp_path_factory.mktemp("layers")
    server = os.environ.get("PROJECT_BOX_TEST_DATABASE_URL") or embedded.ensure_running(TEST_VAR)
    name = f"test_maps_{secrets.token_hex(6)}"
    opened = Database(embedded.create_database(server, name))
    plot = shapely.box(X, Y, X + 300, Y + 300)
    layers = {
        "KG_DK": list(plots_of_town()),
        "DLTB": list(land_cover()),
        "ZD": [(plot, {"ZDDM": "1", "QLR": "某某"})],
    }
    try:
        upgrade(opened)
        for code, features in layers.items():
            with opened.transaction() as session:
                if code == "KG_DK":
                    seed_people(session)
                day = dt.date(2026, 1, 1)
                service.import_layer(
                    session, code, made(folder, code, features), version="2026", valid_from=day
                )
        yield opened
    finally:
        opened.dispose()
        embedded.drop_database(server, name)


@pytest.fixture(scope="module")
def client(town):
    with TestClient(create_app(town), follow_redirects=False, raise_server_exceptions=False) as opened:
        yield opened


def basic(username, password=None):
    pair = f"{username}:{password or 'demo-' + username}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@pytest.fixture(scope="module")
def developer():
    return basic("developer")


def get(client, path, headers=None, **query):
    answer = client.get(f"/ogc{path}", params=query, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- who sees what ---------------------------------------------------------------------------------------------------


def test_the_public_sees_public_layers_only(client, developer):
    public = {c["id"] for c in get(client, "/collections")["collections"]}
    assert public == {"KG_DK"}
    mine = {c["id"] for c in get(client, "/collections", developer)["collections"]}
    assert mine == {"KG_DK", "DLTB", "ZD"} | {"project_boundaries", "project_results"}
    for path in ("", "/items", "/items/1", "/queryables", "/tiles/WebMercatorQuad/10/430/833"):
        refused = client.get(f"/ogc/collections/ZD{path}")
        assert refused.status_code == 401, path
        assert refused.headers["www-authenticate"].startswith("Basic ")
        assert refused.json()["code"]
    assert client.get("/ogc/collections/project_boundaries/items").status_code == 401
    assert client.get("/ogc/collections/nothing").status_code == 404


def test_wrong_credentials_are_refused_even_for_public_layers(client):
    for headers in (
        basic("developer", "wrong-password"),
        basic("nobody"),
        {"authorization": "Basic ###"},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Digest x"},
    ):
        assert client.get("/ogc/collections", headers=headers).status_code == 401


def test_a_remembered_password_ends_with_the_account(town, client):
    from project_box import accounts

    headers = basic("developer2")
    assert client.get("/ogc/collections/ZD", headers=headers).status_code == 200
    with town.transaction() as session:
        accounts.set_active(session, accounts.any_user(session, "developer2"), False)
    try:
        assert client.get("/ogc/collections/ZD", headers=headers).status_code == 401
    finally:
        with town.transaction() as session:
            accounts.set_active(session, accounts.any_user(session, "developer2"), True)


def test_projects_of_others_are_not_among_the_results(client):
    token = client.post(
        "/api/v1/session", json={"username": "developer", "password": "demo-developer"}
    ).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    project = client.post(
        "/api/v1/projects",
        json={"code": "2511-430100-04-01-700001", "name": "地图服务样例", "location": ""},
        headers=bearer,
    )
    assert project.status_code == 201, project.text
    ring = [[440100, 3120100], [440200, 3120100], [440200, 3120180], [440100, 3120180], [440100, 3120100]]
    made = client.post(
        f"/api/v1/projects/{project.json()['id']}/boundary",
        json={"geojson": {"type": "Polygon", "coordinates": [ring]}, "crs": 4547},
        headers=bearer,
    )
    assert made.status_code == 201, made.text
    mine = get(
        client, "/collections/project_boundaries/items", bearer, project_code="2511-430100-04-01-700001"
    )
    assert mine["numberMatched"] == 1
    (found,) = mine["features"]
    lon, lat = crs_module.transform_point(440100, 3120100, 4547, 4326)
    assert np.allclose(np.min(found["geometry"]["coordinates"][0], axis=0), [lon, lat], atol=1e-4)
    others = get(client, "/collections/project_boundaries/items", basic("developer2"))
    assert found["id"] not in {f["id"] for f in others["features"]}
    item = f"/ogc/collections/project_boundaries/items/{found['id']}"
    assert client.get(item, headers=bearer).status_code == 200
    assert client.get(item, headers=basic("developer2")).status_code == 404


# --- part 1 and 2 ----------------------------------------------------------------------------------------------------


def test_landing_conformance_and_description(client):
    rels = {link["rel"]: link["href"] for link in get(client, "")["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= set(rels)
    assert any(c.endswith("features-2/1.0/conf/crs") for c in get(client, "/conformance")["conformsTo"])
    described = client.get("/ogc/api")
    assert described.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.1"
    assert described.json()["servers"] == [{"url": "http://testserver/ogc"}]
    old = "application/vnd.oai.openapi+json;version=3.0, application/json"  # as GDAL asks
    plain = client.get("/ogc/api", headers={"accept": old})
    assert plain.headers["content-type"] == "application/json" and plain.json() == described.json()
    paths = plain.json()["paths"]
    assert "/collections/{collection}/items" in paths and "/collections/ZD/items" not in paths
    asked = {p["name"]: p["schema"] for p in paths["/collections/KG_DK/items"]["get"]["parameters"]}
    assert asked["DKBH"]["type"] == "string" and asked["limit"]["maximum"] == 10_000
    assert {"bbox", "filter", "RJL_MAX"} <= set(asked) and "collection" not in asked


def test_pages_lead_through_all_features_once(client):
    whole = get(client, "/collections/KG_DK/items", limit=10_000)
    assert whole["numberReturned"] == whole["numberMatched"] == len(whole["features"]) > 20
    assert not [link for link in whole["links"] if link["rel"] == "next"]
    path: str | None
    seen, path = [], "/ogc/collections/KG_DK/items?limit=7"
    while path:
        page = client.get(path).json()
        assert page["numberMatched"] == whole["numberMatched"]
        seen += [f["id"] for f in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        path = following[0].replace("http://testserver", "") if following else None
    assert seen == [f["id"] for f in whole["features"]]
    some = get(client, "/collections/KG_DK/items", limit=3, offset=5)
    assert [f["id"] for f in some["features"]] == seen[5:8]


def test_a_filter_is_counted_once_for_all_its_pages(client, monkeypatch):
    first = get(client, "/collections/KG_DK/items", limit=3, filter="RJL_MAX >= 1", YDDM="0701")
    (following,) = [link["href"] for link in first["links"] if link["rel"] == "next"]
    monkeypatch.setattr(ogc_store, "count", lambda *_: 1 / 0)
    second = client.get(following).json()
    assert second["numberMatched"] == first["numberMatched"] > 3
    anew = client.get("/ogc/collections/KG_DK/items", params={"filter": "RJL_MAX >= 1", "YDDM": "0702"})
    assert anew.status_code == 500  # not asked before


@pytest.mark.parametrize("code", [4326, 4490, 4547, 4526, 3857])
def test_crs_by_reference_and_axis_order(client, code):
    degrees = get(client, "/collections/KG_DK/items/1")
    answer = client.get("/ogc/collections/KG_DK/items/1", params={"crs": epsg(code)})
    assert answer.headers["content-crs"] == f"<{epsg(code)}>"
    there = shapely.geometry.shape(answer.json()["geometry"])
    if code != 3857:  # EPSG gives all others north or latitude first
        there = shapely.transform(there, lambda c: c[:, ::-1])
    back = crs_module.transform(there, code, 4326)
    assert back.hausdorff_distance(shapely.geometry.shape(degrees["geometry"])) < 1e-7


def test_bbox_in_degrees_and_in_other_axis_orders(client):
    everything = get(client, "/collections/KG_DK/items", limit=10_000)["features"]
    west, south, east, north = shapely.geometry.shape(everything[3]["geometry"]).bounds
    box = shapely.box(west, south, east, north)
    expected = {f["id"] for f in everything if shapely.geometry.shape(f["geometry"]).intersects(box)}
    asks = [
        {"bbox": f"{west},{south},{east},{north}"},
        {"bbox": f"{west},{south},0,{east},{north},9"},
        {"bbox": f"{south},{west},{north},{east}", "bbox-crs": epsg(4326)},
        {"bbox": f"{south},{west},{north},{east}", "bbox-crs": epsg(4490)},
    ]
    for ask in asks:
        found = {f["id"] for f in get(client, "/collections/KG_DK/items", limit=10_000, **ask)["features"]}
        assert found == expected
    assert get(client, "/collections/KG_DK/items", bbox="-180,-90,180,90")["numberMatched"] == len(everything)
    assert get(client, "/collections/KG_DK/items", bbox="0,0,1,1")["numberMatched"] == 0


def test_datetime_is_validity(client):
    begins = get(client, "/collections/KG_DK")["extent"]["temporal"]["interval"][0][0][:10]
    whole = get(client, "/collections/KG_DK/items")["numberMatched"]
    for asked, expected in (
        (begins, whole),
        ("1990-01-01", 0),
        (f"../{begins}", whole),
        ("../1990-01-01", 0),
    ):
        assert get(client, "/collections/KG_DK/items", datetime=asked)["numberMatched"] == expected


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": "1,2,3"}, {"bbox": "1,9,3,2"}, {"bbox": "a,b,c,d"}, {"bbox-crs": "x", "bbox": "1,2,3,4"},
        {"crs": "http://www.opengis.net/def/crs/EPSG/0/99999"}, {"crs": epsg(2349)}, {"limit": 0}, {"limit": "x"},
        {"offset": -1}, {"datetime": "yesterday"}, {"datetime": "2026-01-02/2026-01-01"}, {"nothing": 1},
        {"geometry": 1}, {"after": "x"}, {"f": "xml"}, {"filter": "MJ >"}, {"filter": "NOPE = 1"},
        {"filter": "{", "filter-lang": "cql2-json"}, {"filter": "MJ > 1", "filter-lang": "ecql"},
        {"filter": "label LIKE 'a\\'"}, {"filter": "(0 - area_m2) ^ 0.5 > 0"}, {"filter": "MJ"},
        {"filter": "10 ^ 300 * area_m2 ^ 9 > 1"}, {"filter": "S_INTERSECTS(label, POINT(1 2))"},
    ],
)  # fmt: skip
def test_bad_parameters_name_themselves(client, query):
    answer = client.get("/ogc/collections/KG_DK/items", params=query)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] and answer.json()["description"]
    assert answer.json()["place"] in query


def test_head_is_answered_as_get_without_a_body_and_other_methods_are_told(client):
    for path in (
        "",
        "/conformance",
        "/collections",
        "/collections/KG_DK/items?limit=1",
        "/collections/KG_DK/items/1",
    ):
        asked, head = client.get(f"/ogc{path}"), client.head(f"/ogc{path}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == asked.headers["content-type"]
        assert head.headers.get("content-length") == asked.headers.get("content-length")
    assert client.head("/ogc/collections/NOPE").status_code == 404
    assert client.head("/ogc/collections/ZD/items").status_code == 401
    refused = client.delete("/ogc/collections/KG_DK/items")
    assert refused.status_code == 405 and refused.headers["allow"] == "GET"
    assert refused.json()["code"] == "http_405"


def test_every_error_is_an_exception_of_the_standard_for_programs_and_a_page_for_people(client, monkeypatch):
    for path in ("/nothing", "/collections/KG_DK/nothing", "/collections/NOPE", "/collections/KG_DK/items/x"):
        answer = client.get(f"/ogc{path}")
        assert answer.status_code == 404 and answer.json()["code"] and answer.json()["description"], path
    monkeypatch.setattr(ogc_features, "collections", lambda *_: 1 / 0)
    broken = client.get("/ogc/collections")
    assert broken.status_code == 500 and broken.json()["code"] == "internal_error"
    page = client.get("/ogc/collections", headers={"accept": "text/html"})
    assert page.status_code == 500 and "<h1>" in page.text


def test_pages_for_people(client, developer):
    for path in ("", "/conformance", "/collections", "/collections/KG_DK", "/collections/KG_DK/items?limit=3",
                 "/collections/KG_DK/items/1"):  # fmt: skip
        answer = client.get(f"/ogc{path}", headers={"accept": "text/html,application/xhtml+xml"})
        assert answer.status_code == 200 and "<h1>" in answer.text, path
    asked = client.get("/ogc/collections/ZD", headers={"accept": "text/html"})
    assert asked.status_code == 303 and asked.headers["location"].startswith("/login")


# --- CQL2 ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plots(client):
    return get(client, "/collections/KG_DK/items", limit=10_000)["features"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("RJL_MAX > 2", lambda p: (p["RJL_MAX"] or 0) > 2),
        ("YDDM LIKE '07%' AND NOT RJL_MAX > 2",
         lambda p: p["YDDM"].startswith("07") and p["RJL_MAX"] is not None and p["RJL_MAX"] <= 2),
        ("RJL_MAX BETWEEN 1 AND 2.5", lambda p: p["RJL_MAX"] is not None and 1 <= p["RJL_MAX"] <= 2.5),
        ("class IN ('07', '09')", lambda p: p["class"] in ("07", "09")),
        ("CASEI(DKBH) LIKE CASEI('%a%')", lambda p: "a" in p["DKBH"].lower()),
        ("RJL_MIN IS NULL", lambda p: p.get("RJL_MIN") is None),
        ("area_m2 / 1000 > 5 + 3", lambda p: p["area_m2"] > 8000),
        ("valid_from > DATE('1990-01-01') AND RJL_MAX <> 2", lambda p: p["RJL_MAX"] not in (None, 2)),
        ("T_AFTER(valid_from, INTERVAL('1990-01-01', '1991-01-01'))", lambda p: True),
    ],
)  # fmt: skip
def test_filters_find_what_they_say(client, plots, written, meant):
    found = get(client, "/collections/KG_DK/items", limit=10_000, filter=written)["features"]
    assert [f["id"] for f in found] == [f["id"] for f in plots if meant(f["properties"])]


def test_spatial_filters_in_both_languages(client, plots):
    shape = shapely.geometry.shape(plots[5]["geometry"]).buffer(0.001)
    expected = [f["id"] for f in plots if shapely.geometry.shape(f["geometry"]).intersects(shape)]
    tree = {"op": "s_intersects", "args": [{"property": "geometry"}, json.loads(shapely.to_geojson(shape))]}
    asks = [
        {"filter": f"S_INTERSECTS(geometry, {shape.wkt})"},
        {"filter": json.dumps(tree), "filter-lang": "cql2-json"},
        {
            "filter": f"S_INTERSECTS(geometry, {shapely.transform(shape, lambda c: c[:, ::-1]).wkt})",
            "filter-crs": epsg(4326),
        },
    ]
    for ask in asks:
        found = get(client, "/collections/KG_DK/items", limit=10_000, **ask)["features"]
        assert [f["id"] for f in found] == expected
    apart = get(client, "/collections/KG_DK/items", filter=f"S_DISJOINT(geometry, {shape.wkt})")
    assert apart["numberMatched"] == len(plots) - len(expected)


_names = st.sampled_from(
    ["label", "RJL_MAX", "valid_from", "geometry", "x'; DROP TABLE gis.feature; --", "用途"]
)
_words = st.one_of(
    st.text(max_size=12), st.sampled_from(["'", "''; DROP TABLE box.user; --", "%", "\\", ":q0", "\0"])
)
_leaf = st.one_of(
    _words, st.floats(), st.integers(), st.booleans(), st.none(), _names.map(lambda n: {"property": n}),
    _words.map(lambda w: {"date": w}),
    st.lists(st.floats(allow_nan=False), min_size=3, max_size=5).map(lambda b: {"bbox": b}),
    st.tuples(st.floats(-200, 200), st.floats(-100, 100)).map(lambda c: {"type": "Point", "coordinates": list(c)}),
)  # fmt: skip
_trees = st.recursive(
    _leaf,
    lambda inner: st.builds(
        lambda op, args: {"op": op, "args": args},
        st.sampled_from(["and", "or", "not", "=", "<", "like", "in", "between", "isNull", "+", "/", "^", "casei",
                         "s_intersects", "s_within", "t_after", "pg_sleep", "1=1"]),
        st.lists(st.one_of(inner, st.lists(inner, max_size=2)), max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_trees)
def test_no_filter_does_harm(client, town, tree):
    answer = client.get(
        "/ogc/collections/KG_DK/items",
        params={"filter": json.dumps(tree), "filter-lang": "cql2-json", "limit": 1},
    )
    assert answer.status_code in (200, 400), answer.text
    with town.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM gis.feature")) > 0


_tokens = st.sampled_from(["label", "=", "LIKE", "AND", "(", ")", "'", "RJL_MAX", ";", "--"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.one_of(_words, _tokens), max_size=8))
def test_no_filter_text_does_harm(client, words):
    answer = client.get("/ogc/collections/KG_DK/items", params={"filter": " ".join(words), "limit": 1})
    assert answer.status_code in (200, 400), answer.text


# --- GDAL is the client ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(town):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # a process of its own: GDAL keeps the interpreter to itself while it waits for an answer
    command = [sys.executable, "-m", "uvicorn", "--factory", "web.app:create_app", "--port", str(port)]
    server = subprocess.Popen(
        [*command, "--log-level", "warning"],
        env={**os.environ, "PROJECT_BOX_DATABASE_URL": town.url},
        cwd=REPOSITORY,
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/ogc"
    finally:
        server.terminate()
        server.wait(20)


def test_gdal_lists_and_reads_collections(address, client):
    listed = {name for name, _ in pyogrio.list_layers(f"OAPIF:{address}")}
    assert listed == {"KG_DK"}
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK")
    there = get(client, "/collections/KG_DK/items", limit=10_000)
    assert len(frame) == there["numberMatched"]
    assert set(frame["DKBH"]) == {f["properties"]["DKBH"] for f in there["features"]}
    assert frame.crs.to_epsg() == 4547  # GDAL asks for the storage CRS
    first = crs_module.transform(frame.geometry.iloc[0], 4547, 4326)
    assert first.hausdorff_distance(shapely.geometry.shape(there["features"][0]["geometry"])) < 1e-7


def test_gdal_signs_in_for_the_others(address):
    assert (
        pyogrio.read_info(f"OAPIF:{address}", layer="ZD", USERPWD="developer:demo-developer")["features"] > 0
    )
    with pytest.raises(Exception, match=r"(?i)HTTP error code : 401|401|not found|could not"):
        pyogrio.read_info(f"OAPIF:{address}/collections/ZD")


@pytest.mark.parametrize("code", [4547, 4490])
def test_gdal_reads_in_other_crs_with_axes_right(address, client, code):
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", CRS=f"EPSG:{code}")
    assert frame.crs.to_epsg() == code
    degrees = shapely.geometry.shape(get(client, "/collections/KG_DK/items/1")["geometry"])
    assert crs_module.transform(frame.geometry.iloc[0], code, 4326).hausdorff_distance(degrees) < 1e-7


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("YDDM = '0701' AND RJL_MAX > 1.5", lambda p: p["YDDM"] == "0701" and (p["RJL_MAX"] or 0) > 1.5),
        ("DKBH ILIKE 'A-0%' OR DKBH = 'x ILIKE ''y'", lambda p: p["DKBH"].lower().startswith("a-0")),
        ("NOT (RJL_MAX >= 2) AND RJL_MIN IS NULL", lambda p: (p["RJL_MAX"] or 9) < 2),
    ],
)
def test_gdal_leaves_filters_to_the_server(address, plots, capfd, written, meant):
    pyogrio.set_gdal_config_options({"CPL_DEBUG": "OAPIF"})
    try:
        frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", where=written)
    finally:
        pyogrio.set_gdal_config_options({"CPL_DEBUG": None})
    told = capfd.readouterr().err
    assert "CQL text detected" in told and "evaluated on client side" not in told
    assert sorted(frame["DKBH"]) == sorted(f["properties"]["DKBH"] for f in plots if meant(f["properties"]))


def test_gdal_reads_what_a_filter_and_a_box_leave(address, plots):
    frame = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", where="YDDM LIKE '07%' AND RJL_MAX > 2")
    meant = [
        f for f in plots if f["properties"]["YDDM"].startswith("07") and (f["properties"]["RJL_MAX"] or 0) > 2
    ]
    assert sorted(frame["DKBH"]) == sorted(f["properties"]["DKBH"] for f in meant)
    box = crs_module.transform(
        shapely.geometry.shape(plots[0]["geometry"]), 4326, 4547
    ).bounds  # in GDAL's CRS
    inside = pyogrio.read_dataframe(f"OAPIF:{address}", layer="KG_DK", bbox=box)
    assert 0 < len(inside) < len(plots) and plots[0]["properties"]["DKBH"] in set(inside["DKBH"])


# --- vector tiles ----------------------------------------------------------------------------------------------------


def tile_at(place, z):
    lon, lat = place
    n = 2**z
    return int((lon + 180) / 360 * n), int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * n)


def decoded(data, z, x, y, tmp_path):
    place = tmp_path / f"{z}-{x}-{y}.mvt"
    place.write_bytes(data)
    return pyogrio.read_dataframe(f"MVT:{place}", X=x, Y=y, Z=z)


@pytest.fixture(scope="module")
def spot(client):
    west, south, east, north = get(client, "/collections/KG_DK")["extent"]["spatial"]["bbox"][0]
    return (west + east) / 2, (south + north) / 2


def tile(client, z, x, y, **headers):
    return client.get(f"/ogc/collections/KG_DK/tiles/WebMercatorQuad/{z}/{y}/{x}", headers=headers)


def test_tiles_hold_the_features_where_they_are(client, plots, spot, tmp_path):
    x, y = tile_at(spot, 14)
    answer = tile(client, 14, x, y, **{"accept-encoding": "gzip"})
    assert answer.status_code == 200 and answer.headers["content-encoding"] == "gzip"
    assert tile(client, 14, x, y, **{"accept-encoding": "identity"}).content == answer.content
    frame = decoded(answer.content, 14, x, y, tmp_path)
    assert set(frame.columns) <= {"mvt_id", "label", "class", "geometry"}
    by_number = {f["id"]: f for f in plots}
    for row in frame.to_crs(4326).itertuples():
        there = shapely.geometry.shape(by_number[row.mvt_id]["geometry"])
        assert row.label == by_number[row.mvt_id]["properties"]["label"]
        assert row.geometry.difference(there.buffer(2e-5)).area < 1e-12
    n = 2**14
    west, east = x / n * 360 - 180, (x + 1) / n * 360 - 180
    south, north = (float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * k / n))))) for k in (y + 1, y))
    edge = shapely.box(west, south, east, north)
    drawn = shapely.union_all(frame.to_crs(4326).geometry.values)
    meant = shapely.union_all([shapely.geometry.shape(f["geometry"]) for f in plots]).intersection(edge)
    assert meant.difference(drawn.buffer(6e-6)).area < 1e-6 * edge.area  # no holes, up to the very edge


def test_entity_tags_empty_tiles_and_addresses(client, spot):
    x, y = tile_at(spot, 12)
    first = tile(client, 12, x, y)
    tag = first.headers["etag"]
    assert tile(client, 12, x, y, **{"if-none-match": tag}).status_code == 304
    assert tile(client, 12, x, y, **{"if-none-match": f'"other", W/{tag}'}).status_code == 304
    assert tile(client, 12, x, y, **{"if-none-match": '"other"'}).status_code == 200
    plain = tile(client, 12, x, y, **{"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.headers["etag"] != tag
    assert tile(client, 12, x, y, **{"accept-encoding": "identity", "if-none-match": tag}).status_code == 200
    assert tile(client, 12, 0, 0).status_code == 204
    assert tile(client, 12, 5000, 0).status_code == 404
    assert tile(client, 23, 0, 0).status_code == 404
    assert tile(client, 3, -1, 0).status_code == 404


def test_overviews_keep_the_picture_and_lose_the_weight(town, spot, tmp_path):
    z = 11
    x, y = tile_at(spot, z)
    with town.transaction() as session:
        row, level = repository.current_version(session, "DLTB"), tiles.level_of(z)
        assert row is not None and level is not None
        read, plain = tile_store.session_reader(session), tiles.source(session, "DLTB")
        assert not plain.overviews
        before = tiles.draw(read, replace(plain, features=0), z, x, y)
        tiles.build_overviews(session, row)
        thinned = tiles.source(session, "DLTB")
        after = tiles.draw(read, thinned, z, x, y)
        assert thinned.overviews and thinned.etag(z, x, y) != plain.etag(z, x, y)
        session.rollback()
    assert len(after) < len(before)
    (tmp_path / "a").mkdir()
    whole = shapely.union_all(decoded(before, z, x, y, tmp_path).geometry.make_valid().values)
    thin = shapely.union_all(decoded(after, z, x, y, tmp_path / "a").geometry.make_valid().values)
    cell = 2 * tiles.pixel(
        z
    )  # at most one cell is missing or too much anywhere along the border, and no hole inside
    assert whole.buffer(cell * 1.5).covers(thin)
    assert thin.covers(whole.buffer(-cell * 1.5))


def test_next_links_keep_the_query(client):
    page = get(client, "/collections/KG_DK/items", limit=2, filter="area_m2 > 0", crs=epsg(4490))
    (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    asked = parse_qs(urlsplit(following).query)
    assert asked["filter"] == ["area_m2 > 0"] and asked["crs"] == [epsg(4490)] and asked["after"]
