"""Joint review: rounds, marks, opinions, merging."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field

from drawings import service
from drawings.review.photo import LARGEST_BYTES
from project_box import service as box
from project_box.kernel.errors import NotFound, PlatformError
from web.deps import ActorDep, SessionDep, redirect, render
from web.routes.drawings import attachment, positive
from web.views import joint_review as views
from web.views import review_changes as changed
from web.views.completeness import completeness_plain

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
    photo: uuid.UUID | None = None


class MarkEdit(BaseModel):
    """Changes of a mark; ``version`` as it was shown."""

    version: int
    text: str | None = None
    severity: str | None = None
    clause: str | None = None
    geometry: dict[str, Any] | None = None


class NewReply(BaseModel):
    """The design side's answer to ``opinion:<id>`` or ``mark:<id>``."""

    source: str
    text: str


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


class ReplyDraft(BaseModel):
    """Replies typed so far: source → text."""

    replies: dict[str, str] = Field(default_factory=dict, max_length=2000)


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
def marks_geojson(
    session: SessionDep,
    actor: ActorDep,
    review_id: uuid.UUID,
    coordinates: Literal["drawing", "map"] = "drawing",
) -> Response:
    """All marks of a round as GeoJSON in drawing coordinates, or those whose place is known in map coordinates."""
    found = views.marks_geojson(session, actor, review_id, on_map=coordinates == "map")
    return attachment(
        json.dumps(found, ensure_ascii=False).encode(), f"{found['name']}.geojson", "application/geo+json"
    )


@api.get("/joint-reviews/{review_id}/files/{number}/marks.dxf", response_class=Response)
def marks_dxf(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, number: int) -> Response:
    """A copy of the drawing with the marks on layers of their own."""
    name, data = service.marked_copy(session, actor, review_id, number)
    return attachment(data, name, "image/vnd.dxf")


@api.get("/joint-reviews/{review_id}/review-sheet.pdf", response_class=Response)
def review_sheet(session: SessionDep, actor: ActorDep, review_id: uuid.UUID) -> Response:
    """审图意见单: the drawings with their marks and the list of opinions."""
    name, data = service.review_sheet(session, actor, review_id)
    return attachment(data, name, "application/pdf")


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
        photo=new.photo,
    )
    return views.mark_plain(mark, {mark.file_id: new.file})


@api.patch("/marks/{mark_id}")
def edit_mark(session: SessionDep, actor: ActorDep, mark_id: uuid.UUID, edit: MarkEdit) -> dict[str, Any]:
    """Change a mark; 409 with both texts when somebody has saved it since ``version`` was shown."""
    mark = service.edit_mark(
        session,
        actor,
        mark_id,
        version=edit.version,
        text=edit.text,
        severity=edit.severity,
        clause=edit.clause,
        geometry=edit.geometry,
    )
    return views.mark_plain(mark, {})


@api.post("/joint-reviews/{review_id}/photos", status_code=201)
def add_photo(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, photo: Annotated[UploadFile, File()]
) -> dict[str, Any]:
    """Keep a photo (JPEG or PNG, up to 10 MB) for a mark; what the camera wrote about place and owner is removed."""
    data = photo.file.read(LARGEST_BYTES + 1)
    kept = service.keep_photo(session, actor, review_id, photo.filename or "photo.jpg", data)
    return {"photo": str(kept.id), "size": kept.size, "media_type": kept.media_type}


@api.get("/joint-reviews/{review_id}/photos/{file_id}", response_class=Response)
def photo(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, file_id: uuid.UUID) -> Response:
    """A photo of a mark."""
    service.get_review(session, actor, review_id)
    kept = box.get_file(session, actor, file_id)
    if kept.media_type not in ("image/jpeg", "image/png"):
        raise NotFound("没有这张照片", "no such photo")
    headers = {
        "cache-control": "private, max-age=86400",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(box.read_file(session, actor, file_id), media_type=kept.media_type, headers=headers)


@api.put("/joint-reviews/{review_id}/mark-draft")
def save_mark_draft(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, content: dict[str, Any]
) -> dict[str, Any]:
    """Keep the mark one has begun; an empty one is forgotten."""
    service.get_review(session, actor, review_id)
    if not content:
        service.drop_draft(session, actor, review_id, service.Part.MARK)
        return {"saved_at": None}
    return {"saved_at": service.save_mark_draft(session, actor, review_id, content).isoformat()}


@api.put("/joint-reviews/{review_id}/edit-draft")
def save_edit_draft(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, content: dict[str, Any]
) -> dict[str, Any]:
    """Keep the change of a mark one has begun; an empty one is forgotten."""
    service.get_review(session, actor, review_id)
    if not content:
        service.drop_draft(session, actor, review_id, service.Part.EDIT)
        return {"saved_at": None}
    return {"saved_at": service.save_edit_draft(session, actor, review_id, content).isoformat()}


@api.post("/joint-reviews/{review_id}/replies", status_code=201)
def add_reply(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, new: NewReply) -> dict[str, Any]:
    """Answer an opinion or mark in writing."""
    return views.reply_plain(service.reply(session, actor, review_id, new.source, new.text))


@api.put("/joint-reviews/{review_id}/reply-draft")
def save_reply_draft(
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, draft: ReplyDraft
) -> dict[str, Any]:
    """Keep replies as they are typed."""
    return {"saved_at": service.save_reply_draft(session, actor, review_id, draft.replies).isoformat()}


@api.get("/joint-reviews/{review_id}/replies")
def replies(session: SessionDep, actor: ActorDep, review_id: uuid.UUID) -> dict[str, Any]:
    """What has to be answered, with the replies given."""
    points = views.points_plain(session, service.get_review(session, actor, review_id))
    return {"points": points, "unanswered": sum(p["reply"] is None for p in points)}


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
    session: SessionDep, actor: ActorDep, review_id: uuid.UUID, draft: MergeDraft
) -> dict[str, Any]:
    """Keep how far merging has come."""
    return {"saved_at": service.save_merge_draft(session, actor, review_id, draft.entries).isoformat()}


@api.get("/joint-reviews/{review_id}/changes")
def changes(
    session: SessionDep,
    actor: ActorDep,
    review_id: uuid.UUID,
    file: Annotated[int | None, Query(ge=1)] = None,
) -> dict[str, Any]:
    """What changed since the round before; ``file`` adds the differences on that sheet as GeoJSON."""
    return changed.changes_plain(session, actor, review_id, file)


@pages.get("/joint-reviews/{review_id}/changes")
def changes_part(
    request: Request, session: SessionDep, actor: ActorDep, review_id: uuid.UUID, file: str = ""
) -> Response:
    """The same as a part of the page of the review."""
    shown = positive(file)
    found = changed.changes_plain(session, actor, review_id, shown)
    return render(request, "drawings/_changes.html", changes=found, shown=shown)


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
    return review_page_with(request, session, actor, case_id, None, wanted=positive(round), file=file)


def review_page_with(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    error: PlatformError | None,
    *,
    wanted: int | None = None,
    file: str = "",
    merging: Mapping[str, Mapping[str, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of a case's review, with an error to show.

    Args:
        merging: what was typed about each entry. typed: the opinion that was refused.
    """
    review = views.review_of_case(session, actor, case_id)
    if wanted is not None:
        review = next(
            (r for r in service.reviews_of_case(session, actor, case_id) if r.round == wanted), review
        )
    view = views.review_view(session, actor, review)
    if merging is not None and view["me"]["can_merge"]:
        view["merge"] = views.merge_lines(view["disciplines"], view["marks"], merging)
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
        completeness=completeness_plain(session, actor, review.id),
        error=error,
        typed=typed,
    )


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
        service.drop_reply_draft(session, actor, review_id)
    except PlatformError as error:
        session.rollback()
        return review_page_with(request, session, actor, review.case_id, error)
    return redirect(f"/cases/{review.case_id}/review?round={review.round}#replies")
