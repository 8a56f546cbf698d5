"""完整性检查 of a round of joint review."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from drawings import service
from project_box.kernel.errors import PlatformError
from web.deps import ActorDep, SessionDep, redirect
from web.routes.joint_review import review_page_with
from web.views import completeness as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["completeness"])


class Said(BaseModel):
    """What an officer says of a line: ``there``, ``missing``, or ``waived`` with a reason as ``note``."""

    state: str
    note: str = ""


class NewCheck(BaseModel):
    """``complete: false`` sends the drawings back with what is missing; lines not mentioned stay as found."""

    complete: bool
    lines: dict[str, Said] = Field(default_factory=dict, max_length=200)
    note: str = ""


@api.get("/joint-reviews/{review_id}/completeness")
def completeness(session: SessionDep, actor: ActorDep, review_id: uuid.UUID) -> dict[str, Any]:
    """What the round needs by item and discipline, what of it is there, who has checked it and when."""
    return views.completeness_plain(session, actor, review_id)


@api.post("/joint-reviews/{review_id}/completeness", status_code=201)
def check(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: NewCheck) -> dict[str, Any]:
    """An officer's check: let the round go on, or send the drawings back."""
    said = {code: (line.state, line.note) for code, line in new.lines.items()}
    service.check_completeness(session, actor, review_id, said=said, complete=new.complete, note=new.note)
    return views.completeness_plain(session, actor, review_id)


@pages.post("/joint-reviews/{review_id}/completeness")
async def check_page(
    request: Request, session: SessionDep, actor: ActorDep, review_id: uuid.UUID
) -> Response:
    """By form: ``state:<code>`` (empty leaves the line as found), ``note:<code>``, ``decision``, ``note``."""
    form = await request.form()
    fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    said = {
        k.removeprefix("state:"): (v, fields.get("note:" + k.removeprefix("state:"), ""))
        for k, v in fields.items()
        if k.startswith("state:") and v
    }
    case_id = service.get_review(session, actor, review_id).case_id
    try:
        service.check_completeness(
            session, actor, review_id, said=said, complete=fields.get("decision") == "complete",
            note=fields.get("note", ""),
        )  # fmt: skip
    except PlatformError as error:
        session.rollback()
        return review_page_with(request, session, actor, case_id, error)
    return redirect(f"/cases/{case_id}/review#completeness")
