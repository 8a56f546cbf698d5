"""Where a page of 差异图斑 begins, however deep it lies in however narrow a list.

Every polygon has a number among all of its run and a place among those of the same classes (its total). How many of
some classes come before a number is the sum of one place for each of these classes, which an index gives; the number at
which a page begins is found by halving.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Filter:
    """Which polygons of a run are asked for; None means all. ``kinds``: pairs of legend keys."""

    values_a: tuple[str, ...] | None = None
    values_b: tuple[str, ...] | None = None
    codes: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    kinds: tuple[str | None, str | None] | None = None

    def words(self) -> tuple[str, dict[str, Any]]:
        """(SQL that follows AND, its parameters)."""
        parts: list[str] = ["true"]
        values: dict[str, Any] = {}
        for name, column, wanted in (
            ("values_a", "value_a", self.values_a),
            ("values_b", "value_b", self.values_b),
            ("codes", "code", self.codes),
        ):
            if wanted is not None:
                parts.append(f"{column} = ANY(:{name})")
                values[name] = list(wanted)
        if self.without:
            parts.append("code <> ALL(:without)")
            values["without"] = list(self.without)
        if self.kinds is not None:
            parts.append("class_a IS NOT DISTINCT FROM :kind_a AND class_b IS NOT DISTINCT FROM :kind_b")
            values["kind_a"], values["kind_b"] = self.kinds
        return " AND ".join(parts), values


@dataclass(frozen=True, slots=True)
class Part:
    """Polygons numbered from ``first`` to ``last``, of some totals (None: of all), without some codes."""

    first: int
    last: int
    totals: list[int] | None
    without: tuple[str, ...]

    def words(self) -> tuple[str, dict[str, Any]]:
        """(SQL that follows AND, its parameters)."""
        parts = ["number BETWEEN :first AND :last"]
        values: dict[str, Any] = {"first": self.first, "last": self.last}
        if self.totals is not None:
            parts.append("total_id = ANY(:totals)")
            values["totals"] = self.totals
        if self.without:
            parts.append("code <> ALL(:without)")
            values["without"] = list(self.without)
        return " AND ".join(parts), values


#: where one polygon in so many is asked for, a page is soon read from its first number on
_DENSE = 10
_BEFORE = text("""
SELECT coalesce(sum(p.place), 0) FROM unnest(CAST(:totals AS bigint[])) AS t(id), LATERAL (
  SELECT place FROM gis.difference_polygon WHERE total_id = t.id AND number <= :number ORDER BY number DESC LIMIT 1
) p
""")


def page_of(
    session: Session, run_id: int, *, sliver: bool, wanted: Filter, most: int | None, skip: int
) -> Part:
    """Where the polygons are that follow the first ``skip`` of those asked for, ``most`` of them."""
    everything = replace(wanted, without=()) == Filter()
    only, values = replace(wanted, without=()).words()
    asked = {"run": run_id, "sliver": sliver}
    rows = session.execute(
        text(
            f"SELECT id, count FROM gis.difference_total WHERE run_id = :run AND sliver = :sliver AND {only}"
        ),
        asked | values,
    ).all()
    totals = None if everything else [int(row.id) for row in rows]
    highest = session.scalar(
        text(
            "SELECT coalesce(sum(count), 0) FROM gis.difference_total WHERE run_id = :run AND sliver = :sliver"
        ),
        asked,
    )
    left_out = _left_out(session, asked, wanted.without, totals)

    def up_to(number: int) -> int:
        every = number if totals is None else session.scalar(_BEFORE, {"totals": totals, "number": number})
        return int(every or 0) - bisect_right(left_out, number)

    numbers = range(int(highest or 0) + 1)
    first = bisect_left(numbers, skip, key=up_to) + 1 if skip else 1
    last = numbers[-1]
    if most is not None and sum(int(row[1]) for row in rows) * _DENSE < last:
        last = bisect_left(numbers, skip + most, lo=first - 1, key=up_to)
    return Part(first, last, totals, wanted.without)


def _left_out(
    session: Session, asked: dict[str, Any], codes: Sequence[str], totals: list[int] | None
) -> list[int]:
    """Numbers of polygons that are left out by their codes, ascending."""
    if not codes:
        return []
    of_totals = "" if totals is None else " AND total_id = ANY(:totals)"
    rows = session.scalars(
        text(
            "SELECT number FROM gis.difference_polygon"
            f" WHERE run_id = :run AND sliver = :sliver AND code = ANY(:codes){of_totals} ORDER BY number"
        ),
        asked | {"codes": list(codes)} | ({} if totals is None else {"totals": totals}),
    )
    return [int(number) for number in rows]


def values_in(session: Session, run_id: int, side: str) -> list[str]:
    """What the class field of side ``a`` or ``b`` says in the polygons of a run."""
    column = {"a": "value_a", "b": "value_b"}[side]
    rows = session.scalars(
        text(
            f"SELECT DISTINCT {column} FROM gis.difference_total WHERE run_id = :run AND {column} IS NOT NULL"
        ),
        {"run": run_id},
    )
    return list(rows)
