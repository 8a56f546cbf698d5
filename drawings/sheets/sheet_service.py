"""Use cases that read a revision: its sheets, its area table, its differences from another. Never commits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from drawings import repository
from drawings.areas.area_table import AreaTable, area_table
from drawings.cad import read
from drawings.comparing.compare import Comparison, compare
from drawings.drawing import DrawingModel
from drawings.model_pack import unpack_model
from drawings.models import Revision, RevisionFile
from drawings.revision_service import positioned_models
from drawings.sheets.sheet import build_sheet, sheet_to_geojson
from drawings.sheets.sheet_pack import is_pack, pack, unpack
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.kernel.identity import Actor
from project_box.kernel.storage import store_from_settings


def packed_sheet(session: Session, file: RevisionFile) -> bytes:
    """The sheet of a revision file as :mod:`drawings.sheets.sheet_pack` describes, compressed.

    It was made when the file was handed in; one that an earlier version of the platform kept is made anew.

    Raises:
        NotFound: the file has no sheet (a side table).
    """
    packed = repository.sheet(session, file.id)
    if packed is None:
        raise NotFound("这个文件没有图形", "this file has no sheet")
    if not is_pack(packed):
        packed = _made_anew(session, file)
    return packed


def _made_anew(session: Session, file: RevisionFile) -> bytes:
    model = next(m for row, m in repository.file_models(session, file.revision_id) if row.id == file.id)
    unit = (file.report.get("units") or {}).get("unit")
    cad = read(store_from_settings().read(file.sha256), file.name, unit=unit)
    if model is None:
        raise NotFound("这个文件没有图形", "this file has no sheet")
    packed = pack(build_sheet(cad, unpack_model(model)))
    session.execute(update(RevisionFile).where(RevisionFile.id == file.id).values(sheet=packed))
    return packed


def sheet_geojson(session: Session, file: RevisionFile) -> dict[str, Any]:
    """The sheet of a file: features with handle, layer, role, colour, text; see :mod:`drawings.sheets.sheet`."""
    return sheet_to_geojson(unpack(packed_sheet(session, file)))


@dataclass(frozen=True, slots=True)
class RevisionPair:
    """Two revisions with their drawings, as (file position, drawing), and the differences between them."""

    before: Revision
    after: Revision
    models_before: list[tuple[int, DrawingModel]]
    models_after: list[tuple[int, DrawingModel]]
    found: Comparison


def compare_revisions(
    session: Session,
    actor: Actor,
    project_id: uuid.UUID,
    before: int | None = None,
    after: int | None = None,
    *,
    in_place: bool = False,
) -> RevisionPair:
    """Compare two revisions of a visible project 图纸比对.

    Args:
        before, after: revision numbers; the newest two (the older one first) where left out.
        in_place: see :func:`drawings.comparing.compare.compare`.

    Raises:
        NotFound: no such project or revision for this person, or there is only one revision and none was named.
    """
    box.get_project(session, actor, project_id)
    known = {r.number: r for r in repository.revisions(session, actor, project_id)}
    if not known:
        raise NotFound("这个项目还没有图纸", "no drawings yet")
    last = after if after is not None else max(known)
    first = before if before is not None else max((n for n in known if n < last), default=last)
    for number in (first, last):
        if number not in known:
            raise NotFound(f"没有第 {number} 版图纸", f"no revision {number}")
    if before is None and first == last:
        raise NotFound("只有一版图纸，没有可以比对的版本", "there is only one revision")
    old, new = positioned_models(session, known[first]), positioned_models(session, known[last])
    return RevisionPair(known[first], known[last], old, new, compare(old, new, in_place=in_place))


def revision_areas(
    session: Session, actor: Actor, project_id: uuid.UUID, number: int | None = None
) -> tuple[Revision, AreaTable]:
    """建筑面积统计表 of a revision (the newest if ``number`` is None) of a visible project.

    Raises:
        NotFound: no such project or revision for this person.
    """
    box.get_project(session, actor, project_id)
    known = {r.number: r for r in repository.revisions(session, actor, project_id)}
    if not known:
        raise NotFound("这个项目还没有图纸", "no drawings yet")
    chosen = number if number is not None else max(known)
    if chosen not in known:
        raise NotFound(f"没有第 {chosen} 版图纸", f"no revision {chosen}")
    return known[chosen], area_table([model for _, model in positioned_models(session, known[chosen])])
