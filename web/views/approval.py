"""Items, cases, tasks and licences, as pages and API show them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from approval import case as domain
from approval import casefile, gates, issuing, neighbours, notice, repository, service
from approval import form as forms
from approval.case import RULES, Action, CaseState, ClockName, TaskState, allowed_actions
from approval.casefile import CaseFile
from approval.clock import Due, Lamp, Reading
from approval.item import FormField, Item, ItemVersion
from approval.materials import MaterialLine, summary
from approval.models import Case, CaseRating, ClockEventRow, Licence, Notice, Task
from approval.rating import Satisfaction
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from project_box.stage import Stage
from web.i18n import bi
from web.views.projects import project_plain

#: what a file name's ending accepts in a file chooser
_ACCEPT = {"jpg": ".jpg,.jpeg"}
#: of a checked layer, what the case page shows
_LAYER_FIELDS = ("code", "name", "family", "status", "overlap_m2", "share", "clause", "version", "message")


# --- items -----------------------------------------------------------------------------------------------------


def item_row(version: ItemVersion) -> dict[str, Any]:
    """One line of the item finder."""
    item = version.item
    limits = item.limits
    return {
        "code": item.code,
        "name": item.name,
        "name_en": item.name_en,
        "version": item.version,
        "hash": version.hash,
        "stage": str(item.stage),
        "stage_name": item.stage.zh,
        "stage_name_en": item.stage.en,
        "department": item.department,
        "department_en": item.department_en,
        "themes": [{"zh": t.zh, "en": t.en} for t in item.themes],
        "summary": {"zh": item.summary.zh, "en": item.summary.en},
        "committed": {"days": limits.committed.days, "unit": limits.committed.unit.value},
        "statutory": {"days": limits.statutory.days, "unit": limits.statutory.unit.value},
    }


def items_view(*, stage: str = "", department: str = "", theme: str = "", q: str = "") -> dict[str, Any]:
    """The item finder: items that match, and what can be chosen."""
    versions = list(service.load_items().values())

    def fits(item: Item) -> bool:
        text = " ".join(
            [
                item.name,
                item.name_en,
                item.code,
                item.department,
                item.summary.zh,
                item.summary.en,
                item.result.name,
            ]
            + [t.zh for t in item.themes]
        ).lower()
        return (
            (not stage or item.stage == stage)
            and (not department or item.department == department)
            and (not theme or theme in {t.zh for t in item.themes})
            and all(word in text for word in q.lower().split())
        )

    themes = {t.zh: t.en for v in versions for t in v.item.themes}
    departments = {v.item.department: v.item.department_en for v in versions}
    return {
        "items": [item_row(v) for v in versions if fits(v.item)],
        "stages": [{"code": s.value, "zh": s.zh, "en": s.en} for s in Stage],
        "departments": [{"zh": zh, "en": en} for zh, en in departments.items()],
        "themes": [{"zh": zh, "en": en} for zh, en in themes.items()],
        "filter": {"stage": stage, "department": department, "theme": theme, "q": q},
    }


def steps_plain(version: ItemVersion) -> list[dict[str, Any]]:
    """Steps of a process in drawing order."""
    return [
        {
            "id": node.id,
            "name": node.name,
            "name_en": version.item.steps[node.id].name_en,
            "role": version.item.steps[node.id].role.value,
            "role_name": version.item.steps[node.id].role.zh,
            "waits": node.message is not None,
            "days": version.item.steps[node.id].days,
            "actions": [a.value for a in version.item.steps[node.id].actions],
            "gates": list(version.item.steps[node.id].gates),
        }
        for node in version.process.steps
    ]


def item_view(code: str) -> dict[str, Any]:
    """The guide of one item.

    Raises:
        NotFound: no such item.
    """
    version = service.load_items().get(code)
    if version is None:
        raise NotFound("没有这个事项", f"no item {code[:60]!r}")
    return {"item": {**version.definition, **item_row(version)}, "steps": steps_plain(version)}


# --- small pieces ----------------------------------------------------------------------------------------------


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


def task_plain(task: Task) -> dict[str, Any]:
    """A task without its case."""
    return {
        "id": str(task.id),
        "case_id": str(task.case_id),
        "step": task.step,
        "visit": task.visit,
        "name": task.name,
        "name_en": task.name_en,
        "role": task.role.value,
        "role_name": task.role.zh,
        "discipline": task.discipline,
        "waits": task.message is not None,
        "state": task.state.value,
        "state_name": task.state.zh,
        "state_name_en": task.state.en,
        "started_on": task.started_on.isoformat(),
        "due": to_plain(casefile.working_day(task.started_on, task.days)) if task.days else None,
        "done_at": task.done_at.isoformat() if task.done_at else None,
        "done_by": task.done_name,
        "action": task.action,
        "action_name": _action_name(task.action),
        "note": task.note,
    }


def _action_name(action: str | None) -> str:
    if not action:
        return ""
    try:
        return Action(action).zh
    except ValueError:
        return neighbours.verdict_word(action)


# --- tasks -----------------------------------------------------------------------------------------------------

#: tabs of the officer's list
TABS = ("todo", "doing", "soon", "overdue", "done")


def tasks_view(
    session: Session, actor: Actor, *, tab: str = "todo", item: str = "", q: str = ""
) -> dict[str, Any]:
    """The officer's work: counts 待办 / 在办 / 即将超期 / 已超期, and the rows of one of them.

    待办 are open tasks of the actor's roles; 在办 cases that are handed in and not finished; 即将超期 and 已超期 those
    of the 待办 whose lamp is yellow or red; 已办 what the actor finished.
    """
    tab = tab if tab in TABS else "todo"
    tasks = list(repository.open_tasks(session, actor))
    finished = list(repository.done_tasks(session, actor)) if tab == "done" else []
    cases = {c.id: c for c in repository.cases(session, actor)}
    events = repository.clock_events(session, cases)
    rows = {case_id: case_row(case, events) for case_id, case in cases.items()}

    def row(task: Task) -> dict[str, Any]:
        return {**task_plain(task), "case": rows[task.case_id], "link": task_link(task)}

    todo = [row(t) for t in tasks if t.case_id in rows]
    doing = [
        {"case": rows[c.id], "link": f"/cases/{c.id}", "name": c.state.zh, "name_en": c.state.en, "id": None,
         "state": None, "due": None, "note": ""}
        for c in cases.values()
        if casefile.is_open(c)
    ]  # fmt: skip
    by_tab: dict[str, list[dict[str, Any]]] = {
        "todo": todo,
        "doing": doing,
        "soon": [t for t in todo if _lamp(t) == Lamp.YELLOW],
        "overdue": [t for t in todo if _lamp(t) == Lamp.RED],
        "done": [row(t) for t in finished if t.case_id in rows],
    }
    shown = [
        r
        for r in by_tab[tab]
        if (not item or r["case"]["item"] == item)
        and all(
            word
            in f"{r['case']['serial']} {r['case']['project']} {r['case']['applicant']} {r['name']}".lower()
            for word in q.lower().split()
        )
    ]
    return {
        "counts": {
            **{name: len(by_tab[name]) for name in ("todo", "doing", "soon", "overdue")},
            "done": repository.done_count(session, actor),
        },
        "tab": tab,
        "tasks": shown,
        "filter": {"item": item, "q": q},
        "items": [item_row(v) for v in service.load_items().values()],
        "ratings": ratings_view(session, actor) if actor.has(Role.REVIEWER, Role.SIGNER) else None,
    }


def rating_plain(row: CaseRating) -> dict[str, Any]:
    """好差评 of a case."""
    return {
        "case_id": str(row.case_id),
        "level": row.level.value,
        "level_name": row.level.zh,
        "level_name_en": row.level.en,
        "poor": row.level.poor,
        "comment": row.comment,
        "by": row.by_name,
        "at": row.at.isoformat(),
    }


def levels_plain() -> list[dict[str, str]]:
    """The five levels of 好差评, best first."""
    return [{"level": x.value, "name": x.zh, "name_en": x.en} for x in Satisfaction]


def ratings_view(session: Session, actor: Actor) -> dict[str, Any]:
    """好差评 totals over the cases the actor may see."""
    totals = service.rating_totals(session, actor)
    return {
        "levels": [{**x, "count": totals[Satisfaction(x["level"])]} for x in levels_plain()],
        "total": sum(totals.values()),
        "poor": sum(count for level, count in totals.items() if level.poor),
    }


def _lamp(row: Mapping[str, Any]) -> str:
    reading = row["case"]["clock"]
    return str(reading["lamp"]) if reading else ""


def task_link(task: Task) -> str:
    """Page on which a task is done."""
    if task.discipline is not None:
        return f"/cases/{task.case_id}/review"
    return f"/cases/{task.case_id}?task={task.id}"


# --- one case --------------------------------------------------------------------------------------------------


def tree(session: Session, case: Case, version: ItemVersion) -> list[dict[str, Any]]:
    """The task tree: every step of the process with its visits; disciplines stand under their review.

    Steps not reached yet are 暂不可办; those that were never needed are left out once the case is over.
    """
    tasks = repository.case_tasks(session, case.id)
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
                "visits": [task_plain(t) for t in visits],
                "parts": [task_plain(t) for t in tasks if t.step == node["id"] and t.discipline is not None],
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
    """补正 entries of a case, each with its place."""
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
            "open": c.answered_at is None,
        }
        for c in repository.corrections(session, case.id)
    ]


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


def licence_plain(licence: Licence) -> dict[str, Any]:
    """A licence for those who may see the project."""
    status, words = service.licence_status(licence)
    return {
        "number": licence.number,
        "kind": licence.kind,
        "name": licence.name,
        "name_en": licence.name_en,
        "holder": licence.holder,
        "authority": licence.authority,
        "project": licence.project.name,
        "project_id": str(licence.project_id),
        "project_code": licence.project.code,
        "case_id": str(licence.case_id),
        "issued_on": licence.issued_on.isoformat(),
        "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
        "validity": licence.data.get("validity", ""),
        "status": status,
        "status_name": words,
        "verify_code": licence.verify_code,
        "verify_link": f"/verify/{licence.verify_code}",
        "sha256": licence.sha256,
        "file_id": str(licence.file_id),
        "data": licence.data,
    }


def offered_actions(case: Case, task: Task, version: ItemVersion, actor: Actor) -> list[dict[str, Any]]:
    """Buttons of a task for the actor."""
    step = version.item.steps.get(task.step)
    if step is None or task.discipline is not None or step.role not in actor.roles:
        return []
    if task.state not in (TaskState.NOT_STARTED, TaskState.ACTIVE):
        return []
    return [
        {
            "action": a.value,
            "name": RULES[a].zh,
            "name_en": RULES[a].en,
            "forward": RULES[a].forward,
            "needs": sorted(RULES[a].needs),
            "notice": RULES[a].notice is not None,
            "basis": RULES[a].basis,
        }
        for a in allowed_actions(case.state, {step.role}, step.actions)
    ]


def suggested_corrections(session: Session, file: CaseFile) -> list[dict[str, str]]:
    """补正 entries an officer may start from: what the joint review asks for, then missing materials, form faults."""
    out: list[dict[str, str]] = []
    joint, review_id = file.results.get("joint_opinion"), file.case.review_id
    if (
        joint is not None
        and review_id is not None
        and not file.review.open
        and joint.payload.get("review_id") == str(review_id)
    ):
        places = neighbours.mark_places(session, review_id)
        wanting = {d for d, (verdict, _, _) in file.review.verdicts.items() if verdict != "agree"}
        out += [
            {
                "kind": "sheet",
                "target": places.get(entry["source"], ""),
                "text": f"{entry['discipline_name']}：{entry['text']}",
            }
            for entry in joint.payload.get("entries", [])
            if entry["fate"] == "kept" and entry["text"] and entry["discipline"] in wanting
        ]
    out += [
        {"kind": "material", "target": line.code, "text": f"请提交{line.name}"}
        for line in file.lines
        if not line.met
    ]
    for finding in forms.check(file.item, file.form, file.known):
        if finding.outcome is Outcome.FAIL:
            out.append(
                {"kind": "field", "target": finding.code.removeprefix("form."), "text": finding.message}
            )
    return out[:50]


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
        "log": [
            {
                "at": x.at.isoformat(),
                "actor": x.actor_name,
                "kind": x.kind,
                "text": x.text,
                "text_en": x.text_en,
                "internal": x.internal,
            }
            for x in repository.log(session, case.id, internal=inside)
        ],
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
        "gates": None,
        "opinions": [],
        "tasks": [],
        "task": None,
    }
    if inside and case.submitted_at:
        view["gates"] = findings_view(service.gates(session, actor, case.id))
        view["resolvable"] = list(version.item.resolvable)
        view["opinions"] = [
            {
                "step": o.step,
                "role_name": o.role.zh,
                "action_name": domain.Action(o.action).zh,
                "by": o.by_name,
                "at": o.at.isoformat(),
                "text": o.text,
                "drafted": o.drafted,
                "difference": o.difference,
            }
            for o in repository.opinions(session, case.id)
        ]
        _add_task(session, actor, case, file, view, task_id)
    return view


def _add_task(
    session: Session,
    actor: Actor,
    case: Case,
    file: CaseFile,
    view: dict[str, Any],
    task_id: uuid.UUID | None,
) -> None:
    tasks = repository.case_tasks(session, case.id)
    mine = []
    for task in tasks:
        actions = offered_actions(case, task, file.version, actor)
        if actions:
            mine.append({**task_plain(task), "actions": actions, "draft": task.draft})
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


# --- verification ----------------------------------------------------------------------------------------------


def verify_view(licence: Licence | None, report: Any) -> dict[str, Any]:
    """What the public sees: an allow-list of the licence's fields and the report on the seal."""
    public = None
    if licence is not None:
        status, words = service.licence_status(licence)
        public = {
            "number": licence.number,
            "name": licence.name,
            "name_en": licence.name_en,
            "holder": licence.holder,
            "project": licence.project.name,
            "authority": licence.authority,
            "issued_on": licence.issued_on.isoformat(),
            "valid_until": licence.valid_until.isoformat() if licence.valid_until else None,
            "status": status,
            "status_name": words,
        }
    plain = to_plain(report)
    return {
        "ok": bool(report.ok and public is not None and public["status"] == "valid"),
        "seal_ok": report.ok,
        "licence": public,
        "report": {
            k: plain.get(k)
            for k in (
                "ok",
                "problems",
                "signer",
                "organisation",
                "signed_at",
                "timestamped",
                "sha256",
                "size",
                "seals",
            )
        },
    }


def start_options(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The project's cases and the items that can be started."""
    project = box.get_project(session, actor, project_id)
    cases = cases_view(session, actor, project_id)["cases"]
    busy = {c["item"] for c in cases if c["state"] not in ("delivered", "returned", "withdrawn", "closed")}
    return {
        "project": project_plain(project),
        "cases": cases,
        "items": [{**item_row(v), "busy": v.item.code in busy} for v in service.load_items().values()],
        "own": project.organisation_id == actor.organisation_id and actor.has(Role.DEVELOPER),
        "licences": [licence_plain(x) for x in repository.project_licences(session, actor, project_id)],
    }
