"""Boundaries, multi-plan checks and plan layers, as pages and API show them."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository, service
from gis.boundaries.points import BoundaryPoint, boundary_points, find_points
from gis.layers.layer import layer_catalogue
from gis.maps.browser_crs import browser_text
from project_box import service as box
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from project_box.models import Result
from web.views.projects import project_plain, result_plain

#: layers shown when a map opens
DEFAULT_VISIBLE = ("KG_DK", "DLHX", "YJJBNT", "STBHHX", "CZKFBJ")
#: at most this many projections are offered by name; any EPSG code can be typed
_OFFERED_ZONES = (37, 38, 39)
#: degrees around the area a CRS is meant for in which coordinates are still read in it
_NEAR = 3.0
#: a page lists at most this many 界址点; the text file has them all
_LISTED_POINTS = 400


def boundary_view(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest boundary: ``result`` (its entry in the box) and ``reading`` (areas, CRS, issues, geometry).

    Raises:
        NotFound: the project is not visible, or has no boundary.
    """
    result, _ = service.present_boundary(session, actor, project_id)
    return recorded_view(result)


def recorded_view(result: Result) -> dict[str, Any]:
    """A boundary Result with its payload as ``reading``."""
    return {"result": result_plain(result), "reading": result.payload}


def points_view(session: Session, actor: Actor, project_id: uuid.UUID, vertex: str = "") -> dict[str, Any]:
    """The 界址点 of the newest boundary, numbered as the exchange text file numbers them, and those asked for.

    Raises:
        NotFound: the project is not visible, or has no boundary.
    """
    result, geometry = service.present_boundary(session, actor, project_id)
    points = boundary_points(geometry)
    return {
        "result": result_plain(result),
        "crs": result.crs,
        "points": [_point(p) for p in points],
        "vertex": vertex,
        "asked": [_point(p) for p in find_points(points, vertex)],
    }


def _point(point: BoundaryPoint) -> dict[str, Any]:
    """A 界址点 with X (north) and Y (east) on the millimetre."""
    return {
        "label": point.label,
        "ring": point.ring,
        "hole": point.hole,
        "x": f"{point.north:.3f}",
        "y": f"{point.east:.3f}",
    }


def check_payload(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """The newest conflict report's payload, with its entry in the box under ``result``.

    Raises:
        NotFound: the project is not visible, or has not been checked.
    """
    box.get_project(session, actor, project_id)
    result = box.latest_result(session, actor, project_id, "conflict_report")
    if result is None:
        raise NotFound(
            "还没有做多规检查",
            "not checked yet",
            code="no_conflict_report",
            remedy="先做多规检查",
            remedy_en="run the multi-plan check first",
        )
    return checked_view(result)


def checked_view(result: Result) -> dict[str, Any]:
    """A conflict report's payload with its entry in the box."""
    return {**result.payload, "result": result_plain(result)}


def layers_view(session: Session) -> dict[str, Any]:
    """All layers in tree order, and grouped by family."""
    layers = service.list_layers(session)
    families: dict[str, dict[str, Any]] = {}
    for layer in layers:
        family = families.setdefault(
            layer["family"],
            {
                "code": layer["family"],
                "name": layer["family_name"],
                "name_en": layer["family_name_en"],
                "layers": [],
            },
        )
        family["layers"].append(layer["code"])
    return {"layers": layers, "families": list(families.values()), "crs": crs_view(city_crs())}


def city_crs() -> int:
    """The CRS the city works in."""
    return layer_catalogue().families.check_crs


def crs_view(epsg: int, extent: tuple[float, float, float, float] | None = None) -> dict[str, Any]:
    """A CRS as the map needs it around an extent (lon/lat): PROJ text, metres to its unit, where it may be used."""
    metres = 1.0 if crs_module.is_geographic(epsg) else crs_module.unit_factor(epsg)
    meant = crs_module.lonlat_bounds(epsg)
    area = meant and [meant[0] - _NEAR, meant[1] - _NEAR, meant[2] + _NEAR, meant[3] + _NEAR]
    return named_crs(epsg) | {"proj4": browser_text(epsg, extent), "metres": metres, "area": area}


def kept_crs(session: Session) -> list[int]:
    """The systems the current layers are checked in: the city's first, then those of most layers."""
    kept = Counter(row.check_crs for row in repository.current_versions(session).values())
    return sorted(kept, key=lambda epsg: (epsg != city_crs(), -kept[epsg], epsg))


def named_crs(epsg: int) -> dict[str, Any]:
    """A CRS with its names."""
    return {"epsg": epsg, "name": crs_module.name(epsg), "name_en": crs_module.name_en(epsg)}


def crs_options() -> list[dict[str, Any]]:
    """Coordinate systems offered beside "as the file says"."""
    city = city_crs()
    codes = [city]
    for zone in _OFFERED_ZONES:
        for prefixed in (False, True):
            for family in (crs_module.Family.CGCS2000,):
                epsg = crs_module.zone_epsg(family, zone, width=3, prefixed=prefixed)
                if epsg is not None and epsg not in codes:
                    codes.append(epsg)
    codes += [4490, 4326]
    return [named_crs(e) for e in codes]


def lonlat(geometry: BaseGeometry, crs: int) -> dict[str, Any] | None:
    """GeoJSON in longitude and latitude for display; None where it cannot be expressed."""
    try:
        moved = crs_module.transform_unchecked(geometry, crs, crs_module.WGS84)
    except BadInput:
        return None
    return service.rounded_geojson(moved, crs_module.WGS84)


def _lonlat_marker(marker: dict[str, Any] | None, crs: int | None) -> dict[str, Any] | None:
    return lonlat(shape(marker), crs) if marker is not None and crs is not None else None


def map_config(
    session: Session,
    *,
    boundary: dict[str, Any] | None = None,
    crs: int | None = None,
    visible: tuple[str, ...] = DEFAULT_VISIBLE,
) -> dict[str, Any]:
    """What a ``<plan-map>`` starts with: CRS of its read-outs, extent, boundary, visible layers.

    Without a stated CRS it is the city's, or that of most layers where none is kept in the city's.
    """
    chosen = crs or next(iter(kept_crs(session)), city_crs())
    west, south, east, north = (
        shape(boundary).bounds if boundary is not None else _layers_extent(session, chosen)
    )
    return {
        "crs": crs_view(chosen, (west, south, east, north)),
        "extent": [west, south, east, north],
        "boundary": boundary,
        "visible": list(visible),
        "findings": [],
        "issues": [],
        "vertices": [],
    }


def _layers_extent(session: Session, epsg: int) -> tuple[float, float, float, float]:
    """Extent (lon/lat) of the layers checked in a CRS, else of those where it is used, else of its own area."""
    rows = [row for row in repository.current_versions(session).values() if row.extent_lonlat]
    area = crs_module.lonlat_bounds(epsg) or (73.0, 18.0, 135.0, 54.0)
    if area[0] > area[2]:  # across the 180° meridian
        area = (area[0] - 360, *area[1:])
    room = shapely.box(*area).buffer(_NEAR)
    boxes = [shapely.box(*row.extent_lonlat) for row in rows if row.check_crs == epsg] or [
        place for row in rows if room.contains(place := shapely.box(*row.extent_lonlat))
    ]
    west, south, east, north = shapely.union_all(boxes).bounds if boxes else area
    return west, south, east, north


def _head(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    project = box.get_project(session, actor, project_id)
    return {"project": project_plain(project), "own": project.organisation_id == actor.organisation_id}


def site_view(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    refused: BadInput | None = None,
    vertex: str = "",
    kept: uuid.UUID | None = None,
    stated: int | None = None,
) -> dict[str, Any]:
    """Site page: the boundary in force (with the 界址点 a correction names), or the one just refused with the places
    of its errors; what could mend either, with the file (``kept``) the proposals belong to."""
    view = _head(session, actor, project_id) | {"points": [], "more_points": 0, "vertex": "", "asked": []}
    found = service.latest_boundary(session, actor, project_id)
    shown, crs, issues = None, None, []
    if found is not None:
        result, geometry = found
        view |= recorded_view(result)
        shown, crs, issues = lonlat(geometry, result.crs or 0), result.crs, result.payload["issues"]
        issue_crs = result.payload["source_crs"]
    else:
        view |= {"result": None, "reading": None}
        issue_crs = None
    if refused is not None:
        preview = refused.details.get("preview")
        issues = refused.details.get("issues", [])
        issue_crs = refused.details.get("reading", {}).get("crs")
        if preview is not None:
            shown, crs = lonlat(shape(preview["geometry"]), preview["crs"]), preview["crs"]
    project_crs = crs if crs is not None and not crs_module.is_geographic(crs) else None
    view["map"] = map_config(session, boundary=shown, crs=project_crs)
    view["map"]["issues"] = [
        {
            "code": i["code"],
            "level": i["level"],
            "message": i["message"],
            "message_en": i["message_en"],
            "at": place,
        }
        for i in issues
        if i.get("at") and issue_crs and (place := _spot(i["at"], issue_crs)) is not None
    ]
    if found is not None and refused is None:
        numbered = points_view(session, actor, project_id, vertex.strip()[:60])
        view |= {
            "points": numbered["points"][:_LISTED_POINTS],
            "more_points": max(len(numbered["points"]) - _LISTED_POINTS, 0),
            "vertex": numbered["vertex"],
            "asked": numbered["asked"],
        }
        view["map"]["vertices"] = [
            {"label": p["label"], "at": place}
            for p in numbered["asked"]
            if (place := _spot([float(p["y"]), float(p["x"])], numbered["crs"])) is not None
        ]
    proposed, repair_crs, file_id = _repairs(
        session, actor, found[0] if found else None, refused, kept, stated
    )
    view |= {"repairs": proposed, "repair_file": file_id}
    view["map"]["repairs"] = [
        {
            "at": _spot(p["at"], repair_crs),
            "before": lonlat(shape(p["before"]), repair_crs),
            "after": lonlat(shape(p["after"]), repair_crs) if p["after"]["coordinates"] else None,
        }
        for p in proposed
        if repair_crs is not None
    ]
    view["editor_crs"] = view["map"]["crs"]
    view["reading_crs"] = named_crs(view["reading"]["crs"]) if view["reading"] is not None else None
    view["crs_options"] = crs_options()
    return view


def _repairs(
    session: Session,
    actor: Actor,
    result: Result | None,
    refused: BadInput | None = None,
    kept: uuid.UUID | None = None,
    stated: int | None = None,
) -> tuple[list[dict[str, Any]], int | None, str]:
    """Repair proposals the site page shows, their CRS, and the id of the file they belong to."""
    if refused is not None:
        if kept is None:
            return [], None, ""
        if refused.details.get("repairs"):
            return refused.details["repairs"], refused.details["reading"]["crs"], str(kept)
        return *service.file_repairs(session, actor, kept, stated), str(kept)
    if result is None or not result.files:
        return [], None, ""
    proposed = service.boundary_repairs(session, actor, result)
    return proposed, result.payload["source_crs"], str(result.files[0]["id"])


def repairs_view(session: Session, actor: Actor, project_id: uuid.UUID) -> dict[str, Any]:
    """Repair proposals for the newest boundary and the file they belong to.

    Raises:
        NotFound: the project is not visible, or has no boundary.
    """
    result, _ = service.present_boundary(session, actor, project_id)
    proposed, crs, file_id = _repairs(session, actor, result)
    return {
        "repairs": proposed,
        "crs": crs,
        "file_id": file_id or None,
        "repaired": result.payload.get("repairs", []),
    }


def _spot(at: list[float], crs: int) -> list[float] | None:
    marker = lonlat(shapely.Point(at), crs)
    return list(marker["coordinates"]) if marker is not None else None


def _intent_words(report: dict[str, Any] | None) -> dict[str, str]:
    """What a report was told about the buildings, as the form has it."""
    intent = (report or {}).get("intent") or {}
    words = {k: f"{intent[k]:g}" for k in ("building_m", "ground_m") if intent.get(k) is not None}
    uses = [(str(code), float(share)) for code, share in intent.get("uses") or ()]
    alone = len(uses) == 1 and uses[0][1] == 100
    words["use"] = uses[0][0] if alone else ";".join(f"{code}:{share:g}" for code, share in uses)
    return dict.fromkeys(("building_m", "ground_m"), "") | words


def check_view(
    session: Session, actor: Actor, project_id: uuid.UUID, typed: dict[str, str] | None = None
) -> dict[str, Any]:
    """Check page: findings, layer lines, planning conditions, and the same on the map; ``typed``: what was refused."""
    view = _head(session, actor, project_id)
    found = service.latest_boundary(session, actor, project_id)
    result = box.latest_result(session, actor, project_id, "conflict_report")
    view |= {"boundary": recorded_view(found[0]) if found else None, "report": None, "stale": False}
    shown, crs = None, None
    if found is not None:
        shown, crs = lonlat(found[1], found[0].crs or 0), found[0].crs
    if result is not None:
        report = checked_view(result)
        view["report"] = report
        view["stale"] = found is None or report["boundary_result"]["id"] != str(found[0].id)
        merged = box.latest_result(session, actor, project_id, "planning_conditions")
        view["planning"] = merged.payload if merged is not None else report["planning"]
        geometry = box.result_geometry(result)
        if geometry is not None:
            shown, crs = lonlat(geometry, result.crs or 0), result.crs
    concerned = tuple(
        line["code"]
        for line in (view["report"] or {"layers": []})["layers"]
        if line["outcome"] == "fail"
        or (line["status"] == "touch" and line["policy"] in ("forbid", "consult"))
    )
    view["intended"] = _intent_words(view["report"])
    view["values"] = typed or view["intended"]
    visible = tuple(dict.fromkeys(("KG_DK", "DLHX", *concerned)))
    view["map"] = map_config(session, boundary=shown, crs=crs, visible=visible)
    if view["report"] is not None:
        view["findings"] = sorted(
            view["report"]["findings"],
            key=lambda f: ("fail", "undecided", "note", "pass").index(f["outcome"]),
        )
        view["map"]["findings"] = [
            {
                "code": f["code"],
                "title": f["title"],
                "title_en": f["title_en"],
                "outcome": f["outcome"],
                "marker": _lonlat_marker(f["marker"], f["marker_crs"]),
            }
            for f in view["findings"]
            if f["marker"] is not None
        ]
        view["lines"] = {line["code"]: line for line in view["report"]["layers"]}
        view["totals"] = {
            outcome: sum(1 for f in view["findings"] if f["outcome"] == outcome)
            for outcome in ("fail", "undecided", "note", "pass")
        }
    return view
