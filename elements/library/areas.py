"""Named functions of building areas 建筑面积: area rules, 计容, green areas, height and storeys from drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from elements.calculators import areas, height, planning
from elements.engine.functions import function
from elements.engine.rounding import plain_number
from elements.engine.trace import Rows, num, row_refs, verdict
from elements.engine.values import Computed, Missing, Step, Undecided, union_evidence
from project_box.kernel.finding import EntityRef


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
    return " + ".join(f"{name or '未注楼号'} {num(v)}" for name, v in sums.items()) or "0"


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
            faulty += row_refs([row])
            continue
        area = Decimal(row["counted_area"])
        out += area * coefficient
        drawn = Decimal(row.get("area", area))
        cut = f"（绘制 {num(drawn)}，扣除不计入部分 {num(drawn - area)}）" if drawn != area else ""
        steps.append(
            Step(
                what,
                f"{num(area)}×{plain_number(coefficient)}{cut}",
                num(area * coefficient),
                clause,
                row_refs([row]),
            )
        )
    if missing:
        raise Undecided(*dict.fromkeys(missing), evidence=dict.fromkeys(faulty))
    return Computed(
        out,
        substituted=" + ".join(s.value for s in steps) or "0",
        steps=tuple(steps),
        evidence=row_refs(greens) or None,
    )


@function("max_height", "max(各栋建筑高度)；有屋面标高的按标高计算，其余取图注")
def max_height(buildings: Rows, roofs: Rows | None = None, share: Decimal | None = None) -> Computed:
    """Greatest building height in m (from integer mm); every building must have one.

    A building with roof levels (``roofs``) takes the height they give by GB 50352-2019 4.5.2 (``share``: see
    ``height.planning``), the others the height written on the plan.
    """
    levels: dict[str, list[height.Roof]] = {}
    for roof in height.read_roofs(roofs) if roofs and share is not None else []:
        levels.setdefault(roof.building, []).append(roof)
    found: list[tuple[Decimal, Mapping[str, Any], str]] = []
    missing: list[Mapping[str, Any]] = []
    for b in buildings:
        own = levels.get(str(b.get("label") or b["building"]))
        if own and share is not None:
            top = height.highest([height.planning_height(r, share) for r in own])
            found.append((top.millimetres, b, top.how))
        elif b.get("height_mm") is not None:
            found.append((Decimal(b["height_mm"]), b, "图注建筑高度"))
        else:
            missing.append(b)
    if missing:
        names = "、".join(str(b["building"] or "未注楼号") for b in missing)
        raise Undecided(
            Missing("建筑高度", "建筑高度", f"{names} 未注建筑高度", f"no height on {names}"),
            evidence=row_refs(missing),
        )
    highest = max(found, key=lambda f: f[0])
    steps = tuple(
        Step(str(b["building"]), how, f"{plain_number(mm / 1000)} m", entities=row_refs([b]))
        for mm, b, how in found
    )
    return Computed(
        highest[0] / 1000,
        substituted="max(" + ", ".join(plain_number(mm / 1000) for mm, _, _ in found) + ")",
        steps=steps,
        evidence=row_refs([highest[1]]) or None,
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
            Missing("层数", "层数", "图中没有层数（楼层框或层数注记）", "no storeys in the drawings")
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
                f"总平面 {b['storeys']} 层，单体 {drawn[b['building']]} 层",
                "一致" if same else "不一致",
                "",
                row_refs([b]),
            )
        )
        if not same:
            wrong.append(b)
    if not seen:
        raise Undecided(Missing("层数", "层数", "没有可比较的层数注记", "no storeys to compare"))
    return Computed(
        verdict(not wrong),
        steps=tuple(steps),
        substituted=";".join(f"{s.name} {s.expression}" for s in steps),
        evidence=row_refs(wrong) or None,
    )
