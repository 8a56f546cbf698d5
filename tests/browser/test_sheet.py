"""The sheet viewer and the joint review page, used by hand."""

from __future__ import annotations

import uuid

import pytest

from drawings import service
from project_box import service as box
from tests.unit.drawings import build


@pytest.fixture(scope="module")
def reviewed(city):
    """A project whose drawing has something to find, and an open joint review."""
    from sqlalchemy import select

    from project_box.accounts import actor_of
    from project_box.models import User

    doc = build.site_plan()
    wide = build.box(doc, "建筑基底", build.X + 190, build.Y + 100, 30, 20)
    doc.modelspace().add_aligned_dim(
        (build.X + 20, build.Y + 20), (build.X + 60, build.Y + 20), -3, text="48"
    ).render()
    with city.transaction() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User))}
        project = box.create_project(
            session,
            people["developer"],
            code=f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}",
            name="看图测试",
        )
        revision = service.submit_revision(
            session, people["developer"], project.id, [("看图-总平图.dxf", build.data(doc))]
        )
        box.grant(
            session, project.id, role=None, organisation_id=people["handler"].organisation_id, reason="test"
        )
        case = uuid.uuid4()
        service.open_review(session, people["handler"], case, project.id, revision.id, ["planning", "fire"])
        return {"project": project.id, "case": case, "outside": wide.dxf.handle}


def _lit(page) -> list[str]:
    handles: list[str] = page.evaluate("[...document.querySelector('sheet-viewer').lit].map((i) => i.handle)")
    return handles


def test_issues_light_up_on_the_sheet(person, reviewed) -> None:
    developer = person("developer")
    page = developer.page
    developer.open(f"/projects/{reviewed['project']}/drawings")
    page.wait_for_selector("sheet-viewer[ready]")
    row = page.locator("li", has_text="DXF-OUTSIDE-PLOT")
    row.locator("[data-show]").click()
    assert _lit(page) == [reviewed["outside"]]
    developer.shoot("drawings")
    # the address carries what to light up
    developer.open(f"/projects/{reviewed['project']}/drawings?file=1#handles={reviewed['outside']}")
    page.wait_for_selector("sheet-viewer[ready]")
    assert _lit(page) == [reviewed["outside"]]
    # layers, background, search, keys, and the facts of a clicked entity
    viewer = page.locator("sheet-viewer")
    viewer.get_by_role("button", name="图层", exact=True).click()
    viewer.get_by_label("绿地").uncheck()
    assert page.evaluate("document.querySelector('sheet-viewer').layers.get('绿地').on") is False
    viewer.get_by_role("button", name="图层", exact=True).click()
    viewer.get_by_role("button", name="黑/白底").click()
    viewer.get_by_label("查找文字或句柄").fill("楼号=1#")
    viewer.get_by_label("查找文字或句柄").press("Enter")
    assert len(_lit(page)) == 1
    viewer.get_by_role("button", name="全图").click()
    at = page.evaluate(f"document.querySelector('sheet-viewer').toScreen({build.X + 100}, {build.Y + 0})")
    viewer.locator("canvas").click(position={"x": at[0], "y": at[1]})
    assert "200" in viewer.locator(".what").inner_text() or "700.00" in viewer.locator(".what").inner_text()
    developer.shoot("drawings-black")


def test_reviewers_mark_and_the_officer_merges(person, reviewed) -> None:
    fire = person("fire")
    page = fire.page
    fire.open(f"/cases/{reviewed['case']}/review")
    page.wait_for_selector("sheet-viewer[ready]")
    page.click("[data-tool=cloud]")
    canvas = page.locator("sheet-viewer canvas")
    for dx, dy in ((0, 0), (60, 0), (60, 40)):
        at = page.evaluate(f"document.querySelector('sheet-viewer').toScreen({build.X + 20}, {build.Y + 20})")
        canvas.click(position={"x": at[0] + dx, "y": at[1] - dy})
        page.wait_for_timeout(350)
    canvas.press("Enter")
    page.select_option("#phrase", index=1)
    page.click("#mark-form button:not([type=button])")
    page.wait_for_selector("li[id^=mark-]")
    assert "消防车道" in page.inner_text("li[id^=mark-]")
    page.check("#opinion-form input[value=modify]")
    page.fill("#opinion-form textarea", "消防车道需要环通")
    page.locator("[data-saved]", has_text="草稿已保存").wait_for()
    page.reload()
    assert page.input_value("#opinion-form textarea") == "消防车道需要环通"
    fire.shoot("review-discipline")
    page.click("#opinion-form button.primary")
    page.wait_for_selector("text=消防车道需要环通")
    planner = person("planner")
    planner.open(f"/cases/{reviewed['case']}/review")
    planner.page.check("#opinion-form input[value=agree]")
    planner.page.click("#opinion-form button.primary")
    planner.page.wait_for_selector("text=各专业均已提交")
    handler = person("handler")
    handler.open(f"/cases/{reviewed['case']}/review")
    handler.shoot("review-merge")
    handler.page.click("form[action$=merge] button.primary")
    handler.page.wait_for_selector("h2:has-text('联审意见')")
    assert "修改后同意" in handler.page.inner_text("pre")
    handler.shoot("review-closed")
