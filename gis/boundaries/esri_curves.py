"""Curves of Esri JSON (``curveRings``) as points along them, which GDAL does not read.

A ring is a list of points and of segments that begin where the last one ended: ``{"c": [end, through]}`` an arc through
a point, ``{"a": [end, centre, minor, clockwise, …]}`` an arc about a centre (or an ellipse), ``{"b": [end, control,
control]}`` a Bézier curve. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gis.boundaries.arcs import Point, arc_points

_BEZIER_STEPS = 64


def straightened(document: Any) -> bool:
    """Replace ``curveRings`` by ``rings`` wherever they stand in a parsed document; whether there were any.

    Raises:
        ValueError: a curve that cannot be read.
    """
    found = False
    waiting = [document]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if isinstance(here.get("curveRings"), list):
                here["rings"] = [list(_ring(ring)) for ring in here.pop("curveRings")]
                found = True
            waiting += here.values()
        elif isinstance(here, list) and not (here and isinstance(here[0], (int, float))):
            waiting += here
    return found


def _ring(ring: Sequence[Any]) -> Iterator[Point]:
    last: Point | None = None
    for item in ring:
        if not isinstance(item, Mapping):
            last = _point(item)
            yield last
            continue
        kind, values = next(iter(item.items()))
        if last is None:
            raise ValueError("a ring begins with a curve")
        end = _point(values[0])
        yield from _curve(kind, last, end, values)
        yield end
        last = end


def _curve(kind: str, start: Point, end: Point, values: Sequence[Any]) -> Iterator[Point]:
    """The points between both ends."""
    if kind == "c":
        through = _point(values[1])
        center, clockwise = _circle(start, through, end)
        yield from arc_points(start, end, center, clockwise=clockwise)
    elif kind == "a" and len(values) <= 4:
        yield from arc_points(start, end, _point(values[1]), clockwise=bool(values[3]))
    elif kind == "b":
        yield from _bezier(start, _point(values[1]), _point(values[2]), end)
    else:
        raise ValueError(f"unknown curve {kind[:10]}")


def _point(values: Any) -> Point:
    return float(values[0]), float(values[1])


def _circle(start: Point, through: Point, end: Point) -> tuple[Point, bool]:
    """Centre of the circle through three points, and whether they follow each other clockwise on it.

    Raises:
        ValueError: they lie on a line.
    """
    (ax, ay), (bx, by) = ((p[0] - start[0], p[1] - start[1]) for p in (through, end))
    cross = ax * by - ay * bx
    if math.isclose(cross, 0.0, abs_tol=1e-12):
        raise ValueError("three points of an arc lie on a line")
    a, b = ax * ax + ay * ay, bx * bx + by * by
    return (start[0] + (by * a - ay * b) / (2 * cross), start[1] + (ax * b - bx * a) / (2 * cross)), cross < 0


def _bezier(start: Point, one: Point, other: Point, end: Point) -> Iterator[Point]:
    for step in range(1, _BEZIER_STEPS):
        t = step / _BEZIER_STEPS
        shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        x, y = (
            sum(share * p[axis] for share, p in zip(shares, (start, one, other, end), strict=True))
            for axis in (0, 1)
        )
        yield x, y
