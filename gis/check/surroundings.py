"""From the pieces around a site to the facts of every layer: overlaps, area counted once, markers. Pure.

A *case* is a site and, for each check CRS, the site there and the layers kept in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.check.conflict import LayerFacts, LoadedVersion, Overlap
from gis.check.overlay import COMMON_SHARE, Around, Key, Layers, Near, Pieces, joined, overlay
from gis.check.packs import Described, Told
from gis.layers.layer import LayerCatalogue, LayerDefinition, Policy
from gis.layers.pieces import boxes_over, polygonal, repair
from gis.markers import rounded_geojson
from project_box.kernel.errors import BadInput

#: label, legend key and attributes of a feature, by version and number
Features = Mapping[Key, Described] | Told


@dataclass(frozen=True, slots=True)
class Member:
    """A layer; an overlap with a feature below ``minimum`` (㎡), or narrower on average than ``tolerance`` (m), only
    touches."""

    definition: LayerDefinition
    version: LoadedVersion
    tolerance: float
    minimum: float


@dataclass(frozen=True, slots=True)
class Members:
    """The layers kept in one check CRS (by version), for sites in another (or the same) CRS.

    Attributes:
        measure_in: the sites' own CRS where it is another grid, or a plane in feet, in which overlaps are measured;
            else None.
        over: the layers as sites are laid over them; ``widest`` the largest of their touch tolerances.
    """

    check_crs: int
    layers: dict[int, Member]
    measure_in: int | None
    over: Layers
    widest: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How sites in one CRS meet the layers.

    Attributes:
        facts: of each layer where nothing of it is around, or with which sites cannot be compared.
        covering: layers that cover their whole area.
    """

    groups: tuple[Members, ...]
    facts: dict[str, LayerFacts]
    covering: tuple[LayerDefinition, ...]
    versions: Mapping[str, LoadedVersion]


@dataclass(frozen=True, slots=True)
class Case:
    """A site to be checked, in metres, and the site in the check CRS of each group of its plan."""

    site: BaseGeometry
    crs: int
    area: float
    plan: Plan
    moved: tuple[BaseGeometry, ...]


def plan_for(
    crs: int,
    plane: int | None,
    versions: Mapping[str, LoadedVersion],
    clear: Mapping[str, LayerFacts],
    catalogue: LayerCatalogue,
) -> Plan:
    """Which layers sites in ``crs`` (metres) are compared with, and how.

    Args:
        plane: the CRS in feet in which their areas are measured (:func:`gis.crs.own_plane`).
        clear: facts of layers where nothing is around.
    """
    by_crs: dict[int, dict[int, Member]] = {}
    for code, version in versions.items():
        definition = catalogue.layers[code]
        each = definition.minimum_area_per == "feature"
        minimum = catalogue.minimum_area(definition) if each else 0.0
        by_crs.setdefault(version.check_crs, {})[version.id] = Member(
            definition, version, catalogue.tolerance(definition), minimum
        )
    groups: list[Members] = []
    facts = dict(clear)
    for check_crs, layers in by_crs.items():
        if not crs_module.can_transform(crs, check_crs):
            facts |= {m.definition.code: _no_transformation(m.definition) for m in layers.values()}
            continue
        elsewhere = plane is not None or crs_module.same_grid(crs, check_crs) is None
        over = {v: (m.tolerance, not elsewhere) for v, m in layers.items()}
        widest = max(m.tolerance for m in layers.values())
        groups.append(
            Members(check_crs, layers, (plane or crs) if elsewhere else None, Layers.of(over), widest)
        )
    covering = tuple(d for d in catalogue.layers.values() if d.covers_area)
    return Plan(tuple(groups), facts, covering, versions)


def case_of(site: BaseGeometry, crs: int, area: float, plan: Plan) -> Case:
    """Put a site (valid area in ``crs``, metres) before the layers of a plan; ``area`` is its area in ㎡."""
    moved: list[BaseGeometry] = []
    for group in plan.groups:
        there = crs_module.transform(site, crs, group.check_crs)
        if there is not site and not there.is_valid:
            there = repair(there) or there
        moved.append(there)
    return Case(site, crs, area, plan, tuple(moved))


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
    *,
    markers: bool,
) -> dict[str, LayerFacts]:
    """Facts of every layer with data. ``arounds`` is what lies around the site, for each group of the case."""
    facts = dict(case.plan.facts)
    for group, site, around in zip(case.plan.groups, case.moved, arounds, strict=True):
        for version in group.layers if markers else around.near:
            member, near = group.layers[version], around.near.get(version)
            if near is None and member.definition.policy is not Policy.WITHIN:
                continue
            once = around.once.get(version)
            if near is not None and not markers and group.measure_in is None:
                known = _measured(case, site, member, near, once, features)
            else:
                known = _Layer(case, group, site, member, near or [], once).facts(features, markers)
            facts[member.definition.code] = known
    return _beyond_data(facts, case)


def _measured(
    case: Case,
    site: BaseGeometry,
    member: Member,
    near: Sequence[Near],
    once: float | None,
    features: Features,
) -> LayerFacts:
    """What is known of a layer in the site's own grid, without shapes."""
    version = member.version.id
    overlaps = []
    covered = 0.0
    for entry in near:
        area, perimeter = _size(entry, site, member) if entry.area > 0 else (0.0, 0.0)
        covered += area
        label, key, attributes = features[(version, entry.fid)]
        overlaps.append(Overlap(entry.fid, label, area, perimeter, attributes, None, key))
    return LayerFacts(member.version, tuple(overlaps), _once(covered, once, case))


def _size(entry: Near, site: BaseGeometry, member: Member) -> tuple[float, float]:
    """Area in common and its perimeter (at most; exact where it decides between overlap and sliver)."""
    certain = 2 * entry.area > member.tolerance * entry.perimeter_most
    if certain or entry.area < member.minimum:
        return entry.area, entry.perimeter_most
    return entry.area, entry.measured(site)[1]


def _once(covered: float, once: float | None, case: Case) -> float:
    """The area under a layer: counted once where its features have anything in common."""
    if once is not None and abs(once - covered) > COMMON_SHARE * max(case.area, 1.0):
        return once
    return covered


@dataclass(slots=True)
class _Layer:
    """One layer and the features of it around the site."""

    case: Case
    group: Members
    site: BaseGeometry
    member: Member
    near: list[Near]
    once: float | None

    def facts(self, features: Features, markers: bool) -> LayerFacts:
        """What is known of the layer; ``markers`` asks for the shapes as well."""
        hits = [n for n in self.near if n.area > 0]
        shapes: dict[int, BaseGeometry | None] = {}
        if markers or self.group.measure_in is not None:
            shapes = {n.fid: self._shape(n, self.site) for n in hits}
        sizes = {n.fid: self._size(n) for n in hits}
        covered = _once(sum(area for area, _ in sizes.values()), self._once(hits, shapes), self.case)
        outside: dict[str, Any] | None = None
        if markers and self.member.definition.policy is Policy.WITHIN:
            known = [a for s in shapes.values() if s is not None and (a := polygonal(s)) is not None]
            left = self.case.site.difference(shapely.union_all(known)) if known else self.case.site
            kept = polygonal(left)
            outside = rounded_geojson(kept, self.case.crs) if kept is not None else None
        if markers:
            shapes |= {n.fid: self._shape(n, self._wide()) for n in self.near if n.area <= 0}
        overlaps = []
        for entry in self.near:
            label, key, attributes = features[(self.member.version.id, entry.fid)]
            area, perimeter = sizes.get(entry.fid, (0.0, 0.0))
            marker = self._marker(shapes.get(entry.fid)) if markers else None
            overlaps.append(Overlap(entry.fid, label, area, perimeter, attributes, marker, key))
        return LayerFacts(self.member.version, tuple(overlaps), covered, outside)

    def _wide(self) -> BaseGeometry:
        """The site and what touches it."""
        if not self.group.widest:
            return self.site
        return self.site.buffer(self.group.widest, quad_segs=2, join_style="mitre")

    def _shape(self, entry: Near, site: BaseGeometry) -> BaseGeometry | None:
        """The part of a feature inside ``site``, in the site's own CRS."""
        shape = joined(entry.common(site))
        return crs_module.transform(shape, self.group.check_crs, self.case.crs) if shape is not None else None

    def _size(self, entry: Near) -> tuple[float, float]:
        """Area in common (㎡) and its perimeter (m), in the site's own CRS."""
        plane = self.group.measure_in
        if plane is None:
            return _size(entry, self.site, self.member)
        parts = [
            crs_module.transform(p, self.group.check_crs, plane)
            for p in entry.common(self.site)
            if not p.is_empty
        ]
        metre = crs_module.unit_factor(plane)
        return float(sum(p.area for p in parts)) * metre**2, float(sum(p.length for p in parts)) * metre

    def _once(self, hits: Sequence[Near], shapes: Mapping[int, BaseGeometry | None]) -> float | None:
        """The area under the layer counted once; None where its features have nothing in common."""
        plane = self.group.measure_in
        if plane is None:
            return self.once
        if len(hits) < 2:
            return None
        areas = [a for s in shapes.values() if s is not None and (a := polygonal(s)) is not None]
        if not areas:
            return None
        union = crs_module.transform(shapely.union_all(areas), self.case.crs, plane)
        return float(union.area) * crs_module.unit_factor(plane) ** 2

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


def _beyond_data(facts: dict[str, LayerFacts], case: Case) -> dict[str, LayerFacts]:
    """Outside the area for which plan data is loaded nothing is clear.

    A layer that covers its whole area (``covers_area``) tells where data is loaded. Where it leaves more than a
    thousandth of the site uncovered, every other layer that has no feature there and whose own data does not lie
    around the site is 未核查: no data is no proof.
    """
    around: set[str] | None = None
    for definition in case.plan.covering:
        known = facts.get(definition.code)
        if known is None or known.version is None:
            continue
        if known.covered_m2 >= 0.999 * case.area:
            continue
        around = _layers_around(case) if around is None else around
        share = f"{1 - known.covered_m2 / case.area:.1%}"
        reason = f"用地有 {share} 在规划数据范围以外（{definition.name}未覆盖），未核查"
        reason_en = f"{share} of the site lies outside the plan data ({definition.name_en}), not checked"
        facts = {
            other: fact
            if other in around or fact.overlaps or fact.version is None
            else LayerFacts(None, reason=reason, reason_en=reason_en)
            for other, fact in facts.items()
        }
    return facts
