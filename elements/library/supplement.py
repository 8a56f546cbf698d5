"""Named functions of supplements 补缴地价 and of what is shared among parcels.

Money in 元, areas in ㎡, floor prices in 元/㎡ of floor area.
"""

from __future__ import annotations

from decimal import Decimal

from elements.engine.functions import function
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.library.mixed_use import split
from elements.records import amount_of
from project_box.kernel.errors import BadInput


@function(
    "land.supplement_change",
    "(新楼面地价 × 新容积率 × 新年期修正 − 旧楼面地价 × 旧容积率 × 旧年期修正) × 土地面积，负值按 0",
)
def supplement_change(
    new_price: Decimal,
    new_far: Decimal,
    old_far: Decimal,
    area: Decimal,
    old_price: Decimal | None = None,
    new_term: Decimal | None = None,
    old_term: Decimal | None = None,
) -> Computed:
    """补缴地价 元 for a change of FAR and, with ``old_price``, of use; the term factors stand for the years left.

    The years left apply to both sides: one factor alone is refused. A negative result is 0.
    """
    if (new_term is None) != (old_term is None):
        lacking = "原条件年期修正系数" if old_term is None else "新条件年期修正系数"
        raise Undecided(
            Missing("BJ_KY", lacking, f"剩余年期应同时作用于新旧两侧，缺少{lacking}", "term factors of both sides")
        )  # fmt: skip
    old = new_price if old_price is None else old_price
    k_new, k_old = new_term or Decimal(1), old_term or Decimal(1)
    raw = (new_price * new_far * k_new - old * old_far * k_old) * area
    shown = [f"×{num(k)}" if new_term is not None else "" for k in (k_new, k_old)]
    steps = (
        ()
        if raw >= 0
        else (Step("计算值为负", "新条件下地价不高于原条件，按 0 计（城市另有退还规定的除外）", num(raw)),)
    )
    return Computed(
        max(raw, Decimal(0)),
        substituted=f"({num(new_price)}×{num(new_far)}{shown[0]} − {num(old)}×{num(old_far)}{shown[1]})×{num(area)}"
        f" = {num(raw)}",
        steps=steps,
    )


_PARTS = {"容积率": "far", "用途": "use", "用途结构": "mix", "工业改用途": "industry", "年期": "term"}


def changed_parts(text: str) -> list[str]:
    """The conditions an application changes, as written: ``容积率、用途``, ``容积率与用途``, ``容积率+年期``.

    Raises:
        BadInput: a word that names none of them.
    """
    for mark in "与和及+,,;;/ ":
        text = text.replace(mark, "、")
    parts = list(dict.fromkeys(p for p in text.split("、") if p))
    odd = [p for p in parts if p not in _PARTS]
    if odd or not parts:
        raise BadInput(
            f"变更事项“{(odd or [text])[0][:20]}”应为 {'、'.join(_PARTS)} 中的一项或几项",
            f"{(odd or [text])[0][:20]!r}: one or more of {'、'.join(_PARTS)} expected",
            place="BG_PARTS",
        )
    return parts


@function("land.supplement_parts", "应补缴 = Σ 所涉各项条件的补缴额（另加地下经营性面积）")
def supplement_parts(
    parts: str,
    far: Decimal | None = None,
    use: Decimal | None = None,
    mix: Decimal | None = None,
    industry: Decimal | None = None,
    term: Decimal | None = None,
    underground: Decimal | None = None,
) -> Computed:
    """Supplement 元 of a change: the sum over the conditions it names; one that is missing leaves the whole open.

    ``underground`` is added where area below ground is part of the application.
    """
    amounts = {"far": far, "use": use, "mix": mix, "industry": industry, "term": term}
    words = changed_parts(parts)
    lacking = [w for w in words if amounts[_PARTS[w]] is None]
    if lacking:
        raise Undecided(*(Missing(w, w, f"{w}部分的补缴额尚未得出", f"no amount for {w}") for w in lacking))
    chosen = {w: amounts[_PARTS[w]] or Decimal(0) for w in words}
    if underground is not None:
        chosen["地下经营性面积"] = underground
    return Computed(
        sum(chosen.values(), Decimal(0)),
        substituted=" + ".join(f"{k} {num(v)}" for k, v in chosen.items()),
        steps=tuple(Step(k, "", num(v)) for k, v in chosen.items()),
    )


@function("land.allocated_supplement", "应缴 = 出让市场价 − 划拨权益价；地方定比例的：出让市场价 × 比例")
def allocated_supplement(
    price: Decimal, equity: Decimal | None = None, share: Decimal | None = None
) -> Computed:
    """划拨补办出让金 元: market price less the allocated right, or a local share (%) of the market price."""
    if (equity is None) == (share is None):
        if equity is not None:
            raise BadInput(
                "划拨权益价格与缴纳比例只能填一种", "give HB_ALLOCATED or HB_SHARE, not both", place="HB_SHARE"
            )  # fmt: skip
        raise Undecided(
            Missing(
                "HB_ALLOCATED",
                "划拨权益价格或缴纳比例",
                "缺少划拨土地使用权权益价格（HB_ALLOCATED），或当地规定的缴纳比例（HB_SHARE，不设默认）",
                "neither the value of the allocated right nor a local share",
            )
        )
    if share is not None:
        return Computed(price * share / 100, substituted=f"{num(price)} × {num(share)}%")
    raw = price - (equity or Decimal(0))
    steps = () if raw >= 0 else (Step("计算值为负", "权益价不低于市场价，按 0 计", num(raw)),)
    return Computed(
        max(raw, Decimal(0)), substituted=f"{num(price)} − {num(equity or Decimal(0))}", steps=steps
    )


@function("land.parcel_shares", "各宗分摊 = 总价 × 该宗权数 ÷ Σ权数（0.01 元，最大余数法闭合）")
def parcel_shares(total: Decimal, parcels: Rows) -> Computed:
    """A total 元 shared among parcels (records ``parcel``, ``weight``: its area ㎡ or price), closing exactly."""
    names = [str(r.get("parcel") or i) for i, r in enumerate(parcels, 1)]
    if not names:
        raise Undecided(Missing("MP_PARCELS", "各宗地", "没有宗地记录", "no parcels"))
    if len(set(names)) < len(names):
        raise BadInput("宗地编号重复", "a parcel stands twice", place="MP_PARCELS")
    weights = [amount_of(r, "weight", "各宗地") for r in parcels]
    parts = split(total, weights)
    return Computed(
        {n: format(p, "f") for n, p in zip(names, parts, strict=True)},
        substituted=" + ".join(format(p, "f") for p in parts) + f" = {num(sum(parts, Decimal(0)))}",
    )
