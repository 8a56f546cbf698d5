"""Attributes of shapes: ``KEY=VALUE`` texts, extended data, numbers with units, precedence of sources."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drawings.drawing import Value
from drawings.standards import known_key, roles

_PAIR = re.compile(r"\s*([^=:=:]{1,60}?)\s*([=:])\s*(.*?)\s*")
_NUMBER = re.compile(
    r"([-+±]?\d+(?:\.\d+)?|[-+±]?\.\d+)\s*(mm|cm|m2|m²|㎡|平方米|平米|公顷|ha|亩|m|米|层|个|辆|户|套|F)?",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")


def parse_pairs(text: str) -> tuple[dict[str, list[str]], str]:
    """Key–value pairs of a text and what is left of it.

    Lines and ``;`` separate pairs; ``=`` takes any key that holds a letter, ``:`` only known keys. Full-width
    forms count.

    Returns:
        canonical key → values in order; the remaining free text.
    """
    pairs: dict[str, list[str]] = {}
    rest: list[str] = []
    for line in re.split(r"[\r\n]+|[;;]", unicodedata.normalize("NFKC", text)):
        found = _PAIR.fullmatch(line)
        if found is not None and found.group(3) and _LETTER.search(found.group(1)):
            key = found.group(1)
            if found.group(2) == "=" or known_key(key):
                pairs.setdefault(roles().key(key), []).append(found.group(3))
                continue
        if line.strip():
            rest.append(line.strip())
    return pairs, "\n".join(rest)


def parse_xdata(strings: Sequence[str]) -> dict[str, str]:
    """Pairs in the strings of extended data: ``KEY=VALUE`` strings, else key and value in turn."""
    out: dict[str, str] = {}
    loose: list[str] = []
    for text in strings:
        pairs, rest = parse_pairs(text)
        for key, values in pairs.items():
            out[key] = values[0]
        if rest and not pairs:
            loose.append(rest)
    for key, value in zip(loose[::2], loose[1::2], strict=False):
        out.setdefault(roles().key(key), value)
    return out


def to_number(text: str, unit: str) -> float | None:
    """The number in a text, in ``unit``; None if it holds none. ``54300mm`` is 54.3 m, ``1.2公顷`` is 12000 ㎡."""
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text).replace(",", "").strip())
    if found is None:
        return None
    number = float(found.group(1).replace("±", ""))
    written = (found.group(2) or "").lower()
    if unit == "m":
        number *= {"mm": 0.001, "cm": 0.01}.get(written, 1.0)
    elif unit == "㎡":
        number *= {"公顷": 10_000.0, "ha": 10_000.0}.get(written, 1.0)
        if written == "亩":
            number *= 10_000 / 15
    return round(number, 9)


@dataclass(slots=True)
class Gathered:
    """Attribute values of one shape by source, in order of appearance."""

    values: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def add(self, source: str, pairs: Mapping[str, str | Iterable[str]]) -> None:
        """Record values of one source."""
        for key, value in pairs.items():
            items = [value] if isinstance(value, str) else list(value)
            self.values.setdefault(source, {}).setdefault(key, []).extend(items)

    def all_keys(self) -> list[str]:
        """All keys, in order of first appearance."""
        return list(dict.fromkeys(k for pairs in self.values.values() for k in pairs))


@dataclass(frozen=True, slots=True)
class Clash:
    """Two different values of one key: ``same_source`` two labels, else two sources that disagree."""

    key: str
    first: str
    second: str
    source: str
    other: str

    @property
    def same_source(self) -> bool:
        """True for two labels."""
        return self.source == self.other


@dataclass(slots=True)
class Settled:
    """Outcome of :func:`settle`."""

    attributes: dict[str, Value] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    not_numbers: list[tuple[str, str]] = field(default_factory=list)


def settle(gathered: Gathered, order: Sequence[str]) -> Settled:
    """One value per key: the most trusted source's first one; what disagrees is told."""
    catalogue = roles()
    out = Settled()
    ranking = [*order, *(s for s in gathered.values if s not in order)]
    for key in gathered.all_keys():
        offers = [(s, v) for s in ranking for v in gathered.values.get(s, {}).get(key, [])]
        source, text = offers[0]
        unit = catalogue.number.get(key)
        for other, value in offers[1:]:
            if not _same(text, value, unit):
                out.clashes.append(Clash(key, text, value, source, other))
        out.sources[key] = source
        number = to_number(text, unit) if unit is not None else None
        if unit is not None and number is None:
            out.not_numbers.append((key, text))
        out.attributes[key] = number if number is not None else text
    return out


def _same(first: str, second: str, unit: str | None) -> bool:
    if unit is not None:
        a, b = to_number(first, unit), to_number(second, unit)
        if a is not None and b is not None:
            return abs(a - b) < 1e-9
    return first.strip() == second.strip()
