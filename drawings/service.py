"""The use cases of the drawings room, gathered for its callers; each lives in the module named after its subject."""

from __future__ import annotations

from drawings.mark_service import add_mark, close_mark, marked_copy
from drawings.opinion_service import close_review, give_opinion, joint_to_plain, own_draft, save_draft
from drawings.review_service import (
    get_review,
    open_review,
    review_of_case,
    review_standing,
    reviews_of_case,
    supersede_review,
)
from drawings.revision_service import (
    current_revision,
    get_revision,
    get_revision_file,
    revision_models,
    revisions,
    submit_revision,
    summarise,
)
from drawings.sheet_service import compare_revisions, packed_sheet, revision_areas, sheet_geojson

__all__ = [
    "add_mark",
    "close_mark",
    "close_review",
    "compare_revisions",
    "current_revision",
    "get_review",
    "get_revision",
    "get_revision_file",
    "give_opinion",
    "joint_to_plain",
    "marked_copy",
    "open_review",
    "own_draft",
    "packed_sheet",
    "review_of_case",
    "review_standing",
    "reviews_of_case",
    "revision_areas",
    "revision_models",
    "revisions",
    "save_draft",
    "sheet_geojson",
    "submit_revision",
    "summarise",
    "supersede_review",
]
