"""Use cases that print: 建筑面积统计表, 审图意见单, and the sealed set of a revision. Never commits."""

from __future__ import annotations

import datetime as dt
import io
import uuid
import zipfile
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository
from drawings.areas.area_table import AreaTable
from drawings.models import JointReview, Mark, Revision, RevisionFile
from drawings.review.answers import points_to_answer
from drawings.review.disciplines import discipline_name
from drawings.review.joint_review import Severity
from drawings.review.review_facts import review_standing
from drawings.review.review_service import get_review
from drawings.review.sealed_set import FOLDER, MANIFEST, SHEET, manifest_bytes, sealing_reason
from drawings.revision_service import get_revision
from drawings.sheets.sheet_pack import unpack
from drawings.sheets.sheet_picture import NumberedMark, sheet_picture
from drawings.sheets.sheet_service import packed_sheet, revision_areas
from project_box import seal
from project_box import service as box
from project_box.document import typeset
from project_box.kernel.calendar import CHINA
from project_box.kernel.errors import Conflict
from project_box.kernel.identity import Actor
from project_box.kernel.storage import store_from_settings
from project_box.models import Organisation, Project, User
from project_box.service import now
from project_box.thumbnail import thumbnail_svg

#: more photos than this are not printed
_MOST_PHOTOS = 60
_PARTS = {"above": "地上", "below": "地下", "roof": "屋顶"}


def _head(project: Project, revision: Revision) -> dict[str, Any]:
    return {
        "project_name": project.name,
        "project_code": project.code,
        "revision": f"图纸第 {revision.number} 版（{revision.created_at.astimezone(CHINA).date().isoformat()}）",
    }


def area_pdf(
    session: Session, actor: Actor, project_id: uuid.UUID, number: int | None = None
) -> tuple[str, bytes]:
    """建筑面积统计表 of a revision (the newest if ``number`` is None) as (file name, PDF).

    Raises:
        NotFound: no such project or revision for this person.
    """
    project = box.get_project(session, actor, project_id)
    revision, table = revision_areas(session, actor, project_id, number)
    pdf, _ = typeset(
        "area_table", {**_head(project, revision), **_area_data(table)}, created=revision.created_at
    )
    return f"{project.name} 图纸第 {revision.number} 版-建筑面积统计表.pdf", pdf


def _area_data(table: AreaTable) -> dict[str, Any]:
    lines = [
        [building.name, floor.name, floor.floors or _PARTS[floor.part], floor.storeys, line.use, line.kind,
         line.area, line.coefficient, line.counted, line.total]
        for building in table.buildings
        for floor in building.floors
        for line in floor.lines
    ]  # fmt: skip
    return {
        "basis": f"{table.doc_no} {table.title}" + ("" if table.verified else "（系数表未经核验）"),
        "buildings": [
            {"name": b.name, "above": b.above, "below": b.below, "total": b.total} for b in table.buildings
        ],
        "above": table.above,
        "below": table.below,
        "total": table.total,
        "uses": [[use or "未注明", area] for use, area in table.by_use.items()],
        "kinds": [[kind, area] for kind, area in table.by_kind.items()],
        "by_building_use": [
            [name, use, area] for name, own in table.by_building_use.items() for use, area in own.items()
        ],
        "floors": _floor_rows(table),
        "lines": [[None if v is None else str(v) for v in line] for line in lines],
        "undecided": list(table.undecided),
    }


def _floor_rows(table: AreaTable) -> list[list[str | None]]:
    """One row a floor, for all storeys it stands for: counted area by use and together; then the building's."""
    rows: list[list[Any]] = []
    for building in table.buildings:
        for floor in building.floors:
            uses: dict[str, list[Any]] = {}
            for line in floor.lines:
                uses.setdefault(line.use, []).append(line.total)
            named = "；".join(
                f"{use or '未注明'} {'无法判定' if None in totals else sum(totals)}"
                for use, totals in uses.items()
            )
            rows.append(
                [
                    building.name,
                    floor.name,
                    floor.floors or _PARTS[floor.part],
                    floor.storeys,
                    named,
                    floor.total,
                ]
            )
        rows.append([building.name, "小计", "", "", "", building.total])
    return [[None if v is None else str(v) for v in row] for row in rows]


def review_sheet(session: Session, actor: Actor, review_id: uuid.UUID) -> tuple[str, bytes]:
    """审图意见单 of a round as (file name, PDF): each drawing with its marks, then the list of marks with replies.

    Raises:
        NotFound: no such review for this person.
    """
    review = get_review(session, actor, review_id)
    project = box.get_project(session, actor, review.project_id)
    marks = list(enumerate(repository.marks(session, review.id), 1))
    files = [f for f in review.revision.files if f.report]
    latest = review_standing(session, review).latest
    verdicts = "；".join(
        f"{discipline_name(d)}：{latest[d].verdict.zh if d in latest else '未提交'}"
        for d in review.disciplines
    )
    data = {
        **_head(project, review.revision),
        "round": f"第 {review.round} 轮",
        "verdicts": verdicts,
        "sheets": [
            _sheet(session, f, own) for f in files if (own := [(n, m) for n, m in marks if m.file_id == f.id])
        ],
        "marks": _mark_lines(session, review, marks),
        "photos": _photos(session, actor, marks),
    }
    pdf, _ = typeset("review_sheet", data, created=review.opened_at)
    return f"{project.name}-第{review.round}轮-审图意见单.pdf", pdf


def _sheet(session: Session, file: RevisionFile, marks: list[tuple[int, Mark]]) -> dict[str, str]:
    numbered = [NumberedMark(n, m.severity, m.geometry, m.kind, m.text) for n, m in marks]
    picture = sheet_picture(unpack(packed_sheet(session, file)), numbered)
    note = f"按此图幅略去 {picture.left_out} 个过小的图元，以原图为准。" if picture.left_out else ""
    return {"name": file.name, "svg": picture.svg, "note": note}


def _mark_lines(session: Session, review: JointReview, marks: list[tuple[int, Mark]]) -> list[dict[str, Any]]:
    names = {f.id: f.name for f in review.revision.files}
    replies = {p.source: p.reply.text for p in points_to_answer(session, review) if p.reply}
    return [
        {
            "number": number,
            "discipline": discipline_name(mark.discipline),
            "severity": Severity(mark.severity).zh,
            "text": mark.text,
            "clause": mark.clause,
            "place": " ".join(
                filter(None, (names.get(mark.file_id, ""), mark.handle and f"句柄 {mark.handle}"))
            ),
            "state": "未关闭" if mark.closed_at is None else "已关闭",
            "reply": replies.get(f"mark:{mark.id}", ""),
        }
        for number, mark in marks
    ]


def _photos(session: Session, actor: Actor, marks: list[tuple[int, Mark]]) -> list[dict[str, Any]]:
    """Photos of marks, small; ``svg`` is None for one that cannot be shown."""
    out: list[dict[str, Any]] = []
    for number, mark in marks:
        if mark.photo_id is not None and len(out) < _MOST_PHOTOS:
            media_type = box.get_file(session, actor, mark.photo_id).media_type
            photo = box.read_file(session, actor, mark.photo_id)
            out.append({"number": number, "text": mark.text, "svg": thumbnail_svg(photo, media_type)})
    return out


def drawing_set(session: Session, actor: Actor, revision_id: uuid.UUID) -> tuple[str, bytes]:
    """封存图纸: every file of a revision that passed joint review, with a manifest of hashes, as (file name, ZIP).

    The 审图意见单 in it carries the seal of the authority that closed the round; the reason it was sealed for names the
    hash of the manifest. Any later hand-in is another revision, which needs a review of its own.

    Raises:
        NotFound: no such revision for this person. Conflict: no round of review of this revision ended in agreement.
    """
    revision = get_revision(session, actor, revision_id)
    project = box.get_project(session, actor, revision.project_id)
    review = repository.agreed_review(session, revision.id)
    if review is None or review.closed_at is None:
        raise Conflict(
            f"第 {revision.number} 版图纸没有通过联合审图，不能封存",
            f"revision {revision.number} has not passed joint review",
            code="not_agreed",
            remedy="联审结论为“同意”后再封存；图纸改动后须重新联审",
            remedy_en="seal it once the review agrees; changed drawings need a review again",
        )
    manifest = {
        "project": {"code": project.code, "name": project.name},
        "revision": revision.number,
        "submitted_at": revision.created_at.isoformat(),
        "review": {
            "round": review.round,
            "verdict": review.verdict,
            "closed_at": review.closed_at.isoformat(),
        },
        "files": [{"name": f.name, "kind": f.kind, "sha256": f.sha256} for f in revision.files],
    }
    stream = io.BytesIO()
    stamp = review.closed_at.astimezone(dt.UTC).timetuple()[:6]
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:

        def put(name: str, data: bytes) -> None:
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)

        put(MANIFEST, manifest_bytes(manifest))
        for file in revision.files:
            put(f"{FOLDER}{file.name}", store_from_settings().read(file.sha256))
        listed = review_sheet(session, actor, review.id)[1]
        certificate = seal.certificate_for(_authority(session, review))
        put(SHEET, seal.sign_pdf(listed, certificate, reason=sealing_reason(manifest)))
    box.record_audit(
        session,
        actor,
        "drawings.set_sealed",
        f"project:{project.id}",
        {"revision": revision.number, "at": now()},
    )
    return f"{project.name}-第{revision.number}版-封存图纸.zip", stream.getvalue()


def _authority(session: Session, review: JointReview) -> str:
    """Name of the authority whose officer closed the round."""
    closer = session.get_one(User, review.closed_by)
    return session.get_one(Organisation, closer.organisation_id).name
