"""Clocks: worked example WE-40, pauses, limits, lamps, and the laws every log obeys."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval import clock
from approval.clock import ClockEvent, ClockKind, ClockState, Lamp, Limit, Limits, Unit
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput, CalendarMissing, Conflict

CALENDAR = load_calendar()
LIMITS = Limits(committed=Limit(10), statutory=Limit(20))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def event(kind: str, on: str, **more: Any) -> ClockEvent:
    return ClockEvent(ClockKind(kind), day(on), **more)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2024-02-08", 5, "2024-02-21"),
        ("2024-09-13", 5, "2024-09-23"),
        ("2024-09-30", 7, "2024-10-15"),
        ("2025-01-24", 7, "2025-02-10"),
        ("2025-04-24", 10, "2025-05-12"),
        ("2025-09-26", 20, "2025-10-30"),
        ("2026-02-12", 7, "2026-02-28"),
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-04-30", 10, "2026-05-18"),
        ("2026-09-24", 3, "2026-09-30"),
        ("2026-09-30", 20, "2026-11-03"),
        ("2026-01-01", 5, "2026-01-08"),
    ],
)
def test_we_40_due_dates(start: str, days: int, due: str) -> None:
    limits = Limits(committed=Limit(days), statutory=Limit(days))
    reading = clock.read([event("start", start)], limits, day(start), CALENDAR)
    assert reading.committed.due == day(due)
    assert reading.committed.used == 0
    last = clock.read([event("start", start)], limits, day(due), CALENDAR)
    assert last.committed.left == 0
    assert last.lamp is Lamp.YELLOW
    assert last.text == "今日到期"


def test_we_40_a_missing_year_is_undecided_but_days_still_count() -> None:
    log = [event("start", "2026-12-25")]
    reading = clock.read(log, LIMITS, day("2026-12-30"), CALENDAR)
    assert reading.committed.due is None
    assert "2027" in reading.committed.undecided
    assert reading.ours == 3
    assert reading.committed.left == 7
    assert reading.lamp is Lamp.GREEN
    beyond = clock.read(log, LIMITS, day("2027-01-06"), CALENDAR)
    assert beyond.ours is None
    assert beyond.lamp is Lamp.GREY
    assert beyond.text.startswith("无法判定")


def test_pause_and_resume() -> None:
    log = [event("start", "2026-03-02"), event("pause", "2026-03-04"), event("resume", "2026-03-10")]
    paused = clock.read(log[:2], LIMITS, day("2026-03-09"), CALENDAR)
    assert (paused.state, paused.lamp, paused.text) == (ClockState.PAUSED, Lamp.GREY, "停表中，余 8 个工作日")
    assert (paused.ours, paused.theirs, paused.committed.due) == (2, 3, None)
    running = clock.read(log, LIMITS, day("2026-03-12"), CALENDAR)
    assert (running.ours, running.theirs) == (4, 4)
    assert running.committed.due == day("2026-03-20")
    assert running.statutory.due == day("2026-04-03")
    # a step begun before, within, at the end of and after the halt
    halted = {on: clock.halted_since(log, day(on), day("2026-03-12"), CALENDAR) for on in
              ("2026-03-02", "2026-03-06", "2026-03-10", "2026-03-11")}  # fmt: skip
    assert list(halted.values()) == [4, 2, 0, 0]
    assert clock.halted_since(log, day("2026-03-02"), day("2026-03-05"), CALENDAR) == 1


def test_lamps() -> None:
    log = [event("start", "2026-03-02")]

    def lamp(on: str) -> tuple[Lamp, str]:
        reading = clock.read(log, LIMITS, day(on), CALENDAR)
        return reading.lamp, reading.text

    assert lamp("2026-03-11") == (Lamp.GREEN, "余 3 个工作日")
    assert lamp("2026-03-12") == (Lamp.YELLOW, "余 2 个工作日")
    assert lamp("2026-03-16") == (Lamp.YELLOW, "今日到期")
    assert lamp("2026-03-17") == (Lamp.RED, "超期 1 个工作日")
    assert "已超法定时限" in lamp("2026-04-01")[1]
    assert len({lamp.shape for lamp in Lamp}) == 4


def test_stopped_clock_stands_still() -> None:
    log = [event("start", "2026-03-02"), event("stop", "2026-03-06")]
    first = clock.read(log, LIMITS, day("2026-03-06"), CALENDAR)
    later = clock.read(log, LIMITS, day("2026-09-01"), CALENDAR)
    assert first == later
    assert first.text == "用时 4 个工作日，按期"


def test_extension_once_and_no_longer_than_the_law_allows() -> None:
    log = (event("start", "2026-03-02"),)
    longer = clock.append(log, event("extend", "2026-03-10", days=10), LIMITS)
    reading = clock.read(longer, LIMITS, day("2026-03-10"), CALENDAR)
    assert (reading.committed.limit, reading.statutory.limit) == (20, 30)
    with pytest.raises(Conflict):
        clock.append(longer, event("extend", "2026-03-11", days=1), LIMITS)
    with pytest.raises(BadInput):
        clock.append(log, event("extend", "2026-03-11", days=11), LIMITS)


def test_calendar_day_limit() -> None:
    limits = Limits(committed=Limit(3), statutory=Limit(7, Unit.CALENDAR))
    reading = clock.read([event("start", "2026-09-30")], limits, day("2026-10-09"), CALENDAR)
    assert reading.ours == 2
    assert reading.statutory.due == day("2026-10-07")
    assert reading.statutory.overdue


def test_events_out_of_order_are_refused() -> None:
    with pytest.raises(Conflict):
        clock.append((), event("pause", "2026-03-02"))
    with pytest.raises(Conflict):
        clock.append((event("start", "2026-03-02"),), event("pause", "2026-03-01"))
    with pytest.raises(Conflict):
        clock.append(
            (event("start", "2026-03-02"), event("stop", "2026-03-03")), event("resume", "2026-03-04")
        )


def test_acceptance_rule() -> None:
    received = day("2026-02-12")
    assert clock.acceptance_due(received, CALENDAR) == day("2026-02-26")
    assert not clock.deemed_accepted(received, day("2026-02-26"), CALENDAR)
    assert clock.deemed_accepted(received, day("2026-02-27"), CALENDAR)
    assert clock.delivery_due(day("2026-04-30"), CALENDAR) == day("2026-05-18")
    with pytest.raises(CalendarMissing):
        clock.acceptance_due(day("2026-12-30"), CALENDAR)


@st.composite
def logs(draw: st.DrawFn) -> tuple[list[ClockEvent], dt.date]:
    at = draw(st.dates(dt.date(2024, 1, 1), dt.date(2025, 6, 30)))
    log = [ClockEvent(ClockKind.START, at)]
    for i in range(draw(st.integers(0, 8))):
        at += dt.timedelta(days=draw(st.integers(0, 20)))
        log.append(ClockEvent(ClockKind.PAUSE if i % 2 == 0 else ClockKind.RESUME, at))
    return log, at + dt.timedelta(days=draw(st.integers(0, 60)))


@given(logs())
def test_ours_and_theirs_add_up(case: tuple[list[ClockEvent], dt.date]) -> None:
    log, today = case
    ours, theirs = clock.days_used(log, today, CALENDAR)
    assert ours + theirs == CALENDAR.between(log[0].on, today)


@given(logs(), st.integers(0, 40))
def test_our_days_never_decrease_and_stand_still_while_paused(
    case: tuple[list[ClockEvent], dt.date], more: int
) -> None:
    log, today = case
    later = today + dt.timedelta(days=more)
    now, then = clock.days_used(log, today, CALENDAR), clock.days_used(log, later, CALENDAR)
    assert then[0] >= now[0]
    assert then[1] >= now[1]
    moved = 0 if clock.state_of(log) is ClockState.RUNNING else 1
    assert then[moved ^ 1] == now[moved ^ 1]


@given(logs(), st.integers(1, 30))
def test_due_date_is_the_last_day_not_overdue(case: tuple[list[ClockEvent], dt.date], days: int) -> None:
    log, today = case
    limits = Limits(committed=Limit(days), statutory=Limit(days))
    reading = clock.read(log, limits, today, CALENDAR)
    due = reading.committed.due
    if due is None:
        assert reading.state is not ClockState.RUNNING
        return
    if due >= log[-1].on and not reading.committed.overdue:
        assert not clock.read(log, limits, due, CALENDAR).committed.overdue
        after = due
        while not CALENDAR.is_working(after := after + dt.timedelta(days=1)):
            pass
        assert clock.read(log, limits, after, CALENDAR).committed.overdue
