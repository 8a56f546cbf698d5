"""A comparison as JSON and as what the sheet viewer lays over the drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import shapely
from shapely.geometry import mapping

from drawings.comparing.compare import REVERSE, Change, Comparison, ShapeChange, rounded
from drawings.drawing import RoleShape
from drawings.shapes.similarity import Similarity
from drawings.standards.standards import roles
from project_box.kernel.plain import to_plain

_DIRECTIONS = (
    ("北", "north"), ("东北", "north-east"), ("东", "east"), ("东南", "south-east"),
    ("南", "south"), ("西南", "south-west"), ("西", "west"), ("西北", "north-west"),
)  # fmt: skip
#: a movement of less is none, metres
_STILL_M = 0.0005


def comparison_to_plain(found: Comparison) -> dict[str, Any]:
    """JSON form without geometries; file numbers count from 1."""
    names = roles().roles
    return {
        "empty": found.empty,
        "counts": found.counts,
        "files": [
            {
                **to_plain(replace(f, placed=None)),
                "placed": laid_to_plain(f.placed, _between(f.placed) if f.placed else None),
                "n_before": f.file_before + 1 if f.file_before is not None else None,
                "n": f.file + 1 if f.file is not None else None,
            }
            for f in found.files
        ],
        "roles": [
            {
                **to_plain(r),
                "name": names[r.role].zh,
                "name_en": names[r.role].en,
                "area_delta": r.area_delta,
                "count_delta": r.count_after - r.count_before,
                "causes": _causes(found.changes, r.role),
            }
            for r in found.roles
        ],
        "changes": [
            {
                "id": index,
                "change": c.change.value,
                "change_name": c.change.zh,
                "role": c.role,
                "role_name": names[c.role].zh,
                "role_name_en": names[c.role].en,
                "n_before": c.file_before + 1 if c.file_before is not None else None,
                "n": c.file + 1 if c.file is not None else None,
                "handle_before": c.before.handle if c.before else None,
                "handle": c.after.handle if c.after else None,
                "layer": c.shape.layer,
                "label": _label(c.shape),
                "area_before": rounded(c.before.area_m2) if c.before else None,
                "area_after": rounded(c.after.area_m2) if c.after else None,
                "area_delta": c.area_delta,
                "vector": list(c.vector) if c.vector else None,
                "distance_m": round(math.hypot(*c.vector), 4) if c.vector else None,
                "bearing": _bearing(c.vector),
                "laid": laid_to_plain(c.laid, c.vector),
                "deviation_m": c.deviation_m,
                "attributes": to_plain(list(c.attributes)),
            }
            for index, c in enumerate(found.changes, 1)
        ],
    }


def laid_to_plain(way: Similarity | None, moved: tuple[float, float] | None) -> dict[str, Any] | None:
    """How an outline was laid: ``angle`` (degrees anticlockwise), ``axis`` of a mirror, ``scale``, ``vector``.

    Args:
        moved: (east, north) in metres from middle to middle.
    """
    if way is None or moved is None:
        return None
    return {
        "angle": None if way.mirrored else round(way.angle, 4) + 0.0,
        "axis": round(way.axis, 4) % 180 if way.axis is not None else None,
        "scale": round(way.scale, 6) if way.scaled else None,
        "vector": list(moved),
        "distance_m": round(math.hypot(*moved), 4),
        "bearing": _bearing(moved),
    }


def _between(way: Similarity) -> tuple[float, float]:
    moved = way.end - way.start
    return round(moved.real, 4), round(moved.imag, 4)


def _bearing(moved: tuple[float, float] | None) -> dict[str, Any] | None:
    """Direction of a movement: ``degrees`` clockwise from north, the nearest of eight names; None if nothing moved."""
    if moved is None or math.hypot(*moved) < _STILL_M:
        return None
    degrees = round(math.degrees(math.atan2(*moved)) % 360, 1) % 360
    zh, en = _DIRECTIONS[round(degrees / 45) % 8]
    return {"degrees": degrees, "name": zh, "name_en": en}


def _causes(changes: Sequence[ShapeChange], role: str) -> list[dict[str, Any]]:
    """The changes behind the difference of a role's totals, the greatest first; the others are left out."""
    own = [
        {
            "id": index,
            "change": c.change.value,
            "handle": c.shape.handle,
            "label": _label(c.shape),
            "area_delta": c.area_delta,
            "count_delta": int(c.change is Change.ADDED) - int(c.change is Change.REMOVED),
        }
        for index, c in enumerate(changes, 1)
        if c.role == role and (c.change in REVERSE or abs(c.area_delta or 0.0) >= 0.005)
    ]
    return sorted(own, key=lambda c: -abs(c["area_delta"] or 0.0))


def _label(shape: RoleShape) -> str:
    for keys in (("楼号", "层名"), ("层名",), ("户号",), ("起止层",), ("用途",)):
        words = [str(shape.attributes[k]) for k in keys if shape.attributes.get(k)]
        if words:
            return " ".join(words)
    return ""


def overlay_geojson(
    found: Comparison, *, file: int | None, file_before: int | None, metres_per_unit: float
) -> dict[str, Any]:
    """The differences of one file in the drawing units of the sheet they are shown on.

    Args:
        file, file_before: positions of the file in the later and the earlier revision; None where it is absent.
        metres_per_unit: of the sheet.

    Returns:
        FeatureCollection; properties ``id, change, when (before|after), role, handle``. A moved or reshaped shape has
        two features.
    """
    features: list[dict[str, Any]] = []
    for index, c in enumerate(found.changes, 1):
        here = c.file is not None and c.file == file
        there = c.file_before is not None and c.file_before == file_before
        if not here and not there:
            continue
        for when, shape in (("before", c.before), ("after", c.after)):
            if shape is None or shape.geometry.is_empty:
                continue
            if when == "before" and c.change is Change.ATTRIBUTE:
                continue
            geometry = shapely.transform(shape.geometry, lambda xy: (xy / metres_per_unit).round(6))
            features.append(
                {
                    "type": "Feature",
                    "properties": {
                        "id": index,
                        "change": c.change.value,
                        "when": when,
                        "role": c.role,
                        "handle": shape.handle,
                    },
                    "geometry": to_plain(mapping(geometry)),
                }
            )
    return {"type": "FeatureCollection", "features": features}
