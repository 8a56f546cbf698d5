"""The map workbench: go to a place, measure, what is there, print at scale, a plot as a site."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from gis.maps import map_measure, plot_site
from gis.maps.printing import PrintRequest, print_sheet
from gis.maps.sheet_words import words
from gis.source_crs import parse_crs
from project_box import service as box
from project_box.kernel.errors import BadInput, PlatformError
from web.deps import ActorDep, SessionDep, redirect, refusing, render
from web.i18n import current_locale
from web.views import map as views
from web.views.gis import recorded_view

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["map"])


class SheetIn(BaseModel):
    """A sheet to print; ``layers``: ``CODE``, ``CODE@version`` or ``CODE:opacity`` in percent, comma-separated;
    ``lang``: of the sheet, without it the one of the session."""

    x: float
    y: float
    crs: int
    scale: int
    paper: str = "A4"
    landscape: bool = False
    title: str = Field(default="", max_length=80)
    layers: str = Field(default="", max_length=2000)
    project: uuid.UUID | None = None
    seal: bool = False
    lang: Literal["zh", "en"] | None = None

    def request(self) -> PrintRequest:
        """What the printing service takes.

        Raises:
            BadInput: a layer entry cannot be read.
        """
        entries = [_entry(e) for e in self.layers.split(",") if e.strip()]
        return PrintRequest(
            self.x,
            self.y,
            self.crs,
            self.scale,
            self.paper,
            self.landscape,
            self.title,
            entries,
            self.project,
            self.seal,
            self.language == "en",
        )

    @property
    def language(self) -> str:
        """The language asked for, else that of the person's pages."""
        return self.lang or current_locale.get()


def _entry(text: str) -> tuple[str, int | None, float]:
    named, _, opacity = text.strip().partition(":")
    code, _, version = named.partition("@")
    try:
        return code, int(version) if version else None, float(opacity or 100) / 100
    except ValueError as error:
        raise BadInput(
            f"图层“{text.strip()[:40]}”看不懂",
            f"unreadable layer {text.strip()[:40]!r}",
            code="print_layer",
            place="layers",
            remedy="写成 KG_DK、KG_DK:80 或 KG_DK@3:80",
            remedy_en="write KG_DK, KG_DK:80 or KG_DK@3:80",
        ) from error


@pages.get("/map")
def map_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project: uuid.UUID | None = None,
    crs: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The map workbench 一张图; ``?project=`` shows a project's site in it, ``?crs=`` measures in that CRS."""
    return refusing(
        request,
        session,
        "gis/map.html",
        lambda: views.workbench_view(session, actor, project, parse_crs(crs)) | {"typed_crs": crs},
        lambda: views.workbench_view(session, actor, project) | {"typed_crs": crs},
    )


@api.get("/map")
def get_map(
    session: SessionDep, actor: ActorDep, project: uuid.UUID | None = None, crs: int | None = None
) -> dict[str, Any]:
    """What the workbench starts with: layers, versions, coordinate systems, scales."""
    return views.workbench_view(session, actor, project, crs)


@api.get("/map/find")
def get_find(
    session: SessionDep,
    actor: ActorDep,
    q: Annotated[str, Query(max_length=200)],
    crs: Annotated[str, Query(max_length=300)] = "",
) -> dict[str, Any]:
    """Places named by coordinates, a project code, a parcel number, a name or a layer."""
    return views.find_view(session, actor, q, parse_crs(crs))


@api.post("/map/measure")
def post_measure(
    actor: ActorDep,
    points: Annotated[list[list[float]], Body()],
    crs: Annotated[int, Body()],
    closed: Annotated[bool, Body()] = False,
) -> dict[str, Any]:
    """True length or area of a drawn line, on the plane of ``crs`` and on its ellipsoid."""
    return map_measure.measure(points, crs, closed=closed)


# --- print -----------------------------------------------------------------------------------------------------------


def _pdf(data: bytes, sheet: SheetIn) -> Response:
    english = sheet.language == "en"
    title = sheet.title.strip() or words(english).untitled
    name = quote(f"{title}-1{'-' if english else '比'}{sheet.scale}.pdf", safe="")
    return Response(
        data,
        media_type="application/pdf",
        headers={
            "content-disposition": f"inline; filename*=UTF-8''{name}",
            "cache-control": "private, no-store",
        },
    )


@api.post("/map/print")
def post_print(session: SessionDep, actor: ActorDep, sheet: SheetIn) -> Response:
    """A map sheet as PDF at a true scale; with ``seal``, sealed by the officer's authority."""
    return _pdf(print_sheet(session, actor, sheet.request()), sheet)


@pages.post("/map/print")
def print_form(session: SessionDep, actor: ActorDep, sheet: Annotated[SheetIn, Form()]) -> Response:
    """The same by form."""
    return _pdf(print_sheet(session, actor, sheet.request()), sheet)


# --- a plot as a site ------------------------------------------------------------------------------------------------


@api.get("/layers/{code}/plots/{fid}")
def get_plot(session: SessionDep, actor: ActorDep, code: str, fid: int) -> dict[str, Any]:
    """One plot of the detailed plan or registered parcel."""
    return views.plot_view(session, actor, code, fid)


@api.post("/projects/{project_id}/boundary/plot", status_code=201)
def post_plot(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    layer: Annotated[str, Body()],
    fid: Annotated[int, Body()],
) -> dict[str, Any]:
    """Record a plot as the project's boundary."""
    return recorded_view(plot_site.record_plot(session, actor, project_id, layer, fid))


@pages.get("/map/plots/{code}/{fid}")
def plot_page(request: Request, session: SessionDep, actor: ActorDep, code: str, fid: int) -> Response:
    """A plot, and the form that makes it a project's site."""
    return render(
        request, "gis/plot.html", error=None, values={}, **views.plot_view(session, actor, code, fid)
    )


@pages.post("/map/plots/{code}/{fid}")
def use_plot(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    code: str,
    fid: int,
    project: Annotated[str, Form()] = "",
    project_code: Annotated[str, Form(alias="code")] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Use the plot as the boundary of an own project, or of a new one."""
    values = {"project": project, "code": project_code, "name": name}
    try:
        chosen = _chosen(project) or box.create_project(session, actor, code=project_code, name=name).id
        plot_site.record_plot(session, actor, chosen, code, fid)
    except PlatformError as error:
        if error.status not in (403, 409, 422):
            raise
        session.rollback()
        view = views.plot_view(session, actor, code, fid)
        return render(request, "gis/plot.html", status=error.status, error=error, values=values, **view)
    return redirect(f"/projects/{chosen}/site")


def _chosen(project: str) -> uuid.UUID | None:
    if project in ("", "new"):
        return None
    try:
        return uuid.UUID(project)
    except ValueError as error:
        raise BadInput("没有这个项目", "no such project", code="required", place="project") from error
