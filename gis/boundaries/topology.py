"""Rings into polygons, and what can be wrong with them.

Works on plain rings (lists of points with the line they came from); coordinates are (east, north) or (lon, lat) of the
file. Nothing is repaired in silence: every change is reported as an issue with its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from gis.remarks import spot_text, warning
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue, Level


@dataclass(frozen=True, slots=True)
class Vertex:
    """A boundary point: east (or longitude), north (or latitude), its name (点号) and its line in the file."""

    x: float
    y: float
    name: str = ""
    line: int | None = None

    @property
    def at(self) -> tuple[float, float]:
        """(x, y)."""
        return self.x, self.y


@dataclass(slots=True)
class Ring:
    """A closed line, stored open (the first point is not repeated).

    Attributes:
        vertices: at least three points for a usable ring.
        number: 圈号 as written, for messages only; role is decided by containment.
        label: what to call it in messages.
    """

    vertices: list[Vertex]
    number: str = ""
    label: str = ""
    hole: bool | None = None
    _polygon: Polygon | None = field(default=None, repr=False)

    @property
    def polygon(self) -> Polygon:
        """The ring as a polygon without holes."""
        if self._polygon is None:
            self._polygon = Polygon([v.at for v in self.vertices])
        return self._polygon

    @property
    def line(self) -> int | None:
        """Line of the first point."""
        return self.vertices[0].line if self.vertices else None


def place(vertex: Vertex) -> str:
    """``第 12 行 J3`` or the coordinates."""
    if vertex.line is not None:
        return f"第 {vertex.line} 行{f' {vertex.name}' if vertex.name else ''}"
    return spot_text(vertex.x, vertex.y)


def clean_ring(ring: Ring, *, degrees: bool, issues: list[Issue]) -> Ring | None:
    """The ring without its repeated last point and without consecutive duplicates; None when it is no area.

    Duplicates, spikes and rings of fewer than three points are reported.
    """
    rules = boundary_rules()
    scale = 111_320.0 if degrees else 1.0
    same = rules.duplicate_m / scale
    vertices = list(ring.vertices)
    if len(vertices) > 1 and _near(vertices[0], vertices[-1], same):
        vertices.pop()
    kept: list[Vertex] = []
    listed = 0
    for vertex in vertices:
        if kept and _near(kept[-1], vertex, same):
            listed += 1
            if listed <= rules.places_listed:
                issues.append(
                    Issue(
                        "RING-DUPLICATE-POINT",
                        Level.WARNING,
                        f"{place(vertex)}与上一点重合，已按一点处理",
                        "the point repeats the one before it and was read once",
                        "删去重复的界址点",
                        "delete the repeated point",
                        line=vertex.line,
                        at=vertex.at,
                    )
                )
            continue
        kept.append(vertex)
    if len({v.at for v in kept}) < 3:
        first = vertices[0] if vertices else None
        issues.append(
            Issue(
                "RING-TOO-SHORT",
                Level.ERROR,
                f"{ring.label or '一圈界址点'}只有 {len({v.at for v in kept})} 个不同的点，围不成面",
                "a ring needs at least three different points",
                "补全界址点",
                "add the missing points",
                line=first.line if first else None,
                at=first.at if first else None,
            )
        )
        return None
    cleaned = Ring(kept, ring.number, ring.label, ring.hole)
    _report_spikes(cleaned, scale, issues)
    return cleaned


def _near(a: Vertex, b: Vertex, tolerance: float) -> bool:
    return math.hypot(a.x - b.x, a.y - b.y) <= tolerance


def _report_spikes(ring: Ring, scale: float, issues: list[Issue]) -> None:
    rules = boundary_rules()
    points = np.array([v.at for v in ring.vertices], dtype=float)
    before, after = np.roll(points, 1, axis=0) - points, np.roll(points, -1, axis=0) - points
    lengths = np.hypot(*before.T) * np.hypot(*after.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.clip((before * after).sum(axis=1) / lengths, -1.0, 1.0)
    angle = np.degrees(np.arccos(cosine))
    shortest = np.minimum(np.hypot(*before.T), np.hypot(*after.T)) * scale
    sharp = np.flatnonzero((angle < rules.spike_degrees) & (shortest > rules.spike_m))
    for index in sharp[: rules.places_listed]:
        vertex = ring.vertices[int(index)]
        issues.append(
            Issue(
                "RING-SPIKE",
                Level.WARNING,
                f"{place(vertex)}处为尖刺（夹角 {angle[index]:.2f}°）",
                f"spike: the corner is {angle[index]:.2f} degrees",
                "核对该点坐标，去除尖刺",
                "check the point and remove the spike",
                line=vertex.line,
                at=vertex.at,
            )
        )


def crossings(ring: Ring) -> list[tuple[float, float, Vertex, Vertex]]:
    """Places where edges of one ring cross or touch each other: (x, y, start of one edge, start of the other)."""
    vertices = ring.vertices
    n = len(vertices)
    points = np.array([v.at for v in vertices], dtype=float)
    ends = np.stack([points, np.roll(points, -1, axis=0)], axis=1)
    edges = np.asarray(shapely.linestrings(ends), dtype=object)
    tree = shapely.STRtree(edges)
    first, second = tree.query(edges, predicate="intersects")
    later = second > first
    found = []
    for i, j in zip(first[later], second[later], strict=True):
        neighbours = j == i + 1 or (i == 0 and j == n - 1)
        shared = shapely.intersection(edges[i], edges[j])
        if neighbours and shared.geom_type == "Point":
            continue
        spot = shared.representative_point() if not shared.is_empty else shapely.Point(vertices[i].at)
        found.append((float(spot.x), float(spot.y), vertices[int(i)], vertices[int(j)]))
    return found


#: how a ring meets itself at a place, in both languages
_CROSSED = ("在 {} 处相交", "crosses itself at {}")
_PASSED = ("在 {} 处经过同一点两次", "passes {} twice")


def report_crossings(ring: Ring, issues: list[Issue]) -> bool:
    """Report self-crossings of one ring with their places; True when there are any."""
    if shapely.is_valid(ring.polygon):
        return False
    found = crossings(ring)
    limit = boundary_rules().places_listed
    # where a ring comes back to a point of its own four edges meet: one place, one issue
    spots = {(x, y): (a, b) for x, y, a, b in reversed(found)}
    passed = {v.at for v in ring.vertices}
    for (x, y), (a, b) in list(reversed(spots.items()))[:limit]:
        zh, en = (text.format(spot_text(x, y)) for text in (_PASSED if (x, y) in passed else _CROSSED))
        issues.append(
            Issue(
                "RING-SELF-CROSSING",
                Level.ERROR,
                f"{ring.label or '界址线'}自相交：起于{place(a)}的边与起于{place(b)}的边{zh}",
                f"the ring {en}",
                "核对两条边端点的坐标与点的顺序",
                "check the end points of both edges and the order of the points",
                line=b.line or a.line,
                at=(x, y),
            )
        )
    if not found:
        reason = shapely.is_valid_reason(ring.polygon)
        issues.append(
            Issue(
                "RING-INVALID",
                Level.ERROR,
                f"{ring.label or '界址线'}几何无效（{reason}）",
                f"invalid ring: {reason}",
                "核对界址点",
                "check the points",
                line=ring.line,
                at=ring.vertices[0].at,
            )
        )
    return True


def assemble(rings: Sequence[Ring], issues: list[Issue]) -> list[Polygon]:
    """Polygons with holes from rings, by containment: a ring inside an odd number of others is a hole.

    Ring numbers play no part. Rings that cross each other are errors. Rings must be free of self-crossings.
    """
    order = sorted(rings, key=lambda r: -abs(r.polygon.area))
    parents: list[int | None] = []
    depths: list[int] = []
    for index, ring in enumerate(order):
        around = [k for k in range(index) if _inside(ring.polygon, order[k].polygon)]
        for k in range(index):
            if k in around:
                continue
            _report_overlap(order[k], ring, issues)
        depth = len(around)
        depths.append(depth)
        parents.append(max(around, key=lambda k: depths[k]) if around else None)
    polygons = []
    for index, ring in enumerate(order):
        if depths[index] % 2:
            continue
        holes = [
            order[k] for k in range(len(order)) if parents[k] == index and depths[k] == depths[index] + 1
        ]
        polygon = Polygon([v.at for v in ring.vertices], [[v.at for v in h.vertices] for h in holes])
        if not polygon.is_valid:
            _report_invalid(polygon, holes[0] if holes else ring, issues)
        polygons.append(polygon)
    return polygons


def without_repeated(rings: Sequence[Ring], issues: list[Issue]) -> list[Ring]:
    """The rings without those that repeat an earlier one point for point (a line drawn or exported twice)."""
    seen: dict[bytes, Ring] = {}
    kept = []
    for ring in rings:
        grid = np.round(np.array([v.at for v in ring.vertices]), 4)
        key = shapely.to_wkb(shapely.normalize(Polygon(grid)))
        if key not in seen:
            seen[key] = ring
            kept.append(ring)
            continue
        vertex = ring.vertices[0]
        issues.append(
            Issue(
                "RING-REPEATED",
                Level.WARNING,
                f"{ring.label or '一圈界址线'}（起于{place(vertex)}）与前面一圈完全相同，按一圈读取",
                "a ring repeats an earlier one point for point and was read once",
                "删去重复的一圈",
                "delete the repeated ring",
                line=vertex.line,
                at=vertex.at,
            )
        )
    return kept


def _inside(inner: Polygon, outer: Polygon) -> bool:
    return bool(outer.covers(inner.representative_point())) and bool(
        outer.covers(inner) or inner.difference(outer).area <= 1e-9 * max(inner.area, 1e-12)
    )


def _report_overlap(a: Ring, b: Ring, issues: list[Issue]) -> None:
    if not a.polygon.intersects(b.polygon):
        return
    shared = a.polygon.intersection(b.polygon)
    if shared.area <= 1e-9 * max(min(a.polygon.area, b.polygon.area), 1e-12):
        return
    spot = shared.representative_point()
    issues.append(
        Issue(
            "RINGS-OVERLAP",
            Level.ERROR,
            f"{a.label or '一圈'}与{b.label or '另一圈'}相互交叉重叠，在 {spot_text(spot.x, spot.y)} 附近",
            f"two rings overlap near {spot_text(spot.x, spot.y)}",
            "核对两圈界址点",
            "check the points of both rings",
            line=b.line,
            at=(spot.x, spot.y),
        )
    )


def _report_invalid(polygon: Polygon, ring: Ring, issues: list[Issue]) -> None:
    reason = shapely.is_valid_reason(polygon)
    at = _spot_of(reason) or ring.vertices[0].at
    hole_outside = "outside shell" in reason
    issues.append(
        Issue(
            "HOLE-OUTSIDE" if hole_outside else "POLYGON-INVALID",
            Level.ERROR,
            f"{'内圈（扣除部分）不在外圈之内' if hole_outside else '图形几何无效'}，"
            f"在 {spot_text(*at)} 处（{reason.split('[')[0]}）",
            f"{reason.split('[')[0]} at {spot_text(*at)}",
            "核对内外圈的位置，内圈不得与外圈相交或重边",
            "check outer and inner rings; an inner ring may not cross or share an edge",
            line=ring.line,
            at=at,
        )
    )


def _spot_of(reason: str) -> tuple[float, float] | None:
    """Coordinates GEOS puts in brackets behind its reason."""
    try:
        inside = reason[reason.index("[") + 1 : reason.index("]")].split()
        return float(inside[0]), float(inside[1])
    except (ValueError, IndexError):
        return None


def polygon_from_declared_rings(outer: Ring, holes: Sequence[Ring], issues: list[Issue]) -> Polygon:
    """A polygon whose format says which rings are holes (GeoJSON, SHP, GPKG, KML); invalid ones are reported.

    Where one of the holes holds all the other rings, it is the outer one (a shapefile with its rings wound wrongly).
    """
    around = [h for h in holes if all(_inside(r.polygon, h.polygon) for r in (outer, *holes) if r is not h)]
    if around:
        holes = [outer, *(h for h in holes if h is not around[0])]
        outer = around[0]
        issues.append(
            warning(
                "RINGS-EXCHANGED",
                "外圈被写成了内圈（绕向相反），已按包含关系读取",
                "the outer ring is written as a hole (wound the wrong way); read by containment",
                "外圈按顺时针、内圈按逆时针重新导出",
                "export it again with the outer ring clockwise and holes counter-clockwise",
            )
        )
    polygon = Polygon([v.at for v in outer.vertices], [[v.at for v in h.vertices] for h in holes])
    if not polygon.is_valid:
        _report_invalid(polygon, outer, issues)
    return polygon


def join_parts(
    polygons: Sequence[Polygon], labels: Sequence[str], issues: list[Issue]
) -> MultiPolygon | None:
    """One MultiPolygon; parts that overlap each other are errors. Outer rings are made counter-clockwise (RFC 7946)."""
    if not polygons:
        return None
    known = [(p, labels[n] if n < len(labels) else "一个地块") for n, p in enumerate(polygons) if p.is_valid]
    good = [p for p, _ in known]
    shapes = np.array(good, dtype=object)
    pairs = (
        shapely.STRtree(good).query(shapes, predicate="intersects") if good else np.empty((2, 0), dtype=int)
    )
    listed = 0
    for i, j in zip(*pairs, strict=True):
        if j <= i:
            continue
        shared = good[i].intersection(good[j])
        if shared.area <= 1e-9 * max(min(good[i].area, good[j].area), 1e-12):
            continue
        listed += 1
        if listed > boundary_rules().places_listed:
            break
        spot = shared.representative_point()
        issues.append(
            Issue(
                "PARTS-OVERLAP",
                Level.ERROR,
                f"{known[i][1]}与{known[j][1]}重叠，在 {spot_text(spot.x, spot.y)} 附近",
                f"two parts overlap near {spot_text(spot.x, spot.y)}",
                "若内部地块是扣除部分，请与外圈写在同一地块内；否则核对界址点",
                "write an excluded area as a ring of the same parcel, or check the points",
                at=(spot.x, spot.y),
            )
        )
    return MultiPolygon([shapely.geometry.polygon.orient(p, 1.0) for p in polygons])
