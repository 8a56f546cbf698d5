"""What lies on each layer, whatever the standard: closed rings with exact areas, kinds of entities, texts, guesses.

A drawing without a fitting standard is still worth reading: its rings, dimensions and texts are facts. Roles are only
proposed here (:mod:`drawings.standards.guess`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon

from drawings.cad.curve import Point
from drawings.cad.curve_batch import CurveBatch
from drawings.cad.model import CadEntity, CadFile
from drawings.cad.selection import OUTLINES, Outlines, Wanted, kinds_by_layer, outlines, picked
from drawings.deadline import Deadline, OutOfTimeError
from drawings.interpreting.scene import Drawn
from drawings.interpreting.verdict import Sorted, verdict
from drawings.reading import Reading, reading
from drawings.shapes.pairs import Floats, Longs, array, nearest_around, pairs
from drawings.shapes.rings import joined_batch, runs
from drawings.standards.guess import Contents, Guess, beside_each_other, guesses
from drawings.standards.standards import roles
from project_box.kernel.catalogue import uncollected

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
    color: str = ""


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
    """Facts of all layers. ``complete`` False if a bound cut the rings or texts (the sums hold all the same).

    ``apart``: single rings with a role that their layer as a whole does not have.
    """

    layers: dict[str, LayerFacts]
    rings: tuple[LayerRing, ...]
    texts: tuple[DrawnText, ...]
    complete: bool = True
    apart: tuple[Sorted, ...] = ()

    def guesses(self) -> dict[str, tuple[Guess, ...]]:
        """Layer → proposed roles."""
        found = {name: facts.guesses for name, facts in self.layers.items() if facts.guesses}
        return beside_each_other(found, {name: facts.rings for name, facts in self.layers.items()})


@dataclass(slots=True)
class _Layer:
    kinds: Counter[str] = field(default_factory=Counter)
    rings: list[tuple[LayerRing, Polygon]] = field(default_factory=list)
    open_curves: int = 0
    texts: int = 0
    length: float = 0.0


def survey(cad: CadFile, settings: Reading | None = None) -> Survey:
    """Survey a file as read; rings and texts are listed up to the catalogue's bounds, the largest rings
    first. Where that takes too long, nothing is listed and the survey is not ``complete``."""
    settings = settings or reading()
    try:
        with uncollected():
            return _Survey(cad, settings).run()
    except OutOfTimeError:
        return Survey({}, (), (), complete=False)


class _Survey:
    def __init__(self, cad: CadFile, settings: Reading) -> None:
        self.cad = cad
        self.settings = settings
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
        entities = self.cad.entities
        for name, kinds in kinds_by_layer(entities).items():
            self.layers[name].kinds = Counter(kinds)
        self._texts()
        many = len(entities) > self.bounds.closed  # curves are counted, and no more than that
        for found in outlines(entities, Wanted(without=_NO_OUTLINE), with_texts=True):
            self.deadline.check()
            self._layer(found, self.layers[found.layer], many=many)
        rings: list[tuple[LayerRing, Polygon]] = []
        facts: dict[str, LayerFacts] = {}
        settled = {name: self._settled(layer) for name, layer in self.layers.items()}
        for name, layer in self.layers.items():
            facts[name] = self._facts(name, layer, settled[name])
            rings += zip(settled[name], (polygon for _, polygon in layer.rings), strict=True)
        rings.sort(key=lambda r: -r[0].area_m2)
        if len(rings) > self.bounds.rings:
            self.complete = False
        listed = rings[: self.bounds.rings]
        names = {name: found.guesses for name, found in facts.items()}
        weighed = verdict(self.cad, names, [d for r, p in listed if (d := _drawn(r, p))], self.settings)
        return Survey(
            {name: replace(fact, guesses=weighed.layers[name]) for name, fact in facts.items()},
            tuple(ring for ring, _ in listed),
            tuple(self.texts),
            self.complete,
            weighed.rings,
        )

    def _texts(self) -> None:
        for number, entity in enumerate(picked(self.cad.entities, Wanted(without=OUTLINES))):
            if number % _LOT == 0:
                self.deadline.check()
            text = (entity.text or "").strip()
            if not text or entity.kind == "DIMENSION":
                continue
            self.layers[entity.layer].texts += 1
            if len(self.texts) < self.bounds.texts:
                height = entity.height * self.scale
                self.texts.append(
                    DrawnText(text, entity.layer, entity.handle, entity.kind, entity.at, height)
                )
            else:
                self.complete = False

    def _layer(self, found: Outlines, layer: _Layer, *, many: bool) -> None:
        """Closed curves and chains that close become rings; the others are counted and measured."""
        fit = found.curves.sizes <= self.limit_vertices
        layer.open_curves += int(np.count_nonzero(~fit))
        if many:
            layer.open_curves += int(np.count_nonzero(fit & ~found.curves.closed))
            self.complete = self.complete and not fit.any()
            return
        batch, ended = found.curves.closed_by_ends(self.close)
        flat = np.flatnonzero(ended & fit)
        flat = flat[batch.subset(flat).areas() == 0]
        opened = fit & (found.curves.sizes > 0) & ~batch.closed
        opened[flat] = True
        open_ = found.curves.subset(np.flatnonzero(opened))
        lengths = open_.lengths()
        layer.length += sum((lengths * self.scale).tolist())
        layer.open_curves += len(open_)
        closed = fit & batch.closed
        closed[flat] = False
        numbers = np.flatnonzero(closed)
        self._make(found, layer, batch, numbers, ended[numbers])
        self._chain(found, layer, open_, np.flatnonzero(opened), lengths)

    def _chain(
        self, found: Outlines, layer: _Layer, open_: CurveBatch, numbers: Longs, lengths: Floats
    ) -> None:
        """Rings of loose lines that meet end to end, without a choice anywhere."""
        usable = np.flatnonzero((lengths > 0) & ~found.in_block[found.owner[numbers]])
        if not 2 <= usable.size <= self.bounds.loose:
            return
        loose = open_.subset(usable)
        chains, _tangles = runs(loose.ends(), self.chain, self.deadline)
        whole = [run for run in chains if run.closed and len(run.ends) > 1]
        if not whole:
            return
        owners = found.owner[numbers[usable]]
        members = [tuple([e.handle for e in found.entities(owners[list(run.members)])]) for run in whole]
        layer.open_curves -= sum(map(len, members))
        firsts = found.entities(owners[[run.ends[0] // 2 for run in whole]])
        self._rings(layer, joined_batch(loose, whole), firsts, ["chain"] * len(whole), members)

    def _make(
        self, found: Outlines, layer: _Layer, batch: CurveBatch, numbers: Longs, ended: npt.NDArray[np.bool_]
    ) -> None:
        """The rings of what was found closed, many at once."""
        for first in range(0, numbers.size, _LOT):
            self.deadline.check()
            lot = numbers[first : first + _LOT]
            entities = found.entities(found.owner[lot])
            by = [
                "ends" if by_ends else "hatch" if entity.filled else "flag"
                for entity, by_ends in zip(entities, ended[first : first + _LOT].tolist(), strict=True)
            ]
            self._rings(layer, batch.subset(lot), entities, by, [(e.handle,) for e in entities])

    def _rings(
        self,
        layer: _Layer,
        batch: CurveBatch,
        entities: Sequence[CadEntity],
        by: Sequence[str],
        members: Sequence[tuple[str, ...]],
    ) -> None:
        areas = np.abs(batch.areas()) * self.scale * self.scale
        polygons = batch.polygons(self.chord, self.scale)
        valid = shapely.is_valid(polygons)
        spots = batch.xy[np.minimum(batch.start[:-1], len(batch.xy) - 1)].copy()
        inner = shapely.get_coordinates(shapely.point_on_surface(polygons[valid]))
        spots[valid] = inner / self.scale
        columns = zip(
            areas.tolist(), polygons, (batch.lengths() * self.scale).tolist(), valid.tolist(),
            batch.sizes.tolist(), batch.with_arcs().tolist(), spots.tolist(), strict=True,
        )  # fmt: skip
        for number, (area, polygon, length, good, vertices, arcs, at) in enumerate(columns):
            if area <= 1e-9 or polygon is None:
                continue
            entity = entities[number]
            ring = LayerRing(
                layer=entity.layer,
                handle=entity.handle,
                kind=entity.kind,
                closed_by=by[number],
                area_m2=area,
                length_m=length,
                vertices=vertices,
                arcs=arcs,
                exact=entity.kind not in ("SPLINE", "HELIX"),
                at=(at[0], at[1]),
                members=members[number],
                in_block=entity.in_block,
                valid=good,
                color=entity.color,
            )
            layer.rings.append((ring, polygon))

    def _settled(self, layer: _Layer) -> list[LayerRing]:
        """The rings with duplicates and holders named."""
        rings = layer.rings
        if len(rings) > self.bounds.nested or not rings:
            return [r for r, _ in rings]
        every = array([p for _, p in rings])
        boxes = shapely.bounds(every)
        twin: dict[int, int] = {}
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
        inside: dict[int, int] = {}
        for hatched in (False, True):
            alone = [
                k
                for k, (ring, _) in enumerate(rings)
                if k not in twin and ring.valid and self._sort(ring) == hatched
            ]
            order = np.array(sorted(alone, key=lambda k: (-rings[k][1].area, -k)), np.int64)
            around = nearest_around(every[order], self.deadline)
            held = np.flatnonzero(around >= 0)
            inside |= zip(order[held].tolist(), order[around[held]].tolist(), strict=True)
        out: list[LayerRing] = []
        for k, (ring, _) in enumerate(rings):
            same = rings[twin[k]][0].handle if k in twin else None
            holder = rings[inside[k]][0].handle if k in inside else None
            out.append(replace(ring, duplicate=same, inside=holder))
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

    def _facts(self, name: str, layer: _Layer, rings: list[LayerRing]) -> LayerFacts:
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


def _drawn(ring: LayerRing, polygon: Polygon) -> Drawn | None:
    """A ring as what speaks for its role is looked for; None if it crosses itself or is drawn twice."""
    if not ring.valid or ring.duplicate is not None:
        return None
    hatch = ring.closed_by == "hatch"
    return Drawn(
        ring.layer, ring.color, ring.handle, ring.members, ring.area_m2, polygon, hatch, ring.in_block
    )


def _depth(handle: str, holder: dict[str, str | None]) -> int:
    depth = 0
    seen = {handle}
    above = holder.get(handle)
    while above is not None and above not in seen:
        seen.add(above)
        depth += 1
        above = holder.get(above)
    return depth
