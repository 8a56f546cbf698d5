"""Layer import: cutting into pieces against the bare quadtree, and the whole import against ogr2ogr.

Both sides get the same file and write into the same database, a copy of the province, up to and with the commit. The
import writes more than ogr2ogr (features as delivered, a picture for tiles, pieces for checks, repaired geometry with a
report) and replaces the version before; ogr2ogr writes a table with an index.

    .venv/bin/python benchmarks/layer_import.py                                # 19,500 features
    .venv/bin/python benchmarks/layer_import.py --polygons 2000000 --layer 5   # 200,000 features
    .venv/bin/python benchmarks/layer_import.py --polygons 2000000 --layer 1   # 900 belts of up to 60,000 vertices
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import geopandas
import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.engine import make_url

from benchmarks import province
from gis import kernels, service
from gis.layers.pieces import MAX_VERTICES, cut
from project_box.kernel import embedded
from project_box.kernel.db import Database

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


@dataclass(frozen=True, slots=True)
class Imported:
    """One import: features, seconds on the clock and of this process's processor time, and memory in MB."""

    features: int
    seconds: float
    processor: float
    peak_mb: float


def platform(url: str, code: str, path: Path, version: str) -> Imported:
    """The platform's import, in a fresh process so that its memory can be told; its kernels are loaded beforehand."""
    kernels.compile_imports()
    opened = Database(url, pool_size=1)
    started, busy = time.perf_counter(), time.process_time()
    with opened.transaction() as session:
        row = service.import_layer(session, code, path, version=version, valid_from=dt.date(2026, 1, 1))
        features = row.feature_count
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    opened.dispose()
    return Imported(features, seconds, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def by_ogr2ogr(url: str, path: Path) -> float:
    """Seconds of ogr2ogr into a table of its own."""
    target = make_url(url)
    place = f"host={target.query['host']} port={target.query['port']}"
    words = ["-f", "PostgreSQL", f"PG:dbname={target.database} {place} user={target.username}", str(path)]
    started = time.perf_counter()
    subprocess.run(
        ["ogr2ogr", *words, "-nln", "gis.by_ogr2ogr", "-nlt", "PROMOTE_TO_MULTI", "-overwrite"], check=True
    )
    return time.perf_counter() - started


@contextmanager
def copy_of_province(polygons: int) -> Iterator[str]:
    """A database that may be written to; dropped afterwards."""
    with province.database(polygons) as opened:
        url = str(opened.url)
    embedded.drop_database(url, "layer_import")
    name = str(make_url(url).database)
    copied = embedded.create_database(url, "layer_import", template=name)
    try:
        yield copied
    finally:
        embedded.drop_database(url, "layer_import")


def delivery(polygons: int, number: int) -> Path:
    """A made layer as GeoPackage."""
    path = province.FOLDER / f"layer-{polygons}-{number}-{province.recipe()}.gpkg"
    if not path.exists():
        definition, shapes = province.definition_of(number), province.frame(polygons, number)
        attributes = [province.attributes_of(definition, n) for n in range(1, len(shapes) + 1)]
        frame = geopandas.GeoDataFrame(attributes, geometry=list(shapes), crs=province.CRS)
        frame.to_file(path, layer="layer", engine="pyogrio")
    return path


def whole(polygons: int, number: int, repeats: int) -> bool:
    """Whole imports, in turn; whether the aim is met."""
    path, code = delivery(polygons, number), province.definition_of(number).code
    ours: list[Imported] = []
    theirs: list[float] = []
    with copy_of_province(100_000) as url:
        for turn in range(repeats):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                ours.append(alone.submit(platform, url, code, path, f"import {turn}").result())
            theirs.append(by_ogr2ogr(url, path))
        opened = Database(url, pool_size=1)
        with opened.transaction() as session:
            written = session.execute(text("SELECT count(*) FROM gis.by_ogr2ogr")).scalar_one()
        opened.dispose()
    best = min(ours, key=lambda one: one.seconds)
    ratio, same = best.seconds / min(theirs), best.features == written
    print(
        f"import of {best.features:,} features ({path.stat().st_size / 1e6:.0f} MB): {best.seconds:.2f} s = "
        f"{best.features / best.seconds:,.0f} a second (processor {best.processor:.2f} s, memory "
        f"{best.peak_mb:.0f} MB); ogr2ogr {min(theirs):.2f} s; ratio {ratio:.2f} (aim {IMPORT_AIM}); "
        f"same number: {same}"
    )
    return bool(same) and ratio <= IMPORT_AIM


def main() -> int:
    """Run both comparisons; exit code 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--polygons", type=int, default=100_000)
    parser.add_argument(
        "--layer", type=int, default=4, help="which of the 20 made layers (1 is few and large)"
    )
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    met = True
    if options.polygons <= 500_000:
        large = np.concatenate([province.frame(options.polygons, number) for number in (1, 2, 3)])
        mine, bare, same = split(large, options.repeats)
        print(
            f"split of {len(large)} polygons with {shapely.get_num_coordinates(large).sum():,} vertices: {mine:.2f} s, "
            f"bare quadtree {bare:.2f} s, ratio {mine / bare:.2f} (aim {SPLIT_AIM}), areas agree: {same}"
        )
        met = same and mine <= SPLIT_AIM * bare
    if shutil.which("ogr2ogr") is None:
        print("ogr2ogr is not installed (apt package gdal-bin): the whole import is not compared")
        return 1
    return 0 if whole(options.polygons, options.layer, options.repeats) and met else 1


if __name__ == "__main__":
    sys.exit(main())
