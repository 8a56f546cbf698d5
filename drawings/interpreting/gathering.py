"""Attributes of rings: from layer names, extended data, block attributes, texts and a side table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon

from drawings.cad.model import CadEntity
from drawings.cad.selection import Wanted, picked, prefixes
from drawings.interpreting.building_lists import give_lists
from drawings.interpreting.callouts import called_out
from drawings.interpreting.floor_marks import (
    frame_floors,
    loose_floors,
    storey_from_zero,
    typical_floors,
)
from drawings.interpreting.labels import Labels
from drawings.interpreting.ring_notes import COUNT, COUNTED, RingNotes
from drawings.interpreting.text_tables import read_tables
from drawings.shapes.pairs import array
from drawings.shapes.work import Ring, Work
from drawings.standards import patterns
from drawings.standards.attributes import Settled, parse_xdata, settle
from drawings.standards.guess import ACCEPTED, kinds_in
from drawings.standards.multiplicity import BadRange, is_once, parse_floors
from drawings.standards.standards import bare_layer

_SOURCE_NAMES = {
    "xdata": ("扩展数据", "XDATA"),
    "block": ("图块属性", "block attributes"),
    "text": ("文字", "text"),
    "layer": ("图层名", "the layer name"),
    "table": ("表格", "the table"),
}
#: side table: attributes by CAD handle, or by 楼号, or by ``楼号/层名``
Table = Mapping[str, Mapping[str, str]]
_LONE = re.compile(r"-?\d{1,3}(?:\.\d{1,3})?")
_PARTS_OF_NAME = re.compile(r"[\s_\-.]+")
_LOT = 4096  # texts looked at between two looks at the clock


@dataclass(frozen=True, slots=True)
class _Said:
    """What one text or attribute block says: pairs, and what is left of its text."""

    entity: CadEntity
    pairs: dict[str, list[str]]
    rest: str
    source: str


#: a figure written in one of these is that of the part, not of the whole drawing
_PARTS = frozenset(
    {"footprint", "outline", "adjacent", "basement", "green", "roof_green", "parking_car", "parking_bike"}
)


def _counting(ring: Ring, pairs: dict[str, list[str]]) -> dict[str, list[str]]:
    """Pairs with a number of spaces as how many the ring holds: 停车位 12辆 in a row of spaces."""
    key = COUNTED.get(ring.role, "")
    return {COUNT if k == key else k: v for k, v in pairs.items()} if key in pairs else pairs


class Gatherer:
    """Gives the rings of one drawing their attributes."""

    def __init__(self, work: Work, table: Table) -> None:
        self.work = work
        self.table = table
        self.figures = frozenset(work.catalogue.roles["plan_info"].keys) - {"项目名称"}
        self.bare: dict[int, list[str]] = {}  # ring → what texts without a key have said of it
        self.beside: list[tuple[CadEntity, dict[str, list[str]]]] = []

    def gather(self, rings: list[Ring]) -> None:
        """Every source of every ring."""
        assert self.work.standard is not None
        app = self.work.standard.attributes.xdata_app
        around = {p for ring in rings if "/" in ring.entity.handle for p in prefixes(ring.entity.handle)}
        references = picked(self.work.cad.entities, Wanted(kinds={"INSERT"})) if around else ()
        inserts = {e.handle: e for e in references if e.handle in around}
        typical = typical_floors(self.work)
        for ring in rings:
            ring.gathered.add("layer", {self.work.words.key(k): v for k, v in ring.match.attributes.items()})
            by_colour = self.work.standard.told_by_colour(ring.match.rule, ring.entity.color)
            ring.gathered.add("layer", by_colour)
            zero = ring.match.rule.floor_from_zero
            if zero is not None and zero in ring.match.attributes:
                own = ring.match.attributes[zero]
                floors = typical.ranges.get((ring.match.attributes.get("楼号", ""), own))
                ring.gathered.add("layer", {"起止层": floors or str(storey_from_zero(own))})
            ring.gathered.add("xdata", parse_xdata(ring.entity.xdata.get(app, ()), self.work.words))
            owners = [inserts[p] for p in prefixes(ring.entity.handle) if p in inserts] if inserts else []
            if ring.entity.kind == "INSERT":
                owners.append(ring.entity)
            for owner in reversed(owners):
                ring.gathered.add(
                    "block", {self.work.words.key(k): v for k, v in owner.attributes.items() if v}
                )
                ring.gathered.add("xdata", parse_xdata(owner.xdata.get(app, ()), self.work.words))
            self._from_names(ring)
        polygons = [r for r in rings if isinstance(r.geometry, (Polygon, MultiPolygon))]
        tree = shapely.STRtree([r.geometry for r in polygons])
        owned = {r.entity.handle for r in rings if r.entity.kind == "INSERT"}
        labels, notes = Labels(self.work, rings), RingNotes(self.work, rings)
        moved = called_out(self.work, labels.rings)
        said: list[_Said] = []
        for entity in self.work.written():
            if entity.at is None or entity.handle in typical.handles:
                continue
            if entity.kind == "INSERT" and entity.attributes and entity.handle not in owned:
                pairs = {self.work.words.key(k): [v] for k, v in entity.attributes.items() if v}
                said.append(_Said(entity, pairs, "", "block"))
                for key, values in pairs.items():
                    if not self.work.words.knows(
                        key
                    ):  # a tag of the firm's own: what it holds may be a label
                        labels.note(entity.at, values[0])
            elif entity.text and entity.kind not in ("DIMENSION", "ATTRIB"):
                at = moved.get((entity.handle, entity.at), entity.at)
                pairs, rest = self._told(entity)
                if pairs or (rest and self._on_role(entity)):
                    said.append(
                        _Said(entity if at == entity.at else replace(entity, at=at), pairs, rest, "text")
                    )
                labels.note(at, rest)
                notes.note(at, entity.text)
        self._assign_all(said, polygons, tree)
        labels.give()
        give_lists(self.work, rings)
        notes.give()
        for key, value in read_tables(self.work).items():
            self._note_drawing({key: [value.text]}, value.entity)
        self._to_lines(rings)
        self._from_table(rings)
        frame_floors(self.work, polygons, tree)
        loose_floors(self.work, rings)

    def _from_names(self, ring: Ring) -> None:
        """What the names of layer and block tell besides, where nothing of the ring's own says it yet."""
        role = ring.role
        kinds = [kinds_in(name, role) for name in (ring.entity.layer, ring.entity.block) if name]
        if not any(kinds):
            return
        known = {k for source, pairs in ring.gathered.values.items() for k, v in pairs.items() if v}
        for found in kinds:
            told = {k: v for k, v in found.items() if k not in known}
            ring.gathered.add("layer", told)
            known |= set(told)

    def _told(self, entity: CadEntity) -> tuple[dict[str, list[str]], str]:
        """Pairs of a text and what is left; a lone number on a layer named 层数 is its value."""
        text = (entity.text or "").strip()
        last = _PARTS_OF_NAME.split(bare_layer(entity.layer))[-1]
        if _LONE.fullmatch(text) and self.work.words.knows(last):
            key = self.work.words.key(last)
            if key in self.work.catalogue.roles["outline"].keys:
                return {key: [text]}, ""
        return self.work.words.pairs(entity.text or "")

    def _on_role(self, entity: CadEntity) -> bool:
        match = self.work.matches.get(entity.layer)
        return match is not None and match.role != "reference"

    def _assign_all(self, said: Sequence[_Said], polygons: list[Ring], tree: shapely.STRtree) -> None:
        """Give what texts and attribute blocks say to the shapes they belong to, in drawing order."""
        areas = shapely.area(array([r.geometry for r in polygons]))
        for first in range(0, len(said), _LOT):
            self.work.deadline.check()
            lot = said[first : first + _LOT]
            spots = shapely.points([self.work.metres(item.entity.at or (0.0, 0.0)) for item in lot])
            hits, rings = tree.query(spots, predicate="intersects")
            start = np.searchsorted(hits, np.arange(len(lot) + 1))
            for number, item in enumerate(lot):
                inside = rings[start[number] : start[number + 1]]
                if inside.size > 1:
                    inside = inside[np.argsort(areas[inside], kind="stable")]
                self._assign(item, [polygons[k] for k in inside.tolist()], areas[inside])

    def _assign(self, said: _Said, inside: Sequence[Ring], areas: npt.NDArray[np.float64]) -> None:
        """Give the pairs of one text or attribute block to shapes; ``inside``: those around it, the smallest first."""
        entity, pairs, rest, source = said.entity, said.pairs, said.rest, said.source
        match = self.work.matches.get(entity.layer)
        on_role = match is not None and match.role != "reference"
        if match is not None and on_role and self.work.role(match).geometry == "text":
            self._note_drawing(pairs, entity)
            return
        if match is not None and on_role:
            target = next((r for r in inside if r.role == match.role), None)
            if target is not None:
                target.gathered.add(source, _counting(target, pairs))
                if rest:
                    self._bare(target, rest, source)
                return
            if pairs and self.work.role(match).geometry in ("ring", "frame", "ring_or_block"):
                text = next(f"{k}={v[0]}" for k, v in pairs.items())
                self.work.tell("DXF-TEXT-NO-RING", match, entity, text=text[:40])
            elif pairs:
                self.beside.append((entity, pairs))
            return
        left = dict(pairs)
        for number, ring in enumerate(inside):
            left = _counting(ring, left)
            accepted = {k: v for k, v in left.items() if k in self.work.role(ring.match).keys}
            if not accepted:
                continue
            alike = np.flatnonzero(np.abs(areas - areas[number]) <= 0.01 * areas[number])
            for twin in [inside[k] for k in alike.tolist()]:
                own = {k: v for k, v in accepted.items() if k in self.work.role(twin.match).keys}
                twin.gathered.add(source, own)
            left = {k: v for k, v in left.items() if k not in accepted}
            if not left:
                break
        of_part = any(r.role in _PARTS for r in inside)
        self._note_drawing({k: v for k, v in left.items() if not (of_part and k in self.figures)}, entity)

    def _to_lines(self, rings: list[Ring]) -> None:
        """Texts on a layer of lines (height marks) belong to the nearest of them that takes their keys."""
        by_layer: dict[str, list[Ring]] = defaultdict(list)
        wanted = {entity.layer for entity, _ in self.beside}
        for ring in rings:
            if ring.entity.layer in wanted:
                by_layer[ring.entity.layer].append(ring)
        for entity, pairs in self.beside:
            self.work.deadline.check()
            assert entity.at is not None
            spot = Point(self.work.metres(entity.at))
            lines = [r for r in by_layer[entity.layer] if set(pairs) & set(self.work.role(r.match).keys)]
            if lines:
                away = shapely.distance([r.geometry for r in lines], spot)
                nearest = lines[int(away.argmin())]
                taken = set(self.work.role(nearest.match).keys)
                nearest.gathered.add("text", {k: v for k, v in pairs.items() if k in taken})

    def _note_drawing(self, pairs: dict[str, list[str]], entity: CadEntity) -> None:
        for key, values in pairs.items():
            if key not in self.work.drawing_attributes:
                self.work.drawing_attributes[key] = values[0]
                self.work.told_at[key] = (entity.layer, entity.handle, entity.at)

    def _bare(self, ring: Ring, text: str, source: str) -> None:
        rule = ring.match.rule
        for line in text.split("\n"):
            if rule.bare_text == "起止层":
                try:
                    parse_floors(line)
                except BadRange:
                    ring.free_text.append(line)
                else:
                    ring.gathered.add(source, {"起止层": line})
            elif (
                rule.bare_text is not None
                and rule.bare_pattern
                and patterns.whole(rule.bare_pattern, line.strip()) is not None
            ):
                told = ring.gathered.values.get(source, {}).get(rule.bare_text)
                if not told or told == self.bare.get(id(ring)):  # a second one without a key is told as such
                    ring.gathered.add(source, {rule.bare_text: line.strip()})
                    self.bare[id(ring)] = list(ring.gathered.values[source][rule.bare_text])
            else:
                ring.free_text.append(line)

    def _from_table(self, rings: list[Ring]) -> None:
        if not self.table:
            return
        for ring in rings:
            known = {k: v[0] for pairs in ring.gathered.values.values() for k, v in pairs.items() if v}
            building, floor = known.get("楼号", ""), known.get("层名", "")
            allowed = set(self.work.role(ring.match).keys) | {"楼号"}
            for key in (
                ring.entity.handle,
                f"{building}/{floor}",
                building,
            ):  # the row that says it most closely
                row = self.table.get(key, {}) if key else {}
                pairs = {self.work.words.key(k): str(v) for k, v in row.items()}
                told = ring.gathered.values.get("table", {})
                ring.gathered.add("table", {k: v for k, v in pairs.items() if k in allowed and k not in told})

    def settle(self, ring: Ring) -> Settled:
        """One value per key, with what disagrees told."""
        assert self.work.standard is not None
        settled = settle(ring.gathered, self.work.standard.attributes.order, self.work.words)
        role = self.work.role(ring.match)
        for clash in settled.clashes:
            if clash.same_source and clash.source == "text":
                self.work.tell(
                    "DXF-TWO-LABELS",
                    ring.match,
                    ring.entity,
                    key=clash.key,
                    first=clash.first,
                    second=clash.second,
                )
            elif not clash.same_source:
                first, other = _SOURCE_NAMES[clash.source], _SOURCE_NAMES[clash.other]
                self.work.tell(
                    "DXF-ATTRIBUTE-CONFLICT", ring.match, ring.entity, key=clash.key, first=clash.first,
                    second=clash.second, source=first[0], source_en=first[1], other=other[0], other_en=other[1],
                )  # fmt: skip
        for key, value in settled.not_numbers:
            self.work.tell(
                "DXF-ATTRIBUTE-VALUE",
                ring.match,
                ring.entity,
                key=key,
                value=value,
                unit=self.work.catalogue.number[key],
            )
        floors = settled.attributes.get("起止层")
        if isinstance(floors, str) and role.geometry == "frame" and not is_once(floors):
            try:
                parse_floors(floors)
            except BadRange as error:
                self.work.tell("DXF-MULTIPLICITY", ring.match, ring.entity, text=floors, reason=error.zh)
        prescribed = self.work.standard.code != ACCEPTED  # layers a person has named prescribe no attributes
        missing = [k for k in role.required if k not in settled.attributes and (prescribed or k != "楼号")]
        if missing:
            own = [k for k in settled.attributes if settled.sources[k] != "layer"]
            code = "DXF-ATTRIBUTE-MISSING" if own else "DXF-RING-NO-TEXT"
            self.work.tell(code, ring.match, ring.entity, keys="、".join(missing))
        return settled
