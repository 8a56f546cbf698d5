"""Named functions of 不动产登记 and 权籍调查: codes, parties, restrictions, house sharing, boundary points.

Areas in ㎡, lengths in m, coordinates in m of the parcel's own projected CRS (``x`` north, ``y`` east, as boundary
tables write them); money in 元. All pure.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from shapely import MultiLineString, Polygon, line_merge
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from elements import house_sharing as sharing_levels
from elements import sharing
from elements.functions import function
from elements.rounding import measured, plain_number, round_to
from elements.values import Computed, Missing, Step, Undecided
from project_box.kernel.calendar import load_calendar
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Outcome

Rows = Sequence[Mapping[str, Any]]
_ZERO = Decimal(0)
_CENT = Decimal("0.01")


def _n(value: Decimal) -> str:
    short = round_to(value, 10)
    return plain_number(short) + ("…" if short != value else "")


def _verdict(ok: bool) -> Outcome:
    return Outcome.PASS if ok else Outcome.FAIL


def _day(value: Any, what: str) -> dt.date:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise BadInput(f"{what}应为日期 年-月-日", f"{what}: ISO date expected", place=what) from error


def _number(row: Mapping[str, Any], column: str, what: str) -> Decimal:
    try:
        value = Decimal(str(row.get(column)))
    except ArithmeticError as error:
        raise BadInput(f"{what}的记录须有数值 {column}", f"record lacks {column}", place=what) from error
    if not value.is_finite():
        raise BadInput(f"{what}的 {column} 不是有限数", f"{column} is not finite", place=what)
    return value


# ---------------------------------------------------------------- codes

_PARCEL = re.compile(r"(\d{6})(\d{3})(\d{3})([GJZ])([A-Z])(\d{5})", re.ASCII)
_UNIT_TAIL = re.compile(r"([FLQW])(\d{4})(\d{4})", re.ASCII)
_PARTS = ("县级区划", "地籍区", "地籍子区", "所有权类型", "使用权类型", "顺序号")


def _code(raw: str) -> str:
    return re.sub(r"\s", "", raw).upper()


def _parcel_parts(code: str) -> dict[str, str] | None:
    match = _PARCEL.fullmatch(code[:19])
    return dict(zip(_PARTS, match.groups(), strict=True)) if match and len(code) in (19, 28) else None


@function("reg.code_part", "宗地代码、不动产单元号的一段")
def code_part(code: str, part: str) -> Computed:
    """One part of a 宗地代码 (19) or 不动产单元号 (28): 县级区划 … 顺序号, and of a unit 定着物, 幢号, 户号."""
    clean = _code(code)
    parts = _parcel_parts(clean)
    tail = _UNIT_TAIL.fullmatch(clean[19:]) if len(clean) == 28 else None
    if parts is None or (part in ("定着物", "幢号", "户号") and tail is None):
        raise Undecided(Missing(part, part, f"代码 {code[:40]} 结构有误,取不出{part}", "malformed code"))
    if tail is not None:
        parts |= {"定着物": tail.group(1), "幢号": tail.group(2), "户号": tail.group(3)}
    return Computed(parts[part], substituted=f"{clean} → {part}")


@function("reg.parcel_code", "宗地代码 19 位:6 区划 + 3 地籍区 + 3 地籍子区 + 2 特征码 + 5 顺序号")
def parcel_code(code: str) -> Computed:
    """Whether a 宗地代码 has the structure of GB/T 37346-2019."""
    clean = _code(code)
    if len(clean) != 19:
        return Computed(Outcome.FAIL, substituted=f"{clean}:应为 19 位,实为 {len(clean)} 位")
    ok = _PARCEL.fullmatch(clean) is not None
    return Computed(_verdict(ok), substituted=f"{clean}:{'结构正确' if ok else '结构有误'}")


@function("reg.unit_code", "不动产单元号 28 位:宗地代码 19 + 定着物特征码 1 + 幢 4 + 户 4")
def unit_code(code: str) -> Computed:
    """Whether a 不动产单元号 has the structure of GB/T 37346-2019; ``W`` (no fixture) is followed by zeros only."""
    why = _unit_fault(_code(code))
    return Computed(Outcome.FAIL if why else Outcome.PASS, substituted=f"{_code(code)}:{why or '结构正确'}")


def _unit_fault(clean: str) -> str:
    if len(clean) != 28:
        return f"应为 28 位,实为 {len(clean)} 位"
    if _parcel_parts(clean) is None:
        return "前 19 位宗地代码有误"
    tail = _UNIT_TAIL.fullmatch(clean[19:])
    if tail is None:
        return f"定着物特征码“{clean[19]}”或单元编号有误(F、L、Q、W 加 8 位数字)"
    if tail.group(1) == "W" and clean[20:] != "00000000":
        return "无定着物(W)时单元编号应为 00000000"
    if tail.group(1) == "F" and tail.group(2) == "0000":
        return "房屋(F)的幢号不得为 0000"
    return ""


@function("reg.feature_fits", "宗地特征码与登记权利类型对应")
def feature_fits(code: str, right: str, features: Rows) -> Computed:
    """Whether the two feature letters of a code belong to the right registered (rows ``right, letters``)."""
    clean = _code(code)
    parts = _parcel_parts(clean)
    if parts is None:
        raise Undecided(Missing("code", "宗地代码", f"代码 {code[:40]} 结构有误", "malformed code"))
    letters = parts["所有权类型"] + parts["使用权类型"]
    allowed = [str(r["letters"]) for r in features if r["right"] == right]
    if not allowed:
        raise Undecided(
            Missing("right", "权利类型", f"没有“{right}”对应的特征码", "no letters for this right")
        )
    return Computed(
        _verdict(letters in allowed),
        substituted=f"{letters} {'∈' if letters in allowed else '∉'} {right}({'、'.join(allowed)})",
        limit="、".join(allowed),
    )


_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _identity_fault(kind: str, number: str) -> str | None:
    if kind == "统一社会信用代码":
        if len(number) != 18 or any(c not in _CREDIT for c in number):
            return "应为 18 位数字或大写字母(不用 I、O、S、V、Z)"
        total = sum(_CREDIT.index(c) * pow(3, i, 31) for i, c in enumerate(number[:17]))
        check = _CREDIT[(31 - total % 31) % 31]
        return "" if check == number[17] else f"校验位应为 {check},实为 {number[17]}"
    if kind == "身份证":
        if not re.fullmatch(r"\d{17}[\dX]", number, re.ASCII):
            return "应为 17 位数字加数字或 X"
        try:
            dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        except ValueError:
            return f"出生日期 {number[6:14]} 不存在"
        check = "10X98765432"[sum(int(c) * w for c, w in zip(number, _ID_WEIGHTS, strict=False)) % 11]
        return "" if check == number[17] else f"校验位应为 {check},实为 {number[17]}"
    return None


@function("reg.identity", "证件号码的校验位与其余各位相符")
def identity(kind: str, number: str) -> Computed:
    """Check digit of a 身份证 (GB 11643-1999) or 统一社会信用代码 (GB 32100-2015); other documents are 提示."""
    why = _identity_fault(kind, _code(number))
    if why is None:
        return Computed(Outcome.NOTE, substituted=f"{kind}没有校验位,须核对原件")
    return Computed(
        Outcome.FAIL if why else Outcome.PASS, substituted=f"{_code(number)}:{why or '校验位正确'}"
    )


# ---------------------------------------------------------------- time limits


def _notice_days(start: dt.date, end: dt.date, first: dt.date | None, last: dt.date | None) -> int:
    """Working days of a notice that fall within (start, end]."""
    if first is None or last is None:
        return 0
    begin, stop = max(first, start), min(last, end)
    return load_calendar().between(begin, stop) if begin < stop else 0


@function("reg.net_days", "受理至登簿的工作日 − 公告占用的工作日")
def net_days(
    start: dt.date, end: dt.date, notice_start: dt.date | None = None, notice_end: dt.date | None = None
) -> Computed:
    """Working days used (start day not counted); a public notice within the time is not counted (实施细则 art. 17)."""
    if end < start:
        raise BadInput(f"{end} 早于 {start}", f"{end} lies before {start}")
    gross = load_calendar().between(start, end)
    notice = _notice_days(start, end, notice_start, notice_end)
    return Computed(Decimal(gross - notice), substituted=f"{gross} − {notice}")


@function("reg.deadline", "受理日 + 时限工作日 + 公告占用的工作日")
def deadline(
    start: dt.date, days: int, notice_start: dt.date | None = None, notice_end: dt.date | None = None
) -> Computed:
    """Last day of a time limit in working days; a public notice after acceptance lengthens it by its own."""
    notice = _notice_days(start, notice_end or start, notice_start, notice_end)
    return Computed(
        load_calendar().add(start, int(days) + notice), substituted=f"{start} + {days} + {notice} 个工作日"
    )


# ---------------------------------------------------------------- parties, documents, records


def _plain_text(raw: str) -> str:
    wide = str.maketrans("（）〔〕【】［］，：；－—·", "()[][][],:;--.")
    return re.sub(r"\s", "", raw).translate(wide).upper()


@function("reg.same_text", "两处记载的文字一致(不计全半角、空格、括号形式)")
def same_text(a: str, b: str) -> Computed:
    """Whether names or document numbers of two sources are the same text, ignoring spaces and bracket forms."""
    ok = _plain_text(a) == _plain_text(b)
    return Computed(_verdict(ok), substituted=f"“{a}” {'=' if ok else '≠'} “{b}”")


def _fractions(shares: Mapping[str, Any]) -> dict[str, Fraction]:
    out: dict[str, Fraction] = {}
    for name, raw in shares.items():
        text = str(raw).strip()
        try:
            value = Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)
        except (ValueError, ZeroDivisionError) as error:
            raise BadInput(
                f"{name} 的份额“{text[:20]}”应写作 1/3、0.5 或 50%", f"share of {name} unreadable", place=name
            ) from error
        if value <= 0:
            raise BadInput(f"{name} 的份额应大于 0", f"share of {name} must be positive", place=name)
        out[name] = value
    return out


@function("reg.share_total", "Σ 份额 × 100%")
def share_total(shares: dict[str, Any]) -> Computed:
    """Sum of co-owners' shares in %, exact for fractions (three thirds are 100 %)."""
    total = sum(_fractions(shares).values(), Fraction(0)) * 100
    with localcontext() as context:
        context.prec = 28
        value = Decimal(total.numerator) / Decimal(total.denominator)
    return Computed(value, substituted=" + ".join(f"{k} {v}" for k, v in shares.items()))


@function("reg.share_areas", "各方面积 = 面积 × 份额(0.01 ㎡,闭合于总面积)")
def share_areas(area: Decimal, shares: dict[str, Any]) -> Computed:
    """Area ㎡ of each co-owner by share, to 0.01 ㎡, closing on the whole; the shares must add up to 1."""
    own = _fractions(shares)
    if sum(own.values(), Fraction(0)) != 1:
        raise BadInput("共有份额合计不是 100%,不能分摊面积", "shares do not add up to the whole")
    with localcontext() as context:
        context.prec = 40
        weights = {k: Decimal(v.numerator) / Decimal(v.denominator) for k, v in own.items()}
    result = sharing.share(weights, area)
    return Computed(
        {k: format(v, "f") for k, v in result.shares.items()},
        substituted=" + ".join(format(v, "f") for v in result.shares.values())
        + f" = {_n(round_to(area, 2))}",
    )


@function("reg.size", "记录(名称)的个数")
def size(items: dict[str, Any] | list[Any]) -> Computed:
    """Number of entries of a mapping or records of a list."""
    return Computed(Decimal(len(items)), substituted=f"{len(items)} 项")


def _holds(row: Mapping[str, Any], column: str, value: str | None) -> bool:
    raw = row.get(column)
    if value is not None:
        return str(raw) == value
    return raw is True or str(raw).strip() in ("是", "true", "True", "1")


@function("reg.count", "满足条件的记录数")
def count(rows: Rows, column: str, value: str | None = None, column2: str | None = None) -> Computed:
    """Records whose ``column`` equals ``value`` (without it: is 是), and whose ``column2``, if named, is 是 too."""
    own = [r for r in rows if _holds(r, column, value) and (column2 is None or _holds(r, column2, None))]
    return Computed(Decimal(len(own)), substituted=f"{len(rows)} 条中 {len(own)} 条")


@function("reg.unique", "各记录的值互不重复且不为空")
def unique(rows: Rows, column: str) -> Computed:
    """Whether every record has a value in ``column`` and no two have the same."""
    if not rows:
        raise Undecided(Missing(column, column, "没有记录", "no records"))
    seen: dict[str, int] = {}
    for row in rows:
        text = _code(str(row.get(column) or ""))
        seen[text] = seen.get(text, 0) + 1
    bad = [k or "(空)" for k, v in seen.items() if v > 1 or not k]
    return Computed(
        Outcome.FAIL if bad else Outcome.PASS,
        substituted=f"重复或为空:{'、'.join(bad[:5])}" if bad else f"{len(rows)} 个互不相同",
    )


def _in_force(rows: Rows, at: dt.date, kinds: Iterable[str] | None) -> list[Mapping[str, Any]]:
    wanted = set(kinds) if kinds is not None else None
    out = []
    for row in rows:
        if wanted is not None and row.get("kind") not in wanted:
            continue
        start = _day(row.get("from"), "限制起始日")
        end = _day(row["to"], "限制终止日") if row.get("to") else dt.date.max
        lifted = _day(row["lifted"], "解除日") if row.get("lifted") else dt.date.max
        if start <= at <= end and at < lifted:
            out.append(row)
    return out


@function("reg.in_force", "某日有效的限制或权利个数")
def in_force(rows: Rows, at: dt.date, kinds: list[str] | None = None) -> Computed:
    """Entries ``{kind, number, from, to?, lifted?}`` in force on a day (the last day counts, the lifting day not)."""
    own = _in_force(rows, at, kinds)
    return Computed(
        Decimal(len(own)),
        substituted="、".join(f"{r.get('kind', '')} {r.get('number', '')}" for r in own)
        or f"{at} 无有效记录",
    )


@function("reg.in_force_sum", "Σ 某日有效各项的数额")
def in_force_sum(rows: Rows, at: dt.date, column: str, kinds: list[str] | None = None) -> Computed:
    """Sum of a column over the entries in force on a day."""
    own = _in_force(rows, at, kinds)
    values = [_number(r, column, "限制或权利") for r in own]
    return Computed(sum(values, _ZERO), substituted=" + ".join(_n(v) for v in values) or "0")


@function("reg.chain", "每一手的取得人即下一手的让与人,日期依次,末手为现权利人")
def chain(links: Rows, holder: str) -> Computed:
    """Whether the chain of title ``{from, to, date, document}`` is continuous up to the present holder."""
    if not links:
        raise Undecided(Missing("links", "权属来源", "没有权属来源记录", "no chain of title"))
    faults, steps = [], []
    for number, link in enumerate(links, 1):
        day = _day(link.get("date"), f"第 {number} 手日期")
        steps.append(Step(f"第 {number} 手", f"{link.get('from')} → {link.get('to')}", day.isoformat()))
        if not str(link.get("document") or "").strip():
            faults.append(f"第 {number} 手没有来源文件")
    for number, (a, b) in enumerate(itertools.pairwise(links), 2):
        if _plain_text(str(a.get("to"))) != _plain_text(str(b.get("from"))):
            faults.append(f"第 {number} 手的让与人 {b.get('from')} 不是上一手的取得人 {a.get('to')}")
        if _day(a.get("date"), "日期") > _day(b.get("date"), "日期"):
            faults.append(f"第 {number} 手的日期早于上一手")
    if _plain_text(str(links[-1].get("to"))) != _plain_text(holder):
        faults.append(f"末手取得人 {links[-1].get('to')} 不是申请人 {holder}")
    return Computed(
        Outcome.FAIL if faults else Outcome.PASS,
        substituted=";".join(faults) or f"{len(links)} 手,依次相接",
        steps=tuple(steps),
    )


@function("reg.all_named", "各共有人均在签署人之中")
def all_named(holders: dict[str, Any], signers: str) -> Computed:
    """Whether every holder is among the names of a text list (separated by 、, or ;)."""
    signed = {_plain_text(s) for s in re.split(r"[、,，;；]", signers)}
    lacking = [h for h in holders if _plain_text(h) not in signed]
    return Computed(
        Outcome.FAIL if lacking else Outcome.PASS,
        substituted=f"未签署:{'、'.join(lacking)}" if lacking else f"{len(holders)} 人均已签署",
    )


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
        substituted=f"{_n(items)} × {plain_number(price[kind])} + {_n(extra)} × {plain_number(price['增发证书'])}",
    )


@function("reg.rate", "按类别查收费标准")
def rate(rates: Rows, kind: str) -> Computed:
    """One rate 元 of the registration tariff."""
    row = next((r for r in rates if r["kind"] == kind), None)
    if row is None:
        raise Undecided(Missing(kind, kind, f"收费标准没有“{kind}”一项", f"no rate for {kind}"))
    return Computed(Decimal(row["value"]), substituted=f"{kind} → {row['value']}", clause=str(row["clause"]))


# ---------------------------------------------------------------- houses


def _ledger(units: Rows, commons: Rows, wall_half: Decimal | None) -> sharing_levels.Ledger:
    houses = sharing_levels.read_houses(units)
    rows = list(commons)
    if wall_half:
        rows = [{"name": "外墙一半", "area": wall_half, "serves": None}, *rows]
    return sharing_levels.share_building(houses, sharing_levels.read_commons(rows, houses))


def _text_map(values: Mapping[str, Decimal]) -> dict[str, str]:
    return {k: format(v, "f") for k, v in values.items()}


def _pool_steps(pools: Iterable[sharing_levels.Pool]) -> tuple[Step, ...]:
    return tuple(
        Step(
            f"{('', '幢 → 功能区', '功能区 → 层(单元)', '层(单元) → 户')[p.level]}:{p.source}",
            f"K = {_n(p.amount)} ÷ {_n(p.base)} = {p.coefficient};"
            + "、".join(f"{k} {v}" for k, v in p.parts.items()),
            f"Σ = {_n(sum(p.parts.values(), _ZERO))}",
            "GB/T 17986.1-2000 附录B",
        )
        for p in pools
    )


@function("house.sum", "Σ 各户(各共有部分)面积")
def house_sum(rows: Rows, column: str, key: str | None = None, equals: list[str] | None = None) -> Computed:
    """Sum ㎡ of a column over units or common parts, optionally only where ``key`` is one of ``equals``."""
    own = [r for r in rows if key is None or str(r.get(key)) in (equals or [])]
    values = [sharing_levels.read_area(r.get(column), str(r.get("unit") or r.get("name") or "")) for r in own]
    return Computed(sum(values, _ZERO), substituted=" + ".join(_n(v) for v in values[:60]) or "0")


@function("house.common_level", "Σ 该级共有建筑面积")
def common_level(units: Rows, commons: Rows, level: int, wall_half: Decimal | None = None) -> Computed:
    """Own common area ㎡ of one level (1 全幢, 2 功能区, 3 层/单元), without what it receives from above."""
    houses = sharing_levels.read_houses(units)
    own = [c for c in sharing_levels.read_commons(commons, houses) if c.level == level]
    extra = [("外墙一半", round_to(wall_half, 2))] if wall_half and level == 1 else []
    parts = [*extra, *((c.name, c.area) for c in own)]
    return Computed(
        sum((a for _, a in parts), _ZERO), substituted=" + ".join(f"{n} {_n(a)}" for n, a in parts) or "0"
    )


@function("house.unshared", "Σ 不分摊的共有部分")
def unshared(commons: Rows) -> Computed:
    """Area ㎡ of common parts that are not shared (独立使用的地下室、车棚、人防, 为多幢服务的用房)."""
    own = [r for r in commons if r.get("shared") in (False, "否", "false")]
    values = [sharing_levels.read_area(r.get("area"), str(r.get("name") or "")) for r in own]
    return Computed(
        sum((round_to(v, 2) for v in values), _ZERO),
        substituted=" + ".join(f"{r.get('name')} {_n(v)}" for r, v in zip(own, values, strict=True)) or "0",
    )


@function("house.allotted", "K = 应分摊面积 ÷ Σ参加分摊面积;各得 K × 自身面积,0.01 ㎡ 最大余数法闭合")
def allotted(units: Rows, commons: Rows, level: int, wall_half: Decimal | None = None) -> Computed:
    """What each receiver of a level gets, ㎡ (level 1: 功能区, 2: 层/单元, 3: 户)."""
    pools = _ledger(units, commons, wall_half).at_level(level)
    out: dict[str, Decimal] = {}
    for pool in pools:
        for name, part in pool.parts.items():
            out[name] = out.get(name, _ZERO) + part
    return Computed(
        _text_map(out),
        substituted=" + ".join(format(v, "f") for v in out.values())
        + f" = {_n(sum((p.amount for p in pools), _ZERO))}",
        steps=_pool_steps(pools),
    )


@function("house.coefficients", "K = 应分摊面积 ÷ Σ参加分摊面积")
def coefficients(units: Rows, commons: Rows, level: int, wall_half: Decimal | None = None) -> Computed:
    """Sharing coefficient (6 dp) of every act of sharing of a level, by its source."""
    pools = _ledger(units, commons, wall_half).at_level(level)
    return Computed(
        {p.source: format(p.coefficient, "f") for p in pools},
        substituted=";".join(f"{p.source} {_n(p.amount)} ÷ {_n(p.base)}" for p in pools),
    )


@function("house.level_out", "Σ 该级分出面积")
def level_out(units: Rows, commons: Rows, level: int, wall_half: Decimal | None = None) -> Computed:
    """Everything a level hands on, ㎡; equals what came in from above and its own common area."""
    pools = _ledger(units, commons, wall_half).at_level(level)
    return Computed(
        sum((v for p in pools for v in p.parts.values()), _ZERO),
        substituted=" + ".join(_n(p.amount) for p in pools) or "0",
        steps=_pool_steps(pools),
    )


@function("house.totals", "建筑面积 = 套内建筑面积 + 分摊面积")
def house_totals(units: Rows, commons: Rows, wall_half: Decimal | None = None) -> Computed:
    """建筑面积 ㎡ of every unit after all levels."""
    ledger = _ledger(units, commons, wall_half)
    totals = ledger.totals()
    return Computed(
        _text_map(totals),
        substituted=f"Σ = {_n(sum(totals.values(), _ZERO))}",
        steps=tuple(
            Step(h.name, f"{_n(h.inner)} + {ledger.shares[h.name]}", format(totals[h.name], "f"))
            for h in ledger.houses[:200]
        ),
    )


@function("house.unit_coefficients", "户分摊系数 = 分摊面积 ÷ 套内建筑面积")
def unit_coefficients(units: Rows, commons: Rows, wall_half: Decimal | None = None) -> Computed:
    """Shared area over 套内 (6 dp) of every unit."""
    ledger = _ledger(units, commons, wall_half)
    with localcontext() as context:
        context.prec = 40
        out = {h.name: round_to(ledger.shares[h.name] / h.inner, 6) for h in ledger.houses}
    return Computed(_text_map(out), substituted=f"{len(out)} 户")


def _decimals(values: Mapping[str, Any]) -> dict[str, Decimal]:
    return {k: sharing_levels.read_area(v, k) for k, v in values.items()}


@function("house.map_sum", "Σ 各项面积")
def map_sum(values: dict[str, Any]) -> Computed:
    """Sum of a mapping of areas ㎡."""
    own = _decimals(values)
    return Computed(
        sum(own.values(), _ZERO), substituted=" + ".join(_n(v) for v in list(own.values())[:60]) or "0"
    )


@function("house.extreme", "各项中的最大(最小)值")
def extreme(values: dict[str, Any], which: str = "max") -> Computed:
    """Largest or smallest value of a mapping; says whose it is."""
    own = _decimals(values)
    if not own:
        raise Undecided(Missing("values", "各户面积", "没有户", "no units"))
    name = (max if which == "max" else min)(own, key=lambda k: own[k])
    return Computed(own[name], substituted=f"{name}:{_n(own[name])}")


@function("house.by_key", "Σ 同一用途(功能区、层)各户建筑面积")
def by_key(totals: dict[str, Any], units: Rows, key: str) -> Computed:
    """Units' 建筑面积 ㎡ summed by a field of the unit records (``use``, ``zone``, ``group``)."""
    areas = _decimals(totals)
    out: dict[str, Decimal] = {}
    for row in units:
        name = str(row.get(key) or "未注").strip()
        out[name] = out.get(name, _ZERO) + areas[str(row["unit"]).strip()]
    return Computed(_text_map(out), substituted=" + ".join(_n(v) for v in out.values()))


@function("house.land_shares", "分摊土地面积 = 宗地(幢用地)面积 × 户建筑面积 ÷ Σ户建筑面积")
def house_land(area: Decimal, totals: dict[str, Any]) -> Computed:
    """Land ㎡ of every unit, to 0.01 ㎡, closing exactly on the land area."""
    result = sharing.share(_decimals(totals), area)
    return Computed(
        _text_map(result.shares),
        substituted=f"{_n(area)} × 户建筑面积 ÷ {_n(sum(_decimals(totals).values(), _ZERO))}",
    )


@function("house.gap", "max |测绘报告值 − 核算值|")
def house_gap(units: Rows, column: str, computed: dict[str, Any]) -> Computed:
    """Greatest difference ㎡ between the survey report's figure of a unit (``column``) and the computed one."""
    own = _decimals(computed)
    gaps: dict[str, Decimal] = {}
    for row in units:
        name = str(row["unit"]).strip()
        if row.get(column) is None:
            raise Undecided(
                Missing(column, "测绘报告面积", f"{name} 没有测绘报告面积", f"{name}: none reported")
            )
        gaps[name] = abs(sharing_levels.read_area(row[column], name) - own[name])
    worst = max(gaps, key=lambda k: gaps[k])
    return Computed(
        gaps[worst],
        substituted=f"{worst}:{_n(gaps[worst])}",
        steps=tuple(Step(k, "报告与核算之差", _n(v)) for k, v in gaps.items() if v),
    )


@function("house.deviation", "max |实测 − 合同(预测)| ÷ 合同(预测) × 100%")
def deviation(units: Rows, column: str, computed: dict[str, Any]) -> Computed:
    """Greatest relative difference in % of a unit's computed area from an earlier figure (``column``)."""
    own = _decimals(computed)
    rates: dict[str, Decimal] = {}
    with localcontext() as context:
        context.prec = 40
        for row in units:
            name = str(row["unit"]).strip()
            if row.get(column) is None:
                raise Undecided(
                    Missing(column, "预测或合同面积", f"{name} 缺少 {column}", f"{name}: no {column}")
                )
            base = sharing_levels.read_area(row[column], name)
            if base == 0:
                raise BadInput(f"{name} 的 {column} 应大于 0", f"{name}: {column} must be positive")
            rates[name] = abs(own[name] - base) / base * 100
    worst = max(rates, key=lambda k: rates[k])
    return Computed(rates[worst], substituted=f"{worst}:{_n(round_to(rates[worst], 4))}%")


@function("house.over", "误差比超过限值的户数")
def over(units: Rows, column: str, computed: dict[str, Any], limit: Decimal) -> Computed:
    """Number of units whose area differs from an earlier figure by more than ``limit`` %."""
    own = _decimals(computed)
    names = []
    for row in units:
        name = str(row["unit"]).strip()
        base = sharing_levels.read_area(row.get(column), name)
        if abs(own[name] - base) * 100 > base * limit:
            names.append(name)
    return Computed(Decimal(len(names)), substituted="、".join(names) or "无")


@function("house.limit", "限差 = a√S + bS;中误差为限差的一半")
def house_limit(area: Decimal, coefficients: Rows, half: bool = False) -> Computed:
    """Permitted deviation ㎡ (``half``: 中误差) of an area S by accuracy grade (row ``root``, ``linear``)."""
    root, linear = Decimal(coefficients[0]["root"]), Decimal(coefficients[0]["linear"])
    limit = sharing.area_limit(area, root, linear)
    shown = f"{plain_number(root)}√{_n(area)} + {plain_number(linear)}×{_n(area)}"
    return Computed(limit / 2 if half else limit, substituted=f"({shown}) ÷ 2" if half else shown)


@function("house.checks", "各户 |检测 − 测绘| ≤ 限差")
def house_checks(checks: Rows, coefficients: Rows) -> Computed:
    """Whether every re-measured unit ``{unit, area, checked}`` keeps the limit of its own area."""
    if not checks:
        raise Undecided(Missing("checks", "检测记录", "没有检测记录", "no check measurements"))
    root, linear = Decimal(coefficients[0]["root"]), Decimal(coefficients[0]["linear"])
    steps, bad = [], []
    for row in checks:
        name = str(row.get("unit"))
        area, again = (
            sharing_levels.read_area(row.get("area"), name),
            sharing_levels.read_area(row.get("checked"), name),
        )
        limit = sharing.area_limit(area, root, linear)
        ok = abs(again - area) <= limit
        steps.append(
            Step(
                name,
                f"|{_n(again)} − {_n(area)}| {'≤' if ok else '>'} {_n(round_to(limit, 3))}",
                "符合" if ok else "超限",
            )
        )
        if not ok:
            bad.append(name)
    return Computed(
        Outcome.FAIL if bad else Outcome.PASS,
        substituted=f"超限:{'、'.join(bad)}" if bad else f"{len(checks)} 户均在限差内",
        steps=tuple(steps),
    )


@function("house.checks_rms", "m = √(ΣΔ² ÷ n)")
def house_checks_rms(checks: Rows) -> Computed:
    """Root mean square ㎡ of the differences of re-measured units."""
    if not checks:
        raise Undecided(Missing("checks", "检测记录", "没有检测记录", "no check measurements"))
    gaps = [_number(r, "checked", "检测记录") - _number(r, "area", "检测记录") for r in checks]
    with localcontext() as context:
        context.prec = 40
        value = (sum((g * g for g in gaps), _ZERO) / len(gaps)).sqrt()
    return Computed(value, substituted=f"√({_n(sum((g * g for g in gaps), _ZERO))} ÷ {len(gaps)})")


@function("house.unit_codes", "各户不动产单元号结构正确、属于本宗地和本幢、互不重复")
def house_unit_codes(units: Rows, parcel: str, building: str) -> Computed:
    """Whether every unit's ``code`` is sound, lies on the parcel and in the building (4 digits), and stands once."""
    faults: list[str] = []
    seen: set[str] = set()
    for row in units:
        name, code = str(row.get("unit")), _code(str(row.get("code") or ""))
        why = _unit_fault(code)
        if why:
            faults.append(f"{name}:{why}")
        elif code[:19] != _code(parcel):
            faults.append(f"{name}:不属于宗地 {_code(parcel)}")
        elif code[19:24] != f"F{building}":
            faults.append(f"{name}:幢号不是 {building}")
        elif code in seen:
            faults.append(f"{name}:单元号重复")
        seen.add(code)
    return Computed(
        Outcome.FAIL if faults else Outcome.PASS,
        substituted=";".join(faults[:6]) or f"{len(units)} 户的单元号均正确",
    )


@function("house.complete", "各户必填项齐全")
def house_complete(units: Rows, columns: list[str]) -> Computed:
    """Whether every unit record has the named fields."""
    lacking = [
        f"{r.get('unit') or n} 缺 {c}"
        for n, r in enumerate(units, 1)
        for c in columns
        if r.get(c) in (None, "")
    ]
    if not units:
        raise Undecided(Missing("units", "各户", "没有户", "no units"))
    return Computed(
        Outcome.FAIL if lacking else Outcome.PASS,
        substituted=";".join(lacking[:6]) or f"{len(units)} 户 × {len(columns)} 项齐全",
    )


@function("house.fee", "Σ 各用途件数 × 标准")
def house_fee(units: Rows, uses: Rows, rates: Rows, exempt: bool) -> Computed:
    """登记费 元 of a building's units: each unit one 件, its ``use`` mapped to a kind of the tariff."""
    price = {str(r["kind"]): Decimal(r["value"]) for r in rates}
    if exempt:
        return Computed(price["小微企业"], substituted="小微企业免收")
    kinds = {str(r["use"]): str(r["kind"]) for r in uses}
    counts: dict[str, int] = {}
    for row in units:
        use = str(row.get("use"))
        if use not in kinds:
            raise Undecided(
                Missing("use", "用途", f"用途“{use}”没有对应的收费类别", f"no fee kind for use {use!r}")
            )
        counts[kinds[use]] = counts.get(kinds[use], 0) + 1
    return Computed(
        sum((price[k] * n for k, n in counts.items()), _ZERO),
        substituted=" + ".join(f"{k} {n}×{plain_number(price[k])}" for k, n in counts.items()) or "0",
    )


# ---------------------------------------------------------------- boundary points


def _points(rows: Rows, what: str = "界址点") -> list[tuple[str, Decimal, Decimal]]:
    out = [
        (str(r.get("no") or i), _number(r, "x", what), _number(r, "y", what)) for i, r in enumerate(rows, 1)
    ]
    if len(out) > 1 and out[0][1:] == out[-1][1:]:
        out.pop()
    if len(out) < 3:
        raise Undecided(Missing(what, what, f"{what}不足 3 个", "fewer than three boundary points"))
    return out


def _polygon(rows: Rows, what: str = "界址点") -> BaseGeometry:
    polygon = Polygon([(float(y), float(x)) for _, x, y in _points(rows, what)])
    if not polygon.is_valid:
        raise Undecided(
            Missing(what, what, f"{what}围成的图形自相交({explain_validity(polygon)})", "invalid ring")
        )
    return polygon


def _edges(rows: Rows) -> list[tuple[str, Decimal]]:
    points = _points(rows)
    with localcontext() as context:
        context.prec = 40
        return [
            (f"{a[0]}–{b[0]}", ((a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2).sqrt())
            for a, b in zip(points, points[1:] + points[:1], strict=True)
        ]


def _twice_signed(points: Sequence[tuple[str, Decimal, Decimal]]) -> Decimal:
    """Twice the signed area with y east, x north; negative when the points run clockwise."""
    turned = points[1:] + points[:1] if isinstance(points, list) else [*points[1:], *points[:1]]
    return sum((a[2] * b[1] - b[2] * a[1] for a, b in zip(points, turned, strict=True)), _ZERO)


@function("cadastre.area", "S = ½|Σ(yᵢ·xᵢ₊₁ − yᵢ₊₁·xᵢ)|")
def cadastre_area(points: Rows) -> Computed:
    """Area ㎡ from boundary points ``{no, x, y}``, exact in decimals; a ring that crosses itself is 无法判定."""
    _polygon(points)
    own = _points(points)
    return Computed(abs(_twice_signed(own)) / 2, substituted=f"{len(own)} 个界址点坐标解析计算")


@function("cadastre.perimeter", "Σ 界址边长")
def cadastre_perimeter(points: Rows) -> Computed:
    """Perimeter m from boundary points."""
    edges = _edges(points)
    return Computed(
        sum((d for _, d in edges), _ZERO),
        substituted=" + ".join(_n(round_to(d, 2)) for _, d in edges[:60]),
        steps=tuple(Step(name, "坐标反算", _n(round_to(d, 3))) for name, d in edges[:200]),
    )


@function("cadastre.shortest", "min(界址边长)")
def cadastre_shortest(points: Rows) -> Computed:
    """Shortest boundary edge m."""
    name, length = min(_edges(points), key=lambda e: e[1])
    return Computed(length, substituted=f"{name}:{_n(round_to(length, 3))}")


@function("cadastre.point_count", "界址点个数(首尾重复点计一次)")
def cadastre_count(points: Rows) -> Computed:
    """Number of boundary points."""
    return Computed(Decimal(len(_points(points))), substituted=f"{len(_points(points))} 点")


@function("cadastre.sound", "界址线闭合、不自相交、无重复点")
def cadastre_sound(points: Rows) -> Computed:
    """Whether the points form one simple ring without double points."""
    own = _points(points)
    double = [n for n, x, y in own if sum((x, y) == (a, b) for _, a, b in own) > 1]
    polygon = Polygon([(float(y), float(x)) for _, x, y in own])
    why = f"重复点 {'、'.join(double)}" if double else "" if polygon.is_valid else explain_validity(polygon)
    if not why and _twice_signed(own) == 0:
        why = "各点在一直线上"
    return Computed(Outcome.FAIL if why else Outcome.PASS, substituted=why or f"{len(own)} 点围成简单多边形")


@function("cadastre.clockwise", "界址点顺时针编号")
def cadastre_clockwise(points: Rows) -> Computed:
    """Whether the points run clockwise (x north, y east)."""
    ok = _twice_signed(_points(points)) < 0
    return Computed(_verdict(ok), substituted="顺时针" if ok else "逆时针")


@function("cadastre.numbering", "点号 J1、J2 … 连续")
def cadastre_numbering(points: Rows) -> Computed:
    """Whether point numbers run without gap: a common letter prefix and consecutive numbers."""
    numbers = [n for n, _, _ in _points(points)]
    found = [re.fullmatch(r"([A-Za-z]*)0*(\d+)", n) for n in numbers]
    ok = all(found) and len({m.group(1) for m in found if m}) == 1
    if ok:
        values = [int(m.group(2)) for m in found if m]
        ok = values == list(range(values[0], values[0] + len(values)))
    return Computed(_verdict(bool(ok)), substituted=f"{numbers[0]} … {numbers[-1]}")


@function("cadastre.edge_gap", "max |坐标反算边长 − 丈量边长|")
def cadastre_edge_gap(points: Rows) -> Computed:
    """Greatest difference m between the edge from coordinates and the taped one (``edge``: to the next point)."""
    stated = [r.get("edge") for r in points][: len(_points(points))]
    edges = _edges(points)
    if any(s is None for s in stated):
        raise Undecided(Missing("edge", "丈量边长", "有界址边没有丈量边长", "an edge was not taped"))
    gaps = [(n, abs(d - Decimal(str(s)))) for (n, d), s in zip(edges, stated, strict=True)]
    worst = max(gaps, key=lambda g: g[1])
    return Computed(worst[1], substituted=f"{worst[0]}:{_n(round_to(worst[1], 4))} m")


def _differences(checks: Rows) -> list[tuple[str, Decimal]]:
    if not checks:
        raise Undecided(Missing("checks", "检测界址点", "没有检测界址点", "no check points"))
    out = []
    with localcontext() as context:
        context.prec = 40
        for row in checks:
            dx = _number(row, "x2", "检测点") - _number(row, "x", "检测点")
            dy = _number(row, "y2", "检测点") - _number(row, "y", "检测点")
            out.append((str(row.get("no")), (dx * dx + dy * dy).sqrt()))
    return out


@function("cadastre.point_rms", "M = √(ΣΔ² ÷ n)(高精度检测)或 √(ΣΔ² ÷ 2n)(同精度检测)")
def cadastre_rms(checks: Rows, manner: str) -> Computed:
    """点位中误差 m of re-measured points ``{no, x, y, x2, y2}``; ``manner`` 高精度 or 同精度."""
    gaps = _differences(checks)
    divisor = {"高精度": 1, "同精度": 2}[manner] * len(gaps)
    with localcontext() as context:
        context.prec = 40
        total = sum((g * g for _, g in gaps), _ZERO)
        value = (total / divisor).sqrt()
    return Computed(
        value,
        substituted=f"√({_n(total)} ÷ {divisor})",
        steps=tuple(Step(n, "点位较差", _n(round_to(g, 4))) for n, g in gaps[:100]),
    )


@function("cadastre.worst_point", "max(界址点检测较差)")
def cadastre_worst(checks: Rows) -> Computed:
    """Greatest displacement m of a re-measured point."""
    name, gap = max(_differences(checks), key=lambda g: g[1])
    return Computed(gap, substituted=f"{name}:{_n(round_to(gap, 4))} m")


@function("cadastre.overlap", "Σ 与其他宗地的重叠面积")
def cadastre_overlap(points: Rows, others: Rows, least: Decimal = Decimal("0.01")) -> Computed:
    """Area ㎡ shared with other parcels (records ``{name, ring: [{x, y} …]}``); below ``least`` they only touch."""
    own = _polygon(points)
    steps = []
    total = _ZERO
    for row in others:
        area = measured(own.intersection(_polygon(row.get("ring") or [], str(row.get("name")))).area)
        if area >= least:
            total += area
            steps.append(Step(str(row.get("name")), "重叠", f"{_n(round_to(area, 2))} ㎡"))
    return Computed(
        total, substituted=";".join(f"{s.name} {s.value}" for s in steps) or "无重叠", steps=tuple(steps)
    )


@function("cadastre.outside", "宗地超出批准范围的面积")
def cadastre_outside(points: Rows, approved: Rows) -> Computed:
    """Area ㎡ of the parcel outside the approved boundary."""
    area = measured(_polygon(points).difference(_polygon(approved, "批准范围")).area)
    return Computed(area, substituted=f"{_n(round_to(area, 4))} ㎡")


def _sides(points: Rows, neighbours: Rows) -> dict[str, list[str]]:
    """Names of neighbours by the side of the parcel their shared line lies on (or, without one, they lie on)."""
    own = _polygon(points)
    centre = own.centroid
    sides: dict[str, list[str]] = {"东": [], "南": [], "西": [], "北": []}
    west, south, east, north = own.bounds
    for row in neighbours:
        other = _polygon(row.get("ring") or [], str(row.get("name")))
        shared = own.boundary.intersection(other.buffer(_TOUCH))
        place = shared.centroid if not shared.is_empty and shared.length > 0 else other.centroid
        dx = (place.x - centre.x) / max(east - west, 1e-9)
        dy = (place.y - centre.y) / max(north - south, 1e-9)
        side = ("东" if dx > 0 else "西") if abs(dx) >= abs(dy) else ("北" if dy > 0 else "南")
        sides[side].append(str(row.get("name")))
    return sides


@function("cadastre.sides", "按图形方位得出的四至")
def cadastre_sides(points: Rows, neighbours: Rows) -> Computed:
    """四至 found on the map: neighbours ``{name, ring}`` by side; a side without one stays empty."""
    sides = _sides(points, neighbours)
    return Computed(
        {k: "、".join(v) or "—" for k, v in sides.items()}, substituted=f"{len(neighbours)} 个邻宗"
    )


@function("cadastre.sides_agree", "记载四至与图形方位一致")
def cadastre_sides_agree(
    points: Rows, neighbours: Rows, east: str, south: str, west: str, north: str
) -> Computed:
    """Whether every neighbour found on the map is named on its side of the recorded 四至."""
    stated = {"东": east, "南": south, "西": west, "北": north}
    faults = [
        f"{side}侧邻宗“{name}”,记载为“{stated[side]}”"
        for side, names in _sides(points, neighbours).items()
        for name in names
        if _plain_text(name) not in _plain_text(stated[side])
    ]
    return Computed(
        Outcome.FAIL if faults else Outcome.PASS, substituted=";".join(faults) or "四至与图形方位一致"
    )


#: how far apart two boundaries may run and still be the same line, m
_TOUCH = 0.05


def _shared_length(own: BaseGeometry, other: BaseGeometry) -> Decimal:
    """Length m of ``own``'s boundary along ``other``; the overhang of the tolerance at both ends is taken off."""
    found = own.boundary.intersection(other.buffer(_TOUCH))
    lines = [g for g in getattr(found, "geoms", [found]) if g.geom_type == "LineString"]
    if not lines:
        return _ZERO
    merged = line_merge(MultiLineString(lines))
    pieces = list(getattr(merged, "geoms", [merged]))
    kept = [p.length if p.is_ring else max(p.length - 2 * _TOUCH, 0.0) for p in pieces]
    return measured(sum(kept))


@function("cadastre.shared_line", "Σ 与邻宗相接的界址线长")
def cadastre_shared_line(points: Rows, neighbours: Rows) -> Computed:
    """Length m of the parcel's boundary that runs along neighbours ``{name, ring}`` (within 0.05 m)."""
    own = _polygon(points)
    parts = [
        (str(r.get("name")), _shared_length(own, _polygon(r.get("ring") or [], str(r.get("name")))))
        for r in neighbours
    ]
    return Computed(
        sum((v for _, v in parts), _ZERO),
        substituted=" + ".join(f"{n} {_n(round_to(v, 3))}" for n, v in parts) or "0",
    )


@function("cadastre.spacing_limit", "界址点间距允许误差")
def cadastre_spacing_limit(length: Decimal, limits: Rows) -> Computed:
    """Permitted difference m of an edge: the grade's ``spacing``; below 50 m ``m + 0.02·m·D`` if smaller."""
    row = limits[0]
    cap, rms = Decimal(row["spacing"]), Decimal(row["rms"])
    value = min(cap, rms + Decimal("0.02") * rms * length) if length < 50 else cap
    return Computed(value, substituted=f"边长 {_n(round_to(length, 3))} m → {_n(value)} m")


@function("cadastre.area_error", "m_S = (m ÷ √2) × √(Σ Dᵢ²) ÷ 2,Dᵢ 为 i−1 至 i+1 点的距离")
def cadastre_area_error(points: Rows, rms: Decimal) -> Computed:
    """Standard error ㎡ of a coordinate area when every point has 点位中误差 ``rms`` m (equal in x and y)."""
    own = _points(points)
    count_ = len(own)
    total = _ZERO
    for i in range(count_):
        a, b = own[i - 1], own[(i + 1) % count_]
        total += (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
    with localcontext() as context:
        context.prec = 40
        value = rms / Decimal(2).sqrt() * total.sqrt() / 2
    return Computed(value, substituted=f"({_n(rms)} ÷ √2) × √{_n(total)} ÷ 2")


@function("cadastre.in_order", "各日期依次不早于前一个")
def cadastre_in_order(
    names: list[str], a: dt.date, b: dt.date, c: dt.date | None = None, d: dt.date | None = None
) -> Computed:
    """Whether up to four dates stand in order (equal days are in order)."""
    dated = [(n, v) for n, v in zip(names, (a, b, c, d), strict=False) if v is not None]
    wrong = [f"{y[0]} {y[1]} 早于{x[0]} {x[1]}" for x, y in itertools.pairwise(dated) if y[1] < x[1]]
    return Computed(
        Outcome.FAIL if wrong else Outcome.PASS,
        substituted=";".join(wrong) or " → ".join(f"{n} {v}" for n, v in dated),
    )


@function("cadastre.next_code", "同一地籍子区、同一特征码的最大顺序号 + 1")
def cadastre_next_code(codes: Rows, code: str) -> Computed:
    """Next free 5-digit number among the used parcel codes that share ``code``'s first 14 characters."""
    stem = _code(code)[:14]
    used = [
        int(c[14:19])
        for r in codes
        if (c := _code(str(r.get("code") or "")))[:14] == stem and _parcel_parts(c)
    ]
    return Computed(f"{max(used, default=0) + 1:05d}", substituted=f"{stem} 已用 {len(used)} 个")
