"""Use case: what one version of a layer changed against another. Reads only; never commits."""

from __future__ import annotations

from collections import Counter
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.differences.version_changes import Change, Row, changes, moved
from gis.layers.browsing import named_version
from gis.layers.layer import LayerDefinition, layer_catalogue
from gis.markers import rounded_geojson
from gis.models import LayerVersion
from project_box.kernel.errors import BadInput


def layer_changes(
    session: Session, code: str, old: str, new: str, *, geometry: bool = True, key: str | None = None
) -> dict[str, Any]:
    """What version ``new`` of a layer changed against ``old``: added, removed, geometry, attributes.

    Args:
        key: field that names a feature; by default the first field of the layer's label.

    Raises:
        NotFound: no such layer or version.
        BadInput: no such field, or the versions are in different CRS.
    """
    definition = layer_catalogue().get(code)
    rows = _comparable(session, definition, (old, new))
    if key is not None and key not in definition.fields:
        raise BadInput(
            f"{definition.name}没有字段 {key[:30]}",
            "no such field",
            code="unknown_field",
            place="key",
            remedy=f"可用：{'、'.join(definition.fields)}",
            remedy_en=f"there are {', '.join(definition.fields)}",
        )
    field = key or next((f for f in definition.fields if f"{{{f}" in definition.label), None)
    crs = rows[0].source_crs
    before, after = (
        [Row(*entry) for entry in repository.unlike(session, one.id, other.id)]
        for one, other in (rows, reversed(rows))
    )
    found = changes(before, after, key=field, degrees=crs_module.is_geographic(crs))
    counts = Counter(c.kind for c in found)
    return {
        "code": definition.code,
        "name": definition.name,
        "old": old,
        "new": new,
        "crs": crs,
        "key": field,
        "counts": {k: counts[k] for k in ("added", "removed", "geometry", "attributes", "both")}
        | {"features_old": rows[0].feature_count, "features_new": rows[1].feature_count},
        "area_change_m2": round(rows[1].area_m2 - rows[0].area_m2, 2),
        "areas": _areas(found, rows[1]),
        "versions": {
            side: {
                "version": r.version,
                "valid_from": r.valid_from.isoformat(),
                "area_m2": round(r.area_m2, 2),
            }
            for side, r in zip(("old", "new"), rows, strict=True)
        },
        "changes": [_change(c, crs, geometry) for c in found],
    }


def _comparable(session: Session, definition: LayerDefinition, names: tuple[str, str]) -> list[LayerVersion]:
    """Two versions of a layer by name, in one CRS."""
    rows = [named_version(session, definition, name) for name in names]
    if rows[0].source_crs != rows[1].source_crs:
        raise BadInput(
            f"两个版本的坐标系不同（EPSG:{rows[0].source_crs} 与 EPSG:{rows[1].source_crs}），不能逐点比较",
            "the versions are in different coordinate systems",
            code="CRS-DIFFERENT",
            remedy="用同一坐标系的数据重新导入",
            remedy_en="import both in one coordinate system",
        )
    return rows


def _areas(found: list[Change], row: LayerVersion) -> dict[str, dict[str, float]]:
    """Old, new, gained and lost area (㎡) by kind of change; gained and lost by the outlines themselves."""
    totals = {
        k: dict.fromkeys(("old_m2", "new_m2", "gained_m2", "lost_m2"), 0.0)
        for k in ("added", "removed", "geometry", "attributes", "both")
    }
    for each in found:
        line = totals[each.kind]
        line["old_m2"] += each.old.area_m2 if each.old else 0.0
        line["new_m2"] += each.new.area_m2 if each.new else 0.0
        if each.kind == "attributes":
            continue
        gained, lost = moved(each)
        for name, shape in (("gained_m2", gained), ("lost_m2", lost)):
            if shape is not None:
                line[name] += _square_metres(shape, row)
    return {k: {n: round(v, 2) for n, v in line.items()} for k, line in totals.items()}


def _square_metres(shape: BaseGeometry, row: LayerVersion) -> float:
    """Area in the CRS the layer is checked in."""
    try:
        there = crs_module.transform_unchecked(shape, row.source_crs, row.check_crs)
    except BadInput:
        return 0.0
    return crs_module.planar_area(there, row.check_crs)


def _change(change: Change, crs: int, geometry: bool) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "code": change.code,
        "kind": change.kind,
        "label": change.label,
        "fields": [{"field": n, "old": o, "new": w} for n, o, w in change.fields],
    }
    for side, row in (("old", change.old), ("new", change.new)):
        plain[side] = (
            None
            if row is None
            else {
                "fid": row.fid,
                "area_m2": round(row.area_m2, 2),
                "geometry": rounded_geojson(row.geometry, crs)
                if geometry and (change.kind != "attributes" or side == "new")
                else None,
            }
        )
    if geometry and change.kind in ("geometry", "both"):
        for name, shape in zip(("gained", "lost"), moved(change), strict=True):
            plain[name] = rounded_geojson(shape, crs) if shape is not None else None
    return plain
