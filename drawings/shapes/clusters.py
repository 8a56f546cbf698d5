"""Points that belong together: within a tolerance of each other, directly or by way of others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from drawings.deadline import Deadline
from drawings.shapes.pairs import Longs, joined

_CROWD = 64  # points of one square of the grid; more of them are taken as one place
_PAIRS_AT_ONCE = 2_000_000
#: of the squares around one, those that are not looked at from their own side
_AROUND = ((0, 1), (1, -1), (1, 0), (1, 1))


def clusters(points: npt.NDArray[np.float64], tolerance: float, deadline: Deadline | None = None) -> Longs:
    """Cluster number of every point, (n, 2): points within ``tolerance``, directly or by way of others, share it.

    Raises:
        OutOfTimeError: the time is over.
    """
    if not len(points):
        return np.zeros(0, np.int64)
    spots, spot_of = np.unique(points[:, 0] + 1j * points[:, 1], return_inverse=True)
    squares, square_of = np.unique(
        np.floor(spots.real / tolerance) + 1j * np.floor(spots.imag / tolerance), return_inverse=True
    )
    if squares.size == spots.size and not _touching(squares):
        return spot_of.astype(np.int64)
    order = np.argsort(square_of, kind="stable")
    first = np.searchsorted(square_of[order], np.arange(squares.size + 1))
    group = np.arange(spots.size)
    for left, right in _neighbours(squares, first, deadline):
        a, b = order[left], order[right]
        near = np.abs(spots[a] - spots[b]) <= tolerance
        group = joined(group, a[near], b[near])
    sizes = np.diff(first)
    for crowd in np.flatnonzero(sizes > _CROWD).tolist():
        members = order[first[crowd] : first[crowd + 1]]
        group = joined(group, members[:-1], members[1:])
    numbers: Longs = group[spot_of]
    return numbers


def _touching(squares: npt.NDArray[np.complex128]) -> bool:
    """True if two squares of the grid are neighbours."""
    return any(_of_squares(squares, dx, dy)[0].size for dx, dy in _AROUND)


def _of_squares(squares: npt.NDArray[np.complex128], dx: int, dy: int) -> tuple[Longs, Longs]:
    """Numbers of (sorted) squares and of those that lie so many steps from them."""
    wanted = squares + (dx + 1j * dy)
    found = np.minimum(np.searchsorted(squares, wanted), squares.size - 1)
    here = np.flatnonzero(squares[found] == wanted)
    return here, found[here]


def _neighbours(
    squares: npt.NDArray[np.complex128], first: Longs, deadline: Deadline | None
) -> Iterator[tuple[Longs, Longs]]:
    """Pairs of points in the same or in neighbouring squares, in lots; of a crowd only some are looked at."""
    sizes = np.minimum(np.diff(first), _CROWD)
    own = np.flatnonzero(sizes > 1)
    for here, there in ((own, own), *(_of_squares(squares, dx, dy) for dx, dy in _AROUND)):
        total = np.cumsum(sizes[here] * sizes[there])
        begin = 0
        while begin < here.size:
            if deadline is not None:
                deadline.check()
            room = (total[begin - 1] if begin else 0) + _PAIRS_AT_ONCE
            end = max(begin + 1, int(np.searchsorted(total, room, side="right")))
            a, b = here[begin:end], there[begin:end]
            count = sizes[a] * sizes[b]
            which = np.repeat(np.arange(a.size), count)
            nth = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
            left, right = nth // sizes[b][which], nth % sizes[b][which]
            yield first[a][which] + left, first[b][which] + right
            begin = end
