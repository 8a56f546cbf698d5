"""圆弧: arcs of a boundary that was read as straight lines, found again so that the reading can say what that changes.

GDAL turns arcs into chords of half a degree (:mod:`gis.deliveries.gdal`). Their vertices lie on the circle, so radius
and angle of every chord can be told from the vertices, and with them the area between chord and arc.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from gis import crs as crs_module
from gis.boundaries.reading import BoundaryReading, sorted_issues
from gis.remarks import warning

Point = tuple[float, float]
#: degrees between the points that are put on an arc, as GDAL does
_ALONG = 0.5
#: the line turns by at most so much (degrees) at a vertex within an arc; GDAL's step and a little
_STEP = 0.51
#: chords that meet within an arc are at most so many times as long as each other; a line that runs into it is longer
_UNEVEN = 3.0
#: radii of neighbouring vertices of one arc differ by at most this share
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs of one ring.

    Attributes:
        count: how many.
        chord: largest distance between an arc and its chord, in units of the coordinates.
        area: what the arcs add to the signed area of the ring (counter-clockwise is positive).
    """

    count: int
    chord: float
    area: float


def arcs_of(points: npt.NDArray[np.float64]) -> Arcs:
    """The arcs of a ring given as vertices (n, 2), the first not repeated."""
    if len(points) < 4:
        return Arcs(0, 0.0, 0.0)
    chords = np.roll(points, -1, axis=0) - points
    before = np.roll(chords, 1, axis=0)
    turn = np.arctan2(
        before[:, 0] * chords[:, 1] - before[:, 1] * chords[:, 0], (before * chords).sum(axis=1)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        radius = np.hypot(*(before + chords).T) / (2 * np.sin(turn))  # signed: left turns positive
    behind, ahead = np.hypot(*before.T), np.hypot(*chords.T)
    even = np.maximum(behind, ahead) <= _UNEVEN * np.minimum(behind, ahead)
    slight = even & (np.abs(turn) > 1e-5) & (np.abs(turn) <= math.radians(_STEP)) & np.isfinite(radius)
    # vertex k goes on with the arc of vertex k - 1
    goes_on = slight & np.roll(slight, 1) & (np.abs(radius - np.roll(radius, 1)) <= _SAME * np.abs(radius))
    inside = goes_on | np.roll(goes_on, -1)  # at least two vertices that agree
    of_arc = inside | np.roll(inside, -1)  # chords that begin or end at such a vertex
    signed = np.where(inside, radius, np.roll(np.where(inside, radius, 0.0), -1))[of_arc]
    lengths = np.hypot(*chords[of_arc].T)
    size = np.abs(signed)
    angle = 2 * np.arcsin(np.clip(lengths / (2 * size), 0.0, 1.0))
    area = float((np.sign(signed) * size**2 / 2 * (angle - np.sin(angle))).sum())
    starts = int((inside & ~goes_on).sum())
    count = starts if starts or not inside.any() else 1  # a full circle has no beginning
    return Arcs(count, float((size * (1 - np.cos(angle / 2))).max(initial=0.0)), area)


def with_arcs(
    reading: BoundaryReading, *, other_curves: bool = False, ellipses: bool = False
) -> BoundaryReading:
    """The reading with a remark on its arcs and the area they really enclose (``attributes["exact_area_m2"]``).

    Args:
        reading: of a source that is known to hold curves.
        other_curves: ellipses or splines are among them; they are read as lines too, without an exact area.
        ellipses: every ring is one whole ellipse, whose area is exact again.
    """
    if reading.geometry is None or reading.crs is None or reading.area_m2 is None:
        return reading
    degrees = crs_module.is_geographic(reading.crs)
    metre = 111_320.0 if degrees else crs_module.unit_factor(reading.crs)
    found = [
        arcs_of(shapely.get_coordinates(r)[:-1])
        for p in reading.geometry.geoms
        for r in (p.exterior, *p.interiors)
    ]
    count, chord = sum(a.count for a in found), max((a.chord for a in found), default=0.0) * metre * 1000
    if not count and not other_curves:
        return reading
    exact = None
    if not degrees and reading.area_crs == reading.crs and (ellipses or not other_curves):
        beyond = _beyond_ellipses(reading) if ellipses else sum(a.area for a in found)
        exact = round(crs_module.planar_area(reading.geometry, reading.crs) + beyond * metre**2, 2)
    what = (
        ("圆弧", "arcs")
        if not other_curves
        else ("曲线（椭圆、样条或圆弧）", "curves (ellipse, spline or arc)")
    )
    number, number_en = (f" {count} 段", f"{count} ") if not other_curves else ("", "")
    more = more_en = ""
    if exact is not None:
        more = f"；按圆弧计算的面积为 {exact:.2f} ㎡，折线面积与之相差 {reading.area_m2 - exact:+.2f} ㎡"
        more_en = f"; the arcs enclose {exact:.2f} m2, the lines {reading.area_m2 - exact:+.2f} m2"
    if count:
        apart = f"弦与弧最远相距 {chord:.1f} 毫米"
        apart_en = f"at most {chord:.1f} mm from the curve"
    else:
        apart, apart_en = "与曲线相距多远不能由折点判定", "how far from the curve the points do not tell"
    issue = warning(
        "ARC-APPROXIMATED",
        f"红线含{number}{what[0]}，按每 0.5° 一点的折线读取，{apart}{more}",
        f"{number_en}{what[1]} were read as lines with a point every 0.5 degrees, {apart_en}{more_en}",
        "需要以折线为准时，请在 CAD 中把曲线加密为折线点后再提交",
        "where lines shall count, turn the curves into points along them before handing in",
    )
    attributes = reading.attributes | ({"exact_area_m2": exact} if exact is not None else {})
    return replace(reading, issues=sorted_issues([*reading.issues, issue]), attributes=attributes)


def arc_points(start: Point, end: Point, center: Point, *, clockwise: bool) -> Iterator[Point]:
    """Points between two others on an arc, every :data:`_ALONG` degrees; a whole circle where both are the same."""
    begin, finish = (math.atan2(p[1] - center[1], p[0] - center[0]) for p in (start, end))
    turn = (begin - finish if clockwise else finish - begin) % (2 * math.pi) or 2 * math.pi
    radius = math.dist(start, center)
    steps = math.ceil(math.degrees(turn) / _ALONG)
    for n in range(1, steps):
        angle = begin + (-turn if clockwise else turn) * n / steps
        yield center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)


def _beyond_ellipses(reading: BoundaryReading) -> float:
    """What whole ellipses have beyond the polygons with corners at even steps that were read for them."""
    assert reading.geometry is not None
    total = 0.0
    for polygon in reading.geometry.geoms:
        for sign, ring in ((1, polygon.exterior), *((-1, hole) for hole in polygon.interiors)):
            step = 2 * math.pi / (len(ring.coords) - 1)
            total += sign * shapely.Polygon(ring).area * (step / math.sin(step) - 1)
    return total


def without_twins(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points without those that repeat the one before: where an arc begins GDAL writes its point twice."""
    return [p for n, p in enumerate(points) if n == 0 or math.dist(p, points[n - 1]) > 1e-6]
