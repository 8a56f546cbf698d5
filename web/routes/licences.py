"""Licences: the document, its page, revoking."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from approval import service
from project_box.kernel.errors import PlatformError
from web.deps import ActorDep, SessionDep, redirect, render
from web.routes.cases import Reason
from web.views import licences as licence_views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["approval"])


@api.get("/licences/{number}")
def show_licence(session: SessionDep, actor: ActorDep, number: str) -> dict[str, Any]:
    """A licence of a visible project."""
    return licence_views.licence_plain(service.get_licence(session, actor, number))


@api.get("/licences/{number}/pdf")
def licence_file(session: SessionDep, actor: ActorDep, number: str) -> Response:
    """The sealed PDF."""
    licence = service.get_licence(session, actor, number)
    return Response(
        service.licence_pdf(licence), media_type="application/pdf",
        headers={
            "content-disposition": f"inline; filename*=UTF-8''{quote(licence.file.name)}",
            "cache-control": "private, no-store",
        },
    )  # fmt: skip


@api.post("/licences/{number}/revoke")
def revoke_licence(session: SessionDep, actor: ActorDep, number: str, why: Reason) -> dict[str, Any]:
    """撤销."""
    return licence_views.licence_plain(service.revoke(session, actor, number, why.reason))


@pages.get("/licences/{number}")
def licence_page(request: Request, session: SessionDep, actor: ActorDep, number: str) -> Response:
    """A licence."""
    licence = service.get_licence(session, actor, number)
    return render(request, "approval/licence.html", licence=licence_views.licence_plain(licence), error=None)


@pages.post("/licences/{number}/revoke")
def revoke_page(
    request: Request, session: SessionDep, actor: ActorDep, number: str, reason: Annotated[str, Form()] = ""
) -> Response:
    """撤销 by form."""
    try:
        service.revoke(session, actor, number, reason)
    except PlatformError as error:
        session.rollback()
        licence = licence_views.licence_plain(service.get_licence(session, actor, number))
        return render(request, "approval/licence.html", status=error.status, licence=licence, error=error)
    return redirect(f"/licences/{quote(number)}")
