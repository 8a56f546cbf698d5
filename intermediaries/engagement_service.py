"""Use cases of engagements 委托: looking, accepting, declining, withdrawing, rating. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from intermediaries import repository
from intermediaries.basics import MAX_REASON, clean_reason, lock_case, require_officer, today
from intermediaries.engagement import Lamp, Status, check_scores, lamp, move
from intermediaries.line_service import status_of
from intermediaries.lines import LineStatus
from intermediaries.models import (
    Engagement,
    Rating,
)
from intermediaries.sending import end_engagement, send_out
from project_box import service as box
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor, Role


def list_engagements(session: Session, actor: Actor) -> Sequence[Engagement]:
    """Engagements the actor may see, newest first."""
    return repository.engagements(session, actor)


def get_engagement(
    session: Session, actor: Actor, engagement_id: uuid.UUID, *, lock: bool = False
) -> Engagement:
    """One engagement.

    Raises:
        NotFound: there is none for this person.
    """
    engagement = repository.engagement(session, actor, engagement_id, lock=lock)
    if engagement is None:
        raise NotFound("没有这个中介任务，或您无权查看", "no such engagement for this person")
    return engagement


def _locked(session: Session, actor: Actor, engagement_id: uuid.UUID) -> Engagement:
    """An engagement to be changed: its case locked first, then itself, read anew."""
    lock_case(session, get_engagement(session, actor, engagement_id).line.case_id)
    return get_engagement(session, actor, engagement_id, lock=True)


def lamp_of(engagement: Engagement) -> Lamp:
    """The deadline lamp of an engagement today."""
    return lamp(Status(engagement.status), engagement.due, today(), load_calendar())


def may_render(actor: Actor, engagement: Engagement) -> bool:
    """True for the engaged agency."""
    return actor.has(Role.INTERMEDIARY) and engagement.agency.organisation_id == actor.organisation_id


def own_engagement(session: Session, actor: Actor, engagement_id: uuid.UUID) -> Engagement:
    """An engagement of the actor's own agency, locked."""
    engagement = _locked(session, actor, engagement_id)
    if not may_render(actor, engagement):
        raise Forbidden("只有受委托的中介机构可以这样做", "only the engaged agency may do this")
    return engagement


def accept(session: Session, actor: Actor, engagement_id: uuid.UUID) -> Engagement:
    """The agency takes the task (待接受 → 服务中).

    Raises:
        Conflict: it is not waiting to be accepted.
    """
    engagement = own_engagement(session, actor, engagement_id)
    engagement.status = move(Status(engagement.status), "accept")
    engagement.accepted_at = box.now()
    session.flush()
    box.record_audit(
        session,
        actor,
        "engagement.accepted",
        f"case:{engagement.line.case_id}",
        {"engagement": engagement.number, "code": engagement.line.code, "due": engagement.due},
    )
    return engagement


def decline(session: Session, actor: Actor, engagement_id: uuid.UUID, reason: str) -> Engagement | None:
    """The agency declines with a reason; the task goes to another qualified agency at once.

    Returns:
        the new engagement, or None when no other agency qualifies (the dispatching officer gets a message).
    """
    reason = clean_reason(reason, "拒绝理由")
    engagement = own_engagement(session, actor, engagement_id)
    line = engagement.line
    end_engagement(session, actor, engagement, "decline", reason)
    following = send_out(session, actor, line) if status_of(line) is LineStatus.NEEDED else None
    if following is None:
        box.post_message(
            session,
            project_id=line.project_id,
            user_id=engagement.dispatched_by,
            title=f"需要另行选取机构：{line.name}",
            body=f"{engagement.agency.organisation.name}拒绝：{reason}。{line.obstacle}",
            link=f"/cases/{line.case_id}/engagements",
        )
    return following


def withdraw(session: Session, actor: Actor, engagement_id: uuid.UUID, reason: str) -> Engagement:
    """An officer takes the task back with a reason; the line waits for a new agency unless it is dropped."""
    require_officer(actor)
    reason = clean_reason(reason, "撤销理由")
    engagement = _locked(session, actor, engagement_id)
    end_engagement(session, actor, engagement, "withdraw", reason)
    return engagement


def rating_side(actor: Actor, engagement: Engagement) -> str | None:
    """``authority`` for officers, ``client`` for the project's own 建设单位, None for others."""
    if actor.is_officer:
        return "authority"
    if actor.has(Role.DEVELOPER) and engagement.line.project.organisation_id == actor.organisation_id:
        return "client"
    return None


def rate(
    session: Session, actor: Actor, engagement_id: uuid.UUID, scores: Mapping[str, Any], comment: str = ""
) -> Engagement:
    """Rate a delivery in five dimensions (已交付 → 已评价); authority and client once each.

    Raises:
        BadInput: a score is missing or not 1 to 5.
        Forbidden: neither officer nor the project's 建设单位.
        Conflict: not delivered yet, or this side has rated already.
    """
    engagement = _locked(session, actor, engagement_id)
    side = rating_side(actor, engagement)
    if side is None:
        raise Forbidden("只有审批人员和建设单位可以评价", "only officers and the client may rate")
    after = move(Status(engagement.status), "rate")
    if any(r.side == side for r in engagement.ratings):
        raise Conflict("已经评价过了", "this side has rated already", code="already_rated")
    checked = check_scores(scores)
    comment = box.clean_text(comment, field="comment", label="评价意见", limit=MAX_REASON, required=False)
    engagement.ratings.append(
        Rating(
            side=side,
            scores=checked,
            comment=comment,
            user_id=actor.user_id,
            user_name=actor.name,
            created_at=box.now(),
        )
    )
    engagement.status = after
    session.flush()
    repository.revoke_grant(session, engagement.line.project_id, engagement.agency.organisation_id)
    box.record_audit(
        session,
        actor,
        "engagement.rated",
        f"case:{engagement.line.case_id}",
        {"engagement": engagement.number, "side": side, "scores": checked},
    )
    return engagement
