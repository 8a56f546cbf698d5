"""告知书: the text of every notice, built from facts; nothing in it is looked up when it is read again.

The result is the data of the ``notice`` document template (:mod:`project_box.document`), stored with the notice.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from project_box.kernel.errors import BadInput

#: kind → (title, letter in the number)
TITLES: dict[str, tuple[str, str, str]] = {
    "acceptance": ("受理通知书", "受", "Notice of acceptance"),
    "correction": ("补正告知书", "补", "List of corrections"),
    "refusal": ("不予受理决定书", "不受", "Decision not to accept"),
    "special": ("特别程序告知书", "特", "Notice of special procedure"),
    "deferral": ("缓办告知书", "缓", "Notice of deferral"),
    "extension": ("延长审查期限告知书", "延", "Notice of extension"),
    "approval": ("准予行政许可决定书", "准", "Decision to grant"),
    "denial": ("不予行政许可决定书", "不准", "Decision to deny"),
}
_REMEDY = "如不服本决定，可以依法申请行政复议，或者依法向人民法院提起行政诉讼。"
#: what an entry of a correction list may point to
PLACES = {"material": "材料", "field": "表单", "sheet": "图纸", "map": "红线图", "other": "其他"}


#: a path of this platform: nothing a browser could take for another host
_OWN_PATH = re.compile(r"/(?:[\w\-.~%?=&#][\w\-.~%/?=&#]*)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a 补正 list.

    Attributes:
        kind: ``material``, ``field``, ``sheet``, ``map`` or ``other``.
        target: material or field code; ``file#handle`` on a sheet; vertex label or ``x,y`` on the map.
        place: where, in words.
        text: what is to be corrected.
        link: path of the page and spot.
    """

    kind: str
    target: str
    place: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a notice is written from; all texts as they stand on the day."""

    kind: str
    sequence: int
    on: dt.date
    series: str
    authority: str
    item: str
    serial: str
    project: str
    applicant: str
    reason: str = ""
    basis: str = ""
    entries: Sequence[Entry] = ()
    due: dt.date | None = None
    committed_days: int | None = None
    days: int | None = None
    licence: str = ""
    licence_name: str = ""
    deferred: Sequence[str] = ()
    verify_url: str | None = None


def cn_date(day: dt.date) -> str:
    """``2026年3月2日``."""
    return f"{day.year}年{day.month}月{day.day}日"


def number(series: str, kind: str, serial: str, sequence: int) -> str:
    """Number of a notice: series of the authority, kind, serial of the case, running number within the case."""
    return f"{series}{TITLES[kind][1]}〔{serial[:4]}〕{serial[4:]}-{sequence}号"


def entry(raw: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], links: Mapping[str, str]) -> Entry:
    """One entry from what an officer gave: ``{"kind", "target", "text"}``, or short ``{"material": code, "text"}``.

    Args:
        raw: also ``{"field": code}``, ``{"sheet": "file#handle"}``, ``{"map": "J5"}``, ``{"other": words}``.
        names: names of materials and fields by code, under ``material`` and ``field``.
        links: path of the page per kind, with ``{target}`` for material and field; sheet and map get theirs added.

    Raises:
        BadInput: no text, unknown kind, or a code the item does not have.
    """
    kind = str(raw.get("kind") or next((k for k in PLACES if k in raw), "other"))
    if kind not in PLACES:
        raise BadInput(
            f"补正位置类型“{kind[:20]}”不存在", f"unknown place {kind[:20]!r}", place="corrections"
        )
    target = str(raw.get("target") or raw.get(kind) or "").strip()[:200]
    text = str(raw.get("text") or "").strip()
    if not text:
        raise BadInput("补正内容不能为空", "a correction needs a text", place="corrections")
    if len(text) > 1000:
        raise BadInput(
            "每条补正内容最多 1000 个字符", "a correction has at most 1000 characters", place="corrections"
        )
    if kind in names:
        if target not in names[kind]:
            raise BadInput(
                f"本事项没有{PLACES[kind]}“{target[:40]}”", f"no {kind} {target[:40]!r}", place="corrections"
            )
        place = f"{PLACES[kind]}：{names[kind][target]}"
    elif kind == "sheet":
        name, _, handle = target.partition("#")
        place = "图纸" + (f"：{name}" if name else "") + (f"，图元 {handle}" if handle else "")
    elif kind == "map":
        spot = f"界址点 {target}" if target and "," not in target else target
        place = f"红线图：{spot}" if spot else "红线图"
    else:
        place = target or "其他"
    fallback = str(raw.get("link") or "")[:500]
    link = links.get(kind, "").format(target=quote(target))
    if kind == "sheet" and link:
        name, _, handle = target.partition("#")
        link += (f"?file={quote(name)}" if name else "") + (f"#handles={quote(handle)}" if handle else "")
    if kind == "map" and link and target:
        link += f"?vertex={quote(target)}"
    if not link and _OWN_PATH.fullmatch(fallback):
        link = fallback
    return Entry(kind, target, place, text, link)


def _paragraphs(f: NoticeFacts) -> tuple[list[str], list[str]]:
    opening = f"你单位申请的“{f.project}”{f.item}（流水号 {f.serial}）"
    due = f"，办理期限至 {cn_date(f.due)}" if f.due else ""
    match f.kind:
        case "acceptance":
            body = [
                f"{opening}，申报材料齐全、符合法定形式，根据《中华人民共和国行政许可法》第三十二条第一款第（五）项，予以受理。",
                f"本机关承诺自受理次日起 {f.committed_days} 个工作日内作出决定{due}。",
            ]
            if f.deferred:
                body.append(f"下列材料容缺受理，请按承诺的时间补交：{'；'.join(f.deferred)}。")
            return body, ["特此通知。"]
        case "correction":
            limit = f"请于 {cn_date(f.due)} 前" if f.due else "请在规定期限内"
            return [
                f"{opening}，经审核需要补正。根据《中华人民共和国行政许可法》第三十二条第一款第（四）项，现将需要补正的全部内容一次告知如下：",
            ], [
                f"{limit}补正后重新提交，补正期间不计入办理时限。",
                "逾期未补正的，将依法作出处理。特此告知。",
            ]
        case "refusal":
            return [f"{opening}，经审查：{f.reason}", f"根据{f.basis}，决定不予受理。"], [_REMEDY]
        case "special":
            return [
                f"{opening}，因{f.reason}，依据《中华人民共和国行政许可法》第四十五条，进入特别程序。",
                "特别程序所需时间不计算在办理期限内，结束后另行告知。",
            ], ["特此告知。"]
        case "deferral":
            return [f"{opening}，因{f.reason}，决定缓办。缓办期间停止计时，事由消除后恢复办理。"], [
                "特此告知。"
            ]
        case "extension":
            return [
                f"{opening}，因{f.reason}，不能在规定期限内作出决定。"
                f"根据《中华人民共和国行政许可法》第四十二条第一款，经本机关负责人批准，延长 {f.days} 个工作日{due}。",
            ], ["特此告知。"]
        case "approval":
            return [
                f"{opening}，经审查，符合法定条件、标准。",
                f"根据{f.basis}和《中华人民共和国行政许可法》第三十八条第一款，决定准予行政许可，核发{f.licence_name}（{f.licence}）。",
            ], ["请按许可内容和要求实施。特此决定。"]
        case "denial":
            return [
                f"{opening}，经审查，不符合法定条件、标准，理由如下：",
                f.reason,
                "根据《中华人民共和国行政许可法》第三十八条第二款，决定不予行政许可。",
            ], [_REMEDY]
    raise BadInput("没有这种告知书", f"unknown notice {f.kind!r}")


def build(f: NoticeFacts) -> dict[str, Any]:
    """Data of the ``notice`` document: the same facts always give the same data."""
    paragraphs, closing = _paragraphs(f)
    return {
        "authority": f.authority,
        "title": TITLES[f.kind][0],
        "number": number(f.series, f.kind, f.serial, f.sequence),
        "addressee": f.applicant,
        "paragraphs": [p for text in paragraphs for p in text.splitlines() if p.strip()],
        "entries": [{"place": e.place, "text": e.text} for e in f.entries],
        "entry_heading": "位置",
        "text_heading": "需补正的内容",
        "closing": closing,
        "issued_on": f.on.isoformat(),
        "verify_url": f.verify_url,
    }
