"""Named functions of fees and taxes 规费: occupied land, farmland tax, forest fee, registration fee.

Money in 元, areas in ㎡, rates from dated tables.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from elements.functions import function
from elements.rounding import plain_number
from elements.trace import Rows, num
from elements.values import Computed, Missing, Step, Undecided
from project_box.kernel.errors import BadInput


def _occupied(area: Decimal | None, land_class: str | None, parcels: Rows | None) -> list[dict[str, Any]]:
    """The occupied land as records, from either way of stating it."""
    if parcels is not None:
        if area is not None or land_class is not None:
            raise BadInput(
                "占用面积、占用地类与分地类占用面积只能填一种",
                "give GD_AREA with GD_CLASS, or GD_PARCELS, not both",
                place="GD_PARCELS",
            )
        out = []
        for row in parcels:
            try:
                size = Decimal(str(row["area"]))
            except (KeyError, ArithmeticError) as error:
                raise BadInput(
                    "分地类占用面积的记录须有 land_class 和 area", "record lacks area", place="GD_PARCELS"
                ) from error
            if size < 0 or not size.is_finite():
                raise BadInput("占用面积不得为负", "area must not be negative", place="GD_PARCELS")
            out.append({"land_class": str(row.get("land_class")), "area": size})
        return out
    lacking = []
    if area is None:
        lacking.append(Missing("GD_AREA", "占用面积", "缺少占用面积(GD_AREA)", "occupied area is not given"))
    if land_class is None:
        lacking.append(Missing("GD_CLASS", "占用地类", "缺少占用地类(GD_CLASS)", "land class is not given"))
    if lacking or area is None:
        raise Undecided(*lacking)
    return [{"land_class": land_class, "area": area}]


@function("fee.occupied_area", "Σ 各地类占用面积")
def occupied_area(area: Decimal | None = None, parcels: Rows | None = None) -> Computed:
    """Occupied land ㎡ over all classes, from one parcel or several."""
    if area is None and parcels is None:
        raise Undecided(Missing("GD_AREA", "占用面积", "缺少占用面积(GD_AREA)", "occupied area is not given"))
    rows = _occupied(area, "—" if parcels is None else None, parcels)
    return Computed(
        sum((r["area"] for r in rows), Decimal(0)),
        substituted=" + ".join(f"{r['land_class']} {num(r['area'])}" for r in rows) or "0",
    )


@function("fee.farmland_tax", "Σ(占用面积 × 适用税额 × 地类系数)")
def farmland_tax(
    rate: Decimal,
    classes: Rows,
    area: Decimal | None = None,
    land_class: str | None = None,
    parcels: Rows | None = None,
) -> Computed:
    """耕地占用税 元: one parcel (``area`` ㎡, ``land_class``) or several ``parcels`` records ``{land_class, area}``."""
    rows = _occupied(area, land_class, parcels)
    out, steps = Decimal(0), []
    clauses: list[str] = []
    for row in rows:
        known = next((c for c in classes if c["land_class"] == row.get("land_class")), None)
        if known is None:
            raise Undecided(
                Missing(
                    "GD_CLASS",
                    "占用地类",
                    f"没有地类“{row.get('land_class')}”的适用系数",
                    f"no factor for land class {row.get('land_class')!r}",
                )
            )
        if known["factor"] is None:
            raise Undecided(
                Missing(
                    "GD_CLASS",
                    "占用地类",
                    f"地类“{row['land_class']}”的税额由省级规定,尚未收录",
                    "provincial factor not available",
                )
            )
        size = Decimal(row["area"])
        amount = size * rate * Decimal(known["factor"])
        out += amount
        clauses.append(str(known["clause"]))
        steps.append(
            Step(
                str(row["land_class"]),
                f"{num(size)}㎡ × {num(rate)} × {plain_number(Decimal(known['factor']))}",
                num(amount),
                str(known["clause"]),
            )
        )
    return Computed(
        out,
        substituted=" + ".join(s.expression for s in steps),
        steps=tuple(steps),
        clause=";".join(dict.fromkeys(clauses)),
    )


@function("fee.forest", "Σ(林地面积 × 基准 × 公益林系数 × 区位系数)")
def forest_fee(
    area: Decimal, base: Decimal, public_factor: Decimal, place_factor: Decimal, cap: Decimal
) -> Computed:
    """森林植被恢复费 元; the two factors together are capped."""
    factor = min(public_factor * place_factor, cap)
    return Computed(
        area * base * factor,
        substituted=f"{num(area)} × {num(base)} × {plain_number(public_factor)} × {plain_number(place_factor)}"
        + ("" if factor == public_factor * place_factor else f"(系数封顶 {plain_number(cap)})"),
    )


@function("fee.registration", "件数 × 标准 + 增发证书 × 工本费")
def registration_fee(
    rates: Rows,
    small_enterprise: bool,
    house: int | None = None,
    other: int | None = None,
    parking: int | None = None,
    extra_books: int | None = None,
) -> Computed:
    """不动产登记费 元: 住宅, 非住宅, 车库车位储藏间 件数 and certificates beyond the first of each 件."""
    if house is None and other is None and parking is None:
        raise Undecided(
            Missing(
                "DJ_HOUSE",
                "登记件数",
                "缺少登记件数(住宅、非住宅或车位至少一项)",
                "no number of registrations given",
            )
        )
    if small_enterprise:
        return Computed(
            Decimal(0),
            substituted="小微企业免收",
            clause=str(next(r["clause"] for r in rates if r["kind"] == "小微企业")),
        )
    price = {str(r["kind"]): Decimal(r["value"]) for r in rates}
    parts = [("住宅", house), ("非住宅", other), ("车库车位储藏间", parking), ("增发证书", extra_books)]
    out, steps = Decimal(0), []
    for kind, number in parts:
        if number:
            out += price[kind] * number
            steps.append(Step(kind, f"{number} × {plain_number(price[kind])}", num(price[kind] * number)))
    return Computed(out, substituted=" + ".join(s.expression for s in steps) or "0", steps=tuple(steps))


@function("reg.fee", "Σ 件数 × 标准 + (本数 − 件数) × 工本费")
def fee(rates: Rows, kind: str, items: Decimal, books: Decimal, exempt: bool) -> Computed:
    """不动产登记费 元 of ``items`` of one ``kind`` with ``books`` certificates; 小微企业 pay nothing."""
    if items <= 0 or books < items:
        raise BadInput("证书本数不得少于件数,件数应大于 0", "books must not be fewer than items")
    price = {str(r["kind"]): Decimal(r["value"]) for r in rates}
    if exempt:
        return Computed(price["小微企业"], substituted="小微企业免收")
    extra = books - items
    return Computed(
        price[kind] * items + price["增发证书"] * extra,
        substituted=f"{num(items)} × {plain_number(price[kind])} + {num(extra)} × {plain_number(price['增发证书'])}",
    )


@function("reg.rate", "按类别查收费标准")
def rate(rates: Rows, kind: str) -> Computed:
    """One rate 元 of the registration tariff."""
    row = next((r for r in rates if r["kind"] == kind), None)
    if row is None:
        raise Undecided(Missing(kind, kind, f"收费标准没有“{kind}”一项", f"no rate for {kind}"))
    return Computed(Decimal(row["value"]), substituted=f"{kind} → {row['value']}", clause=str(row["clause"]))
