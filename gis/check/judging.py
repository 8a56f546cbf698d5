"""Judging the multi-plan check 多规合一检查: from overlaps to statuses, findings, planning conditions and zones.

Pure: overlaps come in as facts, rules as layer definitions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gis.check.canonical import Fragments
from gis.check.conditions import planning_conditions, zones_of
from gis.check.conflict import (
    Intent,
    LayerFacts,
    LayerResult,
    LoadedVersion,
    Overlap,
    Status,
)
from gis.check.limits import height_words, measured_words
from gis.check.lines import (
    UNTOUCHED,
    Judgement,
    Line,
    Met,
    Rule,
    Values,
    Whole,
    finding_of,
    missing,
    names_of,
    rule_finding,
    zones_named,
)
from gis.check.use_rules import answers
from gis.layers.layer import LayerCatalogue, LayerDefinition, Policy
from project_box.kernel.finding import Finding, Outcome


class _Ready(NamedTuple):
    """A layer's rule, its facts where nothing of it is around, the line these give, and the line without data.

    There is no such line of a ``within`` layer: where nothing of it is around, all of the site lies outside.
    """

    rule: Rule
    clear: LayerFacts | None
    if_clear: Whole | None
    if_missing: Whole


class Settled:
    """What no site changes, made once for the versions: lines of layers that are clear, and of those without data.

    Args:
        catalogue: the layers.
        versions: the version of each layer that has one.

    Attributes:
        clear: the facts of each layer with data of which nothing is around.
        since, until: the first and the last day on which all versions are in force.
        zones: which of the layers tell of a zone; ``widened``: codes of those that take in lines and points.
        fragments: canonical JSON of these lines and findings, and of what does not change in others.
    """

    def __init__(self, catalogue: LayerCatalogue, versions: Mapping[str, LoadedVersion]) -> None:
        self.clear = {code: LayerFacts(version) for code, version in versions.items()}
        self.since = max((v.valid_from for v in versions.values()), default=dt.date.min)
        self.until = min((v.valid_to for v in versions.values() if v.valid_to), default=dt.date.max)
        self.zones = tuple(n for n, d in enumerate(catalogue.layers.values()) if d.zone is not None)
        self.widened = tuple(code for code, definition in catalogue.layers.items() if definition.widens)
        self.fragments = Fragments()
        self.layers = [self._ready(Rule.of(d, catalogue)) for d in catalogue.layers.values()]

    def _ready(self, rule: Rule) -> _Ready:
        clear = self.clear.get(rule.definition.code)
        within = rule.policy is Policy.WITHIN
        if_clear = self._line(rule, clear) if clear is not None and not within else None
        return _Ready(rule, clear, if_clear, self._line(rule, _NO_DATA))

    def _line(self, rule: Rule, known: LayerFacts) -> Whole:
        line = _judged(rule, known, 1.0, 0, None, Intent())
        if isinstance(line, Met):
            line = Whole(*line.told(0))
        self.fragments.keep(line)
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
) -> Judgement:
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
    lines: list[Line] = []
    intent = intent or Intent()
    top = height_m if height_m is not None else intent.top_m
    in_force = settled.since <= on <= settled.until
    for rule, clear, if_clear, if_missing in settled.layers:
        known = facts.get(rule.code)
        if known is not None and not in_force:
            known = _in_force(rule.definition, known, on)
        if known is None:
            lines.append(if_missing)
        elif known is clear and if_clear is not None:
            lines.append(if_clear)
        else:
            lines.append(_judged(rule, known, site_area_m2, crs, top, intent))
    zones = zones_of(catalogue, [lines[n] for n in settled.zones], site_area_m2, on)
    return Judgement(crs, round(site_area_m2, 2), on, lines, zones)


_NO_DATA = LayerFacts(None)


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
    rule: Rule, known: LayerFacts, site_area: float, crs: int, height_m: float | None, intent: Intent
) -> Line:
    """The line of a layer."""
    if known.version is None:
        return _whole(rule, known, missing(rule, known.reason, known.reason_en), site_area, crs, intent)
    hits, touching = _told_apart(known, rule)
    if rule.policy is Policy.WITHIN:
        return _within(rule, known, known.version, hits, touching, site_area)
    met = Met(rule, known.version, Status.CLEAR, UNTOUCHED, site_area, hits, touching)
    if hits:
        overlap = min(known.covered_m2, site_area)
        share = overlap / site_area if site_area else 0.0
        met.status, met.values = Status.HIT, Values.of(overlap, share, names_of(hits))
    elif touching:
        met.status = Status.TOUCH
    if rule.policy is Policy.ATTRIBUTES:
        return _whole(rule, known, met.result, site_area, crs, intent)
    if hits and not rule.plain:
        said = height_words(rule.definition, hits, height_m) if rule.policy is Policy.HEIGHT else met.words
        met.said = measured_words(rule.definition, hits, said, intent)
    return met


def _told_apart(known: LayerFacts, rule: Rule) -> tuple[list[Overlap], list[Overlap]]:
    """Features that overlap a site and those that only touch it, the largest first.

    A sliver (smaller than the minimum area, or narrower on average than the tolerance) only touches; where the minimum
    counts for the layer, those wide enough must reach it together.
    """
    hits: list[Overlap] = []
    touching: list[Overlap] = []
    tolerance, minimum = rule.tolerance, 0.0 if rule.summed else rule.minimum
    for overlap in known.overlaps:
        area, perimeter = overlap.overlap_m2, overlap.perimeter_m
        if area > 0 and area >= minimum and perimeter > 0 and 2 * area / perimeter > tolerance:
            hits.append(overlap)
        else:
            touching.append(overlap)
    if rule.summed and min(sum(o.overlap_m2 for o in hits), known.covered_m2) < rule.minimum:
        hits, touching = [], list(known.overlaps)
    for found in (hits, touching):
        if len(found) > 1:
            found.sort(key=_largest_first)
    return hits, touching


def _whole(
    rule: Rule, known: LayerFacts, line: LayerResult, site_area: float, crs: int, intent: Intent
) -> Whole:
    """A line with its findings, and of a layer of plots the planning conditions and answers to its rules."""
    planning = None
    findings: list[Finding] = []
    if rule.policy is Policy.ATTRIBUTES:
        planning = planning_conditions(rule.definition, known, line, site_area)
        plot = planning.plot
        line.outcome = Outcome.PASS if planning.status == "decided" else Outcome.UNDECIDED
        line.message, line.message_en = planning.reason, planning.reason_en
        line.rules = answers(rule.definition, plot["attributes"], intent) if plot is not None else ()
        if intent.uses:
            findings += [rule_finding(line, answer) for answer in line.rules]
    own = finding_of(rule, line, f"{line.overlap_m2:.2f}", crs)
    if own is not None:
        findings.append(own)
    return Whole(line, tuple(findings), planning)


def _largest_first(overlap: Overlap) -> tuple[float, int]:
    return -int(overlap.overlap_m2 * 100 + 0.5), overlap.fid


def _within(
    rule: Rule,
    known: LayerFacts,
    version: LoadedVersion,
    hits: Sequence[Overlap],
    touching: Sequence[Overlap],
    site_area: float,
) -> Met:
    """The line of a layer that is to hold the site; *hit* is what lies outside."""
    met = Met(rule, version, Status.CLEAR, UNTOUCHED, site_area, hits, touching)
    outside = max(site_area - known.covered_m2, 0.0)
    if outside < max(rule.minimum, 1e-6 * site_area):
        met.values = UNTOUCHED._replace(named=zones_named(hits))
    else:
        share = outside / site_area if site_area else 0.0
        met.status, met.values, met.outside = Status.HIT, Values.of(outside, share, ""), known.outside
    return met
