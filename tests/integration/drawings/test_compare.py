"""Comparing revisions, area tables and markup over service, API and pages."""

from __future__ import annotations

import io
import json
import uuid

import pyogrio
import pytest
import shapely
from ezdxf.entities.lwpolyline import LWPolyline
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import delete, select

from drawings import service
from drawings.areas.area_workbook import area_workbook
from drawings.models import JointReview, Revision
from drawings.sheets.local_crs import local_crs
from project_box import service as box
from project_box.kernel.errors import NotFound
from project_box.models import Project, User
from project_box.stage import Stage
from tests.integration.drawings.test_drawings import make_project
from tests.unit.drawings import build

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def plans() -> tuple[bytes, bytes]:
    """A plan, and one with a building that is 2 m wider and a new green."""
    doc = build.site_plan()
    wide = next(e for e in doc.modelspace() if e.dxftype() == "LWPOLYLINE" and e.dxf.layer == "建筑基底")
    assert isinstance(wide, LWPolyline)
    wide.set_points([(x + (2 if x > build.X + 50 else 0), y) for x, y in wide.get_points("xy")], format="xy")
    build.box(doc, "绿地", build.X + 150, build.Y + 60, 10, 10)
    return build.data(build.site_plan()), build.data(doc)


def test_service_compares_the_newest_two(session, actors, plans) -> None:
    actor = actors["developer"]
    project = make_project(session, actors)
    with pytest.raises(NotFound):
        service.compare_revisions(session, actor, project.id)
    service.submit_revision(session, actor, project.id, [("总平图.dxf", plans[0])])
    with pytest.raises(NotFound):
        service.compare_revisions(session, actor, project.id)
    service.submit_revision(session, actor, project.id, [("总平图.dxf", plans[1])])
    pair = service.compare_revisions(session, actor, project.id)
    old, new, found = pair.before, pair.after, pair.found
    assert (old.number, new.number) == (1, 2)
    assert sorted((c.change.value, c.role, c.area_delta) for c in found.changes) == [
        ("added", "green", 100.0),
        ("reshaped", "footprint", 30.0),
    ]
    assert service.compare_revisions(session, actor, project.id, 1, 1).found.empty
    with pytest.raises(NotFound):
        service.compare_revisions(session, actor, project.id, 1, 9)
    with pytest.raises(NotFound):
        service.compare_revisions(session, actors["developer2"], project.id, 1, 2)


@pytest.fixture
def http(database, plans):
    """A committed project with two revisions, removed afterwards."""
    from project_box.accounts import actor_of

    with database.transaction() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User))}
        project = make_project(session, people)
        for plan in plans:
            service.submit_revision(session, people["developer"], project.id, [("甲-总平图.dxf", plan)])
        identity = project.id
    yield identity
    with database.transaction() as session:
        session.execute(delete(Revision).where(Revision.project_id == identity))
        session.execute(delete(Project).where(Project.id == identity))


def test_page_and_json_twin(client, sign_in, http) -> None:
    developer = sign_in(client, "developer")
    twin = client.get(f"/api/v1/projects/{http}/drawings/compare?from=1&to=2", headers=developer)
    assert twin.status_code == 200
    body = twin.json()
    assert (body["from"]["revision"], body["to"]["revision"]) == (1, 2)
    assert body["counts"]["added"] == 1 and body["counts"]["reshaped"] == 1
    assert len(body["files"][0]["overlay"]["features"]) == 3
    page = client.get(f"/projects/{http}/drawings/compare?from=1&to=2", headers=developer)
    assert page.status_code == 200
    assert all(word in page.text for word in ("改形", "新增", "compare-data", "+30.00", "sheet-viewer"))
    assert (
        f"/projects/{http}/drawings/compare"
        in client.get(f"/projects/{http}/drawings", headers=developer).text
    )
    same = client.get(f"/projects/{http}/drawings/compare?from=2&to=2", headers=developer)
    assert same.status_code == 200 and "两版图纸没有差别" in same.text
    client.get("/language/en?next=/")
    english = client.get(f"/projects/{http}/drawings/compare", headers=developer).text
    client.get("/language/zh?next=/")
    assert not [w for w in ("图纸比对", "新增", "改形", "角色", "差别", "偏离", "返回") if w in english]
    assert client.get(f"/projects/{http}/drawings/compare?from=1&to=9", headers=developer).status_code == 404
    stranger = sign_in(client, "developer2")
    for address in (f"/api/v1/projects/{http}/drawings/compare", f"/projects/{http}/drawings/compare"):
        assert client.get(address, headers=stranger).status_code == 404


def test_as_built_says_which_revisions_were_taken(client, sign_in, http, database) -> None:
    developer = sign_in(client, "developer")
    twin = f"/api/v1/projects/{http}/as-built"
    proposed = client.get(twin, headers=developer).json()
    assert (proposed["approved"], proposed["built"], proposed["taken"]["chosen"]) == (1, 2, False)
    assert "两版由平台预选，请核对" in proposed["text"] and "没有联合审图通过的记录" in proposed["text"]
    chosen = client.get(f"{twin}?approved=2&built=1", headers=developer).json()
    assert (chosen["approved"], chosen["built"]) == (2, 1) and "竣工图纸早于审定图纸" in chosen["text"]
    assert "as-built drawings are older" in chosen["text_en"] and "预选" not in chosen["text"]
    refused = client.get(f"{twin}?approved=2&built=2", headers=developer)
    assert refused.status_code == 422 and refused.json()["error"]["code"] == "same_revision"
    page = client.get(f"/projects/{http}/as-built?approved=2&built=2", headers=developer)
    assert page.status_code == 200 and "选了同一版" in page.text and "按此核实" in page.text
    assert client.get(f"{twin}?approved=9", headers=developer).status_code == 404
    # a round that agreed names the approved revision; nothing has come after it yet
    with database.transaction() as session:
        newest = session.scalars(
            select(Revision).where(Revision.project_id == http, Revision.number == 2)
        ).one()
        agreed = JointReview(
            case_id=uuid.uuid4(), project_id=http, revision_id=newest.id, round=3, disciplines=["fire"],
            opened_at=newest.created_at, opened_by=newest.created_by, closed_at=newest.created_at, verdict="agree",
        )  # fmt: skip
        session.add(agreed)
    try:
        waiting = client.get(twin, headers=developer).json()["error"]
        assert waiting["code"] == "no_survey" and "第 2 版" in waiting["message"]
        named = client.get(f"{twin}?approved=2&built=1", headers=developer).json()
        assert "第 3 轮联合审图通过" in named["taken"]["approved"]
    finally:
        with database.transaction() as session:
            session.execute(delete(JointReview).where(JointReview.project_id == http))


def test_coordinates_count_as_built(session, actors) -> None:
    """A drawing that lies elsewhere as a whole is not set back before it is judged."""
    from web.views.as_built import as_built_plain

    actor = actors["developer"]
    project = make_project(session, actors)
    doc = build.site_plan()
    for entity in doc.modelspace():
        entity.translate(0.5, 0, 0)
    for plan in (build.data(build.site_plan()), build.data(doc)):
        service.submit_revision(session, actor, project.id, [("总平图.dxf", plan)])
    found = as_built_plain(session, actor, project.id, 1, 2, "", "0.10")
    assert found["outcome"] == "fail" and "相差 0.500 m，允许 0.10 m，不符合" in found["text"]


def test_area_table_and_its_workbook(client, sign_in, http) -> None:
    developer = sign_in(client, "developer")
    table = client.get(f"/api/v1/projects/{http}/drawings/areas", headers=developer)
    assert table.status_code == 200 and table.json()["revision"] == 2
    assert table.json()["buildings"] == [] and table.json()["total"] == "0.00"
    book = client.get(f"/api/v1/projects/{http}/drawings/areas.xlsx?revision=1", headers=developer)
    assert book.status_code == 200 and book.content[:2] == b"PK"
    assert "attachment" in book.headers["content-disposition"]
    assert (
        client.get(f"/api/v1/projects/{http}/drawings/areas?revision=7", headers=developer).status_code == 404
    )
    stranger = sign_in(client, "developer2")
    assert client.get(f"/api/v1/projects/{http}/drawings/areas.xlsx", headers=stranger).status_code == 404


def test_areas_of_a_sample_project(session, actors) -> None:
    from web.seed.programs import PROGRAMS, expected
    from web.seed.projects import project_files

    actor = actors["developer"]
    project = make_project(session, actors)
    files = [(n, d) for n, d in project_files(PROGRAMS[1]).items() if n.endswith((".dxf", ".xlsx"))]
    service.submit_revision(session, actor, project.id, files)
    revision, table = service.revision_areas(session, actor, project.id)
    assert revision.number == 1
    assert f"{table.total}" == expected(PROGRAMS[1])["indicators"]["ZJZ"]
    # every figure of the workbook stands in the printed table, and codes are printed whole
    _, pdf = service.area_pdf(session, actor, project.id)
    printed = "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
    cells = [
        value
        for sheet in load_workbook(io.BytesIO(area_workbook(table, "表")), data_only=True).worksheets
        for row in sheet.iter_rows(values_only=True)
        for value in row
        if isinstance(value, int | float)
    ]
    assert len(cells) > 40
    assert [v for v in cells if f"{v:.2f}" not in printed and f"{v:g}" not in printed] == []
    assert project.code in printed


def test_marks_are_exported(session, actors, plans) -> None:
    from drawings.cad import read
    from web.views.joint_review import marks_geojson

    actor = actors["developer"]
    project = make_project(session, actors)
    revision = service.submit_revision(session, actor, project.id, [("总平图.dxf", plans[0])])
    handler = actors["handler"]
    box.grant(session, project.id, role=None, organisation_id=handler.organisation_id, reason="test")
    review = service.open_review(
        session, handler, uuid.uuid4(), project.id, revision.id, ["planning", "fire"]
    )
    point = {"type": "Point", "coordinates": [build.X + 30, build.Y + 30]}
    service.add_mark(
        session, actors["fire"], review.id, kind="point", geometry=point, text="消防间距不足", severity="mandatory",
        clause="5.2.2", handle="2F",
    )  # fmt: skip
    found = marks_geojson(session, handler, review.id)
    assert found["features"][0]["geometry"] == point
    facts = found["features"][0]["properties"]
    assert (facts["number"], facts["handle"], facts["unit"], facts["file"]) == (1, "2F", "m", 1)
    assert found["crs"] == local_crs((1.0,)), "nothing says where this drawing lies"
    assert marks_geojson(session, handler, review.id, on_map=True)["features"] == []
    corner = {"type": "Polygon", "coordinates": [[[build.X, build.Y], [build.X + 9, build.Y],
              [build.X + 9, build.Y + 9], [build.X, build.Y]]]}  # fmt: skip
    box.put_result(
        session, actor, project.id, kind="boundary", stage=Stage.PLANNING_LAND, title="红线", payload={},
        geometry=shapely.geometry.shape(corner), crs=4547, source={}, trust="B",
    )  # fmt: skip
    placed = marks_geojson(session, handler, review.id)
    assert placed["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4547"
    assert pyogrio.read_dataframe(json.dumps(placed).encode()).crs.to_epsg() == 4547
    name, data = service.marked_copy(session, handler, review.id, 1)
    assert name == "总平图-第1轮审图标注.dxf"
    marked = [e for e in read(data, name).entities if e.layer == "审图_消防"]
    assert any("消防间距不足（5.2.2）" in (e.text or "") for e in marked)
    assert any("handle=2F" in fact for e in marked for fact in e.xdata["PROJECT_BOX_REVIEW"])
    with pytest.raises(NotFound):
        service.marked_copy(session, actors["developer2"], review.id, 1)
    with pytest.raises(NotFound):
        service.marked_copy(session, handler, review.id, 5)


def test_what_else_a_revision_gives(client, sign_in, http) -> None:
    developer = sign_in(client, "developer")
    revision = client.get(f"/api/v1/projects/{http}/drawings", headers=developer).json()["revision_id"]
    sheet = client.get(f"/api/v1/revisions/{revision}/files/1/sheet.bin", headers=developer)
    assert sheet.content.startswith(b"PBSHEET1")
    again = {**developer, "if-none-match": sheet.headers["etag"]}
    assert client.get(f"/api/v1/revisions/{revision}/files/1/sheet.bin", headers=again).status_code == 304
    assert client.get(f"/api/v1/projects/{http}/drawings/areas.pdf", headers=developer).content.startswith(
        b"%PDF"
    )
    under = client.get(f"/api/v1/revisions/{revision}/files/1/map.geojson", headers=developer)
    assert under.status_code == 200 and under.json()["type"] == "FeatureCollection"
    sealed = client.get(f"/api/v1/revisions/{revision}/sealed-set.zip", headers=developer)
    assert sealed.status_code == 409 and sealed.json()["error"]["code"] == "not_agreed"
    page = client.get(f"/revisions/{revision}/files/1/standard", headers=developer)
    assert page.status_code == 200 and "检查并保存" in page.text
    layers = client.get(f"/api/v1/revisions/{revision}/files/1/layers", headers=developer).json()["layers"]
    body = {"code": "by-http", "name": "试", "layers": {layers[0]["name"]: "footprint"}}
    saved = client.post("/api/v1/drawing-standards", json=body, headers=developer)
    assert saved.status_code == 201 and saved.json()["version"] == 1, saved.text
    assert "footprint" in client.get("/api/v1/drawing-standards/by-http.yaml", headers=developer).text
    stranger = sign_in(client, "developer2")
    for address in ("sheet.bin", "map.geojson", "layers"):
        assert (
            client.get(f"/api/v1/revisions/{revision}/files/1/{address}", headers=stranger).status_code == 404
        )


def test_as_built_page_and_json(client, sign_in, http) -> None:
    developer = sign_in(client, "developer")
    found = client.get(f"/api/v1/projects/{http}/as-built?tiers=T1&position=0.05", headers=developer).json()
    assert found["outcome"] in ("pass", "fail", "undecided") and "T1" in found["text"]
    page = client.get(f"/projects/{http}/as-built?tiers=T1&position=0.05", headers=developer)
    assert page.status_code == 200 and "规划核实结论" in page.text
    pdf = client.get(f"/api/v1/projects/{http}/as-built.pdf?tiers=T1&position=0.05", headers=developer)
    assert pdf.status_code == 200 and pdf.content.startswith(b"%PDF")
    wrong = client.get(f"/api/v1/projects/{http}/as-built?tiers=T9", headers=developer)
    assert wrong.status_code == 422 and wrong.json()["error"]["place"] == "tiers"
    wrong = client.get(f"/api/v1/projects/{http}/as-built?position=-1", headers=developer)
    assert wrong.status_code == 422 and wrong.json()["error"]["place"] == "position"
