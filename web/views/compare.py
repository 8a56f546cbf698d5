"""The comparison of two revisions, as page and API show it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository, service
from drawings.areas.area_table import area_table
from drawings.comparing.area_compare import compare_areas, figures_to_plain
from drawings.comparing.compare_plain import comparison_to_plain, overlay_geojson
from drawings.models import Revision
from drawings.sheets.sheet_service import RevisionPair
from elements.change_service import revision_indicators
from elements.indicator_changes import IndicatorChange
from project_box import service as box
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from web.views.drawings import file_plain
from web.views.projects import project_plain


def compare_plain(
    session: Session, actor: Actor, project_id: uuid.UUID, before: int | None = None, after: int | None = None
) -> dict[str, Any]:
    """Differences of two revisions: ``from, to, counts, files, roles, indicators, figures, changes``.

    Each file has an ``overlay``; each indicator and figure names the changes behind its difference by their ``id``.

    Raises:
        NotFound: no such project or revision for this person.
    """
    pair = service.compare_revisions(session, actor, project_id, before, after)
    plain = comparison_to_plain(pair.found)
    for entry in plain["files"]:
        _sheet(entry, pair)
    tables = [area_table([m for _, m in models]) for models in (pair.models_before, pair.models_after)]
    return {
        "project_id": str(project_id),
        "from": _revision(pair.before),
        "to": _revision(pair.after),
        "figures": figures_to_plain(compare_areas(*tables)),
        "indicators": _indicators(revision_indicators(session, actor, project_id, pair), plain["changes"]),
        **plain,
    }


def _revision(row: Revision) -> dict[str, Any]:
    return {"revision": row.number, "revision_id": str(row.id), "created_at": row.created_at.isoformat()}


def _sheet(entry: dict[str, Any], pair: RevisionPair) -> None:
    """Add the sheet a file's differences are shown on, and the differences in its units."""
    here = entry["file"] is not None
    position = entry["file"] if here else entry["file_before"]
    row = next(f for f in (pair.after if here else pair.before).files if f.position == position)
    entry["sheet"] = file_plain(row)["sheet"]
    entry["overlay"] = overlay_geojson(
        pair.found,
        file=entry["file"],
        file_before=entry["file_before"],
        metres_per_unit=float((row.report.get("units") or {}).get("metres_per_unit") or 1.0),
    )


def _indicators(found: Sequence[IndicatorChange], changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Indicators with their causes; a cause carries what names its shape: role, label, handle, file."""
    by_id = {c["id"]: c for c in changes}
    named = ("change", "change_name", "role", "role_name", "role_name_en", "label", "handle", "handle_before",
             "n", "n_before")  # fmt: skip
    return [
        {
            **to_plain(f),
            "causes": [
                {**{k: by_id[c.change][k] for k in named}, "id": c.change, "delta": to_plain(c.delta),
                 "decides": c.decides}
                for c in f.causes
            ],
        }
        for f in found
    ]  # fmt: skip


def compare_view(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    before: int | None = None,
    after: int | None = None,
    file: int | None = None,
) -> dict[str, Any]:
    """What the page of the comparison shows; ``shown`` is the number of a file in the list, from 1.

    Raises:
        NotFound: no such project or revision for this person.
    """
    project = box.get_project(session, actor, project_id)
    rows = repository.revisions(session, actor, project_id)
    found = compare_plain(session, actor, project_id, before, after)
    changed = [i for i, f in enumerate(found["files"], 1) if f["overlay"]["features"] and f["sheet"]]
    usable = [i for i, f in enumerate(found["files"], 1) if f["sheet"]]
    shown = file if file in usable else next(iter(changed or usable), None)
    pages = {
        change["id"]: i
        for i, f in enumerate(found["files"], 1)
        if f["sheet"]
        for change in found["changes"]
        if (change["n"] is not None and change["n"] == f["n"])
        or (change["n"] is None and change["n_before"] == f["n_before"])
    }
    return {
        "project": project_plain(project),
        "revisions": [r.number for r in rows],
        "found": found,
        "shown": shown,
        "sheet": found["files"][shown - 1] if shown else None,
        "pages": pages,
    }
