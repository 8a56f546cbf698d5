"""Joint review: its rounds, what changed between them, and its page."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from drawings import service
from project_box.kernel.errors import PlatformError
from web.deps import ActorDep, SessionDep, render
from web.routes.drawings import positive
from web.views import joint_review as views
from web.views import review_changes as changed
from web.views.completeness import completeness_plain

pages = APIRouter()
api = APIRouter(prefix="/api/v1", tags=["joint review"])


@api.get("/cases/{case_id}/joint-review")
def joint_review(session: SessionDep, actor: ActorDep, case_id: uuid.UUID) -> dict[str, Any]:
    """The newest round of a case: files, marks, opinions, standing; ``rounds`` lists all."""
    review = views.review_of_case(session, actor, case_id)
    return {
        **views.review_view(session, actor, review),
        "rounds": views.rounds_plain(session, actor, case_id),
    }


@api.get("/joint-reviews/{review_id}")
def one_review(session: SessionDep, actor: ActorDep, review_id: uuid.UUID) -> dict[str, Any]:
    """One round."""
    return views.review_view(session, actor, service.get_review(session, actor, review_id))


@api.get("/joint-reviews/{review_id}/changes")
def changes(
    session: SessionDep,
    actor: ActorDep,
    review_id: uuid.UUID,
    file: Annotated[int | None, Query(ge=1)] = None,
) -> dict[str, Any]:
    """What changed since the round before; ``file`` adds the differences on that sheet as GeoJSON."""
    return changed.changes_plain(session, actor, review_id, file)


@pages.get("/joint-reviews/{review_id}/changes")
def changes_part(
    request: Request, session: SessionDep, actor: ActorDep, review_id: uuid.UUID, file: str = ""
) -> Response:
    """The same as a part of the page of the review."""
    shown = positive(file)
    found = changed.changes_plain(session, actor, review_id, shown)
    return render(request, "drawings/_changes.html", changes=found, shown=shown)


@pages.get("/cases/{case_id}/review")
def review_page(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    round: str = "",
    file: str = "",
) -> Response:
    """Joint review: sheet, marks, opinions of all disciplines, merging."""
    return review_page_with(request, session, actor, case_id, None, wanted=positive(round), file=file)


def review_page_with(
    request: Request,
    session: SessionDep,
    actor: ActorDep,
    case_id: uuid.UUID,
    error: PlatformError | None,
    *,
    wanted: int | None = None,
    file: str = "",
    merging: Mapping[str, Mapping[str, str]] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of a case's review, with an error to show.

    Args:
        merging: what was typed about each entry. typed: the opinion that was refused.
    """
    review = views.review_of_case(session, actor, case_id)
    if wanted is not None:
        review = next(
            (r for r in service.reviews_of_case(session, actor, case_id) if r.round == wanted), review
        )
    view = views.review_view(session, actor, review)
    if merging is not None and view["me"]["can_merge"]:
        view["merge"] = views.merge_lines(view["disciplines"], view["marks"], merging)
    shown = next((f for f in view["files"] if file == str(f["n"])), None) or next(
        (f for f in view["files"] if f["kind"] == "site_plan"), view["files"][0] if view["files"] else None
    )
    return render(
        request,
        "drawings/review.html",
        status=error.status if error else 200,
        review=view,
        shown=shown,
        rounds=views.rounds_plain(session, actor, case_id),
        completeness=completeness_plain(session, actor, review.id),
        error=error,
        typed=typed,
    )
