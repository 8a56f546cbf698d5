"""A case from draft to delivered permit, on PostgreSQL. The rooms below are played by :class:`Neighbours`."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.orm import Session

from approval import casefile, lower_rooms, neighbours, reminders, repository, service
from approval.case import CaseState, Decision, TaskState
from approval.clock import Lamp
from approval.gates import EngagementFact
from approval.models import Case, Task
from approval.neighbours import ReviewFacts
from elements.registers.repository import lines_of_case
from project_box import seal
from project_box import service as box
from project_box.kernel.db import Database
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.finding import Outcome
from project_box.kernel.identity import Actor
from project_box.models import Project
from project_box.stage import Stage

from .conftest import PDF, fill_box

pytestmark = pytest.mark.integration
PHONE = "0731-88880000"
DISCIPLINES = ("planning", "architecture", "fire")
NewProject = Callable[..., Project]
Actors = dict[str, Actor]


class Neighbours:
    """Joint review and evaluations as the test wants them."""

    def __init__(self) -> None:
        self.review = ReviewFacts()
        self.engagements: list[EngagementFact] = []
        self.rounds: list[uuid.UUID] = []

    def open_review(self, *_: Any) -> uuid.UUID:
        self.review = ReviewFacts(revision=self.review.revision or 1, open=True)
        self.rounds.append(uuid.uuid4())
        return self.rounds[-1]

    def verdicts(self, session: Session, case: Case, **words: str) -> None:
        for discipline in DISCIPLINES:
            lower_rooms.on_opinion(session, self.rounds[-1], discipline, words.get(discipline, "agree"))
        found: dict[str, tuple[str | None, str, str]] = {
            d: (words.get(d, "agree"), "", "某人") for d in DISCIPLINES
        }
        self.review = ReviewFacts(self.review.revision, False, found)
        worst = "agree" if set(words.values()) <= {"agree"} else "modify"
        lower_rooms.on_review_closed(session, case.id, worst)


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    played = Neighbours()
    monkeypatch.setattr(neighbours, "open_review", played.open_review)
    monkeypatch.setattr(neighbours, "review_facts", lambda *_: played.review)
    monkeypatch.setattr(neighbours, "end_review", lambda *_: None)
    monkeypatch.setattr(neighbours, "dispatch", lambda *_: None)
    monkeypatch.setattr(neighbours, "engagement_facts", lambda *_: played.engagements)
    return played


class Calendar:
    """Moves the day of the approval room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.moment = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)
        for module in ("casefile", "filing", "handling", "issuing", "projection"):
            monkeypatch.setattr(f"approval.{module}.now", lambda: self.moment)
            monkeypatch.setattr(f"approval.{module}.today", lambda: self.moment.date())

    def go(self, day: str) -> None:
        self.moment = dt.datetime.fromisoformat(f"{day}T02:00:00+00:00")


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    return Calendar(monkeypatch)


def in_state(case: Case, state: CaseState) -> bool:
    return case.state is state


def fill(session: Session, developer: Actor, case: Case) -> None:
    service.save_form(session, developer, case.id, {"phone": PHONE})
    for line in service.materials(session, developer, case.id):
        if line.status == "missing":
            service.attach_material(session, developer, case.id, line.code, f"{line.code}.pdf", PDF)


def handed_in(session: Session, actors: Actors, project: Project, item: str = "planning-permit") -> Case:
    case = service.start_case(session, actors["developer"], project.id, item)
    fill(session, actors["developer"], case)
    return service.submit(session, actors["developer"], case.id)


def open_task(session: Session, case: Case, step: str) -> Task:
    return next(
        t
        for t in repository.case_tasks(session, case.id)
        if t.step == step and t.discipline is None and t.state is not TaskState.DONE
    )


def act(session: Session, actor: Actor, case: Case, step: str, action: str, **more: Any) -> Case:
    return service.act(session, actor, open_task(session, case, step).id, action, **more)


def to_signature(session: Session, actors: Actors, rooms: Neighbours, case: Case) -> None:
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case)
    act(session, actors["handler"], case, "handle", "agree")
    act(session, actors["reviewer"], case, "review", "agree")


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


def test_correction_is_one_list_and_pauses_the_clock(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours, calendar: Calendar
) -> None:
    case = handed_in(session, actors, new_project())
    developer = actors["developer"]
    calendar.go("2026-03-04")
    with pytest.raises(BadInput):
        act(session, actors["window"], case, "accept", "correct")
    entries = [
        {"kind": "material", "target": "authorization", "text": "委托书未盖章"},
        {"field": "phone", "text": "请填写手机号"},
        {"sheet": "总平图.dxf#2F", "text": "消防车道宽度不足"},
        {"map": "J5", "text": "与相邻宗地界址不符"},
    ]
    act(session, actors["window"], case, "accept", "correct", corrections=entries)
    assert in_state(case, CaseState.CORRECTION)
    assert open_task(session, case, "accept").state is TaskState.WAITING_CORRECTION
    rows = repository.corrections(session, case.id)
    assert [r.kind for r in rows] == ["material", "field", "sheet", "map"]
    assert rows[0].link == f"/cases/{case.id}/apply/3#material-authorization"
    assert rows[2].place == "图纸：总平图.dxf，图元 2F"
    notice = repository.notices(session, case.id)[-1]
    assert len(notice.data["entries"]) == 4
    calendar.go("2026-03-16")
    reading = casefile.reading(repository.clock_events(session, [case.id]), case)
    assert (reading.ours, reading.theirs, reading.lamp) == (2, 8, Lamp.GREY)
    with pytest.raises(BadInput) as missing:
        service.resubmit(session, developer, case.id)
    assert missing.value.code == "correction_open"
    service.save_form(session, developer, case.id, {"phone": "13800000000"})
    service.attach_material(session, developer, case.id, "authorization", "新委托书.pdf", PDF)
    service.resubmit(session, developer, case.id, {str(rows[2].id): "已加宽到 4 米"})
    assert in_state(case, CaseState.SUBMITTED)
    assert open_task(session, case, "accept").state is TaskState.ACTIVE
    assert repository.corrections(session, case.id)[2].reply == "已加宽到 4 米"
    calendar.go("2026-03-17")
    act(session, actors["window"], case, "accept", "accept")
    reading = casefile.reading(repository.clock_events(session, [case.id]), case)
    assert (reading.ours, reading.committed.limit) == (0, 10)
    assert reading.committed.due == dt.date(2026, 3, 31)


def test_deemed_acceptance_counts_from_receipt(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours, calendar: Calendar
) -> None:
    case = handed_in(session, actors, new_project())
    calendar.go("2026-03-11")
    act(session, actors["window"], case, "accept", "accept")
    reading = casefile.reading(repository.clock_events(session, [case.id]), case)
    assert reading.ours == 7
    assert reading.committed.due == dt.date(2026, 3, 16)


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


def test_special_procedure_deferral_and_extension(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours, calendar: Calendar
) -> None:
    case = handed_in(session, actors, new_project())
    act(session, actors["window"], case, "accept", "accept")
    rooms.verdicts(session, case)
    act(
        session,
        actors["handler"],
        case,
        "handle",
        "special",
        opinion="有利害关系人",
        fields={"special": "hearing"},
    )
    assert in_state(case, CaseState.SPECIAL)
    with pytest.raises(Conflict):
        act(session, actors["handler"], case, "handle", "agree")
    calendar.go("2026-03-09")
    act(session, actors["handler"], case, "handle", "resume")
    act(session, actors["handler"], case, "handle", "agree")
    act(session, actors["reviewer"], case, "review", "agree")
    with pytest.raises(BadInput):
        act(session, actors["signer"], case, "sign", "extend", opinion="案情复杂", fields={"days": 11})
    act(session, actors["signer"], case, "sign", "extend", opinion="案情复杂", fields={"days": 5})
    reading = casefile.reading(repository.clock_events(session, [case.id]), case)
    assert (reading.ours, reading.theirs, reading.committed.limit, reading.statutory.limit) == (0, 5, 15, 25)
    assert [n.kind for n in repository.notices(session, case.id)] == ["acceptance", "special", "extension"]


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


def test_a_case_keeps_the_item_version_it_began_with(
    session: Session,
    actors: Actors,
    new_project: NewProject,
    rooms: Neighbours,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from approval import item

    case = handed_in(session, actors, new_project())
    present = item.load_items()["planning-permit"]
    newer = present.item.model_copy(
        update={
            "version": "2027.1",
            "limits": present.item.limits.model_copy(
                update={"committed": present.item.limits.committed.model_copy(update={"days": 3})}
            ),
        }
    )
    changed = item.build(newer, present.process)
    assert changed.hash != present.hash
    for module in ("casefile", "filing"):
        monkeypatch.setattr(f"approval.{module}.load_items", lambda: {"planning-permit": changed})
    session.expire_all()
    kept = service.item_version(case)
    assert kept.hash == present.hash
    assert kept.item.limits.committed.days == 10


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("证.pdf", b"", "空文件"),
        ("证.exe", PDF, "只接受"),
        ("证.pdf", b"not a pdf at all", "内容不是 PDF"),
        ("长" * 300 + ".pdf", PDF, "200"),
    ],
)
def test_bad_uploads_are_refused_and_nothing_is_kept(
    session: Session, actors: Actors, new_project: NewProject, name: str, data: bytes, says: str
) -> None:
    case = service.start_case(session, actors["developer"], new_project().id, "planning-permit")
    with pytest.raises(BadInput) as refused:
        service.attach_material(session, actors["developer"], case.id, "land_right", name, data)
    assert says in refused.value.zh
    assert not repository.materials(session, case.id)


def test_serials_are_unique_and_in_order(session: Session) -> None:
    numbers = [repository.next_number(session, "serial:1999") for _ in range(5)]
    assert numbers == [1, 2, 3, 4, 5]


def test_numbers_are_never_given_twice(database: Database) -> None:
    def take(_: int) -> int:
        with database.transaction() as session:
            return repository.next_number(session, "serial:1998")

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(take, range(60)))
    assert sorted(numbers) == list(range(1, 61))


def test_a_year_without_holiday_notice_leaves_the_due_date_undecided(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours, calendar: Calendar
) -> None:
    calendar.go("2026-12-25")
    case = handed_in(session, actors, new_project())
    act(session, actors["window"], case, "accept", "accept")
    reading = casefile.reading(repository.clock_events(session, [case.id]), case)
    assert reading.committed.due is None
    assert "2027" in reading.committed.undecided
    paragraphs = "".join(repository.notices(session, case.id)[-1].data["paragraphs"])
    assert "10 个工作日" in paragraphs
    assert "办理期限至" not in paragraphs
    calendar.go("2026-12-29")
    assert casefile.reading(repository.clock_events(session, [case.id]), case).ours == 2


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


def test_a_warning_lamp_reminds_the_people_of_the_open_task_once(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours, calendar: Calendar
) -> None:
    case = handed_in(session, actors, new_project())
    assert reminders.remind(session) == 0, "a green lamp reminds nobody"
    calendar.go("2026-03-10")
    assert reminders.remind(session) == 1
    assert reminders.remind(session) == 0, "once per lamp"
    titles = [m.title for m in box.list_messages(session, actors["window"])]
    assert any(case.serial in title for title in titles)
    assert not any(case.serial in m.title for m in box.list_messages(session, actors["signer"]))
