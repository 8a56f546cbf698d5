"""A map sheet at a true scale, as SVG: plan layers, names, red line, grid with its coordinates, north. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

import shapely
from shapely.geometry.base import BaseGeometry

from gis.maps.sheet import MARGIN, RED_LINE, Sheet, SheetLayer
from gis.maps.sheet_band import information, legend
from gis.maps.sheet_text import text

#: grid lines stand this far apart on paper (GB/T 20257: 10 cm), mm
_GRID_MM = 100.0
#: a symbol's width is in screen pixels; on paper one of them is this wide, mm
_PIXEL_MM = 0.2
#: what is smaller than this on paper is not drawn, and lines are thinned to it, mm
_FINE_MM = 0.03


def sheet_svg(sheet: Sheet) -> str:
    """The whole sheet as SVG, its unit the millimetre."""
    width, height = sheet.size
    left, top, frame_width, frame_height = sheet.frame
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}">',
        f'<defs><clipPath id="frame"><rect x="{left}" y="{top}" width="{frame_width}" height="{frame_height}"/>'
        f"</clipPath>{''.join(_hatches(sheet))}</defs>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<rect id="map-frame" x="{left}" y="{top}" width="{frame_width}" height="{frame_height}" fill="#fdfdfb"/>',
        '<g clip-path="url(#frame)">',
        *(
            piece
            for number, layer in reversed(list(enumerate(sheet.layers)))
            for piece in _layer(sheet, layer, number)
        ),
        *_boundary(sheet),
        *_labels(sheet),
        *_grid_lines(sheet),
        "</g>",
        f'<rect x="{left}" y="{top}" width="{frame_width}" height="{frame_height}" fill="none" '
        'stroke="#000000" stroke-width="0.5"/>',
        *_grid_labels(sheet),
        text(width / 2, MARGIN + 8, sheet.title, 5.4, "middle", bold=True),
        *_north(sheet, left + frame_width - 9, top + 12),
        *legend(sheet),
        *information(sheet),
    ]
    return "".join([*out, "</svg>"])


# --- map -------------------------------------------------------------------------------------------------------------


def _hatches(sheet: Sheet) -> Iterator[str]:
    """Hatching as patterns, one for each layer that has it."""
    for number, layer in enumerate(sheet.layers):
        if layer.symbol.hatch is None:
            continue
        lines = "M0 2L2 0" + ("M0 0L2 2" if layer.symbol.hatch == "cross" else "")
        yield (
            f'<pattern id="hatch{number}" width="2" height="2" patternUnits="userSpaceOnUse">'
            f'<path d="{lines}" stroke="{layer.symbol.stroke}" stroke-width="0.14" fill="none"/></pattern>'
        )


def _layer(sheet: Sheet, layer: SheetLayer, number: int) -> Iterator[str]:
    symbol = layer.symbol
    by_fill: dict[str, list[str]] = {}
    for item in layer.shapes:
        fill = layer.classes.get(item.legend or "", ("", symbol.fill))[1]
        data = _path(sheet, item.geometry)
        if data:
            by_fill.setdefault(fill, []).append(data)
    dash = (
        f' stroke-dasharray="{" ".join(f"{d * _PIXEL_MM:.2f}" for d in symbol.dash)}"' if symbol.dash else ""
    )
    yield f'<g opacity="{layer.opacity:.2f}">'
    for fill, paths in by_fill.items():
        for data in paths:
            yield (
                f'<path d="{data}" fill="{fill}" fill-opacity="{symbol.opacity}" fill-rule="evenodd" '
                f'stroke="{symbol.stroke}" stroke-width="{symbol.width * _PIXEL_MM:.2f}"{dash}/>'
            )
            if symbol.hatch is not None:
                yield f'<path d="{data}" fill="url(#hatch{number})" fill-rule="evenodd"/>'
    yield "</g>"


def _boundary(sheet: Sheet) -> Iterator[str]:
    if sheet.boundary is None:
        return
    data = _path(sheet, sheet.boundary)
    if data:
        yield f'<path d="{data}" fill="none" stroke="#ffffff" stroke-width="1.6" stroke-linejoin="round"/>'
        yield f'<path d="{data}" fill="none" stroke="{RED_LINE}" stroke-width="0.7" stroke-linejoin="round"/>'


def _path(sheet: Sheet, geometry: BaseGeometry) -> str:
    """SVG path data of a geometry, cut at the frame (with a margin for its strokes) and thinned to what paper shows."""
    fine = _FINE_MM * sheet.scale / 1000
    west, south, east, north = sheet.extent
    margin = 3 * sheet.scale / 1000
    cut = shapely.clip_by_rect(geometry, west - margin, south - margin, east + margin, north + margin)
    parts: list[str] = []
    for part in shapely.get_parts(shapely.get_parts(shapely.simplify(cut, fine))):
        if part.geom_type == "Polygon":
            parts += [_ring(sheet, ring, True) for ring in (part.exterior, *part.interiors)]
        elif part.geom_type in ("LineString", "LinearRing"):
            parts.append(_ring(sheet, part, False))
        elif part.geom_type == "Point" and not part.is_empty:
            x, y = sheet.place(part.x, part.y)
            parts.append(f"M{x - 0.7:.3f} {y:.3f}a0.7 0.7 0 1 0 1.4 0a0.7 0.7 0 1 0 -1.4 0Z")
    return "".join(parts)


def _ring(sheet: Sheet, line: BaseGeometry, closed: bool) -> str:
    points = [sheet.place(x, y) for x, y in shapely.get_coordinates(line)]
    if len(points) < 2:
        return ""
    points = points[:-1] if closed else points
    return "M" + "L".join(f"{x:.3f} {y:.3f}" for x, y in points) + ("Z" if closed else "")


def _labels(sheet: Sheet) -> Iterator[str]:
    """Names of polygons that have room for them; a name never lies upon another."""
    taken: list[BaseGeometry] = []
    frame = shapely.box(*sheet.extent)
    mm = sheet.scale / 1000
    for layer in sheet.layers:
        for item in layer.shapes:
            if not item.label or item.geometry.geom_type not in ("Polygon", "MultiPolygon"):
                continue
            words, width = item.label[:24], len(item.label[:24]) * 2.0
            if item.geometry.area < width * 2.6 * mm * mm:
                continue
            seen = shapely.clip_by_rect(item.geometry, *frame.bounds)
            if seen.is_empty:
                continue
            spot = seen.representative_point()
            room = shapely.box(
                spot.x - width / 2 * mm, spot.y - 1.4 * mm, spot.x + width / 2 * mm, spot.y + 1.4 * mm
            )
            if not seen.buffer(2 * mm).contains(room) or any(room.intersects(other) for other in taken):
                continue
            taken.append(room)
            x, y = sheet.place(spot.x, spot.y)
            yield text(x, y + 0.8, words, 2.1, "middle", halo=True)


# --- grid ------------------------------------------------------------------------------------------------------------


def grid_step(scale: int) -> float:
    """Metres between grid lines: 10 cm on paper."""
    return _GRID_MM * scale / 1000


def grid_values(low: float, high: float, step: float) -> list[float]:
    """Grid lines between two coordinates, on whole multiples of the step."""
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _step(sheet: Sheet) -> float:
    """The 10 cm grid; half of it where the frame would hold fewer than two lines either way."""
    step = grid_step(sheet.scale)
    west, south, east, north = sheet.extent
    few = min(len(grid_values(west, east, step)), len(grid_values(south, north, step))) < 2
    return step / 2 if few else step


def _grid_lines(sheet: Sheet) -> Iterator[str]:
    left, top, width, height = sheet.frame
    west, south, east, north = sheet.extent
    step = _step(sheet)
    style = 'stroke="#1b2430" stroke-opacity="0.45" stroke-width="0.12"'
    for value in grid_values(west, east, step):
        x, _ = sheet.place(value, north)
        yield f'<line x1="{x:.3f}" y1="{top}" x2="{x:.3f}" y2="{top + height:.3f}" {style}/>'
    for value in grid_values(south, north, step):
        _, y = sheet.place(west, value)
        yield f'<line x1="{left}" y1="{y:.3f}" x2="{left + width:.3f}" y2="{y:.3f}" {style}/>'


def _grid_labels(sheet: Sheet) -> Iterator[str]:
    left, top, width, height = sheet.frame
    west, south, east, north = sheet.extent
    step = _step(sheet)
    for value in grid_values(west, east, step):
        x, _ = sheet.place(value, north)
        for y in (top - 1.2, top + height + 3.2):
            yield text(x, y, f"{value:.0f}", 2.1, "middle")
    for value in grid_values(south, north, step):
        _, y = sheet.place(west, value)
        for x in (left - 1.2, left + width + 3.0):
            yield text(x, y, f"{value:.0f}", 2.1, "middle", turned=True)


def _north(sheet: Sheet, x: float, y: float) -> Iterator[str]:
    yield (
        f'<g transform="translate({x:.2f} {y:.2f})"><circle r="6.6" fill="#ffffff" fill-opacity="0.9"/>'
        '<path d="M0 -6L2.1 5L0 3Z" fill="#000000"/>'
        '<path d="M0 -6L-2.1 5L0 3Z" fill="#ffffff" stroke="#000000" stroke-width="0.2"/></g>'
    )
    yield text(x, y - 7.4, sheet.words.north, 3.2, "middle", halo=True)
