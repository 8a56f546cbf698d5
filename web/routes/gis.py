"""Site boundary, multi-plan check, plan layers and map."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Body, Form, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile as StarletteUpload

from gis import service
from gis.check import report as map_report
from gis.check.conflict import Intent
from gis.check.use_rules import parse_uses
from gis.differences import version_change_service
from gis.source_crs import parse_crs
from project_box import service as box
from project_box.kernel.errors import BadInput, NotFound, PlatformError
from project_box.kernel.identity import Actor
from project_box.models import Result
from web.deps import ActorDep, SessionDep, redirect, render
from web.i18n import current_locale
from web.views import gis as views
from web.views import map as map_views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["gis"])

VertexQuery = Annotated[str, Query(max_length=300, description="J5, J5,2 (ring 2) or coordinates")]

#: the report carries its own scripts; it may run them, but may reach nothing
_REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-scripts"
)
_BOUNDARY_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "crs": {
                            "type": "string",
                            "description": "EPSG (or gcj02, a city grid), when the file does not say",
                        },
                        "accept": {
                            "type": "string",
                            "description": "ids of accepted repairs, comma-separated; or all",
                        },
                    },
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["geojson", "crs"],
                    "properties": {"geojson": {"type": "object"}, "crs": {"type": "integer"}},
                }
            },
        },
    }
}


# --- boundary --------------------------------------------------------------------------------------------------------


@api.post("/projects/{project_id}/boundary", status_code=201, openapi_extra=_BOUNDARY_BODY)
async def post_boundary(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID
) -> dict[str, Any]:
    """Hand in a boundary: a file (multipart ``file``, ``crs``) or a drawing (JSON ``geojson``, ``crs``)."""
    if "json" in request.headers.get("content-type", ""):
        document = await _json_object(request)
        geojson, crs = document.get("geojson"), document.get("crs")
        if not isinstance(geojson, dict):
            raise BadInput("请提供 geojson", "geojson is missing", code="required", place="geojson")
        if isinstance(crs, bool) or not isinstance(crs, int):
            raise BadInput(
                "请指明坐标系（crs，EPSG 代码）", "state crs as an EPSG code", code="CRS-UNKNOWN", place="crs"
            )
        drawn = await run_in_threadpool(
            service.record_drawn_boundary, session, actor, project_id, geojson, crs
        )
        return views.recorded_view(drawn)
    form = await request.form()
    upload, typed = form.get("file"), form.get("crs")
    if not isinstance(upload, StarletteUpload):
        raise BadInput(
            "请选择红线文件",
            "file is missing",
            code="required",
            place="file",
            remedy="选择文件后再上传",
            remedy_en="choose a file, then upload",
        )
    stated = parse_crs(typed if isinstance(typed, str) else None)
    asked = form.get("accept")
    accept = [a for a in asked.split(",") if a.strip()] if isinstance(asked, str) else []
    data = await upload.read()
    name = upload.filename or "boundary"
    result = await run_in_threadpool(
        lambda: service.record_boundary(session, actor, project_id, name, data, stated, accept=accept)
    )
    return views.recorded_view(result)


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise BadInput("请求内容不是有效的 JSON", "the body is not JSON", code="malformed_request") from error
    if not isinstance(document, dict):
        raise BadInput("请求内容应为 JSON 对象", "the body must be a JSON object", code="malformed_request")
    return document


@api.get("/projects/{project_id}/boundary")
def get_boundary(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest boundary of a project."""
    return views.boundary_view(session, actor, project_id)


@api.get("/projects/{project_id}/boundary/points")
def get_points(
    session: SessionDep, actor: ActorDep, project_id: uuid.UUID, vertex: VertexQuery = ""
) -> dict[str, Any]:
    """The numbered 界址点 of the newest boundary; ``asked`` are those ``vertex`` (``J5``) names."""
    return views.points_view(session, actor, project_id, vertex)


@pages.get("/projects/{project_id}/site")
def site_page(
    request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID, vertex: VertexQuery = ""
) -> Response:
    """The site's boundary on the map, ``?vertex=J5`` with that 界址点 lit; upload or draw."""
    view = views.site_view(session, actor, project_id, vertex=vertex)
    return render(request, "gis/site.html", active="site", error=None, values={}, **view)


@pages.post("/projects/{project_id}/site")
def upload_site(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    file: UploadFile | None = None,
    crs: Annotated[str, Form()] = "",
    other_crs: Annotated[str, Form()] = "",
) -> Response:
    """Hand in a boundary file by form; one refused for faults that can be repaired is kept beside the proposals."""
    data = file.file.read() if file is not None and file.filename else b""

    def act() -> Result:
        if file is None or not file.filename:
            raise BadInput(
                "请选择红线文件",
                "no file chosen",
                code="required",
                place="file",
                remedy="选择文件后再上传",
                remedy_en="choose a file, then upload",
            )
        stated = parse_crs(other_crs) or parse_crs(crs)
        return service.record_boundary(session, actor, project_id, file.filename, data, stated)

    def keep(refused: BadInput) -> uuid.UUID | None:
        if not refused.details.get("repairs") or file is None or not file.filename:
            return None
        return service.keep_attempt(session, actor, project_id, file.filename, data).id

    values = {"crs": crs, "other_crs": other_crs}
    return _handed_in(request, session, actor, project_id, act, values, keep)


@pages.post("/projects/{project_id}/site/repairs")
def accept_repairs(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    file_id: Annotated[uuid.UUID, Form()],
    accept: Annotated[list[str] | None, Form()] = None,
    crs: Annotated[str, Form()] = "",
) -> Response:
    """Accept repair proposals for a file handed in before; what was accepted, by whom and when is recorded."""

    def act() -> Result:
        if not accept:
            raise BadInput(
                "没有勾选修复建议",
                "no repair is chosen",
                code="required",
                place="accept",
                remedy="勾选要接受的修复建议，或改正文件后重新上传",
                remedy_en="tick the repairs you accept, or correct the file and upload it again",
            )
        return service.record_repaired(session, actor, project_id, file_id, parse_crs(crs), accept)

    def keep(refused: BadInput) -> uuid.UUID:
        return file_id

    return _handed_in(request, session, actor, project_id, act, {"crs": crs}, keep)


@api.post("/projects/{project_id}/boundary/repairs", status_code=201)
def post_repairs(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    file_id: Annotated[uuid.UUID, Body()],
    accept: Annotated[list[str], Body(min_length=1)],
    crs: Annotated[str | int | None, Body()] = None,
) -> dict[str, Any]:
    """Accept repair proposals for a file of this project (``accept``: ids, or ``["all"]``)."""
    stated = parse_crs(str(crs)) if crs is not None else None
    return views.recorded_view(service.record_repaired(session, actor, project_id, file_id, stated, accept))


@api.get("/projects/{project_id}/boundary/repairs")
def get_repairs(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """Repair proposals for the newest boundary (gaps, slivers, spikes that did not prevent its use)."""
    return views.repairs_view(session, actor, project_id)


@pages.post("/projects/{project_id}/site/draw")
def draw_site(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    geojson: Annotated[str, Form()] = "",
    crs: Annotated[str, Form()] = "",
) -> Response:
    """Hand in a boundary drawn on the map (or typed as coordinates)."""

    def act() -> Result:
        try:
            document = json.loads(geojson)
        except (ValueError, RecursionError):
            document = None
        stated = parse_crs(crs)
        if not isinstance(document, dict) or stated is None:
            raise BadInput(
                "还没有绘制用地红线",
                "nothing was drawn",
                code="required",
                place="geojson",
                remedy="在图上绘制，或填写界址点坐标",
                remedy_en="draw on the map, or enter the coordinates of the points",
            )
        return service.record_drawn_boundary(session, actor, project_id, document, stated)

    return _handed_in(request, session, actor, project_id, act, {})


def _handed_in(
    request: Request,
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    act: Callable[[], Result],
    values: dict[str, str],
    keep: Callable[[BadInput], uuid.UUID | None] = lambda refused: None,
) -> Response:
    try:
        act()
    except BadInput as error:
        session.rollback()
        kept = keep(error)
        stated = parse_crs(values.get("other_crs")) or parse_crs(values.get("crs")) if kept else None
        view = views.site_view(session, actor, project_id, refused=error, kept=kept, stated=stated)
        return render(
            request, "gis/site.html", status=error.status, active="site", error=error, values=values, **view
        )
    return redirect(f"/projects/{project_id}/site")


def _attachment(data: bytes, media_type: str, name: str, **headers: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(
        data,
        media_type=media_type,
        headers={"content-disposition": disposition, "cache-control": "private, no-store", **headers},
    )


@pages.get("/projects/{project_id}/site/boundary.{extension}")
def boundary_file(session: SessionDep, actor: ActorDep, project_id: uuid.UUID, extension: str) -> Response:
    """The boundary as a file: txt (界址点, GBK), dxf, geojson, gpkg, zip (SHP) or kml."""
    return _exported(session, actor, project_id, extension)


@api.get("/projects/{project_id}/boundary/export")
def export_boundary_file(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    format_name: Annotated[
        str, Query(alias="format", description="txt, dxf, geojson, gpkg, shp or kml")
    ] = "geojson",
) -> Response:
    """The newest boundary as a file, in its own CRS (KML: WGS 84); it reads back to the millimetre."""
    return _exported(session, actor, project_id, format_name)


def _exported(session: Session, actor: Actor, project_id: uuid.UUID, format_name: str) -> Response:
    project = box.get_project(session, actor, project_id)
    written = service.export_boundary(session, actor, project_id, format_name)
    what = "界址点" if written.format == "TXT" else "用地红线"
    return _attachment(written.data, written.media_type, f"{project.name}-{what}.{written.extension}")


# --- multi-plan check ------------------------------------------------------------------------------------------------


@api.post("/projects/{project_id}/conflict-check")
def post_check(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    height_m: Annotated[float | None, Body(description="top elevation of the buildings, m")] = None,
    building_m: Annotated[
        float | None, Body(ge=0, le=2000, description="height of the highest building above ground, m")
    ] = None,
    ground_m: Annotated[
        float | None, Body(ge=-500, le=9000, description="elevation of that ground, m")
    ] = None,
    use: Annotated[str, Body(max_length=200, description="intended uses: 0701 or 0701:90;0901:10 (%)")] = "",
) -> dict[str, Any]:
    """Check the boundary against every plan layer; the report and the planning conditions go into the box."""
    intent = Intent(building_m, ground_m, parse_uses(use))
    result = service.run_conflict_check(session, actor, project_id, height_m=height_m, intent=intent)
    return views.checked_view(result)


@api.get("/projects/{project_id}/conflict-check")
def get_check(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest report."""
    return views.check_payload(session, actor, project_id)


def _report(session: Session, actor: Actor, project_id: uuid.UUID) -> Response:
    project = box.get_project(session, actor, project_id)
    result = box.latest_result(session, actor, project_id, "conflict_report")
    geometry = box.result_geometry(result) if result is not None else None
    if result is None or geometry is None:
        raise NotFound(
            "还没有做多规检查",
            "not checked yet",
            code="no_conflict_report",
            remedy="先做多规检查",
            remedy_en="run the multi-plan check first",
        )
    page = map_report.folium_report(
        result.payload, geometry, crs=result.crs, title=project.name, english=current_locale.get() == "en"
    )
    return _attachment(
        page,
        "text/html; charset=utf-8",
        f"{project.name}-多规检查报告.html",
        **{"content-security-policy": _REPORT_POLICY},
    )


@api.get("/projects/{project_id}/conflict-check/report.html")
def get_report(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> Response:
    """The map report: one HTML file that opens offline."""
    return _report(session, actor, project_id)


def _metres(text: str, place: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise BadInput(f"“{text[:20]}”不是数字", "not a number", code="not_a_number", place=place)
    return number


@pages.get("/projects/{project_id}/check")
def check_page(request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> Response:
    """Findings and map of the newest check."""
    return render(
        request, "gis/check.html", active="check", error=None, **views.check_view(session, actor, project_id)
    )


@pages.post("/projects/{project_id}/check")
def run_check(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    building_m: Annotated[str, Form(max_length=20)] = "",
    ground_m: Annotated[str, Form(max_length=20)] = "",
    use: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Check now."""
    try:
        intent = Intent(_metres(building_m, "building_m"), _metres(ground_m, "ground_m"), parse_uses(use))
        service.run_conflict_check(session, actor, project_id, intent=intent)
    except PlatformError as error:
        if error.status not in (409, 422):
            raise
        session.rollback()
        typed = {"building_m": building_m, "ground_m": ground_m, "use": use}
        view = views.check_view(session, actor, project_id, typed)
        return render(request, "gis/check.html", status=error.status, active="check", error=error, **view)
    return redirect(f"/projects/{project_id}/check")


@pages.get("/projects/{project_id}/check/report.html")
def report_page(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> Response:
    """The map report as a download."""
    return _report(session, actor, project_id)


# --- layers and map --------------------------------------------------------------------------------------------------


@api.get("/layers")
def get_layers(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """All plan layers in tree order with symbols, legend and current version."""
    return views.layers_view(session)


@api.get("/layers/identify")
def get_identify(session: SessionDep, actor: ActorDep, x: float, y: float, crs: int) -> dict[str, Any]:
    """What the plan layers hold at a point (east/north or lon/lat in ``crs``), and whose site it is."""
    return map_views.identify_view(session, actor, x, y, crs)


@api.get("/layers/{code}")
def get_layer(session: SessionDep, actor: ActorDep, code: str) -> dict[str, Any]:
    """One layer with all versions and its import report."""
    return service.show_layer(session, code)


@api.get("/layers/{code}/changes")
def get_changes(
    session: SessionDep, actor: ActorDep, code: str, old: str, new: str, key: str | None = None
) -> dict[str, Any]:
    """What one version of a layer changed against another."""
    return version_change_service.layer_changes(session, code, old, new, key=key)
