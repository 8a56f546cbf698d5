"""Tasks of officers, and the case page they act on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from approval import service
from approval.case import RULES, action_of
from project_box.kernel.errors import BadInput, PlatformError
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import cases as case_views
from web.views import tasks as task_views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["approval"])

#: rows for 补正 entries on a form beyond those already filled
_SPARE_ROWS = 3
_MAX_ROWS = 60


class Act(BaseModel):
    """What is done with a task."""

    action: str
    opinion: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    corrections: list[dict[str, Any]] = Field(default_factory=list)


class Draft(BaseModel):
    """An unfinished opinion."""

    text: str = ""


@api.get("/tasks")
def list_tasks(
    session: SessionDep, actor: ActorDep, tab: str = "todo", item: str = "", q: str = ""
) -> dict[str, Any]:
    """The actor's work with counts."""
    return task_views.tasks_view(session, actor, tab=tab, item=item, q=q)


@api.get("/tasks/{task_id}")
def show_task(session: SessionDep, actor: ActorDep, task_id: uuid.UUID) -> dict[str, Any]:
    """One task with the actor's choices."""
    task = service.get_task(session, actor, task_id)
    view = case_views.case_view(session, actor, task.case_id, task_id=task_id)
    mine = view["task"] if view["task"] and view["task"]["id"] == str(task_id) else None
    return {**task_views.task_row(session, task), "case": view["case"], "choices": mine}


@api.post("/tasks/{task_id}")
def act_on_task(session: SessionDep, actor: ActorDep, task_id: uuid.UUID, act: Act) -> dict[str, Any]:
    """Act on a task; answers with the case."""
    case = service.act(session, actor, task_id, act.action, act.opinion, act.fields, act.corrections)
    return case_views.case_view(session, actor, case.id)["case"]  # type: ignore[no-any-return] # view's first part


@api.post("/tasks/{task_id}/preview")
def preview(session: SessionDep, actor: ActorDep, task_id: uuid.UUID, act: Act) -> dict[str, Any]:
    """The notice an action would send; nothing is stored."""
    notice = service.preview_notice(
        session, actor, task_id, act.action, act.opinion, act.fields, act.corrections
    )
    return {"notice": notice}


@api.put("/tasks/{task_id}/draft")
def keep_draft(session: SessionDep, actor: ActorDep, task_id: uuid.UUID, draft: Draft) -> dict[str, Any]:
    """Autosave of an unfinished opinion."""
    return {
        "saved": True,
        "task": task_views.task_row(session, service.save_draft(session, actor, task_id, draft.text)),
    }


@pages.get("/tasks")
def tasks_page(
    request: Request, session: SessionDep, actor: ActorDep, tab: str = "todo", item: str = "", q: str = ""
) -> Response:
    """待办 / 在办 / 即将超期 / 已超期."""
    return render(
        request, "approval/tasks.html", **task_views.tasks_view(session, actor, tab=tab, item=item, q=q)
    )


#: tabs of the case page
OBJECTS = (
    "info",
    "materials",
    "drawings",
    "map",
    "review",
    "engagements",
    "fees",
    "process",
    "log",
    "notices",
)


def _case_page(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    *,
    tab: str = "info",
    task_id: uuid.UUID | None = None,
    error: PlatformError | None = None,
    typed: dict[str, Any] | None = None,
    preview: dict[str, Any] | None = None,
    rated: dict[str, str] | None = None,
) -> Response:
    view = case_views.case_view(session, actor, case_id, task_id=task_id)
    typed = typed or {"action": "", "opinion": None, "fields": {}, "rows": None}
    typed["fields"] = {"reason_code": "", "days": "", "special": "", **typed["fields"]}
    if view["task"] is not None:
        rows = typed["rows"] if typed["rows"] is not None else view["task"]["suggested"]
        blank = {"kind": "", "target": "", "text": ""}
        view["task"]["rows"] = [*rows, *([blank] * _SPARE_ROWS)][:_MAX_ROWS]
    return render(
        request, "approval/case.html", status=error.status if error else 200,
        tab=tab if tab in OBJECTS else "info", objects=OBJECTS, error=error, typed=typed, preview=preview,
        rated=rated or {"level": "", "comment": ""}, **view,
    )  # fmt: skip


@pages.get("/cases/{case_id}")
def case_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    tab: str = "info",
    task: Annotated[str, Query()] = "",
) -> Response:
    """The case: task tree, object, opinion panel."""
    try:
        task_id = uuid.UUID(task) if task else None
    except ValueError:
        task_id = None
    return _case_page(request, session, actor, case_id, tab=tab, task_id=task_id)


def _typed(form: FormData) -> dict[str, Any]:
    """What an officer typed: action, opinion, fields, and 补正 rows (``place-n``, ``spot-n``, ``text-n``)."""

    def text(name: str) -> str:
        value = form.get(name)
        return value.strip() if isinstance(value, str) else ""

    rows: list[dict[str, str]] = []
    for n in range(_MAX_ROWS):
        kind, _, code = text(f"place-{n}").partition(":")
        entry = {"kind": kind or "other", "target": code or text(f"spot-{n}"), "text": text(f"text-{n}")}
        if entry["text"]:
            rows.append(entry)
    fields = {name: text(name) for name in ("reason_code", "days", "special") if text(name)}
    return {"action": text("action"), "opinion": text("opinion"), "fields": fields, "rows": rows}


@pages.post("/tasks/{task_id}")
async def act_page(request: Request, session: SessionDep, actor: ActorDep, task_id: uuid.UUID) -> Response:
    """Save a draft, preview the notice, or act, by form."""
    form = await request.form()
    typed, do = _typed(form), form.get("do")
    case_id = service.get_task(session, actor, task_id).case_id
    try:
        if do == "draft":
            service.save_draft(session, actor, task_id, typed["opinion"])
            return redirect(f"/cases/{case_id}?task={task_id}")
        if not typed["action"]:
            raise BadInput("请选择要办理的操作", "no action was chosen", place="action")
        needs = RULES[action_of(typed["action"])].needs
        rows = typed["rows"] if "corrections" in needs else []
        if do == "preview":
            shown = service.preview_notice(
                session, actor, task_id, typed["action"], typed["opinion"], typed["fields"], rows
            )
            return _case_page(
                request, session, actor, case_id, task_id=task_id, typed=typed,
                preview=shown or {"none": True},
            )  # fmt: skip
        service.act(session, actor, task_id, typed["action"], typed["opinion"], typed["fields"], rows)
    except PlatformError as error:
        session.rollback()
        return _case_page(request, session, actor, case_id, task_id=task_id, error=error, typed=typed)
    return redirect(f"/cases/{case_id}?tab=log")


def _reasoned(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    act: Callable[[Session, Actor, uuid.UUID, str, str], object],
    code: str,
    reason: str,
    *,
    at: str = "",
) -> Response:
    """The case after a person has said something of one of its findings, or with what is wrong with that."""
    try:
        act(session, actor, case_id, code, reason)
    except PlatformError as error:
        session.rollback()
        return _case_page(request, session, actor, case_id, error=error)
    return redirect(f"/cases/{case_id}{at}")


@pages.post("/cases/{case_id}/resolutions")
def resolve_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    code: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """判定说明 by form."""
    return _reasoned(request, session, actor, case_id, service.resolve, code, reason)


@pages.post("/cases/{case_id}/contests")
def contest_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    code: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """异议 by form."""
    return _reasoned(request, session, actor, case_id, service.contest, code, reason, at="#contests")


@pages.post("/cases/{case_id}/rating")
def rate_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    level: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
) -> Response:
    """好差评 by form."""
    try:
        service.rate_case(session, actor, case_id, level, comment)
    except PlatformError as error:
        if error.status not in (409, 422):
            raise
        session.rollback()
        rated = {"level": level, "comment": comment}
        return _case_page(request, session, actor, case_id, error=error, rated=rated)
    return redirect(f"/cases/{case_id}#rating")
