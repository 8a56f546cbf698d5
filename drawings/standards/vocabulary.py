"""How drawings write attributes: words for keys, phrases without a key, numbers with units, names of storeys.

The words of several languages are ``catalogue/words/``, what they share ``catalogue/attribute_words.yaml``; a drawing
standard adds its own, which go first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from drawings.cad.numbers import number_in, pointed
from drawings.reading import CATALOGUE
from drawings.standards import patterns
from drawings.standards.languages import FloorName, languages
from drawings.standards.qualifiers import names_limit, without
from drawings.standards.standards import AttributeRule, Phrase, roles
from drawings.standards.transliteration import unaccented
from project_box.kernel.catalogue import parse

_PAIR = re.compile(r"\s*([^=:=:]{1,60}?)\s*([=:])\s*(.*?)\s*")
_SPACED = re.compile(r"\s*([^\d=:]{1,60}?)(?:\s+[-–—](?=\s))?\s*([-+±]?\d.*?)\s*")
#: what stands between two pairs of one line
_BEHIND = re.compile(r"\s+[/|]\s+|,\s+(?=\D)")
#: what stands between two clauses of a Chinese sentence
_CLAUSE = re.compile(r"[,，](?=\s*[\u3400-\u9fff])|。")
#: what a line of a list begins with
NUMBERING = re.compile(
    r"^\s*(?:[(（]?\d{1,2}(?:\.\d{1,2})*[.、)）:]?\s+|[(（]?\d{1,2}[.、)）]\s*|[(（]?[一二三四五六七八九十]{1,2}[.、)）]\s*|[①-⑳]\s*|其中:?\s*|[-–•·*]\s*)"
)
_LONGEST_PAIR = 2000  # characters; looking for a key in more takes its time and finds none
_COUNTED_AS = {"套": "户"}
_LETTER = re.compile(r"[^\W\d_]")
_SAYING = re.compile(r"[^\d\s.,:+\-±%]")  # more than a number
_BETWEEN = re.compile(r"(?:[\s/|,，、;；()\[\]【】+]|(?<=\s)[-–—](?=\s))*")
_NUMBERED_SIGN = re.compile(r"\\x([89a-f][0-9a-f])")
#: words set off by a sign from what a label says; not in Chinese, where they are half of what it says
_SETS_OFF = ",;/|()"
_UNKNOWN = re.compile(r"[^\d,;/|()\u3400-\u9fff]{2,30}(?:[,;/|()]\s*|$)")
_LONGEST = 60
_MOST_UNKNOWN = 8  # ideographs of a name in a label
_MOST_STOREYS = 8  # of a building that are named one by one
_MOST_WORDS = 4  # words of a name in a label
_WORD = re.compile(r"(?:[^\W\d_]{3,20}|[가-힣]{2,20})(?![^\W_])")
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


def plain_key(text: str) -> str:
    """A key for comparing: NFKC, without spaces, dots, dashes and accents of Latin letters, in upper case."""
    return re.sub(r"[\s._‐-]+", "", unaccented(unicodedata.normalize("NFKC", text))).upper()


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


def _plain(text: str) -> str:
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


_LONGEST_NAME = 24  # characters of the name of a figure


@lru_cache
def _fillers() -> re.Pattern[str]:
    """Words without which the name of a figure means the same."""
    found = {word for language in languages().values() for word in language.fillers}
    return re.compile("|".join(map(re.escape, sorted(found))) or "(?!)")


@lru_cache
def _of_drawings() -> frozenset[str]:
    """Figures of a whole drawing."""
    return frozenset(k for role in ("plan_info", "site_boundary") for k in roles().roles[role].keys) & set(
        roles().number
    )


class Vocabulary:
    """The words in force for one drawing standard; texts it has seen are remembered.

    Args:
        rule: what the standard says of attributes; None for the platform's words alone.
        spoken: tells the languages the drawing's layers are named in; a word too short to be believed elsewhere holds
            in its own (``only_with``). Asked only where such a word is met.
    """

    def __init__(
        self, rule: AttributeRule | None = None, spoken: Callable[[], Collection[str]] = frozenset
    ) -> None:
        self._spoken = spoken
        catalogue, known = roles(), languages().values()
        self._comma = {"comma": True, "point": False}.get(rule.decimal or "") if rule else None
        self._keys: dict[str, tuple[str, bool]] = {}
        for key, spellings in (rule.spellings if rule else {}).items():
            for spelling in spellings:
                self._keys.setdefault(plain_key(spelling), (key, False))
        for key in sorted(catalogue.keys):
            self._keys.setdefault(plain_key(key), (key, False))
        own = frozenset(self._keys)  # what the platform and the standard call it means nothing else
        self._meanings: dict[
            str, dict[str, tuple[str, bool]]
        ] = {}  # spelling → language → what it means there
        for code, language in languages().items():
            for key, spellings in language.spellings.items():
                for spelling in spellings:
                    plain, meant = plain_key(spelling), (key, language.decimal_comma)
                    if plain not in own:
                        self._keys.setdefault(plain, meant)
                        self._meanings.setdefault(plain, {})[code] = meant
        phrases = [*(rule.phrases if rule else ()), *(p for x in known for p in x.phrases)]
        self._phrases = phrases
        self._openings = patterns.Openings([expression(p) for p in phrases])
        self._seen: dict[str, tuple[dict[str, list[str]], str]] = {}
        self._labels: dict[str, dict[str, str]] = {}

    def key(self, text: str) -> str:
        """The canonical spelling of an attribute key (unknown keys come back trimmed)."""
        return (self._meant(text) or (text.strip(), False))[0]

    def knows(self, text: str) -> bool:
        """True if ``text`` is a spelling of a key that some role takes."""
        return self._meant(text) is not None

    def _meant(self, text: str) -> tuple[str, bool] | None:
        """The key a name means and whether its numbers have a decimal comma; a limit of a figure is not the figure."""
        found = self._in_use(plain_key(text))
        if found is None and (bare := without(text)) is not None:
            found = self._in_use(plain_key(bare))
        return found or self._filled(plain_key(text))

    def _filled(self, plain: str) -> tuple[str, bool] | None:
        """The figure of the whole drawing that a name means which holds a filling word: 计容积率总建筑面积."""
        words = _fillers().findall(plain) if len(plain) <= _LONGEST_NAME else ()
        for bare in dict.fromkeys((*(plain.replace(w, "", 1) for w in words), _fillers().sub("", plain))):
            found = self._in_use(bare) if words else None
            if found is not None and found[0] in _of_drawings() and not names_limit(plain):
                return found
        return None

    def _in_use(self, plain: str) -> tuple[str, bool] | None:
        """What a spelling means; one that means different things by language (COS) what it means in the drawing's."""
        meanings = self._meanings.get(plain, {})
        if len({key for key, _ in meanings.values()}) > 1:
            spoken = self._spoken()
            return next((m for code, m in meanings.items() if code in spoken), self._keys[plain])
        return self._keys.get(plain)

    def number(self, text: str, unit: str) -> float | None:
        """The number in a text, in ``unit`` (m, ㎡, %, or a counting unit); None if it holds none.

        A share without a sign is a ratio: 0.35 is 35 %.
        """
        found = number_in(text, unit, self._units(unit), comma=self._comma)
        return (
            found * 100 if unit == "%" and found is not None and 0 < found <= 1 and "%" not in text else found
        )

    @staticmethod
    def _units(unit: str) -> Mapping[str, float]:
        found = attribute_words()
        if unit in found.units:
            return found.units[unit]
        own = found.counted.get(_COUNTED_AS.get(unit, unit), ())
        return dict.fromkeys((c.casefold() for c in (*own, *found.counted["any"])), 1.0)

    def pairs(self, text: str) -> tuple[dict[str, list[str]], str]:
        """Key–value pairs of a text and what is left of it.

        Lines and ``;`` separate pairs; ``=`` takes any key that holds a letter, ``:`` known keys, and a space (or
        nothing) known keys of numbers before a number. Full-width forms count.

        Returns:
            canonical key → values in order; the remaining free text. Not to be changed.
        """
        if text not in self._seen:
            self._seen[text] = self._split(text)
        return self._seen[text]

    def _split(self, text: str) -> tuple[dict[str, list[str]], str]:
        pairs: dict[str, list[str]] = {}
        rest: list[str] = []
        for plain in self._lines(_plain(text)):
            found = self._pair(plain) if len(plain) <= _LONGEST_PAIR else None
            if (
                found is None
                and (listed := NUMBERING.sub("", plain)) != plain
                and len(plain) <= _LONGEST_PAIR
            ):
                found = self._pair(listed)
            said = self._labelled(found)
            if said:  # 규모: 지하1층/지상3층
                for key, value in said.items():
                    pairs.setdefault(key, []).append(value)
            elif found is not None:
                pairs.setdefault(found[0], []).append(found[1])
            elif plain:
                rest.append(plain)
        return pairs, "\n".join(rest)

    def _lines(self, text: str) -> list[str]:
        """What stands on lines of its own, between semicolons, or in pairs one behind the other (TH = 6 / FH = 9)."""
        out: list[str] = []
        for line in re.split(r"[\r\n]+|[;;]", text):
            parts = _BEHIND.split(line.strip()) if len(line) <= _LONGEST_PAIR else [line]
            pairs = [self._pair(p) for p in parts] if len(parts) > 1 else []
            apart = all(pairs) or (
                any(map(self._is_number, pairs))  # 3 этажа, H=12,6 м
                and all(self._is_number(pair) or self.labels(p) for p, pair in zip(parts, pairs, strict=True))
            )
            out += parts if pairs and apart else self._clauses(line.strip())
        return out

    def _clauses(self, line: str) -> list[str]:
        """The clauses of a sentence that gives several figures (总用地面积8000㎡，容积率0.75。), else the line."""
        if len(line) > _LONGEST_PAIR or not _CLAUSE.search(line):
            return [line]
        parts = [part.strip() for part in _CLAUSE.split(line) if part.strip()]
        told = sum(self._is_number(self._pair(NUMBERING.sub("", part))) for part in parts)
        return parts if told > 1 or len(parts) == 1 else [line]

    def _is_number(self, pair: tuple[str, str] | None) -> bool:
        """True for a key of numbers with a number."""
        unit = roles().number.get(pair[0]) if pair else None
        return pair is not None and unit is not None and self.number(pair[1], unit) is not None

    def _labelled(self, pair: tuple[str, str] | None) -> dict[str, str]:
        """What the value of a key of numbers says as a label, where it is no number."""
        unit = roles().number.get(pair[0]) if pair is not None else None
        if pair is None or unit is None or self.number(pair[1], unit) is not None:
            return {}
        said = self.labels(pair[1])
        return dict(said) if pair[0] in said else {}

    def _pair(self, line: str) -> tuple[str, str] | None:
        found = _PAIR.fullmatch(line) if "=" in line or ":" in line else None
        if found is not None and found.group(3) and _LETTER.search(found.group(1)):
            if self.knows(found.group(1)):
                return self.valued(found.group(1), found.group(3))
            if names_limit(found.group(1)):
                return None
            if found.group(2) == "=" and not self.labels(line):
                last = found.group(1).split()[-1]
                if self.knows(last):  # a remark before the key: 半阳台 位置=主体外
                    return self.valued(last, found.group(3))
                return found.group(1).strip(), found.group(3)
        spaced = _SPACED.fullmatch(line) if len(line) <= _LONGEST else None
        if spaced is not None and not self.knows(spaced.group(1)):
            last = spaced.group(1).split()[
                -1
            ]  # what the coefficient is of goes before it: Terrasse Faktor 0,5
            if self.knows(last) and self.key(last) == "系数":
                return self.valued(last, spaced.group(2))
        if spaced is not None and len(plain_key(spaced.group(1))) > 1 and self.knows(spaced.group(1)):
            key, value = self.valued(spaced.group(1), spaced.group(2))
            unit = roles().number.get(key)
            if unit is not None and self.number(value, unit) is not None:
                return key, value
        return None

    def valued(self, spelling: str, value: str) -> tuple[str, str]:
        """Canonical key and value; a number after a word of a language with a decimal comma gets a point."""
        key, comma = self._meant(spelling) or (spelling, False)
        comma = comma if self._comma is None else self._comma
        return key, pointed(value) if comma and key in roles().number else value

    def labels(self, text: str) -> dict[str, str]:
        """Attributes a short text without keys gives (``1#楼 18F/-2F``); empty unless all of it is understood."""
        if text not in self._labels:
            self._labels[text] = self._label(_plain(text).strip())
        return self._labels[text]

    def _label(self, text: str) -> dict[str, str]:
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
            out = self._given(best.found, best.phrase) | out
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
        named, counted = [_storeys_named(part) for part in parts], [self._storeys_counted(p) for p in parts]
        doubtful = [n for n, both in enumerate(zip(named, counted, strict=True)) if None not in both]
        above = below = highest = 0
        for number, (name, count) in enumerate(zip(named, counted, strict=True)):
            if name is not None and (count is None or doubtful != [number]):
                above, below, highest = above + name.above, below + name.below, max(highest, name.highest)
            elif count is not None:
                above, below = above + count[0], below + count[1]
            else:
                return None
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
            out = self._given(met.found, met.phrase) | out
        return out

    def _met(self, text: str, spot: int) -> list[_Met]:
        """Phrases that begin at a place, those that reach farthest first, of several alike the first one."""
        found = [
            _Met(end, self._phrases[number], groups)
            for number, end, groups in self._openings.at(text, spot)
            if end > spot and not _runs_on(text, end)
        ]
        return sorted(found, key=lambda met: -met.end)

    @staticmethod
    def _given(found: Mapping[str, str | None], phrase: Phrase) -> dict[str, str]:
        out = dict(phrase.gives)
        for key, raw in found.items():
            if raw is None:
                continue
            number = numeral(raw) if key in roles().number else None
            more = phrase.add.get(key, 0) + (numeral(found.get(phrase.sum.get(key, "")) or "") or 0)
            out[key] = raw.strip() if number is None else str(number + more)
        return out


@lru_cache
def vocabulary() -> Vocabulary:
    """The platform's own words."""
    return Vocabulary()


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
