"""Engagements and evaluation lines, as pages and API show them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from intermediaries import repository, service
from intermediaries.engagement import DIMENSIONS, OPEN, Status, possible
from intermediaries.lines import LineStatus
from intermediaries.models import Agency, Engagement, EvaluationLine
from intermediaries.selection import recompute
from intermediaries.trigger_catalogue import Fact, catalogue
from intermediaries.triggers import Trigger
from project_box.kernel.identity import Actor
from project_box.models import Project

#: badge of a line's status
BADGES = {
    LineStatus.NEEDED: "fail",
    LineStatus.DISPATCHED: "note",
    LineStatus.DELIVERED: "pass",
    LineStatus.SHARED: "pass",
    LineStatus.DROPPED: "plain",
    LineStatus.UNDECIDED: "undecided",
    LineStatus.NOT_NEEDED: "plain",
}
_HIT = {"hit": ("压占", "hit"), "touch": ("相接", "touch"), "clear": ("不涉及", "clear")}


def _value(fact: Fact, value: Any) -> tuple[str, str]:
    """A fact's value in words, Chinese and English."""
    if value is None:
        return "未知", "not known"
    if fact.type == "bool":
        return ("是", "yes") if value else ("否", "no")
    if fact.type == "number":
        text = f"{float(value):,.2f} {fact.unit}".strip()
        return text, text
    return _HIT.get(str(value), (str(value), str(value)))


def facts_plain(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Facts with their names and values in words."""
    out = []
    for name, value in facts.items():
        fact = catalogue().facts.get(name)
        if fact is not None:
            zh, en = _value(fact, value)
            out.append(
                {
                    "code": name,
                    "name": fact.name,
                    "name_en": fact.name_en,
                    "value": value,
                    "text": zh,
                    "text_en": en,
                }
            )
    return out


def _selection(record: Mapping[str, Any]) -> dict[str, Any]:
    """How the agency was chosen, and whether the draw recomputes."""
    if record.get("mode") != "draw":
        return {"mode": "officer", "reason": record.get("reason", ""), "by": record.get("by", "")}
    return {**record, "recomputes": recompute(dict(record))}


def engagement_plain(actor: Actor, engagement: Engagement) -> dict[str, Any]:
    """One engagement with what this person may do to it."""
    line, status = engagement.line, Status(engagement.status)
    lamp = service.lamp_of(engagement)
    side = service.rating_side(actor, engagement)
    own = service.may_render(actor, engagement)
    allowed = set(possible(status))
    actions: list[str] = [a for a in ("accept", "decline", "deliver") if own and a in allowed]
    if actor.is_officer and "withdraw" in allowed:
        actions.append("withdraw")
    if side and "rate" in allowed and not any(r.side == side for r in engagement.ratings):
        actions.append("rate")
    return {
        "id": str(engagement.id),
        "number": engagement.number,
        "code": line.code,
        "name": line.name,
        "name_en": line.name_en,
        "deliverable": line.deliverable,
        "status": status.value,
        "status_name": status.zh,
        "status_name_en": status.en,
        "lamp": {
            "colour": lamp.colour,
            "text": lamp.text,
            "text_en": lamp.text_en,
            "days_left": lamp.days_left,
        },
        "due": engagement.due.isoformat() if engagement.due else None,
        "days": line.days,
        "project": {
            "id": str(line.project_id),
            "name": line.project.name,
            "code": line.project.code,
            "location": line.project.location,
        },
        "case_id": str(line.case_id),
        "agency": {"id": str(engagement.agency_id), "name": engagement.agency.organisation.name},
        "rule": line.rule,
        "reason": line.reason,
        "reason_en": line.reason_en,
        "basis": line.basis,
        "facts": facts_plain(line.facts),
        "selection": _selection(engagement.selection),
        "dispatched_at": engagement.dispatched_at.isoformat(),
        "accepted_at": engagement.accepted_at.isoformat() if engagement.accepted_at else None,
        "delivered_at": engagement.delivered_at.isoformat() if engagement.delivered_at else None,
        "ended_at": engagement.ended_at.isoformat() if engagement.ended_at else None,
        "end_reason": engagement.end_reason,
        "conclusion": engagement.conclusion,
        "file_id": str(engagement.file_id) if engagement.file_id else None,
        "result_id": str(engagement.result_id) if engagement.result_id else None,
        "ratings": [
            {
                "side": r.side,
                "scores": r.scores,
                "comment": r.comment,
                "by": r.user_name,
                "at": r.created_at.isoformat(),
            }
            for r in engagement.ratings
        ],
        "actions": actions,
        "own": own,
    }


def inbox_view(session: Session, actor: Actor, show: str = "open") -> dict[str, Any]:
    """Engagements the actor may see with counts; ``show`` is open, done or all."""
    everything = [engagement_plain(actor, e) for e in service.list_engagements(session, actor)]
    open_values = {s.value for s in OPEN}
    groups = {
        "open": [e for e in everything if e["status"] in open_values],
        "done": [e for e in everything if e["status"] not in open_values],
        "all": everything,
    }
    show = show if show in groups else "open"
    counts = {
        "pending": sum(e["status"] == Status.PENDING for e in everything),
        "active": sum(e["status"] == Status.ACTIVE for e in everything),
        "soon": sum(e["lamp"]["colour"] == "yellow" for e in everything),
        "overdue": sum(e["lamp"]["colour"] == "red" for e in everything),
        "open": len(groups["open"]),
        "done": len(groups["done"]),
        "all": len(everything),
    }
    # the most urgent first
    order = {"red": 0, "yellow": 1, "green": 2, "grey": 3}
    rows = sorted(groups[show], key=lambda e: (order[e["lamp"]["colour"]], e["due"] or "9999"))
    return {"engagements": rows, "counts": counts, "show": show}


def engagement_view(session: Session, actor: Actor, engagement_id: uuid.UUID) -> dict[str, Any]:
    """One engagement."""
    return {
        "engagement": engagement_plain(actor, service.get_engagement(session, actor, engagement_id)),
        "dimensions": dimensions(),
    }


def dimensions() -> list[dict[str, str]]:
    """The five dimensions of a rating."""
    return [{"code": code, "name": zh, "name_en": en} for code, (zh, en) in DIMENSIONS.items()]


def line_plain(actor: Actor, line: EvaluationLine) -> dict[str, Any]:
    """One judged evaluation of a case."""
    status = service.status_of(line)
    engagements = [engagement_plain(actor, e) for e in line.engagements]
    actions: list[str] = []
    if actor.is_officer and status is not LineStatus.DELIVERED:
        if status is LineStatus.NEEDED:
            actions.append("dispatch")
        if status is not LineStatus.DROPPED and status is not LineStatus.NOT_NEEDED:
            actions.append("drop")
        if status in (LineStatus.UNDECIDED, LineStatus.NOT_NEEDED, LineStatus.SHARED, LineStatus.DROPPED):
            actions.append("require")
    return {
        "code": line.code,
        "name": line.name,
        "name_en": line.name_en,
        "needed": line.needed,
        "status": status.value,
        "status_name": status.zh,
        "status_name_en": status.en,
        "badge": BADGES[status],
        "rule": line.rule,
        "reason": line.reason,
        "reason_en": line.reason_en,
        "basis": line.basis,
        "verified": line.verified,
        "deliverable": line.deliverable,
        "days": line.days,
        "unknown": list(line.unknown),
        "facts": facts_plain(line.facts),
        "shared_from": line.shared_from,
        "obstacle": line.obstacle,
        "decision": line.decision,
        "decision_reason": line.decision_reason,
        "decided_by": line.decided_by,
        "qualification": line.qualification,
        "judged_at": line.judged_at.isoformat(),
        "engagements": engagements,
        "actions": actions,
    }


def trigger_plain(trigger: Trigger) -> dict[str, Any]:
    """A trigger that was only tried, in the shape of a line."""
    if trigger.needed == "yes":
        status = LineStatus.SHARED if trigger.shared_from else LineStatus.NEEDED
    else:
        status = LineStatus.UNDECIDED if trigger.needed == "undecided" else LineStatus.NOT_NEEDED
    return {
        "code": trigger.code,
        "name": trigger.name,
        "name_en": trigger.name_en,
        "needed": trigger.needed,
        "status": status.value,
        "status_name": status.zh,
        "status_name_en": status.en,
        "badge": "note" if status is LineStatus.NEEDED else BADGES[status],
        "rule": trigger.rule,
        "reason": trigger.reason,
        "reason_en": trigger.reason_en,
        "basis": trigger.basis,
        "verified": trigger.verified,
        "deliverable": trigger.deliverable,
        "days": trigger.days,
        "unknown": list(trigger.unknown),
        "facts": facts_plain(trigger.facts),
        "shared_from": trigger.shared_from,
        "obstacle": "",
        "decision": None,
        "decision_reason": "",
        "decided_by": "",
        "qualification": trigger.qualification,
        "judged_at": None,
        "engagements": [],
        "actions": [],
    }


_ORDER = {
    s: i
    for i, s in enumerate(
        ("needed", "dispatched", "undecided", "delivered", "shared", "dropped", "not_needed")
    )
}


def _open_facts(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Facts that would settle the undecided lines and that a person can state."""
    names = dict.fromkeys(
        name
        for line in lines
        if line["status"] == LineStatus.UNDECIDED
        for name in line["unknown"]
        if name in catalogue().facts
    )
    out = []
    for line in lines:
        evaluation = catalogue().evaluations.get(line["code"])
        if (
            line["status"] == LineStatus.UNDECIDED
            and evaluation is not None
            and evaluation.stated is not None
        ):
            names.setdefault(evaluation.stated.fact)
    for name in names:
        fact = catalogue().facts[name]
        if fact.source in ("form", "indicator", "box"):
            out.append(
                {
                    "code": name,
                    "name": fact.name,
                    "name_en": fact.name_en,
                    "type": fact.type,
                    "unit": fact.unit,
                }
            )
    return out


def case_view(
    session: Session, actor: Actor, project: Project, case_id: uuid.UUID, form: Mapping[str, Any]
) -> dict[str, Any]:
    """The evaluations of a case: judged lines with engagements, or a trial when nothing was judged yet."""
    rows = repository.lines(session, actor, case_id)
    judged = bool(rows)
    lines = (
        [line_plain(actor, row) for row in rows]
        if judged
        else [trigger_plain(t) for t in service.preview(session, actor, project.id, form)]
    )
    lines.sort(key=lambda x: (_ORDER[x["status"]], x["code"]))
    stated = repository.stated(session, case_id)
    return {
        "case_id": str(case_id),
        "project": {"id": str(project.id), "name": project.name, "code": project.code},
        "judged": judged,
        "lines": lines,
        "engagements": [e for line in lines for e in line["engagements"]],
        "open": sum(line["status"] in ("needed", "dispatched") for line in lines) if judged else None,
        "facts_to_state": _open_facts(lines) if actor.is_officer else [],
        "stated": stated.values if stated else {},
        "dimensions": dimensions(),
    }


def agency_plain(agency: Agency, load: int) -> dict[str, Any]:
    """An agency with its qualifications."""
    names = catalogue().qualifications
    return {
        "id": str(agency.id),
        "name": agency.organisation.name,
        "credit_code": agency.organisation.credit_code,
        "active": agency.active,
        "load": load,
        "qualifications": [
            {
                "code": q.code,
                "name": names[q.code].name if q.code in names else q.code,
                "name_en": names[q.code].name_en if q.code in names else q.code,
                "level": q.level,
                "certificate_no": q.certificate_no,
                "valid_until": q.valid_until.isoformat(),
            }
            for q in agency.qualifications
        ],
        "persons": [{"name": p.name, "certificate": p.certificate, "code": p.code} for p in agency.persons],
    }


def agencies_view(session: Session) -> dict[str, Any]:
    """All agencies."""
    loads = repository.loads(session)
    return {"agencies": [agency_plain(a, loads.get(a.id, 0)) for a in repository.agencies(session)]}
