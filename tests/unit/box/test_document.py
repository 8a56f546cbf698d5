"""Official documents: data never becomes source, the same data gives the same bytes, odd characters survive."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from pypdf import PdfReader
from shapely.geometry import Polygon, box

from project_box import document
from project_box.kernel.errors import BadInput, PlatformError
from project_box.siteplan import SitePlan, round_scale, site_plan_svg

BOUNDARY = Polygon([(500000, 3100000), (500180, 3100010), (500190, 3100220), (500020, 3100240)])


def permit(**changes):
    data = {
        "authority": "样例新区行政审批局",
        "number": "建字第4309992026GG0000001号",
        "developer": "样例置业有限公司",
        "project_name": "样例花园一期",
        "project_code": "2611-430999-04-01-123456",
        "location": "学府路以东",
        "scale": "总建筑面积 45678.90 ㎡",
        "attachments": ["附图一 总平面图"],
        "issued_on": "2026-11-22",
        "verify_url": "http://127.0.0.1:8765/verify/AB12",
        "site_plan": SitePlan(
            BOUNDARY,
            [{"role": "footprint", "geometry": box(500030, 3100050, 500060, 3100070), "label": "1#"}],
            4547,
        ),
        "indicators": [
            {"name": "容积率", "value": "1.98", "limit": "≤2.00", "conclusion": "符合"},
            {"name": "绿地率", "value": "—", "limit": "≥35", "unit": "%", "conclusion": "无法判定"},
        ],
        **changes,
    }
    return document.render("planning_permit", data)


def text(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\u200b", "")


def squeezed(pdf: bytes) -> str:
    return "".join(text(pdf).split())


def test_permit_has_its_fields_and_pages():
    pdf = permit()
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 3
    words = squeezed(pdf)
    for word in (
        "建设工程规划许可证",
        "建字第4309992026GG0000001号",
        "样例置业有限公司",
        "附图一总平面图",
        "比例1:",
        "无法判定",
        "2026年11月22日",
    ):
        assert word in words
    assert pdf.seal_place is not None and pdf.seal_place.page == 1
    metadata = reader.xmp_metadata
    assert metadata is not None
    assert b"pdfaid:part>2<" in pdf and b"pdfaid:conformance>B<" in pdf


def test_same_data_same_bytes():
    assert permit() == permit()
    assert permit() != permit(project_name="另一项目")


@pytest.mark.parametrize(
    "name",
    [
        '#panic("x")',
        "$x^2$ _a_ *b* `c`",
        '"; #sys',
        '#read("/etc/passwd")',
        "<seal> @ref \\u{41}",
        "]}) #let data = 1",
        "= 标题\n- 项",
    ],
)
def test_names_are_printed_as_they_stand(name):
    assert "".join(name.split()) in squeezed(permit(project_name=name))


def test_long_names_stay_on_their_page():
    pdf = permit(project_name="长" * 300, developer="A" * 300, location="路" * 300)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 3
    assert squeezed(pdf).count("长") >= 300


def test_odd_characters():
    words = squeezed(permit(project_name="𠮷䶮😀\ue000\x00\x07末"))
    assert "𠮷䶮" in words and "〓" in words and "末" in words


def test_wrong_data_names_the_field():
    with pytest.raises(BadInput) as caught:
        document.render("notice", {"title": "x"})
    assert caught.value.place in ("authority", "issued_on")
    with pytest.raises(BadInput) as caught:
        permit(colour="red")
    assert caught.value.place == "colour"
    with pytest.raises(BadInput):
        document.render("no_such", {})
    with pytest.raises(BadInput):
        permit(site_plan=SitePlan({"type": "Polygon", "coordinates": [["x"]]}))


def test_missing_fonts_are_named(monkeypatch):
    document._fonts.cache_clear()
    monkeypatch.setattr(document, "_FAMILIES", ("Noto Serif CJK SC", "No Such Font"))
    try:
        with pytest.raises(PlatformError) as caught:
            permit()
        assert "fonts-noto-cjk" in (caught.value.remedy or "")
        assert "No Such Font" in caught.value.zh
    finally:
        document._fonts.cache_clear()


@pytest.mark.parametrize("template", sorted(document.MODELS))
def test_every_template_lays_out_its_least_data(template):
    every: dict[str, dict[str, Any]] = {
        "planning_permit": {
            "number": "n",
            "developer": "d",
            "project_name": "p",
            "location": "l",
            "scale": "s",
        },
        "notice": {"title": "t", "number": "n", "addressee": "a", "paragraphs": ["p"]},
        "joint_opinion": {"number": "n", "project_name": "p", "conclusion": "同意", "opinions": []},
        "evaluation_report": {
            "title": "t",
            "number": "n",
            "project_name": "p",
            "agency": "a",
            "conclusion": ["c"],
        },
        "construction_permit": {
            "number": "n",
            "developer": "d",
            "project_name": "p",
            "location": "l",
            "scale": "s",
        },
    }
    pdf = document.render(template, {"authority": "样例局", "issued_on": "2026-01-05", **every[template]})
    assert pdf.startswith(b"%PDF-") and pdf.seal_place is not None


def test_templates_take_data_only_from_inputs():
    """No template evaluates a string or reads a file."""
    for path in document.TEMPLATES.glob("*.typ"):
        source = path.read_text(encoding="utf-8")
        for word in ("eval(", "read(", "#include", "plugin("):
            assert word not in source, path.name


def test_site_plan_scale_and_true_lengths():
    assert round_scale(190, 240, 150, 180) == 2000
    assert round_scale(100, 100, 100, 100) == 1000
    svg = site_plan_svg(SitePlan(BOUNDARY, (), 4547))
    assert "比例 1:2000" in svg and "EPSG:4547" in svg and svg.count("<svg") == 1


def test_site_plan_draws_holes_parts_and_escapes_labels():
    shape = box(0, 0, 10, 10).difference(box(2, 2, 4, 4)).union(box(20, 0, 30, 10))
    svg = site_plan_svg(
        SitePlan(
            shape,
            [{"role": "footprint", "geometry": box(1, 1, 2, 2).__geo_interface__, "label": "<b>&\"'"}],
            4547,
        )
    )
    assert "&lt;b&gt;&amp;" in svg and "<b>" not in svg
    path = next(p for p in svg.split("<path ") if "d01212" in p)
    assert path.count("M") == 3


def test_qr_is_a_square_svg():
    svg = document.qr_svg("http://127.0.0.1:8765/verify/AB12")
    assert svg.startswith("<svg") and json.dumps(svg)
