"""Opinion drafts and registers' pure parts: wording, clauses, outcomes, columns of every business."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from elements.engine.engine import load_catalogue
from elements.opinion import Reviewed, difference, draft
from elements.registers.register import columns, worst
from elements.run import run_plain
from elements.workbooks.words import grouped_number, plain_number, typed_date
from project_box.kernel.finding import Outcome

AT = dt.date(2026, 6, 3)
CATALOGUE = load_catalogue()
BUSINESSES = sorted(b for b, f in CATALOGUE.businesses.items() if f.clas != "S")


def conclusion(name: str, outcome: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "outcome": outcome,
        "text": f"{name}的情况。",
        "clause": "某法第一条",
        "verified": True,
        **more,
    }


def said(*found: dict[str, Any]) -> str:
    return draft(
        Reviewed(business="审查", at="2026-06-03", rules="abc", conclusions=found, project="甲", code="C")
    )


def test_one_paragraph_per_outcome_with_clauses() -> None:
    text = said(
        conclusion("一", "pass"), conclusion("二", "fail"), conclusion("三", "undecided", verified=False)
    )
    assert [line[:2] for line in text.splitlines() if line[1:2] == "、"] == [
        "一、",
        "二、",
        "三、",
        "四、",
        "五、",
    ]
    assert "共审查 3 项：符合 1 项、不符合 1 项、无法判定 1 项" in text
    assert text.count("（依据：某法第一条）") == 3
    assert "待核对" in text and "第三十八条第二款" in text
    assert text.splitlines()[0] == "关于“甲”审查的审查意见"


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("pass", "建议同意"), ("fail", "一次告知"), ("undecided", "暂不作出结论"), ("note", "不代替审查结论")],
)
def test_what_is_recommended(outcome: str, words: str) -> None:
    assert words in said(conclusion("一", outcome))


def test_the_difference_reads_back_both_texts() -> None:
    before, after = "甲\n乙\n丙", "甲\n丁\n丙\n戊"
    lines = difference(before, after)
    assert "\n".join(x["text"] for x in lines if x["op"] != "add") == before
    assert "\n".join(x["text"] for x in lines if x["op"] != "drop") == after


@pytest.mark.parametrize("business", BUSINESSES)
def test_every_business_has_a_register_and_an_opinion(business: str) -> None:
    shown = columns(CATALOGUE, business, AT)
    assert shown and CATALOGUE.business(business).stage is not None
    assert all(c.unit or not c.total or not c.numeric for c in shown), "what adds up has a unit"
    plain = run_plain(CATALOGUE, business, {}, AT)
    paragraphs = plain["opinion"].splitlines()[1:]
    assert paragraphs and all(p.endswith(("。", "；", "：")) for p in paragraphs)
    assert not re.search(r"[{}]|None|。。|；。", plain["opinion"])


def test_sentences_of_conclusions_are_sentences() -> None:
    """Every conclusion has whole sentences for both outcomes, and a clause or an honest word instead of one."""
    for entry in CATALOGUE.at(AT).entries.values():
        text = entry.spec.text
        if text is None:
            continue
        for sentence in (text.passed, text.failed, text.undecided, text.note):
            assert not sentence or sentence.endswith("。"), f"{entry.spec.code}: {sentence}"
        assert text.passed != text.failed, entry.spec.code
        assert entry.spec.clause or entry.spec.unsourced, entry.spec.code


def test_the_worst_outcome_of_a_line() -> None:
    assert worst([]) is Outcome.NOTE
    assert worst([Outcome.PASS, Outcome.NOTE]) is Outcome.PASS
    assert worst([Outcome.UNDECIDED, Outcome.PASS]) is Outcome.UNDECIDED
    assert worst([Outcome.UNDECIDED, Outcome.FAIL]) is Outcome.FAIL


def test_spelling_is_evened_out_and_nothing_guessed() -> None:
    assert plain_number("１，２３４．５ ㎡") == "1,234.5 ㎡"
    assert str(grouped_number("1,234.50")) == "1234.50"
    assert (
        grouped_number("12,34") is None and grouped_number("1234") is None and grouped_number("00012") is None
    )
    assert typed_date("2026年2月29日") is None and typed_date("2028年2月29日") == dt.date(2028, 2, 29)
