"""Judging the multi-plan check 多规合一检查: from overlaps to statuses, findings, planning conditions and zones.

Pure: overlaps come in as facts, rules as layer definitions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from gis.check.canonical import Fragments
from gis.check.conditions import planning_conditions, zones_of
from gis.check.conflict import (
    ConflictReport,
    FeatureHit,
    Intent,
    LayerFacts,
    LayerResult,
    LoadedVersion,
    Overlap,
    PlanningConditions,
    RuleAnswer,
    Status,
)
from gis.check.limits import height_words, measured_words
from gis.check.use_rules import answers
from gis.layers.layer import LayerCatalogue, LayerDefinition, Policy
from project_box.kernel.finding import Finding, Outcome


class Line(NamedTuple):
    """A line of the report, its finding, and for a layer of plots the planning conditions."""

    result: LayerResult
    finding: Finding | None
    planning: PlanningConditions | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a layer's definition says, ready for judging: ``made`` gives its line, ``found`` its finding."""

    code: str
    definition: LayerDefinition
    tolerance: float
    minimum: float
    made: Callable[..., LayerResult]
    found: Callable[..., Finding]

    @classmethod
    def of(cls, definition: LayerDefinition, catalogue: LayerCatalogue) -> _Rule:
        """From a definition."""
        made = partial(
            LayerResult,
            code=definition.code,
            name=definition.name,
            name_en=definition.name_en,
            family=definition.family,
            policy=definition.policy,
            clause=definition.clause.text,
            clause_en=definition.clause.text_en,
            clause_verified=definition.clause.verified,
            advice=definition.advice,
            advice_en=definition.advice_en,
            trigger=definition.trigger,
        )
        found = partial(
            Finding,
            code=f"plan.{definition.code}",
            title=definition.name,
            title_en=definition.name_en,
            clause=definition.clause.text,
        )
        tolerance, minimum = catalogue.tolerance(definition), catalogue.minimum_area(definition)
        return cls(definition.code, definition, tolerance, minimum, made, found)


class _Ready(NamedTuple):
    """A layer's rule, its facts where nothing of it is around, the line these give, and the line without data.

    There is no such line of a ``within`` layer: where nothing of it is around, all of the site lies outside.
    """

    rule: _Rule
    clear: LayerFacts | None
    if_clear: Line | None
    if_missing: Line


class Settled:
    """What no site changes, made once for the versions: lines of layers that are clear, and of those without data.

    Args:
        catalogue: the layers.
        versions: the version of each layer that has one.

    Attributes:
        clear: the facts of each layer with data of which nothing is around.
        since, until: the first and the last day on which all versions are in force.
        fragments: canonical JSON of these lines and findings, and of what does not change in others.
    """

    def __init__(self, catalogue: LayerCatalogue, versions: Mapping[str, LoadedVersion]) -> None:
        self.clear = {code: LayerFacts(version) for code, version in versions.items()}
        self.since = max((v.valid_from for v in versions.values()), default=dt.date.min)
        self.until = min((v.valid_to for v in versions.values() if v.valid_to), default=dt.date.max)
        self.zones = tuple(n for n, d in enumerate(catalogue.layers.values()) if d.zone is not None)
        self.fragments = Fragments()
        self.layers = [self._ready(_Rule.of(d, catalogue)) for d in catalogue.layers.values()]

    def _ready(self, rule: _Rule) -> _Ready:
        clear = self.clear.get(rule.definition.code)
        within = rule.definition.policy is Policy.WITHIN
        if_clear = self._line(rule, clear) if clear is not None and not within else None
        return _Ready(rule, clear, if_clear, self._line(rule, _NO_DATA))

    def _line(self, rule: _Rule, known: LayerFacts) -> Line:
        line = _judged(rule, known, 1.0, 0, None, Intent())
        self.fragments.keep(line.result, line.finding, line.planning)
        return line


def judge(
    site_area_m2: float,
    crs: int,
    facts: Mapping[str, LayerFacts],
    catalogue: LayerCatalogue,
    *,
    on: dt.date,
    height_m: float | None = None,
    intent: Intent | None = None,
    settled: Settled | None = None,
) -> ConflictReport:
    """Judge one site.

    Args:
        site_area_m2: area in ``crs``.
        crs: EPSG of the site and of all markers.
        facts: by layer code; a missing layer counts as without data.
        on: the day of the check (validity of area-wide evaluations).
        height_m: elevation of the highest point of the buildings (m above the datum of the height layer), if known;
            else ground elevation plus height of ``intent``.
        intent: what is to be built.
        settled: what was made beforehand for these versions.
    """
    if settled is None:
        settled = Settled(catalogue, {c: f.version for c, f in facts.items() if f.version is not None})
    layers: list[LayerResult] = []
    findings: list[Finding] = []
    planning: PlanningConditions | None = None
    intent = intent or Intent()
    top = height_m if height_m is not None else intent.top_m
    in_force = settled.since <= on <= settled.until
    for rule, clear, if_clear, if_missing in settled.layers:
        known = facts.get(rule.code)
        if known is not None and not in_force:
            known = _in_force(rule.definition, known, on)
        if known is None:
            line = if_missing
        elif known is clear and if_clear is not None:
            line = if_clear
        else:
            line = _judged(rule, known, site_area_m2, crs, top, intent)
        layers.append(line.result)
        if line.result.rules and intent.uses:
            findings += [_rule_finding(line.result, a) for a in line.result.rules]
        if line.finding is not None:
            findings.append(line.finding)
        planning = line.planning or planning
    met = [line.status for line in layers]
    counts = {name: met.count(status) for name, status in _STATUSES}
    zones = zones_of(catalogue, [layers[n] for n in settled.zones], site_area_m2, on)
    area = round(site_area_m2, 2)
    return ConflictReport(crs, area, on, tuple(layers), tuple(findings), counts, zones, planning)


_NO_DATA = LayerFacts(None)
_STATUSES = tuple((s.value, s) for s in Status)


def _in_force(definition: LayerDefinition, known: LayerFacts, on: dt.date) -> LayerFacts:
    """A version that is not in force on the day of the check, not yet or no longer, proves nothing."""
    version = known.version
    if version is None or version.period.holds_on(on):
        return known
    early = on < version.valid_from
    when = (
        f"自 {version.valid_from} 起生效，检查日尚未生效"
        if early
        else f"已于 {version.valid_to} 失效，检查日不再有效"
    )
    when_en = (
        f"in force from {version.valid_from} only"
        if early
        else f"no longer in force since {version.valid_to}"
    )
    then = next((p.version for p in version.others if p.holds_on(on)), None)
    other = f"；当日有效的是版本 {then}，恢复该版本后可检查" if then is not None else ""
    other_en = f"; version {then} was in force that day: make it current" if then is not None else ""
    return LayerFacts(
        None,
        reason=f"{definition.name}版本 {version.version} {when}，未核查{other}",
        reason_en=f"{definition.name_en}: version {version.version} is {when_en}{other_en}",
    )


def _judged(
    rule: _Rule, known: LayerFacts, site_area: float, crs: int, height_m: float | None, intent: Intent
) -> Line:
    """A line and its finding; a layer that is only information has a finding where it is met or missing."""
    line = _line(rule, known, site_area, height_m, intent)
    planning = None
    if rule.definition.policy is Policy.ATTRIBUTES:
        planning = planning_conditions(rule.definition, known, line, site_area)
        plot = planning.plot
        line.outcome = Outcome.PASS if planning.status == "decided" else Outcome.UNDECIDED
        line.message, line.message_en = planning.reason, planning.reason_en
        line.rules = answers(rule.definition, plot["attributes"], intent) if plot is not None else ()
    told = rule.definition.policy is not Policy.INFO or line.status in (Status.HIT, Status.NOT_CHECKED)
    return Line(line, _finding(rule, line, crs) if told else None, planning)


def _line(
    rule: _Rule, known: LayerFacts, site_area: float, height_m: float | None, intent: Intent
) -> LayerResult:
    definition = rule.definition
    if known.version is None:
        info_only = definition.policy is Policy.INFO
        return rule.made(
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
    features = [_feature(o, site_area, rule.tolerance, rule.minimum) for o in known.overlaps]
    if len(features) > 1:
        features.sort(key=lambda f: (f.status is not Status.HIT, -f.overlap_m2, f.fid))
    if definition.policy is Policy.WITHIN:
        return _within(rule, known, known.version, tuple(features), site_area)
    hits = [f for f in features if f.status is Status.HIT]
    status = Status.HIT if hits else Status.TOUCH if features else Status.CLEAR
    overlap = round(min(known.covered_m2, site_area), 2) if hits else 0.0
    share = overlap / site_area if site_area else 0.0
    outcome, message, message_en = _words(definition, status, hits, overlap, share, height_m)
    if hits:
        outcome, message, message_en = measured_words(
            definition, hits, (outcome, message, message_en), intent
        )
    return rule.made(
        status=status,
        outcome=outcome,
        overlap_m2=overlap,
        share=round(share, 6),
        features=tuple(features),
        version=known.version.version,
        valid_from=known.version.valid_from,
        message=message,
        message_en=message_en,
    )


def _feature(overlap: Overlap, site_area: float, tolerance: float, minimum: float) -> FeatureHit:
    """A sliver — smaller than the minimum area, or narrower on average than the tolerance — only touches."""
    area, perimeter = overlap.overlap_m2, overlap.perimeter_m
    width = 2 * area / perimeter if perimeter > 0 else 0.0
    meant = area >= minimum and area > 0 and width > tolerance
    return FeatureHit(
        overlap.fid,
        overlap.label,
        Status.HIT if meant else Status.TOUCH,
        round(area, 2),
        round(area / site_area, 6) if site_area else 0.0,
        overlap.attributes,
        overlap.marker,
        overlap.class_key,
        overlap.detail,
    )


def _within(
    rule: _Rule,
    known: LayerFacts,
    version: LoadedVersion,
    features: tuple[FeatureHit, ...],
    site_area: float,
) -> LayerResult:
    definition = rule.definition
    outside = max(site_area - known.covered_m2, 0.0)
    zones = "、".join(dict.fromkeys(f.label for f in features if f.status is Status.HIT and f.label))
    if outside < max(rule.minimum, 1e-6 * site_area):
        return rule.made(
            status=Status.CLEAR,
            outcome=Outcome.PASS,
            overlap_m2=0.0,
            share=0.0,
            features=features,
            version=version.version,
            valid_from=version.valid_from,
            message=f"全部位于{definition.name}内{f'（{zones}）' if zones else ''}",
            message_en=f"The whole site lies within the {definition.name_en.lower()}",
        )
    share = outside / site_area if site_area else 0.0
    return rule.made(
        status=Status.HIT,
        outcome=Outcome.NOTE,
        overlap_m2=round(outside, 2),
        share=round(share, 6),
        features=features,
        version=version.version,
        valid_from=version.valid_from,
        marker=known.outside,
        message=f"有 {outside:,.2f} ㎡（{share:.2%}）位于{definition.name}外。{definition.advice}",
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
    if definition.policy is Policy.HEIGHT and definition.height is not None:
        return height_words(definition, hits, height_m)
    what = "、".join(dict.fromkeys(h.label for h in hits[:3] if h.label)) + (" 等" if len(hits) > 3 else "")
    size, part = f"{overlap:,.2f}", f"{share:.2%}"
    tail = f"：{what}" if what else ""
    advice = f"。{definition.advice}" if definition.advice else ""
    outcome, verb, verb_en = Outcome.NOTE, "位于", "Lies in"
    if definition.policy is Policy.FORBID:
        outcome, verb, verb_en = Outcome.FAIL, "压占", "Overlaps"
    elif definition.policy is Policy.CONSULT:
        verb, verb_en = "涉及", "Concerns"
    return (
        outcome,
        f"{verb}{name} {size} ㎡（占用地 {part}）{tail}{advice}",
        f"{verb_en}: {name_en}, {size} m² ({part} of the site). {definition.advice_en}".strip(),
    )


def _finding(rule: _Rule, line: LayerResult, crs: int) -> Finding:
    marker = line.marker
    if marker is None and line.features:
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
    return rule.found(
        outcome=line.outcome,
        message=line.message,
        message_en=line.message_en,
        measured=measured,
        limit="0" if measured is not None and line.policy is Policy.FORBID else None,
        unit="㎡" if measured is not None else "",
        marker=marker,
        marker_crs=crs if marker is not None else None,
        source={
            "layer": line.code,
            "version": line.version,
            "valid_from": line.valid_from.isoformat() if line.valid_from else None,
            "status": str(line.status),
            "share": line.share,
            "trigger": line.trigger,
            "clause_verified": line.clause_verified,
        },
    )


def _rule_finding(line: LayerResult, answer: RuleAnswer) -> Finding:
    return Finding(
        code=f"plan.{line.code}.{answer.id}",
        title=answer.name,
        title_en=answer.name_en,
        outcome=answer.outcome,
        message=answer.message,
        message_en=answer.message_en,
        clause=answer.clause,
        source={
            "layer": line.code,
            "version": line.version,
            "valid_from": line.valid_from.isoformat() if line.valid_from else None,
            "rule": answer.id,
            "clause_verified": answer.clause_verified,
        },
    )
