"""Values as people really type them into cells: full-width digits, thousands separators, blanks, dates in any form.

Only spelling is evened out; nothing is converted and no digit is guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from openpyxl.utils.datetime import from_excel

#: full-width ASCII, ideographic and no-break spaces, other dashes, to their plain forms
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20, 0xA0: 0x20, 0x2009: 0x20, 0x202F: 0x20, 0x2212: 0x2D, 0x2013: 0x2D, 0x2014: 0x2D, 0x3002: 0x2E,
    0x200B: None, 0xFEFF: None,
}  # fmt: skip
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_SPACED = re.compile(r"(?<=\d) (?=\d{3}(?:\D|$))", re.ASCII)
_DATE = re.compile(
    r"(\d{4})\s*(?:-|/|\.|年)\s*(\d{1,2})\s*(?:-|/|\.|月)\s*(\d{1,2})\s*日?(?:[ T]+0?0:00(?::00)?)?", re.ASCII
)
_COMPACT = re.compile(r"(?:19|20|21)\d{6}", re.ASCII)
#: days Excel counts, and the last it knows (9999-12-31)
_FIRST_DAY, _LAST_DAY = 1, 2_958_465


def plain_words(text: str) -> str:
    """The text with full-width characters, odd spaces and dashes as plain ones, trimmed."""
    return text.translate(_PLAIN).strip()


def plain_number(text: str) -> str:
    """A typed number in plain digits: ``１，２３４．５０ ㎡`` is ``1,234.50 ㎡``; blanks between groups of three go."""
    return _SPACED.sub("", plain_words(text))


def grouped_number(text: str) -> Decimal | None:
    """The number a text with thousands separators or full-width digits means; None for any other text."""
    plain = plain_words(text)
    if plain == text and "," not in text:
        return None
    if _GROUPED.fullmatch(plain):
        return Decimal(plain.replace(",", ""))
    if plain != text and re.fullmatch(r"[-+]?\d+(?:\.\d+)?", plain, re.ASCII) and text.strip() != plain:
        return Decimal(plain)
    return None


def typed_date(text: str) -> dt.date | None:
    """``2026-06-03``, ``2026/6/3``, ``2026.6.3``, ``2026年6月3日``, ``20260603``, full-width too; None for others."""
    plain = plain_words(text)
    match = _DATE.fullmatch(plain)
    parts = (
        tuple(int(p) for p in match.groups())
        if match is not None
        else (int(plain[:4]), int(plain[4:6]), int(plain[6:]))
        if _COMPACT.fullmatch(plain)
        else None
    )
    if parts is None:
        return None
    try:
        return dt.date(*parts)
    except ValueError:
        return None


def counted_date(number: int | float | Decimal, epoch: dt.datetime) -> dt.date | None:
    """A date that stands in a cell as a bare number: ``20260603``, or Excel's count of days; None for others."""
    if number != int(number):
        return None
    whole = int(number)
    if _COMPACT.fullmatch(str(whole)):
        return typed_date(str(whole))
    if not _FIRST_DAY <= whole <= _LAST_DAY:
        return None
    try:
        found = from_excel(whole, epoch)
    except (ValueError, OverflowError):
        return None
    return found.date() if isinstance(found, dt.datetime) else None


def same_option(text: str, options: list[str]) -> str:
    """The option a text means, spaces, width and case aside; the text itself when it means none or several."""
    if text in options:
        return text
    key = re.sub(r"\s+", "", plain_words(text)).casefold()
    found = [o for o in options if re.sub(r"\s+", "", plain_words(o)).casefold() == key]
    return found[0] if len(found) == 1 else text
