"""Putting together what is known of a case: its item version, box, materials, clock and gate facts.

Everything here reads; what changes a case is in :mod:`approval.filing`, :mod:`approval.handling` and
:mod:`approval.issuing`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session

from approval import clock, form, gates, materials, neighbours, repository
from approval.case import CaseState, ClockName
from approval.clock import ClockEvent, ClockKind, Reading
from approval.gates import FeeFact, GateFacts, Resolution
from approval.item import Item, ItemVersion, from_definition, load_items
from approval.materials import Commitment, Held, MaterialLine, Upload
from approval.models import Case, ClockEventRow, Licence, Task
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import CalendarMissing, NotFound
from project_box.kernel.finding import EntityRef, Finding, Outcome
from project_box.kernel.identity import Actor
from project_box.models import Result
from project_box.service import record_audit

#: China has one time zone; the day of an event is the day there
CHINA = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")


def now() -> dt.datetime:
    """The present moment (UTC)."""
    return dt.datetime.now(dt.UTC)


def day_of(moment: dt.datetime) -> dt.date:
    """The day of a moment in China."""
    return moment.astimezone(CHINA).date()


def today() -> dt.date:
    """Today in China."""
    return day_of(now())


_STORED: dict[str, ItemVersion] = {}


def item_version(case: Case) -> ItemVersion:
    """The item version the case began with (never the present one, unless they are the same)."""
    current = load_items().get(case.item_code)
    if current is not None and current.hash == case.item_hash:
        return current
    row = case.item_version
    if row.hash not in _STORED:
        _STORED[row.hash] = from_definition(row.definition, row.bpmn, row.hash)
    return _STORED[row.hash]


def get_case(session: Session, actor: Actor, case_id: uuid.UUID, *, lock: bool = False) -> Case:
    """A case the actor may see.

    Raises:
        NotFound: there is none for this person.
    """
    case = repository.case(session, actor, case_id, lock=lock)
    if case is None:
        raise NotFound("没有这个办件，或您无权查看", "no such case for this person")
    return case


@dataclass(frozen=True)
class CaseFile:
    """A case with everything it is judged by, read once."""

    case: Case
    version: ItemVersion
    results: Mapping[str, Result]
    licences: Sequence[Licence]
    form: dict[str, str]
    known: dict[str, Any]
    lines: list[MaterialLine]
    review: neighbours.ReviewFacts
    engagements: list[gates.EngagementFact]

    @property
    def item(self) -> Item:
        """The item as the case keeps it."""
        return self.version.item


def open_file(session: Session, actor: Actor, case: Case) -> CaseFile:
    """Read everything about a visible case."""
    version = item_version(case)
    results = repository.latest_results(session, actor, case.project_id)
    licences = repository.project_licences(session, actor, case.project_id)
    known = known_facts(case, results, licences, actor)
    stored = repository.latest_form(session, case.id, case.round)
    values = {k: str(v) for k, v in stored.data.items()} if stored else {}
    return CaseFile(
        case=case, version=version, results=results, licences=licences, form=values, known=known,
        lines=_lines(session, case, version.item, results, licences),
        review=neighbours.review_facts(session, case.review_id),
        engagements=neighbours.engagement_facts(session, case.id) if case.dispatched else [],
    )  # fmt: skip


def known_facts(
    case: Case, results: Mapping[str, Result], licences: Sequence[Licence], actor: Actor
) -> dict[str, Any]:
    """What forms are prefilled from: project, organisation, boundary, indicators, planning conditions, licences."""
    project, organisation = case.project, case.organisation
    known: dict[str, Any] = {
        "project": {
            "code": project.code, "name": project.name, "location": project.location,
            "industry": project.industry, "summary": project.summary,
        },
        "organisation": {
            "name": organisation.name, "credit_code": organisation.credit_code,
            "address": organisation.address, "contact": organisation.contact,
        },
        "actor": {"name": actor.name},
    }  # fmt: skip
    if "boundary" in results:
        known["boundary"] = results["boundary"].payload
    known["indicator"] = {
        e["code"]: e.get("display") or e.get("value")
        for e in indicator_elements(results)
        if e.get("value") is not None
    }
    if "planning_conditions" in results:
        known["planning"] = {
            c["code"]: c.get("value") for c in results["planning_conditions"].payload.get("conditions", [])
        }
    known["licence"] = {
        x.kind: {"number": x.number, "issued_on": x.issued_on.isoformat()}
        for x in licences
        if x.revoked_at is None
    }
    return known


def indicator_elements(results: Mapping[str, Result]) -> list[dict[str, Any]]:
    """Elements of the newest indicator table."""
    table = results.get("indicator_table")
    return list(table.payload.get("elements", [])) if table is not None else []


def _lines(
    session: Session, case: Case, item: Item, results: Mapping[str, Result], licences: Sequence[Licence]
) -> list[MaterialLine]:
    uploads: dict[str, Upload] = {}
    commitments: dict[str, Commitment] = {}
    for row in repository.materials(session, case.id):
        if row.file is not None:
            uploads[row.code] = Upload(
                str(row.file_id),
                row.file.name,
                row.file.sha256,
                row.file.size,
                day_of(row.added_at),
                row.round,
            )
        elif row.until is not None:
            by = repository.user_name(session, row.added_by)
            commitments[row.code] = Commitment(row.commitment, by, row.until)
    from_box = {
        kind: Held(
            "result", kind, result.title, str(result.id), f"v{result.version}", day_of(result.created_at),
            result.trust, f"/projects/{case.project_id}/box#{kind}",
        )
        for kind, result in results.items()
    }  # fmt: skip
    from_store = {
        x.kind: Held(
            "licence", x.kind, f"{x.name} {x.number}", str(x.id), x.number, x.issued_on, "A",
            f"/licences/{x.number}", x.valid_until, x.revoked_at is not None,
        )
        for x in licences
    }  # fmt: skip
    return materials.match(
        [m.spec() for m in item.materials], from_box, from_store, uploads, commitments, today()
    )


# --- clocks ----------------------------------------------------------------------------------------------------


def log_of(rows: Sequence[ClockEventRow], name: ClockName) -> tuple[ClockEvent, ...]:
    """One clock's log out of a case's rows."""
    return tuple(
        ClockEvent(ClockKind(r.kind), r.on, r.reason, r.basis, r.days) for r in rows if r.clock == name.value
    )


def add_clock_event(
    session: Session, case: Case, name: ClockName, event: ClockEvent, actor: Actor | None
) -> None:
    """Append to a clock's log after checking that the event fits."""
    item = item_version(case).item
    rows = repository.clock_events(session, [case.id])
    clock.append(log_of(rows, name), event, item.clock_limits(name))
    session.add(
        ClockEventRow(
            case_id=case.id, clock=name.value, kind=event.kind.value, on=event.on, at=now(), days=event.days,
            reason=event.reason, basis=event.basis,
        )
    )  # fmt: skip
    session.flush()
    record_audit(
        session, actor, f"clock.{event.kind.value}", f"case:{case.id}",
        {"clock": name.value, "on": event.on.isoformat(), "days": event.days, "reason": event.reason},
    )  # fmt: skip
    if name is ClockName.HANDLING and case.review_id is not None and actor is not None:
        neighbours.follow_clock(session, actor, case.id, event)


def main_clock(case: Case) -> ClockName:
    """The clock that counts now: until acceptance the one of acceptance, then the one of handling."""
    return ClockName.HANDLING if case.accepted_at is not None else ClockName.ACCEPTANCE


def reading(rows: Sequence[ClockEventRow], case: Case, name: ClockName | None = None) -> Reading:
    """What a case's clock says today."""
    name = name or main_clock(case)
    limits = item_version(case).item.clock_limits(name)
    return clock.read(log_of(rows, name), limits, today(), load_calendar())


def working_day(start: dt.date, days: int) -> dt.date | None:
    """The ``days``-th working day after ``start``; None when a holiday notice is missing."""
    try:
        return load_calendar().add(start, days)
    except CalendarMissing:
        return None


def task_due(task: Task, rows: Sequence[ClockEventRow]) -> dt.date | None:
    """The last working day a task may take; days on which a clock of its case stood still do not count.

    ``rows``: the clock log of its case.
    None where the task has no days, where a holiday notice is missing, and while an unfinished task's case stands
    still: when it goes on is not known.
    """
    if not task.days:
        return None
    logs = [log_of(rows, name) for name in ClockName]
    until = task.done_at.astimezone(CHINA).date() if task.done_at else today()
    if task.done_at is None and any(clock.state_of(log) is clock.ClockState.PAUSED for log in logs):
        return None
    calendar = load_calendar()
    try:
        halted = sum(clock.halted_since(log, task.started_on, until, calendar) for log in logs)
        return calendar.add(task.started_on, task.days + halted)
    except CalendarMissing:
        return None


# --- gates -----------------------------------------------------------------------------------------------------


def finding_of(plain: Mapping[str, Any]) -> Finding:
    """A Finding from the plain form a Result keeps."""
    names = {f.name for f in fields(Finding)}
    data = {k: v for k, v in plain.items() if k in names}
    data["outcome"] = Outcome(data.get("outcome", "undecided"))
    data["entities"] = tuple(
        EntityRef(str(e.get("file", "")), str(e.get("handle", "")), str(e.get("layer", "")))
        for e in data.get("entities") or ()
    )
    data["source"] = dict(data.get("source") or {})
    for name in ("code", "title", "message"):
        data.setdefault(name, "")
    return Finding(**data)


def check_findings(file: CaseFile) -> list[Finding]:
    """Findings of the checks the item rests on, from the newest Results."""
    return [
        finding_of(plain)
        for kind in file.item.findings_from
        if kind in file.results
        for plain in file.results[kind].payload.get("findings", [])
    ]


#: (check, what it was made from, sentence) — a check older than its input says nothing
_ORDER = (
    ("conflict_report", "boundary", "多规合一检查早于最新的用地红线，请重新检查"),
    ("indicator_table", "drawing_set", "经济技术指标早于最新的图纸，请重新核算"),
    ("indicator_table", "planning_conditions", "经济技术指标早于最新的规划条件，请重新核算"),
)


def stale_checks(file: CaseFile) -> list[str]:
    """Reasons why a check no longer speaks of what lies in the box."""
    needed = {n.kind for n in file.item.needs} & set(file.item.findings_from)
    out = [
        sentence
        for check, source, sentence in _ORDER
        if check in needed
        and check in file.results
        and source in file.results
        and file.results[check].created_at < file.results[source].created_at
    ]
    return out


def review_staleness(file: CaseFile) -> str:
    """Why the joint review no longer speaks of the newest drawings; empty when it does."""
    drawings = file.results.get("drawing_set")
    if not file.item.disciplines or drawings is None or file.review.revision is None:
        return ""
    newest = drawings.payload.get("revision")
    if str(newest) == str(file.review.revision):
        return ""
    return f"联审意见针对图纸第 {file.review.revision} 版，最新为第 {newest} 版，须重新联审"


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def gate_facts(session: Session, file: CaseFile, *, final: bool = False) -> GateFacts:
    """Everything the gates look at."""
    fee_result = file.results.get("fee_statement")
    fees = None
    if fee_result is not None:
        undecided = [
            str(u.get("name") or u.get("code")) if isinstance(u, dict) else str(u)
            for u in fee_result.payload.get("undecided", [])
        ]
        fees = FeeFact(
            _decimal(fee_result.payload.get("total") or 0), _decimal(fee_result.payload.get("paid") or 0),
            tuple(undecided), bool(fee_result.payload.get("verified", False)),
        )  # fmt: skip
    return GateFacts(
        lines=file.lines,
        needed=[(n.kind, n.name) for n in file.item.needs],
        present=frozenset(file.results),
        findings=check_findings(file),
        stale=stale_checks(file),
        disciplines=[
            gates.DisciplineFact(d.code, d.name, *file.review.verdicts.get(d.code, (None, "", "")))
            for d in file.item.disciplines
        ],
        review_open=file.review.open,
        review_stale=review_staleness(file),
        engagements=file.engagements,
        dispatched=file.case.dispatched,
        fees=fees,
        fee_threshold=file.item.fees.threshold,
        open_corrections=repository.open_corrections(session, file.case.id),
        resolutions={
            r.code: Resolution(r.code, r.reason, r.by_name, day_of(r.at))
            for r in repository.resolutions(session, file.case.id)
        },
        resolvable=file.item.resolvable,
        final=final,
    )


def all_gates(item: Item) -> list[str]:
    """Gates any step of the item uses."""
    return sorted({g for step in item.steps.values() for g in step.gates})


def case_gates(session: Session, file: CaseFile, *, final: bool = True) -> list[Finding]:
    """Findings of all the item's gates."""
    return gates.evaluate(all_gates(file.item), gate_facts(session, file, final=final))


def self_check_findings(session: Session, file: CaseFile) -> list[Finding]:
    """自查 before handing in: form, materials, needed results and their freshness, then the checks themselves."""
    facts = gate_facts(session, file)
    needed = {n.kind for n in file.item.needs}
    out = form.check(file.item, file.form, file.known)
    out += materials.findings(file.lines)
    wanted = [g for g in ("results", "findings") if g in all_gates(file.item) or needed]
    out += gates.evaluate(wanted, facts)
    return out


def blocks_submission(finding: Finding) -> bool:
    """Form faults, missing materials and missing results stop a submission; failing checks do not: they are for the
    authority to decide."""
    return finding.outcome in (Outcome.FAIL, Outcome.UNDECIDED) and finding.code.startswith(
        ("form", "gate.material", "gate.result", "gate.stale")
    )


def is_open(case: Case) -> bool:
    """True while officers have something to do."""
    return case.submitted_at is not None and not case.state.final and case.state is not CaseState.DRAFT
