"""Use cases of large hand-ins: kept by the request, read by the worker, looked at meanwhile. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import IO, Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from drawings.models import HandIn, Revision
from drawings.review.answers import require_replies
from drawings.revision_service import current_revision, submit_revision
from drawings.set_reading import MAX_FILES, Phase, Progress
from drawings.standards.standard_service import find_standard
from project_box import accounts
from project_box import service as box
from project_box.kernel.errors import NotFound, PlatformError, TooLarge
from project_box.kernel.identity import Actor
from project_box.kernel.jobs import defer, pending
from project_box.kernel.storage import store_from_settings
from project_box.models import User
from project_box.service import now

#: the task the worker binds to reading a hand-in
TASK = "drawings.hand_in"
WAITING, READING, DONE, FAILED = "waiting", "reading", "done", "failed"
#: a hand-in older than this that no job reads any more has been given up
LOST_AFTER = dt.timedelta(minutes=30)


def keep_hand_in(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    files: Sequence[tuple[str, IO[bytes]]],
    *,
    standard: str | None = None,
    unit: str | None = None,
) -> HandIn:
    """Put the files into the store, stream by stream, and a job into the queue that reads them.

    Everything that can be said without reading is said now.

    Raises:
        NotFound, Forbidden: not the actor's own project, or an unknown standard. BadInput: opinions without a reply.
        TooLarge: too many files.
    """
    box.get_own_project(session, actor, project_id)
    require_replies(session, project_id)
    if standard:
        find_standard(session, actor, standard)
    if len(files) > MAX_FILES:
        raise TooLarge(
            f"一次最多提交 {MAX_FILES} 个文件",
            f"at most {MAX_FILES} files",
            code="too_many_files",
            place="files",
        )
    store = store_from_settings()
    kept: list[dict[str, Any]] = []
    for name, stream in files:
        digest, size = store.put(stream)
        kept.append({"name": box.safe_name(name), "sha256": digest, "size": size})
    row = HandIn(
        project_id=project_id,
        state=WAITING,
        files=kept,
        standard=standard,
        unit=unit,
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    # one project's hand-ins are read in the order in which they came
    defer(session, TASK, {"hand_in": str(row.id)}, lock=f"hand-in:{project_id}")
    box.record_audit(
        session,
        actor,
        "drawings.hand_in_kept",
        f"project:{project_id}",
        {"hand_in": str(row.id), "files": {f["name"]: f["sha256"] for f in kept}},
    )
    return row


def get_hand_in(session: Session, actor: Actor, project_id: uuid.UUID, hand_in_id: uuid.UUID) -> HandIn:
    """A hand-in of a visible project.

    Raises:
        NotFound: there is none for this person.
    """
    box.get_project(session, actor, project_id)
    row = session.get(HandIn, hand_in_id)
    if row is None or row.project_id != project_id:
        raise NotFound("没有这次提交，或您无权查看", "no such hand-in for this person")
    return row


def open_hand_in(session: Session, actor: Actor, project_id: uuid.UUID) -> HandIn | None:
    """The newest hand-in of a visible project that is not done, or failed and nothing came after it."""
    row = session.scalar(
        select(HandIn).where(HandIn.project_id == project_id).order_by(HandIn.created_at.desc()).limit(1)
    )
    if row is None or row.state == DONE:
        return None
    newest = current_revision(session, actor, project_id)
    overtaken = row.state == FAILED and newest is not None and newest.created_at > row.created_at
    return None if overtaken else row


# --- the worker's part --------------------------------------------------------------------------------


def begin(session: Session, hand_in_id: uuid.UUID) -> bool:
    """Mark a hand-in as being read; False if there is nothing left to do."""
    row = session.get(HandIn, hand_in_id, with_for_update=True)
    if row is None or row.state in (DONE, FAILED):
        return False
    row.state = READING
    return True


def tell(session: Session, hand_in_id: uuid.UUID, done: int, name: str, phase: Phase) -> None:
    """Note how far the reading has come."""
    session.execute(
        update(HandIn).where(HandIn.id == hand_in_id).values(done=done, reading=name, stage=phase.value)
    )


def carry_out(session: Session, hand_in_id: uuid.UUID, progress: Progress) -> Revision:
    """Read a hand-in as its sender would have had it read in the request.

    Raises:
        PlatformError: as :func:`drawings.revision_service.submit_revision`.
    """
    row = session.get_one(HandIn, hand_in_id)
    actor = accounts.actor_of(session.get_one(User, row.created_by))
    store = store_from_settings()
    revision = submit_revision(
        session,
        actor,
        row.project_id,
        [(f["name"], store.read(f["sha256"])) for f in row.files],
        standard=row.standard,
        unit=row.unit,
        progress=progress,
    )
    row.state, row.revision_id, row.finished_at = DONE, revision.id, now()
    row.done, row.reading, row.stage = len(row.files), "", ""
    return revision


def fail(session: Session, hand_in_id: uuid.UUID, error: PlatformError) -> None:
    """Keep why a hand-in could not be taken, and tell its sender's organisation."""
    row = session.get_one(HandIn, hand_in_id)
    row.state, row.error, row.finished_at = FAILED, error.to_plain(), now()
    sender = session.get_one(User, row.created_by)
    box.post_message(
        session,
        project_id=row.project_id,
        organisation_id=sender.organisation_id,
        title="图纸没有保存",
        body=error.zh,
        link=f"/projects/{row.project_id}/drawings",
    )


def give_up_lost(session: Session) -> int:
    """Fail hand-ins whose worker is gone and which nobody takes up; returns how many."""
    read = pending(session, TASK, "hand_in")
    old = session.scalars(
        select(HandIn).where(HandIn.state == READING, HandIn.created_at < now() - LOST_AFTER)
    )
    lost = [row for row in old if str(row.id) not in read]
    for row in lost:
        fail(
            session,
            row.id,
            PlatformError(
                "读取图纸时后台程序中断", "the worker stopped while reading", code="interrupted",
                remedy="请重新提交",
                remedy_en="submit it again",
            ),
        )  # fmt: skip
    return len(lost)
