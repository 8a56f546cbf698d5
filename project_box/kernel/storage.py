"""Content-addressed file store on any fsspec file system.

A file's name in the store is its SHA-256, so the same bytes are kept once and can never change unseen.
Writing goes to a temporary name and is moved into place, so nothing is ever half-written.
"""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path
from typing import IO

import fsspec

from project_box.kernel.errors import NotFound, PlatformError
from project_box.kernel.settings import Settings, get_settings

_CHUNK = 1024 * 1024


class FileStore:
    """Files by SHA-256 under ``root`` (an fsspec URL or a local path)."""

    def __init__(self, root: str) -> None:
        self.fs, self.root = fsspec.core.url_to_fs(root)
        self.fs.makedirs(self.root, exist_ok=True)

    def _path(self, digest: str) -> str:
        if len(digest) != 64 or any(c not in "0123456789abcdef" for c in digest):
            raise NotFound("没有这个文件", "not a file digest")
        return f"{self.root}/{digest[:2]}/{digest}"

    def put(self, stream: IO[bytes] | bytes) -> tuple[str, int]:
        """Store bytes or a binary stream; returns (sha256 hex, size in bytes)."""
        digest, size = hashlib.sha256(), 0
        temporary = f"{self.root}/incoming-{uuid.uuid4().hex}"
        try:
            with self.fs.open(temporary, "wb") as out:
                if isinstance(stream, bytes):
                    digest.update(stream)
                    size = len(stream)
                    out.write(stream)
                else:
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
                        out.write(chunk)
            final = self._path(digest.hexdigest())
            if self.fs.exists(final):
                self.fs.rm(temporary)
            else:
                self.fs.makedirs(final.rsplit("/", 1)[0], exist_ok=True)
                self.fs.mv(temporary, final)
        except BaseException:
            if self.fs.exists(temporary):
                self.fs.rm(temporary)
            raise
        return digest.hexdigest(), size

    def read(self, digest: str) -> bytes:
        """All bytes of a stored file.

        Raises:
            NotFound: no such file.
            PlatformError: the stored bytes no longer match their digest.
        """
        path = self._path(digest)
        if not self.fs.exists(path):
            raise NotFound("没有这个文件", f"file {digest} is not in the store")
        with self.fs.open(path, "rb") as stream:
            data: bytes = stream.read()
        if hashlib.sha256(data).hexdigest() != digest:
            raise PlatformError(
                "存储的文件已损坏", f"file {digest} does not match its digest", code="corrupt_file"
            )
        return data

    def local_path(self, digest: str) -> Path:
        """A local path holding the file (the store's own when it is local, else a cached copy)."""
        path = self._path(digest)
        if not self.fs.exists(path):
            raise NotFound("没有这个文件", f"file {digest} is not in the store")
        if "file" in (self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,)):
            return Path(path)
        cache = get_settings().var_dir / "cache" / digest
        if not cache.exists():
            cache.parent.mkdir(parents=True, exist_ok=True)
            self.fs.get(path, str(cache))
        return cache


def store_from_settings(settings: Settings | None = None) -> FileStore:
    """The platform's file store."""
    settings = settings or get_settings()
    return FileStore(settings.storage_url or str(settings.var_dir.resolve() / "files"))
