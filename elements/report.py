"""From an evaluation to what goes into the box: the indicator table, findings, fee statement (plain content)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from elements.engine.element import Kind, Source, Type
from elements.engine.engine import Catalogue, Evaluation
from elements.engine.rounding import plain_number, round_to
from elements.engine.values import Evaluated
from elements.fees import FeeLine, total
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.plain import to_plain

#: how bad an outcome is, when an indicator has several conclusions
_WEIGHT = {Outcome.FAIL: 3, Outcome.UNDECIDED: 2, Outcome.PASS: 1, Outcome.NOTE: 0}
_OUTCOME_EN = {
    Outcome.PASS: "complies",
    Outcome.FAIL: "does not comply",
    Outcome.NOTE: "nothing to check",
    Outcome.UNDECIDED: "cannot be decided",
}


def element_row(catalogue: Catalogue, evaluation: Evaluation, code: str) -> dict[str, Any]:
    """One element as a row of a table with its trace; records that were handed in are counted, not repeated."""
    found = evaluation[code]
    spec = catalogue.at(evaluation.at).entries[code].spec
    value = found.value
    subject = evaluation.elements.get(spec.of) if spec.of is not None else None
    if isinstance(value, Decimal) and len(value.as_tuple().digits) > 20:
        value = round_to(value, 12)
    return {
        "code": code,
        "name": found.name,
        "name_en": found.name_en,
        "kind": found.kind,
        "value": None if spec.type is Type.RECORDS and not spec.computed else to_plain(value),
        "unit": found.unit,
        "display": found.display,
        "formula": found.formula,
        "substituted": found.substituted,
        "steps": [to_plain(s) for s in found.intermediates],
        "clause": found.clause or spec.unsourced,
        "documents": list(found.documents),
        "source": found.source,
        "source_name": Source(found.source).zh if found.source in set(Source) else found.source,
        "verified": found.verified,
        "missing": [to_plain(m) for m in found.missing],
        "entities": [to_plain(r) for r in found.evidence],
        "inputs": list(found.inputs),
        "outcome": found.outcome.value if found.outcome is not None else None,
        "limit": found.limit,
        "text": found.text,
        "text_en": _sentence_en(found, subject) if found.outcome is not None else "",
        "of": spec.of,
    }


def indicator_rows(
    catalogue: Catalogue, evaluation: Evaluation, codes: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows in order; every indicator carries the outcome and limit of its (worst) conclusion."""
    rows = [element_row(catalogue, evaluation, c) for c in codes]
    judged: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["of"] is not None and row["outcome"] is not None:
            before = judged.get(row["of"])
            if before is None or _WEIGHT[Outcome(row["outcome"])] > _WEIGHT[Outcome(before["outcome"])]:
                judged[row["of"]] = row
    for row in rows:
        verdict = judged.get(row["code"])
        if verdict is not None:
            row["outcome"], row["limit"], row["conclusion"] = (
                verdict["outcome"],
                verdict["limit"],
                verdict["code"],
            )
    return rows


def findings(catalogue: Catalogue, evaluation: Evaluation) -> list[Finding]:
    """One finding per conclusion, with numbers, limit, clause and entities."""
    entries = catalogue.at(evaluation.at).entries
    out: list[Finding] = []
    for found in evaluation.conclusions():
        spec = entries[found.code].spec
        subject = evaluation.elements.get(spec.of) if spec.of is not None else None
        name = found.code.removeprefix("JL_")
        outcome = found.outcome or Outcome.UNDECIDED
        measured = subject.display if subject is not None and subject.value is not None else None
        out.append(
            Finding(
                code=f"planning.{name}",
                title=subject.name if subject is not None and name == subject.code else found.name,
                title_en=subject.name_en if subject is not None and name == subject.code else found.name_en,
                outcome=outcome,
                message=found.text,
                message_en=_sentence_en(found, subject),
                measured=measured,
                limit=found.limit,
                unit=subject.unit if subject is not None else None,
                clause=found.clause or spec.unsourced,
                entities=found.evidence,
                marker=_marker(found, evaluation),
                source={
                    "element": found.code,
                    "of": spec.of,
                    "formula": found.formula,
                    "substituted": found.substituted,
                    "exact": _exact(subject),
                    "rule_version": found.rule_version,
                    "verified": found.verified,
                    "missing": [to_plain(m) for m in found.missing],
                    "steps": [to_plain(s) for s in found.intermediates[:200]],
                },
            )
        )
    return out


def _marker(found: Evaluated, evaluation: Evaluation) -> dict[str, Any] | None:
    """Where a conclusion on judged records fails or stays open: the shortest lines between what was measured."""
    lines: dict[str, list[Any]] = {}
    for code in found.inputs:
        below = evaluation.elements.get(code)
        rows = below.value if below is not None and isinstance(below.value, list) else []
        for row in rows:
            if isinstance(row, dict) and row.get("nearest") and row.get("outcome"):
                lines.setdefault(str(row["outcome"]), []).append(row["nearest"])
    wanted = lines.get((found.outcome or Outcome.UNDECIDED).value)
    return {"type": "MultiLineString", "coordinates": wanted} if wanted else None


def _sentence_en(found: Evaluated, subject: Evaluated | None) -> str:
    """English sentence of a conclusion."""
    text = f"{found.name_en}: {_OUTCOME_EN[found.outcome or Outcome.UNDECIDED]}"
    if subject is not None and subject.value is not None:
        text += f"; {subject.name_en} {subject.display} {subject.unit}".rstrip()
        text += f", limit {found.limit}" if found.limit else ""
    reasons = [m.reason_en for m in found.missing if m.reason_en]
    return text + (f" ({'; '.join(reasons[:3])})" if reasons else "")


def _exact(found: Evaluated | None) -> str | None:
    if found is None or not isinstance(found.value, (int, Decimal)):
        return None
    return plain_number(round_to(Decimal(found.value), 12))


def count_outcomes(rows: Sequence[Finding]) -> dict[str, int]:
    """Number of findings per outcome."""
    return {o.value: sum(f.outcome is o for f in rows) for o in Outcome}


def statement(lines: Sequence[FeeLine], not_applicable: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Payload of a ``fee_statement``: lines, sum of what could be computed, and what is open."""
    undecided = [
        {"code": x.code, "name": x.name, "missing": [to_plain(m) for m in x.missing]}
        for x in lines
        if x.amount is None
    ]
    computed = [x for x in lines if x.amount is not None]
    return {
        "lines": [to_plain(x) for x in lines],
        "total": format(round_to(total(lines), 2), "f"),
        "complete": not undecided,
        "verified": all(x.verified for x in computed) and not undecided,
        "unverified": [x.code for x in computed if not x.verified],
        "undecided": undecided,
        "not_applicable": list(not_applicable),
    }


def kinds_of(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows grouped by 基础 / 指标 / 结论."""
    return {kind.value: [r for r in rows if r["kind"] == kind.value] for kind in Kind}
