"""Named functions of land acquisition and after-approval supervision: terms, records, stated items, document numbers.

All pure. Days are calendar days unless the name says working days 工作日; then the published holiday notices
decide, and a year without one is 无法判定. Months and years end on the day with the same number, or on the
month's last day.
"""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from elements.functions import function
from elements.rounding import plain_number, round_to
from elements.values import Computed, Missing, Step, Undecided, Value
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

Rows = Sequence[Mapping[str, Any]]

_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _n(value: Decimal) -> str:
    short = round_to(value, 6)
    return plain_number(short) + ("…" if short != value else "")


def _number(row: Mapping[str, Any], column: str, index: int) -> Decimal:
    """A number of a record; a record without it makes the result 无法判定."""
    raw = row.get(column)
    if raw is None or raw == "":
        raise Undecided(
            Missing(column, column, f"第 {index} 条记录缺少 {column}", f"record {index} lacks {column}")
        )
    try:
        value = Decimal(str(raw))
    except ArithmeticError as error:
        raise BadInput(
            f"第 {index} 条记录的 {column} 不是数值", f"record {index}: {column} is no number", place=column
        ) from error
    if not value.is_finite():
        raise BadInput(f"第 {index} 条记录的 {column} 不是数值", f"record {index}: {column}", place=column)
    return value


def _date(row: Mapping[str, Any], column: str, index: int) -> dt.date:
    raw = row.get(column)
    if isinstance(raw, dt.date):
        return raw
    try:
        return dt.date.fromisoformat(str(raw))
    except ValueError as error:
        raise BadInput(
            f"第 {index} 条记录的 {column} 应为日期 年-月-日",
            f"record {index}: ISO date expected",
            place=column,
        ) from error


# ---------------------------------------------------------------- terms


def later(start: dt.date, years: int = 0, months: int = 0, days: int = 0) -> dt.date:
    """``start`` plus years, months and days; 29 February plus one year is 28 February."""
    total = start.year * 12 + start.month - 1 + years * 12 + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9998:
        raise BadInput("日期超出范围", "date out of range", place="years")
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(start.day, last)) + dt.timedelta(days=days)


def full_years(start: dt.date, end: dt.date) -> int:
    """Whole years from ``start`` to ``end``; 0 when ``end`` is earlier."""
    years = end.year - start.year
    if later(start, years=years) > end:
        years -= 1
    return max(years, 0)


@function("term.after", "起日 + 年、月、日(可另加顺延天数)")
def term_after(
    start: dt.date,
    years: Decimal | int | None = None,
    months: Decimal | int | None = None,
    days: Decimal | int | None = None,
    extra: Decimal | int | None = None,
) -> Computed:
    """The day a term ends: ``start`` plus whole years, months and days, and ``extra`` days of extension."""
    parts = [
        (int(v or 0), word) for v, word in ((years, "年"), (months, "个月"), (days, "日"), (extra, "日"))
    ]
    end = later(start, parts[0][0], parts[1][0], parts[2][0] + parts[3][0])
    return Computed(end, substituted=" + ".join([start.isoformat(), *(f"{n} {w}" for n, w in parts if n)]))


@function("term.after_working", "起日 + n 个工作日(起日不计)")
def term_after_working(start: dt.date, days: Decimal | int, extra: Decimal | int | None = None) -> Computed:
    """The ``days`` + ``extra``-th working day after ``start`` (行政许可法 art. 82, 45; start day not counted)."""
    count = int(days) + int(extra or 0)
    if count < 0:
        raise BadInput("工作日数不得为负", "working days must not be negative", place="days")
    return Computed(load_calendar().add(start, count), substituted=f"{start} + {count} 个工作日")


@function("term.days", "止日 − 起日(日历日)")
def term_days(start: dt.date, end: dt.date) -> Computed:
    """Calendar days from ``start`` to ``end``; negative when ``end`` is earlier."""
    return Computed(Decimal((end - start).days), substituted=f"{end} − {start}")


@function("term.working_days", "起日次日至止日的工作日数")
def term_working_days(start: dt.date, end: dt.date) -> Computed:
    """Working days after ``start`` up to and including ``end``."""
    return Computed(Decimal(load_calendar().between(start, end)), substituted=f"{start} → {end}")


@function("term.full_years", "起日至止日的整年数")
def term_full_years(start: dt.date, end: dt.date) -> Computed:
    """Whole years from ``start`` to ``end``; 0 when ``end`` is earlier."""
    return Computed(Decimal(full_years(start, end)), substituted=f"{start} → {end}")


@function("term.kept", "日期 ≤ 期限")
def term_kept(day: dt.date, due: dt.date) -> Computed:
    """Whether ``day`` is not later than ``due``."""
    late = (day - due).days
    return Computed(
        Outcome.FAIL if late > 0 else Outcome.PASS,
        substituted=f"{day} {'>' if late > 0 else '≤'} {due}" + (f",逾期 {late} 日" if late > 0 else ""),
        limit=f"≤{due}",
    )


@function("term.order", "各环节日期依次不早于前一环节")
def term_order(
    names: list[str],
    a: dt.date,
    b: dt.date,
    c: dt.date | None = None,
    d: dt.date | None = None,
    e: dt.date | None = None,
    f: dt.date | None = None,
    g: dt.date | None = None,
) -> Computed:
    """Whether the dated steps of a procedure stand in their order; ``names`` are the steps in the arguments' order.

    A step without a date (a hearing nobody asked for) is passed over.
    """
    days = [(n, v) for n, v in zip(names, (a, b, c, d, e, f, g), strict=False) if v is not None]
    wrong = [(x, y) for x, y in itertools.pairwise(days) if y[1] < x[1]]
    return Computed(
        Outcome.FAIL if wrong else Outcome.PASS,
        substituted=";".join(f"{y[0]} {y[1]} 早于{x[0]} {x[1]}" for x, y in wrong)
        or " → ".join(f"{n} {v}" for n, v in days),
        steps=tuple(Step(n, "", v.isoformat()) for n, v in days),
    )


# ---------------------------------------------------------------- records


@function("rows.sum_where", "Σ 符合条件的记录的值")
def rows_sum_where(rows: Rows, column: str, field: str, values: list[str]) -> Computed:
    """Sum of ``column`` over the records whose ``field`` is one of ``values``; 0 when there is none."""
    parts = [
        (str(r.get(field)), _number(r, column, i))
        for i, r in enumerate(rows, 1)
        if str(r.get(field)) in values
    ]
    return Computed(
        sum((v for _, v in parts), Decimal(0)),
        substituted=" + ".join(f"{name} {_n(v)}" for name, v in parts) or "0",
    )


@function("rows.product_sum", "Σ(记录的量 × 单价)")
def rows_product_sum(rows: Rows, quantity: str, price: str, factor: Decimal | int = 1) -> Computed:
    """Σ ``quantity`` × ``price`` over records, times ``factor`` (unit conversion such as 15 亩 per 公顷)."""
    out, steps = Decimal(0), []
    for i, row in enumerate(rows, 1):
        q, p = _number(row, quantity, i), _number(row, price, i)
        if q < 0 or p < 0:
            raise BadInput(f"第 {i} 条记录的量和单价不得为负", f"record {i} is negative", place=quantity)
        out += q * p * Decimal(factor)
        steps.append(
            Step(
                str(row.get("name") or i),
                f"{_n(q)} × {_n(p)} × {_n(Decimal(factor))}",
                _n(q * p * Decimal(factor)),
            )
        )
    return Computed(out, substituted=" + ".join(s.value for s in steps) or "0", steps=tuple(steps))


@function("rows.distinct", "不重复的名称个数")
def rows_distinct(rows: Rows, column: str) -> Computed:
    """How many different values ``column`` has; a record without it makes the result 无法判定."""
    names: dict[str, None] = {}
    for i, row in enumerate(rows, 1):
        if not row.get(column):
            raise Undecided(
                Missing(column, column, f"第 {i} 条记录缺少 {column}", f"record {i} lacks {column}")
            )
        names.setdefault(str(row[column]))
    return Computed(Decimal(len(names)), substituted="、".join(names) or "0")


@function("rows.sum_until", "Σ 截至某日的记录的值")
def rows_sum_until(rows: Rows, day: dt.date, column: str = "amount", when: str = "date") -> Computed:
    """Sum of ``column`` over the records dated (``when``) not later than ``day``."""
    parts = [_number(r, column, i) for i, r in enumerate(rows, 1) if _date(r, when, i) <= day]
    return Computed(
        sum(parts, Decimal(0)), substituted=f"截至 {day}:" + (" + ".join(_n(v) for v in parts) or "0")
    )


@function("rows.worst_deviation", "max(|实测 − 许可| ÷ 许可 × 100%)")
def rows_worst_deviation(rows: Rows, actual: str, permitted: str, name: str = "building") -> Computed:
    """Greatest relative deviation in % of ``actual`` from ``permitted`` over records (signs dropped)."""
    if not rows:
        raise Undecided(Missing("rows", "分栋记录", "没有分栋记录", "no records"))
    steps: list[Step] = []
    worst = Decimal(0)
    for i, row in enumerate(rows, 1):
        have, base = _number(row, actual, i), _number(row, permitted, i)
        if base <= 0:
            raise BadInput(
                f"第 {i} 条记录的许可值应大于 0", f"record {i}: permitted must be > 0", place=permitted
            )
        share = abs(have - base) / base * 100
        steps.append(
            Step(str(row.get(name) or i), f"|{_n(have)} − {_n(base)}| ÷ {_n(base)}", f"{_n(share)}%")
        )
        worst = max(worst, share)
    return Computed(worst, steps=tuple(steps), substituted="max(" + ", ".join(s.value for s in steps) + ")")


@function("rows.greatest", "max(记录的值)")
def rows_greatest(rows: Rows, column: str) -> Computed:
    """Greatest value of ``column`` over records."""
    values = [_number(r, column, i) for i, r in enumerate(rows, 1)]
    if not values:
        raise Undecided(Missing("rows", "记录", "没有记录", "no records"))
    return Computed(max(values), substituted=f"max({', '.join(_n(v) for v in values)})")


@function("rows.greatest_excess", "max(实测 − 许可)")
def rows_greatest_excess(rows: Rows, actual: str, permitted: str) -> Computed:
    """Greatest difference ``actual`` − ``permitted`` over records; negative when every one stays below."""
    values = [_number(r, actual, i) - _number(r, permitted, i) for i, r in enumerate(rows, 1)]
    if not values:
        raise Undecided(Missing("rows", "记录", "没有记录", "no records"))
    return Computed(max(values), substituted=f"max({', '.join(_n(v) for v in values)})")


# ---------------------------------------------------------------- stated items, combined conclusions


@function("form.stated", "应载明的各项均已载明")
def form_stated(
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
    """Whether a document states all it has to; what is not there is listed at once.

    ``names`` are the items in the order of the arguments. Nothing stated at all is 无法判定 (the document has not been
    entered); an item answered 否 counts as not stated.
    """
    pairs = list(zip(names, (a, b, c, d, e, f, g, h, i, j, k, m, n, o), strict=False))
    if all(v is None for _, v in pairs):
        raise Undecided(Missing("items", "应载事项", f"尚未录入:{'、'.join(names)}", "nothing entered yet"))
    lacking = [name for name, v in pairs if v is None or v is False]
    return Computed(
        Outcome.FAIL if lacking else Outcome.PASS,
        substituted=f"缺:{'、'.join(lacking)}" if lacking else f"{len(pairs)} 项均已载明",
        limit=f"缺{'、'.join(lacking)}" if lacking else "无缺项",
    )


@function("form.passed", "各项结论均不为不符合")
def form_passed(
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
    """不符合 as soon as one of the named conclusions is; 无法判定 while one is open; otherwise 符合."""
    pairs = list(zip(names, (a, b, c, d, e, f, g, h), strict=False))
    bad = [name for name, v in pairs if v == Outcome.FAIL.value]
    still = [name for name, v in pairs if v is None]
    if still and not bad:
        raise Undecided(
            *(Missing("conclusion", n, f"“{n}”尚无法判定", f"a conclusion is undecided: {n}") for n in still)
        )
    return Computed(
        Outcome.FAIL if bad else Outcome.PASS,
        substituted=f"不符合:{'、'.join(bad)}" if bad else f"{len(pairs)} 项均符合",
        steps=tuple(Step(n, "", Outcome(v).zh if v else "无法判定") for n, v in pairs),
        limit="、".join(bad) or "无",
    )


# ---------------------------------------------------------------- codes and numbers


@function("code.credit", "C18 = 31 − (Σ CᵢWᵢ mod 31),31 → 0")
def code_credit(text: str) -> Computed:
    """Whether an 18-character 统一社会信用代码 has the right alphabet and check character (GB 32100-2015)."""
    clean = text.strip().upper()
    if len(clean) != 18 or any(ch not in _CREDIT for ch in clean):
        return Computed(Outcome.FAIL, substituted=f"{clean}:应为 18 位数字或大写字母(不含 I、O、S、V、Z)")
    total = sum(_CREDIT.index(ch) * pow(3, i, 31) for i, ch in enumerate(clean[:17]))
    want = _CREDIT[(31 - total % 31) % 31]
    return Computed(
        Outcome.PASS if clean[17] == want else Outcome.FAIL,
        substituted=f"Σ CᵢWᵢ = {total},校验位应为 {want},实为 {clean[17]}",
    )


@function("code.project", "年月4-区划6-部门2-类型2-流水6")
def code_project(text: str, district: str | None = None) -> Computed:
    """Whether a 项目代码 has the structure YYMM-XXXXXX-BB-TT-NNNNNN and, if given, names the district.

    The check digit's rule is not public, so only the structure is checked.
    """
    match = re.fullmatch(r"\d{2}(\d{2})-(\d{6})-\d{2}-\d{2}-\d{6}", text.strip())
    if match is None or not 1 <= int(match.group(1)) <= 12:
        return Computed(Outcome.FAIL, substituted=f"{text}:应为 年月-区划-部门-类型-流水")
    same = district is None or match.group(2)[:4] == district[:4]
    return Computed(
        Outcome.PASS if same else Outcome.FAIL,
        substituted=f"区划 {match.group(2)} {'与' if same else '不属于'} {district or '(未给区划)'}",
    )


@function("code.licence", "区划6 + 年份4 + 顺序5")
def code_licence(number: str, district: str, issued: dt.date) -> Computed:
    """Whether the digits of a 地字第…号 are district (6), year of issue (4) and a running number (5)."""
    digits = "".join(re.findall(r"\d", number))
    want = f"{district}{issued.year}"
    holds = len(digits) == 15 and digits.startswith(want)
    return Computed(
        Outcome.PASS if holds else Outcome.FAIL,
        substituted=f"{digits}{'以' if holds else '应以'} {want} 开头,共 15 位",
        limit=f"{want}+5位",
    )
