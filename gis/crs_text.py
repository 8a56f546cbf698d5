"""Which CRS a text means: the WKT of a ``.prj``, a PROJ string, an URN; whatever spelling its author used."""

from __future__ import annotations

import pyproj
from pyproj.exceptions import CRSError

from gis import crs as crs_module


def identify(wkt: str) -> int | None:
    """EPSG code of a CRS given as text (WKT of a .prj, PROJ string, ``urn:ogc:def:crs:EPSG::4547``), or None.

    ESRI names and axis orders count as the same CRS when the projection's parameters are equal; nothing is guessed.
    """
    if wkt.strip().upper().removeprefix("URN:OGC:DEF:CRS:").startswith("OGC") and wkt.strip().endswith(
        "CRS84"
    ):
        return crs_module.WGS84
    try:
        given = pyproj.CRS.from_user_input(wkt)
    except (CRSError, ValueError):
        return None
    exact = given.to_epsg()
    if exact is not None and not pyproj.CRS.from_epsg(exact).is_deprecated:
        return int(exact)
    candidates = [
        s.first_epsg + n
        for s in crs_module.SERIES
        for n in range(s.last_zone - s.first_zone + 1)
        if given.is_projected
    ]  # first: the registry still finds codes it has withdrawn (21480 for 21460)
    loose = given.to_epsg(min_confidence=25)
    candidates += [int(code) for code in (exact, loose) if code is not None]
    return next((code for code in candidates if _same_definition(given, code)), None)


def _same_definition(given: pyproj.CRS, epsg: int) -> bool:
    known = crs_module.crs(epsg)
    if given.is_projected != known.is_projected:
        return False
    if datum_key(given) != datum_key(known):
        return False
    return parameters_of(given) == parameters_of(known)


def datum_key(which: pyproj.CRS) -> str:
    """One word for the datum of a CRS, whatever spelling its author used."""
    geodetic = which.geodetic_crs
    text = (
        geodetic.datum.name if geodetic is not None and geodetic.datum is not None else which.name
    ).lower()
    for words, key in (
        (("china_2000", "china 2000", "cgcs2000", "cgcs_2000", "china geodetic"), "cgcs2000"),
        (("xian", "xi'an"), "xian80"),
        (("beijing",), "beijing54"),
        (("wgs_1984", "wgs 1984", "world geodetic", "wgs84", "wgs_84"), "wgs84"),
    ):
        if any(word in text for word in words):
            return key
    return text.removeprefix("d_").replace("_", " ")


def parameters_of(which: pyproj.CRS) -> tuple[tuple[str, float], ...]:
    """Parameters of a projection by short names, sorted; what two definitions must share to be the same."""
    operation = which.coordinate_operation
    if operation is None:
        return ()
    names = {
        "longitude of natural origin": "lon",
        "central meridian": "lon",
        "latitude of natural origin": "lat",
        "latitude of origin": "lat",
        "false easting": "fe",
        "false northing": "fn",
        "scale factor at natural origin": "k",
        "scale factor": "k",
    }
    found = {}
    for parameter in operation.params:
        key = parameter.name.lower().replace("_", " ")
        found[names.get(key, key)] = round(float(parameter.value), 9)
    return tuple(sorted(found.items()))
