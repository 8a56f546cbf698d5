"""Vector tiles of the plan layers, for the platform's own map and for programs such as QGIS.

What these routes decide is remembered for some seconds by :mod:`web.tile_gate`, which then answers in their place.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from gis.ogc import ogc_features
from gis.tiles import tiles
from gis.tiles.tile_server import server_of
from web.deps import ActorDep, SessionDep
from web.ogc_access import OgcActorDep, OgcRoute
from web.tile_gate import Grant, remember, respond

pages = APIRouter(prefix="/ogc", tags=["ogc"], route_class=OgcRoute)
api = APIRouter(prefix="/api/v1", tags=["gis"])


def _layer(request: Request, session: SessionDep, actor: ActorDep, code: str, v: int | None = None) -> Grant:
    source = tiles.source(session, code, v)
    return remember(request, Grant(source, named=v is not None and v == source.version, public=False))


def _collection(request: Request, session: SessionDep, actor: OgcActorDep, collection: str) -> Grant:
    definition = ogc_features.visible_layer(actor, collection)
    source = tiles.source(session, definition.code)
    return remember(request, Grant(source, named=False, public=definition.public))


@api.get("/layers/{code}/tiles/{z}/{x}/{y}.mvt")
async def get_tile(
    request: Request, grant: Annotated[Grant, Depends(_layer)], z: int, x: int, y: int
) -> Response:
    """One vector tile (Web Mercator) of the current version, or of the one whose id ``v`` names (to compare with)."""
    return await _answer(request, grant, z, x, y)


@pages.get("/collections/{collection}/tiles/WebMercatorQuad/{z}/{row}/{column}")
async def get_collection_tile(
    request: Request, grant: Annotated[Grant, Depends(_collection)], z: int, row: int, column: int
) -> Response:
    """One vector tile of a layer the actor may see, addressed as OGC API – Tiles does (row before column)."""
    return await _answer(request, grant, z, column, row)


async def _answer(request: Request, grant: Grant, z: int, x: int, y: int) -> Response:
    tiles.check_address(z, x, y)
    return await respond(server_of(request.app.state.database), grant, request.headers, z, x, y)
