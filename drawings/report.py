"""A drawing as people and programs read it: units, layers, roles, areas, dimensions, texts, issues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import shapely

from drawings.drawing import DrawingModel, RoleShape
from drawings.interpreting.measures import measured
from drawings.interpreting.survey import LayerRing, Survey
from drawings.reading import Reading
from drawings.shapes.pairs import array
from drawings.standards.guess import Guess, proposed
from drawings.standards.standards import Standard, load_standards, roles
from project_box.kernel.finding import Issue
from project_box.kernel.plain import to_plain


def issue_to_plain(issue: Issue) -> dict[str, Any]:
    """JSON form of an issue."""
    plain: dict[str, Any] = to_plain(issue)
    return plain


def drawing_report(
    model: DrawingModel,
    survey: Survey | None = None,
    *,
    standard: Standard | None = None,
    settings: Reading | None = None,
) -> dict[str, Any]:
    """The report of one drawing.

    Args:
        survey: what lies on the layers whatever the standard; None leaves it out.
        standard: the standard used, if it is none of the shipped ones.
        settings: with the time allowed for measuring; the catalogue's if left out.

    Returns:
        ``file, format, version, readable, kind, standard, units, georeference, sheets, layers, proposed_roles, roles,
        areas, sums, measures, repairs, dimensions, texts, attributes, issues``. Areas are in ㎡ rounded to 4 decimals,
        lengths in metres, places (``at``) in drawing units. ``areas`` holds one entry per shape with a role and, from
        the survey, one per closed ring on a layer without a role (``role`` null, with proposed roles).
    """
    standard = standard or load_standards().get(model.standard or "")
    places = _places(survey) if survey is not None else {}
    areas = _shape_entries([s for s in model.shapes if s.area_m2 is not None], places)
    if survey is not None:
        with_role = {layer.name for layer in model.layers if layer.role not in (None, "reference")}
        areas += [
            _ring_entry(r, survey.layers[r.layer].guesses)
            for r in survey.rings
            if r.layer not in with_role and r.duplicate is None
        ]
    found, told = measured(model, settings)
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
        "georeference": model.georeference,
        "sheets": to_plain(list(model.sheets)),
        "layers": _layers(model, survey),
        "proposed_roles": proposed(_open_guesses(model, survey)) if survey is not None else {},
        "roles": _by_role(model),
        "areas": areas,
        "sums": _sums(model),
        "measures": found,
        "repairs": list(model.repairs),
        "dimensions": to_plain(list(model.dimensions)),
        "texts": to_plain(list(survey.texts)) if survey is not None else [],
        "attributes": model.attributes,
        "issues": [issue_to_plain(i) for i in [*model.issues, *told]],
    }


def _open_guesses(model: DrawingModel, survey: Survey) -> dict[str, tuple[Guess, ...]]:
    known = {layer.name for layer in model.layers if layer.role is not None}
    return {
        name: found
        for name, found in survey.guesses().items()
        if name not in known and found[0].role != "reference"
    }


def _places(survey: Survey) -> dict[str, LayerRing]:
    return {r.handle: r for r in survey.rings}


def _by_role(model: DrawingModel) -> dict[str, dict[str, Any]]:
    catalogue = roles().roles
    out: dict[str, dict[str, Any]] = {}
    for shape in model.shapes:
        role = catalogue[shape.role]
        entry = out.setdefault(
            shape.role, {"name": role.zh, "name_en": role.en, "count": 0, "area_m2": None, "layers": []}
        )
        entry["count"] += 1
        if shape.layer not in entry["layers"]:
            entry["layers"].append(shape.layer)
        if shape.area_m2 is not None:
            entry["area_m2"] = round((entry["area_m2"] or 0.0) + shape.area_m2, 4)
    return out


def _shape_entries(shapes: Sequence[RoleShape], places: dict[str, LayerRing]) -> list[dict[str, Any]]:
    every = array([s.geometry for s in shapes])
    spots = shapely.point_on_surface(every)
    names = {code: role.zh for code, role in roles().roles.items()}
    columns = zip(
        shapes,
        shapely.get_x(spots).tolist(),
        shapely.get_y(spots).tolist(),
        shapely.length(every).tolist(),
        strict=True,
    )
    out: list[dict[str, Any]] = []
    for shape, x, y, length in columns:
        ring = places.get(shape.handle)
        out.append(
            {
                "role": shape.role,
                "name": names[shape.role],
                "layer": shape.layer,
                "handle": shape.handle,
                "area_m2": round(shape.area_m2 or 0.0, 4),
                "unit": "m2",
                "length_m": round(length, 4),
                "arcs": ring.arcs if ring else None,
                "at_m": [round(x, 4), round(y, 4)] if x == x else None,  # NaN: nothing is left of it
                "parent": shape.parent,
                "members": list(shape.members),
                "valid": shape.valid,
                "attributes": dict(shape.attributes),
                "text": shape.text,
            }
        )
    return out


def _ring_entry(ring: LayerRing, found: Sequence[Guess]) -> dict[str, Any]:
    return {
        "role": None,
        "proposed": to_plain(list(found[:3])),
        "layer": ring.layer,
        "handle": ring.handle,
        "kind": ring.kind,
        "closed_by": ring.closed_by,
        "area_m2": round(ring.area_m2, 4),
        "unit": "m2",
        "length_m": round(ring.length_m, 4),
        "arcs": ring.arcs,
        "exact": ring.exact,
        "at": [round(ring.at[0], 6), round(ring.at[1], 6)],
        "inside": ring.inside,
        "members": list(ring.members),
        "valid": ring.valid,
    }


def _layers(model: DrawingModel, survey: Survey | None) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for layer in model.layers:
        entry: dict[str, Any] = to_plain(layer)
        facts = survey.layers.get(layer.name) if survey is not None else None
        if facts is not None:
            entry |= {
                "kinds": facts.kinds,
                "rings": facts.rings,
                "area_m2": round(facts.area_m2, 4),
                "net_area_m2": round(facts.net_area_m2, 4) if facts.net_area_m2 is not None else None,
                "hatch_area_m2": round(facts.hatch_area_m2, 4),
                "open_curves": facts.open_curves,
                "texts": facts.texts,
                "length_m": round(facts.length_m, 4),
                "proposed": to_plain(list(facts.guesses[:3])) if layer.role is None else [],
            }
        out.append(entry)
    return out


def _sums(model: DrawingModel) -> dict[str, Any]:
    """Areas by role and by what shapes say of themselves: building, floor frame, use, kind."""
    by: dict[str, dict[str, dict[str, Any]]] = {"building": {}, "floor": {}, "use": {}, "kind": {}}
    frames = {s.handle: s for s in model.shapes if s.role == "floor_frame"}
    totals: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for shape in model.shapes:
        if shape.area_m2 is None or shape.role == "floor_frame":
            continue
        frame = frames.get(shape.parent or "")
        above = frame.attributes if frame is not None else {}

        def own(*keys: str, _shape: RoleShape = shape, _above: dict[str, Any] = above) -> str | None:
            for key in keys:
                value = _shape.attributes.get(key, _above.get(key))
                if value is not None:
                    return str(value)
            return None

        for group, value in (
            ("building", own("楼号")),
            ("floor", own("起止层", "层名")),
            ("use", own("用途")),
            ("kind", own("类型", "类别", "位置")),
        ):
            if value is not None:
                totals[group, value, shape.role].append(shape.area_m2)
    for (group, value, role), areas in totals.items():
        by[group].setdefault(value, {})[role] = {"count": len(areas), "area_m2": round(sum(areas), 4)}
    return by
