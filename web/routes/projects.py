"""Home, projects and their boxes, files, messages."""

from __future__ import annotations

import uuid
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel

from project_box import service as box
from project_box.kernel.errors import PlatformError
from project_box.kernel.plain import to_plain
from web.deps import ActorDep, MaybeActorDep, SessionDep, redirect, render
from web.views.case_pieces import project_home
from web.views.projects import project_plain, project_view, projects_view, result_plain

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["projects"])


class NewProject(BaseModel):
    """What opening a project needs."""

    code: str
    name: str
    location: str = ""
    industry: str = ""
    summary: str = ""


@api.get("/projects")
def list_projects(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """Projects the actor may see, newest first."""
    return projects_view(session, actor)


@api.post("/projects", status_code=201)
def create_project(session: SessionDep, actor: ActorDep, new: NewProject) -> dict[str, Any]:
    """Open a project."""
    return project_plain(box.create_project(session, actor, **new.model_dump()))


@api.get("/projects/{project_id}")
def show_project(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """One project, its box and its cases that are not over."""
    return project_home(session, actor, project_id)


@api.get("/projects/{project_id}/results")
def list_results(session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> dict[str, Any]:
    """Everything in the box, payloads included."""
    rows = box.results(session, actor, project_id)
    return {"results": [{**result_plain(r), "payload": r.payload} for r in rows]}


def _download(session: SessionDep, actor: ActorDep, file_id: uuid.UUID, *, inline: bool) -> Response:
    stored = box.get_file(session, actor, file_id)
    shown = inline and stored.media_type == "application/pdf"
    return Response(
        box.read_file(session, actor, file_id),
        media_type=stored.media_type,
        headers={
            "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(stored.name)}",
            "cache-control": "private, no-store",
        },
    )


@api.get("/files/{file_id}")
def download(session: SessionDep, actor: ActorDep, file_id: uuid.UUID) -> Response:
    """The bytes of a file."""
    return _download(session, actor, file_id, inline=False)


@pages.get("/files/{file_id}")
def download_page(session: SessionDep, actor: ActorDep, file_id: uuid.UUID) -> Response:
    """The bytes of a file; a PDF opens in the browser."""
    return _download(session, actor, file_id, inline=True)


@api.get("/messages")
def messages(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """The actor's messages, newest first."""
    return {"messages": [_message(m) for m in box.list_messages(session, actor)]}


def _message(row: Any) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(
        {"id": row.id, "title": row.title, "body": row.body, "link": row.link, "created_at": row.created_at}
    )
    return plain


@pages.get("/")
def home(request: Request, session: SessionDep, actor: MaybeActorDep) -> Response:
    """Home: what the platform is for those who come, what waits for those who are signed in."""
    if actor is None:
        return render(request, "home.html")
    view = projects_view(session, actor)
    view["messages"] = [_message(m) for m in box.list_messages(session, actor, 8)]
    return render(request, "dashboard.html", **view)


@pages.get("/projects")
def projects_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """The projects a person may see."""
    return render(request, "projects/list.html", **projects_view(session, actor))


@pages.get("/projects/new")
def new_project_page(request: Request, actor: ActorDep) -> Response:
    """Form for a new project."""
    return render(request, "projects/new.html", values={}, error=None)


@pages.post("/projects/new")
def new_project(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    code: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    location: Annotated[str, Form()] = "",
    industry: Annotated[str, Form()] = "",
    summary: Annotated[str, Form()] = "",
) -> Response:
    """Open a project by form; what was typed is shown again when something is wrong."""
    values = {"code": code, "name": name, "location": location, "industry": industry, "summary": summary}
    try:
        project = box.create_project(session, actor, **values)
    except PlatformError as error:
        session.rollback()
        return render(request, "projects/new.html", status=error.status, values=values, error=error)
    return redirect(f"/projects/{project.id}")


@pages.get("/projects/{project_id}")
def project_page(request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> Response:
    """Project home: stage lanes and the box."""
    return render(request, "projects/show.html", active="home", **project_home(session, actor, project_id))


@pages.get("/projects/{project_id}/box")
def box_page(request: Request, session: SessionDep, actor: ActorDep, project_id: uuid.UUID) -> Response:
    """Every version of everything in the box."""
    return render(request, "projects/box.html", active="box", **project_view(session, actor, project_id))
