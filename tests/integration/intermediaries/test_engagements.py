"""Dispatch, acceptance, delivery and rating on a real database; who sees what."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from intermediaries import delivery_service, repository, service
from intermediaries.engagement import DIMENSIONS, Status
from intermediaries.events import AllEngagementsDelivered, EngagementDelivered
from intermediaries.lines import LineStatus
from intermediaries.models import Agency, Engagement
from intermediaries.selection import recompute
from project_box import document, seal
from project_box import service as box
from project_box.accounts import create_organisation
from project_box.kernel import events
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound, TooLarge
from project_box.kernel.identity import Role
from project_box.models import AuditEvent, ProjectGrant
from project_box.stage import Stage
from web.seed.agencies import seed_agencies

pytestmark = pytest.mark.integration
SCORES = dict.fromkeys(DIMENSIONS, 5)
QUIET = {
    "special_works": [],
    "hilly_area": False,
    "energy_tce": 10,
    "electricity_kwh": 10,
    "traffic_assessment_stated": False,
}
LAYERS = {
    "DZZH": "hit", "STBC": "hit", "YFK": "clear", "HLFX": "clear", "LX": "clear", "DXWW": "clear", "JKDD": "clear",
    "WWBH": "clear", "LINDI": "clear", "DZDL": "clear",
}  # fmt: skip


@pytest.fixture
def heard():
    """Events of the room, as they are published."""
    got: list[events.Event] = []

    def listen(session, event):
        got.append(event)

    kinds = (EngagementDelivered, AllEngagementsDelivered)
    for kind in kinds:
        events._handlers[kind].append(listen)
    yield got
    for kind in kinds:
        events._handlers[kind].remove(listen)


@pytest.fixture
def world(session, actors):
    seed_agencies(session)
    return actors


@pytest.fixture
def project(session, world):
    made = box.create_project(
        session,
        world["developer"],
        code="2611-430999-04-01-900001",
        name='样例花园 #panic() "一期"',
        location="学府路",
    )
    record_conflicts(session, world["developer"], made.id)
    for role in (Role.WINDOW, Role.HANDLER, Role.REVIEWER, Role.SIGNER, Role.DISCIPLINE):
        box.grant(session, made.id, role=role, reason="case")
    return made


def record_conflicts(session, actor, project_id, layers=LAYERS, regional=()):
    box.put_result(
        session, actor, project_id, kind="conflict_report", stage=Stage.PLANNING_LAND, title="多规检查",
        source={}, trust="B",
        payload={
            "site_area_m2": "62345.10",
            "layers": [
                {"code": c, "status": s, "overlap_m2": "10.00", "features": [{"attributes": {"YFCD": "中"}}]}
                for c, s in layers.items()
            ],
            "zones": {"regional_evaluations": list(regional)},
        },
    )  # fmt: skip


@pytest.fixture
def case_id():
    return uuid.uuid4()


def by_code(engagements):
    return {e.line.code: e for e in engagements}


def agent(world, engagement):
    """The person who acts for the engaged agency."""
    return next(a for a in world.values() if a.organisation_id == engagement.agency.organisation_id)


def test_the_whole_walk(session, world, project, case_id, heard):
    handler = world["handler"]
    sent = by_code(service.dispatch(session, handler, project.id, case_id, QUIET))
    assert set(sent) == {"DZZH", "STBC"}, "two tasks at once"
    assert agent(world, sent["DZZH"]) == world["agency"] and agent(world, sent["STBC"]) == world["agency2"]
    lines = {x.code: x for x in service.case_lines(session, case_id)}
    assert lines["DZZH"].rule == "DZZH-1" and "中" in lines["DZZH"].reason
    assert lines["YFK"].status is LineStatus.NOT_NEEDED
    assert {x.status for x in lines.values()} == {LineStatus.DISPATCHED, LineStatus.NOT_NEEDED}
    assert service.open_lines(session, case_id) == 2

    for code, engagement in sent.items():
        person = agent(world, engagement)
        assert box.get_project(session, person, project.id).id == project.id, (
            "the engagement opens the project"
        )
        assert any(m.link == f"/engagements/{engagement.id}" for m in box.list_messages(session, person))
        assert engagement.due and service.lamp_of(engagement).colour == "green"
        service.accept(session, person, engagement.id)
        service.deliver(session, person, engagement.id, conclusion=f"{code} 结论：适宜建设。\n$注意$ #排水。")
    assert [type(e) for e in heard] == [EngagementDelivered, EngagementDelivered, AllEngagementsDelivered]
    assert service.open_lines(session, case_id) == 0

    done = sent["DZZH"]
    report = box.latest_result(session, world["developer"], project.id, "evaluation_report")
    assert report is not None and report.trust == "C"
    pdf = box.read_file(session, world["developer"], done.file_id)
    checked = seal.verify_pdf(pdf)
    assert checked.ok and checked.organisation == "样例地质勘察院有限公司", checked.problems
    assert not seal.verify_pdf(pdf[:-1]).ok

    service.rate(session, handler, done.id, SCORES, "按时交付")
    assert Status(done.status) is Status.RATED
    service.rate(session, world["developer"], done.id, {**SCORES, "fee": 3})
    assert [r.side for r in done.ratings] == ["authority", "client"]
    with pytest.raises(Conflict):
        service.rate(session, handler, done.id, SCORES)
    with pytest.raises(NotFound):
        box.get_project(session, world["agency"], project.id)
    assert service.get_engagement(session, world["agency"], done.id) is done, "its own record stays readable"
    assert next(x for x in service.case_lines(session, case_id) if x.code == "DZZH").conclusion.startswith(
        "DZZH 结论"
    )
    assert box.verify_audit(session) is None
    kinds = set(session.scalars(select(AuditEvent.kind).where(AuditEvent.subject == f"case:{case_id}")))
    assert kinds >= {
        "evaluations.judged",
        "draw.committed",
        "engagement.dispatched",
        "engagement.accepted",
        "engagement.delivered",
        "engagement.rated",
    }


def test_dispatch_twice_is_harmless(session, world, project, case_id):
    first = service.dispatch(session, world["handler"], project.id, case_id, QUIET)
    again = service.dispatch(session, world["handler"], project.id, case_id, QUIET)
    assert {e.id for e in first} == {e.id for e in again}
    record_conflicts(session, world["developer"], project.id, {**LAYERS, "LINDI": "hit"})
    third = service.dispatch(session, world["handler"], project.id, case_id, QUIET)
    assert {e.line.code for e in third} == {"DZZH", "STBC", "SYLD"}


def test_a_line_has_one_live_engagement(session, world, project, case_id):
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))["DZZH"]
    copy = Engagement(
        number="X", line_id=sent.line_id, agency_id=sent.agency_id, status=Status.PENDING, selection={},
        dispatched_at=box.now(), dispatched_by=sent.dispatched_by, end_reason="", conclusion="",
    )  # fmt: skip
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(copy)
        session.flush()


def test_undecided_until_stated(session, world, project, case_id):
    service.dispatch(session, world["handler"], project.id, case_id, {})
    lines = {x.code: x for x in service.case_lines(session, case_id)}
    assert lines["JNPG"].status is LineStatus.UNDECIDED and "年综合能源消费量" in lines["JNPG"].reason
    service.state_facts(
        session, world["handler"], project.id, case_id, {"energy_tce": "1200", "special_works": "无"}
    )
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, {}))
    assert sent["JNPG"].line.rule == "JNPG-1"
    lines = {x.code: x for x in service.case_lines(session, case_id)}
    assert lines["DZAP"].status is LineStatus.NOT_NEEDED and lines["JTYP"].status is LineStatus.UNDECIDED
    for bad in ({"energy_tce": "many"}, {"layer_DZZH": "clear"}, {"nonsense": 1}):
        with pytest.raises(BadInput):
            service.state_facts(session, world["handler"], project.id, case_id, bad)
    with pytest.raises(Forbidden):
        service.state_facts(session, world["developer"], project.id, case_id, {"energy_tce": 1})


def test_regional_evaluation_needs_no_engagement(session, world, project, case_id):
    region = {"kind": "DZZH", "report_no": "QY-7", "valid_until": "2099-12-31", "covers": True}
    record_conflicts(session, world["developer"], project.id, regional=[region])
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))
    assert set(sent) == {"STBC"}
    line = next(x for x in service.case_lines(session, case_id) if x.code == "DZZH")
    assert line.status is LineStatus.SHARED and "QY-7" in line.reason


def test_decline_goes_to_another_agency(session, world, project, case_id):
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))["DZZH"]
    assert service.decline(session, world["agency"], sent.id, "人手不足") is None
    line = next(x for x in service.case_lines(session, case_id) if x.code == "DZZH")
    assert line.status is LineStatus.NEEDED and "没有可派单" in line.reason
    assert service.open_lines(session, case_id) == 2, "a line nobody can take is still owed"
    assert any("另行选取" in m.title for m in box.list_messages(session, world["handler"]))
    with pytest.raises(Conflict):
        service.dispatch_line(session, world["handler"], case_id, "DZZH")

    other = create_organisation(session, name="第二地质院", credit_code="91430104MA4SECDQ0X", kind="agency")
    service.register_agency(session, other.id, qualifications=[("geology", "乙级", "x", dt.date(2030, 1, 1))])
    following = service.dispatch_line(session, world["handler"], case_id, "DZZH")
    assert following.agency.organisation_id == other.id
    assert following.selection["mode"] == "draw" and recompute(following.selection)
    with pytest.raises(NotFound):
        box.get_project(session, world["agency"], project.id)
    with pytest.raises(BadInput):
        service.decline(
            session, world["agency2"], by_code(repository_open(session, case_id))["STBC"].id, "  "
        )


def repository_open(session, case_id):
    return [
        e
        for line in repository.lines_of_case(session, case_id)
        for e in line.engagements
        if e.status in ("pending", "active")
    ]


def test_least_loaded_agency_is_chosen_and_the_draw_recomputes(session, world, project, case_id):
    other = create_organisation(session, name="第二地质院", credit_code="91430104MA4SECDQ0X", kind="agency")
    service.register_agency(session, other.id, qualifications=[("geology", "乙级", "x", dt.date(2030, 1, 1))])
    first = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))["DZZH"]
    assert recompute(first.selection) and len(first.selection["candidates"]) == 2
    committed = session.get(AuditEvent, first.selection["audit_seq"])
    assert committed is not None and committed.hash == first.selection["salt"]
    assert (
        committed.payload["commitment"] == first.selection["commitment"] and "nonce" not in committed.payload
    )
    second = by_code(service.dispatch(session, world["handler"], project.id, uuid.uuid4(), QUIET))["DZZH"]
    assert second.agency_id != first.agency_id, "the other one has less to do"


def test_officer_may_choose_with_a_reason_but_only_a_qualified_one(session, world, project, case_id):
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))["DZZH"]
    service.withdraw(session, world["handler"], sent.id, "选取有误")
    assert Status(sent.status) is Status.WITHDRAWN
    wrong = session.scalars(
        select(Agency).where(Agency.organisation_id == world["agency2"].organisation_id)
    ).one()
    with pytest.raises(Conflict) as caught:
        service.dispatch_line(session, world["handler"], case_id, "DZZH", agency_id=wrong.id, reason="熟悉")
    assert "资质" in caught.value.zh
    with pytest.raises(BadInput):
        service.dispatch_line(session, world["handler"], case_id, "DZZH", agency_id=sent.agency_id)
    chosen = service.dispatch_line(
        session, world["handler"], case_id, "DZZH", agency_id=sent.agency_id, reason="唯一机构"
    )
    assert chosen.selection["mode"] == "officer" and chosen.selection["reason"] == "唯一机构"


def test_drop_and_require(session, world, project, case_id, heard):
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))
    with pytest.raises(BadInput):
        service.decide(session, world["handler"], case_id, "DZZH", "drop", " ")
    service.decide(session, world["handler"], case_id, "DZZH", "drop", "已有同类报告")
    assert Status(sent["DZZH"].status) is Status.WITHDRAWN
    assert not heard
    service.decide(session, world["handler"], case_id, "STBC", "drop", "已批复")
    assert [type(e) for e in heard] == [AllEngagementsDelivered]
    service.decide(session, world["handler"], case_id, "YFK", "require", "探矿资料显示可能压覆")
    lines = {x.code: x for x in service.case_lines(session, case_id)}
    assert lines["DZZH"].status is LineStatus.DROPPED and lines["DZZH"].reason == "已有同类报告"
    assert lines["YFK"].status is LineStatus.DISPATCHED
    service.dispatch(session, world["handler"], project.id, case_id, QUIET)
    assert (
        next(x for x in service.case_lines(session, case_id) if x.code == "DZZH").status is LineStatus.DROPPED
    )
    with pytest.raises(Forbidden):
        service.decide(session, world["developer"], case_id, "STBC", "drop", "x")


def letter() -> bytes:
    return bytes(document.render("evaluation_report", {
        "title": "t", "number": "n", "project_name": "p", "agency": "a", "conclusion": ["c"], "issued_on": "2026-11-22",
    }))  # fmt: skip


@pytest.mark.parametrize(
    ("pdf", "code"),
    [
        (b"", "empty_file"),
        (b"PK\x03\x04" + b"0" * 500, "not_a_pdf"),
        (b"%PDF-1.7", "not_a_pdf"),
        (b"%PDF-1.7\n" + b"garbage " * 100, "unreadable_pdf"),
    ],
)
def test_bad_reports_store_nothing(session, world, project, case_id, pdf, code):
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))["DZZH"]
    service.accept(session, world["agency"], sent.id)
    with pytest.raises(BadInput) as caught:
        service.deliver(session, world["agency"], sent.id, pdf=pdf)
    assert caught.value.code == code
    assert Status(sent.status) is Status.ACTIVE
    assert box.latest_result(session, world["developer"], project.id, "evaluation_report") is None
    assert (
        session.scalar(text("SELECT count(*) FROM box.stored_file WHERE project_id = :p"), {"p": project.id})
        == 0
    )


def test_an_uploaded_report_is_sealed(session, world, project, case_id, monkeypatch):
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))["DZZH"]
    with pytest.raises(Conflict):
        service.deliver(session, world["agency"], sent.id, pdf=letter())
    service.accept(session, world["agency"], sent.id)
    with pytest.raises(BadInput):
        service.deliver(session, world["agency"], sent.id)
    with monkeypatch.context() as patched:
        patched.setattr(delivery_service, "MAX_REPORT", 1000)
        with pytest.raises(TooLarge):
            service.deliver(session, world["agency"], sent.id, pdf=letter())
    service.deliver(session, world["agency"], sent.id, pdf=letter(), file_name="../../报告.pdf")
    stored = box.get_file(session, world["developer"], sent.file_id)
    assert stored.name == "报告.pdf"
    assert seal.verify_pdf(box.read_file(session, world["developer"], stored.id)).ok
    with pytest.raises(Conflict):
        service.deliver(session, world["agency"], sent.id, pdf=letter())


def test_nobody_sees_or_does_what_is_not_theirs(session, world, project, case_id):
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))
    dzzh = sent["DZZH"]
    for stranger in ("agency2", "developer2"):
        with pytest.raises(NotFound):
            service.get_engagement(session, world[stranger], dzzh.id)
        assert dzzh.id not in {e.id for e in service.list_engagements(session, world[stranger])}
        with pytest.raises(NotFound):
            service.accept(session, world[stranger], dzzh.id)
        with pytest.raises(NotFound):
            service.rate(session, world[stranger], dzzh.id, SCORES)
    assert repository.lines(session, world["agency"], case_id) == [], (
        "an agency sees its task, not the case's table"
    )
    assert len(repository.lines(session, world["developer"], case_id)) == 9
    assert repository.lines(session, world["developer2"], case_id) == []
    for other in ("developer", "handler"):
        with pytest.raises(Forbidden):
            service.accept(session, world[other], dzzh.id)
    with pytest.raises(Forbidden):
        service.dispatch(session, world["developer"], project.id, case_id, QUIET)
    with pytest.raises(Forbidden):
        service.withdraw(session, world["agency"], dzzh.id, "x")
    service.accept(session, world["agency"], dzzh.id)
    service.deliver(session, world["agency"], dzzh.id, conclusion="适宜。")
    with pytest.raises(Forbidden):
        service.rate(session, world["agency"], dzzh.id, SCORES)


def test_a_grant_given_for_another_reason_stays(session, world, project, case_id):
    box.grant(session, project.id, organisation_id=world["agency"].organisation_id, reason="survey")
    sent = by_code(service.dispatch(session, world["handler"], project.id, case_id, QUIET))["DZZH"]
    service.withdraw(session, world["handler"], sent.id, "误派")
    assert box.get_project(session, world["agency"], project.id).id == project.id
    assert session.scalars(
        select(ProjectGrant.reason).where(ProjectGrant.organisation_id == world["agency"].organisation_id)
    ).all() == ["survey"]


def test_unknown_qualification_is_refused(session, world):
    with pytest.raises(BadInput):
        service.register_agency(
            session, world["agency"].organisation_id, qualifications=[("magic", "", "", dt.date(2030, 1, 1))]
        )
