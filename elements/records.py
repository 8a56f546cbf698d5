"""Reading fields of records that came from outside, whose shape nobody has checked before.

A field that is not there makes the result 无法判定 and is named; a field that holds something else is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from elements.engine.values import Missing, Undecided
from project_box.kernel.errors import BadInput

#: no quantity of any approval has a higher power of ten
_LARGEST = 17


def number_of(row: Mapping[str, Any], column: str, what: str) -> Decimal:
    """A number of a record; ``what`` names the record in messages (``界址点``, ``第 2 条记录``).

    Raises:
        Undecided: the record lacks it. BadInput: it is no finite number.
    """
    raw = row.get(column)
    if raw is None or raw == "":
        raise Undecided(Missing(column, column, f"{what}缺少 {column}", f"{what}: {column} is missing"))
    try:
        value = Decimal(str(raw))
    except ArithmeticError as error:
        raise BadInput(
            f"{what}的 {column} 不是数值", f"{what}: {column} is no number", place=column
        ) from error
    if not value.is_finite() or value.adjusted() > _LARGEST:
        raise BadInput(f"{what}的 {column} 超出范围", f"{what}: {column} is out of range", place=column)
    return value


def amount_of(row: Mapping[str, Any], column: str, what: str) -> Decimal:
    """A number of a record that cannot be negative: an area, a price, a payment.

    Raises:
        Undecided: the record lacks it. BadInput: no number, or negative.
    """
    value = number_of(row, column, what)
    if value < 0:
        raise BadInput(f"{what}的 {column} 不得为负", f"{what}: {column} must not be negative", place=column)
    return value


def day_of(value: Any, what: str) -> dt.date:
    """A date, or its ISO text; ``what`` names it in messages.

    Raises:
        BadInput: anything else.
    """
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise BadInput(
            f"{what}应为日期 年-月-日，如 2026-06-03", f"{what}: ISO date expected", place=what
        ) from error


_WIDE = str.maketrans("（）〔〕【】［］，：；－—·", "()[][][],:;--.")


def comparable(text: str) -> str:
    """Text of two sources as it is compared: no spaces, one form of brackets, marks and case."""
    return re.sub(r"\s", "", text).translate(_WIDE).upper()
