"""Named functions: building area of one object under a rule set, in strips where its height varies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from elements.calculators import areas
from elements.engine.decisions import condition_text
from elements.engine.functions import function
from elements.engine.rounding import millimetres, plain_number
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from project_box.kernel.errors import BadInput

_YES = {True: "是", False: "否", None: None}
_STRIP_KEYS = ("area", "net", "height", "sill")


def _mm(value: Decimal | None) -> int | None:
    return millimetres(value) if value is not None else None


def _strips(rows: Rows) -> list[dict[str, Decimal]]:
    """Strip records with their numbers: ``area`` ㎡ and ``net`` or ``height`` in m.

    Raises:
        BadInput: a field that is unknown, lacks, or is no number from zero up.
    """
    out = []
    for number, row in enumerate(rows, 1):
        place = f"PT_STRIPS 第 {number} 条"
        odd = sorted(set(row) - set(_STRIP_KEYS))
        if odd or row.get("area") is None:
            what = f"不认识的项 {'、'.join(odd)}" if odd else "缺少面积 area"
            raise BadInput(
                f"{place}:{what}；每条写作 area(㎡)、net 结构净高或 height 结构层高（m）",
                f"strip {number}: {odd or 'area is missing'}",
                place=place,
            )
        try:
            numbers = {k: Decimal(str(v)) for k, v in row.items() if v is not None}
        except ArithmeticError as error:
            raise BadInput(f"{place}：应为数值", f"strip {number}: not a number", place=place) from error
        if any(not v.is_finite() or v < 0 for v in numbers.values()):
            raise BadInput(f"{place}：不得为负", f"strip {number}: negative", place=place)
        out.append(numbers)
    return out


@function("area_of_object", "Σ(面积 × 面积系数) × 层数（按一层计算的部位不乘层数）")
def area_of_object(
    object: str,
    rules: Rows,
    area: Decimal | None = None,
    height: Decimal | None = None,
    net_height: Decimal | None = None,
    sill: Decimal | None = None,
    position: str | None = None,
    enclosed: str | None = None,
    projection: Decimal | None = None,
    enclosure: str | None = None,
    columns: str | None = None,
    covered: bool | None = None,
    connected: bool | None = None,
    used: bool | None = None,
    span: int | None = None,
    storeys: int | None = None,
    strips: Rows | None = None,
) -> Computed:
    """Counted area ㎡ of one object under one area rule set.

    Heights in m, compared in integer mm. ``strips`` (``area`` ㎡ with ``net`` or ``height`` m) stand in place of
    ``area`` where the height varies, as under a pitched roof. ``storeys`` multiplies, unless the rule counts the
    object once. What the rule needs and nobody stated makes it 无法判定.
    """
    if strips is not None and area is not None:
        raise BadInput("量测面积与净高分带只能填一种", "give an area or strips, not both", place="PT_STRIPS")
    if strips is None and area is None:
        raise Undecided(Missing("PT_AREA", "量测面积", "缺少量测面积（PT_AREA）", "the area is not given"))
    facts = {
        "层高": _mm(height),
        "净高": _mm(net_height),
        "窗台高差": _mm(sill),
        "挑出": _mm(projection),
        "跨层": span,
        "位置": position,
        "封闭": enclosed,
        "围护": areas.enclosure_of(enclosure, enclosed),
        "柱": columns,
        "顶盖": _YES[covered],
        "相通": _YES[connected],
        "利用": _YES[used],
    }
    pieces = _strips(strips) if strips is not None else [{"area": Decimal(area or 0)}]
    rows = [
        _row_of(rules, object, facts, piece, _strip_name(object, n, pieces)) for n, piece in enumerate(pieces)
    ]
    steps = tuple(
        _strip_step(_strip_name(object, n, pieces), piece, row)
        for n, (piece, row) in enumerate(zip(pieces, rows, strict=True))
    )
    once = any(row.get("once") for row in rows)
    times = 1 if storeys is None or once else storeys
    shown = " + ".join(s.expression for s in steps[:6])
    if times != 1:
        shown = f"({shown}) × {times} 层" if len(steps) > 1 else f"{shown} × {times} 层"
    elif once and storeys not in (None, 1):
        shown += "（按一层计算）"
    total = sum(
        (piece["area"] * Decimal(row["coefficient"]) for piece, row in zip(pieces, rows, strict=True)),
        Decimal(0),
    )
    return Computed(
        total * times,
        substituted=shown,
        steps=steps,
        clause=";".join(dict.fromkeys(str(row["clause"]) for row in rows)),
        verified=all(row.get("checked", True) for row in rows),
    )


def _strip_name(object: str, number: int, pieces: Sequence[Mapping[str, Decimal]]) -> str:
    return f"{object}第 {number + 1} 带" if len(pieces) > 1 else object


def _row_of(
    rules: Rows, object: str, facts: Mapping[str, Any], piece: Mapping[str, Decimal], what: str
) -> Mapping[str, Any]:
    """The rule of one strip, whose own heights stand in place of the object's."""
    own = dict(facts)
    for key, name in (("net", "净高"), ("height", "层高"), ("sill", "窗台高差")):
        if key in piece:
            own[name] = millimetres(piece[key])
    return areas.area_coefficient(rules, object, own, what)


def _strip_step(what: str, piece: Mapping[str, Decimal], row: Mapping[str, Any]) -> Step:
    coefficient = Decimal(row["coefficient"])
    geometry = str(row.get("geometry") or "")
    return Step(
        what,
        f"{num(piece['area'])} × {plain_number(coefficient)}（{condition_text(row)}；量取{geometry}）",
        num(piece["area"] * coefficient),
        str(row["clause"]),
    )


@function("far_area_of_object", "面积 × 计容系数（用途与层高分档）")
def far_area_of_object(
    area: Decimal,
    far_rules: Rows,
    usage: str | None = None,
    height: Decimal | None = None,
    exposed: Decimal | None = None,
    underground: bool | None = None,
    standard: bool | None = None,
    exempt: str | None = None,
) -> Computed:
    """计容面积 ㎡ of one storey: by use and storey height (m), or by the exposed height (m) of a basement.

    ``exempt`` is a tag (门厅, 中庭 …) that takes a storey out of the height multiple where the rule set says so.
    """
    floor = {"height_mm": _mm(height), "exposed_mm": _mm(exposed), "standard": standard, "exempt": exempt}
    what = "地下空间" if underground else exempt or usage or "部位"
    factor, why, clause = areas.far_factor(
        far_rules, floor, {"area": area}, usage or "", bool(underground), what
    )
    return Computed(area * factor, substituted=f"{num(area)} × {plain_number(factor)}({why})", clause=clause)
