"""Attributes of shapes: pairs in extended data, values by source, precedence of sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drawings.drawing import Value
from drawings.standards.standards import roles
from drawings.standards.vocabulary import Vocabulary, vocabulary


def parse_xdata(strings: Sequence[str], words: Vocabulary | None = None) -> dict[str, str]:
    """Pairs in the strings of extended data: ``KEY=VALUE`` strings, else key and value in turn."""
    out: dict[str, str] = {}
    if not strings:
        return out
    words = words or vocabulary()
    loose: list[str] = []
    for text in strings:
        pairs, rest = words.pairs(text)
        for key, values in pairs.items():
            out[key] = values[0]
        if rest and not pairs:
            loose.append(rest)
    for key, value in zip(loose[::2], loose[1::2], strict=False):
        out.setdefault(words.key(key), value)
    return out


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


def settle(gathered: Gathered, order: Sequence[str], words: Vocabulary | None = None) -> Settled:
    """One value per key: the most trusted source's first one; what disagrees is told."""
    out = Settled()
    if not gathered.values:
        return out
    catalogue, words = roles(), words or vocabulary()
    ranking = [*order, *(s for s in gathered.values if s not in order)]
    for key in gathered.all_keys():
        offers = [(s, v) for s in ranking for v in gathered.values.get(s, {}).get(key, [])]
        source, text = offers[0]
        unit = catalogue.number.get(key)
        for other, value in dict.fromkeys(offers[1:]):
            if not _same(text, value, unit, words):
                out.clashes.append(Clash(key, text, value, source, other))
        out.sources[key] = source
        number = words.number(text, unit) if unit is not None else None
        if unit is not None and number is None:
            out.not_numbers.append((key, text))
        out.attributes[key] = number if number is not None else text
    return out


def _same(first: str, second: str, unit: str | None, words: Vocabulary) -> bool:
    if unit is not None:
        a, b = words.number(first, unit), words.number(second, unit)
        if a is not None and b is not None:
            return abs(a - b) < 1e-9
    return first.strip() == second.strip()
