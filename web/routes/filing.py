"""Filing by form: the cases of a project, four steps, handing in, withdrawing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from approval import service
from project_box.kernel.errors import BadInput, NotFound, PlatformError
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import case_pieces as pieces
from web.views import cases as case_views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["approval"])


@pages.get("/projects/{project_id}/cases")
def project_cases_page(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> Response:
    """Cases of a project, and what can be applied for next."""
    return render(
        request, "approval/project_cases.html", active="cases", error=None,
        **pieces.start_options(session, actor, project_id),
    )  # fmt: skip


@pages.post("/projects/{project_id}/cases")
def start_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    item: Annotated[str, Form()] = "",
) -> Response:
    """Begin a case by form."""
    try:
        case = service.start_case(session, actor, project_id, item)
    except PlatformError as error:
        session.rollback()
        return render(
            request, "approval/project_cases.html", status=error.status, active="cases", error=error,
            **pieces.start_options(session, actor, project_id),
        )  # fmt: skip
    return redirect(f"/cases/{case.id}/apply/1")


@pages.get("/cases")
def cases_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Cases the actor may see."""
    return render(request, "approval/cases.html", **pieces.cases_view(session, actor))


def _step_page(
    request: Request,
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    step: int,
    error: PlatformError | None = None,
    replies: Mapping[str, str] | None = None,
) -> Response:
    view = case_views.case_head(session, actor, case_id)
    if step == 4:
        view["check"] = pieces.findings_view(service.self_check(session, actor, case_id))
    return render(
        request,
        f"approval/apply_{step}.html",
        status=error.status if error else 200,
        step=step,
        error=error,
        replies=replies or {},
        **view,
    )


@pages.get("/cases/{case_id}/apply/{step}")
def apply_page(
    request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID, step: int
) -> Response:
    """Filing in four steps: 须知, 确认信息, 上传材料, 核对并提交."""
    if step not in (1, 2, 3, 4):
        raise NotFound("没有这个页面", "filing has four steps")
    case = service.get_case(session, actor, case_id)
    if not service.is_applicant(actor, case) or case.state not in ("draft", "correction"):
        return redirect(f"/cases/{case_id}")
    return _step_page(request, session, actor, case_id, step)


@pages.post("/cases/{case_id}/apply/2")
async def save_form_page(
    request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID
) -> Response:
    """Keep the form; faults are shown beside their fields."""
    form = await request.form()
    data = {k: v for k, v in form.items() if isinstance(v, str) and k not in ("csrf_token", "go")}
    try:
        findings = service.save_form(session, actor, case_id, data)
    except PlatformError as error:
        session.rollback()
        return _step_page(request, session, actor, case_id, 2, error)
    faults = [f for f in findings if f.outcome == "fail"]
    if form.get("go") == "save" or not faults:
        return redirect(f"/cases/{case_id}/apply/{2 if form.get('go') == 'save' else 3}")
    places = [(f.code.removeprefix("form."), f) for f in faults]
    summary = BadInput(
        "；".join(f.message for f in faults),
        "; ".join(f.message_en for f in faults),
        code="form",
        place=places[0][0],
        details={"faults": [{"place": place, "zh": f.message, "en": f.message_en} for place, f in places]},
    )
    return _step_page(request, session, actor, case_id, 2, summary)


@pages.post("/cases/{case_id}/materials/{code}")
def upload_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    code: str,
    file: Annotated[UploadFile | None, File()] = None,
    commitment: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
    remove: Annotated[str, Form()] = "",
) -> Response:
    """Upload, promise or take back a material by form."""
    try:
        if remove:
            service.remove_material(session, actor, case_id, code)
        elif commitment.strip():
            try:
                day = dt.date.fromisoformat(until)
            except ValueError:
                raise BadInput("请填写承诺补交的日期", "until is not a date", place=code) from None
            service.commit_material(session, actor, case_id, code, commitment, day)
        elif file is None or not file.filename:
            raise BadInput("请选择要上传的文件", "no file was chosen", place=code)
        else:
            service.attach_material(session, actor, case_id, code, file.filename, file.file.read())
    except PlatformError as error:
        session.rollback()
        return _step_page(request, session, actor, case_id, 3, error)
    return redirect(f"/cases/{case_id}/apply/3#material-{quote(code)}")


@pages.post("/cases/{case_id}/submit")
async def submit_page(request: Request, session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> Response:
    """Hand in, or hand in corrections with the replies typed (``reply-<id>``)."""
    form = await request.form()
    replies = {
        k.removeprefix("reply-"): v for k, v in form.items() if k.startswith("reply-") and isinstance(v, str)
    }
    try:
        if service.get_case(session, actor, case_id).state == "correction":
            service.resubmit(session, actor, case_id, replies)
        else:
            service.submit(session, actor, case_id)
    except PlatformError as error:
        session.rollback()
        return _step_page(request, session, actor, case_id, 4, error, replies)
    return redirect(f"/cases/{case_id}")


@pages.post("/cases/{case_id}/withdraw")
def withdraw_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """撤回 by form; a draft is given up."""
    case = service.get_case(session, actor, case_id)
    project_id = case.project_id
    if case.state == "draft":
        service.discard(session, actor, case_id)
        return redirect(f"/projects/{project_id}/cases")
    service.withdraw(session, actor, case_id, reason)
    return redirect(f"/cases/{case_id}")
