"""Named functions: building height by both standards and to the highest point."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from elements.calculators import height
from elements.engine.functions import function
from elements.engine.rounding import millimetres, plain_number
from elements.engine.trace import Rows, num, row_refs, verdict
from elements.engine.values import Computed, Missing, Step, Undecided, union_missing
from project_box.kernel.finding import Outcome


def _computed(rows: Rows, rule: Callable[[height.Roof], height.Height], clause: str = "") -> Computed:
    """The highest over all roofs; every roof must have its height."""
    heights, missing = [], []
    for roof in height.read_roofs(rows):
        try:
            heights.append(rule(roof))
        except Undecided as error:
            missing.append(error.missing)
    if missing:
        raise Undecided(*union_missing(missing), evidence=row_refs(rows))
    top = height.highest(heights)
    steps = tuple(
        Step(h.roof.building or f"屋面 {n}", h.how, f"{plain_number(h.millimetres / 1000)} m", clause)
        for n, h in enumerate(heights, 1)
    )
    shown = ", ".join(plain_number(h.millimetres / 1000) for h in heights)
    return Computed(
        top.millimetres / 1000,
        substituted=f"max({shown})" if len(heights) > 1 else f"{shown}({top.how})",
        steps=steps,
    )


@function("height.planning", "平屋顶至女儿墙顶（无女儿墙至檐口）；坡屋顶取檐口与屋脊的平均；多种屋面取最大")
def planning_height(roofs: Rows, share: Decimal) -> Computed:
    """建筑高度 m by GB 50352-2019 4.5.2; ``share`` of the roof up to which rooms on it do not count."""
    return _computed(roofs, lambda r: height.planning_height(r, share))


@function("height.eave", "平屋顶至女儿墙顶；坡屋顶至檐口；多种屋面取最大")
def eave_height(roofs: Rows, share: Decimal) -> Computed:
    """檐口高度 m by GB 55031-2022 3.2."""
    return _computed(roofs, lambda r: height.edge_height(r, share, "eave"))


@function("height.ridge", "平屋顶至女儿墙顶；坡屋顶至屋脊；多种屋面取最大")
def ridge_height(roofs: Rows, share: Decimal) -> Computed:
    """屋脊高度 m by GB 55031-2022 3.2."""
    return _computed(roofs, lambda r: height.edge_height(r, share, "ridge"))


@function("height.top", "室外地面至建筑最高点（控制区内，含一切突出物）")
def top_height(roofs: Rows) -> Computed:
    """Height m to the highest point, as it counts inside airport, radio and heritage control areas."""
    return _computed(roofs, height.top_height)


@function("height.top_elevation", "max(最高点绝对标高)")
def top_elevation(roofs: Rows) -> Computed:
    """Absolute elevation m of the highest point of all roofs."""
    found = height.read_roofs(roofs)
    values = [r.level("top") for r in found]
    return Computed(max(values), substituted="max(" + ", ".join(plain_number(v) for v in values) + ")")


@function("height.agree", "图注建筑高度与按屋面标高计算的高度相同（以毫米比较）")
def heights_agree(buildings: Rows, share: Decimal, roofs: Rows | None = None) -> Computed:
    """The height written on the plan against the one computed from roof levels, building by building, in mm.

    Without roof levels it is 提示: there is nothing to compare.
    """
    if roofs is None:
        return Computed(Outcome.NOTE, substituted="图中没有屋面标高")
    by_name: dict[str, list[height.Roof]] = {}
    for roof in height.read_roofs(roofs):
        by_name.setdefault(roof.building, []).append(roof)
    steps, wrong = [], False
    for b in buildings:
        label = str(b.get("label") or b.get("building") or "")
        own = by_name.get(label)
        if not own or b.get("height_mm") is None:
            continue
        computed = height.highest([height.planning_height(r, share) for r in own]).millimetres
        same = abs(computed - int(b["height_mm"])) < 1
        wrong = wrong or not same
        stated = plain_number(Decimal(b["height_mm"]) / 1000)
        steps.append(
            Step(
                label,
                f"图注 {stated} m，计算 {plain_number(computed / 1000)} m",
                "一致" if same else "不一致",
            )
        )
    if not steps:
        raise Undecided(
            Missing("建筑高度", "建筑高度", "没有既注高度又有屋面标高的建筑", "nothing to compare")
        )
    return Computed(
        verdict(not wrong),
        substituted=";".join(f"{s.name} {s.expression}" for s in steps),
        steps=tuple(steps),
    )


@function("height.control", "最高点绝对标高 ≤ 控制区限制标高（以毫米比较）")
def control_height(
    control: bool | None = None, elevation: Decimal | None = None, limit: Decimal | None = None
) -> Computed:
    """Elevation m of the highest point against the limit of a control area; outside one it is 提示."""
    if not control:
        return Computed(Outcome.NOTE, substituted="未注明位于高度控制区")
    lacking = [
        Missing(code, name, f"缺少{name}({code})", f"{code} is not given")
        for code, name, value in (
            ("GD_TOP_ABS", "最高点绝对标高", elevation),
            ("GD_LIMIT_ABS", "控制区限制标高", limit),
        )
        if value is None
    ]
    if elevation is None or limit is None:
        raise Undecided(*lacking)
    ok = millimetres(elevation) <= millimetres(limit)
    return Computed(
        verdict(ok),
        substituted=f"{num(elevation)} {'≤' if ok else '>'} {num(limit)}",
        limit=f"≤{num(limit)}m",
    )
