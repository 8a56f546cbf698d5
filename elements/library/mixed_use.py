"""Named functions of mixed use 混合用途: total price, floor areas, land shares, main use, change of the mix."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from elements.engine.functions import function
from elements.engine.rounding import round_to
from elements.engine.trace import Rows, num
from elements.engine.values import Computed, Missing, Step, Undecided
from elements.records import amount_of
from project_box.kernel.errors import BadInput

_CENT = Decimal("0.01")


def _uses(rows: Rows, what: str) -> list[tuple[str, Decimal, Decimal]]:
    out = []
    for row in rows:
        if not str(row.get("use") or "").strip():
            raise BadInput(f"{what}的记录须有用途 use", "record lacks use", place=what)
        price = row.get("floor_price")
        out.append(
            (
                str(row["use"]),
                amount_of(row, "floor_area", what),
                Decimal(0) if price is None else amount_of(row, "floor_price", what),
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
        substituted=" + ".join(f"{num(p)}×{num(a)}" for _, a, p in own),
        steps=tuple(Step(u, f"{num(p)} 元/㎡ × {num(a)} ㎡", num(a * p)) for u, a, p in own),
    )


@function("supply.mixed_area", "Σ 各用途计容建筑面积")
def mixed_area(uses: Rows) -> Computed:
    """Floor area ㎡ over all uses."""
    own = _uses(uses, "分用途计容面积")
    return Computed(
        sum((a for _, a, _ in own), Decimal(0)), substituted=" + ".join(num(a) for _, a, _ in own)
    )


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


@function("supply.land_shares", "分摊土地面积 = 宗地面积 × 该用途（户）建筑面积 ÷ 总建筑面积")
def land_shares(area: Decimal, uses: Rows) -> Computed:
    """Land ㎡ of each use in proportion to its floor area, to 0.01 ㎡, closing on the parcel area."""
    own = _uses(uses, "分用途计容面积")
    parts = split(area, [a for _, a, _ in own])
    out: dict[str, Decimal] = {}
    for (use, _, _), part in zip(own, parts, strict=True):
        out[use] = out.get(use, Decimal(0)) + part
    return Computed(
        {u: format(v, "f") for u, v in out.items()},
        substituted=" + ".join(format(v, "f") for v in out.values()) + f" = {num(round_to(area, 2))}",
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
    return Computed(first[0], substituted="、".join(f"{u} {num(v)}" for u, v in sums.items()))


@function("supply.structure", "Σ(新用途楼面地价×面积) − Σ(原用途楼面地价×面积)")
def structure(new_uses: Rows, old_uses: Rows) -> Computed:
    """Difference of total prices 元 when the mix of uses changes; may be negative, the caller decides what follows."""
    new, old = _priced(new_uses, "新用途结构"), _priced(old_uses, "原用途结构")
    gain, base = (sum((a * p for _, a, p in rows), Decimal(0)) for rows in (new, old))
    steps = [Step(f"新·{u}", f"{num(p)}×{num(a)}", num(a * p)) for u, a, p in new]
    steps += [Step(f"原·{u}", f"{num(p)}×{num(a)}", num(a * p)) for u, a, p in old]
    return Computed(gain - base, substituted=f"{num(gain)} − {num(base)}", steps=tuple(steps))
