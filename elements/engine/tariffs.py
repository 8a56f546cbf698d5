"""Tariff and rule tables: dated numbers with their document.

A table file ``elements/catalogue/tariffs/<code>.yaml`` holds editions; one edition is what one document says for
one jurisdiction from one day to another. Editions of one jurisdiction may not overlap. Jurisdictions form a chain
(``jurisdictions.yaml``): the first one in the chain that has a matching row gives the number; nothing is ever guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from elements.engine.reading import read_yaml
from elements.engine.values import Missing, Undecided, Value
from project_box.kernel.catalogue import line_of, parse
from project_box.kernel.errors import CatalogueError

#: evidence tags: statute read, secondary source read, checked by computation, recalled, own proposal
Evidence = Literal["L", "S", "C", "R", "P"]

EVIDENCE_ZH = {
    "L": "法律法规原文",
    "S": "公开资料转引（未见原件）",
    "C": "经计算核对",
    "R": "凭记忆录入，待核对原件",
    "P": "本平台约定",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edition(_Strict):
    """What one document says for one jurisdiction.

    Attributes:
        valid_to: last day it holds; None while it is in force.
        verified: a person compared the numbers with the source named here. Never true for recalled numbers.
        rows: each row holds the table's keys and its values.
    """

    jurisdiction: str
    doc_no: str
    title: str = ""
    clause: str = ""
    valid_from: dt.date
    valid_to: dt.date | None = None
    verified: bool
    evidence: Evidence
    source: str = ""
    note: str = ""
    rows: list[dict[str, Any]] = Field(min_length=1)

    @model_validator(mode="after")
    def _sound(self) -> Edition:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        if self.evidence == "R" and self.verified:
            raise ValueError("recalled numbers (evidence R) cannot be verified: true")
        return self

    def holds(self, at: dt.date) -> bool:
        """True on the days it is in force."""
        return self.valid_from <= at and (self.valid_to is None or at <= self.valid_to)


class Table(_Strict):
    """A dated table: ``keys`` choose a row, ``columns`` are what it says (default: one column ``value``)."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    name_en: str
    unit: str = ""
    keys: list[str] = []
    columns: list[str] = ["value"]
    editions: list[Edition]
    note: str = ""

    @model_validator(mode="after")
    def _rows_fit(self) -> Table:
        wanted = set(self.keys) | set(self.columns)
        for number, edition in enumerate(self.editions, 1):
            for row in edition.rows:
                if set(row) != wanted:
                    odd = sorted(set(row) ^ wanted)
                    raise ValueError(f"edition {number}: row fields differ from keys and columns: {odd}")
        return self

    @cached_property
    def normal_rows(self) -> list[list[dict[str, Any]]]:
        """Rows per edition with numbers as Decimal."""
        return [[{k: _number(v) for k, v in row.items()} for row in e.rows] for e in self.editions]


_FRACTION = re.compile(r"(\d+)/(\d+)")


def _number(value: Any) -> Any:
    if isinstance(value, str) and (fraction := _FRACTION.fullmatch(value)):
        return Decimal(fraction.group(1)) / Decimal(fraction.group(2))  # ⅔ and the like, to 28 digits
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return Decimal(str(value))


class _Jurisdiction(_Strict):
    name: str
    chain: list[str]
    note: str = ""


class _Jurisdictions(_Strict):
    home: str
    jurisdictions: list[_Jurisdiction]


@dataclass(frozen=True)
class Lookup:
    """Rows found in one edition."""

    table: Table
    edition: Edition
    rows: list[dict[str, Any]]

    @property
    def verified(self) -> bool:
        """Whether the edition's numbers were compared with their source."""
        return self.edition.verified

    @property
    def document(self) -> str:
        """Document number with jurisdiction, as shown beside a rate."""
        return f"{self.edition.doc_no}({self.edition.jurisdiction})"


#: what a place's name may be written without
_PLACE_ENDINGS = ("省", "市", "县", "区", "自治区", "自治县", "自治州")

#: lookups kept in memory; tables never change once loaded
_REMEMBERED = 50_000


class Tariffs:
    """All tables, with lookup by jurisdiction, date and keys."""

    def __init__(self, tables: Mapping[str, Table], chains: Mapping[str, list[str]], home: str) -> None:
        self.tables = dict(tables)
        self.chains = dict(chains)
        self.home = home
        self._found: dict[tuple[Any, ...], Lookup | Missing] = {}

    def chain(self, jurisdiction: str) -> list[str]:
        """Where to look, in order; an unknown jurisdiction has only itself and 全国.

        A name without its ending (``湖南``, ``长沙``) stands for the one place that carries it.
        """
        known = self.chains.get(jurisdiction)
        if known is not None:
            return known
        full = [
            n for n in self.chains if n.startswith(jurisdiction) and n[len(jurisdiction) :] in _PLACE_ENDINGS
        ]
        return self.chains[full[0]] if len(full) == 1 else [jurisdiction, "全国"]

    def find(self, code: str, keys: Mapping[str, Value], jurisdiction: str, at: dt.date) -> Lookup:
        """Rows of the first edition in the jurisdiction's chain that is in force and matches the keys.

        Raises:
            Undecided: no table, no edition in force, or no matching row; the message says which.
        """
        key = (code, jurisdiction, at, *((k, type(v), v) for k, v in keys.items()))
        try:
            known = self._found.get(key)
        except TypeError:  # a key that is a list or dict
            known = self._look(code, keys, jurisdiction, at)
        else:
            if known is None:
                if len(self._found) >= _REMEMBERED:
                    self._found.clear()
                known = self._found[key] = self._look(code, keys, jurisdiction, at)
        if isinstance(known, Missing):
            raise Undecided(known)
        return known

    def _look(self, code: str, keys: Mapping[str, Value], jurisdiction: str, at: dt.date) -> Lookup | Missing:
        table = self.tables.get(code)
        if table is None:
            return Missing(f"table:{code}", code, f"没有费率表 {code}", f"no table {code}")
        asked = "、".join(str(v) for v in keys.values())
        in_force = False
        for place in self.chain(jurisdiction):
            for edition, rows in zip(table.editions, table.normal_rows, strict=True):
                if edition.jurisdiction != place or not edition.holds(at):
                    continue
                in_force = True
                found = [r for r in rows if all(_same(r[k], v) for k, v in keys.items())]
                if found:
                    return Lookup(table, edition, found)
        if in_force:
            reason = f"《{table.name}》在{jurisdiction}没有“{asked}”一项"
            reason_en = f"table {table.name_en}: no row for {asked} in {jurisdiction}"
        else:
            reason = f"未收录{jurisdiction}在 {at.isoformat()} 有效的《{table.name}》"
            reason_en = f"no edition of {table.name_en} in force in {jurisdiction} on {at.isoformat()}"
        return Missing(f"table:{code}", table.name, reason, reason_en)


def _same(have: Any, want: Value) -> bool:
    if isinstance(want, (int, Decimal)) and not isinstance(want, bool) and isinstance(have, Decimal):
        return have == Decimal(want)
    if isinstance(have, list):
        return want in have
    return bool(have == want)


def load_tariffs(folder: Path) -> Tariffs:
    """Read every table in a folder.

    Raises:
        CatalogueError: file and line of the first fault: bad structure, double code, unknown jurisdiction,
            overlapping editions.
    """
    places_file = folder / "jurisdictions.yaml"
    places = parse(_Jurisdictions, places_file)
    chains = {j.name: j.chain for j in places.jurisdictions}
    known = {name for j in places.jurisdictions for name in (j.name, *j.chain)}
    tables: dict[str, Table] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path == places_file:
            continue
        table = parse(Table, path, read_yaml(path)[0])
        if table.code != path.stem or table.code in tables:
            raise CatalogueError(
                f"费率表代码应与文件名一致：{table.code}",
                f"{path}:{line_of(path, ('code',))}: table code {table.code!r} differs from the file name",
                place=f"{path}:{line_of(path, ('code',))}",
            )
        _check_editions(path, table, known)
        tables[table.code] = table
    return Tariffs(tables, chains, places.home)


def _check_editions(path: Path, table: Table, known: set[str]) -> None:
    def fail(index: int, zh: str, en: str) -> CatalogueError:
        line = line_of(path, ("editions", index))
        return CatalogueError(f"费率表 {table.name}：{zh}", f"{path}:{line}: {en}", place=f"{path}:{line}")

    for i, edition in enumerate(table.editions):
        if edition.jurisdiction not in known:
            raise fail(
                i, f"未知地区 {edition.jurisdiction}", f"unknown jurisdiction {edition.jurisdiction!r}"
            )
        for other in table.editions[:i]:
            if other.jurisdiction != edition.jurisdiction:
                continue
            starts = max(other.valid_from, edition.valid_from)
            ends = min(other.valid_to or dt.date.max, edition.valid_to or dt.date.max)
            if starts <= ends:
                raise fail(
                    i,
                    f"{edition.jurisdiction} 的两个版本有效期重叠（{other.doc_no} 与 {edition.doc_no}）",
                    f"editions {other.doc_no!r} and {edition.doc_no!r} overlap from {starts}",
                )
