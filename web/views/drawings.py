"""Drawings and joint review, as pages and API show them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from sqlalchemy.orm import Session

from drawings import repository, service
from drawings.areas.area_table import area_table_to_plain
from drawings.audit_service import COPY_UP_TO_BYTES
from drawings.hand_in_service import open_hand_in
from drawings.models import HandIn, Revision, RevisionFile
from drawings.review.answers import unanswered
from drawings.set_reading import Phase
from drawings.shapes.repair_service import refused_repairs
from drawings.standards.standard_service import built_standards, named_standard
from drawings.standards.standards import load_standards, roles
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from project_box.kernel.settings import get_settings
from web.views.drawing_measures import measures_plain
from web.views.projects import project_plain

KINDS = {
    "site_plan": ("总平面图", "Site plan"),
    "building": ("单体图", "Building"),
    "other": ("其他", "Other"),
}
#: repairs whose place the page can show; the others are in the JSON
_MOST_REPAIRS = 500
_LEVELS = ("error", "warning", "info")


def file_plain(file: RevisionFile) -> dict[str, Any]:
    """A file of a revision without its report."""
    zh, en = KINDS[file.kind]
    n = file.position + 1
    standard = file.report.get("standard") or {}
    counts = Counter(i["level"] for i in file.report.get("issues", []))
    return {
        "n": n,
        "name": file.name,
        "kind": file.kind,
        "kind_name": zh,
        "kind_name_en": en,
        "sha256": file.sha256,
        "file_id": str(file.file_id),
        "standard": file.standard,
        "standard_name": standard.get("name") or file.standard,
        "standard_name_en": standard.get("name_en") or file.standard,
        "units": file.report.get("units"),
        "counts": {level: counts.get(level, 0) for level in _LEVELS},
        "proposal": {k: v for k, v in (file.report.get("proposal") or {}).items() if k in ("layers", "roles")}
        or None,
        "map": f"/api/v1/revisions/{file.revision_id}/files/{n}/map.geojson"
        if file.kind == "site_plan" or (file.report.get("georeference") or {}).get("epsg")
        else None,
        "sheet": f"/api/v1/revisions/{file.revision_id}/files/{n}/sheet.geojson" if file.report else None,
    }


def revision_plain(revision: Revision) -> dict[str, Any]:
    """A revision, its files and all issues."""
    return {
        "revision": revision.number,
        "revision_id": str(revision.id),
        "created_at": revision.created_at.isoformat(),
        "files": [file_plain(f) for f in revision.files],
        "issues": [
            {**issue, "n": f.position + 1} for f in revision.files for issue in f.report.get("issues", [])
        ],
        "summary": revision.summary,
    }


def hand_in_plain(row: HandIn) -> dict[str, Any]:
    """A large hand-in: ``state`` is waiting, reading, done or failed; ``done`` of ``total`` files are read.

    ``stage`` says how far the file being read (``reading``) has come, of ``stages`` in their order.
    """
    return {
        "hand_in": str(row.id),
        "state": row.state,
        "files": [{"name": f["name"], "size": f["size"]} for f in row.files],
        "done": row.done,
        "total": len(row.files),
        "reading": row.reading,
        "stage": row.stage,
        "stages": [phase.value for phase in Phase],
        "revision_id": str(row.revision_id) if row.revision_id else None,
        "error": row.error,
        "created_at": row.created_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "status": f"/api/v1/projects/{row.project_id}/hand-ins/{row.id}",
    }


def drawings_plain(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest revision; ``revision`` is None while there is none."""
    box.get_project(session, actor, project_id)
    current = service.current_revision(session, actor, project_id)
    if current is None:
        return {"revision": None, "revision_id": None, "files": [], "issues": [], "summary": None}
    return revision_plain(current)


def drawings_view(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    number: int | None = None,
    file: str | None = None,
) -> dict[str, Any]:
    """What the drawings page shows.

    Args:
        number: revision; the newest if None.
        file: number, SHA-256 or name of the file to show first; the site plan, else the first, if None.

    Raises:
        NotFound: no such project, revision or file for this person.
    """
    project = box.get_project(session, actor, project_id)
    rows = repository.revisions(session, actor, project_id)
    waiting = open_hand_in(session, actor, project_id)
    own = project.organisation_id == actor.organisation_id and actor.has(Role.DEVELOPER)
    asked = unanswered(session, project_id) if own else None
    view: dict[str, Any] = {
        "unanswered": {"round": asked[0].round, "count": len(asked[1]), "case": str(asked[0].case_id)}
        if asked
        else None,
        "upload_mb": get_settings().max_upload_bytes // 1_000_000,
        "hand_in": hand_in_plain(waiting) if waiting is not None else None,
        "project": project_plain(project),
        "own": own,
        "standards": [
            {"code": s.code, "name": s.name, "name_en": s.name_en} for s in load_standards().values()
        ]
        + [named_standard(b) for b in built_standards(session, actor)],
        "revisions": [
            {"number": r.number, "created_at": r.created_at.isoformat(), "summary": r.summary} for r in rows
        ],
        "current": None,
        "shown": None,
        "copied": False,
        "report": None,
        "measures": None,
        "proposal": None,
        "refused": {},
        "repair_overlay": [],
        "role_names": {code: {"zh": r.zh, "en": r.en} for code, r in roles().roles.items()},
    }
    if not rows:
        return view
    chosen = rows[0] if number is None else next((r for r in rows if r.number == number), None)
    if chosen is None:
        raise NotFound(f"没有第 {number} 版图纸", f"no revision {number}")
    shown = _shown(chosen, file)
    view["current"] = revision_plain(chosen)
    view["shown"] = file_plain(shown)
    view["copied"] = box.get_file(session, actor, shown.file_id).size <= COPY_UP_TO_BYTES
    view["report"] = shown.report or None
    view["refused"] = refused_repairs(session, chosen)
    measured = (shown.report or {}).get("measures")
    view["measures"] = measures_plain(measured) if measured else None
    view["proposal"] = _proposal((shown.report or {}).get("proposal"))
    view["repair_overlay"] = _repair_overlay(shown.report)
    return view


def _proposal(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the proposed roles would give, arranged for the page."""
    if not found:
        return None
    return {**found, "measures": measures_plain(found["measures"])}


def _repair_overlay(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Geometry before and after of the repairs of a file, in the drawing units of its sheet; ``id`` counts from 1."""
    metres = float((report.get("units") or {}).get("metres_per_unit") or 1.0)
    features: list[dict[str, Any]] = []
    for number, repair in enumerate(report.get("repairs", [])[:_MOST_REPAIRS], 1):
        for when in ("before", "after"):
            if repair.get(when):
                geometry = shapely.transform(shape(repair[when]), lambda xy: xy / metres)
                features.append(
                    {
                        "type": "Feature",
                        "properties": {"id": number, "change": "reshaped", "when": when},
                        "geometry": to_plain(mapping(geometry)),
                    }
                )
    return features


def _shown(revision: Revision, wanted: str | None) -> RevisionFile:
    files = revision.files
    if wanted:
        for file in files:
            if wanted in (str(file.position + 1), file.sha256, file.name):
                return file
        raise NotFound("这一版图纸没有这个文件", f"no file {wanted!r} in this revision")
    return next((f for f in files if f.kind == "site_plan"), files[0])


def areas_plain(
    session: Session, actor: Actor, project_id: uuid.UUID, number: int | None = None
) -> dict[str, Any]:
    """建筑面积统计表 of a revision.

    Raises:
        NotFound: no such project or revision for this person.
    """
    revision, table = service.revision_areas(session, actor, project_id, number)
    return {"revision": revision.number, "revision_id": str(revision.id), **area_table_to_plain(table)}
