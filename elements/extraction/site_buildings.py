"""Buildings of the site plan: footprints, outlines and attributes joined by 楼号, as records of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import shapely

from drawings.drawing import RoleShape
from drawings.interpreting.estimate import buildings_of
from drawings.interpreting.floors import building_of
from elements.engine.rounding import measured
from elements.engine.values import ElementValue
from elements.extraction.measuring import (
    Building,
    DrawingSet,
    Shapes,
    area_of,
    crossing,
    local_area,
    millimetres_of,
    number_of,
    ref_of,
    text_of,
)
from project_box.kernel.finding import EntityRef

#: attribute keys that describe a roof; a shape that has one of them is a roof of its own
_ROOF_KEYS = (
    "屋面形式",
    "女儿墙顶标高",
    "檐口标高",
    "屋脊标高",
    "最高点标高",
    "女儿墙顶高度",
    "檐口高度",
    "屋脊高度",
    "最高点高度",
)
Attributes = Mapping[str, str | float]


def read_buildings(drawings: DrawingSet) -> tuple[list[Building], ElementValue | None]:
    """Buildings of the site plans, or the value of BUILDINGS that says why there are none.

    A building drawn as an outline only stands where it stands, but covers no known area.
    """
    drawn = [(ref_of(m, s), s) for m in drawings.plans for s in buildings_of(m)]
    found = [pair for pair in drawn if pair[1].role == "footprint"]
    alone = [pair for pair in drawn if pair[1].role == "outline"]
    if not drawn:
        return [], drawings.nothing(
            "BUILDINGS", "建筑基底", "建筑基底或建筑轮廓", "building footprint or outline"
        )
    for what, shapes in (("建筑基底", found), ("建筑轮廓", alone)):
        if fault := crossing("BUILDINGS", what, shapes):
            return [], fault
    apart = {id(s) for _, s in alone}
    outlines = [(r, s) for r, s in drawings.on_plan("outline") if id(s) not in apart]
    buildings = [_building(key, members, outlines, False) for key, members in _grouped(found)]
    buildings += [_building(key, members, [], True) for key, members in _grouped(alone)]
    _heights(drawings, buildings)
    return buildings, None


def _grouped(found: Shapes) -> list[tuple[str, Shapes]]:
    """Shapes by 楼号; one without is a building of its own."""
    groups: dict[str, Shapes] = {}
    for index, (ref, shape) in enumerate(found):
        groups.setdefault(text_of(shape, "楼号") or f"\0{index}", []).append((ref, shape))
    return list(groups.items())


def _building(key: str, members: Shapes, outlines: Shapes, outlined: bool) -> Building:
    foot = shapely.union_all([s.geometry for _, s in members])
    area = sum(area_of(s) for _, s in members)
    overlap = sum(local_area(s.geometry) for _, s in members) - local_area(foot)
    own = [
        (r, s)
        for r, s in outlines
        if (text_of(s, "楼号") == key if text_of(s, "楼号") else s.geometry.intersects(foot)) and s.valid
    ]
    attributes: dict[str, str | float] = {}
    for _, shape in [*members, *own]:
        for k, v in shape.attributes.items():
            attributes.setdefault(k, v)
    outline = shapely.union_all([foot, *(s.geometry for _, s in own)])
    roofs = [(r, dict(s.attributes), area_of(s)) for r, s in [*members, *own] if _has_roof(s)]
    name = "" if key.startswith("\0") else key
    return Building(name, members, foot, outline, area - max(overlap, 0.0), attributes, roofs, outlined)


def _has_roof(shape: RoleShape) -> bool:
    return any(k in shape.attributes for k in _ROOF_KEYS)


def _heights(drawings: DrawingSet, buildings: Sequence[Building]) -> None:
    marks = [
        (s, text_of(s, "楼号") or building_of(m)) for m in drawings.models for s in m.by_role("height_mark")
    ]
    for building in buildings:
        if number_of(building.attributes, "建筑高度") is not None:
            continue
        for mark, name in marks:
            value = number_of(mark, "建筑高度") or number_of(mark, "测量值")
            if value is not None and name == building.name and building.name:
                building.attributes["建筑高度"] = float(value)


def building_record(building: Building) -> dict[str, Any]:
    """One building as a record of BUILDINGS (area ㎡, None of an outline without footprint; heights in mm)."""
    attributes = building.attributes
    storeys, basement = number_of(attributes, "层数"), number_of(attributes, "地下层数")
    return {
        "building": building.name,
        "label": building.label,
        "area": None if building.outlined else measured(building.area),
        "height_mm": millimetres_of(attributes, "建筑高度"),
        "fire_height_mm": millimetres_of(attributes, "消防高度"),
        "fire_class": str(attributes.get("耐火等级") or "").strip() or None,
        "storeys": int(storeys) if storeys is not None else None,
        "basement_storeys": int(basement) if basement is not None else None,
        "usage": str(attributes.get("用途") or "") or None,
        "ref": building.refs[0],
    }


def roof_records(buildings: Sequence[Building]) -> list[dict[str, Any]]:
    """Roofs as the drawing describes them, for the height rules: elevations and heights in m.

    A height above the ground outside (檐口高度) is taken as an elevation over a ground of 0.
    """
    out: list[dict[str, Any]] = []
    for building in buildings:
        seen: set[tuple[tuple[str, str], ...]] = set()
        for ref, attributes, area in building.roofs:
            described = tuple(sorted((k, str(attributes[k])) for k in _ROOF_KEYS if k in attributes))
            if described in seen:  # footprint and outline say the same
                continue
            seen.add(described)
            out.append(_roof(building, ref, {**building.attributes, **attributes}, area))
    return out


def _roof(building: Building, ref: EntityRef, attributes: Attributes, area: float) -> dict[str, Any]:
    levels = {"parapet": "女儿墙顶", "eave": "檐口", "ridge": "屋脊", "top": "最高点"}
    ground = number_of(attributes, "室外地坪标高")
    record: dict[str, Any] = {"building": building.label, "form": text_form(attributes), "ground": ground}
    for key, word in levels.items():
        elevation = number_of(attributes, f"{word}标高")
        height = number_of(attributes, f"{word}高度")
        if elevation is None and height is not None:
            elevation = height + (ground or Decimal(0))
        record[key] = elevation
    if ground is None and any(number_of(attributes, f"{w}高度") is not None for w in levels.values()):
        record["ground"] = Decimal(0)
    record["roof_area"] = number_of(attributes, "屋面面积") or measured(area)
    record["rooms_area"] = number_of(attributes, "突出屋面面积")
    record["rooms_top"] = number_of(attributes, "突出屋面标高")
    record["ref"] = ref
    return record


def text_form(attributes: Attributes) -> str | None:
    """屋面形式: 平屋顶 or 坡屋顶; read from 屋脊 where the form is not written."""
    stated = str(attributes.get("屋面形式") or "").strip()
    if stated:
        return "坡屋顶" if "坡" in stated else "平屋顶" if "平" in stated else stated
    if any(k in attributes for k in ("屋脊标高", "屋脊高度")):
        return "坡屋顶"
    return "平屋顶" if any(k in attributes for k in ("女儿墙顶标高", "女儿墙顶高度")) else None
