"""What strangers' drawings give, compared figure by figure with what is known of them."""

from __future__ import annotations

import pytest

from drawings.areas.area_table import area_table
from drawings.cad import read
from drawings.drawing import DrawingModel
from drawings.interpreting.estimate import buildings_of
from drawings.interpreting.interpret import interpret
from drawings.interpreting.measures import measures
from drawings.interpreting.proposal import applied
from drawings.interpreting.survey import survey
from drawings.standards.standards import detect, roles
from drawings.standards.vocabulary import vocabulary
from tests.unit.drawings import build
from tests.unit.drawings.strangers import ALL, Pen, Truth
from tests.unit.drawings.strangers_abroad import ABROAD
from tests.unit.drawings.strangers_chinese import CHINESE
from tests.unit.drawings.strangers_foreign import FOREIGN

_DRAWINGS = ALL | ABROAD | CHINESE | FOREIGN


def _understood(pen: Pen, name: str) -> DrawingModel:
    """The drawing as ``--accept-guesses`` reads it."""
    cad = read(build.data(pen.doc), f"{name}.dxf")
    base = detect(n for n, layer in cad.layers.items() if layer.entities)
    taken = applied(cad, survey(cad), base)
    return interpret(taken.cad, taken.standard) if taken is not None else interpret(cad, base)


@pytest.mark.parametrize("name", _DRAWINGS)
def test_a_drawing_nobody_here_has_drawn_before(name: str) -> None:
    pen, truth = _DRAWINGS[name]()
    model = _understood(pen, name)
    codes = {i.code for i in model.issues}
    asked = {c for c in codes if c.startswith("DXF-UNITS") and c != "DXF-UNITS-STANDARD"}
    assert model.units["unit"] == truth.unit and (not truth.asked or asked or truth.unit == "m")
    assert set(truth.codes) <= codes and codes.isdisjoint(truth.without)
    if truth.site is not None:
        assert sum(s.area_m2 or 0 for s in model.by_role("site_boundary")) == pytest.approx(
            truth.site, rel=1e-6
        )
    _buildings(model, truth)
    _measured(model, truth)
    _declared(model, truth)
    _floors(model, truth)


def _buildings(model: DrawingModel, truth: Truth) -> None:
    found = {str(s.attributes.get("楼号") or ""): s for s in buildings_of(model)}
    for label, area in truth.feet.items():
        assert found[label].area_m2 == pytest.approx(area, rel=1e-6)
    for label, storeys in truth.storeys.items():
        assert found[label].attributes["层数"] == storeys


def _measured(model: DrawingModel, truth: Truth) -> None:
    found = measures(model)
    rows = {r["position"]: r["distance_m"] for r in found["setbacks"] if r["to"] == "site_boundary"}
    assert {k: rows.get(k) for k in truth.faces} == pytest.approx(truth.faces, abs=1e-3)
    assert truth.coverage is None or found["estimate"]["coverage_m2"] == pytest.approx(truth.coverage)
    assert truth.placed is None or ((model.georeference or {})["kind"] == "national") is truth.placed
    cars = {r["kind"]: r["count"] for r in found["parking"] if r["role"] == "parking_car"}
    assert not truth.cars or cars == truth.cars
    heights = {r["building"]: r["height_m"] for r in found["heights"]}
    assert {k: heights.get(k) for k in truth.heights} == dict(truth.heights)
    if truth.green is not None:
        assert sum(s.area_m2 or 0 for s in model.by_role("green")) == pytest.approx(truth.green)


def _declared(model: DrawingModel, truth: Truth) -> None:
    for key, value in truth.declared.items():
        assert vocabulary().number(model.attributes[key], roles().number[key]) == pytest.approx(value)
    told = [i for i in model.issues if i.code == "DXF-DECLARED"]
    assert all(any(i.message.startswith(key) for i in told) for key in truth.differ)
    assert all(i.handle and i.at and i.remedy and i.remedy_en for i in told)
    assert not truth.differ or len(told) == len(truth.differ)


def _floors(model: DrawingModel, truth: Truth) -> None:
    if truth.floors:
        table = area_table([model])
        found = {f.floors: f.total for b in table.buildings for f in b.floors if f.lines}
        assert {k: float(v) for k, v in found.items() if v is not None} == pytest.approx(truth.floors)
        assert table.undecided == ()
    if truth.whole:
        totals = {b.name: b.total for b in area_table([model]).buildings}
        assert {k: float(v) for k, v in totals.items() if v is not None} == pytest.approx(truth.whole)
