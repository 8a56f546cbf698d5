"""Signing in, isolation, CSRF, language, error pages."""

from __future__ import annotations

import re

from project_box import service as box

PROJECT = {"code": "2611-430104-04-01-900001", "name": "样例花园一期", "location": "样例新区"}


def _csrf(html: str) -> str:
    return re.search(r'name="csrf_token" value="([0-9a-f]{64})"', html).group(1)


def test_home_and_login_pages_answer(client):
    assert "一次提交" in client.get("/").text
    assert client.get("/projects").headers["location"] == "/login?next=/projects"
    assert client.get("/api/v1/projects").status_code == 401


def test_wrong_password_is_told_without_naming_what_was_wrong(client):
    answer = client.post("/api/v1/session", json={"username": "developer", "password": "nope-nope"})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "wrong_credentials"


def test_ten_wrong_passwords_rest_the_account(client, database):
    for _ in range(10):
        client.post("/login", data={"username": "developer2", "password": "wrong-wrong"})
    answer = client.post("/api/v1/session", json={"username": "developer2", "password": "demo-developer2"})
    assert answer.json()["error"]["code"] == "account_rests"
    with database.transaction() as session:
        from project_box.repository import user_by_name

        user_by_name(session, "developer2").locked_until = None


def test_form_sign_in_sets_a_cookie_scripts_cannot_read_and_csrf_guards_forms(client):
    answer = client.post(
        "/login", data={"username": "developer", "password": "demo-developer", "next": "//evil"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in answer.headers["set-cookie"]
    refused = client.post("/projects/new", data=PROJECT)
    assert refused.status_code == 403
    page = client.get("/projects/new").text
    made = client.post("/projects/new", data={**PROJECT, "csrf_token": _csrf(page)})
    assert made.status_code == 303, made.text
    shown = client.get(made.headers["location"])
    assert "样例花园一期" in shown.text
    again = client.post("/projects/new", data={**PROJECT, "csrf_token": _csrf(page)})
    assert again.status_code == 409
    assert "已存在" in again.text
    assert PROJECT["name"] in again.text


def test_another_firm_sees_nothing(client, sign_in):
    mine = sign_in(client, "developer")
    made = client.post("/api/v1/projects", json={**PROJECT, "code": "2611-430104-04-01-900002"}, headers=mine)
    assert made.status_code == 201
    address = f"/api/v1/projects/{made.json()['id']}"
    assert client.get(address, headers=mine).status_code == 200
    assert client.get(address, headers=sign_in(client, "developer2")).status_code == 404
    assert client.get(address, headers=sign_in(client, "window")).status_code == 404


def test_names_are_checked_and_shown_escaped(client, sign_in):
    headers = sign_in(client, "developer")
    long = client.post(
        "/api/v1/projects",
        json={**PROJECT, "code": "2611-430104-04-01-900003", "name": "长" * 300},
        headers=headers,
    )
    assert long.status_code == 422
    assert long.json()["error"]["place"] == "name"
    wrong = client.post("/api/v1/projects", json={**PROJECT, "code": "2611-430104-04-01"}, headers=headers)
    assert wrong.json()["error"]["code"] == "project_code"
    sql = "'; DROP TABLE box.project; --<script>alert(1)</script>"
    made = client.post(
        "/api/v1/projects", json={**PROJECT, "code": "2611-430104-04-01-900004", "name": sql}, headers=headers
    )
    assert made.json()["name"] == sql
    client.post("/login", data={"username": "developer", "password": "demo-developer"})
    page = client.get(f"/projects/{made.json()['id']}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_english_switch(client):
    client.get("/language/en")
    page = client.get("/").text
    assert "Sign in" in page
    assert not re.search(r"[一-鿿]", re.sub(r"中文|项目盒 Project Box", "", page))


def test_unknown_addresses_and_ids_are_plain_404(client, sign_in):
    assert client.get("/nothing").status_code == 404
    headers = sign_in(client, "developer")
    assert client.get("/api/v1/projects/not-a-uuid", headers=headers).status_code == 404
    assert (
        client.get("/api/v1/files/00000000-0000-0000-0000-000000000000", headers=headers).status_code == 404
    )


def test_results_are_versioned_hashed_and_audited(session, actors):
    actor = actors["developer"]
    project = box.create_project(session, actor, **{**PROJECT, "code": "2611-430104-04-01-900005"})
    from project_box.stage import Stage

    first = box.put_result(
        session,
        actor,
        project.id,
        kind="note",
        stage=Stage.DESIGN,
        title="a",
        payload={"a": 1},
        source={},
        trust="D",
    )
    second = box.put_result(
        session,
        actor,
        project.id,
        kind="note",
        stage=Stage.DESIGN,
        title="b",
        payload={"a": 1},
        source={},
        trust="D",
    )
    assert (first.version, second.version) == (1, 2)
    assert first.content_hash == second.content_hash
    assert box.latest_result(session, actor, project.id, "note").id == second.id
    assert box.latest_result(session, actors["developer2"], project.id, "note") is None
    assert box.verify_audit(session) is None


def test_a_changed_audit_event_breaks_the_chain(session, actors):
    from sqlalchemy import text

    for n in range(3):
        event = box.record_audit(session, actors["admin"], "test", "x", {"n": n})
    session.execute(
        text("UPDATE box.audit_event SET payload = '{\"n\": 7}' WHERE seq = :s"), {"s": event.seq - 1}
    )
    session.expire_all()
    assert box.verify_audit(session) == event.seq - 1
