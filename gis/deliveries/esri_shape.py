"""Shapes as Esri keeps them in a database column ("extended shape buffer"), turned into WKB.

Read are points, multipoints, lines and polygons with their curved segments; heights and measures are left out, since
nothing here uses them. Circular arcs stay arcs (WKB of curves); Bézier curves and elliptic arcs become lines that leave
them by no more than :data:`FLATNESS` of their size.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely

Points = npt.NDArray[np.float64]

#: a Bézier curve or an elliptic arc leaves the lines drawn for it by no more than this share of its size
FLATNESS = 1e-6
_MOST_STEPS = 2_000
_POINTS, _MULTIPOINTS = (1, 9, 11, 21, 52), (8, 18, 20, 28, 53)
_LINES, _POLYGONS = (3, 10, 13, 23, 50), (5, 15, 19, 25, 51)
#: kinds with heights, and with measures; the general kinds (50 and 51) say so by flags
_WITH_Z, _WITH_M = (10, 13, 15, 19), (13, 15, 23, 25)
_GENERAL = (50, 51)
_HAS_Z, _HAS_M, _HAS_CURVES = 0x80000000, 0x40000000, 0x20000000
#: kinds of curved segments and the bytes each takes after its head
_ARC, _BEZIER, _ELLIPSE = 1, 4, 5
_SEGMENT_BYTES = {_ARC: 20, _BEZIER: 32, _ELLIPSE: 44}
#: bits of a circular arc: empty, turning left, really a line, really a point, given by a point on it
_ARC_LINE, _ARC_LEFT, _ARC_BY_POINT = 0x1 | 0x20 | 0x40, 0x8, 0x80
#: bits of an elliptic arc: empty, line or point; with other meanings of its numbers; turning left; the shorter; whole
_ELLIPSE_LINE, _ELLIPSE_ODD = 0x1 | 0x40 | 0x80, 0x200 | 0x400
_ELLIPSE_LEFT, _ELLIPSE_WHOLE = 0x800, 0x2000
#: the longest shape that is unpacked
_MOST_BYTES = 512 << 20


class UnreadableShapeError(ValueError):
    """The bytes are no shape, or one of a kind that is not read (a multipatch, a spiral)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape as WKB.

    Attributes:
        wkb: little-endian; None for an empty shape.
        arcs: it holds circular arcs.
        flattened: it held other curves, which became lines.
    """

    wkb: bytes | None
    arcs: bool = False
    flattened: bool = False


def read_shape(data: bytes) -> Shape:
    """The shape in the bytes of a column.

    Raises:
        UnreadableShapeError: broken, or of a kind that is not read.
    """
    try:
        return _read(_unpacked(data))
    except (struct.error, IndexError, OverflowError, zlib.error, shapely.errors.GEOSException) as error:
        raise UnreadableShapeError(str(error)) from error


def _unpacked(data: bytes) -> bytes:
    """Some programs pack a shape: kind, length, packed length, zlib stream."""
    if data[12:14] == b"\x78\xda" and struct.unpack_from("<I", data, 8)[0] + 12 == len(data):
        return zlib.decompressobj().decompress(data[12:], _MOST_BYTES)
    return data


def _read(data: bytes) -> Shape:
    (head,) = struct.unpack_from("<I", data)
    kind = head & 0xFF
    if kind == 0:
        return Shape(None)
    if kind in _POINTS:
        x, y = struct.unpack_from("<dd", data, 4)
        return Shape(struct.pack("<BIdd", 1, 1, x, y) if math.isfinite(x + y) else None)
    if kind in _MULTIPOINTS:
        (count,) = struct.unpack_from("<I", data, 36)
        points = _points(data, 40, count)
        return Shape(shapely.MultiPoint(points).wkb if count else None)
    if kind not in _LINES + _POLYGONS:
        raise UnreadableShapeError(f"shape of kind {kind}")
    parts, points_end, flags = _parts(data, head, kind)
    if not parts:
        return Shape(None)
    curves = _segments(data, points_end) if flags & _HAS_CURVES else {}
    paths = _paths(parts, curves)
    made = _areas(paths) if kind in _POLYGONS else _many(paths, 5, 11)
    return Shape(made, any(p.arcs for p in paths), any(c.kind != _ARC for c in curves.values()))


def _points(data: bytes, start: int, count: int) -> Points:
    if start + 16 * count > len(data):
        raise UnreadableShapeError("cut off")
    return np.frombuffer(data, "<f8", 2 * count, start).reshape(count, 2)


def _parts(data: bytes, head: int, kind: int) -> tuple[list[tuple[int, Points]], int, int]:
    """(number of its first point, points) of each part; where the points and what goes with them end; the flags."""
    part_count, count = struct.unpack_from("<II", data, 36)
    if 4 * part_count > len(data):
        raise UnreadableShapeError("cut off")
    starts = [*struct.unpack_from(f"<{part_count}I", data, 44), count]
    begin = 44 + 4 * part_count
    points = _points(data, begin, count)
    if not np.isfinite(points).all() or any(a > b for a, b in pairwise(starts)):
        raise UnreadableShapeError("numbers out of order")
    flags = head if kind in _GENERAL else 0
    extra = (kind in _WITH_Z or bool(flags & _HAS_Z)) + (kind in _WITH_M or bool(flags & _HAS_M))
    end = begin + 16 * count + extra * (16 + 8 * count)
    return [(a, points[a:b]) for a, b in pairwise(starts) if b - a > 1], end, flags


@dataclass(frozen=True, slots=True)
class _Segment:
    """A curved segment: its kind and numbers as stored."""

    kind: int
    numbers: tuple[float, ...]
    bits: int


def _segments(data: bytes, at: int) -> dict[int, _Segment]:
    """Curved segments by the number of the point they begin at."""
    found: dict[int, _Segment] = {}
    (count,) = struct.unpack_from("<I", data, at)
    at += 4
    for _ in range(count):
        start, kind = struct.unpack_from("<II", data, at)
        size = _SEGMENT_BYTES.get(kind)
        if size is None:
            raise UnreadableShapeError(f"segment of kind {kind}")
        doubles, rest = divmod(size, 8)
        numbers = struct.unpack_from(f"<{doubles}d", data, at + 8)
        bits = struct.unpack_from("<I", data, at + 8 + 8 * doubles)[0] if rest else 0
        if not all(map(math.isfinite, numbers)):
            raise UnreadableShapeError("numbers that are none")
        found[start] = _Segment(kind, numbers, bits)
        at += 8 + size
    return found


# --- lines with arcs -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Path:
    """A part: runs of points, each straight or an arc through three points; ``outline`` is its coarse course."""

    runs: list[tuple[bool, list[Points]]]
    outline: Points

    @property
    def arcs(self) -> bool:
        return any(arc for arc, _ in self.runs)

    def wkb(self) -> bytes:
        """A line string, or a compound curve where there are arcs."""
        runs = [_line(8 if arc else 2, np.vstack(pieces)) for arc, pieces in self.runs]
        return runs[0] if not self.arcs else struct.pack("<BII", 1, 9, len(runs)) + b"".join(runs)


def _line(kind: int, points: Points) -> bytes:
    return struct.pack("<BII", 1, kind, len(points)) + np.ascontiguousarray(points, "<f8").tobytes()


def _paths(parts: Sequence[tuple[int, Points]], curves: dict[int, _Segment]) -> list[_Path]:
    found = []
    for first, points in parts:
        own = sorted(n - first for n in curves if first <= n < first + len(points) - 1)
        if not own:
            found.append(_Path([(False, [points])], points))
            continue
        runs: list[tuple[bool, list[Points]]] = []
        last = 0
        for number in own:
            if number > last:
                _append(runs, arc=False, points=points[last : number + 1])
            start, end = points[number], points[number + 1]
            drawn, arc = _drawn(curves[first + number], start, end)
            _append(runs, arc=arc, points=drawn)
            last = number + 1
        if last < len(points) - 1:
            _append(runs, arc=False, points=points[last:])
        found.append(_Path(runs, np.vstack([piece for _, pieces in runs for piece in pieces])))
    return found


def _append(runs: list[tuple[bool, list[Points]]], *, arc: bool, points: Points) -> None:
    """Join to the run before when it is of the same kind; its last point is this one's first."""
    if runs and runs[-1][0] == arc:
        runs[-1][1].append(points[1:])
    else:
        runs.append((arc, [points]))


def _drawn(segment: _Segment, start: Points, end: Points) -> tuple[Points, bool]:
    """The points of a curved segment, and whether they are those of arcs (start, on the way, end …)."""
    if segment.kind == _BEZIER:
        return _bezier(np.vstack([start, np.reshape(segment.numbers, (2, 2)), end])), False
    if segment.kind == _ELLIPSE:
        return _ellipse(segment, start, end), False
    if segment.bits & _ARC_LINE:
        return np.vstack([start, end]), False
    place = np.array(segment.numbers)
    if segment.bits & _ARC_BY_POINT:
        if not np.array_equal(start, end):
            return np.vstack([start, place, end]), True
        center, turn = (start + place) / 2, 2 * math.pi  # a circle: the point lies opposite
    else:
        center = place
        turn = _turn(start - center, end - center, left=bool(segment.bits & _ARC_LEFT))
    radius = float(np.hypot(*(start - center)))
    pieces = 4 if abs(turn) > math.pi else 2  # an arc of WKB is told by three points: none turns half around
    angles = math.atan2(*(start - center)[::-1]) + np.linspace(0, turn, pieces + 1)
    points = center + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    points[0], points[-1] = start, end
    return points, True


def _turn(begin: Points, finish: Points, *, left: bool) -> float:
    """Angle from one direction to another, turning left (positive) or right; a whole turn where they are one."""
    angle = math.atan2(finish[1], finish[0]) - math.atan2(begin[1], begin[0])
    if left:
        return angle if angle > 0 else angle + 2 * math.pi
    return angle if angle < 0 else angle - 2 * math.pi


def _bezier(corners: Points) -> Points:
    bend = np.hypot(*np.diff(corners, 2, axis=0).T).max() * 6  # of the second derivative
    size = np.hypot(*np.ptp(corners, axis=0)) or 1.0
    steps = min(max(math.ceil(math.sqrt(bend / (8 * FLATNESS * size))), 1), _MOST_STEPS)
    t = np.linspace(0, 1, steps + 1)[:, None]
    a, b, c, d = corners
    drawn: Points = (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
    drawn[0], drawn[-1] = a, d
    return drawn


def _ellipse(segment: _Segment, start: Points, end: Points) -> Points:
    x, y, rotation, major, ratio = segment.numbers
    if segment.bits & _ELLIPSE_LINE:
        return np.vstack([start, end])
    if segment.bits & _ELLIPSE_ODD or major <= 0 or ratio <= 0:
        raise UnreadableShapeError("elliptic arc given by other numbers")
    axes = np.array([[math.cos(rotation), math.sin(rotation)], [-math.sin(rotation), math.cos(rotation)]])
    half = np.array([major, major * ratio])
    center = np.array([x, y])
    begin, finish = ((axes @ (p - center)) / half for p in (start, end))
    turn = _turn(begin, finish, left=bool(segment.bits & _ELLIPSE_LEFT))
    if segment.bits & _ELLIPSE_WHOLE:
        turn = math.copysign(2 * math.pi, turn)
    steps = min(max(math.ceil(abs(turn) / (2 * math.acos(1 - FLATNESS))), 1), _MOST_STEPS)
    angles = math.atan2(begin[1], begin[0]) + np.linspace(0, turn, steps + 1)
    drawn: Points = center + (half * np.column_stack([np.cos(angles), np.sin(angles)])) @ axes
    drawn[0], drawn[-1] = start, end
    return drawn


# --- areas -----------------------------------------------------------------------------------------------------------


def _many(parts: Sequence[_Path], straight: int, curved: int) -> bytes:
    kind = curved if any(p.arcs for p in parts) else straight
    return struct.pack("<BII", 1, kind, len(parts)) + b"".join(p.wkb() for p in parts)


def _areas(rings: Sequence[_Path]) -> bytes:
    """A multipolygon, or a multisurface where there are arcs; clockwise rings are outlines, the others their holes."""
    outlines = _grouped(rings)
    curved = any(ring.arcs for ring in rings)

    def body(ring: _Path) -> bytes:
        return ring.wkb() if curved else ring.wkb()[5:]  # a ring of a polygon has no head of its own

    def area(group: Sequence[_Path]) -> bytes:
        return struct.pack("<BII", 1, 10 if curved else 3, len(group)) + b"".join(map(body, group))

    return struct.pack("<BII", 1, 12 if curved else 6, len(outlines)) + b"".join(map(area, outlines))


def _grouped(rings: Sequence[_Path]) -> list[list[_Path]]:
    """Every outline with its holes. A hole that lies in no outline is one itself."""
    if len(rings) == 1:
        return [list(rings)]
    outer = [r for r in rings if _signed(r.outline) <= 0]
    holes = [r for r in rings if _signed(r.outline) > 0]
    groups = [[r] for r in outer]
    if len(outer) == 1 or not holes:
        return [[*outer, *holes]] if outer and not _apart(outer, holes) else groups + [[h] for h in holes]
    areas = [shapely.Polygon(r.outline) for r in outer]
    for hole in holes:
        inside = _within(hole)
        owner = min(
            (n for n, area in enumerate(areas) if inside(area)), key=lambda n: areas[n].area, default=None
        )
        if owner is None:
            groups.append([hole])
        else:
            groups[owner].append(hole)
    return groups


def _apart(outer: Sequence[_Path], holes: Sequence[_Path]) -> bool:
    """A hole of the one outline lies outside of its box: then it is no hole."""
    (low, high) = outer[0].outline.min(axis=0), outer[0].outline.max(axis=0)
    return any((h.outline.min(axis=0) < low).any() or (h.outline.max(axis=0) > high).any() for h in holes)


def _within(hole: _Path) -> Callable[[shapely.Polygon], bool]:
    place = shapely.Polygon(hole.outline).representative_point()
    return lambda area: bool(area.intersects(place))


def _signed(ring: Points) -> float:
    """Twice the signed area, counter-clockwise positive; from the first point, so that large numbers do no harm."""
    x, y = (ring - ring[0]).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
