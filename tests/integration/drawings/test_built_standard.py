"""A drawing standard built from an uploaded drawing, saved, and used for the next upload."""

from __future__ import annotations

import uuid

import pytest

from drawings import service
from drawings.standards import layer_service, standard_service
from drawings.standards.read_back import read_back
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
    offered = layer_service.layer_proposals(session, first.files[0])
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
    assert second.files[0].report["standard"]["name"] == "我院"
    (row,) = standard_service.built_standards(session, developer)
    assert standard_service.named_standard(row)["name"] == "我院"
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


def test_rules_by_pattern_take_attributes_from_names(session, actors, project) -> None:
    """A German plan: every building on a layer of its own, green by wildcard, block attributes on parking."""
    doc = build.new()
    build.box(doc, "VP_GRENZE", build.X, build.Y, 100, 80)
    build.box(doc, "VP_GEB_NEU_A", build.X + 10, build.Y + 10, 20, 12)
    build.box(doc, "VP_GEB_NEU_B", build.X + 50, build.Y + 10, 20, 12)
    build.box(doc, "VP_GRUEN_RASEN", build.X + 5, build.Y + 60, 30, 10)
    developer = actors["developer"]
    files = [("Lageplan.dxf", build.data(doc))]
    first = service.submit_revision(session, developer, project.id, files)
    source = standard_service.write_standard(
        code="german-office",
        name="Büro",
        units="m",
        layers={"VP_GRENZE": "site_boundary", "VP_GEB_NEU_B": "footprint"},  # the rule knows more of B
        bare={},
        rules_by_pattern=[
            standard_service.PatternRule("regex", r"VP_GEB_NEU_(?P<楼号>.+)", "footprint", {"用途": "住宅"}),
            standard_service.PatternRule("pattern", "VP_GRUEN_*", "green"),
        ],
        order=["block", "layer", "text"],
        xdata_app="BUERO",
    )
    standard = standard_service.check_standard(source)
    assert standard.attributes.order == ("block", "layer", "text")
    assert standard.attributes.xdata_app == "BUERO"
    seen = standard_service.preview(standard, first.files[0])
    assert seen["VP_GEB_NEU_A"] == {"role": "footprint", "attributes": {"用途": "住宅", "楼号": "A"}}
    standard_service.save_standard(session, developer, source)
    second = service.submit_revision(session, developer, project.id, files, standard="german-office")
    model = service.revision_models(session, second)[0]
    assert [s.attributes["楼号"] for s in model.by_role("footprint")] == ["A", "B"]
    assert len(model.by_role("green")) == 1


def test_a_standard_without_any_role_is_refused() -> None:
    with pytest.raises(BadInput, match="no layer has a role"):
        standard_service.write_standard(code="empty-one", name="x", units=None, layers={}, bare={})


def test_a_standard_is_changed_withdrawn_and_offered_again(session, actors) -> None:
    developer, rule = actors["developer"], standard_service.PatternRule
    source = standard_service.write_standard(
        code="our-plans", name="我院", units="mm",
        layers={"EDGE": "site_boundary", "BLK": "footprint", "BLK2": "footprint"},
        bare={"BLK": "楼号", "BLK2": "起止层"},
        rules_by_pattern=[
            rule("regex", "T_(?P<楼号>.+)", "footprint"), rule("pattern", "GRN*", "green", {"类型": "绿地"}, "名称"),
        ],
        order=["text", "layer", "xdata", "block", "table"], xdata_app="OURS",
        writing=standard_service.Writing({"建筑高度": ["OKH"]}, ["Attika {女儿墙顶高度} m"], "comma"),
    )  # fmt: skip
    fields = read_back(source)
    assert fields.whole and fields.bare == {"BLK": "楼号", "BLK2": "起止层"}
    assert fields.layers == {"EDGE": "site_boundary", "BLK": "footprint", "BLK2": "footprint"}
    assert [(r.how, r.expression, dict(r.attributes), r.bare) for r in fields.rules] == [
        ("regex", "T_(?P<楼号>.+)", {}, ""), ("pattern", "GRN*", {"类型": "绿地"}, "名称"),
    ]  # fmt: skip
    assert (fields.units, fields.xdata_app, fields.writing.decimal) == ("mm", "OURS", "comma")
    more = source.replace("  role: site_boundary\n", "  role: site_boundary\n  floor_from_zero: 楼层\n")
    assert more != source and not read_back(more).whole, "what the page has no field for is told"

    standard_service.save_standard(session, developer, source)
    standard_service.save_standard(session, developer, more)
    assert [r.version for r in standard_service.standard_versions(session, developer)["our-plans"]] == [2, 1]
    standard_service.use_standard(session, developer, "our-plans", in_use=False)
    assert standard_service.built_standards(session, developer) == []
    assert standard_service.find_standard(session, developer, "our-plans").code == "our-plans"
    standard_service.use_standard(session, developer, "our-plans", in_use=True)
    assert len(standard_service.built_standards(session, developer)) == 1
    with pytest.raises(NotFound):
        standard_service.use_standard(session, actors["developer2"], "our-plans", in_use=False)
