"""Running a site selection on the plan layers, and making a project of a chosen candidate. Never commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from pydantic import ValidationError
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis import repository
from gis.boundaries.recording import record_drawn_boundary
from gis.check.checking import check_geometries
from gis.check.conditions import number
from gis.check.conflict import ConflictReport, LayerResult, Status
from gis.layers.layer import LayerCatalogue, Policy, layer_catalogue
from gis.markers import rounded_geojson
from gis.models import LayerVersion
from gis.planning.site_selection import (
    Candidate,
    Mark,
    Search,
    distance_mark,
    forbidden_mark,
    own_marks,
    ranked,
    selection_rules,
    slope_mark,
)
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, NotFound
from project_box.kernel.finding import Outcome
from project_box.kernel.identity import Actor
from project_box.kernel.plain import to_plain
from project_box.models import Project, Result
from project_box.stage import Stage

_BATCH = 50


def read_search(document: Any) -> Search:
    """A search from JSON.

    Raises:
        BadInput: names the field and what is wrong with it.
    """
    try:
        return Search.model_validate(document)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "search"
        raise BadInput(
            f"选址条件有误：{place} {fault['msg']}",
            f"{place}: {fault['msg']}",
            code="search_invalid",
            place=place,
            remedy="更正该项条件后再查询",
            remedy_en="correct that condition and search again",
        ) from error


def select_sites(session: Session, search: Search, *, only: str | None = None) -> dict[str, Any]:
    """Candidates ranked with reasons, and the excluded ones with theirs.

    Args:
        only: key of the one candidate to look at (its own position in the ranking is then not known).

    Returns:
        plain: search, weights, crs, versions, counts, candidates, excluded; geometry as GeoJSON in the city's CRS.

    Raises:
        Conflict: no plots are loaded. BadInput: too many candidates, or a layer too large to measure to.
        NotFound: a layer that is not in the catalogue.
    """
    catalogue = layer_catalogue()
    crs = catalogue.families.check_crs
    started = list(_cells(search) if search.cell_m is not None else _plots(session, catalogue, crs))
    first = [
        Candidate(
            key, label, round(g.area, 2), g, a,
            tuple(own_marks(search, g.area, g, a, plot=search.cell_m is None)),
        )
        for key, label, g, a in started
        if only is None or key == only
    ]  # fmt: skip
    alive = [c for c in first if c.outcome is not Outcome.FAIL]
    if len(alive) > selection_rules().most_candidates:
        raise BadInput(
            f"有 {len(alive):,} 个候选，超过一次可核查的 {selection_rules().most_candidates:,} 个",
            f"{len(alive)} candidates are too many",
            code="too_many_candidates",
            place="search",
            remedy="缩小面积范围、用地性质或搜索范围",
            remedy_en="narrow the area, the land use or the region searched",
        )
    measures = [_Measure(session, search, i, catalogue, crs) for i in range(len(search.distances))]
    checked = {c.key: c for c in _checked(session, search, alive, measures, catalogue, crs)}
    kept, excluded = ranked([checked.get(c.key, c) for c in first])
    current = repository.current_versions(session)
    return {
        "search": to_plain(search.model_dump(mode="json")),
        "weights": {str(k): search.weight(k) for k in selection_rules().weights},
        "crs": crs,
        "versions": {c: v.version for c, v in sorted(current.items()) if c in catalogue.layers},
        "counts": {
            "looked_at": len(first),
            "candidates": sum(1 for c in kept if c.outcome is Outcome.PASS),
            "undecided": sum(1 for c in kept if c.outcome is Outcome.UNDECIDED),
            "excluded": len(excluded),
        },
        "candidates": [candidate_plain(c, n, crs) for n, c in enumerate(kept[: search.limit], 1)],
        "excluded": [candidate_plain(c, None, crs) for c in excluded[: selection_rules().shown_excluded]],
    }


def candidate_plain(candidate: Candidate, rank: int | None, crs: int) -> dict[str, Any]:
    """A candidate as API, page and workbook show it."""
    return {
        "rank": rank,
        "key": candidate.key,
        "label": candidate.label,
        "area_m2": candidate.area_m2,
        "score": candidate.score,
        "outcome": candidate.outcome.value,
        "use": candidate.attributes.get("YDDM"),
        "far": candidate.attributes.get("RJL_MAX"),
        "criteria": [to_plain(m) for m in candidate.marks],
        "reasons": [m.reason for m in candidate.marks if m.outcome is candidate.outcome],
        "reasons_en": [m.reason_en for m in candidate.marks if m.outcome is candidate.outcome],
        "geometry": rounded_geojson(candidate.geometry, crs),
    }


Started = tuple[str, str, BaseGeometry, dict[str, Any]]


def _plots(session: Session, catalogue: LayerCatalogue, crs: int) -> Iterator[Started]:
    code = selection_rules().plots
    version = repository.current_version(session, code)
    if version is None:
        raise Conflict(
            f"还没有导入{catalogue.layers[code].name}，不能从地块中选址", f"no data of layer {code}",
            code="no_plots", remedy="先导入控规地块，或改用自由搜索格",
            remedy_en="import planning plots first, or search by free cells",
        )  # fmt: skip
    for fid, label, attributes, _, geometry in repository.delivered(session, version.id):
        yield f"{code}:{fid}", label, crs_module.transform(geometry, version.source_crs, crs), attributes


def _cells(search: Search) -> Iterator[Started]:
    assert search.cell_m is not None and search.extent is not None
    west, south, east, north = search.extent
    columns, rows = int((east - west) // search.cell_m), int((north - south) // search.cell_m)
    if columns * rows > selection_rules().most_candidates:
        raise BadInput(
            f"搜索范围有 {columns * rows:,} 个格，超过 {selection_rules().most_candidates:,} 个",
            f"{columns * rows} cells are too many", code="too_many_candidates", place="cell_m",
            remedy="加大格的边长或缩小范围",
            remedy_en="use larger cells or a smaller region",
        )  # fmt: skip
    for row in range(rows):
        for column in range(columns):
            x, y = west + column * search.cell_m, south + row * search.cell_m
            cell = shapely.box(x, y, x + search.cell_m, y + search.cell_m)
            yield f"cell:{column}:{row}", f"搜索格 {column + 1}-{row + 1}", cell, {}


class _Measure:
    """Distances of candidates to one layer or point."""

    def __init__(
        self, session: Session, search: Search, index: int, catalogue: LayerCatalogue, crs: int
    ) -> None:
        self.search, self.near = search, search.distances[index]
        self.tree: shapely.STRtree | None = None
        self.why = ("", "no data")
        self.name = self.near.name, self.near.name
        if self.near.point is not None:
            self.tree = shapely.STRtree([shapely.Point(self.near.point)])
            return
        definition = catalogue.get(self.near.layer or "")
        self.name = definition.name, definition.name_en
        version = repository.current_version(session, definition.code)
        if version is None:
            self.why = f"没有{definition.name}的数据", "no data of this layer"
            return
        if version.feature_count > selection_rules().most_features:
            raise BadInput(
                f"{definition.name}有 {version.feature_count:,} 个图斑，太多，不能量距离",
                f"{definition.code} is too large to measure to", code="layer_too_large", place="distances",
                remedy="选用较小的图层",
                remedy_en="choose a smaller layer",
            )  # fmt: skip
        self.tree = shapely.STRtree(_shapes(session, version, crs))

    def mark(self, geometry: BaseGeometry) -> Mark:
        distance = None
        if self.tree is not None:
            found = self.tree.query_nearest(geometry, return_distance=True, all_matches=False)
            distance = float(found[1][0]) if len(found[1]) else None
        return distance_mark(self.search, self.near, distance, self.name, self.why)


def _shapes(session: Session, version: LayerVersion, crs: int) -> list[BaseGeometry]:
    shapes = np.array([row[4] for row in repository.delivered(session, version.id)], dtype=object)
    if version.source_crs != crs:
        shapes = crs_module.transform_array(shapes, version.source_crs, crs)
    return [s for s in shapes if s is not None]


def _checked(
    session: Session,
    search: Search,
    candidates: Sequence[Candidate],
    measures: Sequence[_Measure],
    catalogue: LayerCatalogue,
    crs: int,
) -> Iterator[Candidate]:
    """Candidates with the marks that need other layers."""
    for start in range(0, len(candidates), _BATCH):
        batch = candidates[start : start + _BATCH]
        reports = check_geometries(session, [c.geometry for c in batch], crs, catalogue=catalogue)
        for candidate, report in zip(batch, reports, strict=True):
            marks = [*candidate.marks, *(m.mark(candidate.geometry) for m in measures)]
            if isinstance(report, BadInput):
                marks.append(forbidden_mark(search, [], [(report.zh, report.en)], candidate.area_m2, 0.0))
            else:
                if search.slope_max is not None:
                    marks.append(slope_mark(search, _slopes(report), candidate.area_m2))
                marks.append(_forbidden(session, search, report, candidate, crs))
            yield Candidate(
                candidate.key, candidate.label, candidate.area_m2, candidate.geometry,
                candidate.attributes, tuple(marks),
            )  # fmt: skip


def _slopes(report: ConflictReport) -> list[tuple[float | None, float]] | None:
    source = selection_rules().slope
    line = next((entry for entry in report.layers if entry.code == source.layer), None)
    if line is None or line.status is Status.NOT_CHECKED:
        return None
    return [
        (number(f.attributes.get(source.field)), f.overlap_m2)
        for f in line.features
        if f.status is Status.HIT
    ]


def _forbidden(
    session: Session, search: Search, report: ConflictReport, candidate: Candidate, crs: int
) -> Mark:
    lines = [entry for entry in report.layers if entry.policy is Policy.FORBID]
    hits = [(e.name, e.name_en, e.overlap_m2) for e in lines if e.status is Status.HIT]
    unchecked = [(e.name, e.name_en) for e in lines if e.status is Status.NOT_CHECKED]
    covered = sum(m2 for _, _, m2 in hits)
    largest = max((m2 for _, _, m2 in hits), default=0.0)
    if len(hits) > 1 and largest <= search.forbidden_share * candidate.area_m2 < covered:
        covered = _covered(session, lines, candidate, crs)  # layers may lie over one another
    return forbidden_mark(search, hits, unchecked, candidate.area_m2, covered)


def _covered(session: Session, lines: Sequence[LayerResult], candidate: Candidate, crs: int) -> float:
    """㎡ of a candidate that lie in the features of at least one of these layers."""
    current = repository.current_versions(session)
    pairs = [
        (current[line.code].id, f.fid)
        for line in lines
        for f in line.features
        if f.status is Status.HIT and line.code in current
    ]
    shapes = [
        crs_module.transform(shape, srid, crs)
        for shape, srid in repository.shapes_of(session, pairs).values()
    ]
    return float(shapely.intersection(shapely.union_all(shapes), candidate.geometry).area)


def make_project(
    session: Session, actor: Actor, search: Search, key: str, *, code: str, name: str, location: str = ""
) -> tuple[Project, Result]:
    """A candidate becomes a project 策划项目 with its boundary; the search and its marks go into the box.

    Raises:
        Forbidden: not a 建设单位. NotFound: no such candidate in this search.
        Conflict: it is excluded, or the project code is taken.
    """
    answer = select_sites(session, search, only=key)
    chosen = next(iter(answer["candidates"]), None)
    if chosen is None:
        out = next(iter(answer["excluded"]), None)
        if out is None:
            raise NotFound(
                "选址结果里没有这个候选", f"no candidate {key[:60]}", code="no_candidate", place="key"
            )
        raise Conflict(
            f"该候选已被排除：{out['reasons'][0]}", f"the candidate is excluded: {out['reasons_en'][0]}",
            code="excluded", place="key",
            remedy="选择未被排除的候选",
            remedy_en="choose a candidate that is not excluded",
        )  # fmt: skip
    project = box.create_project(session, actor, code=code, name=name, location=location or chosen["label"])
    boundary = record_drawn_boundary(session, actor, project.id, chosen["geometry"], answer["crs"])
    result = box.put_result(
        session, actor, project.id, kind="site_selection", stage=Stage.PLANNING_LAND,
        title=f"策划选址（{chosen['label']}）",
        payload={
            "candidate": {k: v for k, v in chosen.items() if k != "geometry"},
            **{k: answer[k] for k in ("search", "weights", "versions", "crs")},
            "boundary": str(boundary.id),
        },
        source={"by": actor.name, "key": key}, trust="B",
    )  # fmt: skip
    return project, result
