"""Opening a zip somebody handed in, without trusting it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from gis.remarks import error
from gis.rules import boundary_rules
from project_box.kernel.archive import UNREADABLE, Budget, UnpacksTooLarge, members
from project_box.kernel.finding import Issue


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
    budget = Budget(limits.uncompressed_bytes, limits.zip_ratio)
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            count = sum(not e.is_dir() for e in archive.infolist())
            if count > limits.zip_members:
                return Archive({}, _bomb(f"压缩包里有 {count} 个文件，超过 {limits.zip_members} 个"))
            for entry, name in members(archive):
                if entry.flag_bits & 0x1:
                    return Archive({}, _encrypted())
                found[name] = b"".join(budget.take(archive, entry))
    except UnpacksTooLarge:
        return Archive({}, _bomb("压缩包解开后过大"))
    except UNREADABLE as problem:
        return Archive(
            {},
            error(
                "ZIP-BROKEN",
                "压缩包损坏或不完整，无法解开",
                f"the zip cannot be opened: {problem}",
                "重新压缩并上传",
                "zip it again",
            ),
        )
    return Archive(found)


def _encrypted() -> Issue:
    return error(
        "ZIP-ENCRYPTED",
        "压缩包有密码",
        "the zip is encrypted",
        "去掉密码后重新压缩",
        "zip it again without a password",
    )


def _bomb(what: str) -> Issue:
    return error(
        "ZIP-BOMB",
        f"{what}，拒绝读取",
        "the zip unpacks to too much",
        "只压缩红线文件本身",
        "zip only the boundary file",
    )
