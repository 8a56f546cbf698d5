"""Many coordinates from one system to another to within a millimetre, for drawing: a polynomial instead of formulas.

Over a city or a province a map projection is so smooth that a polynomial of two variables follows it. It is fitted to
the box of the points, tried on other points, and used only where it is near enough; otherwise the formulas are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis.crs.moving import transform_coordinates

Points = npt.NDArray[np.float64]

#: fewer points are not worth fitting
_MANY = 2_000
_DEGREES = (4, 6)
#: points a polynomial is tried on, besides those of a grid
_TRIED = 500


@dataclass(frozen=True, slots=True)
class _Polynomial:
    """Maps a box, taken from -1 to 1 both ways, onto offsets from the middle of where it lies in the other system."""

    degree: int
    middle: Points
    half: Points
    there: Points
    factors: Points

    def __call__(self, points: Points) -> Points:
        from gis.crs import nearly_kernel

        moved = np.empty(points.shape)
        nearly_kernel.move(points, self.middle, self.half, self.there, self.factors, self.degree, moved)
        return moved


def transform_nearly(points: Points, source: int, target: int, within: float) -> Points:
    """(east, north) or (lon, lat) of many points in another CRS, at most ``within`` of its units beside the true ones.

    Not finite where there is none, as in :func:`gis.crs.transform_coordinates`, which takes the few and the difficult.
    """
    if source != target and len(points) >= _MANY and np.isfinite(points).all():
        columns = points[:, 0], points[:, 1]  # numpy is slow at the least of many short rows
        low, high = np.array([c.min() for c in columns]), np.array([c.max() for c in columns])
        spread = points[:: -(-len(points) // _TRIED)]
        for degree in _DEGREES:
            found = _fitted(low, high, degree, source, target)
            if found is None:
                break
            tried = np.concatenate([_grid(low, high, 2 * degree + 1), spread])
            if np.abs(found(tried) - transform_coordinates(tried, source, target)).max() <= within / 2:
                return found(points)
    return transform_coordinates(points, source, target)


def _fitted(low: Points, high: Points, degree: int, source: int, target: int) -> _Polynomial | None:
    """The polynomial nearest to the transformation at Chebyshev's points of a box, by least squares.

    None where one of them cannot be expressed in the other system.
    """
    count = 2 * degree + 2
    along = np.cos((np.arange(count) + 0.5) * np.pi / count)
    x, y = (axis.ravel() for axis in np.meshgrid(along, along))
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1e-9)
    moved = transform_coordinates(np.column_stack([x, y]) * half + middle, source, target)
    if not np.isfinite(moved).all():
        return None
    there = moved.mean(axis=0)
    factors = np.linalg.lstsq(_terms(x, y, degree).T, moved - there, rcond=None)[0].T
    return _Polynomial(degree, middle, half, there, np.ascontiguousarray(factors))


def _grid(low: Points, high: Points, count: int) -> Points:
    x, y = (np.linspace(a, b, count) for a, b in zip(low, high, strict=True))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _terms(x: Points, y: Points, degree: int) -> Points:
    """Products of powers of x and y up to a degree, one a row."""
    terms = np.empty(((degree + 1) * (degree + 2) // 2, len(x)))
    terms[0] = 1.0
    row = 0
    for power in range(degree + 1):
        if power:
            np.multiply(terms[row], x, out=terms[row + degree - power + 2])
            row += degree - power + 2
        for n in range(row, row + degree - power):
            np.multiply(terms[n], y, out=terms[n + 1])
    return terms
