"""入驻与资质: administrators admit agencies, register, change and withdraw their qualifications. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from intermediaries import repository
from intermediaries.models import Agency
from intermediaries.registration import register_agency
from intermediaries.trigger_catalogue import catalogue
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from project_box.organisations import only_admin, organisation
from project_box.service import clean_text, record_audit

_LIMIT = 100


def qualification_kinds() -> dict[str, tuple[str, str]]:
    """What an agency may be qualified for: code → (Chinese, English name)."""
    return {code: (q.name, q.name_en) for code, q in catalogue().qualifications.items()}


def qualify(
    session: Session,
    actor: Actor | None,
    organisation_id: uuid.UUID,
    *,
    code: str,
    level: str,
    certificate_no: str,
    valid_until: str | dt.date,
) -> Agency:
    """Register a qualification of an agency, or bring it up to date; the first one admits the agency (入驻).

    Args:
        valid_until: last day, as a date or ``2029-12-31``.

    Raises:
        Forbidden: not an administrator. NotFound: no such organisation.
        BadInput: not an agency, unknown qualification, no certificate number, not a date.
    """
    row = organisation(session, actor, organisation_id)
    if row.kind != "agency":
        raise BadInput(
            f"“{row.name}”不是中介机构，不能登记资质", "not an agency", place="organisation",
            remedy="为中介机构人员建账号时，单位即登记为中介机构",
            remedy_en="an agency is registered with the first account of its people",
        )  # fmt: skip
    known = qualification_kinds()
    if code not in known:
        raise BadInput(
            f"没有“{code[:40]}”这项资质", f"unknown qualification {code[:40]!r}", place="code",
            remedy="可用 " + "、".join(f"{k} {zh}" for k, (zh, _) in known.items()),
            remedy_en="there are " + ", ".join(f"{k} {en}" for k, (_, en) in known.items()),
        )  # fmt: skip
    level = clean_text(level, field="level", label="资质等级", limit=_LIMIT, required=False)
    number = clean_text(certificate_no, field="certificate_no", label="证书编号", limit=_LIMIT)
    until = _day(valid_until)
    agency = register_agency(session, row.id, qualifications=[(code, level, number, until)])
    facts: dict[str, Any] = {"code": code, "level": level, "certificate_no": number, "valid_until": until}
    record_audit(session, actor, "agency.qualified", f"organisation:{row.id}", facts)
    return agency


def withdraw(
    session: Session, actor: Actor | None, organisation_id: uuid.UUID, code: str, reason: str
) -> Agency:
    """Take a qualification off the list; tasks already given out are not touched.

    Raises:
        Forbidden: not an administrator. NotFound: the agency does not hold it. BadInput: no reason.
    """
    row = organisation(session, actor, organisation_id)
    why = clean_text(reason, field="reason", label="理由", limit=500)
    agency = repository.agency_of(session, row.id)
    held = next((q for q in agency.qualifications if q.code == code), None) if agency is not None else None
    if agency is None or held is None:
        raise NotFound(f"“{row.name}”没有登记这项资质", f"no qualification {code[:40]!r}", place="code")
    agency.qualifications.remove(held)
    session.flush()
    facts = {"code": code, "certificate_no": held.certificate_no, "reason": why}
    record_audit(session, actor, "agency.qualification_withdrawn", f"organisation:{row.id}", facts)
    return agency


def held(
    session: Session, actor: Actor | None, organisation_id: uuid.UUID, on: dt.date
) -> list[dict[str, Any]]:
    """Qualifications of an organisation with their names and whether they are valid on a day."""
    only_admin(actor)
    agency = repository.agency_of(session, organisation_id)
    known = qualification_kinds()
    return [
        {
            "code": q.code,
            "name": known.get(q.code, (q.code, q.code))[0],
            "name_en": known.get(q.code, (q.code, q.code))[1],
            "level": q.level,
            "certificate_no": q.certificate_no,
            "valid_until": q.valid_until,
            "valid": on <= q.valid_until,
        }
        for q in sorted(agency.qualifications if agency is not None else [], key=lambda q: q.code)
    ]


def _day(text: str | dt.date) -> dt.date:
    if isinstance(text, dt.date):
        return text
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(
            f"“{text[:20]}”不是日期，应如 2029-12-31", "ISO date expected", place="valid_until"
        ) from error
