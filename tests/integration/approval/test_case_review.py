"""What holds a case up: findings, reviews, engagements, and who may sign."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from approval import lower_rooms, repository, service
from approval.case import CaseState, Decision, TaskState
from approval.gates import EngagementFact
from approval.neighbours import ReviewFacts
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden
from project_box.kernel.finding import Outcome
from project_box.stage import Stage

from .case_steps import (
    Actors,
    Neighbours,
    NewProject,
    act,
    fill,
    handed_in,
    in_state,
    open_task,
)
from .conftest import fill_box

pytestmark = pytest.mark.integration


def test_joint_review_that_disagrees_leads_to_a_correction_and_a_new_round(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    project = new_project()
    case = handed_in(session, actors, project)
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case, fire="modify")
    assert open_task(session, case, "joint_review").state is TaskState.ACTIVE
    gates = {f.code: f.outcome for f in service.gates(session, actors["handler"], case.id)}
    assert gates["gate.discipline.fire"] is Outcome.FAIL
    assert gates["gate.discipline.planning"] is Outcome.PASS
    act(
        session, actors["handler"], case, "joint_review", "correct",
        corrections=[{"kind": "sheet", "target": "总平图.dxf#2F", "text": "消防车道宽度不足"}],
    )  # fmt: skip
    rooms.review = ReviewFacts(1, False, rooms.review.verdicts)
    service.resubmit(session, actors["developer"], case.id)
    assert in_state(case, CaseState.REVIEW)
    assert len(rooms.rounds) == 2
    rooms.verdicts(session, case)
    act(session, actors["handler"], case, "handle", "agree")
    act(session, actors["reviewer"], case, "review", "agree")


def test_open_engagements_hold_the_process(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    rooms.engagements = [EngagementFact("DZZH", "地质灾害危险性评估", "accepted")]
    case = handed_in(session, actors, new_project())
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case)
    act(session, actors["handler"], case, "handle", "agree")
    with pytest.raises(StopIteration):
        open_task(session, case, "review")
    rooms.engagements = [EngagementFact("DZZH", "地质灾害危险性评估", "delivered", conclusion="适宜建设")]
    lower_rooms.on_engagement(session, case.id, "地质灾害危险性评估：成果已提交")
    act(session, actors["reviewer"], case, "review", "agree")


def test_a_review_that_does_not_agree_comes_back_to_the_handler_who_had_finished(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    case = handed_in(session, actors, new_project())
    act(session, actors["window"], case, "accept", "accept")
    act(session, actors["handler"], case, "handle", "agree")
    mine = [t for t in repository.open_tasks(session, actors["handler"]) if t.case_id == case.id]
    assert mine == []
    rooms.verdicts(session, case, fire="disagree")
    mine = [t for t in repository.open_tasks(session, actors["handler"]) if t.case_id == case.id]
    assert [t.step for t in mine] == ["joint_review"]
    assert "补正告知" in mine[0].note
    act(
        session,
        actors["handler"],
        case,
        "joint_review",
        "correct",
        corrections=[{"other": "图纸", "text": "改"}],
    )
    rooms.review = ReviewFacts(2, False, rooms.review.verdicts)
    service.resubmit(session, actors["developer"], case.id)
    assert open_task(session, case, "joint_review").note == ""


def test_a_failing_finding_shuts_the_gate_but_return_and_correction_stay_open(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    case = handed_in(session, actors, new_project(far="2.19", far_outcome="fail"))
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case)
    act(session, actors["handler"], case, "handle", "agree")
    with pytest.raises(Conflict) as shut:
        act(session, actors["reviewer"], case, "review", "agree")
    assert [r["code"] for r in shut.value.details["reasons"]] == ["planning.RJL"]
    act(session, actors["reviewer"], case, "review", "return", opinion="容积率超限，请复核")
    act(session, actors["handler"], case, "recheck", "disagree", opinion="容积率 2.19 超过 2.00")
    act(session, actors["reviewer"], case, "review", "disagree", opinion="同意经办意见")
    with pytest.raises(Conflict):
        act(session, actors["signer"], case, "sign", "approve")
    act(session, actors["signer"], case, "sign", "deny", opinion="容积率 2.19，超过规划条件 2.00。")
    assert case.decision is Decision.DENIED
    assert in_state(case, CaseState.CLOSED)
    assert service.case_licence(session, case) is None
    denial = repository.notices(session, case.id)[-1]
    assert denial.kind == "denial"
    assert "容积率 2.19" in "".join(denial.data["paragraphs"])
    act(session, actors["window"], case, "deliver", "deliver")


def test_undecided_blocks_until_an_officer_resolves_it(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    case = handed_in(session, actors, new_project(layers="undecided"))
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case)
    act(session, actors["handler"], case, "handle", "agree")
    with pytest.raises(Conflict):
        act(session, actors["reviewer"], case, "review", "agree")
    with pytest.raises(Forbidden):
        service.resolve(session, actors["window"], case.id, "plan.STBHHX", "已核")
    with pytest.raises(BadInput):
        service.resolve(session, actors["handler"], case.id, "planning.RJL", "已核")
    with pytest.raises(BadInput):
        service.resolve(session, actors["handler"], case.id, "plan.STBHHX", "  ")
    service.resolve(session, actors["handler"], case.id, "plan.STBHHX", "已向主管部门书面核实，不在红线内")
    act(session, actors["reviewer"], case, "review", "agree")


def test_checks_older_than_what_they_checked_are_undecided(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    project = new_project()
    case = service.start_case(session, actors["developer"], project.id, "planning-permit")
    fill(session, actors["developer"], case)
    box.put_result(
        session, actors["developer"], project.id, kind="drawing_set", stage=Stage.DESIGN, title="图纸第 2 版",
        payload={"revision": 2}, source={}, trust="D",
    )  # fmt: skip
    codes = {f.code for f in service.self_check(session, actors["developer"], case.id)}
    assert "gate.stale.1" in codes
    with pytest.raises(BadInput):
        service.submit(session, actors["developer"], case.id)
    fill_box(session, actors["developer"], project.id)
    service.submit(session, actors["developer"], case.id)


def test_nobody_signs_off_their_own_work(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours
) -> None:
    from dataclasses import replace

    from project_box.kernel.identity import Role

    case = handed_in(session, actors, new_project())
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case)
    both = replace(actors["handler"], roles=frozenset({Role.HANDLER, Role.REVIEWER, Role.SIGNER}))
    act(session, both, case, "handle", "agree")
    with pytest.raises(Forbidden) as refused:
        act(session, both, case, "review", "agree")
    assert refused.value.code == "separation_of_duties"
