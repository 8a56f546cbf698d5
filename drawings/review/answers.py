"""What the design side has to answer after a round of review, and whether it has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from drawings import repository
from drawings.models import JointReview, Reply
from drawings.review.disciplines import discipline_name
from drawings.review.joint_review import Fate, Verdict
from drawings.review.review_facts import review_standing
from project_box.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class Point:
    """One thing the design side has to answer.

    Attributes:
        source: ``opinion:<id>`` or ``mark:<id>``. reply: the latest one, None while there is none.
    """

    source: str
    discipline: str
    text: str
    reply: Reply | None

    @property
    def name(self) -> str:
        """Chinese name of who asks; what no discipline asks for comes from the completeness check."""
        return discipline_name(self.discipline) if self.discipline else "完整性检查"


def points_to_answer(session: Session, review: JointReview) -> list[Point]:
    """Opinions that do not simply agree, and open marks; of a closed round what the joint opinion kept of them."""
    replies: dict[str, Reply] = {}
    for reply in session.scalars(
        select(Reply).where(Reply.review_id == review.id).order_by(Reply.created_at, Reply.id)
    ):
        replies[reply.source] = reply
    return [Point(s, d, text, replies.get(s)) for s, d, text in _asked(session, review)]


def _asked(session: Session, review: JointReview) -> list[tuple[str, str, str]]:
    if review.joint_opinion is not None:
        entries: Sequence[Mapping[str, Any]] = review.joint_opinion["entries"]
        return [
            (e["source"], e["discipline"], e["text"])
            for e in entries
            if e["fate"] == Fate.KEPT.value and e.get("verdict") != Verdict.AGREE.value
        ]
    latest = review_standing(session, review).latest
    asked = [(f"opinion:{o.id}", d, o.text) for d, o in latest.items() if o.verdict is not Verdict.AGREE]
    open_marks = [m for m in repository.marks(session, review.id) if m.closed_at is None]
    return asked + [(f"mark:{m.id}", m.discipline, m.text) for m in open_marks]


def unanswered(session: Session, project_id: uuid.UUID) -> tuple[JointReview, list[Point]] | None:
    """The last closed round of a project and what of it has no reply yet; None when nothing is left to answer.

    For services that have checked who asks.
    """
    review = session.scalar(
        select(JointReview)
        .where(JointReview.project_id == project_id, JointReview.verdict.is_not(None))
        .order_by(JointReview.closed_at.desc())
        .limit(1)
    )
    if review is None or review.verdict == Verdict.AGREE.value:
        return None
    missing = [p for p in points_to_answer(session, review) if p.reply is None]
    return (review, missing) if missing else None


def require_replies(session: Session, project_id: uuid.UUID) -> None:
    """Let a new revision through only when every opinion of the last closed round of the project has its reply.

    Raises:
        BadInput: some have none; ``details["unanswered"]`` lists them.
    """
    found = unanswered(session, project_id)
    if found is None:
        return
    review, missing = found
    named = "；".join(f"{p.name}：{p.text[:60]}" for p in missing[:20])
    raise BadInput(
        f"第 {review.round} 轮联审还有 {len(missing)} 条意见没有书面答复，不能提交新一版图纸：{named}",
        f"{len(missing)} opinions of round {review.round} have no reply",
        code="unanswered",
        place="replies",
        remedy="在联合审图页逐条答复后再提交",
        remedy_en="answer each on the page of the joint review, then submit",
        details={
            "review": str(review.id),
            "case": str(review.case_id),
            "unanswered": [{"source": p.source, "discipline": p.discipline, "text": p.text} for p in missing],
        },
    )
