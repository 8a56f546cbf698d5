"""A session that ends, and a server that is away, in the middle of writing: nothing typed is lost."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import delete, select

from drawings import service
from project_box import service as box
from project_box.models import User, UserSession
from tests.unit.drawings import build


@pytest.fixture(scope="module")
def case(city) -> uuid.UUID:
    from project_box.accounts import actor_of

    with city.transaction() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User))}
        code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
        project = box.create_project(session, people["developer"], code=code, name="写到一半")
        revision = service.submit_revision(
            session, people["developer"], project.id, [("总平图.dxf", build.data(build.site_plan()))]
        )
        handler = people["handler"]
        box.grant(session, project.id, role=None, organisation_id=handler.organisation_id, reason="test")
        number = uuid.uuid4()
        service.open_review(session, handler, number, project.id, revision.id, ["fire"])
    return number


def signed_out(city, username: str) -> None:
    with city.transaction() as session:
        user = session.scalars(select(User).where(User.username == username)).one()
        session.execute(delete(UserSession).where(UserSession.user_id == user.id))


def opened(somebody, case) -> None:
    somebody.open(f"/cases/{case}/review")
    somebody.page.wait_for_selector("#live:has-text('实时同步中')")


def test_what_is_typed_outlives_the_session(person, city, case) -> None:
    fire = person("fire")
    page = fire.page
    opened(fire, case)
    signed_out(city, "fire")
    page.fill("#opinion-form textarea", "登录过期时正在写的意见")
    page.wait_for_selector("#signed-out:visible")
    assert page.input_value("#opinion-form textarea") == "登录过期时正在写的意见"
    with fire.context.expect_page() as window:
        page.click("#signed-out a")
    other = window.value
    other.fill("#username", "fire")
    other.fill("#password", "demo-fire")
    other.click("main button.primary")
    other.wait_for_selector("#opinion-form")
    other.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")  # what coming back to a window does
    page.wait_for_selector("#signed-out", state="hidden")
    page.wait_for_selector("[data-saved]:has-text('草稿已保存')")
    page.wait_for_selector("#live:has-text('实时同步中')")
    page.reload()
    assert page.input_value("#opinion-form textarea") == "登录过期时正在写的意见"


def test_a_refused_opinion_is_taken_up_after_signing_in_in_the_same_window(person, city, case) -> None:
    fire = person("fire")
    page = fire.page
    opened(fire, case)
    page.check("#opinion-form input[value=modify]")
    page.fill("#opinion-form textarea", "点提交时登录刚好过期")
    signed_out(city, "fire")
    page.click("#opinion-form button.primary")
    page.wait_for_load_state()
    fire.sign_in()
    opened(fire, case)
    assert page.input_value("#opinion-form textarea") == "点提交时登录刚好过期"
    assert page.is_checked("#opinion-form input[value=modify]")
    page.click("#opinion-form button.primary")
    page.wait_for_selector("#opinions >> text=点提交时登录刚好过期")
    assert page.input_value("#opinion-form textarea") == "", "what arrived is not taken up again"


def test_a_line_that_answers_with_an_error_is_taken_up_again(person, case) -> None:
    """A gateway whose server is away answers 502: browsers give such a line up for good."""
    fire = person("fire")
    page = fire.page
    away = {"now": True}
    page.route(
        "**/events?after=*",
        lambda route: route.fulfill(status=502, body="bad gateway") if away["now"] else route.continue_(),
    )
    page.route("**/draft", lambda route: route.fulfill(status=502) if away["now"] else route.continue_())
    fire.open(f"/cases/{case}/review")
    page.wait_for_selector("#live:has-text('连接中断，正在重连')")
    page.fill("#opinion-form textarea", "服务重启时写的")
    page.wait_for_selector("#opinion-form [data-saved]:not(:empty)")
    away["now"] = False
    page.wait_for_selector("#live:has-text('实时同步中')")
    page.wait_for_selector("[data-saved]:has-text('草稿已保存')")
