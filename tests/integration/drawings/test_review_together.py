"""Reviewing together: versions of marks, photos, drafts, replies, what stands over, events in order."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
import zlib
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import update

from drawings import service
from drawings.models import Presence
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound
from project_box.kernel.identity import Role
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


def test_what_is_begun_survives_part_by_part(session, actors, review) -> None:
    fire = actors["fire"]
    both = replace(fire, roles=fire.roles | {Role.HANDLER})  # who reviews and merges has begun two things

    def begun(part, of="", who=fire):
        return service.own_draft(session, who, review.id, part, of=of).content

    service.save_mark_draft(
        session, fire, review.id, {"text": "写了一半", "geometry": POINT, "kind": "point"}
    )
    service.save_merge_draft(session, both, review.id, {"fire": {"fate": "dropped", "reason": "重复"}})
    mark = place(session, fire, review)
    assert begun(service.Part.MARK, "1") == {}, "saved: nothing is left over"
    assert begun(service.Part.MERGE, who=both)["fire"]["reason"] == "重复"
    service.save_mark_draft(session, fire, review.id, {"text": "又写了一半"})
    service.save_edit_draft(
        session, fire, review.id, {"mark": str(mark.id), "version": 1, "text": "改了一半"}
    )
    assert begun(service.Part.MARK, "1")["text"] == "又写了一半"
    assert begun(service.Part.EDIT, str(mark.id))["text"] == "改了一半"
    assert begun(service.Part.MARK, "1", actors["planner"]) == {}
    service.edit_mark(session, fire, mark.id, version=1, text="改完了")
    assert begun(service.Part.EDIT, str(mark.id)) == {}
    assert begun(service.Part.MARK, "1")["text"] == "又写了一半"


def test_two_windows_of_one_person_do_not_pass_over_each_other(session, actors, review) -> None:
    fire, save = actors["fire"], partial(service.save_opinion_draft, session, actors["fire"], review.id)

    def window(name: str, seen: str = "") -> service.Window:
        return service.Window(name, seen)

    save(verdict="modify", said="甲窗口", window=window("a.1"))
    save(
        verdict="modify", said="甲窗口写完", window=window("a.2")
    )  # its first answer may still be on its way
    for seen in ("", "a.1"):
        with pytest.raises(Conflict) as refused:
            save(verdict=None, said="乙窗口", window=window("b.1", seen))
        assert refused.value.details == {
            "theirs": {"verdict": "modify", "text": "甲窗口写完"}, "name": "a.2",
        }  # fmt: skip
    save(said="甲窗口写完", verdict="modify", window=window("b.2"))  # the same words: nothing to lose
    save(said="合在一起", window=window("a.3", "b.2"))
    assert service.own_draft(session, fire, review.id, service.Part.OPINION).content["text"] == "合在一起"
    save(said="程序写的")  # a program that does not look passes over it, and the next window is told
    with pytest.raises(Conflict):
        save(said="乙窗口", window=window("b.3", "a.3"))
    # marks begun on two sheets, in two windows, are two drafts
    for number in (1, 2):
        service.save_mark_draft(
            session, fire, review.id, {"file": number, "text": f"图{number}"}, window(f"w{number}.1")
        )
    begun = service.own_drafts(session, fire, review.id, service.Part.MARK)
    assert {of: draft.content["text"] for of, draft in begun.items()} == {"1": "图1", "2": "图2"}
    service.save_mark_draft(session, fire, review.id, {"file": 2}, window("w2.2"))
    assert set(service.own_drafts(session, fire, review.id, service.Part.MARK)) == {"1"}


def test_a_round_stands_still_with_its_case(session, actors, project, review) -> None:
    days = [dt.date(2026, 9, d) for d in (24, 28)]  # 25 to 27 September are a holiday, the 28th is a Monday
    review.due = dt.date(2026, 9, 30)
    handler = actors["handler"]
    service.pause_review(session, handler, review.case_id, days[0])
    service.pause_review(session, handler, review.case_id, days[1])  # stands still already
    assert review.paused_on == days[0]
    service.resume_review(session, handler, review.case_id, dt.date(2026, 9, 29))
    assert review.paused_on is None
    assert review.due == dt.date(2026, 10, 9), (
        "two working days later; the week of the national holiday is off"
    )
    kinds = [e.kind for e in service.events_after(session, handler, review.id, 0)]
    assert kinds == ["review_paused", "review_resumed"]


def test_who_looks_on(session, actors, review) -> None:
    for name, file in (("fire", 1), ("planner", 2), ("fire", 3)):
        service.here(session, actors[name], review.id, file)
    service.here(session, actors["fire"], review.id, 1)
    seen = service.others_here(session, actors["planner"], review.id)
    assert [(o.discipline, o.files) for o in seen] == [("fire", (1, 3))]
    service.gone(session, actors["fire"].user_id, review.id, 3)
    assert service.others_here(session, actors["planner"], review.id)[0].files == (1,)
    session.execute(update(Presence).values(seen_at=Presence.seen_at - dt.timedelta(minutes=2)))
    assert service.others_here(session, actors["planner"], review.id) == []
    with pytest.raises(NotFound):
        service.here(session, actors["developer2"], review.id, 1)


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


def all_speak(session, actors, review, **verdicts: str) -> None:
    """Every discipline gives its opinion; 同意 where nothing else is said."""
    for who, discipline in (("planner", "planning"), ("architect", "architecture"), ("fire", "fire")):
        verdict = verdicts.get(discipline, "agree")
        text = "" if verdict == "agree" else f"{discipline}：请修改"
        service.give_opinion(session, actors[who], review.id, verdict=verdict, text=text)


def sources(review_view) -> list[str]:
    return [line["source"] for line in review_view["merge"]]


def test_what_came_after_the_page_was_opened_is_not_merged_unseen(session, actors, review) -> None:
    from web.views.joint_review import review_view

    handler = actors["handler"]
    all_speak(session, actors, review, fire="modify")
    seen = sources(review_view(session, handler, review))
    mark = place(session, actors["fire"], review)
    with pytest.raises(Conflict) as refused:
        service.close_review(session, handler, review.id, seen=seen)
    assert refused.value.details["new"] == [f"mark:{mark.id}"]
    # a superseded opinion on the list is no obstacle, but its successor has not been seen
    service.give_opinion(session, actors["fire"], review.id, verdict="modify", text="另有补充")
    with pytest.raises(Conflict):
        service.close_review(session, handler, review.id, seen=[*seen, f"mark:{mark.id}"])
    now = [*seen, *sources(review_view(session, handler, review))]
    gone = {"source": seen[-1], "fate": "dropped", "reason": "已由新的意见代替"}
    closed = service.close_review(session, handler, review.id, [gone], seen=now)
    assert closed.joint_opinion is not None and closed.joint_opinion["counts"]["dropped"] == 0


def test_colleagues_of_a_discipline_do_not_pass_over_each_other(session, actors, review) -> None:
    fire, colleague = actors["fire"], replace(actors["fire"], user_id=actors["planner"].user_id)
    service.give_opinion(session, fire, review.id, verdict="disagree", text="登高场地不足", seen=0)
    with pytest.raises(Conflict) as refused:
        service.give_opinion(session, colleague, review.id, verdict="agree", seen=0)
    assert refused.value.code == "opinion_moved" and "不同意，登高场地不足" in refused.value.zh
    again = service.give_opinion(session, colleague, review.id, verdict="agree", seen=1)
    assert again.version == 2, "having seen it, a colleague may speak for the discipline"
    assert (
        service.give_opinion(session, colleague, review.id, verdict="modify", text="x", seen=0).version == 3
    )


def test_merging_and_replies_begun_are_kept_for_who_typed_them(session, actors, review) -> None:
    handler, developer = actors["handler"], actors["developer"]
    mark = place(session, actors["fire"], review)
    source = f"mark:{mark.id}"

    def begun(who, part):
        return service.own_draft(session, who, review.id, part).content

    service.save_merge_draft(
        session, handler, review.id, {source: {"fate": "dropped", "reason": "重复", "text": "", "into": ""}}
    )
    assert begun(handler, service.Part.MERGE)[source]["reason"] == "重复"
    assert begun(actors["reviewer"], service.Part.MERGE) == {}
    with pytest.raises(Forbidden):
        service.save_merge_draft(session, actors["fire"], review.id, {})
    all_speak(session, actors, review, fire="modify")
    service.close_review(session, handler, review.id)
    assert begun(handler, service.Part.MERGE) == {}
    service.save_reply_draft(session, developer, review.id, {source: "写到一半"})
    assert begun(developer, service.Part.REPLIES) == {source: "写到一半"}
    with pytest.raises((Forbidden, NotFound)):
        service.save_reply_draft(session, actors["developer2"], review.id, {})


def test_a_carried_mark_tells_its_way_and_follows_a_renamed_file(session, actors, project, review) -> None:
    from drawings.repository import marks
    from drawings.review.mark_history import mark_history

    mark = place(session, actors["fire"], review)
    all_speak(session, actors, review, fire="modify")
    decided = [{"source": f"mark:{mark.id}", "fate": "kept"}]
    service.close_review(session, actors["handler"], review.id, decided)
    assert any(
        "第 1 轮联合审图：修改后同意" in m.title for m in box.list_messages(session, actors["developer"])
    )
    for point in service.points_to_answer(session, review):
        service.reply(session, actors["developer"], review.id, point.source, "已加宽")
    doc = build.site_plan()
    build.box(doc, "绿地", build.X + 150, build.Y + 60, 10, 10)
    renamed = service.submit_revision(
        session, actors["developer"], project.id, [("修改后总平.dxf", build.data(doc))]
    )
    following = open_round(session, actors, project, renamed, review.case_id)
    (carried,) = marks(session, following.id)
    assert carried.file_id == renamed.files[0].id and carried.carried_from == mark.id
    (step,) = mark_history(session, [carried])[carried.id]
    assert (step.round, step.fate, step.reply) == (1, "kept", "已加宽")


def test_what_changed_since_the_round_before(session, actors, project, review) -> None:
    from web.views.review_changes import changes_plain

    assert changes_plain(session, actors["fire"], review.id)["from"] is None
    service.supersede_review(session, actors["handler"], review.case_id, "新版图纸")
    doc = build.site_plan()
    build.box(doc, "绿地", build.X + 150, build.Y + 60, 10, 10)
    build.box(doc, "家具", build.X + 5, build.Y + 5, 1, 1)
    following = open_round(session, actors, project, submit(session, actors, project, doc), review.case_id)
    found = changes_plain(session, actors["fire"], following.id, 1)
    assert [(r["name"], dict(r["counts"])) for r in found["roles"]] == [("绿地", {"added": 1})]
    assert [(line["layer"], line["added"]) for line in found["layers"]] == [("家具", 1)]
    assert [f["properties"]["change"] for f in found["overlay"]["features"]] == ["added"]
