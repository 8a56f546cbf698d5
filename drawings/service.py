"""The use cases of the drawings room, gathered for its callers; each lives in the module named after its subject."""

from __future__ import annotations

from drawings.review.answers import points_to_answer
from drawings.review.completeness_service import check_completeness, completeness
from drawings.review.draft_service import (
    Part,
    drop_draft,
    own_draft_part,
    save_edit_draft,
    save_mark_draft,
)
from drawings.review.mark_service import (
    add_mark,
    close_mark,
    edit_mark,
    keep_photo,
    marked_copy,
)
from drawings.review.opinion_service import (
    close_review,
    give_opinion,
    joint_to_plain,
    own_draft,
    own_merge_draft,
    save_draft,
    save_merge_draft,
)
from drawings.review.print_service import area_pdf, drawing_set, review_sheet
from drawings.review.reply_service import drop_reply_draft, own_reply_draft, reply, save_reply_draft
from drawings.review.review_facts import review_standing
from drawings.review.review_feed import events_after, newest_event
from drawings.review.review_service import (
    agreed_revisions,
    get_review,
    open_review,
    review_of_case,
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
)
from drawings.shapes.repair_service import decide_repairs, refused_repairs
from drawings.sheets.sheet_service import compare_revisions, packed_sheet, revision_areas, sheet_geojson
from drawings.sheets.underlay_service import place_of, underlay

__all__ = [
    "Part",
    "add_mark",
    "agreed_revisions",
    "area_pdf",
    "check_completeness",
    "close_mark",
    "close_review",
    "compare_revisions",
    "completeness",
    "current_revision",
    "decide_repairs",
    "drawing_set",
    "drop_draft",
    "drop_reply_draft",
    "edit_mark",
    "events_after",
    "get_review",
    "get_revision",
    "get_revision_file",
    "give_opinion",
    "joint_to_plain",
    "keep_photo",
    "marked_copy",
    "newest_event",
    "open_review",
    "own_draft",
    "own_draft_part",
    "own_merge_draft",
    "own_reply_draft",
    "packed_sheet",
    "place_of",
    "points_to_answer",
    "refused_repairs",
    "reply",
    "review_of_case",
    "review_sheet",
    "review_standing",
    "reviews_of_case",
    "revision_areas",
    "revision_models",
    "revisions",
    "save_draft",
    "save_edit_draft",
    "save_mark_draft",
    "save_merge_draft",
    "save_reply_draft",
    "sheet_geojson",
    "submit_revision",
    "supersede_review",
    "underlay",
]
