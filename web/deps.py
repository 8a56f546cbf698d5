"""What every route depends on: the request's transaction, who acts, and protection against forged requests."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from project_box import accounts
from project_box.kernel.db import Database
from project_box.kernel.errors import Forbidden, NotSignedIn, PlatformError
from project_box.kernel.identity import Actor
from web.templating import render

COOKIE = "project_box_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
__all__ = [
    "COOKIE",
    "ActorDep",
    "MaybeActorDep",
    "SessionDep",
    "is_api",
    "protect",
    "redirect",
    "refusing",
    "render",
]


def _transaction(request: Request) -> Iterator[Session]:
    database: Database = request.app.state.database
    with database.transaction() as session:
        yield session


#: the request's transaction: committed before the response is sent, rolled back on any error
SessionDep = Annotated[Session, Depends(_transaction, scope="function")]


def is_api(request: Request) -> bool:
    """True for the JSON twins."""
    return request.url.path.startswith("/api/")


def _identify(request: Request, session: SessionDep) -> Actor | None:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    by_header = scheme.lower() == "bearer" and bool(bearer)
    token = bearer.strip() if by_header else request.cookies.get(COOKIE)
    request.state.actor, request.state.token, request.state.by_header = None, None, by_header
    found = accounts.find_session(session, token) if token else None
    if found is not None:
        request.state.actor, request.state.token = accounts.actor_of(found.user), token
    actor: Actor | None = request.state.actor
    return actor


async def protect(request: Request, _: Annotated[Actor | None, Depends(_identify)]) -> AsyncIterator[None]:
    """Refuse state-changing requests that carry the cookie but not its CSRF token (form field or header).

    Bearer tokens are sent by programs on purpose and need none. Afterwards the temporary files of a multipart body
    are closed, whoever parsed it.
    """
    await _check_csrf(request)
    try:
        yield
    finally:
        await request.close()


async def _check_csrf(request: Request) -> None:
    if request.method in _SAFE or request.state.by_header or request.state.token is None:
        return
    sent = request.headers.get("x-csrf-token")
    if sent is None and "form" in request.headers.get("content-type", ""):
        field = (await request.form()).get("csrf_token")
        sent = field if isinstance(field, str) else None
    if sent is None or not hmac.compare_digest(sent.encode(), accounts.csrf_of(request.state.token).encode()):
        raise Forbidden(
            "页面已过期或请求来源不明，未做任何更改",
            "CSRF token missing or wrong",
            code="csrf",
            remedy="返回上一页，刷新后再提交",
            remedy_en="go back, reload the page and submit again",
        )


def _signed_in(request: Request, actor: Annotated[Actor | None, Depends(_identify)]) -> Actor:
    if actor is None:
        raise NotSignedIn("请先登录", "sign in first")
    return actor


#: the signed-in person; a page redirects to the sign-in page, an API call answers 401
ActorDep = Annotated[Actor, Depends(_signed_in)]
#: the signed-in person or None
MaybeActorDep = Annotated[Actor | None, Depends(_identify)]


def redirect(location: str) -> RedirectResponse:
    """After a successful form: see the page at ``location``."""
    return RedirectResponse(location, status_code=303)


def refusing(
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
