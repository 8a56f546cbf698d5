"""OGC API – Features (parts 1 to 3) for GIS programs: plan layers and project results the reader may see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response, StreamingResponse

from gis.ogc import ogc_features as features
from gis.ogc.filter_text import LANGUAGES
from gis.ogc.ogc_features import Collection, Item
from gis.ogc.query_geometry import Crs
from project_box.kernel.db import Database
from project_box.kernel.errors import BadInput
from project_box.service import now
from web.deps import SessionDep, render
from web.ogc_access import OgcActorDep, OgcRoute, unknown_parameter, wants_html
from web.views import ogc as views

pages = APIRouter(prefix="/ogc", tags=["ogc"], route_class=OgcRoute)

FormQuery = Annotated[str | None, Query(alias="f", pattern="^(json|html)$", description="json or html")]
CrsQuery = Annotated[str | None, Query(max_length=300, description="URI of the CRS of the answer")]
_HTML_LIMIT = 500
_MOST: dict[str, Any] = {"maximum": features.MAX_LIMIT}


def _answer(request: Request, template: str, document: dict[str, Any], **context: Any) -> Response:
    if wants_html(request):
        return render(request, f"ogc/{template}.html", document=document, **context)
    return JSONResponse(document)


@pages.get("")
def landing(request: Request, actor: OgcActorDep, form: FormQuery = None) -> Response:
    """Landing page."""
    return _answer(request, "landing", views.landing(request, html=wants_html(request)))


@pages.get("/conformance")
def conformance(request: Request, actor: OgcActorDep, form: FormQuery = None) -> Response:
    """Conformance classes."""
    return _answer(request, "conformance", {"conformsTo": list(views.CONFORMANCE)})


@pages.get("/api")
def description(request: Request, session: SessionDep, actor: OgcActorDep) -> Response:
    """OpenAPI description of this service, with the items of each collection the reader may see."""
    document = get_openapi(title="项目盒 Project Box · OGC API", version="1.0.0", routes=pages.routes)
    described = views.description(request, document, features.collections(session, actor))
    accepted = request.headers.get("accept", "")
    plain = "application/json" in accepted and "version=3.1" not in accepted
    return JSONResponse(described, media_type="application/json" if plain else views.OPENAPI)


@pages.get("/collections")
def list_collections(
    request: Request, session: SessionDep, actor: OgcActorDep, form: FormQuery = None
) -> Response:
    """Collections the reader may see."""
    listed = features.collections(session, actor)
    html = wants_html(request)
    return _answer(
        request, "collections", views.collections(request, listed, html=html), signed_in=actor is not None
    )


@pages.get("/collections/{collection}")
def get_collection(
    request: Request, session: SessionDep, actor: OgcActorDep, collection: str, form: FormQuery = None
) -> Response:
    """One collection."""
    one = features.collection(session, actor, collection)
    document = views.collection(request, one, html=wants_html(request))
    return _answer(request, "collection", document, queryables=one.queryables.properties)


@pages.get("/collections/{collection}/queryables")
def get_queryables(
    request: Request, session: SessionDep, actor: OgcActorDep, collection: str, form: FormQuery = None
) -> Response:
    """Properties that filters may name, as JSON Schema."""
    one = features.collection(session, actor, collection)
    return JSONResponse(views.queryables(request, one), media_type=views.SCHEMA)


@pages.get("/collections/{collection}/items")
def get_items(
    request: Request,
    session: SessionDep,
    actor: OgcActorDep,
    collection: str,
    bbox: Annotated[str | None, Query(max_length=300, description="minx,miny,maxx,maxy in bbox-crs")] = None,
    bbox_crs: Annotated[str | None, Query(alias="bbox-crs", max_length=300)] = None,
    datetime: Annotated[
        str | None, Query(max_length=100, description="instant or interval, RFC 3339")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, description="no more are given than the maximum", json_schema_extra=_MOST)
    ] = features.DEFAULT_LIMIT,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    after: Annotated[str | None, Query(max_length=60, description="of a next link")] = None,
    crs: CrsQuery = None,
    filter_text: Annotated[str | None, Query(alias="filter", description="CQL2")] = None,
    filter_lang: Annotated[
        str, Query(alias="filter-lang", json_schema_extra={"enum": list(LANGUAGES)})
    ] = "cql2-text",
    filter_crs: Annotated[str | None, Query(alias="filter-crs", max_length=300)] = None,
    form: FormQuery = None,
    result_type: Annotated[str, Query(alias="resultType", pattern="^(results|hits)$")] = "results",
) -> Response:
    """Features of a collection, page by page."""
    one = features.collection(session, actor, collection)
    target = features.target_crs(one, crs)
    query = features.Query(
        bbox=_numbers(bbox),
        bbox_crs=bbox_crs,
        datetime=datetime,
        filter=filter_text,
        filter_language=filter_lang,
        filter_crs=filter_crs,
        equal=_equal(request, one),
        limit=min(limit, features.MAX_LIMIT),
        offset=offset,
        after=after,
    )
    total = features.matched(session, one, query)
    if wants_html(request):
        return _items_page(request, session, one, query, target, total)
    if result_type == "hits":
        document = {"type": "FeatureCollection", "features": [], "numberMatched": total, "numberReturned": 0}
        return JSONResponse(document, media_type=views.GEOJSON)
    batches = _batches(request.app.state.database, one, query, target)
    first = next(batches, [])
    return StreamingResponse(
        _written(request, one, query, first, batches, total),
        media_type=views.GEOJSON,
        headers={"content-crs": f"<{target.uri}>"},
    )


_KNOWN = frozenset(
    [
        "bbox",
        "bbox-crs",
        "datetime",
        "limit",
        "offset",
        "after",
        "crs",
        "filter",
        "filter-lang",
        "filter-crs",
        "f",
        "resultType",
    ]
)


def _equal(request: Request, one: Collection) -> dict[str, str]:
    """Query parameters that bear the name of a property; others are refused, as the standard asks."""
    asked: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in _KNOWN:
            continue
        if name == features.GEOMETRY or name not in one.queryables.properties:
            raise unknown_parameter(name)
        asked[name] = value
    return asked


_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def _numbers(written: str | None) -> list[float]:
    if written is None:
        return []
    parts = [p.strip() for p in written.split(",")]
    if len(parts) not in (4, 6) or not all(
        re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", p) for p in parts
    ):
        raise BadInput(
            f"bbox 有误：{written[:80]}", f"bbox {written[:80]}", code="bbox_invalid", place="bbox",
            remedy="写成 minx,miny,maxx,maxy",
            remedy_en="write minx,miny,maxx,maxy",
        )  # fmt: skip
    return [float(p) for p in parts]


def _batches(database: Database, one: Collection, query: features.Query, target: Crs) -> Iterator[list[Item]]:
    """Features in a transaction of their own, as the answer outlives the request's; one more than asked for."""
    with database.transaction() as session:
        yield from features.read(session, one, replace(query, limit=query.limit + 1), target)


def _feature(item: Item) -> str:
    name, values = json.dumps(item.id), json.dumps(item.properties, ensure_ascii=False, default=str)
    return f'{{"type":"Feature","id":{name},"geometry":{item.geometry},"properties":{values}}}'


def _written(
    request: Request,
    one: Collection,
    query: features.Query,
    first: list[Item],
    rest: Iterator[list[Item]],
    total: int,
) -> Iterator[str]:
    """The feature collection, some hundred features at a time; links come last, as only then the next page is known."""
    yield '{"type":"FeatureCollection","features":['
    written, last, more = 0, "", False
    batch: list[Item] | None = first
    while batch:
        more = written + len(batch) > query.limit
        batch = batch[: query.limit - written]
        texts = ",".join(_feature(item) for item in batch)
        if texts:
            yield ("," if written else "") + texts
            last = str(batch[-1].id)
        written += len(batch)
        batch = next(rest, None)
    links = _links(request, one, last if more else None, html=False)
    tail = {"links": links, "numberMatched": total, "numberReturned": written, "timeStamp": _now()}
    yield "]," + json.dumps(tail, ensure_ascii=False)[1:]


def _now() -> str:
    return now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _links(request: Request, one: Collection, last: str | None, *, html: bool) -> list[dict[str, str]]:
    here = f"{views.root(request)}/collections/{quote(one.id)}"
    asked = {k: v for k, v in request.query_params.items() if k != "f"}
    links = views.both(views.address(f"{here}/items", asked), one.title, html=html, json_type=views.GEOJSON)
    links.append(views.link(here, "collection", "application/json", one.title))
    if last is not None:
        following = {k: v for k, v in asked.items() if k != "offset"} | {"after": last}
        kind, form = ("text/html", "html") if html else (views.GEOJSON, "json")
        following["f"] = form
        links.append(views.link(views.address(f"{here}/items", following), "next", kind, "下一页 Next page"))
    return links


def _items_page(
    request: Request, session: SessionDep, one: Collection, query: features.Query, target: Crs, total: int
) -> Response:
    shown = min(query.limit, _HTML_LIMIT)
    found = [
        i for batch in features.read(session, one, replace(query, limit=shown + 1), target) for i in batch
    ]
    last = str(found[shown - 1].id) if len(found) > shown else None
    return render(
        request, "ogc/items.html", one=one, items=found[:shown], total=total, fields=views.shown_fields(one),
        ways=_links(request, one, last, html=True), filter=query.filter or "", limit=shown,
    )  # fmt: skip


@pages.get("/collections/{collection}/items/{number}")
def get_item(
    request: Request,
    session: SessionDep,
    actor: OgcActorDep,
    collection: str,
    number: str,
    crs: CrsQuery = None,
    form: FormQuery = None,
) -> Response:
    """One feature."""
    one = features.collection(session, actor, collection)
    target = features.target_crs(one, crs)
    item = features.feature(session, one, number, target)
    here = f"{views.root(request)}/collections/{quote(one.id)}"
    html = wants_html(request)
    links = [
        *views.both(f"{here}/items/{quote(number)}", one.title, html=html, json_type=views.GEOJSON),
        views.link(here, "collection", "application/json", one.title),
    ]
    if html:
        return render(request, "ogc/item.html", one=one, item=item, ways=links)
    body = _feature(item)[:-1] + ',"links":' + json.dumps(links, ensure_ascii=False) + "}"
    return Response(body, media_type=views.GEOJSON, headers={"content-crs": f"<{target.uri}>"})
