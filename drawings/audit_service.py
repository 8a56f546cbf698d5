"""审查报告: what was found in a drawing, drawn into a copy of it. Never commits."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from drawings.cad import read
from drawings.cad.audit_copy import audit_copy
from drawings.model_pack import unpack_model
from drawings.revision_service import get_revision_file
from drawings.shapes.repairs import repair_lines
from project_box import service as box
from project_box.kernel.errors import NotFound, TooLarge
from project_box.kernel.identity import Actor

#: a larger drawing takes the copy minutes; its report and the command line give the same findings
COPY_UP_TO_BYTES = 30_000_000


def audited_copy(session: Session, actor: Actor, revision_id: uuid.UUID, number: int) -> tuple[str, bytes]:
    """One file of a revision as DXF with its findings and open repairs on layers of their own.

    Returns:
        (file name, DXF); a DWG or IFC is drawn anew from what was read of it.

    Raises:
        NotFound: no such revision or file for this person, or the file is no drawing.
        TooLarge: above :data:`COPY_UP_TO_BYTES`.
    """
    file = get_revision_file(session, actor, revision_id, number)
    if file.model is None:
        raise NotFound("这个文件没有图形", "this file has no sheet")
    if box.get_file(session, actor, file.file_id).size > COPY_UP_TO_BYTES:
        raise TooLarge(
            f"图纸超过 {COPY_UP_TO_BYTES // 1_000_000} MB，页面上不制作副本",
            f"copies of drawings above {COPY_UP_TO_BYTES // 1_000_000} MB are not made on the page",
            remedy="用命令 project-box drawing 图纸 --write-audit 副本.dxf，或下载审查报告 JSON",
            remedy_en="run project-box drawing FILE --write-audit COPY.dxf, or take the report as JSON",
        )
    data = box.read_file(session, actor, file.file_id)
    model = unpack_model(file.model)
    cad = read(data, file.name, unit=(file.report.get("units") or {}).get("unit"))
    repairs = [
        (f"{r['id']} {r['message']}", repair_lines(r, cad.units.metres_per_unit))
        for r in model.repairs
        if not r["accepted"]
    ]
    copy = audit_copy(data, cad, model.issues, repairs)
    return f"{file.name.rsplit('.', 1)[0]}-审查.dxf", copy
