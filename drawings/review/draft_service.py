"""Drafts: what somebody has begun in a review and not yet saved, kept as it is typed. Never commits.

A person has one row for each review, with a part for each thing that can be begun, so that who merges and marks loses
neither. Saving is one statement: two windows that save at once get in nobody's way.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from drawings.models import MarkDraft
from drawings.review.review_service import get_review, must_be_open, own_discipline
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.service import now

_LARGEST = 100_000
_MARK = ("file", "kind", "geometry", "handle", "text", "severity", "clause", "photo")
_EDIT = ("mark", "version", "text", "severity", "clause")


class Part(StrEnum):
    """What can be begun: a new mark, the change of a mark, a merge, replies."""

    MARK = "mark"
    EDIT = "edit"
    MERGE = "merge"
    REPLIES = "replies"


def keep_draft(
    session: Session, actor: Actor, review_id: uuid.UUID, part: Part, content: Mapping[str, Any]
) -> dt.datetime:
    """Keep what the actor has begun instead of what was kept of this part before; tells when.

    Raises:
        BadInput: too much.
    """
    if len(json.dumps(content, ensure_ascii=False)) > _LARGEST:
        raise BadInput(
            "草稿过大",
            "the draft is too large",
            code="draft",
            remedy="减少顶点或文字",
            remedy_en="use fewer points or words",
        )
    saved_at = now()
    row = insert(MarkDraft).values(
        review_id=review_id, user_id=actor.user_id, content={part.value: dict(content)}, saved_at=saved_at
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[MarkDraft.review_id, MarkDraft.user_id],
            set_={"content": MarkDraft.content.op("||")(row.excluded.content), "saved_at": saved_at},
        ),
        execution_options={"populate_existing": True},
    )
    return saved_at


def own_draft_part(session: Session, actor: Actor, review_id: uuid.UUID, part: Part) -> dict[str, Any]:
    """What the actor has begun; empty if nothing."""
    draft = session.get(MarkDraft, (review_id, actor.user_id), populate_existing=True)
    return (draft.content.get(part.value) or {}) if draft is not None else {}


def drop_draft(session: Session, actor: Actor, review_id: uuid.UUID, part: Part) -> None:
    """Forget what the actor has begun."""
    session.execute(
        update(MarkDraft)
        .where(MarkDraft.review_id == review_id, MarkDraft.user_id == actor.user_id)
        .values(content=MarkDraft.content.op("-")(part.value))
        .execution_options(synchronize_session=False)
    )


def save_mark_draft(
    session: Session, actor: Actor, review_id: uuid.UUID, content: Mapping[str, Any]
) -> dt.datetime:
    """Keep the mark somebody has begun: ``file, kind, geometry, handle, text, severity, clause, photo``.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed. BadInput: too much.
    """
    return _keep_of_reviewer(session, actor, review_id, Part.MARK, content, _MARK)


def save_edit_draft(
    session: Session, actor: Actor, review_id: uuid.UUID, content: Mapping[str, Any]
) -> dt.datetime:
    """Keep the change of a mark somebody has begun: ``mark, version`` as it was shown, ``text, severity, clause``.

    Raises:
        Forbidden: not a reviewer of this review. Conflict: the review is closed. BadInput: too much.
    """
    return _keep_of_reviewer(session, actor, review_id, Part.EDIT, content, _EDIT)


def _keep_of_reviewer(
    session: Session,
    actor: Actor,
    review_id: uuid.UUID,
    part: Part,
    content: Mapping[str, Any],
    keys: tuple[str, ...],
) -> dt.datetime:
    review = get_review(session, actor, review_id)
    own_discipline(actor, review)
    must_be_open(review)
    kept = {key: content[key] for key in keys if content.get(key) is not None}
    return keep_draft(session, actor, review_id, part, kept)
