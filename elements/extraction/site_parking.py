"""Parking spaces of the drawings."""

from __future__ import annotations

from decimal import Decimal

from drawings.interpreting.spaces import spaces_of
from elements.engine.values import ElementValue, Missing
from elements.extraction.measuring import DrawingSet, drawn, number_of, ref_of, refs_of, text_of

_EQUIPPED = {
    "TC_CHARGE_A": ("设计充电桩车位", "充电"),
    "TC_ACCESS_A": ("设计无障碍车位", "无障碍"),
}


def equipped(found: ElementValue) -> list[ElementValue]:
    """TC_CHARGE_A and TC_ACCESS_A: car spaces for charging and the disabled, where the drawing tells kinds."""
    rows = [r for r in found.value if r["kind"] == "car"] if isinstance(found.value, list) else []
    out = []
    for code, (name, word) in _EQUIPPED.items():
        if any(r["type"] for r in rows):
            own = [r for r in rows if word in str(r["type"] or "")]
            out.append(drawn(code, sum(r["count"] for r in own), "个", (r["ref"] for r in own)))
        else:
            why = "停车位没有注明类型（充电、无障碍）"
            reason = Missing(code, name, why, "the spaces do not tell their kind")
            out.append(ElementValue(code, None, source="drawing", missing=(reason,)))
    return out


def parking(drawings: DrawingSet) -> ElementValue:
    """PARKING: spaces by kind and place, with what they are equipped for."""
    found = drawings.on_plan("parking_car", "parking_bike")
    building_models = [m for m in drawings.models if m not in drawings.plans]
    found += [(ref_of(m, s), s) for m in building_models for s in m.by_role("parking_car", "parking_bike")]
    if not found:
        return drawings.nothing("PARKING", "停车位", "停车位", "parking space")
    rows, bad, areas = [], [], []
    for (ref, shape), spaces in zip(found, spaces_of([s for _, s in found]), strict=True):
        if spaces is None:
            areas.append((ref, shape))
            continue
        number = number_of(shape, "数量") if "数量" in shape.attributes else Decimal(spaces)
        if number is None or number < 0 or number != number.to_integral_value():
            bad.append((ref, shape))
            continue
        rows.append(
            {
                "kind": "car" if shape.role == "parking_car" else "bike",
                "count": int(number),
                "position": text_of(shape, "位置") or None,
                "type": text_of(shape, "类型") or None,
                "ref": ref,
            }
        )
    if bad:
        handles = "、".join(r.handle for r, _ in bad[:6])
        reason = Missing(
            "PARKING", "停车位", f"车位数量不是整数（句柄 {handles}）", f"parking count unusable: {handles}"
        )
        return ElementValue("PARKING", None, source="drawing", missing=(reason,), evidence=refs_of(bad))
    if areas:
        handles = "、".join(r.handle for r, _ in areas[:6])
        why = f"停车区域没有注明车位数（句柄 {handles}）"
        reason = Missing("PARKING", "停车位", why, f"parking areas without a number of spaces: {handles}")
        return ElementValue("PARKING", None, source="drawing", missing=(reason,), evidence=refs_of(areas))
    return drawn("PARKING", rows, "", refs_of(found))
