"""What the shapes give without any rule: setbacks per side, floors, heights, counts by kind."""

from __future__ import annotations

import math

import pytest

from drawings.interpreting.interpret import interpret
from drawings.interpreting.measures import measured, measures
from drawings.reading import reading
from drawings.report import drawing_report
from tests.unit.drawings.build import box, cad_of, model_of, new, ring, site_plan, text


def test_setbacks_per_side_of_a_turned_site() -> None:
    turn = math.radians(30)

    def at(x: float, y: float) -> tuple[float, float]:
        return (500 + x * math.cos(turn) - y * math.sin(turn), 800 + x * math.sin(turn) + y * math.cos(turn))

    doc = new()
    ring(doc, "用地红线", [at(0, 0), at(50, 0), at(100, 0), at(100, 80), at(0, 80)])
    ring(doc, "建筑基底", [at(7, 10), at(60, 10), at(60, 30), at(7, 30)])
    text(doc, "建筑基底", "楼号=1#", *at(20, 20))
    ring(doc, "建筑控制线", [at(5, 5), at(95, 5), at(95, 75), at(5, 75)])
    rows = measures(interpret(cad_of(doc)))["setbacks"]
    site = [r for r in rows if r["to"] == "site_boundary"]
    assert sorted(r["distance_m"] for r in site) == pytest.approx(
        [7, 10, 40, 50]
    )  # the middle point is no corner
    # each faces 30 degrees left of its plain direction: east becomes north-east
    assert {r["side_en"]: round(r["distance_m"], 6) for r in site} == {"SE": 10, "NE": 40, "NW": 50, "SW": 7}
    assert all(r["building"] == "1#" and r["inside"] for r in site)
    assert next(r["distance_m"] for r in rows if r["to"] == "control_line") == pytest.approx(2)


def test_counts_heights_and_spacing() -> None:
    found = measures(interpret(cad_of(site_plan())))
    assert found["parking"] == [
        {"role": "parking_car", "kind": None, "place": None, "shapes": 10, "count": 10, "area_m2": 132.5}
    ]
    assert found["green"][0]["area_m2"] == 1500
    assert found["heights"][0]["height_m"] == 54.3 and found["heights"][0]["source"] == "attribute"
    assert [s["distance_m"] for s in found["spacings"]] == [40.0]


def test_floors_stand_for_their_storeys() -> None:
    doc = new()
    for k, floors in enumerate(("1", "2-17", "-1")):
        box(doc, "楼层框", 60 * k, 0, 50, 40)
        text(doc, "楼层框", f"楼号=5#;层名=第{k}图;起止层={floors};层高=3", 60 * k + 2, 2)
        box(doc, "MJX_全", 60 * k + 5, 5, 30, 20)
    floors = measures(model_of(doc, "项目-5#-单体图.dxf"))["floors"]
    assert [(f["floors"], f["storeys"], f["total_m2"]["area_full"]) for f in floors] == [
        ("1", 1, 600.0),
        ("2-17", 16, 9600.0),
        ("-1", 1, 600.0),
    ]


def test_floors_drawn_beside_their_plot_tell_storeys_ratio_and_use() -> None:
    doc = new()
    box(doc, "PLOT_BOUNDARY", 0, 0, 20, 25)
    box(doc, "BLK_1_LVL_0_BLDG_FOOT_PRINT", 3, 4, 12, 14)
    for number, (layer, width) in enumerate(
        (
            ("BLK_1_FLR_0_BLT_UP_AREA", 12),
            ("BLK_1_FLR_1_BLT_UP_AREA", 12),
            ("BLK_1_FLR_1_BLT_UP_AREA_DEDUCT", 2),
        )
    ):
        box(doc, layer, 40 + 20 * number, 0, width, 14)
    doc.layers.add("BLK_1_FLR_0_BLT_UP_AREA", color=8)
    model = interpret(cad_of(doc))
    (building,) = measures(model)["estimate"]["buildings"]
    assert (building["storeys"], building["floor_area_m2"], building["from_floors"]) == (2, 308, True)
    assert measures(model)["estimate"]["far"] == 308 / 500
    assert [s.attributes.get("用途") for s in model.by_role("area_full")] == ["商业", None]


def test_what_takes_too_long_is_empty_and_told() -> None:
    model = interpret(cad_of(site_plan()))
    plain = reading()
    hasty = plain.model_copy(update={"limits": plain.limits.model_copy(update={"measure_seconds": 1e-9})})
    report = drawing_report(model, settings=hasty)
    found = report["measures"]
    assert (found["frontage"], found["setbacks"], found["spacings"], found["estimate"]) == (
        None,
        [],
        [],
        None,
    )
    assert found["heights"] and found["parking"] and found["green"]  # what is cheap is there all the same
    told = report["issues"][-1]
    assert told["code"] == "DXF-MEASURES-BOUND" and "退让、间距、估算" in told["message"]
    assert told["file"] == model.name and told["remedy"]
    assert measured(model)[1] == ()
