"""Shadows on the ground: shadow polygons, the sheaf of shadow lines for maps, and sun on open ground.

Everything is in grid coordinates of the scene's site (metres) and falls on a horizontal plane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from elements.sunlight.hours import CUMULATIVE, Counting, Floats, SunPath, exposure
from elements.sunlight.scene import Block, Window, oriented_polygons, rings_of
from project_box.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class ShadowLine:
    """The shadow of all blocks at one time: ``hour`` of true solar time, and the shaded ground."""

    hour: float
    area: Polygon | MultiPolygon


def shadow(block: Block, path: SunPath, hour: float, *, ground: float = 0.0) -> Polygon | MultiPolygon:
    """Shadow of a block on the plane at height ``ground`` (m); the ground it stands on is part of it.

    A block whose underside lies above the ground leaves the ground below it to the sun where the sun reaches it. Parts
    of the block below the plane cast no shadow on it.

    Raises:
        BadInput: the sun is not above the horizon at that hour.
    """
    sun = path.directions(hour)
    if not sun[2] > 1e-9:
        raise BadInput(
            f"真太阳时 {hour:g} 时太阳不在地平线上", f"no sun above the horizon at {hour:g}", place="hour"
        )
    shift = -sun[:2] / sun[2]
    pieces: list[BaseGeometry] = []
    if block.top > ground:
        low = shift * max(block.base - ground, 0.0)
        high = shift * (block.top - ground)
        for polygon in block.polygons():
            pieces += _swept(polygon, low, high)
    for face in block.roof:
        flat = [
            (x + shift[0] * max(z - ground, 0.0), y + shift[1] * max(z - ground, 0.0)) for x, y, z in face
        ]
        piece = Polygon(flat)
        if piece.area > 1e-12:
            pieces.append(piece)
    return _areas(shapely.union_all(pieces)) if pieces else Polygon()


def _swept(polygon: Polygon, low: Floats, high: Floats) -> list[BaseGeometry]:
    """Pieces of the area a polygon sweeps when it is moved from offset ``low`` to ``high``."""
    pieces: list[BaseGeometry] = [
        affinity.translate(polygon, *low.tolist()),
        affinity.translate(polygon, *high.tolist()),
    ]
    if math.dist(low.tolist(), high.tolist()) < 1e-9:
        return pieces[:1]
    for ring in rings_of(polygon):
        for start, end in zip(ring, [*ring[1:], ring[0]], strict=True):
            corners = [
                (start[0] + low[0], start[1] + low[1]),
                (end[0] + low[0], end[1] + low[1]),
                (end[0] + high[0], end[1] + high[1]),
                (start[0] + high[0], start[1] + high[1]),
            ]
            side = Polygon(corners)
            if side.area > 1e-12:
                pieces.append(side)
    return pieces


def _areas(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    parts = list(oriented_polygons(geometry))
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def shadow_sheaf(
    blocks: Sequence[Block], path: SunPath, *, every: float = 30.0, ground: float = 0.0
) -> list[ShadowLine]:
    """Shadows of all blocks together at equal steps over the day (日照阴影线), first and last hour included.

    Args:
        every: minutes between two shadows.
        ground: height of the plane, m.

    Raises:
        BadInput: step not positive.
    """
    if not every > 0:
        raise BadInput(f"时间间隔应大于 0:{every}", "step must be positive", place="every")
    if path.length <= 0:
        return []
    steps = max(1, math.ceil(path.length * 60.0 / every - 1e-9))
    hours = [min(path.start + i * every / 60.0, path.end) for i in range(steps + 1)]
    lines = []
    for hour in hours:
        if path.directions(hour)[2] <= 1e-6:
            continue  # sunrise or sunset itself: the shadow has no end
        parts = [shadow(b, path, hour, ground=ground) for b in blocks]
        lines.append(ShadowLine(hour, _areas(shapely.union_all(parts))))
    return lines


@dataclass(frozen=True, slots=True)
class SunGrid:
    """Hours of sun on a grid of points in an area: coordinates (K, ), hours (K, ), and the spacing in m."""

    x: Floats
    y: Floats
    hours: Floats
    spacing: float


def sun_grid(
    area: BaseGeometry,
    blocks: Sequence[Block],
    path: SunPath,
    *,
    spacing: float,
    height: float = 0.0,
    counting: Counting = CUMULATIVE,
    most: int = 200_000,
) -> SunGrid:
    """Hours of sun at the middles of square cells in an area, at ``height`` m; for maps of equal hours (日照等时线).

    Raises:
        BadInput: spacing not positive, or more than ``most`` points.
    """
    if not spacing > 0:
        raise BadInput(f"采样间距应大于 0:{spacing}", "spacing must be positive", place="spacing")
    if area.is_empty:
        nothing = np.zeros(0)
        return SunGrid(nothing, nothing, nothing, spacing)
    west, south, east, north = area.bounds
    columns, rows = math.ceil((east - west) / spacing), math.ceil((north - south) / spacing)
    if columns * rows > most:
        raise BadInput(
            f"范围过大或间距过小：{columns * rows} 个采样点，最多 {most}",
            f"{columns * rows} points, at most {most}",
            place="spacing",
        )
    xs, ys = np.meshgrid(
        west + (np.arange(columns) + 0.5) * spacing, south + (np.arange(rows) + 0.5) * spacing
    )
    within = shapely.contains_xy(area, xs.ravel(), ys.ravel())
    x, y = xs.ravel()[within], ys.ravel()[within]
    return SunGrid(x, y, _open_hours(x, y, height, blocks, path, counting), spacing)


def _open_hours(
    x: Floats, y: Floats, height: float, blocks: Sequence[Block], path: SunPath, counting: Counting
) -> Floats:
    windows = [Window(float(a), float(b), height) for a, b in zip(x, y, strict=True)]
    return exposure(windows, blocks, path).hours(counting)


@dataclass(frozen=True, slots=True)
class SunnyShare:
    """Share of an area that gets at least some hours of sun, between two bounds.

    Attributes:
        low, high: shares 0-1; cells through which the line of equal hours runs count in ``high`` only.
        cell: side of the smallest cell used, m.
        area: ㎡ on the grid.
    """

    low: float
    high: float
    cell: float
    area: float


def sunny_share(
    area: BaseGeometry,
    blocks: Sequence[Block],
    path: SunPath,
    hours: float,
    *,
    threshold: float | None = None,
    counting: Counting = CUMULATIVE,
    height: float = 0.0,
    cell: float = 4.0,
    finest: float = 0.25,
) -> SunnyShare:
    """Share of open ground outside the shadow line 日照阴影线, the line of ``hours`` of sun.

    Square cells are judged by corners and middle; cells where these differ are quartered until the share is known to
    0.2 %, or (from 1 m on) lies on one side of ``threshold``, or the cells reach ``finest`` m. A shadow or gleam
    smaller than the first cell may be missed.

    Raises:
        BadInput: the area is empty.
    """
    whole = float(area.area)
    if not whole > 0:
        raise BadInput("绿地没有面积", "the green area has no area", place="area")
    west, south, east, north = area.bounds
    columns, rows = math.ceil((east - west) / cell), math.ceil((north - south) / cell)
    xs, ys = np.meshgrid(west + np.arange(columns) * cell, south + np.arange(rows) * cell)
    x, y = xs.ravel(), ys.ravel()
    shapely.prepare(area)
    sunny, size = 0.0, cell
    while True:
        boxes = shapely.box(x, y, x + size, y + size)
        meets = shapely.intersects(area, boxes)
        x, y, boxes = x[meets], y[meets], boxes[meets]
        sizes = shapely.area(shapely.intersection(area, boxes))
        offsets = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.5)]
        px = np.concatenate([x + dx * size for dx, _ in offsets])
        py = np.concatenate([y + dy * size for _, dy in offsets])
        enough = _open_hours(px, py, height, blocks, path, counting) >= hours - 1e-6
        votes = enough.reshape(len(offsets), -1).sum(axis=0)
        sunny += float(sizes[votes == len(offsets)].sum())
        split = (votes > 0) & (votes < len(offsets))
        open_area = float(sizes[split].sum())
        low, high = sunny / whole, min((sunny + open_area) / whole, 1.0)
        decided = threshold is not None and size <= 1.0 and (low >= threshold or high < threshold)
        if decided or high - low <= 0.002 or size / 2 < finest:
            return SunnyShare(low, high, size, whole)
        size /= 2
        x, y = x[split], y[split]
        x = np.concatenate([x, x + size, x, x + size])
        y = np.concatenate([y, y, y + size, y + size])
