"""Named functions over lists of records: sums, products, counts, greatest values and deviations."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from elements.engine.functions import function
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import day_of, number_of
from project_box.kernel.errors import BadInput


@function("rows.sum_where", "Σ 符合条件的记录的值")
def rows_sum_where(rows: Rows, column: str, field: str, values: list[str]) -> Computed:
    """Sum of ``column`` over the records whose ``field`` is one of ``values``; 0 when there is none."""
    parts = [
        (str(r.get(field)), number_of(r, column, f"第 {i} 条记录"))
        for i, r in enumerate(rows, 1)
        if str(r.get(field)) in values
    ]
    return Computed(
        sum((v for _, v in parts), Decimal(0)),
        substituted=" + ".join(f"{name} {num(v)}" for name, v in parts) or "0",
    )


@function("rows.product_sum", "Σ(记录的量 × 单价)")
def rows_product_sum(rows: Rows, quantity: str, price: str, factor: Decimal | int = 1) -> Computed:
    """Σ ``quantity`` × ``price`` over records, times ``factor`` (unit conversion such as 15 亩 per 公顷)."""
    out, steps = Decimal(0), []
    for i, row in enumerate(rows, 1):
        q, p = number_of(row, quantity, f"第 {i} 条记录"), number_of(row, price, f"第 {i} 条记录")
        if q < 0 or p < 0:
            raise BadInput(f"第 {i} 条记录的量和单价不得为负", f"record {i} is negative", place=quantity)
        out += q * p * Decimal(factor)
        steps.append(
            Step(
                str(row.get("name") or i),
                f"{num(q)} × {num(p)} × {num(Decimal(factor))}",
                num(q * p * Decimal(factor)),
            )
        )
    return Computed(out, substituted=" + ".join(s.value for s in steps) or "0", steps=tuple(steps))


@function("rows.distinct", "不重复的名称个数")
def rows_distinct(rows: Rows, column: str) -> Computed:
    """How many different values ``column`` has; a record without it makes the result 无法判定."""
    names: dict[str, None] = {}
    for i, row in enumerate(rows, 1):
        if not row.get(column):
            raise Undecided(
                Missing(column, column, f"第 {i} 条记录缺少 {column}", f"record {i} lacks {column}")
            )
        names.setdefault(str(row[column]))
    return Computed(Decimal(len(names)), substituted="、".join(names) or "0")


@function("rows.sum_until", "Σ 截至某日的记录的值")
def rows_sum_until(rows: Rows, day: dt.date, column: str = "amount", when: str = "date") -> Computed:
    """Sum of ``column`` over the records dated (``when``) not later than ``day``."""
    parts = [
        number_of(r, column, f"第 {i} 条记录")
        for i, r in enumerate(rows, 1)
        if day_of(r.get(when), f"第 {i} 条记录的 {when}") <= day
    ]
    return Computed(
        sum(parts, Decimal(0)), substituted=f"截至 {day}:" + (" + ".join(num(v) for v in parts) or "0")
    )


@function("rows.worst_deviation", "max(|实测 − 许可| ÷ 许可 × 100%)")
def rows_worst_deviation(rows: Rows, actual: str, permitted: str, name: str = "building") -> Computed:
    """Greatest relative deviation in % of ``actual`` from ``permitted`` over records (signs dropped)."""
    if not rows:
        raise Undecided(Missing("rows", "分栋记录", "没有分栋记录", "no records"))
    steps: list[Step] = []
    worst = Decimal(0)
    for i, row in enumerate(rows, 1):
        have, base = number_of(row, actual, f"第 {i} 条记录"), number_of(row, permitted, f"第 {i} 条记录")
        if base <= 0:
            raise BadInput(
                f"第 {i} 条记录的许可值应大于 0", f"record {i}: permitted must be > 0", place=permitted
            )
        share = abs(have - base) / base * 100
        steps.append(
            Step(str(row.get(name) or i), f"|{num(have)} − {num(base)}| ÷ {num(base)}", f"{num(share)}%")
        )
        worst = max(worst, share)
    return Computed(worst, steps=tuple(steps), substituted="max(" + ", ".join(s.value for s in steps) + ")")


@function("rows.greatest", "max(记录的值)")
def rows_greatest(rows: Rows, column: str) -> Computed:
    """Greatest value of ``column`` over records."""
    values = [number_of(r, column, f"第 {i} 条记录") for i, r in enumerate(rows, 1)]
    if not values:
        raise Undecided(Missing("rows", "记录", "没有记录", "no records"))
    return Computed(max(values), substituted=f"max({', '.join(num(v) for v in values)})")


@function("rows.greatest_excess", "max(实测 − 许可)")
def rows_greatest_excess(rows: Rows, actual: str, permitted: str) -> Computed:
    """Greatest difference ``actual`` − ``permitted`` over records; negative when every one stays below."""
    values = [
        number_of(r, actual, f"第 {i} 条记录") - number_of(r, permitted, f"第 {i} 条记录")
        for i, r in enumerate(rows, 1)
    ]
    if not values:
        raise Undecided(Missing("rows", "记录", "没有记录", "no records"))
    return Computed(max(values), substituted=f"max({', '.join(num(v) for v in values)})")
