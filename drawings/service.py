"""The use cases of the drawings room, gathered for its callers; each lives in the module named after its subject."""

from __future__ import annotations

from drawings.audit_service import audited_copy
from drawings.review.answers import points_to_answer
from drawings.review.completeness_service import check_completeness, completeness
from drawings.review.draft_service import (
    Part,
    Window,
    drop_draft,
    own_draft,
    own_drafts,
    save_edit_draft,
    save_mark_draft,
    save_opinion_draft,
)
from drawings.review.halting import pause_review, resume_review, supersede_review
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
    save_merge_draft,
)
from drawings.review.presence import Onlooker, gone, here, others_here
from drawings.review.print_service import area_pdf, drawing_set, review_sheet
from drawings.review.reply_service import reply, save_reply_draft
from drawings.review.review_facts import review_standing
from drawings.review.review_feed import events_after, newest_event
from drawings.review.review_service import (
    agreed_revisions,
    get_review,
    open_review,
    review_of_case,
    reviews_of_case,
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
    "Onlooker",
    "Part",
    "Window",
    "add_mark",
    "agreed_revisions",
    "area_pdf",
    "audited_copy",
    "check_completeness",
    "close_mark",
    "close_review",
    "compare_revisions",
    "completeness",
    "current_revision",
    "decide_repairs",
    "drawing_set",
    "drop_draft",
    "edit_mark",
    "events_after",
    "get_review",
    "get_revision",
    "get_revision_file",
    "give_opinion",
    "gone",
    "here",
    "joint_to_plain",
    "keep_photo",
    "marked_copy",
    "newest_event",
    "open_review",
    "others_here",
    "own_draft",
    "own_drafts",
    "packed_sheet",
    "pause_review",
    "place_of",
    "points_to_answer",
    "refused_repairs",
    "reply",
    "resume_review",
    "review_of_case",
    "review_sheet",
    "review_standing",
    "reviews_of_case",
    "revision_areas",
    "revision_models",
    "revisions",
    "save_edit_draft",
    "save_mark_draft",
    "save_merge_draft",
    "save_opinion_draft",
    "save_reply_draft",
    "sheet_geojson",
    "submit_revision",
    "supersede_review",
    "underlay",
]
