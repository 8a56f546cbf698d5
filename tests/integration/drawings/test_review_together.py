"""Reviewing together: versions of marks, photos, drafts, replies, what stands over, events in order."""

from __future__ import annotations

import struct
import uuid
import zlib

import pytest

from drawings import service
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from tests.unit.drawings import build

pytestmark = pytest.mark.integration
POINT = {"type": "Point", "coordinates": [build.X + 30, build.Y + 25]}


@pytest.fixture
def project(session, actors):
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    made = box.create_project(session, actors["developer"], code=code, name="联合审图测试")
    box.grant(session, made.id, role=None, organisation_id=actors["handler"].organisation_id, reason="test")
    return made


def submit(session, actors, project, doc):
    return service.submit_revision(
        session, actors["developer"], project.id, [("总平图.dxf", build.data(doc))]
    )


def open_round(session, actors, project, revision, case):
    return service.open_review(
        session, actors["handler"], case, project.id, revision.id, ["planning", "architecture", "fire"]
    )


@pytest.fixture
def review(session, actors, project):
    return open_round(
        session, actors, project, submit(session, actors, project, build.site_plan()), uuid.uuid4()
    )


def place(session, actor, review, **more):
    given = {"kind": "point", "geometry": POINT, "text": "退让不足", **more}
    return service.add_mark(session, actor, review.id, **given)


def test_a_mark_saved_meanwhile_is_not_overwritten(session, actors, review) -> None:
    fire = actors["fire"]
    mark = place(session, fire, review)
    service.edit_mark(session, fire, mark.id, version=1, text="退让不足 1.2 m")
    with pytest.raises(Conflict) as refused:
        service.edit_mark(session, fire, mark.id, version=1, text="退让不足 1.5 m")
    assert refused.value.code == "mark_changed"
    assert refused.value.details["theirs"]["text"] == "退让不足 1.2 m"
    assert refused.value.details["yours"]["text"] == "退让不足 1.5 m"
    again = service.edit_mark(session, fire, mark.id, version=2, severity="mandatory")
    assert (again.text, again.severity, again.version) == ("退让不足 1.2 m", "mandatory", 3)
    with pytest.raises(Forbidden):
        service.edit_mark(session, actors["planner"], mark.id, version=3, text="不是我的")


def png(*extra: tuple[bytes, bytes]) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    middle = b"".join(chunk(*e) for e in extra)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + middle
        + chunk(b"IDAT", zlib.compress(b"\0abc"))
        + chunk(b"IEND", b"")
    )


def test_photos_lose_what_the_camera_wrote(session, actors, review) -> None:
    fire = actors["fire"]
    secret = b"GPS 27.8,113.1"
    kept = service.keep_photo(session, fire, review.id, "现场.png", png((b"eXIf", secret), (b"tEXt", secret)))
    assert secret not in box.read_file(session, fire, kept.id)
    mark = place(session, fire, review, kind="photo", photo=kept.id)
    assert mark.photo_id == kept.id
    with pytest.raises(BadInput):
        place(session, fire, review, kind="photo")
    for wrong in (b"GIF89a", b"\xff\xd8\xff\xe1\x00", png()[:40]):
        with pytest.raises(BadInput):
            service.keep_photo(session, fire, review.id, "x.jpg", wrong)


def test_a_begun_mark_survives(session, actors, review) -> None:
    fire = actors["fire"]
    service.save_mark_draft(
        session, fire, review.id, {"text": "写了一半", "geometry": POINT, "kind": "point"}
    )
    found = service.own_mark_draft(session, fire, review.id)
    assert found is not None and found.content["text"] == "写了一半"
    assert service.own_mark_draft(session, actors["planner"], review.id) is None
    place(session, fire, review)
    assert service.own_mark_draft(session, fire, review.id) is None  # saved: nothing is left over


def close(session, actors, review, **verdicts: str) -> None:
    for name, verdict in verdicts.items():
        text = "" if verdict == "agree" else "消防车道不环通"
        service.give_opinion(session, actors[name], review.id, verdict=verdict, text=text)
    service.close_review(session, actors["handler"], review.id)


def test_every_opinion_is_answered_before_the_next_revision(session, actors, project, review) -> None:
    mark = place(session, actors["fire"], review)
    close(session, actors, review, planner="agree", architect="agree", fire="modify")
    with pytest.raises(BadInput) as refused:
        submit(session, actors, project, build.site_plan())
    assert refused.value.code == "unanswered"
    sources = [p["source"] for p in refused.value.details["unanswered"]]
    assert f"mark:{mark.id}" in sources and len(sources) == 2
    with pytest.raises(Forbidden):
        service.reply(session, actors["fire"], review.id, sources[0], "不是设计单位")
    with pytest.raises(NotFound):
        service.reply(session, actors["developer"], review.id, "mark:nothing", "？")
    for source in sources:
        service.reply(session, actors["developer"], review.id, source, "已修改，见总平图")
    assert submit(session, actors, project, build.site_plan()).number == 2


def test_only_what_changed_is_looked_at_again(session, actors, project, review) -> None:
    close(session, actors, review, planner="agree", architect="agree", fire="modify")
    point = service.points_to_answer(session, review)[0]
    service.reply(session, actors["developer"], review.id, point.source, "已修改")
    doc = build.site_plan()
    build.box(doc, "非机动车位", build.X + 5, build.Y + 5, 2, 1)
    second = open_round(session, actors, project, submit(session, actors, project, doc), review.case_id)
    # bicycle stands concern neither discipline named in the catalogue for it; fire had not agreed
    assert set(second.standing_over or {}) <= {"planning", "architecture"}
    state = service.review_standing(session, second)
    assert "fire" in state.missing
    for code, facts in (second.standing_over or {}).items():
        assert "非机动车位" in facts["reason"] and code in state.latest


def test_an_untouched_set_keeps_its_agreements(session, actors, project, review) -> None:
    close(session, actors, review, planner="agree", architect="agree", fire="modify")
    point = service.points_to_answer(session, review)[0]
    service.reply(session, actors["developer"], review.id, point.source, "见说明")
    second = open_round(session, actors, project, review.revision, review.case_id)
    assert set(second.standing_over or {}) == {"planning", "architecture"}
    assert service.review_standing(session, second).missing == ("fire",)


def test_a_change_on_an_unknown_layer_concerns_everybody(session, actors, project, review) -> None:
    close(session, actors, review, planner="agree", architect="agree", fire="agree")
    doc = build.site_plan()
    doc.modelspace().add_line((build.X, build.Y), (build.X + 9, build.Y), dxfattribs={"layer": "无人认识"})
    second = open_round(session, actors, project, submit(session, actors, project, doc), review.case_id)
    assert not second.standing_over
    assert set(service.review_standing(session, second).missing) == {"planning", "architecture", "fire"}


def test_happenings_are_numbered_and_limited_to_those_who_may_look(session, actors, review) -> None:
    place(session, actors["fire"], review)
    service.give_opinion(session, actors["planner"], review.id, verdict="agree")
    events = service.events_after(session, actors["architect"], review.id, 0)
    assert [e.kind for e in events] == ["mark_added", "opinion_given"]
    assert events[0].id < events[1].id == service.newest_event(session, actors["architect"], review.id)
    assert [e.kind for e in service.events_after(session, actors["architect"], review.id, events[0].id)] == [
        "opinion_given"
    ]
    with pytest.raises(NotFound):
        service.events_after(session, actors["developer2"], review.id, 0)
