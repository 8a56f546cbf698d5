"""Delivering a report 成果: uploaded or drawn up by the platform, sealed, put into the box. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from intermediaries.basics import MAX_CONCLUSION, today
from intermediaries.engagement import Status, move
from intermediaries.engagement_service import own_engagement
from intermediaries.events import EngagementDelivered
from intermediaries.line_service import announce_if_complete
from intermediaries.models import Engagement
from intermediaries.trigger_catalogue import catalogue
from project_box import document, seal
from project_box import service as box
from project_box.kernel.errors import BadInput, TooLarge
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor
from project_box.models import Result, StoredFile
from project_box.stage import Stage

#: a delivered report may have this size, bytes
MIN_REPORT, MAX_REPORT = 200, 50 * 1024 * 1024


def _check_report(pdf: bytes) -> None:
    """A delivered file must be a PDF of sane size.

    Raises:
        BadInput, TooLarge: names what is wrong.
    """
    if len(pdf) > MAX_REPORT:
        raise TooLarge(
            f"成果文件过大：{len(pdf) // 1024 // 1024} MB，最多 {MAX_REPORT // 1024 // 1024} MB", "report too large",
            code="report_too_large", place="file", remedy="压缩图片或拆分附件后再交付",
            remedy_en="compress pictures or split attachments, then deliver",
        )  # fmt: skip
    if not pdf:
        raise BadInput(
            "成果文件是空的",
            "empty file",
            code="empty_file",
            place="file",
            remedy="选择评估报告 PDF 文件",
            remedy_en="choose the PDF of the report",
        )
    if not pdf.startswith(b"%PDF-") or len(pdf) < MIN_REPORT:
        raise BadInput(
            "成果文件不是 PDF",
            "not a PDF",
            code="not_a_pdf",
            place="file",
            remedy="将评估报告导出为 PDF 后再交付",
            remedy_en="export the report as PDF, then deliver",
        )


def _report(engagement: Engagement, conclusion: str, facts: Mapping[str, Any], day: dt.date) -> document.Pdf:
    """The report the platform lays out from the agency's conclusion."""
    line, agency = engagement.line, engagement.agency
    held = next((q for q in agency.qualifications if q.code == line.qualification), None)
    level = " ".join(x for x in (held.level, held.certificate_no) if x) if held else ""
    known = catalogue()
    shown = [
        (known.facts[name].name, _value(known.facts[name].type, value, known.facts[name].unit))
        for name, value in facts.items()
        if name in known.facts and value is not None
    ]
    return document.render(
        "evaluation_report",
        {
            "authority": agency.organisation.name,
            "title": line.deliverable,
            "number": engagement.number,
            "project_name": line.project.name,
            "project_code": line.project.code,
            "location": line.project.location,
            "reason": line.reason,
            "basis": line.basis,
            "agency": agency.organisation.name,
            "qualification": f"{known.qualifications[line.qualification].name} {level}".strip(),
            "persons": [
                f"{p.name}({p.certificate_no})" for p in agency.persons if p.code == line.qualification
            ],
            "facts": shown,
            "conclusion": [p for p in conclusion.splitlines() if p.strip()],
            "issued_on": day,
        },
    )


def _value(kind: str, value: Any, unit: str) -> str:
    if kind == "bool":
        return "是" if value else "否"
    if kind == "number":
        return f"{float(value):,.2f} {unit}".strip()
    return {"hit": "压占", "touch": "相接", "clear": "不涉及"}.get(str(value), str(value))


def deliver(
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID,
    *,
    pdf: bytes | None = None,
    conclusion: str = "",
    file_name: str = "",
) -> Engagement:
    """The agency hands in its report (服务中 → 已交付): sealed with its certificate, put into the box (trust C).

    Args:
        pdf: the report; None lets the platform lay it out from ``conclusion``.
        conclusion: the conclusion in words; needed when there is no file.

    Raises:
        BadInput, TooLarge: not a PDF, empty, too large, or neither file nor conclusion. Nothing is stored then.
        Conflict: the task is not 服务中.
    """
    engagement = own_engagement(session, actor, engagement_id)
    after = move(Status(engagement.status), "deliver")
    line = engagement.line
    if conclusion.strip() or pdf is None:
        conclusion = box.clean_text(conclusion, field="conclusion", label="评估结论", limit=MAX_CONCLUSION)
    day = today()
    stored = box.put_file(
        session,
        actor,
        line.project_id,
        file_name or f"{line.deliverable}-{engagement.number}.pdf",
        _sealed_report(engagement, pdf, conclusion, day),
        "application/pdf",
    )
    result = _put_report(
        session, actor, engagement, stored, conclusion, day, rendered_by_platform=pdf is None
    )
    engagement.status, engagement.delivered_at = after, box.now()
    engagement.conclusion, engagement.file_id, engagement.result_id = conclusion, stored.id, result.id
    session.flush()
    box.record_audit(
        session,
        actor,
        "engagement.delivered",
        f"case:{line.case_id}",
        {"engagement": engagement.number, "code": line.code, "sha256": stored.sha256, "result": result.id},
    )
    _tell_of_delivery(session, engagement)
    publish(session, EngagementDelivered(line.project_id, line.case_id, engagement.id, line.code, result.id))
    announce_if_complete(session, line)
    return engagement


def _sealed_report(engagement: Engagement, pdf: bytes | None, conclusion: str, day: dt.date) -> bytes:
    """The agency's own file, or the platform's layout of its conclusion, under the agency's seal."""
    line, organisation = engagement.line, engagement.agency.organisation
    if pdf is None:
        report: bytes = _report(engagement, conclusion, line.facts, day)
        place = getattr(report, "seal_place", None)
    else:
        _check_report(pdf)
        report, place = pdf, seal.last_page_corner(pdf)
    return seal.sign_pdf(
        report,
        seal.certificate_for(organisation.name, identifier=organisation.credit_code),
        reason=f"交付{line.deliverable}",
        location=line.project.location,
        place=place,
    )


def _put_report(
    session: Session,
    actor: Actor,
    engagement: Engagement,
    stored: StoredFile,
    conclusion: str,
    day: dt.date,
    *,
    rendered_by_platform: bool,
) -> Result:
    """The report as a result of the box, with what asked for it."""
    line = engagement.line
    evaluation = catalogue().evaluations.get(line.code)
    return box.put_result(
        session,
        actor,
        line.project_id,
        kind="evaluation_report",
        stage=evaluation.stage if evaluation else Stage.DESIGN,
        title=line.name,
        payload={
            "code": line.code,
            "name": line.name,
            "deliverable": line.deliverable,
            "number": engagement.number,
            "agency": engagement.agency.organisation.name,
            "conclusion": conclusion,
            "reason": line.reason,
            "rule": line.rule,
            "basis": line.basis,
            "delivered_on": day,
        },
        files=[stored],
        source={
            "engagement": engagement.number,
            "case": line.case_id,
            "rendered_by_platform": rendered_by_platform,
        },
        trust="C",
    )


def _tell_of_delivery(session: Session, engagement: Engagement) -> None:
    """A message to the developer and to the officer who dispatched the task."""
    line, agency = engagement.line, engagement.agency.organisation.name
    for recipient in (
        {"organisation_id": line.project.organisation_id},
        {"user_id": engagement.dispatched_by},
    ):
        box.post_message(
            session,
            project_id=line.project_id,
            title=f"评估成果已交付：{line.name}",
            body=f"{agency}交付了{line.deliverable}，请评价。",
            link=f"/engagements/{engagement.id}",
            **recipient,
        )
