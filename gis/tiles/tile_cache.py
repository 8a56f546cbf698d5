"""Finished vector tiles in memory and on disk: bounded in size, worthless when lost."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

#: how far a full cache is emptied, so that it is not swept again at once
_KEEP = 0.8


class Memory:
    """The tiles used last, by name; safe for several threads.

    Args:
        max_bytes: limit of all together. Every tile counts as some hundred bytes more than it has.
    """

    _EACH = 300

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._tiles: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, name: str) -> bytes | None:
        """A tile, or None."""
        with self._lock:
            found = self._tiles.get(name)
            if found is not None:
                self._tiles.move_to_end(name)
            return found

    def put(self, name: str, data: bytes) -> None:
        """Keep a tile; those not used for longest go."""
        with self._lock:
            before = self._tiles.pop(name, None)
            if before is not None:
                self._bytes -= len(before) + self._EACH
            self._tiles[name] = data
            self._bytes += len(data) + self._EACH
            while self._bytes > self.max_bytes:
                _, oldest = self._tiles.popitem(last=False)
                self._bytes -= len(oldest) + self._EACH

    @property
    def bytes(self) -> int:
        """What all together take."""
        return self._bytes


class TileCache:
    """Files under a folder, one a tile, in a folder for each layer version.

    A tile is written beside its place and renamed, so that a reader sees all of it or nothing. Every ``sweep_every``-th
    of the allowed bytes written, the oldest tiles go until four fifths of the limit are left.

    Args:
        folder: made when it is needed.
        max_bytes: limit of all files together; a process may exceed it by what it writes between two sweeps.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self._written = max_bytes  # the first write looks at what earlier processes left

    def get(self, version: str, name: str) -> bytes | None:
        """A tile, or None."""
        try:
            return (self.folder / version / name).read_bytes()
        except OSError:
            return None

    def put(self, version: str, name: str, data: bytes) -> None:
        """Keep a tile; a full or read-only disk is no error, the tile is then made again next time."""
        place = self.folder / version / name
        beside = place.with_name(f".{secrets.token_hex(6)}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(data)
            beside.replace(place)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            return
        self._written += len(data)
        if self._written > self.max_bytes // 20:
            self._written = 0
            self.sweep()

    def forget(self, version: str) -> None:
        """Drop all tiles of a version."""
        shutil.rmtree(self.folder / version, ignore_errors=True)

    def sweep(self) -> None:
        """Delete the oldest tiles when all together are larger than allowed."""
        files: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("*/*"):
            try:
                facts = path.stat()
            except OSError:
                continue  # another process was faster
            files.append((facts.st_mtime, facts.st_size, path))
        total = sum(size for _, size, _ in files)
        if total <= self.max_bytes:
            return
        for _, size, path in sorted(files):
            if total <= self.max_bytes * _KEEP:
                return
            path.unlink(missing_ok=True)
            total -= size
