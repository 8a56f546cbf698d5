"""From the pieces around a site to the facts of every layer: overlaps, area counted once, markers. Pure.

A *case* is a site and, for each check CRS, the site there and the layers kept in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.conflict import LayerFacts, LoadedVersion, Overlap
from gis.layer import LayerCatalogue, LayerDefinition, Policy
from gis.markers import rounded_geojson
from gis.overlay import COMMON_SHARE, Around, Layers, Near, Pieces, joined, overlay
from gis.pieces import boxes_over, polygonal, repair
from project_box.kernel.errors import BadInput

#: label, legend key and attributes (JSON) of a feature, by version and number
Features = Mapping[tuple[int, int], tuple[str, str | None, str]]


@dataclass(frozen=True, slots=True)
class Members:
    """The layers kept in one check CRS, for sites in another (or the same) CRS.

    Attributes:
        measure_in: the sites' own CRS where it is another grid, in which overlaps are measured; else None.
        over: the layers as sites are laid over them; ``widest`` the largest of their touch tolerances.
        clear: the facts of each layer where nothing of it is around.
    """

    check_crs: int
    layers: tuple[tuple[LayerDefinition, LoadedVersion], ...]
    measure_in: int | None
    over: Layers
    widest: float
    clear: dict[str, LayerFacts]


@dataclass(frozen=True, slots=True)
class Plan:
    """How sites in one CRS meet the layers; ``refused`` are those they cannot be compared with."""

    groups: tuple[Members, ...]
    refused: dict[str, LayerFacts]
    versions: Mapping[str, LoadedVersion]


@dataclass(frozen=True, slots=True)
class Case:
    """A site to be checked, in metres, and the site in the check CRS of each group of its plan."""

    site: BaseGeometry
    crs: int
    area: float
    plan: Plan
    moved: tuple[BaseGeometry, ...]


def plan_for(crs: int, versions: Mapping[str, LoadedVersion], catalogue: LayerCatalogue) -> Plan:
    """Which layers sites in ``crs`` (metres) are compared with, and how."""
    by_crs: dict[int, list[tuple[LayerDefinition, LoadedVersion]]] = {}
    for code, version in versions.items():
        by_crs.setdefault(version.check_crs, []).append((catalogue.layers[code], version))
    groups: list[Members] = []
    refused: dict[str, LayerFacts] = {}
    for check_crs, layers in by_crs.items():
        if not crs_module.can_transform(crs, check_crs):
            refused |= {d.code: _no_transformation(d) for d, _ in layers}
            continue
        elsewhere = crs_module.same_grid(crs, check_crs) is None
        over = {
            v.id: (catalogue.tolerance(d), not elsewhere and d.policy is not Policy.NOTE) for d, v in layers
        }
        widest = max(tolerance for tolerance, _ in over.values())
        clear = {d.code: LayerFacts(v) for d, v in layers}
        measure_in = crs if elsewhere else None
        groups.append(Members(check_crs, tuple(layers), measure_in, Layers.of(over), widest, clear))
    return Plan(tuple(groups), refused, versions)


def case_of(site: BaseGeometry, crs: int, plan: Plan) -> Case:
    """Put a site (valid area in ``crs``, metres) before the layers of a plan."""
    moved: list[BaseGeometry] = []
    for group in plan.groups:
        there = crs_module.transform(site, crs, group.check_crs)
        if there is not site and not there.is_valid:
            there = repair(there) or there
        moved.append(there)
    return Case(site, crs, float(site.area), plan, tuple(moved))


def _no_transformation(definition: LayerDefinition) -> LayerFacts:
    return LayerFacts(
        None,
        reason=f"用地与{definition.name}的坐标系之间没有公开的转换参数，未核查",
        reason_en=f"{definition.name_en}: no published transformation to the site's CRS, not checked",
    )


def boxes_of(cases: Sequence[Case]) -> list[tuple[int, tuple[float, float, float, float]]]:
    """Where to look for pieces: boxes numbered by the groups of all cases in turn."""
    sites = [pair for case in cases for pair in zip(case.plan.groups, case.moved, strict=True)]
    return [
        (number, box)
        for number, (group, site) in enumerate(sites)
        for box in boxes_over(site, group.widest + 1e-6)
    ]


def laid_over(cases: Sequence[Case], pieces: Pieces) -> list[list[Around]]:
    """What lies around each case, for each group of its plan; requests are numbered as in :func:`boxes_of`."""
    sites = [pair for case in cases for pair in zip(case.plan.groups, case.moved, strict=True)]
    found: list[Around] = [Around({}, {})] * len(sites)
    for group in {id(g): g for g, _ in sites}.values():
        mine = [n for n, (g, _) in enumerate(sites) if g is group]
        there = pieces
        if len(mine) < len(sites):
            position = np.full(len(sites), -1, dtype=np.int64)
            position[mine] = np.arange(len(mine))
            there = pieces.asked(position)
        for n, around in zip(mine, overlay([sites[n][1] for n in mine], there, group.over), strict=True):
            found[n] = around
    rest = iter(found)
    return [[next(rest) for _ in case.moved] for case in cases]


def facts_of(
    case: Case,
    arounds: Sequence[Around],
    features: Features,
    catalogue: LayerCatalogue,
    *,
    markers: bool,
) -> dict[str, LayerFacts]:
    """Facts of every layer with data. ``arounds`` is what lies around the site, for each group of the case."""
    facts = dict(case.plan.refused)
    for group, site, around in zip(case.plan.groups, case.moved, arounds, strict=True):
        facts |= group.clear
        for definition, version in group.layers:
            mine = around.near.get(version.id)
            if mine is not None or (markers and definition.policy is Policy.WITHIN):
                once = around.once.get(version.id)
                facts[definition.code] = _Layer(
                    case, group, site, definition, version, mine or [], once, catalogue
                ).facts(features, markers)
    return _beyond_data(facts, case, catalogue)


@dataclass(slots=True)
class _Layer:
    """One layer and the features of it around the site."""

    case: Case
    group: Members
    site: BaseGeometry
    definition: LayerDefinition
    version: LoadedVersion
    near: list[Near]
    once: float | None
    catalogue: LayerCatalogue

    def facts(self, features: Features, markers: bool) -> LayerFacts:
        """What is known of the layer; ``markers`` asks for the shapes as well."""
        hits = [n for n in self.near if n.area > 0]
        shapes: dict[int, BaseGeometry | None] = {}
        if markers or self.group.measure_in is not None:
            shapes = {n.fid: self._shape(n, self.site) for n in hits}
        sizes = {n.fid: self._size(n, shapes.get(n.fid)) for n in hits}
        covered = sum(area for area, _ in sizes.values())
        once = self._once(hits, shapes)
        if once is not None and abs(once - covered) > COMMON_SHARE * max(self.case.area, 1.0):
            covered = once
        outside: dict[str, Any] | None = None
        if markers and self.definition.policy is Policy.WITHIN:
            known = [a for s in shapes.values() if s is not None and (a := polygonal(s)) is not None]
            left = self.case.site.difference(shapely.union_all(known)) if known else self.case.site
            kept = polygonal(left)
            outside = rounded_geojson(kept, self.case.crs) if kept is not None else None
        if markers:
            shapes |= {n.fid: self._shape(n, self._wide()) for n in self.near if n.area <= 0}
        overlaps = []
        for entry in self.near:
            label, key, attributes = features[(entry.version, entry.fid)]
            area, perimeter = sizes.get(entry.fid, (0.0, 0.0))
            marker = self._marker(shapes.get(entry.fid)) if markers else None
            overlaps.append(Overlap(entry.fid, label, area, perimeter, json.loads(attributes), marker, key))
        return LayerFacts(self.version, tuple(overlaps), covered, outside)

    def _wide(self) -> BaseGeometry:
        """The site and what touches it."""
        if not self.group.widest:
            return self.site
        return self.site.buffer(self.group.widest, quad_segs=2, join_style="mitre")

    def _shape(self, entry: Near, site: BaseGeometry) -> BaseGeometry | None:
        """The part of a feature inside ``site``, in the site's own CRS."""
        shape = joined(entry.common(site))
        return crs_module.transform(shape, self.group.check_crs, self.case.crs) if shape is not None else None

    def _size(self, entry: Near, shape: BaseGeometry | None) -> tuple[float, float]:
        """Area in common and its perimeter (at most; exact where it decides between overlap and sliver)."""
        if self.group.measure_in is not None:
            parts = [
                crs_module.transform(p, self.group.check_crs, self.case.crs)
                for p in entry.common(self.site)
                if not p.is_empty
            ]
            return float(sum(p.area for p in parts)), float(sum(p.length for p in parts))
        tolerance = self.catalogue.tolerance(self.definition)
        certain = 2 * entry.area > tolerance * entry.perimeter_most
        if certain or entry.area < self.catalogue.minimum_area(self.definition):
            return entry.area, entry.perimeter_most
        return entry.area, entry.measured(self.site)[1]

    def _once(self, hits: Sequence[Near], shapes: Mapping[int, BaseGeometry | None]) -> float | None:
        """The area under the layer counted once; None where its features have nothing in common."""
        if self.group.measure_in is None:
            return self.once
        if len(hits) < 2 or self.definition.policy is Policy.NOTE:
            return None
        areas = [a for s in shapes.values() if s is not None and (a := polygonal(s)) is not None]
        return float(shapely.union_all(areas).area) if areas else None

    def _marker(self, geometry: BaseGeometry | None) -> dict[str, Any] | None:
        if geometry is None or geometry.is_empty:
            return None
        return rounded_geojson(polygonal(geometry) or geometry, self.case.crs)


def _layers_around(case: Case) -> set[str]:
    """Layers whose own data lies on all sides of the site: there a gap means 不涉及, not missing data."""
    try:
        west, south, east, north = crs_module.transform_unchecked(
            case.site, case.crs, crs_module.WGS84
        ).bounds
    except BadInput:
        return set()
    return {
        code
        for code, version in case.plan.versions.items()
        if (extent := version.extent_lonlat)
        and extent[0] <= west
        and extent[1] <= south
        and east <= extent[2]
        and north <= extent[3]
    }


def _beyond_data(
    facts: dict[str, LayerFacts], case: Case, catalogue: LayerCatalogue
) -> dict[str, LayerFacts]:
    """Outside the area for which plan data is loaded nothing is clear.

    A layer that covers its whole area (``covers_area``) tells where data is loaded. Where it leaves more than a
    thousandth of the site uncovered, every other layer that has no feature there and whose own data does not lie
    around the site is 未核查: no data is no proof.
    """
    around: set[str] | None = None
    for code, definition in catalogue.layers.items():
        known = facts.get(code)
        if not definition.covers_area or known is None or known.version is None:
            continue
        if known.covered_m2 >= 0.999 * case.area:
            continue
        around = _layers_around(case) if around is None else around
        share = f"{1 - known.covered_m2 / case.area:.1%}"
        reason = f"用地有 {share} 在规划数据范围以外({definition.name}未覆盖),未核查"
        reason_en = f"{share} of the site lies outside the plan data ({definition.name_en}), not checked"
        facts = {
            other: fact
            if other in around or fact.overlaps or fact.version is None
            else LayerFacts(None, reason=reason, reason_en=reason_en)
            for other, fact in facts.items()
        }
    return facts
