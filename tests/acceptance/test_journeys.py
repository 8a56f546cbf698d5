"""Ways through the platform that the demo does not take, step by step over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import Caller, boundary_of, drawings_of, new_project, sample
from web.demo import document_pdf

Sign = Callable[[str], Caller]
_FORM = {"phone": "13800138000"}


def prepare(developer: Caller, key: str) -> str:
    """A project with everything the box needs before filing; gives its id."""
    project = new_project(developer, name=f"样例 {key}")
    name, text = boundary_of(key)
    developer.done("POST", f"/projects/{project}/boundary", files={"file": (name, text)})
    developer.done("POST", f"/projects/{project}/conflict-check")
    developer.done("POST", f"/projects/{project}/drawings", files=drawings_of(key))
    developer.done("POST", f"/projects/{project}/indicators", json={"inputs": {}})
    developer.done("POST", f"/projects/{project}/fees", json={"inputs": {}})
    return project


def upload(developer: Caller, case: str, *codes: str) -> None:
    """Hand in a paper for each material line."""
    for code in codes:
        data = document_pdf(code, "样例")
        developer.done("POST", f"/cases/{case}/materials/{code}", files={"file": (f"{code}.pdf", data)})


def task_of(person: Caller, case: str, step: str) -> str:
    """The person's open task of a step."""
    found = [t for t in person.done("GET", "/tasks")["tasks"] if t["case_id"] == case and t["step"] == step]
    assert found, f"no open task {step}"
    number: str = found[0]["id"]
    return number


def test_missing_papers_are_told_before_and_not_after(sign: Sign) -> None:
    developer = sign("developer")
    project = prepare(developer, "A")
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    checked = developer.done("POST", f"/cases/{case}/self-check")
    wanting = {f["code"] for f in checked["findings"] if f["outcome"] in ("fail", "undecided")}
    assert not checked["open"] and wanting
    refused = developer("POST", f"/cases/{case}/submit")
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["findings"]
    assert developer.done("GET", f"/cases/{case}")["serial"] is None
    developer.done("PUT", f"/cases/{case}/form", json=_FORM)
    upload(developer, case, "land_right", "authorization")
    assert developer.done("POST", f"/cases/{case}/self-check")["open"]
    assert developer.done("POST", f"/cases/{case}/submit")["serial"]
    again = developer("POST", f"/cases/{case}/submit")
    assert again.status_code == 409  # twice is once


def test_prefill_comes_from_the_box(sign: Sign) -> None:
    developer = sign("developer")
    project = prepare(developer, "A")
    expected = json.loads((sample("A") / "expected.json").read_text(encoding="utf-8"))["indicators"]
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    fields = {f["code"]: f for g in developer.done("GET", f"/cases/{case}")["form"] for f in g["fields"]}
    assert fields["applicant"]["value"] == "样例置业有限公司"
    assert float(fields["gfa"]["value"]) == float(expected["ZJZ"])
    assert float(fields["site_area"]["value"]) == float(expected["ZYD"])


def test_corrections_come_as_one_list_and_go_back(sign: Sign) -> None:
    developer, window = sign("developer"), sign("window")
    project = prepare(developer, "A")
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    developer.done("PUT", f"/cases/{case}/form", json=_FORM)
    upload(developer, case, "land_right", "authorization")
    developer.done("POST", f"/cases/{case}/submit")
    task = task_of(window, case, "accept")
    empty = window("POST", f"/tasks/{task}", json={"action": "correct", "corrections": []})
    assert empty.status_code == 422  # a list with nothing on it helps nobody
    entries = [
        {"kind": "material", "target": "authorization", "text": "授权委托书未写明授权期限"},
        {"kind": "field", "target": "phone", "text": "联系电话无法接通"},
    ]
    answer = window.done("POST", f"/tasks/{task}", json={"action": "correct", "corrections": entries})
    assert answer["state"] == "correction"
    view = developer.done("GET", f"/cases/{case}")
    assert len(view["corrections"]) == 2 and all(c["link"] for c in view["corrections"])
    assert view["notices"] and view["editable"]
    developer.done("PUT", f"/cases/{case}/form", json={"phone": "13900139000"})
    upload(developer, case, "authorization")
    replies = {c["id"]: "已按要求补正" for c in view["corrections"]}
    assert (
        developer.done("POST", f"/cases/{case}/resubmit", json={"replies": replies})["state"] == "submitted"
    )
    done = window.done(
        "POST", f"/tasks/{task_of(window, case, 'accept')}", json={"action": "accept", "opinion": "齐全"}
    )
    assert done["accepted_at"]
    clock = developer.done("GET", f"/cases/{case}")["clock"]
    assert clock


def test_not_accepting_needs_a_written_reason(sign: Sign) -> None:
    developer, window = sign("developer"), sign("window")
    project = prepare(developer, "A")
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    developer.done("PUT", f"/cases/{case}/form", json=_FORM)
    upload(developer, case, "land_right", "authorization")
    developer.done("POST", f"/cases/{case}/submit")
    task = task_of(window, case, "accept")
    assert window("POST", f"/tasks/{task}", json={"action": "refuse"}).status_code == 422
    body = {
        "action": "refuse",
        "opinion": "申请事项不属于本机关职权范围",
        "fields": {"reason_code": "not_competent"},
    }
    refused = window.done("POST", f"/tasks/{task}", json=body)
    assert refused["state"] == "returned"
    view = developer.done("GET", f"/cases/{case}")
    assert "职权" in json.dumps(view["notices"], ensure_ascii=False)


def test_an_applicant_may_withdraw(sign: Sign) -> None:
    developer = sign("developer")
    project = prepare(developer, "A")
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    developer.done("PUT", f"/cases/{case}/form", json=_FORM)
    upload(developer, case, "land_right", "authorization")
    developer.done("POST", f"/cases/{case}/submit")
    assert (
        developer.done("POST", f"/cases/{case}/withdraw", json={"reason": "方案调整"})["state"] == "withdrawn"
    )
    assert not [t for t in sign("window").done("GET", "/tasks")["tasks"] if t["case_id"] == case]


def test_a_failing_project_cannot_be_approved(sign: Sign) -> None:
    """Gates hold: with figures beyond the conditions, nobody can agree their way to a permit."""
    developer, handler = sign("developer"), sign("handler")
    project = prepare(developer, "C")
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    developer.done("PUT", f"/cases/{case}/form", json=_FORM)
    upload(developer, case, "land_right", "authorization")
    developer.done("POST", f"/cases/{case}/submit")
    window = sign("window")
    window.done(
        "POST", f"/tasks/{task_of(window, case, 'accept')}", json={"action": "accept", "opinion": "齐全"}
    )
    review = handler.done("GET", f"/cases/{case}/joint-review")["id"]
    for who in ("planner", "architect", "fire"):
        sign(who).done("POST", f"/joint-reviews/{review}/opinions", json={"verdict": "agree", "text": "同意"})
    handler.done("POST", f"/joint-reviews/{review}/merge", json={"entries": []})
    for line in handler.done("GET", f"/cases/{case}/engagements")["lines"]:
        if line["status"] in ("dispatched", "needed", "undecided"):
            body = {"decision": "drop", "reason": "测试"}
            handler.done("POST", f"/cases/{case}/engagements/{line['code']}/decide", json=body)
    gates = handler.done("GET", f"/cases/{case}/gates")
    assert not gates["open"]
    handler.done(
        "POST", f"/tasks/{task_of(handler, case, 'handle')}", json={"action": "agree", "opinion": "同意"}
    )
    reviewer = sign("reviewer")
    answer = reviewer(
        "POST", f"/tasks/{task_of(reviewer, case, 'review')}", json={"action": "agree", "opinion": "同意"}
    )
    assert answer.status_code in (409, 422)
    assert "容积率" in answer.text
    assert developer.done("GET", f"/cases/{case}")["licence"] is None


def test_a_new_boundary_makes_old_results_stale(sign: Sign) -> None:
    developer = sign("developer")
    project = prepare(developer, "A")
    name, text = boundary_of("C")
    developer.done("POST", f"/projects/{project}/boundary", files={"file": (name, text)})
    case = developer.done("POST", f"/projects/{project}/cases", json={"item": "planning-permit"})["id"]
    developer.done("PUT", f"/cases/{case}/form", json=_FORM)
    upload(developer, case, "land_right", "authorization")
    checked = developer.done("POST", f"/cases/{case}/self-check")
    words = json.dumps(checked["findings"], ensure_ascii=False)
    assert not checked["open"], words


@pytest.mark.parametrize("key", ["A", "B", "C"])
def test_report_opens_offline(key: str, sign: Sign) -> None:
    developer = sign("developer")
    project = new_project(developer)
    name, text = boundary_of(key)
    developer.done("POST", f"/projects/{project}/boundary", files={"file": (name, text)})
    developer.done("POST", f"/projects/{project}/conflict-check")
    page: Any = developer("GET", f"/projects/{project}/conflict-check/report.html")
    assert page.status_code == 200
    loaded = re.findall(
        r"""(?:\bsrc=|<link[^>]+href=|url\(|@import )["']?(?:https?:)?//[^\s"')]+""", page.text
    )
    assert not loaded


def test_a_site_outside_the_plan_data_is_not_called_clear(sign: Sign) -> None:
    """No plan data there means 未核查 / 无法判定: never a silent pass."""
    developer = sign("developer")
    project = new_project(developer)
    name, text = boundary_of("A")
    elsewhere = text.replace(b"38486", b"39486").replace(b"=38\r", b"=39\r")
    developer.done("POST", f"/projects/{project}/boundary", files={"file": (name, elsewhere)})
    report = developer.done("POST", f"/projects/{project}/conflict-check")
    assert {layer["status"] for layer in report["layers"] if layer["code"] != "DLTB"} == {"not_checked"}
    assert report["outcome"] == "undecided"
    assert "规划数据范围以外" in report["findings"][0]["message"]
