"""Use case of repairs: what a drawing needs to be whole, accepted or refused by a person. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from drawings.models import RepairDecision, Revision
from drawings.revision_service import get_revision, submit_revision
from drawings.shapes.repairs import Acceptance
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.kernel.storage import store_from_settings
from project_box.service import clean_text, now

_LONGEST_REASON = 500


def decide_repairs(
    session: Session,
    actor: Actor,
    revision_id: uuid.UUID,
    accepted: Collection[str],
    refused: Mapping[str, str] | None = None,
) -> Revision:
    """Record what a person decides about proposed repairs; with accepted ones the files are read again.

    A revision never changes, so what was proposed, accepted and by whom stays to be seen. A refusal holds for every
    later revision in which the same repair is proposed, until somebody accepts it; what is neither accepted nor refused
    stays open.

    Args:
        accepted: ids of proposed repairs. refused: id → reason (may be empty) of refused ones.

    Returns:
        the next revision, or this one if nothing was accepted.

    Raises:
        NotFound, Forbidden: not the actor's own project. BadInput: nothing decided, no such proposal, or one both
            accepted and refused.
    """
    revision = get_revision(session, actor, revision_id)
    box.get_own_project(session, actor, revision.project_id)
    reasons = {
        i: clean_text(r, field="repairs", label="拒绝的理由", limit=_LONGEST_REASON, required=False)
        for i, r in (refused or {}).items()
    }
    wanted = _known(revision, accepted, reasons)
    for repair in sorted({*wanted, *reasons}):
        _record(session, actor, revision, repair, repair in wanted, reasons.get(repair, ""))
    made = _read_again(session, actor, revision, wanted) if wanted else revision
    box.record_audit(
        session,
        actor,
        "drawings.repairs_decided",
        f"project:{revision.project_id}",
        {"from": revision.number, "revision": made.number, "accepted": sorted(wanted), "refused": reasons},
    )
    return made


def _known(revision: Revision, accepted: Collection[str], refused: Mapping[str, str]) -> frozenset[str]:
    offered = {r["id"] for f in revision.files for r in f.report.get("repairs", []) if not r["accepted"]}
    wanted = frozenset(accepted)
    decided = wanted | refused.keys()
    both = wanted & refused.keys()
    if not decided or not decided <= offered or both:
        faulty = sorted(both or decided - offered)
        named = "、".join(faulty) or "（空）"
        raise BadInput(
            f"同一项修复不能既接受又拒绝：{named[:200]}" if both
            else f"没有选择修复，或没有这项修复建议：{named[:200]}",
            f"repairs both accepted and refused: {faulty}" if both else f"no such repairs: {faulty}",
            code="repairs", place="repairs", remedy="在修复建议中选择接受或拒绝后再确认",
            remedy_en="accept or refuse the proposed repairs, then confirm",
        )  # fmt: skip
    return wanted


def _record(
    session: Session, actor: Actor, revision: Revision, repair: str, accepted: bool, reason: str
) -> None:
    row = session.scalar(
        select(RepairDecision).where(
            RepairDecision.revision_id == revision.id, RepairDecision.repair == repair
        )
    )
    if row is None:
        row = RepairDecision(revision_id=revision.id, repair=repair)
        session.add(row)
    row.accepted, row.reason = accepted, reason
    row.decided_at, row.decided_by = now(), actor.user_id
    session.flush()


def _read_again(session: Session, actor: Actor, revision: Revision, wanted: frozenset[str]) -> Revision:
    store = store_from_settings()
    standards = {f.standard for f in revision.files if f.standard}
    units = {str((f.report.get("units") or {}).get("unit")) for f in revision.files if f.report}
    return submit_revision(
        session,
        actor,
        revision.project_id,
        [(f.name, store.read(f.sha256)) for f in revision.files],
        standard=standards.pop() if len(standards) == 1 else None,
        unit=units.pop() if len(units) == 1 and units != {"unknown"} else None,
        acceptance=Acceptance(wanted, actor.name),
    )


def refused_repairs(session: Session, revision: Revision) -> dict[str, dict[str, Any]]:
    """Repairs refused for this revision or one before it and not accepted since: id → by, at, reason, revision."""
    rows = session.execute(
        select(RepairDecision, Revision.number)
        .join(Revision, Revision.id == RepairDecision.revision_id)
        .where(Revision.project_id == revision.project_id, Revision.number <= revision.number)
        .order_by(RepairDecision.decided_at)
    )
    latest = {row.repair: (row, number) for row, number in rows}
    return {
        repair: {
            "by": row.person.name,
            "at": row.decided_at.isoformat(),
            "reason": row.reason,
            "revision": number,
        }
        for repair, (row, number) in latest.items()
        if not row.accepted
    }
