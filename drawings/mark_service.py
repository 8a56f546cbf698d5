"""Use cases of marks 标注: placing, closing, and the drawing with its marks. Never commits."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository
from drawings.cad.markup import MarkupItem, write_markup
from drawings.disciplines import discipline_name
from drawings.events import MarkAdded
from drawings.joint_review import MarkKind, Severity, check_geometry
from drawings.models import Mark
from drawings.review_service import choice, get_review, must_be_open, own_discipline
from drawings.revision_service import get_revision_file
from project_box import service as box
from project_box.kernel.errors import Conflict, Forbidden, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor
from project_box.service import clean_text, now


def add_mark(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    *,
    file_number: int = 1,
    kind: str,
    geometry: Any,
    text: str,
    severity: str = "general",
    clause: str = "",
    handle: str = "",
) -> Mark:
    """Place a mark 标注 on a sheet of the reviewed revision.

    Args:
        file_number: file of the revision, from 1. kind: ``point line area cloud text``.
        geometry: GeoJSON in drawing coordinates. severity: ``mandatory`` 强条, ``general`` 一般, ``advice`` 建议.
        handle: CAD handle of the entity it points at.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed. BadInput: a field is wrong.
    """
    review = get_review(session, actor, review_id)
    discipline = own_discipline(actor, review)
    must_be_open(review)
    shape: MarkKind = choice(MarkKind, kind, "标注类型", "kind")
    grade: Severity = choice(Severity, severity, "严重程度", "severity")
    file = get_revision_file(session, actor, review.revision_id, file_number)
    mark = Mark(
        review_id=review.id,
        file_id=file.id,
        discipline=discipline,
        kind=shape.value,
        severity=grade.value,
        clause=clean_text(clause, field="clause", label="条文", limit=200, required=False),
        text=clean_text(text, field="text", label="标注内容", limit=2000),
        geometry=check_geometry(shape, geometry),
        handle=clean_text(handle, field="handle", label="句柄", limit=120, required=False),
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(mark)
    session.flush()
    session.refresh(mark, ["author"])
    box.record_audit(
        session,
        actor,
        "review.mark_added",
        f"case:{review.case_id}",
        {"review": str(review.id), "mark": str(mark.id), "discipline": discipline, "severity": grade.value},
    )
    publish(session, MarkAdded(review.case_id, review.id, mark.id, discipline))
    return mark


def close_mark(session: Session, actor: Actor, mark_id: uuid.UUID, note: str = "") -> Mark:
    """Close a mark that is settled; only its own discipline may.

    Raises:
        NotFound, Forbidden; Conflict: closed already, or the review is over.
    """
    mark = repository.mark(session, actor, mark_id)
    if mark is None:
        raise NotFound("没有这条标注，或您无权查看", "no such mark for this person")
    review = get_review(session, actor, mark.review_id)
    if own_discipline(actor, review) != mark.discipline:
        raise Forbidden("只能关闭本专业的标注", "only a mark of one's own discipline")
    must_be_open(review)
    if mark.closed_at is not None:
        raise Conflict("这条标注已经关闭", "the mark is closed", code="mark_closed")
    mark.closed_at, mark.closed_by = now(), actor.user_id
    mark.closing_note = clean_text(note, field="note", label="说明", limit=1000, required=False)
    session.flush()
    box.record_audit(
        session,
        actor,
        "review.mark_closed",
        f"case:{review.case_id}",
        {"mark": str(mark.id), "note": mark.closing_note},
    )
    return mark


def marked_copy(session: Session, actor: Actor, review_id: uuid.UUID, file_number: int) -> tuple[str, bytes]:
    """One file of the reviewed revision as DXF with its marks on layers of their own, one for each discipline.

    Returns:
        (file name, DXF); a DWG or a very large drawing gives the marks alone, the name says so.

    Raises:
        NotFound: no such review or file for this person, or the file is no drawing.
    """
    review = get_review(session, actor, review_id)
    file = get_revision_file(session, actor, review.revision_id, file_number)
    if not file.report:
        raise NotFound("这个文件没有图形", "this file has no sheet")
    items = [
        MarkupItem(
            number,
            discipline_name(mark.discipline),
            mark.kind,
            mark.severity,
            f"【{discipline_name(mark.discipline)}·{Severity(mark.severity).zh}】{mark.text}"
            + (f"（{mark.clause}）" if mark.clause else "")
            + ("（已关闭）" if mark.closed_at is not None else ""),
            mark.geometry,
            (f"mark={mark.id}", f"discipline={mark.discipline}", f"severity={mark.severity}",
             f"handle={mark.handle}", f"round={review.round}"),
        )
        for number, mark in enumerate(repository.marks(session, review.id), 1)
        if mark.file_id == file.id
    ]  # fmt: skip
    units = file.report.get("units") or {}
    data, whole = write_markup(
        box.read_file(session, actor, file.file_id),
        items,
        unit=str(units.get("unit") or "m"),
        metres_per_unit=float(units.get("metres_per_unit") or 1.0),
    )
    stem = file.name.rsplit(".", 1)[0]
    return f"{stem}-第{review.round}轮{'审图标注' if whole else '审图标注层'}.dxf", data
