"""Named functions for the parts of a land price that are stated in more than one way 区域因素、期日、开发程度、路线价.

Percentages stay in %, money in 元/㎡. What can be stated in two ways is stated in one; nothing is assumed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

from elements.calculators import land_price
from elements.engine.functions import function
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.library.land_price import applies
from project_box.kernel.errors import BadInput

_SIGNS = str.maketrans("－−–—＋％，；、　", "----+%,;, ")
_PERCENT = re.compile(r"[+-]?\d+(?:\.\d+)?%?")


def _percent(text: str) -> Decimal | None:
    """A percentage written as a number (``0.3873``, ``−0.3202%``); None when it is a word."""
    plain = text.translate(_SIGNS).strip()
    return Decimal(plain.rstrip("%")) if _PERCENT.fullmatch(plain) else None


def percent_list(text: str, place: str) -> list[Decimal]:
    """Percentages separated by commas, semicolons or spaces; a sign stays with its number.

    Raises:
        BadInput: a part that is no number.
    """
    plain = re.sub(r"([+-])\s+(?=\d)", r"\1", text.translate(_SIGNS))
    parts = [p for p in re.split(r"[,;\s]+", plain) if p]
    values = [_percent(p) for p in parts]
    wrong = [p for p, v in zip(parts, values, strict=True) if v is None]
    if wrong or not parts:
        raise BadInput(
            f"区域因素修正值应为以逗号分隔的百分数，“{(wrong or [text])[0][:20]}”不是",
            f"percentages separated by commas expected, got {(wrong or [text])[0][:20]!r}",
            place=place,
            remedy="如 LP_KI=0.3873,-0.3202,0",
            remedy_en="such as LP_KI=0.3873,-0.3202,0",
        )
    return [v for v in values if v is not None]


@function("land.region_total", "ΣKi = Σ 各区域因素修正系数（%），按等级查表或直接给百分数")
def region_total(
    usage: str,
    factors: Rows,
    percents: str | None = None,
    stated: dict[str, Any] | None = None,
    level: str | None = None,
    table: Rows | None = None,
) -> Computed:
    """Sum of region factor corrections in %.

    ``stated`` maps a factor to its grade (优 较优 一般 较劣 劣) or to its percentage; ``percents`` is a plain
    list of percentages. Where a table of the use and grade is held every factor of it must be stated.
    """
    if not applies(factors, "ΣKi"):
        return Computed(Decimal(0), substituted=f"{usage}不作区域因素修正，取 0")
    if percents is not None:
        if stated:
            raise BadInput(
                "区域因素等级与区域因素修正值只能填一种",
                "give LP_REGION or LP_KI, not both",
                place="LP_KI",
            )
        values = percent_list(percents, "LP_KI")
        return Computed(
            sum(values, Decimal(0)),
            substituted=" + ".join(f"{num(v)}%" for v in values).replace("+ -", "− "),
            steps=tuple(Step(f"第 {i} 项", "自带百分数", f"{num(v)}%") for i, v in enumerate(values, 1)),
            verified=False,
        )
    given = {str(k).strip(): str(v).strip() for k, v in (stated or {}).items()}
    numbers = {name: value for name, text in given.items() if (value := _percent(text)) is not None}
    if not table:
        return _without_table(usage, level, given, numbers)
    return _with_table(table, given, numbers)


def _without_table(
    usage: str, level: str | None, given: Mapping[str, str], numbers: Mapping[str, Decimal]
) -> Computed:
    if given and len(numbers) == len(given):
        return _sum_of({n: (v, "自带百分数") for n, v in numbers.items()}, verified=False)
    if level is None:
        raise Undecided(Missing("LP_LEVEL", "土地级别", "缺少土地级别", "land grade is not given"))
    raise Undecided(
        Missing(
            "table:land-region-factors",
            "区域因素修正系数表",
            f"没有{usage}{level}的区域因素修正系数表，可用 LP_KI 自带各因素百分数，或用 LP_SKI 自带其和",
            "no region factor table for this use and grade; LP_KI or LP_SKI may be given instead",
        )
    )


def _with_table(table: Rows, given: Mapping[str, str], numbers: Mapping[str, Decimal]) -> Computed:
    names = list(dict.fromkeys(str(r["factor"]) for r in table))
    unknown = [n for n in given if n not in names]
    if unknown:
        raise BadInput(
            f"没有区域因素 {'、'.join(unknown)}；应为：{'、'.join(names)}",
            f"unknown region factors {unknown}",
            place="LP_REGION",
        )
    lacking = [n for n in names if n not in given]
    if lacking:
        raise Undecided(
            *(
                Missing(f"LP_REGION.{n}", n, f"缺少区域因素“{n}”的等级", f"no grade for region factor {n}")
                for n in lacking
            )
        )
    parts: dict[str, tuple[Decimal, str]] = {}
    for name in names:
        if name in numbers:
            parts[name] = numbers[name], "自带百分数"
            continue
        row = next((r for r in table if r["factor"] == name and r["grade"] == given[name]), None)
        if row is None:
            allowed = "、".join(str(r["grade"]) for r in table if r["factor"] == name)
            raise BadInput(
                f"区域因素“{name}”的等级只能是：{allowed}",
                f"grade of {name} must be one of {allowed}",
                place="LP_REGION",
            )
        parts[name] = Decimal(row["value"]), f"{given[name]}({row['criteria']})"
    return _sum_of(parts, verified=not numbers)


def _sum_of(parts: Mapping[str, tuple[Decimal, str]], *, verified: bool) -> Computed:
    steps = tuple(Step(name, how, f"{num(value)}%") for name, (value, how) in parts.items())
    return Computed(
        sum((value for value, _ in parts.values()), Decimal(0)),
        substituted=" + ".join(s.value for s in steps).replace("+ -", "− "),
        steps=steps,
        verified=verified,
    )


@function("land.date_correction", "Kt = (1 + 月涨幅)^月数；有地价指数时 Kt = 估价期日指数 ÷ 基准日指数")
def date_correction(
    base: Decimal | str | dt.date | None = None,
    day: dt.date | None = None,
    monthly: Decimal | None = None,
    index_base: Decimal | None = None,
    index_day: Decimal | None = None,
) -> Computed:
    """期日修正系数: by the growth per month (%) between two days, or by two price indices when they are given."""
    if index_base is not None or index_day is not None:
        lacking = [
            w for w, v in (("基准日地价指数", index_base), ("估价期日地价指数", index_day)) if v is None
        ]
        if lacking or index_base is None or index_day is None:
            raise Undecided(*(Missing(w, w, f"缺少{w}", f"{w} is not given") for w in lacking))
        if index_base <= 0 or index_day <= 0:
            raise BadInput("地价指数应大于 0", "a price index must be positive", place="LP_INDEX_BASE")
        with localcontext() as context:
            context.prec = 40
            return Computed(index_day / index_base, substituted=f"{num(index_day)} ÷ {num(index_base)}")
    needed = (
        ("LP_BASE_DATE", "基准地价期日", base),
        ("LP_DATE", "估价期日", day),
        ("LP_GROWTH", "月涨幅", monthly),
    )
    missing = [
        Missing(code, word, f"缺少{word}（或地价指数）", f"{code} or the price indices are not given")
        for code, word, value in needed
        if value is None
    ]
    if missing or base is None or day is None or monthly is None:
        raise Undecided(*missing)
    begin = base if isinstance(base, dt.date) else dt.date.fromisoformat(str(base))
    months, whole, days = land_price.months_between(begin, day)
    return Computed(
        land_price.date_factor(monthly, months),
        substituted=f"(1+{num(monthly)}%)^{num(months)}",
        steps=(Step("月数", f"{begin} → {day}", f"{whole} 个月 {days} 天 = {whole} + {days}/30"),),
    )


@function("land.development", "Kf = Σ 开发程度差异各项费用（缺的为负，多的为正）；程度相同为 0")
def development(
    amount: Decimal | None = None,
    items: dict[str, Any] | None = None,
    level: str | None = None,
    base_level: str | None = None,
) -> Computed:
    """开发程度修正 元/㎡: stated as a sum, item by item, or 0 where the development is that of the base price."""
    if amount is not None and items:
        raise BadInput(
            "开发程度修正与开发程度差异项只能填一种", "give LP_DEVELOPMENT or LP_DEV_ITEMS", place="LP_DEV_ITEMS"
        )  # fmt: skip
    if amount is not None:
        return Computed(amount, substituted=num(amount))
    if items:
        parts = {str(k): _percent(str(v)) for k, v in items.items()}
        wrong = [k for k, v in parts.items() if v is None]
        if wrong:
            raise BadInput(
                f"开发程度差异项“{wrong[0][:20]}”应为元/㎡数值", f"{wrong[0]!r}: number expected", place="LP_DEV_ITEMS"
            )  # fmt: skip
        values = {k: v for k, v in parts.items() if v is not None}
        return Computed(
            sum(values.values(), Decimal(0)),
            substituted=" + ".join(f"{k} {num(v)}" for k, v in values.items()),
            steps=tuple(Step(k, "", num(v)) for k, v in values.items()),
        )
    if level is not None and level == base_level:
        return Computed(Decimal(0), substituted=f"宗地{level}，与基准地价内涵相同")
    reason = "缺少开发程度修正（LP_DEVELOPMENT，元/㎡，与基准地价开发程度相同时为 0）"
    if level is not None:
        reason = (
            f"宗地{level}与基准地价内涵{base_level or '(未收录)'}不同，须给出各项差异费用（LP_DEV_ITEMS）"
        )
    raise Undecided(
        Missing("LP_DEVELOPMENT", "开发程度修正", reason, "the development correction is not given")
    )


@function("land.kind_factor", "地面地价取 1；楼面地价乘以容积率")
def kind_factor(kind: str, far: Decimal | None = None) -> Computed:
    """What turns the published base price into a ground price: 1 for 地面地价, the FAR for 楼面地价."""
    if kind == "地面地价":
        return Computed(Decimal(1), substituted="基准地价为地面地价，取 1")
    if far is None or far <= 0:
        raise Undecided(
            Missing("LP_FAR", "容积率", "基准地价为楼面地价，须有容积率", "a floor price needs the FAR")
        )
    return Computed(far, substituted=f"基准地价为楼面地价，乘以容积率 {num(far)}")


@function("land.street_price", "深度不超过标准深度取临街单价；超过时按临街、不临街面积加权")
def street_price(
    area: Decimal,
    front: Decimal,
    depth: Decimal,
    standard: Decimal,
    street: Decimal | None = None,
    behind: Decimal | None = None,
) -> Computed:
    """Unit price 元/㎡ of a commercial parcel on a street; ``street`` and ``behind`` are the prices of the two parts.

    Up to the standard depth the street price alone holds. A deeper parcel is split: standard depth × frontage lies
    at the street, the rest behind it.
    """
    if front <= 0 or depth <= 0 or area <= 0:
        raise BadInput("宗地面积、临街宽度和深度应大于 0", "area, frontage and depth must be positive")
    if street is None:
        raise Undecided(Missing("LP_STREET_PRICE", "临街部分单价", "临街部分单价尚未得出", "no street price"))
    if depth <= standard:
        return Computed(
            street, substituted=f"深度 {num(depth)} m ≤ 标准深度 {num(standard)} m，取 {num(street)}"
        )
    at_street = min(standard * front, area)
    rest = area - at_street
    if rest == 0:
        return Computed(street, substituted=f"临街面积 {num(at_street)} ㎡ 即全宗地，取 {num(street)}")
    if behind is None:
        raise Undecided(
            Missing("LP_BACK_PRICE", "不临街部分单价", "超过标准深度，不临街部分单价未得出", "no price behind")
        )  # fmt: skip
    return Computed(
        (street * at_street + behind * rest) / area,
        substituted=f"({num(street)}×{num(at_street)} + {num(behind)}×{num(rest)}) ÷ {num(area)}",
        steps=(
            Step("临街部分", f"{num(standard)} m × {num(front)} m", f"{num(at_street)} ㎡"),
            Step("不临街部分", f"{num(area)} − {num(at_street)}", f"{num(rest)} ㎡"),
        ),
    )


@function("land.convert", "地面单价 = 楼面地价 × 容积率")
def convert(want: str, far: Decimal, ground: Decimal | None = None, floor: Decimal | None = None) -> Computed:
    """Ground price or floor price 元/㎡ (``want``: ground, floor) from whichever of the two is known."""
    if far <= 0:
        raise BadInput("容积率应大于 0", "the FAR must be positive", place="ZH_FAR")
    if (ground is None) == (floor is None):
        if ground is not None and floor is not None and ground != floor * far:
            raise BadInput(
                f"地面单价 {num(ground)} 与楼面地价 {num(floor)} × 容积率 {num(far)} 不等",
                "ground and floor price disagree",
                place="ZH_GROUND",
            )
        if ground is None:
            raise Undecided(
                Missing("ZH_GROUND", "地面单价", "缺少地面单价或楼面地价（填一种）", "neither ground nor floor price")
            )  # fmt: skip
    with localcontext() as context:
        context.prec = 40
        if want == "ground":
            value = ground if ground is not None else (floor or Decimal(0)) * far
            return Computed(
                value, substituted=num(value) if ground is not None else f"{num(floor or value)} × {num(far)}"
            )
        value = floor if floor is not None else (ground or Decimal(0)) / far
        return Computed(
            value, substituted=num(value) if floor is not None else f"{num(ground or value)} ÷ {num(far)}"
        )
