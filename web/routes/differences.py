"""差异图斑: plan against plan, with the editor's decisions and exports."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Depends, Form, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from gis import service
from gis.differences import decision_export, decision_service, difference_service
from gis.differences.decision_service import Page
from gis.differences.difference_service import Asked
from gis.differences.differences import Relation
from project_box.kernel.errors import PlatformError
from web.deps import ActorDep, SessionDep, redirect, refusing, render
from web.downloads import download, geojson
from web.views import differences as views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["plans"])

Word = Annotated[str, Query(max_length=60)]
Pattern = Annotated[str, Query(max_length=200)]
Typed = Annotated[str, Form(max_length=4000)]
#: polygons an answer lists unless more are asked for
LISTED, MOST = 5_000, 100_000


def _query(
    a: Word = "",
    b: Word = "",
    relation: Word = "",
    class_a: Pattern = "",
    class_b: Pattern = "",
    verdict: Word = "",
    kind: Annotated[str, Query(max_length=80)] = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> views.Query:
    return views.Query(a, b, relation, class_a, class_b, verdict, kind, page)


QueryDep = Annotated[views.Query, Depends(_query)]


def _asked(
    a: str, b: str, relation: Relation = Relation.OVERLAP, class_a: Pattern = "", class_b: Pattern = ""
) -> Asked:
    return Asked(a, b, relation, class_a, class_b)


AskedDep = Annotated[Asked, Depends(_asked)]


@pages.get("/map/differences")
def differences_page(
    request: Request, session: SessionDep, actor: ActorDep, query: QueryDep, preset: Word = ""
) -> Response:
    """差异图斑: two layers or a named comparison, on the map, with the decision list; progress while it is computed."""

    def otherwise() -> dict[str, Any]:
        view = views.differences_view(session, actor, views.Query())
        view["asked"] = view["asked"] | {k: v for k, v in query.what().items() if v}
        return view

    return refusing(
        request,
        session,
        "plans/differences.html",
        lambda: views.differences_view(session, actor, query, preset=preset),
        otherwise,
    )


@pages.post("/map/differences")
def decide_by_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    a: Typed,
    b: Typed,
    polygon: Annotated[list[str] | None, Form()] = None,
    verdict: Typed = "",
    reason: Typed = "",
    relation: Typed = "",
    class_a: Typed = "",
    class_b: Typed = "",
    only: Typed = "",
    kind: Typed = "",
    page: Annotated[int, Form(ge=1)] = 1,
) -> Response:
    """Decide about the polygons that were ticked, or one.

    ``only``, ``kind`` and ``page`` say which part of the list is shown afterwards.
    """
    query = views.Query(a, b, relation, class_a, class_b, only, kind, page)
    try:
        decision_service.decide(
            session, actor, a, b, polygon or (), verdict, reason, relation=views.relation_of(relation)
        )
    except PlatformError as error:
        if error.status not in (404, 409, 422):
            raise
        session.rollback()
        view = views.differences_view(session, actor, query)
        return render(request, "plans/differences.html", status=error.status, error=error, **view)
    one = f"#d-{quote(polygon[0])}" if polygon and len(polygon) == 1 else ""
    return redirect(query.address() + one)


@pages.post("/map/differences/again")
def again_by_form(
    session: SessionDep,
    actor: ActorDep,
    a: Typed,
    b: Typed,
    relation: Typed = "",
    class_a: Typed = "",
    class_b: Typed = "",
) -> Response:
    """Try a comparison that failed once more."""
    query = views.Query(a, b, relation, class_a, class_b)
    difference_service.ask(session, query.asked(), again=True)
    return redirect(query.address())


@pages.get("/map/differences/export.{kind}")
def export_by_page(
    session: SessionDep,
    actor: ActorDep,
    kind: Literal["xlsx", "gpkg", "geojson"],
    asked: AskedDep,
) -> Response:
    """The list as a file."""
    return _exported(session, kind, asked)


def _exported(session: Session, kind: str, asked: Asked) -> Response:
    plain = decision_service.decisions(session, views.finished(session, asked), Page())
    name = decision_export.file_stem(plain, service.today())
    if kind == "geojson":
        return geojson(views.differences_geojson(plain), name)
    data = decision_export.workbook(plain) if kind == "xlsx" else decision_export.geopackage(plain)
    return download(data, kind, f"{name}.{kind}")


@api.get("/differences")
def get_comparisons(actor: ActorDep) -> dict[str, Any]:
    """The comparisons offered by name."""
    return {"comparisons": views.comparisons_view()}


@api.get("/differences/{a}/{b}")
@api.get("/layers/{a}/differences/{b}")
def get_decisions(
    session: SessionDep,
    actor: ActorDep,
    asked: AskedDep,
    limit: Annotated[int, Query(ge=1, le=MOST)] = LISTED,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Any:
    """差异图斑 of the current versions of two layers, largest first: statistics, slivers, decisions and their log.

    Large layers are compared by the worker: until that is done the answer is 202 with ``state``, ``done``, ``total``.
    """
    pair = difference_service.ask(session, asked)
    if not pair.ready:
        return JSONResponse(difference_service.state_of(pair), status_code=202, headers={"retry-after": "2"})
    return decision_service.decisions(session, pair, Page(most=limit, skip=offset))


@api.get("/differences/{a}/{b}/state")
def get_state(session: SessionDep, actor: ActorDep, asked: AskedDep) -> dict[str, Any]:
    """How far a comparison has come."""
    return difference_service.state_of(difference_service.ask(session, asked))


@api.post("/differences/{a}/{b}/again")
def post_again(session: SessionDep, actor: ActorDep, asked: AskedDep) -> dict[str, Any]:
    """Try a comparison that failed once more; the answer says how far it has come."""
    return difference_service.state_of(difference_service.ask(session, asked, again=True))


@api.post("/differences/{a}/{b}/decisions", status_code=201)
def post_decision(
    session: SessionDep,
    actor: ActorDep,
    a: str,
    b: str,
    verdict: Annotated[str, Body()],
    reason: Annotated[str, Body()],
    polygon: Annotated[str, Body()] = "",
    polygons: Annotated[list[str] | None, Body()] = None,
    relation: Annotated[Relation, Body()] = Relation.OVERLAP,
) -> dict[str, Any]:
    """Decide about one ``polygon``, or the same about all ``polygons``: keep_a, keep_b, amend, tolerated, reopened."""
    several = polygons if polygons is not None else [polygon] if polygon else []
    made = decision_service.decide(session, actor, a, b, several, verdict, reason, relation=relation)
    return {"decisions": made} if polygons is not None else made[0]


@api.get("/differences/{a}/{b}/export")
def get_export(
    session: SessionDep,
    actor: ActorDep,
    asked: AskedDep,
    kind: Annotated[Literal["xlsx", "gpkg", "geojson"], Query(alias="format")] = "xlsx",
) -> Response:
    """The list as Excel, GeoPackage or GeoJSON."""
    return _exported(session, kind, asked)
