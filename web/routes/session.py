"""Signing in and out, the language switch."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from project_box import accounts
from project_box.kernel.errors import NotSignedIn, PlatformError
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.kernel.settings import get_settings
from web.deps import COOKIE, ActorDep, SessionDep, redirect, render
from web.i18n import LOCALES

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["session"])


class Credentials(BaseModel):
    """Sign-in name and password."""

    username: str
    password: str


def actor_plain(actor: Actor) -> dict[str, Any]:
    """What a person may know about themselves."""
    plain: dict[str, Any] = to_plain(actor)
    return {**plain, "role_names": [r.zh for r in sorted(actor.roles)]}


def _wrong() -> NotSignedIn:
    return NotSignedIn(
        "用户名或密码不对",
        "wrong username or password",
        code="wrong_credentials",
        remedy="检查后再试；10 次错误后账号暂停 10 分钟",
        remedy_en="check and try again; after 10 errors the account pauses for 10 minutes",
    )


@api.post("/session")
def sign_in(session: SessionDep, credentials: Credentials) -> Response:
    """Open a session; the answer's token goes into ``Authorization: Bearer``."""
    user = accounts.check_password(session, credentials.username, credentials.password)
    if user is None:
        return JSONResponse({"error": _wrong().to_plain()}, status_code=401)
    token = accounts.open_session(session, user, hours=get_settings().session_hours)
    return JSONResponse({"token": token, "actor": actor_plain(accounts.actor_of(user))})


@api.delete("/session", status_code=204)
def sign_out(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Close the session."""
    accounts.close_session(session, request.state.token)
    return Response(status_code=204)


@api.get("/me")
def me(actor: ActorDep) -> dict[str, Any]:
    """Who is signed in."""
    return actor_plain(actor)


def _local(target: str) -> str:
    """A path on this site, never another site's address."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


@pages.get("/login")
def login_page(request: Request, next: str = "/") -> Response:
    """The sign-in page."""
    return render(request, "session/login.html", next=_local(next), username="", error=None)


@pages.post("/login")
def login(
    request: Request,
    session: SessionDep,
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Sign in by form; the session token is kept in a cookie that scripts cannot read."""
    error: PlatformError = _wrong()
    try:
        user = accounts.check_password(session, username, password)
    except NotSignedIn as resting:
        user, error = None, resting
    if user is None:
        return render(
            request, "session/login.html", status=401, next=_local(next), username=username, error=error
        )
    settings = get_settings()
    token = accounts.open_session(session, user, hours=settings.session_hours)
    response = redirect(_local(next))
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )
    return response


@pages.post("/logout")
def logout(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Sign out by form."""
    accounts.close_session(session, request.state.token)
    response = redirect("/")
    response.delete_cookie(COOKIE)
    return response


@pages.get("/language/{locale}")
def language(locale: str, next: str = "/") -> Response:
    """Switch the language of the screens."""
    response = redirect(_local(next))
    response.set_cookie("lang", locale if locale in LOCALES else "zh", max_age=365 * 86400, samesite="lax")
    return response
