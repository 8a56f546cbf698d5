"""Hands out finished tiles: from memory, from disk, or drawn now, each tile by one thread however many ask for it.

Threads of its own read through connections of their own (psycopg 3, statements prepared, values in binary), so that a
tile costs one round trip and no transaction.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any
from weakref import WeakKeyDictionary

import psycopg

from gis.tiles import tiles
from gis.tiles.tile_cache import Memory, TileCache
from gis.tiles.tiles import Source
from project_box.kernel.db import Database
from project_box.kernel.jobs import connection_string
from project_box.kernel.settings import get_settings

#: tiles drawn at the same time: more only wait for each other
THREADS = min(8, (os.cpu_count() or 2) + 2)


class TileServer:
    """Tiles of one database.

    Args:
        url: SQLAlchemy URL.
        memory, disk: where finished tiles are kept.
    """

    def __init__(self, url: str, memory: Memory, disk: TileCache) -> None:
        self._conninfo = connection_string(url)
        self._memory = memory
        self._disk = disk
        self._threads = ThreadPoolExecutor(THREADS, "tiles")
        self._own = threading.local()
        self._connections: list[psycopg.Connection[Any]] = []
        self._drawing: dict[str, Future[bytes]] = {}
        self._lock = threading.Lock()

    def known(self, source: Source, z: int, x: int, y: int) -> bytes | None:
        """A compressed tile that is in memory; None when it must be asked for."""
        return self._memory.get(source.etag(z, x, y))

    def ask(self, source: Source, z: int, x: int, y: int) -> Future[bytes]:
        """A compressed tile (empty where there is nothing), soon; those who ask for the same one share the work."""
        name = source.etag(z, x, y)
        with self._lock:
            going_on = self._drawing.get(name)
            if going_on is not None:
                return going_on
            answer: Future[bytes] = Future()
            self._drawing[name] = answer
        try:
            self._threads.submit(self._make, answer, name, source, z, x, y)
        except RuntimeError:  # closed
            self._done(name)
            raise
        return answer

    def close(self) -> None:
        """Stop the threads and close their connections."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            connection.close()

    def _done(self, name: str) -> None:
        with self._lock:
            del self._drawing[name]

    def _make(self, answer: Future[bytes], name: str, source: Source, z: int, x: int, y: int) -> None:
        folder, file = source.drawing(z), f"{z}-{x}-{y}"
        try:
            kept = self._memory.get(name)  # it may have been finished since it was asked for
            stored = kept if kept is not None else self._disk.get(folder, file)
            tile = stored if stored is not None else tiles.compressed(tiles.draw(self._read, source, z, x, y))
            self._memory.put(name, tile)
        except BaseException as error:
            self._done(name)
            answer.set_exception(error)
            return
        self._done(name)
        answer.set_result(tile)
        if stored is None:
            self._disk.put(folder, file, tile)

    def _read(self, statement: str, values: dict[str, int]) -> Sequence[Any]:
        """The row a statement finds; once more on a new connection when the old one has been cut."""
        connection = self._connection()
        try:
            return _row(connection, statement, values)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if not connection.closed:
                raise
            return _row(self._connection(), statement, values)

    def _connection(self) -> psycopg.Connection[Any]:
        """This thread's connection, made anew when it has been cut."""
        connection: psycopg.Connection[Any] | None = getattr(self._own, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(
                self._conninfo, autocommit=True, application_name="project-box tiles"
            )
            with self._lock:
                self._connections = [c for c in self._connections if not c.closed] + [connection]
            self._own.connection = connection
        return connection


def _row(connection: psycopg.Connection[Any], statement: str, values: dict[str, int]) -> Sequence[Any]:
    with connection.cursor(binary=True) as cursor:
        row: Sequence[Any] | None = cursor.execute(
            _libpq(statement).encode(), values, prepare=True
        ).fetchone()
    assert row is not None  # an aggregate always gives one
    return row


@lru_cache(100)
def _libpq(statement: str) -> str:
    """``:name`` as psycopg writes it."""
    return re.sub(r":(\w+)", r"%(\1)s", statement)


_SERVERS: WeakKeyDictionary[Database, TileServer] = WeakKeyDictionary()
_SERVERS_LOCK = threading.Lock()


def server_of(database: Database) -> TileServer:
    """The tile server of a database; it ends when the database is disposed of."""
    with _SERVERS_LOCK:
        found = _SERVERS.get(database)
        if found is None:
            settings = get_settings()
            found = TileServer(
                database.url,
                Memory(settings.tile_memory_bytes),
                TileCache(settings.var_dir / "tiles", settings.tile_cache_bytes),
            )
            database.when_disposed(partial(_end, database))
            _SERVERS[database] = found
        return found


def _end(database: Database) -> None:
    with _SERVERS_LOCK:
        server = _SERVERS.pop(database, None)
    if server is not None:
        server.close()
