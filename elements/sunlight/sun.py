"""Where the sun stands: solar coordinates, true solar time, solar terms 节气.

Source: Jean Meeus, *Astronomical Algorithms*, 2nd ed., chapters 7 (Julian day), 16 (refraction, Sæmundsson), 22
(nutation and obliquity), 25 (solar coordinates from VSOP87, the higher-accuracy method with the largest terms of
appendix III), 28 (equation of time), 40 (parallax); ΔT by the polynomials of Espenak & Meeus. Accuracy 1900–2150:
longitude and right ascension better than 0.001°, declination better than 0.0005°, equation of time better than 0.3 s,
instants of solar terms better than one minute; ``tests/unit/elements/test_sunlight_sun.py`` holds the comparisons.

Units: degrees unless a name says otherwise; azimuths clockwise from true north; longitudes positive east; moments are
timezone-aware datetimes; hour angle positive after noon; *true solar time* 真太阳时 in hours, 12 at upper culmination.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import lru_cache

from project_box.kernel.errors import BadInput

J2000 = 2451545.0
_UNIX_EPOCH = 2440587.5
#: Beijing time 北京时间
BEIJING = dt.timezone(dt.timedelta(hours=8), "北京时间")
#: first and last year the theory and ΔT are good for
YEARS = (1900, 2150)


# Heliocentric longitude and radius vector of the Earth, mean equinox of date (VSOP87, Bretagnon & Francou 1988), the
# largest terms as in Meeus, appendix III: amplitude (1e-8 rad or au), phase (rad), frequency (rad per millennium).
# fmt: off
_LONGITUDE: tuple[tuple[tuple[float, float, float], ...], ...] = (
    (
        (175347046, 0, 0), (3341656, 4.6692568, 6283.0758500), (34894, 4.62610, 12566.15170), (3497, 2.7441, 5753.3849),
        (3418, 2.8289, 3.5231), (3136, 3.6277, 77713.7715), (2676, 4.4181, 7860.4194), (2343, 6.1352, 3930.2097),
        (1324, 0.7425, 11506.7698), (1273, 2.0371, 529.6910), (1199, 1.1096, 1577.3435), (990, 5.233, 5884.927),
        (902, 2.045, 26.298), (857, 3.508, 398.149), (780, 1.179, 5223.694), (753, 2.533, 5507.553),
        (505, 4.583, 18849.228), (492, 4.205, 775.523), (357, 2.92, 0.067), (317, 5.849, 11790.629),
        (284, 1.899, 796.298), (271, 0.315, 10977.079), (243, 0.345, 5486.778), (206, 4.806, 2544.314),
        (205, 1.869, 5573.143), (202, 2.458, 6069.777), (156, 0.833, 213.299), (132, 3.411, 2942.463),
        (126, 1.083, 20.775), (115, 0.645, 0.980), (103, 0.636, 4694.003), (102, 0.976, 15720.839),
        (102, 4.267, 7.114), (99, 6.21, 2146.17), (98, 0.68, 155.42), (86, 5.98, 161000.69), (85, 1.30, 6275.96),
        (85, 3.67, 71430.70), (80, 1.81, 17260.15), (79, 3.04, 12036.46), (75, 1.76, 5088.63), (74, 3.50, 3154.69),
        (74, 4.68, 801.82), (70, 0.83, 9437.76), (62, 3.98, 8827.39), (61, 1.82, 7084.90), (57, 2.78, 6286.60),
        (56, 4.39, 14143.50), (56, 3.47, 6279.55), (52, 0.19, 12139.55), (52, 1.33, 1748.02), (51, 0.28, 5856.48),
    ),
    (
        (628331966747, 0, 0), (206059, 2.678235, 6283.075850), (4303, 2.6351, 12566.1517), (425, 1.590, 3.523),
        (119, 5.796, 26.298), (109, 2.966, 1577.344), (93, 2.59, 18849.23), (72, 1.14, 529.69), (68, 1.87, 398.15),
        (67, 4.41, 5507.55), (59, 2.89, 5223.69), (56, 2.17, 155.42), (45, 0.40, 796.30), (36, 0.47, 775.52),
    ),
    ((52919, 0, 0), (8720, 1.0721, 6283.0758), (309, 0.867, 12566.152), (27, 0.05, 3.52), (16, 5.19, 26.30)),
    ((289, 5.844, 6283.076), (35, 0, 0), (17, 5.49, 12566.15)),
)
_DISTANCE: tuple[tuple[tuple[float, float, float], ...], ...] = (
    (
        (100013989, 0, 0), (1670700, 3.0984635, 6283.0758500), (13956, 3.05525, 12566.15170),
        (3084, 5.1985, 77713.7715), (1628, 1.1739, 5753.3849), (1576, 2.8469, 7860.4194),
    ),
    ((103019, 1.107490, 6283.075850), (1721, 1.0644, 12566.1517)),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class SunCoordinates:
    """Apparent geocentric coordinates of the sun.

    Attributes:
        longitude: apparent ecliptic longitude λ (with aberration and nutation).
        right_ascension, declination: of date.
        obliquity: true obliquity ε.
        distance: astronomical units.
        nutation: in longitude, Δψ.
        equation_of_time: minutes, apparent minus mean solar time.
    """

    longitude: float
    right_ascension: float
    declination: float
    obliquity: float
    distance: float
    nutation: float
    equation_of_time: float


@dataclass(frozen=True, slots=True)
class SunPosition:
    """The sun in the sky: altitude above the horizon and azimuth clockwise from true north, degrees."""

    altitude: float
    azimuth: float

    @property
    def zenith(self) -> float:
        """Distance from the zenith, degrees."""
        return 90.0 - self.altitude


def julian_day(moment: dt.datetime) -> float:
    """Julian day (UT) of a timezone-aware moment.

    Raises:
        BadInput: no time zone, or outside :data:`YEARS`.
    """
    if moment.tzinfo is None:
        raise BadInput("时刻没有注明时区", "the moment has no time zone", place="moment")
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise BadInput(
            f"{moment.year} 年超出太阳位置算法的适用年份 {YEARS[0]}–{YEARS[1]}",
            f"year {moment.year} lies outside {YEARS[0]}-{YEARS[1]}",
            place="moment",
        )
    return _UNIX_EPOCH + moment.timestamp() / 86400.0


def moment_of(julian: float) -> dt.datetime:
    """UTC moment of a Julian day (UT), to the microsecond that a float keeps (about 40 µs)."""
    seconds = (julian - _UNIX_EPOCH) * 86400.0
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)


def delta_t(year: float) -> float:
    """TT - UT in seconds for a decimal year, by the polynomials of Espenak & Meeus (after 2005 an extrapolation)."""
    if year < 1920:
        t = year - 1900
        return -2.79 + 1.494119 * t - 0.0598939 * t**2 + 0.0061966 * t**3 - 0.000197 * t**4
    if year < 1941:
        t = year - 1920
        return 21.20 + 0.84493 * t - 0.076100 * t**2 + 0.0020936 * t**3
    if year < 1961:
        t = year - 1950
        return 29.07 + 0.407 * t - t**2 / 233 + t**3 / 2547
    if year < 1986:
        t = year - 1975
        return 45.45 + 1.067 * t - t**2 / 260 - t**3 / 718
    if year < 2005:
        t = year - 2000
        series = (63.86, 0.3345, -0.060374, 0.0017275, 0.000651814, 0.00002373599)
        return sum(c * t**n for n, c in enumerate(series))
    if year < 2050:
        t = year - 2000
        return 62.92 + 0.32217 * t + 0.005589 * t**2
    return -20 + 32 * ((year - 1820) / 100) ** 2 - 0.5628 * (2150 - year)


def sun_coordinates(jde: float) -> SunCoordinates:
    """Coordinates of the sun at a Julian ephemeris day (TT)."""
    tau = (jde - J2000) / 365250.0
    t = tau * 10.0
    heliocentric = math.degrees(_series(_LONGITUDE, tau)) % 360.0
    distance = _series(_DISTANCE, tau)
    node = math.radians((125.04452 - 1934.136261 * t) % 360.0)
    sun = math.radians((280.4665 + 36000.7698 * t) % 360.0)
    moon = math.radians((218.3165 + 481267.8813 * t) % 360.0)
    nutation = (
        -17.20 * math.sin(node)
        - 1.32 * math.sin(2 * sun)
        - 0.23 * math.sin(2 * moon)
        + 0.21 * math.sin(2 * node)
    ) / 3600.0
    obliquity = (
        84381.448
        - 46.8150 * t
        - 0.00059 * t * t
        + 0.001813 * t**3
        + 9.20 * math.cos(node)
        + 0.57 * math.cos(2 * sun)
        + 0.10 * math.cos(2 * moon)
        - 0.09 * math.cos(2 * node)
    ) / 3600.0
    aberration = -20.4898 / 3600.0 / distance
    to_fk5 = -0.09033 / 3600.0
    longitude = (heliocentric + 180.0 + to_fk5 + nutation + aberration) % 360.0
    e, lam = math.radians(obliquity), math.radians(longitude)
    right_ascension = math.degrees(math.atan2(math.cos(e) * math.sin(lam), math.cos(lam))) % 360.0
    declination = math.degrees(math.asin(math.sin(e) * math.sin(lam)))
    mean_longitude = 280.4664567 + 360007.6982779 * tau + 0.03032028 * tau**2 + tau**3 / 49931.0
    difference = mean_longitude - 0.0057183 - right_ascension + nutation * math.cos(e)
    equation_of_time = 4.0 * ((difference + 180.0) % 360.0 - 180.0)
    return SunCoordinates(
        longitude, right_ascension, declination, obliquity, distance, nutation, equation_of_time
    )


def _series(groups: tuple[tuple[tuple[float, float, float], ...], ...], tau: float) -> float:
    """VSOP87: the sum over n of tau to the n times the sum of a cos(b + c tau), in units of 1e-8."""
    return (
        sum(tau**n * sum(a * math.cos(b + c * tau) for a, b, c in group) for n, group in enumerate(groups))
        * 1e-8
    )


def coordinates_at(moment: dt.datetime) -> SunCoordinates:
    """Coordinates of the sun at a moment (UT, corrected by ΔT).

    Raises:
        BadInput: as :func:`julian_day`.
    """
    julian = julian_day(moment)
    return sun_coordinates(julian + delta_t(_decimal_year(julian)) / 86400.0)


def _decimal_year(julian: float) -> float:
    return 2000.0 + (julian - J2000) / 365.25


def true_solar_time(moment: dt.datetime, longitude: float) -> float:
    """True solar time 真太阳时 in hours [0, 24) at a longitude (degrees east): 12 + hour angle of the sun / 15.

    The hour angle is apparent sidereal time minus right ascension. Mean time + equation of time gives the same to 1 s
    (the equation counts the mean sun in dynamical time).
    """
    julian = julian_day(moment)
    sun = coordinates_at(moment)
    t = (julian - J2000) / 36525.0
    sidereal = 280.46061837 + 360.98564736629 * (julian - J2000) + 0.000387933 * t * t - t**3 / 38710000.0
    sidereal += sun.nutation * math.cos(math.radians(sun.obliquity))
    return (12.0 + (sidereal + longitude - sun.right_ascension) / 15.0) % 24.0


def moment_of_solar_time(day: dt.date, hours: float, longitude: float) -> dt.datetime:
    """UTC moment at which true solar time on a local solar day is ``hours`` (0-24), to better than 0.01 s.

    Args:
        day: civil date of the local noon of the longitude's own mean time.
        hours: true solar time.
        longitude: degrees east.
    """
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) - dt.timedelta(hours=longitude / 15.0)
    moment = midnight + dt.timedelta(hours=hours)
    for _ in range(3):
        moment += dt.timedelta(hours=(hours - true_solar_time(moment, longitude) + 12.0) % 24.0 - 12.0)
    return moment


def horizontal(latitude: float, declination: float, hour_angle: float) -> SunPosition:
    """Altitude and azimuth from latitude, declination and hour angle, without refraction or parallax.

    At the zenith the azimuth is without meaning and given as 180.
    """
    phi, delta, h = map(math.radians, (latitude, declination, hour_angle))
    east = -math.cos(delta) * math.sin(h)
    north = math.sin(delta) * math.cos(phi) - math.cos(delta) * math.sin(phi) * math.cos(h)
    up = math.sin(delta) * math.sin(phi) + math.cos(delta) * math.cos(phi) * math.cos(h)
    level = math.hypot(east, north)
    azimuth = math.degrees(math.atan2(east, north)) % 360.0 if level > 1e-12 else 180.0
    return SunPosition(math.degrees(math.atan2(up, level)), azimuth)


def sun_position(
    moment: dt.datetime,
    latitude: float,
    longitude: float,
    *,
    elevation: float = 0.0,
    pressure: float | None = None,
    temperature: float = 10.0,
) -> SunPosition:
    """The sun as seen from a place.

    Args:
        moment: timezone-aware.
        latitude, longitude: degrees, north and east positive.
        elevation: metres above sea level (parallax only).
        pressure: hPa; with it refraction is added (Sæmundsson), without it the geometric altitude is given, which is
            what sunlight rules use.
        temperature: °C.

    Raises:
        BadInput: moment without time zone or outside the years of the theory, place outside the globe.
    """
    if not (abs(latitude) <= 90.0 and abs(longitude) <= 360.0):
        raise BadInput(
            f"经纬度超出范围：{latitude}, {longitude}", "latitude or longitude out of range", place="latitude"
        )
    sun = coordinates_at(moment)
    hour_angle = (true_solar_time(moment, longitude) - 12.0) * 15.0
    seen = horizontal(latitude, sun.declination, hour_angle)
    radius = 1.0 + elevation / 6378140.0
    altitude = seen.altitude - 8.794 / 3600.0 / sun.distance * radius * math.cos(math.radians(seen.altitude))
    if pressure is not None:
        bend = 1.02 / math.tan(math.radians(altitude + 10.3 / (altitude + 5.11))) / 60.0
        altitude += max(bend, 0.0) * pressure / 1010.0 * 283.0 / (273.0 + temperature)
    return SunPosition(altitude, seen.azimuth)


def sunset_hour_angle(latitude: float, declination: float) -> float | None:
    """Hour angle (degrees) at which the sun's centre meets the geometric horizon: cos H = -tan φ tan δ.

    None in polar night; 180 when the sun does not set.
    """
    cosine = -math.tan(math.radians(latitude)) * math.tan(math.radians(declination))
    if cosine >= 1.0:
        return None
    return 180.0 if cosine <= -1.0 else math.degrees(math.acos(cosine))


@lru_cache(maxsize=512)
def solar_term(year: int, longitude: float) -> dt.datetime:
    """UTC moment in a calendar year at which the sun's apparent longitude is ``longitude`` (大寒 300°, 冬至 270°).

    Raises:
        BadInput: year outside :data:`YEARS`.
    """
    if not YEARS[0] <= year <= YEARS[1]:
        raise BadInput(
            f"{year} 年超出节气算法的适用年份 {YEARS[0]}–{YEARS[1]}",
            f"year {year} lies outside {YEARS[0]}-{YEARS[1]}",
            place="year",
        )
    start = julian_day(dt.datetime(year, 1, 1, tzinfo=dt.UTC))
    ahead = (longitude - coordinates_at(moment_of(start)).longitude) % 360.0
    julian = start + ahead / 360.0 * 365.2422
    for _ in range(8):
        dynamic = julian + delta_t(_decimal_year(julian)) / 86400.0
        gap = (longitude - sun_coordinates(dynamic).longitude + 180.0) % 360.0 - 180.0
        julian += gap * 365.2422 / 360.0
        if abs(gap) < 1e-9:
            break
    return moment_of(julian)


def term_date(year: int, longitude: float) -> dt.date:
    """Date, in Beijing time, of a solar term in a calendar year."""
    return solar_term(year, longitude).astimezone(BEIJING).date()


def noon_declination(day: dt.date, longitude: float = 120.0) -> float:
    """Declination of the sun at true solar noon of a day at a longitude (degrees)."""
    return coordinates_at(moment_of_solar_time(day, 12.0, longitude)).declination


def clock(moment: dt.datetime) -> str:
    """``HH:MM:SS`` in Beijing time, rounded to the second."""
    return (moment + dt.timedelta(microseconds=500_000)).astimezone(BEIJING).strftime("%H:%M:%S")
