"""Where an evaluation line of a case stands. Pure."""

from __future__ import annotations

from enum import StrEnum

from intermediaries.engagement import DONE, OPEN, Status


class LineStatus(StrEnum):
    """What became of one evaluation for one case."""

    NEEDED = "needed"
    DISPATCHED = "dispatched"
    DELIVERED = "delivered"
    SHARED = "shared"
    DROPPED = "dropped"
    UNDECIDED = "undecided"
    NOT_NEEDED = "not_needed"

    @property
    def zh(self) -> str:
        """Word on the screen."""
        return {
            "needed": "待派单", "dispatched": "已派单", "delivered": "已交付", "shared": "共享区域评估",
            "dropped": "不再要求", "undecided": "无法判定", "not_needed": "不需要",
        }[self.value]  # fmt: skip

    @property
    def en(self) -> str:
        """English word."""
        return {
            "needed": "to dispatch", "dispatched": "dispatched", "delivered": "delivered",
            "shared": "shared from regional evaluation", "dropped": "dropped",
            "undecided": "undecided", "not_needed": "not needed",
        }[self.value]  # fmt: skip


#: lines that still owe a delivery
OWING = frozenset({LineStatus.NEEDED, LineStatus.DISPATCHED})


def line_status(*, needed: str, shared: bool, decision: str | None, statuses: list[Status]) -> LineStatus:
    """Status of a line.

    Args:
        needed: yes, no or undecided, as the rule said.
        shared: a regional evaluation replaces it.
        decision: the officer's: ``required``, ``dropped`` or None.
        statuses: of its engagements.
    """
    if any(status in DONE for status in statuses):
        return LineStatus.DELIVERED
    if decision == "dropped":
        return LineStatus.DROPPED
    if any(status in OPEN for status in statuses):
        return LineStatus.DISPATCHED
    if decision == "required":
        return LineStatus.NEEDED
    if needed == "yes":
        return LineStatus.SHARED if shared else LineStatus.NEEDED
    return LineStatus.UNDECIDED if needed == "undecided" else LineStatus.NOT_NEEDED
