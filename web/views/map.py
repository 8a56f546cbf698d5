"""The map workbench, as page and API show it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository, service
from gis.layers.layer import layer_catalogue
from gis.maps import map_search, plot_site
from gis.maps.sheet import PAPERS, SCALES, Sheet
from project_box import service as box
from project_box.kernel.errors import BadInput
from project_box.kernel.identity import Actor, Role
from web.views.gis import city_crs, crs_options, kept_crs, layers_view, lonlat, map_config, named_crs
from web.views.projects import project_plain


def workbench_view(
    session: Session, actor: Actor, project_id: uuid.UUID | None = None, asked: int | None = None
) -> dict[str, Any]:
    """The map workbench 一张图, on request with a project's site in it; ``asked``: the CRS to read and measure in.

    Raises:
        NotFound: the project is not visible. BadInput: no such CRS, or none that can be measured in.
    """
    project, shown, crs = None, None, None
    if project_id is not None:
        project = project_plain(box.get_project(session, actor, project_id))
        found = service.latest_boundary(session, actor, project_id)
        if found is not None:
            shown, crs = lonlat(found[1], found[0].crs or 0), found[0].crs
    view = layers_view(session)
    config = map_config(session, boundary=shown, crs=_measurable(asked) or crs)
    offered = dict.fromkeys([config["crs"]["epsg"], *([crs] if crs else []), *kept_crs(session), city_crs()])
    config |= {
        "crs_offered": [named_crs(epsg) for epsg in offered],
        "workbench": True,
        "versions": _versions(session),
        "systems": crs_options(),
        "papers": list(PAPERS),
        "scales": list(SCALES),
        "frames": _frames(),
        "officer": actor.is_officer,
        "authority": actor.organisation_name if actor.is_officer else "",
        "developer": actor.has(Role.DEVELOPER),
        "project": project,
    }
    return {**view, "map": config, "project": project}


def _measurable(asked: int | None) -> int | None:
    """A stated CRS, if lengths can be measured in it."""
    if asked is not None and crs_module.is_geographic(asked):
        raise BadInput(
            "一张图要按投影坐标系量测和读数",
            f"EPSG:{asked} is not projected",
            code="map_crs",
            place="crs",
            remedy="改为投影坐标系的 EPSG 代码，例如 4547；经纬度另列在读数后面",
            remedy_en="give the EPSG code of a projected system, such as 4547; longitude and latitude stand beside it",
        )
    return asked


def _versions(session: Session) -> dict[str, list[dict[str, Any]]]:
    """All versions of every layer, newest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in repository.versions(session):
        if row.layer_code in layer_catalogue().layers:
            found.setdefault(row.layer_code, []).append(
                {
                    "id": row.id,
                    "version": row.version,
                    "valid_from": row.valid_from.isoformat(),
                    "current": row.current,
                }
            )
    return found


def _frames() -> dict[str, list[float]]:
    """Width and height in mm of the map frame of every sheet, upright and ``-landscape``."""
    return {
        f"{paper}{'-landscape' if landscape else ''}": list(
            Sheet("", 0, 0, 0, "", SCALES[0], dt.date.min, paper, landscape).frame[2:]
        )
        for paper in PAPERS
        for landscape in (False, True)
    }


def identify_view(session: Session, actor: Actor, x: float, y: float, crs: int) -> dict[str, Any]:
    """Everything at a point: layers by family with their rule, and the visible projects whose site is there."""
    found = service.identify(session, x, y, crs)
    catalogue = layer_catalogue()
    for line in found["layers"]:
        definition = catalogue.layers[line["code"]]
        family = catalogue.families.families[definition.family]
        line |= {
            "family": definition.family,
            "family_name": family.name,
            "family_name_en": family.name_en,
            "policy": definition.policy.value,
            "policy_name": definition.policy.zh,
            "policy_name_en": definition.policy.en,
            "clause": definition.clause.model_dump(),
            "units": {k: f.unit for k, f in definition.fields.items() if f.unit},
            "fields_en": {k: f.name_en for k, f in definition.fields.items()},
            "plot": plot_site.can_be_site(definition.code),
        }
    found["projects"] = [
        {
            "id": str(project.id),
            "code": project.code,
            "name": project.name,
            "area_m2": boundary.payload.get("area_m2"),
        }
        for project, boundary in plot_site.projects_at(session, actor, x, y, crs)
    ]
    return found


def find_view(session: Session, actor: Actor, words: str, crs: int | None) -> dict[str, Any]:
    """Places that typed words or coordinates name."""
    return map_search.find(session, actor, words, crs if crs is not None else city_crs())


def plot_view(session: Session, actor: Actor, code: str, fid: int) -> dict[str, Any]:
    """A plot, and the projects it may become the site of (the actor's own)."""
    found = plot_site.plot(session, code, fid)
    geometry = found.pop("geometry")
    own = [p for p in box.list_projects(session, actor) if p.organisation_id == actor.organisation_id]
    crs = found["crs"]
    projected = None if crs_module.is_geographic(crs) else crs
    return {
        "plot": found,
        "projects": [project_plain(p) for p in own],
        "map": map_config(session, boundary=lonlat(geometry, crs), crs=projected, visible=(code, "DLHX")),
    }
