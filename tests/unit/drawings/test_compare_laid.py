"""Comparing revisions: what was turned, mirrored or scaled, and drawings laid elsewhere as a whole."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, Point, Polygon, box

from drawings.comparing.compare import compare
from drawings.comparing.compare_plain import comparison_to_plain
from drawings.drawing import DrawingModel, RoleShape
from drawings.shapes.similarity import similarity

EAST, NORTH = 512_300.0, 3_418_800.0
ELL = Polygon([(20, 20), (60, 20), (60, 34), (35, 34), (35, 60), (20, 60)])
TEE = Polygon([(80, 60), (130, 60), (130, 72), (112, 72), (112, 95), (98, 95), (98, 72), (80, 72)])
SLAB = box(80, 20, 132, 34.4)


def shape(handle: str, geometry, role: str = "footprint", **attributes) -> RoleShape:
    return RoleShape(role, geometry, attributes, handle, "图层", area_m2=geometry.area or None)


def plan(*shapes: RoleShape) -> DrawingModel:
    return DrawingModel(
        "总平图.dxf", "0" * 64, "project-box", "site_plan", {"metres_per_unit": 1.0}, shapes=shapes
    )


def site(**changed) -> list[RoleShape]:
    """A site of which no two outlines are alike; ``changed`` gives some of them another geometry."""
    parts = {
        "land": (Polygon([(0, 0), (180, -6), (190, 120), (96, 131), (-4, 118)]), "site_boundary"),
        "ell": (ELL, "footprint"), "slab": (SLAB, "footprint"), "tee": (TEE, "footprint"),
        "lawn": (Polygon([(140, 20), (170, 22), (165, 60), (142, 55)]), "green"),
    }  # fmt: skip
    drawn = {name: (changed.get(name, geometry), role) for name, (geometry, role) in parts.items()}
    return [
        shape(f"{16 + n:X}", affinity.translate(geometry, EAST, NORTH), role, 楼号=name)
        for n, (name, (geometry, role)) in enumerate(drawn.items())
    ]


def both(a: list[RoleShape], b: list[RoleShape], **options) -> dict[str, Any]:
    return comparison_to_plain(compare([(0, plan(*a))], [(0, plan(*b))], **options))


def only(found: dict[str, Any]) -> dict[str, Any]:
    assert len(found["changes"]) == 1, [c["change"] for c in found["changes"]]
    change: dict[str, Any] = found["changes"][0]
    return change


@pytest.mark.parametrize("angle", [30.0, -90.0, 0.1, 179.0, -135.0])
def test_turned_with_its_angle(angle: float) -> None:
    change = only(both(site(), site(ell=affinity.rotate(ELL, angle, "centroid"))))
    assert change["change"] == "turned" and change["label"] == "ell" and change["area_delta"] == 0
    assert change["laid"]["angle"] == pytest.approx(angle, abs=1e-3) and change["laid"]["bearing"] is None


def test_turned_and_moved_with_direction() -> None:
    turned = affinity.translate(affinity.rotate(ELL, -17.25, "centroid"), -6, 0)
    laid = only(both(site(), site(ell=turned)))["laid"]
    assert laid["angle"] == pytest.approx(-17.25, abs=1e-3)
    assert laid["distance_m"] == pytest.approx(6, abs=1e-3) and laid["bearing"]["name"] == "西"


def test_of_a_rectangle_the_smaller_angle_is_told() -> None:
    change = only(both(site(), site(slab=affinity.rotate(SLAB, 192.5, "centroid"))))
    assert change["laid"]["angle"] == pytest.approx(12.5, abs=1e-3)


def test_mirrored_with_its_axis() -> None:
    change = only(both(site(), site(ell=affinity.scale(ELL, -1, 1, origin="centroid"))))
    assert change["change"] == "mirrored" and change["laid"]["axis"] == pytest.approx(90, abs=1e-3)


def test_scaled_is_another_shape_with_its_factor() -> None:
    change = only(both(site(), site(tee=affinity.scale(TEE, 1.2, 1.2, origin="centroid"))))
    assert change["change"] == "reshaped" and change["laid"]["scale"] == pytest.approx(1.2, abs=1e-6)
    assert change["area_delta"] == pytest.approx(TEE.area * 0.44, abs=0.01)


def test_moved_tells_the_direction() -> None:
    change = only(both(site(), site(slab=affinity.translate(SLAB, 3, 4))))
    assert change["distance_m"] == 5 and change["bearing"] == {
        "degrees": 36.9,
        "name": "东北",
        "name_en": "north-east",
    }


def test_what_looks_the_same_after_turning_did_not_turn() -> None:
    square, disc = box(0, 0, 18, 18), Point(60, 60).buffer(8)
    a = [shape("A", square), shape("B", disc)]
    b = [shape("C", affinity.rotate(square, 90)), shape("D", affinity.rotate(disc, 90))]
    assert both(a, b)["empty"]


def test_parking_spaces_turned_into_a_column_are_found() -> None:
    row = [shape(f"{n:X}", box(3 * n, 0, 3 * n + 2.5, 5.3), "parking_car") for n in range(12)]
    column = [shape(f"F{n:X}", box(60, 3 * n, 65.3, 3 * n + 2.5), "parking_car") for n in range(12)]
    found = both(row, column)
    assert found["counts"]["turned"] == 12 and all(abs(c["laid"]["angle"]) == 90 for c in found["changes"])


def test_a_line_is_turned_but_never_scaled() -> None:
    a, b = LineString([(0, 0), (100, 0)]), LineString([(0, 0), (0, 120)])
    assert similarity(a, affinity.rotate(a, 5, (0, 0)), 0.001) is not None
    assert similarity(a, b, 0.001) is None


@pytest.mark.parametrize(
    ("angle", "east", "north", "mirror"),
    [(0, 0.35, -0.8, 1), (7, 0, 0, 1), (-135, 1000, 500, 1), (0, -EAST, -NORTH, 1), (0, 0, 0, -1)],
)
def test_a_drawing_laid_elsewhere_as_a_whole_differs_in_nothing_else(angle, east, north, mirror) -> None:
    def laid(geometry):
        turned = affinity.rotate(
            affinity.scale(geometry, mirror, 1, origin=(EAST, NORTH)), angle, (EAST, NORTH)
        )
        return affinity.translate(turned, east, north)

    moved = affinity.translate(SLAB, 3, 4)
    elsewhere = [
        replace(s, handle=f"N{s.handle}", geometry=laid(s.geometry)) for s in reversed(site(slab=moved))
    ]
    found = both(site(), elsewhere)
    placed = found["files"][0]["placed"]
    assert (
        placed["axis"] == pytest.approx(90)
        if mirror < 0
        else placed["angle"] == pytest.approx(angle, abs=1e-4)
    )
    assert only(found)["change"] == "moved" and only(found)["distance_m"] == pytest.approx(5, abs=2e-3)


def test_where_coordinates_count_a_drawing_laid_elsewhere_has_moved_shape_by_shape() -> None:
    elsewhere = [replace(s, geometry=affinity.translate(s.geometry, 0.35, 0)) for s in site()]
    found = both(site(), elsewhere, in_place=True)
    assert found["counts"]["moved"] == 5 and found["files"][0]["placed"] is None


def test_half_a_drawing_moved_is_not_the_drawing() -> None:
    found = both(site(), site(ell=affinity.translate(ELL, 2, 0), tee=affinity.translate(TEE, 2, 0)))
    assert found["counts"]["moved"] == 2 and found["files"][0]["placed"] is None


def test_spaces_all_alike_moved_together_are_one_movement() -> None:
    row = [shape(f"{16 + n:X}", box(3 * n, 0, 3 * n + 2.5, 5.3), "parking_car") for n in range(40)]
    found = both(row, [replace(s, geometry=affinity.translate(s.geometry, 30, -7)) for s in row])
    assert found["files"][0]["placed"]["vector"] == [30, -7] and not found["changes"]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([ELL, TEE]),
    st.floats(-180, 180),
    st.floats(-500, 500),
    st.booleans(),
    st.sampled_from([1.0, 0.5, 1.25]),
)
def test_a_similarity_is_found_and_leads_back(outline, angle, east, mirrored, scale) -> None:
    base = affinity.translate(outline, EAST, NORTH)
    laid = affinity.scale(base, -scale if mirrored else scale, scale, origin="centroid")
    laid = affinity.translate(affinity.rotate(laid, angle, "centroid"), east, -east / 3)
    found = similarity(base, laid, 0.001)
    assert found is not None and found.scale == pytest.approx(scale, abs=1e-5)
    assert found.mirrored is (mirrored and outline is ELL)  # the T is its own mirror image
    assert found.apply(base).hausdorff_distance(laid) < 0.002
    assert found.inverse().apply(laid).hausdorff_distance(base) < 0.002
    if not mirrored:
        assert math.cos(math.radians(found.angle - angle)) == pytest.approx(1, abs=1e-6)
