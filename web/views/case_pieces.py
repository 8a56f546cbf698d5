"""Pieces of a case that several pages and the API show: findings, clocks, materials, rows of lists."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from approval import casefile, gates, repository, service
from approval.case import CaseState, ClockName
from approval.clock import Due, Reading
from approval.materials import MaterialLine, summary
from approval.models import Case, ClockEventRow
from project_box import service as box
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from web.views.items import item_row
from web.views.licences import licence_plain
from web.views.projects import project_plain, project_view

#: what a file name's ending accepts in a file chooser
#: a case that waits for its applicant
_APPLICANTS = (CaseState.DRAFT, CaseState.CORRECTION)
#: one of which the item can be applied for again
_OVER = (CaseState.CLOSED, CaseState.DELIVERED, CaseState.RETURNED, CaseState.WITHDRAWN)
_ACCEPT = {"jpg": ".jpg,.jpeg"}


def finding_plain(finding: Finding) -> dict[str, Any]:
    """A finding with its word."""
    plain: dict[str, Any] = to_plain(finding)
    plain["outcome_name"] = finding.outcome.zh
    return plain


def findings_view(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings with counts; ``open`` is true when nothing is 不符合 or 无法判定."""
    counts = Counter(f.outcome.value for f in findings)
    return {
        "findings": [finding_plain(f) for f in findings],
        "counts": {o.value: counts.get(o.value, 0) for o in Outcome},
        "open": not gates.blocking(findings),
    }


def _due(due: Due) -> dict[str, Any]:
    return {
        "limit": due.limit,
        "unit": due.unit.value,
        "unit_name": due.unit.zh,
        "used": due.used,
        "left": due.left,
        "due": due.due.isoformat() if due.due else None,
        "undecided": due.undecided,
    }


def reading_plain(reading: Reading) -> dict[str, Any]:
    """A clock's reading."""
    return {
        "state": reading.state.value,
        "lamp": reading.lamp.value,
        "shape": reading.lamp.shape,
        "text": reading.text,
        "text_en": reading.text_en,
        "ours": reading.ours,
        "theirs": reading.theirs,
        "committed": _due(reading.committed),
        "statutory": _due(reading.statutory),
    }


def clock_plain(session: Session, case: Case) -> dict[str, Any]:
    """Both clocks of a case with their logs."""
    rows = repository.clock_events(session, [case.id])
    log = [
        {
            "clock": r.clock,
            "clock_name": {"acceptance": "受理时限", "handling": "办理时限"}[r.clock],
            "clock_name_en": {"acceptance": "Acceptance", "handling": "Handling"}[r.clock],
            "kind": r.kind,
            "kind_name": {
                "start": "起算",
                "pause": "暂停",
                "resume": "恢复",
                "stop": "止算",
                "extend": "延长",
            }[r.kind],
            "on": r.on.isoformat(),
            "days": r.days,
            "reason": r.reason,
            "basis": r.basis,
        }
        for r in rows
    ]
    return {
        "acceptance": reading_plain(casefile.reading(rows, case, ClockName.ACCEPTANCE)) if rows else None,
        "handling": reading_plain(casefile.reading(rows, case, ClockName.HANDLING))
        if case.accepted_at
        else None,
        "log": log,
    }


def material_plain(line: MaterialLine) -> dict[str, Any]:
    """A material line."""
    plain: dict[str, Any] = to_plain(line)
    plain["status_name"], plain["status_name_en"] = line.status.zh, line.status.en
    plain["asked"], plain["met"] = line.asked, line.met
    plain["result"] = to_plain(line.held)
    plain["file"] = to_plain(line.upload)
    plain["accept"] = ",".join(_ACCEPT.get(f, f".{f}") for f in line.formats)
    return plain


def materials_view(session: Session, actor: Actor, case_id: uuid.UUID) -> dict[str, Any]:
    """Material lines with how many are asked and how many reused."""
    lines = service.materials(session, actor, case_id)
    plain = [material_plain(line) for line in lines]
    return {**summary(lines), "materials": plain, "lines": plain}


def case_row(case: Case, rows: Sequence[ClockEventRow] = ()) -> dict[str, Any]:
    """One line of a list of cases."""
    item = service.item_version(case).item
    row: dict[str, Any] = {
        "id": str(case.id),
        "serial": case.serial,
        "item": case.item_code,
        "item_name": item.name,
        "item_name_en": item.name_en,
        "item_hash": case.item_hash,
        "stage": str(item.stage),
        "project_id": str(case.project_id),
        "project": case.project.name,
        "project_code": case.project.code,
        "applicant": case.organisation.name,
        "state": case.state.value,
        "state_name": case.state.zh,
        "state_name_en": case.state.en,
        "decision": case.decision.value if case.decision else None,
        "decision_name": case.decision.zh if case.decision else None,
        "round": case.round,
        "created_at": case.created_at.isoformat(),
        "submitted_at": case.submitted_at.isoformat() if case.submitted_at else None,
        "accepted_at": case.accepted_at.isoformat() if case.accepted_at else None,
        "decided_at": case.decided_at.isoformat() if case.decided_at else None,
    }
    mine = [r for r in rows if r.case_id == case.id]
    row["clock"] = reading_plain(casefile.reading(mine, case)) if case.submitted_at else None
    return row


def cases_view(session: Session, actor: Actor, project_id: uuid.UUID | None = None) -> dict[str, Any]:
    """Cases the actor may see."""
    found = repository.cases(session, actor, project_id)
    rows = repository.clock_events(session, [c.id for c in found])
    return {"cases": [case_row(c, rows) for c in found]}


def project_home(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """One project with its box and its cases that are not over, those that wait for the applicant first."""
    cases = cases_view(session, actor, project_id)["cases"]
    going = [c for c in cases if c["state"] not in _OVER]
    going.sort(key=lambda c: c["state"] not in _APPLICANTS)
    return {**project_view(session, actor, project_id), "cases": going}


def start_options(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The project's cases and the items that can be started."""
    project = box.get_project(session, actor, project_id)
    cases = cases_view(session, actor, project_id)["cases"]
    busy = {c["item"] for c in cases if c["state"] not in _OVER}
    return {
        "project": project_plain(project),
        "cases": cases,
        "items": [{**item_row(v), "busy": v.item.code in busy} for v in service.load_items().values()],
        "own": project.organisation_id == actor.organisation_id and actor.has(Role.DEVELOPER),
        "licences": [licence_plain(x) for x in repository.project_licences(session, actor, project_id)],
    }
