"""Named functions of the benchmark land price method 基准地价系数修正法 and of supplements 补缴地价."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from elements import land_price
from elements.functions import function
from elements.rounding import plain_number
from elements.trace import Rows, num
from elements.values import Computed, Missing, Step, Undecided
from project_box.kernel.errors import BadInput


def _applies(factors: Rows, factor: str) -> bool:
    row = next((r for r in factors if r["factor"] == factor), None)
    return row is not None and bool(row["applies"])


@function("land.months", "月数 = 整月差 + 日差 ÷ 30")
def land_months(start: Decimal | str | dt.date, end: dt.date) -> Computed:
    """Months from the base date to the valuation date."""
    begin = start if isinstance(start, dt.date) else dt.date.fromisoformat(str(start))
    months, whole, days = land_price.months_between(begin, end)
    return Computed(
        months,
        substituted=f"{whole} + {days}/30",
        steps=(Step("起止", f"{begin} → {end}", f"{whole} 个月 {days} 天"),),
    )


@function("land.date_factor", "Kt = (1 + 月涨幅)^月数")
def land_date_factor(monthly: Decimal, months: Decimal) -> Computed:
    """期日修正系数; ``monthly`` in %."""
    return Computed(land_price.date_factor(monthly, months), substituted=f"(1+{num(monthly)}%)^{num(months)}")


@function("land.term_factor", "Ky = [1 − (1+r)^−m] ÷ [1 − (1+r)^−n]")
def land_term_factor(rate: Decimal, term: Decimal, full: Decimal) -> Computed:
    """年期修正系数; ``rate`` in %, years; term above the full term is refused."""
    return Computed(
        land_price.term_factor(rate, term, full),
        substituted=f"[1 − (1+{num(rate)}%)^−{num(term)}] ÷ [1 − (1+{num(rate)}%)^−{num(full)}]",
    )


@function("land.far_factor", "Kv = 容积率修正系数表线性插值,表外取端值")
def land_far_factor(
    usage: str,
    factors: Rows,
    far: Decimal | None = None,
    points: Rows | None = None,
    level: str | None = None,
) -> Computed:
    """容积率修正系数; uses without this correction (工矿、仓储 …) take 1."""
    if not _applies(factors, "Kv"):
        return Computed(Decimal(1), substituted=f"{usage}不作容积率修正,取 1")
    if far is None:
        raise Undecided(Missing("LP_FAR", "容积率", "缺少容积率", "FAR is not given"))
    if level is None:
        raise Undecided(Missing("LP_LEVEL", "土地级别", "缺少土地级别", "land grade is not given"))
    if not points:
        raise Undecided(
            Missing(
                "table:land-far-factor",
                "容积率修正系数表",
                f"没有{usage}该级别的容积率修正系数表",
                "no FAR factor table for this use and grade",
            )
        )
    value, how = land_price.interpolate([(Decimal(p["far"]), Decimal(p["value"])) for p in points], far)
    return Computed(value, substituted=how)


@function("land.region_sum", "ΣKi = Σ 各区域因素修正系数(%)")
def land_region_sum(
    usage: str,
    factors: Rows,
    grades: dict[str, Any] | None = None,
    table: Rows | None = None,
    level: str | None = None,
) -> Computed:
    """Sum of region factor corrections in %, by grade (优 较优 一般 较劣 劣); no grade is ever assumed."""
    if not _applies(factors, "ΣKi"):
        return Computed(Decimal(0), substituted=f"{usage}不作区域因素修正,取 0")
    if level is None:
        raise Undecided(Missing("LP_LEVEL", "土地级别", "缺少土地级别", "land grade is not given"))
    if not table:
        raise Undecided(
            Missing(
                "table:land-region-factors",
                "区域因素修正系数表",
                f"没有{usage}该级别的区域因素修正系数表",
                "no region factor table for this use and grade",
            )
        )
    names = list(dict.fromkeys(str(r["factor"]) for r in table))
    given = {str(k): str(v) for k, v in (grades or {}).items()}
    unknown = [n for n in given if n not in names]
    if unknown:
        raise BadInput(
            f"没有区域因素 {'、'.join(unknown)};应为:{'、'.join(names)}",
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
    steps, out = [], Decimal(0)
    for name in names:
        row = next((r for r in table if r["factor"] == name and r["grade"] == given[name]), None)
        if row is None:
            allowed = "、".join(str(r["grade"]) for r in table if r["factor"] == name)
            raise BadInput(
                f"区域因素“{name}”的等级只能是:{allowed}",
                f"grade of {name} must be one of {allowed}",
                place="LP_REGION",
            )
        value = Decimal(row["value"])
        out += value
        steps.append(Step(name, f"{given[name]}({row['criteria']})", f"{plain_number(value)}%"))
    return Computed(
        out, substituted=" + ".join(s.value for s in steps).replace("+ -", "− "), steps=tuple(steps)
    )


@function("land.area_factor", "Ks = 宗地面积修正系数(分档)")
def land_area_factor(
    usage: str, factors: Rows, area: Decimal | None = None, bands: Rows | None = None
) -> Computed:
    """宗地面积修正系数 by bands (``from_area`` inclusive, descending)."""
    if not _applies(factors, "Ks"):
        return Computed(Decimal(1), substituted=f"{usage}不作面积修正,取 1")
    if area is None:
        raise Undecided(Missing("LP_AREA", "宗地面积", "缺少宗地面积", "parcel area is not given"))
    if not bands:
        raise Undecided(
            Missing(
                "table:land-area-factor",
                "宗地面积修正系数表",
                f"没有{usage}的宗地面积修正系数表",
                "no area factor table",
            )
        )
    for row in sorted(bands, key=lambda r: -Decimal(r["from_area"])):
        if area >= Decimal(row["from_area"]):
            return Computed(
                Decimal(row["value"]),
                substituted=f"{num(area)}㎡ ≥ {num(Decimal(row['from_area']))} → {row['grade']} {row['value']}",
            )
    raise Undecided(Missing("LP_AREA", "宗地面积", "宗地面积不在分档内", "area outside the bands"))


@function("land.graded_factor", "按等级查个别因素修正系数")
def land_graded_factor(
    usage: str, factors: Rows, factor: str, name: str, grade: str | None = None, table: Rows | None = None
) -> Computed:
    """个别因素修正系数 (形状 Ka, 景观 Ke, 朝向 Kto) by grade; a use without this correction takes 1."""
    if not _applies(factors, factor):
        return Computed(Decimal(1), substituted=f"{usage}不作{name}修正,取 1")
    if grade is None:
        raise Undecided(Missing(factor, name, f"缺少{name}等级", f"no grade for {name}"))
    row = next((r for r in table or [] if r["grade"] == grade), None)
    if row is None:
        allowed = "、".join(str(r["grade"]) for r in table or [])
        raise Undecided(
            Missing(
                factor,
                name,
                f"{name}修正系数表没有等级“{grade}”" + (f"(应为 {allowed})" if allowed else ""),
                f"no factor for grade {grade!r}",
            )
        )
    return Computed(Decimal(row["value"]), substituted=f"{grade} → {row['value']}")


@function("land.unsupported_factor", "本用途须作的其他修正")
def land_unsupported_factor(usage: str, factors: Rows) -> Computed:
    """Corrections a use needs but whose tables are not in the catalogue (用途修正 Ku …): 1 when none is needed."""
    known = {"ΣKi", "Ky", "Kv", "Kt", "Ks", "Ka", "Ke", "Kto", "Kf"}
    needed = [str(r["factor"]) for r in factors if r["applies"] and r["factor"] not in known]
    if needed:
        raise Undecided(
            *(
                Missing(
                    f"table:{f}",
                    f,
                    f"{usage}须作 {f} 修正,修正系数表尚未收录",
                    f"{usage} needs factor {f}, table not available",
                )
                for f in needed
            )
        )
    return Computed(Decimal(1), substituted=f"{usage}无其他修正,取 1")


@function("land.supplement_far", "(新楼面地价 × 新容积率 − 旧楼面地价 × 旧容积率) × 土地面积,负值按 0")
def land_supplement_far(
    new_price: Decimal, new_far: Decimal, old_far: Decimal, area: Decimal, old_price: Decimal | None = None
) -> Computed:
    """补缴地价 元 for a change of FAR and, with ``old_price``, of use."""
    raw = land_price.supplement_far(new_price, old_far, new_far, area, old_price)
    old = new_price if old_price is None else old_price
    steps = (
        ()
        if raw >= 0
        else (Step("计算值为负", "新条件下地价不高于原条件,按 0 计(城市另有退还规定的除外)", num(raw)),)
    )
    return Computed(
        max(raw, Decimal(0)),
        substituted=f"({num(new_price)}×{num(new_far)} − {num(old)}×{num(old_far)})×{num(area)} = {num(raw)}",
        steps=steps,
    )
