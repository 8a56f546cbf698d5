"""Fee lines: a fee element with its trace as one line of the statement (测算表)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.engine import (
    Catalogue,
    Evaluation,
    evaluate,
    explain,
    load_catalogue,
    read_inputs,
)
from elements.places import with_settings
from elements.values import ElementValue, Evaluated, Missing
from project_box.kernel.errors import NotFound

__all__ = ["FeeLine", "fee_codes", "fee_inputs", "fee_line", "run_fee"]


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One fee as it stands in the statement.

    Attributes:
        basis: what the fee is charged on (Chinese); ``quantity`` how much of it, ``unit`` of the quantity.
        rate: rate with its unit; None where several rates apply (see ``steps``).
        formula, substituted: rule and the same with numbers.
        amount: 元 with 2 decimals (half-up), None when 无法判定.
        doc_no: documents of all rates used, with the jurisdiction they were published for.
        verified: False when any rate is marked unverified.
        outcome: ``computed`` or ``undecided``; ``missing`` says why.
        steps: every element below the fee in order, with value, formula, document and verified flag.
    """

    code: str
    name: str
    name_en: str
    basis: str
    quantity: str | None
    unit: str
    rate: str | None
    rate_unit: str
    formula: str
    substituted: str
    amount: Decimal | None
    doc_no: str
    clause: str
    verified: bool
    outcome: str
    missing: tuple[Missing, ...]
    steps: tuple[dict[str, Any], ...]
    rule_version: str
    at: dt.date


def fee_codes(catalogue: Catalogue, at: dt.date) -> list[str]:
    """Codes of all fees in force, in statement order."""
    entries = catalogue.at(at).entries
    found = [(e.spec.fee.order, c) for c, e in entries.items() if e.spec.fee is not None]
    return [c for _, c in sorted(found)]


def fee_inputs(catalogue: Catalogue, code: str, at: dt.date) -> list[str]:
    """Codes of what a fee can be given: the elements below it that are handed in, in order."""
    rules = catalogue.at(at)
    if code not in rules.entries:
        raise NotFound(f"没有费用 {code}", f"no fee {code!r}")
    return [c for c in rules.closure([code]) if not rules.entries[c].spec.computed]


def run_fee(code: str, inputs: Mapping[str, Any], at: dt.date, catalogue: Catalogue | None = None) -> FeeLine:
    """Compute one fee from raw inputs (``{code or name: value}``).

    Raises:
        NotFound: no such fee.
        BadInput: unknown key, wrong unit or unusable value.
    """
    catalogue = catalogue or load_catalogue()
    code = find_fee(catalogue, code, at)
    values = with_settings(catalogue, read_inputs(catalogue, inputs, at), at)
    return fee_line(catalogue, evaluate(catalogue, values, at, [code]), code)


def find_fee(catalogue: Catalogue, name: str, at: dt.date) -> str:
    """Fee code for a code (any case) or Chinese name.

    Raises:
        NotFound: names the fees there are.
    """
    entries = catalogue.at(at).entries
    codes = fee_codes(catalogue, at)
    for code in codes:
        if name.upper() == code or name == entries[code].spec.name:
            return code
    known = "、".join(f"{c} {entries[c].spec.name}" for c in codes)
    raise NotFound(
        f"没有费用“{name[:40]}”;现有:{known}", f"no fee {name[:40]!r}; there are {', '.join(codes)}"
    )


def fee_line(catalogue: Catalogue, evaluation: Evaluation, code: str) -> FeeLine:
    """The line of one evaluated fee."""
    rules = catalogue.at(evaluation.at)
    spec = rules.entries[code].spec
    assert spec.fee is not None  # callers pass fee codes
    found = evaluation[code]
    below = [evaluation[c] for c in rules.closure([code])]
    quantity = evaluation.elements.get(spec.fee.quantity)
    rate = evaluation.elements.get(spec.fee.rate) if spec.fee.rate is not None else None
    basis = evaluation.elements.get(spec.fee.basis)
    amount = found.value if isinstance(found.value, Decimal) else None
    return FeeLine(
        code=code,
        name=spec.name,
        name_en=spec.name_en,
        basis=basis.name if basis is not None else "",
        quantity=quantity.display if quantity is not None and quantity.value is not None else None,
        unit=quantity.unit if quantity is not None else "",
        rate=rate.display if rate is not None and rate.value is not None else None,
        rate_unit=rate.unit if rate is not None else "",
        formula=found.formula,
        substituted=found.substituted,
        amount=Decimal(found.display) if amount is not None else None,
        doc_no=";".join(dict.fromkeys(d for e in below for d in e.documents)),
        clause=found.clause,
        verified=found.verified,
        outcome="computed" if amount is not None else "undecided",
        missing=found.missing,
        steps=tuple(_step(e) for e in below if e.source != "form" or e.value is not None),
        rule_version=evaluation.rule_version,
        at=evaluation.at,
    )


def _step(e: Evaluated) -> dict[str, Any]:
    return {
        "code": e.code,
        "name": e.name,
        "value": e.display,
        "unit": e.unit,
        "formula": e.formula,
        "substituted": e.substituted,
        "steps": [{"name": s.name, "expression": s.expression, "value": s.value} for s in e.intermediates],
        "clause": e.clause,
        "documents": list(e.documents),
        "verified": e.verified,
        "source": e.source,
        "missing": [m.reason for m in e.missing],
    }


def total(lines: Sequence[FeeLine]) -> Decimal:
    """Sum of the computed amounts, 元."""
    return sum((line.amount for line in lines if line.amount is not None), Decimal(0))


def trace(evaluation: Evaluation, code: str) -> dict[str, Any]:
    """The explain tree of a fee."""
    return explain(evaluation, code)


def plain_inputs(values: Mapping[str, ElementValue]) -> dict[str, Any]:
    """Inputs as they are kept with a statement."""
    return {
        c: {"value": v.value, "unit": v.unit, "source": v.source, "details": v.details}
        for c, v in values.items()
    }
