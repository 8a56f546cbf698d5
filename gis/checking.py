"""The multi-plan check of a site or a project against all plan layers. Never commits."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.conflict import ConflictReport, LayerFacts, LoadedVersion, Overlap, judge
from gis.events import ConflictChecked
from gis.layer import LayerCatalogue, LayerDefinition, Policy, layer_catalogue
from gis.markers import rounded_geojson
from gis.models import LayerVersion
from gis.pieces import polygonal, repair
from gis.recording import latest_boundary
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict
from project_box.kernel.events import publish
from project_box.kernel.identity import Actor
from project_box.models import Result
from project_box.stage import Stage

CHINA_TIME = dt.timezone(dt.timedelta(hours=8))


def today() -> dt.date:
    """The present day in China."""
    return dt.datetime.now(CHINA_TIME).date()


def check_geometry(
    session: Session,
    geom: BaseGeometry,
    crs: int,
    *,
    height_m: float | None = None,
    on: dt.date | None = None,
    markers: bool = True,
    catalogue: LayerCatalogue | None = None,
) -> ConflictReport:
    """Check a site against every plan layer.

    Args:
        geom: valid Polygon or MultiPolygon in ``crs``; longitude/latitude is measured in the zone chosen for it.
        height_m: elevation of the highest point of the buildings, for airport surfaces.
        on: day of the check; today when not given.
        markers: also fetch the geometry of every overlap (else areas, statuses and findings only).

    Raises:
        BadInput: not an area, or an unknown CRS.
    """
    started = time.perf_counter()
    catalogue = catalogue or layer_catalogue()
    shape = polygonal(geom)
    if shape is None or not shape.is_valid:
        raise BadInput("用地范围不是有效的面", "the site is not a valid area", code="POLYGON-INVALID")
    site, site_crs = crs_module.local_to_metres(shape, crs)
    current = repository.current_versions(session)
    groups: dict[int, list[tuple[LayerDefinition, LayerVersion]]] = {}
    facts: dict[str, LayerFacts] = {}
    for definition in catalogue.layers.values():
        row = current.get(definition.code)
        if row is None:
            continue
        if crs_module.can_transform(site_crs, row.check_crs):
            groups.setdefault(row.check_crs, []).append((definition, row))
        else:
            facts[definition.code] = LayerFacts(
                None,
                reason=f"用地与{definition.name}的坐标系之间没有公开的转换参数，未核查",
                reason_en=f"{definition.name_en}: no published transformation to the site's CRS, not checked",
            )
    loaded = time.perf_counter()
    for check_crs, members in groups.items():
        facts |= _facts_of(session, site, site_crs, check_crs, members, catalogue, markers)
    facts = _beyond_data(facts, site.area, catalogue, _layers_around(site, site_crs, current))
    fetched = time.perf_counter()
    report = judge(site.area, site_crs, facts, catalogue, on=on or today(), height_m=height_m)
    timings = {
        "versions_ms": (loaded - started) * 1000,
        "overlap_ms": (fetched - loaded) * 1000,
        "judge_ms": (time.perf_counter() - fetched) * 1000,
        "total_ms": (time.perf_counter() - started) * 1000,
    }
    return replace(report, timings=timings)


def _facts_of(
    session: Session,
    site: BaseGeometry,
    site_crs: int,
    check_crs: int,
    members: Sequence[tuple[LayerDefinition, LayerVersion]],
    catalogue: LayerCatalogue,
    markers: bool,
) -> dict[str, LayerFacts]:
    """Overlaps of the site with all layers kept in one check CRS."""
    moved = crs_module.transform(site, site_crs, check_crs)
    if not moved.is_valid:
        moved = repair(moved) or moved
    widest = max(catalogue.tolerance(d) for d, _ in members)
    wide = moved.buffer(widest, quad_segs=2, join_style="mitre") if widest else moved
    same_plane = crs_module.same_grid(site_crs, check_crs) is not None
    found = repository.overlaps(
        session,
        [row.id for _, row in members],
        moved,
        wide,
        check_crs,
        measure_in=None if same_plane else site_crs,
    )
    found = _within_tolerance(session, found, members, moved, check_crs, widest, catalogue)
    pairs = [(v, f) for v, f, _, _ in found]
    words = repository.describe(session, pairs)
    shapes: dict[tuple[int, int], BaseGeometry] = {}
    if not markers:  # only what may overlap within a layer, to count its area once
        alone = {row.id for d, row in members if d.policy is Policy.NOTE}
        hits = Counter(v for v, _, a, _ in found if a > 0)
        several = [(v, f) for v, f, a, _ in found if a > 0 and hits[v] > 1 and v not in alone]
        shapes = repository.clipped(session, several, moved, check_crs)
        shapes = {k: crs_module.transform(g, check_crs, site_crs) for k, g in shapes.items()}
    else:
        shapes = repository.clipped(session, [(v, f) for v, f, a, _ in found if a > 0], moved, check_crs)
        shapes |= repository.clipped(session, [(v, f) for v, f, a, _ in found if a <= 0], wide, check_crs)
        shapes = {k: crs_module.transform(g, check_crs, site_crs) for k, g in shapes.items()}
    facts: dict[str, LayerFacts] = {}
    for definition, row in members:
        mine = [(f, a, p) for v, f, a, p in found if v == row.id]
        areas = [_areas(shapes.get((row.id, f))) for f, a, _ in mine if a > 0]
        covered = sum(a for _, a, _ in mine)
        outside: dict[str, Any] | None = None
        known = [a for a in areas if a is not None]
        union = shapely.union_all(known) if len(known) > 1 and definition.policy is not Policy.NOTE else None
        if union is not None and abs(union.area - covered) > 1e-6 * max(site.area, 1.0):
            covered = float(union.area)
        if definition.policy is Policy.WITHIN and markers:
            left = site.difference(union if union is not None else known[0]) if known else site
            kept = polygonal(left)
            outside = rounded_geojson(kept, site_crs) if kept is not None else None
        facts[definition.code] = LayerFacts(
            LoadedVersion(row.id, row.version, row.valid_from, row.check_crs),
            tuple(
                Overlap(
                    f,
                    words[(row.id, f)][0],
                    a,
                    p,
                    words[(row.id, f)][2],
                    _marker(shapes.get((row.id, f)), site_crs) if markers else None,
                    words[(row.id, f)][1],
                )
                for f, a, p in mine
            ),
            covered,
            outside,
        )
    return facts


def _layers_around(site: BaseGeometry, crs: int, current: Mapping[str, LayerVersion]) -> set[str]:
    """Layers whose own data lies on all sides of the site: there a gap means 不涉及, not missing data."""
    try:
        west, south, east, north = crs_module.transform_unchecked(site, crs, crs_module.WGS84).bounds
    except BadInput:
        return set()
    return {
        code
        for code, row in current.items()
        if (extent := row.extent_lonlat)
        and extent[0] <= west
        and extent[1] <= south
        and east <= extent[2]
        and north <= extent[3]
    }


def _beyond_data(
    facts: dict[str, LayerFacts], site_area: float, catalogue: LayerCatalogue, around: set[str]
) -> dict[str, LayerFacts]:
    """Outside the area for which plan data is loaded nothing is clear.

    A layer that covers its whole area (``covers_area``) tells where data is loaded. Where it leaves more than a
    thousandth of the site uncovered, every other layer that has no feature there and whose own data does not lie
    ``around`` the site is 未核查: no data is no proof.
    """
    for code, definition in catalogue.layers.items():
        known = facts.get(code)
        if not definition.covers_area or known is None or known.version is None:
            continue
        if known.covered_m2 >= 0.999 * site_area:
            continue
        share = f"{1 - known.covered_m2 / site_area:.1%}"
        reason = f"用地有 {share} 在规划数据范围以外({definition.name}未覆盖),未核查"
        reason_en = f"{share} of the site lies outside the plan data ({definition.name_en}), not checked"
        facts = {
            other: fact
            if other in around or fact.overlaps or fact.version is None
            else LayerFacts(None, reason=reason, reason_en=reason_en)
            for other, fact in facts.items()
        }
    return facts


def _within_tolerance(
    session: Session,
    found: list[tuple[int, int, float, float]],
    members: Sequence[tuple[LayerDefinition, LayerVersion]],
    moved: BaseGeometry,
    check_crs: int,
    widest: float,
    catalogue: LayerCatalogue,
) -> list[tuple[int, int, float, float]]:
    """Leave out what only a layer with a wider touch tolerance would count as touching."""
    narrow = {row.id: catalogue.tolerance(d) for d, row in members if catalogue.tolerance(d) < widest}
    kept = [entry for entry in found if entry[2] > 0 or entry[0] not in narrow]
    doubtful = [entry for entry in found if entry[2] <= 0 and entry[0] in narrow]
    for tolerance in sorted({narrow[e[0]] for e in doubtful}):
        mine = [(e[0], e[1]) for e in doubtful if narrow[e[0]] == tolerance]
        ring = moved.buffer(tolerance, quad_segs=2, join_style="mitre") if tolerance else moved
        near = repository.clipped(session, mine, ring, check_crs)
        kept += [e for e in doubtful if (e[0], e[1]) in near]
    return kept


def _areas(geometry: BaseGeometry | None) -> BaseGeometry | None:
    return polygonal(geometry) if geometry is not None else None


def _marker(geometry: BaseGeometry | None, crs: int) -> dict[str, Any] | None:
    if geometry is None or geometry.is_empty:
        return None
    return rounded_geojson(polygonal(geometry) or geometry, crs)


def run_conflict_check(
    session: Session, actor: Actor, project_id: uuid.UUID, *, height_m: float | None = None
) -> Result:
    """Check a project's boundary and put Results ``conflict_report`` and ``planning_conditions`` into the box.

    Planning conditions that cannot be decided are stored as such (``status: undecided`` with the reason and no
    conditions), so that an older decided version never stands for a new boundary.

    Raises:
        NotFound: the project is not visible.
        Conflict: it has no boundary yet.
    """
    found = latest_boundary(session, actor, project_id)
    if found is None:
        raise Conflict(
            "还没有用地红线，不能做多规检查",
            "the project has no boundary yet",
            code="no_boundary",
            remedy="先在“用地红线”页上传或绘制红线",
        )
    boundary, geometry = found
    assert boundary.crs is not None
    report = check_geometry(session, geometry, boundary.crs, height_m=height_m)
    payload = report.payload() | {
        "boundary_result": {
            "id": str(boundary.id),
            "version": boundary.version,
            "hash": boundary.content_hash,
        },
        "height_m": height_m,
    }
    versions = {line.code: line.version for line in report.layers if line.version}
    source = {"boundary": str(boundary.id), "layer_versions": versions, "by": actor.name}
    result = box.put_result(
        session,
        actor,
        project_id,
        kind="conflict_report",
        stage=Stage.PLANNING_LAND,
        title="多规合一检查报告",
        payload=payload,
        geometry=geometry,
        crs=boundary.crs,
        source=source,
        trust="B",
    )
    planning = payload["planning"]
    if planning is not None:
        box.put_result(
            session,
            actor,
            project_id,
            kind="planning_conditions",
            stage=Stage.PLANNING_LAND,
            title="规划条件",
            payload=planning | {"message": planning["reason"], "conflict_report": str(result.id)},
            source=source,
            trust="B",
        )
    publish(session, ConflictChecked(project_id, result.id, result.version))
    return result
