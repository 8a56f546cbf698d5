"""What a table says around a number: the unit in its title or at the head of its column, and parts of a figure that
are named by a word of place alone (其中：地上, 地下)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from drawings.standards.languages import languages
from drawings.standards.vocabulary import NUMBERING

if TYPE_CHECKING:
    from drawings.interpreting.text_tables import Cell

_UNIT_TITLE = re.compile(r"单位\s*[:：]?\s*([^\s:：)）\]，,;；]{1,6})")
_IN_BRACKETS = re.compile(r"[(\[]\s*([^()\[\]\d]{1,6}2?)\s*[)\]]\s*$")
_EDGES = re.compile(r"[\s:]+|[(\[][^()\[\]]{0,8}[)\]]$")
#: in text heights: how far below its title a table goes on, and how far left of the title it begins
_LOW, _LEFT = 80.0, 60.0
_ADDS_UP = 0.005  # share by which the parts of a figure may differ from it


class Units:
    """Units that titles (单位：万㎡) and heads of columns (面积(公顷)) give for the numbers below them."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.titles: list[tuple[Cell, str]] = []
        self.heads: list[tuple[Cell, str]] = []
        for cell in cells:
            if (found := _UNIT_TITLE.search(cell.text)) is not None:
                self.titles.append((cell, found.group(1)))
            elif (found := _IN_BRACKETS.search(cell.text)) is not None:
                self.heads.append((cell, found.group(1)))

    def over(self, name: Cell, value: Cell) -> list[str]:
        """Units for a number in the row of a name, the nearest heads first, then titles."""
        columns = [
            (head.y - value.y, unit)
            for head, unit in self.heads
            if _above(head, value) and value.x < head.x + head.width and head.x < value.x + value.width
        ]
        titles = [
            (title.y - value.y, unit)
            for title, unit in self.titles
            if _above(title, value) and title.x - _LEFT * title.height <= name.x <= title.x + title.width
        ]
        return [unit for found in (columns, titles) for _, unit in sorted(found)[:1]]


def _above(head: Cell, value: Cell) -> bool:
    return value.height < head.y - value.y <= _LOW * value.height


@lru_cache
def parts_of_figures() -> Mapping[str, Mapping[str, str]]:
    """Figure → word that names a part of it → the part's figure."""
    out: dict[str, dict[str, str]] = {}
    for language in languages().values():
        for whole, parts in language.parts.items():
            out.setdefault(whole, {}).update(parts)
    return out


def part_named(text: str) -> str:
    """A cell's text without numbering, 其中 and unit."""
    return _EDGES.sub("", NUMBERING.sub("", text))


def adds_up(total: float | None, parts: Sequence[float | None]) -> bool:
    """True if parts make up a figure."""
    known = [p for p in parts if p is not None]
    return total is not None and len(known) == len(parts) and abs(sum(known) - total) <= _ADDS_UP * total
