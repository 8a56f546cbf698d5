"""Vector tiles of the plan layers, for the platform's own map and for programs such as QGIS."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gis import ogc_features, service
from web.deps import ActorDep, SessionDep
from web.ogc_access import OgcActorDep, OgcRoute

pages = APIRouter(prefix="/ogc", tags=["ogc"], route_class=OgcRoute)
api = APIRouter(prefix="/api/v1", tags=["gis"])

_MEDIA_TYPE = "application/vnd.mapbox-vector-tile"


@api.get("/layers/{code}/tiles/{z}/{x}/{y}.mvt")
def get_tile(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    code: str,
    z: int,
    x: int,
    y: int,
    v: int | None = None,
) -> Response:
    """One vector tile (Web Mercator) of the current version, or of the one whose id ``v`` names (to compare with)."""
    return tile_response(request, session, code, z, x, y, named=v)


@pages.get("/collections/{collection}/tiles/WebMercatorQuad/{z}/{row}/{column}")
def get_collection_tile(
    request: Request, session: SessionDep, actor: OgcActorDep, collection: str, z: int, row: int, column: int
) -> Response:
    """One vector tile of a layer the actor may see, addressed as OGC API – Tiles does (row before column)."""
    definition = ogc_features.visible_layer(actor, collection)
    return tile_response(
        request, session, definition.code, z, column, row, named=None, public=definition.public
    )


def tile_response(
    request: Request,
    session: Session,
    code: str,
    z: int,
    x: int,
    y: int,
    *,
    named: int | None,
    public: bool = False,
) -> Response:
    """The tile, 204 where there is nothing, or 304 when the client has it."""
    row, etag = service.tile_etag(session, code, z, x, y, named)
    fresh = row is not None and named == row.id
    headers = {
        "etag": etag,
        "vary": "Accept-Encoding, Authorization, Cookie",
        "cache-control": ("public" if public else "private")
        + (", max-age=86400, immutable" if fresh else ", max-age=0, must-revalidate"),
    }
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    tile = service.tile_of(session, row, z, x, y, etag)
    if not tile.gzipped:
        return Response(status_code=204, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(tile.gzipped, media_type=_MEDIA_TYPE, headers={**headers, "content-encoding": "gzip"})
    return Response(tile.data, media_type=_MEDIA_TYPE, headers=headers)
