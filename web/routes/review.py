"""Pages of the review table 一表式审查: form, evaluation, import of a workbook, recording in the register."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from project_box.kernel.errors import BadInput, Conflict, PlatformError, TooLarge
from project_box.kernel.identity import Actor
from web.deps import ActorDep, SessionDep, redirect, render
from web.routes.elements import MAX_FIELDS, uploaded
from web.views import review as views

pages = APIRouter()


@pages.get("/elements/run/{business}")
def review_page(request: Request, session: SessionDep, actor: ActorDep, business: str) -> Response:
    """The review table of a business, empty; fields may be given in the address."""
    typed = dict(request.query_params.items())
    if len(typed) > MAX_FIELDS:
        raise BadInput("地址中的字段过多", "too many fields")
    return _review(request, session, actor, business, typed, run=bool(set(typed) - {"subject"}))


@pages.post("/elements/run/{business}")
async def review_form(request: Request, session: SessionDep, actor: ActorDep, business: str) -> Response:
    """Evaluate what the form holds, or record it (``do=record``). On a fault the form comes back as typed."""
    form = await request.form()
    typed = {k: v for k, v in form.items() if isinstance(v, str) and k != "csrf_token"}
    if len(typed) > MAX_FIELDS:
        raise BadInput("表单字段过多", "too many form fields")
    if typed.pop("do", "") != "record":
        return _review(request, session, actor, business, typed, run=True)
    try:
        line = views.record(session, actor, business, typed)
    except (BadInput, Conflict) as error:
        session.rollback()
        return _again(request, session, actor, business, typed, error)
    return redirect(f"/registers/{business}/lines/{line.id}")


def _review(
    request: Request, session: Session, actor: Actor, business: str, typed: dict[str, str], *, run: bool
) -> Response:
    try:
        look = views.result_view if run else views.blank_view
        view = look(session, actor, business, typed)
    except BadInput as error:
        return _again(request, session, actor, business, typed, error)
    return render(request, "elements/review.html", error=None, **view)


def _again(
    request: Request,
    session: Session,
    actor: Actor,
    business: str,
    typed: dict[str, str],
    error: PlatformError,
) -> Response:
    """The form as typed, without what cannot be read at all (day, project, filter)."""
    kept = {k: v for k, v in typed.items() if k not in ("at", "show", "project")}
    view = views.form_view(session, actor, business, kept)
    return render(request, "elements/review.html", status=error.status, error=error, **view)


@pages.post("/elements/import/{business}")
def import_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    business: str,
    file: Annotated[UploadFile, File()],
    project: Annotated[str, Form(max_length=60)] = "",
    subject: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Import a filled template into the review table; faults are listed by cell."""
    typed = {"project": project, "subject": subject}
    try:
        view = views.imported_view(session, actor, business, uploaded(file), typed)
    except (BadInput, TooLarge) as error:
        return _again(request, session, actor, business, typed, error)
    return render(request, "elements/review.html", error=None, **view)
