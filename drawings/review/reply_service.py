"""Replies 答复: the design side answers every opinion in writing before it hands in again. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from drawings.models import Reply
from drawings.review.answers import points_to_answer
from drawings.review.draft_service import PROGRAM, Part, Window, keep_draft
from drawings.review.review_feed import tell
from drawings.review.review_service import get_review
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.kernel.identity import Actor
from project_box.service import clean_text, now


def save_reply_draft(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    replies: Mapping[str, str],
    window: Window = PROGRAM,
) -> dt.datetime:
    """Keep replies as they are typed: source → text. Only who types them sees them.

    Raises:
        NotFound: no such review for this person. Forbidden: the project is not the actor's own. BadInput: too much.
        Conflict: see :func:`drawings.review.draft_service.keep_draft`.
    """
    review = get_review(session, actor, review_id)
    box.get_own_project(session, actor, review.project_id)
    kept = {
        clean_text(source, field="source", label="条目", limit=80): clean_text(
            text, field="text", label="答复", limit=5000, required=False
        )
        for source, text in replies.items()
    }
    return keep_draft(session, actor, review_id, Part.REPLIES, kept, window=window)


def reply(session: Session, actor: Actor, review_id: uuid.UUID, source: str, text: str) -> Reply:
    """Answer one opinion or mark; a later answer counts instead of an earlier one, which is kept.

    Raises:
        NotFound: no such review for this person, or nothing of this name to answer in it.
        Forbidden: the project is not the actor's own. BadInput: no text.
    """
    review = get_review(session, actor, review_id)
    box.get_own_project(session, actor, review.project_id)
    if source not in {point.source for point in points_to_answer(session, review)}:
        raise NotFound("本轮联审没有这条需要答复的意见", f"nothing to answer: {source[:60]}")
    row = Reply(
        review_id=review.id,
        source=source,
        text=clean_text(text, field="text", label="答复", limit=5000),
        created_at=now(),
        created_by=actor.user_id,
    )
    session.add(row)
    session.flush()
    session.refresh(row, ["author"])
    box.record_audit(
        session,
        actor,
        "review.replied",
        f"case:{review.case_id}",
        {"review": str(review.id), "source": source},
    )
    tell(session, review.id, "reply_given", source)
    return row
