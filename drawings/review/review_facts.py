"""Rows of a review as :mod:`drawings.review.joint_review` reckons with them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from drawings import repository
from drawings.models import JointReview, Mark, Opinion
from drawings.review.joint_review import GivenOpinion, PlacedMark, Severity, Standing, Verdict, standing


def review_standing(session: Session, review: JointReview) -> Standing:
    """The latest verdict of every required discipline."""
    return standing(review.disciplines, [given_opinion(o) for o in repository.opinions(session, review.id)])


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
