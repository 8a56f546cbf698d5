"""Which storey a floor frame, or an area line outside every frame, stands for: from ranges and titles written in it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry import MultiPolygon, Point, Polygon

from drawings.cad.model import CadEntity
from drawings.interpreting.plan_titles import Title, titles_of_plans, width_of
from drawings.shapes.work import Ring, Work
from drawings.standards.multiplicity import (
    BadRange,
    building_of_title,
    floors_of_title,
    format_floors,
    ground_floors,
    is_once,
    parse_floors,
)

RANGE = "起止层"
BUILDING = "楼号"
_AREAS = frozenset({"area_full", "area_half", "area_none", "area_deduct", "balcony", "bay_window"})
_TITLE = re.compile(r"平面|图|plan|план|grundriss|평면", re.IGNORECASE)
_TELLING = re.compile(r"[层F~至,、]|\d\s*-", re.IGNORECASE)
_LONGEST = 60
_PART = r"\d{1,3}(?:\s*(?:-|TO)\s*\d{1,3})?"
_REPEATED = re.compile(rf"=\s*({_PART}(?:\s*,\s*{_PART})*)\s*$", re.IGNORECASE)
_MOST_STOREYS = 200


@dataclass(frozen=True, slots=True)
class Typical:
    """Plans that stand for several storeys: (楼号, floor in the layer's name) → 起止层; ``handles`` of the texts."""

    ranges: Mapping[tuple[str, str], str]
    handles: frozenset[str]


def _told(ring: Ring, *but: str) -> bool:
    """True if a source other than ``but`` says the range."""
    return any(RANGE in pairs for source, pairs in ring.gathered.values.items() if source not in but)


def _texts(work: Work) -> list[tuple[CadEntity, str]]:
    """Short texts with a place, in NFKC."""
    return [
        (e, unicodedata.normalize("NFKC", text).strip())
        for e in work.written()
        for text in _written(e)
        if e.at is not None and len(text) <= _LONGEST
    ]


def _written(entity: CadEntity) -> list[str]:
    """Its text; of a block with attributes (a title block) what they say."""
    if entity.kind == "INSERT":
        return [v for v in entity.attributes.values() if v and not v.isdigit()]
    return [entity.text] if entity.text and entity.kind not in ("DIMENSION", "ATTRIB") else []


def frame_floors(work: Work, polygons: list[Ring], tree: shapely.STRtree) -> None:
    """Floor ranges written without ``KEY=`` anywhere inside a frame that has none yet."""
    frames = {id(r): r for r in polygons if r.match.rule.bare_text == RANGE and not _told(r, "table")}
    if not frames:
        return
    layers = {ring.entity.layer for ring in frames.values()}  # a text on a frame's layer speaks of the frame
    offers: dict[int, list[tuple[tuple[bool, float], str]]] = defaultdict(list)
    owners: dict[int, set[str]] = defaultdict(set)
    roofs: dict[int, str] = {}
    texts = _texts(work)
    ground = ground_floors(t for _, t in texts)
    for entity, text in texts:
        title, roof = None, False
        try:
            parse_floors(text)
        except BadRange:
            title = floors_of_title(text, ground=ground)
            names = _TITLE.search(text) is not None or entity.layer in layers
            roof = title is None and names and is_once(text)
            if title is None and not roof:
                continue
        assert entity.at is not None
        for index in tree.query(Point(work.metres(entity.at)), predicate="intersects"):
            ring = polygons[int(index)]
            if id(ring) not in frames:
                continue
            owners[id(ring)] |= {building_of_title(text)} - {""}
            if roof:
                roofs[id(ring)] = text
            elif title is not None:
                ring.titles.append(title)
            else:
                offers[id(ring)].append(((_TELLING.search(text) is not None, entity.height), text))
    for key, ring in frames.items():
        known = any(pairs.get(BUILDING) for pairs in ring.gathered.values.values())
        if len(owners[key]) == 1 and not known:
            ring.gathered.add("text", {BUILDING: owners[key].pop()})
        found = sorted(offers[key], reverse=True)
        if found and (found[0][0][0] or not (ring.titles or key in roofs)):
            best = found[0]  # a plain number is worth less than a title
            rivals = {text for rank, text in found[1:] if rank == best[0] or not best[0][0]}
            if not (rivals - {best[1]}):
                ring.gathered.add("text", {RANGE: best[1]})
        elif _told(ring):
            continue  # a title is worth less than the side table
        elif len(set(ring.titles)) == 1:
            ring.gathered.add("text", {RANGE: ring.titles[0]})
        elif not ring.titles and key in roofs:
            ring.gathered.add("text", {RANGE: roofs[key]})


def typical_floors(work: Work) -> Typical:
    """What texts on the layers of rules with ``typical`` say of plans that stand for several storeys."""
    layers = {name: m for name, m in work.matches.items() if m is not None and m.rule.typical}
    ranges: dict[tuple[str, str], str] = {}
    handles: set[str] = set()
    for entity in work.written() if layers else ():
        match = layers.get(entity.layer)
        found = _REPEATED.search(entity.text or "") if match is not None else None
        if match is None or found is None:
            continue
        floors = _from_zero(found.group(1))
        own = match.attributes.get(match.rule.floor_from_zero or "", "")
        if floors and storey_from_zero(own) in floors:
            ranges.setdefault((match.attributes.get("楼号", ""), own), format_floors(floors))
            handles.add(entity.handle)
    return Typical(ranges, frozenset(handles))


def storey_from_zero(text: str) -> int | None:
    """The storey of a floor number that counts the ground floor as 0; None if it is no number."""
    try:
        number = int(text)
    except ValueError:
        return None
    return number + 1 if number >= 0 else number


def _from_zero(text: str) -> list[int]:
    floors: list[int] = []
    for part in text.split(","):
        ends = [storey_from_zero(n) for n in re.findall(r"\d+", part)]
        first, last = ends[0], ends[-1]
        if first is None or last is None or not 0 <= last - first <= _MOST_STOREYS:
            return []
        floors += range(first, last + 1)
    return floors


def loose_floors(work: Work, rings: list[Ring]) -> None:
    """Storeys of area lines that lie in no frame: a title inside them, the layer's name, or a title at the plan."""
    frames = shapely.STRtree([r.geometry for r in rings if r.role == "floor_frame"])
    untold = [
        r
        for r in rings
        if r.role in _AREAS and isinstance(r.geometry, (Polygon, MultiPolygon)) and not _told(r)
    ]
    work.deadline.check()
    spots = shapely.point_on_surface([r.geometry for r in untold])
    framed = set(frames.query(spots, predicate="intersects")[0].tolist())
    loose = [r for number, r in enumerate(untold) if number not in framed]
    if not loose:
        return
    texts = _texts(work)
    ground = ground_floors([*(t for _, t in texts), *(_spaced(n) for n in work.cad.layers)])
    titles: dict[int, set[str]] = defaultdict(set)
    owners: dict[int, set[str]] = defaultdict(set)
    beside: list[Title] = []
    tree = shapely.STRtree([r.geometry for r in loose])
    for entity, text in texts:
        work.deadline.check()
        title = floors_of_title(text, ground=ground) or (text if is_once(text) else None)
        if title is None:
            continue
        assert entity.at is not None
        spot = Point(work.metres(entity.at))
        around = tree.query(spot, predicate="intersects").tolist()
        if around:
            ring_number = min(around, key=lambda n: loose[n].geometry.area)
            titles[ring_number].add(title)
            owners[ring_number] |= {building_of_title(text)} - {""}
        elif not frames.query(spot, predicate="intersects").size:
            wide = width_of(text, entity.height * work.scale)
            beside.append(Title(title, spot.x, spot.y, wide, building_of_title(text), entity.rotation))
    named = titles_of_plans([r.geometry for r in loose], beside) if beside else {}
    for number, ring in enumerate(loose):
        found = titles[number]
        of_layer = floors_of_title(_spaced(ring.entity.layer), ground=ground) if not found else None
        if len(found) == 1:
            ring.gathered.add("text", {RANGE: found.pop()})
            if len(owners[number]) == 1:
                ring.gathered.add("text", {BUILDING: owners[number].pop()})
        elif of_layer is not None:
            ring.gathered.add("layer", {RANGE: of_layer})
        elif not found and number in named:
            ring.gathered.add("text", {RANGE: named[number].floors, **_of(named[number].building)})


def _of(building: str) -> dict[str, str]:
    return {BUILDING: building} if building else {}


def _spaced(layer: str) -> str:
    return re.sub(r"[_\-.]+", " ", layer)
