"""What named functions share when they explain themselves: numbers as text, verdicts, drawing references of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from elements.engine.rounding import plain_number, round_to
from elements.engine.values import union_evidence
from project_box.kernel.finding import EntityRef, Outcome

#: records of an element as a named function receives them
Rows = Sequence[Mapping[str, Any]]


def num(value: Decimal) -> str:
    """A number as it stands in a trace: exact up to ten decimals, ``…`` after them."""
    short = round_to(value, 10)
    return plain_number(short) + ("…" if short != value else "")


def verdict(ok: bool) -> Outcome:
    """符合 or 不符合."""
    return Outcome.PASS if ok else Outcome.FAIL


def join_sum(values: Iterable[Decimal]) -> str:
    """``1 + 2 + 3``; ``0`` for nothing."""
    return " + ".join(num(v) for v in values) or "0"


def row_refs(rows: Rows) -> tuple[EntityRef, ...]:
    """The drawing entities of records (field ``ref``), each once."""
    return union_evidence([[r["ref"]] for r in rows if isinstance(r.get("ref"), EntityRef)])


def pair_refs(row: Mapping[str, Any]) -> tuple[EntityRef, ...]:
    """The drawing entities of a record about two things (field ``refs``)."""
    return tuple(r for r in row.get("refs", ()) if isinstance(r, EntityRef))
