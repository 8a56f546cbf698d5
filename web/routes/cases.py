"""Cases as programs see them: starting, filling, handing in, gates, decisions on findings, rating."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field

from approval import service
from project_box import service as box
from web.deps import ActorDep, SessionDep
from web.routes.items import bpmn
from web.views import case_pieces as pieces
from web.views import cases as case_views
from web.views import ratings

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["approval"])


class NewCase(BaseModel):
    """Which item a case is started for."""

    item: str


class Replies(BaseModel):
    """Answers to corrections by their id."""

    replies: dict[str, str] = Field(default_factory=dict)


class Reason(BaseModel):
    """A written reason."""

    reason: str = ""


class Resolve(BaseModel):
    """判定说明, or 异议, for one finding."""

    code: str
    reason: str


class Rating(BaseModel):
    """好差评: level by its code (``very_satisfied`` …) or Chinese name."""

    level: str
    comment: str = ""


class Promise(BaseModel):
    """容缺承诺."""

    text: str
    until: dt.date


@api.post("/projects/{project_id}/cases", status_code=201)
def start(session: SessionDep, actor: ActorDep, project_id: uuid.UUID, new: NewCase) -> dict[str, Any]:
    """Begin a case."""
    return pieces.case_row(service.start_case(session, actor, project_id, new.item))


@api.get("/projects/{project_id}/cases")
def project_cases(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """Cases of a project."""
    box.get_project(session, actor, project_id)
    return pieces.cases_view(session, actor, project_id)


@api.get("/cases")
def list_cases(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """Cases the actor may see."""
    return pieces.cases_view(session, actor)


@api.get("/cases/{case_id}")
def show_case(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """One case with everything its page shows; the case's own facts also at the top level."""
    view = case_views.case_view(session, actor, case_id)
    return {**view["case"], **view}


@api.get("/cases/{case_id}/process.bpmn")
def case_process(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> Response:
    """The process the case began with."""
    return bpmn(service.item_version(service.get_case(session, actor, case_id)).process.bpmn)


@api.put("/cases/{case_id}/form")
def put_form(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, data: dict[str, Any]
) -> dict[str, Any]:
    """Keep form values; answers with the findings of the form as it stands."""
    return pieces.findings_view(service.save_form(session, actor, case_id, data))


@api.get("/cases/{case_id}/materials")
def list_materials(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """Material lines and how each is met."""
    return pieces.materials_view(session, actor, case_id)


@api.post("/cases/{case_id}/materials/{code}", status_code=201)
def upload_material(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str, file: Annotated[UploadFile, File()]
) -> dict[str, Any]:
    """Upload for a material line."""
    service.attach_material(session, actor, case_id, code, file.filename or "", file.file.read())
    return pieces.materials_view(session, actor, case_id)


@api.delete("/cases/{case_id}/materials/{code}")
def delete_material(session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str) -> dict[str, Any]:
    """Take back what was uploaded for a line."""
    service.remove_material(session, actor, case_id, code)
    return pieces.materials_view(session, actor, case_id)


@api.post("/cases/{case_id}/materials/{code}/commitment", status_code=201)
def promise_material(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, code: str, promise: Promise
) -> dict[str, Any]:
    """容缺承诺 for a line."""
    service.commit_material(session, actor, case_id, code, promise.text, promise.until)
    return pieces.materials_view(session, actor, case_id)


@api.post("/cases/{case_id}/self-check")
def check_case(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """自查."""
    return pieces.findings_view(service.self_check(session, actor, case_id))


@api.post("/cases/{case_id}/submit")
def submit_case(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """Hand in; answers with the 流水号."""
    case = service.submit(session, actor, case_id)
    return case_views.case_view(session, actor, case.id)["case"]  # type: ignore[no-any-return] # view's first part


@api.post("/cases/{case_id}/resubmit")
def resubmit_case(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, answer: Replies | None = None
) -> dict[str, Any]:
    """Hand in corrections."""
    case = service.resubmit(session, actor, case_id, answer.replies if answer else None)
    return case_views.case_view(session, actor, case.id)["case"]  # type: ignore[no-any-return] # view's first part


@api.post("/cases/{case_id}/withdraw")
def withdraw_case(
    session: SessionDep, actor: ActorDep, case_id: uuid.UUID, why: Reason | None = None
) -> dict[str, Any]:
    """撤回."""
    return pieces.case_row(service.withdraw(session, actor, case_id, why.reason if why else ""))


@api.get("/cases/{case_id}/gates")
def show_gates(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """What stands between the case and an approval."""
    return pieces.findings_view(service.gates(session, actor, case_id))


@api.get("/cases/{case_id}/draft-opinion")
def show_draft(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """Opinion drafted from the conclusions."""
    return {"text": service.draft_opinion(session, actor, case_id)}


@api.post("/cases/{case_id}/contests", status_code=201)
def contest_finding(session: SessionDep, actor: ActorDep, case_id: uuid.UUID, new: Resolve) -> dict[str, Any]:
    """异议 of the applicant against one finding, which stays as it is; answers with all that was said so."""
    service.contest(session, actor, case_id, new.code, new.reason)
    view = case_views.case_view(session, actor, case_id)
    return {"contests": view["contests"], "contestable": view["contestable"]}


@api.post("/cases/{case_id}/resolutions", status_code=201)
def resolve_finding(session: SessionDep, actor: ActorDep, case_id: uuid.UUID, new: Resolve) -> dict[str, Any]:
    """判定说明."""
    service.resolve(session, actor, case_id, new.code, new.reason)
    return pieces.findings_view(service.gates(session, actor, case_id))


@api.post("/cases/{case_id}/rating", status_code=201)
def post_rating(session: SessionDep, actor: ActorDep, case_id: uuid.UUID, new: Rating) -> dict[str, Any]:
    """好差评 by the applicant, once, after the case has ended."""
    return ratings.rating_plain(service.rate_case(session, actor, case_id, new.level, new.comment))
