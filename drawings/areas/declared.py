"""Declared figures (技术经济指标) against what the same drawing shows, and against each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from drawings.areas.area_table import AreaTable, area_table
from drawings.deadline import Deadline
from drawings.drawing import DrawingModel
from drawings.interpreting.estimate import estimate
from drawings.interpreting.spaces import spaces_of
from drawings.issues import Collector
from drawings.reading import CATALOGUE
from drawings.standards.standards import roles
from drawings.standards.vocabulary import Vocabulary
from project_box.kernel.catalogue import parse
from project_box.kernel.finding import Level

#: a limit is no figure of the plan
_LIMIT = re.compile(r"^\s*[≤≥<>＜＞≦≧]|不[大小高低]于|不超过|至少|以[上下内]")
_DIGITS = re.compile(r"\d+[.,](\d+)")
#: the site area, and the site less the roads and greens that are given up, over which ratios may be declared
_SITE, _NET = "申报用地面积", "净用地面积"
#: measures over the site
_OVER_SITE = ("coverage_share", "green_share", "floor_far", "estimate_far")
_BELOW = "地下建筑面积"
_CARS, _CARS_ABOVE, _CARS_BELOW = "机动车位数", "地上机动车位数", "地下机动车位数"
#: what is measured, in Chinese and English
_NAMES = {
    "coverage": ("图上建筑基底合计", "ground covered as drawn"),
    "coverage_share": ("图上建筑基底 ÷ 用地", "ground covered ÷ site as drawn"),
    "green": ("图上绿地合计", "greens as drawn"),
    "green_share": ("图上绿地 ÷ 用地", "greens ÷ site as drawn"),
    "cars": ("图上机动车位", "car spaces drawn"),
    "bikes": ("图上非机动车位", "bicycle spaces drawn"),
    "height": ("图上注明的最大建筑高度", "the greatest height written at a building"),
    "floor_total": ("各层面积合计", "sum of the floors drawn"),
    "floor_above": ("地上各层面积合计", "sum of the floors above ground"),
    "floor_below": ("地下各层面积合计", "sum of the floors below ground"),
    "floor_counted": ("图上计容面积合计", "sum of the areas drawn as counted for FAR"),
    "floor_far": ("图上计容面积 ÷ 用地", "areas counted for FAR ÷ site as drawn"),
    "estimate_above": ("轮廓 × 层数的估算", "the estimate outline × storeys"),
    "estimate_far": ("轮廓 × 层数 ÷ 用地的估算", "the estimate outline × storeys ÷ site"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeclaredFigure(_Strict):
    """One figure and its measure; see the head of ``declared.yaml``."""

    key: str
    drawn: str
    within: float = 0.0
    share: float = 0.0
    error: float | None = None
    error_share: float | None = None


class DeclaredSum(_Strict):
    """A figure that follows from others: their ``sum``, or ``part`` ÷ ``whole``."""

    key: str
    sum: tuple[str, ...] = ()
    part: str = ""
    whole: str = ""
    percent: bool = False
    share: float


class DeclaredRules(_Strict):
    """``declared.yaml``."""

    names_en: dict[str, str]
    figures: tuple[DeclaredFigure, ...]
    sums: tuple[DeclaredSum, ...]


@lru_cache
def declared_rules() -> DeclaredRules:
    """The rules in force.

    Raises:
        CatalogueError: the file is malformed.
    """
    return parse(DeclaredRules, CATALOGUE / "declared.yaml")


#: where a figure is written: layer, handle and place in drawing units
Place = tuple[str, str, tuple[float, float] | None]


def compare_declared(
    model: DrawingModel,
    words: Vocabulary,
    places: Mapping[str, Place],
    issues: Collector,
    deadline: Deadline,
) -> None:
    """Tell declared figures that differ from what is drawn (``DXF-DECLARED``) and from each other
    (``DXF-DECLARED-SUM``).

    Raises:
        OutOfTimeError: the time is over.
    """
    rules, figures = declared_rules(), _figures(model, words)
    if not figures:
        return
    measure = _Measures(model, deadline)
    done: set[str] = set()
    for rule in rules.figures:
        if rule.key not in figures or rule.key in done:
            continue
        drawn = measure.of(rule.drawn)
        if drawn is None:
            continue
        done.add(rule.key)
        if rule.key == _CARS and _agrees_in_part(figures, drawn):
            continue
        names = _NAMES[rule.drawn]
        if rule.drawn in _OVER_SITE and _NET in figures:
            by_net = drawn * measure.site() / figures[_NET]
            if abs(by_net - figures[rule.key]) < abs(drawn - figures[rule.key]):
                drawn = by_net
                names = names[0].replace("用地", "净用地"), names[1].replace("site", "net site")
        _compare(rule, figures, drawn, names, model, places, issues)
    for row in rules.sums:
        _compare_sum(row, figures, model.attributes, places, issues)


def _figures(model: DrawingModel, words: Vocabulary) -> dict[str, float]:
    out: dict[str, float] = {}
    for key, unit in roles().number.items():
        text = model.attributes.get(key)
        if not isinstance(text, str) or _LIMIT.search(unicodedata.normalize("NFKC", text)):
            continue
        number = words.number(text, unit)
        if number is not None and number > 0:
            out[key] = number
    if _NET in out:
        out.setdefault(_SITE, out[_NET])
    return out


def _agrees_in_part(figures: Mapping[str, float], drawn: float) -> bool:
    """Are the car spaces that are drawn those declared above ground, or those below?"""
    parts = [figures[key] for key in (_CARS_ABOVE, _CARS_BELOW) if key in figures]
    return drawn in (*parts, *(figures[_CARS] - n for n in parts))


def _may_lie_below(key: str, figures: Mapping[str, float], drawn: float, model: DrawingModel) -> bool:
    """Car spaces that are declared and not drawn may lie in the storeys below ground, where there are any."""
    return key == _CARS and drawn < figures[key] and (_BELOW in figures or bool(model.by_role("basement")))


class _Measures:
    """What the drawing gives, each measured when it is first asked for."""

    def __init__(self, model: DrawingModel, deadline: Deadline) -> None:
        self.model, self.deadline = model, deadline
        self._estimate: dict[str, object] | None = None
        self._table: AreaTable | None = None

    def of(self, name: str) -> float | None:
        """The figure of a measure; None if the drawing does not give it."""
        self.deadline.check()
        measures: dict[str, Callable[[], float | None]] = {
            "cars": lambda: self._count("parking_car"),
            "bikes": lambda: self._count("parking_bike"),
            "height": self._height,
            "coverage": lambda: self._estimated("coverage_m2"),
            "coverage_share": lambda: self._percent("coverage_m2"),
            "green": lambda: self._estimated("green_m2"),
            "green_share": lambda: self._percent("green_m2"),
            "estimate_above": lambda: self._estimated("above_m2"),
            "estimate_far": lambda: self._estimated("far"),
            "floor_total": lambda: _plain(self._floors().total),
            "floor_above": lambda: _plain(self._floors().above),
            "floor_below": lambda: _plain(self._floors().below),
            "floor_counted": self._counted,
            "floor_far": self._far,
        }
        return measures[name]()

    def site(self) -> float:
        """Site as drawn, ㎡."""
        return sum(s.area_m2 or 0.0 for s in self.model.by_role("site_boundary"))

    def _estimated(self, key: str) -> float | None:
        if self._estimate is None:
            self._estimate = dict(estimate(self.model, None, self.deadline) or {})
        value = self._estimate.get(key)
        return value if isinstance(value, float) and value > 0 else None

    def _percent(self, key: str) -> float | None:
        part, site = self._estimated(key), self.site()
        return part / site * 100 if part is not None and site else None

    def _count(self, role: str) -> float | None:
        counts = spaces_of(self.model.by_role(role))
        known = [count for count in counts if count is not None]
        return float(sum(known)) if known and len(known) == len(counts) and sum(known) else None

    def _height(self) -> float | None:
        own = [s.attributes.get("建筑高度") for s in self.model.by_role("footprint", "outline")]
        if any(h is None for h in own):  # a building without a height may be the highest
            return None
        return max((h for h in own if isinstance(h, float)), default=None)

    def _floors(self) -> AreaTable:
        if self._table is None:
            self._table = area_table([self.model])
        return self._table

    def _counted(self) -> float | None:
        table = self._floors()
        return _plain(table.by_kind.get("计容")) if table.total is not None else None

    def _far(self) -> float | None:
        counted, site = self._counted(), self.site()
        return counted / site if counted is not None and site else None


def _plain(value: Decimal | None) -> float | None:
    return float(value) if value else None


def _rounding(text: str, unit: str = "") -> float:
    """Half of the last digit a figure is written with; a share may be written as a ratio (0,19 is 19 %)."""
    plain = unicodedata.normalize("NFKC", text)
    found = _DIGITS.search(plain)
    half = 0.5 * 10.0 ** -(len(found.group(1)) if found is not None else 0)
    return half * 100 if unit == "%" and "%" not in plain else half


def _compare(
    rule: DeclaredFigure,
    figures: Mapping[str, float],
    drawn: float,
    names: tuple[str, str],
    model: DrawingModel,
    places: Mapping[str, Place],
    issues: Collector,
) -> None:
    stated, unit = figures[rule.key], roles().number[rule.key]
    rounding = _rounding(str(model.attributes[rule.key]), unit) if unit not in ("个", "户") else 0.0
    difference = drawn - stated
    if abs(difference) <= max(rule.within, rule.share * abs(drawn), rounding) + 1e-9:
        return
    grave = (rule.error is not None and abs(difference) > rule.error) or (
        rule.error_share is not None and abs(difference) > rule.error_share * abs(stated)
    )
    level = Level.ERROR if grave else Level.WARNING
    if _may_lie_below(rule.key, figures, drawn, model):
        level = Level.INFO
    digits = 0 if unit in ("个", "户") else 2
    layer, handle, at = places.get(rule.key, ("", "", None))
    issues.add(
        "DXF-DECLARED",
        level=level,
        layer=layer,
        handle=handle,
        at=at,
        figure=rule.key,
        figure_en=declared_rules().names_en[rule.key],
        declared=f"{stated:.{digits}f}{unit if unit == '%' else ''}",
        drawn=f"{drawn:.{digits}f}{unit if unit == '%' else ''}",
        difference=f"{difference:+.{digits}f}",
        how=names[0],
        how_en=names[1],
    )


def _compare_sum(
    row: DeclaredSum,
    figures: Mapping[str, float],
    attributes: Mapping[str, object],
    places: Mapping[str, Place],
    issues: Collector,
) -> None:
    parts = row.sum or (row.part, row.whole)
    if row.key not in figures or any(p not in figures for p in parts):
        return
    stated, names = figures[row.key], declared_rules().names_en
    if row.sum:
        follows = sum(figures[p] for p in row.sum)
        said = " + ".join(f"{p} {figures[p]:g}" for p in row.sum)
    else:
        wholes = [w for w in (row.whole, _NET) if w in figures and (w == row.whole or row.whole == _SITE)]
        part, times = figures[row.part], 100 if row.percent else 1
        whole = min(wholes, key=lambda w: abs(part / figures[w] * times - stated))
        follows = part / figures[whole] * times
        said = f"{row.part} {part:g} ÷ {whole} {figures[whole]:g}"
    said_en = said
    for name in (_NET, *parts):
        said_en = said_en.replace(name, names[name])
    slack = max(row.share * abs(follows), _rounding(str(attributes[row.key]), roles().number[row.key]))
    slack += sum(_rounding(str(attributes[p])) for p in row.sum)
    if abs(follows - stated) <= slack + 1e-9:
        return
    layer, handle, at = places.get(row.key, ("", "", None))
    issues.add(
        "DXF-DECLARED-SUM",
        layer=layer,
        handle=handle,
        at=at,
        figure=row.key,
        figure_en=names[row.key],
        declared=f"{stated:g}",
        follows=f"{follows:.2f}",
        said=said,
        said_en=said_en,
    )
