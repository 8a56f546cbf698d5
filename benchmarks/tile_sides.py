"""The sides of tiles.py: the bare SQL call, and servers (the platform, tipg) on keep-alive connections.

tipg lives in an environment of its own under ``var/benchmarks``. tiles.py says what is measured.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import psycopg
from sqlalchemy import text

from benchmarks.province import FOLDER
from gis.tiles import tiles
from project_box.kernel.db import Database
from project_box.kernel.jobs import connection_string

CODE = "KG_DK"
CONNECTIONS = 16
#: {columns} besides the geometry; OFFSET 0 keeps the geometry from being made twice
_BARE = """
SELECT ST_AsMVT(t, %(name)s, {extent}, 'geom', 'fid') FROM (
  SELECT fid, {columns}, ST_AsMVTGeom({geom}, ST_TileEnvelope(%(z)s, %(x)s, %(y)s), {extent}, {margin}, true) AS geom
  FROM gis.{table}
  WHERE version_id = %(v)s {only} AND {geom} && ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096) OFFSET 0
) t WHERE t.geom IS NOT NULL
"""
Address = tuple[int, int, int]


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


Side = Bare | Web


# --- servers ----------------------------------------------------------------------------------------------------------


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
