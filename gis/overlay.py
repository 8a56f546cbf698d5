"""What a site has in common with the pieces around it: areas, touching, area counted once. Pure.

Areas come from compiled sums over edges (:mod:`gis.overlay_kernel`); geometry is built only where it is shown, where a
sliver has to be told from an overlap, and where the features of one layer overlap each other.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.pieces import Geometries

Key = tuple[int, int]
#: added to a touch tolerance, for the rounding of coordinates of some 10⁷ m
_ROUNDING_M = 1e-7
_MOST_BINS = 4096
#: an overlap of two pieces below this is noise of the sums
_NOTHING_M2 = 1e-5


@lru_cache(maxsize=1)
def _kernel() -> Any:
    return importlib.import_module("gis.overlay_kernel")


def _packed(blobs: Sequence[bytes]) -> Any:
    """Rings of polygons in (E)WKB, as the kernels take them."""
    starts = np.zeros(len(blobs) + 1, dtype=np.int64)
    np.cumsum([len(b) for b in blobs], out=starts[1:])
    return _kernel().unpack(np.frombuffer(b"".join(blobs), dtype=np.uint8), starts)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece near the site: its number, the feature it belongs to, its EWKB."""

    id: int
    version: int
    fid: int
    blob: bytes


@dataclass(slots=True)
class Near:
    """A feature that overlaps or touches the site.

    Attributes:
        area: in common with the site, 0 when it only touches.
        perimeter_most: the outline of the common part is not longer than this.
        blobs: its pieces, EWKB; ``inside`` those that have area in common, and how much.
    """

    version: int
    fid: int
    area: float = 0.0
    perimeter_most: float = 0.0
    blobs: list[bytes] = field(default_factory=list)
    inside: list[tuple[bytes, float]] = field(default_factory=list)

    def common(self, site: BaseGeometry) -> Geometries:
        """The part of each piece inside the site (or a ring around it), as geometry."""
        shapes = shapely.from_wkb(np.array(self.blobs, dtype=object))
        return np.asarray(shapely.intersection(shapes, site), dtype=object)

    def measured(self, site: BaseGeometry) -> tuple[float, float]:
        """(area, perimeter) of the common part by building it, cuts between pieces counted as outline."""
        parts = self.common(site)
        return float(shapely.area(parts).sum()), float(shapely.length(parts).sum())


class Site:
    """A site prepared for overlays, in the check CRS."""

    def __init__(self, geometry: BaseGeometry) -> None:
        self.geometry = geometry
        self.length = float(geometry.length)
        west, south, east, north = geometry.bounds
        #: below this an area is noise of the sums
        self.nothing = max(1e-6, 1e-12 * (east - west) * (north - south))
        self._coordinates, first, _, sign = _packed(list(shapely.to_wkb(shapely.get_parts(geometry))))
        bins = min(max(len(self._coordinates), 8), _MOST_BINS)
        self._edges = _kernel().edges_in_bins(self._coordinates, first, sign, bins)

    def overlay(self, pieces: Sequence[Piece], tolerances: Mapping[int, float]) -> list[Near]:
        """Features among ``pieces`` that overlap the site or come within their version's tolerance, in order.

        Pieces of versions without a tolerance are left out. Sums are taken in the order of the pieces' numbers, so that
        the same pieces give the same floats in whatever order they come.
        """
        known = sorted((p for p in pieces if p.version in tolerances), key=lambda p: (p.version, p.fid, p.id))
        if not known:
            return []
        kernel = _kernel()
        coordinates, first, owner, sign = _packed([p.blob for p in known])
        areas, lengths = kernel.areas(coordinates, first, owner, sign, len(known), self._edges)
        found: list[Near] = []
        members: list[list[int]] = []
        for position, piece in enumerate(known):
            if not found or (found[-1].version, found[-1].fid) != (piece.version, piece.fid):
                found.append(Near(piece.version, piece.fid, perimeter_most=2 * self.length))
                members.append([])
            entry, area = found[-1], float(areas[position])
            members[-1].append(position)
            entry.area += area
            entry.blobs.append(piece.blob)
            if area > self.nothing:
                entry.inside.append((piece.blob, area))
                entry.perimeter_most += float(lengths[position])
        wanted = np.zeros(len(known), dtype=np.bool_)
        for entry, positions in zip(found, members, strict=True):
            if entry.area <= self.nothing:
                entry.area = 0.0
                wanted[positions] = True
        if wanted.any():
            limits = np.array([tolerances[p.version] + _ROUNDING_M for p in known])
            touching = kernel.near(coordinates, first, owner, wanted, limits, self._edges)
            found = [
                entry
                for entry, positions in zip(found, members, strict=True)
                if entry.area > 0 or touching[positions].any()
            ]
        return found


def covered_once(features: Sequence[Near], site: BaseGeometry, enough: float) -> float | None:
    """Area of the site under features of a layer, counted once; None if they have less than ``enough`` in common.

    Only pieces that overlap a piece of another feature are built as geometry.
    """
    pieces = [piece for f in features for piece in f.inside]
    groups = np.array([f.fid for f in features for _ in f.inside], dtype=np.int64)
    total, shared = _kernel().common(*_packed([blob for blob, _ in pieces]), groups, _NOTHING_M2)
    if total < enough:
        return None
    twice = shapely.from_wkb(
        np.array([blob for (blob, _), s in zip(pieces, shared, strict=True) if s], dtype=object)
    )
    once = sum(area for (_, area), s in zip(pieces, shared, strict=True) if not s)
    return once + float(shapely.union_all(shapely.intersection(twice, site)).area)


def joined(parts: Geometries) -> BaseGeometry | None:
    """Pieces of one feature as one geometry; None when nothing is left."""
    there = parts[~shapely.is_empty(parts)]
    return shapely.union_all(there) if len(there) else None
