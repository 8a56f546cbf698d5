"""Named functions of time: terms, deadlines, working days, the order of steps.

Days are calendar days unless the name says working days 工作日; then the published holiday notices decide, and a
year without one is 无法判定. All pure.
"""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

from elements.calculators.terms import add_days, add_months, full_years, years_between
from elements.engine.functions import function
from elements.engine.trace import num, verdict
from elements.engine.values import Computed, Step
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput

_Number = Decimal | int


@function("term.after", "起日 + 年、月、日（可另加顺延天数）")
def term_after(
    start: dt.date,
    years: _Number | None = None,
    months: _Number | None = None,
    days: _Number | None = None,
    extra: _Number | None = None,
    last_day: bool = False,
) -> Computed:
    """The day so many years, months and days after ``start``, with ``extra`` days of extension.

    ``last_day`` gives the day before: the last day of a term that begins on ``start``. Parts of a year count in whole
    months; anything finer is refused.
    """
    number = Decimal(years or 0) * 12 + Decimal(months or 0)
    if number != number.to_integral_value():
        raise BadInput(f"年期 {years} 不是整月", "the term is not a whole number of months", place="years")
    later = int(days or 0) + int(extra or 0)
    end = add_days(add_months(start, int(number)), later - (1 if last_day else 0))
    parts = [(years, "年"), (months, "个月"), (days, "日"), (extra, "日")]
    shown = " + ".join([start.isoformat(), *(f"{num(Decimal(v))} {word}" for v, word in parts if v)])
    return Computed(end, substituted=shown + (" − 1 日" if last_day else ""))


@function("term.after_working", "起日 + n 个工作日（起日不计）")
def term_after_working(start: dt.date, days: _Number, extra: _Number | None = None) -> Computed:
    """The ``days`` + ``extra``-th working day after ``start`` (行政许可法 art. 82, 45; start day not counted)."""
    count = int(days) + int(extra or 0)
    if count < 0:
        raise BadInput("工作日数不得为负", "working days must not be negative", place="days")
    return Computed(load_calendar().add(start, count), substituted=f"{start} + {count} 个工作日")


@function("term.days", "止日 − 起日（日历日）")
def term_days(start: dt.date, end: dt.date) -> Computed:
    """Calendar days from ``start`` (not counted, 民法典 art. 201) to ``end``; negative when ``end`` is earlier."""
    return Computed(Decimal((end - start).days), substituted=f"{end} − {start}")


@function("term.working_days", "起日次日至止日的工作日数")
def term_working_days(start: dt.date, end: dt.date) -> Computed:
    """Working days after ``start`` up to and including ``end``; an ``end`` before ``start`` is refused."""
    if end < start:
        raise BadInput(f"{end} 早于 {start}", f"{end} lies before {start}")
    return Computed(Decimal(load_calendar().between(start, end)), substituted=f"{start} → {end}")


@function("term.full_years", "起日至止日的整年数")
def term_full_years(start: dt.date, end: dt.date) -> Computed:
    """Whole years from ``start`` to ``end``; 0 when ``end`` is earlier."""
    return Computed(Decimal(full_years(start, end)), substituted=f"{start} → {end}")


@function("term.years_left", "剩余年期 = 整年 + 余日 ÷ 365")
def term_years_left(at: dt.date, end: dt.date) -> Computed:
    """Remaining years of a term at a day: whole years and the remaining days over 365; 0 when the term is over."""
    if end <= at:
        return Computed(Decimal(0), substituted=f"{end} 不晚于 {at}")
    years, whole, rest = years_between(at, end)
    return Computed(years, substituted=f"{whole} + {rest}/365")


@function("term.kept", "日期 ≤ 期限")
def term_kept(day: dt.date, due: dt.date) -> Computed:
    """Whether ``day`` keeps a time limit; the last day itself is still in time."""
    late = (day - due).days
    return Computed(
        verdict(late <= 0),
        substituted=f"{day} {'≤' if late <= 0 else '>'} {due}" + (f"（超过 {late} 日）" if late > 0 else ""),
        limit=f"不晚于 {due}",
    )


@function("term.order", "各环节日期依次不早于前一环节")
def term_order(
    names: list[str],
    a: dt.date,
    b: dt.date,
    c: dt.date | None = None,
    d: dt.date | None = None,
    e: dt.date | None = None,
    f: dt.date | None = None,
    g: dt.date | None = None,
) -> Computed:
    """Whether the dated steps of a procedure stand in their order; ``names`` are the steps in the arguments' order.

    Equal days are in order. A step without a date (a hearing nobody asked for) is passed over.
    """
    days = [(n, v) for n, v in zip(names, (a, b, c, d, e, f, g), strict=False) if v is not None]
    wrong = [(x, y) for x, y in itertools.pairwise(days) if y[1] < x[1]]
    return Computed(
        verdict(not wrong),
        substituted="；".join(f"{y[0]} {y[1]} 早于{x[0]} {x[1]}" for x, y in wrong)
        or " → ".join(f"{n} {v}" for n, v in days),
        steps=tuple(Step(n, "", v.isoformat()) for n, v in days),
    )


# ---------------------------------------------------------------- working days without a public notice


def _notice_days(start: dt.date, end: dt.date, first: dt.date | None, last: dt.date | None) -> int:
    """Working days of a notice that fall within (start, end]."""
    if first is None or last is None:
        return 0
    begin, stop = max(first, start), min(last, end)
    return load_calendar().between(begin, stop) if begin < stop else 0


@function("reg.net_days", "受理至登簿的工作日 − 公告占用的工作日")
def net_days(
    start: dt.date, end: dt.date, notice_start: dt.date | None = None, notice_end: dt.date | None = None
) -> Computed:
    """Working days used (start day not counted); a public notice within the time is not counted (实施细则 art. 17)."""
    if end < start:
        raise BadInput(f"{end} 早于 {start}", f"{end} lies before {start}")
    gross = load_calendar().between(start, end)
    notice = _notice_days(start, end, notice_start, notice_end)
    return Computed(Decimal(gross - notice), substituted=f"{gross} − {notice}")


@function("reg.deadline", "受理日 + 时限工作日 + 公告占用的工作日")
def deadline(
    start: dt.date, days: int, notice_start: dt.date | None = None, notice_end: dt.date | None = None
) -> Computed:
    """Last day of a time limit in working days; a public notice after acceptance lengthens it by its own."""
    notice = _notice_days(start, notice_end or start, notice_start, notice_end)
    return Computed(
        load_calendar().add(start, int(days) + notice), substituted=f"{start} + {days} + {notice} 个工作日"
    )
