"""Rings from entities: blocks that stand for one shape, closed curves, chains of lines, cells; duplicates dropped.

What a layer draws is looked at in columns; objects are made only of what becomes a shape or is told.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon

from drawings.cad.curve import Curve
from drawings.cad.curve_batch import CurveBatch
from drawings.cad.model import CadEntity
from drawings.cad.selection import Outlines, Wanted, outlines, picked, prefixes
from drawings.shapes.chaining import Chainer, Closed, Drawn
from drawings.shapes.duplicates import without_duplicates
from drawings.shapes.lobes import lobes
from drawings.shapes.pairs import Geometries, Longs
from drawings.shapes.site_lines import site_of_pieces
from drawings.shapes.work import Ring, Work
from drawings.standards.standards import Match

_LOT = 2048  # curves turned into shapes at once
_NO_OUTLINES = frozenset({"DIMENSION", "INSERT", "ATTRIB", "POINT", "TEXT", "MTEXT"})
_AREA_OR_POINT = (shapely.GeometryType.POLYGON, shapely.GeometryType.POINT)
_LEAST_LOBES = 1e-3  # ㎡ around a ring whose area is none


class RingMaker:
    """Makes the rings of one drawing."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.used_up: frozenset[str] = frozenset()  # layers whose loose lines are part of a ring already

    def rings(self) -> list[Ring]:
        """All rings and lines of layers with a role, first found first, each once."""
        consumed, rings = self._blocks()
        pieces, self.used_up = site_of_pieces(self.work)
        rings += pieces
        with_role = {n for n, m in self.work.matches.items() if m is not None and m.role != "reference"}
        for found in outlines(
            self.work.cad.entities, Wanted(layers=with_role, without=_NO_OUTLINES, beside=consumed)
        ):
            rings += self._rings_of_layer(found)
        return without_duplicates(self.work, rings)

    def _blocks(self) -> tuple[set[str], list[Ring]]:
        """Inserts that stand for one shape each (parking spaces, frames): their content is not looked at again."""
        consumed: set[str] = set()
        wanted: dict[str, tuple[CadEntity, Match]] = {}
        layers = {
            name
            for name, match in self.work.matches.items()
            if match is not None and self.work.role(match).geometry in ("ring_or_block", "frame")
        }
        if not layers:
            return consumed, []
        for entity in picked(self.work.cad.entities, Wanted(layers=layers, kinds={"INSERT"})):
            match = self.work.matches[entity.layer]
            assert match is not None
            if any(p in wanted for p in prefixes(entity.handle)):
                continue
            wanted[entity.handle] = (entity, match)
        if not wanted:
            return consumed, []
        # a block array draws every part once per copy: the nth time a part comes it belongs to the nth copy
        copies: dict[str, list[list[Curve]]] = defaultdict(list)
        times: dict[str, int] = defaultdict(int)
        parts = Wanted(under=wanted.keys(), without={"DIMENSION", "ATTRIB"})
        for entity in picked(self.work.cad.entities, parts):
            owner = next(p for p in prefixes(entity.handle) if p in wanted)
            number = times[entity.handle]
            times[entity.handle] += 1
            while len(copies[owner]) <= number:
                copies[owner].append([])
            copies[owner][number] += entity.curves
        shapes: list[tuple[Match, CadEntity, list[Curve]]] = []
        for handle, (entity, match) in wanted.items():
            drawn = [c for c in copies.get(handle, ()) if c] or [[]]
            if self.work.role(match).geometry == "frame" and not drawn[0]:
                continue  # an attribute block inside a drawn frame
            consumed.add(handle)
            shapes += [(match, entity, curves) for curves in drawn]
        out: list[Ring] = []
        for first in range(0, len(shapes), _LOT):
            self.work.deadline.check()
            out += self._block_shapes(shapes[first : first + _LOT])
        return consumed, out

    def _block_shapes(self, lot: Sequence[tuple[Match, CadEntity, list[Curve]]]) -> list[Ring]:
        """Copies of blocks: their hulls (a frame's box), or their insertion points where they draw nothing."""
        flat = CurveBatch([c for _, _, curves in lot for c in curves]).flatten(self.work.chord * 10)
        copy_of_curve = np.repeat(np.arange(len(lot)), [len(curves) for _, _, curves in lot])
        owner = copy_of_curve[flat.owner] if len(flat.xy) else np.zeros(0, np.int64)
        sizes = np.bincount(owner, minlength=len(lot))
        shapes = shapely.points([self.work.metres(entity.at or (0.0, 0.0)) for _, entity, _ in lot])
        drawn = np.flatnonzero(sizes >= 3)
        if drawn.size:
            keep = sizes[owner] >= 3
            corners: Geometries = np.empty(drawn.size, object)
            corners[:] = shapely.multipoints(
                flat.xy[keep] * self.work.scale,
                indices=np.searchsorted(drawn, owner[keep]),
            )
            frame = np.array([self.work.role(match).geometry == "frame" for match, _, _ in lot], np.bool_)
            hulls = shapely.convex_hull(corners)
            hulls[frame[drawn]] = shapely.envelope(corners[frame[drawn]])
            flatter = ~np.isin(shapely.get_type_id(hulls), _AREA_OR_POINT)
            hulls[flatter] = shapely.centroid(hulls[flatter])
            shapes[drawn] = hulls
        return [
            Ring(match, entity, shape, area if isinstance(shape, Polygon) else None, (entity.handle,))
            for (match, entity, _), shape, area in zip(
                lot, shapes, shapely.area(shapes).tolist(), strict=True
            )
        ]

    def _rings_of_layer(self, found: Outlines) -> list[Ring]:
        match = self.work.matches[found.layer]
        assert match is not None
        role = self.work.role(match)
        if role.geometry == "text":
            return []
        self.work.make_room(found.curves)
        fit = found.curves.sizes <= self.work.limit_vertices
        batch, ended = found.curves.closed_by_ends(self.work.tolerances.close / self.work.scale)
        ended &= fit
        self._tell_drawn(match, found, batch, ~fit, ended)
        numbers = np.flatnonzero(fit & batch.closed)
        closed = found.entities(found.owner[numbers])
        loose = np.flatnonzero(fit & ~batch.closed & batch.long())
        if role.geometry == "line":
            out = self._closed(match, batch, numbers, closed)
            return out + self._lines(match, batch, loose, found.entities(found.owner[loose]))
        if found.layer in self.used_up:
            loose = loose[:0]
        chained, others = Chainer(self.work, match, found, batch).rings(loose)
        out = self._closed(match, batch, numbers, closed) + self._made(match, chained)
        for item in others:
            out += [item] if isinstance(item, Ring) else self._made(match, _alone(item))
        return out

    def _tell_drawn(
        self,
        match: Match,
        found: Outlines,
        batch: CurveBatch,
        too_long: npt.NDArray[np.bool_],
        ended: npt.NDArray[np.bool_],
    ) -> None:
        """What is odd about entities and their curves, in drawing order."""
        work = self.work
        bare = np.bincount(found.owner, minlength=len(found.z)) == 0
        high = np.flatnonzero(~bare & (np.abs(found.z) * work.scale > work.elevation))
        exact = found.entities(found.owner[np.flatnonzero(ended)])
        round_ = [e.kind in ("SPLINE", "ELLIPSE") for e in exact]
        told = [(k, -1, "DXF-DEGENERATE") for k in np.flatnonzero(bare).tolist()]
        told += [(k, -1, "DXF-ELEVATION") for k in high.tolist()]
        for curves, code in (
            (np.flatnonzero(too_long), "DXF-TOO-MANY-VERTICES"),
            (np.flatnonzero(ended)[~np.array(round_, np.bool_)], "DXF-CLOSED-BY-ENDS"),
        ):
            told += [(k, c, code) for k, c in zip(found.owner[curves].tolist(), curves.tolist(), strict=True)]
        for number, curve, code in sorted(told):
            if code == "DXF-CLOSED-BY-ENDS":
                self._tell_ended(match, found, batch, number, curve)
            elif work.issues.full(code):
                work.issues.more(code, 1)
            elif code == "DXF-ELEVATION":
                work.tell(code, match, found.entity(number), z=f"{found.z[number]:.4g}")
            elif code == "DXF-TOO-MANY-VERTICES":
                count = int(found.curves.sizes[curve])
                work.tell(code, match, found.entity(number), count=count, limit=work.limit_vertices)
            else:
                work.tell(code, match, found.entity(number))

    def _tell_ended(self, match: Match, found: Outlines, batch: CurveBatch, number: int, curve: int) -> None:
        entity = found.entity(number)
        self.work.tell("DXF-CLOSED-BY-ENDS", match, entity)
        if self.work.ledger.passed("close_ends", "tolerances.close") is None:
            before, after = [found.curves.curve(curve)], batch.curve(curve)
            self.work.enter("close_ends", match, [entity], before, after, rule="tolerances.close")

    def _lines(
        self, match: Match, batch: CurveBatch, numbers: Longs, entities: Sequence[CadEntity]
    ) -> list[Ring]:
        out: list[Ring] = []
        for first in range(0, numbers.size, _LOT):
            self.work.deadline.check()
            lot = batch.subset(numbers[first : first + _LOT])
            lines = lot.lines(self.work.chord, self.work.scale)
            out += [
                Ring(match, entity, line, None, (entity.handle,))
                for entity, line in zip(entities[first : first + _LOT], lines, strict=True)
            ]
        return out

    def _closed(
        self, match: Match, batch: CurveBatch, numbers: Longs, entities: Sequence[CadEntity]
    ) -> list[Ring]:
        """The shapes of closed curves, in order."""
        out: list[Ring] = []
        for first in range(0, numbers.size, _LOT):
            chosen = slice(first, first + _LOT)
            lot = Closed(batch.subset(numbers[chosen]), entities[chosen], ())
            out += self._made(match, lot)
        return out

    def _made(self, match: Match, drawn: Closed) -> list[Ring]:
        out: list[Ring] = []
        for first in range(0, len(drawn.curves), _LOT):
            self.work.deadline.check()
            lot = drawn.curves
            if len(lot) > _LOT:
                lot = lot.subset(np.arange(first, min(first + _LOT, len(lot))))
            areas = np.abs(lot.areas()) * self.work.scale * self.work.scale
            polygons = lot.polygons(self.work.chord, self.work.scale)
            valid = shapely.is_valid(polygons)
            crossing = np.flatnonzero(~valid & (shapely.area(shapely.convex_hull(polygons)) > _LEAST_LOBES))
            enclosed = dict(
                zip(crossing.tolist(), lobes(polygons[crossing], self.work.deadline), strict=True)
            )
            columns = zip(areas.tolist(), polygons, valid.tolist(), strict=True)
            for number, (area, polygon, good) in enumerate(columns):
                entity = drawn.entities[first + number]
                members = drawn.members[first + number] if drawn.members else (entity.handle,)
                # lobes of a ring that crosses itself may cancel each other out
                if polygon is None or (area <= 1e-9 and number not in enclosed):
                    self.work.tell("DXF-DEGENERATE", match, entity)
                elif good:
                    self._add_ring(out, Ring(match, entity, polygon, area, members, hatch=entity.filled))
                else:
                    self._tell_crossing(match, entity, polygon)
                    shape = enclosed.get(number)
                    if shape is not None:
                        ring = Ring(
                            match, entity, shape, shape.area, members, valid=False, hatch=entity.filled
                        )
                        self._add_ring(out, ring)
        return out

    def _add_ring(self, out: list[Ring], ring: Ring) -> None:
        out.append(ring)
        if ring.entity.in_block and self.work.role(ring.match).geometry == "ring":
            self.work.tell("DXF-IN-BLOCK", ring.match, ring.entity)

    def _tell_crossing(self, match: Match, entity: CadEntity, polygon: Polygon) -> None:
        """A ring that crosses itself, with the place if it is among those listed."""
        at = entity.at
        if not self.work.issues.full("DXF-SELF-CROSSING"):
            found = re.search(r"\[(\S+) (\S+)\]", shapely.is_valid_reason(polygon))
            if found:
                at = float(found.group(1)) / self.work.scale, float(found.group(2)) / self.work.scale
        self.work.tell("DXF-SELF-CROSSING", match, entity, at=at)


def _alone(drawn: Drawn) -> Closed:
    return Closed(CurveBatch([drawn.curve]), [drawn.entity], [drawn.members])
