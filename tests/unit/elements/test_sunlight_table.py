"""Rows and picture of a sunlight check: every unit, every facade, in the picture's coordinates."""

from __future__ import annotations

import datetime as dt
from typing import Any

from shapely.geometry import box

from drawings.drawing import DrawingModel, RoleShape
from elements.engine.engine import load_catalogue
from elements.sunlight.rules import sun_rules
from elements.sunlight.sunlight import sunlight_study
from elements.sunlight.table import facade_rows, plan_shapes, unit_rows, window_rows
from web.views.sunlight import sun_lists, sun_picture

AT = dt.date(2026, 6, 3)
EAST, NORTH = 486_000.0, 3_116_400.0


def _table() -> dict[str, Any]:
    def shape(handle: str, x: float, y: float, **attributes: Any) -> RoleShape:
        ring = box(EAST + x, NORTH + y, EAST + x + 30, NORTH + y + 12)
        return RoleShape("footprint", ring, attributes, handle, "建筑基底")

    shapes = (
        shape("1", 0, 0, 楼号="S", 建筑高度=60.0, 用途="住宅"),
        shape("2", 0, 20, 楼号="N", 建筑高度=18.0, 用途="住宅"),
    )
    model = DrawingModel("例-总平图.dxf", "a" * 64, "project-box", "site_plan", {}, shapes=shapes)
    rules = sun_rules(load_catalogue().tariffs, "全国", AT, zone="Ⅲ", city="50万以上", case="住宅")
    study = sunlight_study([model], 4547, rules)
    assert study.report is not None
    assert study.situation is not None
    return {
        "units": unit_rows(study.report),
        "windows": window_rows(study.report),
        "facades": facade_rows(study.report),
        "plan": plan_shapes(study.situation),
        "counting": study.report.counting,
    }


def test_every_unit_stands_in_the_table_the_worst_first() -> None:
    units = _table()["units"]
    assert [(u["unit"], u["outcome"]) for u in units] == [("N", "undecided"), ("S", "pass")]
    assert units[0]["shaded_by"] == ["S"]
    assert units[0]["needed"] == 2
    assert units[0]["day"] == "大寒日"


def test_the_picture_has_north_up_and_marks_what_is_short() -> None:
    picture = sun_picture(_table())
    assert picture is not None
    by_name = {b["name"]: b for b in picture["buildings"]}
    assert by_name["N"]["at"][1] < by_name["S"]["at"][1]
    assert by_name["N"]["outcome"] == "undecided"  # short along its facade, and no windows are drawn
    assert {s["building"] for s in picture["short"]} == {"N"}
    assert sun_picture({}) is None
    assert sun_lists({})["unit_count"] == 0
