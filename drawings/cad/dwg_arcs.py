"""Arcs put together again from the chords a DWG reader gives, so that areas are exact as in DXF."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from drawings.cad.curve import Curve, Point, arc, circle

CHORD = 1e-4  # drawing units; asked of the flattening of curves
_MOST_SEGMENTS = 250  # the reader stops refining an arc near this count


def point(value: Any) -> Point:
    """A point of the reader."""
    return float(value[0]), float(value[1])


def curves(shape: str, coordinates: Any, kind: str, facts: dict[str, Any]) -> Iterator[Curve]:
    """Curves of a GeoJSON geometry of the reader.

    Args:
        kind: DXF type. facts: what the reader says of the entity.
    """
    lines: list[Any]
    if shape == "LineString":
        lines = [coordinates]
    elif shape in ("MultiLineString", "Polygon"):
        lines = list(coordinates)
    elif shape == "MultiPolygon":
        lines = [ring for polygon in coordinates for ring in polygon]
    else:
        return
    closed = "Polygon" in shape or bool(facts.get("is_closed"))
    scale = max([1.0, *(float(s) for w in facts.get("warnings") or ()
                        for s in re.findall(r"scale ([\d.]+(?:e[+-]?\d+)?)", str(w)))])  # fmt: skip
    for line in lines:
        points = [point(p) for p in line]
        ring = closed or (len(points) > 3 and points[0] == points[-1])
        if ring and len(points) > 1 and math.dist(points[0], points[-1]) <= 1e-9 * (1 + abs(points[0][0])):
            points.pop()
        if len(points) < 2:
            continue
        if not facts.get("approximated") or kind == "SPLINE":
            yield Curve(tuple(points), None, ring)
        elif kind in ("CIRCLE", "ELLIPSE") and ring and len(points) > 7:
            yield _round(points)
        elif kind == "ARC" and not ring and len(points) > 3:
            yield _one_arc(points)
        elif kind == "ELLIPSE":
            yield Curve(tuple(points), None, ring)
        else:
            yield rebuild_arcs(points, ring, CHORD * scale)


def _round(points: list[Point]) -> Curve:
    """A full circle from points equally spaced on it; an ellipse as chords that enclose its exact area."""
    cx = sum(p[0] for p in points) / len(points)
    cy = sum(p[1] for p in points) / len(points)
    radii = [math.dist(p, (cx, cy)) for p in points]
    if max(radii) - min(radii) <= 1e-6 * max(radii):
        return circle((cx, cy), sum(radii) / len(radii))
    step = 2 * math.pi / len(points)
    growth = math.sqrt(step / math.sin(step))
    return Curve(tuple((cx + (x - cx) * growth, cy + (y - cy) * growth) for x, y in points), None, True)


def _centre(a: Point, b: Point, c: Point) -> Point | None:
    """Centre of the circle through three points, None if they are in line."""
    bx, by, cx, cy = b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]
    twice = 2 * (bx * cy - by * cx)
    if abs(twice) <= 1e-12 * (bx * bx + by * by + cx * cx + cy * cy):
        return None
    b2, c2 = bx * bx + by * by, cx * cx + cy * cy
    return a[0] + (cy * b2 - by * c2) / twice, a[1] + (bx * c2 - cx * b2) / twice


def _one_arc(points: list[Point]) -> Curve:
    middle = points[len(points) // 2]
    centre = _centre(points[0], middle, points[-1])
    if centre is None:
        return Curve(tuple(points))
    radius = math.dist(centre, points[0])
    if any(abs(math.dist(p, centre) - radius) > 1e-6 * radius for p in points):
        return Curve(tuple(points))  # a circle drawn through a block that is not scaled equally
    start, end = (math.atan2(p[1] - centre[1], p[0] - centre[0]) for p in (points[0], points[-1]))
    a, b = points[0], points[1]
    clockwise = (a[0] - centre[0]) * (b[1] - centre[1]) - (a[1] - centre[1]) * (b[0] - centre[0]) < 0
    return arc(centre, radius, end, start).reversed() if clockwise else arc(centre, radius, start, end)


def rebuild_arcs(points: list[Point], closed: bool, chord: float) -> Curve:
    """A flattened polyline with its arcs: runs of chords of one length and one turn become one segment with a bulge.

    Only chords that leave their arc by no more than the flattening's tolerance count (or runs as long as the flattening
    goes), so a polygon drawn with straight sides stays one.

    Args:
        points: vertices; a closed line does not repeat its first one.
        chord: the tolerance of the flattening, drawing units.
    """
    ring = [*points, points[0]] if closed else points
    edges = [math.dist(ring[i], ring[i + 1]) for i in range(len(ring) - 1)]
    turns = [0.0]
    for i in range(1, len(edges)):
        ux, uy = ring[i][0] - ring[i - 1][0], ring[i][1] - ring[i - 1][1]
        vx, vy = ring[i + 1][0] - ring[i][0], ring[i + 1][1] - ring[i][1]
        turns.append(math.atan2(ux * vy - uy * vx, ux * vx + uy * vy))
    out: list[Point] = []
    bulges: list[float] = []
    noise = 4e-16 * max(max(abs(x), abs(y)) for x, y in ring)
    i = 0
    while i < len(edges):
        j = i + 1
        while (
            j < len(edges)
            and abs(edges[j] - edges[i]) <= 1e-6 * edges[i] + 4 * noise
            and abs(turns[j]) > 1e-9
            and abs(turns[j] - turns[i + 1]) <= 1e-6 * abs(turns[i + 1]) + 8 * noise / max(edges[i], 1e-300)
        ):
            j += 1
        count = j - i
        sagitta = edges[i] / 2 * math.tan(abs(turns[i + 1]) / 4) if count > 2 else math.inf
        out.append(ring[i])
        if count > 2 and (sagitta <= 1.05 * chord + noise or count >= _MOST_SEGMENTS):
            whole = turns[i + 1] * count
            half = count // 2
            if abs(whole) > math.pi:  # in two, so that no bulge exceeds 1
                bulges.append(math.tan(turns[i + 1] * half / 4))
                out.append(ring[i + half])
                bulges.append(math.tan(turns[i + 1] * (count - half) / 4))
            else:
                bulges.append(math.tan(whole / 4))
            i = j
        else:
            bulges.append(0.0)
            i += 1
    if not closed:
        out.append(ring[-1])
        bulges.append(0.0)
    return Curve(tuple(out), tuple(bulges) if any(bulges) else None, closed)
