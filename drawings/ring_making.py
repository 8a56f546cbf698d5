"""Rings from entities: blocks that stand for one shape, closed curves, chains of lines, cells; duplicates dropped.

Everything done to what was drawn is entered in the ledger of repairs.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.attributes import Gathered
from drawings.cad.curve import Curve
from drawings.cad.model import CadEntity, CadFile
from drawings.issues import Collector
from drawings.reading import Reading
from drawings.repairs import Ledger, cells
from drawings.rings import Chain, Tangle, chain, close_by_ends
from drawings.standards import Match, Role, Roles, Standard, roles


@dataclass(slots=True)
class Ring:
    """A ring or line on its way to becoming a shape."""

    match: Match
    entity: CadEntity
    geometry: BaseGeometry
    area: float | None
    members: tuple[str, ...]
    valid: bool = True
    hatch: bool = False
    gathered: Gathered = field(default_factory=Gathered)
    free_text: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    holes: list[Ring] = field(default_factory=list)

    @property
    def role(self) -> str:
        return self.match.role


class Work:
    """What every step of an interpretation shares."""

    def __init__(
        self, cad: CadFile, standard: Standard | None, issues: Collector, settings: Reading, ledger: Ledger
    ) -> None:
        self.cad = cad
        self.standard = standard
        self.issues = issues
        self.ledger = ledger
        self.scale = cad.units.metres_per_unit
        self.chord = settings.chord_tolerance_m / self.scale
        self.limit_vertices = settings.limits.ring_vertices
        self.elevation = settings.limits.elevation_m
        self.catalogue: Roles = roles()
        self.tolerances = self.catalogue.tolerances
        self.drawing_attributes: dict[str, str] = {}
        self.matches: dict[str, Match | None] = {}
        if standard is not None:
            names = set(cad.layers) | {e.layer for e in cad.entities} | {d.layer for d in cad.dimensions}
            self.matches = {name: standard.match(name) for name in names}

    def role(self, match: Match) -> Role:
        """The role a layer rule gives."""
        return self.catalogue.roles[match.role]

    def tell(self, code: str, match: Match, entity: CadEntity, **values: object) -> None:
        """An issue about an entity on a layer with a role."""
        role = self.role(match)
        values.setdefault("at", entity.at)
        values.setdefault("handle", entity.handle)
        self.issues.add(code, layer=entity.layer, role=role.zh, role_en=role.en, **values)

    def metres(self, point: tuple[float, float]) -> tuple[float, float]:
        """A drawing point in metres."""
        return point[0] * self.scale, point[1] * self.scale

    def line(self, curve: Curve) -> LineString:
        """A curve as a line in metres."""
        return LineString([self.metres(p) for p in curve.flatten(self.chord)])


class RingMaker:
    """Makes the rings of one drawing."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def rings(self) -> list[Ring]:
        """All rings and lines of layers with a role, first found first, each once."""
        consumed, rings = self._blocks()
        by_layer: dict[str, list[CadEntity]] = defaultdict(list)
        for entity in self.work.cad.entities:
            match = self.work.matches.get(entity.layer)
            if match is None or match.role == "reference" or entity.handle in consumed:
                continue
            if entity.kind in ("DIMENSION", "INSERT", "ATTRIB", "POINT") or entity.text is not None:
                continue
            if "/" in entity.handle and any(p in consumed for p in prefixes(entity.handle)):
                continue
            by_layer[entity.layer].append(entity)
        for layer, entities in by_layer.items():
            rings += self._rings_of_layer(layer, entities)
        return self._without_duplicates(rings)

    def _blocks(self) -> tuple[set[str], list[Ring]]:
        """Inserts that stand for one shape each (parking spaces, frames): their content is not looked at again."""
        consumed: set[str] = set()
        wanted: dict[str, tuple[CadEntity, Match]] = {}
        for entity in self.work.cad.entities:
            if entity.kind != "INSERT":
                continue
            match = self.work.matches.get(entity.layer)
            if match is None or self.work.role(match).geometry not in ("ring_or_block", "frame"):
                continue
            if any(p in wanted for p in prefixes(entity.handle)):
                continue
            wanted[entity.handle] = (entity, match)
        if not wanted:
            return consumed, []
        # a block array draws every part once per copy: the nth time a part comes it belongs to the nth copy
        copies: dict[str, list[list[Curve]]] = defaultdict(list)
        times: dict[str, int] = defaultdict(int)
        for entity in self.work.cad.entities:
            owner = next((p for p in prefixes(entity.handle) if p in wanted), None)
            if owner is None or entity.kind in ("DIMENSION", "ATTRIB"):
                continue
            number = times[entity.handle]
            times[entity.handle] += 1
            while len(copies[owner]) <= number:
                copies[owner].append([])
            copies[owner][number] += entity.curves
        out: list[Ring] = []
        for handle, (entity, match) in wanted.items():
            frame = self.work.role(match).geometry == "frame"
            drawn = [c for c in copies.get(handle, ()) if c] or [[]]
            if frame and not drawn[0]:
                continue  # an attribute block inside a drawn frame
            consumed.add(handle)
            for curves in drawn:
                out.append(self._block_shape(match, entity, curves, frame=frame))
        return consumed, out

    def _block_shape(self, match: Match, entity: CadEntity, curves: list[Curve], *, frame: bool) -> Ring:
        """One copy of a block: its hull (a frame's box), or its insertion point if it draws nothing."""
        points = [p for c in curves for p in c.flatten(self.work.chord * 10)]
        geometry: BaseGeometry
        if len(points) >= 3:
            hull = shapely.MultiPoint([self.work.metres(p) for p in points])
            geometry = hull.envelope if frame else hull.convex_hull
        else:
            geometry = Point(self.work.metres(entity.at or (0.0, 0.0)))
        area = geometry.area if isinstance(geometry, Polygon) else None
        if not isinstance(geometry, (Polygon, Point)):
            geometry = geometry.centroid
        return Ring(match, entity, geometry, area, (entity.handle,))

    def _rings_of_layer(self, layer: str, entities: list[CadEntity]) -> list[Ring]:
        match = self.work.matches[layer]
        assert match is not None
        role = self.work.role(match)
        close = self.work.tolerances.close / self.work.scale
        out: list[Ring] = []
        loose: list[tuple[CadEntity, Curve]] = []
        lines_only = role.geometry == "line"
        if role.geometry == "text":
            return out
        for entity in entities:
            if not entity.curves:
                if entity.kind not in ("POINT",):
                    self.work.tell("DXF-DEGENERATE", match, entity)
                continue
            if abs(entity.z) * self.work.scale > self.work.elevation:
                self.work.tell("DXF-ELEVATION", match, entity, z=f"{entity.z:.4g}")
            for curve in entity.curves:
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
                    self._add_ring(out, match, entity, curve)
                    continue
                closed = close_by_ends(curve, close)
                if closed is not None:
                    if entity.kind not in ("SPLINE", "ELLIPSE"):
                        self.work.tell("DXF-CLOSED-BY-ENDS", match, entity)
                        self._enter("close_ends", match, [entity], [curve], closed, rule="tolerances.close")
                    self._add_ring(out, match, entity, closed)
                elif curve.length() > 0:
                    loose.append((entity, curve))
        if lines_only:
            for entity, curve in loose:
                line = LineString([self.work.metres(p) for p in curve.flatten(self.work.chord)])
                out.append(Ring(match, entity, line, None, (entity.handle,)))
            return out
        out += self._chained(match, loose)
        return out

    def _chained(self, match: Match, loose: list[tuple[CadEntity, Curve]]) -> list[Ring]:
        """Rings of loose curves: chains that close, gaps that are accepted, cells of what crosses."""
        out: list[Ring] = []
        kept = self._each_once(match, loose)
        chains, tangles = chain([c for _, c in kept], self.work.tolerances.chain / self.work.scale)
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
                self._add_ring(out, match, first, joined.curve, members=tuple(e.handle for e, _ in parts))
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
        out: list[Ring],
    ) -> None:
        """What did not chain: cells of lines that cross, ends that run on or stop short, gaps.

        Cells are taken by rule where three or more ends meet (as parking spaces are drawn) and where nothing has to be
        cut or added on a layer of spaces; everything else is proposed.
        """
        spaces = self.work.role(match).geometry == "ring_or_block"
        numbers = sorted({i for piece in left for i in piece.members})
        lines = [self.work.line(kept[i][1]) for i in numbers]
        reach = self.work.tolerances.propose
        found = cells(lines, reach, 1e-6) if len(numbers) > 1 else []
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
        out: list[Ring],
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
                self._add_ring(out, match, first, piece.curve, members=tuple(e.handle for e, _ in parts))
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
                    self._add_ring(out, match, first, closed, members=tuple(e.handle for e in entities))
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

    def _add_ring(
        self, out: list[Ring], match: Match, entity: CadEntity, curve: Curve, members: tuple[str, ...] = ()
    ) -> None:
        points: list[tuple[float, float]] = []
        for point in curve.flatten(self.work.chord):
            metres = self.work.metres(point)
            if not points or math.dist(points[-1], metres) > 1e-9:
                points.append(metres)
        if len(points) > 1 and math.dist(points[0], points[-1]) <= 1e-9:
            points.pop()
        area = abs(curve.area()) * self.work.scale * self.work.scale
        if len(points) < 3 or area <= 1e-9:
            self.work.tell("DXF-DEGENERATE", match, entity)
            return
        polygon = Polygon(points)
        valid = bool(polygon.is_valid)
        geometry: BaseGeometry = polygon
        if not valid:
            reason = shapely.is_valid_reason(polygon)
            found = re.search(r"\[(\S+) (\S+)\]", reason)
            at = (
                (float(found.group(1)) / self.work.scale, float(found.group(2)) / self.work.scale)
                if found
                else entity.at
            )
            self.work.tell("DXF-SELF-CROSSING", match, entity, at=at)
            if len(points) > 5000:
                return
            repaired = shapely.make_valid(polygon)
            polygons = [g for g in shapely.get_parts(repaired) if isinstance(g, Polygon)]
            nested = [p for g in shapely.get_parts(repaired) if isinstance(g, MultiPolygon) for p in g.geoms]
            parts = polygons + nested
            if not parts:
                return
            geometry = shapely.union_all(parts)
            area = geometry.area
        out.append(
            Ring(
                match,
                entity,
                geometry,
                area,
                members or (entity.handle,),
                valid=valid,
                hatch=entity.filled,
            )
        )
        if entity.in_block and self.work.role(match).geometry == "ring":
            self.work.tell("DXF-IN-BLOCK", match, entity)

    def _without_duplicates(self, rings: list[Ring]) -> list[Ring]:
        """Rings drawn twice counted once; a hatch is only a shape where no outline of the role covers it."""
        outlines = [r for r in rings if not r.hatch]
        hatches = [r for r in rings if r.hatch]
        kept: list[Ring] = []
        by_role: dict[str, list[Ring]] = defaultdict(list)
        for ring in outlines:
            by_role[ring.role].append(ring)
        for group in by_role.values():
            polygons = [r.geometry for r in group]
            tree = shapely.STRtree(polygons)
            dropped: set[int] = set()
            for index, ring in enumerate(group):
                if index in dropped or not isinstance(ring.geometry, (Polygon, MultiPolygon)):
                    continue
                for other in sorted(int(i) for i in tree.query(ring.geometry)):
                    if other <= index or other in dropped:
                        continue
                    if self._same(ring.geometry, polygons[other]):
                        dropped.add(other)
                        self._drop(ring, group[other])
            kept += [r for i, r in enumerate(group) if i not in dropped]
        for role in {r.role for r in hatches}:
            covering = [
                r.geometry for r in kept if r.role == role and isinstance(r.geometry, (Polygon, MultiPolygon))
            ]
            tree = shapely.STRtree(covering)
            seen: set[tuple[float, ...]] = set()
            for ring in (r for r in hatches if r.role == role):
                key = tuple(round(v, 2) for v in (*ring.geometry.bounds, ring.geometry.area))
                if key in seen:
                    continue
                seen.add(key)
                if not ring.valid or self.work.role(ring.match).geometry == "frame":
                    continue
                touched = [covering[int(i)] for i in tree.query(ring.geometry)]
                valid = [g for g in touched if g.is_valid]
                share = shapely.union_all(valid).intersection(ring.geometry).area if valid else 0.0
                if share < 0.5 * ring.geometry.area:
                    kept.append(ring)
        return kept

    def _drop(self, ring: Ring, twin: Ring) -> None:
        """A ring drawn a second time."""
        self.work.tell("DXF-DUPLICATE", ring.match, twin.entity, other=ring.entity.handle)
        self.work.ledger.enter(
            "duplicate",
            role=twin.role,
            layer=twin.entity.layer,
            handles=[twin.entity.handle, ring.entity.handle],
            at=twin.entity.at,
            size_m=0.0,
            before=twin.geometry,
            after=None,
            area_before=twin.area,
            area_after=None,
            rule="tolerances.duplicate",
        )

    def _same(self, a: BaseGeometry, b: BaseGeometry) -> bool:
        tolerance = self.work.tolerances.duplicate
        if not isinstance(b, (Polygon, MultiPolygon)):
            return False
        if any(abs(p - q) > tolerance for p, q in zip(a.bounds, b.bounds, strict=True)):
            return False
        if abs(a.area - b.area) > tolerance * a.length:
            return False
        return bool(a.symmetric_difference(b).area <= tolerance * a.length)


def prefixes(handle: str) -> list[str]:
    """Handles of the inserts an entity lies in, outermost first."""
    parts = handle.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]


def _line_key(curve: Curve, step: float) -> tuple[object, ...]:
    """Equal for curves that run along the same points in either direction."""
    points = tuple((round(x / step), round(y / step)) for x, y in curve.points)
    bulges = tuple(round(b, 6) for b in curve.bulges[:-1]) if curve.bulges and curve.has_arcs else ()
    if points[-1] < points[0]:
        points, bulges = points[::-1], tuple(-b for b in reversed(bulges))
    return (*points, *bulges)
