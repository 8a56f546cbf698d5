"""Area-wide evaluations 区域评估: register, queries of projects, certificates that anyone can verify."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, File, Form, Request, UploadFile
from fastapi.responses import Response
from sqlalchemy.orm import Session

from gis.planning import regional_service as regional
from gis.planning.regional import KINDS
from gis.source_crs import parse_crs
from project_box import service as box
from project_box.kernel.calendar import china_today
from project_box.kernel.errors import BadInput, PlatformError, TooLarge
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from web.deps import ActorDep, SessionDep, redirect, render
from web.downloads import download

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["regional"])
_MOST = 60_000_000
_FIELDS = ("kind", "name", "report_no", "valid_from", "valid_until", "crs")
Word = Annotated[str, Form(max_length=200)]


@api.get("/regional")
def get_register(session: SessionDep, actor: ActorDep) -> dict[str, Any]:
    """The register of area-wide evaluations."""
    return {"areas": regional.areas_plain(session), "kinds": _kinds()}


@api.post("/regional", status_code=201)
def post_area(
    session: SessionDep,
    actor: ActorDep,
    boundary: Annotated[UploadFile, File(description="the area, any boundary format")],
    kind: Word,
    name: Word,
    report_no: Word,
    valid_from: Word,
    valid_until: Word,
    crs: Annotated[str, Form(max_length=60)] = "",
    report: Annotated[UploadFile | None, File(description="the sealed report (PDF)")] = None,
) -> dict[str, Any]:
    """Register an area with a finished evaluation (officers and administrators)."""
    typed = {
        "kind": kind,
        "name": name,
        "report_no": report_no,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    return _register(session, actor, typed, crs, boundary, report)


def _register(
    session: Session,
    actor: Actor,
    typed: dict[str, str],
    crs: str,
    boundary: UploadFile,
    report: UploadFile | None,
) -> dict[str, Any]:
    row = regional.register_area(
        session,
        actor,
        kind=typed["kind"].strip(),
        name=typed["name"],
        report_no=typed["report_no"],
        valid_from=_day(typed["valid_from"], "valid_from"),
        valid_until=_day(typed["valid_until"], "valid_until"),
        boundary_name=boundary.filename or "boundary",
        boundary=_bytes(boundary),
        crs=parse_crs(crs or None),
        report_name=(report.filename or "") if report is not None else "",
        report=_bytes(report) if report is not None and report.filename else None,
    )
    return regional.area_plain(row, china_today())


def _bytes(upload: UploadFile) -> bytes:
    data = upload.file.read(_MOST + 1)
    if len(data) > _MOST:
        raise TooLarge(
            "文件过大",
            "file too large",
            place=upload.filename or "file",
            remedy="不超过 60 MB",
            remedy_en="at most 60 MB",
        )
    return data


def _day(text: str, place: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(
            f"“{text[:20]}”不是日期，应如 2029-12-31", "ISO date expected", code="not_a_date", place=place
        ) from error


@api.delete("/regional/{area_id}")
def delete_area(session: SessionDep, actor: ActorDep, area_id: uuid.UUID) -> dict[str, Any]:
    """Take an area out of the register."""
    return regional.area_plain(regional.withdraw_area(session, actor, area_id), china_today())


@api.post("/projects/{project_id}/regional", status_code=201)
def post_query(
    session: SessionDep,
    actor: ActorDep,
    project_id: uuid.UUID,
    kinds: Annotated[list[str] | None, Body(embed=True, max_length=40)] = None,
) -> dict[str, Any]:
    """Which evaluations the project shares; the answer is recorded and its certificate sealed at once."""
    return regional.query_plain(regional.query_project(session, actor, project_id, kinds or ()))


@api.get("/regional/verify/{code}")
def verify_code(session: SessionDep, code: str) -> dict[str, Any]:
    """What a certificate says and whether its seal is good; for anyone."""
    return _verified(session, code)


@api.get("/regional/verify/{code}/certificate.pdf")
@pages.get("/regional/verify/{code}/certificate.pdf")
def certificate_file(session: SessionDep, code: str) -> Response:
    """The sealed certificate, for anyone who has its code."""
    name, data = regional.certificate(session, code)
    return download(data, "pdf", name)


def _verified(session: Session, code: str) -> dict[str, Any]:
    row, report = regional.verify(session, code)
    plain = regional.query_plain(row)
    keep = ("number", "project", "project_code", "site_area_m2", "on", "asked_at", "answered_at", "same_day",
            "working_day", "answers", "sha256", "verify_code")  # fmt: skip
    seals = to_plain(report)
    return {
        "ok": bool(report.ok),
        **{k: plain[k] for k in keep},
        "seal": {
            k: seals[k] for k in ("ok", "problems", "signer", "organisation", "signed_at", "timestamped")
        },
    }


def _kinds() -> list[dict[str, str]]:
    return [{"code": k, "name": n, "name_en": e} for k, (n, e) in KINDS.items()]


def _page(
    request: Request, session: Session, actor: Actor, error: PlatformError | None = None, values: Any = None
) -> Response:
    may = actor.is_officer or actor.has(Role.ADMIN)
    return render(
        request, "regional/register.html", status=error.status if error else 200, error=error,
        values=dict.fromkeys(_FIELDS, "") | (values or {}), areas=regional.areas_plain(session),
        queries=regional.queries_plain(session, actor),
        kinds=_kinds(), may=may, projects=box.list_projects(session, actor),
    )  # fmt: skip


@pages.get("/regional")
def register_page(request: Request, session: SessionDep, actor: ActorDep) -> Response:
    """Register, query of a project, queries made."""
    return _page(request, session, actor)


@pages.post("/regional")
def register_form(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    boundary: Annotated[UploadFile, File()],
    kind: Word,
    name: Word = "",
    report_no: Word = "",
    valid_from: Word = "",
    valid_until: Word = "",
    crs: Annotated[str, Form(max_length=60)] = "",
    report: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Register an area from the page."""
    typed = {
        "kind": kind,
        "name": name,
        "report_no": report_no,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    try:
        _register(session, actor, typed, crs, boundary, report)
    except PlatformError as fault:
        if fault.status not in (409, 413, 422):
            raise
        session.rollback()
        return _page(request, session, actor, fault, typed | {"crs": crs})
    return redirect("/regional#register")


@pages.post("/regional/{area_id}/withdraw")
def withdraw_form(session: SessionDep, actor: ActorDep, area_id: uuid.UUID) -> Response:
    """Take an area out of the register from the page."""
    regional.withdraw_area(session, actor, area_id)
    return redirect("/regional#register")


@pages.post("/regional/query")
def query_form(
    request: Request, session: SessionDep, actor: ActorDep, project_id: Annotated[uuid.UUID, Form()]
) -> Response:
    """Query a project from the page."""
    try:
        row = regional.query_project(session, actor, project_id)
    except PlatformError as fault:
        if fault.status not in (409, 422):
            raise
        session.rollback()
        return _page(request, session, actor, fault)
    return redirect(f"/regional/verify/{row.verify_code}")


@pages.get("/regional/verify/{code}")
def verify_page(request: Request, session: SessionDep, code: str) -> Response:
    """The certificate and its seal, for anyone."""
    try:
        answer, error = _verified(session, code), None
    except PlatformError as fault:
        if fault.status != 404:
            raise
        answer, error = None, fault
    return render(
        request, "regional/verify.html", status=error.status if error else 200, error=error, answer=answer
    )
