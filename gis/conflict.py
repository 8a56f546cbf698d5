"""The multi-plan check 多规合一检查: from overlaps to statuses, findings, planning conditions and zones.

Pure: overlaps come in as facts, rules as layer definitions. Statuses: ``hit`` 压占, ``touch`` 相邻 (within the touch
tolerance, or an overlap too small or too narrow to be meant), ``clear`` 不涉及, ``not_checked`` 未核查 (no data: never
clear). For a ``within`` layer *hit* means that a part of the site lies outside, and the overlap is that part.
Areas are ㎡ in the site's CRS.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from gis.layer import ConditionItem, LayerCatalogue, LayerDefinition, Policy
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.plain import to_plain


class Status(StrEnum):
    """State of one layer for one site."""

    HIT = "hit"
    TOUCH = "touch"
    CLEAR = "clear"
    NOT_CHECKED = "not_checked"

    @property
    def zh(self) -> str:
        """Chinese word on the screen."""
        return {"hit": "压占", "touch": "相邻", "clear": "不涉及", "not_checked": "未核查"}[self.value]

    def words(self, policy: Policy) -> tuple[str, str]:
        """(Chinese, English) word for a layer of this policy: a plot is not 压占 but 位于."""
        special = {
            (Status.HIT, Policy.WITHIN): ("部分在外", "Partly outside"),
            (Status.CLEAR, Policy.WITHIN): ("范围内", "Within"),
            (Status.HIT, Policy.ATTRIBUTES): ("位于", "Within"),
            (Status.HIT, Policy.INFO): ("位于", "Within"),
            (Status.HIT, Policy.NOTE): ("涉及", "Concerned"),
            (Status.HIT, Policy.CONSULT): ("涉及", "Concerned"),
            (Status.HIT, Policy.HEIGHT): ("涉及", "Concerned"),
        }
        plain = {"hit": "Overlap", "touch": "Touches", "clear": "Clear", "not_checked": "Not checked"}
        return special.get((self, policy), (self.zh, plain[self.value]))


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """The version of a layer that was checked."""

    id: int
    version: str
    valid_from: dt.date
    check_crs: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """One feature near the site: overlap area and perimeter (both 0 when it only touches), attributes, marker."""

    fid: int
    label: str
    overlap_m2: float
    perimeter_m: float
    attributes: dict[str, Any]
    marker: dict[str, Any] | None = None
    class_key: str | None = None


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """What is known of one layer around the site.

    Attributes:
        version: None when no data is loaded, or it could not be compared (``reason``).
        overlaps: features within the touch tolerance.
        covered_m2: area of the site under the layer, overlapping features counted once.
        outside: GeoJSON of the site's part that the layer does not cover (``within`` layers).
    """

    version: LoadedVersion | None
    overlaps: tuple[Overlap, ...] = ()
    covered_m2: float = 0.0
    outside: dict[str, Any] | None = None
    reason: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True)
class FeatureHit:
    """A feature in the result; ``share`` is its overlap over the site area."""

    fid: int
    label: str
    status: Status
    overlap_m2: float
    share: float
    attributes: dict[str, Any]
    marker: dict[str, Any] | None
    class_key: str | None


@dataclass(frozen=True, slots=True)
class LayerResult:
    """One line of the check."""

    code: str
    name: str
    name_en: str
    family: str
    policy: Policy
    status: Status
    outcome: Outcome
    overlap_m2: float
    share: float
    features: tuple[FeatureHit, ...]
    clause: str
    clause_en: str
    clause_verified: bool
    version: str | None
    valid_from: dt.date | None
    message: str
    message_en: str
    advice: str
    advice_en: str
    trigger: str | None
    marker: dict[str, Any] | None = None

    @property
    def status_words(self) -> tuple[str, str]:
        """(Chinese, English) word for the status."""
        return self.status.words(self.policy)


@dataclass(frozen=True, slots=True)
class Condition:
    """One planning condition 规划条件: ``operator`` is <=, >=, between, in or text; values as text."""

    code: str
    name: str
    name_en: str
    operator: str
    value: str
    unit: str
    clause: str
    text: str
    text_en: str
    value2: str | None = None


@dataclass(frozen=True, slots=True)
class PlanningConditions:
    """What the detailed plan asks of the site; ``status`` is ``decided`` or ``undecided`` with ``reason``."""

    status: str
    reason: str
    reason_en: str
    source: str
    plot: dict[str, Any] | None
    conditions: tuple[Condition, ...]
    plots: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ConflictReport:
    """Outcome of one check. ``planning`` is None when the catalogue has no layer of plots."""

    crs: int
    site_area_m2: float
    checked_on: dt.date
    layers: tuple[LayerResult, ...]
    findings: tuple[Finding, ...]
    counts: dict[str, int]
    zones: dict[str, Any]
    planning: PlanningConditions | None
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """The worst outcome: 不符合 before 无法判定 before 提示 before 符合."""
        found = {f.outcome for f in self.findings}
        for worst in (Outcome.FAIL, Outcome.UNDECIDED, Outcome.NOTE):
            if worst in found:
                return worst
        return Outcome.PASS

    def payload(self) -> dict[str, Any]:
        """Plain form, as Result ``conflict_report`` carries it (timings are not part of it)."""
        plain: dict[str, Any] = to_plain(
            {
                "crs": self.crs,
                "site_area_m2": self.site_area_m2,
                "checked_on": self.checked_on,
                "outcome": self.outcome,
                "layers": self.layers,
                "counts": self.counts,
                "findings": self.findings,
                "zones": self.zones,
                "planning": self.planning,
            }
        )
        for entry, line in zip(plain["layers"], self.layers, strict=True):
            entry["status_name"], entry["status_name_en"] = line.status_words
        return plain


def judge(
    site_area_m2: float,
    crs: int,
    facts: Mapping[str, LayerFacts],
    catalogue: LayerCatalogue,
    *,
    on: dt.date,
    height_m: float | None = None,
) -> ConflictReport:
    """Judge one site.

    Args:
        site_area_m2: area in ``crs``.
        crs: EPSG of the site and of all markers.
        facts: by layer code; a missing layer counts as without data.
        on: the day of the check (validity of area-wide evaluations).
        height_m: elevation of the highest point of the buildings (m above the datum of the height layer), if known.
    """
    area = round(site_area_m2, 2)
    layers: list[LayerResult] = []
    findings: list[Finding] = []
    planning: PlanningConditions | None = None
    for definition in catalogue.layers.values():
        known = facts.get(definition.code, LayerFacts(None))
        line = _line(definition, known, site_area_m2, catalogue, height_m)
        if definition.policy is Policy.ATTRIBUTES:
            planning = planning_conditions(definition, known, line, site_area_m2)
            line = replace(
                line,
                outcome=Outcome.PASS if planning.status == "decided" else Outcome.UNDECIDED,
                message=planning.reason,
                message_en=planning.reason_en,
            )
        layers.append(line)
        if definition.policy is not Policy.INFO or line.status in (Status.HIT, Status.NOT_CHECKED):
            findings.append(_finding(line, crs))
    counts = {s.value: sum(1 for line in layers if line.status is s) for s in Status}
    zones = _zones(catalogue, layers, site_area_m2, on)
    return ConflictReport(crs, area, on, tuple(layers), tuple(findings), counts, zones, planning)


def _line(
    definition: LayerDefinition,
    known: LayerFacts,
    site_area: float,
    catalogue: LayerCatalogue,
    height_m: float | None,
) -> LayerResult:
    common: dict[str, Any] = {
        "code": definition.code,
        "name": definition.name,
        "name_en": definition.name_en,
        "family": definition.family,
        "policy": definition.policy,
        "clause": definition.clause.text,
        "clause_en": definition.clause.text_en,
        "clause_verified": definition.clause.verified,
        "advice": definition.advice,
        "advice_en": definition.advice_en,
        "trigger": definition.trigger,
    }
    if known.version is None:
        info_only = definition.policy is Policy.INFO
        return LayerResult(
            **common,
            status=Status.NOT_CHECKED,
            outcome=Outcome.NOTE if info_only else Outcome.UNDECIDED,
            overlap_m2=0.0,
            share=0.0,
            features=(),
            version=None,
            valid_from=None,
            message=known.reason or f"没有{definition.name}的数据，未核查",
            message_en=known.reason_en or f"{definition.name_en}: no data loaded, not checked",
        )
    tolerance, minimum = catalogue.tolerance(definition), catalogue.minimum_area(definition)
    features = tuple(
        sorted(
            (_feature(o, site_area, tolerance, minimum) for o in known.overlaps),
            key=lambda f: (f.status is not Status.HIT, -f.overlap_m2, f.fid),
        )
    )
    common |= {"version": known.version.version, "valid_from": known.version.valid_from}
    if definition.policy is Policy.WITHIN:
        return _within(definition, known, features, site_area, minimum, common)
    hits = [f for f in features if f.status is Status.HIT]
    status = Status.HIT if hits else Status.TOUCH if features else Status.CLEAR
    overlap = round(min(known.covered_m2, site_area), 2) if hits else 0.0
    share = overlap / site_area if site_area else 0.0
    outcome, message, message_en = _words(definition, status, hits, overlap, share, height_m)
    return LayerResult(
        **common,
        status=status,
        outcome=outcome,
        overlap_m2=overlap,
        share=round(share, 6),
        features=features,
        message=message,
        message_en=message_en,
    )


def _feature(overlap: Overlap, site_area: float, tolerance: float, minimum: float) -> FeatureHit:
    """A sliver — smaller than the minimum area, or narrower on average than the tolerance — only touches."""
    width = 2 * overlap.overlap_m2 / overlap.perimeter_m if overlap.perimeter_m > 0 else 0.0
    meant = overlap.overlap_m2 >= minimum and overlap.overlap_m2 > 0 and width > tolerance
    return FeatureHit(
        overlap.fid,
        overlap.label,
        Status.HIT if meant else Status.TOUCH,
        round(overlap.overlap_m2, 2),
        round(overlap.overlap_m2 / site_area, 6) if site_area else 0.0,
        overlap.attributes,
        overlap.marker,
        overlap.class_key,
    )


def _within(
    definition: LayerDefinition,
    known: LayerFacts,
    features: tuple[FeatureHit, ...],
    site_area: float,
    minimum: float,
    common: dict[str, Any],
) -> LayerResult:
    outside = max(site_area - known.covered_m2, 0.0)
    zones = "、".join(dict.fromkeys(f.label for f in features if f.status is Status.HIT and f.label))
    if outside < max(minimum, 1e-6 * site_area):
        return LayerResult(
            **common,
            status=Status.CLEAR,
            outcome=Outcome.PASS,
            overlap_m2=0.0,
            share=0.0,
            features=features,
            message=f"全部位于{definition.name}内{f'({zones})' if zones else ''}",
            message_en=f"The whole site lies within the {definition.name_en.lower()}",
        )
    share = outside / site_area if site_area else 0.0
    return LayerResult(
        **common,
        status=Status.HIT,
        outcome=Outcome.NOTE,
        overlap_m2=round(outside, 2),
        share=round(share, 6),
        features=features,
        marker=known.outside,
        message=f"有 {outside:,.2f} ㎡({share:.2%})位于{definition.name}外。{definition.advice}",
        message_en=f"{outside:,.2f} m² ({share:.2%}) lie outside. {definition.advice_en}",
    )


def _words(
    definition: LayerDefinition,
    status: Status,
    hits: Sequence[FeatureHit],
    overlap: float,
    share: float,
    height_m: float | None,
) -> tuple[Outcome, str, str]:
    name, name_en = definition.name, definition.name_en
    if status is Status.CLEAR:
        return Outcome.PASS, f"不涉及{name}", f"Clear of: {name_en}"
    if status is Status.TOUCH:
        return (
            Outcome.NOTE,
            f"与{name}相邻，未压占；请核对界线",
            f"Touches without overlapping: {name_en}; check the line",
        )
    what = "、".join(dict.fromkeys(h.label for h in hits[:3] if h.label)) + (" 等" if len(hits) > 3 else "")
    size, size_en = f"{overlap:,.2f} ㎡(占用地 {share:.2%})", f"{overlap:,.2f} m² ({share:.2%} of the site)"
    tail = f":{what}" if what else ""
    advice = f"。{definition.advice}" if definition.advice else ""
    if definition.policy is Policy.HEIGHT and definition.height is not None:
        return _height(definition, hits, height_m)
    outcome, verb, verb_en = {
        Policy.FORBID: (Outcome.FAIL, "压占", "Overlaps"),
        Policy.CONSULT: (Outcome.NOTE, "涉及", "Concerns"),
    }.get(definition.policy, (Outcome.NOTE, "位于", "Lies in"))
    return (
        outcome,
        f"{verb}{name} {size}{tail}{advice}",
        f"{verb_en}: {name_en}, {size_en}. {definition.advice_en}".strip(),
    )


def _height(
    definition: LayerDefinition, hits: Sequence[FeatureHit], height_m: float | None
) -> tuple[Outcome, str, str]:
    """Heights are compared in whole millimetres."""
    assert definition.height is not None
    limits = [v for h in hits if (v := _number(h.attributes.get(definition.height.field))) is not None]
    datum = definition.height.datum
    if not limits:
        return (
            Outcome.UNDECIDED,
            f"位于{definition.name}区，但图层没有限制高程",
            f"{definition.name_en}: the layer holds no limit",
        )
    limit = min(limits)
    if height_m is None:
        return (
            Outcome.UNDECIDED,
            f"位于{definition.name}区，限制海拔 {limit:g} m({datum});建筑顶部海拔未知，无法判定。{definition.advice}",
            f"{definition.name_en}: limit {limit:g} m; the top elevation of the buildings is not known. "
            f"{definition.advice_en}",
        )
    fits = round(height_m * 1000) <= round(limit * 1000)
    return (
        Outcome.PASS if fits else Outcome.FAIL,
        f"建筑顶部海拔 {height_m:g} m,{'未超过' if fits else '超过'}{definition.name}限制海拔 {limit:g} m({datum})",
        f"Top elevation {height_m:g} m, limit {limit:g} m ({definition.name_en})",
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(str(value).strip())
    except ValueError:
        return None


def _finding(line: LayerResult, crs: int) -> Finding:
    marker = line.marker
    if marker is None:
        wanted = Status.HIT if line.status is Status.HIT else Status.TOUCH
        markers = [f.marker for f in line.features if f.status is wanted and f.marker is not None]
        if len(markers) == 1:
            marker = markers[0]
        elif markers:
            marker = {"type": "GeometryCollection", "geometries": markers}
    measured = None
    if line.status is Status.HIT and line.policy in (
        Policy.FORBID,
        Policy.CONSULT,
        Policy.NOTE,
        Policy.WITHIN,
    ):
        measured = f"{line.overlap_m2:.2f}"
    return Finding(
        code=f"plan.{line.code}",
        title=line.name,
        title_en=line.name_en,
        outcome=line.outcome,
        message=line.message,
        message_en=line.message_en,
        measured=measured,
        limit="0" if measured is not None and line.policy is Policy.FORBID else None,
        unit="㎡" if measured is not None else "",
        clause=line.clause,
        marker=marker,
        marker_crs=crs if marker is not None else None,
        source={
            "layer": line.code,
            "version": line.version,
            "valid_from": line.valid_from.isoformat() if line.valid_from else None,
            "status": line.status.value,
            "share": line.share,
            "trigger": line.trigger,
            "clause_verified": line.clause_verified,
        },
    )


# --- planning conditions ---------------------------------------------------------------------------------------------


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
    if not hits:
        return PlanningConditions(
            "undecided",
            f"用地不在任何{definition.name}内，没有规划条件",
            "The site lies in no plot of the detailed plan",
            source,
            None,
            (),
            plots,
        )
    first = hits[0]
    if first.overlap_m2 < rule.share_minimum * site_area:
        names = "、".join(str(p["code"]) for p in plots[:6])
        return PlanningConditions(
            "undecided",
            f"用地涉及 {len(hits)} 个{definition.name}({names}),没有一个包含 {rule.share_minimum:.0%} 以上的用地,"
            "无法判定规划条件"
            if len(hits) > 1
            else f"用地只有 {first.share:.1%} 在{definition.name} {plots[0]['code']} 内，无法判定规划条件",
            f"The site lies in {len(hits)} plots ({names}), none of which holds it",
            source,
            None,
            (),
            plots,
        )
    attributes = first.attributes
    clause = (
        " ".join(str(attributes[k]) for k in (rule.plan, rule.plot) if attributes.get(k))
        or definition.clause.text
    )
    conditions = tuple(c for item in rule.items if (c := _condition(item, attributes, clause)) is not None)
    plot = {
        "code": attributes.get(rule.plot),
        "fid": first.fid,
        "share": first.share,
        "use": attributes.get(rule.use),
        "attributes": attributes,
    }
    return PlanningConditions(
        "decided", f"位于控规地块 {plot['code']}", f"In plot {plot['code']}", source, plot, conditions, plots
    )


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
        return made("text", words, f":{words}", words) if words else None
    if item.one_of:
        codes: list[str] = []
        for name in item.one_of:
            text = (
                str(attributes.get(name) or "")
                .replace(";", ";")
                .replace(",", ";")
                .replace(",", ";")
                .replace("、", ";")
            )
            codes += [c for c in re.split(r"[;;,,、\s]+", text) if c]
        if not codes:
            return None
        main = str(attributes.get(item.display) or "") if item.display else ""
        shown = f":{main} {codes[0]}".rstrip() + (f",可兼容 {'、'.join(codes[1:])}" if len(codes) > 1 else "")
        return made("in", ";".join(dict.fromkeys(codes)), shown, ", ".join(codes))
    low = _number(attributes.get(item.minimum)) if item.minimum else None
    high = _number(attributes.get(item.maximum)) if item.maximum else None
    unit = item.unit if item.unit == "%" else f" {item.unit}" if item.unit else ""
    if low is not None and low <= 0 and item.maximum:
        low = None  # a lower limit of zero limits nothing
    if high is not None and low is not None:
        return made(
            "between",
            _text(low),
            f" {_text(low)}~{_text(high)}{unit}",
            f"{_text(low)} to {_text(high)}{unit}",
            _text(high),
        )
    if high is not None:
        return made("<=", _text(high), f"≤{_text(high)}{unit}", f"≤ {_text(high)}{unit}")
    if low is not None:
        return made(">=", _text(low), f"≥{_text(low)}{unit}", f"≥ {_text(low)}{unit}")
    return None


def _text(value: float) -> str:
    """A number of a plan as people write it: no binary noise, no trailing zeros beyond one decimal of a ratio."""
    return f"{value:.10g}"


# --- zones -----------------------------------------------------------------------------------------------------------


def _zones(
    catalogue: LayerCatalogue, layers: Sequence[LayerResult], site_area: float, on: dt.date
) -> dict[str, Any]:
    """Facts later stages ask for; a zone whose layer was not checked is None."""
    zones: dict[str, Any] = {}
    for line in layers:
        zone = catalogue.layers[line.code].zone
        if zone is None:
            continue
        checked = line.status is not Status.NOT_CHECKED
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
            limits = [v for f in hits if (v := _number(f.attributes.get(name))) is not None]
            zones["airport_limit_m"] = min(limits) if limits else None
            zones["airport_checked"] = checked
        elif zone == "land_use":
            totals: dict[str, float] = {}
            for feature in hits:
                key = str(feature.attributes.get("DLBM") or "")
                totals[key] = totals.get(key, 0.0) + feature.overlap_m2
            zones["land_use"] = {k: round(v, 2) for k, v in sorted(totals.items())} if checked else None
    return zones


def _grades(
    hits: Sequence[FeatureHit], site_area: float
) -> tuple[dict[str, int | None], dict[str, list[dict[str, Any]]]]:
    """Grade of each use when one grade holds at least 99.9 % of the site, else None; and the parts."""
    parts: dict[str, list[dict[str, Any]]] = {}
    for feature in hits:
        grade = _number(feature.attributes.get("JB"))
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
    until_text = str(feature.attributes.get("YXQZ") or "")[:10]
    try:
        until: dt.date | None = dt.date.fromisoformat(until_text)
    except ValueError:
        until = None
    expired = until is None or until < on
    inside = feature.share >= 0.999
    return {
        "kind": feature.attributes.get("PGLX"),
        "name": feature.attributes.get("PGMC"),
        "report_no": feature.attributes.get("BGH"),
        "valid_until": until_text or None,
        "expired": expired,
        "share": feature.share,
        "covers": inside and not expired,
    }
