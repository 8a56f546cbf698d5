"""All SQL of the intermediaries room. Every read for a person starts from what that person may see.

An agency sees its own engagements and nothing else of the room; officers, discipline reviewers and the project's own
建设单位 see the lines and engagements of projects they may read.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Select, delete, false, func, or_, select, text
from sqlalchemy.orm import Session

from intermediaries.engagement import OPEN
from intermediaries.models import Agency, AgencyQualification, Engagement, EvaluationLine, StatedFacts
from project_box.kernel.identity import OFFICER_ROLES, Actor, Role
from project_box.models import Project, ProjectGrant
from project_box.repository import visible_projects

#: how a grant made for an engagement begins its reason
GRANT_REASON = "engagement:"


def _projects(actor: Actor) -> Select[uuid.UUID]:
    """Projects whose lines the actor may see (an agency's grant does not open the other lines)."""
    ids = visible_projects(actor).with_only_columns(Project.id)
    if actor.has(*OFFICER_ROLES, Role.DISCIPLINE, Role.ADMIN):
        return ids
    if actor.has(Role.DEVELOPER):
        return ids.where(Project.organisation_id == actor.organisation_id)
    return ids.where(false())


def visible_lines(actor: Actor) -> Select[EvaluationLine]:
    """Evaluation lines the actor may see."""
    return select(EvaluationLine).where(EvaluationLine.project_id.in_(_projects(actor)))


def visible_engagements(actor: Actor) -> Select[Engagement]:
    """Engagements the actor may see."""
    own = select(Agency.id).where(Agency.organisation_id == actor.organisation_id)
    mine = Engagement.agency_id.in_(own) if actor.has(Role.INTERMEDIARY) else false()
    lines = select(EvaluationLine.id).where(EvaluationLine.project_id.in_(_projects(actor)))
    return select(Engagement).where(or_(mine, Engagement.line_id.in_(lines)))


def lines(session: Session, actor: Actor, case_id: uuid.UUID) -> Sequence[EvaluationLine]:
    """Lines of a case, as the actor may see them."""
    statement = visible_lines(actor).where(EvaluationLine.case_id == case_id).order_by(EvaluationLine.code)
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def lines_of_case(session: Session, case_id: uuid.UUID) -> Sequence[EvaluationLine]:
    """Lines of a case, for this room and the rooms above, which have checked who acts."""
    statement = select(EvaluationLine).where(EvaluationLine.case_id == case_id).order_by(EvaluationLine.code)
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def line(session: Session, actor: Actor, case_id: uuid.UUID, code: str) -> EvaluationLine | None:
    """One visible line, locked."""
    statement = visible_lines(actor).where(EvaluationLine.case_id == case_id, EvaluationLine.code == code)
    return session.scalars(statement.with_for_update(of=EvaluationLine)).one_or_none()


def engagements(session: Session, actor: Actor) -> Sequence[Engagement]:
    """Visible engagements, newest first."""
    return session.scalars(
        visible_engagements(actor).order_by(Engagement.dispatched_at.desc(), Engagement.number)
    ).all()


def engagement(
    session: Session, actor: Actor, engagement_id: uuid.UUID, *, lock: bool = False
) -> Engagement | None:
    """One visible engagement."""
    statement = visible_engagements(actor).where(Engagement.id == engagement_id)
    if lock:
        statement = statement.with_for_update(of=Engagement).execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def lock_case(session: Session, case_id: uuid.UUID) -> None:
    """Serialise writers of one case's lines until the transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"intermediaries.case.{case_id}"}
    )


def agencies(session: Session) -> Sequence[Agency]:
    """All agencies."""
    return session.scalars(select(Agency).order_by(Agency.created_at)).all()


def agency_of(session: Session, organisation_id: uuid.UUID) -> Agency | None:
    """The agency of an organisation."""
    return session.scalars(select(Agency).where(Agency.organisation_id == organisation_id)).one_or_none()


def qualified_until(session: Session, code: str) -> dict[uuid.UUID, dt.date]:
    """Last day of a qualification by agency."""
    rows = session.execute(
        select(AgencyQualification.agency_id, AgencyQualification.valid_until).where(
            AgencyQualification.code == code
        )
    )
    return {row[0]: row[1] for row in rows}


def loads(session: Session) -> dict[uuid.UUID, int]:
    """Open engagements by agency."""
    rows = session.execute(
        select(Engagement.agency_id, func.count())
        .where(Engagement.status.in_(OPEN))
        .group_by(Engagement.agency_id)
    )
    return {row[0]: row[1] for row in rows}


def stated(session: Session, case_id: uuid.UUID) -> StatedFacts | None:
    """What was stated for a case."""
    return session.get(StatedFacts, case_id)


def revoke_grant(session: Session, project_id: uuid.UUID, organisation_id: uuid.UUID) -> None:
    """Take back the reading right that an engagement gave, unless another engagement of the same agency needs it."""
    still = session.scalar(
        select(func.count())
        .select_from(Engagement)
        .join(EvaluationLine, EvaluationLine.id == Engagement.line_id)
        .join(Agency, Agency.id == Engagement.agency_id)
        .where(
            EvaluationLine.project_id == project_id,
            Agency.organisation_id == organisation_id,
            Engagement.status.in_([*OPEN, "delivered"]),
        )
    )
    if not still:
        session.execute(
            delete(ProjectGrant).where(
                ProjectGrant.project_id == project_id,
                ProjectGrant.organisation_id == organisation_id,
                ProjectGrant.reason.startswith(GRANT_REASON),
            )
        )
