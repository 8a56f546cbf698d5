"""Indicators, fees and the catalogue through HTTP: pages and their JSON twins."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from web.seed.programs import PROGRAMS
from web.seed.projects import project_files

SignIn = Callable[[TestClient, str], dict[str, str]]


@pytest.fixture
def headers(client: TestClient, sign_in: SignIn) -> dict[str, str]:
    return sign_in(client, "developer")


@pytest.fixture
def project(client: TestClient, headers: dict[str, str]) -> Iterator[str]:
    """A project with the smallest sample drawings and nothing else."""
    code = f"2601-430104-04-01-{secrets.randbelow(1_000_000):06d}"
    answer = client.post("/api/v1/projects", json={"code": code, "name": "指标测试"}, headers=headers)
    assert answer.status_code == 201, answer.text
    yield answer.json()["id"]


def upload(client: TestClient, headers: dict[str, str], project: str, key: str = "B") -> None:
    program = next(p for p in PROGRAMS if p.key == key)
    files = [
        ("files", (n, d, "image/vnd.dxf")) for n, d in project_files(program).items() if n.endswith(".dxf")
    ]
    answer = client.post(f"/api/v1/projects/{project}/drawings", files=files, headers=headers)
    assert answer.status_code == 201, answer.text


def page_session(client: TestClient, username: str) -> str:
    """Sign in by the form; gives the CSRF token of the session."""
    client.cookies.clear()
    shown = client.get("/login")
    token = re.search(r'name="csrf_token" value="([^"]*)"', shown.text)
    answer = client.post(
        "/login",
        data={
            "username": username,
            "password": f"demo-{username}",
            "csrf_token": token.group(1) if token else "",
        },
    )
    assert answer.status_code == 303, answer.text
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/projects").text)
    assert found
    return found.group(1)


def test_nothing_computed_yet(client: TestClient, headers: dict[str, str], project: str) -> None:
    answer = client.get(f"/api/v1/projects/{project}/indicators", headers=headers)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "no_indicators"
    assert client.get(f"/api/v1/projects/{project}/fees", headers=headers).status_code == 404


def test_indicators_and_trace(client: TestClient, headers: dict[str, str], project: str) -> None:
    upload(client, headers, project)
    made = client.post(f"/api/v1/projects/{project}/indicators", headers=headers)
    assert made.status_code == 201, made.text
    table: dict[str, Any] = made.json()
    rows = {r["code"]: r for r in table["elements"]}
    assert rows["DSJZ"]["display"] == "26400.00"
    assert rows["RJL"]["outcome"] == "undecided"  # no planning conditions in the box
    assert client.get(f"/api/v1/projects/{project}/indicators", headers=headers).json() == table
    trace = client.get(f"/api/v1/projects/{project}/indicators/DSJZ", headers=headers).json()
    assert trace["row"]["steps"]
    assert sum(len(s["handles"]) for s in trace["sheets"]) == len(rows["DSJZ"]["entities"])
    sheet = client.get(trace["sheets"][0]["sheet"], headers=headers).json()
    drawn = {f["properties"]["handle"] for f in sheet["features"]}
    assert set(trace["sheets"][0]["handles"]) <= drawn  # what is named is on the sheet
    assert client.get(f"/api/v1/projects/{project}/indicators/NOPE", headers=headers).status_code == 404


def test_pages_in_both_languages(client: TestClient, headers: dict[str, str], project: str) -> None:
    upload(client, headers, project)
    token = page_session(client, "developer")
    empty = client.get(f"/projects/{project}/indicators")
    assert "核算指标" in empty.text
    posted = client.post(f"/projects/{project}/indicators", data={"csrf_token": token})
    assert posted.status_code == 303, posted.text
    page = client.get(f"/projects/{project}/indicators")
    assert page.status_code == 200
    assert "26400.00" in page.text
    assert f'href="/projects/{project}/indicators/DSJZ"' in page.text
    trace = client.get(f"/projects/{project}/indicators/DSJZ")
    assert "<sheet-viewer" in trace.text
    assert "#handles=" in trace.text
    for address in ("indicators", "indicators/RJL", "indicators/JL_RJL", "fees"):
        for language in ("en", "zh"):
            client.cookies.set("lang", language)
            shown = client.get(f"/projects/{project}/{address}")
            assert shown.status_code == 200, (address, language, shown.text[:400])
    client.cookies.set("lang", "en")
    assert "Light up" in client.get(f"/projects/{project}/indicators/DSJZ").text
    client.cookies.clear()


def test_fee_form_page(client: TestClient, headers: dict[str, str], project: str) -> None:
    token = page_session(client, "developer")
    form = client.get(f"/projects/{project}/fees")
    assert 'name="HT_PRICE"' in form.text
    bad = client.post(
        f"/projects/{project}/fees", data={"csrf_token": token, "HT_PRICE": "12万元", "LP_TERM": "x"}
    )
    assert bad.status_code == 422
    assert "12万元" in bad.text
    assert "error-summary" in bad.text
    assert client.get(f"/api/v1/projects/{project}/fees", headers=headers).status_code == 404
    good = client.post(f"/projects/{project}/fees", data={"csrf_token": token, "HT_PRICE": "120000000"})
    assert good.status_code == 303, good.text
    page = client.get(f"/projects/{project}/fees")
    assert "60,000.00" in page.text
    assert "未核实" in page.text
    assert "无法判定" in page.text
    twin = client.get(f"/api/v1/projects/{project}/fees", headers=headers).json()
    undecided = next(line for line in twin["lines"] if line["code"] == "TDCRJ")
    card = page.text.split('id="fee-TDCRJ"')[1].split('<details class="card"')[0]
    assert undecided["missing"]
    for missing in undecided["missing"]:  # each is said once, not once per factor
        assert card.count(missing["reason"]) == 1
    assert "<details><summary>计算过程" in card
    assert {x["code"]: x["amount"] for x in twin["lines"]}["YHS"] == "60000.00"
    client.cookies.clear()


def test_only_the_project_s_people(client: TestClient, sign_in: SignIn, project: str) -> None:
    other = sign_in(client, "developer2")
    for address in ("indicators", "fees", "indicators/RJL", "fees/form"):
        assert client.get(f"/api/v1/projects/{project}/{address}", headers=other).status_code == 404
    assert client.post(f"/api/v1/projects/{project}/indicators", headers=other).status_code == 404
    assert (
        client.post(f"/api/v1/projects/{project}/fees", json={"inputs": {}}, headers=other).status_code == 404
    )
    assert client.get(f"/api/v1/projects/{project}/indicators").status_code == 401


@pytest.mark.parametrize(
    "inputs",
    [
        {"NOPE": 1},
        {"TDCRJ": 5},
        {"HT_PRICE": "1; drop table result"},
        {"LP_TERM": "-3"},
        {"LP_DATE": "2026-13-40"},
        {"LP_USAGE": "x" * 300},
        {"HT_PRICE": "9" * 40},
        {"HT_PRICE": None},
        {"HT_PRICE": ["a"]},
        {"GD_PARCELS": "[1,2]"},
    ],
)
def test_bad_fee_inputs(
    client: TestClient, headers: dict[str, str], project: str, inputs: dict[str, Any]
) -> None:
    answer = client.post(f"/api/v1/projects/{project}/fees", json={"inputs": inputs}, headers=headers)
    if inputs == {"HT_PRICE": None}:  # an empty field of a form
        assert answer.status_code == 201
        return
    assert answer.status_code == 422, answer.text
    assert client.get(f"/api/v1/projects/{project}/fees", headers=headers).status_code == 404


def test_catalogue(client: TestClient, headers: dict[str, str]) -> None:
    listed = client.get("/api/v1/elements", headers=headers).json()
    assert {"code", "name", "kind", "class", "business", "unit", "source", "clause"} <= set(
        listed["elements"][0]
    )
    assert listed["total"] == len(listed["elements"])
    few = client.get("/api/v1/elements", params={"business": "house-sharing"}, headers=headers).json()
    assert {e["business"] for e in few["elements"]} == {"house-sharing"}
    one = client.get("/api/v1/elements/LP_KV", headers=headers).json()
    assert one["tables"][0]["editions"]
    assert client.get("/api/v1/elements/nope", headers=headers).status_code == 404
    run = client.post(
        "/api/v1/elements/run/house-sharing",
        json={"inputs": {"FH_INNER": {"A": 80, "B": 100, "C": 120}, "FH_COMMON": 45}},
        headers=headers,
    )
    assert run.json()["values"]["FH_K"]["display"] == "0.150000"
    fee = client.post(
        "/api/v1/elements/fee/YHS", json={"inputs": {"HT_PRICE": 120000000}}, headers=headers
    ).json()
    assert fee["amount"] == "60000.00"
    assert client.post("/api/v1/elements/fee/XXX", json={"inputs": {}}, headers=headers).status_code == 404
    page_session(client, "developer")
    for language in ("zh", "en"):
        client.cookies.set("lang", language)
        assert client.get("/elements").status_code == 200
        for entry in listed["elements"][:: 1 if len(listed["elements"]) < 300 else 23]:
            shown = client.get(f"/elements/{entry['code']}")
            assert shown.status_code == 200, entry["code"]
    client.cookies.clear()
