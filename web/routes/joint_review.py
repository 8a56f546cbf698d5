"""Joint review: rounds, marks, opinions, merging."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from drawings import service
from project_box.kernel.errors import PlatformError
from web.deps import ActorDep, SessionDep, redirect, render
from web.routes.drawings import attachment, positive
from web.views import joint_review as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["joint review"])


class NewMark(BaseModel):
    """A mark: ``geometry`` as GeoJSON in drawing coordinates, or ``at`` for a point."""

    file: int = 1
    kind: str = "point"
    geometry: dict[str, Any] | None = None
    at: tuple[float, float] | None = None
    text: str
    severity: str = "general"
    clause: str = ""
    handle: str = ""


class NewOpinion(BaseModel):
    """A discipline's verdict: agree, modify or disagree."""

    verdict: str
    text: str = ""
    discipline: str | None = None


class Draft(BaseModel):
    """What has been typed so far."""

    verdict: str | None = None
    text: str = ""


class Merge(BaseModel):
    """Decisions about opinions and marks; what is not mentioned is kept."""

    entries: list[dict[str, Any]] = Field(default_factory=list, max_length=2000)


class Closing(BaseModel):
    """Why a mark is settled."""

    note: str = ""


@api.get("/cases/{case_id}/joint-review")
def joint_review(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """The newest round of a case: files, marks, opinions, standing; ``rounds`` lists all."""
    review = views.review_of_case(session, actor, case_id)
    return {
        **views.review_view(session, actor, review),
        "rounds": views.rounds_plain(session, actor, case_id),
    }


@api.get("/joint-reviews/{review_id}")
def one_review(session: SessionDep, actor: ActorDep, review_id: uuid.UUID) -> dict[str, Any]:
    """One round."""
    return views.review_view(session, actor, service.get_review(session, actor, review_id))


@api.get("/joint-reviews/{review_id}/marks.geojson", response_class=Response)
def marks_geojson(session: SessionDep, actor: ActorDep, review_id: uuid.UUID) -> Response:
    """All marks of a round as GeoJSON in drawing coordinates."""
    import json

    found = views.marks_geojson(session, actor, review_id)
    return attachment(
        json.dumps(found, ensure_ascii=False).encode(), f"{found['name']}.geojson", "application/geo+json"
    )


@api.get("/joint-reviews/{review_id}/files/{number}/marks.dxf", response_class=Response)
def marks_dxf(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, number: int) -> Response:
    """A copy of the drawing with the marks on layers of their own."""
    name, data = service.marked_copy(session, actor, review_id, number)
    return attachment(data, name, "image/vnd.dxf")


@api.post("/joint-reviews/{review_id}/marks", status_code=201)
def add_mark(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: NewMark) -> dict[str, Any]:
    """Place a mark."""
    geometry = new.geometry
    if geometry is None and new.at is not None:
        geometry = {"type": "Point", "coordinates": list(new.at)}
    mark = service.add_mark(
        session,
        actor,
        review_id,
        file_number=new.file,
        kind=new.kind,
        geometry=geometry,
        text=new.text,
        severity=new.severity,
        clause=new.clause,
        handle=new.handle,
    )
    return views.mark_plain(mark, {mark.file_id: new.file})


@api.post("/marks/{mark_id}/close")
def close_mark(session: SessionDep, actor: ActorDep, mark_id: uuid.UUID, closing: Closing) -> dict[str, Any]:
    """Close a settled mark of one's own discipline."""
    mark = service.close_mark(session, actor, mark_id, closing.note)
    return views.mark_plain(mark, {})


@api.put("/joint-reviews/{review_id}/draft")
def save_draft(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, draft: Draft) -> dict[str, Any]:
    """Keep what has been typed so far."""
    saved = service.save_draft(session, actor, review_id, verdict=draft.verdict, text=draft.text)
    return {"saved_at": saved.saved_at.isoformat()}


@api.post("/joint-reviews/{review_id}/opinions", status_code=201)
def give_opinion(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: NewOpinion
) -> dict[str, Any]:
    """Submit one's discipline's opinion."""
    opinion = service.give_opinion(
        session, actor, review_id, verdict=new.verdict, text=new.text, discipline=new.discipline
    )
    return views.opinion_plain(opinion)


@api.post("/joint-reviews/{review_id}/merge")
def merge(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: Merge) -> dict[str, Any]:
    """Merge the opinions into the joint opinion and close the round."""
    review = service.close_review(session, actor, review_id, new.entries)
    return views.review_view(session, actor, review)


@pages.get("/cases/{case_id}/review")
def review_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    round: str = "",
    file: str = "",
) -> Response:
    """Joint review: sheet, marks, opinions of all disciplines, merging."""
    return _review_page(request, session, actor, case_id, None, wanted=positive(round), file=file)


def _review_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    error: PlatformError | None,
    *,
    wanted: int | None = None,
    file: str = "",
) -> Response:
    review = views.review_of_case(session, actor, case_id)
    if wanted is not None:
        review = next(
            (r for r in service.reviews_of_case(session, actor, case_id) if r.round == wanted), review
        )
    view = views.review_view(session, actor, review)
    shown = next((f for f in view["files"] if file == str(f["n"])), None) or next(
        (f for f in view["files"] if f["kind"] == "site_plan"), view["files"][0] if view["files"] else None
    )
    return render(
        request,
        "drawings/review.html",
        status=error.status if error else 200,
        review=view,
        shown=shown,
        rounds=views.rounds_plain(session, actor, case_id),
        error=error,
    )


@pages.post("/joint-reviews/{review_id}/opinions")
def opinion_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    review_id: uuid.UUID,
    verdict: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Submit an opinion by form."""
    case_id = service.get_review(session, actor, review_id).case_id
    try:
        service.give_opinion(session, actor, review_id, verdict=verdict, text=text)
    except PlatformError as error:
        session.rollback()
        return _review_page(request, session, actor, case_id, error)
    return redirect(f"/cases/{case_id}/review")


@pages.post("/joint-reviews/{review_id}/merge")
async def merge_form(
    request: Request, session: SessionDep, actor: ActorDep, review_id: uuid.UUID
) -> Response:
    """Merge by form: ``fate:<source>``, ``reason:<source>``, ``text:<source>``, ``into:<source>`` of every entry."""
    form = await request.form()
    entries: dict[str, dict[str, Any]] = {}
    for key, value in form.multi_items():
        field, colon, source = key.partition(":")
        if colon and field in ("fate", "reason", "text", "into") and isinstance(value, str):
            entries.setdefault(source, {"source": source})[field] = value
    case_id = service.get_review(session, actor, review_id).case_id
    try:
        service.close_review(session, actor, review_id, list(entries.values()))
    except PlatformError as error:
        session.rollback()
        return _review_page(request, session, actor, case_id, error)
    return redirect(f"/cases/{case_id}/review")
