"""Sunlight of a project: from its drawings to conclusions, page and JSON twin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from elements import service
from project_box.kernel.errors import BadInput, Forbidden
from project_box.kernel.identity import Actor
from project_box.models import Project
from tests.integration.elements.test_pages import headers, page_session, project, upload

__all__ = ["headers", "project"]  # fixtures
STATED = {"RZ_ZONE": "Ⅲ", "RZ_CITY": "50万以上", "RZ_CASE": "住宅"}


def test_stated_zone_decides_and_is_kept(
    session: Session, actors: dict[str, Actor], project_of: Callable[..., Project]
) -> None:
    made = project_of("A")
    actor = actors["developer"]
    open_ = service.evaluate_sunlight(session, actor, made.id).payload
    rows = {r["code"]: r for r in open_["elements"]}
    assert rows["JL_RZ"]["outcome"] == "undecided"
    assert {"RZ_ZONE", "RZ_CITY"} & {m["code"] for m in rows["JL_RZ"]["missing"]}
    payload = service.evaluate_sunlight(session, actor, made.id, inputs=STATED).payload
    rows = {r["code"]: r for r in payload["elements"]}
    assert payload["inputs"] == STATED
    assert int(rows["RZ_COUNT"]["value"]) > 0
    assert rows["RZ_LIMIT"]["display"] == "2.0"
    assert rows["JL_RZ"]["outcome"] in ("pass", "fail", "undecided")
    if rows["JL_RZ"]["outcome"] == "undecided":
        assert rows["JL_RZ"]["missing"]
    kept = service.evaluate_sunlight(session, actor, made.id).payload
    assert kept["inputs"] == STATED
    fewer = service.evaluate_sunlight(session, actor, made.id, inputs={"RZ_ZONE": ""}).payload
    assert set(fewer["inputs"]) == {"RZ_CITY", "RZ_CASE"}
    with pytest.raises(BadInput):
        service.evaluate_sunlight(session, actor, made.id, inputs={"RZ_ZONE": "Ⅸ"})
    with pytest.raises(Forbidden):
        service.evaluate_sunlight(session, actor, made.id, inputs={"RZ_DAHAN": 5})


def test_page_and_twin(client: TestClient, headers: dict[str, str], project: str) -> None:
    assert client.get(f"/api/v1/projects/{project}/sunlight", headers=headers).status_code == 404
    nothing = client.post(f"/api/v1/projects/{project}/sunlight", headers=headers)
    assert nothing.status_code == 201
    assert nothing.json()["counts"]["undecided"] == 4  # no drawings
    upload(client, headers, project)
    token = page_session(client, "developer")
    posted = client.post(f"/projects/{project}/sunlight", data={**STATED, "csrf_token": token})
    assert posted.status_code == 303, posted.text
    twin = client.get(f"/api/v1/projects/{project}/sunlight", headers=headers).json()
    assert twin["inputs"] == STATED
    for language in ("zh", "en"):
        client.cookies.set("lang", language)
        page = client.get(f"/projects/{project}/indicators")
        assert page.status_code == 200
        assert 'id="sunlight-conclusions"' in page.text
        for row in twin["elements"]:
            if row["code"].startswith("RZ_") and row["kind"] == "基础" and row["code"] not in STATED:
                assert f">{row['code']}<" in page.text
    wrong = client.post(f"/projects/{project}/sunlight", data={"RZ_ZONE": "Ⅸ", "csrf_token": token})
    assert wrong.status_code == 422
    client.cookies.clear()
