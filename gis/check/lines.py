"""Lines of the multi-plan check 核查结果的一行: what a layer means for a site, as words, results and findings. Pure.

Most layers a site meets say the same words around a few values (:class:`Values`). Such a line is :class:`Met`: its
words are put together when somebody asks for its result or finding, and a batch fills the values into texts made once
(:mod:`gis.check.canonical`). All other lines are :class:`Whole`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

from gis.check.conflict import (
    ConflictReport,
    FeatureHit,
    LayerResult,
    LoadedVersion,
    Overlap,
    PlanningConditions,
    RuleAnswer,
    Status,
    worst,
)
from gis.layers.layer import LayerCatalogue, LayerDefinition, Policy
from project_box.kernel.finding import Finding, Outcome

Words = tuple[Outcome, str, str]
#: policies under which an overlap is measured
_MEASURED = frozenset({Policy.FORBID, Policy.CONSULT, Policy.NOTE, Policy.WITHIN})
#: policies whose lines need more than the values of :class:`Values`
_SPECIAL = frozenset({Policy.HEIGHT, Policy.ATTRIBUTES})


class Values(NamedTuple):
    """What a site changes in the words of a line, as it is shown.

    Attributes:
        overlap_m2, share: of the line, not rounded.
        size, part: overlap and share in words, ``1,234.50`` and ``4.13%``.
        named: labels of the features with what stands around them, or nothing.
        measured: the overlap in the finding, ``1234.50``.
    """

    overlap_m2: float
    share: float
    size: str
    part: str
    named: str
    measured: str

    @classmethod
    def of(cls, overlap: float, share: float, named: str) -> Values:
        """From overlap (㎡) and share as computed; words show them to two decimals."""
        shown = f"{overlap:,.2f}"
        return cls(overlap, share, shown, f"{share:.2%}", named, shown.replace(",", ""))


#: values of a line without overlap
UNTOUCHED = Values(0.0, 0.0, "", "", "", "")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a layer's definition says, ready for judging: ``made`` gives its line, ``found`` its finding.

    Attributes:
        summed: the minimum counts for all features together.
        plain: overlaps with it are told in the words of :func:`words`.
        outcomes: outcome of its finding by the status of its line; none where it has none.
    """

    code: str
    definition: LayerDefinition
    policy: Policy
    tolerance: float
    minimum: float
    summed: bool
    plain: bool
    outcomes: dict[Status, frozenset[Outcome]]
    made: Callable[..., LayerResult]
    found: Callable[..., Finding]

    @classmethod
    def of(cls, definition: LayerDefinition, catalogue: LayerCatalogue) -> Rule:
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
        plain = (
            definition.policy not in _SPECIAL
            and definition.buffer is None
            and definition.building_limit is None
        )
        tolerance, minimum = catalogue.tolerance(definition), catalogue.minimum_area(definition)
        policy = definition.policy
        outcomes = {
            status: frozenset({_outcome(policy, status)} if _tells(policy, status) else ())
            for status in Status
        }
        summed = definition.minimum_area_per == "layer"
        return cls(
            definition.code, definition, policy, tolerance, minimum, summed, plain, outcomes, made, found
        )


@dataclass(slots=True)
class Whole:
    """A line with all its objects.

    Attributes:
        answers: findings of rules on attributes, and last the line's own.
        texts: canonical JSON of the line and of its findings, where it comes again and again.
        outcomes: of its findings; ``status``: of the layer.
    """

    result: LayerResult
    answers: tuple[Finding, ...]
    planning: PlanningConditions | None = None
    texts: tuple[bytes, bytes] | None = None
    outcomes: frozenset[Outcome] = field(init=False)
    status: Status = field(init=False)

    def __post_init__(self) -> None:
        self.outcomes = frozenset(f.outcome for f in self.answers)
        self.status = self.result.status

    @property
    def code(self) -> str:
        """The layer."""
        return self.result.code

    @property
    def features(self) -> tuple[FeatureHit, ...]:
        """The features met."""
        return self.result.features

    @property
    def hits(self) -> list[FeatureHit]:
        """The features that overlap the site."""
        return [feature for feature in self.features if feature.status is Status.HIT]

    def told(self, _: int) -> tuple[LayerResult, tuple[Finding, ...]]:
        """The line itself and its findings."""
        return self.result, self.answers


@dataclass(slots=True)
class Met:
    """A line about a layer the site meets, or that is to hold it.

    Attributes:
        hits: features that overlap the site; ``touching``: those that only touch it; both worst first.
        outside: the shape of the part outside of a ``within`` layer.
        said: its words, where they are not the usual ones.
    """

    rule: Rule
    version: LoadedVersion
    status: Status
    values: Values
    site_area_m2: float
    hits: Sequence[Overlap] = ()
    touching: Sequence[Overlap] = ()
    outside: dict[str, Any] | None = None
    said: Words | None = None
    planning: ClassVar[None] = None
    texts: ClassVar[None] = None

    @property
    def code(self) -> str:
        """The layer."""
        return self.rule.code

    @property
    def features(self) -> tuple[FeatureHit, ...]:
        """The features met."""
        area = self.site_area_m2
        return (
            *(feature_of(overlap, Status.HIT, area) for overlap in self.hits),
            *(feature_of(overlap, Status.TOUCH, area) for overlap in self.touching),
        )

    @property
    def outcomes(self) -> frozenset[Outcome]:
        """Outcome of its finding."""
        usual = self.rule.outcomes[self.status]
        return usual if self.said is None or not usual else frozenset(self.said[:1])

    @property
    def words(self) -> Words:
        """Outcome, and a sentence in Chinese and English."""
        return self.said or words(self.rule.definition, self.status, self.values)

    @property
    def result(self) -> LayerResult:
        """The line itself."""
        line = line_of(self.rule, self.version, self.status, self.values, self.words)
        line.overlap_m2, line.share = round(line.overlap_m2, 2), round(line.share, 6)
        line.features, line.marker = self.features, self.outside
        return line

    def told(self, crs: int) -> tuple[LayerResult, tuple[Finding, ...]]:
        """The line itself and its finding; ``crs`` is that of markers."""
        line = self.result
        found = finding_of(self.rule, line, self.values.measured, crs)
        return line, () if found is None else (found,)


Line = Whole | Met


@dataclass(slots=True)
class Judgement:
    """One site judged: a line for each layer of the catalogue, and facts of zones for later stages."""

    crs: int
    site_area_m2: float
    checked_on: dt.date
    lines: Sequence[Line]
    zones: dict[str, Any]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of all findings."""
        found: frozenset[Outcome] = frozenset()
        return worst(found.union(*[line.outcomes for line in self.lines]))

    @property
    def counts(self) -> dict[str, int]:
        """How many layers there are of each status."""
        met = [line.status for line in self.lines]
        return {name: met.count(status) for name, status in _STATUSES}

    @property
    def planned(self) -> Whole | None:
        """The line of the layer of plots."""
        return next((line for line in reversed(self.lines) if line.planning is not None), None)

    def report(self) -> ConflictReport:
        """The report with all its objects."""
        planned = self.planned
        told = [line.told(self.crs) for line in self.lines]
        return ConflictReport(
            self.crs,
            self.site_area_m2,
            self.checked_on,
            tuple(result for result, _ in told),
            tuple(finding for _, findings in told for finding in findings),
            self.counts,
            self.zones,
            planned.planning if planned is not None else None,
        )


_STATUSES = tuple((s.value, s) for s in Status)


def line_of(
    rule: Rule,
    version: LoadedVersion,
    status: Status,
    values: Values,
    said: Words,
) -> LayerResult:
    """The result of a layer with data, without its features, its values as they are."""
    outcome, message, message_en = said
    return rule.made(
        status=status,
        outcome=outcome,
        overlap_m2=values.overlap_m2,
        share=values.share,
        features=(),
        version=version.version,
        valid_from=version.valid_from,
        message=message,
        message_en=message_en,
    )


def feature_of(overlap: Overlap, status: Status, site_area: float) -> FeatureHit:
    """A feature as the line tells it: ㎡ to two decimals, its share of the site (areas in ㎡) to six."""
    area = overlap.overlap_m2
    return FeatureHit(
        overlap.fid,
        overlap.label,
        status,
        round(area, 2),
        round(area / site_area, 6) if site_area else 0.0,
        overlap.attributes,
        overlap.marker,
        overlap.class_key,
        overlap.detail,
    )


def missing(rule: Rule, reason: str, reason_en: str) -> LayerResult:
    """The result of a layer without data, or with data that proves nothing."""
    definition = rule.definition
    return rule.made(
        status=Status.NOT_CHECKED,
        outcome=Outcome.NOTE if definition.policy is Policy.INFO else Outcome.UNDECIDED,
        overlap_m2=0.0,
        share=0.0,
        features=(),
        version=None,
        valid_from=None,
        message=reason or f"没有{definition.name}的数据，未核查",
        message_en=reason_en or f"{definition.name_en}: no data loaded, not checked",
    )


def names_of(hits: Sequence[Overlap]) -> str:
    """Labels of the first features met."""
    if len(hits) == 1:
        return f"：{hits[0].label}" if hits[0].label else ""
    what = "、".join(dict.fromkeys([h.label for h in hits[:3] if h.label])) + (" 等" if len(hits) > 3 else "")
    return f"：{what}" if what else ""


def zones_named(hits: Sequence[Overlap]) -> str:
    """Labels of the zones a site lies in."""
    zones = "、".join(dict.fromkeys([h.label for h in hits if h.label]))
    return f"（{zones}）" if zones else ""


def _tells(policy: Policy, status: Status) -> bool:
    """Whether a line of this status has a finding: one that is only information where it is met or missing."""
    return policy is not Policy.INFO or status in (Status.HIT, Status.NOT_CHECKED)


def _outcome(policy: Policy, status: Status) -> Outcome:
    if status is Status.CLEAR:
        return Outcome.PASS
    return Outcome.FAIL if status is Status.HIT and policy is Policy.FORBID else Outcome.NOTE


def words(definition: LayerDefinition, status: Status, values: Values) -> Words:
    """Outcome, and a sentence in Chinese and English, in the usual words."""
    if definition.policy is Policy.WITHIN:
        return _within_words(definition, status, values)
    name, name_en, size, part = definition.name, definition.name_en, values.size, values.part
    outcome = _outcome(definition.policy, status)
    if status is Status.CLEAR:
        return outcome, f"不涉及{name}", f"Clear of: {name_en}"
    if status is Status.TOUCH:
        return (
            outcome,
            f"与{name}相邻，未压占；请核对界线",
            f"Touches without overlapping: {name_en}; check the line",
        )
    verb, verb_en = _VERBS.get(definition.policy, ("位于", "Lies in"))
    advice = f"。{definition.advice}" if definition.advice else ""
    return (
        outcome,
        f"{verb}{name} {size} ㎡（占用地 {part}）{values.named}{advice}",
        f"{verb_en}: {name_en}, {size} m² ({part} of the site). {definition.advice_en}".strip(),
    )


_VERBS = {Policy.FORBID: ("压占", "Overlaps"), Policy.CONSULT: ("涉及", "Concerns")}


def _within_words(definition: LayerDefinition, status: Status, values: Values) -> Words:
    """Of a layer that is to hold the site: *hit* is what lies outside."""
    outcome = _outcome(definition.policy, status)
    if status is Status.CLEAR:
        return (
            outcome,
            f"全部位于{definition.name}内{values.named}",
            f"The whole site lies within the {definition.name_en.lower()}",
        )
    size, part = values.size, values.part
    return (
        outcome,
        f"有 {size} ㎡（{part}）位于{definition.name}外。{definition.advice}",
        f"{size} m² ({part}) lie outside. {definition.advice_en}",
    )


def finding_of(rule: Rule, line: LayerResult, measured: str, crs: int) -> Finding | None:
    """The finding of a line, where it has one; ``measured``: its overlap as shown."""
    if not _tells(rule.policy, line.status):
        return None
    marker = _marker(line)
    measures = line.status is Status.HIT and line.policy in _MEASURED
    return rule.found(
        outcome=line.outcome,
        message=line.message,
        message_en=line.message_en,
        measured=measured if measures else None,
        limit="0" if measures and line.policy is Policy.FORBID else None,
        unit="㎡" if measures else "",
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


def _marker(line: LayerResult) -> dict[str, Any] | None:
    """The shape of a finding: of what lies outside, or of what is met."""
    if line.marker is not None or not line.features:
        return line.marker
    wanted = Status.HIT if line.status is Status.HIT else Status.TOUCH
    markers = [f.marker for f in line.features if f.status is wanted and f.marker is not None]
    if len(markers) > 1:
        return {"type": "GeometryCollection", "geometries": markers}
    return markers[0] if markers else None


def rule_finding(line: LayerResult, answer: RuleAnswer) -> Finding:
    """The finding of one rule on attributes."""
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
