"""First-match decision rows: how coefficient tables of standards are written as data.

A row holds ``measure``, ``operator``, ``limit`` and what follows (``coefficient``, ``clause``). Rows are tried in
file order; the first whose condition holds decides. An empty measure always holds. A measure that is needed and
missing makes the result 无法判定; only a row whose operator ends in ``?`` is passed over when its measure is not
stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from elements.engine.values import Missing, Undecided


def compare(value: Any, operator: str, limit: Any) -> bool:
    """``value operator limit``; numbers exactly, other things by ``=``, ``!=`` and ``in``.

    Raises:
        ValueError: unknown operator.
    """
    if operator == "in":
        return value in limit
    if operator in ("=", "!="):
        same = Decimal(value) == Decimal(limit) if _numeric(value) and _numeric(limit) else value == limit
        return same if operator == "=" else not same
    left, right = Decimal(value), Decimal(limit)
    if operator == "<=":
        return left <= right
    if operator == ">=":
        return left >= right
    if operator == "<":
        return left < right
    if operator == ">":
        return left > right
    raise ValueError(f"unknown operator {operator!r}")


def _numeric(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def decide(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """The first row whose condition the facts meet.

    Args:
        rows: decision rows, already chosen by their keys.
        facts: measures by name; None or absent means not known.
        what: Chinese name of the object, for the message.

    Raises:
        Undecided: a measure is missing, or no row applies.
    """
    for row in rows:
        measure = row.get("measure") or ""
        if not measure:
            return row
        value = facts.get(measure)
        operator = str(row["operator"])
        if value is None and operator.endswith("?"):
            continue
        if value is None:
            raise Undecided(
                Missing(
                    f"measure:{measure}", measure, f"{what}缺少{measure}", f"{what}: {measure} is not given"
                )
            )
        if compare(value, operator.removesuffix("?"), row["limit"]):
            return row
    raise Undecided(Missing("rule", what, f"规则表没有适用于{what}的一行", f"no rule row applies to {what}"))


def condition_text(row: Mapping[str, Any]) -> str:
    """``层高≥2200`` and the like, for the trace."""
    if not row.get("measure"):
        return "一律"
    operator = str(row["operator"]).removesuffix("?")
    sign = {"<=": "≤", ">=": "≥", "!=": "≠", "in": "∈"}.get(operator, operator)
    limit = row["limit"]
    return f"{row['measure']}{sign}{'/'.join(map(str, limit)) if isinstance(limit, list) else limit}"
