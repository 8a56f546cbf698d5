"""The pages and their JSON twins: guide, filing in four steps, the officers' work, verification. No JavaScript."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from approval import lower_rooms, neighbours
from approval.models import Case
from approval.neighbours import ReviewFacts
from project_box import service as box
from project_box.accounts import actor_of
from project_box.kernel.db import Database
from project_box.models import User

from .case_steps import PDF
from .conftest import fill_box

pytestmark = pytest.mark.integration
API = "/api/v1"
CODES = iter(f"2602-430104-04-01-{n:06d}" for n in range(100, 999))
DISCIPLINES = ("planning", "architecture", "fire")
Headers = dict[str, str]
SignIn = Callable[[TestClient, str], Headers]


@pytest.fixture(autouse=True)
def rooms(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Joint reviews that agree when told to, and no evaluations."""
    state: dict[str, Any] = {"review": ReviewFacts(), "id": None}

    def open_review(*_: Any) -> uuid.UUID:
        state["review"], state["id"] = ReviewFacts(1, True), uuid.uuid4()
        found: uuid.UUID = state["id"]
        return found

    monkeypatch.setattr(neighbours, "open_review", open_review)
    monkeypatch.setattr(neighbours, "review_facts", lambda *_: state["review"])
    monkeypatch.setattr(neighbours, "end_review", lambda *_: None)
    monkeypatch.setattr(neighbours, "dispatch", lambda *_: None)
    monkeypatch.setattr(neighbours, "engagement_facts", lambda *_: [])
    yield state


@pytest.fixture
def project(database: Database) -> str:
    with database.transaction() as session:
        developer = actor_of(session.scalars(select(User).where(User.username == "developer")).one())
        made = box.create_project(
            session,
            developer,
            code=next(CODES),
            name="页面<测试>项目",
            location="样例新区测试路 2 号",
            summary="住宅",
        )
        fill_box(session, developer, made.id)
        return str(made.id)


class Person:
    """A person in a browser without JavaScript: signs in, follows forms with their CSRF token."""

    def __init__(self, client: TestClient, username: str) -> None:
        self.client = client
        client.cookies.clear()
        page = client.get("/login")
        answer = client.post(
            "/login",
            data={"username": username, "password": f"demo-{username}", "csrf_token": self.token(page.text)},
        )
        assert answer.status_code == 303, answer.text

    @staticmethod
    def token(html: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]*)"', html)
        return found.group(1) if found else ""

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def send(self, path: str, data: dict[str, str], page: str, status: int = 303, **more: Any) -> Any:
        html = self.get(page)
        answer = self.client.post(path, data={**data, "csrf_token": self.token(html)}, **more)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
        return answer


def verdicts(database: Database, case_id: str, rooms: dict[str, Any], word: str = "agree") -> None:
    with database.transaction() as session:
        for discipline in DISCIPLINES:
            lower_rooms.on_opinion(session, rooms["id"], discipline, word)
        rooms["review"] = ReviewFacts(1, False, dict.fromkeys(DISCIPLINES, (word, "", "某人")))
        lower_rooms.on_review_closed(session, uuid.UUID(case_id), word)


def test_guide_pages_need_no_sign_in(client: TestClient) -> None:
    finder = client.get("/items")
    assert finder.status_code == 200
    assert "建设工程规划许可证核发" in finder.text
    assert "建筑工程施工许可证核发" not in client.get("/items", params={"stage": "design"}).text
    assert "没有符合条件的事项" in client.get("/items", params={"q": "不存在的事项"}).text
    page = client.get("/items/planning-permit").text
    for heading in (
        "基本信息",
        "申请条件",
        "申报材料",
        "特殊环节",
        "办理流程",
        "收费标准",
        "设定依据",
        "常见问题",
    ):
        assert heading in page
    twin = client.get(f"{API}/items/planning-permit").json()
    assert twin["item"]["committed"]["days"] == 10
    assert next(s["id"] for s in twin["steps"]) == "accept"
    bpmn = client.get(f"{API}/items/planning-permit/process.bpmn")
    assert bpmn.headers["content-type"].startswith("application/xml")
    assert "BPMNDiagram" in bpmn.text
    assert client.get("/items/no-such").status_code == 404


def test_filing_and_handling_by_forms_only(
    client: TestClient, database: Database, project: str, rooms: dict[str, Any]
) -> None:
    person = Person(client, "developer")
    start = f"/projects/{project}/cases"
    made = person.send(start, {"item": "planning-permit"}, start)
    first = made.headers["location"]
    assert first.endswith("/apply/1")
    case = first.split("/")[2]
    assert "5 项项目盒已有" in person.get(first)
    assert "继续填报：建设工程规划许可证核发" in person.get(f"/projects/{project}")
    assert person.send(start, {"item": "planning-permit"}, start, 409)
    form = person.get(f"/cases/{case}/apply/2")
    assert "已从项目盒带入" in form
    assert "页面&lt;测试&gt;项目" in form
    wrong = person.send(
        f"/cases/{case}/apply/2", {"phone": "123", "credit_code": "91350100M000100Y4Z"}, f"/cases/{case}/apply/2", 422
    ).text  # fmt: skip
    assert "error-summary" in wrong
    assert "第 18 位“Z”" in wrong
    assert 'href="#phone"' in wrong
    person.send(
        f"/cases/{case}/apply/2",
        {"phone": "0731-88880000", "credit_code": "91430104MA4TAMP0EU", "go": "next"},
        f"/cases/{case}/apply/2",
    )
    assert "尚不能提交" in person.send(f"/cases/{case}/submit", {}, f"/cases/{case}/apply/4", 422).text
    bad = person.send(
        f"/cases/{case}/materials/land_right",
        {},
        f"/cases/{case}/apply/3",
        422,
        files={"file": ("a.pdf", b"x")},
    )
    assert "内容不是 PDF 文件" in bad.text
    for code in ("land_right", "authorization"):
        person.send(
            f"/cases/{case}/materials/{code}",
            {},
            f"/cases/{case}/apply/3",
            files={"file": (f"{code}.pdf", PDF)},
        )
    review = person.get(f"/cases/{case}/apply/4")
    assert review.count("修改") >= 20
    person.send(f"/cases/{case}/submit", {}, f"/cases/{case}/apply/4")
    home = person.get(f"/projects/{project}")
    assert "待受理" in home and "继续填报" not in home
    own = person.get(f"/cases/{case}")
    assert "待受理" in own
    assert "关口" not in own

    window = Person(client, "window")
    assert "/cases/" + case in window.get("/tasks")
    page = window.get(f"/cases/{case}")
    task = re.search(r'action="/tasks/([0-9a-f-]+)"', page)
    assert task is not None
    act = f"/tasks/{task.group(1)}"
    preview = window.send(
        act,
        {"action": "correct", "do": "preview", "place-0": "material:authorization", "text-0": "未盖章",
         "place-1": "map", "spot-1": "J5", "text-1": "界址点不符"},
        f"/cases/{case}", 200,
    ).text  # fmt: skip
    assert "补正告知书" in preview
    assert "材料：授权委托书及经办人身份证明" in preview
    assert "界址点 J5" in preview
    assert "请选择要办理的操作" in window.send(act, {"do": "act"}, f"/cases/{case}", 422).text
    window.send(
        act,
        {"action": "correct", "do": "act", "place-0": "material:authorization", "text-0": "未盖章"},
        f"/cases/{case}",
    )

    person = Person(client, "developer")
    mine = person.get(f"/cases/{case}")
    assert "需要补正 1 处" in mine
    assert f"/cases/{case}/apply/3#material-authorization" in mine
    assert "以下补正尚未完成" in person.send(f"/cases/{case}/submit", {}, f"/cases/{case}/apply/4", 422).text
    person.send(
        f"/cases/{case}/materials/authorization", {}, f"/cases/{case}/apply/3", files={"file": ("b.pdf", PDF)}
    )
    person.send(f"/cases/{case}/submit", {}, f"/cases/{case}/apply/4")

    window = Person(client, "window")
    window.send(act, {"action": "accept", "do": "act"}, f"/cases/{case}")
    handler = Person(client, "handler")
    verdicts(database, case, rooms)
    for tab in (
        "info",
        "materials",
        "drawings",
        "map",
        "review",
        "engagements",
        "fees",
        "process",
        "log",
        "notices",
    ):
        handler.get(f"/cases/{case}?tab={tab}")

    def next_act(who: str, action: str, **more: str) -> None:
        someone = Person(client, who)
        html = someone.get(f"/cases/{case}")
        found = re.search(r'action="/tasks/([0-9a-f-]+)"', html)
        assert found is not None, html
        someone.send(f"/tasks/{found.group(1)}", {"action": action, "do": "act", **more}, f"/cases/{case}")

    next_act("handler", "agree", opinion="经审查，同意。")
    next_act("reviewer", "agree")
    next_act("signer", "sign")
    next_act("window", "deliver")
    person = Person(client, "developer")
    done = person.get(f"/cases/{case}")
    assert "评价本次办理" in done
    rating = f"/cases/{case}/rating"
    assert "请选择满意程度" in person.send(rating, {"comment": "很<快>"}, f"/cases/{case}", 422).text
    person.send(rating, {"level": "very_satisfied", "comment": "很<快>"}, f"/cases/{case}")
    rated = person.get(f"/cases/{case}")
    assert "评价本次办理" not in rated
    assert "很&lt;快&gt;" in rated
    assert "只能评价一次" in person.send(rating, {"level": "fair"}, f"/cases/{case}", 409).text
    signer = Person(client, "signer")
    assert "非常满意" in signer.get(f"/cases/{case}")
    assert 'id="ratings"' in signer.get("/tasks")
    assert 'id="ratings"' not in Person(client, "window").get("/tasks")
    person = Person(client, "developer")
    number = re.search(r'href="/licences/([^"]+)"', done)
    assert number is not None
    assert "建设工程规划许可证" in person.get(f"/licences/{number.group(1)}")
    link = re.search(r'href="/verify/([0-9A-F]+)"', done)
    assert link is not None
    code = link.group(1)
    client.cookies.clear()
    public = client.get(f"/verify/{code}")
    assert "证照真实有效" in public.text
    assert client.get(f"/verify/{'0' * 20}").status_code == 404
    twin = client.get(f"{API}/verify/{code}").json()
    assert twin["ok"] is True
    assert set(twin["licence"]) == {
        "number", "name", "name_en", "holder", "project", "authority", "issued_on", "valid_until", "status",
        "status_name",
    }  # fmt: skip


def test_the_whole_case_through_json(
    client: TestClient, database: Database, project: str, rooms: dict[str, Any], sign_in: SignIn
) -> None:
    people = {
        name: sign_in(client, name)
        for name in (
            "developer",
            "developer2",
            "window",
            "handler",
            "reviewer",
            "signer",
            "planner",
            "agency",
        )
    }
    made = client.post(
        f"{API}/projects/{project}/cases", json={"item": "planning-permit"}, headers=people["developer"]
    )
    assert made.status_code == 201
    case = made.json()["id"]
    for stranger in ("developer2", "window", "agency"):
        assert client.get(f"{API}/cases/{case}", headers=people[stranger]).status_code == 404
        assert client.put(f"{API}/cases/{case}/form", json={}, headers=people[stranger]).status_code == 404
        assert client.post(f"{API}/cases/{case}/submit", headers=people[stranger]).status_code == 404
    put = client.put(f"{API}/cases/{case}/form", json={"phone": "13800000000"}, headers=people["developer"])
    assert put.json()["open"] is True
    long = client.put(
        f"{API}/cases/{case}/form", json={"project_name": "长" * 300}, headers=people["developer"]
    )
    assert (long.status_code, long.json()["error"]["place"]) == (422, "project_name")
    hostile = "'; DROP TABLE approval.case; --"
    assert client.put(
        f"{API}/cases/{case}/form", json={"location": hostile}, headers=people["developer"]
    ).status_code == 200  # fmt: skip
    materials = client.get(f"{API}/cases/{case}/materials", headers=people["developer"]).json()
    assert (materials["asked"], materials["reused"]) == (2, 5)
    for line in materials["materials"]:
        if line["status"] == "missing":
            sent = client.post(
                f"{API}/cases/{case}/materials/{line['code']}", files={"file": ("a.pdf", PDF)},
                headers=people["developer"],
            )  # fmt: skip
            assert sent.status_code == 201
    check = client.post(f"{API}/cases/{case}/self-check", headers=people["developer"]).json()
    assert check["open"] is True
    serial = client.post(f"{API}/cases/{case}/submit", headers=people["developer"]).json()["serial"]
    assert re.fullmatch(r"\d{10}", serial)
    again = client.post(f"{API}/cases/{case}/submit", headers=people["developer"])
    assert again.status_code == 409

    def act(who: str, action: str, status: int = 200, **more: Any) -> dict[str, Any]:
        found = client.get(f"{API}/tasks", headers=people[who]).json()["tasks"]
        task = next(t for t in found if t["case_id"] == case)
        answer = client.post(
            f"{API}/tasks/{task['id']}", json={"action": action, **more}, headers=people[who]
        )
        assert answer.status_code == status, answer.text
        plain: dict[str, Any] = answer.json()
        return plain

    assert "没有“fly”这个操作" in act("window", "fly", 422)["error"]["message"]
    act("window", "accept")
    assert client.get(f"{API}/cases/{case}", headers=people["agency"]).status_code == 404
    assert client.get(f"{API}/cases/{case}", headers=people["developer2"]).status_code == 404
    counts = client.get(f"{API}/tasks", headers=people["handler"]).json()["counts"]
    assert counts["todo"] >= 1
    planner = client.get(f"{API}/tasks", headers=people["planner"]).json()["tasks"]
    assert any(t["case_id"] == case and t["discipline"] == "planning" for t in planner)
    act("handler", "agree")
    gates = client.get(f"{API}/cases/{case}/gates", headers=people["handler"]).json()
    assert gates["open"] is False
    verdicts(database, case, rooms)
    draft = client.get(f"{API}/cases/{case}/draft-opinion", headers=people["handler"]).json()["text"]
    assert "拟准予许可" in draft
    task = next(
        t
        for t in client.get(f"{API}/tasks", headers=people["reviewer"]).json()["tasks"]
        if t["case_id"] == case
    )
    assert task["state"] == "not_started"
    client.put(f"{API}/tasks/{task['id']}/draft", json={"text": "草稿"}, headers=people["reviewer"])
    shown = client.get(f"{API}/tasks/{task['id']}", headers=people["reviewer"]).json()
    assert (shown["state"], shown["choices"]["draft"]) == ("active", "草稿")
    act("reviewer", "agree")
    decided = act("signer", "sign")
    assert (decided["decision"], decided["state"]) == ("approved", "closed")
    view = client.get(f"{API}/cases/{case}", headers=people["developer"]).json()
    assert view["gates"] is None
    assert view["opinions"] == []
    number = view["licence"]["number"]
    pdf = client.get(f"{API}/licences/{number}/pdf", headers=people["developer"])
    assert pdf.content.startswith(b"%PDF-")
    assert client.get(f"{API}/licences/{number}", headers=people["developer2"]).status_code == 404
    good = client.post(f"{API}/verify", files={"file": ("p.pdf", pdf.content)}).json()
    assert good["ok"] is True
    changed = bytearray(pdf.content)
    changed[1000] ^= 1
    bad = client.post(f"{API}/verify", files={"file": ("p.pdf", bytes(changed))}).json()
    assert bad["ok"] is False
    assert bad["report"]["problems"]
    revoked = client.post(
        f"{API}/licences/{number}/revoke", json={"reason": "材料虚假"}, headers=people["signer"]
    )
    assert revoked.json()["status"] == "revoked"
    after = client.post(f"{API}/verify", files={"file": ("p.pdf", pdf.content)}).json()
    assert (after["ok"], after["seal_ok"]) == (False, True)


def test_english_pages_have_no_untranslated_text(
    client: TestClient, project: str, rooms: dict[str, Any]
) -> None:
    person = Person(client, "developer")
    start = f"/projects/{project}/cases"
    case = person.send(start, {"item": "planning-permit"}, start).headers["location"].split("/")[2]
    client.cookies.set("lang", "en")
    for path in (
        "/items",
        "/verify",
        "/cases",
        start,
        *(f"/cases/{case}/apply/{n}" for n in (1, 2, 3, 4)),
        *(f"/cases/{case}?tab={t}" for t in ("info", "materials", "fees", "log", "notices", "process")),
    ):
        html = person.get(path)
        labels = re.findall(r"<(?:h1|h2|h3|label|button|th|legend|summary|caption)[^>]*>([^<]+)<", html)
        chinese = [
            x.strip() for x in labels if re.search(r"[\u4e00-\u9fff]", x) and "页面" not in x and x != "中文"
        ]
        assert not chinese, (path, chinese)


def test_another_firms_case_cannot_be_touched_by_forms(client: TestClient, project: str) -> None:
    person = Person(client, "developer")
    start = f"/projects/{project}/cases"
    case = person.send(start, {"item": "planning-permit"}, start).headers["location"].split("/")[2]
    other = Person(client, "developer2")
    for path in (f"/cases/{case}", f"/cases/{case}/apply/2", start):
        other.get(path, 404)
    token = Person.token(other.get("/projects/new"))
    for path in (f"/cases/{case}/apply/2", f"/cases/{case}/submit", f"/cases/{case}/withdraw"):
        assert client.post(path, data={"csrf_token": token}).status_code == 404
    assert client.post(f"/cases/{case}/submit").status_code == 403


def test_case_rows_are_still_there(database: Database) -> None:
    with database.transaction() as session:
        assert session.scalars(select(Case).limit(1)).first() is not None
