"""Proposed repairs, accepted by a person: read again as a new revision, with who accepted and what was refused."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from drawings import service
from project_box import service as box
from project_box.kernel.errors import BadInput, Forbidden
from project_box.models import AuditEvent
from tests.unit.drawings import build

pytestmark = pytest.mark.integration


def test_an_accepted_repair_makes_the_next_revision(session, actors) -> None:
    developer = actors["developer"]
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    project = box.create_project(session, developer, code=code, name="修复测试")
    doc = build.site_plan()
    x, y = build.X + 150, build.Y + 60
    corners = [(x, y), (x + 20, y), (x + 20, y + 10), (x, y + 10), (x, y + 0.3)]  # 0.3 m short of closing
    doc.modelspace().add_lwpolyline(corners, close=False, dxfattribs={"layer": "建筑基底"})
    first = service.submit_revision(session, developer, project.id, [("总平图.dxf", build.data(doc))])
    offered = [r for r in first.files[0].report["repairs"] if not r["accepted"]]
    assert offered, first.files[0].report["repairs"]
    with pytest.raises(BadInput):
        service.decide_repairs(session, developer, first.id, ["nothing"])
    box.grant(
        session, project.id, role=None, organisation_id=actors["handler"].organisation_id, reason="test"
    )
    with pytest.raises(Forbidden):
        service.decide_repairs(session, actors["handler"], first.id, [offered[0]["id"]])
    second = service.decide_repairs(session, developer, first.id, [offered[0]["id"]])
    assert second.number == 2
    done = next(r for r in second.files[0].report["repairs"] if r["id"] == offered[0]["id"])
    assert done["accepted"] and done["by"] == f"person:{developer.name}"
    assert len(service.revision_models(session, second)[0].by_role("footprint")) > len(
        service.revision_models(session, first)[0].by_role("footprint")
    )
    assert not next(r for r in first.files[0].report["repairs"] if r["id"] == offered[0]["id"])["accepted"]
    told = session.scalars(select(AuditEvent).where(AuditEvent.kind == "drawings.repairs_decided")).all()
    assert told[-1].payload["accepted"] == [offered[0]["id"]]


def test_a_refused_repair_is_recorded_and_holds_for_later_revisions(session, actors) -> None:
    developer = actors["developer"]
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    project = box.create_project(session, developer, code=code, name="拒绝修复")
    doc = build.site_plan()
    x, y = build.X + 150, build.Y + 60
    corners = [(x, y), (x + 20, y), (x + 20, y + 10), (x, y + 10), (x, y + 0.3)]
    doc.modelspace().add_lwpolyline(corners, close=False, dxfattribs={"layer": "建筑基底"})
    files = [("总平图.dxf", build.data(doc))]
    first = service.submit_revision(session, developer, project.id, files)
    repair = next(r["id"] for r in first.files[0].report["repairs"] if not r["accepted"])
    with pytest.raises(BadInput, match="both accepted and refused"):
        service.decide_repairs(session, developer, first.id, [repair], {repair: ""})
    same = service.decide_repairs(session, developer, first.id, [], {repair: " 这里本来就是开口 "})
    assert same.id == first.id
    second = service.submit_revision(session, developer, project.id, files)
    told = service.refused_repairs(session, second)[repair]
    assert (told["by"], told["reason"], told["revision"]) == (developer.name, "这里本来就是开口", 1)
    service.decide_repairs(session, developer, second.id, [repair])
    assert repair not in service.refused_repairs(session, second)
