"""SQL of the decision list. Decisions are about plan layers, which everyone who is signed in may see."""

from __future__ import annotations

import shapely
from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gis.differences.decision import Decision, Verdict
from gis.models import PlanDecision


def log(session: Session, scope: str) -> list[Decision]:
    """All entries of one comparison, oldest first."""
    rows = session.execute(
        select(PlanDecision, func.ST_AsBinary(PlanDecision.geom))
        .where(PlanDecision.scope == scope)
        .order_by(PlanDecision.id)
    ).all()
    return [
        Decision(
            row.id,
            row.polygon,
            Verdict(row.decision),
            row.reason,
            row.decided_by_name,
            row.decided_at,
            row.version_a,
            row.version_b,
            shapely.from_wkb(bytes(blob)),
        )
        for row, blob in rows
    ]


def add(session: Session, entry: PlanDecision, geometry: BaseGeometry, crs: int) -> PlanDecision:
    """Add an entry; ``geometry`` in ``crs``."""
    entry.geom = from_shape(geometry, srid=crs)
    session.add(entry)
    session.flush()
    return entry
