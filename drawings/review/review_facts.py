"""Rows of a review as :mod:`drawings.review.joint_review` reckons with them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from drawings import repository
from drawings.models import JointReview, Mark, Opinion
from drawings.review.joint_review import GivenOpinion, PlacedMark, Severity, Standing, Verdict, standing
from drawings.review.round_time import RoundTime, round_time
from project_box.kernel.calendar import CHINA, load_calendar


def review_standing(session: Session, review: JointReview) -> Standing:
    """The latest verdict of every required discipline."""
    return standing(review.disciplines, [given_opinion(o) for o in repository.opinions(session, review.id)])


def review_time(review: JointReview, today: dt.date) -> RoundTime | None:
    """How the round stands in time today, or stood when it was closed; None of a round without a last day."""
    return round_time(
        review.opened_at.astimezone(CHINA).date(),
        review.due,
        review.closed_at.astimezone(CHINA).date() if review.closed_at else today,
        load_calendar(),
        paused_on=review.paused_on,
        closed=review.closed_at is not None,
    )


def given_opinion(row: Opinion) -> GivenOpinion:
    return GivenOpinion(
        str(row.id),
        row.discipline,
        Verdict(row.verdict),
        row.text,
        row.version,
        row.author.name,
        row.created_at,
    )


def placed_mark(row: Mark) -> PlacedMark:
    return PlacedMark(
        str(row.id),
        row.discipline,
        Severity(row.severity),
        row.text,
        row.clause,
        row.handle,
        row.closed_at is None,
    )
