"""入驻: an agency with its qualifications and certified people. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from intermediaries import repository
from intermediaries.models import (
    Agency,
    AgencyQualification,
    CertifiedPerson,
)
from intermediaries.trigger_catalogue import catalogue
from project_box import service as box
from project_box.kernel.errors import BadInput


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
