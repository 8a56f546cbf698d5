"""Compile the kernels of tiles, checks and imports ahead of the first one: ``python -m gis.kernels``; set-up does."""

from __future__ import annotations

import numpy as np
from shapely import get_coordinates
from shapely.geometry import box
from shapely.io import to_wkb

from gis.check.overlay import Layers, Pieces, kernel, overlay
from gis.check.packs import Packs
from gis.crs import transform_nearly
from gis.layers.copying import Column, feature_rows, piece_rows
from gis.tiles.mvt import Features, Grid, encode


def compile_all() -> None:
    """Run every kernel once; machine code is kept on disk where a folder can be written."""
    one = Features(np.zeros(1, np.int64), ["1"], [None], to_wkb(box(0, 0, 2, 2), byte_order=1))
    encode("compiled", one, Grid(0.0, 4.0, 4.0, 4096))
    compile_checks()
    compile_imports()


def compile_imports() -> None:
    """Run the kernels of layer imports once."""
    areas = np.array([box(0, 0, 2, 2)], dtype=object)
    column = Column.shapes(areas, 4547)
    moved = column.with_coordinates(get_coordinates(areas), 3857)
    feature_rows(
        1, numbers=[1], labels=[""], classes=[None], documents=[b"{}"], originals=column, pictures=moved,
        areas=[4.0], repaired=[False],
    )  # fmt: skip
    piece_rows(1, [1], column)
    many = np.linspace((115.0, 30.0), (116.0, 31.0), 5_000)
    transform_nearly(many, 4490, 3857, 0.001)


def compile_checks() -> None:
    """Run the kernels of checks once."""
    blobs = [to_wkb(box(0, 0, 2, 2)), to_wkb(box(1, 1, 3, 3)), to_wkb(box(3, 0, 4, 4))]
    pieces = Pieces.of([(0, n, 1, n) for n in range(3)], blobs)
    (around,) = overlay([box(0, 0, 3, 3)], pieces, Layers.of({1: (0.05, True)}))
    around.near[1][0].common(box(0, 0, 1, 1))
    Pieces.packed(0, b"")
    Pieces.copied(b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff")
    Packs([]).around([(0, (0.0, 0.0, 1.0, 1.0))])
    none = np.zeros(0, np.int64)
    kernel("pack").outlines(np.frombuffer(b"", np.uint8), none)
    kernel("pack").put(np.frombuffer(b"", np.uint8), none, none, np.zeros(0, np.uint8))


if __name__ == "__main__":
    compile_all()
