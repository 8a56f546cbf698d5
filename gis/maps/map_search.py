"""Go to a place of the map: by coordinates in any system, by project, by layer or by the name of a plot. Never commits.

Limited to what the actor may see: plan layers are public to everyone who is signed in, projects are not.
"""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis.layers import name_store
from gis.layers.layer import layer_catalogue
from gis.maps import locating, map_repository
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor

#: at most this many places of one kind are listed
_MOST = 12
_LONGEST = 120


def find(session: Session, actor: Actor, words: str, crs: int) -> dict[str, Any]:
    """Places that ``words`` name.

    Args:
        words: two numbers (coordinates in ``crs``), or part of a project code, a name, a parcel number or a layer.
        crs: the coordinate system the person chose.

    Returns:
        ``{"sure", "question", "question_en", "places": [{kind, title, title_en, note, note_en, at, extent, …}]}``;
        ``at`` and ``extent`` in longitude and latitude. Not ``sure``: the person must choose or confirm.

    Raises:
        BadInput: nothing typed, or no such coordinate system.
    """
    cleaned = words.strip()[:_LONGEST]
    if not cleaned:
        raise BadInput(
            "请填写坐标、项目代码、地块编号或图层名称",
            "type coordinates, a project code, a parcel number or a layer name",
            code="required",
            place="q",
        )
    pair = locating.numbers(cleaned)
    if pair is not None:
        return _coordinates(*pair, crs)
    places = [*_projects(session, actor, cleaned), *_layers(cleaned), *_features(session, cleaned)]
    return {
        "kind": "names",
        "sure": len(places) == 1,
        "question": "" if places else "没有找到。可以填写坐标、项目代码、地块编号或图层名称。",
        "question_en": ""
        if places
        else "Nothing found. Try coordinates, a project code, a parcel number or a layer.",
        "places": places,
    }


def _coordinates(first: float, second: float, crs: int) -> dict[str, Any]:
    crs_module.crs(crs)
    reading = locating.read_place(first, second, crs)
    places = [p for place in reading.places if (p := _place(place)) is not None]
    if reading.sure and places:
        question = ("", "")
    elif places:
        question = (
            "坐标与所选坐标系或顺序不符，请确认是下面哪一个：",
            "The numbers do not suit the chosen system or order. Which of these is meant?",
        )
    else:
        question = (
            "这两个数在所选坐标系中没有对应位置，请换坐标系。",
            "The numbers have no place in the chosen system. Choose another one.",
        )
    return {
        "kind": "coordinates",
        "sure": reading.sure and bool(places),
        "question": question[0],
        "question_en": question[1],
        "places": places,
    }


def _place(place: locating.Place) -> dict[str, Any] | None:
    try:
        lon, lat = crs_module.transform_point(place.east, place.north, place.crs, crs_module.WGS84)
    except BadInput:
        return None  # 西安80 and 北京54 have no published parameters: the point cannot be shown honestly
    digits = 6 if crs_module.is_geographic(place.crs) else 3
    order, order_en = ("按 北，东 顺序", "read as north, east") if place.swapped else ("", "")
    return {
        "kind": "coordinates",
        "title": crs_module.name(place.crs),
        "title_en": crs_module.name_en(place.crs),
        "note": f"东 {place.east:.{digits}f}，北 {place.north:.{digits}f} {order}".strip(),
        "note_en": f"E {place.east:.{digits}f}, N {place.north:.{digits}f} {order_en}".strip(),
        "crs": place.crs,
        "at": [round(lon, 9), round(lat, 9)],
        "extent": None,
    }


def _projects(session: Session, actor: Actor, words: str) -> list[dict[str, Any]]:
    found = map_repository.projects_named(session, actor, words, _MOST)
    sites = {r.project_id: r for r in map_repository.newest_boundaries(session, actor, [p.id for p in found])}
    places = []
    for project in found:
        site = sites.get(project.id)
        extent = None
        if site is not None and site.geometry is not None and site.crs is not None:
            shape = shapely.from_wkb(bytes(site.geometry.data))
            moved = crs_module.transform_unchecked(shape, site.crs, crs_module.WGS84)
            extent = [round(v, 7) for v in moved.bounds]
        places.append(
            {
                "kind": "project",
                "title": project.name,
                "title_en": project.name,
                "note": project.code if extent else f"{project.code}，还没有用地红线",
                "note_en": project.code if extent else f"{project.code}, no boundary yet",
                "project": str(project.id),
                "at": _middle(extent),
                "extent": extent,
            }
        )
    return places


def _layers(words: str) -> list[dict[str, Any]]:
    lowered = words.lower()
    return [
        {
            "kind": "layer",
            "title": d.name,
            "title_en": d.name_en,
            "note": f"图层 {d.code}",
            "note_en": f"Layer {d.code}",
            "layer": d.code,
            "at": None,
            "extent": None,
        }
        for d in layer_catalogue().layers.values()
        if lowered in d.name or lowered in d.name_en.lower() or lowered == d.code.lower()
    ][:_MOST]


def _features(session: Session, words: str) -> list[dict[str, Any]]:
    catalogue = layer_catalogue()
    places = []
    for found in name_store.named(session, words, _MOST):
        definition = catalogue.layers.get(found.layer)
        if definition is None:
            continue
        extent = None
        if found.extent is not None:
            lonlat = crs_module.transform_unchecked(shapely.box(*found.extent), 3857, crs_module.WGS84)
            extent = [round(v, 7) for v in lonlat.bounds]
        several = found.count > 1
        places.append(
            {
                "kind": "feature",
                "title": found.label,
                "title_en": found.label,
                "note": definition.name + (f"，同名共 {found.count} 处，示其一" if several else ""),
                "note_en": definition.name_en + (f", one of {found.count} of this name" if several else ""),
                "layer": definition.code,
                "fid": found.fid,
                "count": found.count,
                "at": _middle(extent),
                "extent": extent,
            }
        )
    return places


def _middle(extent: list[float] | None) -> list[float] | None:
    if extent is None:
        return None
    return [round((extent[0] + extent[2]) / 2, 7), round((extent[1] + extent[3]) / 2, 7)]
