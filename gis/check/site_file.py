"""Sites of a batch from a vector file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import shapely

from gis.check.batch import Sites
from gis.deliveries.batches import read_batches
from gis.deliveries.source import open_source
from project_box.kernel.errors import BadInput


def read_sites(path: Path, *, crs: int | None = None, layer: str | None = None) -> Sites:
    """Areas of a vector file (GPKG, SHP, GeoJSON …) as sites.

    Raises:
        BadInput: unreadable, no CRS, or no area in it.
    """
    numbers: list[int] = []
    shapes: list[bytes] = []
    repaired: set[int] = set()
    issues: list[dict[str, Any]] = []
    with open_source(path, crs=crs, layer=layer) as source:
        for batch in read_batches(source, buffered=False):
            numbers += batch.numbers.tolist()
            shapes += [bytes(b) for b in shapely.to_wkb(batch.geometries)]
            repaired |= set(batch.numbers[batch.repaired].tolist())
            issues += batch.issues
        found = source.crs
    if not numbers:
        raise BadInput(f"{path.name} 里没有面要素", "the file holds no area", code="NO-AREA", place=path.name)
    return Sites(found, tuple(numbers), tuple(shapes), frozenset(repaired), tuple(issues))
