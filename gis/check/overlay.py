"""What sites have in common with the pieces around them: areas, touching, area counted once. Pure.

Areas come from compiled sums over edges (:mod:`gis.check.around_kernel`), for many sites in one call; geometry is
built only where it is shown and where a sliver has to be told from an overlap.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.layers.pieces import Geometries

Key = tuple[int, int]
Numbers = npt.NDArray[np.int64]
#: added to a touch tolerance, for the rounding of coordinates of some 10⁷ m
_ROUNDING_M = 1e-7
#: share of a site below which area that features of one layer have in common does not matter
COMMON_SHARE = 1e-6


@lru_cache(maxsize=2)
def kernel(name: str) -> Any:
    """Compiled functions; loading them takes half a second, so that waits for the first check."""
    return importlib.import_module(f"gis.check.{name}_kernel")


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces around sites; a piece may be there once for each box of a site that it meets.

    Attributes:
        numbers: request (which site), number, layer version and feature of each, a row each.
        starts: where the EWKB of each begins in ``data``.
    """

    numbers: Numbers
    starts: Numbers
    data: bytes | memoryview

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int]], blobs: Sequence[bytes]) -> Pieces:
        """Pieces of (request, number, version, feature) and EWKB."""
        ends = np.cumsum([0, *(len(b) for b in blobs)], dtype=np.int64)
        return cls(np.array(rows, dtype=np.int64).reshape(-1, 4), ends[:-1], b"".join(blobs))

    @classmethod
    def copied(cls, data: bytes) -> Pieces:
        """Pieces from PostgreSQL's binary COPY of request, number, version, feature and EWKB."""
        numbers, starts = kernel("wkb").copied(np.frombuffer(data, dtype=np.uint8))
        return cls(numbers, starts, data)

    @classmethod
    def packed(cls, request: int, data: bytes) -> Pieces:
        """Pieces of one request, one after the other: number, version, feature (as PostgreSQL sends them) and EWKB."""
        numbers, starts = kernel("wkb").packed(np.frombuffer(data, dtype=np.uint8), request)
        return cls(numbers, starts, data)

    def asked(self, position: Numbers) -> Pieces:
        """Those of some requests: request n becomes ``position[n]``, below 0 leaves it out."""
        moved = position[self.numbers[:, 0]]
        rows = np.flatnonzero(moved >= 0)
        some = Pieces(self.numbers[rows], self.starts[rows], self.data)
        some.numbers[:, 0] = moved[rows]
        return some


@dataclass(frozen=True, slots=True)
class Layers:
    """Layer versions that sites are laid over, ascending; of each its tolerance and whether area counts once."""

    versions: tuple[int, ...]
    numbers: Numbers
    limits: npt.NDArray[np.float64]
    counted: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, layers: dict[int, tuple[float, bool]]) -> Layers:
        """By version: touch tolerance in metres, and whether area under several features is to be counted once."""
        versions = tuple(sorted(layers))
        return cls(
            versions,
            np.array(versions, dtype=np.int64),
            np.array([layers[v][0] + _ROUNDING_M for v in versions], dtype=np.float64),
            np.array([layers[v][1] for v in versions], dtype=np.bool_),
        )


class Near(NamedTuple):
    """A feature that overlaps or touches the site.

    Attributes:
        area: in common with the site (㎡), 0 when it only touches.
        perimeter_most: the outline of the common part is not longer than this (m).
        start, stop, starts, data: its pieces begin at ``starts[start:stop]`` in ``data``.
    """

    fid: int
    area: float
    perimeter_most: float
    start: int
    stop: int
    starts: Numbers
    data: bytes | memoryview

    def common(self, site: BaseGeometry) -> Geometries:
        """The part of each piece inside the site (or a ring around it), as geometry."""
        data = self.data
        starts = self.starts[self.start : self.stop].tolist()
        blobs = [bytes(data[at : at + _length(data, at)]) for at in starts]
        shapes = shapely.from_wkb(np.array(blobs, dtype=object))
        return np.asarray(shapely.intersection(shapes, site), dtype=object)

    def measured(self, site: BaseGeometry) -> tuple[float, float]:
        """(area, perimeter) of the common part by building it, cuts between pieces counted as outline."""
        parts = self.common(site)
        return float(shapely.area(parts).sum()), float(shapely.length(parts).sum())


@dataclass(frozen=True, slots=True)
class Around:
    """What lies around one site: features by layer version, and area under a layer counted once where that differs."""

    near: dict[int, list[Near]]
    once: dict[int, float]


def _length(data: bytes | memoryview, start: int) -> int:
    """Bytes of the EWKB of a polygon."""
    return int(kernel("wkb").size(_bytes(data), start))


def _bytes(data: bytes | memoryview) -> npt.NDArray[np.uint8]:
    """Bytes for a kernel, always of one type: of a second one it would be compiled again."""
    found = np.frombuffer(data, dtype=np.uint8)
    found.flags.writeable = False
    return found


def overlay(sites: Sequence[BaseGeometry], pieces: Pieces, layers: Layers) -> list[Around]:
    """Features that overlap each site or come within their layer's tolerance, by version and in order.

    The pieces' requests are positions in ``sites``; pieces of other versions than the layers' are left out. Sums are
    taken in the order of the pieces' numbers, so that a site's floats are the same whatever comes with it and in what
    order.
    """
    around = [Around({}, {}) for _ in sites]
    if not len(pieces.starts):
        return around
    blobs: list[bytes] = shapely.to_wkb(np.array(sites, dtype=object)).tolist()
    rows, found, sums, single, under = kernel("around").around(
        _bytes(pieces.data),
        pieces.numbers,
        pieces.starts,
        _bytes(b"".join(blobs)),
        np.array(list(accumulate((len(b) for b in blobs[:-1]), initial=0)), dtype=np.int64),
        layers.numbers,
        layers.limits,
        layers.counted,
        COMMON_SHARE,
    )
    begins = pieces.starts[rows]
    for (site, layer, fid, start, stop), (area, length) in zip(found.tolist(), sums.tolist(), strict=True):
        entry = Near(fid, area, length, start, stop, begins, pieces.data)
        version, near = layers.versions[layer], around[site].near
        if version in near:
            near[version].append(entry)
        else:
            near[version] = [entry]
    for (site, layer), area in zip(single.tolist(), under.tolist(), strict=True):
        around[site].once[layers.versions[layer]] = area
    return around


def joined(parts: Geometries) -> BaseGeometry | None:
    """Pieces of one feature as one geometry; None when nothing is left."""
    there = parts[~shapely.is_empty(parts)]
    return shapely.union_all(there) if len(there) else None
