"""Repairs: proposed with before and after, applied when a rule or a person accepts them."""

from __future__ import annotations

import math

import pytest

from drawings.drawing import model_from_plain, model_to_plain
from drawings.interpreting.interpret import interpret
from drawings.reading import reading
from drawings.shapes.repairs import Acceptance
from drawings.standards.standards import Healing, get_standard
from tests.unit.drawings.build import box, cad_of, codes, new, ring


def _lines(doc, layer, *pairs):
    for start, end in pairs:
        doc.modelspace().add_line(start, end, dxfattribs={"layer": layer})


def _crooked():
    doc = new()
    box(doc, "用地红线", 0, 0, 100, 100)
    ring(doc, "绿地", [(10, 10), (30, 10), (30, 20), (10, 20), (10, 10.3)], close=False)
    _lines(
        doc, "建筑基底", ((50, 49.8), (50, 60.2)), ((49.7, 50), (70.3, 50)), ((70, 49.9), (70, 60.2)),
        ((49.8, 60), (70.1, 60)),
    )  # fmt: skip
    _lines(
        doc,
        "水体",
        ((80, 80), (90, 80)),
        ((90, 80.2), (90, 90)),
        ((90, 90), (80.2, 90)),
        ((80, 90), (80, 80.1)),
    )
    return cad_of(doc)


def test_gap_overshoot_and_undershoot_are_proposed_and_not_applied() -> None:
    model = interpret(_crooked())
    found = {r["kind"]: r for r in model.repairs}
    assert set(found) == {"gap", "overshoot", "undershoot"}
    assert not any(r["accepted"] or r["by"] for r in model.repairs)
    assert not model.by_role("green", "footprint", "water")
    assert {"DXF-NOT-CLOSED", "DXF-OVERSHOOT", "DXF-UNDERSHOOT", "DXF-LAYER-NO-RING"} <= set(codes(model))
    assert found["overshoot"]["area_after_m2"] == pytest.approx(200)
    assert found["undershoot"]["area_after_m2"] == pytest.approx(100)
    assert found["gap"]["effect_m2"] == pytest.approx(200) and found["gap"]["size_m"] == pytest.approx(0.3)
    assert found["gap"]["before"]["type"] == "LineString" and found["gap"]["after"]["type"] == "Polygon"
    assert all(r["handles"] and r["at"] for r in model.repairs)


def test_a_person_accepts_one_repair_or_all() -> None:
    cad = _crooked()
    gap = next(r["id"] for r in interpret(cad).repairs if r["kind"] == "gap")
    one = interpret(cad, acceptance=Acceptance(frozenset({gap}), "张工"))
    assert [s.area_m2 for s in one.by_role("green")] == pytest.approx([200]) and not one.by_role("water")
    assert {r["kind"]: r["by"] for r in one.repairs}["gap"] == "person:张工"
    every = interpret(cad, acceptance=Acceptance(frozenset({"all"}), "张工"))
    areas = {s.role: s.area_m2 for s in every.shapes}
    assert areas == pytest.approx({"site_boundary": 10000, "green": 200, "footprint": 200, "water": 100})
    assert "DXF-NOT-CLOSED" not in codes(every)


def test_a_standard_may_accept_gaps() -> None:
    standard = get_standard("project-box").model_copy(update={"healing": Healing(gap=0.5)})
    model = interpret(_crooked(), standard)
    assert {r["kind"]: r["by"] for r in model.repairs}["gap"] == "rule:project-box.healing.gap"
    assert model.by_role("green") and "DXF-GAP-CLOSED" in codes(model)


def test_what_the_tolerances_do_is_recorded_as_accepted_by_their_rule() -> None:
    doc = new()
    ring(doc, "绿地", [(0, 0), (9, 0), (9, 9), (0, 0.004)], close=False)
    _lines(doc, "水体", ((20, 0), (30, 0)), ((30, 0), (30, 9)), ((30, 9), (20, 0)))
    box(doc, "建筑基底", 50, 50, 10, 10)
    box(doc, "建筑基底", 50, 50, 10, 10)
    model = interpret(cad_of(doc))
    assert {(r["kind"], r["by"]) for r in model.repairs} == {
        ("close_ends", "rule:tolerances.close"),
        ("chain", "rule:tolerances.chain"),
        ("duplicate", "rule:tolerances.duplicate"),
    }
    duplicate = next(r for r in model.repairs if r["kind"] == "duplicate")
    assert duplicate["effect_m2"] == pytest.approx(-100) and len(duplicate["handles"]) == 2


def test_the_same_drawing_gives_the_same_ids_and_models_keep_their_repairs() -> None:
    model = interpret(_crooked())
    assert [r["id"] for r in model.repairs] == [r["id"] for r in interpret(_crooked()).repairs]
    assert model_from_plain(model_to_plain(model)).repairs == model.repairs


def test_a_row_of_spaces_drawn_as_a_frame_with_lines_across_and_a_block_array() -> None:
    doc = new()
    box(doc, "用地红线", 0, 0, 100, 100)
    _lines(doc, "机动车位", *[((10 + 2.5 * i, 80), (10 + 2.5 * i, 85)) for i in range(5)])
    _lines(doc, "机动车位", ((10, 80), (20, 80)), ((10, 85), (20, 85)))
    car = doc.blocks.new("CAR")
    car.add_lwpolyline([(0, 0), (2.5, 0), (2.5, 5.3), (0, 5.3)], close=True)
    array = {"column_count": 8, "row_count": 2, "column_spacing": 2.5, "row_spacing": 12, "layer": "机动车位"}
    doc.modelspace().add_blockref("CAR", (10, 10), dxfattribs=array)
    spaces = interpret(cad_of(doc)).by_role("parking_car")
    assert len(spaces) == 4 + 16
    assert sum(s.area_m2 or 0 for s in spaces) == pytest.approx(4 * 12.5 + 16 * 13.25)


def test_repairs_beyond_the_bound_are_applied_and_counted() -> None:
    doc = new()
    for k in range(5):
        x = 20.0 * k
        for a, b in (((x, 0), (x + 9, 0)), ((x + 9, 0), (x + 9, 9)), ((x + 9, 9), (x, 0))):
            doc.modelspace().add_line(a, b, dxfattribs={"layer": "建筑基底"})
    plain = reading()
    few = plain.model_copy(update={"limits": plain.limits.model_copy(update={"repairs_per_kind": 2})})
    model = interpret(cad_of(doc), settings=few)
    assert len(model.by_role("footprint")) == 5 and len(model.repairs) == 2
    assert [i.message_en for i in model.issues if i.code == "DXF-REPAIRS-MANY"] == [
        "2 repairs of the kind 'lines that meet end to end are joined into a ring' are listed, 3 more are not"
    ]


A, B, C, D = (0, 0), (20, 0), (20, 10), (0, 10)
SIDES = [(A, B), (B, C), (C, D), (D, A)]
BESIDE = [((20, 0), (40, 0)), ((40, 0), (40, 10)), ((40, 10), (20, 10))]


def _longer(side, start, end):
    """A side drawn longer (or, below nought, shorter) at its start and at its end."""
    (x0, y0), (x1, y1) = side
    size = math.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / size, (y1 - y0) / size
    return (x0 - ux * start, y0 - uy * start), (x1 + ux * end, y1 + uy * end)


@pytest.mark.parametrize(
    ("lines", "before", "after", "kinds"),
    [
        ([_longer(SIDES[0], 0, -0.015), *SIDES[1:]], 200, 200, {"chain"}),
        *(([_longer(SIDES[0], 0, -gap), *SIDES[1:]], 0, 200, {"gap"}) for gap in (0.05, 0.29)),
        ([_longer(SIDES[0], -0.3, -0.3), *SIDES[1:]], 0, 200, {"undershoot"}),
        *(([_longer(SIDES[0], 0, far), *SIDES[1:]], 0, 200, {"overshoot"}) for far in (0.05, 3)),
        *(([_longer(side, far, far) for side in SIDES], 0, 200, {"overshoot"}) for far in (0.05, 2)),
        *(
            ([_longer(SIDES[0], 0, -off), _longer(SIDES[1], off, 0), *SIDES[2:]], 0, 200, {"gap"})
            for off in (0.05, 0.2)
        ),
        ([*SIDES, SIDES[1][::-1]], 200, 200, {"chain", "duplicate"}),
        (SIDES * 3, 200, 200, {"chain", "duplicate"}),
        ([(A, (8, 0)), ((8.01, 0), B), *SIDES[1:]], 200, 200, {"chain"}),
        ([(A, (12, 0)), ((8, 0), B), *SIDES[1:]], 0, 200, {"cells"}),
        ([SIDES[0], ((5, 0), (9, 0)), *SIDES[1:]], 200, 200, {"chain"}),
        ([(A, (12, 0)), ((8, 0), B), SIDES[1], (C, (9, 10)), ((12, 10), D), SIDES[3]], 0, 200, {"cells"}),
        ([(A, (12, 0)), ((8, 0), (20.3, 0)), *SIDES[1:]], 0, 200, {"overshoot"}),
        ([*SIDES, (B, B)], 200, 200, {"chain"}),
        ([SIDES[2][::-1], SIDES[0], SIDES[3][::-1], SIDES[1]], 200, 200, {"chain"}),
        ([*SIDES, ((10, 0), (10, 10))], 200, 200, {"chain"}),
        ([*SIDES, ((20, 5), (23, 5))], 200, 200, {"chain"}),
        ([*SIDES, (B, (23, -3))], 200, 200, {"cells"}),
        ([*SIDES, *BESIDE], 400, 400, {"cells"}),
        ([*SIDES, *BESIDE, (C, B)], 400, 400, {"cells", "duplicate"}),
        (SIDES[:3], 0, 0, set()),
    ],
)
def test_a_building_of_sides_drawn_badly(lines, before, after, kinds) -> None:
    doc = new()
    box(doc, "用地红线", -50, -50, 140, 110)
    for start, end in lines:
        doc.modelspace().add_line(start, end, dxfattribs={"layer": "建筑基底"})
    cad, standard = cad_of(doc), get_standard("project-box")
    found = interpret(cad, standard)
    assert {r["kind"] for r in found.repairs} == kinds
    healed = interpret(cad, standard, acceptance=Acceptance(frozenset({"all"}), "甲"))
    areas = [sum(s.area_m2 or 0 for s in model.by_role("footprint")) for model in (found, healed)]
    assert areas == pytest.approx([before, after], abs=0.2)
