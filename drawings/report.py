"""A drawing model as people and programs read it: layers, roles, areas, dimensions, issues."""

from __future__ import annotations

from typing import Any

from drawings.drawing import DrawingModel
from drawings.standards import load_standards, roles
from project_box.kernel.finding import Issue
from project_box.kernel.plain import to_plain


def issue_to_plain(issue: Issue) -> dict[str, Any]:
    """JSON form of an issue."""
    plain: dict[str, Any] = to_plain(issue)
    return plain


def drawing_report(model: DrawingModel) -> dict[str, Any]:
    """The report of one drawing.

    Returns:
        ``file, format, version, readable, kind, standard, units, sheets, layers, roles, areas, dimensions,
        attributes, issues``;
        areas in ㎡ rounded to 4 decimals, dimensions in metres, places in drawing units.
    """
    catalogue = roles().roles
    by_role: dict[str, dict[str, Any]] = {}
    for shape in model.shapes:
        entry = by_role.setdefault(
            shape.role,
            {
                "name": catalogue[shape.role].zh,
                "name_en": catalogue[shape.role].en,
                "count": 0,
                "area_m2": None,
            },
        )
        entry["count"] += 1
        if shape.area_m2 is not None:
            entry["area_m2"] = round((entry["area_m2"] or 0.0) + shape.area_m2, 4)
    standard = load_standards().get(model.standard or "")
    return {
        "file": model.name,
        "format": model.format,
        "version": model.version,
        "readable": model.readable,
        "kind": model.kind,
        "standard": {"code": standard.code, "name": standard.name, "name_en": standard.name_en}
        if standard
        else None,
        "units": model.units,
        "sheets": to_plain(list(model.sheets)),
        "layers": to_plain(list(model.layers)),
        "roles": by_role,
        "areas": [
            {
                "role": s.role,
                "layer": s.layer,
                "handle": s.handle,
                "area_m2": round(s.area_m2, 4),
                "attributes": to_plain(s.attributes),
            }
            for s in model.shapes
            if s.area_m2 is not None
        ],
        "dimensions": to_plain(list(model.dimensions)),
        "attributes": model.attributes,
        "issues": [issue_to_plain(i) for i in model.issues],
    }
