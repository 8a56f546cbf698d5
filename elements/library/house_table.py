"""Named function: the table of units 分户面积表 after sharing over all levels, closing on 0.01 ㎡."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from elements.calculators import house_sharing, sharing
from elements.engine.functions import function
from elements.engine.rounding import plain_number, round_to
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Step
from project_box.kernel.errors import BadInput

_ZERO = Decimal(0)
_LEVELS = ("", "幢 → 功能区", "功能区 → 层（单元）", "层（单元） → 户")


@function("house.table", "逐级分摊至户；户建筑面积 = 套内 + 分摊；分摊土地 = 用地 × 户建筑面积 ÷ Σ户建筑面积")
def house_table(
    units: Rows,
    commons: Rows | None = None,
    wall_half: Decimal | None = None,
    land: Decimal | None = None,
    limits: Rows | None = None,
) -> Computed:
    """One record per unit: zone, group, 套内, 分摊, 建筑面积 (㎡ as text), coefficient, land share, limit.

    Args:
        units: ``{unit, inner, zone?, group?, code?}``; commons: ``{name, area, serves?, shared?}``.
        wall_half: half of the outer walls ㎡, common to the whole building.
        land: ㎡ of land of the building, shared by 建筑面积. limits: row ``root, linear`` of an accuracy grade.

    Every level closes: what goes out equals what came in; Σ建筑面积 = Σ套内 + Σ应分摊.
    """
    houses = house_sharing.read_houses(units)
    rows = list(commons or [])
    if wall_half:
        rows.insert(0, {"name": "外墙一半", "area": wall_half, "serves": None})
    ledger = house_sharing.share_building(houses, house_sharing.read_commons(rows, houses))
    totals = ledger.totals()
    lands = sharing.share(totals, land).shares if land is not None else {}
    codes = {str(u.get("unit")): u.get("code") for u in units}
    table: list[dict[str, Any]] = []
    for h in houses:
        share, total = ledger.shares[h.name], totals[h.name]
        row: dict[str, Any] = {
            "unit": h.name,
            "zone": h.zone,
            "group": h.group.split("/", 1)[1],
            "inner": _text(h.inner),
            "share": _text(share),
            "total": _text(total),
            "coefficient": format(round_to(share / h.inner, 6), "f"),
        }
        if land is not None:
            row["land"] = _text(lands[h.name])
        if limits:
            limit = sharing.area_limit(total, Decimal(limits[0]["root"]), Decimal(limits[0]["linear"]))
            row["limit"] = format(round_to(limit, 3), "f")
        if codes.get(h.name):
            row["code"] = codes[h.name]
        table.append(row)
    common = sum((p.amount - p.received for p in ledger.pools), _ZERO)
    inner = sum((h.inner for h in houses), _ZERO)
    if sum(totals.values(), _ZERO) != inner + common:  # pragma: no cover - the ledger closes by construction
        raise BadInput("分摊不闭合", "sharing does not close")
    steps = tuple(
        Step(
            f"{_LEVELS[p.level]}:{p.source}",
            f"K = {num(p.amount)} ÷ {num(p.base)} = {p.coefficient}",
            f"Σ = {num(sum(p.parts.values(), _ZERO))}",
            "GB/T 17986.1-2000 附录B",
        )
        for p in ledger.pools
    )
    return Computed(
        table,
        substituted=f"Σ套内 {plain_number(inner)} + Σ应分摊 {plain_number(common)} = "
        f"Σ建筑面积 {plain_number(inner + common)}",
        steps=steps,
    )


def _text(area: Decimal) -> str:
    return format(round_to(area, 2), "f") if area == round_to(area, 2) else plain_number(area)
