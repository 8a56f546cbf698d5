"""Zones of the Chinese Gauss-Krüger families: datum, width, number, EPSG code (reference 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Geodetic datum of a CRS, as far as Chinese practice tells them apart."""

    CGCS2000 = "CGCS2000"
    XIAN80 = "Xian80"
    BEIJING54 = "Beijing54"
    WGS84 = "WGS84"
    OTHER = "other"

    @property
    def zh(self) -> str:
        """Chinese name."""
        return {
            "CGCS2000": "2000国家大地坐标系",
            "Xian80": "1980西安坐标系",
            "Beijing54": "1954北京坐标系",
            "WGS84": "WGS 84",
            "other": "其他坐标系",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Series:
    """A run of EPSG codes of one family of Gauss-Krüger zones."""

    family: Family
    width: int
    prefixed: bool
    first_epsg: int
    first_zone: int
    last_zone: int


SERIES = (
    Series(Family.CGCS2000, 6, True, 4491, 13, 23),
    Series(Family.CGCS2000, 6, False, 4502, 13, 23),
    Series(Family.CGCS2000, 3, True, 4513, 25, 45),
    Series(Family.CGCS2000, 3, False, 4534, 25, 45),
    Series(Family.XIAN80, 6, True, 2327, 13, 23),
    Series(Family.XIAN80, 6, False, 2338, 13, 23),
    Series(Family.XIAN80, 3, True, 2349, 25, 45),
    Series(Family.XIAN80, 3, False, 2370, 25, 45),
    Series(Family.BEIJING54, 6, True, 21413, 13, 23),
    Series(Family.BEIJING54, 6, False, 21453, 13, 23),
    Series(Family.BEIJING54, 3, True, 2401, 25, 45),
    Series(Family.BEIJING54, 3, False, 2422, 25, 45),
)


@dataclass(frozen=True, slots=True)
class GaussKruger:
    """One Gauss-Krüger zone: EPSG code, datum family, zone width (3 or 6 degrees), zone number, prefix in easting."""

    epsg: int
    family: Family
    width: int
    zone: int
    prefixed: bool

    @property
    def central_meridian(self) -> int:
        """Central meridian in degrees east: 3 x zone (3°) or 6 x zone - 3 (6°)."""
        return 3 * self.zone if self.width == 3 else 6 * self.zone - 3

    @property
    def false_easting(self) -> int:
        """500 000 m, with the zone number before it where the easting carries a prefix."""
        return 500_000 + (self.zone * 1_000_000 if self.prefixed else 0)


def gauss_kruger(epsg: int) -> GaussKruger | None:
    """The zone behind an EPSG code, or None when the code is not one of the Chinese Gauss-Krüger families."""
    for series in SERIES:
        zone = epsg - series.first_epsg + series.first_zone
        if series.first_zone <= zone <= series.last_zone:
            return GaussKruger(epsg, series.family, series.width, zone, series.prefixed)
    return None


def zone_epsg(family: Family, zone: int, *, width: int, prefixed: bool) -> int | None:
    """EPSG code of a zone, or None when the family has no such zone.

    >>> zone_epsg(Family.CGCS2000, 38, width=3, prefixed=True)
    4526
    """
    for series in SERIES:
        same = (series.family, series.width, series.prefixed) == (family, width, prefixed)
        if same and series.first_zone <= zone <= series.last_zone:
            return series.first_epsg + zone - series.first_zone
    return None


def zone_width(zone: int) -> int | None:
    """3 or 6: in China 3° zones are 25-45 (24 excluded), 6° zones 13-23, so the number alone tells the width."""
    if 25 <= zone <= 45:
        return 3
    return 6 if 13 <= zone <= 23 else None


def zone_of_meridian(meridian: int, width: int) -> int | None:
    """Zone number of a central meridian (degrees), or None when no zone of that width has it."""
    if width == 3:
        return meridian // 3 if meridian % 3 == 0 else None
    return (meridian + 3) // 6 if (meridian + 3) % 6 == 0 else None
