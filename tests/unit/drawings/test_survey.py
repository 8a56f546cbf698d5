"""Drawings without a fitting standard: rings with exact areas, guesses of roles in several languages, texts."""

from __future__ import annotations

import math

import pytest

from drawings.interpreting.interpret import interpret
from drawings.interpreting.survey import survey
from drawings.report import drawing_report
from drawings.standards.guess import Contents, accepted, guesses, proposed
from drawings.standards.standards import get_standard
from tests.unit.drawings.build import box, cad_of, codes, new, ring, text


@pytest.mark.parametrize(
    ("layer", "role"),
    [
        ("用地红线", "site_boundary"),
        ("ZT-地下室轮廓", "basement"),
        ("非机动车停车位", "parking_bike"),
        ("대지경계선", "site_boundary"),
        ("A_건축선", "control_line"),
        ("조경-1", "green"),
        ("Границы участка", "site_boundary"),
        ("АР_Озеленение", "green"),
        ("Красные линии", "road_red_line"),
        ("GRUNDSTÜCKSGRENZE", "site_boundary"),
        ("Strassenbegrenzungslinie", "road_red_line"),
        ("भूखंड सीमा", "site_boundary"),
        ("हरित क्षेत्र", "green"),
        ("SITE_BOUNDARY_LINE", "site_boundary"),
        ("BuildingFootprint", "footprint"),
        ("xref$0$Parking Stall", "parking_car"),
        ("A-ANNO-DIMS", "reference"),
    ],
)
def test_layers_are_guessed_by_their_names(layer: str, role: str) -> None:
    assert guesses(layer)[0].role == role


def test_what_lies_on_a_layer_speaks_for_or_against_a_guess() -> None:
    with_rings = guesses("绿地", Contents(rings=3))[0].confidence
    with_texts = guesses("绿地", Contents(texts=3))[0].confidence
    assert with_rings > 0.9 > 0.65 > with_texts
    assert not guesses("X-17", Contents(rings=1))


def test_rings_of_unknown_layers_have_exact_areas() -> None:
    doc = new()
    ring(doc, "K1", [(0, 0, 0), (40, 0, 1), (40, 20, 0), (0, 20, 0)], format="xyb")
    doc.modelspace().add_circle((10, 10), 5, dxfattribs={"layer": "K1"})
    for start, end in (((50, 0), (60, 0)), ((60, 0), (60, 10)), ((60, 10), (50, 0))):
        doc.modelspace().add_line(start, end, dxfattribs={"layer": "K2"})
    box(doc, "K2", 50, 50, 4, 4)
    box(doc, "K2", 50, 50, 4, 4)
    facts = survey(cad_of(doc))
    layer = facts.layers["K1"]
    assert layer.area_m2 == pytest.approx(800 + math.pi * 50 + math.pi * 25)
    assert layer.net_area_m2 == pytest.approx(800 + math.pi * 50 - math.pi * 25)
    assert facts.layers["K2"].area_m2 == pytest.approx(50 + 16)
    assert {r.closed_by for r in facts.rings} == {"flag", "chain"}
    assert sum(r.duplicate is not None for r in facts.rings) == 1


def test_accepted_layers_hold_beside_a_standard_that_was_used_before() -> None:
    base = get_standard("project-box")
    assert base.match("拟建建筑") is None
    both = accepted({"拟建建筑": "footprint", "用地红线": "reference"}, base)
    found = both.match("拟建建筑")
    assert found is not None and found.role == "footprint"
    again = both.match("用地红线")
    assert again is not None and again.role == "reference"


def test_an_unknown_drawing_is_listed_and_becomes_computable_when_guesses_are_accepted() -> None:
    doc = new()
    box(doc, "대지경계선", 0, 0, 40, 30)
    box(doc, "건물외곽선", 5, 5, 20, 10)
    text(doc, "문자", "대지면적 1200㎡", 1, 1)
    cad = cad_of(doc)
    facts = survey(cad)
    report = drawing_report(interpret(cad, guesses=facts.guesses()), facts)
    assert report["standard"] is None and not report["roles"]
    assert {(a["layer"], a["area_m2"]) for a in report["areas"]} == {
        ("대지경계선", 1200.0),
        ("건물외곽선", 200.0),
    }
    assert report["proposed_roles"] == {"대지경계선": "site_boundary", "건물외곽선": "outline"}
    assert report["texts"][0]["text"] == "대지면적 1200㎡"
    assert "DXF-LAYER-GUESS" in {i["code"] for i in report["issues"]}
    standard = accepted(proposed(facts.guesses()))
    model = interpret(cad, standard)
    assert {s.role: s.area_m2 for s in model.shapes} == {"site_boundary": 1200.0, "outline": 200.0}
    assert "DXF-STANDARD-UNKNOWN" not in codes(model)


def test_what_stands_on_the_rows_of_a_table_names_no_line() -> None:
    doc = new()
    box(doc, "YDHX", 0, 0, 100, 80)
    for row, words in enumerate(
        (("用地面积", "8000.00"), ("地上", "40"), ("地下", "372"), ("绿地率", "35.2"))
    ):
        doc.modelspace().add_line((120, 60 - 5 * row), (190, 60 - 5 * row), dxfattribs={"layer": "BG"})
        for column, said in enumerate(words):
            text(doc, "BG", said, 122 + 40 * column, 60.5 - 5 * row, 2.0)
    assert "BG" not in survey(cad_of(doc)).guesses()
