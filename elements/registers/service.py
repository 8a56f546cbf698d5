"""Use cases of the registers 台账: record a review, a decided case; read, count and add up. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from elements import service
from elements.opinion import difference
from elements.registers import repository
from elements.registers.models import RegisterLine
from elements.registers.register import (
    DECISIONS,
    Column,
    Filter,
    columns,
    conclusions,
    count,
    key_elements,
    numbers,
    worst,
)
from elements.registers.repository import Totals
from elements.registers.review import RESULT, Review
from elements.rulesets.ruleset_service import in_force, rules_for
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.finding import Outcome
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import content_hash, to_plain
from project_box.models import Project
from project_box.stage import Stage

#: longest opinion and object somebody may write
MAX_OPINION, MAX_SUBJECT = 20_000, 200


# ---------------------------------------------------------------- recording


def record_review(
    session: Session,
    actor: Actor,
    found: Review,
    *,
    subject: str = "",
    decision: str = "",
    opinion: str = "",
    origin: str = "run",
    file: dict[str, str] | None = None,
) -> RegisterLine:
    """记入台账: put the review into the box and a line into the register of its business.

    Args:
        subject: the object, where a project has several (宗地, 幢, 不动产单元); a later line of the same object
            replaces the earlier one.
        decision: ``approved``, ``denied`` or empty. opinion: as signed; empty takes the draft as it stands.
        file: name and SHA-256 of the workbook it came from.

    Raises:
        Forbidden: only officers record. BadInput: decision, object or opinion cannot be used.
        Conflict: a decided line stands for the object and the new one has no decision.
    """
    _only_officers(actor)
    if decision and decision not in DECISIONS:
        raise BadInput(
            f"没有“{decision[:20]}”这种决定，可用：{'、'.join(DECISIONS)}",
            "unknown decision",
            place="decision",
        )
    subject = box.clean_text(subject, field="subject", label="办理对象", limit=MAX_SUBJECT, required=False)
    opinion = box.clean_text(opinion, field="opinion", label="审查意见", limit=MAX_OPINION, required=False)
    catalogue = rules_for(session, found.project.id, found.at)
    business = catalogue.business(found.business)
    signed = opinion.replace("\r\n", "\n") or found.drafted
    written = {"drafted": found.drafted, "text": signed, "difference": difference(found.drafted, signed)}
    result = box.put_result(
        session,
        actor,
        found.project.id,
        kind=f"{RESULT}{found.business}",
        stage=business.stage or Stage.PLANNING_LAND,
        title=f"审查表：{business.name}",
        payload={**found.plain, "opinion": written, "subject": subject, "decision": decision},
        source={"by": actor.name, "rule_hash": found.plain["rule_hash"], "origin": origin, "file": file},
        trust="B",
    )
    register = columns(catalogue, found.business, found.at)
    concluded = conclusions(found.plain["review"])
    return _write(
        session,
        actor,
        RegisterLine(
            register=found.business,
            subject=subject,
            origin=origin,
            case_id=None,
            result_id=result.id,
            decision=decision,
            decided_on=service.today() if decision else None,
            rules_at=found.at,
            rule_hash=found.plain["rule_hash"],
            elements=found.plain["register"],
            numbers=numbers(register, found.plain["register"]),
            conclusions=concluded,
            inputs=found.plain["inputs"],
            opinion=written,
            source={
                "name": business.name,
                "name_en": business.name_en,
                "result": {"id": str(result.id), "version": result.version, "hash": result.content_hash},
                "file": file,
            },
        ),
        found.project,
    )


def record_decision(
    session: Session,
    actor: Actor,
    project: Project,
    *,
    register: str,
    name: str,
    name_en: str,
    case_id: uuid.UUID,
    serial: str,
    decision: str,
    opinion: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    licence: str = "",
) -> RegisterLine:
    """The line of a decided case: key elements from the project's newest indicator table, conclusions of its gates.

    Args:
        register: the item's code; an item that is also a business shares its register.
        findings: conclusions of the case (code, name, outcome, text …), as settled when it was decided.
    """
    day = service.today()
    catalogue = rules_for(session, project.id, day)
    known = register in catalogue.businesses
    chosen = columns(catalogue, register, day) if known else []
    table = box.latest_result(session, actor, project.id, "indicator_table") if known else None
    if table is not None and table.payload.get("business") != register:
        table = None
    rows = {r["code"]: r for r in table.payload["elements"]} if table is not None else {}
    elements = key_elements(chosen, rows)
    concluded = conclusions(rows.values()) if rows else [dict(f) for f in findings]
    return _write(
        session,
        actor,
        RegisterLine(
            register=register,
            subject="",
            origin="case",
            case_id=case_id,
            result_id=table.id if table is not None else None,
            decision=decision,
            decided_on=day,
            rules_at=dt.date.fromisoformat(table.payload["at"]) if table is not None else day,
            rule_hash=table.payload["rule_hash"] if table is not None else catalogue.version,
            elements=elements,
            numbers=numbers(chosen, elements),
            conclusions=concluded,
            inputs=to_plain(table.payload.get("sources", {})) if table is not None else {},
            opinion=dict(opinion),
            source={
                "name": name,
                "name_en": name_en,
                "case": serial,
                "licence": licence,
                "findings": [dict(f) for f in findings] if rows else [],
                "result": {"id": str(table.id), "version": table.version, "hash": table.content_hash}
                if table is not None
                else None,
            },
        ),
        project,
    )


def _write(session: Session, actor: Actor, row: RegisterLine, project: Project) -> RegisterLine:
    """Number, hash and keep a line; it replaces the one that stood for the same object.

    Raises:
        Conflict: the standing line is decided and the new one is not.
    """
    day = service.today()
    repository.lock_register(session, actor.organisation_id, row.register)
    before = repository.standing(session, actor.organisation_id, row.register, project.id, row.subject)
    if before is not None and before.decision and not row.decision:
        raise Conflict(
            f"该对象已有决定（{before.serial}），未作决定的审查不能替代它",
            f"{before.serial} is decided and cannot be replaced by a review without a decision",
            code="line_decided",
            place="decision",
            remedy="另填办理对象，或同时作出新的决定",
            remedy_en="name another subject, or make a new decision with it",
        )
    row.id = uuid.uuid4()
    row.bureau_id = actor.organisation_id
    row.year, row.day, row.recorded_at = day.year, day, box.now()
    row.number = repository.next_number(session, actor.organisation_id, row.register, day.year)
    row.serial = f"TZ-{row.register}-{row.year}-{row.number:06d}"
    row.project_id, row.project_code, row.project_name = project.id, project.code, project.name
    row.applicant = project.organisation.name
    row.replaces = before.id if before is not None else None
    row.handler, row.handler_id = actor.name, actor.user_id
    row.counts = count(row.conclusions)
    row.outcome = worst(Outcome(c["outcome"]) for c in row.conclusions).value
    row.content_hash = content_hash(line_content(row))
    session.add(row)
    session.flush()
    box.record_audit(
        session,
        actor,
        "register.recorded",
        f"register:{row.register}",
        {
            "line": str(row.id),
            "serial": row.serial,
            "hash": row.content_hash,
            "replaces": str(row.replaces or ""),
        },
    )
    return row


def line_content(row: RegisterLine) -> dict[str, Any]:
    """Everything a line says, as its hash covers it."""
    left_out = {"content_hash", "recorded_at"}
    return {
        c.key: to_plain(getattr(row, c.key)) for c in RegisterLine.__table__.columns if c.key not in left_out
    }


def holds(row: RegisterLine) -> bool:
    """True when a line still is what its hash says."""
    return content_hash(line_content(row)) == row.content_hash


# ---------------------------------------------------------------- reading


def _only_officers(actor: Actor) -> None:
    if not actor.is_officer:
        raise Forbidden("只有审批人员可以记入台账", "only officers write registers")


def may_read(actor: Actor) -> bool:
    """Officers (their bureau's lines) and developers (their own projects')."""
    return actor.is_officer or actor.has(Role.DEVELOPER)


def _only_readers(actor: Actor) -> None:
    if not may_read(actor):
        raise Forbidden("只有审批人员和建设单位可以查看台账", "officers and developers only")


def register_columns(session: Session, register: str) -> list[Column]:
    """Columns of a register by the rules in force; an item that is no business has none of its own."""
    day = service.today()
    catalogue = in_force(session, day)
    return columns(catalogue, register, day) if register in catalogue.businesses else []


def overview(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Registers with lines the actor may see.

    Raises:
        Forbidden: neither officer nor developer.
    """
    _only_readers(actor)
    return repository.overview(session, actor)


def lines(
    session: Session, actor: Actor, register: str, chosen: Filter
) -> tuple[list[Column], Sequence[RegisterLine], Totals]:
    """Columns, one page of lines and the totals over all pages.

    Raises:
        Forbidden: neither officer nor developer.
    """
    _only_readers(actor)
    shown = register_columns(session, register)
    return (
        shown,
        repository.page(session, actor, register, chosen, shown),
        repository.totals(session, actor, register, chosen, shown),
    )


def every_line(session: Session, actor: Actor, register: str, chosen: Filter) -> Iterator[RegisterLine]:
    """All lines a filter keeps, for exports.

    Raises:
        Forbidden: neither officer nor developer.
    """
    _only_readers(actor)
    return repository.every(session, actor, register, chosen, register_columns(session, register))


def line(session: Session, actor: Actor, line_id: uuid.UUID) -> tuple[RegisterLine, RegisterLine | None]:
    """One line and the one that replaces it.

    Raises:
        NotFound: there is none for this person.
    """
    _only_readers(actor)
    found = repository.line(session, actor, line_id)
    if found is None:
        raise NotFound("没有这条台账记录，或您无权查看", "no such line for this person")
    return found, repository.successor(session, found.id)
