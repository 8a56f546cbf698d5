"""Map sheets printed from the workbench: PDF at a true scale, on request with the seal of the officer's authority.

Never commits.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis import crs as crs_module
from gis.boundaries.recording import latest_boundary
from gis.check.checking import today
from gis.layers.layer import LayerCatalogue, layer_catalogue
from gis.maps import map_repository
from gis.maps.print_map import sheet_svg
from gis.maps.sheet import PAPERS, SCALES, Sheet, SheetLayer, SheetShape
from gis.maps.sheet_words import Words, words
from gis.models import LayerVersion
from gis.repository import current_versions
from project_box import seal
from project_box import service as box
from project_box.document import SealPlace, typeset
from project_box.kernel.errors import BadInput, Forbidden
from project_box.kernel.identity import Actor

#: features of one layer on one sheet; more cannot be told apart on paper
_MOST_FEATURES = 20_000
#: a feature smaller than this on paper (mm²) is not drawn
_SMALLEST_MM2 = 0.02
_TITLE_LENGTH = 40


@dataclass(frozen=True, slots=True)
class PrintRequest:
    """A sheet as asked for.

    Attributes:
        x, y, crs: middle of the map frame, metres (crs: EPSG of a projected system).
        layers: (layer code, version number or None for the current one, opacity 0 to 1).
        project_id: whose 用地红线 is drawn.
        sealed: ask for the seal of the actor's authority.
        english: an English sheet; the authority, its seal and what the plans hold stay Chinese.
    """

    x: float
    y: float
    crs: int
    scale: int
    paper: str = "A4"
    landscape: bool = False
    title: str = ""
    layers: Sequence[tuple[str, int | None, float]] = ()
    project_id: uuid.UUID | None = None
    sealed: bool = False
    english: bool = False

    @property
    def words(self) -> Words:
        """The words of the sheet."""
        return words(self.english)


def print_sheet(session: Session, actor: Actor, request: PrintRequest) -> bytes:
    """The sheet as PDF.

    Raises:
        BadInput: no such scale, paper, layer or version, or the coordinate system has no metres.
        Forbidden: the seal was asked for by somebody who is no officer.
        NotFound: the project is not visible.
    """
    _check(actor, request)
    sheet = _sheet(session, actor, request)
    width, height = sheet.size
    day = dt.datetime.combine(sheet.printed_on, dt.time(), dt.UTC)
    pdf, place = typeset(
        "map_sheet",
        {
            "title": sheet.title,
            "author": sheet.sealed_by or actor.organisation_name or "项目盒",
            "width": width,
            "height": height,
            "svg": sheet_svg(sheet),
            "lang": sheet.words.lang,
            "seal": list(sheet.seal_place) if request.sealed else None,
        },
        created=day,
    )
    return _seal(session, actor, request, pdf, place) if request.sealed else pdf


def _check(actor: Actor, request: PrintRequest) -> None:
    if request.scale not in SCALES:
        offered = "、".join(f"1:{s}" for s in SCALES)
        raise BadInput(
            f"不能按 1:{request.scale} 打印",
            f"no scale 1:{request.scale}",
            code="print_scale",
            place="scale",
            remedy=f"选择 {offered}",
            remedy_en=f"choose {offered}",
        )
    if request.paper not in PAPERS:
        raise BadInput(
            f"没有 {request.paper[:20]} 幅面",
            f"no paper {request.paper[:20]!r}",
            code="print_paper",
            place="paper",
            remedy=f"选择 {'、'.join(PAPERS)}",
            remedy_en=f"choose {', '.join(PAPERS)}",
        )
    found = crs_module.crs(request.crs)
    if found.is_geographic or crs_module.unit_factor(request.crs) != 1.0:
        raise BadInput(
            "按比例尺打印需要以米为单位的投影坐标系",
            f"EPSG:{request.crs} is not a projected system in metres",
            code="print_crs",
            place="crs",
            remedy="选择项目的投影坐标系，例如 4547",
            remedy_en="choose the projected coordinate system of the project, such as 4547",
        )
    if not (math.isfinite(request.x) and math.isfinite(request.y)):
        raise BadInput("图幅中心坐标不是有效数字", "the centre is not finite", code="COORD-NAN", place="x")
    spot = (request.x, request.y, request.x, request.y)
    if crs_module.fit(spot, request.crs, near_degrees=3.0) is crs_module.Fit.OUTSIDE:
        raise BadInput(
            "图幅中心不在所选坐标系的范围内",
            "the centre lies outside of the coordinate system",
            code="CRS-OUTSIDE-AREA",
            place="x",
            remedy="检查坐标和坐标系",
            remedy_en="check coordinates and coordinate system",
        )
    if request.sealed and not actor.is_officer:
        raise Forbidden("只有审批机关的工作人员可以在图上盖章", "only officers may seal a map sheet")


def _sheet(session: Session, actor: Actor, request: PrintRequest) -> Sheet:
    boundary, title = None, request.title.strip()[:_TITLE_LENGTH]
    if request.project_id is not None:
        project = box.get_project(session, actor, request.project_id)
        found = latest_boundary(session, actor, request.project_id)
        if found is not None:
            boundary = crs_module.transform(found[1], found[0].crs or 0, request.crs)
        title = title or request.words.titled.format(project.name)[:_TITLE_LENGTH]
    empty = Sheet(
        title=title or request.words.untitled,
        x=request.x,
        y=request.y,
        crs=request.crs,
        crs_name=(crs_module.name_en if request.english else crs_module.name)(request.crs),
        scale=request.scale,
        printed_on=today(),
        paper=request.paper,
        landscape=request.landscape,
        boundary=boundary,
        author=actor.name,
        sealed_by=actor.organisation_name if request.sealed else "",
        words=request.words,
    )
    layers = _layers(session, request, shapely.box(*empty.extent))
    return Sheet(**{name: getattr(empty, name) for name in empty.__slots__} | {"layers": layers})


def _layers(session: Session, request: PrintRequest, frame: BaseGeometry) -> list[SheetLayer]:
    catalogue = layer_catalogue()
    current = current_versions(session)
    named = map_repository.versions_named(session, [v for _, v, _ in request.layers if v is not None])
    wanted: dict[str, tuple[LayerVersion | None, float]] = {}
    for code, number, opacity in request.layers:
        definition = catalogue.get(code)
        row = named.get(number) if number is not None else current.get(definition.code)
        if number is not None and (row is None or row.layer_code != definition.code):
            raise BadInput(
                f"图层 {definition.code} 没有编号为 {number} 的版本",
                f"layer {definition.code} has no version {number}",
                code="unknown_version",
                place="layers",
            )
        wanted[definition.code] = (row, min(max(opacity, 0.0), 1.0))
    ordered = [code for code in catalogue.layers if code in wanted]
    return [_layer(session, catalogue, code, *wanted[code], request, frame) for code in ordered]


def _layer(
    session: Session,
    catalogue: LayerCatalogue,
    code: str,
    row: LayerVersion | None,
    opacity: float,
    request: PrintRequest,
    frame: BaseGeometry,
) -> SheetLayer:
    definition = catalogue.get(code)
    classes = definition.classes.values if definition.classes else {}
    english, said = request.english, request.words
    name = definition.name_en if english else definition.name
    legend = {key: (c.name_en if english else c.name, c.fill) for key, c in classes.items()}
    if row is None:
        return SheetLayer(name, "", definition.symbol, missing=said.no_data)
    version = row.version if row.current else said.not_current.format(row.version)
    if not crs_module.can_transform(row.source_crs, request.crs):
        return SheetLayer(name, version, definition.symbol, missing=said.not_movable)
    around = crs_module.transform_unchecked(
        shapely.segmentize(frame, request.scale / 20), request.crs, 3857
    ).bounds
    smallest = _SMALLEST_MM2 * (request.scale / 1000) ** 2
    found = map_repository.features_in(session, row.id, around, smallest, _MOST_FEATURES + 1)
    if len(found) > _MOST_FEATURES:
        raise BadInput(
            f"图层“{definition.name}”在这个图幅里超过 {_MOST_FEATURES} 个图斑",
            f"layer {code} has more than {_MOST_FEATURES} features on this sheet",
            code="print_too_many",
            place="layers",
            remedy="换用更大的比例尺，或不打印这个图层",
            remedy_en="use a larger scale, or leave the layer out",
        )
    geometries = np.asarray(shapely.from_wkb([blob for _, _, blob in found]), dtype=object)
    moved = crs_module.transform_array(geometries, row.source_crs, request.crs) if found else geometries
    shapes = [
        SheetShape(g, key, label)
        for (key, label, _), g in zip(found, moved, strict=True)
        if g is not None and g.intersects(frame)
    ]
    return SheetLayer(name, version, definition.symbol, shapes, legend, opacity)


def _seal(
    session: Session, actor: Actor, request: PrintRequest, pdf: bytes, place: SealPlace | None
) -> bytes:
    """The seal of the actor's authority; that it was used, and by whom, is recorded."""
    authority = actor.organisation_name
    sealed = seal.sign_pdf(
        pdf,
        seal.certificate_for(authority),
        reason=f"图件 {request.title or '规划一张图'} 1:{request.scale}",
        location=authority,
        place=place,
    )
    subject = f"project:{request.project_id}" if request.project_id else "map"
    box.record_audit(
        session,
        actor,
        "gis.map_sealed",
        subject,
        {
            "title": request.title,
            "scale": request.scale,
            "centre": [round(request.x, 3), round(request.y, 3)],
            "crs": request.crs,
            "layers": [code for code, _, _ in request.layers],
            "size": len(sealed),
        },
    )
    return sealed
