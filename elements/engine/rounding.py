"""Rounding, done by us and nowhere else.

Half-up is half away from zero on the exact decimal, as Chinese planning and price rules round (四舍五入).
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from project_box.formula import EXACT


class Rounding(StrEnum):
    """How an element is rounded: 四舍五入, 舍去, 进位 or not at all."""

    HALF_UP = "half_up"
    FLOOR = "floor"
    CEIL = "ceil"
    NONE = "none"


_MODES = {
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.FLOOR: decimal.ROUND_FLOOR,
    Rounding.CEIL: decimal.ROUND_CEILING,
}


def round_to(value: Decimal, places: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """``value`` with ``places`` decimals (negative: tens, hundreds …)."""
    if mode is Rounding.NONE:
        return value
    return value.quantize(_quantum(places), rounding=_MODES[mode], context=EXACT)


@lru_cache(maxsize=128)
def _quantum(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


#: numbers of more digits are not written out
_WRITTEN_OUT = 200


def plain_number(value: Decimal) -> str:
    """Shortest decimal text without exponent: ``2.1850`` → ``2.185``, ``1E+3`` → ``1000``."""
    if abs(value.adjusted()) > _WRITTEN_OUT:
        return str(value)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def millimetres(metres: Decimal) -> int:
    """Metres → integer millimetres, half-up; heights are compared in these.

    A value given finer than a millimetre is cut, not rounded, so that 2.1999 m stays below 2.200 m.
    """
    return int((metres * 1000).to_integral_value(rounding=decimal.ROUND_FLOOR))


def measured(value: float) -> Decimal:
    """A float measured on geometry (m, ㎡) as a Decimal with 6 decimals: below drawing accuracy, above float noise."""
    return Decimal(repr(value)).quantize(Decimal("0.000001"), rounding=decimal.ROUND_HALF_UP, context=EXACT)
