"""What a drawing says of several buildings at once: ``1~3#楼：18F H=53.9m``, and lists of buildings in columns
(楼号 | 层数 | 建筑高度). It is given to the buildings of these numbers that say nothing of it themselves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from drawings.interpreting.text_tables import Cell, named_in, tables_of
from drawings.shapes.work import Ring, Work
from drawings.standards.shared_words import attribute_words
from drawings.standards.vocabulary import Vocabulary

BUILDING = "楼号"
_SIGN = r"(?:#|号楼|号|楼|栋|幢|座)"
_ONE = rf"[A-Z]{{0,2}}-?\d{{1,3}}\s*{_SIGN}*"
_AND = r"\s*(?:[~\-–—至到]|[、,;/&]|和|及|与)\s*"
#: several buildings, or one with a colon, and what is said of them
_LISTED = re.compile(rf"(?P<names>{_ONE}(?:{_AND}{_ONE})*)\s*(?P<colon>:)?\s*(?P<rest>.*)", re.IGNORECASE)
_TOKEN = re.compile(rf"([A-Z]{{0,2}})-?(\d{{1,3}})\s*{_SIGN}*", re.IGNORECASE)
_RANGE = re.compile(r"^\s*(?:[~\-–—]|至|到)\s*$")
_MOST, _LONGEST = 200, 60
#: in text heights: rows of a list are no further apart; columns stand no further from their heading
_STEP, _ASIDE = 6.0, 14.0


def plain_name(text: str) -> str:
    """The name of a building without signs: ``01#楼`` and ``1号楼`` are ``1``."""
    folded = re.sub(rf"{_SIGN}|\s|-|第", "", unicodedata.normalize("NFKC", text)).upper()
    return re.sub(r"(?<!\d)0+(?=\d)", "", folded)


def names_in(text: str) -> list[str]:
    """The buildings a list names, plain: ``1~3#、5#楼`` → 1, 2, 3, 5; empty if it is none."""
    out: list[str] = []
    end = 0
    for found in _TOKEN.finditer(text):
        prefix, number = found.group(1).upper(), int(found.group(2))
        between = text[end : found.start()]
        if out and _RANGE.fullmatch(between):
            last = re.fullmatch(r"([A-Z]*)(\d+)", out[-1])
            first = int(last.group(2)) if last is not None else number
            letters = last.group(1) if last is not None else prefix
            if not first < number <= first + _MOST or prefix not in ("", letters):
                return []
            out += [f"{letters}{k}" for k in range(first + 1, number + 1)]
        else:
            out.append(f"{prefix}{number}")
        end = found.end()
    return list(dict.fromkeys(out))


def give_lists(work: Work, rings: Sequence[Ring]) -> None:
    """Give buildings what lists say of them, where nothing else does."""
    buildings: dict[str, list[Ring]] = {}
    for ring in rings:
        if ring.role in attribute_words().labelled:
            for name in {
                plain_name(v) for pairs in ring.gathered.values.values() for v in pairs.get(BUILDING, ())
            }:
                buildings.setdefault(name, []).append(ring)
    if not buildings:
        return
    for names, said in (*_lines(work), *_columns(work)):
        work.deadline.check()
        for ring in (r for name in names for r in buildings.get(name, ())):
            known = {k for pairs in ring.gathered.values.values() for k, v in pairs.items() if v}
            keys = work.role(ring.match).keys
            ring.gathered.add("text", {k: v for k, v in said.items() if k in keys and k not in known})


def _lines(work: Work) -> Iterator[tuple[list[str], Mapping[str, str]]]:
    """Lines that name buildings and say something of them."""
    for entity in work.written():
        if not entity.text or entity.kind in ("DIMENSION", "INSERT", "ATTRIB"):
            continue
        for line in entity.text.split("\n")[:40]:
            plain = unicodedata.normalize("NFKC", line).strip()
            found = _LISTED.fullmatch(plain) if len(plain) <= _LONGEST else None
            if found is None or not re.search(_SIGN, found.group("names")):
                continue
            names = names_in(found.group("names"))
            if len(names) > 1 or (names and found.group("colon")):
                said = dict(work.words.labels(found.group("rest")))
                said.pop(BUILDING, None)
                if said:
                    yield names, said


def _columns(work: Work) -> Iterator[tuple[list[str], Mapping[str, str]]]:
    """Rows of lists with a column of buildings' names."""
    for cells in tables_of(work):
        yield from _lists(work, cells)


def _lists(work: Work, cells: Sequence[Cell]) -> Iterator[tuple[list[str], Mapping[str, str]]]:
    keys = work.catalogue.roles["outline"].keys
    for head in cells:
        name = named_in(work.words, head.text)
        if name is None or work.words.key(name.spelling) != BUILDING:
            continue
        heads: list[tuple[Cell, str]] = []
        for cell in cells:
            if cell is not head and abs(cell.y - head.y) <= head.height:
                found = named_in(work.words, cell.text)
                key = work.words.key(found.spelling) if found is not None else ""
                heads.append((cell, key if key in keys else ""))
        if any(key for _, key in heads):
            yield from _rows(work.words, cells, head, heads)


def _rows(
    words: Vocabulary, cells: Sequence[Cell], head: Cell, heads: Sequence[tuple[Cell, str]]
) -> Iterator[tuple[list[str], Mapping[str, str]]]:
    last = head.y
    below = [c for c in cells if c.y < head.y - 0.8 * head.height and _over(head, c) <= _ASIDE * head.height]
    for first in sorted(below, key=lambda c: -c.y):
        if last - first.y > _STEP * head.height:
            return
        nearest = min([(_over(head, first), ""), *((_over(c, first), k or "?") for c, k in heads)])
        names = names_in(first.text) if nearest[1] == "" else []
        if not names:
            continue
        last = first.y
        said: dict[str, str] = {}
        for cell in cells:
            if cell is first or abs(cell.y - first.y) > 0.8 * head.height:
                continue
            column, key = min(((_over(c, cell), k) for c, k in heads), default=(_ASIDE * head.height, ""))
            if key and column < min(_over(head, cell), _ASIDE * head.height):
                said |= {key: cell.text} if not (told := words.labels(cell.text)) or key not in told else told
        said.pop(BUILDING, None)
        if said:
            yield names, said


def _over(head: Cell, cell: Cell) -> float:
    """How far a cell stands aside of a heading: by its beginning or by its middle."""
    middle = abs(head.x + head.width / 2 - cell.x - cell.width / 2)
    return min(abs(head.x - cell.x), middle)
