"""Hours of sun: exact intervals in which windows are lit or shaded on one day.

Method. On one day the declination is taken as constant (its value at true solar noon of the day). The direction to the
sun is then ``s(H) = u + v cos H + w sin H`` in the hour angle H. Seen from a window every wall, underside or roof face
is a spherical polygon: the sun stands behind it when ``n·s(H) ≥ 0`` for the normals n of the planes through the window
and the face's edges. Each condition is ``a + b cos H + c sin H ≥ 0`` and is solved in closed form, so the ends of the
intervals are exact; nothing is sampled. No refraction, the sun a point, the window a point (or both ends of its sill).

Arrays: N windows, F faces, M pairs of them that can meet at all; angles in radians inside, hours of true solar time
真太阳时 outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon

from elements.sunlight.scene import Block, Site, Window, rings_of
from elements.sunlight.sun import sunset_hour_angle
from project_box.kernel.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: pairs of window and face looked at in one go; bounds the memory to some 100 MB
_CHUNK = 400_000
#: the sun behind the window's own wall: the block number it is recorded under
BEHIND = -1
#: shades and gaps shorter than this (rad, 1.4 ms of time) are rounding
_EPSILON = 1e-7


@dataclass(frozen=True, slots=True)
class SunPath:
    """The sun's way on one day between two hours, in grid coordinates of a site.

    Attributes:
        declination: degrees, constant over the day.
        start, end: hours of true solar time, cut at sunrise and sunset; start = end when the sun never rises.
        terms: rows u, v, w of ``s(H)``: grid east, grid north, up; the horizontal part times the grid's scale, so that
            slopes are right for grid distances.
    """

    site: Site
    declination: float
    start: float
    end: float
    terms: Floats

    def directions(self, hours: npt.ArrayLike) -> Floats:
        """Directions to the sun at hours of true solar time, shape (…, 3)."""
        angle = (np.asarray(hours, dtype=np.float64) - 12.0) * (math.pi / 12.0)
        waves = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle)], axis=-1)
        out: Floats = waves @ self.terms
        return out

    @property
    def length(self) -> float:
        """Hours between start and end."""
        return self.end - self.start


def sun_path(site: Site, declination: float, start: float, end: float) -> SunPath:
    """The sun's way on a day with a declination (degrees), between ``start`` and ``end`` hours of true solar time.

    Raises:
        BadInput: hours outside 0-24 or in the wrong order, declination outside ±90.
    """
    if not (0.0 <= start <= end <= 24.0 and abs(declination) <= 90.0):
        raise BadInput(
            f"日照有效时间带不成立：{start}–{end} 时", f"no time window: {start}-{end}", place="time"
        )
    sunset = sunset_hour_angle(site.latitude, declination)
    if sunset is None:
        start = end = 12.0
    else:
        start, end = max(start, 12.0 - sunset / 15.0), min(end, 12.0 + sunset / 15.0)
        if start > end:
            start = end
    phi, delta, gamma = map(math.radians, (site.latitude, declination, site.convergence))
    east = np.array([0.0, 0.0, -math.cos(delta)])
    north = np.array(
        [math.sin(delta) * math.cos(phi), -math.cos(delta) * math.sin(phi), 0.0], dtype=np.float64
    )
    up = np.array([math.sin(delta) * math.sin(phi), math.cos(delta) * math.cos(phi), 0.0])
    grid_east = (east * math.cos(gamma) - north * math.sin(gamma)) * site.scale
    grid_north = (north * math.cos(gamma) + east * math.sin(gamma)) * site.scale
    return SunPath(site, declination, start, end, np.stack([grid_east, grid_north, up], axis=1))


@dataclass(frozen=True, slots=True)
class Counting:
    """How hours are added up.

    Attributes:
        least: minutes an interval must last to count at all.
        longest: only that many of the longest intervals count (1 = contiguous 连续); None = all (累计).
    """

    least: float = 0.0
    longest: int | None = None

    def text(self) -> str:
        """Chinese words for the report."""
        if self.longest == 1:
            return "连续"
        words = "累计" if self.longest is None else f"最长 {self.longest} 段累计"
        return words + (f"，单段不少于 {self.least:g} min" if self.least > 0 else "")


CONTIGUOUS = Counting(longest=1)
CUMULATIVE = Counting()


@dataclass(frozen=True, slots=True)
class Exposure:
    """Sun and shade of N windows on one day; times are hours of true solar time.

    Attributes:
        path: the sun's way asked about.
        count: N.
        lit_window, lit_start, lit_end: intervals in the sun, by window and time.
        dark_window, dark_block, dark_start, dark_end: intervals in shade by block (index, or :data:`BEHIND`).
        inside: (N, ) index of the block a window lies in (then it is dark all day), else -1.
    """

    path: SunPath
    count: int
    lit_window: Ints
    lit_start: Floats
    lit_end: Floats
    dark_window: Ints
    dark_block: Ints
    dark_start: Floats
    dark_end: Floats
    inside: Ints

    def hours(self, counting: Counting = CUMULATIVE) -> Floats:
        """Hours of sun per window, shape (N, )."""
        lengths = self.lit_end - self.lit_start
        keep = lengths * 60.0 >= counting.least - 1e-6
        windows, lengths = self.lit_window[keep], lengths[keep]
        if counting.longest is not None:
            order = np.lexsort((-lengths, windows))
            windows, lengths = windows[order], lengths[order]
            first = np.searchsorted(windows, windows)
            top = np.arange(len(windows)) - first < counting.longest
            windows, lengths = windows[top], lengths[top]
        return np.bincount(windows, weights=lengths, minlength=self.count).astype(np.float64)

    def lit(self, window: int) -> list[tuple[float, float]]:
        """Intervals in the sun of one window."""
        a, b = np.searchsorted(self.lit_window, [window, window + 1])
        return list(zip(self.lit_start[a:b].tolist(), self.lit_end[a:b].tolist(), strict=True))

    def dark(self, window: int) -> list[tuple[int, float, float]]:
        """(block, start, end) of the shades on one window, by time; shades of several blocks may overlap."""
        a, b = np.searchsorted(self.dark_window, [window, window + 1])
        rows = zip(
            self.dark_block[a:b].tolist(),
            self.dark_start[a:b].tolist(),
            self.dark_end[a:b].tolist(),
            strict=True,
        )
        return sorted(rows, key=lambda row: (row[1], row[2], row[0]))


@dataclass(frozen=True, slots=True)
class _Faces:
    """Faces of all blocks: walls (F, …) with the inside on the left of a→b, and triangles (K, 3, 3)."""

    a: Floats
    b: Floats
    base: Floats
    top: Floats
    wall_block: Ints
    triangles: Floats
    triangle_block: Ints
    underside: npt.NDArray[np.bool_]


def _faces(blocks: Sequence[Block], lowest: float) -> _Faces:
    walls: list[tuple[float, float, float, float, float, float, int]] = []
    triangles: list[tuple[tuple[float, ...], ...]] = []
    owners: list[int] = []
    underside: list[bool] = []
    for index, block in enumerate(blocks):
        for polygon in block.polygons():
            for ring in rings_of(polygon):
                for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
                    walls.append((x1, y1, x2, y2, block.base, block.top, index))
            if block.base > lowest:
                for x1, y1, x2, y2, x3, y3 in _triangulated(polygon):
                    triangles.append(((x1, y1, block.base), (x2, y2, block.base), (x3, y3, block.base)))
                    owners.append(index)
                    underside.append(True)
        for face in block.roof:
            triangles.append(face)
            owners.append(index)
            underside.append(False)
    table = np.array(walls, dtype=np.float64).reshape(-1, 7)
    return _Faces(
        a=table[:, 0:2],
        b=table[:, 2:4],
        base=table[:, 4],
        top=table[:, 5],
        wall_block=table[:, 6].astype(np.int64),
        triangles=np.array(triangles, dtype=np.float64).reshape(-1, 3, 3),
        triangle_block=np.array(owners, dtype=np.int64),
        underside=np.array(underside, dtype=np.bool_),
    )


def _triangulated(polygon: Polygon) -> list[tuple[float, ...]]:
    parts = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
    return [tuple(shapely.get_coordinates(p)[:3].ravel().tolist()) for p in parts]


def exposure(
    windows: Sequence[Window], blocks: Sequence[Block], path: SunPath, *, sweep: float = 0.0
) -> Exposure:
    """Sun and shade of windows among blocks.

    Args:
        windows: N windows; one with a width must have both ends in the sun.
        blocks: everything that casts shadows, the windows' own buildings included.
        path: the day and its hours.
        sweep: least angle in degrees between the sun's azimuth and the wall for sun to count (最小扫掠角).

    Raises:
        BadInput: sweep outside [0, 90).
    """
    if not 0.0 <= sweep < 90.0:
        raise BadInput(f"最小扫掠角应在 0–90°:{sweep}", "sweep angle out of range", place="sweep")
    points, owner = _points(windows, path.site)
    lowest = float(points[:, 2].min()) if len(points) else 0.0
    faces = _faces(blocks, lowest)
    span = ((path.start - 12.0) * math.pi / 12.0, (path.end - 12.0) * math.pi / 12.0)
    found: list[tuple[Ints, Ints, Floats, Floats]] = []
    size = max(1, len(faces.wall_block) + len(faces.triangle_block))
    step = max(1, _CHUNK // size)
    for first in range(0, len(points), step):
        part = points[first : first + step]
        numbers = owner[first : first + step]
        found += [
            _shades(part, numbers, normals, blocks_of, pairs, path, span)
            for normals, blocks_of, pairs in (
                _wall_pairs(part, faces, path),
                _triangle_pairs(part, faces, path),
            )
        ]
    found.append(_behind(windows, path, span, sweep))
    inside = _inside(points, owner, blocks, len(windows))
    shut = np.flatnonzero(inside >= 0)
    found.append((shut, inside[shut], np.full(len(shut), span[0]), np.full(len(shut), span[1])))
    return _collect(found, len(windows), len(blocks), inside, path, span)


def _points(windows: Sequence[Window], site: Site) -> tuple[Floats, Ints]:
    """Points (x, y, z) that must be lit and the window each belongs to."""
    rows: list[tuple[float, float, float]] = []
    owner: list[int] = []
    for number, window in enumerate(windows):
        if window.width > 0 and window.facing is not None:
            out_x, out_y = site.grid_vector(window.facing)
            half = window.width / 2
            rows += [
                (window.x + out_y * half, window.y - out_x * half, window.z),
                (window.x - out_y * half, window.y + out_x * half, window.z),
            ]
            owner += [number, number]
        else:
            rows.append((window.x, window.y, window.z))
            owner.append(number)
    return np.array(rows, dtype=np.float64).reshape(-1, 3), np.array(owner, dtype=np.int64)


def _wall_pairs(points: Floats, faces: _Faces, path: SunPath) -> tuple[Floats, Ints, Ints]:
    """Normals (M, 4, 3) of the walls that can shade a point, their blocks (M, ) and points (M, )."""
    to_a = faces.a[None, :, :] - points[:, None, :2]
    to_b = faces.b[None, :, :] - points[:, None, :2]
    turn = to_a[..., 0] * to_b[..., 1] - to_a[..., 1] * to_b[..., 0]
    rise = faces.top[None, :] - points[:, 2:3]
    able = (turn < -1e-12) & (rise > 0)  # the point is outside of the wall, the wall higher than the point
    able &= _in_sight(to_a, to_b, path)
    slope = _least_slope(path)
    if slope > 0:
        able &= rise > _distance(to_a, to_b) * slope
    point, wall = np.nonzero(able)
    low = np.broadcast_to((faces.base[wall] - points[point, 2])[:, None], (len(wall), 1))
    high = rise[point, wall][:, None]
    a, b = to_a[point, wall], to_b[point, wall]
    zero = np.zeros((len(wall), 1))
    # a lies to the right of b as seen from outside: the sun is clockwise of b and counter-clockwise of a
    sides_a = np.concatenate([a[:, 1:2], -a[:, 0:1], zero], axis=1)
    sides_b = np.concatenate([-b[:, 1:2], b[:, 0:1], zero], axis=1)
    below = np.cross(np.concatenate([a, high], axis=1), np.concatenate([b, high], axis=1))
    above = -np.cross(np.concatenate([a, low], axis=1), np.concatenate([b, low], axis=1))
    normals = np.stack([sides_a, sides_b, below, above], axis=1)
    return normals, faces.wall_block[wall], point.astype(np.int64)


def _triangle_pairs(points: Floats, faces: _Faces, path: SunPath) -> tuple[Floats, Ints, Ints]:
    """Normals (M, 3, 3) of roof faces and undersides that can shade a point, with blocks and points (M, )."""
    rays = faces.triangles[None, ...] - points[:, None, None, :]
    able = rays[..., 2].max(axis=2) > 0
    able &= ~(faces.underside[None, :] & (rays[..., 0, 2] <= 0))
    point, face = np.nonzero(able)
    p, q, r = (rays[point, face, i] for i in range(3))
    normals = np.stack([np.cross(p, q), np.cross(q, r), np.cross(r, p)], axis=1)
    volume = np.einsum("ij,ij->i", normals[:, 0], r)
    keep = np.abs(volume) > 1e-12
    normals = normals[keep] * np.sign(volume[keep])[:, None, None]
    return normals, faces.triangle_block[face[keep]], point[keep].astype(np.int64)


def _distance(to_a: Floats, to_b: Floats) -> Floats:
    """Horizontal distance from the points to the walls, shape (N, F)."""
    edge = to_b - to_a
    length = np.maximum((edge * edge).sum(axis=2), 1e-30)
    share = np.clip(-(to_a * edge).sum(axis=2) / length, 0.0, 1.0)
    near = to_a + edge * share[..., None]
    out: Floats = np.hypot(near[..., 0], near[..., 1])
    return out


def _least_slope(path: SunPath) -> float:
    """Slope of the lowest ray of the day (rise over grid distance): nothing farther away can shade."""
    ends = path.directions([path.start, path.end])
    return float((ends[:, 2] / np.maximum(np.hypot(ends[:, 0], ends[:, 1]), 1e-12)).min()) * (1 - 1e-9)


def _in_sight(to_a: Floats, to_b: Floats, path: SunPath) -> npt.NDArray[np.bool_]:
    """Whether a wall reaches into the sector the sun runs through; all true when the sector is not a plain wedge."""
    way = path.directions(np.linspace(path.start, path.end, 65))[:, :2]
    first, last = way[0], way[-1]

    def cross(one: Floats, other: Floats) -> Floats:
        out: Floats = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
        return out

    sense = math.copysign(1.0, float(cross(first, way[32])))
    plain = (sense * cross(first, way) >= -1e-12).all() and (sense * cross(way, last) >= -1e-12).all()
    if not plain or sense * float(cross(first, last)) <= 1e-6:
        return np.ones(to_a.shape[:2], dtype=np.bool_)
    before = (sense * cross(first, to_a) < 0) & (sense * cross(first, to_b) < 0)
    after = (sense * cross(to_a, last) < 0) & (sense * cross(to_b, last) < 0)
    out: npt.NDArray[np.bool_] = ~(before | after)
    return out


def _intervals(
    normals: Floats, path: SunPath, span: tuple[float, float], *, inverse: bool = False
) -> tuple[Ints, Floats, Floats]:
    """(row, from, to) of the hour angles at which all conditions of a row hold (``inverse``: not all).

    Args:
        normals: (M, C, 3); the conditions are ``normal · s(H) > 0``.
        span: first and last hour angle, radians, within ±π.
    """
    terms = normals @ path.terms.T
    a, b, c = terms[..., 0], terms[..., 1], terms[..., 2]
    size = np.hypot(b, c)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(size > 0, -a / size, 2.0)
    there = np.abs(ratio) <= 1.0
    middle = np.arctan2(c, b)
    half = np.arccos(np.clip(ratio, -1.0, 1.0))
    roots = np.concatenate([middle - half, middle + half], axis=1)
    roots = (roots + math.pi) % (2 * math.pi) - math.pi
    roots = np.where(np.concatenate([there, there], axis=1), roots, span[0])
    rows = len(normals)
    ends = np.concatenate([np.full((rows, 1), span[0]), roots, np.full((rows, 1), span[1])], axis=1)
    ends = np.sort(np.clip(ends, *span), axis=1)
    middles = (ends[:, 1:] + ends[:, :-1]) / 2
    cosine, sine = np.cos(middles)[:, None, :], np.sin(middles)[:, None, :]
    holds = (a[..., None] + b[..., None] * cosine + c[..., None] * sine > 0).all(axis=1)
    if inverse:
        holds = ~holds
    row, piece = np.nonzero(holds & (np.diff(ends, axis=1) > 1e-12))
    return row.astype(np.int64), ends[row, piece], ends[row, piece + 1]


def _shades(
    points: Floats,
    owner: Ints,
    normals: Floats,
    block: Ints,
    point: Ints,
    path: SunPath,
    span: tuple[float, float],
) -> tuple[Ints, Ints, Floats, Floats]:
    row, start, end = _intervals(normals, path, span)
    return owner[point[row]], block[row], start, end


def _behind(
    windows: Sequence[Window], path: SunPath, span: tuple[float, float], sweep: float
) -> tuple[Ints, Ints, Floats, Floats]:
    """When the sun stands behind the window's wall, or nearer to it than the sweep angle."""
    facing = [(i, w.facing) for i, w in enumerate(windows) if w.facing is not None]
    numbers = np.array([i for i, _ in facing], dtype=np.int64)
    normals = np.zeros((len(facing), 2, 3))
    for row, (_, azimuth) in enumerate(facing):
        normals[row, 0, :2] = path.site.grid_vector(azimuth - sweep)
        normals[row, 1, :2] = path.site.grid_vector(azimuth + sweep)
    row_index, start, end = _intervals(normals, path, span, inverse=True)
    return numbers[row_index], np.full(len(row_index), BEHIND, dtype=np.int64), start, end


def _inside(points: Floats, owner: Ints, blocks: Sequence[Block], count: int) -> Ints:
    out = np.full(count, -1, dtype=np.int64)
    for index, block in enumerate(blocks):
        level = (points[:, 2] >= block.base) & (points[:, 2] < block.top)
        if level.any():
            hit = level & shapely.contains_xy(block.footprint, points[:, 0], points[:, 1])
            out[owner[hit]] = index
    return out


def _union(keys: Ints, start: Floats, end: Floats) -> tuple[Ints, Floats, Floats]:
    """Intervals of equal key merged where they touch; ordered by key and time."""
    if not len(keys):
        return keys, start, end
    order = np.lexsort((start, keys))
    keys, start, end = keys[order], start[order], end[order]
    shift = (
        keys * 16.0
    )  # wider than any interval, so that a running maximum does not reach over to the next key
    reach = np.maximum.accumulate(end + shift) - shift
    fresh = np.ones(len(keys), dtype=np.bool_)
    fresh[1:] = (keys[1:] != keys[:-1]) | (start[1:] > reach[:-1] + _EPSILON)
    first = np.flatnonzero(fresh)
    return keys[first], start[first], np.maximum.reduceat(end, first)


def _collect(
    found: Sequence[tuple[Ints, Ints, Floats, Floats]],
    count: int,
    blocks: int,
    inside: Ints,
    path: SunPath,
    span: tuple[float, float],
) -> Exposure:
    window = np.concatenate([f[0] for f in found])
    block = np.concatenate([f[1] for f in found])
    start = np.concatenate([f[2] for f in found])
    end = np.concatenate([f[3] for f in found])
    keys, dark_start, dark_end = _union(window * (blocks + 1) + block + 1, start, end)
    dark_window, dark_block = keys // (blocks + 1), keys % (blocks + 1) - 1
    shut, shut_start, shut_end = _union(window, start, end)
    # gaps: from the end of one shade (or the start of the day) to the start of the next (or the end of the day)
    everyone = np.arange(count, dtype=np.int64)
    open_window = np.concatenate([everyone, shut])
    open_start = np.concatenate([np.full(count, span[0]), shut_end])
    close_window = np.concatenate([shut, everyone])
    close_end = np.concatenate([shut_start, np.full(count, span[1])])
    opening, closing = np.lexsort((open_start, open_window)), np.lexsort((close_end, close_window))
    lit_window = open_window[opening]
    lit_start, lit_end = open_start[opening], close_end[closing]
    keep = lit_end - lit_start > _EPSILON

    def hours(angle: Floats) -> Floats:
        return angle * (12.0 / math.pi) + 12.0

    return Exposure(
        path=path,
        count=count,
        lit_window=lit_window[keep],
        lit_start=hours(lit_start[keep]),
        lit_end=hours(lit_end[keep]),
        dark_window=dark_window,
        dark_block=dark_block,
        dark_start=hours(dark_start),
        dark_end=hours(dark_end),
        inside=inside,
    )
