"""预览: what another rule set changes in past cases, computed side by side and recorded nowhere."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from sqlalchemy.orm import Session

from elements.engine.element import Kind
from elements.engine.engine import Catalogue, Evaluation, evaluate, read_inputs
from elements.engine.values import Evaluated
from elements.fee_service import compute_fees
from elements.places import with_settings
from elements.project_inputs import planning_values, read_box
from elements.rulesets import ruleset_repository as repository
from elements.rulesets.ruleset_service import project_rules
from elements.service import BUSINESS
from elements.sunlight.service import SUNLIGHT, sunlight_inputs
from project_box import service as box
from project_box.kernel.errors import PlatformError
from project_box.kernel.identity import Actor
from project_box.models import Project

#: result kind → what it is called
KINDS = {
    "indicator_table": ("指标", "Indicators"),
    "fee_statement": ("规费", "Fees"),
    "sunlight_table": ("日照", "Sunlight"),
}
#: a line of a register is a past case of its business
REGISTER = "register:"
#: rows kept per case; the counts count all
MAX_ROWS = 60
#: tables that named functions of the sunlight check look into by themselves
_SUN_TABLES = "sunlight-"

Progress = Callable[[int, int], None]
#: (catalogue, day) → what a case says under it: evaluated elements in order
_Run = Callable[[Catalogue, dt.date], Mapping[str, Evaluated]]


@dataclass
class _Tally:
    """Counts of a preview, and its rows by case."""

    values: int = 0
    conclusions: int = 0
    cases: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)


def changed_codes(before: Catalogue, after: Catalogue, day: dt.date) -> set[str]:
    """Elements whose own definition, or a table they look into, differs between two rule sets on a day."""
    one, two = before.at(day).entries, after.at(day).entries
    tables = {
        c
        for c in {*before.tariffs.tables, *after.tariffs.tables}
        if before.tariffs.tables.get(c) != after.tariffs.tables.get(c)
    }
    return {
        code
        for code in {*one, *two}
        if (one[code].spec if code in one else None) != (two[code].spec if code in two else None)
        or (code in two and tables & set(_tables_of(two[code].spec)))
    }


def _tables_of(spec: Any) -> Iterator[str]:
    for reference in (spec.tariff, *spec.args.values()):
        table = getattr(reference, "table", None)
        if table is not None:
            yield str(table)


def touched(before: Catalogue, after: Catalogue, day: dt.date) -> set[str]:
    """Result kinds in which the two rule sets can differ at all on a day."""
    codes = changed_codes(before, after, day)
    tables = {c for c in after.tariffs.tables if before.tariffs.tables.get(c) != after.tariffs.tables.get(c)}
    wide = {"city-rule-sets", "area-rules", "green-boundary"} & tables
    out = {"fee_statement"} if codes or tables else set()
    rules = after.at(day)
    if wide or codes & set(rules.closure(after.codes_of(BUSINESS, day))):
        out.add("indicator_table")
    sun = any(c.startswith(_SUN_TABLES) for c in tables)
    if sun or codes & set(rules.closure(after.codes_of(SUNLIGHT, day))):
        out.add("sunlight_table")
    for business in after.businesses:
        if codes & set(rules.closure(after.codes_of(business, day))):
            out.add(f"{REGISTER}{business}")
    return out


def preview(
    session: Session,
    actor: Actor,
    after: Catalogue,
    day: dt.date,
    *,
    before: Catalogue | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Past cases under two rule sets on one day.

    Args:
        before: the rule set to compare with; what each project is governed by if left out (an accepted case: its pin).
        limit: so many projects at most, the ones worked on last.
        progress: called with (done, total).

    Returns:
        Plain counts (``projects``, ``evaluated``, ``values_changed``, ``conclusions_changed``, ``cases_changed``) and
        the changed rows by case. What a case rests on is read as its owner sees it.
    """
    projects = repository.past_cases(session, list(KINDS), limit)
    pinned = repository.pinned_projects(session)
    tally = _Tally()
    evaluated = 0
    for number, project in enumerate(projects, 1):
        reader = replace(actor, organisation_id=project.organisation_id)
        old = before or project_rules(session, project.id).catalogue
        kinds = touched(old, after, day) if old.version != after.version else set()
        recorded = chain(_runs(session, reader, project.id), _register_runs(session, project.id))
        for kind, run in recorded:
            evaluated += 1
            if kind not in kinds:
                continue
            try:
                rows = changes(run(old, day), run(after, day))
            except PlatformError as error:
                tally.failed.append({"project": project.name, "kind": kind, "message": error.zh})
                continue
            _count(tally, project, kind, _names(after, kind), rows, project.id in pinned)
        if progress is not None:
            progress(number, len(projects))
    return {
        "day": day.isoformat(),
        "from": before.version if before is not None else None,
        "to": after.version,
        "projects": repository.past_case_count(session, list(KINDS)),
        "read": len(projects),
        "evaluated": evaluated,
        "values_changed": tally.values,
        "conclusions_changed": tally.conclusions,
        "cases_changed": len(tally.cases),
        "cases": tally.cases,
        "failed": tally.failed,
    }


def _count(
    tally: _Tally,
    project: Project,
    kind: str,
    names: tuple[str, str],
    rows: Sequence[dict[str, Any]],
    pinned: bool,
) -> None:
    if not rows:
        return
    conclusions = sum(r["kind"] == Kind.CONCLUSION.value for r in rows)
    tally.values += len(rows) - conclusions
    tally.conclusions += conclusions
    tally.cases.append(
        {
            "project_id": str(project.id),
            "code": project.code,
            "name": project.name,
            "kind": kind,
            "kind_name": names[0],
            "kind_name_en": names[1],
            "pinned": pinned,
            "values": len(rows) - conclusions,
            "conclusions": conclusions,
            "rows": sorted(rows, key=lambda r: r["kind"] != Kind.CONCLUSION.value)[:MAX_ROWS],
        }
    )


def _runs(session: Session, reader: Actor, project_id: uuid.UUID) -> Iterator[tuple[str, _Run]]:
    """What a project has had computed, each as something that can be computed again under another rule set."""
    table = box.latest_result(session, reader, project_id, "indicator_table")
    if table is not None:
        contents = read_box(session, reader, project_id)
        stated = dict(table.payload.get("sources", {}).get("inputs") or {})

        def indicators(catalogue: Catalogue, day: dt.date) -> Mapping[str, Evaluated]:
            values, _ = planning_values(catalogue, contents, stated, day)
            return _shown(evaluate(catalogue, values, day, catalogue.codes_of(BUSINESS, day)))

        yield "indicator_table", indicators
    sun = box.latest_result(session, reader, project_id, "sunlight_table")
    if sun is not None:
        seen = read_box(session, reader, project_id)
        given = dict(sun.payload["inputs"])

        def sunlight(catalogue: Catalogue, day: dt.date) -> Mapping[str, Evaluated]:
            values = with_settings(catalogue, read_inputs(catalogue, given, day), day)
            for value in sunlight_inputs(catalogue, seen.models, seen.boundary, values, day):
                values[value.code] = value
            return _shown(evaluate(catalogue, values, day, catalogue.codes_of(SUNLIGHT, day)))

        yield "sunlight_table", sunlight
    fees = box.latest_result(session, reader, project_id, "fee_statement")
    if fees is not None:
        typed = {c: v["value"] for c, v in fees.payload["inputs"].items() if v["source"] == "填写"}

        def statement(catalogue: Catalogue, day: dt.date) -> Mapping[str, Evaluated]:
            payload = compute_fees(session, reader, project_id, typed, at=day, catalogue=catalogue)
            return {line["code"]: fee_value(line) for line in payload["lines"]}

        yield "fee_statement", statement


def _names(catalogue: Catalogue, kind: str) -> tuple[str, str]:
    """What a kind of past result is called, Chinese and English."""
    if kind in KINDS:
        return KINDS[kind]
    file = catalogue.business(kind.removeprefix(REGISTER))
    return file.name, file.name_en


def _register_runs(session: Session, project_id: uuid.UUID) -> Iterator[tuple[str, _Run]]:
    """Recorded reviews of a project: their business on what they were given (records measured on drawings apart)."""
    for line in repository.register_lines(session, project_id):
        given = {c: v["value"] for c, v in line.inputs.items() if v.get("value") is not None}

        def review(
            catalogue: Catalogue, day: dt.date, business: str = line.register, raw: Mapping[str, Any] = given
        ) -> Mapping[str, Evaluated]:
            values = with_settings(catalogue, read_inputs(catalogue, raw, day), day)
            return _shown(evaluate(catalogue, values, day, catalogue.codes_of(business, day)))

        yield f"{REGISTER}{line.register}", review


def _shown(evaluation: Evaluation) -> Mapping[str, Evaluated]:
    return evaluation.elements


def fee_value(line: Mapping[str, Any]) -> Evaluated:
    """A line of a statement as something to compare."""
    amount = line["amount"]
    return Evaluated(
        code=str(line["code"]),
        name=str(line["name"]),
        name_en=str(line["name_en"]),
        kind=Kind.INDICATOR.value,
        value=amount,
        display=str(amount) if amount is not None else "无法判定",
        unit="元",
    )


def changes(before: Mapping[str, Evaluated], after: Mapping[str, Evaluated]) -> list[dict[str, Any]]:
    """Elements whose shown value or outcome differs, old beside new."""
    rows = []
    for code in dict.fromkeys([*before, *after]):
        one, two = before.get(code), after.get(code)
        if one is not None and two is not None and (one.display, one.outcome) == (two.display, two.outcome):
            continue
        known = two or one
        assert known is not None  # the code comes from one of them
        rows.append(
            {
                "code": code,
                "name": known.name,
                "name_en": known.name_en,
                "kind": known.kind,
                "unit": known.unit,
                "before": one.display if one is not None else None,
                "after": two.display if two is not None else None,
                "before_outcome": one.outcome.value if one is not None and one.outcome is not None else None,
                "after_outcome": two.outcome.value if two is not None and two.outcome is not None else None,
            }
        )
    return rows


def examples(catalogue: Catalogue, codes: Sequence[str], day: dt.date) -> list[dict[str, Any]]:
    """Worked examples of the catalogue's elements that no longer come out as they say."""
    entries = catalogue.at(day).entries
    out: list[dict[str, Any]] = []
    for code in codes:
        for example in entries[code].spec.examples if code in entries else []:
            at = example.at or day
            try:
                values = with_settings(catalogue, read_inputs(catalogue, example.given, at), at)
                shown = evaluate(catalogue, values, at, [code])[code].display
            except PlatformError as error:
                shown = error.zh
            if shown != str(example.expect):
                out.append(
                    {
                        "code": code,
                        "name": entries[code].spec.name,
                        "given": "；".join(f"{k}={v}" for k, v in example.given.items())[:300],
                        "expect": str(example.expect),
                        "now": shown[:200],
                    }
                )
    return out
