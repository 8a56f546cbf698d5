"""好差评, as pages and API show it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from approval import service
from approval.models import CaseRating
from approval.rating import Satisfaction
from project_box.kernel.identity import Actor


def rating_plain(row: CaseRating) -> dict[str, Any]:
    """好差评 of a case."""
    return {
        "case_id": str(row.case_id),
        "level": row.level.value,
        "level_name": row.level.zh,
        "level_name_en": row.level.en,
        "poor": row.level.poor,
        "comment": row.comment,
        "by": row.by_name,
        "at": row.at.isoformat(),
    }


def levels_plain() -> list[dict[str, str]]:
    """The five levels of 好差评, best first."""
    return [{"level": x.value, "name": x.zh, "name_en": x.en} for x in Satisfaction]


def ratings_view(session: Session, actor: Actor) -> dict[str, Any]:
    """好差评 totals over the cases the actor may see."""
    totals = service.rating_totals(session, actor)
    return {
        "levels": [{**x, "count": totals[Satisfaction(x["level"])]} for x in levels_plain()],
        "total": sum(totals.values()),
        "poor": sum(count for level, count in totals.items() if level.poor),
    }
