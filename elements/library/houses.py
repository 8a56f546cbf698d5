"""Named functions of 房产测绘: sharing over several levels by GB/T 17986.1-2000, unit areas, limits and checks.

Areas in ㎡, coefficients to 6 decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from typing import Any

from elements.calculators import house_sharing as sharing_levels
from elements.calculators import sharing
from elements.engine.functions import function
from elements.engine.rounding import plain_number, round_to
from elements.engine.trace import Rows, num, verdict
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import number_of
from project_box.kernel.errors import BadInput

_ZERO = Decimal(0)


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
            f"{('', '幢 → 功能区', '功能区 → 层（单元）', '层（单元）→ 户')[p.level]}：{p.source}",
            f"K = {num(p.amount)} ÷ {num(p.base)} = {p.coefficient};"
            + "、".join(f"{k} {v}" for k, v in p.parts.items()),
            f"Σ = {num(sum(p.parts.values(), _ZERO))}",
            "GB/T 17986.1-2000 附录B",
        )
        for p in pools
    )


@function("house.sum", "Σ 各户（各共有部分）面积")
def house_sum(rows: Rows, column: str, key: str | None = None, equals: list[str] | None = None) -> Computed:
    """Sum ㎡ of a column over units or common parts, optionally only where ``key`` is one of ``equals``."""
    own = [r for r in rows if key is None or str(r.get(key)) in (equals or [])]
    values = [sharing_levels.read_area(r.get(column), str(r.get("unit") or r.get("name") or "")) for r in own]
    return Computed(sum(values, _ZERO), substituted=" + ".join(num(v) for v in values[:60]) or "0")


@function("house.common_level", "Σ 该级共有建筑面积")
def common_level(units: Rows, commons: Rows, level: int, wall_half: Decimal | None = None) -> Computed:
    """Own common area ㎡ of one level (1 全幢, 2 功能区, 3 层/单元), without what it receives from above."""
    houses = sharing_levels.read_houses(units)
    own = [c for c in sharing_levels.read_commons(commons, houses) if c.level == level]
    extra = [("外墙一半", round_to(wall_half, 2))] if wall_half and level == 1 else []
    parts = [*extra, *((c.name, c.area) for c in own)]
    return Computed(
        sum((a for _, a in parts), _ZERO), substituted=" + ".join(f"{n} {num(a)}" for n, a in parts) or "0"
    )


@function("house.unshared", "Σ 不分摊的共有部分")
def unshared(commons: Rows) -> Computed:
    """Area ㎡ of common parts that are not shared (独立使用的地下室、车棚、人防, 为多幢服务的用房)."""
    own = [r for r in commons if r.get("shared") in (False, "否", "false")]
    values = [sharing_levels.read_area(r.get("area"), str(r.get("name") or "")) for r in own]
    return Computed(
        sum((round_to(v, 2) for v in values), _ZERO),
        substituted=" + ".join(f"{r.get('name')} {num(v)}" for r, v in zip(own, values, strict=True)) or "0",
    )


@function("house.allotted", "K = 应分摊面积 ÷ Σ参加分摊面积；各得 K × 自身面积，0.01 ㎡ 最大余数法闭合")
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
        + f" = {num(sum((p.amount for p in pools), _ZERO))}",
        steps=_pool_steps(pools),
    )


@function("house.coefficients", "K = 应分摊面积 ÷ Σ参加分摊面积")
def coefficients(units: Rows, commons: Rows, level: int, wall_half: Decimal | None = None) -> Computed:
    """Sharing coefficient (6 dp) of every act of sharing of a level, by its source."""
    pools = _ledger(units, commons, wall_half).at_level(level)
    return Computed(
        {p.source: format(p.coefficient, "f") for p in pools},
        substituted=";".join(f"{p.source} {num(p.amount)} ÷ {num(p.base)}" for p in pools),
    )


@function("house.level_out", "Σ 该级分出面积")
def level_out(units: Rows, commons: Rows, level: int, wall_half: Decimal | None = None) -> Computed:
    """Everything a level hands on, ㎡; equals what came in from above and its own common area."""
    pools = _ledger(units, commons, wall_half).at_level(level)
    return Computed(
        sum((v for p in pools for v in p.parts.values()), _ZERO),
        substituted=" + ".join(num(p.amount) for p in pools) or "0",
        steps=_pool_steps(pools),
    )


@function("house.totals", "建筑面积 = 套内建筑面积 + 分摊面积")
def house_totals(units: Rows, commons: Rows, wall_half: Decimal | None = None) -> Computed:
    """建筑面积 ㎡ of every unit after all levels."""
    ledger = _ledger(units, commons, wall_half)
    totals = ledger.totals()
    return Computed(
        _text_map(totals),
        substituted=f"Σ = {num(sum(totals.values(), _ZERO))}",
        steps=tuple(
            Step(h.name, f"{num(h.inner)} + {ledger.shares[h.name]}", format(totals[h.name], "f"))
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
        sum(own.values(), _ZERO), substituted=" + ".join(num(v) for v in list(own.values())[:60]) or "0"
    )


@function("house.extreme", "各项中的最大（最小）值")
def extreme(values: dict[str, Any], which: str = "max") -> Computed:
    """Largest or smallest value of a mapping; says whose it is."""
    own = _decimals(values)
    if not own:
        raise Undecided(Missing("values", "各户面积", "没有户", "no units"))
    name = (max if which == "max" else min)(own, key=lambda k: own[k])
    return Computed(own[name], substituted=f"{name}:{num(own[name])}")


@function("house.by_key", "Σ 同一用途（功能区、层）各户建筑面积")
def by_key(totals: dict[str, Any], units: Rows, key: str) -> Computed:
    """Units' 建筑面积 ㎡ summed by a field of the unit records (``use``, ``zone``, ``group``)."""
    areas = _decimals(totals)
    out: dict[str, Decimal] = {}
    for row in units:
        name = str(row.get(key) or "未注").strip()
        out[name] = out.get(name, _ZERO) + areas[str(row["unit"]).strip()]
    return Computed(_text_map(out), substituted=" + ".join(num(v) for v in out.values()))


@function("house.land_shares", "分摊土地面积 = 宗地（幢用地）面积 × 户建筑面积 ÷ Σ户建筑面积")
def house_land(area: Decimal, totals: dict[str, Any]) -> Computed:
    """Land ㎡ of every unit, to 0.01 ㎡, closing exactly on the land area."""
    result = sharing.share(_decimals(totals), area)
    return Computed(
        _text_map(result.shares),
        substituted=f"{num(area)} × 户建筑面积 ÷ {num(sum(_decimals(totals).values(), _ZERO))}",
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
        substituted=f"{worst}:{num(gaps[worst])}",
        steps=tuple(Step(k, "报告与核算之差", num(v)) for k, v in gaps.items() if v),
    )


@function("house.deviation", "max |实测 − 合同（预测）| ÷ 合同（预测） × 100%")
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
    return Computed(rates[worst], substituted=f"{worst}:{num(round_to(rates[worst], 4))}%")


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


@function("house.limit", "限差 = a√S + bS；中误差为限差的一半")
def house_limit(area: Decimal, coefficients: Rows, half: bool = False) -> Computed:
    """Permitted deviation ㎡ (``half``: 中误差) of an area S by accuracy grade (row ``root``, ``linear``)."""
    root, linear = Decimal(coefficients[0]["root"]), Decimal(coefficients[0]["linear"])
    limit = sharing.area_limit(area, root, linear)
    shown = f"{plain_number(root)}√{num(area)} + {plain_number(linear)}×{num(area)}"
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
                f"|{num(again)} − {num(area)}| {'≤' if ok else '>'} {num(round_to(limit, 3))}",
                "符合" if ok else "超限",
            )
        )
        if not ok:
            bad.append(name)
    return Computed(
        verdict(not bad),
        substituted=f"超限：{'、'.join(bad)}" if bad else f"{len(checks)} 户均在限差内",
        steps=tuple(steps),
    )


@function("house.checks_rms", "m = √(ΣΔ² ÷ n)")
def house_checks_rms(checks: Rows) -> Computed:
    """Root mean square ㎡ of the differences of re-measured units."""
    if not checks:
        raise Undecided(Missing("checks", "检测记录", "没有检测记录", "no check measurements"))
    gaps = [number_of(r, "checked", "检测记录") - number_of(r, "area", "检测记录") for r in checks]
    with localcontext() as context:
        context.prec = 40
        value = (sum((g * g for g in gaps), _ZERO) / len(gaps)).sqrt()
    return Computed(value, substituted=f"√({num(sum((g * g for g in gaps), _ZERO))} ÷ {len(gaps)})")


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
        verdict(not lacking),
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
