"""Natural shapes of the sample city: smooth fields, contours, a meandering river.

All functions are pure and deterministic for a given ``numpy.random.Generator``; coordinates are metres in
EPSG:4547 (x east without zone prefix, y north).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

Array = npt.NDArray[np.float64]
#: a height-like value for every point: ``field(x, y)``
Field = Callable[[Array, Array], Array]

#: resolution of every stored coordinate, metres
GRID = 0.001


def waves(rng: np.random.Generator, count: int, shortest: float, longest: float) -> Field:
    """Smooth noise of about unit variance: ``count`` plane waves of random direction and phase.

    Wavelengths (metres) are drawn log-uniformly from ``shortest`` to ``longest``; long waves weigh more.
    """
    length = np.exp(rng.uniform(np.log(shortest), np.log(longest), count))
    angle = rng.uniform(0, 2 * np.pi, count)
    phase = rng.uniform(0, 2 * np.pi, count)
    weight = np.sqrt(length / length.mean())
    weight *= np.sqrt(2 / np.sum(weight**2))
    kx, ky = 2 * np.pi * np.cos(angle) / length, 2 * np.pi * np.sin(angle) / length

    def field(x: Array, y: Array) -> Array:
        total = np.zeros(np.broadcast(x, y).shape)
        for i in range(count):
            total += weight[i] * np.sin(kx[i] * x + ky[i] * y + phase[i])
        return total

    return field


def bump(x: Array, y: Array, cx: float, cy: float, sx: float, sy: float, height: float = 1.0) -> Array:
    """A Gaussian hill at (cx, cy) with standard deviations sx, sy (metres)."""
    return height * np.exp(-0.5 * (((x - cx) / sx) ** 2 + ((y - cy) / sy) ** 2))


def _clip_triangle(points: Sequence[tuple[float, float, float]], level: float) -> list[tuple[float, float]]:
    """The part of a triangle (x, y, value) where the linearly interpolated value is at least ``level``."""
    out: list[tuple[float, float]] = []
    for (x0, y0, v0), (x1, y1, v1) in zip(points, [*points[1:], points[0]], strict=True):
        if v0 >= level:
            out.append((x0, y0))
        if (v0 >= level) != (v1 >= level):
            t = (level - v0) / (v1 - v0)
            out.append((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
    return out


def region(
    field: Field,
    level: float,
    bounds: tuple[float, float, float, float],
    *,
    step: float = 80.0,
    smallest: float = 20_000.0,
) -> MultiPolygon:
    """Where ``field`` is at least ``level``: marching triangles on a grid, corners cut once (Chaikin).

    Args:
        bounds: xmin, ymin, xmax, ymax, metres.
        step: grid spacing, metres.
        smallest: parts and holes below this area (㎡) are dropped.
    """
    xmin, ymin, xmax, ymax = bounds
    xs = np.linspace(xmin, xmax, round((xmax - xmin) / step) + 1)
    ys = np.linspace(ymin, ymax, round((ymax - ymin) / step) + 1)
    values = field(*np.meshgrid(xs, ys))
    inside = values >= level
    full = inside[:-1, :-1] & inside[1:, :-1] & inside[:-1, 1:] & inside[1:, 1:]
    some = (inside[:-1, :-1] | inside[1:, :-1] | inside[:-1, 1:] | inside[1:, 1:]) & ~full
    rows, cols = np.nonzero(full)
    pieces: list[BaseGeometry] = list(shapely.box(xs[cols], ys[rows], xs[cols + 1], ys[rows + 1]))
    for r, c in zip(*np.nonzero(some), strict=True):
        a = (xs[c], ys[r], values[r, c])
        b = (xs[c + 1], ys[r], values[r, c + 1])
        d = (xs[c], ys[r + 1], values[r + 1, c])
        e = (xs[c + 1], ys[r + 1], values[r + 1, c + 1])
        for triangle in ((a, b, e), (a, e, d)):
            corners = _clip_triangle(triangle, level)
            if len(corners) >= 3:
                pieces.append(Polygon(corners))
    # cells share exact edges, so they can be joined without overlaying them
    exact = shapely.transform(np.array(pieces, dtype=object), lambda p: np.round(p, 3))
    return smooth(shapely.coverage_union_all(exact), smallest)


def _chaikin(ring: BaseGeometry) -> Array:
    """One round of corner cutting on a closed ring."""
    points = shapely.get_coordinates(ring)[:-1]
    following = np.roll(points, -1, axis=0)
    out = np.empty((2 * len(points), 2))
    out[0::2] = 0.75 * points + 0.25 * following
    out[1::2] = 0.25 * points + 0.75 * following
    return out


def smooth(shape: BaseGeometry, smallest: float = 0.0) -> MultiPolygon:
    """Cut every corner of a polygonal shape once; drop small parts and holes; valid, on the millimetre grid."""
    parts: list[Polygon] = []
    for part in polygons(shape):
        if part.area < smallest:
            continue
        holes = [_chaikin(hole) for hole in part.interiors if Polygon(hole).area >= smallest]
        parts.append(Polygon(_chaikin(part.exterior), holes))
    return tidy(shapely.union_all(shapely.make_valid(parts)) if parts else MultiPolygon())


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """The polygons of any geometry, in order; lines and points are left out."""
    if isinstance(shape, Polygon):
        return [] if shape.is_empty else [shape]
    if hasattr(shape, "geoms"):
        return [p for part in shape.geoms for p in polygons(part)]
    return []


def tidy(shape: BaseGeometry) -> MultiPolygon:
    """Valid polygons on the millimetre grid, normalised, so that equal shapes have equal bytes."""
    snapped = shapely.set_precision(shape, GRID)
    if not snapped.is_valid:
        snapped = shapely.set_precision(shapely.make_valid(snapped), GRID)
    return MultiPolygon(polygons(shapely.normalize(snapped)))


def meanders(
    rng: np.random.Generator,
    start: tuple[float, float],
    until_x: float,
    *,
    wavelength: float,
    swing: float,
    step: float = 25.0,
) -> LineString:
    """A sine-generated curve (how rivers bend), running east from ``start`` until ``until_x``.

    The direction of flow swings by ``swing`` radians over ``wavelength`` metres of channel, with a slower
    irregular drift so that no two bends are alike.
    """
    drift = rng.uniform(0, 2 * np.pi, 3)
    x, y = start
    points = [(x, y)]
    s = 0.0
    while x < until_x:
        angle = swing * np.sin(2 * np.pi * s / wavelength) * (1 + 0.25 * np.sin(s / 2900 + drift[0]))
        angle += 0.22 * np.sin(s / 730 + drift[1]) + 0.12 * np.sin(s / 1900 + drift[2])
        angle += (start[1] - y) / 4200  # back towards its valley
        x, y = x + step * float(np.cos(angle)), y + step * float(np.sin(angle))
        points.append((x, y))
        s += step
    return LineString(points)


def ribbon(line: LineString, width: Callable[[float], float], extra: float = 0.0) -> MultiPolygon:
    """A band along ``line``; ``width(s)`` is its width (m) at distance ``s``, plus ``extra`` on each side."""
    points = shapely.get_coordinates(line)
    pieces = []
    s = 0.0
    for a, b in pairwise(points):
        pieces.append(LineString([a, b]).buffer(width(s) / 2 + extra, quad_segs=6))
        s += float(np.hypot(*(b - a)))
    return tidy(shapely.union_all(pieces).simplify(0.4))
