"""What the shapes of a file mean as a boundary: parcels of rings, their CRS, and what is said where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shapely.geometry.base import BaseGeometry

from gis import crs as crs_module
from gis.boundaries.parcel import Parcel, grouped_parcel, ring_of
from gis.boundaries.topology import Ring
from gis.crs_text import identify
from gis.remarks import crs_overridden, crs_unknown, error, info, spot_text, warning
from gis.source_crs import SourceCrs, parse_crs
from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Issue

_AREA_FIELDS = ("地块面积", "申报用地面积", "DKMJ", "PFMMJ")


def parcels_of(
    geometries: Sequence[BaseGeometry | None], rows: Sequence[Mapping[str, Any]], issues: list[Issue]
) -> tuple[list[Parcel], dict[str, Any]]:
    parcels: list[Parcel] = []
    properties: dict[str, Any] = {}
    lines = 0
    unused = {"LineString": 0, "Point": 0}
    for geometry, row in zip(geometries, rows, strict=True):
        if geometry is None or geometry.is_empty:
            continue
        mine: list[Parcel] = []
        closed: list[Ring] = []
        for part in flatten(geometry):
            if part.geom_type == "Polygon":
                rings = [part.exterior, *part.interiors]
                mine.append(grouped_parcel([[(c[0], c[1]) for c in r.coords] for r in rings]))
            elif part.geom_type == "LineString" and part.is_ring:
                lines += 1
                closed.append(ring_of([(c[0], c[1]) for c in part.coords]))
            elif part.geom_type in unused:
                unused[part.geom_type] += 1
        if closed:
            mine.append(Parcel(closed))
        if mine and not properties:
            properties = {k: v for k, v in row.items() if v is not None}
        if len(mine) == 1 and len(geometries) == 1:
            mine[0].declared = next((str(row[f]) for f in _AREA_FIELDS if row.get(f) is not None), None)
        parcels += mine
    if lines:
        issues.append(warning("LINE-AS-AREA", f"{lines} 条闭合线按面读取", "closed lines were read as areas"))
    if parcels:
        report_unused(unused["LineString"], unused["Point"], issues)
    return parcels, properties


def flatten(geometry: BaseGeometry) -> Iterator[Any]:
    if hasattr(geometry, "geoms"):
        for part in geometry.geoms:
            yield from flatten(part)
    else:
        yield geometry


def report_unused(lines: int, points: int, issues: list[Issue]) -> None:
    """Say what stands beside the areas of a file and is no part of the boundary."""
    if lines:
        issues.append(
            warning(
                "LINES-UNUSED",
                f"另有 {lines} 条未闭合的线，未采用",
                f"{lines} open lines beside the areas were left out",
                "核对红线是否完整",
                "check that the boundary is complete",
            )
        )
    if points:
        issues.append(info("POINTS-UNUSED", f"另有 {points} 个点，未采用", f"{points} points were left out"))


def crs_of_source(stated: int | None, gdal: str | None, wkt: str, issues: list[Issue]) -> int | None:
    """The stated CRS, else the file's own; a definition without EPSG code serves when its datum is tied to CGCS2000."""
    own = identify(gdal) if gdal else None
    if own is None and wkt.strip():
        own = identify(wkt)
    if stated is not None:
        crs_module.crs(stated)
        if own is not None and own != stated:
            issues.append(crs_overridden(own, stated))
        return stated
    if own is not None:
        return own
    written = gdal or wkt.strip()
    if not written:
        issues.append(crs_unknown())
        return None
    try:
        found = parse_crs(written)
    except BadInput:
        found = None
    if not isinstance(found, SourceCrs):
        issues.append(
            crs_unknown("文件写的坐标系没有对应的 EPSG 代码，可能是独立坐标系", "its CRS has no EPSG code")
        )
        return None
    return found


def no_area(points: int = 0) -> Issue:
    """The file holds nothing that is an area; of points alone it is not known in which order they are joined."""
    if points > 2:
        return error(
            "NO-AREA",
            f"文件里只有 {points} 个点，没有连成面，连接次序不明",
            f"the file holds {points} points and no area; in which order they are joined is not said",
            "在软件中按界址点次序连成面，或提供按次序排列的坐标表（TXT、Excel）",
            "join them to an area in their order, or hand in a table of points in that order (TXT, Excel)",
        )
    return error("NO-AREA", "文件里没有面要素", "the file holds no area", "提供闭合的面", "hand in an area")


def open_line(geometries: Sequence[BaseGeometry | None]) -> Issue:
    """The question for open lines; of a single one it says between which points it is open."""
    lines = [
        part for g in geometries if g is not None for part in flatten(g) if part.geom_type == "LineString"
    ]
    said = said_en = ""
    at = None
    if len(lines) == 1 and len(lines[0].coords) > 2:
        first, last = lines[0].coords[0], lines[0].coords[-1]
        said = f"：起点 {spot_text(*first[:2])} 与终点 {spot_text(*last[:2])} 不是同一点"
        said_en = f": it begins at {spot_text(*first[:2])} and ends at {spot_text(*last[:2])}"
        at = (float(last[0]), float(last[1]))
    return error(
        "LINE-NOT-CLOSED",
        f"文件里只有没有闭合的线，围不成面{said}",
        f"the file holds open lines only{said_en}",
        "闭合红线（末点与起点相同）或提供面",
        "close the line or hand in an area",
        at=at,
    )


def has_lines(geometries: Sequence[BaseGeometry | None]) -> bool:
    return any(g is not None and not g.is_empty and g.length > 0 for g in geometries)


def several(what: str) -> Issue:
    """The question for a delivery with several candidates."""
    return error(
        "FILE-SEVERAL",
        f"{what}，不知道哪个是红线",
        "several layers or files could be the boundary",
        "只保留红线图层",
        "keep the boundary only",
    )
