"""Labels beside their building: what a leader (LEADER, MULTILEADER, a plain line) or mere nearness joins to it."""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from drawings.cad.model import CadEntity
from drawings.cad.selection import Wanted, picked
from drawings.interpreting.plan_titles import width_of
from drawings.shapes.work import Ring, Work

_LEADERS = frozenset({"LEADER", "MULTILEADER", "MLEADER"})
_LINES = frozenset({"LINE", "LWPOLYLINE", "POLYLINE"})
#: in text heights: how far a leader may end from its text, how far its arrow may end before the building, how far a
#: text without a leader may stand from its building
_REACH, _ARROW, _BESIDE = 2.0, 4.0, 2.5
_MOST = 5000  # texts, those nearest to buildings, and lines of a layer looked at
_PARTS = 6  # vertices a leader may have
_LONGEST = 200  # characters
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Note:
    """A text that speaks of a building and stands in none, metres."""

    entity: CadEntity
    text: str
    region: Polygon
    height: float


class _Leads:
    """Lines that may lead, found by where they are."""

    def __init__(self, lines: Sequence[LineString]) -> None:
        self.lines = lines
        self.tree = shapely.STRtree(lines)

    def near(self, note: _Note) -> list[LineString]:
        """Those within reach of a text, in order."""
        found = self.tree.query(note.region, predicate="dwithin", distance=_REACH * note.height)
        return [self.lines[n] for n in sorted(found.tolist())]


def called_out(work: Work, rings: Sequence[Ring]) -> Mapping[tuple[str, Spot], Spot]:
    """Where texts beside a building speak for it: (handle, place) of the text → a place inside the building.

    All in drawing units. What nothing but nearness joins is told (``DXF-LABEL-BESIDE``).

    Args:
        rings: the buildings.
    """
    if not rings:
        return {}
    every = [r.geometry for r in rings]
    tree = shapely.STRtree(every)
    notes = _notes(work, rings, tree)
    if not notes:
        return {}
    lines = _leaders(work, notes)
    out: dict[tuple[str, Spot], Spot] = {}
    free: list[_Note] = []
    for note in notes:
        work.deadline.check()
        near = [line for name in ("", note.entity.layer) if name in lines for line in lines[name].near(note)]
        number = _led(note, near, every, tree)
        if number is None:
            free.append(note)
        else:
            out[_key(note.entity)] = _inside(work, rings[number])
    taken = set(out.values())
    for note, number in _nearest(free, every, tree):
        spot = _inside(work, rings[number])
        if spot in taken:
            continue
        out[_key(note.entity)] = spot
        work.tell("DXF-LABEL-BESIDE", rings[number].match, rings[number].entity, text=note.text[:40])
    return out


def _key(entity: CadEntity) -> tuple[str, Spot]:
    assert entity.at is not None
    return entity.handle, entity.at


def _inside(work: Work, ring: Ring) -> Spot:
    spot = ring.geometry.representative_point()
    return spot.x / work.scale, spot.y / work.scale


def _notes(work: Work, rings: Sequence[Ring], tree: shapely.STRtree) -> list[_Note]:
    keys = {k for r in rings for k in work.role(r.match).keys}
    texts = [
        e
        for e in work.written()
        if e.text and e.at is not None and e.kind not in ("DIMENSION", "ATTRIB", "INSERT")
    ]
    if not texts:
        return []
    spots = shapely.points([work.metres(e.at) for e in texts if e.at is not None])
    (numbers, _), away = tree.query_nearest(spots, return_distance=True, all_matches=False)
    out: list[_Note] = []
    outside = away > 0
    for number in numbers[outside][np.argsort(away[outside], kind="stable")][:_MOST].tolist():
        entity = texts[number]
        if len(entity.text or "") > _LONGEST:
            continue
        text = unicodedata.normalize("NFKC", entity.text or "").strip()
        pairs, rest = work.words.pairs(text)
        if set(pairs) & keys or any(work.words.labels(line) for line in rest.split("\n")):
            height = max(entity.height * work.scale, 1e-3)
            out.append(_Note(entity, text, _region(work, entity, text, height), height))
    return out


def _region(work: Work, entity: CadEntity, text: str, height: float) -> Polygon:
    """About where a text stands: its place is the left, middle or right end of its first or only line."""
    assert entity.at is not None
    x, y = work.metres(entity.at)
    lines = text.split("\n")
    wide = max(width_of(line, height) for line in lines)
    down = 1.6 * height * (len(lines) if entity.kind != "TEXT" else 0.4)
    shape = box(x - 0.1 * wide, y - down, x + wide, y + 1.2 * height)
    return shapely.affinity.rotate(shape, entity.rotation, origin=(x, y)) if entity.rotation else shape


def _leaders(work: Work, notes: Sequence[_Note]) -> dict[str, _Leads]:
    """Leaders (under the name ""), and open lines by layer on the layers of the notes that hold no planning shapes."""
    out: dict[str, list[LineString]] = {"": []}
    for entity in picked(work.cad.entities, Wanted(kinds=_LEADERS)):
        parts = [work.line(c) for c in entity.curves if not c.closed and len(c.points) > 1]
        out[""] += _joined(parts)
    plain = {n.entity.layer for n in notes if work.matches.get(n.entity.layer) is None or _unused(work, n)}
    found: dict[str, list[LineString]] = defaultdict(list)
    for entity in picked(work.cad.entities, Wanted(layers=plain, kinds=_LINES)) if plain else ():
        for curve in entity.curves:
            if not curve.closed and 2 <= len(curve.points) <= _PARTS and len(found[entity.layer]) < _MOST:
                found[entity.layer].append(work.line(curve))
    return {
        layer: _Leads(lines) for layer, lines in {**out, **{n: _joined(m) for n, m in found.items()}}.items()
    }


def _unused(work: Work, note: _Note) -> bool:
    match = work.matches.get(note.entity.layer)
    return match is not None and match.role == "reference"


def _joined(lines: Sequence[LineString]) -> list[LineString]:
    """Lines that meet end to end as one; each of no more than a few parts."""
    merged = shapely.line_merge(shapely.multilinestrings(list(lines))) if len(lines) > 1 else None
    parts = list(shapely.get_parts(merged)) if merged is not None else list(lines)
    return [p for p in parts if 2 <= len(p.coords) <= _PARTS * 2 and p.length > 0]


def _led(
    note: _Note, lines: Sequence[LineString], every: Sequence[BaseGeometry], tree: shapely.STRtree
) -> int | None:
    """The building a leader joins a text to: the leader's one end is at the text, the other in the building."""
    best: tuple[float, int] | None = None
    for line in lines:
        ends = [(x, y) for x, y, *_ in line.coords]
        for path in (ends, ends[::-1]):
            away = LineString(path[-2:]).distance(note.region)
            if away > _REACH * note.height or Point(path[0]).distance(note.region) <= away:
                continue
            tip = _tip(path, note.height, every, tree)
            if tip is not None and (best is None or away < best[0]):
                best = (away, tip)
    return best[1] if best is not None else None


def _tip(
    path: Sequence[Spot], height: float, every: Sequence[BaseGeometry], tree: shapely.STRtree
) -> int | None:
    """The smallest building the tip is in, else the first one an arrow from it would meet."""
    inside = tree.query(Point(path[0]), predicate="intersects").tolist()
    if inside:
        return int(min(inside, key=lambda n: every[n].area))
    (x, y), (u, v) = path[0], path[1]
    length = math.hypot(x - u, y - v)
    if not length:
        return None
    reach = _ARROW * height / length
    arrow = LineString([(x, y), (x + (x - u) * reach, y + (y - v) * reach)])
    met = tree.query(arrow, predicate="intersects").tolist()
    return int(min(met, key=lambda n: every[n].distance(Point(x, y)))) if met else None


def _nearest(
    notes: Sequence[_Note], every: Sequence[BaseGeometry], tree: shapely.STRtree
) -> list[tuple[_Note, int]]:
    """Notes close to one building and clearly farther from every other one."""
    out: list[tuple[_Note, int]] = []
    for note in notes:
        reach = _BESIDE * note.height
        near = tree.query(note.region, predicate="dwithin", distance=2 * reach).tolist()
        away = sorted((every[n].distance(note.region), n) for n in near)
        if away and away[0][0] <= reach and (len(away) == 1 or away[1][0] > 2 * away[0][0] + note.height):
            out.append((note, away[0][1]))
    return out
