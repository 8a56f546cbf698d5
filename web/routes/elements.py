"""Indicators and fees of a project, the element catalogue, review tables, workbooks."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from elements import service
from elements.fees import run_fee
from elements.workbooks.file import MAX_BYTES
from elements.workbooks.workbook import write_template
from project_box.kernel.errors import BadInput, Forbidden, PlatformError, TooLarge
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


@api.post("/projects/{project_id}/sunlight", status_code=201)
def compute_sunlight(
    session: SessionDep, actor: ActorDep, project_id: uuid.UUID, body: Inputs | None = None
) -> dict[str, Any]:
    """Check the sunlight of the newest drawings; inputs RZ_ZONE, RZ_CITY, RZ_CASE."""
    wanted = body or Inputs()
    _only_officers_choose_the_day(actor, wanted.at)
    service.evaluate_sunlight(session, actor, project_id, inputs=wanted.inputs, at=wanted.at)
    return views.sunlight_plain(session, actor, project_id)


@api.get("/projects/{project_id}/sunlight")
def show_sunlight(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest sunlight table with findings."""
    return views.sunlight_plain(session, actor, project_id)


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
    session: SessionDep,
    actor: ActorDep,
    business: str = "",
    kind: str = "",
    q: Annotated[str, Query(max_length=100)] = "",
) -> dict[str, Any]:
    """The catalogue of elements."""
    return views.catalogue_view(session, business, kind, q)


@api.get("/elements/{code}")
def show_element(session: SessionDep, actor: ActorDep, code: str) -> dict[str, Any]:
    """One element's definition, its tables, what it reads and what reads it."""
    return views.element_view(session, code)


@api.post("/elements/run/{business}")
def run_business(session: SessionDep, actor: ActorDep, business: str, body: Inputs) -> dict[str, Any]:
    """Evaluate a business of the catalogue on given inputs; nothing is stored. ``review`` is the review table."""
    return views.run_plain(session, business, body.inputs, body.at)


class Comparison(Inputs):
    """Inputs of the first run, and what the others change (``at`` among the changes is another day).

    ``each`` names an input with options: one run per option (the area rule sets, for example).
    """

    against: list[dict[str, Any]] = Field(default_factory=list, max_length=5)
    each: str = Field(default="", max_length=60)


@api.post("/elements/diff/{business}")
def compare_runs(session: SessionDep, actor: ActorDep, business: str, body: Comparison) -> dict[str, Any]:
    """Runs of a business side by side; nothing is stored."""
    return views.compare_plain(session, business, body.inputs, body.at, body.against, body.each)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def uploaded(file: UploadFile) -> bytes:
    """The bytes of an uploaded workbook.

    Raises:
        TooLarge, BadInput: too many bytes, or none.
    """
    data = file.file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TooLarge(f"工作簿超过 {MAX_BYTES // 1_000_000} MB", "workbook too large", place="file")
    if not data:
        raise BadInput(
            "没有选择文件",
            "no file",
            place="file",
            remedy="选择填好的 .xlsx 文件",
            remedy_en="choose the filled-in .xlsx file",
        )
    return data


def _template(session: Session, business: str) -> Response:
    data = write_template(service.in_force(session), business, service.today())
    headers = {"Content-Disposition": f'attachment; filename="{business}.xlsx"'}
    return Response(data, media_type=XLSX, headers=headers)


@api.get("/elements/template/{business}.xlsx", response_class=Response)
def template(session: SessionDep, actor: ActorDep, business: str) -> Response:
    """The business's import template as an Excel workbook."""
    return _template(session, business)


@api.post("/elements/import/{business}")
def import_workbook(
    session: SessionDep,
    actor: ActorDep,
    business: str,
    file: Annotated[UploadFile, File(description="filled template (.xlsx)")],
) -> dict[str, Any]:
    """Import a filled template and evaluate it; faults come by cell in ``error.details.issues``. Nothing is stored."""
    return views.import_plain(session, business, uploaded(file), None)


@api.post("/elements/fee/{code}")
def one_fee(session: SessionDep, actor: ActorDep, code: str, body: Inputs) -> dict[str, Any]:
    """Compute one fee on given inputs; nothing is stored."""
    day = body.at or service.today()
    plain: dict[str, Any] = to_plain(run_fee(code, body.inputs, day, service.in_force(session, day)))
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


@pages.post("/projects/{project_id}/sunlight")
async def sunlight_form(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """Check the sunlight with the zone, city size and case of the form."""
    form = await request.form()
    typed = {c: str(form.get(c) or "") for c in views.SUN_INPUTS}
    try:
        service.evaluate_sunlight(session, actor, project_id, inputs=typed)
    except BadInput as error:
        session.rollback()
        view = views.indicators_view(session, actor, project_id)
        return render(
            request,
            "elements/indicators.html",
            status=error.status,
            active="indicators",
            error=error,
            **view,
        )
    return redirect(f"/projects/{project_id}/indicators#sunlight")


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
    session: SessionDep,
    actor: ActorDep,
    business: str = "",
    kind: str = "",
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Browse the catalogue."""
    return render(request, "elements/catalogue.html", **views.catalogue_view(session, business, kind, q))


@pages.get("/elements/template/{business}.xlsx")
def template_file(session: SessionDep, actor: ActorDep, business: str) -> Response:
    """Download the import template."""
    return _template(session, business)


@pages.get("/elements/{code}")
def element_page(request: Request, session: SessionDep, actor: ActorDep, code: str) -> Response:
    """One element."""
    return render(request, "elements/element.html", element=views.element_view(session, code))
