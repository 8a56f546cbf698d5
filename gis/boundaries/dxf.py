"""Site boundaries in drawings (DXF): closed lines on a red line layer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import shapely

from gis import crs as crs_module
from gis.boundaries.arcs import with_arcs
from gis.boundaries.dxf_lines import DrawingLines, Line, read_lines
from gis.boundaries.gdal_formats import GDAL_ERRORS, red_line_layer, said
from gis.boundaries.parcel import Parcel, bounds_of, ring_of
from gis.boundaries.reading import BoundaryReading, failed, finish
from gis.boundaries.topology import Vertex
from gis.deliveries.dxf_text import as_text
from gis.remarks import crs_unknown, error, info, spot_text, warning
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue

#: metres per drawing unit and its name, by ``$INSUNITS``
_UNITS = {4: (0.001, "毫米", "millimetres"), 5: (0.01, "厘米", "centimetres")}
_MILLIMETRE = _UNITS[4]


def read_dxf(data: bytes, *, crs: int | None = None) -> BoundaryReading:
    """Closed lines on a red line layer of model space; without such a layer, the one closed line of the drawing."""
    issues: list[Issue] = []
    try:
        data = as_text(data)
        drawing = read_lines(data)
    except GDAL_ERRORS as problem:
        return failed(
            "DXF",
            error(
                "FILE-BROKEN",
                "DXF 文件损坏或不完整，无法读取",
                f"GDAL cannot read it: {said(problem)}",
                "用 CAD 打开并另存为 DXF",
                "open it in CAD and save it as DXF again",
            ),
        )
    _gather(drawing, issues)
    chosen = _settle_layer(drawing, issues)
    if chosen is None:
        return failed("DXF", *issues)
    if drawing.lines.get(chosen):
        issues.append(
            warning(
                "DXF-NOT-CLOSED",
                f"图层“{chosen}”上另有 {len(drawing.lines[chosen])} 条未闭合的线，未采用",
                "open lines on the red line layer were left out",
                "核对红线是否完整",
                "check that the red line is complete",
                layer=chosen,
            )
        )
    parcel = Parcel([ring_of(points) for points in drawing.rings[chosen]])
    if crs is None:
        issues.append(crs_unknown("DXF 不记录坐标系", "DXF does not state a CRS"))
    else:
        crs_module.crs(crs)
        _scale(parcel, _dxf_units(data), crs, issues)
    reading = finish([parcel], crs, issues, format_name="DXF", attributes={"layer": chosen})
    curved = chosen in drawing.splines or chosen in drawing.ellipses
    if not curved and chosen not in drawing.arcs:
        return reading
    ellipse = chosen in drawing.ellipses and chosen not in drawing.splines | drawing.arcs
    whole = ellipse and all(len(r.vertices) > 300 for r in parcel.rings)
    return with_arcs(reading, other_curves=curved, ellipses=whole)


def _gather(drawing: DrawingLines, issues: list[Issue]) -> None:
    """Circles and hatched areas become rings where they are meant as areas.

    A circle around a corner of a closed line is the symbol of a boundary point; a hatch beside closed lines fills them.
    """
    for layer, circles in drawing.circles.items():
        corners = {(round(x, 3), round(y, 3)) for line in drawing.rings.get(layer, ()) for x, y in line}
        outlines = [
            line for middle, line in circles if (round(middle[0], 3), round(middle[1], 3)) not in corners
        ]
        symbols = len(circles) - len(outlines)
        if symbols:
            issues.append(
                info(
                    "DXF-POINT-SYMBOLS",
                    f"图层“{layer}”上有 {symbols} 个以界址点为圆心的小圆，按界址点符号未作为用地",
                    f"{symbols} circles around corners are symbols of points, not areas",
                    layer=layer,
                )
            )
        if outlines:
            drawing.rings.setdefault(layer, []).extend(outlines)
    for layer, outlines in drawing.hatches.items():
        if layer not in drawing.rings and layer not in drawing.lines:
            drawing.rings[layer] = outlines
    if drawing.skipped_splines:
        issues.append(
            warning(
                "DXF-SPLINE",
                f"{drawing.skipped_splines} 条样条曲线只有拟合点、没有控制点，未读取",
                f"{drawing.skipped_splines} splines have fit points but no control points and were left out",
                "红线若含样条曲线，请先转为多段线",
                "turn splines of the red line into polylines",
            )
        )


def _settle_layer(drawing: DrawingLines, issues: list[Issue]) -> str | None:
    """The layer that holds the red line; lines that meet end to end there become rings. None with an error."""
    rings, lines = drawing.rings, drawing.lines
    chosen = red_line_layer(list(rings), issues)
    if chosen is not None:
        return chosen
    unclosed = red_line_layer(list(lines), []) or _only_joined(drawing)
    if unclosed is not None:
        joined = _joined(lines[unclosed])
        if not joined:
            issues.append(_not_closed(unclosed, lines[unclosed]))
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
        issues.append(_no_red_line(drawing, count))
        return None
    only = next(iter(rings))
    issues.append(
        info("DXF-ONLY-RING", f"没有红线图层，采用唯一的闭合线（图层“{only}”）", "the only closed line")
    )
    return only


def _only_joined(drawing: DrawingLines) -> str | None:
    """The one layer whose open lines join to one ring, in a drawing without closed lines."""
    if drawing.rings:
        return None
    found = [layer for layer, lines in drawing.lines.items() if len(lines) > 1 and len(_joined(lines)) == 1]
    return found[0] if len(found) == 1 else None


def _no_red_line(drawing: DrawingLines, count: int) -> Issue:
    if not drawing.rings and not drawing.lines and drawing.paper:
        return error(
            "DXF-PAPER-SPACE",
            f"图形都画在布局（图纸空间）里（图层 {'、'.join(sorted(drawing.paper)[:8])}），模型空间是空的",
            "everything is drawn on layouts (paper space); model space is empty",
            "在模型空间按实际坐标绘制红线",
            "draw the red line in model space at its true coordinates",
        )
    names = "、".join(sorted(drawing.rings)[:8])
    return error(
        "DXF-NO-RED-LINE",
        f"找不到红线：没有“用地红线”图层，闭合线有 {count} 条{f'（图层 {names}）' if names else ''}",
        "no red line layer and not exactly one closed line",
        "把红线放在“用地红线”（YDHX / A-REDL）图层并闭合",
        "draw the red line on layer 用地红线 and close it",
    )


def _not_closed(layer: str, lines: Sequence[Line]) -> Issue:
    """The red line is open: between which points."""
    said = said_en = ""
    at = None
    if len(lines) == 1:
        first, last = lines[0][0], lines[0][-1]
        apart = math.dist(first, last)
        said = f"，起点 {spot_text(*first)} 与终点 {spot_text(*last)} 相距 {apart:.3f}"
        said_en = f": {spot_text(*first)} and {spot_text(*last)} are {apart:.3f} apart"
        at = last
    return error(
        "DXF-NOT-CLOSED",
        f"图层“{layer}”上的红线没有闭合{said}",
        f"the red line is not closed{said_en}",
        "在 CAD 中闭合红线（PEDIT - 闭合）",
        "close the polyline",
        layer=layer,
        at=at,
    )


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Rings of lines that meet end to end (to the tolerance of equal points); empty when one is left over."""
    grid = boundary_rules().duplicate_m / 10
    exact = [shapely.LineString(line) for line in lines]
    polygons, dangles, cuts, invalid = shapely.polygonize_full(exact)
    if any(not shapely.is_empty(rest) for rest in (dangles, cuts, invalid)):
        snapped = [shapely.set_precision(line, grid) for line in exact]
        polygons, dangles, cuts, invalid = shapely.polygonize_full(snapped)
    if any(not shapely.is_empty(rest) for rest in (dangles, cuts, invalid)):
        return []
    rings = shapely.union_all(shapely.get_parts(polygons))
    return [
        [(c[0], c[1]) for c in ring.coords]
        for polygon in shapely.get_parts(rings)
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _scale(parcel: Parcel, units: int | None, crs: int, issues: list[Issue]) -> None:
    """Millimetres and centimetres to metres, where only that puts the drawing into the CRS.

    A drawing without unit is taken for millimetres by the same rule; one that says metres is told, not changed.
    """
    factor, word, word_en = _UNITS.get(units or 0, _MILLIMETRE)
    west, south, east, north = bounds_of([parcel])
    scaled = (west * factor, south * factor, east * factor, north * factor)
    outside = crs_module.Fit.OUTSIDE
    if (
        crs_module.fit((west, south, east, north), crs) is not outside
        or crs_module.fit(scaled, crs) is outside
    ):
        return
    if units not in (None, 0, *_UNITS):
        issues.append(
            error(
                "DXF-UNITS",
                "坐标像是以毫米为单位，而图形单位（INSUNITS）不是毫米",
                "the coordinates look like millimetres, the drawing says otherwise",
                "以米为单位出图，或把图形单位改为毫米",
                "draw in metres, or set the drawing unit to millimetres",
            )
        )
        return
    for ring in parcel.rings:
        ring.vertices = [Vertex(v.x * factor, v.y * factor) for v in ring.vertices]
    issues.append(
        warning(
            "DXF-UNITS",
            f"图形单位为{word}，已换算为米"
            if units
            else f"图形没有写单位，只有按{word}换算才与坐标系相符，已换算为米",
            f"drawing units are {word_en}; scaled by {factor} to metres",
            "以米为单位出图",
            "draw in metres",
        )
    )


def _dxf_units(data: bytes) -> int | None:
    match = re.search(rb"\$INSUNITS\s+70\s+(\d+)", data[:200_000])
    return int(match.group(1)) if match else None
