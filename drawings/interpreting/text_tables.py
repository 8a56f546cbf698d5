"""Figures of a table drawn with texts (经济技术指标, ТЭП, 건축개요, area statement): a cell that names a figure and the
number that stands in its row to the right, or below its head. A table may be turned, as a whole sheet or by a quarter.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drawings.cad.model import CadEntity
from drawings.cad.numbers import unit_behind
from drawings.interpreting.plan_titles import width_of
from drawings.interpreting.table_context import Units, adds_up, part_named, parts_of_figures
from drawings.shapes.work import Work
from drawings.standards.qualifiers import Sort, sort_of
from drawings.standards.shared_words import attribute_words
from drawings.standards.standards import roles
from drawings.standards.vocabulary import NUMBERING, Vocabulary

_IN_BRACKETS = re.compile(
    r"\s*[(（\[]\s*([^()（）\[\]]{1,24})\s*[)）\]]\s*:?$|\s*[,，]\s*([^\d\s,，]{1,6}[23]?\.?)\s*:?$"
)
_NUMBER = re.compile(r"[-+]?\d[\d.,  ]*")
#: in text heights: cells of one row differ in height by less, and are no further apart; a head is no further above
_ROW, _APART, _BELOW = 0.8, 100.0, 4.0
#: how far below its heading a column goes on
_HEADED = 80.0
#: how far the name of a part stands aside of the figure it is a part of
_INDENT = 20.0
_LONGEST, _LONGEST_UNIT, _MOST, _STRIPS, _DIRECTIONS = 60, 12, 20_000, 64, 8
#: figures of the whole drawing
_OF = ("plan_info", "site_boundary")


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    x: float
    y: float
    width: float
    height: float
    entity: CadEntity


@dataclass(frozen=True, slots=True)
class Read:
    """What a table says of a figure, with its unit; and the text that names it."""

    text: str
    entity: CadEntity


@dataclass(frozen=True, slots=True)
class Name:
    """How a cell spells an attribute, and the unit written with it."""

    spelling: str
    unit: str = ""


def read_tables(work: Work) -> dict[str, Read]:
    """Attribute of the drawing → what its table says, with the unit; the first table goes before later ones."""
    keys = {k for role in _OF for k in work.catalogue.roles[role].keys} & set(work.catalogue.number)
    beside: dict[str, Read] = {}
    under: dict[str, Read] = {}  # what stands below a head is worth less than what stands beside a name
    for cells in tables_of(work):
        table = _Table(work, cells, keys)
        for key, read in table.beside().items():
            beside.setdefault(key, read)
        for key, read in table.under(beside).items():
            under.setdefault(key, read)
        for key, read in table.parts(under | beside).items():
            beside.setdefault(key, read)
    return under | beside


def tables_of(work: Work) -> list[list[Cell]]:
    """Texts that may be cells, those of one direction together and seen upright; texts that are upright first."""
    out: dict[float, list[Cell]] = defaultdict(list)
    count = 0
    for entity in work.written():
        if entity.at is None or not entity.text or entity.kind in ("DIMENSION", "INSERT") or count >= _MOST:
            continue
        text = unit_behind(
            unicodedata.normalize("NFKC", entity.text).strip(" :="), attribute_words().units["㎡"]
        )
        if 0 < len(text) <= _LONGEST and "\n" not in text:
            count += 1
            angle = round(entity.rotation % 360, 1) % 360
            out[angle].append(_cell(entity, text, math.radians(angle)))
    ranked = sorted(out.items(), key=lambda found: (found[0] != 0, -len(found[1])))
    return [sorted(cells, key=lambda c: (-c.y, c.x)) for _, cells in ranked[:_DIRECTIONS]]


def _cell(entity: CadEntity, text: str, angle: float) -> Cell:
    x, y = entity.at or (0.0, 0.0)
    cos, sin = math.cos(angle), math.sin(angle)
    height = entity.height or 1.0
    return Cell(text, x * cos + y * sin, y * cos - x * sin, width_of(text, height), height, entity)


class _Table:
    """Texts of one direction, read as tables."""

    def __init__(self, work: Work, cells: Sequence[Cell], keys: Collection[str]) -> None:
        self.work, self.words, self.keys = work, work.words, keys
        self.cells = cells
        found = [(c, named_in(self.words, c.text)) for c in cells]
        #: cells that name a figure of the drawing, from the top
        self.heads = [
            (c, name, key)
            for c, name in found
            if name is not None and (key := self.words.key(name.spelling)) in keys
        ]
        self.rows = _Rows(cells)
        self.columns = _Columns(cells)
        self.units = Units(cells)

    def beside(self) -> dict[str, Read]:
        """Figures whose number stands in their row."""
        out: dict[str, Read] = {}
        for cell, name, key in self.heads:
            self.work.deadline.check()
            if key not in out and (found := self._beside(cell, name)) is not None:
                out[key] = Read(found, cell.entity)
        return out

    def under(self, known: Collection[str]) -> dict[str, Read]:
        """Figures but the known ones whose number stands below their name."""
        out: dict[str, Read] = {}
        for cell, name, key in self.heads:
            self.work.deadline.check()
            if key not in out and key not in known and (found := self._under(cell, name)) is not None:
                out[key] = Read(found, cell.entity)
        return out

    def parts(self, known: Mapping[str, Read]) -> dict[str, Read]:
        """Parts of figures, named by a word of place below them (其中：地上, 地下); told only if they add up."""
        out: dict[str, Read] = {}
        for whole, parts in parts_of_figures().items():
            for head in (c for c, _, key in self.heads if key == whole and whole in known):
                total = self._number(known[whole].text, whole)
                found = {
                    key: (cell, value)
                    for cell, key in self._below(head, parts)
                    if key not in known and (value := self._beside(cell, Name(key))) is not None
                }
                values = [self._number(value, key) for key, (_, value) in found.items()]
                if len(found) == len(set(parts.values())) and adds_up(total, values):
                    out |= {key: Read(value, cell.entity) for key, (cell, value) in found.items()}
        return out

    def _below(self, head: Cell, parts: Mapping[str, str]) -> list[tuple[Cell, str]]:
        """Cells below a head, up to the next name of a figure in its column, that name a part of it."""
        ends = [c.y for c, _, _ in self.heads if c.y < head.y - _ROW * head.height and _one_column(c, head)]
        low = max(ends, default=head.y - _HEADED * head.height)
        return [
            (c, key)
            for c in self.cells
            if low < c.y < head.y and _one_column(c, head) and (key := parts.get(part_named(c.text)))
        ]

    def _number(self, text: str, key: str) -> float | None:
        return self.words.number(text, roles().number[key])

    def _beside(self, head: Cell, name: Name) -> str | None:
        """The first number in the row right of a name, up to the next name; of columns that of what is planned."""
        slack = _ROW * head.height
        row = [
            c
            for c in self.rows.between(head.y - slack, head.y + slack)
            if 0 < c.x - head.x <= _APART * head.height
        ]
        row.sort(key=lambda c: c.x)
        first: str | None = None
        for place, cell in enumerate(row):
            if named_in(self.words, cell.text) is not None:
                break
            sort = self.columns.over(cell) or self.columns.before(cell)
            if sort == "limit" or not _NUMBER.match(cell.text):
                continue
            beside = [c.text for c in (*row[place + 1 : place + 2], *row[:place])]
            units = [name.unit] if name.unit else [*beside, *self.units.over(head, cell)]
            value = _value(self.words, name, cell.text, units)
            if value is not None and sort == "planned":
                return value
            first = first or value
        return first

    def _under(self, head: Cell, name: Name) -> str | None:
        """The number right below the head of a column; of several that in the row of what is planned."""
        lines = self.rows.between(head.y - _BELOW * head.height, head.y - _ROW * head.height)
        below = [c for c in lines if c.x < head.x + head.width and head.x < c.x + max(c.width, head.height)]
        nearest = max(below, key=lambda c: c.y, default=None)
        if nearest is not None and (self.columns.before(nearest) or self._goes_on(nearest, head)):
            return self._planned(head, name)
        return _value(self.words, name, nearest.text, [name.unit]) if nearest is not None else None

    def _planned(self, head: Cell, name: Name) -> str | None:
        """The number of a column in the row of what is planned; others hold several things, none of the drawing."""
        lines = self.rows.between(head.y - _HEADED * head.height, head.y - _ROW * head.height)
        below = [c for c in lines if c.x < head.x + head.width and head.x < c.x + max(c.width, head.height)]
        found = [c for c in below if _NUMBER.match(c.text) and self.columns.before(c) == "planned"]
        return _value(self.words, name, found[0].text, [name.unit]) if len(found) == 1 else None

    def _goes_on(self, first: Cell, head: Cell) -> bool:
        """True if the column below a head holds a further number."""
        lines = self.rows.between(first.y - _BELOW * head.height, first.y - _ROW * head.height)
        return any(
            _NUMBER.match(c.text) and c.x < head.x + head.width and head.x < c.x + max(c.width, head.height)
            for c in lines
        )


def _one_column(cell: Cell, head: Cell) -> bool:
    return abs(cell.x - head.x) <= _INDENT * head.height


def named_in(words: Vocabulary, text: str) -> Name | None:
    """What a cell names that does not hold the figure itself."""
    plain = NUMBERING.sub("", text)
    for name in dict.fromkeys((plain, text)):
        bare = re.sub(r"[\s:=]+$", "", name)
        if words.knows(bare):
            return None if _is_counted(words, text, bare) else Name(bare)
        found = _IN_BRACKETS.search(name)
        remark = (found.group(1) or found.group(2)).strip() if found is not None else ""
        if found is not None and sort_of(remark) != "limit" and words.knows(name[: found.start()]):
            return Name(name[: found.start()], remark)
        what, _, unit = bare.rpartition(" ")  # Superficie lotto mq
        if unit.rstrip(".").casefold() in attribute_words().units["㎡"] and words.knows(what):
            return Name(what, unit)
    return None


def _is_counted(words: Vocabulary, text: str, named: str) -> bool:
    """True for a number of what a word counts (14 WE), which is no line of a list (14 Wohneinheiten)."""
    unit = roles().number.get(words.key(named))
    return text != named and unit is not None and words.number(text, unit) is not None


class _Rows:
    """Cells by height, to find those of one row."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.size = max(min(c.height for c in cells), 1e-9) * 4
        self.at: dict[int, list[Cell]] = defaultdict(list)
        for cell in cells:
            self.at[round(cell.y / self.size)].append(cell)

    def between(self, low: float, high: float) -> list[Cell]:
        """Cells whose line lies between two heights."""
        first, last = round(low / self.size), round(high / self.size)
        if last - first > _STRIPS:
            return []
        return [c for n in range(first, last + 1) for c in self.at.get(n, ()) if low <= c.y <= high]


class _Columns:
    """Headings that tell what is a limit and what is planned: PERMISSIBLE | PROPOSED, 법정 | 계획."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.heads = [(c, sort) for c in cells if (sort := sort_of(c.text)) is not None]

    def over(self, cell: Cell) -> Sort | None:
        """What the nearest heading above a cell says."""
        above = [
            (head.y, sort)
            for head, sort in self.heads
            if head.y > cell.y + _ROW * cell.height
            and head.y - cell.y <= _HEADED * cell.height
            and cell.x < head.x + head.width
            and head.x < cell.x + cell.width
        ]
        return min(above)[1] if above else None

    def before(self, cell: Cell) -> Sort | None:
        """What the nearest heading in a cell's row says."""
        row = [
            (cell.x - head.x, sort)
            for head, sort in self.heads
            if abs(head.y - cell.y) <= _ROW * cell.height and 0 < cell.x - head.x <= _APART * cell.height
        ]
        return min(row)[1] if row else None


def _value(words: Vocabulary, name: Name, text: str, units: Sequence[str]) -> str | None:
    """The number of a cell with its own unit, else with one written with its name or in a cell beside it."""
    key, value = words.valued(name.spelling, text)
    sort = roles().number[key]
    if not _NUMBER.match(text) or words.number(value, sort) is None:
        return None
    if not _NUMBER.sub("", text, count=1).strip():
        for unit in units:
            whole = f"{value} {unit}"
            named = unit and len(unit) <= _LONGEST_UNIT and not any(map(str.isdigit, unit.rstrip("23")))
            if named and words.number(whole, sort) is not None:
                return whole
    return value
