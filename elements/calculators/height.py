"""Building height 建筑高度 from roof levels, by GB 50352-2019 4.5.2 and GB 55031-2022 3.2.

Levels are elevations in m as drawn; heights are integer millimetres (a mean of eave and ridge may end in half a one).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from elements.engine.rounding import millimetres, plain_number
from elements.engine.values import Missing, Undecided
from project_box.kernel.errors import BadInput

FLAT, PITCHED = "平屋顶", "坡屋顶"
_NAMES = {
    "ground": "室外地坪标高",
    "parapet": "女儿墙顶标高",
    "eave": "檐口标高",
    "ridge": "屋脊标高",
    "top": "最高点标高",
    "rooms_top": "突出屋面标高",
    "rooms_area": "突出屋面面积",
    "roof_area": "屋面面积",
}
_KNOWN = {*_NAMES, "building", "form", "ref"}


@dataclass(frozen=True, slots=True)
class Roof:
    """One roof over one ground: levels m, areas ㎡; None where the drawing does not say."""

    building: str
    form: str | None
    levels: Mapping[str, Decimal | None]

    @property
    def what(self) -> str:
        """Words for messages."""
        return f"{self.building or '建筑'} {self.form or '屋面'}"

    def level(self, key: str) -> Decimal:
        """A level that must be there.

        Raises:
            Undecided: it is not.
        """
        value = self.levels.get(key)
        if value is None:
            name = _NAMES[key]
            raise Undecided(Missing(name, name, f"{self.what}缺少{name}", f"{self.what}: no {key}"))
        return value

    def above(self, key: str) -> int:
        """Height mm of a level above the ground outside."""
        return millimetres(self.level(key)) - millimetres(self.level("ground"))


@dataclass(frozen=True, slots=True)
class Height:
    """Height of one roof in mm with the way it came about."""

    roof: Roof
    millimetres: Decimal
    how: str


def read_roofs(rows: Sequence[Mapping[str, Any]]) -> list[Roof]:
    """Roofs from records (fields ``building form ground parapet eave ridge top roof_area rooms_area rooms_top``).

    Raises:
        BadInput: an unknown field, a level that is no number, a form that is neither flat nor pitched, a ridge below
            its eave, or a roof below its ground.
    """
    roofs: list[Roof] = []
    for number, row in enumerate(rows, 1):
        place = f"GD_ROOFS 第 {number} 条"
        odd = sorted(set(row) - _KNOWN)
        if odd:
            known = "、".join(sorted(_KNOWN - {"ref"}))
            raise BadInput(
                f"{place}：不认识的项 {'、'.join(odd)}（可用：{known}）", f"unknown {odd}", place=place
            )
        levels: dict[str, Decimal | None] = {}
        for key in _NAMES:
            raw = row.get(key)
            try:
                levels[key] = Decimal(str(raw)) if raw is not None else None
            except ArithmeticError as error:
                raise BadInput(
                    f"{place}:{_NAMES[key]}“{raw}”不是数值", f"{key} is no number", place=place
                ) from error
        form = str(row["form"]).strip() if row.get("form") else None
        if form is not None and form not in (FLAT, PITCHED):
            raise BadInput(f"{place}：屋面形式只能是 平屋顶 或 坡屋顶", f"form {form!r}", place=place)
        _check(place, levels)
        roofs.append(Roof(str(row.get("building") or ""), form, levels))
    if not roofs:
        raise Undecided(Missing("GD_ROOFS", "屋面标高", "没有屋面标高", "no roof levels"))
    return roofs


def _check(place: str, levels: Mapping[str, Decimal | None]) -> None:
    ground, eave, ridge = levels["ground"], levels["eave"], levels["ridge"]
    if eave is not None and ridge is not None and ridge < eave:
        raise BadInput(f"{place}：屋脊标高低于檐口标高", "ridge below eave", place=place)
    for key in ("parapet", "eave", "ridge", "top", "rooms_top"):
        level = levels[key]
        if ground is not None and level is not None and level < ground:
            raise BadInput(f"{place}:{_NAMES[key]}低于室外地坪标高", f"{key} below ground", place=place)


def _form(roof: Roof) -> str:
    if roof.form is None:
        raise Undecided(
            Missing("屋面形式", "屋面形式", f"{roof.what}未注明屋面形式", "roof form is not given")
        )
    return roof.form


def with_rooms(roof: Roof, base: Decimal, share: Decimal) -> tuple[Decimal, str]:
    """Height mm with the rooms on the roof where they are more than ``share`` of it, and a word on them.

    Raises:
        Undecided: rooms whose area or top, or a roof whose area, is not given.
    """
    if roof.levels.get("rooms_area") is None and roof.levels.get("rooms_top") is None:
        return base, ""
    rooms, whole = roof.level("rooms_area"), roof.level("roof_area")
    part = f"突出屋面 {plain_number(rooms)}㎡"
    if rooms <= whole * share:
        return base, f",{part}不超过屋面 {plain_number(whole)}㎡ 的 1/{plain_number(1 / share)}，不计"
    top = Decimal(roof.above("rooms_top"))
    return max(base, top), f",{part}超过屋面 {plain_number(whole)}㎡ 的 1/{plain_number(1 / share)}，计至其顶"


def planning_height(roof: Roof, share: Decimal) -> Height:
    """GB 50352: flat roof to the parapet (without one to the eave), pitched roof to the mean of eave and ridge."""
    if _form(roof) == FLAT:
        key = "parapet" if roof.levels.get("parapet") is not None else "eave"
        base, how = (
            Decimal(roof.above(key)),
            f"平屋顶，室外地面至{'女儿墙顶' if key == 'parapet' else '檐口'}",
        )
    else:
        eave, ridge = roof.above("eave"), roof.above("ridge")
        base, how = (
            Decimal(eave + ridge) / 2,
            f"坡屋顶，（檐口 {_m(Decimal(eave))} + 屋脊 {_m(Decimal(ridge))}） ÷ 2",
        )
    height, rooms = with_rooms(roof, base, share)
    return Height(roof, height, how + rooms)


def edge_height(roof: Roof, share: Decimal, key: str) -> Height:
    """GB 55031: flat roof as GB 50352; pitched roof by its ``eave`` and its ``ridge``, each on its own."""
    if _form(roof) == FLAT:
        return planning_height(roof, share)
    height, rooms = with_rooms(roof, Decimal(roof.above(key)), share)
    return Height(roof, height, f"坡屋顶，室外地面至{'檐口' if key == 'eave' else '屋脊'}" + rooms)


def top_height(roof: Roof) -> Height:
    """Control areas: from the ground outside to the highest point of all."""
    return Height(roof, Decimal(roof.above("top")), "室外地面至最高点")


def highest(heights: Sequence[Height]) -> Height:
    """The greatest of several roofs and grounds."""
    return max(heights, key=lambda h: h.millimetres)


def _m(millimetre: Decimal) -> str:
    return plain_number(millimetre / 1000)
