"""A case from draft to delivered permit, refused or withdrawn, on PostgreSQL."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy.orm import Session

from approval import repository, service
from approval.case import CaseState, Decision, TaskState
from elements.registers.repository import lines_of_case
from project_box import seal
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound

from .case_steps import (
    Actors,
    Neighbours,
    NewProject,
    act,
    fill,
    handed_in,
    in_state,
)

pytestmark = pytest.mark.integration


def test_planning_permit_from_draft_to_delivery(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    developer, project = actors["developer"], new_project()
    case = service.start_case(session, developer, project.id, "planning-permit")
    assert in_state(case, CaseState.DRAFT)
    with pytest.raises(NotFound):
        service.get_case(session, actors["window"], case.id)
    with pytest.raises(BadInput) as incomplete:
        service.submit(session, developer, case.id)
    assert {f["code"] for f in incomplete.value.details["findings"]} >= {
        "gate.material.land_right",
        "form.phone",
    }
    fill(session, developer, case)
    summary = service.materials_summary(session, developer, case.id)
    assert (summary["asked"], summary["reused"]) == (2, 5)
    service.submit(session, developer, case.id)
    assert case.serial is not None
    with pytest.raises(NotFound):
        service.get_case(session, actors["developer2"], case.id)
    with pytest.raises(Forbidden):
        act(session, actors["handler"], case, "accept", "accept")
    act(session, actors["window"], case, "accept", "accept")
    assert in_state(case, CaseState.REVIEW)
    steps = {t.step: t.state for t in repository.case_tasks(session, case.id) if t.discipline is None}
    assert steps == {
        "accept": TaskState.DONE,
        "handle": TaskState.NOT_STARTED,
        "joint_review": TaskState.ACTIVE,
        "engagements": TaskState.DONE,
    }
    rooms.verdicts(session, case)
    act(session, actors["handler"], case, "handle", "agree")
    act(session, actors["reviewer"], case, "review", "agree", opinion="同意，报请签发。")
    act(session, actors["signer"], case, "sign", "sign")
    assert case.decision is Decision.APPROVED
    assert in_state(case, CaseState.CLOSED)
    licence = service.case_licence(session, case)
    assert licence is not None
    assert re.fullmatch(rf"建字第430104{dt.date.today():%Y}GG\d{{7}}号", licence.number)
    (line,) = lines_of_case(session, actors["signer"], case.id)
    assert (line.register, line.decision) == ("planning-permit", "approved")
    assert line.source["licence"] == licence.number and line.opinion["text"]
    found, report = service.verify_code(session, licence.verify_code)
    assert found.id == licence.id
    assert report.ok, report.problems
    assert [x.signer for x in report.seals] == [actors["signer"].name, "样例新区行政审批局"]
    pdf = bytearray(service.licence_pdf(licence))
    pdf[len(pdf) // 2] ^= 1
    assert not seal.verify_pdf(bytes(pdf)).ok
    permit = box.latest_result(session, developer, project.id, "planning_permit")
    assert permit is not None
    assert permit.trust == "A"
    assert permit.payload["number"] == licence.number
    act(session, actors["window"], case, "deliver", "deliver")
    assert in_state(case, CaseState.DELIVERED)
    kinds = [n.kind for n in repository.notices(session, case.id)]
    assert kinds == ["acceptance", "approval"]
    assert box.verify_audit(session) is None

    second = service.start_case(session, developer, project.id, "construction-permit")
    form = repository.form(session, second.id, 1)
    assert form is not None
    assert form.data["planning_permit_number"] == licence.number
    lines = {x.code: x for x in service.materials(session, developer, second.id)}
    held = {"planning_permit", "land_right", "boundary", "drawings", "indicators"}
    assert {c for c, x in lines.items() if x.status == "held"} == held
    assert {c for c, x in lines.items() if x.status == "missing"} == {
        "contract",
        "drawing_certificate",
        "quality_safety",
        "funds",
    }
    summary = service.materials_summary(session, developer, second.id)
    assert (summary["asked"], summary["reused"]) == (4, 5)
    fill(session, developer, second)
    service.save_form(
        session,
        developer,
        second.id,
        {"contract_price": "1200", "start_date": "2026-12-01", "end_date": "2027-12-01", "contractor": "样例建工",
         "contractor_person": "张三", "designer": "样例设计院"},
    )  # fmt: skip
    service.submit(session, developer, second.id)
    for who, step, action in (
        ("window", "accept", "accept"),
        ("handler", "handle", "agree"),
        ("reviewer", "review", "agree"),
        ("signer", "sign", "sign"),
        ("window", "deliver", "deliver"),
    ):
        act(session, actors[who], second, step, action)
    works = service.case_licence(session, second)
    assert works is not None
    assert works.data["planning_permit"] == licence.number
    assert service.verify_code(session, works.verify_code)[1].ok


def test_refusal_needs_a_reason_code_and_withdrawal_is_open_until_the_decision(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    case = handed_in(session, actors, new_project())
    with pytest.raises(BadInput):
        act(session, actors["window"], case, "accept", "refuse", opinion="不属于本机关职权")
    act(
        session, actors["window"], case, "accept", "refuse", opinion="请向省级机关申请",
        fields={"reason_code": "not_competent"},
    )  # fmt: skip
    assert in_state(case, CaseState.RETURNED)
    other = handed_in(session, actors, new_project("2601-430104-04-01-700002"))
    act(session, actors["window"], other, "accept", "accept")
    service.withdraw(session, actors["developer"], other.id, "调整方案")
    assert other.state is CaseState.WITHDRAWN
    with pytest.raises(Conflict):
        service.withdraw(session, actors["developer"], other.id)
    assert not [t for t in repository.case_tasks(session, other.id) if t.state is not TaskState.DONE]
