"""What this room asks of the two rooms below it: joint review (drawings) and evaluations (intermediaries)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from approval.gates import EngagementFact
from approval.models import Case
from project_box.kernel.identity import Actor
from project_box.models import Result
from project_box.service import result_geometry
from project_box.siteplan import SitePlan


@dataclass(frozen=True)
class ReviewFacts:
    """Where a joint review stands: revision it looks at, latest (verdict, text, by) per discipline, open or closed."""

    revision: int | None = None
    open: bool = False
    verdicts: dict[str, tuple[str | None, str, str]] = field(default_factory=dict)


def review_facts(session: Session, review_id: uuid.UUID | None) -> ReviewFacts:
    """Facts of a review; empty when there is none."""
    return ReviewFacts()


def engagement_facts(session: Session, case_id: uuid.UUID) -> list[EngagementFact]:
    """Triggered evaluations of a case."""
    return []


def open_review(
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    project_id: uuid.UUID,
    disciplines: Sequence[str],
    due: dt.date | None,
) -> uuid.UUID | None:
    """Open a joint review of the current revision."""
    return None


def dispatch(session: Session, actor: Actor, case: Case, results: Mapping[str, Result]) -> None:
    """Evaluate triggers on what the box knows and send out engagements."""


def site_plan(
    session: Session, actor: Actor, project_id: uuid.UUID, results: Mapping[str, Result], title: str
) -> SitePlan | None:
    """附图 of a planning permit: boundary and the newest site plan's shapes; None without a boundary."""
    boundary = results.get("boundary")
    geometry = result_geometry(boundary) if boundary is not None else None
    if boundary is None or geometry is None:
        return None
    return SitePlan(boundary=geometry, shapes=(), crs=boundary.crs, title=title)
