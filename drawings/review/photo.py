"""Photos of marks: JPEG or PNG, without what a camera writes about place, time and owner.

The picture itself is not touched. Of a JPEG's metadata only the orientation stays, so that it is shown upright.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from project_box.kernel.errors import BadInput, TooLarge

LARGEST_BYTES = 10_000_000
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
#: what a PNG needs to be shown as it was meant
_CHUNKS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM"))
_ORIENTATION = 0x0112


def clean_photo(data: bytes) -> tuple[bytes, str]:
    """The photo without metadata.

    Returns:
        (bytes, media type).

    Raises:
        TooLarge: more than 10 MB. BadInput: neither JPEG nor PNG, or damaged.
    """
    if len(data) > LARGEST_BYTES:
        raise TooLarge(
            f"照片超过 {LARGEST_BYTES // 1_000_000} MB", "the photo is too large", code="too_large", place="photo",
            remedy="缩小后再上传",
            remedy_en="make it smaller and upload again",
        )  # fmt: skip
    try:
        if data.startswith(_JPEG):
            return b"".join(_jpeg(data)), "image/jpeg"
        if data.startswith(_PNG):
            return b"".join(_png(data)), "image/png"
    except (struct.error, IndexError, ValueError) as error:
        raise BadInput(
            "照片已损坏，无法读取",
            f"damaged photo: {error}",
            code="photo",
            place="photo",
            remedy="重新导出后再上传",
            remedy_en="export it anew and upload again",
        ) from error
    raise BadInput(
        "照片须为 JPEG 或 PNG", "the photo is neither JPEG nor PNG", code="photo", place="photo",
        remedy="转换格式后再上传",
        remedy_en="convert it and upload again",
    )  # fmt: skip


def _jpeg(data: bytes) -> Iterator[bytes]:
    yield _JPEG
    at, turned = 2, False
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker")
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        (size,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + size]
        if len(segment) < 2 + size or size < 2:
            raise ValueError("cut off")
        if marker == 0xE1 and not turned and segment[4:10] == b"Exif\0\0":
            turned = True
            if 1 < (turn := _orientation(segment[10:])) < 9:
                yield _turned(turn)
        elif not (
            0xE1 <= marker <= 0xED or marker in (0xEF, 0xFE)
        ):  # other applications' segments and comments
            yield segment
        if marker == 0xDA:  # from here on the picture, up to its end: nothing may hide behind it
            end = data.rfind(b"\xff\xd9")
            if end < at:
                raise ValueError("no end of the picture")
            yield data[at + 2 + size : end + 2]
            return
        at += 2 + size


def _orientation(tiff: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (first,) = struct.unpack_from(order + "I", tiff, 4)
    if first + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(order + "H", tiff, first)
    for k in range(min(count, (len(tiff) - first - 2) // 12)):
        tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + 12 * k)
        if tag == _ORIENTATION:
            return int(value)
    return 1


def _turned(orientation: int) -> bytes:
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _png(data: bytes) -> Iterator[bytes]:
    yield _PNG
    at = len(_PNG)
    while True:
        size, name = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + size]
        if len(chunk) < 12 + size:
            raise ValueError("cut off")
        if name in _CHUNKS:
            yield chunk
        if name == b"IEND":
            return
        at += 12 + size
