"""Sending an evaluation out to an agency, and ending an engagement before its report. Never commits."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Any

from sqlalchemy.orm import Session

from intermediaries import repository, selection
from intermediaries.basics import today
from intermediaries.engagement import Status, due_date, move
from intermediaries.models import (
    Engagement,
    EvaluationLine,
)
from intermediaries.trigger_catalogue import catalogue
from project_box import service as box
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import Conflict
from project_box.kernel.identity import Actor


def _candidates(session: Session, qualification: str) -> list[selection.Candidate]:
    until = repository.qualified_until(session, qualification)
    loads = repository.loads(session)
    return [
        selection.Candidate(
            str(a.id),
            a.organisation.credit_code,
            a.organisation.name,
            until.get(a.id),
            loads.get(a.id, 0),
            a.active,
        )
        for a in repository.agencies(session)
    ]


def send_out(
    session: Session, actor: Actor, line: EvaluationLine, *, chosen: uuid.UUID | None = None, reason: str = ""
) -> Engagement | None:
    """Choose an agency for a needed line and make the engagement; None (with ``obstacle``) when nobody qualifies."""
    declined = {str(e.agency_id) for e in line.engagements if e.status == Status.DECLINED}
    candidates = _candidates(session, line.qualification)
    day = today()
    name = catalogue().qualifications[line.qualification].name
    if chosen is not None:
        winner = _the_chosen(candidates, chosen, day)
        record: dict[str, Any] = {"mode": "officer", "reason": reason, "winner": winner.key, "by": actor.name}
    else:
        listed = selection.shortlist(candidates, on=day, avoided=declined)
        if not listed.eligible:
            line.obstacle = f"没有可派单的“{name}”机构"
            session.flush()
            return None
        winner, record = _draw(session, actor, line, listed)
    calendar = load_calendar()
    engagement = Engagement(
        number=f"ZJ{day:%Y%m%d}-{secrets.token_hex(4).upper()}",
        line_id=line.id,
        agency_id=uuid.UUID(winner.agency_id),
        status=Status.PENDING,
        selection=record,
        dispatched_at=box.now(),
        dispatched_by=actor.user_id,
        due=due_date(day, line.days, calendar),
        end_reason="",
        conclusion="",
    )
    line.obstacle = ""
    line.engagements.append(engagement)
    session.flush()
    _tell(session, actor, line, engagement, winner.name)
    return engagement


def _the_chosen(
    candidates: list[selection.Candidate], agency_id: uuid.UUID, day: dt.date
) -> selection.Candidate:
    """The agency an officer names, if it may be sent to."""
    listed = selection.shortlist([c for c in candidates if c.agency_id == str(agency_id)], on=day)
    if not listed.eligible:
        why = listed.excluded[0][1] if listed.excluded else "未入驻"
        raise Conflict(
            f"不能选择该机构：{why}",
            f"agency not eligible: {why}",
            code="agency_not_eligible",
            place="agency",
        )
    return listed.eligible[0]


def _tell(session: Session, actor: Actor, line: EvaluationLine, engagement: Engagement, name: str) -> None:
    """Let the agency see the project, tell it of its task, and write down who was chosen and why."""
    agency = engagement.agency
    box.grant(
        session,
        line.project_id,
        organisation_id=agency.organisation_id,
        reason=f"{repository.GRANT_REASON}{engagement.id}",
    )
    box.post_message(
        session,
        project_id=line.project_id,
        organisation_id=agency.organisation_id,
        title=f"新的中介任务：{line.name}",
        body=f"项目“{line.project.name}”需要{line.deliverable}。{line.reason}",
        link=f"/engagements/{engagement.id}",
    )
    box.record_audit(
        session,
        actor,
        "engagement.dispatched",
        f"case:{line.case_id}",
        {
            "engagement": engagement.number,
            "code": line.code,
            "rule": line.rule,
            "agency": name,
            "selection": engagement.selection,
        },
    )


def _draw(
    session: Session, actor: Actor, line: EvaluationLine, listed: selection.Shortlist
) -> tuple[selection.Candidate, dict[str, Any]]:
    """Commit, then reveal: see :mod:`intermediaries.selection`."""
    nonce = secrets.token_hex(16)
    subject = f"{line.case_id}:{line.code}:{len(line.engagements) + 1}"
    keys = [c.key for c in listed.eligible]
    committed = box.record_audit(
        session,
        actor,
        "draw.committed",
        f"case:{line.case_id}",
        {
            "subject": subject,
            "commitment": selection.commitment(nonce),
            "candidates": keys,
            "excluded": [list(x) for x in listed.excluded],
        },
    )
    winner_key = selection.draw(keys, nonce, committed.hash, subject)
    winner = next(c for c in listed.eligible if c.key == winner_key)
    record = {
        "mode": "draw",
        "subject": subject,
        "commitment": selection.commitment(nonce),
        "nonce": nonce,
        "salt": committed.hash,
        "audit_seq": committed.seq,
        "candidates": keys,
        "names": {c.key: c.name for c in listed.eligible},
        "excluded": [list(x) for x in listed.excluded],
        "winner": winner_key,
    }
    return winner, record


def end_engagement(session: Session, actor: Actor, engagement: Engagement, action: str, reason: str) -> None:
    """End an engagement before its report, with the reason, and tell the agency."""
    engagement.status = move(Status(engagement.status), action)
    engagement.end_reason, engagement.ended_at = reason, box.now()
    session.flush()
    repository.revoke_grant(session, engagement.line.project_id, engagement.agency.organisation_id)
    box.record_audit(
        session,
        actor,
        f"engagement.{engagement.status}",
        f"case:{engagement.line.case_id}",
        {"engagement": engagement.number, "code": engagement.line.code, "reason": reason},
    )
    if action == "withdraw":
        box.post_message(
            session,
            organisation_id=engagement.agency.organisation_id,
            title=f"任务已撤销：{engagement.line.name}",
            body=reason,
            link=f"/engagements/{engagement.id}",
        )
