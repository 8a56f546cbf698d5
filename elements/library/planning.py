"""Named functions of planning conditions 规划条件: spacing, setbacks, parking, land use, tolerances, households."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from elements.calculators import planning
from elements.engine.functions import function
from elements.engine.rounding import plain_number, round_to
from elements.engine.trace import Rows, num, pair_refs, row_refs, verdict
from elements.engine.values import Computed, Missing, Step, Undecided, union_evidence
from elements.library.general import total
from project_box.kernel.finding import Outcome


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
        evidence=row_refs(own) or None,
    )


@function("footprint_area", "Σ 各栋建筑基底面积")
def footprint_area(rows: Rows) -> Computed:
    """Sum of the footprints; a building drawn as an outline only has none, and the law counts no outlines."""
    without = [r for r in rows if r.get("area") is None]
    if without:
        names = "、".join(str(r.get("label") or r.get("building")) for r in without[:6])
        raise Undecided(
            Missing(
                "建筑基底",
                "建筑基底",
                f"总平面图没有绘建筑基底（{names}），只有建筑轮廓；按轮廓的估算见“建筑占地面积（估算）”",
                f"no footprints are drawn ({names}), only outlines",
            ),
            evidence=row_refs(without),
        )
    return total(rows, "area")


@function("estimated", "Σ 轮廓面积，或轮廓面积 × 层数（估算）")
def estimated(rows: Rows, column: str) -> Computed:
    """Sum over outlines of the site plan, marked 估算: ``area`` as drawn, or ``floor_area`` = area × storeys."""
    open_ = [r for r in rows if r.get(column) is None]
    if open_:
        raise Undecided(
            *(
                Missing(
                    "层数", "层数", f"{r['building']} {r['why']}", f"{r['building']}: storeys are not clear"
                )
                for r in open_[:20]
            ),
            evidence=row_refs(open_),
        )
    values = [Decimal(r[column]) for r in rows]
    by_storeys = column == "floor_area"
    steps = tuple(
        Step(
            str(r["building"]),
            f"{num(Decimal(r['area']))}，{r['storeys']} 层" if by_storeys else "轮廓面积",
            num(v),
            entities=row_refs([r]),
        )
        for r, v in zip(rows, values, strict=True)
    )
    return Computed(
        sum(values, Decimal(0)),
        substituted=" + ".join(num(v) for v in values),
        steps=steps,
        evidence=row_refs(rows) or None,
        verified=False,
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
            f"{num(Decimal(r[column]))} m",
            entities=pair_refs(r),
        )
        for r in sorted(own, key=lambda r: Decimal(r[column]))[:60]
    )
    return Computed(
        Decimal(nearest[column]),
        substituted=f"{nearest.get('a', '')} – {nearest.get('b', '')}:{num(Decimal(nearest[column]))} m",
        steps=steps,
        evidence=pair_refs(nearest) or None,
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
        verdict(not over),
        substituted=";".join(
            f"{k} 超出 {num(round_to(Decimal(r['outside']), 2))} ㎡" for k, r in over.items()
        )
        or "均在范围内",
        limit="不超出",
        evidence=union_evidence(pair_refs(r) for r in over.values()) or None,
    )


@function("parking_limit", "机动车位 ≥ 配建指标 × 计算基数（进位取整）")
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
    if re.fullmatch(r"\d+\s*[个辆]?", text):
        number = Decimal(re.sub(r"\D", "", text))
        return Computed({**limit, "operator": ">=", "value": number}, substituted=f"不少于 {text}")
    rates = planning.parse_parking(text)
    total, parts = 0, []
    for rate, per, basis in rates:
        quantity = Decimal(units) if basis == "户" and units is not None else area if basis == "㎡" else None
        if quantity is None:
            word = "户数（单体图套内线）" if basis == "户" else "地上建筑面积"
            raise Undecided(
                Missing("TJ_TCW", "停车配建", f"按“{text}”核算须有{word}", f"{text}: basis is missing")
            )
        needed = int((rate * quantity / per).to_integral_value(rounding="ROUND_CEILING"))
        unit = "户" if basis == "户" else "㎡"
        parts.append(f"⌈{plain_number(rate)} × {num(quantity)}{unit} ÷ {plain_number(per)}⌉ = {needed}")
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
        verdict(fits),
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
        substituted=f"{word}({num(total)})= {num(amount)}"
        + (f"，封顶 {num(cap)}" if cap is not None and amount == cap else ""),
    )


@function("deviation_verdict", "实测 − 许可 与允许误差比较")
def deviation_verdict(permitted: Decimal, actual: Decimal, allowed: Decimal) -> Computed:
    """合格 / 在合理误差内(按实测补缴) / 超出(移送处罚) as text."""
    return Computed(
        planning.verdict_on_deviation(permitted, actual, allowed),
        substituted=f"{num(actual)} − {num(permitted)} = {num(actual - permitted)}，允许 {num(allowed)}",
    )


@function("banded", "按平均层数查分档表，表外不外推")
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
        substituted=f"{usage} {num(Decimal(row['low']))}–{num(Decimal(row['high']))} 层 → {row[column]}",
        steps=(Step("附注", str(row.get("note") or ""), "未核对"),) if row.get("note") else (),
    )


@function("households", "户数 = Σ套；未给套数时 = 住宅建筑面积 ÷ 户均面积")
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
        return Computed(Decimal(0), substituted="各层均无居住用途", evidence=row_refs(floors or []) or None)
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
    return Computed(count, substituted=f"⌈{num(residential_area)} ÷ {plain_number(size)}⌉")
