"""Plane curves made of straight segments and circular arcs, with exact areas.

A *bulge* is the DXF measure of an arc segment: ``tan(angle / 4)``, positive when the arc runs counter-clockwise
from its
start to its end, 0 for a straight segment.

Areas and lengths are computed from the arcs themselves, not from chords. :meth:`Curve.flatten` turns arcs into chords
that stay within a stated tolerance of the arc **and** enclose exactly the arc's area, so that polygons made of them
have the exact area too (to floating-point accuracy).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = tuple[float, float]
#: plane affine map: x' = a x + c y + e, y' = b x + d y + f, written (a, b, c, d, e, f)
Affine: TypeAlias = tuple[float, float, float, float, float, float]

IDENTITY: Affine = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
MIN_BULGE = 1e-12
MAX_SEGMENTS = 2048
#: an arc whose radius is millions of times its chord is nothing anybody has drawn
MAX_BULGE = 1e7
SERIES_BELOW = 1e-2


def compose(outer: Affine, inner: Affine) -> Affine:
    """The map that applies ``inner`` first, then ``outer``."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (
        a * g + c * h,
        b * g + d * h,
        a * i + c * j,
        b * i + d * j,
        a * k + c * m + e,
        b * k + d * m + f,
    )


def apply(matrix: Affine, point: Point) -> Point:
    """Image of one point."""
    a, b, c, d, e, f = matrix
    x, y = point
    return a * x + c * y + e, b * x + d * y + f


def is_similarity(matrix: Affine) -> bool:
    """True if circles stay circles (same scale in all directions; mirroring allowed)."""
    a, b, c, d, _, _ = matrix
    size = a * a + b * b
    return abs(a * c + b * d) <= 1e-9 * max(size, 1e-300) and abs(size - (c * c + d * d)) <= 1e-9 * size


def _excess(angle: float) -> float:
    """``angle - sin(angle)`` without cancellation for small angles."""
    if abs(angle) < SERIES_BELOW:
        return angle**3 / 6 * (1 - angle**2 / 20 * (1 - angle**2 / 42))
    return angle - math.sin(angle)


def segment_area(chord: float, bulge: float) -> float:
    """Signed area between a chord and its arc; positive for a positive bulge."""
    if abs(bulge) < MIN_BULGE:
        return 0.0
    angle = 4.0 * math.atan(bulge)
    ratio = (1 + bulge * bulge) / (4 * bulge)
    return 0.5 * chord * chord * ratio * ratio * _excess(angle)


def _arc_points(start: Point, end: Point, bulge: float, tolerance: float) -> list[Point]:
    """Interior points of one arc segment, chosen so that the chords enclose the arc's area.

    Points are placed relative to the chord, not to the centre, so that nearly straight arcs lose no accuracy.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    chord = math.hypot(dx, dy)
    if chord == 0.0 or abs(bulge) < MIN_BULGE:
        return []
    angle = 4.0 * math.atan(abs(bulge))
    radius = chord * (1 + bulge * bulge) / (4 * abs(bulge))
    # equal-area points leave the arc by up to 4/3 of the sagitta (two segments), so take 3/4 of the tolerance
    flat = min(1.0, math.sqrt(0.375 * tolerance / radius))  # sin of a quarter of the widest step
    count = math.ceil(max(2.0, angle / (4 * math.asin(flat)), angle / (math.pi / 6)))
    count = min(count, MAX_SEGMENTS)
    step = angle / count
    surplus = _excess(step) / math.sin(step)  # of the sector over its inscribed triangle
    if count == 2:
        growth = surplus
    else:
        x = (count - 2) * count * surplus / (count - 1) ** 2
        growth = (count - 1) * x / ((math.sqrt(1 + x) + 1) * (count - 2))
    half = angle / 2
    ex, ey = dx / chord, dy / chord
    side = math.copysign(1.0, bulge)  # a counter-clockwise arc lies to the right of its chord
    out: list[Point] = []
    for k in range(1, count):
        turn = k * step - half
        along = chord / 2 + radius * (1 + growth) * math.sin(turn)
        away = radius * (
            2 * math.sin((half + turn) / 2) * math.sin((half - turn) / 2) + growth * math.cos(turn)
        )
        away *= side
        out.append((start[0] + ex * along + ey * away, start[1] + ey * along - ex * away))
    return out


@dataclass(frozen=True, slots=True)
class Curve:
    """A chain of straight and arc segments.

    Attributes:
        points: vertices, drawing units.
        bulges: one per vertex for the segment that starts there (the last one closes a closed curve); None =
            all straight.
        closed: whether the last vertex joins the first.
    """

    points: tuple[Point, ...]
    bulges: tuple[float, ...] | None = None
    closed: bool = False

    @property
    def start(self) -> Point:
        """First vertex."""
        return self.points[0]

    @property
    def end(self) -> Point:
        """Last vertex."""
        return self.points[-1]

    @property
    def has_arcs(self) -> bool:
        """True if any segment is an arc."""
        return self.bulges is not None and any(abs(b) >= MIN_BULGE for b in self.bulges)

    def segments(self) -> list[tuple[Point, Point, float]]:
        """(start, end, bulge) of every segment."""
        count = len(self.points)
        last = count if self.closed else count - 1
        bulges = self.bulges or (0.0,) * count
        return [(self.points[i], self.points[(i + 1) % count], bulges[i]) for i in range(last)]

    def area(self) -> float:
        """Exact signed area (positive counter-clockwise) of the curve, closed by a straight segment if it is open."""
        if len(self.points) < 2:
            return 0.0
        x0, y0 = self.points[0]
        xy = np.asarray(self.points, dtype=float) - (x0, y0)
        x, y = xy[:, 0], xy[:, 1]
        total = 0.5 * float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
        if self.has_arcs:
            total += sum(segment_area(math.dist(p, q), b) for p, q, b in self.segments() if b)
        return total

    def length(self) -> float:
        """Exact length along straight segments and arcs."""
        total = 0.0
        for p, q, b in self.segments():
            chord = math.dist(p, q)
            if abs(b) < MIN_BULGE:
                total += chord
            else:
                total += abs(4 * math.atan(b)) * chord * (1 + b * b) / (4 * abs(b))
        return total

    def flatten(self, tolerance: float) -> list[Point]:
        """Vertices with arcs replaced by chords.

        Args:
            tolerance: greatest distance between arc and chord line, drawing units.

        Returns:
            the vertices; a closed curve does not repeat its first vertex. The area is that of :meth:`area`.
        """
        if not self.has_arcs:
            return list(self.points)
        out: list[Point] = []
        for p, q, b in self.segments():
            out.append(p)
            if abs(b) >= MIN_BULGE:
                out += _arc_points(p, q, b, tolerance)
        if not self.closed:
            out.append(self.points[-1])
        return out

    def reversed(self) -> Curve:
        """The same curve run backwards."""
        points = tuple(reversed(self.points))
        if self.bulges is None:
            return Curve(points, None, self.closed)
        count = len(self.points)
        bulges = [-self.bulges[count - 2 - i] for i in range(count - 1)]
        bulges.append(-self.bulges[count - 1] if self.closed else 0.0)
        return Curve(points, tuple(bulges), self.closed)

    def transformed(self, matrix: Affine, *, relative_tolerance: float = 1e-5) -> Curve:
        """Image under an affine map. Arcs stay arcs under similarities and are flattened (equal area) otherwise."""
        if matrix == IDENTITY:
            return self
        a, b, c, d, e, f = matrix
        source = self
        bulges = self.bulges
        if bulges is not None and self.has_arcs:
            if is_similarity(matrix):
                if a * d - b * c < 0:
                    bulges = tuple(-v for v in bulges)
            else:
                x0, y0, x1, y1 = self.bounds()
                size = math.hypot(x1 - x0, y1 - y0)
                source = Curve(tuple(self.flatten(max(size * relative_tolerance, 1e-12))), None, self.closed)
                bulges = None
        points = tuple((a * x + c * y + e, b * x + d * y + f) for x, y in source.points)
        return Curve(points, bulges, self.closed)

    def bounds(self) -> tuple[float, float, float, float]:
        """Smallest and greatest x and y; arcs counted by their enclosing circles' reach along the chord only."""
        xs = [p[0] for p in self.points]
        ys = [p[1] for p in self.points]
        if self.has_arcs:
            for p, q, b in self.segments():
                if abs(b) >= MIN_BULGE:
                    mx, my = (p[0] + q[0]) / 2, (p[1] + q[1]) / 2
                    reach = math.dist(p, q) * max(0.5, abs(b) / 2 + 0.25 / max(abs(b), 0.5))
                    xs += (mx - reach, mx + reach)
                    ys += (my - reach, my + reach)
        return min(xs), min(ys), max(xs), max(ys)

    def is_finite(self) -> bool:
        """False if a coordinate is NaN or infinite, or a bulge no arc can have."""
        return all(math.isfinite(x) and math.isfinite(y) for x, y in self.points) and (
            self.bulges is None or all(abs(b) <= MAX_BULGE for b in self.bulges)
        )


def arc(centre: Point, radius: float, start_angle: float, end_angle: float) -> Curve:
    """Counter-clockwise arc from ``start_angle`` to ``end_angle`` (radians)."""
    sweep = (end_angle - start_angle) % (2 * math.pi) or 2 * math.pi
    cx, cy = centre
    # two halves, so that no bulge exceeds 1 and a full turn is well defined
    angles = (start_angle, start_angle + sweep / 2, start_angle + sweep)
    points = tuple((cx + radius * math.cos(t), cy + radius * math.sin(t)) for t in angles)
    bulge = math.tan(sweep / 8)
    return Curve(points, (bulge, bulge, 0.0))


def circle(centre: Point, radius: float) -> Curve:
    """Full circle, counter-clockwise."""
    cx, cy = centre
    return Curve(((cx - radius, cy), (cx + radius, cy)), (1.0, 1.0), closed=True)


def ellipse(centre: Point, major: Point, minor: Point, start: float, end: float, tolerance: float) -> Curve:
    """Elliptical arc from parameter ``start`` to ``end`` (radians), flattened within ``tolerance``; the area is exact.

    Args:
        centre: middle point.
        major, minor: half axes as vectors.
    """
    sweep = (end - start) % (2 * math.pi)
    size = max(math.hypot(*major), math.hypot(*minor))
    unit_tolerance = tolerance / size if size > 0 else 1.0
    closed = sweep < 1e-9 or abs(sweep - 2 * math.pi) < 1e-9
    unit = circle((0.0, 0.0), 1.0) if closed else arc((0.0, 0.0), 1.0, start, end)
    flat = Curve(tuple(unit.flatten(unit_tolerance)), None, closed)
    return flat.transformed((major[0], major[1], minor[0], minor[1], centre[0], centre[1]))


def join(curves: Sequence[Curve], *, closed: bool) -> Curve:
    """Chain curves, each starting where the one before ends (within tolerance), into one."""
    points: list[Point] = []
    bulges: list[float] = []
    for curve in curves:
        own = curve.bulges or (0.0,) * len(curve.points)
        points += curve.points[:-1]
        bulges += own[:-1]
    if closed:
        return Curve(tuple(points), tuple(bulges), closed=True)
    points.append(curves[-1].end)
    bulges.append(0.0)
    return Curve(tuple(points), tuple(bulges))
