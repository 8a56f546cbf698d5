"""Comparing revisions."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import LineString, Polygon, box

from drawings.comparing.compare import Change, Comparison, ShapeChange, compare
from drawings.comparing.compare_plain import comparison_to_plain, overlay_geojson
from drawings.drawing import DrawingModel, RoleShape
from tests.unit.drawings import build


def shape(handle: str, geometry, role: str = "footprint", **attributes) -> RoleShape:
    area = geometry.area if geometry.area else None
    return RoleShape(role, geometry, attributes, handle, "建筑基底", area_m2=area)


def model(*shapes: RoleShape, name: str = "总平图.dxf", kind: str = "site_plan") -> DrawingModel:
    return DrawingModel(
        name, "0" * 64, "project-box", kind, {"unit": "m", "metres_per_unit": 1.0}, shapes=shapes
    )


def both(a: DrawingModel, b: DrawingModel) -> Comparison:
    return compare([(0, a)], [(0, b)])


def only(found: Comparison) -> ShapeChange:
    assert len(found.changes) == 1
    return found.changes[0]


A = shape("1F", box(0, 0, 40, 15), 楼号="1#", 层数=18.0)
B = shape("20", box(100, 0, 140, 15), 楼号="2#")


def test_same_is_empty() -> None:
    found = both(model(A, B), model(A, B))
    assert found.empty and found.counts["unchanged"] == 2


def test_added_and_removed() -> None:
    found = both(model(A), model(A, B))
    assert only(found).change is Change.ADDED and only(found).area_delta == 600.0
    assert only(both(model(A, B), model(A))).change is Change.REMOVED
    assert found.roles[0].count_after == 2 and found.roles[0].area_delta == 600.0


def test_a_renamed_layer_is_told_once() -> None:
    renamed = [replace(s, layer="JZJD") for s in (A, B)]
    found = both(model(A, B), model(*renamed))
    assert not found.changes and not found.empty and found.files[0].layers == (("建筑基底", "JZJD"),)
    # one shape laid on another layer is a change of that shape
    one = both(model(A, B), model(A, renamed[1]))
    assert only(one).attributes[0].key == "图层" and one.files[0].layers == ()


def test_moved_with_vector() -> None:
    moved = replace(A, geometry=affinity.translate(A.geometry, 3.0, -1.5))
    found = only(both(model(A, B), model(moved, B)))
    assert found.change is Change.MOVED and found.vector == (3.0, -1.5)
    assert found.deviation_m == pytest.approx(3.3541, abs=1e-4) and found.area_delta == 0


def test_moved_under_a_new_handle_without_number() -> None:
    space = shape("A1", box(0, 0, 2.5, 5.3), "parking_car")
    found = only(both(model(space), model(replace(space, handle="B7", geometry=box(50, 0, 52.5, 5.3)))))
    assert found.change is Change.MOVED and found.vector == (50.0, 0.0)


def test_reshaped_with_area_delta() -> None:
    wider = replace(A, geometry=box(0, 0, 42, 15), area_m2=630.0, handle="99")
    found = only(both(model(A), model(wider)))
    assert found.change is Change.RESHAPED and found.area_delta == 30.0 and found.deviation_m == 2.0


def test_attribute() -> None:
    higher = replace(A, attributes={"楼号": "1#", "层数": 20.0})
    found = only(both(model(A), model(higher)))
    assert found.change is Change.ATTRIBUTE
    assert [(x.key, x.before, x.after) for x in found.attributes] == [("层数", 18.0, 20.0)]


def test_renumbered_handles_do_not_matter() -> None:
    found = both(model(A, B), model(replace(A, handle="20"), replace(B, handle="1F")))
    assert found.empty


def test_a_building_is_followed_by_its_number() -> None:
    far = replace(A, geometry=box(0, 200, 40, 216), area_m2=640.0, handle="78")
    found = only(both(model(A, B), model(far, B)))
    assert found.change is Change.RESHAPED and found.area_delta == 40.0


def test_lines() -> None:
    line = shape("5", LineString([(0, 0), (100, 0)]), "road")
    longer = replace(line, geometry=LineString([(0, 0), (120, 0)]))
    found = only(both(model(line), model(longer)))
    assert found.change is Change.RESHAPED and found.area_delta is None


def test_files_are_paired_by_name_then_kind() -> None:
    a = [(0, model(A, name="甲-总平图.dxf")), (1, model(name="甲-1#-单体图.dxf", kind="building"))]
    b = [(0, model(name="甲-1#-单体图.dwg", kind="building")), (1, model(A, name="甲-总平图-改.dxf"))]
    found = compare(a, b)
    assert found.empty
    assert {(f.file_before, f.file) for f in found.files} == {(0, 1), (1, 0)}
    gone = compare(a, b[:1])
    assert not gone.empty and gone.files[-1].name is None and gone.counts["removed"] == 1


def test_tolerance_for_as_built() -> None:
    built = replace(A, geometry=box(0.02, 0, 40, 15))
    assert not both(model(A), model(built)).empty
    assert compare([(0, model(A))], [(0, model(built))], tolerance_m=0.05).empty


def test_plain_and_overlay() -> None:
    moved = replace(A, geometry=affinity.translate(A.geometry, 3.0, 0))
    found = both(model(A), model(moved, B))
    plain = comparison_to_plain(found)
    assert [c["change"] for c in plain["changes"]] == ["moved", "added"]
    assert plain["changes"][0]["label"] == "1#" and plain["changes"][0]["distance_m"] == 3.0
    overlay = overlay_geojson(found, file=0, file_before=0, metres_per_unit=0.001)
    assert [(f["properties"]["change"], f["properties"]["when"]) for f in overlay["features"]] == [
        ("moved", "before"), ("moved", "after"), ("added", "after")
    ]  # fmt: skip
    assert max(x for x, _ in overlay["features"][1]["geometry"]["coordinates"][0]) == 43_000


def test_real_drawing_against_itself_and_changed() -> None:
    plan = build.model_of(build.site_plan())
    assert both(plan, plan).empty
    doc = build.site_plan()
    build.box(doc, "绿地", build.X + 150, build.Y + 60, 10, 10)
    found = both(plan, build.model_of(doc))
    assert only(found).change is Change.ADDED and only(found).role == "green"


def test_many_alike_stay_quick() -> None:
    row = [shape(f"{i:X}", box(i * 2.5, 0, i * 2.5 + 2.5, 5.3), "parking_car") for i in range(700)]
    up = [
        replace(s, handle=f"Z{i}", geometry=affinity.translate(s.geometry, 0, 40)) for i, s in enumerate(row)
    ]
    found = both(model(*row), model(*up))
    assert found.counts["moved"] == 700 and {c.vector for c in found.changes} == {(0.0, 40.0)}


# --- properties ------------------------------------------------------------------------------------------

coordinate = st.integers(0, 60).map(lambda n: n * 1.5)


@st.composite
def shapes(draw) -> list[RoleShape]:
    out = []
    for n in range(draw(st.integers(0, 6))):
        x, y = draw(coordinate), draw(coordinate)
        w, h = draw(st.sampled_from([2.5, 5.3, 12.0, 20.0])), draw(st.sampled_from([2.5, 5.3, 12.0]))
        geometry = draw(st.sampled_from([box(x, y, x + w, y + h), Polygon([(x, y), (x + w, y), (x, y + h)])]))
        attributes = {"楼号": f"{draw(st.integers(1, 3))}#"} if draw(st.booleans()) else {}
        handle = f"{draw(st.integers(16, 24)):X}" if draw(st.booleans()) else f"{100 + n}"
        out.append(shape(handle, geometry, draw(st.sampled_from(["footprint", "green"])), **attributes))
    return out


def facts(changes) -> list[tuple]:
    return sorted(
        (
            c.change.value, c.role, c.before.geometry.wkt if c.before else "", c.after.geometry.wkt if c.after else "",
            c.before.handle if c.before else "", c.after.handle if c.after else "",
            tuple(v + 0.0 for v in c.vector) if c.vector else (), (c.area_delta or 0) + 0.0, str(c.attributes),
        )
        for c in changes
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(shapes())
def test_a_drawing_does_not_differ_from_itself(drawn: list[RoleShape]) -> None:
    assert both(model(*drawn), model(*drawn)).empty


@settings(max_examples=200, deadline=None)
@given(shapes(), shapes())
def test_swapping_the_revisions_mirrors_the_result(a: list[RoleShape], b: list[RoleShape]) -> None:
    there, back = both(model(*a), model(*b)), both(model(*b), model(*a))
    assert facts(there.changes) == facts(c.mirrored() for c in back.changes)
    counted = {c: there.counts[c] for c in there.counts}
    counted["added"], counted["removed"] = counted["removed"], counted["added"]
    assert counted == back.counts
    # every shape is in exactly one place
    kept = sum(there.counts[c] for c in ("moved", "turned", "mirrored", "reshaped", "attribute", "unchanged"))
    assert kept + there.counts["added"] == len(b) and kept + there.counts["removed"] == len(a)
