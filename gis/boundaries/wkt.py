"""Site boundaries as WKT, EWKT (``SRID=4547;POLYGON(…)``) or hexadecimal WKB, as databases and forms hand them out."""

from __future__ import annotations

import re

import shapely
from shapely.geometry.base import BaseGeometry

from gis.boundaries.gdal_formats import crs_of_source, no_area, parcels_of
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.remarks import error
from project_box.kernel.finding import Issue

_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*(\d{1,6})\s*;)?\s*((?:MULTI)?(?:POLYGON|LINESTRING|SURFACE)|CURVEPOLYGON|GEOMETRYCOLLECTION)"
    r"\s*(?:Z|M|ZM)?\s*(?:\(|EMPTY)",
    re.IGNORECASE,
)
_HEX = re.compile(r"(?:\\x|0x)?(0[01][0-9a-fA-F]{16,})")


def is_wkt(text: str) -> bool:
    """True when a text begins like WKT, EWKT or hexadecimal WKB of an area."""
    return _WKT.match(text[:200]) is not None or _HEX.fullmatch("".join(text.split())) is not None


def read_wkt(text: str, *, crs: int | None = None) -> BoundaryReading:
    """Read geometries, one after the other on lines of their own or a single one."""
    issues: list[Issue] = []
    try:
        shapes = _shapes(text)
    except (shapely.errors.GEOSException, ValueError, NotImplementedError) as problem:
        return failed(
            "WKT",
            error(
                "WKT-BROKEN",
                "WKT 写法有误或不完整，读不出图形",
                f"cannot read the WKT: {str(problem)[:120]}",
                "核对括号与坐标；圆弧请先转为折线",
                "check brackets and coordinates; turn arcs into lines first",
            ),
        )
    parcels, _ = parcels_of(shapes, [{}] * len(shapes), issues)
    if not parcels:
        return failed("WKT", *issues, no_area())
    codes = {c for c in map(int, shapely.get_srid(shapes)) if c}
    own = next(iter(codes)) if len(codes) == 1 else None
    written = f"EPSG:{own}" if own is not None else None
    return finish(parcels, crs_of_source(crs, written, "", issues), issues, format_name="WKT")


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
        shape = shapely.from_wkt(re.sub(r"\s+", " ", plain))
        found.append(shapely.set_srid(shape, int(head[1])) if head[1] else shape)
    return found
