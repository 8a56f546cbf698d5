"""Sheets as bytes that a browser reads without parsing: a JSON header and typed arrays, gzip-compressed.

Layout after decompression, little-endian: ``PBSHEET1``, length of the header (uint32, padded with spaces so that it
ends on a multiple of 8), the header, then the sections. The header's ``sections`` maps a name to [type, offset from the
end of the header, bytes]; offsets are multiples of 8. ``handles`` and ``texts`` are UTF-8, entries ended by U+001E.
Coordinates are whole steps from an origin (header: ``origin``, ``step``; a tenth of a millimetre unless the drawing is
larger than 200 km), all x then all y. Bulges are kept where there are arcs: vertex numbers and values.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from drawings.sheets.sheet import Sheet

MAGIC = b"PBSHEET1"
_END = "\x1e"
_TYPES = {"i32": "<i4", "f32": "<f4", "u32": "<u4", "u16": "<u2", "u8": "<u1"}
_COLUMNS = {
    "part_start": "u32",
    "item_part": "u32",
    "color": "u32",
    "height": "f32",
    "rotation": "f32",
    "layer": "u16",
    "kind": "u8",
    "role": "u8",
    "flags": "u8",
}
_LEVEL = 1  # of compression: a sheet is packed while somebody waits, and loaded over a short way
_LARGEST = 2**31 - 1


def _words(entries: list[str]) -> bytes:
    return "".join(entry.replace(_END, " ") + _END for entry in entries).encode("utf-8", "replace")


def pack(sheet: Sheet) -> bytes:
    """The sheet, packed."""
    origin, step, steps = _steps(sheet.coords)
    arcs = np.flatnonzero(sheet.bulge)
    blobs: list[tuple[str, str, bytes]] = [
        ("steps", "i32", steps.astype("<i4").tobytes()),
        ("arcs", "u32", arcs.astype("<u4").tobytes()),
        ("bulges", "f32", sheet.bulge[arcs].astype("<f4").tobytes()),
    ]
    blobs += [
        (name, kind, np.ascontiguousarray(getattr(sheet, name), _TYPES[kind]).tobytes())
        for name, kind in _COLUMNS.items()
    ]
    blobs += [("handles", "text", _words(sheet.handles)), ("texts", "text", _words(sheet.texts))]
    sections: dict[str, list[Any]] = {}
    body = bytearray()
    for name, kind, blob in blobs:
        sections[name] = [kind, len(body), len(blob)]
        body += blob + b"\0" * (-len(blob) % 8)
    header = json.dumps(
        {**sheet.header, "items": len(sheet), "origin": origin, "step": step, "sections": sections},
        ensure_ascii=False,
    ).encode()
    header += b" " * (-(len(header) + 12) % 8)
    return gzip.compress(MAGIC + struct.pack("<I", len(header)) + header + bytes(body), _LEVEL, mtime=0)


def _steps(coords: npt.NDArray[np.float64]) -> tuple[list[float], float, npt.NDArray[np.int64]]:
    """Origin, step, and coordinates in whole steps, x first."""
    xy = coords.reshape(-1, 2)
    if not xy.size:
        return [0.0, 0.0], 1.0, np.zeros(0, np.int64)
    origin = np.round((xy.min(axis=0) + xy.max(axis=0)) / 2)
    away = xy - origin
    reach = max(float(np.abs(away).max()), 1e-9)
    step = 10.0 ** max(math.ceil(math.log10(reach / _LARGEST)), -9)
    return origin.tolist(), step, np.rint(away / step).astype(np.int64).T.ravel()


def is_pack(data: bytes) -> bool:
    """True if these are bytes of :func:`pack` (sheets kept by earlier versions of the platform are not)."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except (OSError, EOFError, zlib.error):
        return False


def unpack(data: bytes) -> Sheet:
    """The sheet of :func:`pack`.

    Raises:
        ValueError: these are other bytes.
    """
    raw = gzip.decompress(data)
    if not raw.startswith(MAGIC):
        raise ValueError("no packed sheet")
    (length,) = struct.unpack_from("<I", raw, len(MAGIC))
    start = len(MAGIC) + 4 + length
    header: dict[str, Any] = json.loads(raw[len(MAGIC) + 4 : start])
    sections = header.pop("sections")
    header.pop("items")
    origin, step = header.pop("origin"), header.pop("step")

    def blob(name: str) -> bytes:
        _, offset, size = sections[name]
        return raw[start + offset : start + offset + size]

    columns = {name: np.frombuffer(blob(name), _TYPES[kind]) for name, kind in _COLUMNS.items()}
    steps = np.frombuffer(blob("steps"), "<i4").reshape(2, -1)
    decimals = max(0, round(-math.log10(step)))
    coords = (steps.T * step + origin).round(decimals).ravel()
    bulge = np.zeros(len(coords) // 2, np.float32)
    bulge[np.frombuffer(blob("arcs"), "<u4")] = np.frombuffer(blob("bulges"), "<f4")
    handles, texts = (blob(n).decode().split(_END)[:-1] for n in ("handles", "texts"))
    return Sheet(header=header, coords=coords, bulge=bulge, handles=handles, texts=texts, **columns)
