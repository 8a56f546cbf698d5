"""Named functions any business uses: first source, sums, limits and tolerances."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from elements.engine.functions import function
from elements.engine.limits import judge, limit_text
from elements.engine.rounding import plain_number, round_to
from elements.engine.trace import Rows, num, row_refs, verdict
from elements.engine.values import Computed, Missing, Step, Undecided, Value
from project_box.kernel.finding import Outcome


@function("first", "按次序取第一个有值的来源")
def first(a: Value | None = None, b: Value | None = None, c: Value | None = None) -> Computed:
    """The first argument that has a value (``a``, then ``b``, then ``c``)."""
    for name, value in (("第一来源", a), ("第二来源", b), ("第三来源", c)):
        if value is not None:
            return Computed(value, substituted=f"取{name}:{value}")
    raise Undecided(Missing("sources", "数据来源", "各来源均无数据", "no source has a value"))


@function("sum", "Σ 记录的值")
def total(rows: Rows, column: str, name: str = "value") -> Computed:
    """Sum of a column over records; a record without the column makes it 无法判定."""
    values: list[Decimal] = []
    for row in rows:
        if row.get(column) is None:
            raise Undecided(
                Missing(column, column, f"有记录缺少 {column}", f"a record lacks {column}"),
                evidence=row_refs([row]),
            )
        values.append(Decimal(row[column]))
    steps = tuple(
        Step(str(r.get("building") or r.get(name) or r.get("kind") or i), "", num(v), entities=row_refs([r]))
        for i, (r, v) in enumerate(zip(rows, values, strict=True), 1)
    )
    return Computed(
        sum(values, Decimal(0)),
        substituted=" + ".join(num(v) for v in values) or "0",
        steps=steps,
        evidence=row_refs(rows) or None,
    )


@function("compare_limit", "指标值（不取整）与规划条件限值比较")
def compare_limit(
    value: Decimal, limit: dict[str, Any], precision: int = 2, unit: str = "", direction: str = ""
) -> Computed:
    """Compare the unrounded value with a limit record by the limit's own operator; shows the rounded value beside it.

    A limit with operator ``none`` yields 提示: the conditions ask nothing of this indicator. A bare number is read by
    ``direction`` (the way this indicator is usually limited) and makes the conclusion unverified.
    """
    assumed = limit.get("operator") == "bare" and bool(direction)
    if assumed:
        limit = {**limit, "operator": direction}
    shown = limit_text(limit)
    if limit.get("operator") == "none":
        return Computed(
            Outcome.NOTE,
            limit=shown,
            substituted="规划条件对此项不作要求",
            clause=str(limit.get("clause") or ""),
        )
    own_unit = str(limit.get("unit") or unit)
    if own_unit.replace("m²", "㎡").replace("米", "m") != unit and limit.get("unit"):
        raise Undecided(
            Missing(
                "limit",
                "规划条件",
                f"规划条件单位“{own_unit}”与指标单位“{unit}”不同",
                f"limit unit {own_unit!r} differs from {unit!r}",
            )
        )
    value = Decimal(value)
    holds = judge(value, limit)
    rounded = format(round_to(value, precision), "f")
    exact = num(value)
    both = f"{exact}{unit}" if exact == plain_number(Decimal(rounded)) else f"{exact}{unit}（显示 {rounded}）"
    return Computed(
        verdict(holds),
        substituted=f"{both} {'满足' if holds else '不满足'} {shown}{unit}"
        + (f"（规划条件“{limit.get('text')}”未写明方向，按惯例取）" if assumed else ""),
        clause=str(limit.get("clause") or ""),
        limit=shown + unit,
        verified=not assumed,
    )


@function("at_most", "值 ≤ max(绝对容差, 相对容差 × 基数)")
def at_most(value: Decimal, base: Decimal, tolerance: Rows) -> Computed:
    """Whether a difference stays within a tolerance row (``absolute``, ``relative`` % of ``base``)."""
    row = tolerance[0]
    allowed = max(Decimal(row["absolute"]), abs(Decimal(base)) * Decimal(row["relative"]) / 100)
    holds = Decimal(value) <= allowed
    return Computed(
        verdict(holds),
        substituted=f"{num(round_to(Decimal(value), 4))} {'≤' if holds else '>'} {num(allowed)}",
        limit=f"≤{num(allowed)}㎡",
    )


@function("close_to", "|a − b| ≤ max(绝对误差, 相对误差 × b)")
def close_to(b: Decimal, tolerance: Rows, a: Decimal | None = None) -> Computed:
    """Whether a stated value ``a`` agrees with ``b``; ``tolerance`` row: ``absolute`` (their unit), ``relative`` (%).

    Nothing stated is 提示: there is nothing to compare.
    """
    if a is None:
        return Computed(Outcome.NOTE, substituted="未申报，不作比较")
    row = tolerance[0]
    allowed = max(Decimal(row["absolute"]), abs(Decimal(b)) * Decimal(row["relative"]) / 100)
    gap = abs(Decimal(a) - Decimal(b))
    return Computed(
        Outcome.PASS if gap <= allowed else Outcome.FAIL,
        substituted=f"|{num(Decimal(a))} − {num(Decimal(b))}| = {num(gap)} "
        f"{'≤' if gap <= allowed else '>'} {num(allowed)}",
        limit=f"±{num(allowed)}",
    )
