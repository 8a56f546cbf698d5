"""Sheets in columns: what is packed comes back, exactly enough and in painting order."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import geopandas
import numpy as np
import pytest

from drawings.sheets.sheet import FILLED, TEXT, build_sheet, sheet_to_geojson
from drawings.sheets.sheet_pack import is_pack, pack, unpack
from tests.unit.drawings import build


def test_a_packed_sheet_comes_back() -> None:
    doc = build.site_plan()
    cad, model = build.cad_of(doc), build.model_of(doc)
    sheet = build_sheet(cad, model)
    again = unpack(pack(sheet))
    assert again.handles == sheet.handles
    assert again.texts == sheet.texts
    assert np.abs(again.coords - sheet.coords).max() < 1e-4
    assert (again.bulge == sheet.bulge).all()
    assert sheet_to_geojson(again)["layers"] == sheet_to_geojson(sheet)["layers"]
    ranks = np.where(again.flags & TEXT, 2, np.where(again.flags & FILLED, 0, 1))
    assert (np.diff(ranks) >= 0).all()  # fills, lines, texts


def test_arcs_stay_arcs() -> None:
    doc = build.site_plan()
    doc.modelspace().add_circle((build.X, build.Y), 25.0, dxfattribs={"layer": "绿地"})
    cad, model = build.cad_of(doc), build.model_of(doc)
    sheet = build_sheet(cad, model)
    circle = sheet.handles.index(next(e.handle for e in cad.entities if e.kind == "CIRCLE"))
    first, end = sheet.part_start[sheet.item_part[circle]], sheet.part_start[sheet.item_part[circle + 1]]
    assert end - first <= 5
    assert sheet.bulge[first:end].any()
    feature = sheet_to_geojson(sheet)["features"][circle]
    assert len(feature["geometry"]["coordinates"]) > 30  # chords for programs that know no arcs


def test_other_bytes_are_no_pack() -> None:
    assert not is_pack(b"")
    assert not is_pack(b"\x1f\x8b broken")
    with pytest.raises(ValueError, match="no packed sheet"):
        unpack(gzip.compress(b"{}"))


def test_programs_do_not_take_the_sheet_for_degrees(tmp_path: Path) -> None:
    doc = build.site_plan()
    target = tmp_path / "sheet.geojson"
    target.write_text(json.dumps(sheet_to_geojson(build_sheet(build.cad_of(doc), build.model_of(doc)))))
    crs = geopandas.read_file(target).crs
    assert crs is not None and crs.is_engineering and crs.axis_info[0].unit_conversion_factor == 1.0
