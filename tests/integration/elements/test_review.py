"""Review table, side by side, template and import: pages and JSON twins."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from elements.engine.engine import load_catalogue
from elements.service import today
from elements.workbooks.workbook import write_template
from tests.integration.elements.test_pages import page_session

SignIn = Callable[[TestClient, str], dict[str, str]]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AREA = {"PT_AREA": "100", "PT_OBJECT": "自然层", "PT_HEIGHT": "2.1"}
OVER = {"HX_TIERS": "T1", "HX_PERMITTED": "1000", "HX_ACTUAL": "2000"}


@pytest.fixture
def headers(client: TestClient, sign_in: SignIn) -> dict[str, str]:
    return sign_in(client, "developer")


def rows_on(text: str) -> set[str]:
    return set(re.findall(r'<tr id="row-([A-Z0-9_]+)"', text))


def test_the_page_shows_the_figures_of_its_twin(client: TestClient, headers: dict[str, str]) -> None:
    twin = client.post("/api/v1/elements/run/area-calculator", json={"inputs": AREA}, headers=headers).json()
    assert {"code", "display", "limit", "outcome", "state", "evidence", "clause"} <= set(twin["review"][0])
    token = page_session(client, "developer")
    for language in ("zh", "en"):
        client.cookies.set("lang", language)
        page = client.post("/elements/run/area-calculator", data={**AREA, "csrf_token": token})
        assert page.status_code == 200
        assert rows_on(page.text) == {r["code"] for r in twin["review"]}
        for row in twin["review"]:
            assert html.escape(row["display"]) in page.text
        assert 'value="2.1"' in page.text  # the form keeps what was typed
    assert client.get("/elements/run/nope").status_code == 404
    client.cookies.clear()


def test_filter_works_without_script(client: TestClient, headers: dict[str, str]) -> None:
    token = page_session(client, "developer")
    twin = client.post("/api/v1/elements/run/verification", json={"inputs": {}}, headers=headers).json()
    data = {"csrf_token": token, "show": "undecided"}
    page = client.post("/elements/run/verification", data=data)
    wanted = {r["code"] for r in twin["review"] if r["state"] in ("undecided", "missing")}
    assert rows_on(page.text) == wanted
    assert wanted
    assert not rows_on(client.post("/elements/run/verification", data={**data, "show": "fail"}).text)
    odd = client.post("/elements/run/verification", data={**data, "show": "x"})
    assert odd.status_code == 422
    by_address = client.get("/elements/run/verification", params={"show": "undecided"})
    assert rows_on(by_address.text) == wanted
    client.cookies.clear()


def test_faults_of_the_form_come_back(client: TestClient) -> None:
    token = page_session(client, "developer")
    page = client.post(
        "/elements/run/area-calculator", data={"csrf_token": token, "PT_AREA": "多", "PT_HEIGHT": "3亩"}
    )
    assert page.status_code == 422
    assert "error-summary" in page.text
    assert 'href="#PT_AREA"' in page.text
    assert 'href="#PT_HEIGHT"' in page.text
    assert client.post("/elements/run/area-calculator", data=AREA).status_code == 403  # no token
    client.cookies.clear()


def test_rule_sets_side_by_side(client: TestClient, headers: dict[str, str]) -> None:
    inputs = {"PT_AREA": "6", "PT_OBJECT": "阳台", "PT_POSITION": "主体外", "PT_ENCLOSED": "是"}
    body = {"inputs": inputs, "each": "AREA_RULES"}
    plain = client.post("/api/v1/elements/diff/area-calculator", json=body, headers=headers).json()
    assert [r["label"] for r in plain["runs"]] == ["AREA_50353_2013", "AREA_55031_2022", "AREA_17986_2000"]
    row = next(r for r in plain["rows"] if r["code"] == "PT_COUNTED")
    assert [c["display"] for c in row["cells"]] == ["3.00", "6.00", "6.00"]
    token = page_session(client, "developer")
    page = client.post(
        "/elements/run/area-calculator", data={**inputs, "each": "AREA_RULES", "csrf_token": token}
    )
    assert 'id="comparison"' in page.text
    assert "AREA_17986_2000" in page.text
    lines = client.post(
        "/elements/run/area-calculator",
        data={
            **inputs,
            "against": "PT_ENCLOSED=否\nAREA_RULES=AREA_55031_2022;at=2025-01-01",
            "csrf_token": token,
        },
    )
    assert "2025-01-01" in lines.text
    wrong = client.post("/elements/run/area-calculator", data={"against": "x", "csrf_token": token})
    assert wrong.status_code == 422
    assert client.post("/api/v1/elements/diff/area-calculator", json={}, headers=headers).status_code == 422
    client.cookies.clear()


def test_template_and_import(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get("/api/v1/elements/template/house-sharing.xlsx", headers=headers)
    assert answer.headers["content-type"] == XLSX
    assert load_workbook(io.BytesIO(answer.content)).sheetnames[0] == "要素"
    values: dict[str, Any] = {"FH_INNER": {"A": 80, "B": 100, "C": 120}, "FH_COMMON": Decimal(45)}
    data = write_template(load_catalogue(), "house-sharing", today(), values)
    file = {"file": ("f.xlsx", data, XLSX)}
    twin = client.post("/api/v1/elements/import/house-sharing", files=file, headers=headers).json()
    assert twin["values"]["FH_K"]["display"] == "0.150000"
    assert twin["inputs"]["FH_INNER"]["cell"] == "FH_INNER!A3"
    typed = {"FH_INNER": values["FH_INNER"], "FH_COMMON": 45}
    run = client.post("/api/v1/elements/run/house-sharing", json={"inputs": typed}, headers=headers).json()
    cells = {r["code"]: (r["evidence"].pop("entered") or {}).get("cell") for r in twin["review"]}
    assert cells["FH_INNER"] == "FH_INNER!A3"  # the table says where each value stood
    assert all(r["evidence"].pop("entered") is None for r in run["review"])
    assert run["review"] == twin["review"]
    token = page_session(client, "developer")
    assert client.get("/elements/template/house-sharing.xlsx").content[:2] == b"PK"
    page = client.post("/elements/import/house-sharing", files=file, data={"csrf_token": token})
    assert page.status_code == 200
    assert "0.150000" in page.text
    client.cookies.clear()


def test_faults_of_a_workbook_by_cell(client: TestClient, headers: dict[str, str]) -> None:
    book = load_workbook(io.BytesIO(write_template(load_catalogue(), "house-sharing", today())))
    codes = [c.value for c in book["要素"]["A"]]
    row = codes.index("FH_COMMON") + 1
    book["要素"].cell(row, 5).value = "四十五"
    out = io.BytesIO()
    book.save(out)
    file = {"file": ("f.xlsx", out.getvalue(), XLSX)}
    answer = client.post("/api/v1/elements/import/house-sharing", files=file, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["issues"][0]["file"] == f"要素!E{row}"
    token = page_session(client, "developer")
    for language in ("zh", "en"):
        client.cookies.set("lang", language)
        page = client.post("/elements/import/house-sharing", files=file, data={"csrf_token": token})
        assert page.status_code == 422
        assert f"要素!E{row}" in page.text
    junk = {"file": ("f.xlsx", b"junk", XLSX)}
    page = client.post("/elements/import/house-sharing", files=junk, data={"csrf_token": token})
    assert page.status_code == 422
    client.cookies.clear()
