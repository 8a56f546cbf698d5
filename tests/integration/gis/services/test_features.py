"""OGC API – Features, parts 1 and 2: documents, pages, CRS by reference, boxes, time, errors."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import shapely

from gis import crs as crs_module
from gis.ogc import ogc_features, ogc_store

from .conftest import epsg, get

pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/api",
        "/conformance",
        "/collections",
        *(f"/collections/KG_DK{rest}" for rest in ("", "/queryables", "/items/1")),
    ],
)
def test_no_document_has_other_parameters(client, path):
    refused = client.get(f"/ogc{path}", params={"nothing": 1})
    assert (refused.status_code, refused.json()["place"]) == (400, "nothing")
    assert client.get(f"/ogc{path}", params={"f": "json"}).status_code == 200


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/html;q=0.2, application/json", "json"),
        ("application/json;q=0.5, text/html", "html"),
        ("text/html, application/json", "html"),
        ("text/html;q=0, */*", "json"),
        ("*/*", "json"),
    ],
)
def test_the_form_that_is_preferred(client, accept, form):
    assert form in client.get("/ogc/conformance", headers={"accept": accept}).headers["content-type"]


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


def test_next_links_keep_the_query(client):
    page = get(client, "/collections/KG_DK/items", limit=2, filter="area_m2 > 0", crs=epsg(4490))
    (following,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    asked = parse_qs(urlsplit(following).query)
    assert asked["filter"] == ["area_m2 > 0"] and asked["crs"] == [epsg(4490)] and asked["after"]
