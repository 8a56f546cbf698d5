"""Figures of a table drawn with texts (经济技术指标, ТЭП, 건축개요, area statement): a cell that names a figure and the
number that stands in its row to the right, or below its head.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drawings.cad.model import CadEntity
from drawings.interpreting.plan_titles import width_of
from drawings.shapes.work import Work
from drawings.standards.qualifiers import Sort, sort_of
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
_LONGEST, _LONGEST_UNIT, _MOST, _STRIPS = 60, 12, 20_000, 64
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
    cells = cells_of(work)
    heads = [(c, named) for c in cells if (named := named_in(work.words, c.text)) is not None]
    out: dict[str, Read] = {}
    under: dict[str, Read] = {}  # what stands below a head is worth less than what stands beside a name
    if not heads:
        return out
    rows = _Rows(cells)
    columns = _Columns(cells)
    for cell, name in heads:
        work.deadline.check()
        key = work.words.key(name.spelling)
        if key not in keys or key in out:
            continue
        found = _beside(work.words, rows, columns, cell, name)
        if found is not None:
            out[key] = Read(found, cell.entity)
        elif key not in under and (found := _under(work.words, rows, columns, cell, name)) is not None:
            under[key] = Read(found, cell.entity)
    return under | out


def cells_of(work: Work) -> list[Cell]:
    out: list[Cell] = []
    for entity in work.written():
        if (
            entity.at is None
            or not entity.text
            or entity.kind in ("DIMENSION", "INSERT")
            or len(out) >= _MOST
        ):
            continue
        text = unicodedata.normalize("NFKC", entity.text).strip()
        if 0 < len(text) <= _LONGEST and "\n" not in text and not entity.rotation % 360:
            height = entity.height or 1.0
            out.append(Cell(text, *entity.at, width_of(text, height), height, entity))
    return sorted(out, key=lambda c: (-c.y, c.x))


def named_in(words: Vocabulary, text: str) -> Name | None:
    """What a cell names that does not hold the figure itself."""
    plain = NUMBERING.sub("", text)
    for name in dict.fromkeys((plain, text)):
        bare = re.sub(r"[\s:=]+$", "", name)
        if words.knows(bare):
            return Name(bare)
        found = _IN_BRACKETS.search(name)
        remark = (found.group(1) or found.group(2)).strip() if found is not None else ""
        if found is not None and sort_of(remark) != "limit" and words.knows(name[: found.start()]):
            return Name(name[: found.start()], remark)
    return None


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


def _beside(words: Vocabulary, rows: _Rows, columns: _Columns, head: Cell, name: Name) -> str | None:
    """The first number in the row to the right of a name, up to the next name; of columns that of what is planned."""
    slack = _ROW * head.height
    row = [
        c for c in rows.between(head.y - slack, head.y + slack) if 0 < c.x - head.x <= _APART * head.height
    ]
    row.sort(key=lambda c: c.x)
    first: str | None = None
    for place, cell in enumerate(row):
        if named_in(words, cell.text) is not None:
            break
        sort = columns.over(cell) or columns.before(cell)
        if sort == "limit" or not _NUMBER.match(cell.text):
            continue
        units = [name.unit] if name.unit else [c.text for c in (*row[place + 1 : place + 2], *row[:place])]
        value = _value(words, name, cell.text, units)
        if value is not None and sort == "planned":
            return value
        first = first or value
    return first


def _under(words: Vocabulary, rows: _Rows, columns: _Columns, head: Cell, name: Name) -> str | None:
    """The number right below the head of a column; of several that in the row of what is planned."""
    lines = rows.between(head.y - _BELOW * head.height, head.y - _ROW * head.height)
    below = [c for c in lines if c.x < head.x + head.width and head.x < c.x + max(c.width, head.height)]
    nearest = max(below, key=lambda c: c.y, default=None)
    if nearest is not None and (columns.before(nearest) or _goes_on(rows, nearest, head)):
        return _planned(words, rows, columns, head, name)
    return _value(words, name, nearest.text, [name.unit]) if nearest is not None else None


def _planned(words: Vocabulary, rows: _Rows, columns: _Columns, head: Cell, name: Name) -> str | None:
    """The number of a column in the row of what is planned; other columns hold several things, none of the drawing."""
    lines = rows.between(head.y - _HEADED * head.height, head.y - _ROW * head.height)
    below = [c for c in lines if c.x < head.x + head.width and head.x < c.x + max(c.width, head.height)]
    found = [c for c in below if _NUMBER.match(c.text) and columns.before(c) == "planned"]
    return _value(words, name, found[0].text, [name.unit]) if len(found) == 1 else None


def _goes_on(rows: _Rows, first: Cell, head: Cell) -> bool:
    """True if the column below a head holds a further number."""
    lines = rows.between(first.y - _BELOW * head.height, first.y - _ROW * head.height)
    return any(
        _NUMBER.match(c.text) and c.x < head.x + head.width and head.x < c.x + max(c.width, head.height)
        for c in lines
    )


def _value(words: Vocabulary, name: Name, text: str, units: Sequence[str]) -> str | None:
    """The number of a cell with its own unit, else with one written with its name or in a cell beside it."""
    key, value = words.valued(name.spelling, text)
    sort = roles().number[key]
    if not _NUMBER.match(text) or words.number(value, sort) is None:
        return None
    if not _NUMBER.sub("", text, count=1).strip():
        for unit in units:
            whole = f"{value} {unit}"
            if unit and len(unit) <= _LONGEST_UNIT and words.number(whole, sort) is not None:
                return whole
    return value
