"""Use cases of drawings 图纸版本: handing in a set, reading revisions and their models back. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository
from drawings.bundle import unpack
from drawings.cad import CadFile, read
from drawings.deadline import Deadline
from drawings.drawing import DrawingModel, model_from_plain, model_to_plain
from drawings.events import RevisionSubmitted
from drawings.interpreting.interpret import interpret
from drawings.interpreting.proposal import proposal_for
from drawings.interpreting.table import is_table, read_table
from drawings.models import Revision, RevisionFile
from drawings.reading import reading
from drawings.report import drawing_report, issue_to_plain
from drawings.review.answers import require_replies
from drawings.shapes.repairs import Acceptance
from drawings.sheets.sheet import build_sheet
from drawings.sheets.sheet_pack import pack
from drawings.standards.standard_service import find_standard
from drawings.standards.standards import get_standard
from project_box import service as box
from project_box.kernel.errors import BadInput, NotFound, TooLarge
from project_box.kernel.events import publish
from project_box.kernel.finding import Level
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.kernel.settings import get_settings
from project_box.models import StoredFile
from project_box.service import now
from project_box.stage import Stage

MAX_FILES = 60
#: called with (files read, their number, name of the file being read)
Progress = Callable[[int, int, str], None]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def submit_revision(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    files: Sequence[tuple[str, bytes]],
    *,
    standard: str | None = None,
    unit: str | None = None,
    acceptance: Acceptance | None = None,
    progress: Progress | None = None,
) -> Revision:
    """Take in a set of drawings as the project's next revision 图纸版本 and put a ``drawing_set`` Result into the box.

    Args:
        files: (name, bytes): DXF, DWG or IFC drawings, ZIP archives of them, and at most one XLSX side table.
        standard: drawing standard for all of them; None finds the best-fitting one for each file.
        unit: length unit confirmed by the applicant; None weighs header and extents.
        acceptance: repairs of the drawings a person has accepted.
        progress: told (files read, their number, name of the file being read).

    Raises:
        NotFound, Forbidden: the project is not the actor's own.
        BadInput: nothing handed in, two files of one name, an unknown standard, or a file that cannot be read at all
            (``details["issues"]`` says why); or an opinion of the last round of review has no reply yet. Nothing is
            stored then.
        TooLarge: too many files or bytes.
    """
    box.get_own_project(session, actor, project_id)
    require_replies(session, project_id)
    unpacked = unpack(files, most_files=MAX_FILES, most_bytes=get_settings().max_upload_bytes)
    named = _check_set(unpacked.files)
    chosen = find_standard(session, actor, standard) if standard else None
    tables = [(name, data) for name, data in named if is_table(name)]
    table = read_table(*tables[0]) if tables else None
    read_files: list[tuple[str, bytes, CadFile, DrawingModel]] = []
    reports: dict[str, dict[str, Any]] = {}
    for number, (name, data) in enumerate(named):
        if progress is not None:
            progress(number, len(named), name)
        if is_table(name):
            continue
        clock = Deadline(reading().limits.total_seconds)
        cad = read(data, name, unit=unit)
        left = reading().within(clock.left)
        model = interpret(cad, chosen, table=table, settings=left, acceptance=acceptance)
        read_files.append((name, data, cad, model))
        base = chosen or (get_standard(model.standard) if model.standard else None)
        report = drawing_report(model, standard=chosen, settings=reading().within(clock.left))
        reports[name] = report | {"proposal": proposal_for(cad, model, reading().within(clock.left), base)}
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
            remedy_en=issues[0]["remedy_en"] if issues else None,
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
                report=to_plain(reports[model.name]),
                model=model_to_plain(model),
                sheet=pack(build_sheet(cad, model)),
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
        summary={**summarise(models), "left_out": unpacked.left_out},
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
    return {"dwg": "image/vnd.dwg", "ifc": "application/x-step"}.get(cad.format, "image/vnd.dxf")


def _check_set(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    if not files:
        raise BadInput(
            "没有选择图纸文件",
            "no files",
            code="no_files",
            place="files",
            remedy="选择总平图和各单体图（DXF、DWG 或 IFC）",
            remedy_en="choose the site plan and the drawings of the buildings (DXF, DWG or IFC)",
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
                remedy_en="rename one and submit again",
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


def revision_models(session: Session, revision: Revision) -> list[DrawingModel]:
    """The interpreted drawings of a revision, in file order (side tables left out)."""
    rows = repository.file_models(session, revision.id)
    return [model_from_plain(dict(model)) for _, model in rows if model is not None]


def positioned_models(session: Session, revision: Revision) -> list[tuple[int, DrawingModel]]:
    """(file position, model) of the drawings of a revision."""
    rows = repository.file_models(session, revision.id)
    return [(row.position, model_from_plain(dict(model))) for row, model in rows if model is not None]
