"""From CAD entities to shapes with roles: rings closed and chained, attributes gathered, issues told.

Pure: nothing is read or written here; the same file and standard always give the same model.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.attributes import Gathered, Settled, parse_pairs, parse_xdata, settle
from drawings.audit import audit, check_dimensions
from drawings.cad.curve import Curve
from drawings.cad.model import CadEntity, CadFile
from drawings.drawing import DrawingModel, LayerUse, RoleShape, Sheet
from drawings.issues import Collector
from drawings.multiplicity import BadRange, floors_of_title, is_roof, parse_floors
from drawings.reading import Reading, reading
from drawings.rings import chain, close_by_ends
from drawings.standards import Match, Role, Roles, Standard, detect, roles

_SOURCE_NAMES = {
    "xdata": ("扩展数据", "XDATA"),
    "block": ("图块属性", "block attributes"),
    "text": ("文字", "text"),
    "layer": ("图层名", "the layer name"),
    "table": ("表格", "the table"),
}
#: side table: attributes by CAD handle, or by 楼号, or by ``楼号/层名``
Table = Mapping[str, Mapping[str, str]]


def interpret(
    cad: CadFile,
    standard: Standard | None = None,
    *,
    table: Table | None = None,
    settings: Reading | None = None,
) -> DrawingModel:
    """Interpret a CAD file under a drawing standard.

    Args:
        cad: the file as read.
        standard: the drawing standard; None lets the best-fitting one be found from the layers.
        table: side table of attributes (from a spreadsheet), the least trusted source.
        settings: tolerances of reading; the catalogue's if left out.

    Returns:
        shapes in metres with coded issues; an unreadable file gives a model with its issues and nothing else.
    """
    settings = settings or reading()
    used = [name for name, layer in cad.layers.items() if layer.entities] or list(cad.layers)
    standard = standard or detect(used)
    units = {
        "unit": cad.units.unit,
        "metres_per_unit": cad.units.metres_per_unit,
        "source": cad.units.source,
        "header": cad.units.header,
        "evidence": list(cad.units.evidence),
    }
    model = DrawingModel(
        name=cad.name,
        sha256=cad.sha256,
        standard=standard.code if standard else None,
        kind="unknown",
        units=units,
        issues=cad.issues,
        readable=cad.readable,
        format=cad.format,
        version=cad.version,
    )
    if not cad.readable:
        return model
    issues = Collector(settings.limits.issues_per_code, file=cad.name)
    work = _Interpretation(cad, standard, issues, settings, table or {})
    if standard is None:
        if cad.entities:
            issues.add("DXF-STANDARD-UNKNOWN")
        shapes: tuple[RoleShape, ...] = ()
    else:
        shapes = work.shapes()
    kind = work.kind(shapes)
    dimensions = check_dimensions(cad, issues, roles().tolerances)
    if standard is not None:
        audit(shapes, work.drawing_attributes, standard, kind, cad, issues)
    model = replace(
        model,
        kind=kind,
        crs_hint=_crs_hint(cad),
        shapes=shapes,
        sheets=work.sheets(shapes),
        layers=work.layer_uses(),
        dimensions=dimensions,
        attributes=work.drawing_attributes,
    )
    found = [*cad.issues, *issues.finish()]
    order = {"error": 0, "warning": 1, "info": 2}
    return replace(model, issues=tuple(sorted(found, key=lambda i: order[i.level.value])))


def _crs_hint(cad: CadFile) -> int | None:
    text = cad.geodata.get("coordinate_system", "")
    found = re.findall(
        r'(?:EPSG["\']?\s*[:,]\s*["\']?|<Alias id="(?=\d+" type="CoordinateSystem"))(\d{4,5})', text
    )
    return int(found[-1]) if found else None


@dataclass(slots=True)
class _Ring:
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
    holes: list[_Ring] = field(default_factory=list)

    @property
    def role(self) -> str:
        return self.match.role


class _Interpretation:
    def __init__(
        self, cad: CadFile, standard: Standard | None, issues: Collector, settings: Reading, table: Table
    ) -> None:
        self.cad = cad
        self.standard = standard
        self.issues = issues
        self.table = table
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

    # --- public to interpret() --------------------------------------------------------------------------

    def shapes(self) -> tuple[RoleShape, ...]:
        """All shapes, rings first found first."""
        consumed, rings = self._blocks()
        by_layer: dict[str, list[CadEntity]] = defaultdict(list)
        for entity in self.cad.entities:
            match = self.matches.get(entity.layer)
            if match is None or match.role == "reference" or entity.handle in consumed:
                continue
            if entity.kind in ("DIMENSION", "INSERT", "ATTRIB", "POINT") or entity.text is not None:
                continue
            if "/" in entity.handle and any(p in consumed for p in _prefixes(entity.handle)):
                continue
            by_layer[entity.layer].append(entity)
        for layer, entities in by_layer.items():
            rings += self._rings_of_layer(layer, entities)
        rings = self._without_duplicates(rings)
        rings += self._measures()
        self._gather(rings)
        rings = self._cut_holes(rings)
        return tuple(self._finish(rings))

    def kind(self, shapes: tuple[RoleShape, ...]) -> str:
        """What drawing this is: by what is in it; the file name decides when both kinds are."""
        found = {self.catalogue.roles[s.role].kind for s in shapes} - {"any"}
        if len(found) == 1:
            return found.pop()
        if self.standard is not None:
            for kind, rule in self.standard.kinds.items():
                if rule.name and rule.name in self.cad.name and (kind in found or not found):
                    return kind
        if any(s.role == "site_boundary" for s in shapes):
            return "site_plan"
        return "building" if "building" in found else "unknown"

    def sheets(self, shapes: tuple[RoleShape, ...]) -> tuple[Sheet, ...]:
        """Layouts of the file, then floor frames."""
        frames = [
            Sheet(
                str(s.attributes.get("层名") or s.attributes.get("起止层") or s.layer), "frame", 0, s.handle
            )
            for s in shapes
            if s.role == "floor_frame"
        ]
        return tuple([Sheet(s.name, s.kind, s.entities) for s in self.cad.sheets] + frames)

    def layer_uses(self) -> tuple[LayerUse, ...]:
        """Layers with their roles."""
        out = []
        hidden: list[str] = []
        for name, layer in sorted(self.cad.layers.items()):
            match = self.matches.get(name)
            role = match.role if match else None
            planning = role is not None and role != "reference"
            if planning and layer.entities and (layer.frozen or not layer.visible):
                hidden.append(name)
            out.append(LayerUse(name, layer.color, layer.entities, role, layer.visible and not layer.frozen))
        if hidden:
            shown = "、".join(hidden[:5]) + ("…" if len(hidden) > 5 else "")
            self.issues.add("DXF-LAYER-OFF", layer=hidden[0], names=shown, count=len(hidden))
        return tuple(out)

    # --- rings -------------------------------------------------------------------------------------------------------

    def _role(self, match: Match) -> Role:
        return self.catalogue.roles[match.role]

    def _tell(self, code: str, match: Match, entity: CadEntity, **values: object) -> None:
        role = self._role(match)
        values.setdefault("at", entity.at)
        values.setdefault("handle", entity.handle)
        self.issues.add(code, layer=entity.layer, role=role.zh, role_en=role.en, **values)

    def _blocks(self) -> tuple[set[str], list[_Ring]]:
        """Inserts that stand for one shape each (parking spaces, frames): their content is not looked at again."""
        consumed: set[str] = set()
        wanted: dict[str, tuple[CadEntity, Match]] = {}
        for entity in self.cad.entities:
            if entity.kind != "INSERT":
                continue
            match = self.matches.get(entity.layer)
            if match is None or self._role(match).geometry not in ("ring_or_block", "frame"):
                continue
            if any(p in wanted for p in _prefixes(entity.handle)):
                continue
            wanted[entity.handle] = (entity, match)
        if not wanted:
            return consumed, []
        parts: dict[str, list[Curve]] = defaultdict(list)
        for entity in self.cad.entities:
            owner = next((p for p in _prefixes(entity.handle) if p in wanted), None)
            if owner is not None and entity.kind != "DIMENSION":
                parts[owner] += entity.curves
        out: list[_Ring] = []
        for handle, (entity, match) in wanted.items():
            if self._role(match).geometry == "frame" and not parts[handle]:
                continue  # an attribute block inside a drawn frame
            consumed.add(handle)
            points = [p for c in parts[handle] for p in c.flatten(self.chord * 10)]
            geometry: BaseGeometry
            if len(points) >= 3:
                hull = shapely.MultiPoint([self._metres(p) for p in points])
                geometry = hull.envelope if self._role(match).geometry == "frame" else hull.convex_hull
            else:
                geometry = Point(self._metres(entity.at or (0.0, 0.0)))
            area = geometry.area if isinstance(geometry, Polygon) else None
            if not isinstance(geometry, (Polygon, Point)):
                geometry = geometry.centroid
            out.append(_Ring(match, entity, geometry, area, (handle,)))
        return consumed, out

    def _metres(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * self.scale, point[1] * self.scale

    def _rings_of_layer(self, layer: str, entities: list[CadEntity]) -> list[_Ring]:
        match = self.matches[layer]
        assert match is not None
        role = self._role(match)
        close = self.tolerances.close / self.scale
        out: list[_Ring] = []
        loose: list[tuple[CadEntity, Curve]] = []
        lines_only = role.geometry == "line"
        if role.geometry == "text":
            return out
        for entity in entities:
            if not entity.curves:
                if entity.kind not in ("POINT",):
                    self._tell("DXF-DEGENERATE", match, entity)
                continue
            if abs(entity.z) * self.scale > self.elevation:
                self._tell("DXF-ELEVATION", match, entity, z=f"{entity.z:.4g}")
            for curve in entity.curves:
                if len(curve.points) > self.limit_vertices:
                    self._tell(
                        "DXF-TOO-MANY-VERTICES",
                        match,
                        entity,
                        count=len(curve.points),
                        limit=self.limit_vertices,
                    )
                    continue
                if curve.closed:
                    self._add_ring(out, match, entity, curve)
                    continue
                closed = close_by_ends(curve, close)
                if closed is not None:
                    if entity.kind not in ("SPLINE", "ELLIPSE"):
                        self._tell("DXF-CLOSED-BY-ENDS", match, entity)
                    self._add_ring(out, match, entity, closed)
                elif curve.length() > 0:
                    loose.append((entity, curve))
        if lines_only:
            for entity, curve in loose:
                line = LineString([self._metres(p) for p in curve.flatten(self.chord)])
                out.append(_Ring(match, entity, line, None, (entity.handle,)))
            return out
        out += self._chained(match, loose)
        return out

    def _chained(self, match: Match, loose: list[tuple[CadEntity, Curve]]) -> list[_Ring]:
        out: list[_Ring] = []
        unique: dict[tuple[object, ...], int] = {}
        kept: list[tuple[CadEntity, Curve]] = []
        for entity, curve in loose:
            key = _line_key(curve, self.tolerances.duplicate / self.scale)
            if key in unique:
                self._tell("DXF-DUPLICATE", match, entity, other=kept[unique[key]][0].handle)
                continue
            unique[key] = len(kept)
            kept.append((entity, curve))
        chains, tangles = chain([c for _, c in kept], self.tolerances.chain / self.scale)
        for joined in chains:
            first = kept[joined.members[0]][0]
            handles = tuple(kept[i][0].handle for i in joined.members)
            if joined.curve.closed:
                self._tell("DXF-CHAINED", match, first, count=len(joined.members))
                self._add_ring(out, match, first, joined.curve, members=handles)
            else:
                start, end = joined.curve.start, joined.curve.end
                middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
                gap = joined.gap * self.scale
                if len(joined.curve.points) < 3:
                    self._tell("DXF-WRONG-KIND", match, first, kind=first.kind, at=start)
                else:
                    self._tell("DXF-NOT-CLOSED", match, first, gap=f"{gap:.3f}", at=middle)
        for tangle in tangles:
            first = kept[tangle.members[0]][0]
            self._tell("DXF-BRANCH", match, first, at=tangle.at)
            lines = [
                LineString([self._metres(p) for p in kept[i][1].flatten(self.chord)]) for i in tangle.members
            ]
            for face in shapely.get_parts(shapely.polygonize([shapely.unary_union(lines)])):
                if face.area > 1e-6:
                    out.append(
                        _Ring(match, first, face, face.area, tuple(kept[i][0].handle for i in tangle.members))
                    )
        return out

    def _add_ring(
        self, out: list[_Ring], match: Match, entity: CadEntity, curve: Curve, members: tuple[str, ...] = ()
    ) -> None:
        points: list[tuple[float, float]] = []
        for point in curve.flatten(self.chord):
            metres = self._metres(point)
            if not points or math.dist(points[-1], metres) > 1e-9:
                points.append(metres)
        if len(points) > 1 and math.dist(points[0], points[-1]) <= 1e-9:
            points.pop()
        area = abs(curve.area()) * self.scale * self.scale
        if len(points) < 3 or area <= 1e-9:
            self._tell("DXF-DEGENERATE", match, entity)
            return
        polygon = Polygon(points)
        valid = bool(polygon.is_valid)
        geometry: BaseGeometry = polygon
        if not valid:
            reason = shapely.is_valid_reason(polygon)
            found = re.search(r"\[(\S+) (\S+)\]", reason)
            at = (
                (float(found.group(1)) / self.scale, float(found.group(2)) / self.scale)
                if found
                else entity.at
            )
            self._tell("DXF-SELF-CROSSING", match, entity, at=at)
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
            _Ring(
                match,
                entity,
                geometry,
                area,
                members or (entity.handle,),
                valid=valid,
                hatch=entity.filled,
            )
        )
        if entity.in_block and self._role(match).geometry == "ring":
            self._tell("DXF-IN-BLOCK", match, entity)

    def _without_duplicates(self, rings: list[_Ring]) -> list[_Ring]:
        """Rings drawn twice counted once; a hatch is only a shape where no outline of the role covers it."""
        outlines = [r for r in rings if not r.hatch]
        hatches = [r for r in rings if r.hatch]
        kept: list[_Ring] = []
        by_role: dict[str, list[_Ring]] = defaultdict(list)
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
                        self._tell("DXF-DUPLICATE", ring.match, group[other].entity, other=ring.entity.handle)
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
                if not ring.valid or self._role(ring.match).geometry == "frame":
                    continue
                touched = [covering[int(i)] for i in tree.query(ring.geometry)]
                valid = [g for g in touched if g.is_valid]
                share = shapely.union_all(valid).intersection(ring.geometry).area if valid else 0.0
                if share < 0.5 * ring.geometry.area:
                    kept.append(ring)
        return kept

    def _same(self, a: BaseGeometry, b: BaseGeometry) -> bool:
        tolerance = self.tolerances.duplicate
        if not isinstance(b, (Polygon, MultiPolygon)):
            return False
        if any(abs(p - q) > tolerance for p, q in zip(a.bounds, b.bounds, strict=True)):
            return False
        if abs(a.area - b.area) > tolerance * a.length:
            return False
        return bool(a.symmetric_difference(b).area <= tolerance * a.length)

    def _measures(self) -> list[_Ring]:
        """Dimensions on layers of a line role (heights) become lines with their measured value."""
        out: list[_Ring] = []
        for dimension in self.cad.dimensions:
            match = self.matches.get(dimension.layer)
            if match is None or match.role not in ("height_mark", "setback") or len(dimension.points) < 2:
                continue
            line = LineString([self._metres(p) for p in dimension.points[:2]])
            entity = CadEntity(dimension.handle, "DIMENSION", dimension.layer, "#ffffff", at=dimension.at)
            ring = _Ring(match, entity, line, None, (dimension.handle,))
            if dimension.measured is not None and dimension.kind != "angular":
                ring.gathered.add("block", {"测量值": f"{dimension.measured * self.scale:.4f}"})
            if dimension.text:
                ring.gathered.add("block", {"标注文字": dimension.text})
            out.append(ring)
        return out

    # --- attributes -------------------------------------------------------------------------------------

    def _gather(self, rings: list[_Ring]) -> None:
        assert self.standard is not None
        app = self.standard.attributes.xdata_app
        inserts = {e.handle: e for e in self.cad.entities if e.kind == "INSERT"}
        for ring in rings:
            ring.gathered.add("layer", {self.catalogue.key(k): v for k, v in ring.match.attributes.items()})
            zero = ring.match.rule.floor_from_zero
            if zero is not None and zero in ring.match.attributes:
                number = int(ring.match.attributes[zero])
                ring.gathered.add("layer", {"起止层": str(number + 1 if number >= 0 else number)})
            ring.gathered.add("xdata", parse_xdata(ring.entity.xdata.get(app, ())))
            owners = [inserts[p] for p in _prefixes(ring.entity.handle) if p in inserts]
            if ring.entity.kind == "INSERT":
                owners.append(ring.entity)
            for owner in reversed(owners):
                ring.gathered.add(
                    "block", {self.catalogue.key(k): v for k, v in owner.attributes.items() if v}
                )
                ring.gathered.add("xdata", parse_xdata(owner.xdata.get(app, ())))
        polygons = [r for r in rings if isinstance(r.geometry, (Polygon, MultiPolygon))]
        if polygons:
            shapely.prepare([r.geometry for r in polygons])
        tree = shapely.STRtree([r.geometry for r in polygons])
        owned = {r.entity.handle for r in rings if r.entity.kind == "INSERT"}
        for entity in self.cad.entities:
            if entity.at is None:
                continue
            if entity.kind == "INSERT" and entity.attributes and entity.handle not in owned:
                pairs = {self.catalogue.key(k): [v] for k, v in entity.attributes.items() if v}
                self._assign(entity, pairs, "", "block", polygons, tree)
            elif entity.text and entity.kind not in ("DIMENSION", "ATTRIB"):
                pairs, rest = parse_pairs(entity.text)
                self._assign(entity, pairs, rest, "text", polygons, tree)
        self._frame_floors(polygons, tree)
        self._from_table(rings)

    def _assign(
        self,
        entity: CadEntity,
        pairs: dict[str, list[str]],
        rest: str,
        source: str,
        polygons: list[_Ring],
        tree: shapely.STRtree,
    ) -> None:
        """Give the pairs of one text or attribute block to the shapes it belongs to."""
        assert entity.at is not None
        match = self.matches.get(entity.layer)
        on_role = match is not None and match.role != "reference"
        if match is not None and on_role and self._role(match).geometry == "text":
            self._note_drawing(pairs)
            return
        if not pairs and not (on_role and rest):
            return
        spot = Point(self._metres(entity.at))
        inside = [polygons[int(i)] for i in tree.query(spot, predicate="intersects")]
        inside.sort(key=lambda r: r.geometry.area)
        if match is not None and on_role:
            targets = [r for r in inside if r.role == match.role][:1]
            if targets:
                targets[0].gathered.add(source, pairs)
                if rest:
                    self._bare(targets[0], rest, source)
                return
            if pairs and self._role(match).geometry in ("ring", "frame", "ring_or_block"):
                text = next(f"{k}={v[0]}" for k, v in pairs.items())
                self._tell("DXF-TEXT-NO-RING", match, entity, text=text[:40])
            return
        left = dict(pairs)
        for ring in inside:
            accepted = {k: v for k, v in left.items() if k in self._role(ring.match).keys}
            if not accepted:
                continue
            twins = [
                r for r in inside if abs(r.geometry.area - ring.geometry.area) <= 0.01 * ring.geometry.area
            ]
            for twin in twins:
                own = {k: v for k, v in accepted.items() if k in self._role(twin.match).keys}
                twin.gathered.add(source, own)
            left = {k: v for k, v in left.items() if k not in accepted}
        self._note_drawing(left)

    def _note_drawing(self, pairs: dict[str, list[str]]) -> None:
        for key, values in pairs.items():
            self.drawing_attributes.setdefault(key, values[0])

    def _bare(self, ring: _Ring, text: str, source: str) -> None:
        rule = ring.match.rule
        for line in text.split("\n"):
            if rule.bare_text == "起止层":
                try:
                    parse_floors(line)
                except BadRange:
                    ring.free_text.append(line)
                    title = floors_of_title(line)
                    if title is not None:
                        ring.titles.append(title)
                else:
                    ring.gathered.add(source, {"起止层": line})
            elif (
                rule.bare_text is not None
                and rule.bare_pattern
                and re.fullmatch(rule.bare_pattern, line.strip())
            ):
                if rule.bare_text not in ring.gathered.values.get(source, {}):
                    ring.gathered.add(source, {rule.bare_text: line.strip()})
            else:
                ring.free_text.append(line)

    def _frame_floors(self, polygons: list[_Ring], tree: shapely.STRtree) -> None:
        """Floor ranges written without ``KEY=`` anywhere inside a frame that has none yet."""
        frames = {
            id(r): r
            for r in polygons
            if r.match.rule.bare_text == "起止层"
            and not any("起止层" in v for v in r.gathered.values.values())
        }
        if not frames:
            return
        offers: dict[int, list[tuple[tuple[bool, float], str]]] = defaultdict(list)
        for entity in self.cad.entities:
            if (
                not entity.text
                or entity.at is None
                or entity.kind in ("DIMENSION", "ATTRIB")
                or len(entity.text) > 60
            ):
                continue
            text = unicodedata.normalize("NFKC", entity.text).strip()
            title = None
            try:
                parse_floors(text)
            except BadRange:
                title = floors_of_title(text)
                if title is None:
                    continue
            spot = Point(self._metres(entity.at))
            for index in tree.query(spot, predicate="intersects"):
                ring = polygons[int(index)]
                if id(ring) not in frames:
                    continue
                if title is not None:
                    ring.titles.append(title)
                else:
                    telling = bool(re.search(r"[层F~至,、]|\d\s*-", text, re.IGNORECASE))
                    offers[id(ring)].append(((telling, entity.height), text))
        for key, ring in frames.items():
            found = sorted(offers[key], reverse=True)
            if found and (found[0][0][0] or not ring.titles):  # a plain number is worth less than a title
                best = found[0]
                rivals = {text for rank, text in found[1:] if rank == best[0] or not best[0][0]}
                if not (rivals - {best[1]}):
                    ring.gathered.add("text", {"起止层": best[1]})
            elif len(set(ring.titles)) == 1:
                ring.gathered.add("text", {"起止层": ring.titles[0]})

    def _from_table(self, rings: list[_Ring]) -> None:
        if not self.table:
            return
        for ring in rings:
            known = {k: v[0] for pairs in ring.gathered.values.values() for k, v in pairs.items() if v}
            building, floor = known.get("楼号", ""), known.get("层名", "")
            for key in (ring.entity.handle, f"{building}/{floor}", building):
                if key and key in self.table:
                    pairs = {self.catalogue.key(k): str(v) for k, v in self.table[key].items()}
                    allowed = set(self._role(ring.match).keys) | {"楼号"}
                    ring.gathered.add("table", {k: v for k, v in pairs.items() if k in allowed})
                    break

    def _settle(self, ring: _Ring) -> Settled:
        assert self.standard is not None
        settled = settle(ring.gathered, self.standard.attributes.order)
        role = self._role(ring.match)
        for clash in settled.clashes:
            if clash.same_source and clash.source == "text":
                self._tell(
                    "DXF-TWO-LABELS",
                    ring.match,
                    ring.entity,
                    key=clash.key,
                    first=clash.first,
                    second=clash.second,
                )
            elif not clash.same_source:
                first, other = _SOURCE_NAMES[clash.source], _SOURCE_NAMES[clash.other]
                self._tell(
                    "DXF-ATTRIBUTE-CONFLICT", ring.match, ring.entity, key=clash.key, first=clash.first,
                    second=clash.second, source=first[0], source_en=first[1], other=other[0], other_en=other[1],
                )  # fmt: skip
        for key, value in settled.not_numbers:
            self._tell(
                "DXF-ATTRIBUTE-VALUE",
                ring.match,
                ring.entity,
                key=key,
                value=value,
                unit=self.catalogue.number[key],
            )
        floors = settled.attributes.get("起止层")
        if isinstance(floors, str) and role.geometry == "frame" and not is_roof(floors):
            try:
                parse_floors(floors)
            except BadRange as error:
                self._tell("DXF-MULTIPLICITY", ring.match, ring.entity, text=floors, reason=error.zh)
        missing = [k for k in role.required if k not in settled.attributes]
        if missing:
            own = [k for k in settled.attributes if settled.sources[k] != "layer"]
            code = "DXF-ATTRIBUTE-MISSING" if own else "DXF-RING-NO-TEXT"
            self._tell(code, ring.match, ring.entity, keys="、".join(missing))
        return settled

    # --- holes and results ------------------------------------------------------------------------------

    def _cut_holes(self, rings: list[_Ring]) -> list[_Ring]:
        """Rings of one role and layer inside each other: those without attributes of their own are holes."""
        groups: dict[tuple[str, str], list[_Ring]] = defaultdict(list)
        for ring in rings:
            if self._role(ring.match).holes and isinstance(ring.geometry, Polygon) and ring.valid:
                groups[ring.role, ring.entity.layer].append(ring)
        gone: set[int] = set()
        for group in groups.values():
            if len(group) < 2:
                continue
            ordered = sorted(group, key=lambda r: -r.geometry.area)
            shells: list[_Ring] = []
            shapely.prepare([r.geometry for r in ordered])
            for ring in ordered:
                holder = next((s for s in reversed(shells) if s.geometry.contains(ring.geometry)), None)
                in_hole = holder is not None and any(h.geometry.contains(ring.geometry) for h in holder.holes)
                own = any(source != "layer" and pairs for source, pairs in ring.gathered.values.items())
                if holder is None or own or in_hole:
                    shells.append(ring)
                    continue
                holder.holes.append(ring)
                gone.add(id(ring))
                self._tell("DXF-HOLE", ring.match, ring.entity, area=f"{ring.area or 0.0:.2f}")
        return [r for r in rings if id(r) not in gone]

    def _finish(self, rings: list[_Ring]) -> list[RoleShape]:
        frames = [
            r for r in rings if r.role == "floor_frame" and isinstance(r.geometry, (Polygon, MultiPolygon))
        ]
        tree = shapely.STRtree([f.geometry for f in frames]) if frames else None
        out: list[RoleShape] = []
        for ring in rings:
            settled = self._settle(ring)
            geometry, area, members = ring.geometry, ring.area, ring.members
            if ring.holes:
                assert isinstance(geometry, Polygon)
                geometry = Polygon(
                    geometry.exterior,
                    [h.geometry.exterior for h in ring.holes if isinstance(h.geometry, Polygon)],
                )
                area = (area or 0.0) - sum(h.area or 0.0 for h in ring.holes)
                members += tuple(m for h in ring.holes for m in h.members)
            parent: str | None = None
            if tree is not None and ring.role != "floor_frame":
                spot = geometry.representative_point()
                holders = [frames[int(i)] for i in tree.query(spot, predicate="intersects")]
                if holders:
                    parent = min(holders, key=lambda f: f.geometry.area).entity.handle
            out.append(
                RoleShape(
                    role=ring.role,
                    geometry=geometry,
                    attributes=settled.attributes,
                    handle=ring.entity.handle,
                    layer=ring.entity.layer,
                    text="\n".join(ring.free_text),
                    area_m2=area,
                    parent=parent,
                    sources=settled.sources,
                    members=members,
                    valid=ring.valid,
                )
            )
        return out


def _prefixes(handle: str) -> list[str]:
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
