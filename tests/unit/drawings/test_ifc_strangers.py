"""IFC as other authoring programs write it: levels from nought, areas without bodies, spaces of the gross area."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from drawings.areas.area_table import area_table
from drawings.cad import read
from drawings.drawing import DrawingModel, model_from_plain, model_to_plain
from drawings.interpreting.interpret import interpret
from drawings.report import drawing_report
from tests.unit.drawings.build import codes
from tests.unit.drawings.ifc_build import Model, rectangle


def _model(data: bytes, name: str = "a.ifc") -> DrawingModel:
    return interpret(read(data, name))


def _floors(model: DrawingModel) -> dict[str, float]:
    table = area_table([model])
    return {f.floors: float(f.total) for b in table.buildings for f in b.floors if f.total is not None}


@pytest.mark.parametrize(
    ("names", "floors"),
    [
        (("Level 0", "Level 1", "Level 2"), ("1", "2", "3")),
        (("0. Ground Floor", "1. First Floor", "2. Second Floor"), ("1", "2", "3")),
        (("First Floor", "Second Floor", "Third Floor"), ("1", "2", "3")),
        (("Ground floor", "Mezzanine", "First floor"), ("1", "Mezzanine", "2")),
        (("Erdgeschoß", "Obergeschoß", "2. OG"), ("1", "2", "3")),
    ],
)
def test_levels_are_numbered_as_they_rise(names: tuple[str, ...], floors: tuple[str, ...]) -> None:
    file = Model(prefix=None)
    for number, name in enumerate(names):
        file.slab(file.storey(name, 3.0 * number), rectangle(0, 0, 10.0 + number, 10), 3.0 * number)
    assert _floors(_model(file.bytes())) == {f: 100.0 + 10 * n for n, f in enumerate(floors)}


def test_stated_areas_count_where_nothing_is_modelled() -> None:
    file = Model()
    file.quantity(file.storey("1F", 0), "GrossFloorArea", 350.5)
    model = _model(file.bytes())
    assert _floors(model) == {"1": 350.5} and "IFC-STOREY-EMPTY" not in codes(model)
    assert model_from_plain(model_to_plain(model)).by_role("area_full")[0].area_m2 == 350.5
    assert drawing_report(model)["areas"][0]["area_m2"] == 350.5


def test_what_spaces_state_counts_where_nothing_is_modelled() -> None:
    file = Model(prefix=None)
    storey = file.storey("1F", 0)
    for number, area in enumerate((50.5, 61.0)):
        space = file.space(storey, str(number), rectangle(0, 0, 1, 1), 0, 3)
        file.lines[int(space[1:]) - 1] = re.sub(
            r"(#\d+),#\d+,\$,\.ELEMENT", r"\1,$,$,.ELEMENT", file.lines[int(space[1:]) - 1]
        )
        file.quantity(space, "GrossFloorArea", area)
    model = _model(file.bytes())
    assert _floors(model) == {"1": 111.5} and "IFC-STOREY-EMPTY" not in codes(model)
    assert model.by_role("area_full")[0].attributes["面积来源"] == "space_quantities"


def test_spaces_of_the_gross_area_are_the_floor_and_no_rooms() -> None:
    file = Model(prefix=None)
    storey = file.storey("EG", 0)
    file.slab(storey, rectangle(0.3, 0.3, 24.4, 9.4), -0.1)
    file.space(storey, "GFA", rectangle(0, 0, 25, 10), 0, 2.8)
    file.lines[:] = [x.replace(".SPACE.", ".GFA.") for x in file.lines]
    file.space(storey, "Raum", rectangle(1, 1, 5, 4), 0, 2.8)
    model = _model(file.bytes())
    assert _floors(model) == {"1": 250.0}
    assert [s.area_m2 for s in model.by_role("space")] == pytest.approx([20.0])


def test_a_base_slab_counts_only_without_a_floor_slab() -> None:
    file = Model(prefix=None)
    storey = file.storey("EG", 0)
    file.slab(storey, rectangle(-0.5, -0.5, 11, 11), -0.8)
    file.lines[:] = [x.replace(".FLOOR.", ".BASESLAB.") for x in file.lines]
    assert _floors(_model(file.bytes())) == {"1": 121.0}
    file.slab(storey, rectangle(0, 0, 10, 10), -0.1)
    assert _floors(_model(file.bytes())) == {"1": 100.0}


def test_a_site_drawn_as_a_curve_has_its_area() -> None:
    file = Model(prefix=None)
    points = [
        file.add(f"IFCCARTESIANPOINT(({x}.,{y}.))") for x, y in ((0, 0), (50, 0), (50, 40), (0, 40), (0, 0))
    ]
    line = file.add(f"IFCPOLYLINE(({','.join(points)}))")
    curves = file.add(f"IFCGEOMETRICCURVESET(({line}))")
    shape = file.add(f"IFCSHAPEREPRESENTATION({file.context},'FootPrint','GeometricCurveSet',({curves}))")
    body = file.add(f"IFCPRODUCTDEFINITIONSHAPE($,$,({shape}))")
    file.add_site()
    file.lines[-1] = file.lines[-1].replace(f"{file.place},$", f"{file.place},{body}", 1)
    file.slab(file.storey("EG", 0), rectangle(0, 0, 10, 10), -0.1)
    (site,) = _model(file.bytes()).by_role("site_boundary")
    assert site.area_m2 == pytest.approx(2000)


def test_a_buildings_stated_area_is_compared_with_its_storeys() -> None:
    file = Model(prefix=None)
    file.quantity(file.building, "GrossFloorArea", 250.0)
    file.slab(file.storey("EG", 0), rectangle(0, 0, 10, 10), -0.1)
    assert "IFC-AREA-DECLARED" in codes(_model(file.bytes()))


def test_a_zipped_ifc_is_read_and_a_damaged_one_told() -> None:
    file = Model(prefix=None)
    file.slab(file.storey("EG", 0), rectangle(0, 0, 10, 10), -0.1)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.ifc", file.bytes())
    assert _floors(_model(packed.getvalue(), "a.ifczip")) == {"1": 100.0}
    damaged = _model(packed.getvalue()[:200], "a.ifczip")
    assert not damaged.readable and "DXF-NOT-DXF" in codes(damaged)


def test_a_part_of_a_storey_belongs_to_the_whole() -> None:
    file = Model(prefix=None)
    for number, name in enumerate(("Level 1", "Level 2")):
        whole = file.storey(name, 3.5 * number)
        part = file.storey(f"{name} A", 3.5 * number)
        file.storeys[file.building].remove(part)
        file.add(f"IFCRELAGGREGATES('{file.guid()}',$,$,$,{whole},({part}))")
        file.slab(part, rectangle(0, 0, 12, 10), 3.5 * number - 0.1)
    assert _floors(_model(file.bytes())) == {"1": 120.0, "2": 120.0}
