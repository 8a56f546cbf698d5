"""ZIP archives of drawings: what is in them, within bounds. Pure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from project_box.kernel.archive import UNREADABLE, Budget, UnpacksTooLarge, members
from project_box.kernel.errors import BadInput, TooLarge

#: suffixes of files that are drawings or the table that goes with them
KNOWN = (".dxf", ".dwg", ".ifc", ".ifczip", ".xlsx")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Files as (name, bytes) and the names of those that are no drawings."""

    files: list[tuple[str, bytes]]
    left_out: list[str]


def is_bundle(name: str) -> bool:
    """True for a ZIP archive by its name."""
    return name.casefold().endswith(".zip")


def unpack(files: Sequence[tuple[str, bytes]], *, most_files: int, most_bytes: int) -> Unpacked:
    """Replace every ZIP archive by the drawings in it (folders are dropped); other files stay as they are.

    Raises:
        BadInput: not an archive, encrypted, damaged, or without a drawing. TooLarge: it holds more than the bounds.
    """
    out: list[tuple[str, bytes]] = []
    left_out: list[str] = []
    for name, data in files:
        if is_bundle(name):
            room = most_bytes - sum(len(d) for _, d in out)
            found = _open(name, data, most_files - len(out), room)
            out += found.files
            left_out += found.left_out
        else:
            out.append((name, data))
    return Unpacked(out, left_out)


def _open(archive: str, data: bytes, most_files: int, most_bytes: int) -> Unpacked:
    found: list[tuple[str, bytes]] = []
    left_out: list[str] = []
    budget = Budget(most_bytes)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            for entry, path in members(opened):
                name = PurePosixPath(path).name
                if not name.casefold().endswith(KNOWN):
                    left_out.append(name)
                    continue
                if len(found) >= most_files:
                    raise TooLarge(
                        f"压缩包“{archive}”里的图纸过多", f"{archive}: too many files", code="too_many_files",
                        place="files", remedy="分几次提交",
                        remedy_en="submit in several parts",
                    )  # fmt: skip
                found.append((name, b"".join(budget.take(opened, entry))))
    except UnpacksTooLarge as error:
        raise TooLarge(
            f"压缩包“{archive}”解开后过大", f"{archive}: too large unpacked", code="too_large", place="files",
            remedy="分几次提交",
            remedy_en="submit in several parts",
        ) from error  # fmt: skip
    except UNREADABLE as error:
        raise BadInput(
            f"压缩包“{archive}”打不开：损坏、加密或格式不支持", f"{archive}: {error}", code="bad_archive",
            place="files", remedy="用 ZIP 格式重新压缩，不要加密，或直接选择图纸文件",
            remedy_en="pack it again as ZIP without encryption, or choose the drawings themselves",
        ) from error  # fmt: skip
    if not found:
        raise BadInput(
            f"压缩包“{archive}”里没有图纸", f"{archive}: no drawings in it", code="no_files", place="files",
            remedy="放入 DXF、DWG 或 IFC 文件",
            remedy_en="put DXF, DWG or IFC files into it",
        )  # fmt: skip
    return Unpacked(found, left_out)
