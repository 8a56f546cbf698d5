"""Working days 工作日 of the published holiday notices.

Working days exclude weekends and statutory holidays and include make-up days (行政许可法 art. 82). The start
day is never counted (民法典 art. 201). A year whose notice has not been published raises
:class:`~project_box.kernel.errors.CalendarMissing`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from project_box.kernel.catalogue import parse
from project_box.kernel.errors import CalendarMissing, CatalogueError

_DAY = dt.timedelta(days=1)
#: 北京时间, without summer time since 1991
CHINA = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")


def china_today() -> dt.date:
    """The present day in China, on which rules, tariffs and time limits are chosen."""
    return dt.datetime.now(CHINA).date()


class _Year(BaseModel):
    model_config = ConfigDict(extra="forbid")
    notice: str | None
    published: str
    source: str
    days_off: list[str]
    make_up_days: list[str]
    working_days: int


class _CalendarFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    years: dict[int, _Year]


def _expand(spans: Iterable[str]) -> frozenset[dt.date]:
    days: set[dt.date] = set()
    for span in spans:
        first, _, last = span.partition("/")
        day, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
        while day <= end:
            days.add(day)
            day += _DAY
    return frozenset(days)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Counts working days.

    Attributes:
        years: years whose notice is known.
        off: days off named by the notices.
        work: weekend days that are worked.
    """

    years: frozenset[int]
    off: frozenset[dt.date]
    work: frozenset[dt.date]

    def is_working(self, day: dt.date) -> bool:
        """True on a working day.

        Raises:
            CalendarMissing: the year's notice is not in the catalogue.
        """
        if day.year not in self.years:
            raise CalendarMissing(
                f"{day.year} 年放假安排尚未公布或录入，不能计算工作日",
                f"the holiday notice of {day.year} is not in the catalogue",
                remedy="国务院办公厅公布后，在 project_box/catalogue/calendar.yaml 中录入该年安排",
                remedy_en="once it is announced, enter that year in project_box/catalogue/calendar.yaml",
                details={"year": day.year},
            )
        return day in self.work or (day.weekday() < 5 and day not in self.off)

    def add(self, start: dt.date, days: int) -> dt.date:
        """The day on which the ``days``-th working day after ``start`` falls (start day excluded, days ≥ 0)."""
        if days < 0:
            raise ValueError("days must not be negative")
        day = start
        while days:
            day += _DAY
            days -= self.is_working(day)
        return day

    def between(self, start: dt.date, end: dt.date) -> int:
        """Working days after ``start`` up to and including ``end``; 0 when ``end`` is not after ``start``."""
        count, day = 0, start
        while day < end:
            day += _DAY
            count += self.is_working(day)
        return count


@lru_cache
def load_calendar(path: Path | None = None) -> WorkingCalendar:
    """The calendar of ``project_box/catalogue/calendar.yaml``; each year's total is checked when it loads.

    Raises:
        CatalogueError: malformed, or a year's working days do not add up to the stated number.
    """
    path = path or Path(__file__).resolve().parents[1] / "catalogue" / "calendar.yaml"
    data = parse(_CalendarFile, path)
    calendar = WorkingCalendar(
        years=frozenset(data.years),
        off=_expand(s for y in data.years.values() for s in y.days_off),
        work=_expand(s for y in data.years.values() for s in y.make_up_days),
    )
    for year, entry in data.years.items():
        first = dt.date(year, 1, 1)
        total = sum(
            calendar.is_working(first + i * _DAY) for i in range(366) if (first + i * _DAY).year == year
        )
        if total != entry.working_days:
            raise CatalogueError(
                f"{year} 年工作日合计 {total}，与目录所列 {entry.working_days} 不符",
                f"{path}: {year} adds up to {total} working days, not {entry.working_days}",
                place=str(path),
            )
    return calendar
