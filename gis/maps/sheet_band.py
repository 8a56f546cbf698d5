"""The band below the map of a sheet: legend, scale with its bar, coordinate system, extent, date. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gis.layers.layer import Symbol
from gis.maps.sheet import BAND, MARGIN, RED_LINE, Sheet
from gis.maps.sheet_text import fitting, text

#: room of scale and particulars, mm
_INFO = 62.0


def legend_entries(sheet: Sheet) -> list[tuple[str, str, Symbol]]:
    """(words, fill, symbol) of every layer and of those classes of it that stand on the sheet."""
    words = sheet.words
    entries: list[tuple[str, str, Symbol]] = []
    for layer in sheet.layers:
        told = words.joined.format(layer.name, layer.version) if layer.version else layer.name
        if layer.missing or not layer.shapes:
            entries.append(
                (words.said_of.format(told, layer.missing or words.nothing_here), "", layer.symbol)
            )
            continue
        seen = {s.legend for s in layer.shapes}
        used = [(name, fill) for key, (name, fill) in layer.classes.items() if key in seen]
        plain = not layer.classes or not seen <= layer.classes.keys()
        entries.append((told, layer.symbol.fill if plain else "", layer.symbol))
        entries += [(name, fill, layer.symbol) for name, fill in used]
    return entries


def legend(sheet: Sheet) -> Iterator[str]:
    """The legend, in as many columns as its entries need and the sheet has room for."""
    width, height = sheet.size
    left, top = MARGIN, height - MARGIN - BAND + 4
    room = width - 2 * MARGIN - _INFO - (46 if sheet.sealed_by else 0)
    yield text(left, top + 3, sheet.words.legend, 3.4, "start", bold=True)
    entries = legend_entries(sheet)
    if sheet.boundary is not None:
        yield (
            f'<rect x="{left + 15}" y="{top}" width="7" height="3" fill="none" stroke="{RED_LINE}" '
            'stroke-width="0.7"/>'
        )
        yield text(left + 23.5, top + 2.6, sheet.words.red_line, 2.5, "start")
    rows = int((BAND - 12) // 4.2)
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
        fit, size = fitting(words, column - (10 if fill else 1.5), 2.4)
        yield text(x + (8.5 if fill else 0), y + 2.4, fit, size, "start")
    if len(shown) < len(entries):
        index = rows * columns - 1
        x, y = left + (index // rows) * column, top + 7 + (index % rows) * 4.2
        yield text(x, y + 2.4, sheet.words.more.format(len(entries) - len(shown)), 2.4, "start")


def bar_length(scale: int) -> float:
    """Metres of the scale bar: the largest of 1, 2, 5 × 10ⁿ that is at most 50 mm long."""
    longest = 50 * scale / 1000
    magnitude = 10.0 ** math.floor(math.log10(longest))
    return max(m * magnitude for m in (1, 2, 5) if m * magnitude <= longest)


def information(sheet: Sheet) -> Iterator[str]:
    """Scale and bar, coordinate system, extent, day and author, the words under the seal."""
    width, height = sheet.size
    words = sheet.words
    left = width - MARGIN - _INFO - (46 if sheet.sealed_by else 0) + 4
    top = height - MARGIN - BAND + 4
    yield text(left, top + 3, words.scale.format(sheet.scale), 3.8, "start", bold=True)
    length = bar_length(sheet.scale)
    bar = length * 1000 / sheet.scale
    for part in range(4):
        fill = "#000000" if part % 2 == 0 else "#ffffff"
        yield (
            f'<rect x="{left + part * bar / 4:.3f}" y="{top + 8}" width="{bar / 4:.3f}" height="1.4" fill="{fill}" '
            'stroke="#000000" stroke-width="0.2"/>'
        )
    for value in (0.0, length / 2, length):
        figure = f"{value:g}" + (" m" if value == length else "")
        yield text(left + value / length * bar, top + 7, figure, 2.2, "middle")
    west, south, east, north = sheet.extent
    lines = [
        sheet.crs_name,
        words.unit.format(sheet.crs),
        words.east.format(west, east),
        words.north_axis.format(south, north),
        words.made(sheet.printed_on, sheet.author),
        words.advice,
    ]
    for index, line in enumerate(lines):
        yield text(left, top + 14.5 + index * 4, *fitting(line, _INFO - 3, 2.4), "start")
    if sheet.sealed_by:
        x, _, _ = sheet.seal_place
        yield text(x + 21, top + 44, sheet.sealed_by, 2.6, "middle")
