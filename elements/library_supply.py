"""Named functions of land supply 土地供应: dates and terms, instalments and arrears, mixed uses, valuation methods.

All pure; money in 元 and areas in ㎡ as exact decimals; dates are calendar days unless the name says working days
工作日 (the published holiday notices decide; a year without one is 无法判定, never assumed).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from elements.decisions import compare
from elements.functions import function
from elements.rounding import plain_number, round_to
from elements.values import Computed, Missing, Step, Undecided, Value
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

Rows = Sequence[Mapping[str, Any]]
_CENT = Decimal("0.01")


def _n(value: Decimal) -> str:
    short = round_to(value, 10)
    return plain_number(short) + ("…" if short != value else "")


def _day(value: Any, what: str) -> dt.date:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise BadInput(
            f"{what}应为日期 年-月-日,如 2026-06-03", f"{what}: ISO date expected", place=what
        ) from error


def _amount(row: Mapping[str, Any], column: str, what: str) -> Decimal:
    raw = row.get(column)
    try:
        value = Decimal(str(raw))
    except ArithmeticError as error:
        raise BadInput(f"{what}的记录须有数值 {column}", f"record lacks {column}", place=what) from error
    if not value.is_finite() or value < 0:
        raise BadInput(f"{what}的 {column} 不得为负", f"{column} must not be negative", place=what)
    return value


# ---------------------------------------------------------------- completeness, combination


def _named(names: list[str], values: Sequence[Value | None]) -> list[tuple[str, Value | None]]:
    return list(zip(names, values[: len(names)], strict=True))


@function("supply.complete", "应载明的各项均已填写")
def complete(
    names: list[str],
    a: Value | None = None,
    b: Value | None = None,
    c: Value | None = None,
    d: Value | None = None,
    e: Value | None = None,
    f: Value | None = None,
    g: Value | None = None,
    h: Value | None = None,
    i: Value | None = None,
    j: Value | None = None,
    k: Value | None = None,
    m: Value | None = None,
    n: Value | None = None,
    o: Value | None = None,
) -> Computed:
    """Whether every item a document must state is there; what is not is listed at once (一次性告知).

    ``names`` are the items in the order of the arguments ``a`` … ``o``. While the first one (the document's own number)
    is not given the document has not been entered: 无法判定. An item answered 否 counts as not there.
    """
    pairs = _named(names, (a, b, c, d, e, f, g, h, i, j, k, m, n, o))
    if a is None:
        raise Undecided(
            Missing("items", names[0], f"尚未填写{names[0]}等应载明事项", f"{names[0]} is not given")
        )
    lacking = [name for name, value in pairs if value is None or value is False]
    return Computed(
        Outcome.FAIL if lacking else Outcome.PASS,
        substituted=f"缺:{'、'.join(lacking)}" if lacking else f"{len(pairs)} 项均有",
        steps=tuple(
            Step(name, "", "无" if value is None or value is False else str(value)) for name, value in pairs
        ),
        limit=f"{len(pairs)} 项",
    )


@function("supply.all_pass", "各项结论均为符合")
def all_pass(
    names: list[str],
    a: str | None = None,
    b: str | None = None,
    c: str | None = None,
    d: str | None = None,
    e: str | None = None,
    f: str | None = None,
    g: str | None = None,
    h: str | None = None,
) -> Computed:
    """不符合 when one of the named conclusions is; 无法判定 while one is open; otherwise 符合."""
    pairs = _named(names, (a, b, c, d, e, f, g, h))
    bad = [name for name, value in pairs if value == Outcome.FAIL.value]
    unknown = [name for name, value in pairs if value is None]
    if unknown and not bad:
        raise Undecided(
            *(Missing("conclusion", name, f"“{name}”尚无法判定", f"{name} is undecided") for name in unknown)
        )
    return Computed(
        Outcome.FAIL if bad else Outcome.PASS,
        substituted=f"不符合:{'、'.join(bad)}" if bad else f"{len(pairs)} 项均符合",
        steps=tuple(Step(name, "", Outcome(str(value)).zh if value else "无法判定") for name, value in pairs),
    )


# ---------------------------------------------------------------- dates


@function("supply.days", "止日 − 起日(日历日)")
def days(start: dt.date, end: dt.date) -> Computed:
    """Calendar days from ``start`` to ``end`` (the start day not counted, 民法典 art. 201); negative when reversed."""
    return Computed(Decimal((end - start).days), substituted=f"{end} − {start}")


@function("supply.working_days", "起止之间的工作日数(起日不计)")
def working_days(start: dt.date, end: dt.date) -> Computed:
    """Working days from ``start`` (not counted) to ``end`` (counted) by the published holiday notices."""
    if end < start:
        raise BadInput(f"{end} 早于 {start}", f"{end} lies before {start}")
    return Computed(Decimal(load_calendar().between(start, end)), substituted=f"{start} → {end}")


@function("supply.working_deadline", "起日 + n 个工作日(起日不计)")
def working_deadline(start: dt.date, number: Decimal) -> Computed:
    """The last day of a time limit of ``number`` working days."""
    return Computed(load_calendar().add(start, int(number)), substituted=f"{start} + {_n(number)} 个工作日")


def add_days(start: dt.date, number: int) -> dt.date:
    """A day later or earlier.

    Raises:
        BadInput: outside the calendar.
    """
    try:
        return start + dt.timedelta(days=number)
    except OverflowError as error:
        raise BadInput("日期超出范围", "date out of range") from error


def add_months(start: dt.date, months: int) -> dt.date:
    """The same day ``months`` later, the last day of a shorter month."""
    total = start.year * 12 + start.month - 1 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9998:
        raise BadInput("日期超出范围", "date out of range")
    return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


@function("supply.date_after", "起日 + 年、月、日")
def date_after(
    start: dt.date,
    years: Decimal | None = None,
    months: Decimal | None = None,
    days_later: Decimal | None = None,
    last_day: bool = False,
) -> Computed:
    """A date so many years, months and days after ``start``; ``last_day`` gives the day before (the end of a term).

    Parts of a year count in whole months; anything finer is refused.
    """
    number = (years or Decimal(0)) * 12 + (months or Decimal(0))
    if number != number.to_integral_value():
        raise BadInput(f"年期 {years} 不是整月", "the term is not a whole number of months")
    out = add_days(add_months(start, int(number)), int(days_later or 0) - (1 if last_day else 0))
    parts = [(years, "年"), (months, "个月"), (days_later, "日")]
    shown = " + ".join(f"{_n(Decimal(v))} {word}" for v, word in parts if v is not None)
    return Computed(out, substituted=f"{start} + {shown}" + (" − 1 日" if last_day else ""))


@function("supply.years_left", "剩余年期 = 整年 + 余日 ÷ 365")
def years_left(at: dt.date, end: dt.date) -> Computed:
    """Remaining years of a term at a day: whole years and the remaining days over 365; 0 when the term is over."""
    if end <= at:
        return Computed(Decimal(0), substituted=f"{end} 不晚于 {at}")
    whole = end.year - at.year
    if add_months(at, whole * 12) > end:
        whole -= 1
    rest = (end - add_months(at, whole * 12)).days
    with localcontext() as context:
        context.prec = 40
        return Computed(whole + Decimal(rest) / 365, substituted=f"{whole} + {rest}/365")


@function("supply.not_after", "日期 ≤ 期限")
def not_after(day: dt.date, limit: dt.date) -> Computed:
    """Whether a day keeps a time limit; the day itself is still in time."""
    late = (day - limit).days
    return Computed(
        Outcome.PASS if late <= 0 else Outcome.FAIL,
        substituted=f"{day} {'≤' if late <= 0 else '>'} {limit}" + (f"(超过 {late} 日)" if late > 0 else ""),
        limit=f"不晚于 {limit}",
    )


# ---------------------------------------------------------------- payments


def _ledger(rows: Rows, date_column: str, what: str) -> list[tuple[dt.date, Decimal]]:
    return sorted((_day(r.get(date_column), what), _amount(r, "amount", what)) for r in rows)


@function("supply.paid", "Σ 截至某日的缴款")
def paid(payments: Rows, at: dt.date) -> Computed:
    """Payments (records ``date``, ``amount`` 元) received up to and on a day."""
    made = [(d, m) for d, m in _ledger(payments, "date", "缴款记录") if d <= at]
    return Computed(
        sum((m for _, m in made), Decimal(0)),
        substituted=" + ".join(_n(m) for _, m in made) or "0",
        steps=tuple(Step(d.isoformat(), "缴款", _n(m)) for d, m in made),
    )


@function("supply.due_by", "Σ 约定在某日前应缴的各期价款")
def due_by(instalments: Rows, at: dt.date) -> Computed:
    """Instalments (records ``due``, ``amount`` 元) whose due day is not after a day."""
    own = [(d, m) for d, m in _ledger(instalments, "due", "分期价款") if d <= at]
    return Computed(
        sum((m for _, m in own), Decimal(0)),
        substituted=" + ".join(_n(m) for _, m in own) or "0",
        steps=tuple(Step(d.isoformat(), "应缴", _n(m)) for d, m in own),
    )


@function("supply.last_due", "max(各期应缴日)")
def last_due(instalments: Rows) -> Computed:
    """Day on which the last instalment is due."""
    own = _ledger(instalments, "due", "分期价款")
    if not own:
        raise Undecided(Missing("instalments", "分期价款", "没有分期价款", "no instalments"))
    return Computed(own[-1][0], substituted="、".join(d.isoformat() for d, _ in own))


@function("supply.late_fee", "违约金 = Σ(各期迟延金额 × 迟延天数 × 日比例)")
def late_fee(instalments: Rows, payments: Rows, rate: Decimal, at: dt.date) -> Computed:
    """违约金 元 for late instalments up to a settlement day; ``rate`` in ‰ per day.

    Payments settle the oldest instalment first; a day late counts from the day after the due day; what is still unpaid
    counts to ``at``.
    """
    own = [(d, m) for d, m in _ledger(instalments, "due", "分期价款") if d <= at]
    unpaid = [m for _, m in own]
    out, steps = Decimal(0), []

    def charge(due: dt.date, day: dt.date, part: Decimal) -> Decimal:
        late = (day - due).days
        if late <= 0 or part <= 0:
            return Decimal(0)
        fee = part * late * rate / 1000
        steps.append(
            Step(f"{due} 到期", f"{_n(part)} × {late} 日 × {_n(rate)}‰(至 {day})", _n(round_to(fee, 2)))
        )
        return fee

    for day, money in _ledger(payments, "date", "缴款记录"):
        left = money if day <= at else Decimal(0)
        for i, (due, _) in enumerate(own):
            part = min(left, unpaid[i])
            out += charge(due, day, part)
            unpaid[i] -= part
            left -= part
    for (due, _), still in zip(own, unpaid, strict=True):
        out += charge(due, at, still)
    return Computed(out, substituted=" + ".join(s.expression for s in steps) or "无迟延", steps=tuple(steps))


@function("supply.longest_delay", "各期价款最长迟延天数")
def longest_delay(instalments: Rows, payments: Rows, at: dt.date) -> Computed:
    """Greatest number of days any instalment was or is late at a day (oldest instalment settled first)."""
    own = [(d, m) for d, m in _ledger(instalments, "due", "分期价款") if d <= at]
    unpaid = [m for _, m in own]
    worst = 0
    for day, money in [*_ledger(payments, "date", "缴款记录"), (at, Decimal(0))]:
        if day > at:
            continue
        left = money
        for i, (due, _) in enumerate(own):
            if unpaid[i] > 0:
                worst = max(worst, (day - due).days)
            part = min(left, unpaid[i])
            unpaid[i] -= part
            left -= part
    return Computed(Decimal(worst), substituted=f"最长迟延 {worst} 日")


# ---------------------------------------------------------------- mixed use


def _uses(rows: Rows, what: str) -> list[tuple[str, Decimal, Decimal]]:
    out = []
    for row in rows:
        if not str(row.get("use") or "").strip():
            raise BadInput(f"{what}的记录须有用途 use", "record lacks use", place=what)
        price = row.get("floor_price")
        out.append(
            (
                str(row["use"]),
                _amount(row, "floor_area", what),
                Decimal(0) if price is None else _amount(row, "floor_price", what),
            )
        )
    if not out:
        raise Undecided(Missing("uses", what, f"{what}没有记录", "no records"))
    return out


def _priced(rows: Rows, what: str) -> list[tuple[str, Decimal, Decimal]]:
    lacking = [str(r.get("use")) for r in rows if r.get("floor_price") is None]
    if lacking:
        raise Undecided(
            *(
                Missing("floor_price", "楼面地价", f"{u} 没有楼面地价", f"no floor price for {u}")
                for u in lacking
            )
        )
    return _uses(rows, what)


@function("supply.mixed_total", "Σ(各用途楼面地价 × 计容建筑面积)")
def mixed_total(uses: Rows) -> Computed:
    """Total land price 元 over uses (records ``use``, ``floor_area`` ㎡, ``floor_price`` 元/㎡)."""
    own = _priced(uses, "分用途计容面积")
    return Computed(
        sum((a * p for _, a, p in own), Decimal(0)),
        substituted=" + ".join(f"{_n(p)}×{_n(a)}" for _, a, p in own),
        steps=tuple(Step(u, f"{_n(p)} 元/㎡ × {_n(a)} ㎡", _n(a * p)) for u, a, p in own),
    )


@function("supply.mixed_area", "Σ 各用途计容建筑面积")
def mixed_area(uses: Rows) -> Computed:
    """Floor area ㎡ over all uses."""
    own = _uses(uses, "分用途计容面积")
    return Computed(sum((a for _, a, _ in own), Decimal(0)), substituted=" + ".join(_n(a) for _, a, _ in own))


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """``total`` split in proportion, to 0.01, closing exactly (largest remainder, earlier first on a tie)."""
    whole = sum(weights, Decimal(0))
    if whole <= 0:
        raise BadInput("建筑面积合计应大于 0", "the floor areas add up to nothing")
    target = round_to(total, 2)
    exact = [target * w / whole for w in weights]
    parts = [e.quantize(_CENT, rounding="ROUND_FLOOR") for e in exact]
    spare = int((target - sum(parts, Decimal(0))) / _CENT)
    for index in sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))[:spare]:
        parts[index] += _CENT
    return parts


@function("supply.land_shares", "分摊土地面积 = 宗地面积 × 该用途(户)建筑面积 ÷ 总建筑面积")
def land_shares(area: Decimal, uses: Rows) -> Computed:
    """Land ㎡ of each use in proportion to its floor area, to 0.01 ㎡, closing on the parcel area."""
    own = _uses(uses, "分用途计容面积")
    parts = split(area, [a for _, a, _ in own])
    out: dict[str, Decimal] = {}
    for (use, _, _), part in zip(own, parts, strict=True):
        out[use] = out.get(use, Decimal(0)) + part
    return Computed(
        {u: format(v, "f") for u, v in out.items()},
        substituted=" + ".join(format(v, "f") for v in out.values()) + f" = {_n(round_to(area, 2))}",
    )


@function("supply.main_use", "计容建筑面积最大的用途")
def main_use(uses: Rows) -> Computed:
    """The use with the largest floor area; two equally large ones are 无法判定."""
    sums: dict[str, Decimal] = {}
    for use, area, _ in _uses(uses, "分用途计容面积"):
        sums[use] = sums.get(use, Decimal(0)) + area
    top = max(sums.values())
    first = [u for u, v in sums.items() if v == top]
    if len(first) > 1:
        names = "、".join(first)
        raise Undecided(Missing("uses", "主导用途", f"{names} 计容面积相同", f"{names} are equally large"))
    return Computed(first[0], substituted="、".join(f"{u} {_n(v)}" for u, v in sums.items()))


@function("supply.structure", "Σ(新用途楼面地价×面积) − Σ(原用途楼面地价×面积)")
def structure(new_uses: Rows, old_uses: Rows) -> Computed:
    """Difference of total prices 元 when the mix of uses changes; may be negative, the caller decides what follows."""
    new, old = _priced(new_uses, "新用途结构"), _priced(old_uses, "原用途结构")
    gain, base = (sum((a * p for _, a, p in rows), Decimal(0)) for rows in (new, old))
    steps = [Step(f"新·{u}", f"{_n(p)}×{_n(a)}", _n(a * p)) for u, a, p in new]
    steps += [Step(f"原·{u}", f"{_n(p)}×{_n(a)}", _n(a * p)) for u, a, p in old]
    return Computed(gain - base, substituted=f"{_n(gain)} − {_n(base)}", steps=tuple(steps))


# ---------------------------------------------------------------- valuation methods


@function("supply.income", "P = a ÷ r × [1 − (1+r)^−n]")
def income(net: Decimal, rate: Decimal, years: Decimal) -> Computed:
    """收益还原法: price 元/㎡ of a net yearly land income over ``years`` at ``rate`` %."""
    if rate <= 0 or years <= 0:
        raise BadInput("还原率和年期应大于 0", "rate and years must be positive")
    with localcontext() as context:
        context.prec = 40
        r = rate / 100
        value = net / r * (1 - (1 + r) ** -years)
    return Computed(value, substituted=f"{_n(net)} ÷ {_n(rate)}% × [1 − (1+{_n(rate)}%)^−{_n(years)}]")


@function("supply.comparison", "比准价 = 可比实例价 × 各项修正;结果取算术平均")
def comparison(cases: Rows) -> Computed:
    """市场比较法: mean of ``price`` 元/㎡ times the corrections ``situation, date, region, individual, term`` (ratios).

    A case without a correction is 无法判定 (1 must be written where nothing is corrected); fewer than three cases too.
    """
    names = {
        "situation": "交易情况",
        "date": "期日",
        "region": "区域因素",
        "individual": "个别因素",
        "term": "年期",
    }
    if len(cases) < 3:
        raise Undecided(
            Missing(
                "cases", "可比实例", f"可比实例只有 {len(cases)} 个,应不少于 3 个", "fewer than three cases"
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
        value = _amount(case, "price", "可比实例")
        for key in names:
            value *= _amount(case, key, "可比实例")
        values.append(value)
        steps.append(
            Step(
                f"实例 {number}", " × ".join(str(case[k]) for k in ("price", *names)), _n(round_to(value, 2))
            )
        )
    mean = sum(values, Decimal(0)) / len(values)
    return Computed(
        mean,
        substituted=f"({' + '.join(s.value for s in steps)}) ÷ {len(values)}",
        steps=tuple(steps),
    )


@function("supply.weighted", "Σ(各方法结果 × 权重),权重合计 100%,不少于两种方法")
def weighted(
    weights: dict[str, Any],
    benchmark: Decimal | None = None,
    comparison_price: Decimal | None = None,
    income_price: Decimal | None = None,
    residual: Decimal | None = None,
    cost: Decimal | None = None,
) -> Computed:
    """Price 元/㎡ from two or more valuation methods by weights in %, e.g. ``基准地价=40, 剩余法=60``."""
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
            f"没有估价方法 {'、'.join(unknown)};应为:{'、'.join(given)}", f"unknown methods {unknown}"
        )
    try:
        shares = {k: Decimal(str(v)) for k, v in weights.items()}
    except ArithmeticError as error:
        raise BadInput("方法权重应为数值(%)", "weights must be numbers") from error
    if len(shares) < 2 or sum(shares.values()) != 100 or min(shares.values()) <= 0:
        raise BadInput(
            "估价方法应不少于两种,权重均大于 0 且合计 100%",
            "two or more methods, positive weights, in all 100 %",
        )
    lacking = [k for k in shares if given[k] is None]
    if lacking:
        raise Undecided(*(Missing(k, k, f"缺少{k}的估价结果", f"no result of {k}") for k in lacking))
    values = {k: given[k] or Decimal(0) for k in shares}
    return Computed(
        sum((values[k] * s / 100 for k, s in shares.items()), Decimal(0)),
        substituted=" + ".join(f"{_n(round_to(values[k], 4))}×{_n(s)}%" for k, s in shares.items()),
    )


@function("supply.map_total", "Σ 各方份额")
def map_total(shares: dict[str, Any]) -> Computed:
    """Sum of the numbers of a mapping (shares in % of joint bidders)."""
    values = {k: _amount(shares, k, "份额") for k in shares}
    return Computed(
        sum(values.values(), Decimal(0)), substituted=" + ".join(f"{k} {_n(v)}" for k, v in values.items())
    )


# ---------------------------------------------------------------- conditions of supply


@function("supply.source", "新增用地有转用批准文号,存量用地有收储入库文号")
def source(
    new_land: Decimal, stock_land: Decimal, conversion: str | None = None, reserve: str | None = None
) -> Computed:
    """Whether each kind of land in a parcel (㎡) has the approval it comes from."""
    lacking = [
        word
        for area, document, word in (
            (new_land, conversion, "农用地转用批准文号"),
            (stock_land, reserve, "收储入库批准文号"),
        )
        if area > 0 and document is None
    ]
    return Computed(
        Outcome.FAIL if lacking else Outcome.PASS,
        substituted=f"新增 {_n(new_land)}、存量 {_n(stock_land)};"
        + (f"缺{'、'.join(lacking)}" if lacking else "文件齐全"),
    )


@function("supply.planned", "列入供应计划 且 规划条件已出具")
def planned(on_plan: bool, condition: str | None = None) -> Computed:
    """Whether a parcel is on the supply plan and has planning conditions; lacking conditions count against it."""
    good = on_plan and condition is not None
    return Computed(
        Outcome.PASS if good else Outcome.FAIL,
        substituted=f"计划内:{'是' if on_plan else '否'},规划条件:{condition or '无'}",
    )


@function("supply.legal_minimum", "max(基准地价底线, 工业最低价标准 × 面积)")
def legal_minimum(
    usage: str, benchmark: Decimal, area: Decimal, industrial: Decimal | None = None
) -> Computed:
    """Lowest lawful starting price 元: the benchmark floor; for 工矿、仓储 not below the industrial floor 元/㎡."""
    if usage not in ("工矿用地", "仓储用地"):
        return Computed(benchmark, substituted=_n(benchmark))
    if industrial is None:
        raise Undecided(
            Missing(
                "XZ_GRADE", "土地等别", f"{usage}须按土地等别核对工业最低价标准", "land grade is not given"
            )
        )
    other = industrial * area
    return Computed(max(benchmark, other), substituted=f"max({_n(benchmark)}, {_n(industrial)}×{_n(area)})")


@function("supply.listing", "挂牌天数 ≥ 下限(仅挂牌)")
def listing(method: str, minimum: Decimal, days_listed: int | None = None) -> Computed:
    """Whether a listing lasts long enough; a tender or auction has no listing period (提示)."""
    if method != "挂牌":
        return Computed(Outcome.NOTE, substituted=f"{method}不适用挂牌时间")
    if days_listed is None:
        raise Undecided(
            Missing("PM_LIST_DAYS", "挂牌天数", "缺少挂牌起止日", "days of listing are not given")
        )
    good = days_listed >= minimum
    return Computed(
        Outcome.PASS if good else Outcome.FAIL,
        substituted=f"{days_listed} {'≥' if good else '<'} {_n(minimum)}",
        limit=f"≥{_n(minimum)}日",
    )


@function("supply.schedule", "末期应缴日 ≤ 付清截止日 且 Σ分期 = 合同价款")
def schedule(last: dt.date, limit: dt.date, total: Decimal, price: Decimal) -> Computed:
    """Whether instalments end in time and add up to the contract price (元)."""
    good = last <= limit and total == price
    return Computed(
        Outcome.PASS if good else Outcome.FAIL,
        substituted=f"{last} {'≤' if last <= limit else '>'} {limit};"
        f"{_n(total)} {'=' if total == price else '≠'} {_n(price)}",
        limit=f"不晚于 {limit}",
    )


# ---------------------------------------------------------------- changed contracts


@function("supply.added_area", "竣工实测超出合同部分;否则批准新增面积;否则按容积率推算")
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
            max(built - permitted, Decimal(0)), substituted=f"竣工实测 {_n(built)} − 合同 {_n(permitted)}"
        )
    for word, value in (("批准新增", approved), ("按容积率推算", by_far)):
        if value is not None:
            return Computed(value, substituted=f"{word} {_n(value)}")
    raise Undecided(
        Missing(
            "BG_APPROVED_ADD", "新增计容面积", "没有批准新增面积、竣工实测或新旧容积率", "no added floor area"
        )
    )


_PARTS = {
    "容积率": ("far",),
    "用途": ("use",),
    "用途结构": ("mix",),
    "工业改用途": ("industry",),
    "年期": ("term",),
    "容积率与用途": ("far", "use"),
}


@function("supply.supplement", "应补缴 = Σ 所涉各项条件的补缴额(另加地下经营性面积)")
def supplement(
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
    words = {"far": "容积率", "use": "用途", "mix": "用途结构", "industry": "工业改用途", "term": "年期"}
    amounts = {"far": far, "use": use, "mix": mix, "industry": industry, "term": term}
    lacking = [words[k] for k in _PARTS[parts] if amounts[k] is None]
    if lacking:
        raise Undecided(*(Missing(w, w, f"{w}部分的补缴额尚未得出", f"no amount for {w}") for w in lacking))
    chosen = {words[k]: amounts[k] or Decimal(0) for k in _PARTS[parts]}
    if underground is not None:
        chosen["地下经营性面积"] = underground
    return Computed(
        sum(chosen.values(), Decimal(0)),
        substituted=" + ".join(f"{k} {_n(v)}" for k, v in chosen.items()),
        steps=tuple(Step(k, "", _n(v)) for k, v in chosen.items()),
    )


@function("supply.same_day", "两个日期相同")
def same_day(a: dt.date, b: dt.date) -> Computed:
    """Whether two dates are the same day."""
    return Computed(
        Outcome.PASS if a == b else Outcome.FAIL,
        substituted=f"{a} {'=' if a == b else '≠'} {b}",
        limit=str(b),
    )


# ---------------------------------------------------------------- conditions that do not always apply


@function("supply.check", "适用时:值与要求比较")
def check(
    operator: str,
    what: str,
    subject: Value | None = None,
    value: Decimal | None = None,
    limit: Decimal | None = None,
    unit: str = "",
) -> Computed:
    """Compare ``value`` with ``limit`` where ``subject`` is there; without it the check does not apply (提示)."""
    if subject is None:
        return Computed(Outcome.NOTE, substituted=f"没有{what},不适用")
    if value is None or limit is None:
        raise Undecided(
            Missing("value", what, f"{what}的数值或要求尚未得出", f"no value or limit for {what}")
        )
    sign = {"<=": "≤", ">=": "≥", "=": "="}[operator]
    holds = compare(Decimal(value), operator, Decimal(limit))
    return Computed(
        Outcome.PASS if holds else Outcome.FAIL,
        substituted=f"{_n(round_to(Decimal(value), 4))} {'满足' if holds else '不满足'} {sign}{_n(Decimal(limit))}",
        limit=f"{sign}{_n(Decimal(limit))}{unit}",
    )


@function("supply.when", "条件成立时要求必须满足")
def when(condition: bool, what: str, then: bool | None = None) -> Computed:
    """A requirement that only matters under a condition: 符合 when the condition does not hold."""
    if not condition:
        return Computed(Outcome.PASS, substituted=f"不涉及{what}")
    if then is None:
        raise Undecided(Missing("then", what, f"缺少{what}", f"{what} is not given"))
    return Computed(Outcome.PASS if then else Outcome.FAIL, substituted=f"{what}:{'是' if then else '否'}")


@function("supply.committee", "招标:评标小组人数 ≥ 下限且为单数")
def committee(method: str, minimum: Decimal, members: int | None = None) -> Computed:
    """Size of the bid committee of a tender; other ways of sale have none (提示)."""
    if method != "招标":
        return Computed(Outcome.NOTE, substituted=f"{method}不设评标小组")
    if members is None:
        raise Undecided(Missing("PM_COMMITTEE", "评标小组人数", "缺少评标小组人数", "committee is not given"))
    good = members >= minimum and members % 2 == 1
    return Computed(
        Outcome.PASS if good else Outcome.FAIL,
        substituted=f"{members} 人,{'单数' if members % 2 else '双数'}",
        limit=f"≥{_n(minimum)}人且为单数",
    )


@function("supply.housing_parcel", "住宅:单宗面积 ≤ 上限 且 容积率 > 下限")
def housing_parcel(
    usage: str,
    hectares: Decimal,
    far_above: Decimal,
    far: Decimal | None = None,
    largest: Decimal | None = None,
) -> Computed:
    """Size (公顷) and FAR of a housing parcel; other uses are not limited here (提示)."""
    if usage != "居住用地":
        return Computed(Outcome.NOTE, substituted=f"{usage}不适用")
    lacking = [w for w, v in (("城市规模", largest), ("容积率", far)) if v is None]
    if lacking or largest is None or far is None:
        raise Undecided(*(Missing(w, w, f"缺少{w}", f"{w} is not given") for w in lacking))
    good = hectares <= largest and far > far_above
    return Computed(
        Outcome.PASS if good else Outcome.FAIL,
        substituted=f"{_n(hectares)} 公顷(上限 {_n(largest)}),容积率 {_n(far)}(须大于 {_n(far_above)})",
        limit=f"≤{_n(largest)}公顷",
    )


# ---------------------------------------------------------------- agreement, allocation, conversion

_BY_AGREEMENT = frozenset(
    {"划拨土地办理协议出让", "划拨土地转让办理协议出让", "出让土地续期", "地下空间连建"}
)


@function("supply.agreement_case", "法定协议情形;公布后供地的须非经营性且仅一个意向用地者")
def agreement_case(case: str, operating: bool, intended: int | None = None) -> Computed:
    """Whether land may be granted by agreement at all (民法典 art. 347); a named special case needs no competition."""
    if case in _BY_AGREEMENT:
        return Computed(Outcome.PASS, substituted=case)
    if case != "公布后仅一个意向用地者" or operating:
        why = "经营性用地" if operating else case
        return Computed(Outcome.FAIL, substituted=why)
    if intended is None:
        raise Undecided(
            Missing("XY_INTENDED", "意向用地者数", "缺少意向用地者数", "interested users not given")
        )
    return Computed(Outcome.PASS if intended == 1 else Outcome.FAIL, substituted=f"意向用地者 {intended} 个")


@function("supply.agreement_floor", "max(三项费用单价, 有基准地价时其 70%, 工业最低单价)")
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
        substituted="max(" + ", ".join(f"{k} {_n(v)}" for k, v in parts.items()) + ")",
        steps=tuple(Step(k, "", _n(v)) for k, v in parts.items()),
    )


@function("supply.paid_in_time", "未缴额 = 0 且 缴清日 ≤ 截止日")
def paid_in_time(unpaid: Decimal, limit: dt.date, day: dt.date | None = None) -> Computed:
    """Whether a price (元) has been paid in full, and by the last day."""
    if unpaid > 0:
        return Computed(Outcome.FAIL, substituted=f"未缴 {_n(unpaid)} 元", limit=f"不晚于 {limit}")
    if day is None:
        raise Undecided(
            Missing("paid", "缴清日", "已缴清而缺少缴清日", "the day of full payment is not given")
        )
    return not_after(day, limit)


@function("supply.renewal", "申请日 ≤ 届满前一年 且 不因公共利益收回")
def renewal(asked: dt.date, limit: dt.date, take_back: bool) -> Computed:
    """Whether a renewal is asked for in time and the land is not taken back in the public interest."""
    if take_back:
        return Computed(Outcome.FAIL, substituted="因公共利益需要收回")
    return not_after(asked, limit)


@function("supply.shifted", "约定日 + max(迟延交地天数, 0)")
def shifted(day: dt.date, late: int) -> Computed:
    """A day moved back by the days the authority handed the land over late; an early handover moves nothing."""
    return Computed(add_days(day, max(late, 0)), substituted=f"{day} + {max(late, 0)} 日")


@function("supply.allocable", "目录项属法定划拨情形,限非营利的须有证明")
def allocable(category: str, must_nonprofit: str, nonprofit: bool | None = None) -> Computed:
    """Whether an item of the allocation catalogue lets land be allocated; a non-profit item needs the proof."""
    if category == "无":
        return Computed(Outcome.FAIL, substituted="不在划拨用地目录内")
    if must_nonprofit != "是":
        return Computed(Outcome.PASS, substituted=category)
    if nonprofit is None:
        raise Undecided(
            Missing("HG_NONPROFIT", "非营利性证明", "缺少非营利性证明", "non-profit proof not given")
        )
    return Computed(
        Outcome.PASS if nonprofit else Outcome.FAIL,
        substituted=f"{category},非营利性证明:{'有' if nonprofit else '无'}",
    )


@function("supply.disposable", "使用者为公司、企业、经济组织和个人,有土地权证和建筑物产权证明")
def disposable(kind: str, certificate: str | None = None, building: str | None = None) -> Computed:
    """The first three conditions of 暂行条例 art. 45; the fourth is the contract and the fee itself."""
    lacking = [w for w, v in (("土地权证", certificate), ("建筑物产权证明", building)) if v is None]
    if kind in ("国家机关", "军队"):
        lacking.insert(0, "使用者类别")
    return Computed(
        Outcome.FAIL if lacking else Outcome.PASS,
        substituted=f"不具备:{'、'.join(lacking)}" if lacking else "三项条件具备",
    )


@function("supply.chosen", "按选定的口径取值")
def chosen(
    choice: str, first_name: str, first: Decimal | None = None, second: Decimal | None = None
) -> Computed:
    """The amount 元 of the way that was chosen: ``first`` when the choice is ``first_name``, otherwise ``second``."""
    value = first if choice == first_name else second
    if value is None:
        raise Undecided(Missing("chosen", choice, f"{choice}的数额尚未得出", f"no amount for {choice}"))
    return Computed(value, substituted=f"{choice} {_n(value)}")
