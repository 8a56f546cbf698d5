"""房产分摊 (GB/T 17986.1-2000): sharing of common area, with exact closure, and permitted deviations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from elements.engine.rounding import round_to
from project_box.kernel.errors import BadInput

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Shared:
    """Result of sharing: coefficient K (6 dp) and per unit 分摊 and 建筑面积 (㎡, 2 dp)."""

    coefficient: Decimal
    shares: dict[str, Decimal]
    totals: dict[str, Decimal]


def share(inner: Mapping[str, Decimal], common: Decimal) -> Shared:
    """Share ``common`` among units in proportion to their 套内建筑面积.

    ``δSi = K × Si``, ``K = ΣδSi / ΣSi``; shares are cut to 0.01 ㎡ and what is left goes, a hundredth each, to the
    largest remainders, so that Σ shares = ``common`` exactly (``common`` is taken at 0.01 ㎡, half-up).

    Raises:
        BadInput: no unit, a unit not above zero, or a negative common area.
    """
    if not inner or any(s <= 0 for s in inner.values()):
        raise BadInput("套内建筑面积应大于 0", "inner areas must be positive")
    if common < 0:
        raise BadInput("共有面积不得为负", "common area must not be negative")
    with localcontext() as context:
        context.prec = 50
        total = sum(inner.values(), Decimal(0))
        common = round_to(common, 2)
        exact = {u: common * s / total for u, s in inner.items()}
        cut = {u: Decimal(int(v / CENT)) * CENT for u, v in exact.items()}
        left = int((common - sum(cut.values(), Decimal(0))) / CENT)
        by_remainder = sorted(inner, key=lambda u: (-(exact[u] - cut[u]), u))
        for unit in by_remainder[:left]:
            cut[unit] += CENT
        coefficient = round_to(common / total, 6)
    return Shared(coefficient, cut, {u: inner[u] + cut[u] for u in inner})


def share_levels(
    inner: Mapping[str, Decimal], commons: Sequence[tuple[str, Decimal, Sequence[str]]]
) -> tuple[dict[str, Decimal], list[Shared]]:
    """Multi-level sharing: each common part (name, area, units it serves) in order, from the whole building down.

    A lower level is shared by 套内 plus what the units were given above. Closure holds at every level.

    Raises:
        BadInput: as :func:`share`, or an unknown unit.
    """
    given = {u: Decimal(0) for u in inner}
    levels: list[Shared] = []
    for name, area, units in commons:
        unknown = [u for u in units if u not in inner]
        if unknown:
            raise BadInput(f"{name}：未知的户 {'、'.join(unknown)}", f"{name}: unknown units {unknown}")
        result = share({u: inner[u] + given[u] for u in units}, area)
        for unit, amount in result.shares.items():
            given[unit] += amount
        levels.append(result)
    return given, levels


def area_limit(area: Decimal, root_coefficient: Decimal, linear_coefficient: Decimal) -> Decimal:
    """限差 ``a√S + bS`` in ㎡, unrounded.

    Raises:
        BadInput: negative area.
    """
    if area < 0:
        raise BadInput("面积不得为负", "area must not be negative")
    with localcontext() as context:
        context.prec = 40
        return root_coefficient * area.sqrt() + linear_coefficient * area
