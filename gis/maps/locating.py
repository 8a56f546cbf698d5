"""Coordinates as a person types them, and the places they can mean. Pure.

A number alone does not say its coordinate system: what fits the stated one is taken, everything else is put as a
question (:class:`Reading` with several places, or one that must be confirmed), never decided here.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from gis import crs as crs_module
from gis.source_crs import SourceCrs
from project_box.kernel.errors import BadInput

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_DEGREES = re.compile(
    r"(?P<d>\d{1,3})\s*°\s*(?:(?P<m>\d{1,2}(?:\.\d+)?)\s*['′]\s*)?(?:(?P<s>\d{1,2}(?:\.\d+)?)\s*[\"″]\s*)?"
)
#: degrees, minutes and seconds in words, and other quotes, as the signs above; what stands before a pair of numbers
_SIGNS = (
    (re.compile(r"(?<=\d)\s*[度º]"), "°"),
    (re.compile(r"(?<=\d)\s*[分’′]"), "'"),
    (re.compile(r"(?<=\d)\s*(?:秒|”|″|'')"), '"'),
)
_BEFORE = re.compile(r"^\s*(?:geo:|POINT\s*(?=\())", re.IGNORECASE)
#: everything but numbers that may stand in typed coordinates
_AROUND = re.compile(r"[\s,，;；、:：()（）]+|[东北南西经纬度坐标EeNnXxYy=mM米]")
#: neighbours of the project's zone that are offered for an easting without zone number
_NEIGHBOURS = 2


@dataclass(frozen=True, slots=True)
class Place:
    """One reading of the two numbers: east and north (or longitude and latitude) in ``crs``."""

    crs: int
    east: float
    north: float
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What two numbers can mean; ``sure`` when they fit the coordinate system that was stated."""

    places: tuple[Place, ...]
    sure: bool


def numbers(text: str) -> tuple[float, float] | None:
    """The two numbers of ``text`` (plain, with axis words, or degrees, minutes, seconds); None for other text."""
    turned = _BEFORE.sub("", text.strip())
    for written, sign in _SIGNS:
        turned = written.sub(sign, turned)
    turned = _DEGREES.sub(_decimal, turned)
    found = _NUMBER.findall(turned)
    if len(found) != 2 or _AROUND.sub("", _NUMBER.sub("", turned)):
        return None
    first, second = float(found[0]), float(found[1])
    return (first, second) if math.isfinite(first) and math.isfinite(second) else None


def _decimal(match: re.Match[str]) -> str:
    value = float(match["d"]) + float(match["m"] or 0) / 60 + float(match["s"] or 0) / 3600
    return f" {value:.12f} "


def read_place(first: float, second: float, stated: int) -> Reading:
    """Where two numbers lie.

    Args:
        first, second: as typed.
        stated: the CRS the person chose (EPSG); a declared system (GCJ-02, a city's grid) is converted.

    Returns:
        one sure place when the numbers, in the order east, north, lie in the stated CRS; else what they may mean.
    """
    if isinstance(stated, SourceCrs):
        moved = stated.convert(np.array([[first, second]]))
        east, north = float(moved[0][0]), float(moved[0][1])
        ok = math.isfinite(east) and math.isfinite(north)
        return Reading((Place(int(stated), east, north),) if ok else (), ok)
    if _fits(first, second, stated):
        return Reading((Place(stated, first, second),), True)
    places = [Place(stated, second, first, True)] if _fits(second, first, stated) else []
    for east, north, swapped in ((first, second, False), (second, first, True)):
        places += [Place(code, east, north, swapped) for code in _systems(east, north, stated)]
    unique = {(p.crs, p.swapped): p for p in places}
    return Reading(tuple(unique.values()), False)


def _fits(east: float, north: float, epsg: int) -> bool:
    if crs_module.is_geographic(epsg) and not (abs(east) <= 180 and abs(north) <= 90):
        return False
    try:
        return crs_module.fit((east, north, east, north), epsg) is not crs_module.Fit.OUTSIDE
    except BadInput:
        return False


def _systems(east: float, north: float, stated: int) -> list[int]:
    """CGCS2000 systems in which an easting and northing are possible: the zone its number names, or nearby zones."""
    if abs(east) <= 180 and abs(north) <= 90:
        return [4490] if _fits(east, north, 4490) else []
    prefix = int(east // 1_000_000)
    width = crs_module.zone_width(prefix)
    codes: list[int | None] = []
    if width is not None:
        codes.append(crs_module.zone_epsg(crs_module.Family.CGCS2000, prefix, width=width, prefixed=True))
    elif 0 < east < 1_000_000:
        home = crs_module.gauss_kruger(stated)
        middle = home.central_meridian if home is not None else 111
        for zone_of in (3, 6):
            near = [z for z in range(13, 46) if crs_module.zone_width(z) == zone_of]
            near.sort(key=lambda zone: abs(_meridian(zone) - middle))
            codes += [
                crs_module.zone_epsg(crs_module.Family.CGCS2000, z, width=zone_of, prefixed=False)
                for z in near[: 2 * _NEIGHBOURS + 1]
            ]
    return [c for c in codes if c is not None and _fits(east, north, c)]


def _meridian(zone: int) -> int:
    """Central meridian of a zone, degrees east."""
    return zone * 3 if crs_module.zone_width(zone) == 3 else zone * 6 - 3
