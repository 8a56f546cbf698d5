"""Site boundaries in drawings (DXF): closed lines on a red line layer."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import shapely

from gis import crs as crs_module
from gis.boundaries.gdal_formats import GDAL_ERRORS, flatten, open_layer, red_line_layer
from gis.boundaries.parcel import Parcel, bounds_of, ring_of
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.remarks import crs_unknown, error, info, warning
from gis.boundaries.topology import Vertex
from gis.deliveries.gdal import quietly
from gis.deliveries.source_files import cad_text
from project_box.kernel.finding import Issue

_Line = list[tuple[float, float]]


def read_dxf(data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Closed lines on a red line layer; without such a layer, the one closed line of the drawing."""
    issues: list[Issue] = []
    with tempfile.TemporaryDirectory(prefix="boundary-") as folder:
        path = Path(folder) / "site.dxf"
        path.write_bytes(data)
        try:
            with quietly():
                _, geometries, rows = open_layer(path, None)
        except GDAL_ERRORS as problem:
            return failed(
                "DXF",
                error(
                    "FILE-BROKEN",
                    "DXF 文件损坏或不完整，无法读取",
                    f"GDAL cannot read it: {problem}",
                    "用 CAD 打开并另存为 DXF",
                    "open it in CAD and save it as DXF again",
                ),
            )
    rings: dict[str, list[_Line]] = {}
    lines: dict[str, list[_Line]] = {}
    for geometry, row in zip(geometries, rows, strict=True):
        layer = _layer_name(str(row.get("Layer") or "0"))
        for part in flatten(geometry) if geometry is not None and not geometry.is_empty else ():
            if part.geom_type == "Polygon":
                rings.setdefault(layer, []).append([(c[0], c[1]) for c in part.exterior.coords])
            elif part.geom_type == "LineString" and len(part.coords) > 3 and part.is_closed:
                rings.setdefault(layer, []).append([(c[0], c[1]) for c in part.coords])
            elif part.geom_type == "LineString":
                lines.setdefault(layer, []).append([(c[0], c[1]) for c in part.coords])
    chosen = _settle_layer(rings, lines, issues)
    if chosen is None:
        return failed("DXF", *issues)
    if lines.get(chosen):
        issues.append(
            warning(
                "DXF-NOT-CLOSED",
                f"图层“{chosen}”上另有 {len(lines[chosen])} 条未闭合的线，未采用",
                "open lines on the red line layer were left out",
                "核对红线是否完整",
                "check that the red line is complete",
                layer=chosen,
            )
        )
    parcel = Parcel([ring_of(points) for points in rings[chosen]])
    if crs is None:
        issues.append(crs_unknown("DXF 不记录坐标系", "DXF does not state a CRS"))
    else:
        crs_module.crs(crs)
        _scale(parcel, _dxf_units(data), crs, issues)
    return finish([parcel], crs, issues, format_name="DXF", attributes={"layer": chosen})


def _settle_layer(
    rings: dict[str, list[_Line]], lines: dict[str, list[_Line]], issues: list[Issue]
) -> str | None:
    """The layer that holds the red line; lines that meet end to end there become rings. None with an error."""
    chosen = red_line_layer(list(rings), issues)
    if chosen is not None:
        return chosen
    unclosed = red_line_layer(list(lines), [])
    if unclosed is not None:
        joined = _joined(lines[unclosed])
        if not joined:
            issues.append(
                error(
                    "DXF-NOT-CLOSED",
                    f"图层“{unclosed}”上的红线没有闭合",
                    "the red line is not closed",
                    "在 CAD 中闭合红线（PEDIT - 闭合）",
                    "close the polyline",
                    layer=unclosed,
                )
            )
            return None
        issues.append(
            warning(
                "LINE-AS-AREA",
                f"图层“{unclosed}”上 {len(lines[unclosed])} 段首尾相接的线连成红线",
                "lines that meet end to end were joined to the red line",
                "核对红线是否完整",
                "check that the red line is complete",
                layer=unclosed,
            )
        )
        rings[unclosed] = joined
        del lines[unclosed]
        return unclosed
    count = sum(map(len, rings.values()))
    if count != 1:
        names = "、".join(sorted(rings)[:8])
        issues.append(
            error(
                "DXF-NO-RED-LINE",
                f"找不到红线：没有“用地红线”图层，闭合线有 {count} 条{f'（图层 {names}）' if names else ''}",
                "no red line layer and not exactly one closed line",
                "把红线放在“用地红线”（YDHX / A-REDL）图层并闭合",
                "draw the red line on layer 用地红线 and close it",
            )
        )
        return None
    only = next(iter(rings))
    issues.append(
        info("DXF-ONLY-RING", f"没有红线图层，采用唯一的闭合线（图层“{only}”）", "the only closed line")
    )
    return only


def _joined(lines: Sequence[_Line]) -> list[_Line]:
    """Rings of lines that meet exactly end to end; empty when one is left over."""
    polygons, dangles, cuts, invalid = shapely.polygonize_full([shapely.LineString(line) for line in lines])
    if any(not shapely.is_empty(rest) for rest in (dangles, cuts, invalid)):
        return []
    rings = shapely.union_all(shapely.get_parts(polygons))
    return [
        [(c[0], c[1]) for c in ring.coords]
        for polygon in shapely.get_parts(rings)
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _scale(parcel: Parcel, units: int | None, crs: int, issues: list[Issue]) -> None:
    """Millimetres and centimetres to metres, where only that puts the drawing into the CRS."""
    if units not in (4, 5):
        return
    factor, word = (0.001, "毫米") if units == 4 else (0.01, "厘米")
    west, south, east, north = bounds_of([parcel])
    scaled = (west * factor, south * factor, east * factor, north * factor)
    outside = crs_module.Fit.OUTSIDE
    if (
        crs_module.fit((west, south, east, north), crs) is not outside
        or crs_module.fit(scaled, crs) is outside
    ):
        return
    for ring in parcel.rings:
        ring.vertices = [Vertex(v.x * factor, v.y * factor) for v in ring.vertices]
    issues.append(
        warning(
            "DXF-UNITS",
            f"图形单位为{word}，已换算为米",
            f"drawing units scaled by {factor} to metres",
            "以米为单位出图",
            "draw in metres",
        )
    )


def _layer_name(text: str) -> str:
    """A layer name as its author wrote it, with ``\\U+7528`` escapes resolved."""
    return re.sub(r"\\U\+([0-9A-Fa-f]{4})", lambda m: chr(int(m.group(1), 16)), cad_text(text))


def _dxf_units(data: bytes) -> int | None:
    match = re.search(rb"\$INSUNITS\s+70\s+(\d+)", data[:200_000])
    return int(match.group(1)) if match else None
