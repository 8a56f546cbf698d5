"""Official documents (证照、文书) as PDF/A-2b, laid out by typst.

:func:`render` takes the name of a template under ``catalogue/documents`` and its data; the data is validated
(one pydantic model per template), passed to typst as JSON (``sys.inputs``) and never becomes source, so a name
like ``#panic() $x$`` is printed as it stands. The same data gives the same bytes: the creation date in the file
is the date of the document, nothing is read from the clock.

Characters that no installed font can show are printed as 〓 (the geta mark), never dropped.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
import typst
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from project_box.kernel.errors import BadInput, PlatformError
from project_box.kernel.plain import content_hash, to_plain
from project_box.siteplan import SitePlan, site_plan_svg

TEMPLATES = Path(__file__).parent / "catalogue" / "documents"
_FAMILIES = ("Noto Serif CJK SC", "Noto Sans CJK SC")
_GETA = "〓"
_UNSHOWN = re.compile(r"the text `\"(.*?)\"` could not be displayed", re.DOTALL)
_ESCAPED = re.compile(r"\\u\{([0-9a-fA-F]+)\}")


@dataclass(frozen=True, slots=True)
class SealPlace:
    """Where a seal stands on a page.

    Attributes:
        page: 1-based page number.
        x, y: upper left corner in pt from the upper left corner of the page.
        size: side of the square box in pt.
    """

    page: int
    x: float
    y: float
    size: float


class Pdf(bytes):
    """PDF bytes that know where their seal belongs (``None``: nowhere on the page, the seal stays invisible)."""

    seal_place: SealPlace | None = None


class _Data(BaseModel):
    """What every document carries."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    authority: str = ""
    issued_on: dt.date
    verify_url: str | None = None


class IndicatorLine(BaseModel):
    """One line of 经济技术指标核对表: values as they stand on the page."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: str = "—"
    unit: str = ""
    limit: str = "—"
    conclusion: str
    clause: str = ""


class PlanningPermit(_Data):
    """建设工程规划许可证 (城乡规划法 第四十条); fields of the certificate per the national form.

    ``number`` is the whole line, ``建字第4301042026GG0000001号``.
    """

    authority: str
    number: str
    developer: str
    project_name: str
    project_code: str = ""
    location: str
    scale: str
    attachments: list[str] = []
    site_plan: SitePlan | None = None
    drawing_source: str = "总平面图"
    indicators: list[IndicatorLine] = []
    remarks: list[str] = []


class NoticeEntry(BaseModel):
    """One entry of a notice: where, and what."""

    model_config = ConfigDict(extra="forbid")

    place: str
    text: str


class Notice(_Data):
    """受理通知书、补正告知书、不予受理决定书、决定书 and the like."""

    authority: str
    title: str
    number: str
    addressee: str
    paragraphs: list[str]
    entries: list[NoticeEntry] = []
    entry_heading: str = "位置"
    text_heading: str = "内容"
    closing: list[str] = []


class DisciplineOpinion(BaseModel):
    """One discipline's verdict."""

    model_config = ConfigDict(extra="forbid")

    discipline: str
    reviewer: str = ""
    verdict: str
    text: str = ""
    date: str = ""


class OpinionEntry(BaseModel):
    """One entry of the merged list: kept, merged or dropped, with the reason."""

    model_config = ConfigDict(extra="forbid")

    discipline: str = ""
    place: str = ""
    text: str
    status: str = ""
    reason: str = ""


class JointOpinion(_Data):
    """联审意见书."""

    authority: str
    number: str
    project_name: str
    project_code: str = ""
    developer: str = ""
    revision: str = ""
    conclusion: str
    opinions: list[DisciplineOpinion]
    entries: list[OpinionEntry] = []


class EvaluationReport(_Data):
    """评估成果 delivered by an intermediary."""

    title: str
    number: str
    project_name: str
    project_code: str = ""
    location: str = ""
    reason: str = ""
    basis: str = ""
    agency: str
    qualification: str = ""
    persons: list[str] = []
    facts: list[tuple[str, str]] = []
    conclusion: list[str]
    validity: str = ""


class Party(BaseModel):
    """参建单位 of a construction permit."""

    model_config = ConfigDict(extra="forbid")

    role: str
    name: str
    person: str = ""


class ConstructionPermit(_Data):
    """建筑工程施工许可证 (建筑法 第七、八条)."""

    authority: str
    number: str
    developer: str
    project_name: str
    project_code: str = ""
    location: str
    scale: str
    contract_price: str = "—"
    contract_period: str = "—"
    planning_permit: str = "—"
    parties: list[Party] = []
    remarks: list[str] = []


class Seal(BaseModel):
    """Drawing of a seal: ``round`` 公章 with ring text and star, or ``square`` 签名章."""

    model_config = ConfigDict(extra="forbid")

    shape: str = Field(pattern="^(round|square)$")
    ring: str
    centre: str = ""
    size: float = Field(gt=0)


MODELS: dict[str, type[_Data]] = {
    "planning_permit": PlanningPermit,
    "notice": Notice,
    "joint_opinion": JointOpinion,
    "evaluation_report": EvaluationReport,
    "construction_permit": ConstructionPermit,
}


def chinese_date(day: dt.date) -> str:
    """``2026年11月22日``."""
    return f"{day.year}年{day.month}月{day.day}日"


def qr_svg(address: str) -> str:
    """QR code (error correction M, four modules of quiet zone) as SVG text."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", border=4, xmldecl=False, svgns=True, omitsize=True
    )
    return out.getvalue().decode()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The fonts of the machine, read once.

    Raises:
        PlatformError: the Chinese fonts are not installed.
    """
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False)
    missing = [family for family in _FAMILIES if family not in set(fonts.families())]
    if missing:
        raise PlatformError(
            f"缺少中文字体：{'、'.join(missing)}",
            f"fonts not found: {', '.join(missing)}",
            code="fonts_missing",
            remedy="安装系统软件包 fonts-noto-cjk(apt-get install fonts-noto-cjk)后重启",
            remedy_en="install the system package fonts-noto-cjk (apt-get install fonts-noto-cjk) and restart",
        )
    return fonts


def _clean(value: Any) -> Any:
    """JSON data without control characters (a line break stays) and lone surrogates, which a PDF cannot carry."""
    if isinstance(value, str):
        return "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


def _replace(value: Any, characters: set[str]) -> Any:
    if isinstance(value, str):
        return "".join(_GETA if c in characters else c for c in value)
    if isinstance(value, dict):
        return {key: _replace(item, characters) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, characters) for item in value]
    return value


def _unshowable(error: typst.TypstError) -> set[str]:
    """Characters typst says no font can display."""
    characters: set[str] = set()
    for quoted in _UNSHOWN.findall(f"{error.diagnostic}\n{error.message}".replace("\\\\u", "\\u")):
        characters |= {chr(int(code, 16)) for code in _ESCAPED.findall(quoted)}
        characters |= set(_ESCAPED.sub("", quoted))
    return characters - {" ", "\n", '"', "\\"}


def typeset(
    template: str, data: Mapping[str, Any], *, created: dt.datetime | None = None, archival: bool = True
) -> tuple[bytes, SealPlace | None]:
    """Lay out a template under ``catalogue/documents`` with plain data.

    Args:
        template: name without ending.
        data: JSON types only.
        created: creation date written into the file (UTC); 1970 when None.
        archival: write PDF/A-2b (else plain PDF 1.7).

    Returns:
        PDF bytes and the place of the seal, if the template marks one.

    Raises:
        PlatformError: fonts are missing, or the template is wrong.
    """
    path = TEMPLATES / f"{template}.typ"
    plain = _clean(to_plain(dict(data)))
    created = created or dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    fonts = _fonts()
    for _ in range(8):
        compiler = typst.Compiler(
            path,
            root=TEMPLATES,
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(plain, ensure_ascii=False)},
        )
        try:
            pdf = compiler.compile(
                format="pdf",
                pdf_standards=["a-2b"] if archival else ["1.7"],
                timestamp=int(created.timestamp()),
            )
            if not isinstance(pdf, bytes):
                raise PlatformError(
                    "文书排版失败", f"{template}: typst returned no document", code="document_failed"
                )
            places = (
                json.loads(compiler.query("<seal>", field="value")) if "seal-place" in _source(path) else []
            )
        except typst.TypstError as error:
            characters = _unshowable(error)
            replaced = _replace(plain, characters)
            if characters and replaced != plain:
                plain = replaced
                continue
            raise PlatformError(
                f"文书模板 {template} 排版失败",
                f"{template}.typ: {error.diagnostic or error.message}",
                code="document_failed",
                place=f"{template}.typ",
            ) from error
        return pdf, SealPlace(**places[0]) if places else None
    raise PlatformError(
        "文书含有过多无法显示的字符", f"{template}: too many unshowable characters", code="document_failed"
    )


@lru_cache(maxsize=32)
def _source(path: Path) -> str:
    """Source of a template with that of the shared looks when it uses their closing."""
    text = path.read_text(encoding="utf-8")
    return text.replace("closing(", "seal-place closing(")


def render(template: str, data: Mapping[str, Any], attachments: Sequence[str] = ()) -> Pdf:
    """Render an official document.

    Args:
        template: ``planning_permit``, ``notice``, ``joint_opinion``, ``evaluation_report`` or ``construction_permit``.
        data: fields of the template's model in this module (dates as ``datetime.date`` or ISO text;
            ``site_plan`` as :class:`~project_box.siteplan.SitePlan` or a dict of its fields).
        attachments: further names for 附图及附件名称 of a planning permit.

    Returns:
        PDF/A-2b bytes; ``.seal_place`` says where the seal belongs.

    Raises:
        BadInput: unknown template, or a field is missing, unknown or malformed (``place`` names it).
        PlatformError: fonts are missing.
    """
    model = MODELS.get(template)
    if model is None:
        raise BadInput(
            f"没有名为 {template} 的文书模板", f"unknown document template {template!r}", place="template"
        )
    try:
        document = model.model_validate(dict(data))
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise BadInput(
            f"文书数据有误：{field} {fault['msg']}",
            f"{template}: {field}: {fault['msg']}",
            code="document_data",
            place=field,
        ) from error
    site_plan = document.site_plan if isinstance(document, PlanningPermit) else None
    if attachments and isinstance(document, PlanningPermit):
        document.attachments.extend(attachments)
    plain: dict[str, Any] = document.model_dump(mode="json", exclude={"site_plan"})
    plain["issued_on"] = chinese_date(document.issued_on)
    plain["qr"] = qr_svg(document.verify_url) if document.verify_url else None
    if isinstance(document, PlanningPermit):
        if site_plan is None:
            plain["site_plan"], plain["site_plan_crs"] = None, ""
        else:
            plain["site_plan"], plain["site_plan_crs"] = site_plan_svg(site_plan), site_plan.crs_name
        plain["content_hash"] = content_hash(plain)
    created = dt.datetime.combine(document.issued_on, dt.time(), dt.UTC)
    pdf, place = typeset(template, plain, created=created)
    result = Pdf(pdf)
    result.seal_place = place
    return result
