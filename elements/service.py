"""Use cases of the elements room: indicators and fees of a project, from what its box holds. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from drawings import service as drawings
from elements.element import Source
from elements.engine import (
    JURISDICTION,
    Catalogue,
    Evaluation,
    evaluate,
    load_catalogue,
    read_inputs,
)
from elements.extract import ExtractRules, extract
from elements.fees import fee_codes, fee_inputs, fee_line
from elements.places import with_settings
from elements.report import count_outcomes, findings, indicator_rows, statement
from elements.sunlight import sunlight_values
from elements.sunlight_rules import sun_rules
from elements.values import ElementValue, Missing, Undecided
from project_box import service as box
from project_box.kernel.errors import BadInput, Forbidden
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Result
from project_box.stage import Stage

BUSINESS = "planning-permit"
SUNLIGHT = "sunlight"
#: fees of every building project; the others join when the land concerned is there, or when their inputs are given
_USUAL_FEES = ("TDCRJ", "YHS", "QS", "RFYD", "SBBC", "PTF")
_LAND_FEES = {
    "GDZYS": "GD_PARCELS",
    "GDKKF": "KK_AREA",
    "XZJSYDF": "XZ_AREA",
    "SLJJ": "XZ_AREA",
    "SLZBHF": "SL_AREA",
}
#: prefilled suggestions that anybody may change
_FREE = ("LP_DATE",)
_LEVELS = ("一级", "二级", "三级", "四级", "五级")


def today() -> dt.date:
    """The present day in China, on which rules and tariffs are chosen."""
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()


# ---------------------------------------------------------------- indicators


def evaluate_project(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    inputs: Mapping[str, Any] | None = None,
    at: dt.date | None = None,
) -> Result:
    """Evaluate the planning indicators of a project and put an ``indicator_table`` into its box.

    Reads the newest drawing revision, boundary and planning conditions; what is missing makes indicators 无法判定.

    Args:
        inputs: stated values by code or name. What is measured or approved cannot be stated; rule sets and
            jurisdiction are for officers to choose. (:func:`evaluate_box` computes any what-if without recording it.)
        at: the day whose rules apply; today if left out.

    Raises:
        NotFound: the project is not visible.
        Forbidden: the actor is neither its developer nor an officer, or states what they may not.
        BadInput: an input is unknown or unusable.
    """
    _may_compute(session, actor, project_id)
    catalogue, day = load_catalogue(), at or today()
    _refuse_overrides(catalogue, actor, inputs or {}, day)
    evaluation, sources = evaluate_box(session, actor, project_id, inputs=inputs, at=day)
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
        source={"by": actor.name, "rule_hash": catalogue.version, "jurisdiction": place.value, **sources},
        trust="B",
    )


def evaluate_box(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    *,
    inputs: Mapping[str, Any] | None = None,
    at: dt.date,
) -> tuple[Evaluation, dict[str, Any]]:
    """Evaluate the planning business on what the box holds, without recording anything: (evaluation, sources)."""
    catalogue = load_catalogue()
    boundary = box.latest_result(session, actor, project_id, "boundary")
    conditions = box.latest_result(session, actor, project_id, "planning_conditions")
    revision = drawings.current_revision(session, actor, project_id)
    models = drawings.revision_models(session, revision) if revision is not None else []
    stated = read_inputs(catalogue, inputs or {}, at)
    values = with_settings(catalogue, dict(stated), at)
    place = str(values[JURISDICTION].value)
    for value in extract(
        models,
        boundary.payload if boundary is not None else None,
        extract_rules(catalogue, place, at),
        box.result_geometry(boundary) if boundary is not None else None,
    ):
        values[value.code] = value
    values |= condition_values(conditions.payload if conditions is not None else None)
    values |= stated
    evaluation = evaluate(catalogue, values, at, catalogue.codes_of(BUSINESS, at))
    sources = {
        "boundary": _reference(boundary),
        "planning_conditions": _reference(conditions),
        "drawing_set": _reference(box.latest_result(session, actor, project_id, "drawing_set")),
        "revision": {"id": str(revision.id), "number": revision.number} if revision is not None else None,
        "inputs": {c: to_plain(v.value) for c, v in stated.items()},
    }
    return evaluation, sources


# ---------------------------------------------------------------- sunlight


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
        at: the day whose rules apply; today if left out.

    Raises:
        NotFound, Forbidden, BadInput: as :func:`evaluate_project`.
    """
    _may_compute(session, actor, project_id)
    catalogue, day = load_catalogue(), at or today()
    given = {catalogue.resolve(str(n).strip(), day): v for n, v in (inputs or {}).items()}
    _refuse_overrides(catalogue, actor, given, day)
    stated = read_inputs(catalogue, {c: v for c, v in given.items() if v not in (None, "")}, day)
    last = box.latest_result(session, actor, project_id, "sunlight_table")
    if last is not None:
        kept = {c: v for c, v in last.payload["inputs"].items() if c not in given}
        stated |= read_inputs(catalogue, kept, day)
    values = with_settings(catalogue, dict(stated), day)
    boundary = box.latest_result(session, actor, project_id, "boundary")
    revision = drawings.current_revision(session, actor, project_id)
    models = drawings.revision_models(session, revision) if revision is not None else []
    measured = _sunlight_of(catalogue, models, boundary, values, day)
    for value in measured:
        values[value.code] = value
    codes = catalogue.codes_of(SUNLIGHT, day)
    evaluation = evaluate(catalogue, values, day, codes)
    found = findings(catalogue, evaluation)
    sources = {
        "boundary": _reference(boundary),
        "drawing_set": _reference(box.latest_result(session, actor, project_id, "drawing_set")),
        "revision": {"id": str(revision.id), "number": revision.number} if revision is not None else None,
    }
    payload = {
        "business": SUNLIGHT,
        "at": day,
        "rule_hash": catalogue.version,
        "elements": indicator_rows(catalogue, evaluation, codes),
        "details": {v.code: to_plain(v.details) for v in measured if v.details},
        "findings": [to_plain(f) for f in found],
        "counts": count_outcomes(found),
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
        source={"by": actor.name, "rule_hash": catalogue.version, **sources},
        trust="B",
    )


def _sunlight_of(
    catalogue: Catalogue,
    models: list[Any],
    boundary: Result | None,
    values: Mapping[str, ElementValue],
    at: dt.date,
) -> list[ElementValue]:
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
        return sunlight_values(models, int(crs) if crs is not None else None, rules)
    except Undecided as error:
        missing = tuple(error.missing)
    except BadInput as error:
        missing = (Missing("crs", "坐标系", error.zh, error.en),)
    entries = catalogue.at(at).entries
    codes = [c for c in catalogue.codes_of(SUNLIGHT, at) if entries[c].spec.source is Source.DRAWING]
    return [ElementValue(c, None, source="drawing", missing=missing) for c in codes]


def _reference(result: Result | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {"id": str(result.id), "version": result.version, "hash": result.content_hash}


def _may_compute(session: Session, actor: Actor, project_id: uuid.UUID) -> None:
    project = box.get_project(session, actor, project_id)
    if not actor.is_officer and project.organisation_id != actor.organisation_id:
        raise Forbidden(
            "只有本项目的建设单位和审批人员可以计算", "only the developer or officers may compute"
        )


def _refuse_overrides(catalogue: Catalogue, actor: Actor, inputs: Mapping[str, Any], at: dt.date) -> None:
    """A recorded table rests on drawings, boundary and conditions; nobody types them in."""
    rules = catalogue.at(at)
    for name in inputs:
        code = catalogue.resolve(str(name).strip(), at)
        entry = rules.entries[code]
        chosen = entry.business.business == "common"
        if entry.spec.source is not Source.FORM or (chosen and not actor.is_officer):
            raise Forbidden(
                f"{entry.spec.name}({code})取自{entry.spec.source.zh}或由审批部门选定,不能填写",
                f"{code} may not be stated by this person",
                place=code,
            )


def extract_rules(catalogue: Catalogue, place: str, at: dt.date) -> ExtractRules:
    """What the extraction needs of the rule tables."""
    area_rules = catalogue.tariffs.tables["area-rules"]
    objects = frozenset(str(r["object"]) for rows in area_rules.normal_rows for r in rows)
    try:
        rows = catalogue.tariffs.find("green-boundary", {}, place, at).rows
    except Undecided:
        rows = []
    return ExtractRules(objects, {str(r["kind"]): (Decimal(r["building"]), Decimal(r["road"])) for r in rows})


_CONDITION_CODES = {
    "RJL": "TJ_RJL",
    "JZMD": "TJ_JZMD",
    "LDL": "TJ_LDL",
    "JZGD": "TJ_JZGD",
    "TCW": "TJ_TCW",
    "YDXZ": "TJ_YDXZ",
}


def condition_values(payload: Mapping[str, Any] | None) -> dict[str, ElementValue]:
    """Planning conditions of the box as limit elements; a condition the plot does not set is ``operator: none``."""
    reason: Missing | None = None
    if payload is None:
        reason = Missing(
            "planning_conditions",
            "规划条件",
            "项目盒里还没有规划条件(请先做多规检查)",
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
        out[code] = ElementValue(
            code, limit, source="result", details={"from": str(payload.get("source") or "")}
        )
    return out


# ---------------------------------------------------------------- fees


def fee_prefill(
    session: Session, actor: Actor, project_id: uuid.UUID, at: dt.date
) -> dict[str, ElementValue]:
    """What the box already knows of the fee inputs: areas, land grade, FAR, occupied land."""
    catalogue = load_catalogue()
    boundary = box.latest_result(session, actor, project_id, "boundary")
    report = box.latest_result(session, actor, project_id, "conflict_report")
    conditions = box.latest_result(session, actor, project_id, "planning_conditions")
    table = box.latest_result(session, actor, project_id, "indicator_table")
    out: dict[str, ElementValue] = {
        JURISDICTION: ElementValue(JURISDICTION, catalogue.tariffs.home, source="settings")
    }
    _put(out, "LP_DATE", at, "", "当日")
    if boundary is not None:
        area = Decimal(str(boundary.payload["area_m2"]))
        for code in ("LP_AREA", "SB_AREA"):
            _put(out, code, area, "㎡", "用地红线成果")
    use = str(((conditions.payload.get("plot") or {}) if conditions is not None else {}).get("use") or "")
    usage = _usage_of(catalogue, use, out, at) if use else None
    zones = (report.payload.get("zones") or {}) if report is not None else {}
    if usage is not None:
        grade = (zones.get("land_grade") or {}).get(usage)
        if grade is not None and str(grade).isdigit() and 1 <= int(grade) <= len(_LEVELS):
            _put(out, "LP_LEVEL", _LEVELS[int(grade) - 1], "", "基准地价级别图层")
    if table is not None:
        known = {e["code"]: e for e in table.payload["elements"]}
        for target, code, unit in (
            ("LP_FAR", "RJL", ""),
            ("RF_AREA", "DSJZ", "㎡"),
            ("PT_BUILD_AREA", "ZJZ", "㎡"),
        ):
            row = known.get(code)
            if row is not None and row["value"] is not None:
                _put(
                    out,
                    target,
                    Decimal(str(row["value"])),
                    unit,
                    f"指标成果 {code}",
                    verified=bool(row["verified"]),
                )
    if report is not None and zones.get("land_use") is not None:
        _occupied_land(catalogue, report.payload, zones["land_use"], out, at)
    return out


def _put(
    out: dict[str, ElementValue], code: str, value: Any, unit: str, source: str, *, verified: bool = True
) -> None:
    out[code] = ElementValue(code, value, unit, source=source, verified=verified)


def _usage_of(catalogue: Catalogue, use: str, out: dict[str, ElementValue], at: dt.date) -> str | None:
    rows = catalogue.tariffs.find("land-use-classes", {}, catalogue.tariffs.home, at).rows
    row = next((r for r in rows if use.startswith(str(r["prefix"]))), None)
    if row is None:
        return None
    _put(out, "LP_USAGE", str(row["usage"]), "", f"控规用地代码 {use}")
    return str(row["zone"])


def _occupied_land(
    catalogue: Catalogue,
    report: Mapping[str, Any],
    land_use: Mapping[str, Any],
    out: dict[str, ElementValue],
    at: dt.date,
) -> None:
    rows = catalogue.tariffs.find("land-classes", {}, catalogue.tariffs.home, at).rows
    by_class: dict[str, Decimal] = {}
    new_land = Decimal(0)
    for code, area in land_use.items():
        matching = sorted(
            (r for r in rows if str(code).startswith(str(r["prefix"]))), key=lambda r: -len(str(r["prefix"]))
        )
        if not matching:
            continue
        size = Decimal(str(area))
        if matching[0]["land_class"]:
            by_class[str(matching[0]["land_class"])] = (
                by_class.get(str(matching[0]["land_class"]), Decimal(0)) + size
            )
        if matching[0]["new_construction"]:
            new_land += size
    protected = next((x for x in report.get("layers", []) if x.get("code") == "YJJBNT"), None)
    basic = Decimal(str((protected or {}).get("overlap_m2") or 0))
    farmland = by_class.get("耕地", Decimal(0))
    if basic > 0:
        by_class["永久基本农田"] = basic
        by_class["耕地"] = max(farmland - basic, Decimal(0))
    parcels = [{"land_class": k, "area": v} for k, v in by_class.items() if v > 0]
    _put(out, "GD_PARCELS", parcels, "", "地类图斑图层", verified=False)
    _put(out, "KK_AREA", max(farmland, basic), "㎡", "地类图斑图层", verified=False)
    _put(out, "XZ_AREA", new_land, "㎡", "地类图斑图层", verified=False)
    _put(out, "SL_AREA", by_class.get("林地", Decimal(0)), "㎡", "地类图斑图层", verified=False)


def fee_statement(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    inputs: Mapping[str, Any],
    *,
    at: dt.date | None = None,
) -> Result:
    """Compute a project's fees and put a ``fee_statement`` into its box.

    What the box knows is filled in (area, grade, FAR, floor areas, present land use); ``inputs`` add to it or replace
    it. A fee whose rate or input is missing is 无法判定 and names it; a fee the present land use rules out is listed.

    Raises:
        NotFound, Forbidden: as :func:`evaluate_project`.
        BadInput: an input is unknown or unusable; all faults are listed.
    """
    _may_compute(session, actor, project_id)
    day = at or today()
    payload = compute_fees(session, actor, project_id, inputs, at=day)
    replaced = payload["overridden"]
    return box.put_result(
        session,
        actor,
        project_id,
        kind="fee_statement",
        stage=Stage.PLANNING_LAND,
        title="规费测算表",
        payload=payload,
        source={"by": actor.name, "rule_hash": payload["rule_hash"], "jurisdiction": payload["jurisdiction"]},
        trust="D" if replaced and not actor.is_officer else "B",
    )


def compute_fees(
    session: Session, actor: Actor, project_id: uuid.UUID, inputs: Mapping[str, Any], *, at: dt.date
) -> dict[str, Any]:
    """The statement's payload without recording it."""
    catalogue = load_catalogue()
    stated = read_inputs(catalogue, {k: v for k, v in inputs.items() if v not in (None, "")}, at)
    known = fee_prefill(session, actor, project_id, at)
    replaced = [c for c, v in stated.items() if c in known and known[c].value != v.value and c not in _FREE]
    for code in replaced:  # what the box knows better is marked when somebody types something else
        stated[code] = replace(stated[code], verified=False)
    values = known | stated
    if {"GD_AREA", "GD_CLASS"} & set(stated):
        values.pop("GD_PARCELS", None)  # what is stated replaces what the plan layers say
        values |= {c: v for c, v in stated.items() if c == "GD_PARCELS"}
    chosen, not_applicable = _chosen_fees(catalogue, values, stated, at)
    first = evaluate(catalogue, values, at, ["TDCRJ"])["TDCRJ"]
    if "HT_PRICE" not in values and isinstance(first.value, Decimal):
        price = Decimal(first.display)
        values["HT_PRICE"] = ElementValue(
            "HT_PRICE", price, "元", source="土地出让金测算", verified=first.verified
        )
    evaluation = evaluate(catalogue, values, at, chosen)
    lines = [fee_line(catalogue, evaluation, c) for c in chosen]
    return {
        **statement(lines, not_applicable),
        "at": at.isoformat(),
        "rule_hash": catalogue.version,
        "jurisdiction": values[JURISDICTION].value,
        "overridden": replaced,
        "inputs": {
            c: {"value": to_plain(v.value), "unit": v.unit, "source": "填写" if c in stated else v.source}
            for c, v in sorted(values.items())
        },
    }


def _chosen_fees(
    catalogue: Catalogue, values: Mapping[str, ElementValue], stated: Mapping[str, ElementValue], at: dt.date
) -> tuple[list[str], list[dict[str, str]]]:
    entries = catalogue.at(at).entries
    chosen: list[str] = []
    ruled_out: list[dict[str, str]] = []
    for code in fee_codes(catalogue, at):
        own = set(fee_inputs(catalogue, code, at)) - {JURISDICTION}
        if code in _USUAL_FEES or own & set(stated):
            chosen.append(code)
            continue
        key = _LAND_FEES.get(code)
        if key is None:
            continue
        known = values.get(key)
        if known is None:
            chosen.append(code)
        elif known.value in ([], Decimal(0)):
            ruled_out.append({"code": code, "name": entries[code].spec.name, "reason": "地类图斑中未涉及"})
        else:
            chosen.append(code)
    return chosen, ruled_out


def refuse_unknown_business(catalogue: Catalogue, business: str) -> None:
    """Raise BadInput for a business the catalogue does not have."""
    if business not in catalogue.businesses:
        known = "、".join(f"{b}({f.name})" for b, f in sorted(catalogue.businesses.items()))
        raise BadInput(
            f"没有业务“{business[:40]}”;现有:{known}",
            f"unknown business {business[:40]!r}",
            code="unknown_business",
        )
