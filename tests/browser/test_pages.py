"""The first pages, as a person sees them."""

from __future__ import annotations


def test_sign_in_and_dashboard(person):
    developer = person("developer")
    developer.shoot("dashboard-developer")
    developer.open("/projects/new")
    developer.page.fill("#name", "浏览器测试项目")
    developer.page.click("main button.primary")
    assert "项目代码" in developer.page.inner_text("#error-summary")
    developer.shoot("project-new-error")


def test_administrator_sees_the_audit_chain(person):
    admin = person("admin")
    admin.open("/admin")
    assert "未发现改动" in admin.page.inner_text("main")
    admin.shoot("admin")
