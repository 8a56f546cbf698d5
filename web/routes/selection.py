"""Site selection 策划生成: candidates ranked with reasons; a chosen one becomes a project."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from gis.planning import site_selection_service as selection
from project_box.kernel.errors import PlatformError
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import selection as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["selection"])
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@api.post("/selection")
def post_selection(session: SessionDep, actor: ActorDep, search: Annotated[Any, Body()]) -> dict[str, Any]:
    """Candidates for a search, ranked with points and reasons; the excluded ones with theirs."""
    return selection.select_sites(session, selection.read_search(search))


@api.post("/selection/projects", status_code=201)
def post_project(
    session: SessionDep,
    actor: ActorDep,
    search: Annotated[Any, Body()],
    key: Annotated[str, Body(max_length=60)],
    code: Annotated[str, Body(max_length=60)],
    name: Annotated[str, Body(max_length=200)],
    location: Annotated[str, Body(max_length=200)] = "",
) -> dict[str, Any]:
    """A candidate becomes a project with its boundary (建设单位)."""
    asked = selection.read_search(search)
    project, result = selection.make_project(
        session, actor, asked, key, code=code, name=name, location=location
    )
    return {"project": str(project.id), "code": project.code, "result": result.payload}


def _typed(request: Request) -> dict[str, str]:
    return {k: v[:300] for k, v in request.query_params.items() if k in views.FIELDS}


@pages.get("/selection")
def selection_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Form, ranked table and map."""
    typed, error, answer = _typed(request), None, None
    if typed:
        try:
            answer = selection.select_sites(session, views.search_of(typed))
        except PlatformError as fault:
            if fault.status not in (404, 409, 422):
                raise
            error = fault
    view = views.page_view(session, typed, answer)
    query = urlencode({k: v for k, v in typed.items() if v})
    return render(
        request, "selection/search.html", status=error.status if error else 200, error=error, search_query=query,
        made=None, **view,
    )  # fmt: skip


@pages.get("/selection/candidates.xlsx")
def selection_workbook(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """The answer as an Excel workbook."""
    data = views.workbook(selection.select_sites(session, views.search_of(_typed(request))))
    name = quote("策划选址.xlsx")
    return Response(
        data, media_type=_XLSX, headers={"content-disposition": f"attachment; filename*=UTF-8''{name}"}
    )


@pages.post("/selection/projects")
async def make_project(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Make a project of a candidate, from the page."""
    form = {k: v for k, v in (await request.form()).items() if isinstance(v, str)}
    typed = {k: v[:300] for k, v in request.query_params.items() if k in views.FIELDS}
    try:
        project, _ = selection.make_project(
            session, actor, views.search_of(typed), form.get("key", "")[:60],
            code=form.get("code", ""), name=form.get("name", ""),
        )  # fmt: skip
    except PlatformError as fault:
        if fault.status not in (403, 404, 409, 422):
            raise
        session.rollback()
        answer = selection.select_sites(session, views.search_of(typed))
        view = views.page_view(session, typed, answer)
        return render(
            request, "selection/search.html", status=fault.status, error=fault, search_query=urlencode(typed),
            made=form, **view,
        )  # fmt: skip
    return redirect(f"/projects/{project.id}/site")
