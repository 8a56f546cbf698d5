"""Zip archives somebody handed in, read without trusting them: names repaired, sizes counted while unpacking."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_CHUNK = 1 << 20
#: below this size a member may be as compressible as it likes
_RATIO_FROM = 16 << 20

#: all that zipfile raises for an archive that is damaged, cut short, encrypted or packed in an unknown way
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,  # an unknown method of compression
    RuntimeError,  # a password is needed
)


class UnpacksTooLarge(Exception):
    """An archive holds more than the budget."""


@dataclass(slots=True)
class Budget:
    """Bytes that may still be unpacked, and how many times its packed size a large member may have."""

    left: int
    ratio: int = 200

    def take(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """The member in chunks; a directory that lies about sizes does not help it.

        Raises:
            UnpacksTooLarge: more than is left, or a large member beyond the ratio.
        """
        size = 0
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                self.left -= len(chunk)
                if self.left < 0 or (size > _RATIO_FROM and size > self.ratio * max(entry.compress_size, 1)):
                    raise UnpacksTooLarge(entry.filename)
                yield chunk


def member_name(entry: zipfile.ZipInfo) -> str:
    """A member's path with ``/``; without the UTF-8 flag Chinese archivers mean GB 18030, others UTF-8."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        raw = name.encode("cp437", errors="replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def members(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """The files of an archive with their paths; folders, macOS resource forks and hidden files are left out."""
    for entry in archive.infolist():
        name = member_name(entry)
        if (
            not entry.is_dir()
            and not name.startswith("__MACOSX/")
            and not name.rsplit("/", 1)[-1].startswith(".")
        ):
            yield entry, name
