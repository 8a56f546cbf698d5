"""SQL of the registers. Every read starts from the lines the actor may see."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Numeric,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    text,
    true,
)  # fmt: skip
from sqlalchemy.orm import Session, aliased, defer

from elements.registers.models import RegisterLine
from elements.registers.register import Column, Filter
from project_box.kernel.identity import Actor, Role
from project_box.models import Project

_SORTED = {
    "day": RegisterLine.day,
    "project": RegisterLine.project_name,
    "applicant": RegisterLine.applicant,
    "decision": RegisterLine.decision,
    "handler": RegisterLine.handler,
}
_RANK = {"fail": 0, "undecided": 1, "pass": 2, "note": 3}
_BATCH = 1000
#: what only the page of one line needs
_HEAVY = (defer(RegisterLine.inputs), defer(RegisterLine.opinion), defer(RegisterLine.source))


@dataclass(frozen=True, slots=True)
class Totals:
    """What stands under a register: lines, sums by element, numbers of lines by outcome, decision and month."""

    lines: int
    sums: dict[str, Decimal]
    outcomes: dict[str, int]
    decisions: dict[str, int]
    months: list[dict[str, Any]]


def visible(actor: Actor) -> Select[RegisterLine]:
    """An officer's bureau's lines, a developer's own projects'; nothing for anybody else."""
    allowed: list[ColumnElement[bool]] = []
    if actor.is_officer:
        allowed.append(RegisterLine.bureau_id == actor.organisation_id)
    if actor.has(Role.DEVELOPER):
        own = select(Project.id).where(Project.organisation_id == actor.organisation_id)
        allowed.append(RegisterLine.project_id.in_(own))
    return select(RegisterLine).where(or_(*allowed) if allowed else false())


def _like(words: str) -> str:
    return "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _current() -> ColumnElement[bool]:
    later = aliased(RegisterLine)
    return ~exists().where(later.replaces == RegisterLine.id)


def _chosen(actor: Actor, register: str, chosen: Filter) -> Select[RegisterLine]:
    conditions: list[ColumnElement[bool]] = [RegisterLine.register == register]
    if chosen.start is not None:
        conditions.append(RegisterLine.day >= chosen.start)
    if chosen.end is not None:
        conditions.append(RegisterLine.day <= chosen.end)
    if chosen.outcome:
        conditions.append(RegisterLine.outcome == chosen.outcome)
    if chosen.undecided:
        conditions.append(cast(RegisterLine.counts["undecided"].astext, Integer) > 0)
    if chosen.decision:
        conditions.append(RegisterLine.decision == ("" if chosen.decision == "none" else chosen.decision))
    if chosen.handler:
        conditions.append(RegisterLine.handler.ilike(_like(chosen.handler)))
    if chosen.project is not None:
        conditions.append(RegisterLine.project_id == chosen.project)
    if chosen.text:
        fields = (
            RegisterLine.serial, RegisterLine.project_code, RegisterLine.project_name, RegisterLine.applicant,
            RegisterLine.subject,
        )  # fmt: skip
        conditions.append(or_(*(f.ilike(_like(chosen.text)) for f in fields)))
    if not chosen.replaced:
        conditions.append(_current())
    return visible(actor).where(and_(true(), *conditions))


def _ordered(
    statement: Select[RegisterLine], chosen: Filter, columns: Sequence[Column]
) -> Select[RegisterLine]:
    keys: list[Any] = []
    column = next((c for c in columns if c.code == chosen.key), None)
    if column is not None and column.numeric:
        keys.append(cast(RegisterLine.numbers[column.code].astext, Numeric))
    elif column is not None:
        place = columns.index(column)
        keys.append(RegisterLine.elements[place]["display"].astext)
    elif chosen.key == "outcome":
        keys.append(case(_RANK, value=RegisterLine.outcome))
    elif chosen.key != "serial":
        keys.append(_SORTED[chosen.key])
    # a missing value comes last either way; the number of the line never is missing and has an index
    chosen_keys = [k.desc().nulls_last() if chosen.descending else k.asc().nulls_last() for k in keys]
    number = [RegisterLine.year, RegisterLine.number]
    return statement.order_by(*chosen_keys, *(k.desc() if chosen.descending else k.asc() for k in number))


def page(
    session: Session, actor: Actor, register: str, chosen: Filter, columns: Sequence[Column]
) -> Sequence[RegisterLine]:
    """One page of the lines a filter keeps."""
    statement = _ordered(_chosen(actor, register, chosen), chosen, columns).options(*_HEAVY)
    return session.scalars(statement.limit(chosen.size).offset((chosen.page - 1) * chosen.size)).all()


def every(
    session: Session, actor: Actor, register: str, chosen: Filter, columns: Sequence[Column]
) -> Iterator[RegisterLine]:
    """All lines a filter keeps, fetched batch by batch."""
    statement = _ordered(_chosen(actor, register, chosen), chosen, columns).options(*_HEAVY)
    yield from session.scalars(statement.execution_options(yield_per=_BATCH))


def totals(
    session: Session, actor: Actor, register: str, chosen: Filter, columns: Sequence[Column]
) -> Totals:
    """Sums and counts over all lines a filter keeps, whatever the page."""
    lines = _chosen(actor, register, chosen).subquery()
    added = [c.code for c in columns if c.total]
    sums = [func.sum(cast(lines.c.numbers[code].astext, Numeric)) for code in added]
    month = func.to_char(lines.c.day, "YYYY-MM")
    outcomes = [func.count().filter(lines.c.outcome == o) for o in ("pass", "fail", "undecided", "note")]
    rows = session.execute(
        select(month, func.count(), *outcomes, *sums).group_by(month).order_by(month)
    ).all()
    months = [
        {
            "month": row[0],
            "lines": row[1],
            "outcomes": dict(zip(("pass", "fail", "undecided", "note"), row[2:6], strict=True)),
            "sums": {code: value for code, value in zip(added, row[6:], strict=True) if value is not None},
        }
        for row in rows
    ]
    decisions = session.execute(select(lines.c.decision, func.count()).group_by(lines.c.decision)).all()
    whole: dict[str, Decimal] = {}
    for entry in months:
        for code, value in entry["sums"].items():
            whole[code] = whole.get(code, Decimal(0)) + value
    return Totals(
        lines=sum(m["lines"] for m in months),
        sums=whole,
        outcomes={o: sum(m["outcomes"][o] for m in months) for o in ("pass", "fail", "undecided", "note")},
        decisions={(d or "none"): n for d, n in decisions},
        months=months,
    )


def overview(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Number of lines, outcomes and last day of every register that has lines the actor may see."""
    lines = visible(actor).where(_current()).subquery()
    outcomes = [func.count().filter(lines.c.outcome == o) for o in ("pass", "fail", "undecided", "note")]
    rows = session.execute(
        select(lines.c.register, func.count(), func.max(lines.c.day), *outcomes).group_by(lines.c.register)
    ).all()
    return [
        {
            "register": r[0],
            "lines": r[1],
            "last": r[2],
            "outcomes": dict(zip(("pass", "fail", "undecided", "note"), r[3:], strict=True)),
        }
        for r in rows
    ]


def line(session: Session, actor: Actor, line_id: uuid.UUID) -> RegisterLine | None:
    """One visible line."""
    return session.scalars(visible(actor).where(RegisterLine.id == line_id)).one_or_none()


def successor(session: Session, line_id: uuid.UUID) -> RegisterLine | None:
    """The line that replaces this one."""
    return session.scalars(select(RegisterLine).where(RegisterLine.replaces == line_id)).one_or_none()


def lines_of_case(session: Session, actor: Actor, case_id: uuid.UUID) -> Sequence[RegisterLine]:
    """Lines of one case."""
    return session.scalars(visible(actor).where(RegisterLine.case_id == case_id)).all()


def lock_register(session: Session, bureau_id: uuid.UUID, register: str) -> None:
    """Serialise writers of one register until the transaction ends, so that its numbers have no gap and no double."""
    key = f"elements.register:{bureau_id}:{register}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


def next_number(session: Session, bureau_id: uuid.UUID, register: str, year: int) -> int:
    """Number of the next line of the year."""
    last = session.scalar(
        select(func.max(RegisterLine.number)).where(
            RegisterLine.bureau_id == bureau_id, RegisterLine.register == register, RegisterLine.year == year
        )
    )
    return (last or 0) + 1


def standing(
    session: Session, bureau_id: uuid.UUID, register: str, project_id: uuid.UUID, subject: str
) -> RegisterLine | None:
    """The line that stands now for a project and object in a register."""
    statement = select(RegisterLine).where(
        RegisterLine.bureau_id == bureau_id,
        RegisterLine.register == register,
        RegisterLine.project_id == project_id,
        RegisterLine.subject == subject,
        _current(),
    )
    return session.scalars(
        statement.order_by(RegisterLine.year.desc(), RegisterLine.number.desc()).limit(1)
    ).one_or_none()
