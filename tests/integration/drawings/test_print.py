"""What is printed: area table, review sheet with marks, sealed set."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile

import pytest
from pypdf import PdfReader

from drawings import service
from drawings.review.sealed_set import verify_set
from drawings.sheets.sheet import build_sheet
from drawings.sheets.sheet_picture import NumberedMark, sheet_picture
from project_box import seal
from project_box import service as box
from project_box.kernel.errors import Conflict
from tests.integration.drawings.test_review_together import png
from tests.unit.drawings import build

pytestmark = pytest.mark.integration


@pytest.fixture
def review(session, actors):
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    project = box.create_project(session, actors["developer"], code=code, name="打印测试")
    box.grant(
        session, project.id, role=None, organisation_id=actors["handler"].organisation_id, reason="test"
    )
    revision = service.submit_revision(
        session, actors["developer"], project.id, [("总平图.dxf", build.data(build.site_plan()))]
    )
    return service.open_review(
        session, actors["handler"], uuid.uuid4(), project.id, revision.id, ["planning", "fire"]
    )


def test_area_table_and_review_sheet_are_pdf(session, actors, review) -> None:
    name, pdf = service.area_pdf(session, actors["developer"], review.project_id)
    assert name.endswith("建筑面积统计表.pdf") and pdf.startswith(b"%PDF")
    at = {"type": "Point", "coordinates": [build.X + 30, build.Y + 25]}
    service.add_mark(session, actors["fire"], review.id, kind="point", geometry=at, text="退让 < 5 m & #不足")
    broken = bytes(b ^ 0xFF if len(png()) - 24 <= i < len(png()) - 16 else b for i, b in enumerate(png()))
    for data in (png(), broken):
        photo = service.keep_photo(session, actors["fire"], review.id, "现场.png", data)
        service.add_mark(
            session, actors["fire"], review.id, kind="photo", geometry=at, text="现场照片", photo=photo.id
        )
    name, pdf = service.review_sheet(session, actors["fire"], review.id)
    pages = PdfReader(io.BytesIO(pdf)).pages
    said = "".join("".join(page.extract_text() for page in pages).split())
    assert said.count("现场照片") == 4 and said.count("照片无法显示") == 1
    assert sum(len(page.images) for page in pages) == 1, "the thumbnail"
    assert name.endswith("审图意见单.pdf") and pdf.startswith(b"%PDF") and len(pdf) > 10_000


def test_a_picture_shows_marks_and_says_what_it_leaves_out() -> None:
    doc = build.site_plan()
    cad, model = build.cad_of(doc), build.model_of(doc)
    sheet = build_sheet(cad, model)
    mark = NumberedMark(7, "mandatory", {"type": "Point", "coordinates": [build.X + 900, build.Y]})
    picture = sheet_picture(sheet, [mark])
    assert ">7</text>" in picture.svg
    ring = [[build.X + x, build.Y + y] for x, y in ((10, 10), (60, 10), (60, 40), (10, 40), (10, 10))]
    cloud = NumberedMark(8, "general", {"type": "Polygon", "coordinates": [ring]}, "cloud")
    words = NumberedMark(9, "advice", {"type": "Point", "coordinates": ring[0]}, "text", "间距 < 6 m，请复核")
    drawn = sheet_picture(sheet, [cloud, words]).svg
    assert drawn.count("A") > 8, "a cloud is drawn in bows"
    assert drawn.count("间距 &lt; 6 m，请复核") == 2, "a text is drawn, with its rim"
    assert picture.svg.count("<path") + picture.left_out <= len(sheet)
    assert "nan" not in picture.svg and "inf" not in picture.svg


def rezipped(data: bytes, change: dict[str, bytes | None]) -> bytes:
    """The archive with some members replaced, added or (None) left out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in dict.fromkeys([*old.namelist(), *change]):
            content = change[name] if name in change else old.read(name)
            if content is not None:
                new.writestr(name, content)
    return stream.getvalue()


def test_only_an_agreed_revision_is_sealed(session, actors, review) -> None:
    revision = review.revision
    with pytest.raises(Conflict) as refused:
        service.drawing_set(session, actors["handler"], revision.id)
    assert refused.value.code == "not_agreed"
    for person in ("planner", "fire"):
        service.give_opinion(session, actors[person], review.id, verdict="agree")
    service.close_review(session, actors["handler"], review.id)
    _, data = service.drawing_set(session, actors["handler"], revision.id)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for file in manifest["files"]:
            assert hashlib.sha256(archive.read(f"图纸/{file['name']}")).hexdigest() == file["sha256"]
        assert seal.verify_pdf(archive.read("审图意见单.pdf")).ok
    assert verify_set(data).ok
    drawing = f"图纸/{manifest['files'][0]['name']}"
    other = json.dumps({**manifest, "revision": 9}, ensure_ascii=False, indent=1).encode()
    tampered: tuple[tuple[dict[str, bytes | None], str], ...] = (
        ({drawing: b"0\nEOF\n"}, "已被改动"),
        ({drawing: None}, "缺少图纸"),
        ({"图纸/另一张.dxf": b""}, "多出清单以外的文件"),
        ({"manifest.json": other}, "印章不是为这份清单盖的"),
        ({"manifest.json": b"{}"}, "不是平台写出的清单"),
        ({"审图意见单.pdf": b"%PDF-1.7"}, "审图意见单.pdf："),
        ({"审图意见单.pdf": None}, "不是封存图纸"),
    )
    for change, said in tampered:
        report = verify_set(rezipped(data, change))
        assert not report.ok and any(said in p for p in report.problems), (said, report.problems)
    assert not verify_set(data[: len(data) // 2]).ok
    changed = service.submit_revision(
        session, actors["developer"], review.project_id, [("总平图.dxf", build.data(build.site_plan()))]
    )
    with pytest.raises(Conflict):
        service.drawing_set(session, actors["handler"], changed.id)
