"""Layer import: cutting into pieces against the bare quadtree, and the whole import against ogr2ogr.

Both sides get the same file and the same database server. The import writes more than ogr2ogr (features as delivered, a
picture for tiles, pieces for checks, repaired geometry with a report); ogr2ogr writes a table with an index.

    .venv/bin/python benchmarks/layer_import.py --polygons 500000 --layer 4
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import geopandas
import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.engine import make_url

from benchmarks import province
from gis import service
from gis.layers.pieces import MAX_VERTICES, cut

SPLIT_AIM, IMPORT_AIM = 1.5, 2.0


def bare_quadtree(geometry: Any) -> list[Any]:
    """Halves by ``clip_by_rect`` until no piece is too large: what cutting cannot do without."""
    out, waiting = [], [geometry]
    while waiting:
        part = waiting.pop()
        if shapely.get_num_coordinates(part) <= MAX_VERTICES:
            out.append(part)
            continue
        west, south, east, north = part.bounds
        if east - west >= north - south:
            middle = (west + east) / 2
            boxes = ((west, south, middle, north), (middle, south, east, north))
        else:
            middle = (south + north) / 2
            boxes = ((west, south, east, middle), (west, middle, east, north))
        for box in boxes:
            parts = shapely.get_parts(shapely.clip_by_rect(part, *box))
            waiting += [p for p in parts if p.geom_type == "Polygon" and not p.is_empty]
    return out


def split(shapes: Any, repeats: int) -> tuple[float, float, bool]:
    """Seconds (best of some) of the platform's cut and of the bare quadtree, in turn; whether areas are the same."""
    numbers = np.arange(1, len(shapes) + 1)
    mine, bare = [], []
    for _ in range(repeats):
        started = time.perf_counter()
        pieces, _owners = cut(shapes, numbers)
        mine.append(time.perf_counter() - started)
        started = time.perf_counter()
        plain = [p for shape in shapes for p in bare_quadtree(shape)]
        bare.append(time.perf_counter() - started)
    same = bool(np.isclose(shapely.area(pieces).sum(), shapely.area(plain).sum(), rtol=1e-12))
    return min(mine), min(bare), same


def main() -> int:
    """Run both comparisons; exit code 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--polygons", type=int, default=100_000)
    parser.add_argument(
        "--layer", type=int, default=4, help="which of the 20 made layers (1 is few and large)"
    )
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    definition = province.definition_of(options.layer)
    shapes = province.frames(options.polygons)[options.layer]
    met = True
    large = np.concatenate(province.frames(options.polygons)[1:4])
    mine, bare, same = split(large, options.repeats)
    print(
        f"split of {len(large)} polygons with {shapely.get_num_coordinates(large).sum():,} vertices: {mine:.2f} s, "
        f"bare quadtree {bare:.2f} s, ratio {mine / bare:.2f} (aim {SPLIT_AIM}), areas agree: {same}"
    )
    met &= same and mine <= SPLIT_AIM * bare
    ogr2ogr = shutil.which("ogr2ogr")
    if ogr2ogr is None:
        print("ogr2ogr is not installed (apt package gdal-bin): the whole import is not compared")
        return 1
    path = province.FOLDER / f"layer-{options.polygons}-{options.layer}-{province.recipe()}.gpkg"
    if not path.exists():
        attributes = [province.attributes_of(definition, n) for n in range(1, len(shapes) + 1)]
        frame = geopandas.GeoDataFrame(attributes, geometry=list(shapes), crs=province.CRS)
        frame.to_file(path, layer="layer", engine="pyogrio")
    with province.database(100_000) as database:
        url = make_url(database.url)
        target = (
            f"PG:dbname={url.database} host={url.query['host']} port={url.query['port']} user={url.username}"
        )
        ours, theirs = [], []
        for _ in range(options.repeats):
            started = time.perf_counter()
            with database.transaction() as session:
                row = service.import_layer(
                    session, definition.code, path, version="import", valid_from=dt.date(2026, 1, 1)
                )
                count = row.feature_count
                session.flush()
                ours.append(time.perf_counter() - started)
                session.rollback()  # the province stays as it is
            with database.transaction() as session:
                session.execute(text("DROP TABLE IF EXISTS gis.by_ogr2ogr"))
            started = time.perf_counter()
            subprocess.run(
                [
                    ogr2ogr,
                    "-f",
                    "PostgreSQL",
                    target,
                    path,
                    "-nln",
                    "gis.by_ogr2ogr",
                    "-nlt",
                    "PROMOTE_TO_MULTI",
                ],
                check=True,
            )
            theirs.append(time.perf_counter() - started)
        with database.transaction() as session:
            written = session.execute(text("SELECT count(*) FROM gis.by_ogr2ogr")).scalar_one()
            session.execute(text("DROP TABLE gis.by_ogr2ogr"))
    ratio = min(ours) / min(theirs)
    print(
        f"import of {count:,} features ({path.stat().st_size / 1e6:.0f} MB): {min(ours):.2f} s = "
        f"{count / min(ours):,.0f} a second; ogr2ogr {min(theirs):.2f} s; ratio {ratio:.2f} (aim {IMPORT_AIM}); "
        f"same number: {count == written}"
    )
    met &= count == written and ratio <= IMPORT_AIM
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
