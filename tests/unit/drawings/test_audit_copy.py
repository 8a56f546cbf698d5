"""Findings written back into a copy of the drawing, on their own layers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from ezdxf import recover

from drawings.cad import read
from drawings.cad.audit_copy import audit_copy
from drawings.cad.dxf import load_for_copy
from drawings.cad.source import decode_escapes
from drawings.interpreting.interpret import interpret
from drawings.standards.standards import get_standard
from tests.unit.drawings.build import box, codes, data, new, ring, site_plan

_DWG = Path(__file__).parents[3].parent / "shared/data/drawings/acadsharp/sample_AC1018.dwg"


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


def _opened(copied: bytes, version: str):
    """The copy as another program opens it: ezdxf's own reader and auditor, nothing of ours."""
    document, faults = recover.read(io.BytesIO(copied))
    assert document.dxfversion == version and not faults.errors
    return document


def test_an_r12_drawing_keeps_its_release_and_gets_every_finding() -> None:
    doc = new("R12")
    doc.modelspace().add_polyline2d([(0, 0), (100, 0), (100, 80)], close=True, dxfattribs={"layer": "YDHX"})
    doc.modelspace().add_line((0, 0), (9, 9), dxfattribs={"layer": "LD"})
    original = data(doc)
    cad = read(original, "r12.dxf")
    model = interpret(cad, get_standard("project-box"))
    assert model.issues
    document = _opened(audit_copy(original, cad, model.issues), "AC1009")
    marks = document.modelspace().query('TEXT[layer ? "PB_AUDIT_.*"]')
    shown = "\n".join(decode_escapes(t.dxf.text) for t in marks).replace("\n    ", "")
    assert all(i.code in shown and i.message in shown and i.remedy in shown for i in model.issues)
    assert len(document.modelspace().query('*[layer=="YDHX"]')) == 1
    assert {x.dxf.name for x in document.layers if x.dxf.name.startswith("PB_AUDIT")} >= {
        "PB_AUDIT_ERROR", "PB_AUDIT_WARNING", "PB_AUDIT_INFO"
    }  # fmt: skip


@pytest.mark.skipif(not _DWG.exists(), reason="no sample drawings in ../shared/data")
def test_a_dwg_becomes_a_dxf_with_what_was_read_and_every_finding() -> None:
    original = _DWG.read_bytes()
    cad = read(original, _DWG.name)
    model = interpret(cad)
    document = _opened(audit_copy(original, cad, model.issues), "AC1024")
    space = document.modelspace()
    shown = " ".join(t.dxf.text for t in space.query('TEXT[layer ? "PB_AUDIT_.*"]'))
    assert model.issues and all(i.code in shown for i in model.issues)
    drawn = {e.layer for e in cad.entities if e.curves}
    assert drawn <= {e.dxf.layer for e in space}


def test_a_document_that_loads_and_cannot_be_written_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    original = _bad()
    cad = read(original, "图.dxf")
    model = interpret(cad)

    def damaged(raw: bytes):
        document = load_for_copy(raw)
        monkeypatch.setattr(document, "write", None)
        return document

    monkeypatch.setattr("drawings.cad.audit_copy.load_for_copy", damaged)
    again = read(audit_copy(original, cad, model.issues), "图.dxf")
    assert {e.layer for e in cad.entities if e.curves} <= {e.layer for e in again.entities}
    assert any(e.layer.startswith("PB_AUDIT_") for e in again.entities)


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


def test_no_text_is_longer_than_what_programs_read() -> None:
    doc = new()
    box(doc, "中" * 60, 0, 0, 9, 9)
    original = data(doc)
    cad = read(original, "图纸" * 60 + ".dxf")
    found = interpret(cad, get_standard("project-box"))
    copied = _opened(audit_copy(original, cad, found.issues), doc.dxfversion)
    texts = [e.dxf.text for e in copied.modelspace().query("TEXT")]
    assert texts and max(len(t.encode()) for t in texts) <= 255
    assert all(i.remedy in "".join(t.removeprefix("    ") for t in texts) for i in found.issues)
