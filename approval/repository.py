"""All SQL of the approval room. Every read starts from what the actor may see.

A case is seen by its applicant's organisation; once handed in, also by officers and discipline reviewers whose role
was granted the project. Intermediaries see their engagements, not the case.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import Select, and_, false, func, or_, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from approval.case import CaseState, TaskState
from approval.models import (
    Case,
    CaseForm,
    CaseLog,
    CaseMaterial,
    CaseOpinion,
    CaseRating,
    ClockEventRow,
    Correction,
    ItemVersionRow,
    Licence,
    Notice,
    ProcessInstance,
    ResolutionRow,
    Task,
)
from approval.rating import Satisfaction
from project_box.kernel.identity import OFFICER_ROLES, Actor, Role
from project_box.models import Project, Result, StoredFile, User
from project_box.repository import visible_projects


def visible_cases(actor: Actor) -> Select[Case]:
    """Cases the actor may see."""
    own = Case.organisation_id == actor.organisation_id if actor.has(Role.DEVELOPER) else false()
    if actor.has(*OFFICER_ROLES, Role.DISCIPLINE):
        granted = and_(
            Case.state != CaseState.DRAFT,
            Case.submitted_at.is_not(None),
            Case.project_id.in_(visible_projects(actor).with_only_columns(Project.id)),
        )
        return select(Case).where(or_(own, granted))
    return select(Case).where(own)


def case(session: Session, actor: Actor, case_id: uuid.UUID, *, lock: bool = False) -> Case | None:
    """One visible case; locked against other writers with ``lock``."""
    statement = visible_cases(actor).where(Case.id == case_id)
    if lock:
        statement = statement.with_for_update(of=Case).execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def case_for_event(session: Session, case_id: uuid.UUID) -> Case | None:
    """A case by id, locked, for events of lower rooms (no actor: the publisher has checked who acts)."""
    statement = select(Case).where(Case.id == case_id).with_for_update(of=Case)
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def running_cases(session: Session) -> Sequence[Case]:
    """Cases whose clock may run, whoever they belong to: for the worker's reminders only."""
    running = (CaseState.SUBMITTED, CaseState.ACCEPTED, CaseState.REVIEW)
    statement = select(Case).where(Case.state.in_(running)).order_by(Case.submitted_at)
    return session.scalars(statement.with_for_update(skip_locked=True, of=Case)).all()


def lock_project(session: Session, project_id: uuid.UUID) -> None:
    """One case of a project is started at a time."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())


def cases(session: Session, actor: Actor, project_id: uuid.UUID | None = None) -> Sequence[Case]:
    """Visible cases, newest first."""
    statement = visible_cases(actor)
    if project_id is not None:
        statement = statement.where(Case.project_id == project_id)
    return session.scalars(statement.order_by(Case.created_at.desc())).all()


def case_by_review(session: Session, review_id: uuid.UUID) -> Case | None:
    """The case of a joint review."""
    return session.scalars(select(Case).where(Case.review_id == review_id)).one_or_none()


def item_version(session: Session, digest: str) -> ItemVersionRow | None:
    """A stored item version."""
    return session.get(ItemVersionRow, digest)


def next_number(session: Session, scope: str) -> int:
    """The next number of a scope, starting at 1; two transactions never get the same one."""
    value = session.scalar(
        text(
            "INSERT INTO approval.counter (scope, value) VALUES (:scope, 1)"
            " ON CONFLICT (scope) DO UPDATE SET value = approval.counter.value + 1 RETURNING value"
        ),
        {"scope": scope},
    )
    assert value is not None  # RETURNING always yields a row
    return int(value)


def form(session: Session, case_id: uuid.UUID, round_: int) -> CaseForm | None:
    """The form of a round."""
    return session.scalars(
        select(CaseForm).where(CaseForm.case_id == case_id, CaseForm.round == round_)
    ).one_or_none()


def latest_form(session: Session, case_id: uuid.UUID, round_: int) -> CaseForm | None:
    """The form as it stands in a round: of the round itself, else of the newest before it."""
    statement = select(CaseForm).where(CaseForm.case_id == case_id, CaseForm.round <= round_)
    return session.scalars(statement.order_by(CaseForm.round.desc()).limit(1)).one_or_none()


def materials(session: Session, case_id: uuid.UUID) -> Sequence[CaseMaterial]:
    """Uploads and commitments that were not taken back, oldest first."""
    return session.scalars(
        select(CaseMaterial)
        .where(CaseMaterial.case_id == case_id, CaseMaterial.removed.is_(False))
        .order_by(CaseMaterial.id)
    ).all()


def latest_results(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Result]:
    """Newest Result of each kind of a visible project."""
    statement = (
        select(Result)
        .where(
            Result.project_id == project_id,
            Result.project_id.in_(visible_projects(actor).with_only_columns(Project.id)),
        )
        .ext(distinct_on(Result.kind))
        .order_by(Result.kind, Result.version.desc())
    )
    return {row.kind: row for row in session.scalars(statement)}


def process(session: Session, case_id: uuid.UUID) -> ProcessInstance | None:
    """The process of a case, locked."""
    return session.scalars(
        select(ProcessInstance).where(ProcessInstance.case_id == case_id).with_for_update()
    ).one_or_none()


def task(session: Session, actor: Actor, task_id: uuid.UUID) -> Task | None:
    """One task of a visible case."""
    return session.scalars(
        select(Task).where(
            Task.id == task_id, Task.case_id.in_(visible_cases(actor).with_only_columns(Case.id))
        )
    ).one_or_none()


def case_tasks(session: Session, case_id: uuid.UUID) -> Sequence[Task]:
    """All tasks of a case in order of creation."""
    return session.scalars(
        select(Task).where(Task.case_id == case_id).order_by(Task.created_at, Task.visit, Task.step)
    ).all()


def open_tasks(session: Session, actor: Actor) -> Sequence[Task]:
    """Open tasks the actor may act on, oldest case first: of their roles, and of their discipline."""
    mine = or_(
        and_(
            Task.role.in_([r.value for r in actor.roles & OFFICER_ROLES]),
            or_(Task.message.is_(None), Task.note != ""),  # a wait that needs somebody says so in its note
        ),
        and_(Task.role == Role.DISCIPLINE, Task.discipline == actor.discipline)
        if actor.has(Role.DISCIPLINE) and actor.discipline
        else false(),
    )
    return session.scalars(
        select(Task)
        .join(Case, Case.id == Task.case_id)
        .where(
            Task.case_id.in_(visible_cases(actor).with_only_columns(Case.id)),
            Task.state.in_([TaskState.NOT_STARTED, TaskState.ACTIVE, TaskState.WAITING_CORRECTION]),
            mine,
        )
        .order_by(Case.submitted_at, Task.created_at)
    ).all()


def done_tasks(session: Session, actor: Actor, limit: int = 100) -> Sequence[Task]:
    """Tasks the actor finished, newest first."""
    return session.scalars(
        select(Task).where(Task.done_by == actor.user_id).order_by(Task.done_at.desc()).limit(limit)
    ).all()


def done_count(session: Session, actor: Actor) -> int:
    """How many tasks the actor finished."""
    count = session.scalar(select(func.count()).select_from(Task).where(Task.done_by == actor.user_id))
    return count or 0


def clock_events(session: Session, case_ids: Iterable[uuid.UUID]) -> Sequence[ClockEventRow]:
    """Clock logs of cases, in order."""
    return session.scalars(
        select(ClockEventRow).where(ClockEventRow.case_id.in_(list(case_ids))).order_by(ClockEventRow.id)
    ).all()


def notices(session: Session, case_id: uuid.UUID) -> Sequence[Notice]:
    """Notices of a case, oldest first."""
    return session.scalars(
        select(Notice).where(Notice.case_id == case_id).order_by(Notice.created_at, Notice.number)
    ).all()


def corrections(session: Session, case_id: uuid.UUID) -> Sequence[Correction]:
    """Correction entries of a case, oldest first."""
    return session.scalars(
        select(Correction).where(Correction.case_id == case_id).order_by(Correction.id)
    ).all()


def open_corrections(session: Session, case_id: uuid.UUID) -> int:
    """How many correction entries are not answered."""
    count = session.scalar(
        select(func.count())
        .select_from(Correction)
        .where(Correction.case_id == case_id, Correction.answered_at.is_(None))
    )
    return count or 0


def opinions(session: Session, case_id: uuid.UUID) -> Sequence[CaseOpinion]:
    """Written opinions of a case, oldest first."""
    return session.scalars(
        select(CaseOpinion).where(CaseOpinion.case_id == case_id).order_by(CaseOpinion.id)
    ).all()


def rating(session: Session, case_id: uuid.UUID) -> CaseRating | None:
    """The rating of a case."""
    return session.get(CaseRating, case_id)


def rating_counts(session: Session, actor: Actor) -> dict[Satisfaction, int]:
    """Ratings of visible cases by level."""
    statement = (
        select(CaseRating.level, func.count())
        .where(CaseRating.case_id.in_(visible_cases(actor).with_only_columns(Case.id)))
        .group_by(CaseRating.level)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def resolutions(session: Session, case_id: uuid.UUID) -> Sequence[ResolutionRow]:
    """判定说明 of a case, oldest first."""
    return session.scalars(
        select(ResolutionRow).where(ResolutionRow.case_id == case_id).order_by(ResolutionRow.id)
    ).all()


def log(session: Session, case_id: uuid.UUID, *, internal: bool) -> Sequence[CaseLog]:
    """流转记录, oldest first; internal lines only for officers."""
    statement = select(CaseLog).where(CaseLog.case_id == case_id)
    if not internal:
        statement = statement.where(CaseLog.internal.is_(False))
    return session.scalars(statement.order_by(CaseLog.id)).all()


def has_log(session: Session, case_id: uuid.UUID, kind: str) -> bool:
    """True if 流转记录 holds a line of this kind."""
    statement = select(CaseLog.id).where(CaseLog.case_id == case_id, CaseLog.kind == kind).limit(1)
    return session.scalars(statement).first() is not None


def licence(session: Session, actor: Actor, number: str) -> Licence | None:
    """A licence of a visible project."""
    return session.scalars(
        select(Licence).where(
            Licence.number == number,
            Licence.project_id.in_(visible_projects(actor).with_only_columns(Project.id)),
        )
    ).one_or_none()


def project_licences(session: Session, actor: Actor, project_id: uuid.UUID) -> Sequence[Licence]:
    """Licences of a visible project, oldest first."""
    return session.scalars(
        select(Licence)
        .where(
            Licence.project_id == project_id,
            Licence.project_id.in_(visible_projects(actor).with_only_columns(Project.id)),
        )
        .order_by(Licence.created_at)
    ).all()


def licence_by_code(session: Session, verify_code: str) -> Licence | None:
    """A licence by its public verification code (needs no actor: the code is the key)."""
    return session.scalars(select(Licence).where(Licence.verify_code == verify_code)).one_or_none()


def licence_by_sha256(session: Session, digest: str) -> Licence | None:
    """A licence by the SHA-256 of its PDF."""
    return session.scalars(select(Licence).where(Licence.sha256 == digest)).first()


def licence_of_case(session: Session, case_id: uuid.UUID) -> Licence | None:
    """The licence a case yielded."""
    return session.scalars(select(Licence).where(Licence.case_id == case_id)).one_or_none()


def project_file(session: Session, project_id: uuid.UUID, file_id: uuid.UUID) -> StoredFile | None:
    """A file that belongs to the project."""
    return session.scalars(
        select(StoredFile).where(StoredFile.id == file_id, StoredFile.project_id == project_id)
    ).one_or_none()


def user_name(session: Session, user_id: uuid.UUID) -> str:
    """Display name of a person."""
    return session.scalar(select(User.name).where(User.id == user_id)) or ""
