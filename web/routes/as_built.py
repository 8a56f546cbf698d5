"""规划核实: as-built drawings against the approved ones."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from web.deps import ActorDep, SessionDep, render
from web.routes.drawings import attachment, positive
from web.views import as_built as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["as built"])


@api.get("/projects/{project_id}/as-built")
def as_built(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    approved: Annotated[int | None, Query(ge=1)] = None,
    built: Annotated[int | None, Query(ge=1)] = None,
    tiers: str = "",
    position: str = "",
) -> dict[str, Any]:
    """Judge revision ``built`` against ``approved`` by a tier set of tolerances; ``position`` in metres."""
    return views.as_built_plain(session, actor, project_id, approved, built, tiers, position)


@api.get("/projects/{project_id}/as-built.pdf", response_class=Response)
def as_built_pdf(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    approved: Annotated[int | None, Query(ge=1)] = None,
    built: Annotated[int | None, Query(ge=1)] = None,
    tiers: str = "",
    position: str = "",
    lang: Literal["zh", "en"] = "zh",
) -> Response:
    """规划核实意见: the same as PDF in either language, with the tolerances it rests on."""
    name, data = views.as_built_pdf(
        session, actor, project_id, approved, built, tiers, position, english=lang == "en"
    )
    return attachment(data, name, "application/pdf")


@pages.get("/projects/{project_id}/as-built")
def as_built_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    approved: str = "",
    built: str = "",
    tiers: str = "",
    position: str = "",
) -> Response:
    """The conclusion of 规划核实, ready for printing."""
    view = views.as_built_view(
        session, actor, project_id, positive(approved), positive(built), tiers, position
    )
    return render(request, "drawings/as_built.html", active="drawings", **view)
