"""Drawings of a project, sheets, and joint review."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field

from drawings import hand_in_service, service
from drawings.models import HandIn, Revision
from project_box.kernel.errors import BadInput, PlatformError, TooLarge
from project_box.kernel.settings import get_settings
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import compare
from web.views import drawings as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["drawings"])


def _chosen(files: list[UploadFile]) -> list[tuple[str, UploadFile]]:
    """Files of a form that hold something, within the limit; they lie on disk, not in memory."""
    found = [(f.filename or "drawing.dxf", f) for f in files if f.filename or f.size]
    limit = get_settings().max_upload_bytes
    if sum(f.size or 0 for _, f in found) > limit:
        raise TooLarge(
            f"一次提交的文件合计超过 {limit // 1_000_000} MB", "files too large together", place="files"
        )
    return found


def _submit(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    files: list[UploadFile],
    standard: str,
    unit: str,
) -> Revision | HandIn:
    """Read the drawings now, or keep them for the worker if they are large."""
    chosen = _chosen(files)
    known = _unit(unit)
    if sum(f.size or 0 for _, f in chosen) > get_settings().background_bytes:
        streams = [(name, f.file) for name, f in chosen]
        return hand_in_service.keep_hand_in(
            session, actor, project_id, streams, standard=standard or None, unit=known
        )
    data = [(name, f.file.read()) for name, f in chosen]
    return service.submit_revision(session, actor, project_id, data, standard=standard or None, unit=known)


@api.post(
    "/projects/{project_id}/drawings",
    status_code=201,
    responses={202: {"description": "large files: the worker reads them; `status` says where to ask"}},
)
def submit_drawings(
    session: SessionDep,
    actor: ActorDep,
    response: Response,
    project_id: uuid.UUID,
    files: Annotated[
        list[UploadFile],
        File(description="DXF, DWG or IFC drawings, ZIP archives, at most one XLSX side table"),
    ],
    standard: Annotated[str, Form()] = "",
    unit: Annotated[str, Form()] = "",
) -> dict[str, Any]:
    """Hand in a set of drawings as the next revision; a large set is read by the worker (202)."""
    made = _submit(session, actor, project_id, files, standard, unit)
    if isinstance(made, HandIn):
        response.status_code = 202
        plain = views.hand_in_plain(made)
        response.headers["location"] = plain["status"]
        return plain
    return views.revision_plain(made)


@api.get("/projects/{project_id}/hand-ins/{hand_in_id}")
def hand_in(
    session: SessionDep, actor: ActorDep, project_id: uuid.UUID, hand_in_id: uuid.UUID
) -> dict[str, Any]:
    """How far the reading of a large hand-in has come; ``revision`` once it is done, ``error`` if it failed."""
    return views.hand_in_plain(hand_in_service.get_hand_in(session, actor, project_id, hand_in_id))


def _unit(text: str) -> str | None:
    from drawings.reading import reading

    if not text:
        return None
    if text not in reading().units.metres:
        raise BadInput(
            f"不认识的单位“{text[:20]}”",
            "unknown unit",
            place="unit",
            remedy="可选 m、mm、cm",
            remedy_en="choose m, mm or cm",
        )
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
    """Differences of two revisions (the newest two if left out), shape by shape and word by word."""
    return compare.compare_plain(session, actor, project_id, before, after)


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
    from drawings.areas.area_workbook import area_workbook
    from project_box import service as box

    project = box.get_project(session, actor, project_id)
    found, table = service.revision_areas(session, actor, project_id, revision)
    title = f"{project.name} 图纸第 {found.number} 版"
    return attachment(
        area_workbook(table, title),
        f"{title}-建筑面积统计表.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )


@api.get("/projects/{project_id}/drawings/areas.pdf", response_class=Response)
def area_pdf_file(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    revision: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """The same table as PDF."""
    name, data = service.area_pdf(session, actor, project_id, revision)
    return attachment(data, name, "application/pdf")


class RepairDecisions(BaseModel):
    """``accepted``: ids; ``refused``: id → reason (may be empty). What is in neither stays open."""

    accepted: list[str] = Field(default_factory=list, max_length=2000)
    refused: dict[str, str] = Field(default_factory=dict, max_length=2000)


@api.post("/revisions/{revision_id}/repairs", status_code=201)
def decide_repairs(
    session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, decided: RepairDecisions
) -> dict[str, Any]:
    """Accept or refuse proposed repairs; with accepted ones the files are read again as the next revision."""
    made = service.decide_repairs(session, actor, revision_id, decided.accepted, decided.refused)
    return views.revision_plain(made)


@pages.post("/revisions/{revision_id}/repairs")
async def decide_repairs_page(
    request: Request, session: SessionDep, actor: ActorDep, revision_id: uuid.UUID
) -> Response:
    """By form: ``repair:<id>`` is ``accept``, ``refuse`` or empty, ``reason:<id>`` why it is refused."""
    form = await request.form()
    fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    chosen = {k.removeprefix("repair:"): v for k, v in fields.items() if k.startswith("repair:")}
    refused = {i: fields.get(f"reason:{i}", "") for i, v in chosen.items() if v == "refuse"}
    project_id = service.get_revision(session, actor, revision_id).project_id
    try:
        service.decide_repairs(
            session, actor, revision_id, [i for i, v in chosen.items() if v == "accept"], refused
        )
    except PlatformError as error:
        session.rollback()
        view = views.drawings_view(session, actor, project_id)
        return render(
            request, "drawings/show.html", status=error.status, active="drawings", error=error, **view
        )
    return redirect(f"/projects/{project_id}/drawings#repairs")


@api.get("/revisions/{revision_id}/sealed-set.zip", response_class=Response)
def sealed_set(session: SessionDep, actor: ActorDep, revision_id: uuid.UUID) -> Response:
    """封存图纸: all files of a revision that passed joint review, with their hashes; 409 for any other revision."""
    name, data = service.drawing_set(session, actor, revision_id)
    return attachment(data, name, "application/zip")


def attachment(data: bytes, name: str, media_type: str) -> Response:
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


@api.get("/revisions/{revision_id}/files/{number}/audit.dxf", response_class=Response)
def audit_file(session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int) -> Response:
    """A copy of the drawing with its findings and open repairs on layers of their own (``PB_AUDIT_…``)."""
    name, data = service.audited_copy(session, actor, revision_id, number)
    return attachment(data, name, "image/vnd.dxf")


@api.get("/revisions/{revision_id}/files/{number}/sheet.geojson", response_class=Response)
def sheet(
    request: Request, session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int
) -> Response:
    """The sheet as GeoJSON in drawing units: handle, layer, role, colour, text of every entity."""
    file = service.get_revision_file(session, actor, revision_id, number)
    headers = _sheet_headers(file.sha256, "geojson")
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    body = json.dumps(service.sheet_geojson(session, file), ensure_ascii=False, separators=(",", ":"))
    return Response(body, media_type="application/geo+json", headers=headers)


@api.get("/revisions/{revision_id}/files/{number}/sheet.bin", response_class=Response)
def sheet_pack(
    request: Request, session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int
) -> Response:
    """The same sheet as the viewer loads it: a JSON header and typed arrays, made once when it was handed in."""
    file = service.get_revision_file(session, actor, revision_id, number)
    headers = _sheet_headers(file.sha256, "pack1")
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    packed = service.packed_sheet(session, file)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    else:
        packed = gzip.decompress(packed)
    return Response(packed, media_type="application/octet-stream", headers=headers)


@api.get("/revisions/{revision_id}/files/{number}/map.geojson")
def sheet_map(session: SessionDep, actor: ActorDep, revision_id: uuid.UUID, number: int) -> dict[str, Any]:
    """Plan layers around the drawing in its own units; empty when nothing says where it lies."""
    return service.underlay(session, actor, service.get_revision_file(session, actor, revision_id, number))


def _sheet_headers(sha256: str, form: str) -> dict[str, str]:
    return {
        "etag": f'"{sha256[:32]}-{form}"',
        "cache-control": "private, no-cache",
        "vary": "accept-encoding",
    }


@api.get("/drawing-standards")
def standards(actor: ActorDep) -> dict[str, Any]:
    """Drawing standards with their layer rules."""
    from drawings.standards.standards import load_standards

    return {"standards": [s.model_dump(mode="json") for s in load_standards().values()]}


# --- pages ------------------------------------------------------------------------------------------------------------


def positive(text: str) -> int | None:
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
    view = views.drawings_view(session, actor, project_id, number=positive(revision), file=file or None)
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
    view = compare.compare_view(session, actor, project_id, positive(before), positive(after), positive(file))
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
        _submit(session, actor, project_id, files or [], standard, unit)
    except PlatformError as error:
        session.rollback()
        view = views.drawings_view(session, actor, project_id)
        return render(
            request, "drawings/show.html", status=error.status, active="drawings", error=error, **view
        )
    return redirect(f"/projects/{project_id}/drawings")
