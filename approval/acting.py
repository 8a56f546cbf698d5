"""What each action of an officer does to a case, its clocks, its process. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from approval import issuing, neighbours, projection, repository
from approval.case import (
    Action,
    CaseState,
    ClockName,
    Rule,
    TaskState,
)
from approval.casefile import (
    CaseFile,
    add_clock_event,
    now,
    reading,
    today,
    working_day,
)
from approval.clock import ClockEvent, ClockKind
from approval.lower_rooms import engagements_settled
from approval.materials import MaterialStatus
from approval.models import Case, Correction, Task
from approval.notice import Entry
from approval.rule_pins import pin_rules
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor

OPEN = frozenset({TaskState.NOT_STARTED, TaskState.ACTIVE})


@dataclass(frozen=True)
class Move:
    """One action on its way: who, on what, with what."""

    session: Session
    actor: Actor
    case: Case
    task: Task
    file: CaseFile
    action: Action
    rule: Rule
    opinion: str
    fields: Mapping[str, Any]
    entries: Sequence[Entry]


def _finish(move: Move) -> None:
    """The task is done; the process goes on and the gateways see the action."""
    running = projection.load(move.session, move.case)
    running.complete(move.task.step, move.action.value)
    _mark_done(move)
    projection.store(move.session, move.case, running)


def _mark_done(move: Move) -> None:
    move.task.state, move.task.done_at = TaskState.DONE, now()
    move.task.done_by, move.task.done_name = move.actor.user_id, move.actor.name
    move.task.action, move.task.draft = move.action.value, ""


def _clock(move: Move, reason: str, days: int = 0) -> None:
    for name, kind in move.rule.clock:
        add_clock_event(
            move.session,
            move.case,
            name,
            ClockEvent(kind, today(), reason, move.rule.basis, days),
            move.actor,
        )


def _say(move: Move, text: str, text_en: str, *, internal: bool = False) -> None:
    projection.log(move.session, move.case, move.actor, move.action.value, text, text_en, internal=internal)


def _notice(move: Move, **more: Any) -> None:
    assert move.rule.notice is not None  # only rules with a notice come here
    issuing.send_notice(move.session, move.actor, move.file, move.rule.notice, **more)


def _accept(move: Move) -> None:
    session, case, item = move.session, move.case, move.file.item
    rows = repository.clock_events(session, [case.id])
    deemed = reading(rows, case, ClockName.ACCEPTANCE).committed.overdue
    received = next(r.on for r in rows if r.clock == ClockName.ACCEPTANCE)
    _finish(move)
    case.state, case.accepted_at = CaseState.ACCEPTED, now()
    pin_rules(session, move.actor, case, received if deemed else today())
    add_clock_event(
        session, case, ClockName.ACCEPTANCE, ClockEvent(ClockKind.STOP, today(), "受理"), move.actor
    )
    reason = "逾期未告知补正，自收到申请材料之日起即为受理" if deemed else "受理"
    add_clock_event(
        session, case, ClockName.HANDLING,
        ClockEvent(ClockKind.START, received if deemed else today(), reason, move.rule.basis), move.actor,
    )  # fmt: skip
    _say(move, reason, "Accepted")
    _keep_materials(move)
    limits = item.limits
    due = reading(repository.clock_events(session, [case.id]), case, ClockName.HANDLING).committed.due
    deferred = [
        f"{line.name}（{line.commitment.until:%Y-%m-%d} 前）"
        for line in move.file.lines
        if line.status is MaterialStatus.DEFERRED and line.commitment is not None
    ]
    _notice(move, committed_days=limits.committed.days, due=due, deferred=deferred)
    case.state = CaseState.REVIEW
    if item.disciplines:
        projection.open_joint_review(session, move.actor, case)
    if item.evaluations:
        _dispatch(move)


def _keep_materials(move: Move) -> None:
    """Uploads that later items need go into the box as Results declared by the applicant."""
    for line in move.file.lines:
        material = move.file.item.material(line.code)
        if material.keep_as is None or line.upload is None:
            continue
        stored = box.get_file(move.session, move.actor, uuid.UUID(line.upload.file_id))
        box.put_result(
            move.session, move.actor, move.case.project_id, kind=material.keep_as, stage=move.file.item.stage,
            title=material.name, payload={"file": stored.name, "sha256": stored.sha256, "serial": move.case.serial},
            source={"case": str(move.case.id), "material": material.code}, trust="D", files=[stored],
        )  # fmt: skip


def _dispatch(move: Move) -> None:
    """Evaluate the triggers and send out what law asks of intermediaries, all at once."""
    session, case = move.session, move.case
    neighbours.dispatch(session, move.actor, case.project_id, case.id, move.file.form)
    case.dispatched = True
    facts = neighbours.engagement_facts(session, case.id)
    names = "、".join(f.name for f in facts if f.status not in ("shared", "dropped", "undecided"))
    text = f"触发中介评估：{names}" if names else "经判断，无需委托中介评估"
    projection.log(session, case, move.actor, "dispatched", text, "Evaluations dispatched")
    engagements_settled(session, case)


def _correct(move: Move) -> None:
    session, case, item = move.session, move.case, move.file.item
    accepted = case.accepted_at is not None
    name = ClockName.HANDLING if accepted else ClockName.ACCEPTANCE
    due = working_day(today(), item.limits.correction_days)
    made = issuing.send_notice(
        session, move.actor, move.file, "correction", entries=move.entries, due=due, reason=move.opinion
    )
    for number, e in enumerate(move.entries, 1):
        session.add(
            Correction(
                case_id=case.id, notice_id=made.id, number=number, kind=e.kind, target=e.target, place=e.place,
                text=e.text, link=e.link,
            )
        )  # fmt: skip
    add_clock_event(
        session, case, name,
        ClockEvent(ClockKind.PAUSE, today(), f"补正告知（{len(move.entries)} 条）", move.rule.basis), move.actor,
    )  # fmt: skip
    case.resume_to, case.state = case.state, CaseState.CORRECTION
    case.round += 1
    session.flush()
    projection.refresh(session, case)
    _say(move, f"补正告知：共 {len(move.entries)} 条", f"Corrections asked for: {len(move.entries)}")


def _refuse(move: Move) -> None:
    item = move.file.item
    code = str(move.fields.get("reason_code") or "")
    reason = next((r for r in item.reasons if r.code == code), None)
    if reason is None:
        raise BadInput(
            "请选择不予受理的理由", "reason_code is missing or unknown", place="reason_code",
            details={"reasons": [{"code": r.code, "zh": r.zh} for r in item.reasons]},
        )  # fmt: skip
    projection.stop_clocks(move.session, move.case, move.actor, f"不予受理：{reason.zh}")
    _mark_done(move)
    move.case.state, move.case.closed_at = CaseState.RETURNED, now()
    projection.close_tasks(move.session, move.case, move.actor, "不予受理")
    _say(move, f"不予受理：{reason.zh}", "Not accepted")
    _notice(move, reason=f"{reason.zh}。{move.opinion}", basis=reason.basis)


def _agree(move: Move) -> None:
    move.case.recommendation = "approve"
    _finish(move)
    _say(move, f"{move.task.name}：同意", f"{move.task.name_en}: agreed", internal=True)


def _disagree(move: Move) -> None:
    """Recommend denial: nothing need be waited for any more."""
    move.case.recommendation = "deny"
    _finish(move)
    for task in repository.case_tasks(move.session, move.case.id):
        if task.message is not None and task.state in OPEN:
            projection.send(move.session, move.case, task.message, "拟不予许可，不再等待")
    _say(move, f"{move.task.name}：拟不予许可", f"{move.task.name_en}: denial recommended", internal=True)


def _return(move: Move) -> None:
    _finish(move)
    _say(move, f"{move.task.name}退回：{move.opinion}", f"{move.task.name_en}: returned", internal=True)


def _special(move: Move) -> None:
    code = str(move.fields.get("special") or "")
    step = next((s for s in move.file.item.special_steps if s.code == code), None)
    if step is None:
        raise BadInput(
            "请选择特别程序", "special is missing or unknown", place="special",
            details={"special_steps": [{"code": s.code, "zh": s.name} for s in move.file.item.special_steps]},
        )  # fmt: skip
    reason = f"{step.name}：{move.opinion}"
    _clock(move, reason)
    move.case.resume_to, move.case.state = None, CaseState.SPECIAL
    _mark_opened(move)
    _say(move, f"特别程序开始，{reason}", f"Special procedure: {step.name_en}")
    _notice(move, reason=f"{step.name}（{move.opinion}）")


def _mark_opened(move: Move) -> None:
    if move.task.state is TaskState.NOT_STARTED:
        move.task.state = TaskState.ACTIVE


def _defer(move: Move) -> None:
    _clock(move, move.opinion)
    move.case.state = CaseState.DEFERRED
    _mark_opened(move)
    _say(move, f"缓办：{move.opinion}", "Deferred")
    _notice(move, reason=move.opinion)


def _resume(move: Move) -> None:
    _clock(move, move.opinion or "恢复办理")
    was = move.case.state
    move.case.state = CaseState.REVIEW
    _say(move, f"{was.zh}结束，恢复办理", "Resumed")
    projection.tell(
        move.session, move.case, f"办件 {move.case.serial} 恢复办理", f"{was.zh}结束，时限继续计算。"
    )


def _extend(move: Move) -> None:
    try:
        days = int(str(move.fields.get("days", "")))
    except ValueError:
        raise BadInput("请填写延长的工作日数", "days must be a whole number", place="days") from None
    _clock(move, move.opinion, days)
    due = reading(repository.clock_events(move.session, [move.case.id]), move.case, ClockName.HANDLING)
    _mark_opened(move)
    _say(move, f"延长期限 {days} 个工作日：{move.opinion}", f"Limit extended by {days} working days")
    _notice(move, reason=move.opinion, days=days, due=due.committed.due)


def _approve(move: Move) -> None:
    issuing.approve(move.session, move.actor, move.file, move.opinion)
    _clock(move, "作出决定")
    projection.close_disciplines(move.session, move.case, move.actor)
    _finish(move)
    _say(move, "决定：准予许可", "Decision: granted")


def _deny(move: Move) -> None:
    issuing.deny(move.session, move.actor, move.file, move.opinion)
    _clock(move, "作出决定")
    projection.close_disciplines(move.session, move.case, move.actor)
    _finish(move)
    _say(move, "决定：不予许可", "Decision: denied")


def _deliver(move: Move) -> None:
    _finish(move)
    move.case.state = CaseState.DELIVERED
    _say(move, "送达", "Delivered")
    projection.tell(
        move.session, move.case, f"办件 {move.case.serial} 已送达", "决定书和证照可在办件页面查看、下载。"
    )


HANDLERS = {
    Action.ACCEPT: _accept,
    Action.CORRECT: _correct,
    Action.REFUSE: _refuse,
    Action.AGREE: _agree,
    Action.DISAGREE: _disagree,
    Action.RETURN: _return,
    Action.SPECIAL: _special,
    Action.DEFER: _defer,
    Action.RESUME: _resume,
    Action.EXTEND: _extend,
    Action.APPROVE: _approve,
    Action.DENY: _deny,
    Action.DELIVER: _deliver,
}
