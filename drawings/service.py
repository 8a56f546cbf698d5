"""Use cases of the drawings room: revisions, their models and sheets, joint review. Never commits."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from drawings import repository
from drawings.area_table import AreaTable, area_table
from drawings.cad import CadFile, read
from drawings.cad.markup import MarkupItem, write_markup
from drawings.compare import Comparison, compare
from drawings.disciplines import discipline_name, disciplines
from drawings.drawing import DrawingModel, model_from_plain, model_to_plain
from drawings.events import JointReviewClosed, JointReviewOpened, MarkAdded, OpinionGiven, RevisionSubmitted
from drawings.interpret import interpret
from drawings.joint_review import (
    Decision,
    Fate,
    GivenOpinion,
    JointOpinion,
    MarkKind,
    PlacedMark,
    Severity,
    Standing,
    Verdict,
    check_geometry,
    merge,
    standing,
)
from drawings.models import JointReview, Mark, Opinion, OpinionDraft, Revision, RevisionFile
from drawings.report import drawing_report, issue_to_plain
from drawings.sheet import sheet_geojson as build_sheet
from drawings.standards import get_standard
from drawings.table import is_table, read_table
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound, TooLarge
from project_box.kernel.events import publish
from project_box.kernel.finding import Level
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from project_box.kernel.settings import get_settings
from project_box.models import StoredFile
from project_box.service import clean_text, now
from project_box.stage import Stage

MAX_FILES = 60
_CLOSERS = (Role.HANDLER, Role.REVIEWER, Role.SIGNER)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# --- revisions --------------------------------------------------------------------------------------------------------


def submit_revision(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    files: Sequence[tuple[str, bytes]],
    *,
    standard: str | None = None,
    unit: str | None = None,
) -> Revision:
    """Take in a set of drawings as the project's next revision 图纸版本 and put a ``drawing_set`` Result into the box.

    Args:
        files: (name, bytes): DXF or DWG drawings, and at most one XLSX side table of attributes.
        standard: drawing standard for all of them; None finds the best-fitting one for each file.
        unit: length unit confirmed by the applicant; None weighs header and extents.

    Raises:
        NotFound, Forbidden: the project is not the actor's own.
        BadInput: nothing handed in, two files of one name, an unknown standard, or a file that cannot be read at all
            (``details["issues"]`` says why); then nothing is stored.
        TooLarge: too many files or bytes.
    """
    box.get_own_project(session, actor, project_id)
    named = _check_set(files)
    chosen = get_standard(standard) if standard else None
    tables = [(name, data) for name, data in named if is_table(name)]
    table = read_table(*tables[0]) if tables else None
    read_files: list[tuple[str, bytes, CadFile, DrawingModel]] = []
    for name, data in named:
        if is_table(name):
            continue
        cad = read(data, name, unit=unit)
        read_files.append((name, data, cad, interpret(cad, chosen, table=table)))
    unreadable = [model for *_, model in read_files if not model.readable]
    if unreadable:
        issues = [issue_to_plain(i) for model in unreadable for i in model.issues if i.level is Level.ERROR]
        names = "、".join(model.name for model in unreadable)
        raise BadInput(
            f"图纸无法读取：{names}。没有保存任何文件",
            f"unreadable drawings: {names}; nothing was stored",
            code="drawing_unreadable",
            place="files",
            remedy=issues[0]["remedy"] if issues else None,
            details={"issues": issues},
        )
    stored: list[StoredFile] = []
    rows: list[RevisionFile] = []
    for position, (name, data, cad, model) in enumerate(read_files):
        file = box.put_file(session, actor, project_id, name, data, _media_type(cad))
        stored.append(file)
        rows.append(
            RevisionFile(
                position=position,
                name=name,
                kind=model.kind if model.kind in ("site_plan", "building") else "other",
                sha256=file.sha256,
                file_id=file.id,
                standard=model.standard,
                report=to_plain(drawing_report(model)),
                model=model_to_plain(model),
                sheet=_pack(build_sheet(cad, model)),
            )
        )
    for name, data in tables:
        file = box.put_file(session, actor, project_id, name, data, _XLSX)
        stored.append(file)
        rows.append(
            RevisionFile(
                position=len(rows), name=name, kind="other", sha256=file.sha256, file_id=file.id, report={}
            )
        )
    models = [model for *_, model in read_files]
    revision = Revision(
        project_id=project_id,
        number=repository.next_number(session, project_id),
        summary=summarise(models),
        created_at=now(),
        created_by=actor.user_id,
        files=rows,
    )
    session.add(revision)
    session.flush()
    result = box.put_result(
        session,
        actor,
        project_id,
        kind="drawing_set",
        stage=Stage.DESIGN,
        title=f"图纸第 {revision.number} 版（{len(rows)} 个文件）",
        payload={
            "revision": revision.number,
            "revision_id": revision.id,
            "files": [
                {
                    "n": row.position + 1,
                    "name": row.name,
                    "sha256": row.sha256,
                    "kind": row.kind,
                    "file_id": row.file_id,
                    "standard": row.standard,
                }
                for row in rows
            ],
            "issues": [issue_to_plain(i) for model in models for i in model.issues],
            "summary": revision.summary,
        },
        source={
            "by": actor.name,
            "organisation": actor.organisation_name,
            "files": [row.sha256 for row in rows],
        },
        trust="D",
        files=stored,
    )
    revision.result_id = result.id
    session.flush()
    box.record_audit(
        session,
        actor,
        "drawings.revision_submitted",
        f"project:{project_id}",
        {"revision": revision.number, "files": {row.name: row.sha256 for row in rows}},
    )
    publish(session, RevisionSubmitted(project_id, revision.id, revision.number))
    return revision


def _media_type(cad: CadFile) -> str:
    return "image/vnd.dwg" if cad.format == "dwg" else "image/vnd.dxf"


def _check_set(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    if not files:
        raise BadInput(
            "没有选择图纸文件",
            "no files",
            code="no_files",
            place="files",
            remedy="选择总平图和各单体图（DXF 或 DWG）",
        )
    limit = get_settings().max_upload_bytes
    if len(files) > MAX_FILES:
        raise TooLarge(
            f"一次最多提交 {MAX_FILES} 个文件",
            f"at most {MAX_FILES} files",
            code="too_many_files",
            place="files",
        )
    if sum(len(data) for _, data in files) > limit:
        raise TooLarge(
            f"一次提交的文件合计超过 {limit // 1_000_000} MB",
            "files too large together",
            code="too_large",
            place="files",
        )
    named = [(box.safe_name(name), data) for name, data in files]
    seen: set[str] = set()
    for name, _ in named:
        if name.casefold() in seen:
            raise BadInput(
                f"有两个文件同名：{name}", f"two files named {name}", code="same_name", place="files",
                remedy="改名后再提交",
            )  # fmt: skip
        seen.add(name.casefold())
    if sum(is_table(name) for name, _ in named) > 1:
        raise BadInput(
            "一次只能提交一个属性表（XLSX）", "more than one side table", code="two_tables", place="files"
        )
    if all(is_table(name) for name, _ in named):
        raise BadInput("没有图纸，只有属性表", "only a table, no drawing", code="no_files", place="files")
    return named


def summarise(models: Sequence[DrawingModel]) -> dict[str, Any]:
    """Counts of issues, files by kind and areas by role (㎡) over a set of drawings."""
    issues = [i for m in models for i in m.issues]
    areas: dict[str, float] = {}
    for model in models:
        for shape in model.shapes:
            if shape.area_m2 is not None:
                areas[shape.role] = round(areas.get(shape.role, 0.0) + shape.area_m2, 4)
    return {
        "errors": sum(i.level is Level.ERROR for i in issues),
        "warnings": sum(i.level is Level.WARNING for i in issues),
        "infos": sum(i.level is Level.INFO for i in issues),
        "site_plans": sum(m.kind == "site_plan" for m in models),
        "buildings": sum(m.kind == "building" for m in models),
        "areas": areas,
    }


def _pack(sheet: Mapping[str, Any]) -> bytes:
    return gzip.compress(json.dumps(sheet, ensure_ascii=False, separators=(",", ":")).encode(), 6, mtime=0)


def revisions(session: Session, actor: Actor, project_id: uuid.UUID) -> Sequence[Revision]:
    """All revisions of a visible project, newest first."""
    box.get_project(session, actor, project_id)
    return repository.revisions(session, actor, project_id)


def current_revision(session: Session, actor: Actor, project_id: uuid.UUID) -> Revision | None:
    """The newest revision of a project, None if there is none (or the project is not visible)."""
    return repository.current_revision(session, actor, project_id)


def get_revision(session: Session, actor: Actor, revision_id: uuid.UUID) -> Revision:
    """One revision of a visible project.

    Raises:
        NotFound: there is none for this person.
    """
    found = repository.revision(session, actor, revision_id)
    if found is None:
        raise NotFound("没有这一版图纸，或您无权查看", "no such revision for this person")
    return found


def revision_models(session: Session, revision: Revision) -> list[DrawingModel]:
    """The interpreted drawings of a revision, in file order (side tables left out)."""
    rows = repository.file_models(session, revision.id)
    return [model_from_plain(dict(model)) for _, model in rows if model is not None]


def compare_revisions(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    before: int | None = None,
    after: int | None = None,
) -> tuple[Revision, Revision, Comparison]:
    """Compare two revisions of a visible project 图纸比对.

    Args:
        before, after: revision numbers; the newest two (the older one first) where left out.

    Returns:
        (earlier revision, later revision, their differences).

    Raises:
        NotFound: no such project or revision for this person, or there is only one revision and none was named.
    """
    box.get_project(session, actor, project_id)
    known = {r.number: r for r in repository.revisions(session, actor, project_id)}
    if not known:
        raise NotFound("这个项目还没有图纸", "no drawings yet")
    last = after if after is not None else max(known)
    first = before if before is not None else max((n for n in known if n < last), default=last)
    for number in (first, last):
        if number not in known:
            raise NotFound(f"没有第 {number} 版图纸", f"no revision {number}")
    if before is None and first == last:
        raise NotFound("只有一版图纸，没有可以比对的版本", "there is only one revision")
    return known[first], known[last], compare(_models(session, known[first]), _models(session, known[last]))


def revision_areas(
    session: Session, actor: Actor, project_id: uuid.UUID, number: int | None = None
) -> tuple[Revision, AreaTable]:
    """建筑面积统计表 of a revision (the newest if ``number`` is None) of a visible project.

    Raises:
        NotFound: no such project or revision for this person.
    """
    box.get_project(session, actor, project_id)
    known = {r.number: r for r in repository.revisions(session, actor, project_id)}
    if not known:
        raise NotFound("这个项目还没有图纸", "no drawings yet")
    chosen = number if number is not None else max(known)
    if chosen not in known:
        raise NotFound(f"没有第 {chosen} 版图纸", f"no revision {chosen}")
    return known[chosen], area_table([model for _, model in _models(session, known[chosen])])


def _models(session: Session, revision: Revision) -> list[tuple[int, DrawingModel]]:
    """(file position, model) of the drawings of a revision."""
    rows = repository.file_models(session, revision.id)
    return [(row.position, model_from_plain(dict(model))) for row, model in rows if model is not None]


def get_revision_file(session: Session, actor: Actor, revision_id: uuid.UUID, number: int) -> RevisionFile:
    """The ``number``-th (from 1) file of a revision.

    Raises:
        NotFound: no such revision or file for this person.
    """
    revision = get_revision(session, actor, revision_id)
    for file in revision.files:
        if file.position == number - 1:
            return file
    raise NotFound("这一版图纸没有这个文件", f"revision has no file {number}")


def packed_sheet(session: Session, file: RevisionFile) -> bytes:
    """The sheet of a revision file as gzip-compressed GeoJSON.

    Raises:
        NotFound: the file has no sheet (a side table).
    """
    packed = repository.sheet(session, file.id)
    if packed is None:
        raise NotFound("这个文件没有图形", "this file has no sheet")
    return packed


def sheet_geojson(session: Session, file: RevisionFile) -> dict[str, Any]:
    """The sheet of a revision file: features with handle, layer, role, colour, text; see :mod:`drawings.sheet`."""
    sheet: dict[str, Any] = json.loads(gzip.decompress(packed_sheet(session, file)))
    return sheet


# --- joint review -----------------------------------------------------------------------------------------------------


def open_review(
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    project_id: uuid.UUID,
    revision_id: uuid.UUID,
    required: Sequence[str],
    due: dt.date | None = None,
) -> JointReview:
    """Open a round of joint review 联合审图 and let the disciplines read the project.

    Marks of the round before that are still open are carried over to the files of the same name.

    Args:
        required: discipline codes whose verdicts are needed. due: last day of the round.

    Raises:
        BadInput: no or unknown disciplines. Conflict: the case has an open round. NotFound: no such revision.
    """
    known = disciplines().disciplines
    unknown = [d for d in required if d not in known]
    if unknown or not required:
        raise BadInput(
            "联审专业无效：" + "、".join(unknown) if unknown else "没有指定联审专业",
            f"unknown disciplines {unknown}" if unknown else "no disciplines",
            code="disciplines",
        )
    revision = get_revision(session, actor, revision_id)
    if revision.project_id != project_id:
        raise NotFound("没有这一版图纸，或您无权查看", "revision belongs to another project")
    earlier = repository.rounds(session, case_id)
    if any(r.closed_at is None for r in earlier):
        raise Conflict("本办件已有进行中的联合审图", "the case has an open review", code="review_open")
    review = JointReview(
        case_id=case_id,
        project_id=project_id,
        revision_id=revision_id,
        revision=revision,
        round=len(earlier) + 1,
        disciplines=list(dict.fromkeys(required)),
        due=due,
        opened_at=now(),
        opened_by=actor.user_id,
    )
    session.add(review)
    session.flush()
    for discipline in review.disciplines:
        box.grant(
            session,
            project_id,
            role=Role.DISCIPLINE,
            discipline=discipline,
            reason=f"joint-review:{review.id}",
        )
    if earlier:
        _carry_marks(session, earlier[0], review)
    box.record_audit(
        session,
        actor,
        "review.opened",
        f"case:{case_id}",
        {"review": str(review.id), "round": review.round, "disciplines": review.disciplines},
    )
    publish(
        session, JointReviewOpened(case_id, review.id, project_id, revision_id, tuple(review.disciplines))
    )
    return review


def _carry_marks(session: Session, earlier: JointReview, review: JointReview) -> None:
    by_name = {f.name: f.id for f in review.revision.files}
    old_names = {f.id: f.name for f in earlier.revision.files}
    for old in repository.marks(session, earlier.id):
        file_id = by_name.get(old_names.get(old.file_id, ""))
        if old.closed_at is None and file_id is not None:
            session.add(
                Mark(
                    review_id=review.id,
                    file_id=file_id,
                    discipline=old.discipline,
                    kind=old.kind,
                    severity=old.severity,
                    clause=old.clause,
                    text=old.text,
                    geometry=old.geometry,
                    handle=old.handle,
                    carried_from=old.id,
                    created_at=now(),
                    created_by=old.created_by,
                )
            )
    session.flush()


def get_review(session: Session, actor: Actor, review_id: uuid.UUID) -> JointReview:
    """A review of a visible project.

    Raises:
        NotFound: there is none for this person.
    """
    found = repository.review(session, actor, review_id)
    if found is None:
        raise NotFound("没有这个联合审图，或您无权查看", "no such review for this person")
    return found


def reviews_of_case(session: Session, actor: Actor, case_id: uuid.UUID) -> Sequence[JointReview]:
    """Rounds of a case the actor may see, newest first."""
    return repository.reviews_of_case(session, actor, case_id)


def review_of_case(session: Session, actor: Actor, case_id: uuid.UUID) -> JointReview | None:
    """The newest round of a case the actor may see."""
    found = repository.reviews_of_case(session, actor, case_id)
    return found[0] if found else None


def review_standing(session: Session, review: JointReview) -> Standing:
    """The latest verdict of every required discipline."""
    return standing(review.disciplines, [_given(o) for o in repository.opinions(session, review.id)])


def _given(row: Opinion) -> GivenOpinion:
    return GivenOpinion(
        str(row.id),
        row.discipline,
        Verdict(row.verdict),
        row.text,
        row.version,
        row.author.name,
        row.created_at,
    )


def _placed(row: Mark) -> PlacedMark:
    return PlacedMark(
        str(row.id),
        row.discipline,
        Severity(row.severity),
        row.text,
        row.clause,
        row.handle,
        row.closed_at is None,
    )


def _own_discipline(actor: Actor, review: JointReview) -> str:
    if not actor.has(Role.DISCIPLINE) or actor.discipline not in review.disciplines:
        raise Forbidden("您不是本次联合审图的专业审查人", "not a reviewer of this joint review")
    assert actor.discipline is not None
    return actor.discipline


def _open(review: JointReview) -> None:
    if review.closed_at is not None:
        raise Conflict(
            "联合审图已经结束，不能再修改",
            "the review is closed",
            code="review_closed",
            remedy="在下一轮中提出",
        )


def _choice(
    kind: type[Verdict] | type[Severity] | type[MarkKind] | type[Fate], value: str, label: str, field: str
) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        options = "、".join(m.value for m in kind)
        raise BadInput(
            f"{label}无效：{value[:40]}", f"{field} must be one of {options}", code="choice", place=field,
            remedy=f"可选：{options}",
        ) from error  # fmt: skip


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
    discipline = _own_discipline(actor, review)
    _open(review)
    shape: MarkKind = _choice(MarkKind, kind, "标注类型", "kind")
    grade: Severity = _choice(Severity, severity, "严重程度", "severity")
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
    if _own_discipline(actor, review) != mark.discipline:
        raise Forbidden("只能关闭本专业的标注", "only a mark of one's own discipline")
    _open(review)
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


def save_draft(
    session: Session, actor: Actor, review_id: uuid.UUID, *, verdict: str | None = None, text: str = ""
) -> OpinionDraft:
    """Keep what a reviewer has typed so far; nobody else sees it."""
    review = get_review(session, actor, review_id)
    _own_discipline(actor, review)
    _open(review)
    chosen = _choice(Verdict, verdict, "结论", "verdict").value if verdict else None
    body = clean_text(text, field="text", label="意见", limit=5000, required=False)
    draft = repository.draft(session, review_id, actor.user_id)
    if draft is None:
        draft = OpinionDraft(
            review_id=review_id, user_id=actor.user_id, text=body, verdict=chosen, saved_at=now()
        )
        session.add(draft)
    else:
        draft.text, draft.verdict, draft.saved_at = body, chosen, now()
    session.flush()
    return draft


def own_draft(session: Session, actor: Actor, review_id: uuid.UUID) -> OpinionDraft | None:
    """The actor's own draft in a review."""
    return repository.draft(session, review_id, actor.user_id)


def give_opinion(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    *,
    verdict: str,
    text: str = "",
    discipline: str | None = None,
) -> Opinion:
    """Submit the actor's discipline's opinion 专业意见; it is never changed, a later one supersedes it.

    Args:
        verdict: ``agree`` 同意, ``modify`` 修改后同意, ``disagree`` 不同意. text: required unless ``agree``.
        discipline: must be the actor's own if given.

    Raises:
        Forbidden: not a reviewer of this review, or another discipline. Conflict: closed. BadInput: a field is wrong.
    """
    review = get_review(session, actor, review_id)
    own = _own_discipline(actor, review)
    if discipline is not None and discipline != own:
        raise Forbidden("只能提交本专业的意见", "only the opinion of one's own discipline")
    locked = repository.review(session, actor, review_id, lock=True)
    assert locked is not None
    _open(locked)
    chosen: Verdict = _choice(Verdict, verdict, "结论", "verdict")
    body = clean_text(text, field="text", label="意见", limit=5000, required=chosen is not Verdict.AGREE)
    opinion = Opinion(
        review_id=review.id,
        discipline=own,
        version=repository.next_opinion_version(session, review.id, own),
        verdict=chosen.value,
        text=body,
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(opinion)
    draft = repository.draft(session, review_id, actor.user_id)
    if draft is not None:
        session.delete(draft)
    session.flush()
    session.refresh(opinion, ["author"])
    box.record_audit(
        session,
        actor,
        "review.opinion_given",
        f"case:{review.case_id}",
        {"review": str(review.id), "discipline": own, "verdict": chosen.value, "version": opinion.version},
    )
    publish(session, OpinionGiven(review.case_id, review.id, own, chosen.value))
    return opinion


def close_review(
    session: Session, actor: Actor, review_id: uuid.UUID, entries: Sequence[Mapping[str, Any]] = ()
) -> JointReview:
    """Merge the opinions into the 联审意见, close the round and put a ``joint_opinion`` Result into the box.

    Args:
        entries: decisions ``{"source": "opinion:<id>" | "mark:<id>" | <discipline>, "fate":
            "kept|merged|dropped", "reason",
            "text", "into"}``; what is not mentioned is kept as it is. A discipline's code stands for its latest
            opinion.

    Raises:
        Forbidden: not an officer (经办, 审核, 签发). Conflict: closed already. BadInput: see
            :func:`drawings.joint_review.merge`.
    """
    review = repository.review(session, actor, review_id, lock=True)
    if review is None:
        raise NotFound("没有这个联合审图，或您无权查看", "no such review for this person")
    if not actor.has(*_CLOSERS):
        raise Forbidden("只有经办人员可以合并联审意见", "only officers merge opinions")
    _open(review)
    given = [_given(o) for o in repository.opinions(session, review.id)]
    placed = [_placed(m) for m in repository.marks(session, review.id)]
    names = {code: d.zh for code, d in disciplines().disciplines.items()}
    joint = merge(
        review.disciplines, given, placed, _decisions(entries, standing(review.disciplines, given)), names
    )
    review.closed_at, review.closed_by = now(), actor.user_id
    review.verdict = joint.verdict.value
    review.joint_opinion = joint_to_plain(joint)
    session.flush()
    box.put_result(
        session,
        actor,
        review.project_id,
        kind="joint_opinion",
        stage=Stage.DESIGN,
        title=f"联审意见：{joint.verdict.zh}（第 {review.round} 轮）",
        payload={
            "review_id": review.id,
            "case_id": review.case_id,
            "round": review.round,
            "revision": review.revision.number,
            "disciplines": [{"code": d, "name": discipline_name(d)} for d in review.disciplines],
            **joint_to_plain(joint),
        },
        source={"case": str(review.case_id), "review": str(review.id), "by": actor.name},
        trust="A",
    )
    box.record_audit(
        session,
        actor,
        "review.closed",
        f"case:{review.case_id}",
        {"review": str(review.id), "verdict": joint.verdict.value, "counts": joint.counts},
    )
    publish(session, JointReviewClosed(review.case_id, review.id, joint.verdict.value))
    return review


def _decisions(entries: Sequence[Mapping[str, Any]], state: Standing) -> list[Decision]:
    out: list[Decision] = []
    for index, entry in enumerate(entries):
        source = str(entry.get("source") or entry.get("discipline") or "")
        into = entry.get("into")
        out.append(
            Decision(
                source=_source(source, state),
                fate=_choice(Fate, str(entry.get("fate") or "kept"), "处理方式", f"entries.{index}.fate"),
                reason=clean_text(
                    str(entry.get("reason") or ""),
                    field=f"entries.{index}.reason",
                    label="理由",
                    limit=1000,
                    required=False,
                ),
                text=clean_text(
                    str(entry.get("text") or ""),
                    field=f"entries.{index}.text",
                    label="意见",
                    limit=5000,
                    required=False,
                ),
                into=_source(str(into), state) if into else None,
            )
        )
    return out


def _source(text: str, state: Standing) -> str:
    latest = state.latest.get(text)
    return f"opinion:{latest.id}" if latest is not None else text


def joint_to_plain(joint: JointOpinion) -> dict[str, Any]:
    """JSON form of the joint opinion: verdict, text, counts, entries with names."""
    plain: dict[str, Any] = {
        "verdict": joint.verdict.value,
        "verdict_name": joint.verdict.zh,
        "text": joint.text,
        "counts": joint.counts,
        "entries": [
            {
                **to_plain(e),
                "discipline_name": discipline_name(e.discipline),
                "fate_name": e.fate.zh,
            }
            for e in joint.entries
        ],
    }
    return plain


def supersede_review(session: Session, actor: Actor, case_id: uuid.UUID, reason: str) -> None:
    """Close an open round without a joint opinion: the case was withdrawn or returned, or the drawings changed.

    Harmless when no round is open.
    """
    for review in repository.reviews_of_case(session, actor, case_id):
        if review.closed_at is None:
            session.execute(
                update(JointReview)
                .where(JointReview.id == review.id, JointReview.closed_at.is_(None))
                .values(closed_at=now(), closed_by=actor.user_id, verdict=None)
            )
            session.refresh(review)
            box.record_audit(
                session,
                actor,
                "review.superseded",
                f"case:{case_id}",
                {"review": str(review.id), "reason": reason},
            )
