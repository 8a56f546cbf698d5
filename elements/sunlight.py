"""Sunlight check 日照分析: hours of sun of dwellings on 大寒日 and 冬至日, and the conclusion against the standard.

Entry points: :func:`analyse` (drawings in, report out), :func:`check` (any scene and windows), :func:`element_values` (the
report as inputs of the engine), :func:`findings` (for lists and maps), :func:`central_green` (集中绿地).

Everything unknown is carried as a pair of bounds and becomes 无法判定 only where it matters:

* a building without height is left out for the upper bound and made very tall for the lower;
* without a counting rule the longest interval alone is the lower bound, all intervals together the upper;
* without windows a building is judged by its facades: every dwelling is taken to have a room on the main facade
  (:func:`elements.sunlight_scene.main_direction`), so the worst point there is the lower bound; the best point of the
  whole building is the upper, since no window can do better.

Hours of sun are true solar time, compared with the standard after rounding to 1e-6 h.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import shapely
from shapely.geometry import LineString, Point, mapping
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel
from elements.rounding import measured, plain_number, round_to
from elements.sunlight_drawing import Building, Situation, read_situation
from elements.sunlight_hours import (
    BEHIND,
    CONTIGUOUS,
    CUMULATIVE,
    Counting,
    Exposure,
    Floats,
    SunPath,
    exposure,
    sun_path,
)
from elements.sunlight_rules import DWELLING, ELDERLY, RENEWAL, DayRule, Standard, SunRules
from elements.sunlight_scene import (
    Facade,
    Scene,
    Site,
    Window,
    facades,
    main_direction,
    windows_along,
)
from elements.sunlight_shadow import SunnyShare, sunny_share
from elements.sunlight_sun import clock, moment_of_solar_time, noon_declination, term_date
from elements.values import ElementValue, Missing, Undecided, union_evidence, union_missing
from project_box.kernel.finding import EntityRef, Finding, Outcome

#: height (m) given to buildings of unknown height where the least sun is asked for: taller than any shadow reaches
TALL = 5000.0
#: hours by which sun may differ without being less (0.0036 s)
_SAME = 1e-6
#: a wall belongs to the main facade when it looks within this angle (degrees) of the main direction
_MAIN_ANGLE = 45.0
#: the word used for the sun standing behind the window's own wall
BEHIND_WALL = "背向"


# ---------------------------------------------------------------- what is asked


@dataclass(frozen=True, slots=True)
class Subject:
    """A building whose dwellings need sun.

    Attributes:
        name: building number; also the name of its block in the scene.
        own: of the project; a neighbour also counts what it loses to the project.
        case: kind of standard (住宅, 旧区改建, 老年人居住建筑 …), None when the use is not known.
        windows: given ones carry ``dwelling``; generated ones carry their facade.
        main: indices of ``windows`` on the main facade; only for generated ones.
        facades: facades the windows were generated on.
        refs: drawing entities.
    """

    name: str
    own: bool
    case: str | None
    windows: tuple[Window, ...]
    main: frozenset[int] = frozenset()
    facades: tuple[Facade, ...] = ()
    refs: tuple[EntityRef, ...] = ()

    @property
    def by_facade(self) -> bool:
        """True when no windows were given."""
        return bool(self.facades)


def subject_of_facades(
    name: str,
    footprint: BaseGeometry,
    site: Site,
    height: float,
    *,
    spacing: float = 1.0,
    own: bool = True,
    case: str | None = DWELLING,
    refs: tuple[EntityRef, ...] = (),
) -> Subject:
    """A building judged by its facades: window points every ``spacing`` m at ``height`` m (the sill)."""
    walls = facades(name, footprint, site)
    windows = [w for wall in walls for w in windows_along(wall, site, spacing, height)]
    direction = main_direction(footprint, site)
    main = frozenset(
        i
        for i, w in enumerate(windows)
        if w.facing is not None and abs((w.facing - direction + 180.0) % 360.0 - 180.0) <= _MAIN_ANGLE
    )
    return Subject(name, own, case, tuple(windows), main, tuple(walls), refs)


# ---------------------------------------------------------------- what is answered


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of shade: the building that casts it (or 背向) and hours of true solar time."""

    building: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class WindowSun:
    """Sun on one window.

    Attributes:
        low, high: hours between which its sun lies (equal when nothing is unknown).
        lit: intervals surely in the sun; shades: what takes the rest, buildings of unknown height as very tall.
        lost: hours the project takes from it, for neighbours.
    """

    window: Window
    low: float
    high: float
    lit: tuple[tuple[float, float], ...]
    shades: tuple[Shade, ...]
    lost: float = 0.0


@dataclass(frozen=True, slots=True)
class FacadeSun:
    """Sun along one facade: least and most hours, and the stretches (m from its start) below the standard."""

    facade: Facade
    main: bool
    least: float
    most: float
    short: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class UnitSun:
    """A dwelling, or a building judged by its facades.

    Attributes:
        name: dwelling with building, or building. basis: ``windows`` 窗位 or ``facade`` 立面.
        low, high: hours of its best room: of the worst dwelling when judged by facades.
        affected: for neighbours: whether the project takes sun from it; None when that cannot be told.
        standard: what it needs on this day, None when the standard asks for another day or is missing.
        outcome: 符合 / 不符合 / 无法判定; 提示 on a day no standard asks for.
        missing: why it is 无法判定.
    """

    name: str
    building: str
    own: bool
    case: str | None
    basis: str
    low: float
    high: float
    outcome: Outcome
    message: str
    message_en: str
    standard: Standard | None = None
    affected: bool | None = None
    missing: tuple[Missing, ...] = ()
    windows: tuple[int, ...] = ()
    shaded_by: tuple[str, ...] = ()
    refs: tuple[EntityRef, ...] = ()


@dataclass(frozen=True, slots=True)
class DaySun:
    """One sunlight day.

    Attributes:
        name: 大寒日 or 冬至日. date: in Beijing time. declination: degrees at true solar noon.
        start, end: hours of true solar time that count. clock: the same in Beijing time, ``HH:MM:SS``.
    """

    name: str
    date: dt.date
    declination: float
    start: float
    end: float
    clock: tuple[str, str]
    windows: tuple[WindowSun, ...]
    facades: tuple[FacadeSun, ...]
    units: tuple[UnitSun, ...]


@dataclass(frozen=True, slots=True)
class SunReport:
    """Outcome of a check; ``to_plain`` makes JSON of it.

    Attributes:
        days: in the order of the rules.
        counting: how hours were added up, in words.
        assumptions: what was taken as given. documents: rules used. verified: they were compared with the originals.
    """

    site: Site
    days: tuple[DaySun, ...]
    counting: str
    assumptions: tuple[str, ...]
    documents: tuple[str, ...]
    verified: bool
    missing: tuple[Missing, ...] = field(default_factory=tuple)

    def day(self, name: str) -> DaySun:
        """A day by name.

        Raises:
            KeyError: not computed.
        """
        for day in self.days:
            if day.name == name:
                return day
        raise KeyError(name)


# ---------------------------------------------------------------- the check


def path_of(day: DayRule, site: Site, year: int) -> tuple[dt.date, SunPath]:
    """Date and way of the sun of a sunlight day at a site."""
    date = term_date(year, day.longitude)
    declination = noon_declination(date, site.longitude)
    return date, sun_path(site, declination, day.start, day.end)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Hours per window in the corners of what is unknown: ``tall``/``absent`` heights × ``strict``/``lenient`` count."""

    tall: Exposure
    absent: Exposure
    strict: Counting
    lenient: Counting

    def hours(self, *, tall: bool, strict: bool) -> Floats:
        side = self.tall if tall else self.absent
        return side.hours(self.strict if strict else self.lenient)


def _bounds(windows: Sequence[Window], scene: Scene, path: SunPath, rules: SunRules) -> _Bounds:
    strict = rules.counting or CONTIGUOUS
    lenient = rules.counting or CUMULATIVE
    tall = exposure(windows, scene.raised(scene.unknown, TALL).blocks, path, sweep=rules.sweep)
    absent = tall
    if scene.unknown:
        absent = exposure(windows, scene.without(scene.unknown).blocks, path, sweep=rules.sweep)
    return _Bounds(tall, absent, strict, lenient)


def check(
    scene: Scene,
    subjects: Sequence[Subject],
    rules: SunRules,
    *,
    before: Scene | None = None,
    assumptions: Sequence[str] = (),
) -> SunReport:
    """Hours of sun and conclusions of all subjects on every sunlight day of the rules.

    Args:
        scene: all blocks with the project built; a subject's own block has the subject's name.
        subjects: buildings with windows, of the project and around it.
        before: the scene without the project; with it neighbours that lose no sun are left alone.
        assumptions: sentences to carry into the report.

    Raises:
        BadInput: a year or an hour window that makes no sense.
    """
    windows = [w for s in subjects for w in s.windows]
    days = []
    for rule in rules.days:
        date, path = path_of(rule, scene.site, rules.year)
        now = _bounds(windows, scene, path, rules)
        then = _bounds(windows, before, path, rules) if before is not None else None
        days.append(_day(rule, date, path, scene, subjects, rules, now, then))
    return SunReport(
        site=scene.site,
        days=tuple(days),
        counting=rules.counting.text() if rules.counting else "未定(连续与累计分别计算)",
        assumptions=tuple(assumptions),
        documents=rules.documents,
        verified=rules.verified,
    )


def _day(
    rule: DayRule,
    date: dt.date,
    path: SunPath,
    scene: Scene,
    subjects: Sequence[Subject],
    rules: SunRules,
    now: _Bounds,
    then: _Bounds | None,
) -> DaySun:
    low, high = now.hours(tall=True, strict=True), now.hours(tall=False, strict=False)
    names = [b.name for b in scene.blocks]
    lost = np.zeros(len(low))
    if then is not None:
        lost = np.maximum(
            then.hours(tall=True, strict=False) - now.hours(tall=True, strict=False),
            then.hours(tall=False, strict=False) - now.hours(tall=False, strict=False),
        )
    found: list[WindowSun] = []
    units: list[UnitSun] = []
    walls: list[FacadeSun] = []
    first = 0
    for subject in subjects:
        span = range(first, first + len(subject.windows))
        for i, window in zip(span, subject.windows, strict=True):
            shades = tuple(
                Shade(BEHIND_WALL if b == BEHIND else names[b], s, e) for b, s, e in now.tall.dark(i)
            )
            gone = 0.0 if subject.own else max(float(lost[i]), 0.0)
            found.append(
                WindowSun(window, float(low[i]), float(high[i]), tuple(now.tall.lit(i)), shades, gone)
            )
        standard = rules.standards.get(subject.case) if subject.case else None
        needed = standard if standard is not None and standard.day == rule.name else None
        units += _units(subject, span, rule, needed, scene, rules, now, then)
        walls += _walls(subject, span, needed, low, high, now.tall)
        first += len(subject.windows)
    return DaySun(
        name=rule.name,
        date=date,
        declination=path.declination,
        start=path.start,
        end=path.end,
        clock=(
            clock(moment_of_solar_time(date, path.start, scene.site.longitude)),
            clock(moment_of_solar_time(date, path.end, scene.site.longitude)),
        ),
        windows=tuple(found),
        facades=tuple(walls),
        units=tuple(units),
    )


def _walls(
    subject: Subject, span: range, needed: Standard | None, low: Floats, high: Floats, seen: Exposure
) -> list[FacadeSun]:
    out = []
    for facade in subject.facades:
        numbers = [
            i
            for i, w in zip(span, subject.windows, strict=True)
            if w.facade == facade.name and seen.inside[i] < 0
        ]
        if not numbers:
            continue
        step = facade.length / sum(w.facade == facade.name for w in subject.windows)
        short: list[tuple[float, float]] = []
        for i in numbers:
            if needed is None or low[i] >= needed.hours - _SAME:
                continue
            station = subject.windows[i - span.start].station
            begin, end = station - step / 2, station + step / 2
            if short and begin - short[-1][1] < step / 2:
                short[-1] = (short[-1][0], end)
            else:
                short.append((begin, end))
        main = any(i - span.start in subject.main for i in numbers)
        least, most = float(low[numbers].min()), float(high[numbers].max())
        out.append(FacadeSun(facade, main, least, most, tuple(short)))
    return out


# ---------------------------------------------------------------- units


def _units(
    subject: Subject,
    span: range,
    rule: DayRule,
    needed: Standard | None,
    scene: Scene,
    rules: SunRules,
    now: _Bounds,
    then: _Bounds | None,
) -> list[UnitSun]:
    if not subject.windows:
        return []
    if subject.by_facade:
        free = [i for i in span if now.absent.inside[i] < 0]
        main = [i for i in free if i - span.start in subject.main]
        if not free:
            return []
        return [_unit(subject.name, subject, main or free, free, rule, needed, scene, rules, now, then)]
    dwellings: dict[str, list[int]] = {}
    for i, window in zip(span, subject.windows, strict=True):
        dwellings.setdefault(window.dwelling or f"窗 {i - span.start + 1}", []).append(i)
    return [
        _unit(f"{subject.name} {name}", subject, numbers, numbers, rule, needed, scene, rules, now, then)
        for name, numbers in dwellings.items()
    ]


def _unit(
    name: str,
    subject: Subject,
    certain: Sequence[int],
    possible: Sequence[int],
    rule: DayRule,
    needed: Standard | None,
    scene: Scene,
    rules: SunRules,
    now: _Bounds,
    then: _Bounds | None,
) -> UnitSun:
    """One unit: ``certain`` windows bound it from below (worst of a facade, best of a dwelling), ``possible`` from above."""
    by_facade = subject.by_facade

    def least(bounds: _Bounds, *, tall: bool, strict: bool) -> float:
        hours = bounds.hours(tall=tall, strict=strict)[list(certain)]
        return float(hours.min() if by_facade else hours.max())

    def most(bounds: _Bounds, *, tall: bool, strict: bool) -> float:
        return float(bounds.hours(tall=tall, strict=strict)[list(possible)].max())

    low, high = least(now, tall=True, strict=True), most(now, tall=False, strict=False)
    if not by_facade and any(now.tall.inside[i] >= 0 for i in certain):
        high = max(high, rule.end - rule.start)  # a window inside a building says nothing
    affected = _affected(subject, possible, now, then)
    outcome, missing = Outcome.NOTE, ()
    if subject.case is None or (subject.case not in rules.standards):
        outcome = Outcome.UNDECIDED
        missing = (
            rules.missing.get(subject.case, ())
            if subject.case
            else (Missing(f"{subject.name}.用途", "用途", f"{subject.name} 未注用途", "use is not given"),)
        )
        if subject.case is None and subject.own and rules.own_case is None:
            missing = (Missing("RZ_CASE", "日照情形", "缺少日照情形(RZ_CASE)", "RZ_CASE is not given"),)
        if affected is False:
            outcome, missing = Outcome.PASS, ()
    elif needed is not None:
        limit = needed.hours - _SAME
        if affected is False or low >= limit:
            outcome = Outcome.PASS
        elif high < limit and affected is not None:
            outcome = Outcome.FAIL
        else:
            outcome = Outcome.UNDECIDED
            missing = _reasons(subject, certain, possible, limit, scene, rules, now, least, most)
    shaded = sorted(
        {
            scene.blocks[b].name
            for i in certain
            for b, _, _ in now.tall.dark(i)
            if b != BEHIND and scene.blocks[b].name != subject.name
        }
    )
    zh, en = _words(name, subject, rule, needed, low, high, outcome, affected, missing)
    return UnitSun(
        name=name,
        building=subject.name,
        own=subject.own,
        case=subject.case,
        basis="facade" if by_facade else "windows",
        low=low,
        high=high,
        outcome=outcome,
        message=zh,
        message_en=en,
        standard=needed,
        affected=affected,
        missing=missing,
        windows=tuple(possible),
        shaded_by=tuple(shaded),
        refs=subject.refs,
    )


def _affected(
    subject: Subject, numbers: Sequence[int], now: _Bounds, then: _Bounds | None
) -> bool | None:
    """Whether the project takes sun from a neighbour; None when it hangs on an unknown height. True for own units."""
    if subject.own or then is None:
        return True
    chosen = list(numbers)
    loses = [
        bool(
            (
                then.hours(tall=tall, strict=strict)[chosen] - now.hours(tall=tall, strict=strict)[chosen]
                > _SAME
            ).any()
        )
        for tall in (True, False)
        for strict in (True, False)
    ]
    return True if all(loses) else False if not any(loses) else None


def _reasons(
    subject: Subject,
    certain: Sequence[int],
    possible: Sequence[int],
    limit: float,
    scene: Scene,
    rules: SunRules,
    now: _Bounds,
    least: object,
    most: object,
) -> tuple[Missing, ...]:
    raise NotImplementedError
