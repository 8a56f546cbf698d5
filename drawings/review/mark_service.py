"""Use cases of marks 标注: placing, closing, and the drawing with its marks. Never commits."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository
from drawings.cad.markup import MarkupItem, write_markup
from drawings.events import MarkAdded
from drawings.models import JointReview, Mark
from drawings.review.disciplines import discipline_name
from drawings.review.draft_service import Part, drop_draft
from drawings.review.joint_review import MarkKind, Severity, check_geometry
from drawings.review.photo import clean_photo
from drawings.review.review_feed import tell
from drawings.review.review_service import choice, get_review, must_be_open, own_discipline
from drawings.revision_service import get_revision_file
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor
from project_box.models import StoredFile
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
    photo: uuid.UUID | None = None,
) -> Mark:
    """Place a mark 标注 on a sheet of the reviewed revision.

    Args:
        file_number: file of the revision, from 1. kind: ``point line area cloud text photo``.
        geometry: GeoJSON in drawing coordinates. severity: ``mandatory`` 强条, ``general`` 一般, ``advice`` 建议.
        handle: CAD handle of the entity it points at. photo: id from :func:`keep_photo`.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed. BadInput: a field is wrong.
    """
    review = get_review(session, actor, review_id)
    discipline = own_discipline(actor, review)
    must_be_open(review)
    shape: MarkKind = choice(MarkKind, kind, "标注类型", "kind")
    grade: Severity = choice(Severity, severity, "严重程度", "severity")
    file = get_revision_file(session, actor, review.revision_id, file_number)
    if shape is MarkKind.PHOTO and photo is None:
        raise BadInput(
            "没有照片",
            "a photo mark needs a photo",
            code="photo",
            place="photo",
            remedy="先选择照片",
            remedy_en="choose a photo first",
        )
    picture = box.get_file(session, actor, photo) if photo is not None else None
    if picture is not None and picture.project_id != review.project_id:
        raise NotFound("没有这个文件，或您无权查看", "the photo belongs to another project")
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
        photo_id=picture.id if picture is not None else None,
        version=1,
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(mark)
    drop_draft(session, actor, review_id, Part.MARK, of=str(file_number))
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
    tell(session, review.id, "mark_added", str(mark.id))
    return mark


def edit_mark(
    session: Session,
    actor: Actor,
    mark_id: uuid.UUID,
    *,
    version: int,
    text: str | None = None,
    severity: str | None = None,
    clause: str | None = None,
    geometry: Any = None,
) -> Mark:
    """Change a mark of one's own discipline; what is None stays.

    Args:
        version: of the mark as it was shown to the person.

    Raises:
        NotFound, Forbidden; BadInput: a field is wrong.
        Conflict: the review or the mark is closed; or somebody has saved the mark since: ``details`` holds
            ``theirs`` and ``yours``, nothing is overwritten.
    """
    found, review = _own_mark(session, actor, mark_id)
    mark = repository.locked_mark(session, found.id)
    if mark.closed_at is not None:
        raise Conflict("这条标注已经关闭", "the mark is closed", code="mark_closed")
    yours = {"text": text, "severity": severity, "clause": clause, "geometry": geometry}
    if mark.version != version:
        raise Conflict(
            f"这条标注已被更新为第 {mark.version} 版，您的修改没有覆盖它",
            f"the mark has been saved as version {mark.version} meanwhile; nothing was overwritten",
            code="mark_changed",
            place="version",
            remedy="对照两份文字后再保存",
            remedy_en="compare both texts and save again",
            details={
                "version": mark.version,
                "theirs": {key: getattr(mark, key) for key in yours},
                "yours": yours,
            },
        )
    if text is not None:
        mark.text = clean_text(text, field="text", label="标注内容", limit=2000)
    if severity is not None:
        mark.severity = choice(Severity, severity, "严重程度", "severity").value
    if clause is not None:
        mark.clause = clean_text(clause, field="clause", label="条文", limit=200, required=False)
    if geometry is not None:
        mark.geometry = check_geometry(MarkKind(mark.kind), geometry)
    mark.version += 1
    drop_draft(session, actor, review.id, Part.EDIT, of=str(mark.id))
    session.flush()
    box.record_audit(
        session,
        actor,
        "review.mark_changed",
        f"case:{review.case_id}",
        {"mark": str(mark.id), "version": mark.version, "text": mark.text},
    )
    tell(session, review.id, "mark_changed", str(mark.id))
    return mark


def keep_photo(session: Session, actor: Actor, review_id: uuid.UUID, name: str, data: bytes) -> StoredFile:
    """Keep a photo for a mark, stripped of its metadata.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed.
        BadInput, TooLarge: see :func:`drawings.review.photo.clean_photo`.
    """
    review = get_review(session, actor, review_id)
    own_discipline(actor, review)
    must_be_open(review)
    cleaned, media_type = clean_photo(data)
    return box.put_file(session, actor, review.project_id, name, cleaned, media_type)


def _own_mark(session: Session, actor: Actor, mark_id: uuid.UUID) -> tuple[Mark, JointReview]:
    mark = repository.mark(session, actor, mark_id)
    if mark is None:
        raise NotFound("没有这条标注，或您无权查看", "no such mark for this person")
    review = get_review(session, actor, mark.review_id)
    if own_discipline(actor, review) != mark.discipline:
        raise Forbidden("只能处理本专业的标注", "only a mark of one's own discipline")
    must_be_open(review)
    return mark, review


def close_mark(session: Session, actor: Actor, mark_id: uuid.UUID, note: str = "") -> Mark:
    """Close a mark that is settled; only its own discipline may.

    Raises:
        NotFound, Forbidden; Conflict: closed already, or the review is over.
    """
    found, review = _own_mark(session, actor, mark_id)
    mark = repository.locked_mark(session, found.id)
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
    tell(session, review.id, "mark_closed", str(mark.id))
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
             f"handle={mark.handle}", f"round={review.round}", f"kind={mark.kind}", f"clause={mark.clause}"),
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
