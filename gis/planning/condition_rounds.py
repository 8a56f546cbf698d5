"""Rounds in which departments put conditions in parallel 策划生成. Never commits.

A round invites departments, each a role (perhaps of one discipline) or an organisation; whoever acts for one puts its
conditions, signed by name and time. Closing the round puts ``department_conditions`` and the merged
``planning_conditions`` into the box, from where later checks and the dispatch of evaluations take them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.planning.department_conditions import condition, evaluations_asked, lamp, merged
from gis.planning.planning_models import ConditionRound, DepartmentEntry
from project_box import organisations
from project_box import service as box
from project_box.kernel.calendar import china_today, load_calendar
from project_box.kernel.errors import BadInput, CalendarMissing, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role
from project_box.models import Project, Result
from project_box.repository import visible_projects
from project_box.stage import Stage

KIND = "department_conditions"
_MOST = 20


def open_round(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    departments: Sequence[Mapping[str, Any]],
    *,
    working_days: int,
) -> ConditionRound:
    """Invite departments to put their conditions within some working days.

    Args:
        departments: each ``{"name", "role", "discipline"?, "organisation"?}``; an organisation by name or credit code.

    Raises:
        NotFound: the project is not visible. Forbidden: neither its 建设单位 nor an officer.
        BadInput: nobody is invited, or an invitation names no one. Conflict: a round is open.
    """
    project = _may_run(session, actor, project_id)
    if any(r.closed_at is None for r in _rounds(session, actor, project_id)):
        raise Conflict(
            "已有一轮意见正在征集",
            "a round is open",
            code="round_open",
            remedy="先结束本轮",
            remedy_en="close this round first",
        )
    if not 1 <= working_days <= 60:
        raise BadInput("期限应为 1 到 60 个工作日", "1 to 60 working days", place="working_days")
    if not departments or len(departments) > _MOST:
        raise BadInput(f"请邀请 1 到 {_MOST} 个部门", "invite departments", place="departments")
    invited = [_invited(session, entry, n) for n, entry in enumerate(departments)]
    if len({d["name"] for d in invited}) != len(invited):
        raise BadInput("部门名称重复", "a department is named twice", place="departments")
    made = ConditionRound(
        project_id=project_id,
        departments=invited,
        due=load_calendar().add(china_today(), working_days),
        opened_by=actor.user_id,
        opened_at=box.now(),
    )
    session.add(made)
    session.flush()
    for each in invited:
        organisation = uuid.UUID(each["organisation_id"]) if each["organisation_id"] else None
        role = Role(each["role"]) if each["role"] else None
        box.grant(
            session, project_id, role=role, discipline=each["discipline"], organisation_id=organisation,
            reason="策划生成征求意见",
        )  # fmt: skip
        if organisation is not None:
            box.post_message(
                session, title=f"请提出建设条件：{project.name}", body=f"截止 {made.due}", project_id=project_id,
                organisation_id=organisation, link=f"/projects/{project_id}/conditions",
            )  # fmt: skip
    box.record_audit(
        session, actor, "gis.conditions.opened", f"project:{project_id}",
        {"round": str(made.id), "departments": [d["name"] for d in invited], "due": made.due},
    )  # fmt: skip
    return made


def _invited(session: Session, entry: Mapping[str, Any], number: int) -> dict[str, Any]:
    name = box.clean_text(
        str(entry.get("name") or ""), field=f"departments.{number}.name", label="部门名称", limit=60
    )
    organisation = str(entry.get("organisation") or "").strip()
    role = str(entry.get("role") or "").strip()
    if bool(organisation) == bool(role):
        raise BadInput(
            f"{name}：请指明由哪个角色或哪个单位答复",
            "state role or organisation",
            place=f"departments.{number}",
        )
    if role and role not in {r.value for r in Role}:
        raise BadInput(f"没有角色 {role[:20]}", "unknown role", place=f"departments.{number}.role")
    found = organisations.by_name_or_code(session, organisation) if organisation else None
    return {
        "name": name,
        "role": role or None,
        "discipline": str(entry.get("discipline") or "").strip()[:30] or None,
        "organisation_id": str(found.id) if found is not None else None,
    }


def _may_run(session: Session, actor: Actor, project_id: uuid.UUID) -> Project:
    project = box.get_project(session, actor, project_id)
    if not actor.is_officer and project.organisation_id != actor.organisation_id:
        raise Forbidden("只有本项目的建设单位和审批人员可以征集意见", "developer or officers only")
    return project


def _rounds(session: Session, actor: Actor, project_id: uuid.UUID) -> Sequence[ConditionRound]:
    allowed = visible_projects(actor).with_only_columns(Project.id)
    return session.scalars(
        select(ConditionRound)
        .where(ConditionRound.project_id == project_id, ConditionRound.project_id.in_(allowed))
        .order_by(ConditionRound.opened_at.desc())
    ).all()


def get_round(session: Session, actor: Actor, round_id: uuid.UUID, *, lock: bool = False) -> ConditionRound:
    """A round of a visible project; ``lock`` keeps others from changing it until the transaction ends.

    Raises:
        NotFound: there is none for this person.
    """
    allowed = visible_projects(actor).with_only_columns(Project.id)
    statement = select(ConditionRound).where(
        ConditionRound.id == round_id, ConditionRound.project_id.in_(allowed)
    )
    found = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if found is None:
        raise NotFound("没有这一轮意见征集", "no such round")
    return found


def entries_of(session: Session, round_id: uuid.UUID) -> Sequence[DepartmentEntry]:
    """What departments put in a round, in order."""
    return session.scalars(
        select(DepartmentEntry)
        .where(DepartmentEntry.round_id == round_id)
        .order_by(DepartmentEntry.signed_at, DepartmentEntry.id)
    ).all()


def departments_of(actor: Actor, found: ConditionRound) -> list[str]:
    """Departments this person may answer for."""
    return [
        d["name"]
        for d in found.departments
        if (d["organisation_id"] and d["organisation_id"] == str(actor.organisation_id))
        or (d["role"] and actor.has(Role(d["role"])) and d["discipline"] in (None, actor.discipline))
    ]


def put_condition(
    session: Session, actor: Actor, round_id: uuid.UUID, department: str, document: Mapping[str, Any] | None
) -> DepartmentEntry:
    """Put a condition for a department, or that it has none (``document`` None).

    Raises:
        NotFound: no such round. Conflict: it is closed. Forbidden: not this department's.
        BadInput: the condition is wrong; ``place`` names the field.
    """
    found = get_round(session, actor, round_id, lock=True)
    if found.closed_at is not None:
        raise Conflict("本轮意见征集已结束", "the round is closed", code="round_closed")
    if department not in departments_of(actor, found):
        raise Forbidden(f"您不能代表{department[:40]}提出条件", "not this person's department")
    entry = DepartmentEntry(
        round_id=found.id,
        department=department,
        content=condition(document, department) if document is not None else {},
        signed_by=actor.user_id,
        signed_name=actor.name,
        signed_at=box.now(),
    )
    session.add(entry)
    session.flush()
    box.record_audit(
        session, actor, "gis.conditions.put", f"project:{found.project_id}",
        {"round": str(found.id), "department": department, "content": entry.content},
    )  # fmt: skip
    return entry


def close_round(session: Session, actor: Actor, round_id: uuid.UUID) -> Result:
    """Close a round: its conditions become Results of the box.

    Conditions of earlier rounds stay with those departments that did not answer in this one.

    Raises:
        NotFound, Forbidden: as :func:`open_round`. Conflict: it is closed, or a department has not answered before
            the deadline.
    """
    found = get_round(session, actor, round_id, lock=True)
    _may_run(session, actor, found.project_id)
    if found.closed_at is not None:
        raise Conflict("本轮意见征集已结束", "the round is closed", code="round_closed")
    entries = entries_of(session, found.id)
    answered = {e.department for e in entries}
    silent = [d["name"] for d in found.departments if d["name"] not in answered]
    if silent and china_today() <= found.due:
        raise Conflict(
            f"{'、'.join(silent)}尚未答复，截止日 {found.due} 前不能结束", "departments have not answered",
            code="round_waiting", remedy="等待答复，或在截止日之后结束",
            remedy_en="wait for the answers, or close it after the last day",
        )  # fmt: skip
    before = box.latest_result(session, actor, found.project_id, KIND)
    own = (
        [c for c in before.payload["conditions"] if c["department"] not in answered]
        if before is not None
        else []
    )
    own += [signed(e) for e in entries if e.content]
    result = box.put_result(
        session, actor, found.project_id, kind=KIND, stage=Stage.PLANNING_LAND, title="部门建设条件",
        payload={
            "round": str(found.id), "due": found.due, "conditions": own, "silent": silent,
            "departments": [d["name"] for d in found.departments], "evaluations": evaluations_asked(own),
        },
        source={"by": actor.name, "signed": sorted({e.signed_name for e in entries})}, trust="A",
    )  # fmt: skip
    plan = box.latest_result(session, actor, found.project_id, "planning_conditions")
    box.put_result(
        session, actor, found.project_id, kind="planning_conditions", stage=Stage.PLANNING_LAND, title="规划条件",
        payload=merged(plan.payload if plan else None, own),
        source={"by": actor.name, "department_conditions": str(result.id)}, trust="A",
    )  # fmt: skip
    found.closed_at, found.result_id = box.now(), result.id
    session.flush()
    box.record_audit(
        session, actor, "gis.conditions.closed", f"project:{found.project_id}",
        {"round": str(found.id), "conditions": len(own), "silent": silent},
    )  # fmt: skip
    return result


def signed(entry: DepartmentEntry) -> dict[str, Any]:
    """A condition with who signed it and when."""
    return entry.content | {"signed_by": entry.signed_name, "signed_at": entry.signed_at.isoformat()}


def with_departments(
    session: Session, actor: Actor, project_id: uuid.UUID, planning: Mapping[str, Any]
) -> dict[str, Any]:
    """规划条件 of a fresh check together with the conditions that stand after the last closed round."""
    last = box.latest_result(session, actor, project_id, KIND)
    return merged(planning, last.payload["conditions"]) if last is not None else dict(planning)


def rounds_plain(session: Session, actor: Actor, project_id: uuid.UUID) -> list[dict[str, Any]]:
    """All rounds of a visible project, newest first, with their clock."""
    box.get_project(session, actor, project_id)
    return [round_plain(session, actor, r) for r in _rounds(session, actor, project_id)]


def round_plain(session: Session, actor: Actor, found: ConditionRound) -> dict[str, Any]:
    """A round as API and page show it."""
    entries = entries_of(session, found.id)
    answered = {e.department for e in entries}
    today, left = china_today(), 0
    try:
        left = load_calendar().between(today, found.due)
    except CalendarMissing:
        left = (found.due - today).days
    closed = found.closed_at is not None
    return {
        "id": str(found.id),
        "project_id": str(found.project_id),
        "due": found.due.isoformat(),
        "days_left": left,
        "lamp": lamp(found.due, today, left, closed=closed),
        "open": not closed,
        "opened_at": found.opened_at.isoformat(),
        "closed_at": found.closed_at.isoformat() if found.closed_at else None,
        "departments": [
            {"name": d["name"], "answered": d["name"] in answered} for d in found.departments
        ],
        "own": departments_of(actor, found) if not closed else [],
        "entries": [
            {"department": e.department, "signed_by": e.signed_name, "signed_at": e.signed_at.isoformat(),
             "condition": e.content or None}
            for e in entries
        ],
    }  # fmt: skip
