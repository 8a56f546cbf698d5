"""What a sunlight check answers: sun per window, per facade, per dwelling, per day, and the words for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from elements.engine.values import Missing
from elements.sunlight.rules import Standard
from elements.sunlight.scene import Facade, Site, Window
from project_box.kernel.finding import EntityRef, Outcome

#: the word used for the sun standing behind the window's own wall
BEHIND_WALL = "背向"


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
        missing: why it is 无法判定. windows: indices of its windows in the day's list.
        shaded_by: other buildings that take sun from it.
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


def hours_text(hours: float) -> str:
    """``2 h 05 min``: whole minutes, rounded down so that what is shown never exceeds what there is."""
    minutes = int(hours * 60.0 + 1e-4)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _span_text(low: float, high: float) -> str:
    return hours_text(low) if high - low <= 1e-6 else f"{hours_text(low)} – {hours_text(high)}"


def sentence(
    name: str,
    own: bool,
    by_facade: bool,
    day: str,
    needed: Standard | None,
    low: float,
    high: float,
    outcome: Outcome,
    affected: bool | None,
    missing: Sequence[Missing],
) -> tuple[str, str]:
    """The sentence on one unit, Chinese and English."""
    who = "" if own else "相邻建筑 "
    where = "主朝向立面底层最不利点" if by_facade else "底层窗台面"
    place_en = "worst point of the main facade" if by_facade else "window sills"
    shown = hours_text(low) if by_facade and outcome is Outcome.PASS else _span_text(low, high)
    zh = f"{who}{name} {day}{where}日照 {shown}"
    en = f"{name}, {day}, {place_en}: {shown}"
    if needed is not None:
        zh += f"，标准 ≥{needed.hours:g} h"
        en += f", standard at least {needed.hours:g} h"
    if affected is False:
        return f"{zh}，本项目未减少其日照", f"{en}; the project takes no sun from it"
    if outcome is Outcome.UNDECIDED:
        return (
            f"{zh}，无法判定：" + ";".join(m.reason for m in missing),
            f"{en}; undecided: " + "; ".join(m.reason_en for m in missing),
        )
    if outcome is Outcome.FAIL and not own:
        return f"{zh}，受本项目遮挡后不满足", f"{en}; not met with the project built"
    return f"{zh},{outcome.zh}", f"{en}; {outcome.value}"
