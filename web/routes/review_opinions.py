"""Opinions of a joint review: drafts, verdicts, merging; as API and by form."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
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


class NewOpinion(BaseModel):
    """A discipline's verdict: agree, modify or disagree."""

    verdict: str
    text: str = ""
    discipline: str | None = None
    seen: int | None = Field(
        default=None, ge=0, description="version of the opinion one has seen; 409 if newer"
    )


class Draft(BaseModel):
    """What has been typed so far."""

    verdict: str | None = None
    text: str = ""


class Merge(BaseModel):
    """Decisions about opinions and marks; what is not mentioned is kept."""

    entries: list[dict[str, Any]] = Field(default_factory=list, max_length=2000)
    seen: list[str] | None = Field(
        default=None, description="sources the officer had before them; 409 if there are others by now"
    )


class MergeDraft(BaseModel):
    """How far merging has come: source → fate, reason, text, into."""

    entries: dict[str, dict[str, str]] = Field(default_factory=dict, max_length=2000)


@api.put("/joint-reviews/{review_id}/draft")
def save_draft(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, draft: Draft, window: WindowDep
) -> dict[str, Any]:
    """Keep what has been typed so far."""
    saved_at = service.save_opinion_draft(
        session, actor, review_id, verdict=draft.verdict, said=draft.text, window=window
    )
    return {"saved_at": saved_at.isoformat()}


@api.post("/joint-reviews/{review_id}/opinions", status_code=201)
def give_opinion(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: NewOpinion
) -> dict[str, Any]:
    """Submit one's discipline's opinion."""
    opinion = service.give_opinion(
        session,
        actor,
        review_id,
        verdict=new.verdict,
        text=new.text,
        discipline=new.discipline,
        seen=new.seen,
    )
    return views.opinion_plain(opinion)


@api.post("/joint-reviews/{review_id}/merge")
def merge(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: Merge) -> dict[str, Any]:
    """Merge the opinions into the joint opinion and close the round."""
    review = service.close_review(session, actor, review_id, new.entries, seen=new.seen)
    return views.review_view(session, actor, review)


@api.put("/joint-reviews/{review_id}/merge-draft")
def save_merge_draft(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, draft: MergeDraft, window: WindowDep
) -> dict[str, Any]:
    """Keep how far merging has come."""
    saved_at = service.save_merge_draft(session, actor, review_id, draft.entries, window)
    return {"saved_at": saved_at.isoformat()}


@pages.post("/joint-reviews/{review_id}/opinions")
def opinion_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    review_id: uuid.UUID,
    verdict: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Response:
    """Submit an opinion by form."""
    case_id = service.get_review(session, actor, review_id).case_id
    known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else None
    try:
        service.give_opinion(session, actor, review_id, verdict=verdict, text=text, seen=known)
    except PlatformError as error:
        session.rollback()
        typed = {"verdict": verdict, "text": text}
        return review_page_with(request, session, actor, case_id, error, typed=typed)
    return redirect(f"/cases/{case_id}/review")


@pages.post("/joint-reviews/{review_id}/merge")
async def merge_form(
    request: Request, session: SessionDep, actor: ActorDep, review_id: uuid.UUID
) -> Response:
    """Merge by form: ``fate:<source>``, ``reason:<source>``, ``text:<source>``, ``into:<source>`` of every entry.

    ``seen`` names the sources that stood on the page.
    """
    form = await request.form()
    entries: dict[str, dict[str, Any]] = {}
    for key, value in form.multi_items():
        field, colon, source = key.partition(":")
        if colon and field in ("fate", "reason", "text", "into") and isinstance(value, str):
            entries.setdefault(source, {"source": source})[field] = value
    listed = form.get("seen")
    seen = listed.split() if isinstance(listed, str) else None
    case_id = service.get_review(session, actor, review_id).case_id
    try:
        service.close_review(session, actor, review_id, list(entries.values()), seen=seen)
    except PlatformError as error:
        session.rollback()
        return review_page_with(request, session, actor, case_id, error, merging=entries)
    return redirect(f"/cases/{case_id}/review")
