"""Drawings through service, API and pages, on a real database."""

from __future__ import annotations

import gzip
import io
import json
import re
import uuid

import ezdxf
import pytest
from openpyxl import Workbook
from sqlalchemy import delete, func, select, update

from drawings import repository, service
from drawings.events import JointReviewClosed, JointReviewOpened, MarkAdded, OpinionGiven, RevisionSubmitted
from drawings.models import JointReview, Revision, RevisionFile
from drawings.sheets.sheet_pack import unpack
from project_box import service as box
from project_box.kernel import events
from project_box.kernel.errors import BadInput, Conflict, Forbidden, NotFound, TooLarge
from project_box.models import StoredFile
from tests.unit.drawings import build

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def plan() -> bytes:
    return build.data(build.site_plan())


def make_project(session, actors):
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    return box.create_project(session, actors["developer"], code=code, name="图纸测试项目")


@pytest.fixture
def project(session, actors):
    return make_project(session, actors)


@pytest.fixture
def heard(monkeypatch):
    """Events published in the test."""
    out: list[object] = []
    for kind in (RevisionSubmitted, JointReviewOpened, MarkAdded, OpinionGiven, JointReviewClosed):
        monkeypatch.setitem(events._handlers, kind, [lambda _s, e: out.append(e)])
    return out


def test_revision_is_numbered_cached_and_put_into_the_box(session, actors, project, plan, heard) -> None:
    actor = actors["developer"]
    first = service.submit_revision(session, actor, project.id, [("测试-总平图.dxf", plan)])
    second = service.submit_revision(session, actor, project.id, [("测试-总平图.dxf", plan)])
    assert (first.number, second.number) == (1, 2)
    assert service.current_revision(session, actor, project.id) == second
    result = box.latest_result(session, actor, project.id, "drawing_set")
    assert result is not None and result.version == 2 and result.trust == "D"
    assert result.payload["revision"] == 2
    assert result.payload["files"][0]["kind"] == "site_plan"
    models = service.revision_models(session, second)
    assert [s.attributes["楼号"] for s in models[0].by_role("footprint")] == ["1#", "2#"]
    assert heard == [RevisionSubmitted(project.id, first.id, 1), RevisionSubmitted(project.id, second.id, 2)]


def test_unreadable_file_stores_nothing(session, actors, project, plan) -> None:
    files_before = session.scalar(select(func.count()).select_from(StoredFile))
    with pytest.raises(BadInput) as caught:
        service.submit_revision(
            session,
            actors["developer"],
            project.id,
            [("好-总平图.dxf", plan), ("坏.dxf", b"%PDF-1.7 nothing")],
        )
    assert caught.value.code == "drawing_unreadable"
    assert [i["code"] for i in caught.value.details["issues"]] == ["DXF-NOT-DXF"]
    assert service.current_revision(session, actors["developer"], project.id) is None
    assert session.scalar(select(func.count()).select_from(StoredFile)) == files_before


def test_only_the_owner_submits_and_only_readers_see(session, actors, project, plan) -> None:
    revision = service.submit_revision(session, actors["developer"], project.id, [("总平图.dxf", plan)])
    for stranger in ("developer2", "agency", "fire"):
        with pytest.raises(NotFound):
            service.submit_revision(session, actors[stranger], project.id, [("总平图.dxf", plan)])
        with pytest.raises(NotFound):
            service.get_revision(session, actors[stranger], revision.id)
        assert service.current_revision(session, actors[stranger], project.id) is None


def test_side_table_gives_attributes_last(session, actors, project) -> None:
    doc = build.new()
    build.box(doc, "用地红线", build.X, build.Y, 100, 100)
    build.box(doc, "建筑基底", build.X + 10, build.Y + 10, 20, 10)
    build.text(doc, "建筑基底", "楼号=1#", build.X + 12, build.Y + 12)
    build.text(doc, "建筑基底", "层数=6", build.X + 12, build.Y + 14)
    book = Workbook()
    book.active.append(["楼号", "层数", "建筑高度(m)", "用途"])
    book.active.append(["1#", 18, 54.3, "住宅"])
    stream = io.BytesIO()
    book.save(stream)
    revision = service.submit_revision(
        session,
        actors["developer"],
        project.id,
        [("总平图.dxf", build.data(doc)), ("属性.xlsx", stream.getvalue())],
    )
    shape = service.revision_models(session, revision)[0].by_role("footprint")[0]
    assert shape.attributes["层数"] == 6.0  # the drawing's own text is trusted more
    assert shape.attributes["用途"] == "住宅" and shape.sources["用途"] == "table"


def test_sheet_holds_handles_in_drawing_units(session, actors, project, plan) -> None:
    revision = service.submit_revision(session, actors["developer"], project.id, [("总平图.dxf", plan)])
    sheet = service.sheet_geojson(session, revision.files[0])
    model = service.revision_models(session, revision)[0]
    handles = {f["properties"]["handle"] for f in sheet["features"]}
    assert {s.handle for s in model.by_role("footprint", "site_boundary")} <= handles
    site = next(f for f in sheet["features"] if f["properties"].get("role") == "site_boundary")
    assert site["geometry"]["coordinates"][0] == [build.X, build.Y]
    json.dumps(sheet, allow_nan=False)


@pytest.fixture
def review(session, actors, project, plan):
    revision = service.submit_revision(session, actors["developer"], project.id, [("总平图.dxf", plan)])
    case = uuid.uuid4()
    box.grant(
        session, project.id, role=None, organisation_id=actors["handler"].organisation_id, reason="test"
    )
    return service.open_review(
        session, actors["handler"], case, project.id, revision.id, ["planning", "architecture", "fire"]
    )


POINT = {"type": "Point", "coordinates": [build.X + 30, build.Y + 25]}


def test_disciplines_review_at_once_and_officer_merges(session, actors, project, review, heard) -> None:
    planner, architect, fire, handler = (actors[n] for n in ("planner", "architect", "fire", "handler"))
    mark = service.add_mark(
        session,
        planner,
        review.id,
        kind="point",
        geometry=POINT,
        text="退让不足",
        severity="mandatory",
        handle="31",
    )
    service.give_opinion(session, planner, review.id, verdict="modify", text="按标注修改")
    service.give_opinion(session, architect, review.id, verdict="agree")
    with pytest.raises(BadInput) as caught:
        service.close_review(session, handler, review.id)
    assert caught.value.code == "review_incomplete" and caught.value.details["missing"] == ["fire"]
    service.give_opinion(session, fire, review.id, verdict="disagree", text="消防车道不足")
    service.give_opinion(session, fire, review.id, verdict="agree", text="已核对")
    standing = service.review_standing(session, review)
    assert standing.verdict == "modify" and standing.complete and not standing.passed
    closed = service.close_review(
        session,
        handler,
        review.id,
        [{"source": "architecture", "fate": "merged", "into": "planning", "reason": "内容相同"}],
    )
    assert closed.verdict == "modify"
    result = box.latest_result(session, handler, project.id, "joint_opinion")
    assert result is not None and result.trust == "A"
    assert result.payload["counts"] == {"kept": 3, "merged": 1, "dropped": 0}
    assert "【强条】退让不足" in result.payload["text"]
    assert [type(e).__name__ for e in heard][:2] == ["MarkAdded", "OpinionGiven"]
    assert heard[-1] == JointReviewClosed(review.case_id, review.id, "modify")
    with pytest.raises(Conflict):
        service.give_opinion(session, planner, review.id, verdict="agree")
    again = service.open_review(
        session, handler, review.case_id, project.id, review.revision_id, ["planning", "fire"]
    )
    carried = repository.marks(session, again.id)
    assert [m.carried_from for m in carried] == [mark.id] and again.round == 2


def test_who_may_do_what_in_a_review(session, actors, review) -> None:
    with pytest.raises(NotFound):
        service.add_mark(session, actors["developer2"], review.id, kind="point", geometry=POINT, text="x")
    with pytest.raises(Forbidden):
        service.add_mark(session, actors["developer"], review.id, kind="point", geometry=POINT, text="x")
    with pytest.raises(Forbidden):
        service.give_opinion(session, actors["handler"], review.id, verdict="agree")
    with pytest.raises(Forbidden):
        service.give_opinion(session, actors["fire"], review.id, verdict="agree", discipline="planning")
    with pytest.raises(Forbidden):
        service.close_review(session, actors["fire"], review.id)
    mark = service.add_mark(session, actors["fire"], review.id, kind="point", geometry=POINT, text="x")
    with pytest.raises(Forbidden):
        service.close_mark(session, actors["planner"], mark.id)
    assert service.close_mark(session, actors["fire"], mark.id, "已改").closed_at is not None
    with pytest.raises(Conflict):
        service.open_review(
            session, actors["handler"], review.case_id, review.project_id, review.revision_id, ["fire"]
        )


def test_drafts_are_private_and_vanish_with_the_opinion(session, actors, review) -> None:
    def begun(name: str):
        return service.own_draft(session, actors[name], review.id, service.Part.OPINION).content

    service.save_opinion_draft(session, actors["fire"], review.id, verdict="modify", said="写到一")
    service.save_opinion_draft(session, actors["fire"], review.id, verdict="modify", said="写到一半")
    assert begun("fire") == {"verdict": "modify", "text": "写到一半"}
    assert begun("planner") == {}
    service.give_opinion(session, actors["fire"], review.id, verdict="modify", text="写完了")
    assert begun("fire") == {}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("kind", "blob", "choice"),
        ("severity", "huge", "choice"),
        ("text", "", "required"),
        ("text", "长" * 2001, "too_long"),
        ("geometry", None, "mark_geometry"),
        ("geometry", {"type": "Point", "coordinates": [float("nan"), 0]}, "mark_geometry"),
        ("geometry", {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "mark_geometry"),
    ],
)
def test_bad_marks_are_refused(session, actors, review, field, value, code) -> None:
    fields = {"kind": "point", "geometry": POINT, "text": "好", "severity": "general", field: value}
    with pytest.raises(BadInput) as caught:
        service.add_mark(session, actors["fire"], review.id, **fields)
    assert caught.value.code == code


# --- through HTTP -----------------------------------------------------------------------------------------------------


@pytest.fixture
def http(database, client, sign_in, plan):
    """A committed project with drawings and an open review; everything is removed afterwards."""
    from project_box.accounts import actor_of
    from project_box.models import Project, User

    with database.transaction() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User))}
        project = make_project(session, people)
        revision = service.submit_revision(
            session, people["developer"], project.id, [("甲-总平图.dxf", plan)]
        )
        box.grant(
            session, project.id, role=None, organisation_id=people["handler"].organisation_id, reason="test"
        )
        case = uuid.uuid4()
        review = service.open_review(
            session, people["handler"], case, project.id, revision.id, ["planning", "fire"]
        )
        ids = {"project": project.id, "case": case, "review": review.id, "revision": revision.id}
    yield ids
    with database.transaction() as session:
        session.execute(delete(JointReview).where(JointReview.project_id == ids["project"]))
        session.execute(delete(Revision).where(Revision.project_id == ids["project"]))
        session.execute(delete(Project).where(Project.id == ids["project"]))


def test_pages_and_their_json_twins(client, sign_in, http, plan) -> None:
    developer = sign_in(client, "developer")
    twin = client.get(f"/api/v1/projects/{http['project']}/drawings", headers=developer).json()
    assert twin["revision"] == 1 and twin["files"][0]["counts"]["warning"] == 1
    page = client.get(f"/projects/{http['project']}/drawings", headers=developer)
    assert page.status_code == 200 and "sheet-viewer" in page.text and "甲-总平图.dxf" in page.text
    client.get("/language/en?next=/")
    english = client.get(f"/projects/{http['project']}/drawings", headers=developer)
    assert english.status_code == 200 and "Issues found" in english.text
    assert not [
        w for w in ("检查出的问题", "角色", "制图标准", "怎么办", "在图纸上看", "单位") if w in english.text
    ]
    client.get("/language/zh?next=/")
    sheet = client.get(twin["files"][0]["sheet"], headers=developer)
    assert sheet.status_code == 200 and sheet.json()["type"] == "FeatureCollection"
    same = client.get(
        twin["files"][0]["sheet"], headers={**developer, "if-none-match": sheet.headers["etag"]}
    )
    assert same.status_code == 304
    plain = client.get(twin["files"][0]["sheet"], headers={**developer, "accept-encoding": "identity"})
    assert plain.json() == sheet.json()
    stranger = sign_in(client, "developer2")
    for address in (twin["files"][0]["sheet"], f"/api/v1/projects/{http['project']}/drawings"):
        assert client.get(address, headers=stranger).status_code == 404
    added = client.post(
        f"/api/v1/projects/{http['project']}/drawings",
        headers=developer,
        files=[("files", ("乙-总平图.dxf", plan, "image/vnd.dxf"))],
    )
    assert added.status_code == 201 and added.json()["revision"] == 2
    refused = client.post(
        f"/api/v1/projects/{http['project']}/drawings",
        headers=developer,
        files=[("files", ("假.dxf", b"PK\x03\x04zip", "image/vnd.dxf"))],
    )
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["issues"][0]["code"] == "DXF-NOT-DXF"
    form = client.post(
        f"/projects/{http['project']}/drawings",
        headers=developer,
        files=[("files", ("假.dxf", b"", "image/vnd.dxf"))],
    )
    assert form.status_code == 422 and "文件是空的" in form.text


def test_proposed_roles_are_kept_and_shown_with_the_drawing(client, sign_in, http) -> None:
    doc = build.new()
    build.box(doc, "대지경계선", 0, 0, 40, 30)
    build.box(doc, "건축물", 5, 4, 20, 15)
    developer = sign_in(client, "developer")
    address = f"/api/v1/projects/{http['project']}/drawings"
    files = [("files", ("배치도.dxf", build.data(doc), "image/vnd.dxf"))]
    assert client.post(address, headers=developer, files=files).status_code == 201
    (file,) = client.get(address, headers=developer).json()["files"]
    assert file["standard"] is None
    assert file["proposal"]["layers"] == {"대지경계선": "site_boundary", "건축물": "footprint"}
    assert file["proposal"]["roles"]["site_boundary"]["area_m2"] == 1200
    page = client.get(f"/projects/{http['project']}/drawings", headers=developer).text
    assert "提议的图层角色" in page and "대지경계선" in page and "1,200" in page


def test_review_over_http(client, sign_in, http) -> None:
    fire, planner, handler = (sign_in(client, n) for n in ("fire", "planner", "handler"))
    view = client.get(f"/api/v1/cases/{http['case']}/joint-review", headers=fire).json()
    assert view["me"]["discipline"] == "fire" and view["standing"]["missing"] == ["planning", "fire"]
    base = f"/api/v1/joint-reviews/{http['review']}"
    mark = client.post(
        f"{base}/marks", headers=fire, json={"at": [build.X, build.Y], "text": "此处", "handle": "31"}
    )
    assert mark.status_code == 201, mark.text
    assert client.put(f"{base}/draft", headers=planner, json={"text": "写"}).status_code == 200
    for who, page in ((fire, "opinion-form"), (handler, "合并联审意见"), (planner, "本专业意见")):
        shown = client.get(f"/cases/{http['case']}/review", headers=who)
        assert shown.status_code == 200 and page in shown.text
    client.get("/language/en?next=/")
    english = client.get(f"/cases/{http['case']}/review", headers=handler).text
    assert "Merge into the joint opinion" in english
    assert not [w for w in ("联审", "各专业", "标注", "保留", "理由", "未提交") if w in english]
    client.get("/language/zh?next=/")
    bad = client.post(f"{base}/opinions", headers=fire, json={"verdict": "maybe"})
    assert bad.status_code == 422
    assert client.post(f"{base}/opinions", headers=fire, json={"verdict": "agree"}).status_code == 201
    form = client.post(
        f"/joint-reviews/{http['review']}/opinions", headers=planner, data={"verdict": "modify", "text": ""}
    )
    assert form.status_code == 422
    form = client.post(
        f"/joint-reviews/{http['review']}/opinions", headers=planner, data={"verdict": "modify", "text": "改"}
    )
    assert form.status_code == 303
    assert client.get(f"/api/v1/cases/{uuid.uuid4()}/joint-review", headers=fire).status_code == 404
    source = f"mark:{mark.json()['id']}"
    wrong = client.post(
        f"/joint-reviews/{http['review']}/merge", headers=handler, data={f"fate:{source}": "dropped"}
    )
    assert wrong.status_code == 422 and "没有写理由" in wrong.text
    merged = client.post(
        f"{base}/merge",
        headers=handler,
        json={"entries": [{"source": source, "fate": "dropped", "reason": "重复"}]},
    )
    assert merged.status_code == 200, merged.text
    assert merged.json()["verdict"] == "modify" and merged.json()["joint_opinion"]["counts"]["dropped"] == 1
    assert "联审意见" in client.get(f"/cases/{http['case']}/review", headers=handler).text


def test_packed_sheet_is_gzip(session, actors, project, plan) -> None:
    revision = service.submit_revision(session, actors["developer"], project.id, [("总平图.dxf", plan)])
    sheet = unpack(service.packed_sheet(session, revision.files[0]))
    assert sheet.header["unit"] == "m"
    # one that an earlier version of the platform kept is made anew
    kept = gzip.compress(json.dumps({"features": []}).encode())
    session.execute(update(RevisionFile).where(RevisionFile.id == revision.files[0].id).values(sheet=kept))
    again = unpack(service.packed_sheet(session, revision.files[0]))
    assert again.handles == sheet.handles


def test_findings_are_drawn_into_a_copy(session, actors, project, monkeypatch) -> None:
    doc = build.site_plan()
    build.box(doc, "建筑基底", build.X + 190, build.Y + 20, 40, 15)  # beyond the site
    revision = service.submit_revision(
        session, actors["developer"], project.id, [("总平图.dxf", build.data(doc))]
    )
    name, data = service.audited_copy(session, actors["developer"], revision.id, 1)
    assert name == "总平图-审查.dxf"
    copy = ezdxf.filemanagement.read(io.StringIO(data.decode()))
    assert not copy.audit().errors
    drawn = [e for e in copy.modelspace() if e.dxf.layer.startswith("PB_AUDIT")]
    assert len(copy.modelspace()) - len(drawn) == len(doc.modelspace()), "the drawing itself is whole"
    told = " ".join(e.dxf.text for e in drawn if e.dxftype() == "TEXT")
    assert {i["code"] for i in revision.files[0].report["issues"]} <= set(re.findall(r"DXF-[A-Z-]+", told))
    with pytest.raises(NotFound):
        service.audited_copy(session, actors["developer2"], revision.id, 1)
    monkeypatch.setattr("drawings.audit_service.COPY_UP_TO_BYTES", 100)
    with pytest.raises(TooLarge):
        service.audited_copy(session, actors["developer"], revision.id, 1)
