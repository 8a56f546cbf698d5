"""Drawings and joint review, as pages and API show them."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository, service
from drawings.area_table import area_table_to_plain
from drawings.compare import comparison_to_plain, overlay_geojson
from drawings.disciplines import disciplines
from drawings.joint_review import Severity, Verdict
from drawings.models import JointReview, Mark, Opinion, Revision, RevisionFile
from drawings.standards import load_standards, roles
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.kernel.identity import Actor, Role
from web.views.projects import project_plain

KINDS = {
    "site_plan": ("总平面图", "Site plan"),
    "building": ("单体图", "Building"),
    "other": ("其他", "Other"),
}
_LEVELS = ("error", "warning", "info")


def file_plain(file: RevisionFile) -> dict[str, Any]:
    """A file of a revision without its report."""
    zh, en = KINDS[file.kind]
    n = file.position + 1
    standard = load_standards().get(file.standard or "")
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
        "standard_name": standard.name if standard else None,
        "standard_name_en": standard.name_en if standard else None,
        "units": file.report.get("units"),
        "counts": {level: counts.get(level, 0) for level in _LEVELS},
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
    view: dict[str, Any] = {
        "project": project_plain(project),
        "own": project.organisation_id == actor.organisation_id and actor.has(Role.DEVELOPER),
        "standards": [
            {"code": s.code, "name": s.name, "name_en": s.name_en} for s in load_standards().values()
        ],
        "revisions": [
            {"number": r.number, "created_at": r.created_at.isoformat(), "summary": r.summary} for r in rows
        ],
        "current": None,
        "shown": None,
        "report": None,
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
    view["report"] = shown.report or None
    return view


def _shown(revision: Revision, wanted: str | None) -> RevisionFile:
    files = revision.files
    if wanted:
        for file in files:
            if wanted in (str(file.position + 1), file.sha256, file.name):
                return file
        raise NotFound("这一版图纸没有这个文件", f"no file {wanted!r} in this revision")
    return next((f for f in files if f.kind == "site_plan"), files[0])


# --- comparing revisions ----------------------------------------------------------------------------------------------


def compare_plain(
    session: Session, actor: Actor, project_id: uuid.UUID, before: int | None = None, after: int | None = None
) -> dict[str, Any]:
    """Differences of two revisions: ``from, to, counts, files, roles, changes`` and an ``overlay`` for each file.

    Raises:
        NotFound: no such project or revision for this person.
    """
    old, new, found = service.compare_revisions(session, actor, project_id, before, after)
    plain = comparison_to_plain(found)
    for entry in plain["files"]:
        file = entry["file"] is not None
        row = next(
            f
            for f in (new if file else old).files
            if f.position == (entry["file"] if file else entry["file_before"])
        )
        entry["sheet"] = file_plain(row)["sheet"]
        units = row.report.get("units") or {}
        entry["overlay"] = overlay_geojson(
            found,
            file=entry["file"],
            file_before=entry["file_before"],
            metres_per_unit=float(units.get("metres_per_unit") or 1.0),
        )
    return {
        "project_id": str(project_id),
        "from": {
            "revision": old.number,
            "revision_id": str(old.id),
            "created_at": old.created_at.isoformat(),
        },
        "to": {"revision": new.number, "revision_id": str(new.id), "created_at": new.created_at.isoformat()},
        **plain,
    }


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
    return {
        "project": project_plain(project),
        "revisions": [r.number for r in rows],
        "found": found,
        "shown": shown,
        "sheet": found["files"][shown - 1] if shown else None,
    }


def areas_plain(
    session: Session, actor: Actor, project_id: uuid.UUID, number: int | None = None
) -> dict[str, Any]:
    """建筑面积统计表 of a revision.

    Raises:
        NotFound: no such project or revision for this person.
    """
    revision, table = service.revision_areas(session, actor, project_id, number)
    return {"revision": revision.number, "revision_id": str(revision.id), **area_table_to_plain(table)}


# --- joint review -----------------------------------------------------------------------------------------------------


def mark_plain(mark: Mark, numbers: dict[uuid.UUID, int]) -> dict[str, Any]:
    """A mark with names."""
    known = disciplines().disciplines
    found = known.get(mark.discipline)
    return {
        "id": str(mark.id),
        "file": numbers.get(mark.file_id),
        "discipline": mark.discipline,
        "discipline_name": found.zh if found else mark.discipline,
        "discipline_name_en": found.en if found else mark.discipline,
        "kind": mark.kind,
        "severity": mark.severity,
        "severity_name": Severity(mark.severity).zh,
        "clause": mark.clause,
        "text": mark.text,
        "geometry": mark.geometry,
        "handle": mark.handle,
        "author": mark.author.name,
        "created_at": mark.created_at.isoformat(),
        "open": mark.closed_at is None,
        "closing_note": mark.closing_note,
        "carried": mark.carried_from is not None,
    }


def marks_geojson(session: Session, actor: Actor, review_id: uuid.UUID) -> dict[str, Any]:
    """All marks of a round as a FeatureCollection in the coordinates of the drawing each lies on.

    Raises:
        NotFound: no such review for this person.
    """
    review = service.get_review(session, actor, review_id)
    files = {f.id: f for f in review.revision.files}
    numbers = {f.id: f.position + 1 for f in review.revision.files}
    features = []
    for number, mark in enumerate(repository.marks(session, review.id), 1):
        plain = mark_plain(mark, numbers)
        geometry = plain.pop("geometry")
        file = files.get(mark.file_id)
        units = (file.report.get("units") or {}) if file else {}
        features.append(
            {
                "type": "Feature",
                "id": plain["id"],
                "geometry": geometry,
                "properties": {
                    **plain,
                    "number": number,
                    "round": review.round,
                    "revision": review.revision.number,
                    "file_name": file.name if file else None,
                    "unit": units.get("unit"),
                },
            }
        )
    return {"type": "FeatureCollection", "name": f"marks-round-{review.round}", "features": features}


def opinion_plain(opinion: Opinion) -> dict[str, Any]:
    """A submitted opinion."""
    return {
        "id": str(opinion.id),
        "discipline": opinion.discipline,
        "verdict": opinion.verdict,
        "verdict_name": Verdict(opinion.verdict).zh,
        "text": opinion.text,
        "version": opinion.version,
        "author": opinion.author.name,
        "created_at": opinion.created_at.isoformat(),
    }


def review_view(session: Session, actor: Actor, review: JointReview) -> dict[str, Any]:
    """Everything the joint review page shows: files, marks, opinions by discipline, standing, what the actor may do."""
    project = box.get_project(session, actor, review.project_id)
    known = disciplines()
    numbers = {f.id: f.position + 1 for f in review.revision.files}
    given = repository.opinions(session, review.id)
    state = service.review_standing(session, review)
    is_open = review.closed_at is None
    mine = actor.discipline if actor.has(Role.DISCIPLINE) and actor.discipline in review.disciplines else None
    draft = service.own_draft(session, actor, review.id) if mine and is_open else None
    by_discipline = []
    for code in review.disciplines:
        names = known.disciplines.get(code)
        history = [opinion_plain(o) for o in given if o.discipline == code]
        by_discipline.append(
            {
                "code": code,
                "name": names.zh if names else code,
                "name_en": names.en if names else code,
                "opinion": history[-1] if history else None,
                "earlier": history[:-1],
            }
        )
    return {
        "id": str(review.id),
        "case_id": str(review.case_id),
        "project": project_plain(project),
        "round": review.round,
        "revision": review.revision.number,
        "revision_id": str(review.revision_id),
        "due": review.due.isoformat() if review.due else None,
        "opened_at": review.opened_at.isoformat(),
        "closed_at": review.closed_at.isoformat() if review.closed_at else None,
        "open": is_open,
        "files": [file_plain(f) for f in review.revision.files if f.report],
        "disciplines": by_discipline,
        "marks": [mark_plain(m, numbers) for m in repository.marks(session, review.id)],
        "standing": {
            "complete": state.complete,
            "missing": list(state.missing),
            "verdict": state.verdict.value if state.verdict else None,
            "verdict_name": state.verdict.zh if state.verdict else None,
            "passed": state.passed,
        },
        "verdict": review.verdict,
        "verdict_name": Verdict(review.verdict).zh if review.verdict else None,
        "joint_opinion": review.joint_opinion,
        "me": {
            "discipline": mine,
            "can_mark": mine is not None and is_open,
            "can_merge": actor.has(Role.HANDLER, Role.REVIEWER, Role.SIGNER) and is_open,
            "draft": {"verdict": draft.verdict, "text": draft.text, "saved_at": draft.saved_at.isoformat()}
            if draft
            else None,
        },
        "phrases": [p.model_dump(mode="json") for p in known.phrases if mine is None or p.discipline == mine],
    }


def review_of_case(session: Session, actor: Actor, case_id: uuid.UUID) -> JointReview:
    """The newest round of a case.

    Raises:
        NotFound: none for this person.
    """
    review = service.review_of_case(session, actor, case_id)
    if review is None:
        raise NotFound("这个办件还没有联合审图，或您无权查看", "no joint review of this case for this person")
    return review


def rounds_plain(session: Session, actor: Actor, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """All rounds of a case, newest first."""
    return [
        {
            "id": str(r.id),
            "round": r.round,
            "revision": r.revision.number,
            "opened_at": r.opened_at.isoformat(),
            "closed_at": r.closed_at.isoformat() if r.closed_at else None,
            "verdict": r.verdict,
            "verdict_name": Verdict(r.verdict).zh if r.verdict else None,
        }
        for r in service.reviews_of_case(session, actor, case_id)
    ]
