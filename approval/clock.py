"""时限: a case's clock is a log of events; every figure on the screen is computed from it.

Convention. Days are counted after the start day (民法典 art. 201; 行政许可法 art. 82): an event takes effect on the
following day, so the day on which something happens still belongs to the state before it. Hence *our* days
(clock running) and *their* days (clock paused) always add up to the days from start to today. With several
events on one day, that day belongs to the state before the first of them.

Limits. 承诺时限 is what the bureau promises and what the lamps follow; 法定时限 is the hard stop of the law. A
limit may be stated in working days or in calendar days; both are counted over the same log.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from project_box.kernel.errors import BadInput, CalendarMissing, Conflict


class Calendar(Protocol):
    """What a clock needs of a calendar (:class:`project_box.kernel.calendar.WorkingCalendar` is one)."""

    def is_working(self, day: dt.date) -> bool:
        """True if the day counts."""
        ...

    def add(self, start: dt.date, days: int) -> dt.date:
        """The day on which the ``days``-th counting day after ``start`` falls."""
        ...

    def between(self, start: dt.date, end: dt.date) -> int:
        """Counting days after ``start`` up to and including ``end``."""
        ...


class EveryDay:
    """A calendar on which every day counts, for limits that a law states in plain days."""

    def is_working(self, day: dt.date) -> bool:
        """Always true."""
        return True

    def add(self, start: dt.date, days: int) -> dt.date:
        """``start`` plus ``days``."""
        return start + dt.timedelta(days=days)

    def between(self, start: dt.date, end: dt.date) -> int:
        """Days from ``start`` to ``end``; 0 when ``end`` is not after ``start``."""
        return max(0, (end - start).days)


class ClockKind(StrEnum):
    """What an event does to the clock."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    EXTEND = "extend"

    @property
    def zh(self) -> str:
        """The word on the screen."""
        return {"start": "起算", "pause": "暂停", "resume": "恢复", "stop": "止算", "extend": "延长"}[
            self.value
        ]


class ClockState(StrEnum):
    """State of a clock after its last event."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Unit(StrEnum):
    """What a limit counts."""

    WORKING = "working"
    CALENDAR = "calendar"

    @property
    def zh(self) -> str:
        """``工作日`` or ``日``."""
        return "工作日" if self is Unit.WORKING else "日"


class Lamp(StrEnum):
    """灯: colour, shape and text; never colour alone."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"

    @property
    def shape(self) -> str:
        """A shape that can be told apart without colour."""
        return {"green": "●", "yellow": "▲", "red": "■", "grey": "○"}[self.value]

    @property
    def zh(self) -> str:
        """The word beside the lamp."""
        return {"green": "正常", "yellow": "预警", "red": "超期", "grey": "停表"}[self.value]


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One entry of the log.

    Attributes:
        kind: start, pause, resume, stop or extend.
        on: the day it happened.
        reason: in words, as told to the applicant.
        basis: clause it rests on (行政许可法 art. 45 for excluded time, art. 42 for an extension).
        days: for an extension: days added to both limits.
    """

    kind: ClockKind
    on: dt.date
    reason: str = ""
    basis: str = ""
    days: int = 0


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: ``days`` of ``unit``."""

    days: int
    unit: Unit = Unit.WORKING


@dataclass(frozen=True, slots=True)
class Limits:
    """承诺时限 and 法定时限 of an item, and how far the latter may be extended (行政许可法 art. 42: 10 working days).

    Attributes:
        committed: what the bureau promises.
        statutory: hard stop of the law.
        extension: most days by which the head of the bureau may extend, once.
        warn: the lamp turns yellow when no more than this many days are left.
    """

    committed: Limit
    statutory: Limit
    extension: int = 10
    warn: int = 2


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit runs out.

    Attributes:
        limit: days, extensions included.
        used: days used by us; None when they cannot be counted.
        left: ``limit - used``; negative when overdue.
        due: the last day within the limit; None while paused, when finished, or 无法判定.
        undecided: why ``due`` or ``used`` cannot be told (a year's holiday notice is missing).
    """

    limit: int
    unit: Unit
    used: int | None
    left: int | None
    due: dt.date | None
    undecided: str = ""

    @property
    def overdue(self) -> bool:
        """True when more days were used than the limit allows."""
        return self.left is not None and self.left < 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock says on a day.

    Attributes:
        state: idle, running, paused or stopped.
        ours, theirs: days in our hands and in the applicant's (or an excluded procedure's), in the unit of the
            committed limit; None when they cannot be counted.
        committed, statutory: both limits.
        lamp: colour; ``lamp.shape`` and ``text`` say the same without it.
        text: Chinese sentence beside the lamp; ``text_en`` English.
    """

    state: ClockState
    ours: int | None
    theirs: int | None
    committed: Due
    statutory: Due
    lamp: Lamp
    text: str
    text_en: str


_NEXT: dict[ClockState, dict[ClockKind, ClockState]] = {
    ClockState.IDLE: {ClockKind.START: ClockState.RUNNING},
    ClockState.RUNNING: {
        ClockKind.PAUSE: ClockState.PAUSED,
        ClockKind.STOP: ClockState.STOPPED,
        ClockKind.EXTEND: ClockState.RUNNING,
    },
    ClockState.PAUSED: {
        ClockKind.RESUME: ClockState.RUNNING,
        ClockKind.STOP: ClockState.STOPPED,
        ClockKind.EXTEND: ClockState.PAUSED,
    },
    ClockState.STOPPED: {},
}


def state_of(log: Iterable[ClockEvent]) -> ClockState:
    """State after the last event; checks the order of the log.

    Raises:
        Conflict: an event that does not fit the state before it, or a date before its predecessor's.
    """
    state, last = ClockState.IDLE, dt.date.min
    for event in log:
        follow = _NEXT[state].get(event.kind)
        if follow is None:
            raise Conflict(
                f"时限处于“{state}”状态，不能{event.kind.zh}", f"clock is {state}, cannot {event.kind}"
            )
        if event.on < last:
            raise Conflict("时限记录的日期不能早于前一条", "clock events must be in order of date")
        state, last = follow, event.on
    return state


def append(
    log: Sequence[ClockEvent], event: ClockEvent, limits: Limits | None = None
) -> tuple[ClockEvent, ...]:
    """The log with one more event.

    Raises:
        Conflict: the event does not fit (see :func:`state_of`); a second extension.
        BadInput: an extension longer than the law allows.
    """
    longer = (*log, event)
    state_of(longer)
    if event.kind is ClockKind.EXTEND:
        if sum(e.kind is ClockKind.EXTEND for e in longer) > 1:
            raise Conflict("审查期限只能延长一次", "the limit was extended already")
        if event.days < 1 or (limits is not None and event.days > limits.extension):
            most = limits.extension if limits else 0
            raise BadInput(
                f"延长天数应为 1–{most} 个工作日",
                f"extension must be 1-{most} days",
                code="extension_too_long",
            )
    return longer


def spans(log: Sequence[ClockEvent], today: dt.date) -> list[tuple[bool, dt.date, dt.date]]:
    """(running?, from, to] stretches of the log up to ``today`` (or to the stop, if earlier)."""
    stretches: list[tuple[bool, dt.date, dt.date]] = []
    state, since = ClockState.IDLE, dt.date.min
    for event in log:
        if event.kind is ClockKind.EXTEND:
            continue
        if state is not ClockState.IDLE:
            stretches.append((state is ClockState.RUNNING, since, event.on))
        state, since = _NEXT[state][event.kind], event.on
    if state in (ClockState.RUNNING, ClockState.PAUSED):
        stretches.append((state is ClockState.RUNNING, since, max(today, since)))
    return stretches


def days_used(log: Sequence[ClockEvent], today: dt.date, calendar: Calendar) -> tuple[int, int]:
    """(our days, their days) up to ``today``.

    Raises:
        CalendarMissing: a day in between lies in a year whose holiday notice is missing.
    """
    ours = theirs = 0
    for running, start, end in spans(log, today):
        days = calendar.between(start, end)
        if running:
            ours += days
        else:
            theirs += days
    return ours, theirs


def halted_since(log: Sequence[ClockEvent], start: dt.date, today: dt.date, calendar: Calendar) -> int:
    """Days after ``start`` and up to ``today`` on which the clock stood still.

    Raises:
        CalendarMissing: a day in between lies in a year whose holiday notice is missing.
    """
    halts = (
        (max(since, start), min(until, today)) for running, since, until in spans(log, today) if not running
    )
    return sum(calendar.between(since, until) for since, until in halts if since < until)


def _due(log: Sequence[ClockEvent], limit: Limit, today: dt.date, working: Calendar) -> Due:
    calendar: Calendar = working if limit.unit is Unit.WORKING else EveryDay()
    days = limit.days + sum(e.days for e in log if e.kind is ClockKind.EXTEND)
    state = state_of(log)
    if state is ClockState.IDLE:
        return Due(days, limit.unit, 0, days, None)
    try:
        used, _ = days_used(log, today, calendar)
    except CalendarMissing as missing:
        return Due(days, limit.unit, None, None, None, missing.zh)
    left = days - used
    if state is not ClockState.RUNNING:
        return Due(days, limit.unit, used, left, None)
    _, since, _ = spans(log, today)[-1]
    before, _ = days_used([e for e in log if e.kind is not ClockKind.EXTEND], since, calendar)
    try:
        due = calendar.add(since, max(0, days - before))
    except CalendarMissing as missing:
        return Due(days, limit.unit, used, left, None, missing.zh)
    return Due(days, limit.unit, used, left, due)


def read(log: Sequence[ClockEvent], limits: Limits, today: dt.date, calendar: Calendar) -> Reading:
    """What the clock says on ``today``.

    A missing holiday notice never raises here: what can be counted is counted, the rest is 无法判定.

    Raises:
        Conflict: the log itself is out of order.
    """
    state = state_of(log)
    committed = _due(log, limits.committed, today, calendar)
    statutory = _due(log, limits.statutory, today, calendar)
    ours: int | None = None
    theirs: int | None = None
    with contextlib.suppress(CalendarMissing):  # both stay None, which says so
        ours, theirs = days_used(
            log, today, calendar if limits.committed.unit is Unit.WORKING else EveryDay()
        )
    lamp, text, english = _lamp(state, committed, statutory, limits)
    return Reading(state, ours, theirs, committed, statutory, lamp, text, english)


def _lamp(state: ClockState, committed: Due, statutory: Due, limits: Limits) -> tuple[Lamp, str, str]:
    unit, unit_en = f"个{committed.unit.zh}", "working days" if committed.unit is Unit.WORKING else "days"
    if committed.unit is Unit.CALENDAR:
        unit = committed.unit.zh
    if state is ClockState.IDLE:
        return Lamp.GREY, "未起算", "not started"
    if committed.left is None:
        return Lamp.GREY, f"无法判定：{committed.undecided}", "undecided: the holiday notice is missing"
    left, used = committed.left, committed.used or 0
    if state is ClockState.PAUSED:
        if left < 0:
            return Lamp.RED, f"停表中，已超 {-left} {unit}", f"paused, {-left} {unit_en} over"
        return Lamp.GREY, f"停表中，余 {left} {unit}", f"paused, {left} {unit_en} left"
    if state is ClockState.STOPPED:
        if left < 0:
            return Lamp.RED, f"用时 {used} {unit}，超 {-left}", f"took {used} {unit_en}, {-left} over"
        return Lamp.GREEN, f"用时 {used} {unit}，按期", f"took {used} {unit_en}, in time"
    if left < 0:
        text, english = f"超期 {-left} {unit}", f"{-left} {unit_en} overdue"
        if statutory.overdue:
            text, english = text + "(已超法定时限)", english + " (statutory limit exceeded)"
        return Lamp.RED, text, english
    if left == 0:
        return Lamp.YELLOW, "今日到期", "due today"
    if left <= limits.warn:
        return Lamp.YELLOW, f"余 {left} {unit}", f"{left} {unit_en} left"
    return Lamp.GREEN, f"余 {left} {unit}", f"{left} {unit_en} left"


#: 行政许可法 art. 32(四): 当场或者在五日内一次告知; 逾期不告知的, 自收到申请材料之日起即为受理
ACCEPTANCE_DAYS = 5
#: 行政许可法 art. 44: 自作出决定之日起十日内送达
DELIVERY_DAYS = 10


def acceptance_due(received: dt.date, calendar: Calendar) -> dt.date:
    """Last day on which missing materials may be told (行政许可法 art. 32(四)).

    Raises:
        CalendarMissing: that day lies in a year whose notice is missing.
    """
    return calendar.add(received, ACCEPTANCE_DAYS)


def deemed_accepted(received: dt.date, today: dt.date, calendar: Calendar) -> bool:
    """True once five working days have passed since receipt without 补正告知: accepted from the day of receipt.

    Raises:
        CalendarMissing: the days cannot be counted.
    """
    return calendar.between(received, today) > ACCEPTANCE_DAYS


def delivery_due(decided: dt.date, calendar: Calendar) -> dt.date:
    """Last day for delivery of the decision (行政许可法 art. 44).

    Raises:
        CalendarMissing: that day lies in a year whose notice is missing.
    """
    return calendar.add(decided, DELIVERY_DAYS)
