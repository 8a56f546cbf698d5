"""Vector tiles: the platform's own, cold and warm, against the bare ST_AsMVT call and tipg, of the same content.

Usage: tiles.py [--tiles N] [--polygons N] [--rounds N]

One city layer of made polygons is imported; N random tiles at zooms 10 to 15 are asked for one after the other and on
16 connections at once, by every side in every round in changing order; medians of the rounds are compared.

* bare: ``ST_AsMVT`` over ``ST_AsMVTGeom``, once a feature, as a prepared statement with its answer in binary;
* tipg: over HTTP, uncompressed (which suits it), its collections being the tables of the bare call;
* cold: the platform over HTTP, nothing in its caches (it keeps none in memory, those on disk go before each round);
* warm: the same, everything in its caches.

Below zoom 14 the layer is drawn from its overviews; the bare call and tipg then read these, too. What bare and cold
drew is decoded by GDAL and compared. tipg lives in an environment of its own under ``var/benchmarks`` and is no
dependency of the platform.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyogrio
import shapely
from sqlalchemy import text

from benchmarks.province import CRS, FOLDER, ORIGIN
from benchmarks.tile_sides import (
    CODE,
    CONNECTIONS,
    Address,
    Bare,
    Side,
    Web,
    own_path,
    served,
    tipg_environment,
    tipg_path,
    tipg_python,
    token,
)
from gis import crs as crs_module
from gis.deliveries.columns import document
from gis.layers import copying
from gis.layers.layer import layer_catalogue
from gis.models import LayerVersion
from gis.tiles import tiles
from project_box.kernel import embedded
from project_box.kernel.db import Database

SEED = 11
_USES = ("0701", "0901", "1001", "1401", "1207")


def city(polygons: int) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Building plots of 20 to 80 vertices on a grid of 60 m, as in a city's parcels."""
    rng = np.random.default_rng(SEED)
    side = int(np.ceil(np.sqrt(polygons)))
    shapes = []
    for n in range(polygons):
        count = int(rng.integers(20, 80))
        angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
        radius = 28 * (1 - 0.15 * rng.random(count))
        middle = ORIGIN + 60 * np.array([n % side, n // side])
        shapes.append(
            shapely.Polygon(middle + radius[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]))
        )
    return np.array(shapes, dtype=object)


@contextmanager
def database(polygons: int) -> Iterator[tuple[Database, int]]:
    """A migrated database with the layer, and the number of its version."""
    from web.migrate import upgrade
    from web.seed.people import seed_people

    server = embedded.ensure_running(FOLDER)
    name = "tiles_benchmark"
    embedded.drop_database(server, name)
    opened = Database(embedded.create_database(server, name))
    try:
        upgrade(opened)
        shapes, definition = city(polygons), layer_catalogue().get(CODE)
        numbers = list(range(1, len(shapes) + 1))
        attributes = [
            {"DKBH": f"A-{n // 100:03}-{n % 100:02}", "YDDM": _USES[n % 5], "YDMC": "用地"} for n in numbers
        ]
        with opened.transaction() as session:
            seed_people(session)
            row = LayerVersion(
                layer_code=CODE, version="benchmark", valid_from=dt.date(2026, 1, 1), current=True,
                source_name="made", source_crs=CRS, check_crs=CRS, feature_count=len(shapes),
                extent_lonlat=[70.0, 0.0, 140.0, 60.0], issues=[], imported_at=dt.datetime.now(dt.UTC),
            )  # fmt: skip
            session.add(row)
            session.flush()
            rows = copying.feature_rows(
                row.id, numbers=numbers, labels=[definition.label_of(a) for a in attributes],
                classes=[definition.class_of(a) for a in attributes],
                documents=[document(a) for a in attributes], originals=copying.Column.shapes(shapes, CRS),
                pictures=copying.Column.shapes(crs_module.transform_array(shapes, CRS, 3857), 3857),
                areas=shapely.area(shapes), repaired=[False] * len(shapes),
            )  # fmt: skip
            copying.copy_features(session.connection().connection, rows)
            started = time.perf_counter()
            tiles.build_overviews(session, row)
            print(f"overviews of {len(shapes):,} polygons made in {time.perf_counter() - started:.1f} s")
            number = row.id
        with opened.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE gis.feature"))
            connection.execute(text("VACUUM ANALYZE gis.overview"))
        yield opened, number
    finally:
        opened.dispose()
        embedded.drop_database(server, name)


def addresses(count: int, polygons: int) -> list[Address]:
    """Random tiles over the city."""
    rng = np.random.default_rng(SEED)
    extent = 60 * np.sqrt(polygons)
    found: set[Address] = set()
    while len(found) < count:
        z = int(rng.integers(10, 16))
        east, north = ORIGIN + extent * rng.random(2)
        lon, lat = crs_module.transform_point(float(east), float(north), CRS, 4326)
        n = 2**z
        y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * n)
        address = (z, int((lon + 180) / 360 * n), y)
        if z > 12 or rng.random() < 0.05:  # there are few tiles at low zooms
            found.add(address)
    return sorted(found)


@dataclass
class Figures:
    """What was measured of one side at some zooms: seconds a tile, and tiles a second on all connections."""

    single: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


_WANTED = (("cold", "bare", 0.8), ("cold", "tipg", 1.8), ("warm", "cold", 10.0))


def measure(
    sides: dict[str, Side], asked: Sequence[Address], rounds: int, forget: Callable[[], None]
) -> dict[str, Figures]:
    """Every side in every round, in changing order; of each tile the median of the rounds."""
    found = {name: Figures() for name in sides}
    single: dict[str, list[list[float]]] = {name: [] for name in sides}
    for side in sides.values():
        side.many(asked)  # connections prepare, caches fill
    names = list(sides)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            side, spent = sides[name], []
            forget()
            for address in asked:
                started = time.perf_counter()
                side.one(address)
                spent.append(time.perf_counter() - started)
            single[name].append(spent)
            forget()
            times = 20 if name == "warm" else 1
            started = time.perf_counter()
            side.many(list(asked) * times)
            found[name].rates.append(times * len(asked) / (time.perf_counter() - started))
    for name, rows in single.items():
        found[name].single = [statistics.median(column) for column in zip(*rows, strict=True)]
    return found


def report(band: str, found: dict[str, Figures]) -> None:
    """The figures of a band of zooms and the ratios that are wanted."""
    print(f"\n{band}: {len(found['bare'].single)} tiles")
    rates = {name: statistics.median(figures.rates) for name, figures in found.items()}
    totals = {name: sum(figures.single) for name, figures in found.items()}
    for name, figures in found.items():
        print(
            f"  {name:5} one at a time p50 {statistics.median(figures.single) * 1e3:7.2f} ms, "
            f"in all {totals[name]:6.2f} s   {CONNECTIONS} connections {rates[name]:8.1f} tiles/s"
        )
    for mine, other, wanted in _WANTED:
        if other in found:
            print(
                f"  {mine} against {other}: {totals[other] / totals[mine]:5.2f} times its speed one at a time, "
                f"{rates[mine] / rates[other]:5.2f} times on {CONNECTIONS} connections (wanted {wanted})"
            )


def compare(bare: Side, own: Side, asked: Sequence[Address], folder: Path) -> None:
    """Raises SystemExit when two sides do not draw the same: features, attributes, and shapes to a unit of the grid.

    A speck of two square units may be on one side only: it depends on the rounding of one corner.
    """
    furthest, count, specks = 0.0, 0, 0
    for address in asked:
        mine, theirs = (_shapes(_decoded(side.one(address), folder)) for side in (own, bare))
        for alone in mine.keys() ^ theirs.keys():
            specks += 1
            if (mine.get(alone) or theirs[alone]).area > 2:
                raise SystemExit(f"tile {address}: only one side draws {alone}")
        for name in mine.keys() & theirs.keys():
            left, right = mine[name], theirs[name]
            count += 1
            furthest = max(furthest, shapely.symmetric_difference(left, right).area / right.length)
    print(
        f"\nthe same {count:,} features with their attributes in {len(asked)} tiles; outlines differ by {furthest:.2f} "
        f"units of the grid at most; {specks} specks on one side only"
    )
    if furthest > 1 or specks > count / 1000:
        raise SystemExit("outlines differ by more than a unit")


def _decoded(tile: bytes, folder: Path) -> Any:
    place = folder / "tile.mvt"
    place.write_bytes(gzip.decompress(tile) if tile[:2] == b"\x1f\x8b" else tile)
    return pyogrio.read_dataframe(place)


def _shapes(frame: Any) -> dict[tuple[str, ...], Any]:
    """The shape of each feature by its number and attributes; those without a number as one for each class."""
    names = frame.reindex(columns=["mvt_id", "label", "class"]).astype(str)
    grouped = frame.assign(key=list(names.itertuples(index=False, name=None))).groupby("key")["geometry"]
    return {key: shapely.union_all(shapely.make_valid(group.values)) for key, group in grouped}


def main() -> int:
    """Run all sides and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=150)
    parser.add_argument("--polygons", type=int, default=41_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="project-box-tiles-"))
    try:
        with database(asked.polygons) as (opened, version):
            run(opened, version, asked, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def run(opened: Database, version: int, asked: argparse.Namespace, folder: Path) -> None:
    """Start the servers, compare and measure."""
    own = [sys.executable, "-m", "uvicorn", "--factory", "web.app:create_app", "--log-level", "warning"]
    settings = {"PROJECT_BOX_DATABASE_URL": opened.url}
    cold = {**settings, "PROJECT_BOX_VAR_DIR": str(folder / "cold"), "PROJECT_BOX_TILE_MEMORY_BYTES": "1"}
    warm = {**settings, "PROJECT_BOX_VAR_DIR": str(folder / "warm")}
    python = tipg_python()
    with served(own, cold) as first, served(own, warm) as second:
        sides: dict[str, Side] = {"bare": Bare(opened, version)}
        for name, port in (("cold", first), ("warm", second)):
            headers = {"authorization": f"Bearer {token(port)}", "accept-encoding": "gzip"}
            sides[name] = Web(port, own_path, headers)
        forget = partial(shutil.rmtree, folder / "cold" / "tiles", ignore_errors=True)
        drawn = addresses(asked.tiles, asked.polygons)
        forget()
        compare(sides["bare"], sides["cold"], drawn[:: max(1, len(drawn) // 30)], folder)
        if python is None:
            print("tipg could not be installed: not compared")
            measured(sides, drawn, asked.rounds, forget)
            return
        with served(
            [str(python), "-m", "uvicorn", "tipg.main:app", "--log-level", "warning"],
            tipg_environment(opened),
        ) as port:
            sides["tipg"] = Web(port, tipg_path, {})
            measured(sides, drawn, asked.rounds, forget)


def measured(
    sides: dict[str, Side], drawn: Sequence[Address], rounds: int, forget: Callable[[], None]
) -> None:
    """Both bands of zooms."""
    for band, some in (
        ("zoom 10 to 13", [a for a in drawn if a[0] < tiles.DETAIL]),
        ("zoom 14 and 15", [a for a in drawn if a[0] >= tiles.DETAIL]),
    ):
        report(band, measure(sides, some, rounds, forget))


if __name__ == "__main__":
    sys.exit(main())
