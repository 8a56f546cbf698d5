"""What changed since the round before, as the joint review shows it beside the sheet."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from sqlalchemy.orm import Session

from drawings import repository, service
from drawings.comparing.compare_plain import comparison_to_plain, overlay_geojson
from drawings.models import JointReview
from drawings.review.review_service import sheet_changes
from drawings.sheets.sheet_service import RevisionPair
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain


def round_before(session: Session, review: JointReview) -> JointReview | None:
    """The round before a round the reader may see."""
    earlier = [r for r in repository.rounds(session, review.case_id) if r.round < review.round]
    return max(earlier, key=lambda r: r.round, default=None)


def changes_plain(
    session: Session, actor: Actor, review_id: uuid.UUID, number: int | None = None
) -> dict[str, Any]:
    """Differences of a round's revision from that of the round before: by role, on layers without a role, on a sheet.

    Args:
        number: file whose differences are given as ``overlay``, in the units of its sheet.

    Raises:
        NotFound: no such review for this person.
    """
    review = service.get_review(session, actor, review_id)
    earlier = round_before(session, review)
    if earlier is None:
        return {"from": None, "same": False, "placed": [], "roles": [], "layers": [], "overlay": None}
    pair = service.compare_revisions(
        session, actor, review.project_id, earlier.revision.number, review.revision.number
    )
    plain = comparison_to_plain(pair.found)
    layers = [
        to_plain(c)
        for c in sheet_changes(session, earlier.revision, review.revision)
        if c.role in (None, "reference")
    ]
    return {
        "from": {"round": earlier.round, "revision": earlier.revision.number},
        "to": {"round": review.round, "revision": review.revision.number},
        "same": pair.found.empty and not layers,
        "counts": plain["counts"],
        "placed": [{"name": f["name"], "placed": f["placed"]} for f in plain["files"] if f["placed"]],
        "roles": _by_role(plain["changes"]),
        "layers": layers,
        "overlay": _overlay(review, pair, number) if number is not None else None,
        "compare": f"/projects/{review.project_id}/drawings/compare"
        f"?from={earlier.revision.number}&to={review.revision.number}",
    }


def _by_role(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Roles with how much of what happened to them, and the single changes."""
    roles: dict[str, dict[str, Any]] = {}
    for change in changes:
        role = roles.setdefault(
            change["role"],
            {
                "name": change["role_name"],
                "name_en": change["role_name_en"],
                "counts": Counter(),
                "changes": [],
            },
        )
        role["counts"][change["change"]] += 1
        role["changes"].append(change)
    return list(roles.values())


def _overlay(review: JointReview, pair: RevisionPair, number: int) -> dict[str, Any] | None:
    position = number - 1
    row = next((f for f in review.revision.files if f.position == position), None)
    file = next((f for f in pair.found.files if f.file == position), None)
    if row is None or file is None:
        return None
    return overlay_geojson(
        pair.found,
        file=file.file,
        file_before=file.file_before,
        metres_per_unit=float((row.report.get("units") or {}).get("metres_per_unit") or 1.0),
    )
