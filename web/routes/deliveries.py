"""Looking at a delivery of a plan layer before it is imported: its columns and codes against the layer's."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile
from fastapi.responses import Response

from project_box.kernel.errors import BadInput, PlatformError
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import deliveries as views
from web.views import import_progress, plans

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["plans"])

Typed = Annotated[str, Form(max_length=4000)]
Word = Annotated[str, Query(max_length=4000)]


def _asked(
    code: Word = "",
    version: Word = "",
    valid_from: Word = "",
    valid_to: Word = "",
    crs: Word = "",
    other_crs: Word = "",
    layer: Word = "",
) -> views.Wanted:
    return views.Wanted(code, version, valid_from, valid_to, crs, other_crs, layer)


def _typed(
    code: Typed = "",
    version: Typed = "",
    valid_from: Typed = "",
    valid_to: Typed = "",
    crs: Typed = "",
    other_crs: Typed = "",
    layer: Typed = "",
) -> views.Wanted:
    return views.Wanted(code, version, valid_from, valid_to, crs, other_crs, layer)


@pages.post("/layers/look")
def look_at_upload(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    wanted: Annotated[views.Wanted, Depends(_typed)],
    file: UploadFile | None = None,
) -> Response:
    """Keep an upload and show what it holds."""
    plans.only_admin(actor)
    if file is None or not file.filename:
        error = BadInput(
            "请选择图层数据文件",
            "no file chosen",
            code="required",
            place="file",
            remedy="选择文件后再继续",
            remedy_en="choose a file, then go on",
        )
        view = plans.overview_view(session, actor)
        values = {name: str(value) for name, value in asdict(wanted).items()}
        return render(request, "plans/layers.html", status=422, error=error, values=values, **view)
    token = views.keep(actor, file.filename, file.file)
    asked = {k: v for k, v in asdict(wanted).items() if v}
    return redirect(f"/layers/deliveries/{token}?{urlencode(asked)}")


@pages.get("/layers/deliveries/{token}")
def delivery_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    token: str,
    wanted: Annotated[views.Wanted, Depends(_asked)],
) -> Response:
    """A kept delivery: columns with samples, and what each field of the layer would be read from."""
    view = views.delivery_view(session, actor, token, wanted)
    return render(request, "plans/delivery.html", status=_status(view), **view)


def _status(view: dict[str, Any]) -> int:
    return view["error"].status if view["error"] is not None else 200


async def _fields(request: Request) -> list[tuple[str, str]]:
    return [(k, v.strip()) for k, v in (await request.form()).multi_items() if isinstance(v, str)]


@pages.post("/layers/deliveries/{token}")
def delivery_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    token: str,
    form: Annotated[list[tuple[str, str]], Depends(_fields)],
) -> Response:
    """Look again with other columns, or import, by the field ``act``."""
    named = dict(form)
    wanted = views.Wanted(**{name: named.get(name, "")[:4000] for name in views.Wanted.__dataclass_fields__})
    fields, codes = views.typed_mapping(form)
    error: PlatformError | None = None
    if named.get("act") == "import":
        path = views.kept(actor, token)
        try:
            with import_progress.watched(token) as tell:
                made = plans.import_file(
                    session,
                    actor,
                    wanted.code,
                    path,
                    version=wanted.version,
                    valid_from=wanted.valid_from,
                    valid_to=wanted.valid_to,
                    crs=wanted.other_crs or wanted.crs,
                    layer=wanted.layer,
                    fields=fields or {},
                    codes=codes,
                    progress=tell,
                )
        except PlatformError as fault:
            if fault.status not in (404, 409, 422):
                raise
            session.rollback()
            error = fault
        else:
            views.forget(token)
            return redirect(f"/layers/{made['code']}")
    view = views.delivery_view(session, actor, token, wanted, fields, codes, error)
    return render(request, "plans/delivery.html", status=_status(view), **view)


@api.get("/layers/deliveries/{token}/progress")
def get_progress(actor: ActorDep, token: str) -> dict[str, Any]:
    """How far the import of a kept delivery is (administrators): stage, features, seconds, seconds left."""
    return import_progress.progress_of(actor, token)


@api.post("/layers/deliveries/{token}/stop")
def post_stop(actor: ActorDep, token: str) -> dict[str, Any]:
    """Stop the import of a kept delivery (administrators); it leaves nothing."""
    return import_progress.stop(actor, token)


@api.post("/layers/{code}/look")
def post_look(
    session: SessionDep,
    actor: ActorDep,
    code: str,
    file: UploadFile,
    crs: Typed = "",
    layer: Typed = "",
    fields: Typed = "",
    codes: Typed = "",
) -> dict[str, Any]:
    """What a delivery holds and how it would be imported (administrators); nothing is kept."""
    plans.only_admin(actor)
    stated, told = views.typed_words(fields, codes)
    with tempfile.TemporaryDirectory(prefix="look-") as folder:
        path = Path(folder) / views.file_name(file.filename or "")
        with path.open("wb") as out:
            while block := file.file.read(1 << 20):
                out.write(block)
        wanted = views.Wanted(code=code, crs=crs, layer=layer)
        return views.look_view(session, actor, wanted, path, stated or None, told)
