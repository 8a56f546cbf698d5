"""Administrators keep organisations and the qualifications of agencies: page, JSON twin, command."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from intermediaries import agency_service as agencies
from project_box import organisations as keeping
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor
from tests.integration.elements.test_pages import page_session

SignIn = Callable[[TestClient, str], dict[str, str]]
AGENCY, DEVELOPER = "样例水保交通咨询有限公司", "邻居置业有限公司"
FACTS: dict[str, Any] = {
    "code": "energy",
    "level": "甲级",
    "certificate_no": "节能 1",
    "valid_until": "2030-01-31",
}


def test_qualify_update_and_withdraw(session: Session, actors: dict[str, Actor]) -> None:
    admin, row = actors["admin"], keeping.by_name_or_code(session, AGENCY)
    agencies.qualify(session, admin, row.id, **FACTS)
    agencies.qualify(session, admin, row.id, **{**FACTS, "level": "乙级"})
    found = [q for q in agencies.held(session, admin, row.id, keeping_day()) if q["code"] == "energy"]
    assert [(q["level"], q["valid"]) for q in found] == [("乙级", True)]
    with pytest.raises(BadInput):
        agencies.withdraw(session, admin, row.id, "energy", " ")
    agencies.withdraw(session, admin, row.id, "energy", "机构申请")
    with pytest.raises(NotFound):
        agencies.withdraw(session, admin, row.id, "energy", "再次")


def keeping_day() -> Any:
    from elements.service import today

    return today()


@pytest.mark.parametrize(
    "wrong", [{"code": "nope"}, {"certificate_no": " "}, {"valid_until": "2030-13-01"}, {"level": "x" * 101}]
)
def test_what_cannot_be_registered(session: Session, actors: dict[str, Actor], wrong: dict[str, str]) -> None:
    row = keeping.by_name_or_code(session, AGENCY)
    with pytest.raises(BadInput) as error:
        agencies.qualify(session, actors["admin"], row.id, **{**FACTS, **wrong})
    assert error.value.place == next(iter(wrong))


def test_only_administrators_and_only_agencies(session: Session, actors: dict[str, Actor]) -> None:
    row = keeping.by_name_or_code(session, AGENCY)
    for name in ("handler", "developer", "agency"):
        with pytest.raises(Forbidden):
            agencies.qualify(session, actors[name], row.id, **FACTS)
    other = keeping.by_name_or_code(session, DEVELOPER)
    with pytest.raises(BadInput, match="not an agency"):
        agencies.qualify(session, actors["admin"], other.id, **FACTS)


def test_an_organisation_is_corrected(session: Session, actors: dict[str, Actor]) -> None:
    admin, row = actors["admin"], keeping.by_name_or_code(session, DEVELOPER)
    changed = keeping.change(session, admin, row.id, name=DEVELOPER, address="麓谷大道 1 号", contact="电话")
    assert changed.address == "麓谷大道 1 号"
    with pytest.raises(Conflict):
        keeping.change(session, admin, row.id, name=AGENCY, address="", contact="")


def test_pages_and_twins(client: TestClient, sign_in: SignIn) -> None:
    headers = sign_in(client, "admin")
    rows = client.get("/api/v1/organisations", headers=headers).json()["organisations"]
    agency = next(r for r in rows if r["name"] == AGENCY)
    made = client.post(f"/api/v1/organisations/{agency['id']}/qualifications", json=FACTS, headers=headers)
    assert made.status_code == 201
    assert "energy" in [q["code"] for q in made.json()["qualifications"]]
    assert client.get("/api/v1/organisations", headers=sign_in(client, "handler")).status_code == 403
    token = page_session(client, "admin")
    address = f"/admin/organisations/{agency['id']}"
    for language in ("zh", "en"):
        client.cookies.set("lang", language)
        assert AGENCY in client.get("/admin/organisations").text
        assert "节能 1" in client.get(address).text
    wrong = client.post(f"{address}/qualifications", data={**FACTS, "valid_until": "x", "csrf_token": token})
    assert wrong.status_code == 422 and 'href="#valid_until"' in wrong.text
    gone = client.post(
        f"{address}/qualifications/energy/withdraw", data={"reason": "测试", "csrf_token": token}
    )
    assert gone.status_code == 303
    saved = client.post(address, data={"name": AGENCY, "address": "甲", "contact": "", "csrf_token": token})
    assert saved.status_code == 303
    client.cookies.clear()


def test_command(monkeypatch: pytest.MonkeyPatch, database: Any) -> None:
    from contextlib import contextmanager

    from web.cli import app
    from web.commands import agency

    @contextmanager
    def opened() -> Any:
        yield database

    monkeypatch.setattr(agency, "database", opened)
    run = CliRunner().invoke
    known = json.loads(run(app, ["agency", "kinds", "--json"]).stdout)["qualifications"]
    assert "geology" in [q["code"] for q in known]
    arguments = [
        "agency",
        "qualify",
        AGENCY,
        "--code",
        "minerals",
        "--certificate",
        "矿 9",
        "--until",
        "2030-01-01",
    ]
    made = run(app, [*arguments, "--json"])
    assert made.exit_code == 0, made.output
    assert "minerals" in [q["code"] for q in json.loads(made.stdout)["qualifications"]]
    assert "矿 9" in run(app, ["agency", "list", "--json"]).stdout
    gone = run(app, ["agency", "withdraw", AGENCY, "--code", "minerals", "--reason", "测试", "--json"])
    assert "minerals" not in [q["code"] for q in json.loads(gone.stdout)["qualifications"]]
    wrong = run(app, ["agency", "qualify", "没有的单位", *arguments[3:], "--json"])
    assert wrong.exit_code == 2 and json.loads(wrong.stdout)["error"]["place"] == "organisation"
