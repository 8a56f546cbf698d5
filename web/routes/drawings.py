"""Drawings of a project, sheets, and joint review."""

from __future__ import annotations

import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field

from drawings import service
from project_box.kernel.errors import BadInput, PlatformError, TooLarge
from project_box.kernel.settings import get_settings
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import drawings as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["drawings"])


def _uploads(files: list[UploadFile]) -> list[tuple[str, bytes]]:
    limit = get_settings().max_upload_bytes
    out: list[tuple[str, bytes]] = []
    total = 0
    for file in files:
        if not file.filename and not file.size:
            continue  # an empty file field of a form
        data = file.file.read(limit - total + 1)
        total += len(data)
        if total > limit:
            raise TooLarge(
                f"一次提交的文件合计超过 {limit // 1_000_000} MB", "files too large together", place="files"
            )
        out.append((file.filename or "drawing.dxf", data))
    return out


@api.post("/projects/{project_id}/drawings", status_code=201)
def submit_drawings(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    files: Annotated[list[UploadFile], File(description="DXF or DWG drawings, at most one XLSX side table")],
    standard: Annotated[str, Form()] = "",
    unit: Annotated[str, Form()] = "",
) -> dict[str, Any]:
    """Hand in a set of drawings as the next revision."""
    revision = service.submit_revision(
        session, actor, project_id, _uploads(files), standard=standard or None, unit=_unit(unit)
    )
    return views.revision_plain(revision)


def _unit(text: str) -> str | None:
    from drawings.reading import reading

    if not text:
        return None
    if text not in reading().units.metres:
        raise BadInput(f"不认识的单位“{text[:20]}”", "unknown unit", place="unit", remedy="可选 m、mm、cm")
    return text


@api.get("/projects/{project_id}/drawings")
def show_drawings(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest revision: files, issues, summary."""
    return views.drawings_plain(session, actor, project_id)


@api.get("/projects/{project_id}/drawings/compare")
def compare_drawings(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    before: Annotated[int | None, Query(alias="from", ge=1)] = None,
    after: Annotated[int | None, Query(alias="to", ge=1)] = None,
) -> dict[str, Any]:
    """Differences of two revisions (the newest two if left out): added, removed, moved, reshaped, attributes."""
    return views.compare_plain(session, actor, project_id, before, after)


@api.get("/projects/{project_id}/drawings/areas")
def area_table(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    revision: Annotated[int | None, Query(ge=1)] = None,
) -> dict[str, Any]:
    """建筑面积统计表: building, floors, use and kind, area, coefficient, counted area; totals exact."""
    return views.areas_plain(session, actor, project_id, revision)


@api.get("/projects/{project_id}/drawings/areas.xlsx", response_class=Response)
def area_workbook_file(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    revision: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """The same table as an Excel workbook."""
    from drawings.area_workbook import area_workbook
    from project_box import service as box

    project = box.get_project(session, actor, project_id)
    found, table = service.revision_areas(session, actor, project_id, revision)
    title = f"{project.name} 图纸第 {found.number} 版"
    return _attachment(
        area_workbook(table, title),
        f"{title}-建筑面积统计表.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


def _attachment(data: bytes, name: str, media_type: str) -> Response:
    return Response(
        data,
        media_type=media_type,
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "cache-control": "private, no-store",
        },
    )


@api.get("/revisions/{revision_id}")
def show_revision(session: SessionDep, actor: ActorDep, revision_id: uuid.UUID) -> dict[str, Any]:
    """One revision."""
    return views.revision_plain(service.get_revision(session, actor, revision_id))


@api.get("/revisions/{revision_id}/files/{number}")
def show_file(session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int) -> dict[str, Any]:
    """Full report of one file: units, sheets, layers, roles, areas, dimensions, issues."""
    file = service.get_revision_file(session, actor, revision_id, number)
    return {**views.file_plain(file), "report": file.report}


@api.get("/revisions/{revision_id}/files/{number}/sheet.geojson", response_class=Response)
def sheet(
    request: Request, session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int
) -> Response:
    """The sheet as GeoJSON in drawing units: handle, layer, role, colour, text of every entity."""
    file = service.get_revision_file(session, actor, revision_id, number)
    tag = f'"{file.sha256[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            service.packed_sheet(session, file),
            media_type="application/geo+json",
            headers={**headers, "content-encoding": "gzip"},
        )
    import gzip

    return Response(
        gzip.decompress(service.packed_sheet(session, file)),
        media_type="application/geo+json",
        headers=headers,
    )


@api.get("/drawing-standards")
def standards(actor: ActorDep) -> dict[str, Any]:
    """Drawing standards with their layer rules."""
    from drawings.standards import load_standards

    return {"standards": [s.model_dump(mode="json") for s in load_standards().values()]}


# --- joint review -----------------------------------------------------------------------------------------------------


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
    return _attachment(
        json.dumps(found, ensure_ascii=False).encode(), f"{found['name']}.geojson", "application/geo+json"
    )


@api.get("/joint-reviews/{review_id}/files/{number}/marks.dxf", response_class=Response)
def marks_dxf(session: SessionDep, actor: ActorDep, review_id: uuid.UUID, number: int) -> Response:
    """A copy of the drawing with the marks on layers of their own."""
    name, data = service.marked_copy(session, actor, review_id, number)
    return _attachment(data, name, "image/vnd.dxf")


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


# --- pages ------------------------------------------------------------------------------------------------------------


def _positive(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


@pages.get("/projects/{project_id}/drawings")
def drawings_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    revision: str = "",
    file: str = "",
) -> Response:
    """Upload, issues with their places, layers and roles, the sheet."""
    view = views.drawings_view(session, actor, project_id, number=_positive(revision), file=file or None)
    return render(request, "drawings/show.html", active="drawings", error=None, **view)


@pages.get("/projects/{project_id}/drawings/compare")
def compare_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    before: Annotated[str, Query(alias="from")] = "",
    after: Annotated[str, Query(alias="to")] = "",
    file: str = "",
) -> Response:
    """Two revisions side by side: totals, differences with their places, the sheet with the differences on it."""
    view = views.compare_view(
        session, actor, project_id, _positive(before), _positive(after), _positive(file)
    )
    return render(request, "drawings/compare.html", active="drawings", **view)


@pages.post("/projects/{project_id}/drawings")
def submit_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    files: Annotated[list[UploadFile] | None, File()] = None,
    standard: Annotated[str, Form()] = "",
    unit: Annotated[str, Form()] = "",
) -> Response:
    """Hand in drawings by form; when they cannot be used the page says why."""
    try:
        service.submit_revision(
            session, actor, project_id, _uploads(files or []), standard=standard or None, unit=_unit(unit)
        )
    except PlatformError as error:
        session.rollback()
        view = views.drawings_view(session, actor, project_id)
        return render(
            request, "drawings/show.html", status=error.status, active="drawings", error=error, **view
        )
    return redirect(f"/projects/{project_id}/drawings")


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
    return _review_page(request, session, actor, case_id, None, wanted=_positive(round), file=file)


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
