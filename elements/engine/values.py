"""Values of elements and their provenance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from project_box.formula import Value as Value  # also imported from here
from project_box.kernel.finding import EntityRef, Outcome

#: source of a rate or factor handed in instead of the catalogue's (自带值); never verified
OWN = "自带"


@dataclass(frozen=True, slots=True)
class Missing:
    """An input that is not there and why a value is therefore 无法判定.

    Attributes:
        code: element code, or ``table:<code>`` for a tariff table without a matching edition or row.
        name: Chinese name.
        reason: Chinese sentence; ``reason_en`` the English one.
    """

    code: str
    name: str
    reason: str
    reason_en: str = ""


class Undecided(Exception):
    """Raised by a named function that cannot decide; carries what is missing."""

    def __init__(self, *missing: Missing, evidence: Iterable[EntityRef] = ()) -> None:
        super().__init__("; ".join(m.reason for m in missing))
        self.missing = missing
        self.evidence = tuple(evidence)


@dataclass(frozen=True, slots=True)
class Step:
    """One intermediate value of a computation, as a reviewer reads it.

    Attributes:
        name: what it is (Chinese).
        expression: how it came about, with the numbers in it.
        value: the result as text.
        clause: the rule it rests on, where a step has its own.
        entities: drawing entities it came from.
    """

    name: str
    expression: str
    value: str
    clause: str = ""
    entities: tuple[EntityRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Computed:
    """What a named function returns.

    Attributes:
        value: the result (a list or dict for record elements).
        formula, substituted: what to show as formula; empty means the function's documented formula.
        steps: intermediate values.
        clause: the rule, where it depends on the data.
        evidence: drawing entities, if the function knows them better than its inputs.
        verified: False when it used a number nobody has confirmed against the original.
        limit: for conclusions: the limit as shown (``≤2.00``).
    """

    value: Value | Outcome
    formula: str = ""
    substituted: str = ""
    steps: tuple[Step, ...] = ()
    clause: str = ""
    evidence: tuple[EntityRef, ...] | None = None
    verified: bool = True
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class ElementValue:
    """A value handed to the evaluation.

    Attributes:
        code: element code.
        value: typed value, or None with ``missing`` saying why.
        unit: its unit; must equal the element's.
        evidence: drawing entities it was read from.
        source: where from: ``form``, ``drawing``, ``boundary``, ``layer``, ``result`` … with a reference.
        missing: why there is no value.
        verified: False when the source itself is marked unverified.
        details: further provenance (user, time, file name).
    """

    code: str
    value: Value | None
    unit: str = ""
    evidence: tuple[EntityRef, ...] = ()
    source: str = "form"
    missing: tuple[Missing, ...] = ()
    verified: bool = True
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One element after evaluation: the value or 无法判定, and everything a reviewer may ask about it.

    Attributes:
        value: exact value (rounded already where the rule rounds before going on); None = 无法判定.
        display: as it stands on the page, rounded half-up to the element's precision, without unit.
        formula: formula text with element codes; ``substituted`` the same with the numbers.
        intermediates: steps in between.
        clause: rule the element rests on; ``rule_version`` hash of the whole rule set used.
        missing: what is missing when ``value`` is None.
        evidence: drawing entities, from this element and everything below it.
        outcome: for conclusions; ``text`` the sentence for the opinion; ``limit`` as shown.
        verified: False when any number below it is unverified.
        inputs: codes of the elements it was computed from.
        source: ``computed`` or where the value was handed in from.
        documents: document numbers of the tariff editions used.
    """

    code: str
    name: str
    name_en: str
    kind: str
    value: Value | None
    display: str
    unit: str
    formula: str = ""
    substituted: str = ""
    intermediates: tuple[Step, ...] = ()
    clause: str = ""
    rule_version: str = ""
    missing: tuple[Missing, ...] = ()
    evidence: tuple[EntityRef, ...] = ()
    outcome: Outcome | None = None
    text: str = ""
    limit: str | None = None
    verified: bool = True
    inputs: tuple[str, ...] = ()
    source: str = "computed"
    documents: tuple[str, ...] = ()


def union_evidence(groups: Iterable[Iterable[EntityRef]]) -> tuple[EntityRef, ...]:
    """All entity references once, in order of first appearance."""
    seen: dict[EntityRef, None] = {}
    for group in groups:
        for ref in group:
            seen.setdefault(ref, None)
    return tuple(seen)


def union_missing(groups: Iterable[Iterable[Missing]]) -> tuple[Missing, ...]:
    """All missing inputs once, in order of first appearance."""
    seen: dict[Missing, None] = {}
    for group in groups:
        for item in group:
            seen.setdefault(item, None)
    return tuple(seen)
