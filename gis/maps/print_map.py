"""A map sheet 图幅 at a true scale, as SVG: plan layers, grid with its coordinates, scale bar, north, legend. Pure.

Coordinates are metres in one projected CRS, east to the right, grid north up; everything on paper is in millimetres
from the upper left corner of the sheet. One metre is ``1000 / scale`` mm on paper, nothing is fitted or stretched.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import shapely
from shapely.geometry.base import BaseGeometry

from gis.layers.layer import Symbol

#: ISO 216, portrait: width, height in mm
PAPERS: dict[str, tuple[float, float]] = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}
#: scale denominators that are offered; 图件 are drawn at round scales
SCALES: tuple[int, ...] = (500, 1000, 2000, 5000, 10_000, 20_000, 25_000, 50_000)
#: grid lines stand this far apart on paper (GB/T 20257: 10 cm), mm
_GRID_MM = 100.0
_MARGIN, _TITLE, _BAND, _LABELS = 12.0, 14.0, 50.0, 5.0
_INFO = 62.0
#: a symbol's width is in screen pixels; on paper one of them is this wide, mm
_PIXEL_MM = 0.2
#: what is smaller than this on paper is not drawn, and lines are thinned to it, mm
_FINE_MM = 0.03
_RED_LINE = "#c8161d"


@dataclass(frozen=True, slots=True)
class SheetShape:
    """One feature on the sheet, in the sheet's CRS."""

    geometry: BaseGeometry
    legend: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class SheetLayer:
    """A plan layer as the sheet draws it.

    Attributes:
        name, version: as the legend says them.
        symbol: from the layer's catalogue file.
        classes: legend entries by key: (name, fill).
        opacity: 0 to 1, as set on the map.
        missing: why nothing of it is drawn, for the legend.
    """

    name: str
    version: str
    symbol: Symbol
    shapes: Sequence[SheetShape] = ()
    classes: dict[str, tuple[str, str]] = field(default_factory=dict)
    opacity: float = 1.0
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet shows.

    Attributes:
        x, y: coordinates of the middle of the map frame.
        scale: denominator, 1000 for 1:1000.
        paper: a key of :data:`PAPERS`.
        layers: in tree order; the first is drawn on top.
        boundary: 用地红线, drawn above everything.
        sealed_by: authority whose seal stands on the sheet.
    """

    title: str
    x: float
    y: float
    crs: int
    crs_name: str
    scale: int
    printed_on: dt.date
    paper: str = "A4"
    landscape: bool = False
    layers: Sequence[SheetLayer] = ()
    boundary: BaseGeometry | None = None
    author: str = ""
    sealed_by: str = ""

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the paper, mm."""
        width, height = PAPERS[self.paper]
        return (height, width) if self.landscape else (width, height)

    @property
    def frame(self) -> tuple[float, float, float, float]:
        """The map frame on paper: left, top, width, height in mm."""
        width, height = self.size
        left, top = _MARGIN + _LABELS, _MARGIN + _TITLE + _LABELS
        return left, top, width - 2 * left, height - top - _LABELS - _BAND - _MARGIN

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """What the frame shows: west, south, east, north in metres."""
        _, _, width, height = self.frame
        half_x, half_y = width * self.scale / 2000, height * self.scale / 2000
        return self.x - half_x, self.y - half_y, self.x + half_x, self.y + half_y

    @property
    def seal_place(self) -> tuple[float, float, float]:
        """Where the seal stands: left, top, size in mm."""
        width, height = self.size
        return width - _MARGIN - 44.0, height - _MARGIN - _BAND + 4.0, 42.0

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Coordinates on the ground to millimetres on paper."""
        left, top, _, _ = self.frame
        west, _, _, north = self.extent
        return left + (x - west) * 1000 / self.scale, top + (north - y) * 1000 / self.scale


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
        _text(width / 2, _MARGIN + 8, sheet.title, 5.4, "middle", bold=True),
        *_north(left + frame_width - 9, top + 12),
        *_legend(sheet),
        *_information(sheet),
    ]
    return "".join([*out, "</svg>"])


def legend_entries(sheet: Sheet) -> list[tuple[str, str, Symbol]]:
    """(words, fill, symbol) of every layer and of those classes of it that stand on the sheet."""
    entries: list[tuple[str, str, Symbol]] = []
    for layer in sheet.layers:
        told = f"{layer.name}({layer.version})" if layer.version else layer.name
        if layer.missing or not layer.shapes:
            entries.append((f"{told}：{layer.missing or '图幅内没有图斑'}", "", layer.symbol))
            continue
        seen = {s.legend for s in layer.shapes}
        used = [(name, fill) for key, (name, fill) in layer.classes.items() if key in seen]
        plain = not layer.classes or not seen <= layer.classes.keys()
        entries.append((told, layer.symbol.fill if plain else "", layer.symbol))
        entries += [(name, fill, layer.symbol) for name, fill in used]
    return entries


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
        yield f'<path d="{data}" fill="none" stroke="{_RED_LINE}" stroke-width="0.7" stroke-linejoin="round"/>'


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
            yield _text(x, y + 0.8, words, 2.1, "middle", halo=True)


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
            yield _text(x, y, f"{value:.0f}", 2.1, "middle")
    for value in grid_values(south, north, step):
        _, y = sheet.place(west, value)
        for x in (left - 1.2, left + width + 3.0):
            yield _text(x, y, f"{value:.0f}", 2.1, "middle", turned=True)


def _north(x: float, y: float) -> Iterator[str]:
    yield (
        f'<g transform="translate({x:.2f} {y:.2f})"><circle r="6.6" fill="#ffffff" fill-opacity="0.9"/>'
        '<path d="M0 -6L2.1 5L0 3Z" fill="#000000"/>'
        '<path d="M0 -6L-2.1 5L0 3Z" fill="#ffffff" stroke="#000000" stroke-width="0.2"/></g>'
    )
    yield _text(x, y - 7.4, "北", 3.2, "middle", halo=True)


# --- band below the map ----------------------------------------------------------------------------------------------


def _legend(sheet: Sheet) -> Iterator[str]:
    width, height = sheet.size
    left, top = _MARGIN, height - _MARGIN - _BAND + 4
    room = width - 2 * _MARGIN - _INFO - (46 if sheet.sealed_by else 0)
    yield _text(left, top + 3, "图例", 3.4, "start", bold=True)
    entries = legend_entries(sheet)
    if sheet.boundary is not None:
        yield (
            f'<rect x="{left + 12}" y="{top}" width="7" height="3" fill="none" stroke="{_RED_LINE}" '
            'stroke-width="0.7"/>'
        )
        yield _text(left + 20.5, top + 2.6, "用地红线", 2.5, "start")
    rows = int((_BAND - 12) // 4.2)
    columns = max(1, math.ceil(len(entries) / rows))
    column = max(room / columns, 34.0)
    columns = max(1, int(room // column))
    shown = entries if len(entries) <= rows * columns else entries[: rows * columns - 1]
    for index, (words, fill, symbol) in enumerate(shown):
        x, y = left + (index // rows) * column, top + 7 + (index % rows) * 4.2
        if fill:
            yield (
                f'<rect x="{x:.2f}" y="{y:.2f}" width="7" height="2.9" fill="{fill}" '
                f'fill-opacity="{max(symbol.opacity, 0.35)}" stroke="{symbol.stroke}" stroke-width="0.25"/>'
            )
            if symbol.hatch is not None:
                lines = "".join(f"M{x + k:.2f} {y + 2.9:.2f}l2 -2.9" for k in (0.5, 2.5, 4.5))
                yield f'<path d="{lines}" stroke="{symbol.stroke}" stroke-width="0.14" fill="none"/>'
        yield _text(
            x + (8.5 if fill else 0), y + 2.4, _cut(words, column - (10 if fill else 2)), 2.4, "start"
        )
    if len(shown) < len(entries):
        index = rows * columns - 1
        x, y = left + (index // rows) * column, top + 7 + (index % rows) * 4.2
        yield _text(x, y + 2.4, f"另有 {len(entries) - len(shown)} 项未列", 2.4, "start")


def _cut(words: str, room: float) -> str:
    """As many characters as fit the room, mm (2.4 mm for a Chinese character, half of it for others)."""
    used = 0.0
    for index, character in enumerate(words):
        used += 1.3 if character.isascii() else 2.4
        if used > room:
            return words[: max(index - 1, 1)] + "…"
    return words


def bar_length(scale: int) -> float:
    """Metres of the scale bar: the largest of 1, 2, 5 × 10ⁿ that is at most 50 mm long."""
    longest = 50 * scale / 1000
    magnitude = 10.0 ** math.floor(math.log10(longest))
    return max(m * magnitude for m in (1, 2, 5) if m * magnitude <= longest)


def _information(sheet: Sheet) -> Iterator[str]:
    width, height = sheet.size
    left = width - _MARGIN - _INFO - (46 if sheet.sealed_by else 0) + 4
    top = height - _MARGIN - _BAND + 4
    yield _text(left, top + 3, f"比例尺 1:{sheet.scale}", 3.8, "start", bold=True)
    length = bar_length(sheet.scale)
    bar = length * 1000 / sheet.scale
    for part in range(4):
        fill = "#000000" if part % 2 == 0 else "#ffffff"
        yield (
            f'<rect x="{left + part * bar / 4:.3f}" y="{top + 8}" width="{bar / 4:.3f}" height="1.4" fill="{fill}" '
            'stroke="#000000" stroke-width="0.2"/>'
        )
    for value in (0.0, length / 2, length):
        words = f"{value:g}" + (" m" if value == length else "")
        yield _text(left + value / length * bar, top + 7, words, 2.2, "middle")
    west, south, east, north = sheet.extent
    lines = [
        sheet.crs_name,
        f"EPSG:{sheet.crs}，坐标单位：米，上方为坐标北",
        f"东 {west:.2f} - {east:.2f}",
        f"北 {south:.2f} - {north:.2f}",
        f"制图日期 {sheet.printed_on:%Y-%m-%d}" + (f"　制图 {sheet.author}" if sheet.author else ""),
        "图层版本见图例。按实际大小打印，不缩放。",
    ]
    for index, words in enumerate(lines):
        yield _text(left, top + 14.5 + index * 4, _cut(words, _INFO - 3), 2.4, "start")
    if sheet.sealed_by:
        x, _, _ = sheet.seal_place
        yield _text(x + 21, top + 44, sheet.sealed_by, 2.6, "middle")


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    anchor: str,
    *,
    bold: bool = False,
    halo: bool = False,
    turned: bool = False,
) -> str:
    body = escape("".join(c for c in words if c >= " "))
    turn = f' transform="rotate(-90 {x:.3f} {y:.3f})"' if turned else ""
    weight = ' font-weight="700"' if bold else ""
    common = (
        f'x="{x:.3f}" y="{y:.3f}" font-size="{size}" text-anchor="{anchor}" '
        f'font-family="Noto Sans CJK SC"{weight}{turn}'
    )
    back = (
        f'<text {common} fill="#ffffff" stroke="#ffffff" stroke-width="0.6" stroke-linejoin="round">{body}</text>'
        if halo
        else ""
    )
    return f'{back}<text {common} fill="#000000">{body}</text>'
