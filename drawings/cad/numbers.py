"""Numbers as drawings of several countries write them: decimal comma or point, groups, units, feet and inches."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_NUMBER = re.compile(r"(?P<sign>[-+±]?)(?P<digits>\d[\d., ]*|[.,]\d+)\s*(?P<unit>[^\d\s].*)?")
_FEET = re.compile(
    r"(?P<feet>\d+(?:\.\d+)?)\s*['’′]\s*-?\s*(?:(?P<inches>\d+(?:\.\d+)?)\s*(?:(?P<a>\d+)/(?P<b>\d+))?\s*(?:[\"”″]|''|′′)?)?"
)
_INCHES = re.compile(r"(?P<inches>\d+(?:\.\d+)?)\s*(?:[\"”″]|''|′′)")
_FOOT, _INCH = 0.3048, 0.0254
#: what stands in brackets behind a number: 10,050.00㎡(3,040.13평)
_REMARK = re.compile(r"(?<=[^\s(（])\s*\([^()]*\)\s*$")
#: above what a height is: 8,75 m ü. OKFF
_FROM = re.compile(r"(?<=[mм])\s+(?:ü\.|über|ueber|above|au-dessus|sobre|от)\s*\S.*$", re.IGNORECASE)
#: the limit that a figure is compared with: 38.71% ≦ 60%
_COMPARED = re.compile(r"(?<=[\w%²])\s*[<>≤≥≦≧≪]\s*[\d.,]+\s*\S{0,4}$")
#: a unit that stands before its number: mq 901,00
_UNIT_BEFORE = re.compile(r"(?P<unit>[^\W\d_]{1,4}[23]?\.?)\s+(?P<number>\d[\d., ]*)")
#: the same in another unit: 200,000 SF / 4.59 AC
_ALSO = re.compile(r"(?<=[^\W\d])\.?\s*[/=|]\s*\d[\d., ]*\s*[^\W\d_][^/]{0,8}$")
_POINTED = re.compile(r"\d[\d., ]*")


def number_in(text: str, unit: str, units: Mapping[str, float], *, comma: bool | None = None) -> float | None:
    """The number in a text, in ``unit``; None if it holds none or names a unit that is not of its sort.

    ``54300mm`` is 54.3 m, ``1.2公顷`` 12000 ㎡, ``33'-6"`` 10.2108 m, ``1.230,00 m²`` 1230 ㎡.

    Args:
        units: spelling of a unit (without spaces and dots, in lower case) → factor to ``unit``.
        comma: True or False if the decimal sign is known; None tells it from the number: the last of two different
            signs, a comma unless three digits follow, else a point.
    """
    plain = _FROM.sub("", _REMARK.sub("", unicodedata.normalize("NFKC", text)))
    plain = _ALSO.sub("", _COMPARED.sub("", plain)).strip()
    if unit == "m":
        imperial = _feet(plain)
        if imperial is not None:
            return imperial
    found = _NUMBER.fullmatch(unit_behind(plain, units))
    if found is None:
        return None
    number = _value(found.group("digits").strip(), comma)
    written = re.sub(r"[\s.]+", "", found.group("unit") or "").casefold()
    if number is None or (written and written not in units):
        return None
    sign = -1.0 if found.group("sign") == "-" else 1.0
    return round(sign * number * (units[written] if written else 1.0), 9)


def unit_behind(text: str, units: Mapping[str, float]) -> str:
    """A text whose number stands behind its unit, the other way round (``mq 901,00``); others as they are."""
    found = _UNIT_BEFORE.fullmatch(text)
    if found is None or found.group("unit").rstrip(".").casefold() not in units:
        return text
    return f"{found.group('number')} {found.group('unit')}"


def _feet(text: str) -> float | None:
    found = _FEET.fullmatch(text)
    if found is not None:
        inches = float(found.group("inches") or 0)
        if found.group("a"):
            inches += float(found.group("a")) / max(float(found.group("b")), 1.0)
        return round(float(found.group("feet")) * _FOOT + inches * _INCH, 9)
    found = _INCHES.fullmatch(text)
    return round(float(found.group("inches")) * _INCH, 9) if found is not None else None


def _value(digits: str, comma: bool | None) -> float | None:
    if " " in digits:  # 6 300,00: groups of three
        if not re.fullmatch(r"\d{1,3}( \d{3})+([.,]\d+)?", digits):
            return None
        digits = digits.replace(" ", "")
    digits = digits.rstrip(".,")
    decimal = _decimal_sign(digits, comma)
    other = {",": ".", ".": ",", "": ""}[decimal]
    whole, sign, rest = digits.rpartition(decimal) if decimal else (digits, "", "")
    if not sign:
        whole, rest = digits, ""
    whole = whole.replace(",", "").replace(".", "") if not sign or other in whole else whole
    try:
        return float(f"{whole or '0'}.{rest or '0'}")
    except ValueError:
        return None


def _decimal_sign(digits: str, comma: bool | None) -> str:
    """``,`` or ``.`` before the decimals; empty if there are none."""
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return ""
    sign = digits[last]
    other = "." if sign == "," else ","
    if other in digits:
        return sign
    grouped = re.fullmatch(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+", digits) is not None
    if digits.count(sign) > 1:
        return "" if grouped else sign
    if comma is not None:
        return sign if (sign == ",") is comma or not grouped else ""
    return "" if sign == "," and grouped else sign


def pointed(text: str) -> str:
    """A text whose number has a decimal comma, with a point instead: ``1.230,00 m²`` → ``1230.00 m²``."""

    def turned(found: re.Match[str]) -> str:
        digits = found.group().strip()
        value = _value(digits, True)
        if value is None:
            return found.group()
        tail = found.group()[len(found.group().rstrip()) :]
        sign = _decimal_sign(digits.rstrip(".,").replace(" ", ""), True)
        decimals = len(digits.rpartition(sign)[2]) if sign else 0
        return f"{value:.{decimals}f}{tail}"

    return _POINTED.sub(turned, unicodedata.normalize("NFKC", text), count=1)
