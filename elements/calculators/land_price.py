"""基准地价系数修正法: factors and price of land, and 补缴地价.

All money and factors are exact decimals. Published rule: factors are rounded to 4 decimals (half-up) **before** they
are multiplied, the unit price to 1 decimal; the catalogue says so per element (``precision`` with ``carry: rounded``).
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from project_box.kernel.errors import BadInput

Rows = Sequence[Mapping[str, Any]]


def term_factor(rate_percent: Decimal, term: Decimal, full_term: Decimal, *, limited: bool = True) -> Decimal:
    """年期修正 ``[1 − (1+r)^−n] / [1 − (1+r)^−N]``, unrounded.

    Args:
        rate_percent: 土地还原率 in %.
        term: n, remaining or set years; ``full_term``: N, years of the base price.
        limited: for 基准地价 n may not exceed N; in market comparison it may.

    Raises:
        BadInput: years or rate not positive, or n > N where that is not allowed.
    """
    if rate_percent <= 0 or term <= 0 or full_term <= 0:
        raise BadInput("年期和还原率应大于 0", "term and rate must be positive")
    if limited and term > full_term:
        raise BadInput(
            f"剩余年期 {term} 年超过基准年期 {full_term} 年", f"term {term} exceeds the full term {full_term}"
        )
    with localcontext() as context:
        context.prec = 40
        base = 1 + rate_percent / 100
        return (1 - base**-term) / (1 - base**-full_term)


def interpolate(points: Sequence[tuple[Decimal, Decimal]], x: Decimal) -> tuple[Decimal, str]:
    """Linear interpolation between tabulated points, clamped at the ends: (value, how).

    Raises:
        ValueError: no points.
    """
    if not points:
        raise ValueError("no points")
    ordered = sorted(points)
    if x <= ordered[0][0]:
        return ordered[0][1], f"不大于最小表值 {ordered[0][0]}，取 {ordered[0][1]}"
    if x >= ordered[-1][0]:
        return ordered[-1][1], f"不小于最大表值 {ordered[-1][0]}，取 {ordered[-1][1]}"
    for (x0, y0), (x1, y1) in itertools.pairwise(ordered):
        if x == x0:
            return y0, f"表值 {x0} → {y0}"
        if x0 < x < x1:
            with localcontext() as context:
                context.prec = 40
                value = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
            return value, f"{y0}+({y1}-{y0})×({x}-{x0})÷({x1}-{x0})"
    return ordered[-1][1], "表值"


def months_between(start: dt.date, end: dt.date) -> tuple[Decimal, int, int]:
    """期日修正 months: whole months and remaining days over 30: (months, whole, days).

    Raises:
        BadInput: the end lies before the start.
    """
    if end < start:
        raise BadInput(f"估价期日 {end} 早于基准日 {start}", f"valuation date {end} before base date {start}")
    whole = (end.year - start.year) * 12 + end.month - start.month
    if end.day < start.day:
        whole -= 1
    month0 = start.month - 1 + whole
    year, month = start.year + month0 // 12, month0 % 12 + 1
    day = start.day
    while True:  # a start on the 31st meets shorter months at their last day
        try:
            anchor = dt.date(year, month, day)
            break
        except ValueError:
            day -= 1
    days = (end - anchor).days
    with localcontext() as context:
        context.prec = 40
        return whole + Decimal(days) / 30, whole, days


def date_factor(monthly_percent: Decimal, months: Decimal) -> Decimal:
    """期日修正 ``(1 + monthly growth)^months``, unrounded."""
    with localcontext() as context:
        context.prec = 40
        return (1 + monthly_percent / 100) ** months


def supplement_far(
    floor_price: Decimal,
    old_far: Decimal,
    new_far: Decimal,
    area: Decimal,
    old_floor_price: Decimal | None = None,
) -> Decimal:
    """补缴地价 for a change of FAR (and price), 元, may be negative.

    ``(new price × new FAR − old price × old FAR) × land area``.
    """
    old = floor_price if old_floor_price is None else old_floor_price
    return (floor_price * new_far - old * old_far) * area
