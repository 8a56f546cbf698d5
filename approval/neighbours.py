"""What this room asks of the two rooms below it: joint review (drawings) and evaluations (intermediaries)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union
from sqlalchemy.orm import Session

from approval.clock import ClockEvent, ClockKind
from approval.gates import EngagementFact
from drawings import service as drawings
from drawings.models import JointReview
from drawings.repository import marks as marks_of
from drawings.review.joint_review import Verdict
from drawings.review.review_facts import review_time
from intermediaries import service as intermediaries
from intermediaries.lines import LineStatus
from project_box.kernel.errors import Conflict
from project_box.kernel.identity import Actor
from project_box.models import Result
from project_box.service import result_geometry
from project_box.siteplan import STYLES, PlanShape, SitePlan

#: lines that wait for nobody
SETTLED = frozenset({"delivered", "shared", "dropped", "undecided"})


@dataclass(frozen=True)
class ReviewFacts:
    """Where a joint review stands.

    Attributes:
        revision: number of the revision it looks at.
        open: the round has not been closed.
        verdicts: discipline → its latest (verdict, text, author).
    """

    revision: int | None = None
    open: bool = False
    verdicts: Mapping[str, tuple[str | None, str, str]] = field(default_factory=dict)


def verdict_word(verdict: str) -> str:
    """Chinese word of a verdict."""
    return Verdict(verdict).zh


def review_facts(session: Session, review_id: uuid.UUID | None) -> ReviewFacts:
    """Facts of a review; empty when there is none. The caller has checked who asks."""
    review = session.get(JointReview, review_id) if review_id is not None else None
    if review is None:
        return ReviewFacts()
    latest = drawings.review_standing(session, review).latest
    return ReviewFacts(
        review.revision.number,
        review.closed_at is None,
        {code: (o.verdict.value, o.text, o.author) for code, o in latest.items()},
    )


@dataclass(frozen=True)
class LateRound:
    """An open round whose last day has passed: how many working days ago, and the disciplines that have not spoken."""

    round: int
    days: int
    silent: tuple[str, ...]


def late_round(session: Session, review_id: uuid.UUID | None, today: dt.date) -> LateRound | None:
    """The round if it is open, its time does not stand still and its last day has passed."""
    review = session.get(JointReview, review_id) if review_id is not None else None
    if review is None or review.closed_at is not None or review.paused_on is not None:
        return None
    time = review_time(review, today)
    if time is None or not time.over:
        return None
    return LateRound(review.round, time.over, drawings.review_standing(session, review).missing)


@dataclass(frozen=True)
class Asked:
    """One thing a closed round asks of the design side: ``place`` is ``file name#handle``, ``reply`` its answer."""

    text: str
    place: str
    reply: str


def asked(session: Session, review_id: uuid.UUID | None) -> list[Asked]:
    """What a round that ended without agreement asks for; nothing of any other. The caller has checked who asks."""
    review = session.get(JointReview, review_id) if review_id is not None else None
    if review is None or review.verdict in (None, Verdict.AGREE.value):
        return []
    names = {f.id: f.name for f in review.revision.files}
    places = {
        f"mark:{m.id}": f"{names.get(m.file_id, '')}#{m.handle}".rstrip("#")
        for m in marks_of(session, review.id)
    }
    return [
        Asked(f"{p.name}：{p.text}", places.get(p.source, ""), p.reply.text if p.reply else "")
        for p in drawings.points_to_answer(session, review)
    ]


def open_review(
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    project_id: uuid.UUID,
    disciplines: Sequence[str],
    due: dt.date | None,
    item: str = "",
) -> uuid.UUID:
    """Open a round on the newest revision; a round that still runs is superseded.

    Raises:
        Conflict: no drawings have been handed in.
    """
    revision = drawings.current_revision(session, actor, project_id)
    if revision is None:
        raise Conflict("项目还没有图纸，不能联合审图", "there are no drawings to review", code="no_drawings")
    drawings.supersede_review(session, actor, case_id, "新一轮联合审图")
    opened = drawings.open_review(
        session, actor, case_id, project_id, revision.id, disciplines, due, item=item
    )
    return opened.id


def follow_clock(session: Session, actor: Actor, case_id: uuid.UUID, event: ClockEvent) -> None:
    """The time of an open round stands still and goes on with that of its case."""
    if event.kind is ClockKind.PAUSE:
        drawings.pause_review(session, actor, case_id, event.on)
    elif event.kind is ClockKind.RESUME:
        drawings.resume_review(session, actor, case_id, event.on)


def end_review(session: Session, actor: Actor, case_id: uuid.UUID, reason: str) -> None:
    """Close a round that is no longer needed."""
    drawings.supersede_review(session, actor, case_id, reason)


def dispatch(
    session: Session, actor: Actor, project_id: uuid.UUID, case_id: uuid.UUID, stated: Mapping[str, str]
) -> None:
    """Judge every evaluation and send out the needed ones at once."""
    intermediaries.dispatch(session, actor, project_id, case_id, stated)


def engagement_facts(session: Session, case_id: uuid.UUID) -> list[EngagementFact]:
    """Evaluations of a case that are or may be needed. The caller has checked who asks."""
    return [
        EngagementFact(line.code, line.name, line.status.value, line.reason, line.conclusion)
        for line in intermediaries.case_lines(session, case_id)
        if line.status is not LineStatus.NOT_NEEDED
    ]


#: a site plan whose red line lies farther than this from the boundary is not the same place, m
_SAME_PLACE = 1000.0
_ZONE = 1_000_000.0


def zone_shift(boundary: BaseGeometry, drawn: BaseGeometry) -> float | None:
    """What to add to the drawing's eastings so that it lies on the boundary: a multiple of 1,000,000 m, since drawings
    usually leave out the zone prefix that a boundary's CRS may have; None when that does not bring them together."""
    dx, dy = boundary.centroid.x - drawn.centroid.x, boundary.centroid.y - drawn.centroid.y
    shift = round(dx / _ZONE) * _ZONE
    return shift if abs(dx - shift) < _SAME_PLACE and abs(dy) < _SAME_PLACE else None


def site_plan(
    session: Session, actor: Actor, project_id: uuid.UUID, results: Mapping[str, Result], title: str
) -> SitePlan | None:
    """附图 of a planning permit: boundary and the newest site plan's shapes; None without a boundary.

    A drawing in coordinates of its own, which cannot be laid on the boundary, is shown with its own red line.
    """
    result = results.get("boundary")
    boundary = result_geometry(result) if result is not None else None
    if result is None or boundary is None:
        return None
    revision = drawings.current_revision(session, actor, project_id)
    models = drawings.revision_models(session, revision) if revision is not None else []
    plan = next((m for m in models if m.kind == "site_plan"), None)
    if plan is None:
        return SitePlan(boundary=boundary, shapes=(), crs=result.crs, title=title)
    red_line = unary_union([s.geometry for s in plan.shapes if s.role == "site_boundary"])
    shift = zone_shift(boundary, red_line) if not red_line.is_empty else None
    shapes = [
        PlanShape(
            s.role,
            translate(s.geometry, xoff=shift or 0.0),
            str(s.attributes.get("楼号", "")) if s.role == "footprint" else "",
        )
        for s in plan.shapes
        if s.role in STYLES and not s.geometry.is_empty
    ]
    if shift is None and not red_line.is_empty:
        return SitePlan(boundary=red_line, shapes=shapes, crs=None, title=title)
    return SitePlan(boundary=boundary, shapes=shapes, crs=result.crs, title=title)
