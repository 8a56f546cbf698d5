"""Named functions of the catalogue: the domain functions of this room with their trace.

Every function documents its arguments with units; ``formula`` is what the page shows as the rule.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from elements import areas, land_price, planning, sharing
from elements.decisions import condition_text
from elements.functions import function
from elements.rounding import millimetres, plain_number, round_to
from elements.values import Computed, Missing, Step, Undecided, Value, union_evidence
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import EntityRef, Outcome

Rows = Sequence[Mapping[str, Any]]
_OPERATOR = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "=": "=", "!=": "≠"}


def _n(value: Decimal) -> str:
    short = round_to(value, 10)
    return plain_number(short) + ("…" if short != value else "")


def _refs(rows: Rows) -> tuple[EntityRef, ...]:
    return union_evidence([[r["ref"]] for r in rows if isinstance(r.get("ref"), EntityRef)])


def _pair_refs(row: Mapping[str, Any]) -> tuple[EntityRef, ...]:
    return tuple(r for r in row.get("refs", ()) if isinstance(r, EntityRef))


# ---------------------------------------------------------------- general


@function("first", "按次序取第一个有值的来源")
def first(a: Value | None = None, b: Value | None = None, c: Value | None = None) -> Computed:
    """The first argument that has a value (``a``, then ``b``, then ``c``)."""
    for name, value in (("第一来源", a), ("第二来源", b), ("第三来源", c)):
        if value is not None:
            return Computed(value, substituted=f"取{name}:{value}")
    raise Undecided(Missing("sources", "数据来源", "各来源均无数据", "no source has a value"))


@function("sum", "Σ 记录的值")
def total(rows: Rows, column: str, name: str = "value") -> Computed:
    """Sum of a column over records; a record without the column makes it 无法判定."""
    values: list[Decimal] = []
    for row in rows:
        if row.get(column) is None:
            raise Undecided(
                Missing(column, column, f"有记录缺少 {column}", f"a record lacks {column}"),
                evidence=_refs([row]),
            )
        values.append(Decimal(row[column]))
    steps = tuple(
        Step(str(r.get("building") or r.get(name) or r.get("kind") or i), "", _n(v), entities=_refs([r]))
        for i, (r, v) in enumerate(zip(rows, values, strict=True), 1)
    )
    return Computed(
        sum(values, Decimal(0)),
        substituted=" + ".join(_n(v) for v in values) or "0",
        steps=steps,
        evidence=_refs(rows) or None,
    )


@function("compare_limit", "指标值(不取整)与规划条件限值比较")
def compare_limit(value: Decimal, limit: dict[str, Any], precision: int = 2, unit: str = "") -> Computed:
    """Compare the unrounded value with a limit record by the limit's own operator; shows the rounded value beside it.

    A limit with operator ``none`` yields 提示: the conditions ask nothing of this indicator.
    """
    shown = planning.limit_text(limit)
    if limit.get("operator") == "none":
        return Computed(
            Outcome.NOTE,
            limit=shown,
            substituted="规划条件对此项不作要求",
            clause=str(limit.get("clause") or ""),
        )
    own_unit = str(limit.get("unit") or unit)
    if own_unit.replace("m²", "㎡").replace("米", "m") != unit and limit.get("unit"):
        raise Undecided(
            Missing(
                "limit",
                "规划条件",
                f"规划条件单位“{own_unit}”与指标单位“{unit}”不同",
                f"limit unit {own_unit!r} differs from {unit!r}",
            )
        )
    value = Decimal(value)
    holds = planning.judge(value, limit)
    rounded = format(round_to(value, precision), "f")
    exact = _n(value)
    both = f"{exact}{unit}" if exact == plain_number(Decimal(rounded)) else f"{exact}{unit}(显示 {rounded})"
    return Computed(
        Outcome.PASS if holds else Outcome.FAIL,
        substituted=f"{both} {'满足' if holds else '不满足'} {shown}{unit}",
        clause=str(limit.get("clause") or ""),
        limit=shown + unit,
    )


@function("at_most", "值 ≤ max(绝对容差, 相对容差 × 基数)")
def at_most(value: Decimal, base: Decimal, tolerance: Rows) -> Computed:
    """Whether a difference stays within a tolerance row (``absolute``, ``relative`` % of ``base``)."""
    row = tolerance[0]
    allowed = max(Decimal(row["absolute"]), abs(Decimal(base)) * Decimal(row["relative"]) / 100)
    holds = Decimal(value) <= allowed
    return Computed(
        Outcome.PASS if holds else Outcome.FAIL,
        substituted=f"{_n(round_to(Decimal(value), 4))} {'≤' if holds else '>'} {_n(allowed)}",
        limit=f"≤{_n(allowed)}㎡",
    )


@function("close_to", "|a − b| ≤ max(绝对误差, 相对误差 × b)")
def close_to(b: Decimal, tolerance: Rows, a: Decimal | None = None) -> Computed:
    """Whether a stated value ``a`` agrees with ``b``; ``tolerance`` row: ``absolute`` (their unit), ``relative`` (%).

    Nothing stated is 提示: there is nothing to compare.
    """
    if a is None:
        return Computed(Outcome.NOTE, substituted="未申报,不作比较")
    row = tolerance[0]
    allowed = max(Decimal(row["absolute"]), abs(Decimal(b)) * Decimal(row["relative"]) / 100)
    gap = abs(Decimal(a) - Decimal(b))
    return Computed(
        Outcome.PASS if gap <= allowed else Outcome.FAIL,
        substituted=f"|{_n(Decimal(a))} − {_n(Decimal(b))}| = {_n(gap)} {'≤' if gap <= allowed else '>'} {_n(allowed)}",
        limit=f"±{_n(allowed)}",
    )


# ---------------------------------------------------------------- areas


@function("gross_area", "Σ(面积线面积 × 面积系数 × 层数)")
def gross_area(floors: Rows, rules: Rows, part: str = "all", buildings: Rows | None = None) -> Computed:
    """建筑面积 ㎡ of floor records under one area rule set; ``part``: all, above, below."""
    areas.complete_levels(floors, buildings)
    counted = [
        c for c in areas.measure_floors(floors, rules) if part == "all" or c.underground == (part == "below")
    ]
    return Computed(
        sum((c.counted for c in counted), Decimal(0)),
        substituted=_sum_by_building(counted),
        steps=areas.steps_of(counted),
        evidence=union_evidence([[c.ref] for c in counted if c.ref is not None]) or None,
        verified=all(c.checked for c in counted),
    )


@function("far_area", "Σ(面积线面积 × 面积系数 × 计容系数 × 层数)")
def far_area(floors: Rows, rules: Rows, far_rules: Rows, buildings: Rows | None = None) -> Computed:
    """计容建筑面积 ㎡: area under the area rule set times the 计容 factor of the city rule set."""
    areas.complete_levels(floors, buildings)
    counted = areas.measure_floors(floors, rules, far_rules)
    return Computed(
        sum((c.counted for c in counted), Decimal(0)),
        substituted=_sum_by_building(counted),
        steps=areas.steps_of([c for c in counted if c.counted]),
        evidence=union_evidence([[c.ref] for c in counted if c.ref is not None and c.counted]) or None,
        verified=all(c.checked for c in counted),
    )


def _sum_by_building(counted: Sequence[areas.Counted]) -> str:
    sums: dict[str, Decimal] = {}
    for c in counted:
        sums[c.building] = sums.get(c.building, Decimal(0)) + c.counted
    return " + ".join(f"{name or '未注楼号'} {_n(v)}" for name, v in sums.items()) or "0"


@function("area_by_rules", "面积 × 面积系数(规则集)")
def area_by_rules(
    area: Decimal,
    object: str,
    rules: Rows,
    height: Decimal | None = None,
    net_height: Decimal | None = None,
    sill: Decimal | None = None,
    position: str | None = None,
    enclosed: str | None = None,
    projection: Decimal | None = None,
) -> Computed:
    """Counted area ㎡ of one object (heights in m, compared in integer mm)."""
    facts = {
        "层高": millimetres(height) if height is not None else None,
        "净高": millimetres(net_height) if net_height is not None else None,
        "窗台高差": millimetres(sill) if sill is not None else None,
        "挑出": millimetres(projection) if projection is not None else None,
        "位置": position,
        "封闭": enclosed,
    }
    row = areas.area_coefficient(rules, object, facts, object)
    coefficient = Decimal(row["coefficient"])
    return Computed(
        area * coefficient,
        substituted=f"{_n(area)} × {plain_number(coefficient)}({condition_text(row)})",
        clause=str(row["clause"]),
        verified=bool(row.get("checked", True)),
    )


@function("far_area_single", "面积 × 计容系数(层高分档)")
def far_area_single(
    area: Decimal,
    usage: str,
    far_rules: Rows,
    height: Decimal | None = None,
    exposed: Decimal | None = None,
    underground: bool | None = None,
) -> Computed:
    """计容面积 ㎡ of one storey by use and storey height (m)."""
    floor = {
        "height_mm": millimetres(height) if height is not None else None,
        "exposed_mm": millimetres(exposed) if exposed is not None else None,
        "standard": None,
    }
    factor, why, clause = areas.far_factor(far_rules, floor, {"area": area}, usage, bool(underground), usage)
    return Computed(area * factor, substituted=f"{_n(area)} × {plain_number(factor)}({why})", clause=clause)


# ---------------------------------------------------------------- planning


@function("green_area", "Σ(计入范围内绿地面积 × 折算系数)")
def green_area(greens: Rows, rules: Rows) -> Computed:
    """计入绿地面积 ㎡: ``counted_area`` of each green (boundary rules already applied) times its coefficient."""
    out, steps = Decimal(0), []
    missing: list[Missing] = []
    faulty: list[EntityRef] = []
    for i, row in enumerate(greens, 1):
        what = f"第 {i} 块{row['kind']}"
        try:
            soil = Decimal(row["soil_m"]) if row.get("soil_m") is not None else None
            coefficient, clause = planning.soil_coefficient(rules, row["kind"], soil, what)
        except Undecided as error:
            missing += error.missing
            faulty += _refs([row])
            continue
        area = Decimal(row["counted_area"])
        out += area * coefficient
        drawn = Decimal(row.get("area", area))
        cut = f"(绘制 {_n(drawn)},扣除不计入部分 {_n(drawn - area)})" if drawn != area else ""
        steps.append(
            Step(
                what,
                f"{_n(area)}×{plain_number(coefficient)}{cut}",
                _n(area * coefficient),
                clause,
                _refs([row]),
            )
        )
    if missing:
        raise Undecided(*dict.fromkeys(missing), evidence=dict.fromkeys(faulty))
    return Computed(
        out,
        substituted=" + ".join(s.value for s in steps) or "0",
        steps=tuple(steps),
        evidence=_refs(greens) or None,
    )


@function("max_height", "max(各栋建筑高度)")
def max_height(buildings: Rows) -> Computed:
    """Greatest building height in m (from integer mm); every building must have one."""
    missing = [b for b in buildings if b.get("height_mm") is None]
    if missing:
        names = "、".join(str(b["building"] or "未注楼号") for b in missing)
        raise Undecided(
            Missing("建筑高度", "建筑高度", f"{names} 未注建筑高度", f"no height on {names}"),
            evidence=_refs(missing),
        )
    top = max(buildings, key=lambda b: int(b["height_mm"]))
    steps = tuple(
        Step(
            str(b["building"]),
            "图注建筑高度",
            f"{plain_number(Decimal(b['height_mm']) / 1000)} m",
            entities=_refs([b]),
        )
        for b in buildings
    )
    return Computed(
        Decimal(top["height_mm"]) / 1000,
        substituted="max(" + ", ".join(plain_number(Decimal(b["height_mm"]) / 1000) for b in buildings) + ")",
        steps=steps,
        evidence=_refs([top]) or None,
    )


@function("max_storeys", "max(各栋地上自然层数)")
def max_storeys(floors: Rows | None = None, buildings: Rows | None = None) -> Computed:
    """Greatest number of natural storeys above ground: from floor frames, else from the site plan's 层数."""
    counts: dict[str, int] = {}
    for floor in floors or []:
        above = [n for n in floor["levels"] if n > 0]
        if above:
            counts[floor["building"]] = max(counts.get(floor["building"], 0), max(above))
    if not counts:
        for b in buildings or []:
            if b.get("storeys") is not None:
                counts[str(b["building"])] = int(b["storeys"])
    if not counts:
        raise Undecided(
            Missing("层数", "层数", "图中没有层数(楼层框或层数注记)", "no storeys in the drawings")
        )
    return Computed(
        Decimal(max(counts.values())),
        substituted="max(" + ", ".join(f"{k} {v}" for k, v in counts.items()) + ")",
    )


@function("storeys_agree", "单体楼层框层数 = 总平面图注记层数")
def storeys_agree(floors: Rows, buildings: Rows) -> Computed:
    """Storeys above ground of the floor frames against the number written on the site plan, building by building."""
    drawn: dict[str, int] = {}
    for floor in floors:
        above = [n for n in floor["levels"] if n > 0]
        drawn[floor["building"]] = max(drawn.get(floor["building"], 0), max(above, default=0))
    steps, wrong, seen = [], [], 0
    for b in buildings:
        if b.get("storeys") is None or b["building"] not in drawn:
            continue
        seen += 1
        same = int(b["storeys"]) == drawn[b["building"]]
        steps.append(
            Step(
                str(b["building"]),
                f"总平面 {b['storeys']} 层,单体 {drawn[b['building']]} 层",
                "一致" if same else "不一致",
                "",
                _refs([b]),
            )
        )
        if not same:
            wrong.append(b)
    if not seen:
        raise Undecided(Missing("层数", "层数", "没有可比较的层数注记", "no storeys to compare"))
    return Computed(
        Outcome.FAIL if wrong else Outcome.PASS,
        steps=tuple(steps),
        substituted=";".join(f"{s.name} {s.expression}" for s in steps),
        evidence=_refs(wrong) or None,
    )


@function("count_parking", "Σ 车位数")
def count_parking(parking: Rows, kind: str) -> Computed:
    """Number of spaces of a kind (``car``/``bike``); a kind that is not drawn at all is 无法判定, not 0."""
    own = [p for p in parking if p["kind"] == kind]
    word = {"car": "机动车位", "bike": "非机动车位"}.get(kind, kind)
    if not own:
        raise Undecided(Missing(word, word, f"图中没有{word}", f"no {kind} parking drawn"))
    by_place: dict[str, int] = {}
    for p in own:
        by_place[p.get("position") or "未注位置"] = by_place.get(p.get("position") or "未注位置", 0) + int(
            p["count"]
        )
    return Computed(
        Decimal(sum(by_place.values())),
        substituted=" + ".join(f"{k} {v}" for k, v in by_place.items()),
        evidence=_refs(own) or None,
    )


@function("least", "min(距离)")
def least(
    rows: Rows, column: str = "distance", what: str = "距离", kinds: list[str] | None = None
) -> Computed:
    """Least distance m over records (optionally only of some ``kind``); the nearest pair is shown."""
    own = [r for r in rows if kinds is None or r.get("kind") in kinds]
    if not own:
        raise Undecided(Missing(what, what, f"没有可量的{what}", f"nothing to measure for {what}"))
    nearest = min(own, key=lambda r: Decimal(r[column]))
    steps = tuple(
        Step(
            f"{r.get('a', '')} – {r.get('b', '')}",
            str(r.get("note") or ""),
            f"{_n(Decimal(r[column]))} m",
            entities=_pair_refs(r),
        )
        for r in sorted(own, key=lambda r: Decimal(r[column]))[:60]
    )
    return Computed(
        Decimal(nearest[column]),
        substituted=f"{nearest.get('a', '')} – {nearest.get('b', '')}:{_n(Decimal(nearest[column]))} m",
        steps=steps,
        evidence=_pair_refs(nearest) or None,
    )


@function("inside", "建筑基底 ⊆ 控制范围")
def inside(setbacks: Rows, kind: str) -> Computed:
    """Whether every footprint lies inside a line: no record of ``kind`` has ``outside`` > 0 ㎡."""
    own = [r for r in setbacks if r["kind"] == kind]
    if not own:
        word = {"site_boundary": "用地红线", "control_line": "建筑控制线"}.get(kind, kind)
        if kind == "control_line":
            return Computed(Outcome.NOTE, substituted="图中未绘建筑控制线")
        raise Undecided(Missing(word, word, f"图中没有{word}", f"no {kind} drawn"))
    over: dict[str, Mapping[str, Any]] = {}
    for r in own:
        if Decimal(r.get("outside") or 0) > 0:
            over.setdefault(str(r["a"]), r)
    return Computed(
        Outcome.FAIL if over else Outcome.PASS,
        substituted=";".join(f"{k} 超出 {_n(round_to(Decimal(r['outside']), 2))} ㎡" for k, r in over.items())
        or "均在范围内",
        limit="不超出",
        evidence=union_evidence(_pair_refs(r) for r in over.values()) or None,
    )


@function("fire_spacing", "各栋间距 ≥ 防火间距(高层/多层)")
def fire_spacing(spacings: Rows, buildings: Rows, rules: Rows) -> Computed:
    """Each pair's distance against the fire spacing table (rows ``a, b, metres``) by height class (一、二级耐火等级).

    A building of unknown height only matters where the distance is below the greatest spacing of the table.
    """
    if not spacings:
        return Computed(Outcome.NOTE, substituted="只有一栋建筑,无间距可核")
    classes: dict[str, str] = {}
    for b in buildings:
        if b.get("height_mm") is not None:
            residential = "住宅" in str(b.get("usage") or "")
            label = str(b.get("label") or b["building"])
            classes[label] = planning.height_class(int(b["height_mm"]), residential)
    enough = max(Decimal(r["metres"]) for r in rules)
    steps, bad = [], []
    tightest: tuple[Decimal, Decimal] | None = None
    missing: list[Missing] = []
    unknown: list[Mapping[str, Any]] = []
    for s in spacings:
        names = [str(s["a"]), str(s["b"])]
        pair = [classes.get(n) for n in names]
        if s.get("b_height_mm") is not None:
            pair[1] = planning.height_class(int(s["b_height_mm"]), True)
        distance = Decimal(s["distance"])
        if None in pair:
            if distance >= enough:
                steps.append(_spacing_step(s, "高度未注,已不小于最大防火间距", distance, enough, ""))
                continue
            lacking = [n for n, c in zip(names, pair, strict=True) if c is None]
            missing += [
                Missing("建筑高度", "建筑高度", f"{n} 未注建筑高度", f"no height on {n}") for n in lacking
            ]
            unknown.append(s)
            continue
        row = next(r for r in rules if sorted((r["a"], r["b"])) == sorted(str(p) for p in pair))
        needed = Decimal(row["metres"])
        steps.append(_spacing_step(s, "–".join(str(p) for p in pair), distance, needed, str(row["clause"])))
        if tightest is None or distance - needed < tightest[0]:
            tightest = (distance - needed, needed)
        if distance < needed:
            bad.append(s)
    if missing and not bad:
        raise Undecided(*dict.fromkeys(missing), evidence=union_evidence(_pair_refs(s) for s in unknown))
    return Computed(
        Outcome.FAIL if bad else Outcome.PASS,
        steps=tuple(steps),
        substituted=";".join(f"{s.name}:{s.expression}" for s in steps[:8]),
        evidence=union_evidence(_pair_refs(s) for s in (bad or spacings)) or None,
        limit=f"≥{plain_number(tightest[1])}m" if tightest is not None else None,
    )


def _spacing_step(s: Mapping[str, Any], kinds: str, distance: Decimal, needed: Decimal, clause: str) -> Step:
    ok = distance >= needed
    return Step(
        f"{s['a']} – {s['b']}({kinds})",
        f"{_n(distance)} {'≥' if ok else '<'} {plain_number(needed)}",
        "符合" if ok else "不符合",
        clause,
        _pair_refs(s),
    )


@function("parking_limit", "机动车位 ≥ 配建指标 × 计算基数(进位取整)")
def parking_limit(limit: dict[str, Any], units: int | None = None, area: Decimal | None = None) -> Computed:
    """Required car spaces as a limit record, from a condition's number or text (``机动车≥1.0车位/户``, ``…/100㎡``).

    ``units`` 户数; ``area`` 地上建筑面积 ㎡, the basis of rates per 100 ㎡.
    """
    operator = str(limit.get("operator") or "")
    text = str(limit.get("text") or limit.get("value") or "").strip()
    if operator == "none" or not text:
        return Computed({"operator": "none"}, substituted="规划条件不作要求")
    if operator in ("<=", ">=", "<", ">", "=", "between"):
        return Computed(dict(limit), substituted=text)
    rates = planning.parse_parking(text)
    total, parts = 0, []
    for rate, per, basis in rates:
        quantity = Decimal(units) if basis == "户" and units is not None else area if basis == "㎡" else None
        if quantity is None:
            word = "户数(单体图套内线)" if basis == "户" else "地上建筑面积"
            raise Undecided(
                Missing("TJ_TCW", "停车配建", f"按“{text}”核算须有{word}", f"{text}: basis is missing")
            )
        needed = int((rate * quantity / per).to_integral_value(rounding="ROUND_CEILING"))
        unit = "户" if basis == "户" else "㎡"
        parts.append(f"⌈{plain_number(rate)} × {_n(quantity)}{unit} ÷ {plain_number(per)}⌉ = {needed}")
        total += needed
    record: dict[str, Any] = {"operator": ">=", "value": Decimal(total), "unit": "个", "text": text}
    record["clause"] = str(limit.get("clause") or "")
    return Computed(record, substituted=";".join(parts), clause=str(limit.get("clause") or ""))


@function("land_use_fits", "申报用地性质 ∈ 控规用途及兼容用途")
def land_use_fits(declared: str, limit: dict[str, Any]) -> Computed:
    """Declared land use (code of 234号文, or name) against the condition's codes; 070102 lies under 0701."""
    if limit.get("operator") == "none":
        return Computed(Outcome.NOTE, limit="不作要求")
    allowed: list[str] = []
    for part in (limit.get("value"), limit.get("value2")):
        for item in part if isinstance(part, list) else [part]:
            allowed += [w.strip() for w in re.split(r"[;；、,，]", str(item or "")) if w.strip()]
    text = str(limit.get("text") or "")
    codes = re.findall(r"\d{2,6}", declared)
    if codes:
        fits = any(c.startswith(a) for c in codes for a in allowed if a.isdigit())
    else:
        names = [a for a in allowed if not a.isdigit()]
        fits = declared in text or any(n in declared or declared in n for n in names)
    return Computed(
        Outcome.PASS if fits else Outcome.FAIL,
        substituted=f"{declared} {'∈' if fits else '∉'} {{{', '.join(allowed)}}}",
        limit=text or "、".join(allowed),
        clause=str(limit.get("clause") or ""),
    )


@function("tolerance", "按分档误差计算允许误差面积")
def tolerance(total: Decimal, tiers: Rows) -> Computed:
    """Permitted deviation ㎡ by tier rows ``up_to, rate, mode, cap``."""
    mode = str(tiers[0]["mode"])
    cap = Decimal(tiers[0]["cap"]) if tiers[0]["cap"] is not None else None
    amount = planning.tolerance(tiers, total, mode, cap)
    word = {"flat_by_total": "按总量取档", "progressive": "分档累进"}[mode]
    return Computed(
        amount,
        substituted=f"{word}({_n(total)})= {_n(amount)}"
        + (f",封顶 {_n(cap)}" if cap is not None and amount == cap else ""),
    )


@function("deviation_verdict", "实测 − 许可 与允许误差比较")
def deviation_verdict(permitted: Decimal, actual: Decimal, allowed: Decimal) -> Computed:
    """合格 / 在合理误差内(按实测补缴) / 超出(移送处罚) as text."""
    return Computed(
        planning.verdict_on_deviation(permitted, actual, allowed),
        substituted=f"{_n(actual)} − {_n(permitted)} = {_n(actual - permitted)},允许 {_n(allowed)}",
    )


@function("banded", "按平均层数查分档表,表外不外推")
def banded(
    rows: Rows,
    usage: str,
    column: str,
    storeys: Decimal | None = None,
    mixed: bool | None = None,
    special: bool | None = None,
) -> Computed:
    """Value of a banded table by average storeys; mixed use, special areas, storeys outside are 无法判定."""
    row = planning.banded_limit(rows, storeys, usage, mixed=bool(mixed), special=bool(special))
    return Computed(
        Decimal(row[column]),
        substituted=f"{usage} {_n(Decimal(row['low']))}–{_n(Decimal(row['high']))} 层 → {row[column]}",
        steps=(Step("附注", str(row.get("note") or ""), "未核对"),) if row.get("note") else (),
    )


@function("parking_needed", "Σ ⌈计算基数 ÷ 单位 × 指标⌉")
def parking_needed(quantities: dict[str, Any], rates: Rows) -> Computed:
    """Required car spaces: per use ``quantity / per × rate``, each use rounded up."""
    lines = planning.required_parking(rates, {k: Decimal(str(v)) for k, v in quantities.items()})
    return Computed(
        Decimal(sum(n for *_, n in lines)),
        steps=tuple(Step(use, f"{_n(q)} × {plain_number(rate)}", str(n)) for use, q, rate, n in lines),
        substituted=" + ".join(f"{use} {n}" for use, _, _, n in lines),
    )


@function("households", "户数 = Σ套;未给套数时 = 住宅建筑面积 ÷ 户均面积")
def households(
    units: int | None = None,
    residential_area: Decimal | None = None,
    per: Rows | None = None,
    floors: Rows | None = None,
) -> Computed:
    """户数: the counted units; without them by the city's ㎡ per household (rounded up)."""
    if units is not None:
        return Computed(Decimal(units), substituted=f"图中套数 {units}")
    uses = [str(p.get("usage") or f.get("usage") or "") for f in floors or [] for p in f["parts"]]
    if uses and all(uses) and not any("住宅" in u or "居住" in u or "公寓" in u for u in uses):
        return Computed(Decimal(0), substituted="各层均无居住用途", evidence=_refs(floors or []) or None)
    if residential_area is None:
        raise Undecided(
            Missing("HS_UNITS", "套数", "缺少套数或住宅建筑面积", "neither units nor residential area")
        )
    if not per:
        raise Undecided(
            Missing("table:household-standards", "户均标准", "没有户均面积标准", "no area per household")
        )
    size = Decimal(per[0]["area_per_household"])
    count = (residential_area / size).to_integral_value(rounding="ROUND_CEILING")
    return Computed(count, substituted=f"⌈{_n(residential_area)} ÷ {plain_number(size)}⌉")


# ---------------------------------------------------------------- land price


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
    return Computed(land_price.date_factor(monthly, months), substituted=f"(1+{_n(monthly)}%)^{_n(months)}")


@function("land.term_factor", "Ky = [1 − (1+r)^−m] ÷ [1 − (1+r)^−n]")
def land_term_factor(rate: Decimal, term: Decimal, full: Decimal) -> Computed:
    """年期修正系数; ``rate`` in %, years; term above the full term is refused."""
    return Computed(
        land_price.term_factor(rate, term, full),
        substituted=f"[1 − (1+{_n(rate)}%)^−{_n(term)}] ÷ [1 − (1+{_n(rate)}%)^−{_n(full)}]",
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
                substituted=f"{_n(area)}㎡ ≥ {plain_number(Decimal(row['from_area']))} → {row['grade']} {row['value']}",
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
        else (Step("计算值为负", "新条件下地价不高于原条件,按 0 计(城市另有退还规定的除外)", _n(raw)),)
    )
    return Computed(
        max(raw, Decimal(0)),
        substituted=f"({_n(new_price)}×{_n(new_far)} − {_n(old)}×{_n(old_far)})×{_n(area)} = {_n(raw)}",
        steps=steps,
    )


# ---------------------------------------------------------------- fees


def _occupied(area: Decimal | None, land_class: str | None, parcels: Rows | None) -> list[dict[str, Any]]:
    """The occupied land as records, from either way of stating it."""
    if parcels is not None:
        if area is not None or land_class is not None:
            raise BadInput(
                "占用面积、占用地类与分地类占用面积只能填一种",
                "give GD_AREA with GD_CLASS, or GD_PARCELS, not both",
                place="GD_PARCELS",
            )
        out = []
        for row in parcels:
            try:
                size = Decimal(str(row["area"]))
            except (KeyError, ArithmeticError) as error:
                raise BadInput(
                    "分地类占用面积的记录须有 land_class 和 area", "record lacks area", place="GD_PARCELS"
                ) from error
            if size < 0 or not size.is_finite():
                raise BadInput("占用面积不得为负", "area must not be negative", place="GD_PARCELS")
            out.append({"land_class": str(row.get("land_class")), "area": size})
        return out
    lacking = []
    if area is None:
        lacking.append(Missing("GD_AREA", "占用面积", "缺少占用面积(GD_AREA)", "occupied area is not given"))
    if land_class is None:
        lacking.append(Missing("GD_CLASS", "占用地类", "缺少占用地类(GD_CLASS)", "land class is not given"))
    if lacking or area is None:
        raise Undecided(*lacking)
    return [{"land_class": land_class, "area": area}]


@function("fee.occupied_area", "Σ 各地类占用面积")
def occupied_area(area: Decimal | None = None, parcels: Rows | None = None) -> Computed:
    """Occupied land ㎡ over all classes, from one parcel or several."""
    if area is None and parcels is None:
        raise Undecided(Missing("GD_AREA", "占用面积", "缺少占用面积(GD_AREA)", "occupied area is not given"))
    rows = _occupied(area, "—" if parcels is None else None, parcels)
    return Computed(
        sum((r["area"] for r in rows), Decimal(0)),
        substituted=" + ".join(f"{r['land_class']} {_n(r['area'])}" for r in rows) or "0",
    )


@function("fee.farmland_tax", "Σ(占用面积 × 适用税额 × 地类系数)")
def farmland_tax(
    rate: Decimal,
    classes: Rows,
    area: Decimal | None = None,
    land_class: str | None = None,
    parcels: Rows | None = None,
) -> Computed:
    """耕地占用税 元: one parcel (``area`` ㎡, ``land_class``) or several ``parcels`` records ``{land_class, area}``."""
    rows = _occupied(area, land_class, parcels)
    out, steps = Decimal(0), []
    clauses: list[str] = []
    for row in rows:
        known = next((c for c in classes if c["land_class"] == row.get("land_class")), None)
        if known is None:
            raise Undecided(
                Missing(
                    "GD_CLASS",
                    "占用地类",
                    f"没有地类“{row.get('land_class')}”的适用系数",
                    f"no factor for land class {row.get('land_class')!r}",
                )
            )
        if known["factor"] is None:
            raise Undecided(
                Missing(
                    "GD_CLASS",
                    "占用地类",
                    f"地类“{row['land_class']}”的税额由省级规定,尚未收录",
                    "provincial factor not available",
                )
            )
        size = Decimal(row["area"])
        amount = size * rate * Decimal(known["factor"])
        out += amount
        clauses.append(str(known["clause"]))
        steps.append(
            Step(
                str(row["land_class"]),
                f"{_n(size)}㎡ × {_n(rate)} × {plain_number(Decimal(known['factor']))}",
                _n(amount),
                str(known["clause"]),
            )
        )
    return Computed(
        out,
        substituted=" + ".join(s.expression for s in steps),
        steps=tuple(steps),
        clause=";".join(dict.fromkeys(clauses)),
    )


@function("fee.forest", "Σ(林地面积 × 基准 × 公益林系数 × 区位系数)")
def forest_fee(
    area: Decimal, base: Decimal, public_factor: Decimal, place_factor: Decimal, cap: Decimal
) -> Computed:
    """森林植被恢复费 元; the two factors together are capped."""
    factor = min(public_factor * place_factor, cap)
    return Computed(
        area * base * factor,
        substituted=f"{_n(area)} × {_n(base)} × {plain_number(public_factor)} × {plain_number(place_factor)}"
        + ("" if factor == public_factor * place_factor else f"(系数封顶 {plain_number(cap)})"),
    )


@function("fee.registration", "件数 × 标准 + 增发证书 × 工本费")
def registration_fee(
    rates: Rows,
    small_enterprise: bool,
    house: int | None = None,
    other: int | None = None,
    parking: int | None = None,
    extra_books: int | None = None,
) -> Computed:
    """不动产登记费 元: 住宅, 非住宅, 车库车位储藏间 件数 and certificates beyond the first of each 件."""
    if house is None and other is None and parking is None:
        raise Undecided(
            Missing(
                "DJ_HOUSE",
                "登记件数",
                "缺少登记件数(住宅、非住宅或车位至少一项)",
                "no number of registrations given",
            )
        )
    if small_enterprise:
        return Computed(
            Decimal(0),
            substituted="小微企业免收",
            clause=str(next(r["clause"] for r in rates if r["kind"] == "小微企业")),
        )
    price = {str(r["kind"]): Decimal(r["value"]) for r in rates}
    parts = [("住宅", house), ("非住宅", other), ("车库车位储藏间", parking), ("增发证书", extra_books)]
    out, steps = Decimal(0), []
    for kind, number in parts:
        if number:
            out += price[kind] * number
            steps.append(Step(kind, f"{number} × {plain_number(price[kind])}", _n(price[kind] * number)))
    return Computed(out, substituted=" + ".join(s.expression for s in steps) or "0", steps=tuple(steps))


# ---------------------------------------------------------------- house sharing


def _inner(units: dict[str, Any]) -> dict[str, Decimal]:
    try:
        return {str(k): Decimal(str(v)) for k, v in units.items()}
    except ArithmeticError as error:
        raise BadInput("套内建筑面积应为数值", "inner areas must be numbers", place="FH_INNER") from error


@function("share.coefficient", "K = ΣδS ÷ ΣS")
def share_coefficient(inner: dict[str, Any], common: Decimal) -> Computed:
    """分摊系数 (6 dp)."""
    units = _inner(inner)
    result = sharing.share(units, common)
    return Computed(result.coefficient, substituted=f"{_n(common)} ÷ {_n(sum(units.values(), Decimal(0)))}")


@function("share.shares", "δSi = K × Si(0.01 ㎡,最大余数法闭合)")
def share_shares(inner: dict[str, Any], common: Decimal) -> Computed:
    """分摊面积 per unit, closing exactly on the common area."""
    result = sharing.share(_inner(inner), common)
    return Computed(
        {u: format(s, "f") for u, s in result.shares.items()},
        substituted=" + ".join(format(s, "f") for s in result.shares.values())
        + f" = {_n(round_to(common, 2))}",
    )


@function("share.totals", "建筑面积 = 套内 + 分摊")
def share_totals(inner: dict[str, Any], common: Decimal) -> Computed:
    """建筑面积 per unit."""
    result = sharing.share(_inner(inner), common)
    return Computed(
        {u: format(s, "f") for u, s in result.totals.items()},
        substituted=f"Σ = {format(sum(result.totals.values(), Decimal(0)), 'f')}",
    )


@function("share.sum", "Σ 建筑面积")
def share_sum(inner: dict[str, Any], common: Decimal) -> Computed:
    """Sum of all units' 建筑面积, which equals Σ套内 + 共有."""
    result = sharing.share(_inner(inner), common)
    return Computed(
        sum(result.totals.values(), Decimal(0)),
        substituted=" + ".join(format(v, "f") for v in result.totals.values()),
    )


@function("area_limit", "限差 = a√S + bS")
def area_limit(area: Decimal, coefficients: Rows) -> Computed:
    """房产面积限差 ㎡ of one grade (row ``root``, ``linear``)."""
    root, linear = Decimal(coefficients[0]["root"]), Decimal(coefficients[0]["linear"])
    return Computed(
        sharing.area_limit(area, root, linear),
        substituted=f"{plain_number(root)}√{_n(area)} + {plain_number(linear)}×{_n(area)}",
    )
