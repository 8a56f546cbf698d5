"""Tasks of officers: the list, one task, what can be done with it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from approval import casefile, neighbours, repository, service
from approval import form as forms
from approval.case import RULES, Action, TaskState, allowed_actions
from approval.casefile import CaseFile
from approval.clock import Lamp
from approval.item import ItemVersion
from approval.models import Case, ClockEventRow, Task
from project_box.kernel.finding import Outcome
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from web.views.case_pieces import case_row
from web.views.items import item_row
from web.views.ratings import ratings_view

#: tabs of the officer's list
TABS = ("todo", "doing", "soon", "overdue", "done")


def task_plain(task: Task, events: Sequence[ClockEventRow]) -> dict[str, Any]:
    """A task without its case; ``events``: the clock log of its case."""
    return {
        "id": str(task.id),
        "case_id": str(task.case_id),
        "step": task.step,
        "visit": task.visit,
        "name": task.name,
        "name_en": task.name_en,
        "role": task.role.value,
        "role_name": task.role.zh,
        "discipline": task.discipline,
        "waits": task.message is not None,
        "state": task.state.value,
        "state_name": task.state.zh,
        "state_name_en": task.state.en,
        "started_on": task.started_on.isoformat(),
        "due": to_plain(casefile.task_due(task, events)),
        "done_at": task.done_at.isoformat() if task.done_at else None,
        "done_by": task.done_name,
        "action": task.action,
        "action_name": _action_name(task),
        "note": task.note,
    }


def task_row(session: Session, task: Task) -> dict[str, Any]:
    """One task without its case."""
    return task_plain(task, repository.clock_events(session, [task.case_id]))


def _action_name(task: Task) -> str:
    """What was done with a task: an action of an officer, or the verdict of a discipline."""
    if not task.action:
        return ""
    return neighbours.verdict_word(task.action) if task.discipline is not None else Action(task.action).zh


def tasks_view(
    session: Session, actor: Actor, *, tab: str = "todo", item: str = "", q: str = ""
) -> dict[str, Any]:
    """The officer's work: counts 待办 / 在办 / 即将超期 / 已超期, and the rows of one of them.

    待办 are open tasks of the actor's roles; 在办 cases that are handed in and not finished; 即将超期 and 已超期 those
    of the 待办 whose lamp is yellow or red; 已办 what the actor finished.
    """
    tab = tab if tab in TABS else "todo"
    tasks = list(repository.open_tasks(session, actor))
    finished = list(repository.done_tasks(session, actor)) if tab == "done" else []
    cases = {c.id: c for c in repository.cases(session, actor)}
    events = repository.clock_events(session, cases)
    by_case: dict[uuid.UUID, list[ClockEventRow]] = {case_id: [] for case_id in cases}
    for event in events:
        by_case[event.case_id].append(event)
    rows = {case_id: case_row(case, by_case[case_id]) for case_id, case in cases.items()}

    def row(task: Task) -> dict[str, Any]:
        return {
            **task_plain(task, by_case[task.case_id]),
            "case": rows[task.case_id],
            "link": task_link(task),
        }

    todo = [row(t) for t in tasks if t.case_id in rows]
    doing = [
        {"case": rows[c.id], "link": f"/cases/{c.id}", "name": c.state.zh, "name_en": c.state.en, "id": None,
         "state": None, "due": None, "note": ""}
        for c in cases.values()
        if casefile.is_open(c)
    ]  # fmt: skip
    by_tab: dict[str, list[dict[str, Any]]] = {
        "todo": todo,
        "doing": doing,
        "soon": [t for t in todo if _lamp(t) == Lamp.YELLOW],
        "overdue": [t for t in todo if _lamp(t) == Lamp.RED],
        "done": [row(t) for t in finished if t.case_id in rows],
    }
    shown = [
        r
        for r in by_tab[tab]
        if (not item or r["case"]["item"] == item)
        and all(
            word
            in f"{r['case']['serial']} {r['case']['project']} {r['case']['applicant']} {r['name']}".lower()
            for word in q.lower().split()
        )
    ]
    return {
        "counts": {
            **{name: len(by_tab[name]) for name in ("todo", "doing", "soon", "overdue")},
            "done": repository.done_count(session, actor),
        },
        "tab": tab,
        "tasks": shown,
        "filter": {"item": item, "q": q},
        "items": [item_row(v) for v in service.load_items().values()],
        "ratings": ratings_view(session, actor) if actor.has(Role.REVIEWER, Role.SIGNER) else None,
    }


def _lamp(row: Mapping[str, Any]) -> str:
    reading = row["case"]["clock"]
    return str(reading["lamp"]) if reading else ""


def task_link(task: Task) -> str:
    """Page on which a task is done."""
    if task.discipline is not None:
        return f"/cases/{task.case_id}/review"
    return f"/cases/{task.case_id}?task={task.id}"


def offered_actions(case: Case, task: Task, version: ItemVersion, actor: Actor) -> list[dict[str, Any]]:
    """Buttons of a task for the actor."""
    step = version.item.steps.get(task.step)
    if step is None or task.discipline is not None or step.role not in actor.roles:
        return []
    if task.state not in (TaskState.NOT_STARTED, TaskState.ACTIVE):
        return []
    return [
        {
            "action": a.value,
            "name": RULES[a].zh,
            "name_en": RULES[a].en,
            "forward": RULES[a].forward,
            "needs": sorted(RULES[a].needs),
            "notice": RULES[a].notice is not None,
            "basis": RULES[a].basis,
        }
        for a in allowed_actions(case.state, {step.role}, step.actions)
    ]


def suggested_corrections(session: Session, file: CaseFile) -> list[dict[str, str]]:
    """补正 entries an officer may start from: what the joint review asks for, then missing materials, form faults."""
    out = [
        {"kind": "sheet", "target": a.place, "text": a.text}
        for a in neighbours.asked(session, file.case.review_id)
    ]
    out += [
        {"kind": "material", "target": line.code, "text": f"请提交{line.name}"}
        for line in file.lines
        if not line.met
    ]
    for finding in forms.check(file.item, file.form, file.known):
        if finding.outcome is Outcome.FAIL:
            out.append(
                {"kind": "field", "target": finding.code.removeprefix("form."), "text": finding.message}
            )
    return out[:50]
