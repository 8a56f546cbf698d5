"""Numbered boundary points: the same numbers as in the exchange text file, found by label or by coordinates."""

from __future__ import annotations

import pytest
from shapely.geometry import MultiPolygon, Polygon, box

from gis.boundaries.boundary import write_txt
from gis.boundaries.points import boundary_points, find_points

E, N = 485000.0, 3115000.0
SITE = MultiPolygon(
    [
        Polygon(box(E, N, E + 100, N + 80).exterior, [box(E + 20, N + 20, E + 40, N + 40).exterior.coords]),
        box(E + 200, N, E + 260, N + 50),
    ]
)


def test_numbers_are_those_of_the_text_file():
    written = write_txt(SITE, 4547).decode("gbk").split("@")[1].split()
    points = boundary_points(SITE)
    rows = [f"{p.label},{p.ring},{p.north:.3f},{p.east:.3f}" for p in points]
    closing = [rows[0], rows[4], rows[8]]
    assert written == [*rows[:4], closing[0], *rows[4:8], closing[1], *rows[8:], closing[2]]
    assert [p.hole for p in points] == [False] * 4 + [True] * 4 + [False] * 4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("J3", [("J3", 1), ("J3", 2), ("J3", 3)]),
        (" j03 ", [("J3", 1), ("J3", 2), ("J3", 3)]),
        ("J3,2", [("J3", 2)]),
        ("J3\uff0c3", [("J3", 3)]),
        ("485101.2, 3115079", [("J2", 1)]),
        ("3115079 485101.2", [("J2", 1)]),
        ("J5", []),
        ("J3,9", []),
        ("", []),
        ("J", []),
        ("东南角", []),
        ("nan,nan", []),
        ("1e999,2", []),
    ],
)
def test_points_are_found_by_what_people_write(text, found):
    assert [(p.label, p.ring) for p in find_points(boundary_points(SITE), text)] == found


def test_no_boundary_no_points():
    assert boundary_points(MultiPolygon()) == []
    assert find_points([], "1,2") == []
