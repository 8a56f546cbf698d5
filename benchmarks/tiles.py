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
import json
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import psycopg
import pyogrio
import shapely
from sqlalchemy import text

from benchmarks.province import CRS, FOLDER, ORIGIN
from gis import crs as crs_module
from gis.deliveries.columns import document
from gis.layers import copying
from gis.layers.layer import layer_catalogue
from gis.models import LayerVersion
from gis.tiles import tiles
from project_box.kernel import embedded
from project_box.kernel.db import Database
from project_box.kernel.jobs import connection_string

SEED = 11
CODE = "KG_DK"
CONNECTIONS = 16
_USES = ("0701", "0901", "1001", "1401", "1207")
#: {columns} besides the geometry; OFFSET 0 keeps the geometry from being made twice
_BARE = """
SELECT ST_AsMVT(t, %(name)s, {extent}, 'geom', 'fid') FROM (
  SELECT fid, {columns}, ST_AsMVTGeom({geom}, ST_TileEnvelope(%(z)s, %(x)s, %(y)s), {extent}, {margin}, true) AS geom
  FROM gis.{table}
  WHERE version_id = %(v)s {only} AND {geom} && ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096) OFFSET 0
) t WHERE t.geom IS NOT NULL
"""
Address = tuple[int, int, int]


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
                documents=[document(a) for a in attributes], originals=copying.ewkb(shapes, CRS),
                pictures=copying.ewkb(crs_module.transform_array(shapes, CRS, 3857), 3857),
                areas=shapely.area(shapes).tolist(), repaired=[False] * len(shapes),
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


@contextmanager
def served(command: list[str], environment: dict[str, str]) -> Iterator[int]:
    """A server process; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = Path(tempfile.mkstemp(prefix="project-box-tiles-")[1])
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--timeout-keep-alive", "600"],
            env={**os.environ, **environment},
            stderr=out,
        )
        try:
            for _ in range(600):
                if process.poll() is not None:
                    raise SystemExit(f"{command[:3]} ended:\n{log.read_text()[-2000:]}")
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait(20)
            log.unlink(missing_ok=True)


def tipg_python() -> Path | None:
    """The interpreter of tipg's own environment, made when it is missing; None where it cannot be installed."""
    folder = FOLDER / "env-tipg"
    python: Path = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", "tipg==1.6.1", "uvicorn"], check=False)
        if done.returncode:
            return None
        (folder / "ready").touch()
    return python


def tipg_environment(opened: Database) -> dict[str, str]:
    """tipg's settings: views of the same rows with the same columns as the bare call, one a level."""
    views = {
        "detail": "SELECT fid, label, class_key, CAST(geom_3857 AS geometry(Geometry, 3857)) AS geom FROM gis.feature"
    }
    for level in tiles.LEVELS:
        views[f"level{level}"] = (
            "SELECT fid, class_key, CAST(geom AS geometry(Geometry, 3857)) AS geom FROM gis.overview "
            f"WHERE zoom = {level}"
        )
    with opened.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA tipg"))
        for name, query in views.items():
            connection.execute(text(f"CREATE VIEW tipg.{name} AS {query}"))
    url = opened.engine.url
    host, port = str(url.query.get("host") or url.host), url.query.get("port") or url.port or 5432
    return {
        "DATABASE_URL": f"postgresql://{url.username or 'postgres'}@{quote(host, safe='')}:{port}/{url.database}",
        "TIPG_DB_SCHEMAS": '["tipg"]',
        "TIPG_MAX_FEATURES_PER_TILE": "1000000",
        "TIPG_TILE_RESOLUTION": "4096",
        "TIPG_TILE_BUFFER": "64",
    }


# --- sides: each gives tiles one after the other or on many connections -----------------------------------------------


class Bare:
    """The SQL alone, on prepared connections."""

    def __init__(self, opened: Database, version: int) -> None:
        conninfo = connection_string(opened.url)
        self.connections = [psycopg.connect(conninfo, autocommit=True) for _ in range(CONNECTIONS)]
        self.version = version

    def one(self, address: Address, connection: psycopg.Connection[Any] | None = None) -> bytes:
        """A tile."""
        z, x, y = address
        level, extent = tiles.level_of(z), tiles.extent_of(z)
        words = (
            {"columns": "label, class_key AS class", "geom": "geom_3857", "table": "feature", "only": ""}
            if level is None
            else {
                "columns": "class_key AS class",
                "geom": "geom",
                "table": "overview",
                "only": f"AND zoom = {level}",
            }
        )
        statement = _BARE.format(extent=extent, margin=extent // 64, **words)
        values = {"name": CODE, "z": z, "x": x, "y": y, "v": self.version}
        with (connection or self.connections[0]).cursor(binary=True) as cursor:
            found = cursor.execute(statement.encode(), values, prepare=True).fetchone()
        return bytes(found[0] or b"") if found else b""

    def many(self, asked: Sequence[Address]) -> None:
        """All tiles on all connections."""
        waiting = list(reversed(asked))

        def work(connection: psycopg.Connection[Any]) -> None:
            with suppress(IndexError):
                while True:
                    self.one(waiting.pop(), connection)

        threads = [threading.Thread(target=work, args=(c,)) for c in self.connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Web:
    """A server, on keep-alive connections; reads answers with as little work as possible."""

    def __init__(self, port: int, path: Callable[[Address], str], headers: dict[str, str]) -> None:
        self.path = path
        self.rest = (
            "".join(f"{k}: {v}\r\n" for k, v in {"host": f"127.0.0.1:{port}", **headers}.items()) + "\r\n"
        )
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]

    def _ask(self, connection: socket.socket, address: Address) -> None:
        connection.sendall(f"GET {self.path(address)} HTTP/1.1\r\n{self.rest}".encode())

    def one(self, address: Address) -> bytes:
        """A tile as it is sent."""
        self._ask(self.sockets[0], address)
        got = bytearray()
        while (body := _body(got)) is None:
            got += self.sockets[0].recv(1 << 18)
        return body

    def many(self, asked: Sequence[Address]) -> None:
        """All tiles on all connections."""
        waiting = list(reversed(asked))
        with selectors.DefaultSelector() as selector:
            for connection in self.sockets[: len(waiting)]:
                selector.register(connection, selectors.EVENT_READ, bytearray())
                self._ask(connection, waiting.pop())
            while selector.get_map():
                for key, _ in selector.select():
                    connection, got = cast(socket.socket, key.fileobj), key.data
                    got += connection.recv(1 << 18)
                    if _body(got) is None:
                        continue
                    got.clear()
                    if waiting:
                        self._ask(connection, waiting.pop())
                    else:
                        selector.unregister(connection)


def _body(got: bytearray) -> bytes | None:
    """The body of an answer, None when there is more to come."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(got[:end]).lower()
    if not head.startswith((b"http/1.1 200", b"http/1.1 204")):
        raise SystemExit(f"a server refused: {bytes(got[:500])!r}")
    if b"transfer-encoding: chunked" in head:
        return _unchunked(bytes(got[end + 4 :]))
    _, named, length = head.partition(b"content-length: ")
    size = int(length.split(b"\r\n")[0]) if named else 0
    return bytes(got[end + 4 :]) if len(got) - end - 4 >= size else None


def _unchunked(data: bytes) -> bytes | None:
    if not data.endswith(b"0\r\n\r\n"):
        return None
    found, at = b"", 0
    while size := int(data[at : (line := data.index(b"\r\n", at))], 16):
        found += data[line + 2 : line + 2 + size]
        at = line + size + 4
    return found


@dataclass
class Figures:
    """What was measured of one side at some zooms: seconds a tile, and tiles a second on all connections."""

    single: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


Side = Bare | Web
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


def own_path(address: Address) -> str:
    """Where the platform has a tile."""
    z, x, y = address
    return f"/api/v1/layers/{CODE}/tiles/{z}/{x}/{y}.mvt"


def tipg_path(address: Address) -> str:
    """Where tipg has a tile."""
    z, x, y = address
    level = tiles.level_of(z)
    return f"/collections/tipg.{f'level{level}' if level else 'detail'}/tiles/WebMercatorQuad/{z}/{x}/{y}"


def token(port: int) -> str:
    """Sign in."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/session",
        b'{"username":"planner","password":"demo-planner"}',
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["token"])


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
