"""A review of a project: what its box already says of a business's inputs, and the business evaluated on it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from elements import service
from elements.engine.element import Source, Type
from elements.engine.engine import Catalogue, display_value, evaluate, parse_value, read_inputs
from elements.engine.values import ElementValue
from elements.places import with_settings
from elements.registers.register import columns, key_elements
from elements.report import element_row
from elements.rulesets.ruleset_service import rules_for
from elements.run import evaluation_plain, opinion_of
from elements.workbooks.workbook import input_codes
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Project, Result

#: what a review's result is called in the box: this and the business
RESULT = "review_"
_SUNLIGHT = "sunlight"


@dataclass(frozen=True, slots=True)
class Review:
    """A business evaluated for a project and not recorded yet: the document, its values, the drafted opinion."""

    project: Project
    business: str
    at: dt.date
    plain: dict[str, Any]
    given: dict[str, ElementValue]
    drafted: str


def known_values(
    session: Session, actor: Actor, project_id: uuid.UUID, business: str, at: dt.date, subject: str = ""
) -> dict[str, ElementValue]:
    """What the project's box already says of a business's inputs, each with where it comes from.

    Drawings, boundary, planning conditions and plan layers first; then what recorded reviews of the same object by
    other businesses were given, newest first. (What a review of this very business was given is not repeated: a field
    left empty is not handed in.)

    Raises:
        NotFound: no such business, or the project is not visible.
    """
    catalogue = rules_for(session, project_id, at)
    asked = set(input_codes(catalogue, business, at))
    out: dict[str, ElementValue] = {}
    evaluation, _ = service.evaluate_box(session, actor, project_id, at=at)
    for code, found in evaluation.elements.items():
        if code in asked and found.value is not None and found.source not in ("form", "settings"):
            out[code] = ElementValue(
                code, found.value, found.unit, found.evidence, found.source, verified=found.verified
            )
    for code, value in service.fee_prefill(session, actor, project_id, at, catalogue).items():
        if code in asked and value.value is not None:
            out.setdefault(code, value)
    for result in box.results(session, actor, project_id):
        if result.kind == "sunlight_table" and business == _SUNLIGHT:
            _from_rows(catalogue, result, asked, out, at)
        elif (
            result.kind.startswith(RESULT)
            and result.kind != f"{RESULT}{business}"
            and result.payload.get("subject", "") == subject
        ):
            _from_review(catalogue, result, asked, out, at)
    return out


def _from_rows(
    catalogue: Catalogue, result: Result, asked: set[str], out: dict[str, ElementValue], at: dt.date
) -> None:
    for row in result.payload["elements"]:
        if row["code"] in asked and row["value"] is not None:
            _take(catalogue, row["code"], row["value"], f"{result.title}第 {result.version} 版", out, at)


def _from_review(
    catalogue: Catalogue, result: Result, asked: set[str], out: dict[str, ElementValue], at: dt.date
) -> None:
    for code, given in result.payload["inputs"].items():
        if code in asked and given["value"] is not None:
            who = {k: given[k] for k in ("by", "at") if k in given}
            _take(catalogue, code, given["value"], f"{result.title}第 {result.version} 版", out, at, who)


def _take(
    catalogue: Catalogue,
    code: str,
    raw: Any,
    source: str,
    out: dict[str, ElementValue],
    at: dt.date,
    details: dict[str, Any] | None = None,
) -> None:
    """Keep a stored value where it still is one of the element's."""
    spec = catalogue.at(at).entries[code].spec
    if code in out or spec.computed:
        return
    try:
        value = parse_value(spec, raw)
    except BadInput:
        return
    out[code] = ElementValue(code, value, spec.unit, source=source, details=details or {})


def review(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    business: str,
    inputs: Mapping[str, Any],
    *,
    given: Mapping[str, ElementValue] | None = None,
    at: dt.date | None = None,
    subject: str = "",
) -> Review:
    """Evaluate a business for a project on what its box holds and what is stated over it. Nothing is stored.

    Args:
        inputs: raw values by code or name; ``given`` typed ones (of a workbook). Both are marked with who states them.

    Raises:
        NotFound: no such business, or the project is not visible. BadInput: unusable inputs; all faults are listed.
    """
    project = box.get_project(session, actor, project_id)
    day = at or service.today()
    catalogue = rules_for(session, project_id, day)
    catalogue.business(business)
    stated = read_inputs(catalogue, {k: v for k, v in inputs.items() if v not in (None, "")}, day)
    who = {"by": actor.name, "at": to_plain(box.now())}
    stated = {c: replace(v, details={**v.details, **who}) for c, v in {**(given or {}), **stated}.items()}
    values = known_values(session, actor, project_id, business, day, subject.strip()) | stated
    codes = catalogue.codes_of(business, day)
    evaluation = evaluate(catalogue, with_settings(catalogue, values, day), day, codes)
    plain = evaluation_plain(catalogue, business, evaluation, day, values)
    reached = set(catalogue.at(day).closure(codes))
    plain["inputs"] = {c: _input_plain(catalogue, v, day) for c, v in sorted(values.items()) if c in reached}
    register = columns(catalogue, business, day)
    rows = {c.code: element_row(catalogue, evaluation, c.code) for c in register}
    plain["register"] = key_elements(register, rows)
    drafted = opinion_of(plain, **names_of(project), subject=subject.strip())
    plain["opinion"] = drafted
    return Review(project, business, day, plain, values, drafted)


def names_of(project: Project) -> dict[str, str]:
    """How an opinion names a project."""
    return {"project": project.name, "code": project.code, "applicant": project.organisation.name}


def _input_plain(catalogue: Catalogue, value: ElementValue, at: dt.date) -> dict[str, Any]:
    """One input with its provenance; records measured on drawings lie in the drawings' results and are counted."""
    spec = catalogue.at(at).entries[value.code].spec
    measured = spec.type is Type.RECORDS and "by" not in value.details
    return {
        "name": spec.name,
        "name_en": spec.name_en,
        "value": None if measured else to_plain(value.value),
        "display": display_value(spec, value.value),
        "unit": spec.unit,
        "source": value.source,
        "source_name": _source_name(value.source),
        "verified": value.verified,
        "entities": [to_plain(e) for e in value.evidence][:200],
        **{k: to_plain(v) for k, v in value.details.items() if k in ("by", "at", "cell", "file", "from")},
    }


def _source_name(source: str) -> str:
    if source == "settings":
        return "系统设定"
    return Source(source).zh if source in set(Source) else source
