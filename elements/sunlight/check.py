"""The sunlight check itself: hours of sun of every unit between bounds, judged against its standard.

Everything unknown is carried as a pair of bounds and becomes 无法判定 only where it matters:

* a building without height is left out for the upper bound and made very tall for the lower;
* without a counting rule the longest interval alone is the lower bound, all intervals together the upper;
* without windows a building is judged by its facades: every dwelling is taken to have a room on the main facade
  (:func:`elements.sunlight.scene.main_direction`), so the worst point there is the lower bound; the best point of the
  whole building is the upper, since no window can do better.

Hours of sun are true solar time, compared with the standard after allowing 1e-6 h for rounding.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely.geometry.base import BaseGeometry

from elements.engine.values import Missing
from elements.sunlight.hours import (
    BEHIND,
    CONTIGUOUS,
    CUMULATIVE,
    Exposure,
    Floats,
    SunPath,
    exposure,
    sun_path,
)
from elements.sunlight.report import (
    BEHIND_WALL,
    DaySun,
    FacadeSun,
    Shade,
    SunReport,
    UnitSun,
    WindowSun,
    sentence,
)
from elements.sunlight.rules import DWELLING, DayRule, Standard, SunRules
from elements.sunlight.scene import (
    Facade,
    Scene,
    Site,
    Window,
    facades,
    main_direction,
    windows_along,
)
from elements.sunlight.sun import clock, moment_of_solar_time, noon_declination, term_date
from project_box.kernel.finding import EntityRef, Outcome

#: height (m) given to buildings of unknown height where the least sun is asked for: taller than any shadow reaches
TALL = 5000.0
#: hours by which sun may differ without being less (0.0036 s)
SAME = 1e-6
#: a wall belongs to the main facade when it looks within this angle (degrees) of the main direction
_MAIN_ANGLE = 45.0


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


def path_of(day: DayRule, site: Site, year: int) -> tuple[dt.date, SunPath]:
    """Date and way of the sun of a sunlight day at a site."""
    date = term_date(year, day.longitude)
    declination = noon_declination(date, site.longitude)
    return date, sun_path(site, declination, day.start, day.end)


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Sun of all windows in the corners of what is unknown.

    Attributes:
        tall, absent: with buildings of unknown height very tall, and left out.
        corners: hours per window by (tall, strict): strictest and most lenient way of counting.
    """

    tall: Exposure
    absent: Exposure
    corners: dict[tuple[bool, bool], Floats]

    def hours(self, *, tall: bool, strict: bool) -> Floats:
        """Hours per window in one corner."""
        return self.corners[tall, strict]


def _bounds(windows: Sequence[Window], scene: Scene, path: SunPath, rules: SunRules) -> _Bounds:
    strict = rules.counting or CONTIGUOUS
    lenient = rules.counting or CUMULATIVE
    tall = exposure(windows, scene.raised(scene.unknown, TALL).blocks, path, sweep=rules.sweep)
    absent = tall
    if scene.unknown:
        absent = exposure(windows, scene.without(scene.unknown).blocks, path, sweep=rules.sweep)
    corners = {
        (is_tall, is_strict): (tall if is_tall else absent).hours(strict if is_strict else lenient)
        for is_tall, is_strict in _CORNERS
    }
    return _Bounds(tall, absent, corners)


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
    if all(s.own for s in subjects):
        before = None
    days = []
    for rule in rules.days:
        date, path = path_of(rule, scene.site, rules.year)
        now = _bounds(windows, scene, path, rules)
        then = _bounds(windows, before, path, rules) if before is not None else None
        days.append(_day(rule, date, path, scene, subjects, rules, now, then))
    return SunReport(
        site=scene.site,
        days=tuple(days),
        counting=rules.counting.text() if rules.counting else "未定（连续与累计分别计算）",
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
            if needed is None or low[i] >= needed.hours - SAME:
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


@dataclass(frozen=True, slots=True)
class _Corners:
    """Hours of a unit for every combination of (tall, strict): ``least`` by its certain windows, ``most`` by any."""

    least: dict[tuple[bool, bool], float]
    most: dict[tuple[bool, bool], float]

    def straddles(self, limit: float, *, over_heights: bool) -> bool:
        """Whether changing heights (or the way of counting) alone moves the unit over the limit."""
        for values in (self.least, self.most):
            for fixed in (True, False):
                one, other = (
                    (values[True, fixed], values[False, fixed])
                    if over_heights
                    else (values[fixed, True], values[fixed, False])
                )
                if (one >= limit) != (other >= limit):
                    return True
        return False


_CORNERS = ((True, True), (True, False), (False, True), (False, False))


def _corners(by_facade: bool, certain: Sequence[int], possible: Sequence[int], now: _Bounds) -> _Corners:
    least: dict[tuple[bool, bool], float] = {}
    most: dict[tuple[bool, bool], float] = {}
    for tall, strict in _CORNERS:
        hours = now.hours(tall=tall, strict=strict)
        sure = hours[list(certain)]
        least[tall, strict] = float(sure.min() if by_facade else sure.max())
        most[tall, strict] = float(hours[list(possible)].max())
    return _Corners(least, most)


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
    """One unit, bounded from below by its ``certain`` windows and from above by its ``possible`` ones."""
    corners = _corners(subject.by_facade, certain, possible, now)
    low, high = corners.least[True, True], corners.most[False, False]
    buried = not subject.by_facade and any(now.tall.inside[i] >= 0 for i in certain)
    if buried:
        high = max(high, rule.end - rule.start)  # a window drawn inside a building says nothing
    affected = _affected(subject, possible, now, then)
    outcome, missing = Outcome.NOTE, tuple[Missing, ...]()
    if affected is False:
        outcome = Outcome.PASS
    elif subject.case is None or subject.case not in rules.standards:
        outcome, missing = Outcome.UNDECIDED, no_standard(subject, rules)
    elif needed is not None:
        limit = needed.hours - SAME
        if low >= limit:
            outcome = Outcome.PASS
        elif high < limit and affected:
            outcome = Outcome.FAIL
        else:
            outcome = Outcome.UNDECIDED
            missing = _reasons(subject, certain, possible, limit, scene, rules, now, corners, buried)
    names = {scene.blocks[b].name for i in certain for b, _, _ in now.tall.dark(i) if b != BEHIND}
    zh, en = sentence(
        name, subject.own, subject.by_facade, rule.name, needed, low, high, outcome, affected, missing
    )
    return UnitSun(
        name=name,
        building=subject.name,
        own=subject.own,
        case=subject.case,
        basis="facade" if subject.by_facade else "windows",
        low=low,
        high=high,
        outcome=outcome,
        message=zh,
        message_en=en,
        standard=needed,
        affected=None if subject.own or then is None else affected,
        missing=missing,
        windows=tuple(possible),
        shaded_by=tuple(sorted(names - {subject.name})),
        refs=subject.refs,
    )


def _affected(subject: Subject, numbers: Sequence[int], now: _Bounds, then: _Bounds | None) -> bool | None:
    """Whether the project takes sun from a neighbour, None when it hangs on something unknown; True for own units."""
    if subject.own or then is None:
        return True
    chosen = list(numbers)
    loses = []
    for tall, strict in _CORNERS:
        lost = then.hours(tall=tall, strict=strict)[chosen] - now.hours(tall=tall, strict=strict)[chosen]
        loses.append(bool((lost > SAME).any()))
    return True if all(loses) else False if not any(loses) else None


def no_standard(subject: Subject, rules: SunRules) -> tuple[Missing, ...]:
    if subject.case:
        return rules.missing.get(subject.case) or (
            Missing(
                "table:sunlight-standards",
                "住宅建筑日照标准",
                f"没有“{subject.case}”的日照标准",
                f"no sunlight standard for {subject.case!r}",
            ),
        )
    if subject.own and rules.own_case is None:
        return (Missing("RZ_CASE", "日照情形", "缺少日照情形（RZ_CASE）", "RZ_CASE is not given"),)
    return (
        Missing(
            f"{subject.name}.用途",
            "用途",
            f"{subject.name} 未注用途",
            f"the use of {subject.name} is not given",
        ),
    )


def _reasons(
    subject: Subject,
    certain: Sequence[int],
    possible: Sequence[int],
    limit: float,
    scene: Scene,
    rules: SunRules,
    now: _Bounds,
    corners: _Corners,
    buried: bool,
) -> tuple[Missing, ...]:
    """Why a unit cannot be judged: only what by itself could change the outcome, else all that is unknown."""
    heights = [
        Missing(f"{name}.建筑高度", "建筑高度", f"{name} 未注建筑高度", f"the height of {name} is not given")
        for name in sorted(
            {scene.blocks[b].name for i in possible for b, _, _ in now.tall.dark(i) if b != BEHIND}
            & scene.unknown
        )
    ]
    counting = Missing(
        "table:sunlight-counting",
        "日照时间统计方式",
        "未规定连续或累计、最小时段等统计方式，连续计与累计的结论不同",
        "no rule says how intervals are added up, and it matters here",
    )
    spots = Missing(
        f"{subject.name}.窗位",
        "窗位",
        f"{subject.name} 主朝向立面有一部分达不到标准，需给出套型与窗位",
        f"{subject.name}: part of the main facade falls short; dwellings and windows are needed",
    )
    inside = Missing(
        f"{subject.name}.窗位",
        "窗位",
        f"{subject.name} 有窗位落在建筑物内部",
        f"{subject.name}: a window lies inside a building",
    )
    open_spots = subject.by_facade and any(
        corners.least[corner] < limit <= corners.most[corner] for corner in _CORNERS
    )
    out = [inside] if buried else []
    if corners.straddles(limit, over_heights=True):
        out += heights
    if rules.counting is None and corners.straddles(limit, over_heights=False):
        out.append(counting)
    if open_spots:
        out.append(spots)
    if not out:
        out = [*heights, *([counting] if rules.counting is None else [])]
    return tuple(out)
