"""Where the evaluations of a case stand. Never commits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from intermediaries import repository
from intermediaries.basics import lock_case
from intermediaries.engagement import Status
from intermediaries.events import (
    AllEngagementsDelivered,
)
from intermediaries.lines import OWING, LineStatus, line_status
from intermediaries.models import (
    EvaluationLine,
)
from project_box.kernel.errors import NotFound
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor


def status_of(line: EvaluationLine) -> LineStatus:
    """Where a line stands."""
    return line_status(
        needed=line.needed,
        shared=line.shared_from is not None,
        decision=line.decision,
        statuses=[Status(e.status) for e in line.engagements],
    )


def open_lines(session: Session, case_id: uuid.UUID) -> int:
    """How many lines of a case still owe a delivery (dispatched, or needed without an agency)."""
    return sum(status_of(line) in OWING for line in repository.lines_of_case(session, case_id))


def announce_if_complete(session: Session, line: EvaluationLine) -> None:
    """Tell the rooms above once no line of the case is open any more."""
    if not open_lines(session, line.case_id):
        publish(session, AllEngagementsDelivered(line.project_id, line.case_id))


@dataclass(frozen=True, slots=True)
class CaseLine:
    """An evaluation of a case as the rooms above see it.

    ``status`` is a :class:`~intermediaries.lines.LineStatus`: needed, dispatched, delivered, shared, dropped,
    undecided, not_needed.
    """

    code: str
    name: str
    name_en: str
    status: LineStatus
    reason: str
    rule: str
    basis: str
    conclusion: str
    result_id: uuid.UUID | None


def case_lines(session: Session, case_id: uuid.UUID) -> list[CaseLine]:
    """Where the evaluations of a case stand; for callers that have checked who acts."""
    out = []
    for line in repository.lines_of_case(session, case_id):
        status = status_of(line)
        done = next((e for e in line.engagements if e.result_id is not None), None)
        reason = line.decision_reason if line.decision and status is LineStatus.DROPPED else line.reason
        if status is LineStatus.NEEDED and line.obstacle:
            reason = f"{reason};{line.obstacle}"
        out.append(
            CaseLine(
                line.code,
                line.name,
                line.name_en,
                status,
                reason,
                line.rule,
                line.basis,
                done.conclusion if done else "",
                done.result_id if done else None,
            )
        )
    return out


def get_line(session: Session, actor: Actor, case_id: uuid.UUID, code: str) -> EvaluationLine:
    """A line of a visible case by its code."""
    lock_case(session, case_id)
    line = repository.line(session, actor, case_id, code)
    if line is None:
        raise NotFound("没有这个评估事项，或您无权查看", "no such evaluation line for this person")
    return line
