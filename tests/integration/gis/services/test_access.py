"""OGC API – Features: who sees which collections and features, with which credentials."""

from __future__ import annotations

import numpy as np
import pytest

from gis import crs as crs_module

from .conftest import basic, get

pytestmark = pytest.mark.integration


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
