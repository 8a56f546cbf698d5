"""Use cases: plan against plan 差异图斑, and version against version. Reads only; never commits."""

from __future__ import annotations

from collections import Counter
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.differences import (
    Change,
    Difference,
    Member,
    Relation,
    Row,
    by_class,
    changes,
    differences,
    matches,
    moved,
)
from gis.layer import LayerCatalogue, LayerDefinition, layer_catalogue
from gis.markers import rounded_geojson
from gis.models import LayerVersion
from project_box.kernel.errors import BadInput, NotFound

#: at most this many slivers are listed; all are counted
SLIVERS_LISTED = 500


def diff_layers(
    session: Session,
    code_a: str,
    code_b: str,
    *,
    relation: Relation = Relation.OVERLAP,
    class_a: str | None = None,
    class_b: str | None = None,
    geometry: bool = True,
    catalogue: LayerCatalogue | None = None,
) -> dict[str, Any]:
    """Where the current versions of two layers contradict each other.

    Args:
        relation: ``overlap``: areas both layers claim (永农 ∩ 开发边界); ``outside``: what of A lies outside all of B
            (residential plots of 控规 outside 城镇开发边界); ``mismatch``: where both lie but their classes differ (the
            land use of 控规 against 总规).
        class_a, class_b: only features whose class field matches (``07*``, several by commas).
        geometry: with the shape of each difference (GeoJSON in ``crs``).

    Returns:
        ``crs``, both layers with version, ``count``, ``area_m2`` (areas covered by several features of one layer are
        counted for each), ``by_class``, ``differences``, largest first, and ``slivers`` apart from them.

    Raises:
        NotFound: no such layer, or no data.
        BadInput: the same layer twice, or no published transformation between the two.
    """
    catalogue = catalogue or layer_catalogue()
    a, b = catalogue.get(code_a), catalogue.get(code_b)
    if a.code == b.code:
        raise BadInput(
            "两个图层相同",
            "the same layer twice",
            code="same_layer",
            remedy="选择两个图层;比较版本用 layers changes",
        )
    row_a, row_b = _current(session, a), _current(session, b)
    if not crs_module.can_transform(row_a.check_crs, row_b.check_crs):
        raise BadInput(
            f"{a.name}与{b.name}的坐标系之间没有公开的转换参数,不能比较",
            "no published transformation between the layers",
            code="CRS-NO-TRANSFORM",
        )
    members_a, members_b = _members(session, row_a, a, class_a), _members(session, row_b, b, class_b)
    found, slivers = differences(
        repository.contradictions(
            session, row_a, row_b, list(members_a), list(members_b), outside=relation is Relation.OUTSIDE
        ),
        members_a,
        members_b,
        minimum_m2=max(catalogue.minimum_area(a), catalogue.minimum_area(b)),
        tolerance_m=max(catalogue.tolerance(a), catalogue.tolerance(b)),
        mismatch=relation is Relation.MISMATCH,
        scope=scope_of(a.code, b.code, relation),
    )
    return {
        "relation": relation.value,
        "relation_name": relation.zh,
        "relation_name_en": relation.en,
        "crs": row_a.check_crs,
        "a": _head(a, row_a, class_a),
        "b": _head(b, row_b, class_b),
        "count": len(found),
        "area_m2": round(sum(d.area_m2 for d in found), 2),
        "by_class": by_class(found, _words(a), _words(b)),
        "differences": [_difference(d, row_a.check_crs, geometry) for d in found],
        "slivers": {
            "count": len(slivers),
            "area_m2": round(sum(d.area_m2 for d in slivers), 2),
            "minimum_m2": max(catalogue.minimum_area(a), catalogue.minimum_area(b)),
            "tolerance_m": max(catalogue.tolerance(a), catalogue.tolerance(b)),
            "differences": [_difference(d, row_a.check_crs, geometry) for d in slivers[:SLIVERS_LISTED]],
        },
    }


def scope_of(code_a: str, code_b: str, relation: Relation) -> str:
    """What a difference is a difference of."""
    return f"{code_a}|{code_b}|{relation.value}"


def _difference(found: Difference, crs: int, geometry: bool) -> dict[str, Any]:
    return {
        "code": found.code,
        "area_m2": found.area_m2,
        "a": _plain(found.a),
        "b": _plain(found.b) if found.b is not None else None,
        "geometry": rounded_geojson(found.geometry, crs) if geometry else None,
    }


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
    rows = [_version(session, definition, name) for name in (old, new)]
    if rows[0].source_crs != rows[1].source_crs:
        raise BadInput(
            f"两个版本的坐标系不同(EPSG:{rows[0].source_crs} 与 EPSG:{rows[1].source_crs}),不能逐点比较",
            "the versions are in different coordinate systems",
            code="CRS-DIFFERENT",
            remedy="用同一坐标系的数据重新导入",
        )
    if key is not None and key not in definition.fields:
        raise BadInput(
            f"{definition.name}没有字段 {key[:30]}",
            "no such field",
            code="unknown_field",
            place="key",
            remedy=f"可用:{'、'.join(definition.fields)}",
        )
    field = key or next((f for f in definition.fields if f"{{{f}" in definition.label), None)
    crs = rows[0].source_crs
    before, after = ([Row(*entry) for entry in repository.delivered(session, r.id)] for r in rows)
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
        | {"features_old": len(before), "features_new": len(after)},
        "area_change_m2": round(sum(r.area_m2 for r in after) - sum(r.area_m2 for r in before), 2),
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


def _current(session: Session, definition: LayerDefinition) -> LayerVersion:
    row = repository.current_version(session, definition.code)
    if row is None:
        raise NotFound(
            f"{definition.name}还没有数据",
            f"no data of {definition.code}",
            code="layer_without_data",
            remedy="先导入该图层",
        )
    return row


def _version(session: Session, definition: LayerDefinition, name: str) -> LayerVersion:
    row = repository.version(session, definition.code, name)
    if row is None:
        raise NotFound(
            f"{definition.name}没有版本 {name[:60]}",
            f"{definition.code} has no version {name[:60]}",
            code="version_not_found",
            remedy=f"project-box layers show {definition.code} 列出各版本",
        )
    return row


def _members(
    session: Session, row: LayerVersion, definition: LayerDefinition, pattern: str | None
) -> dict[int, Member]:
    field = definition.classes.field if definition.classes is not None else None
    every = (Member(*entry) for entry in repository.members(session, row.id))
    return {m.fid: m for m in every if matches(m, pattern, field)}


def _words(definition: LayerDefinition) -> dict[str, str]:
    return {k: v.name for k, v in definition.classes.values.items()} if definition.classes else {}


def _head(definition: LayerDefinition, row: LayerVersion, pattern: str | None) -> dict[str, Any]:
    return {
        "code": definition.code,
        "name": definition.name,
        "name_en": definition.name_en,
        "version": row.version,
        "valid_from": row.valid_from.isoformat(),
        "classes": pattern,
    }


def _plain(member: Member) -> dict[str, Any]:
    return {"fid": member.fid, "label": member.label, "class": member.class_key}
