"""试算: the same project or the same inputs under another rate, rule set, day or area rule set, side by side.

Nothing is recorded. The runs are compared by :mod:`elements.compare`, as ``project-box elements diff`` compares them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from elements.compare import MAX_RUNS, Variant, against, each_option, side_by_side
from elements.engine.engine import Catalogue, Evaluation, evaluate
from elements.engine.tariffs import Table, Tariffs
from elements.engine.values import ElementValue, Undecided
from elements.fee_service import compute_fees
from elements.project_inputs import planning_values, read_box
from elements.rulesets.amendment_form import plain_number_of
from elements.rulesets.amendment_preview import fee_value
from elements.rulesets.ruleset_service import find_rule_set, in_force, project_rules, today
from elements.service import BUSINESS
from project_box import service as box
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from project_box.kernel.plain import content_hash

FEES = "fees"
#: the choice of rules by which floor area is measured
AREA_RULES = "AREA_RULES"


@dataclass(frozen=True)
class Rate:
    """Another number in place of one of a table.

    Attributes:
        table, column: where it stands; ``keys`` the row; ``jurisdiction`` the place (where it would be looked up).
    """

    table: str
    value: str
    column: str = "value"
    keys: Mapping[str, Any] = field(default_factory=dict)
    jurisdiction: str | None = None


@dataclass(frozen=True)
class Run:
    """One run beside the first.

    Attributes:
        inputs: changed inputs by code or name; an empty value takes one away.
        rules: hash of a rule set (or a beginning of it); ``at`` another day; ``rates`` other numbers.
    """

    label: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    rules: str | None = None
    at: dt.date | None = None
    rates: Sequence[Rate] = ()

    def title(self) -> str:
        """Heading of its column."""
        words = [f"{k}={v}" for k, v in self.inputs.items()]
        words += [f"规则版本 {self.rules}"] if self.rules else []
        words += [self.at.isoformat()] if self.at else []
        words += [f"{r.table}{''.join(f'·{v}' for v in r.keys.values())}={r.value}" for r in self.rates]
        return self.label or "、".join(words)[:80] or "对照"


# ---------------------------------------------------------------- another rate


def with_rates(catalogue: Catalogue, rates: Sequence[Rate], at: dt.date) -> Catalogue:
    """The catalogue with other numbers in its tables; its version says that it is a trial.

    Raises:
        BadInput: no such table, column or row, or not a number.
    """
    if not rates:
        return catalogue
    tables = dict(catalogue.tariffs.tables)
    for rate in rates:
        tables[rate.table] = _changed(catalogue, tables, rate, at)
    tariffs = Tariffs(tables, catalogue.tariffs.chains, catalogue.tariffs.home)
    mark = content_hash([[r.table, r.column, dict(r.keys), r.jurisdiction, r.value] for r in rates])[:6]
    # with rules of its own: what they have worked out rests on the old tables
    return replace(catalogue, tariffs=tariffs, version=f"{catalogue.version}+{mark}", _rules={})


def _changed(catalogue: Catalogue, tables: Mapping[str, Table], rate: Rate, at: dt.date) -> Table:
    table = tables.get(rate.table)
    if table is None:
        raise BadInput(f"没有费率表 {rate.table[:60]}", f"no table {rate.table[:60]!r}", place="table")
    if rate.column not in table.columns:
        raise BadInput(
            f"《{table.name}》没有列 {rate.column[:40]}，只有 {'、'.join(table.columns)}",
            f"table {rate.table} has no column {rate.column[:40]!r}",
            place="column",
        )
    odd = set(rate.keys) - set(table.keys) - set(table.columns)
    if odd:
        raise BadInput(
            f"《{table.name}》没有键 {'、'.join(sorted(map(str, odd)))}",
            f"table {rate.table} has no keys {sorted(map(str, odd))}",
            place="keys",
        )
    number = _number(rate.value)
    place = rate.jurisdiction or catalogue.tariffs.home
    try:
        found = Tariffs(tables, catalogue.tariffs.chains, place).find(rate.table, dict(rate.keys), place, at)
    except Undecided as error:
        raise BadInput(error.missing[0].reason, error.missing[0].reason_en, place="keys") from error
    editions = []
    for edition in table.editions:
        if edition is found.edition:
            rows = [
                {**row, rate.column: number} if _row_fits(row, rate.keys) else row for row in edition.rows
            ]
            edition = edition.model_copy(update={"rows": rows, "verified": False})
        editions.append(edition)
    return Table.model_validate({**table.model_dump(), "editions": [e.model_dump() for e in editions]})


def _row_fits(row: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
    def same(have: Any, want: Any) -> bool:
        return str(want) in map(str, have) if isinstance(have, list) else str(have) == str(want)

    return all(same(row[k], v) for k, v in keys.items())


def _number(text: str) -> float | int:
    value = plain_number_of(text)
    if value is None:
        raise BadInput(f"“{text[:20]}”不是数值", "number expected", place="value")
    return value


# ---------------------------------------------------------------- free inputs of a business


def compare_business(
    session: Session,
    business: str,
    inputs: Mapping[str, Any],
    at: dt.date | None,
    runs: Sequence[Run],
    each: str = "",
) -> dict[str, Any]:
    """Runs of a business on given inputs, side by side: as given, then with each run's changes.

    Args:
        each: an input with options: one run per option instead of the first.

    Raises:
        NotFound: no such business or rule set. BadInput: unusable inputs or rates, or nothing to compare with.
    """
    day = at or today()
    base = Variant("基准", in_force(session, day), dict(inputs), day)
    variants = each_option(base, each) if each else [base]
    for run in runs[:MAX_RUNS]:
        when = run.at or day
        catalogue = find_rule_set(session, run.rules) if run.rules else in_force(session, when)
        changed = against(
            base, {**run.inputs, "at": when}, run.title(), with_rates(catalogue, run.rates, when)
        )
        variants.append(changed)
    return side_by_side(business, variants)


# ---------------------------------------------------------------- a project


@dataclass(frozen=True)
class _Ready(Variant):
    """A run whose inputs are typed already, as a box holds them."""

    values: Mapping[str, ElementValue] = field(default_factory=dict)

    def evaluate(self, business: str) -> tuple[Evaluation, list[str]]:
        """Evaluation and the codes of the business's table on that day."""
        codes = self.catalogue.codes_of(business, self.at)
        return evaluate(self.catalogue, self.values, self.at, codes), codes


@dataclass(frozen=True)
class _Statement(Variant):
    """A run whose elements are the lines of a fee statement."""

    lines: Mapping[str, Any] = field(default_factory=dict)

    def evaluate(self, business: str) -> tuple[Evaluation, list[str]]:
        """The lines as elements."""
        found = {code: fee_value(line) for code, line in self.lines.items()}
        return Evaluation(self.at, self.catalogue.version, found), list(found)


def compare_project(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    runs: Sequence[Run],
    *,
    each: str = "",
    business: str = BUSINESS,
) -> dict[str, Any]:
    """What a project's box gives, as it is computed now and with each run's changes, side by side.

    Args:
        each: an input with options, ``AREA_RULES`` say: one run per option instead of the first.
        business: ``planning-permit`` (indicators and conclusions) or ``fees`` (the statement).

    Raises:
        NotFound: the project is not visible, or no such rule set. BadInput: see :func:`compare_business`.
    """
    box.get_project(session, actor, project_id)
    if business not in (BUSINESS, FEES):
        raise NotFound(f"项目试算没有业务 {business[:40]}", f"no what-if of business {business[:40]!r}")
    rules = project_rules(session, project_id)
    wanted = _options(rules.catalogue, rules.day, each) if each else [Run("现行计算")]
    wanted += list(runs)
    if not 2 <= len(wanted) <= MAX_RUNS:
        raise BadInput(
            f"对照需要 2–{MAX_RUNS} 组，请至少改动一项",
            f"2 to {MAX_RUNS} runs expected",
            place="runs",
            remedy="选择另一规则版本、日期、费率或面积规则",
            remedy_en="choose another version of the rules, date, rate or area rule",
        )
    kind = "indicator_table" if business == BUSINESS else "fee_statement"
    last = box.latest_result(session, actor, project_id, kind)
    stated = _stated(business, last.payload) if last is not None else {}
    contents = read_box(session, actor, project_id) if business == BUSINESS else None
    variants: list[Variant] = []
    for run in wanted:
        day = run.at or rules.day
        catalogue = find_rule_set(session, run.rules) if run.rules else rules.catalogue
        catalogue = with_rates(catalogue, run.rates, day)
        inputs = _merged(catalogue, stated, run.inputs, day)
        if contents is not None:
            values, _ = planning_values(catalogue, contents, inputs, day)
            variants.append(_Ready(run.title(), catalogue, inputs, day, values))
        else:
            payload = compute_fees(session, actor, project_id, inputs, at=day, catalogue=catalogue)
            lines = {line["code"]: line for line in payload["lines"]}
            variants.append(_Statement(run.title(), catalogue, inputs, day, lines))
    out = side_by_side(business, variants)
    out["pinned"] = rules.pinned_by is not None
    return out


def _options(catalogue: Catalogue, day: dt.date, each: str) -> list[Run]:
    code = catalogue.resolve(each, day)
    options = catalogue.at(day).entries[code].spec.options
    if not options:
        raise BadInput(f"{code} 没有可选值，不能逐项对照", f"{code} has no options to compare", place="each")
    return [Run(o, {code: o}) for o in options[:MAX_RUNS]]


def _stated(business: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    if business == BUSINESS:
        return dict(payload.get("sources", {}).get("inputs") or {})
    return {c: v["value"] for c, v in payload["inputs"].items() if v["source"] == "填写"}


def _merged(
    catalogue: Catalogue, stated: Mapping[str, Any], changes: Mapping[str, Any], day: dt.date
) -> dict[str, Any]:
    out = dict(stated)
    for name, value in changes.items():
        code = catalogue.resolve(str(name).strip(), day)
        out.pop(code, None)
        if value not in (None, ""):
            out[code] = value
    return out


def area_standards(catalogue: Catalogue, day: dt.date) -> list[str]:
    """The rule sets by which floor area can be measured."""
    return list(catalogue.at(day).entries[AREA_RULES].spec.options)
