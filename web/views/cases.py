"""One case: task tree, object, filing steps, as pages and API show them."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from approval import case as domain
from approval import casefile, gates, issuing, neighbours, notice, repository, service
from approval import form as forms
from approval.case import RULES, Action, CaseState, TaskState
from approval.casefile import CaseFile
from approval.contesting import CONTESTED, contestable, may_contest
from approval.item import FormField, ItemVersion
from approval.materials import summary
from approval.models import Case, CaseLog, CaseOpinion, Notice
from project_box.kernel.finding import Finding
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from web.i18n import bi
from web.views.case_pieces import case_row, clock_plain, findings_view, material_plain
from web.views.items import item_row, steps_plain
from web.views.licences import licence_plain
from web.views.projects import project_plain
from web.views.ratings import levels_plain, rating_plain
from web.views.tasks import offered_actions, suggested_corrections, task_plain

#: of a checked layer, what the case page shows
_LAYER_FIELDS = ("code", "name", "family", "status", "overlap_m2", "share", "clause", "version", "message")


def tree(session: Session, case: Case, version: ItemVersion) -> list[dict[str, Any]]:
    """The task tree: every step of the process with its visits; disciplines stand under their review.

    Steps not reached yet are 暂不可办; those that were never needed are left out once the case is over.
    """
    tasks = repository.case_tasks(session, case.id)
    events = repository.clock_events(session, [case.id])
    out = []
    for node in steps_plain(version):
        visits = [t for t in tasks if t.step == node["id"] and t.discipline is None]
        state = visits[-1].state if visits else TaskState.BLOCKED
        if not visits and (
            case.state.final or case.decision is not None or _only_by_return(version, node["id"])
        ):
            continue
        out.append(
            {
                **node,
                "state": state.value,
                "state_name": state.zh,
                "state_name_en": state.en,
                "visits": [task_plain(t, events) for t in visits],
                "parts": [
                    task_plain(t, events) for t in tasks if t.step == node["id"] and t.discipline is not None
                ],
            }
        )
    return out


def _only_by_return(version: ItemVersion, step: str) -> bool:
    """Steps that no forward path needs (经办复核) are shown only when they are reached."""
    return step == "recheck"


def notice_plain(row: Notice) -> dict[str, Any]:
    """A notice as it was sent."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "number": row.number,
        "title": row.title,
        "title_en": notice.TITLES[row.kind][2],
        "data": {k: v for k, v in row.data.items() if k != "links"},
        "entries": row.data.get("links", []),
        "content_hash": row.content_hash,
        "file_id": str(row.file_id) if row.file_id else None,
        "created_at": row.created_at.isoformat(),
    }


def form_plain(file: CaseFile) -> list[dict[str, Any]]:
    """Sections of the form with values, what the box says, and what is wrong."""
    faults = {f.code.removeprefix("form."): f for f in forms.check(file.item, file.form, file.known)}
    return [
        {
            "title": section.title,
            "title_en": section.title_en,
            "fields": [_field(field, file, faults.get(field.code)) for field in section.fields],
        }
        for section in file.item.form
    ]


def _field(field: FormField, file: CaseFile, fault: Finding | None) -> dict[str, Any]:
    known = forms.look_up(file.known, field.prefill) if field.prefill else ""
    return {
        **field.model_dump(mode="json", exclude={"validator", "prefill"}),
        "value": file.form.get(field.code, ""),
        "known": known,
        "prefilled": bool(known) and known == file.form.get(field.code, ""),
        "fault": fault.message if fault else "",
        "fault_en": fault.message_en if fault else "",
        "outcome": fault.outcome.value if fault else "pass",
    }


def corrections_plain(session: Session, case: Case) -> list[dict[str, Any]]:
    """补正 entries of a case, each with its place; ``known`` is what was answered to the same point of the review."""
    answered = {a.text: a.reply for a in neighbours.asked(session, case.review_id)}
    return [
        {
            "id": c.id,
            "notice_id": str(c.notice_id),
            "number": c.number,
            "kind": c.kind,
            "target": c.target,
            "place": c.place,
            "text": c.text,
            "link": c.link,
            "reply": c.reply,
            "known": answered.get(c.text, ""),
            "open": c.answered_at is None,
        }
        for c in repository.corrections(session, case.id)
    ]


def case_view(
    session: Session, actor: Actor, case_id: uuid.UUID, *, task_id: uuid.UUID | None = None
) -> dict[str, Any]:
    """Everything the case page shows; internal opinions and gates only for officers and reviewers."""
    case = service.get_case(session, actor, case_id)
    file = service.open_file(session, actor, case)
    version = file.version
    rows = repository.clock_events(session, [case.id])
    inside = not service.is_applicant(actor, case)
    licence = service.case_licence(session, case)
    rating = service.case_rating(session, case)
    view: dict[str, Any] = {
        "case": case_row(case, rows),
        "project": project_plain(case.project),
        "item": {
            **item_row(version),
            "authority": version.item.authority,
            "result": version.item.result.name,
        },
        "own": not inside,
        "editable": not inside and case.state in (CaseState.DRAFT, CaseState.CORRECTION),
        "deemed": case.state is CaseState.SUBMITTED and casefile.reading(rows, case).committed.overdue,
        "can_withdraw": not inside and case.state in RULES[Action.WITHDRAW].sources,
        "form": form_plain(file),
        "materials": [material_plain(line) for line in file.lines],
        "summary": summary(file.lines),
        "tree": tree(session, case, version) if case.submitted_at else [],
        "clock": clock_plain(session, case),
        "notices": [notice_plain(n) for n in repository.notices(session, case.id)],
        "corrections": corrections_plain(session, case),
        "log": [_log_plain(entry) for entry in repository.log(session, case.id, internal=inside)],
        "licence": licence_plain(licence) if licence else None,
        "drawings": _drawings(file),
        "site": _site(file),
        "review": _review(file, verdicts=inside or not file.review.open),
        "evaluations": [to_plain(e) for e in file.engagements],
        "fees": file.results["fee_statement"].payload if "fee_statement" in file.results else None,
        "indicators": [to_plain(x) for x in issuing.deciding_indicators(file)],
        "rating": rating_plain(rating) if rating and (not inside or actor.is_officer) else None,
        "can_rate": service.can_rate(session, actor, case),
        "rating_levels": levels_plain(),
        "contests": [],
        "contestable": contestable(file) if not inside and may_contest(case.state) else [],
        "gates": None,
        "opinions": [],
        "tasks": [],
        "task": None,
    }
    view["contests"] = [line for line in view["log"] if line["kind"] == CONTESTED]
    if inside and case.submitted_at:
        view["gates"] = findings_view(service.gates(session, actor, case.id))
        view["resolvable"] = list(version.item.resolvable)
        view["opinions"] = [_opinion_plain(o) for o in repository.opinions(session, case.id)]
        _add_task(session, actor, case, file, view, task_id)
    return view


def _log_plain(entry: CaseLog) -> dict[str, Any]:
    return {
        "at": entry.at.isoformat(),
        "actor": entry.actor_name,
        "kind": entry.kind,
        "text": entry.text,
        "text_en": entry.text_en,
        "internal": entry.internal,
    }


def _opinion_plain(opinion: CaseOpinion) -> dict[str, Any]:
    return {
        "step": opinion.step,
        "role_name": opinion.role.zh,
        "action_name": domain.Action(opinion.action).zh,
        "by": opinion.by_name,
        "at": opinion.at.isoformat(),
        "text": opinion.text,
        "drafted": opinion.drafted,
        "difference": opinion.difference,
    }


def _add_task(
    session: Session,
    actor: Actor,
    case: Case,
    file: CaseFile,
    view: dict[str, Any],
    task_id: uuid.UUID | None,
) -> None:
    tasks = repository.case_tasks(session, case.id)
    events = repository.clock_events(session, [case.id])
    mine = []
    for task in tasks:
        actions = offered_actions(case, task, file.version, actor)
        if actions:
            mine.append({**task_plain(task, events), "actions": actions, "draft": task.draft})
    view["tasks"] = mine
    chosen = next((t for t in mine if t["id"] == str(task_id)), None) or next(
        (t for t in mine if not t["waits"]), mine[0] if mine else None
    )
    if chosen is None:
        return
    step = file.item.steps[chosen["step"]]
    facts = casefile.gate_facts(session, file, final=True)
    chosen["gates"] = findings_view(gates.evaluate(step.gates, facts)) if step.gates else None
    chosen["drafted"] = (
        issuing.draft_text(session, file)
        if any(a["action"] in ("agree", "approve", "deny", "disagree") for a in chosen["actions"])
        else ""
    )
    chosen["phrases"] = list(file.item.phrases)
    chosen["reasons"] = [r.model_dump() for r in file.item.reasons]
    chosen["special_steps"] = [s.model_dump() for s in file.item.special_steps]
    chosen["suggested"] = suggested_corrections(session, file)
    chosen["places"] = {
        "material": [(m.code, bi(m.name, m.name_en)) for m in file.item.materials],
        "field": [(f.code, bi(f.name, f.name_en)) for f in file.item.fields],
    }
    view["task"] = chosen


def _drawings(file: CaseFile) -> dict[str, Any] | None:
    drawings = file.results.get("drawing_set")
    if drawings is None:
        return None
    return {
        "revision": drawings.payload.get("revision", drawings.version),
        "files": drawings.payload.get("files", []),
        "issues": len(drawings.payload.get("issues", [])),
        "created_at": drawings.created_at.isoformat(),
    }


def _site(file: CaseFile) -> dict[str, Any]:
    boundary, report = file.results.get("boundary"), file.results.get("conflict_report")
    return {
        "area_m2": boundary.payload.get("area_m2") if boundary else None,
        "crs": boundary.crs if boundary else None,
        "layers": [
            {
                k: layer.get(k)
                for k in (
                    "code",
                    "name",
                    "family",
                    "status",
                    "overlap_m2",
                    "share",
                    "clause",
                    "version",
                    "message",
                )
            }
            for layer in (report.payload.get("layers", []) if report else [])
        ],
        "checked_at": report.created_at.isoformat() if report else None,
    }


def _review(file: CaseFile, *, verdicts: bool) -> dict[str, Any]:
    """The joint review; the applicant sees verdicts once they are merged."""
    nothing: tuple[str | None, str, str] = (None, "", "")
    given = file.review.verdicts if verdicts else {}
    return {
        "id": str(file.case.review_id) if file.case.review_id else None,
        "open": file.review.open,
        "revision": file.review.revision,
        "disciplines": [
            {
                "code": d.code,
                "name": d.name,
                "name_en": d.name_en,
                "verdict": verdict,
                "verdict_name": neighbours.verdict_word(verdict) if verdict else "",
                "text": text,
                "by": by,
            }
            for d in file.item.disciplines
            for verdict, text, by in [given.get(d.code, nothing)]
        ],
    }


def case_head(session: Session, actor: Actor, case_id: uuid.UUID) -> dict[str, Any]:
    """What the filing steps need of a case."""
    case = service.get_case(session, actor, case_id)
    file = service.open_file(session, actor, case)
    rows = repository.clock_events(session, [case.id])
    return {
        "case": case_row(case, rows),
        "project": project_plain(case.project),
        "item": {**file.version.definition, **item_row(file.version)},
        "editable": service.is_applicant(actor, case)
        and case.state in (CaseState.DRAFT, CaseState.CORRECTION),
        "form": form_plain(file),
        "materials": [material_plain(line) for line in file.lines],
        "summary": summary(file.lines),
        "corrections": [c for c in corrections_plain(session, case) if c["open"]],
    }
