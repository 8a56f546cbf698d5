"""What a project's box holds, as inputs of the planning indicators; who may compute and what may be stated."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from drawings import service as drawings
from elements.calculators.areas import object_names
from elements.engine.element import Source
from elements.engine.engine import JURISDICTION, Catalogue, read_inputs
from elements.engine.limits import NoLimit, read_limit
from elements.engine.values import ElementValue, Missing, Undecided
from elements.extraction.extract import ExtractRules, extract
from elements.places import with_settings
from project_box import service as box
from project_box.kernel.errors import Forbidden
from project_box.kernel.identity import Actor
from project_box.models import Result


@dataclass(frozen=True)
class BoxContents:
    """What the planning indicators rest on, read once and usable with any rule set.

    Attributes:
        models: the newest drawing revision as interpreted drawings; ``sources`` names every version used.
    """

    models: list[Any]
    boundary: Result | None
    site: BaseGeometry | None
    conditions: dict[str, Any] | None
    sources: dict[str, Any]
    zones: dict[str, Any] | None = None


def read_box(session: Session, actor: Actor, project_id: uuid.UUID) -> BoxContents:
    """The newest drawings, boundary and planning conditions of a visible project."""
    boundary = box.latest_result(session, actor, project_id, "boundary")
    conditions = box.latest_result(session, actor, project_id, "planning_conditions")
    revision = drawings.current_revision(session, actor, project_id)
    checked = box.latest_result(session, actor, project_id, "conflict_report")
    return BoxContents(
        models=drawings.revision_models(session, revision) if revision is not None else [],
        boundary=boundary,
        site=box.result_geometry(boundary) if boundary is not None else None,
        conditions=conditions.payload if conditions is not None else None,
        sources={
            "boundary": reference(boundary),
            "planning_conditions": reference(conditions),
            "drawing_set": reference(box.latest_result(session, actor, project_id, "drawing_set")),
            "revision": {"id": str(revision.id), "number": revision.number} if revision is not None else None,
            "conflict_report": reference(checked),
        },
        zones=checked.payload.get("zones") if checked is not None else None,
    )


def planning_values(
    catalogue: Catalogue, contents: BoxContents, inputs: Mapping[str, Any], at: dt.date
) -> tuple[dict[str, ElementValue], dict[str, ElementValue]]:
    """All inputs of the planning indicators under a rule set, and those among them that were stated.

    Raises:
        BadInput: a stated input is unknown or unusable.
    """
    stated = read_inputs(catalogue, inputs, at)
    values = with_settings(catalogue, dict(stated), at)
    place = str(values[JURISDICTION].value)
    extracted = extract(
        contents.models,
        contents.boundary.payload if contents.boundary is not None else None,
        extract_rules(catalogue, place, at),
        contents.site,
    )
    found = {value.code: value for value in extracted}
    found |= condition_values(contents.conditions) | control_values(contents.zones)
    known = catalogue.at(at).entries  # an older rule set has no element for what is measured since
    values |= {code: value for code, value in found.items() if code in known}
    return values | stated, stated


def reference(result: Result | None) -> dict[str, Any] | None:
    """Id, version and hash of a result, as what was computed from it names it."""
    if result is None:
        return None
    return {"id": str(result.id), "version": result.version, "hash": result.content_hash}


def may_compute(session: Session, actor: Actor, project_id: uuid.UUID) -> None:
    """Refuse (Forbidden, NotFound) who is neither the project's developer nor an officer."""
    project = box.get_project(session, actor, project_id)
    if not actor.is_officer and project.organisation_id != actor.organisation_id:
        raise Forbidden(
            "只有本项目的建设单位和审批人员可以计算", "only the developer or officers may compute"
        )


def refuse_overrides(catalogue: Catalogue, actor: Actor, inputs: Mapping[str, Any], at: dt.date) -> None:
    """A recorded table rests on drawings, boundary and conditions; nobody types them in."""
    rules = catalogue.at(at)
    for name in inputs:
        code = catalogue.resolve(str(name).strip(), at)
        entry = rules.entries[code]
        chosen = entry.business.business == "common"
        if entry.spec.source is not Source.FORM or (chosen and not actor.is_officer):
            raise Forbidden(
                f"{entry.spec.name}({code})取自{entry.spec.source.zh}或由审批部门选定，不能填写",
                f"{code} may not be stated by this person",
                place=code,
            )


def extract_rules(catalogue: Catalogue, place: str, at: dt.date) -> ExtractRules:
    """What the extraction needs of the rule tables."""
    area_rules = catalogue.tariffs.tables["area-rules"]
    objects = frozenset(n for rows in area_rules.normal_rows for r in rows for n in object_names(r))

    def rows_of(table: str) -> Sequence[Mapping[str, Any]]:
        try:
            return catalogue.tariffs.find(table, {}, place, at).rows
        except Undecided:
            return []

    offsets = {
        str(r["kind"]): (Decimal(r["building"]), Decimal(r["road"])) for r in rows_of("green-boundary")
    }
    widths = [Decimal(r["width"]) for r in rows_of("green-central")]
    return ExtractRules(objects, offsets, max(widths, default=None))


_CONDITION_CODES = {
    "RJL": "TJ_RJL",
    "JZMD": "TJ_JZMD",
    "LDL": "TJ_LDL",
    "JZGD": "TJ_JZGD",
    "TCW": "TJ_TCW",
    "YDXZ": "TJ_YDXZ",
    "TR": "TJ_TR",
}
#: units of conditions whose words are read as a limit
_READ_WORDS = {"RJL": "", "JZMD": "%", "LDL": "%", "JZGD": "m"}


def condition_values(payload: Mapping[str, Any] | None) -> dict[str, ElementValue]:
    """Planning conditions of the box as limit elements; a condition the plot does not set is ``operator: none``."""
    reason: Missing | None = None
    if payload is None:
        reason = Missing(
            "planning_conditions",
            "规划条件",
            "项目盒里还没有规划条件（请先做多规检查）",
            "no planning conditions yet",
        )
    elif payload.get("status") == "undecided" or payload.get("conditions") is None:
        text = str(payload.get("message") or "规划条件无法判定")
        reason = Missing("planning_conditions", "规划条件", text, "planning conditions undecided")
    if reason is not None or payload is None:
        missing = (reason,) if reason is not None else ()
        return {c: ElementValue(c, None, source="result", missing=missing) for c in _CONDITION_CODES.values()}
    out = {c: ElementValue(c, {"operator": "none"}, source="result") for c in _CONDITION_CODES.values()}
    for row in payload["conditions"]:
        code = _CONDITION_CODES.get(str(row["code"]))
        if code is None:
            continue
        limit = dict(row)
        if row.get("operator") not in ("in", "text"):
            for key in ("value", "value2"):
                if limit.get(key) is not None:
                    try:
                        limit[key] = Decimal(str(limit[key]))
                    except ArithmeticError:
                        limit["operator"] = "text"
        if limit.get("operator") == "text" and row["code"] in _READ_WORDS:
            limit = _read_words(limit, _READ_WORDS[str(row["code"])])
        out[code] = ElementValue(
            code, limit, source="result", details={"from": str(payload.get("source") or "")}
        )
    return out


def control_values(zones: Mapping[str, Any] | None) -> dict[str, ElementValue]:
    """What the multi-plan check says about a height control area over the site (airport), with its elevation limit.

    Nothing outside of one: other areas, which the check does not know, may be stated.
    """
    if zones is None or not zones.get("airport_control"):
        return {}
    limit = zones.get("airport_limit_m")
    unknown = Missing(
        "GD_LIMIT_ABS",
        "控制区限制标高",
        "多规检查没有给出机场净空的限制标高",
        "the airport's limit is not known",
    )
    return {
        "GD_CONTROL": ElementValue("GD_CONTROL", True, source="layer"),
        "GD_LIMIT_ABS": ElementValue(
            "GD_LIMIT_ABS",
            Decimal(str(limit)) if limit is not None else None,
            "m",
            source="layer",
            missing=() if limit is not None else (unknown,),
        ),
    }


def _read_words(limit: dict[str, Any], unit: str) -> dict[str, Any]:
    """A condition written in words (``2.0<容积率≤2.5``) as a comparable limit; what cannot be read stays words."""
    try:
        found = read_limit(str(limit.get("text") or limit.get("value") or ""), unit)
    except NoLimit:
        return limit
    return {**limit, **{k: v for k, v in found.items() if k not in ("text", "clause")}}
