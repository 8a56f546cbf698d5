"""Judging the multi-plan check 多规合一检查: from overlaps to statuses, findings, planning conditions and zones.

Pure: overlaps come in as facts, rules as layer definitions.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gis.canonical import Fragments
from gis.conditions import planning_conditions, zones_of
from gis.conflict import (
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
from gis.layer import LayerCatalogue, LayerDefinition, Policy
from gis.limits import height_words, measured_words
from gis.use_rules import answers
from project_box.kernel.finding import Finding, Outcome

Line = tuple[LayerResult, Finding | None]


class Settled:
    """Lines that no site changes: of layers that are clear, and of those without data. Made once for the versions.

    Args:
        catalogue: the layers.
        versions: the version of each layer that has one.
    """

    def __init__(self, catalogue: LayerCatalogue, versions: Mapping[str, LoadedVersion]) -> None:
        self._clear: dict[str, Line] = {}
        self._missing: dict[str, Line] = {}
        for code, definition in catalogue.layers.items():
            if definition.policy is Policy.ATTRIBUTES:
                continue  # gives planning conditions, or says why not
            self._missing[code] = _whole_line(definition, LayerFacts(None), 1.0, 0, catalogue, None)
            if code in versions and definition.policy is not Policy.WITHIN:
                known = LayerFacts(versions[code])
                self._clear[code] = _whole_line(definition, known, 1.0, 0, catalogue, None)
        #: canonical JSON of these lines and findings, and of what does not change in others
        self.fragments = Fragments()
        for line, finding in (*self._clear.values(), *self._missing.values()):
            self.fragments.keep(line, finding)

    def line(self, code: str, known: LayerFacts) -> Line | None:
        """The line of a layer, when these facts make it one of the settled ones."""
        if known.overlaps or known.reason:
            return None
        if known.version is None:
            return self._missing.get(code)
        ready = self._clear.get(code)
        return ready if ready is not None and ready[0].version == known.version.version else None


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
        settled: lines made beforehand for these versions.
    """
    area = round(site_area_m2, 2)
    layers: list[LayerResult] = []
    findings: list[Finding] = []
    planning: PlanningConditions | None = None
    intent = intent or Intent()
    top = height_m if height_m is not None else intent.top_m
    for definition in catalogue.layers.values():
        known = _in_force(definition, facts.get(definition.code, _NO_DATA), on)
        ready = settled.line(definition.code, known) if settled is not None else None
        if ready is None and definition.policy is Policy.ATTRIBUTES:
            line = _line(definition, known, site_area_m2, catalogue, top, intent)
            planning = planning_conditions(definition, known, line, site_area_m2)
            line = replace(
                line,
                outcome=Outcome.PASS if planning.status == "decided" else Outcome.UNDECIDED,
                message=planning.reason,
                message_en=planning.reason_en,
            )
            if planning.plot is not None:
                line = replace(line, rules=answers(definition, planning.plot["attributes"], intent))
            ready = line, _finding(line, crs)
        line, finding = ready or _whole_line(definition, known, site_area_m2, crs, catalogue, top, intent)
        layers.append(line)
        findings += [_rule_finding(line, a) for a in line.rules if intent.uses]
        if finding is not None:
            findings.append(finding)
    met = Counter(line.status for line in layers)
    counts = {s.value: met[s] for s in Status}
    zones = zones_of(catalogue, layers, site_area_m2, on)
    return ConflictReport(crs, area, on, tuple(layers), tuple(findings), counts, zones, planning)


_NO_DATA = LayerFacts(None)


def _in_force(definition: LayerDefinition, known: LayerFacts, on: dt.date) -> LayerFacts:
    """A version that is not yet in force on the day of the check proves nothing."""
    version = known.version
    if version is None or version.valid_from <= on:
        return known
    return LayerFacts(
        None,
        reason=f"{definition.name}版本 {version.version} 自 {version.valid_from} 起生效，检查日尚未生效，未核查",
        reason_en=f"{definition.name_en}: version {version.version} is in force from {version.valid_from} only",
    )


def _whole_line(
    definition: LayerDefinition,
    known: LayerFacts,
    site_area: float,
    crs: int,
    catalogue: LayerCatalogue,
    height_m: float | None,
    intent: Intent | None = None,
) -> Line:
    """A line and its finding; a layer that is only information has a finding where it is met or missing."""
    line = _line(definition, known, site_area, catalogue, height_m, intent or Intent())
    told = definition.policy is not Policy.INFO or line.status in (Status.HIT, Status.NOT_CHECKED)
    return line, _finding(line, crs) if told else None


def _line(
    definition: LayerDefinition,
    known: LayerFacts,
    site_area: float,
    catalogue: LayerCatalogue,
    height_m: float | None,
    intent: Intent,
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
    if hits:
        outcome, message, message_en = measured_words(
            definition, hits, (outcome, message, message_en), intent
        )
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
        overlap.detail,
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
        return height_words(definition, hits, height_m)
    outcome, verb, verb_en = {
        Policy.FORBID: (Outcome.FAIL, "压占", "Overlaps"),
        Policy.CONSULT: (Outcome.NOTE, "涉及", "Concerns"),
    }.get(definition.policy, (Outcome.NOTE, "位于", "Lies in"))
    return (
        outcome,
        f"{verb}{name} {size}{tail}{advice}",
        f"{verb_en}: {name_en}, {size_en}. {definition.advice_en}".strip(),
    )


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
