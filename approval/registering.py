"""记入台账: a decided case becomes a line in the register of its item. Never commits."""

from __future__ import annotations

from sqlalchemy.orm import Session

from approval import gates, repository
from approval.case import Decision
from approval.casefile import CaseFile, all_gates, gate_facts
from elements.registers.service import record_decision
from project_box.kernel.finding import Finding
from project_box.kernel.identity import Actor

_WORDS = {Decision.APPROVED: "approved", Decision.DENIED: "denied"}


def settled(session: Session, file: CaseFile) -> list[Finding]:
    """The findings of all gates, as they are settled now."""
    return gates.evaluate(all_gates(file.item), gate_facts(session, file, final=True))


def register_decision(
    session: Session, actor: Actor, file: CaseFile, findings: list[Finding], licence: str = ""
) -> None:
    """Write the line of a case that has just been decided, with the opinion that was signed and its draft.

    Args:
        findings: of the gates, taken before the decision changed anything.
        licence: number of the licence, when one was issued.
    """
    case = file.case
    written = repository.opinions(session, case.id)
    last = written[-1] if written else None
    record_decision(
        session,
        actor,
        case.project,
        register=file.item.code,
        name=file.item.name,
        name_en=file.item.name_en,
        case_id=case.id,
        serial=case.serial or "",
        decision=_WORDS[Decision(case.decision)] if case.decision is not None else "",
        opinion={
            "drafted": last.drafted if last is not None else "",
            "text": last.text if last is not None else "",
            "difference": last.difference if last is not None else [],
        },
        findings=[
            {
                "code": f.code,
                "name": f.title,
                "name_en": f.title_en,
                "outcome": f.outcome.value,
                "limit": f.limit,
                "text": f.message,
                "text_en": f.message_en,
                "clause": f.clause or "",
            }
            for f in findings
        ],
        licence=licence,
    )
