"""A rate, limit or share stands in a dated table with its document, never as a number inside a formula."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from elements.engine.element import Literal_
from elements.engine.engine import Entry, load_catalogue

#: numbers a formula may hold, and why
PLAIN = {
    "0": "nothing",
    "1": "the whole",
    "100": "per cent",
    "1000": "per mille, metres and millimetres",
    "10000": "万, 公顷 in ㎡",
    "0.0015": "㎡ in 亩",
    "15": "公顷 in 亩",
    "365": "days of a yearly rent",
    "0.01": "the smallest step of a recorded area, ㎡",
}
#: fixed arguments of named functions that are no rates: which level, how many decimals, a unit
STRUCTURE = {"level", "precision", "index", "position", "places"}

_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMBER = re.compile(r"(?<![A-Z0-9_.])\d+(?:\.\d+)?")


def numbers_in(formula: str) -> list[str]:
    """Numbers written in a formula, without those in texts and codes."""
    return _NUMBER.findall(_TEXT.sub("", formula))


def hidden(entry: Entry) -> Iterator[str]:
    """What of an element holds a number that belongs in a table: ``file:line code number``."""
    spec = entry.spec
    for number in numbers_in(spec.formula or ""):
        if number not in PLAIN:
            yield f"{entry.path.name}:{entry.line} {spec.code}: {number} in {spec.formula}"
    for name, argument in spec.args.items():
        if not isinstance(argument, Literal_) or isinstance(argument.value, (bool, str, list, dict)):
            continue
        if argument.value is None or name in STRUCTURE or str(Decimal(str(argument.value))) in PLAIN:
            continue
        yield f"{entry.path.name}:{entry.line} {spec.code}: {name} = {argument.value}"


def test_no_formula_hides_a_rate() -> None:
    assert [line for entry in load_catalogue().entries for line in hidden(entry)] == []


def test_the_search_finds_what_it_should() -> None:
    assert numbers_in("A1 * 0.05 + B_2 / 100 > 25 ? 3 : 'x 7'") == ["0.05", "100", "25", "3"]
    assert numbers_in("SUM_2024 + max([X, 0])") == ["0"]
