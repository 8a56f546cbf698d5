"""Named functions of one-level sharing of common areas 共有面积分摊 and area limits 限差."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from elements.calculators import sharing
from elements.engine.functions import function
from elements.engine.rounding import plain_number, round_to
from elements.engine.trace import Rows, num
from elements.engine.values import Computed
from project_box.kernel.errors import BadInput


def _inner(units: dict[str, Any]) -> dict[str, Decimal]:
    try:
        return {str(k): Decimal(str(v)) for k, v in units.items()}
    except ArithmeticError as error:
        raise BadInput("套内建筑面积应为数值", "inner areas must be numbers", place="FH_INNER") from error


@function("share.coefficient", "K = ΣδS ÷ ΣS")
def share_coefficient(inner: dict[str, Any], common: Decimal) -> Computed:
    """分摊系数 (6 dp)."""
    units = _inner(inner)
    result = sharing.share(units, common)
    return Computed(result.coefficient, substituted=f"{num(common)} ÷ {num(sum(units.values(), Decimal(0)))}")


@function("share.shares", "δSi = K × Si（0.01 ㎡，最大余数法闭合）")
def share_shares(inner: dict[str, Any], common: Decimal) -> Computed:
    """分摊面积 per unit, closing exactly on the common area."""
    result = sharing.share(_inner(inner), common)
    return Computed(
        {u: format(s, "f") for u, s in result.shares.items()},
        substituted=" + ".join(format(s, "f") for s in result.shares.values())
        + f" = {num(round_to(common, 2))}",
    )


@function("share.totals", "建筑面积 = 套内 + 分摊")
def share_totals(inner: dict[str, Any], common: Decimal) -> Computed:
    """建筑面积 per unit."""
    result = sharing.share(_inner(inner), common)
    return Computed(
        {u: format(s, "f") for u, s in result.totals.items()},
        substituted=f"Σ = {format(sum(result.totals.values(), Decimal(0)), 'f')}",
    )


@function("share.sum", "Σ 建筑面积")
def share_sum(inner: dict[str, Any], common: Decimal) -> Computed:
    """Sum of all units' 建筑面积, which equals Σ套内 + 共有."""
    result = sharing.share(_inner(inner), common)
    return Computed(
        sum(result.totals.values(), Decimal(0)),
        substituted=" + ".join(format(v, "f") for v in result.totals.values()),
    )


@function("area_limit", "限差 = a√S + bS")
def area_limit(area: Decimal, coefficients: Rows) -> Computed:
    """房产面积限差 ㎡ of one grade (row ``root``, ``linear``)."""
    root, linear = Decimal(coefficients[0]["root"]), Decimal(coefficients[0]["linear"])
    return Computed(
        sharing.area_limit(area, root, linear),
        substituted=f"{plain_number(root)}√{num(area)} + {plain_number(linear)}×{num(area)}",
    )
