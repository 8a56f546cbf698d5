"""Use cases of the intermediaries room. Never commits.

For the rooms above: :func:`dispatch` when a case needs its evaluations, :func:`case_lines` to see where they stand,
and the events of :mod:`intermediaries.events`.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from intermediaries import facts as fact_book
from intermediaries import repository, selection
from intermediaries.engagement import OPEN, Lamp, Status, check_scores, due_date, lamp, move
from intermediaries.events import (
    AllEngagementsDelivered,
    CaseTouched,
    EngagementDelivered,
    EngagementsDispatched,
)
from intermediaries.lines import OWING, LineStatus, line_status
from intermediaries.models import (
    Agency,
    AgencyQualification,
    CertifiedPerson,
    Engagement,
    EvaluationLine,
    Rating,
    StatedFacts,
)
from intermediaries.trigger_catalogue import catalogue
from intermediaries.triggers import Trigger, required
from project_box import document, seal
from project_box import service as box
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound, TooLarge
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor, Role
from project_box.stage import Stage

#: China has one time zone; a working day is a day there
_CHINA = ZoneInfo("Asia/Shanghai")
#: a delivered report may have this size, bytes
MIN_REPORT, MAX_REPORT = 200, 50 * 1024 * 1024
_MAX_REASON, _MAX_CONCLUSION = 1000, 8000


def today() -> dt.date:
    """The day it is in China."""
    return box.now().astimezone(_CHINA).date()


def _reason(text: str, label: str = "理由", field: str = "reason") -> str:
    return box.clean_text(text, field=field, label=label, limit=_MAX_REASON)


def _officer(actor: Actor) -> None:
    if not actor.is_officer:
        raise Forbidden("只有审批人员可以这样做", "only officers may do this")


def _lock(session: Session, case_id: uuid.UUID) -> None:
    """Lock a case's lines, after whoever owns the case has locked it."""
    publish(session, CaseTouched(case_id))
    repository.lock_case(session, case_id)


# --- agencies -------------------------------------------------------------------------------------------------


def register_agency(
    session: Session,
    organisation_id: uuid.UUID,
    *,
    qualifications: Sequence[tuple[str, str, str, dt.date]],
    persons: Sequence[tuple[str, str, str, str]] = (),
) -> Agency:
    """Admit an organisation as an agency (入驻), or bring its qualifications and persons up to date.

    Args:
        qualifications: (code, level, certificate number, last day).
        persons: (name, certificate, certificate number, qualification code).

    Raises:
        BadInput: a qualification is not in the catalogue.
    """
    known = catalogue().qualifications
    for code in [q[0] for q in qualifications] + [p[3] for p in persons]:
        if code not in known:
            raise BadInput(f"没有资质 {code}", f"unknown qualification {code}", place="qualifications")
    agency = repository.agency_of(session, organisation_id)
    if agency is None:
        agency = Agency(organisation_id=organisation_id, created_at=box.now())
        session.add(agency)
        session.flush()
    held = {q.code: q for q in agency.qualifications}
    for code, level, number, until in qualifications:
        row = held.get(code)
        if row is None:
            agency.qualifications.append(
                AgencyQualification(code=code, level=level, certificate_no=number, valid_until=until)
            )
        else:
            row.level, row.certificate_no, row.valid_until = level, number, until
    certificates = {p.certificate_no for p in agency.persons}
    for name, certificate, number, code in persons:
        if number not in certificates:
            agency.persons.append(
                CertifiedPerson(name=name, certificate=certificate, certificate_no=number, code=code)
            )
    session.flush()
    return agency


# --- judging and dispatching ----------------------------------------------------------------------------------


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
    _officer(actor)
    box.get_project(session, actor, project_id)
    _lock(session, case_id)
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
            _send_out(session, actor, line)
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


def status_of(line: EvaluationLine) -> LineStatus:
    """Where a line stands."""
    return line_status(
        needed=line.needed,
        shared=line.shared_from is not None,
        decision=line.decision,
        statuses=[Status(e.status) for e in line.engagements],
    )


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


def _send_out(
    session: Session, actor: Actor, line: EvaluationLine, *, chosen: uuid.UUID | None = None, reason: str = ""
) -> Engagement | None:
    """Choose an agency for a needed line and make the engagement; None (with ``obstacle``) when nobody qualifies."""
    declined = {str(e.agency_id) for e in line.engagements if e.status == Status.DECLINED}
    candidates = _candidates(session, line.qualification)
    day = today()
    name = catalogue().qualifications[line.qualification].name
    if chosen is not None:
        listed = selection.shortlist([c for c in candidates if c.agency_id == str(chosen)], on=day)
        if not listed.eligible:
            why = listed.excluded[0][1] if listed.excluded else "未入驻"
            raise Conflict(
                f"不能选择该机构：{why}",
                f"agency not eligible: {why}",
                code="agency_not_eligible",
                place="agency",
            )
        winner = listed.eligible[0]
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
            "agency": winner.name,
            "selection": record,
        },
    )
    return engagement


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


def open_lines(session: Session, case_id: uuid.UUID) -> int:
    """How many lines of a case still owe a delivery (dispatched, or needed without an agency)."""
    return sum(status_of(line) in OWING for line in repository.lines_of_case(session, case_id))


def _announce_if_complete(session: Session, line: EvaluationLine) -> None:
    if not open_lines(session, line.case_id):
        publish(session, AllEngagementsDelivered(line.project_id, line.case_id))


@dataclass(frozen=True, slots=True)
class CaseLine:
    """An evaluation of a case as the rooms above see it.

    ``status`` is a :class:`~intermediaries.lines.LineStatus`: needed, dispatched, delivered, shared, dropped,
    undecided, not_needed.
    """

    code: str
    name: str
    name_en: str
    status: LineStatus
    reason: str
    rule: str
    basis: str
    conclusion: str
    result_id: uuid.UUID | None


def case_lines(session: Session, case_id: uuid.UUID) -> list[CaseLine]:
    """Where the evaluations of a case stand; for callers that have checked who acts."""
    out = []
    for line in repository.lines_of_case(session, case_id):
        status = status_of(line)
        done = next((e for e in line.engagements if e.result_id is not None), None)
        reason = line.decision_reason if line.decision and status is LineStatus.DROPPED else line.reason
        if status is LineStatus.NEEDED and line.obstacle:
            reason = f"{reason};{line.obstacle}"
        out.append(
            CaseLine(
                line.code,
                line.name,
                line.name_en,
                status,
                reason,
                line.rule,
                line.basis,
                done.conclusion if done else "",
                done.result_id if done else None,
            )
        )
    return out


def _line(session: Session, actor: Actor, case_id: uuid.UUID, code: str) -> EvaluationLine:
    _lock(session, case_id)
    line = repository.line(session, actor, case_id, code)
    if line is None:
        raise NotFound("没有这个评估事项，或您无权查看", "no such evaluation line for this person")
    return line


def state_facts(
    session: Session, actor: Actor, project_id: uuid.UUID, case_id: uuid.UUID, values: Mapping[str, Any]
) -> dict[str, Any]:
    """State facts that nothing in the box tells (年综合能耗, 是否要求交评 …); judge again with :func:`dispatch`.

    Args:
        values: by fact name; an empty value takes a statement back. ``special_works`` answers its whole group.

    Raises:
        BadInput: unknown fact, or not of its type; ``place`` names it.
    """
    _officer(actor)
    box.get_project(session, actor, project_id)
    _lock(session, case_id)
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
    _officer(actor)
    if decision not in ("drop", "require"):
        raise BadInput(
            "只能选择“不再要求”或“要求评估”",
            f"unknown decision {decision}",
            place="decision",
            code="decision",
        )
    reason = _reason(reason)
    line = _line(session, actor, case_id, code)
    if status_of(line) is LineStatus.DELIVERED:
        raise Conflict("该评估已交付，不能再改变", "already delivered", code="already_delivered")
    line.decision = "dropped" if decision == "drop" else "required"
    line.decision_reason, line.decided_by, line.decided_at = reason, actor.name, box.now()
    if decision == "drop":
        for engagement in line.engagements:
            if engagement.status in OPEN:
                _end(session, actor, engagement, "withdraw", reason)
    session.flush()
    box.record_audit(
        session, actor, f"evaluation.{line.decision}", f"case:{case_id}", {"code": code, "reason": reason}
    )
    if decision == "require" and status_of(line) is LineStatus.NEEDED:
        _send_out(session, actor, line)
    if decision == "drop":
        _announce_if_complete(session, line)
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
    _officer(actor)
    line = _line(session, actor, case_id, code)
    if status_of(line) is not LineStatus.NEEDED:
        raise Conflict(
            f"该评估{status_of(line).zh},不能派单", f"line is {status_of(line)}", code="line_state"
        )
    if agency_id is not None:
        reason = _reason(reason, "选择该机构的理由")
    engagement = _send_out(session, actor, line, chosen=agency_id, reason=reason)
    if engagement is None:
        raise Conflict(
            line.obstacle,
            "no eligible agency",
            code="no_agency",
            remedy="登记具备资质的机构，或说明理由后不再要求该评估",
        )
    return engagement


# --- engagements ----------------------------------------------------------------------------------------------


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
    _lock(session, get_engagement(session, actor, engagement_id).line.case_id)
    return get_engagement(session, actor, engagement_id, lock=True)


def lamp_of(engagement: Engagement) -> Lamp:
    """The deadline lamp of an engagement today."""
    return lamp(Status(engagement.status), engagement.due, today(), load_calendar())


def may_render(actor: Actor, engagement: Engagement) -> bool:
    """True for the engaged agency."""
    return actor.has(Role.INTERMEDIARY) and engagement.agency.organisation_id == actor.organisation_id


def _own(session: Session, actor: Actor, engagement_id: uuid.UUID) -> Engagement:
    engagement = _locked(session, actor, engagement_id)
    if not may_render(actor, engagement):
        raise Forbidden("只有受委托的中介机构可以这样做", "only the engaged agency may do this")
    return engagement


def _end(session: Session, actor: Actor, engagement: Engagement, action: str, reason: str) -> None:
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


def accept(session: Session, actor: Actor, engagement_id: uuid.UUID) -> Engagement:
    """The agency takes the task (待接受 → 服务中).

    Raises:
        Conflict: it is not waiting to be accepted.
    """
    engagement = _own(session, actor, engagement_id)
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
    reason = _reason(reason, "拒绝理由")
    engagement = _own(session, actor, engagement_id)
    line = engagement.line
    _end(session, actor, engagement, "decline", reason)
    following = _send_out(session, actor, line) if status_of(line) is LineStatus.NEEDED else None
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
    _officer(actor)
    reason = _reason(reason, "撤销理由")
    engagement = _locked(session, actor, engagement_id)
    _end(session, actor, engagement, "withdraw", reason)
    return engagement


def _check_report(pdf: bytes) -> None:
    """A delivered file must be a PDF of sane size.

    Raises:
        BadInput, TooLarge: names what is wrong.
    """
    if len(pdf) > MAX_REPORT:
        raise TooLarge(
            f"成果文件过大：{len(pdf) // 1024 // 1024} MB,最多 {MAX_REPORT // 1024 // 1024} MB", "report too large",
            code="report_too_large", place="file", remedy="压缩图片或拆分附件后再交付",
        )  # fmt: skip
    if not pdf:
        raise BadInput(
            "成果文件是空的", "empty file", code="empty_file", place="file", remedy="选择评估报告 PDF 文件"
        )
    if not pdf.startswith(b"%PDF-") or len(pdf) < MIN_REPORT:
        raise BadInput(
            "成果文件不是 PDF",
            "not a PDF",
            code="not_a_pdf",
            place="file",
            remedy="将评估报告导出为 PDF 后再交付",
        )


def _report(engagement: Engagement, conclusion: str, facts: Mapping[str, Any], day: dt.date) -> document.Pdf:
    """The report the platform lays out from the agency's conclusion."""
    line, agency = engagement.line, engagement.agency
    held = next((q for q in agency.qualifications if q.code == line.qualification), None)
    level = " ".join(x for x in (held.level, held.certificate_no) if x) if held else ""
    known = catalogue()
    shown = [
        (known.facts[name].name, _value(known.facts[name].type, value, known.facts[name].unit))
        for name, value in facts.items()
        if name in known.facts and value is not None
    ]
    return document.render(
        "evaluation_report",
        {
            "authority": agency.organisation.name,
            "title": line.deliverable,
            "number": engagement.number,
            "project_name": line.project.name,
            "project_code": line.project.code,
            "location": line.project.location,
            "reason": line.reason,
            "basis": line.basis,
            "agency": agency.organisation.name,
            "qualification": f"{known.qualifications[line.qualification].name} {level}".strip(),
            "persons": [
                f"{p.name}({p.certificate_no})" for p in agency.persons if p.code == line.qualification
            ],
            "facts": shown,
            "conclusion": [p for p in conclusion.splitlines() if p.strip()],
            "issued_on": day,
        },
    )


def _value(kind: str, value: Any, unit: str) -> str:
    if kind == "bool":
        return "是" if value else "否"
    if kind == "number":
        return f"{float(value):,.2f} {unit}".strip()
    return {"hit": "压占", "touch": "相接", "clear": "不涉及"}.get(str(value), str(value))


def deliver(
    session: Session,
    actor: Actor,
    engagement_id: uuid.UUID,
    *,
    pdf: bytes | None = None,
    conclusion: str = "",
    file_name: str = "",
) -> Engagement:
    """The agency hands in its report (服务中 → 已交付): sealed with its certificate, put into the box (trust C).

    Args:
        pdf: the report; None lets the platform lay it out from ``conclusion``.
        conclusion: the conclusion in words; needed when there is no file.

    Raises:
        BadInput, TooLarge: not a PDF, empty, too large, or neither file nor conclusion. Nothing is stored then.
        Conflict: the task is not 服务中.
    """
    engagement = _own(session, actor, engagement_id)
    after = move(Status(engagement.status), "deliver")
    line, agency = engagement.line, engagement.agency
    if conclusion.strip() or pdf is None:
        conclusion = box.clean_text(conclusion, field="conclusion", label="评估结论", limit=_MAX_CONCLUSION)
    day = today()
    signer = seal.certificate_for(agency.organisation.name, identifier=agency.organisation.credit_code)
    if pdf is None:
        report: bytes = _report(engagement, conclusion, line.facts, day)
        place = getattr(report, "seal_place", None)
    else:
        _check_report(pdf)
        report, place = pdf, seal.last_page_corner(pdf)
    sealed = seal.sign_pdf(
        report, signer, reason=f"交付{line.deliverable}", location=line.project.location, place=place
    )
    stored = box.put_file(
        session,
        actor,
        line.project_id,
        file_name or f"{line.deliverable}-{engagement.number}.pdf",
        sealed,
        "application/pdf",
    )
    result = box.put_result(
        session,
        actor,
        line.project_id,
        kind="evaluation_report",
        stage=catalogue().evaluations[line.code].stage
        if line.code in catalogue().evaluations
        else Stage.DESIGN,
        title=line.name,
        payload={
            "code": line.code,
            "name": line.name,
            "deliverable": line.deliverable,
            "number": engagement.number,
            "agency": agency.organisation.name,
            "conclusion": conclusion,
            "reason": line.reason,
            "rule": line.rule,
            "basis": line.basis,
            "delivered_on": day,
        },
        files=[stored],
        source={"engagement": engagement.number, "case": line.case_id, "rendered_by_platform": pdf is None},
        trust="C",
    )
    engagement.status, engagement.delivered_at = after, box.now()
    engagement.conclusion, engagement.file_id, engagement.result_id = conclusion, stored.id, result.id
    session.flush()
    box.record_audit(
        session,
        actor,
        "engagement.delivered",
        f"case:{line.case_id}",
        {"engagement": engagement.number, "code": line.code, "sha256": stored.sha256, "result": result.id},
    )
    for recipient in (
        {"organisation_id": line.project.organisation_id},
        {"user_id": engagement.dispatched_by},
    ):
        box.post_message(
            session,
            project_id=line.project_id,
            title=f"评估成果已交付：{line.name}",
            body=f"{agency.organisation.name}交付了{line.deliverable},请评价。",
            link=f"/engagements/{engagement.id}",
            **recipient,
        )
    publish(session, EngagementDelivered(line.project_id, line.case_id, engagement.id, line.code, result.id))
    _announce_if_complete(session, line)
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
    comment = box.clean_text(comment, field="comment", label="评价意见", limit=_MAX_REASON, required=False)
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
