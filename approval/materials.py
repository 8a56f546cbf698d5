"""材料: what an item asks for, and how each line is met.

A line is met by an upload, or by a Result already in the box or a licence already in the store (已有): nobody is
asked twice for what the platform itself holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from project_box.kernel.errors import BadInput
from project_box.kernel.finding import Finding, Outcome


class MaterialStatus(StrEnum):
    """How a line stands."""

    HELD = "held"
    UPLOADED = "uploaded"
    DEFERRED = "deferred"
    MISSING = "missing"
    OPTIONAL = "optional"

    @property
    def zh(self) -> str:
        """The word on the screen."""
        return {
            "held": "已有",
            "uploaded": "已上传",
            "deferred": "容缺",
            "missing": "待提交",
            "optional": "可不提交",
        }[self.value]

    @property
    def en(self) -> str:
        """English word."""
        return {
            "held": "Already held",
            "uploaded": "Uploaded",
            "deferred": "To follow",
            "missing": "Needed",
            "optional": "Optional",
        }[self.value]


@dataclass(frozen=True, slots=True)
class MaterialSpec:
    """One line of an item's material list.

    Attributes:
        code, name, name_en: as in the catalogue.
        required: whether it must be there.
        results, licences: kinds of Results and licences any of which meets it.
        deferrable: 可容缺.
        formats: file name endings accepted for an upload, lower case, no dot.
        note: what it must contain.
    """

    code: str
    name: str
    name_en: str = ""
    required: bool = True
    results: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    deferrable: bool = False
    formats: tuple[str, ...] = ("pdf",)
    note: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Something the platform holds already: a Result (``kind`` of the box) or a licence."""

    origin: str
    kind: str
    title: str
    id: str
    version: str
    on: dt.date
    trust: str = ""
    link: str = ""
    valid_until: dt.date | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file handed in for a line."""

    file_id: str
    name: str
    sha256: str
    size: int
    on: dt.date
    round: int = 1


@dataclass(frozen=True, slots=True)
class Commitment:
    """容缺承诺: who promised to hand in a line until when."""

    text: str
    by: str
    until: dt.date


@dataclass(frozen=True, slots=True)
class MaterialLine:
    """A line and how it is met."""

    code: str
    name: str
    name_en: str
    required: bool
    deferrable: bool
    formats: tuple[str, ...]
    status: MaterialStatus
    note: str = ""
    note_en: str = ""
    held: Held | None = None
    upload: Upload | None = None
    commitment: Commitment | None = None
    remark: str = ""

    @property
    def met(self) -> bool:
        """True when nothing is wanting."""
        return self.status in (MaterialStatus.HELD, MaterialStatus.UPLOADED, MaterialStatus.OPTIONAL)

    @property
    def asked(self) -> bool:
        """True when the applicant had or has to hand something in."""
        return self.held is None and (self.required or self.upload is not None)


def match(
    specs: Sequence[MaterialSpec],
    results: Mapping[str, Held],
    licences: Mapping[str, Held],
    uploads: Mapping[str, Upload],
    commitments: Mapping[str, Commitment],
    today: dt.date,
) -> list[MaterialLine]:
    """Lines of an item against what is there.

    Args:
        specs: the item's lines.
        results: latest Result of each kind.
        licences: latest licence of each kind; a revoked or expired one does not meet a line and says so.
        uploads, commitments: by material code.
        today: for validity.
    """
    lines: list[MaterialLine] = []
    for spec in specs:
        held: Held | None = None
        remark = ""
        for kind in spec.licences:
            licence = licences.get(kind)
            if licence is None:
                continue
            if licence.revoked:
                remark = f"{licence.title}已撤销，不能使用"
            elif licence.valid_until is not None and licence.valid_until < today:
                remark = f"{licence.title}已于 {licence.valid_until:%Y-%m-%d} 过期，不能使用"
            else:
                held = licence
                break
        if held is None:
            held = next((results[kind] for kind in spec.results if kind in results), None)
        upload, commitment = uploads.get(spec.code), commitments.get(spec.code)
        if upload is not None:
            status, held = MaterialStatus.UPLOADED, None
        elif held is not None:
            status = MaterialStatus.HELD
        elif commitment is not None:
            status = MaterialStatus.DEFERRED
        else:
            status = MaterialStatus.MISSING if spec.required else MaterialStatus.OPTIONAL
        lines.append(
            MaterialLine(
                spec.code, spec.name, spec.name_en, spec.required, spec.deferrable, spec.formats, status,
                spec.note, spec.note_en, held, upload, commitment if status is MaterialStatus.DEFERRED else None,
                "" if held or upload else remark,
            )
        )  # fmt: skip
    return lines


def summary(lines: Iterable[MaterialLine]) -> dict[str, int]:
    """How much was asked for and how much was found in the box or the licence store (复用)."""
    lines = list(lines)
    return {
        "asked": sum(line.asked for line in lines),
        "reused": sum(line.held is not None for line in lines),
    }


def findings(lines: Iterable[MaterialLine], *, final: bool = False) -> list[Finding]:
    """One finding per line that is wanting; a single 符合 when none is.

    Args:
        lines: matched lines.
        final: at the decision 容缺 lines must have been handed in.
    """
    out: list[Finding] = []
    for line in lines:
        if line.met:
            continue
        deferred = line.status is MaterialStatus.DEFERRED
        if deferred and not final and line.commitment is not None:
            out.append(
                Finding(
                    f"gate.material.{line.code}", line.name, Outcome.NOTE,
                    f"容缺受理：{line.name}承诺于 {line.commitment.until:%Y-%m-%d} 前补交", line.name_en,
                    f"to follow until {line.commitment.until:%Y-%m-%d}", clause="容缺受理承诺",
                )
            )  # fmt: skip
            continue
        what = "容缺材料尚未补交" if deferred else "材料未提交"
        out.append(
            Finding(
                f"gate.material.{line.code}", line.name, Outcome.FAIL,
                f"{what}：{line.name}" + (f"（{line.remark}）" if line.remark else ""), line.name_en,
                f"{line.name_en or line.name} is missing",
            )
        )  # fmt: skip
    if not out:
        out.append(
            Finding("gate.materials", "申报材料", Outcome.PASS, "申报材料齐全", "Materials", "complete")
        )
    return out


#: first bytes of the formats that have any
_MAGIC: dict[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "zip": (b"PK\x03\x04",),
    "docx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "ofd": (b"PK\x03\x04",),
    "dwg": (b"AC10",),
}

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "zip": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ofd": "application/ofd",
    "dwg": "image/vnd.dwg",
    "dxf": "image/vnd.dxf",
}


def check_upload(spec: MaterialSpec, name: str, data: bytes) -> str:
    """Media type of an acceptable upload.

    Raises:
        BadInput: empty, over-long name, ending not accepted, or content that is not what the name says.
    """
    if not name.strip() or len(name) > 200:
        raise BadInput(
            "文件名为空或超过 200 个字符", "file name is empty or over 200 characters", place=spec.code
        )
    if not data:
        raise BadInput(
            f"{name} 是空文件",
            f"{name} is empty",
            place=spec.code,
            remedy="请重新选择文件",
            remedy_en="choose the file again",
        )
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending not in spec.formats:
        accepted = "、".join(spec.formats)
        raise BadInput(
            f"{spec.name}只接受 {accepted} 格式", f"{spec.code} accepts {accepted}", place=spec.code,
            remedy="请转换格式后重新上传",
            remedy_en="convert it and upload again",
        )  # fmt: skip
    magic = _MAGIC.get(ending)
    if magic and not any(data.startswith(m) for m in magic):
        raise BadInput(
            f"{name} 的内容不是 {ending.upper()} 文件", f"content of {name} is not {ending}", place=spec.code,
            remedy="请确认文件未损坏、扩展名与内容一致",
            remedy_en="make sure that the file is whole and its ending fits its content",
        )  # fmt: skip
    if ending == "dxf" and data.startswith((b"%PDF-", b"PK\x03\x04", b"AC10")):
        raise BadInput(f"{name} 的内容不是 DXF 文件", f"content of {name} is not dxf", place=spec.code)
    return MEDIA_TYPES.get(ending, "application/octet-stream")
