"""What the multi-plan check 多规合一检查 takes in (facts of each layer) and gives (results, findings, conditions).

Pure; :mod:`gis.check.judging` gets from the one to the other. Statuses: ``hit`` 压占, ``touch`` 相邻 (within the touch
tolerance, or an overlap too small or too narrow to be meant), ``clear`` 不涉及, ``not_checked`` 未核查 (no data: never
clear). For a ``within`` layer *hit* means that a part of the site lies outside, and the overlap is that part.
Areas are ㎡ in the site's CRS. What a check makes for every layer and feature is not frozen, which would
take three times as long to make; nobody changes it once it is handed on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

from gis.layers.layer import Policy
from project_box.kernel.finding import Finding, Outcome
from project_box.kernel.plain import to_plain


class Status(StrEnum):
    """State of one layer for one site."""

    HIT = "hit"
    TOUCH = "touch"
    CLEAR = "clear"
    NOT_CHECKED = "not_checked"

    __hash__ = str.__hash__  # equal to its text; that of an enumeration takes five times as long

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
class Period:
    """When a version of a layer holds: from its first to its last day; ``valid_to`` None while no end is known."""

    version: str
    valid_from: dt.date
    valid_to: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Whether the version is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class LoadedVersion:
    """The version of a layer that is checked; ``extent_lonlat`` is where its data lies, ``others`` the layer's other
    versions, newest first."""

    id: int
    version: str
    valid_from: dt.date
    check_crs: int
    extent_lonlat: tuple[float, ...] = ()
    valid_to: dt.date | None = None
    others: tuple[Period, ...] = ()

    @property
    def period(self) -> Period:
        """When it holds."""
        return Period(self.version, self.valid_from, self.valid_to)


class Attributes(Mapping[str, Any]):
    """Attributes of a feature by their canonical JSON ``text``, which is read when somebody asks for one of them."""

    __slots__ = ("_values", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._values: dict[str, Any] | None = None

    @property
    def values_read(self) -> dict[str, Any]:
        """All of them; nobody changes them."""
        if self._values is None:
            self._values = from_json(self.text)
        return self._values

    def __getitem__(self, name: str) -> Any:
        return self.values_read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_read)

    def __len__(self) -> int:
        return len(self.values_read)

    def get(self, name: str, default: Any = None) -> Any:
        """One of them."""
        return self.values_read.get(name, default)


@dataclass(slots=True)
class Overlap:
    """One feature near the site: overlap area and perimeter (both 0 when it only touches), attributes, marker.

    ``detail``: of a feature delivered as a line or point what was measured to it (:mod:`gis.check.measuring`).
    """

    fid: int
    label: str
    overlap_m2: float
    perimeter_m: float
    attributes: Mapping[str, Any]
    marker: dict[str, Any] | None = None
    class_key: str | None = None
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to be built, as far as it is known.

    Attributes:
        building_m: height of the highest building above its ground.
        ground_m: elevation of that ground, in the datum of the height layer.
        uses: intended uses, (code, share in %).
    """

    building_m: float | None = None
    ground_m: float | None = None
    uses: tuple[tuple[str, float], ...] = ()

    @property
    def top_m(self) -> float | None:
        """Elevation of the top: ground elevation plus height; None when either is unknown."""
        if self.building_m is None or self.ground_m is None:
            return None
        return self.building_m + self.ground_m


@dataclass(slots=True)
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


@dataclass(slots=True)
class FeatureHit:
    """A feature in the result; ``share`` is its overlap over the site area."""

    fid: int
    label: str
    status: Status
    overlap_m2: float
    share: float
    attributes: Mapping[str, Any]
    marker: dict[str, Any] | None
    class_key: str | None
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """Answer to one rule on attributes."""

    id: str
    name: str
    name_en: str
    outcome: Outcome
    message: str
    message_en: str
    clause: str
    clause_en: str
    clause_verified: bool


@dataclass(slots=True)
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
    rules: tuple[RuleAnswer, ...] = ()

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
        """The worst outcome."""
        return worst({f.outcome for f in self.findings})

    def payload(self) -> dict[str, Any]:
        """Plain form, as Result ``conflict_report`` carries it (timings are not part of it)."""
        plain: dict[str, Any] = to_plain(self.summary() | {"findings": self.findings})
        plain["layers"] = [line_plain(line) for line in self.layers]
        return plain

    def summary(self) -> dict[str, Any]:
        """The payload without its lines and findings."""
        return {
            "crs": self.crs,
            "site_area_m2": self.site_area_m2,
            "checked_on": self.checked_on,
            "outcome": self.outcome,
            "counts": self.counts,
            "zones": self.zones,
            "planning": self.planning,
        }


def worst(outcomes: Set[Outcome]) -> Outcome:
    """不符合 before 无法判定 before 提示 before 符合."""
    for outcome in (Outcome.FAIL, Outcome.UNDECIDED, Outcome.NOTE):
        if outcome in outcomes:
            return outcome
    return Outcome.PASS


def line_plain(line: LayerResult) -> dict[str, Any]:
    """Plain form of one line, with the words for its status."""
    plain: dict[str, Any] = to_plain(line)
    plain["status_name"], plain["status_name_en"] = line.status_words
    return plain
