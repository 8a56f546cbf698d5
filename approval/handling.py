"""办理: what officers do with a case. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from approval import gates, issuing, notice, projection, repository
from approval.acting import HANDLERS, OPEN, Move
from approval.case import (
    Action,
    CaseState,
    TaskState,
    action_of,
    check_action,
    check_separation,
)
from approval.casefile import (
    CaseFile,
    all_gates,
    gate_facts,
    get_case,
    now,
    open_file,
    today,
    working_day,
)
from approval.item import Step
from approval.models import Case, CaseOpinion, ResolutionRow, Task
from approval.notice import Entry, NoticeFacts
from approval.opinion import difference
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.identity import OFFICER_ROLES, Actor, Role
from project_box.service import record_audit

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
    step = _step(file, actor, task, wanted)
    rule = check_action(wanted, case.state, {step.role}, opinion=opinion, corrections=len(corrections))
    _check_open(session, actor, task, step.role, wanted)
    shown: list[Finding] = []
    if rule.forward:
        shown = gates.evaluate(step.gates, gate_facts(session, file, final=wanted is Action.APPROVE))
        gates.require_open(shown, rule.zh)
    move = Move(
        session, actor, case, task, file, wanted, rule, opinion.strip(), fields or {},
        _entries(file, corrections),
    )  # fmt: skip
    move = _record_opinion(move, shown)
    task.opened_at = task.opened_at or now()
    HANDLERS[wanted](move)
    record_audit(
        session, actor, f"case.{wanted.value}", f"case:{case.id}",
        {
            "task": str(task.id), "step": task.step, "opinion": move.opinion, "fields": dict(move.fields),
            "corrections": [{"place": e.place, "text": e.text} for e in move.entries],
        },
    )  # fmt: skip
    session.flush()
    return case


def _step(file: CaseFile, actor: Actor, task: Task, wanted: Action) -> Step:
    """The task's step, when it is the actor's and offers the action.

    Raises:
        Conflict: handled elsewhere, or the step does not offer the action.
        Forbidden: the step is for another role.
    """
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
    return step


def _check_open(session: Session, actor: Actor, task: Task, role: Role, wanted: Action) -> None:
    """The task can be acted on, and by this person in this role.

    Raises:
        Conflict: it is done or waits.
        Forbidden: the actor has acted in this case in another role.
    """
    if task.state not in OPEN and wanted is not Action.RESUME:
        raise Conflict(
            "该任务当前不可办理",
            f"task is {task.state}",
            remedy="请刷新页面查看最新状态",
            remedy_en="reload the page to see how it stands",
        )
    if wanted is not Action.DELIVER:
        done = [
            (t.done_by, t.role)
            for t in repository.case_tasks(session, task.case_id)
            if t.done_by is not None and t.action is not None
        ]
        check_separation(actor.user_id, role, done)


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


def _record_opinion(move: Move, shown: Sequence[Finding]) -> Move:
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


def save_draft(session: Session, actor: Actor, task_id: uuid.UUID, text: str) -> Task:
    """Keep an unfinished opinion (autosave); the task counts as 办理中 from then on."""
    task = get_task(session, actor, task_id)
    get_case(session, actor, task.case_id, lock=True)
    session.refresh(task)
    if task.role not in actor.roles or task.state not in OPEN or task.discipline is not None:
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
            remedy_en="add the data that is missing and check again",
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
