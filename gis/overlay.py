"""What sites have in common with the pieces around them: areas, touching, area counted once. Pure.

Areas come from compiled sums over edges (:mod:`gis.overlay_kernel`), for many sites in one call; geometry is built only
where it is shown and where a sliver has to be told from an overlap.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.pieces import Geometries

Key = tuple[int, int]
Numbers = npt.NDArray[np.int64]
#: added to a touch tolerance, for the rounding of coordinates of some 10⁷ m
_ROUNDING_M = 1e-7
#: share of a site below which area that features of one layer have in common does not matter
COMMON_SHARE = 1e-6


@lru_cache(maxsize=2)
def _kernel(name: str) -> Any:
    """Compiled functions; loading them takes half a second, so that waits for the first check."""
    return importlib.import_module(f"gis.{name}_kernel")


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces around sites; a piece may be there once for each box of a site that it meets.

    Attributes:
        numbers: request (which site), number, layer version and feature of each, a row each.
        starts: where the EWKB of each begins in ``data``.
    """

    numbers: Numbers
    starts: Numbers
    data: bytes

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int]], blobs: Sequence[bytes]) -> Pieces:
        """Pieces of (request, number, version, feature) and EWKB."""
        ends = np.cumsum([0, *(len(b) for b in blobs)], dtype=np.int64)
        return cls(np.array(rows, dtype=np.int64).reshape(-1, 4), ends[:-1], b"".join(blobs))

    @classmethod
    def copied(cls, data: bytes) -> Pieces:
        """Pieces from PostgreSQL's binary COPY of request, number, version, feature and EWKB."""
        numbers, starts = _kernel("wkb").copied(np.frombuffer(data, dtype=np.uint8))
        return cls(numbers, starts, data)

    def chosen(self, rows: Numbers) -> Pieces:
        """Some of them, in the order given."""
        return Pieces(self.numbers[rows], self.starts[rows], self.data)

    def asked(self, position: Numbers) -> Pieces:
        """Those of some requests: request n becomes ``position[n]``, below 0 leaves it out."""
        moved = position[self.numbers[:, 0]]
        some = self.chosen(np.flatnonzero(moved >= 0))
        some.numbers[:, 0] = moved[moved >= 0]
        return some


@dataclass(frozen=True, slots=True)
class Layers:
    """Layer versions that sites are laid over, ascending; of each its tolerance and whether area counts once."""

    versions: Numbers
    limits: npt.NDArray[np.float64]
    counted: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, layers: dict[int, tuple[float, bool]]) -> Layers:
        """By version: touch tolerance in metres, and whether area under several features is to be counted once."""
        versions = sorted(layers)
        return cls(
            np.array(versions, dtype=np.int64),
            np.array([layers[v][0] + _ROUNDING_M for v in versions], dtype=np.float64),
            np.array([layers[v][1] for v in versions], dtype=np.bool_),
        )


@dataclass(slots=True)
class Near:
    """A feature that overlaps or touches the site.

    Attributes:
        area: in common with the site, 0 when it only touches.
        perimeter_most: the outline of the common part is not longer than this.
        pieces: among which those of the feature are the ones from ``start`` to ``stop``.
    """

    version: int
    fid: int
    area: float
    perimeter_most: float
    pieces: Pieces
    start: int
    stop: int

    def common(self, site: BaseGeometry) -> Geometries:
        """The part of each piece inside the site (or a ring around it), as geometry."""
        data, starts = self.pieces.data, self.pieces.starts[self.start : self.stop].tolist()
        blobs = [data[at : at + _length(data, at)] for at in starts]
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


def _length(data: bytes, start: int) -> int:
    """Bytes of the EWKB of a polygon."""
    return int(_kernel("wkb").size(np.frombuffer(data, dtype=np.uint8), start))


def overlay(sites: Sequence[BaseGeometry], pieces: Pieces, layers: Layers) -> list[Around]:
    """Features that overlap each site or come within their layer's tolerance, in order.

    The pieces' requests are positions in ``sites``; pieces of other versions than the layers' are left out. Sums are
    taken in the order of the pieces' numbers, so that a site's floats are the same whatever comes with it and in what
    order.
    """
    found = [Around({}, {}) for _ in sites]
    which = np.searchsorted(layers.versions, pieces.numbers[:, 2])
    which[which == len(layers.versions)] = 0
    rows = (
        np.flatnonzero(layers.versions[which] == pieces.numbers[:, 2]) if len(layers.versions) else which[:0]
    )
    request, number, _, fid = pieces.numbers[rows].T
    order = np.lexsort((number, fid, which[rows], request))
    if len(order) > 1:  # a piece that meets several boxes of a site counts once
        same = (np.diff(request[order]) == 0) & (np.diff(number[order]) == 0)
        order = order[np.concatenate([[True], ~same])]
    if not len(order):
        return found
    rows = rows[order]
    known = pieces.chosen(rows)
    which = which[rows]
    requests, features = known.numbers[:, 0], known.numbers[:, 3]
    shapes = np.array(sites, dtype=object)
    parts, owners = shapely.get_parts(shapes, return_index=True)
    blobs = shapely.to_wkb(parts).tolist()
    starts = [len(known.data)]
    for blob in blobs:
        starts.append(starts[-1] + len(blob))
    every = np.arange(len(sites) + 1)
    data = np.frombuffer(b"".join((known.data, *blobs)), dtype=np.uint8)
    areas, lengths, kept, once = _kernel("overlay").measure(
        *_kernel("wkb").unpack(data, np.concatenate([starts[:-1], known.starts])),
        np.searchsorted(owners, every),
        np.searchsorted(requests, every),
        features,
        which,
        layers.limits,
        layers.counted,
        COMMON_SHARE * np.maximum(shapely.area(shapes), 1.0),
    )
    outlines = shapely.length(shapes).tolist()
    entry: Near | None = None
    before = None
    for row, ((site, _, version, fid), area, length, there, single) in enumerate(
        zip(
            known.numbers.tolist(),
            areas.tolist(),
            lengths.tolist(),
            kept.tolist(),
            once.tolist(),
            strict=True,
        )
    ):
        if single == single:  # not NaN
            found[site].once[version] = single
        if not there:
            continue
        if entry is not None and before == (site, version, fid):
            entry.area += area
            entry.perimeter_most += length
            entry.stop = row + 1
            continue
        before = site, version, fid
        entry = Near(version, fid, area, length + 2 * outlines[site], known, row, row + 1)
        found[site].near.setdefault(version, []).append(entry)
    return found


def joined(parts: Geometries) -> BaseGeometry | None:
    """Pieces of one feature as one geometry; None when nothing is left."""
    there = parts[~shapely.is_empty(parts)]
    return shapely.union_all(there) if len(there) else None
