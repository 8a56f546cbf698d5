"""Register of area-wide evaluations 区域评估, queries of projects and their sealed certificates. Never commits."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.boundaries.boundary import read_boundary
from gis.boundaries.recording import needed_boundary, refuse
from gis.check.checking import check_geometry
from gis.planning.planning_models import RegionalArea, RegionalQuery
from gis.planning.regional import KINDS, Area, answers, entries, regional_rules, with_registered
from project_box import document, seal
from project_box import service as box
from project_box.kernel.calendar import china_today, load_calendar
from project_box.kernel.errors import BadInput, CalendarMissing, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role
from project_box.kernel.settings import get_settings
from project_box.kernel.storage import store_from_settings
from project_box.models import Project
from project_box.repository import visible_projects
from project_box.seal import SealReport, verify_pdf

_CHINA = dt.timezone(dt.timedelta(hours=8))


def register_area(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    name: str,
    report_no: str,
    valid_from: dt.date,
    valid_until: dt.date,
    boundary_name: str,
    boundary: bytes,
    crs: int | None = None,
    report_name: str = "",
    report: bytes | None = None,
) -> RegionalArea:
    """Register an area with a finished evaluation.

    Args:
        boundary: the area in any boundary format; ``crs`` when the file does not say.
        report: the sealed report (PDF); its seals are examined, and what was found is kept with it.

    Raises:
        Forbidden: neither administrator nor officer. BadInput: a field or file is wrong.
        Conflict: the report is registered for this kind.
    """
    _may_register(actor)
    if kind not in KINDS:
        raise BadInput(
            f"没有评估类型 {kind[:20]}",
            "unknown kind",
            place="kind",
            remedy=f"可用：{'、'.join(KINDS)}",
            remedy_en=f"there are {', '.join(KINDS)}",
        )
    if valid_until < valid_from:
        raise BadInput(
            "有效期止早于有效期起",
            "valid_until before valid_from",
            place="valid_until",
            remedy="更正有效期的起止日期",
            remedy_en="correct the dates of validity",
        )
    number = box.clean_text(report_no, field="report_no", label="报告号", limit=100)
    taken = select(RegionalArea.id).where(RegionalArea.kind == kind, RegionalArea.report_no == number)
    if session.scalar(taken) is not None:
        raise Conflict(f"{KINDS[kind][0]} {number} 已登记", "registered already", place="report_no")
    reading = read_boundary(boundary_name, boundary, crs=crs)
    refuse(reading)
    assert reading.geometry is not None and reading.crs is not None
    geometry, metres = crs_module.local_to_metres(reading.geometry, reading.crs)
    row = RegionalArea(
        kind=kind,
        name=box.clean_text(name, field="name", label="名称", limit=200),
        report_no=number,
        valid_from=valid_from,
        valid_until=valid_until,
        crs=metres,
        geometry=from_shape(geometry, srid=metres, extended=True),
        seal=_examined(report) if report is not None else {},
        file_name=box.safe_name(report_name) if report is not None else None,
        file_sha256=store_from_settings().put(report)[0] if report is not None else None,
        registered_by=actor.user_id,
        registered_at=box.now(),
    )
    session.add(row)
    session.flush()
    box.record_audit(
        session, actor, "gis.regional.registered", f"regional:{row.id}",
        {"kind": kind, "report_no": number, "valid_until": valid_until, "sha256": row.file_sha256},
    )  # fmt: skip
    return row


def _may_register(actor: Actor) -> None:
    if not (actor.is_officer or actor.has(Role.ADMIN)):
        raise Forbidden("只有审批人员和系统管理员可以登记区域评估", "officers and administrators only")


def _examined(report: bytes) -> dict[str, Any]:
    if not report.startswith(b"%PDF"):
        raise BadInput(
            "评估报告应为 PDF 文件",
            "the report must be a PDF",
            place="report",
            remedy="上传盖章的 PDF",
            remedy_en="upload the sealed PDF",
        )
    found = verify_pdf(report)
    return {
        "ok": found.ok,
        "problems": found.problems,
        "signer": found.signer,
        "organisation": found.organisation,
    }


def withdraw_area(session: Session, actor: Actor, area_id: uuid.UUID) -> RegionalArea:
    """Take an area out of the register; certificates that name it stay as they are.

    Raises:
        Forbidden: neither administrator nor officer. NotFound: there is none.
    """
    _may_register(actor)
    row = session.get(RegionalArea, area_id)
    if row is None:
        raise NotFound("没有这项区域评估", "no such evaluation")
    if row.withdrawn_at is None:
        row.withdrawn_at = box.now()
        box.record_audit(
            session, actor, "gis.regional.withdrawn", f"regional:{row.id}", {"report_no": row.report_no}
        )
    return row


def areas_plain(session: Session) -> list[dict[str, Any]]:
    """The register, by kind and report; it is public to everyone who is signed in."""
    today = china_today()
    rows = session.scalars(select(RegionalArea).order_by(RegionalArea.kind, RegionalArea.report_no)).all()
    return [area_plain(row, today) for row in rows]


def area_plain(row: RegionalArea, today: dt.date) -> dict[str, Any]:
    """A registered area as API and page show it."""
    shape = to_shape(row.geometry)
    state = (
        "withdrawn" if row.withdrawn_at is not None else "expired" if row.valid_until < today
        else "not_yet" if row.valid_from > today else "valid"
    )  # fmt: skip
    return {
        "id": str(row.id),
        "kind": row.kind,
        "kind_name": KINDS.get(row.kind, (row.kind, row.kind))[0],
        "kind_name_en": KINDS.get(row.kind, (row.kind, row.kind))[1],
        "name": row.name,
        "report_no": row.report_no,
        "valid_from": row.valid_from.isoformat(),
        "valid_until": row.valid_until.isoformat(),
        "state": state,
        "area_m2": round(shape.area, 2),
        "crs": row.crs,
        "file": row.file_name,
        "sha256": row.file_sha256,
        "seal": row.seal,
    }


def registered_entries(session: Session, site: BaseGeometry, crs: int, on: dt.date) -> list[dict[str, Any]]:
    """Registered areas that meet a site (metres), as ``zones.regional_evaluations`` lists them."""
    found: list[Area] = []
    for row in session.scalars(select(RegionalArea).where(RegionalArea.withdrawn_at.is_(None))):
        if not crs_module.can_transform(row.crs, crs):
            continue
        shape = crs_module.transform(to_shape(row.geometry), row.crs, crs)
        if shape.intersects(site):
            found.append(Area(row.kind, row.name, row.report_no, row.valid_from, row.valid_until, shape))
    return entries(found, site, on)


def query_project(
    session: Session, actor: Actor, project_id: uuid.UUID, kinds: Sequence[str] = ()
) -> RegionalQuery:
    """Answer at once which evaluations a project shares, and seal the certificate 查询证明.

    Evaluations stand in the register or in the plan layer QYPG, as in a check.

    Raises:
        NotFound: the project is not visible. Conflict: it has no boundary. BadInput: an unknown kind.
    """
    asked_at = box.now()
    project = box.get_project(session, actor, project_id)
    unknown = [k for k in kinds if k not in KINDS]
    if unknown:
        raise BadInput(f"没有评估类型 {unknown[0][:20]}", "unknown kind", place="kinds")
    boundary, site = needed_boundary(session, actor, project_id, "查询区域评估", "a query")
    assert boundary.crs is not None
    today = china_today()
    drawn = check_geometry(session, site, boundary.crs, on=today, markers=False).zones
    met = with_registered(
        drawn.get("regional_evaluations"), registered_entries(session, site, boundary.crs, today)
    )
    content = {
        "project": project.name,
        "project_code": project.code,
        "site_area_m2": boundary.payload["area_m2"],
        "boundary": {"id": str(boundary.id), "version": boundary.version, "hash": boundary.content_hash},
        "on": today.isoformat(),
        "answers": answers(met, list(kinds) or list(KINDS)),
    }
    repository.lock_layer(session, "regional query")
    number = f"QYPG-{today:%Y%m%d}-{(session.scalar(select(func.count()).select_from(RegionalQuery)) or 0) + 1:04d}"
    code = secrets.token_hex(10).upper()
    answered_at = box.now()
    content |= {"working_day": _working(today)}
    pdf = _certificate(project, number, code, content, asked_at, answered_at)
    stored = box.put_file(
        session, actor, project_id, f"区域评估查询证明-{number}.pdf", pdf, "application/pdf"
    )
    row = RegionalQuery(
        project_id=project_id,
        number=number,
        asked_by=actor.user_id,
        asked_at=asked_at,
        answered_at=answered_at,
        same_day=asked_at.astimezone(_CHINA).date() == answered_at.astimezone(_CHINA).date(),
        content=content,
        verify_code=code,
        sha256=hashlib.sha256(pdf).hexdigest(),
        file_id=stored.id,
    )
    session.add(row)
    session.flush()
    box.record_audit(
        session, actor, "gis.regional.queried", f"project:{project_id}",
        {"number": number, "sha256": row.sha256, "answers": {a["kind"]: a["state"] for a in content["answers"]}},
    )  # fmt: skip
    return row


def _working(day: dt.date) -> bool | None:
    try:
        return load_calendar().is_working(day)
    except CalendarMissing:
        return None


def _certificate(
    project: Project,
    number: str,
    code: str,
    content: dict[str, Any],
    asked_at: dt.datetime,
    answered_at: dt.datetime,
) -> bytes:
    authority = regional_rules().authority
    lines = [
        {
            "place": a["name"],
            "text": f"{a['state_name']}；{'无需单独评估' if not a['needed'] else '须按规定单独评估'}"
            + (
                f"；{e['name'] or ''} {e['report_no'] or ''}，"
                f"有效期至 {e['valid_until'] or '未写明'}，覆盖 {e['share']:.2%}"
                if (e := a["evaluation"])
                else ""
            ),
        }
        for a in content["answers"]
    ]
    times = " ".join(
        f"{word}：{at.astimezone(_CHINA):%Y-%m-%d %H:%M:%S}；"
        for word, at in (("申请", asked_at), ("答复", answered_at))
    )
    pdf = document.render(
        "notice",
        {
            "authority": authority,
            "issued_on": content["on"],
            "verify_url": f"{get_settings().base_url}/regional/verify/{code}",
            "title": "区域评估查询证明",
            "number": number,
            "addressee": project.organisation.name,
            "paragraphs": [
                f"项目：{project.name}（{project.code}），用地面积 {content['site_area_m2']:,.2f} ㎡。",
                f"{times}查询日的区域评估成果如下。",
            ],
            "entries": lines,
            "entry_heading": "评估类型",
            "text_heading": "查询结果",
            "closing": [f"核验码：{code}"],
        },
    )
    return seal.sign_pdf(pdf, seal.certificate_for(authority), reason="区域评估查询证明", location=authority)


def queries_plain(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Queries of projects the actor may see, newest first."""
    allowed = visible_projects(actor).with_only_columns(Project.id)
    rows = session.scalars(
        select(RegionalQuery)
        .where(RegionalQuery.project_id.in_(allowed))
        .order_by(RegionalQuery.asked_at.desc())
        .limit(100)
    )
    return [query_plain(row) for row in rows]


def query_plain(row: RegionalQuery) -> dict[str, Any]:
    """A query as API and page show it; nothing in it is secret."""
    return {
        "number": row.number,
        "project_id": str(row.project_id),
        "asked_at": row.asked_at.isoformat(),
        "answered_at": row.answered_at.isoformat(),
        "same_day": row.same_day,
        "verify_code": row.verify_code,
        "verify_link": f"/regional/verify/{row.verify_code}",
        "sha256": row.sha256,
        "file_id": str(row.file_id),
        **row.content,
    }


def verify(session: Session, code: str) -> tuple[RegionalQuery, SealReport]:
    """What a verification code stands for, and the state of the seal on the certificate as kept; for anyone.

    Raises:
        NotFound: no such certificate.
    """
    row = session.scalars(
        select(RegionalQuery).where(RegionalQuery.verify_code == code.strip().upper()[:40])
    ).one_or_none()
    if row is None:
        raise NotFound(
            "没有这份查询证明",
            "no such certificate",
            remedy="核对证明上的核验码",
            remedy_en="compare with the code on the certificate",
        )
    return row, verify_pdf(store_from_settings().read(row.sha256))


def certificate(session: Session, code: str) -> tuple[str, bytes]:
    """Name and bytes of the sealed certificate, for anyone who has its code.

    Raises:
        NotFound: no such certificate.
    """
    row, _ = verify(session, code)
    return f"区域评估查询证明-{row.number}.pdf", store_from_settings().read(row.sha256)
