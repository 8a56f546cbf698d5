"""Planning conditions 规划条件 from the plot a site lies in, and facts of zones for later stages. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gis.check.conflict import (
    Condition,
    FeatureHit,
    LayerFacts,
    LayerResult,
    Overlap,
    PlanningConditions,
    Status,
)
from gis.check.lines import Line
from gis.check.use_rules import code_list
from gis.layers.layer import ConditionItem, LayerCatalogue, LayerDefinition

#: year, month and day with or without something between them; what a time adds does not matter
_DATE = re.compile(
    r"(\d{4})(?:(?:\s*[-/.年]\s*|(?=\d{2}))(\d{1,2})(?:(?:\s*[-/.月]\s*|(?=\d{2}\b))(\d{1,2}))?)?"
    r"\s*[年月日]?(?:[T\s]+\d.*)?"
)


def planning_conditions(
    definition: LayerDefinition, known: LayerFacts, line: LayerResult, site_area: float
) -> PlanningConditions:
    """规划条件 of the one plot that holds the site; several plots or none leave them 无法判定."""
    rule = definition.conditions
    assert rule is not None
    if known.version is None:
        return PlanningConditions(
            "undecided", line.message, line.message_en, f"layer {definition.code}", None, ()
        )
    source = f"layer {definition.code} version {known.version.version}"
    hits = [f for f in line.features if f.status is Status.HIT]
    plots = tuple(
        {
            "code": f.attributes.get(rule.plot),
            "use": f.attributes.get(rule.use),
            "overlap_m2": f.overlap_m2,
            "share": f.share,
            "fid": f.fid,
        }
        for f in hits
    )
    if not hits or hits[0].overlap_m2 < rule.share_minimum * site_area:
        zh, en = _undecided(definition, rule.share_minimum, plots)
        return PlanningConditions("undecided", zh, en, source, None, (), plots)
    attributes = hits[0].attributes
    clause = (
        " ".join(str(attributes[k]) for k in (rule.plan, rule.plot) if attributes.get(k))
        or definition.clause.text
    )
    conditions = tuple(c for item in rule.items if (c := _condition(item, attributes, clause)) is not None)
    plot = {name: plots[0][name] for name in ("code", "fid", "share", "use")} | {"attributes": attributes}
    return PlanningConditions(
        "decided", f"位于控规地块 {plot['code']}", f"In plot {plot['code']}", source, plot, conditions, plots
    )


def _undecided(
    definition: LayerDefinition, least: float, plots: Sequence[Mapping[str, Any]]
) -> tuple[str, str]:
    """Why no plot gives the conditions, in Chinese and English."""
    if not plots:
        return (
            f"用地不在任何{definition.name}内，没有规划条件",
            "The site lies in no plot of the detailed plan",
        )
    names = "、".join(_called(p) for p in plots[:6])
    if len(plots) == 1:
        zh = f"用地只有 {plots[0]['share']:.1%} 在{definition.name} {names} 内，无法判定规划条件"
    else:
        zh = (
            f"用地涉及 {len(plots)} 个{definition.name}（{names}），"
            f"没有一个包含 {least:.0%} 以上的用地，无法判定规划条件"
        )
    return zh, f"The site lies in {len(plots)} plots ({names}), none of which holds it"


def _called(plot: Mapping[str, Any]) -> str:
    """A plot by its code, or by its number in the delivery where the layer has none."""
    return str(plot["code"] or f"#{plot['fid']}")


def _condition(item: ConditionItem, attributes: Mapping[str, Any], clause: str) -> Condition | None:
    def made(operator: str, value: str, shown: str, shown_en: str, value2: str | None = None) -> Condition:
        return Condition(
            item.code,
            item.name,
            item.name_en,
            operator,
            value,
            item.unit,
            clause,
            f"{item.name}{shown}",
            f"{item.name_en} {shown_en}",
            value2,
        )

    if item.text is not None:
        words = str(attributes.get(item.text) or "").strip()
        return made("text", words, f"：{words}", words) if words else None
    if item.one_of:
        codes = [code for name in item.one_of for code in code_list(attributes.get(name))]
        if not codes:
            return None
        main = str(attributes.get(item.display) or "") if item.display else ""
        shown = f"：{main} {codes[0]}".rstrip() + (
            f"，可兼容 {'、'.join(codes[1:])}" if len(codes) > 1 else ""
        )
        return made("in", ";".join(dict.fromkeys(codes)), shown, ", ".join(codes))
    limits = _limits(item, attributes)
    return made(*limits) if limits is not None else None


def _limits(
    item: ConditionItem, attributes: Mapping[str, Any]
) -> tuple[str, str, str, str, str | None] | None:
    """Operator, value, words in Chinese and English, and second value of a lower and an upper limit."""
    low = number(attributes.get(item.minimum)) if item.minimum else None
    high = number(attributes.get(item.maximum)) if item.maximum else None
    unit = item.unit if item.unit == "%" else f" {item.unit}" if item.unit else ""
    if low is not None and low <= 0 and item.maximum:
        low = None  # a lower limit of zero limits nothing
    if high is not None and low is not None:
        least, most = _text(low), _text(high)
        return "between", least, f" {least}~{most}{unit}", f"{least} to {most}{unit}", most
    if high is not None:
        return "<=", _text(high), f"≤{_text(high)}{unit}", f"≤ {_text(high)}{unit}", None
    if low is not None:
        return ">=", _text(low), f"≥{_text(low)}{unit}", f"≥ {_text(low)}{unit}", None
    return None


def _text(value: float) -> str:
    """A number of a plan as people write it: no binary noise, no trailing zeros beyond one decimal of a ratio."""
    return f"{value:.10g}"


# --- zones -----------------------------------------------------------------------------------------------------------


def _under(feature: FeatureHit) -> bool:
    """Whether a feature sets a height limit here: not a runway none of whose surfaces lies above the site."""
    detail = feature.detail or {}
    return "surface" not in detail or detail["surface"] is not None


def zones_of(
    catalogue: LayerCatalogue, lines: Sequence[Line], site_area: float, on: dt.date
) -> dict[str, Any]:
    """Facts later stages ask for; a zone whose layer was not checked is None."""
    zones: dict[str, Any] = {}
    for line in lines:
        zone = catalogue.layers[line.code].zone
        if zone is None:
            continue
        checked = line.status is not Status.NOT_CHECKED
        if zone == "land_use":
            zones[zone] = _land_use(line.hits) if checked else None
            continue
        hits = [f for f in line.features if f.status is Status.HIT]
        if zone == "land_grade":
            grades, parts = _grades(hits, site_area)
            zones["land_grade"] = grades if checked else None
            zones["land_grade_parts"] = parts if checked else None
        elif zone == "regional_evaluation":
            zones["regional_evaluations"] = [_evaluation(f, on) for f in hits] if checked else None
        elif zone == "airport_limit":
            definition = catalogue.layers[line.code]
            name = definition.height.field if definition.height else ""
            # a runway's surface as measured, else the limit an area states
            stated = [(f.detail or {}).get("limit_m") or number(f.attributes.get(name)) for f in hits]
            limits = [v for v in stated if v is not None]
            zones["airport_limit_m"] = min(limits) if limits else None
            zones["airport_checked"] = checked
            zones["airport_control"] = any(_under(f) for f in hits) if checked else None
    return zones


def _land_use(hits: Sequence[Overlap | FeatureHit]) -> dict[str, float]:
    """㎡ by code of land use: the sum of what the features show."""
    totals: dict[str, float] = {}
    for hit in hits:
        key = str(hit.attributes.get("DLBM") or "")
        totals[key] = totals.get(key, 0.0) + round(hit.overlap_m2, 2)
    return {k: round(v, 2) for k, v in sorted(totals.items())}


def _grades(
    hits: Sequence[FeatureHit], site_area: float
) -> tuple[dict[str, int | None], dict[str, list[dict[str, Any]]]]:
    """Grade of each use when one grade holds at least 99.9 % of the site, else None; and the parts."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for feature in hits:
        grade = number(feature.attributes.get("JB"))
        use = str(feature.attributes.get("YT") or "")
        if grade is None:
            continue
        known = next((p for p in parts.setdefault(use, []) if p["grade"] == int(grade)), None)
        if known is None:
            parts[use].append({"grade": int(grade), "area_m2": feature.overlap_m2})
        else:
            known["area_m2"] = round(known["area_m2"] + feature.overlap_m2, 2)
    grades: dict[str, int | None] = {}
    for use, found in parts.items():
        largest = max(found, key=lambda p: p["area_m2"])
        grades[use] = largest["grade"] if largest["area_m2"] >= 0.999 * site_area else None
    return grades, parts


def _evaluation(feature: FeatureHit, on: dt.date) -> dict[str, Any]:
    """One area-wide evaluation; it covers the site when it holds at least 99.9 % of it and is still valid."""
    written = str(feature.attributes.get("YXQZ") or "").strip()
    until = last_day(written)
    expired = until is None or until < on
    inside = feature.share >= 0.999
    return {
        "kind": feature.attributes.get("PGLX"),
        "name": feature.attributes.get("PGMC"),
        "report_no": feature.attributes.get("BGH"),
        "valid_until": until.isoformat() if until is not None else written or None,
        "expired": expired,
        "share": feature.share,
        "covers": inside and not expired,
    }


def last_day(written: str) -> dt.date | None:
    """The last day a date of a delivery means, or None when it is no date.

    The year comes first (``2027-12-31``, ``20271231``, ``2027年12月``, ``2027/6``); without a day it is the last one of
    the month or year.
    """
    found = _DATE.fullmatch(written)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    try:
        if day is not None:
            return dt.date(year, month or 1, day)
        end = dt.date(year, month or 12, 1) + dt.timedelta(days=31)
    except (ValueError, OverflowError):
        return None
    return end.replace(day=1) - dt.timedelta(days=1)


def number(value: Any) -> float | None:
    """A finite-looking value of a plan as a number, or None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(str(value).strip())
    except ValueError:
        return None
