"""KML and KMZ without their pictures on the ground, whose frames GDAL takes for areas."""

from __future__ import annotations

import mmap
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

_OVERLAY = re.compile(rb"<((?:\w+:)?(?:Ground|Photo|Screen)Overlay)\b.*?</\1\s*>", re.DOTALL)


class PlainKml(NamedTuple):
    """What GDAL is to open, and how many pictures were left out of it."""

    path: Path
    pictures: int


def without_pictures(data: bytes) -> tuple[bytes, int]:
    """A KML without its overlays, and how many it had."""
    return _OVERLAY.subn(b"", data)


def plain_kml(path: Path, folder: Path) -> PlainKml:
    """A KML, or the only one in a KMZ: itself, or a copy without overlays where it has some."""
    if path.suffix.lower() == ".kmz":
        with zipfile.ZipFile(path) as archive:
            documents = [n for n in archive.namelist() if n.lower().endswith(".kml")]
            data = archive.read(documents[0]) if len(documents) == 1 else b""
    else:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            data = content[:] if content.find(b"Overlay") >= 0 else b""  # a large one without is not read
    plain, pictures = without_pictures(data)
    if not pictures:
        return PlainKml(path, 0)
    target = folder / "without-pictures" / f"{path.stem}.kml"  # GDAL names layers after the file
    target.parent.mkdir()
    target.write_bytes(plain)
    return PlainKml(target, pictures)
