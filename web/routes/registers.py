"""Registers 台账: overview, one register with filters and totals, lines, exports; recording a review of a project."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from elements import service
from elements.registers import service as registers
from elements.registers.export import csv_lines, workbook
from elements.registers.review import review
from elements.rulesets.ruleset_service import in_force
from elements.run import imported_values
from elements.workbooks.workbook import read_workbook
from project_box.kernel.errors import BadInput, TooLarge
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, render
from web.routes.elements import MAX_FIELDS, XLSX, uploaded
from web.templating import CHINA
from web.views import registers as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["registers"])


class Run(BaseModel):
    """A review to record: project, business, inputs over what the box knows; the opinion as signed (draft if empty)."""

    project: uuid.UUID
    business: str = Field(max_length=60)
    inputs: dict[str, Any] = Field(default_factory=dict, max_length=MAX_FIELDS)
    at: dt.date | None = None
    subject: str = Field(default="", max_length=1000)
    decision: str = Field(default="", max_length=20)
    opinion: str = Field(default="", max_length=100_000)


@api.post("/elements/runs", status_code=201)
def record_run(session: SessionDep, actor: ActorDep, body: Run) -> dict[str, Any]:
    """Evaluate a business for a project and record it: a result in the box, a line in the register (officers)."""
    found = review(session, actor, body.project, body.business, body.inputs, at=body.at, subject=body.subject)
    line = registers.record_review(
        session, actor, found, subject=body.subject, decision=body.decision, opinion=body.opinion
    )
    return views.line_plain(session, actor, line.id)


@api.post("/elements/runs/draft")
def draft_run(session: SessionDep, actor: ActorDep, body: Run) -> dict[str, Any]:
    """The same evaluation with its drafted opinion; nothing is stored."""
    found = review(session, actor, body.project, body.business, body.inputs, at=body.at, subject=body.subject)
    return {**found.plain, "opinion": found.drafted}


@api.post("/elements/runs/import", status_code=201)
def record_import(
    session: SessionDep,
    actor: ActorDep,
    file: Annotated[UploadFile, File(description="filled template (.xlsx)")],
    project: Annotated[uuid.UUID, Form()],
    business: Annotated[str, Form(max_length=60)],
    subject: Annotated[str, Form(max_length=1000)] = "",
    decision: Annotated[str, Form(max_length=20)] = "",
    opinion: Annotated[str, Form(max_length=100_000)] = "",
) -> dict[str, Any]:
    """Import a filled template for a project and record the review; each value keeps the cell it came from."""
    data, day = uploaded(file), service.today()
    catalogue = in_force(session, day)
    values = imported_values(catalogue, read_workbook(catalogue, business, data, day), day)
    found = review(session, actor, project, business, {}, given=values, subject=subject)
    line = registers.record_review(
        session,
        actor,
        found,
        subject=subject,
        decision=decision,
        opinion=opinion,
        origin="import",
        file={"name": (file.filename or "")[:200], "sha256": hashlib.sha256(data).hexdigest()},
    )
    return views.line_plain(session, actor, line.id)


def _asked(request: Request) -> dict[str, str]:
    odd = sorted(set(request.query_params) - set(views.FIELDS))
    if odd:
        raise BadInput(
            f"没有筛选字段“{odd[0][:40]}”，可用：{'、'.join(views.FIELDS)}",
            f"unknown filter field {odd[0][:40]!r}",
            place=odd[0][:40],
        )
    return dict(request.query_params.items())


def _xlsx(session: SessionDep, actor: Actor, business: str, raw: dict[str, str]) -> Response:
    chosen = views.chosen_filter(session, business, raw)
    columns, _, totals = registers.lines(session, actor, business, chosen)
    title = views.register_title(business)["name"]
    data = workbook(
        title,
        columns,
        registers.every_line(session, actor, business, chosen),
        totals,
        chosen,
        by=f"{actor.name}（{actor.organisation_name}）",
        at=dt.datetime.now(CHINA),
    )
    return Response(data, media_type=XLSX, headers=_attachment(f"{title}台账.xlsx"))


def _csv(session: SessionDep, actor: Actor, business: str, raw: dict[str, str]) -> Response:
    chosen = views.chosen_filter(session, business, raw)
    columns = registers.register_columns(session, business)
    rows = list(csv_lines(columns, registers.every_line(session, actor, business, chosen)))
    name = f"{views.register_title(business)['name']}台账.csv"
    return StreamingResponse(iter(rows), media_type="text/csv; charset=utf-8", headers=_attachment(name))


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}


@api.get("/registers")
def overview(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """All registers with numbers of lines by outcome."""
    return views.overview_view(session, actor)


@api.get("/registers/{business}.xlsx", response_class=Response)
def export_xlsx(request: Request, session: SessionDep, actor: ActorDep, business: str) -> Response:
    """The filtered register as an Excel workbook."""
    return _xlsx(session, actor, business, _asked(request))


@api.get("/registers/{business}.csv", response_class=Response)
def export_csv(request: Request, session: SessionDep, actor: ActorDep, business: str) -> Response:
    """The filtered register as CSV."""
    return _csv(session, actor, business, _asked(request))


@api.get("/registers/{business}")
def register(request: Request, session: SessionDep, actor: ActorDep, business: str) -> dict[str, Any]:
    """One page of a register: columns, lines, totals over all pages. Fields as in the page's address."""
    return views.register_plain(session, actor, business, _asked(request))


@api.get("/registers/{business}/lines/{line_id}")
def line(session: SessionDep, actor: ActorDep, business: str, line_id: uuid.UUID) -> dict[str, Any]:
    """One line with conclusions, inputs and their provenance, opinion and its difference to the draft."""
    return views.line_plain(session, actor, line_id)


# ---------------------------------------------------------------- pages


@pages.get("/registers")
def overview_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """All registers."""
    return render(request, "registers/index.html", **views.overview_view(session, actor))


@pages.get("/registers/{business}.xlsx")
def xlsx_file(request: Request, session: SessionDep, actor: ActorDep, business: str) -> Response:
    """Download the filtered register as Excel."""
    return _xlsx(session, actor, business, _asked(request))


@pages.get("/registers/{business}.csv")
def csv_file(request: Request, session: SessionDep, actor: ActorDep, business: str) -> Response:
    """Download the filtered register as CSV."""
    return _csv(session, actor, business, _asked(request))


@pages.get("/registers/{business}")
def register_page(request: Request, session: SessionDep, actor: ActorDep, business: str) -> Response:
    """One register; on a field that cannot be used the whole register is shown with the fault on top."""
    try:
        view = views.register_view(session, actor, business, _asked(request))
    except (BadInput, TooLarge) as error:
        view = views.register_view(session, actor, business, {})
        return render(request, "registers/show.html", status=error.status, error=error, **view)
    return render(request, "registers/show.html", error=None, **view)


@pages.get("/registers/{business}/lines/{line_id}")
def line_page(
    request: Request, session: SessionDep, actor: ActorDep, business: str, line_id: uuid.UUID
) -> Response:
    """One line."""
    return render(request, "registers/line.html", line=views.line_plain(session, actor, line_id))
