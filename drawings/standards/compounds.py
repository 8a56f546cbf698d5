"""Names put together of words that tell a role only together: 项目用地四至线, JZTJX (建筑 退界 线).

Chinese names are made of few words in endless order; which of them together mean a role is data
(``compounds`` of ``catalogue/words/zh.yaml``). Pinyin, whole or by initials, is read as the words it spells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from drawings.standards.languages import Compound, languages

_LATIN = re.compile(r"[a-zü]{3,40}")
_HAN = re.compile(r"[\u3400-\u9fff]")
_MOST_READINGS = 16


@dataclass(frozen=True, slots=True)
class Composed:
    """The role a name put together tells, and the words it was read as."""

    role: str
    words: str
    length: int  # characters of the words met


def composed(parts: Sequence[str]) -> Composed | None:
    """The role of a name given in folded parts; None where its words tell none.

    What is written in ideographs goes before Pinyin; Latin letters are Pinyin only if they spell nothing else.
    """
    ideographs = "".join(p for p in parts if _HAN.search(p))
    if ideographs:
        return _told(ideographs)
    latin = [p for p in parts if p.isalpha()]
    whole = "".join(latin)
    for name in dict.fromkeys((whole, *latin)):
        told = [_told(reading) for reading in (_readings(name) if _LATIN.fullmatch(name) else ())]
        found = max((t for t in told if t is not None), key=lambda t: t.length, default=None)
        if found is not None:
            return replace(found, length=len(name) if name == whole else 0)
    return None


def _told(name: str) -> Composed | None:
    """What the compound says that is made of most of a name; the end of a name goes before all else."""
    best: Composed | None = None
    for language in languages().values():
        for compound in language.compounds:
            met = _met(compound, name)
            if met and compound.ends:
                return Composed(compound.role, name, met)
            if met and (best is None or met > best.length):
                best = Composed(compound.role, name, met)
    return best


def _met(compound: Compound, name: str) -> int:
    """How many characters of a name the words of a compound are; 0 if it is not put together so."""
    if any(word in name for word in compound.without):
        return 0
    end = next((word for word in sorted(compound.ends, key=len, reverse=True) if name.endswith(word)), "")
    if compound.ends and not end:
        return 0
    left, met = name, len(end)
    for group in compound.of:  # a word counts for one group only
        word = next((w for w in sorted(group, key=len, reverse=True) if w in left), None)
        if word is None:
            return 0
        left, met = left.replace(word, "\x00", 1), met + len(word)
    return met


@lru_cache
def _spelt() -> dict[str, tuple[str, ...]]:
    """Pinyin → words it may stand for."""
    out: dict[str, list[str]] = {}
    for language in languages().values():
        for word, spellings in language.syllables.items():
            for spelling in spellings:
                out.setdefault(spelling, []).append(word)
    return {spelling: tuple(found) for spelling, found in out.items()}


@lru_cache(maxsize=4096)
def _readings(name: str) -> tuple[str, ...]:
    """All ways to read a name as Chinese words, those of few words first; at most some."""
    known = _spelt()
    longest = max(map(len, known), default=0)
    ends: list[list[tuple[int, str]]] = [[(0, "")]] + [[] for _ in name]
    for end in range(1, len(name) + 1):
        for start in range(max(0, end - longest), end):
            for word in known.get(name[start:end], ()):
                ends[end] += [(count + 1, said + word) for count, said in ends[start]]
        ends[end] = sorted(ends[end])[:_MOST_READINGS]
    return tuple(said for _, said in ends[-1])
