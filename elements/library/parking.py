"""Named functions: parking by use, each use rounded up; rates come from conditions or a table, never from here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from elements.calculators import areas
from elements.engine.functions import function
from elements.engine.rounding import plain_number
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

_BASES = ("户", "㎡", "床", "班", "座")
_NUMBERS = ("per", "rate", "most", "bike", "charging", "accessible")


def _rates(given: Rows | None, table: Rows | None) -> dict[str, dict[str, Any]]:
    """Rate rows by use, from what the conditions say, else the city's table.

    Raises:
        Undecided: neither is there. BadInput: a row without use or basis, or with numbers that are none.
    """
    rows = given if given is not None else table
    if not rows:
        raise Undecided(
            Missing(
                "table:parking-rates",
                "停车配建指标",
                "没有停车配建指标（规划条件、城市标准或自带表 TC_RATES）",
                "no parking rates from conditions, city or a table handed in",
            )
        )
    out: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, 1):
        place = f"TC_RATES 第 {number} 条"
        basis = str(row.get("basis") or "").replace("m2", "㎡").replace("平方米", "㎡")
        if not row.get("usage") or basis not in _BASES:
            raise BadInput(
                f"{place}：须写明 usage 用途和 basis 计算基数（{'、'.join(_BASES)}）",
                "usage or basis",
                place=place,
            )
        try:
            numbers = {k: Decimal(str(row[k])) for k in _NUMBERS if row.get(k) is not None}
        except ArithmeticError as error:
            raise BadInput(f"{place}：指标应为数值", "rates must be numbers", place=place) from error
        if any(v < 0 for v in numbers.values()) or numbers.get("per") == 0:
            raise BadInput(f"{place}：指标不得为负，per 须大于 0", "negative rate", place=place)
        if "rate" not in numbers:
            raise BadInput(f"{place}：缺少 rate", "rate is missing", place=place)
        out[str(row["usage"])] = {"basis": basis, "per": Decimal(1), **numbers}
    return out


def _quantities(
    floors: Rows | None, rules: Rows | None, units: int | None, stated: Rows | None
) -> dict[str, dict[str, Decimal]]:
    """Basis quantities by use: floor area above ground and households of the drawings, others as stated."""
    out: dict[str, dict[str, Decimal]] = {}
    for counted in areas.measure_floors(floors, rules) if floors and rules else []:
        if not counted.underground:
            own = out.setdefault(counted.usage, {})
            own["㎡"] = own.get("㎡", Decimal(0)) + counted.counted
    if units is not None and "住宅" in out:
        out["住宅"]["户"] = Decimal(units)
    for row in stated or []:
        own = out.setdefault(str(row["usage"]), {})
        own |= {b: Decimal(str(row[b])) for b in _BASES if row.get(b) is not None}
    if not out:
        raise Undecided(
            Missing(
                "TC_BASIS",
                "计算基数",
                "没有分用途的计算基数（图纸楼层或 TC_BASIS）",
                "no basis quantities by use",
            )
        )
    return out


def _up(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))


@function("parking.by_use", "各用途 ⌈计算基数 ÷ 单位 × 指标⌉")
def parking_by_use(
    rates: Rows | None = None,
    table: Rows | None = None,
    floors: Rows | None = None,
    rules: Rows | None = None,
    units: int | None = None,
    basis: Rows | None = None,
) -> Computed:
    """Spaces every use needs: cars (least, most), bicycles, charging, accessible; each rounded up per use.

    Args:
        rates: rows ``usage, basis, per, rate, most?, bike?, charging?, accessible?`` of the conditions; ``table``: the
            city's. floors, rules: floor area above ground by use. units: 户数.
        basis: records ``{usage, 户?, ㎡?, 床?, 班?, 座?}`` as stated.
    """
    known = _rates(rates, table)
    out: list[dict[str, Any]] = []
    missing: list[Missing] = []
    for usage, quantities in _quantities(floors, rules, units, basis).items():
        rate = known.get(usage)
        if rate is None:
            missing.append(
                Missing(
                    "table:parking-rates",
                    "停车配建指标",
                    f"没有“{usage}”的停车配建指标",
                    f"no rate for {usage}",
                )
            )
            continue
        quantity = quantities.get(rate["basis"])
        if quantity is None:
            missing.append(
                Missing(
                    "TC_BASIS",
                    "计算基数",
                    f"“{usage}”缺少计算基数（{rate['basis']}）",
                    f"no basis for {usage}",
                )
            )
            continue
        out.append(_row(usage, quantity, rate))
    if missing:
        raise Undecided(*missing)
    return Computed(
        out,
        substituted=";".join(f"{r['usage']} {r['how']} = {r['cars']}" for r in out),
        steps=tuple(
            Step(str(r["usage"]), str(r["how"]), f"机动车 {r['cars']}，非机动车 {r['bikes']}") for r in out
        ),
        verified=rates is None,
    )


def _row(usage: str, quantity: Decimal, rate: Mapping[str, Any]) -> dict[str, Any]:
    share = quantity / rate["per"]
    cars = _up(share * rate["rate"])
    return {
        "usage": usage,
        "quantity": quantity,
        "basis": rate["basis"],
        "cars": cars,
        "most": math.floor(share * rate["most"]) if "most" in rate else None,
        "bikes": _up(share * rate["bike"]) if "bike" in rate else 0,
        "charging": _up(cars * rate["charging"] / 100) if "charging" in rate else 0,
        "accessible": _up(cars * rate["accessible"] / 100) if "accessible" in rate else 0,
        "how": f"⌈{num(quantity)}{rate['basis']} ÷ {plain_number(rate['per'])} × {plain_number(rate['rate'])}⌉",
    }


@function("parking.total", "Σ 各用途车位数")
def parking_total(rows: Rows, column: str) -> Computed:
    """Sum of one column of the needs by use."""
    values = [int(r[column]) for r in rows]
    return Computed(Decimal(sum(values)), substituted=" + ".join(map(str, values)) or "0")


@function("parking.enough", "设计车位数 ≥ 应配车位数（不超过上限）")
def parking_enough(rows: Rows, column: str, drawn: int | None = None) -> Computed:
    """Drawn spaces against the need of a column; cars also against the uses' upper limits when all have one.

    Nothing needed is 提示; nothing drawn where something is needed is 无法判定.
    """
    needed = sum(int(r[column]) for r in rows)
    if needed == 0:
        return Computed(Outcome.NOTE, substituted="指标对此项不作要求")
    if drawn is None:
        raise Undecided(
            Missing(
                "车位", "设计车位数", f"图中没有此类车位，应配 {needed} 个", f"none drawn, {needed} needed"
            )
        )
    most = None
    if column == "cars" and all(r.get("most") is not None for r in rows):
        most = sum(int(r["most"]) for r in rows)
    ok = drawn >= needed and (most is None or drawn <= most)
    limit = f"≥{needed}个" if most is None else f"{needed}–{most}个"
    return Computed(Outcome.PASS if ok else Outcome.FAIL, substituted=f"{drawn} 与 {limit} 比较", limit=limit)
