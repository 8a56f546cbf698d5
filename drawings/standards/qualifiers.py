"""What qualifies the name of a figure: a limit of the plan (zul., 법정, не более) is no figure of the project;
what is planned (proposed, 계획, vorh.) is the figure itself."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from drawings.standards.languages import languages

Sort = Literal["limit", "planned"]
_LONGEST = 80  # characters of a name
_EDGES = " \t:=.,;()[]/-–—_*"


def _plain(text: str) -> str:
    return re.sub(r"[\s_]+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()


def _spaced(word: str) -> bool:
    """True for a word of a script that sets spaces between words."""
    return all(ord(c) < 0x1100 for c in word)


@lru_cache
def _expression(sort: Sort) -> re.Pattern[str]:
    """All qualifiers of a sort; those of scripts without spaces stand at the beginning or the end."""
    known = languages().values()
    written = {_plain(w) for x in known for w in (x.limits if sort == "limit" else x.planned)}
    ranked = sorted(written, key=lambda w: (-len(w), w))
    whole = "|".join(re.escape(w) for w in ranked if _spaced(w))
    within = "|".join(re.escape(w) for w in ranked if not _spaced(w))
    found = [rf"(?<!\w)(?:{whole})(?!\w)\.?"] if whole else []
    found += [rf"^(?:{within})|(?:{within})$"] if within else []
    return re.compile("|".join(found) or r"(?!)")


@lru_cache(maxsize=65_536)
def sort_of(text: str) -> Sort | None:
    """What a heading of a column or row is that says no more than that: ``법 정``, ``PERMISSIBLE``, ``vorh.``."""
    if len(text) > _LONGEST or any(c.isdigit() for c in text):
        return None
    for sort in ("limit", "planned"):
        for plain in dict.fromkeys((_plain(text), _plain(text).replace(" ", ""))):
            if plain and not _expression(sort).sub(" ", plain).strip(_EDGES):
                return sort
    return None


def names_limit(text: str) -> bool:
    """True if a name has a word in it that makes it one of a limit."""
    return len(text) <= _LONGEST and _expression("limit").search(_plain(text).strip(_EDGES)) is not None


@lru_cache(maxsize=65_536)
def without(text: str) -> str | None:
    """A name without what says that it is planned; None if it names a limit, or has no such word."""
    plain = _plain(text)
    if len(plain) > _LONGEST or _expression("limit").search(plain.strip(_EDGES)):
        return None
    bare = plain.strip(_EDGES)
    while (shorter := _expression("planned").sub(" ", bare).strip(_EDGES)) != bare:
        bare = shorter
    return bare if bare and bare != plain else None
