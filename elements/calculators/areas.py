"""Building area 建筑面积 and area that counts for the floor area ratio 计容面积.

A floor record (one closed frame of a building drawing)::

    building  str        楼号
    name      str        层名
    levels    [int]      natural storeys it stands for, basement negative; empty for roof rooms
    roof      bool       屋面层 (counted, but no natural storey)
    height_mm int|None   结构层高
    usage     str|None   用途
    standard  bool|None  标准层
    exposed_mm int|None  basement: top slab above outdoor ground
    parts     [part]     what is drawn in the frame
    ref       EntityRef

A part::

    object   str       row of the area rules: 自然层, 阳台, 凸窗, 半计, 不计 …
    area     Decimal   ㎡, overlaps already taken out
    usage, position (主体内/主体外), enclosed (是/否), net_mm, sill_mm, projection_mm, span (storeys below a canopy),
    enclosure (围护结构/围护设施/无), columns (无/独立柱/单排柱/多排柱), covered, connected, used (是/否), ref

Areas are ㎡ and exact; heights are integer millimetres.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.engine.decisions import condition_text, decide
from elements.engine.rounding import plain_number
from elements.engine.values import Missing, Step, Undecided, union_missing
from project_box.kernel.finding import EntityRef

Rows = Sequence[Mapping[str, Any]]
#: the kind of green that counts as central (GB 50180 4.0.7)
CENTRAL = "集中绿地"


@dataclass(frozen=True, slots=True)
class Counted:
    """One part of one floor under a rule set.

    Attributes:
        area: drawn area ㎡; ``coefficient`` of the area rules; ``factor`` of the 计容 rules (1 when not asked).
        storeys: how many floors the frame stands for.
        counted: area × coefficient × factor × storeys.
        checked: the rule row used was compared with its source.
    """

    building: str
    floor: str
    underground: bool
    object: str
    usage: str
    area: Decimal
    coefficient: Decimal
    factor: Decimal
    storeys: int
    counted: Decimal
    why: str
    clause: str
    ref: EntityRef | None
    checked: bool


def storeys_of(floor: Mapping[str, Any]) -> int:
    """How many times the frame counts: its natural storeys, or once for a roof floor."""
    return len(floor["levels"]) or 1


def is_underground(floor: Mapping[str, Any]) -> bool:
    """A frame whose levels are all below ground.

    Raises:
        Undecided: levels above and below ground in one frame.
    """
    levels = floor["levels"]
    below = [n for n in levels if n < 0]
    if below and len(below) != len(levels):
        name = f"{floor['building']} {floor['name']}"
        raise Undecided(
            Missing(
                "起止层",
                "起止层",
                f"{name}：起止层同时包含地上与地下",
                f"{name}: levels above and below ground",
            ),
            evidence=_refs(floor),
        )
    return bool(below)


def _refs(*things: Mapping[str, Any]) -> tuple[EntityRef, ...]:
    return tuple(t["ref"] for t in things if isinstance(t.get("ref"), EntityRef))


def facts_of(floor: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """Measures the area rules may ask for, by their Chinese names (mm, words)."""
    return {
        "层高": floor.get("height_mm"),
        "净高": part.get("net_mm"),
        "窗台高差": part.get("sill_mm"),
        "位置": part.get("position"),
        "封闭": part.get("enclosed"),
        "挑出": part.get("projection_mm"),
        "跨层": part.get("span"),
        "围护": enclosure_of(part.get("enclosure"), part.get("enclosed")),
        "柱": part.get("columns"),
        "顶盖": part.get("covered"),
        "相通": part.get("connected"),
        "利用": part.get("used"),
    }


def enclosure_of(stated: Any, enclosed: Any) -> str | None:
    """围护 of an object: as stated, else what 封闭 (是/否) says of it; None when neither is known."""
    if stated:
        return str(stated)
    return {"是": "围护结构", "否": "无围护结构"}.get(str(enclosed or ""))


def object_names(row: Mapping[str, Any]) -> list[str]:
    """Names of the object types a rule row holds for, the usual one first."""
    names = row["object"]
    return [str(n) for n in names] if isinstance(names, list) else [str(names)]


def area_coefficient(rules: Rows, object_type: str, facts: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """Decision row of the area rules for an object type.

    Args:
        rules: rows of one rule set (``object, measure, operator, limit, coefficient, clause``).
        facts: measures as :func:`facts_of` gives them.

    Raises:
        Undecided: unknown object type (the likely ones are named), or a needed measure is missing.
    """
    own = [r for r in rules if object_type in object_names(r)]
    if not own:
        known = list(dict.fromkeys(n for r in rules for n in object_names(r)))
        near = difflib.get_close_matches(object_type, known, n=3, cutoff=0.4)
        near += [n for n in known if object_type and object_type in n and n not in near]
        hint = f"（是否指 {'、'.join(near[:4])}）" if near else ""
        raise Undecided(
            Missing(
                "类别",
                "面积类别",
                f"{what}：面积规则没有“{object_type}”这一类{hint}",
                f"{what}: no area rule for {object_type!r}",
            )
        )
    return decide(own, facts, what)


def measure_floors(floors: Rows, rules: Rows, far_rules: Rows | None = None) -> list[Counted]:
    """Every part of every floor with its coefficient, and its 计容 factor when ``far_rules`` are given.

    Raises:
        Undecided: all missing facts of all floors at once, with the entities they concern.
    """
    out: list[Counted] = []
    missing: list[Missing] = []
    entities: list[EntityRef] = []
    for floor in floors:
        try:
            underground = is_underground(floor)
        except Undecided as error:
            missing += error.missing
            entities += error.evidence
            continue
        name = f"{floor['building']} {floor['name']}"
        if not floor["parts"]:
            missing.append(
                Missing(
                    "面积线", "面积线", f"{name}：楼层框内没有面积线", f"{name}: no area line in the frame"
                )
            )
            entities += _refs(floor)
        for part in floor["parts"]:
            usage = part.get("usage") or floor.get("usage") or ""
            what = f"{name} {part['object']}"
            ref = part.get("ref")
            try:
                row = area_coefficient(rules, part["object"], facts_of(floor, part), what)
                coefficient = Decimal(row["coefficient"])
                factor, why, clause = Decimal(1), condition_text(row), str(row["clause"])
                if far_rules is not None and coefficient:
                    factor, far_why, far_clause = far_factor(far_rules, floor, part, usage, underground, what)
                    why, clause = far_why, far_clause
            except Undecided as error:
                missing += error.missing
                entities += _refs(part) or _refs(floor)
                continue
            storeys = storeys_of(floor)
            area = Decimal(part["area"])
            out.append(
                Counted(
                    floor["building"],
                    floor["name"],
                    underground,
                    part["object"],
                    usage,
                    area,
                    coefficient,
                    factor,
                    storeys,
                    area * coefficient * factor * storeys,
                    why,
                    clause,
                    ref if isinstance(ref, EntityRef) else None,
                    bool(row.get("checked", True)),
                )
            )
    if missing:
        raise Undecided(*union_missing([missing]), evidence=dict.fromkeys(entities))
    return out


def far_factor(
    rules: Rows, floor: Mapping[str, Any], part: Mapping[str, Any], usage: str, underground: bool, what: str
) -> tuple[Decimal, str, str]:
    """计容系数 of one part: (factor, why, clause).

    Rules are rows ``usage, measure, operator, limit, factor, standard_only, clause``; usage ``地下`` for basements,
    ``*`` for uses the rule set does not name. Above ground the first of these that the rule set names decides: the
    part's exempt tag (门厅, 中庭 …), its object type (阳台, 凸窗, 架空层 …), its use. ``standard_only`` rows do
    not hold for a floor marked 标准层 = 否.

    Raises:
        Undecided: use or height missing.
    """
    if underground:
        chosen = [r for r in rules if r["usage"] == "地下"]
    else:
        tags = [str(t) for t in (part.get("exempt") or floor.get("exempt"), part.get("object"), usage) if t]
        found = [own for t in tags if (own := [r for r in rules if t in _names(r["usage"])])]
        if not found and not usage:
            raise Undecided(Missing("用途", "用途", f"{what}缺少用途", f"{what}: use is not given"))
        chosen = found[0] if found else [r for r in rules if r["usage"] == "*"]
    if floor.get("standard") is False:
        chosen = [r for r in chosen if not r["standard_only"]]
    facts = {
        "层高": floor.get("height_mm"),
        "顶板高出室外地面": floor.get("exposed_mm"),
        "面积": Decimal(part["area"]),
    }
    row = decide(chosen, facts, what)
    return Decimal(row["factor"]), condition_text(row), str(row["clause"])


def _names(usage: Any) -> list[str]:
    return usage if isinstance(usage, list) else [str(usage)]


def steps_of(parts: Sequence[Counted]) -> tuple[Step, ...]:
    """One readable line per part that was drawn."""
    lines: list[Step] = []
    for p in parts:
        expression = plain_number(p.area)
        if p.coefficient != 1:
            expression += f"×{plain_number(p.coefficient)}"
        if p.factor != 1:
            expression += f"×{plain_number(p.factor)}"
        if p.storeys != 1:
            expression += f"×{p.storeys}层"
        lines.append(
            Step(
                f"{p.building} {p.floor} {p.object}",
                f"{expression}({p.why})",
                plain_number(p.counted),
                p.clause,
                (p.ref,) if p.ref is not None else (),
            )
        )
    return tuple(lines)


def complete_levels(floors: Rows, buildings: Rows | None) -> None:
    """Check that every building of the site plan has its floors, once each and without a gap.

    Raises:
        Undecided: names every building or storey that is missing or double.
    """
    missing: list[Missing] = []
    entities: list[EntityRef] = []
    seen: dict[str, dict[int, int]] = {}
    for floor in floors:
        counts = seen.setdefault(floor["building"], {})
        for level in floor["levels"]:
            counts[level] = counts.get(level, 0) + 1
    only = buildings is not None and len(buildings) == 1 and len(seen) == 1
    for building in buildings or []:
        if building["building"] not in seen and not (only and not building["building"]):
            name = building["building"] or "（未注楼号）"
            missing.append(
                Missing(
                    "单体图",
                    "单体图",
                    f"缺少 {name} 的单体图（楼层框）",
                    f"no floor frames for building {name}",
                )
            )
            entities += _refs(building)
    for name, counts in seen.items():
        above = [n for n in counts if n > 0]
        below = [-n for n in counts if n < 0]
        gaps = [n for n in range(1, max(above, default=0) + 1) if n not in above]
        gaps += [-n for n in range(1, max(below, default=0) + 1) if n not in below]
        double = sorted(n for n, c in counts.items() if c > 1)
        if gaps:
            text = "、".join(map(str, gaps))
            missing.append(
                Missing(
                    "起止层",
                    "起止层",
                    f"{name} 缺第 {text} 层的楼层框",
                    f"{name}: no frame for storey {text}",
                )
            )
        if double:
            text = "、".join(map(str, double))
            missing.append(
                Missing(
                    "起止层",
                    "起止层",
                    f"{name} 第 {text} 层有多个楼层框",
                    f"{name}: several frames for storey {text}",
                )
            )
        if gaps or double:
            entities += [r for f in floors if f["building"] == name for r in _refs(f)]
    if missing:
        raise Undecided(*missing, evidence=dict.fromkeys(entities))
