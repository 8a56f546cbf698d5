"""Joint review, as pages and API show it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository, service
from drawings.models import JointReview, Mark, Opinion, Reply, ReviewEvent, RevisionFile
from drawings.review.carry import rescaled
from drawings.review.disciplines import discipline_name_en, disciplines
from drawings.review.joint_review import Severity, Verdict
from drawings.review.mark_history import Step, mark_history
from drawings.review.review_facts import review_time
from drawings.sheets.local_crs import local_crs
from project_box import service as box
from project_box.kernel.calendar import china_today
from project_box.kernel.errors import NotFound
from project_box.kernel.identity import Actor, Role
from project_box.kernel.plain import to_plain
from web.views.drawings import file_plain
from web.views.projects import project_plain
from web.views.review_changes import round_before


def mark_plain(mark: Mark, numbers: dict[uuid.UUID, int], history: Sequence[Step] = ()) -> dict[str, Any]:
    """A mark with names; ``history`` tells its earlier rounds, newest first."""
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
        "history": to_plain(list(history)),
        "version": mark.version,
        "photo": f"/api/v1/joint-reviews/{mark.review_id}/photos/{mark.photo_id}" if mark.photo_id else None,
    }


def marks_geojson(
    session: Session, actor: Actor, review_id: uuid.UUID, *, on_map: bool = False
) -> dict[str, Any]:
    """All marks of a round as a FeatureCollection in the coordinates of the drawing each lies on.

    ``crs`` names the coordinate system where all of them lie in one, and a local one where they do not: local
    coordinates are nowhere on earth.

    Args:
        on_map: only marks on drawings whose place is known, in metres of their coordinate system.

    Raises:
        NotFound: no such review for this person.
    """
    review = service.get_review(session, actor, review_id)
    files = {f.id: f for f in review.revision.files}
    numbers = {f.id: f.position + 1 for f in review.revision.files}
    marks = list(enumerate(repository.marks(session, review.id), 1))
    placed = {
        f: service.place_of(session, actor, files[f]) for f in {m.file_id for _, m in marks} & files.keys()
    }
    known = Counter(placed[m.file_id] for _, m in marks if placed.get(m.file_id))
    crs = known.most_common(1)[0][0] if known else None
    if on_map:
        marks = [(n, m) for n, m in marks if crs is not None and placed.get(m.file_id) == crs]
    elif any(placed.get(m.file_id) != crs or _metres(files.get(m.file_id)) != 1.0 for _, m in marks):
        crs = None
    features = []
    for number, mark in marks:
        plain, file = mark_plain(mark, numbers), files.get(mark.file_id)
        geometry = plain.pop("geometry")
        facts = {
            "number": number,
            "round": review.round,
            "revision": review.revision.number,
            "file_name": file.name if file else None,
            "unit": "m" if on_map else _units(file).get("unit"),
        }
        features.append(
            {
                "type": "Feature",
                "id": plain["id"],
                "geometry": rescaled(geometry, _metres(file)) if on_map else geometry,
                "properties": {**plain, **facts},
            }
        )
    named: dict[str, object] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs}"}}
    if crs is None:
        named = local_crs({_metres(files.get(m.file_id)) for _, m in marks})
    return {
        "type": "FeatureCollection",
        "name": f"marks-round-{review.round}{'-map' if on_map else ''}",
        "crs": named,
        "features": features,
    }


def _units(file: RevisionFile | None) -> Mapping[str, Any]:
    return (file.report.get("units") or {}) if file else {}


def _metres(file: RevisionFile | None) -> float:
    return float(_units(file).get("metres_per_unit") or 1.0)


def reply_plain(reply: Reply) -> dict[str, Any]:
    """A reply of the design side."""
    return {
        "id": str(reply.id),
        "source": reply.source,
        "text": reply.text,
        "author": reply.author.name,
        "created_at": reply.created_at.isoformat(),
    }


def points_plain(session: Session, review: JointReview) -> list[dict[str, Any]]:
    """What the design side has to answer in a round, each with its reply or None."""
    return [
        {
            "source": p.source,
            "discipline": p.discipline,
            "discipline_name": p.name,
            "discipline_name_en": discipline_name_en(p.discipline),
            "text": p.text,
            "reply": reply_plain(p.reply) if p.reply else None,
        }
        for p in service.points_to_answer(session, review)
    ]


def _joint_opinion(review: JointReview) -> dict[str, Any] | None:
    """The 联审意见 as it was recorded, its entries with English names."""
    recorded: dict[str, Any] | None = review.joint_opinion
    if recorded is None:
        return None
    named = [{**e, "discipline_name_en": discipline_name_en(e["discipline"])} for e in recorded["entries"]]
    return {**recorded, "entries": named}


def event_plain(event: ReviewEvent) -> dict[str, Any]:
    """One happening of a review."""
    return {
        "id": event.id,
        "kind": event.kind,
        "subject": event.subject,
        "created_at": event.created_at.isoformat(),
    }


def onlooker_plain(onlooker: service.Onlooker) -> dict[str, Any]:
    """Somebody else who has the review before them."""
    found = disciplines().disciplines.get(onlooker.discipline or "")
    return {
        "name": onlooker.name,
        "discipline": found.zh if found else None,
        "discipline_en": found.en if found else None,
        "files": list(onlooker.files),
    }


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
    state = service.review_standing(session, review)
    is_open = review.closed_at is None
    earlier = round_before(session, review)
    newest = service.current_revision(session, actor, review.project_id)
    marks = _marks(session, review)
    opinions = _by_discipline(session, review)
    me = _me(session, actor, review, own_project=project.organisation_id == actor.organisation_id)
    me["opinion"] = next((d["opinion"] for d in opinions if d["code"] == me["discipline"]), None)
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
        "newest": newest is not None and newest.id == review.revision_id,
        "newest_revision": newest.number if newest is not None else None,
        "files": _files(review, marks),
        "disciplines": opinions,
        "previous": {"round": earlier.round, "revision": earlier.revision.number} if earlier else None,
        "marks": marks,
        "standing": {
            "complete": state.complete,
            "missing": list(state.missing),
            "verdict": state.verdict.value if state.verdict else None,
            "verdict_name": state.verdict.zh if state.verdict else None,
            "passed": state.passed,
        },
        "verdict": review.verdict,
        "verdict_name": Verdict(review.verdict).zh if review.verdict else None,
        "joint_opinion": _joint_opinion(review),
        "me": me,
        "points": points_plain(session, review) if not is_open else [],
        "clock": to_plain(review_time(review, china_today())) if is_open or review.verdict else None,
        "standing_over": {
            code: {**why, "reason_en": "nothing in its concern has changed"}
            for code, why in (review.standing_over or {}).items()
        },
        "merge": merge_lines(opinions, marks, me["begun"].get(service.Part.MERGE.value, {}))
        if me["can_merge"]
        else [],
        "last_event": service.newest_event(session, actor, review.id),
        "phrases": [
            p.model_dump(mode="json")
            for p in disciplines().phrases
            if me["discipline"] in (None, p.discipline)
        ],
    }


def _marks(session: Session, review: JointReview) -> list[dict[str, Any]]:
    numbers = {f.id: f.position + 1 for f in review.revision.files}
    rows = repository.marks(session, review.id)
    history = mark_history(session, rows)
    return [mark_plain(m, numbers, history.get(m.id, ())) for m in rows]


def _by_discipline(session: Session, review: JointReview) -> list[dict[str, Any]]:
    """The latest opinion of every required discipline, and its earlier ones."""
    given = repository.opinions(session, review.id)
    out = []
    for code in review.disciplines:
        names = disciplines().disciplines.get(code)
        spoken = [opinion_plain(o) for o in given if o.discipline == code]
        out.append(
            {
                "code": code,
                "name": names.zh if names else code,
                "name_en": names.en if names else code,
                "opinion": spoken[-1] if spoken else None,
                "earlier": spoken[:-1],
            }
        )
    return out


def _me(session: Session, actor: Actor, review: JointReview, *, own_project: bool) -> dict[str, Any]:
    """What the reader may do in a round, and what they have begun."""
    is_open = review.closed_at is None
    mine = actor.discipline if actor.has(Role.DISCIPLINE) and actor.discipline in review.disciplines else None
    begun = {part: service.own_drafts(session, actor, review.id, part) for part in service.Part}
    return {
        "id": str(actor.user_id),
        "discipline": mine,
        "can_mark": mine is not None and is_open,
        "can_merge": actor.has(Role.HANDLER, Role.REVIEWER, Role.SIGNER) and is_open,
        "begun": {part.value: drafts[""].content for part, drafts in begun.items() if "" in drafts},
        "drafts": {
            part.value: {of: {"content": d.content, "name": d.name} for of, d in drafts.items()}
            for part, drafts in begun.items()
        },
        "can_reply": own_project and actor.has(Role.DEVELOPER),
    }


def _common(names: Sequence[str]) -> str:
    """What several names begin with, up to a dash, underscore, space or dot in the middle."""
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)
    alike = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[: max(first.rfind(mark, 0, alike) for mark in "-_ ·") + 1]


def _files(review: JointReview, marks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Drawings of the reviewed revision, how many open marks lie on each; ``short`` leaves out what all begin with."""
    drawn = [f for f in review.revision.files if f.report]
    begin = _common([f.name for f in drawn])
    found = Counter(m["file"] for m in marks if m["open"])
    return [
        {
            **file_plain(f),
            "short": f.name.removeprefix(begin).rsplit(".", 1)[0] or f.name,
            "marks": found[f.position + 1],
        }
        for f in drawn
    ]  # fmt: skip


def merge_lines(
    by_discipline: Sequence[Mapping[str, Any]],
    marks: Sequence[Mapping[str, Any]],
    typed: Mapping[str, Mapping[str, str]],
) -> list[dict[str, Any]]:
    """What an officer merges: every latest opinion and open mark, with what has been typed about it so far."""
    lines = [
        {
            "source": f"opinion:{d['opinion']['id']}",
            "name": d["name"],
            "name_en": d["name_en"],
            "mark": None,
            "severity": None,
            "verdict": d["opinion"]["verdict"],
            "original": d["opinion"]["text"] or d["opinion"]["verdict_name"],
        }
        for d in by_discipline
        if d["opinion"]
    ]
    lines += [
        {
            "source": f"mark:{m['id']}", "name": m["discipline_name"], "name_en": m["discipline_name_en"],
            "mark": {"number": number, "id": m["id"]}, "severity": m["severity"], "verdict": None,
            "original": m["text"],
        }
        for number, m in enumerate(marks, 1)
        if m["open"]
    ]  # fmt: skip
    blank = {"fate": "kept", "reason": "", "text": "", "into": ""}
    for line in lines:
        given = {k: v for k, v in typed.get(line["source"], {}).items() if v}
        line["typed"] = {**blank, "text": line["original"], **given}
    return lines


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
