"""Rings from entities: blocks that stand for one shape, closed curves, chains of lines, cells; duplicates dropped.

Everything done to what was drawn is entered in the ledger of repairs.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.cad.curve import Curve
from drawings.cad.curve_batch import CurveBatch
from drawings.cad.model import CadEntity
from drawings.cad.selection import Wanted, layer_by_layer, picked, prefixes
from drawings.interpreting.work import Ring, Work
from drawings.shapes.cells import cells
from drawings.shapes.duplicates import without_duplicates
from drawings.shapes.pairs import array, crosses_little
from drawings.shapes.rings import Chain, Tangle, chain, close_by_ends
from drawings.standards.standards import Match

_HEAVY = 24  # vertices of an entity
_LOT = 2048  # curves turned into shapes at once
_NO_OUTLINES = frozenset({"DIMENSION", "INSERT", "ATTRIB", "POINT", "TEXT", "MTEXT"})
_REPAIRABLE = 5000  # vertices of a ring that crosses itself


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A curve that becomes a ring, or (``line``) a line, when all of them do."""

    match: Match
    entity: CadEntity
    curve: Curve
    members: tuple[str, ...] = ()
    line: bool = False


_Out = list[Ring | _Drawn]


class RingMaker:
    """Makes the rings of one drawing."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def rings(self) -> list[Ring]:
        """All rings and lines of layers with a role, first found first, each once."""
        consumed, rings = self._blocks()
        with_role = {n for n, m in self.work.matches.items() if m is not None and m.role != "reference"}
        wanted = Wanted(layers=with_role, without=_NO_OUTLINES)
        for layer, entities in layer_by_layer(self.work.cad.entities, wanted):
            left = [
                e
                for e in entities
                if e.text is None
                and e.handle not in consumed
                and not ("/" in e.handle and any(p in consumed for p in prefixes(e.handle)))
            ]
            rings += self._made(self._rings_of_layer(layer, left))
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
        start = np.searchsorted(owner, np.arange(len(lot) + 1))
        out: list[Ring] = []
        for k, (match, entity, _) in enumerate(lot):
            geometry: BaseGeometry
            if start[k + 1] - start[k] >= 3:
                frame = self.work.role(match).geometry == "frame"
                hull = MultiPoint(flat.xy[start[k] : start[k + 1]] * self.work.scale)
                geometry = hull.envelope if frame else hull.convex_hull
            else:
                geometry = Point(self.work.metres(entity.at or (0.0, 0.0)))
            area = geometry.area if isinstance(geometry, Polygon) else None
            if not isinstance(geometry, (Polygon, Point)):
                geometry = geometry.centroid
            out.append(Ring(match, entity, geometry, area, (entity.handle,)))
        return out

    def _rings_of_layer(self, layer: str, entities: list[CadEntity]) -> _Out:
        match = self.work.matches[layer]
        assert match is not None
        role = self.work.role(match)
        close = self.work.tolerances.close / self.work.scale
        out: _Out = []
        loose: list[tuple[CadEntity, Curve]] = []
        lines_only = role.geometry == "line"
        if role.geometry == "text":
            return out
        for whole in entities:
            if not whole.curves:
                if whole.kind != "POINT":
                    self.work.tell("DXF-DEGENERATE", match, whole)
                continue
            entity = whole.without_curves()  # rings need not keep what they are made of
            if abs(entity.z) * self.work.scale > self.work.elevation:
                self.work.tell("DXF-ELEVATION", match, entity, z=f"{entity.z:.4g}")
            for curve in whole.curves:
                if len(curve.points) > self.work.limit_vertices:
                    self.work.tell(
                        "DXF-TOO-MANY-VERTICES",
                        match,
                        entity,
                        count=len(curve.points),
                        limit=self.work.limit_vertices,
                    )
                    continue
                if curve.closed:
                    out.append(_Drawn(match, entity, curve))
                    continue
                closed = close_by_ends(curve, close)
                if closed is not None:
                    if entity.kind not in ("SPLINE", "ELLIPSE"):
                        self.work.tell("DXF-CLOSED-BY-ENDS", match, entity)
                        self._enter("close_ends", match, [entity], [curve], closed, rule="tolerances.close")
                    out.append(_Drawn(match, entity, closed))
                elif _has_length(curve):
                    loose.append((entity, curve))
        if lines_only:
            return [*out, *(_Drawn(match, entity, curve, line=True) for entity, curve in loose)]
        out += self._chained(match, loose)
        return out

    def _chained(self, match: Match, loose: list[tuple[CadEntity, Curve]]) -> _Out:
        """Rings of loose curves: chains that close, gaps that are accepted, cells of what crosses."""
        self.work.deadline.check()
        out: _Out = []
        kept = self._each_once(match, loose)
        chains, tangles = chain(
            [c for _, c in kept], self.work.tolerances.chain / self.work.scale, self.work.deadline
        )
        left: list[Chain | Tangle] = []
        # a row of spaces drawn as a frame with lines across: the frame alone is no space
        crossed = self.work.role(match).geometry == "ring_or_block" and (
            bool(tangles) or not all(c.curve.closed for c in chains)
        )
        for joined in chains:
            if joined.curve.closed and not crossed:
                parts = [kept[i] for i in joined.members]
                first = parts[0][0]
                self.work.tell("DXF-CHAINED", match, first, count=len(parts))
                self._enter(
                    "chain", match, [e for e, _ in parts], [c for _, c in parts], joined.curve,
                    rule="tolerances.chain",
                )  # fmt: skip
                out.append(_Drawn(match, first, joined.curve, tuple(e.handle for e, _ in parts)))
            else:
                left.append(joined)
        left += tangles
        if left:
            self._crossing(match, kept, left, out)
        return out

    def _each_once(self, match: Match, loose: list[tuple[CadEntity, Curve]]) -> list[tuple[CadEntity, Curve]]:
        unique: dict[tuple[object, ...], int] = {}
        kept: list[tuple[CadEntity, Curve]] = []
        for entity, curve in loose:
            key = _line_key(curve, self.work.tolerances.duplicate / self.work.scale)
            if key in unique:
                self.work.tell("DXF-DUPLICATE", match, entity, other=kept[unique[key]][0].handle)
                self._enter("duplicate", match, [entity], [curve], None, rule="tolerances.duplicate")
                continue
            unique[key] = len(kept)
            kept.append((entity, curve))
        return kept

    def _crossing(
        self,
        match: Match,
        kept: list[tuple[CadEntity, Curve]],
        left: list[Chain | Tangle],
        out: _Out,
    ) -> None:
        """What did not chain: cells of lines that cross, ends that run on or stop short, gaps.

        Cells are taken by rule where three or more ends meet (as parking spaces are drawn) and where nothing has to be
        cut or added on a layer of spaces; everything else is proposed.
        """
        spaces = self.work.role(match).geometry == "ring_or_block"
        numbers = sorted({i for piece in left for i in piece.members})
        curves = CurveBatch([kept[i][1] for i in numbers])
        lines = list(curves.lines(self.work.chord, self.work.scale))
        found = cells(lines, self.work.tolerances.propose, 1e-6, self.work.deadline) if len(lines) > 1 else []
        if found is None:
            self.work.tell("DXF-CROSSINGS", match, kept[numbers[0]][0], count=len(numbers))
            found = []
        tangled = {i for piece in left if isinstance(piece, Tangle) for i in piece.members}
        used: set[int] = set()
        for cell in found:
            members = [numbers[m] for m in cell.members]
            if not members:
                continue
            clean = cell.cut.is_empty and cell.added.is_empty
            rule: str | None
            branch = bool(tangled & set(members))
            if branch and cell.added.is_empty:
                kind, rule = "cells", "branches"
            elif clean:
                kind, rule = "cells", "spaces" if spaces else None
            else:
                kind, rule = "overshoot" if cell.added.is_empty else "undershoot", None
            entities = [kept[i][0] for i in members]
            spot = cell.ring.representative_point()
            applied = self.work.ledger.enter(
                kind,
                role=match.role,
                layer=entities[0].layer,
                handles=[e.handle for e in entities],
                at=(spot.x / self.work.scale, spot.y / self.work.scale),
                size_m=cell.size,
                before=shapely.MultiLineString([self.work.line(kept[i][1]) for i in members]),
                after=cell.ring,
                area_before=None,
                area_after=cell.ring.area,
                rule=rule,
            )
            if applied:
                handles = tuple(dict.fromkeys(e.handle for e in entities))
                out.append(Ring(match, entities[0], cell.ring, cell.ring.area, handles))
                used |= set(members)
            elif kind != "cells":
                code = "DXF-OVERSHOOT" if kind == "overshoot" else "DXF-UNDERSHOOT"
                self.work.tell(
                    code, match, entities[0], at=(spot.x / self.work.scale, spot.y / self.work.scale),
                    size=f"{cell.size:.3f}", area=f"{cell.ring.area:.2f}",
                )  # fmt: skip
                used |= set(members)
        self._leftover(match, kept, left, used, out)

    def _leftover(
        self,
        match: Match,
        kept: list[tuple[CadEntity, Curve]],
        left: list[Chain | Tangle],
        used: set[int],
        out: _Out,
    ) -> None:
        """Open chains: a small gap is a proposal, the others are errors; tangles are told."""
        for piece in left:
            parts = [kept[i] for i in piece.members]
            first = parts[0][0]
            if isinstance(piece, Tangle):
                self.work.tell("DXF-BRANCH", match, first, at=piece.at)
                continue
            if used & set(piece.members):
                continue
            if piece.curve.closed:
                out.append(_Drawn(match, first, piece.curve, tuple(e.handle for e, _ in parts)))
                continue
            start, end = piece.curve.start, piece.curve.end
            if len(piece.curve.points) < 3:
                self.work.tell("DXF-WRONG-KIND", match, first, kind=first.kind, at=start)
                continue
            gap = piece.gap * self.work.scale
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            length = piece.curve.length() * self.work.scale
            if gap <= max(self.work.tolerances.propose, self.work.tolerances.propose_share * length):
                closed = Curve(piece.curve.points, piece.curve.bulges, closed=True)
                rule = self._gap_rule(gap)
                entities, curves = [e for e, _ in parts], [c for _, c in parts]
                if self._enter("gap", match, entities, curves, closed, rule=rule, at=middle, size=gap):
                    self.work.tell("DXF-GAP-CLOSED", match, first, gap=f"{gap:.3f}", at=middle)
                    out.append(_Drawn(match, first, closed, tuple(e.handle for e in entities)))
                    continue
            self.work.tell("DXF-NOT-CLOSED", match, first, gap=f"{gap:.3f}", at=middle)

    def _gap_rule(self, gap: float) -> str | None:
        """The standard's rule that accepts a gap of this width, if it has one."""
        standard = self.work.standard
        if standard is not None and standard.healing.gap >= gap > 0:
            return f"{standard.code}.healing.gap"
        return None

    def _enter(
        self,
        kind: str,
        match: Match,
        entities: Sequence[CadEntity],
        before: Sequence[Curve],
        after: Curve | None,
        *,
        rule: str | None,
        at: tuple[float, float] | None = None,
        size: float = 0.0,
    ) -> bool:
        """Enter a repair made of curves; True if it is to be applied."""
        if rule is not None and self.work.ledger.full(kind):
            self.work.ledger.count(kind)
            return True
        lines = [self.work.line(c) for c in before if len(c.points) >= 2]
        ring: Polygon | None = None
        area: float | None = None
        if after is not None:
            points = [self.work.metres(p) for p in after.flatten(self.work.chord)]
            ring = Polygon(points) if len(points) >= 3 else None
            area = abs(after.area()) * self.work.scale * self.work.scale
        if not size and len(before) == 1 and after is not None:
            size = math.dist(before[0].start, before[0].end) * self.work.scale
        return self.work.ledger.enter(
            kind,
            role=match.role,
            layer=entities[0].layer,
            handles=[e.handle for e in entities],
            at=at or entities[0].at,
            size_m=size,
            before=shapely.MultiLineString(lines) if len(lines) != 1 else lines[0],
            after=ring,
            area_before=None,
            area_after=area,
            rule=rule,
        )

    def _made(self, drawn: _Out) -> list[Ring]:
        """The shapes of what was drawn, in order."""
        out: list[Ring] = []
        for first in range(0, len(drawn), _LOT):
            self.work.deadline.check()
            lot = drawn[first : first + _LOT]
            batch = CurveBatch([d.curve for d in lot if isinstance(d, _Drawn) and not d.line])
            areas = np.abs(batch.areas()) * self.work.scale * self.work.scale
            polygons = batch.polygons(self.work.chord, self.work.scale)
            made = iter(zip(areas.tolist(), polygons, shapely.is_valid(polygons).tolist(), strict=True))
            batch = CurveBatch([d.curve for d in lot if isinstance(d, _Drawn) and d.line])
            lines = iter(batch.lines(self.work.chord, self.work.scale))
            for item in lot:
                if isinstance(item, Ring):
                    out.append(item)
                elif item.line:
                    out.append(Ring(item.match, item.entity, next(lines), None, (item.entity.handle,)))
                else:
                    area, polygon, good = next(made)
                    if polygon is None or area <= 1e-9:
                        self.work.tell("DXF-DEGENERATE", item.match, item.entity)
                    else:
                        self._add_ring(out, item, polygon, area, valid=good)
        return out

    def _add_ring(
        self, out: list[Ring], drawn: _Drawn, polygon: Polygon, area: float, *, valid: bool
    ) -> None:
        match, entity = drawn.match, drawn.entity
        geometry: BaseGeometry = polygon
        if not valid:
            self._tell_crossing(match, entity, polygon)
            small = len(polygon.exterior.coords) <= _REPAIRABLE
            if not small or not crosses_little(array([polygon.exterior]), self.work.deadline):
                return
            repaired = shapely.make_valid(polygon)
            polygons = [g for g in shapely.get_parts(repaired) if isinstance(g, Polygon)]
            nested = [p for g in shapely.get_parts(repaired) if isinstance(g, MultiPolygon) for p in g.geoms]
            parts = polygons + nested
            if not parts:
                return
            geometry = shapely.union_all(parts)
            area = geometry.area
        members = drawn.members or (entity.handle,)
        out.append(Ring(match, entity, geometry, area, members, valid=valid, hatch=entity.filled))
        if entity.in_block and self.work.role(match).geometry == "ring":
            self.work.tell("DXF-IN-BLOCK", match, entity)

    def _tell_crossing(self, match: Match, entity: CadEntity, polygon: Polygon) -> None:
        """A ring that crosses itself, with the place if it is among those listed."""
        at = entity.at
        if not self.work.issues.full("DXF-SELF-CROSSING"):
            found = re.search(r"\[(\S+) (\S+)\]", shapely.is_valid_reason(polygon))
            if found:
                at = float(found.group(1)) / self.work.scale, float(found.group(2)) / self.work.scale
        self.work.tell("DXF-SELF-CROSSING", match, entity, at=at)


def _has_length(curve: Curve) -> bool:
    return any(p != curve.points[0] for p in curve.points)


def _line_key(curve: Curve, step: float) -> tuple[object, ...]:
    """Equal for curves that run along the same points in either direction."""
    points = tuple((round(x / step), round(y / step)) for x, y in curve.points)
    bulges = tuple(round(b, 6) for b in curve.bulges[:-1]) if curve.bulges and curve.has_arcs else ()
    if points[-1] < points[0]:
        points, bulges = points[::-1], tuple(-b for b in reversed(bulges))
    return (*points, *bulges)
