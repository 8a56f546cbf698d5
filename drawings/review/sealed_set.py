"""封存图纸: what a sealed set of drawings consists of, and whether one still is what was sealed.

The seal lies on the 审图意见单; the reason it was given for names the hash of the manifest, and the manifest names
the hash of every drawing. So one seal covers every byte of every file, and a set is checked without the platform.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from project_box.kernel.archive import UNREADABLE, Budget, UnpacksTooLarge
from project_box.kernel.plain import content_hash
from project_box.seal import SealReport, verify_pdf

MANIFEST = "manifest.json"
SHEET = "审图意见单.pdf"
FOLDER = "图纸/"
#: more than this is not unpacked to be checked
_LARGEST = 2 << 30


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as it stands in the set; there is one way to write it."""
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()


def sealing_reason(manifest: Mapping[str, Any]) -> str:
    """What the review sheet is sealed for."""
    return f"第 {manifest['revision']} 版图纸联审同意，清单校验值 {content_hash(manifest)}"


@dataclass(frozen=True, slots=True)
class SetFile:
    """One drawing of a set."""

    name: str
    sha256: str
    ok: bool


@dataclass(frozen=True, slots=True)
class SetReport:
    """Outcome of :func:`verify_set`; ``problems`` are Chinese sentences, empty exactly when ``ok``."""

    ok: bool
    problems: list[str]
    seal: SealReport | None = None
    files: list[SetFile] = field(default_factory=list)
    manifest: dict[str, Any] | None = None


def is_set(data: bytes) -> bool:
    """True for a ZIP, which a sealed set is."""
    return data[:4] == b"PK\x03\x04"


def verify_set(data: bytes, roots: Sequence[x509.Certificate] | None = None) -> SetReport:
    """Check a sealed set: the seal, that it is for this manifest, and every file of the manifest.

    Args:
        roots: trusted root certificates; default the platform's own.

    Returns:
        the report; never raises for bad input.
    """
    problems: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _examine(archive, roots, problems)
    except UnpacksTooLarge:
        return SetReport(False, ["压缩包解开后过大，没有核验"])
    except UNREADABLE:
        return SetReport(False, [*problems, "压缩包损坏或不完整，无法读取"])


def _examine(
    archive: zipfile.ZipFile, roots: Sequence[x509.Certificate] | None, problems: list[str]
) -> SetReport:
    budget = Budget(_LARGEST)
    names = [e.filename for e in archive.infolist()]
    if MANIFEST not in names or SHEET not in names:
        return SetReport(False, [f"不是封存图纸：缺少 {MANIFEST if MANIFEST not in names else SHEET}"])
    problems += [f"文件“{name}”有不止一份" for name in dict.fromkeys(names) if names.count(name) > 1]
    report = verify_pdf(b"".join(budget.take(archive, archive.getinfo(SHEET))), roots)
    problems += [f"{SHEET}：{p}" for p in report.problems]
    raw = b"".join(budget.take(archive, archive.getinfo(MANIFEST)))
    manifest = _manifest(raw)
    if manifest is None:
        return SetReport(False, [*problems, f"{MANIFEST} 被改动，不是平台写出的清单"], report)
    if not report.seals or report.seals[-1].reason != sealing_reason(manifest):
        problems.append("印章不是为这份清单盖的：清单校验值与盖章事由不符")
    files = []
    for listed in manifest["files"]:
        name = f"{FOLDER}{listed['name']}"
        if name not in names:
            problems.append(f"缺少图纸“{listed['name']}”")
            files.append(SetFile(listed["name"], listed["sha256"], False))
            continue
        digest = hashlib.sha256()
        for chunk in budget.take(archive, archive.getinfo(name)):
            digest.update(chunk)
        same = digest.hexdigest() == listed["sha256"]
        if not same:
            problems.append(f"图纸“{listed['name']}”与清单校验值不符，已被改动")
        files.append(SetFile(listed["name"], listed["sha256"], same))
    known = {MANIFEST, SHEET, *(f"{FOLDER}{f.name}" for f in files)}
    problems += [f"多出清单以外的文件“{name}”" for name in dict.fromkeys(names) if name not in known]
    return SetReport(not problems, problems, report, files, manifest)


def _manifest(raw: bytes) -> dict[str, Any] | None:
    """The manifest if it is one and is written as the platform writes it, byte for byte."""
    try:
        found = json.loads(raw)
        whole = (
            isinstance(found["revision"], int)
            and all(isinstance(f["name"], str) and isinstance(f["sha256"], str) for f in found["files"])
            and manifest_bytes(found) == raw
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if whole else None
