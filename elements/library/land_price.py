"""Named functions of the benchmark land price method 基准地价系数修正法 and of supplements 补缴地价."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from elements.calculators import land_price
from elements.engine.functions import function
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided


def applies(factors: Rows, factor: str) -> bool:
    """Whether the formula of a use has a factor, by the table of formulas."""
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


@function("land.term_factor", "Ky = [1 − (1+r)^−n] ÷ [1 − (1+r)^−N];基准地价修正 n ≤ N")
def land_term_factor(rate: Decimal, term: Decimal, full: Decimal, method: str | None = None) -> Computed:
    """年期修正系数 (``rate`` in %); in 市场比较 the term may exceed the comparable's, elsewhere it is refused."""
    return Computed(
        land_price.term_factor(rate, term, full, limited=method != "市场比较"),
        substituted=f"[1 − (1+{num(rate)}%)^−{num(term)}] ÷ [1 − (1+{num(rate)}%)^−{num(full)}]",
    )


@function("land.far_factor", "Kv = 容积率修正系数表线性插值，表外取端值")
def land_far_factor(
    usage: str,
    factors: Rows,
    far: Decimal | None = None,
    points: Rows | None = None,
    level: str | None = None,
) -> Computed:
    """容积率修正系数; uses without this correction (工矿、仓储 …) take 1."""
    if not applies(factors, "Kv"):
        return Computed(Decimal(1), substituted=f"{usage}不作容积率修正，取 1")
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


@function("land.area_factor", "Ks = 宗地面积修正系数（分档）")
def land_area_factor(
    usage: str, factors: Rows, area: Decimal | None = None, bands: Rows | None = None
) -> Computed:
    """宗地面积修正系数 by bands (``from_area`` inclusive, descending)."""
    if not applies(factors, "Ks"):
        return Computed(Decimal(1), substituted=f"{usage}不作面积修正，取 1")
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
    if not applies(factors, factor):
        return Computed(Decimal(1), substituted=f"{usage}不作{name}修正，取 1")
    if grade is None:
        raise Undecided(Missing(factor, name, f"缺少{name}等级", f"no grade for {name}"))
    row = next((r for r in table or [] if r["grade"] == grade), None)
    if row is None:
        allowed = "、".join(str(r["grade"]) for r in table or [])
        raise Undecided(
            Missing(
                factor,
                name,
                f"{name}修正系数表没有等级“{grade}”" + (f"（应为 {allowed}）" if allowed else ""),
                f"no factor for grade {grade!r}",
            )
        )
    return Computed(Decimal(row["value"]), substituted=f"{grade} → {row['value']}")


@function("land.use_factor", "Ku 等本用途须作的其他修正；不须作时取 1")
def use_factor(usage: str, factors: Rows) -> Computed:
    """Corrections a use needs but whose tables are not in the catalogue (用途修正 Ku …): 1 when none is needed."""
    known = {"ΣKi", "Ky", "Kv", "Kt", "Ks", "Ka", "Ke", "Kto", "Kf"}
    needed = [str(r["factor"]) for r in factors if r["applies"] and r["factor"] not in known]
    if needed:
        raise Undecided(
            *(
                Missing(
                    f"table:{f}",
                    f,
                    f"{usage}须作 {f} 修正，修正系数表尚未收录，可用 LP_KU 自带",
                    f"{usage} needs factor {f}, no table is held; LP_KU may be given",
                )
                for f in needed
            )
        )
    return Computed(Decimal(1), substituted=f"{usage}无其他修正，取 1")
