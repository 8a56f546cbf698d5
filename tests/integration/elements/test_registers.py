"""Registers: recording reviews, what stands, totals, rights, immutability, exports, pages and JSON twins."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elements.engine.engine import load_catalogue
from elements.registers import service as registers
from elements.registers.models import RegisterLine
from elements.registers.register import Filter, columns, read_filter
from elements.registers.review import known_values, review
from elements.service import today
from elements.workbooks.workbook import write_template
from project_box import service as box
from project_box.kernel.db import Database
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role
from project_box.models import Project
from tests.integration.elements.test_pages import page_session

SignIn = Callable[[TestClient, str], dict[str, str]]
VERIFICATION = {"HX_TIERS": "T1", "HX_PERMITTED": "1000", "HX_ACTUAL": "1000.50"}


def new_project(session: Session, actor: Actor, name: str = "台账项目") -> Project:
    code = f"2601-430104-04-01-{secrets.randbelow(1_000_000):06d}"
    project = box.create_project(session, actor, code=code, name=name)
    box.grant(session, project.id, role=Role.HANDLER, reason="test")
    return project


def record(
    session: Session,
    actors: dict[str, Actor],
    project: Project,
    inputs: dict[str, Any] | None = None,
    **more: Any,
) -> RegisterLine:
    business = more.pop("business", "verification")
    found = review(
        session, actors["handler"], project.id, business, VERIFICATION | (inputs or {}),
        subject=more.get("subject", ""),
    )  # fmt: skip
    return registers.record_review(session, actors["handler"], found, **more)


def test_a_recorded_review_is_a_line_and_a_result(session: Session, actors: dict[str, Actor]) -> None:
    project = new_project(session, actors["developer"])
    line = record(
        session, actors, project, subject="1 号楼", decision="approved", opinion="同意。\n另行公示。"
    )
    assert line.serial.startswith(f"TZ-verification-{today().year}-")
    assert (line.outcome, line.decision, line.decided_on) == ("pass", "approved", today())
    assert line.numbers["HX_ACTUAL"] == "1000.50"
    assert line.inputs["HX_ACTUAL"]["by"] == actors["handler"].name
    assert registers.holds(line)
    kept = {d["op"] for d in line.opinion["difference"]}
    assert kept == {"add", "drop"}
    assert "另行公示。" in [d["text"] for d in line.opinion["difference"] if d["op"] == "add"]
    assert "城乡规划法" in line.opinion["drafted"] or "依据：" in line.opinion["drafted"]
    result = box.latest_result(session, actors["handler"], project.id, "review_verification")
    assert result is not None and result.id == line.result_id
    assert result.payload["opinion"]["text"].startswith("同意。")


def test_a_line_cannot_be_changed_or_removed(session: Session, actors: dict[str, Actor]) -> None:
    line = record(session, actors, new_project(session, actors["developer"]))
    for statement in (
        "UPDATE elements.register_line SET handler = 'x'",
        "DELETE FROM elements.register_line",
    ):
        with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
            session.execute(text(f"{statement} WHERE id = :id"), {"id": line.id})


def test_a_later_line_of_the_same_object_counts(session: Session, actors: dict[str, Actor]) -> None:
    project = new_project(session, actors["developer"])
    first = record(session, actors, project, subject="1 号楼")
    second = record(session, actors, project, {"HX_ACTUAL": "1010.25"}, subject="1 号楼")
    other = record(session, actors, project, {"HX_ACTUAL": "2000", "HX_PERMITTED": "2000"}, subject="2 号楼")
    assert second.replaces == first.id and other.replaces is None
    chosen = Filter(project=project.id)
    _, lines, totals = registers.lines(session, actors["handler"], "verification", chosen)
    assert [x.id for x in lines] == [other.id, second.id]
    assert totals.sums["HX_ACTUAL"] == Decimal("3010.25")
    assert totals.months[0]["lines"] == 2
    _, lines, totals = registers.lines(
        session, actors["handler"], "verification", Filter(project=project.id, replaced=True)
    )
    assert len(lines) == totals.lines == 3


def test_an_undecided_review_does_not_push_a_decision_out(session: Session, actors: dict[str, Actor]) -> None:
    project = new_project(session, actors["developer"])
    record(session, actors, project, decision="denied")
    with pytest.raises(Conflict) as error:
        record(session, actors, project)
    assert error.value.code == "line_decided"
    assert record(session, actors, project, decision="approved").replaces is not None


def test_filters_sort_and_total(session: Session, actors: dict[str, Actor]) -> None:
    project = new_project(session, actors["developer"], "甲%_项目")
    good = record(session, actors, project, subject="甲")
    bad = record(session, actors, project, {"HX_ACTUAL": "2000"}, subject="乙")
    open_ = record(session, actors, project, {"HX_ACTUAL": ""}, subject="丙")
    handler = actors["handler"]

    def found(**raw: str) -> list[uuid.UUID]:
        shown = columns(load_catalogue(), "verification", today())
        chosen = read_filter({"project": str(project.id), **raw}, shown)
        return [x.id for x in registers.lines(session, handler, "verification", chosen)[1]]

    assert found(sort="serial") == [good.id, bad.id, open_.id]
    assert found(outcome="fail") == [bad.id]
    assert found(outcome="undecided") == found(undecided="1") == [open_.id]
    assert found(sort="-HX_ACTUAL")[:2] == [bad.id, good.id]
    assert found(sort="HX_ACTUAL")[-1] == open_.id  # without a value: last, either way
    assert found(sort="outcome") == [bad.id, open_.id, good.id]
    assert found(text="%_") != [] and found(text="%x") == []
    assert found(text="乙") == [bad.id]
    assert found(handler=handler.name[:1]) != [] and found(handler="无此人") == []
    tomorrow = today() + dt.timedelta(days=1)
    assert found(start=tomorrow.isoformat()) == [] and len(found(end=today().isoformat())) == 3
    assert found(decision="none", size="2", page="2", sort="serial") == [open_.id]
    for raw in (
        {"start": "昨天"}, {"start": "2026-02-01", "end": "2026-01-01"}, {"outcome": "x"}, {"sort": "password"},
        {"page": "0"}, {"page": "１"}, {"size": "501"}, {"undecided": "maybe"}, {"text": "x" * 101},
    ):  # fmt: skip
        with pytest.raises(BadInput) as error:
            found(**raw)
        assert error.value.place in raw


def test_rights(session: Session, actors: dict[str, Actor]) -> None:
    project = new_project(session, actors["developer"])
    line = record(session, actors, project)
    seen = {
        name: len(registers.lines(session, actors[name], "verification", Filter(project=project.id))[1])
        for name in ("handler", "window", "developer", "developer2")
    }
    assert seen == {"handler": 1, "window": 1, "developer": 1, "developer2": 0}
    with pytest.raises(NotFound):
        registers.line(session, actors["developer2"], line.id)
    for name in ("agency", "admin", "planner"):
        with pytest.raises(Forbidden):
            registers.lines(session, actors[name], "verification", Filter())
    found = review(session, actors["developer"], project.id, "verification", VERIFICATION)
    with pytest.raises(Forbidden):
        registers.record_review(session, actors["developer"], found)
    elsewhere = Actor(
        uuid.uuid4(),
        "他局",
        frozenset({Role.HANDLER}),
        actors["agency"].organisation_id,
        organisation_name="他局",
    )
    assert not registers.lines(session, elsewhere, "verification", Filter())[1]


def test_the_box_fills_in_what_it_knows(
    session: Session, actors: dict[str, Actor], project_of: Callable[..., Project]
) -> None:
    project = project_of("A")
    box.grant(session, project.id, role=Role.HANDLER, reason="test")
    known = known_values(session, actors["handler"], project.id, "planning-permit", today())
    limit = known["TJ_RJL"].value
    assert isinstance(limit, dict) and limit["operator"] == "between"
    found = review(session, actors["handler"], project.id, "planning-permit", {})
    line = registers.record_review(session, actors["handler"], found)
    shown = {e["code"]: e["display"] for e in line.elements}
    assert Decimal(shown["ZJZ"]) > 0 and shown["RJL"]
    assert line.inputs["TJ_RJL"]["source"] == "result"
    # what one review was given, the next business of the project need not ask again
    record(session, actors, project)
    again = known_values(session, actors["handler"], project.id, "completion-verification", today())
    assert again["HX_PERMITTED"].value == Decimal(1000)
    assert again["HX_PERMITTED"].details["by"] == actors["handler"].name


# ---------------------------------------------------------------- over HTTP


@contextmanager
def committed(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def project_id(database: Database) -> str:
    from sqlalchemy import select

    from project_box.accounts import actor_of
    from project_box.models import User

    with committed(database) as session:
        developer = session.scalars(select(User).where(User.username == "developer")).one()
        return str(new_project(session, actor_of(developer), "=HYPERLINK 项目").id)


def test_record_read_and_export(client: TestClient, sign_in: SignIn, project_id: str) -> None:
    headers = sign_in(client, "handler")
    body = {"project": project_id, "business": "verification", "inputs": VERIFICATION, "subject": "=1+1"}
    draft = client.post("/api/v1/elements/runs/draft", json=body, headers=headers).json()
    assert draft["opinion"].startswith("关于“")
    made = client.post("/api/v1/elements/runs", json=body, headers=headers)
    assert made.status_code == 201, made.text
    line = made.json()
    assert line["intact"] and line["opinion"]["text"] == line["opinion"]["drafted"]
    assert line["inputs"]["HX_ACTUAL"]["by"] == "陈经办"
    query = {"project": project_id}
    twin = client.get("/api/v1/registers/verification", params=query, headers=headers).json()
    assert [x["id"] for x in twin["lines"]] == [line["id"]]
    assert twin["totals"]["sums"]["HX_ACTUAL"] == "1000.50"
    data = client.get("/api/v1/registers/verification.xlsx", params=query, headers=headers).content
    book = load_workbook(io.BytesIO(data))
    sheet = book["台账"]
    titles = [c.value for c in sheet[1]]
    row = dict(zip(titles, [c.value for c in sheet[2]], strict=True))
    assert row["实测建筑面积（㎡）"] == 1000.5 and isinstance(row["日期"], dt.datetime)
    assert row["办理对象"] == "=1+1" and sheet.cell(2, titles.index("办理对象") + 1).data_type == "s"
    assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref is not None
    last = dict(zip(titles, [c.value for c in sheet[sheet.max_row]], strict=True))
    assert last["流水号"] == "合计" and last["实测建筑面积（㎡）"] == 1000.5
    assert project_id in [c.value for c in book["筛选条件"]["B"]]
    raw = client.get("/api/v1/registers/verification.csv", params=query, headers=headers).content
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0]["实测建筑面积（㎡）"] == "1000.50" and rows[0]["办理对象"] == "'=1+1"
    assert (
        client.get("/api/v1/registers/verification.xlsx", headers=sign_in(client, "agency")).status_code
        == 403
    )
    odd = client.get("/api/v1/registers/verification?x=1", headers=headers)
    assert odd.status_code == 422 and odd.json()["error"]["place"] == "x"
    assert client.get("/api/v1/registers/nope", headers=headers).status_code == 404
    again = client.post("/api/v1/elements/runs", json={**body, "business": "nope"}, headers=headers)
    assert again.status_code == 404


def test_import_records_with_cells(client: TestClient, sign_in: SignIn, project_id: str) -> None:
    headers = sign_in(client, "handler")
    values: dict[str, Any] = {"HX_TIERS": "T1", "HX_PERMITTED": Decimal(500), "HX_ACTUAL": Decimal(501)}
    data = write_template(load_catalogue(), "verification", today(), values)
    answer = client.post(
        "/api/v1/elements/runs/import",
        files={"file": ("核实.xlsx", data, "application/octet-stream")},
        data={"project": project_id, "business": "verification", "subject": "导入"},
        headers=headers,
    )
    assert answer.status_code == 201, answer.text
    line = answer.json()
    assert line["origin"] == "import" and line["source"]["file"]["name"] == "核实.xlsx"
    assert line["inputs"]["HX_ACTUAL"]["cell"].startswith("要素!E")


def test_pages(client: TestClient, sign_in: SignIn, project_id: str) -> None:
    headers = sign_in(client, "handler")
    body = {"project": project_id, "business": "land-price", "inputs": {}, "opinion": "暂缓。"}
    line = client.post("/api/v1/elements/runs", json=body, headers=headers).json()
    page_session(client, "handler")
    for language in ("zh", "en"):
        client.cookies.set("lang", language)
        for path in (
            "/registers", "/registers/land-price", "/registers/land-price?outcome=fail&replaced=1&page=9",
            f"/registers/land-price/lines/{line['id']}", "/registers/construction-permit",
        ):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code == 200, path
        assert line["serial"] in client.get("/registers/land-price").text
        assert "暂缓。" in client.get(f"/registers/land-price/lines/{line['id']}").text
        assert 'id="difference"' in client.get(f"/registers/land-price/lines/{line['id']}").text
        wrong = client.get("/registers/land-price?start=x")
        assert wrong.status_code == 422 and 'href="#start"' in wrong.text
    assert client.get("/registers/land-price.csv").status_code == 200
    client.cookies.clear()


def test_record_by_form(client: TestClient, sign_in: SignIn, project_id: str) -> None:
    developer, stranger = sign_in(client, "developer"), sign_in(client, "developer2")
    token = page_session(client, "handler")
    blank = client.get("/elements/run/verification")
    assert project_id in blank.text and 'value="record"' not in blank.text
    data = {**VERIFICATION, "project": project_id, "csrf_token": token}
    shown = client.post("/elements/run/verification", data=data)
    assert 'value="record"' in shown.text and "陈经办" in shown.text
    draft = html.unescape(shown.text.split('id="opinion"')[1].split(">", 1)[1].split("</textarea>")[0])
    sent = {**data, "do": "record", "subject": "表单", "opinion": draft.replace("\n", "\r\n")}
    made = client.post("/elements/run/verification", data=sent)
    assert made.status_code == 303, made.text
    address = made.headers["location"]
    assert "与草拟意见一致" in client.get(address).text  # untouched, although the object was typed afterwards
    without = client.post("/elements/run/verification", data={**sent, "project": ""})
    assert without.status_code == 422 and 'href="#project"' in without.text
    twin = client.get(f"/api/v1{address}", headers=developer).json()
    assert twin["subject"] == "表单" and twin["replaces"] is None
    assert client.get(f"/api/v1{address}", headers=stranger).status_code == 404
    client.cookies.clear()
