"""Two revisions compared on the sheet."""

from __future__ import annotations

import uuid

import pytest
from ezdxf.entities.lwpolyline import LWPolyline

from drawings import service
from project_box import service as box
from tests.unit.drawings import build


@pytest.fixture(scope="module")
def changed(city):
    """A project with two revisions: one building wider, one green more."""
    from sqlalchemy import select

    from project_box.accounts import actor_of
    from project_box.models import User

    doc = build.site_plan()
    wide = next(e for e in doc.modelspace() if e.dxf.layer == "建筑基底" and e.dxftype() == "LWPOLYLINE")
    assert isinstance(wide, LWPolyline)
    wide.set_points([(x + (2 if x > build.X + 50 else 0), y) for x, y in wide.get_points("xy")], format="xy")
    build.box(doc, "绿地", build.X + 150, build.Y + 60, 10, 10)
    with city.transaction() as session:
        people = {u.username: actor_of(u) for u in session.scalars(select(User))}
        code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
        project = box.create_project(session, people["developer"], code=code, name="比对看图")
        for data in (build.data(build.site_plan()), build.data(doc)):
            service.submit_revision(session, people["developer"], project.id, [("看图-总平图.dxf", data)])
        return project.id


def test_differences_stand_on_the_sheet(person, changed) -> None:
    developer = person("developer")
    page = developer.page
    developer.open(f"/projects/{changed}/drawings")
    page.get_by_role("link", name="图纸比对").click()
    page.wait_for_selector("sheet-viewer[ready]")
    drawn = page.evaluate(
        "document.querySelector('sheet-viewer').overlay.map((o) => o.change + ' ' + o.when)"
    )
    assert sorted(drawn) == ["added after", "reshaped after", "reshaped before"]
    developer.shoot("compare")
    # what changed an indicator lights up the shape behind it
    page.locator("#indicators tr", has_text="建筑密度").locator("[data-change]").first.click()
    view = page.evaluate("document.querySelector('sheet-viewer').view")
    assert build.X + 20 < view["x"] < build.X + 62 and build.Y + 20 < view["y"] < build.Y + 35
    developer.shoot("compare-close")
