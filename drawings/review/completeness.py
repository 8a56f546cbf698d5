"""完整性检查: what must be there before a round of joint review can agree, and what of it is. Pure.

The list is ``catalogue/completeness.yaml``. A line that is ``required`` and not there keeps the round from agreeing
until an officer lets it pass with a reason or sends the drawings back; one that is ``advice`` is only told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from drawings.reading import CATALOGUE
from drawings.standards import patterns
from drawings.standards.standards import Regex, roles
from project_box.kernel.catalogue import parse


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Requirement(_Strict):
    """One line of the list; exactly one of ``kind, sheet, role, standard, result, person`` says what it asks for."""

    code: str
    zh: str
    en: str
    kind: Literal["site_plan", "building"] | None = None
    sheet: Regex | None = None
    role: str | None = None
    standard: bool = False
    result: str | None = None
    person: bool = False
    items: tuple[str, ...] = ()
    disciplines: tuple[str, ...] = ()
    needed: Literal["required", "advice"] = "required"

    @field_validator("role")
    @classmethod
    def _is_role(cls, value: str | None) -> str | None:
        if value is not None and value not in roles().roles:
            raise ValueError(f"unknown role {value!r}")
        return value

    @model_validator(mode="after")
    def _one(self) -> Requirement:
        asked = (self.kind, self.sheet, self.role, self.standard, self.result, self.person)
        if sum(bool(a) for a in asked) != 1:
            raise ValueError("give exactly one of kind, sheet, role, standard, result, person")
        return self


class CompletenessList(_Strict):
    """The list with the document it follows."""

    doc_no: str | None
    verified: bool
    lines: tuple[Requirement, ...]


@lru_cache
def completeness_list() -> CompletenessList:
    """The list in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(CompletenessList, CATALOGUE / "completeness.yaml")


class State(StrEnum):
    """Whether a line is there; ``waived``: an officer lets it pass with a reason; ``open``: only a person can tell."""

    THERE = "there"
    MISSING = "missing"
    OPEN = "open"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Line:
    """One line and what was found: ``found`` names files or results, ``note`` is the officer's."""

    code: str
    zh: str
    en: str
    required: bool
    state: State
    found: tuple[str, ...] = ()
    note: str = ""

    @property
    def blocks(self) -> bool:
        """True if the round cannot agree because of this line."""
        return self.required and self.state in (State.MISSING, State.OPEN)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a drawing has that may be asked for; of its shapes only which roles there are."""

    name: str
    kind: str
    standard: str | None
    roles: frozenset[str] = frozenset()
    sheets: tuple[str, ...] = ()


def drawn(name: str, standard: str | None, report: Mapping[str, Any]) -> Drawn:
    """The same from the report that is kept with a file."""
    sheets = tuple(str(s["name"]) for s in report.get("sheets", ()))
    return Drawn(name, str(report.get("kind")), standard, frozenset(report.get("roles", ())), sheets)


def check(
    drawings: Sequence[Drawn],
    results: Collection[str],
    *,
    item: str,
    disciplines: Collection[str],
    wanted: CompletenessList | None = None,
) -> list[Line]:
    """What of the list is there.

    Args:
        drawings: of the revision. results: kinds of results in the project's box.
        item: code of the item the case is of. disciplines: of the round.
    """
    out: list[Line] = []
    for line in (wanted or completeness_list()).lines:
        if line.items and item not in line.items:
            continue
        if line.disciplines and not set(line.disciplines) & set(disciplines):
            continue
        found = _found(line, drawings, results)
        state = State.OPEN if line.person else State.THERE if found else State.MISSING
        out.append(Line(line.code, line.zh, line.en, line.needed == "required", state, found))
    return out


def _found(line: Requirement, drawings: Sequence[Drawn], results: Collection[str]) -> tuple[str, ...]:
    if line.kind is not None:
        return tuple(d.name for d in drawings if d.kind == line.kind)
    if line.role is not None:
        return tuple(d.name for d in drawings if line.role in d.roles)
    if line.sheet is not None:
        wanted = line.sheet
        return tuple(
            d.name for d in drawings if any(patterns.anywhere(wanted, n) for n in (d.name, *d.sheets))
        )
    if line.result is not None:
        return (line.result,) if line.result in results else ()
    if line.standard:
        return tuple(d.name for d in drawings) if drawings and all(d.standard for d in drawings) else ()
    return ()


def decided(lines: Sequence[Line], given: dict[str, tuple[State, str]]) -> list[Line]:
    """The lines with what an officer says of some of them: (state, note) by code."""
    return [
        Line(x.code, x.zh, x.en, x.required, *_said(x, given[x.code])) if x.code in given else x
        for x in lines
    ]


def _said(line: Line, said: tuple[State, str]) -> tuple[State, tuple[str, ...], str]:
    return said[0], line.found, said[1]
