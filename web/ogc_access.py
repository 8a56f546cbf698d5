"""Who asks the map services, and how they are told of errors: programs such as QGIS and GDAL sign in with each request.

A bearer token or the session cookie is taken as elsewhere; besides, HTTP Basic with a person's own password. A password
that was right is remembered for some minutes by a keyed hash, as checking one takes a good part of a second on purpose;
the account is looked up every time, so that a disabled one or a changed password counts at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from project_box import accounts, repository
from project_box.kernel.db import Database
from project_box.kernel.errors import BadInput, NotSignedIn, PlatformError
from project_box.kernel.identity import Actor
from web.deps import MaybeActorDep

_KEY = secrets.token_bytes(32)
_REMEMBERED: dict[bytes, tuple[str, float]] = {}
#: how long a password is remembered, and how many
_SECONDS, _MANY = 300.0, 500
_CHALLENGE = 'Basic realm="Project Box", charset="UTF-8"'


def wants_html(request: Request) -> bool:
    """True when a person with a browser asks: ``f=html``, or HTML is preferred to JSON in Accept."""
    asked = request.query_params.get("f")
    if asked is not None:
        return asked == "html"
    html = json = (0.0, 0)
    for position, written in enumerate(request.headers.get("accept", "").lower().split(",")):
        kind, *parameters = (part.strip() for part in written.split(";"))
        quality = (_quality(parameters), -position)
        if kind == "text/html":
            html = max(html, quality)
        elif "json" in kind:
            json = max(json, quality)
    return html[0] > 0 and html > json


def _quality(parameters: Sequence[str]) -> float:
    """The ``q`` of a media type in Accept, 1 where it is not stated."""
    stated = next((p[2:] for p in parameters if p.startswith("q=")), "1")
    try:
        return float(stated)
    except ValueError:
        return 0.0


def _actor(request: Request, known: MaybeActorDep) -> Actor | None:
    """The person who asks; None for the public.

    Raises:
        NotSignedIn: credentials were sent, and they are wrong.
    """
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return known
    if scheme.lower() == "basic":
        known = _by_password(request.app.state.database, credentials)
        request.state.actor = known
    if known is None:
        raise NotSignedIn(
            "用户名、密码或令牌不正确", "wrong user name, password or token", code="wrong_credentials"
        )
    return known


def _by_password(database: Database, credentials: str) -> Actor | None:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, colon, password = decoded.partition(":")
    if not colon or "\0" in decoded:
        return None
    mark = hmac.new(_KEY, decoded.encode(), hashlib.sha256).digest()
    remembered, until = _REMEMBERED.get(mark, ("", 0.0))
    with database.transaction() as session:  # its own: a wrong try is counted although the request fails
        if until > time.monotonic():
            user = repository.user_by_name(session, name)
            if user is not None and hmac.compare_digest(user.password_hash, remembered):
                return accounts.actor_of(user)
        user = accounts.check_password(session, name, password)
        if user is None:
            return None
        if len(_REMEMBERED) >= _MANY:
            _REMEMBERED.clear()
        _REMEMBERED[mark] = (user.password_hash, time.monotonic() + _SECONDS)
        return accounts.actor_of(user)


#: the person who asks a map service, or None for the public
OgcActorDep = Annotated[Actor | None, Depends(_actor)]


def unknown_parameter(name: str) -> BadInput:
    """The refusal of a query parameter that the service does not describe."""
    return BadInput(
        f"没有参数 {name[:60]}",
        f"unknown parameter {name[:60]}",
        code="parameter_unknown",
        place=name[:60],
        remedy="参数见 /ogc/api，字段见 queryables",
        remedy_en="see /ogc/api for parameters and queryables for fields",
    )


class OgcRoute(APIRoute):
    """A route that refuses parameters it does not have, and names one that cannot be read as the client wrote it.

    The items of a collection also take the names of its properties, and judge them themselves; what a program adds to
    the address of a tile is left to it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with such errors told as the platform's own."""
        handle = super().get_route_handler()
        known = {"f", *(parameter.alias for parameter in self.dependant.query_params)}
        elsewhere = self.path.endswith("/items") or "/tiles/" in self.path

        async def guarded(request: Request) -> Response:
            odd = [] if elsewhere else [name for name in request.query_params if name not in known]
            if odd:
                raise unknown_parameter(odd[0])
            try:
                return await handle(request)
            except RequestValidationError as error:
                first = error.errors()[0]
                place = str(first["loc"][-1])
                raise BadInput(
                    f"参数 {place} 有误",
                    f"{place}: {first['msg']}",
                    code="InvalidParameterValue",
                    place=place,
                ) from error

        return guarded


def asked_by_program(request: Request) -> bool:
    """True where errors are to be OGC exceptions: a map service is asked, and not by a person with a browser."""
    path = request.url.path
    return (path == "/ogc" or path.startswith("/ogc/")) and not wants_html(request)


def exception(error: PlatformError) -> Response:
    """An error as the standard asks: JSON with ``code`` and ``description``; 400 for what a client wrote wrongly."""
    status = 400 if error.status == 422 else error.status
    plain = error.to_plain()
    headers = {"www-authenticate": _CHALLENGE} if isinstance(error, NotSignedIn) else None
    description = " / ".join(part for part in (error.zh, error.en) if part)
    body = {
        "code": error.code,
        "description": description,
        **{k: plain[k] for k in ("place", "remedy", "remedy_en") if plain.get(k)},
    }
    return JSONResponse(body, status_code=status, headers=headers)
