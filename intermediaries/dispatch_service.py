"""Judging which evaluations a case needs, and dispatching them at once. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from intermediaries import facts as fact_book
from intermediaries import repository
from intermediaries.basics import clean_reason, lock_case, require_officer, today
from intermediaries.engagement import OPEN
from intermediaries.events import (
    EngagementsDispatched,
)
from intermediaries.line_service import announce_if_complete, get_line, open_lines, status_of
from intermediaries.lines import LineStatus
from intermediaries.models import (
    Engagement,
    EvaluationLine,
    StatedFacts,
)
from intermediaries.sending import end_engagement, send_out
from intermediaries.trigger_catalogue import catalogue
from intermediaries.triggers import Trigger, required
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor


def project_facts(
    session: Session, actor: Actor, project_id: uuid.UUID, stated: Mapping[str, Any], *, strict: bool = False
) -> dict[str, Any]:
    """Facts for the triggers: the box's newest conflict report, indicators and boundary, then what was stated."""

    def payload(kind: str) -> dict[str, Any] | None:
        result = box.latest_result(session, actor, project_id, kind)
        return result.payload if result else None

    built = fact_book.build(
        payload("conflict_report"), payload("indicator_table"), payload("boundary"), stated, strict=strict
    )
    # a caller may hand over finished facts (a layer's status, say) where the box has none
    for name in catalogue().facts:
        if built[name] is None and stated.get(name) is not None and catalogue().facts[name].source != "form":
            built[name] = stated[name]
    asked = payload("department_conditions")
    if asked is not None:
        built["asked_evaluations"] = asked.get("evaluations") or {}
    return built


def preview(
    session: Session, actor: Actor, project_id: uuid.UUID, stated: Mapping[str, Any]
) -> list[Trigger]:
    """What would be needed, without recording anything."""
    return required(project_facts(session, actor, project_id, stated), at=today())


def dispatch(
    session: Session, actor: Actor, project_id: uuid.UUID, case_id: uuid.UUID, facts: Mapping[str, Any]
) -> list[Engagement]:
    """Judge every evaluation for a case and send out all needed ones at once (多评合一, 触发式派单).

    Repeating it judges anew and sends out only what is newly needed; engagements that run or are delivered stay. An
    evaluation covered by a regional one is 共享 and gets no engagement; an undecided one gets none and stays 无法判定
    until facts are stated (:func:`state_facts`) or an officer decides (:func:`decide`).

    Args:
        facts: what the application form or an officer states, by fact name or form key; the box's own results are
            read first.

    Returns:
        all open engagements of the case (待接受, 服务中). A needed line without a qualified agency has none; see
        :func:`open_lines`.

    Raises:
        NotFound: the project is not the actor's to see.
        Forbidden: the actor is not an officer.
    """
    require_officer(actor)
    box.get_project(session, actor, project_id)
    lock_case(session, case_id)
    row = repository.stated(session, case_id)
    given = {**dict(facts), **(row.values if row else {})}
    triggers = required(project_facts(session, actor, project_id, given), at=today())
    known = {line.code: line for line in repository.lines_of_case(session, case_id)}
    lines: list[EvaluationLine] = []
    for trigger in triggers:
        line = known.get(trigger.code) or EvaluationLine(
            project_id=project_id,
            case_id=case_id,
            code=trigger.code,
            decision_reason="",
            decided_by="",
            obstacle="",
        )
        _judge(line, trigger)
        if trigger.code not in known:
            session.add(line)
        lines.append(line)
    session.flush()
    for line in lines:
        if status_of(line) is LineStatus.NEEDED:
            send_out(session, actor, line)
    box.record_audit(
        session,
        actor,
        "evaluations.judged",
        f"case:{case_id}",
        {
            "catalogue": catalogue().hash,
            "lines": [
                {
                    "code": x.code,
                    "needed": x.needed,
                    "rule": x.rule,
                    "reason": x.reason,
                    "status": status_of(x),
                }
                for x in lines
            ],
        },
    )
    open_engagements = [e for line in lines for e in line.engagements if e.status in OPEN]
    publish(session, EngagementsDispatched(project_id, case_id, open_lines(session, case_id)))
    return open_engagements


def _judge(line: EvaluationLine, trigger: Trigger) -> None:
    line.name, line.name_en = trigger.name, trigger.name_en
    line.needed, line.rule = trigger.needed, trigger.rule
    line.reason, line.reason_en, line.basis = trigger.reason, trigger.reason_en, trigger.basis
    line.verified, line.deliverable = trigger.verified, trigger.deliverable
    line.qualification, line.days = trigger.qualification, trigger.days
    line.unknown, line.facts, line.shared_from = (
        list(trigger.unknown),
        dict(trigger.facts),
        trigger.shared_from,
    )
    line.catalogue_hash, line.judged_at = catalogue().hash, box.now()


def state_facts(
    session: Session, actor: Actor, project_id: uuid.UUID, case_id: uuid.UUID, values: Mapping[str, Any]
) -> dict[str, Any]:
    """State facts that nothing in the box tells (年综合能耗, 是否要求交评 …); judge again with :func:`dispatch`.

    Args:
        values: by fact name; an empty value takes a statement back. ``special_works`` answers its whole group.

    Raises:
        BadInput: unknown fact, or not of its type; ``place`` names it.
    """
    require_officer(actor)
    box.get_project(session, actor, project_id)
    lock_case(session, case_id)
    known = catalogue().facts
    groups = {fact.group for fact in known.values() if fact.group}
    row = repository.stated(session, case_id)
    kept = dict(row.values) if row else {}
    for name, value in values.items():
        if name in groups:
            kept[name] = value
        elif name not in known or known[name].source in ("layer", "attribute", "overlap"):
            raise BadInput(
                f"没有可填报的事实 {name}", f"unknown fact {name}", code="unknown_fact", place=name
            )
        elif value is None or str(value).strip() == "":
            kept.pop(name, None)
        else:
            kept[name] = fact_book.parse_value(known[name], value, name)
    if row is None:
        row = StatedFacts(
            case_id=case_id,
            project_id=project_id,
            values=kept,
            updated_at=box.now(),
            updated_by=actor.user_id,
        )
        session.add(row)
    else:
        row.values, row.updated_at, row.updated_by = kept, box.now(), actor.user_id
    session.flush()
    box.record_audit(session, actor, "evaluations.facts_stated", f"case:{case_id}", {"values": kept})
    return kept


def decide(
    session: Session, actor: Actor, case_id: uuid.UUID, code: str, decision: str, reason: str
) -> EvaluationLine:
    """An officer's own decision, with a reason: ``drop`` the line (an open engagement is withdrawn) or ``require`` it.

    Raises:
        BadInput: unknown decision or no reason.
        Conflict: the report is already delivered.
    """
    require_officer(actor)
    if decision not in ("drop", "require"):
        raise BadInput(
            "只能选择“不再要求”或“要求评估”",
            f"unknown decision {decision}",
            place="decision",
            code="decision",
        )
    reason = clean_reason(reason)
    line = get_line(session, actor, case_id, code)
    if status_of(line) is LineStatus.DELIVERED:
        raise Conflict("该评估已交付，不能再改变", "already delivered", code="already_delivered")
    line.decision = "dropped" if decision == "drop" else "required"
    line.decision_reason, line.decided_by, line.decided_at = reason, actor.name, box.now()
    if decision == "drop":
        for engagement in line.engagements:
            if engagement.status in OPEN:
                end_engagement(session, actor, engagement, "withdraw", reason)
    session.flush()
    box.record_audit(
        session, actor, f"evaluation.{line.decision}", f"case:{case_id}", {"code": code, "reason": reason}
    )
    if decision == "require" and status_of(line) is LineStatus.NEEDED:
        send_out(session, actor, line)
    if decision == "drop":
        announce_if_complete(session, line)
    return line


def dispatch_line(
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    code: str,
    *,
    agency_id: uuid.UUID | None = None,
    reason: str = "",
) -> Engagement:
    """Send out one needed line again: to a drawn agency, or to one the officer chooses with a reason.

    Raises:
        Conflict: the line is not waiting for an agency, or none qualifies.
    """
    require_officer(actor)
    line = get_line(session, actor, case_id, code)
    if status_of(line) is not LineStatus.NEEDED:
        raise Conflict(
            f"该评估{status_of(line).zh}，不能派单", f"line is {status_of(line)}", code="line_state"
        )
    if agency_id is not None:
        reason = clean_reason(reason, "选择该机构的理由")
    engagement = send_out(session, actor, line, chosen=agency_id, reason=reason)
    if engagement is None:
        raise Conflict(
            line.obstacle,
            "no eligible agency",
            code="no_agency",
            remedy="登记具备资质的机构，或说明理由后不再要求该评估",
            remedy_en="register a qualified agency, or drop the evaluation with a reason",
        )
    return engagement
