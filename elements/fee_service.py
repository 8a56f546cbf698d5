"""Use case: the fee statement of a project, from what its box holds and what is stated. Never commits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from elements.engine.engine import JURISDICTION, Catalogue, evaluate, read_inputs
from elements.engine.values import ElementValue
from elements.fees import fee_codes, fee_inputs, fee_line, fee_rates
from elements.project_inputs import may_compute
from elements.report import statement
from elements.rulesets.ruleset_service import project_rules
from project_box import service as box
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Result
from project_box.stage import Stage

#: fees of every building project; the others join when the land concerned is there, or when their inputs are given
_GRANT, _STREET = "TDCRJ", "TDCRJ_LJ"
_USUAL_FEES = (_GRANT, "YHS", "QS", "RFYD", "SBBC", "PTF")
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


def fee_prefill(
    session: Session, actor: Actor, project_id: uuid.UUID, at: dt.date, catalogue: Catalogue | None = None
) -> dict[str, ElementValue]:
    """What the box already knows of the fee inputs: areas, land grade, FAR, occupied land.

    Args:
        catalogue: rule set whose tables say what a land class is; what holds for the project if left out.
    """
    catalogue = catalogue or project_rules(session, project_id, at).catalogue
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
        NotFound, Forbidden: as :func:`elements.service.evaluate_project`.
        BadInput: an input is unknown or unusable; all faults are listed.
    """
    may_compute(session, actor, project_id)
    rules = project_rules(session, project_id, at)
    payload = compute_fees(session, actor, project_id, inputs, at=rules.day, catalogue=rules.catalogue)
    replaced = payload["overridden"]
    return box.put_result(
        session,
        actor,
        project_id,
        kind="fee_statement",
        stage=Stage.PLANNING_LAND,
        title="规费测算表",
        payload=payload,
        source={
            "by": actor.name,
            "rule_hash": payload["rule_hash"],
            "pinned_by": to_plain(rules.pinned_by),
            "jurisdiction": payload["jurisdiction"],
        },
        trust="D" if replaced and not actor.is_officer else "B",
    )


def compute_fees(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    inputs: Mapping[str, Any],
    *,
    at: dt.date,
    catalogue: Catalogue | None = None,
) -> dict[str, Any]:
    """The statement's payload without recording it, by a rule set (what holds for the project if left out)."""
    catalogue = catalogue or project_rules(session, project_id, at).catalogue
    stated = read_inputs(catalogue, {k: v for k, v in inputs.items() if v not in (None, "")}, at)
    known = fee_prefill(session, actor, project_id, at, catalogue)
    replaced = [c for c, v in stated.items() if c in known and known[c].value != v.value and c not in _FREE]
    for code in replaced:  # what the box knows better is marked when somebody types something else
        stated[code] = replace(stated[code], verified=False)
    replaced += [c for c in stated if catalogue.at(at).entries[c].spec.computed]  # rates of one's own (自带)
    values = known | stated
    if {"GD_AREA", "GD_CLASS"} & set(stated):
        values.pop("GD_PARCELS", None)  # what is stated replaces what the plan layers say
        values |= {c: v for c, v in stated.items() if c == "GD_PARCELS"}
    chosen, not_applicable = _chosen_fees(catalogue, values, stated, at)
    price_of = _STREET if _STREET in chosen else _GRANT
    first = evaluate(catalogue, values, at, [price_of])[price_of]
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
    usual = {JURISDICTION}.union(*(_asked_of(catalogue, c, at) for c in _USUAL_FEES))
    chosen: list[str] = []
    ruled_out: list[dict[str, str]] = []
    for code in fee_codes(catalogue, at):
        asked = _asked_of(catalogue, code, at) - usual  # what only this fee is asked about
        if code in _USUAL_FEES or asked & set(stated):
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
    if _STREET in chosen:  # a parcel on a street has one price, not two
        chosen.remove(_GRANT)
    return chosen, ruled_out


def _asked_of(catalogue: Catalogue, fee: str, at: dt.date) -> set[str]:
    return {*fee_inputs(catalogue, fee, at), *fee_rates(catalogue, fee, at)}
