"""Marks of a joint review: placing, changing, closing, photos, and the files they go out in."""

from __future__ import annotations

import json
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel

from drawings import service
from drawings.review.photo import LARGEST_BYTES
from project_box import service as box
from project_box.kernel.errors import NotFound
from web.deps import ActorDep, SessionDep
from web.routes.drawings import attachment
from web.routes.review_drafts import WindowDep
from web.views import joint_review as views

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


class Closing(BaseModel):
    """Why a mark is settled."""

    note: str = ""


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


@api.post("/marks/{mark_id}/close")
def close_mark(session: SessionDep, actor: ActorDep, mark_id: uuid.UUID, closing: Closing) -> dict[str, Any]:
    """Close a settled mark of one's own discipline."""
    mark = service.close_mark(session, actor, mark_id, closing.note)
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
    session: SessionDep,
    actor: ActorDep,
    review_id: uuid.UUID,
    content: dict[str, Any],
    window: WindowDep,
) -> dict[str, Any]:
    """Keep the mark one has begun on a file (``file``, 1 if not given); one that says nothing else is forgotten."""
    return {"saved_at": service.save_mark_draft(session, actor, review_id, content, window).isoformat()}


@api.put("/joint-reviews/{review_id}/edit-draft")
def save_edit_draft(
    session: SessionDep,
    actor: ActorDep,
    review_id: uuid.UUID,
    content: dict[str, Any],
    window: WindowDep,
) -> dict[str, Any]:
    """Keep the change of a mark (``mark``) one has begun; one that says nothing else is forgotten."""
    return {"saved_at": service.save_edit_draft(session, actor, review_id, content, window).isoformat()}
