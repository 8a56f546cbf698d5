"""Floors of the building drawings: frames with their levels, heights, uses and area lines, overlaps taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from drawings.drawing import DrawingModel, RoleShape
from drawings.interpreting.floors import Floor, building_of, drawn_floors
from drawings.standards.multiplicity import BadRange, is_between, is_once, parse_floors
from drawings.standards.standards import roles
from elements.engine.rounding import measured
from elements.engine.values import ElementValue, Missing
from elements.extraction.measuring import (
    NOISE,
    DrawingSet,
    ExtractRules,
    area_of,
    drawn,
    local_area,
    millimetres_of,
    number_of,
    ref_of,
    text_of,
)
from project_box.kernel.finding import EntityRef

_COUNTED_ROLES = ("area_full", "area_half", "area_none", "area_deduct", "balcony", "bay_window")
#: which role's area is taken out of which: earlier ones first
_PRECEDENCE = {
    "area_none": 0,
    "area_deduct": 0,
    "balcony": 1,
    "bay_window": 2,
    "area_half": 3,
    "area_full": 4,
}
#: order in which parts are shown: full lines first
_PRECEDENCE_OF = {"不计": 0, "阳台": 1, "凸窗": 2, "半计": 3}


def _levels(attributes: Mapping[str, str | float]) -> tuple[list[int] | None, bool]:
    """(natural storeys, roof?) of a frame; None when the range cannot be read."""
    raw = attributes.get("起止层")
    text = f"{raw:g}" if isinstance(raw, float) else str(raw or "").strip()
    if text:
        try:
            return list(parse_floors(text)), False
        except BadRange:
            return _once(text)
    return _once(str(attributes.get("层名") or "").strip())


def _once(text: str) -> tuple[list[int] | None, bool]:
    """A floor that is no natural storey: above the last one, or between two."""
    return ([], not is_between(text)) if is_once(text) else (None, False)


def _yes_no(text: str) -> str | None:
    if not text:
        return None
    return "是" if text.upper() in ("是", "Y", "YES", "TRUE", "1", "封闭", "有") else "否"


def floors(drawings: DrawingSet) -> list[ElementValue]:
    """FLOORS and HS_UNITS of all building drawings."""
    rows: list[dict[str, Any]] = []
    missing: list[Missing] = []
    faulty: list[EntityRef] = []
    units, unit_refs = 0, []
    exposed = _exposed(drawings)
    for model in drawings.models:
        for frame in _frames(model):
            record, reasons = _floor(drawings.rules, model, frame, exposed)
            if reasons:
                missing += reasons
                faulty += [r for r in [record["ref"]] if isinstance(r, EntityRef)]
            rows.append(record)
            inner = [s for s in frame.inside if s.role == "unit_inner"]
            for shape in inner:
                number = number_of(shape, "套数") if "套数" in shape.attributes else Decimal(1)
                units += int(number or 0) * (len(record["levels"]) or 1)
                unit_refs.append(ref_of(model, shape))
        stray = _stray(model)
        if stray:
            handles = "、".join(s.handle for s in stray[:6])
            missing.append(
                Missing(
                    "面积线",
                    "面积线",
                    f"{model.name}：面积线不在任何楼层框内（句柄 {handles}）",
                    f"area lines outside every floor frame: {handles}",
                )
            )
            faulty += [ref_of(model, s) for s in stray]
    if not rows and not missing:
        what = "没有可读的图纸" if not drawings.models else "图纸中没有楼层框（单体图）"
        missing.append(Missing("FLOORS", "楼层与面积线", what, "no floor frames in the drawings"))
    if missing:
        first = ElementValue(
            "FLOORS",
            None,
            source="drawing",
            missing=tuple(dict.fromkeys(missing)),
            evidence=tuple(dict.fromkeys(faulty)),
        )
    else:
        first = drawn("FLOORS", rows, "", (r["ref"] for r in rows if isinstance(r["ref"], EntityRef)))
    if unit_refs:
        second = drawn("HS_UNITS", units, "套", unit_refs)
    else:
        reason = Missing(
            "HS_UNITS", "图中套数", "单体图中没有套内线", "no unit lines in the building drawings"
        )
        second = ElementValue("HS_UNITS", None, source="drawing", missing=(reason,))
    return [first, second]


def _exposed(drawings: DrawingSet) -> int | None:
    """Greatest height (mm) of a basement's top slab above outdoor ground, if every basement outline tells it."""
    found = [millimetres_of(s, "顶板高差") for _, s in drawings.on_plan("basement")]
    known = [h for h in found if h is not None]
    return max(known) if known and len(known) == len(found) else None


def _frames(model: DrawingModel) -> list[Floor]:
    return [f for f in drawn_floors(model) if f.inside or f.attributes]


def _stray(model: DrawingModel) -> list[RoleShape]:
    return [s for s in model.by_role(*_COUNTED_ROLES) if s.parent is None and "起止层" not in s.attributes]


def _floor(
    rules: ExtractRules, model: DrawingModel, frame: Floor, exposed: int | None
) -> tuple[dict[str, Any], list[Missing]]:
    attributes = frame.attributes
    building = str(attributes.get("楼号") or "").strip() or building_of(model)
    name = str(attributes.get("层名") or attributes.get("起止层") or "").strip()
    missing: list[Missing] = []
    levels, roof = _levels(attributes)
    if levels is None:
        handle = frame.shape.handle
        text = str(attributes.get("起止层") or "")
        why = f"起止层“{text}”不能识别" if text else "没有注明起止层"
        missing.append(
            Missing(
                "起止层",
                "起止层",
                f"{building} 楼层框（句柄 {handle}）{why}",
                f"frame {handle}: floor range",
            )
        )
        levels = []
    own = millimetres_of(attributes, "顶板高差")
    below = bool(levels) and max(levels) < 0
    if below and own is None:
        own = exposed if max(levels) == -1 else 0  # a lower basement's slab lies under the one above it
    standard = str(attributes.get("标准层") or "").strip()
    record = {
        "building": building,
        "name": name or "未注层名",
        "levels": levels,
        "roof": roof,
        "height_mm": millimetres_of(attributes, "层高"),
        "usage": str(attributes.get("用途") or "").strip() or None,
        "standard": True if standard == "是" else False if standard == "否" else None,
        "exposed_mm": own if below else None,
        "parts": _parts(rules, model, frame, below, roof),
        "ref": ref_of(model, frame.shape),
    }
    crossing = [s for s in frame.inside if s.role in _COUNTED_ROLES and not s.valid]
    if crossing:
        handles = "、".join(s.handle for s in crossing[:6])
        missing.append(
            Missing(
                "面积线",
                "面积线",
                f"{building} {record['name']}：面积线自相交（句柄 {handles}）",
                f"self-crossing area line {handles}",
            )
        )
    return record, missing


def _parts(
    rules: ExtractRules, model: DrawingModel, frame: Floor, below: bool, roof: bool
) -> list[dict[str, Any]]:
    shapes = [s for s in frame.inside if s.role in _COUNTED_ROLES]
    ordered = sorted(shapes, key=lambda s: (_PRECEDENCE[s.role], area_of(s), s.handle))
    taken: list[BaseGeometry] = []
    deductions: list[tuple[float, RoleShape]] = []
    parts: list[dict[str, Any]] = []
    whole: list[bool] = []
    for shape in ordered:
        covered = 0.0
        if taken:
            tree = [g for g in taken if g.intersects(shape.geometry)]
            covered = local_area(shapely.union_all(tree).intersection(shape.geometry)) if tree else 0.0
        taken.append(shape.geometry)
        area = area_of(shape) - (covered if covered > NOISE else 0.0)
        if area <= NOISE:
            continue
        if shape.role == "area_deduct":
            deductions.append((_beside(shape, shapes), shape))
        whole.append(shape.role == "area_full")
        parts.append(
            {
                "object": _object(rules, shape, below, roof),
                "area": measured(area),
                "usage": text_of(shape, "用途") or None,
                "position": text_of(shape, "位置") or None,
                "enclosed": _yes_no(text_of(shape, "封闭")),
                "net_mm": millimetres_of(shape, "净高"),
                "sill_mm": millimetres_of(shape, "窗台高差"),
                "projection_mm": millimetres_of(shape, "进深"),
                "enclosure": text_of(shape, "围护") or None,
                "columns": text_of(shape, "柱") or None,
                "covered": _yes_no(text_of(shape, "顶盖")),
                "connected": _yes_no(text_of(shape, "相通")),
                "used": _yes_no(text_of(shape, "利用")),
                "exempt": text_of(shape, "计容豁免") or None,
                "ref": ref_of(model, shape),
            }
        )
    for beside, shape in deductions:
        lines = [p for p, full in zip(parts, whole, strict=True) if full]
        _deduct(lines, beside * abs(float(number_of(shape, "系数") or 0)), text_of(shape, "用途"))
    return sorted(parts, key=lambda p: -_PRECEDENCE_OF.get(str(p["object"]), 4))


def _beside(shape: RoleShape, shapes: Sequence[RoleShape]) -> float:
    """How much of a line to deduct lies outside every area line, ㎡."""
    under = [s.geometry for s in shapes if s.role != "area_deduct" and s.geometry.intersects(shape.geometry)]
    left = local_area(shape.geometry.difference(shapely.union_all(under))) if under else area_of(shape)
    return left if left > roles().tolerances.overlap_area else 0.0


def _deduct(lines: list[dict[str, Any]], area: float, usage: str) -> None:
    """Take what is deducted beside the area lines off the largest ones of the floor, of the same use first."""
    for part in sorted(lines, key=lambda p: (bool(usage) and p["usage"] != usage, -p["area"])):
        taken = min(measured(area), part["area"])
        part["area"] -= taken
        area -= float(taken)
        if area <= NOISE:
            return


def _object(rules: ExtractRules, shape: RoleShape, below: bool, roof: bool) -> str:
    kind = text_of(shape, "类别")
    if kind in rules.objects:
        return kind
    if shape.role == "area_deduct":
        share = number_of(shape, "系数")
        return "半计" if share is not None and abs(share) == Decimal("0.5") else "不计"
    if shape.role == "area_full":
        return "地下室" if below else "屋顶用房" if roof else "自然层"
    return {"area_half": "半计", "area_none": "不计", "balcony": "阳台", "bay_window": "凸窗"}[shape.role]
