"""Indicators and fees of a project, the element catalogue."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from elements import run as runs
from elements import service
from elements.engine import load_catalogue
from elements.fees import run_fee
from project_box.kernel.errors import BadInput, Forbidden, PlatformError
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import elements as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["elements"])

MAX_FIELDS = 300


class Inputs(BaseModel):
    """Values by element code or Chinese name; ``at`` is the day whose rules apply (today when left out)."""

    inputs: dict[str, Any] = Field(default_factory=dict, max_length=MAX_FIELDS)
    at: dt.date | None = None


def _only_officers_choose_the_day(actor: Actor, at: dt.date | None) -> None:
    if at is not None and at != service.today() and not actor.is_officer:
        raise Forbidden(
            "只有审批人员可以按其他日期的规则计算",
            "only officers choose the rules of another day",
            place="at",
        )


@api.post("/projects/{project_id}/indicators", status_code=201)
def compute_indicators(
    session: SessionDep, actor: ActorDep, project_id: uuid.UUID, body: Inputs | None = None
) -> dict[str, Any]:
    """Compute the indicators from the newest drawings, boundary and planning conditions."""
    wanted = body or Inputs()
    _only_officers_choose_the_day(actor, wanted.at)
    service.evaluate_project(session, actor, project_id, inputs=wanted.inputs, at=wanted.at)
    return views.indicators_plain(session, actor, project_id)


@api.get("/projects/{project_id}/indicators")
def show_indicators(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest indicator table with findings."""
    return views.indicators_plain(session, actor, project_id)


@api.get("/projects/{project_id}/indicators/{code}")
def show_trace(session: SessionDep, actor: ActorDep, project_id: uuid.UUID, code: str) -> dict[str, Any]:
    """One element of the table: formula, substituted values, steps, clause, inputs, entities by sheet."""
    return views.trace_view(session, actor, project_id, code)


@api.post("/projects/{project_id}/fees", status_code=201)
def compute_fees(session: SessionDep, actor: ActorDep, project_id: uuid.UUID, body: Inputs) -> dict[str, Any]:
    """Compute the fee statement; what the box knows is filled in."""
    _only_officers_choose_the_day(actor, body.at)
    service.fee_statement(session, actor, project_id, body.inputs, at=body.at)
    return views.fees_plain(session, actor, project_id)


@api.get("/projects/{project_id}/fees")
def show_fees(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest fee statement."""
    return views.fees_plain(session, actor, project_id)


@api.get("/projects/{project_id}/fees/form")
def fee_form(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """What the fee form asks for and what the box already knows."""
    view = views.fees_view(session, actor, project_id)
    return {"groups": view["groups"], "region_factors": view["region_factors"]}


@api.get("/elements")
def list_elements(
    actor: ActorDep, business: str = "", kind: str = "", q: Annotated[str, Query(max_length=100)] = ""
) -> dict[str, Any]:
    """The catalogue of elements."""
    return views.catalogue_view(business, kind, q)


@api.get("/elements/{code}")
def show_element(actor: ActorDep, code: str) -> dict[str, Any]:
    """One element's definition, its tables, what it reads and what reads it."""
    return views.element_view(code)


@api.post("/elements/run/{business}")
def run_business(actor: ActorDep, business: str, body: Inputs) -> dict[str, Any]:
    """Evaluate a business of the catalogue on given inputs; nothing is stored."""
    return runs.run_plain(load_catalogue(), business, body.inputs, body.at or service.today())


@api.post("/elements/fee/{code}")
def one_fee(actor: ActorDep, code: str, body: Inputs) -> dict[str, Any]:
    """Compute one fee on given inputs; nothing is stored."""
    plain: dict[str, Any] = to_plain(run_fee(code, body.inputs, body.at or service.today()))
    return plain


# ---------------------------------------------------------------- pages


@pages.get("/projects/{project_id}/indicators")
def indicators_page(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """The one table of indicators and conclusions."""
    view = views.indicators_view(session, actor, project_id)
    return render(request, "elements/indicators.html", active="indicators", error=None, **view)


@pages.post("/projects/{project_id}/indicators")
def indicators_form(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """Compute the indicators anew."""
    service.evaluate_project(session, actor, project_id)
    return redirect(f"/projects/{project_id}/indicators")


@pages.get("/projects/{project_id}/indicators/{code}")
def trace_page(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID, code: str
) -> Response:
    """How one value came about, with its entities on the sheet."""
    view = views.trace_view(session, actor, project_id, code)
    return render(request, "elements/trace.html", active="indicators", **view)


@pages.get("/projects/{project_id}/fees")
def fees_page(request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> Response:
    """Fee form and statement."""
    view = views.fees_view(session, actor, project_id)
    return render(request, "elements/fees.html", active="fees", error=None, **view)


@pages.post("/projects/{project_id}/fees")
async def fees_form_fields(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """Compute the statement from the form; on a fault the form comes back as typed."""
    form = await request.form()
    typed = {k: v for k, v in form.items() if isinstance(v, str)}
    if len(typed) > MAX_FIELDS:
        raise BadInput("表单字段过多", "too many form fields")
    try:
        service.fee_statement(session, actor, project_id, views.typed_inputs(typed))
    except BadInput as error:
        session.rollback()
        return _fees_again(request, session, actor, project_id, typed, error)
    return redirect(f"/projects/{project_id}/fees")


def _fees_again(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    typed: dict[str, str],
    error: PlatformError,
) -> Response:
    view = views.fees_view(session, actor, project_id, typed)
    return render(request, "elements/fees.html", status=error.status, active="fees", error=error, **view)


@pages.get("/elements")
def catalogue_page(
    request: Request,
    actor: ActorDep,
    business: str = "",
    kind: str = "",
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Browse the catalogue."""
    return render(request, "elements/catalogue.html", **views.catalogue_view(business, kind, q))


@pages.get("/elements/{code}")
def element_page(request: Request, actor: ActorDep, code: str) -> Response:
    """One element."""
    return render(request, "elements/element.html", element=views.element_view(code))
