"""Many curves at once: areas, chords and shapely geometries of hundreds of thousands of curves in a few array passes.

The same mathematics as :mod:`drawings.cad.curve` (chords that enclose exactly the arc's area), curve by curve the same
result to floating-point accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

from drawings.cad.curve import MAX_SEGMENTS, MIN_BULGE, SERIES_BELOW, Array, Curve

Geometries: TypeAlias = npt.NDArray[np.object_]
Longs: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
_MANY_ARCS = 20_000  # of more than these it is worth loading the kernels
_SAME_M = 1e-9  # vertices nearer than this are one


@dataclass(frozen=True, slots=True)
class Flat:
    """Curves as vertices only: ``xy`` (n, 2); ``start``: first vertex of every curve, one more than curves."""

    xy: Array
    start: Longs

    @property
    def owner(self) -> Longs:
        """Number of the curve of every vertex."""
        return np.repeat(np.arange(self.start.size - 1), np.diff(self.start))


class CurveBatch:
    """Curves in columns; drawing units.

    Attributes:
        start: first vertex of every curve, one more than curves. xy, bulge: of all vertices. closed: of every curve.
    """

    def __init__(self, curves: Sequence[Curve]) -> None:
        sizes = np.fromiter((len(c.points) for c in curves), np.int64, len(curves))
        self.start: Longs = _starts(sizes)
        total = int(self.start[-1])
        numbers = chain.from_iterable(chain.from_iterable(c.points for c in curves))
        self.xy: Array = np.fromiter(numbers, np.float64, 2 * total).reshape(-1, 2)
        self.bulge: Array = np.zeros(total)
        for k, curve in enumerate(curves):
            if curve.bulges is not None:
                self.bulge[self.start[k] : self.start[k + 1]] = curve.bulges
        self.closed: Bools = np.fromiter((c.closed for c in curves), np.bool_, len(curves))

    @classmethod
    def of_columns(cls, start: Longs, xy: Array, bulge: Array, closed: Bools) -> CurveBatch:
        """Curves that are in columns already."""
        batch = cls(())
        batch.start, batch.xy, batch.bulge, batch.closed = start, xy, bulge, closed
        return batch

    def __len__(self) -> int:
        return self.start.size - 1

    @property
    def sizes(self) -> Longs:
        """Vertices of every curve."""
        sizes: Longs = np.diff(self.start)
        return sizes

    def subset(self, numbers: Longs) -> CurveBatch:
        """Some of the curves, in the order asked for."""
        sizes = self.sizes[numbers]
        start = _starts(sizes)
        vertex = np.arange(start[-1]) + np.repeat(self.start[numbers] - start[:-1], sizes)
        return CurveBatch.of_columns(start, self.xy[vertex], self.bulge[vertex], self.closed[numbers])

    def curve(self, number: int) -> Curve:
        """One of them; bulges are left out where all segments are straight."""
        a, b = self.start[number : number + 2].tolist()
        bulges = self.bulge[a:b]
        arcs = bool((np.abs(bulges) >= MIN_BULGE).any())
        points = tuple([(x, y) for x, y in self.xy[a:b].tolist()])
        return Curve(points, tuple(bulges.tolist()) if arcs else None, bool(self.closed[number]))

    def ends(self) -> Array:
        """First and last vertex of every curve, (n, 2, 2); every curve has a vertex."""
        return self.xy[np.stack((self.start[:-1], self.start[1:] - 1), axis=1)]

    def with_arcs(self) -> Bools:
        """Of every curve, whether a segment is an arc."""
        return self._sums((np.abs(self.bulge) >= MIN_BULGE).astype(np.float64)) > 0

    def long(self) -> Bools:
        """Of every curve, whether it has two vertices that differ."""
        first = self.xy[np.repeat(self.start[:-1], self.sizes)]
        return self._sums((self.xy != first).any(axis=1).astype(np.float64)) > 0

    def closed_by_ends(self, tolerance: float) -> tuple[CurveBatch, Bools]:
        """The curves with those closed whose ends coincide within ``tolerance``, and which ones those are."""
        found = ~self.closed & (self.sizes >= 3)
        ends = self.xy[np.stack((self.start[:-1][found], self.start[1:][found] - 1), axis=1)]
        way = ends[:, 1] - ends[:, 0]
        found[found] = np.hypot(way[:, 0], way[:, 1]) <= tolerance
        if not found.any():
            return self, found
        keep = np.ones(len(self.xy), np.bool_)
        keep[self.start[1:][found] - 1] = False
        start = _starts(self.sizes - found)
        return CurveBatch.of_columns(start, self.xy[keep], self.bulge[keep], self.closed | found), found

    @cached_property
    def _segments(self) -> tuple[Longs, Array, Array]:
        """Of every vertex the next one (the end of an open curve: itself), the way there, the bulge that counts."""
        following = np.arange(1, len(self.xy) + 1)
        some = self.start[1:] > self.start[:-1]
        last = self.start[1:][some] - 1
        following[last] = np.where(self.closed[some], self.start[:-1][some], last)
        way = self.xy[following] - self.xy
        bulge = self.bulge.copy()
        bulge[last[~self.closed[some]]] = 0.0
        bulge[np.abs(bulge) < MIN_BULGE] = 0.0
        return following, way, bulge

    def _sums(self, values: Array) -> Array:
        """Sum by curve."""
        out = np.zeros(len(self))
        some = self.start[1:] > self.start[:-1]
        if some.any():
            out[some] = np.add.reduceat(values, self.start[:-1][some])
        return out

    def areas(self) -> Array:
        """Signed areas as of :meth:`Curve.area`: exact along arcs; open curves closed by a straight segment."""
        following, way, bulge = self._segments
        some = self.start[1:] > self.start[:-1]
        last = self.start[1:][some] - 1
        following = following.copy()
        following[last] = self.start[:-1][some]
        origin = np.repeat(self.xy[self.start[:-1][some]], np.diff(self.start)[some], axis=0)
        local, ahead = self.xy - origin, self.xy[following] - origin
        parts = 0.5 * (local[:, 0] * ahead[:, 1] - local[:, 1] * ahead[:, 0])
        arcs = np.flatnonzero(bulge)
        if arcs.size:
            b = bulge[arcs]
            ratio = (1 + b * b) / (4 * b)
            chord = np.hypot(way[arcs, 0], way[arcs, 1])
            parts[arcs] += 0.5 * chord * chord * ratio * ratio * _excess(4.0 * np.arctan(b))
        return self._sums(parts)

    def lengths(self) -> Array:
        """Lengths as of :meth:`Curve.length`."""
        _, way, bulge = self._segments
        along = np.hypot(way[:, 0], way[:, 1])
        arcs = np.flatnonzero(bulge)
        b = np.abs(bulge[arcs])
        along[arcs] *= 4 * np.arctan(b) * (1 + b * b) / (4 * b)
        return self._sums(along)

    def chords(self, tolerance: float) -> int:
        """About how many chords all arcs become."""
        _, way, bulge = self._segments
        arcs = np.flatnonzero(bulge)
        chord = np.hypot(way[arcs, 0], way[arcs, 1])
        good = chord > 0
        return int(_chords(bulge[arcs][good], chord[good], tolerance)[2].sum())

    def flatten(self, tolerance: float) -> Flat:
        """Arcs as chords, as of :meth:`Curve.flatten`."""
        _, way, bulge = self._segments
        chord = np.hypot(way[:, 0], way[:, 1])
        arcs = np.flatnonzero((bulge != 0) & (chord > 0))
        if not arcs.size:
            return Flat(self.xy, self.start)
        if arcs.size > _MANY_ARCS:
            from drawings.cad.fast.flattening import flattened  # compiled, which takes a while to load

            start, xy = flattened(self.start, self.xy, bulge, self.closed, tolerance)
            return Flat(xy, start)
        inner = np.zeros(len(self.xy), np.int64)
        b, chord = bulge[arcs], chord[arcs]
        angle, radius, count = _chords(b, chord, tolerance)
        inner[arcs] = count.astype(np.int64) - 1
        place = np.concatenate(([0], np.cumsum(inner + 1)))
        out = np.empty((int(place[-1]), 2))
        out[place[:-1]] = self.xy
        step = angle / count
        surplus = _excess(step) / np.sin(step)
        x = (count - 2) * count * surplus / (count - 1) ** 2
        many = np.maximum(count, 3)  # two segments have a growth of their own
        growth = np.where(
            count == 2, surplus, (many - 1) * x / ((np.sqrt(1 + np.maximum(x, 0)) + 1) * (many - 2))
        )
        each = inner[arcs]
        of = np.repeat(np.arange(arcs.size), each)
        nth = np.arange(of.size) - np.repeat(np.cumsum(each) - each, each) + 1
        half = (angle / 2)[of]
        turn = nth * step[of] - half
        along = chord[of] / 2 + radius[of] * (1 + growth[of]) * np.sin(turn)
        away = radius[of] * (
            2 * np.sin((half + turn) / 2) * np.sin((half - turn) / 2) + growth[of] * np.cos(turn)
        )
        away *= np.sign(b)[of]
        e = (way[arcs] / chord[:, None])[of]
        foot = self.xy[arcs][of]
        spot = place[arcs][of] + nth
        out[spot, 0] = foot[:, 0] + e[:, 0] * along + e[:, 1] * away
        out[spot, 1] = foot[:, 1] + e[:, 1] * along - e[:, 0] * away
        return Flat(out, place[self.start])

    def polygons(self, tolerance: float, scale: float) -> Geometries:
        """Polygons in metres of the curves, taken as closed; None where fewer than three vertices differ.

        Args:
            tolerance: of arcs, drawing units. scale: metres per drawing unit.
        """
        flat = self.flatten(tolerance)
        xy, owner = flat.xy * scale, flat.owner
        out: Geometries = np.full(len(self), None, object)
        if not len(xy):
            return out
        keep = np.ones(len(xy), bool)
        step = xy[1:] - xy[:-1]
        keep[1:] = (owner[1:] != owner[:-1]) | (np.hypot(step[:, 0], step[:, 1]) > _SAME_M)
        some = flat.start[1:] > flat.start[:-1]
        first, last = flat.start[:-1][some], flat.start[1:][some] - 1
        round_ = np.hypot(*(xy[first] - xy[last]).T) <= _SAME_M
        keep[last[round_ & (last > first)]] = False
        sizes = np.bincount(owner[keep], minlength=len(self))
        good = sizes >= 3
        keep &= good[owner]
        numbers = np.flatnonzero(good)
        if numbers.size:
            rings = shapely.linearrings(xy[keep], indices=np.searchsorted(numbers, owner[keep]))
            out[numbers] = shapely.polygons(rings)
        return out

    def lines(self, tolerance: float, scale: float) -> Geometries:
        """Lines in metres (closed curves without their closing segment); None where there is only one vertex."""
        flat = self.flatten(tolerance)
        owner = flat.owner
        out: Geometries = np.full(len(self), None, object)
        good = np.diff(flat.start) >= 2
        numbers = np.flatnonzero(good)
        if numbers.size:
            keep = good[owner]
            out[numbers] = shapely.linestrings(
                flat.xy[keep] * scale, indices=np.searchsorted(numbers, owner[keep])
            )
        return out


def _chords(bulge: Array, chord: Array, tolerance: float) -> tuple[Array, Array, Array]:
    """Angles, radii and numbers of chords of arcs."""
    size = np.abs(bulge)
    angle = 4.0 * np.arctan(size)
    radius = chord * (1 + bulge * bulge) / (4 * size)
    with np.errstate(
        over="ignore", divide="ignore"
    ):  # a radius next to nothing: any number of chords will do
        flat = np.minimum(1.0, np.sqrt(0.375 * tolerance / radius))
    count = np.ceil(np.maximum(np.maximum(2.0, angle / (4 * np.arcsin(flat))), angle / (np.pi / 6)))
    return angle, radius, np.minimum(count, MAX_SEGMENTS)


def _excess(angle: Array) -> Array:
    """``angle - sin(angle)`` without cancellation for small angles."""
    small = angle**3 / 6 * (1 - angle**2 / 20 * (1 - angle**2 / 42))
    return np.where(np.abs(angle) < SERIES_BELOW, small, angle - np.sin(angle))


def _starts(sizes: Longs) -> Longs:
    """Where each of some runs of these sizes begins, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
