"""Where a carried mark comes from: what became of it in the rounds before, and what the design side answered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
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
        replies = _replies(session, [(review.id, f"mark:{mark.id}") for mark, review in rows])
        following: dict[uuid.UUID, uuid.UUID] = {}
        for mark, review in rows:
            source, shown = f"mark:{mark.id}", front[mark.id]
            entries = (review.joint_opinion or {}).get("entries", [])
            entry: Mapping[str, str] = next((e for e in entries if e["source"] == source), {})
            reply = replies.get(source)
            out.setdefault(shown, []).append(
                Step(
                    review.round, entry.get("fate", ""), entry.get("reason", ""),
                    reply.text if reply else "", reply.author.name if reply else "",
                )
            )  # fmt: skip
            if mark.carried_from is not None:
                following[mark.carried_from] = shown
        front = following
    return out


def _replies(session: Session, asked: Sequence[tuple[uuid.UUID, str]]) -> dict[str, Reply]:
    """The latest reply to each mark."""
    rows = session.scalars(
        select(Reply)
        .where(Reply.review_id.in_({r for r, _ in asked}), Reply.source.in_({s for _, s in asked}))
        .order_by(Reply.created_at, Reply.id)
    )
    return {reply.source: reply for reply in rows}
