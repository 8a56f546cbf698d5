"""What short texts inside a row of parking or a green area say of it besides keys: how many, of what kind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

import shapely
from shapely.geometry import MultiPolygon, Polygon

from drawings.shapes.work import Ring, Work
from drawings.standards.guess import kinds_in
from drawings.standards.shared_words import attribute_words

COUNT = "数量"
#: figures of the whole drawing that, written inside such a ring, are how many it holds
COUNTED = {"parking_car": "机动车位数", "parking_bike": "非机动车位数"}
_LONGEST = 40


class RingNotes:
    """Notes inside rings of kinds; what a ring was told otherwise goes before."""

    def __init__(self, work: Work, rings: Sequence[Ring]) -> None:
        self.work = work
        noted = attribute_words().noted
        self.rings = [r for r in rings if r.role in noted and isinstance(r.geometry, (Polygon, MultiPolygon))]
        self.noted: list[tuple[tuple[float, float], str]] = []

    def note(self, at: tuple[float, float], text: str) -> None:
        """Remember a text with its place (drawing units)."""
        if self.rings and text:
            self.noted.append((self.work.metres(at), text))

    def give(self) -> None:
        """Give each ring what the notes in it say; numbers that differ are told and not taken."""
        if not self.noted:
            return
        tree = shapely.STRtree([r.geometry for r in self.rings])
        hits, rings = tree.query(shapely.points([spot for spot, _ in self.noted]), predicate="intersects")
        smallest: dict[int, int] = {}
        for hit, ring in zip(hits.tolist(), rings.tolist(), strict=True):
            best = smallest.get(hit)
            if best is None or self.rings[ring].geometry.area < self.rings[best].geometry.area:
                smallest[hit] = ring
        said: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for hit, number in sorted(smallest.items()):
            self.work.deadline.check()
            for line in self.noted[hit][1].split("\n"):
                for key, value in _said(line.strip(), self.rings[number]).items():
                    said[number][key].append(value)
        for number, keys in said.items():
            self._give(self.rings[number], keys)

    def _give(self, ring: Ring, keys: Mapping[str, Sequence[str]]) -> None:
        known = {k for pairs in ring.gathered.values.values() for k, v in pairs.items() if v}
        for key, values in keys.items():
            different = list(dict.fromkeys(values))
            if key in known:
                continue
            if len(different) == 1:
                ring.gathered.add("text", {key: different[0]})
            elif key == COUNT:
                self.work.tell(
                    "DXF-TWO-LABELS",
                    ring.match,
                    ring.entity,
                    key=key,
                    first=different[0],
                    second=different[1],
                )


def _said(line: str, ring: Ring) -> dict[str, str]:
    if not line or len(line) > _LONGEST:
        return {}
    out = dict(kinds_in(line, ring.role))
    if ring.role in COUNTED and ring.entity.kind != "INSERT":
        count = _count(line, ring.geometry.area, ring.role)
        if count is not None:
            out[COUNT] = str(count)
    return out


@lru_cache
def _counts() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(expression, re.IGNORECASE) for expression in attribute_words().bays.counts)


def _count(line: str, area: float, role: str) -> int | None:
    """How many spaces a text says: with a sign or a unit; a lone number where each would have the size of a space."""
    plain = line.replace("×", "x").replace("✕", "x").replace("X", "x")
    for pattern in _counts():
        found = pattern.search(plain)
        if found is not None:
            return int(found.group("n"))
    least, most = attribute_words().bays.area[role]
    if line.isdigit() and 1 < int(line) < 10_000 and least <= area / int(line) <= most:
        return int(line)
    return None
