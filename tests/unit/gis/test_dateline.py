"""A shape across the 180° meridian is cut there; all others are left as they are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.dateline import DEGREES, METRES, cut_at_dateline, wide


def one(shape, half=DEGREES):
    """A single shape, cut."""
    return cut_at_dateline(np.array([shape], dtype=object), half)[0]


def test_a_polygon_that_jumps_becomes_two_parts_with_its_area_and_hole():
    ring = [(179, 0), (-178, 0), (-178, 2), (179, 2)]
    hole = [(179.5, 0.5), (-179.5, 0.5), (-179.5, 1), (179.5, 1)]
    cut = one(shapely.Polygon(ring, [hole]))
    assert cut.geom_type == "MultiPolygon" and cut.is_valid
    assert cut.area == pytest.approx(3 * 2 - 1 * 0.5)
    assert sorted(p.bounds for p in cut.geoms) == [(-180, 0, -178, 2), (179, 0, 180, 2)]


def test_lines_and_parts_too_and_metres():
    line = one(shapely.LineString([(179, 0), (-179, 2)]))
    assert line.geom_type == "MultiLineString" and line.length == pytest.approx(np.hypot(2, 2))
    both = shapely.MultiPolygon([shapely.box(178, 0, 179, 1), shapely.box(-179, 0, -178, 1)])
    assert one(both).equals(both)  # lies on both sides already
    jump = shapely.Polygon([(METRES - 10, 0), (10 - METRES, 0), (10 - METRES, 5), (METRES - 10, 5)])
    assert one(jump, METRES).area == pytest.approx(100)


def test_what_spans_the_world_or_lies_in_one_half_stays():
    for shape in (
        shapely.box(-180, -80, 180, 80),
        shapely.box(100, 0, 170, 10),
        shapely.box(-100, 0, 70, 10),
    ):
        assert one(shape) is shape
    assert not wide(np.empty((0, 2)), DEGREES) and wide(np.array([[179.0, 0], [-179, 0]]), DEGREES)
