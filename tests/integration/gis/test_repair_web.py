"""Repairs of a boundary through page and API: proposed on refusal, accepted by the developer, kept on record."""

from __future__ import annotations

import json
import re
import uuid

import pytest

from .conftest import X, Y

pytestmark = pytest.mark.integration
BOW = [[[X, Y], [X + 100, Y + 100], [X + 100, Y], [X, Y + 100], [X, Y]]]


def document(coordinates: object, kind: str = "Polygon") -> bytes:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}},
            "features": [
                {"type": "Feature", "properties": {}, "geometry": {"type": kind, "coordinates": coordinates}}
            ],
        }
    ).encode()


@pytest.fixture
def developer(client, sign_in):
    """Headers of the developer."""
    return sign_in(client, "developer")


@pytest.fixture
def project(client, developer):
    """Id of a fresh project."""
    code = f"2601-439901-04-01-{uuid.uuid4().int % 10**6:06d}"
    answer = client.post("/api/v1/projects", json={"code": code, "name": "修复项目"}, headers=developer)
    return answer.json()["id"]


def test_repairs_by_json(client, developer, project):
    files = {"file": ("蝴蝶结.geojson", document(BOW))}
    refused = client.post(f"/api/v1/projects/{project}/boundary", files=files, headers=developer)
    assert refused.status_code == 422
    (proposal,) = refused.json()["error"]["details"]["repairs"]
    assert proposal["kind"] == "UNTANGLE" and proposal["after"]["type"] == "MultiPolygon"
    assert client.get(f"/api/v1/projects/{project}/boundary", headers=developer).status_code == 404
    recorded = client.post(
        f"/api/v1/projects/{project}/boundary",
        files=files,
        data={"accept": proposal["id"]},
        headers=developer,
    )
    assert recorded.status_code == 201, recorded.text
    reading = recorded.json()["reading"]
    assert reading["area_m2"] == 5000.0 and reading["parts"] == 2
    (done,) = reading["repairs"]
    assert done["id"] == proposal["id"] and done["accepted_by"] and done["accepted_at"].startswith("20")
    wrong = client.post(
        f"/api/v1/projects/{project}/boundary", files=files, data={"accept": "UNTANGLE-0"}, headers=developer
    )
    assert wrong.status_code == 422 and wrong.json()["error"]["code"] == "repair_unknown"


def test_repairs_by_page(client, developer, project):
    client.post("/login", data={"username": "developer", "password": "demo-developer"})
    page = client.get(f"/projects/{project}/site").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    refused = client.post(
        f"/projects/{project}/site",
        data={"csrf_token": token[1]},
        files={"file": ("蝴蝶结.geojson", document(BOW))},
    )
    assert refused.status_code == 422 and "修复建议" in refused.text
    file_id = re.search(r'name="file_id" value="([0-9a-f-]{36})"', refused.text)
    chosen = re.search(r'name="accept" value="(UNTANGLE-[0-9a-f]{8})" checked', refused.text)
    assert file_id is not None and chosen is not None
    form = {"csrf_token": token[1], "file_id": file_id[1]}
    none = client.post(f"/projects/{project}/site/repairs", data=form)
    assert none.status_code == 422 and "没有勾选修复建议" in none.text
    assert chosen[1] in none.text, "the proposals stay on the page"
    done = client.post(
        f"/projects/{project}/site/repairs", data={**form, "accept": chosen[1]}, follow_redirects=True
    )
    assert done.status_code == 200 and "已接受的修复（1）" in done.text and "5,000.00" in done.text


def test_a_gap_is_recorded_and_may_be_closed_later(client, sign_in, developer, project):
    parts = [
        [[[X, Y], [X + 50, Y], [X + 50, Y + 80], [X, Y + 80], [X, Y]]],
        [[[X + 50.03, Y], [X + 90, Y], [X + 90, Y + 80], [X + 50.03, Y + 80], [X + 50.03, Y]]],
    ]
    files = {"file": ("两块.geojson", document(parts, "MultiPolygon"))}
    first = client.post(f"/api/v1/projects/{project}/boundary", files=files, headers=developer)
    assert first.status_code == 201 and first.json()["reading"]["issues"][0]["code"] == "BOUNDARY-GAP"
    proposed = client.get(f"/api/v1/projects/{project}/boundary/repairs", headers=developer).json()
    assert [r["kind"] for r in proposed["repairs"]] == ["CLOSE-GAP"]
    body = {"file_id": proposed["file_id"], "accept": ["all"]}
    other = sign_in(client, "developer2")
    denied = client.post(f"/api/v1/projects/{project}/boundary/repairs", json=body, headers=other)
    assert denied.status_code == 404
    closed = client.post(f"/api/v1/projects/{project}/boundary/repairs", json=body, headers=developer)
    assert closed.status_code == 201, closed.text
    assert closed.json()["reading"]["area_m2"] == pytest.approx(7200.0, abs=0.01)
    assert closed.json()["result"]["version"] == 2
    after = client.get(f"/api/v1/projects/{project}/boundary/repairs", headers=developer).json()
    assert after["repairs"] == [] and [r["kind"] for r in after["repaired"]] == ["CLOSE-GAP"]
