"""One agency doing one evaluation for one project: states, deadline lamp, ratings. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from project_box.kernel.calendar import WorkingCalendar
from project_box.kernel.errors import BadInput, CalendarMissing, Conflict


class Status(StrEnum):
    """待接受 → 服务中 → 已交付 → 已评价, or 已拒绝 / 已撤销."""

    PENDING = "pending"
    ACTIVE = "active"
    DELIVERED = "delivered"
    RATED = "rated"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"

    @property
    def zh(self) -> str:
        """Word on the screen."""
        return {
            "pending": "待接受", "active": "服务中", "delivered": "已交付",
            "rated": "已评价", "declined": "已拒绝", "withdrawn": "已撤销",
        }[self.value]  # fmt: skip

    @property
    def en(self) -> str:
        """English word."""
        return {
            "pending": "to accept", "active": "in service", "delivered": "delivered",
            "rated": "rated", "declined": "declined", "withdrawn": "withdrawn",
        }[self.value]  # fmt: skip


#: engagements that still owe a delivery
OPEN = frozenset({Status.PENDING, Status.ACTIVE})
#: engagements that yielded a report
DONE = frozenset({Status.DELIVERED, Status.RATED})
_MOVES: dict[str, tuple[frozenset[Status], Status, str]] = {
    "accept": (frozenset({Status.PENDING}), Status.ACTIVE, "接受"),
    "decline": (frozenset({Status.PENDING}), Status.DECLINED, "拒绝"),
    "deliver": (frozenset({Status.ACTIVE}), Status.DELIVERED, "交付"),
    "rate": (DONE, Status.RATED, "评价"),
    "withdraw": (OPEN, Status.WITHDRAWN, "撤销"),
}


def move(status: Status, action: str) -> Status:
    """The state after an action.

    Raises:
        Conflict: the action is not possible in this state; says which states allow it.
    """
    allowed, after, word = _MOVES[action]
    if status not in allowed:
        states = "、".join(s.zh for s in Status if s in allowed)
        raise Conflict(
            f"该任务{status.zh}，不能{word}", f"cannot {action} while {status.value}", code="engagement_state",
            remedy=f"只有{states}的任务可以{word}",
            remedy_en=f"possible while {' or '.join(s.value for s in Status if s in allowed)}",
            details={"status": status.value},
        )  # fmt: skip
    return after


def possible(status: Status) -> tuple[str, ...]:
    """Actions possible in a state."""
    return tuple(action for action, (allowed, _, _) in _MOVES.items() if status in allowed)


@dataclass(frozen=True, slots=True)
class Lamp:
    """A deadline as colour and words: green, yellow (few working days left), red (overdue), grey (stopped)."""

    colour: str
    text: str
    text_en: str
    days_left: int | None = None


def lamp(
    status: Status, due: dt.date | None, today: dt.date, calendar: WorkingCalendar, *, warn: int = 2
) -> Lamp:
    """The lamp of an engagement.

    Args:
        due: last working day for delivery; None where the calendar does not reach that far.
        warn: working days left at which the lamp turns yellow.
    """
    if status not in OPEN:
        return Lamp("grey", status.zh, status.en)
    if due is None:
        return Lamp("grey", "期限待定（放假安排未公布）", "due date open (holidays not published)")
    try:
        if today > due:
            over = calendar.between(due, today)
            return Lamp("red", f"已超期 {over} 个工作日", f"{over} working days overdue", -over)
        left = calendar.between(today, due)
    except CalendarMissing:
        return Lamp("grey", "期限待定（放假安排未公布）", "due date open (holidays not published)")
    colour = "yellow" if left <= warn else "green"
    return Lamp(colour, f"剩余 {left} 个工作日", f"{left} working days left", left)


def due_date(start: dt.date, days: int, calendar: WorkingCalendar) -> dt.date | None:
    """Last working day of a period of ``days`` after ``start``; None where the holiday notice is not published yet."""
    try:
        return calendar.add(start, days)
    except CalendarMissing:
        return None


#: the five dimensions of a rating
DIMENSIONS: dict[str, tuple[str, str]] = {
    "quality": ("成果质量", "Quality"),
    "timeliness": ("服务时效", "Timeliness"),
    "attitude": ("服务态度", "Attitude"),
    "fee": ("服务收费", "Fee"),
    "standard": ("服务规范", "Conduct"),
}


def check_scores(scores: Mapping[str, Any]) -> dict[str, int]:
    """Five whole numbers from 1 to 5, one for each dimension.

    Raises:
        BadInput: a dimension is missing, unknown or out of range; ``place`` names it.
    """
    unknown = sorted(set(scores) - set(DIMENSIONS))
    if unknown:
        raise BadInput(
            f"没有评价维度 {unknown[0]}", f"unknown dimension {unknown[0]}", code="rating", place=unknown[0]
        )
    checked: dict[str, int] = {}
    for key, (name, _) in DIMENSIONS.items():
        value = scores.get(key)
        text = str(value).strip() if value is not None and not isinstance(value, bool) else ""
        if text not in {"1", "2", "3", "4", "5"}:
            raise BadInput(
                f"{name}应评 1 到 5 分",
                f"{key} must be 1 to 5",
                code="rating",
                place=key,
                remedy=f"为“{name}”选择 1 到 5 分",
                remedy_en=f"choose 1 to 5 for {key}",
            )
        checked[key] = int(text)
    return checked
