"""From drawings to element values: what is measured, with the entities it was measured on.

Nothing is judged here: areas are as drawn (overlaps taken out), distances as they lie; the rule sets are applied by the
engine. What a drawing does not say becomes 无法判定 with the reason, never 0.

All lengths are metres and areas ㎡ in drawing coordinates (the project's projected CRS); heights integer millimetres.
The parts: :mod:`elements.extraction.site_buildings`, :mod:`elements.extraction.distances`,
:mod:`elements.extraction.site_greens`, :mod:`elements.extraction.site_parking`,
:mod:`elements.extraction.building_floors`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel
from drawings.interpreting.estimate import estimate
from elements.engine.rounding import measured
from elements.engine.values import ElementValue, Missing
from elements.extraction.building_floors import floors
from elements.extraction.distances import setbacks, spacings
from elements.extraction.measuring import (
    NOISE,
    DrawingSet,
    ExtractRules,
    Shapes,
    area_of,
    crossing,
    drawn,
    local_area,
    number_of,
    ref_of,
    refs_of,
)
from elements.extraction.site_buildings import building_record, read_buildings, roof_records
from elements.extraction.site_greens import greens
from elements.extraction.site_parking import equipped, parking
from project_box.kernel.finding import EntityRef

__all__ = ["ExtractRules", "extract"]

_LAND_USE_KEYS = ("用地性质", "用地代码", "土地用途", "规划用途")


def extract(
    models: Sequence[DrawingModel],
    boundary: Mapping[str, Any] | None,
    rules: ExtractRules,
    boundary_geometry: BaseGeometry | None = None,
) -> list[ElementValue]:
    """Element values of a drawing set and a boundary result.

    Args:
        models: interpreted drawings of one revision, site plan and buildings in any order.
        boundary: payload of the box's ``boundary`` result, or None.
        boundary_geometry: its geometry in the project CRS, to see whether the drawing lies where the site is.
        rules: see :class:`elements.extraction.measuring.ExtractRules`.

    Returns:
        one value (or a reason why there is none) per element whose source is drawing or boundary.
    """
    drawings = DrawingSet(models, rules)
    values = [*_boundary_values(boundary), *_site(drawings), *floors(drawings), *_stated(drawings)]
    values.append(_displacement(drawings, boundary_geometry))
    declared = [v for v in values if v.code == "YD_DECLARED"]
    if len(declared) == 2:  # the boundary file's own declaration comes first
        values.remove(declared[1] if declared[0].value is not None else declared[0])
    return values


def _site(drawings: DrawingSet) -> list[ElementValue]:
    """Everything of the site plan."""
    boundaries = drawings.on_plan("site_boundary")
    site = shapely.union_all([s.geometry for _, s in boundaries]) if boundaries else None
    out = [
        _drawn_area(drawings, boundaries),
        _dedicated(drawings, "DZDL", "代征道路面积", "dedicated_road", site),
        _dedicated(drawings, "DZLD", "代征绿地面积", "dedicated_green", site),
    ]
    buildings, fault = read_buildings(drawings)
    if fault is not None:
        out.append(fault)
        for code in ("SETBACKS", "SPACINGS", "GD_ROOFS"):
            out.append(
                ElementValue(code, None, source="drawing", missing=fault.missing, evidence=fault.evidence)
            )
    else:
        records = [building_record(b) for b in buildings]
        out.append(drawn("BUILDINGS", records, "", (r for b in buildings for r in b.refs)))
        out.append(setbacks(drawings, buildings, boundaries, site))
        out.append(spacings(drawings, buildings))
        out.append(_roofs(roof_records(buildings)))
    out.append(greens(drawings, buildings))
    spaces = parking(drawings)
    out += [spaces, *equipped(spaces)]
    out.append(_estimate(drawings))
    return out


def _estimate(drawings: DrawingSet) -> ElementValue:
    """GS_BUILDINGS: outlines and storeys of the site plans, for estimating; ㎡, None where storeys are not known."""
    rows: list[dict[str, Any]] = []
    for model in drawings.plans:
        shapes = {s.handle: s for s in model.shapes}
        found = estimate(model)
        for row in found["buildings"] if found is not None else ():
            counted = row["floor_area_m2"]
            rows.append(
                {
                    "building": row["label"],
                    "area": measured(row["area_m2"]),
                    "storeys": row["storeys"],
                    "floor_area": measured(counted) if counted is not None else None,
                    "why": row["why"],
                    "ref": ref_of(model, shapes[row["handle"]]),
                }
            )
    if not rows:
        return drawings.nothing(
            "GS_BUILDINGS", "建筑轮廓", "建筑基底或建筑轮廓", "building footprint or outline"
        )
    return drawn("GS_BUILDINGS", rows, "", (r["ref"] for r in rows))


def _roofs(records: list[dict[str, Any]]) -> ElementValue:
    if records:
        return drawn("GD_ROOFS", records, "", (r["ref"] for r in records))
    reason = Missing(
        "GD_ROOFS", "屋面标高", "图中没有屋面标高（女儿墙顶、檐口、屋脊）", "no roof levels are drawn"
    )
    return ElementValue("GD_ROOFS", None, source="drawing", missing=(reason,))


def _boundary_values(boundary: Mapping[str, Any] | None) -> list[ElementValue]:
    if boundary is None:
        reason = Missing(
            "YD_BOUNDARY", "界址面积", "项目盒里还没有用地红线（界址）成果", "no boundary result in the box"
        )
        return [ElementValue("YD_BOUNDARY", None, source="boundary", missing=(reason,))]
    name = str(boundary.get("source_name") or "")
    out = [
        ElementValue(
            "YD_BOUNDARY", Decimal(str(boundary["area_m2"])), "㎡", source="boundary", details={"file": name}
        )
    ]
    if boundary.get("declared_area_m2") is not None:
        declared = Decimal(str(boundary["declared_area_m2"]))
        out.append(ElementValue("YD_DECLARED", declared, "㎡", source="boundary", details={"file": name}))
    return out


def _drawn_area(drawings: DrawingSet, found: Shapes) -> ElementValue:
    code, name = "YD_DRAWN", "用地红线"
    if not found:
        return drawings.nothing(code, name, "用地红线", "site boundary")
    if fault := crossing(code, name, found):
        return fault
    files = {r.file for r, _ in found}
    if len(files) > 1:
        reason = Missing(
            code, name, f"{len(files)} 张总平面图都有用地红线", "several site plans draw a site boundary"
        )
        return ElementValue(code, None, source="drawing", missing=(reason,), evidence=refs_of(found))
    return drawn(code, sum((measured(area_of(s)) for _, s in found), Decimal(0)), "㎡", refs_of(found))


def _dedicated(
    drawings: DrawingSet, code: str, name: str, role: str, site: BaseGeometry | None
) -> ElementValue:
    found = drawings.on_plan(role)
    if not found:
        if not drawings.plans:
            return drawings.nothing(code, name, name, role)
        return drawn(code, Decimal(0), "㎡", (), "图中未绘，按无代征用地计")
    if fault := crossing(code, name, found):
        return fault
    total = Decimal(0)
    for _, shape in found:
        inside = shape.geometry.intersection(site) if site is not None else shape.geometry
        whole = site is None or abs(local_area(inside) - local_area(shape.geometry)) < NOISE
        total += measured(area_of(shape) if whole else local_area(inside))
    return drawn(code, total, "㎡", refs_of(found))


def _displacement(drawings: DrawingSet, boundary: BaseGeometry | None) -> ElementValue:
    """YD_DIFF: area ㎡ on which drawn red line and boundary differ; zone prefixes are ignored."""
    found = drawings.on_plan("site_boundary")
    if boundary is None:
        reason = Missing(
            "YD_BOUNDARY", "界址图形", "项目盒里还没有用地红线（界址）成果", "no boundary result in the box"
        )
        return ElementValue("YD_DIFF", None, source="drawing", missing=(reason,))
    if not found:
        return drawings.nothing("YD_DIFF", "用地红线", "用地红线", "site boundary")
    if fault := crossing("YD_DIFF", "用地红线", found):
        return fault
    red = shapely.union_all([s.geometry for _, s in found])
    shift = _zone_shift(red) - _zone_shift(boundary)
    red = affinity.translate(red, -shift, 0)
    different = local_area(red.symmetric_difference(boundary))
    return drawn("YD_DIFF", measured(different), "㎡", refs_of(found))


def _zone_shift(geometry: BaseGeometry) -> float:
    """The zone prefix in front of the easting (``38 486 000`` → 38 000 000), 0 without one."""
    east = geometry.bounds[0]
    return math.floor(east / 1e6) * 1e6 if east >= 1e7 else 0.0


def _stated(drawings: DrawingSet) -> list[ElementValue]:
    """Declared figures written on the drawings: site area, floor area, land use."""
    texts: dict[str, tuple[str | float, tuple[EntityRef, ...]]] = {}
    for model in drawings.plans:
        for key, value in model.attributes.items():
            texts.setdefault(key, (value, ()))
        for shape in model.by_role("site_boundary"):
            for key, own in shape.attributes.items():
                texts.setdefault(key, (own, (ref_of(model, shape),)))
    out: list[ElementValue] = []
    for code, keys in (
        ("YD_DECLARED", ("申报用地面积", "净用地面积")),
        ("ZJZ_DECLARED", ("总建筑面积", "申报总建筑面积")),
    ):
        for key in keys:
            if key in texts and (number := number_of({key: texts[key][0]}, key)) is not None:
                out.append(drawn(code, number, "㎡", texts[key][1]))
                break
    for key in _LAND_USE_KEYS:
        if key in texts and str(texts[key][0]).strip():
            out.append(drawn("YDXZ", str(texts[key][0]).strip(), "", texts[key][1]))
            break
    return out
