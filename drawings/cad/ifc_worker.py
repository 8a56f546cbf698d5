"""Takes an IFC apart in a process of its own, so that a hostile file can cost neither memory nor time nor the server.

Run as a script: ``ifc_worker.py INPUT OUTPUT MEMORY_BYTES OUTPUT_BYTES CPU_SECONDS``. It imports nothing of the
platform. OUTPUT gets one JSON document, ``{"error": "…"}`` when nothing could be read. Lengths are metres, areas ㎡.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

#: classes whose shape is looked at, in this order until the time is used up
_SHAPED = ("IfcSpace", "IfcSite", "IfcSlab", "IfcRoof", "IfcWall", "IfcBuildingElementProxy")
_OUTLINED = ("IfcSpace", "IfcSite", "IfcSlab")
_MOST = 20_000
#: gross areas of spaces that are written as properties (GSA BIM Guide)
_AREA_PROPERTIES = ("GSA BIM Area",)


def _reason(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:300]


def _text(value: Any) -> str | None:
    return str(value)[:500] if value not in (None, "") else None


def _number(value: Any) -> float | None:
    try:
        number = float(getattr(value, "wrappedValue", value))
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def take_apart(source: Path, seconds: float) -> dict[str, Any]:
    """Project, units, georeference, site, storeys and the outlines of spaces, slabs and the site."""
    import ifcopenshell
    import ifcopenshell.util.unit as units

    started = time.monotonic()
    try:
        model = ifcopenshell.open(str(source))
    except MemoryError:
        raise
    except BaseException as error:  # native code
        return {"error": _reason(error)}
    projects = model.by_type("IfcProject")
    out: dict[str, Any] = {"schema": model.schema, "entities": sum(1 for _ in model)}
    out["project"] = _text(projects[0].Name) if projects else None
    out["projects"] = len(projects)
    try:
        assigned = units.get_project_unit(model, "LENGTHUNIT") if projects else None
        scale = float(units.calculate_unit_scale(model)) if assigned is not None else 1.0
        out["unit"] = _text(units.get_full_unit_name(assigned)) if assigned is not None else None
    except Exception as error:  # a malformed unit assignment
        assigned, scale, out["unit"], out["unit_error"] = None, 1.0, None, _reason(error)
    out["metres_per_unit"] = scale
    scales = {1: scale, 2: _unit_scale(model, "AREAUNIT"), 3: _unit_scale(model, "VOLUMEUNIT")}
    out["georeference"] = _georeference(model)
    out["true_north_deg"] = _true_north(model)
    out["sites"] = [_site(s, scales) for s in model.by_type("IfcSite")]
    out["buildings"] = [
        {"guid": b.GlobalId, "name": _text(b.Name) or _text(b.LongName), "quantities": _quantities(b, scales)}
        for b in model.by_type("IfcBuilding")
    ]
    storeys = model.by_type("IfcBuildingStorey")  # parts of a storey (PARTIAL) belong to the whole
    out["storeys"] = [_storey(s, scales) for s in storeys if _holder(s, "IfcBuildingStorey") == s.GlobalId]
    out["products"], out["cut_short"] = _products(model, scales, started + seconds)
    return out


def _scale_of(unit: Any) -> float | None:
    """What one of a unit is in metres, square or cubic metres; None without a unit that can be read."""
    import ifcopenshell.util.unit as units

    try:
        scale = float(units.get_unit_scale(unit)) if unit is not None else None
    except Exception:  # a malformed unit
        return None
    return scale if scale is not None and math.isfinite(scale) and scale > 0 else None


def _unit_scale(model: Any, sort: str) -> float:
    """Square or cubic metres of the file's unit of areas or volumes; 1 where it states none that can be read."""
    import ifcopenshell.util.unit as units

    try:
        scale = float(units.calculate_unit_scale(model, sort))
    except Exception:  # a malformed unit assignment
        return 1.0
    return scale if math.isfinite(scale) and scale > 0 else 1.0


def _georeference(model: Any) -> dict[str, Any] | None:
    """IfcMapConversion with its projected system; the property sets that stand for it in IFC2X3."""
    conversion: dict[str, Any] = {}
    name: str | None = None
    map_unit: float | None = None
    if model.schema != "IFC2X3":
        found = model.by_type("IfcMapConversion")
        if found:
            conversion = found[0].get_info()
            name = _text(getattr(found[0].TargetCRS, "Name", None))
            map_unit = _scale_of(getattr(found[0].TargetCRS, "MapUnit", None))
    else:
        for group in model.by_type("IfcPropertySet"):
            if group.Name in ("ePSet_MapConversion", "EPset_MapConversion"):
                conversion = {
                    p.Name: p.NominalValue for p in group.HasProperties if p.is_a("IfcPropertySingleValue")
                }
            if group.Name in ("ePSet_ProjectedCRS", "EPset_ProjectedCRS"):
                values = {
                    p.Name: p.NominalValue for p in group.HasProperties if p.is_a("IfcPropertySingleValue")
                }
                name = _text(getattr(values.get("Name"), "wrappedValue", None))
    if not conversion:
        return None
    keys = ("Eastings", "Northings", "OrthogonalHeight", "XAxisAbscissa", "XAxisOrdinate", "Scale")
    return {"crs": name, "metres_per_map_unit": map_unit, **{k: _number(conversion.get(k)) for k in keys}}


def _true_north(model: Any) -> float | None:
    """Degrees from the model's y axis to true north, anticlockwise; None where the file does not say."""
    for context in model.by_type("IfcGeometricRepresentationContext", include_subtypes=False):
        ratios = getattr(getattr(context, "TrueNorth", None), "DirectionRatios", None)
        if ratios is not None and len(ratios) >= 2 and (ratios[0] or ratios[1]):
            return math.degrees(math.atan2(-float(ratios[0]), float(ratios[1])))
    return None


def _site(site: Any, scales: dict[int, float]) -> dict[str, Any]:
    return {
        "guid": site.GlobalId,
        "name": _text(site.Name),
        "latitude": _degrees(site.RefLatitude),
        "longitude": _degrees(site.RefLongitude),
        "elevation": (_number(site.RefElevation) or 0.0) * scales[1]
        if site.RefElevation is not None
        else None,
        "quantities": _quantities(site, scales),
    }


def _degrees(parts: Any) -> float | None:
    if not parts:
        return None
    values = [float(v) for v in parts] + [0.0] * 4
    return values[0] + values[1] / 60 + values[2] / 3600 + values[3] / 3.6e9


def _storey(storey: Any, scales: dict[int, float]) -> dict[str, Any]:
    import ifcopenshell.util.placement as placement

    elevation = _number(storey.Elevation)
    try:
        z: float | None = float(placement.get_local_placement(storey.ObjectPlacement)[2][3]) * scales[1]
    except Exception:  # no placement, or one that leads round in a circle
        z = None
    if storey.ObjectPlacement is None or z is None or not math.isfinite(z):
        z = None
    return {
        "guid": storey.GlobalId,
        "name": _text(storey.Name) or _text(storey.LongName),
        "elevation": elevation * scales[1] if elevation is not None else z,
        "z": z,
        "building": _holder(storey, "IfcBuilding"),
        "quantities": _quantities(storey, scales),
    }


def _holder(item: Any, kind: str) -> str | None:
    """GlobalId of the nearest whole of a kind that an object lies in; of a part of a storey the whole storey.

    None if there is none.
    """
    import ifcopenshell.util.element as element

    seen, found = 0, None
    while item is not None and seen < 20:
        if item.is_a(kind):
            found = str(item.GlobalId)
            if kind != "IfcBuildingStorey":
                break
        elif found is not None:
            break
        item = element.get_aggregate(item) or element.get_container(item)
        seen += 1
    return found


def _quantities(item: Any, scales: dict[int, float]) -> dict[str, float]:
    """Areas, lengths and volumes of an object's element quantities by name, in metres.

    Args:
        scales: metres, square metres, cubic metres of the file's units, for quantities that name no unit of their own.
    """
    out: dict[str, float] = {}
    for relation in getattr(item, "IsDefinedBy", None) or ():
        group = getattr(relation, "RelatingPropertyDefinition", None)
        if group is None or not group.is_a("IfcElementQuantity"):
            out |= _area_properties(group, scales)
            continue
        for quantity in group.Quantities or ():
            for kind, power in (("AreaValue", 2), ("LengthValue", 1), ("VolumeValue", 3)):
                value = _number(getattr(quantity, kind, None))
                if value is not None:
                    own = getattr(quantity, "Unit", None)
                    out[str(quantity.Name)[:80]] = value * (_scale_of(own) or scales[power])
    return out


def _area_properties(group: Any, scales: dict[int, float]) -> dict[str, float]:
    """Areas that stand in a property set where programs write no quantities (``GSA BIM Area``)."""
    out: dict[str, float] = {}
    for found in getattr(group, "HasProperties", None) or ():
        value = _number(getattr(found, "NominalValue", None)) if found.Name in _AREA_PROPERTIES else None
        if value is not None:
            out[str(found.Name)] = value * (_scale_of(getattr(found, "Unit", None)) or scales[2])
    return out


def _products(model: Any, scales: dict[int, float], deadline: float) -> tuple[list[dict[str, Any]], bool]:
    import ifcopenshell.geom

    geom: Any = ifcopenshell.geom  # partly typed: its shapes are unions of native classes
    settings = geom.settings()
    settings.set("use-world-coords", True)
    settings.set("mesher-linear-deflection", 0.001)
    lines = geom.settings()  # outlines drawn as curves
    lines.set("use-world-coords", True)
    lines.set("dimensionality", ifcopenshell.ifcopenshell_wrapper.CURVES_SURFACES_AND_SOLIDS)
    out: list[dict[str, Any]] = []
    for kind in _SHAPED:
        for product in model.by_type(kind):
            if len(out) >= _MOST or time.monotonic() > deadline:
                return out, True
            entry: dict[str, Any] = {
                "guid": product.GlobalId,
                "class": kind,
                "name": _text(product.Name),
                "long_name": _text(getattr(product, "LongName", None)),
                "use": _text(getattr(product, "ObjectType", None)),
                "storey": _holder(product, "IfcBuildingStorey"),
                "predefined": _text(getattr(product, "PredefinedType", None)),
            }
            if kind == "IfcSpace":
                entry["quantities"] = _quantities(product, scales)
            if product.Representation is not None:
                try:
                    entry |= _shape(geom, settings, lines, product, kind)
                except MemoryError:
                    raise
                except BaseException as error:  # native code: one odd shape must not cost the file
                    entry["shape_error"] = _reason(error)
            out.append(entry)
    return out, False


def _shape(geom: Any, settings: Any, lines: Any, product: Any, kind: str) -> dict[str, Any]:
    """Outline and heights of a product; of one that has no body the area its curves enclose."""
    try:
        geometry = geom.create_shape(settings, product).geometry
    except RuntimeError:
        if kind not in _OUTLINED:
            raise
        return _enclosed(geom.create_shape(lines, product).geometry)
    if kind in _OUTLINED and not len(geometry.faces):
        return _enclosed(geom.create_shape(lines, product).geometry)
    return _outline(geometry, outlined=kind in _OUTLINED, lies=kind == "IfcSite")


def _enclosed(geometry: Any) -> dict[str, Any]:
    """What lines enclose on the ground."""
    import numpy as np
    import shapely

    points = np.asarray(geometry.verts, dtype=float).reshape(-1, 3)
    edges = np.asarray(geometry.edges, dtype=int).reshape(-1, 2)
    if not len(points) or not np.isfinite(points).all():
        return {"shape_error": "no finite points"}
    whole = shapely.union_all(shapely.linestrings(points[edges][:, :, :2]))
    return {"rings": _rings(shapely.union_all(shapely.get_parts(shapely.polygonize([whole]))))}


def _rings(union: Any) -> list[Any]:
    import shapely

    parts = [p.simplify(1e-7) for p in shapely.get_parts(union) if p.geom_type == "Polygon" and p.area > 1e-6]
    return [
        [list(map(list, p.exterior.coords)), *[list(map(list, r.coords)) for r in p.interiors]] for p in parts
    ]


def _outline(geometry: Any, *, outlined: bool, lies: bool) -> dict[str, Any]:
    """Heights of a triangulated body and the union of what of it looks downwards: its outline on the ground.

    Args:
        lies: it is ground; its slopes count however steep they are.
    """
    import numpy as np
    import shapely

    points = np.asarray(geometry.verts, dtype=float).reshape(-1, 3)
    triangles = np.asarray(geometry.faces, dtype=int).reshape(-1, 3)
    if not len(points) or not np.isfinite(points).all():
        return {"shape_error": "no finite points"}
    out: dict[str, Any] = {"bottom": float(points[:, 2].min()), "top": float(points[:, 2].max())}
    if not outlined or not len(triangles):
        return out
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    flat = (length > 0) & (normals[:, 2] < -0.5 * length)
    if not flat.any() or lies:  # a surface, or a body turned inside out
        flat = (length > 0) & (np.abs(normals[:, 2]) > (1e-6 if lies else 0.5) * length)
    polygons = shapely.polygons(corners[flat][:, :, :2])
    union = shapely.union_all(polygons[shapely.is_valid(polygons)])
    union = shapely.union_all(shapely.set_precision(union, 1e-7))
    out["rings"] = _rings(union)
    return out


def main(arguments: list[str]) -> int:
    """Entry of the process."""
    source, target, memory, size, seconds = arguments
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    found = take_apart(Path(source), float(seconds) * 0.7)
    with Path(target).open("w", encoding="utf-8", errors="replace") as stream:
        json.dump(found, stream)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
