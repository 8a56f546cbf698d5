"""What a small drawing shows beside names of layers: rings with their polygons, texts where they stand, open lines."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import affine_transform
from shapely.geometry import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from drawings.cad.model import CadEntity, CadFile
from drawings.cad.selection import OUTLINES, Wanted, picked
from drawings.interpreting.plan_titles import width_of
from drawings.shapes.pairs import array

_LONGEST = 60
_LINES = frozenset({"LINE", "LWPOLYLINE", "POLYLINE", "ARC", "SPLINE"})


@dataclass(frozen=True, slots=True)
class Written:
    """One line of a text: where it stands and about how large it is, metres."""

    text: str
    region: BaseGeometry
    height: float
    layer: str
    handle: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """An open line, metres."""

    layer: str
    color: str
    handle: str
    line: LineString


@dataclass(frozen=True, slots=True)
class Drawn:
    """A closed ring, metres; ``members``: handles of all its entities."""

    layer: str
    color: str
    handle: str
    members: tuple[str, ...]
    area: float
    polygon: Polygon
    hatch: bool
    in_block: bool


class Scene:
    """Rings, texts and open lines of a drawing, and which texts stand in which ring.

    Args:
        rings: valid ones, each drawn once.
    """

    def __init__(self, rings: Sequence[Drawn], texts: Sequence[Written], strokes: Sequence[Stroke]) -> None:
        self.rings, self.texts, self.strokes = rings, texts, strokes
        self.polygons = array([r.polygon for r in rings])
        self.areas: npt.NDArray[np.float64] = np.array([r.area for r in rings], np.float64)
        self.tree = shapely.STRtree(self.polygons)
        #: text → rings around the middle of it, the smallest first
        self.around: dict[int, list[int]] = {n: [] for n in range(len(texts))}
        if rings and texts:
            spots = shapely.centroid(array([t.region for t in texts]))
            for text, ring in zip(*self.tree.query(spots, predicate="intersects").tolist(), strict=True):
                self.around[text].append(ring)
        for found in self.around.values():
            found.sort(key=lambda n: self.areas[n])
        #: ring → texts whose smallest ring it is
        self.held: dict[int, list[int]] = {}
        for text, found in self.around.items():
            if found:
                self.held.setdefault(found[0], []).append(text)


def texts_of(cad: CadFile, most: int) -> list[Written]:
    """Lines of the texts of a drawing, at most some."""
    out: list[Written] = []
    scale = cad.units.metres_per_unit
    for entity in picked(cad.entities, Wanted(without=OUTLINES)):
        if entity.at is None or not entity.text or entity.kind in ("DIMENSION", "INSERT"):
            continue
        out += _lines(entity, scale)
        if len(out) >= most:
            break
    return out


def _lines(entity: CadEntity, scale: float) -> list[Written]:
    assert entity.at is not None
    height = max(entity.height * scale, 1e-3)
    x, y = entity.at[0] * scale, entity.at[1] * scale
    down = -1 if entity.kind == "MTEXT" else 0  # the first line hangs below its point
    turn = math.radians(entity.rotation)
    cos, sin = math.cos(turn), math.sin(turn)
    out: list[Written] = []
    for number, line in enumerate((entity.text or "").split("\n")[:8]):
        plain = unicodedata.normalize("NFKC", line).strip()
        if not plain or len(plain) > _LONGEST:
            continue
        low = (down - 1.5 * number) * height
        flat = box(0.0, low, width_of(plain, height), low + height)
        placed = affine_transform(flat, (cos, -sin, sin, cos, x, y))
        out.append(Written(plain, placed, height, entity.layer, entity.handle))
    return out


def strokes_of(cad: CadFile, chord: float) -> list[Stroke]:
    """Open lines of a drawing."""
    out: list[Stroke] = []
    scale = cad.units.metres_per_unit
    for entity in picked(cad.entities, Wanted(kinds=_LINES)):
        for curve in entity.curves:
            if curve.closed or len(curve.points) < 2 or len(curve.points) > 500:
                continue
            points = np.array(curve.flatten(chord)) * scale
            if len(points) >= 2:
                out.append(Stroke(entity.layer, entity.color, entity.handle, LineString(points)))
    return out
