"""Organisations and qualifications of agencies, kept by administrators."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from elements.service import today
from intermediaries import agency_service as agencies
from project_box import organisations as keeping
from project_box.kernel.errors import BadInput, Conflict, PlatformError
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Organisation
from web.deps import ActorDep, SessionDep, redirect, render

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["administration"])
Text = Annotated[str, Form(max_length=2000)]


class Change(BaseModel):
    """Corrected facts of an organisation."""

    name: str = Field(max_length=2000)
    address: str = Field(default="", max_length=2000)
    contact: str = Field(default="", max_length=2000)


class Qualification(BaseModel):
    """A qualification of an agency; ``valid_until`` is its last day."""

    code: str = Field(max_length=100)
    level: str = Field(default="", max_length=2000)
    certificate_no: str = Field(max_length=2000)
    valid_until: str = Field(max_length=40)


class Reason(BaseModel):
    """Why."""

    reason: str = Field(max_length=2000)


def _plain(session: Session, actor: Actor, row: Organisation) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(
        {
            "id": row.id,
            "name": row.name,
            "credit_code": row.credit_code,
            "kind": row.kind,
            "kind_name": keeping.KINDS.get(row.kind, row.kind),
            "address": row.address,
            "contact": row.contact,
            "qualifications": agencies.held(session, actor, row.id, today()) if row.kind == "agency" else [],
        }
    )
    return plain


def _all(session: Session, actor: Actor) -> dict[str, Any]:
    rows = keeping.organisations(session, actor)
    return {"organisations": [{**_plain(session, actor, row), "people": people} for row, people in rows]}


@api.get("/organisations")
def organisations(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """All organisations with their people and, for agencies, qualifications (administrators)."""
    return _all(session, actor)


@api.put("/organisations/{organisation_id}")
def change(session: SessionDep, actor: ActorDep, organisation_id: uuid.UUID, body: Change) -> dict[str, Any]:
    """Correct name, address and contact."""
    row = keeping.change(
        session, actor, organisation_id, name=body.name, address=body.address, contact=body.contact
    )
    return _plain(session, actor, row)


@api.post("/organisations/{organisation_id}/qualifications", status_code=201)
def qualify(
    session: SessionDep, actor: ActorDep, organisation_id: uuid.UUID, body: Qualification
) -> dict[str, Any]:
    """Register a qualification of an agency or bring it up to date."""
    agencies.qualify(session, actor, organisation_id, **body.model_dump())
    return _plain(session, actor, keeping.organisation(session, actor, organisation_id))


@api.post("/organisations/{organisation_id}/qualifications/{code}/withdraw")
def withdraw(
    session: SessionDep, actor: ActorDep, organisation_id: uuid.UUID, code: str, body: Reason
) -> dict[str, Any]:
    """Take a qualification off the list."""
    agencies.withdraw(session, actor, organisation_id, code, body.reason)
    return _plain(session, actor, keeping.organisation(session, actor, organisation_id))


# ---------------------------------------------------------------- pages


@pages.get("/admin/organisations")
def list_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """All organisations."""
    return render(request, "admin/organisations.html", **_all(session, actor))


def _show(
    request: Request,
    session: Session,
    actor: Actor,
    organisation_id: uuid.UUID,
    error: PlatformError | None = None,
    **typed: str,
) -> Response:
    row = keeping.organisation(session, actor, organisation_id)
    blank = {"code": "", "level": "", "certificate_no": "", "valid_until": ""}
    return render(
        request,
        "admin/organisation.html",
        status=error.status if error is not None else 200,
        error=error,
        organisation=_plain(session, actor, row),
        kinds=agencies.qualification_kinds(),
        typed={**blank, "name": row.name, "address": row.address, "contact": row.contact, **typed},
    )


@pages.get("/admin/organisations/{organisation_id}")
def show_page(request: Request, session: SessionDep, actor: ActorDep, organisation_id: uuid.UUID) -> Response:
    """One organisation with its forms."""
    return _show(request, session, actor, organisation_id)


@pages.post("/admin/organisations/{organisation_id}")
def change_form(
    request: Request, session: SessionDep, actor: ActorDep, organisation_id: uuid.UUID,
    name: Text = "", address: Text = "", contact: Text = "",
) -> Response:  # fmt: skip
    """Correct name, address and contact by form."""
    typed = {"name": name, "address": address, "contact": contact}
    try:
        keeping.change(session, actor, organisation_id, **typed)
    except (BadInput, Conflict) as error:
        session.rollback()
        return _show(request, session, actor, organisation_id, error, **typed)
    return redirect(f"/admin/organisations/{organisation_id}")


@pages.post("/admin/organisations/{organisation_id}/qualifications")
def qualify_form(
    request: Request, session: SessionDep, actor: ActorDep, organisation_id: uuid.UUID,
    code: Text = "", level: Text = "", certificate_no: Text = "", valid_until: Text = "",
) -> Response:  # fmt: skip
    """Register a qualification by form."""
    typed = {"code": code, "level": level, "certificate_no": certificate_no, "valid_until": valid_until}
    try:
        agencies.qualify(session, actor, organisation_id, **typed)
    except BadInput as error:
        session.rollback()
        return _show(request, session, actor, organisation_id, error, **typed)
    return redirect(f"/admin/organisations/{organisation_id}#qualifications")


@pages.post("/admin/organisations/{organisation_id}/qualifications/{code}/withdraw")
def withdraw_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    organisation_id: uuid.UUID,
    code: str,
    reason: Text = "",
) -> Response:
    """Withdraw a qualification by form."""
    try:
        agencies.withdraw(session, actor, organisation_id, code, reason)
    except BadInput as error:
        session.rollback()
        return _show(request, session, actor, organisation_id, error)
    return redirect(f"/admin/organisations/{organisation_id}#qualifications")
