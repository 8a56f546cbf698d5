"""Words that all languages of drawings share (``attribute_words.yaml``), numbers in words, names of storeys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from drawings.reading import CATALOGUE
from drawings.standards.languages import FloorName, languages
from project_box.kernel.catalogue import parse

_ROMAN = {"I": 1, "V": 5, "X": 10}
_CHINESE = {c: n for n, c in enumerate("零一二三四五六七八九十")}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bays(_Strict):
    """How notes count spaces (``counts``, group ``n``), and how large one is (``area``, role → ㎡ from, to)."""

    counts: tuple[str, ...]
    area: dict[str, tuple[float, float]]


class AttributeWords(_Strict):
    """``attribute_words.yaml``; ``compass``: word (casefold) → degrees from east, anticlockwise."""

    units: dict[str, dict[str, float]]
    counted: dict[str, tuple[str, ...]]
    labelled: frozenset[str]
    noted: frozenset[str]
    bays: Bays
    legends: tuple[str, ...]
    no_labels: re.Pattern[str]
    compass: dict[str, float]
    numerals: dict[str, int] = Field(default_factory=dict)


@lru_cache
def attribute_words() -> AttributeWords:
    """The words in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(AttributeWords, CATALOGUE / "attribute_words.yaml")


def numeral(text: str) -> int | None:
    """The number a word means: ``12``, ``十二``, ``II``, ``TWO``; None if it is none."""
    plain = text.strip().upper()
    if plain.isdigit():
        return int(plain)
    if plain in attribute_words().numerals:
        return attribute_words().numerals[plain]
    if plain and all(c in _CHINESE for c in plain):
        tens, ten, ones = plain.rpartition("十")
        if not ten:
            return _CHINESE[plain] if len(plain) == 1 else None
        return (_CHINESE.get(tens, 1) if tens else 1) * 10 + (_CHINESE.get(ones, 0) if ones else 0)
    if plain and all(c in _ROMAN for c in plain):
        values = [_ROMAN[c] for c in plain]
        return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))
    return None


@lru_cache
def floor_names() -> Sequence[tuple[re.Pattern[str], FloorName]]:
    """All names of storeys, language by language."""
    return [
        (re.compile(name.regex.pattern, re.IGNORECASE), name)
        for language in languages().values()
        for name in language.floors
    ]


@lru_cache
def any_floor_name() -> re.Pattern[str]:
    """All names of storeys in one expression, to pass over a text that holds none."""
    plain = (re.sub(r"\?P<\w+>", "?:", pattern.pattern) for pattern, _ in floor_names())
    return re.compile("|".join(f"(?:{p})" for p in plain), re.IGNORECASE)
