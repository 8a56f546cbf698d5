"""Rings from lines: joining ends that meet, telling gaps and branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drawings.cad.curve import Point
from drawings.cad.curve_batch import CurveBatch
from drawings.deadline import Deadline
from drawings.shapes.clusters import clusters
from drawings.shapes.pairs import Longs, joined

_LOT = 4096  # chains between two looks at the clock


@dataclass(frozen=True, slots=True)
class Run:
    """Curves that meet end to end, before they are joined.

    Attributes:
        ends: of every curve in order the end it begins with: twice its number, and one more if it is run backwards.
        closed: the last one ends where the first begins.
    """

    ends: tuple[int, ...]
    closed: bool

    @property
    def members(self) -> tuple[int, ...]:
        """Numbers of the curves, in order."""
        return tuple([end // 2 for end in self.ends])


@dataclass(frozen=True, slots=True)
class Tangle:
    """Curves that meet in places of three or more ends (``at`` is the first of them): there is no single way to chain
    them."""

    members: tuple[int, ...]
    at: Point


def runs(
    ends: npt.NDArray[np.float64], tolerance: float, deadline: Deadline | None = None
) -> tuple[list[Run], list[Tangle]]:
    """How curves whose ends lie within ``tolerance`` of each other chain.

    Args:
        ends: where each begins and ends, (n, 2, 2).

    Returns:
        runs (closed or open) in order of their first member, and tangles (three or more ends in one place).

    Raises:
        OutOfTimeError: the time is over.
    """
    count = len(ends)
    if not count:
        return [], []
    spots = ends.reshape(-1, 2)
    node = clusters(spots, tolerance, deadline)
    order = np.argsort(node, kind="stable")
    same = np.flatnonzero(node[order[1:]] == node[order[:-1]])
    a, b = order[same], order[same + 1]
    group = joined(np.arange(count), a // 2, b // 2)
    degree = np.bincount(node)[node]
    mate = np.full(2 * count, -1)  # of an end where two meet, the other one
    two = degree[a] == 2
    mate[a[two]], mate[b[two]] = b[two], a[two]
    tangled = np.zeros(count, np.bool_)
    tangled[group[np.flatnonzero(degree > 2) // 2]] = True
    return _walked(group, mate, tangled, deadline), _tangles(group, tangled, degree, spots)


def _walked(
    group: Longs, mate: Longs, tangled: npt.NDArray[np.bool_], deadline: Deadline | None
) -> list[Run]:
    """Runs of the groups in which no place has more than two ends; ``group``: of every curve the first one of its
    group."""
    count = group.size
    start = np.full(count, 2 * count)  # of every group the end to start from: the first loose one
    loose = np.flatnonzero(mate < 0)
    np.minimum.at(start, group[loose // 2], loose)
    heads = np.flatnonzero((group == np.arange(count)) & ~tangled)
    begin = np.where(start[heads] < 2 * count, start[heads], 2 * heads)
    alone = np.bincount(group, minlength=count)[heads] == 1
    mates = mate.tolist()
    out: list[Run] = []
    opened = (start[heads] < 2 * count).tolist()
    for number, (end, single, open_) in enumerate(zip(begin.tolist(), alone.tolist(), opened, strict=True)):
        if deadline is not None and number % _LOT == 0:
            deadline.check()
        if single:
            out.append(Run((end,), not open_))
            continue
        walk = [end]
        following = mates[end ^ 1]
        while following >= 0 and following != walk[0]:
            walk.append(following)
            following = mates[following ^ 1]
        out.append(Run(tuple(walk), not open_))
    return out


def _tangles(
    group: Longs, tangled: npt.NDArray[np.bool_], degree: Longs, spots: npt.NDArray[np.float64]
) -> list[Tangle]:
    curves = np.flatnonzero(tangled[group])
    order = curves[np.argsort(group[curves], kind="stable")]
    first = np.full(group.size, 2 * group.size)
    branches = np.flatnonzero(degree > 2)
    np.minimum.at(first, group[branches // 2], branches)
    out: list[Tangle] = []
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if members.size:
            x, y = spots[first[group[members[0]]]].tolist()
            out.append(Tangle(tuple(members.tolist()), (x, y)))
    return out


def joined_batch(batch: CurveBatch, found: Sequence[Run]) -> CurveBatch:
    """The curves of runs, in their order; ``batch``: what the runs are made of."""
    lengths = np.fromiter((len(r.ends) for r in found), np.int64, len(found))
    ends = np.fromiter((e for r in found for e in r.ends), np.int64, int(lengths.sum()))
    closed = np.fromiter((r.closed for r in found), np.bool_, len(found))
    member, backwards = ends // 2, ends % 2 == 1
    of_run = np.repeat(np.arange(len(found)), lengths)
    last = np.zeros(ends.size, np.bool_)
    last[np.cumsum(lengths) - 1] = ~closed
    sizes = batch.sizes[member] - 1 + last  # the last vertex is the next one's first
    so_far = np.cumsum(sizes) - sizes
    nth = np.arange(int(sizes.sum())) - np.repeat(so_far, sizes)
    first = np.where(backwards, batch.start[1:][member] - 1, batch.start[:-1][member])
    turned = np.repeat(backwards, sizes)
    vertex = np.repeat(first, sizes) + np.where(turned, -nth, nth)
    bulge = np.where(turned, -batch.bulge[np.maximum(vertex - 1, 0)], batch.bulge[vertex])
    bulge[(so_far + sizes - 1)[last]] = 0.0
    start = np.concatenate(([0], np.cumsum(np.bincount(of_run, sizes, len(found))))).astype(np.int64)
    return CurveBatch.of_columns(start, batch.xy[vertex], bulge, closed)


def twins(batch: CurveBatch, step: float) -> Longs:
    """Of every curve the number of the first one that runs along the same points (in steps), in either direction."""
    grid, bulges = np.rint(batch.xy / step) + 0.0, np.round(batch.bulge, 6)
    sizes, arcs = batch.sizes, batch.with_arcs()
    out = np.arange(len(batch))
    order = np.lexsort((arcs, sizes))
    breaks = np.flatnonzero((np.diff(sizes[order]) != 0) | (np.diff(arcs[order].astype(np.int8)) != 0)) + 1
    for which in np.split(order, breaks):
        if which.size < 2 or not sizes[which[0]]:
            continue
        vertex = batch.start[which][:, None] + np.arange(sizes[which[0]])
        a, b = grid[vertex[:, 0]], grid[vertex[:, -1]]
        turned = (b[:, 0] < a[:, 0]) | ((b[:, 0] == a[:, 0]) & (b[:, 1] < a[:, 1]))
        vertex[turned] = vertex[turned, ::-1]
        bulge = np.where(turned[:, None], -bulges[vertex[:, 1:]], bulges[vertex[:, :-1]])
        columns = [*grid[vertex].reshape(which.size, -1).T, *(bulge.T if arcs[which[0]] else ())]
        out[which] = which[_first_alike(columns)]
    return out


def _first_alike(columns: Sequence[npt.NDArray[np.float64]]) -> Longs:
    """Of every row the first one that is equal in all columns."""
    rank = np.zeros(columns[0].size)
    for column in columns:
        values, first, inverse = np.unique(rank + 1j * column, return_index=True, return_inverse=True)
        if values.size == rank.size:
            return np.arange(rank.size)
        rank = inverse.astype(np.float64)
    earliest: Longs = first[inverse]
    return earliest
