"""Use cases on versions of a layer that are there already: made current again, ended. Never commits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from gis import repository
from gis.check.conflict import Period
from gis.events import LayerImported
from gis.layers import copying
from gis.layers.browsing import named_version
from gis.layers.buffers import widened
from gis.layers.importing import checked_period, to_check_crs
from gis.layers.layer import LayerDefinition, layer_catalogue
from gis.layers.loading import pieces_of
from gis.models import LayerVersion
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor


def activate_version(
    session: Session, actor: Actor | None, code: str, version: str, *, reason: str = ""
) -> LayerVersion:
    """Make an older version current again (its pieces are made anew); ``reason`` goes into the audit chain.

    Raises:
        NotFound: no such version.
    """
    definition = layer_catalogue().get(code)
    repository.lock_layer(session, definition.code)
    row = named_version(session, definition, version)
    if row.current:
        return row
    copying.delete_pieces(session.connection().connection, repository.other_versions(session, row))
    row.piece_count = _pieces_anew(session, row, definition)
    session.flush()
    repository.retire_others(session, row)
    repository.analyze(session, row.piece_count)
    why = {"reason": reason} if reason else {}
    box.record_audit(
        session, actor, "gis.layer.activated", f"layer:{definition.code}", {"version": version} | why
    )
    publish(session, LayerImported(definition.code, row.id))
    return row


def end_version(
    session: Session,
    actor: Actor | None,
    code: str,
    version: str,
    valid_to: dt.date | None,
    *,
    reason: str,
) -> LayerVersion:
    """Say until which day a version holds; ``reason`` goes into the audit chain with what stood there before.

    Checks notice at once, in all processes: the pieces of the layer's current version get another key.

    Args:
        valid_to: the last day; None takes an end back.

    Raises:
        NotFound: no such layer or version.
        BadInput: no reason, or the day is before the version's first.
    """
    definition = layer_catalogue().get(code)
    why = reason.strip()
    if not why:
        raise BadInput(
            "请写明失效的理由",
            "say why the version ends",
            code="required",
            place="reason",
            remedy="写明理由；理由记入审计",
            remedy_en="give the reason; it is kept in the audit trail",
        )
    repository.lock_layer(session, definition.code)
    row = named_version(session, definition, version)
    period = checked_period(Period(row.version, row.valid_from, valid_to))
    if row.valid_to == period.valid_to:
        return row
    before, row.valid_to = row.valid_to, period.valid_to
    session.flush()
    repository.renew_pieces_key(session, definition.code)
    box.record_audit(
        session,
        actor,
        "gis.layer.ended",
        f"layer:{definition.code}",
        {
            "version": row.version,
            "valid_to": period.valid_to.isoformat() if period.valid_to else None,
            "before": before.isoformat() if before else None,
            "reason": why,
        },
    )
    return row


def _pieces_anew(session: Session, row: LayerVersion, definition: LayerDefinition) -> int:
    """Cut the features of a version again, some megabytes of them at a time; gives the number of pieces."""
    count = 0
    for numbers, shapes, attributes in repository.feature_parts(
        session, row.id, attributes=definition.widens
    ):
        checked = to_check_crs(shapes, row.source_crs, row.check_crs)
        if definition.widens:
            checked = widened(checked, attributes, definition, row.check_crs)
        pieces = pieces_of(checked, numbers, row.check_crs)
        copying.copy_pieces(session.connection().connection, pieces.rows(row.id))
        count += len(pieces.shapes)
    return count
