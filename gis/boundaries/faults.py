"""Topological faults of a boundary and what could mend each: crossings, spikes, overlaps, gaps, slivers.

Works on plain polygons; coordinates are those of the boundary, areas ㎡ in the CRS it is measured in. Nothing is
changed here: :mod:`gis.boundaries.repair` applies what a person has accepted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.boundaries.topology import Ring, Vertex, crossings
from gis.remarks import spot_text
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue, Level

#: degrees of latitude in a metre, to turn tolerances into degrees
DEGREES = 1 / 111_320.0
#: a gap is at least so many times as long as it may be wide
_GAP_LENGTHS = 20
#: narrower than this share of the widest gap is rounding, not a gap
_NO_WIDTH = 0.001
#: overlays are worked out on a grid of a micrometre, which keeps them from failing on almost coincident lines
_GRID_M = 1e-6


@dataclass(frozen=True)
class Proposal:
    """One place that could be mended.

    Attributes:
        id: kind and place, e.g. ``UNTANGLE-3f2a91c0``.
        kind: UNTANGLE, DROP-SPIKE, MERGE-POINTS, CUT-OVERLAP, CUT-HOLE, CLOSE-GAP, DROP-SLIVER, DROP-HOLE or
            HOLE-TO-PART.
        parts: the parts of the reading's geometry it would replace, from 0.
        before, after: those parts now and as they would be; ``after`` may be empty.
        area_change_m2: what the site would gain (or lose), counted once where parts overlap.
        recommended: taken when everything is accepted; where one place has two answers only one is.
    """

    id: str
    kind: str
    parts: tuple[int, ...]
    at: tuple[float, float]
    message: str
    message_en: str
    before: MultiPolygon
    after: MultiPolygon
    area_change_m2: float
    recommended: bool = True

    def plain(self) -> dict[str, Any]:
        """As JSON, geometries as GeoJSON in the reading's CRS."""
        return {
            "id": self.id,
            "kind": self.kind,
            "parts": [n + 1 for n in self.parts],
            "at": list(self.at),
            "message": self.message,
            "message_en": self.message_en,
            "area_change_m2": self.area_change_m2,
            "recommended": self.recommended,
            "before": shapely.geometry.mapping(self.before),
            "after": shapely.geometry.mapping(self.after),
        }


@dataclass(frozen=True)
class Site:
    """Parts of a boundary with what measuring them needs."""

    parts: tuple[Polygon, ...]
    crs: int | None
    metre: float

    def area(self, polygons: Sequence[Polygon]) -> float:
        """Area ㎡ of the union; invalid parts count as their valid form."""
        if not polygons:
            return 0.0
        valid = [p if p.is_valid else _valid(p) for p in polygons]
        whole = shapely.union_all(valid, grid_size=_GRID_M * self.metre)
        if whole.is_empty:
            return 0.0
        return crs_module.planar_area(whole, self.crs) if self.crs is not None else float(whole.area)

    def propose(
        self,
        kind: str,
        parts: tuple[int, ...],
        at: tuple[float, float],
        after: Sequence[Polygon],
        words: tuple[str, str],
        *,
        recommended: bool = True,
    ) -> Proposal:
        """A proposal to put ``after`` in the place of ``parts``."""
        digest = hashlib.sha256(f"{kind} {at[0]:.6f} {at[1]:.6f}".encode()).hexdigest()[:8]
        before = [self.parts[n] for n in parts]
        change = round(self.area(after) - self.area(before), 4)
        said = f"，面积 {change:+.2f} ㎡" if abs(change) >= 0.005 else "，面积不变"
        said_en = f"; area {change:+.2f} m2" if abs(change) >= 0.005 else "; area unchanged"
        return Proposal(
            f"{kind}-{digest}",
            kind,
            parts,
            at,
            words[0] + said,
            words[1] + said_en,
            MultiPolygon(before),
            MultiPolygon(list(after)),
            change,
            recommended,
        )


def site_of(geometry: MultiPolygon, crs: int | None) -> Site:
    degrees = crs is not None and crs_module.is_geographic(crs)
    return Site(tuple(geometry.geoms), crs, DEGREES if degrees else 1.0)


def faults(geometry: MultiPolygon, degrees: bool) -> list[Issue]:
    """Gaps, slivers and points too near one another in a valid boundary, as warnings with their places."""
    site = Site(tuple(geometry.geoms), None, DEGREES if degrees else 1.0)
    issues = []
    for finder, code in (
        (_gaps, "BOUNDARY-GAP"),
        (_slivers, "BOUNDARY-SLIVER"),
        (_near_points, "RING-NEAR-POINTS"),
    ):
        for found in islice(finder(site), boundary_rules().places_listed):
            issues.append(_fault(code, found))
    return issues


_FAULTS = {
    "BOUNDARY-GAP": ("两处界线之间留有窄缝", "a narrow gap between two lines of the boundary"),
    "BOUNDARY-SLIVER": ("碎面：宽度不足，像是误差而不是用地", "a sliver, too narrow to be meant"),
    "RING-NEAR-POINTS": ("两个界址点相距过近", "two boundary points lie very near each other"),
}


def _fault(code: str, found: Proposal) -> Issue:
    zh, en = _FAULTS[code]
    return Issue(
        code,
        Level.WARNING,
        f"{zh}，在 {spot_text(*found.at)} 处",
        f"{en}, at {spot_text(*found.at)}",
        "核对该处坐标，或接受修复建议",
        "check the coordinates there, or accept the repair proposed",
        at=found.at,
    )


def every_proposal(site: Site) -> Iterator[Proposal]:
    """Crossings come first: the other finders look at valid parts only."""
    finders: tuple[Callable[[Site], Iterator[Proposal]], ...] = (
        _tangles,
        _spikes,
        _near_points,
        _overlaps,
        _gaps,
        _slivers,
    )
    for finder in finders:
        yield from finder(site)


def vertices_of(ring: shapely.LinearRing) -> list[Vertex]:
    return [Vertex(float(x), float(y)) for x, y in shapely.get_coordinates(ring)[:-1]]


def _valid(polygon: Polygon) -> MultiPolygon:
    """The area of an invalid polygon: lobes of a crossing ring kept, lines dropped; holes take away, wherever they
    are."""
    shell, *holes = (
        shapely.make_valid(Polygon(ring), method="structure", keep_collapsed=False)
        for ring in (polygon.exterior, *polygon.interiors)
    )
    return _areas(shapely.difference(shell, shapely.union_all(holes)) if holes else shell)


def _areas(geometry: BaseGeometry) -> MultiPolygon:
    """The polygons of a geometry."""
    polygons = [
        g for g in shapely.get_parts(shapely.get_parts(geometry)) if g.geom_type == "Polygon" and g.area > 0
    ]
    return MultiPolygon(polygons)


def _tangles(site: Site) -> Iterator[Proposal]:
    """Rings that cross themselves or one another: their areas, each counted once."""
    for n, part in enumerate(site.parts):
        if part.is_valid:
            continue
        astray = _holes_outside(part)
        if astray:
            yield from _about_astray(site, n, astray)
            continue
        spots = [
            spot for ring in (part.exterior, *part.interiors) for spot in crossings(Ring(vertices_of(ring)))
        ]
        x, y = spots[0][:2] if spots else shapely.get_coordinates(part)[0]
        after = list(_valid(part).geoms)
        yield site.propose(
            "UNTANGLE",
            (n,),
            (float(x), float(y)),
            after,
            (f"拆开相交的界址线，成为 {len(after)} 个面", f"untangle crossing rings into {len(after)} areas"),
        )


def _holes_outside(part: Polygon) -> list[int]:
    """Numbers of the inner rings that share no area with the outer one."""
    shell = _valid(Polygon(part.exterior))
    holes = [_valid(Polygon(ring)) for ring in part.interiors]
    return [k for k, hole in enumerate(holes) if shapely.intersection(hole, shell).area <= 1e-9 * hole.area]


def _about_astray(site: Site, number: int, astray: Sequence[int]) -> Iterator[Proposal]:
    """An inner ring outside of the outer one deducts nothing: it may be left out, or be a part of the site."""
    part = site.parts[number]
    rings = list(part.interiors)
    kept = Polygon(part.exterior, [ring for k, ring in enumerate(rings) if k not in astray])
    parts = [kept, *(Polygon(rings[k]) for k in astray)]
    x, y = shapely.get_coordinates(rings[astray[0]])[0]
    answers = (
        ("DROP-HOLE", [kept], "去掉外圈之外的内圈", "leave out the inner ring outside of the outer one"),
        (
            "HOLE-TO-PART",
            parts,
            "把外圈之外的内圈作为另一个面",
            "take the inner ring outside of the outer one as an area",
        ),
    )
    for kind, after, zh, en in answers:
        yield site.propose(kind, (number,), (float(x), float(y)), after, (zh, en), recommended=False)


def _spikes(site: Site) -> Iterator[Proposal]:
    """Corners so sharp that the line runs out and back: the point is left out."""
    rules = boundary_rules()
    for n, part, ring, points in _rings(site):
        before, after = np.roll(points, 1, axis=0) - points, np.roll(points, -1, axis=0) - points
        reach = np.minimum(np.hypot(*before.T), np.hypot(*after.T)) / site.metre
        lengths = np.hypot(*before.T) * np.hypot(*after.T)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosine = np.clip((before * after).sum(axis=1) / lengths, -1.0, 1.0)
        for k in np.flatnonzero(
            (np.degrees(np.arccos(cosine)) < rules.spike_degrees) & (reach > rules.spike_m)
        ):
            shorter = _with_ring(part, ring, np.delete(points, k, axis=0))
            if shorter is not None:
                words = ("去除尖刺点", "leave out the point of the spike")
                yield site.propose("DROP-SPIKE", (n,), _at(points[k]), shorter, words)


def _near_points(site: Site) -> Iterator[Proposal]:
    """Neighbouring points nearer than anybody measures apart: the second is left out."""
    near = boundary_rules().near_point_m * site.metre
    for n, part, ring, points in _rings(site):
        gaps = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
        close = np.flatnonzero(gaps < near)
        if len(close) > boundary_rules().places_listed:
            thinned = _thinned(points, near)
            shorter = _with_ring(part, ring, thinned)
            if shorter is not None:
                less = len(points) - len(thinned)
                words = (
                    f"去掉一圈上 {less} 个与前一点相距过近的界址点",
                    f"leave out {less} points of a ring too near the one before",
                )
                yield site.propose("MERGE-POINTS", (n,), _at(points[close[0]]), shorter, words)
            continue
        for k in close:
            second = (int(k) + 1) % len(points)
            shorter = _with_ring(part, ring, np.delete(points, second, axis=0))
            if shorter is not None:
                words = (
                    f"合并相距 {gaps[k] / site.metre * 1000:.0f} 毫米的两个界址点",
                    f"merge two points {gaps[k] / site.metre * 1000:.0f} mm apart",
                )
                yield site.propose("MERGE-POINTS", (n,), _at(points[second]), shorter, words)


def _thinned(points: npt.NDArray[np.float64], near: float) -> npt.NDArray[np.float64]:
    """The points of a ring without those nearer than ``near`` to the last one kept."""
    kept = [0]
    for k in range(1, len(points)):
        if np.hypot(*(points[k] - points[kept[-1]])) >= near:
            kept.append(k)
    if len(kept) > 3 and np.hypot(*(points[0] - points[kept[-1]])) < near:
        kept.pop()
    return points[kept]


def _overlaps(site: Site) -> Iterator[Proposal]:
    """Parts that share an area: it stays with one of them; a part inside another (unless it is the same once
    more) may also be meant as a hole."""
    for i, j in _pairs(site, 0.0):
        a, b = site.parts[i], site.parts[j]
        grid = _GRID_M * site.metre
        shared = _areas(shapely.intersection(a, b, grid_size=grid))
        if shared.area <= 1e-9 * min(a.area, b.area):
            continue
        spot = shared.representative_point()
        at = (float(spot.x), float(spot.y))
        small, large = (j, i) if b.area <= a.area else (i, j)
        twins = shared.area >= (1 - 1e-9) * max(a.area, b.area)
        inside = site.parts[large].covers(site.parts[small]) and not twins
        rest = list(_areas(shapely.difference(site.parts[small], site.parts[large], grid_size=grid)).geoms)
        yield site.propose(
            "CUT-OVERLAP",
            (i, j),
            at,
            [site.parts[large], *rest],
            (
                f"第 {i + 1}、{j + 1} 部分的重叠只算一次",
                f"count what parts {i + 1} and {j + 1} share only once",
            ),
            recommended=not inside,
        )
        if inside:
            yield site.propose(
                "CUT-HOLE",
                (i, j),
                at,
                list(_areas(shapely.difference(site.parts[large], site.parts[small], grid_size=grid)).geoms),
                (
                    f"把第 {small + 1} 部分作为第 {large + 1} 部分的内圈扣除",
                    f"deduct part {small + 1} as a hole of part {large + 1}",
                ),
                recommended=False,
            )


def _gaps(site: Site) -> Iterator[Proposal]:
    """Narrow gaps between two parts: the gap goes to the larger of them."""
    gap = boundary_rules().gap_m * site.metre
    for i, j in _pairs(site, gap):
        a, b = site.parts[i], site.parts[j]
        for strip in _strips(a, b, gap):
            large, other = (a, b) if a.area >= b.area else (b, a)
            fitted = shapely.make_valid(shapely.snap(shapely.snap(strip, a, gap / 50), b, gap / 50))
            grid = _GRID_M * site.metre
            grown = _without(shapely.union(large, _areas(fitted), grid_size=grid), other, grid)
            spot = strip.representative_point()
            yield site.propose(
                "CLOSE-GAP",
                (i if large is a else j,),
                (float(spot.x), float(spot.y)),
                list(grown.geoms),
                (
                    f"填上第 {i + 1}、{j + 1} 部分之间的窄缝",
                    f"close the gap between parts {i + 1} and {j + 1}",
                ),
            )


def _without(geometry: BaseGeometry, other: Polygon, grid: float) -> MultiPolygon:
    """The areas of a geometry outside another."""
    return _areas(shapely.difference(_areas(geometry), other, grid_size=grid))


def _strips(a: Polygon, b: Polygon, gap: float) -> list[Polygon]:
    """What lies between two parts nowhere wider than ``gap`` and is bounded by both; the corner where two lines part
    from each other is none."""
    both = shapely.union_all([a, b])
    closed = both.buffer(gap / 2, join_style="mitre").buffer(-gap / 2, join_style="mitre")
    found = _areas(closed.difference(both)).geoms
    touch, least = gap / 100, _GAP_LENGTHS * gap
    long = [s for s in found if s.length > 2 * least and 2 * s.area > _NO_WIDTH * gap * s.length]
    return [s for s in long if s.distance(a) < touch and s.distance(b) < touch]


def _slivers(site: Site) -> Iterator[Proposal]:
    """Parts and holes that are all edge: left out, or filled."""
    width = boundary_rules().sliver_m * site.metre
    for n, part in enumerate(site.parts):
        if not part.is_valid:
            continue
        spot = part.representative_point()
        if len(site.parts) > 1 and 2 * part.area < width * part.exterior.length:
            words = (f"去掉第 {n + 1} 部分这块碎面", f"leave out part {n + 1}, a sliver")
            yield site.propose("DROP-SLIVER", (n,), (float(spot.x), float(spot.y)), [], words)
            continue
        rings = list(part.interiors)
        for ring in rings:
            hole = Polygon(ring)
            if 2 * hole.area < width * ring.length:
                inside = hole.representative_point()
                kept = Polygon(part.exterior, [r for r in rings if r is not ring])
                words = (f"填上第 {n + 1} 部分的碎面空洞", f"fill the sliver hole of part {n + 1}")
                yield site.propose("DROP-SLIVER", (n,), (float(inside.x), float(inside.y)), [kept], words)


def _pairs(site: Site, distance: float) -> Iterator[tuple[int, int]]:
    """Valid parts within ``distance`` of each other, i < j."""
    if len(site.parts) < 2:
        return
    shapes = np.array(site.parts, dtype=object)
    for i, j in zip(
        *shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=distance), strict=True
    ):
        if i < j and site.parts[i].is_valid and site.parts[j].is_valid:
            yield int(i), int(j)


def _rings(site: Site) -> Iterator[tuple[int, Polygon, int, npt.NDArray[np.float64]]]:
    """Every ring of the valid parts: part number, part, ring number (0 is the outer one), its points unclosed."""
    for n, part in enumerate(site.parts):
        if part.is_valid:
            for k, ring in enumerate((part.exterior, *part.interiors)):
                yield n, part, k, shapely.get_coordinates(ring)[:-1]


def _with_ring(part: Polygon, number: int, points: npt.NDArray[np.float64]) -> list[Polygon] | None:
    """The part with one of its rings replaced; None when that leaves no valid area."""
    if len(points) < 3:
        return None
    rings = [shapely.get_coordinates(r) for r in (part.exterior, *part.interiors)]
    rings[number] = points
    changed = Polygon(rings[0], rings[1:])
    return [changed] if changed.is_valid and changed.area > 0 else None


def _at(point: npt.NDArray[np.float64]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
