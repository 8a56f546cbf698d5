"""Site selection 策划生成: judging and ranking candidates by criteria. Pure.

A criterion is kept (pass), not kept (fail: the candidate is excluded, with the reason) or 无法判定 (no data: it
stays, after all decided ones). Kept criteria give points from 0 to 1; the score is their weighted mean, 0 to 100.
Areas ㎡, distances m.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from shapely.geometry.base import BaseGeometry

from gis.check.conditions import number
from gis.rules import CATALOGUE
from project_box.kernel.catalogue import parse
from project_box.kernel.finding import Outcome

_STRICT = ConfigDict(extra="forbid", frozen=True)
Criterion = Literal["area", "use", "far", "distance", "slope", "forbidden", "compactness"]
NAMES: dict[str, tuple[str, str]] = {
    "area": ("用地面积", "Area"),
    "use": ("用地性质", "Land use"),
    "far": ("容积率", "Floor area ratio"),
    "distance": ("距离", "Distance"),
    "slope": ("坡度", "Slope"),
    "forbidden": ("不占禁止范围", "No forbidden overlap"),
    "compactness": ("形状紧凑度", "Compactness"),
}


class SlopeSource(BaseModel):
    """Layer and field of slope classes."""

    model_config = _STRICT

    layer: str
    field: str


class SelectionRules(BaseModel):
    """``catalogue/selection.yaml``."""

    model_config = _STRICT

    doc_no: str
    verified: bool
    effective_from: dt.date
    plots: str
    slope: SlopeSource
    weights: dict[Criterion, float]
    most_candidates: int = Field(gt=0)
    most_features: int = Field(gt=0)
    shown_excluded: int = Field(gt=0)


@lru_cache
def selection_rules() -> SelectionRules:
    """The rules in force.

    Raises:
        CatalogueError: the file is wrong; names line and field.
    """
    return parse(SelectionRules, CATALOGUE / "selection.yaml")


class Nearness(BaseModel):
    """A distance asked for: to the features of a layer, or to a point (east, north) in the city's CRS."""

    model_config = _STRICT

    layer: str | None = Field(default=None, max_length=30)
    point: tuple[float, float] | None = None
    most_m: float | None = Field(default=None, gt=0, le=1e6)
    least_m: float | None = Field(default=None, gt=0, le=1e6)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.layer is None) == (self.point is None):
            raise ValueError("state layer or point")
        if self.most_m is None and self.least_m is None:
            raise ValueError("state most_m or least_m")
        return self

    @property
    def name(self) -> str:
        """Chinese and code: what the distance is to."""
        return self.layer or (f"点（{self.point[0]:g},{self.point[1]:g}）" if self.point else "")


class Search(BaseModel):
    """What is looked for.

    Attributes:
        area_min, area_max: ㎡.
        uses: land use codes or their beginnings.
        far_min: the plot must allow at least this floor area ratio; ``far_max``: at most this.
        distances: to roads, a centre, any layer.
        slope_max: worst slope class allowed, 1 to 5.
        forbidden_share: share of the candidate (0 to 1) that may lie in forbidden layers.
        compactness_min: 4πA/P², 1 for a circle.
        cell_m: search square cells of this size in ``extent`` (west, south, east, north; city CRS) instead of plots.
        weights: over those of the catalogue.
        limit: candidates listed.
    """

    model_config = _STRICT

    area_min: float | None = Field(default=None, ge=0)
    area_max: float | None = Field(default=None, gt=0)
    uses: tuple[str, ...] = Field(default=(), max_length=40)
    far_min: float | None = Field(default=None, ge=0)
    far_max: float | None = Field(default=None, gt=0)
    distances: tuple[Nearness, ...] = Field(default=(), max_length=10)
    slope_max: int | None = Field(default=None, ge=1, le=5)
    forbidden_share: float = Field(default=0, ge=0, le=1)
    compactness_min: float | None = Field(default=None, ge=0, le=1)
    cell_m: float | None = Field(default=None, ge=10, le=5000)
    extent: tuple[float, float, float, float] | None = None
    weights: dict[Criterion, float] = Field(default_factory=dict)
    limit: int = Field(default=50, ge=1, le=500)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.area_min is not None and self.area_max is not None and self.area_min > self.area_max:
            raise ValueError("area_min is above area_max")
        if self.far_min is not None and self.far_max is not None and self.far_min > self.far_max:
            raise ValueError("far_min is above far_max")
        if (self.cell_m is None) != (self.extent is None):
            raise ValueError("cell_m and extent go together")
        if self.extent is not None and not (
            self.extent[0] < self.extent[2] and self.extent[1] < self.extent[3]
        ):
            raise ValueError("extent is west, south, east, north")
        if any(not (math.isfinite(w) and w >= 0) for w in self.weights.values()):
            raise ValueError("weights are not negative")
        return self

    def weight(self, criterion: str) -> float:
        """Weight of a criterion."""
        own: Mapping[str, float] = {str(k): v for k, v in self.weights.items()}
        base: Mapping[str, float] = {str(k): v for k, v in selection_rules().weights.items()}
        return own.get(criterion, base.get(criterion, 0.0))


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion of one candidate; ``points`` 0 to 1, None when it is not decided."""

    criterion: str
    name: str
    name_en: str
    outcome: Outcome
    value: str
    limit: str
    points: float | None
    weight: float
    reason: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plot or cell with its marks; ``score`` is 0 to 100 over the decided criteria."""

    key: str
    label: str
    area_m2: float
    geometry: BaseGeometry
    attributes: dict[str, Any]
    marks: tuple[Mark, ...]

    @property
    def outcome(self) -> Outcome:
        """Excluded (fail), with open criteria (undecided), or a candidate (pass)."""
        found = {m.outcome for m in self.marks}
        if Outcome.FAIL in found:
            return Outcome.FAIL
        return Outcome.UNDECIDED if Outcome.UNDECIDED in found else Outcome.PASS

    @property
    def score(self) -> float:
        """Weighted mean of the points."""
        decided = [m for m in self.marks if m.points is not None]
        total = sum(m.weight for m in decided)
        return round(100 * sum(m.weight * (m.points or 0) for m in decided) / total, 2) if total else 0.0


#: the same in both languages, or (Chinese, English)
Words = str | tuple[str, str]
_CELL_WITHOUT_USE = ("自由搜索格没有用地性质", "a free search cell has no land use")
_NO_FAR = ("没有容积率上限", "the plan gives no floor area ratio")


def _mark(
    search: Search, criterion: str, kept: bool | None, value: Words, limit: Words, points: float,
    *, why: tuple[str, str] = ("", ""), names: tuple[str, str] | None = None,
) -> Mark:  # fmt: skip
    name, name_en = names or NAMES[criterion]
    (value, value_en), (limit, limit_en) = _both(value), _both(limit)
    if kept is None:
        return Mark(
            criterion, name, name_en, Outcome.UNDECIDED, "", limit, None, search.weight(criterion),
            f"{name}无法判定：{why[0]}", f"{name_en} undecided: {why[1]}",
        )  # fmt: skip
    word, word_en = ("符合", "kept") if kept else ("不符合", "not kept")
    return Mark(
        criterion, name, name_en, Outcome.PASS if kept else Outcome.FAIL, value, limit,
        min(max(points, 0.0), 1.0) if kept else 0.0, search.weight(criterion),
        f"{name} {value}，要求 {limit}，{word}" + (f"（{why[0]}）" if why[0] else ""),
        f"{name_en} {value_en}, asked {limit_en}, {word_en}" + (f" ({why[1]})" if why[1] else ""),
    )  # fmt: skip


def _both(words: Words) -> tuple[str, str]:
    return (words, words) if isinstance(words, str) else words


def _range(low: float | None, high: float | None, unit: str = "") -> str:
    if low is not None and high is not None:
        return f"{low:,g}~{high:,g}{unit}"
    return f"≥{low:,g}{unit}" if low is not None else f"≤{high:,g}{unit}"


def own_marks(
    search: Search, area: float, geometry: BaseGeometry, attributes: Mapping[str, Any], *, plot: bool
) -> list[Mark]:
    """Criteria that need no other layer: area, use, floor area ratio, shape."""
    marks: list[Mark] = []
    if search.area_min is not None or search.area_max is not None:
        low, high = search.area_min, search.area_max
        kept = (low is None or area >= low) and (high is None or area <= high)
        marks.append(_mark(search, "area", kept, f"{area:,.2f} ㎡", _range(low, high, " ㎡"), 1.0))
    if search.uses:
        asked = "、".join(search.uses), ", ".join(search.uses)
        use = str(attributes.get("YDDM") or "").strip()
        if not plot or not use:
            why = ("地块没有用地代码", "the plot has no land use code") if plot else _CELL_WITHOUT_USE
            marks.append(_mark(search, "use", None, "", asked, 0, why=why))
        else:
            exact = use in search.uses
            kept = any(use.startswith(u) for u in search.uses)
            marks.append(_mark(search, "use", kept, use, asked, 1.0 if exact else 0.8))
    if search.far_min is not None or search.far_max is not None:
        far = number(attributes.get("RJL_MAX")) if plot else None
        shown = _range(search.far_min, search.far_max)
        if far is None:
            marks.append(_mark(search, "far", None, "", shown, 0, why=_NO_FAR))
        else:
            kept = (search.far_min is None or far >= search.far_min) and (
                search.far_max is None or far <= search.far_max
            )
            marks.append(_mark(search, "far", kept, f"{far:g}", shown, 1.0))
    shape = 4 * math.pi * geometry.area / geometry.length**2 if geometry.length else 0.0
    least = search.compactness_min or 0.0
    marks.append(_mark(search, "compactness", shape >= least, f"{shape:.2f}", f"≥{least:g}", shape))
    return marks


def distance_mark(
    search: Search,
    near: Nearness,
    distance: float | None,
    to: tuple[str, str],
    why: tuple[str, str] = ("", "no data"),
) -> Mark:
    """A distance ``to`` (Chinese, English); None when there is nothing to measure to.

    Nearer is better where a most is asked.
    """
    limit = _range(near.least_m, near.most_m, " m")
    name, name_en = NAMES["distance"]
    names = f"{to[0]} {name}".strip(), f"{name_en} to {to[1].lower()}" if to[1] else name_en
    if distance is None:
        return _mark(search, "distance", None, "", limit, 0, why=why, names=names)
    kept = (near.most_m is None or distance <= near.most_m) and (
        near.least_m is None or distance >= near.least_m
    )
    points = 1 - distance / near.most_m if near.most_m is not None else distance / (2 * (near.least_m or 1))
    return _mark(search, "distance", kept, f"{distance:,.1f} m", limit, points, names=names)


def slope_mark(search: Search, classes: Sequence[tuple[float | None, float]] | None, area: float) -> Mark:
    """The worst slope class on the candidate; ``classes`` are (class, ㎡), None when no layer is loaded."""
    assert search.slope_max is not None
    limit = f"≤{search.slope_max} 级", f"≤ class {search.slope_max}"
    if classes is None:
        return _mark(search, "slope", None, "", limit, 0, why=("没有坡度图层", "no slope layer"))
    worst = max((c for c, _ in classes if c is not None), default=0.0)
    open_part = any(c is None for c, _ in classes) or sum(a for _, a in classes) < 0.99 * area
    if open_part and worst <= search.slope_max:
        why = "坡度图层没有覆盖全部用地", "the slope layer does not cover all of the site"
        return _mark(search, "slope", None, "", limit, 0, why=why)
    value, points = (f"{worst:g} 级", f"class {worst:g}"), 1 - (worst - 1) / search.slope_max
    return _mark(search, "slope", worst <= search.slope_max, value, limit, points)


def forbidden_mark(
    search: Search,
    overlaps: Sequence[tuple[str, str, float]],
    unchecked: Sequence[tuple[str, str]],
    area: float,
    covered: float,
) -> Mark:
    """Overlap with forbidden layers (Chinese and English name, ㎡); one that could not be checked leaves it open.

    Args:
        covered: ㎡ that lie in at least one of them.
    """
    share = min(covered / area, 1.0) if area else 0.0
    limit = f"≤{search.forbidden_share:.0%}"
    names = (
        "、".join(f"{n} {a:,.2f} ㎡" for n, _, a in overlaps),
        ", ".join(f"{e} {a:,.2f} m²" for _, e, a in overlaps),
    )
    if share > search.forbidden_share + 1e-9:
        return _mark(search, "forbidden", False, f"{share:.2%}", limit, 0, why=names)
    if unchecked:
        more, more_en = (" 等", " and others") if len(unchecked) > 4 else ("", "")
        why = (
            f"{'、'.join(n for n, _ in unchecked[:4])}{more}未核查",
            f"{', '.join(e for _, e in unchecked[:4])}{more_en} not checked",
        )
        return _mark(search, "forbidden", None, "", limit, 0, why=why)
    return _mark(search, "forbidden", True, f"{share:.2%}", limit, 1 - share, why=names)


def ranked(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """(candidates, excluded): decided ones first, then by score, area, key; excluded by their key."""
    kept = [c for c in candidates if c.outcome is not Outcome.FAIL]
    kept.sort(key=lambda c: (c.outcome is Outcome.UNDECIDED, -c.score, -c.area_m2, c.key))
    out = sorted((c for c in candidates if c.outcome is Outcome.FAIL), key=lambda c: c.key)
    return kept, out
