"""Drawing models as bytes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from drawings import model_pack
from drawings.drawing import DrawingModel, RoleShape, model_to_plain
from drawings.model_pack import pack_model, unpack_model
from project_box.kernel.errors import TooLarge

_number = st.floats(allow_nan=False, allow_infinity=False, width=64).map(lambda v: math.fmod(v, 1e9))
_point = st.tuples(_number, _number)


def model(*geometries) -> DrawingModel:
    facts: dict[str, Any] = {
        "attributes": {"层数": 3.0, "名称": "绿地“一”"},
        "sources": {"层数": "text"},
        "members": ("A", "B"),
    }
    shapes = tuple(
        RoleShape(
            role="green",
            geometry=g,
            handle=f"{n:X}/2",
            layer="绿地",
            area_m2=g.area or None,
            parent=str(n),
            **facts,
        )
        for n, g in enumerate(geometries)
    )
    return DrawingModel(
        "总平图.dxf",
        "0" * 64,
        None,
        "site_plan",
        {"unit": "m"},
        shapes=shapes,
        attributes={"项目名称": "样例"},
    )


def same(a: DrawingModel, b: DrawingModel) -> bool:
    return a == b and all(
        shapely.to_wkb(p.geometry) == shapely.to_wkb(q.geometry)
        for p, q in zip(a.shapes, b.shapes, strict=True)
    )


def test_every_kind_of_geometry_comes_back() -> None:
    hole = Polygon(box(0, 0, 9, 9).exterior.coords, [box(2, 2, 3, 3).exterior.coords])
    found = model(
        box(0.1, 1 / 3, 1e6, 2.7e7), Point(1, 2), hole, LineString([(0, 0), (1e-9, -1)]), Point(-0.0, 7),
        MultiPolygon([box(0, 0, 1, 1), box(5, 5, 6, 6)]), Polygon(), Point(1, 2, 3), GeometryCollection([Point(0, 0)]),
    )  # fmt: skip
    assert same(unpack_model(pack_model(found)), found)


def test_an_empty_model_comes_back() -> None:
    assert unpack_model(pack_model(model())) == model()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_point, min_size=2, max_size=6).map(LineString) | _point.map(Point), max_size=8))
def test_coordinates_come_back_bit_by_bit(geometries) -> None:
    assert same(unpack_model(pack_model(model(*geometries))), model(*geometries))


def test_blocks_do_not_show(monkeypatch) -> None:
    found = model(*(box(n, n / 7, n + 1, n + 2) for n in range(50)))
    monkeypatch.setattr(model_pack, "_BLOCK", 7)
    assert same(unpack_model(pack_model(found)), found)


def test_the_json_kept_before_is_read() -> None:
    found = model(box(0, 0, 1, 1), Point(3, 4))
    assert same(unpack_model(json.dumps(model_to_plain(found)).encode()), found)


def test_what_no_row_can_hold_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(model_pack, "MOST_BYTES", 100)
    with pytest.raises(TooLarge) as refused:
        pack_model(model(box(0, 0, 1, 1)))
    assert refused.value.code == "drawing_too_large" and refused.value.remedy_en
