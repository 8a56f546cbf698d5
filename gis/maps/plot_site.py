"""A plot of a plan layer as the site of a project 以地块为用地红线; projects at a place. Never commits."""

from __future__ import annotations

import json
import uuid
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis.boundaries.recording import record_boundary
from gis.layers.layer import Policy, layer_catalogue
from gis.maps import map_repository
from gis.models import LayerVersion
from gis.repository import current_version
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from project_box.models import Project, Result

#: layers whose features are pieces of land that can be granted: plots of the detailed plan, registered parcels
_TENURE = "ZD"


def can_be_site(code: str) -> bool:
    """True for layers whose features are plots: those that give planning conditions, and registered parcels."""
    definition = layer_catalogue().layers.get(code)
    return definition is not None and (definition.policy is Policy.ATTRIBUTES or code == _TENURE)


def plot(session: Session, code: str, fid: int) -> dict[str, Any]:
    """One plot of a layer's current version: label, attributes with their names, area, geometry in its own CRS.

    Raises:
        NotFound: no such layer or feature.
        BadInput: the layer's features are no plots.
    """
    definition = layer_catalogue().get(code)
    if not can_be_site(definition.code):
        raise BadInput(
            f"图层“{definition.name}”的图斑不能作为用地红线",
            f"features of {definition.code} are no plots",
            code="not_a_plot",
            remedy="选择控规地块或宗地",
            remedy_en="choose a planning plot or a land parcel",
        )
    row, label, attributes, geometry = _feature(session, definition.code, fid)
    area = crs_module.planar_area(geometry, row.source_crs)
    return {
        "code": definition.code,
        "layer": definition.name,
        "layer_en": definition.name_en,
        "fid": fid,
        "label": label,
        "version": row.version,
        "version_id": row.id,
        "crs": row.source_crs,
        "crs_name": crs_module.name(row.source_crs),
        "crs_name_en": crs_module.name_en(row.source_crs),
        "area_m2": round(area, 2),
        "attributes": [
            {"name": f.name, "name_en": f.name_en, "value": attributes[k], "unit": f.unit}
            for k, f in definition.fields.items()
            if attributes.get(k) not in (None, "")
        ],
        "geometry": geometry,
    }


def _feature(session: Session, code: str, fid: int) -> tuple[LayerVersion, str, dict[str, Any], BaseGeometry]:
    row = current_version(session, code)
    found = map_repository.feature(session, row.id, fid) if row is not None else None
    if row is None or found is None:
        raise NotFound(
            f"图层 {code} 没有编号为 {fid} 的图斑",
            f"no feature {fid} in {code}",
            code="feature_not_found",
            remedy="在图上重新查询地块",
            remedy_en="look up the plot on the map again",
        )
    return row, *found


def record_plot(session: Session, actor: Actor, project_id: uuid.UUID, code: str, fid: int) -> Result:
    """Record a plot as the boundary of a project; the plot is kept in the box as the file the boundary came from.

    Raises:
        Forbidden: not the project's own 建设单位.
        NotFound: no such plot.
        BadInput: the plot is no usable boundary (``details.issues``).
    """
    found = plot(session, code, fid)
    feature = {
        "type": "Feature",
        "properties": {
            "图层": found["layer"],
            "图层代码": found["code"],
            "图层版本": found["version"],
            "图斑": found["fid"],
            "名称": found["label"],
        },
        "geometry": json.loads(shapely.to_geojson(found["geometry"])),
    }
    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{found['crs']}"}},
        "features": [feature],
    }
    name = f"{found['layer']}-{found['label'] or fid}-{found['version']}.geojson".replace("/", "-")
    data = json.dumps(document, ensure_ascii=False).encode()
    return record_boundary(session, actor, project_id, name, data, found["crs"])


def projects_at(session: Session, actor: Actor, x: float, y: float, crs: int) -> list[tuple[Project, Result]]:
    """Visible projects whose site holds a point, with the boundary that does."""
    places: dict[int, BaseGeometry] = {}
    for epsg in map_repository.boundary_systems(session):
        if not crs_module.can_transform(crs, epsg):
            continue
        try:
            places[epsg] = shapely.Point(*crs_module.transform_point(x, y, crs, epsg))
        except BadInput:
            continue  # the point cannot be expressed in that system: no site of it is here
    found = map_repository.boundaries_at(session, actor, places)
    names = map_repository.projects_by_id(session, actor, [r.project_id for r in found])
    return [(names[r.project_id], r) for r in found if r.project_id in names]
