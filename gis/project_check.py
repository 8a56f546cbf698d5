"""The multi-plan check of a project: its boundary against all plan layers, the report into its box. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from gis.boundaries.recording import as_surveyed, needed_boundary
from gis.check.checking import check_geometry
from gis.check.conflict import Intent
from gis.events import ConflictChecked
from gis.planning.condition_rounds import with_departments
from gis.planning.regional import with_registered
from gis.planning.regional_service import registered_entries
from project_box import service as box
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor
from project_box.models import Result
from project_box.stage import Stage


def run_conflict_check(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    height_m: float | None = None,
    intent: Intent | None = None,
) -> Result:
    """Check a project's boundary and put Results ``conflict_report`` and ``planning_conditions`` into the box.

    Planning conditions that cannot be decided are stored as such (``status: undecided`` with the reason and no
    conditions), so that an older decided version never stands for a new boundary.

    Raises:
        NotFound: the project is not visible.
        Conflict: it has no boundary yet.
    """
    boundary, geometry = needed_boundary(session, actor, project_id, "做多规检查", "a check")
    crs = boundary.crs
    assert crs is not None
    site, site_crs = as_surveyed(boundary, geometry)
    report = check_geometry(session, site, site_crs, height_m=height_m, intent=intent)
    payload = report.payload() | {
        "boundary_result": {
            "id": str(boundary.id),
            "version": boundary.version,
            "hash": boundary.content_hash,
        },
        "height_m": height_m,
        "intent": intent,
    }
    if registered := registered_entries(session, geometry, crs, report.checked_on):
        zones = payload["zones"]
        zones["regional_evaluations"] = with_registered(zones.get("regional_evaluations"), registered)
    versions = {line.code: line.version for line in report.layers if line.version}
    source = {"boundary": str(boundary.id), "layer_versions": versions, "by": actor.name}
    result = box.put_result(
        session,
        actor,
        project_id,
        kind="conflict_report",
        stage=Stage.PLANNING_LAND,
        title="多规合一检查报告",
        payload=payload,
        geometry=geometry,
        crs=crs,
        source=source,
        trust="B",
    )
    if payload["planning"] is not None:
        _record_planning(session, actor, result, payload["planning"], source)
    publish(session, ConflictChecked(project_id, result.id, result.version))
    return result


def _record_planning(
    session: Session, actor: Actor, report: Result, planning: Mapping[str, Any], source: dict[str, Any]
) -> None:
    """Put the planning conditions of a report into the box, with those that departments have added."""
    conditions = with_departments(session, actor, report.project_id, planning)
    box.put_result(
        session,
        actor,
        report.project_id,
        kind="planning_conditions",
        stage=Stage.PLANNING_LAND,
        title="规划条件",
        payload=conditions | {"message": planning["reason"], "conflict_report": str(report.id)},
        source=source,
        trust="B",
    )
