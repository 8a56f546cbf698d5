"""What happens in a review, told in order to everybody who looks on.

Each happening is a row numbered in order and a PostgreSQL notification on :data:`CHANNEL` that is sent when the
transaction commits. Rows of one review commit in the order of their numbers (an advisory lock sees to it), so somebody
who has seen number *n* has seen everything before it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from drawings.models import ReviewEvent
from drawings.review.review_service import get_review
from project_box.kernel.identity import Actor
from project_box.service import now

CHANNEL = "joint_review"
_MOST = 500


def tell(session: Session, review_id: uuid.UUID, kind: str, subject: str) -> None:
    """Record a happening and wake those who look on.

    Args:
        kind: ``mark_added``, ``mark_changed``, ``mark_closed``, ``opinion_given``, ``reply_given``, ``review_closed``,
            ``review_paused``, ``review_resumed``.
        subject: id of the mark, discipline of the opinion, source of the reply, last day of the round.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": review_id.int % 2**62})
    session.add(ReviewEvent(review_id=review_id, kind=kind, subject=subject, created_at=now()))
    session.flush()
    session.execute(
        text("SELECT pg_notify(:channel, :review)"), {"channel": CHANNEL, "review": str(review_id)}
    )


def events_after(session: Session, actor: Actor, review_id: uuid.UUID, after: int) -> Sequence[ReviewEvent]:
    """Happenings of a review with numbers above ``after``, in order, at most 500.

    Raises:
        NotFound: there is no such review for this person.
    """
    get_review(session, actor, review_id)
    return session.scalars(
        select(ReviewEvent)
        .where(ReviewEvent.review_id == review_id, ReviewEvent.id > after)
        .order_by(ReviewEvent.id)
        .limit(_MOST)
    ).all()


def newest_event(session: Session, actor: Actor, review_id: uuid.UUID) -> int:
    """Number of the newest happening of a review, 0 if there is none.

    Raises:
        NotFound: there is no such review for this person.
    """
    get_review(session, actor, review_id)
    found = session.scalar(select(func.max(ReviewEvent.id)).where(ReviewEvent.review_id == review_id))
    return found or 0
