"""Use case: what changed the indicators of a project between two revisions of its drawings. Never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from drawings.drawing import DrawingModel
from drawings.shapes.shape_match import compare_settings
from drawings.sheets.sheet_service import RevisionPair
from elements.engine.engine import Evaluation, evaluate
from elements.indicator_changes import IndicatorChange, indicator_changes
from elements.project_inputs import planning_values, read_box
from elements.rulesets.ruleset_service import project_rules
from elements.service import BUSINESS
from project_box.kernel.identity import Actor


def revision_indicators(
    session: Session, actor: Actor, project_id: uuid.UUID, pair: RevisionPair
) -> list[IndicatorChange]:
    """Indicators that differ between two revisions, both computed on today's boundary, conditions and rules."""
    rules = project_rules(session, project_id)
    contents = read_box(session, actor, project_id)
    codes = rules.catalogue.codes_of(BUSINESS, rules.day)

    def computed(models: Sequence[DrawingModel], trace: bool) -> Evaluation:
        values, _ = planning_values(rules.catalogue, replace(contents, models=list(models)), {}, rules.day)
        return evaluate(rules.catalogue, values, rules.day, codes, trace=trace)

    bounds = compare_settings().causes
    return indicator_changes(
        computed,
        pair.models_before,
        pair.models_after,
        pair.found.changes,
        most=bounds.most,
        seconds=bounds.seconds,
    )
