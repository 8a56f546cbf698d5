"""Intermediary services: an agency's tasks, and the evaluations of a case."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from approval import repository as cases
from intermediaries import service
from intermediaries.engagement import DIMENSIONS
from project_box import service as box
from project_box.kernel.errors import BadInput, Forbidden, NotFound, PlatformError
from project_box.kernel.identity import Actor, Role
from project_box.models import Project
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import intermediaries as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["intermediaries"])


class Reason(BaseModel):
    """A reason in words."""

    reason: str


class Scores(BaseModel):
    """A rating: 1 to 5 in each of quality, timeliness, attitude, fee, standard."""

    scores: dict[str, Any]
    comment: str = ""


class Decision(BaseModel):
    """``drop`` or ``require``, with a reason."""

    decision: str
    reason: str


class Choice(BaseModel):
    """An agency chosen by an officer with a reason; None lets the draw decide."""

    agency_id: uuid.UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an agency hands in."""

    pdf: bytes | None
    name: str
    conclusion: str


async def _delivery(request: Request) -> Delivery:
    """A multipart form (``file``, ``conclusion``) or JSON (``conclusion``)."""
    if "json" in request.headers.get("content-type", ""):
        try:
            body = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BadInput("请求内容不是 JSON", f"malformed JSON: {error}", code="malformed_json") from error
        conclusion = body.get("conclusion", "") if isinstance(body, dict) else None
        if not isinstance(conclusion, str):
            raise BadInput("请填写评估结论", "conclusion must be text", place="conclusion")
        return Delivery(None, "", conclusion)
    form = await request.form()
    text, file = form.get("conclusion"), form.get("file")
    pdf, name = None, ""
    try:
        if isinstance(file, UploadFile) and (file.filename or file.size):
            pdf, name = await file.read(service.MAX_REPORT + 1), file.filename or ""
    finally:
        await form.close()
    return Delivery(pdf, name, text if isinstance(text, str) else "")


async def _fields(request: Request) -> dict[str, str]:
    """Text fields of a form."""
    return {k: v for k, v in (await request.form()).items() if isinstance(v, str)}


FieldsDep = Annotated[dict[str, str], Depends(_fields)]
DeliveryDep = Annotated[Delivery, Depends(_delivery)]
_DELIVERY_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "conclusion": {"type": "string"},
                    },
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["conclusion"],
                    "properties": {"conclusion": {"type": "string"}},
                }
            },
        },
    }
}


def _case(session: Session, actor: Actor, case_id: uuid.UUID) -> tuple[Project, Mapping[str, Any]]:
    """Project of a visible case and what its form states.

    Raises:
        NotFound: no such case for this person.
    """
    case = cases.case(session, actor, case_id)
    if case is None:
        raise NotFound("没有这个办件，或您无权查看", "no such case for this person")
    form = cases.latest_form(session, case.id, case.round)
    return box.get_project(session, actor, case.project_id), dict(form.data) if form else {}


def _case_view(session: Session, actor: Actor, case_id: uuid.UUID) -> dict[str, Any]:
    project, form = _case(session, actor, case_id)
    return views.case_view(session, actor, project, case_id, form)


# --- JSON -----------------------------------------------------------------------------------------------------


@api.get("/engagements")
def list_engagements(
    session: SessionDep, actor: ActorDep, show: Annotated[str, Query(pattern="^(open|done|all)$")] = "all"
) -> dict[str, Any]:
    """Engagements the actor may see, the most urgent first."""
    return views.inbox_view(session, actor, show)


@api.get("/engagements/{engagement_id}")
def show_engagement(session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID) -> dict[str, Any]:
    """One engagement with the actions open to this person."""
    return views.engagement_view(session, actor, engagement_id)


@api.post("/engagements/{engagement_id}/accept")
def accept(session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID) -> dict[str, Any]:
    """The agency takes the task."""
    service.accept(session, actor, engagement_id)
    return views.engagement_view(session, actor, engagement_id)


@api.post("/engagements/{engagement_id}/decline")
def decline(session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID, body: Reason) -> dict[str, Any]:
    """The agency declines; the task goes to another one."""
    service.decline(session, actor, engagement_id, body.reason)
    return views.engagement_view(session, actor, engagement_id)


@api.post("/engagements/{engagement_id}/deliver", openapi_extra=_DELIVERY_BODY)
def deliver(
    session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID, delivery: DeliveryDep
) -> dict[str, Any]:
    """The agency hands in a PDF, or a conclusion from which the platform lays out the report; it is sealed."""
    service.deliver(
        session,
        actor,
        engagement_id,
        pdf=delivery.pdf,
        conclusion=delivery.conclusion,
        file_name=delivery.name,
    )
    return views.engagement_view(session, actor, engagement_id)


@api.post("/engagements/{engagement_id}/rate")
def rate(session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID, body: Scores) -> dict[str, Any]:
    """Rate a delivery."""
    service.rate(session, actor, engagement_id, body.scores, body.comment)
    return views.engagement_view(session, actor, engagement_id)


@api.post("/engagements/{engagement_id}/withdraw")
def withdraw(session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID, body: Reason) -> dict[str, Any]:
    """An officer takes the task back."""
    service.withdraw(session, actor, engagement_id, body.reason)
    return views.engagement_view(session, actor, engagement_id)


@api.get("/agencies")
def agencies(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """Agencies with qualifications and load (officers and administrators)."""
    if not (actor.is_officer or actor.has(Role.ADMIN)):
        raise Forbidden("只有审批人员可以查看机构名录", "officers only")
    return views.agencies_view(session)


@api.get("/cases/{case_id}/engagements")
def case_engagements(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """Evaluations of a case: need, rule, reason, engagements. A trial while nothing was judged (``judged`` false)."""
    return _case_view(session, actor, case_id)


@api.post("/cases/{case_id}/engagements/dispatch")
def dispatch(
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    facts: Annotated[dict[str, Any] | None, Body()] = None,
) -> dict[str, Any]:
    """Judge every evaluation anew and send out what is needed, all at once."""
    project, form = _case(session, actor, case_id)
    service.dispatch(session, actor, project.id, case_id, {**form, **(facts or {})})
    return _case_view(session, actor, case_id)


@api.post("/cases/{case_id}/engagements/facts")
def state_facts(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, values: Annotated[dict[str, Any], Body()]
) -> dict[str, Any]:
    """State facts the box does not hold; the evaluations are judged anew."""
    project, form = _case(session, actor, case_id)
    service.state_facts(session, actor, project.id, case_id, values)
    service.dispatch(session, actor, project.id, case_id, form)
    return _case_view(session, actor, case_id)


@api.post("/cases/{case_id}/engagements/{code}/decide")
def decide(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str, body: Decision
) -> dict[str, Any]:
    """Drop or require one evaluation, with a reason."""
    _case(session, actor, case_id)
    service.decide(session, actor, case_id, code, body.decision, body.reason)
    return _case_view(session, actor, case_id)


@api.post("/cases/{case_id}/engagements/{code}/dispatch")
def dispatch_line(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str, body: Choice
) -> dict[str, Any]:
    """Send out one needed evaluation again."""
    _case(session, actor, case_id)
    service.dispatch_line(session, actor, case_id, code, agency_id=body.agency_id, reason=body.reason)
    return _case_view(session, actor, case_id)


# --- pages ----------------------------------------------------------------------------------------------------


@pages.get("/engagements")
def inbox_page(request: Request, session: SessionDep, actor: ActorDep, show: str = "open") -> Response:
    """An agency's tasks with lamps."""
    return render(request, "intermediaries/inbox.html", **views.inbox_view(session, actor, show))


def _engagement_page(
    request: Request,
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID,
    error: PlatformError | None = None,
    values: Mapping[str, Any] | None = None,
) -> Response:
    view = views.engagement_view(session, actor, engagement_id)
    return render(
        request,
        "intermediaries/engagement.html",
        status=error.status if error else 200,
        error=error,
        values=dict(values or {}),
        **view,
    )


@pages.get("/engagements/{engagement_id}")
def engagement_page(
    request: Request, session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID
) -> Response:
    """One task: what is asked, why, until when; accept, decline, deliver, rate."""
    return _engagement_page(request, session, actor, engagement_id)


@pages.post("/engagements/{engagement_id}/deliver")
def deliver_form(
    request: Request, session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID, delivery: DeliveryDep
) -> Response:
    """Hand in by form."""
    try:
        service.deliver(
            session,
            actor,
            engagement_id,
            pdf=delivery.pdf,
            conclusion=delivery.conclusion,
            file_name=delivery.name,
        )
    except PlatformError as error:
        session.rollback()
        if error.status in (403, 404):
            raise
        return _engagement_page(
            request, session, actor, engagement_id, error, {"conclusion": delivery.conclusion}
        )
    return redirect(f"/engagements/{engagement_id}")


@pages.post("/engagements/{engagement_id}/rate")
def rate_form(
    request: Request, session: SessionDep, actor: ActorDep, engagement_id: uuid.UUID, fields: FieldsDep
) -> Response:
    """Rate by form."""
    scores = {code: fields[code] for code in DIMENSIONS if code in fields}
    try:
        service.rate(session, actor, engagement_id, scores, fields.get("comment", ""))
    except PlatformError as error:
        session.rollback()
        if error.status in (403, 404):
            raise
        return _engagement_page(request, session, actor, engagement_id, error, fields)
    return redirect(f"/engagements/{engagement_id}")


@pages.post("/engagements/{engagement_id}/{action}")
def act_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    engagement_id: uuid.UUID,
    action: str,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Accept, decline or withdraw by form."""
    try:
        if action == "accept":
            service.accept(session, actor, engagement_id)
        elif action == "decline":
            service.decline(session, actor, engagement_id, reason)
        elif action == "withdraw":
            service.withdraw(session, actor, engagement_id, reason)
        else:
            raise NotFound("没有这个操作", f"no action {action}")
    except PlatformError as error:
        session.rollback()
        if error.status in (403, 404):
            raise
        return _engagement_page(request, session, actor, engagement_id, error, {"reason": reason})
    return redirect(f"/engagements/{engagement_id}")


def _case_page(
    request: Request, session: Session, actor: Actor, case_id: uuid.UUID, error: PlatformError | None = None
) -> Response:
    view = _case_view(session, actor, case_id)
    listed = views.agencies_view(session)["agencies"] if actor.is_officer else []
    return render(
        request,
        "intermediaries/case.html",
        status=error.status if error else 200,
        error=error,
        agencies=listed,
        **view,
    )


@pages.get("/cases/{case_id}/engagements")
def case_page(request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> Response:
    """The evaluations of a case: triggers with rule and reason, engagements, ratings."""
    return _case_page(request, session, actor, case_id)


@pages.post("/cases/{case_id}/engagements")
def case_form(
    request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID, fields: FieldsDep
) -> Response:
    """Judge and dispatch, state facts, drop, require, or send out one line again; ``do`` says which."""
    do, code, reason = fields.get("do", ""), fields.get("code", ""), fields.get("reason", "")
    try:
        project, form = _case(session, actor, case_id)
        if do == "dispatch":
            service.dispatch(session, actor, project.id, case_id, form)
        elif do == "facts":
            values = {
                k.removeprefix("fact."): v for k, v in fields.items() if k.startswith("fact.") and v.strip()
            }
            service.state_facts(session, actor, project.id, case_id, values)
            service.dispatch(session, actor, project.id, case_id, form)
        elif do in ("drop", "require"):
            service.decide(session, actor, case_id, code, do, reason)
        elif do == "send":
            service.dispatch_line(
                session, actor, case_id, code, agency_id=_agency(fields.get("agency", "")), reason=reason
            )
        else:
            raise BadInput("没有这个操作", f"unknown form {do!r}", place="do")
    except PlatformError as error:
        session.rollback()
        if error.status in (403, 404):
            raise
        return _case_page(request, session, actor, case_id, error)
    return redirect(f"/cases/{case_id}/engagements")


def _agency(text: str) -> uuid.UUID | None:
    if not text:
        return None
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise BadInput("请从名录中选择机构", "malformed agency id", place="agency") from error
