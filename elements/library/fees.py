"""Named functions of fees with conditions 规费: soil and water, civil defence, forest, registration, idle land, delay.

Money in 元, areas in ㎡; every rate comes from a dated table or is handed in as one's own (自带).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from elements.calculators.terms import add_months
from elements.engine.functions import function
from elements.engine.rounding import plain_number
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import amount_of
from project_box.kernel.errors import BadInput


def _row(rows: Rows, column: str, wanted: str) -> Decimal:
    """``value`` of the row whose ``column`` is ``wanted``.

    Raises:
        Undecided: the table has no such row.
    """
    for row in rows:
        if row[column] == wanted:
            return Decimal(row["value"])
    raise Undecided(Missing(column, wanted, f"费率表没有“{wanted}”一项", f"no row for {wanted!r}"))


@function("fee.soil_water", "⌈征占用地面积⌉ × 标准 + 取土弃渣量 × 标准 + 采矿量 × 标准")
def soil_water(
    rates: Rows,
    area: Decimal | None = None,
    spoil: Decimal | None = None,
    ore: Decimal | None = None,
    own_rate: Decimal | None = None,
) -> Computed:
    """水土保持补偿费 元 for occupied land (a part of a ㎡ counts as one), earth taken or dumped (m³), ore (t)."""
    parts = [("征占用地", area, "㎡"), ("取土弃渣", spoil, "m³"), ("采矿", ore, "t")]
    stated = [(k, v, u) for k, v, u in parts if v is not None]
    if not stated:
        raise Undecided(
            Missing(
                "SB_AREA", "征占用土地面积", "缺少征占用土地面积（或取土弃渣量、采矿量）", "nothing stated"
            )
        )
    steps, total = [], Decimal(0)
    for kind, quantity, unit in stated:
        counted = quantity.to_integral_value(rounding="ROUND_CEILING") if kind == "征占用地" else quantity
        rate = own_rate if own_rate is not None and kind == "征占用地" else _row(rates, "kind", kind)
        total += counted * rate
        steps.append(Step(kind, f"{num(counted)} {unit} × {num(rate)}", num(counted * rate)))
    return Computed(total, substituted=" + ".join(s.expression for s in steps), steps=tuple(steps))


@function("fee.civil_defence", "(计费建筑面积 × 应建比例 − 已建防空地下室面积) × 单价")
def civil_defence(
    area: Decimal,
    share: Decimal,
    price: Decimal,
    exempt: Decimal | None = None,
    built: Decimal | None = None,
) -> Computed:
    """人防易地建设费 元: ``area`` ㎡ above ground less ``exempt`` (工业厂房), ``share`` %, less what is built."""
    if exempt is not None and exempt > area:
        raise BadInput(
            "不计人防的建筑面积大于地面总建筑面积", "exempt area exceeds the floor area", place="RF_EXEMPT"
        )
    counted = area - (exempt or Decimal(0))
    due = max(counted * share / 100 - (built or Decimal(0)), Decimal(0))
    base = f"({num(area)} − {num(exempt)})" if exempt is not None else num(area)
    less = f" − {num(built)}" if built is not None else ""
    return Computed(
        due * price,
        substituted=f"({base}×{num(share)}%{less}) × {num(price)}"
        if less
        else f"{base}×{num(share)}% × {num(price)}",
        steps=(Step("应易地建设面积", "", f"{num(due)} ㎡"),),
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
        + ("" if factor == public_factor * place_factor else f"（系数封顶 {plain_number(cap)}）"),
    )


@function("fee.forest_parcels", "Σ(林地面积 × 基准 × min(公益林系数 × 区位系数, 封顶))")
def forest_parcels(parcels: Rows, bases: Rows, factors: Rows) -> Computed:
    """森林植被恢复费 元 over records ``{forest, public, place, area}``; the two factors together are capped."""
    cap = _row(factors, "kind", "封顶")
    steps, total = [], Decimal(0)
    for i, row in enumerate(parcels, 1):
        area = amount_of(row, "area", f"第 {i} 块林地")
        base = _row(bases, "forest", str(row.get("forest")))
        wanted = _row(factors, "kind", str(row.get("public"))) * _row(factors, "kind", str(row.get("place")))
        factor = min(wanted, cap)
        total += area * base * factor
        steps.append(
            Step(
                f"第 {i} 块 {row.get('forest')}",
                f"{num(area)} × {num(base)} × {num(factor)}",
                num(area * base * factor),
            )
        )
    if not steps:
        raise Undecided(Missing("SL_PARCELS", "分块占用林地", "没有林地记录", "no forest parcels"))
    return Computed(total, substituted=" + ".join(s.expression for s in steps), steps=tuple(steps))


@function("fee.pieces", "住宅 + 非住宅 + 车库车位储藏间")
def pieces(house: int | None = None, other: int | None = None, parking: int | None = None) -> Computed:
    """Number of registrations 件 over all kinds."""
    stated = [n for n in (house, other, parking) if n is not None]
    if not stated:
        raise Undecided(
            Missing("DJ_HOUSE", "登记件数", "缺少登记件数（住宅、非住宅或车位至少一项）", "no number of registrations")
        )  # fmt: skip
    return Computed(Decimal(sum(stated)), substituted=" + ".join(str(n) for n in stated))


@function("fee.registration_case", "Σ 件数 × 标准 × 减免 + 增发证书 × 工本费")
def registration_case(
    rates: Rows,
    small_enterprise: bool | None = None,
    relief: str | None = None,
    relief_share: Decimal | None = None,
    house: int | None = None,
    other: int | None = None,
    parking: int | None = None,
    extra_books: int | None = None,
    books: int | None = None,
) -> Computed:
    """不动产登记费 元: 住宅, 非住宅, 车库车位储藏间 件数; each carries one certificate, more cost 工本费.

    ``books`` is the number of certificates in all, instead of ``extra_books``. Of a ``relief``
    ``relief_share`` % is charged; 小微企业 are free when they claim it. What is not claimed is not granted.
    """
    if house is None and other is None and parking is None:
        raise Undecided(
            Missing("DJ_HOUSE", "登记件数", "缺少登记件数（住宅、非住宅或车位至少一项）", "no number of registrations")
        )  # fmt: skip
    pieces = (house or 0) + (other or 0) + (parking or 0)
    if books is not None:
        if extra_books is not None:
            raise BadInput(
                "增发证书本数与证书总本数只能填一种", "give DJ_BOOKS or DJ_CERTS", place="DJ_CERTS"
            )
        if books < pieces:
            raise BadInput(
                f"证书总本数 {books} 少于登记件数 {pieces}", "fewer certificates than cases", place="DJ_CERTS"
            )
        extra_books = books - pieces
    price = {str(r["kind"]): Decimal(r["value"]) for r in rates}
    clause = {str(r["kind"]): str(r["clause"]) for r in rates}
    free, share = relief, Decimal(1)
    if small_enterprise:
        free, share = "小微企业", price["小微企业"]
    elif relief is not None:
        if relief_share is None:
            raise Undecided(
                Missing("DJ_RELIEF", relief, f"没有“{relief}”的减免规定", f"no relief for {relief!r}")
            )
        share = relief_share / 100
    if share == 0:
        return Computed(Decimal(0), substituted=f"{free}免收", clause=clause.get(str(free), ""))
    parts = [("住宅", house), ("非住宅", other), ("车库车位储藏间", parking)]
    steps, total = [], Decimal(0)
    for kind, number in parts:
        if number:
            amount = price[kind] * number * share
            times = f" × {num(share * 100)}%({free})" if share != 1 else ""
            total += amount
            steps.append(Step(kind, f"{number} × {num(price[kind])}{times}", num(amount), clause[kind]))
    if extra_books:
        amount = price["增发证书"] * extra_books
        total += amount
        steps.append(
            Step("增发证书", f"{extra_books} × {num(price['增发证书'])}", num(amount), clause["增发证书"])
        )
    used = [s.clause for s in steps]
    return Computed(
        total,
        substituted=" + ".join(s.expression for s in steps) or "0",
        steps=tuple(steps),
        clause=";".join(dict.fromkeys(used)),
    )


@function("fee.idle_land", "未动工满 1 年：出让（划拨）价款 × 比例上限；不满 1 年为 0")
def idle_land(
    price: Decimal,
    share: Decimal,
    periods: Rows,
    years: Decimal | None = None,
    start: dt.date | None = None,
    day: dt.date | None = None,
) -> Computed:
    """土地闲置费 元 (ceiling): by the years past the agreed start, or by the agreed start and the day of the finding.

    A year is full on the same day of the next year. From the second full year the land may be taken back.
    """
    charged, reclaim = (int(_row(periods, "what", w)) for w in ("征缴闲置费", "无偿收回"))
    if years is not None:
        if start is not None or day is not None:
            raise BadInput(
                "年数与动工日、认定日只能填一种", "give XZF_YEARS or the two days", place="XZF_YEARS"
            )
        full, over, shown = years >= charged, years >= reclaim, f"{num(years)} 年"
    else:
        lacking = _absent((("XZF_START", "约定动工日", start), ("XZF_DAY", "闲置认定日", day)))
        if lacking or start is None or day is None:
            raise Undecided(
                *lacking,
                Missing(
                    "XZF_YEARS",
                    "超过约定动工日的整年数",
                    "或超过约定动工日的整年数",
                    "or the years past the start",
                ),
            )
        full = day >= add_months(start, 12 * charged)
        over = day >= add_months(start, 12 * reclaim)
        shown = f"{start} 至 {day}"
    if not full:
        return Computed(Decimal(0), substituted=f"{shown}，未满 {charged} 年，不征收")
    note = (
        (Step("满二年", f"未动工满 {reclaim} 年，可以无偿收回", shown, "城市房地产管理法第二十六条"),)
        if over
        else ()
    )
    return Computed(
        price * share / 100,
        substituted=f"{num(price)} × {num(share)}%（{shown}，已满 {charged} 年）",
        steps=note,
    )


@function("fee.late_charge", "违约金 = 逾期金额 × 逾期天数 × 日比例（‰）")
def late_charge(
    amount: Decimal,
    rate: Decimal,
    days: int | None = None,
    due: dt.date | None = None,
    paid: dt.date | None = None,
) -> Computed:
    """违约金 元: ``rate`` ‰ per day; days as stated, or from ``due`` (not counted) to ``paid``; none in time."""
    if days is None:
        lacking = _absent((("WY_DUE", "应缴日", due), ("WY_PAID", "实缴日", paid)))
        if lacking or due is None or paid is None:
            raise Undecided(*lacking, Missing("WY_DAYS", "逾期天数", "或逾期天数", "or the days late"))
        days = max((paid - due).days, 0)
    elif due is not None or paid is not None:
        raise BadInput("逾期天数与应缴日、实缴日只能填一种", "give WY_DAYS or the two days", place="WY_DAYS")
    return Computed(amount * days * rate / 1000, substituted=f"{num(amount)} × {days} 日 × {num(rate)}‰")


def _absent(wanted: Sequence[tuple[str, str, object]]) -> list[Missing]:
    return [Missing(c, w, f"缺少{w}({c})", f"{c} is not given") for c, w, v in wanted if v is None]


@function("reg.fee", "Σ 件数 × 标准 + (本数 − 件数) × 工本费")
def fee(rates: Rows, kind: str, items: Decimal, books: Decimal, exempt: bool) -> Computed:
    """不动产登记费 元 of ``items`` of one ``kind`` with ``books`` certificates; 小微企业 pay nothing."""
    if items <= 0 or books < items:
        raise BadInput("证书本数不得少于件数，件数应大于 0", "books must not be fewer than items")
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
