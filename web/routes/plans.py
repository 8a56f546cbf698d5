"""Plan layers: versions, import, changes; differences between plans and the editor's decisions; SLD."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Body, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gis import decision_export, decision_service, plan_compare, service, sld
from gis.differences import Relation
from gis.layer import layer_catalogue
from project_box.kernel.errors import BadInput, PlatformError
from web.deps import ActorDep, SessionDep, redirect, render
from web.views import plans as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["plans"])

Word = Annotated[str, Query(max_length=60)]
Typed = Annotated[str, Form(max_length=4000)]
_MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "sld": "application/vnd.ogc.sld+xml",
}


def _download(data: bytes, kind: str, name: str) -> Response:
    return Response(
        data,
        media_type=_MEDIA[kind],
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "cache-control": "private, no-store",
        },
    )


def _geojson(plain: dict[str, Any], name: str) -> Response:
    return _download(json.dumps(plain, ensure_ascii=False).encode(), "geojson", f"{name}.geojson")


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
    crs: Typed = "",
    other_crs: Typed = "",
    layer: Typed = "",
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
            )
        made = views.import_upload(
            session,
            actor,
            code,
            file.filename,
            file.file,
            version=version,
            valid_from=valid_from,
            crs=other_crs or crs,
            layer=layer,
        )
    except PlatformError as error:
        if error.status not in (404, 409, 422):
            raise
        session.rollback()
        values = {
            "code": code,
            "version": version,
            "valid_from": valid_from,
            "crs": crs,
            "other_crs": other_crs,
            "layer": layer,
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
    crs: Typed = "",
    layer: Typed = "",
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
        crs=crs,
        layer=layer,
    )


@pages.get("/layers/{code}")
def layer_page(request: Request, session: SessionDep, actor: ActorDep, code: str) -> Response:
    """One layer: rules, fields, versions, import report."""
    return render(request, "plans/layer.html", error=None, **views.layer_view(session, actor, code))


@pages.post("/layers/{code}/activate")
def activate_by_form(session: SessionDep, actor: ActorDep, code: str, version: Typed = "") -> Response:
    """Make a version current again."""
    views.activate(session, actor, code, version)
    return redirect(f"/layers/{code}")


@api.post("/layers/{code}/activate")
def post_activate(
    session: SessionDep, actor: ActorDep, code: str, version: Annotated[str, Body(embed=True)]
) -> dict[str, Any]:
    """Make an imported version current, e.g. to roll back (administrators; kept in the audit chain)."""
    return views.activate(session, actor, code, version)


@api.get("/layers/{code}/valid-on")
def get_valid_on(session: SessionDep, actor: ActorDep, code: str, date: dt.date) -> dict[str, Any]:
    """Which version of a layer was valid on a day."""
    return decision_service.version_on(session, code, date)


@api.get("/layers/{code}/sld")
def get_sld(actor: ActorDep, code: str, version: Literal["1.0.0", "1.1.0"] = "1.0.0") -> Response:
    """The layer's symbols as OGC SLD."""
    definition = layer_catalogue().get(code)
    return _download(sld.document(definition, version), "sld", f"{definition.code}.sld")


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
    return _refusing(
        request,
        session,
        "plans/changes.html",
        lambda: views.changes_view(session, code, old, new, key),
        lambda: (
            views.changes_view(session, code, "", "", "")
            | {"result": None, "shapes": [], "old": old, "new": new}
        ),
    )


def _refusing(
    request: Request,
    session: Session,
    template: str,
    wanted: Callable[[], dict[str, Any]],
    otherwise: Callable[[], dict[str, Any]],
) -> Response:
    """A page that shows why it cannot answer above the form that asked."""
    try:
        return render(request, template, error=None, **wanted())
    except PlatformError as error:
        if error.status not in (404, 409, 422):
            raise
        session.rollback()
        return render(request, template, status=error.status, error=error, **otherwise())


@pages.get("/layers/{code}/changes.geojson")
@api.get("/layers/{code}/changes.geojson")
def changes_file(
    session: SessionDep, actor: ActorDep, code: str, old: Word, new: Word, key: Word = ""
) -> Response:
    """The changes as GeoJSON in longitude and latitude."""
    plain = plan_compare.layer_changes(session, code, old, new, key=key or None)
    return _geojson(views.changes_geojson(plain), f"{plain['code']}-{old}-{new}")


# --- plan against plan -----------------------------------------------------------------------------------------------


@pages.get("/map/differences")
def differences_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    preset: Word = "",
    a: Word = "",
    b: Word = "",
    relation: Word = "",
    class_a: Word = "",
    class_b: Word = "",
) -> Response:
    """差异图斑: two layers or a named comparison, on the map, with the decision list."""
    asked = {"a": a, "b": b, "relation": relation, "class_a": class_a, "class_b": class_b}

    def otherwise() -> dict[str, Any]:
        view = views.differences_view(session, actor)
        view["asked"] = view["asked"] | {k: v for k, v in asked.items() if v}
        return view

    return _refusing(
        request,
        session,
        "plans/differences.html",
        lambda: views.differences_view(session, actor, preset=preset, **asked),
        otherwise,
    )


@pages.post("/map/differences")
def decide_by_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    a: Typed,
    b: Typed,
    polygon: Typed,
    verdict: Typed = "",
    reason: Typed = "",
    relation: Typed = "",
    class_a: Typed = "",
    class_b: Typed = "",
) -> Response:
    """Decide about one polygon."""
    asked = {"a": a, "b": b, "relation": relation, "class_a": class_a, "class_b": class_b}
    try:
        decision_service.decide(
            session, actor, a, b, polygon, verdict, reason, relation=views.relation_of(relation)
        )
    except PlatformError as error:
        if error.status not in (404, 409, 422):
            raise
        session.rollback()
        view = views.differences_view(session, actor, **asked)
        return render(request, "plans/differences.html", status=error.status, error=error, **view)
    return redirect(f"/map/differences?{urlencode(asked)}#d-{quote(polygon)}")


@pages.get("/map/differences/export.{kind}")
def export_by_page(
    session: SessionDep,
    actor: ActorDep,
    kind: Literal["xlsx", "gpkg", "geojson"],
    a: Word,
    b: Word,
    relation: Relation = Relation.OVERLAP,
    class_a: Word = "",
    class_b: Word = "",
) -> Response:
    """The list as a file."""
    return _exported(session, kind, a, b, relation, class_a, class_b)


def _exported(
    session: Session, kind: str, a: str, b: str, relation: Relation, class_a: str, class_b: str
) -> Response:
    plain = decision_service.decision_list(
        session, a, b, relation=relation, class_a=class_a or None, class_b=class_b or None
    )
    name = decision_export.file_stem(plain, service.today())
    if kind == "geojson":
        return _geojson(views.differences_geojson(plain), name)
    data = decision_export.workbook(plain) if kind == "xlsx" else decision_export.geopackage(plain)
    return _download(data, kind, f"{name}.{kind}")


@api.get("/differences")
def get_comparisons(actor: ActorDep) -> dict[str, Any]:
    """The comparisons offered by name."""
    return {"comparisons": views.comparisons_view()}


@api.get("/differences/{a}/{b}")
def get_decisions(
    session: SessionDep,
    actor: ActorDep,
    a: str,
    b: str,
    relation: Relation = Relation.OVERLAP,
    class_a: Word = "",
    class_b: Word = "",
) -> dict[str, Any]:
    """差异图斑 of two layers with statistics, slivers, decisions and their log."""
    return decision_service.decision_list(
        session, a, b, relation=relation, class_a=class_a or None, class_b=class_b or None
    )


@api.post("/differences/{a}/{b}/decisions", status_code=201)
def post_decision(
    session: SessionDep,
    actor: ActorDep,
    a: str,
    b: str,
    polygon: Annotated[str, Body()],
    verdict: Annotated[str, Body()],
    reason: Annotated[str, Body()],
    relation: Annotated[Relation, Body()] = Relation.OVERLAP,
) -> dict[str, Any]:
    """Decide about one polygon: keep_a, keep_b, amend, tolerated, or reopened."""
    return decision_service.decide(session, actor, a, b, polygon, verdict, reason, relation=relation)


@api.get("/differences/{a}/{b}/export")
def get_export(
    session: SessionDep,
    actor: ActorDep,
    a: str,
    b: str,
    kind: Annotated[Literal["xlsx", "gpkg", "geojson"], Query(alias="format")] = "xlsx",
    relation: Relation = Relation.OVERLAP,
    class_a: Word = "",
    class_b: Word = "",
) -> Response:
    """The list as Excel, GeoPackage or GeoJSON."""
    return _exported(session, kind, a, b, relation, class_a, class_b)
