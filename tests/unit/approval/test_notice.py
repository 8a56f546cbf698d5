"""Notices: the same facts always give the same document (compared with ``golden_notices.json``)."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from approval import notice
from approval.notice import TITLES, Entry, NoticeFacts
from project_box.kernel.errors import BadInput

GOLDEN = Path(__file__).with_name("golden_notices.json")
NAMES = {"material": {"contract": "施工合同"}, "field": {"phone": "联系电话"}}
LINKS = {
    "material": "/cases/1/apply/3#material-{target}",
    "field": "/cases/1/apply/2#{target}",
    "sheet": "/projects/2/drawings",
    "map": "/projects/2/site",
}


def facts(kind: str) -> NoticeFacts:
    every: dict[str, dict[str, Any]] = {
        "acceptance": {
            "committed_days": 10,
            "due": dt.date(2026, 3, 16),
            "deferred": ["日照报告（2026-03-31 前）"],
        },
        "correction": {
            "due": dt.date(2026, 3, 16),
            "entries": [
                Entry("material", "contract", "材料：施工合同", "缺页", "/x"),
                Entry("map", "J5", "红线图", "不符", "/y"),
            ],
        },
        "refusal": {"reason": "不属于本机关职权", "basis": "《行政许可法》第三十二条"},
        "special": {"reason": "听证（利害关系人申请）"},
        "deferral": {"reason": "规划调整"},
        "extension": {"reason": "情况复杂", "days": 5, "due": dt.date(2026, 3, 23)},
        "approval": {
            "basis": "《城乡规划法》第四十条",
            "licence": "建字第1号",
            "licence_name": "建设工程规划许可证",
        },
        "denial": {"reason": "一、容积率超限。\n二、绿地率不足。"},
    }
    return NoticeFacts(
        kind, 2, dt.date(2026, 3, 2), "样审", "样例新区行政审批局", "建设工程规划许可证核发", "2026000001", "样例花园",
        "样例置业有限公司", **every[kind],
    )  # fmt: skip


def test_notices_are_as_they_were() -> None:
    built = {kind: notice.build(facts(kind)) for kind in TITLES}
    assert built == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", list(TITLES))
def test_every_notice_renders(kind: str) -> None:
    from project_box import document

    assert document.render("notice", notice.build(facts(kind))).startswith(b"%PDF-")


def test_entries_point_to_their_place() -> None:
    def entry(**raw: str) -> tuple[str, str]:
        made = notice.entry(raw, NAMES, LINKS)
        return made.place, made.link

    assert entry(kind="material", target="contract", text="x") == (
        "材料：施工合同", "/cases/1/apply/3#material-contract",
    )  # fmt: skip
    assert entry(field="phone", text="x") == ("表单：联系电话", "/cases/1/apply/2#phone")
    place, link = entry(sheet="总平 图.dxf#2F", text="x")
    assert place == "图纸：总平 图.dxf，图元 2F"
    assert link == "/projects/2/drawings?file=%E6%80%BB%E5%B9%B3%20%E5%9B%BE.dxf#handles=2F"
    assert entry(kind="sheet", text="x") == ("图纸", "/projects/2/drawings")
    assert entry(kind="map", text="x") == ("红线图", "/projects/2/site")
    assert entry(map="J5", text="x") == ("红线图：界址点 J5", "/projects/2/site?vertex=J5")
    assert entry(text="其他事", link="https://evil.example/") == ("其他", "")
    assert entry(text="其他事", link="//evil.example/") == ("其他", "")
    assert entry(text="其他事", link="/\\evil.example") == ("其他", "")
    assert entry(text="其他事", link="/projects/2") == ("其他", "/projects/2")


@pytest.mark.parametrize(
    "raw",
    [
        {"material": "contract"},
        {"material": "nope", "text": "x"},
        {"kind": "moon", "text": "x"},
        {"text": "长" * 1001},
    ],
)
def test_bad_entries_are_refused(raw: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        notice.entry(raw, NAMES, LINKS)
