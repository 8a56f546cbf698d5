"""Which case a project's computations are for, and the rule set it is judged by from 受理 on.

The elements room keeps the pins; it cannot ask this room about cases, so this module tells it.
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from approval.case import CaseState
from approval.casefile import day_of
from approval.models import Case
from elements.rulesets.ruleset_service import CaseOfProject, pin_case, tell_cases_by
from project_box.kernel.identity import Actor

#: nothing is decided in these any more
_OVER = frozenset(
    {
        CaseState.DECIDED,
        CaseState.CLOSED,
        CaseState.DELIVERED,
        CaseState.RETURNED,
        CaseState.WITHDRAWN,
    }
)


@tell_cases_by
def case_of_project(session: Session, project_id: uuid.UUID) -> CaseOfProject | None:
    """The accepted case in hand; else a draft or one that waits for 受理; else the last accepted one."""
    cases = session.scalars(
        select(Case).where(Case.project_id == project_id).order_by(Case.created_at.desc(), Case.id)
    ).all()
    in_hand = [c for c in cases if c.state not in _OVER]
    accepted = [c for c in cases if c.accepted_at is not None]
    chosen = next((c for c in in_hand if c.accepted_at is not None), None)
    chosen = chosen or next(iter(in_hand), None) or next(iter(accepted), None)
    if chosen is None:
        return None
    return CaseOfProject(chosen.id, day_of(chosen.accepted_at) if chosen.accepted_at is not None else None)


def pin_rules(session: Session, actor: Actor, case: Case, accepted_on: dt.date) -> None:
    """From now on the case is judged by the rules of its day of acceptance."""
    pin_case(session, actor, case.project_id, case.id, accepted_on)
