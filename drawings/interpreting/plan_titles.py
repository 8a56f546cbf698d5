"""Titles of plans that stand beside each other without frames: each below (or above) the plan it names."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import shapely
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

#: metres: outlines nearer than this belong to one plan
_ONE_PLAN = 0.5
#: a title may be as far from its plan as the plan is high, or this many metres
_LEAST_REACH = 12.0
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Title:
    """A text that names storeys: where it stands (metres), about how wide it is, how it is turned (degrees)."""

    floors: str
    x: float
    y: float
    width: float
    building: str = ""
    turn: float = 0.0

    @property
    def says(self) -> tuple[str, str]:
        """Storeys and building."""
        return self.floors, self.building


def width_of(text: str, height: float) -> float:
    """About how wide a line of text is: ideographs are as wide as high, letters narrower."""
    return height * sum(1.0 if ord(c) > 0x2E7F else 0.7 for c in text)


def titles_of_plans(outlines: Sequence[BaseGeometry], titles: Sequence[Title]) -> Mapping[int, Title]:
    """Number of an outline → the title that stands at its plan.

    All titles of a drawing stand on the same side of their plans: the side on which more plans have a title of their
    own is taken, below where both do. A plan with two titles, and a title between two plans, get none. A sheet whose
    titles are all turned alike is looked at upright.
    """
    turns = {round(title.turn % 360, 1) for title in titles}
    if len(turns) == 1 and (turn := turns.pop()):
        outlines = [rotate(outline, -turn, origin=(0, 0)) for outline in outlines]
        titles = [_upright(title) for title in titles]
    plans = _plans(outlines)
    boxes = [shapely.total_bounds([outlines[n] for n in plan]) for plan in plans]
    bounds: list[Box] = [(b[0], b[1], b[2], b[3]) for b in (x.tolist() for x in boxes)]
    below, above = _on_side(bounds, titles, True), _on_side(bounds, titles, False)
    chosen = above if (len(above), -_away(above)) > (len(below), -_away(below)) else below
    return {n: title for plan, (title, _) in chosen.items() for n in plans[plan]}


def _upright(title: Title) -> Title:
    cos, sin = math.cos(math.radians(title.turn)), math.sin(math.radians(title.turn))
    return replace(title, x=title.x * cos + title.y * sin, y=title.y * cos - title.x * sin, turn=0.0)


def _away(found: Mapping[int, tuple[Title, float]]) -> float:
    return sum(gap for _, gap in found.values())


def _plans(outlines: Sequence[BaseGeometry]) -> list[list[int]]:
    """Outlines that touch or nearly do, together."""
    owner = list(range(len(outlines)))

    def root(n: int) -> int:
        while owner[n] != n:
            owner[n] = owner[owner[n]]
            n = owner[n]
        return n

    tree = shapely.STRtree(list(outlines))
    for a, b in zip(
        *tree.query(list(outlines), predicate="dwithin", distance=_ONE_PLAN).tolist(), strict=True
    ):
        owner[root(a)] = root(b)
    groups: dict[int, list[int]] = defaultdict(list)
    for n in range(len(outlines)):
        groups[root(n)].append(n)
    return list(groups.values())


def _on_side(bounds: Sequence[Box], titles: Sequence[Title], under: bool) -> dict[int, tuple[Title, float]]:
    """Plan → (title, gap) of the only title whose nearest plan on that side it is."""
    offers: dict[int, list[tuple[float, Title]]] = defaultdict(list)
    for title in titles:
        near: list[tuple[float, float, int]] = []
        middle = title.x + title.width / 2
        for number, (x0, y0, x1, y1) in enumerate(bounds):
            gap = y0 - title.y if under else title.y - y1
            aside = max(0.0, x0 - middle, middle - x1)
            reach = max(0.25 * (x1 - x0), title.width)
            if 0 <= gap <= max(_LEAST_REACH, y1 - y0) and aside <= reach:
                near.append((gap + aside, gap, number))
        if near:
            _, gap, number = min(near)
            offers[number].append((gap, title))
    out: dict[int, tuple[Title, float]] = {}
    for number, found in offers.items():
        found.sort(key=lambda offer: offer[0])
        if len({title.says for gap, title in found if gap <= 2 * found[0][0] + 1}) == 1:
            out[number] = (found[0][1], found[0][0])
    return out
