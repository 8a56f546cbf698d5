"""Compile the kernels of tiles and checks ahead of the first one: ``python -m gis.kernels``, which set-up calls."""

from __future__ import annotations

import numpy as np
from shapely.geometry import box
from shapely.io import to_wkb

from gis.check.overlay import Layers, Pieces, kernel, overlay
from gis.check.packs import Packs
from gis.tiles.mvt import Features, Grid, encode


def compile_all() -> None:
    """Run every kernel once; machine code is kept on disk where a folder can be written."""
    one = Features(np.zeros(1, np.int64), ["1"], [None], to_wkb(box(0, 0, 2, 2), byte_order=1))
    encode("compiled", one, Grid(0.0, 4.0, 4.0, 4096))
    compile_checks()


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
