"""决定与证照: drafted opinions, notices, decisions, licences and their verification. Never commits."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from approval import casefile, gates, neighbours, notice, projection, repository
from approval.case import CaseState, Decision
from approval.casefile import CaseFile, all_gates, day_of, gate_facts, now, today
from approval.models import Case, Licence, Notice
from approval.notice import Entry, NoticeFacts
from approval.opinion import OpinionFacts, draft
from approval.registering import register_decision, settled
from project_box import document, seal
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.finding import Outcome
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import content_hash, to_plain
from project_box.kernel.settings import get_settings
from project_box.kernel.storage import store_from_settings
from project_box.seal import SealReport
from project_box.service import record_audit, result_geometry

#: line below the star of the bureau's seal
SEAL_LINE = "行政审批专用章"


# --- opinion ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DecidingIndicator:
    """One line of 主要指标; ``limit`` and ``conclusion`` are empty where no planning condition is set."""

    code: str
    name: str
    name_en: str
    value: str
    limit: str
    conclusion: str
    outcome: str
    clause: str


def deciding_indicators(file: CaseFile) -> list[DecidingIndicator]:
    """Values of the indicators the item names, with unit, planning condition and conclusion, in the item's order.

    Condition and conclusion come from the finding ``planning.<code>``.
    """
    findings = {f.code: f for f in casefile.check_findings(file)}
    rows = []
    for element in casefile.indicator_elements(file.results):
        if element.get("code") not in file.item.indicators or element.get("value") is None:
            continue
        code, unit = str(element["code"]), str(element.get("unit") or "")
        finding = findings.get(f"planning.{code}")
        value = str(element.get("display") or element["value"])
        rows.append(
            DecidingIndicator(
                code=code,
                name=str(element.get("name") or code),
                name_en=str(element.get("name_en") or ""),
                value=value if not unit or value.endswith(unit) else f"{value} {unit}",
                limit=(finding.limit or "") if finding else "",
                conclusion=finding.outcome.zh if finding else "",
                outcome=finding.outcome.value if finding else "",
                clause=str(element.get("clause") or ""),
            )
        )
    order = {code: i for i, code in enumerate(file.item.indicators)}
    return sorted(rows, key=lambda r: order[r.code])


def conditions(file: CaseFile) -> list[str]:
    """要求 an approval is bound to: the item's own, and those of delivered evaluations."""
    out = list(file.item.requirements)
    out += [f"落实{e.name}成果的要求" for e in file.engagements if e.status == "delivered"]
    return out


def draft_text(session: Session, file: CaseFile) -> str:
    """The opinion drafted from the case's conclusions, in the law's wording."""
    findings = gates.evaluate(all_gates(file.item), gate_facts(session, file, final=True))
    return draft(
        OpinionFacts(
            item=file.item.name, project=file.case.project.name, applicant=file.case.organisation.name,
            serial=file.case.serial or "—",
            indicators=[(x.name, x.value, x.limit, x.conclusion) for x in deciding_indicators(file)],
            findings=findings, conditions=conditions(file), basis=[b.cite for b in file.item.basis],
        )
    )  # fmt: skip


# --- notices ---------------------------------------------------------------------------------------------------


def notice_facts(session: Session, file: CaseFile, kind: str, **more: Any) -> NoticeFacts:
    """Facts of the next notice of a case."""
    if kind in ("approval", "denial") and not more.get("basis"):
        more["basis"] = "、".join(b.cite for b in file.item.basis)
    if kind == "approval":
        more.setdefault("licence_name", file.item.result.name)
    sequence = len(repository.notices(session, file.case.id)) + 1
    return NoticeFacts(
        kind=kind, sequence=sequence, on=today(), series=file.item.notice_series,
        authority=file.item.authority, item=file.item.name, serial=file.case.serial or "",
        project=file.case.project.name, applicant=file.case.organisation.name, **more,
    )  # fmt: skip


def send_notice(
    session: Session, actor: Actor, file: CaseFile, kind: str, entries: Sequence[Entry] = (), **more: Any
) -> Notice:
    """Render, seal and keep a notice; tell the applicant. It is never changed afterwards."""
    case = file.case
    data = notice.build(notice_facts(session, file, kind, entries=entries, **more))
    pdf = document.render("notice", data)
    sealed = seal.sign_pdf(
        pdf,
        seal.certificate_for(file.item.authority),
        reason=data["title"],
        location=file.item.authority,
        centre=SEAL_LINE,
    )
    stored = box.put_file(
        session, actor, case.project_id, f"{data['title']}-{data['number']}.pdf", sealed, "application/pdf"
    )
    links = [
        {"kind": e.kind, "target": e.target, "place": e.place, "text": e.text, "link": e.link}
        for e in entries
    ]
    row = Notice(
        case_id=case.id, kind=kind, number=data["number"], title=data["title"], data={**data, "links": links},
        content_hash=content_hash(data), file_id=stored.id, created_by=actor.user_id, created_at=now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    record_audit(
        session, actor, "notice.sent", f"case:{case.id}",
        {"notice": str(row.id), "kind": kind, "number": row.number, "hash": row.content_hash, "sha256": stored.sha256},
    )  # fmt: skip
    projection.log(
        session, case, actor, "notice", f"发出{row.title} {row.number}", f"{notice.TITLES[kind][2]} sent"
    )
    projection.tell(
        session, case, f"{row.title}：{case.project.name}", " ".join(data["paragraphs"])[:300],
        f"/cases/{case.id}#notices",
    )  # fmt: skip
    return row


# --- decisions -------------------------------------------------------------------------------------------------


def approve(session: Session, actor: Actor, file: CaseFile, opinion: str) -> Licence:
    """准予许可: decide, make the licence, put it into the store and the box, send the decision.

    The gates have been asked by the caller.
    """
    case, findings = file.case, settled(session, file)
    case.decision, case.state, case.decided_at = Decision.APPROVED, CaseState.DECIDED, now()
    licence = issue(session, actor, file)
    register_decision(session, actor, file, findings, licence.number)
    send_notice(session, actor, file, "approval", licence=licence.number)
    case.state, case.closed_at = CaseState.CLOSED, now()
    return licence


def deny(session: Session, actor: Actor, file: CaseFile, reason: str) -> None:
    """不予许可: decide and send the decision with its reasons: the signer's own words, or, when the drafted opinion was
    signed as it stands, the list of what does not conform."""
    case, found = file.case, settled(session, file)
    if reason == draft_text(session, file):
        failed = [f.message.rstrip("。") for f in found if f.outcome is Outcome.FAIL]
        reason = "\n".join(f"{i}. {message}。" for i, message in enumerate(failed, 1)) or reason
    case.decision, case.state, case.decided_at = Decision.DENIED, CaseState.DECIDED, now()
    register_decision(session, actor, file, found)
    send_notice(session, actor, file, "denial", reason=reason)
    case.state, case.closed_at = CaseState.CLOSED, now()


def licence_number(session: Session, file: CaseFile, day: dt.date) -> str:
    """Next number by the item's numbering rule (a sample rule: ``verified`` in the item says so)."""
    rule = file.item.result.numbering
    scope = {"year": f"{day:%Y}", "day": f"{day:%Y%m%d}", "ever": "all"}[rule.scope]
    district = file.case.project.code.split("-")[1] if file.case.project.code.count("-") >= 2 else "000000"
    sequence = repository.next_number(session, f"licence:{file.item.result.kind}:{district}:{scope}")
    return rule.pattern.format(district=district, year=f"{day:%Y}", date=f"{day:%Y%m%d}", seq=sequence)


def _scale(file: CaseFile) -> str:
    values = {x.code: f"{x.name} {x.value}" for x in deciding_indicators(file)}
    parts = [values[c] for c in ("ZJZ", "DSJZ", "DXJZ") if c in values]
    if not parts and file.form.get("gfa"):
        parts = [f"建筑面积 {file.form['gfa']} ㎡"]
    return "，".join(parts) or "见附件"


def _attachments(file: CaseFile) -> list[str]:
    names = []
    if "drawing_set" in file.results:
        drawings = file.results["drawing_set"]
        names.append(f"总平面图及设计方案（图纸第 {drawings.payload.get('revision', drawings.version)} 版）")
    if "indicator_table" in file.results:
        names.append("经济技术指标表")
    if file.review.verdicts:
        names.append("联合审图意见书")
    names += [f"{e.name}成果" for e in file.engagements if e.status == "delivered"]
    return names


def document_data(
    session: Session, actor: Actor, file: CaseFile, number: str, verify_url: str
) -> dict[str, Any]:
    """Data of the licence document by the item's template."""
    case, form = file.case, file.form
    data: dict[str, Any] = {
        "authority": file.item.authority, "number": number, "developer": case.organisation.name,
        "project_name": case.project.name, "project_code": case.project.code,
        "location": form.get("location") or case.project.location or "—", "scale": _scale(file),
        "issued_on": today().isoformat(), "verify_url": verify_url,
    }  # fmt: skip
    match file.item.result.template:
        case "planning_permit":
            data |= {
                "attachments": _attachments(file),
                "indicators": [
                    {
                        "name": x.name,
                        "value": x.value,
                        "unit": "",
                        "limit": x.limit or "—",
                        "conclusion": x.conclusion or "—",
                        "clause": x.clause,
                    }
                    for x in deciding_indicators(file)
                ],
                "remarks": conditions(file),
            }  # fmt: skip
            plan = neighbours.site_plan(session, actor, case.project_id, file.results, case.project.name)
            if plan is not None:
                data["site_plan"] = plan
        case "construction_permit":
            permit = next(
                (x for x in file.licences if x.kind == "planning_permit" and x.revoked_at is None), None
            )
            parties = [
                {"role": role, "name": form[code], "person": form.get(person, "")}
                for role, code, person in (
                    ("施工单位", "contractor", "contractor_person"),
                    ("设计单位", "designer", ""),
                    ("监理单位", "supervisor", ""),
                )
                if form.get(code)
            ]
            data |= {
                "contract_price": f"{form['contract_price']} 万元" if form.get("contract_price") else "—",
                "contract_period": f"{form.get('start_date', '')} 至 {form.get('end_date', '')}",
                "planning_permit": permit.number if permit else "—",
                "parties": parties,
                "remarks": conditions(file),
            }
        case other:
            raise BadInput(f"没有证照模板 {other}", f"no licence template {other!r}")
    return data


def issue(session: Session, actor: Actor, file: CaseFile) -> Licence:
    """制证: number, document, signature and seal, licence store, and Result (trust A) in the box."""
    case, spec, day = file.case, file.item.result, today()
    number = licence_number(session, file, day)
    verify_code = secrets.token_hex(10).upper()
    data = document_data(session, actor, file, number, f"{get_settings().base_url}/verify/{verify_code}")
    pdf = document.render(spec.template, data)
    authority = file.item.authority
    # the signer's own signature first (it shows nothing), then the bureau's seal over it
    signed = seal.sign_pdf(
        bytes(pdf), seal.certificate_for(authority, actor.name), reason=f"签发 {number}", location=authority
    )
    sealed = seal.sign_pdf(
        signed, seal.certificate_for(authority), reason=f"{spec.name} {number}", location=authority,
        centre=SEAL_LINE, place=pdf.seal_place,
    )  # fmt: skip
    stored = box.put_file(
        session, actor, case.project_id, f"{spec.name}-{number}.pdf", sealed, "application/pdf"
    )
    plan = data.pop("site_plan", None)
    licence = Licence(
        number=number, kind=spec.kind, name=spec.name, name_en=spec.name_en, holder_id=case.organisation_id,
        holder=case.organisation.name, project_id=case.project_id, case_id=case.id, authority=file.item.authority,
        issued_on=day, valid_until=day + dt.timedelta(days=spec.valid_days) if spec.valid_days else None,
        data={**to_plain(data), "validity": spec.validity, "site_plan": plan is not None}, file_id=stored.id,
        sha256=stored.sha256, verify_code=verify_code, created_at=now(),
    )  # fmt: skip
    session.add(licence)
    session.flush()
    boundary = file.results.get("boundary")
    box.put_result(
        session, actor, case.project_id, kind=spec.kind, stage=file.item.stage, title=f"{spec.name} {number}",
        payload={
            "number": number, "holder": licence.holder, "authority": licence.authority, "issued_on": day,
            "valid_until": licence.valid_until, "validity": spec.validity, "verify_code": verify_code,
            "sha256": stored.sha256, "serial": case.serial, "licence": str(licence.id),
            "indicators": data.get("indicators", []), "scale": data["scale"], "remarks": data.get("remarks", []),
        },
        geometry=result_geometry(boundary) if boundary is not None else None,
        crs=boundary.crs if boundary is not None and boundary.geometry is not None else None,
        source={"case": str(case.id), "item": file.item.code, "item_hash": case.item_hash}, trust="A", files=[stored],
    )  # fmt: skip
    record_audit(
        session, actor, "licence.issued", f"licence:{licence.id}",
        {"number": number, "case": str(case.id), "sha256": stored.sha256, "verify_code": verify_code},
    )  # fmt: skip
    return licence


def revoke(session: Session, actor: Actor, number: str, reason: str) -> Licence:
    """撤销: the licence stays on record and says that it is no longer valid.

    Raises:
        Forbidden: only 签发.
        BadInput: no reason.
        Conflict: revoked already.
    """
    if not actor.has(Role.SIGNER):
        raise Forbidden("只有签发人员可以撤销证照", "only signers revoke licences")
    licence = get_licence(session, actor, number)
    if not reason.strip():
        raise BadInput("撤销须写明理由", "a reason is needed", place="reason")
    if licence.revoked_at is not None:
        raise Conflict("证照已撤销", "revoked already")
    licence.revoked_at, licence.revoked_reason = now(), reason.strip()[:1000]
    record_audit(
        session,
        actor,
        "licence.revoked",
        f"licence:{licence.id}",
        {"number": number, "reason": licence.revoked_reason},
    )
    box.post_message(
        session, project_id=licence.project_id, organisation_id=licence.holder_id, title=f"{licence.name}已撤销",
        body=f"{licence.number}：{licence.revoked_reason}", link=f"/licences/{licence.number}",
    )  # fmt: skip
    session.flush()
    return licence


def get_licence(session: Session, actor: Actor, number: str) -> Licence:
    """A licence of a project the actor may see.

    Raises:
        NotFound: there is none for this person.
    """
    licence = repository.licence(session, actor, number)
    if licence is None:
        raise NotFound("没有这个证照，或您无权查看", "no such licence for this person")
    return licence


def licence_pdf(licence: Licence) -> bytes:
    """The sealed PDF of a licence, digest checked on the way."""
    return store_from_settings().read(licence.sha256)


def licence_status(licence: Licence, day: dt.date | None = None) -> tuple[str, str]:
    """``valid``, ``revoked`` or ``expired`` with the Chinese word."""
    if licence.revoked_at is not None:
        return "revoked", f"已撤销（{day_of(licence.revoked_at)}）：{licence.revoked_reason}"
    if licence.valid_until is not None and licence.valid_until < (day or today()):
        return "expired", f"已于 {licence.valid_until} 过期"
    return "valid", "有效"


def verify_code(session: Session, code: str) -> tuple[Licence, SealReport]:
    """Public check of a licence by its code: the record and the report on the stored PDF's seal.

    Raises:
        NotFound: no licence has this code.
    """
    licence = repository.licence_by_code(session, code.strip().upper()[:32])
    if licence is None:
        raise NotFound(
            "没有与该核验码对应的证照",
            "no licence has this code",
            remedy="请核对证照上的二维码或核验码",
            remedy_en="compare with the QR code or the code on the document",
        )
    return licence, seal.verify_pdf(licence_pdf(licence))


def verify_upload(session: Session, data: bytes) -> tuple[Licence | None, SealReport]:
    """Public check of a PDF: the report on its seals, and the licence whose very bytes these are (or None)."""
    report = seal.verify_pdf(data)
    return repository.licence_by_sha256(session, report.sha256), report


def case_licence(session: Session, case: Case) -> Licence | None:
    """The licence a case yielded."""
    return repository.licence_of_case(session, case.id)


def reasons(session: Session, file: CaseFile) -> list[str]:
    """Why the case cannot be approved now, one sentence each."""
    found = gates.evaluate(all_gates(file.item), gate_facts(session, file, final=True))
    return [f.message for f in found if f.outcome in (Outcome.FAIL, Outcome.UNDECIDED)]
