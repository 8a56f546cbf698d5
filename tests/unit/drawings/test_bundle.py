"""ZIP archives of drawings."""

from __future__ import annotations

import io
import zipfile

import pytest

from drawings.bundle import unpack
from project_box.kernel.errors import BadInput, TooLarge

BOUNDS = {"most_files": 5, "most_bytes": 10_000}


def archive(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members:
            opened.writestr(name, data)
    return stream.getvalue()


def test_folders_are_dropped_and_other_files_named() -> None:
    data = archive(
        ("图纸/总平图.dxf", b"a"),
        ("图纸/说明.pdf", b"b"),
        ("__MACOSX/._总平图.dxf", b"c"),
        ("属性.xlsx", b"d"),
    )
    found = unpack([("一套.zip", data), ("单体.dwg", b"e")], **BOUNDS)
    assert found.files == [("总平图.dxf", b"a"), ("属性.xlsx", b"d"), ("单体.dwg", b"e")]
    assert found.left_out == ["说明.pdf"]


def test_chinese_names_without_the_utf8_flag() -> None:
    data = archive(("xxxx.dxf", b"a")).replace(b"xxxx", "总平".encode("gb18030"))
    assert unpack([("a.zip", data)], **BOUNDS).files == [("总平.dxf", b"a")]


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        (b"PK not an archive", BadInput, "bad_archive"),
        (archive(("说明.pdf", b"b")), BadInput, "no_files"),
        (archive(("bomb.dxf", b"0" * 20_000)), TooLarge, "too_large"),
        (archive(*((f"{i}.dxf", b"0") for i in range(6))), TooLarge, "too_many_files"),
    ],
)
def test_bad_archives_are_refused(data: bytes, error: type[Exception], code: str) -> None:
    with pytest.raises(error) as caught:
        unpack([("a.zip", data)], **BOUNDS)
    assert caught.value.code == code  # type: ignore[attr-defined] # both are platform errors


def test_a_damaged_member_is_told() -> None:
    data = bytearray(archive(("总平.dxf", bytes(range(256)) * 8)))
    data[60:90] = b"\xff" * 30  # inside the packed bytes
    with pytest.raises(BadInput) as caught:
        unpack([("a.zip", bytes(data))], **BOUNDS)
    assert caught.value.code == "bad_archive"


def test_paths_of_windows_archivers() -> None:
    data = archive(("aa/总平.dxf", b"a")).replace(b"aa/", b"aa\\")
    assert unpack([("a.zip", data)], **BOUNDS).files == [("总平.dxf", b"a")]
