"""Areas that the texts and tables of a drawing give, and whose they are: 总用地面积 12345.67㎡, 绿地 1200㎡."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drawings.cad.numbers import number_in
from drawings.interpreting.scene import Written
from drawings.interpreting.text_tables import Read
from drawings.standards.shared_words import attribute_words
from drawings.standards.standards import roles
from drawings.standards.vocabulary import Vocabulary

_AREA = re.compile(r"(?P<value>\d[\d, ]*(?:\.\d+)?)\s*(?P<unit>m[2²]|[^\d\s,，;；、()（）]{1,5})")
_DIGITS = re.compile(r"\.(\d+)")
_LONGEST = 40
_MOST_ROUNDING = 0.01  # share of an area that follows from others by which their rounding may make it differ
_LEAST = 5.0  # ㎡; smaller areas are found by chance


@dataclass(frozen=True, slots=True)
class Claim:
    """An area the drawing gives: ``figure`` names it, ``rounding`` is half of its last digit in ㎡.

    ``text``: number of the text among those of the scene that holds it; None if a table gives it. ``derived``: it
    follows from a part and its share, such as ground covered and coverage.
    """

    role: str
    figure: str
    area: float
    rounding: float
    handle: str
    text: int | None = None
    derived: bool = False


#: a part of the site and the figure that tells what share of it the part is, in percent or as a ratio
_SHARES = (("建筑基底面积", "建筑密度"), ("绿地面积", "绿地率"), ("计容建筑面积", "容积率"))


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
    given = {key: (read.text, read.entity.handle) for key, read in tables.items()}
    for number, text in enumerate(texts):
        if len(text.text) > _LONGEST:
            continue
        pairs, _ = words.pairs(text.text)
        for key, values in pairs.items():
            given.setdefault(key, (values[0], text.handle))
        known = [key for key in pairs if key in figures]
        for key in known:
            if (claim := _claim(figures[key], key, pairs[key][0], text.handle, number)) is not None:
                out.append(claim)
        role = None if known else next((r for word, r in written.items() if word in text.text), None)
        if role is not None and (claim := _claim(role, _before(text.text), text.text, text.handle, number)):
            out.append(claim)
    return out if any(c.role == "site_boundary" for c in out) else out + _derived(given, words)


def _derived(given: Mapping[str, tuple[str, str]], words: Vocabulary) -> list[Claim]:
    """Areas of the site that follow from parts and their shares."""
    out: list[Claim] = []
    for part, share in _SHARES:
        if part not in given or share not in given:
            continue
        unit = roles().number[share]
        claim = _claim("site_boundary", part, *given[part])
        ratio = words.number(given[share][0], unit)
        if claim is None or not ratio or ratio <= 0:
            continue
        digits = _DIGITS.search(given[share][0])
        half = 0.5 * 10.0 ** -(len(digits.group(1)) if digits is not None else 0)
        area = claim.area / (ratio / 100 if unit == "%" else ratio)
        rounding = area * (claim.rounding / claim.area + half / ratio)
        if rounding <= _MOST_ROUNDING * area:
            figure = f"{part}÷{share}"
            out.append(Claim("site_boundary", figure, area, rounding, claim.handle, derived=True))
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
