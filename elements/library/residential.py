"""Named functions: residential blocks 居住街坊 by GB 50180-2018: average storeys, banded limits, central green."""

from __future__ import annotations

from decimal import Decimal

from elements.calculators import areas
from elements.calculators.areas import CENTRAL
from elements.engine.functions import function
from elements.engine.rounding import plain_number
from elements.engine.trace import Rows, num, row_refs
from elements.engine.values import Computed, Missing, Step, Undecided

_RESIDENTIAL = "住宅"


@function("residential.storeys", "Σ住宅地上建筑面积 ÷ Σ住宅基底面积；已填平均层数的用所填值")
def average_storeys(
    stated: Decimal | None = None,
    floors: Rows | None = None,
    buildings: Rows | None = None,
    rules: Rows | None = None,
) -> Computed:
    """平均层数: floor area above ground of residential buildings over their footprints, or the stated number."""
    if stated is not None:
        return Computed(stated, substituted=f"已填 {num(stated)}")
    if not floors or not buildings or not rules:
        raise Undecided(
            Missing(
                "FD_STOREYS",
                "平均层数",
                "缺少平均层数（FD_STOREYS），图纸中也没有可算的楼层与基底",
                "no storeys",
            )
        )
    own = {
        str(b["building"]): Decimal(b["area"])
        for b in buildings
        if _RESIDENTIAL in str(b.get("usage") or "") and b.get("area") is not None
    }
    if not own:
        raise Undecided(Missing("用途", "用途", "图中没有注明用途为住宅的建筑", "no residential building"))
    area = sum(
        (
            c.counted
            for c in areas.measure_floors([f for f in floors if f["building"] in own], rules)
            if not c.underground
        ),
        Decimal(0),
    )
    foot = sum(own.values(), Decimal(0))
    return Computed(area / foot, substituted=f"{num(area)} ÷ {num(foot)}")


@function("residential.limit", "按气候区、布局与平均层数查表，表外不外推")
def residential_limit(rows: Rows, storeys: Decimal, column: str) -> Computed:
    """One column of the band the average storeys lie in; between and beyond the bands there is no value."""
    for row in rows:
        if Decimal(row["low"]) <= storeys <= Decimal(row["high"]):
            value = row[column]
            if value is None:
                raise Undecided(
                    Missing("table:residential-control", "控制指标", "本档没有此项限值", "no limit here")
                )
            band = f"{plain_number(Decimal(row['low']))}–{plain_number(Decimal(row['high']))} 层 {row['category']}"
            shown = plain_number(value) if isinstance(value, Decimal) else str(value)
            return Computed(value, substituted=f"平均层数 {num(storeys)} → {band} → {shown}")
    raise Undecided(
        Missing(
            "table:residential-control",
            "居住街坊控制指标",
            f"平均层数 {num(storeys)} 不在各档之内，不外推",
            f"{num(storeys)} storeys lie in no band",
        )
    )


@function("residential.central_green", "Σ 集中绿地中宽度不小于 8 m 的部分（已扣路边、墙脚）")
def central_green(greens: Rows) -> Computed:
    """集中绿地 ㎡: of every green of that kind the part that is wide enough (``wide_area``); none drawn is 无法判定."""
    own = [g for g in greens if g.get("kind") == CENTRAL]
    if not own:
        raise Undecided(
            Missing(CENTRAL, CENTRAL, "图中没有类型为集中绿地的绿地", "no central green is drawn")
        )
    if any(g.get("wide_area") is None for g in own):
        raise Undecided(
            Missing("wide_area", "宽度", "集中绿地没有达到最小宽度部分的面积（wide_area）", "no wide area"),
            evidence=row_refs(own),
        )
    values = [Decimal(g["wide_area"]) for g in own]
    steps = tuple(
        Step(
            f"第 {n} 块",
            f"计入 {num(Decimal(g['counted_area']))}㎡，宽度足够部分",
            f"{num(v)}㎡",
            "",
            row_refs([g]),
        )
        for n, (g, v) in enumerate(zip(own, values, strict=True), 1)
    )
    return Computed(
        sum(values, Decimal(0)),
        substituted=" + ".join(num(v) for v in values),
        steps=steps,
        evidence=row_refs(own) or None,
    )
