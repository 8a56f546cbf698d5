"""DXF files that simple programs write: no version, no subclass marks, handles that are none, text of any alphabet."""

from __future__ import annotations

import pytest

from drawings.cad import CadFile, read

_RING = ((0, 0), (10, 0), (10, 10), (0, 10))
_R12 = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1009\n0\nENDSEC\n"
_R2010 = _R12.replace("AC1009", "AC1024")


def _ring(handle: str, layer: str, *, marks: bool = True) -> str:
    points = "".join(f"10\n{x}\n20\n{y}\n" for x, y in _RING)
    entity, polyline = ("100\nAcDbEntity\n", "100\nAcDbPolyline\n") if marks else ("", "")
    own = f"5\n{handle}\n" if handle else ""
    return f"0\nLWPOLYLINE\n{own}{entity}8\n{layer}\n{polyline}90\n4\n70\n1\n{points}"


def _read(head: str, entities: str, end: str = "\n") -> CadFile:
    text = f"{head}0\nSECTION\n2\nENTITIES\n{entities}0\nENDSEC\n0\nEOF\n"
    return read(text.replace("\n", end).encode(), "图.dxf")


def _rings(cad: CadFile) -> list[tuple[str, float]]:
    return [(e.layer, abs(e.curves[0].area())) for e in cad.entities]


@pytest.mark.parametrize(
    "head", ["", _R12, _R2010, "0\nSECTION\n2\nHEADER\n9\n$INSUNITS\n70\n6\n0\nENDSEC\n"]
)
@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_layers_are_found_whatever_the_file_says_of_its_version(head: str, marks: bool, end: str) -> None:
    cad = _read(head, _ring("1A", "建筑基底", marks=marks), end)
    assert _rings(cad) == [("建筑基底", 100.0)]
    assert cad.entities[0].handle == "1A"


@pytest.mark.parametrize("handle", ["0", "G1", "F" * 17, "1 2", "-5"])
def test_a_handle_that_is_none_costs_no_entity(handle: str) -> None:
    cad = _read(_R2010, _ring("1A", "用地红线") + _ring(handle, "建筑基底") + _ring("1A", "绿地"))
    assert _rings(cad) == [("用地红线", 100.0), ("建筑基底", 100.0), ("绿地", 100.0)]
    if handle in ("0", "G1", "1 2"):  # the parser takes the others
        assert any(i.code == "DXF-REPAIRED" and handle in i.message for i in cad.issues)


def test_a_repaired_file_keeps_its_letters() -> None:
    bad = "0\nLINE\n5\n1B\n100\nAcDbEntity\n8\n건축선\n100\nAcDbLine\n10\n1 2\n20\n0\n11\n5\n21\n5\n"
    cad = _read(_R2010, _ring("1A", "建筑基底") + _ring("1C", "Граница") + bad)
    assert {e.layer for e in cad.entities} == {"建筑基底", "Граница", "건축선"}
    assert next(i for i in cad.issues if i.code == "DXF-BAD-VALUE").line


@pytest.mark.parametrize("section", ["ENTITIES", "HEADER", "BLOCKS"])
def test_a_section_that_is_there_twice_is_not_half_read(section: str) -> None:
    again = f"0\nSECTION\n2\n{section}\n0\nENDSEC\n"
    cad = _read(_R2010 + again + (again if section == "BLOCKS" else ""), _ring("1A", "建筑基底"))
    assert not cad.readable and not cad.entities
    assert [i.code for i in cad.issues] == ["DXF-STRUCTURE"] and section in cad.issues[0].message
