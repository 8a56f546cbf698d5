"""Front, rear, left and right of a site from the road beside it."""

from __future__ import annotations

import pytest
from ezdxf.document import Drawing

from drawings.interpreting.interpret import interpret
from drawings.interpreting.measures import measures
from drawings.standards.standards import get_standard
from tests.unit.drawings.build import box, cad_of, new, ring, text


def _plan() -> Drawing:
    """60 × 50 m, a building 10 m from the west, 12 from the south, 20 from the east, 18 from the north."""
    doc = new()
    box(doc, "用地红线", 0, 0, 60, 50)
    box(doc, "建筑基底", 10, 12, 30, 20)
    return doc


def _by_position(doc: Drawing) -> tuple[dict[str, float], dict[str, object]]:
    found = measures(interpret(cad_of(doc), get_standard("project-box")))
    rows = [r for r in found["setbacks"] if r["to"] == "site_boundary"]
    return {r["position"]: r["distance_m"] for r in rows}, found["frontage"]


def test_the_side_along_the_road_is_the_front() -> None:
    doc = _plan()
    doc.modelspace().add_line((-30, -4), (90, -4), dxfattribs={"layer": "道路红线"})
    distances, front = _by_position(doc)
    assert distances == {"front": 12.0, "rear": 18.0, "left": 10.0, "right": 20.0}
    assert front["known"] and front["side"] == "南" and front["handles"]


def test_the_red_line_may_be_the_boundary_itself_and_roads_on_the_site_do_not_count() -> None:
    doc = _plan()
    doc.modelspace().add_line((60, -30), (60, 90), dxfattribs={"layer": "道路红线"})
    ring(doc, "道路", [(0, 40), (60, 40), (60, 46), (0, 46)])
    distances, front = _by_position(doc)
    assert distances == {"front": 20.0, "rear": 10.0, "left": 12.0, "right": 18.0} and front["side"] == "东"


def test_of_two_roads_the_wider_one_counts() -> None:
    doc = _plan()
    box(doc, "道路", -20, -26, 120, 24)
    box(doc, "道路", 62, -20, 7, 100)
    distances, front = _by_position(doc)
    assert distances["front"] == 12.0 and front["along_roads"] == [1, 2] and "24.0 m" in str(front["why"])


@pytest.mark.parametrize("roads", [0, 2])
def test_without_a_road_or_with_two_alike_it_is_not_told(roads: int) -> None:
    doc = _plan()
    for start, end in [((-30, -4), (90, -4)), ((64, -30), (64, 90))][:roads]:
        doc.modelspace().add_line(start, end, dxfattribs={"layer": "道路红线"})
    distances, front = _by_position(doc)
    assert set(distances) == {None} and not front["known"] and "临路侧" in str(front["remedy"])


def test_the_applicants_word_goes_first() -> None:
    doc = _plan()
    text(doc, "用地红线", "临路侧=北", 50, 45)
    doc.modelspace().add_line((-30, -4), (90, -4), dxfattribs={"layer": "道路红线"})
    distances, front = _by_position(doc)
    assert distances == {"front": 18.0, "rear": 12.0, "left": 20.0, "right": 10.0} and "写明" in str(
        front["why"]
    )


def test_too_many_roads_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    doc = _plan()
    doc.modelspace().add_line((-30, -4), (90, -4), dxfattribs={"layer": "道路红线"})
    monkeypatch.setattr("drawings.interpreting.frontage._MOST", 1)
    distances, front = _by_position(doc)
    assert set(distances) == {None} and not front["known"] and "4 条边" in str(front["why"])
