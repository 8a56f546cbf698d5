"""An IFC as planners see it: storeys as floor frames with their area, spaces, the site; heights and georeference.

The floor area of a storey is, in this order: the quantity the file states for it (GrossFloorArea), its spaces of the
kind GFA, the union of its floor slabs, of its spaces (which leaves the walls out), where nothing is modelled the sum of
what its spaces state; where it comes from is told with it.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import shapely
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.cad.model import CadFile
from drawings.drawing import DrawingModel, LayerUse, RoleShape, Sheet, Value
from drawings.issues import Collector
from drawings.standards.multiplicity import BadRange, floors_of_title, ground_floors, is_once, parse_floors
from drawings.standards.standards import roles

_GROSS = ("GrossFloorArea", "GrossArea", "BruttoGrundfläche")
_NET = ("NetFloorArea", "NetArea", "GrossFloorArea", "GrossArea")
_OF_SPACES = ("GrossFloorArea", "GSA BIM Area", "GrossArea", "NetFloorArea", "NetArea")
_SAME = 0.001  # metres: placements of storeys that differ by less from their elevations have one zero
_CORRECTION = 0.1  # a scale nearer to 1 corrects lengths and converts no unit
_FARTHEST = 1e8  # metres of an easting or northing, with its zone in front
_EPSG = re.compile(r"(\d{4,5})")
_NOWHERE = Point(0.0, 0.0)  # where an area lies that is stated and drawn nowhere


def interpret_ifc(model: DrawingModel, cad: CadFile, issues: Collector) -> DrawingModel:
    """Fill a model from ``cad.ifc``; nothing is guessed: what the file lacks is told."""
    assert cad.ifc is not None
    facts = cad.ifc
    outlines = {p["guid"]: _geometry(p) for p in facts["products"]}
    spaces = [p for p in facts["products"] if p["class"] == "IfcSpace"]
    storeys = facts["storeys"]
    shapes: list[RoleShape] = []
    for site in facts["sites"]:
        shapes += _site(site, outlines.get(site["guid"]), issues)
    if not facts["sites"]:
        issues.add("IFC-NO-SITE")
    if not storeys:
        issues.add("IFC-NO-STOREYS")
    if not spaces:
        issues.add("IFC-NO-SPACES")
    buildings = _buildings(storeys, facts)
    heights: list[float] = []
    for building, own in buildings:
        heights += _building(building, own, shapes, facts, outlines, issues)
    _whole_buildings(facts, shapes, issues)
    for space in (s for s in spaces if not _is_gross(s)):
        shapes += _space(space, outlines.get(space["guid"]), issues)
    attributes = {"项目名称": facts["project"]} if facts["project"] else {}
    if heights:
        attributes["模型高度"] = f"{max(heights):.3f}"
    if (area := _stated_site(facts)) is not None:
        attributes["申报用地面积"] = f"{area:.2f}㎡"
    georeference = _georeference(facts)
    if georeference["kind"] == "unknown":
        issues.add("IFC-NO-PLACE")
    uses = {"IfcSite": "site_boundary", "IfcSpace": "space"}
    return replace(
        model,
        kind="building",
        shapes=tuple(shapes),
        sheets=tuple(
            Sheet(" ".join(filter(None, (building, s["name"] or s["guid"]))), "storey", 0, s["guid"])
            for building, own in buildings
            for s in own
        ),
        layers=tuple(LayerUse(n, x.color, x.entities, uses.get(n)) for n, x in sorted(cad.layers.items())),
        attributes=attributes,
        georeference=georeference,
        crs_hint=georeference["epsg"],
    )


def _stated_site(facts: dict[str, Any]) -> float | None:
    """The area the file states for its sites together; None unless it does for each."""
    stated = [site["quantities"].get("GrossArea") for site in facts["sites"]]
    return sum(stated) if stated and None not in stated else None


def _geometry(product: dict[str, Any]) -> BaseGeometry | None:
    rings = [r for r in product.get("rings", ()) if r and len(r[0]) > 3]
    return (
        shapely.union_all([Polygon(r[0], [h for h in r[1:] if len(h) > 3]) for r in rings]) if rings else None
    )


def _buildings(
    storeys: list[dict[str, Any]], facts: dict[str, Any]
) -> list[tuple[str | None, list[dict[str, Any]]]]:
    """Storeys by building, from below; a building is named only if there are several, by what it is called."""
    groups: dict[str | None, list[dict[str, Any]]] = {}
    for storey in storeys:
        groups.setdefault(storey["building"], []).append(storey)
    names = {b["guid"]: b["name"] for b in facts["buildings"]}
    called = [names.get(guid) for guid in groups if guid is not None]
    distinct = None not in called and len(set(called)) == len(called)
    out: list[tuple[str | None, list[dict[str, Any]]]] = []
    for place, (guid, own) in enumerate(groups.items(), 1):
        name = None
        if len(groups) > 1 and guid is not None:
            name = names.get(guid) if distinct else f"{names.get(guid) or ''}#{place}"
        own.sort(key=lambda s: s["elevation"] if s["elevation"] is not None else 0.0)
        out.append((name, own))
    return out


def _building(
    name: str | None,
    storeys: list[dict[str, Any]],
    shapes: list[RoleShape],
    facts: dict[str, Any],
    outlines: dict[str, BaseGeometry | None],
    issues: Collector,
) -> list[float]:
    """Add the storeys of one building; its height above the ground floor, if it can be told."""
    numbers = _numbers(storeys)
    levels = _levels(storeys, numbers)
    guids = {s["guid"] for s in storeys}
    lone = len({s["building"] for s in facts["storeys"]}) == 1
    tops = [
        p["top"]
        for p in facts["products"]
        if "top" in p and p["class"] != "IfcSite" and (p["storey"] in guids or (lone and p["storey"] is None))
    ]
    # shapes lie in the world, elevations count from the building's own zero
    offsets = [s["z"] - s["elevation"] for s in storeys if s["z"] is not None and s["elevation"] is not None]
    zero = offsets[0] if offsets and max(offsets) - min(offsets) < _SAME else 0.0
    top = max(tops) - zero if tops else None
    for index, storey in enumerate(storeys):
        above = storeys[index + 1]["elevation"] if index + 1 < len(storeys) else top
        made = _storey(storey, above, levels[index], facts, outlines, issues)
        if name is not None:
            made = [replace(m, attributes={"楼号": name, **m.attributes}) for m in made]
        shapes += made
    ground = next((s["elevation"] for s, n in zip(storeys, numbers, strict=True) if n == 1), None)
    return [top - ground] if top is not None and ground is not None else []


def _numbers(storeys: list[dict[str, Any]]) -> list[int | None]:
    """Storey numbers by elevation: 1 is the lowest that does not lie clearly below the ground (0)."""
    known = [s["elevation"] is not None and not is_once(s["name"] or "") for s in storeys]
    below = [s for s, k in zip(storeys, known, strict=True) if k and s["elevation"] < -0.5]
    out: list[int | None] = []
    up = 0
    for storey, sure in zip(storeys, known, strict=True):
        if not sure:
            out.append(None)
        elif storey["elevation"] < -0.5:
            out.append(-(len(below) - below.index(storey)))
        else:
            up += 1
            out.append(up)
    return out


def _whole_buildings(facts: dict[str, Any], shapes: list[RoleShape], issues: Collector) -> None:
    """A building's stated floor area against the sum of its storeys."""
    at = {s["guid"]: s["building"] for s in facts["storeys"]}
    for building in facts["buildings"]:
        stated = next((building["quantities"][k] for k in _GROSS if k in building["quantities"]), None)
        own = [s for s in shapes if s.role == "area_full" and at.get(s.handle) == building["guid"]]
        if stated is not None and own:
            name = building["name"] or building["guid"]
            total = sum(s.area_m2 or 0.0 for s in own)
            _compare(name, name, stated, total, building["guid"], None, issues)


def _levels(storeys: list[dict[str, Any]], numbers: list[int | None]) -> list[str | None]:
    """起止层 of storeys in order: what their names say if that rises with them (Level 0 and Level 1 do not), else their
    numbers; a roof or a mezzanine is called by its name."""
    names = [s["name"] or "" for s in storeys]
    ground = ground_floors(names)
    said = [None if is_once(n) else floors_of_title(n, ground=ground) for n in names]
    merged = [t or (str(n) if n is not None else None) for t, n in zip(said, numbers, strict=True)]
    firsts = [_storeys(t) for t in merged if t is not None]
    if any(a[-1] >= b[0] for a, b in pairwise(firsts)):
        merged = [str(n) if n is not None else None for n in numbers]
    return [n if is_once(n) else t for n, t in zip(names, merged, strict=True)]


def _storeys(text: str) -> tuple[int, ...]:
    try:
        return parse_floors(text)
    except BadRange:
        return (0,)


def _site(site: dict[str, Any], geometry: BaseGeometry | None, issues: Collector) -> list[RoleShape]:
    stated = site["quantities"].get("GrossArea")
    attributes: dict[str, Value] = {}
    if site["name"]:
        attributes["名称"] = site["name"]
    if stated is not None:
        attributes["申报用地面积"] = stated
    if geometry is None:
        issues.add("IFC-NO-SITE-SHAPE", handle=site["guid"])
        return []
    if stated is not None:
        _compare("用地", "site", stated, geometry.area, site["guid"], geometry, issues)
    return [RoleShape("site_boundary", geometry, attributes, site["guid"], "IfcSite", area_m2=geometry.area,
                      members=(site["guid"],))]  # fmt: skip


def _storey(
    storey: dict[str, Any],
    above: float | None,
    floors: str | None,
    facts: dict[str, Any],
    outlines: dict[str, BaseGeometry | None],
    issues: Collector,
) -> list[RoleShape]:
    own = [
        p for p in facts["products"] if p["storey"] == storey["guid"] and outlines.get(p["guid"]) is not None
    ]
    name = storey["name"] or storey["guid"]
    attributes: dict[str, Value] = {"层名": name}
    if floors:
        attributes["起止层"] = floors
    if storey["elevation"] is not None:
        attributes["标高"] = round(storey["elevation"], 6)
        if above is not None and above > storey["elevation"]:
            attributes["层高"] = round(above - storey["elevation"], 6)
    stated = next((storey["quantities"][k] for k in _GROSS if k in storey["quantities"]), None)
    drawn, source = _floor(own, outlines)
    summed = _sum_of_spaces(facts, storey["guid"]) if drawn is None and stated is None else None
    if drawn is None and stated is None and summed is None:
        issues.add("IFC-STOREY-EMPTY", handle=storey["guid"], name=name)
        return []
    if stated is not None and drawn is not None and source != "spaces":
        _compare(name, name, stated, drawn.area, storey["guid"], drawn, issues)
    around = shapely.union_all([g for p in own if (g := outlines[p["guid"]]) is not None])
    geometry = drawn if drawn is not None else _NOWHERE
    source = "quantity" if stated is not None else "space_quantities" if summed is not None else source
    stated = summed if stated is None else stated
    frame = RoleShape("floor_frame", around.envelope if own else geometry, attributes, storey["guid"],
                      "IfcBuildingStorey", area_m2=None, members=(storey["guid"],))  # fmt: skip
    full = RoleShape(
        "area_full",
        geometry,
        {"面积来源": source},
        storey["guid"],
        "IfcBuildingStorey",
        area_m2=stated if stated is not None else geometry.area,
        parent=storey["guid"],
        sources={"面积来源": source},
        members=tuple(p["guid"] for p in own),
    )
    return [frame, full]


def _floor(
    own: list[dict[str, Any]], outlines: dict[str, BaseGeometry | None]
) -> tuple[BaseGeometry | None, str]:
    """The floor of a storey and what it was taken from; None if nothing of it is drawn.

    Spaces that say they are its gross area, floor slabs, a base slab where there is no other, rooms.
    """
    slabs = [p for p in own if p["class"] == "IfcSlab"]
    spaces = [p for p in own if p["class"] == "IfcSpace"]
    ways = (
        ([p for p in spaces if _is_gross(p)], "gfa_spaces"),
        ([p for p in slabs if p["predefined"] not in ("ROOF", "LANDING", "BASESLAB")], "slabs"),
        ([p for p in slabs if p["predefined"] == "BASESLAB"], "slabs"),
        (spaces, "spaces"),
    )
    for products, source in ways:
        if products:
            return shapely.union_all([outlines[p["guid"]] for p in products]), source
    return None, ""


def _sum_of_spaces(facts: dict[str, Any], storey: str) -> float | None:
    """What the spaces of a storey state together, all by the same quantity; None unless each of them does."""
    own = [p["quantities"] for p in facts["products"] if p["class"] == "IfcSpace" and p["storey"] == storey]
    name = next((k for k in _OF_SPACES if own and all(k in quantities for quantities in own)), None)
    return sum(quantities[name] for quantities in own) if name is not None else None


def _is_gross(space: dict[str, Any]) -> bool:
    """True for a space that stands for the gross floor area of its storey, not for a room."""
    return bool(space["predefined"] == "GFA")


def _space(space: dict[str, Any], geometry: BaseGeometry | None, issues: Collector) -> list[RoleShape]:
    name = space["long_name"] or space["name"] or space["guid"]
    stated = next((space["quantities"][k] for k in _NET if k in space.get("quantities", {})), None)
    attributes: dict[str, Value] = {"名称": name}
    if space["use"]:
        attributes["用途"] = space["use"]
    if stated is not None:
        attributes["申报面积"] = stated
    if "top" in space:
        attributes["净高"] = round(space["top"] - space["bottom"], 6)
    if geometry is None:
        if stated is None:
            issues.add("IFC-SPACE-NO-SHAPE", handle=space["guid"], name=name)
            return []
        attributes["面积来源"] = "quantity"
    elif stated is not None:
        _compare(name, name, stated, geometry.area, space["guid"], geometry, issues)
    if space["storey"] is None:
        issues.add("IFC-SPACE-NO-STOREY", handle=space["guid"], name=name)
    area = geometry.area if geometry is not None else stated
    return [RoleShape("space", geometry if geometry is not None else _NOWHERE, attributes, space["guid"], "IfcSpace",
                      name, area, space["storey"], members=(space["guid"],))]  # fmt: skip


def _compare(
    zh: str,
    en: str,
    stated: float,
    drawn: float,
    handle: str,
    geometry: BaseGeometry | None,
    issues: Collector,
) -> None:
    tolerances = roles().tolerances
    if abs(stated - drawn) <= max(tolerances.declared_warning, 0.001 * stated):
        return
    spot = geometry.representative_point() if geometry is not None and not geometry.is_empty else None
    issues.add(
        "IFC-AREA-DECLARED",
        handle=handle,
        at=(spot.x, spot.y) if spot is not None else None,
        name=zh,
        name_en=en,
        declared=f"{stated:.2f}",
        drawn=f"{drawn:.2f}",
        difference=f"{drawn - stated:+.2f}",
    )


def _georeference(facts: dict[str, Any]) -> dict[str, Any]:
    found = facts["georeference"]
    site = next((s for s in facts["sites"] if s["latitude"] is not None and s["longitude"] is not None), None)
    degrees = {"latitude": site["latitude"], "longitude": site["longitude"]} if site else {}
    turned = facts.get("true_north_deg")
    degrees |= {"true_north_deg": round(turned, 6)} if turned is not None else {}
    base: dict[str, Any] = {
        "epsg": None,
        "axis_swapped": False,
        "zone": None,
        "stated": [],
        **degrees,
    }
    if found is None:
        kind = "geographic" if site else "unknown"
        zh = "只有经纬度（IfcSite），没有 IfcMapConversion" if site else "没有 IfcMapConversion"
        en = "latitude and longitude only (IfcSite)" if site else "no IfcMapConversion"
        return {**base, "kind": kind, "reason": zh, "reason_en": en}
    code = _EPSG.search(found["crs"] or "")
    x, y = found["XAxisAbscissa"], found["XAxisOrdinate"]
    turn = math.atan2(y, x) if x is not None and y is not None else 0.0
    east, north, height = found["Eastings"] or 0.0, found["Northings"] or 0.0, found["OrthogonalHeight"]
    unit = found.get("metres_per_map_unit")
    if unit is None:  # no unit stated: metres, unless no place on the earth has such coordinates in metres
        unit = facts["metres_per_unit"] if max(abs(east), abs(north)) > _FARTHEST else 1.0
    # geometry comes in metres; the file's Scale leads from its own unit to the map's, or only corrects the length
    said = found["Scale"] or 1.0
    own = said / (facts["metres_per_unit"] or 1.0)
    ways = (own * unit, own, said)
    scale = next((way for way in ways if abs(way - 1.0) < _CORRECTION), ways[0])
    cosine, sine = scale * math.cos(turn), scale * math.sin(turn)
    return {
        **base,
        "kind": "ifc",
        "epsg": int(code.group(1)) if code else None,
        "crs": found["crs"],
        "matrix": [cosine, sine, -sine, cosine, east * unit, north * unit],
        "height": height * unit if height is not None else None,
        "rotation_deg": round(math.degrees(turn), 9),
        "reason": f"IfcMapConversion，{found['crs'] or '未写坐标系'}",
        "reason_en": f"IfcMapConversion, {found['crs'] or 'no system stated'}",
    }
