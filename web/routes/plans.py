"""Plan layers: versions, import, what a version changed, SLD."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gis.differences import decision_service, version_change_service
from gis.layers import sld
from gis.layers.layer import layer_catalogue
from project_box.kernel.errors import BadInput, PlatformError
from web.deps import ActorDep, SessionDep, redirect, refusing, render
from web.downloads import download, geojson
from web.views import plans as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["plans"])

Word = Annotated[str, Query(max_length=60)]
Typed = Annotated[str, Form(max_length=4000)]


# --- layers and versions ---------------------------------------------------------------------------------------------


@pages.get("/layers")
def layers_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """All layers with their current versions; administrators import new ones here."""
    return _overview(request, session, actor, None, {})


def _overview(
    request: Request,
    session: Session,
    actor: Any,
    error: PlatformError | None,
    values: dict[str, str],
) -> Response:
    view = views.overview_view(session, actor)
    status = error.status if error is not None else 200
    return render(request, "plans/layers.html", status=status, error=error, values=values, **view)


@pages.post("/layers")
def upload_layer(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    file: UploadFile | None = None,
    code: Typed = "",
    version: Typed = "",
    valid_from: Typed = "",
    valid_to: Typed = "",
    crs: Typed = "",
    other_crs: Typed = "",
    layer: Typed = "",
    fields: Typed = "",
    codes: Typed = "",
) -> Response:
    """Import a version by form."""
    views.only_admin(actor)
    try:
        if file is None or not file.filename:
            raise BadInput(
                "请选择图层数据文件",
                "no file chosen",
                code="required",
                place="file",
                remedy="选择文件后再导入",
                remedy_en="choose a file, then import",
            )
        made = views.import_upload(
            session,
            actor,
            code,
            file.filename,
            file.file,
            version=version,
            valid_from=valid_from,
            valid_to=valid_to,
            crs=other_crs or crs,
            layer=layer,
            fields=fields,
            codes=codes,
        )
    except PlatformError as error:
        if error.status not in (404, 409, 422):
            raise
        session.rollback()
        values = {
            "code": code,
            "version": version,
            "valid_from": valid_from,
            "valid_to": valid_to,
            "crs": crs,
            "other_crs": other_crs,
            "layer": layer,
            "fields": fields,
            "codes": codes,
        }
        return _overview(request, session, actor, error, values)
    return redirect(f"/layers/{made['code']}")


@api.post("/layers/{code}/versions", status_code=201)
def post_version(
    session: SessionDep,
    actor: ActorDep,
    code: str,
    file: UploadFile,
    version: Typed,
    valid_from: Typed = "",
    valid_to: Typed = "",
    crs: Typed = "",
    layer: Typed = "",
    fields: Typed = "",
    codes: Typed = "",
) -> dict[str, Any]:
    """Import a version and make it current (administrators); the answer carries the import report."""
    return views.import_upload(
        session,
        actor,
        code,
        file.filename or "",
        file.file,
        version=version,
        valid_from=valid_from,
        valid_to=valid_to,
        crs=crs,
        layer=layer,
        fields=fields,
        codes=codes,
    )


@pages.get("/layers/{code}")
def layer_page(request: Request, session: SessionDep, actor: ActorDep, code: str) -> Response:
    """One layer: rules, fields, versions, import report."""
    return render(request, "plans/layer.html", error=None, **views.layer_view(session, actor, code))


def _layer_refused(request: Request, session: Session, actor: Any, code: str, error: BadInput) -> Response:
    """The layer's page with what is wrong; nothing of the request is kept."""
    session.rollback()
    view = views.layer_view(session, actor, code)
    return render(request, "plans/layer.html", status=error.status, error=error, **view)


@pages.post("/layers/{code}/activate")
def activate_by_form(
    request: Request, session: SessionDep, actor: ActorDep, code: str, version: Typed = "", reason: Typed = ""
) -> Response:
    """Make a version current again; why is asked for."""
    try:
        if not reason.strip():
            raise BadInput(
                "请写明恢复旧版本的理由",
                "say why the version is switched",
                code="required",
                place="reason",
                remedy="写明理由后再恢复；理由记入审计",
                remedy_en="write the reason before going back; it is kept in the audit trail",
            )
        views.activate(session, actor, code, version, reason)
    except BadInput as error:
        return _layer_refused(request, session, actor, code, error)
    return redirect(f"/layers/{code}")


@api.post("/layers/{code}/activate")
def post_activate(
    session: SessionDep,
    actor: ActorDep,
    code: str,
    version: Annotated[str, Body()],
    reason: Annotated[str, Body()] = "",
) -> dict[str, Any]:
    """Make an imported version current, e.g. to roll back (administrators; kept in the audit chain with the reason)."""
    return views.activate(session, actor, code, version, reason)


@pages.post("/layers/{code}/end")
def end_by_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    code: str,
    version: Typed = "",
    valid_to: Typed = "",
    reason: Typed = "",
) -> Response:
    """Say until which day a version holds; why is asked for."""
    try:
        views.end(session, actor, code, version, valid_to, reason)
    except BadInput as error:
        return _layer_refused(request, session, actor, code, error)
    return redirect(f"/layers/{code}")


@api.post("/layers/{code}/end")
def post_end(
    session: SessionDep,
    actor: ActorDep,
    code: str,
    version: Annotated[str, Body()],
    reason: Annotated[str, Body()],
    valid_to: Annotated[dt.date | None, Body()] = None,
) -> dict[str, Any]:
    """Say until which day a version holds; no day takes an end back (administrators; kept in the audit chain)."""
    return views.end(session, actor, code, version, valid_to.isoformat() if valid_to else "", reason)


@api.get("/layers/{code}/valid-on")
def get_valid_on(session: SessionDep, actor: ActorDep, code: str, date: dt.date) -> dict[str, Any]:
    """Which version of a layer was valid on a day."""
    return decision_service.version_on(session, code, date)


@api.get("/layers/{code}/sld")
def get_sld(actor: ActorDep, code: str, version: Literal["1.0.0", "1.1.0"] = "1.0.0") -> Response:
    """The layer's symbols as OGC SLD."""
    definition = layer_catalogue().get(code)
    return download(sld.document(definition, version), "sld", f"{definition.code}.sld")


@pages.get("/layers/{code}/changes")
def changes_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    code: str,
    old: Word = "",
    new: Word = "",
    key: Word = "",
) -> Response:
    """What one version changed against another, on the map."""
    return refusing(
        request,
        session,
        "plans/changes.html",
        lambda: views.changes_view(session, code, old, new, key),
        lambda: (
            views.changes_view(session, code, "", "", "")
            | {"result": None, "shapes": [], "old": old, "new": new}
        ),
    )


@pages.get("/layers/{code}/changes.geojson")
@api.get("/layers/{code}/changes.geojson")
def changes_file(
    session: SessionDep, actor: ActorDep, code: str, old: Word, new: Word, key: Word = ""
) -> Response:
    """The changes as GeoJSON in longitude and latitude."""
    plain = version_change_service.layer_changes(session, code, old, new, key=key or None)
    return geojson(views.changes_geojson(plain), f"{plain['code']}-{old}-{new}")
