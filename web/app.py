"""The web application: mounts every module of ``web.routes``, serves static files, answers errors."""

from __future__ import annotations

import importlib
import logging
import math
import pkgutil
import uuid
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import web.routes
from project_box.kernel.db import Database, database_from_settings
from project_box.kernel.errors import BadInput, NotFound, NotSignedIn, PlatformError, TooLarge
from project_box.kernel.settings import REPOSITORY_ROOT, get_settings
from web import ogc_access
from web.catalogues import load_all
from web.deps import is_api, protect
from web.i18n import LOCALES, current_locale
from web.templating import render
from web.tile_gate import TileGate

_LOG = logging.getLogger("project_box.web")
_STATIC = Path(__file__).parent / "static"
#: npm packages whose files pages may load, served under /static/vendor/<package>/
VENDOR = ("ol", "proj4", "htmx.org", "bpmn-js", "leaflet")
_SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "script-src 'self'; worker-src 'self' blob:; font-src 'self' data:; frame-ancestors 'self'; form-action 'self'"
    ),
}


class Edge:
    """ASGI middleware: the request's language, the upload limit, and security headers on every answer.

    HEAD is answered as GET is; the server leaves the body out, which knows the request as it came.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        cookies = Request(scope).cookies
        current_locale.set(cookies.get("lang") if cookies.get("lang") in LOCALES else "zh")  # type: ignore[arg-type] # checked
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                raise TooLarge(
                    f"上传内容超过 {self.max_bytes // 1024 // 1024} MB",
                    f"request body exceeds {self.max_bytes} bytes",
                    remedy="拆分文件或压缩后再上传",
                    remedy_en="split or compress the file and upload again",
                )
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                extra = [
                    (k.encode(), v.encode())
                    for k, v in _SECURITY_HEADERS.items()
                    if k.encode() not in present
                ]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self.app(scope, counted, guarded)


def _finite(value: Any) -> Any:
    """The same value with infinities and NaN (JSON has none) as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value


def error_response(request: Request, error: PlatformError) -> Response:
    """The answer for an error: JSON for programs, a page for people, the sign-in page when nobody is signed in."""
    if is_api(request):
        return JSONResponse({"error": _finite(error.to_plain())}, status_code=error.status)
    if ogc_access.asked_by_program(request):
        return ogc_access.exception(error)
    if isinstance(error, NotSignedIn) and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={target}", status_code=303)
    return render(request, "error.html", status=error.status, error=error)


async def _platform_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlatformError)
    return error_response(request, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{"place": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
    if any(e["loc"][0] == "path" for e in error.errors()):
        return error_response(request, NotFound("没有这个页面", "no such address"))
    first = faults[0]
    return error_response(
        request,
        BadInput(
            f"提交的内容有误：{first['place']}",
            f"{first['place']}: {first['message']}",
            code="malformed_request",
            place=first["place"],
            remedy="按页面或接口说明填写后再提交",
            remedy_en="fill it in as the page or the API says and submit again",
            details={"faults": faults},
        ),
    )


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, PlatformError):
        return error_response(request, error.__cause__)
    if error.status_code == 404:
        return error_response(request, NotFound("没有这个页面", "no such address"))
    wrapped = PlatformError(str(error.detail), code=f"http_{error.status_code}")
    wrapped.status = error.status_code
    response = error_response(request, wrapped)
    response.headers.update(error.headers or {})  # 405 names the methods that are allowed
    return response


async def _unforeseen(request: Request, error: Exception) -> Response:
    reference = uuid.uuid4().hex[:8]
    _LOG.exception(
        "unforeseen error %s at %s %s", reference, request.method, request.url.path, exc_info=error
    )
    return error_response(
        request,
        PlatformError(
            f"系统内部错误，编号 {reference}",
            f"internal error {reference}",
            code="internal_error",
            remedy="请把编号告诉系统管理员；您的数据没有改变",
            remedy_en="tell the system administrator the number; your data is unchanged",
        ),
    )


def create_app(database: Database | None = None) -> FastAPI:
    """The application on a database (the configured one when none is given).

    Raises:
        CatalogueError: a catalogue file is wrong; names file, line and field.
    """
    load_all()
    settings = get_settings()
    app = FastAPI(
        title="项目盒 Project Box",
        version="0.1.0",
        description="Sign in with `POST /api/v1/session`, then send `Authorization: Bearer <token>`.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        dependencies=[Depends(protect)],
    )
    app.state.database = database or database_from_settings(settings)
    app.add_middleware(TileGate, app_state=app.state)
    app.add_middleware(Edge, max_bytes=settings.max_upload_bytes + 1024 * 1024)
    handlers: dict[Any, Any] = {
        PlatformError: _platform_error,
        RequestValidationError: _validation_error,
        HTTPException: _http_error,
        Exception: _unforeseen,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    for package in VENDOR:
        folder = REPOSITORY_ROOT / "node_modules" / package
        if folder.is_dir():
            app.mount(f"/static/vendor/{package}", StaticFiles(directory=folder), name=f"vendor-{package}")
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    for name in sorted(m.name for m in pkgutil.iter_modules(web.routes.__path__)):
        module = importlib.import_module(f"web.routes.{name}")
        for router in (getattr(module, "api", None), getattr(module, "pages", None)):
            if router is not None:
                app.include_router(router, include_in_schema=router.prefix.startswith("/api/"))
    return app
