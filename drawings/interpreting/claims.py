"""Areas that the texts and tables of a drawing give, and whose they are: 总用地面积 12345.67㎡, 绿地 1200㎡."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drawings.cad.numbers import number_in
from drawings.interpreting.scene import Written
from drawings.interpreting.text_tables import Read
from drawings.standards.shared_words import attribute_words
from drawings.standards.vocabulary import Vocabulary

_AREA = re.compile(r"(?P<value>\d[\d, ]*(?:\.\d+)?)\s*(?P<unit>m[2²]|[^\d\s,，;；、()（）]{1,5})")
_DIGITS = re.compile(r"\.(\d+)")
_LONGEST = 40
_LEAST = 5.0  # ㎡; smaller areas are found by chance


@dataclass(frozen=True, slots=True)
class Claim:
    """An area the drawing gives: ``figure`` names it, ``rounding`` is half of its last digit in ㎡.

    ``text``: number of the text among those of the scene that holds it; None if a table gives it.
    """

    role: str
    figure: str
    area: float
    rounding: float
    handle: str
    text: int | None = None


def claims(
    texts: Sequence[Written],
    tables: Mapping[str, Read],
    words: Vocabulary,
    figures: Mapping[str, str],
    written: Mapping[str, str],
) -> list[Claim]:
    """What tables and texts give.

    Args:
        figures: figure of the whole drawing → role. written: word → role of the part a text with an area names.
    """
    out = [
        claim
        for key, read in tables.items()
        if key in figures and (claim := _claim(figures[key], key, read.text, read.entity.handle)) is not None
    ]
    for number, text in enumerate(texts):
        if len(text.text) > _LONGEST:
            continue
        pairs, _ = words.pairs(text.text)
        known = [key for key in pairs if key in figures]
        for key in known:
            if (claim := _claim(figures[key], key, pairs[key][0], text.handle, number)) is not None:
                out.append(claim)
        role = None if known else next((r for word, r in written.items() if word in text.text), None)
        if role is not None and (claim := _claim(role, _before(text.text), text.text, text.handle, number)):
            out.append(claim)
    return out


def _before(text: str) -> str:
    return re.split(r"[\d:=：]", text, maxsplit=1)[0].strip() or text


def _claim(role: str, figure: str, text: str, handle: str, number: int | None = None) -> Claim | None:
    """The area of a text; a bare number is in ㎡."""
    units = attribute_words().units["㎡"]
    plain = text.replace(",", "").replace("，", "")
    for found in _AREA.finditer(plain + " ㎡"):
        area = number_in(found.group(), "㎡", units)
        one = number_in("1" + found.group("unit"), "㎡", units)
        if area is None or one is None or area < _LEAST:
            continue
        digits = _DIGITS.search(found.group("value"))
        half = 0.5 * 10.0 ** -(len(digits.group(1)) if digits is not None else 0) * one
        return Claim(role, figure, area, half, handle, number)
    return None
