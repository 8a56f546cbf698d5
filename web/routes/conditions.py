"""Departments' conditions 策划生成: rounds of a project, what each department puts, closing."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gis import condition_rounds as rounds
from gis.department_conditions import INDICATORS
from project_box import service as box
from project_box.kernel.errors import PlatformError
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, redirect, render
from web.views.projects import project_plain, result_plain

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["conditions"])
_FIELDS = (
    "departments",
    "working_days",
    "department",
    "code",
    "operator",
    "value",
    "clause",
    "object",
    "evaluations",
)


@api.get("/projects/{project_id}/conditions")
def get_rounds(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """All rounds of a project with what departments put."""
    return {"rounds": rounds.rounds_plain(session, actor, project_id)}


@api.post("/projects/{project_id}/conditions", status_code=201)
def post_round(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    departments: Annotated[list[dict[str, Any]], Body(max_length=40)],
    working_days: Annotated[int, Body()] = 5,
) -> dict[str, Any]:
    """Invite departments: each {name, role, discipline?} or {name, organisation}."""
    made = rounds.open_round(session, actor, project_id, departments, working_days=working_days)
    return rounds.round_plain(session, actor, made)


@api.post("/condition-rounds/{round_id}/entries", status_code=201)
def post_entry(
    session: SessionDep,
    actor: ActorDep,
    round_id: uuid.UUID,
    department: Annotated[str, Body(max_length=60)],
    condition: Annotated[dict[str, Any] | None, Body()] = None,
) -> dict[str, Any]:
    """Put a condition for a department; without one: it has none."""
    rounds.put_condition(session, actor, round_id, department, condition)
    return rounds.round_plain(session, actor, rounds.get_round(session, actor, round_id))


@api.post("/condition-rounds/{round_id}/close")
def post_close(session: SessionDep, actor: ActorDep, round_id: uuid.UUID) -> dict[str, Any]:
    """Close a round: its conditions go into the box and join the planning conditions."""
    result = rounds.close_round(session, actor, round_id)
    return {**result.payload, "result": result_plain(result)}


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    error: PlatformError | None = None,
    values: dict[str, str] | None = None,
) -> Response:
    project = box.get_project(session, actor, project_id)
    last = box.latest_result(session, actor, project_id, "planning_conditions")
    return render(
        request, "gis/conditions.html", status=error.status if error else 200, active="check", error=error,
        values=dict.fromkeys(_FIELDS, "") | (values or {}), project=project_plain(project),
        rounds=rounds.rounds_plain(session, actor, project_id),
        may=actor.is_officer or project.organisation_id == actor.organisation_id,
        indicators=[{"code": k, "name": n, "name_en": e, "unit": u} for k, (n, e, u) in INDICATORS.items()],
        planning=last.payload if last is not None else None,
    )  # fmt: skip


@pages.get("/projects/{project_id}/conditions")
def conditions_page(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """Rounds of a project."""
    return _page(request, session, actor, project_id)


@pages.post("/projects/{project_id}/conditions")
async def conditions_form(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """Open a round, put a condition, or close, by the field ``act``."""
    form = {k: v.strip() for k, v in (await request.form()).items() if isinstance(v, str)}
    try:
        _act(session, actor, project_id, form)
    except PlatformError as fault:
        if fault.status not in (403, 409, 422):
            raise
        session.rollback()
        return _page(request, session, actor, project_id, fault, form)
    return redirect(f"/projects/{project_id}/conditions")


def _act(session: Session, actor: Actor, project_id: uuid.UUID, form: dict[str, str]) -> None:
    act = form.get("act")
    if act == "open":
        invited = []
        for line in form.get("departments", "").splitlines():
            parts = [p.strip() for p in line.replace("，", ",").split(",")]
            if parts[0]:
                who = parts[1] if len(parts) > 1 else ""
                role, _, discipline = who.partition(":")
                known = role in ("discipline", "window", "handler", "reviewer", "signer", "developer")
                invited.append(
                    {"name": parts[0], "role": role, "discipline": discipline}
                    if known
                    else {"name": parts[0], "organisation": who}
                )
        days = form.get("working_days", "5")
        rounds.open_round(
            session, actor, project_id, invited, working_days=int(days) if days.isdigit() else 0
        )
        return
    running = next((r for r in rounds.rounds_plain(session, actor, project_id) if r["open"]), None)
    if running is None:
        return
    if act == "close":
        rounds.close_round(session, actor, uuid.UUID(running["id"]))
    elif act == "put":
        document: dict[str, Any] = dict(form)
        document["evaluations"] = [
            e for e in form.get("evaluations", "").replace("，", ",").split(",") if e.strip()
        ]
        rounds.put_condition(
            session, actor, uuid.UUID(running["id"]), form.get("department", ""),
            None if form.get("none") else document,
        )  # fmt: skip
