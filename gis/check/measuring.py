"""What a check measures to features delivered as lines and points: true distances, and runway surfaces. Pure.

Distances are those between the geometries in the site's own projected CRS, not to the widened pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.check.conflict import LayerFacts, Overlap
from gis.layers.buffers import ORIGIN
from gis.layers.layer import LayerCatalogue, LayerDefinition
from gis.layers.obstacle import lowest_limit, obstacle_rules, runway_of
from project_box.kernel.errors import BadInput

#: geometry as delivered and its EPSG, by (version, feature)
Shapes = Mapping[tuple[int, int], tuple[BaseGeometry, int]]


def wanted(facts: Mapping[str, LayerFacts], widened: Collection[str]) -> list[tuple[int, int]]:
    """(version, feature) of everything that has to be measured; ``widened``: layers that take in lines and points."""
    return [
        (known.version.id, overlap.fid)
        for code in widened
        if (known := facts.get(code)) is not None and known.version is not None
        for overlap in known.overlaps
        if ORIGIN in overlap.attributes
    ]


def measured(
    facts: Mapping[str, LayerFacts], site: BaseGeometry, crs: int, shapes: Shapes, catalogue: LayerCatalogue
) -> dict[str, LayerFacts]:
    """The facts, with ``detail`` on every overlap that was measured to.

    Args:
        site: in ``crs`` (metres).
    """
    out = dict(facts)
    for code, known in facts.items():
        if known.version is None or not any(ORIGIN in o.attributes for o in known.overlaps):
            continue
        definition = catalogue.layers[code]
        version = known.version.id
        out[code] = replace(
            known,
            overlaps=tuple(
                _measured(o, site, crs, shapes[(version, o.fid)], definition)
                if (version, o.fid) in shapes and ORIGIN in o.attributes
                else o
                for o in known.overlaps
            ),
        )
    return out


def _measured(
    overlap: Overlap,
    site: BaseGeometry,
    crs: int,
    shape: tuple[BaseGeometry, int],
    definition: LayerDefinition,
) -> Overlap:
    try:
        line = crs_module.transform(shape[0], shape[1], crs)
    except BadInput:
        return overlap
    detail: dict[str, Any] = {"distance_m": round(float(site.distance(line)), 3)}
    attributes = {k: v for k, v in overlap.attributes.items() if k != ORIGIN}
    if definition.buffer is not None:
        detail |= {
            "required_m": definition.buffer.of(attributes),
            "clause": definition.buffer.clause,
            "clause_en": definition.buffer.clause_en,
            "clause_verified": definition.buffer.verified,
        }
    if definition.height is not None and definition.height.runways:
        detail |= _surface(line, attributes, site)
    return replace(overlap, attributes=attributes, detail=detail)


def _surface(line: BaseGeometry, attributes: Mapping[str, Any], site: BaseGeometry) -> dict[str, Any]:
    rules = obstacle_rules()
    detail: dict[str, Any] = {
        "clause": f"{rules.doc_no} {rules.clause}",
        "clause_en": rules.clause_en,
        "clause_verified": rules.verified,
        "limit_m": None,
    }
    runway, missing = runway_of(line, attributes, rules)
    if runway is None:
        return detail | {"missing": missing}
    found = lowest_limit(runway, site)
    if found is None:
        return detail | {"surface": None}
    return detail | {
        "limit_m": round(found.elevation_m, 3),
        "surface": found.surface,
        "surface_en": found.surface_en,
        "at": [round(found.at[0], 3), round(found.at[1], 3)],
    }
