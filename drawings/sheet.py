"""The sheet as the viewer draws it: GeoJSON features in drawing units with handle, layer, role, colour, text."""

from __future__ import annotations

import math
from typing import Any

from drawings.cad.curve import Curve
from drawings.cad.model import CadFile
from drawings.drawing import DrawingModel

_DISPLAY_TOLERANCE_M = 0.02


def sheet_geojson(cad: CadFile, model: DrawingModel) -> dict[str, Any]:
    """All entities of model space as a FeatureCollection.

    Returns:
        ``features``: properties ``handle, kind, layer, role, color, text, height, rotation, fill``; coordinates
            in drawing
        units rounded to a tenth of a millimetre. Beside them ``layers``, ``extent``, ``unit``, ``metres_per_unit``.
    """
    scale = cad.units.metres_per_unit
    decimals = max(0, min(9, 4 + round(math.log10(scale)))) if scale > 0 else 4
    tolerance = _DISPLAY_TOLERANCE_M / scale
    roles = {layer.name: layer.role for layer in model.layers}
    shape_of = {member: s.role for s in model.shapes for member in s.members}

    def rounded(point: tuple[float, float]) -> list[float]:
        return [round(point[0], decimals), round(point[1], decimals)]

    def line(curve: Curve) -> list[list[float]]:
        points = [rounded(p) for p in curve.flatten(tolerance)]
        if curve.closed and points:
            points.append(points[0])
        return points

    features: list[dict[str, Any]] = []
    for entity in cad.entities:
        base: dict[str, Any] = {
            "handle": entity.handle,
            "kind": entity.kind,
            "layer": entity.layer,
            "color": entity.color,
        }
        role = shape_of.get(entity.handle) or roles.get(entity.layer)
        if role is not None and role != "reference":
            base["role"] = role
        lines = [points for c in entity.curves if len(points := line(c)) >= 2]
        if lines:
            filled = entity.filled and all(len(points) >= 4 for points in lines)
            if filled:
                geometry: dict[str, Any] = {"type": "Polygon", "coordinates": lines}
            elif len(lines) == 1:
                geometry = {"type": "LineString", "coordinates": lines[0]}
            else:
                geometry = {"type": "MultiLineString", "coordinates": lines}
            features.append(_feature({**base, "fill": True} if filled else base, geometry))
        if entity.text and entity.at is not None:
            features.append(
                _feature(
                    {
                        **base,
                        "text": entity.text[:500],
                        "height": round(entity.height, decimals),
                        "rotation": round(entity.rotation, 2),
                    },
                    {"type": "Point", "coordinates": rounded(entity.at)},
                )
            )
        elif not lines and entity.at is not None and entity.kind == "POINT":
            features.append(_feature(base, {"type": "Point", "coordinates": rounded(entity.at)}))
    return {
        "type": "FeatureCollection",
        "name": cad.name,
        "unit": cad.units.unit,
        "metres_per_unit": scale,
        "extent": list(cad.extents) if cad.extents else None,
        "layers": [
            {"name": u.name, "color": u.color, "role": u.role, "entities": u.entities, "visible": u.visible}
            for u in model.layers
        ],
        "features": features,
    }


def _feature(properties: dict[str, Any], geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}
