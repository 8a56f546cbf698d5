"""A sheet as SVG for a printed page: what can be seen at that size, with numbered marks over it. Pure.

Units of the picture are tenths of a millimetre on paper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from drawings.cad.curve import Curve
from drawings.sheets.sheet import FILLED, TEXT, Sheet

WIDTH, HEIGHT = 1760, 1180
_MARGIN = 20
_MOST_VERTICES = 60_000
_MOST_TEXTS = 1_500
_SMALLEST, _SMALLEST_TEXT = 3.0, 12.0  # tenths of a millimetre
#: length of a bow of a cloud, tenths of a millimetre
_BOW = 45.0
_LONGEST_WORDS = 24
_FONT = "Noto Sans CJK SC"
_TINT = {"mandatory": "#c8161d", "general": "#c26a00", "advice": "#1f6fb2"}


@dataclass(frozen=True, slots=True)
class NumberedMark:
    """A mark as it is drawn: number in the list, severity, GeoJSON in drawing coordinates; of a text also its words."""

    number: int
    severity: str
    geometry: dict[str, Any]
    kind: str = "point"
    text: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The SVG, and how many items were too small or too many to be drawn."""

    svg: str
    left_out: int


class _Frame:
    """Drawing coordinates → paper."""

    def __init__(self, box: Sequence[float]) -> None:
        x0, y0, x1, y1 = box
        wide, high = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)
        self.scale = min((WIDTH - 2 * _MARGIN) / wide, (HEIGHT - 2 * _MARGIN) / high)
        self.x, self.y = (x0 + x1) / 2, (y0 + y1) / 2

    def __call__(self, x: float, y: float) -> str:
        return f"{WIDTH / 2 + (x - self.x) * self.scale:.1f} {HEIGHT / 2 - (y - self.y) * self.scale:.1f}"

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        """``M … L …``."""
        return "M" + "L".join(self(x, y) for x, y in points)


def sheet_picture(sheet: Sheet, marks: Sequence[NumberedMark] = ()) -> Picture:
    """The sheet with marks; the largest items first until the page is full."""
    box = list(sheet.header["home"] or [0.0, 0.0, 1.0, 1.0])
    for mark in marks:
        for x, y in _points(mark.geometry):
            box = [min(box[0], x), min(box[1], y), max(box[2], x), max(box[3], y)]
    frame = _Frame(box)
    shapes, left_out = _shapes(sheet, frame)
    texts, unread = _texts(sheet, frame)
    over = [_mark(mark, frame) for mark in marks]
    body = "".join([*shapes, *texts, *over])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{body}</svg>'
    )
    return Picture(svg, left_out + unread)


def _points(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    kind, c = geometry["type"], geometry["coordinates"]
    rows = [c] if kind == "Point" else c if kind == "LineString" else c[0]
    return [(float(p[0]), float(p[1])) for p in rows]


def _shapes(sheet: Sheet, frame: _Frame) -> tuple[list[str], int]:
    count = len(sheet) - len(sheet.texts)
    if not count:
        return [], 0
    first = sheet.part_start[sheet.item_part[:count]].astype(np.int64)
    xy = sheet.coords.reshape(-1, 2)
    stop = int(sheet.part_start[sheet.item_part[count]])
    size = (np.maximum.reduceat(xy[:stop], first) - np.minimum.reduceat(xy[:stop], first)).max(axis=1)
    vertices = np.diff(sheet.part_start[sheet.item_part[: count + 1]].astype(np.int64))
    visible = np.array([layer["visible"] for layer in sheet.header["layers"]], bool)
    wanted = (size * frame.scale >= _SMALLEST) & visible[sheet.layer[:count]]
    order = np.flatnonzero(wanted)[np.argsort(-size[wanted], kind="stable")]
    drawn = np.sort(order[np.cumsum(vertices[order]) <= _MOST_VERTICES])
    out: list[str] = []
    for i in drawn.tolist():
        path = "".join(
            frame.path(_flat(sheet, p, frame)) for p in range(sheet.item_part[i], sheet.item_part[i + 1])
        )
        color = _ink(int(sheet.color[i]))
        if sheet.flags[i] & FILLED:
            out.append(f'<path d="{path}" fill="{color}" fill-opacity=".16" fill-rule="evenodd"/>')
        else:
            out.append(f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    return out, count - len(drawn)


def _flat(sheet: Sheet, part: int, frame: _Frame) -> list[tuple[float, float]]:
    a, b = int(sheet.part_start[part]), int(sheet.part_start[part + 1])
    points = [(x, y) for x, y in sheet.coords[2 * a : 2 * b].reshape(-1, 2).tolist()]
    bulges = sheet.bulge[a:b]
    if not bulges.any():
        return points
    return list(Curve(tuple(points), tuple(bulges.astype(np.float64).tolist())).flatten(1.0 / frame.scale))


def _ink(color: int) -> str:
    """Dark enough for white paper."""
    r, g, b = color >> 16, color >> 8 & 255, color & 255
    light = (0.299 * r + 0.587 * g + 0.114 * b) / 255
    k = 1.0 if light < 0.62 else 0.55 / light
    return "#000000" if color == 0xFFFFFF else f"#{round(r * k):02x}{round(g * k):02x}{round(b * k):02x}"


def _texts(sheet: Sheet, frame: _Frame) -> tuple[list[str], int]:
    first = len(sheet) - len(sheet.texts)
    readable = np.flatnonzero(sheet.height * frame.scale >= _SMALLEST_TEXT)[:_MOST_TEXTS].tolist()
    out: list[str] = []
    for k in readable:
        i = first + k
        v = int(sheet.part_start[sheet.item_part[i]])
        assert sheet.flags[i] & TEXT
        place = frame(float(sheet.coords[2 * v]), float(sheet.coords[2 * v + 1]))
        x, y = place.split()
        size = float(sheet.height[k]) * frame.scale
        turn = f' transform="rotate({-float(sheet.rotation[k]):.1f} {place})"' if sheet.rotation[k] else ""
        words = escape("".join(c for c in sheet.texts[k].split("\n")[0] if c.isprintable()))
        out.append(
            f'<text x="{x}" y="{y}" font-size="{size:.1f}" font-family="{_FONT}"'
            f' fill="{_ink(int(sheet.color[i]))}"{turn}>{words}</text>'
        )
    return out, len(sheet.texts) - len(readable)


def _mark(mark: NumberedMark, frame: _Frame) -> str:
    color = _TINT.get(mark.severity, _TINT["general"])
    points = _points(mark.geometry)
    x, y = (float(v) for v in frame(*points[0]).split())
    line = ""
    if len(points) > 1:
        path = _cloud(points, frame) if mark.kind == "cloud" else frame.path(points)
        line = f'<path d="{path}" fill="none" stroke="{color}" stroke-width="6"/>'
    spot = f'fill="{color}" stroke="#fff" stroke-width="4"'
    head = (
        f'<rect x="{x - 24:.1f}" y="{y - 19:.1f}" width="48" height="38" {spot}/>'
        if mark.kind == "photo"
        else f'<circle cx="{x}" cy="{y}" r="20" {spot}/>'
    )
    number = (
        f'<text x="{x}" y="{y + 9:.1f}" font-size="26" text-anchor="middle" font-family="{_FONT}"'
        f' fill="#fff">{mark.number}</text>'
    )
    return line + head + number + (_words(mark.text, x, y, color) if mark.kind == "text" else "")


def _words(text: str, x: float, y: float, color: str) -> str:
    """What a text mark says, beside its number, on a white rim so that it can be read over lines."""
    said = "".join(c for c in text.split("\n")[0] if c.isprintable())
    said = escape(said if len(said) <= _LONGEST_WORDS else said[: _LONGEST_WORDS - 1] + "…")
    left = x + 30 + 28 * len(said) < WIDTH
    place = (
        f'x="{x + 30 if left else x - 30:.1f}" y="{y + 10:.1f}" text-anchor="{"start" if left else "end"}"'
        f' font-size="28" font-family="{_FONT}"'
    )
    return (
        f'<text {place} fill="#fff" stroke="#fff" stroke-width="8">{said}</text>'
        f'<text {place} fill="{color}">{said}</text>'
    )


def _cloud(points: Sequence[tuple[float, float]], frame: _Frame) -> str:
    """A ring in bows that bulge outwards."""
    ring = [tuple(float(v) for v in frame(x, y).split()) for x, y in points]
    turns = list(pairwise(ring))
    clockwise = int(sum(a[0] * b[1] - b[0] * a[1] for a, b in turns) > 0)
    out = [f"M{ring[0][0]:.1f} {ring[0][1]:.1f}"]
    for a, b in turns:
        length = math.dist(a, b)
        count = max(1, min(200, round(length / _BOW)))
        radius = length / count / 2
        out += [
            f"A{radius:.1f} {radius:.1f} 0 0 {clockwise} {a[0] + (b[0] - a[0]) * k / count:.1f} "
            f"{a[1] + (b[1] - a[1]) * k / count:.1f}"
            for k in range(1, count + 1)
        ]
    return "".join(out)
