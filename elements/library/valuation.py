"""Named functions of valuation methods 估价方法: income, comparison, weighting; floors and supplements of a price.

Prices in 元/㎡ of land or floor as each says, amounts in 元.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

from elements.engine.functions import function
from elements.engine.rounding import round_to
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import amount_of
from project_box.kernel.errors import BadInput


@function("supply.income", "P = a ÷ r × [1 − (1+r)^−n]")
def income(net: Decimal, rate: Decimal, years: Decimal) -> Computed:
    """收益还原法: price 元/㎡ of a net yearly land income over ``years`` at ``rate`` %."""
    if rate <= 0 or years <= 0:
        raise BadInput("还原率和年期应大于 0", "rate and years must be positive")
    with localcontext() as context:
        context.prec = 40
        r = rate / 100
        value = net / r * (1 - (1 + r) ** -years)
    return Computed(value, substituted=f"{num(net)} ÷ {num(rate)}% × [1 − (1+{num(rate)}%)^−{num(years)}]")


@function("supply.comparison", "比准价 = 可比实例价 × 各项修正；结果取算术平均")
def comparison(cases: Rows, minimum: Decimal) -> Computed:
    """市场比较法: mean of ``price`` 元/㎡ times the corrections ``situation, date, region, individual, term`` (ratios).

    A case without a correction is 无法判定 (1 must be written where nothing is corrected); fewer than
    ``minimum`` cases too.
    """
    names = {
        "situation": "交易情况",
        "date": "期日",
        "region": "区域因素",
        "individual": "个别因素",
        "term": "年期",
    }
    if len(cases) < minimum:
        raise Undecided(
            Missing(
                "cases",
                "可比实例",
                f"可比实例只有 {len(cases)} 个，应不少于 {num(minimum)} 个",
                "too few cases",
            )
        )
    values, steps = [], []
    for number, case in enumerate(cases, 1):
        lacking = [word for key, word in names.items() if case.get(key) is None]
        if lacking:
            raise Undecided(
                Missing(
                    "cases", "可比实例", f"实例 {number} 缺少{'、'.join(lacking)}修正", "correction missing"
                )
            )
        value = amount_of(case, "price", "可比实例")
        for key in names:
            value *= amount_of(case, key, "可比实例")
        values.append(value)
        steps.append(
            Step(
                f"实例 {number}", " × ".join(str(case[k]) for k in ("price", *names)), num(round_to(value, 2))
            )
        )
    mean = sum(values, Decimal(0)) / len(values)
    return Computed(
        mean,
        substituted=f"({' + '.join(s.value for s in steps)}) ÷ {len(values)}",
        steps=tuple(steps),
    )


@function("supply.weighted", "Σ(各方法结果 × 权重),权重合计 100%，方法不少于规定种数")
def weighted(
    weights: dict[str, Any],
    minimum: Decimal,
    benchmark: Decimal | None = None,
    comparison_price: Decimal | None = None,
    income_price: Decimal | None = None,
    residual: Decimal | None = None,
    cost: Decimal | None = None,
) -> Computed:
    """Price 元/㎡ from ``minimum`` or more valuation methods by weights in %, e.g. ``基准地价=40, 剩余法=60``."""
    given = {
        "基准地价": benchmark,
        "市场比较": comparison_price,
        "收益还原": income_price,
        "剩余法": residual,
        "成本逼近": cost,
    }
    unknown = [k for k in weights if k not in given]
    if unknown:
        raise BadInput(
            f"没有估价方法 {'、'.join(unknown)}；应为：{'、'.join(given)}", f"unknown methods {unknown}"
        )
    try:
        shares = {k: Decimal(str(v)) for k, v in weights.items()}
    except ArithmeticError as error:
        raise BadInput("方法权重应为数值（%）", "weights must be numbers") from error
    if len(shares) < minimum or sum(shares.values()) != 100 or min(shares.values()) <= 0:
        raise BadInput(
            f"估价方法应不少于 {num(minimum)} 种，权重均大于 0 且合计 100%",
            "too few methods, or weights not positive and 100 % in all",
        )
    lacking = [k for k in shares if given[k] is None]
    if lacking:
        raise Undecided(*(Missing(k, k, f"缺少{k}的估价结果", f"no result of {k}") for k in lacking))
    values = {k: given[k] or Decimal(0) for k in shares}
    return Computed(
        sum((values[k] * s / 100 for k, s in shares.items()), Decimal(0)),
        substituted=" + ".join(f"{num(round_to(values[k], 4))}×{num(s)}%" for k, s in shares.items()),
    )


@function("supply.map_total", "Σ 各方份额")
def map_total(shares: dict[str, Any]) -> Computed:
    """Sum of the numbers of a mapping (shares in % of joint bidders)."""
    values = {k: amount_of(shares, k, "份额") for k in shares}
    return Computed(
        sum(values.values(), Decimal(0)), substituted=" + ".join(f"{k} {num(v)}" for k, v in values.items())
    )


@function("supply.legal_minimum", "max(基准地价底线, 工业最低价标准 × 面积)")
def legal_minimum(
    usage: str, benchmark: Decimal, area: Decimal, industrial: Decimal | None = None
) -> Computed:
    """Lowest lawful starting price 元: the benchmark floor; for 工矿、仓储 not below the industrial floor 元/㎡."""
    if usage not in ("工矿用地", "仓储用地"):
        return Computed(benchmark, substituted=num(benchmark))
    if industrial is None:
        raise Undecided(
            Missing(
                "XZ_GRADE", "土地等别", f"{usage}须按土地等别核对工业最低价标准", "land grade is not given"
            )
        )
    other = industrial * area
    return Computed(
        max(benchmark, other), substituted=f"max({num(benchmark)}, {num(industrial)}×{num(area)})"
    )


@function("supply.agreement_floor", "max(三项费用单价, 有基准地价时其最低价比例, 工业最低单价)")
def agreement_floor(
    has_benchmark: bool,
    usage: str,
    cost: Decimal,
    benchmark: Decimal | None = None,
    industrial: Decimal | None = None,
) -> Computed:
    """Lowest price 元/㎡ by agreement: the costs; with a benchmark also its share; for 工矿、仓储 also the floor."""
    parts = {"三项费用": cost}
    if has_benchmark:
        if benchmark is None:
            raise Undecided(
                Missing("LP_P0", "级别基准地价", "有基准地价而未查得", "benchmark price not found")
            )
        parts["基准地价底线"] = benchmark
    if usage in ("工矿用地", "仓储用地"):
        if industrial is None:
            raise Undecided(
                Missing(
                    "XZ_GRADE",
                    "工业最低单价",
                    "缺少土地等别、价格类别或取得成本",
                    "industrial floor not found",
                )
            )
        parts["工业最低价"] = industrial
    top = max(parts.values())
    return Computed(
        top,
        substituted="max(" + ", ".join(f"{k} {num(v)}" for k, v in parts.items()) + ")",
        steps=tuple(Step(k, "", num(v)) for k, v in parts.items()),
    )


@function("supply.added_area", "竣工实测超出合同部分；否则批准新增面积；否则按容积率推算")
def added_area(
    built: Decimal | None = None,
    permitted: Decimal | None = None,
    approved: Decimal | None = None,
    by_far: Decimal | None = None,
) -> Computed:
    """Floor area ㎡ a supplement is charged on: surveyed at completion, else as approved, else from the two FARs."""
    if built is not None:
        if permitted is None:
            raise Undecided(
                Missing(
                    "BG_PERMITTED",
                    "合同约定计容面积",
                    "有竣工实测而无合同约定计容面积",
                    "contract area missing",
                )
            )
        return Computed(
            max(built - permitted, Decimal(0)), substituted=f"竣工实测 {num(built)} − 合同 {num(permitted)}"
        )
    for word, value in (("批准新增", approved), ("按容积率推算", by_far)):
        if value is not None:
            return Computed(value, substituted=f"{word} {num(value)}")
    raise Undecided(
        Missing(
            "BG_APPROVED_ADD", "新增计容面积", "没有批准新增面积、竣工实测或新旧容积率", "no added floor area"
        )
    )


@function("supply.chosen", "按选定的口径取值")
def chosen(
    choice: str, first_name: str, first: Decimal | None = None, second: Decimal | None = None
) -> Computed:
    """The amount 元 of the way that was chosen: ``first`` when the choice is ``first_name``, otherwise ``second``."""
    value = first if choice == first_name else second
    if value is None:
        raise Undecided(Missing("chosen", choice, f"{choice}的数额尚未得出", f"no amount for {choice}"))
    return Computed(value, substituted=f"{choice} {num(value)}")
