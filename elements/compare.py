"""What-if: runs of one business side by side (other inputs, another day, another rule set, another catalogue)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.engine.element import Kind
from elements.engine.engine import Catalogue, Evaluation, evaluate, read_inputs
from elements.engine.rounding import plain_number, round_to
from elements.engine.values import Evaluated
from elements.places import with_settings
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome
from project_box.kernel.plain import to_plain

#: most runs beside one another
MAX_RUNS = 8


@dataclass(frozen=True)
class Variant:
    """One run of a comparison.

    Attributes:
        label: heading of its column.
        catalogue: definitions and tables to compute with; ``inputs`` raw, by code or Chinese name; ``at`` the day.
    """

    label: str
    catalogue: Catalogue
    inputs: Mapping[str, Any]
    at: dt.date

    def evaluate(self, business: str) -> tuple[Evaluation, list[str]]:
        """Evaluation and the codes of the business's table on that day."""
        codes = self.catalogue.codes_of(business, self.at)
        values = with_settings(self.catalogue, read_inputs(self.catalogue, self.inputs, self.at), self.at)
        return evaluate(self.catalogue, values, self.at, codes), codes


def against(
    base: Variant, changes: Mapping[str, Any], label: str, catalogue: Catalogue | None = None
) -> Variant:
    """The base with some inputs changed; ``at`` among the changes is the other day, an empty value takes an input away.

    Raises:
        BadInput: unknown input, or ``at`` is not a date.
    """
    other = catalogue or base.catalogue
    inputs, day = dict(base.inputs), base.at
    for name, value in changes.items():
        if str(name).strip().lower() == "at":
            day = day_of(value)
    known = {base.catalogue.resolve(str(n).strip(), base.at): n for n in inputs}
    for name, value in changes.items():
        if str(name).strip().lower() == "at":
            continue
        code = other.resolve(str(name).strip(), day)
        inputs.pop(known.get(code, code), None)
        if value not in (None, ""):
            inputs[code] = value
    return Variant(label, other, inputs, day)


def day_of(value: Any) -> dt.date:
    """A date, given as one or as text.

    Raises:
        BadInput: not a date.
    """
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise BadInput(
            f"“{str(value)[:40]}”不是日期，应如 2026-06-03", "ISO date expected", place="at"
        ) from error


def each_option(base: Variant, name: str) -> list[Variant]:
    """One variant per option of an input with a list of options (the area rule sets, for example).

    Raises:
        BadInput: unknown input, or one without options.
    """
    code = base.catalogue.resolve(name, base.at)
    options = base.catalogue.at(base.at).entries[code].spec.options
    if not options:
        raise BadInput(f"{code} 没有可选值，不能逐项对照", f"{code} has no options to compare", place=code)
    return [against(base, {code: o}, o) for o in options[:MAX_RUNS]]


def side_by_side(business: str, variants: Sequence[Variant]) -> dict[str, Any]:
    """The runs as one JSON document; ``changed`` rows are those in which any run differs from the first.

    Raises:
        NotFound: no such business. BadInput: unusable inputs, or fewer than two or more than 8 runs.
    """
    if not 2 <= len(variants) <= MAX_RUNS:
        raise BadInput(f"对照需要 2–{MAX_RUNS} 组", f"2 to {MAX_RUNS} runs expected", place="against")
    runs = [v.evaluate(business) for v in variants]
    order = list(dict.fromkeys(c for _, codes in runs for c in codes))
    rows: list[dict[str, Any]] = []
    for code in order:
        found = [run.elements.get(code) for run, _ in runs]
        first = next(f for f in found if f is not None)
        cells = [_cell(f) for f in found]
        rows.append(
            {
                "code": code,
                "name": first.name,
                "name_en": first.name_en,
                "kind": first.kind,
                "unit": first.unit,
                "cells": cells,
                "changed": any(_differs(found[0], f) for f in found[1:]),
                "change": _change(found[0], found[-1]),
                "delta": _delta(found[0], found[-1]) if len(found) == 2 else None,
            }
        )
    changed = [r for r in rows if r["changed"]]
    verdicts = [r for r in rows if r["kind"] == Kind.CONCLUSION.value]
    file = variants[0].catalogue.business(business)
    return {
        "business": file.business,
        "name": file.name,
        "name_en": file.name_en,
        "runs": [
            {
                "label": v.label,
                "at": v.at.isoformat(),
                "rule_hash": v.catalogue.version,
                "inputs": to_plain(dict(v.inputs)),
                "outcomes": {
                    o.value: sum(r["cells"][i]["outcome"] == o.value for r in verdicts) for o in Outcome
                },
            }
            for i, v in enumerate(variants)
        ],
        "rows": rows,
        "counts": {
            "elements": len(rows),
            "changed": len(changed),
            "conclusions_changed": sum(r["kind"] == Kind.CONCLUSION.value for r in changed),
        },
    }


def _cell(found: Evaluated | None) -> dict[str, Any]:
    if found is None:
        return {"defined": False, "value": None, "display": "", "outcome": None, "limit": None, "missing": []}
    value = found.value
    if isinstance(value, Decimal):
        value = plain_number(round_to(value, 12) if len(value.as_tuple().digits) > 20 else value)
    return {
        "defined": True,
        "value": to_plain(value) if not isinstance(value, list) else None,
        "display": found.display,
        "outcome": found.outcome.value if found.outcome is not None else None,
        "limit": found.limit,
        "substituted": found.substituted,
        "clause": found.clause,
        "documents": list(found.documents),
        "verified": found.verified,
        "missing": [{"code": m.code, "reason": m.reason, "reason_en": m.reason_en} for m in found.missing],
    }


def _differs(one: Evaluated | None, two: Evaluated | None) -> bool:
    if one is None or two is None:
        return one is not two
    return (one.value, one.display, one.outcome, one.limit) != (
        two.value,
        two.display,
        two.outcome,
        two.limit,
    )


def _change(one: Evaluated | None, two: Evaluated | None) -> str:
    if one is None or two is None:
        return "same" if one is two else "added" if one is None else "removed"
    if not _differs(one, two):
        return "same"
    if one.value is None or two.value is None:
        return "decided" if one.value is None else "undecided"
    return "outcome" if one.outcome is not two.outcome else "value" if one.value != two.value else "limit"


def _delta(one: Evaluated | None, two: Evaluated | None) -> str | None:
    """Second minus first, for numbers."""
    values = [f.value if f is not None else None for f in (one, two)]
    if any(isinstance(v, bool) or not isinstance(v, (int, Decimal)) for v in values):
        return None
    delta = Decimal(str(values[1])) - Decimal(str(values[0]))
    return plain_number(round_to(delta, 12) if len(delta.as_tuple().digits) > 20 else delta)
