"""Keeping a case's task table, log, clocks and messages in step with its process."""

from __future__ import annotations

from sqlalchemy.orm import Session

from approval import neighbours, repository
from approval.case import CaseState, ClockName, TaskState
from approval.casefile import add_clock_event, item_version, log_of, now, open_file, today, working_day
from approval.clock import ClockEvent, ClockKind, ClockState, state_of
from approval.models import Case, CaseLog, Task
from approval.process import RunningProcess
from project_box import service as box
from project_box.kernel.errors import Conflict
from project_box.kernel.identity import Actor, Role

_OPEN = frozenset({TaskState.NOT_STARTED, TaskState.ACTIVE, TaskState.WAITING_CORRECTION})


def log(
    session: Session,
    case: Case,
    actor: Actor | None,
    kind: str,
    text: str,
    text_en: str = "",
    *,
    internal: bool = False,
) -> None:
    """Add a line to 流转记录."""
    session.add(
        CaseLog(
            case_id=case.id, at=now(), actor_id=actor.user_id if actor else None,
            actor_name=actor.name if actor else "系统", kind=kind, text=text, text_en=text_en, internal=internal,
        )
    )  # fmt: skip


def tell(session: Session, case: Case, title: str, body: str = "", link: str | None = None) -> None:
    """Message to the applicant's organisation (where a text message would leave from)."""
    box.post_message(
        session, project_id=case.project_id, organisation_id=case.organisation_id, title=title, body=body,
        link=link or f"/cases/{case.id}",
    )  # fmt: skip


def load(session: Session, case: Case) -> RunningProcess:
    """The case's process, locked until the transaction ends."""
    row = repository.process(session, case.id)
    if row is None:
        raise Conflict("办件尚未提交，没有流程", "the case has no process yet")
    return RunningProcess.load(row.state)


def store(session: Session, case: Case, running: RunningProcess) -> None:
    """Keep the process and bring the task table up to date."""
    row = repository.process(session, case.id)
    assert row is not None  # load() has seen it
    row.state, row.updated_at = running.dump(), now()
    session.flush()
    project(session, case, running)


def project(session: Session, case: Case, running: RunningProcess) -> None:
    """One open task row per open step; rows of steps that are no longer open are closed by who acted on them."""
    version = item_version(case)
    tasks = [t for t in repository.case_tasks(session, case.id) if t.discipline is None]
    open_rows = {t.step: t for t in tasks if t.state in _OPEN}
    current = {*running.ready(), *running.waiting()}
    for step_id in current:
        if step_id in open_rows:
            continue
        step, node = version.item.steps[step_id], version.process.step(step_id)
        session.add(
            Task(
                case_id=case.id, step=step_id, visit=1 + sum(t.step == step_id for t in tasks), name=node.name,
                name_en=step.name_en, role=step.role, message=node.message,
                state=TaskState.ACTIVE if node.message else TaskState.NOT_STARTED, days=step.days,
                started_on=today(), created_at=now(),
            )
        )  # fmt: skip
    for step_id, row in open_rows.items():
        if step_id not in current:
            row.state, row.done_at = TaskState.DONE, row.done_at or now()
    session.flush()


def refresh(session: Session, case: Case) -> None:
    """Put open tasks into the state that fits the case's: 待补正 while the applicant has it, else as before."""
    for task in repository.case_tasks(session, case.id):
        if task.state not in _OPEN:
            continue
        if case.state is CaseState.CORRECTION:
            task.state = TaskState.WAITING_CORRECTION
        elif task.state is TaskState.WAITING_CORRECTION:
            started = task.opened_at is not None or task.message is not None
            task.state = TaskState.ACTIVE if started else TaskState.NOT_STARTED
    session.flush()


def close_tasks(session: Session, case: Case, actor: Actor, note: str) -> None:
    """Close all open tasks, and a joint review that still runs, because the case ended."""
    if case.review_id is not None:
        neighbours.end_review(session, actor, case.id, note)
    for task in repository.case_tasks(session, case.id):
        if task.state in _OPEN:
            task.state, task.done_at, task.note = TaskState.DONE, now(), note
    session.flush()


def close_disciplines(session: Session, case: Case, actor: Actor) -> None:
    """The decision is made: verdicts still out are no longer asked for."""
    if case.review_id is not None:
        neighbours.end_review(session, actor, case.id, "办件已作出决定")
    for task in repository.case_tasks(session, case.id):
        if task.discipline is not None and task.state in _OPEN:
            task.state, task.done_at, task.note = TaskState.DONE, now(), "办件已作出决定"
    session.flush()


def stop_clocks(session: Session, case: Case, actor: Actor | None, reason: str) -> None:
    """Stop whichever clock still runs or is paused."""
    rows = repository.clock_events(session, [case.id])
    for name in ClockName:
        if state_of(log_of(rows, name)) in (ClockState.RUNNING, ClockState.PAUSED):
            add_clock_event(session, case, name, ClockEvent(ClockKind.STOP, today(), reason), actor)


def send(session: Session, case: Case, message: str, note: str) -> bool:
    """Deliver a message to the case's process; False when no step waits for it."""
    running = load(session, case)
    waiting = [
        t for t in repository.case_tasks(session, case.id) if t.message == message and t.state in _OPEN
    ]
    if not running.send(message):
        return False
    for task in waiting:
        task.state, task.done_at, task.note = TaskState.DONE, now(), note
    store(session, case, running)
    return True


def open_joint_review(session: Session, actor: Actor, case: Case) -> None:
    """Open a round of joint review on the newest drawings, with one task per discipline."""
    item = item_version(case).item
    due = working_day(today(), item.review_days)
    for discipline in item.disciplines:
        box.grant(
            session,
            case.project_id,
            role=Role.DISCIPLINE,
            discipline=discipline.code,
            reason=f"联审 {case.serial}",
        )
    case.review_id = neighbours.open_review(
        session, actor, case.id, case.project_id, [d.code for d in item.disciplines], due, item.code
    )
    standing = neighbours.review_facts(session, case.review_id).verdicts  # agreements that still stand
    tasks = repository.case_tasks(session, case.id)
    for task in tasks:
        if task.message == "joint_review_closed" and task.state in _OPEN:
            task.note = ""
    for discipline in item.disciplines:
        for task in tasks:
            if task.discipline == discipline.code and task.state in _OPEN:
                task.state, task.done_at, task.note = TaskState.DONE, now(), "新一轮联审已开始"
        session.add(
            Task(
                case_id=case.id, step="joint_review", discipline=discipline.code,
                visit=1 + sum(t.discipline == discipline.code for t in tasks), name=f"联审·{discipline.name}",
                name_en=f"Joint review: {discipline.name_en}", role=Role.DISCIPLINE,
                state=TaskState.DONE if discipline.code in standing else TaskState.NOT_STARTED,
                note="沿用上一轮意见" if discipline.code in standing else "",
                done_at=now() if discipline.code in standing else None,
                days=item.review_days, started_on=today(), created_at=now(),
            )
        )  # fmt: skip
    names = "、".join(d.name for d in item.disciplines)
    log(session, case, actor, "review_opened", f"发起联合审图：{names}", "Joint drawing review opened")
    session.flush()


def renew_review(session: Session, actor: Actor, case: Case) -> None:
    """A new round when the drawings changed after the last one was opened, or it ended without agreement."""
    file = open_file(session, actor, case)
    if not file.item.disciplines or case.review_id is None:
        return
    newest = file.results["drawing_set"].payload.get("revision") if "drawing_set" in file.results else None
    agreed = all(file.review.verdicts.get(d.code, (None,))[0] == "agree" for d in file.item.disciplines)
    changed = newest is not None and str(newest) != str(file.review.revision)
    if changed or (not file.review.open and not agreed):
        open_joint_review(session, actor, case)
