"""Named functions of payments 缴款: instalments due and paid, arrears, 违约金.

Money in 元; a day late counts from the day after the due day.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from elements.engine.functions import function
from elements.engine.rounding import round_to
from elements.engine.trace import Rows, num, verdict
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.library.terms import term_kept
from elements.records import amount_of, day_of
from project_box.kernel.finding import Outcome


def _ledger(rows: Rows, date_column: str, what: str) -> list[tuple[dt.date, Decimal]]:
    return sorted((day_of(r.get(date_column), what), amount_of(r, "amount", what)) for r in rows)


@function("supply.paid", "Σ 截至某日的缴款")
def paid(payments: Rows, at: dt.date) -> Computed:
    """Payments (records ``date``, ``amount`` 元) received up to and on a day."""
    made = [(d, m) for d, m in _ledger(payments, "date", "缴款记录") if d <= at]
    return Computed(
        sum((m for _, m in made), Decimal(0)),
        substituted=" + ".join(num(m) for _, m in made) or "0",
        steps=tuple(Step(d.isoformat(), "缴款", num(m)) for d, m in made),
    )


@function("supply.due_by", "Σ 约定在某日前应缴的各期价款")
def due_by(instalments: Rows, at: dt.date) -> Computed:
    """Instalments (records ``due``, ``amount`` 元) whose due day is not after a day."""
    own = [(d, m) for d, m in _ledger(instalments, "due", "分期价款") if d <= at]
    return Computed(
        sum((m for _, m in own), Decimal(0)),
        substituted=" + ".join(num(m) for _, m in own) or "0",
        steps=tuple(Step(d.isoformat(), "应缴", num(m)) for d, m in own),
    )


@function("supply.last_due", "max(各期应缴日)")
def last_due(instalments: Rows) -> Computed:
    """Day on which the last instalment is due."""
    own = _ledger(instalments, "due", "分期价款")
    if not own:
        raise Undecided(Missing("instalments", "分期价款", "没有分期价款", "no instalments"))
    return Computed(own[-1][0], substituted="、".join(d.isoformat() for d, _ in own))


@function("supply.late_fee", "违约金 = Σ(各期迟延金额 × 迟延天数 × 日比例)")
def late_fee(instalments: Rows, payments: Rows, rate: Decimal, at: dt.date) -> Computed:
    """违约金 元 for late instalments up to a settlement day; ``rate`` in ‰ per day.

    Payments settle the oldest instalment first; a day late counts from the day after the due day; what is still unpaid
    counts to ``at``.
    """
    own = [(d, m) for d, m in _ledger(instalments, "due", "分期价款") if d <= at]
    unpaid = [m for _, m in own]
    out, steps = Decimal(0), []

    def charge(due: dt.date, day: dt.date, part: Decimal) -> Decimal:
        late = (day - due).days
        if late <= 0 or part <= 0:
            return Decimal(0)
        fee = part * late * rate / 1000
        steps.append(
            Step(f"{due} 到期", f"{num(part)} × {late} 日 × {num(rate)}‰（至 {day}）", num(round_to(fee, 2)))
        )
        return fee

    oldest = 0
    for day, money in _ledger(payments, "date", "缴款记录"):
        left = money if day <= at else Decimal(0)
        while oldest < len(own) and left > 0:
            part = min(left, unpaid[oldest])
            out += charge(own[oldest][0], day, part)
            unpaid[oldest] -= part
            left -= part
            oldest += unpaid[oldest] <= 0
    for (due, _), still in zip(own, unpaid, strict=True):
        out += charge(due, at, still)
    return Computed(out, substituted=" + ".join(s.expression for s in steps) or "无迟延", steps=tuple(steps))


@function("supply.longest_delay", "各期价款最长迟延天数")
def longest_delay(instalments: Rows, payments: Rows, at: dt.date) -> Computed:
    """Greatest number of days any instalment was or is late at a day (oldest instalment settled first)."""
    own = [(d, m) for d, m in _ledger(instalments, "due", "分期价款") if d <= at]
    unpaid = [m for _, m in own]
    worst = oldest = 0
    for day, money in [*_ledger(payments, "date", "缴款记录"), (at, Decimal(0))]:
        if day > at:
            continue
        left = money
        while oldest < len(own) and unpaid[oldest] <= 0:
            oldest += 1
        if oldest < len(own):
            worst = max(worst, (day - own[oldest][0]).days)
        while oldest < len(own) and left > 0:
            part = min(left, unpaid[oldest])
            unpaid[oldest] -= part
            left -= part
            oldest += unpaid[oldest] <= 0
    return Computed(Decimal(worst), substituted=f"最长迟延 {worst} 日")


@function("supply.schedule", "末期应缴日 ≤ 付清截止日 且 Σ分期 = 合同价款")
def schedule(last: dt.date, limit: dt.date, total: Decimal, price: Decimal) -> Computed:
    """Whether instalments end in time and add up to the contract price (元)."""
    good = last <= limit and total == price
    return Computed(
        verdict(good),
        substituted=f"{last} {'≤' if last <= limit else '>'} {limit};"
        f"{num(total)} {'=' if total == price else '≠'} {num(price)}",
        limit=f"不晚于 {limit}",
    )


@function("supply.paid_in_time", "未缴额 = 0 且 缴清日 ≤ 截止日")
def paid_in_time(unpaid: Decimal, limit: dt.date, day: dt.date | None = None) -> Computed:
    """Whether a price (元) has been paid in full, and by the last day."""
    if unpaid > 0:
        return Computed(Outcome.FAIL, substituted=f"未缴 {num(unpaid)} 元", limit=f"不晚于 {limit}")
    if day is None:
        raise Undecided(
            Missing("paid", "缴清日", "已缴清而缺少缴清日", "the day of full payment is not given")
        )
    return term_kept(day, limit)
