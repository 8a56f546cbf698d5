"""What befalls a running round from outside: its time stands still, goes on, or it is ended. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import update
from sqlalchemy.orm import Session

from drawings import repository
from drawings.models import JointReview
from drawings.review.review_feed import tell
from project_box import service as box
from project_box.kernel.calendar import load_calendar
from project_box.kernel.identity import Actor
from project_box.service import now


def supersede_review(session: Session, actor: Actor, case_id: uuid.UUID, reason: str) -> None:
    """Close an open round without a joint opinion: the case was withdrawn or returned, or the drawings changed.

    Harmless when no round is open.
    """
    for review in repository.reviews_of_case(session, actor, case_id):
        if review.closed_at is None:
            session.execute(
                update(JointReview)
                .where(JointReview.id == review.id, JointReview.closed_at.is_(None))
                .values(closed_at=now(), closed_by=actor.user_id, verdict=None)
            )
            session.refresh(review)
            box.record_audit(
                session,
                actor,
                "review.superseded",
                f"case:{case_id}",
                {"review": str(review.id), "reason": reason},
            )
            tell(session, review.id, "review_closed", "superseded")


def pause_review(session: Session, actor: Actor, case_id: uuid.UUID, day: dt.date) -> None:
    """The time of a case stands still from ``day`` on, and that of its open round with it; reviewing goes on."""
    for review in _open_rounds(session, actor, case_id):
        if review.paused_on is None:
            review.paused_on = day
            _record_time(session, actor, review, "paused")


def resume_review(session: Session, actor: Actor, case_id: uuid.UUID, day: dt.date) -> None:
    """The time of a case goes on: its open round ends as many working days later as stood still.

    The day on which something happens belongs to the state before it, as on the case's own clock.

    Raises:
        CalendarMissing: the days off of one of the years are not known.
    """
    for review in _open_rounds(session, actor, case_id):
        if review.paused_on is None:
            continue
        if review.due is not None:
            calendar = load_calendar()
            review.due = calendar.add(review.due, calendar.between(review.paused_on, day))
        review.paused_on = None
        _record_time(session, actor, review, "resumed")


def _open_rounds(session: Session, actor: Actor, case_id: uuid.UUID) -> list[JointReview]:
    return [r for r in repository.reviews_of_case(session, actor, case_id) if r.closed_at is None]


def _record_time(session: Session, actor: Actor, review: JointReview, what: str) -> None:
    session.flush()
    due = review.due.isoformat() if review.due else None
    box.record_audit(
        session, actor, f"review.{what}", f"case:{review.case_id}", {"review": str(review.id), "due": due}
    )
    tell(session, review.id, f"review_{what}", due or "")
