"""Planning indicators on measured records: green, parking, heights, setbacks, spacing, limits, tolerances.

Pure functions. Lengths m, areas ㎡, exact decimals; heights compared in integer millimetres.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from elements.engine.decisions import decide
from elements.engine.rounding import plain_number
from elements.engine.values import Missing, Undecided

Rows = Sequence[Mapping[str, Any]]


def soil_coefficient(rules: Rows, kind: str, soil_m: Decimal | None, what: str) -> tuple[Decimal, str]:
    """Conversion coefficient of a green area by kind and soil cover: (coefficient, clause).

    Args:
        rules: rows ``kind, measure, operator, limit, coefficient, clause`` of the city's green rules.
        kind: 类型 as drawn (绿地, 屋顶绿化, 地下室顶板绿地, 植草砖, 水景 …).
        soil_m: 覆土 in m; only needed where the kind's rows ask for it.

    Raises:
        Undecided: kind not in the table, or soil cover missing.
    """
    own = [r for r in rules if r["kind"] == kind]
    if not own:
        raise Undecided(
            Missing(
                "类型",
                "绿地类型",
                f"{what}：绿地规则没有“{kind}”这一类型",
                f"{what}: no green rule for {kind!r}",
            )
        )
    row = decide(own, {"覆土": soil_m}, what)
    return Decimal(row["coefficient"]), str(row["clause"])


_PARKING_RATE = re.compile(
    r"([≥>=]{1,2}|不少于|不低于)?\s*(\d+(?:\.\d+)?)\s*(?:个|辆)?(?:机动车)?(?:停?车位|泊位|个|辆)\s*/\s*(户|套|(\d+)?\s*(?:㎡|m2|m²|平方米))"
)


def parse_parking(text: str) -> list[tuple[Decimal, Decimal, str]]:
    """Parking rates in a condition's text: (spaces, per, basis ``户`` or ``㎡``); 非机动车 clauses are left out.

    Raises:
        Undecided: no rate can be read.
    """
    out: list[tuple[Decimal, Decimal, str]] = []
    for clause in re.split(r"[;；,，。]", text):
        if "非机动" in clause:
            continue
        for _, rate, per, number in _PARKING_RATE.findall(clause):
            household = per in ("户", "套")
            out.append(
                (
                    Decimal(rate),
                    Decimal(number or 1) if not household else Decimal(1),
                    "户" if household else "㎡",
                )
            )
    if not out:
        raise Undecided(
            Missing(
                "TJ_TCW", "停车配建", f"停车配建“{text}”不能识别", f"parking rule {text!r} cannot be read"
            )
        )
    return out


def tolerance(tiers: Rows, total: Decimal, mode: str, cap: Decimal | None) -> Decimal:
    """规划核实 tolerance in ㎡ for a permitted total.

    Args:
        tiers: rows ``up_to`` (None = no upper end), ``rate`` in %, ascending.
        mode: ``flat_by_total``: the total's own tier applies to all of it;
            ``progressive`` 累进: each slice by its tier.
        cap: absolute upper end ㎡, or None.

    Raises:
        ValueError: unknown mode or tiers that do not reach the total.
    """
    if mode not in ("flat_by_total", "progressive"):
        raise ValueError(f"unknown mode {mode!r}")
    result, floor = Decimal(0), Decimal(0)
    for tier in tiers:
        top = Decimal(tier["up_to"]) if tier["up_to"] is not None else None
        rate = Decimal(tier["rate"]) / 100
        if mode == "flat_by_total":
            if top is None or total <= top:
                result = total * rate
                break
        else:
            slice_ = min(total, top) - floor if top is not None else total - floor
            if slice_ > 0:
                result += slice_ * rate
            if top is None or total <= top:
                break
            floor = top
    else:
        raise ValueError("tiers do not reach the total")
    return min(result, cap) if cap is not None else result


def verdict_on_deviation(permitted: Decimal, actual: Decimal, allowed: Decimal) -> str:
    """合格 (not above the permit), 在合理误差内 (pay for what was built) or 超出 (punishment)."""
    over = actual - permitted
    if over <= 0:
        return "合格"
    return "在合理误差内（按实测补缴）" if over <= allowed else "超出（移送处罚）"


def banded_limit(
    rows: Rows, storeys: Decimal | None, usage: str, *, mixed: bool, special: bool
) -> Mapping[str, Any]:
    """Row of a banded table (规划管理技术规定 style: 平均层数 → 容积率, 密度), closed outside its bands.

    Raises:
        Undecided: mixed land use, special area, storeys missing, or outside every band (never extrapolated).
    """
    if mixed or special:
        why = "混合用地" if mixed else "特殊地区"
        raise Undecided(
            Missing("table", "容积率分档表", f"{why}不适用分档表", f"banded table does not apply: {why}")
        )
    if storeys is None:
        raise Undecided(Missing("平均层数", "平均层数", "缺少平均层数", "average storeys are not given"))
    for row in rows:
        if row["usage"] == usage and Decimal(row["low"]) <= storeys <= Decimal(row["high"]):
            return row
    raise Undecided(
        Missing(
            "table",
            "容积率分档表",
            f"平均层数 {plain_number(storeys)} 不在分档表内",
            f"{plain_number(storeys)} storeys lie outside the bands",
        )
    )
