"""Geometry of single DXF entities that needs more than reading off numbers: splines, hatches, object coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ezdxf.math import OCS, Vec3

from drawings.cad.curve import IDENTITY, Affine, Curve, Point, arc, ellipse, join
from drawings.cad.source import decode_escapes

#: of a curve's own size, for ellipses and splines
RELATIVE_TOLERANCE = 2e-5
_MOST_CONTROLS = 20_000  # control points of a spline that is drawn as a curve
_MOST_POINTS = 1_000_000  # of the edges of one hatch


def xy(vector: Any) -> Point:
    """x and y of a vector."""
    return float(vector[0]), float(vector[1])


def ocs(dxf: Any, elevation: float) -> tuple[Affine, float]:
    """Plane map from object to world coordinates, and the world elevation of the object's origin."""
    if not dxf.hasattr("extrusion"):
        return IDENTITY, float(elevation)
    extrusion = Vec3(dxf.extrusion)
    if extrusion.isclose((0, 0, 1)) or not all(math.isfinite(v) for v in extrusion.xyz) or extrusion.is_null:
        return IDENTITY, float(elevation)
    axes = OCS(extrusion)
    ux, uy, uz = axes.ux, axes.uy, axes.uz
    lift = uz * elevation
    return (ux.x, ux.y, uy.x, uy.y, lift.x, lift.y), float(lift.z)


def xdata(entity: Any) -> dict[str, tuple[str, ...]]:
    """Strings and numbers of the extended data by application, without AutoCAD's own."""
    found = getattr(entity, "xdata", None)
    if found is None:
        return {}
    out: dict[str, tuple[str, ...]] = {}
    for name, tags in found.data.items():
        if name == "ACAD":
            continue
        out[name] = tuple(
            decode_escapes(str(tag.value))
            for tag in tags[1:]
            if tag.code in (1000, 1040, 1041, 1042, 1070, 1071)
        )
    return out


def spline(entity: Any) -> Curve:
    """A SPLINE as chords within the relative tolerance."""
    controls = list(entity.control_points) or list(entity.fit_points)
    points = [xy(p) for p in controls]
    if not points:
        return Curve(())
    if not all(math.isfinite(v) for p in points for v in p):
        return Curve(((math.nan, math.nan),) * 2)  # reported as not finite by the caller
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    size = math.hypot(max(xs) - min(xs), max(ys) - min(ys))
    if size == 0 or len(points) > _MOST_CONTROLS:
        return Curve(tuple(points), None, bool(entity.closed))
    flat = [xy(p) for p in entity.flattening(size * RELATIVE_TOLERANCE, segments=4)]
    closed = bool(entity.closed) or math.dist(flat[0], flat[-1]) <= size * 1e-9
    if closed and len(flat) > 2 and math.dist(flat[0], flat[-1]) <= size * 1e-6:
        flat.pop()
    return Curve(tuple(flat), None, closed)


def hatch(entity: Any) -> Iterator[Curve]:
    """The boundary paths of a HATCH, in object coordinates.

    Raises:
        ValueError: its edges have more points than anything that was drawn.
    """
    points_left = _MOST_POINTS
    for path in entity.paths.paths:
        if hasattr(path, "vertices"):
            rows = path.vertices
            bulges = tuple(float(r[2]) for r in rows)
            if len(rows) >= 2:
                yield Curve(
                    tuple((float(r[0]), float(r[1])) for r in rows), bulges if any(bulges) else None, True
                )
            continue
        pieces: list[Curve] = []
        for edge in path.edges:
            kind = type(edge).__name__
            if kind == "LineEdge":
                piece = Curve((xy(edge.start), xy(edge.end)))
            elif kind == "ArcEdge":
                piece = arc(
                    xy(edge.center),
                    float(edge.radius),
                    math.radians(edge.start_angle),
                    math.radians(edge.end_angle),
                )
                piece = piece if edge.ccw else piece.reversed()
            elif kind == "EllipseEdge":
                major = Vec3(edge.major_axis)
                minor = Vec3(-major.y, major.x) * float(edge.ratio)
                piece = ellipse(
                    xy(edge.center),
                    xy(major),
                    xy(minor),
                    float(edge.start_param),
                    float(edge.end_param),
                    max(major.magnitude, 1e-12) * RELATIVE_TOLERANCE,
                )
                if piece.closed:
                    piece = Curve((*piece.points, piece.points[0]))
                piece = piece if edge.ccw else piece.reversed()
            else:
                tool = edge.construction_tool()
                points = [xy(p) for p in edge.control_points]
                if len(points) > _MOST_CONTROLS:
                    raise ValueError(f"more than {_MOST_CONTROLS} points in one edge")
                xs, ys = [p[0] for p in points], [p[1] for p in points]
                size = math.hypot(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
                piece = Curve(tuple(xy(p) for p in tool.flattening(size * RELATIVE_TOLERANCE, segments=4)))
            if pieces and math.dist(pieces[-1].end, piece.start) > math.dist(pieces[-1].end, piece.end):
                piece = piece.reversed()
            elif len(pieces) == 1 and math.dist(pieces[0].start, piece.start) < math.dist(
                pieces[0].end, piece.start
            ):
                pieces[0] = pieces[0].reversed()
            pieces.append(piece)
            points_left -= len(piece.points)
            if points_left < 0:
                raise ValueError(f"more than {_MOST_POINTS} points in one hatch")
        if pieces:
            yield join(pieces, closed=True)
