"""Use cases of the elements room: indicators of a project, from what its box holds. Never commits.

Fees are in :mod:`elements.fee_service`, sunlight in :mod:`elements.sunlight.service`; all three compute an accepted
case by the rule set of its day of acceptance (:mod:`elements.rulesets.ruleset_service`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from elements.engine.engine import JURISDICTION, Catalogue, Evaluation, evaluate
from elements.fee_service import compute_fees, fee_prefill, fee_statement
from elements.project_inputs import (
    condition_values,
    extract_rules,
    may_compute,
    planning_values,
    read_box,
    refuse_overrides,
)
from elements.report import count_outcomes, findings, indicator_rows
from elements.rulesets.ruleset_service import in_force, project_rules, today
from elements.sunlight.service import SUNLIGHT, evaluate_sunlight
from project_box import service as box
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Result
from project_box.stage import Stage

__all__ = [
    "BUSINESS",
    "SUNLIGHT",
    "compute_fees",
    "condition_values",
    "evaluate_box",
    "evaluate_project",
    "evaluate_sunlight",
    "extract_rules",
    "fee_prefill",
    "fee_statement",
    "in_force",
    "today",
]

BUSINESS = "planning-permit"


def evaluate_project(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    inputs: Mapping[str, Any] | None = None,
    at: dt.date | None = None,
) -> Result:
    """Evaluate the planning indicators of a project and put an ``indicator_table`` into its box.

    Reads the newest drawing revision, boundary and planning conditions; what is missing makes indicators 无法判定. An
    accepted case is computed by the rule set and day of its acceptance.

    Args:
        inputs: stated values by code or name. What is measured or approved cannot be stated; rule sets and
            jurisdiction are for officers to choose. (:func:`evaluate_box` computes any what-if without recording it.)
        at: the day whose rules apply; that of the rules that hold for the project if left out.

    Raises:
        NotFound: the project is not visible.
        Forbidden: the actor is neither its developer nor an officer, or states what they may not.
        BadInput: an input is unknown or unusable.
    """
    may_compute(session, actor, project_id)
    rules = project_rules(session, project_id, at)
    catalogue, day = rules.catalogue, rules.day
    refuse_overrides(catalogue, actor, inputs or {}, day)
    evaluation, sources = evaluate_box(session, actor, project_id, inputs=inputs, at=day, catalogue=catalogue)
    found = findings(catalogue, evaluation)
    codes = catalogue.codes_of(BUSINESS, day)
    place = evaluation[JURISDICTION]
    payload = {
        "business": BUSINESS,
        "at": day,
        "rule_set": {
            c.lower(): evaluation[c].value for c in ("JURISDICTION", "AREA_RULES", "FAR_RULES", "GREEN_RULES")
        },
        "rule_hash": catalogue.version,
        "elements": indicator_rows(catalogue, evaluation, codes),
        "findings": [to_plain(f) for f in found],
        "counts": count_outcomes(found),
        "sources": sources,
    }
    return box.put_result(
        session,
        actor,
        project_id,
        kind="indicator_table",
        stage=Stage.DESIGN,
        title="经济技术指标",
        payload=payload,
        source={
            "by": actor.name,
            "rule_hash": catalogue.version,
            "pinned_by": to_plain(rules.pinned_by),
            "jurisdiction": place.value,
            **sources,
        },
        trust="B",
    )


def evaluate_box(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    inputs: Mapping[str, Any] | None = None,
    at: dt.date,
    catalogue: Catalogue | None = None,
) -> tuple[Evaluation, dict[str, Any]]:
    """Evaluate the planning business on what the box holds, without recording anything: (evaluation, sources).

    Args:
        catalogue: rule set to compute with; what holds for the project if left out.
    """
    rules = catalogue or project_rules(session, project_id, at).catalogue
    contents = read_box(session, actor, project_id)
    values, stated = planning_values(rules, contents, inputs or {}, at)
    evaluation = evaluate(rules, values, at, rules.codes_of(BUSINESS, at))
    return evaluation, {**contents.sources, "inputs": {c: to_plain(v.value) for c, v in stated.items()}}
