"""Findings written back into a copy of the drawing, on their own layers."""

from __future__ import annotations

import pytest

from drawings.cad import read
from drawings.cad.audit_copy import audit_copy
from drawings.interpret import interpret
from tests.unit.drawings.build import box, codes, data, new, ring, site_plan


def _bad(version: str = "R2010"):
    doc = site_plan() if version == "R2010" else new(version)
    box(doc, "用地红线", 0, 0, 100, 100) if version != "R2010" else None
    ring(doc, "绿地", [(0, 0), (9, 0), (9, 9), (0, 3)], close=False)
    return data(doc)


@pytest.mark.parametrize("version", ["R2000", "R2010", "R2018"])
def test_the_copy_holds_the_drawing_and_every_finding(version: str) -> None:
    original = _bad(version)
    cad = read(original, "图.dxf")
    model = interpret(cad)
    copied = read(audit_copy(original, cad, model.issues, [("补缺口", [[(0, 3), (0, 0)]])]), "图.dxf")
    marks = [e for e in copied.entities if e.layer.startswith("PB_AUDIT_")]
    assert {e.handle: e.curves for e in copied.entities if e not in marks} == {
        e.handle: e.curves for e in cad.entities
    }
    shown = " ".join(e.text or "" for e in marks)
    assert all(i.code in shown and i.message in shown for i in model.issues)
    placed = [i.at for i in model.issues if i.at]
    assert sum(e.kind == "CIRCLE" for e in marks) == len(placed) > 0
    assert any(e.layer == "PB_AUDIT_REPAIR" for e in marks)


def test_auditing_a_copy_finds_the_same_and_a_second_copy_does_not_pile_up() -> None:
    original = _bad()
    cad = read(original, "图.dxf")
    model = interpret(cad)
    first = audit_copy(original, cad, model.issues)
    again = read(first, "图.dxf")
    second_model = interpret(again)
    assert codes(second_model) == codes(model)
    assert {s.handle: s.area_m2 for s in second_model.shapes} == {s.handle: s.area_m2 for s in model.shapes}
    second = read(audit_copy(first, again, second_model.issues), "图.dxf")
    assert len(second.entities) == len(again.entities)


def test_the_approved_area_is_the_third_of_the_comparison() -> None:
    cad = read(data(site_plan()), "图.dxf")
    model = interpret(cad, approved_area_m2=28000.0)
    issue = next(i for i in model.issues if i.code == "DXF-AREA-APPROVED")
    assert issue.level == "error" and "28000.00" in issue.message and "30000.00" in issue.message
    assert "DXF-AREA-APPROVED" not in codes(interpret(cad, approved_area_m2=30000.0))


def test_a_layer_that_is_there_but_empty_or_without_a_ring_is_told_so() -> None:
    doc = new()
    box(doc, "用地红线", 0, 0, 100, 100)
    doc.layers.add("建筑基底")
    assert "DXF-LAYER-EMPTY" in codes(interpret(read(data(doc), "a.dxf")))
    ring(doc, "建筑基底", [(0, 0), (50, 0), (50, 9), (0, 30)], close=False)
    assert "DXF-LAYER-NO-RING" in codes(interpret(read(data(doc), "a.dxf")))
