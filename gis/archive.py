"""Opening a zip somebody handed in, without trusting it."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass

from gis.reading import error
from gis.rules import boundary_rules
from project_box.kernel.finding import Issue

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Archive:
    """The members of a zip by name; ``issue`` says why it could not be opened."""

    members: dict[str, bytes]
    issue: Issue | None = None


def open_zip(data: bytes) -> Archive:
    """Unpack a zip in memory. Sizes are counted while unpacking, so a lying directory does not help a zip bomb.

    Folders, macOS resource forks and hidden files are left out. Names are repaired from GBK where the writer did not
    mark them as UTF-8.
    """
    limits = boundary_rules().limits
    members: dict[str, bytes] = {}
    left = limits.uncompressed_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir()]
            if len(entries) > limits.zip_members:
                return Archive({}, _bomb(f"压缩包里有 {len(entries)} 个文件,超过 {limits.zip_members} 个"))
            for entry in entries:
                name = member_name(entry)
                base = name.rsplit("/", 1)[-1]
                if name.startswith("__MACOSX/") or base.startswith("."):
                    continue
                if entry.flag_bits & 0x1:
                    return Archive(
                        {},
                        error(
                            "ZIP-ENCRYPTED",
                            "压缩包有密码",
                            "the zip is encrypted",
                            "去掉密码后重新压缩",
                            "zip it again without a password",
                        ),
                    )
                if entry.file_size > left:
                    return Archive({}, _bomb("压缩包解开后过大"))
                content = bytearray()
                with archive.open(entry) as stream:
                    while chunk := stream.read(_CHUNK):
                        content += chunk
                        if len(content) > left or (
                            len(content) > 16 * _CHUNK
                            and len(content) > limits.zip_ratio * max(entry.compress_size, 1)
                        ):
                            return Archive({}, _bomb("压缩包解开后过大"))
                left -= len(content)
                members[name] = bytes(content)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as problem:
        return Archive(
            {},
            error(
                "ZIP-BROKEN",
                "压缩包损坏或不完整,无法解开",
                f"the zip cannot be opened: {problem}",
                "重新压缩并上传",
                "zip it again",
            ),
        )
    return Archive(members)


def member_name(entry: zipfile.ZipInfo) -> str:
    """A member's path, repaired from GBK where the writer did not mark it as UTF-8."""
    if entry.flag_bits & 0x800:
        return entry.filename.replace("\\", "/")
    try:
        return entry.filename.encode("cp437").decode("gb18030").replace("\\", "/")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return entry.filename.replace("\\", "/")


def _bomb(what: str) -> Issue:
    return error(
        "ZIP-BOMB",
        f"{what},拒绝读取",
        "the zip unpacks to too much",
        "只压缩红线文件本身",
        "zip only the boundary file",
    )
