"""Floors of a drawing: what is drawn in each floor frame, and area lines outside frames that name their storey."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from drawings.drawing import DrawingModel, RoleShape, Value

_FILE_BUILDING = re.compile(r"-([^-]+)-单体图")
#: attributes of an area line that speak of its storey
_OF_FLOOR = ("层名", "层高", "用途", "标准层")
_COUNTED = (
    "area_full",
    "area_half",
    "area_none",
    "area_deduct",
    "balcony",
    "bay_window",
    "unit_inner",
    "shared",
)


@dataclass(frozen=True, slots=True)
class Floor:
    """One floor: ``shape`` is its frame, or where none is drawn the first of its area lines (``framed`` False)."""

    attributes: dict[str, Value]
    shape: RoleShape
    inside: tuple[RoleShape, ...]
    framed: bool


def drawn_floors(model: DrawingModel) -> list[Floor]:
    """Floors in drawing order, frames first; lines outside every frame are one floor by 楼号 and 起止层."""
    inside: dict[str, list[RoleShape]] = defaultdict(list)
    loose: dict[tuple[str, str], list[RoleShape]] = defaultdict(list)
    for shape in model.shapes:
        if shape.parent is not None and shape.role != "floor_frame":
            inside[shape.parent].append(shape)
        elif shape.role in _COUNTED and shape.parent is None and "起止层" in shape.attributes:
            loose[text_at(shape, "楼号"), text_at(shape, "起止层")].append(shape)
    out = [Floor(dict(f.attributes), f, tuple(inside[f.handle]), True) for f in model.by_role("floor_frame")]
    for (building, levels), shapes in loose.items():
        attributes: dict[str, Value] = {"楼号": building, "起止层": levels}
        for key in _OF_FLOOR:
            for shape in shapes:
                if key in shape.attributes:
                    attributes.setdefault(key, shape.attributes[key])
        out.append(Floor(attributes, shapes[0], tuple(shapes), False))
    return out


def text_at(shape: RoleShape, key: str) -> str:
    """An attribute as text; empty if there is none."""
    value = shape.attributes.get(key)
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value).strip()


def building_of(model: DrawingModel) -> str:
    """楼号 of what names none: the drawing's own, else that of its only frame or building, else the file name's."""
    stated = str(model.attributes.get("楼号") or "").strip()
    if stated:
        return stated
    for roles in (("floor_frame",), ("footprint", "outline")):
        named = {text_at(s, "楼号") for s in model.by_role(*roles)} - {""}
        if len(named) == 1:
            return named.pop()
        if named:
            return ""
    found = _FILE_BUILDING.search(model.name)
    return found.group(1) if found else ""
