"""Public verification of licences and sealed files."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from approval import service
from drawings.review.sealed_set import is_set, verify_set
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.settings import get_settings
from web.deps import SessionDep, redirect, render
from web.views import licences as licence_views

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["approval"])

_MAX_VERIFY = 50 * 1024 * 1024


@api.get("/verify/{code}")
def verify_code(session: SessionDep, code: str) -> dict[str, Any]:
    """Public: check a licence by its code."""
    return licence_views.verify_view(*service.verify_code(session, code))


@api.post("/verify")
def verify_file(session: SessionDep, file: Annotated[UploadFile, File()]) -> dict[str, Any]:
    """Public: check a PDF, or a sealed set of drawings (ZIP)."""
    return _checked(session, file)


@pages.get("/verify")
def verify_start(request: Request, code: str = "") -> Response:
    """Public: enter a code or choose a PDF."""
    if code.strip():
        return redirect(f"/verify/{quote(code.strip(), safe='')}")
    return render(request, "approval/verify.html", code="", answer=None, error=None)


@pages.post("/verify")
def verify_upload(
    request: Request, session: SessionDep, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Public: check a PDF or a sealed set by form."""
    if file is None or not file.filename:
        error = BadInput("请选择要核验的文件", "no file was chosen", place="file")
        return render(request, "approval/verify.html", status=422, code="", answer=None, error=error)
    answer = _checked(session, file)
    return render(
        request, "approval/verify.html", code="", answer=answer, error=None, name=file.filename[:200]
    )


def _checked(session: Session, file: UploadFile) -> dict[str, Any]:
    if is_set(file.file.read(4)):
        file.file.seek(0)
        return licence_views.set_view(verify_set(file.file.read(get_settings().max_upload_bytes + 1)))
    file.file.seek(0)
    return licence_views.verify_view(*service.verify_upload(session, file.file.read(_MAX_VERIFY + 1)))


@pages.get("/verify/{code}")
def verify_page(request: Request, session: SessionDep, code: str) -> Response:
    """Public: what a QR code leads to."""
    try:
        answer = licence_views.verify_view(*service.verify_code(session, code))
    except NotFound as error:
        return render(
            request, "approval/verify.html", status=404, code=code[:40], answer=None, error=error, name=""
        )
    return render(request, "approval/verify.html", code=code, answer=answer, error=None, name="")
