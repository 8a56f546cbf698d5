"""Rules of a sunlight check 日照标准: which day, which hours, how many hours, how they are counted. All from tables.

Tables ``sunlight-*`` of the tariff catalogue; what is not in them is not assumed: a missing standard makes conclusions
无法判定, a missing counting rule makes the check look at both extremes (see :mod:`elements.sunlight.sunlight`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from elements.engine.tariffs import Tariffs
from elements.engine.values import Missing, Undecided
from elements.sunlight.hours import Counting

DWELLING = "住宅"
RENEWAL = "旧区改建"
ELDERLY = "老年人居住建筑"
ZONES = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "Ⅵ", "Ⅶ")
CITIES = ("50万以上", "50万以下")


@dataclass(frozen=True, slots=True)
class DayRule:
    """A sunlight day 日照标准日.

    Attributes:
        name: 大寒日 or 冬至日.
        longitude: ecliptic longitude of the sun that makes the day, degrees.
        start, end: hours of true solar time within which sun counts.
        sill: height of the window sill above the ground floor at which it is taken, m.
    """

    name: str
    longitude: float
    start: float
    end: float
    sill: float


@dataclass(frozen=True, slots=True)
class Standard:
    """What a kind of building needs: at least ``hours`` of sun on the day named ``day``."""

    case: str
    day: str
    hours: float
    clause: str


@dataclass(frozen=True, slots=True)
class SunRules:
    """Everything a check has to know of the rules.

    Attributes:
        days: the sunlight days, each computed.
        year: whose solar term gives date and declination.
        counting: how hours are added up; None when no rule says so.
        sweep: least angle (degrees) between sun and wall for sun to count; 0 when no rule asks for one.
        uses: (word, case) rows; the first word found in a building's use decides.
        standards: by case. ``missing``: by case, why there is none.
        own_case: case of the project's own ordinary dwellings: 住宅 or 旧区改建; None when not stated.
        green: share of central green that must lie outside the shadow line; None when no rule says so.
        documents: document numbers of everything used. verified: all of it compared with the originals.
    """

    days: tuple[DayRule, ...]
    year: int
    counting: Counting | None
    sweep: float
    uses: tuple[tuple[str, str], ...]
    standards: Mapping[str, Standard]
    missing: Mapping[str, tuple[Missing, ...]] = field(default_factory=dict)
    own_case: str | None = DWELLING
    green: float | None = None
    documents: tuple[str, ...] = ()
    verified: bool = False

    def case_of(self, use: str | None, *, own: bool) -> str | None:
        """Case of a building by its use: ``""`` asks for no sun, None means that it cannot be told.

        The project's own ordinary dwellings take :attr:`own_case` (old-city renewal), neighbours never do.
        """
        if not use:
            return None
        found = next((case for word, case in self.uses if word in use), "")
        return self.own_case if found == DWELLING and own else found

    def day(self, name: str) -> DayRule:
        """The rule of a day by name.

        Raises:
            KeyError: no such day.
        """
        return next(d for d in self.days if d.name == name)


def sun_rules(
    tariffs: Tariffs,
    place: str,
    at: dt.date,
    *,
    zone: str | None = None,
    city: str | None = None,
    case: str | None = None,
    counting: Counting | None = None,
    year: int | None = None,
) -> SunRules:
    """Rules of a place on a day.

    Args:
        tariffs: the tables; place: jurisdiction; at: day whose editions apply.
        zone: 建筑气候区 Ⅰ–Ⅶ; city: 城区常住人口 ``50万以上`` or ``50万以下``; case: ``住宅`` or ``旧区改建`` for the
            project's own ordinary dwellings. What is None makes the conclusions that need it 无法判定.
        counting, year: take the place of what the tables say, for a what-if or a city's written instruction.

    Raises:
        Undecided: no sunlight days or no base year in force at the place.
    """
    sources = _Sources(tariffs, place, at)
    days = sources.rows("sunlight-days")
    if year is None:
        year = int(sources.rows("sunlight-year")[0]["year"])
    sweep = 0.0
    for row in sources.rows_if_any("sunlight-counting")[:1]:
        sweep = float(row["sweep"] or 0)
        longest = int(row["longest"]) if row["longest"] is not None else None
        counting = counting or Counting(float(row["least"] or 0), longest)
    uses = tuple((str(r["word"]), str(r["case"])) for r in tariffs.find("sunlight-uses", {}, place, at).rows)
    standards, missing = _standards(sources, uses, zone, city)
    return SunRules(
        days=tuple(
            DayRule(
                str(r["day"]),
                float(r["longitude"]),
                float(r["from_hour"]),
                float(r["to_hour"]),
                float(r["sill"]),
            )
            for r in days
        ),
        year=year,
        counting=counting,
        sweep=sweep,
        uses=uses,
        standards=standards,
        missing=missing,
        own_case=case,
        green=_green(tariffs, place, at),
        documents=tuple(dict.fromkeys(sources.documents)),
        verified=sources.verified,
    )


class _Sources:
    """Looks tables up for one place and day, and remembers the documents used and whether all are verified."""

    def __init__(self, tariffs: Tariffs, place: str, at: dt.date) -> None:
        self._tariffs, self._place, self._at = tariffs, place, at
        self.documents: list[str] = []
        self.verified = True

    def rows(self, table: str, keys: Mapping[str, str] | None = None) -> Sequence[Mapping[str, Any]]:
        """Rows of the edition in force.

        Raises:
            Undecided: there is none.
        """
        found = self._tariffs.find(table, keys or {}, self._place, self._at)
        self.documents.append(found.document)
        self.verified = self.verified and found.verified
        return found.rows

    def rows_if_any(self, table: str) -> Sequence[Mapping[str, Any]]:
        """Rows of the edition in force, none where there is none."""
        try:
            return self.rows(table)
        except Undecided:
            return ()


def _standards(
    sources: _Sources, uses: Iterable[tuple[str, str]], zone: str | None, city: str | None
) -> tuple[dict[str, Standard], dict[str, tuple[Missing, ...]]]:
    """What each kind of building needs, and why it is not known of the others."""
    lacking = tuple(
        Missing(code, name, f"缺少{name}({code})", f"{code} is not given")
        for code, name, value in (("RZ_ZONE", "建筑气候区", zone), ("RZ_CITY", "城区常住人口", city))
        if value is None
    )
    standards: dict[str, Standard] = {}
    missing: dict[str, tuple[Missing, ...]] = {}
    for case in dict.fromkeys([DWELLING, RENEWAL, ELDERLY, *(c for _, c in uses if c)]):
        if lacking:
            missing[case] = lacking
            continue
        try:
            (row, *_) = sources.rows(
                "sunlight-standards", {"zone": str(zone), "city": str(city), "case": case}
            )
        except Undecided as error:
            missing[case] = tuple(error.missing)
            continue
        standards[case] = Standard(case, str(row["day"]), float(row["hours"]), str(row["clause"]))
    return standards, missing


def _green(tariffs: Tariffs, place: str, at: dt.date) -> float | None:
    """Share of central green outside the shadow line; None when no rule says so."""
    try:
        return float(tariffs.find("sunlight-green", {}, place, at).rows[0]["value"])
    except Undecided:
        return None
