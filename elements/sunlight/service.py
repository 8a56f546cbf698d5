"""Use case: the sunlight of a project's newest drawings. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from elements.engine.element import Source
from elements.engine.engine import JURISDICTION, Catalogue, evaluate, read_inputs
from elements.engine.values import ElementValue, Missing, Undecided
from elements.places import with_settings
from elements.project_inputs import may_compute, read_box, refuse_overrides
from elements.report import count_outcomes, findings, indicator_rows
from elements.rulesets.ruleset_service import project_rules
from elements.sunlight.rules import sun_rules
from elements.sunlight.sunlight import Study, sunlight_study
from elements.sunlight.sunlight import findings as unit_findings
from elements.sunlight.table import facade_rows, plan_shapes, unit_rows, window_rows
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Result
from project_box.stage import Stage

SUNLIGHT = "sunlight"


def evaluate_sunlight(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    inputs: Mapping[str, Any] | None = None,
    at: dt.date | None = None,
) -> Result:
    """Check the sunlight of the newest drawings and put a ``sunlight_table`` into the box.

    A use case of its own, so that the indicators need not wait for it. What the drawings do not say (heights, uses,
    windows) makes conclusions 无法判定, and so do a climate zone, city size or kind of project that nobody stated;
    the ones stated last are kept.

    Args:
        inputs: RZ_ZONE 建筑气候区, RZ_CITY 城区常住人口, RZ_CASE 住宅 or 旧区改建; an empty value takes one back.
        at: the day whose rules apply; that of the rules that hold for the project if left out.

    Raises:
        NotFound, Forbidden, BadInput: as :func:`elements.service.evaluate_project`.
    """
    may_compute(session, actor, project_id)
    rules = project_rules(session, project_id, at)
    catalogue, day = rules.catalogue, rules.day
    given = {catalogue.resolve(str(n).strip(), day): v for n, v in (inputs or {}).items()}
    refuse_overrides(catalogue, actor, given, day)
    stated = read_inputs(catalogue, {c: v for c, v in given.items() if v not in (None, "")}, day)
    last = box.latest_result(session, actor, project_id, "sunlight_table")
    if last is not None:
        kept = {c: v for c, v in last.payload["inputs"].items() if c not in given}
        stated |= read_inputs(catalogue, kept, day)
    values = with_settings(catalogue, dict(stated), day)
    contents = read_box(session, actor, project_id)
    study = sunlight_of(catalogue, contents.models, contents.boundary, values, day)
    measured = study.values
    for value in measured:
        values[value.code] = value
    codes = catalogue.codes_of(SUNLIGHT, day)
    evaluation = evaluate(catalogue, values, day, codes)
    found = findings(catalogue, evaluation)
    sources = {k: contents.sources[k] for k in ("boundary", "drawing_set", "revision")}
    payload = {
        "business": SUNLIGHT,
        "at": day,
        "rule_hash": catalogue.version,
        "elements": indicator_rows(catalogue, evaluation, codes),
        "details": {v.code: to_plain(v.details) for v in measured if v.details},
        "findings": [to_plain(f) for f in found],
        "counts": count_outcomes(found),
        **_details(study),
        "inputs": {c: to_plain(v.value) for c, v in sorted(stated.items())},
        "sources": sources,
    }
    return box.put_result(
        session,
        actor,
        project_id,
        kind="sunlight_table",
        stage=Stage.DESIGN,
        title="日照分析",
        payload=payload,
        source={
            "by": actor.name,
            "rule_hash": catalogue.version,
            "pinned_by": to_plain(rules.pinned_by),
            **sources,
        },
        trust="B",
    )


def _details(study: Study) -> dict[str, Any]:
    """Every unit, window and facade with its hours, findings with markers, and the buildings for the map."""
    if study.report is None or study.situation is None:
        return {"units": [], "windows": [], "facades": [], "unit_findings": [], "plan": [], "counting": ""}
    return {
        "units": unit_rows(study.report),
        "windows": window_rows(study.report),
        "facades": facade_rows(study.report),
        "unit_findings": [to_plain(f) for f in unit_findings(study.report)],
        "plan": plan_shapes(study.situation),
        "counting": study.report.counting,
    }


def sunlight_inputs(
    catalogue: Catalogue,
    models: list[Any],
    boundary: Result | None,
    values: Mapping[str, ElementValue],
    at: dt.date,
) -> list[ElementValue]:
    """Hours of sun as inputs of the engine, without the study they come from."""
    return sunlight_of(catalogue, models, boundary, values, at).values


def sunlight_of(
    catalogue: Catalogue,
    models: list[Any],
    boundary: Result | None,
    values: Mapping[str, ElementValue],
    at: dt.date,
) -> Study:
    """Hours of sun as inputs of the engine; rules that cannot be had, or a CRS that cannot be used, say so."""

    def chosen(code: str) -> str | None:
        given = values.get(code)
        return str(given.value) if given is not None and given.value is not None else None

    crs = boundary.payload.get("crs") if boundary is not None else None
    try:
        rules = sun_rules(
            catalogue.tariffs,
            str(values[JURISDICTION].value),
            at,
            zone=chosen("RZ_ZONE"),
            city=chosen("RZ_CITY"),
            case=chosen("RZ_CASE"),
        )
        return sunlight_study(models, int(crs) if crs is not None else None, rules)
    except Undecided as error:
        missing = tuple(error.missing)
    except BadInput as error:
        missing = (Missing("crs", "坐标系", error.zh, error.en),)
    entries = catalogue.at(at).entries
    codes = [c for c in catalogue.codes_of(SUNLIGHT, at) if entries[c].spec.source is Source.DRAWING]
    return Study([ElementValue(c, None, source="drawing", missing=missing) for c in codes])
