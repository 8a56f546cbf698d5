"""Points in the order of a list become rings: a ring ends where its first point comes again, or its numbering begins
anew."""

from __future__ import annotations

import math

from gis.boundaries.parcel import Parcel
from gis.boundaries.topology import Ring, Vertex, place
from gis.remarks import warning
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue


class RingBuilder:
    """Collects the points of one parcel into rings, by 圈号 and by what closes a ring."""

    def __init__(self, parcel: Parcel, issues: list[Issue], *, go_on: bool = False) -> None:
        """Begin; ``go_on`` with the last ring the parcel has."""
        self._parcel = parcel
        self._issues = issues
        self._open = {parcel.rings[-1].number: parcel.rings[-1]} if go_on else dict[str, Ring]()

    def add(self, number: str, vertex: Vertex) -> None:
        """Add a point to the open ring of its number; a point that repeats the ring's first closes the ring.

        A point named like the ring's first but lying elsewhere begins a new ring when the next one is named like the
        second (J1 J2 J3 J1 J2 …); else it was meant to close the ring, which is reported.
        """
        if not number and len(self._open) == 1:
            number = next(iter(self._open))  # the number is missing in this row only
        ring = self._open.get(number)
        if ring is not None and _began_again(ring, vertex):
            first = ring.vertices.pop()
            ring = Ring([first], number)
            self._open[number] = ring
            self._parcel.rings.append(ring)
        elif ring is None:
            ring = Ring([], number)
            self._open[number] = ring
            self._parcel.rings.append(ring)
        ring.vertices.append(vertex)
        if len(ring.vertices) > 3 and vertex.at == ring.vertices[0].at:
            del self._open[number]

    def finish(self) -> None:
        """Judge the rings left open: one whose last point is named like its first should have closed there."""
        for ring in list(self._open.values()):
            if self._closed_twice(ring):
                continue
            first, last = ring.vertices[0], ring.vertices[-1]
            names = [v.name for v in ring.vertices[1:-1]]
            if len(ring.vertices) < 4 or not first.name or last.name != first.name or first.name in names:
                continue
            apart = math.hypot(first.x - last.x, first.y - last.y)
            if apart <= boundary_rules().duplicate_m:
                continue
            ring.vertices.pop()
            self._issues.append(
                warning(
                    "RING-CLOSE-DIFFERS",
                    f"{place(last)}与起点 {first.name} 同号但坐标不同（相差 {apart:.3f}），按起点坐标闭合",
                    f"{last.name} closes the ring {apart:.3f} away from its first point; closed at the first",
                    "核对起点与末点的坐标",
                    "check the first and the last point",
                    line=last.line,
                    at=first.at,
                )
            )

    def _closed_twice(self, ring: Ring) -> bool:
        """Whether a ring is only the closing point of the one before, written once more; it is left out then."""
        rings = self._parcel.rings
        before = rings[rings.index(ring) - 1] if ring in rings[1:] else None
        if len(ring.vertices) > 1 or before is None or before.vertices[-1].at != ring.vertices[0].at:
            return False
        rings.remove(ring)
        self._issues.append(
            warning(
                "RING-CLOSED-TWICE",
                f"{place(ring.vertices[0])}重复了闭合点，只算一次",
                "the closing point is written twice and counts once",
                "每圈只在末行重复一次起点",
                "repeat the first point of a ring once",
                line=ring.vertices[0].line,
            )
        )
        return True


def _began_again(ring: Ring, vertex: Vertex) -> bool:
    points = ring.vertices
    if len(points) < 4 or not points[0].name or points[0].name == points[1].name:
        return False
    return points[-1].name == points[0].name and vertex.name == points[1].name
