"""Site boundaries as WKT, EWKT (``SRID=4547;POLYGON(…)``) or hexadecimal WKB, as databases and forms hand them out."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Literal

import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from gis.boundaries.arcs import with_arcs
from gis.boundaries.gdal_formats import GDAL_ERRORS, open_layer
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.shapes import crs_of_source, no_area, parcels_of
from gis.deliveries.gdal import quietly
from gis.remarks import error
from project_box.kernel.finding import Issue

_WKT = re.compile(
    r"\s*[\"']?(?:SRID\s*=\s*(\d{1,6})\s*;)?\s*((?:MULTI)?(?:POLYGON|LINESTRING|SURFACE)|CURVEPOLYGON|COMPOUNDCURVE|CIRCULARSTRING|GEOMETRYCOLLECTION"
    r"|MULTICURVE)\s*(?:Z|M|ZM)?\s*(?:\(|EMPTY)",
    re.IGNORECASE,
)
_CURVE = re.compile(r"CURVE|CIRCULARSTRING|SURFACE", re.IGNORECASE)
_HEX = re.compile(r"(?:\\x|0x)?(0[01][0-9a-fA-F]{16,})")


def is_wkt(text: str) -> bool:
    """True when a text begins like WKT, EWKT or hexadecimal WKB of an area."""
    return _WKT.match(text[:200]) is not None or _HEX.fullmatch("".join(text.split())) is not None


def is_wkb(data: bytes) -> bool:
    """True when bytes begin like binary WKB of an area, or of several."""
    order: Literal["big", "little"] = "little" if data[:1] == b"\x01" else "big"
    return data[:1] in (b"\x00", b"\x01") and int.from_bytes(data[1:5], order) & 0xFFFF in (2, 3, 5, 6, 7)


def read_wkt(text: str, *, crs: int | None = None) -> BoundaryReading:
    """Read geometries, one after the other on lines of their own or a single one."""
    issues: list[Issue] = []
    try:
        shapes = _shapes(text)
    except (
        GEOSException,
        ValueError,
        NotImplementedError,  # what shapely says of curves in WKB, which it does not know
    ) as problem:
        return failed(
            "WKT",
            error(
                "WKT-BROKEN",
                "WKT 写法有误或不完整，读不出图形",
                f"cannot read the WKT: {str(problem)[:120]}",
                "核对括号与坐标",
                "check brackets and coordinates",
            ),
        )
    parcels, _ = parcels_of(shapes, [{}] * len(shapes), issues)
    if not parcels:
        return failed("WKT", *issues, no_area())
    codes = {c for c in map(int, shapely.get_srid(shapes)) if c}
    own = next(iter(codes)) if len(codes) == 1 else None
    written = f"EPSG:{own}" if own is not None else None
    reading = finish(parcels, crs_of_source(crs, written, "", issues), issues, format_name="WKT")
    return with_arcs(reading) if _CURVE.search(text) else reading


def _shapes(text: str) -> list[BaseGeometry]:
    packed = _HEX.fullmatch("".join(text.split()))
    if packed is not None:
        return [shapely.from_wkb(bytes.fromhex(packed[1]), on_invalid="raise")]
    found: list[BaseGeometry] = []
    starts = [m.start() for m in re.finditer(r"^", text, re.MULTILINE) if _WKT.match(text, m.start())]
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        head = _WKT.match(text, start)
        assert head is not None
        plain = text[head.start(2) : stop].strip().strip(";\"'")
        plain = re.sub(r"\s+", " ", plain)
        shape = _straight(plain) if _CURVE.search(plain) else shapely.from_wkt(plain)
        found.append(shapely.set_srid(shape, int(head[1])) if head[1] else shape)
    return found


def _straight(wkt: str) -> BaseGeometry:
    """A geometry with arcs as one of straight lines, through GDAL, which knows curves.

    Raises:
        ValueError: it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        path = Path(folder) / "site.csv"
        path.write_text(f'id,WKT\n1,"{wkt.replace(chr(34), "")}"\n', encoding="utf-8")
        try:
            with quietly():
                _, shapes, _ = open_layer(path, None)
        except GDAL_ERRORS as problem:
            raise ValueError(str(problem)) from problem
    if not shapes or shapes[0] is None:
        raise ValueError("not a geometry")
    return shapes[0]
