"""Whether one outline is another one turned, mirrored or scaled, and by how much. Pure; metres.

Corners are complex numbers, east + i·north. A similarity takes ``z`` to ``turn · (z − start) + end``; if it mirrors,
``z − start`` is reflected at the east axis first. ``|turn|`` is the scale and its argument the angle.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.shapes.outlines import same

#: share of the tolerance by which a point may lie off the line of its neighbours and still be no corner
_STRAIGHT = 0.1
#: an angle that moves no corner by more than this share of the tolerance is none
_NO_TURN = 0.5
_MOST_FITS = 16

_Corners = np.ndarray[Any, np.dtype[np.complex128]]


@dataclass(frozen=True, slots=True)
class Similarity:
    """How an outline was laid onto another.

    Attributes:
        turn: scale and angle as one complex number. start, end: a point and where it came to lie.
    """

    turn: complex
    start: complex
    end: complex
    mirrored: bool = False

    @property
    def scale(self) -> float:
        """Length after ÷ length before."""
        return abs(self.turn)

    @property
    def scaled(self) -> bool:
        """True unless lengths stayed as they were."""
        return not math.isclose(self.scale, 1.0, abs_tol=1e-9)

    @property
    def angle(self) -> float:
        """Degrees anticlockwise, −180 … 180; of a mirrored outline twice the direction of its axis."""
        return math.degrees(cmath.phase(self.turn))

    @property
    def axis(self) -> float | None:
        """Direction of the mirror axis, degrees anticlockwise from east, 0 … 180; None if nothing was mirrored."""
        return self.angle / 2 % 180 if self.mirrored else None

    def image(self, points: _Corners) -> _Corners:
        """Where points come to lie."""
        away = points - self.start
        return self.turn * (away.conj() if self.mirrored else away) + self.end

    def apply(self, geometry: BaseGeometry) -> BaseGeometry:
        """A geometry laid as the outline was."""

        def moved(xy: Any) -> Any:
            found = self.image(xy[:, 0] + 1j * xy[:, 1])
            return np.column_stack([found.real, found.imag])

        return shapely.transform(geometry, moved)

    def inverse(self) -> Similarity:
        """The way back."""
        back = 1 / (self.turn.conjugate() if self.mirrored else self.turn)
        return Similarity(back, self.end, self.start, self.mirrored)


def similarity(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> Similarity | None:
    """The plainest way to lay ``a`` onto ``b``; None where no similarity does it within ``tolerance`` metres.

    Of several (half a turn brings a rectangle back to itself) one without a mirror is plainer, then the smaller angle.
    """
    found = similarities(a, b, tolerance)
    return min(found, key=lambda s: (s.mirrored, abs(s.angle)), default=None)


def similarities(a: BaseGeometry, b: BaseGeometry, tolerance: float) -> list[Similarity]:
    """All ways to lay ``a`` onto ``b`` within ``tolerance``, of very regular outlines some."""
    mine, theirs = corners(a, tolerance), corners(b, tolerance)
    if mine is None or theirs is None or mine[1] != theirs[1] or len(mine[0]) != len(theirs[0]):
        return []
    fits = _ring_fits if mine[1] else _line_fits
    found = [s for s in fits(mine[0], theirs[0], tolerance) if same(s.apply(a), b, tolerance)]
    return [_plain(s, mine[0], tolerance) for s in found]


def corners(geometry: BaseGeometry, tolerance: float) -> tuple[_Corners, bool] | None:
    """Corners of the (largest) outline, anticlockwise, and whether it is closed; None of what has no corners."""
    if isinstance(geometry, MultiPolygon):
        geometry = max(geometry.geoms, key=lambda g: g.area)
    if isinstance(geometry, Polygon) and not geometry.is_empty:
        xy = np.asarray(geometry.exterior.coords)[:-1, :2]
        closed = True
    elif isinstance(geometry, LineString) and not geometry.is_empty:
        xy = np.asarray(geometry.coords)[:, :2]
        closed = bool(len(xy) > 3 and (xy[0] == xy[-1]).all())
        xy = xy[:-1] if closed else xy
    else:
        return None
    points = _without_straight(xy[:, 0] + 1j * xy[:, 1], closed, tolerance * _STRAIGHT)
    if closed and _signed_area(points) < 0:
        points = points[::-1]
    return (points, closed) if len(points) >= (3 if closed else 2) else None


def _signed_area(points: _Corners) -> float:
    inner = points - points[0]
    return float((inner.conj() * np.roll(inner, -1)).imag.sum()) / 2


def _without_straight(points: _Corners, closed: bool, grain: float) -> _Corners:
    points = points[np.abs(points - np.roll(points, 1)) > grain] if closed else points
    if len(points) < 3:
        return points
    before, after = points - np.roll(points, 1), np.roll(points, -1) - points
    chord = np.abs(before + after)
    aside = np.abs((before.conj() * after).imag) / np.where(chord > 0, chord, 1)
    bent = (aside > grain) | (chord <= grain)
    if not closed:
        bent[0] = bent[-1] = True
    return points[bent]


def _centred(a: _Corners, b: _Corners) -> tuple[complex, complex, _Corners, _Corners, float]:
    """Middles of two sets of corners, the corners as seen from them, and the sum of the first's squares."""
    start, end = complex(a.mean()), complex(b.mean())
    mine = a - start
    return start, end, mine, b - end, float((np.abs(mine) ** 2).sum())


def _ring_fits(a: _Corners, b: _Corners, tolerance: float) -> list[Similarity]:
    """Candidates: every way to number the corners that correlates as well as the best one does."""
    start, end, mine, theirs, size = _centred(a, b)
    if size == 0:
        return []
    out: list[Similarity] = []
    for mirrored in (False, True):
        own = mine.conj()[::-1] if mirrored else mine  # still anticlockwise
        score = np.fft.ifft(np.fft.fft(theirs) * np.fft.fft(own).conj()) / size
        reach = float(np.abs(mine).max()) or 1.0
        best = np.abs(score).max()
        good = np.flatnonzero(np.abs(score) >= best - 2 * tolerance / reach)
        for shift in good[np.argsort(-np.abs(score[good]))][:_MOST_FITS]:
            turn = complex(score[shift])
            if np.abs(turn * own - np.roll(theirs, -shift)).max() <= tolerance:
                out.append(Similarity(turn, start, end, mirrored))
    return out


def _line_fits(a: _Corners, b: _Corners, tolerance: float) -> list[Similarity]:
    """Candidates of open lines, run through either way; two ends only tell a turn if the length is the same."""
    start, end, mine, theirs, size = _centred(a, b)
    if size == 0:
        return []
    out: list[Similarity] = []
    for mirrored in (False, True):
        if mirrored and len(a) == 2:
            continue
        own = mine.conj() if mirrored else mine
        for other in (theirs, theirs[::-1]):
            turn = complex((own.conj() * other).sum()) / size
            stretched = abs(abs(turn) - 1) * float(np.abs(mine).max()) > tolerance
            if np.abs(turn * own - other).max() <= tolerance and not (len(a) == 2 and stretched):
                out.append(Similarity(turn, start, end, mirrored))
    return out


def _plain(found: Similarity, points: Sequence[complex] | _Corners, tolerance: float) -> Similarity:
    """A scale or an angle too small to be seen is none."""
    reach = float(np.abs(np.asarray(points) - found.start).max()) or 1.0
    turn = found.turn
    if abs(abs(turn) - 1) * reach <= tolerance:
        turn /= abs(turn)
    if not found.mirrored and abs(cmath.phase(turn)) * reach <= tolerance * _NO_TURN:
        turn = complex(abs(turn))
    return Similarity(turn, found.start, found.end, found.mirrored)
