"""申报: what the applicant does with a case. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from approval import casefile, form, materials, projection, repository
from approval.case import Action, CaseState, ClockName, check_action
from approval.casefile import CaseFile, add_clock_event, get_case, item_version, now, open_file, today
from approval.clock import ClockEvent, ClockKind
from approval.item import load_items
from approval.materials import MaterialLine, MaterialStatus
from approval.models import Case, CaseForm, CaseMaterial, ItemVersionRow, ProcessInstance
from approval.process import RunningProcess
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, NotFound
from project_box.kernel.finding import Finding
from project_box.kernel.identity import OFFICER_ROLES, Actor, Role
from project_box.kernel.plain import content_hash
from project_box.models import StoredFile
from project_box.service import record_audit

#: states in which the applicant may change form and materials
_EDITABLE = frozenset({CaseState.DRAFT, CaseState.CORRECTION})


def start_case(session: Session, actor: Actor, project_id: uuid.UUID, item_code: str) -> Case:
    """Begin a case of an item for an own project; the form is prefilled from the box.

    Raises:
        NotFound: no such item or project.
        Forbidden: not the project's developer.
        Conflict: a case of this item is already under way for the project.
    """
    project = box.get_own_project(session, actor, project_id)
    version = load_items().get(item_code)
    if version is None:
        raise NotFound(f"没有事项“{item_code[:60]}”", f"no item {item_code[:60]!r}")
    repository.lock_project(session, project.id)
    for other in repository.cases(session, actor, project_id):
        if other.item_code == item_code and not other.state.final and other.state is not CaseState.CLOSED:
            raise Conflict(
                f"本项目已有办理中的“{version.item.name}”",
                f"a case of {item_code} is under way",
                code="case_exists",
                remedy="请继续办理已有的办件",
                remedy_en="go on with the case there is",
                details={"case": str(other.id)},
            )
    if repository.item_version(session, version.hash) is None:
        session.add(
            ItemVersionRow(
                hash=version.hash,
                code=version.item.code,
                version=version.item.version,
                definition=version.definition,
                bpmn=version.process.bpmn,
                created_at=now(),
            )
        )
        session.flush()
    case = Case(
        project_id=project.id,
        organisation_id=actor.organisation_id,
        item_code=item_code,
        item_hash=version.hash,
        state=CaseState.DRAFT,
        created_by=actor.user_id,
        created_at=now(),
    )
    session.add(case)
    session.flush()
    session.refresh(case)
    results = repository.latest_results(session, actor, project.id)
    licences = repository.project_licences(session, actor, project.id)
    known = casefile.known_facts(case, results, licences, actor)
    session.add(
        CaseForm(
            case_id=case.id,
            round=1,
            data=form.prefill(version.item, known),
            saved_by=actor.user_id,
            saved_at=now(),
        )
    )
    projection.log(session, case, actor, "started", f"新建申报：{version.item.name}", "Application started")
    record_audit(
        session, actor, "case.started", f"case:{case.id}", {"item": item_code, "item_hash": version.hash}
    )
    session.flush()
    return case


def _own(session: Session, actor: Actor, case_id: uuid.UUID) -> Case:
    case = get_case(session, actor, case_id, lock=True)
    box.get_own_project(session, actor, case.project_id)
    return case


def _editable(session: Session, actor: Actor, case_id: uuid.UUID) -> Case:
    case = _own(session, actor, case_id)
    if case.state not in _EDITABLE:
        raise Conflict(
            f"办件处于“{case.state.zh}”状态，不能修改申报内容",
            f"case is {case.state}, cannot be edited",
            remedy="收到补正告知后可以修改",
            remedy_en="it can be changed once corrections are asked for",
        )
    return case


def _current_form(session: Session, actor: Actor, case: Case) -> CaseForm:
    row = repository.form(session, case.id, case.round)
    if row is None:
        before = repository.form(session, case.id, case.round - 1)
        row = CaseForm(
            case_id=case.id,
            round=case.round,
            data=dict(before.data) if before else {},
            saved_by=actor.user_id,
            saved_at=now(),
        )
        session.add(row)
        session.flush()
    return row


def save_form(session: Session, actor: Actor, case_id: uuid.UUID, data: Mapping[str, Any]) -> list[Finding]:
    """Keep what was typed (fields not named stay as they are).

    Returns:
        findings of the form as it now stands; a faulty value is kept and named, only unusable ones are refused.

    Raises:
        BadInput: unknown field or a value that cannot be kept.
        Conflict: the case cannot be edited now.
    """
    case = _editable(session, actor, case_id)
    item = item_version(case).item
    typed = form.accept(item, data)
    row = _current_form(session, actor, case)
    row.data = {**row.data, **typed}
    row.saved_by, row.saved_at = actor.user_id, now()
    session.flush()
    record_audit(session, actor, "case.form_saved", f"case:{case.id}", {"fields": sorted(typed)})
    return form.check(item, row.data, open_file(session, actor, case).known)


def attach_material(
    session: Session,
    actor: Actor,
    case_id: uuid.UUID,
    material_code: str,
    name: str,
    data: bytes,
) -> CaseMaterial:
    """Upload a file for a material line; a later upload takes the place of an earlier one, which is kept.

    Raises:
        NotFound: the item asks for no such material.
        BadInput: empty file, wrong format, or content that is not what its name says.
        Conflict: the case cannot be edited now.
    """
    case = _editable(session, actor, case_id)
    material = item_version(case).item.material(material_code)
    media_type = materials.check_upload(material.spec(), name, data)
    stored: StoredFile = box.put_file(session, actor, case.project_id, name, data, media_type)
    row = CaseMaterial(
        case_id=case.id,
        code=material_code,
        round=case.round,
        file_id=stored.id,
        added_by=actor.user_id,
        added_at=now(),
    )
    session.add(row)
    session.flush()
    record_audit(
        session,
        actor,
        "case.material_attached",
        f"case:{case.id}",
        {"material": material_code, "file": str(stored.id), "sha256": stored.sha256},
    )
    return row


def remove_material(session: Session, actor: Actor, case_id: uuid.UUID, material_code: str) -> None:
    """Take back what was uploaded or promised for a line (the file stays on record)."""
    case = _editable(session, actor, case_id)
    item_version(case).item.material(material_code)
    for row in repository.materials(session, case.id):
        if row.code == material_code and row.round == case.round:
            row.removed = True
    session.flush()
    record_audit(session, actor, "case.material_removed", f"case:{case.id}", {"material": material_code})


def commit_material(
    session: Session, actor: Actor, case_id: uuid.UUID, material_code: str, text: str, until: dt.date
) -> CaseMaterial:
    """容缺承诺: promise to hand in a line later; only for lines the item marks 可容缺.

    Raises:
        BadInput: the line cannot be deferred, the promise is empty, or the date has passed.
    """
    case = _editable(session, actor, case_id)
    material = item_version(case).item.material(material_code)
    if not material.deferrable:
        raise BadInput(f"{material.name}不可容缺", f"{material_code} cannot be deferred", place=material_code)
    if not text.strip():
        raise BadInput("请写明承诺内容", "the commitment is empty", place=material_code)
    if until <= today():
        raise BadInput("承诺补交的日期应在今天之后", "the date has passed", place=material_code)
    row = CaseMaterial(
        case_id=case.id,
        code=material_code,
        round=case.round,
        file_id=None,
        commitment=text.strip()[:1000],
        until=until,
        added_by=actor.user_id,
        added_at=now(),
    )
    session.add(row)
    session.flush()
    record_audit(
        session,
        actor,
        "case.material_promised",
        f"case:{case.id}",
        {"material": material_code, "until": until.isoformat()},
    )
    return row


def case_materials(session: Session, actor: Actor, case_id: uuid.UUID) -> list[MaterialLine]:
    """Material lines of a case and how each is met."""
    return open_file(session, actor, get_case(session, actor, case_id)).lines


def materials_summary(session: Session, actor: Actor, case_id: uuid.UUID) -> dict[str, Any]:
    """``{"asked": n, "reused": n, "lines": […]}``."""
    lines = case_materials(session, actor, case_id)
    return {**materials.summary(lines), "lines": lines}


def self_check(session: Session, actor: Actor, case_id: uuid.UUID) -> list[Finding]:
    """自查: everything that would be found, before handing in."""
    return casefile.self_check_findings(session, open_file(session, actor, get_case(session, actor, case_id)))


def _require_complete(session: Session, file: CaseFile, action: str) -> None:
    stops = [f for f in casefile.self_check_findings(session, file) if casefile.blocks_submission(f)]
    if stops:
        raise BadInput(
            f"尚不能{action}：" + "；".join(f.message for f in stops[:5]) + (" 等" if len(stops) > 5 else ""),
            f"cannot be handed in: {', '.join(f.code for f in stops)}",
            code="incomplete",
            remedy="按自查结果补齐后再提交",
            remedy_en="complete what the self-check lists, then submit",
            details={"findings": [{"code": f.code, "message": f.message} for f in stops]},
        )


def submit(session: Session, actor: Actor, case_id: uuid.UUID) -> Case:
    """Hand in: the case gets its 流水号, the clock of acceptance starts, officers may read the project.

    Raises:
        BadInput: form, materials or needed results are incomplete (``details["findings"]``).
        Conflict: already handed in.
    """
    case = _own(session, actor, case_id)
    check_action(Action.SUBMIT, case.state, actor.roles, opinion="", corrections=0)
    file = open_file(session, actor, case)
    _require_complete(session, file, "提交")
    day = today()
    case.serial = f"{day.year}{repository.next_number(session, f'serial:{day.year}'):06d}"
    case.state, case.submitted_at = CaseState.SUBMITTED, now()
    row = _current_form(session, actor, case)
    row.submitted_at = now()
    for role in sorted(OFFICER_ROLES):
        box.grant(session, case.project_id, role=role, reason=f"办件 {case.serial}")
    add_clock_event(
        session, case, ClockName.ACCEPTANCE, ClockEvent(ClockKind.START, day, "收到申请材料"), actor
    )
    running = RunningProcess.start(file.version.process)
    session.add(ProcessInstance(case_id=case.id, state=running.dump(), updated_at=now()))
    session.flush()
    projection.project(session, case, running)
    projection.log(
        session, case, actor, "submitted", f"提交申请，流水号 {case.serial}", f"Handed in, {case.serial}"
    )
    record_audit(
        session,
        actor,
        "case.submitted",
        f"case:{case.id}",
        {"serial": case.serial, "form_hash": content_hash(row.data), "materials": _provenance(file)},
    )
    projection.tell(
        session, case, f"已收到您的申请 {case.serial}", f"{file.item.name}：五个工作日内告知是否受理。"
    )
    return case


def _provenance(file: CaseFile) -> list[dict[str, Any]]:
    """How each line was met when the case was handed in: file hash, or result/licence id and version."""
    out = []
    for line in file.lines:
        entry: dict[str, Any] = {"code": line.code, "status": line.status.value}
        if line.upload:
            entry["sha256"] = line.upload.sha256
        if line.held:
            entry |= {"origin": line.held.origin, "id": line.held.id, "version": line.held.version}
        out.append(entry)
    return out


def resubmit(
    session: Session, actor: Actor, case_id: uuid.UUID, replies: Mapping[str, str] | None = None
) -> Case:
    """Hand in corrections: every open entry is answered, the clock resumes, the case goes on where it stopped.

    Args:
        replies: answer per correction id (as text); an entry without one is answered by the change itself.

    Raises:
        BadInput: a material that was asked for has not been handed in again, or the form is incomplete.
        Conflict: the case is not in 补正.
    """
    case = _own(session, actor, case_id)
    check_action(Action.RESUBMIT, case.state, actor.roles, opinion="", corrections=0)
    file = open_file(session, actor, case)
    entries = [c for c in repository.corrections(session, case.id) if c.answered_at is None]
    lines = {line.code: line for line in file.lines}
    wanting = []
    for entry in entries:
        if entry.kind != "material":
            continue
        line = lines.get(entry.target)
        again = line is not None and line.upload is not None and line.upload.round == case.round
        if line is not None and not again and line.status is not MaterialStatus.HELD:
            wanting.append(entry)
    if wanting:
        raise BadInput(
            "以下材料尚未按补正要求重新提交：" + "、".join(e.place for e in wanting),
            f"materials not handed in again: {', '.join(e.target for e in wanting)}",
            code="correction_open",
            details={"corrections": [{"id": e.id, "link": e.link, "text": e.text} for e in wanting]},
        )
    _require_complete(session, file, "提交补正")
    answers = {str(k): str(v).strip()[:1000] for k, v in (replies or {}).items()}
    for entry in entries:
        entry.reply = answers.get(str(entry.id), "")
        entry.answered_at = now()
    _current_form(session, actor, case).submitted_at = now()
    case.state = case.resume_to or CaseState.SUBMITTED
    case.resume_to = None
    name = ClockName.ACCEPTANCE if case.state is CaseState.SUBMITTED else ClockName.HANDLING
    add_clock_event(session, case, name, ClockEvent(ClockKind.RESUME, today(), "补正材料已提交"), actor)
    session.flush()
    projection.refresh(session, case)
    projection.log(
        session, case, actor, "resubmitted", f"提交补正（{len(entries)} 条）", "Corrections handed in"
    )
    record_audit(
        session,
        actor,
        "case.resubmitted",
        f"case:{case.id}",
        {"round": case.round, "answered": [e.id for e in entries], "materials": _provenance(file)},
    )
    if case.state is CaseState.REVIEW:
        projection.renew_review(session, actor, case)
    return case


def withdraw(session: Session, actor: Actor, case_id: uuid.UUID, reason: str = "") -> Case:
    """撤回: the applicant takes the application back, any time before the decision.

    Raises:
        Conflict: decided already, or not handed in.
    """
    case = _own(session, actor, case_id)
    check_action(Action.WITHDRAW, case.state, actor.roles, opinion=reason, corrections=0)
    projection.stop_clocks(session, case, actor, "申请人撤回")
    case.state, case.closed_at = CaseState.WITHDRAWN, now()
    projection.close_tasks(session, case, actor, "申请人撤回")
    projection.log(
        session, case, actor, "withdrawn", "申请人撤回申请" + (f"：{reason.strip()[:500]}" if reason.strip() else ""),
        "Withdrawn by the applicant",
    )  # fmt: skip
    record_audit(session, actor, "case.withdrawn", f"case:{case.id}", {"reason": reason.strip()[:500]})
    return case


def discard(session: Session, actor: Actor, case_id: uuid.UUID) -> None:
    """Give up a draft: it becomes 撤回 and no officer ever sees it."""
    case = _own(session, actor, case_id)
    if case.state is not CaseState.DRAFT:
        raise Conflict("只有草稿可以删除", "only drafts can be discarded")
    case.state, case.closed_at = CaseState.WITHDRAWN, now()
    record_audit(session, actor, "case.discarded", f"case:{case.id}", {})


def is_applicant(actor: Actor, case: Case) -> bool:
    """True for people of the applicant's organisation."""
    return actor.has(Role.DEVELOPER) and actor.organisation_id == case.organisation_id
