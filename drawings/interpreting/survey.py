"""What lies on each layer, whatever the standard: closed rings with exact areas, kinds of entities, texts, guesses.

A drawing without a fitting standard is still worth reading: its rings, dimensions and texts are facts. Roles are only
proposed here (:mod:`drawings.standards.guess`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely.geometry import Polygon

from drawings.cad.curve import Curve, Point
from drawings.cad.curve_batch import CurveBatch
from drawings.cad.model import CadEntity, CadFile
from drawings.cad.pause import collector_paused
from drawings.deadline import Deadline, OutOfTimeError
from drawings.reading import Reading, reading
from drawings.shapes.pairs import array, pairs
from drawings.shapes.rings import chain, close_by_ends
from drawings.standards.guess import Contents, Guess, guesses
from drawings.standards.standards import roles

_LOT = 16_384  # curves turned into rings at once
_NO_OUTLINE = frozenset(
    {"DIMENSION", "INSERT", "ATTRIB", "POINT", "LEADER", "MULTILEADER", "MLEADER", "TOLERANCE"}
)


@dataclass(frozen=True, slots=True)
class LayerRing:
    """A closed ring on a layer.

    Attributes:
        handle: of its (first) entity; members: of all.
        kind: entity type; closed_by: ``flag``, ``ends`` (coincident), ``chain`` (several entities joined), ``hatch``.
        area_m2, length_m: exact along arcs; area of the ring itself, rings inside it not subtracted.
        arcs: it has arc segments. exact: False for splines and for other curves that had to be flattened.
        at: a point inside, drawing units. inside: handle of the smallest ring of the layer around it.
        duplicate: handle of an earlier ring of the layer with the same outline.
        valid: False if it crosses itself; then ``area_m2`` is what the signed parts leave.
    """

    layer: str
    handle: str
    kind: str
    closed_by: str
    area_m2: float
    length_m: float
    vertices: int
    arcs: bool
    exact: bool
    at: Point
    members: tuple[str, ...] = ()
    in_block: bool = False
    inside: str | None = None
    duplicate: str | None = None
    valid: bool = True


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """Sums of one layer: ``area_m2`` of its outline rings, each drawn once; ``net_area_m2`` with rings inside rings cut
    out by turns (None if a ring crosses itself or there are too many)."""

    kinds: dict[str, int]
    rings: int
    open_curves: int
    texts: int
    area_m2: float
    net_area_m2: float | None
    hatch_area_m2: float
    length_m: float
    guesses: tuple[Guess, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A text as it stands in the drawing; ``height_m`` in metres, ``at`` in drawing units."""

    text: str
    layer: str
    handle: str
    kind: str
    at: Point | None
    height_m: float


@dataclass(frozen=True, slots=True)
class Survey:
    """Facts of all layers. ``complete`` False if a bound cut the rings or texts (the sums hold all the same)."""

    layers: dict[str, LayerFacts]
    rings: tuple[LayerRing, ...]
    texts: tuple[DrawnText, ...]
    complete: bool = True

    def guesses(self) -> dict[str, tuple[Guess, ...]]:
        """Layer → proposed roles."""
        return {name: facts.guesses for name, facts in self.layers.items() if facts.guesses}


@dataclass(frozen=True, slots=True)
class _Closed:
    """A closed curve; ``by`` as in :class:`LayerRing`."""

    entity: CadEntity
    curve: Curve
    by: str
    members: tuple[str, ...]


@dataclass(slots=True)
class _Layer:
    kinds: Counter[str] = field(default_factory=Counter)
    rings: list[tuple[LayerRing, Polygon]] = field(default_factory=list)
    closed: list[_Closed] = field(default_factory=list)
    loose: list[tuple[CadEntity, Curve]] = field(default_factory=list)
    open_curves: int = 0
    texts: int = 0
    length: float = 0.0


def survey(cad: CadFile, settings: Reading | None = None) -> Survey:
    """Survey a file as read; rings and texts are listed up to the catalogue's bounds, the largest rings
    first. Where that takes too long, nothing is listed and the survey is not ``complete``."""
    settings = settings or reading()
    try:
        with collector_paused():
            return _Survey(cad, settings).run()
    except OutOfTimeError:
        return Survey({}, (), (), complete=False)


class _Survey:
    def __init__(self, cad: CadFile, settings: Reading) -> None:
        self.cad = cad
        self.bounds = settings.survey
        self.scale = cad.units.metres_per_unit
        self.chord = settings.chord_tolerance_m / self.scale
        self.limit_vertices = settings.limits.ring_vertices
        tolerances = roles().tolerances
        self.close = tolerances.close / self.scale
        self.chain = tolerances.chain / self.scale
        self.same = tolerances.duplicate
        self.layers: dict[str, _Layer] = defaultdict(_Layer)
        self.texts: list[DrawnText] = []
        self.complete = True
        self.deadline = Deadline(settings.limits.interpret_seconds)

    def run(self) -> Survey:
        for number, entity in enumerate(self.cad.entities):
            if number % _LOT == 0:
                self.deadline.check()
            self._entity(entity)
        for layer in self.layers.values():
            self.deadline.check()
            self._chain(layer)
            self._make(layer)
        rings: list[LayerRing] = []
        facts: dict[str, LayerFacts] = {}
        settled = {name: self._settled(layer) for name, layer in self.layers.items()}
        holder = self._holder(settled)
        for name, layer in self.layers.items():
            facts[name] = self._facts(name, layer, settled[name], name == holder)
            rings += settled[name]
        rings.sort(key=lambda r: -r.area_m2)
        if len(rings) > self.bounds.rings:
            self.complete = False
        return Survey(facts, tuple(rings[: self.bounds.rings]), tuple(self.texts), self.complete)

    def _entity(self, entity: CadEntity) -> None:
        layer = self.layers[entity.layer]
        layer.kinds[entity.kind] += 1
        if entity.text and entity.text.strip() and entity.kind != "DIMENSION":
            layer.texts += 1
            if len(self.texts) < self.bounds.texts:
                self.texts.append(
                    DrawnText(
                        entity.text.strip(),
                        entity.layer,
                        entity.handle,
                        entity.kind,
                        entity.at,
                        entity.height * self.scale,
                    )
                )
            else:
                self.complete = False
        if entity.kind in _NO_OUTLINE:
            return
        for curve in entity.curves:
            if len(curve.points) > self.limit_vertices:
                layer.open_curves += 1
                continue
            if len(self.cad.entities) > self.bounds.closed:  # counted, and no more than that
                layer.open_curves += not curve.closed
                self.complete = False
                continue
            if curve.closed:
                by = "hatch" if entity.filled else "flag"
                layer.closed.append(_Closed(entity, curve, by, (entity.handle,)))
                continue
            closed = close_by_ends(curve, self.close)
            if closed is not None and abs(closed.area()) > 0:
                layer.closed.append(_Closed(entity, closed, "ends", (entity.handle,)))
            elif curve.points:
                layer.length += curve.length() * self.scale
                layer.open_curves += 1
                layer.loose.append((entity, curve))

    def _chain(self, layer: _Layer) -> None:
        """Rings of loose lines that meet end to end, without a choice anywhere."""
        usable = [(e, c) for e, c in layer.loose if not e.in_block and c.length() > 0]
        if not 2 <= len(usable) <= self.bounds.loose:
            return
        chains, _tangles = chain([c for _, c in usable], self.chain, self.deadline)
        for joined in chains:
            if joined.curve.closed and len(joined.members) > 1:
                first = usable[joined.members[0]][0]
                handles = tuple(usable[i][0].handle for i in joined.members)
                layer.closed.append(_Closed(first, joined.curve, "chain", handles))
                layer.open_curves -= len(handles)

    def _make(self, layer: _Layer) -> None:
        """The rings of what was found closed, many at once."""
        for first in range(0, len(layer.closed), _LOT):
            self.deadline.check()
            lot = layer.closed[first : first + _LOT]
            batch = CurveBatch([c.curve for c in lot])
            areas = np.abs(batch.areas()) * self.scale * self.scale
            polygons = batch.polygons(self.chord, self.scale)
            valid = shapely.is_valid(polygons)
            inner = shapely.get_coordinates(shapely.point_on_surface(polygons[valid]))
            spots = iter((inner / self.scale).tolist())
            columns = zip(
                lot, areas.tolist(), polygons, batch.lengths().tolist(), valid.tolist(), strict=True
            )
            for closed, area, polygon, length, good in columns:
                at = tuple(next(spots)) if good else closed.curve.start
                if area <= 1e-9 or polygon is None:
                    continue
                entity = closed.entity
                ring = LayerRing(
                    layer=entity.layer,
                    handle=entity.handle,
                    kind=entity.kind,
                    closed_by=closed.by,
                    area_m2=area,
                    length_m=length * self.scale,
                    vertices=len(closed.curve.points),
                    arcs=closed.curve.has_arcs,
                    exact=entity.kind not in ("SPLINE", "HELIX"),
                    at=(at[0], at[1]),
                    members=closed.members,
                    in_block=entity.in_block,
                    valid=good,
                )
                layer.rings.append((ring, polygon))

    def _settled(self, layer: _Layer) -> list[LayerRing]:
        """The rings with duplicates and holders named."""
        rings = layer.rings
        if len(rings) > self.bounds.nested or not rings:
            return [r for r, _ in rings]
        every = array([p for _, p in rings])
        areas = shapely.area(every)
        boxes = shapely.bounds(every)
        shapely.prepare(every)
        twin: dict[int, int] = {}
        inside: dict[int, int] = {}
        for left, right in pairs(every, shapely.STRtree(every), None, self.deadline):
            alike = np.abs(boxes[left] - boxes[right]).max(axis=1) <= self.same
            for i, j in sorted(zip(left[alike].tolist(), right[alike].tolist(), strict=True)):
                earlier = j < i and i not in twin and j not in twin
                if (
                    earlier
                    and self._sort(rings[i][0]) == self._sort(rings[j][0])
                    and self._equal(rings[i][1], rings[j][1])
                ):
                    twin[i] = j
            a, b = boxes[left], boxes[right]
            maybe = (areas[right] > areas[left]) & (b[:, :2] <= a[:, :2]).all(axis=1)
            maybe &= (b[:, 2:] >= a[:, 2:]).all(axis=1)
            left, right = left[maybe], right[maybe]
            within = shapely.contains(every[right], every[left])
            for i, j in zip(left[within].tolist(), right[within].tolist(), strict=True):
                one, other = rings[i][0], rings[j][0]
                if not (one.valid and other.valid) or self._sort(one) != self._sort(other):
                    continue
                if i not in inside or (areas[j], j) < (areas[inside[i]], inside[i]):
                    inside[i] = j
        out: list[LayerRing] = []
        for k, (ring, _) in enumerate(rings):
            same = rings[twin[k]][0].handle if k in twin else None
            around = rings[inside[k]][0].handle if k in inside and same is None else None
            out.append(replace(ring, duplicate=same, inside=around))
        return out

    @staticmethod
    def _sort(ring: LayerRing) -> bool:
        """Hatches and outlines are compared among themselves."""
        return ring.closed_by == "hatch"

    def _equal(self, a: Polygon, b: Polygon) -> bool:
        if any(abs(p - q) > self.same for p, q in zip(a.bounds, b.bounds, strict=True)):
            return False
        if abs(a.area - b.area) > self.same * a.length or not (a.is_valid and b.is_valid):
            return False
        return bool(a.symmetric_difference(b).area <= self.same * a.length)

    def _facts(self, name: str, layer: _Layer, rings: list[LayerRing], holds: bool) -> LayerFacts:
        outlines = [r for r in rings if r.closed_by != "hatch" and r.duplicate is None]
        hatches = [r for r in rings if r.closed_by == "hatch" and r.duplicate is None]
        net: float | None = None
        if len(rings) <= self.bounds.nested and all(r.valid for r in outlines):
            holder = {r.handle: r.inside for r in outlines}
            net = sum(r.area_m2 if _depth(r.handle, holder) % 2 == 0 else -r.area_m2 for r in outlines)
        contents = Contents(
            rings=len(outlines) + len(hatches),
            open_curves=layer.open_curves,
            texts=layer.texts,
            inserts=layer.kinds["INSERT"],
            holds_others=holds,
        )
        return LayerFacts(
            kinds=dict(sorted(layer.kinds.items())),
            rings=len(outlines),
            open_curves=layer.open_curves,
            texts=layer.texts,
            area_m2=sum(r.area_m2 for r in outlines),
            net_area_m2=net,
            hatch_area_m2=sum(r.area_m2 for r in hatches),
            length_m=layer.length + sum(r.length_m for r in outlines),
            guesses=guesses(name, contents),
        )

    def _holder(self, settled: dict[str, list[LayerRing]]) -> str | None:
        """The layer whose one ring holds most of the other layers' rings, if it is that sort of drawing."""
        best = [
            (r.area_m2, name, polygon)
            for name, rings in settled.items()
            if len([r for r in rings if r.closed_by != "hatch" and not r.duplicate]) <= 2
            for r, (_, polygon) in zip(rings, self.layers[name].rings, strict=True)
            if r.closed_by != "hatch" and r.valid
        ]
        if not best:
            return None
        _, name, polygon = max(best, key=lambda b: b[0])
        shapely.prepare(polygon)
        others = _spots(r for n, rings in settled.items() if n != name for r in rings)
        if len(others) < 3:
            return None
        spots = shapely.points(others) if self.scale == 1.0 else shapely.points(
            [(x * self.scale, y * self.scale) for x, y in others]
        )  # fmt: skip
        return name if float(shapely.contains(polygon, spots).mean()) >= 0.6 else None


def _spots(rings: Iterable[LayerRing]) -> list[Point]:
    return [r.at for r in rings][:5000]


def _depth(handle: str, holder: dict[str, str | None]) -> int:
    depth = 0
    seen = {handle}
    above = holder.get(handle)
    while above is not None and above not in seen:
        seen.add(above)
        depth += 1
        above = holder.get(above)
    return depth
