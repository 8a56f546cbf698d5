"""Departments' conditions 策划生成: rounds of a project, what each department puts, closing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gis.planning import condition_rounds as rounds
from project_box.kernel.errors import PlatformError
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import conditions as views
from web.views.projects import result_plain

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["conditions"])
#: fields of the forms that may come several times
_MANY = ("invite", "own_name", "own_who", "evaluations")


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
    if condition and isinstance(condition.get("evaluations"), list):
        views.known_evaluations(condition["evaluations"])
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
    values: Mapping[str, str] | None = None,
    chosen: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    view = views.page_view(session, actor, project_id, values or {}, chosen or {})
    status = error.status if error else 200
    return render(request, "gis/conditions.html", status=status, active="check", error=error, **view)


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
    typed = [(k, v.strip()) for k, v in (await request.form()).multi_items() if isinstance(v, str)]
    form = dict(typed)
    chosen = {name: [v for k, v in typed if k == name] for name in _MANY}
    try:
        _act(session, actor, project_id, form, chosen)
    except PlatformError as fault:
        if fault.status not in (403, 404, 409, 422):
            raise
        session.rollback()
        return _page(request, session, actor, project_id, fault, form, chosen)
    return redirect(f"/projects/{project_id}/conditions")


def _act(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    form: Mapping[str, str],
    chosen: Mapping[str, Sequence[str]],
) -> None:
    act = form.get("act")
    if act == "open":
        days = form.get("working_days", "5")
        rounds.open_round(
            session,
            actor,
            project_id,
            views.invitations(chosen),
            working_days=int(days) if days.isdigit() else 0,
        )
        return
    running = next((r for r in rounds.rounds_plain(session, actor, project_id) if r["open"]), None)
    if running is None:
        return
    number = uuid.UUID(running["id"])
    if act == "close":
        rounds.close_round(session, actor, number)
    elif act == "put":
        document = dict(form) | {"evaluations": views.known_evaluations(chosen["evaluations"])}
        department = form.get("department", "")
        rounds.put_condition(session, actor, number, department, None if form.get("none") else document)
