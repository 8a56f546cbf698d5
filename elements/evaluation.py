"""The one evaluator: inputs in, every element's value with its trace out.

Nothing is guessed: an element whose input is missing is 无法判定 and names the input.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.element import ElementSpec, Kind, Literal_, Source, TariffRef, Type
from elements.formula import Formula, FormulaFault
from elements.functions import REGISTRY
from elements.limits import limit_text
from elements.rounding import Rounding, plain_number, round_to
from elements.rulebook import JURISDICTION, Catalogue, Entry
from elements.tariffs import Lookup
from elements.values import (
    Computed,
    ElementValue,
    Evaluated,
    Missing,
    Undecided,
    Value,
    union_evidence,
    union_missing,
)
from project_box.kernel.errors import BadInput, NotFound, PlatformError
from project_box.kernel.finding import EntityRef, Outcome


@dataclass(frozen=True)
class Evaluation:
    """All evaluated elements, in dependency order."""

    at: dt.date
    rule_version: str
    elements: dict[str, Evaluated]

    def __getitem__(self, code: str) -> Evaluated:
        return self.elements[code]

    def conclusions(self) -> list[Evaluated]:
        """The conclusions among them."""
        return [e for e in self.elements.values() if e.kind == Kind.CONCLUSION]


def display_value(spec: ElementSpec, value: Value | None) -> str:
    """A value as it stands on the page, without unit; 无法判定 for None."""
    if value is None:
        return "无法判定"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
        if spec.precision is not None and spec.rounding is not Rounding.NONE:
            return format(round_to(number, spec.precision, spec.rounding), "f")
        return plain_number(number)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return f"{len(value)} 项"
    if isinstance(value, dict):
        if "operator" in value:
            return limit_text(value)
        return ";".join(f"{k}={v}" for k, v in value.items())
    return str(value)


def evaluate(
    catalogue: Catalogue,
    inputs: Mapping[str, ElementValue],
    at: dt.date,
    codes: Iterable[str] | None = None,
) -> Evaluation:
    """Evaluate the asked codes (default: all) and everything below them.

    Args:
        inputs: typed values by code, as :func:`read_inputs` or the extraction makes them.
        at: the day whose definitions and tariff editions apply.

    Raises:
        BadInput: an input for an unknown or computed element, or with another unit.
    """
    rules = catalogue.at(at)
    for code, given in inputs.items():
        entry = rules.entries.get(code)
        if entry is None:
            raise BadInput(f"没有要素 {code}", f"unknown element {code}", place=code, code="unknown_element")
        if entry.spec.computed and not entry.spec.own:
            raise BadInput(
                f"{entry.spec.name}({code})由系统计算,不能填写",
                f"{code} is computed",
                place=code,
                code="computed_element",
            )
        if given.unit and given.unit != entry.spec.unit:
            raise BadInput(
                f"{entry.spec.name}({code}):单位“{given.unit}”不符,应为“{entry.spec.unit or '无单位'}”",
                f"{code}: unit {given.unit!r} where {entry.spec.unit!r} is expected",
                place=code,
                code="bad_unit",
            )
    targets = list(rules.entries) if codes is None else list(codes)
    for code in targets:
        if code not in rules.entries:
            raise BadInput(f"没有要素 {code}", f"unknown element {code}", place=code, code="unknown_element")
    done: dict[str, Evaluated] = {}
    jurisdiction = inputs.get(JURISDICTION)
    place = str(jurisdiction.value) if jurisdiction is not None and jurisdiction.value is not None else ""
    own = frozenset(c for c in inputs if rules.entries[c].computed)
    for code in rules.closure(targets, own):
        entry = rules.entries[code]
        if entry.computed and code not in own:
            done[code] = _compute(catalogue, entry, done, place, at)
        else:
            done[code] = _given(catalogue, entry, inputs.get(code))
    return Evaluation(at, catalogue.version, done)


def _given(catalogue: Catalogue, entry: Entry, given: ElementValue | None) -> Evaluated:
    spec = entry.spec
    missing: tuple[Missing, ...] = ()
    value = given.value if given is not None else None
    if spec.carry == "rounded" and isinstance(value, Decimal) and spec.precision is not None:
        value = round_to(value, spec.precision, spec.rounding)
    if value is None:
        missing = (given.missing if given is not None else ()) or (
            Missing(
                spec.code, spec.name, f"缺少{spec.name}({spec.source.zh})", f"{spec.name_en} is not given"
            ),
        )
    return Evaluated(
        code=spec.code,
        name=spec.name,
        name_en=spec.name_en,
        kind=spec.kind.value,
        value=value,
        display=display_value(spec, value),
        unit=spec.unit,
        substituted=f"自带值 {display_value(spec, value)}{spec.unit}" if spec.computed else "",
        clause=spec.clause or spec.unsourced,
        rule_version=catalogue.version,
        missing=missing,
        evidence=given.evidence if given is not None else (),
        verified=given.verified if given is not None else True,
        source=given.source if given is not None else spec.source.value,
    )


class _Arguments:
    """Resolves a function's arguments and remembers what they rest on."""

    def __init__(self, catalogue: Catalogue, done: Mapping[str, Evaluated], place: str, at: dt.date) -> None:
        self.catalogue, self.done, self.place, self.at = catalogue, done, place, at
        self.used: list[Evaluated] = []
        self.lookups: list[Lookup] = []
        self.missing: list[Missing] = []
        self.shown: list[tuple[str, str]] = []

    def element(self, reference: str) -> Value | None:
        code = reference.removesuffix("?")
        found = self.done[code]
        self.used.append(found)
        if found.value is None and not reference.endswith("?"):
            self.missing += found.missing
        self.shown.append((found.name, found.display + found.unit if found.value is not None else "—"))
        return found.value

    def tariff(self, reference: TariffRef) -> Any:
        if not self.place:
            if not reference.optional:
                self.missing += self.done[JURISDICTION].missing
            return None
        keys: dict[str, Value] = {}
        for key, source in reference.keys.items():
            if isinstance(source, Literal_):
                keys[key] = source.value
                continue
            optional = reference.optional or source.endswith("?")
            value = self.element(source.removesuffix("?") + ("?" if optional else ""))
            if value is None:
                if source.endswith("?") and not reference.optional:
                    continue
                return None
            keys[key] = value
        try:
            lookup = self.catalogue.tariffs.find(reference.table, keys, self.place, self.at)
        except Undecided as error:
            if not reference.optional:
                self.missing += error.missing
            return None
        self.lookups.append(lookup)
        if reference.rows:
            return lookup.rows
        if lookup.rows[0].get(reference.column) is None:
            if not reference.optional:
                self.missing.append(
                    Missing(
                        f"table:{reference.table}",
                        lookup.table.name,
                        f"《{lookup.table.name}》此项没有数值({lookup.document})",
                        f"table {lookup.table.name_en} has no number here",
                    )
                )
            return None
        return lookup.rows[0][reference.column]


def _compute(
    catalogue: Catalogue, entry: Entry, done: Mapping[str, Evaluated], place: str, at: dt.date
) -> Evaluated:
    spec = entry.spec
    arguments = _Arguments(catalogue, done, place, at)
    formula_text = spec.formula or ""
    computed: Computed | None = None
    missing: tuple[Missing, ...] = ()
    faulty: tuple[EntityRef, ...] = ()
    try:
        if entry.formula is not None:
            computed = _by_formula(entry, entry.formula, arguments)
        elif spec.tariff is not None:
            formula_text = f"查表 {catalogue.tariffs.tables[spec.tariff.table].name}"
            value = arguments.tariff(spec.tariff)
            if not arguments.missing:
                lookup = arguments.lookups[0]
                asked = "、".join(str(v) for _, v in arguments.shown)
                computed = Computed(value, substituted=f"{asked} → {_shown(value)}{lookup.table.unit}")
        elif spec.function is not None:
            named = REGISTRY[spec.function]
            formula_text = spec.formula_text or named.formula
            keywords = {
                name: arguments.tariff(a)
                if isinstance(a, TariffRef)
                else a.value
                if isinstance(a, Literal_)
                else arguments.element(a)
                for name, a in spec.args.items()
            }
            if not arguments.missing:
                computed = named.body(**keywords)
    except Undecided as error:
        missing = tuple(error.missing)
        faulty = error.evidence
    except FormulaFault as error:
        missing = (Missing(spec.code, spec.name, f"{spec.name}:{error}", str(error)),)
    except PlatformError as error:
        missing = (Missing(spec.code, spec.name, error.zh, error.en),)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError) as error:
        if not _takes_records(entry, catalogue, at):
            raise
        why = f"{type(error).__name__}: {str(error)[:80]}"
        missing = (
            Missing(
                spec.code, spec.name, f"{spec.name}:输入的记录不完整或格式不符", f"malformed records ({why})"
            ),
        )
    if computed is None and not missing:
        missing = union_missing([arguments.missing])

    value = computed.value if computed is not None else None
    outcome: Outcome | None = None
    if spec.kind is Kind.CONCLUSION:
        outcome = (
            Outcome.UNDECIDED
            if value is None
            else value
            if isinstance(value, Outcome)
            else Outcome.PASS
            if value
            else Outcome.FAIL
        )
        display = outcome.zh
        value = None if outcome is Outcome.UNDECIDED else outcome.value
    else:
        if isinstance(value, Decimal) and spec.type is Type.INTEGER:
            value = int(
                round_to(value, 0, spec.rounding if spec.rounding is not Rounding.NONE else Rounding.HALF_UP)
            )
        display = display_value(spec, value)
        if (
            spec.carry == "rounded"
            and isinstance(value, (int, Decimal))
            and not isinstance(value, bool)
            and spec.precision is not None
        ):
            value = round_to(Decimal(value), spec.precision, spec.rounding)
    documents = tuple(dict.fromkeys(lookup.document for lookup in arguments.lookups))
    clauses = [computed.clause] if computed is not None and computed.clause else []
    clauses += [lookup.edition.clause for lookup in arguments.lookups if lookup.edition.clause]
    evidence = faulty or (
        computed.evidence
        if computed is not None and computed.evidence is not None
        else union_evidence(u.evidence for u in arguments.used)
    )
    text = ""
    limit = computed.limit if computed is not None else None
    if spec.text is not None and outcome is not None:
        sentence = {
            Outcome.PASS: spec.text.passed,
            Outcome.FAIL: spec.text.failed,
            Outcome.NOTE: spec.text.note or spec.text.passed,
            Outcome.UNDECIDED: spec.text.undecided
            or f"{spec.name}无法判定:" + ";".join(m.reason for m in missing),
        }[outcome]
        text = _fill(sentence, done, limit)
    return Evaluated(
        code=spec.code,
        name=spec.name,
        name_en=spec.name_en,
        kind=spec.kind.value,
        value=value,
        display=display,
        unit=spec.unit,
        formula=(computed.formula if computed is not None and computed.formula else formula_text),
        substituted=computed.substituted if computed is not None else "",
        intermediates=computed.steps if computed is not None else (),
        clause=";".join(dict.fromkeys([c for c in [spec.clause or spec.unsourced, *clauses] if c])),
        rule_version=catalogue.version,
        missing=missing if value is None else (),
        evidence=evidence,
        outcome=outcome,
        text=text,
        limit=limit,
        verified=spec.verified
        and all(u.verified for u in arguments.used if u.value is not None)
        and all(lookup.verified for lookup in arguments.lookups)
        and (computed is None or computed.verified),
        inputs=entry.needs,
        source=Source.TARIFF.value if spec.tariff is not None else Source.COMPUTED.value,
        documents=documents,
    )


def _takes_records(entry: Entry, catalogue: Catalogue, at: dt.date) -> bool:
    """Whether the element reads records or maps from outside, whose shape nobody has checked before."""
    entries = catalogue.at(at).entries
    open_types = (Type.RECORDS, Type.MAP, Type.LIMIT)
    return any(entries[n].spec.type in open_types for n in entry.needs if n in entries)


def _by_formula(entry: Entry, formula: Formula, arguments: _Arguments) -> Computed | None:
    values: dict[str, Value] = {}
    shown: dict[str, str] = {}
    for code in formula.names:
        value = arguments.element(code)
        if value is not None:
            values[code] = value
            shown[code] = _shown(value)
    if entry.spec.of is not None and entry.spec.of not in formula.names:
        arguments.element(entry.spec.of + "?")
    if arguments.missing:
        return None
    return Computed(formula.evaluate(values), substituted=formula.substituted(shown))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        places = value.normalize().as_tuple().exponent
        if isinstance(places, int) and places < -10:
            return plain_number(round_to(value, 10)) + "…"
        return plain_number(value)
    if isinstance(value, str):
        return f"'{value}'"
    return str(value)


def _fill(sentence: str, done: Mapping[str, Evaluated], limit: str | None) -> str:
    def show(match: re.Match[str]) -> str:
        code = match.group(1)
        if code == "limit":
            return limit or "—"
        found = done.get(code)
        return f"{found.display}{found.unit}" if found is not None and found.value is not None else "—"

    return re.sub(r"\{([^}]*)\}", show, sentence)


def explain(evaluation: Evaluation, code: str, *, depth: int = 24) -> dict[str, Any]:
    """The tree below one element: itself and, under ``inputs``, what it was computed from.

    Raises:
        NotFound: the code was not evaluated.
    """
    found = evaluation.elements.get(code)
    if found is None:
        raise NotFound(f"要素 {code} 未参与求值", f"{code} was not evaluated")
    node: dict[str, Any] = {
        "code": found.code,
        "name": found.name,
        "kind": found.kind,
        "value": found.display,
        "unit": found.unit,
        "formula": found.formula,
        "substituted": found.substituted,
        "steps": [
            {"name": s.name, "expression": s.expression, "value": s.value, "clause": s.clause}
            for s in found.intermediates
        ],
        "clause": found.clause,
        "documents": list(found.documents),
        "verified": found.verified,
        "source": found.source,
        "missing": [{"code": m.code, "name": m.name, "reason": m.reason} for m in found.missing],
        "entities": [{"file": r.file, "handle": r.handle, "layer": r.layer} for r in found.evidence],
        "outcome": found.outcome.value if found.outcome is not None else None,
    }
    node["inputs"] = (
        [explain(evaluation, c, depth=depth - 1) for c in found.inputs if c in evaluation.elements]
        if depth > 0
        else []
    )
    return node
