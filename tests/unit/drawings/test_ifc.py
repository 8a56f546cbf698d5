"""IFC as a first step: site, storeys, spaces, floor area, heights, units and georeference; broken files are told."""

from __future__ import annotations

import pytest

from drawings.cad import read
from drawings.drawing import DrawingModel, model_from_plain, model_to_plain
from drawings.interpreting.interpret import interpret
from drawings.report import drawing_report
from tests.unit.drawings.build import codes
from tests.unit.drawings.ifc_build import Model, rectangle


def _house(schema: str = "IFC4", prefix: str | None = ".MILLI.") -> Model:
    """Two storeys and a basement, 20 m x 10 m, an L-shaped room; lengths in the file's unit."""
    k = 1000.0 if prefix else 1.0
    model = Model(schema, prefix)
    model.add_site(rectangle(-10 * k, -10 * k, 50 * k, 40 * k))
    for name, elevation in (("地下一层", -3.6), ("首层", 0.0), ("二层", 3.9)):
        storey = model.storey(name, elevation * k)
        model.slab(storey, rectangle(0, 0, 20 * k, 10 * k), elevation * k - 0.1 * k)
        if name == "首层":
            corner = [
                (0.2 * k, 0.2 * k),
                (9 * k, 0.2 * k),
                (9 * k, 5 * k),
                (4 * k, 5 * k),
                (4 * k, 9 * k),
                (0.2 * k, 9 * k),
            ]
            model.quantity(model.space(storey, "大堂", corner, 0.0, 3.3 * k), "NetFloorArea", 60.0)
    return model


def _model(data: bytes) -> DrawingModel:
    return interpret(read(data, "样例.ifc"))


@pytest.mark.parametrize(("schema", "prefix"), [("IFC4", ".MILLI."), ("IFC4", None), ("IFC2X3", ".MILLI.")])
def test_storeys_spaces_and_site_have_areas_in_square_metres(schema: str, prefix: str | None) -> None:
    model = _model(_house(schema, prefix).bytes())
    assert model.readable and model.kind == "building" and model.format == "ifc"
    full = model.by_role("area_full")
    assert [s.area_m2 for s in full] == pytest.approx([200, 200, 200])
    frames = model.by_role("floor_frame")
    assert [f.attributes["起止层"] for f in frames] == ["-1", "1", "2"]
    assert [f.attributes.get("层高") for f in frames][:2] == pytest.approx([3.6, 3.9])
    assert [f.handle for f in frames] == [s.parent for s in full]
    (space,) = model.by_role("space")
    assert space.area_m2 == pytest.approx(8.8 * 4.8 + 3.8 * 4.0) and space.attributes[
        "净高"
    ] == pytest.approx(3.3)
    assert space.parent == frames[1].handle
    assert model.by_role("site_boundary")[0].area_m2 == pytest.approx(2000)
    assert "IFC-AREA-DECLARED" in codes(model)  # 60.00 stated, 57.44 drawn
    assert model.georeference is not None and model.georeference["latitude"] == pytest.approx(30.5)


def test_a_stated_gross_floor_area_goes_before_the_slabs_and_a_difference_is_told() -> None:
    model = Model()
    model.add_site()
    storey = model.storey("1F", 0)
    model.slab(storey, rectangle(0, 0, 10_000, 10_000), 0)
    model.quantity(storey, "GrossFloorArea", 112.5)
    found = _model(model.bytes())
    (full,) = found.by_role("area_full")
    assert full.area_m2 == pytest.approx(112.5) and full.attributes["面积来源"] == "quantity"
    assert "IFC-AREA-DECLARED" in codes(found) and "IFC-NO-SITE-SHAPE" in codes(found)


def test_each_building_has_its_own_storeys_heights_and_number() -> None:
    model = Model()
    model.add_site()
    for name, west, floors in (("甲楼", 0, (0, 4500, 7500)), ("乙楼", 40_000, (-3000, 0))):
        if name == "乙楼":
            model.add_building(name)
        for number, elevation in enumerate(floors):
            # the ground floor lies 45 m above the sea, elevations count from it
            storey = model.storey(f"{name}{number}", elevation, elevation + 45_000)
            model.slab(storey, rectangle(west, 0, 20_000, 10_000), elevation + 45_000)
            model.space(storey, "房", rectangle(west, 0, 5000, 5000), elevation + 45_000, 2900)
    found = _model(model.bytes())
    frames = found.by_role("floor_frame")
    assert [f.attributes["楼号"] for f in frames] == ["1#"] * 3 + ["乙楼"] * 2
    assert [f.attributes["起止层"] for f in frames] == ["1", "2", "3", "-1", "1"]
    assert [f.attributes["层高"] for f in frames] == pytest.approx([4.5, 3.0, 2.9, 3.0, 2.9])
    assert float(found.attributes["模型高度"]) == pytest.approx(10.4)
    assert [s.area_m2 for s in found.by_role("area_full")] == pytest.approx([200] * 5)


def test_areas_in_other_units_are_square_metres() -> None:
    model = Model()
    tiny = model.add("IFCSIUNIT(*,.AREAUNIT.,.MILLI.,.SQUARE_METRE.)")
    storey = model.storey("1F", 0)
    model.slab(storey, rectangle(0, 0, 10_000, 10_000), 0)
    model.quantity(storey, "GrossFloorArea", 112_500_000.0, tiny)
    assert _model(model.bytes()).by_role("area_full")[0].area_m2 == pytest.approx(112.5)


@pytest.mark.parametrize("scale", ["$", "1.", "0.001"])
@pytest.mark.parametrize("millimetres", [True, False])
def test_the_map_conversion_may_count_in_millimetres(scale: str, millimetres: bool) -> None:
    model = _house()
    unit = model.add("IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.)") if millimetres and scale == "1." else "$"
    k = 1000.0 if millimetres else 1.0
    model.map(500_000.0 * k, 3_400_000.0 * k, "EPSG:4547", unit=unit, scale=scale)
    place = _model(model.bytes()).georeference
    assert place is not None
    assert place["matrix"] == pytest.approx([1, 0, 0, 1, 500_000, 3_400_000])


def test_the_map_conversion_places_the_model() -> None:
    model = _house()
    model.map(500_000.0, 3_400_000.0, "EPSG:4547", 0.0, 1.0)
    place = _model(model.bytes()).georeference
    assert place is not None and (place["kind"], place["epsg"]) == ("ifc", 4547)
    assert place["matrix"] == pytest.approx([0, 1, -1, 0, 500_000, 3_400_000], abs=1e-9)


def test_the_report_has_the_same_shape_as_a_drawings() -> None:
    model = _model(_house().bytes())
    report = drawing_report(model)
    assert set(report) >= {"units", "sheets", "layers", "roles", "areas", "dimensions", "issues"}
    assert report["roles"]["area_full"]["area_m2"] == pytest.approx(600)
    assert report["sums"]["floor"]["1"]["area_full"]["area_m2"] == pytest.approx(200)
    assert model_from_plain(model_to_plain(model)).georeference == model.georeference


def test_what_is_missing_is_told() -> None:
    model = Model()
    model.storey("空层", 0)
    found = codes(_model(model.bytes()))
    assert {"IFC-NO-SITE", "IFC-NO-SPACES", "IFC-STOREY-EMPTY", "IFC-NO-PLACE"} <= set(found)
    assert "IFC-NO-STOREYS" in codes(_model(Model().bytes()))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda d: d[: len(d) // 2], "IFC-CUT"),
        (lambda d: d.replace(b"'IFC4'", b"'AP214'"), "IFC-SCHEMA"),
        (lambda d: d.replace(b"IFCPROJECT(", b"IFCNOTHING("), "IFC-NO-PROJECT"),
        (lambda d: d.replace(b"IFCUNITASSIGNMENT((", b"IFCUNITASSIGNMENT((#99999,"), None),
        (lambda d: d.replace(b"DATA;", b"DATA;\n#1=IFCCARTESIANPOINT((1.E400,0.,0.));"), None),
        (lambda d: d[:300] + b"END-ISO-10303-21;", None),
        (lambda d: d.replace(b"),.SPACE.", b"),"), None),
    ],
)
def test_broken_files_get_a_code(damage, code) -> None:
    model = _model(damage(_house().bytes()))
    assert code is None or code in codes(model)
    assert model.issues and all(i.message and i.code for i in model.issues)
