"""Small pictures of photos for printed documents: upright, a few kilobytes, as SVG text that a document can carry."""

from __future__ import annotations

import base64
import struct
import tempfile
from functools import lru_cache
from pathlib import Path

import typst

_SUFFIX = {"image/jpeg": "jpg", "image/png": "png"}
_PPI = 110.0


@lru_cache(maxsize=64)
def thumbnail_svg(photo: bytes, media_type: str, height_mm: int = 32) -> str | None:
    """The photo as it is printed.

    Returns:
        SVG with the picture ``height_mm`` high in it; None if the photo cannot be decoded.
    """
    name = f"photo.{_SUFFIX[media_type]}"
    with tempfile.TemporaryDirectory(prefix="project-box-photo-") as folder:
        root = Path(folder)
        (root / name).write_bytes(photo)
        page = root / "page.typ"
        page.write_text(
            "#set page(width: auto, height: auto, margin: 0pt)\n"
            f'#image("{name}", height: {height_mm}mm, fit: "contain")',
            encoding="utf-8",
        )
        try:
            png = typst.compile(page, root=root, format="png", ppi=_PPI, ignore_system_fonts=True)
        except typst.TypstError:
            return None
    width, height = struct.unpack(">II", png[16:24])
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{data}"/></svg>'
    )
