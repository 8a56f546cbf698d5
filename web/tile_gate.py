"""The short way for map tiles: who may see a layer is remembered for some seconds, and its tiles then need no more than
the tile itself.

A tile's route (:mod:`web.routes.tiles`) decides as every other route does, who asks and what they may see, and leaves
what it found here (:class:`Grants`). As long as it is remembered, :class:`TileGate` answers requests with the same
credentials for the same layer itself, before routing, dependencies and transactions.

What is remembered ends after :data:`SECONDS`, and in this process at once when somebody signs out, loses their account
or changes the password, or when a layer has a new version. Other processes (the command line, other web servers) are
noticed after :data:`SECONDS` at the latest.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import event
from sqlalchemy.orm import Session
from starlette.datastructures import Headers, State
from starlette.types import ASGIApp, Receive, Scope, Send

from gis.events import LayerImported
from gis.tiles import tiles
from gis.tiles.tile_server import TileServer, server_of
from gis.tiles.tiles import Source
from project_box.events import SessionsEnded
from project_box.kernel.events import Event, subscribe

#: how long a decision is remembered, and how many are
SECONDS, MANY = 3.0, 2_000
MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
_ASKED = "project_box.tile"
_NUMBER = r"(0|[1-9]\d{0,8})"
_LAYER = re.compile(rf"/api/v1/layers/(\w{{1,40}})/tiles/{_NUMBER}/{_NUMBER}/{_NUMBER}\.mvt", re.ASCII)
#: OGC API – Tiles: row before column
_COLLECTION = re.compile(
    rf"/ogc/collections/(\w{{1,40}})/tiles/WebMercatorQuad/{_NUMBER}/{_NUMBER}/{_NUMBER}", re.ASCII
)
#: a q-value that says no
_NEVER = re.compile(r"q=0(\.0*)?")


@dataclass(frozen=True, slots=True)
class Grant:
    """Somebody may see a layer.

    Attributes:
        source: what its tiles are drawn from.
        named: whether the address names this version, so that what it gives never changes.
        public: whether everybody may see it.
    """

    source: Source
    named: bool
    public: bool


class Grants:
    """Decisions of the last seconds, by credentials and layer.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._kept: dict[bytes, tuple[Grant, float]] = {}
        self._age = 0
        self._lock = threading.Lock()

    def find(self, key: bytes) -> Grant | None:
        """A decision that still holds."""
        grant, until = self._kept.get(key, (None, 0.0))
        return grant if until > self.clock() else None

    @property
    def age(self) -> int:
        """Grows when all is forgotten."""
        return self._age

    def keep(self, key: bytes, grant: Grant, age: int) -> None:
        """Remember a decision, unless all has been forgotten since its request came in (``age``)."""
        with self._lock:
            if age != self._age:
                return
            if len(self._kept) >= MANY:
                self._kept.clear()
            self._kept[key] = grant, self.clock() + SECONDS

    def forget(self) -> None:
        """Forget all."""
        with self._lock:
            self._age += 1
            self._kept.clear()


GRANTS = Grants()


def _forget_afterwards(session: Session, _: Event) -> None:
    """Forget all decisions once the change can be seen by others."""

    def ended(_: Session, transaction: Any) -> None:
        if transaction.parent is None:
            GRANTS.forget()

    event.listen(session, "after_transaction_end", ended)


subscribe(SessionsEnded)(_forget_afterwards)
subscribe(LayerImported)(_forget_afterwards)


def remember(request: Request, grant: Grant) -> Grant:
    """Let the gate answer further requests like this one for some seconds."""
    asked: tuple[bytes, int] | None = request.scope.get(_ASKED)
    if asked is not None:
        GRANTS.keep(asked[0], grant, asked[1])
    return grant


async def respond(
    server: TileServer, grant: Grant, headers: Mapping[str, str], z: int, x: int, y: int
) -> Response:
    """The tile, 204 where there is nothing, or 304 when the client has it.

    A tag names one form of a tile: packed or not.
    """
    packed = takes_gzip(headers.get("accept-encoding", ""))
    etag = grant.source.etag(z, x, y)
    if packed:
        etag = f'{etag[:-1]}-gzip"'
    scope = "public" if grant.public else "private"
    age = "max-age=86400, immutable" if grant.named else "max-age=0, must-revalidate"
    sent = {
        "etag": etag,
        "vary": "Accept-Encoding, Authorization, Cookie",
        "cache-control": f"{scope}, {age}",
    }
    had = headers.get("if-none-match", "")
    if had and (had == etag or any(t.strip().removeprefix("W/") in (etag, "*") for t in had.split(","))):
        return Response(status_code=304, headers=sent)
    tile = server.known(grant.source, z, x, y)
    if tile is None:
        tile = await asyncio.wrap_future(server.ask(grant.source, z, x, y))
    if not tile:
        return Response(status_code=204, headers=sent)
    if packed:
        return Response(tile, media_type=MEDIA_TYPE, headers={**sent, "content-encoding": "gzip"})
    return Response(tiles.plain(tile), media_type=MEDIA_TYPE, headers=sent)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for choice in accepted.lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            return _NEVER.fullmatch(weight.replace(" ", "")) is None
    return False


class TileGate:
    """ASGI middleware: answers for tiles what is remembered, leaves the rest to the routes."""

    def __init__(self, app: ASGIApp, *, app_state: State) -> None:
        self.app = app
        self.app_state = app_state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or "/tiles/" not in scope["path"]:
            await self.app(scope, receive, send)
            return
        by_layer = _LAYER.fullmatch(scope["path"])
        by_row = None if by_layer else _COLLECTION.fullmatch(scope["path"])
        found = by_layer or by_row
        if found is None:
            await self.app(scope, receive, send)
            return
        credentials = [pair for pair in scope["headers"] if pair[0] in (b"authorization", b"cookie")]
        marks = by_layer is None, found[1], scope["query_string"], credentials
        key = hashlib.blake2b(repr(marks).encode(), digest_size=16).digest()
        z, x, y = int(found[2]), int(found[3]), int(found[4])
        if by_row is not None:
            x, y = y, x
        grant = GRANTS.find(key)
        if grant is None or not tiles.exists(z, x, y):
            scope[_ASKED] = key, GRANTS.age
            await self.app(scope, receive, send)
            return
        server = server_of(self.app_state.database)
        response = await respond(server, grant, Headers(scope=scope), z, x, y)
        await response(scope, receive, send)
