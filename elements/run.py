"""Running a business of the catalogue on given inputs, as the command line, the API and what-if comparisons need it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from elements.engine.element import Kind, Type
from elements.engine.engine import (
    Catalogue,
    Entry,
    Evaluation,
    evaluate,
    explain,
    load_catalogue,
    read_inputs,
)
from elements.engine.naming import named_inputs
from elements.engine.tariffs import EVIDENCE_ZH
from elements.engine.values import ElementValue
from elements.opinion import Reviewed, draft
from elements.places import with_settings
from elements.report import element_row
from elements.review import counts, review_rows
from project_box.kernel.finding import Outcome
from project_box.kernel.plain import to_plain

if TYPE_CHECKING:
    from elements.workbooks.workbook import Reading


def list_elements(catalogue: Catalogue, at: dt.date) -> list[dict[str, Any]]:
    """Every element in force: code, names, kind, class, business, unit, source, clause …"""
    return [_plain_entry(e) for e in catalogue.at(at).entries.values()]


def _plain_entry(entry: Entry) -> dict[str, Any]:
    spec = entry.spec
    return {
        "code": spec.code,
        "name": spec.name,
        "name_en": spec.name_en,
        "kind": spec.kind.value,
        "type": spec.type.value,
        "class": entry.business.clas,
        "class_name": entry.business.class_name,
        "business": entry.business.business,
        "business_name": entry.business.name,
        "unit": spec.unit,
        "precision": spec.precision,
        "source": spec.source.value,
        "source_name": spec.source.zh,
        "clause": spec.clause,
        "unsourced": spec.unsourced,
        "verified": spec.verified,
        "fee": spec.fee is not None,
    }


def describe_element(catalogue: Catalogue, code: str, at: dt.date) -> dict[str, Any]:
    """One element's definition with what it reads and what reads it, and the tables it looks into.

    Raises:
        BadInput: unknown code or name.
    """
    from elements.engine.functions import REGISTRY

    code = catalogue.resolve(code, at)
    rules = catalogue.at(at)
    entry = rules.entries[code]
    spec = entry.spec
    named = REGISTRY.get(spec.function or "")
    tables = [a.table for a in [spec.tariff, *spec.args.values()] if a is not None and hasattr(a, "table")]
    plain = _plain_entry(entry)
    return {
        **plain,
        "rounding": spec.rounding.value,
        "carry": spec.carry,
        "formula": spec.formula,
        "function": {"name": named.name, "formula": named.formula, "doc": named.documentation}
        if named
        else None,
        "options": spec.options,
        "minimum": spec.minimum,
        "maximum": spec.maximum,
        "valid_from": to_plain(spec.valid_from),
        "valid_to": to_plain(spec.valid_to),
        "note": spec.note,
        "text": spec.text.model_dump(by_alias=True) if spec.text else None,
        "inputs": [
            {"code": c, "name": rules.entries[c].spec.name, "name_en": rules.entries[c].spec.name_en}
            for c in entry.needs
        ],
        "used_by": [
            {"code": c, "name": e.spec.name, "name_en": e.spec.name_en}
            for c, e in rules.entries.items()
            if code in e.needs
        ],
        "tables": [table_plain(catalogue, t, at) for t in dict.fromkeys(tables)],
        "examples": [to_plain(e.model_dump(mode="json")) for e in spec.examples],
        "rule_hash": catalogue.version,
    }


def table_plain(catalogue: Catalogue, code: str, at: dt.date) -> dict[str, Any]:
    """A tariff table: its editions with document, dates and whether they hold on the day."""
    table = catalogue.tariffs.tables[code]
    return {
        "code": table.code,
        "name": table.name,
        "name_en": table.name_en,
        "unit": table.unit,
        "columns": [*table.keys, *table.columns],
        "note": table.note,
        "editions": [
            {
                "jurisdiction": e.jurisdiction,
                "doc_no": e.doc_no,
                "title": e.title,
                "clause": e.clause,
                "valid_from": e.valid_from.isoformat(),
                "valid_to": to_plain(e.valid_to),
                "holds": e.holds(at),
                "verified": e.verified,
                "evidence": EVIDENCE_ZH[e.evidence],
                "note": e.note or e.source,
                "rows": to_plain(rows),
            }
            for e, rows in zip(table.editions, table.normal_rows, strict=True)
        ],
    }


def run_business(catalogue: Catalogue, business: str, inputs: Mapping[str, Any], at: dt.date) -> Evaluation:
    """Evaluate one business's table.

    Raises:
        NotFound: no such business. BadInput: unusable inputs; a short name may stand for the one input it fits.
    """
    codes = catalogue.codes_of(business, at)
    rules = catalogue.at(at)
    reached = dict.fromkeys([*codes, *rules.closure(codes)])
    scope = [c for c in reached if not rules.entries[c].spec.computed or rules.entries[c].spec.own]
    given = read_inputs(catalogue, named_inputs(catalogue, scope, inputs, at), at)
    return evaluate(catalogue, with_settings(catalogue, given, at), at, codes)


def run_plain(catalogue: Catalogue, business: str, inputs: Mapping[str, Any], at: dt.date) -> dict[str, Any]:
    """The run as one JSON document: values, what is 无法判定 and why, the review table, the trace of each element."""
    return evaluation_plain(catalogue, business, run_business(catalogue, business, inputs, at), at)


def import_plain(catalogue: Catalogue, business: str, reading: Reading, at: dt.date) -> dict[str, Any]:
    """The run on what a workbook says, with the imported values and the cell each came from.

    Raises:
        BadInput: the workbook has faults; all are listed by cell.
    """
    values = imported_values(catalogue, reading, at)
    codes = catalogue.codes_of(business, at)
    evaluation = evaluate(catalogue, with_settings(catalogue, values, at), at, codes)
    plain = evaluation_plain(catalogue, business, evaluation, at, values)
    plain["inputs"] = {
        c: {"value": to_plain(v), "cell": reading.places[c]} for c, v in reading.values.items()
    }
    plain["issues"] = [to_plain(i) for i in reading.issues]
    return plain


def imported_values(catalogue: Catalogue, reading: Reading, at: dt.date) -> dict[str, ElementValue]:
    """What a workbook says, each value with the cell it came from.

    Raises:
        BadInput: the workbook has faults; all are listed by cell.
    """
    reading.refuse()
    entries = catalogue.at(at).entries
    return {
        c: ElementValue(c, v, entries[c].spec.unit, source="form", details={"cell": reading.places[c]})
        for c, v in reading.values.items()
    }


def opinion_of(plain: Mapping[str, Any], **names: str) -> str:
    """The 审查意见 drafted from an evaluated business; ``names`` are project, code, applicant and subject."""
    return draft(
        Reviewed(
            business=plain["name"], at=plain["at"], rules=plain["rule_hash"], conclusions=plain["conclusions"], **names
        )
    )  # fmt: skip


def evaluation_plain(
    catalogue: Catalogue,
    business: str,
    evaluation: Evaluation,
    at: dt.date,
    given: Mapping[str, ElementValue] | None = None,
) -> dict[str, Any]:
    """An evaluated business as one JSON document, with the review table and the drafted opinion."""
    codes = catalogue.codes_of(business, at)
    file = catalogue.business(business)
    rows = [element_row(catalogue, evaluation, c) for c in codes]
    entries = catalogue.at(at).entries
    computed = [r for r in rows if entries[r["code"]].spec.computed]
    review = review_rows(catalogue, evaluation, codes, given)
    plain: dict[str, Any] = {
        "business": file.business,
        "name": file.name,
        "name_en": file.name_en,
        "at": at.isoformat(),
        "rule_hash": catalogue.version,
        "values": {
            r["code"]: {"name": r["name"], "value": r["value"], "display": r["display"], "unit": r["unit"]}
            for r in rows
            if r["value"] is not None
        },
        "undecided": [
            {
                "code": r["code"],
                "name": r["name"],
                "missing": [{"code": m["code"], "reason": m["reason"]} for m in r["missing"]],
            }
            for r in computed
            if r["value"] is None
        ],
        "conclusions": [
            {
                "code": r["code"],
                "name": r["name"],
                "outcome": r["outcome"],
                "text": r["text"],
                "limit": r["limit"],
                "clause": r["clause"],
                "verified": r["verified"],
            }
            for r in rows
            if r["kind"] == Kind.CONCLUSION.value
        ],
        "failed": [r["code"] for r in rows if r["outcome"] == Outcome.FAIL.value],
        "counts": counts(review),
        "review": review,
        "trace": computed,
    }
    return plain | {"opinion": opinion_of(plain)}


def explain_plain(catalogue: Catalogue, code: str, inputs: Mapping[str, Any], at: dt.date) -> dict[str, Any]:
    """The explain tree of one element on given inputs."""
    code = catalogue.resolve(code, at)
    values = with_settings(catalogue, read_inputs(catalogue, inputs, at), at)
    return explain(evaluate(catalogue, values, at, [code]), code)


def compare_runs(
    catalogue: Catalogue,
    codes: Sequence[str],
    base: tuple[Mapping[str, Any], dt.date],
    other: tuple[Mapping[str, Any], dt.date],
) -> list[dict[str, Any]]:
    """What-if: the elements among ``codes`` whose shown value or outcome differs between two runs (inputs, day)."""
    runs = [
        evaluate(catalogue, with_settings(catalogue, read_inputs(catalogue, inputs, day), day), day, codes)
        for inputs, day in (base, other)
    ]
    out = []
    for code in runs[0].elements:
        one, two = runs[0].elements[code], runs[1].elements.get(code)
        if two is not None and (one.display != two.display or one.outcome != two.outcome):
            out.append(
                {
                    "code": code,
                    "name": one.name,
                    "before": one.display,
                    "after": two.display,
                    "unit": one.unit,
                }
            )
    return out


def form_fields(catalogue: Catalogue, codes: Sequence[str], at: dt.date) -> list[dict[str, Any]]:
    """What a form needs to ask for these input codes: name, type, unit, options."""
    entries = catalogue.at(at).entries
    out = []
    for code in codes:
        spec = entries[code].spec
        if spec.computed or spec.type in (Type.RECORDS, Type.LIMIT):
            continue
        out.append(
            {
                "code": code,
                "name": spec.name,
                "name_en": spec.name_en,
                "type": spec.type.value,
                "unit": spec.unit,
                "options": ["是", "否"] if spec.type is Type.BOOL else spec.options,
                "source": spec.source.zh,
                "clause": spec.clause,
                "note": spec.note,
            }
        )
    return out


def catalogue_now() -> Catalogue:
    """The catalogue as installed."""
    return load_catalogue()
