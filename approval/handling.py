"""办理: what officers do with a case, and what happens when lower rooms report. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from approval import gates, issuing, neighbours, notice, projection, repository
from approval.case import (
    Action,
    CaseState,
    ClockName,
    Rule,
    TaskState,
    action_of,
    check_action,
    check_separation,
)
from approval.casefile import (
    CaseFile,
    add_clock_event,
    all_gates,
    gate_facts,
    get_case,
    item_version,
    now,
    open_file,
    reading,
    today,
    working_day,
)
from approval.clock import ClockEvent, ClockKind
from approval.materials import MaterialStatus
from approval.models import Case, CaseOpinion, Correction, ResolutionRow, Task
from approval.notice import Entry, NoticeFacts
from approval.opinion import difference
from approval.rule_pins import pin_rules
from drawings.events import JointReviewClosed, OpinionGiven
from intermediaries.events import AllEngagementsDelivered, CaseTouched, EngagementDelivered
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.events import subscribe
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.identity import OFFICER_ROLES, Actor
from project_box.service import record_audit

_OPEN = frozenset({TaskState.NOT_STARTED, TaskState.ACTIVE})
#: longest written opinion
MAX_OPINION = 20_000


def get_task(session: Session, actor: Actor, task_id: uuid.UUID) -> Task:
    """A task of a visible case.

    Raises:
        NotFound: there is none for this person.
    """
    task = repository.task(session, actor, task_id)
    if task is None:
        raise NotFound("没有这个任务，或您无权查看", "no such task for this person")
    return task


@dataclass(frozen=True)
class _Move:
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


def act(
    session: Session,
    actor: Actor,
    task_id: uuid.UUID,
    action: str,
    opinion: str = "",
    fields: Mapping[str, Any] | None = None,
    corrections: Sequence[Mapping[str, Any]] = (),
) -> Case:
    """Act on a task.

    Args:
        action: see :class:`approval.case.Action`; ``sign`` is 签发.
        opinion: written opinion or reason; empty takes the drafted one where the action needs none.
        fields: ``days`` for 延长期限, ``reason_code`` for 不予受理, ``special`` for 特别程序.
        corrections: entries of a 补正 list, see :func:`approval.notice.entry`.

    Raises:
        Forbidden: not the actor's role, or the actor has acted in this case in another role.
        Conflict: the task is done, the state does not allow it, or a gate is shut (``details["reasons"]``).
        BadInput: an opinion, corrections or fields are missing or wrong.
    """
    wanted = action_of(action)
    task = get_task(session, actor, task_id)
    case = get_case(session, actor, task.case_id, lock=True)
    session.refresh(task)
    if len(opinion) > MAX_OPINION:
        raise BadInput(f"意见最多 {MAX_OPINION} 个字符", "the opinion is too long", place="opinion")
    file = open_file(session, actor, case)
    step = file.item.steps.get(task.step)
    if step is None or task.discipline is not None:
        raise Conflict("该任务不在此办理，请到联审页面出具意见", "this task is handled in the joint review")
    if step.role not in actor.roles:
        raise Forbidden(f"该环节由{step.role.zh}办理", f"this step is for {step.role}")
    if wanted not in step.actions:
        offered = "、".join(a.zh for a in step.actions)
        raise Conflict(
            f"“{task.name}”环节不能{wanted.zh}，可以：{offered}", f"{wanted} is not offered at {task.step}"
        )
    rule = check_action(wanted, case.state, {step.role}, opinion=opinion, corrections=len(corrections))
    if task.state not in _OPEN and wanted is not Action.RESUME:
        raise Conflict("该任务当前不可办理", f"task is {task.state}", remedy="请刷新页面查看最新状态")
    done = [
        (t.done_by, t.role)
        for t in repository.case_tasks(session, case.id)
        if t.done_by is not None and t.action is not None
    ]
    if wanted is not Action.DELIVER:
        check_separation(actor.user_id, step.role, done)
    shown: list[Finding] = []
    if rule.forward:
        shown = gates.evaluate(step.gates, gate_facts(session, file, final=wanted is Action.APPROVE))
        gates.require_open(shown, rule.zh)
    move = _Move(
        session, actor, case, task, file, wanted, rule, opinion.strip(), fields or {},
        _entries(file, corrections),
    )  # fmt: skip
    move = _record_opinion(move, shown)
    task.opened_at = task.opened_at or now()
    _HANDLERS[wanted](move)
    record_audit(
        session, actor, f"case.{wanted.value}", f"case:{case.id}",
        {
            "task": str(task.id), "step": task.step, "opinion": move.opinion, "fields": dict(move.fields),
            "corrections": [{"place": e.place, "text": e.text} for e in move.entries],
        },
    )  # fmt: skip
    session.flush()
    return case


def _entries(file: CaseFile, corrections: Sequence[Mapping[str, Any]]) -> list[Entry]:
    if len(corrections) > 200:
        raise BadInput("补正内容最多 200 条", "at most 200 corrections", place="corrections")
    names = {
        "material": {m.code: m.name for m in file.item.materials},
        "field": {f.code: f.name for f in file.item.fields},
    }
    case = file.case
    links = {
        "material": f"/cases/{case.id}/apply/3#material-{{target}}",
        "field": f"/cases/{case.id}/apply/2#{{target}}",
        "sheet": f"/projects/{case.project_id}/drawings",
        "map": f"/projects/{case.project_id}/site",
    }
    return [notice.entry(raw, names, links) for raw in corrections]


def _record_opinion(move: _Move, shown: Sequence[Finding]) -> _Move:
    """Keep the written opinion with its draft and the difference; an empty one is the draft where none is needed."""
    if move.action in (Action.DELIVER, Action.RESUME):
        return move
    drafted = ""
    if move.action in (Action.AGREE, Action.DISAGREE, Action.APPROVE, Action.DENY):
        drafted = issuing.draft_text(move.session, move.file)
    elif move.action is Action.ACCEPT:
        drafted = "申报材料齐全、符合法定形式，予以受理。"
    text = move.opinion or drafted or move.rule.zh
    move.session.add(
        CaseOpinion(
            case_id=move.case.id, task_id=move.task.id, step=move.task.step, role=move.task.role,
            action=move.action.value, drafted=drafted, text=text,
            difference=difference(drafted, text) if drafted else [],
            gates=[{"code": f.code, "outcome": f.outcome.value, "message": f.message} for f in shown],
            by=move.actor.user_id, by_name=move.actor.name, at=now(),
        )
    )  # fmt: skip
    return replace(move, opinion=text)


# --- what each action does -------------------------------------------------------------------------------------


def _finish(move: _Move) -> None:
    """The task is done; the process goes on and the gateways see the action."""
    running = projection.load(move.session, move.case)
    running.complete(move.task.step, move.action.value)
    _mark_done(move)
    projection.store(move.session, move.case, running)


def _mark_done(move: _Move) -> None:
    move.task.state, move.task.done_at = TaskState.DONE, now()
    move.task.done_by, move.task.done_name = move.actor.user_id, move.actor.name
    move.task.action, move.task.draft = move.action.value, ""


def _clock(move: _Move, reason: str, days: int = 0) -> None:
    for name, kind in move.rule.clock:
        add_clock_event(
            move.session,
            move.case,
            name,
            ClockEvent(kind, today(), reason, move.rule.basis, days),
            move.actor,
        )


def _say(move: _Move, text: str, text_en: str, *, internal: bool = False) -> None:
    projection.log(move.session, move.case, move.actor, move.action.value, text, text_en, internal=internal)


def _notice(move: _Move, **more: Any) -> None:
    assert move.rule.notice is not None  # only rules with a notice come here
    issuing.send_notice(move.session, move.actor, move.file, move.rule.notice, **more)


def _accept(move: _Move) -> None:
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


def _keep_materials(move: _Move) -> None:
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


def _dispatch(move: _Move) -> None:
    """Evaluate the triggers and send out what law asks of intermediaries, all at once."""
    session, case = move.session, move.case
    neighbours.dispatch(session, move.actor, case.project_id, case.id, move.file.form)
    case.dispatched = True
    facts = neighbours.engagement_facts(session, case.id)
    names = "、".join(f.name for f in facts if f.status not in ("shared", "dropped", "undecided"))
    text = f"触发中介评估：{names}" if names else "经判断，无需委托中介评估"
    projection.log(session, case, move.actor, "dispatched", text, "Evaluations dispatched")
    _engagements_settled(session, case)


def _correct(move: _Move) -> None:
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


def _refuse(move: _Move) -> None:
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


def _agree(move: _Move) -> None:
    move.case.recommendation = "approve"
    _finish(move)
    _say(move, f"{move.task.name}：同意", f"{move.task.name_en}: agreed", internal=True)


def _disagree(move: _Move) -> None:
    """Recommend denial: nothing need be waited for any more."""
    move.case.recommendation = "deny"
    _finish(move)
    for task in repository.case_tasks(move.session, move.case.id):
        if task.message is not None and task.state in _OPEN:
            projection.send(move.session, move.case, task.message, "拟不予许可，不再等待")
    _say(move, f"{move.task.name}：拟不予许可", f"{move.task.name_en}: denial recommended", internal=True)


def _return(move: _Move) -> None:
    _finish(move)
    _say(move, f"{move.task.name}退回：{move.opinion}", f"{move.task.name_en}: returned", internal=True)


def _special(move: _Move) -> None:
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


def _mark_opened(move: _Move) -> None:
    if move.task.state is TaskState.NOT_STARTED:
        move.task.state = TaskState.ACTIVE


def _defer(move: _Move) -> None:
    _clock(move, move.opinion)
    move.case.state = CaseState.DEFERRED
    _mark_opened(move)
    _say(move, f"缓办：{move.opinion}", "Deferred")
    _notice(move, reason=move.opinion)


def _resume(move: _Move) -> None:
    _clock(move, move.opinion or "恢复办理")
    was = move.case.state
    move.case.state = CaseState.REVIEW
    _say(move, f"{was.zh}结束，恢复办理", "Resumed")
    projection.tell(
        move.session, move.case, f"办件 {move.case.serial} 恢复办理", f"{was.zh}结束，时限继续计算。"
    )


def _extend(move: _Move) -> None:
    try:
        days = int(str(move.fields.get("days", "")))
    except ValueError:
        raise BadInput("请填写延长的工作日数", "days must be a whole number", place="days") from None
    _clock(move, move.opinion, days)
    due = reading(repository.clock_events(move.session, [move.case.id]), move.case, ClockName.HANDLING)
    _mark_opened(move)
    _say(move, f"延长期限 {days} 个工作日：{move.opinion}", f"Limit extended by {days} working days")
    _notice(move, reason=move.opinion, days=days, due=due.committed.due)


def _approve(move: _Move) -> None:
    issuing.approve(move.session, move.actor, move.file, move.opinion)
    _clock(move, "作出决定")
    projection.close_disciplines(move.session, move.case, move.actor)
    _finish(move)
    _say(move, "决定：准予许可", "Decision: granted")


def _deny(move: _Move) -> None:
    issuing.deny(move.session, move.actor, move.file, move.opinion)
    _clock(move, "作出决定")
    projection.close_disciplines(move.session, move.case, move.actor)
    _finish(move)
    _say(move, "决定：不予许可", "Decision: denied")


def _deliver(move: _Move) -> None:
    _finish(move)
    move.case.state = CaseState.DELIVERED
    _say(move, "送达", "Delivered")
    projection.tell(
        move.session, move.case, f"办件 {move.case.serial} 已送达", "决定书和证照可在办件页面查看、下载。"
    )


_HANDLERS = {
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


# --- besides the tasks -----------------------------------------------------------------------------------------


def save_draft(session: Session, actor: Actor, task_id: uuid.UUID, text: str) -> Task:
    """Keep an unfinished opinion (autosave); the task counts as 办理中 from then on."""
    task = get_task(session, actor, task_id)
    get_case(session, actor, task.case_id, lock=True)
    session.refresh(task)
    if task.role not in actor.roles or task.state not in _OPEN or task.discipline is not None:
        raise Forbidden("该任务不由您办理", "not this person's task")
    task.draft = text[:MAX_OPINION]
    if task.state is TaskState.NOT_STARTED:
        task.state, task.opened_at = TaskState.ACTIVE, now()
    session.flush()
    return task


def resolve(session: Session, actor: Actor, case_id: uuid.UUID, code: str, reason: str) -> ResolutionRow:
    """判定说明: settle an 无法判定 finding with a written reason, where the item allows it; the finding itself stays.

    Raises:
        Forbidden: only 经办 or 审核.
        Conflict: the case is not under review.
        BadInput: no such 无法判定 finding, the item does not allow it, or no reason.
    """
    case = get_case(session, actor, case_id, lock=True)
    if not actor.has(*(OFFICER_ROLES - {"window"})):
        raise Forbidden("判定说明由经办、审核或签发人员作出", "only handling officers resolve findings")
    if case.state is not CaseState.REVIEW:
        raise Conflict("只有审查中的办件可以作判定说明", f"case is {case.state}")
    if not reason.strip():
        raise BadInput("判定说明须写明理由", "a reason is needed", place="reason")
    file = open_file(session, actor, case)
    facts = gate_facts(session, file, final=True)
    bare = replace(facts, resolutions={})
    finding = next((f for f in gates.evaluate(all_gates(file.item), bare) if f.code == code), None)
    if finding is None or finding.outcome is not Outcome.UNDECIDED:
        raise BadInput("没有这一条无法判定的结论", f"no undecided finding {code[:80]!r}", place="code")
    if not gates.can_resolve(code, file.item.resolvable):
        raise BadInput(
            f"“{finding.title}”不能以判定说明解决", f"{code} may not be resolved", place="code",
            remedy="补充所缺数据后重新核查",
        )  # fmt: skip
    row = ResolutionRow(
        case_id=case.id,
        code=code[:120],
        reason=reason.strip()[:2000],
        by=actor.user_id,
        by_name=actor.name,
        at=now(),
    )
    session.add(row)
    projection.log(
        session,
        case,
        actor,
        "resolved",
        f"判定说明：{finding.title}：{row.reason}",
        "Finding resolved",
        internal=True,
    )
    record_audit(session, actor, "case.resolved", f"case:{case.id}", {"code": code, "reason": row.reason})
    session.flush()
    return row


def case_gates(session: Session, actor: Actor, case_id: uuid.UUID) -> list[Finding]:
    """Findings of all gates of a case, as at the decision."""
    file = open_file(session, actor, get_case(session, actor, case_id))
    return gates.evaluate(all_gates(file.item), gate_facts(session, file, final=True))


def draft_opinion(session: Session, actor: Actor, case_id: uuid.UUID) -> str:
    """The opinion drafted from the case's conclusions."""
    return issuing.draft_text(session, open_file(session, actor, get_case(session, actor, case_id)))


def preview_notice(
    session: Session,
    actor: Actor,
    task_id: uuid.UUID,
    action: str,
    opinion: str = "",
    fields: Mapping[str, Any] | None = None,
    corrections: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any] | None:
    """The notice an action would send, before it is sent; None when it sends none. Nothing is stored."""
    wanted = action_of(action)
    task = get_task(session, actor, task_id)
    case = get_case(session, actor, task.case_id)
    file = open_file(session, actor, case)
    rule = check_action(wanted, case.state, {task.role}, opinion=opinion or "—", corrections=len(corrections))
    if rule.notice is None:
        return None
    fields = fields or {}
    reason = next((r for r in file.item.reasons if r.code == fields.get("reason_code")), None)
    facts: NoticeFacts = issuing.notice_facts(
        session, file, rule.notice, entries=_entries(file, corrections),
        reason=f"{reason.zh}。{opinion}" if reason else opinion, basis=reason.basis if reason else "",
        due=working_day(
            today(), file.item.limits.correction_days if wanted is Action.CORRECT else file.item.limits.committed.days
        ),
        committed_days=file.item.limits.committed.days, licence="证号于签发时生成",
        days=int(str(fields.get("days") or 0)) if str(fields.get("days") or "0").isdigit() else 0,
    )  # fmt: skip
    return notice.build(facts)


def _engagements_settled(session: Session, case: Case) -> None:
    """Move the process on when every engagement is delivered, dropped or shared."""
    facts = neighbours.engagement_facts(session, case.id)
    if all(f.status in neighbours.SETTLED for f in facts):
        note = "成果齐备" if any(f.status == "delivered" for f in facts) else "无需等待中介成果"
        if projection.send(session, case, "engagements_delivered", note):
            projection.log(session, case, None, "engagements", f"中介评估：{note}", "Evaluations settled")


def on_engagement(session: Session, case_id: uuid.UUID, text: str) -> None:
    """An engagement of a case was delivered or dropped."""
    case = repository.case_for_event(session, case_id)
    if case is None or case.state.final:
        return
    projection.log(session, case, None, "engagement", text, "Evaluation delivered")
    _engagements_settled(session, case)


def on_opinion(session: Session, review_id: uuid.UUID, discipline: str, verdict: str) -> None:
    """A discipline gave its verdict: its task is done."""
    case = repository.case_by_review(session, review_id)
    if case is None:
        return
    by = neighbours.review_facts(session, review_id).verdicts.get(discipline, (None, "", ""))[2]
    for task in repository.case_tasks(session, case.id):
        if task.discipline == discipline and task.state is not TaskState.DONE:
            task.state, task.done_at, task.done_name, task.action = TaskState.DONE, now(), by, verdict
    names = {d.code: d.name for d in item_version(case).item.disciplines}
    word = neighbours.verdict_word(verdict)
    projection.log(
        session,
        case,
        None,
        "discipline",
        f"联审·{names.get(discipline, discipline)}：{word}",
        f"{discipline}: {verdict}",
    )
    session.flush()


def on_review_closed(session: Session, case_id: uuid.UUID, verdict: str) -> None:
    """The joint review closed: with agreement the process moves on; otherwise the handler asks for corrections."""
    case = repository.case_for_event(session, case_id)
    if case is None or case.state.final:
        return
    if verdict == "agree":
        projection.send(session, case, "joint_review_closed", "联审同意")
        projection.log(
            session, case, None, "review_closed", "联合审图办结：同意", "Joint review closed: agreed"
        )
        return
    word = neighbours.verdict_word(verdict)
    for task in repository.case_tasks(session, case.id):
        if task.message == "joint_review_closed" and task.state is not TaskState.DONE:
            task.note = f"联审意见：{word}，请作补正告知"
    projection.log(
        session,
        case,
        None,
        "review_closed",
        f"联合审图办结：{word}，待经办补正告知",
        f"Joint review closed: {verdict}",
    )


# --- events of lower rooms -------------------------------------------------------------------------------------


@subscribe(OpinionGiven)
def _opinion_given(session: Session, event: OpinionGiven) -> None:
    on_opinion(session, event.review_id, event.discipline, event.verdict)


@subscribe(JointReviewClosed)
def _review_closed(session: Session, event: JointReviewClosed) -> None:
    on_review_closed(session, event.case_id, event.verdict)


@subscribe(CaseTouched)
def _case_touched(session: Session, event: CaseTouched) -> None:
    """Lock the case before the rooms below lock their own rows: everybody locks case, lines, audit chain."""
    repository.case_for_event(session, event.case_id)


@subscribe(EngagementDelivered)
def _engagement_delivered(session: Session, event: EngagementDelivered) -> None:
    names = {f.code: f.name for f in neighbours.engagement_facts(session, event.case_id)}
    on_engagement(session, event.case_id, f"{names.get(event.code, event.code)}：成果已提交")


@subscribe(AllEngagementsDelivered)
def _all_delivered(session: Session, event: AllEngagementsDelivered) -> None:
    on_engagement(session, event.case_id, "中介评估事项均已办结")
