"""Use case of the map under a sheet: the plan layers around a drawing that knows where it lies. Never commits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import shapely
from sqlalchemy.orm import Session

from drawings import repository
from drawings.models import Revision, RevisionFile
from drawings.sheets.sheet_pack import unpack
from drawings.sheets.sheet_service import packed_sheet
from gis import crs as crs_module
from gis.layers.layer import layer_catalogue
from project_box import service as box
from project_box.kernel.identity import Actor

#: families of layers that say what is there, not what is planned
_BENEATH = ("tenure", "valuation")
_MOST = 3000
_SURROUND = 0.25  # of the drawing's size on each side


def place_of(session: Session, actor: Actor, file: RevisionFile) -> int | None:
    """EPSG code a drawing lies in: what it says itself, else that of the project's boundary if it lies on it.

    Coordinates without a zone name no place; who drew on the boundary that was handed in used its coordinate system,
    with the zone's number before the easting or without.
    """
    own = (file.report.get("georeference") or {}).get("epsg")
    if own is not None or file.kind != "site_plan":
        return own
    project_id = session.get_one(Revision, file.revision_id).project_id
    boundary = box.latest_result(session, actor, project_id, "boundary")
    geometry = box.result_geometry(boundary) if boundary is not None else None
    header = unpack(packed_sheet(session, file)).header
    if boundary is None or boundary.crs is None or geometry is None or header["home"] is None:
        return None
    drawn = shapely.box(*(v * float(header["metres_per_unit"]) for v in header["home"]))
    for epsg in _readings(boundary.crs):
        if drawn.intersects(crs_module.transform(geometry, boundary.crs, epsg)):
            return epsg
    return None


def _readings(epsg: int) -> list[int]:
    """A coordinate system, and the same zone with or without its number before the easting."""
    zone = crs_module.gauss_kruger(epsg)
    if zone is None:
        return [epsg]
    other = crs_module.zone_epsg(zone.family, zone.zone, width=zone.width, prefixed=not zone.prefixed)
    return [epsg] if other is None else [epsg, other]


def underlay(session: Session, actor: Actor, file: RevisionFile) -> dict[str, Any]:
    """Plan features around a file's drawing as GeoJSON in drawing units, with how they are drawn.

    They come in painting order: the present state beneath the plans, within each the largest first.

    The caller has checked who asks for ``file``. ``features`` is empty when nothing says where the drawing lies.
    """
    crs = place_of(session, actor, file)
    sheet = unpack(packed_sheet(session, file))
    home, metres = sheet.header["home"], float(sheet.header["metres_per_unit"])
    empty: dict[str, Any] = {"type": "FeatureCollection", "crs": crs, "features": []}
    if crs is None or home is None:
        return empty
    x0, y0, x1, y1 = (v * metres for v in home)
    dx, dy = _SURROUND * (x1 - x0), _SURROUND * (y1 - y0)
    rows = repository.plan_features(session, crs, (x0 - dx, y0 - dy, x1 + dx, y1 + dy), _MOST)
    catalogue = layer_catalogue()
    rows.sort(key=lambda row: catalogue.get(row[0]).family not in _BENEATH)
    return {**empty, "features": list(_features(rows, metres))}


def _features(rows: Iterable[tuple[str, str, str]], metres: float) -> Iterator[dict[str, Any]]:
    catalogue = layer_catalogue()
    for code, label, geometry in rows:
        symbol = catalogue.get(code).symbol
        yield {
            "type": "Feature",
            "properties": {
                "layer": code,
                "label": label,
                "fill": symbol.fill,
                "line": symbol.stroke,
                "width": symbol.width,
                "dash": list(symbol.dash),
            },
            "geometry": _scaled(json.loads(geometry), 1 / metres),
        }


def _scaled(geometry: dict[str, Any], factor: float) -> dict[str, Any]:
    def walk(value: Any) -> Any:
        return [walk(v) for v in value] if isinstance(value, list) else value * factor

    if "geometries" in geometry:
        return {**geometry, "geometries": [_scaled(g, factor) for g in geometry["geometries"]]}
    return {**geometry, "coordinates": walk(geometry["coordinates"])}
