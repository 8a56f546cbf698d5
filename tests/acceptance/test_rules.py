"""Rules change, cases do not: two administrators, a future day, past cases, an accepted case kept to the byte."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from project_box.kernel.db import Database
from project_box.kernel.plain import canonical_json
from tests.acceptance.conftest import Caller
from tests.acceptance.test_journeys import prepare, task_of, upload
from tests.conftest import fresh_city

Sign = Callable[[str], Caller]
RULES = "/elements/rules"


@pytest.fixture(scope="module")
def city() -> Iterator[Database]:
    """A city of its own: what is amended here must not reach other tests."""
    with fresh_city() as opened:
        yield opened


@pytest.fixture(scope="module")
def app(city: Database) -> Any:
    """The application on that city."""
    from web.app import create_app

    return create_app(city)


@pytest.fixture(scope="module")
def ready(app: Any) -> str:
    """A project with everything computed and no case; its id."""
    with TestClient(app) as client:
        return prepare(Caller(client, "developer"), "A")


def day(ahead: int = 0) -> str:
    """A day in China from today on."""
    return (dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date() + dt.timedelta(days=ahead)).isoformat()


def amend_ratio(admin: Caller, formula: str, ahead: int = 0) -> dict[str, Any]:
    """An amendment of the net site area's formula."""
    body = {"fields": {"formula": formula}, "reason": "试验修订", "effective_from": day(ahead)}
    done: dict[str, Any] = admin.done("POST", f"{RULES}/elements/JYD", json=body)
    return done


def agree(first: Caller, second: Caller, number: int) -> None:
    """Submitted by one, approved by the other."""
    first.done("POST", f"{RULES}/{number}/submit")
    second.done("POST", f"{RULES}/{number}/approve", json={"text": "同意"})


def value_of(table: dict[str, Any], code: str) -> str:
    """What a table shows for an element."""
    return str(next(e["display"] for e in table["elements"] if e["code"] == code))


def payloads(caller: Caller, project: str) -> tuple[bytes, bytes]:
    """Newest indicator table and fee statement as canonical bytes, without the stamp of their storing."""
    stamp = ("result_id", "version", "created_at", "content_hash")
    out = []
    for kind in ("indicators", "fees"):
        found = caller.done("GET", f"/projects/{project}/{kind}")
        out.append(canonical_json({k: v for k, v in found.items() if k not in stamp}))
    return out[0], out[1]


def accepted(developer: Caller, window: Caller) -> str:
    """A project with an accepted case; its id."""
    project = prepare(developer, "A")
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    developer.done("PUT", f"/cases/{case}/form", json={"phone": "13800138000"})
    upload(developer, case, "land_right", "authorization")
    developer.done("POST", f"/cases/{case}/submit")
    task = task_of(window, case, "accept")
    window.done("POST", f"/tasks/{task}", json={"action": "accept", "opinion": "齐全"})
    return project


def recompute(caller: Caller, project: str) -> None:
    """Indicators and fees again."""
    caller.done("POST", f"/projects/{project}/indicators", json={"inputs": {}})
    caller.done("POST", f"/projects/{project}/fees", json={"inputs": {}})


def test_an_accepted_case_keeps_its_rules_to_the_byte(sign: Sign, ready: str) -> None:
    developer, admin, admin2 = sign("developer"), sign("admin"), sign("admin2")
    old = accepted(developer, sign("window"))
    draft = ready
    before = payloads(developer, old)
    hash_before = developer.done("GET", f"/projects/{old}/indicators")["rule_hash"]

    change = amend_ratio(admin, "(ZYD - DZDL - DZLD) * 0.5")
    preview = change["preview"]
    assert preview["projects"] == preview["read"] == 2
    assert preview["evaluated"] == 4  # two tables and two statements
    assert preview["values_changed"] > 0 and preview["conclusions_changed"] > 0
    by_project = {(c["project_id"], c["kind"]): c for c in preview["cases"]}
    assert by_project[old, "indicator_table"]["pinned"]
    assert not by_project[draft, "indicator_table"]["pinned"]
    row = next(r for r in by_project[draft, "indicator_table"]["rows"] if r["code"] == "JYD")
    assert float(row["after"]) == pytest.approx(float(row["before"]) / 2, abs=0.01)
    assert sum(c["conclusions"] for c in preview["cases"]) == preview["conclusions_changed"]
    agree(admin, admin2, change["number"])

    recompute(developer, old)
    recompute(developer, draft)
    assert payloads(developer, old) == before
    new = developer.done("GET", f"/projects/{draft}/indicators")
    assert new["rule_hash"] == change["result"] != hash_before
    assert value_of(new, "JYD") == row["after"]

    kept = developer.done("POST", f"/projects/{old}/what-if", json={"runs": [{"rules": "current"}]})
    assert kept["pinned"] and kept["counts"]["changed"] > 0
    assert [r["rule_hash"] for r in kept["runs"]] == [hash_before, change["result"]]

    back = amend_ratio(admin, "ZYD - DZDL - DZLD")  # a wrong amendment is undone by another
    agree(admin, admin2, back["number"])
    assert developer.done("GET", f"{RULES}/sets")["in_force"] == hash_before


def test_a_future_day_changes_nothing_today(sign: Sign) -> None:
    admin, admin2 = sign("admin"), sign("admin2")
    ask = {"inputs": {"HT_PRICE": "1000000"}}
    today = admin.done("POST", "/elements/fee/YHS", json=ask)
    shown = admin.done("GET", "/elements/YHS")
    table = next(t for t in shown["tables"] if t["code"] == "stamp-duty") if shown["tables"] else None
    editions = (table or admin.done("GET", "/elements/YHS_RATE")["tables"][0])["editions"]
    now = next(e for e in editions if e["holds"])
    rows = [{**r, "value": 0.1} for r in now["rows"]]
    body = {
        "jurisdiction": "全国",
        "fields": {"doc_no": "试验〔2026〕9号", "clause": "第一条", "valid_from": day(30), "evidence": "S"},
        "rows": rows,
        "reason": "税率调整",
        "effective_from": day(30),
    }
    change = admin.done("POST", f"{RULES}/tables/stamp-duty", json=body)
    assert change["preview"]["day"] == day(30)
    agree(admin, admin2, change["number"])
    assert admin.done("POST", "/elements/fee/YHS", json=ask)["amount"] == today["amount"]
    later = admin.done("POST", "/elements/fee/YHS", json={**ask, "at": day(30)})
    assert later["amount"] == "1000.00" != today["amount"]
    assert "试验〔2026〕9号" in later["doc_no"]
    listed = admin.done("GET", RULES)
    assert listed["in_force"] != change["result"]
    assert [c["hash"] for c in listed["calendar"] if c["future"]] == [change["result"]]


def test_two_people_are_needed(sign: Sign) -> None:
    admin, admin2, signer = sign("admin"), sign("admin2"), sign("signer")
    number = amend_ratio(admin, "ZYD - DZDL")["number"]
    for path in (RULES, f"{RULES}/{number}"):
        assert signer("GET", path).status_code == 403
    assert admin2("POST", f"{RULES}/{number}/approve").status_code == 409  # not submitted yet
    admin.done("POST", f"{RULES}/{number}/submit")
    own = admin("POST", f"{RULES}/{number}/approve")
    assert own.status_code == 403 and own.json()["error"]["code"] == "same_person"
    assert signer("POST", f"{RULES}/{number}/approve").status_code == 403
    assert admin2("POST", f"{RULES}/{number}/reject", json={"text": ""}).status_code == 422
    rejected = admin2.done("POST", f"{RULES}/{number}/reject", json={"text": "没有依据"})
    assert rejected["state"] == "rejected" and rejected["decision"] == "没有依据"
    assert admin.done("POST", f"{RULES}/{number}/withdraw")["state"] == "withdrawn"
    kinds = [e["kind"] for e in admin.done("GET", "/audit")["events"]]
    for step in ("saved", "previewed", "submitted", "rejected", "withdrawn"):
        assert f"rules.amendment_{step}" in kinds


def test_what_the_loader_refuses_names_field_and_line(sign: Sign, web: TestClient) -> None:
    admin = sign("admin")
    count = len(admin.done("GET", RULES)["amendments"])
    for formula, words in (("ZYD - NIRGENDS", "NIRGENDS"), ("RJL * 2", "循环"), ("import os", "公式")):
        body = {"fields": {"formula": formula}, "reason": "试", "effective_from": day()}
        answer = admin("POST", f"{RULES}/elements/JYD", json=body)
        error = answer.json()["error"]
        assert answer.status_code == 422 and error["place"] == "formula", error
        assert error["details"]["file"].endswith(".yaml") and error["details"]["line"] > 1
        assert f":{error['details']['line']}" in error["message"]
        assert words in error["message"] or words == "公式"
    assert len(admin.done("GET", RULES)["amendments"]) == count
    web.post("/login", data={"username": "admin", "password": "demo-admin"})
    page = web.get("/elements/rules/element/JYD").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "formula": "ZYD - NIRGENDS", "reason": "试", "effective_from": day()}
    again = web.post("/elements/rules/element/JYD", data=form)
    assert again.status_code == 422 and "planning/planning-permit.yaml:" in again.text
    assert 'href="#formula"' in again.text and "ZYD - NIRGENDS" in again.text


def test_pages_of_an_amendment(sign: Sign, web: TestClient, ready: str) -> None:
    admin = sign("admin")
    web.post("/login", data={"username": "admin", "password": "demo-admin"})
    page = web.get("/elements/rules/table/stamp-duty?place=全国").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    fields = dict(_fields(page))
    assert any(name.startswith("row-0-") for name in fields)
    fields |= {
        "csrf_token": token, "doc_no": "试验〔2026〕10号", "row-0-value": "2", "reason": "试",
        "valid_from": day(60), "effective_from": day(60), "jurisdiction": "全国", "evidence": "S",
    }  # fmt: skip
    wrong = web.post("/elements/rules/table/stamp-duty?place=全国", data={**fields, "row-0-value": "二"})
    assert wrong.status_code == 422 and 'href="#row-0-value"' in wrong.text
    saved = web.post("/elements/rules/table/stamp-duty?place=全国", data=fields)
    assert saved.status_code == 303, saved.text[:500]
    shown = web.get(saved.headers["location"]).text
    assert "试验〔2026〕10号" in shown and "提交审批" in shown and 'id="counts"' in shown
    number = int(saved.headers["location"].rsplit("/", 1)[1])
    plain = admin.done("GET", f"{RULES}/{number}")
    assert plain["change"]["after"]["rows"][0]["value"] == 2
    for case in plain["preview"]["cases"][:1]:
        assert web.get(f"/elements/rules/{number}/cases/{case['project_id']}").status_code == 200
    assert "试验〔2026〕10号" not in web.get("/elements/rules/patch").text  # not approved
    assert web.get("/elements/rules").status_code == 200


def _fields(page: str) -> Iterator[tuple[str, str]]:
    import html
    import re

    for found in re.finditer(r'<input id="([^"]+)" name="\1"[^>]* value="([^"]*)"', page):
        yield found.group(1), html.unescape(found.group(2))


def test_three_area_standards_side_by_side(sign: Sign, web: TestClient, ready: str) -> None:
    developer, project = sign("developer"), ready
    runs = developer.done("POST", f"/projects/{project}/what-if", json={"each": "AREA_RULES"})
    assert [r["label"] for r in runs["runs"]] == ["AREA_50353_2013", "AREA_55031_2022", "AREA_17986_2000"]
    rate = {"table": "stamp-duty", "value": "1", "keys": {"subject": "产权转移书据"}}
    price = {"HT_PRICE": "1000000"}
    body = {"business": "fees", "runs": [{"inputs": price}, {"inputs": price, "rates": [rate]}]}
    fees = developer.done("POST", f"/projects/{project}/what-if", json=body)
    duty = next(r for r in fees["rows"] if r["code"] == "YHS")
    assert duty["changed"] and duty["cells"][2]["display"] == "10000.00" != duty["cells"][1]["display"]
    assert developer("POST", f"/projects/{project}/what-if", json={}).status_code == 422
    wrong = developer("POST", f"/projects/{project}/what-if", json={"runs": [{"rules": "ffffffff"}]})
    assert wrong.status_code == 404
    free = developer.done(
        "POST",
        "/elements/what-if/area-calculator",
        json={"inputs": {"PT_AREA": "100", "PT_OBJECT": "自然层", "PT_HEIGHT": "2.1"}, "each": "AREA_RULES"},
    )
    assert free["counts"]["elements"] > 0 and len(free["runs"]) == 3
    web.post("/login", data={"username": "developer", "password": "demo-developer"})
    assert 'id="comparison"' in web.get(f"/projects/{project}/what-if?each=AREA_RULES").text
    assert web.get(f"/projects/{project}/what-if?at=gestern").status_code == 422
