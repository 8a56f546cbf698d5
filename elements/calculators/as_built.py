"""规划核实: what was built against what was approved, judged by a named set of tolerance tiers. Pure.

Areas are ㎡ of the 建筑面积统计表. The tier set is chosen by a person: cities differ, so none is assumed. Deviations of
position are judged by the tolerance handed in; without one they are listed and stay 无法判定.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from drawings.areas.area_table import AreaTable
from drawings.comparing.compare import Change, Comparison
from drawings.standards.standards import roles
from elements.calculators import planning
from project_box.kernel.finding import Outcome

_CENT = Decimal("0.01")
#: roles whose position counts
_PLACED = ("footprint", "outline", "basement")
#: what a building says of itself that was approved with it: attribute → (English, unit)
_SAID = {"建筑高度": ("height", "m"), "层数": ("storeys", "层"), "地下层数": ("storeys below ground", "层")}
#: roles that are counted, and roles whose area counts
_COUNTED = ("parking_car", "parking_bike")
_MEASURED = ("site_boundary", "green", "roof_green", "dedicated_road", "dedicated_green")
_NO_TOLERANCE = ("没有给出这一项的允许偏差", "no tolerance of this is given")
#: units as English prints them
UNITS_EN = {"㎡": "m²", "层": "storeys", "个": "pcs"}


@dataclass(frozen=True, slots=True)
class TierSet:
    """Tolerance tiers of 规划核实 with where they come from."""

    code: str
    tiers: tuple[Mapping[str, Any], ...]
    mode: str
    cap: Decimal | None
    doc_no: str
    verified: bool


@dataclass(frozen=True, slots=True)
class AsBuiltLine:
    """One line of the conclusion: ``allowed`` in the unit of the values; ``why`` says what is missing."""

    name: str
    name_en: str
    unit: str
    approved: Decimal | None
    built: Decimal | None
    difference: Decimal | None
    allowed: Decimal | None
    outcome: Outcome
    why: str = ""
    why_en: str = ""
    handle: str = ""


@dataclass(frozen=True, slots=True)
class UseChange:
    """A floor whose uses differ: use → ㎡ of one storey; ``handles`` of the outlines as built."""

    building: str
    floor: str
    before: Mapping[str, Decimal]
    after: Mapping[str, Decimal]
    handles: tuple[str, ...]

    @property
    def text(self) -> str:
        """What was approved and what was built."""
        old, new = (
            "、".join(f"{use or '未注明用途'} {area} ㎡" for use, area in found.items()) or "无"
            for found in (self.before, self.after)
        )
        return f"审定 {old}；竣工 {new}"

    @property
    def text_en(self) -> str:
        """The same in English; uses are named as the drawings name them."""
        old, new = (
            ", ".join(f"{use or 'no use given'} {area} m²" for use, area in found.items()) or "none"
            for found in (self.before, self.after)
        )
        return f"approved {old}; built {new}"


@dataclass(frozen=True, slots=True)
class AsBuilt:
    """The conclusion: every line, floors whose uses differ, the overall outcome, the text that is printed."""

    lines: tuple[AsBuiltLine, ...]
    uses: tuple[UseChange, ...]
    outcome: Outcome
    text: str
    text_en: str


def judge(
    approved: AreaTable,
    built: AreaTable,
    changes: Comparison,
    tiers: TierSet | None,
    position_m: Decimal | None,
) -> AsBuilt:
    """Judge areas by ``tiers`` and positions by ``position_m`` (metres)."""
    old, new = ({b.name: b.total for b in t.buildings} for t in (approved, built))
    lines = [_area("总建筑面积", "Total floor area", approved.total, built.total, tiers)]
    lines += [
        _area(f"{n} 建筑面积", f"{n} floor area", old.get(n), new.get(n), tiers)
        for n in dict.fromkeys([*old, *new])
    ]
    uses = use_changes(approved, built)
    lines += [
        AsBuiltLine(f"{u.building} {u.floor} 用途", f"{u.building} {u.floor} use", "", None, None, None, None,
                    Outcome.FAIL, u.text, u.text_en, next(iter(u.handles), ""))
        for u in uses
    ]  # fmt: skip
    lines += [*_positions(changes, position_m), *_said(changes), *_totals(changes)]
    outcome = overall([line.outcome for line in lines])
    said = _text(lines, outcome, tiers, position_m), _text_en(lines, outcome, tiers, position_m)
    return AsBuilt(tuple(lines), tuple(uses), outcome, *said)


def use_changes(approved: AreaTable, built: AreaTable) -> list[UseChange]:
    """Floors in both tables on which a use appeared or went; other areas of the same uses are no change of use."""
    old, new = _uses(approved), _uses(built)
    return [
        UseChange(*key, old[key][0], new[key][0], new[key][1])
        for key in old
        if key in new and old[key][0].keys() != new[key][0].keys()
    ]


def _uses(table: AreaTable) -> dict[tuple[str, str], tuple[dict[str, Decimal], tuple[str, ...]]]:
    found: dict[tuple[str, str], tuple[dict[str, Decimal], tuple[str, ...]]] = {}
    for building in table.buildings:
        for floor in building.floors:
            areas: dict[str, Decimal] = {}
            for line in floor.lines:
                areas[line.use] = areas.get(line.use, Decimal(0)) + line.area
            handles = tuple(h for line in floor.lines for h in line.handles)
            found[building.name, floor.name or floor.floors] = (areas, handles)
    return found


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """Fails if a line fails, undecided if one is, else passes."""
    found = set(outcomes)
    return next((o for o in (Outcome.FAIL, Outcome.UNDECIDED) if o in found), Outcome.PASS)


def _area(
    name: str, name_en: str, approved: Decimal | None, built: Decimal | None, tiers: TierSet | None
) -> AsBuiltLine:
    if approved is None or built is None:
        gone, gone_en = ("审定图纸", "approved") if approved is None else ("竣工图纸", "as-built")
        return AsBuiltLine(
            name, name_en, "㎡", approved, built, None, None, Outcome.UNDECIDED,
            f"{gone}没有这项面积或无法判定", f"the {gone_en} drawings lack this area or it is undecided",
        )  # fmt: skip
    difference = built - approved
    if tiers is None:
        why = ("没有指定允许误差分档", "no set of tolerance tiers is chosen") if difference else ("", "")
        outcome = Outcome.UNDECIDED if difference else Outcome.PASS
        return AsBuiltLine(name, name_en, "㎡", approved, built, difference, None, outcome, *why)
    allowed = planning.tolerance(tiers.tiers, approved, tiers.mode, tiers.cap).quantize(_CENT, ROUND_HALF_UP)
    outcome = Outcome.PASS if abs(difference) <= allowed else Outcome.FAIL
    return AsBuiltLine(name, name_en, "㎡", approved, built, difference, allowed, outcome)


def _positions(changes: Comparison, position_m: Decimal | None) -> Iterable[AsBuiltLine]:
    for change in changes.changes:
        if change.role not in _PLACED or change.change is Change.ATTRIBUTE:
            continue
        label = str(change.shape.attributes.get("楼号") or change.shape.handle)
        names, handle = (f"{label} 位置与轮廓", f"{label} position and outline"), change.shape.handle
        if change.deviation_m is None:
            more = change.change is Change.ADDED
            words = (
                f"竣工图纸{'多出' if more else '缺少'}这个轮廓",
                f"the as-built drawings {'have this outline in addition' if more else 'lack this outline'}",
            )
            yield AsBuiltLine(*names, "m", None, None, None, position_m, Outcome.FAIL, *words, handle)
            continue
        away = Decimal(str(change.deviation_m)).quantize(Decimal("0.001"), ROUND_HALF_UP)
        if position_m is None:
            words = ("没有给出位置允许偏差", "no tolerance of position is given")
            yield AsBuiltLine(*names, "m", None, None, away, None, Outcome.UNDECIDED, *words, handle)
        else:
            outcome = Outcome.PASS if away <= position_m else Outcome.FAIL
            yield AsBuiltLine(*names, "m", None, None, away, position_m, outcome, handle=handle)


def _said(changes: Comparison) -> Iterable[AsBuiltLine]:
    """Heights and storeys that differ: no tier set covers them, so a person decides."""
    told: set[tuple[str, str]] = set()  # a building may be drawn by footprint and outline
    for change in changes.changes:
        if change.role not in _PLACED or change.before is None or change.after is None:
            continue
        label = str(change.shape.attributes.get("楼号") or change.shape.handle)
        for said in change.attributes:
            if said.key in _SAID and (label, said.key) not in told:
                told.add((label, said.key))
                en, unit = _SAID[said.key]
                values = _number(said.before), _number(said.after)
                yield _undecided(f"{label} {said.key}", f"{label} {en}", unit, *values, change.shape.handle)


def _totals(changes: Comparison) -> Iterable[AsBuiltLine]:
    """Parking spaces and areas of green and land that differ."""
    for total in changes.roles:
        role = roles().roles[total.role]
        if total.role in _COUNTED and total.count_before != total.count_after:
            counts = Decimal(total.count_before), Decimal(total.count_after)
            yield _undecided(f"{role.zh}个数", f"{role.en}, number", "个", *counts)
        elif total.role in _MEASURED:
            old, new = (Decimal(str(a or 0)).quantize(_CENT) for a in (total.area_before, total.area_after))
            if old != new:
                yield _undecided(f"{role.zh}面积", f"{role.en}, area", "㎡", old, new)


def _undecided(
    name: str, name_en: str, unit: str, old: Decimal | None, new: Decimal | None, handle: str = ""
) -> AsBuiltLine:
    difference = new - old if old is not None and new is not None else None
    return AsBuiltLine(
        name, name_en, unit, old, new, difference, None, Outcome.UNDECIDED, *_NO_TOLERANCE, handle
    )


def _number(value: str | float | None) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _text(
    lines: Sequence[AsBuiltLine], outcome: Outcome, tiers: TierSet | None, position_m: Decimal | None
) -> str:
    words = {Outcome.PASS: "符合", Outcome.FAIL: "不符合", Outcome.UNDECIDED: "无法判定"}
    basis = (
        f"面积允许误差按 {tiers.code} 档（{tiers.doc_no}{'' if tiers.verified else '，未核实'}）"
        if tiers
        else "未指定面积允许误差分档"
    )
    place = f"，位置允许偏差 {position_m} m" if position_m is not None else "，未给出位置允许偏差"
    out = [f"规划核实结论：{words[outcome]}。{basis}{place}。"]
    for line in _told(lines):
        parts = []
        if line.approved is not None and line.built is not None:
            parts.append(f"审定 {line.approved} {line.unit}，竣工 {line.built} {line.unit}")
        if line.difference is not None:
            parts.append(f"相差 {line.difference} {line.unit}")
        if line.allowed is not None:
            parts.append(f"允许 {line.allowed} {line.unit}")
        parts += [line.why] if line.why else []
        out.append(f"{line.name}：{'，'.join(parts)}，{words[line.outcome]}。")
    return "\n".join(out)


def _text_en(
    lines: Sequence[AsBuiltLine], outcome: Outcome, tiers: TierSet | None, position_m: Decimal | None
) -> str:
    words = {Outcome.PASS: "complies", Outcome.FAIL: "does not comply", Outcome.UNDECIDED: "undecided"}
    basis = (
        f"Tolerances of area by tier set {tiers.code} ({tiers.doc_no}{'' if tiers.verified else ', not verified'})"
        if tiers
        else "No set of tolerance tiers is chosen"
    )
    place = (
        f"tolerance of position {position_m} m"
        if position_m is not None
        else "no tolerance of position is given"
    )
    out = [f"As built against approved: {words[outcome]}. {basis}; {place}."]
    for line in _told(lines):
        unit = UNITS_EN.get(line.unit, line.unit)
        parts = []
        if line.approved is not None and line.built is not None:
            parts.append(f"approved {line.approved} {unit}, built {line.built} {unit}")
        if line.difference is not None:
            parts.append(f"difference {line.difference} {unit}")
        if line.allowed is not None:
            parts.append(f"allowed {line.allowed} {unit}")
        parts += [line.why_en] if line.why_en else []
        out.append(f"{line.name_en}: {', '.join(parts)}: {words[line.outcome]}.")
    return "\n".join(out)


def _told(lines: Iterable[AsBuiltLine]) -> list[AsBuiltLine]:
    """Lines that the text tells: all that differ or are not settled."""
    return [line for line in lines if line.outcome is not Outcome.PASS or line.difference]


def tier_sets(rows: Iterable[Mapping[str, Any]], doc_no: str, verified: bool) -> dict[str, TierSet]:
    """Tier sets of a tariff edition's rows by code."""
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(str(row["tier_set"]), []).append(row)
    return {
        code: TierSet(
            code,
            tuple(own),
            str(own[0]["mode"]),
            Decimal(str(own[0]["cap"])) if own[0]["cap"] is not None else None,
            doc_no,
            verified,
        )
        for code, own in grouped.items()
    }
