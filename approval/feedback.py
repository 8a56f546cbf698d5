"""Use cases of 好差评. Never commits."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from approval import projection, repository
from approval.casefile import get_case, now
from approval.filing import is_applicant
from approval.models import Case, CaseRating
from approval.rating import RATED_STATES, Satisfaction, check_rateable, satisfaction_of
from project_box.kernel.errors import Forbidden
from project_box.kernel.identity import Actor
from project_box.service import clean_text, record_audit

COMMENT_LENGTH = 1000


def rate_case(
    session: Session, actor: Actor, case_id: uuid.UUID, level: str, comment: str = ""
) -> CaseRating:
    """评价: the applicant says how satisfied they were with the handling of an ended case.

    Args:
        level: code or Chinese name of a :class:`Satisfaction`.
        comment: optional, at most 1000 characters.

    Raises:
        NotFound: no such case for this person.
        Forbidden: not the applicant.
        Conflict: the case has not ended, or is rated already.
        BadInput: no such level, or an unusable comment.
    """
    case = get_case(session, actor, case_id, lock=True)
    if not is_applicant(actor, case):
        raise Forbidden("只有申请人可以评价", "only the applicant rates a case")
    check_rateable(case.state, rated=repository.rating(session, case.id) is not None)
    chosen = satisfaction_of(level)
    words = clean_text(comment, field="comment", label="评价内容", limit=COMMENT_LENGTH, required=False)
    row = CaseRating(
        case_id=case.id, level=chosen, comment=words, by=actor.user_id, by_name=actor.name, at=now()
    )
    session.add(row)
    session.flush()
    projection.log(
        session, case, actor, "rated", f"申请人评价：{chosen.zh}", f"Rated by the applicant: {chosen.en}"
    )
    record_audit(session, actor, "case.rated", f"case:{case.id}", {"level": chosen.value, "comment": words})
    return row


def case_rating(session: Session, case: Case) -> CaseRating | None:
    """The rating of a case the caller has read for its actor."""
    return repository.rating(session, case.id)


def can_rate(session: Session, actor: Actor, case: Case) -> bool:
    """True when the actor is asked to rate the case."""
    return (
        is_applicant(actor, case)
        and case.state in RATED_STATES
        and repository.rating(session, case.id) is None
    )


def rating_totals(session: Session, actor: Actor) -> dict[Satisfaction, int]:
    """How many of the cases the actor may see were rated at each level, best first."""
    counted = repository.rating_counts(session, actor)
    return {level: counted.get(level, 0) for level in Satisfaction}
