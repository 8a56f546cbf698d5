"""How a round of joint review 联合审图 stands in time: working days left or over, with its lamp. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from project_box.kernel.calendar import WorkingCalendar
from project_box.kernel.errors import CalendarMissing


@dataclass(frozen=True, slots=True)
class RoundTime:
    """``lamp``: green, yellow in the last quarter of the round, red when overdue, grey when nothing is counted.

    ``left`` and ``over`` are working days; None where they cannot be told.
    """

    lamp: str
    left: int | None
    over: int | None
    text: str
    text_en: str


def round_time(
    opened: dt.date,
    due: dt.date | None,
    on: dt.date,
    calendar: WorkingCalendar,
    *,
    paused_on: dt.date | None = None,
    closed: bool = False,
) -> RoundTime | None:
    """What the time of a round says on a day.

    Args:
        opened, due: first and last day of the round; None is told of a round without a last day.
        on: today, or the day on which the round was closed. paused_on: since when its time stands still.
    """
    if due is None:
        return None
    until = min(on, paused_on) if paused_on is not None else on
    try:
        over, left = (
            calendar.between(due, until) if until > due else 0,
            calendar.between(until, max(due, until)),
        )
        days = calendar.between(opened, due)
    except CalendarMissing as missing:
        return RoundTime("grey", None, None, f"无法判定：{missing.zh}", f"undecided: {missing.en}")
    if closed:
        late = RoundTime("red", 0, over, f"超期 {over} 个工作日结束", f"closed {over} working days late")
        return late if over else RoundTime("green", left, 0, "按期结束", "closed in time")
    if paused_on is not None:
        return RoundTime(
            "grey", None, over, f"停表，自 {paused_on} 起不计时", f"stopped, not counted since {paused_on}"
        )
    if over:
        return RoundTime("red", 0, over, f"已超期 {over} 个工作日", f"{over} working days overdue")
    lamp = "yellow" if 4 * left <= days else "green"
    return RoundTime(lamp, left, 0, f"还剩 {left} 个工作日", f"{left} working days left")
