"""A case from draft to delivered permit, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from approval import repository, service
from approval.case import CaseState, TaskState
from approval.models import Case, Task
from project_box.kernel.errors import BadInput, NotFound
from project_box.kernel.identity import Actor
from project_box.models import Project

from .conftest import PDF

pytestmark = pytest.mark.integration
PHONE = "0731-88880000"


def fill(session: Session, developer: Actor, case: Case) -> None:
    service.save_form(session, developer, case.id, {"phone": PHONE})
    for line in service.materials(session, developer, case.id):
        if line.status == "missing":
            service.attach_material(session, developer, case.id, line.code, f"{line.code}.pdf", PDF)


def open_task(session: Session, case: Case, step: str) -> Task:
    return next(
        t
        for t in repository.case_tasks(session, case.id)
        if t.step == step and t.discipline is None and t.state is not TaskState.DONE
    )


def test_planning_permit_from_draft_to_delivery(
    session: Session, actors: dict[str, Actor], new_project: Callable[..., Project]
) -> None:
    developer, project = actors["developer"], new_project()
    case = service.start_case(session, developer, project.id, "planning-permit")
    assert case.state is CaseState.DRAFT
    with pytest.raises(NotFound):
        service.get_case(session, actors["window"], case.id)
    with pytest.raises(BadInput) as incomplete:
        service.submit(session, developer, case.id)
    assert {f["code"] for f in incomplete.value.details["findings"]} >= {
        "gate.material.land_right",
        "form.phone",
    }
    fill(session, developer, case)
    summary = service.materials_summary(session, developer, case.id)
    assert (summary["asked"], summary["reused"]) == (2, 5)
    service.submit(session, developer, case.id)
    assert case.serial is not None
    assert service.get_case(session, actors["window"], case.id).state is CaseState.SUBMITTED
