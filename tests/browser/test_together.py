"""Two reviewers at one drawing: what one marks appears at the other's without a reload."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import expect

from drawings import service
from project_box import service as box
from tests.unit.drawings import build


@pytest.fixture(scope="module")
def case(city) -> uuid.UUID:
    from sqlalchemy import select

    from project_box.accounts import actor_of
    from project_box.models import User

    with city.transaction() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User))}
        project = box.create_project(
            session,
            people["developer"],
            code=f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}",
            name="同看一张图",
        )
        revision = service.submit_revision(
            session, people["developer"], project.id, [("同看-总平图.dxf", build.data(build.site_plan()))]
        )
        box.grant(
            session, project.id, role=None, organisation_id=people["handler"].organisation_id, reason="test"
        )
        number = uuid.uuid4()
        service.open_review(session, people["handler"], number, project.id, revision.id, ["planning", "fire"])
    return number


def _mark(page, words: str) -> None:
    page.click("[data-tool=point]")
    at = page.evaluate(f"document.querySelector('sheet-viewer').toScreen({build.X + 30}, {build.Y + 25})")
    page.locator("sheet-viewer canvas").click(position={"x": at[0], "y": at[1]})
    page.fill("#mark-text", words)


def test_a_mark_appears_at_the_other_without_reload(person, case) -> None:
    fire, planner = person("fire"), person("planner")
    for somebody in (fire, planner):
        somebody.open(f"/cases/{case}/review")
        somebody.page.wait_for_selector("sheet-viewer[ready]")
        somebody.page.wait_for_selector("#live:has-text('实时同步中')")
    planner.page.evaluate("window.sameDocument = true")
    planner.page.fill("#opinion-form textarea", "正在写的意见")
    _mark(fire.page, "消防车道净宽不足")
    fire.page.click("#mark-form button:not([type=button])")
    planner.page.wait_for_selector("#marks >> text=消防车道净宽不足")
    assert planner.page.evaluate("window.sameDocument") is True
    assert planner.page.input_value("#opinion-form textarea") == "正在写的意见"
    assert planner.page.evaluate("document.querySelector('sheet-viewer').marks.length") == 1
    # the other way round, and an edit
    _mark(planner.page, "退让道路红线不足")
    planner.page.click("#mark-form button:not([type=button])")
    fire.page.wait_for_selector("#marks >> text=退让道路红线不足")
    fire.page.locator("[data-edit-mark]").click()
    fire.page.fill("form.editing textarea", "消防车道净宽 3.5 m，不足 4 m")
    fire.page.click("form.editing button:not([type=button])")
    planner.page.wait_for_selector("#marks >> text=不足 4 m")
    fire.shoot("review-together")


def test_a_begun_mark_survives_a_reload(person, case) -> None:
    fire = person("fire")
    fire.open(f"/cases/{case}/review")
    fire.page.wait_for_selector("sheet-viewer[ready]")
    _mark(fire.page, "写到一半的标注")
    fire.page.wait_for_selector("[data-status]:has-text('草稿已保存')")
    fire.page.reload()
    fire.page.wait_for_selector("sheet-viewer[ready]")
    assert fire.page.input_value("#mark-text") == "写到一半的标注"
    fire.page.click("#mark-form button:not([type=button])")
    fire.page.wait_for_selector("#marks >> text=写到一半的标注")
    assert fire.page.input_value("#mark-text") == ""
    # the change of a mark, too, and by the buttons a finger has
    fire.page.locator("[data-edit-mark]").last.click()
    fire.page.fill("form.editing textarea", "改到一半")
    fire.page.wait_for_selector("form.editing [role=alert]:has-text('草稿已保存')")
    fire.page.reload()
    fire.page.wait_for_selector("sheet-viewer[ready]")
    assert fire.page.input_value("form.editing textarea") == "改到一半"
    fire.page.click("[data-tool=cloud]")
    for x, y in ((15, 15), (70, 15), (70, 45), (200, 140)):
        at = fire.page.evaluate(
            f"document.querySelector('sheet-viewer').toScreen({build.X + x}, {build.Y + y})"
        )
        fire.page.locator("sheet-viewer canvas").click(position={"x": at[0], "y": at[1]})
    fire.page.get_by_role("button", name="撤销一点").click()
    fire.page.get_by_role("button", name="完成").click()
    fire.page.fill("#mark-text", "云线圈住 1# 楼")
    fire.page.click("#mark-form button:not([type=button])")
    fire.page.wait_for_selector("#marks >> text=云线圈住 1# 楼")
    drawn = fire.page.evaluate("document.querySelector('sheet-viewer').marks.at(-1)")
    assert len(drawn["geometry"]["coordinates"][0]) == 4, "three corners are left, and the ring is closed"
    assert drawn["handle"], "it points at the building it is drawn around"
    assert fire.page.input_value("form.editing textarea") == "改到一半", "what is being changed stays"


def test_two_windows_of_one_person_and_who_else_is_there(person, case) -> None:
    fire, planner = person("fire"), person("planner")
    other = fire.context.new_page()
    for page in (fire.page, other, planner.page):
        page.goto(f"{fire.server}/cases/{case}/review")
        page.wait_for_selector("#live:has-text('实时同步中')")
    fire.page.wait_for_selector("#others:has-text('孙规划')")
    planner.page.goto("about:blank")
    fire.page.wait_for_selector("#others", state="hidden")
    fire.page.fill("#opinion-form textarea", "甲窗口写的")
    fire.page.wait_for_selector("#opinion-form [data-saved]:has-text('草稿已保存')")
    other.fill("#opinion-form textarea", "乙窗口写的")
    other.wait_for_selector("#opinion-form [data-saved]:has-text('另一个窗口')")
    fire.page.evaluate("window.dispatchEvent(new Event('focus'))")  # what turning to the window does
    for page in (fire.page, other):
        field = page.locator("#opinion-form textarea")
        expect(field).to_have_value(re.compile("甲窗口写的"))
        expect(field).to_have_value(re.compile("乙窗口写的"))
