"""What the map services answer, as plain dicts: links, collections, queryables. JSON and pages show the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request

from gis.ogc import query_geometry
from gis.ogc.cql2 import Kind, Property
from gis.ogc.ogc_features import GEOMETRY, Collection
from project_box.kernel.settings import get_settings

GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
SCHEMA = "application/schema+json"
_SPEC = "http://www.opengis.net/spec/"
CONFORMANCE = (
    *(f"{_SPEC}ogcapi-features-1/1.0/conf/{c}" for c in ("core", "geojson", "html")),
    f"{_SPEC}ogcapi-features-2/1.0/conf/crs",
    *(
        f"{_SPEC}ogcapi-features-3/1.0/conf/{c}"
        for c in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{_SPEC}cql2/1.0/conf/{c}"
        for c in (
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions", "temporal-functions",
            "property-property", "arithmetic",
        )
    ),
)  # fmt: skip


def root(request: Request) -> str:
    """Address of the landing page."""
    base = get_settings().public_url or str(request.base_url)
    return base.rstrip("/") + "/ogc"


def link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    """A link object."""
    return {"href": href, "rel": rel, "type": kind, "title": title}


def both(href: str, title: str, *, html: bool, json_type: str = "application/json") -> list[dict[str, str]]:
    """Links to this document and to its other form."""
    separator = "&" if "?" in href else "?"
    return [
        link(f"{href}{separator}f=json", "alternate" if html else "self", json_type, title),
        link(f"{href}{separator}f=html", "self" if html else "alternate", "text/html", title),
    ]


def landing(request: Request, *, html: bool) -> dict[str, Any]:
    """The landing page."""
    base = root(request)
    return {
        "title": "项目盒 Project Box",
        "description": "规划图层与项目成果 Plan layers and project results",
        "links": [
            *both(base, "项目盒地图服务 Map services", html=html),
            link(f"{base}/api", "service-desc", OPENAPI, "OpenAPI"),
            link(f"{base}/conformance", "conformance", "application/json", "遵循的标准 Conformance"),
            link(f"{base}/collections", "data", "application/json", "图层 Collections"),
        ],
    }


def description(request: Request, document: dict[str, Any], listed: Sequence[Collection]) -> dict[str, Any]:
    """The OpenAPI document with paths below the landing page.

    The items of every collection have a path of their own with the properties that may be asked for: programs such as
    GDAL look there for what they may leave to the server.
    """
    paths = {path.removeprefix("/ogc") or "/": methods for path, methods in document["paths"].items()}
    general = paths["/collections/{collection}/items"]["get"]
    shared = [p for p in general["parameters"] if p["in"] == "query"]
    for one in listed:
        own = [
            {"name": name, "in": "query", "required": False, "schema": _schema(known)}
            for name, known in one.queryables.properties.items()
            if name != GEOMETRY
        ]
        paths[f"/collections/{quote(one.id)}/items"] = {
            "get": {
                **general,
                "operationId": f"items_of_{one.id}",
                "summary": f"{one.title} {one.title_en}",
                "parameters": [*shared, *own],
            }
        }
    return {**document, "servers": [{"url": root(request)}], "paths": paths}


def collections(request: Request, listed: Sequence[Collection], *, html: bool) -> dict[str, Any]:
    """All collections; the CRS they share are listed once."""
    base = root(request)
    shared: list[str] = []
    for one in listed:
        shared += [c.uri for c in one.crs if c.uri not in shared]
    return {
        "links": both(f"{base}/collections", "图层 Collections", html=html),
        "crs": shared,
        "collections": [collection(request, one, html=html, nested=True) for one in listed],
    }


def collection(request: Request, one: Collection, *, html: bool, nested: bool = False) -> dict[str, Any]:
    """One collection."""
    here = f"{root(request)}/collections/{quote(one.id)}"
    links = [
        *(
            [link(here, "self", "application/json", one.title)]
            if nested
            else both(here, one.title, html=html)
        ),
        link(f"{here}/items", "items", GEOJSON, one.title),
        link(f"{here}/items?f=html", "items", "text/html", one.title),
        link(f"{here}/queryables", f"{_REL}queryables", SCHEMA, "可查询的字段 Queryables"),
    ]
    if one.layer is not None:
        tiles = link(
            f"{here}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}",
            "item", "application/vnd.mapbox-vector-tile", "矢量瓦片 Vector tiles",
        )  # fmt: skip
        links.append({**tiles, "templated": True})  # type: ignore[dict-item] # a link's only member that is no string
    extent: dict[str, Any] = {}
    if one.extent is not None:
        extent["spatial"] = {"bbox": [list(one.extent)], "crs": query_geometry.CRS84.uri}
    if one.begins is not None:
        extent["temporal"] = {"interval": [[one.begins.strftime("%Y-%m-%dT%H:%M:%SZ"), None]]}
    return {
        "id": one.id,
        "title": one.title,
        "titleEn": one.title_en,
        "description": one.description,
        "itemType": "feature",
        "public": one.public,
        "extent": extent,
        "crs": [c.uri for c in one.crs],
        "storageCrs": query_geometry.uri_of(one.storage),
        "links": links,
    }


_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


def queryables(request: Request, one: Collection) -> dict[str, Any]:
    """The queryables as JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{root(request)}/collections/{quote(one.id)}/queryables",
        "type": "object",
        "title": one.title,
        "additionalProperties": False,
        "properties": {name: _schema(p) for name, p in one.queryables.properties.items()},
    }


def _schema(known: Property) -> dict[str, Any]:
    kinds: dict[Kind, dict[str, str]] = {
        Kind.NUMBER: {"type": "number"},
        Kind.TIME: {"type": "string", "format": "date-time"},
        Kind.GEOMETRY: {"format": "geometry-any", "x-ogc-role": "primary-geometry"},
    }
    unit = {"x-ogc-unit": known.unit} if known.unit else {}
    return {
        "title": known.name,
        "description": known.name_en,
        **kinds.get(known.kind, {"type": "string"}),
        **unit,
    }


def shown_fields(one: Collection) -> list[tuple[str, Property]]:
    """Fields of the table on the page of items."""
    return [(n, p) for n, p in one.queryables.properties.items() if n != GEOMETRY and n != "class"][:9]


def address(base: str, query: dict[str, str]) -> str:
    """An address with query parameters."""
    return f"{base}?{urlencode(query)}" if query else base
