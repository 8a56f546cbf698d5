"""The clock of a case: corrections, special procedures, years without a notice, lamps."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from approval import casefile, neighbours, reminders, repository, service
from approval.case import CaseState, TaskState
from approval.clock import Lamp
from approval.neighbours import LateRound
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict

from .case_steps import (
    PDF,
    Actors,
    Calendar,
    Neighbours,
    NewProject,
    act,
    handed_in,
    in_state,
    open_task,
)

pytestmark = pytest.mark.integration


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
    handle = open_task(session, case, "handle")
    assert handle.days
    begun = handle.started_on

    def due() -> dt.date | None:
        return casefile.task_due(handle, repository.clock_events(session, [case.id]))

    assert due() is None, "nobody knows when the hearing ends"
    with pytest.raises(Conflict):
        act(session, actors["handler"], case, "handle", "agree")
    calendar.go("2026-03-09")
    act(session, actors["handler"], case, "handle", "resume")
    assert due() == casefile.working_day(begun, handle.days + 5)
    act(session, actors["handler"], case, "handle", "agree")
    act(session, actors["reviewer"], case, "review", "agree")
    with pytest.raises(BadInput):
        act(session, actors["signer"], case, "sign", "extend", opinion="案情复杂", fields={"days": 11})
    act(session, actors["signer"], case, "sign", "extend", opinion="案情复杂", fields={"days": 5})
    reading = casefile.reading(repository.clock_events(session, [case.id]), case)
    assert (reading.ours, reading.theirs, reading.committed.limit, reading.statutory.limit) == (0, 5, 15, 25)
    assert [n.kind for n in repository.notices(session, case.id)] == ["acceptance", "special", "extension"]


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


def test_a_late_round_reminds_the_silent_disciplines_and_the_handler_once(
    session: Session, actors: Actors, new_project: NewProject, rooms: Neighbours, calendar: Calendar,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    case = handed_in(session, actors, new_project())
    act(session, actors["window"], case, "accept", "accept")
    assert reminders.remind(session) == 0
    monkeypatch.setattr(neighbours, "late_round", lambda *_: LateRound(1, 2, ("fire",)))
    assert [reminders.remind(session) for _ in range(2)] == [1, 0]
    told = {name: [m.title for m in box.list_messages(session, actors[name])] for name in
            ("fire", "handler", "planner", "developer")}  # fmt: skip
    late = {name for name, titles in told.items() if any(t.startswith("联审超期") for t in titles)}
    assert late == {"fire", "handler"}
