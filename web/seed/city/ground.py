"""The ground the sample city stands on, and what its layers are made of: hills, water, roads, blocks, plots."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from web.seed import sites, streets
from web.seed.terrain import GRID, Array, Field, bump, meanders, polygons, region, ribbon, tidy, waves

SEED = 20_260_101
XMIN, YMIN, XMAX, YMAX = sites.EXTENT
MAP = Polygon([(XMIN, YMIN), (XMAX, YMIN), (XMAX, YMAX), (XMIN, YMAX)])
CENTRE = (485_900.0, 3_115_300.0)
OLD_TOWN = (483_900.0, 3_114_000.0)
AIRPORT = (491_300.0, 3_110_900.0)
AIRPORT_ELEVATION = 62.0


@dataclass(slots=True)
class Layer:
    """One plan layer: code, Chinese name, and its features as (polygon or multipolygon, attributes)."""

    code: str
    name: str
    features: list[tuple[BaseGeometry, dict[str, Any]]] = field(default_factory=list)

    def add(self, shape: BaseGeometry, **attributes: Any) -> None:
        """Add a feature (nothing when the shape has no area); ``BSM`` numbers features from 1."""
        parts = [p for p in polygons(shape) if p.area > 0.5]
        if parts:
            self.features.append((MultiPolygon(parts), {"BSM": len(self.features) + 1, **attributes}))

    def union(self) -> BaseGeometry:
        """All of it as one shape."""
        return shapely.union_all([g for g, _ in self.features], grid_size=GRID)

    def digest(self) -> str:
        """SHA-256 over geometry bytes and attributes, in order."""
        total = hashlib.sha256(self.code.encode())
        for shape, attributes in self.features:
            total.update(shapely.to_wkb(shape, byte_order=1))
            total.update(repr(sorted(attributes.items())).encode())
        return total.hexdigest()


@dataclass(slots=True)
class City:
    """All layers by code."""

    layers: dict[str, Layer] = field(default_factory=dict)

    def layer(self, code: str, name: str) -> Layer:
        """A new, empty layer."""
        self.layers[code] = Layer(code, name)
        return self.layers[code]

    def __getitem__(self, code: str) -> Layer:
        return self.layers[code]


def around(shape: BaseGeometry, distance: float) -> BaseGeometry:
    """The shape and what lies within ``distance`` metres of it."""
    return shape.buffer(distance, quad_segs=6)


def minus(shape: BaseGeometry, *others: BaseGeometry) -> MultiPolygon:
    """What is left of a shape without the others, on the grid."""
    for other in others:
        shape = shapely.difference(shape, other, grid_size=GRID)
    return tidy(shape)


def within(shape: BaseGeometry, other: BaseGeometry) -> MultiPolygon:
    """What two shapes have in common, on the grid."""
    return tidy(shapely.intersection(shape, other, grid_size=GRID))


def cells(rng: np.random.Generator, area: BaseGeometry, spacing: float) -> list[Polygon]:
    """``area`` cut into irregular cells about ``spacing`` metres wide (Voronoi of a jittered grid)."""
    xs, ys = np.meshgrid(
        np.arange(XMIN, XMAX + spacing, spacing), np.arange(YMIN, YMAX + spacing, spacing * 0.7)
    )
    points = np.column_stack([xs.ravel(), ys.ravel()])
    points += rng.uniform(-0.38, 0.38, points.shape) * (spacing, spacing * 0.7)
    faces = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=MAP, ordered=True)
    )
    faces = shapely.set_precision(faces, GRID)
    tree = STRtree(faces)
    shapely.prepare(area)
    out: list[Polygon] = []
    for i in sorted(tree.query(area, predicate="intersects")):
        cell = faces[i]
        piece = cell if area.contains(cell) else shapely.intersection(area, cell, grid_size=GRID)
        out += [p for p in polygons(piece) if p.area > 120]
    return out


@dataclass(slots=True)
class Ground:
    """What every layer is drawn from: fields, river, roads, blocks, plots."""

    rng: np.random.Generator
    hills: Field
    river: MultiPolygon
    brook: MultiPolygon
    water: BaseGeometry
    roads: list[tuple[streets.Road, MultiPolygon]]
    corners: list[Polygon]
    road_surface: BaseGeometry
    forest: MultiPolygon
    blocks: list[Polygon]
    plots: list[streets.Plot]
    built: BaseGeometry
    river_line: LineString


def _hill_field(rng: np.random.Generator) -> Field:
    """Height-like field: mountains in the north and west, a lower range in the south, flat where the city is."""
    noise = waves(rng, 24, 700, 3600)

    def hills(x: Array, y: Array) -> Array:
        z = 1.25 / (1 + np.exp(-(y - 3_119_150 - 180 * np.sin(x / 1400)) / 330))
        z = z + bump(x, y, 480_500, 3_117_300, 900, 1_300, 1.25)
        z += bump(x, y, 490_900, 3_118_600, 1_300, 900, 0.8)
        z += bump(x, y, 484_000, 3_110_000, 2_300, 520, 1.05)
        z += bump(x, y, 488_900, 3_110_200, 900, 420, 0.75)
        flat = bump(x, y, 486_300, 3_115_700, 2_500, 1_500, 0.9)
        total: Array = z + 0.17 * noise(x, y) - flat
        return total

    return hills


def lay_ground() -> Ground:
    """Hills, river, roads, blocks and plots, from the fixed seed."""
    rng = np.random.default_rng(SEED)
    hills = _hill_field(rng)
    river_line = meanders(rng, (XMIN - 300, 3_112_850), XMAX + 300, wavelength=3_900, swing=0.85)
    phase = rng.uniform(0, 6, 3)

    def width(s: float) -> float:
        return 118 + 26 * float(np.sin(s / 610 + phase[0])) + 12 * float(np.sin(s / 240 + phase[1]))

    river = within(ribbon(river_line, width), MAP)
    mouth = river_line.interpolate(4_600)
    way = np.linspace(0, 1, 60)
    brook_line = LineString(
        np.column_stack(
            [
                481_250 + (mouth.x - 481_250) * way**1.6 + 75 * np.sin(way * 19 + phase[2]) * (1 - way),
                3_119_900 + (mouth.y - 3_119_900) * way + 40 * np.sin(way * 31) * way * (1 - way) * 4,
            ]
        )
    )
    brook = minus(within(ribbon(brook_line, lambda s: 13 + s / 420), MAP), river)
    water = shapely.union(river, brook, grid_size=GRID)
    roads = streets.lay_roads(rng, waves(rng, 10, 1500, 4200), waves(rng, 10, 1500, 4200))
    fixed = {
        "A": Polygon(sites.A_FRAME.ring(sites.A_SITE)),
        "A-HX": Polygon(sites.A_FRAME.ring([(220, 170), (240, 170), (240, 180), (220, 180)])),
        "C": Polygon(sites.C_FRAME.ring(sites.C_SITE)),
    }
    surfaces = streets.road_surfaces(roads, MAP, shapely.union_all(list(fixed.values())))
    surface = shapely.union_all([g for _, g in surfaces], grid_size=GRID)
    keep = shapely.union_all([*fixed.values(), Polygon(sites.B_FRAME.ring(sites.B_SITE))])
    corners = streets.rounded_corners(surface, keep)
    surface = shapely.union_all([surface, *corners], grid_size=GRID)
    forest = minus(region(hills, 0.62, sites.EXTENT, step=80), around(water, 12), around(surface, 4))
    forest = MultiPolygon([p for p in forest.geoms if p.area > 8_000])
    land = streets.blocks(surface, roads, shapely.union(around(river, 42), around(brook, 8)))
    parcels = streets.plots(rng, land, fixed)
    built = shapely.union_all([p.shape for p in parcels], grid_size=GRID)
    forest = minus(forest, around(built, 1.0))
    return Ground(
        rng, hills, river, brook, water, surfaces, corners, surface, forest, land, parcels, built, river_line
    )
