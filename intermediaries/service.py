"""The use cases of the intermediaries room, gathered for its callers; each lives in the module named after its subject.

For the rooms above: :func:`dispatch` when a case needs its evaluations, :func:`case_lines` to see where they stand,
and the events of :mod:`intermediaries.events`.
"""

from __future__ import annotations

from intermediaries.basics import today
from intermediaries.delivery_service import MAX_REPORT, deliver
from intermediaries.dispatch_service import (
    decide,
    dispatch,
    dispatch_line,
    preview,
    project_facts,
    state_facts,
)
from intermediaries.engagement_service import (
    accept,
    decline,
    get_engagement,
    lamp_of,
    list_engagements,
    may_render,
    rate,
    rating_side,
    withdraw,
)
from intermediaries.line_service import CaseLine, case_lines, open_lines, status_of
from intermediaries.registration import register_agency

__all__ = [
    "MAX_REPORT",
    "CaseLine",
    "accept",
    "case_lines",
    "decide",
    "decline",
    "deliver",
    "dispatch",
    "dispatch_line",
    "get_engagement",
    "lamp_of",
    "list_engagements",
    "may_render",
    "open_lines",
    "preview",
    "project_facts",
    "rate",
    "rating_side",
    "register_agency",
    "state_facts",
    "status_of",
    "today",
    "withdraw",
]
