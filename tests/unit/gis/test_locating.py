"""Typed coordinates: what fits is taken, what does not is asked."""

from __future__ import annotations

import pytest

from gis.maps.locating import Place, numbers, read_place
from gis.source_crs import parse_crs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("485000.5, 3115000", (485000.5, 3115000.0)),
        ("485000.5，3115000", (485000.5, 3115000.0)),
        ("X=3115000 Y=485000", (3115000.0, 485000.0)),
        ("东 485000 北 3115000 米", (485000.0, 3115000.0)),
        ("113°30'36\"E 28°30'N", (113.51, 28.5)),
        ("北纬28度30分，东经113度30分36秒", (28.5, 113.51)),
        ("113º30’36” 28º30’", (113.51, 28.5)),
        ("113°30'36'' 28°30'", (113.51, 28.5)),
        ("经度113.51，纬度28.5", (113.51, 28.5)),
        ("geo:28.5,113.51", (28.5, 113.51)),
        ("POINT (113.51 28.5)", (113.51, 28.5)),
        ("XQ-01-02", None),
        ("5分2秒", None),
        ("2601-439901-04-01-777001", None),
        ("439901001008GB00222", None),
        ("1,2,3", None),
        ("", None),
    ],
)
def test_two_numbers_are_coordinates_and_nothing_else(text, expected):
    assert numbers(text) == (pytest.approx(expected) if expected else None)


def test_numbers_that_fit_the_stated_system_are_sure():
    reading = read_place(485000, 3115000, 4547)
    assert reading.sure and reading.places == (Place(4547, 485000, 3115000),)


def test_a_zone_prefix_is_asked_about():
    reading = read_place(38485000, 3115000, 4547)
    assert not reading.sure
    assert reading.places == (Place(4526, 38485000, 3115000),)
    assert [p.crs for p in read_place(19485000, 3115000, 4547).places] == [4497]  # 6° zone 19


def test_north_first_is_asked_about_with_the_projects_zone_first():
    reading = read_place(3115000, 485000, 4547)
    assert not reading.sure
    assert reading.places[0] == Place(4547, 485000, 3115000, swapped=True)
    assert len({p.crs for p in reading.places}) == len(reading.places) > 3


def test_degrees_against_a_projected_system_are_asked_about():
    reading = read_place(28.15, 113.85, 4547)
    assert not reading.sure and reading.places == (Place(4490, 113.85, 28.15, swapped=True),)


def test_a_declared_system_is_converted():
    gcj02 = parse_crs("gcj02")
    assert gcj02 is not None
    reading = read_place(113.85, 28.15, gcj02)
    (place,) = reading.places
    assert reading.sure
    assert 200 < abs(place.east - 113.85) * 98_000 < 800  # hundreds of metres from what was typed


def test_numbers_from_nowhere_have_no_place():
    assert read_place(1e9, -5, 4547).places == ()
