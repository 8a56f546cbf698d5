"""好差评 of a refused case: who may rate, what is kept, who sees it, the JSON twin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from approval import repository, service
from approval.rating import Satisfaction
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Actor
from project_box.models import AuditEvent, Project
from web.views import cases as case_views
from web.views import tasks as task_views

from .case_steps import PDF

pytestmark = pytest.mark.integration
Actors = dict[str, Actor]


def test_the_applicant_rates_an_ended_case_once(
    session: Session, actors: Actors, new_project: Callable[..., Project]
) -> None:
    developer, project = actors["developer"], new_project("2601-430104-04-01-700099")
    case = service.start_case(session, developer, project.id, "planning-permit")
    service.save_form(session, developer, case.id, {"phone": "0731-88880000"})
    for line in service.materials(session, developer, case.id):
        if line.status == "missing":
            service.attach_material(session, developer, case.id, line.code, "a.pdf", PDF)
    service.submit(session, developer, case.id)
    with pytest.raises(Conflict, match="after it has ended"):
        service.rate_case(session, developer, case.id, "satisfied")
    task = next(t for t in repository.case_tasks(session, case.id) if t.step == "accept")
    reason = service.item_version(case).item.reasons[0].code
    service.act(session, actors["window"], task.id, "refuse", "不属于本机关职权范围", {"reason_code": reason})
    before = service.rating_totals(session, actors["reviewer"])
    assert service.can_rate(session, developer, case)
    assert not service.can_rate(session, actors["window"], case)
    with pytest.raises(Forbidden):
        service.rate_case(session, actors["window"], case.id, "satisfied")
    with pytest.raises(NotFound):
        service.rate_case(session, actors["developer2"], case.id, "satisfied")
    for level, comment in (("great", ""), ("satisfied", "x" * 1001), ("satisfied", "a\x00b")):
        with pytest.raises(BadInput):
            service.rate_case(session, developer, case.id, level, comment)
    service.rate_case(session, developer, case.id, "不满意", "  理由没有说清  ")
    with pytest.raises(Conflict, match="rated already"):
        service.rate_case(session, developer, case.id, "satisfied")

    seen = case_views.case_view(session, actors["handler"], case.id)["rating"]
    assert (seen["level"], seen["comment"], seen["poor"]) == ("dissatisfied", "理由没有说清", True)
    assert case_views.case_view(session, developer, case.id)["can_rate"] is False
    after = service.rating_totals(session, actors["reviewer"])
    assert {x: after[x] - before[x] for x in Satisfaction if after[x] != before[x]} == {
        Satisfaction.DISSATISFIED: 1
    }
    assert service.rating_totals(session, actors["developer2"])[Satisfaction.DISSATISFIED] == 0
    assert task_views.tasks_view(session, actors["signer"])["ratings"]["poor"] >= 1
    assert task_views.tasks_view(session, actors["handler"])["ratings"] is None
    audit = session.scalars(select(AuditEvent).where(AuditEvent.subject == f"case:{case.id}")).all()
    assert audit[-1].kind == "case.rated"
    assert box.verify_audit(session) is None


def test_json_twin_refuses_what_is_not_there(
    client: TestClient, sign_in: Callable[[TestClient, str], dict[str, str]]
) -> None:
    headers = sign_in(client, "developer")
    nowhere = "/api/v1/cases/00000000-0000-0000-0000-000000000000/rating"
    assert client.post(nowhere, json={"level": "fair"}, headers=headers).status_code == 404
    assert client.post(nowhere, json={}, headers=headers).status_code == 422
    assert client.post(nowhere, json={"level": "fair"}).status_code == 401
