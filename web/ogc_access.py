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
from collections.abc import Callable, Coroutine
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
    """True when a person with a browser asks: ``f=html``, or HTML named in Accept before any JSON."""
    asked = request.query_params.get("f")
    if asked is not None:
        return asked == "html"
    accepted = request.headers.get("accept", "").lower()
    html, json = accepted.find("text/html"), accepted.find("json")
    return html >= 0 and (json < 0 or html < json)


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


class OgcRoute(APIRoute):
    """A route that names a parameter that cannot be read as the client wrote it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with such errors told as the platform's own."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
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
