"""Use case of repairs: what a drawing needs to be whole, accepted or refused by a person. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy.orm import Session

from drawings.models import Revision
from drawings.repairs import Acceptance
from drawings.revision_service import get_revision, submit_revision
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.kernel.storage import store_from_settings


def decide_repairs(
    session: Session, actor: Actor, revision_id: uuid.UUID, accepted: Collection[str]
) -> Revision:
    """Read a revision's files again with the accepted repairs, as the project's next revision.

    A revision never changes, so what was proposed, accepted and by whom stays to be seen: each repair names who
    accepted it, the audit trail names the refused ones too.

    Args:
        accepted: ids of proposed repairs; all other proposals are refused.

    Raises:
        NotFound, Forbidden: not the actor's own project. BadInput: nothing accepted, or no such proposal.
    """
    revision = get_revision(session, actor, revision_id)
    box.get_own_project(session, actor, revision.project_id)
    offered = {r["id"] for f in revision.files for r in f.report.get("repairs", []) if not r["accepted"]}
    wanted = frozenset(accepted)
    if not wanted or not wanted <= offered:
        named = "、".join(sorted(wanted - offered)) or "（空）"
        raise BadInput(
            f"没有选择修复，或没有这项修复建议：{named[:200]}", f"no such repairs: {sorted(wanted - offered)}",
            code="repairs", place="repairs", remedy="在修复建议中勾选后再确认",
        )  # fmt: skip
    store = store_from_settings()
    standards = {f.standard for f in revision.files if f.standard}
    units = {str((f.report.get("units") or {}).get("unit")) for f in revision.files if f.report}
    made = submit_revision(
        session,
        actor,
        revision.project_id,
        [(f.name, store.read(f.sha256)) for f in revision.files],
        standard=standards.pop() if len(standards) == 1 else None,
        unit=units.pop() if len(units) == 1 and units != {"unknown"} else None,
        acceptance=Acceptance(wanted, actor.name),
    )
    box.record_audit(
        session,
        actor,
        "drawings.repairs_decided",
        f"project:{revision.project_id}",
        {
            "from": revision.number,
            "revision": made.number,
            "accepted": sorted(wanted),
            "refused": sorted(offered - wanted),
        },
    )
    return made
