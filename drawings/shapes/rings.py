"""Rings from lines: joining ends that meet, telling gaps and branches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drawings.cad.curve import Curve, Point, join
from drawings.deadline import Deadline

_LOT = 1024  # ends between two looks at the clock


@dataclass(frozen=True, slots=True)
class Chain:
    """Curves joined end to end.

    Attributes:
        curve: the joined curve; closed if the ends met.
        members: indexes of the curves it was made of, in order.
        gap: distance between its ends if it is open, else 0.
    """

    curve: Curve
    members: tuple[int, ...]
    gap: float


@dataclass(frozen=True, slots=True)
class Tangle:
    """Curves that meet in places of three or more ends: there is no single way to chain them."""

    members: tuple[int, ...]
    at: Point


def close_by_ends(curve: Curve, tolerance: float) -> Curve | None:
    """The closed curve if the ends of an open one coincide within ``tolerance``, else None."""
    if curve.closed or len(curve.points) < 3 or math.dist(curve.start, curve.end) > tolerance:
        return None
    bulges = curve.bulges[:-1] if curve.bulges is not None else None
    return Curve(curve.points[:-1], bulges, closed=True)


def chain(
    curves: Sequence[Curve], tolerance: float, deadline: Deadline | None = None
) -> tuple[list[Chain], list[Tangle]]:
    """Join open curves whose ends lie within ``tolerance`` of each other.

    Returns:
        chains (closed or open) in order of their first member, and tangles (three or more ends in one place).

    Raises:
        OutOfTimeError: the time is over.
    """
    ends: list[Point] = [p for c in curves for p in (c.start, c.end)]
    node = _cluster(ends, tolerance, deadline)
    at_node: dict[int, list[int]] = defaultdict(list)
    for end, cluster in enumerate(node):
        at_node[cluster].append(end)
    seen: set[int] = set()
    chains: list[Chain] = []
    tangles: list[Tangle] = []
    for first in range(len(curves)):
        if first in seen:
            continue
        if deadline is not None:
            deadline.check()
        component, branch = _component(first, node, at_node)
        seen |= set(component)
        if branch is not None:
            tangles.append(Tangle(tuple(sorted(component)), ends[branch]))
            continue
        chains.append(_walk(sorted(component), curves, node, at_node))
    return chains, tangles


def _cluster(points: Sequence[Point], tolerance: float, deadline: Deadline | None) -> list[int]:
    """Cluster number of every point; points within ``tolerance`` (directly or by a third one) share it."""
    parent = list(range(len(points)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, (x, y) in enumerate(points):
        if deadline is not None and index % _LOT == 0:
            deadline.check()
        cx, cy = math.floor(x / tolerance), math.floor(y / tolerance)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                for other in cells.get((cx + dx, cy + dy), ()):
                    if math.dist(points[index], points[other]) <= tolerance:
                        parent[root(index)] = root(other)
        if len(cells[cx, cy]) < 64:  # a heap of ends in one spot is one cluster already
            cells[cx, cy].append(index)
        else:
            parent[root(index)] = root(cells[cx, cy][0])
    return [root(i) for i in range(len(points))]


def _component(first: int, node: list[int], at_node: dict[int, list[int]]) -> tuple[set[int], int | None]:
    """Curves connected with ``first``; and an end where three or more meet, if there is one."""
    component = {first}
    queue = [first]
    places: set[int] = set()
    branch: int | None = None
    while queue:
        current = queue.pop()
        for end in (2 * current, 2 * current + 1):
            if node[end] in places:
                continue
            places.add(node[end])
            meeting = at_node[node[end]]
            if len(meeting) > 2:
                branch = end if branch is None else branch
            for other in meeting:
                if other // 2 not in component:
                    component.add(other // 2)
                    queue.append(other // 2)
    return component, branch


def _walk(
    component: list[int], curves: Sequence[Curve], node: list[int], at_node: dict[int, list[int]]
) -> Chain:
    """Chain a component in which every place has at most two ends."""
    loose = [e for c in component for e in (2 * c, 2 * c + 1) if len(at_node[node[e]]) == 1]
    end = loose[0] if loose else 2 * component[0]
    ordered: list[Curve] = []
    members: dict[int, None] = {}  # in order
    while True:
        index = end // 2
        members[index] = None
        ordered.append(curves[index] if end % 2 == 0 else curves[index].reversed())
        far = end ^ 1
        following = [e for e in at_node[node[far]] if e != far]
        if not following or following[0] // 2 in members:
            break
        end = following[0]
    if loose:
        joined = join(ordered, closed=False)
        return Chain(joined, tuple(members), math.dist(joined.start, joined.end))
    return Chain(join(ordered, closed=True), tuple(members), 0.0)
