"""How drawings write attributes: words for keys, numbers with units; labels without a key are read elsewhere.

The words of several languages are ``catalogue/words/``, what they share ``catalogue/attribute_words.yaml``; a drawing
standard adds its own, which go first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

from drawings.cad.numbers import number_in, pointed
from drawings.standards.label_reading import LabelReader, plain_text
from drawings.standards.languages import languages
from drawings.standards.qualifiers import names_limit, without
from drawings.standards.shared_words import attribute_words
from drawings.standards.standards import AttributeRule, roles
from drawings.standards.transliteration import unaccented

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
_LONGEST = 60


def plain_key(text: str) -> str:
    """A key for comparing: NFKC, without spaces, dots, dashes and accents of Latin letters, in upper case."""
    return re.sub(r"[\s._‐-]+", "", unaccented(unicodedata.normalize("NFKC", text))).upper()


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
        self._reader = LabelReader(phrases, spoken)
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
        for plain in self._lines(plain_text(text)):
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
            self._labels[text] = self._reader.said(plain_text(text).strip())
        return self._labels[text]


@lru_cache
def vocabulary() -> Vocabulary:
    """The platform's own words."""
    return Vocabulary()
