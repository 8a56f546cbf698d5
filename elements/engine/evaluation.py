"""The one evaluator: inputs in, every element's value with its trace out.

Nothing is guessed: an element whose input is missing is 无法判定 and names the input.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.engine.display import display_value, fill, operand
from elements.engine.element import ElementSpec, Kind, Type
from elements.engine.plan import Fixed, Lookup, Operand, Plan
from elements.engine.rounding import Rounding, round_to
from elements.engine.rulebook import JURISDICTION, Catalogue, Entry, Rules
from elements.engine.tariffs import Lookup as Found
from elements.engine.values import (
    Computed,
    ElementValue,
    Evaluated,
    Missing,
    Undecided,
    Value,
    union_evidence,
    union_missing,
)
from project_box.formula import Formula, FormulaFault
from project_box.kernel.errors import BadInput, PlatformError
from project_box.kernel.finding import EntityRef, Outcome

#: constants kept in memory (places may be many)
_REMEMBERED = 20_000
#: numbers of more digits before the point are no result of any rule, and could not be shown exactly
_LARGEST = 27


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


def evaluate(
    catalogue: Catalogue,
    inputs: Mapping[str, ElementValue],
    at: dt.date,
    codes: Iterable[str] | None = None,
    *,
    trace: bool = True,
) -> Evaluation:
    """Evaluate the asked codes (default: all) and everything below them.

    Args:
        inputs: typed values by code, as :func:`read_inputs` or the extraction makes them.
        at: the day whose definitions and tariff editions apply.
        trace: False leaves out what only explains (substituted formulas, steps, sentences, clauses, evidence);
            values, outcomes, what is missing and what is unverified are the same.

    Raises:
        BadInput: an input for an unknown or computed element, or with another unit.
    """
    rules = catalogue.at(at)
    own = _check_inputs(rules, inputs)
    targets = list(rules.entries) if codes is None else list(codes)
    for code in targets:
        if code not in rules.entries:
            raise _unknown(code)
    jurisdiction = inputs.get(JURISDICTION)
    place = str(jurisdiction.value) if jurisdiction is not None and jurisdiction.value is not None else ""
    run = _Run(catalogue, rules, place, trace)
    done, entries = run.done, rules.entries
    for code in rules.closure(targets, own):
        entry = entries[code]
        done[code] = (
            run.compute(entry.plan)
            if entry.computed and code not in own
            else run.given(entry, inputs.get(code))
        )
    return Evaluation(at, catalogue.version, done)


def _unknown(code: str) -> BadInput:
    return BadInput(f"没有要素 {code}", f"unknown element {code}", place=code, code="unknown_element")


def _check_inputs(rules: Rules, inputs: Mapping[str, ElementValue]) -> frozenset[str]:
    """The computed elements that were handed in as own values 自带值."""
    own: list[str] = []
    for code, given in inputs.items():
        entry = rules.entries.get(code)
        if entry is None:
            raise _unknown(code)
        spec = entry.spec
        if entry.computed:
            own.append(code)
            if not spec.own:
                raise BadInput(
                    f"{spec.name}（{code}）由系统计算，不能填写",
                    f"{code} is computed",
                    place=code,
                    code="computed_element",
                )
        if given.unit and given.unit != spec.unit:
            raise BadInput(
                f"{spec.name}（{code}）：单位“{given.unit}”不符，应为“{spec.unit or '无单位'}”",
                f"{code}: unit {given.unit!r} where {spec.unit!r} is expected",
                place=code,
                code="bad_unit",
            )
    return frozenset(own)


class _Gathered:
    """What one element was computed from."""

    __slots__ = ("lookups", "missing", "shown", "used")

    def __init__(self) -> None:
        self.used: list[Evaluated] = []
        self.lookups: list[Found] = []
        self.missing: list[Missing] = []
        self.shown: list[str] = []

    @property
    def verified(self) -> bool:
        """Whether every number it rests on is verified."""
        for used in self.used:
            if not used.verified and used.value is not None:
                return False
        return all(found.edition.verified for found in self.lookups)


class _Run:
    """One evaluation under way; ``done`` holds what is evaluated so far."""

    __slots__ = ("at", "catalogue", "done", "place", "rules", "trace", "version")

    def __init__(self, catalogue: Catalogue, rules: Rules, place: str, trace: bool) -> None:
        self.catalogue, self.rules, self.at = catalogue, rules, rules.at
        self.place, self.trace, self.version = place, trace, catalogue.version
        self.done: dict[str, Evaluated] = {}

    # ------------------------------------------------ handed in

    def given(self, entry: Entry, given: ElementValue | None) -> Evaluated:
        """An element that was handed in, or was not."""
        if given is None:
            known = self.rules.absent.get(entry.spec.code)
            if known is None:
                known = self.rules.absent[entry.spec.code] = self._given(entry, None)
            return known
        return self._given(entry, given)

    def _given(self, entry: Entry, given: ElementValue | None) -> Evaluated:
        spec, plan = entry.spec, entry.plan
        value = given.value if given is not None else None
        if plan.rounded and isinstance(value, Decimal):
            value = round_to(value, spec.precision or 0, spec.rounding)
        display = display_value(spec, value)
        return Evaluated(
            code=spec.code,
            name=spec.name,
            name_en=spec.name_en,
            kind=plan.kind,
            value=value,
            display=display,
            unit=spec.unit,
            substituted=f"自带值 {display}{spec.unit}" if entry.computed else "",
            clause=plan.clause,
            rule_version=self.version,
            missing=()
            if value is not None
            else ((given.missing if given is not None else ()) or (plan.absent,)),
            evidence=given.evidence if given is not None else (),
            verified=given.verified if given is not None else True,
            source=given.source if given is not None else spec.source.value,
        )

    # ------------------------------------------------ computed

    def compute(self, plan: Plan) -> Evaluated:
        """A computed element; what cannot be computed says why."""
        if not plan.constant or not self.place:
            return self._compute(plan)
        key = (plan.code, self.place, self.trace)
        known = self.rules.constant.get(key)
        if known is None:
            if len(self.rules.constant) > _REMEMBERED:
                self.rules.constant.clear()
            known = self.rules.constant[key] = self._compute(plan)
        return known

    def _compute(self, plan: Plan) -> Evaluated:
        got = _Gathered()
        computed: Computed | None = None
        missing: tuple[Missing, ...] = ()
        faulty: tuple[EntityRef, ...] = ()
        try:
            if plan.formula is not None:
                computed = self._by_formula(plan.spec, plan.formula, got)
            elif plan.body is not None:
                computed = self._by_function(plan, got)
            elif plan.lookup is not None:
                computed = self._by_table(plan.lookup, got)
            if computed is not None:
                _bounded(computed.value)
        except Undecided as error:
            computed, missing, faulty = None, tuple(error.missing), error.evidence
        except (PlatformError, FormulaFault, ArithmeticError, KeyError, TypeError, ValueError, AttributeError,
                IndexError) as error:  # fmt: skip
            computed, missing = None, (self._fault(plan, error),)
        if computed is None and not missing:
            missing = union_missing([got.missing])
        return self._result(plan, got, computed, missing, faulty)

    def _by_formula(self, spec: ElementSpec, formula: Formula, got: _Gathered) -> Computed | None:
        values: dict[str, Value] = {}
        for code in formula.names:
            found = self.done[code]
            got.used.append(found)
            if found.value is None:
                got.missing += found.missing
            else:
                values[code] = found.value
        if spec.of is not None and spec.of not in formula.names:
            got.used.append(self.done[spec.of])
        if got.missing:
            return None
        value = formula.evaluate(values)
        if not self.trace:
            return Computed(value)
        return Computed(value, substituted=formula.substituted({c: operand(v) for c, v in values.items()}))

    def _by_function(self, plan: Plan, got: _Gathered) -> Computed | None:
        keywords: dict[str, Any] = {}
        for name, argument in plan.arguments:
            if type(argument) is Operand:
                keywords[name] = self._element(argument.code, argument.optional, got)
            elif type(argument) is Lookup:
                keywords[name] = self._table(argument, got)
            elif type(argument) is Fixed:
                keywords[name] = argument.value
        return None if got.missing or plan.body is None else plan.body(**keywords)

    def _by_table(self, lookup: Lookup, got: _Gathered) -> Computed | None:
        value = self._table(lookup, got)
        if got.missing:
            return None
        if not self.trace:
            return Computed(value)
        table = got.lookups[0].table
        return Computed(
            value,
            formula=f"查表 {table.name}",
            substituted=f"{'、'.join(got.shown)} → {operand(value)}{table.unit}",
        )

    def _element(self, code: str, optional: bool, got: _Gathered) -> Value | None:
        found = self.done[code]
        got.used.append(found)
        if found.value is None and not optional:
            got.missing += found.missing
        return found.value

    def _table(self, lookup: Lookup, got: _Gathered) -> Any:
        """Rows or one number of a table; None with ``got.missing`` when there is none."""
        if not self.place:
            if not lookup.optional:
                got.missing += self.done[JURISDICTION].missing
            return None
        keys: dict[str, Value] = {}
        for key, source in lookup.keys:
            if type(source) is Fixed:
                keys[key] = source.value
                continue
            assert type(source) is Operand
            value = self._element(source.code, lookup.optional or source.optional, got)
            if self.trace:
                used = got.used[-1]
                got.shown.append(used.display + used.unit if value is not None else "—")
            if value is None:
                if source.optional and not lookup.optional:
                    continue
                return None
            keys[key] = value
        try:
            found = self.catalogue.tariffs.find(lookup.table, keys, self.place, self.at)
        except Undecided as error:
            if not lookup.optional:
                got.missing += error.missing
            return None
        got.lookups.append(found)
        if lookup.rows:
            return found.rows
        number = found.rows[0].get(lookup.column)
        if number is None and not lookup.optional:
            got.missing.append(
                Missing(
                    f"table:{lookup.table}",
                    found.table.name,
                    f"《{found.table.name}》此项没有数值（{found.document}）",
                    f"table {found.table.name_en} has no number here",
                )
            )
        return number

    def _fault(self, plan: Plan, error: Exception) -> Missing:
        """Why a computation failed, as a sentence.

        Raises:
            Exception: the error itself, where no input can be blamed for it.
        """
        spec = plan.spec
        if isinstance(error, PlatformError):
            return Missing(spec.code, spec.name, error.zh, error.en)
        if isinstance(error, FormulaFault):
            return Missing(spec.code, spec.name, f"{spec.name}：{error}", str(error))
        why = f"{type(error).__name__}: {str(error)[:80]}"
        if isinstance(error, ArithmeticError):
            return Missing(
                spec.code, spec.name, f"{spec.name}：数值超出可计算范围", f"cannot be computed ({why})"
            )
        entries = self.rules.entries
        if any(entries[n].spec.type in _OPEN for n in plan.needs if n in entries):
            return Missing(
                spec.code, spec.name, f"{spec.name}：输入的记录不完整或格式不符", f"malformed records ({why})"
            )
        raise error

    # ------------------------------------------------ result

    def _result(
        self,
        plan: Plan,
        got: _Gathered,
        computed: Computed | None,
        missing: tuple[Missing, ...],
        faulty: tuple[EntityRef, ...],
    ) -> Evaluated:
        spec = plan.spec
        value, display, outcome = _settled(plan, computed.value if computed is not None else None)
        limit = computed.limit if computed is not None else None
        verified = spec.verified and got.verified and (computed is None or computed.verified)
        if not self.trace:
            return Evaluated(
                code=plan.code,
                name=spec.name,
                name_en=spec.name_en,
                kind=plan.kind,
                value=value,
                display=display,
                unit=spec.unit,
                rule_version=self.version,
                missing=missing if value is None else (),
                outcome=outcome,
                limit=limit,
                verified=verified,
                source=plan.source,
            )
        clauses = [plan.clause, computed.clause if computed is not None else ""]
        clauses += [found.edition.clause for found in got.lookups]
        rule = plan.rule
        if plan.lookup is not None:
            rule = f"查表 {self.catalogue.tariffs.tables[plan.lookup.table].name}"
        return Evaluated(
            code=plan.code,
            name=spec.name,
            name_en=spec.name_en,
            kind=plan.kind,
            value=value,
            display=display,
            unit=spec.unit,
            formula=(computed.formula if computed is not None and computed.formula else rule),
            substituted=computed.substituted if computed is not None else "",
            intermediates=computed.steps if computed is not None else (),
            clause="；".join(dict.fromkeys(c for c in clauses if c)),
            rule_version=self.version,
            missing=missing if value is None else (),
            evidence=faulty or _evidence(computed, got),
            outcome=outcome,
            text=_sentence(spec, outcome, missing, self.done, limit),
            limit=limit,
            verified=verified,
            inputs=plan.needs,
            source=plan.source,
            documents=tuple(dict.fromkeys(found.document for found in got.lookups)),
        )


#: types of values whose inner shape nobody has checked before
_OPEN = (Type.RECORDS, Type.MAP, Type.LIMIT)


def _bounded(value: Any) -> None:
    """Refuse a number no rule can mean.

    Raises:
        FormulaFault: not finite, or of more than 28 digits before the point.
    """
    if isinstance(value, Decimal) and (not value.is_finite() or value.adjusted() > _LARGEST):
        raise FormulaFault("数值超出可计算范围")


def _settled(plan: Plan, value: Value | Outcome | None) -> tuple[Value | None, str, Outcome | None]:
    """Value as dependents see it, display and outcome."""
    spec = plan.spec
    if plan.conclusion:
        if value is None:
            return None, Outcome.UNDECIDED.zh, Outcome.UNDECIDED
        outcome = value if isinstance(value, Outcome) else Outcome.PASS if value else Outcome.FAIL
        if outcome is Outcome.UNDECIDED:
            return None, outcome.zh, outcome
        return outcome.value, outcome.zh, outcome
    if plan.whole and isinstance(value, Decimal):
        mode = spec.rounding if spec.rounding is not Rounding.NONE else Rounding.HALF_UP
        value = int(round_to(value, 0, mode))
    display = display_value(spec, value)
    if plan.rounded and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        value = round_to(Decimal(value), spec.precision or 0, spec.rounding)
    return value, display, None


def _evidence(computed: Computed | None, got: _Gathered) -> tuple[EntityRef, ...]:
    if computed is not None and computed.evidence is not None:
        return computed.evidence
    return union_evidence(used.evidence for used in got.used if used.evidence)


def _sentence(
    spec: ElementSpec,
    outcome: Outcome | None,
    missing: tuple[Missing, ...],
    done: Mapping[str, Evaluated],
    limit: str | None,
) -> str:
    """The conclusion in words."""
    if spec.text is None or outcome is None:
        return ""
    if outcome is Outcome.PASS:
        sentence = spec.text.passed
    elif outcome is Outcome.FAIL:
        sentence = spec.text.failed
    elif outcome is Outcome.NOTE:
        sentence = spec.text.note or spec.text.passed
    else:
        reasons = "；".join(m.reason for m in missing)
        sentence = spec.text.undecided or f"{spec.name}无法判定：{reasons}"
    return fill(sentence, done, limit)
