"""SQL of rule sets, pins and amendments. Rule sets are everybody's; amendments are read by administrators only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Subquery, exists, func, select, text, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased, undefer

from elements.registers.models import RegisterLine
from elements.rulesets.ruleset_models import Amendment, RuleForce, RulePin, RuleSet
from project_box.models import Project, Result


def lock(session: Session) -> None:
    """One at a time changes which rules hold; released at the end of the transaction."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('project_box.rules'))"))


def rule_set(session: Session, rule_hash: str, *, content: bool = False) -> RuleSet | None:
    """A rule set by its hash; with its text when asked."""
    statement = select(RuleSet).where(RuleSet.hash == rule_hash)
    if content:
        statement = statement.options(undefer(RuleSet.content), undefer(RuleSet.functions))
    return session.scalars(statement).one_or_none()


def rule_sets(session: Session) -> Sequence[RuleSet]:
    """All rule sets, newest first, without their text."""
    return session.scalars(select(RuleSet).order_by(RuleSet.created_at.desc(), RuleSet.hash)).all()


def force(session: Session, base: str) -> Sequence[RuleForce]:
    """Which rule set holds when over one shipped catalogue; the first entry not after a day counts on that day."""
    statement = select(RuleForce).where(RuleForce.base == base)
    return session.scalars(statement.order_by(RuleForce.effective_from.desc(), RuleForce.id.desc())).all()


def pin(session: Session, case_id: uuid.UUID) -> RulePin | None:
    """The pin of a case."""
    return session.get(RulePin, case_id)


def put_pin(session: Session, values: dict[str, object]) -> None:
    """Pin a case once; a pin that is there stays."""
    session.execute(insert(RulePin).values(**values).on_conflict_do_nothing())


def pinned_projects(session: Session) -> set[uuid.UUID]:
    """Projects with an accepted case."""
    return set(session.scalars(select(RulePin.project_id)))


def amendments(session: Session, *, states: Sequence[str] = ()) -> Sequence[Amendment]:
    """Amendments, newest first."""
    statement = select(Amendment).order_by(Amendment.number.desc())
    if states:
        statement = statement.where(Amendment.state.in_(states))
    return session.scalars(statement).unique().all()


def amendment(session: Session, number: int, *, locked: bool = False) -> Amendment | None:
    """One amendment; ``locked`` keeps others from deciding on it meanwhile."""
    statement = select(Amendment).where(Amendment.number == number)
    if locked:
        statement = statement.with_for_update(of=Amendment).execution_options(populate_existing=True)
    return session.scalars(statement).unique().one_or_none()


def _worked_on(kinds: Sequence[str]) -> Subquery:
    """Projects with a result of one of the kinds or a line in a register, and when they were last worked on."""
    results = select(Result.project_id, Result.created_at.label("at")).where(Result.kind.in_(kinds))
    lines = select(RegisterLine.project_id, RegisterLine.recorded_at.label("at")).where(_reviewed())
    both = union_all(results, lines).subquery()
    return select(both.c.project_id, func.max(both.c.at).label("at")).group_by(both.c.project_id).subquery()


def _reviewed() -> ColumnElement[bool]:
    """Lines that hold a review's inputs (those of decided cases rest on the tables of the box)."""
    return RegisterLine.origin != "case"


def past_cases(session: Session, kinds: Sequence[str], limit: int | None) -> Sequence[Project]:
    """Projects with a result of one of the kinds or a recorded review, the one worked on last first."""
    newest = _worked_on(kinds)
    statement = select(Project).join(newest, newest.c.project_id == Project.id)
    statement = statement.order_by(newest.c.at.desc(), Project.code)
    return session.scalars(statement.limit(limit) if limit is not None else statement).unique().all()


def past_case_count(session: Session, kinds: Sequence[str]) -> int:
    """How many projects :func:`past_cases` has."""
    return int(session.scalar(select(func.count()).select_from(_worked_on(kinds))) or 0)


def register_lines(session: Session, project_id: uuid.UUID) -> Sequence[RegisterLine]:
    """Recorded reviews of a project that no later one replaces."""
    later = aliased(RegisterLine)
    statement = select(RegisterLine).where(
        RegisterLine.project_id == project_id, _reviewed(), ~exists().where(later.replaces == RegisterLine.id)
    )
    return session.scalars(statement.order_by(RegisterLine.register, RegisterLine.number)).all()
