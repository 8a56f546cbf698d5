"""Floor ranges 起止层 as the trade writes them: ``1``, ``5-13``, ``-2--1``, ``2-16,18-33``.

Floors are storey numbers: 1 is the ground floor, -1 the first basement; there is no floor 0, so ``-1-2`` means
the three
floors -1, 1, 2.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_MAX_FLOORS = 400
_PART = re.compile(r"(B?-?\d{1,3})(?:(?:-|~|至|到)(B?-?\d{1,3}))?")
_ROOF = re.compile(r"屋面|屋顶|机房|出屋面|^R(F|\d)?$", re.IGNORECASE)
_DECORATION = re.compile(r"[\s第层楼F]+")


class BadRange(ValueError):
    """A floor range that cannot be read; carries Chinese and English reasons."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def parse_floors(text: str) -> tuple[int, ...]:
    """Floor numbers of a range text, ascending, each once.

    Accepts full-width characters, ``~ 至 到`` for the dash, ``、 , ; /`` between parts, ``B2`` for floor -2 and
    a trailing
    ``F`` or ``层``.

    Raises:
        BadRange: empty, malformed, floor 0, a descending or an overlapping range.
    """
    clean = unicodedata.normalize("NFKC", text).upper()
    clean = re.sub(r"[—–―−‐‑]+", "-", clean)
    clean = re.sub(r"地下(?=\d)", "-", clean)
    clean = _DECORATION.sub("", clean)
    clean = re.sub(r"[、;/,]+", ",", clean).strip(",")
    if not clean:
        raise BadRange("没有内容", "empty")
    floors: list[int] = []
    for part in clean.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise BadRange(f"“{part}”不是楼层", f"'{part}' is not a floor")
        first = _floor(found.group(1))
        last = _floor(found.group(2)) if found.group(2) else first
        if last < first:
            raise BadRange(f"“{part}”起始层高于终止层", f"'{part}' runs downwards")
        floors += [n for n in range(first, last + 1) if n != 0]
        if len(floors) > _MAX_FLOORS:
            raise BadRange("楼层过多", "too many floors")
    if len(set(floors)) != len(floors):
        raise BadRange("楼层重复", "a floor occurs twice")
    return tuple(sorted(floors))


_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")}
_NUMERAL = re.compile(r"[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_TITLE = re.compile(
    r"((?:地下|B)?-?\d{1,3}(?:\s*(?:[-~,、]|至|到)\s*(?:地下|B)?-?\d{1,3})*)\s*(?:层|F(?![A-Z]))",
    re.IGNORECASE,
)


def _numeral(found: re.Match[str]) -> str:
    text = found.group()
    if "十" not in text:
        return str(_DIGITS[text])
    tens, _, ones = text.partition("十")
    return str((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))


def floors_of_title(text: str) -> str | None:
    """The floor range in a sheet title: ``二至十七层平面图`` gives 2-17, ``首层平面图`` 1, ``地下一层平面图`` -1.

    None if the text names no floor, or holds several titles.
    """
    clean = unicodedata.normalize("NFKC", text).replace("首层", "1层").replace("底层", "1层")
    clean = _NUMERAL.sub(_numeral, re.sub(r"(?<=[地屋])下(?=室)", "", clean))
    parts = list(_TITLE.finditer(clean))
    if not parts or any(clean[x.end() : y.start()].strip() not in "、,和及" for x, y in pairwise(parts)):
        return None  # several titles in one text: which one holds is not for us to guess
    try:
        return format_floors(parse_floors(",".join(part.group(1) for part in parts)))
    except BadRange:
        return None


def format_floors(floors: tuple[int, ...] | list[int]) -> str:
    """The shortest range text of floor numbers; ``parse_floors`` of it gives them back."""
    out: list[str] = []
    ordered = sorted(set(floors))
    start = 0
    for index, floor in enumerate(ordered):
        following = ordered[index + 1] if index + 1 < len(ordered) else None
        step = 2 if floor == -1 else 1
        if following is None or following != floor + step:
            first = ordered[start]
            out.append(str(first) if first == floor else f"{first}-{floor}")
            start = index + 1
    return ",".join(out)


def _floor(text: str) -> int:
    number = -int(text[1:].lstrip("-")) if text.startswith("B") else int(text)
    if number == 0:
        raise BadRange("没有第 0 层", "there is no floor 0")
    return number


def is_roof(text: str) -> bool:
    """True for a frame above the last storey (屋面层, 机房层, RF): it is counted once and is no natural storey."""
    return _ROOF.search(unicodedata.normalize("NFKC", text).strip()) is not None
