"""Solar position against published values, and what must hold at any place on any day."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elements.sunlight.sun import (
    BEIJING,
    clock,
    coordinates_at,
    delta_t,
    horizontal,
    julian_day,
    moment_of,
    moment_of_solar_time,
    noon_declination,
    solar_term,
    sun_coordinates,
    sun_position,
    sunset_hour_angle,
    term_date,
    true_solar_time,
)
from project_box.kernel.errors import BadInput

MOMENTS = st.datetimes(
    min_value=dt.datetime(1901, 1, 1), max_value=dt.datetime(2149, 12, 31), timezones=st.just(dt.UTC)
)
LATITUDES = st.floats(-65, 65)
LONGITUDES = st.floats(-180, 180)


# ---------------------------------------------------------------- published values


def test_julian_day_of_meeus_7a() -> None:
    launch = dt.datetime(1957, 10, 4, tzinfo=dt.UTC) + dt.timedelta(days=0.81)
    assert julian_day(launch) == pytest.approx(2436116.31, abs=1e-8)
    assert abs((moment_of(2436116.31) - launch).total_seconds()) < 1e-3


def test_solar_coordinates_of_meeus_25b() -> None:
    """1992 October 13.0 TD, full VSOP87: λ = 199°54'21.818", α = 13h13m30.763s, δ = -7°47'01.74"; to 0.0003°."""
    sun = sun_coordinates(2448908.5)
    assert sun.longitude == pytest.approx(199 + 54 / 60 + 21.818 / 3600, abs=3e-4)
    assert sun.right_ascension == pytest.approx((13 + 13 / 60 + 30.763 / 3600) * 15, abs=3e-4)
    assert sun.declination == pytest.approx(-(7 + 47 / 60 + 1.74 / 3600), abs=4e-4)
    assert sun.distance == pytest.approx(0.99760775, abs=1e-5)


def test_equation_of_time_of_meeus_28a() -> None:
    """Same moment: E = +13 m 42.6 s; to 0.1 s."""
    assert sun_coordinates(2448908.5).equation_of_time * 60 == pytest.approx(13 * 60 + 42.6, abs=0.1)


def test_solstice_of_meeus_27a() -> None:
    """June solstice 1962: JDE 2437837.39245, June 21, 21 h 24 m 42 s TD; to 30 s."""
    found = solar_term(1962, 90.0) + dt.timedelta(seconds=delta_t(1962.47))
    assert abs((found - dt.datetime(1962, 6, 21, 21, 24, 42, tzinfo=dt.UTC)).total_seconds()) < 30


def test_nrel_spa_example() -> None:
    """Reda & Andreas, NREL/TP-560-34302: Golden CO, zenith 50.11162°, azimuth 194.34024°; to 0.0005°."""
    mountain = dt.timezone(dt.timedelta(hours=-7))
    sun = sun_position(
        dt.datetime(2003, 10, 17, 12, 30, 30, tzinfo=mountain),
        39.742476,
        -105.1786,
        elevation=1830.14,
        pressure=820,
        temperature=11,
    )
    assert sun.zenith == pytest.approx(50.11162, abs=5e-4)
    assert sun.azimuth == pytest.approx(194.34024, abs=5e-4)


@pytest.mark.parametrize(
    ("moment", "latitude", "longitude", "altitude", "azimuth", "equation"),
    [
        # computed with another implementation of NREL's SPA (pvlib 0.16.1), without refraction
        ("2001-01-20T01:00+00:00", 28.228, 112.939, 18.29779, 126.10072, -10.9329),
        ("2001-01-20T04:30+00:00", 26.647, 106.630, 42.49941, 169.00145, -10.9760),
        ("2001-12-22T07:00+00:00", 28.228, 112.939, 26.49997, 219.45383, 1.4602),
        ("2024-06-21T00:15+00:00", 26.647, 106.630, 27.24733, 75.98664, -1.8127),
        ("2035-10-01T06:00+00:00", 28.228, 112.939, 50.19557, 222.16888, 10.2162),
        ("2001-12-22T07:00+00:00", 47.900, -20.000, -20.17453, 103.03111, 1.4602),
    ],
)
def test_against_spa(
    moment: str, latitude: float, longitude: float, altitude: float, azimuth: float, equation: float
) -> None:
    when = dt.datetime.fromisoformat(moment)
    sun = sun_position(when, latitude, longitude)
    assert sun.altitude == pytest.approx(altitude, abs=5e-4)
    assert sun.azimuth == pytest.approx(azimuth, abs=5e-4)
    assert coordinates_at(when).equation_of_time == pytest.approx(equation, abs=0.002)


@pytest.mark.parametrize(
    ("year", "longitude", "beijing"),
    [
        # almanac times, rounded to the minute
        (2023, 300.0, "2023-01-20 16:29"),
        (2023, 270.0, "2023-12-22 11:27"),
        (2024, 300.0, "2024-01-20 22:07"),
        (2024, 270.0, "2024-12-21 17:20"),
        (2025, 300.0, "2025-01-20 04:00"),
        (2025, 270.0, "2025-12-21 23:03"),
        (2026, 270.0, "2026-12-22 04:50"),
    ],
)
def test_solar_terms(year: int, longitude: float, beijing: str) -> None:
    published = dt.datetime.strptime(beijing, "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)
    assert abs((solar_term(year, longitude) - published).total_seconds()) < 60
    assert term_date(year, longitude) == published.date()


def test_the_days_lie_where_they_should() -> None:
    """Until 2048; in 2049 the slow drift of the calendar brings 大寒 to 19 January, 23:41."""
    assert term_date(2049, 300.0) == dt.date(2049, 1, 19)
    for year in range(1990, 2049):
        assert term_date(year, 300.0) in {dt.date(year, 1, 20), dt.date(year, 1, 21)}
        assert term_date(year, 270.0) in {dt.date(year, 12, 21), dt.date(year, 12, 22), dt.date(year, 12, 23)}


def test_declinations_of_the_sunlight_days() -> None:
    """sin δ = sin ε sin λ at the term itself; at noon of the day half a day's motion away at most (0.11° at 大寒)."""
    epsilon = math.radians(23.439)
    for longitude, room in ((300.0, 0.12), (270.0, 0.002)):
        at_term = math.degrees(math.asin(math.sin(epsilon) * math.sin(math.radians(longitude))))
        for year in (2001, 2024, 2026):
            assert noon_declination(term_date(year, longitude)) == pytest.approx(at_term, abs=room)


# ---------------------------------------------------------------- invariants


@settings(deadline=None)
@given(LATITUDES, st.floats(-23.44, 23.44))
def test_noon_altitude(latitude: float, declination: float) -> None:
    assert horizontal(latitude, declination, 0.0).altitude == pytest.approx(
        90.0 - abs(latitude - declination), abs=1e-6
    )


@settings(deadline=None)
@given(LATITUDES, st.floats(-23.44, 23.44), st.floats(0.01, 179.0))
def test_symmetry_about_noon(latitude: float, declination: float, hour_angle: float) -> None:
    before, after = (horizontal(latitude, declination, h) for h in (-hour_angle, hour_angle))
    assert before.altitude == pytest.approx(after.altitude, abs=1e-9)
    if abs(before.altitude) < 89.9:
        assert (before.azimuth + after.azimuth) % 360.0 == pytest.approx(0.0, abs=1e-6) or (
            before.azimuth + after.azimuth
        ) % 360.0 == pytest.approx(360.0, abs=1e-6)
        assert math.sin(math.radians(before.azimuth)) >= -1e-9  # mornings in the east


@settings(deadline=None)
@given(LATITUDES, st.floats(-23.44, 23.44))
def test_sunrise_equation(latitude: float, declination: float) -> None:
    hour_angle = sunset_hour_angle(latitude, declination)
    assert hour_angle is not None
    assert 0.0 < hour_angle < 180.0
    assert horizontal(latitude, declination, hour_angle).altitude == pytest.approx(0.0, abs=1e-6)


def test_polar_day_and_night() -> None:
    assert sunset_hour_angle(80.0, -20.0) is None
    assert sunset_hour_angle(80.0, 20.0) == 180.0


@settings(deadline=None)
@given(MOMENTS, LONGITUDES)
def test_solar_time_is_mean_time_plus_equation(moment: dt.datetime, longitude: float) -> None:
    mean = (
        moment.hour + moment.minute / 60 + (moment.second + moment.microsecond / 1e6) / 3600
    ) + longitude / 15
    expected = mean + coordinates_at(moment).equation_of_time / 60
    gap = (true_solar_time(moment, longitude) - expected + 12) % 24 - 12
    # the mean sun of the equation runs in dynamical time: it is ahead by its motion in ΔT
    year = 2000 + (julian_day(moment) - 2451545.0) / 365.25
    assert abs(gap) * 3600 < 0.2 + 0.002738 * abs(delta_t(year))


@settings(deadline=None)
@given(st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)), st.floats(0.1, 23.9), LONGITUDES)
def test_moment_of_solar_time_inverts(day: dt.date, hours: float, longitude: float) -> None:
    moment = moment_of_solar_time(day, hours, longitude)
    assert true_solar_time(moment, longitude) == pytest.approx(hours, abs=1e-5)


@settings(deadline=None)
@given(MOMENTS)
def test_coordinates_hang_together(moment: dt.datetime) -> None:
    sun = coordinates_at(moment)
    sine = math.sin(math.radians(sun.obliquity)) * math.sin(math.radians(sun.longitude))
    assert math.sin(math.radians(sun.declination)) == pytest.approx(sine, abs=1e-12)
    assert abs(sun.equation_of_time) < 16.7
    assert 0.983 < sun.distance < 1.017


def test_effective_hours_on_the_clock() -> None:
    """大寒日 2001, Changsha (112.94° E): 12 h true solar time = 12:00 + 28.2 min (longitude) + 11.0 min (equation)."""
    noon = moment_of_solar_time(dt.date(2001, 1, 20), 12.0, 112.94)
    assert clock(noon) == "12:39:13"
    assert coordinates_at(noon).equation_of_time == pytest.approx(-10.98, abs=0.01)


# ---------------------------------------------------------------- refusals


def test_refusals() -> None:
    with pytest.raises(BadInput, match="no time zone"):
        julian_day(dt.datetime(2024, 1, 1))
    with pytest.raises(BadInput, match="outside"):
        solar_term(1800, 270.0)
    with pytest.raises(BadInput, match="out of range"):
        sun_position(dt.datetime(2024, 1, 1, tzinfo=dt.UTC), 91.0, 0.0)
