"""Replies of the design side to what a round asked for."""

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
from web.routes.review_drafts import WindowDep
from web.views import joint_review as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["joint review"])


class NewReply(BaseModel):
    """The design side's answer to ``opinion:<id>`` or ``mark:<id>``."""

    source: str
    text: str


class ReplyDraft(BaseModel):
    """Replies typed so far: source → text."""

    replies: dict[str, str] = Field(default_factory=dict, max_length=2000)


@api.post("/joint-reviews/{review_id}/replies", status_code=201)
def add_reply(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: NewReply) -> dict[str, Any]:
    """Answer an opinion or mark in writing."""
    return views.reply_plain(service.reply(session, actor, review_id, new.source, new.text))


@api.put("/joint-reviews/{review_id}/reply-draft")
def save_reply_draft(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, draft: ReplyDraft, window: WindowDep
) -> dict[str, Any]:
    """Keep replies as they are typed."""
    saved_at = service.save_reply_draft(session, actor, review_id, draft.replies, window)
    return {"saved_at": saved_at.isoformat()}


@api.get("/joint-reviews/{review_id}/replies")
def replies(session: SessionDep, actor: ActorDep, review_id: uuid.UUID) -> dict[str, Any]:
    """What has to be answered, with the replies given."""
    points = views.points_plain(session, service.get_review(session, actor, review_id))
    return {"points": points, "unanswered": sum(p["reply"] is None for p in points)}


@pages.post("/joint-reviews/{review_id}/replies")
async def reply_form(
    request: Request, session: SessionDep, actor: ActorDep, review_id: uuid.UUID
) -> Response:
    """Replies by form: ``reply:<source>`` for each; empty ones and unchanged ones are left out."""
    form = await request.form()
    review = service.get_review(session, actor, review_id)
    known = {
        p["source"]: p["reply"]["text"] if p["reply"] else "" for p in views.points_plain(session, review)
    }
    try:
        for key, value in form.multi_items():
            field, colon, source = key.partition(":")
            if (
                field == "reply"
                and colon
                and isinstance(value, str)
                and value.strip() not in ("", known.get(source))
            ):
                service.reply(session, actor, review_id, source, value)
        service.drop_draft(session, actor, review_id, service.Part.REPLIES)
    except PlatformError as error:
        session.rollback()
        return review_page_with(request, session, actor, review.case_id, error)
    return redirect(f"/cases/{review.case_id}/review?round={review.round}#replies")
