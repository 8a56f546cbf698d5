"""A drawing standard built by clicks from a drawing of another country, and the next drawing handed in with it."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from project_box import service as box
from tests.unit.drawings import build


@pytest.fixture
def project(city):
    from sqlalchemy import select

    from project_box.accounts import actor_of
    from project_box.models import User

    with city.transaction() as session:
        developer = actor_of(session.scalars(select(User).where(User.username == "developer")).one())
        code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
        return box.create_project(session, developer, code=code, name="境外制图标准").id


def korean() -> bytes:
    """배치도: a site whose office calls the eaves 처마고 and writes storeys as 5F."""
    doc = build.new("R2004")
    build.box(doc, "대지경계선", 0, 0, 40, 30)
    build.box(doc, "건축물", 5, 4, 20, 15)
    for k, words in enumerate(("101동", "지상 5층 / 지하 1층", "처마고 15,2m")):
        build.text(doc, "문자", words, 8, 8 + 2 * k)
    build.box(doc, "조경면적", 28, 4, 10, 5)
    for k in range(6):
        build.box(doc, "주차구획", 5 + 2.5 * k, 22, 2.5, 5)
    return build.data(doc, encoding="cp949")


def german() -> bytes:
    """Lageplan: buildings on layers of their own, heights as OKH=…, ``Attika 10,25 m``, decimal commas."""
    doc = build.new("R2010")
    build.box(doc, "VP_GRENZE", 0, 0, 60, 40)
    for name, x in (("A", 5), ("B", 35)):
        build.box(doc, f"VP_KOERPER_{name}", x, 8, 20, 12)
        build.text(doc, "VP_TXT", "OKH=9,50", x + 2, 10, 0.5)
        build.text(doc, "VP_TXT", "Attika 10,25 m", x + 2, 12, 0.5)
        build.text(doc, "VP_TXT", "III", x + 2, 14, 0.5)
    build.box(doc, "VP_RASEN", 5, 30, 30, 8)
    return build.data(doc)


def _hand_in(somebody, project, path: Path, standard: str = "") -> None:
    page = somebody.page
    somebody.open(f"/projects/{project}/drawings")
    opener = page.locator("summary", has_text="提交新一版图纸")
    if opener.count():
        opener.click()
    page.set_input_files("#files", path)
    if standard:
        page.select_option("#standard", standard)
    page.locator("form button.primary", has_text="提交并检查").click()
    page.wait_for_selector("sheet-viewer[ready]")


def test_a_korean_plan(person, project, tmp_path) -> None:
    developer = person("developer")
    page = developer.page
    path = tmp_path / "배치도.dxf"
    path.write_bytes(korean())
    _hand_in(developer, project, path)
    page.locator("a.button.primary", has_text="建立制图标准").click()
    page.wait_for_selector("sheet-viewer[ready]")
    # every layer has its picture, its contents and a proposal that only needs to be looked at
    assert page.locator("svg.thumb").count() == 5
    row = page.locator("table.layers tr", has_text="건축물")
    assert "1 个闭合图形" in row.inner_text() and row.locator("select").first.input_value() == "footprint"
    row.locator("[data-only]").click()
    assert (
        page.evaluate("[...document.querySelector('sheet-viewer').layers.values()].filter(l => l.on).length")
        == 1
    )
    row.locator("[data-only]").click()
    page.fill("#code", "seoul-office")
    page.fill("#name", "서울 설계")
    page.locator("summary", has_text="属性怎么写").click()
    page.select_option("[name='key:0']", "檐口高度")
    page.fill("[name='words:0']", "처마고, 처마높이")
    page.select_option("#decimal", "comma")
    developer.shoot("standard-korean")
    page.locator("button", has_text="试用于本图").click()
    page.wait_for_selector("th:has-text('按此标准')")
    assert page.input_value("[name='words:0']") == "처마고, 처마높이"
    page.locator("button", has_text="检查并保存").first.click()
    page.wait_for_selector("#own li:has-text('seoul-office')")
    _hand_in(developer, project, path, "seoul-office")
    report = page.evaluate(
        "async (path) => (await (await fetch(path)).json())", f"/api/v1/projects/{project}/drawings"
    )
    assert report["summary"]["areas"]["site_boundary"] == pytest.approx(1200)
    assert report["summary"]["areas"]["footprint"] == pytest.approx(300)
    developer.shoot("drawings-korean")


def test_a_german_plan(person, project, tmp_path) -> None:
    developer = person("developer")
    page = developer.page
    path = tmp_path / "Lageplan.dxf"
    path.write_bytes(german())
    _hand_in(developer, project, path)
    developer.open(page.url.split("?")[0].replace(developer.server, ""))
    page.locator("a", has_text="由这张图建立制图标准").first.click()
    page.wait_for_selector("sheet-viewer[ready]")
    page.fill("#code", "buero-nord")
    page.fill("#name", "Büro Nord")
    for layer, role in (("VP_GRENZE", "site_boundary"), ("VP_RASEN", "green"), ("VP_TXT", "reference")):
        page.select_option(f"[name='role:{layer}']", role)
    for name in "AB":
        page.select_option(f"[name='role:VP_KOERPER_{name}']", "")
    page.locator("summary", has_text="按名称规律的规则").click()
    page.select_option("[name='how:0']", "regex")
    page.fill("[name='expression:0']", "VP_KOERPER_(?P<楼号>.+)")
    page.select_option("[name='as:0']", "footprint")
    page.locator("summary", has_text="属性怎么写").click()
    page.select_option("[name='key:0']", "建筑高度")
    page.fill("[name='words:0']", "OKH")
    page.fill("[name='phrase:0']", "Attika {女儿墙顶高度} m")
    developer.shoot("standard-german")
    page.locator("button", has_text="试用于本图").click()
    page.wait_for_selector("td:has-text('楼号=A')")
    page.locator("button", has_text="检查并保存").first.click()
    page.wait_for_selector("#own li:has-text('buero-nord')")
    _hand_in(developer, project, path, "buero-nord")
    told = page.evaluate(
        "async (path) => (await (await fetch(path)).json())", f"/api/v1/projects/{project}/drawings"
    )
    assert told["summary"]["areas"] == {"site_boundary": 2400, "footprint": 480, "green": 240}
    measured = page.locator("#measures").inner_text()
    assert "20.00 %" in measured and "1,440.00 ㎡" in measured  # two buildings of three storeys on 2400 ㎡
    assert page.locator("#measures table tr", has_text="A").first.is_visible()
    developer.shoot("drawings-german")
