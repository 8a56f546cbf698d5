"""Nobody sees what is not theirs: every address of the API with another firm's ids, and each role's own view."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from project_box.kernel.db import Database
from tests.acceptance.conftest import Caller, boundary_of, drawings_of, new_project, stored

Sign = Callable[[str], Caller]


@pytest.fixture(scope="module")
def secrets_of_a(app: Any, demo_report: dict[str, Any]) -> dict[str, str]:
    """Ids of everything project A of the demo left behind, by the name addresses use."""
    from fastapi.testclient import TestClient

    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as client:
        developer, handler = Caller(client, "developer"), Caller(client, "handler")
        code = demo_report["projects"][0]["code"]
        project = next(p for p in developer.done("GET", "/projects")["projects"] if p["code"] == code)
        cases = developer.done("GET", f"/projects/{project['id']}/cases")["cases"]
        case = next(c for c in cases if c["item"] == "planning-permit")
        view = developer.done("GET", f"/cases/{case['id']}")
        review = handler.done("GET", f"/cases/{case['id']}/joint-review")
        engagements = handler.done("GET", f"/cases/{case['id']}/engagements")["engagements"]
        results = developer.done("GET", f"/projects/{project['id']}/results")["results"]
        done = handler.done("GET", "/tasks?tab=done")["tasks"]
        return {
            "project_id": project["id"],
            "case_id": case["id"],
            "task_id": next(t["id"] for t in done if t["case_id"] == case["id"]),
            "review_id": review["id"],
            "mark_id": review["marks"][0]["id"],
            "revision_id": review["revision_id"],
            "engagement_id": engagements[0]["id"],
            "file_id": next(f["id"] for r in results for f in r["files"]),
            "result_id": results[0]["id"],
            "licence_number": view["licence"]["number"],
        }


#: fills for parameters that belong to nobody
_COMMON = {
    "number": "1", "n": "1", "code": "RJL", "material": "land_right", "z": "12", "x": "3342", "y": "1710",
    "filename": "a", "kind": "boundary", "version": "1",
}  # fmt: skip


def addresses(app: Any, ids: dict[str, str]) -> list[tuple[str, str]]:
    """(method, path) of every operation that takes the id of something a firm owns."""
    out = []
    for path, operations in app.openapi()["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        owned = [n for n in names if n in ids]
        if path.startswith("/api/v1/licences/{number}"):
            filled = path.replace("{number}", ids["licence_number"])
        elif owned:
            filled = path
            for name in names:
                filled = filled.replace(f"{{{name}}}", ids.get(name) or _COMMON.get(name, "1"))
        else:
            continue
        out += [(method.upper(), filled) for method in operations]
    return out


def test_another_firm_finds_nothing(
    app: Any, secrets_of_a: dict[str, str], sign: Sign, city: Database
) -> None:
    stranger = sign("developer2")
    tried = addresses(app, secrets_of_a)
    assert len(tried) > 40
    before = stored(city)
    leaks = []
    for method, path in tried:
        answer = stranger.client.request(
            method, path, headers=stranger.headers, json={} if method != "GET" else None
        )
        # 403 and 422 say nothing about the thing itself; a read must look as if it were not there
        allowed = {404} if method == "GET" else {403, 404, 422}
        if answer.status_code not in allowed:
            leaks.append((method, path, answer.status_code, answer.text[:120]))
    assert not leaks
    assert stored(city) == before


def test_another_firm_with_well_formed_requests(
    secrets_of_a: dict[str, str], sign: Sign, city: Database
) -> None:
    stranger = sign("developer2")
    project, case = secrets_of_a["project_id"], secrets_of_a["case_id"]
    name, text = boundary_of("A")
    before = stored(city)
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"/projects/{project}/boundary", {"files": {"file": (name, text)}}),
        ("POST", f"/projects/{project}/drawings", {"files": drawings_of("A")[:1]}),
        ("POST", f"/projects/{project}/conflict-check", {}),
        ("POST", f"/projects/{project}/indicators", {"json": {"inputs": {}}}),
        ("POST", f"/projects/{project}/fees", {"json": {"inputs": {}}}),
        ("POST", f"/projects/{project}/cases", {"json": {"item": "planning-permit"}}),
        ("PUT", f"/cases/{case}/form", {"json": {"agent": "陌生人"}}),
        ("POST", f"/cases/{case}/materials/land_right", {"files": {"file": ("a.pdf", b"%PDF-1.7")}}),
        ("POST", f"/cases/{case}/submit", {}),
        ("POST", f"/cases/{case}/withdraw", {"json": {"reason": "没有理由"}}),
        ("POST", f"/tasks/{secrets_of_a['task_id']}", {"json": {"action": "approve", "opinion": "同意"}}),
    ]
    for method, path, body in tries:
        assert stranger(method, path, **body).status_code == 404, path
    assert stored(city) == before


def test_pages_of_another_firm(secrets_of_a: dict[str, str], sign: Sign) -> None:
    stranger = sign("developer2")
    project, case = secrets_of_a["project_id"], secrets_of_a["case_id"]
    for path in (
        f"/projects/{project}", f"/projects/{project}/site", f"/projects/{project}/check",
        f"/projects/{project}/drawings",
        f"/projects/{project}/indicators", f"/projects/{project}/fees", f"/projects/{project}/cases", f"/cases/{case}",
        f"/cases/{case}/apply/1", f"/cases/{case}/review", f"/cases/{case}/engagements",
        f"/engagements/{secrets_of_a['engagement_id']}", f"/files/{secrets_of_a['file_id']}",
    ):  # fmt: skip
        page = stranger.client.get(path, headers=stranger.headers)
        assert page.status_code == 404, (path, page.status_code)
        assert "样例花园" not in page.text, path


def test_lists_hold_only_ones_own(secrets_of_a: dict[str, str], sign: Sign) -> None:
    stranger = sign("developer2")
    assert stranger.done("GET", "/projects")["projects"] == []
    assert stranger.done("GET", "/cases")["cases"] == []
    assert stranger.done("GET", "/engagements")["engagements"] == []
    assert stranger.done("GET", "/tasks")["tasks"] == []
    assert all(
        "样例花园" not in m["title"] + m["body"] for m in stranger.done("GET", "/messages")["messages"]
    )


def test_without_a_session_nothing_but_the_public_pages(
    app: Any, secrets_of_a: dict[str, str], web: Any
) -> None:
    open_to_all = []
    for method, path in addresses(app, secrets_of_a):
        answer = web.request(method, path, json={} if method != "GET" else None)
        if answer.status_code != 401:
            open_to_all.append((method, path, answer.status_code))
    assert not open_to_all
    page = web.get(f"/projects/{secrets_of_a['project_id']}")
    assert page.status_code == 303 and page.headers["location"].startswith("/login")
    web.cookies.clear()
    bad = web.get(
        f"/api/v1/projects/{secrets_of_a['project_id']}", headers={"authorization": "Bearer nonsense"}
    )
    assert bad.status_code == 401


def test_officers_see_nothing_before_it_is_handed_in(sign: Sign, project: str) -> None:
    for who in ("window", "handler", "reviewer", "signer", "planner", "agency"):
        assert sign(who)("GET", f"/projects/{project}").status_code == 404, who
        assert project not in {p["id"] for p in sign(who).done("GET", "/projects")["projects"]}, who


def test_agencies_see_only_their_own_engagements(demo_report: dict[str, Any], sign: Sign) -> None:
    first, second = (
        {e["id"]: e for e in sign(who).done("GET", "/engagements")["engagements"]}
        for who in ("agency", "agency2")
    )
    assert first and second and not set(first) & set(second)
    for number in second:
        assert sign("agency")("GET", f"/engagements/{number}").status_code == 404
        assert sign("agency")("POST", f"/engagements/{number}/accept").status_code == 404


def test_agencies_and_disciplines_cannot_decide(
    secrets_of_a: dict[str, str], sign: Sign, city: Database
) -> None:
    people = {who: sign(who) for who in ("agency", "planner", "developer", "admin")}
    before = stored(city)
    for who, person in people.items():
        answer = person(
            "POST", f"/tasks/{secrets_of_a['task_id']}", json={"action": "approve", "opinion": "同意"}
        )
        assert answer.status_code in (403, 404), who
        answer = person("POST", f"/joint-reviews/{secrets_of_a['review_id']}/merge", json={"entries": []})
        assert answer.status_code in (403, 404, 409), who
    assert stored(city) == before


def test_the_applicant_does_not_read_internal_opinions(secrets_of_a: dict[str, str], sign: Sign) -> None:
    view = sign("developer").done("GET", f"/cases/{secrets_of_a['case_id']}")
    assert view["opinions"] == [] and view["gates"] is None and view["tasks"] == []
    assert all(not line["internal"] for line in view["log"])
    assert sign("developer")("GET", "/audit").status_code == 403


def test_a_firm_cannot_take_anothers_code(sign: Sign) -> None:
    mine = new_project(sign("developer"))
    code = sign("developer").done("GET", f"/projects/{mine}")["project"]["code"]
    answer = sign("developer2")("POST", "/projects", json={"code": code, "name": "抢注"})
    assert answer.status_code == 409
    assert "验收测试项目" not in answer.text and "样例置业" not in answer.text
