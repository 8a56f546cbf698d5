"""What a short text without a key says of a building: phrases of all languages that together make it up
(``1#楼 18F/-2F``, ``Maison R+1``), storeys named one after the other (``STILT + GROUND FLOOR + 2 UPPER FLOORS``)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from drawings.standards import patterns
from drawings.standards.shared_words import any_floor_name, attribute_words, floor_names, numeral
from drawings.standards.standards import Phrase, roles

_LONGEST = 60
_SAYING = re.compile(r"[^\d\s.,:+\-±%]")  # more than a number
_BETWEEN = re.compile(r"(?:[\s/|,，、;；()\[\]【】+]|(?<=\s)[-–—](?=\s))*")
_NUMBERED_SIGN = re.compile(r"\\x([89a-f][0-9a-f])")
#: words set off by a sign from what a label says; not in Chinese, where they are half of what it says
_SETS_OFF = ",;/|()"
_UNKNOWN = re.compile(r"[^\d,;/|()\u3400-\u9fff]{2,30}(?:[,;/|()]\s*|$)")
_MOST_UNKNOWN = 8  # ideographs of a name in a label
_MOST_STOREYS = 8  # of a building that are named one by one
_MOST_WORDS = 4  # words of a name in a label
_WORD = re.compile(r"(?:[^\W\d_]{3,20}|[가-힣]{2,20})(?![^\W_])")

#: a number with its unit where a phrase has braces
_NUMERIC = r"[-+±]?\d+(?:[.,]\d+)*(?:\s*(?:mm|cm|m|м|米|%))?"


def expression(phrase: Phrase) -> str:
    """The expression of a phrase written as a text with braces, else its own."""
    if phrase.regex is not None:
        return phrase.regex
    out = ""
    for piece in re.split(r"(\{[^{}]*\})", unicodedata.normalize("NFKC", phrase.text or "")):
        if piece.startswith("{"):
            key = piece[1:-1]
            out += f"(?P<{key}>{_NUMERIC if key in roles().number else r'[^/|;]+?'})"
        else:
            out += r"\s*".join(re.escape(part) for part in re.split(r"\s+", piece))
    return out


def _runs_on(text: str, end: int) -> bool:
    """True if a word or number goes on beyond ``end``: no phrase ends there (ideographs stand without spaces)."""
    if not 0 < end < len(text):
        return False
    before, after = text[end - 1], text[end]
    if after == "." and before.isdigit():
        return text[end + 1 : end + 2].isdigit()
    return before.isalnum() and after.isalnum() and not (_ideograph(before) or _ideograph(after))


def plain_text(text: str) -> str:
    """NFKC, but № stays as it is; a sign that the file's code page lacks may be written as its number (``\\xb2``)."""
    text = _NUMBERED_SIGN.sub(lambda found: chr(int(found.group(1), 16)), text)
    return "№".join(unicodedata.normalize("NFKC", part) for part in text.split("№"))


def _aside(text: str, spot: int) -> int | None:
    """Where the words that nothing is known of end, if a sign sets them off and they hold no digit: Магазин, 1 этаж."""
    opens = spot == 0 or text[:spot].rstrip()[-1:] in _SETS_OFF
    found = _UNKNOWN.match(text, spot) if opens else None
    return found.end() if found is not None else None


def _ideograph(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff"


def _behind(text: str, spot: int) -> int:
    """Where what follows begins, behind spaces and signs."""
    found = _BETWEEN.match(text, spot)
    return found.end() if found is not None else spot


def _names_building(text: str, said: Mapping[str, str]) -> bool:
    """True if a label with words nobody knows is one of a building all the same: it has its number and storeys, or
    its storeys and words of a script that sets spaces between them."""
    tells = not {"层数", "建筑高度"}.isdisjoint(said)
    tells = tells and ("楼号" in said or not any(map(_ideograph, text)))
    return tells and not attribute_words().no_labels.search(text)


class _Met(NamedTuple):
    """A phrase met in a label, where it ends, and its named groups."""

    end: int
    phrase: Phrase
    found: Mapping[str, str | None]


class LabelReader:
    """The phrases in force for one drawing standard.

    Args:
        spoken: tells the languages the drawing's layers are named in; a word too short to be believed elsewhere holds
            in its own (``only_with``). Asked only where such a word is met.
    """

    def __init__(self, phrases: Sequence[Phrase], spoken: Callable[[], Collection[str]]) -> None:
        self._phrases, self._spoken = phrases, spoken
        self._openings = patterns.Openings([expression(p) for p in phrases])
        #: the text looked at last, and the phrases met in it by place
        self._last, self._at = "", dict[int, list[_Met]]()

    def said(self, text: str) -> dict[str, str]:
        """Attributes a short text without keys gives; empty unless all of it is understood."""
        if not text or len(text) > _LONGEST or not text.isprintable() or not _SAYING.search(text):
            return {}
        if (whole := self._understood(text)) is not None or (whole := self._stacked(text)) is not None:
            return whole
        out: dict[str, str] = {}
        alone, unknown = False, 0
        spot = _behind(text, 0)
        while spot < len(text):
            best = next(iter(self._met(text, spot)), None)
            if best is None:
                after = _aside(text, spot)
                if after is None and _ideograph(text[spot]):  # a name: 1#联合厂房 3F
                    unknown += 1
                    after = _behind(text, spot + 1)
                if after is None and (word := _WORD.match(text, spot)) is not None:  # NEW 1-STORY CLINIC
                    unknown += _MOST_UNKNOWN // _MOST_WORDS
                    after = _behind(text, word.end())
                if after is None or unknown > _MOST_UNKNOWN:
                    return {}
                spot = after
                continue
            if best.phrase.only_with is not None and best.phrase.only_with not in self._spoken():
                return {}
            alone = alone or best.phrase.alone
            out = _given(best.found, best.phrase) | out
            spot = _behind(text, best.end)
        believed = alone and (not unknown or _names_building(text, out))
        return out if believed else {}

    def _stacked(self, text: str) -> dict[str, str] | None:
        """How many storeys a text names one after the other (STILT + GROUND FLOOR + 2 UPPER FLOORS); else None.

        What may be a number of storeys or the name of one (2층, 3 этажа) is a name only beside others of its sort. Of
        storeys with numbers the highest one tells how many there are: EG + 1. OG + 2. OG, EG + 2 OG.
        """
        parts = [part.strip(" ()") for part in text.split("+")]
        if not 2 <= len(parts) <= _MOST_STOREYS:
            return None
        told: list[tuple[_Named | None, tuple[int, int] | None]] = []
        for part in parts:
            both = _storeys_named(part), self._storeys_counted(part)
            if both == (None, None):
                return None
            told.append(both)
        doubtful = [n for n, both in enumerate(told) if None not in both]
        above = below = highest = 0
        for number, (name, count) in enumerate(told):
            if name is not None and (count is None or doubtful != [number]):
                above, below, highest = above + name.above, below + name.below, max(highest, name.highest)
            elif count is not None:
                above, below = above + count[0], below + count[1]
        sums = {"层数": above + highest, "地下层数": below}
        return {key: str(number) for key, number in sums.items() if number} if sums["层数"] else None

    def _storeys_counted(self, text: str) -> tuple[int, int] | None:
        """Storeys above and below ground that a text counts, and says nothing else."""
        said = self._all_given(self._made_of(text) or ())
        if not said or not said.keys() <= {"层数", "地下层数"}:
            return None
        return int(said.get("层数", 0)), int(said.get("地下层数", 0))

    def _understood(self, text: str) -> dict[str, str] | None:
        """What a text made of nothing but phrases says; None if it is not made so, or they say nothing of their own."""
        found = self._made_of(text)
        if not found or not any(met.phrase.alone for met in found):
            return None
        if any(met.phrase.only_with and met.phrase.only_with not in self._spoken() for met in found):
            return None
        return self._all_given(found)

    def _made_of(self, text: str) -> list[_Met] | None:
        """The phrases a text is made of, the longest ones first at every place; None if something is left over."""
        leftover: set[int] = set()  # places from which on the text is not made of phrases

        def onward(spot: int) -> list[_Met] | None:
            if spot >= len(text):
                return []
            for met in self._met(text, spot) if spot not in leftover else ():
                if (rest := onward(_behind(text, met.end))) is not None:
                    return [met, *rest]
            leftover.add(spot)
            return None

        return onward(_behind(text, 0))

    def _all_given(self, found: Iterable[_Met]) -> dict[str, str]:
        """What phrases say together; of several that say the same the first one."""
        out: dict[str, str] = {}
        for met in found:
            out = _given(met.found, met.phrase) | out
        return out

    def _met(self, text: str, spot: int) -> list[_Met]:
        """Phrases that begin at a place, those that reach farthest first, of several alike the first one."""
        if text != self._last:
            self._last, self._at = text, {}
        if spot not in self._at:
            found = [
                _Met(end, self._phrases[number], groups)
                for number, end, groups in self._openings.at(text, spot)
                if end > spot and not _runs_on(text, end)
            ]
            self._at[spot] = sorted(found, key=lambda met: -met.end)
        return self._at[spot]


def _given(found: Mapping[str, str | None], phrase: Phrase) -> dict[str, str]:
    out = dict(phrase.gives)
    for key, raw in found.items():
        if raw is None:
            continue
        number = numeral(raw) if key in roles().number else None
        more = phrase.add.get(key, 0) + (numeral(found.get(phrase.sum.get(key, "")) or "") or 0)
        out[key] = raw.strip() if number is None else str(number + more)
    return out


class _Named(NamedTuple):
    """Storeys that a name stands for: without a number, above and below ground; the highest number it gives."""

    above: int = 0
    below: int = 0
    highest: int = 0


def _storeys_named(text: str) -> _Named | None:
    """Storeys that a text names (not: counts); those of the roof and between two are none."""
    if not text or any_floor_name().search(text) is None:
        return None
    for pattern, name in floor_names():
        found = pattern.fullmatch(text)
        if found is None:
            continue
        if name.roof or name.between:
            return _Named()
        if name.below or (name.floor or 0) < 0:
            return _Named(below=1)
        groups = found.groupdict()
        numbers = [n for key in ("a", "b") if (value := groups.get(key)) and (n := numeral(value))]
        numbers += map(int, re.findall(r"\d+", groups.get("list") or ""))
        return _Named(highest=max(numbers)) if numbers else _Named(above=1)
    return None
