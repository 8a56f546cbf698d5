"""Arithmetic of terms 期限: days, months and years after a day, whole and remaining years.

Months and years end on the day with the same number, or on the month's last day: 29 February plus one year is 28
February (民法典 art. 202).
"""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal, localcontext

from project_box.kernel.errors import BadInput


def add_days(start: dt.date, number: int) -> dt.date:
    """A day later or earlier.

    Raises:
        BadInput: outside the calendar.
    """
    try:
        return start + dt.timedelta(days=number)
    except OverflowError as error:
        raise BadInput("日期超出范围", "date out of range") from error


def add_months(start: dt.date, months: int) -> dt.date:
    """The same day ``months`` later, the last day of a shorter month.

    Raises:
        BadInput: outside the calendar.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9998:
        raise BadInput("日期超出范围", "date out of range")
    return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def full_years(start: dt.date, end: dt.date) -> int:
    """Whole years from ``start`` to ``end``; 0 when ``end`` is earlier."""
    years = end.year - start.year
    if years > 0 and add_months(start, years * 12) > end:
        years -= 1
    return max(years, 0)


def years_between(start: dt.date, end: dt.date) -> tuple[Decimal, int, int]:
    """Years from ``start`` to ``end``, and what they are made of: whole years and remaining days over 365."""
    whole = full_years(start, end)
    rest = max((end - add_months(start, whole * 12)).days, 0)
    with localcontext() as context:
        context.prec = 40
        return whole + Decimal(rest) / 365, whole, rest
