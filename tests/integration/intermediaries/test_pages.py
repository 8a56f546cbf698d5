"""Pages and JSON of the intermediaries: the same figures, forms without JavaScript, errors on the form."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from approval import service as approval
from approval.case import CaseState
from intermediaries import repository, service
from intermediaries.engagement import DIMENSIONS
from project_box import document, seal
from project_box import service as box
from project_box.accounts import actor_of
from project_box.kernel.errors import PlatformError
from project_box.kernel.identity import Role
from project_box.repository import user_by_name
from project_box.stage import Stage
from web.seed.agencies import seed_agencies

pytestmark = pytest.mark.integration
LAYERS = ("YFK", "HLFX", "LX", "DXWW", "JKDD", "WWBH", "LINDI", "DZDL")
SCORES = dict.fromkeys(DIMENSIONS, 5)


def person(session, username):
    user = user_by_name(session, username)
    assert user is not None
    return actor_of(user)


@pytest.fixture(scope="module")
def counter():
    return iter(range(100001, 200000))


@pytest.fixture
def case(database, counter):
    """A handed-in case whose project lies in two areas that call for evaluations."""
    with database.transaction() as session:
        seed_agencies(session)
        developer = person(session, "developer")
        project = box.create_project(
            session,
            developer,
            code=f"2611-430999-04-02-{next(counter)}",
            name="<b>样例花园</b>",
            location="学府路",
        )
        box.put_result(
            session, developer, project.id, kind="conflict_report", stage=Stage.PLANNING_LAND, title="多规检查",
            source={}, trust="B",
            payload={
                "site_area_m2": "62345.10",
                "layers": [
                    {"code": "DZZH", "status": "hit", "features": [{"attributes": {"YFCD": "中"}}]},
                    {"code": "STBC", "status": "hit"},
                    *({"code": code, "status": "clear"} for code in LAYERS),
                ],
            },
        )  # fmt: skip
        opened = approval.start_case(session, developer, project.id, "planning-permit")
        opened.state = CaseState.REVIEW
        opened.submitted_at = box.now()
        for role in (Role.WINDOW, Role.HANDLER, Role.REVIEWER, Role.SIGNER, Role.DISCIPLINE):
            box.grant(session, project.id, role=role, reason="case")
        return opened.id


@pytest.fixture
def api(client, sign_in):
    """``api(username, method, path, **kwargs)`` on the JSON twins."""
    headers = {}

    def call(username, method, path, **kwargs):
        if username not in headers:
            headers[username] = sign_in(client, username)
            client.cookies.clear()
        return client.request(method, f"/api/v1{path}", headers=headers[username], **kwargs)

    return call


def login(client, username):
    client.cookies.clear()
    answer = client.post("/login", data={"username": username, "password": f"demo-{username}"})
    assert answer.status_code == 303
    return lambda path: re.search(r'name="csrf_token" value="([0-9a-f]+)"', client.get(path).text).group(1)


def test_json_walk(api, case):
    trial = api("handler", "GET", f"/cases/{case}/engagements").json()
    assert trial["judged"] is False and trial["lines"][0]["status"] == "needed"
    sent = api("handler", "POST", f"/cases/{case}/engagements/dispatch", json={"special_works": []}).json()
    assert {e["code"] for e in sent["engagements"]} == {"DZZH", "STBC"} and sent["open"] == 2
    line = next(x for x in sent["lines"] if x["code"] == "DZZH")
    assert (
        line["rule"] == "DZZH-1"
        and "中" in line["reason"]
        and line["engagements"][0]["selection"]["recomputes"]
    )
    assert {f["code"] for f in sent["facts_to_state"]} >= {
        "energy_tce",
        "electricity_kwh",
        "traffic_assessment_stated",
    }

    stated = api(
        "handler", "POST", f"/cases/{case}/engagements/facts",
        json={"energy_tce": 10, "electricity_kwh": "20", "traffic_assessment_stated": "否", "special_works": "无"},
    ).json()  # fmt: skip
    assert not [x for x in stated["lines"] if x["status"] == "undecided"]

    inbox = api("agency", "GET", "/engagements?show=open").json()
    task = next(e for e in inbox["engagements"] if e["case_id"] == str(case))
    assert (
        task["status"] == "pending"
        and task["lamp"]["colour"] == "green"
        and task["actions"] == ["accept", "decline"]
    )
    assert "nonce" in task["selection"]
    path = f"/engagements/{task['id']}"
    assert api("agency2", "GET", path).status_code == 404
    assert api("agency2", "POST", f"{path}/accept").status_code == 404
    assert api("developer", "POST", f"{path}/accept").status_code == 403
    assert api("agency", "POST", f"{path}/deliver", json={"conclusion": "早"}).status_code == 409
    assert api("agency", "POST", f"{path}/accept").json()["engagement"]["status"] == "active"
    assert api("agency", "POST", f"{path}/accept").status_code == 409

    for body, status in (
        ({"content": b"{", "headers": {}}, 422),
        ({"json": {"conclusion": 7}}, 422),
        ({"json": []}, 422),
        ({"json": {"conclusion": " "}}, 422),
        ({"files": {"file": ("a.pdf", b"", "application/pdf")}}, 422),
        ({"files": {"file": ("a.pdf", b"MZ not a pdf" * 50, "application/pdf")}}, 422),
    ):
        kwargs = {k: v for k, v in body.items() if k != "headers"}
        if "content" in kwargs:
            answer = api("agency", "POST", f"{path}/deliver", json=None, data=None, content=kwargs["content"])
        else:
            answer = api("agency", "POST", f"{path}/deliver", **kwargs)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["message"]
    assert api("agency", "GET", path).json()["engagement"]["status"] == "active"

    done = api("agency", "POST", f"{path}/deliver", json={"conclusion": "危险性小，适宜建设。"}).json()[
        "engagement"
    ]
    assert done["status"] == "delivered" and done["file_id"]
    download = api("developer", "GET", f"/files/{done['file_id']}")
    assert download.headers["content-type"] == "application/pdf" and seal.verify_pdf(download.content).ok
    assert api("developer2", "GET", f"/files/{done['file_id']}").status_code == 404

    assert (
        api("handler", "POST", f"{path}/rate", json={"scores": {**SCORES, "fee": 9}}).json()["error"]["place"]
        == "fee"
    )
    rated = api("handler", "POST", f"{path}/rate", json={"scores": SCORES, "comment": "好"}).json()[
        "engagement"
    ]
    assert rated["status"] == "rated" and rated["ratings"][0]["scores"] == SCORES
    assert api("agency", "POST", f"{path}/rate", json={"scores": SCORES}).status_code in (403, 409)
    assert api("handler", "GET", "/agencies").json()["agencies"]
    assert api("developer", "GET", "/agencies").status_code == 403


def test_an_uploaded_report(api, case):
    sent = api("handler", "POST", f"/cases/{case}/engagements/dispatch").json()
    task = next(e for e in sent["engagements"] if e["code"] == "STBC")
    api("agency2", "POST", f"/engagements/{task['id']}/accept")
    report = bytes(
        document.render(
            "notice",
            {
                "authority": "a",
                "title": "水保方案",
                "number": "1",
                "addressee": "x",
                "paragraphs": ["p"],
                "issued_on": "2026-11-22",
            },
        )
    )
    answer = api(
        "agency2", "POST", f"/engagements/{task['id']}/deliver",
        files={"file": ("水保方案.pdf", report, "application/pdf")}, data={"conclusion": "同意"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    stored = api("handler", "GET", f"/files/{answer.json()['engagement']['file_id']}")
    assert (
        "%E6%B0%B4%E4%BF%9D" in stored.headers["content-disposition"] and seal.verify_pdf(stored.content).ok
    )


def test_strangers_get_nothing(api, case, client):
    assert client.get("/api/v1/engagements").status_code == 401
    for username in ("developer2", "agency"):
        assert api(username, "GET", f"/cases/{case}/engagements").status_code == 404
        assert api(username, "POST", f"/cases/{case}/engagements/dispatch").status_code == 404
    assert api("developer", "POST", f"/cases/{case}/engagements/dispatch").status_code == 403
    assert api("handler", "GET", f"/cases/{uuid.uuid4()}/engagements").status_code == 404
    assert api("handler", "GET", f"/engagements/{uuid.uuid4()}").status_code == 404
    assert api("handler", "GET", "/engagements/1%27%20OR%201=1").status_code in (404, 422)
    assert api("developer2", "GET", "/engagements").json()["engagements"] == []


def test_pages_walk(client, case):
    token = login(client, "handler")
    page = f"/cases/{case}/engagements"
    shown = client.get(page)
    assert (
        shown.status_code == 200
        and "试算" in shown.text
        and "&lt;b&gt;" in shown.text
        and "<b>样例" not in shown.text
    )
    answer = client.post(page, data={"csrf_token": token(page), "do": "dispatch"})
    assert answer.status_code == 303, answer.text
    shown = client.get(page).text
    assert "DZZH-1" in shown and "样例地质勘察院有限公司" in shown and "还有 2 项评估未交付" in shown
    assert client.post(page, data={"do": "dispatch"}).status_code == 403, "no CSRF token"
    wrong = client.post(page, data={"csrf_token": token(page), "do": "drop", "code": "DZZH", "reason": ""})
    assert wrong.status_code == 422 and "error-summary" in wrong.text
    wrong = client.post(page, data={"csrf_token": token(page), "do": "facts", "fact.energy_tce": "很多"})
    assert wrong.status_code == 422 and "年综合能源消费量应填" in wrong.text
    assert (
        client.post(
            page, data={"csrf_token": token(page), "do": "facts", "fact.energy_tce": "10"}
        ).status_code
        == 303
    )

    token = login(client, "agency")
    inbox = client.get("/engagements").text
    task = re.search(r'href="(/engagements/[0-9a-f-]{36})"', inbox).group(1)
    assert "剩余" in inbox and "地质灾害危险性评估" in inbox
    shown = client.get(task).text
    for word in ("应交成果", "触发规则", "摇号可复算", "在地图上查看用地红线", "接受任务"):
        assert word in shown
    wrong = client.post(f"{task}/decline", data={"csrf_token": token(task), "reason": ""})
    assert wrong.status_code == 422 and "请填写拒绝理由" in wrong.text
    assert client.post(f"{task}/accept", data={"csrf_token": token(task)}).status_code == 303
    wrong = client.post(
        f"{task}/deliver", data={"csrf_token": token(task), "conclusion": "保留的文字"},
        files={"file": ("x.pdf", b"not a pdf at all" * 20, "application/pdf")},
    )  # fmt: skip
    assert wrong.status_code == 422 and "不是 PDF" in wrong.text and "保留的文字" in wrong.text
    assert (
        client.post(
            f"{task}/deliver", data={"csrf_token": token(task), "conclusion": "适宜建设。"}
        ).status_code
        == 303
    )
    assert "查看盖章成果" in client.get(task).text

    token = login(client, "developer")
    assert "评价服务" in client.get(task).text
    wrong = client.post(f"{task}/rate", data={"csrf_token": token(task), "quality": "5", "comment": "还行"})
    assert wrong.status_code == 422 and "还行" in wrong.text
    assert (
        client.post(
            f"{task}/rate", data={"csrf_token": token(task), **dict.fromkeys(SCORES, "4")}
        ).status_code
        == 303
    )
    assert "建设单位评价" in client.get(task).text


def test_english_pages_have_no_chinese_labels(client, case, database):
    with database.transaction() as session:
        handler = person(session, "handler")
        found = approval.get_case(session, handler, case)
        service.dispatch(session, handler, found.project_id, case, {})
    login(client, "handler")
    client.get("/language/en?next=/")
    text = client.get(f"/cases/{case}/engagements").text
    assert "Evaluation" in text and "rule" in text.lower()
    labels = re.findall(r"<(?:th|button|h1|h2|label|summary)[^>]*>([^<]*)<", text)
    assert not [
        x for x in labels if re.search("[一-鿿]", x) and "样例" not in x and x.strip() not in ("大字", "中文")
    ], labels
    login(client, "agency")
    client.get("/language/en?next=/")
    task = re.search(r'href="(/engagements/[0-9a-f-]{36})"', client.get("/engagements").text).group(1)
    labels = re.findall(r"<(?:th|button|h2|label|summary|dt)[^>]*>([^<]*)<", client.get(task).text)
    assert not [x for x in labels if re.search("[一-鿿]", x) and x.strip() not in ("大字", "中文")], labels


def test_two_clicks_at_once(database, case):
    """Dispatching, accepting and delivering twice at the same moment happens once."""

    def in_own_transaction(job):
        try:
            with database.transaction() as session:
                return job(session)
        except PlatformError as error:
            return error.code

    def dispatch(session):
        handler = person(session, "handler")
        found = approval.get_case(session, handler, case)
        return {e.line.code for e in service.dispatch(session, handler, found.project_id, case, {})}

    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: in_own_transaction(dispatch), range(4)))
    assert sent == [{"DZZH", "STBC"}] * 4
    with database.transaction() as session:
        live = [e for x in repository.lines_of_case(session, case) for e in x.engagements]
        assert len(live) == 2
        task = next(e.id for e in live if e.line.code == "DZZH")
    jobs = (
        lambda session: service.accept(session, person(session, "agency"), task).status,
        lambda session: service.deliver(session, person(session, "agency"), task, conclusion="适宜。").status,
    )
    for job in jobs:
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda _, job=job: in_own_transaction(job), range(3)))
        assert sorted(a == "engagement_state" for a in answers) == [False, True, True], answers
    with database.transaction() as session:
        found = approval.get_case(session, person(session, "handler"), case)
        reports = [
            r
            for r in box.results(session, person(session, "developer"), found.project_id)
            if r.kind == "evaluation_report"
        ]
        assert len(reports) == 1
