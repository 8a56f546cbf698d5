"""Vector tiles: the platform's own, cold and warm, against the bare ST_AsMVT call and tipg on the same table.

Usage: tiles.py [--tiles N] [--polygons N]

One city layer of made polygons is imported; N random tiles at zooms 10 to 15 are asked for in rounds, every side in
every round, and medians are compared. The platform and tipg answer over HTTP, each in one process of its own, on the
same keep-alive connection; the bare call is the SQL alone. tipg is installed into an environment of its own under
``var/benchmarks`` and is no dependency of the platform.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import shapely
from sqlalchemy import text

from benchmarks.province import CRS, FOLDER, ORIGIN, attributes_of, layers
from gis import crs as crs_module
from gis import repository, tiles
from gis.models import LayerVersion
from project_box.kernel import embedded
from project_box.kernel.db import Database

SEED = 11
_BARE = """
SELECT ST_AsMVT(t, 'layer', 4096, 'geom', 'fid') FROM (
  SELECT fid, label, class_key, ST_AsMVTGeom(geom_3857, ST_TileEnvelope(:z, :x, :y), 4096, 64, true) AS geom
  FROM gis.feature WHERE version_id = :v AND geom_3857 && ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096)
) t WHERE t.geom IS NOT NULL
"""


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
        shapes, definition = city(polygons), layers()[0]
        numbers = list(range(1, len(shapes) + 1))
        attributes = [attributes_of(definition, n) for n in numbers]
        with opened.transaction() as session:
            seed_people(session)
            row = LayerVersion(
                layer_code=definition.code, version="benchmark", valid_from=dt.date(2026, 1, 1), current=True,
                source_name="made", source_crs=CRS, check_crs=CRS, feature_count=len(shapes),
                extent_lonlat=[70.0, 0.0, 140.0, 60.0], issues=[], imported_at=dt.datetime.now(dt.UTC),
            )  # fmt: skip
            session.add(row)
            session.flush()
            repository.copy_features(
                session, row.id, numbers=numbers, labels=[definition.label_of(a) for a in attributes],
                classes=[definition.class_of(a) for a in attributes], attributes=attributes, geometries=shapes,
                crs=CRS, tiles=crs_module.transform_array(shapes, CRS, 3857), areas=shapely.area(shapes),
                repaired=[False] * len(shapes),
            )  # fmt: skip
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


def addresses(count: int, polygons: int) -> list[tuple[int, int, int]]:
    """Random tiles over the city."""
    rng = np.random.default_rng(SEED)
    extent = 60 * np.sqrt(polygons)
    found: set[tuple[int, int, int]] = set()
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


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = headers

    def get(self, path: str) -> bytes:
        """A body, uncompressed."""
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status not in (200, 204):
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
        return gzip.decompress(body) if answer.headers.get("content-encoding") == "gzip" else body


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
    """tipg's settings: the same table, seen through a view with the same columns as the bare call."""
    with opened.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA tipg"))
        connection.execute(
            text(
                "CREATE VIEW tipg.layer AS SELECT fid, label, class_key, "
                "CAST(geom_3857 AS geometry(Geometry, 3857)) AS geom FROM gis.feature"
            )
        )
    url = opened.engine.url
    host, port = str(url.query.get("host") or url.host), url.query.get("port") or url.port or 5432
    return {
        "DATABASE_URL": f"postgresql://{url.username or 'postgres'}@{quote(host, safe='')}:{port}/{url.database}",
        "TIPG_DB_SCHEMAS": '["tipg"]',
        "TIPG_MAX_FEATURES_PER_TILE": "1000000",
        "TIPG_TILE_RESOLUTION": "4096",
        "TIPG_TILE_BUFFER": "64",
    }


def clocked(act: Callable[[], bytes]) -> tuple[float, bytes]:
    """Seconds and the answer."""
    started = time.perf_counter()
    found = act()
    return time.perf_counter() - started, found


def main() -> int:
    """Run all sides and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=150)
    parser.add_argument("--polygons", type=int, default=41_000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="project-box-tiles-"))
    code = layers()[0].code
    with database(asked.polygons) as (opened, version):
        python = tipg_python()
        own = {"PROJECT_BOX_DATABASE_URL": opened.url, "PROJECT_BOX_VAR_DIR": str(folder)}
        platform = [
            sys.executable,
            "-m",
            "uvicorn",
            "--factory",
            "web.app:create_app",
            "--log-level",
            "warning",
        ]
        rival = [str(python), "-m", "uvicorn", "tipg.main:app", "--log-level", "warning"]
        with served(platform, own) as port:
            session = Client(port, {"content-type": "application/json"})
            session.connection.request(
                "POST", "/api/v1/session", '{"username":"planner","password":"demo-planner"}', session.headers
            )
            token = json.loads(session.connection.getresponse().read())["token"]
            mine = Client(port, {"authorization": f"Bearer {token}", "accept-encoding": "gzip"})
            if python is None:
                print("tipg could not be installed: not compared")
                report(opened, version, code, mine, None, asked, folder)
            else:
                with served(rival, tipg_environment(opened)) as other:
                    report(opened, version, code, mine, Client(other, {}), asked, folder)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def report(
    opened: Database,
    version: int,
    code: str,
    mine: Client,
    rival: Client | None,
    asked: argparse.Namespace,
    folder: Path,
) -> None:
    """Every tile by every side, the order changing; a tile is cold when the platform's cache holds none."""
    seconds: dict[str, dict[str, list[float]]] = {}
    sizes: dict[str, list[int]] = {}
    with opened.engine.connect() as connection:

        def bare(z: int, x: int, y: int) -> bytes:
            found = connection.execute(text(_BARE), {"z": z, "x": x, "y": y, "v": version}).scalar()
            return bytes(found or b"")

        for number, (z, x, y) in enumerate(addresses(asked.tiles, asked.polygons)):
            own = f"/api/v1/layers/{code}/tiles/{z}/{x}/{y}.mvt?v={version}"
            sides: dict[str, Callable[[], bytes]] = {
                "bare": partial(bare, z, x, y),
                "cold": partial(mine.get, own),
            }
            if rival is not None:
                path = f"/collections/tipg.layer/tiles/WebMercatorQuad/{z}/{x}/{y}"
                sides["tipg"] = partial(rival.get, path)
            names = list(sides)
            names = names[number % len(names) :] + names[: number % len(names)]
            band = "zoom 10 to 13" if z < 14 else "zoom 14 and 15"
            for name in names:
                spent = []
                for _ in range(3):
                    if name == "cold":
                        shutil.rmtree(folder / "tiles", ignore_errors=True)
                    taken, body = clocked(sides[name])
                    spent.append(taken)
                seconds.setdefault(band, {}).setdefault(name, []).append(statistics.median(spent))
                sizes.setdefault(name, []).append(len(body))
            warm = statistics.median(clocked(partial(mine.get, own))[0] for _ in range(3))
            seconds[band].setdefault("warm", []).append(warm)
    for band, found in seconds.items():
        print(f"\n{band}: {len(found['bare'])} tiles")
        for name, values in found.items():
            print(f"  {name:5} p50 {statistics.median(values) * 1e3:7.2f} ms   sum {sum(values):6.2f} s")
        total = {name: sum(values) for name, values in found.items()}
        print(f"  cold against bare: {total['bare'] / total['cold']:.2f} times its speed (wanted 0.8)")
        if "tipg" in total:
            print(f"  cold against tipg: {total['tipg'] / total['cold']:.2f} times its speed (wanted 1.8)")
        print(f"  warm against cold: {total['cold'] / total['warm']:.1f} times its speed (wanted 10)")
    print(
        "\nbytes a tile (uncompressed): "
        + ", ".join(f"{k} {statistics.mean(v):,.0f}" for k, v in sizes.items())
    )


if __name__ == "__main__":
    sys.exit(main())
