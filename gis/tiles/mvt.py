"""Writing vector tiles (Mapbox Vector Tile 2.1) from binary geometry.

``ST_AsMVTGeom`` cleans every polygon with a clipping library, although rounding to the tile's grid spoils few of them:
that takes most of the time of a tile. Here all are rounded by a compiled kernel which also finds those whose sides
touch or cross afterwards, and only these are mended. The outcome is the same to a unit of the grid: valid areas, outer
rings clockwise on the screen, features that shrink to nothing left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

_Integers = npt.NDArray[np.int64]
_KEYS = ("label", "class")
#: texts of fewer bytes have lengths of one byte
_SHORT = 126


@dataclass(frozen=True, slots=True)
class Features:
    """What a tile shows.

    Attributes:
        numbers: of each feature; -1 for none.
        labels: empty when the tile has none.
        classes: legend keys; None where there is none.
        geometry: little-endian WKB of one feature after the other, cut to the tile and its margin.
    """

    numbers: _Integers
    labels: Sequence[str]
    classes: Sequence[str | None]
    geometry: bytes


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a tile lies: its west and north edge, its edge's length in metres, and in units."""

    west: float
    north: float
    size: float
    extent: int


def encode(name: str, features: Features, grid: Grid) -> bytes:
    """A tile of one layer; empty when nothing of the features is left on the grid."""
    # loads numba, which takes half a second: only who draws tiles waits for it
    from gis.tiles import mvt_kernel

    count = len(features.numbers)
    data = np.frombuffer(features.geometry, np.uint8)
    scale = grid.extent / grid.size
    state, kinds, starts, begins, ends, commands = mvt_kernel.draw(
        data, count, grid.west, grid.north, scale, -scale, True
    )
    spoilt = np.flatnonzero(state == mvt_kernel.MEND)
    if len(spoilt):
        mended = _mended(features.geometry, starts, spoilt, grid)
        again = np.frombuffer(b"".join(shapely.to_wkb(mended, byte_order=1)), np.uint8)
        state[spoilt], kinds[spoilt], _, first, last, more = mvt_kernel.draw(
            again, len(spoilt), 0.0, 0.0, 1.0, 1.0, False
        )
        begins[spoilt], ends[spoilt] = first + len(commands), last + len(commands)
        commands = np.concatenate([commands, more])
    drawn = state == mvt_kernel.DRAWN
    if not drawn.any():
        return b""
    values: dict[str, int] = {}
    shown = drawn.tolist()
    labels = _indices(features.labels, shown, values)
    classes = _indices(features.classes, shown, values)
    body = mvt_kernel.assemble(kinds, begins, ends, commands, features.numbers, labels, classes)
    keys = [key for key, used in zip(_KEYS, (labels, classes), strict=True) if (used >= 0).any()]
    return _layer(name, bytes(body), keys, values, grid.extent)


def _indices(texts: Sequence[str | None], shown: list[bool], values: dict[str, int]) -> _Integers:
    """The place of each text among the values, which it joins when it is new; -1 for none."""
    if not texts:
        return np.full(len(shown), -1, np.int64)
    found = [
        values.setdefault(text, len(values)) if show and text is not None else -1
        for text, show in zip(texts, shown, strict=True)
    ]
    return np.array(found, np.int64)


def _mended(geometry: bytes, starts: _Integers, spoilt: _Integers, grid: Grid) -> npt.NDArray[np.object_]:
    """Features in tile units, valid on the grid; of a mixed collection the parts of the highest dimension."""
    scale = grid.extent / grid.size
    shapes = shapely.from_wkb([geometry[starts[k] : starts[k + 1]] for k in spoilt])
    moved = shapely.transform(
        shapely.force_2d(shapes), lambda c: (c - (grid.west, grid.north)) * (scale, -scale)
    )
    wrong = ~shapely.is_valid(moved)
    moved[wrong] = shapely.make_valid(moved[wrong])
    return np.array([_highest(shape) for shape in shapely.set_precision(moved, 1.0)], dtype=object)


def _highest(shape: BaseGeometry) -> BaseGeometry:
    """Of a collection, the parts of the highest dimension as one geometry."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = _parts(shape)
    most = max((int(shapely.get_dimensions(p)) for p in parts), default=0)
    kept = [p for p in parts if shapely.get_dimensions(p) == most]
    make: Any = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[most]
    joined: BaseGeometry = make(kept)
    return joined


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    """Its single geometries, however deep they are nested."""
    if not hasattr(shape, "geoms"):
        return [shape]
    return [single for part in shape.geoms for single in _parts(part)]


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(tag: int, body: bytes) -> bytes:
    return bytes([tag]) + _varint(len(body)) + body


def _layer(name: str, features: bytes, keys: Sequence[str], values: Iterable[str], extent: int) -> bytes:
    parts = [b"\x78\x02", _field(0x0A, name.encode()), features]
    parts += [_field(0x1A, key.encode()) for key in keys]
    for value in values:
        text = value.encode()
        size = len(text)
        if size < _SHORT:  # the same as below, without the way there
            parts.append(bytes((0x22, size + 2, 0x0A, size)) + text)
        else:
            parts.append(_field(0x22, _field(0x0A, text)))
    parts.append(b"\x28" + _varint(extent))
    return _field(0x1A, b"".join(parts))
