"""Use cases of the approval room. Services never commit; events of lower rooms are handled here.

Applicant: :mod:`approval.filing`. Officers: :mod:`approval.handling`, each of their actions :mod:`approval.acting`.
Reports of lower rooms: :mod:`approval.lower_rooms`. Decisions and licences: :mod:`approval.issuing`.
好差评: :mod:`approval.feedback`.
"""

from __future__ import annotations

from approval.casefile import CaseFile, get_case, item_version, open_file, reading, today
from approval.contesting import contest
from approval.feedback import can_rate, case_rating, rate_case, rating_totals
from approval.filing import (
    attach_material,
    case_materials,
    commit_material,
    discard,
    is_applicant,
    materials_summary,
    remove_material,
    resubmit,
    save_form,
    self_check,
    start_case,
    submit,
    withdraw,
)
from approval.filing import case_materials as materials
from approval.handling import (
    act,
    case_gates,
    draft_opinion,
    get_task,
    preview_notice,
    resolve,
    save_draft,
)
from approval.handling import case_gates as gates
from approval.issuing import (
    case_licence,
    get_licence,
    licence_pdf,
    licence_status,
    reasons,
    revoke,
    verify_code,
    verify_upload,
)
from approval.item import load_items

__all__ = [
    "CaseFile",
    "act",
    "attach_material",
    "can_rate",
    "case_gates",
    "case_licence",
    "case_materials",
    "case_rating",
    "commit_material",
    "contest",
    "discard",
    "draft_opinion",
    "gates",
    "get_case",
    "get_licence",
    "get_task",
    "is_applicant",
    "item_version",
    "licence_pdf",
    "licence_status",
    "load_items",
    "materials",
    "materials_summary",
    "open_file",
    "preview_notice",
    "rate_case",
    "rating_totals",
    "reading",
    "reasons",
    "remove_material",
    "resolve",
    "resubmit",
    "revoke",
    "save_draft",
    "save_form",
    "self_check",
    "start_case",
    "submit",
    "today",
    "verify_code",
    "verify_upload",
    "withdraw",
]
