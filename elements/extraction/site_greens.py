"""Green areas of the site plan: what of them counts after walls, roads and stalls, and what lies above a basement."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.drawing import RoleShape
from elements.calculators.areas import CENTRAL
from elements.engine.rounding import measured
from elements.engine.values import ElementValue
from elements.extraction.measuring import (
    NOISE,
    Building,
    DrawingSet,
    ExtractRules,
    Shapes,
    area_of,
    crossing,
    drawn,
    local_area,
    number_of,
    refs_of,
    text_of,
)
from project_box.kernel.finding import EntityRef


def wide_part(green: BaseGeometry, width: float) -> BaseGeometry:
    """The part of a green that is at least ``width`` m wide: shrunk by half of it and grown again, corners kept."""
    return green.buffer(-width / 2 + 1e-6).buffer(width / 2, join_style="mitre").intersection(green)


def greens(drawings: DrawingSet, buildings: Sequence[Building]) -> ElementValue:
    """GREENS: every green with what of it counts; the part above a basement is a record of its own."""
    found = drawings.on_plan("green", "roof_green")
    if not found:
        return drawings.nothing("GREENS", "绿地", "绿地", "green space")
    if fault := crossing("GREENS", "绿地", found):
        return fault
    feet = shapely.union_all([b.foot for b in buildings])
    basements = drawings.on_plan("basement")
    roads = [
        s.geometry for _, s in drawings.on_plan("road") if isinstance(s.geometry, (Polygon, MultiPolygon))
    ]
    stalls = [
        s.geometry
        for _, s in drawings.on_plan("parking_car", "parking_bike")
        if isinstance(s.geometry, (Polygon, MultiPolygon))
    ]
    rows: list[dict[str, Any]] = []
    for ref, shape in found:
        kind = text_of(shape, "类型") or ("屋顶绿化" if shape.role == "roof_green" else "绿地")
        rows += _green_rows(drawings.rules, ref, shape, kind, feet, roads, stalls, basements)
    return drawn("GREENS", rows, "", refs_of(found))


def _green_rows(
    rules: ExtractRules,
    ref: EntityRef,
    shape: RoleShape,
    kind: str,
    feet: BaseGeometry,
    roads: Sequence[BaseGeometry],
    stalls: Sequence[BaseGeometry],
    basements: Shapes,
) -> list[dict[str, Any]]:
    soil = number_of(shape, "覆土")
    if shape.role == "roof_green":
        area = measured(area_of(shape))
        return [{"kind": kind, "area": area, "counted_area": area, "soil_m": soil, "ref": ref}]
    from_wall, from_road = rules.green_offsets.get(kind) or rules.green_offsets.get(
        "绿地", (Decimal(0), Decimal(0))
    )
    barred: list[BaseGeometry] = [feet.buffer(float(from_wall), quad_segs=32)] if not feet.is_empty else []
    barred += [r.buffer(float(from_road), quad_segs=32) if from_road else r for r in roads]
    barred += stalls
    left = shape.geometry.difference(shapely.union_all(barred)) if barred else shape.geometry
    lost = local_area(shape.geometry) - local_area(left)
    drawn_area = area_of(shape)
    counted = drawn_area - lost if lost > NOISE else drawn_area
    if kind == CENTRAL:
        width = rules.central_width
        wide = local_area(wide_part(left, float(width))) if width is not None else None
        return [
            {
                "kind": kind,
                "area": measured(drawn_area),
                "counted_area": measured(max(counted, 0.0)),
                "wide_area": measured(wide) if wide is not None else None,
                "soil_m": soil,
                "ref": ref,
            }
        ]
    over = _over_basements(ref, left, soil, basements) if kind == "绿地" else []
    above = sum(size for size, _ in over)
    rest = counted - above
    rows = [row for _, row in over]
    if rest > NOISE or not over:
        open_ground = {
            "kind": kind,
            "area": measured(drawn_area - above),
            "counted_area": measured(max(rest, 0.0)),
            "soil_m": soil,
            "ref": ref,
        }
        rows.insert(0, open_ground)
    return rows


def _over_basements(
    ref: EntityRef, green: BaseGeometry, soil: Decimal | None, basements: Shapes
) -> list[tuple[float, dict[str, Any]]]:
    """Size ㎡ and row of each part of a green that lies on the roof of a basement (地下室顶板绿地)."""
    over = []
    for _, basement in basements:
        size = local_area(green.intersection(basement.geometry))
        if size <= NOISE:
            continue
        row = {
            "kind": "地下室顶板绿地",
            "area": measured(size),
            "counted_area": measured(size),
            "soil_m": soil if soil is not None else number_of(basement, "覆土"),
            "ref": ref,
        }
        over.append((size, row))
    return over
