"""Named functions of taxes on land 税: 计税依据, 契税, 耕地占用税 with reliefs and several kinds of land.

Money in 元, areas in ㎡; every rate comes from a dated table or is handed in as one's own (自带).
"""

from __future__ import annotations

from decimal import Decimal

from elements.engine.functions import function
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import amount_of
from project_box.kernel.errors import BadInput


@function("fee.taxable_price", "计税依据 = 合同金额 − 列明的增值税款")
def taxable_price(price: Decimal, tax: Decimal | None = None) -> Computed:
    """Contract amount 元 without the value added tax it states separately."""
    if tax is None:
        return Computed(price, substituted=num(price))
    if tax > price:
        raise BadInput(
            "列明的增值税款大于合同金额", "the stated VAT exceeds the contract price", place="YHS_VAT"
        )
    return Computed(price - tax, substituted=f"{num(price)} − {num(tax)}")


@function("fee.deed_tax", "契税 = 成交价格 × 税率（3%–5%，省级确定）")
def deed_tax(price: Decimal, rate: Decimal, lowest: Decimal, highest: Decimal) -> Computed:
    """契税 元; a rate (%) outside the range of the law is refused, whoever states it."""
    if not lowest <= rate <= highest:
        raise BadInput(
            f"契税税率 {num(rate)}% 不在契税法第三条规定的 {num(lowest)}%–{num(highest)}% 之内",
            f"a deed tax rate of {num(rate)}% is outside the range of the law",
            place="QS_RATE",
        )
    return Computed(price * rate / 100, substituted=f"{num(price)} × {num(rate)}%")


def _occupied(
    area: Decimal | None, land_class: str | None, parcels: Rows | None
) -> list[tuple[str, Decimal]]:
    """The occupied land by class, from either way of stating it."""
    if parcels is not None:
        if area is not None or land_class is not None:
            raise BadInput(
                "占用面积、占用地类与分地类占用面积只能填一种",
                "give GD_AREA with GD_CLASS, or GD_PARCELS, not both",
                place="GD_PARCELS",
            )
        return [(str(r.get("land_class")), amount_of(r, "area", "分地类占用面积")) for r in parcels]
    wanted = (("GD_AREA", "占用面积", area), ("GD_CLASS", "占用地类", land_class))
    lacking = [Missing(c, w, f"缺少{w}({c})", f"{c} is not given") for c, w, v in wanted if v is None]
    if lacking or area is None or land_class is None:
        raise Undecided(*lacking)
    return [(land_class, area)]


@function("fee.occupied_area", "Σ 各地类占用面积")
def occupied_area(area: Decimal | None = None, parcels: Rows | None = None) -> Computed:
    """Occupied land ㎡ over all classes, from one parcel or several."""
    if area is None and parcels is None:
        raise Undecided(
            Missing("GD_AREA", "占用面积", "缺少占用面积（GD_AREA）", "occupied area is not given")
        )
    rows = _occupied(area, "—" if parcels is None else None, parcels)
    return Computed(
        sum((size for _, size in rows), Decimal(0)),
        substituted=" + ".join(f"{name} {num(size)}" for name, size in rows) or "0",
    )


@function("fee.farmland_occupation_tax", "Σ(占用面积 × 适用税额 × (1 + 提高比例) × 地类系数)，按减免规定")
def farmland_occupation_tax(
    classes: Rows,
    reliefs: Rows,
    rate: Decimal | None = None,
    area: Decimal | None = None,
    land_class: str | None = None,
    parcels: Rows | None = None,
    relief: str | None = None,
    raised: Decimal | None = None,
    raised_limit: Decimal | None = None,
) -> Computed:
    """耕地占用税 元: one parcel (``area`` ㎡, ``land_class``) or several ``parcels`` records ``{land_class, area}``.

    ``relief`` is 免征, 减按 (a fixed rate per ㎡) or 减半 by a row of ``reliefs``; ``raised`` % is what a county with
    little land per head adds, at most ``raised_limit`` %. The 1.5 for 永久基本农田 applies to its own share.
    """
    rows = _occupied(area, land_class, parcels)
    rule = next((r for r in reliefs if relief is not None and r["relief"] == relief), None)
    if rule is not None and rule["way"] == "免征":
        return Computed(Decimal(0), substituted=f"{relief}免征", clause=str(rule["clause"]))
    if rule is not None and rule["way"] == "减按":
        fixed = Decimal(rule["value"])
        size = sum((a for _, a in rows), Decimal(0))
        return Computed(size * fixed, substituted=f"{num(size)} × {num(fixed)}", clause=str(rule["clause"]))
    if rate is None:
        raise Undecided(
            Missing("GDZYS_RATE", "适用税额", "未收录当地耕地占用税适用税额，可用 GDZYS_RATE 自带", "no tax rate here")
        )  # fmt: skip
    if raised is not None and raised_limit is not None and raised > raised_limit:
        raise BadInput(
            f"税额提高 {num(raised)}% 超过上限 {num(raised_limit)}%", "raised beyond the limit", place="GD_RAISED"
        )  # fmt: skip
    local = rate * (1 + (raised or Decimal(0)) / 100)
    half = Decimal(rule["value"]) if rule is not None else Decimal(1)
    steps: list[Step] = []
    total = Decimal(0)
    for name, size in rows:
        factor, clause = _class_factor(classes, name)
        amount = size * local * factor * half
        total += amount
        shown = f"{num(size)}㎡ × {num(local)} × {num(factor)}" + (
            f" × {num(half)}" if rule is not None else ""
        )
        steps.append(Step(name, shown, num(amount), clause))
    clauses = [s.clause for s in steps] + ([str(rule["clause"])] if rule is not None else [])
    return Computed(
        total,
        substituted=" + ".join(s.expression for s in steps) or "0",
        steps=tuple(steps),
        clause=";".join(dict.fromkeys(clauses)),
    )


def _class_factor(classes: Rows, land_class: str) -> tuple[Decimal, str]:
    for row in classes:
        if row["land_class"] == land_class and row["factor"] is not None:
            return Decimal(row["factor"]), str(row["clause"])
    raise Undecided(
        Missing(
            "GD_CLASS",
            "占用地类",
            f"没有地类“{land_class}”的适用系数（由省级规定，尚未收录）",
            f"no factor for land class {land_class!r}",
        )
    )


@function("fee.tax_band", "人均耕地所在档次的税额下限、上限")
def tax_band(per_head: Decimal, bands: Rows, end: str) -> Computed:
    """Least or greatest tax 元/㎡ (``end``: low, high) of a county with so much farmland per head (亩)."""
    for row in sorted(bands, key=lambda r: Decimal(r["up_to"])):
        if per_head <= Decimal(row["up_to"]):
            return Computed(
                Decimal(row[end]), substituted=f"人均 {num(per_head)} 亩 ≤ {num(Decimal(row['up_to']))} 亩"
            )
    raise Undecided(Missing("GD_PERHEAD", "人均耕地", "人均耕地不在分档内", "outside the bands"))
