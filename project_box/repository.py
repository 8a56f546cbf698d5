"""All SQL of the box. Every read starts from what the actor may see."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Select, and_, any_, exists, func, literal, or_, select, text
from sqlalchemy.orm import Session

from project_box.kernel.identity import Actor
from project_box.models import AuditEvent, Message, Project, ProjectGrant, Result, StoredFile, User


def visible_projects(actor: Actor) -> Select[Project]:
    """Projects of the actor's own organisation, and those granted to a role, discipline or organisation of theirs."""
    granted = exists().where(
        ProjectGrant.project_id == Project.id,
        or_(ProjectGrant.role.is_(None), ProjectGrant.role.in_([r.value for r in actor.roles])),
        or_(ProjectGrant.discipline.is_(None), ProjectGrant.discipline == actor.discipline),
        or_(ProjectGrant.organisation_id.is_(None), ProjectGrant.organisation_id == actor.organisation_id),
    )
    return select(Project).where(or_(Project.organisation_id == actor.organisation_id, granted))


def project(session: Session, actor: Actor, project_id: uuid.UUID) -> Project | None:
    """One visible project."""
    return session.scalars(visible_projects(actor).where(Project.id == project_id)).one_or_none()


def projects(session: Session, actor: Actor) -> Sequence[Project]:
    """Visible projects, newest first."""
    return session.scalars(visible_projects(actor).order_by(Project.created_at.desc(), Project.code)).all()


def _visible_results(actor: Actor) -> Select[Result]:
    return select(Result).where(Result.project_id.in_(visible_projects(actor).with_only_columns(Project.id)))


def results(session: Session, actor: Actor, project_id: uuid.UUID) -> Sequence[Result]:
    """All results of a visible project, newest first."""
    statement = _visible_results(actor).where(Result.project_id == project_id)
    return session.scalars(
        statement.order_by(Result.created_at.desc(), Result.kind, Result.version.desc())
    ).all()


def latest_result(session: Session, actor: Actor, project_id: uuid.UUID, kind: str) -> Result | None:
    """The newest version of one kind."""
    statement = _visible_results(actor).where(Result.project_id == project_id, Result.kind == kind)
    return session.scalars(statement.order_by(Result.version.desc()).limit(1)).one_or_none()


def result(session: Session, actor: Actor, result_id: uuid.UUID) -> Result | None:
    """One result by id."""
    return session.scalars(_visible_results(actor).where(Result.id == result_id)).one_or_none()


def next_version(session: Session, project_id: uuid.UUID, kind: str) -> int:
    """Version number of the next result of a kind; the project row is locked so that numbers never repeat."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    last = session.scalar(
        select(func.max(Result.version)).where(Result.project_id == project_id, Result.kind == kind)
    )
    return (last or 0) + 1


def stored_file(session: Session, actor: Actor, file_id: uuid.UUID) -> StoredFile | None:
    """One file of a visible project."""
    return session.scalars(
        select(StoredFile).where(
            StoredFile.id == file_id,
            StoredFile.project_id.in_(visible_projects(actor).with_only_columns(Project.id)),
        )
    ).one_or_none()


def has_grant(
    session: Session,
    project_id: uuid.UUID,
    *,
    role: str | None,
    discipline: str | None,
    organisation_id: uuid.UUID | None,
) -> bool:
    """True if exactly this grant exists."""

    keys = {"role": role, "discipline": discipline, "organisation_id": organisation_id}
    statement = select(ProjectGrant.id).where(ProjectGrant.project_id == project_id)
    for name, value in keys.items():
        statement = statement.where(getattr(ProjectGrant, name).is_not_distinct_from(value))
    return session.scalars(statement.limit(1)).first() is not None


def messages(session: Session, actor: Actor, limit: int) -> Sequence[Message]:
    """Messages to the actor or their organisation, newest first."""
    return session.scalars(
        select(Message)
        .where(
            or_(
                Message.user_id == actor.user_id,
                and_(Message.user_id.is_(None), Message.organisation_id == actor.organisation_id),
            )
        )
        .order_by(Message.id.desc())
        .limit(limit)
    ).all()


def lock_audit_chain(session: Session) -> AuditEvent | None:
    """Serialise writers of the chain until the transaction ends; returns its last event."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('box.audit_event'))"))
    return session.scalars(select(AuditEvent).order_by(AuditEvent.seq.desc()).limit(1)).one_or_none()


def audit_events(
    session: Session,
    *,
    after: int = 0,
    limit: int = 200,
    subject: str | None = None,
    newest_first: bool = False,
) -> Sequence[AuditEvent]:
    """Events of the chain."""
    statement = select(AuditEvent).where(AuditEvent.seq > after)
    if subject is not None:
        statement = statement.where(AuditEvent.subject == subject)
    order = AuditEvent.seq.desc() if newest_first else AuditEvent.seq
    return session.scalars(statement.order_by(order).limit(limit)).all()


def user_by_name(session: Session, username: str) -> User | None:
    """An active user by sign-in name."""
    return session.scalars(select(User).where(User.username == username, User.active)).one_or_none()


def users_with_role(session: Session, role: str, discipline: str | None = None) -> Sequence[User]:
    """Active people who hold a role (of one discipline, when one is named)."""
    statement = select(User).where(User.active, literal(role) == any_(User.roles))
    if discipline is not None:
        statement = statement.where(User.discipline == discipline)
    return session.scalars(statement.order_by(User.username)).unique().all()
