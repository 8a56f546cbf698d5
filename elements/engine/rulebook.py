"""The catalogue in memory: definitions with their place, the rules that hold on one day, and how to find an element."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from elements.engine.element import BusinessFile, ElementSpec
from elements.engine.plan import Plan, plan_of
from elements.engine.tariffs import Tariffs
from elements.engine.values import Evaluated
from project_box.formula import Formula
from project_box.kernel.errors import BadInput, CatalogueError, NotFound

#: elements that choose rule sets; every tariff lookup depends on the first
JURISDICTION = "JURISDICTION"


@dataclass(frozen=True, repr=False)
class Entry:
    """One definition with its place in the catalogue."""

    spec: ElementSpec
    business: BusinessFile
    path: Path
    line: int
    formula: Formula | None
    needs: tuple[str, ...]
    computed: bool

    def __repr__(self) -> str:
        return f"<Entry {self.spec.code} {self.place}>"

    @cached_property
    def plan(self) -> Plan:
        """The definition ready for evaluating."""
        return plan_of(self.spec, self.formula, self.needs)

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, repr=False)
class Rules:
    """The catalogue as it holds on one day: definitions in dependency order.

    Attributes:
        absent: what an element that was not handed in evaluates to; the same for every project.
        constant: what depends on the place only, by code, place and whether it carries its trace.
    """

    at: dt.date
    entries: dict[str, Entry]
    order: tuple[str, ...]
    absent: dict[str, Evaluated] = field(default_factory=dict)
    constant: dict[tuple[str, str, bool], Evaluated] = field(default_factory=dict)
    _closures: dict[tuple[str, ...], list[str]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Rules {self.at}: {len(self.entries)} elements>"

    def closure(self, codes: Iterable[str], own: frozenset[str] = frozenset()) -> list[str]:
        """The given codes and everything below them, in dependency order; nothing below a code of ``own``."""
        asked = tuple(codes)
        if own:
            return self._below(asked, own)
        known = self._closures.get(asked)
        if known is None:
            if len(self._closures) > 500:
                self._closures.clear()
            known = self._closures[asked] = self._below(asked)
        return list(known)

    def _below(self, codes: Iterable[str], own: frozenset[str] = frozenset()) -> list[str]:
        wanted: set[str] = set()
        stack = list(codes)
        while stack:
            code = stack.pop()
            if code in wanted:
                continue
            wanted.add(code)
            if code not in own:
                stack += self.entries[code].needs
        return [c for c in self.order if c in wanted]


@dataclass(repr=False)
class Catalogue:
    """All elements, tables and named functions; ``version`` is the hash of the whole rule set."""

    entries: list[Entry]
    tariffs: Tariffs
    businesses: dict[str, BusinessFile]
    version: str
    _rules: dict[dt.date, Rules] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Catalogue {self.version}: {len(self.entries)} elements>"

    def at(self, day: dt.date) -> Rules:
        """Definitions in force on a day.

        Raises:
            CatalogueError: on that day a definition needs one that is not in force.
        """
        if day not in self._rules:
            if len(self._rules) > 64:
                self._rules.clear()
            held = {e.spec.code: e for e in self.entries if e.spec.holds(day)}
            self._rules[day] = Rules(day, held, dependency_order(held))
        return self._rules[day]

    def business(self, name: str) -> BusinessFile:
        """One business by its code or Chinese name.

        Raises:
            NotFound: no such business.
        """
        found = self.businesses.get(name.strip().lower())
        if found is None:
            found = next((b for b in self.businesses.values() if b.name == name.strip()), None)
        if found is not None:
            return found
        known = "、".join(f"{code}（{b.name}）" for code, b in sorted(self.businesses.items()))
        raise NotFound(
            f"没有业务“{name[:40]}”；现有：{known}",
            f"no business {name[:40]!r}",
            place=name[:40],
        )

    def codes_of(self, business: str, day: dt.date) -> list[str]:
        """Codes on a business's table: its own and the shared ones it uses, in file order."""
        file = self.business(business)
        held = self.at(day).entries
        own = [
            s.code
            for s in file.elements
            if s.code in held and held[s.code].business.business == file.business
        ]
        return list(dict.fromkeys([*file.uses, *own]))

    def resolve(self, name: str, day: dt.date) -> str:
        """Element code for a code (any case) or a Chinese name.

        Raises:
            BadInput: unknown, with the closest ones named.
        """
        entries = self.at(day).entries
        if name.upper() in entries:
            return name.upper()
        named = [c for c, e in entries.items() if e.spec.name == name]
        if len(named) == 1:
            return named[0]
        if named:
            raise BadInput(
                f"“{name}”有多个要素同名，请用代码：{'、'.join(named)}", f"ambiguous name {name!r}: {named}"
            )
        near = difflib.get_close_matches(name.upper(), entries, n=3, cutoff=0.5) or [
            c for c, e in entries.items() if name and name in e.spec.name
        ]
        hint = f"；是否指 {'、'.join(f'{c}({entries[c].spec.name})' for c in near[:4])}?" if near else ""
        raise BadInput(
            f"没有要素“{name[:60]}”{hint}",
            f"unknown element {name[:60]!r}",
            code="unknown_element",
            place=name[:60],
        )


def dependency_order(entries: Mapping[str, Entry]) -> tuple[str, ...]:
    done: dict[str, None] = {}
    state: dict[str, int] = {}

    for root in entries:
        stack: list[tuple[str, int]] = [(root, 0)]
        path: list[str] = []
        while stack:
            code, step = stack.pop()
            if step == 0:
                if state.get(code) == 2:
                    continue
                if state.get(code) == 1:
                    ring = [*path[path.index(code) :], code]
                    entry = entries[code]
                    raise CatalogueError(
                        f"要素循环引用：{' → '.join(ring)}",
                        f"{entry.place}: cycle {' -> '.join(ring)}",
                        code="cycle",
                        place=entry.place,
                    )
                state[code] = 1
                path.append(code)
            needs = entries[code].needs
            if step < len(needs):
                stack.append((code, step + 1))
                below = needs[step]
                if below not in entries:
                    entry = entries[code]
                    raise CatalogueError(
                        f"要素 {code} 引用的 {below} 在该日期无有效定义",
                        f"{entry.place}: {code} needs {below}, which is not in force",
                        code="not_in_force",
                        place=entry.place,
                    )
                stack.append((below, 0))
            else:
                state[code] = 2
                path.pop()
                done.setdefault(code, None)
    return tuple(done)
