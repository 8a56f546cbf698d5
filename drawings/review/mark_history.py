"""Where a carried mark comes from: what became of it in the rounds before, and what the design side answered."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from drawings.models import JointReview, Mark, Reply


@dataclass(frozen=True, slots=True)
class Step:
    """One earlier round of a mark: its fate in the joint opinion (empty if the round was broken off) and the reply."""

    round: int
    fate: str
    reason: str
    reply: str
    replied_by: str


def mark_history(session: Session, marks: Sequence[Mark]) -> dict[uuid.UUID, list[Step]]:
    """Earlier rounds of each carried mark, newest first (for services that have checked who asks)."""
    out: dict[uuid.UUID, list[Step]] = {}
    front = {mark.carried_from: mark.id for mark in marks if mark.carried_from is not None}
    while front:
        rows = session.execute(
            select(Mark, JointReview).join(JointReview, JointReview.id == Mark.review_id)
            .where(Mark.id.in_(front))
        ).all()  # fmt: skip
        entries = {
            (r.id, e["source"]): e for _, r in rows for e in (r.joint_opinion or {}).get("entries", [])
        }
        replies = _replies(session, {review.id for _, review in rows})
        following: dict[uuid.UUID, uuid.UUID] = {}
        for mark, review in rows:
            source, shown = f"mark:{mark.id}", front[mark.id]
            entry: Mapping[str, str | None] = entries.get((review.id, source), {})
            reply = replies.get(
                (review.id, entry.get("into") or source)
            )  # a merged one is answered with the other
            out.setdefault(shown, []).append(
                Step(
                    review.round, entry.get("fate") or "", entry.get("reason") or "",
                    reply.text if reply else "", reply.author.name if reply else "",
                )
            )  # fmt: skip
            if mark.carried_from is not None:
                following[mark.carried_from] = shown
        front = following
    return out


def _replies(session: Session, reviews: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, str], Reply]:
    """The latest reply to each thing asked in some rounds."""
    rows = session.scalars(
        select(Reply).where(Reply.review_id.in_(reviews)).order_by(Reply.created_at, Reply.id)
    )
    return {(reply.review_id, reply.source): reply for reply in rows}
