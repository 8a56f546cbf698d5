"""Use cases on versions of a layer that are there already: made current again, ended. Never commits."""

from __future__ import annotations

from sqlalchemy.orm import Session

from gis import repository
from gis.check.buffers import widened
from gis.events import LayerImported
from gis.layers.browsing import named_version
from gis.layers.importing import to_check_crs
from gis.layers.layer import LayerDefinition, layer_catalogue
from gis.layers.loading import PieceWriter, pieces_of
from gis.models import LayerVersion
from project_box import service as box
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


def _pieces_anew(session: Session, row: LayerVersion, definition: LayerDefinition) -> int:
    """Cut the features of a version again, some megabytes of them at a time; gives the number of pieces."""
    writer = PieceWriter(session.connection().connection, row.id)
    for numbers, shapes, attributes in repository.feature_parts(
        session, row.id, attributes=definition.widens
    ):
        checked = to_check_crs(shapes, row.source_crs, row.check_crs)
        if definition.widens:
            checked = widened(checked, attributes, definition, row.check_crs)
        writer.add(pieces_of(checked, numbers, row.check_crs))
    writer.finish()
    return writer.count
