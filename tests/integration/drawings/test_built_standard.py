"""A drawing standard built from an uploaded drawing, saved, and used for the next upload."""

from __future__ import annotations

import uuid

import pytest

from drawings import service, standard_service
from project_box import service as box
from project_box.kernel.errors import BadInput, Conflict, NotFound
from tests.unit.drawings import build

pytestmark = pytest.mark.integration


@pytest.fixture
def project(session, actors):
    code = f"2611-430104-04-01-{uuid.uuid4().int % 10**6:06d}"
    return box.create_project(session, actors["developer"], code=code, name="制图标准测试")


def foreign_plan() -> bytes:
    doc = build.new()
    build.box(doc, "OUR-SITE-EDGE", build.X, build.Y, 100, 80)
    build.box(doc, "BLK", build.X + 20, build.Y + 20, 30, 20)
    build.text(doc, "BLK", "7", build.X + 30, build.Y + 28)
    return build.data(doc)


def test_a_built_standard_reads_the_next_drawing(session, actors, project) -> None:
    developer = actors["developer"]
    first = service.submit_revision(session, developer, project.id, [("a.dxf", foreign_plan())])
    offered = standard_service.layer_proposals(first.files[0])
    assert {"OUR-SITE-EDGE", "BLK"} <= {layer["name"] for layer in offered}
    source = standard_service.write_standard(
        code="our-institute",
        name="我院",
        units="m",
        layers={"OUR-SITE-EDGE": "site_boundary", "BLK": "footprint"},
        bare={"BLK": "楼号"},
    )
    saved = standard_service.save_standard(session, developer, source)
    assert saved.version == 1
    second = service.submit_revision(
        session, developer, project.id, [("a.dxf", foreign_plan())], standard="our-institute"
    )
    model = service.revision_models(session, second)[0]
    assert model.standard == "our-institute"
    footprint = model.by_role("footprint")[0]
    assert footprint.area_m2 == pytest.approx(600.0)
    assert footprint.attributes["楼号"] == "7"
    assert standard_service.save_standard(session, developer, source).version == 2
    assert standard_service.standard_source(session, developer, "our-institute", 1).source == source
    with pytest.raises(NotFound):  # another organisation's
        standard_service.standard_source(session, actors["developer2"], "our-institute")


def test_what_cannot_be_loaded_is_not_saved(session, actors) -> None:
    developer = actors["developer"]
    good = standard_service.write_standard(
        code="our-own", name="我院", units=None, layers={"A": "site_boundary"}, bare={}
    )
    with pytest.raises(BadInput, match="site_border"):
        standard_service.save_standard(
            session, developer, good.replace("role: site_boundary", "role: site_border")
        )
    with pytest.raises(BadInput):
        standard_service.save_standard(session, developer, good.replace("code: our-own", "code: ../x"))
    with pytest.raises(BadInput):
        standard_service.save_standard(session, developer, "code: our-own\nlayers: [")
    with pytest.raises(Conflict):
        standard_service.save_standard(session, developer, good.replace("code: our-own", "code: project-box"))
