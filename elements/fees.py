"""Fee lines: a fee element with its trace as one line of the statement (测算表)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from elements.engine.element import TariffRef, Type
from elements.engine.engine import (
    JURISDICTION,
    Catalogue,
    Evaluation,
    evaluate,
    explain,
    load_catalogue,
    read_inputs,
)
from elements.engine.naming import named_inputs
from elements.engine.tariffs import EVIDENCE_ZH, Edition, Table
from elements.engine.values import OWN, ElementValue, Evaluated, Missing
from elements.places import with_settings
from project_box.kernel.errors import BadInput, NotFound

__all__ = ["FeeLine", "fee_codes", "fee_inputs", "fee_line", "run_fee"]


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One fee as it stands in the statement.

    Attributes:
        basis: what the fee is charged on (Chinese); ``quantity`` how much of it, ``unit`` of the quantity.
        rate: rate with its unit; None where several rates apply (see ``steps``).
        formula, substituted: rule and the same with numbers.
        amount: 元 with 2 decimals (half-up), None when 无法判定.
        rate_doc: documents of the rate itself; ``doc_no`` of all rates used, with the jurisdiction they were published
            for.
        rounding: how the amount was rounded.
        tag: where the numbers come from (statute, secondary source, recalled, 自带), each once.
        own: codes of rates and factors that were handed in instead of looked up (自带费率).
        notes: what a reader must know about the numbers: not verified, run out, handed in, not used.
        verified: False when any rate is marked unverified or was handed in.
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
    rate_doc: str
    formula: str
    substituted: str
    amount: Decimal | None
    rounding: str
    tag: str
    doc_no: str
    clause: str
    verified: bool
    outcome: str
    missing: tuple[Missing, ...]
    steps: tuple[dict[str, Any], ...]
    own: tuple[str, ...]
    notes: tuple[str, ...]
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


def fee_rates(catalogue: Catalogue, code: str, at: dt.date) -> list[str]:
    """Codes of the rates and factors of a fee that may be handed in instead (自带), in order."""
    rules = catalogue.at(at)
    return [c for c in rules.closure([code]) if rules.entries[c].spec.own]


def fee_fields(catalogue: Catalogue, code: str, at: dt.date) -> list[dict[str, Any]]:
    """What a fee can be given: inputs, then rates and factors one may bring along (``own``)."""
    entries = catalogue.at(at).entries
    out: list[dict[str, Any]] = []
    for c in [*fee_inputs(catalogue, code, at), *fee_rates(catalogue, code, at)]:
        spec = entries[c].spec
        out.append(
            {
                "code": c,
                "name": spec.name,
                "name_en": spec.name_en,
                "type": spec.type.value,
                "unit": spec.unit,
                "options": ["是", "否"] if spec.type is Type.BOOL else list(spec.options),
                "own": spec.own,
                "source": spec.source.zh,
                "clause": spec.clause,
                "note": spec.note or ("可自带，替代查表或计算值" if spec.own else ""),
            }
        )
    return out


def run_fee(code: str, inputs: Mapping[str, Any], at: dt.date, catalogue: Catalogue | None = None) -> FeeLine:
    """Compute one fee from raw inputs (``{code or name: value}``).

    A name may be short where only one input of the fee fits it (``面积``, ``AREA``, ``税率``).

    Raises:
        NotFound: no such fee.
        BadInput: unknown key, wrong unit or unusable value; unknown keys name what the fee can be given.
    """
    catalogue = catalogue or load_catalogue()
    code = find_fee(catalogue, code, at)
    scope = [*fee_inputs(catalogue, code, at), *fee_rates(catalogue, code, at)]
    columns = catalogue.at(at).entries[code].spec.fee
    main = [columns.basis, columns.quantity] if columns is not None else []
    try:
        named = named_inputs(catalogue, scope, inputs, at, main)
    except BadInput as fault:
        if not fault.remedy:
            fault.remedy = f"project-box fee {code} 列出可以填写的各项"
            fault.remedy_en = f"project-box fee {code} lists what can be given"
        raise
    values = with_settings(catalogue, read_inputs(catalogue, named, at), at)
    line = fee_line(catalogue, evaluate(catalogue, values, at, [code]), code)
    below = catalogue.at(at).closure([code])
    unused = [c for c in named if c not in below and c != JURISDICTION]
    entries = catalogue.at(at).entries
    said = tuple(f"{c} {entries[c].spec.name}与本费用无关，没有用到" for c in unused)
    return replace(line, notes=(*line.notes, *said))


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
    part = [c for c in codes if len(name) > 1 and entries[c].spec.name.startswith(name)] or [
        c for c in codes if len(name) > 1 and name in entries[c].spec.name
    ]
    if len(part) == 1:
        return part[0]
    codes = part or codes
    known = "、".join(f"{c} {entries[c].spec.name}" for c in codes)
    raise NotFound(
        f"没有费用“{name[:40]}”；{'可能是' if part else '现有'}：{known}",
        f"no fee {name[:40]!r}; there are {', '.join(codes)}",
    )


def fee_line(catalogue: Catalogue, evaluation: Evaluation, code: str) -> FeeLine:
    """The line of one evaluated fee."""
    rules = catalogue.at(evaluation.at)
    spec = rules.entries[code].spec
    assert spec.fee is not None  # callers pass fee codes
    found = evaluation[code]
    below = [evaluation.elements[c] for c in rules.closure([code]) if c in evaluation.elements]
    quantity = evaluation.elements.get(spec.fee.quantity)
    rate = evaluation.elements.get(spec.fee.rate) if spec.fee.rate is not None else None
    basis = evaluation.elements.get(spec.fee.basis)
    amount = found.value if isinstance(found.value, Decimal) else None
    own = tuple(e.code for e in below if e.source == OWN and rules.entries[e.code].spec.computed)
    used = list(_editions(catalogue, evaluation, below))
    return FeeLine(
        code=code,
        name=spec.name,
        name_en=spec.name_en,
        basis=basis.name if basis is not None else "",
        quantity=quantity.display if quantity is not None and quantity.value is not None else None,
        unit=quantity.unit if quantity is not None else "",
        rate=rate.display if rate is not None and rate.value is not None else None,
        rate_unit=rate.unit if rate is not None else "",
        rate_doc=_rate_documents(catalogue, evaluation, spec.fee.rate, own),
        formula=found.formula,
        substituted=found.substituted,
        amount=Decimal(found.display) if amount is not None else None,
        rounding=f"四舍五入到 {spec.precision} 位小数" if spec.precision else "四舍五入到元",
        tag="；".join(
            dict.fromkeys([*(EVIDENCE_ZH[e.evidence] for _, e in used), *(["自带费率"] if own else [])])
        ),
        doc_no=_documents(below),
        clause=found.clause,
        verified=found.verified and not own,
        outcome="computed" if amount is not None else "undecided",
        missing=found.missing,
        steps=tuple(_step(e) for e in below if e.source != "form" or e.value is not None),
        own=own,
        notes=_notes(catalogue, evaluation, below, used, own),
        rule_version=evaluation.rule_version,
        at=evaluation.at,
    )


def _rate_documents(
    catalogue: Catalogue, evaluation: Evaluation, rate: str | None, own: Sequence[str]
) -> str:
    """Documents of the rate and of everything it was worked out from; 自带费率 where it was handed in."""
    if rate is None:
        return ""
    if rate in own:
        return "自带费率"
    below = catalogue.at(evaluation.at).closure([rate], frozenset(own))
    return _documents(evaluation.elements[c] for c in below if c in evaluation.elements)


def _documents(elements: Iterable[Evaluated]) -> str:
    return ";".join(dict.fromkeys(d for e in elements for d in e.documents))


def _tables(catalogue: Catalogue, at: dt.date, below: Sequence[Evaluated]) -> dict[str, Table]:
    """The tables that were looked into, by code; a rate that was handed in needed none."""
    entries = catalogue.at(at).entries
    out: dict[str, Table] = {}
    for element in below:
        spec = entries[element.code].spec
        if element.source == OWN:
            continue
        for reference in (spec.tariff, *spec.args.values()):
            if isinstance(reference, TariffRef):
                out[reference.table] = catalogue.tariffs.tables[reference.table]
    return out


def _editions(
    catalogue: Catalogue, evaluation: Evaluation, below: Sequence[Evaluated]
) -> Iterable[tuple[Table, Edition]]:
    """Editions whose numbers stand in the fee."""
    documents = {d for e in below for d in e.documents}
    for table in _tables(catalogue, evaluation.at, below).values():
        for edition in table.editions:
            if edition.holds(evaluation.at) and f"{edition.doc_no}({edition.jurisdiction})" in documents:
                yield table, edition


def _notes(
    catalogue: Catalogue,
    evaluation: Evaluation,
    below: Sequence[Evaluated],
    used: Sequence[tuple[Table, Edition]],
    own: Sequence[str],
) -> tuple[str, ...]:
    """What a reader must know about the numbers, in order."""
    out = [
        f"{c} {evaluation[c].name}为自带值 {evaluation[c].display}{evaluation[c].unit}，未经核实" for c in own
    ]
    for table, edition in used:
        if not edition.verified:
            why = edition.note or EVIDENCE_ZH[edition.evidence]
            out.append(f"《{table.name}》{edition.doc_no}({edition.jurisdiction})未核实：{why}")
    place = evaluation.elements.get(JURISDICTION)
    chain = catalogue.tariffs.chain(str(place.value)) if place is not None and place.value is not None else []
    for table in _tables(catalogue, evaluation.at, below).values():
        for name in chain:
            editions = [e for e in table.editions if e.jurisdiction == name and e.valid_from <= evaluation.at]
            last = max(
                (e for e in editions if e.valid_to is not None), key=lambda e: e.valid_from, default=None
            )
            if last is not None and not any(e.holds(evaluation.at) for e in editions):
                out.append(
                    f"《{table.name}》{last.doc_no}({name})有效期至 {last.valid_to}，已届满，延续文件未收录"
                )
    return tuple(dict.fromkeys(out))


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
