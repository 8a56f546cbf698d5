"""What carried marks point at, and which layers differ, in drawings saved anew, in other units, or changed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from drawings.interpreting.interpret import interpret
from drawings.review.carry import changed_layers, follow_handles, rescaled
from drawings.sheets.sheet import Sheet, build_sheet
from tests.unit.drawings import build

PLACES = {"1#": (20, 20), "2#": (100, 20), "3#": (20, 80)}


def sheet(
    places: Mapping[str, tuple[float, float]] = PLACES,
    *,
    junk: int = 0,
    scale: float = 1.0,
    layer: str = "建筑基底",
) -> Sheet:
    """Buildings of one size; ``junk`` entities before them are drawn and deleted again, as CAD users do."""
    doc = build.new(unit=6 if scale == 1 else 4)
    for _ in range(junk):
        doc.modelspace().delete_entity(build.box(doc, "0", 0, 0, 1, 1))
    build.box(doc, "用地红线", build.X * scale, build.Y * scale, 200 * scale, 150 * scale)
    for name, (x, y) in places.items():
        x, y = (build.X + x) * scale, (build.Y + y) * scale
        build.box(doc, layer, x, y, 40 * scale, 15 * scale)
        build.text(doc, layer, f"楼号={name}", x + 5 * scale, y + 5 * scale, scale)
    cad = build.cad_of(doc)
    return build_sheet(cad, interpret(cad, None))


def handle_of(found: Sheet, at: tuple[float, float]) -> str:
    """Handle of the building at a place, by its first corner."""
    metres = float(found.header["metres_per_unit"])
    corner = ((build.X + at[0]) / metres, (build.Y + at[1]) / metres)
    for i, handle in enumerate(found.handles[: len(found) - len(found.texts)]):
        v = 2 * int(found.part_start[found.item_part[i]])
        if tuple(found.coords[v : v + 2]) == pytest.approx(corner, abs=1e-3):
            return handle
    raise AssertionError(at)


@pytest.mark.parametrize(("junk", "scale"), [(0, 1.0), (40, 1.0), (40, 1000.0)])
def test_what_is_drawn_the_same_is_found_under_its_new_handle(junk, scale) -> None:
    old, new = sheet(), sheet(junk=junk, scale=scale)
    assert changed_layers("a.dxf", old, new) == []
    followed = follow_handles(set(old.handles), old, new)
    for at in PLACES.values():
        assert followed[handle_of(old, at)] == handle_of(new, at)
    assert len(set(followed.values())) == len(old.handles)


def test_the_one_that_moved_is_followed_and_the_one_that_went_keeps_its_name() -> None:
    old, new = sheet(), sheet({"1#": (20, 20), "2#": (103, 21)}, junk=40)
    followed = follow_handles(set(old.handles), old, new)
    assert followed[handle_of(old, (100, 20))] == handle_of(new, (103, 21))
    gone = handle_of(old, (20, 80))
    assert followed[gone] == gone and gone not in new.handles
    assert [(c.layer, c.added, c.removed) for c in changed_layers("a.dxf", old, new)] == [("建筑基底", 2, 4)]


def test_a_handle_that_names_something_else_by_now_is_not_followed() -> None:
    old, new = sheet(), sheet({"9#": (120, 90)}, layer="绿地")
    kinds = {h: i for i, h in enumerate(new.handles)}
    lost = next(h for h in old.handles if h in kinds and h != handle_of(old, (0, 0)))
    assert follow_handles({lost}, old, new) == {lost: ""}


def test_a_mark_lies_where_it_lay_in_another_unit() -> None:
    cloud = {"type": "Polygon", "coordinates": [[[1.5, 2.0], [3.0, 2.0], [3.0, 4.0], [1.5, 2.0]]]}
    assert rescaled(cloud, 1000.0)["coordinates"][0][0] == [1500.0, 2000.0]
    assert rescaled({"type": "Point", "coordinates": [1500, 2000]}, 0.001)["coordinates"] == [1.5, 2.0]
