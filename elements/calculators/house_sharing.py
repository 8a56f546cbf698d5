"""多级分摊 (GB/T 17986.1-2000 附录B, recalled): common area from the building down to every unit, closing exactly.

Levels: 全幢 → 功能区 → 层/单元 → 户. A common part serves the whole building or some of its 功能区 (level 1), one
功能区 or some of its 层/单元 (level 2), or one 层/单元 or some of its units (level 3). What a level receives from above
is shared on together with its own common area, in proportion to area *including* own common area (units:
套内建筑面积). All areas in ㎡; common areas are taken at 0.01 ㎡ (half-up) and every allotment is a whole number of
0.01 ㎡, the remainder going to the largest remainders: at every level Σ out = Σ in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.calculators.sharing import share
from elements.engine.rounding import round_to
from project_box.kernel.errors import BadInput

WHOLE = "全幢"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class House:
    """One unit 户: its name, 功能区, 层/单元 (key ``功能区/层``) and 套内建筑面积 ㎡."""

    name: str
    zone: str
    group: str
    inner: Decimal


@dataclass(frozen=True, slots=True)
class CommonPart:
    """One common part: area ㎡ (0.01), level 1–3 it is shared from, and whom it serves (zones, groups or units)."""

    name: str
    area: Decimal
    level: int
    serves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pool:
    """One act of sharing.

    Attributes:
        level: 1 全幢 → 功能区, 2 功能区 → 层/单元, 3 层/单元 → 户.
        source: where the area comes from (``全幢``, a zone, a group, or the served ones).
        amount: ㎡ going in; ``received`` the part of it that came from above.
        base: Σ of the areas it is shared by; ``coefficient`` = amount ÷ base (6 dp).
        parts: ㎡ going out, by zone, group or unit; Σ parts = amount.
    """

    level: int
    source: str
    amount: Decimal
    received: Decimal
    base: Decimal
    coefficient: Decimal
    parts: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole sharing: every pool in order, and per unit the shared area ㎡."""

    houses: tuple[House, ...]
    pools: tuple[Pool, ...]
    shares: Mapping[str, Decimal]

    def at_level(self, level: int) -> list[Pool]:
        """Pools of one level."""
        return [p for p in self.pools if p.level == level]

    def totals(self) -> dict[str, Decimal]:
        """建筑面积 ㎡ of every unit = 套内 + 分摊."""
        return {h.name: h.inner + self.shares[h.name] for h in self.houses}


def read_area(raw: Any, what: str) -> Decimal:
    """A non-negative area ㎡.

    Raises:
        BadInput: not a number, negative, or not finite.
    """
    try:
        value = Decimal(str(raw))
    except ArithmeticError as error:
        raise BadInput(f"{what}的面积应为数值", f"{what}: area must be a number", place=what) from error
    if not value.is_finite() or value < 0:
        raise BadInput(f"{what}的面积不得为负", f"{what}: area must not be negative", place=what)
    return value


def read_houses(rows: Sequence[Mapping[str, Any]]) -> list[House]:
    """Units from records ``{unit, inner, zone?, group?}``; without zone or group there is one of them.

    Raises:
        BadInput: no unit, a unit without name or twice, an inner area not above zero.
    """
    houses: list[House] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        name = str(row.get("unit") or "").strip()
        if not name:
            raise BadInput(
                f"第 {number} 户没有户号（unit）", f"record {number} lacks unit", place=str(number)
            )
        if name in seen:
            raise BadInput(f"户号 {name} 重复", f"unit {name} stands twice", place=name)
        seen.add(name)
        inner = read_area(row.get("inner"), f"{name} 套内")
        if inner == 0:
            raise BadInput(
                f"{name} 的套内建筑面积应大于 0", f"{name}: inner area must be positive", place=name
            )
        zone = str(row.get("zone") or WHOLE).strip()
        houses.append(House(name, zone, f"{zone}/{str(row.get('group') or '全区').strip()}", inner))
    if not houses:
        raise BadInput("没有户", "no units")
    return houses


def _as_list(raw: Any) -> list[str]:
    if raw is None:
        return []
    items = raw if isinstance(raw, list) else str(raw).replace("、", ",").replace("，", ",").split(",")
    return [str(i).strip() for i in items if str(i).strip()]


def read_commons(rows: Sequence[Mapping[str, Any]], houses: Sequence[House]) -> list[CommonPart]:
    """Shared parts from records ``{name, area, serves?}``; records with ``shared`` false are left out.

    ``serves`` names zones, groups (``功能区/层`` or a group name that stands once) or units; empty or 全幢 is the whole
    building. The level follows from whom the part serves.

    Raises:
        BadInput: an unknown name, or a mix of kinds, of zones (for groups) or of groups (for units).
    """
    zones = list(dict.fromkeys(h.zone for h in houses))
    groups = list(dict.fromkeys(h.group for h in houses))
    short: dict[str, list[str]] = {}
    for group in groups:
        short.setdefault(group.split("/", 1)[1], []).append(group)
    unit_group = {h.name: h.group for h in houses}
    out: list[CommonPart] = []
    for row in rows:
        if row.get("shared") in (False, "否", "false"):
            continue
        name = str(row.get("name") or "共有部分")
        area = round_to(read_area(row.get("area"), name), 2)
        asked = list(dict.fromkeys(_as_list(row.get("serves"))))

        def bad(zh: str, en: str, name: str = name) -> BadInput:
            return BadInput(f"{name}:{zh}", f"{name}: {en}", place=name)

        if not asked or asked == [WHOLE]:
            out.append(CommonPart(name, area, 1, tuple(zones)))
            continue
        if all(a in zones for a in asked):
            level = 2 if len(asked) == 1 else 1
            served = [g for g in groups if g.startswith(asked[0] + "/")]
            out.append(
                CommonPart(
                    name, area, level, tuple(served if level == 2 else [z for z in zones if z in asked])
                )
            )
            continue
        found: list[str] = []
        for item in asked:
            if item in groups:
                found.append(item)
            elif len(short.get(item, [])) == 1:
                found.append(short[item][0])
            elif item in short:
                raise bad(f"“{item}”在多个功能区中都有，应写作 功能区/{item}", f"{item} is ambiguous")
        if len(found) == len(asked):
            if len({g.split("/", 1)[0] for g in found}) > 1:
                raise bad("服务的层（单元）不在同一功能区，应按功能区填写", "groups of several zones")
            members = [h.name for h in houses if h.group == found[0]]
            several = [g for g in groups if g in found]
            level = 3 if len(several) == 1 else 2
            out.append(CommonPart(name, area, level, tuple(members if level == 3 else several)))
            continue
        unknown = [a for a in asked if a not in unit_group]
        if unknown:
            raise bad(f"未知的服务对象 {'、'.join(unknown)}", f"unknown {unknown}")
        if len({unit_group[a] for a in asked}) > 1:
            raise bad("服务的户不在同一层（单元），应按层（单元）填写", "units of several groups")
        out.append(CommonPart(name, area, 3, tuple(h.name for h in houses if h.name in asked)))
    return out


def _pool(
    level: int, source: str, amount: Decimal, received: Decimal, weights: Mapping[str, Decimal]
) -> Pool:
    result = share(weights, amount)
    return Pool(
        level, source, amount, received, sum(weights.values(), _ZERO), result.coefficient, result.shares
    )


def share_building(houses: Sequence[House], commons: Sequence[CommonPart]) -> Ledger:
    """Share every common part down to the units.

    Returns a ledger in which Σ shares = Σ commons, and every pool's Σ parts = its amount.

    Raises:
        BadInput: no unit, or an area that is not positive where it must be.
    """
    zones = list(dict.fromkeys(h.zone for h in houses))
    groups = list(dict.fromkeys(h.group for h in houses))
    zone_of_group = {h.group: h.zone for h in houses}
    group_of = {h.name: h.group for h in houses}

    group_base = dict.fromkeys(groups, _ZERO)
    for h in houses:
        group_base[h.group] += h.inner
    for c in commons:
        if c.level == 3:
            group_base[group_of[c.serves[0]]] += c.area
    zone_base = dict.fromkeys(zones, _ZERO)
    for group, area in group_base.items():
        zone_base[zone_of_group[group]] += area
    for c in commons:
        if c.level == 2:
            zone_base[zone_of_group[c.serves[0]]] += c.area

    pools: list[Pool] = []
    to_zone = dict.fromkeys(zones, _ZERO)
    for served, amount in _gather([c for c in commons if c.level == 1]).items():
        source = WHOLE if set(served) == set(zones) else "、".join(served)
        pool = _pool(1, source, amount, _ZERO, {z: zone_base[z] for z in served})
        pools.append(pool)
        for zone, part in pool.parts.items():
            to_zone[zone] += part

    to_group = dict.fromkeys(groups, _ZERO)
    for zone in zones:
        own_groups = tuple(g for g in groups if zone_of_group[g] == zone)
        pooled = {own_groups: _ZERO}
        pooled |= _gather([c for c in commons if c.level == 2 and zone_of_group[c.serves[0]] == zone])
        for served, amount in pooled.items():
            whole = served == own_groups
            received = to_zone[zone] if whole else _ZERO
            if amount + received == 0:
                continue
            source = zone if whole else "、".join(served)
            pool = _pool(2, source, amount + received, received, {g: group_base[g] for g in served})
            pools.append(pool)
            for group, part in pool.parts.items():
                to_group[group] += part

    shares = {h.name: _ZERO for h in houses}
    for group in groups:
        members = {h.name: h.inner for h in houses if h.group == group}
        pooled = {tuple(members): _ZERO}
        pooled |= _gather([c for c in commons if c.level == 3 and group_of[c.serves[0]] == group])
        for served, amount in pooled.items():
            whole = served == tuple(members)
            received = to_group[group] if whole else _ZERO
            if amount + received == 0:
                continue
            source = group if whole else "、".join(served)
            pool = _pool(3, source, amount + received, received, {u: members[u] for u in served})
            pools.append(pool)
            for unit, part in pool.parts.items():
                shares[unit] += part
    return Ledger(tuple(houses), tuple(pools), shares)


def _gather(commons: Sequence[CommonPart]) -> dict[tuple[str, ...], Decimal]:
    """Σ area by whom it serves."""
    out: dict[tuple[str, ...], Decimal] = {}
    for c in commons:
        out[c.serves] = out.get(c.serves, _ZERO) + c.area
    return out
