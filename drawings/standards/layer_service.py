"""Use case of whoever gives the layers of a handed-in drawing their roles. Never commits."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from drawings.models import RevisionFile
from drawings.sheets.sheet_pack import unpack
from drawings.sheets.sheet_service import packed_sheet
from drawings.standards.guess import guesses
from drawings.standards.layer_view import layer_views
from project_box.kernel.plain import to_plain


def layer_proposals(session: Session, file: RevisionFile) -> list[dict[str, Any]]:
    """Layers of a file on which something lies: what the standard in use made of each, what its name and contents
    suggest, a picture of it."""
    views = layer_views(unpack(packed_sheet(session, file)))
    out: list[dict[str, Any]] = []
    for layer in file.report.get("layers", []):
        if not layer["entities"]:
            continue
        view = views.get(layer["name"])
        offers = guesses(layer["name"], view.contents if view is not None else None)
        out.append(
            {
                "name": layer["name"],
                "color": layer.get("color"),
                "entities": layer["entities"],
                "role": layer["role"],
                "guesses": [{"role": g.role, "confidence": g.confidence, "why": g.why} for g in offers[:3]],
                "view": to_plain(view) if view is not None else None,
            }
        )
    return sorted(out, key=lambda x: -x["entities"])
