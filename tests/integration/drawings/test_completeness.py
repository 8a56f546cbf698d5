"""完整性检查 of a round: told by the platform, decided by an officer, sent back with entries to answer."""

from __future__ import annotations

import uuid

import pytest

from drawings import service
from drawings.review.review_service import open_review
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden
from tests.unit.drawings import build


@pytest.fixture
def review(session, actors):
    """A round on a drawing without a site boundary."""
    developer = actors["developer"]
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    project = box.create_project(session, developer, code=code, name="不完整")
    box.grant(
        session, project.id, role=None, organisation_id=actors["handler"].organisation_id, reason="test"
    )
    doc = build.new()
    build.box(doc, "建筑基底", build.X, build.Y, 40, 15)
    revision = service.submit_revision(session, developer, project.id, [("总平图.dxf", build.data(doc))])
    return open_review(
        session, actors["handler"], uuid.uuid4(), project.id, revision.id, ["fire"], item="planning-permit"
    )


def agree(session, actors, review) -> None:
    service.give_opinion(session, actors["fire"], review.id, verdict="agree", text="")


def test_an_incomplete_round_cannot_agree_until_an_officer_says_why(session, actors, review) -> None:
    found = service.completeness(session, actors["handler"], review.id)
    assert [line.code for line in found.lines if line.blocks] == ["red_line"]
    assert not found.complete
    agree(session, actors, review)
    with pytest.raises(Conflict) as refused:
        service.close_review(session, actors["handler"], review.id)
    assert refused.value.code == "incomplete"
    with pytest.raises(BadInput):  # without a reason
        service.check_completeness(
            session, actors["handler"], review.id, said={"red_line": ("waived", " ")}, complete=True
        )
    with pytest.raises(Forbidden):
        service.check_completeness(session, actors["fire"], review.id, said={}, complete=True)
    said = {"red_line": ("waived", "装修工程，红线见上次许可")}
    service.check_completeness(session, actors["handler"], review.id, said=said, complete=True)
    after = service.completeness(session, actors["developer"], review.id)
    assert after.complete
    assert after.checks[0].officer.name == actors["handler"].name
    assert service.close_review(session, actors["handler"], review.id).verdict == "agree"


def test_sent_back_with_entries_that_have_to_be_answered(session, actors, review) -> None:
    developer, handler = actors["developer"], actors["handler"]
    with pytest.raises(Conflict):
        service.check_completeness(session, handler, review.id, said={}, complete=True)
    said = {"fire_plan": ("missing", "缺消防车道图")}
    service.check_completeness(session, handler, review.id, said=said, complete=False)
    session.refresh(review)
    assert review.verdict == "modify"
    points = service.points_to_answer(session, review)
    assert {p.source for p in points} == {"completeness:red_line", "completeness:fire_plan"}
    assert any("缺消防车道图" in p.text for p in points)
    with pytest.raises(BadInput) as refused:
        service.submit_revision(
            session, developer, review.project_id, [("总平图.dxf", build.data(build.site_plan()))]
        )
    assert refused.value.code == "unanswered"
    for point in points:
        service.reply(session, developer, review.id, point.source, "已补齐")
    service.submit_revision(
        session, developer, review.project_id, [("总平图.dxf", build.data(build.site_plan()))]
    )
    assert any("完整性检查不合格" in m.body for m in box.list_messages(session, developer))


def test_nothing_missing_cannot_be_sent_back(session, actors, review) -> None:
    said = {"red_line": ("there", ""), "fire_plan": ("there", "")}
    with pytest.raises(BadInput):
        service.check_completeness(session, actors["handler"], review.id, said=said, complete=False)
    with pytest.raises(BadInput):
        service.check_completeness(
            session, actors["handler"], review.id, said={"none": ("there", "")}, complete=True
        )
