"""DXF as the text GDAL reads: binary DXF and DXF in UTF-16 are rewritten, everything else stays as it is."""

from __future__ import annotations

import struct

BINARY = b"AutoCAD Binary DXF\r\n\x1a\x00"
#: first and last group code of a run, and how its values are stored: ``s`` text ended by zero, ``x`` bytes with their
#: number before them, else a format of :mod:`struct`
_STORED: tuple[tuple[int, int, str], ...] = (
    (0, 9, "s"), (10, 59, "<d"), (60, 79, "<h"), (90, 99, "<i"), (100, 109, "s"), (110, 149, "<d"), (160, 169, "<q"),
    (170, 179, "<h"), (210, 239, "<d"), (270, 289, "<h"), (290, 299, "<b"), (300, 309, "s"), (310, 319, "x"),
    (320, 369, "s"), (370, 389, "<h"), (390, 399, "s"), (400, 409, "<h"), (410, 419, "s"), (420, 429, "<i"),
    (430, 439, "s"), (440, 459, "<i"), (460, 469, "<d"), (470, 481, "s"), (999, 999, "s"), (1000, 1003, "s"),
    (1004, 1004, "x"), (1005, 1009, "s"), (1010, 1059, "<d"), (1060, 1070, "<h"), (1071, 1071, "<i"),
)  # fmt: skip
_KIND = {code: kind for first, last, kind in _STORED for code in range(first, last + 1)}


def is_dxf(text: str) -> bool:
    """Whether a text begins like a DXF, perhaps behind comments."""
    lines = [line.strip() for line in text[:20_000].splitlines() if line.strip()]
    while len(lines) > 1 and lines[0] == "999":
        lines = lines[2:]
    return len(lines) > 1 and lines[0] == "0" and lines[1] == "SECTION"


def as_text(data: bytes) -> bytes:
    """The DXF with one byte a character (UTF-8 or a code page), as GDAL reads it.

    Raises:
        ValueError: a binary DXF that breaks off or holds group codes the format does not have.
    """
    if data.startswith(BINARY):
        return _unpacked(data)
    wide = _wide_encoding(data[:64])
    return data.decode(wide, "replace").lstrip("\ufeff").encode() if wide is not None else data


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 by its mark, or by the zero bytes between the first characters."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 4:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _unpacked(data: bytes) -> bytes:
    """Binary DXF as text. Release 12 writes group codes of one byte: there the S of SECTION is the second byte."""
    at = len(BINARY)
    narrow = data[at : at + 2] == b"\x00S"
    out = bytearray()
    try:
        while at < len(data):
            if narrow and data[at] != 255:
                code, at = data[at], at + 1
            else:
                at += narrow
                code, at = int.from_bytes(data[at : at + 2], "little"), at + 2
            value, at = _value(data, at, _KIND[code])
            out += b"%3d\n%b\n" % (code, value)
            if code == 0 and value == b"EOF":
                break
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise ValueError(f"binary DXF breaks off at byte {at}") from error
    return bytes(out)


def _value(data: bytes, at: int, kind: str) -> tuple[bytes, int]:
    """A value as text, and where the next group begins."""
    if kind == "s":
        end = data.index(b"\x00", at)
        return data[at:end].replace(b"\r", b" ").replace(b"\n", b" "), end + 1
    if kind == "x":
        end = at + 1 + data[at]
        return data[at + 1 : end].hex().upper().encode(), end
    (value,) = struct.unpack_from(kind, data, at)
    return repr(value).encode(), at + struct.calcsize(kind)
