"""Use cases of drawings 图纸版本: handing in a set, reading revisions and their models back. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from drawings import repository
from drawings.bundle import unpack
from drawings.drawing import DrawingModel
from drawings.events import RevisionSubmitted
from drawings.interpreting.table import is_table
from drawings.model_pack import unpack_model
from drawings.models import Revision, RevisionFile
from drawings.report import issue_to_plain
from drawings.review.answers import require_replies
from drawings.set_reading import MAX_FILES, Phase, Progress, ReadDrawing, check_set, read_set, summarise
from drawings.shapes.repairs import Acceptance
from drawings.standards.standard_service import find_standard
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.kernel.events import publish
from project_box.kernel.finding import Issue
from project_box.kernel.identity import Actor
from project_box.kernel.settings import get_settings
from project_box.models import StoredFile
from project_box.service import now
from project_box.stage import Stage

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
    limit = get_settings().max_upload_bytes
    unpacked = unpack(files, most_files=MAX_FILES, most_bytes=limit)
    named = check_set(unpacked.files, limit)
    chosen = find_standard(session, actor, standard) if standard else None
    drawings = read_set(named, standard=chosen, unit=unit, acceptance=acceptance, progress=progress)
    if progress is not None:
        progress(len(named), len(named), "", Phase.STORING)
    stored, rows = _stored(session, actor, project_id, drawings, [f for f in named if is_table(f[0])])
    revision = Revision(
        project_id=project_id,
        number=repository.next_number(session, project_id),
        summary={**summarise(drawings), "left_out": unpacked.left_out},
        created_at=now(),
        created_by=actor.user_id,
        files=rows,
    )
    session.add(revision)
    session.flush()
    _put_result(session, actor, revision, [i for d in drawings for i in d.issues], stored)
    box.record_audit(
        session,
        actor,
        "drawings.revision_submitted",
        f"project:{project_id}",
        {"revision": revision.number, "files": {row.name: row.sha256 for row in rows}},
    )
    publish(session, RevisionSubmitted(project_id, revision.id, revision.number))
    return revision


def _stored(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    drawings: Sequence[ReadDrawing],
    tables: Sequence[tuple[str, bytes]],
) -> tuple[list[StoredFile], list[RevisionFile]]:
    """The files in the box and their rows, drawings first."""
    stored = [box.put_file(session, actor, project_id, d.name, d.data, d.media_type) for d in drawings]
    rows = [
        RevisionFile(
            position=position,
            name=drawing.name,
            kind=drawing.kind,
            sha256=file.sha256,
            file_id=file.id,
            standard=drawing.standard,
            report=drawing.report,
            model=drawing.model,
            sheet=drawing.sheet,
        )
        for position, (drawing, file) in enumerate(zip(drawings, stored, strict=True))
    ]
    for name, data in tables:
        file = box.put_file(session, actor, project_id, name, data, _XLSX)
        stored.append(file)
        rows.append(
            RevisionFile(
                position=len(rows), name=name, kind="other", sha256=file.sha256, file_id=file.id, report={}
            )
        )
    return stored, rows


def _put_result(
    session: Session, actor: Actor, revision: Revision, issues: Sequence[Issue], stored: Sequence[StoredFile]
) -> None:
    """The ``drawing_set`` Result of a revision."""
    result = box.put_result(
        session,
        actor,
        revision.project_id,
        kind="drawing_set",
        stage=Stage.DESIGN,
        title=f"图纸第 {revision.number} 版（{len(revision.files)} 个文件）",
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
                for row in revision.files
            ],
            "issues": [issue_to_plain(i) for i in issues],
            "summary": revision.summary,
        },
        source={
            "by": actor.name,
            "organisation": actor.organisation_name,
            "files": [row.sha256 for row in revision.files],
        },
        trust="D",
        files=stored,
    )
    revision.result_id = result.id
    session.flush()


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
    return [model for _, model in positioned_models(session, revision)]


def positioned_models(session: Session, revision: Revision) -> list[tuple[int, DrawingModel]]:
    """(file position, model) of the drawings of a revision."""
    rows = repository.file_models(session, revision.id)
    return [(row.position, unpack_model(model)) for row, model in rows if model is not None]
