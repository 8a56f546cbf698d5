"""The completeness check of a round, as page and API show it."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from drawings import service
from drawings.models import CompletenessCheck
from drawings.review.completeness import completeness_list
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain


def completeness_plain(session: Session, actor: Actor, review_id: uuid.UUID) -> dict[str, Any]:
    """Lines with what was found, whether the round can agree, and who has checked it when (newest first).

    Raises:
        NotFound: no such review for this person.
    """
    found = service.completeness(session, actor, review_id)
    return {
        "complete": found.complete,
        "lines": [{**to_plain(line), "blocks": line.blocks} for line in found.lines],
        "checks": [check_plain(c) for c in found.checks],
        "doc_no": completeness_list().doc_no,
        "verified": completeness_list().verified,
        "can_check": actor.has(Role.WINDOW, Role.HANDLER, Role.REVIEWER),
    }


def check_plain(row: CompletenessCheck) -> dict[str, Any]:
    """One decision."""
    return {
        "complete": row.complete,
        "lines": row.lines,
        "note": row.note,
        "by": row.officer.name,
        "at": row.checked_at.isoformat(),
    }
