"""From CAD entities to shapes with roles: rings closed and chained, attributes gathered, issues told.

Pure: nothing is read or written here; the same file and standard always give the same model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon

from drawings.areas.declared import compare_declared
from drawings.cad.model import CadEntity, CadFile
from drawings.cad.selection import layers_drawn
from drawings.deadline import Deadline, OutOfTimeError
from drawings.drawing import DrawingModel, LayerUse, RoleShape, Sheet
from drawings.interpreting.area_labels import check_area_labels
from drawings.interpreting.audit import APPROVED, audit, check_dimensions
from drawings.interpreting.building_model import interpret_ifc
from drawings.interpreting.divided import parts_of, whole
from drawings.interpreting.gathering import Gatherer, Table
from drawings.interpreting.georeference import locate
from drawings.interpreting.legend import without_legend
from drawings.interpreting.parcels import without_neighbours
from drawings.interpreting.sheet_copies import without_copies
from drawings.interpreting.spaces import tell_areas
from drawings.issues import Collector, issue
from drawings.reading import Reading, reading
from drawings.shapes.holes import cut_holes, with_holes
from drawings.shapes.repairs import Acceptance, Ledger, repair_names, repair_to_plain
from drawings.shapes.ring_making import RingMaker
from drawings.shapes.work import OutOfRoomError, Ring, Work
from drawings.standards.guess import Guess
from drawings.standards.standards import Standard, detect, roles
from project_box.kernel.catalogue import uncollected
from project_box.kernel.finding import Issue


def interpret(
    cad: CadFile,
    standard: Standard | None = None,
    *,
    table: Table | None = None,
    settings: Reading | None = None,
    guesses: Mapping[str, Sequence[Guess]] | None = None,
    acceptance: Acceptance | None = None,
    approved_area_m2: float | None = None,
) -> DrawingModel:
    """Interpret a CAD file under a drawing standard.

    Args:
        cad: the file as read.
        standard: the drawing standard; None lets the best-fitting one be found from the layers.
        table: side table of attributes (from a spreadsheet), the least trusted source.
        settings: tolerances of reading; the catalogue's if left out.
        guesses: proposed roles of layers (:mod:`drawings.standards.guess`); told for layers the standard does not know.
        acceptance: repairs a person has accepted; the rules' own are always applied.
        approved_area_m2: site area of the approval, compared with what is drawn; else the drawing's own 批准用地面积.

    Returns:
        shapes in metres with coded issues; an unreadable file gives a model with its issues and nothing else.
    """
    settings = settings or reading()
    standard = standard or _detected(cad)
    model = _blank(cad, standard)
    if not cad.readable:
        return model
    issues = Collector(settings.limits.issues_per_code, cad.name, parts_of(cad))
    if cad.ifc is not None:
        model = interpret_ifc(model, cad, issues)
        return replace(model, standard=None, issues=_ordered(*model.issues, *issues.finish()))
    deadline = Deadline(settings.limits.interpret_seconds)
    ledger = Ledger(acceptance, settings.limits.repairs_per_kind)
    try:
        work = Work(cad, standard, issues, settings, ledger, deadline)
        if work.planned > (limit := settings.limits.planned):
            issues.add("DXF-TOO-MANY", what="有角色的图形", what_en="entities with a role", limit=limit)
            return replace(model, readable=False, issues=_ordered(*model.issues, *issues.finish()))
        with uncollected():
            return _understood(model, work, table or {}, guesses or {}, approved_area_m2)
    except OutOfRoomError:
        limit = settings.limits.chords
        issues.add("DXF-TOO-MANY", what="圆弧的弦", what_en="chords of arcs", limit=limit)
        return replace(model, readable=False, issues=_ordered(*model.issues, *issues.finish()))
    except OutOfTimeError:
        bound = issue("DXF-BOUND", file=cad.name, seconds=math.ceil(deadline.seconds))
        return replace(model, readable=False, issues=_ordered(bound, *model.issues, *issues.finish()))


def _detected(cad: CadFile) -> Standard | None:
    """The standard that fits the layers best; of a plan that lies in one block those of the block."""
    used = [name for name, layer in cad.layers.items() if layer.entities] or list(cad.layers)
    return detect(used) or detect(layers_drawn(cad.entities))


def _blank(cad: CadFile, standard: Standard | None) -> DrawingModel:
    """The model with what reading tells, before anything is understood."""
    units = {
        "unit": cad.units.unit,
        "metres_per_unit": cad.units.metres_per_unit,
        "source": cad.units.source,
        "header": cad.units.header,
        "evidence": list(cad.units.evidence),
        "evidence_en": list(cad.units.evidence_en),
        "confidence": cad.units.confidence,
        "why": [
            {"evidence": v.sort, "unit": v.says, "weight": v.weight, "detail": v.detail}
            for v in cad.units.votes
        ],
    }
    return DrawingModel(
        name=cad.name,
        sha256=cad.sha256,
        standard=standard.code if standard else None,
        kind="unknown",
        units=units,
        issues=_asked(cad, standard),
        readable=cad.readable,
        format=cad.format,
        version=cad.version,
    )


def _understood(
    model: DrawingModel,
    work: Work,
    table: Table,
    guesses: Mapping[str, Sequence[Guess]],
    approved_area_m2: float | None,
) -> DrawingModel:
    """The model of a readable CAD file.

    Raises:
        OutOfTimeError: it takes too long.
    """
    cad, issues, standard = work.cad, work.issues, work.standard
    steps = _Interpretation(work, table)
    if standard is None and cad.entities:
        issues.add("DXF-STANDARD-UNKNOWN")
    shapes = _counted(work, steps.shapes()) if standard is not None else ()
    kind = steps.kind(shapes)
    place = locate(cad, work.settings)
    if place["kind"] == "national" and place["axis_swapped"]:
        issues.add("DXF-AXES-SWAPPED")
    dimensions = check_dimensions(cad, issues, roles().tolerances)
    if approved_area_m2 is not None:  # what the authority says goes before what the drawing says of it
        work.drawing_attributes[APPROVED] = f"{approved_area_m2:.6f}"
    if standard is not None:
        audit(shapes, work.drawing_attributes, standard, kind, cad, issues, work.deadline)
        check_area_labels(work, shapes)
    _tell_guesses(guesses, standard, issues)
    for sort, count in sorted(work.ledger.left_out.items()):
        names = repair_names(sort)
        issues.add("DXF-REPAIRS-MANY", kind=names[0], kind_en=names[1], count=count, limit=work.ledger.limit)
    model = replace(
        model,
        kind=kind,
        crs_hint=place["epsg"] if not place["axis_swapped"] else None,
        georeference=place,
        repairs=tuple(
            repair_to_plain(replace(r, layer=issues.parts.get(r.layer, r.layer))) for r in work.ledger.items
        ),
        shapes=shapes,
        sheets=steps.sheets(shapes),
        layers=steps.layer_uses(),
        dimensions=dimensions,
        attributes=work.drawing_attributes,
    )
    if standard is not None:
        tell_areas(model, issues)
        compare_declared(model, work.words, work.told_at, issues, work.deadline)
    return whole(replace(model, issues=_ordered(*model.issues, *issues.finish())), issues.parts)


def _counted(work: Work, shapes: tuple[RoleShape, ...]) -> tuple[RoleShape, ...]:
    """The shapes without samples of a legend, further copies of the site and neighbouring parcels."""
    return without_neighbours(work, without_copies(work, without_legend(work, shapes)))


def _asked(cad: CadFile, standard: Standard | None) -> tuple[Issue, ...]:
    """What reading told; the unit need not be asked about where the drawing standard asks for it too."""
    agreed = standard is not None and standard.units == cad.units.unit
    return tuple(i for i in cad.issues if not (agreed and i.code == "DXF-UNITS-HEADER-ONLY"))


def _ordered(*found: Issue) -> tuple[Issue, ...]:
    """Errors first, otherwise as they came."""
    order = {"error": 0, "warning": 1, "info": 2}
    return tuple(sorted(found, key=lambda i: order[i.level.value]))


def _tell_guesses(found: Mapping[str, Sequence[Guess]], standard: Standard | None, issues: Collector) -> None:
    """Layers the standard does not know, with the role their name and content speak for."""
    for layer, offers in sorted(found.items()):
        if not offers or offers[0].role == "reference":
            continue
        if standard is not None and standard.match(layer) is not None:
            continue
        role = roles().roles[offers[0].role]
        issues.add(
            "DXF-LAYER-GUESS",
            layer=layer,
            role=role.zh,
            role_en=role.en,
            proposed=offers[0].role,
            confidence=f"{offers[0].confidence:.0%}",
            why=offers[0].why,
            why_en=offers[0].why_en or offers[0].why,
        )


class _Interpretation:
    def __init__(self, work: Work, table: Table) -> None:
        self.work = work
        self.gatherer = Gatherer(work, table)

    # --- public to interpret() --------------------------------------------------------------------------

    def shapes(self) -> tuple[RoleShape, ...]:
        """All shapes, rings first found first."""
        rings = RingMaker(self.work).rings()
        rings += self._measures()
        self.gatherer.gather(rings)
        rings = cut_holes(self.work, rings)
        return tuple(self._finish(rings))

    def kind(self, shapes: tuple[RoleShape, ...]) -> str:
        """What drawing this is: by what is in it; the file name decides when both kinds are."""
        found = {self.work.catalogue.roles[s.role].kind for s in shapes} - {"any"}
        if len(found) == 1:
            return found.pop()
        if self.work.standard is not None:
            for kind, rule in self.work.standard.kinds.items():
                if rule.name and rule.name in self.work.cad.name and (kind in found or not found):
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
        return tuple([Sheet(s.name, s.kind, s.entities) for s in self.work.cad.sheets] + frames)

    def layer_uses(self) -> tuple[LayerUse, ...]:
        """Layers with their roles."""
        out = []
        hidden: list[str] = []
        for name, layer in sorted(self.work.cad.layers.items()):
            match = self.work.matches.get(name)
            role = match.role if match else None
            planning = role is not None and role != "reference" and layer.part_of is None
            if planning and layer.entities and (layer.frozen or not layer.visible):
                hidden.append(name)
            out.append(LayerUse(name, layer.color, layer.entities, role, layer.visible and not layer.frozen))
        if hidden:
            shown = "、".join(hidden[:5]) + ("…" if len(hidden) > 5 else "")
            self.work.issues.add("DXF-LAYER-OFF", layer=hidden[0], names=shown, count=len(hidden))
        return tuple(out)

    def _measures(self) -> list[Ring]:
        """Dimensions on layers of a line role (heights) become lines with their measured value."""
        out: list[Ring] = []
        for dimension in self.work.cad.dimensions:
            match = self.work.matches.get(dimension.layer)
            if match is None or match.role not in ("height_mark", "setback") or len(dimension.points) < 2:
                continue
            line = LineString([self.work.metres(p) for p in dimension.points[:2]])
            entity = CadEntity(dimension.handle, "DIMENSION", dimension.layer, "#ffffff", at=dimension.at)
            ring = Ring(match, entity, line, None, (dimension.handle,))
            if dimension.measured is not None and dimension.kind != "angular":
                ring.gathered.add("block", {"测量值": f"{dimension.measured * self.work.scale:.4f}"})
            if dimension.text:
                ring.gathered.add("block", {"标注文字": dimension.text})
            out.append(ring)
        return out

    def _finish(self, rings: list[Ring]) -> list[RoleShape]:
        frames = [
            r for r in rings if r.role == "floor_frame" and isinstance(r.geometry, (Polygon, MultiPolygon))
        ]
        tree = shapely.STRtree([f.geometry for f in frames]) if frames else None
        out: list[RoleShape] = []
        for ring in rings:
            self.work.deadline.check()
            settled = self.gatherer.settle(ring)
            geometry, area = with_holes(ring)
            members = ring.members + tuple(m for h in ring.holes for m in h.members)
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
